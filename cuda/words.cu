/* SPDX-License-Identifier: BSD-3-Clause */
/* words.cu: the functions that bodies of ops.def and kernels may name, in the common subset of C and CUDA C++.
 *
 * A piece is a paragraph; its name is the one it defines, and a text gets the pieces that it names, and no others.  In a
 * piece T is double or float, K(c) a constant of that type, and a name that ends in _T ends in _d or _f.  The formulas are
 * those of lab/ew_vec.h, ew_own.h and ew_plain.c; what both compile stands in lab/special.cu and lab/normal.cu.
 * CALLED is DEV for what is long: a kernel holds a word in DEV five to nine times, and one in CALLED once (polygamma of
 * singles took NVRTC 20 s in DEV).
 * Operators without functions behave as on the CPU to the last bit; functions stay within 4 ulp of it. */

#define EPS_d 2.220446049250313e-16

#define EPS_f 1.1920929e-7f

#define PI 3.14159265358979323846

/* As Octave: a quotient within eps of an integer counts as one when the divisor is none, so mod(1, 0.1) is 0. */
CALLED T remainder_T(T a, T b, int up)
{
    T q = a / b, r = round(q), n = up ? floor(q) : trunc(q), z = a - b * n;
    if (round(b) != b && fabs((q - r) / r) < EPS_T)
        z = K(0);
    if (fabs(q) >= K(1) / EPS_T && fabs(q) < K(INFINITY) && fabs(a) < K(INFINITY)) {
        z = fmod(a, b);
        if (up && z != K(0) && (z < K(0)) != (b < K(0)))
            z = z + b;
    }
    if (a != b)
        z = copysign(z, up ? b : a);
    return b == K(0) ? (up ? a : K(NAN)) : z;
}

/* x^1.5, x^2.5, x^3, x^4 of doubles: the product as a pair.  Of singles: in double. */
DEV double cube_d(double x)
{
    double h = x * x, l = fma(x, x, -h), P = h * x, p = P + (fma(h, x, -P) + l * x);
    return p == p ? p : P;
}

DEV float cube_f(float x) { return (float)((double)x * x * x); }

DEV double fourth_d(double x)
{
    double h = x * x, l = fma(x, x, -h), P = h * h, p = P + (fma(h, h, -P) + (h + h) * l);
    return p == p ? p : P;
}

DEV float fourth_f(float x) { return (float)(((double)x * x) * ((double)x * x)); }

DEV double root_low(double x, double s) { return fma(-s, s, x) * (0.5 / s); }

DEV double power15_d(double x)
{
    double s = sqrt(x), P = x * s, p = P + (fma(x, s, -P) + x * root_low(x, s));
    return p == p ? p : P;
}

DEV float power15_f(float x) { return (float)((double)x * sqrt((double)x)); }

DEV double power25_d(double x)
{
    double h = x * x, l = fma(x, x, -h), s = sqrt(x), P = h * s, p = P + (fma(h, s, -P) + fma(h, root_low(x, s), l * s));
    return p == p ? p : P;
}

DEV float power25_f(float x) { return (float)((double)x * x * sqrt((double)x)); }

/* a^n of whole a and n: exact as long as it is a whole number of the type. */
DEV T whole_power_T(T a, int n)
{
    T r = K(1);
    for (; n; n /= 2, a = a * a)
        if (n % 2)
            r = r * a;
    return r;
}

DEV T power_T(T a, T b)
{
    if (b == K(2))
        return a * a;
    if (b == K(-1))
        return K(1) / a;
    if (b == K(0.5))
        return sqrt(a) + K(0);
    if (b == K(1))
        return a;
    if (b == K(3))
        return cube_T(a);
    if (b == K(1.5))
        return power15_T(a);
    if (b == K(2.5))
        return power25_T(a);
    if (b == K(4))
        return fourth_T(a);
    if (b == trunc(b) && a == trunc(a)) {     /* a whole power that is exact is turned over, so 10^-5 is 1e-5 */
        T q = whole_power_T(a, (int)fabs(b) % 128);
        if (fabs(b) < K(128) && fabs(q) <= K(1) / EPS_T && q != K(0))
            return b < K(0) ? K(1) / q : q;
    }
    return pow(a, b);
}

CALLED T nthroot_T(T a, T b)
{
    T x = fabs(a), p = power_T(x, K(1) / b), c = p - (p - x / power_T(p, b - K(1))) / b;
    if (fabs(b) == K(3))
        return b < K(0) ? K(1) / cbrt(a) : cbrt(a);
    return copysign(fabs(c) < K(INFINITY) && p != K(0) ? c : p, a);
}

CALLED T gamma_T(T a)
{
    if (a <= K(0) && floor(a) == a)
        return a == K(0) ? K(1) / a : K(INFINITY);
    return (T)tgamma((double)a);
}

