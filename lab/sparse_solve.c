/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse_solve.c: S \ b, and what is known of the sparse solvers before their plugin, plugins/suitesparse.c, is loaded.
 *
 * Diagonal, triangular and tridiagonal matrices are solved here; all others by the plugin: Cholesky factors where the
 * matrix is symmetric with a positive diagonal, LU where that fails or it is not, QR for least squares and singular ones. */
#include "sparse.h"
#include "linalg.h"
#include "plugin.h"
#include <complex.h>
#include <math.h>

/* Bodies in the plugin of functions whose help stands elsewhere (so none here, and no row of sparse.def is for them);
   they are not collected by the build, which looks for PLUGIN. */
#define BODY(name, said, min, max, out) \
    static struct plugin_row name##_row = { "suitesparse", #name, NULL }; \
    static void name##_run(struct call *c) { plugin_run(&name##_row, c); } \
    extern const struct builtin builtin_##name; \
    const struct builtin builtin_##name = { said, min, max, out, name##_run, NO_GRAD, NULL };
BODY(sparse_lu, "lu", 1, 3, 4)
BODY(sparse_qr, "qr", 1, 3, 3)
BODY(sparse_chol, "chol", 1, 3, 3)
BODY(sparse_det, "det", 1, 1, 1)
BODY(sparse_factors, "mldivide", 3, 3, 2)

PLUGIN(amd, suitesparse, 1, 2, 1,
  "p = amd(S)\n\n"
  "An order of rows and columns for which the Cholesky factor of S(p,p) has few elements (approximate minimum degree, "
  "of the pattern of S + S').\n\n"
  "Example:\n  p = amd(sparse([1 1 2 3], [1 2 2 3], 1)); sort(p)\n  ans =\n     1   2   3\n\n"
  "See also: colamd, symamd, symrcm, chol")
PLUGIN(colamd, suitesparse, 1, 2, 1,
  "p = colamd(S)\n\n"
  "An order of columns for which the LU factors of S(:,p), and the Cholesky factor of S(:,p)' * S(:,p), have few "
  "elements.\n\n"
  "Example:\n  p = colamd(speye(3)); sort(p)\n  ans =\n     1   2   3\n\n"
  "See also: amd, symamd, lu, qr")
PLUGIN(symamd, suitesparse, 1, 2, 1,
  "p = symamd(S)\n\n"
  "An order of rows and columns of a symmetric S for which the Cholesky factor of S(p,p) has few elements.\n\n"
  "Example:\n  p = symamd(speye(3)); sort(p)\n  ans =\n     1   2   3\n\n"
  "See also: amd, colamd, symrcm")

PLUGIN(ccolamd, suitesparse, 1, 3, 1,
  "p = ccolamd(S)\n"
  "p = ccolamd(S, knobs, sets)\n\n"
  "As colamd, with constraints: sets(j) is the number, from 1 to columns(S), of the set of column j, and the columns of "
  "set 1 come first, then those of set 2 and so on. knobs, [0 10 10 1] where it says nothing: the order is for lu(S(:,p)) "
  "alone; rows with more than knobs(2) * sqrt(columns(S)) entries do not count; columns with more than knobs(3) times the "
  "square root of the smaller size come last; columns are absorbed at once.\n\n"
  "Example:\n  ccolamd(sparse([1 1 0; 0 1 1; 1 0 1]), [], [3 1 2])\n  ans =\n     2   3   1\n\n"
  "See also: csymamd, colamd, lu")
PLUGIN(csymamd, suitesparse, 1, 3, 1,
  "p = csymamd(S)\n"
  "p = csymamd(S, knobs, sets)\n\n"
  "As symamd, with constraints: sets(j) is the number of the set of row and column j, and those of set 1 come first, then "
  "those of set 2 and so on. knobs, [10 1] where it says nothing: rows with more than knobs(1) * sqrt(rows(S)) entries "
  "come last; columns are absorbed at once.\n\n"
  "Example:\n  csymamd(speye(3), [], [3 1 2])\n  ans =\n     2   3   1\n\n"
  "See also: ccolamd, symamd, chol")
