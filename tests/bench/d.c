/* SPDX-License-Identifier: BSD-3-Clause */
/* Table D, the limit: the same BLAS and LAPACK called directly, work space allocated before the clock starts. */
#include "bench.h"
#include <cblas.h>

extern void dgesv_(const int *, const int *, double *, const int *, int *, double *, const int *, int *);
extern void dgetrf_(const int *, const int *, double *, const int *, int *, int *);
extern void dgetri_(const int *, double *, const int *, const int *, double *, const int *, int *);
extern void dgeqrf_(const int *, const int *, double *, const int *, double *, double *, const int *, int *);
extern void dorgqr_(const int *, const int *, const int *, double *, const int *, const double *, double *, const int *, int *);
extern void dpotrf_(const char *, const int *, double *, const int *, int *);
extern void dgesdd_(const char *, const int *, const int *, double *, const int *, double *, double *, const int *, double *, const int *,
                    double *, const int *, int *, int *);
extern void dsyevd_(const char *, const char *, const int *, double *, const int *, double *, double *, const int *, int *, const int *, int *);
extern void dgeev_(const char *, const char *, const int *, double *, const int *, double *, double *, double *, const int *, double *,
                   const int *, double *, const int *, int *);

static const char *threads;

static double *matrix(int n, int m)
{
    double *p = aligned_alloc(64, ((size_t)n * m * 8 + 63) & ~63ul);
    for (size_t i = 0; i < (size_t)n * m; i++)
        p[i] = drand48();
    return p;
}

#define OUT(name, n, reps, prepare, ...) do { \
    double t; \
    MEDIAN(t, reps, prepare, __VA_ARGS__); \
    printf("D." name "%d;C;%s;%.6g\n", n, threads, t); \
    fflush(stdout); } while (0)

static void products(int n)
{
    double *a = matrix(n, n), *b = matrix(n, n), *c = matrix(n, n), t;
    float *x = malloc(n * n * 4l), *y = malloc(n * n * 4l), *z = malloc(n * n * 4l);
    for (int i = 0; i < n * n; i++)
        x[i] = a[i], y[i] = b[i], z[i] = 0;
    REPEAT(t, 0.02, cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a, n, b, n, 0, c, n));
    printf("D.dgemm%d;C;%s;%.6g\n", n, threads, t);
    REPEAT(t, 0.02, cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, x, n, y, n, 0, z, n));
    printf("D.sgemm%d;C;%s;%.6g\n", n, threads, t);
    free(a); free(b); free(c); free(x); free(y); free(z);
}

static void solve(int n, int reps)
{
    double *a = matrix(n, n), *w = matrix(n, n), *b = matrix(n, 1), *x = matrix(n, 1);
    int one = 1, info, *p = malloc(n * sizeof *p);
    for (int i = 0; i < n; i++)
        a[i * (n + 1l)] += 10;
    OUT("solve", n, reps, (memcpy(w, a, 8l * n * n), memcpy(x, b, 8l * n)), dgesv_(&n, &one, w, &n, p, x, &n, &info));
    free(a); free(w); free(b); free(x); free(p);
}

static void factors(int n)
{
    int lw = 64 * n, info, *p = malloc(n * sizeof *p);
    double *a = matrix(n, n), *w = matrix(n, n), *s = matrix(n, n), *tau = matrix(n, 1), *work = matrix(lw, 1);
    for (int i = 0; i < n; i++)
        a[i * (n + 1l)] += 10;
#define COPY(from) memcpy(w, from, 8l * n * n)
    OUT("lu", n, 5, COPY(a), dgetrf_(&n, &n, w, &n, p, &info));
    OUT("qr", n, 3, COPY(a), (dgeqrf_(&n, &n, w, &n, tau, work, &lw, &info), dorgqr_(&n, &n, &n, w, &n, tau, work, &lw, &info)));
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, n, n, n, 1, a, n, a, n, 0, s, n);
    OUT("chol", n, 5, COPY(s), dpotrf_("U", &n, w, &n, &info));
    OUT("inv", n, 5, COPY(a), (dgetrf_(&n, &n, w, &n, p, &info), dgetri_(&n, w, &n, p, work, &lw, &info)));
    OUT("det", n, 5, COPY(a), dgetrf_(&n, &n, w, &n, p, &info));
    free(a); free(w); free(s); free(tau); free(work); free(p);
}

static void spectra(int n)
{
    int lw = 8 * n * n + 64 * n, li = 10 * n, info, *iw = malloc(li * sizeof *iw);
    double *a = matrix(n, n), *w = matrix(n, n), *y = matrix(n, n), *u = matrix(n, n), *v = matrix(n, n);
    double *s = matrix(n, 1), *si = matrix(n, 1), *work = matrix(lw, 1);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            y[i + j * n] = a[i + j * n] + a[j + i * n];
    OUT("svd", n, 3, COPY(a), dgesdd_("A", &n, &n, w, &n, s, u, &n, v, &n, work, &lw, iw, &info));
    OUT("svdvals", n, 3, COPY(a), dgesdd_("N", &n, &n, w, &n, s, u, &n, v, &n, work, &lw, iw, &info));
    OUT("eigsym", n, 3, COPY(y), dsyevd_("V", "U", &n, w, &n, s, work, &lw, iw, &li, &info));
    OUT("eiggen", n, 3, COPY(a), dgeev_("N", "V", &n, w, &n, s, si, u, &n, v, &n, work, &lw, &info));
    free(a); free(w); free(y); free(u); free(v); free(s); free(si); free(work); free(iw);
}

int main(void)
{
    const char *q = getenv("QUICK");
    int quick = q && *q;
    static const int sizes[] = {64, 256, 1024, 3000};
    threads = getenv("THREADS") ? getenv("THREADS") : "1";
    for (int k = quick; k < 4 - quick; k++)
        products(sizes[k]);
    solve(quick ? 500 : 1000, 5);
    factors(quick ? 500 : 1000);
    spectra(quick ? 300 : 500);
    if (!quick)
        solve(3000, 3);
    return 0;
}
