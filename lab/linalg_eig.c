/* SPDX-License-Identifier: BSD-3-Clause */
/* linalg_eig.c: eigenvalues, singular values, and what is read off them: rank, norms, pinv, null, orth, cond.
 *
 * The fast drivers: divide and conquer (syevd, heevd, gesdd) where Octave takes the older ones, 4 to 5 times faster at
 * n = 500.  NaN and Inf are refused first: some drivers never return from them. */
#include "linalg.h"
#include "plan.h"
#include "rules.h"
#include <complex.h>
#include <float.h>
#include <math.h>

static void need_finite(const struct tensor *t, const char *who)
{
    if (!linalg_finite(t))
        fail("Octave:invalid-input-arg", "%s: the matrix contains Inf or NaN", who);
}

struct tensor *linalg_real_column(int dtype, i64 n)
{
    return tensor_2d(dtype_real(dtype), n, 1);
}

static double real_at(const struct tensor *t, i64 i)
{
    return t->dtype == D_SINGLE ? (double)((float *)t->data)[i] : ((double *)t->data)[i];
}

static void negate(const struct tensor *t)     /* real, dense */
{
    for (i64 i = 0; i < t->numel; i++)
        if (t->dtype == D_SINGLE)
            ((float *)t->data)[i] = 0 - ((float *)t->data)[i];
        else
            ((double *)t->data)[i] = 0 - ((double *)t->data)[i];
}

/* ---- singular values */
/* The signs that gesvd, Octave's driver, gives a vector: of a row U is 1; of a column V is -1, but 1 where its first
   element is negative, and the sign of that element where there is no other. */
static void vector_signs(const struct lapack *q, double first, bool alone)
{
    double v = real_at(q->v, 0), u = real_at(q->u, 0), want = alone == (first >= 0) ? 1 : -1;
    if (q->m == 1 ? u > 0 : v * want > 0)
        return;
    negate(q->m == 1 ? q->u : q->v);
    struct tensor *other = q->m == 1 ? q->v : q->u, part = *other;
    i64 n = q->m == 1 ? q->n : q->m, step = q->m == 1 ? other->dim[0] : 1;
    part.numel = 1;
    for (i64 i = 0; i < n; i++) {
        part.data = other->data + i * step * dtypes[other->dtype].size;
        negate(&part);
    }
}

struct svd linalg_svd(struct tensor *a, char job, const char *who)
{
    a = tensor_clone(a);
    need_finite(a, who);
    i64 m = a->dim[0], n = a->dim[1], k = MIN(m, n);
    struct lapack q = { .dtype = a->dtype, .m = m, .n = n, .a = a, .job = job, .s = linalg_real_column(a->dtype, k) };
    if (job != 'N') {
        q.u = tensor_2d(a->dtype, m, job == 'A' ? m : k);
        q.v = tensor_2d(a->dtype, job == 'A' ? n : k, n);
    }
    bool vector = k == 1 && job != 'N' && !dtype_is(a->dtype, DT_C), alone = true;
    double first = vector ? real_at(a, 0) : 0;
    for (i64 i = 1; vector && i < m; i++)
        alone &= real_at(a, i) == 0;
    if (k) {
        lapack(lapack_gesdd, &q, (job == 'N' ? 4. : 12.) * (double)m * (double)n * (double)k);
        if (q.info)
            fail("Octave:no-convergence", "%s: the singular values did not converge", who);
        if (vector)
            vector_signs(&q, first, alone);
    } else if (job != 'N') {
        if (q.u->numel)
            q.u = linalg_identity(a->dtype, m);
        if (q.v->numel)
            q.v = linalg_identity(a->dtype, n);
    }
    return (struct svd){ q.u, q.s, q.v };
}

