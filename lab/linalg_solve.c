/* SPDX-License-Identifier: BSD-3-Clause */
/* linalg_solve.c: A \ b and what comes with factors: inv, det, lu, chol, qr, linsolve, rcond.
 *
 * A square system goes to the cheapest method that its shape allows: triangular, Cholesky, LU; every one estimates the
 * condition and warns below eps, and one with a pivot that is zero falls to the least squares solution of least norm,
 * as in Octave. All sizes go to LAPACK by the same calls, so that whole solutions come out whole where they do there
 * (an LU of our own was twice as fast at 10 x 10, and its last bits were others). */
#include "linalg.h"
#include "gpu.h"
#include "clones.h"
#include "plan.h"
#include "rules.h"
#include <complex.h>
#include <float.h>
#include <math.h>

double linalg_eps(int dtype) { return dtype == D_SINGLE || dtype == D_CSINGLE ? FLT_EPSILON : DBL_EPSILON; }

bool linalg_finite(const struct tensor *t)
{
    i64 n = t->numel * (dtype_is(t->dtype, DT_C) ? 2 : 1);
    bool ok = true;
    if (t->dtype == D_DOUBLE || t->dtype == D_CDOUBLE) {
        const double *x = (const double *)t->data;
        double s = 0;
        #pragma omp simd reduction(+: s)
        for (i64 i = 0; i < n; i++)
            s += x[i] * 0;                    /* NaN as soon as one is not finite */
        ok = s == 0;
    } else if (t->dtype == D_SINGLE || t->dtype == D_CSINGLE) {
        const float *x = (const float *)t->data;
        float s = 0;
        #pragma omp simd reduction(+: s)
        for (i64 i = 0; i < n; i++)
            s += x[i] * 0;
        ok = s == 0;
    }
    return ok;
}

bool linalg_hermitian(const struct tensor *t)
{
    i64 n = t->dim[0];
    if (n != t->dim[1])
        return false;
    enum { TILE = 32 };                       /* both sides of the diagonal stay in cache */
#define CHECK(T, conj_)                                                                        \
    {                                                                                          \
        const T *x = (const T *)t->data;                                                       \
        for (i64 j0 = 0; j0 < n; j0 += TILE)                                                   \
            for (i64 i0 = 0; i0 <= j0; i0 += TILE)                                             \
                for (i64 j = j0; j < MIN(j0 + TILE, n); j++)                                   \
                    for (i64 i = i0; i <= MIN(i0 + TILE - 1, j); i++)                          \
                        if (!(x[i + j * n] == conj_(x[j + i * n])))                            \
                            return false;                                                      \
        return true;                                                                           \
    }
    switch (t->dtype) {
    case D_DOUBLE: CHECK(double, )
    case D_SINGLE: CHECK(float, )
    case D_CDOUBLE: CHECK(double _Complex, conj)
    default: CHECK(float _Complex, conjf)
    }
}

/* What a matrix's zeros say.  'D'iagonal counts as upper. */
static bool is_zero(const struct tensor *t, i64 k)
{
    switch (t->dtype) {
    case D_DOUBLE: return ((double *)t->data)[k] == 0;
    case D_SINGLE: return ((float *)t->data)[k] == 0;
    case D_CDOUBLE: return ((double _Complex *)t->data)[k] == 0;
    default: return ((float _Complex *)t->data)[k] == 0;
    }
}

static bool is_upper(const struct tensor *t)
{
    i64 n = t->dim[0];
    for (i64 j = 0; j < t->dim[1]; j++)
        for (i64 i = j + 1; i < n; i++)
            if (!is_zero(t, i + j * n))
                return false;
    return true;
}

static bool is_lower(const struct tensor *t)
{
    i64 n = t->dim[0];
    for (i64 j = t->dim[1] - 1; j > 0; j--)
        for (i64 i = MIN(j, n) - 1; i >= 0; i--)
            if (!is_zero(t, i + j * n))
                return false;
    return true;
}

static double real_at(const struct tensor *t, i64 k)
{
    switch (t->dtype) {
    case D_DOUBLE: return ((double *)t->data)[k];
    case D_SINGLE: return ((float *)t->data)[k];
    case D_CDOUBLE: return creal(((double _Complex *)t->data)[k]);
    default: return crealf(((float _Complex *)t->data)[k]);
    }
}

static bool positive_diagonal(const struct tensor *t)
{
    i64 n = t->dim[0];
    for (i64 i = 0; i < n; i++)
        if (!(real_at(t, i * (n + 1)) > 0))
            return false;
    return true;
}