PLUGIN(dmperm, suitesparse, 1, 1, 4,
  "p = dmperm(S)\n"
  "[p, q, r, s] = dmperm(S)\n\n"
  "Dulmage and Mendelsohn's order. p alone is a matching with as many columns as there can be: p(j) is the row that "
  "stands for column j, or 0, so S(p,:) has no zero in its diagonal when no p(j) is 0. With four results S(p,q) is upper "
  "block triangular; block k has the rows r(k):r(k+1)-1 and the columns s(k):s(k+1)-1.\n\n"
  "Example:\n  dmperm(sparse([0 1 0; 0 0 1; 1 0 0]))\n  ans =\n     3   1   2\n\n"
  "See also: sprank, colamd, amd")

PLUGIN(arnoldi, arpack, 9, 9, 3,
  "[V, d, failed] = arnoldi(f, n, k, which, symmetric, tol, maxit, p, v0)\n\n"
  "What eigs is made of: k eigenvalues d and eigenvectors V of the n x n matrix A with f(x) = A * x, by ARPACK. which "
  "is 'LM', 'SM', 'LA', 'SA', 'BE' (symmetric), 'LR', 'SR', 'LI' or 'SI'; p is the number of vectors that are kept, v0 "
  "the first one; when v0 is complex so may A be, and symmetric does not count. failed is true when not all have "
  "converged.\n\n"
  "Example:\n  [V, d] = arnoldi(@(x) (1:20)' .* x, 20, 2, 'LA', true, 0, 300, 20, ones(20, 1)); round(d')\n  ans =\n   "
  "  19   20\n\n"
  "See also: eigs, svds")

static void warn_singular(void)
{
    warn("Octave:singular-matrix", "matrix singular to machine precision");
}

/* ---- shapes that need no factors */
enum { UPPER = 1, LOWER = 2 };
static int triangles(const struct sparse *s)
{
    int is = UPPER | LOWER;
    for (i64 j = 0; j < s->n && is; j++)
        if (sparse_col(s)[j] < sparse_col(s)[j + 1]) {
            is &= sparse_row(s)[sparse_col(s)[j + 1] - 1] <= j ? ~0 : ~UPPER;
            is &= sparse_row(s)[sparse_col(s)[j]] >= j ? ~0 : ~LOWER;
        }
    for (i64 j = 0; j < s->n && is; j++)      /* no zero on the diagonal */
        if (sparse_col(s)[j] == sparse_col(s)[j + 1] ||
            sparse_row(s)[is & UPPER ? sparse_col(s)[j + 1] - 1 : sparse_col(s)[j]] != j)
            is = 0;
    return is;
}

/* x = S \ x in place, column by column of S: what is known of x so far is taken out of the rest. */
#define SUBSTITUTE(T, name) \
    static void name(const struct sparse *s, bool upper, T *x, i64 count) \
    { \
        const i64 *col = sparse_col(s), *row = sparse_row(s); \
        const T *v = sparse_x(s); \
        for (i64 c = 0; c < count; c++, x += s->n) { \
            poll(); \
            for (i64 i = 0; i < s->n; i++) { \
                i64 j = upper ? s->n - 1 - i : i, from = col[j], to = col[j + 1], d = upper ? to - 1 : from; \
                if (x[j] == 0) \
                    continue; \
                T f = x[j] /= v[d]; \
                for (i64 k = upper ? from : from + 1; k < (upper ? to - 1 : to); k++) \
                    x[row[k]] -= v[k] * f; \
            } \
        } \
    }
SUBSTITUTE(double, substitute_d)
SUBSTITUTE(double _Complex, substitute_c)

static struct tensor *triangular(struct sparse *s, bool upper, struct tensor *b)
{
    int dt = s->dtype == D_CDOUBLE || dtype_is(b->dtype, DT_C) ? D_CDOUBLE : D_DOUBLE;
    s = sparse_cast(s, dt);
    struct tensor *x = tensor_clone(tensor_cast(b, dt));
    if (dt == D_DOUBLE)
        substitute_d(s, upper, (double *)x->data, x->dim[1]);
    else
        substitute_c(s, upper, (double _Complex *)x->data, x->dim[1]);
    return x;
}

