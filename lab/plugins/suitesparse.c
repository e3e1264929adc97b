/* SPDX-License-Identifier: BSD-3-Clause */
/* suitesparse.c: factors of sparse matrices by SuiteSparse: CHOLMOD, UMFPACK, SPQR, AMD, COLAMD,
 * CCOLAMD, and matchings by CXSparse.
 *
 * Why these: CHOLMOD's supernodal Cholesky and UMFPACK's multifrontal LU do their work in BLAS products, which makes
 * the Poisson system with 1e6 unknowns some ten times faster than codes that go element by element (CXSparse, KLU) or
 * column by column, and they take 64-bit indices as they are.  The supernodal part of CHOLMOD, UMFPACK and SPQR are
 * under GPL-2.0-or-later, the rest under LGPL or BSD: so they are in this plugin, which only a session that solves a
 * sparse system loads, and nothing of tl is linked with them.
 *
 * The one idea: everything a call takes from the libraries hangs on one struct work; the body runs under `protect`, so
 * whatever fails, `close_work` gives all of it back.  The libraries cannot be interrupted: a long step on a large
 * matrix runs on a thread of its own, on copies that hang on the same struct, and after Ctrl-C it is left to its end,
 * where it gives all back. */
#include "lab/tl_plugin.h"
#include <SuiteSparseQR_C.h>
#include <amd.h>
#include <ccolamd.h>
#include <cholmod.h>
#include <colamd.h>
#include <cs.h>
#undef complex                                /* which it brings from <complex.h> */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <umfpack.h>

TL_PLUGIN("factors of sparse matrices")

struct work {
    struct call *c;
    void (*body)(struct work *w);
    cholmod_common cm;
    cholmod_factor *l;
    cholmod_sparse *s[4];
    cholmod_dense *d[4];
    SuiteSparseQR_C_factorization *qr;
    SuiteSparse_long *perm;
    void *symbolic, *numeric;
    bool complex;                             /* UMFPACK's */
    /* what a step reads and leaves: all here, since nobody may be waiting when it ends */
    struct sparse_array in;
    cholmod_sparse a;
    cholmod_dense b;
    double control[UMFPACK_CONTROL], info[UMFPACK_INFO];
    SuiteSparse_long status, rows;
    bool fixed, with_q, ordered;               /* columns keep their places; of QR: Q, P wanted */
    void *own[8];
    int owned, threads;
    void (*step)(struct work *w);
    bool large, running, done, left;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t over;
};
enum { LARGE = 20000 };                       /* entries above which a step has a thread of its own */

/* Of the program's OpenMP, if it has any: BLAS on the step's thread uses as many threads as here. */
extern int omp_get_max_threads(void) __attribute__((weak));
extern void omp_set_num_threads(int n) __attribute__((weak));

static void run_body(void *arg)
{
    struct work *w = arg;
    w->body(w);
}

static void close_work(struct work *w)
{
    if (w->l)
        cholmod_l_free_factor(&w->l, &w->cm);
    for (int i = 0; i < 4; i++) {
        if (w->s[i])
            cholmod_l_free_sparse(&w->s[i], &w->cm);
        if (w->d[i])
            cholmod_l_free_dense(&w->d[i], &w->cm);
    }
    if (w->qr)
        SuiteSparseQR_C_free(&w->qr, &w->cm);
    if (w->perm)
        cholmod_l_free(0, sizeof(SuiteSparse_long), w->perm, &w->cm);
    if (w->symbolic)
        w->complex ? umfpack_zl_free_symbolic(&w->symbolic) : umfpack_dl_free_symbolic(&w->symbolic);
    if (w->numeric)
        w->complex ? umfpack_zl_free_numeric(&w->numeric) : umfpack_dl_free_numeric(&w->numeric);
    cholmod_l_finish(&w->cm);
    for (int i = 0; i < w->owned; i++)
        free(w->own[i]);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->over);
    free(w);
}

static void start_work(struct call *c, void (*body)(struct work *w))
{
    struct work *w = calloc(1, sizeof *w);
    if (!w)
        lab->fail("Octave:out-of-memory", "%s: out of memory", lab->name_of(c));
    w->c = c;
    w->body = body;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->over, NULL);
    cholmod_l_start(&w->cm);
    w->cm.print = 0;
    int failed = lab->protect(run_body, w);
    pthread_mutex_lock(&w->lock);
    bool left = w->left = w->running && !w->done, join = w->running && !left;
    pthread_t thread = w->thread;
    pthread_mutex_unlock(&w->lock);           /* from here on a step that was left may give w back */
    if (left) {
        pthread_detach(thread);
    } else {
        if (join)
            pthread_join(thread, NULL);
        close_work(w);
    }
    if (failed)
        lab->fail_again();
}

