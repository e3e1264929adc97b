/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_own.h: our own kernels, where SLEEF or the machine's instruction is slow: exp, tanh, pow, half-integer powers, roots
 * of singles.  Included once per compute type by ew_vec.h.  Where there is FMA (AVX2, AVX-512) both vector lengths give
 * the same bits: what is no correctly rounded result starts from integer arithmetic, never from an instruction that only
 * approximates.  Measured against __float128:
 *     exp  double 0.6 ulp, single 0.6     tanh  double 0.76, single 0.73     x^2.5  0.501     pow  double 0.67, single 0.503
 * A power whose exponent is special (2, 0.5, 2.5 …) is a lane choice here, so x.^2 and x.^y agree bit for bit. */
#if VECTOR && VARIANT >= 256
#ifndef EW_OWN_ONCE
#define EW_OWN_ONCE
typedef double VD __attribute__((vector_size(VB)));
typedef int64_t VL __attribute__((vector_size(VB)));
typedef uint64_t VU __attribute__((vector_size(VB)));       /* exponents wrap in lanes that are thrown away */
typedef float VF __attribute__((vector_size(VB)));
typedef int32_t VJ __attribute__((vector_size(VB)));
typedef uint32_t VUJ __attribute__((vector_size(VB)));
typedef float VH __attribute__((vector_size(VB / 2)));
typedef int32_t VJH __attribute__((vector_size(VB / 2)));
#if VARIANT == 512
#define FMAD(a, b, c) ((VD)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define MIND(a, b) ((VD)_mm512_min_pd((__m512d)(a), (__m512d)(b)))
#define SQRTD(a) ((VD)_mm512_sqrt_pd((__m512d)(a)))
#define LOW(a) ((VH)_mm512_castps512_ps256((__m512)(a)))
#define HIGH(a) ((VH)_mm512_extractf32x8_ps((__m512)(a), 1))
#define JOIN(l, h) _mm512_insertf32x8(_mm512_castps256_ps512((__m256)(l)), (__m256)(h), 1)
#define FMAF_(a, b, c) ((VF)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define MINF_(a, b) ((VF)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define ANYBIT(m) _mm512_test_epi32_mask((__m512i)(m), (__m512i)(m))
#define ALLD(m) (_mm512_movepi64_mask((__m512i)(m)) == 0xFF)
#define ALLF(m) (_mm512_movepi32_mask((__m512i)(m)) == 0xFFFF)
#else
#define FMAD(a, b, c) ((VD)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define MIND(a, b) ((VD)_mm256_min_pd((__m256d)(a), (__m256d)(b)))
#define SQRTD(a) ((VD)_mm256_sqrt_pd((__m256d)(a)))
#define LOW(a) ((VH)_mm256_castps256_ps128((__m256)(a)))
#define HIGH(a) ((VH)_mm256_extractf128_ps((__m256)(a), 1))
#define JOIN(l, h) _mm256_insertf128_ps(_mm256_castps128_ps256((__m128)(l)), (__m128)(h), 1)
#define FMAF_(a, b, c) ((VF)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define MINF_(a, b) ((VF)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define ANYBIT(m) _mm256_movemask_epi8((__m256i)(m))
#define ALLD(m) (_mm256_movemask_epi8((__m256i)(m)) == -1)
#define ALLF ALLD
#endif
#define KD(c) ((c) - (VD){0})
#define KF(c) ((float)(c) - (VF){0})
#define WIDE(h) __builtin_convertvector(h, VD)
#define THIN(d) __builtin_convertvector(d, VH)

