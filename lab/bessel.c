/* SPDX-License-Identifier: BSD-3-Clause */
/* bessel.c: Bessel functions of real order and real or complex argument.
 *
 * The one idea: all are made of I and K in the right half plane. There K of the order's fraction comes from N. M. Temme's
 * series (|z| < 2) or his continued fraction (J. Comput. Phys. 19, 1975), and of the order itself by going upwards; the ratio
 * of two I by a continued fraction, and I by their Wronskian, I K' - I' K = -1/z (the way of W. J. Thompson, A. R. Barnett,
 * Comput. Phys. Commun. 47, 1987); where |z| is large, Hankel's expansions. Other functions, half planes and signs of the
 * order follow by the formulas of DLMF 10.4, 10.11, 10.27 and 10.34; J and Y of whole orders at real x are the C library's.
 * I and K are held as exp(-z) I and exp(z) K, so nothing overflows that is not itself too large. */
#include "call.h"
#include "fail.h"
#include "tape.h"
#include "tensor.h"
#include <float.h>
#include <tgmath.h>

typedef double _Complex cplx;

static cplx make(double re, double im) { return CMPLX(re, im); }
static double size_of(cplx z) { return fabs(creal(z)) + fabs(cimag(z)); }

/* 1 / z where nothing overflows: C's division, which minds that, takes most of the time otherwise */
static inline cplx inverse(cplx z)
{
    double s = 1 / (creal(z) * creal(z) + cimag(z) * cimag(z));
    return make(creal(z) * s, -cimag(z) * s);
}

/* exp(i pi x), exact at halves */
static cplx turn(double x)
{
    x = fmod(x, 2);
    double q = nearbyint(2 * x), t = M_PI * (x - q / 2), c = cos(t), s = sin(t);
    switch (((int)q % 4 + 4) % 4) {
    case 0: return make(c, s);
    case 1: return make(-s, c);
    case 2: return make(-c, -s);
    default: return make(s, -c);
    }
}

/* 1 / gamma(1 + x) in powers of x, by mpmath */
static const double inverse_gamma[] = {
    1, 0.57721566490153286061, -0.65587807152025388108, -0.042002635034095235529, 0.1665386113822914895,
    -0.042197734555544336748, -0.0096219715278769735621, 0.0072189432466630995424, -0.0011651675918590651121,
    -0.00021524167411495097282, 0.00012805028238811618615, -0.000020134854780788238656, -1.2504934821426706573e-6,
    1.1330272319816958824e-6, -2.0563384169776071035e-7, 6.1160951044814158179e-9, 5.0020076444692229301e-9,
    -1.1812745704870201446e-9, 1.0434267116911005105e-10, 7.782263439905071254e-12, -3.6968056186422057082e-12,
    5.100370287454475979e-13, -2.0583260535665067832e-14, -5.3481225394230179824e-15, 1.2267786282382607902e-15,
};

#define NUM cplx
#define FN(name) name
#define SIZE(z) size_of(z)
#define INVERSE(z) inverse(z)
#define ABS(z) cabs(z)
#define REAL(z) creal(z)
#define TURN(z, x) turn(cimag(z) >= 0 ? (x) : -(x))
#include "bessel_body.h"
#undef NUM
#undef FN
#undef SIZE
#undef INVERSE
#undef ABS
#undef REAL
#undef TURN
#define NUM double
#define FN(name) real_##name
#define SIZE(z) fabs(z)
#define INVERSE(z) (1 / (z))
#define ABS(z) (z)
#define REAL(z) (z)
#define TURN(z, x) creal(turn(x))
#include "bessel_body.h"

enum { KIND_J, KIND_Y, KIND_I, KIND_K, KIND_H1, KIND_H2 };

static cplx at_zero(int kind, double nu)
{
    bool whole = nu == floor(nu);
    double j = nu == 0 ? 1 : nu > 0 || whole ? 0 : INFINITY;
    switch (kind) {
    case KIND_J: case KIND_I: return j;
    case KIND_Y: return -INFINITY;
    case KIND_K: return INFINITY;
    default: return make(j, kind == KIND_H1 ? -INFINITY : INFINITY);
    }
}

static cplx at_infinity(int kind, double nu, double x, bool scaled)
{
    if (kind == KIND_I && !scaled)
        return x > 0 || fmod(nu, 2) == 0 ? INFINITY : fmod(nu, 1) == 0 ? -INFINITY : NAN;
    return kind == KIND_K && x < 0 ? INFINITY : 0;
}