/* ---- the general case */
static void warn_singular(double rcond)
{
    if (rcond == 0 || rcond != rcond)
        warn("Octave:singular-matrix", "matrix singular to machine precision\nhint: rank(A) counts the independent "
                                       "columns; pinv(A) is defined for every matrix");
    else
        warn("Octave:nearly-singular-matrix", "matrix singular to machine precision, rcond = %g", rcond);
}

static bool ill(double rcond, int dtype)      /* rcond + 1 == 1 in the matrix's class */
{
    return rcond != rcond ||
           (dtypes[dtype].size == 4 || dtype == D_CSINGLE ? (float)rcond + 1.0f == 1.0f : rcond + 1.0 == 1.0);
}

static struct tensor *filled_nan(int dtype, i64 m, i64 n)
{
    struct tensor *x = tensor_2d(dtype, m, n);
    for (i64 i = 0; i < x->numel; i++)
        switch (dtype) {
        case D_DOUBLE: ((double *)x->data)[i] = NAN; break;
        case D_SINGLE: ((float *)x->data)[i] = NAN; break;
        case D_CDOUBLE: ((double _Complex *)x->data)[i] = NAN; break;
        default: ((float _Complex *)x->data)[i] = NAN;
        }
    return x;
}

/* b with max(m, n) rows, as the least squares drivers want it */
static struct tensor *padded(struct tensor *b, i64 rows)
{
    struct tensor *x = tensor_2d(b->dtype, rows, b->dim[1]);
    size_t size = dtypes[b->dtype].size;
    for (i64 j = 0; j < b->dim[1]; j++) {
        memcpy(x->data + j * rows * (i64)size, b->data + j * b->dim[0] * (i64)size, (size_t)b->dim[0] * size);
        memset(x->data + (j * rows + b->dim[0]) * (i64)size, 0, (size_t)(rows - b->dim[0]) * size);
    }
    return x;
}

static struct tensor *top_rows(struct tensor *x, i64 n)
{
    if (x->dim[0] == n)
        return x;
    return tensor_clone(tensor_alias(x, 2, (i64[]){ n, x->dim[1] }, x->stride, 0));
}

/* Least squares of least norm, a and b dense.  Full rank (the condition of the triangle decides) goes by QR, the rest by SVD,
   and so do small systems: their last bits are Octave's then. */
enum { SMALL_SQUARES = 1000 };
static struct tensor *least_squares(struct tensor *a, struct tensor *b, bool maybe_full_rank)
{
    i64 m = a->dim[0], n = a->dim[1], k = b->dim[1];
    if (m == 0 || n == 0 || k == 0)
        return tensor_zeros(a->dtype, 2, (i64[]){ n, k });
    if (!linalg_finite(a) || !linalg_finite(b))
        return filled_nan(a->dtype, n, k);
    double flops = 4. * (double)m * (double)n * (double)MIN(m, n);
    if (maybe_full_rank && (double)m * (double)n > SMALL_SQUARES) {
        struct lapack q = { .dtype = a->dtype, .m = m, .n = n, .k = k, .a = tensor_clone(a), .b = padded(b, MAX(m, n)) };
        lapack(lapack_gels, &q, flops);
        if (q.info == 0 && q.num > 100 * (double)MAX(m, n) * linalg_eps(a->dtype))
            return top_rows(q.b, n);
    }
    struct lapack q = {
        .dtype = a->dtype, .m = m, .n = n, .k = k, .a = tensor_clone(a), .b = padded(b, MAX(m, n)), .num = -1
    };
    lapack(lapack_gelsd, &q, 6 * flops);
    return top_rows(q.b, n);
}

static struct tensor *solve_triangular(struct tensor *a, char uplo, int ta, struct tensor *b)
{
    i64 n = a->dim[0];
    struct lapack q = { .dtype = a->dtype, .n = n, .k = b->dim[1], .a = a, .b = tensor_clone(b), .uplo = uplo, .diag = 'N',
                        .trans = ta == AS_IS ? 'N' : ta == TRANSPOSED ? 'T' : 'C' };
    for (i64 i = 0; i < n; i++)
        if (is_zero(a, i * (n + 1))) {
            warn_singular(0);
            return least_squares(
                ta == AS_IS ? a : tensor_dense(ta == TRANSPOSED ? tensor_transpose(a) : linalg_turn(a)), b, false);
        }
    lapack(lapack_trcon, &q, (double)n * (double)n * 4);
    if (ill(q.num, a->dtype))
        warn_singular(q.num);
    lapack(lapack_trtrs, &q, (double)n * (double)n * (double)q.k);
    return q.b;
}

