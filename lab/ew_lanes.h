/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_lanes.h: rare functions, one element at a time, in LANE (double or long double).  Included before the vector
 * macros of ew_vec.h take over the names of math.h.  Every build of them gives the same bits. */
#ifndef TL_EW_LANES_H
#define TL_EW_LANES_H
#include <math.h>
#include <stdint.h>

static inline LANE lane_floor(LANE a) { return sizeof(LANE) > 8 ? (LANE)floorl(a) : (LANE)floor(a); }
/* Bits: operands round and saturate to unsigned 64 bits, negative ones to 0, as Octave does. */
static inline uint64_t lane_u64(LANE x)
{
    LANE r = x < 0 ? 0 : lane_floor(x) == x ? x : x + (LANE)0.5;      /* next to 2^53 the half would round up */
    return !(r > 0) ? 0 : r >= (LANE)18446744073709551616.0 ? UINT64_MAX : (uint64_t)r;
}
static inline LANE bitand_lane(LANE a, LANE b) { return (LANE)(lane_u64(a) & lane_u64(b)); }
static inline LANE bitor_lane(LANE a, LANE b) { return (LANE)(lane_u64(a) | lane_u64(b)); }
static inline LANE bitxor_lane(LANE a, LANE b) { return (LANE)(lane_u64(a) ^ lane_u64(b)); }
static inline LANE lane_fmod(LANE a, LANE b) { return sizeof(LANE) > 8 ? (LANE)fmodl(a, b) : (LANE)fmod(a, b); }

static inline LANE gcd_lane(LANE a, LANE b)
{
    a = a < 0 ? -a : a;
    b = b < 0 ? -b : b;
    while (b > 0) {                           /* NaN and Inf end it: fmod gives NaN */
        LANE r = lane_fmod(a, b);
        a = b;
        b = r;
    }
    return b == 0 ? a : b;
}
static inline LANE lcm_lane(LANE a, LANE b)
{
    LANE g = gcd_lane(a, b), x = a / g * b;
    return a == 0 || b == 0 ? 0 : x < 0 ? -x : x;
}

/* Remainders where the quotient has no fraction any more: exact by fmod. */
static inline LANE mod_lane(LANE a, LANE b)
{
    LANE r = lane_fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

/* The C library's, where Octave's last bits are wanted more than speed. */
#define LIBRARY_LANE(f) static inline double f##_lane(double x) { return f(x); }
LIBRARY_LANE(log10) LIBRARY_LANE(cbrt) LIBRARY_LANE(sinh) LIBRARY_LANE(cosh) LIBRARY_LANE(asin) LIBRARY_LANE(acos) LIBRARY_LANE(asinh)
LIBRARY_LANE(acosh) LIBRARY_LANE(atanh)
#undef LIBRARY_LANE
static inline double tgamma_lane(double x) { return tgamma(x); }
static inline double lgamma_lane(double x) { int sign; return lgamma_r(x, &sign); }
static inline double psi_lane(double x)       /* recurrence up to 10, then the asymptotic series (Abramowitz, Stegun 6.3.18) */
{
    double s = 0.0, low = 0.0;                /* their sum counts: near the zero at 1.46 all that is large cancels */
    if (!(x == x) || x == INFINITY)
        return x;
    if (x <= 0.0) {
        if (x == floor(x))
            return -INFINITY;
        s = -M_PI / tan(M_PI * (x - floor(x)));  /* reflection: psi(1 - x) - pi cot(pi x) */
        x = 1.0 - x;
    }
    double from = x;
    for (; x < 10.0; x = x + 1.0) {
        double q = 1.0 / x, t = s - q, z = t - s;
        low = low + ((s - (t - z)) - (q + z)) - fma(-q, x, 1.0) / x;
        s = t;
    }
    double r = 1.0 / (x * x);
    double p = r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132 - r * (691.0 / 32760 - r / 12))))));
    if (from >= 10.0)
        return s + log(x) - 0.5 / x - p;
    double ten = 2.302585092994046, t = s + ten, z = t - s;       /* log(x) = log(10), of which `rest` is the other half, and a little */
    double rest = (s - (t - z)) + (ten - z) - 2.1707562233822494e-16;
    return t + (low + rest + log1p((x - 10.0) / 10.0) - 0.5 / x - p);
}

/* The sum of (q + j)^-s over j = 0, 1, …, of which q > 0: the first ones by themselves, the rest by Euler and Maclaurin's formula. */
static inline double hurwitz_lane(double s, double q)
{
    /* (2j)! / B(2j), j = 1 … 10 */
    static const double c[] = { 12, -720, 30240, -1209600, 47900160, -1307674368000.0 / 691, 74724249600, -10670622842880000.0 / 3617,
                                5109094217170944000.0 / 43867, -802857662698291200000.0 / 174611 };
    double sum = 0, t = s, far = q;
    while (far < 10 + s) {
        sum += pow(far, -s);
        far += 1;
    }
    double p = pow(far, -s), r = p / far;
    sum += p * far / (s - 1) + p / 2;
    for (int j = 0; j < 10; j++) {
        sum += t * r / c[j];
        t *= (s + 2 * j + 1) * (s + 2 * j + 2);
        r /= far * far;
    }
    return sum;
}
static inline double polygamma_lane(double k, double x)      /* (-1)^(k+1) k! times the sum of (x + j)^-(k+1) */
{
    if (!(k >= 0 && k <= 170 && k == floor(k)) || !(x == x))
        return NAN;
    if (k == 0)
        return psi_lane(x);
    double sign = k / 2 == floor(k / 2) ? -1 : 1, s = k + 1, f = x - floor(x);
    if (x > 0)
        return isinf(x) ? 0 * sign : sign * tgamma(s) * hurwitz_lane(s, x);
    if (f == 0 || isinf(x))                   /* a pole, of both signs where k is even */
        return sign > 0 && !isinf(x) ? INFINITY : NAN;
    /* below 0 the terms fall into those above and, with their signs, those below */
    return sign * tgamma(s) * (hurwitz_lane(s, f) + sign * (hurwitz_lane(s, 1 - f) - hurwitz_lane(s, 1 - x)));
}

static inline double erfinv_lane(double y)    /* a start within 1e-3 (Winitzki), then Halley's steps on erf or erfc */
{
    if (!(fabs(y) < 1))
        return fabs(y) == 1 ? copysign(INFINITY, y) : NAN;
    if (y == 0)
        return y;
    double a = 0.147, l = log1p(-y * y), t = 2 / (M_PI * a) + l / 2;
    double x = copysign(sqrt(sqrt(t * t - l / a) - t), y), c = 1 - fabs(y);
    for (int i = 0; i < 3; i++) {
        double e = fabs(y) < 0.5 ? erf(x) - y : (c - erfc(fabs(x))) * copysign(1, y);
        double u = e / (1.12837916709551257390 * exp(-x * x));
        x -= u / (1 + x * u);
    }
    return x;
}
#endif
