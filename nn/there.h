/* SPDX-License-Identifier: BSD-3-Clause */
/* there.h: the passes of conv.h for tensors on a device; all dense with the last dimension fastest. */
#ifndef TL_NN_THERE_H
#define TL_NN_THERE_H
#include "nn/conv.h"

void conv_forward_there(const struct conv *g, struct tensor *x, struct tensor *w, struct tensor *b, struct tensor *y);       /* b may be NULL */
void conv_input_there(const struct conv *g, struct tensor *dy, struct tensor *w, struct tensor *dx);
void conv_weight_there(const struct conv *g, struct tensor *x, struct tensor *dy, struct tensor *dw);
/* The largest of windows: in, kernel, stride, pad, dilation, out of g count; at: where in its plane, from 1. */
void pool_there(const struct conv *g, i64 planes, struct tensor *x, struct tensor *y, struct tensor *at);
void pick_there(struct tensor *x, struct tensor *at, i64 planes, i64 inside, struct tensor *y);      /* nn.pick, nn.unpool */
void unpool_there(struct tensor *y, struct tensor *at, i64 planes, i64 inside, struct tensor *x);
struct tensor *rows_beside(struct tensor *like, int dtype, int nd, const i64 *dim);          /* as rows_new, where `like` is */

#endif