/* Tridiagonal, real: elimination with row exchanges, as LAPACK's dgtsv does; NULL: it is not, or a pivot is zero. */
static struct tensor *tridiagonal(const struct sparse *s, struct tensor *b)
{
    i64 n = s->n;
    if (s->dtype != D_DOUBLE || dtype_is(b->dtype, DT_C) || n < 3)
        return NULL;
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    for (i64 j = 0; j < n; j++)
        if (col[j] < col[j + 1] && (row[col[j]] < j - 1 || row[col[j + 1] - 1] > j + 1))
            return NULL;
    double *d = scratch((size_t)(4 * n + 4) * sizeof *d), *lower = d + n + 1, *upper = lower + n + 1, *second = upper + n + 1;
    memset(d, 0, (size_t)(4 * n + 4) * sizeof *d);
    for (i64 j = 0; j < n; j++)
        for (i64 k = col[j]; k < col[j + 1]; k++)
            *(row[k] == j ? &d[j] : row[k] == j + 1 ? &lower[j] : &upper[j - 1]) = sparse_d(s)[k];
    struct tensor *x = tensor_clone(tensor_cast(b, D_DOUBLE));
    double *y = (double *)x->data, large = 0, small = INFINITY;
    for (i64 i = 0; i < n - 1; i++) {
        poll_each(i);
        if (fabs(lower[i]) > fabs(d[i])) {    /* rows i and i + 1 change places */
            double t = d[i];
            d[i] = lower[i], lower[i] = t;
            t = upper[i], upper[i] = d[i + 1], d[i + 1] = t;
            second[i] = upper[i + 1], upper[i + 1] = 0;
            for (i64 c = 0; c < x->dim[1]; c++)
                t = y[i + c * n], y[i + c * n] = y[i + 1 + c * n], y[i + 1 + c * n] = t;
        }
        if (d[i] == 0)
            return NULL;
        double f = lower[i] / d[i];
        d[i + 1] -= f * upper[i];
        upper[i + 1] -= f * second[i];
        for (i64 c = 0; c < x->dim[1]; c++)
            y[i + 1 + c * n] -= f * y[i + c * n];
        large = fmax(large, fabs(d[i])), small = fmin(small, fabs(d[i]));
    }
    if (!(fabs(d[n - 1]) > large * 0x1p-50) || !(small > large * 0x1p-50))
        return NULL;                          /* near a singular one the factors say better how near */
    for (i64 c = 0; c < x->dim[1]; c++, y += n)
        for (i64 i = n; i-- > 0;)
            y[i] = (y[i] - (i + 1 < n ? upper[i] * y[i + 1] : 0) - (i + 2 < n ? second[i] * y[i + 2] : 0)) / d[i];
    return x;
}

static bool likely_definite(const struct sparse *s)       /* Hermitian with a positive diagonal */
{
    for (i64 j = 0; j < s->n; j++) {
        i64 k = sparse_find(s, j, j);
        if (k < 0 || !(creal(sparse_at(s, k)) > 0) || cimag(sparse_at(s, k)) != 0)
            return false;
    }
    return sparse_equal(sparse_value((struct sparse *)s), sparse_value(sparse_turn(s, true)));
}

static bool finite_values(const struct tensor *t)
{
    return linalg_finite(dtype_is(t->dtype, DT_F) ? t : tensor_cast((struct tensor *)t, D_DOUBLE));
}

static value by_factors(struct sparse *s, value b, const char *way, value *other)
{
    value arg[3] = { sparse_value(s), b, tensor_value(tensor_text(way, strlen(way))) }, out[2] = { nil(), nil() };
    call_builtin(&builtin_sparse_factors, 3, arg, 2, out);
    *other = out[1];
    return out[0];
}