static void *run_step(void *arg)
{
    struct work *w = arg;
    if (omp_set_num_threads)
        omp_set_num_threads(w->threads);
    w->step(w);
    pthread_mutex_lock(&w->lock);
    w->done = true;
    bool left = w->left;
    pthread_cond_signal(&w->over);
    pthread_mutex_unlock(&w->lock);
    if (left)
        close_work(w);
    return NULL;
}

/* One call of a library that may take long: it calls nothing of lab and reads nothing but w and what hangs on it. */
static void heavy(struct work *w, void (*step)(struct work *w))
{
    pthread_attr_t attr;
    lab->poll();
    w->step = step;
    w->done = false;
    w->threads = omp_get_max_threads ? omp_get_max_threads() : 1;
    if (w->large) {
        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, (size_t)64 << 20);
        w->running = pthread_create(&w->thread, &attr, run_step, w) == 0;
        pthread_attr_destroy(&attr);
    }
    if (!w->running) {
        step(w);
        return;
    }
    for (bool done = false; !done; ) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 10000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_mutex_lock(&w->lock);
        if (!w->done)
            pthread_cond_timedwait(&w->over, &w->lock, &t);
        done = w->done;
        pthread_mutex_unlock(&w->lock);
        if (!done)
            lab->poll();                      /* jumps after Ctrl-C */
    }
    pthread_join(w->thread, NULL);
    w->running = false;
}

/* A copy that lives as long as w. */
static void *owned(struct work *w, const void *p, size_t bytes)
{
    void *q = malloc(bytes + 8);
    if (!q)
        lab->fail("Octave:out-of-memory", "%s: out of memory", lab->name_of(w->c));
    memcpy(q, p, bytes);
    return w->own[w->owned++] = q;
}
static void own_sparse(struct work *w, struct sparse_array *s)       /* of the first matrix: decides what is large */
{
    w->large = s->nz > LARGE;
    if (!w->large)
        return;
    s->col = owned(w, s->col, (size_t)(s->n + 1) * 8);
    s->row = owned(w, s->row, (size_t)s->nz * 8);
    s->x = owned(w, s->x, (size_t)s->nz * (s->dtype == D_CDOUBLE ? 16 : 8));
}

static void check(struct work *w)             /* of CHOLMOD and SPQR */
{
    lab->poll();
    if (w->cm.status == CHOLMOD_OUT_OF_MEMORY || w->cm.status == CHOLMOD_TOO_LARGE)
        lab->fail("Octave:out-of-memory", "%s: out of memory for the factors", lab->name_of(w->c));
    if (w->cm.status < 0)
        lab->fail("tl:suitesparse", "%s: CHOLMOD fails with status %d", lab->name_of(w->c), w->cm.status);
}
static void check_umf(struct work *w, SuiteSparse_long status)
{
    lab->poll();
    if (status == UMFPACK_ERROR_out_of_memory)
        lab->fail("Octave:out-of-memory", "%s: out of memory for the factors", lab->name_of(w->c));
    if (status < 0)
        lab->fail("tl:suitesparse", "%s: UMFPACK fails with status %lld", lab->name_of(w->c), (long long)status);
}

