/* SPDX-License-Identifier: BSD-3-Clause */
/* ew.h: elementwise programs: the inside of a plan.
 *
 * A program is straight-line code over slots; a slot is one block of elements in a *compute type*.  Operands are widened
 * to it by a conversion instruction (int8 computes as double, 64-bit integers as long double, which holds them exactly),
 * results are narrowed by another, and integers saturate after every op.  Logical results are bytes.
 *
 * Kernels work on whole vectors: they may read and write up to SPARE bytes beyond the n-th element.  They never fail or
 * allocate; they return 0, or 1 when some lane left the reals (perhaps a spare one: ew_run.c looks again), or 2 when a
 * NaN was to become a truth value. */
#ifndef TL_EW_H
#define TL_EW_H
#include "plan.h"

enum ew_type { T_D, T_F, T_B, T_L, T_C, T_G, EW_TYPES };   /* double, single, byte, long double, complex double, single */
static const uint8_t ew_size[EW_TYPES] = { 8, 4, 1, 16, 16, 8 };
enum ew_form { VV, VS, SV, ACC, EW_FORMS };   /* ACC: added to the 64 accumulators at d instead of stored; n a multiple of 64 */
typedef int ew_kernel(void *d, const void *a, const void *b, long n);

/* What a row's class means for the dtype of its result. */
enum ew_class {
    ARITH,                                    /* the promoted class; integers saturate */
    FLOAT,                                    /* floating: integers become double */
    KEEP,                                     /* as ARITH, but operands are brought to an integer class before, not after */
    PART,                                     /* as KEEP; real for complex operands */
    PARTF,                                    /* as FLOAT; real for complex operands */
    EXTREME,                                  /* as ARITH; logical stays logical */
    BITS,                                     /* as KEEP; logical stays logical */
    MAKEC,                                    /* complex, never narrowed */
    TEST,                                     /* logical, of numbers */
    BYTE                                      /* logical, of logicals */
};
struct ew_row { const char *name, *help; uint8_t args, class, domain, complex /* has a complex body */; };
extern const struct ew_row ew_rows[EW_OPS];

/* The kernels of one instruction set for double and single, and the few loops beside the rows. */
enum { TAKE_SUM, TAKE_PROD, TAKE_MAX, TAKE_MIN, TAKE_SUMSQ, TAKES };  /* how a reducer takes in elements */
struct ew_simd {
    const char *name;
    ew_kernel *k[EW_OPS][3][EW_FORMS];        /* T_D, T_F, T_B */
    ew_kernel *power_by[2];                   /* x .^ p, one p: the form of p is found once */
    ew_kernel *load[DTYPES][2];               /* from storage to T_D, T_F; slots of T_D, T_F, T_B are as double, single, logical */
    ew_kernel *truth[DTYPES];                 /* from storage to bytes 0 and 1 */
    ew_kernel *store[DTYPES];                 /* from T_D to storage; integers round and saturate */
    ew_kernel *saturate[DTYPES];              /* the same, staying in T_D */
    ew_kernel *copy[2];
    ew_kernel *take[TAKES][2];                /* d: 64 accumulators; n a multiple of 64 */
    ew_kernel *fold[TAKES][2];                /* d op= a, elementwise: for the tree and along rows */
    long (*count)(const void *bytes, long n); /* ones among n bytes */
};
extern const struct ew_simd ew_simd128, ew_simd256, ew_simd512;
extern const struct ew_simd *ew_simd;         /* the one in use */

/* long double and complex: plain C, compiled once; T_L, T_C, T_G in this order */
extern ew_kernel *const ew_plain[EW_OPS][3][3];
extern ew_kernel *const ew_load_plain[DTYPES][3], *const ew_store64[2], *const ew_saturate64[2];   /* of T_L: int64, uint64 */

/* ---- ew_run.c */
enum { EW_BLOCK = 1024, EW_MAX_BLOCK = 2048, EW_LEAVES = 16, EW_NODES = 64, EW_INS = 160, EW_SLOTS = 96, EW_BUFS = 12 };
extern int ew_block, ew_grain, ew_ahead;      /* for tests and measurements */

#endif
