/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_simd.c: the vector kernels of one instruction set; compiled once for each (VARIANT 128, 256, 512; see module.mk).
 *
 * The bodies stand in ops.def; ew_vec.h says what they mean in vectors, ew_body.h makes the loops.  Vector mathematics
 * is SLEEF's bit-identical family: `finz` where there is FMA, so AVX2 and AVX-512 give the same bits; plain x86-64 has
 * `cinz`, whose last bits may differ.  Machines that are not x86-64 compile the same bodies as plain C. */
#include "lab/ew.h"
#define LANE double
#include "lab/ew_lanes.h"
#include "lab/narrow.h"
#if defined __x86_64__
#include <immintrin.h>
#include <sleef.h>
#define VECTOR 1
#else
#include <tgmath.h>
#define VECTOR 0
#undef VARIANT
#define VARIANT 128
#endif

#define CAT_(a, b) a##_##b
#define CAT(a, b) CAT_(a, b)
#define CAT3_(a, b, c) a##_##b##_##c
#define CAT3(a, b, c) CAT3_(a, b, c)
#define GLUE_(a, b) a##b
#define GLUE(a, b) GLUE_(a, b)
#ifdef __clang__
#define UNROLL_4 _Pragma("clang loop unroll_count(4)")
#define UNROLL_ALL _Pragma("clang loop unroll(full)")
#else
#define UNROLL_4 _Pragma("GCC unroll 4")
#define UNROLL_ALL _Pragma("GCC unroll 64")
#endif
typedef uint8_t bytes64 __attribute__((vector_size(64), aligned(1), may_alias));

#if VECTOR && VARIANT == 512
#define VB 64
#define GATHER_MASKS
#define MASK_D __mmask8
#define MASK_F __mmask16
#define XD __m512d
#define XF __m512
#define IN_D(op) _mm512_##op##_pd
#define IN_F(op) _mm512_##op##_ps
#define SL_D(f, u) Sleef_finz_##f##d8_##u##avx512f
#define SL_F(f, u) Sleef_finz_##f##f16_##u##avx512f
#define PUT_D(d, m) _mm_storel_epi64((__m128i *)(d), _mm_maskz_set1_epi8((m), 1))
#define PUT_F(d, m) _mm_storeu_si128((__m128i *)(d), _mm_maskz_set1_epi8((m), 1))
#elif VECTOR && VARIANT == 256
#define VB 32
#define XD __m256d
#define XF __m256
#define IN_D(op) _mm256_##op##_pd
#define IN_F(op) _mm256_##op##_ps
#define SL_D(f, u) Sleef_finz_##f##d4_##u##avx2
#define SL_F(f, u) Sleef_finz_##f##f8_##u##avx2
#define PUT_D(d, m) ({ uint32_t w_ = _pdep_u32((unsigned)_mm256_movemask_pd((__m256d)(m)), 0x01010101u); memcpy(d, &w_, 4); })
#define PUT_F(d, m) ({ uint64_t w_ = _pdep_u64((unsigned)_mm256_movemask_ps((__m256)(m)), 0x0101010101010101ull); memcpy(d, &w_, 8); })
#elif VECTOR
#define VB 16
#define XD __m128d
#define XF __m128
#define IN_D(op) _mm_##op##_pd
#define IN_F(op) _mm_##op##_ps
#define SL_D(f, u) Sleef_cinz_##f##d2_##u##sse2
#define SL_F(f, u) Sleef_cinz_##f##f4_##u##sse2
#define SL00_D(f) Sleef_##f##d2_sse2
#define SL00_F(f) Sleef_##f##f4_sse2
#define PUT_D(d, m) ({ int m_ = _mm_movemask_pd((__m128d)(m)); uint16_t w_ = (uint16_t)((m_ & 1) | (m_ & 2) << 7); memcpy(d, &w_, 2); })
#define PUT_F(d, m) ({ __m128i m_ = _mm_packs_epi32((__m128i)(m), (__m128i)(m)); \
    uint32_t w_ = (uint32_t)_mm_cvtsi128_si32(_mm_packs_epi16(m_, m_)) & 0x01010101u; memcpy(d, &w_, 4); })