/* J, Y, H above the real axis and on it, times exp(-imag(z)) */
static cplx oscillating(int kind, double nu, cplx z)
{
    bool negative = nu < 0;
    double order = fabs(nu), y = cimag(z);
    struct ik v = both(order, make(y, -creal(z)), false);
    cplx way = make(cos(creal(z)), -sin(creal(z)));           /* exp(-i real(z)) */
    cplx h = size_of(v.k) == INFINITY ? make(0, -INFINITY)
                                      : -2 * I / M_PI * turn(-order / 2) * v.k * exp(-2 * y) * conj(way);
    cplx j = turn(order / 2) * v.i * way;
    bool real = y == 0 && creal(z) > 0, endless = cimag(h) == -INFINITY;
    cplx yy = endless ? -INFINITY : real ? cimag(h) : (h - j) / I;
    if (real)
        j = creal(j);
    if (negative) {
        cplx t = turn(order), j0 = j, y0 = yy;
        double c = creal(t), s = cimag(t);
        j = c * j0 - (s == 0 ? 0 : s * y0);
        yy = (s == 0 ? 0 : s * j0) + (c == 0 ? 0 : c * y0);
        h *= t;
    }
    switch (kind) {
    case KIND_J: return j;
    case KIND_Y: return yy;
    case KIND_H1: return real ? make(creal(j), creal(yy)) : h;
    default: return real ? make(creal(j), -creal(yy)) : endless ? make(0, INFINITY) : 2 * j - h;
    }
}

/* I and K where they are real: x > 0, or I of a whole order */
static double modified(int kind, double nu, double x, bool scaled)
{
    double order = fabs(nu), size = fabs(x);
    struct real_ik v = real_both(order, size, kind == KIND_K);
    if (kind == KIND_K)
        return scaled ? v.k : v.k * exp(-x);
    if (nu < 0 && nu != floor(nu))
        v.i += 2 / M_PI * cimag(turn(order)) * v.k * exp(-size) * exp(-size);
    if (x < 0 && fmod(order, 2) == 1)
        v.i = -v.i;
    return scaled ? v.i : size > 700 ? v.i * exp(size - 700) * exp(700) : v.i * exp(size);
}

static cplx one(int kind, double nu, cplx z, bool scaled)
{
    double x = creal(z), y = cimag(z);
    if (isnan(nu) || isnan(x) || isnan(y))
        return NAN;
    if (x == 0 && y == 0)
        return at_zero(kind, nu);
    if (isinf(x) || isinf(y))
        return y == 0 ? at_infinity(kind, nu, x, scaled) : NAN;
    if ((kind == KIND_J || (kind == KIND_Y && x > 0)) && y == 0 && nu == floor(nu) && fabs(nu) <= 1000)
        return kind == KIND_J ? jn((int)nu, x) : yn((int)nu, x);  /* glibc's: 3e-15 of the amplitude, a tenth of the time */
    if (kind == KIND_I || kind == KIND_K) {
        double order = fabs(nu);
        if (y == 0 && (x > 0 || (kind == KIND_I && nu == floor(nu))))
            return modified(kind, nu, x, scaled);
        bool left = x < 0, up = y >= 0 && !(y == 0 && signbit(y));
        cplx w = left ? -z : z;
        struct ik v = both(order, w, kind == KIND_K && !left);
        if (!left && y == 0)
            v = (struct ik){ creal(v.i), creal(v.k) };
        cplx way = make(cos(cimag(w)), sin(cimag(w))), t = turn(up ? order : -order);
        cplx i = v.i * way;                                   /* I(w) exp(-real(w)) */
        cplx k = v.k;                                         /* K(w) exp(w) */
        if (kind == KIND_I) {
            if (nu < 0 && nu != floor(nu))
                i += 2 / M_PI * cimag(turn(order)) * k * cexp(-w) * exp(-creal(w));
            i *= left ? (nu < 0 ? conj(t) : t) : 1;
            if (y == 0 && (!left || nu == floor(nu)))
                i = creal(i);
            return scaled ? i : creal(w) > 700 ? i * exp(creal(w) - 700) * exp(700) : i * exp(creal(w));
        }
        if (!left)
            return scaled ? k : k * cexp(-z);
        cplx s = (up ? -1 : 1) * I * M_PI * v.i;              /* the part with I(w), times exp(-w) */
        return scaled ? conj(t) * k * cexp(-2 * w) + s : conj(t) * k * cexp(-w) + s * cexp(w);
    }
    bool below = y < 0;
    int mirrored = below && kind >= KIND_H1 ? KIND_H1 + KIND_H2 - kind : kind;
    if (below)
        y = -y;
    cplx v = oscillating(mirrored, nu, make(x, y));
    if (!scaled) {
        if (y)
            v *= y > 700 ? exp(y - 700) * exp(700) : exp(y);
    } else if (mirrored == KIND_H1) {
        v *= exp(2 * y) < INFINITY ? exp(2 * y) * make(cos(x), -sin(x)) : NAN;
    } else if (mirrored == KIND_H2) {
        v *= make(cos(x), sin(x));
    }
    if (x < 0 && y == 0 && kind == KIND_J && nu == floor(nu))
        v = creal(v);
    return below ? conj(v) : v;
}

static int arg_kind(struct call *c)
{
    return arg_option(c, 0, (const char *const[]){ "j", "y", "i", "k", "h1", "h2", NULL });
}

