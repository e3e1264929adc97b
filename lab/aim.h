/* SPDX-License-Identifier: BSD-3-Clause */
/* aim.h: what the indices of a write select, and the size that what is written will have; shared by the files of place.h. */
#ifndef TL_AIM_H
#define TL_AIM_H
#include "place.h"

struct target {
    int n, nd;
    i64 numel;                                /* elements selected */
    bool grows;
    i64 len[MAX_DIMS], dim[MAX_DIMS];         /* as seen by the indices; the new size */
    struct ix x[MAX_DIMS];
};

/* Parses the indices of a write of something of size rdim into something of size dim.  rnd 0: nothing is written (a
 * count). */
void aim(struct target *g, int nd, const i64 *dim, int n, const value *idx, int rnd, const i64 *rdim);
void dense_nest(const struct target *g, struct nest *w);             /* over a dense thing of the new size */
/* The position of the one element selected in a container of size dim; -1 - position when it is to grow to g's size first. */
i64 aim_one(struct target *g, int nd, const i64 *dim, i64 numel, int n, const value *idx, const char *what);

int place_class(int a, int b);                /* of an array of class a that is given elements of class b */
void place_detached(value *slot, bool grows); /* warns when what has windows gets new memory */

/* ---- place.c's, for place_cut.c */
bool is_blank(value v);                       /* may become a cell or a struct by being written so */
NORETURN void fail_step(value v, const struct step *s, int n);
bool element_field(value v, int n, const struct step *s, value *out);
struct record *record_extend(value *slot, bool grows, int nd, const i64 *dim, sym name, int *f);

#endif
