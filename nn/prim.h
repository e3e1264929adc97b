/* SPDX-License-Identifier: BSD-3-Clause */
/* prim.h: what the primitives of nn share: names and sizes among their arguments. */
#ifndef TL_NN_PRIM_H
#define TL_NN_PRIM_H
#include "nn/rows.h"

const char *nn_name(const struct call *c);    /* "nn.conv2d", also when called from C */
void nn_places(struct call *c, int i, int places, i64 otherwise, i64 least, const char *what,
               i64 to[3]); /* one number or one for each place */
i64 nn_pool_out(struct call *c, i64 in, i64 kernel, i64 stride, i64 pad, i64 dilation,
                bool ceil);                   /* windows in a dimension; -1: it does not fit */
value nn_sizes(value v);                      /* its sizes as a row */

#endif
