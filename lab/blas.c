/* SPDX-License-Identifier: BSD-3-Clause */
/* blas.c: the only file that calls OpenBLAS: products with any strides, LAPACK drivers, threads.
 *
 * The idea: a matrix whose row or column stride is 1 is a BLAS operand as it stands, so a transpose costs nothing; the
 * rest is gathered once.  Big products go in tiles of some 0.1 s, between which Ctrl-C is polled and sizes stay below
 * 2^31.  Products with one long and one short side are split over the long one by our own OpenMP region, each part
 * BLAS on one thread: measured 1.6 times faster than OpenBLAS's own split at 60 x 1000 x 1000.
 * LAPACK drivers get raw memory and return a code: they run on helper threads too (job.c), so they use malloc. */
#define clone libc_clone                      /* sched.h has a clone() under GNU names, value.h another */
#include <cblas.h>
#undef clone
#include "blas.h"
#include "config.h"
#include "job.h"
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

static void settle_threads(void)              /* once: the library may have been started with its own idea */
{
    static bool done;
    if (!done) {
        done = true;
        blas_threads_apply();
    }
}

/* ---- products */
/* ---- time, for the profiler; a call that fails in between counts nothing */
__thread struct blas_clock blas_clock;

static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static double clock_begin(void) { return unlikely(blas_clock.on) ? clock_now() : 0; }
static void clock_end(double began, double operations)
{
    if (unlikely(began > 0)) {
        blas_clock.seconds += clock_now() - began;
        blas_clock.operations += operations;
    }
}

static int fp(int dtype)                      /* 0 double, 1 single, 2 complex double, 3 complex single */
{
    return dtype == D_DOUBLE ? 0 : dtype == D_SINGLE ? 1 : dtype == D_CDOUBLE ? 2 : 3;
}

enum { BLAS_MAX = 1 << 30 };
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
    int f;                                    /* fp(dtype) */
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
   awake ones 0.5 us.  A factorization is many small regions, so it needs more work to gain by a second thread (below, at
   lapack).  True: the next call is on one thread, and alone_end is due. */
static const double few_products = 2e6;
static bool alone(double operations, double few)
{
#ifdef _OPENMP
    if (operations < few && blas_threads() > 1 && library_is_openmp() && !omp_in_parallel()) {
        omp_set_num_threads(1);
        return true;
    }
#endif
    return false;
}

static void alone_end(bool was)
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
    bool one = alone(2. * (double)m * (double)n * (double)k, few_products);
    tile(p, i, j, l, m, n, k, beta);
    alone_end(one);
}

static void gemv_piece(int f, enum CBLAS_TRANSPOSE ta, i64 m, i64 n, const void *a, i64 lda, const void *x, i64 sx,
                       void *y, double alpha, double beta)
{
    int M = (int)(ta == CblasNoTrans ? m : n), N = (int)(ta == CblasNoTrans ? n : m), ld = (int)lda, inc = (int)sx;
    double _Complex za = alpha, zb = beta;
    float _Complex ca = (float)alpha, cb = (float)beta;
    bool one = alone(8. * (double)m * (double)n, few_products);        /* an operation here costs what four cost in a product */
    switch (f) {
    case 0: cblas_dgemv(CblasColMajor, ta, M, N, alpha, a, ld, x, inc, beta, y, 1); break;
    case 1: cblas_sgemv(CblasColMajor, ta, M, N, (float)alpha, a, ld, x, inc, (float)beta, y, 1); break;
    case 2: cblas_zgemv(CblasColMajor, ta, M, N, &za, a, ld, x, inc, &zb, y, 1); break;
    default: cblas_cgemv(CblasColMajor, ta, M, N, &ca, a, ld, x, inc, &cb, y, 1); break;
    }
    alone_end(one);
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
    settle_threads();
    if (ldc >= BLAS_MAX)
        fail("tl:blas-size", "a matrix with %lld rows is too long for the BLAS library, which counts to 2^31",
             (long long)ldc);
    struct product p = { .f = fp(dtype), .c = c, .ldc = ldc, .alpha = alpha, .size = size };
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
    double began = clock_begin();
    gemm(dtype, m, n, k, alpha, a, b, beta, c, ldc);
    clock_end(began, 2. * (double)m * (double)n * (double)k * (dtype_is(dtype, DT_C) ? 4 : 1));
}

/* C = A' A (or A A'), symmetric to the bit; half the work of gemm.  A is n x k as `a` says, C n x n.  Real only. */
void blas_syrk(int dtype, i64 n, i64 k, struct mat a, void *c)
{
    i64 lda;
    double began = clock_begin();
    settle_threads();
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
    clock_end(began, (double)n * (double)n * (double)k);
}