/* expm1(2|x|) = e as a pair, then e / (e + 2) with one division and one correction.  r in [-ln2/2, ln2/2]. */
static inline VD tanh_double(VD x)
{
    VL sign = (VL)x & (INT64_MIN + (VL){0});
    VD ax = MIND(KD(22.0), (VD)((VL)x ^ sign)), y = ax + ax;  /* in this order min(22, NaN) is NaN */
    const double magic = 6755399441055744.0;                  /* 1.5 * 2^52: its low bits hold the rounded integer */
    VD kf = FMAD(y, KD(1.4426950408889634074), KD(magic));
    VL ki = (VL)kf;
    kf -= KD(magic);
    VD r0 = FMAD(kf, KD(-0x1.62e42fefa0000p-1), y), r1 = kf * KD(-0x1.cf79abc9e3b3ap-40);
    VD r = r0 + r1, rl = (r0 - r) + r1, s = (VD)(((VU)ki + 1023) << 52), r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    VD c0 = FMAD(r, KD(1.0 / 24), KD(1.0 / 6)), c1 = FMAD(r, KD(1.0 / 720), KD(1.0 / 120));
    VD c2 = FMAD(r, KD(1.0 / 40320), KD(1.0 / 5040)), c3 = FMAD(r, KD(1.0 / 3628800), KD(1.0 / 362880));
    VD c4 = FMAD(r, KD(1.0 / 479001600), KD(1.0 / 39916800)), c5 = KD(1.0 / 6227020800.);
    VD q = FMAD(r8, FMAD(r2, c5, c4), FMAD(r4, FMAD(r2, c3, c2), FMAD(r2, c1, c0)));
    VD t = FMAD(r2, FMAD(r, q, KD(0.5)), FMAD(rl, r, rl));
    VD A = s - 1, b = s * r, hi = A + b, lo = (b - (hi - A)) + s * t;
    VD h = hi + lo, l = lo - (h - hi), D = h + 2, bb = D - h, dl = (h - (D - bb)) + (2 - bb) + l;
    VD rc = 1 / D, z = h * rc, rem = FMAD(-z, D, h) + FMAD(-z, dl, l);
    return (VD)((VL)FMAD(rem, rc, z) | sign);
}

/* 1/x to 2^-16 for normal x > 0: the exponent from an integer difference (to 12 %), then two steps of Newton, the first
   with an error that is spread evenly.  A division takes 16 cycles for 16 singles, this 3. */
static inline VF inverse_near(VF x)
{
    VF y = (VF)(0x7EF127EA - (VJ)x);
    y = y * (KF(2.0) - x * y);
    VF e = FMAF_(-x, y, KF(1.0));
    return FMAF_(FMAF_(e, e, e), y, y);
}

static inline VF tanh_float(VF x)             /* the same in singles */
{
    VJ sign = (VJ)x & (INT32_MIN + (VJ){0});
    VF ax = MINF_(KF(10), (VF)((VJ)x ^ sign)), y = ax + ax, kf = FMAF_(y, KF(1.44269504), KF(12582912));
    VJ ki = (VJ)kf;
    kf -= 12582912.f;
    VF r0 = FMAF_(kf, KF(-0x1.62e4p-1), y), r1 = kf * KF(-0x1.7f7d1cp-20), r = r0 + r1, rl = (r0 - r) + r1;
    VF s = (VF)(((VUJ)ki + 127) << 23), r2 = r * r;
    VF q = FMAF_(r2, FMAF_(r2, FMAF_(r, KF(1.0 / 40320), KF(1.0 / 5040)), FMAF_(r, KF(1.0 / 720), KF(1.0 / 120))),
                 FMAF_(r, KF(1.0 / 24), KF(1.0 / 6)));
    VF t = FMAF_(r2, FMAF_(r, q, KF(.5)), FMAF_(rl, r, rl)), A = s - 1, b = s * r, hi = A + b;
    VF lo = (b - (hi - A)) + s * t, h = hi + lo, l = lo - (h - hi), D = h + 2, bb = D - h;
    VF dl = (h - (D - bb)) + (2 - bb) + l, rc = inverse_near(D), z = h * rc, rem = FMAF_(-z, D, h) + FMAF_(-z, dl, l);
    return (VF)((VJ)FMAF_(rem, rc, z) | sign);
}