static struct tensor *diagonal(const struct tensor *s, i64 m, i64 n)      /* m x n with s on it */
{
    struct tensor *d = tensor_zeros(s->dtype, 2, (i64[]){ m, n });
    size_t size = dtypes[s->dtype].size;
    for (i64 i = 0; i < s->numel; i++)
        memcpy(d->data + i * (m + 1) * (i64)size, s->data + i * (i64)size, size);
    return d;
}

BUILTIN(svd, 1, 2, 3, svd_grad,
    "s = svd(A)\n"
    "[U, S, V] = svd(A)\n"
    "[U, S, V] = svd(A, 'econ')\n"
    "[U, S, V] = svd(A, 0)\n\n"
    "Singular values of A in a column, largest first; or the decomposition A = U * S * V' with orthogonal (unitary) U "
    "and V and diagonal S. With 'econ' U and V have only min(m, n) columns, with 0 too where m >= n.\n\n"
    "Example:\n"
    "  svd([3 0; 0 4])\n"
    "  ans =\n     4\n     3\n\n"
    "See also: eig, rank, pinv, cond")
{
    struct tensor *a = arg_matrix(c, 0);
    if (c->nargout < 2) {
        result_tensor(c, 0, linalg_svd(a, 'N', "svd").s);
        return;
    }
    bool econ = has_arg(c, 1);
    if (econ && arg_is_text(c, 1))
        arg_option(c, 1, (const char *const[]){ "econ", NULL });
    else if (econ && a->dim[0] < a->dim[1] && value_numel(c->arg[1]) == 1 && arg_num(c, 1) == 0)
        econ = false;
    struct svd r = linalg_svd(a, econ ? 'S' : 'A', "svd");
    i64 k = r.s->numel;
    result_tensor(c, 0, r.u);
    result_tensor(c, 1, diagonal(r.s, econ ? k : a->dim[0], econ ? k : a->dim[1]));
    result_tensor(c, 2, linalg_turn(r.vt));
}

static double default_tol(const struct tensor *a, const struct tensor *s)
{
    return s->numel ? (double)MAX(a->dim[0], a->dim[1]) * real_at(s, 0) * linalg_eps(a->dtype) : 0;
}

BUILTIN(rank, 1, 2, 1, grad_zero,
    "k = rank(A)\n"
    "k = rank(A, tol)\n\n"
    "Number of singular values above tol, by default max(size(A)) * s(1) * eps.\n\n"
    "Example:\n"
    "  rank([1 2; 2 4])\n"
    "  ans = 1\n\n"
    "See also: svd, null, orth")
{
    struct tensor *a = arg_matrix(c, 0), *s = linalg_svd(a, 'N', "rank").s;
    double tol = has_arg(c, 1) ? arg_num(c, 1) : default_tol(a, s);
    i64 k = 0;
    while (k < s->numel && real_at(s, k) > tol)
        k++;
    result_num(c, 0, (double)k);
}

/* columns of m (dense) scaled by f(s) in place */
static void scale_columns(struct tensor *m, const struct tensor *s, i64 k, bool invert)
{
    i64 rows = m->dim[0];
    for (i64 j = 0; j < k; j++) {
        double f = invert ? 1 / real_at(s, j) : real_at(s, j);
        for (i64 i = j * rows; i < (j + 1) * rows; i++)
            switch (m->dtype) {
            case D_DOUBLE: ((double *)m->data)[i] *= f; break;
            case D_SINGLE: ((float *)m->data)[i] *= (float)f; break;
            case D_CDOUBLE: ((double _Complex *)m->data)[i] *= f; break;
            default: ((float _Complex *)m->data)[i] *= (float)f;
            }
    }
}

static struct tensor *columns(struct tensor *t, i64 from, i64 n)      /* a dense header on columns from .. from + n - 1 */
{
    return tensor_alias(t, 2, (i64[]){ t->dim[0], n }, t->stride, from * t->stride[1]);
}