#else
#define VB 0
#define PUT_D(d, m) (*(uint8_t *)(d) = (uint8_t)(m))
#define PUT_F PUT_D
#endif

/* ---- double */
#define T double
#define SFX D
#define IS_DOUBLE 1
#define ITYPE int64_t
#define EPS_ 0x1p-52
#define W (VB ? VB / 8 : 1)
#define X XD
#define IN(op) IN_D(op)
#define SL(f) SL_D(f, u10)
#define SL05(f) SL_D(f, u05)
#define SL15(f) SL_D(f, u15)
#define SL00(f) SL00_D(f)
#define PUT(d, m) PUT_D(d, m)
#include "lab/ew_vec.h"
#include "lab/ew_body.h"
#include "lab/ew_vec_end.h"

/* ---- single */
#define T float
#define SFX F
#define IS_DOUBLE 0
#define ITYPE int32_t
#define EPS_ 0x1p-23f
#define W (VB ? VB / 4 : 1)
#define X XF
#define IN(op) IN_F(op)
#define SL(f) SL_F(f, u10)
#define SL05(f) SL_F(f, u05)
#define SL15(f) SL_F(f, u15)
#define SL00(f) SL00_F(f)
#define PUT(d, m) PUT_F(d, m)
#include "lab/ew_vec.h"
#include "lab/ew_body.h"
#include "lab/ew_vec_end.h"

/* a ./ b with y = 1 ./ b at hand.  a*y is wrong by at most 2 units in the last place; the first step makes it one of
   the two neighbours of the quotient, and then the second gives the nearest (Markstein's theorem; P. Markstein,
   Computation of elementary functions on the IBM RISC System/6000, 1990): the same bits as the division, in a third of
   its time.  What is 0 or far from 1 is divided. */
#if VECTOR && VARIANT == 512
KERNEL(by_column)
{
    const double *x = pa, *z = pb, *r = (const double *)((const char *)pb + EW_BESIDE);
    const __m512d low = _mm512_set1_pd(0x1p-900), high = _mm512_set1_pd(0x1p900);
    for (long i = 0; i < n; i += 8) {
        __m512d a = _mm512_loadu_pd(x + i), b = _mm512_loadu_pd(z + i), y = _mm512_loadu_pd(r + i), m = _mm512_abs_pd(a), q;
        __mmask8 good = _mm512_mask_cmp_pd_mask(
            _mm512_mask_cmp_pd_mask(_mm512_cmp_pd_mask(m, low, _CMP_GE_OQ), m, high, _CMP_LE_OQ), y, y, _CMP_ORD_Q);
        if (__builtin_expect(good == 0xFF, 1)) {
            q = _mm512_mul_pd(a, y);
            q = _mm512_fmadd_pd(_mm512_fnmadd_pd(b, q, a), y, q);
            q = _mm512_fmadd_pd(_mm512_fnmadd_pd(b, q, a), y, q);
        } else {
            q = _mm512_div_pd(a, b);
        }
        _mm512_storeu_pd((double *)d + i, q);
    }
    return 0;
}
#define BY_COLUMN by_column
#else
#define BY_COLUMN NULL
#endif

