/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.h: trees of elementwise and matrix operators, made once by the compiler, run many times.
 *
 * A plan is the largest tree of operators and elementwise functions of an expression, its nodes in postorder, the
 * root last.  It is untyped: at the first run with given dtypes and classes of its leaves (number, same size, column,
 * row, other) it is cut into elementwise programs (ew.h) and calls of matrix functions, and kept under that key.
 * Whatever is fused, the bits are those of op by op.
 *
 * Rows of ops.def are numbered EW_plus, EW_sin, …; rows of reduce.def RED_sum, …; every row is also a builtin. */
#ifndef TL_PLAN_H
#define TL_PLAN_H
#include "call.h"

enum ew_op {
#define OP(name, ...) EW_##name,
#include "ops.def"
    EW_OPS
};
enum reduce_op {
#define RED(name, ...) RED_##name,
#include "reduce.def"
    RED_OPS
};
enum matrix_op { MX_MTIMES, MX_MRDIVIDE, MX_MLDIVIDE, MX_MPOWER, MX_CTRANSPOSE, MX_TRANSPOSE, MX_OPS };

enum plan_kind {
    PN_LEAF,   /* a = register */
    PN_NUM,    /* num = a constant scalar (any real class; a complex one is a boxed 1x1) */
    PN_OP,     /* op = row of ops.def; a, b = nodes */
    PN_MATRIX, /* op = enum matrix_op; a, b = nodes; elementwise when a side is a scalar */
    PN_REDUCE  /* op = row of reduce.def, root only; a = node, b = node of the dim argument or -1 */
};
struct plan_node {
    uint8_t kind;
    uint8_t dies; /* LEAF: the register is a temporary at its last use, or the old value of x in x = x + 1 */
    uint16_t op;
    int32_t a, b;                             /* b is -1 where there is none */
    value num;
};

struct plan;
/* The nodes are copied; boxed constants are copy()'d.  Any number of nodes and leaves. */
struct plan *plan_new(int n, const struct plan_node *node);
void plan_free(struct plan *p);

/* Runs p.  Leaves are read from reg[node.a] (borrowed).  A leaf that dies may be taken over at the commit point; then
   reg[a] is NIL afterwards.  The result is owned by the caller (not pooled).  A failure sets failure()->node. */
value plan_run(struct plan *p, value *reg);
/* The same; the result may be written over `into`, one of the leaves (or NULL), whose memory nobody else reads any more. */
value plan_run_into(struct plan *p, value *reg, struct tensor *into);

/* One row on values; pooled result.  nargin is checked against the row (n-ary plus, times, and, or, max … included). */
value ew_apply(int op, int nargin, const value *arg);

/* One matrix operator on values; pooled.  Elementwise when a side is a scalar, else matrix_ops. */
value matrix_apply(int op, value a, value b);
extern const struct matrix_row {
    const struct builtin *fn;
    value (*run)(value a, value b);
} matrix_ops[MX_OPS]; /* linalg's */

/* Reduction of x along dim (0: the first that is not 1); pooled. */
value reduce_apply(int op, value x, int dim);
/* sumsq(x - mean(x, dim), dim) of a real x, with the same bits; pooled. */
value reduce_spread(value x, int dim);

/* Scalars, for the machine: the bits of the vector kernels.  *ok is set false when the result leaves the reals
   (or the row is not for doubles): then the value means nothing and ew_apply must be called. */
double ew_scalar1(int op, double x, bool *ok);
double ew_scalar2(int op, double x, double y, bool *ok);
bool ew_scalar_logical(int op);               /* the row's result is logical (isnan, lt …) */

/* What the compiler asks: the row of a name called with nargin arguments, or -1. */
int ew_find(sym name, int nargin);
int reduce_find(sym name,
                int nargin); /* sum(x), sum(x, dim) … : rows that may stand at the root of a plan; nargin 1 or 2 */
const char *ew_name(int op);
int ew_args(int op);                          /* 1 or 2 */
bool ew_real_of_complex(int op);              /* abs, real, imag, arg */

/* Set by the registry when a user function of that name is visible anywhere: then the machine resolves the name. */
extern uint8_t ew_shadowed[EW_OPS], reduce_shadowed[RED_OPS];

/* Every row as a builtin, with arity, help and code, for registry.c. */
extern const struct builtin ew_builtins[], reduce_builtins[];
extern const int ew_builtin_count, reduce_builtin_count;

/* ---- threads: loops above a measured size run on this many; default: cores */
extern int ew_threads;

/* for (i = from; i < to; i += step) body, by all threads if it is worth that.  Not OpenMP's own `if`: a region of one thread
   costs a microsecond, as much as a find or a mask of ten elements does in all. */
#define EACH_PART(i, from, to, step, worth, ...)                                                 \
    do {                                                                                         \
        if (worth) {                                                                             \
            _Pragma("omp parallel for schedule(static) num_threads(ew_threads)")                 \
            for (i64 i = from; i < to; i += step) { __VA_ARGS__ }                                \
        } else {                                                                                 \
            for (i64 i = from; i < to; i += step) { __VA_ARGS__ }                                \
        }                                                                                        \
    } while (0);

/* ---- looking inside */
value plan_text(const struct plan *p);        /* the listing that code(@(x) …) prints; char row, pooled */
int plan_nodes(const struct plan *p, const struct plan_node **node);

/* ---- derivatives (ew_grad.c).  The backward plan of p for the leaf at node `want`: reads the same registers, the
   gradient of the result from register g and the result itself from register y.  It has the size of what the leaf's
   gradient is made of: the caller adds up where the leaf was broadcast and repeats where a reducer had joined.  NULL:
   no gradient (comparisons, rounding).  It is a plan like any other and can be differentiated again.  p has no matrix
   operators. */
struct plan *plan_grad(const struct plan *p, int want, int g, int y, const value *reg);

#endif