BUILTIN(pinv, 1, 2, 1, pinv_grad,
    "B = pinv(A)\n"
    "B = pinv(A, tol)\n\n"
    "Pseudoinverse (Moore-Penrose): n x m for an m x n matrix; singular values up to tol count as zero (by default "
    "max(size(A)) * s(1) * eps).\n\n"
    "Example:\n"
    "  pinv([2 0; 0 0])\n"
    "  ans =\n     0.5000        0\n          0        0\n\n"
    "See also: inv, mldivide, svd")
{
    struct tensor *a = arg_matrix(c, 0);
    struct svd r = linalg_svd(a, 'S', "pinv");
    double tol = has_arg(c, 1) ? arg_num(c, 1) : default_tol(a, r.s);
    i64 k = 0;
    while (k < r.s->numel && real_at(r.s, k) > tol)
        k++;
    struct tensor *v = tensor_clone(columns(linalg_turn(r.vt), 0, k));
    scale_columns(v, r.s, k, true);
    result_tensor(c, 0, linalg_product(v, AS_IS, columns(r.u, 0, k), CTRANSPOSED));
}

BUILTIN(null, 1, 2, 1, NO_GRAD,
    "N = null(A)\n"
    "N = null(A, tol)\n\n"
    "Orthonormal basis of the null space of A, a column for each dimension: A * N is zero. Singular values up to tol "
    "count as zero.\n\n"
    "Example:\n"
    "  abs(null([1 0]))\n"
    "  ans =\n     0\n     1\n\n"
    "See also: orth, rank, svd")
{
    struct tensor *a = arg_matrix(c, 0);
    if (a->numel == 0) {
        result_tensor(
            c, 0, a->dim[0] == 0 && a->dim[1] > 0 ? linalg_identity(a->dtype, a->dim[1]) : tensor_2d(a->dtype, 0, 0));
        return;
    }
    struct svd r = linalg_svd(a, 'A', "null");
    double tol = has_arg(c, 1) ? arg_num(c, 1) : default_tol(a, r.s);
    i64 k = 0, n = a->dim[1];
    while (k < r.s->numel && real_at(r.s, k) > tol)
        k++;
    struct tensor *v = tensor_clone(columns(linalg_turn(r.vt), k, n - k));
    double eps = linalg_eps(v->dtype);
    if (v->dtype == D_DOUBLE) {               /* rounding dust to zero, as Octave */
        double *x = (double *)v->data;
        for (i64 i = 0; i < v->numel; i++)
            x[i] = fabs(x[i]) < eps ? 0 : x[i];
    }
    result_tensor(c, 0, v);
}

BUILTIN(orth, 1, 2, 1, NO_GRAD,
    "Q = orth(A)\n"
    "Q = orth(A, tol)\n\n"
    "Orthonormal basis of the range of A: as many columns as A has rank.\n\n"
    "Example:\n"
    "  size(orth([1 1; 1 1]))\n"
    "  ans =\n     2   1\n\n"
    "See also: null, rank, qr")
{
    struct tensor *a = arg_matrix(c, 0);
    if (a->numel == 0) {
        result_tensor(c, 0, tensor_2d(a->dtype, 0, 0));
        return;
    }
    struct svd r = linalg_svd(a, 'S', "orth");
    double tol = has_arg(c, 1) ? arg_num(c, 1) : default_tol(a, r.s);
    i64 k = 0;
    while (k < r.s->numel && real_at(r.s, k) > tol)
        k++;
    result(
        c, 0,
        ew_apply(EW_uminus, 1, (value[]){ tensor_value(tensor_clone(columns(r.u, 0, k))) })); /* the signs of Octave */
}

/* ---- norms */
static double modulus(const struct tensor *t, i64 i)      /* dense */
{
    switch (t->dtype) {
    case D_DOUBLE: return fabs(((double *)t->data)[i]);
    case D_SINGLE: return fabsf(((float *)t->data)[i]);
    case D_CDOUBLE: return cabs(((double _Complex *)t->data)[i]);
    default: return cabsf(((float _Complex *)t->data)[i]);
    }
}