static struct tensor *solve_square(struct tensor *a, int ta, struct tensor *b)
{
    i64 n = a->dim[0], k = b->dim[1];
    int dt = a->dtype;
    char trans = ta == AS_IS ? 'N' : ta == TRANSPOSED ? 'T' : 'C';
    if (is_upper(a))
        return solve_triangular(a, 'U', ta, b);
    if (is_lower(a))
        return solve_triangular(a, 'L', ta, b);
    double norm1 = blas_asum(a),
           anorm = isfinite(norm1)    ? norm1
                   : linalg_finite(a) ? norm1
                                      : NAN,
           cube = (double)n * (double)n * (double)n, rhs = 2. * (double)n * (double)n * (double)k;
    struct lapack q = {
        .dtype = dt, .m = n, .n = n, .k = k, .b = tensor_clone(b), .uplo = 'L', .trans = trans, .num = anorm
    };
    if (anorm == anorm && positive_diagonal(a) && linalg_hermitian(a)) {
        q.a = tensor_clone(a);
        if (ta == TRANSPOSED && dtype_is(dt, DT_C))
            q.a = tensor_clone(tensor_transpose(a));
        lapack(lapack_posv, &q, cube / 3 + rhs);
        if (q.info == 0 && !ill(q.num, dt))
            return q.b;
        q.b = tensor_clone(b);
        q.num = anorm;
    }
    q.a = tensor_clone(a);
    q.p = tensor_2d(D_INT32, n, 1);
    if (anorm != anorm) {                     /* NaN or Inf inside: what elimination gives */
        lapack(lapack_getrf, &q, 2 * cube / 3);
        warn_singular(NAN);
        lapack(lapack_getrs, &q, rhs);
        return q.b;
    }
    lapack(lapack_gesv, &q, 2 * cube / 3 + rhs);
    if (q.info || ill(q.num, dt))
        warn_singular(q.info ? 0 : q.num);
    if (q.info == 0 || q.num != q.num)
        return q.b;
    return least_squares(ta == AS_IS ? a : tensor_dense(ta == TRANSPOSED ? tensor_transpose(a) : linalg_turn(a)), b, false);
}

struct tensor *linalg_solve(struct tensor *a, int ta, struct tensor *b)
{
    int dt = promote(a->dtype, b->dtype);
    a = tensor_cast(a, dt);
    b = tensor_dense(tensor_cast(b, dt));
    if (unlikely(a->device | b->device))
        return gpu_solve(a, ta, b);
    if (ta == TRANSPOSED && !(a->flags & T_DENSE)) {      /* the transpose of a transposed header is dense as it stands */
        a = tensor_transpose(a);
        ta = AS_IS;
    }
    a = tensor_dense(a);
    if (a->dim[0] == 0 || a->dim[1] == 0 || b->dim[1] == 0)
        return tensor_zeros(dt, 2, (i64[]){ ta ? a->dim[0] : a->dim[1], b->dim[1] });
    if (a->dim[0] == a->dim[1])
        return solve_square(a, ta, b);
    return least_squares(ta == AS_IS ? a : tensor_dense(ta == TRANSPOSED ? tensor_transpose(a) : linalg_turn(a)), b, true);
}

/* ---- factors.  All begin with a fresh dense copy. */
static struct tensor *copy_matrix(struct call *c, int i)
{
    return tensor_clone(arg_matrix(c, i));
}

static void put_one(struct tensor *t, i64 k)
{
    switch (t->dtype) {
    case D_DOUBLE: ((double *)t->data)[k] = 1; break;
    case D_SINGLE: ((float *)t->data)[k] = 1; break;
    case D_CDOUBLE: ((double _Complex *)t->data)[k] = 1; break;
    default: ((float _Complex *)t->data)[k] = 1;
    }
}

/* The triangle of `from` (not fewer rows, not fewer columns), zeros else; unit: ones on the diagonal.  to may be from.
   A pass over 8 MB costs 1 to 2 ms where an LU takes 13. */
static void put_triangle(struct tensor *to, const struct tensor *from, bool upper, bool unit)
{
    size_t size = dtypes[to->dtype].size;
    i64 m = to->dim[0], n = to->dim[1], ld = from->dim[0];
    EACH_PART(j, 0, n, 1, m * n > 1 << 18, {
        i64 lo = upper ? 0 : MIN(j + unit, m), hi = upper ? MIN(j + 1, m) : m;
        char *col = to->data + j * m * (i64)size;
        memset(col, 0, (size_t)lo * size);
        if (to != from)
            memcpy(col + lo * (i64)size, from->data + (lo + j * ld) * (i64)size, (size_t)(hi - lo) * size);
        memset(col + hi * (i64)size, 0, (size_t)(m - hi) * size);
        if (unit && j < m)
            put_one(to, j + j * m);
    })
}