void blas_dot(int dtype, i64 n, const void *x, i64 sx, bool conjx, const void *y, i64 sy, void *r)
{
    size_t size = dtypes[dtype].size;
    double began = clock_begin();
    memset(r, 0, size);
    settle_threads();
    for (i64 at = 0; at < n; at += BLAS_MAX) {
        int m = (int)MIN(n - at, BLAS_MAX), ix = (int)sx, iy = (int)sy;
        const char *a = (const char *)x + at * sx * (i64)size, *b = (const char *)y + at * sy * (i64)size;
        if (sx >= BLAS_MAX || sy >= BLAS_MAX)
            fail("tl:blas-size", "a stride beyond 2^31 is too long for the BLAS library");
        double _Complex z;
        float _Complex c;
        switch (fp(dtype)) {
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
    clock_end(began, 2. * (double)n);
}

double blas_norm2(int dtype, i64 n, const void *x)
{
    double r = 0;
    size_t size = dtypes[dtype].size;
    for (i64 at = 0; at < n; at += BLAS_MAX) {
        int m = (int)MIN(n - at, BLAS_MAX);
        const char *a = (const char *)x + at * (i64)size;
        double s;
        switch (fp(dtype)) {
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
        switch (fp(t->dtype)) {
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

/* ---- LAPACK: prototypes and tables of four from lapack.def, indexed by fp() */
#define L(name, d, s, z, c, par) typedef void name##_fn par; extern name##_fn d, s, z, c; static name##_fn *const name[4] = { d, s, z, c };
#define LR(name, d, s, par) typedef void name##_fn par; extern name##_fn d, s; static name##_fn *const name[4] = { d, s, NULL, NULL };
#define LC(name, z, c, par) typedef void name##_fn par; extern name##_fn z, c; static name##_fn *const name[4] = { NULL, NULL, z, c };
#include "lapack.def"

/* A driver sees its q with everything LAPACK wants as int variables, and gets workspace from `space`, freed by `end`. */
struct space { void *piece[4]; int n; bool failed; };
static void *space(struct space *w, size_t bytes)
{
    void *p = malloc(bytes + 64);
    if (!p)
        w->failed = true;
    return w->piece[w->n++] = p;
}

static void end(struct lapack *q, struct space *w, int info)
{
    for (int i = 0; i < w->n; i++)
        free(w->piece[i]);
    q->info = w->failed ? LAPACK_MEMORY : info;
}

static int asked(int f,
                 const void *work) /* what a workspace query answered; single counts are rounded, so a little more */
{
    return MAX(1, f & 1 ? (int)(*(const float *)work * 1.0001) + 1 : (int)*(const double *)work);
}

static double get_real(int f, const void *p) { return f & 1 ? *(const float *)p : *(const double *)p; }
static void set_real(int f, void *p, double x)
{
    if (f & 1)
        *(float *)p = (float)x;
    else
        *(double *)p = x;
}

#define DRIVER(name) void lapack_##name(struct lapack *q)
#define OPEN                                                                                   \
    const int f = fp(q->dtype), m = (int)q->m, n = (int)q->n, k = (int)q->k;                   \
    const size_t size = dtypes[q->dtype].size, rsize = f & 1 ? 4 : 8;                          \
    const bool cplx = f >= 2;                                                                  \
    double query[2] = { 0 };                                                                   \
    struct space w = { 0 };                                                                    \
    int info = 0;                                                                              \
    (void)m, (void)n, (void)k, (void)size, (void)rsize, (void)query, (void)cplx
#define LD(x) &(int){ MAX(1, x) }
#define ASK &(int){ -1 }

DRIVER(getrf)
{
    OPEN;
    getrf[f](&m, &n, q->A, LD(m), q->P, &info);
    end(q, &w, info);
}

DRIVER(getrs)
{
    OPEN;
    getrs[f](&q->trans, &n, &k, q->A, LD(n), q->P, q->B, LD(n), &info, 1);
    end(q, &w, info);
}

DRIVER(getri)
{
    OPEN;
    getri[f](&n, q->A, LD(n), q->P, query, ASK, &info);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed)
        getri[f](&n, q->A, LD(n), q->P, work, &lwork, &info);
    end(q, &w, info);
}

/* The condition estimators have one shape: iwork of n ints for real, rwork of 2n reals for complex classes. */
#define CONDITION(name, call)                                                                  \
    DRIVER(name)                                                                               \
    {                                                                                          \
        OPEN;                                                                                  \
        void *work = space(&w, 4 * (size_t)n * size), *iwork = space(&w, 2 * (size_t)n * 8);   \
        double anorm = 0, rcond = 0;                                                           \
        set_real(f, &anorm, q->num);                                                           \
        if (!w.failed)                                                                         \
            call;                                                                              \
        q->num = get_real(f, &rcond);                                                          \
        end(q, &w, info);                                                                      \
    }
CONDITION(gecon, (gecon[f]("1", &n, q->A, LD(n), &anorm, &rcond, work, iwork, &info, 1)))
CONDITION(pocon, (pocon[f](&q->uplo, &n, q->A, LD(n), &anorm, &rcond, work, iwork, &info, 1)))
CONDITION(trcon, (trcon[f]("1", &q->uplo, &q->diag, &n, q->A, LD(n), &rcond, work, iwork, &info, 1, 1, 1)))

DRIVER(potrf)
{
    OPEN;
    potrf[f](&q->uplo, &n, q->A, LD(n), &info, 1);
    end(q, &w, info);
}

DRIVER(potrs)
{
    OPEN;
    potrs[f](&q->uplo, &n, &k, q->A, LD(n), q->B, LD(n), &info, 1);
    end(q, &w, info);
}

DRIVER(potri)
{
    OPEN;
    potri[f](&q->uplo, &n, q->A, LD(n), &info, 1);
    end(q, &w, info);
}

DRIVER(trtri)
{
    OPEN;
    trtri[f](&q->uplo, "N", &n, q->A, LD(n), &info, 1, 1);
    end(q, &w, info);
}

DRIVER(trtrs)
{
    OPEN;
    trtrs[f](&q->uplo, &q->trans, &q->diag, &n, &k, q->A, LD(n), q->B, LD(n), &info, 1, 1, 1);
    end(q, &w, info);
}

/* Solving with its condition in one job: num is the norm on the way in and rcond on the way out; nothing is solved when a
   pivot is zero. */
/* Whether a solve may skip the estimate of its condition, which takes five solves and is a fifth of the time at n = 1000.
   One solve of a vector x of mixed sizes and signs gives |inv(A) x| / |x|, which is below |inv(A)| by about n and hardly
   ever by more, since x meets the worst direction as any other; where it leaves a factor of 1e5 to spare, A is no case
   for a warning, and num becomes what that solve says.  The rest, and all but doubles, takes the estimate. */
static bool far_from_singular(struct lapack *q, lapack_driver *solve)
{
    double few[64], *x = few, before = 0, after = 0;
    if (q->dtype != D_DOUBLE || !(q->num > 0) || q->n < 1)
        return false;
    if (q->n > (i64)(sizeof few / sizeof *few) && !(x = malloc((size_t)q->n * sizeof *x)))
        return false;
    uint64_t s = 1;
    for (i64 i = 0; i < q->n; i++) {          /* from -1.5 to -0.5 and from 0.5 to 1.5 */
        s = s * 6364136223846793005u + 1442695040888963407u;
        x[i] = ((double)(s >> 33) * 0x1p-31 + 0.5) * (s >> 32 & 1 ? 1 : -1);
        before += fabs(x[i]);
    }
    struct lapack p = *q;
    p.k = 1;
    p.B = (char *)x;
    solve(&p);
    for (i64 i = 0; i < q->n; i++)
        after += fabs(x[i]);
    if (x != few)
        free(x);
    double condition = q->num * after / before * (double)q->n;
    if (p.info || !(condition < 1e10))
        return false;
    q->num = 1 / condition;
    return true;
}

DRIVER(gesv)
{
    lapack_getrf(q);
    if (q->info > 0)
        q->num = 0;
    if (q->info)
        return;
    if (!far_from_singular(q, lapack_getrs))
        lapack_gecon(q);
    if (!q->info)
        lapack_getrs(q);
}

DRIVER(posv)
{
    lapack_potrf(q);
    if (q->info)
        return;
    if (!far_from_singular(q, lapack_potrs))
        lapack_pocon(q);
    if (!q->info)
        lapack_potrs(q);
}

DRIVER(geqrf)
{
    OPEN;
    geqrf[f](&m, &n, q->A, LD(m), q->S, query, ASK, &info);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed)
        geqrf[f](&m, &n, q->A, LD(m), q->S, work, &lwork, &info);
    end(q, &w, info);
}

DRIVER(orgqr)
{
    OPEN;
    orgqr[f](&m, &n, &k, q->A, LD(m), q->S, query, ASK, &info);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed)
        orgqr[f](&m, &n, &k, q->A, LD(m), q->S, work, &lwork, &info);
    end(q, &w, info);
}

DRIVER(geqp3)
{
    OPEN;
    void *rwork = space(&w, 2 * (size_t)n * rsize);
    if (cplx)
        cgeqp3[f](&m, &n, q->A, LD(m), q->P, q->S, query, ASK, rwork, &info);
    else
        geqp3[f](&m, &n, q->A, LD(m), q->P, q->S, query, ASK, &info);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed) {
        if (cplx)
            cgeqp3[f](&m, &n, q->A, LD(m), q->P, q->S, work, &lwork, rwork, &info);
        else
            geqp3[f](&m, &n, q->A, LD(m), q->P, q->S, work, &lwork, &info);
    }
    end(q, &w, info);
}

/* Full rank least squares (m >= n) or least norm (m < n); num: the condition of the triangle, for the caller to judge. */
DRIVER(gels)
{
    OPEN;
    int mn = MIN(m, n);
    gels[f]("N", &m, &n, &k, q->A, LD(m), q->B, LD(MAX(m, n)), query, ASK, &info, 1);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)MAX(lwork, 4 * mn) * size), *iwork = space(&w, 2 * (size_t)mn * 8);
    double rcond = 0;
    if (!w.failed) {
        gels[f]("N", &m, &n, &k, q->A, LD(m), q->B, LD(MAX(m, n)), work, &lwork, &info, 1);
        if (!info)
            trcon[f]("1", m >= n ? "U" : "L", "N", &mn, q->A, LD(m), &rcond, work, iwork, &info, 1, 1, 1);
    }
    q->num = get_real(f, &rcond);
    end(q, &w, info);
}