/* p-norm of n elements from `at`, `step` apart; t dense.  NaN stays NaN. */
static double norm_of(const struct tensor *t, i64 at, i64 n, i64 step, double p)
{
    double s = 0, big = 0;
    if (p == 2 && step == 1)
        return n ? blas_norm2(t->dtype, n, t->data + at * (i64)dtypes[t->dtype].size) : 0;
    if (p == -INFINITY)
        s = n ? INFINITY : 0;
    for (i64 i = 0; i < n; i++) {
        double x = modulus(t, at + i * step);
        if (x != x)
            return NAN;
        if (p == INFINITY)
            s = x > s ? x : s;
        else if (p == -INFINITY)
            s = x < s ? x : s;
        else if (p == 1)
            s += x;
        else if (p == 0)
            s += x != 0;
        else
            big = x > big ? x : big;
    }
    if (p == INFINITY || p == -INFINITY || p == 1 || p == 0)
        return s;
    if (p > 0 && (big == 0 || isinf(big)))
        return big;
    double unit = p > 0 ? big : 1;            /* scaled, so that no power overflows */
    for (i64 i = 0; i < n; i++) {
        double x = modulus(t, at + i * step) / unit;
        s += p == 2 ? x * x : pow(x, p);
    }
    return unit * (p == 2 ? sqrt(s) : pow(s, 1 / p));
}

/* The vector with which x has the inner product norm(x, p), of norm 1 by the other exponent; returns norm(x, p). */
static double dual(const double _Complex *x, i64 n, double p, double _Complex *y)
{
    double big = 0, s = 0;
    for (i64 i = 0; i < n; i++)
        big = fmax(big, cabs(x[i]));
    for (i64 i = 0; i < n; i++)
        s += big > 0 ? pow(cabs(x[i]) / big, p) : 0;
    double r = big * pow(s, 1 / p);
    for (i64 i = 0; i < n; i++) {
        double a = cabs(x[i]);
        y[i] = a > 0 ? x[i] / a * pow(a / r, p - 1) : 0;
    }
    return r;
}

/* The p-norm of a matrix by the power method for it (Higham, Numer. Math. 62, 1992), from each unit vector and from the
   vector of ones: of what it finds the largest. */
static double power_norm(struct tensor *t, double p)
{
    i64 m = t->dim[0], n = t->dim[1];
    const double _Complex *a = (const double _Complex *)tensor_dense(tensor_cast(t, D_CDOUBLE))->data;
    double _Complex *x = scratch((size_t)(n + 1) * 16), *y = scratch((size_t)(m + 1) * 16),
                    *u = scratch((size_t)(m + 1) * 16), *z = scratch((size_t)(n + 1) * 16);
    double q = p / (p - 1), best = 0;
    for (i64 start = 0; start <= MIN(n, 32); start++) {
        for (i64 j = 0; j < n; j++)
            x[j] = start == 0 ? pow((double)n, -1 / p) : j == start - 1;
        double last = 0;
        for (int step = 0; step < 500; step++) {
            poll();
            for (i64 i = 0; i < m; i++)
                y[i] = 0;
            for (i64 j = 0; j < n; j++)
                for (i64 i = 0; i < m; i++)
                    y[i] += a[i + j * m] * x[j];
            double g = dual(y, m, p, u);
            if (g != g)
                return g;
            best = fmax(best, g);
            if (g <= last * (1 + 1e-15))
                break;
            last = g;
            for (i64 j = 0; j < n; j++) {
                z[j] = 0;
                for (i64 i = 0; i < m; i++)
                    z[j] += conj(a[i + j * m]) * u[i];
            }
            dual(z, n, q, x);
        }
    }
    return best;
}