/* ---- between tl and CHOLMOD: its views of our memory own nothing */
static struct sparse_array sparse_arg(struct call *c, int i)
{
    struct sparse_array s;
    value v = lab->arg(c, i);
    if (lab->kind_of(v) != TL_SPARSE)
        v = lab->call("sparse", 1, v);
    lab->sparse_read(v, &s);
    if (s.dtype == D_LOGICAL) {
        v = lab->call("double", 1, v);
        lab->sparse_read(v, &s);
    }
    return s;
}
static cholmod_sparse view(const struct sparse_array *s, int symmetric)
{
    return (cholmod_sparse){ .nrow = (size_t)s->m,
                             .ncol = (size_t)s->n,
                             .nzmax = (size_t)s->nz,
                             .p = (void *)s->col,
                             .i = (void *)s->row,
                             .x = (void *)s->x,
                             .stype = symmetric,
                             .itype = CHOLMOD_LONG,
                             .xtype = s->dtype == D_CDOUBLE ? CHOLMOD_COMPLEX : CHOLMOD_REAL,
                             .dtype = CHOLMOD_DOUBLE,
                             .sorted = 1,
                             .packed = 1 };
}
static cholmod_dense view_full(const struct array *a)
{
    return (cholmod_dense){ .nrow = (size_t)a->dim[0],
                            .ncol = (size_t)a->dim[1],
                            .nzmax = (size_t)a->numel,
                            .d = (size_t)a->dim[0],
                            .x = a->data,
                            .xtype = a->dtype == D_CDOUBLE ? CHOLMOD_COMPLEX : CHOLMOD_REAL,
                            .dtype = CHOLMOD_DOUBLE };
}
static value of_sparse(const cholmod_sparse *s)
{
    return lab->sparse_make(&(struct sparse_array){ s->xtype == CHOLMOD_COMPLEX ? D_CDOUBLE : D_DOUBLE,
                                                    (int64_t)s->nrow, (int64_t)s->ncol,
                                                    ((SuiteSparse_long *)s->p)[s->ncol], s->p, s->i, s->x });
}
static value of_dense(const cholmod_dense *d)
{
    bool complex = d->xtype == CHOLMOD_COMPLEX;
    struct tensor *t = lab->tensor_new(complex ? D_CDOUBLE : D_DOUBLE, 2, (int64_t[]){ (int64_t)d->nrow, (int64_t)d->ncol });
    size_t size = complex ? 16 : 8;
    for (size_t j = 0; j < d->ncol; j++)
        memcpy((char *)lab->array_of(t).data + j * d->nrow * size, (char *)d->x + j * d->d * size, d->nrow * size);
    return lab->tensor_value(lab->tensor_narrow(t));
}
/* Column j of a permutation says where: [P](i, p(i)) = 1, or the list itself. */
static value permutation(const int64_t *p, int64_t n, bool rows, bool vector)
{
    if (vector) {
        struct tensor *t = lab->tensor_new(D_DOUBLE, 2, (int64_t[]){ 1, n });
        for (int64_t i = 0; i < n; i++)
            ((double *)lab->array_of(t).data)[i] = (double)((p ? p[i] : i) + 1);
        return lab->tensor_value(t);
    }
    int64_t *col = lab->scratch((size_t)(n + 1) * 8), *row = lab->scratch((size_t)(n + 1) * 8);
    double *x = lab->scratch((size_t)(n + 1) * 8);
    for (int64_t i = 0; i < n; i++) {
        col[i] = i;
        x[i] = 1;
        if (rows)
            row[p ? p[i] : i] = i;            /* P * S = S(p, :) */
        else
            row[i] = p ? p[i] : i;            /* S * Q = S(:, q) */
    }
    col[n] = n;
    return lab->sparse_make(&(struct sparse_array){ D_DOUBLE, n, n, n, col, row, x });
}
static void must_be_square(struct call *c, const struct sparse_array *s)
{
    if (s->m != s->n)
        lab->fail("Octave:nonconformant-args", "%s: A must be a square matrix\nhint: it is %lldx%lld", lab->name_of(c),
                  (long long)s->m, (long long)s->n);
}
static bool says_vector(struct call *c)
{
    static const char *const words[] = { "vector", "matrix", "lower", "upper", "econ", "0", NULL };
    for (int i = 1; i < lab->nargin(c); i++)
        if (lab->arg_is_text(c, i) && lab->arg_option(c, i, words) == 0)
            return true;
    return false;
}
static bool says(struct call *c, const char *word)
{
    for (int i = 1; i < lab->nargin(c); i++)
        if (lab->arg_is_text(c, i) && !strcmp(lab->arg_text(c, i, NULL), word))
            return true;
    return false;
}

/* ---- LU */
static const double *umf_control(double *control, bool natural)
{
    umfpack_dl_defaults(control);
    control[UMFPACK_PRL] = 0;
    if (natural)
        control[UMFPACK_SCALE] = UMFPACK_SCALE_NONE;
    return control;
}

static void umf_symbolic_step(struct work *w)
{
    const struct sparse_array *s = &w->in;
    const int64_t *order = w->fixed ? w->own[w->owned - 1] : NULL;
    if (w->complex)
        w->status =
            order
                ? umfpack_zl_qsymbolic(s->m, s->n, s->col, s->row, s->x, NULL, order, &w->symbolic, w->control, w->info)
                : umfpack_zl_symbolic(s->m, s->n, s->col, s->row, s->x, NULL, &w->symbolic, w->control, w->info);
    else
        w->status = order ? umfpack_dl_qsymbolic(s->m, s->n, s->col, s->row, s->x, order, &w->symbolic, w->control, w->info)
                          : umfpack_dl_symbolic(s->m, s->n, s->col, s->row, s->x, &w->symbolic, w->control, w->info);
}
static void umf_numeric_step(struct work *w)
{
    const struct sparse_array *s = &w->in;
    w->status = w->complex ? umfpack_zl_numeric(s->col, s->row, s->x, NULL, w->symbolic, &w->numeric, w->control, w->info)
                           : umfpack_dl_numeric(s->col, s->row, s->x, w->symbolic, &w->numeric, w->control, w->info);
}
/* *s becomes the copy that is factored; order: of the columns, or NULL */
static SuiteSparse_long umf_factor(struct work *w, struct sparse_array *s, const double *control, const int64_t *order,
                                   double *info)
{
    own_sparse(w, s);
    w->in = *s;
    w->complex = s->dtype == D_CDOUBLE;
    memcpy(w->control, control, sizeof w->control);
    w->fixed = order;
    if (order)
        owned(w, order, (size_t)s->n * 8);
    heavy(w, umf_symbolic_step);
    check_umf(w, w->status);
    heavy(w, umf_numeric_step);
    check_umf(w, w->status);
    memcpy(info, w->info, sizeof w->info);
    return w->status;
}

