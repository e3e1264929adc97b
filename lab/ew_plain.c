/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_plain.c: the rows in compute types without vectors: complex double and single, and long double, which holds every
 * 64-bit integer exactly (on x86-64).  One element at a time, exactly n of them: spare lanes are not touched.
 *
 * The complex functions take the branches that Octave takes: acos and asin of a real above 1 are conjugated. */
#include "lab/ew.h"
#include <complex.h>
#undef I
#undef complex
#define LANE long double
#include "lab/ew_lanes.h"
#include <tgmath.h>

#define CAT_(a, b) a##_##b
#define CAT(a, b) CAT_(a, b)
#define CAT3_(a, b, c) a##_##b##_##c
#define CAT3(a, b, c) CAT3_(a, b, c)
#define VECTOR 0
#define VARIANT 128
#define UNROLL_4
#define UNROLL_ALL
#define PUT(d, m) (*(uint8_t *)(d) = (uint8_t)(m))

/* ---- long double: the real bodies */
#define T long double
#define SFX L
#define EPS_ 0x1p-63L
#define W 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"       /* reducers and accumulating forms: nobody asks for them here */
#include "lab/ew_vec.h"
#include "lab/ew_body.h"
#include "lab/ew_vec_end.h"
#pragma GCC diagnostic pop
#undef PUT

/* ---- complex: order is by absolute value, then by argument with -pi taken as pi */
#ifndef CMPLX                                 /* clang 14 with glibc */
#define CMPLX(x, y) __builtin_complex((double)(x), (double)(y))
#define CMPLXF(x, y) __builtin_complex((float)(x), (float)(y))
#endif
typedef double _Complex cdouble;
typedef float _Complex csingle;
#define LN2 0.69314718055994530942
#define LN10 2.30258509299404568402
#define CMPLX_(x, y) make((x), (y))
#define make(x, y) _Generic((C_TYPE)0, csingle: CMPLXF(x, y), default: CMPLX(x, y))
#define CORDER(a, b) order((cdouble)(a), (cdouble)(b))
#define CLE(a, b) (order((cdouble)(a), (cdouble)(b)) <= 0)
#define CMAX(a, b) (cnan((cdouble)(a)) ? b : cnan((cdouble)(b)) ? a : cabs((cdouble)(b)) > cabs((cdouble)(a)) ? b : a)
#define CMIN(a, b) (cnan((cdouble)(a)) ? b : cnan((cdouble)(b)) ? a : cabs((cdouble)(b)) < cabs((cdouble)(a)) ? b : a)
/* Beside a number without imaginary part each part is computed by itself, as in Octave: complex(Inf, 0) * 2 is Inf. */
#define CTIMES(a, b) (cimag(b) == 0 ? make(creal(a) * creal(b), cimag(a) * creal(b)) : cimag(a) == 0 ? make(creal(a) * creal(b), creal(a) * cimag(b)) : (a) * (b))
#define COVER(a, b) (cimag(b) == 0 ? make(creal(a) / creal(b), cimag(a) / creal(b)) : (a) / (b))
#define CPARTS(f, a) make(f(creal(a)), f(cimag(a)))
#define CSIGN(a) ((a) == 0 ? (a) : (a) / cabs(a))
#define SQABS(a) (creal(a) * creal(a) + cimag(a) * cimag(a))
#define CPOW(a, b) (C_TYPE)cpower((cdouble)(a), (cdouble)(b))
#define CASIN(a) (C_TYPE)casin_((cdouble)(a))
#define CACOS(a) (C_TYPE)cacos_((cdouble)(a))
#define CRECIP(a) (cimag(a) == 0 ? make(1 / creal(a), 0) : 1 / (a))     /* of a real number: itself real, +0i */
#define CSIND(a) (C_TYPE)csind_((cdouble)(a), 0)
#define CCOSD(a) (C_TYPE)csind_((cdouble)(a), 1)
#define CEXPM1(a) (C_TYPE)cexpm1_((cdouble)(a))
#define CLOG1P(a) (C_TYPE)clog1p_((cdouble)(a))
#define CLGAMMA(a) (C_TYPE)clgamma_((cdouble)(a))

