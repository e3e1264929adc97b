/* SPDX-License-Identifier: BSD-3-Clause */
/* sort.h: stable sorting and orders, shared by sort, sets, statistics. */
#ifndef TL_SORT_H
#define TL_SORT_H
#include "call.h"

/* x: n elements of a dense run.  NaN stand last (first when descending).  Scratch memory; polls. */
void sort_values(int dtype, void *x, i64 n, bool descend);           /* in place; real classes */
i64 *sort_order(int dtype, const void *x, i64 n, bool descend);      /* the order, from 0; complex by abs, then arg */
i64 *sort_order_texts(i64 n, const value *text, bool descend);       /* of char rows, bytewise */
i64 *sort_order_rows(const struct tensor *t, int ncol, const i64 *col);   /* of a dense matrix; col from 1, negative: descending; NULL: all columns */
bool is_cellstr(value v);                     /* a cell of texts */
int compare_texts(value a, value b);          /* -1, 0, 1 */

#endif
