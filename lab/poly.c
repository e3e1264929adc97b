/* SPDX-License-Identifier: BSD-3-Clause */
/* poly.c: polynomials (coefficients in a vector, highest power first), convolution, filters.
 *
 * Vectors are read as complex doubles, worked on, and narrowed; the three that run over long data (polyval, conv,
 * filter) have real bodies of their own.  A single argument makes the result single. */
#include "clones.h"
#include "linalg.h"
#include "plan.h"
#include "rules.h"
#include <complex.h>
#include <math.h>

typedef double _Complex cplx;
struct vec { i64 n; cplx *x; bool row, single, real; };

static struct vec arg_vec(struct call *c, int i)
{
    struct tensor *t = arg_float(c, i);
    struct vec v = { t->numel, scratch((size_t)(t->numel + 1) * sizeof(cplx)), t->dim[0] == 1 || t->numel == 0,
                     t->dtype == D_SINGLE || t->dtype == D_CSINGLE, !dtype_is(t->dtype, DT_C) };
    if (t->nd > 2 || (t->numel && t->dim[0] != 1 && t->dim[1] != 1))
        fail_arg(c, i, "a vector");
    for (i64 k = 0; k < v.n; k++)
        switch (t->dtype) {
        case D_DOUBLE: v.x[k] = ((double *)t->data)[k]; break;
        case D_SINGLE: v.x[k] = ((float *)t->data)[k]; break;
        case D_CDOUBLE: v.x[k] = ((cplx *)t->data)[k]; break;
        default: v.x[k] = ((float _Complex *)t->data)[k];
        }
    return v;
}

static void result_vec(struct call *c, int i, i64 n, const cplx *x, bool row, bool single)
{
    struct tensor *t = tensor_2d(D_CDOUBLE, row ? 1 : n, row ? n : 1);
    memcpy(t->data, x, (size_t)n * sizeof *x);
    t = tensor_narrow(t);
    if (n == 0)
        t = tensor_cast(t, D_DOUBLE);
    result_tensor(c, i, single ? tensor_cast(t, dtype_is(t->dtype, DT_C) ? D_CSINGLE : D_SINGLE) : t);
}

static cplx *vec_new(i64 n)
{
    cplx *x = scratch((size_t)(n + 1) * sizeof *x);
    for (i64 i = 0; i <= n; i++)
        x[i] = 0;
    return x;
}

static i64 leading_zeros(const cplx *x, i64 n)            /* all but the last count */
{
    i64 k = 0;
    while (k < n - 1 && x[k] == 0)
        k++;
    return k;
}

/* ---- values */
CLONES static void horner(const double *p, i64 n, const double *x, double *y, i64 m)
{
    for (i64 at = 0; at < m; at += 256) {
        i64 len = MIN(256, m - at);
        SIMD
        for (i64 i = 0; i < len; i++)
            y[at + i] = p[0];
        for (i64 k = 1; k < n; k++) {
            double a = p[k];
            SIMD
            for (i64 i = 0; i < len; i++)
                y[at + i] = y[at + i] * x[at + i] + a;
        }
    }
}

static value spread_of_fit(struct call *c, value xv, i64 n)      /* of a polynomial of degree n at xv, by S of polyfit */
{
    struct record *s = has_arg(c, 2) && c->arg[2].kind == K_STRUCT ? arg_struct(c, 2) : NULL;
    value f[3];
    const char *const names[] = { "R", "df", "normr" };
    for (int k = 0; k < 3; k++) {
        f[k] = s && s->numel == 1 ? record_get(s, 0, symbol_of(names[k])) : nil();
        if (is_nil(f[k]) || !is_tensor_like(f[k]))
            fail("Octave:invalid-input-arg", "polyval: dy needs the struct S of polyfit, with R, df and normr");
    }
    struct tensor *x = tensor_dense(tensor_of(xv)), *e = tensor_2d(D_DOUBLE, 1, n + 1);
    for (i64 j = 0; j <= n; j++)
        ((double *)e->data)[j] = (double)(n - j);
    value column = tensor_value(tensor_reshape(x, 2, (i64[]){ x->numel, 1 }));
    value a = linalg_mrdivide(ew_apply(EW_power, 2, (value[]){ column, tensor_value(e) }), f[0]);
    a = ew_apply(EW_plus, 2, (value[]){ num(1), reduce_apply(RED_sumsq, a, 2) });
    a = ew_apply(EW_times, 2, (value[]){ ew_apply(EW_sqrt, 1, &a), f[2] });
    a = ew_apply(EW_rdivide, 2, (value[]){ a, ew_apply(EW_sqrt, 1, &f[1]) });
    return tensor_value(tensor_reshape(tensor_dense(tensor_of(a)), x->nd, x->dim));
}