CALLED T lgamma_T(T a) { return (T)lgamma((double)a); }

/* Degrees: the quadrant is taken off exactly, so sind(30) is 0.5 and cosd(90) is 0. */
DEV T degrees_T(T a, int quarter)
{
    T c = a - K(360) * trunc(a / K(360)), k = round(c / K(90)), t = (c - K(90) * k) / K(180);
    T m = k + (T)quarter, h = m - K(4) * floor(m / K(4));     /* 0 1 2 3 */
    T s = h == K(1) || h == K(3) ? cospi(t) : sinpi(t);
    return h >= K(2) ? K(0) - s : s + K(0);
}

/* Bits: operands round and saturate to 64 bits; beside a negative one they are two's complements, and so is the result. */
DEV u64 lane_u64(double x)
{
    if (x < 0.0)
        return x <= -9223372036854775808.0 ? (u64)1 << 63 : (u64)(i64)floor(x + 0.5);
    double r = floor(x) == x ? x : x + 0.5;
    return !(r > 0.0) ? 0 : r >= 18446744073709551616.0 ? ~(u64)0 : (u64)r;
}

DEV double lane_bits(u64 y, double a, double b) { return a < 0.0 || b < 0.0 ? (double)(i64)y : (double)y; }

DEV double bitand_lane(double a, double b) { return lane_bits(lane_u64(a) & lane_u64(b), a, b); }

DEV double bitor_lane(double a, double b) { return lane_bits(lane_u64(a) | lane_u64(b), a, b); }

DEV double bitxor_lane(double a, double b) { return lane_bits(lane_u64(a) ^ lane_u64(b), a, b); }

CALLED double gcd_lane(double a, double b)
{
    a = fabs(a);
    b = fabs(b);
    while (b > 0.0) {                         /* NaN and Inf end it: fmod gives NaN */
        double r = fmod(a, b);
        a = b;
        b = r;
    }
    return b == 0.0 ? a : b;
}

CALLED double lcm_lane(double a, double b)
{
    double g = gcd_lane(a, b), x = a / g * b;
    return a == 0.0 || b == 0.0 ? 0.0 : x;
}

/* ---- storing: integers round halves away from zero, saturate, NaN is 0 */
DEV double saturate(double v, double low, double high)
{
    v = trunc(v + copysign(0.49999999999999994, v)) + 0.0;
    v = v == v ? v : 0.0;
    return v < low ? low : v > high ? high : v;
}

DEV i64 to_i64(double v)
{
    v = saturate(v, -9223372036854775808.0, 9223372036854775808.0);
    return v >= 9223372036854775808.0 ? 0x7fffffffffffffffL : (i64)v;
}

DEV u64 to_u64(double v)
{
    v = saturate(v, 0.0, 18446744073709551616.0);
    return v >= 18446744073709551616.0 ? ~(u64)0 : (u64)v;
}

/* ---- 64-bit integers beside doubles: numbers with 64 bits, as the CPU's long double, rounded to even after every step */
typedef struct { u64 m; int e, s, kind; } wide;        /* (-1)^s m 2^e, m at least 2^63; kind 0: zero, 1: a number, 2: infinite, 3: NaN */

DEV wide w_kind(int kind, int s) { wide r; r.m = 0; r.e = 0; r.s = s; r.kind = kind; return r; }

DEV wide w_round(u64 h, u64 l, int e, int s)  /* (h 2^64 + l) 2^e; the last bit of l stands for all below it */
{
    wide r;
    if (!h) {
        h = l;
        l = 0;
        e -= 64;
    }
    if (!h)
        return w_kind(0, s);
    int up = CLZ(h);
    if (up) {
        h = h << up | l >> (64 - up);
        l <<= up;
    }
    e += 64 - up;
    if (l > (u64)1 << 63 || (l == (u64)1 << 63 && h & 1)) {
        h++;
        if (!h) {
            h = (u64)1 << 63;
            e++;
        }
    }
    r.m = h;
    r.e = e;
    r.s = s;
    r.kind = 1;
    return r;
}

DEV wide w_of_u64(u64 x) { return w_round(x, 0, -64, 0); }

DEV wide w_of_i64(i64 x) { return w_round(x < 0 ? (u64)0 - (u64)x : (u64)x, 0, -64, x < 0); }

DEV wide w_of_d(double x)
{
    u64 b = BITS(x), m = b << 12 >> 12;
    int e = (int)(b << 1 >> 53), s = (int)(b >> 63);
    if (e == 2047)
        return w_kind(m ? 3 : 2, s);
    return w_round(e ? m | (u64)1 << 52 : m, 0, (e ? e - 1075 : -1074) - 64, s);
}

