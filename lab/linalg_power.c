/* SPDX-License-Identifier: BSD-3-Clause */
/* linalg_power.c: powers and functions of matrices.
 *
 * Integer powers by repeated squaring, all else through an eigenvalue or Schur decomposition; expm by scaling and a
 * diagonal Pade approximant of degree 13 (Higham 2005), sqrtm and logm through the complex Schur form. */
#include "linalg.h"
#include "gpu.h"
#include "plan.h"
#include <complex.h>
#include <float.h>
#include <math.h>

struct tensor *linalg_identity(int dtype, i64 n)
{
    struct tensor *t = tensor_zeros(D_DOUBLE, 2, (i64[]){ n, n });
    for (i64 i = 0; i < n; i++)
        ((double *)t->data)[i * (n + 1)] = 1;
    return tensor_cast(t, dtype);
}

static struct tensor *integer_power(struct tensor *a, uint64_t n)
{
    struct tensor *r = NULL;
    for (; n; n >>= 1) {
        poll();
        if (n & 1)
            r = r ? linalg_product(r, AS_IS, a, AS_IS) : a;
        if (n > 1)
            a = linalg_product(a, AS_IS, a, AS_IS);
    }
    return r;
}

value linalg_mpower(value a, value b)
{
    char s[160], u[160];
    if (!is_tensor_like(a) || !is_tensor_like(b))
        fail("Octave:undefined-function", "\1 ^ \2: there is no operator '^' for a %s and a %s", value_describe(a, s),
             value_describe(b, u));
    i64 na = value_numel(a), nb = value_numel(b);
    if (na == 1 && nb == 1)
        return ew_apply(EW_power, 2, (value[]){ a, b });
    if (na != 1 && nb != 1)
        fail("Octave:nonconformant-args",
             "\1 ^ \2: one of the two must be a scalar, but \1 is a %s and \2 a %s\nhint: \1 .^ \2 is the power "
             "element by element",
             value_describe(a, s), value_describe(b, u));
    struct tensor *t = tensor_any(nb == 1 ? a : b);
    if (dtype_is(t->dtype, DT_I))
        fail("Octave:undefined-function",
             "\1 ^ \2: there is no matrix power for a %s\nhint: \1 .^ \2 is the power element by element",
             value_describe(nb == 1 ? a : b, s));
    if (t->nd > 2 || t->dim[0] != t->dim[1])
        fail("Octave:nonconformant-args",
             "\1 ^ \2: the matrix must be square, but is a %s\nhint: \1 .^ \2 is the power element by element",
             value_describe(nb == 1 ? a : b, s));
    t = linalg_float(t);
    struct tensor *p = tensor_of(gpu_read_value(nb == 1 ? b : a, "a power"));
    double x = element_double(p, 0);
    if (nb == 1 && !dtype_is(p->dtype, DT_C) && x == floor(x) && fabs(x) < 0x1p53) {
        int dt = promote(t->dtype, dtype_is(p->dtype, DT_I) ? D_DOUBLE : p->dtype);
        t = tensor_dense(tensor_cast(t, dt));
        if (t->numel == 0 || x == 0)
            return tensor_value(t->device ? gpu_identity(t->device, dt, t->dim[0], t->dim[0])
                                          : linalg_identity(dt, t->dim[0]));
        double rcond;
        if (x < 0)
            t = linalg_inverse(t, &rcond, true);
        return tensor_value(tensor_narrow(integer_power(t, (uint64_t)fabs(x))));
    }
    value y = linalg_eig_power(gpu_read(t, "^"), tensor_box(p), nb == 1);
    return t->device ? gpu_moved(y, t->device) : y;       /* by eigenvalues, which the CPU finds */
}

/* ---- a little algebra on values */
static value combine(value a, double x, value b)          /* a + x b */
{
    return ew_apply(EW_plus, 2, (value[]){ a, x == 1 ? b : ew_apply(EW_times, 2, (value[]){ num(x), b }) });
}

static value scaled(value a, double x) { return ew_apply(EW_times, 2, (value[]){ a, num(x) }); }
static value times(value a, value b) /* a product may take a tenth of a second: Ctrl-C is asked for between two */
{
    poll();
    return tensor_box(linalg_product(linalg_float(tensor_of(a)), AS_IS, linalg_float(tensor_of(b)), AS_IS));
}

static struct tensor *square_arg(struct call *c)
{
    struct tensor *a = arg_matrix(c, 0);
    linalg_square(a, c->fn->name);
    return a;
}