BUILTIN(polyval, 2, 4, 2, grad_form,
    "y = polyval(p, x)\n"
    "y = polyval(p, x, [], mu)\n"
    "[y, dy] = polyval(p, x, S, mu)\n\n"
    "Value of the polynomial p(1)*x^n + ... + p(n)*x + p(n+1) at each element of x; with mu = [mean, deviation] from "
    "polyfit at (x - mu(1)) / mu(2). With S of polyfit dy is the standard error of a new point: y - dy to y + dy holds "
    "about half of them or more.\n\n"
    "Example:\n"
    "  polyval([1 2 3], 2)\n"
    "  ans = 11\n\n"
    "See also: polyfit, roots, polyvalm")
{
    struct vec p = arg_vec(c, 0);
    value xv = tensor_value(arg_float(c, 1));
    if (has_arg(c, 3) && value_numel(c->arg[3]) >= 2) {
        struct tensor *mu = arg_double(c, 3);
        xv = ew_apply(EW_minus, 2, (value[]){ xv, element_value(mu, 0) });
        xv = ew_apply(EW_rdivide, 2, (value[]){ xv, element_value(mu, 1) });
    }
    if (c->nargout > 1)
        result(c, 1, spread_of_fit(c, xv, p.n - 1));
    struct tensor *x = tensor_dense(tensor_of(xv));
    bool single = p.single || x->dtype == D_SINGLE || x->dtype == D_CSINGLE;
    struct tensor *y;
    if (p.real && !dtype_is(x->dtype, DT_C)) {
        double *q = scratch((size_t)(p.n + 1) * sizeof *q);
        q[0] = 0;
        for (i64 k = 0; k < p.n; k++)
            q[k] = creal(p.x[k]);
        x = tensor_cast(x, D_DOUBLE);
        y = tensor_new(D_DOUBLE, x->nd, x->dim);
        horner(q, MAX(p.n, 1), (double *)x->data, (double *)y->data, x->numel);
    } else {
        x = tensor_cast(x, D_CDOUBLE);
        y = tensor_new(D_CDOUBLE, x->nd, x->dim);
        for (i64 i = 0; i < x->numel; i++) {
            cplx s = 0;
            for (i64 k = 0; k < p.n; k++)
                s = s * ((cplx *)x->data)[i] + p.x[k];
            ((cplx *)y->data)[i] = s;
        }
        y = tensor_narrow(y);
    }
    result_tensor(c, 0, single ? tensor_cast(y, dtype_is(y->dtype, DT_C) ? D_CSINGLE : D_SINGLE) : y);
}

BUILTIN(polyvalm, 2, 2, 1, grad_form,
    "Y = polyvalm(p, A)\n\n"
    "Value of the polynomial p at the square matrix A, with matrix powers.\n\n"
    "Example:\n"
    "  polyvalm([1 2], [1 2; 3 4])\n"
    "  ans =\n     3   2\n     3   6\n\n"
    "See also: polyval, expm")
{
    struct tensor *p = arg_float(c, 0), *a = arg_matrix(c, 1), *one = linalg_identity(a->dtype, a->dim[0]);
    linalg_square(a, "polyvalm");
    value y = ew_apply(EW_times, 2, (value[]){ tensor_box(one), num(0) });
    for (i64 k = 0; k < p->numel; k++)
        y = ew_apply(EW_plus, 2,
                     (value[]){ linalg_mtimes(y, tensor_box(a), AS_IS, AS_IS),
                                ew_apply(EW_times, 2, (value[]){ tensor_box(one), element_value(p, k) }) });
    result(c, 0, y);
}

/* ---- fitting */
extern const struct builtin builtin_qr;

