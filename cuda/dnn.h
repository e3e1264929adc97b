/* SPDX-License-Identifier: BSD-3-Clause */
/* dnn.h: what of cuDNN is used (dnn.def), and convolutions by it. */
#ifndef CUDA_DNN_H
#define CUDA_DNN_H
#include "gpu.h"

typedef struct cudnnContext *dnn_handle;
typedef void *dnn_tensor, *dnn_filter, *dnn_conv;
struct dnn_choice { int algo, status; float time; size_t memory; int determinism, math, reserved[3]; };
struct dnn {
#define FN(name, symbol, returns, params) returns (*name) params;
#include "dnn.def"
};
int dnn_run(struct gpu *g, enum dev_call what, struct dev_arg *out, const struct dev_arg *in,
            const double *num); /* DEV_NOT_HERE: our own text's */
void dnn_forget(struct gpu *g, bool lost);
#endif