static inline bool cnan(cdouble z) { return isnan(creal(z)) || isnan(cimag(z)); }
static double order(cdouble a, cdouble b)     /* NaN: no order */
{
    double x = cabs(a), y = cabs(b);
    if (x != y)
        return x - y;
    x = carg(a);
    y = carg(b);
    return (x == -M_PI ? M_PI : x) - (y == -M_PI ? M_PI : y);
}
static cdouble cpower(cdouble a, cdouble b)
{
    double n = creal(b);
    if (cimag(b) == 0) {
        if (n == 0)
            return 1;
        if (n == trunc(n) && fabs(n) <= 1024) {           /* repeated squaring: (1+2i)^2 is exact */
            cdouble r = 1, s = a;
            for (unsigned k = (unsigned)fabs(n); k; k >>= 1, s *= s)
                if (k & 1)
                    r *= s;
            return n < 0 ? 1 / r : r;
        }
        if (a == 0)
            return n > 0 ? 0 : n < 0 ? (cdouble)INFINITY : (cdouble)NAN;
        double l = log(cabs(a)) * n, t = carg(a) * n, e = exp(l);
        return CMPLX(e * cos(t), e * sin(t));
    }
    if (a == 0)
        return creal(b) > 0 ? 0 : CMPLX(NAN, NAN);
    return cpow(a, b);
}
/* A real element among others that need complex results has its real value and + 0i, as in Octave. */
static cdouble casin_(cdouble a)
{
    if (cimag(a) == 0 && !(fabs(creal(a)) > 1))
        return CMPLX(asin(creal(a)), 0);
    cdouble y = casin(a);
    return cimag(a) == 0 && creal(a) > 1 ? conj(y) : y;
}
static cdouble cacos_(cdouble a)
{
    if (cimag(a) == 0 && !(fabs(creal(a)) > 1))
        return CMPLX(acos(creal(a)), 0);
    cdouble y = cacos(a);
    return cimag(a) == 0 && creal(a) > 1 ? conj(y) : y;
}
static double sine_of_degrees(double x, int quarter)     /* the quadrant is taken off exactly, as in ew_vec.h */
{
    double c = fmod(x, 360), k = nearbyint(c / 90), t = (c - 90 * k) * (M_PI / 180);
    int h = ((int)k + quarter) & 3;
    double s = h & 1 ? cos(t) : sin(t);
    return x - x == 0 ? (h & 2 ? 0 - s : s + 0) : NAN;
}
static cdouble csind_(cdouble a, int quarter) /* sin x cosh y + i cos x sinh y, x in degrees; cosine: a quarter further */
{
    double y = cimag(a) * (M_PI / 180);
    return CMPLX(sine_of_degrees(creal(a), quarter) * cosh(y), sine_of_degrees(creal(a), quarter + 1) * sinh(y));
}
static cdouble cexpm1_(cdouble a)             /* expm1(x) cos(y) - 2 sin(y/2)^2 + i exp(x) sin(y) */
{
    double x = creal(a), y = cimag(a), s = sin(y / 2);
    return CMPLX(expm1(x) * cos(y) - 2 * s * s, exp(x) * sin(y));
}
static cdouble clog1p_(cdouble a)
{
    double x = creal(a), y = cimag(a);
    return CMPLX(y == 0 && x > -1 ? log1p(x) : 0.5 * log1p(x * (2 + x) + y * y), atan2(y, 1 + x));
}
static cdouble clgamma_(cdouble a) /* only reached for real arguments: where gamma is negative its logarithm has pi */
{
    int sign = 1;
    double v = lgamma_r(creal(a), &sign);
    return CMPLX(cimag(a) == 0 ? v : NAN, sign < 0 ? M_PI : 0);
}

#define KERNEL(name) static int name(void *d, const void *pa, const void *pb, long n)
#define LOOPS_(name, R, body)                                                                                                              \
    KERNEL(CAT(name, SFX)) { (void)pb; for (long i = 0; i < n; i++) { C_TYPE a = ((const C_TYPE *)pa)[i], b = ((const C_TYPE *)pb)[i]; (void)a; (void)b; ((R *)d)[i] = (R)(body); } return 0; }        \
    KERNEL(CAT3(name, SFX, vs)) { C_TYPE b = *(const C_TYPE *)pb; (void)b; for (long i = 0; i < n; i++) { C_TYPE a = ((const C_TYPE *)pa)[i]; (void)a; ((R *)d)[i] = (R)(body); } return 0; } \
    KERNEL(CAT3(name, SFX, sv)) { C_TYPE a = *(const C_TYPE *)pa; (void)a; for (long i = 0; i < n; i++) { C_TYPE b = ((const C_TYPE *)pb)[i]; (void)b; ((R *)d)[i] = (R)(body); } return 0; }
