/* SPDX-License-Identifier: BSD-3-Clause */
/* tensor.h: rectangles of numbers, and windows on them.
 *
 * A tensor is a header (dtype, sizes, strides in elements, data) and either small data behind the header or a
 * counted block, which other tensors may share (copy on write).  Values share blocks; windows point to the
 * tensor they were taken of and read its `data` afresh, so they see every write and every new block.
 * A tensor that is pinned (has windows) is column-major and starts where its data does.
 *
 * Reading code asks for a plain header with `tensor_of(v)`: a scalar is boxed, a window becomes a header on the
 * same block with the window's strides, a range is laid out.  Code that cannot do with strides asks for
 * `tensor_dense(t)`. */
#ifndef TL_TENSOR_H
#define TL_TENSOR_H
#include "value.h"

struct block {
    uint32_t owners;
    uint8_t device, foreign;
    uint16_t class;                           /* size class of the caching allocator */
    size_t bytes;                             /* usable, SPARE not counted */
    char *data;                               /* 64-byte aligned */
    void (*dispose)(struct block *b);         /* foreign memory; NULL: ours */
};
struct block *
block_new(size_t bytes); /* not pooled, one owner; large ones are held against the memory that is free, then fail */
void block_drop(struct block *b);

enum { T_DQ = 1 /* text from a "double-quoted" literal */, T_DENSE = 2 /* column-major without gaps */,
       T_LEFT = 4 /* a network held its parameters here and has left: see window_left */ };

struct tensor {
    struct object h;
    uint8_t dtype, nd, flags : 4, small : 4,
        device; /* small: what stands behind the header, in steps of 64 bytes, SPARE included */
    uint32_t version;                         /* counts writes: the tape compares it */
    i64 numel;
    struct block *block;                      /* NULL: the data is what stands behind the header */
    char *data;
    i64 *dim, *stride;                        /* nd each; inline up to 4 dimensions */
    void *mark;                               /* the tape's; NULL: not tracked */
    i64 inline_dim[4], inline_stride[4];
};
enum { TENSOR_SMALL = 448 };                  /* bytes of data that may stand behind the header */
_Static_assert(sizeof(struct tensor) == 128, "small data must be 64-byte aligned");

struct window {
    struct object h;
    uint8_t nd, device;
    uint32_t born;                            /* the tape's generation at birth */
    i64 offset, numel;                        /* elements */
    struct tensor *base;
    i64 *dim, *stride, inline_dim[4], inline_stride[4];
};

/* A window that is about to be written: warns, once, when it shows all of a base that a network has left, for what is
 * written would train nothing. */
void warn_left(struct tensor *base);
static inline void window_left(const struct window *w)
{
    if (unlikely(w->base->flags & T_LEFT) && w->numel == w->base->numel)
        warn_left(w->base);
}

/* ---- making; pooled unless it says `make`.  Trailing singleton dimensions are dropped, nd >= 2.  Data is not set but
 * by zeros. */
struct tensor *tensor_new(int dtype, int nd, const i64 *dim);
struct tensor *tensor_zeros(int dtype, int nd, const i64 *dim);
struct tensor *tensor_on(struct block *b, int dtype, int nd,
                         const i64 *dim); /* over all of b, whose one owner it takes over; nd as dims_trim leaves it */
struct tensor *tensor_2d(int dtype, i64 rows, i64 cols);
struct tensor *tensor_of_dims(int nd, const i64 *dim);       /* sizes as a row of doubles */
struct tensor *tensor_make(int dtype, int nd,
                           const i64 *dim); /* one owner, not pooled: for the evaluator and the machine */
struct tensor *tensor_text(const char *s, size_t n);                 /* 1 x n char (0 x 0 for n = 0) */
struct tensor *tensor_alias(struct tensor *t, int nd, const i64 *dim, const i64 *stride, i64 offset);
/* pooled value with these sizes and strides over t's data (shares the block; small data is gathered) */
struct tensor *tensor_reshape(struct tensor *t, int nd, const i64 *dim);   /* pooled; the same block when t is dense */
struct tensor *tensor_clone(struct tensor *t);                       /* pooled, dense, memory of its own */
struct tensor *tensor_dense(struct tensor *t);                       /* t itself when column-major without gaps */
/* Makes t itself dense where it can: for who has no address and no stride of t in hand. */
bool tensor_settle(struct tensor *t);
struct tensor *
tensor_cast(struct tensor *t,
            int dtype); /* t itself when it is that; rounds and saturates; to real drops the imaginary part */
