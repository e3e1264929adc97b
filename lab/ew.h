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
enum ew_form {
    VV,
    VS,
    SV,  /* which operands are vectors */
    SS,  /* none: one vector of equal lanes, so the bits are those of a vector's lane */
    ACC, /* VV, added to the 64 accumulators at d instead of stored; n a multiple of 64 */
    EW_FORMS
};
typedef int ew_kernel(void *d, const void *a, const void *b, long n);
typedef void ew_along(void *d, const void *x, const void *m, i64 stride, long rows, long n, bool ahead);

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
    ew_kernel *quotient_of[2];                /* s ./ x */
    ew_kernel
        *by_column; /* a ./ b of doubles, 1 ./ b standing EW_BESIDE bytes behind b (NaN: not to be used); NULL: none */
    ew_kernel *load[DTYPES][2]; /* from storage to T_D, T_F; slots of T_D, T_F, T_B are as double, single, logical */
    ew_kernel *truth[DTYPES];                 /* from storage to bytes 0 and 1 */
    ew_kernel *store[DTYPES];                 /* from T_D to storage; integers round and saturate */
    ew_kernel *saturate[DTYPES];              /* the same, staying in T_D */
    ew_kernel *whole[EW_OPS][DTYPES][3];      /* VV, VS, SV on integers as they are stored (ew_whole.h), or NULL */
    ew_kernel *copy[2], *second[2];           /* second: every second element of a, n of them, none beyond */
    ew_kernel *take[TAKES][2];                /* d: 64 accumulators; n a multiple of 64 */
    ew_kernel *fold[TAKES][2];                /* d op= a, elementwise: for the tree and along rows */
    ew_kernel *halve[TAKES][2];               /* the 64 accumulators at d become the one at d */
    ew_along *rows_sum[2],
        *rows_spread[2]; /* sums, and sums of squared distances from m, of rows `stride` elements apart */
    long (*count)(const void *bytes, long n); /* ones among n bytes */
};
extern const struct ew_simd ew_simd128, ew_simd256, ew_simd512;
extern const struct ew_simd *ew_simd;         /* the one in use */
int simd_bits(void); /* 128, 256 or 512: the widest that was built, the processor has and TL_SIMD allows */

/* long double and complex: plain C, compiled once; T_L, T_C, T_G in this order */
extern ew_kernel *const ew_plain[EW_OPS][3][3];
extern ew_kernel *const ew_parts[EW_OPS][2]; /* of T_C, T_G: instead of the row's, where vectors do it; else NULL */
extern ew_kernel *const ew_load_plain[DTYPES][3], *const ew_store64[2], *const ew_saturate64[2];   /* of T_L: int64, uint64 */
extern ew_kernel *const ew_from_long[EW_TYPES];

/* ---- a program: what a plan, or a piece of it, becomes for given dtypes and classes of its leaves */
enum { EW_LEAVES = 16, EW_NODES = 64, EW_INS = 128, EW_CELLS = 96, EW_BUFS = 12, EW_OUT = EW_CELLS + EW_BUFS, EW_SLOTS };
enum ew_leaf_class {
    LC_NUM,        /* one element: a cell of 64 bytes */
    LC_VEC,        /* the size of the result, dense: read in place */
    LC_COL,        /* equal to leading dimensions of the result, then 1: laid out once with wrap-around */
    LC_ROW,        /* 1 in leading dimensions, then equal */
    LC_ANY,        /* other strides, foreign memory */
    LC_RANGE,      /* a range the size of the result */
    LC_COMPLEX = 8 /* added: is to be taken as complex */
};
struct ew_ins {
    ew_kernel *k;
    uint8_t d, a, b;                          /* slots: cells of numbers, then buffers, then the result */
    uint8_t sa, sb;                           /* bytes of an element of a, b; 0: a number */
    uint8_t node;
    uint8_t flag; /* 1: may leave the reals; 2: NaN is no truth value; 0: what the kernel says does not count */
};
struct ew_prog {
    uint64_t key[2];
    struct ew_prog *next;
    enum { EW_NEW, EW_FUSED, EW_CUT, EW_STEPS } mode;
    uint8_t nleaf, nvec, nscalar, nins, nnum, first_buf, nbuf;
    uint8_t vec[EW_LEAVES], class[EW_LEAVES],
        size[EW_LEAVES];                      /* leaves that are no numbers; of all: class, bytes an element */
    uint8_t home[EW_LEAVES];                  /* of numbers: the type their cell is written in */
    uint8_t root, root_type, root_dtype;      /* slot, type and dtype of the result */
    uint16_t weight;                          /* of an element: operands, cheap ops 1, functions 6; 0.1 to 0.2 ns each */
    uint8_t shift;                            /* bytes of the widest element, as a power of two: sets the block */
    bool domain, all_numbers, in_place;       /* in_place: no leaf needs a buffer */
    uint8_t red;                              /* row of reduce.def + 1, or 0 */
    uint8_t take;                             /* TAKE_…, or TAKES: count of bytes */
    uint8_t quotient;                         /* 1 + the instruction that divides by a column, or 0: see by_column */
    ew_kernel *acc;                           /* the last instruction as ACC form, or NULL */
    ew_kernel *after;                         /* reducer: from T_D or T_F to the result's dtype, or NULL */
    struct ew_ins ins[EW_INS];
    char *cell;                               /* constants, 64 bytes each; EW_CUT: see plan.c */
    struct cut *cut;
};
/* ---- a plan (plan.c), and how it is given types (plan_build.c) */
struct plan {
    int n, nleaf, red;                        /* red: row + 1 */
    bool big;                                 /* too large for one program */
    bool one;                                 /* a single op on leaves: every compute type is allowed */
    bool product;                             /* one matrix operator on two leaves: A * b, A \ b */
    struct tensor *into;                      /* where the result of the next run may lie: plan_run_into */
    int *origin;                              /* numbers of the nodes in the plan this one was cut from */
    struct ew_prog *last, *progs;
    struct plan_node *node;
    int leaf[EW_LEAVES];                      /* nodes of the leaves, in order */
};

