/* SPDX-License-Identifier: BSD-3-Clause */
/* narrow.h: doubles to integers, eight at a time: halves away from zero, NaN to 0, what is beyond to the limits.
 *
 * Between the limits the conversion itself cuts, as trunc does.  gcc makes jumps of the same written for one number. */
#ifndef TL_NARROW_H
#define TL_NARROW_H
#include <stdint.h>
#ifdef __AVX512DQ__
#include <immintrin.h>
#endif

typedef double narrow_d __attribute__((vector_size(64)));
typedef double narrow_u __attribute__((vector_size(64), aligned(8), may_alias));
typedef int64_t narrow_by_int64_t __attribute__((vector_size(64)));
typedef int32_t narrow_by_int32_t __attribute__((vector_size(32)));
#define NARROW_CHOOSE(m, a, b) \
    ((narrow_d)(((narrow_by_int64_t)(a) & (narrow_by_int64_t)(m)) | ((narrow_by_int64_t)(b) & ~(narrow_by_int64_t)(m))))
static inline __attribute__((always_inline)) void narrow_within(narrow_d *r, const double *p, double low, double high)
{
#ifdef __AVX512DQ__                           /* what the vectors below say, without masks that become lanes and lanes masks */
    __m512d x = _mm512_loadu_pd(p);
    x = _mm512_add_pd(x, _mm512_or_pd(_mm512_and_pd(x, _mm512_set1_pd(-0.0)), _mm512_set1_pd(0.49999999999999994)));
    x = _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(x, x, _CMP_ORD_Q), x);
    *r = (narrow_d)_mm512_min_pd(_mm512_max_pd(x, _mm512_set1_pd(low)), _mm512_set1_pd(high));
#else
    narrow_d v = *(const narrow_u *)p, l = low - (narrow_d){0}, h = high - (narrow_d){0};
    v += (narrow_d)(((narrow_by_int64_t)v & INT64_MIN) | (narrow_by_int64_t)(0.49999999999999994 - (narrow_d){0}));
    v = NARROW_CHOOSE(v == v, v, (narrow_d){0});
    v = NARROW_CHOOSE(v < l, l, v);
    *r = NARROW_CHOOSE(v > h, h, v);
#endif
}

/* NARROW(DO): DO(class, its C type, the one to convert by, limits).  narrow_CLASS writes whole eights: up to seven more
 * than n. */
#define NARROW(DO)                                               \
    DO(INT8, int8_t, int32_t, -128.0, 127.0)                     \
    DO(INT16, int16_t, int32_t, -32768.0, 32767.0)               \
    DO(INT32, int32_t, int32_t, -2147483648.0, 2147483647.0)     \
    DO(UINT8, uint8_t, int32_t, 0.0, 255.0)                      \
    DO(UINT16, uint16_t, int32_t, 0.0, 65535.0)                  \
    DO(UINT32, uint32_t, int64_t, 0.0, 4294967295.0)
#define NARROW_ONE(NAME, ctype, by, low, high)                                                                   \
    static inline __attribute__((always_inline)) void narrow_##NAME(void *to, const void *from, long n)          \
    {                                                                                                            \
        typedef ctype some __attribute__((vector_size(8 * sizeof(ctype)), aligned(1), may_alias));               \
        for (long i = 0; i < n; i += 8) {                                                                        \
            narrow_d v;                                                                                          \
            narrow_within(&v, (const double *)from + i, low, high);                                              \
            *(some *)((ctype *)to + i) = __builtin_convertvector(__builtin_convertvector(v, narrow_by_##by), some); \
        }                                                                                                        \
    }
NARROW(NARROW_ONE)
#undef NARROW_ONE

#endif
