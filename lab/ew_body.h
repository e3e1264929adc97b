/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_body.h: the kernels of every row for one compute type, and the loops of reducers.  See ew_vec.h for what must be
 * defined.  A loop runs whole vectors and may pass n: memory has SPARE bytes.  `bad` gathers where a row leaves the reals. */
#define LOOP for (long i = 0; i < n; i += W)
#define A_ V a = LD((const T *)pa + i)
#define B_ V b = LD((const T *)pb + i)
#define AS_ V a = K(*(const T *)pa)
#define BS_ V b = K(*(const T *)pb)
#define KERNEL(name) static int name(void *d, const void *pa, const void *pb, long n)
#define STORE_(body) ST((T *)d + i, (body))

/* The 64 accumulators of the summation tree stay in registers over a block. */
#define ROWS_ (64 / W)
#define SUM_(loads, body)                                        \
    T *acc = d;                                                  \
    V s[ROWS_];                                                  \
    UNROLL_ALL for (int j = 0; j < ROWS_; j++)                   \
        s[j] = LD(acc + j * W);                                  \
    for (long k = 0; k < n; k += 64)                             \
        UNROLL_ALL for (int j = 0; j < ROWS_; j++) {             \
            long i = k + j * W;                                  \
            loads;                                               \
            s[j] += (body);                                      \
        }                                                        \
    UNROLL_ALL for (int j = 0; j < ROWS_; j++)                   \
        ST(acc + j * W, s[j]);                                   \
    return 0;

#define UNROLL_ARITH UNROLL_4
#define UNROLL_FLOAT
#define UNROLL_KEEP
#define UNROLL_PART UNROLL_4
#define UNROLL_PARTF
#define UNROLL_EXTREME UNROLL_4
#define UNROLL_BITS
#define UNROLL_MAKEC
#define ACC1_FLOAT(name, body)
#define ACC1_KEEP(name, body)
#define ACC1_PARTF(name, body)
#define ACC1_PART(name, body) ACC1_ARITH(name, body)
#define ACC1_ARITH(name, body) KERNEL(CAT3(name, SFX, acc)) { (void)pb; SUM_(A_; (void)a, body) }
#define ACC2_ARITH(name, body) KERNEL(CAT3(name, SFX, acc)) { SUM_(A_; B_, body) }
#define ACC2_FLOAT(name, body)
#define ACC2_KEEP(name, body)
#define ACC2_EXTREME(name, body)
#define ACC2_BITS(name, body)
#define ACC2_MAKEC(name, body)