double linalg_norm(struct tensor *t, double p, const char *who)
{
    i64 m = t->dim[0], n = t->dim[1];
    t = tensor_dense(t);
    if (t->numel == 0)
        return 0;
    if (p != p)
        return norm_of(t, 0, t->numel, 1, 2);
    if (m == 1 || n == 1)
        return norm_of(t, 0, t->numel, 1, p);
    if (p == 1)
        return blas_asum(t);
    if (p == INFINITY) {
        double best = 0;
        for (i64 i = 0; i < m; i++) {
            double s = norm_of(t, i, n, m, 1);
            if (s != s)
                return s;
            best = s > best ? s : best;
        }
        return best;
    }
    if (p == 2) {
        for (i64 i = 0; i < t->numel; i++) {
            double x = modulus(t, i);
            if (x != x)
                return NAN;
        }
        if (!linalg_finite(t))
            return INFINITY;
        return real_at(linalg_svd(t, 'N', who).s, 0);
    }
    if (!(p > 1))
        fail("Octave:invalid-input-arg", "%s: the norm of a matrix is for p >= 1 or \"fro\", not %g", who, p);
    return power_norm(t, p);
}

static void result_real(struct call *c, int i, int dtype, double x)   /* single for a single argument */
{
    if (dtype == D_SINGLE || dtype == D_CSINGLE)
        result(c, i, num_of(D_SINGLE, (float)x));
    else
        result_num(c, i, x);
}

static struct tensor *norms_along(struct tensor *t, int dim, double p)     /* dim 1 or 2 of a dense matrix */
{
    i64 m = t->dim[0], n = t->dim[1], len = dim == 1 ? n : m;
    struct tensor *r = tensor_2d(dtype_real(t->dtype), dim == 1 ? 1 : m, dim == 1 ? n : 1);
    for (i64 k = 0; k < len; k++) {
        double x = dim == 1 ? norm_of(t, k * m, m, 1, p) : norm_of(t, k, n, m, p);
        if (r->dtype == D_SINGLE)
            ((float *)r->data)[k] = (float)x;
        else
            ((double *)r->data)[k] = x;
    }
    return r;
}

BUILTIN(norm, 1, 3, 1, norm_grad,
    "y = norm(A)\n"
    "y = norm(A, p)\n"
    "y = norm(A, p, 'rows')\n"
    "y = norm(A, p, 'columns')\n\n"
    "Norm of a vector or matrix. Of a vector: p = 2 (default), 1, Inf, -Inf, 0 (how many are not zero), any number, or "
    "'fro'. Of a matrix: 2 (largest singular value, default), 1 (largest column sum), Inf (largest row sum), 'fro' "
    "(root of the sum of squares), or any number p > 1: the largest norm(A * x, p) of x with norm(x, p) = 1. With "
    "'rows' or 'columns' ('cols') one norm for each.\n\n"
    "Example:\n"
    "  norm([3 4])\n"
    "  ans = 5\n"
    "  norm([1 2; 3 4], 1)\n"
    "  ans = 6\n\n"
    "See also: vecnorm, cond, svd")
{
    if (!is_tensor_like(c->arg[0]) || dtype_is(value_dtype(c->arg[0]), DT_I | DT_T))
        fail_arg(c, 0, "a matrix of class double or single");
    struct tensor *t = arg_matrix(c, 0);
    double p = 2;
    int along = 0;
    for (int i = 1; i < c->nargin; i++) {
        if (arg_is_text(c, i)) {
            static const char *const names[] = { "fro", "inf", "rows", "columns", "cols", "-inf", NULL };
            int o = arg_option(c, i, names);
            if (o == 0)
                p = NAN;
            else if (o == 1 || o == 5)
                p = o == 1 ? INFINITY : -INFINITY;
            else
                along = o == 2 ? 2 : 1;
        } else if (value_numel(c->arg[i])) {
            p = arg_num(c, i);
        }
    }
    if (along)
        result_tensor(c, 0, norms_along(t, along, p != p ? 2 : p));
    else
        result_real(c, 0, t->dtype, linalg_norm(t, p, "norm"));
}