/* The inverse of R' * R for an upper triangular R, with row and column i put at place at[i]; NaN where R is singular. */
static struct tensor *covariance(struct tensor *r, const struct tensor *at, int dt)
{
    i64 n = r->dim[1];
    struct tensor *full = tensor_dense(tensor_cast(r, D_CDOUBLE)), *to = tensor_2d(D_CDOUBLE, n, n);
    const cplx *u = (const cplx *)full->data;
    cplx *x = vec_new(n * n), *y = (cplx *)to->data;
    for (i64 j = 0; j < n; j++)               /* column j of the inverse of R */
        for (i64 i = j; i >= 0; i--) {
            cplx s = i == j;
            for (i64 k = i + 1; k <= j; k++)
                s -= u[i + k * r->dim[0]] * x[k + j * n];
            x[i + j * n] = u[i + i * r->dim[0]] == 0 ? NAN : s / u[i + i * r->dim[0]];
        }
    for (i64 j = 0; j < n; j++)
        for (i64 i = 0; i < n; i++) {
            cplx s = 0;
            for (i64 k = MAX(i, j); k < n; k++)
                s += x[i + k * n] * conj(x[j + k * n]);
            y[(i64)element_double(at, i) - 1 + ((i64)element_double(at, j) - 1) * n] = s;
        }
    to = tensor_narrow(to);
    return dtype_is(to->dtype, DT_C) || dt == D_DOUBLE ? to : tensor_cast(to, dtype_real(dt));
}

static struct tensor *spread(struct tensor *t, i64 columns, const i64 *at)     /* column j of t at column at[j], else zeros */
{
    i64 bytes = t->dim[0] * dtypes[t->dtype].size;
    struct tensor *r = tensor_zeros(t->dtype, 2, (i64[]){ t->dim[0], columns });
    for (i64 j = 0; j < t->dim[1]; j++)
        memcpy(r->data + at[j] * bytes, t->data + j * bytes, (size_t)bytes);
    return r;
}

BUILTIN(polyfit, 3, 3, 3, grad_form,
    "p = polyfit(x, y, n)\n"
    "[p, S] = polyfit(x, y, n)\n"
    "[p, S, mu] = polyfit(x, y, n)\n\n"
    "Coefficients of the polynomial of degree n that fits the points (x, y) with the least sum of squares. n may be a "
    "logical mask with one element for each coefficient, the highest power first: those that are false stay 0. Where "
    "there are more coefficients than points, a warning says so and the highest powers stay 0. S is a struct: yf the "
    "values of the fit, X the matrix of powers, R its triangular factor, C the unscaled covariance, df the degrees of "
    "freedom, normr the norm of the residuals. With mu = [mean(x), std(x)] the fit is in (x - mu(1)) / mu(2), which is "
    "better conditioned.\n\n"
    "Example:\n"
    "  p = polyfit([1 2 3], [1 4 9], 2); round(p)\n"
    "  ans =\n     1   0   0\n\n"
    "See also: polyval, mldivide, interp1")
{
    struct tensor *x = arg_float(c, 0), *y = arg_float(c, 1);
    char s[128], t[128];
    bool masked = is_tensor_like(c->arg[2]) && value_dtype(c->arg[2]) == D_LOGICAL && value_numel(c->arg[2]) > 0;
    struct tensor *mask = masked ? arg_dense(c, 2) : NULL;
    i64 n = masked ? mask->numel - 1 : arg_int(c, 2, 0, 10000), m = x->numel, used = 0;
    if (x->numel != y->numel)
        fail("Octave:nonconformant-args", "polyfit: X and Y must have the same number of points\nhint: they are %s and %s",
             tensor_shape(x, s), tensor_shape(y, t));
    if (m == 0)
        fail("Octave:invalid-input-arg", "polyfit: x and y must not be empty");
    i64 *at = scratch((size_t)(n + 1) * sizeof *at);      /* the coefficients that are sought */
    for (i64 j = 0; j <= n; j++)
        if (!mask || mask->data[j])
            at[used++] = j;
    if (used > m) {
        warn("Octave:polyfit-degree",
             "polyfit: %lld coefficients for %lld points: there are many solutions, and the highest powers stay 0",
             (long long)used, (long long)m);
        at += used - m;
        used = m;
        masked = true;
    }
    bool row = y->nd == 2 && y->dim[0] == 1;
    int dt = promote(x->dtype, y->dtype);
    value xv = tensor_value(tensor_reshape(x, 2, (i64[]){ m, 1 }));
    if (wants(c, 2)) {
        value mean = reduce_apply(RED_mean, xv, 1), d = ew_apply(EW_minus, 2, (value[]){ xv, mean });
        value dev = ew_apply(EW_rdivide, 2, (value[]){ reduce_apply(RED_sumsq, d, 1), num(m == 1 ? 1 : (double)m - 1) });
        dev = ew_apply(EW_sqrt, 1, &dev);
        xv = ew_apply(EW_rdivide, 2, (value[]){ d, dev });
        struct tensor *mu = tensor_2d(D_DOUBLE, 1, 2);
        ((double *)mu->data)[0] = element_double(tensor_of(mean), 0);
        ((double *)mu->data)[1] = element_double(tensor_of(dev), 0);
        result_tensor(c, 2, mu);
    }
    struct tensor *e = tensor_2d(D_DOUBLE, 1, used);
    for (i64 j = 0; j < used; j++)
        ((double *)e->data)[j] = (double)(n - at[j]);
    struct tensor *a = tensor_dense(tensor_cast(tensor_of(ew_apply(EW_power, 2, (value[]){ xv, tensor_value(e) })), dt));
    struct tensor *b = tensor_reshape(tensor_cast(y, dt), 2, (i64[]){ m, 1 }), *p = tensor_2d(dt, used, 1);
    value f[3] = { 0 };                       /* as Octave: columns exchanged, so that powers of all sizes do well */
    if (used) {
        call_builtin(&builtin_qr, 2, (value[]){ tensor_value(a), num(0) }, 3, f);
        struct tensor *k = tensor_of(f[2]), *rhs = tensor_2d(dt, used, 1);
        i64 size = dtypes[dt].size;
        struct mat turned = mat_turned(mat_of(tensor_of(f[0])));
        turned.conj = true;
        blas_gemm(dt, used, 1, m, 1, turned, mat_of(tensor_dense(b)), 0, rhs->data, used);
        struct tensor *z = linalg_solve(tensor_of(f[1]), AS_IS, rhs);
        for (i64 j = 0; j < used; j++)
            memcpy(p->data + ((i64)element_double(k, j) - 1) * size, z->data + j * size, (size_t)size);
    }
    result_tensor(c, 0, tensor_narrow(spread(tensor_reshape(p, 2, (i64[]){ 1, used }), n + 1, at)));
    if (!wants(c, 1))
        return;
    struct tensor *yf = used ? linalg_product(a, AS_IS, p, AS_IS) : tensor_zeros(dt, 2, (i64[]){ m, 1 });
    struct tensor *R = used ? tensor_dense(tensor_of(f[1])) : tensor_2d(dt, 0, 0);
    struct tensor *C = used ? covariance(R, tensor_of(f[2]), dt) : tensor_2d(dt, 0, 0);
    value rest = ew_apply(EW_minus, 2, (value[]){ tensor_value(b), tensor_value(yf) });
    struct record *r = record_scalar();
    record_set(r, 0, symbol_of("yf"), tensor_value(tensor_reshape(yf, 2, row ? (i64[]){ 1, m } : (i64[]){ m, 1 })));
    record_set(r, 0, symbol_of("X"), tensor_value(masked ? spread(a, n + 1, at) : a));
    record_set(r, 0, symbol_of("R"), tensor_value(masked ? spread(R, n + 1, at) : R));
    record_set(r, 0, symbol_of("C"), tensor_value(masked ? spread(C, n + 1, at) : C));
    record_set(r, 0, symbol_of("df"), num((double)MAX(0, m - used)));
    record_set(r, 0, symbol_of("normr"), num(linalg_norm(linalg_float(tensor_of(rest)), 2, "polyfit")));
    result(c, 1, record_value(r));
}