static value imaginary_unit(double sign)
{
    struct tensor *t = tensor_2d(D_CDOUBLE, 1, 1);
    *(cplx *)t->data = make(0, sign);
    return tensor_value(t);
}

static void bessel_values_grad(struct call *c)               /* DLMF 10.6.1, 10.29.1 */
{
    extern const struct builtin builtin_bessel_values;
    int kind = arg_kind(c);
    bool scaled = has_arg(c, 3) && arg_bool(c, 3), complex_x = dtype_is(value_dtype(c->arg[2]), DT_C);
    if (grad_wanted(c, 2) && scaled && complex_x && kind != KIND_K && kind < KIND_H1)
        fail("tl:not-differentiable", "bessel_values: scaled, it has no derivative at complex arguments");
    if (grad_wanted(c, 1)) {                  /* by the order there is no formula: differences of the fourth order */
        const double h = 1.0 / 512;
        value at[4];
        for (int k = 0; k < 4; k++)
            at[k] = g_call(&builtin_bessel_values, 4, c->arg[0], g_op(EW_plus, c->arg[1], num(h * (double)(k < 2 ? k - 2 : k - 1))),
                           c->arg[2], boolean(scaled));
        value far = g_op(EW_minus, at[3], at[0]), near = g_op(EW_minus, at[2], at[1]);
        value by = g_op(EW_rdivide, g_op(EW_minus, g_op(EW_times, num(8), near), far), num(12 * h));
        result(c, 1, g_fn(EW_real, g_op(EW_times, grad_of(c, 0), g_fn(EW_conj, by))));
    }
    if (!grad_wanted(c, 2))
        return;
    value nu = c->arg[1], x = c->arg[2], flag = boolean(scaled), f = grad_result(c, 0), kind_name = c->arg[0];
    value lower = g_call(&builtin_bessel_values, 4, kind_name, g_op(EW_minus, nu, num(1)), x, flag);
    value upper = g_call(&builtin_bessel_values, 4, kind_name, g_op(EW_plus, nu, num(1)), x, flag);
    value d = g_op(EW_times, num(kind == KIND_K ? -0.5 : 0.5),
                   g_op(kind == KIND_I || kind == KIND_K ? EW_plus : EW_minus, lower, upper));
    if (scaled && kind == KIND_I)
        d = g_op(EW_minus, d, g_op(EW_times, g_fn(EW_sign, x), f));
    else if (scaled && kind == KIND_K)
        d = g_op(EW_plus, d, f);
    else if (scaled && kind >= KIND_H1)
        d = g_op(EW_plus, d, g_op(EW_times, imaginary_unit(kind == KIND_H1 ? -1 : 1), f));
    value g = g_op(EW_times, grad_of(c, 0), g_fn(EW_conj, d));
    result(c, 2, complex_x ? g : g_fn(EW_real, g));
}

BUILTIN(bessel_values, 3, 4, 1, bessel_values_grad,
    "y = bessel_values(kind, nu, x)\n"
    "y = bessel_values(kind, nu, x, scaled)\n\n"
    "What besselj, bessely, besseli, besselk and besselh are made of: the function kind, 'j', 'y', 'i', 'k', 'h1' or 'h2', of "
    "real orders nu and real or complex x of the same size; scaled as their help says.\n\n"
    "Example:\n  bessel_values('k', 1, 2)\n  ans = 0.1399\n\n"
    "See also: besselj, bessely, besseli, besselk, besselh")
{
    int kind = arg_kind(c);
    struct tensor *nu = arg_double(c, 1), *x = tensor_dense(arg_float(c, 2));
    bool scaled = has_arg(c, 3) && arg_bool(c, 3), single = x->dtype == D_SINGLE || x->dtype == D_CSINGLE;
    bool from_complex = dtype_is(x->dtype, DT_C);
    if (!dims_equal(nu->nd, nu->dim, x->nd, x->dim))
        fail("Octave:nonconformant-args", "bessel_values: nu and x must have the same size");
    struct tensor *z = tensor_cast(x, D_CDOUBLE), *y = tensor_new(D_CDOUBLE, x->nd, x->dim);
    const double *order = (const double *)nu->data;
    const cplx *at = (const cplx *)z->data;
    cplx *to = (cplx *)y->data;
    bool real = !from_complex && kind < KIND_H1;
    for (i64 i = 0; i < x->numel; i++) {
        if (i % 64 == 0)
            poll();
        to[i] = one(kind, order[i], from_complex ? at[i] : make(creal(at[i]), 0), scaled);
        real = real && (cimag(to[i]) == 0);
    }
    if (real)
        y = tensor_cast(tensor_narrow(y), D_DOUBLE);
    result_tensor(c, 0, single ? tensor_cast(y, dtype_is(y->dtype, DT_C) ? D_CSINGLE : D_SINGLE) : y);
}
