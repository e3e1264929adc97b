/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels.c: the inner loops of convolution for one instruction set; compiled once for each (VARIANT 128, 256, 512; see
 * module.mk), with products contracted into fused multiply-adds where the machine has them.
 *
 * A block of sums lives in registers: outputs x vectors of places for the convolution, outputs x taps for the weights'
 * gradient.  With 32 registers a block has up to 24 sums, so that two multiply-adds a cycle have their operands: 11 loads
 * for 24 of them.  The sums of one output are added in the order of the taps whatever the block, so results do not depend
 * on how work is split. */
#include "nn/kernels.h"
#if defined __x86_64__
#include <immintrin.h>
#else
#undef VARIANT
#define VARIANT 128
#endif
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
#define VB (VARIANT / 8)
#define INLINE static inline __attribute__((always_inline))
#define CAT_(a, b) a##_##b
#define CAT(a, b) CAT_(a, b)
#define CAT3_(a, b, c) a##_##b##_##c
#define CAT3(a, b, c) CAT3_(a, b, c)
#define GLUE_(a, b) a##b
#define GLUE(a, b) GLUE_(a, b)

/* Outputs in a block, and vectors of places for so many outputs: about 24 sums in 32 registers, 12 in 16. */
#if VARIANT == 512
enum { MOST = 8, MOST_TAPS = 6, MOST_ROWS = 4 };
#define PLACES_1 8
#define PLACES_2 8
#define PLACES_3 6
#define PLACES_4 6
#define PLACES_5 4
#define PLACES_6 4
#define PLACES_7 3
#define PLACES_8 3
#define WITH_WIDE(X) X(5) X(6) X(7) X(8)
#else
enum { MOST = 4, MOST_TAPS = 3, MOST_ROWS = 3 };
#define PLACES_1 6
#define PLACES_2 4
#define PLACES_3 3
#define PLACES_4 3
#define WITH_WIDE(X)
#endif
#define PLACES(g) GLUE(PLACES_, g)

#define T float
#define I int32_t
#define S F
#include "nn/kernels_body.h"
#define T double
#define I int64_t
#define S D
#include "nn/kernels_body.h"

#define TABLE(v) GLUE(nn_kernels, v)
const struct nn_kernels TABLE(VARIANT) = {
    .name = VARIANT == 512 ? "AVX-512" : VARIANT == 256 ? "AVX2" : "plain",
    .conv = { { VB / 8, MOST, forward_D, weight_D, sum_D }, { VB / 4, MOST, forward_F, weight_F, sum_F } },
    .columns = { columns_D, columns_F },
#if VARIANT > 128
    .product = { { VB / 8, tiles_D, panel_D }, { VB / 4, tiles_F, panel_F } },
#endif
};
