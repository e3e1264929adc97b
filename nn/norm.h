/* SPDX-License-Identifier: BSD-3-Clause */
/* norm.h: normalisation of rows of n elements, for the primitive nn.layernorm and the layers. */
#ifndef TL_NN_NORM_H
#define TL_NN_NORM_H
#include "nn/rows.h"

/* Tensors in Torch's order, alike in class and number of elements; w and b have n elements, or are NULL. */
void nn_layernorm_rows(const struct tensor *x, i64 n, const char *w, const char *b, double eps, struct tensor *y);
/* The gradient of x into gx (NULL: not wanted), of w and b added to gw and gb (both NULL: not wanted). */
void nn_layernorm_back(const struct tensor *x, i64 n, const char *w, double eps, const struct tensor *g,
                       struct tensor *gx, double *gw, double *gb);

#endif