extern const struct builtin builtin_isdiag, builtin_diag;
BUILTIN(expm, 1, 1, 1, grad_form,
    "B = expm(A)\n\n"
    "Exponential of a square matrix: the sum of A^k / k!, by scaling, a Pade approximant and squaring.\n\n"
    "Example:\n"
    "  expm([0 1; 0 0])\n"
    "  ans =\n     1   1\n     0   1\n\n"
    "See also: logm, sqrtm, mpower, exp")
{
    static const double b13[] = { 64764752532480000.,
                                  32382376266240000.,
                                  7771770303897600.,
                                  1187353796428800.,
                                  129060195264000.,
                                  10559470521600.,
                                  670442572800.,
                                  33522128640.,
                                  1323241920.,
                                  40840800.,
                                  960960.,
                                  16380.,
                                  182.,
                                  1. };
    static const double b9[] = { 17643225600., 8821612800., 2075673600., 302702400., 30270240.,
                                 2162160.,     110880.,     3960.,       90.,        1. };
    static const double b7[] = { 17297280., 8648640., 1995840., 277200., 25200., 1512., 56., 1. };
    static const double b5[] = { 30240., 15120., 3360., 420., 30., 1. };
    static const double b3[] = { 120., 60., 12., 1. };
    static const struct { double theta; int m; const double *b;
    } degree[] = { { 1.495585217958292e-2, 3, b3 },
                   { 2.539398330063230e-1, 5, b5 },
                   { 9.504178996162932e-1, 7, b7 },
                   { 2.097847961257068, 9, b9 },
                   { 5.371920351148152, 13, b13 } };
    struct tensor *t = square_arg(c);
    i64 n = t->dim[0];
    if (n == 0) {
        result_tensor(c, 0, t);
        return;
    }
    if (n == 1) {
        value x = tensor_value(t);
        result(c, 0, ew_apply(EW_exp, 1, &x));
        return;
    }
    if (call1(&builtin_isdiag, 1, tensor_value(t)).num != 0) {
        value d = call1(&builtin_diag, 1, tensor_value(t));
        result(c, 0, call1(&builtin_diag, 1, ew_apply(EW_exp, 1, &d)));
        return;
    }
    if (!linalg_finite(t)) {
        result(c, 0, scaled(tensor_value(t), NAN));
        return;
    }
    double norm = blas_asum(t);
    int k = 0, s = 0;
    while (k < 4 && norm > degree[k].theta)
        k++;
    if (norm > degree[4].theta)
        s = MAX(0, ilogb(norm / degree[4].theta) + 1);
    value a = s ? scaled(tensor_box(t), ldexp(1, -s)) : tensor_box(t), one = tensor_box(linalg_identity(t->dtype, n)), u, v;
    const double *b = degree[k].b;
    value a2 = times(a, a);
    if (degree[k].m == 13) {
        value a4 = times(a2, a2), a6 = times(a2, a4);
        u = combine(combine(scaled(a6, b[13]), b[11], a4), b[9], a2);
        u = combine(combine(combine(combine(times(a6, u), b[7], a6), b[5], a4), b[3], a2), b[1], one);
        v = combine(combine(scaled(a6, b[12]), b[10], a4), b[8], a2);
        v = combine(combine(combine(combine(times(a6, v), b[6], a6), b[4], a4), b[2], a2), b[0], one);
    } else {
        value p = a2;
        u = combine(scaled(one, b[1]), b[3], a2);
        v = combine(scaled(one, b[0]), b[2], a2);
        for (int m = 5; m <= degree[k].m; m += 2) {
            p = times(p, a2);
            u = combine(u, b[m], p);
            v = combine(v, b[m - 1], p);
        }
    }
    u = times(a, u);
    struct tensor *r =
        linalg_solve(linalg_float(tensor_of(combine(v, -1, u))), AS_IS, linalg_float(tensor_of(combine(v, 1, u))));
    for (; s > 0; s--) {
        poll();
        r = linalg_product(r, AS_IS, r, AS_IS);
    }
    result_tensor(c, 0, tensor_narrow(r));
}

/* ---- through the Schur form */
struct schur { struct tensor *t, *u; };       /* a = u t u' */
static struct schur schur_form(struct tensor *a, bool complex_, const char *who)
{
    if (!linalg_finite(a))
        fail("Octave:invalid-input-arg", "%s: the matrix contains Inf or NaN", who);
    i64 n = a->dim[0];
    a = tensor_clone(complex_ ? tensor_cast(a, dtype_complex(a->dtype)) : a);
    struct lapack q = { .dtype = a->dtype, .n = n, .a = a, .v = tensor_2d(a->dtype, n, n) };
    if (n)
        lapack(lapack_gees, &q, 25. * (double)n * (double)n * (double)n);
    if (q.info)
        fail("Octave:no-convergence", "%s: the eigenvalues did not converge", who);
    return (struct schur){ a, q.v };
}

