/* SPDX-License-Identifier: BSD-3-Clause */
/* blas.c: products with any strides by OpenBLAS, and its threads; lapack.c, the other file that calls it, has the drivers.
 *
 * The idea: a matrix whose row or column stride is 1 is a BLAS operand as it stands, so a transpose costs nothing; the
 * rest is gathered once.  Big products go in tiles of some 0.1 s, between which Ctrl-C is polled and sizes stay below
 * 2^31.  Products with one long and one short side are split over the long one by our own OpenMP region, each part
 * BLAS on one thread: measured 1.6 times faster than OpenBLAS's own split at 60 x 1000 x 1000. */
#define clone libc_clone                      /* sched.h has a clone() under GNU names, value.h another */
#include <cblas.h>
#undef clone
#include "blas.h"
#include "config.h"
#include "plan.h"
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* ---- the library: OpenBLAS's own questions, absent in others */
#define WEAK __attribute__((weak))
extern int openblas_get_parallel(void) WEAK;              /* 0 sequential, 1 pthreads, 2 OpenMP */
extern void openblas_set_num_threads(int) WEAK;
extern char *openblas_get_config(void) WEAK;
extern char *openblas_get_corename(void) WEAK;

static bool deterministic;                    /* of the process, as the library's threads are */

const char *blas_config(void)
{
    return openblas_get_config ? openblas_get_config() : TL_BLAS;
}

const char *blas_core(void)
{
    return openblas_get_corename ? openblas_get_corename() : "unknown";
}

static bool library_is_openmp(void)
{
    return openblas_get_parallel && openblas_get_parallel() == 2;
}

int blas_threads(void)
{
    return deterministic ? 1 : MAX(1, ew_threads);
}

/* The OpenMP build follows omp_get_max_threads() of the calling thread.  A pthread build beside our spinning OpenMP threads
   halves both, so it gets one thread, and we split products ourselves. */
void blas_threads_apply(void)
{
#ifdef _OPENMP
    omp_set_num_threads(blas_threads());
#endif
    if (openblas_set_num_threads && !library_is_openmp())
        openblas_set_num_threads(1);
}

/* libgomp counts the threads of all pools, and when they are more than the cores it lets none of them spin: with the calling
   thread's pool asleep beside its own, a job's QR of 1000 x 1000 took 1.6 times its time on two cores.  So the pool is
   given up; the next region makes another (some 50 us). */
void blas_threads_yield(void)
{
#if defined _OPENMP && (_OPENMP >= 201811 || __GNUC__ >= 9)
    omp_pause_resource(omp_pause_soft, omp_get_initial_device());
    blas_threads_apply();                     /* the pool took the number of threads with it */
#endif
}

bool blas_deterministic(int on)
{
    bool before = deterministic;
    if (on >= 0) {
        deterministic = on;
        blas_threads_apply();
    }
    return before;
}

void blas_settle(void)
{
    static bool done;
    if (!done) {
        done = true;
        blas_threads_apply();
    }
}

/* ---- time, for the profiler; a call that fails in between counts nothing */
__thread struct blas_clock blas_clock;

static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
double blas_clock_begin(void) { return unlikely(blas_clock.on) ? clock_now() : 0; }
void blas_clock_end(double began, double operations)
{
    if (unlikely(began > 0)) {
        blas_clock.seconds += clock_now() - began;
        blas_clock.operations += operations;
    }
}

/* ---- products */
int blas_form(int dtype)
{
    return dtype == D_DOUBLE ? 0 : dtype == D_SINGLE ? 1 : dtype == D_CDOUBLE ? 2 : 3;
}

static const double TILE = 1e10;              /* operations between two looks at Ctrl-C: 0.1 s on two cores */

static struct mat gathered(int dtype, i64 m, i64 n, struct mat a)     /* column-major copy, conjugated if asked */
{
    size_t size = dtypes[dtype].size;
    struct tensor view = { .dtype = (uint8_t)dtype, .nd = 2, .numel = m * n, .data = (char *)a.data };
    i64 dim[2] = { m, n }, stride[2] = { a.rs, a.cs };
    view.dim = dim;
    view.stride = stride;
    char *to = scratch((size_t)m * (size_t)n * size + 1);
    gather(&view, to);
    if (a.conj && dtype == D_CDOUBLE)
        for (i64 i = 0; i < m * n; i++)
            ((double _Complex *)to)[i] = conj(((double _Complex *)to)[i]);
    else if (a.conj && dtype == D_CSINGLE)
        for (i64 i = 0; i < m * n; i++)
            ((float _Complex *)to)[i] = conjf(((float _Complex *)to)[i]);
    return mat_dense(to, m);
}