DEV wide w_neg(wide a) { a.s = !a.s; return a; }

DEV wide w_abs(wide a) { a.s = 0; return a; }

DEV wide w_copysign(wide a, wide b) { a.s = b.s; return a; }

DEV wide w_add(wide a, wide b)
{
    u64 h, l;
    if (a.kind == 3 || b.kind == 3 || (a.kind == 2 && b.kind == 2 && a.s != b.s))
        return w_kind(3, 0);
    if (a.kind == 2 || b.kind == 0)
        return b.kind == 0 && a.kind == 0 ? w_kind(0, a.s & b.s) : a;
    if (b.kind == 2 || a.kind == 0)
        return b;
    if (a.e < b.e || (a.e == b.e && a.m < b.m)) {
        wide t = a;
        a = b;
        b = t;
    }
    int d = a.e - b.e;
    h = d < 64 ? b.m >> d : 0;
    l = d == 0 ? 0 : d < 64 ? b.m << (64 - d) : d == 64 ? b.m : d < 128 ? b.m >> (d - 64) | (b.m << (128 - d) != 0) : 1;
    if (a.s != b.s) {
        h = a.m - h - (l != 0);
        l = (u64)0 - l;
        return h || l ? w_round(h, l, a.e - 64, a.s) : w_kind(0, 0);
    }
    h += a.m;
    if (h >= a.m)
        return w_round(h, l, a.e - 64, a.s);
    return w_round(h >> 1 | (u64)1 << 63, l >> 1 | (l & 1) | h << 63, a.e - 63, a.s);
}

DEV wide w_sub(wide a, wide b) { return w_add(a, w_neg(b)); }

DEV wide w_mul(wide a, wide b)
{
    int s = a.s ^ b.s;
    if (a.kind == 3 || b.kind == 3 || (a.kind == 2 && b.kind == 0) || (a.kind == 0 && b.kind == 2))
        return w_kind(3, 0);
    if (a.kind == 2 || b.kind == 2)
        return w_kind(2, s);
    return a.kind == 0 || b.kind == 0 ? w_kind(0, s) : w_round(MULHI64(a.m, b.m), a.m * b.m, a.e + b.e, s);
}

CALLED wide w_div(wide a, wide b)
{
    int s = a.s ^ b.s, bits = 64;
    if (a.kind == 3 || b.kind == 3 || (a.kind == b.kind && a.kind != 1))
        return w_kind(3, 0);
    if (a.kind == 2 || b.kind == 0)
        return w_kind(2, s);
    if (a.kind == 0 || b.kind == 2)
        return w_kind(0, s);
    u64 r = a.m, q = 0;
    if (r >= b.m) {
        r -= b.m;
        q = 1;
        bits = 63;
    }
    for (int i = 0; i < bits; i++) {
        u64 over = r >> 63;
        r <<= 1;
        q <<= 1;
        if (over || r >= b.m) {
            r -= b.m;
            q++;
        }
    }
    u64 twice = r << 1, low = !r ? 0 : r >> 63 || twice > b.m ? ((u64)1 << 63) + 1 : twice == b.m ? (u64)1 << 63 : 1;
    return w_round(q, low, a.e - b.e - bits - 64, s);
}

DEV int w_cmp(wide a, wide b)                 /* -1, 0, 1; 2: one is NaN */
{
    if (a.kind == 3 || b.kind == 3)
        return 2;
    if (a.kind == 0 && b.kind == 0)
        return 0;
    if (a.kind == 0 || b.kind == 0 || a.s != b.s)
        return a.kind == 0 ? (b.s ? 1 : -1) : a.s ? -1 : 1;
    int up = a.s ? -1 : 1;
    if (a.kind != b.kind)
        return a.kind > b.kind ? up : -up;
    if (a.kind == 2 || (a.e == b.e && a.m == b.m))
        return 0;
    return a.e > b.e || (a.e == b.e && a.m > b.m) ? up : -up;
}

DEV int w_lt(wide a, wide b) { return w_cmp(a, b) == -1; }

DEV int w_le(wide a, wide b) { return w_cmp(a, b) < 1; }

DEV int w_eq(wide a, wide b) { return w_cmp(a, b) == 0; }

DEV int w_ne(wide a, wide b) { return w_cmp(a, b) != 0; }

DEV u64 w_whole(wide a, int half)             /* of a magnitude below 2^64; with half, halves go up */
{
    if (a.kind != 1 || a.e < -64)
        return 0;
    if (a.e >= 0)
        return a.m;
    return (a.e > -64 ? a.m >> -a.e : 0) + (half ? a.m >> (-a.e - 1) & 1 : 0);
}

DEV u64 w_to_u64(wide a)
{
    if (a.kind == 3 || a.kind == 0 || a.s)
        return 0;
    return a.kind == 2 || a.e > 0 ? ~(u64)0 : w_whole(a, 1);
}