BUILTIN(vecnorm, 1, 3, 1, grad_form,
    "y = vecnorm(A)\n"
    "y = vecnorm(A, p, dim)\n\n"
    "The p-norm (default 2) of every vector of A along dim, by default the first dimension longer than one.\n\n"
    "Example:\n"
    "  vecnorm([3 1; 4 0])\n"
    "  ans =\n     5   1\n\n"
    "See also: norm")
{
    struct tensor *t = arg_float(c, 0);
    double p = has_arg(c, 1) && value_numel(c->arg[1]) ? arg_num(c, 1) : 2;
    int dim = arg_dim(c, 2, first_long_dim(t)) - 1;
    if (!(p > 0))
        fail("Octave:invalid-input-arg", "vecnorm: p must be positive, but is %g", p);
    i64 size[MAX_DIMS], before = 1, n = 1;
    for (int d = 0; d < t->nd; d++)
        size[d] = d == dim ? 1 : t->dim[d];
    for (int d = 0; d < MIN(dim, t->nd); d++)
        before *= t->dim[d];
    if (dim < t->nd)
        n = t->dim[dim];
    struct tensor *r = tensor_new(dtype_real(t->dtype), t->nd, size);
    for (i64 k = 0; k < r->numel; k++) {
        double x = norm_of(t, k % before + k / before * before * n, n, before, p);
        if (r->dtype == D_SINGLE)
            ((float *)r->data)[k] = (float)x;
        else
            ((double *)r->data)[k] = x;
    }
    result_tensor(c, 0, r);
}

BUILTIN(cond, 1, 2, 1, grad_form,
    "k = cond(A)\n"
    "k = cond(A, p)\n\n"
    "Condition number: by default (p = 2) the largest over the smallest singular value; for p = 1, Inf or 'fro' "
    "norm(A, p) * norm(inv(A), p). Inf for a singular matrix.\n\n"
    "Example:\n"
    "  cond([2 0; 0 1])\n"
    "  ans = 2\n\n"
    "See also: rcond, norm, svd")
{
    struct tensor *a = arg_matrix(c, 0);
    double p = 2;
    if (has_arg(c, 1))
        p = arg_is_text(c, 1) ? (arg_option(c, 1, (const char *const[]){ "fro", "inf", NULL }) == 0 ? NAN : INFINITY)
                              : arg_num(c, 1);
    if (p == 2) {
        struct tensor *s = linalg_svd(a, 'N', "cond").s;
        i64 n = s->numel;
        result_real(c, 0, a->dtype, n == 0 ? 0 : real_at(s, n - 1) == 0 ? INFINITY : real_at(s, 0) / real_at(s, n - 1));
        return;
    }
    linalg_square(a, "cond");
    extern const struct builtin builtin_inv;
    struct tensor *b = tensor_of(call1(&builtin_inv, 1, tensor_value(a)));
    result_real(c, 0, a->dtype, linalg_norm(a, p, "cond") * linalg_norm(linalg_float(b), p, "cond"));
}

/* ---- eigenvalues */
struct tensor *linalg_complex_vectors(struct tensor *v, const struct tensor *w)
{
    i64 n = v->dim[0];
    struct tensor *r = tensor_2d(dtype_complex(v->dtype), n, n);
    bool single = v->dtype == D_SINGLE;
    for (i64 j = 0; j < n; j++) {
        double im = single ? (double)cimagf(((float _Complex *)w->data)[j]) : cimag(((double _Complex *)w->data)[j]);
        i64 re = im < 0 ? j - 1 : j;
        for (i64 i = 0; i < n; i++) {
            double x = real_at(v, i + re * n), y = im == 0  ? 0
                                                   : im > 0 ? real_at(v, i + (j + 1) * n)
                                                            : -real_at(v, i + j * n);
            if (single)
                ((float _Complex *)r->data)[i + j * n] = CMPLXF((float)x, (float)y);
            else
                ((double _Complex *)r->data)[i + j * n] = CMPLX(x, y);
        }
    }
    return r;
}

