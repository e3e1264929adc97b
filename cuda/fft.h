/* SPDX-License-Identifier: BSD-3-Clause */
/* fft.h: what of cuFFT is used (fft.def), and Fourier transforms on a device. */
#ifndef CUDA_FFT_H
#define CUDA_FFT_H
#include "gpu.h"

struct cufft {
#define FN(name, symbol, returns, params) returns (*name) params;
#include "fft.def"
};
int fft_can(struct gpu *g, const struct dev_arg *out, const struct dev_arg *in, const double *num);
int fft_run(struct gpu *g, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag);
void fft_forget(struct gpu *g, bool lost);
#endif