static i64 *rows_of_pivots(const struct tensor *p, i64 k, i64 m)      /* row i of P*A is row perm[i] of A */
{
    i64 *perm = scratch((size_t)m * sizeof *perm + 1);
    for (i64 i = 0; i < m; i++)
        perm[i] = i;
    for (i64 i = 0; i < k; i++) {
        i64 j = ((int *)p->data)[i] - 1, w = perm[i];
        perm[i] = perm[j];
        perm[j] = w;
    }
    return perm;
}

static struct lapack factor_lu(struct tensor *a)
{
    i64 m = a->dim[0], n = a->dim[1];
    struct lapack q = { .dtype = a->dtype, .m = m, .n = n, .a = a, .p = tensor_2d(D_INT32, MIN(m, n), 1) };
    if (m && n)
        lapack(lapack_getrf, &q, (double)m * (double)n * (double)MIN(m, n));
    return q;
}

/* The Cholesky factor of a matrix that looks positive definite and is; else q.a is NULL.  a dense, kept. */
static struct lapack factor_definite(struct tensor *a, char uplo)
{
    i64 n = a->dim[0];
    struct lapack q = { .dtype = a->dtype, .n = n, .uplo = uplo };
    if (n && positive_diagonal(a) && linalg_hermitian(a)) {
        q.a = tensor_clone(a);
        lapack(lapack_potrf, &q, (double)n * (double)n * (double)n / 3);
        if (q.info)
            q.a = NULL;
    }
    return q;
}

BUILTIN(lu, 1, 2, 4, grad_form,
    "[L, U, P] = lu(A)\n"
    "[L, U] = lu(A)\n"
    "Y = lu(A)\n"
    "[L, U, p] = lu(A, 'vector')\n"
    "[L, U, P, Q] = lu(S)\n"
    "[L, U, P] = lu(A, 'steps')\n\n"
    "LU factors of an m x n matrix with row exchanges: P * A = L * U with L lower triangular with ones on its diagonal "
    "and U upper triangular. With two results the exchanges are in L, with one the factors lie over each other. With "
    "'vector' p is a column of indices: A(p,:) = L * U. Of a sparse matrix P * S * Q = L * U, with columns exchanged "
    "so that the factors have few elements. With 'steps' every row operation is printed.\n\n"
    "Example:\n"
    "  [L, U, P] = lu([1 2; 4 4])\n"
    "  L =\n     1.0000        0\n     0.2500   1.0000\n"
    "  U =\n     4   4\n     0   1\n"
    "  P =\n     0   1\n     1   0\n\n"
    "See also: qr, chol, det, mldivide")
{
    if (call_steps(c))
        return;
    if (c->nargout > 3)
        fail("Octave:invalid-fun-call", "lu: four results are for a sparse matrix\nhint: sparse(A) makes one");
    struct tensor *a = copy_matrix(c, 0);
    i64 m = a->dim[0], n = a->dim[1], k = MIN(m, n);
    bool vector = has_arg(c, 1) && arg_option(c, 1, (const char *const[]){ "vector", NULL }) == 0;
    struct lapack q = factor_lu(a);
    if (c->nargout < 2) {
        result_tensor(c, 0, a);
        return;
    }
    bool wide = k == m;                       /* a becomes U, or else L */
    struct tensor *l = wide || c->nargout == 2 ? tensor_2d(a->dtype, m, k) : a, *u = wide ? a : tensor_2d(a->dtype, k, n);
    i64 *perm = rows_of_pivots(q.p, k, m);
    size_t size = dtypes[a->dtype].size;
    if (!wide)
        put_triangle(u, a, true, false);
    if (c->nargout == 2) {                    /* L with its rows back where A had them */
        for (i64 j = 0; j < k; j++) {
            char *col = l->data + j * m * (i64)size;
            memset(col, 0, (size_t)m * size);
            put_one(l, perm[j] + j * m);
            for (i64 i = j + 1; i < m; i++)
                memcpy(col + perm[i] * (i64)size, a->data + (i + j * m) * (i64)size, size);
        }
    } else {
        put_triangle(l, a, false, true);
    }
    if (wide)
        put_triangle(u, a, true, false);
    result_tensor(c, 0, l);
    result_tensor(c, 1, u);
    if (wants(c, 2)) {
        struct tensor *p = tensor_zeros(D_DOUBLE, 2, vector ? (i64[]){ m, 1 } : (i64[]){ m, m });
        for (i64 i = 0; i < m; i++)
            ((double *)p->data)[vector ? i : i + perm[i] * m] = vector ? (double)(perm[i] + 1) : 1;
        result_tensor(c, 2, p);
    }
}

