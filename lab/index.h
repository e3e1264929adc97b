/* SPDX-License-Identifier: BSD-3-Clause */
/* index.h: reading x(i, j, …), x{…}, x.name.
 *
 * The one idea: an index becomes a run (first, step, n) or a list, never more than it must, and all indices of one
 * read or write become a *nest*: one loop per dimension over offsets in memory, neighbours that follow each other
 * merged.  Reading gathers a nest, writing scatters into one, so both know no shapes.  Ranges and colons stay runs.
 *
 * What the interpreter does for every element, `A(i)` and `A(i, j)` with double scalars, stands here inline. */
#ifndef TL_INDEX_H
#define TL_INDEX_H
#include "tensor.h"

/* ---- reading.  idx as written: numbers, ranges, masks, colon(), the text ":" */
value index_paren(value base, int n, const value *idx);              /* pooled; any kind but functions and objects */
int index_brace(value base, int n, const value *idx, value **list);  /* contents, borrowed, in a scratch array; the count */
const char *near_field(value v, const char *name);        /* the field or method that was meant; scratch, or NULL */
const char *field_meant(value v, const char *name);       /* what follows "no field 'name'" in an error, or "" */
int index_field(value base, sym name,
                value **list); /* s.name: one for each element of s; objects: one, through their class */
i64 index_end(value base, int k, int n);                             /* `end` in position k (from 0) of n */
struct tensor *index_alias(value base, int n, const value *idx); /* pooled header over base's elements when all indices
                                                                    are runs, else NULL: for reading at once */

/* ---- one index, checked */
struct ix {
    i64 n;                                    /* elements it selects */
    i64 first, step;                          /* from 0; used when list is NULL */
    const i64 *list;                          /* from 0; scratch */
    i64 extent;                               /* 1 + the largest */
    bool colon, mask;                         /* written as a colon; logical */
    value from;                               /* as written: its shape is the result's when it is the only index */
};
/* len: what a colon stands for.  k of n positions for messages; dims: of the thing indexed. */
void index_parse(struct ix *x, value v, i64 len, int k, int n);
static inline i64 ix_at(const struct ix *x, i64 i) { return x->list ? x->list[i] : x->first + i * x->step; }
int ix_shape(const struct ix *x, i64 *dim);                          /* as the only index: the shape it gives */
bool fold_strides(
    const struct tensor *t, int n,
    i64 *stride); /* those that n indices see; false: the last would fold what does not follow each other */
bool ix_is_all(const struct ix *x, i64 len);                         /* 0, 1, …, len-1 */
NORETURN void fail_bound(int k, int n, i64 i, i64 len, int nd, const i64 *dim);      /* i from 1 */

int index_shape_of_one(const struct ix *x, int nd, const i64 *dim,
                       i64 *to); /* the shape that the only index gives of something of size dim; nd */
int index_parse_read(struct ix *x, int n, const value *idx, int nd, const i64 *dim, i64 *len,
                     i64 *out); /* all of a read: sizes as seen, sizes of the result; its nd */

/* ---- nests */
struct nest {
    int nd;
    i64 numel, offset;                        /* elements */
    i64 n[MAX_DIMS], stride[MAX_DIMS];
    const i64 *list[MAX_DIMS];                /* NULL: 0, 1, …; offsets list[i] * stride */
};
void nest_of(struct nest *w, int n, const struct ix *x, const i64 *stride);          /* stride per index, in elements */
void nest_read(const struct nest *w, void *to, const void *from, size_t size);       /* gather into a dense run */
void nest_write(const struct nest *w, void *to, const void *from, size_t size);      /* scatter a dense run */
void nest_fill(const struct nest *w, void *to, const void *one, size_t size);        /* one element everywhere */
void fold_dims(int nd, const i64 *dim, int n, i64 *to);              /* sizes seen by n indices: the last folds the rest */
const i64 *nest_positions(const struct nest *w);                     /* the offsets themselves, scratch */

