/* SPDX-License-Identifier: BSD-3-Clause */
/* attention.h: the heads of sequences that look at themselves, as attention_run.c computes them.  All lies by rows. */
#ifndef TL_NN_ATTENTION_H
#define TL_NN_ATTENTION_H
#include "lab/ew.h"
#include "nn/product.h"
#include "nn/rows.h"

struct attention {
    int dtype;
    i64 n, l, heads, e;                       /* samples, steps, heads, and the features of all heads */
    double scale;                             /* of the scores */
    bool causal;
    const char *qkv;                          /* n*l x 3 e */
    char *weights, *mixed;                    /* n*heads*l x l; n*l x e */
    ew_kernel *exp;
};
void attention_heads(const struct attention *q);             /* fills weights and mixed */
void attention_heads_back(const struct attention *q, const char *g, char *dqkv);         /* g: of mixed; dqkv: filled */
i64 attention_rows(i64 l);                    /* rows of scores at a time */

#endif