/* ---- roots */
extern const struct builtin builtin_eig;

BUILTIN(roots, 1, 1, 1, grad_form,
    "r = roots(p)\n\n"
    "The roots of the polynomial p in a column: the eigenvalues of its companion matrix.\n\n"
    "Example:\n"
    "  roots([1 -3 2])\n"
    "  ans =\n     2\n     1\n\n"
    "See also: poly, polyval, compan, fzero")
{
    struct vec p = arg_vec(c, 0);
    i64 first = 0, last = p.n - 1;
    for (i64 i = 0; i < p.n; i++)
        if (!isfinite(creal(p.x[i])) || !isfinite(cimag(p.x[i])))
            fail("Octave:invalid-input-arg", "roots: the coefficients must not contain Inf or NaN");
    double most = 0; /* what is nothing beside the largest has its root beyond all numbers, or at 0 */
    for (i64 i = 0; i < p.n; i++)
        most = fmax(most, cabs(p.x[i]));
    while (first < p.n && cabs(p.x[first]) / most == 0)
        first++;
    if (first >= p.n || most == 0) {
        result_tensor(c, 0, tensor_2d(D_DOUBLE, 0, 0));
        return;
    }
    while (cabs(p.x[last]) / most == 0)
        last--;
    i64 n = last - first, zeros = p.n - 1 - last;
    struct tensor *a = tensor_zeros(D_CDOUBLE, 2, (i64[]){ n, n });
    for (i64 j = 0; j < n; j++) {
        ((cplx *)a->data)[j * n] = -p.x[first + 1 + j] / p.x[first];
        if (j + 1 < n)
            ((cplx *)a->data)[j + 1 + j * n] = 1;
    }
    struct tensor *e =
        n ? tensor_cast(tensor_dense(tensor_of(call1(&builtin_eig, 1, tensor_value(tensor_narrow(a))))), D_CDOUBLE) : a;
    cplx *r = vec_new(n + zeros);
    memcpy(r, e->data, (size_t)n * sizeof *r);
    result_vec(c, 0, n + zeros, r, false, p.single);
}