/* ---- bytes, 0 or 1, 64 at a time */
#define BV(p) (*(const bytes64 *)((const char *)(p) + i))
#define LOOP for (long i = 0; i < n; i += 64)
#define BYTE1(name, body, ...) KERNEL(name##_B) { (void)pb; LOOP { bytes64 a = BV(pa); *(bytes64 *)((char *)d + i) = (body); } return 0; }
#define BYTE2(name, body, ...)                                                                                                  \
    KERNEL(name##_B) { LOOP { bytes64 a = BV(pa), b = BV(pb); *(bytes64 *)((char *)d + i) = (body); } return 0; }               \
    KERNEL(name##_B_vs) { uint8_t b = *(const uint8_t *)pb; LOOP { bytes64 a = BV(pa); *(bytes64 *)((char *)d + i) = (body); } return 0; } \
    KERNEL(name##_B_sv) { uint8_t a = *(const uint8_t *)pa; LOOP { bytes64 b = BV(pb); *(bytes64 *)((char *)d + i) = (body); } return 0; }
#define OP1(...)
#define OP2(...)
#define TEST1(...)
#define TEST2(...)
#define ALIAS(...)
#include "ops.def"
#undef LOOP

static long count(const void *p, long n)
{
    const uint8_t *x = p;
    long s = 0, i = 0;
#if VECTOR && VARIANT == 512
    __m512i v = _mm512_setzero_si512();
    for (; i + 64 <= n; i += 64)
        v = _mm512_add_epi64(v, _mm512_sad_epu8(_mm512_loadu_si512(x + i), _mm512_setzero_si512()));
    s = _mm512_reduce_add_epi64(v);
#elif VECTOR && VARIANT == 256
    __m256i v = _mm256_setzero_si256();
    for (; i + 32 <= n; i += 32)
        v = _mm256_add_epi64(v, _mm256_sad_epu8(_mm256_loadu_si256((const void *)(x + i)), _mm256_setzero_si256()));
    long part[4];                             /* copied, not cast: a long may not alias a vector of long long */
    memcpy(part, &v, sizeof part);
    s = part[0] + part[1] + part[2] + part[3];
#endif
    for (; i < n; i++)
        s += x[i];
    return s;
}

/* ---- storage */
#define D(NAME, ctype, ...)                                                               \
    KERNEL(truth_##NAME)                                                                  \
    {                                                                                     \
        (void)pb;                                                                         \
        uint8_t *restrict r = d;                                                          \
        const ctype *restrict x = pa;                                                     \
        int nan = 0;                                                                      \
        for (long i = 0; i < n; i++) {                                                    \
            nan |= x[i] != x[i];                                                          \
            r[i] = x[i] != 0;                                                             \
        }                                                                                 \
        return nan ? 2 : 0;                                                               \
    }
#include "dtypes.def"
#undef D

#define STORE_INT(NAME, ctype, by, low, high)                                             \
    KERNEL(store_##NAME) { (void)pb; narrow_##NAME(d, pa, n); return 0; }                 \
    KERNEL(sat_##NAME)                                                                    \
    {                                                                                     \
        (void)pb;                                                                         \
        for (long i = 0; i < n; i += 8) {                                                 \
            narrow_d v;                                                                   \
            narrow_within(&v, (const double *)pa + i, low, high);                         \
            *(narrow_u *)((double *)d + i) = __builtin_convertvector(__builtin_convertvector(v, narrow_by_##by), narrow_d); \
        }                                                                                 \
        return 0;                                                                         \
    }
NARROW(STORE_INT)
#include "lab/ew_whole.h"
KERNEL(copy_D) { (void)pb; memmove(d, pa, (size_t)n * 8); return 0; }
KERNEL(copy_F) { (void)pb; memmove(d, pa, (size_t)n * 4); return 0; }

#define SECOND(name, T)                                                    \
    KERNEL(name)                                                           \
    {                                                                      \
        (void)pb;                                                          \
        T *restrict r = d;                                                 \
        const T *restrict x = pa;                                          \
        for (long i = 0; i < n; i++)                                       \
            r[i] = x[2 * i];                                               \
        return 0;                                                          \
    }
SECOND(second_D, double)
SECOND(second_F, float)

#define NAME_(v) GLUE(ew_simd, v)
const struct ew_simd NAME_(VARIANT) = {
    .name = VARIANT == 512 ? "AVX-512" : VARIANT == 256 ? "AVX2" : VECTOR ? "SSE2" : "plain",
    .count = count,
    .k = {
#define ACC_ARITH(n, s) [ACC] = n##_##s##_acc
#define ACC_PART ACC_ARITH
#define ACC_FLOAT(n, s) [ACC] = NULL
#define ACC_KEEP ACC_FLOAT
#define ACC_PARTF ACC_FLOAT
#define ACC_EXTREME ACC_FLOAT
#define ACC_BITS ACC_FLOAT
#define ACC_MAKEC ACC_FLOAT
#define OP1(n, class, ...) [EW_##n] = { { [VV] = n##_D, [SS] = n##_D_ss, ACC_##class(n, D) }, { [VV] = n##_F, [SS] = n##_F_ss, ACC_##class(n, F) } },
#define OP2(n, class, ...) [EW_##n] = { { n##_D, n##_D_vs, n##_D_sv, n##_D_ss, ACC_##class(n, D) }, { n##_F, n##_F_vs, n##_F_sv, n##_F_ss, ACC_##class(n, F) } },
#define TEST1(n, ...) [EW_##n] = { { [VV] = n##_D, [SS] = n##_D_ss }, { [VV] = n##_F, [SS] = n##_F_ss } },
#define TEST2(n, ...) [EW_##n] = { { n##_D, n##_D_vs, n##_D_sv, n##_D_ss }, { n##_F, n##_F_vs, n##_F_sv, n##_F_ss } },
#define BYTE1(n, ...) [EW_##n] = { [T_B] = { n##_B } },
#define BYTE2(n, ...) [EW_##n] = { [T_B] = { n##_B, n##_B_vs, n##_B_sv } },
#define ALIAS(...)
#include "ops.def"
    },
    .power_by = { power_by_D_vs, power_by_F_vs },
    .quotient_of = { quotient_of_D_sv, quotient_of_F_sv },
    .by_column = BY_COLUMN,
    .load = {
#define D(N, ...) [D_##N] = { load_##N##_D, load_##N##_F },
#include "dtypes.def"
#undef D
    },
    .truth = {
#define D(N, ...) [D_##N] = truth_##N,
#include "dtypes.def"
#undef D
    },
    .store = {
        [D_DOUBLE] = copy_D, [D_SINGLE] = load_DOUBLE_F, [D_INT8] = store_INT8, [D_INT16] = store_INT16, [D_INT32] = store_INT32,
        [D_UINT8] = store_UINT8, [D_UINT16] = store_UINT16, [D_UINT32] = store_UINT32,
    },
    .saturate = {
        [D_INT8] = sat_INT8, [D_INT16] = sat_INT16, [D_INT32] = sat_INT32,
        [D_UINT8] = sat_UINT8, [D_UINT16] = sat_UINT16, [D_UINT32] = sat_UINT32,
    },
    .whole = { WHOLE(WHOLE_ROWS) },
    .copy = { copy_D, copy_F },
    .second = { second_D, second_F },
    .take = { { take_sum_D, take_sum_F }, { take_prod_D, take_prod_F }, { take_max_D, take_max_F }, { take_min_D, take_min_F },
              { take_sumsq_D, take_sumsq_F } },
    .fold = { { fold_sum_D, fold_sum_F }, { fold_prod_D, fold_prod_F }, { fold_max_D, fold_max_F }, { fold_min_D, fold_min_F },
              { fold_sum_D, fold_sum_F } },
    .rows_sum = { rows_sum_D, rows_sum_F },
    .rows_spread = { rows_spread_D, rows_spread_F },
    .halve = { { halve_sum_D, halve_sum_F }, { halve_prod_D, halve_prod_F }, { halve_max_D, halve_max_F }, { halve_min_D, halve_min_F },
               { halve_sum_D, halve_sum_F } },
};
