/* SPDX-License-Identifier: BSD-3-Clause */
/* choose.c: which of the kernels this machine runs. */
#include "config.h"
#include "nn/kernels.h"

const struct nn_kernels *nn_kernels = &nn_kernels128;

__attribute__((constructor)) static void choose(void)
{
#ifdef HAVE_EW_256
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
        nn_kernels = &nn_kernels256;
#endif
#ifdef HAVE_EW_512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
        nn_kernels = &nn_kernels512;
#endif
}