#define RES_ARITH C_TYPE
#define RES_FLOAT C_TYPE
#define RES_KEEP C_TYPE
#define RES_PART R_TYPE
#define RES_PARTF R_TYPE
#define RES_EXTREME C_TYPE
#define RES_BITS C_TYPE
#define RES_MAKEC C_TYPE
#define NOC 0
#define ONE_(name, R, body) \
    KERNEL(CAT(name, SFX)) { (void)pb; for (long i = 0; i < n; i++) { C_TYPE a = ((const C_TYPE *)pa)[i]; (void)a; ((R *)d)[i] = (R)(body); } return 0; }
#define OP1(name, class, body, cbody, ...) ONE_(name, RES_##class, cbody)
#define OP2(name, class, body, cbody, ...) LOOPS_(name, RES_##class, cbody)
#define TEST1(name, body, cbody, ...) ONE_(name, uint8_t, cbody)
#define TEST2(name, body, cbody, ...) LOOPS_(name, uint8_t, cbody)
#define BYTE1(...)
#define BYTE2(...)
#define ALIAS(...)
#define C_TYPE cdouble
#define R_TYPE double
#define SFX C
#include "ops.def"
#undef C_TYPE
#undef R_TYPE
#undef SFX

#define OP1(name, class, body, cbody, ...) ONE_(name, RES_##class, cbody)
#define OP2(name, class, body, cbody, ...) LOOPS_(name, RES_##class, cbody)
#define TEST1(name, body, cbody, ...) ONE_(name, uint8_t, cbody)
#define TEST2(name, body, cbody, ...) LOOPS_(name, uint8_t, cbody)
#define BYTE1(...)
#define BYTE2(...)
#define ALIAS(...)
#define C_TYPE csingle
#define R_TYPE float
#define SFX G
#include "ops.def"
#undef C_TYPE
#undef R_TYPE
#undef SFX