static void solve_lu(struct work *w)
{
    struct sparse_array s = sparse_arg(w->c, 0), b;
    double control[UMFPACK_CONTROL], info[UMFPACK_INFO];
    umf_control(control, false);
    SuiteSparse_long status = umf_factor(w, &s, control, NULL, info);
    lab->result_num(w->c, 1, status == UMFPACK_WARNING_singular_matrix ? 0 : info[UMFPACK_RCOND]);
    if (status == UMFPACK_WARNING_singular_matrix)
        return;
    bool sparse = lab->sparse_read(lab->arg(w->c, 1), &b), complex = w->complex;
    int64_t n = s.n, count, dim[2] = { n, 1 };
    struct array full = { 0 };
    if (sparse) {
        complex = complex || b.dtype == D_CDOUBLE;
        count = b.n;
    } else {
        full = lab->array_of(lab->tensor_of(lab->arg(w->c, 1)));
        complex = complex || full.dtype == D_CDOUBLE;
        count = full.dim[1];
    }
    /* complex right sides of a real matrix: their halves, one after the other */
    int parts = complex && !w->complex ? 2 : 1, unit = complex ? 2 : 1;
    double *rhs = lab->scratch((size_t)n * 16), *x = lab->scratch((size_t)n * 16);
    dim[1] = count;
    struct tensor *t = sparse ? NULL : lab->tensor_new(complex ? D_CDOUBLE : D_DOUBLE, 2, dim);
    double *out = sparse ? lab->scratch((size_t)n * 16) : lab->array_of(t).data;
    int64_t *col = sparse ? lab->scratch((size_t)(count + 1) * 8) : NULL, *row = NULL, nz = 0, room = 0;
    double *val = NULL;
    for (int64_t j = 0; j < count; j++) {
        lab->poll();
        double *to = sparse ? out : out + j * n * unit;
        for (int part = 0; part < parts; part++) {
            int wide = w->complex ? 2 : 1, from_unit;
            memset(rhs, 0, (size_t)n * 8 * (size_t)wide);
            if (sparse) {
                from_unit = b.dtype == D_CDOUBLE ? 2 : 1;
                for (int64_t k = b.col[j]; k < b.col[j + 1]; k++)
                    for (int q = 0; q < wide; q++)
                        if (q + part < from_unit || (wide == 1 && part < from_unit))
                            rhs[b.row[k] * wide + q] = b.dtype == D_LOGICAL
                                                           ? ((const uint8_t *)b.x)[k]
                                                           : ((const double *)b.x)[k * from_unit + q + part];
            } else {
                from_unit = full.dtype == D_CDOUBLE ? 2 : 1;
                for (int64_t i = 0; i < n; i++)
                    for (int q = 0; q < wide; q++)
                        if (q + part < from_unit)
                            rhs[i * wide + q] = ((const double *)full.data)[(j * n + i) * from_unit + q + part];
            }
            check_umf(w, w->complex
                             ? umfpack_zl_solve(UMFPACK_A, s.col, s.row, s.x, NULL, x, NULL, rhs, NULL, w->numeric,
                                                control, info)
                             : umfpack_dl_solve(UMFPACK_A, s.col, s.row, s.x, x, rhs, w->numeric, control, info));
            if (parts == 1)
                memcpy(to, x, (size_t)n * 8 * (size_t)unit);
            else
                for (int64_t i = 0; i < n; i++)
                    to[2 * i + part] = x[i];
        }
        if (!sparse)
            continue;
        col[j] = nz;
        for (int64_t i = 0; i < n; i++) {
            if (to[i * unit] == 0 && (unit == 1 || to[i * unit + 1] == 0))
                continue;
            if (nz == room) {
                int64_t more = 2 * room + 1024;
                int64_t *r = lab->scratch((size_t)more * 8);
                double *v = lab->scratch((size_t)more * 16);
                if (nz) {
                    memcpy(r, row, (size_t)nz * 8);
                    memcpy(v, val, (size_t)nz * 8 * (size_t)unit);
                }
                row = r, val = v, room = more;
            }
            row[nz] = i;
            memcpy(val + nz++ * unit, to + i * unit, 8 * (size_t)unit);
        }
    }
    if (sparse) {
        col[count] = nz;
        lab->result(
            w->c, 0,
            lab->sparse_make(&(struct sparse_array){ complex ? D_CDOUBLE : D_DOUBLE, n, count, nz, col, row, val }));
    } else {
        lab->result_tensor(w->c, 0, lab->tensor_narrow(t));
    }
}