/* x^2.5, x >= 0: x*x and sqrt(x) as pairs.  The correction of the root needs few digits of 1/s: a single division, a third
   of the time; beyond the range of singles the product stays uncorrected. */
static inline VD root_low(VD x, VD s) { return FMAD(-s, s, x) * WIDE(0.5f / THIN(s)); }
static inline VD p25_double(VD x)
{
    VD h = x * x, l = FMAD(x, x, -h), s = SQRTD(x), sl = root_low(x, s);
    VD P = h * s, p = P + (FMAD(h, s, -P) + FMAD(h, sl, l * s));
    VL ok = (VL)(p == p);
    return (VD)(((VL)p & ok) | ((VL)P & ~ok));
}
static inline VD p15_double(VD x)
{
    VD s = SQRTD(x), sl = root_low(x, s), P = x * s, p = P + (FMAD(x, s, -P) + x * sl);
    VL ok = (VL)(p == p);
    return (VD)(((VL)p & ok) | ((VL)P & ~ok));
}
static inline VD p3_double(VD x)
{
    VD h = x * x, l = FMAD(x, x, -h), P = h * x, p = P + (FMAD(h, x, -P) + l * x);
    VL ok = (VL)(p == p);
    return (VD)(((VL)p & ok) | ((VL)P & ~ok));
}
static inline VD p4_double(VD x)
{
    VD h = x * x, l = FMAD(x, x, -h), P = h * h, p = P + (FMAD(h, h, -P) + (h + h) * l);
    VL ok = (VL)(p == p);
    return (VD)(((VL)p & ok) | ((VL)P & ~ok));
}

/* Singles: the same with the root as a pair from an integer guess (3.4 %) and three terms of its series, 2^-17, and the
   residual, 2^-35.  Under double roots x.^2.5 took 8 times as long.  x beyond 2^60 overflows as 2^60 does. */
static inline VF root_pair(VF x, VF *low)
{
    VF y = (VF)(0x5F375A86 - (VJ)((VUJ)x >> 1)), u = x * y, e = FMAF_(-u, y, KF(1.0));
    VF c = e * FMAF_(e, FMAF_(e, KF(0.3125), KF(0.375)), KF(0.5)), s = FMAF_(u, c, u);
    *low = FMAF_(-s, s, x) * (FMAF_(y, c, y) * KF(0.5));
    return s;
}
static inline VD p3_single(VD x) { return x * x * x; }
static inline VD p4_single(VD x) { return (x * x) * (x * x); }
static inline VF p25_float(VF x)
{
    x = MINF_(KF(0x1p60), x) + 0;             /* (-0)^2.5 is 0 */
    VF sl, s = root_pair(x, &sl), h = x * x, l = FMAF_(x, x, -h);
    return FMAF_(h, s, FMAF_(h, sl, l * s));
}
static inline VF p15_float(VF x)
{
    VF r = MINF_(KF(0x1p100), x) + 0, sl, s = root_pair(r, &sl);
    return FMAF_(x, s, r * sl);
}
static inline VD exp_poly(VD r, VD r2)        /* 1/3! … 1/13!, Estrin */
{
    VD r4 = r2 * r2, r8 = r4 * r4;
    VD c0 = FMAD(r, KD(1.0 / 24), KD(1.0 / 6)), c1 = FMAD(r, KD(1.0 / 720), KD(1.0 / 120));
    VD c2 = FMAD(r, KD(1.0 / 40320), KD(1.0 / 5040)), c3 = FMAD(r, KD(1.0 / 3628800), KD(1.0 / 362880));
    VD c4 = FMAD(r, KD(1.0 / 479001600), KD(1.0 / 39916800));
    return FMAD(r8, FMAD(r2, KD(1.0 / 6227020800.), c4), FMAD(r4, FMAD(r2, c3, c2), FMAD(r2, c1, c0)));
}

