/* SPDX-License-Identifier: BSD-3-Clause */
/* gnuplot.h: the program that draws, as a process of ours. */
#ifndef TL_GNUPLOT_H
#define TL_GNUPLOT_H
#include "draw.h"
#include <sys/types.h>

struct gnuplot {
    pid_t pid;                                /* 0: not running */
    int fd;                                   /* both directions */
    unsigned asked, answered;                 /* commands sent, acknowledged */
    int error;                                /* gnuplot's number of the last answer; 0: all is well */
    bool patient; /* it waits for the user: no answer is no fault, and Ctrl-C ends the waiting, not gnuplot */
    int nice;                                 /* how much it stands back behind others, 0 … 19 */
    char said[2048];                          /* what it has printed since the last command */
    size_t nsaid;
    struct note *note;                        /* of the script that runs; complaints name its lines */
    int nnotes;
};
void gnuplot_start(struct gnuplot *p, const char *who);                  /* nothing when it runs */
void gnuplot_load(struct gnuplot *p, const char *who, const struct spool *script,
                  const struct drawing *d);                              /* begins to run it; p must be idle */
bool gnuplot_busy(struct gnuplot *p);                                    /* looks, does not wait */
void gnuplot_wait(struct gnuplot *p,
                  const char *who); /* until it is done; fails with gnuplot's words if it refused; Ctrl-C kills it */
void gnuplot_stop(struct gnuplot *p, bool gently);                       /* gently: it ends by itself, windows may stay */
void gnuplot_tell(struct gnuplot *p, const char *line);                  /* one line, if it runs; nobody waits for it */
const char *gnuplot_mouse(struct gnuplot *p, const char *who);            /* what it prints of the next click or key */
const char *gnuplot_ask(struct gnuplot *p, const char *who, const char *expression);     /* pooled */

#endif