/* [L, U, P, Q] = lu(S): P * S * Q = L * U.  With three results the columns keep their places. */
static void factor_lu(struct work *w)
{
    struct call *c = w->c;
    struct sparse_array s = sparse_arg(c, 0);
    double control[UMFPACK_CONTROL], info[UMFPACK_INFO];
    bool vector = says_vector(c), columns = lab->nargout(c) > 3;
    int64_t m = s.m, n = s.n, k = m < n ? m : n, lnz, unz, a, b, e;
    umf_control(control, true);
    int64_t *order = lab->scratch((size_t)(n + 1) * 8);
    for (int64_t j = 0; j < n; j++)
        order[j] = j;
    if (!columns)
        control[UMFPACK_STRATEGY] = UMFPACK_STRATEGY_UNSYMMETRIC, control[UMFPACK_FIXQ] = 1;
    umf_factor(w, &s, control, columns ? NULL : order, info);
    check_umf(w, w->complex ? umfpack_zl_get_lunz(&lnz, &unz, &a, &b, &e, w->numeric)
                            : umfpack_dl_get_lunz(&lnz, &unz, &a, &b, &e, w->numeric));
    size_t size = w->complex ? 16 : 8;
    int64_t *lp = lab->scratch((size_t)(m + 1) * 8), *lj = lab->scratch((size_t)(lnz + 1) * 8),
            *up = lab->scratch((size_t)(n + 1) * 8), *ui = lab->scratch((size_t)(unz + 1) * 8),
            *p = lab->scratch((size_t)(m + 1) * 8), *q = lab->scratch((size_t)(n + 1) * 8);
    double *lx = lab->scratch((size_t)(lnz + 1) * size), *ux = lab->scratch((size_t)(unz + 1) * size);
    SuiteSparse_long reciprocal;
    check_umf(w, w->complex
                     ? umfpack_zl_get_numeric(lp, lj, lx, NULL, up, ui, ux, NULL, p, q, NULL, NULL, &reciprocal, NULL,
                                              w->numeric)
                     : umfpack_dl_get_numeric(lp, lj, lx, up, ui, ux, p, q, NULL, &reciprocal, NULL, w->numeric));
    enum dtype dt = w->complex ? D_CDOUBLE : D_DOUBLE;
    value l = lab->call("transpose", 1,
                        lab->sparse_make(&(struct sparse_array){ dt, k, m, lp[m], lp, lj, lx })), /* it comes by rows */
        u = lab->sparse_make(&(struct sparse_array){ dt, k, n, up[n], up, ui, ux });
    if (lab->nargout(c) < 2) {
        lab->result(c, 0,
                    lab->call("minus", 2, lab->call("plus", 2, l, u),
                              lab->call("speye", 2, lab->number((double)m), lab->number((double)n))));
        return;
    }
    if (lab->nargout(c) == 2)
        l = lab->call("mtimes", 2, lab->call("transpose", 1, permutation(p, m, true, false)), l);
    lab->result(c, 0, l);
    lab->result(c, 1, u);
    if (lab->nargout(c) > 2)
        lab->result(c, 2, permutation(p, m, true, vector));
    if (columns)
        lab->result(c, 3, permutation(q, n, false, vector));
}

static void determinant(struct work *w)
{
    struct sparse_array s = sparse_arg(w->c, 0);
    double control[UMFPACK_CONTROL], info[UMFPACK_INFO], x[2] = { 1, 0 }, power = 0;
    must_be_square(w->c, &s);
    if (s.n) {
        umf_control(control, false);
        SuiteSparse_long status = umf_factor(w, &s, control, NULL, info);
        if (status == UMFPACK_WARNING_singular_matrix)
            x[0] = 0;
        else
            check_umf(w, w->complex ? umfpack_zl_get_determinant(x, NULL, &power, w->numeric, info)
                                    : umfpack_dl_get_determinant(x, &power, w->numeric, info));
    }
    struct tensor *t = lab->tensor_new(D_CDOUBLE, 2, (int64_t[]){ 1, 1 });
    ((double *)lab->array_of(t).data)[0] = x[0] * pow(10, power);
    ((double *)lab->array_of(t).data)[1] = x[1] * pow(10, power);
    lab->result_tensor(w->c, 0, lab->tensor_narrow(t));
}

/* ---- Cholesky */
static void analyze_step(struct work *w) { w->l = cholmod_l_analyze(&w->a, &w->cm); }
static void factorize_step(struct work *w) { cholmod_l_factorize(&w->a, w->l, &w->cm); }