BUILTIN(poly, 1, 1, 1, grad_form,
    "p = poly(r)\n"
    "p = poly(A)\n\n"
    "The polynomial with the roots r, or the characteristic polynomial of a square matrix; the highest coefficient is 1.\n\n"
    "Example:\n"
    "  poly([1 2])\n"
    "  ans =\n     1  -3   2\n\n"
    "See also: roots, polyval, eig")
{
    struct tensor *t = arg_matrix(c, 0);
    bool single = t->dtype == D_SINGLE || t->dtype == D_CSINGLE, real = !dtype_is(t->dtype, DT_C);
    if (t->numel && t->dim[0] != 1 && t->dim[1] != 1) {
        linalg_square(t, "poly");
        if (!linalg_finite(tensor_dense(t)))
            fail("Octave:invalid-input-arg", "poly: the matrix must not contain Inf or NaN");
        t = tensor_dense(tensor_of(call1(&builtin_eig, 1, tensor_value(t))));
    } else if (t->numel == 1 && real) {
        real = true;
    }
    struct tensor *r = tensor_cast(linalg_float(t), D_CDOUBLE);
    cplx *x = (cplx *)r->data, *p = vec_new(r->numel);
    p[0] = 1;
    if (!real) {                              /* closed under conjugation: the coefficients are real */
        real = true;
        for (i64 i = 0; i < r->numel && real; i++) {
            i64 same = 0, mirrored = 0;
            for (i64 j = 0; j < r->numel; j++) {
                same += x[j] == x[i];
                mirrored += x[j] == conj(x[i]);
            }
            real = same == mirrored;
        }
    }
    for (i64 k = 0; k < r->numel; k++)
        for (i64 j = k + 1; j > 0; j--)
            p[j] -= x[k] * p[j - 1];
    for (i64 k = 0; real && k <= r->numel; k++)
        p[k] = creal(p[k]);
    result_vec(c, 0, r->numel + 1, p, true, single);
}

BUILTIN(compan, 1, 1, 1, grad_form,
    "A = compan(p)\n\n"
    "Companion matrix of a polynomial: its eigenvalues are the roots of p.\n\n"
    "Example:\n"
    "  compan([1 2 3])\n"
    "  ans =\n    -2  -3\n     1   0\n\n"
    "See also: roots, poly")
{
    struct vec p = arg_vec(c, 0);
    if (p.n == 0)
        fail_arg(c, 0, "a vector that is not empty");
    i64 n = p.n - 1;
    struct tensor *a = tensor_zeros(D_CDOUBLE, 2, (i64[]){ n, n });
    for (i64 j = 0; j < n; j++) {
        ((cplx *)a->data)[j * n] =
            cimag(p.x[1 + j]) == 0 && cimag(p.x[0]) == 0 ? -creal(p.x[1 + j]) / creal(p.x[0]) : -p.x[1 + j] / p.x[0];
        if (j + 1 < n)
            ((cplx *)a->data)[j + 1 + j * n] = 1;
    }
    a = n ? tensor_narrow(a) : tensor_2d(D_DOUBLE, 0, 0);
    result_tensor(c, 0, p.single ? tensor_cast(a, dtype_is(a->dtype, DT_C) ? D_CSINGLE : D_SINGLE) : a);
}

/* ---- products */
CLONES static void conv_real(const double *a, i64 na, const double *b, i64 nb,
                             double *y) /* na <= nb; y zeroed, na + nb - 1 */
{
    enum { PIECE = 1024 };                    /* a piece of b stays in cache while all of a passes */
    for (i64 at = 0; at < nb; at += PIECE) {
        i64 n = MIN(PIECE, nb - at);
        for (i64 i = 0; i < na; i++) {
            double e = a[i], *to = y + at + i;
            const double *x = b + at;
            SIMD
            for (i64 j = 0; j < n; j++)
                to[j] += e * x[j];
        }
    }
}