/* ---- by the vector kernels of reals: abs, arg, real, imag */
#define BY_PARTS(name, T, type, two, a, b)                                                   \
    KERNEL(name)                                                                             \
    {                                                                                        \
        enum { SOME = 128 };                                                                 \
        T part[2][SOME], r[SOME];                                                            \
        (void)pb;                                                                            \
        for (long i = 0; i < n; i += SOME) {                                                 \
            const T *z = (const T *)pa + 2 * i;                                              \
            long m = n - i < SOME ? n - i : SOME;                                            \
            ew_simd->second[type](part[0], z, NULL, m);                                      \
            ew_simd->second[type](part[1], z + 1, NULL, m);                                  \
            for (long k = m; k < SOME && k < m + 16; k++)        /* the rest of the last vector */ \
                part[0][k] = part[1][k] = 1;                                                 \
            ew_simd->k[EW_##two][type][VV](r, part[a], part[b], m);                          \
            memcpy((T *)d + i, r, (size_t)m * sizeof(T));                                    \
        }                                                                                    \
        return 0;                                                                            \
    }
BY_PARTS(parts_abs_C, double, T_D, hypot, 0, 1)
BY_PARTS(parts_abs_G, float, T_F, hypot, 0, 1)
BY_PARTS(parts_arg_C, double, T_D, atan2, 1, 0)
BY_PARTS(parts_arg_G, float, T_F, atan2, 1, 0)
#define ONE_PART(name, T, type, k) KERNEL(name) { (void)pb; return ew_simd->second[type](d, (const T *)pa + k, NULL, n); }
ONE_PART(parts_real_C, double, T_D, 0)
ONE_PART(parts_real_G, float, T_F, 0)
ONE_PART(parts_imag_C, double, T_D, 1)
ONE_PART(parts_imag_G, float, T_F, 1)
ew_kernel *const ew_parts[EW_OPS][2] = {
    [EW_abs] = { parts_abs_C, parts_abs_G },
    [EW_arg] = { parts_arg_C, parts_arg_G },
    [EW_real] = { parts_real_C, parts_real_G },
    [EW_imag] = { parts_imag_C, parts_imag_G },
};

/* ---- storage to and from these types */
#define CONVERT(name, from, to) \
    KERNEL(name) { (void)pb; to *r = d; const from *x = pa; for (long i = 0; i < n; i++) r[i] = (to)x[i]; return 0; }
#define D(N, ctype, ...) CONVERT(load_##N##_C, ctype, cdouble) CONVERT(load_##N##_G, ctype, csingle)
#include "dtypes.def"
#undef D
CONVERT(long_D, long double, double)
CONVERT(long_F, long double, float)
CONVERT(long_C, long double, cdouble)
CONVERT(long_G, long double, csingle)
KERNEL(long_B) { (void)pb; for (long i = 0; i < n; i++) ((uint8_t *)d)[i] = ((const long double *)pa)[i] != 0; return 0; }
ew_kernel *const ew_from_long[EW_TYPES] = { [T_D] = long_D, [T_F] = long_F, [T_B] = long_B, [T_C] = long_C, [T_G] = long_G };
#define STORE64(N, ctype, low, high)                                                                  \
    static ctype N##_of(long double v)                                                                \
    {                                                                                                 \
        long double r = roundl(v);                                                                    \
        return r != r ? 0 : r <= low ? low : r >= high ? high : (ctype)r;                             \
    }                                                                                                 \
    KERNEL(store_##N)                                                                                 \
    {                                                                                                 \
        (void)pb;                                                                                     \
        for (long i = 0; i < n; i++)                                                                  \
            ((ctype *)d)[i] = N##_of(((const long double *)pa)[i]);                                   \
        return 0;                                                                                     \
    }                                                                                                 \
    KERNEL(saturate_##N)                                                                              \
    {                                                                                                 \
        (void)pb;                                                                                     \
        for (long i = 0; i < n; i++)                                                                  \
            ((long double *)d)[i] = N##_of(((const long double *)pa)[i]);                             \
        return 0;                                                                                     \
    }
STORE64(INT64, int64_t, INT64_MIN, INT64_MAX)
STORE64(UINT64, uint64_t, 0, UINT64_MAX)

ew_kernel *const ew_load_plain[DTYPES][3] = {
#define D(N, ...) [D_##N] = { load_##N##_L, load_##N##_C, load_##N##_G },
#include "dtypes.def"
#undef D
};
ew_kernel *const ew_store64[2] = { store_INT64, store_UINT64 };
ew_kernel *const ew_saturate64[2] = { saturate_INT64, saturate_UINT64 };

ew_kernel *const ew_plain[EW_OPS][3][3] = {
#define OP1(n, ...) [EW_##n] = { { n##_L }, { n##_C }, { n##_G } },
#define OP2(n, ...) [EW_##n] = { { n##_L, n##_L_vs, n##_L_sv }, { n##_C, n##_C_vs, n##_C_sv }, { n##_G, n##_G_vs, n##_G_sv } },
#define TEST1 OP1
#define TEST2 OP2
#define BYTE1(...)
#define BYTE2(...)
#define ALIAS(...)
#include "ops.def"
};

/* ---- what the other tables need to know of a row */
#undef NOC
const struct ew_row ew_rows[EW_OPS] = {
#define OP1(n, class, body, cbody, domain, da, help) [EW_##n] = { #n, help, 1, class, sizeof(#domain) != sizeof "REALS", sizeof(#cbody) != sizeof "NOC" },
#define OP2(n, class, body, cbody, domain, da, db, help) [EW_##n] = { #n, help, 2, class, sizeof(#domain) != sizeof "REALS", sizeof(#cbody) != sizeof "NOC" },
#define TEST1(n, body, cbody, help) [EW_##n] = { #n, help, 1, TEST, 0, 1 },
#define TEST2(n, body, cbody, help) [EW_##n] = { #n, help, 2, TEST, 0, 1 },
#define BYTE1(n, body, help) [EW_##n] = { #n, help, 1, BYTE, 0, 1 },
#define BYTE2(n, body, help) [EW_##n] = { #n, help, 2, BYTE, 0, 1 },
#define ALIAS(...)
#include "ops.def"
};