/* exp for |x| < 707: 2^k (1 + p), p from r in [-ln2/2, ln2/2].  23 instructions a vector where SLEEF's call takes 60. */
static inline VD exp_double(VD x)
{
    const double magic = 6755399441055744.0;
    VD kf = FMAD(x, KD(1.4426950408889634074), KD(magic));
    VL ki = (VL)kf;
    kf -= KD(magic);
    VD r = FMAD(kf, KD(-0x1.ef35793c76730p-45), FMAD(kf, KD(-0x1.62e42fefa3800p-1), x)), r2 = r * r;
    VD s = (VD)(((VU)ki + 1023) << 52);
    return FMAD(FMAD(r2, FMAD(r, exp_poly(r, r2), KD(0.5)), r), s, s);
}
static inline VF exp_float(VF x)              /* |x| < 87 */
{
    VF kf = FMAF_(x, KF(1.44269504), KF(12582912));
    VJ ki = (VJ)kf;
    kf -= 12582912.f;
    VF r = FMAF_(kf, KF(-0x1.7f7d1cp-20), FMAF_(kf, KF(-0x1.62e4p-1), x)), r2 = r * r, r4 = r2 * r2;
    VF s = (VF)(((VUJ)ki + 127) << 23);
    VF q = FMAF_(r2, FMAF_(r, KF(0x1.1110ep-7), KF(0x1.5554e8p-5)), FMAF_(r, KF(0x1.555556p-3), KF(.5)));     /* minimax, 2^-30 */
    q = FMAF_(r4, FMAF_(r, KF(0x1.a12528p-13), KF(0x1.6d4362p-10)), q);
    return FMAF_(FMAF_(r2, q, r), s, s);
}

/* x^y for normal x > 0 and |y log x| < 700; *ok says in which lanes.  log as a pair from atanh((m-1)/(m+1)),
   relative error about 2^-65; then exp of the pair. */
