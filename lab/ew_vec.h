/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_vec.h: what the bodies in ops.def mean for one compute type.  Included once per type with
 *     T        the element           W        elements in a vector        SFX   ending of names
 * and for vectors VB (bytes), IN(op) (the instruction's intrinsic), X (its type), SL(f) SL05(f) SL15(f) (SLEEF).
 * Without vectors (VECTOR 0) W is 1 and everything is C; long double is always so. */
#define V CAT(V, SFX)
#define U CAT(U, SFX)
#define VI CAT(VI, SFX)
#define FN(name) CAT(name, SFX)
#define LD(p) ((V)*(const U *)(p))
#define ST(p, v) (*(U *)(p) = (v))
#if VECTOR
typedef T V __attribute__((vector_size(VB)));
typedef T U __attribute__((vector_size(VB), aligned(sizeof(T)), may_alias));
typedef ITYPE VI __attribute__((vector_size(VB)));
#define K(c) ((T)(c) - (V){0})                /* a sum with 0 would lose -0 */
#define SIGN_ ((VI){0} + (ITYPE)(sizeof(T) == 8 ? INT64_MIN : INT32_MIN))
#define fabs(a) ((V)((VI)(a) & ~SIGN_))
#define copysign(a, b) ((V)(((VI)(a) & ~SIGN_) | ((VI)(b) & SIGN_)))
#define sqrt(a) ((V)IN(sqrt)((X)(a)))
#if VARIANT == 512
#define M CAT(MASK, SFX)
#define M0 ((M)0)
#define CMP_(a, b, c) ((M)CAT(IN(cmp), mask)((X)(a), (X)(b), _CMP_##c##_Q))
#define _CMP_LT_Q _CMP_LT_OQ
#define _CMP_LE_Q _CMP_LE_OQ
#define _CMP_EQ_Q _CMP_EQ_OQ
#define _CMP_NE_Q _CMP_NEQ_UQ
#define LT(a, b) CMP_(a, b, LT)
#define LE(a, b) CMP_(a, b, LE)
#define EQ(a, b) CMP_(a, b, EQ)
#define NE(a, b) CMP_(a, b, NE)
#define SEL(m, x, y) ((V)IN(mask_blend)((m), (X)(y), (X)(x)))
#define ANYM(m) ((m) != 0)
#define trunc(a) ((V)IN(roundscale)((X)(a), _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC))
#define floor(a) ((V)IN(roundscale)((X)(a), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC))
#define ceil(a) ((V)IN(roundscale)((X)(a), _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC))
#else
#define M VI
#define M0 ((VI){0})
#define LT(a, b) ((VI)((a) < (b)))
#define LE(a, b) ((VI)((a) <= (b)))
#define EQ(a, b) ((VI)((a) == (b)))
#define NE(a, b) ((VI)((a) != (b)))
#define ANYM(m) (IN(movemask)((X)(m)) != 0)
#if VARIANT == 256
#define SEL(m, x, y) ((V)IN(blendv)((X)(y), (X)(x), (X)(m)))
#define trunc(a) ((V)IN(round)((X)(a), _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC))
#define floor(a) ((V)IN(round)((X)(a), _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC))
#define ceil(a) ((V)IN(round)((X)(a), _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC))
#else
static inline V FN(sel)(VI m, V x, V y) { return (V)((m & (VI)x) | (~m & (VI)y)); }
#define SEL(m, x, y) FN(sel)(m, (V)(x), (V)(y))
#define trunc(a) ((V)SL00(trunc)((X)(a)))
#define floor(a) ((V)SL00(floor)((X)(a)))
#define ceil(a) ((V)SL00(ceil)((X)(a)))
#endif
#endif
#define EXP_LIB(a) ((V)SL(exp)((X)(a)))
#define exp(a) FN(EXP)(a)
#define exp2(a) ((V)SL(exp2)((X)(a)))
#define expm1(a) ((V)SL(expm1)((X)(a)))
#define log(a) ((V)SL(log)((X)(a)))
#define log2(a) ((V)SL(log2)((X)(a)))
#define log10(a) LIBRARY1(log10, a)
#define log1p(a) ((V)SL(log1p)((X)(a)))
#define cbrt(a) LIBRARY1(cbrt, a)
#define HYPOT_LIB(a, b) ((V)SL05(hypot)((X)(a), (X)(b)))
#define hypot(a, b) FN(HYPOT)(a, b)
#define sin(a) ((V)SL(sin)((X)(a)))
#define cos(a) ((V)SL(cos)((X)(a)))
#define tan(a) ((V)SL(tan)((X)(a)))
#define asin(a) LIBRARY1(asin, a)
#define acos(a) LIBRARY1(acos, a)
#define atan(a) ((V)SL(atan)((X)(a)))
#define atan2(a, b) ((V)SL(atan2)((X)(a), (X)(b)))
#define sinh(a) LIBRARY1(sinh, a)
#define cosh(a) LIBRARY1(cosh, a)
#define asinh(a) LIBRARY1(asinh, a)
#define acosh(a) LIBRARY1(acosh, a)
#define atanh(a) LIBRARY1(atanh, a)
#if IS_DOUBLE                                 /* singles are as exact either way */
#define LIBRARY1(f, a) LANES1(f##_lane, a)
#else
#define LIBRARY1(f, a) ((V)SL(f)((X)(a)))
#endif
#define tgamma(a) LANES1(tgamma_lane, a)      /* SLEEF's two look at their neighbours: a lane's bits depend on the others */
#define lgamma(a) LANES1(lgamma_lane, a)
#define ERF_LIB(a) ((V)SL(erf)((X)(a)))
#define erfc(a) ((V)SL15(erfc)((X)(a)))
#define SINPI(a) ((V)SL05(sinpi)((X)(a)))
#define COSPI(a) ((V)SL05(cospi)((X)(a)))
#define POW_LIB(a, b) ((V)SL(pow)((X)(a), (X)(b)))
#define TANH_LIB(a) ((V)SL(tanh)((X)(a)))
#define LANES1(f, a) ({ union { V v; T s[W]; } u_ = { a }; for (int i_ = 0; i_ < W; i_++) u_.s[i_] = (T)f(u_.s[i_]); u_.v; })
#define LANES2(f, a, b) ({ union { V v; T s[W]; } u_ = { a }, w_ = { b }; for (int i_ = 0; i_ < W; i_++) u_.s[i_] = (T)f(u_.s[i_], w_.s[i_]); u_.v; })
#else                                         /* one element is the vector; tgmath.h has the names */
typedef T V;
typedef T U __attribute__((may_alias));
#define K(c) ((T)(c))
#define M int
#define M0 0
#define LT(a, b) ((int)((a) < (b)))
#define LE(a, b) ((int)((a) <= (b)))
#define EQ(a, b) ((int)((a) == (b)))
#define NE(a, b) ((int)((a) != (b)))
#define SEL(m, x, y) ((m) ? (x) : (y))
#define ANYM(m) (m)
#define SINPI(a) sin((a) * K(3.14159265358979323846264338327950288L))
#define COSPI(a) cos((a) * K(3.14159265358979323846264338327950288L))
#define POW_LIB(a, b) pow(a, b)
#define TANH_LIB(a) tanh(a)
#define ERF_LIB(a) erf(a)
#define EXP_LIB(a) exp(a)
#define LANES1(f, a) ((T)f(a))
#define LANES2(f, a, b) ((T)f(a, b))
#endif
#define GT(a, b) LT(b, a)
#define GE(a, b) LE(b, a)
#define REALS M0

/* ---- composite functions */
static inline V FN(ROUND)(V a)                /* halves away from zero; keeps -0 */
{
    V t = trunc(a);
    return SEL(GE(fabs(a - t), K(0.5)), t + copysign(K(1), a), t);
}
#define ROUND(a) FN(ROUND)(a)

/* As Octave: a quotient within eps of an integer counts as one when the divisor is none, so mod(1, 0.1) is 0. */
static inline V FN(REMAINDER)(V a, V b, int up)
{
    V q = a / b, r = FN(ROUND)(q), n = up ? floor(q) : trunc(q);
    V z = a - b * n;
    M near = NE(FN(ROUND)(b), b) & LT(fabs((q - r) / r), K(EPS_));
    M big = GE(fabs(q), K(1 / EPS_)) & LT(fabs(q), K(INFINITY)) & LT(fabs(a), K(INFINITY));
    z = SEL(near, K(0), z);
    if (ANYM(big)) {
        V e = up ? LANES2(mod_lane, a, b) : LANES2(lane_fmod, a, b);
        z = SEL(big, e, z);
    }
    z = SEL(NE(a, b), copysign(z, up ? b : a), z);
    return SEL(EQ(b, K(0)), up ? a : K(NAN), z);
}
#define MOD(a, b) FN(REMAINDER)(a, b, 1)
#define REM(a, b) FN(REMAINDER)(a, b, 0)

#include "ew_own.h"
#define POW(a, b) FN(POWER)(a, b)
#define TANH(a) FN(TANH)(a)
#define INVERSE(a) FN(INVERSE)(a)
#define ERF(a) FN(ERF)(a)

static inline V FN(NTHROOT)(V a, V b)         /* abs(a)^(1/b), then one Newton step; the third is cbrt */
{
    M third = EQ(fabs(b), K(3));
    V x = fabs(a), p = POW(x, K(1) / b), c = p - (p - x / POW(p, b - K(1))) / b;
    V r = copysign(SEL(LT(fabs(c), K(INFINITY)) & NE(p, K(0)), c, p), a);
    if (ANYM(third)) {
        V t = cbrt(a);
        r = SEL(third, SEL(LT(b, K(0)), K(1) / t, t), r);
    }
    return r;
}
#define NTHROOT(a, b) FN(NTHROOT)(a, b)

static inline V FN(GAMMA)(V a)
{
    M pole = LE(a, K(0)) & EQ(floor(a), a);
    return SEL(pole, SEL(EQ(a, K(0)), K(1) / a, K(INFINITY)), tgamma(a));
}
#define GAMMA(a) FN(GAMMA)(a)

/* Degrees: the quadrant is taken off exactly, so sind(30) is 0.5 and cosd(90) is 0. */
static inline V FN(DEGREES)(V a, int quarter)
{
    V c = a - K(360) * trunc(a / K(360)), k = FN(ROUND)(c / K(90)), t = (c - K(90) * k) / K(180);
    V m = k + K(quarter), h = m - K(4) * floor(m / K(4));                     /* 0 1 2 3 */
    V s = SEL(EQ(h, K(1)) | EQ(h, K(3)), COSPI(t), SINPI(t));
    return SEL(GE(h, K(2)), K(0) - s, s + K(0));
}
#define SIND(a) FN(DEGREES)(a, 0)
#define COSD(a) FN(DEGREES)(a, 1)
