/* SPDX-License-Identifier: BSD-3-Clause */
/* blas.h: products and LAPACK drivers on column-major memory; the only door to OpenBLAS.
 *
 * Products take strides: what BLAS can read as it is (one stride is 1) is read in place, the rest is gathered.  LAPACK
 * work is a `struct lapack` handed to a driver; long work runs on a helper thread (job.h) and can be left by Ctrl-C. */
#ifndef TL_BLAS_H
#define TL_BLAS_H
#include "tensor.h"
#include <complex.h>
#ifndef CMPLX                                 /* glibc keeps them from clang */
#define CMPLX(x, y) __builtin_complex((double)(x), (double)(y))
#define CMPLXF(x, y) __builtin_complex((float)(x), (float)(y))
#endif

/* One operand of a product: element (i, j) is at data + i*rs + j*cs (elements). */
struct mat { const void *data; i64 rs, cs; bool conj; };
static inline struct mat mat_of(const struct tensor *t) { return (struct mat){ t->data, t->stride[0], t->stride[1], false }; }
static inline struct mat mat_dense(const void *data, i64 rows) { return (struct mat){ data, 1, rows, false }; }
static inline struct mat mat_turned(struct mat a) { return (struct mat){ a.data, a.cs, a.rs, a.conj }; }

/* C = alpha A B + beta C; A m x k, B k x n, C m x n with leading dimension ldc.  dtype is DOUBLE, SINGLE or their complex.
   beta 0 does not read C; k 0 with beta 0 gives zeros.  Polls; may fail with "out of memory" when it gathers. */
void blas_gemm(int dtype, i64 m, i64 n, i64 k, double alpha, struct mat a, struct mat b, double beta, void *c, i64 ldc);
void blas_syrk(int dtype, i64 n, i64 k, struct mat a,
               void *c); /* C = A A', A n x k real, C n x n dense, symmetric to the bit */
void blas_dot(int dtype, i64 n, const void *x, i64 sx, bool conjx, const void *y, i64 sy,
              void *r);                                              /* sum of x (conjugated) times y */
double blas_norm2(int dtype, i64 n, const void *x);                  /* 2-norm without overflow; dense */
double blas_asum(const struct tensor *t); /* largest column sum of absolute values: the 1-norm; dense matrix */

/* ---- LAPACK.  All tensors are dense, of q's class (p: int32).  A driver reads and writes what its line says; info as
 * LAPACK's. */
struct lapack {
    int dtype;
    i64 m, n, k;
    struct tensor *a, *b, *u, *s, *v, *z, *p;
    void *A, *B, *U, *S, *V, *Z; /* their data, set by lapack(): a job left behind must not look at headers */
    int *P;
    char job, uplo, trans, diag;
    double num;                               /* anorm in, rcond out; gelsd: tolerance in */
    int rank, info, ilo, ihi;
};
enum { LAPACK_MEMORY = -1000 };
typedef void lapack_driver(struct lapack *q);
void lapack(lapack_driver *f, struct lapack *q,
            double flops);                    /* runs it, here or as a job; fails only for lack of memory or Ctrl-C */
lapack_driver lapack_getrf;                   /* a m x n -> LU, p pivots (min(m,n)) */
lapack_driver lapack_getrs;                   /* a LU, p, b n x k -> solution; trans */
lapack_driver lapack_getri;                   /* a LU, p -> inverse */
lapack_driver lapack_gecon;                   /* a LU, num anorm -> num rcond */
lapack_driver lapack_potrf;                   /* a -> Cholesky factor, uplo */
lapack_driver lapack_potrs;
lapack_driver lapack_potri;                   /* a Cholesky factor, uplo -> that triangle of the inverse */
lapack_driver lapack_trtri;                   /* a triangular, uplo -> inverse */
lapack_driver lapack_pocon;
lapack_driver lapack_trtrs;                   /* a triangular (uplo, trans, diag), b n x k -> solution */
lapack_driver lapack_trcon;                   /* -> num rcond */
lapack_driver
    lapack_gesv; /* a, b -> LU, solution; num anorm -> rcond, or a bound below it where it is far from eps; one job */