static struct tensor *convolve(struct vec a, struct vec b)            /* a row, complex or real double */
{
    i64 n = a.n + b.n - 1;
    if (a.n > b.n) {
        struct vec w = a;
        a = b;
        b = w;
    }
    if (a.real && b.real) {
        struct tensor *y = tensor_zeros(D_DOUBLE, 2, (i64[]){ 1, n });
        double *x = scratch((size_t)a.n * 8), *z = scratch((size_t)b.n * 8);
        for (i64 i = 0; i < a.n; i++)
            x[i] = creal(a.x[i]);
        for (i64 i = 0; i < b.n; i++)
            z[i] = creal(b.x[i]);
        for (i64 i = 0; i < a.n; i += 4096) { /* in parts, to listen to Ctrl-C */
            poll();
            conv_real(x + i, MIN(4096, a.n - i), z, b.n, (double *)y->data + i);
        }
        return y;
    }
    struct tensor *y = tensor_zeros(D_CDOUBLE, 2, (i64[]){ 1, n });
    for (i64 i = 0; i < a.n; i++) {
        poll();
        for (i64 j = 0; j < b.n; j++)
            ((cplx *)y->data)[i + j] += a.x[i] * b.x[j];
    }
    return tensor_narrow(y);
}

BUILTIN(conv, 2, 3, 1, grad_form,
    "y = conv(a, b)\n"
    "y = conv(a, b, shape)\n\n"
    "Convolution of two vectors, which is the product of two polynomials: numel(a) + numel(b) - 1 elements. shape "
    "'same' gives the middle part as long as a, 'valid' the part where b lies in a whole. The result is a column when "
    "the longer vector is one.\n\n"
    "Example:\n"
    "  conv([1 2], [1 3])\n"
    "  ans =\n     1   5   6\n\n"
    "See also: deconv, filter, polyval")
{
    struct vec a = arg_vec(c, 0), b = arg_vec(c, 1);
    int shape = has_arg(c, 2) ? arg_option(c, 2, (const char *const[]){ "full", "same", "valid", NULL }) : 0;
    if (a.n == 0 || b.n == 0)
        fail("Octave:invalid-input-arg", "conv: both vectors must have elements");
    struct tensor *y = convolve(a, b);
    i64 n = y->numel, from = 0;
    if (shape == 1) {
        from = b.n / 2;
        n = a.n;
    } else if (shape == 2) {
        from = b.n - 1;
        n = MAX(0, a.n - b.n + 1);
    }
    bool row = shape ? a.row : a.n > b.n ? a.row : b.row;        /* as Octave, of two as long the second */
    if (a.n == 1 && b.n > 1)
        row = shape ? a.row : b.row;
    y = tensor_clone(tensor_alias(y, 2, row ? (i64[]){ 1, n } : (i64[]){ n, 1 }, (i64[]){ 1, 1 }, n ? from : 0));
    result_tensor(c, 0, a.single || b.single ? tensor_cast(y, dtype_is(y->dtype, DT_C) ? D_CSINGLE : D_SINGLE) : y);
}

static void divide(const cplx *y, i64 ny, const cplx *a, i64 na, cplx *q,
                   cplx *r) /* a[0] != 0, ny >= na; q has ny - na + 1, r ny */
{
    memcpy(r, y, (size_t)ny * sizeof *r);
    for (i64 i = 0; i <= ny - na; i++) {
        q[i] = r[i] / a[0];
        r[i] = 0;
        for (i64 j = 1; j < na; j++)
            r[i + j] -= q[i] * a[j];
    }
}

BUILTIN(deconv, 2, 2, 2, grad_form,
    "q = deconv(y, a)\n"
    "[q, r] = deconv(y, a)\n\n"
    "Division of polynomials: y = conv(a, q) + r.\n\n"
    "Example:\n"
    "  deconv([1 5 6], [1 2])\n"
    "  ans =\n     1   3\n\n"
    "See also: conv, residue")
{
    struct vec y = arg_vec(c, 0), a = arg_vec(c, 1);
    if (y.n == 0 || a.n == 0 || a.x[0] == 0)
        fail("Octave:invalid-input-arg", "deconv: the vectors must have elements, and the first of the divisor must "
                                         "not be 0");
    bool single = y.single || a.single;
    if (y.n < a.n) {
        result_vec(c, 0, 1, &(cplx){ 0 }, true, single);
        result_vec(c, 1, y.n, y.x, y.row, single);
        return;
    }
    cplx *q = vec_new(y.n - a.n + 1), *r = vec_new(y.n);
    divide(y.x, y.n, a.x, a.n, q, r);
    result_vec(c, 0, y.n - a.n + 1, q, y.row, single);
    result_vec(c, 1, y.n, r, y.row, single);
}

