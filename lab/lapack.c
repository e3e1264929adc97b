/* SPDX-License-Identifier: BSD-3-Clause */
/* lapack.c: LAPACK's drivers, one function each, and how they are run.
 *
 * The idea: a driver gets raw memory in one struct and returns a code, for all four types by tables of four; so it may run on
 * a helper thread (job.c) that Ctrl-C leaves behind.  Hence malloc, and no failure inside. */
#include "blas.h"
#include "job.h"
#include "plan.h"
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- LAPACK: prototypes and tables of four from lapack.def, indexed by blas_form() */
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
    const int f = blas_form(q->dtype), m = (int)q->m, n = (int)q->n, k = (int)q->k;            \
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
    bool one = blas_alone(c->operations, few_of(c->f));
    c->f(&c->q);
    blas_alone_end(one);
}

void lapack(lapack_driver *f, struct lapack *q, double flops)
{
    if (q->m >= BLAS_MAX || q->n >= BLAS_MAX || q->k >= BLAS_MAX)
        fail("tl:blas-size", "a matrix with 2^30 or more rows or columns is too large for the LAPACK library");
    blas_settle();
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
    double began = blas_clock_begin();
    job_run(run, &c, sizeof c, COUNT(t), t, c.operations / 30e9);
    blas_clock_end(began, c.operations);
    *q = c.q;
    if (q->info == LAPACK_MEMORY)
        fail("Octave:out-of-memory", "out of memory for the workspace of a %lldx%lld matrix",
             (long long)MAX(q->m, q->n), (long long)q->n);
}
