/* SPDX-License-Identifier: BSD-3-Clause */
/* small.h: short programs and kernels that the library wrappers put before and behind a library's call. */
#ifndef CUDA_SMALL_H
#define CUDA_SMALL_H
#include "gpu.h"

/* Rows of ops.def and dtypes.def by name. */
enum {
#define OP(name, ...) OPS_##name,
#include "lab/ops.def"
#undef OP
};
enum {
#define D(NAME, ...) DT_##NAME,
#include "lab/dtypes.def"
#undef D
    DT_END
};
enum dev_type small_type(int dtype);          /* of a floating dtype */
struct dev_arg small_arg(void *p, int dtype, int64_t m, int64_t n, int64_t ld);       /* a matrix in memory */
/* out = f(in), f an optional row of one operand; in is broadcast to out's dimensions and converted. */
int small_map(struct gpu *g, struct dev_arg *out, const struct dev_arg *in, int row, int tag);
int small_fill(struct gpu *g, struct dev_arg *out, double x, int tag);
int small_scale(struct gpu *g, struct dev_arg *x, double by, int tag);
struct dev_arg small_turned(const struct dev_arg *x);          /* its transpose, the same memory */

/* Scratch that goes back when the call is over. */
struct scratch { struct gpu *g; int n; struct { void *p; size_t bytes; } at[12]; };
int scratch_get(struct scratch *s, size_t bytes, void **p);
void scratch_end(struct scratch *s);

/* ---- kernels of small.c: what the LAPACK family needs beside its library */
enum triangle {
    TRIANGLE_UPPER,
    TRIANGLE_LOWER,
    TRIANGLE_LOWER_ONE /* and ones on the diagonal */,
    TRIANGLE_ONE /* the identity */
};
int small_triangle(struct gpu *g, struct dev_arg *out, const void *a, int64_t ld, enum triangle what);
int small_permutation(struct gpu *g, struct dev_arg *out, const int64_t *pivot,
                      int64_t n); /* from LAPACK's n interchanges, counts from 0 */
int small_det(struct gpu *g, struct dev_arg *out, const void *lu, int64_t ld, const int64_t *pivot, int64_t n);
int small_info(struct gpu *g, const int *info, int trouble, int op,
               int tag); /* *info > 0 is this trouble, in the status word */
#endif