struct eig { struct tensor *w, *v, *u; };     /* values; right and left vectors where asked for */

static struct eig eigen(struct tensor *a, struct tensor *b, bool right, bool left, bool chol, const char *who)
{
    i64 n = a->dim[0];
    double cube = (double)n * (double)n * (double)n;
    a = tensor_clone(a);
    need_finite(a, who);
    if (b) {
        b = tensor_clone(b);
        need_finite(b, who);
    }
    struct lapack q = { .dtype = a->dtype, .n = n, .a = a, .b = b, .uplo = 'U', .job = right || left ? 'V' : 'N' };
    if (n == 0) {
        struct tensor *none = tensor_2d(a->dtype, 0, 0);
        return (struct eig){ none, none, none };
    }
    if (!b && linalg_hermitian(a)) {
        q.s = linalg_real_column(a->dtype, n);
        lapack(lapack_syevd, &q, (right ? 9 : 4. / 3) * cube);
        if (q.info)
            fail("Octave:no-convergence", "%s: the eigenvalues did not converge", who);
        return (struct eig){ q.s, a, a };
    }
    if (b && chol && linalg_hermitian(a) && linalg_hermitian(b)) {
        q.a = tensor_clone(a);
        q.b = tensor_clone(b);
        q.s = linalg_real_column(a->dtype, n);
        lapack(lapack_sygvd, &q, 12 * cube);
        if (q.info == 0)
            return (struct eig){ q.s, q.a, q.a };
        q.a = a;                              /* b is not positive definite: the general way */
        q.b = b;
    }
    q.s = tensor_2d(dtype_complex(a->dtype), n, 1);
    q.v = right ? tensor_2d(a->dtype, n, n) : NULL;
    q.u = left ? tensor_2d(a->dtype, n, n) : NULL;
    lapack(b ? lapack_ggev : lapack_geev, &q, (right || left ? 27. : 10.) * cube * (b ? 2 : 1));
    if (q.info)
        fail("Octave:no-convergence", "%s: the eigenvalues did not converge", who);
    struct tensor *w = tensor_narrow(q.s);
    if (w == q.s && !dtype_is(a->dtype, DT_C)) {
        if (right)
            q.v = linalg_complex_vectors(q.v, q.s);
        if (left)
            q.u = linalg_complex_vectors(q.u, q.s);
    }
    return (struct eig){ w, q.v, q.u };
}

BUILTIN(eig, 1, 4, 3, eig_grad,
    "lambda = eig(A)\n"
    "lambda = eig(A, B)\n"
    "[V, D] = eig(A)\n"
    "[V, D, W] = eig(A)\n"
    "[V, lambda] = eig(A, 'vector')\n\n"
    "Eigenvalues of a square matrix in a column, or eigenvectors V of length 1 in columns and a diagonal matrix D: A * "
    "V = V * D; W are left eigenvectors. With B the generalised problem A * V = B * V * D. A symmetric (Hermitian) A "
    "has real eigenvalues in rising order. Options: 'vector', 'matrix' (the form of D), 'chol', 'qz' (the method for a "
    "symmetric pair).\n\n"
    "Example:\n"
    "  eig([2 1; 1 2])\n"
    "  ans =\n     1\n     3\n\n"
    "See also: svd, schur, hess, roots")
{
    struct tensor *a = arg_matrix(c, 0), *b = NULL;
    bool vector = c->nargout < 2, chol = true;
    for (int i = 1; i < c->nargin; i++) {
        if (arg_is_text(c, i)) {
            static const char *const names[] = { "vector", "matrix", "chol", "qz", "balance", "nobalance", NULL };
            int o = arg_option(c, i, names);
            if (o < 2)
                vector = o == 0;
            else if (o < 4)
                chol = o == 2;
        } else if (i == 1) {
            b = arg_matrix(c, 1);
        } else {
            fail_arg(c, i, "an option in quotes");
        }
    }
    linalg_square(a, "eig");
    if (b) {
        char s[128], t[128];
        linalg_square(b, "eig");
        if (b->dim[0] != a->dim[0])
            fail("Octave:nonconformant-args", "eig: A and B must have the same size, but A is %s and B is %s",
                 tensor_shape(a, s), tensor_shape(b, t));
        int dt = promote(a->dtype, b->dtype);
        a = tensor_dense(tensor_cast(a, dt));
        b = tensor_dense(tensor_cast(b, dt));
    }
    struct eig r = eigen(a, b, c->nargout >= 2, c->nargout >= 3, chol, "eig");
    struct tensor *d = vector ? r.w : diagonal(r.w, a->dim[0], a->dim[0]);
    if (c->nargout < 2) {
        result_tensor(c, 0, d);
        return;
    }
    result_tensor(c, 0, tensor_narrow(r.v));
    result_tensor(c, 1, d);
    if (wants(c, 2))
        result_tensor(c, 2, tensor_narrow(r.u));
}