/* A header to read through at once: a window's is filled into *view, nothing is counted or pooled (but for numbers and
 * ranges). */
static inline struct tensor *tensor_see(value v, struct tensor *view)
{
    if (v.kind != K_WINDOW)
        return tensor_of(v);
    const struct window *w = v.w;
    *view = *w->base;
    view->nd = w->nd;
    view->flags = 0;
    view->numel = w->numel;
    view->dim = w->dim;
    view->stride = w->stride;
    view->data = window_data(w);
    return view;
}

/* The adjoint of index_paren: zeros shaped and classed like base, with g added where x(idx…) read; repeated indices add
 * up.  Pooled. */
value index_add(value base_like, int n, const value *idx, value g);

/* masks: bytes, not zero is true */
i64 count_true(const uint8_t *m, i64 n);
void mask_positions(double *to, const uint8_t *m, i64 i, i64 end,
                    i64 want); /* of the true ones from i on, counted from 1; there are `want` before end */

/* ---- elements of dense tensors by double scalars, as the machine reads them; false, NULL: take the general way */
static inline bool index_get1(value a, value i, value *out)
{
    if (unlikely(a.kind != K_TENSOR || i.tag != 0))
        return false;
    const struct tensor *t = a.t;
    double x = i.num;
    if (unlikely(!(x >= 1 && x <= (double)t->numel)))
        return false;
    i64 k = (i64)x;
    if (unlikely((double)k != x || !(t->flags & T_DENSE) || t->mark || t->device))
        return false;
    if (likely(t->dtype == D_DOUBLE)) {
        *out = num(((const double *)t->data)[k - 1]);
        return true;
    }
    if (t->dtype == D_LOGICAL) {
        *out = boolean(((const uint8_t *)t->data)[k - 1]);
        return true;
    }
    if (t->dtype == D_CHAR) {
        *out = num_of(D_CHAR, ((const uint8_t *)t->data)[k - 1]);
        return true;
    }
    return false;
}

/* dtype double, nd 2, flags dense, device 0 in one comparison: the four bytes begin at dtype */
static inline bool plain_matrix(const struct tensor *t)
{
    const uint8_t mask[4] = { 0xff, 0xff, T_DENSE, 0xff }, bytes[4] = { D_DOUBLE, 2, T_DENSE, 0 };
    uint32_t have, m, want;
    memcpy(&have, (const char *)t + offsetof(struct tensor, dtype), 4);
    memcpy(&m, mask, 4);
    memcpy(&want, bytes, 4);
    return (have & m) == want && !t->mark;
}
_Static_assert(offsetof(struct tensor, nd) == offsetof(struct tensor, dtype) + 1 &&
                   offsetof(struct tensor, version) == offsetof(struct tensor, dtype) + 4,
               "dtype, nd, flags, device side by side");
/* the element of a plain matrix, or NULL */
static inline double *element2(value a, value i, value j)
{
    if (unlikely(a.kind != K_TENSOR || (i.tag | j.tag) != 0))
        return NULL;
    struct tensor *t = a.t;
    if (unlikely(!plain_matrix(t)))
        return NULL;
    i64 k = (i64)i.num, l = (i64)j.num;
    uint64_t rows = (uint64_t)t->dim[0], cols = (uint64_t)t->dim[1];
    if (unlikely((uint64_t)k - 1 >= rows || (uint64_t)l - 1 >= cols || (double)k != i.num || (double)l != j.num))
        return NULL;
    return (double *)t->data + ((uint64_t)k - 1) + ((uint64_t)l - 1) * rows;
}
static inline double *element1(value a, value i)
{
    if (unlikely(a.kind != K_TENSOR || i.tag != 0))
        return NULL;
    struct tensor *t = a.t;
    i64 k = (i64)i.num;
    if (unlikely(!plain_matrix(t) || (uint64_t)k - 1 >= (uint64_t)t->numel || (double)k != i.num))
        return NULL;
    return (double *)t->data + (k - 1);
}

#endif
