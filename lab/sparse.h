/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse.h: matrices of which only the elements that are not zero are kept, column by column.
 *
 * Column j has the entries col[j] … col[j + 1] - 1; row[k] is the row (from 0) of entry k and x its value.  What always
 * holds: rows rise within a column, no entry stands twice, none is zero.  The three parts are plain tensors, so what
 * keeps the pattern (2 * S, abs(S)) shares col and row, and the values are computed by the elementwise programs that
 * full matrices use: the same bits, every class and complex numbers for nothing.
 *
 * A sparse matrix never changes: an assignment makes a new one in its place.  Classes are double, complex and logical. */
#ifndef TL_SPARSE_H
#define TL_SPARSE_H
#include "call.h"
#include "plan.h"

struct sparse {
    struct object h;
    uint8_t dtype;                            /* DOUBLE, CDOUBLE or LOGICAL: of x */
    i64 m, n, nz, room;                       /* room: what spalloc asked for; nzmax tells */
    value part[6]; /* boxed: col (n + 1 int64), row (nz int64), x (nz); then what sparse_times.c keeps, or 0 */
    int8_t finite;                            /* 1, -1: it is, it is not; 0: nobody has looked */
    uint8_t way;                              /* how products go: sparse_times.c */
    bool wants_tiles;
    i64 half, lo, hi;
};
static inline i64 *sparse_col(const struct sparse *s) { return (i64 *)s->part[0].t->data; }
static inline i64 *sparse_row(const struct sparse *s) { return (i64 *)s->part[1].t->data; }
static inline void *sparse_x(const struct sparse *s) { return s->part[2].t->data; }
static inline double *sparse_d(const struct sparse *s) { return (double *)s->part[2].t->data; }
static inline struct tensor *sparse_values(const struct sparse *s) { return s->part[2].t; }
static inline size_t sparse_size(const struct sparse *s) { return dtypes[s->dtype].size; }

/* ---- making; pooled */
struct sparse *sparse_new(int dtype, i64 m, i64 n, i64 nz);          /* parts not set */
struct sparse *sparse_zeros(int dtype, i64 m, i64 n);
struct sparse *sparse_with(const struct sparse *like,
                           struct tensor *x); /* the pattern of like with these values; zeros are dropped */
void sparse_shorten(struct sparse *s, i64 nz);                       /* a new one keeps its first nz entries */
struct sparse *sparse_tidy(struct sparse *s);                        /* a new one loses its zeros; returns it */
struct sparse *sparse_of_full(struct tensor *t);
struct sparse *sparse_triplets(int dtype, i64 m, i64 n, i64 nz, const i64 *i, const i64 *j, const void *x,
                               bool last); /* i, j from 0; doubles added up, or the last counts */
struct sparse *sparse_clean(struct sparse *s);                       /* of the same class, real when all is */
struct tensor *sparse_full(const struct sparse *s);                  /* dense, column-major */
struct tensor *sparse_full_as(const struct sparse *s, int dtype);
struct sparse *sparse_cast(struct sparse *s, int dtype);
struct sparse *sparse_turn(const struct sparse *s, bool conj);       /* transposed */
struct sparse *sparse_arg(struct call *c, int i);                    /* a matrix in either form */
struct sparse *sparse_of(value v);                                   /* the same of a value that is one */
value sparse_full_value(value v);                                    /* sparse: full; all else as it is; pooled */
static inline value sparse_value(struct sparse *s) { return object_value(K_SPARSE, s); }
static inline struct sparse *sparse_see(value v) { return (struct sparse *)v.o; }
i64 sparse_find(const struct sparse *s, i64 i, i64 j);               /* the entry, or -1 - the place where it would stand */
void sparse_check(const struct sparse *s, bool *good);               /* of parts that came from a file */
value sparse_from_parts(value m, value n, value col, value row, value x);    /* pooled; NIL: they make no sparse matrix */
double _Complex sparse_at(const struct sparse *s, i64 k);

/* ---- operators and functions; values in, pooled values out */
bool sparse_among(int n, const value *v);
value sparse_elementwise(int op, int nargin, const value *arg);
value sparse_matrix(int op, value a, value b);
bool sparse_takes_turned(value s, value x);   /* is S' * x a product that sparse_turned_times does? */
value sparse_turned_times(value s, bool conj, value x);
bool sparse_all_finite(const struct tensor *t);               /* double or complex */
bool sparse_finite(struct sparse *s);         /* the same of its entries, once found out */
struct tensor *sparse_times_full(struct sparse *s, bool turn, struct tensor *x);     /* S * X or S.' * X, sizes fit; pooled */
value sparse_reduce(int op, value x, int dim);
bool sparse_call(
    struct call *c); /* a builtin with a sparse argument: true when sparse.def has a row for it and it is done */

/* ---- indices */
value sparse_index(value s, int n, const value *idx);
value sparse_mask_positions(value v);         /* a sparse index becomes a full one */
void sparse_assign(value *slot, int n, const value *idx, value rhs);
value sparse_rows_cols(struct sparse *s, const i64 *rows, i64 nrows, const i64 *cols, i64 ncols);    /* NULL: all */
value sparse_elements(struct sparse *s, const i64 *at, i64 p, i64 q);        /* s(at), p x q */
value sparse_reshape(struct sparse *s, i64 m, i64 n);
value sparse_cat(int dim, i64 m, i64 n, int count, const value *v, const bool *takes_part);
void sparse_print(value v, const char *name);
i64 sparse_bytes(const struct sparse *s);
bool sparse_equal(value a, value b);

/* ---- solving (sparse_solve.c) */
value sparse_solve(value a, value b);         /* a \ b, one of them sparse, no scalars */

#endif