static double _Complex complex_at(const struct tensor *t, i64 i)
{
    switch (t->dtype) {
    case D_CDOUBLE: return ((double _Complex *)t->data)[i];
    case D_CSINGLE: return ((float _Complex *)t->data)[i];
    default: return real_at(t, i);
    }
}

value linalg_eig_power(struct tensor *t, value p, bool matrix_base)
{
    struct tensor *pt = linalg_float(tensor_of(p));
    int dt = promote(t->dtype, pt->dtype);
    if (t->numel == 0)
        return tensor_value(tensor_2d(dt, 0, 0));
    t = tensor_dense(t);
    bool hermitian = linalg_hermitian(t);
    struct eig e = eigen(t, NULL, true, false, true, "mpower");
    i64 n = t->dim[0];
    double _Complex s = complex_at(pt, 0);
    bool single = dt == D_SINGLE || dt == D_CSINGLE;
    struct tensor *v = tensor_clone(tensor_cast(e.v, single ? D_CSINGLE : D_CDOUBLE)), *scaled = tensor_clone(v);
    for (i64 j = 0; j < n; j++) {
        double _Complex w = complex_at(e.w, j), f;
        if (cimag(w) == 0 && cimag(s) == 0 && (matrix_base ? creal(w) >= 0 : creal(s) >= 0))
            f = matrix_base ? pow(creal(w), creal(s)) : pow(creal(s), creal(w));
        else
            f = matrix_base ? cpow(w, s) : cpow(s, w);
        for (i64 i = j * n; i < (j + 1) * n; i++) {
            if (single)
                ((float _Complex *)scaled->data)[i] *= (float _Complex)f;
            else
                ((double _Complex *)scaled->data)[i] *= f;
        }
    }
    struct tensor *r;
    if (hermitian) {
        r = linalg_product(scaled, AS_IS, v, CTRANSPOSED);
    } else {                                  /* scaled / v */
        struct tensor *x = linalg_solve(v, TRANSPOSED, tensor_dense(tensor_transpose(scaled)));
        r = tensor_dense(tensor_transpose(x));
    }
    r = tensor_narrow(r);
    if (dtype_is(r->dtype, DT_C) && !dtype_is(t->dtype, DT_C) &&
        cimag(s) == 0) { /* real in truth: drop what rounding left */
        double big = 0, im = 0;
        for (i64 i = 0; i < r->numel; i++) {
            double _Complex x = complex_at(r, i);
            big = fmax(big, cabs(x));
            im = fmax(im, fabs(cimag(x)));
        }
        bool positive = true;
        for (i64 j = 0; j < n && matrix_base; j++)
            positive &= creal(complex_at(e.w, j)) > 0 || cimag(complex_at(e.w, j)) != 0;
        if (positive && (matrix_base || creal(s) > 0) && im <= 10 * (double)n * linalg_eps(dt) * big)
            r = tensor_cast(r, dtype_real(r->dtype));
    }
    return tensor_value(r);
}
