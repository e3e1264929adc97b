/* SPDX-License-Identifier: BSD-3-Clause */
/* cat.h: [a, b; c], {a, b; c} and their functions. */
#ifndef TL_CAT_H
#define TL_CAT_H
#include "tensor.h"

value cat_dim(const char *who, int dim, int n,
              const value *v);                /* dim from 0; any kinds; pooled, borrowed when one operand is all */
value map_joined(int n, const value *v);      /* [a; b; …] of maps (map.c); nil when not all are */
value cat_rows(
    int nrow, const int *ncol,
    const value *v); /* [ … ; … ]: v row by row; a vertical mismatch names both shapes (texts: both lengths); pooled */
value cell_rows(int nrow, const int *ncol, const value *v);          /* { … ; … } */
/* `s = [s x]`, `s = [s; x]` when the old value of s dies: appends in place, spare room grows by halves.  False when s
   is shared, viewed, of another class or shape: nothing has changed then. */
bool cat_append(value *slot, int dim, int n, const value *v);        /* v[0..n-1] follow slot's value along dim (0 or 1) */

#endif