static i64 derive(const cplx *p, i64 n, cplx *d)          /* n - 1 coefficients, at least one */
{
    for (i64 i = 0; i + 1 < n; i++)
        d[i] = p[i] * (double)(n - 1 - i);
    if (n <= 1)
        d[0] = 0;
    return MAX(n - 1, 1);
}

static void result_poly(struct call *c, int i, const cplx *x, i64 n, bool single)     /* without zeros in front */
{
    i64 k = leading_zeros(x, n);
    result_vec(c, i, n - k, x + k, true, single);
}

BUILTIN(polyder, 1, 2, 2, grad_form,
    "d = polyder(p)\n"
    "d = polyder(a, b)\n"
    "[q, d] = polyder(b, a)\n\n"
    "Derivative of a polynomial, of the product of two, or of the quotient b / a as numerator and denominator.\n\n"
    "Example:\n"
    "  polyder([1 2 3])\n"
    "  ans =\n     2   2\n\n"
    "See also: polyint, polyval, conv")
{
    struct vec p = arg_vec(c, 0);
    if (p.n == 0)
        fail_arg(c, 0, "a vector that is not empty");
    if (c->nargin == 1) {
        cplx *d = vec_new(p.n);
        i64 n = derive(p.x, p.n, d);
        result_vec(c, 0, n, d, true, p.single);           /* with the zeros in front that p has, as in Octave */
        return;
    }
    struct vec a = arg_vec(c, 1);
    if (a.n == 0)
        fail_arg(c, 1, "a vector that is not empty");
    bool single = p.single || a.single;
    i64 n = p.n + a.n - 1;
    cplx *y = vec_new(n), *d = vec_new(n);
    if (c->nargout < 2) {
        for (i64 i = 0; i < p.n; i++)
            for (i64 j = 0; j < a.n; j++)
                y[i + j] += p.x[i] * a.x[j];
        i64 m = derive(y, n, d);
        result_vec(c, 0, m, d, true, single);
        return;
    }
    cplx *dp = vec_new(p.n), *da = vec_new(a.n), *q = vec_new(2 * a.n);
    i64 np = derive(p.x, p.n, dp), na = derive(a.x, a.n, da), top = n - 1 > 0 ? n - 1 : 1;
    for (i64 i = 0; i < np && p.n > 1; i++)
        for (i64 j = 0; j < a.n; j++)
            y[i + j] += dp[i] * a.x[j];
    for (i64 i = 0; i < p.n; i++)
        for (i64 j = 0; j < na && a.n > 1; j++)
            y[i + j] -= p.x[i] * da[j];
    for (i64 i = 0; i < a.n; i++)
        for (i64 j = 0; j < a.n; j++)
            q[i + j] += a.x[i] * a.x[j];
    result_poly(c, 0, y, top, single);
    result_poly(c, 1, q, 2 * a.n - 1, single);
}

BUILTIN(polyint, 1, 2, 1, grad_form,
    "q = polyint(p)\n"
    "q = polyint(p, k)\n\n"
    "Integral of a polynomial with the constant k, by default 0.\n\n"
    "Example:\n"
    "  polyint([2 2])\n"
    "  ans =\n     1   2   0\n\n"
    "See also: polyder, polyval")
{
    struct vec p = arg_vec(c, 0);
    cplx *q = vec_new(p.n + 1);
    for (i64 i = 0; i < p.n; i++)
        q[i] = p.x[i] / (double)(p.n - i);
    q[p.n] = has_arg(c, 1) ? arg_num(c, 1) : 0;
    result_vec(c, 0, p.n + 1, q, true, p.single);
}

BUILTIN(polyreduce, 1, 1, 1, grad_form,
    "q = polyreduce(p)\n\n"
    "The polynomial without zeros in front.\n\n"
    "Example:\n"
    "  polyreduce([0 0 1 2])\n"
    "  ans =\n     1   2\n\n"
    "See also: polyval, roots")
{
    struct vec p = arg_vec(c, 0);
    i64 k = leading_zeros(p.x, p.n);
    result_vec(c, 0, p.n - k, p.x + k, p.row, p.single);
}

