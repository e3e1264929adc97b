/* SPDX-License-Identifier: BSD-3-Clause */
/* blas.h: what of cuBLAS and cuBLASLt is used (blas.def, blaslt.def), and matrix products on a device. */
#ifndef CUDA_BLAS_H
#define CUDA_BLAS_H
#include "gpu.h"

typedef struct cublasContext *blas_handle;
typedef struct cublasLtContext *lt_handle;
typedef void *lt_desc, *lt_layout, *lt_pref;
struct lt_algo { uint64_t data[8]; };
struct lt_choice { struct lt_algo algo; size_t room; int state; float waves; int reserved[4]; };
struct blas {
#define FN(name, symbol, returns, params) returns (*name) params;
#include "blas.def"
};
struct blaslt {
#define FN(name, symbol, returns, params) returns (*name) params;
#include "blaslt.def"
};
enum {
    CUDA_F = 0,
    CUDA_D = 1,
    CUDA_G = 4,
    CUDA_C = 5,
    CUDA_INT64 = 24
}; /* cudaDataType: single, double, complex single, complex double */
enum { BLAS_N = 0, BLAS_T = 1, BLAS_C = 2 };

int blas_can(struct gpu *g, const struct dev_arg *out, const struct dev_arg *in, const double *num);
int blas_gemm(struct gpu *g, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag,
              bool any); /* any: small ones too */
/* op(A) X = B over B, A triangular: column-major, lower or upper, real or complex (a cudaDataType). */
int blas_trsm(struct gpu *g, int type, bool upper, int trans, int64_t m, int64_t n, const void *a, int64_t lda, void *b,
              int64_t ldb);
void blas_forget(struct gpu *g, bool lost);
int cuda_type(int dtype);                     /* the cudaDataType of a row of dtypes.def; -1: none */
#endif