/* What BLAS takes: trans flag and leading dimension.  A conjugate without transpose has no flag: it is gathered. */
static enum CBLAS_TRANSPOSE operand(int dtype, i64 m, i64 n, struct mat *a, i64 *ld)
{
    bool complex_ = dtype == D_CDOUBLE || dtype == D_CSINGLE;
    bool conj_ = a->conj && complex_;
    for (int tried = 0;; tried = 1) {
        bool plain = (a->rs == 1 || m == 1) && (n == 1 || a->cs >= MAX(1, m)) && !conj_;
        bool turned = (a->cs == 1 || n == 1) && (m == 1 || a->rs >= MAX(1, n));
        if (plain) {
            *ld = n == 1 ? MAX(1, m) : a->cs;
            if (*ld < BLAS_MAX)
                return CblasNoTrans;
        } else if (turned) {
            *ld = m == 1 ? MAX(1, n) : a->rs;
            if (*ld < BLAS_MAX)
                return conj_ ? CblasConjTrans : CblasTrans;
        }
        if (tried)
            fail("tl:blas-size", "a matrix with %lld rows is too long for the BLAS library, which counts to 2^31",
                 (long long)m);
        *a = gathered(dtype, m, n, *a);
        conj_ = false;
    }
}

struct product {
    int f;                                    /* blas_form(dtype) */
    enum CBLAS_TRANSPOSE ta, tb;
    const char *a, *b;
    char *c;
    i64 lda, ldb, ldc;
    double alpha;
    size_t size;
};

static void tile(const struct product *p, i64 i, i64 j, i64 l, i64 m, i64 n, i64 k, double beta)
{
    const char *a = p->a + (p->ta == CblasNoTrans ? i + l * p->lda : l + i * p->lda) * (i64)p->size;
    const char *b = p->b + (p->tb == CblasNoTrans ? l + j * p->ldb : j + l * p->ldb) * (i64)p->size;
    char *c = p->c + (i + j * p->ldc) * (i64)p->size;
    int M = (int)m, N = (int)n, K = (int)k, lda = (int)p->lda, ldb = (int)p->ldb, ldc = (int)p->ldc;
    double _Complex za = p->alpha, zb = beta;
    float _Complex ca = (float)p->alpha, cb = (float)beta;
    switch (p->f) {
    case 0:
        cblas_dgemm(CblasColMajor, p->ta, p->tb, M, N, K, p->alpha, (const double *)a, lda, (const double *)b, ldb,
                    beta, (double *)c, ldc);
        break;
    case 1:
        cblas_sgemm(CblasColMajor, p->ta, p->tb, M, N, K, (float)p->alpha, (const float *)a, lda, (const float *)b, ldb,
                    (float)beta, (float *)c, ldc);
        break;
    case 2: cblas_zgemm(CblasColMajor, p->ta, p->tb, M, N, K, &za, a, lda, b, ldb, &zb, c, ldc); break;
    default: cblas_cgemm(CblasColMajor, p->ta, p->tb, M, N, K, &ca, a, lda, b, ldb, &cb, c, ldc); break;
    }
}

/* A product of less than some 15 us is done before a second thread has woken: those asleep take 50 us, and a region of two
   awake ones 0.5 us.  A factorization is many small regions, so it needs more work to gain by a second thread (few_of in
   lapack.c).  True: the next call is on one thread, and blas_alone_end is due. */
static const double few_products = 2e6;
bool blas_alone(double operations, double few)
{
#ifdef _OPENMP
    if (operations < few && blas_threads() > 1 && library_is_openmp() && !omp_in_parallel()) {
        omp_set_num_threads(1);
        return true;
    }
#endif
    return false;
}

void blas_alone_end(bool was)
{
#ifdef _OPENMP
    if (was)
        omp_set_num_threads(blas_threads());
#endif
}

/* One tile, split over its longer side when OpenBLAS would not do it well: a short other side, or a library that has
 * one thread. */