struct tensor *tensor_narrow(struct tensor *t);                      /* complex with all imaginary parts zero: real; else t */
struct tensor *tensor_transpose(struct tensor *t);                   /* 2-d, strides only, not conjugated */

/* ---- between values and tensors */
struct tensor *tensor_of(value v); /* see above; fails unless numeric, logical or char, and of this device: gpu.h */
static inline bool is_tensor_like(value v) { return v.kind == K_NUM || (v.kind >= K_RANGE && v.kind <= K_WINDOW); }
value tensor_value(struct tensor *t); /* a real 1x1 without pins and mark becomes a scalar; borrowed like t */
static inline value tensor_box(struct tensor *t) { return (value){ .kind = K_TENSOR, .t = t }; }
int value_dtype(value v);                                            /* dtype of a tensor-like value */

/* ---- elements, for code where speed is not the point; i from 0, column-major */
double element_double(const struct tensor *t, i64 i);                /* real part */
value element_value(const struct tensor *t, i64 i);                  /* scalar; a complex one is a pooled 1x1 */
i64 tensor_offset(const struct tensor *t, i64 i);                    /* elements from data */
void convert_run(int to, void *dst, int from, const void *src, i64 n);   /* dense runs; rounds, saturates */
void gather(const struct tensor *t, void *dst);                      /* all elements, column-major, same dtype */
void turn_plane(size_t size, void *to, i64 r, const void *from, i64 s, i64 rows,
                i64 cols);                             /* to[i + j*r] = from[i*s + j]; turn.c */
void bytes_copy(void *to, const void *from, size_t n); /* memcpy and clearing, large pieces on all threads; bytes.c */
void bytes_zero(void *to, size_t n);
double saturate(int dtype, double x);                                /* as a store would leave it */

/* ---- writing: these make a place ready, LANGUAGE.md section 1.  They may allocate and fail, and change nothing
 * visible if they do. */
struct tensor *
own_tensor(value *slot);          /* the slot alone holds its (boxed) tensor; a scalar is boxed, a range laid out */
void own_block(struct tensor *t); /* nobody else on its block: data may be written; compacts a strided t */
void own_block_spare(struct tensor *t, i64 numel); /* the same, dense, with room for numel elements in all */
struct cell *own_cell(value *slot);
struct record *own_record(value *slot);

/* ---- windows */
value window_new(struct tensor *base, i64 offset, int nd, const i64 *dim,
                 const i64 *stride); /* pooled; base has one owner and is dense; it gets a pin */
static inline char *window_data(const struct window *w) { return w->base->data + w->offset * dtypes[w->base->dtype].size; }

/* ---- shapes */
int dims_trim(int nd, const i64 *dim);                               /* nd without trailing singletons, at least 2 */
i64 dims_numel(int nd, const i64 *dim);                              /* fails when the product passes 2^62 */
bool dims_equal(int na, const i64 *a, int nb, const i64 *b);
void dense_strides(int nd, const i64 *dim, i64 *stride);
int first_long_dim(const struct tensor *t);                          /* 1-based: the first dimension that is not 1, else 1 */
const char *tensor_shape(const struct tensor *t, char buf[static 128]);

/* ---- classes */
int promote(int a, int b); /* of an arithmetic operator; -1: two different integer classes */
int promote_cat(int a, int b);                                       /* of [a, b] */
int dtype_named(const char *class);                                  /* "int8" … ; -1 */
static inline int dtype_complex(int dt) { return dt == D_SINGLE || dt == D_CSINGLE ? D_CSINGLE : D_CDOUBLE; }
static inline int dtype_real(int dt) { return dt == D_CSINGLE ? D_SINGLE : dt == D_CDOUBLE ? D_DOUBLE : dt; }

#endif