static inline VD pow_core(VD x, VD y, int wide, VL *ok)
{
    const double magic = 6755399441055744.0;
    VL k = (VL)((VU)x - 0x3FE6A09E667F3BCD) >> 52;
    VD m = (VD)((VU)x - ((VU)k << 52)), kf = (VD)((VU)k + 0x4338000000000000) - magic;
    VD f = m - 1, s = m + 1, bb = s - m, sl = (m - (s - bb)) + (1 - bb), rc = 1 / s, zh = f * rc, w, Lh, Ll;
    if (wide) {
        VD zl = (FMAD(-zh, s, f) - zh * sl) * rc, wl;
        w = zh * zh;
        wl = FMAD(zh, zh, -w) + 2 * zh * zl;
        VD ch = zh * w, cl = FMAD(zh, w, -ch) + FMAD(zh, wl, zl * w);
        VD gh = ch * (2.0 / 3), gl = FMAD(ch, KD(2.0 / 3), -gh) + FMAD(ch, KD(0x1.5555555555555p-55), cl * (2.0 / 3));
        VD w2 = w * w, w4 = w2 * w2, w8 = w4 * w4;
        VD q0 = FMAD(w, KD(2.0 / 7), KD(2.0 / 5)), q1 = FMAD(w, KD(2.0 / 11), KD(2.0 / 9));
        VD q2 = FMAD(w, KD(2.0 / 15), KD(2.0 / 13)), q3 = FMAD(w, KD(2.0 / 19), KD(2.0 / 17));
        VD q4 = FMAD(w, KD(2.0 / 23), KD(2.0 / 21));
        VD Q = FMAD(w8, FMAD(w2, KD(2.0 / 25), q4), FMAD(w4, FMAD(w2, q3, q2), FMAD(w2, q1, q0)));
        VD A = kf * 0x1.62e42fefa3800p-1, B = 2 * zh, h = A + B, e = B - (h - A), t = h + gh;
        e += gh - (t - h);
        VD lo = e + (FMAD(kf, KD(0x1.ef35793c76730p-45), FMAD(ch, w * Q, gl + 2 * zl)));
        Lh = t + lo;
        Ll = lo - (Lh - t);
    } else {
        w = zh * zh;
        VD w2 = w * w, w4 = w2 * w2;
        VD q0 = FMAD(w, KD(2.0 / 5), KD(2.0 / 3)), q1 = FMAD(w, KD(2.0 / 9), KD(2.0 / 7));
        VD q2 = FMAD(w, KD(2.0 / 13), KD(2.0 / 11)), Q = FMAD(w4, FMAD(w2, KD(2.0 / 15), q2), FMAD(w2, q1, q0));
        Lh = FMAD(kf, KD(0x1.62e42fefa39efp-1), FMAD(zh * w, Q, 2 * zh));
        Ll = KD(0.0);
    }
    VD ph = y * Lh, pl = wide ? FMAD(y, Lh, -ph) + y * Ll : KD(0.0);
    VD n = FMAD(ph, KD(1.4426950408889634074), KD(magic));
    VU ni = (VU)n - 0x4338000000000000;
    n -= magic;
    VD a = FMAD(n, KD(-0x1.62e42fefa3800p-1), ph);
    VD b = wide ? FMAD(n, KD(-0x1.ef35793c76730p-45), pl) : n * -0x1.ef35793c76730p-45;
    *ok = (VL)(x >= 2.2250738585072014e-308) & (VL)(x < __builtin_inf()) & (VL)(ph < 700.0) & (VL)(ph > -700.0);
    VD sc = (VD)((ni + 1023) << 52), r = a + b, r2 = r * r;
    if (wide) {
        VD rl = (a - r) + b, t = FMAD(r2, FMAD(r, exp_poly(r, r2), KD(0.5)), FMAD(rl, r, rl)), h = 1 + r;
        return (h + ((r - (h - 1)) + t)) * sc;
    }
    VD r4 = r2 * r2, c0 = FMAD(r, KD(1.0 / 6), KD(0.5)), c1 = FMAD(r, KD(1.0 / 120), KD(1.0 / 24));
    VD c2 = FMAD(r, KD(1.0 / 5040), KD(1.0 / 720));
    return FMAD(FMAD(r2, FMAD(r4, FMAD(r2, KD(1.0 / 40320), c2), FMAD(r2, c1, c0)), r), sc, sc);
}
#endif

/* The root of singles, correctly rounded as the instruction's is (all 2^32 compared), in 5 cycles for 16 instead of 18:
   12 more bits by Goldschmidt, then the residual.  What is not normal, or whose residual would not be: the instruction. */
#if VARIANT == 512 && !IS_DOUBLE
static inline V FN(SQRT)(V a)
{
    VF x = (VF)a;
    if (__builtin_expect(_mm512_cmpge_epu32_mask((__m512i)((VUJ)x - 0x0D800000u), _mm512_set1_epi32(0x7F800000 - 0x0D800000)) != 0, 0))
        return (V)_mm512_sqrt_ps((__m512)x);
    VF r = (VF)_mm512_rsqrt14_ps((__m512)x), s = x * r, h = r * 0.5f, e = FMAF_(-s, h, KF(0.5));
    s = FMAF_(s, e, s);
    h = FMAF_(h, e, h);
    return (V)FMAF_(FMAF_(-s, s, x), h, s);
}
#undef sqrt
#define sqrt(a) FN(SQRT)(a)
#endif