lapack_driver lapack_posv;                    /* the same by Cholesky */
lapack_driver lapack_geqrf;                   /* a m x n -> R and reflectors, s tau */
lapack_driver lapack_orgqr;                   /* a m x n with k reflectors, s tau -> Q */
lapack_driver lapack_geqp3;                   /* the same with column pivots p (n) */
lapack_driver
    lapack_gels; /* a m x n, b max(m,n) x k -> solution in b where a has full rank (info > 0: not); num rcond */
lapack_driver
    lapack_gelsd; /* a m x n, b max(m,n) x k -> least squares of least norm in b, rank; num: tolerance, < 0 eps */
lapack_driver lapack_gesdd;                   /* a m x n; job N, S, A -> s (real), u, v = V' */
lapack_driver lapack_syevd;                   /* a symmetric; job N, V -> s (real) values, vectors in a */
lapack_driver
    lapack_geev; /* a -> s (complex) values; right vectors v, left u where not NULL: LAPACK's real form for real a */
lapack_driver lapack_ggev;                    /* a, b -> s complex values; v, u as geev */
lapack_driver lapack_sygvd;                   /* a, b -> s values, vectors in a */
lapack_driver lapack_gebal;                   /* a, job -> balanced a, ilo, ihi, s scale (real) */
lapack_driver lapack_gebak;                   /* v n x m, s scale, ilo, ihi */
lapack_driver lapack_gehrd;                   /* a -> Hessenberg and reflectors, s tau */
lapack_driver lapack_orghr;                   /* a with reflectors, s tau -> Q */
lapack_driver lapack_gees;                    /* a -> Schur form, v vectors */
lapack_driver lapack_trsen;                   /* a Schur form, v vectors, p which eigenvalues come first -> both reordered */
lapack_driver lapack_gges; /* a, b -> their generalised Schur forms, u and v: a = u a v'; s complex values */
lapack_driver
    lapack_tgsen; /* a, b, u, v as gges gave them, p which come first -> reordered; s values in the new order */
lapack_driver
    lapack_tgevc; /* a, b, u, v as gges gave them -> eigenvectors in u (left) and v, LAPACK's real form for real a */
lapack_driver lapack_ggsvd; /* a m x n, b k x n -> u, v, z (Q), s (real, n x 2: alpha, beta), R in a and b; ilo, ihi:
                               LAPACK's k, l */
lapack_driver lapack_trsyl;                   /* a, b quasi-triangular, u right side: A X + X B = num u */

/* ---- threads and names */
int blas_threads(void);                       /* how many the library uses now */
void blas_threads_apply(void);                /* after ew_threads or the mode has changed; also in a new thread */
void blas_threads_yield(void);                /* the calling thread's pool leaves the cores to another thread's */
bool blas_deterministic(
    int on); /* 1, 0: one thread in the library, so that it gives the same bits always; -1 asks; the state before */
/* seconds and operations in products and LAPACK drivers of this thread, while it is on: for the profiler */
struct blas_clock { bool on; double seconds, operations; };
extern __thread struct blas_clock blas_clock;
double blas_clock_begin(void);                /* around a call; one that fails in between counts nothing */
void blas_clock_end(double began, double operations);
void blas_settle(void);                       /* before a call: the library may have been started with its own idea of threads */
bool blas_alone(double operations, double few);            /* fewer: on one thread until blas_alone_end(true) */
void blas_alone_end(bool was);
int blas_form(int dtype);                     /* 0 double, 1 single, 2 complex double, 3 complex single */
enum { BLAS_MAX = 1 << 30 };                  /* no side of a matrix may be as long: the library counts in int */
const char *blas_config(void);                /* "OpenBLAS 0.3.21 …", for tl --version */
const char *blas_core(void);                  /* "SkylakeX", "Haswell" … */

#endif
