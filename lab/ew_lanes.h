/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_lanes.h: rare functions, one element at a time, in LANE (double or long double).  Included before the vector
 * macros of ew_vec.h take over the names of math.h.  Every build of them gives the same bits. */
#ifndef TL_EW_LANES_H
#define TL_EW_LANES_H
#include <math.h>
#include <stdint.h>

static inline LANE lane_floor(LANE a) { return sizeof(LANE) > 8 ? (LANE)floorl(a) : (LANE)floor(a); }
/* Bits: operands round and saturate to 64 bits; beside a negative one they are two's complements, and so is the result. */
static inline uint64_t lane_u64(LANE x)
{
    if (x < 0)
        return x <= (LANE)-9223372036854775808.0 ? (uint64_t)1 << 63 : (uint64_t)(int64_t)lane_floor(x + (LANE)0.5);
    LANE r = lane_floor(x) == x ? x : x + (LANE)0.5;      /* next to 2^53 the half would round up */
    return !(r > 0) ? 0 : r >= (LANE)18446744073709551616.0 ? UINT64_MAX : (uint64_t)r;
}
static inline LANE lane_bits(uint64_t y, LANE a, LANE b) { return a < 0 || b < 0 ? (LANE)(int64_t)y : (LANE)y; }
static inline LANE bitand_lane(LANE a, LANE b) { return lane_bits(lane_u64(a) & lane_u64(b), a, b); }
static inline LANE bitor_lane(LANE a, LANE b) { return lane_bits(lane_u64(a) | lane_u64(b), a, b); }
static inline LANE bitxor_lane(LANE a, LANE b) { return lane_bits(lane_u64(a) ^ lane_u64(b), a, b); }
static inline LANE lane_fmod(LANE a, LANE b) { return sizeof(LANE) > 8 ? (LANE)fmodl(a, b) : (LANE)fmod(a, b); }

static inline LANE gcd_lane(LANE a, LANE b)
{
    a = a < 0 ? -a : a;
    b = b < 0 ? -b : b;
    if (a < 0x1p53 && b < 0x1p53 && (LANE)(uint64_t)a == a && (LANE)(uint64_t)b == b) {
        uint64_t x = (uint64_t)a, y = (uint64_t)b;
        if (x == 0 || y == 0)
            return (LANE)(x | y);
        int k = __builtin_ctzll(x | y);       /* J. Stein's: the smaller of two odd numbers from the larger, its twos away */
        for (x >>= __builtin_ctzll(x); y;) {
            y >>= __builtin_ctzll(y);
            uint64_t less = x < y ? x : y;
            y = x < y ? y - x : x - y;
            x = less;
        }
        return (LANE)(x << k);
    }
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
    return a == 0 || b == 0 ? 0 : x;          /* of the product's sign, as in Octave */
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
#define DEV static inline
#define CALLED DEV
#define PI M_PI
#include "lab/special.cu"
#undef PI
#undef CALLED
#undef DEV
#endif