DEV i64 w_to_i64(wide a)
{
    if (a.kind == 3 || a.kind == 0)
        return 0;
    u64 top = 0x7fffffffffffffffUL, v = a.kind == 2 || a.e > 0 ? ~(u64)0 : w_whole(a, 1);
    return a.s ? (v > top ? -0x7fffffffffffffffL - 1 : -(i64)v) : v > top ? (i64)top : (i64)v;
}

DEV double w_to_d(wide a)
{
    if (a.kind == 3)
        return (double)NAN;
    double v = a.kind == 2 ? (double)INFINITY : a.kind == 0 ? 0.0 : ldexp((double)a.m, a.e);
    return a.s ? -v : v;
}

DEV wide w_trunc(wide a) { return a.kind == 1 && a.e < 0 ? w_round(w_whole(a, 0), 0, -64, a.s) : a; }

DEV wide w_rem(wide a, wide b, int up)        /* of whole numbers */
{
    u64 x = w_whole(a, 0), y = w_whole(b, 0);
    if (!y)
        return up ? a : w_kind(3, 0);
    x %= y;
    return up ? w_round(x && a.s != b.s ? y - x : x, 0, -64, b.s) : w_round(x, 0, -64, a.s);
}

DEV wide w_sqrt(wide a)                       /* the root in double, one step of Newton's */
{
    wide s = w_of_d(sqrt(w_to_d(a)));
    return s.kind == 1 ? w_mul(w_add(s, w_div(a, s)), w_of_d(0.5)) : s;
}

CALLED wide w_pow(wide a, wide b)                /* whole powers by products, others in double */
{
    double n = w_to_d(b);
    if (n == 0.5)
        return w_sqrt(a);
    if (n == trunc(n) && fabs(n) > 4096.0) {
        wide y = w_of_d(pow(fabs(w_to_d(a)), n));
        y.s = a.s && b.e > -64 && b.e <= 0 && b.m >> -b.e & 1;
        return y;
    }
    if (n != trunc(n))
        return w_of_d(pow(w_to_d(a), n));
    wide r = w_of_u64(1);
    for (int k = (int)fabs(n); k; k /= 2, a = w_mul(a, a))
        if (k % 2)
            r = w_mul(r, a);
    return n < 0.0 ? w_div(w_of_u64(1), r) : r;
}

DEV int w_negative(wide a) { return a.s && (a.kind == 1 || a.kind == 2); }

DEV u64 w_bits(wide a) { return w_negative(a) ? (u64)w_to_i64(a) : w_to_u64(a); }

DEV wide w_of_bits(u64 y, wide a, wide b) { return w_negative(a) || w_negative(b) ? w_of_i64((i64)y) : w_of_u64(y); }

DEV wide w_and(wide a, wide b) { return w_of_bits(w_bits(a) & w_bits(b), a, b); }

DEV wide w_or(wide a, wide b) { return w_of_bits(w_bits(a) | w_bits(b), a, b); }

DEV wide w_xor(wide a, wide b) { return w_of_bits(w_bits(a) ^ w_bits(b), a, b); }

DEV wide w_gcd(wide a, wide b)
{
    u64 x = w_whole(a, 0), y = w_whole(b, 0);
    while (y) {
        u64 r = x % y;
        x = y;
        y = r;
    }
    return w_of_u64(x);
}

DEV wide w_lcm(wide a, wide b)
{
    return a.kind != 1 || b.kind != 1 ? w_kind(0, 0) : w_mul(w_div(a, w_gcd(a, b)), b);
}

/* ---- complex numbers */
typedef struct ALIGN(2 * sizeof(T)) { T x, y; } complex_T;

DEV complex_T make_T(T x, T y) { complex_T z; z.x = x; z.y = y; return z; }

DEV complex_d widen(complex_f a) { return make_d((double)a.x, (double)a.y); }

DEV complex_f narrow(complex_d a) { return make_f((float)a.x, (float)a.y); }

DEV complex_T z_add_T(complex_T a, complex_T b) { return make_T(a.x + b.x, a.y + b.y); }

DEV complex_T z_sub_T(complex_T a, complex_T b) { return make_T(a.x - b.x, a.y - b.y); }

DEV complex_T z_neg_T(complex_T a) { return make_T(-a.x, -a.y); }

DEV complex_T z_conj_T(complex_T a) { return make_T(a.x, -a.y); }

DEV complex_T z_by_T(complex_T a, T b) { return make_T(a.x * b, a.y * b); }

DEV complex_T z_over_T(complex_T a, T b) { return make_T(a.x / b, a.y / b); }

DEV complex_T z_shift_T(T r, complex_T a) { return make_T(r + a.x, a.y); }

