/* SPDX-License-Identifier: BSD-3-Clause */
/* cuda_args.h: what the tests of kernel texts share: dice that fall the same everywhere, and a tensor as an argument of a device. */
#ifndef CUDA_ARGS_H
#define CUDA_ARGS_H
#include "lab/tensor.h"
#include "lab/device.h"

__attribute__((unused)) static uint64_t seed = 1;
__attribute__((unused)) static double dice(void)          /* 24 bits in 0 … 1, so of single precision too */
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 40) * 0x1p-24;
}
__attribute__((unused)) static int below(int n) { return (int)(dice() * n); }
__attribute__((unused)) static struct dev_arg arg_of(const struct tensor *t)
{
    struct dev_arg a = { .p = t->data, .dtype = t->dtype, .nd = t->nd };
    for (int d = 0; d < t->nd; d++)
        a.dim[d] = t->dim[d], a.stride[d] = t->stride[d];
    return a;
}
#endif