BUILTIN(det, 1, 2, 2, det_grad,
    "d = det(A)\n"
    "[d, rcond] = det(A)\n"
    "d = det(A, 'steps')\n\n"
    "Determinant of a square matrix, from its LU factors (the Cholesky factor of a positive definite one), and the "
    "reciprocal condition number. det([]) is 1. With 'steps' every row operation is printed, of integers with "
    "fractions.\n\n"
    "Example:\n"
    "  det([1 2; 3 4])\n"
    "  ans = -2\n\n"
    "See also: lu, inv, rcond, trace")
{
    if (call_steps(c))
        return;
    if (c->nargin > 1)
        fail_arg(c, 1, "'steps'");
    struct tensor *a = copy_matrix(c, 0);
    linalg_square(a, "det");
    i64 n = a->dim[0];
    double anorm = wants(c, 1) ? blas_asum(a) : 0;
    double _Complex d = 1;
    double re = 1;
    struct lapack q = { 0 };
    if (!is_upper(a) && !is_lower(a))
        q = factor_definite(a, 'L');
    if (q.a) {
        for (i64 i = 0; i < n; i++)
            re *= real_at(q.a, i * (n + 1));
        struct tensor *r = tensor_2d(dtype_real(a->dtype), 1, 1);
        if (r->dtype == D_DOUBLE)
            *(double *)r->data = re * re;
        else
            *(float *)r->data = (float)(re * re);
        result_tensor(c, 0, r);
        if (wants(c, 1)) {
            q.num = anorm;
            lapack(lapack_pocon, &q, 4. * (double)n * (double)n);
            result_num(c, 1, q.num);
        }
        return;
    }
    q = factor_lu(a);
    for (i64 i = 0; i < n; i++) {
        bool turned = ((int *)q.p->data)[i] != i + 1;
        i64 k = i * (n + 1);
        if (dtype_is(a->dtype, DT_C))
            d *= (a->dtype == D_CDOUBLE ? ((double _Complex *)a->data)[k]
                                        : (double _Complex)((float _Complex *)a->data)[k]) *
                 (turned ? -1 : 1);
        else
            re *= (a->dtype == D_DOUBLE ? ((double *)a->data)[k] : (double)((float *)a->data)[k]) * (turned ? -1 : 1);
    }
    struct tensor *r = tensor_2d(a->dtype, 1, 1);
    switch (a->dtype) {
    case D_DOUBLE: *(double *)r->data = re; break;
    case D_SINGLE: *(float *)r->data = (float)re; break;
    case D_CDOUBLE: *(double _Complex *)r->data = d; break;
    default: *(float _Complex *)r->data = (float _Complex)d;
    }
    result_tensor(c, 0, tensor_narrow(r));
    if (wants(c, 1)) {
        q.num = anorm;
        if (n && q.info == 0)
            lapack(lapack_gecon, &q, 4. * (double)n * (double)n);
        result_num(c, 1, n == 0 ? INFINITY : q.info ? 0 : q.num);
    }
}

static double condition(struct tensor *a)     /* 1-norm reciprocal condition; a is destroyed */
{
    i64 n = a->dim[0];
    double anorm = blas_asum(a);
    if (n == 0)
        return INFINITY;
    if (anorm != anorm)
        return NAN;
    if (isinf(anorm))
        return 0;
    struct lapack q = factor_lu(a);
    if (q.info)
        return 0;
    q.num = anorm;
    lapack(lapack_gecon, &q, 4. * (double)n * (double)n);
    return q.num;
}

BUILTIN(rcond, 1, 1, 1, grad_form,
    "r = rcond(A)\n\n"
    "Estimate of the reciprocal condition number of a square matrix in the 1-norm: near 1 for a good one, near eps for "
    "one that is singular in practice, 0 for a singular one.\n\n"
    "Example:\n"
    "  rcond(eye(3))\n"
    "  ans = 1\n\n"
    "See also: cond, det, inv")
{
    struct tensor *a = copy_matrix(c, 0);
    linalg_square(a, "rcond");
    result_num(c, 0, condition(a));
}

static void fill_inf(struct tensor *t)
{
    for (i64 i = 0; i < t->numel; i++)
        switch (t->dtype) {
        case D_DOUBLE: ((double *)t->data)[i] = INFINITY; break;
        case D_SINGLE: ((float *)t->data)[i] = INFINITY; break;
        case D_CDOUBLE: ((double _Complex *)t->data)[i] = INFINITY; break;
        default: ((float _Complex *)t->data)[i] = INFINITY;
        }
}

