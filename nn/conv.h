/* SPDX-License-Identifier: BSD-3-Clause */
/* conv.h: one convolution, its sizes and its three passes, on memory whose last dimension is the fastest. */
#ifndef TL_NN_CONV_H
#define TL_NN_CONV_H
#include "nn/rows.h"

/* y[n,o,j] = sum over c, k of w[o,c,k] * x[n, c, j*stride + k*dilation - pad]; always three places, time, height, width;
   o and c of the same of `groups` groups.  w is channels_out x channels_in/groups x kernel. */
struct conv {
    int dtype;                                /* D_DOUBLE or D_SINGLE */
    i64 n, channels_in, channels_out, groups;
    i64 in[3], kernel[3], stride[3], pad[3], dilation[3], out[3];
};
void conv_out(struct conv *g);                /* out from the other sizes; not positive when the kernel does not fit */
void conv_forward(const struct conv *g, const void *x, const void *w, const void *b,
                  void *y); /* b: channels_out or NULL */
void conv_input(const struct conv *g, const void *dy, const void *w, const void *b,
                void *dx); /* b: channels_in or NULL */
void conv_weight(const struct conv *g, const void *x, const void *dy, void *dw);

#endif