/* ---- filter: transposed direct form II, b and a scaled by a(1) and equally long */
#define FILTER(name, T)                                                                        \
    static void name(const T *b, const T *a, i64 n, const T *x, i64 m, i64 step, T *y, T *z)   \
    {                                                                                          \
        for (i64 i = 0; i < m; i++, x += step, y += step) {                                    \
            T e = *x, r = n > 1 ? z[0] + b[0] * e : b[0] * e;                                  \
            for (i64 k = 1; k < n - 1; k++)                                                    \
                z[k - 1] = z[k] + b[k] * e - a[k] * r;                                         \
            if (n > 1)                                                                         \
                z[n - 2] = b[n - 1] * e - a[n - 1] * r;                                        \
            *y = r;                                                                            \
        }                                                                                      \
    }
FILTER(filter_real, double)
FILTER(filter_complex, cplx)

BUILTIN(filter, 3, 5, 2, filter_grad,
    "y = filter(b, a, x)\n"
    "[y, sf] = filter(b, a, x, si, dim)\n\n"
    "Filters x along dim (by default the first dimension longer than one): a(1)*y(n) = b(1)*x(n) + b(2)*x(n-1) + ... - "
    "a(2)*y(n-1) - ... . si is the state before the first element, max(numel(a), numel(b)) - 1 numbers (a column for "
    "each vector of x, or [] for zeros), sf that after the last.\n\n"
    "Example:\n"
    "  filter(1, [1 -0.5], [1 1 1])\n"
    "  ans =\n     1.0000   1.5000   1.7500\n\n"
    "See also: conv, deconv")
{
    struct vec b = arg_vec(c, 0), a = arg_vec(c, 1);
    struct tensor *x = arg_float(c, 2);
    if (a.n == 0 || b.n == 0 || a.x[0] == 0)
        fail("Octave:invalid-input-arg", "filter: the coefficients must not be empty, and a(1) must not be 0");
    int dim = arg_dim(c, 4, first_long_dim(x));
    bool single = b.single || a.single || x->dtype == D_SINGLE || x->dtype == D_CSINGLE;
    i64 n = MAX(a.n, b.n), m = dim <= x->nd ? x->dim[dim - 1] : 1, before = 1, runs = m ? x->numel / m : 0;
    for (int d = 0; d < MIN(dim - 1, x->nd); d++)
        before *= x->dim[d];
    struct tensor *si = has_arg(c, 3) && value_numel(c->arg[3]) ? arg_float(c, 3) : NULL;
    bool real = a.real && b.real && !dtype_is(x->dtype, DT_C) && !(si && dtype_is(si->dtype, DT_C));
    if (si && si->numel != n - 1 && si->numel != (n - 1) * runs)
        fail("Octave:nonconformant-args",
             "filter: the initial state must have %lld elements for each vector, but has %lld", (long long)n - 1,
             (long long)si->numel);
    cplx *cb = vec_new(n), *ca = vec_new(n);
    for (i64 k = 0; k < b.n; k++)
        cb[k] = b.x[k] / a.x[0];
    for (i64 k = 0; k < a.n; k++)
        ca[k] = a.x[k] / a.x[0];
    int dt = real ? D_DOUBLE : D_CDOUBLE;
    x = tensor_cast(x, dt);
    struct tensor *y = tensor_new(dt, x->nd, x->dim), *z = tensor_zeros(dt, 2, (i64[]){ n - 1, MAX(runs, 1) });
    if (si) {
        si = tensor_dense(tensor_cast(si, dt));
        for (i64 k = 0; k < runs; k++)
            memcpy(z->data + k * (n - 1) * (i64)dtypes[dt].size,
                   si->data + (si->numel == n - 1 ? 0 : k * (n - 1) * (i64)dtypes[dt].size),
                   (size_t)(n - 1) * dtypes[dt].size);
    }
    double *rb = scratch((size_t)n * 8 + 8), *ra = scratch((size_t)n * 8 + 8);
    for (i64 k = 0; k < n; k++) {
        rb[k] = creal(cb[k]);
        ra[k] = creal(ca[k]);
    }
    for (i64 k = 0; k < runs; k++) {
        i64 at = k % before + k / before * before * m;
        poll();
        if (real)
            filter_real(rb, ra, n, (double *)x->data + at, m, before, (double *)y->data + at,
                        (double *)z->data + k * (n - 1));
        else
            filter_complex(cb, ca, n, (cplx *)x->data + at, m, before, (cplx *)y->data + at, (cplx *)z->data + k * (n - 1));
    }
    y = tensor_narrow(y);
    z = tensor_narrow(z);
    result_tensor(c, 0, single ? tensor_cast(y, dtype_is(y->dtype, DT_C) ? D_CSINGLE : D_SINGLE) : y);
    result_tensor(c, 1, z);
}