static void mirror(struct tensor *t)          /* the upper triangle, conjugated, into the lower one */
{
    i64 n = t->dim[0];
#define MIRROR(T, conj_)                                                                       \
    for (i64 j = 0; j < n; j++)                                                                \
        for (i64 i = j + 1; i < n; i++)                                                        \
            ((T *)t->data)[i + j * n] = conj_(((T *)t->data)[j + i * n]);                      \
    break
    switch (t->dtype) {
    case D_DOUBLE: MIRROR(double, );
    case D_SINGLE: MIRROR(float, );
    case D_CDOUBLE: MIRROR(double _Complex, conj);
    default: MIRROR(float _Complex, conjf);
    }
}

/* By the factors that Octave takes: of a triangular matrix itself, Cholesky's of a positive definite one, else L and U. */
struct tensor *linalg_inverse(struct tensor *a, double *rcond, bool warns)
{
    i64 n = a->dim[0];
    double cube = (double)n * (double)n * (double)n, square = 4. * (double)n * (double)n;
    *rcond = INFINITY;
    if (unlikely(a->device))
        return gpu_inverse(a);
    if (n == 0)
        return tensor_2d(a->dtype, 0, 0);
    double anorm = blas_asum(a);
    if (n == 1 && anorm != anorm) {
        *rcond = NAN;
        return filled_nan(a->dtype, 1, 1);
    }
    bool upper = is_upper(a), triangular = upper || is_lower(a);
    struct lapack q =
        triangular
            ? (struct lapack){ .dtype = a->dtype, .n = n, .a = tensor_clone(a), .uplo = upper ? 'U' : 'L', .diag = 'N' }
            : factor_definite(a, 'U');
    bool definite = q.a && !triangular;
    if (!q.a)
        q = factor_lu(tensor_clone(a));
    if (warns && !triangular && !definite &&
        q.info == 0) { /* the inverse itself says how far from singular A was: the estimate took a tenth of the time */
        lapack(lapack_getri, &q, 4 * cube / 3);
        if (anorm * blas_asum(q.a) < 1e-4 / linalg_eps(a->dtype))
            return q.a;
        q = factor_lu(tensor_clone(a));
    }
    q.num = anorm;
    for (i64 i = 0; triangular && i < n; i++)
        q.info |= is_zero(a, i * (n + 1));
    if (q.info == 0)
        lapack(triangular ? lapack_trcon : definite ? lapack_pocon : lapack_gecon, &q, square);
    else
        q.num = 0;
    *rcond = q.num;
    if (warns && ill(q.num, a->dtype))
        warn_singular(q.num);
    if (q.num == 0 || q.num != q.num) {
        fill_inf(q.a);
        return q.a;
    }
    lapack(triangular ? lapack_trtri : definite ? lapack_potri : lapack_getri, &q, 4 * cube / 3);
    if (definite)
        mirror(q.a);
    return q.a;
}

BUILTIN(inv, 1, 1, 2, inv_grad,
    "B = inv(A)\n"
    "[B, rcond] = inv(A)\n\n"
    "Inverse of a square matrix, with a warning and Inf everywhere when it is singular. To solve a system, A \\ b is "
    "faster and more exact.\n\n"
    "Example:\n"
    "  inv([2 0; 0 4])\n"
    "  ans =\n     0.5000        0\n          0   0.2500\n\n"
    "See also: mldivide, pinv, det, rcond")
{
    struct tensor *a = arg_matrix(c, 0);
    linalg_square(a, "inverse");
    if (a->numel == 1) {                      /* a number: 1/x, 0 of Inf, Inf of 0 without a warning */
        value x = ew_apply(EW_rdivide, 2, (value[]){ num(1), tensor_box(tensor_dense(a)) });
        value size = element_value(tensor_of(ew_apply(EW_abs, 1, &x)), 0);
        double r = size.num;
        result(c, 0, dtype_is(a->dtype, DT_C) && r == INFINITY ? tensor_box(tensor_narrow(tensor_of(ew_apply(EW_abs, 1, &x)))) : x);
        result_num(c, 1, r != r ? NAN : r > 0 && r < INFINITY);
        return;
    }
    double rcond;
    struct tensor *r = linalg_inverse(tensor_dense(a), &rcond, c->nargout < 2);
    result_tensor(c, 0, tensor_narrow(r));
    result_num(c, 1, rcond);
}

