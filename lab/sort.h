/* SPDX-License-Identifier: BSD-3-Clause */
/* sort.h: stable sorting and orders, shared by sort, sets, statistics. */
#ifndef TL_SORT_H
#define TL_SORT_H
#include "call.h"

/* x: n elements of a dense run.  NaN stand last (first when descending).  Scratch memory; polls. */
void sort_values(int dtype, void *x, i64 n, bool descend);           /* in place; real classes */
double
sort_ranked(double *x, i64 n, i64 k, double *a,
            double *b); /* what would stand at k in order, no NaN; x is lost, a and b have room for n and 16 more */
i64 *sort_order(int dtype, const void *x, i64 n, bool descend);      /* the order, from 0; complex by abs, then arg */
i64 *sort_order_texts(i64 n, const value *text, bool descend);       /* of char rows, bytewise */
i64 *sort_order_rows(const struct tensor *t, int ncol,
                     const i64 *col); /* of a dense matrix; col from 1, negative: descending; NULL: all columns */
bool is_cellstr(value v);                     /* a cell of texts */
int compare_texts(value a, value b);          /* -1, 0, 1 */

/* ---- runs along a dimension (from 1) of a dense tensor: run k begins at run_start, its elements are `before` apart */
struct runs { i64 before, n, count; };
static inline struct runs runs_along(const struct tensor *t, int dim)
{
    struct runs r = { 1, dim <= t->nd ? t->dim[dim - 1] : 1, 1 };
    for (int d = 0; d < t->nd; d++) {
        if (d < dim - 1)
            r.before *= t->dim[d];
        if (d != dim - 1)
            r.count *= t->dim[d];
    }
    return r;
}
static inline i64 run_start(const struct runs *r, i64 k) { return k % r->before + k / r->before * r->before * r->n; }

#endif
