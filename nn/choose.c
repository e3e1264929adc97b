/* SPDX-License-Identifier: BSD-3-Clause */
/* choose.c: which of the kernels this machine runs. */
#include "config.h"
#include "lab/ew.h"
#include "nn/kernels.h"

const struct nn_kernels *nn_kernels = &nn_kernels128;

__attribute__((constructor)) static void choose(void)
{
    int bits = simd_bits();
    (void)bits;
#ifdef HAVE_EW_256
    if (bits == 256)
        nn_kernels = &nn_kernels256;
#endif
#ifdef HAVE_EW_512
    if (bits == 512)
        nn_kernels = &nn_kernels512;
#endif
}