BUILTIN(chol, 1, 3, 3, chol_grad,
    "R = chol(A)\n"
    "[R, p] = chol(A)\n"
    "[R, p, Q] = chol(S)\n"
    "L = chol(A, 'lower')\n\n"
    "Cholesky factor of a symmetric (Hermitian) positive definite matrix: A = R' * R with R upper triangular, or A = L "
    "* L'. Only that triangle of A is read. With p there is no error when A is not positive definite: then p > 0 is "
    "the order of the first leading minor that is not positive, and R the factor of the p-1 rows and columns before "
    "it.\n\n"
    "Example:\n"
    "  chol([4 2; 2 5])\n"
    "  ans =\n     2   1\n     0   2\n\n"
    "See also: lu, qr, isdefinite")
{
    if (c->nargout > 2)
        fail("Octave:invalid-fun-call", "chol: three results are for a sparse matrix\nhint: sparse(A) makes one");
    struct tensor *given = arg_matrix(c, 0);
    bool lower = false;
    for (int i = 1; i < c->nargin; i++)
        lower = arg_option(c, i, (const char *const[]){ "upper", "lower", NULL }) == 1;
    linalg_square(given, "chol");
    i64 n = given->dim[0];
    struct tensor *a = given->flags & T_DENSE ? tensor_2d(given->dtype, n, n) : tensor_clone(given);
    put_triangle(a, given->flags & T_DENSE ? given : a, !lower, false);
    struct lapack q = { .dtype = a->dtype, .n = n, .a = a, .uplo = lower ? 'L' : 'U' };
    if (n)
        lapack(lapack_potrf, &q, (double)n * (double)n * (double)n / 3);
    if (q.info > 0 && !wants(c, 1))
        fail("Octave:not-positive-definite",
             "chol: input matrix must be positive definite\nhint: its leading minor of order %d is not", q.info);
    i64 k = q.info > 0 ? q.info - 1 : n;
    result_tensor(c, 0, k == n ? a : tensor_clone(tensor_alias(a, 2, (i64[]){ k, k }, a->stride, 0)));
    result_num(c, 1, q.info);
}

BUILTIN(qr, 1, 3, 3, qr_grad,
    "[Q, R] = qr(A)\n"
    "[Q, R] = qr(A, 0)\n"
    "[Q, R, P] = qr(A)\n"
    "[Q, R, p] = qr(A, 'vector')\n"
    "R = qr(A)\n"
    "[C, R] = qr(A, B)\n"
    "[C, R] = qr(A, B, 0)\n"
    "[Q, R] = qr(A, 'steps')\n\n"
    "QR factors of an m x n matrix: A = Q * R with Q orthogonal (unitary) and R upper triangular. With 0 or 'econ' Q "
    "has only min(m, n) columns. With three results columns are exchanged so that the diagonal of R falls in size: A * "
    "P = Q * R, or A(:,p) = Q * R with 0, 'econ' or 'vector'. With a matrix B of as many rows C is Q' * B: R \\ C is A "
    "\\ B. With 'steps' every row operation is printed; each is a rotation of two rows.\n\n"
    "Example:\n"
    "  [Q, R] = qr([3 1; 4 2]);\n"
    "  round(Q * R)\n"
    "  ans =\n     3   1\n     4   2\n\n"
    "See also: lu, chol, svd, orth")
{
    if (call_steps(c))
        return;
    struct tensor *a = copy_matrix(c, 0);
    i64 m = a->dim[0], n = a->dim[1], k = MIN(m, n);
    bool econ = false, vector = false;
    value b = nil();
    for (int i = 1; i < c->nargin; i++) {
        if (i == 1 && !arg_is_text(c, i) && value_numel(c->arg[i]) != 1) {
            char s[128], t[128];
            struct tensor *x = arg_matrix(c, i);
            if (x->dim[0] != m)
                fail("Octave:nonconformant-args", "qr: A and B must have as many rows, but are %s and %s",
                     tensor_shape(a, s), tensor_shape(x, t));
            if (c->nargout > 2)
                fail("Octave:invalid-fun-call", "qr: qr(A, B) gives two results, C and R");
            b = tensor_value(x);
        } else if (arg_is_text(c, i)) {
            int o = arg_option(c, i, (const char *const[]){ "econ", "vector", "matrix", "0", NULL });
            econ |= o == 0 || o == 3;
            vector = o == 2 ? false : vector || o != 2;
        } else {
            if (arg_num(c, i) != 0)
                fail("Octave:invalid-input-arg", "qr: the second argument must be 0, \"econ\", \"vector\", \"matrix\" "
                                                 "or a matrix B with the rows of A");
            econ = vector = true;
        }
    }
    struct lapack q = { .dtype = a->dtype, .m = m, .n = n, .k = k, .a = a, .s = tensor_zeros(a->dtype, 2, (i64[]){ k, 1 }) };
    double flops = 4. * (double)m * (double)n * (double)k;
    if (c->nargout >= 3) {
        q.p = tensor_zeros(D_INT32, 2, (i64[]){ n, 1 });
        if (k)
            lapack(lapack_geqp3, &q, flops);
        else
            for (i64 j = 0; j < n; j++)
                ((int *)q.p->data)[j] = (int)j + 1;
    } else if (k) {
        lapack(lapack_geqrf, &q, flops);
    }
    i64 rows = econ || c->nargout < 2 ? k : m;
    struct tensor *r = tensor_2d(a->dtype, c->nargout < 2 && !econ ? m : rows, n);
    put_triangle(r, a, true, false);
    if (c->nargout < 2) {
        result_tensor(c, 0, r);
        return;
    }
    struct tensor *big = a;
    if (rows != n) {
        big = tensor_zeros(a->dtype, 2, (i64[]){ m, rows });
        memcpy(big->data, a->data, (size_t)m * (size_t)MIN(k, rows) * dtypes[a->dtype].size);
    }
    struct lapack g = { .dtype = a->dtype, .m = m, .n = rows, .k = k, .a = big, .s = q.s };
    if (m && rows)
        lapack(lapack_orgqr, &g, flops);
    result(c, 0, is_nil(b) ? tensor_value(big) : linalg_mtimes(tensor_value(big), b, CTRANSPOSED, AS_IS));
    result_tensor(c, 1, r);
    if (wants(c, 2)) {
        struct tensor *p = tensor_zeros(D_DOUBLE, 2, vector ? (i64[]){ 1, n } : (i64[]){ n, n });
        for (i64 j = 0; j < n; j++) {
            i64 from = ((int *)q.p->data)[j] - 1;
            ((double *)p->data)[vector ? j : from + j * n] = vector ? (double)(from + 1) : 1;
        }
        result_tensor(c, 2, p);
    }
}