static void tile_split(const struct product *p, i64 i, i64 j, i64 l, i64 m, i64 n, i64 k, double beta)
{
#ifdef _OPENMP
    int nt = blas_threads();
    bool ours = nt > 1 && 2. * (double)m * (double)n * (double)k > 1e6 &&
                (!library_is_openmp() || (MIN(m, n) <= 192 && MAX(m, n) >= 4 * MIN(m, n)));
    if (ours && !omp_in_parallel()) {
        bool rows = m > n;
        i64 len = rows ? m : n, part = ((len + nt - 1) / nt + 15) & ~(i64)15;
        #pragma omp parallel for num_threads(nt) schedule(static, 1)
        for (int t = 0; t < nt; t++) {
            i64 from = t * part, count = MIN(part, len - from);
            if (count > 0) {
                if (rows)
                    tile(p, i + from, j, l, count, n, k, beta);
                else
                    tile(p, i, j + from, l, m, count, k, beta);
            }
        }
        return;
    }
#endif
    bool one = blas_alone(2. * (double)m * (double)n * (double)k, few_products);
    tile(p, i, j, l, m, n, k, beta);
    blas_alone_end(one);
}

static void gemv_piece(int f, enum CBLAS_TRANSPOSE ta, i64 m, i64 n, const void *a, i64 lda, const void *x, i64 sx,
                       void *y, double alpha, double beta)
{
    int M = (int)(ta == CblasNoTrans ? m : n), N = (int)(ta == CblasNoTrans ? n : m), ld = (int)lda, inc = (int)sx;
    double _Complex za = alpha, zb = beta;
    float _Complex ca = (float)alpha, cb = (float)beta;
    bool one = blas_alone(8. * (double)m * (double)n, few_products);        /* an operation here costs what four cost in a product */
    switch (f) {
    case 0: cblas_dgemv(CblasColMajor, ta, M, N, alpha, a, ld, x, inc, beta, y, 1); break;
    case 1: cblas_sgemv(CblasColMajor, ta, M, N, (float)alpha, a, ld, x, inc, (float)beta, y, 1); break;
    case 2: cblas_zgemv(CblasColMajor, ta, M, N, &za, a, ld, x, inc, &zb, y, 1); break;
    default: cblas_cgemv(CblasColMajor, ta, M, N, &ca, a, ld, x, inc, &cb, y, 1); break;
    }
    blas_alone_end(one);
}

/* From 9216 elements on OpenBLAS wakes its threads, which gains nothing until some 60000 (192x48 on two cores: 2.7 us
   with them, 1.3 us without) and costs milliseconds on a machine that has other work.  Those between go in pieces below
   its threshold. */
static void gemv(int f, enum CBLAS_TRANSPOSE ta, i64 m, i64 n, const void *a, i64 lda, const void *x, i64 sx, void *y,
                 double alpha, double beta)
{
    enum { THREADED = 9216, FEW = 1 << 16 };
    static const size_t size[] = { sizeof(double), sizeof(float), sizeof(double _Complex), sizeof(float _Complex) };
    i64 part = m;
    if (m * n >= THREADED && m * n < FEW)
        part = MAX(8, (THREADED - 1) / n & ~(i64)7);
    for (i64 i = 0; i < m; i += part) {       /* elements of y from i on: rows of A, or columns of what is transposed */
        size_t skip = (size_t)(ta == CblasNoTrans ? i : i * lda) * size[f];
        gemv_piece(f, ta, MIN(part, m - i), n, (const char *)a + skip, lda, x, sx, (char *)y + (size_t)i * size[f],
                   alpha, beta);
    }
}

static void scale_rows(int dtype, i64 m, i64 n, double beta, char *c, i64 ldc)        /* C = beta C, for k = 0 */
{
    size_t size = dtypes[dtype].size;
    for (i64 j = 0; j < n; j++) {
        char *col = c + j * ldc * (i64)size;
        if (beta == 0) {
            memset(col, 0, (size_t)m * size);
        } else if (dtype == D_DOUBLE || dtype == D_CDOUBLE) {
            for (i64 i = 0; i < m * (dtype == D_CDOUBLE ? 2 : 1); i++)
                ((double *)col)[i] *= beta;
        } else {
            for (i64 i = 0; i < m * (dtype == D_CSINGLE ? 2 : 1); i++)
                ((float *)col)[i] *= (float)beta;
        }
    }
}