DRIVER(gelsd)
{
    OPEN;
    double tol = 0, rneed = 0;
    int ineed = 0;
    void *s = space(&w, (size_t)MAX(1, MIN(m, n)) * rsize);
    set_real(f, &tol, q->num);
    if (cplx)
        cgelsd[f](&m, &n, &k, q->A, LD(m), q->B, LD(MAX(m, n)), s, &tol, &q->rank, query, ASK, &rneed, &ineed, &info);
    else
        gelsd[f](&m, &n, &k, q->A, LD(m), q->B, LD(MAX(m, n)), s, &tol, &q->rank, query, ASK, &ineed, &info);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size), *iwork = space(&w, (size_t)MAX(1, ineed) * sizeof(int));
    if (!w.failed) {
        if (cplx) {
            void *rwork = space(&w, (size_t)asked(f & 1, &rneed) * rsize);
            if (!w.failed)
                cgelsd[f](&m, &n, &k, q->A, LD(m), q->B, LD(MAX(m, n)), s, &tol, &q->rank, work, &lwork, rwork, iwork, &info);
        } else {
            gelsd[f](&m, &n, &k, q->A, LD(m), q->B, LD(MAX(m, n)), s, &tol, &q->rank, work, &lwork, iwork, &info);
        }
    }
    end(q, &w, info);
}

