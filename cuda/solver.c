/* SPDX-License-Identifier: BSD-3-Clause */
/* solver.c: the LAPACK family by cuSOLVER's 64-bit interface.
 *
 * The one idea: as LAPACK does, each function works on a dense copy of its operand; what it leaves there is brought into the
 * results by kernels of small.c.  The info word stays on the device: a kernel turns it into the status word, which the host
 * reads at the next wait, so nothing here waits.  What cuSOLVER lacks is not on this device. */
#include "solver.h"
#include "blas.h"
#include "small.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct solver_state { solver_handle h; solver_params p; };

static int took(struct gpu *g, int status, const char *what)
{
    if (!status)
        return DEV_OK;
    int e = gpu_took(g, cuda.EventQuery(g->waiter), what);
    if (e == DEV_LOST)
        return e;
    return status == 2 ? gpu_refuse(g, DEV_NO_MEMORY, "%s: cuSOLVER had no memory", what)
                       : gpu_refuse(g, DEV_REFUSED, "%s: cuSOLVER failed with status %d", what, status);
}
static int begin(struct gpu *g, const struct solver **t)
{
    const char *why;
    if (!(*t = cuda_library(LIB_solver, &why)))
        return gpu_refuse(g, DEV_NOT_HERE, "%s", why);
    struct solver_state *s = g->solver;
    if (!s && !(s = g->solver = calloc(1, sizeof *s)))
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    if (!s->h) {
        TRY(took(g, (*t)->Create(&s->h), "starting"));
        TRY(took(g, (*t)->SetStream(s->h, g->work), "starting"));
    }
    if (!s->p)
        TRY(took(g, (*t)->CreateParams(&s->p), "starting"));
    return DEV_OK;
}
void solver_forget(struct gpu *g, bool lost)
{
    const char *why;
    struct solver_state *s = g->solver;
    const struct solver *t = s && !lost ? cuda_library(LIB_solver, &why) : NULL;
    if (t && s->p)
        t->DestroyParams(s->p);
    if (t && s->h)
        t->Destroy(s->h);
    free(s);
    g->solver = NULL;
}