static void solve_chol(struct work *w)
{
    struct sparse_array s = sparse_arg(w->c, 0), b;
    cholmod_sparse bs;
    own_sparse(w, &s);
    w->a = view(&s, 1);
    heavy(w, analyze_step);
    check(w);
    heavy(w, factorize_step);
    if (w->cm.status == CHOLMOD_NOT_POSDEF || w->l->minor < w->l->n) {
        struct tensor *none = lab->tensor_new(D_DOUBLE, 2, (int64_t[]){ 0, 0 });
        lab->result_tensor(w->c, 0, none);
        return;
    }
    check(w);
    lab->result_num(w->c, 1, cholmod_l_rcond(w->l, &w->cm));
    if (lab->sparse_read(lab->arg(w->c, 1), &b)) {
        b = sparse_arg(w->c, 1);
        bs = view(&b, 0);
        w->s[0] = cholmod_l_spsolve(CHOLMOD_A, w->l, &bs, &w->cm);
        check(w);
        cholmod_l_sort(w->s[0], &w->cm);
        lab->result(w->c, 0, of_sparse(w->s[0]));
    } else {
        struct array full = lab->array_of(lab->tensor_of(lab->arg(w->c, 1)));
        cholmod_dense bd = view_full(&full);
        w->d[0] = cholmod_l_solve(CHOLMOD_A, w->l, &bd, &w->cm);
        check(w);
        lab->result(w->c, 0, of_dense(w->d[0]));
    }
}

/* [R, p, Q] = chol(S): R' * R = Q' * S * Q; without Q the order stays. */
static void factor_chol(struct work *w)
{
    struct call *c = w->c;
    struct sparse_array s = sparse_arg(c, 0);
    must_be_square(c, &s);
    bool lower = says(c, "lower"), vector = says_vector(c);
    own_sparse(w, &s);
    w->a = view(&s, lower ? -1 : 1);
    if (lab->nargout(c) < 3) {
        w->cm.nmethods = 1;
        w->cm.method[0].ordering = CHOLMOD_NATURAL;
        w->cm.postorder = 0;
    }
    w->cm.final_ll = 1;
    w->cm.final_asis = 0;
    w->cm.final_super = 0;
    w->cm.final_pack = 1;
    w->cm.final_monotonic = 1;
    heavy(w, analyze_step);
    check(w);
    heavy(w, factorize_step);
    int64_t p = w->l->minor < w->l->n ? (int64_t)w->l->minor + 1 : 0;
    if (w->cm.status != CHOLMOD_NOT_POSDEF)
        check(w);
    if (p && lab->nargout(c) < 2)
        lab->fail("Octave:not-positive-definite",
                  "chol: input matrix must be positive definite\nhint: its leading minor of order %lld is not",
                  (long long)p);
    int64_t *perm = w->l->Perm;
    int64_t *order = lab->scratch((size_t)(s.n + 1) * 8);
    for (int64_t i = 0; i < s.n; i++)
        order[i] = lab->nargout(c) > 2 ? perm[i] : i;
    w->s[0] = cholmod_l_factor_to_sparse(w->l, &w->cm);
    check(w);
    value l = of_sparse(w->s[0]);
    if (p) {
        struct cell *both = lab->cell_new(2, (int64_t[]){ 1, 2 });
        lab->cell_set(both, 0, lab->call("colon", 2, lab->number(1), lab->number((double)(p - 1))));
        lab->cell_set(both, 1, lab->cell_get(both, 0));
        l = lab->call("subsref", 2, l,
                      lab->call("substruct", 2, lab->tensor_value(lab->tensor_text("()", 2)), lab->cell_value(both)));
    }
    lab->result(c, 0, lower ? l : lab->call("ctranspose", 1, l));
    lab->result_num(c, 1, (double)p);
    if (lab->nargout(c) > 2)
        lab->result(c, 2, permutation(order, s.n, false, vector));
}

/* ---- QR */
static void backslash_step(struct work *w)
{
    w->d[0] = SuiteSparseQR_C_backslash(SPQR_ORDERING_DEFAULT, SPQR_DEFAULT_TOL, &w->a, &w->b, &w->cm);
}
static void qr_step(struct work *w)
{
    w->qr = SuiteSparseQR_C_factorize(SPQR_ORDERING_DEFAULT, SPQR_DEFAULT_TOL, w->s[0], &w->cm);
}
static void factors_step(struct work *w)
{
    SuiteSparseQR_C_QR(w->ordered ? SPQR_ORDERING_DEFAULT : SPQR_ORDERING_FIXED, SPQR_NO_TOL, w->rows, &w->a,
                       w->with_q ? &w->s[0] : NULL, &w->s[1], w->ordered ? &w->perm : NULL, &w->cm);
}