DRIVER(gesdd)
{
    OPEN;
    int mn = MIN(m, n), ldv = q->job == 'S' ? mn : n;
    size_t rneed = q->job == 'N' ? 7 * (size_t)mn
                                 : MAX(5 * (size_t)mn * mn + 5 * (size_t)mn,
                                       2 * (size_t)MAX(m, n) * mn + 2 * (size_t)mn * mn + mn);
    void *iwork = space(&w, 8 * (size_t)mn * sizeof(int)), *rwork = space(&w, cplx ? rneed * rsize : 0);
    if (cplx)
        cgesdd[f](&q->job, &m, &n, q->A, LD(m), q->S, q->U, LD(m), q->V, LD(ldv), query, ASK, rwork, iwork, &info, 1);
    else
        gesdd[f](&q->job, &m, &n, q->A, LD(m), q->S, q->U, LD(m), q->V, LD(ldv), query, ASK, iwork, &info, 1);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed) {
        if (cplx)
            cgesdd[f](&q->job, &m, &n, q->A, LD(m), q->S, q->U, LD(m), q->V, LD(ldv), work, &lwork, rwork, iwork, &info, 1);
        else
            gesdd[f](&q->job, &m, &n, q->A, LD(m), q->S, q->U, LD(m), q->V, LD(ldv), work, &lwork, iwork, &info, 1);
    }
    end(q, &w, info);
}