/* An upper triangular complex double form; of a real matrix with real eigenvalues the real one, so that results stay real. */
static struct schur triangular_form(struct tensor *a, const char *who)
{
    struct schur s = schur_form(a, false, who);
    i64 n = a->dim[0];
    bool triangular = true;
    if (!dtype_is(a->dtype, DT_C))
        for (i64 i = 0; i + 1 < n; i++)
            triangular &= element_double(s.t, i + 1 + i * n) == 0;
    if (!triangular)
        s = schur_form(a, true, who);
    return (struct schur){ tensor_cast(s.t, D_CDOUBLE), tensor_cast(s.u, D_CDOUBLE) };
}

static void sqrt_triangular(double _Complex *t, i64 n)    /* in place, by columns (Bjorck and Hammarling 1983) */
{
    for (i64 j = 0; j < n; j++) {
        t[j + j * n] = csqrt(t[j + j * n]);
        for (i64 i = j - 1; i >= 0; i--) {
            double _Complex s = t[i + j * n];
            for (i64 k = i + 1; k < j; k++)
                s -= t[i + k * n] * t[k + j * n];
            double _Complex d = t[i + i * n] + t[j + j * n];
            t[i + j * n] = s == 0 ? 0 : s / d;
        }
    }
}

static value back(struct schur s, int dtype)              /* u t u', narrowed, of the argument's class */
{
    struct tensor *r = tensor_narrow(linalg_product(linalg_product(s.u, AS_IS, s.t, AS_IS), AS_IS, s.u, CTRANSPOSED));
    if (dtype == D_SINGLE || dtype == D_CSINGLE)
        r = tensor_cast(r, dtype_is(r->dtype, DT_C) ? D_CSINGLE : D_SINGLE);
    return tensor_value(r);
}

/* Whether an eigenvalue is real and below zero.  Of a real matrix its imaginary part may be rounding, some eps of the
 * largest, and becomes + 0. */
static bool any_negative(struct schur s, i64 n, int dtype)
{
    double _Complex *t = (double _Complex *)s.t->data;
    bool any = false;
    double big = 0;
    for (i64 i = 0; i < n; i++)
        big = fmax(big, cabs(t[i * (n + 1)]));
    double tol = dtype_is(dtype, DT_C) ? 0 : 4 * (double)n * big * (dtype_real(dtype) == D_SINGLE ? FLT_EPSILON : DBL_EPSILON);
    for (i64 i = 0; i < n; i++)
        if (creal(t[i * (n + 1)]) < 0 && fabs(cimag(t[i * (n + 1)])) <= tol) {
            t[i * (n + 1)] = creal(t[i * (n + 1)]);
            any = true;
        }
    return any;
}

/* The same of a real matrix none of whose eigenvalues is real and below zero: then it is real but for rounding. */
static value back_real(struct schur s, int dtype, bool negative)
{
    value r = back(s, dtype);
    return negative || dtype_is(dtype, DT_C) ? r : ew_apply(EW_real, 1, &r);
}

BUILTIN(sqrtm, 1, 1, 1, grad_form,
    "B = sqrtm(A)\n\n"
    "Principal square root of a square matrix: B * B is A.\n\n"
    "Example:\n"
    "  sqrtm([4 0; 0 9])\n"
    "  ans =\n     2   0\n     0   3\n\n"
    "See also: mpower, expm, logm, sqrt")
{
    struct tensor *a = square_arg(c);
    struct schur s = triangular_form(a, c->fn->name);
    s.t = tensor_clone(s.t);
    bool singular = false, below = any_negative(s, a->dim[0], a->dtype);
    for (i64 i = 0; i < a->dim[0]; i++) {
        double _Complex l = ((double _Complex *)s.t->data)[i * (a->dim[0] + 1)];
        singular |= l == 0;
    }
    if (singular)
        warn("Octave:singular-matrix", "sqrtm: matrix is singular, may not have a square root");
    sqrt_triangular((double _Complex *)s.t->data, a->dim[0]);
    result(c, 0, back_real(s, a->dtype, below));
}

