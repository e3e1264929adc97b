/* SPDX-License-Identifier: BSD-3-Clause */
/* linalg_more.c: the small functions of linear algebra: inner and cross products, trace, echelon form, rotations,
 * questions about the shape of a matrix; and the switches of the library's threads. */
#include "linalg.h"
#include "plan.h"
#include "rules.h"
#include <complex.h>
#include <math.h>

static double _Complex element(const struct tensor *t, i64 i)         /* dense */
{
    switch (t->dtype) {
    case D_DOUBLE: return ((double *)t->data)[i];
    case D_SINGLE: return ((float *)t->data)[i];
    case D_CDOUBLE: return ((double _Complex *)t->data)[i];
    case D_CSINGLE: return ((float _Complex *)t->data)[i];
    default: return element_double(t, i);
    }
}

BUILTIN(trace, 1, 1, 1, trace_grad,
    "y = trace(A)\n\n"
    "Sum of the diagonal of a square matrix.\n\n"
    "Example:\n"
    "  trace([1 2; 3 4])\n"
    "  ans = 5\n\n"
    "See also: det, eig, diag")
{
    struct tensor *a = arg_float(c, 0);
    char s[128];
    if (a->nd > 2)
        fail("Octave:nonconformant-args", "trace: only for matrices (two dimensions), but the argument is %s",
             tensor_shape(a, s));
    if (a->numel && (a->dim[0] != a->dim[1]))
        fail("Octave:nonconformant-args", "trace: only valid on square matrix\nhint: it is %s", tensor_shape(a, s));
    i64 n = a->numel ? a->dim[0] : 0;
    double _Complex sum = 0;
    for (i64 i = 0; i < n; i++)
        sum += element(a, i * (n + 1));
    struct tensor *r = tensor_2d(dtype_complex(a->dtype), 1, 1);
    if (r->dtype == D_CDOUBLE)
        *(double _Complex *)r->data = sum;
    else
        *(float _Complex *)r->data = (float _Complex)sum;
    result_tensor(c, 0, tensor_narrow(r));
}

/* ---- products of vectors along a dimension */
static bool is_vector(const struct tensor *t) { return t->nd == 2 && (t->dim[0] == 1 || t->dim[1] == 1); }

BUILTIN(dot, 2, 3, 1, dot_grad,
    "y = dot(a, b)\n"
    "y = dot(a, b, dim)\n\n"
    "Inner product: of two vectors the sum of conj(a) .* b, of tensors of equal size that sum along dim, by default "
    "the first dimension longer than one.\n\n"
    "Example:\n"
    "  dot([1 2 3], [4 5 6])\n"
    "  ans = 32\n\n"
    "See also: mtimes, cross, norm")
{
    struct tensor *a = arg_tensor(c, 0), *b = arg_tensor(c, 1);
    char s[128], t[128];
    bool vectors = !has_arg(c, 2) && is_vector(a) && is_vector(b) && a->numel == b->numel;
    if (!vectors && !dims_equal(a->nd, a->dim, b->nd, b->dim))
        fail("Octave:nonconformant-args", "dot: sizes of X and Y must match\nhint: they are %s and %s", tensor_shape(a, s),
             tensor_shape(b, t));
    bool ints = dtype_is(a->dtype, DT_I) || dtype_is(b->dtype, DT_I);
    if (vectors && !ints) {
        int dt = promote(linalg_float(a)->dtype, linalg_float(b)->dtype);
        a = tensor_dense(tensor_cast(linalg_float(a), dt));
        b = tensor_dense(tensor_cast(linalg_float(b), dt));
        struct tensor *r = tensor_2d(dt, 1, 1);
        blas_dot(dt, a->numel, a->data, 1, true, b->data, 1, r->data);
        result_tensor(c, 0, tensor_narrow(r));
        return;
    }
    if (vectors) {
        i64 dim[2] = { a->numel, 1 };
        a = tensor_reshape(a, 2, dim);
        b = tensor_reshape(b, 2, dim);
    }
    int dim = arg_dim(c, 2, first_long_dim(a));
    if (!ints && dim == 1 && a->nd == 2 && a->numel) {         /* column by column, as vectors */
        int dt = promote(linalg_float(a)->dtype, linalg_float(b)->dtype);
        a = tensor_dense(tensor_cast(linalg_float(a), dt));
        b = tensor_dense(tensor_cast(linalg_float(b), dt));
        struct tensor *r = tensor_2d(dt, 1, a->dim[1]);
        size_t size = dtypes[dt].size, column = (size_t)a->dim[0] * size;
        for (i64 j = 0; j < r->numel; j++)
            blas_dot(dt, a->dim[0], a->data + (size_t)j * column, 1, true, b->data + (size_t)j * column, 1,
                     r->data + (size_t)j * size);
        result_tensor(c, 0, tensor_narrow(r));
        return;
    }
    value x = tensor_value(a);
    if (dtype_is(a->dtype, DT_C))
        x = ew_apply(EW_conj, 1, &x);
    value y = reduce_apply(RED_sum, ew_apply(EW_times, 2, (value[]){ x, tensor_value(b) }), dim);
    result(c, 0, y);
}