enum { SMALL_EIG = 64 };                      /* up to here by QR iteration: the last bits are Octave's, and it is as fast */
DRIVER(syevd)
{
    OPEN;
    int ineed = 0;
    double rneed[2] = { 0 };
    if (n <= SMALL_EIG) {
        if (cplx)
            heev[f](&q->job, &q->uplo, &n, q->A, LD(n), q->S, query, ASK, rneed, &info, 1, 1);
        else
            syev[f](&q->job, &q->uplo, &n, q->A, LD(n), q->S, query, ASK, &info, 1, 1);
        int lwork = asked(f, query);
        void *work = space(&w, (size_t)lwork * size), *rwork = space(&w, 3 * (size_t)n * rsize);
        if (!w.failed && cplx)
            heev[f](&q->job, &q->uplo, &n, q->A, LD(n), q->S, work, &lwork, rwork, &info, 1, 1);
        else if (!w.failed)
            syev[f](&q->job, &q->uplo, &n, q->A, LD(n), q->S, work, &lwork, &info, 1, 1);
        end(q, &w, info);
        return;
    }
    if (cplx)
        heevd[f](&q->job, &q->uplo, &n, q->A, LD(n), q->S, query, ASK, rneed, ASK, &ineed, ASK, &info, 1, 1);
    else
        syevd[f](&q->job, &q->uplo, &n, q->A, LD(n), q->S, query, ASK, &ineed, ASK, &info, 1, 1);
    int lwork = asked(f, query), lrwork = asked(f & 1, rneed);
    void *work = space(&w, (size_t)lwork * size), *iwork = space(&w, (size_t)ineed * sizeof(int)),
         *rwork = space(&w, (size_t)lrwork * rsize);
    if (!w.failed) {
        if (cplx)
            heevd[f](&q->job, &q->uplo, &n, q->A, LD(n), q->S, work, &lwork, rwork, &lrwork, iwork, &ineed, &info, 1, 1);
        else
            syevd[f](&q->job, &q->uplo, &n, q->A, LD(n), q->S, work, &lwork, iwork, &ineed, &info, 1, 1);
    }
    end(q, &w, info);
}

static void join_complex(int f, void *to, const void *re, const void *im, int n)
{
    for (int i = 0; i < n; i++) {
        if (f & 1)
            ((float _Complex *)to)[i] = CMPLXF(((const float *)re)[i], ((const float *)im)[i]);
        else
            ((double _Complex *)to)[i] = CMPLX(((const double *)re)[i], ((const double *)im)[i]);
    }
}

DRIVER(geev)
{
    OPEN;
    const char *jl = q->U ? "V" : "N", *jr = q->V ? "V" : "N";
    void *r = space(&w, 2 * (size_t)n * rsize), *wi = space(&w, (size_t)n * rsize);
    if (cplx)
        cgeev[f](jl, jr, &n, q->A, LD(n), q->S, q->U, LD(n), q->V, LD(n), query, ASK, r, &info, 1, 1);
    else
        geev[f](jl, jr, &n, q->A, LD(n), r, wi, q->U, LD(n), q->V, LD(n), query, ASK, &info, 1, 1);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed) {
        if (cplx) {
            cgeev[f](jl, jr, &n, q->A, LD(n), q->S, q->U, LD(n), q->V, LD(n), work, &lwork, r, &info, 1, 1);
        } else {
            geev[f](jl, jr, &n, q->A, LD(n), r, wi, q->U, LD(n), q->V, LD(n), work, &lwork, &info, 1, 1);
            join_complex(f, q->S, r, wi, n);
        }
    }
    end(q, &w, info);
}

/* s = alpha / beta: (re + i im) / beta where the routine is real, else s / beta with a beta that is real in truth. beta
   0 is an eigenvalue Inf, without an imaginary part of 0 / 0. */
static void over_beta(int f, void *s, const void *re, const void *im, const void *beta, int n)
{
    for (int i = 0; i < n; i++) {
        double _Complex a = f == 0   ? CMPLX(((const double *)re)[i], ((const double *)im)[i])
                            : f == 1 ? CMPLX(((const float *)re)[i], ((const float *)im)[i])
                            : f == 2 ? ((double _Complex *)s)[i]
                                     : ((float _Complex *)s)[i];
        double b = f == 0 ? ((const double *)beta)[i] : f == 1 ? ((const float *)beta)[i]
                 : f == 2 ? creal(((const double _Complex *)beta)[i]) : crealf(((const float _Complex *)beta)[i]);
        double _Complex l = CMPLX(creal(a) / b, cimag(a) == 0 ? 0 : cimag(a) / b);
        if (f & 1)
            ((float _Complex *)s)[i] = (float _Complex)l;
        else
            ((double _Complex *)s)[i] = l;
    }
}