BUILTIN(logm, 1, 2, 1, grad_form,
    "B = logm(A)\n\n"
    "Principal logarithm of a square matrix: expm(B) is A. Warns when A has negative real eigenvalues, where there is "
    "no principal one.\n\n"
    "Example:\n"
    "  logm(eye(2))\n"
    "  ans =\n     0   0\n     0   0\n\n"
    "See also: expm, sqrtm, log")
{
    /* nodes and weights of Gauss and Legendre on [0, 1], seven points: log(I + X) = sum w X / (I + x X) to 1e-16 for
     * |X| < 0.25 */
    static const double x[] = { 0.025446043828620738, 0.12923440720030278, 0.29707742431130142, 0.5,
                                0.70292257568869858,  0.87076559279969722, 0.97455395617137926 };
    static const double w[] = { 0.064742483084434847, 0.13985269574463833, 0.19091502525255947, 0.20897959183673469,
                                0.19091502525255947,  0.13985269574463833, 0.064742483084434847 };
    struct tensor *a = square_arg(c);
    i64 n = a->dim[0];
    if (n && call1(&builtin_isdiag, 1, tensor_value(a)).num != 0) {
        value d = call1(&builtin_diag, 1, tensor_value(a));
        result(c, 0, call1(&builtin_diag, 1, ew_apply(EW_log, 1, &d)));
        return;
    }
    struct schur s = triangular_form(a, c->fn->name);
    s.t = tensor_clone(s.t);
    double _Complex *t = (double _Complex *)s.t->data;
    bool negative = any_negative(s, n, a->dtype);
    if (negative)
        warn("Octave:logm:non-principal", "logm: principal matrix logarithm is not defined for matrices with negative "
                                          "eigenvalues; computing non-principal logarithm");
    double _Complex *diag = scratch((size_t)n * sizeof *diag + 16);
    for (i64 i = 0; i < n; i++)
        diag[i] = clog(t[i * (n + 1)]);
    int roots = 0;
    for (; roots < 100; roots++) {
        double big = 0;
        for (i64 j = 0; j < n; j++) {
            double sum = 0;
            for (i64 i = 0; i <= j; i++)
                sum += cabs(t[i + j * n] - (i == j));
            big = fmax(big, sum);
        }
        if (!(big > 0.25))
            break;
        sqrt_triangular(t, n);
    }
    for (i64 i = 0; i < n; i++)
        t[i * (n + 1)] -= 1;
    value sum = nil();
    for (int k = 0; k < COUNT(x); k++) {
        value m = combine(tensor_box(linalg_identity(D_CDOUBLE, n)), x[k], tensor_box(s.t));
        value r = tensor_box(linalg_solve(linalg_float(tensor_of(m)), AS_IS, s.t));
        sum = is_nil(sum) ? scaled(r, w[k]) : combine(sum, w[k], r);
    }
    struct tensor *r =
        n ? tensor_clone(tensor_dense(tensor_cast(linalg_float(tensor_of(scaled(sum, ldexp(1, roots)))), D_CDOUBLE)))
          : s.t;
    for (i64 i = 0; i < n; i++)
        ((double _Complex *)r->data)[i * (n + 1)] = diag[i];
    result(c, 0, back_real((struct schur){ r, s.u }, a->dtype, negative));
}

BUILTIN(schur, 1, 2, 2, NO_GRAD,
    "S = schur(A)\n"
    "[U, S] = schur(A)\n"
    "[U, S] = schur(A, 'complex')\n"
    "[U, S] = schur(A, 'a')\n\n"
    "Schur form of a square matrix: A = U * S * U' with U orthogonal (unitary) and S upper triangular; of a real "
    "matrix S is real with a 2 x 2 block for each pair of complex eigenvalues, unless 'complex' asks for the "
    "triangular one. With 'a' the eigenvalues with negative real parts come first, with 'd' those inside the unit "
    "circle.\n\n"
    "Example:\n"
    "  schur([1 2; 0 3])\n"
    "  ans =\n     1   2\n     0   3\n\n"
    "See also: eig, hess, balance")
{
    struct tensor *a = square_arg(c);
    int form = has_arg(c, 1) ? arg_option(c, 1, (const char *const[]){ "real", "complex", "u", "a", "d", NULL }) : 0;
    struct schur s = schur_form(a, form == 1, c->fn->name);
    if (form > 2 &&
        a->numel) { /* chosen eigenvalues first; of a pair the real part and the size stand in its 2 x 2 block */
        i64 n = a->dim[0];
        struct lapack q = {
            .dtype = s.t->dtype, .n = n, .a = tensor_clone(s.t), .v = tensor_clone(s.u), .p = tensor_2d(D_INT32, n, 1)
        };
        struct tensor *z = tensor_cast(tensor_dense(s.t), D_CDOUBLE);
        const double _Complex *t = (const double _Complex *)z->data;
        for (i64 k = 0; k < n; k++) {
            i64 i = k && t[k + (k - 1) * n] != 0 ? k - 1 : k;
            bool pair = i + 1 < n && t[i + 1 + i * n] != 0;
            double size =
                pair ? sqrt(cabs(t[i * (n + 1)] * t[(i + 1) * (n + 1)] - t[i + 1 + i * n] * t[i + (i + 1) * n]))
                     : cabs(t[i * (n + 1)]);
            ((int *)q.p->data)[k] = form == 3 ? creal(t[k * (n + 1)]) < 0 : size < 1;
        }
        lapack(lapack_trsen, &q, 10.0 * (double)n * (double)n * (double)n);
        if (q.info)
            fail("Octave:no-convergence", "schur: the eigenvalues are too close to be reordered");
        s = (struct schur){ q.a, q.v };
    }
    result_tensor(c, 0, c->nargout < 2 ? tensor_narrow(s.t) : tensor_narrow(s.u));
    result_tensor(c, 1, tensor_narrow(s.t));
}