value sparse_solve(value a, value b)
{
    char x[128], y[128];
    i64 d[MAX_DIMS], e[MAX_DIMS];
    value_dims(a, d);
    value_dims(b, e);
    if (d[0] != e[0])
        fail("Octave:nonconformant-args", "\1 \\ \2: the numbers of rows differ, \1 is %s and \2 is %s%s",
             value_shape(a, x), value_shape(b, y), d[0] == e[1] ? "\nhint: \1 \\ \2' fits" : "");
    if (a.kind != K_SPARSE)
        return linalg_mldivide(a, sparse_full_value(b));
    bool sparse = b.kind == K_SPARSE;
    struct sparse *s = sparse_see(a);
    if (s->dtype == D_LOGICAL)
        s = sparse_cast(s, D_DOUBLE);
    if (s->m == 0 || s->n == 0 || e[1] == 0) {
        i64 none[2] = { s->n, e[1] };
        return sparse ? sparse_value(sparse_zeros(D_DOUBLE, s->n, e[1])) : tensor_value(tensor_zeros(D_DOUBLE, 2, none));
    }
    if (!sparse)
        b = tensor_box(tensor_dense(linalg_float(tensor_of(b))));
    if (!finite_values(sparse_values(s)) || !finite_values(sparse ? sparse_values(sparse_see(b)) : b.t)) {
        i64 dim[2] = { s->n, e[1] };
        struct tensor *t = tensor_new(D_DOUBLE, 2, dim);
        for (i64 i = 0; i < t->numel; i++)
            ((double *)t->data)[i] = NAN;
        warn_singular();
        return sparse ? sparse_value(sparse_of_full(t)) : tensor_value(t);
    }
    int triangle = s->m == s->n ? triangles(s) : 0;
    struct tensor *t = NULL;
    if (triangle && sparse && s->n > 64 && !(triangle == (UPPER | LOWER))) {          /* a full column at a time */
        struct sparse *r = sparse_see(b);
        value *part = scratch(sizeof *part * (size_t)(r->n + 1));
        bool *all = scratch((size_t)r->n + 1);
        memset(all, 1, (size_t)r->n + 1);
        if (r->n > INT32_MAX)
            fail_memory((size_t)r->n * 64);
        for (i64 j = 0; j < r->n; j++)
            part[j] = sparse_value(sparse_of_full(
                triangular(s, triangle & UPPER, sparse_full(sparse_see(sparse_rows_cols(r, NULL, 0, &j, 1))))));
        return sparse_cat(1, s->n, r->n, (int)r->n, part, all);
    }
    if (triangle == (UPPER | LOWER) && sparse) {          /* diagonal: rows over its elements */
        i64 dim[2] = { s->n, 1 };
        struct tensor *diagonal = tensor_new(s->dtype, 2, dim);
        memcpy(diagonal->data, sparse_x(s), (size_t)s->n * sparse_size(s));
        return sparse_elementwise(EW_rdivide, 2, (value[]){ b, tensor_box(diagonal) });
    }
    if (triangle)
        t = triangular(s, triangle & UPPER, sparse ? sparse_full(sparse_see(b)) : b.t);
    else if (s->m == s->n)
        t = tridiagonal(s, sparse ? sparse_full(sparse_see(b)) : b.t);
    if (t)
        return sparse ? sparse_value(sparse_of_full(t)) : tensor_value(tensor_narrow(t));
    value r = nil(), rcond = nil();
    if (s->m == s->n) {
        if (likely_definite(s))
            r = by_factors(s, b, "chol", &rcond);
        if (is_nil(r) || value_numel(r) == 0)
            r = by_factors(s, b, "lu", &rcond);
        if (rcond.tag == 0 && rcond.num < 1e-15 && rcond.num != 0)      /* the factors give a rough estimate */
            warn("Octave:nearly-singular-matrix", "matrix singular to machine precision, rcond = %g", rcond.num);
        else if (rcond.tag == 0 && !(rcond.num > 0)) {
            warn_singular();
            r = by_factors(s, b, "qr", &rcond);
        }
        return r;
    }
    return by_factors(s, b, "qr", &rcond);
}
