/* SPDX-License-Identifier: BSD-3-Clause */
/* linalg.h: matrix operators and what other rooms need of linear algebra.  Values in, pooled values out. */
#ifndef TL_LINALG_H
#define TL_LINALG_H
#include "blas.h"
#include "call.h"

enum { AS_IS, TRANSPOSED, CTRANSPOSED };      /* ta, tb: how an operand is read */

value linalg_mtimes(value a, value b, int ta, int tb);               /* op(a) * op(b) */
value linalg_mldivide(value a, value b);      /* a \ b */
value linalg_mrdivide(value a, value b);      /* a / b */
value linalg_mpower(value a, value b);        /* a ^ b */
value linalg_transpose(value a, bool conj);   /* strides only when real */

/* The same on tensors of class double or single, real or complex, 2-d, any strides.  Results are new, dense, not narrowed. */
struct tensor *linalg_product(struct tensor *a, int ta, struct tensor *b, int tb);
struct tensor *linalg_solve(struct tensor *a, int ta, struct tensor *b);             /* op(a) \ b; warns when a is singular */
struct tensor *linalg_inverse(struct tensor *a, double *rcond,
                              bool warns); /* a dense and square; Inf everywhere where it is singular; rcond Inf where
                                              warns had nothing to warn of */
struct tensor *linalg_matrix(value v, const char *who);              /* v as a floating 2-d tensor; fails as `who: …` */
struct tensor *linalg_float(struct tensor *t);                       /* integers, logical, char become double */
struct tensor *linalg_turn(struct tensor *t);                        /* conjugate transpose, dense, new */
bool linalg_finite(const struct tensor *t);   /* no NaN, no Inf; dense */
bool linalg_hermitian(const struct tensor *t);                       /* square and equal to its conjugate transpose; dense */
void linalg_square(const struct tensor *t, const char *who);         /* fails unless square */

/* More of the same, each in its file */
value linalg_eig_power(struct tensor *t, value p, bool matrix_base);  /* t ^ p or p ^ t by eigenvalues; t square */
struct tensor *linalg_identity(int dtype, i64 n);
struct svd { struct tensor *u, *s, *vt; };    /* s: real column; u, vt only when asked */
struct svd linalg_svd(struct tensor *a, char job, const char *who);   /* job N, S (economy), A; a any strides, kept */
struct tensor *linalg_complex_vectors(
    struct tensor *v,
    const struct tensor *w); /* of LAPACK's real form: pairs of columns are real and imaginary part; w the values */
double linalg_eps(int dtype);                 /* of the class */
double linalg_norm(struct tensor *t, double p,
                   const char *who); /* p = 2, 1, Inf, …; NaN: Frobenius; vectors and matrices */
struct tensor *linalg_real_column(int dtype, i64 n);                  /* of the real class of dtype */

#endif