#if IS_DOUBLE
static inline V FN(TANH)(V a) { return (V)tanh_double((VD)a); }
static inline V FN(EXP)(V a)                  /* beyond 2^-1020 … 2^1020, and of NaN: the library, lane by lane */
{
    V r = (V)exp_double((VD)a);
    VL ok = (VL)(((VU)a & INT64_MAX) <= (VU)KD(707.0));
    if (__builtin_expect(ALLD(ok), 1))
        return r;
    V z = EXP_LIB(a);
    return (V)(((VI)r & (VI)ok) | ((VI)z & ~(VI)ok));
}
#define HALF_(f) static inline V FN(f)(V a) { return (V)f##_double((VD)a); }
#else
static inline V FN(TANH)(V a) { return (V)tanh_float((VF)a); }
static inline V FN(EXP)(V a)
{
    V r = (V)exp_float((VF)a);
    VJ ok = (VJ)(((VUJ)a & INT32_MAX) <= (VUJ)KF(87.0));
    if (__builtin_expect(ALLF(ok), 1))
        return r;
    V z = EXP_LIB(a);
    return (V)(((VI)r & (VI)ok) | ((VI)z & ~(VI)ok));
}
#define HALF_(f) static inline V FN(f)(V a) { return (V)f##_float((VF)a); }
#define WHOLE_(f) static inline V FN(f)(V a) { VH l = THIN(f##_single(WIDE(LOW(a)))), h = THIN(f##_single(WIDE(HIGH(a)))); return (V)JOIN(l, h); }
#endif
#ifndef WHOLE_
#define WHOLE_ HALF_
#endif
HALF_(p25) HALF_(p15) WHOLE_(p3) WHOLE_(p4)
#undef HALF_
#undef WHOLE_
static inline V FN(POW_ANY)(V a, V b)
{
#if IS_DOUBLE
    VL ok;
    V r = (V)pow_core((VD)a, (VD)b, 1, &ok);
    VL bad = ~ok;
#else
    VL o1, o2;
    VD l = pow_core(WIDE(LOW(a)), WIDE(LOW(b)), 0, &o1), h = pow_core(WIDE(HIGH(a)), WIDE(HIGH(b)), 0, &o2);
    V r = (V)JOIN(THIN(l), THIN(h));
    VJH b1 = ~__builtin_convertvector(o1, VJH), b2 = ~__builtin_convertvector(o2, VJH);
    VJ bad = (VJ)JOIN((VH)b1, (VH)b2);
#endif
    if (__builtin_expect(!ANYBIT(bad), 1))
        return r;
    V z = POW_LIB(a, b);
    return (V)(((VI)r & ~(VI)bad) | ((VI)z & (VI)bad));
}
#else
static inline V FN(TANH)(V a) { return TANH_LIB(a); }
static inline V FN(EXP)(V a) { return EXP_LIB(a); }
static inline V FN(POW_ANY)(V a, V b) { return POW_LIB(a, b); }
static inline V FN(p25)(V a) { return POW_LIB(a, K(2.5)); }
static inline V FN(p15)(V a) { return POW_LIB(a, K(1.5)); }
static inline V FN(p3)(V a) { return POW_LIB(a, K(3)); }
static inline V FN(p4)(V a) { return POW_LIB(a, K(4)); }
#endif

/* Exponents with a formula of their own: power_form(b) names it, POWER_FORM applies it.  sqrt(-0) + 0 is 0, as (-0)^0.5. */
#define POWER_SPECIAL(DO)      \
    DO(2, a * a)               \
    DO(-1, K(1) / a)           \
    DO(0.5, sqrt(a) + K(0))    \
    DO(1, a)                   \
    DO(3, FN(p3)(a))           \
    DO(1.5, FN(p15)(a))        \
    DO(2.5, FN(p25)(a))        \
    DO(4, FN(p4)(a))
static inline V FN(POWER)(V a, V b)           /* lanes may each have a form of their own */
{
    V r = FN(POW_ANY)(a, b);
    M any = EQ(b + b, trunc(b + b)) & LE(fabs(b), K(4));
    if (ANYM(any)) {
#define LANE_(e, f) { M m_ = EQ(b, K(e)); if (ANYM(m_)) r = SEL(m_, f, r); }
        POWER_SPECIAL(LANE_)
#undef LANE_
    }
    return r;
}
