/* SPDX-License-Identifier: BSD-3-Clause */
/* plot.h: what the files of this room share and nobody else needs. */
#ifndef TL_PLOT_H
#define TL_PLOT_H
#include "draw.h"
#include "figure.h"
#include "lab/text.h"

struct show;
struct plot {                                 /* what hangs on the context */
    struct graphic root;
    struct graphic **all;                     /* but figures; handles fall */
    int n, cap;
    i64 made;
    struct show *show;                        /* show.c; NULL: nothing has been drawn yet */
};
struct plot *plot_state(void);
void prop_check_pairs(struct call *c, int from, int kind); /* fails unless names and values are right for it */
value prop_check(const char *who, int kind, int prop, value v);           /* what is kept for v; NIL: unset */
const char *prop_name(int prop);
int prop_named(const char *who, int kind,
               const char *name); /* fails, with the nearest name, when the kind has none of that name */
/* ---- plot_calls.c: curves as plot() reads them */
struct format { bool given, colour, dash, marker; double rgb[3]; char style[8], mark[4]; const char *name; size_t nname; };
struct curve { struct tensor *x, *y; struct format f; };  /* columns n x 1 */
struct curves { struct curve *v; int n, cap; value names; };      /* names: a cell of texts that stood for an x, or NIL */
bool arg_format(struct call *c, int i, struct format *f);                 /* argument i is a text such as 'r--o' */
struct tensor *arg_names(struct call *c,
                         int i); /* 1 … n for a cell of n texts, the names of places on an axis; NULL: it is none */
void axes_names(struct graphic *ax, int axis, value names);               /* a tick with its name at each */
struct tensor *arg_real(struct call *c, int i);                           /* a real vector or matrix of double */
int read_curves(struct call *c, int i, int kind,
                struct curves *l); /* all groups x, y, format from i on; the first argument behind them */
void pair_up(struct call *c, struct curves *l, struct tensor *x,
             struct tensor *y); /* vectors, or a vector and a matrix, or matrices */
void format_series(struct graphic *g, const struct format *f);            /* dresses it */
int arg_grid(struct call *c, int i, int numbers, struct tensor **x, struct tensor **y,
             struct tensor **z);                                          /* contour_calls.c: z, or x, y, z */
int count_numbers(struct call *c, int i);                                 /* how many arguments from i on are no texts */
bool axes_given(struct call *c, int i);                                   /* argument i is a handle of axes */
void put_row(struct graphic *g, int prop, struct tensor *x);              /* its elements as a row */
void show_free(struct plot *p);
bool show_click(const char *who, struct graphic *fig,
                double at[3]); /* x, y, button of the next click into its window; false: the window was closed */
void show_closed(struct graphic *fig);        /* a figure goes: so does its window */

#endif