DEV T unit_or_zero_T(T x) { return copysign(fabs(x) == K(INFINITY) ? K(1) : K(0), x); }

DEV T zero_if_nan_T(T x) { return x == x ? x : copysign(K(0), x); }

/* Products and quotients that are NaN twice may be infinite: C99, annex G. */
DEV complex_T z_mul_T(complex_T a, complex_T b)
{
    T x = a.x * b.x - a.y * b.y, y = a.x * b.y + a.y * b.x;
    if (x != x && y != y) {
        int ia = fabs(a.x) == K(INFINITY) || fabs(a.y) == K(INFINITY), ib = fabs(b.x) == K(INFINITY) || fabs(b.y) == K(INFINITY);
        int over = !ia && !ib && (fabs(a.x * b.x) == K(INFINITY) || fabs(a.y * b.y) == K(INFINITY) ||
                                  fabs(a.x * b.y) == K(INFINITY) || fabs(a.y * b.x) == K(INFINITY));
        if (ia)
            a = make_T(unit_or_zero_T(a.x), unit_or_zero_T(a.y));
        if (ib)
            b = make_T(unit_or_zero_T(b.x), unit_or_zero_T(b.y));
        if (ia || ib || over) {
            a = make_T(zero_if_nan_T(a.x), zero_if_nan_T(a.y));
            b = make_T(zero_if_nan_T(b.x), zero_if_nan_T(b.y));
            x = K(INFINITY) * (a.x * b.x - a.y * b.y);
            y = K(INFINITY) * (a.x * b.y + a.y * b.x);
        }
    }
    return make_T(x, y);
}

DEV complex_T z_div_special_T(complex_T a, complex_T b, complex_T q)
{
    int ia = fabs(a.x) == K(INFINITY) || fabs(a.y) == K(INFINITY), ib = fabs(b.x) == K(INFINITY) || fabs(b.y) == K(INFINITY);
    if (b.x == K(0) && b.y == K(0) && (a.x == a.x || a.y == a.y))
        return make_T(copysign(K(INFINITY), b.x) * a.x, copysign(K(INFINITY), b.x) * a.y);
    if (ia && !ib && b.x == b.x && b.y == b.y) {
        a = make_T(unit_or_zero_T(a.x), unit_or_zero_T(a.y));
        return make_T(K(INFINITY) * (a.x * b.x + a.y * b.y), K(INFINITY) * (a.y * b.x - a.x * b.y));
    }
    if (ib && !ia && a.x == a.x && a.y == a.y) {
        b = make_T(unit_or_zero_T(b.x), unit_or_zero_T(b.y));
        return make_T(K(0) * (a.x * b.x + a.y * b.y), K(0) * (a.y * b.x - a.x * b.y));
    }
    return q;
}

/* Smith's quotient with the order of operations and the scalings of Baudin and Smith 2012; singles in double. */
DEV complex_d z_div_d(complex_d a, complex_d b)
{
    const double most = 8.98846567431158e+307, least = 2.2250738585072014e-308, up = 4503599627370496.0, far = most * least / 2.0;
    complex_d n = a, d = b, q;
    double big = fmax(fabs(b.x), fabs(b.y)), by = 1.0, r, t;
    if (big >= most)
        by = 0.5;
    else if (big < least)
        by = up;
    else if ((fabs(a.x) < least && fabs(a.y) < far && big < far) || (fabs(a.y) < least && fabs(a.x) < far && big < far))
        by = up;
    if (by != 1.0) {
        n = z_by_d(n, by);
        d = z_by_d(d, by);
    }
    if (fabs(d.x) < fabs(d.y)) {
        r = d.x / d.y;
        t = d.x * r + d.y;
        q = fabs(r) > least ? make_d((n.x * r + n.y) / t, (n.y * r - n.x) / t)
                            : make_d((d.x * (n.x / d.y) + n.y) / t, (d.x * (n.y / d.y) - n.x) / t);
    } else {
        r = d.y / d.x;
        t = d.x + d.y * r;
        q = fabs(r) > least ? make_d((n.x + n.y * r) / t, (n.y - n.x * r) / t)
                            : make_d((n.x + d.y * (n.y / d.x)) / t, (n.y - d.y * (n.x / d.x)) / t);
    }
    return q.x != q.x && q.y != q.y ? z_div_special_d(n, d, q) : q;
}

DEV complex_f z_div_f(complex_f a, complex_f b)
{
    double ax = a.x, ay = a.y, bx = b.x, by = b.y, t = bx * bx + by * by;
    complex_f q = make_f((float)((ax * bx + ay * by) / t), (float)((ay * bx - ax * by) / t));
    return q.x != q.x && q.y != q.y ? z_div_special_f(a, b, q) : q;
}