/* ---- one call: its library, scratch and operand */
struct job {
    struct gpu *g;
    const struct solver *t;
    solver_handle h;
    solver_params p;
    struct scratch s;
    int type, real, dtype, size, tag;         /* type, real: cudaDataTypes of the elements and of their parts */
    int *info;
    void *device, *host;                      /* workspaces */
    size_t nd, nh;
};
static int rows(const struct dev_arg *x) { return (int)x->dim[0]; }
static int64_t cols(const struct dev_arg *x) { return x->nd > 1 ? x->dim[1] : 1; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static int start(struct job *j, struct gpu *g, const struct dev_arg *x, int tag)
{
    void *info;
    *j = (struct job){ .g = g, .s = { .g = g }, .type = cuda_type(x->dtype), .dtype = x->dtype, .tag = tag };
    j->real = j->type == CUDA_C ? CUDA_D : j->type == CUDA_G ? CUDA_F : j->type;
    j->size = j->type == CUDA_C ? 16 : j->type == CUDA_F ? 4 : 8;
    TRY(begin(g, &j->t));
    j->h = g->solver->h, j->p = g->solver->p;
    TRY(graph_cut(g));
    TRY(scratch_get(&j->s, sizeof(int), &info));
    j->info = info;
    return DEV_OK;
}
static int end(struct job *j, int e)
{
    scratch_end(&j->s);
    if (j->nh && !j->g->lost)
        cuda.StreamSynchronize(j->g->work);   /* what is queued may still read the workspace on the host */
    free(j->host);
    return e;
}
static int room(struct job *j, int status, const size_t *nd, const size_t *nh)
{
    TRY(took(j->g, status, "asking for room"));
    j->nd = *nd, j->nh = *nh;
    free(j->host);
    if (!(j->host = malloc(j->nh + 1)))
        return gpu_refuse(j->g, DEV_NO_MEMORY, "out of memory on the CPU");
    return scratch_get(&j->s, j->nd + 1, &j->device);
}
/* A dense copy of x, m x n with leading dimension ld. */
static int copy_of(struct job *j, const struct dev_arg *x, int64_t m, int64_t n, int64_t ld, int row, void **p)
{
    TRY(scratch_get(&j->s, (size_t)(ld * n) * (size_t)j->size + 1, p));
    struct dev_arg to = small_arg(*p, j->dtype, m, n, ld);
    TRY(small_map(j->g, &to, x, row, j->tag));
    return graph_cut(j->g);
}
static bool complex_type(const struct job *j) { return j->type != j->real; }
static int info(struct job *j, int trouble, int op)
{
    TRY(gpu_gate(j->g, 1));
    return small_info(j->g, j->info, trouble, op, j->tag);
}

/* ---- factorisations in place */
static int lu(struct job *j, int64_t m, int64_t n, void *a, int64_t **pivot)
{
    size_t nd = 0, nh = 0;
    void *p;
    TRY(scratch_get(&j->s, (size_t)least(m, n) * 8 + 8, &p));
    *pivot = p;
    TRY(room(j, j->t->getrf_room(j->h, j->p, m, n, j->type, a, m, j->type, &nd, &nh), &nd, &nh));
    return took(
        j->g, j->t->getrf(j->h, j->p, m, n, j->type, a, m, *pivot, j->type, j->device, j->nd, j->host, j->nh, j->info),
        "lu");
}
static int chol(struct job *j, int64_t n, void *a, bool upper)
{
    size_t nd = 0, nh = 0;
    TRY(room(j, j->t->potrf_room(j->h, j->p, upper, n, j->type, a, n, j->type, &nd, &nh), &nd, &nh));
    return took(j->g,
                j->t->potrf(j->h, j->p, upper, n, j->type, a, n, j->type, j->device, j->nd, j->host, j->nh, j->info),
                "chol");
}
static int qr(struct job *j, int64_t m, int64_t n, void *a, void **tau)
{
    size_t nd = 0, nh = 0;
    TRY(scratch_get(&j->s, (size_t)least(m, n) * (size_t)j->size + 1, tau));
    TRY(room(j, j->t->geqrf_room(j->h, j->p, m, n, j->type, a, m, j->type, *tau, j->type, &nd, &nh), &nd, &nh));
    return took(
        j->g,
        j->t->geqrf(j->h, j->p, m, n, j->type, a, m, j->type, *tau, j->type, j->device, j->nd, j->host, j->nh, j->info),
        "qr");
}
/* The functions that have a letter for each type. */
#define TYPED(j, name) ((j)->type == CUDA_F ? (j)->t->name##_S : (j)->type == CUDA_D ? (j)->t->name##_D : (j)->type == CUDA_G ? (j)->t->name##_C : (j)->t->name##_Z)
static int make_q(struct job *j, int64_t m, int64_t n, int64_t k, void *a, const void *tau)
{
    int nd = 0;
    TRY(took(j->g, TYPED(j, gqr_room)(j->h, (int)m, (int)n, (int)k, a, (int)m, tau, &nd), "qr"));
    TRY(room(j, 0, &(size_t){ (size_t)nd * (size_t)j->size }, &(size_t){ 0 }));
    return took(j->g, TYPED(j, gqr)(j->h, (int)m, (int)n, (int)k, a, (int)m, tau, j->device, nd, j->info), "qr");
}
static int apply_q(struct job *j, int64_t m, int64_t n, int64_t k, const void *a, const void *tau,
                   void *c) /* c = Q' c */
{
    int nd = 0, trans = complex_type(j) ? BLAS_C : BLAS_T;
    TRY(took(j->g, TYPED(j, mqr_room)(j->h, 0, trans, (int)m, (int)n, (int)k, a, (int)m, tau, c, (int)m, &nd), "solve"));
    TRY(room(j, 0, &(size_t){ (size_t)nd * (size_t)j->size }, &(size_t){ 0 }));
    return took(
        j->g, TYPED(j, mqr)(j->h, 0, trans, (int)m, (int)n, (int)k, a, (int)m, tau, c, (int)m, j->device, nd, j->info),
        "solve");
}

/* ---- the rows of device.def */
static int run_lu(struct job *j, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    int64_t m = rows(in), n = cols(in), *pivot;
    void *a;
    (void)num;
    TRY(copy_of(j, in, m, n, m, -1, &a));
    TRY(lu(j, m, n, a, &pivot));
    TRY(gpu_gate(j->g, 1));
    if (out[0].p)
        TRY(small_triangle(j->g, &out[0], a, m, TRIANGLE_LOWER_ONE));
    if (out[1].p)
        TRY(small_triangle(j->g, &out[1], a, m, TRIANGLE_UPPER));
    return out[2].p ? small_permutation(j->g, &out[2], pivot, least(m, n)) : DEV_OK;
}
static int run_chol(struct job *j, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    int64_t n = rows(in);
    bool upper = num[0] != 1;
    void *a;
    TRY(copy_of(j, in, n, n, n, -1, &a));
    TRY(chol(j, n, a, upper));
    TRY(info(j, DEV_NOT_POSITIVE, DEV_chol));
    return small_triangle(j->g, out, a, n, upper ? TRIANGLE_UPPER : TRIANGLE_LOWER);
}
static int run_qr(struct job *j, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    int64_t m = rows(in), n = cols(in), k = least(m, n), wide = num[0] ? k : m;
    void *a, *tau;
    TRY(copy_of(j, in, m, n, m, -1, &a));
    if (wide > n) {                           /* room for all of Q */
        void *b = a;
        TRY(scratch_get(&j->s, (size_t)(m * wide) * (size_t)j->size, &a));
        struct dev_arg from = small_arg(b, j->dtype, m, n, m), to = small_arg(a, j->dtype, m, n, m);
        TRY(small_map(j->g, &to, &from, -1, j->tag));
        TRY(graph_cut(j->g));
    }
    TRY(qr(j, m, n, a, &tau));
    TRY(gpu_gate(j->g, 1));
    TRY(small_triangle(j->g, &out[1], a, m, TRIANGLE_UPPER));
    if (!out[0].p)
        return DEV_OK;
    TRY(graph_cut(j->g));
    TRY(make_q(j, m, wide, k, a, tau));
    TRY(gpu_gate(j->g, 1));
    struct dev_arg q = small_arg(a, j->dtype, m, wide, m);
    return small_map(j->g, &out[0], &q, -1, j->tag);
}
static int run_svd(struct job *j, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    int64_t m = rows(in), n = cols(in);
    bool turn = m < n, vectors = out[0].p, thin = num[0] != 0;
    struct dev_arg x =
        turn ? small_turned(in) : *in; /* cuSOLVER wants m >= n: of the conjugate transpose U and V change places */
    int64_t M = most(m, n), N = least(m, n), uc = thin ? N : M, real = j->real == CUDA_F ? 4 : 8;
    void *a, *s, *u = NULL, *v = NULL;
    size_t nd = 0, nh = 0;
    TRY(copy_of(j, &x, M, N, M, turn && complex_type(j) ? OPS_conj : -1, &a));
    TRY(scratch_get(&j->s, (size_t)(N * real) + 1, &s));
    if (vectors) {
        TRY(scratch_get(&j->s, (size_t)(M * uc) * (size_t)j->size, &u));
        TRY(scratch_get(&j->s, (size_t)(N * N) * (size_t)j->size, &v));
    }
    signed char ju = !vectors ? 'N' : thin ? 'S' : 'A', jv = !vectors ? 'N' : 'A';
    TRY(room(j, j->t->gesvd_room(j->h, j->p, ju, jv, M, N, j->type, a, M, j->real, s, j->type, u, M, j->type, v, N, j->type, &nd, &nh), &nd, &nh));
    TRY(took(j->g, j->t->gesvd(j->h, j->p, ju, jv, M, N, j->type, a, M, j->real, s, j->type, u, M, j->type, v, N, j->type, j->device, j->nd, j->host,
        j->nh, j->info), "svd"));
    TRY(info(j, DEV_NO_CONVERGENCE, DEV_svd));
    struct dev_arg sv = small_arg(s, j->real == CUDA_F ? DT_SINGLE : DT_DOUBLE, N, 1, N);
    TRY(small_map(j->g, &out[1], &sv, -1, j->tag));
    if (!vectors)
        return DEV_OK;
    struct dev_arg uu = small_arg(u, j->dtype, M, uc, M), vt = small_arg(v, j->dtype, N, N, N), vv = small_turned(&vt);
    TRY(small_map(j->g, &out[turn ? 2 : 0], &uu, -1, j->tag));
    return small_map(j->g, &out[turn ? 0 : 2], &vv, complex_type(j) ? OPS_conj : -1, j->tag);
}
static int run_eig(struct job *j, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    int64_t n = rows(in);
    bool vectors = out[0].p;
    void *a, *w;
    size_t nd = 0, nh = 0;
    if (num[0])
        return gpu_refuse(j->g, DEV_NOT_HERE, "eig: on a gpu only of symmetric matrices");
    TRY(copy_of(j, in, n, n, n, -1, &a));
    TRY(scratch_get(&j->s, (size_t)n * 8, &w));
    TRY(room(j, j->t->syevd_room(j->h, j->p, vectors, 0, n, j->type, a, n, j->real, w, j->type, &nd, &nh), &nd, &nh));
    TRY(took(j->g, j->t->syevd(j->h, j->p, vectors, 0, n, j->type, a, n, j->real, w, j->type, j->device, j->nd, j->host, j->nh, j->info), "eig"));
    TRY(info(j, DEV_NO_CONVERGENCE, DEV_eig));
    struct dev_arg d = small_arg(w, j->real == CUDA_F ? DT_SINGLE : DT_DOUBLE, n, 1, n), v = small_arg(a, j->dtype, n, n, n);
    TRY(small_map(j->g, &out[1], &d, -1, j->tag));
    return vectors ? small_map(j->g, &out[0], &v, -1, j->tag) : DEV_OK;
}
static int run_inv(struct job *j, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    int64_t n = rows(in), *pivot;
    void *a, *b;
    (void)num;
    TRY(copy_of(j, in, n, n, n, -1, &a));
    TRY(lu(j, n, n, a, &pivot));
    TRY(info(j, DEV_SINGULAR, DEV_inv));
    TRY(scratch_get(&j->s, (size_t)(n * n) * (size_t)j->size, &b));
    struct dev_arg x = small_arg(b, j->dtype, n, n, n);
    TRY(small_triangle(j->g, &x, a, n, TRIANGLE_ONE));
    TRY(graph_cut(j->g));
    TRY(took(j->g, j->t->getrs(j->h, j->p, BLAS_N, n, n, j->type, a, n, pivot, j->type, b, n, j->info), "inv"));
    TRY(gpu_gate(j->g, 1));
    return small_map(j->g, out, &x, -1, j->tag);
}
static int run_det(struct job *j, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    int64_t n = rows(in), *pivot;
    void *a;
    (void)num;
    TRY(copy_of(j, in, n, n, n, -1, &a));
    TRY(lu(j, n, n, a, &pivot));
    TRY(gpu_gate(j->g, 1));
    return small_det(j->g, out, a, n, pivot, n);
}
static int run_solve(struct job *j, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    enum { GENERAL, UPPER, LOWER, POSITIVE, SQUARES };
    int kind = (int)num[0], trans = !num[1] ? BLAS_N : complex_type(j) ? BLAS_C : BLAS_T;
    int64_t m = rows(in), n = cols(in), k = cols(&in[1]), ld = rows(&in[1]), *pivot;
    void *a, *b, *tau;
    struct dev_arg at = in[0];
    if (kind == SQUARES && trans) {           /* of op(A) itself */
        at = small_turned(&at);
        m = rows(&at), n = cols(&at);
    }
    if (kind == SQUARES && m < n)
        return gpu_refuse(j->g, DEV_NOT_HERE,
                          "a system of %lld equations with %lld unknowns is not solved on a gpu; use cpu(A) \\ cpu(b)",
                          (long long)m, (long long)n);
    TRY(copy_of(j, &at, m, n, m, kind == SQUARES && trans == BLAS_C ? OPS_conj : -1, &a));
    TRY(copy_of(j, &in[1], ld, k, ld, -1, &b));
    switch (kind) {
    case UPPER:
    case LOWER:
        TRY(blas_trsm(j->g, j->type, kind == UPPER, trans, n, k, a, m, b, ld));
        break;
    case POSITIVE:
        TRY(chol(j, n, a, true));
        TRY(info(j, DEV_NOT_POSITIVE, DEV_solve));
        TRY(graph_cut(j->g));
        TRY(took(j->g, j->t->potrs(j->h, j->p, 1, n, k, j->type, a, n, j->type, b, ld, j->info), "solve"));
        break;
    case SQUARES:
        TRY(qr(j, m, n, a, &tau));
        TRY(apply_q(j, m, k, n, a, tau, b));
        TRY(blas_trsm(j->g, j->type, true, BLAS_N, n, k, a, m, b, ld));
        break;
    default:
        TRY(lu(j, n, n, a, &pivot));
        TRY(info(j, DEV_SINGULAR, DEV_solve));
        TRY(graph_cut(j->g));
        TRY(took(j->g, j->t->getrs(j->h, j->p, trans, n, k, j->type, a, n, pivot, j->type, b, ld, j->info), "solve"));
    }
    TRY(gpu_gate(j->g, 1));
    struct dev_arg x = small_arg(b, j->dtype, n, k, ld);
    return small_map(j->g, out, &x, -1, j->tag);
}

typedef int solver_row(struct job *, struct dev_arg *, const struct dev_arg *, const double *);
static solver_row *const row[DEV_CALLS] = {
    [DEV_lu] = run_lu,   [DEV_chol] = run_chol, [DEV_qr] = run_qr,   [DEV_svd] = run_svd,
    [DEV_eig] = run_eig, [DEV_inv] = run_inv,   [DEV_det] = run_det, [DEV_solve] = run_solve
};

int solver_can(struct gpu *g, enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    const char *why;
    (void)out;
    if (!row[what] || cuda_type(in->dtype) < 0)
        return DEV_NOT_HERE;
    if (in->dim[0] > INT_MAX || cols(in) > INT_MAX)
        return gpu_refuse(g, DEV_NOT_HERE, "a matrix with more than %d rows or columns", INT_MAX);
    if (what == DEV_eig && num[0])
        return gpu_refuse(g, DEV_NOT_HERE, "eig: on a gpu only of symmetric matrices");
    return cuda_library(LIB_solver, &why) ? DEV_OK : gpu_refuse(g, DEV_NOT_HERE, "%s", why);
}
int solver_run(struct gpu *g, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag)
{
    struct job j;
    int e = solver_can(g, what, out, in, num);
    if (e)
        return e;
    e = start(&j, g, in, tag);
    return end(&j, e ? e : row[what](&j, out, in, num));
}