static void solve_qr(struct work *w)
{
    struct sparse_array s = sparse_arg(w->c, 0), b;
    own_sparse(w, &s);
    w->a = view(&s, 0);
    value rhs = lab->arg(w->c, 1);
    bool sparse = lab->sparse_read(rhs, &b);
    if (sparse)
        rhs = lab->call("full", 1, rhs);
    struct tensor *t = lab->tensor_of(rhs);
    struct array full = lab->array_of(t);
    if (s.dtype == D_CDOUBLE && full.dtype != D_CDOUBLE) {
        t = lab->tensor_cast(t, D_CDOUBLE);
        full = lab->array_of(t);
    } else if (full.dtype == D_CDOUBLE && s.dtype != D_CDOUBLE) {
        w->s[1] = cholmod_l_copy_sparse(&w->a, &w->cm);
        cholmod_l_sparse_xtype(CHOLMOD_COMPLEX, w->s[1], &w->cm);
        check(w);
        w->a = *w->s[1];
    } else if (full.dtype != D_DOUBLE && full.dtype != D_CDOUBLE) {
        t = lab->tensor_cast(t, D_DOUBLE);
        full = lab->array_of(t);
    }
    if (w->large)
        full.data = owned(w, full.data, (size_t)full.numel * (full.dtype == D_CDOUBLE ? 16 : 8));
    w->b = view_full(&full);
    if (s.m >= s.n) {
        heavy(w, backslash_step);
    } else {                                  /* the solution of least norm: A' * E = Q * R, x = Q * (R' \ (E' * b)) */
        w->s[0] = cholmod_l_transpose(&w->a, 2, &w->cm);
        check(w);
        heavy(w, qr_step);
        check(w);
        w->d[1] = SuiteSparseQR_C_solve(SPQR_RTX_EQUALS_ETB, w->qr, &w->b, &w->cm);
        check(w);
        w->d[0] = SuiteSparseQR_C_qmult(SPQR_QX, w->qr, w->d[1], &w->cm);
    }
    check(w);
    value x = of_dense(w->d[0]);
    lab->result(w->c, 0, sparse ? lab->call("sparse", 1, x) : x);
}

static void factor_qr(struct work *w)
{
    struct call *c = w->c;
    struct sparse_array s = sparse_arg(c, 0);
    bool econ = false, vector = says_vector(c), order = lab->nargout(c) > 2;
    for (int i = 1; i < lab->nargin(c); i++)
        econ = econ || (lab->arg_is_text(c, i) ? says(c, "econ") || says(c, "0") : lab->arg_num(c, i) == 0);
    vector = vector || (econ && !says(c, "matrix"));
    own_sparse(w, &s);
    w->a = view(&s, 0);
    w->rows = econ && s.n < s.m ? s.n : s.m;
    w->with_q = lab->nargout(c) > 1;
    w->ordered = order;
    heavy(w, factors_step);
    check(w);
    if (lab->nargout(c) < 2) {
        lab->result(c, 0, of_sparse(w->s[1]));
        return;
    }
    lab->result(c, 0, of_sparse(w->s[0]));
    lab->result(c, 1, of_sparse(w->s[1]));
    if (order)
        lab->result(c, 2, permutation(w->perm, s.n, false, vector));
}

/* ---- what tl calls */
TL_SERVES(sparse_factors, NO_GRAD)
{
    const char *way = lab->arg_text(c, 2, NULL);
    start_work(c, !strcmp(way, "chol") ? solve_chol : !strcmp(way, "lu") ? solve_lu : solve_qr);
}
TL_SERVES(sparse_lu, NO_GRAD)
{
    start_work(c, factor_lu);
}
TL_SERVES(sparse_qr, NO_GRAD)
{
    start_work(c, factor_qr);
}
TL_SERVES(sparse_chol, NO_GRAD)
{
    start_work(c, factor_chol);
}
TL_SERVES(sparse_det, NO_GRAD)
{
    start_work(c, determinant);
}

/* ---- orders */
TL_SERVES(amd, NO_GRAD)
{
    struct sparse_array s = sparse_arg(c, 0);
    must_be_square(c, &s);
    int64_t *p = lab->scratch((size_t)(s.n + 1) * 8);
    if (amd_l_order(s.n, s.col, s.row, p, NULL, NULL) < 0)
        lab->fail("Octave:out-of-memory", "amd: out of memory");
    lab->result(c, 0, permutation(p, s.n, false, true));
}

static void column_order(struct call *c, bool symmetric)
{
    struct sparse_array s = sparse_arg(c, 0);
    SuiteSparse_long stats[COLAMD_STATS];
    bool good;
    int64_t *p = lab->scratch((size_t)(s.n + 1) * 8);
    if (symmetric) {
        must_be_square(c, &s);
        good = symamd_l(s.n, (SuiteSparse_long *)s.row, (SuiteSparse_long *)s.col, p, NULL, stats, calloc, free);
    } else {
        size_t room = colamd_l_recommended(s.nz, s.m, s.n);
        int64_t *row = lab->scratch((room + 1) * 8);
        memcpy(row, s.row, (size_t)s.nz * 8);
        memcpy(p, s.col, (size_t)(s.n + 1) * 8);
        good = room && colamd_l(s.m, s.n, (SuiteSparse_long)room, row, p, NULL, stats);
    }
    if (!good)
        lab->fail("Octave:out-of-memory", "%s: out of memory", lab->name_of(c));
    lab->result(c, 0, permutation(p, s.n, false, true));
}
TL_SERVES(colamd, NO_GRAD) { column_order(c, false); }
TL_SERVES(symamd, NO_GRAD) { column_order(c, true); }