static void gemm(int dtype, i64 m, i64 n, i64 k, double alpha, struct mat a, struct mat b, double beta, void *c, i64 ldc)
{
    size_t size = dtypes[dtype].size;
    if (m == 0 || n == 0)
        return;
    if (k == 0) {
        scale_rows(dtype, m, n, beta, c, ldc);
        return;
    }
    blas_settle();
    if (ldc >= BLAS_MAX)
        fail("tl:blas-size", "a matrix with %lld rows is too long for the BLAS library, which counts to 2^31",
             (long long)ldc);
    struct product p = { .f = blas_form(dtype), .c = c, .ldc = ldc, .alpha = alpha, .size = size };
    double work = 2. * (double)m * (double)n * (double)k * (dtype_is(dtype, DT_C) ? 4 : 1);
    if (n == 1 && m > 1 && k > 1 && work < TILE && m < BLAS_MAX && k < BLAS_MAX && b.rs < BLAS_MAX && b.rs > 0) {
        if (b.conj && dtype_is(dtype, DT_C))
            b = gathered(dtype, k, 1, b);
        p.ta = operand(dtype, m, k, &a, &p.lda);
        gemv(p.f, p.ta, m, k, a.data, p.lda, b.data, b.rs, c, alpha, beta);
        return;
    }
    if (m == 1 && ldc == 1 && n > 1 && k > 1 && work < TILE && n < BLAS_MAX && k < BLAS_MAX && a.cs < BLAS_MAX && a.cs > 0) {
        struct mat bt = mat_turned(b);        /* (a b)' = b' a', a row */
        if (a.conj && dtype_is(dtype, DT_C))
            a = gathered(dtype, 1, k, a);
        p.ta = operand(dtype, n, k, &bt, &p.lda);
        gemv(p.f, p.ta, n, k, bt.data, p.lda, a.data, a.cs, c, alpha, beta);
        return;
    }
    p.ta = operand(dtype, m, k, &a, &p.lda);
    p.tb = operand(dtype, k, n, &b, &p.ldb);
    p.a = a.data;
    p.b = b.data;
    if (work < TILE && MAX(MAX(m, n), k) < BLAS_MAX) {
        tile_split(&p, 0, 0, 0, m, n, k, beta);
        return;
    }
    /* Tiles of at most TILE operations, as square as can be, equal in size: packing then costs little (at 2000 x 2000
       panels of 500 columns cost 10 %). */
    double parts = ceil(work / TILE), nparts = MIN(parts, ceil((double)n / 512)),
           mparts = MIN(ceil(parts / nparts), ceil((double)m / 512));
    double kparts = MIN(ceil(parts / nparts / mparts), ceil((double)k / 512));
    i64 nb = (i64)ceil((double)n / nparts), mb = (i64)ceil((double)m / mparts), kb = (i64)ceil((double)k / kparts);
    nb = MIN(nb, BLAS_MAX);
    mb = MIN(mb, BLAS_MAX);
    kb = MIN(kb, BLAS_MAX);
    for (i64 j = 0; j < n; j += nb)
        for (i64 i = 0; i < m; i += mb)
            for (i64 l = 0; l < k; l += kb) {
                poll();
                tile_split(&p, i, j, l, MIN(mb, m - i), MIN(nb, n - j), MIN(kb, k - l), l ? 1 : beta);
            }
}

void blas_gemm(int dtype, i64 m, i64 n, i64 k, double alpha, struct mat a, struct mat b, double beta, void *c, i64 ldc)
{
    double began = blas_clock_begin();
    gemm(dtype, m, n, k, alpha, a, b, beta, c, ldc);
    blas_clock_end(began, 2. * (double)m * (double)n * (double)k * (dtype_is(dtype, DT_C) ? 4 : 1));
}

/* C = A' A (or A A'), symmetric to the bit; half the work of gemm.  A is n x k as `a` says, C n x n.  Real only. */
void blas_syrk(int dtype, i64 n, i64 k, struct mat a, void *c)
{
    i64 lda;
    double began = blas_clock_begin();
    blas_settle();
    enum CBLAS_TRANSPOSE t = operand(dtype, n, k, &a, &lda);
    /* in parts of k of at most TILE operations, as gemm; where k is long, shorter ones cost nothing */
    i64 part = MAX((i64)(TILE / (k > 8 * n ? 8 : 1) / ((double)n * (double)n)), 256),
        step = dtypes[dtype].size * (t == CblasNoTrans ? lda : 1);
    for (i64 l = 0; l < k || l == 0; l += part) {
        const char *from = (const char *)a.data + l * step;
        poll();
        if (dtype == D_DOUBLE)
            cblas_dsyrk(CblasColMajor, CblasUpper, t, (int)n, (int)MIN(part, k - l), 1, (const double *)from, (int)lda,
                        l ? 1 : 0, c, (int)n);
        else
            cblas_ssyrk(CblasColMajor, CblasUpper, t, (int)n, (int)MIN(part, k - l), 1, (const float *)from, (int)lda,
                        l ? 1 : 0, c, (int)n);
    }
    if (dtype == D_DOUBLE) {
        double *x = c;
        for (i64 j0 = 0; j0 < n; j0 += 32)    /* tiles, so that both sides stay in cache */
            for (i64 i0 = 0; i0 <= j0; i0 += 32)
                for (i64 j = j0; j < MIN(j0 + 32, n); j++)
                    for (i64 i = i0; i < MIN(i0 + 32, j); i++)
                        x[j + i * n] = x[i + j * n];
    } else {
        float *x = c;
        for (i64 j0 = 0; j0 < n; j0 += 32)
            for (i64 i0 = 0; i0 <= j0; i0 += 32)
                for (i64 j = j0; j < MIN(j0 + 32, n); j++)
                    for (i64 i = i0; i < MIN(i0 + 32, j); i++)
                        x[j + i * n] = x[i + j * n];
    }
    blas_clock_end(began, (double)n * (double)n * (double)k);
}