DEV complex_T z_times_T(complex_T a, complex_T b)        /* parts by themselves beside a number without imaginary part */
{
    return b.y == K(0) ? z_by_T(a, b.x) : a.y == K(0) ? z_by_T(b, a.x) : z_mul_T(a, b);
}

DEV complex_T z_quotient_T(complex_T a, complex_T b) { return b.y == K(0) ? z_over_T(a, b.x) : z_div_T(a, b); }

DEV int z_eq_T(complex_T a, complex_T b) { return a.x == b.x && a.y == b.y; }

DEV int z_nan_T(complex_T a) { return a.x != a.x || a.y != a.y; }

DEV T z_abs_T(complex_T a) { return hypot(a.x, a.y); }

DEV T z_arg_T(complex_T a) { return atan2(a.y, a.x); }

DEV T z_sqabs_T(complex_T a) { return a.x * a.x + a.y * a.y; }

DEV double z_order_d(complex_d a, complex_d b) /* by absolute value, then by argument with -pi taken as pi; NaN: no order */
{
    double x = z_abs_d(a), y = z_abs_d(b);
    if (x != y)
        return x - y;
    x = z_arg_d(a);
    y = z_arg_d(b);
    return (x == -PI ? PI : x) - (y == -PI ? PI : y);
}

DEV double z_order_f(complex_f a, complex_f b) { return z_order_d(widen(a), widen(b)); }

DEV complex_T z_max_T(complex_T a, complex_T b)
{
    return z_nan_T(a) ? b : z_nan_T(b) ? a : hypot((double)b.x, (double)b.y) > hypot((double)a.x, (double)a.y) ? b : a;
}

DEV complex_T z_min_T(complex_T a, complex_T b)
{
    return z_nan_T(a) ? b : z_nan_T(b) ? a : hypot((double)b.x, (double)b.y) < hypot((double)a.x, (double)a.y) ? b : a;
}

DEV complex_T z_sign_T(complex_T a) { return a.x == K(0) && a.y == K(0) ? a : z_over_T(a, z_abs_T(a)); }

/* Of a real number: itself real, + 0i. */
DEV complex_T z_recip_T(complex_T a) { return a.y == K(0) ? make_T(K(1) / a.x, K(0)) : z_quotient_T(make_T(K(1), K(0)), a); }

DEV complex_T z_round_T(complex_T a) { return make_T(round(a.x), round(a.y)); }

DEV complex_T z_trunc_T(complex_T a) { return make_T(trunc(a.x), trunc(a.y)); }

DEV complex_T z_floor_T(complex_T a) { return make_T(floor(a.x), floor(a.y)); }

DEV complex_T z_ceil_T(complex_T a) { return make_T(ceil(a.x), ceil(a.y)); }

/* Functions of complex numbers: in double, after Kahan 1987 (branch cuts for complex elementary functions). */
DEV double times0(double a, double b) { return a == 0.0 ? a : a * b; }

CALLED complex_d z_sqrt_d(complex_d a)
{
    double x = a.x, y = a.y, by = 1.0;
    if (fabs(y) == (double)INFINITY)
        return make_d((double)INFINITY, y);
    if (x == 0.0 && y == 0.0)
        return make_d(0.0, y);
    if (fabs(x) == (double)INFINITY)
        return x > 0.0 ? make_d(x, y == y ? copysign(0.0, y) : y) : make_d(y == y ? 0.0 : y, copysign(fabs(x), y));
    if (fmax(fabs(x), fabs(y)) > 1e307) {
        x = x / 16;
        y = y / 16;
        by = 4.0;
    } else if (fmax(fabs(x), fabs(y)) < 1e-290) {
        x = x * 324518553658426726783156020576256.0;          /* 2^108 */
        y = y * 324518553658426726783156020576256.0;
        by = 5.551115123125783e-17;
    }
    double t = sqrt((fabs(x) + hypot(x, y)) / 2);
    return x >= 0.0 ? make_d(t * by, y / (2 * t) * by) : make_d(fabs(y) / (2 * t) * by, copysign(t, y) * by);
}

DEV complex_d z_exp_d(complex_d a)
{
    if (a.y == 0.0)
        return make_d(exp(a.x), a.y);
    if (fabs(a.y) == (double)INFINITY || a.y != a.y)
        return a.x == -(double)INFINITY ? make_d(0.0, 0.0) : a.x == (double)INFINITY ? make_d(a.x, a.y - a.y) : make_d(a.y - a.y, a.y - a.y);
    double e = exp(a.x > 700.0 ? a.x / 2 : a.x), f = a.x > 700.0 ? e : 1.0;
    return make_d(cos(a.y) * e * f, sin(a.y) * e * f);
}

