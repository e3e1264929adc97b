/* SPDX-License-Identifier: BSD-3-Clause */
/* breaks.h: what breaks.c (where to stop), stop.c (what one sees and says then) and profile.c share. */
#ifndef INTERP_BREAKS_H
#define INTERP_BREAKS_H
#include "vm.h"

struct stop {                                 /* a breakpoint */
    char *file;                               /* where it is; NULL: in a function that was typed */
    char *function;                           /* NULL: the line alone says where */
    int line;                                 /* as asked, 0: the first statement */
    int at;                                   /* the line it stands on; 0: its code is not loaded yet */
    char *condition;                          /* NULL: always */
};

enum { WHEN_ERROR, WHEN_CAUGHT, WHEN_NANINF, WHEN_WARNING, WHENS };
enum stepping { STEP_NONE, STEP_OVER, STEP_INTO, STEP_OUT };
enum verdict { STAY, GO_ON, LEAVE };

struct prompt {                               /* a stopped run; the frames below belong to the prompt outside */
    struct frame *top, *at;                   /* where it stopped; whose variables are looked at */
    enum verdict verdict;
    struct prompt *up;
};

struct seen {                                 /* of a frame in which NaN and Inf are looked for */
    const struct code *code;
    uint32_t at;                              /* the statement that ran last */
    int n;
    bool *bad;                                /* by variable */
};

struct breaks {
    struct stop *stop;
    int n;
    bool when[WHENS];
    enum stepping step;
    struct frame *limit;                      /* a step ends in this frame or below */
    int count;                                /* steps to go */
    bool silent;                              /* a condition is evaluated; the input has ended */
    bool profiling;
    int echo;                                 /* lines are shown as they run: 1 of scripts, 2 of functions too */
    bool warned;
    struct prompt *prompt;
    struct seen *seen;
    int nseen;
    struct profile *profile;                  /* profile.c */
};

extern __thread struct sink *evalc_outer;     /* lang.c: where output went before evalc began to collect it, or NULL */
struct breaks *breaks(void);                  /* made when first asked for */
int breaks_line(const struct stop *s, struct unit *u);         /* the line it stands on there; 0: it does not */
void breaks_apply(void);                      /* every instruction is BREAK or what it was, as is wanted now */
bool code_typed(const struct code *c);        /* statements that were typed, not of a file */
const struct mark *frame_mark(const struct frame *f);          /* the statement it is in, or NULL */
/* The prompt, with f's variables; why NULL: an error, which was told.  Returns when the run is to go on, fails with FAIL_QUIT
   when it is not. */
void stopped(const char *why, struct frame *f);
void profile_event(struct frame *f, const struct mark *m);
void profile_free(void);

#endif