struct cut {                                  /* steps in order; each makes the value of one node */
    int n, room;
    struct { int node; struct plan *plan; } step[];       /* plan NULL: a matrix operator on earlier nodes */
};
struct ew_prog *plan_specialise(struct plan *p, struct ew_prog *g,
                                const uint64_t *key); /* g: a place to use again, or NULL */
void prog_empty(struct ew_prog *g);
struct ew_typing {
    uint8_t out, type, pre, saturate;
}; /* dtype of the result; compute type; class operands are brought to before, or 255 */
bool ew_typing(int op, int a, int b,
               struct ew_typing *t); /* of a row on these dtypes; false: they do not mix, or no complex numbers there */
int ew_compute_type(int dtype);
void ew_home_cell(char *cell, int home, value v);

enum { EW_WIDEST = 8192 };                    /* bytes of a buffer: no block is longer */
enum { EW_BESIDE = (1 << 16) + 17 * 64 };     /* no multiple of a page, where the caches' sets repeat */
struct ew_leaf {                              /* what a run knows of a leaf */
    const char *base;
    i64 period;                               /* COL, ROW */
    const i64 *dim, *stride;                  /* ANY */
    const struct range *range;
    int nd;
};
struct ew_job {
    const struct ew_prog *p;
    i64 n;                                    /* elements of the (unreduced) result */
    char *out;
    bool tail;                                /* the result may not be written past its end */
    bool whole;                               /* the result lies over an operand: Ctrl-C waits until it is whole */
    const char *cells;
    struct ew_leaf leaf[EW_LEAVES];
    i64 inner, len, outer;                    /* of a reducer */
};
/* These return 0, or flag | node << 8, or one of EW_NO_MEMORY, EW_STOPPED (Ctrl-C): then the caller sees to its values and
   calls ew_stop, which fails. */
enum { EW_NO_MEMORY = 3, EW_STOPPED = 4 };
void ew_stop(int code);
int ew_run(struct ew_job *j);                 /* into j->out */
int ew_reduce(struct ew_job *j); /* into j->out: outer x inner results in the reducer's compute type (T_D or T_F) */
struct spread { struct ew_job j; int type; };
int ew_spread(struct spread *s); /* of the dense j.leaf[0].base, T_D or T_F, inner > 1: sumsq(x - mean(x, dim), dim) */
extern bool ew_fused;                         /* false: everything op by op */
extern int ew_block, ew_grain, ew_ahead; /* bytes a block (0: by the program), weight that a thread is worth, prefetch;
                                            for tests and measurements */

/* reduce.c: sizes of the result of a row of reduce.def, and how the elements lie: outer x len x inner.
   False: the result is the (empty) operand's size. */
struct along { int nd; i64 dim[MAX_DIMS], inner, len, outer; };
bool reduce_along(int op, int nd, const i64 *dim, int d, struct along *a);
int reduce_class(int op, int dtype);
/* plan.c */
const char *ew_sign(int op);                  /* "+", … or NULL */
value ew_op(int op, int nargin, const value *arg);        /* as ew_apply without n-ary forms; owned */
NORETURN void ew_fail_dims(int op, value a, value b);
int ew_cells(const struct plan *p, const struct ew_prog *g, const value *reg, char *cells);
struct plan *ew_reducer(int op, bool dim);
struct plan *ew_deviation(void);              /* sumsq(x - m, dim) */

/* reduce.c */
value ew_reduced(struct plan *p, struct ew_prog *g, struct ew_job *j, const value *reg, int nd, const i64 *dim,
                 int along, int *bad);
int reduce_dim(int op, value v);
enum { IDENTITY, NONZERO, UNEQUAL0 };         /* columns of reduce.def */
enum { AFTER_NONE, AFTER_ANY, AFTER_ALL, AFTER_MEAN };
struct reduce_row { const char *name, *help; uint8_t map, take /* TAKES: bytes are counted */, after; };
extern const struct reduce_row reduce_rows[RED_OPS];

#endif
