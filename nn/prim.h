/* SPDX-License-Identifier: BSD-3-Clause */
/* prim.h: what the primitives of nn share: names and sizes among their arguments. */
#ifndef TL_NN_PRIM_H
#define TL_NN_PRIM_H
#include "nn/rows.h"

const char *nn_name(const struct call *c);    /* "nn.conv2d", also when called from C */
void nn_places(struct call *c, int i, int places, i64 otherwise, i64 least, const char *what, i64 to[3]);    /* one number or one for each place */
value nn_sizes(value v);                      /* its sizes as a row */

#endif