DRIVER(ggev)
{
    OPEN;
    const char *jl = q->U ? "V" : "N", *jr = q->V ? "V" : "N";
    char *r = space(&w, 8 * (size_t)n * rsize), *part = space(&w, 4 * (size_t)n * rsize);
    char *ai = part + (size_t)n * rsize, *beta = part + 2 * (size_t)n * rsize;
    if (w.failed) {
        end(q, &w, info);
        return;
    }
    if (cplx)
        cggev[f](jl, jr, &n, q->A, LD(n), q->B, LD(n), q->S, beta, q->U, LD(n), q->V, LD(n), query, ASK, r, &info, 1, 1);
    else
        ggev[f](jl, jr, &n, q->A, LD(n), q->B, LD(n), part, ai, beta, q->U, LD(n), q->V, LD(n), query, ASK, &info, 1, 1);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed) {
        if (cplx) {
            cggev[f](jl, jr, &n, q->A, LD(n), q->B, LD(n), q->S, beta, q->U, LD(n), q->V, LD(n), work, &lwork, r, &info,
                     1, 1);
        } else {
            ggev[f](jl, jr, &n, q->A, LD(n), q->B, LD(n), part, ai, beta, q->U, LD(n), q->V, LD(n), work, &lwork, &info,
                    1, 1);
            join_complex(f, q->S, part, ai, n);
        }
        over_beta(f, q->S, part, ai, beta, n);
    }
    end(q, &w, info);
}

DRIVER(sygvd)
{
    OPEN;
    int ineed = 0, one = 1;
    double rneed[2] = { 0 };
    if (cplx)
        hegvd[f](&one, &q->job, "U", &n, q->A, LD(n), q->B, LD(n), q->S, query, ASK, rneed, ASK, &ineed, ASK, &info, 1, 1);
    else
        sygvd[f](&one, &q->job, "U", &n, q->A, LD(n), q->B, LD(n), q->S, query, ASK, &ineed, ASK, &info, 1, 1);
    int lwork = asked(f, query), lrwork = asked(f & 1, rneed);
    void *work = space(&w, (size_t)lwork * size), *iwork = space(&w, (size_t)ineed * sizeof(int)),
         *rwork = space(&w, (size_t)lrwork * rsize);
    if (!w.failed) {
        if (cplx)
            hegvd[f](&one, &q->job, "U", &n, q->A, LD(n), q->B, LD(n), q->S, work, &lwork, rwork, &lrwork, iwork,
                     &ineed, &info, 1, 1);
        else
            sygvd[f](&one, &q->job, "U", &n, q->A, LD(n), q->B, LD(n), q->S, work, &lwork, iwork, &ineed, &info, 1, 1);
    }
    end(q, &w, info);
}

DRIVER(gebal)
{
    OPEN;
    gebal[f](&q->job, &n, q->A, LD(n), &q->ilo, &q->ihi, q->S, &info, 1);
    end(q, &w, info);
}

DRIVER(gebak)
{
    OPEN;
    gebak[f](&q->job, "R", &n, &q->ilo, &q->ihi, q->S, &m, q->V, LD(n), &info, 1, 1);
    end(q, &w, info);
}

DRIVER(gehrd)
{
    OPEN;
    gehrd[f](&n, &q->ilo, &q->ihi, q->A, LD(n), q->S, query, ASK, &info);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed)
        gehrd[f](&n, &q->ilo, &q->ihi, q->A, LD(n), q->S, work, &lwork, &info);
    end(q, &w, info);
}

DRIVER(orghr)
{
    OPEN;
    orghr[f](&n, &q->ilo, &q->ihi, q->A, LD(n), q->S, query, ASK, &info);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed)
        orghr[f](&n, &q->ilo, &q->ihi, q->A, LD(n), q->S, work, &lwork, &info);
    end(q, &w, info);
}

DRIVER(gees)
{
    OPEN;
    int sdim;
    void *r = space(&w, 2 * (size_t)n * size), *wi = space(&w, (size_t)n * rsize);
    if (cplx)
        cgees[f]("V", "N", NULL, &n, q->A, LD(n), &sdim, r, q->V, LD(n), query, ASK, wi, NULL, &info, 1, 1);
    else
        gees[f]("V", "N", NULL, &n, q->A, LD(n), &sdim, r, wi, q->V, LD(n), query, ASK, NULL, &info, 1, 1);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed) {
        if (cplx)
            cgees[f]("V", "N", NULL, &n, q->A, LD(n), &sdim, r, q->V, LD(n), work, &lwork, wi, NULL, &info, 1, 1);
        else
            gees[f]("V", "N", NULL, &n, q->A, LD(n), &sdim, r, wi, q->V, LD(n), work, &lwork, NULL, &info, 1, 1);
    }
    end(q, &w, info);
}