CALLED complex_d z_log_d(complex_d a)
{
    double m = fmax(fabs(a.x), fabs(a.y)), n = fmin(fabs(a.x), fabs(a.y)), r = hypot(a.x, a.y);
    if (r > 0.5 && r < 2.0 && n > 0.0) {      /* m^2 + n^2 - 1 as a sum of exact parts */
        double h = m * m, hl = fma(m, m, -h), k = n * n, kl = fma(n, n, -k), d = h - 1.0, dl = h - (d + 1.0), s = d + k;
        double v = s - d, sl = (d - (s - v)) + (k - v);
        return make_d(0.5 * log1p(s + (sl + (dl + (hl + kl)))), atan2(a.y, a.x));
    }
    return make_d(log(r), atan2(a.y, a.x));
}

DEV complex_d z_sinh_d(complex_d a) { return make_d(times0(sinh(a.x), cos(a.y)), times0(sin(a.y), cosh(a.x))); }

DEV complex_d z_cosh_d(complex_d a) { return make_d(cosh(a.x) * cos(a.y), times0(sin(a.y), sinh(a.x))); }

DEV complex_d z_sin_d(complex_d a) { return make_d(times0(sin(a.x), cosh(a.y)), times0(sinh(a.y), cos(a.x))); }

DEV complex_d z_cos_d(complex_d a) { return make_d(cos(a.x) * cosh(a.y), -times0(sin(a.x), sinh(a.y))); }

DEV complex_d z_sind_d(complex_d a, int quarter)
{
    double y = a.y * 0.017453292519943295769;
    return make_d(degrees_d(a.x, quarter) * cosh(y), degrees_d(a.x, quarter + 1) * sinh(y));
}

CALLED complex_d z_tanh_d(complex_d a)
{
    if (fabs(a.x) > 22.0)
        return make_d(copysign(1.0, a.x), a.y == 0.0 ? a.y : 4 * sin(a.y) * cos(a.y) * exp(-2 * fabs(a.x)));
    double t = tan(a.y), b = 1.0 + t * t, s = sinh(a.x), d = 1.0 + b * s * s;
    return make_d(b * sqrt(1.0 + s * s) * s / d, t / d);
}

DEV complex_d z_tan_d(complex_d a)
{
    complex_d w = z_tanh_d(make_d(-a.y, a.x));
    return make_d(w.y, -w.x);
}

CALLED complex_d z_asin_d(complex_d a)
{
    complex_d p = z_sqrt_d(make_d(1.0 - a.x, -a.y)), q = z_sqrt_d(make_d(1.0 + a.x, a.y));
    return make_d(atan2(a.x, p.x * q.x - p.y * q.y), asinh(p.x * q.y - p.y * q.x));
}

CALLED complex_d z_acos_d(complex_d a)
{
    complex_d p = z_sqrt_d(make_d(1.0 - a.x, -a.y)), q = z_sqrt_d(make_d(1.0 + a.x, a.y));
    return make_d(2 * atan2(p.x, q.x), asinh(q.x * p.y - q.y * p.x));
}

CALLED complex_d z_acosh_d(complex_d a)
{
    complex_d p = z_sqrt_d(make_d(a.x - 1.0, a.y)), q = z_sqrt_d(make_d(a.x + 1.0, a.y));
    return make_d(asinh(p.x * q.x + p.y * q.y), 2 * atan2(p.y, q.x));
}

DEV complex_d z_asinh_d(complex_d a)
{
    complex_d w = z_asin_d(make_d(-a.y, a.x));
    return make_d(w.y, -w.x);
}

CALLED complex_d z_atanh_d(complex_d a)
{
    double x = fabs(a.x), y = a.y, u = (1.0 - x) * (1.0 - x) + y * y;
    double im = y == 0.0 && x < 1.0 ? y : atan2(2 * y, (1.0 - x) * (1.0 + x) - y * y) / 2;
    return make_d(copysign(log1p(4 * x / u) / 4, a.x), im);
}

DEV complex_d z_atan_d(complex_d a)
{
    complex_d w = z_atanh_d(make_d(-a.y, a.x));
    return make_d(w.y, -w.x);
}

/* As Octave, of a real above 1 the conjugate. */
DEV complex_d z_arcsin_d(complex_d a)
{
    complex_d y = z_asin_d(a);
    return a.y == 0.0 && a.x > 1.0 ? z_conj_d(y) : y;
}

DEV complex_d z_arccos_d(complex_d a)
{
    complex_d y = z_acos_d(a);
    return a.y == 0.0 && a.x > 1.0 ? z_conj_d(y) : y;
}

DEV complex_d z_expm1_d(complex_d a)          /* expm1(x) cos(y) - 2 sin(y/2)^2 + i exp(x) sin(y) */
{
    double s = sin(a.y / 2);
    return make_d(expm1(a.x) * cos(a.y) - 2 * s * s, exp(a.x) * sin(a.y));
}