BUILTIN(cross, 2, 3, 1, grad_form,
    "z = cross(x, y)\n"
    "z = cross(x, y, dim)\n\n"
    "Vector product of vectors of three elements; of tensors of equal size along dim, by default the first dimension "
    "with three elements.\n\n"
    "Example:\n"
    "  cross([1 0 0], [0 1 0])\n"
    "  ans =\n     0   0   1\n\n"
    "See also: dot, norm")
{
    struct tensor *a = linalg_float(arg_tensor(c, 0)), *b = linalg_float(arg_tensor(c, 1));
    char s[128], t[128];
    if (is_vector(a) && is_vector(b) && a->numel == 3 && b->numel == 3 && a->dim[0] != b->dim[0]) {
        a = tensor_reshape(a, 2, (i64[]){ 3, 1 });        /* a row and a column: a column */
        b = tensor_reshape(b, 2, (i64[]){ 3, 1 });
    }
    if (!dims_equal(a->nd, a->dim, b->nd, b->dim))
        fail("Octave:nonconformant-args", "cross: the sizes differ, the arguments are %s and %s", tensor_shape(a, s),
             tensor_shape(b, t));
    int dim = arg_dim(c, 2, 0);
    for (int d = 0; !dim && d < a->nd; d++)
        if (a->dim[d] == 3)
            dim = d + 1;
    if (!dim || dim > a->nd || a->dim[dim - 1] != 3)
        fail("Octave:nonconformant-args", "cross: must have at least one dimension with 3 elements\nhint: they are %s",
             tensor_shape(a, s));
    int dt = promote(a->dtype, b->dtype);
    bool single = dt == D_SINGLE || dt == D_CSINGLE, complex_ = dtype_is(dt, DT_C);
    a = tensor_dense(tensor_cast(a, dt));
    b = tensor_dense(tensor_cast(b, dt));
    struct tensor *r = tensor_new(dtype_complex(dt), a->nd, a->dim);
    i64 step = 1;
    for (int d = 0; d < dim - 1; d++)
        step *= a->dim[d];
    for (i64 k = 0; k < a->numel / 3; k++) {
        i64 at = k % step + k / step * step * 3;
        for (int e = 0; e < 3; e++) {
            i64 p = at + (e + 1) % 3 * step, q = at + (e + 2) % 3 * step;
            double _Complex z = complex_ ? element(a, p) * element(b, q) - element(a, q) * element(b, p)
                                         : creal(element(a, p)) * creal(element(b, q)) -
                                               creal(element(a, q)) * creal(element(b, p));
            if (single)
                ((float _Complex *)r->data)[at + e * step] = (float _Complex)z;
            else
                ((double _Complex *)r->data)[at + e * step] = z;
        }
    }
    result_tensor(c, 0, tensor_narrow(r));
}