DRIVER(trsen)
{
    OPEN;
    int count, lwork = MAX(1, n * n), liwork = MAX(1, n);
    double s[2], sep[2];
    void *r = space(&w, 2 * (size_t)n * size), *work = space(&w, (size_t)lwork * size),
         *iwork = space(&w, (size_t)liwork * sizeof(int));
    if (!w.failed) {
        if (cplx)
            ctrsen[f]("N", "V", q->P, &n, q->A, LD(n), q->V, LD(n), r, &count, s, sep, work, &lwork, &info, 1, 1);
        else
            trsen[f]("N", "V", q->P, &n, q->A, LD(n), q->V, LD(n), r, (char *)r + (size_t)n * rsize, &count, s, sep,
                     work, &lwork, iwork, &liwork, &info, 1, 1);
    }
    end(q, &w, info);
}

DRIVER(gges)
{
    OPEN;
    int sdim;
    char *part = space(&w, 3 * (size_t)n * rsize + size), *ai = part + (size_t)n * rsize, *beta = ai + (size_t)n * rsize;
    void *r = space(&w, 8 * (size_t)n * rsize);
    void *cbeta = space(&w, (size_t)n * size);
    if (w.failed) {
        end(q, &w, info);
        return;
    }
    if (cplx)
        cgges[f]("V", "V", "N", NULL, &n, q->A, LD(n), q->B, LD(n), &sdim, q->S, cbeta, q->U, LD(n), q->V, LD(n), query,
                 ASK, r, NULL, &info, 1, 1, 1);
    else
        gges[f]("V", "V", "N", NULL, &n, q->A, LD(n), q->B, LD(n), &sdim, part, ai, beta, q->U, LD(n), q->V, LD(n),
                query, ASK, NULL, &info, 1, 1, 1);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed) {
        if (cplx)
            cgges[f]("V", "V", "N", NULL, &n, q->A, LD(n), q->B, LD(n), &sdim, q->S, cbeta, q->U, LD(n), q->V, LD(n),
                     work, &lwork, r, NULL, &info, 1, 1, 1);
        else
            gges[f]("V", "V", "N", NULL, &n, q->A, LD(n), q->B, LD(n), &sdim, part, ai, beta, q->U, LD(n), q->V, LD(n),
                    work, &lwork, NULL, &info, 1, 1, 1);
        over_beta(f, q->S, part, ai, cplx ? cbeta : beta, n);
    }
    end(q, &w, info);
}

DRIVER(tgsen)
{
    OPEN;
    int count, job = 0, yes = 1, lwork = 4 * n + 16, liwork = n + 6;
    double pl[2], pr[2], dif[4];
    char *part = space(&w, 3 * (size_t)n * size + size), *ai = part + (size_t)n * size, *beta = ai + (size_t)n * size;
    void *work = space(&w, (size_t)lwork * size), *iwork = space(&w, (size_t)liwork * sizeof(int));
    if (!w.failed) {
        if (cplx)
            ctgsen[f](&job, &yes, &yes, q->P, &n, q->A, LD(n), q->B, LD(n), q->S, beta, q->U, LD(n), q->V, LD(n),
                      &count, pl, pr, dif, work, &lwork, iwork, &liwork, &info);
        else
            tgsen[f](&job, &yes, &yes, q->P, &n, q->A, LD(n), q->B, LD(n), part, ai, beta, q->U, LD(n), q->V, LD(n),
                     &count, pl, pr, dif, work, &lwork, iwork, &liwork, &info);
        over_beta(f, q->S, part, ai, beta, n);
    }
    end(q, &w, info);
}

DRIVER(tgevc)
{
    OPEN;
    int count;
    void *work = space(&w, 6 * (size_t)n * size), *r = space(&w, 2 * (size_t)n * rsize);
    if (!w.failed) {
        if (cplx)
            ctgevc[f]("B", "B", NULL, &n, q->A, LD(n), q->B, LD(n), q->U, LD(n), q->V, LD(n), &n, &count, work, r,
                      &info, 1, 1);
        else
            tgevc[f]("B", "B", NULL, &n, q->A, LD(n), q->B, LD(n), q->U, LD(n), q->V, LD(n), &n, &count, work, &info, 1, 1);
    }
    end(q, &w, info);
}