DEV complex_d z_log1p_d(complex_d a)
{
    return make_d(a.y == 0.0 && a.x > -1.0 ? log1p(a.x) : 0.5 * log1p(a.x * (2 + a.x) + a.y * a.y), atan2(a.y, 1.0 + a.x));
}

DEV complex_d z_lgamma_d(complex_d a)         /* of real numbers: where gamma is negative its logarithm has pi */
{
    int below = a.x < 0.0 && floor(a.x / 2) * 2 != floor(a.x) && floor(a.x) != a.x;
    return make_d(a.y == 0.0 ? lgamma(a.x) : (double)NAN, below ? PI : 0.0);
}

CALLED complex_d z_pow_d(complex_d a, complex_d b)
{
    double n = b.x;
    if (b.y == 0.0) {
        if (n == 0.0)
            return make_d(1.0, 0.0);
        if (n == trunc(n) && fabs(n) <= 1024.0) {         /* repeated squaring: (1+2i)^2 is exact */
            complex_d r = make_d(1.0, 0.0);
            for (int k = (int)fabs(n); k; k /= 2, a = z_mul_d(a, a))
                if (k % 2)
                    r = z_mul_d(r, a);
            return n < 0.0 ? z_div_d(make_d(1.0, 0.0), r) : r;
        }
        if (a.x == 0.0 && a.y == 0.0)
            return make_d(n > 0.0 ? 0.0 : n < 0.0 ? (double)INFINITY : (double)NAN, 0.0);
        double e = exp(log(z_abs_d(a)) * n), t = z_arg_d(a) * n;
        return make_d(e * cos(t), e * sin(t));
    }
    if (a.x == 0.0 && a.y == 0.0)
        return n > 0.0 ? make_d(0.0, 0.0) : make_d((double)NAN, (double)NAN);
    return z_exp_d(z_mul_d(b, z_log_d(a)));
}

/* ---- trouble: the first thread that finds some writes it down, the code last */
DEV void trouble(u64 at_status, int code, int op, i64 at, i64 bound, i64 tag)
{
    struct status_word { volatile int code, op; volatile i64 at, bound; volatile int tag; } *s = (struct status_word *)at_status;
    if (s->code == 0 && CLAIM((int *)at_status) == 0) {
        s->op = op;
        s->at = at;
        s->bound = bound;
        s->tag = (int)tag;
        FENCE();
        s->code = code;
    }
}

/* ---- what kernels.cu shares */
typedef struct { u64 p; i64 n, nd, dense, d[8], s[8]; } view;         /* elements by strides, counted with the first dimension fastest */

DEV i64 offset(const view v, i64 i)
{
    if (v.dense)
        return i;
    i64 o = 0;
    UNROLL for (int k = 0; k < 8; k++)
        if (k < v.nd) {
            i64 q = k + 1 < v.nd ? i / v.d[k] : 0;
            o += (i - q * v.d[k]) * v.s[k];
            i = q;
        }
    return o;
}

typedef struct { i64 nd, count[8], dim[8], stride[8]; u64 list[8]; i64 step[8]; } indices;       /* of each dimension: how many, of what; 0: all */

DEV i64 clamped(i64 i, i64 dim, u64 status, int op, i64 tag)
{
    if (i >= 0 && i < dim)
        return i;
    trouble(status, 3, op, i, dim, tag);
    return i < 0 ? 0 : dim - 1;
}

typedef struct { double a, b; } pair;

DEV double join53(u32 a, u32 b) { return ((double)(a >> 5) * 67108864.0 + (double)(b >> 6)) * (1.0 / 9007199254740992.0); }

DEV pair philox(u64 key, u64 at)              /* 4x32-10, Salmon et al. 2011: two doubles of a counter */
{
    u32 c0 = (u32)at, c1 = (u32)(at >> 32), c2 = 0, c3 = 0, k0 = (u32)key, k1 = (u32)(key >> 32);
    for (int r = 0; r < 10; r++) {
        u32 h0 = MULHI(0xD2511F53u, c0), l0 = 0xD2511F53u * c0, h1 = MULHI(0xCD9E8D57u, c2), l1 = 0xCD9E8D57u * c2;
        c0 = h1 ^ c1 ^ k0;
        c1 = l1;
        c2 = h0 ^ c3 ^ k1;
        c3 = l0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    pair y;
    y.a = join53(c0, c1);
    y.b = join53(c2, c3);
    return y;
}

DEV double warp_sum(double s)                 /* of the 32 threads of a warp, in each of them */
{
    for (int h = 16; h; h /= 2)
        s += SHFL_XOR(s, h);
    return s;
}