void blas_dot(int dtype, i64 n, const void *x, i64 sx, bool conjx, const void *y, i64 sy, void *r)
{
    size_t size = dtypes[dtype].size;
    double began = blas_clock_begin();
    memset(r, 0, size);
    blas_settle();
    for (i64 at = 0; at < n; at += BLAS_MAX) {
        int m = (int)MIN(n - at, BLAS_MAX), ix = (int)sx, iy = (int)sy;
        const char *a = (const char *)x + at * sx * (i64)size, *b = (const char *)y + at * sy * (i64)size;
        if (sx >= BLAS_MAX || sy >= BLAS_MAX)
            fail("tl:blas-size", "a stride beyond 2^31 is too long for the BLAS library");
        double _Complex z;
        float _Complex c;
        switch (blas_form(dtype)) {
        case 0: *(double *)r += cblas_ddot(m, (const double *)a, ix, (const double *)b, iy); break;
        case 1: *(float *)r += cblas_sdot(m, (const float *)a, ix, (const float *)b, iy); break;
        case 2:
            (conjx ? cblas_zdotc_sub : cblas_zdotu_sub)(m, a, ix, b, iy, &z);
            *(double _Complex *)r += z;
            break;
        default:
            (conjx ? cblas_cdotc_sub : cblas_cdotu_sub)(m, a, ix, b, iy, &c);
            *(float _Complex *)r += c;
        }
    }
    blas_clock_end(began, 2. * (double)n);
}

double blas_norm2(int dtype, i64 n, const void *x)
{
    double r = 0;
    size_t size = dtypes[dtype].size;
    for (i64 at = 0; at < n; at += BLAS_MAX) {
        int m = (int)MIN(n - at, BLAS_MAX);
        const char *a = (const char *)x + at * (i64)size;
        double s;
        switch (blas_form(dtype)) {
        case 0: s = cblas_dnrm2(m, (const double *)a, 1); break;
        case 1: s = cblas_snrm2(m, (const float *)a, 1); break;
        case 2: s = cblas_dznrm2(m, a, 1); break;
        default: s = cblas_scnrm2(m, a, 1);
        }
        r = at ? hypot(r, s) : s;
    }
    return r;
}

static double sum_double(const double *x, i64 n)          /* of absolute values */
{
    double s = 0;
    #pragma omp simd reduction(+: s)
    for (i64 i = 0; i < n; i++)
        s += fabs(x[i]);
    return s;
}

static double sum_single(const float *x, i64 n)
{
    double s = 0;
    #pragma omp simd reduction(+: s)
    for (i64 i = 0; i < n; i++)
        s += fabsf(x[i]);
    return s;
}

double blas_asum(const struct tensor *t)
{
    double best = 0;
    i64 m = t->dim[0], n = t->dim[1];
    for (i64 j = 0; j < n; j++) {
        double s = 0;
        switch (blas_form(t->dtype)) {
        case 0: s = sum_double((double *)t->data + j * m, m); break;
        case 1: s = sum_single((float *)t->data + j * m, m); break;
        case 2: for (i64 i = 0; i < m; i++) s += cabs(((double _Complex *)t->data)[i + j * m]); break;
        default: for (i64 i = 0; i < m; i++) s += cabsf(((float _Complex *)t->data)[i + j * m]);
        }
        if (s > best || s != s)
            best = s;
        if (s != s)
            break;
    }
    return best;
}