BUILTIN(rref, 1, 2, 2, NO_GRAD,
    "R = rref(A)\n"
    "[R, k] = rref(A, tol)\n"
    "R = rref(A, 'steps')\n\n"
    "Reduced row echelon form of a matrix, by elimination with row exchanges; k are the columns of the pivots. Entries "
    "up to tol count as zero (by default eps * max(size(A)) * norm(A, Inf)). With 'steps' every row operation is "
    "printed, of integers with fractions.\n\n"
    "Example:\n"
    "  rref([1 2 3; 4 5 6])\n"
    "  ans =\n     1   0  -1\n     0   1   2\n\n"
    "See also: lu, rank, mldivide")
{
    if (call_steps(c))
        return;
    struct tensor *a = arg_matrix(c, 0);
    int dt = a->dtype;
    i64 m = a->dim[0], n = a->dim[1], row = 0, npivot = 0;
    double tol = has_arg(c, 1) ? arg_num(c, 1)
                               : linalg_eps(dt) * (double)MAX(m, n) *
                                     linalg_norm(m == 1 || n == 1 ? tensor_dense(a) : a, INFINITY, "rref");
    struct tensor *t = tensor_clone(tensor_cast(a, D_CDOUBLE)), *k = tensor_2d(D_DOUBLE, 1, MIN(m, n));
    double _Complex *x = (double _Complex *)t->data;
    for (i64 j = 0; j < n && row < m; j++) {
        i64 p = row;
        poll();
        for (i64 i = row + 1; i < m; i++)
            if (cabs(x[i + j * m]) > cabs(x[p + j * m]))
                p = i;
        if (!(cabs(x[p + j * m]) > tol)) {
            for (i64 i = row; i < m; i++)
                x[i + j * m] = 0;
            continue;
        }
        double _Complex pivot = x[p + j * m];
        for (i64 l = j; l < n; l++) {
            double _Complex e = x[p + l * m];
            x[p + l * m] = x[row + l * m];
            x[row + l * m] = e / pivot;
        }
        for (i64 i = 0; i < m; i++) {
            double _Complex f = x[i + j * m];
            if (i != row && f != 0)
                for (i64 l = j; l < n; l++)
                    x[i + l * m] -= f * x[row + l * m];
        }
        ((double *)k->data)[npivot++] = (double)(j + 1);
        row++;
    }
    t = tensor_narrow(t);
    result_tensor(
        c, 0, dt == D_SINGLE || dt == D_CSINGLE ? tensor_cast(t, dtype_is(t->dtype, DT_C) ? D_CSINGLE : D_SINGLE) : t);
    result_tensor(c, 1, tensor_clone(tensor_alias(k, 2, (i64[]){ 1, npivot }, k->stride, 0)));
}

static void rotation(double x, double y, double *cs, double *sn)
{
    double r = hypot(x, y);
    *cs = r == 0 ? 1 : x / r;
    *sn = r == 0 ? 0 : y / r;
}

static struct tensor *matrix2(double a, double b, double c, double d)     /* rows a b; c d */
{
    struct tensor *g = tensor_2d(D_DOUBLE, 2, 2);
    double *x = (double *)g->data;
    x[0] = a;
    x[1] = c;
    x[2] = b;
    x[3] = d;
    return g;
}

BUILTIN(givens, 2, 2, 2, grad_form,
    "G = givens(x, y)\n"
    "[c, s] = givens(x, y)\n\n"
    "Rotation G = [c s; -s c] of the plane that turns [x; y] into [norm([x y]); 0].\n\n"
    "Example:\n"
    "  givens(3, 4)\n"
    "  ans =\n     0.6000   0.8000\n    -0.8000   0.6000\n\n"
    "See also: planerot, qr")
{
    double cs, sn;
    rotation(arg_num(c, 0), arg_num(c, 1), &cs, &sn);
    if (c->nargout < 2) {
        result_tensor(c, 0, matrix2(cs, sn, -sn, cs));
        return;
    }
    result_num(c, 0, cs);
    result_num(c, 1, sn);
}

BUILTIN(planerot, 1, 1, 2, grad_form,
    "[G, y] = planerot(x)\n\n"
    "Rotation G of the plane that makes the second element of y = G * x zero; x is a column of two elements.\n\n"
    "Example:\n"
    "  planerot([3; 4])\n"
    "  ans =\n     0.6000   0.8000\n    -0.8000   0.6000\n\n"
    "See also: givens")
{
    struct tensor *x = arg_double(c, 0);
    if (x->numel != 2)
        fail_arg(c, 0, "a column of two elements");
    double cs, sn, *e = (double *)x->data;
    rotation(e[0], e[1], &cs, &sn);
    result_tensor(c, 0, matrix2(cs, sn, -sn, cs));
    struct tensor *y = tensor_2d(D_DOUBLE, 2, 1);
    ((double *)y->data)[0] = hypot(e[0], e[1]);
    ((double *)y->data)[1] = 0;
    result_tensor(c, 1, y);
}