#define OP1(name, class, body, cbody, domain, ...)                                                                          \
    KERNEL(FN(name)) { (void)pb; M bad = M0; UNROLL_##class LOOP { A_; (void)a; bad |= (domain); STORE_(body); } return ANYM(bad); } \
    KERNEL(CAT3(name, SFX, ss)) { (void)pb, (void)n; AS_; (void)a; long i = 0; M bad = M0 | (domain); STORE_(body); return ANYM(bad); }     \
    ACC1_##class(name, body)
#define OP2(name, class, body, cbody, domain, ...)                                                                               \
    KERNEL(FN(name)) { M bad = M0; UNROLL_##class LOOP { A_; B_; (void)b; bad |= (domain); STORE_(body); } return ANYM(bad); }   \
    KERNEL(CAT3(name, SFX, vs)) { M bad = M0; BS_; (void)b; UNROLL_##class LOOP { A_; bad |= (domain); STORE_(body); } return ANYM(bad); } \
    KERNEL(CAT3(name, SFX, sv)) { M bad = M0; AS_; UNROLL_##class LOOP { B_; (void)b; bad |= (domain); STORE_(body); } return ANYM(bad); } \
    KERNEL(CAT3(name, SFX, ss)) { (void)n; AS_; BS_; (void)b; long i = 0; M bad = M0 | (domain); STORE_(body); return ANYM(bad); }   \
    ACC2_##class(name, body)
/* Comparisons make bytes.  With AVX-512 the masks of 64 elements are gathered in an integer and become bytes at once:
   one instruction for the shuffle port instead of eight. */
#ifdef GATHER_MASKS
#define BYTES_(load, body)                                                                \
    for (long k = 0; k < n; k += 64) {                                                    \
        uint64_t m = 0;                                                                   \
        if (k + 64 <= n) {                                                                \
            UNROLL_ALL for (int j = 0; j < 64 / W; j++) {                                 \
                long i = k + j * W;                                                       \
                load;                                                                     \
                m |= (uint64_t)(body) << (j * W);                                         \
            }                                                                             \
        } else {                              /* no vector is read that begins behind the last element */\
            for (int j = 0; k + j * W < n; j++) {                                         \
                long i = k + j * W;                                                       \
                load;                                                                     \
                m |= (uint64_t)(body) << (j * W);                                         \
            }                                                                             \
        }                                                                                 \
        _mm512_storeu_si512((char *)d + k, _mm512_maskz_set1_epi8((__mmask64)m, 1));      \
    }
#else
#define BYTES_(load, body) UNROLL_4 LOOP { load; PUT((char *)d + i, body); }
#endif
#define TEST1(name, body, ...)                                                              \
    KERNEL(FN(name)) { (void)pb; BYTES_(A_, body) return 0; }                              \
    KERNEL(CAT3(name, SFX, ss)) { (void)pb, (void)n; AS_; PUT(d, body); return 0; }
#define TEST2(name, body, ...)                                            \
    KERNEL(FN(name)) { BYTES_(A_; B_, body) return 0; }                   \
    KERNEL(CAT3(name, SFX, vs)) { BS_; BYTES_(A_, body) return 0; }       \
    KERNEL(CAT3(name, SFX, sv)) { AS_; BYTES_(B_, body) return 0; }       \
    KERNEL(CAT3(name, SFX, ss)) { (void)n; AS_; BS_; PUT(d, body); return 0; }
#define BYTE1(...)
#define BYTE2(...)
#define ALIAS(...)
#include "ops.def"

/* x .^ p with one p: its form is found once for the block. */
KERNEL(CAT3(power_by, SFX, vs))
{
    T e = *(const T *)pb;
    M bad = M0;
#define BY_(p, form)                                            \
    if (e == (T)p) {                                            \
        UNROLL_4 LOOP {                                         \
            A_;                                                 \
            if (p != (int)p)                                    \
                bad |= LT(a, K(0));                             \
            STORE_(form);                                       \
        }                                                       \
        return ANYM(bad);                                       \
    }
    POWER_SPECIAL(BY_)
#undef BY_
    return CAT3(power, SFX, vs)(d, pa, pb, n);
}

/* s ./ x: with s = 1, as in a sigmoid, no division. */
KERNEL(CAT3(quotient_of, SFX, sv))
{
    if (*(const T *)pa != 1)
        return CAT3(rdivide, SFX, sv)(d, pa, pb, n);
    UNROLL_4 LOOP { B_; STORE_(FN(INVERSE)(b)); }
    return 0;
}

/* ---- reducers: n a multiple of 64 for take; fold is elementwise over whole vectors */
#define TAKE_(name, body)                                                                 \
    KERNEL(FN(take_##name))                                                               \
    {                                                                                     \
        (void)pb;                                                                         \
        T *acc = d;                                                                       \
        V s[ROWS_];                                                                       \
        UNROLL_ALL for (int j = 0; j < ROWS_; j++)                                        \
            s[j] = LD(acc + j * W);                                                       \
        for (long k = 0; k < n; k += 64)                                                  \
            UNROLL_ALL for (int j = 0; j < ROWS_; j++) {                                  \
                V a = s[j], b = LD((const T *)pa + k + j * W);                            \
                s[j] = (body);                                                            \
            }                                                                             \
        UNROLL_ALL for (int j = 0; j < ROWS_; j++)                                        \
            ST(acc + j * W, s[j]);                                                        \
        return 0;                                                                         \
    }
/* the 64 accumulators become one: 32 and 32, 16 and 16, … */
#define HALVE_(name, body)                                                                \
    KERNEL(FN(halve_##name))                                                              \
    {                                                                                     \
        (void)pa, (void)pb, (void)n;                                                      \
        T *acc = d;                                                                       \
        V s[ROWS_];                                                                       \
        union { V v; T t[W]; } x, y;                                                      \
        UNROLL_ALL for (int j = 0; j < ROWS_; j++)                                        \
            s[j] = LD(acc + j * W);                                                       \
        UNROLL_ALL for (int h = ROWS_ / 2; h; h /= 2)                                     \
            UNROLL_ALL for (int j = 0; j < h; j++) {                                      \
                V a = s[j], b = s[j + h];                                                 \
                s[j] = (body);                                                            \
            }                                                                             \
        x.v = s[0];                                                                       \
        UNROLL_ALL for (int h = W / 2; h; h /= 2) {                                       \
            y = x;                                                                        \
            for (int j = 0; j < h; j++)                                                   \
                y.t[j] = x.t[j + h];                                                      \
            V a = x.v, b = y.v;                                                           \
            x.v = (body);                                                                 \
        }                                                                                 \
        acc[0] = x.t[0];                                                                  \
        return 0;                                                                         \
    }
#define FOLD_(name, body)                                                                 \
    KERNEL(FN(fold_##name))                                                               \
    {                                                                                     \
        (void)pb;                                                                         \
        UNROLL_4 LOOP { V a = LD((const T *)d + i), b = LD((const T *)pa + i); STORE_(body); } \
        return 0;                                                                         \
    }
TAKE_(sum, a + b) FOLD_(sum, a + b) HALVE_(sum, a + b)
TAKE_(prod, a * b) FOLD_(prod, a * b) HALVE_(prod, a * b)
TAKE_(max, SEL(GE(a, b) | NE(b, b), a, b)) FOLD_(max, SEL(GE(a, b) | NE(b, b), a, b)) HALVE_(max, SEL(GE(a, b) | NE(b, b), a, b))
TAKE_(min, SEL(LE(a, b) | NE(b, b), a, b)) FOLD_(min, SEL(LE(a, b) | NE(b, b), a, b)) HALVE_(min, SEL(LE(a, b) | NE(b, b), a, b))
TAKE_(sumsq, a + b * b)

/* Along rows: d = the sum, or the sum of squared distances from m, of `cols` rows of n elements that lie `stride` apart, one
   after the other.  Eight accumulators stay in registers; `ahead` fetches the row after the next three. */
#define ROWS_OF_(k, body)                                                                         \
    for (; i + (k - 1) * W < n; i += k * W) {                                                     \
        V s[k];                                                                                   \
        UNROLL_ALL for (int j = 0; j < k; j++)                                                    \
            s[j] = K(0);                                                                          \
        const T *x = (const T *)px + i;                                                           \
        for (long c = 0; c < cols; c++, x += stride) {                                            \
            if (ahead)                                                                            \
                UNROLL_ALL for (int j = 0; j < (k * W * (int)sizeof(T) + 63) / 64; j++)           \
                    __builtin_prefetch((const char *)(x + 4 * stride) + 64 * j);                  \
            UNROLL_ALL for (int j = 0; j < k; j++) {                                              \
                V a = LD(x + j * W);                                                              \
                s[j] += (body);                                                                   \
            }                                                                                     \
        }                                                                                         \
        UNROLL_ALL for (int j = 0; j < k; j++)                                                    \
            ST((T *)d + i + j * W, s[j]);                                                         \
    }
static void FN(rows_sum)(void *d, const void *px, const void *pm, i64 stride, long cols, long n, bool ahead)
{
    long i = 0;
    (void)pm;
    ROWS_OF_(8, a)
    ROWS_OF_(1, a)
}
static void FN(rows_spread)(void *d, const void *px, const void *pm, i64 stride, long cols, long n, bool ahead)
{
    long i = 0;
    const T *m = pm;
    ROWS_OF_(8, ({ V t = a - LD(m + i + j * W); t * t; }))
    ROWS_OF_(1, ({ V t = a - LD(m + i + j * W); t * t; }))
}
#undef ROWS_OF_

/* ---- storage: T_x from every class, and back; integers round halves away from zero, saturate, NaN is 0 */
#define D(NAME, ctype, ...)                                                               \
    KERNEL(CAT3(load, NAME, SFX))                                                         \
    {                                                                                     \
        (void)pb;                                                                         \
        T *restrict r = d;                                                                \
        const ctype *restrict x = pa;                                                     \
        for (long i = 0; i < n; i++)                                                      \
            r[i] = (T)x[i];                                                               \
        return 0;                                                                         \
    }
#include "dtypes.def"
#undef D

#undef LOOP
#undef A_
#undef B_
#undef AS_
#undef BS_
#undef STORE_
#undef ROWS_
#undef SUM_
#undef TAKE_
#undef HALVE_
#undef FOLD_
