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
void prop_check_pairs(struct call *c, int from, int kind);                 /* fails unless names and values are right for it */
value prop_check(const char *who, int kind, int prop, value v);           /* what is kept for v; NIL: unset */
const char *prop_name(int prop);
void show_free(struct plot *p);
void show_closed(struct graphic *fig);        /* a figure goes: so does its window */

#endif