DRIVER(ggsvd)
{
    OPEN;
    char *alpha = q->S, *beta = alpha + (size_t)n * rsize;
    const char *u = q->U ? "U" : "N", *v = q->V ? "V" : "N", *z = q->Z ? "Q" : "N";
    void *iwork = space(&w, (size_t)n * sizeof(int)), *r = space(&w, 2 * (size_t)n * rsize);
    if (cplx)
        cggsvd3[f](u, v, z, &m, &n, &k, &q->ilo, &q->ihi, q->A, LD(m), q->B, LD(k), alpha, beta, q->U, LD(m), q->V,
                   LD(k), q->Z, LD(n), query, ASK, r, iwork, &info, 1, 1, 1);
    else
        ggsvd3[f](u, v, z, &m, &n, &k, &q->ilo, &q->ihi, q->A, LD(m), q->B, LD(k), alpha, beta, q->U, LD(m), q->V,
                  LD(k), q->Z, LD(n), query, ASK, iwork, &info, 1, 1, 1);
    int lwork = asked(f, query);
    void *work = space(&w, (size_t)lwork * size);
    if (!w.failed) {
        if (cplx)
            cggsvd3[f](u, v, z, &m, &n, &k, &q->ilo, &q->ihi, q->A, LD(m), q->B, LD(k), alpha, beta, q->U, LD(m), q->V,
                       LD(k), q->Z, LD(n), work, &lwork, r, iwork, &info, 1, 1, 1);
        else
            ggsvd3[f](u, v, z, &m, &n, &k, &q->ilo, &q->ihi, q->A, LD(m), q->B, LD(k), alpha, beta, q->U, LD(m), q->V,
                      LD(k), q->Z, LD(n), work, &lwork, iwork, &info, 1, 1, 1);
    }
    end(q, &w, info);
}

DRIVER(trsyl)
{
    OPEN;
    double scale[2] = { 0 };
    trsyl[f]("N", "N", &(int){ 1 }, &m, &n, q->A, LD(m), q->B, LD(n), q->U, LD(m), scale, &info, 1, 1);
    q->num = get_real(f, scale);
    end(q, &w, info);
}

/* Below how many operations a driver is on one thread.  Two threads on two cores, else idle, break even at n = 300 for lu, 400
 * to 500 for qr, symmetric eigenvalues and svd (qr of 100: 0.27 ms on one, 0.36 on two); where other programs run,
 * threads that wait for each other at each column cost a factor of 10 to 60. */
static double few_of(lapack_driver *f)
{
    static const struct { lapack_driver *f; double few; } rows[] = {
        { lapack_getrf, 2e7 }, { lapack_getrs, 2e7 }, { lapack_getri, 1e7 }, { lapack_gesv, 2e7 },  { lapack_potrf, 5e6 },
        { lapack_potrs, 2e7 }, { lapack_potri, 1e7 }, { lapack_posv, 1e7 },  { lapack_trtri, 1e7 }, { lapack_trtrs, 1e7 },
        { lapack_gesdd, 6e8 }, { lapack_geev, 2e9 },  { lapack_ggev, 2e9 },  { lapack_gees, 2e9 },  { lapack_gges, 2e9 },
    };
    for (int i = 0; i < COUNT(rows); i++)
        if (rows[i].f == f)
            return rows[i].few;
    return 3e8;
}

struct lapack_call { lapack_driver *f; double operations; struct lapack q; };
static void run(void *arg)
{
    struct lapack_call *c = arg;
    bool one = alone(c->operations, few_of(c->f));
    c->f(&c->q);
    alone_end(one);
}

void lapack(lapack_driver *f, struct lapack *q, double flops)
{
    if (q->m >= BLAS_MAX || q->n >= BLAS_MAX || q->k >= BLAS_MAX)
        fail("tl:blas-size", "a matrix with 2^30 or more rows or columns is too large for the LAPACK library");
    settle_threads();
    struct tensor *const t[] = { q->a, q->b, q->u, q->s, q->v, q->z, q->p };
    q->A = q->a ? q->a->data : NULL;
    q->B = q->b ? q->b->data : NULL;
    q->U = q->u ? q->u->data : NULL;
    q->S = q->s ? q->s->data : NULL;
    q->V = q->v ? q->v->data : NULL;
    q->Z = q->z ? q->z->data : NULL;
    q->P = q->p ? (int *)q->p->data : NULL;
    q->info = 0;
    struct lapack_call c = { f, flops * (dtype_is(q->dtype, DT_C) ? 4 : 1), *q };
    double began = clock_begin();
    job_run(run, &c, sizeof c, COUNT(t), t, c.operations / 30e9);
    clock_end(began, c.operations);
    *q = c.q;
    if (q->info == LAPACK_MEMORY)
        fail("Octave:out-of-memory", "out of memory for the workspace of a %lldx%lld matrix",
             (long long)MAX(q->m, q->n), (long long)q->n);
}