/* ---- questions */
static struct tensor *
question(struct call *c) /* a dense floating matrix, or NULL: the answer is no; of text it is, but for issymmetric */
{
    if (!is_tensor_like(c->arg[0]) || (value_dtype(c->arg[0]) == D_CHAR && strcmp(c->fn->name, "issymmetric")))
        return NULL;
    struct tensor *t = tensor_of(c->arg[0]);
    return t->nd > 2 ? NULL : tensor_dense(linalg_float(t));
}

static bool symmetric(struct call *c, bool conj_)
{
    struct tensor *a = question(c);
    bool text = c->nargin > 1 && arg_is_text(c, 1);       /* "skew" */
    bool skew = text && arg_option(c, 1, (const char *const[]){ "nonskew", "skew", NULL }) == 1;
    double tol = c->nargin > 2 ? arg_num(c, 2) : has_arg(c, 1) && !text ? arg_num(c, 1) : 0, diff = 0, sum = 0;
    if (!a || a->dim[0] != a->dim[1])
        return false;
    i64 n = a->dim[0];
    for (i64 i = 0; i < n; i++) {             /* |A - A'| against |A|, both in the Inf-norm */
        double d = 0, s = 0;
        for (i64 j = 0; j < n; j++) {
            double _Complex x = element(a, i + j * n), y = element(a, j + i * n);
            y = (conj_ ? conj(y) : y) * (skew ? -1 : 1);
            if (tol == 0 && !(x == y))
                return false;
            d += cabs(x - y);
            s += cabs(x);
        }
        diff = fmax(diff, d);
        sum = fmax(sum, s);
    }
    return tol == 0 || diff <= tol * sum;
}

BUILTIN(issymmetric, 1, 3, 1, NO_GRAD,
    "tf = issymmetric(A)\n"
    "tf = issymmetric(A, tol)\n"
    "tf = issymmetric(A, 'skew', tol)\n\n"
    "True for a square matrix equal to its transpose, or with tol when norm(A - A.', Inf) is at most tol * norm(A, "
    "Inf). 'skew' asks for A.' = -A.\n\n"
    "Example:\n"
    "  issymmetric([1 2; 2 1])\n"
    "  ans = 1\n\n"
    "See also: ishermitian, isdefinite")
{
    result_bool(c, 0, symmetric(c, false));
}

BUILTIN(ishermitian, 1, 3, 1, NO_GRAD,
    "tf = ishermitian(A)\n"
    "tf = ishermitian(A, tol)\n"
    "tf = ishermitian(A, 'skew', tol)\n\n"
    "True for a square matrix equal to its conjugate transpose; tol and 'skew' as for issymmetric.\n\n"
    "Example:\n"
    "  ishermitian([1 2i; -2i 1])\n"
    "  ans = 1\n\n"
    "See also: issymmetric, isdefinite")
{
    result_bool(c, 0, symmetric(c, true));
}

BUILTIN(isdefinite, 1, 2, 1, NO_GRAD,
    "tf = isdefinite(A)\n"
    "tf = isdefinite(A, tol)\n\n"
    "True for a symmetric (Hermitian) positive definite matrix: all eigenvalues above tol, by default 100 * eps * "
    "norm(A, 'fro').\n\n"
    "Example:\n"
    "  isdefinite([2 1; 1 2])\n"
    "  ans = 1\n\n"
    "See also: chol, issymmetric, eig")
{
    struct tensor *a = question(c);
    bool yes = a && a->dim[0] == a->dim[1] && linalg_hermitian(a) && linalg_finite(a);
    if (yes && a->numel) {
        double tol = has_arg(c, 1) ? arg_num(c, 1) : 100 * linalg_eps(a->dtype) * linalg_norm(a, NAN, "isdefinite");
        i64 n = a->dim[0];
        struct tensor *b = tensor_clone(a);
        for (i64 i = 0; i < n; i++)
            switch (b->dtype) {
            case D_DOUBLE: ((double *)b->data)[i * (n + 1)] -= tol; break;
            case D_SINGLE: ((float *)b->data)[i * (n + 1)] -= (float)tol; break;
            case D_CDOUBLE: ((double _Complex *)b->data)[i * (n + 1)] -= tol; break;
            default: ((float _Complex *)b->data)[i * (n + 1)] -= (float)tol;
            }
        struct lapack q = { .dtype = b->dtype, .n = n, .a = b, .uplo = 'U' };
        lapack(lapack_potrf, &q, (double)n * (double)n * (double)n / 3);
        yes = q.info == 0;
    }
    result_bool(c, 0, yes);
}