/* Orders within constraints: columns of set 1 first, then those of set 2 and so on. */
static void constrained_order(struct call *c, bool symmetric)
{
    struct sparse_array s = sparse_arg(c, 0);
    double knobs[CCOLAMD_KNOBS];
    SuiteSparse_long stats[CCOLAMD_STATS], *member = NULL;
    ccolamd_l_set_defaults(knobs);
    if (symmetric)
        must_be_square(c, &s);
    if (lab->nargin(c) > 1) {
        struct array k = lab->array_of(lab->arg_double(c, 1));
        const double *x = (const double *)k.data;
        static const int place[2][4] = { { CCOLAMD_LU, CCOLAMD_DENSE_ROW, CCOLAMD_DENSE_COL, CCOLAMD_AGGRESSIVE },
                                         { CCOLAMD_DENSE_ROW, CCOLAMD_AGGRESSIVE, -1, -1 } };
        for (int64_t i = 0; i < k.numel && i < 4; i++)
            if (place[symmetric][i] >= 0)
                knobs[place[symmetric][i]] = x[i];
    }
    if (lab->nargin(c) > 2) {
        struct array m = lab->array_of(lab->arg_double(c, 2));
        if (m.numel && m.numel != s.n)
            lab->fail("Octave:nonconformant-args", "%s: there are %lld columns, but the sets of %lld", lab->name_of(c),
                      (long long)s.n, (long long)m.numel);
        member = m.numel ? lab->scratch((size_t)s.n * 8) : NULL;
        for (int64_t i = 0; i < m.numel; i++) {
            double x = ((const double *)m.data)[i];
            if (!(x >= 1 && x <= (double)s.n && x == floor(x)))
                lab->fail("Octave:invalid-input-arg", "%s: a set is a number from 1 to %lld, but element %lld is %g",
                          lab->name_of(c), (long long)s.n, (long long)i + 1, x);
            member[i] = (SuiteSparse_long)x - 1;
        }
    }
    bool good;
    int64_t *p = lab->scratch((size_t)(s.n + 1) * 8);
    if (symmetric) {
        good = csymamd_l(s.n, (SuiteSparse_long *)s.row, (SuiteSparse_long *)s.col, p, knobs, stats, calloc, free, member, -1);
    } else {
        size_t room = ccolamd_l_recommended(s.nz, s.m, s.n);
        int64_t *row = lab->scratch((room + 1) * 8);
        memcpy(row, s.row, (size_t)s.nz * 8);
        memcpy(p, s.col, (size_t)(s.n + 1) * 8);
        good = room && ccolamd_l(s.m, s.n, (SuiteSparse_long)room, row, p, knobs, stats, member);
    }
    if (!good)
        lab->fail("Octave:out-of-memory", "%s: out of memory", lab->name_of(c));
    lab->result(c, 0, permutation(p, s.n, false, true));
}
TL_SERVES(ccolamd, NO_GRAD) { constrained_order(c, false); }
TL_SERVES(csymamd, NO_GRAD) { constrained_order(c, true); }

static void give_counted(struct call *c, int i, const int64_t *p, int64_t n)
{
    struct tensor *t = lab->tensor_new(D_DOUBLE, 2, (int64_t[]){ 1, n });
    for (int64_t k = 0; k < n; k++)
        ((double *)lab->array_of(t).data)[k] = (double)(p[k] + 1);
    lab->result_tensor(c, i, t);
}

TL_SERVES(dmperm, NO_GRAD)
{
    struct sparse_array s = sparse_arg(c, 0);
    cs_dl a = { s.nz, s.m, s.n, (int64_t *)s.col, (int64_t *)s.row, NULL, -1 };
    int64_t *kept[4], size[4] = { s.m, s.n, s.m + 6, s.n + 6 };
    for (int i = 0; i < 4; i++)               /* to where nothing leaks when the results do not fit */
        kept[i] = lab->scratch((size_t)size[i] * 8);
    if (lab->nargout(c) < 2) {
        int64_t *match = cs_dl_maxtrans(&a, 0);
        if (!match)
            lab->fail("Octave:out-of-memory", "dmperm: out of memory");
        memcpy(kept[1], match + s.m, (size_t)s.n * 8);
        cs_dl_free(match);
        give_counted(c, 0, kept[1], s.n);
        return;
    }
    cs_dld *d = cs_dl_dmperm(&a, 0);
    if (!d)
        lab->fail("Octave:out-of-memory", "dmperm: out of memory");
    size[2] = size[3] = d->nb + 1;
    int64_t *const from[4] = { d->p, d->q, d->r, d->s };
    for (int i = 0; i < 4; i++)
        memcpy(kept[i], from[i], (size_t)size[i] * 8);
    cs_dl_dfree(d);
    for (int i = 0; i < 4; i++)
        give_counted(c, i, kept[i], size[i]);
}