BUILTIN(hess, 1, 1, 2, NO_GRAD,
    "H = hess(A)\n"
    "[P, H] = hess(A)\n\n"
    "Hessenberg form of a square matrix: A = P * H * P' with P orthogonal (unitary) and H zero below the first "
    "subdiagonal.\n\n"
    "Example:\n"
    "  hess([1 2; 3 4])\n"
    "  ans =\n     1   2\n     3   4\n\n"
    "See also: schur, eig")
{
    struct tensor *a = tensor_clone(square_arg(c));
    i64 n = a->dim[0];
    if (!linalg_finite(a))
        fail("Octave:invalid-input-arg", "hess: the matrix contains Inf or NaN");
    struct lapack q = { .dtype = a->dtype,
                        .n = n,
                        .a = a,
                        .s = tensor_zeros(a->dtype, 2, (i64[]){ MAX(n, 1), 1 }),
                        .ilo = 1,
                        .ihi = (int)n };
    double cube = (double)n * (double)n * (double)n;
    if (n)
        lapack(lapack_gehrd, &q, 4 * cube);
    struct tensor *h = tensor_clone(a);
    size_t size = dtypes[a->dtype].size;
    for (i64 j = 0; j < n; j++)
        if (j + 2 < n)
            memset(h->data + (j + 2 + j * n) * (i64)size, 0, (size_t)(n - j - 2) * size);
    if (c->nargout < 2) {
        result_tensor(c, 0, h);
        return;
    }
    if (n)
        lapack(lapack_orghr, &q, 4 * cube);
    result_tensor(c, 0, a);
    result_tensor(c, 1, h);
}

BUILTIN(balance, 1, 2, 2, NO_GRAD,
    "B = balance(A)\n"
    "[T, B] = balance(A)\n"
    "[T, B] = balance(A, 'noperm')\n\n"
    "Balances a square matrix, B = T \\ A * T, so that its rows and columns have about the same size: T is a diagonal "
    "matrix of powers of two with its rows exchanged. 'noperm' only scales, 'noscal' only exchanges.\n\n"
    "Example:\n"
    "  balance([1 100; 0.01 1])\n"
    "  ans =\n     1.0000   1.5625\n     0.6400   1.0000\n\n"
    "See also: eig")
{
    struct tensor *a = tensor_clone(square_arg(c));
    i64 n = a->dim[0];
    int o = has_arg(c, 1) ? arg_option(c, 1, (const char *const[]){ "noperm", "S", "noscal", "P", NULL }) : -1;
    if (!linalg_finite(a))
        fail("Octave:invalid-input-arg", "balance: the matrix contains Inf or NaN");
    struct lapack q = { .dtype = a->dtype,
                        .m = n,
                        .n = n,
                        .a = a,
                        .job = o < 0   ? 'B'
                               : o < 2 ? 'S'
                                       : 'P',
                        .s = linalg_real_column(a->dtype, MAX(n, 1)) };
    if (n)
        lapack(lapack_gebal, &q, (double)n * (double)n);
    if (c->nargout < 2) {
        result_tensor(c, 0, a);
        return;
    }
    q.v = linalg_identity(a->dtype, n);
    if (n)
        lapack(lapack_gebak, &q, (double)n * (double)n);
    result_tensor(c, 0, q.v);
    result_tensor(c, 1, a);
}