static bool banded(struct tensor *a, double lower,
                   double upper) /* nothing below the lower-th and above the upper-th diagonal */
{
    i64 m = a ? a->dim[0] : 0;
    for (i64 j = 0; a && j < a->dim[1]; j++)
        for (i64 i = 0; i < m; i++)
            if (((double)(i - j) > lower || (double)(j - i) > upper) && element(a, i + j * m) != 0)
                return false;
    return a != NULL;
}

BUILTIN(isdiag, 1, 1, 1, NO_GRAD,
    "tf = isdiag(A)\n\n"
    "True for a matrix whose elements off the diagonal are all zero.\n\n"
    "Example:\n"
    "  isdiag([1 0; 0 2])\n"
    "  ans = 1\n\n"
    "See also: isdiag, istriu, istril, isbanded")
{
    result_bool(c, 0, banded(question(c), 0, 0));
}

BUILTIN(istriu, 1, 1, 1, NO_GRAD,
    "tf = istriu(A)\n\n"
    "True for a matrix whose elements below the diagonal are all zero.\n\n"
    "Example:\n"
    "  istriu([1 2; 0 3])\n"
    "  ans = 1\n\n"
    "See also: isdiag, istriu, istril, isbanded")
{
    result_bool(c, 0, banded(question(c), 0, INFINITY));
}

BUILTIN(istril, 1, 1, 1, NO_GRAD,
    "tf = istril(A)\n\n"
    "True for a matrix whose elements above the diagonal are all zero.\n\n"
    "Example:\n"
    "  istril([1 0; 2 3])\n"
    "  ans = 1\n\n"
    "See also: isdiag, istriu, istril, isbanded")
{
    result_bool(c, 0, banded(question(c), INFINITY, 0));
}

BUILTIN(isbanded, 3, 3, 1, NO_GRAD,
    "tf = isbanded(A, lower, upper)\n\n"
    "True for a matrix that has nothing but zeros below its lower-th and above its upper-th side diagonal.\n\n"
    "Example:\n"
    "  isbanded([1 1; 0 1], 0, 1)\n"
    "  ans = 1\n\n"
    "See also: isdiag, istriu, istril")
{
    double lower = arg_num(c, 1), upper = arg_num(c, 2);
    if (!(lower >= 0 && upper >= 0))
        fail("Octave:invalid-input-arg",
             "isbanded: the numbers of side diagonals must not be negative, but are %g and %g", lower, upper);
    result_bool(c, 0, banded(question(c), lower, upper));
}

BUILTIN(mgorth, 2, 2, 2, NO_GRAD,
    "[y, h] = mgorth(x, v)\n\n"
    "One step of Gram and Schmidt: y is the column x made orthogonal to the orthonormal columns of v and of length 1; "
    "x = [v y] * h'.\n\n"
    "Example:\n"
    "  mgorth([3; 4], [1; 0])\n"
    "  ans =\n     0\n     1\n\n"
    "See also: orth, qr")
{
    struct tensor *x = tensor_clone(arg_matrix(c, 0)), *v = arg_matrix(c, 1);
    char s[128], t[128];
    int dt = promote(x->dtype, v->dtype);
    if (dtype_is(dt, DT_C))
        fail("Octave:invalid-input-arg", "mgorth: only for real vectors");
    if (x->dim[1] != 1 || v->dim[0] != x->dim[0])
        fail("Octave:nonconformant-args", "mgorth: x must be a column as long as those of v, but x is %s and v is %s",
             tensor_shape(x, s), tensor_shape(v, t));
    x = tensor_clone(tensor_cast(x, D_DOUBLE));
    v = tensor_cast(v, D_DOUBLE);
    i64 n = x->dim[0], k = v->dim[1];
    struct tensor *h = tensor_2d(D_DOUBLE, 1, k + 1);
    double *e = (double *)x->data, *g = (double *)h->data;
    for (i64 j = 0; j < k; j++) {
        const double *w = (double *)v->data + j * n;
        blas_dot(D_DOUBLE, n, w, 1, false, e, 1, &g[j]);
        for (i64 i = 0; i < n; i++)
            e[i] -= g[j] * w[i];
    }
    g[k] = blas_norm2(D_DOUBLE, n, e);
    for (i64 i = 0; i < n && g[k] > 0; i++)
        e[i] /= g[k];
    result_tensor(c, 0, x);
    result_tensor(c, 1, h);
}