BUILTIN(linsolve, 2, 3, 2, grad_form,
    "X = linsolve(A, B)\n"
    "X = linsolve(A, B, opts)\n"
    "[X, rcond] = linsolve(A, B)\n\n"
    "Solution of A * X = B, as A \\ B. opts is a struct: LT or UT true says that A is lower or upper triangular (only "
    "that triangle is read), TRANSA true solves A' * X = B; POSDEF, SYM, RECT are allowed and need not be given.\n\n"
    "Example:\n"
    "  linsolve([2 0; 1 4], [2; 9], struct('LT', true))\n"
    "  ans =\n     1\n     2\n\n"
    "See also: mldivide")
{
    struct tensor *a = arg_matrix(c, 0), *b = arg_matrix(c, 1);
    bool lt = false, ut = false, turn = false;
    char s[128], t[128];
    if (has_arg(c, 2)) {
        struct record *o = arg_struct(c, 2);
        for (int f = 0; f < o->f->n; f++) {
            const char *name = o->f->name[f]->text;
            bool on = value_true(record_get(o, 0, o->f->name[f]));
            if (!strcmp(name, "LT"))
                lt = on;
            else if (!strcmp(name, "UT"))
                ut = on;
            else if (!strcmp(name, "TRANSA"))
                turn = on;
            else if (strcmp(name, "POSDEF") && strcmp(name, "SYM") && strcmp(name, "RECT") && strcmp(name, "UHESS"))
                fail("Octave:invalid-input-arg",
                     "linsolve: unknown option '%s'; it may be LT, UT, TRANSA, POSDEF, SYM, UHESS or RECT", name);
        }
    }
    int dt = promote(a->dtype, b->dtype);
    if (a->dim[turn ? 1 : 0] != b->dim[0])
        fail("Octave:nonconformant-args", "linsolve: the numbers of rows differ, A%s is %s and B is %s",
             turn ? "' of A" : "", tensor_shape(a, s), tensor_shape(b, t));
    a = tensor_cast(a, dt);
    if (lt || ut) {
        linalg_square(a, "linsolve");
        struct tensor *only = tensor_2d(dt, a->dim[0], a->dim[1]);
        put_triangle(only, a, ut, false);
        a = only;
    }
    result_tensor(c, 0, tensor_narrow(linalg_solve(a, turn ? CTRANSPOSED : AS_IS, b)));
    if (wants(c, 1)) {
        linalg_square(a, "linsolve");
        result_num(c, 1, condition(tensor_clone(a)));
    }
}
