/* SPDX-License-Identifier: BSD-3-Clause */
/* cpu.h: a call of the CPU's table (cpu.c) on its way to the function that does it. */
#ifndef TL_CPU_H
#define TL_CPU_H
#include "tensor.h"
#include "device.h"

struct job { enum dev_call what; struct dev_arg *out; const struct dev_arg *in; const double *num; int tag; };
static inline i64 cpu_size(const struct dev_arg *a)
{
    i64 n = 1;
    for (int d = 0; d < a->nd; d++)
        n *= a->dim[d];
    return n;
}
/* The offset of element `at` of an index space, the first dimension fastest. */
static inline i64 cpu_offset(const struct dev_arg *a, const i64 *dim, int nd, i64 at)
{
    i64 o = 0;
    for (int d = 0; d < nd; d++) {
        o += at % dim[d] * a->stride[d];
        at /= dim[d];
    }
    return o;
}
void cpu_conv(struct job *j);
void cpu_conv_input(struct job *j);
void cpu_conv_weight(struct job *j);
void cpu_pool(struct job *j);
void cpu_taps(struct job *j);
void cpu_norm(struct job *j);
void cpu_loss(struct job *j);
void cpu_loss_back(struct job *j);
void cpu_batchnorm(struct job *j);
void cpu_batchnorm_back(struct job *j);
#endif
