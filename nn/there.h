/* SPDX-License-Identifier: BSD-3-Clause */
/* there.h: the passes of conv.h, pool.c and planes.c for tensors on a device. */
#ifndef TL_NN_THERE_H
#define TL_NN_THERE_H
#include "nn/conv.h"

/* Where samples, channels and places of an image stand in its memory, in elements. */
struct image { struct tensor *t; i64 sample, channel, place[3]; };
struct image image_of(struct tensor *t, i64 channels, const i64 size[3]);       /* with the last dimension fastest */
/* w: output and channel of a group as sample and channel; b may be NULL. */
void conv_forward_there(const struct conv *g, struct image x, struct image w, struct tensor *b, struct image y);
void conv_input_there(const struct conv *g, struct image dy, struct image w, struct tensor *b, struct image dx);
void conv_weight_there(const struct conv *g, struct image x, struct image dy, struct image dw);

/* Weights of their own at each place, w: places x outputs x channels x kernel; all with the last dimension fastest. */
void local_there(const struct conv *g, struct tensor *x, struct tensor *w, struct tensor *b, struct tensor *y);
void local_input_there(const struct conv *g, struct tensor *dy, struct tensor *w, struct tensor *dx);
void local_weight_there(const struct conv *g, struct tensor *x, struct tensor *dy, struct tensor *dw);

/* The largest of the windows that begin at from and end before to, in planes of in; at: where in its plane, from 1. */
void pool_there(i64 planes, const i64 in[3], const i64 out[3], const i64 *const from[3], const i64 *const to[3],
                const i64 dilation[3], struct tensor *x, struct tensor *y, struct tensor *at);
void pick_there(struct tensor *x, struct tensor *at, i64 planes, i64 inside, struct tensor *y);      /* nn.pick, nn.unpool */
void unpool_there(struct tensor *y, struct tensor *at, i64 planes, i64 inside, struct tensor *x);
struct tensor *last_there(struct tensor *at, i64 planes,
                          i64 inside); /* like at, in its class: 1 but where a later value has the same place */
/* The tensor that *slot holds when nobody else has it and it fits, else a new one there: addresses that a step of
 * training repeats are what graphs want. */
struct tensor *buffer_there(value *slot, struct tensor *like, int nd, const i64 *dim);
struct tensor *rows_beside(struct tensor *like, int dtype, int nd, const i64 *dim); /* as rows_new, where `like` is */

/* out[o] = sum of w[k] * in[at[k]] for k from start[o] to start[o + 1]; on a device start may be NULL: as it is */
struct map { i64 in, out, *start, *at; double *w; };
void taps_there(const struct map m[3], i64 planes, struct tensor *x, struct tensor *y);

/* c (m x n) = alpha a b, a batch of them; each a matrix somewhere in a tensor */
struct placed { struct tensor *t; i64 offset, rows, columns, batch; };          /* strides */
void product_there(i64 m, i64 n, i64 k, i64 batch, struct placed c, struct placed a, struct placed b);

#endif
