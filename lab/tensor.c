/* SPDX-License-Identifier: BSD-3-Clause */
/* tensor.c: making, reshaping, converting and reading tensors; windows; sizes; classes.
 *
 * One maker, tensor_make, gets the header (with small data behind it) and the block; everything else goes through
 * it and puts the result into the pool.  Conversions go through double in chunks, by one load and one store row
 * per dtype, but for the 64-bit integers and complex numbers among themselves. */
#include "clones.h"
#include "context.h"
#include "ew.h"
#include "gpu.h"
#include "narrow.h"
#include <complex.h>
#include <math.h>

/* ---- shapes */
int dims_trim(int nd, const i64 *dim)
{
    while (nd > 2 && dim[nd - 1] == 1)
        nd--;
    return nd;
}

i64 dims_numel(int nd, const i64 *dim)
{
    i64 n = 1;
    for (int d = 0; d < nd; d++)
        if (dim[d] == 0)
            return 0;
    for (int d = 0; d < nd; d++)
        if (dim[d] < 0 || __builtin_mul_overflow(n, dim[d], &n) || n > (i64)1 << 62) {
            char s[128];
            fail("Octave:out-of-memory", "out of memory or dimension too large: a %s array has more than 2^62 elements",
                 dims_text(nd, dim, s));
        }
    return n;
}

bool dims_equal(int na, const i64 *a, int nb, const i64 *b)
{
    return na == nb && !memcmp(a, b, sizeof(i64) * na);
}

void dense_strides(int nd, const i64 *dim, i64 *stride)
{
    i64 s = 1;
    for (int d = 0; d < nd; d++) {
        stride[d] = s;
        s = (i64)((uint64_t)s * (uint64_t)dim[d]);      /* beside a zero size it may wrap */
    }
}

int first_long_dim(const struct tensor *t)
{
    for (int d = 0; d < t->nd; d++)
        if (t->dim[d] != 1)
            return d + 1;
    return 1;
}

const char *tensor_shape(const struct tensor *t, char buf[static 128])
{
    return dims_text(t->nd, t->dim, buf);
}

static bool is_dense(int nd, const i64 *dim, const i64 *stride)
{
    i64 s = 1;
    for (int d = 0; d < nd; d++) {
        if (dim[d] == 0)
            return true;
        if (dim[d] != 1 && stride[d] != s)
            return false;
        s = (i64)((uint64_t)s * (uint64_t)dim[d]);      /* beside a zero size it may wrap */
    }
    return true;
}

/* ---- making */
static struct tensor *header_fill(struct tensor *t, int dtype, int nd, const i64 *dim, i64 n)
{
    t->h = (struct object){ 1, 0 };
    t->dtype = (uint8_t)dtype;
    t->nd = (uint8_t)nd;
    t->flags = T_DENSE;
    t->small = 0;
    t->device = 0;
    t->version = 0;
    t->numel = n;
    t->block = NULL;
    t->mark = NULL;
    t->dim = t->inline_dim;
    t->stride = t->inline_stride;
    if (unlikely(nd > 4))
        return t;
    i64 s = 1;
    for (int d = 0; d < nd; d++) {
        t->inline_dim[d] = dim[d];
        t->inline_stride[d] = s;
        s = (i64)((uint64_t)s * (uint64_t)dim[d]);      /* beside a zero size it may wrap */
    }
    return t;
}

static void more_dims(struct tensor *t, int nd, const i64 *dim)       /* t is valid and small-empty until this succeeds */
{
    if (nd > MAX_DIMS)
        fail("tl:too-many-dimensions", "a tensor has at most %d dimensions, not %d", MAX_DIMS, nd);
    i64 *d = memory_get(2 * sizeof(i64) * nd);
    memcpy(d, dim, sizeof(i64) * nd);
    dense_strides(nd, dim, d + nd);
    t->dim = d;
    t->stride = d + nd;
}

struct tensor *tensor_make(int dtype, int nd, const i64 *dim)
{
    i64 n;
    if (likely(nd == 2 && (uint64_t)dim[0] < 1u << 30 && (uint64_t)dim[1] < 1u << 30)) {
        n = dim[0] * dim[1];
    } else {
        nd = dims_trim(nd, dim);
        n = dims_numel(nd, dim);
    }
    size_t bytes = (size_t)n * dtypes[dtype].size;
    if (n > ((i64)1 << 58))
        fail_memory((size_t)1 << 62);
    if (likely(bytes <= TENSOR_SMALL)) {
        unsigned units = (unsigned)(bytes + SPARE + 63) / 64;
        struct tensor *t = header_fill(memory_get(sizeof *t + units * 64), dtype, nd, dim, n);
        t->small = (uint8_t)(units & 15);
        t->data = (char *)(t + 1);
        if (unlikely(nd > 4)) {
            int mark = pool_mark();
            t->nd = 2;
            keep(tensor_box(t));
            more_dims(t, nd, dim);
            t->nd = (uint8_t)nd;
            t->h.owners++;
            pool_release(mark);
        }
        return t;
    }
    int mark = pool_mark();                   /* born empty and pooled, so that it goes when the rest fails */
    struct tensor *t = header_fill(memory_get(sizeof *t), dtype, 2, (i64[]){ 0, 0 }, 0);
    keep(tensor_box(t));
    struct block *b = t->block = block_new(bytes);
    if (unlikely(nd > 4))
        more_dims(t, nd, dim);
    else
        header_fill(t, dtype, nd, dim, n)->block = b;
    t->nd = (uint8_t)nd;
    t->numel = n;
    t->h.owners = 2;
    pool_release(mark);
    t->data = b->data;
    return t;
}

struct tensor *tensor_new(int dtype, int nd, const i64 *dim)
{
    struct tensor *t = tensor_make(dtype, nd, dim);
    keep(tensor_box(t));
    return t;
}

struct tensor *tensor_zeros(int dtype, int nd, const i64 *dim)
{
    struct tensor *t = tensor_new(dtype, nd, dim);
    bytes_zero(t->data, (size_t)t->numel * dtypes[dtype].size);
    return t;
}

struct tensor *tensor_on(struct block *b, int dtype, int nd, const i64 *dim)
{
    struct tensor *u = header_fill(memory_get(sizeof *u), dtype, 2, (i64[]){ 0, 0 }, 0);
    u->block = b;
    u->device = b->device;
    u->data = b->data;
    keep(tensor_box(u));
    if (nd > 4) {
        more_dims(u, nd, dim);
    } else {
        memcpy(u->dim, dim, sizeof(i64) * (size_t)nd);
        dense_strides(nd, dim, u->stride);
    }
    u->nd = (uint8_t)nd;
    u->numel = dims_numel(nd, dim);
    return u;
}

struct tensor *tensor_2d(int dtype, i64 rows, i64 cols)
{
    return tensor_new(dtype, 2, (i64[]){ rows, cols });
}

struct tensor *tensor_of_dims(int nd, const i64 *dim)
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, nd);
    for (int d = 0; d < nd; d++)
        ((double *)t->data)[d] = (double)dim[d];
    return t;
}

struct tensor *tensor_text(const char *s, size_t n)
{
    struct tensor *t = tensor_2d(D_CHAR, n ? 1 : 0, (i64)n);
    memcpy(t->data, s, n);
    return t;
}

/* A header on t's block.  Small data has no block: then the elements are gathered into a tensor of their own. */
struct tensor *tensor_alias(struct tensor *t, int nd, const i64 *dim, const i64 *stride, i64 offset)
{
    nd = dims_trim(nd, dim);
    i64 n = dims_numel(nd, dim);
    size_t size = dtypes[t->dtype].size;
    struct tensor *u;
    if (!t->block) {
        struct tensor view = *t;              /* a header on the stack, to gather from */
        i64 vd[MAX_DIMS], vs[MAX_DIMS];
        memcpy(vd, dim, sizeof(i64) * nd);
        memcpy(vs, stride, sizeof(i64) * nd);
        view.nd = (uint8_t)nd;
        view.numel = n;
        view.dim = vd;
        view.stride = vs;
        view.data = t->data + offset * (i64)size;
        view.flags = is_dense(nd, dim, stride) ? T_DENSE : 0;
        u = tensor_new(t->dtype, nd, dim);
        gather(&view, u->data);
        return u;
    }
    u = header_fill(memory_get(sizeof *u), t->dtype, 2, (i64[]){ 0, 0 }, 0);
    u->block = t->block;
    u->block->owners++;
    keep(tensor_box(u));
    if (nd > 4) {
        more_dims(u, nd, dim);
    } else {
        memcpy(u->dim, dim, sizeof(i64) * nd);
    }
    memcpy(u->stride, stride, sizeof(i64) * nd);
    u->nd = (uint8_t)nd;
    u->numel = n;
    u->device = t->device;
    u->data = t->data + offset * (i64)size;
    u->flags = is_dense(nd, dim, stride) ? T_DENSE : 0;
    return u;
}

struct tensor *tensor_reshape(struct tensor *t, int nd, const i64 *dim)
{
    i64 stride[MAX_DIMS];
    t = tensor_dense(t);
    nd = dims_trim(nd, dim);
    if (nd > MAX_DIMS)
        fail("tl:too-many-dimensions", "a tensor has at most %d dimensions, not %d", MAX_DIMS, nd);
    dense_strides(nd, dim, stride);
    struct tensor *u = tensor_alias(t, nd, dim, stride, 0);
    u->flags |= t->flags & T_DQ;
    return u;
}

struct tensor *tensor_clone(struct tensor *t)
{
    if (unlikely(t->device))
        return gpu_clone(t, t->dtype);
    struct tensor *u = tensor_new(t->dtype, t->nd, t->dim);
    gather(t, u->data);
    u->flags |= t->flags & T_DQ;
    return u;
}

/* The columns of a matrix that grew by rows (place_grow_rows) move together, where nobody else sees its memory. */
bool tensor_settle(struct tensor *t)
{
    struct block *b = t->block;
    if (t->nd != 2 || t->stride[0] != 1 || t->stride[1] <= t->dim[0] || t->h.pins || t->device || t->dim != t->inline_dim ||
        !b || b->owners != 1 || b->foreign)
        return false;
    size_t size = dtypes[t->dtype].size, column = (size_t)t->dim[0] * size;
    for (i64 j = 1; j < t->dim[1]; j++)
        memmove(t->data + (size_t)j * column, t->data + (size_t)(j * t->stride[1]) * size, column);
    dense_strides(2, t->dim, t->stride);
    t->flags |= T_DENSE;
    return true;
}
struct tensor *tensor_dense(struct tensor *t)
{
    return t->flags & T_DENSE ? t : tensor_clone(t);
}

struct tensor *tensor_transpose(struct tensor *t)
{
    i64 dim[2] = { t->dim[1], t->dim[0] }, stride[2] = { t->stride[1], t->stride[0] };
    return tensor_alias(t, 2, dim, stride, 0);
}

/* ---- reading with strides: runs along the first dimension, moved by element size */
#define MOVE(T)                                                                \
    static void move_##T(T *to, const T *from, i64 n, i64 s)                   \
    {                                                                          \
        for (i64 i = 0; i < n; i++)                                            \
            to[i] = from[i * s];                                               \
    }
typedef struct { uint64_t a, b; } uint128;
MOVE(uint8_t)
MOVE(uint16_t)
MOVE(uint32_t)
MOVE(uint64_t)
MOVE(uint128)

static void move_run(size_t size, void *to, const void *from, i64 n, i64 s)
{
    if (s == 1) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    switch (size) {
    case 1: move_uint8_t(to, from, n, s); break;
    case 2: move_uint16_t(to, from, n, s); break;
    case 4: move_uint32_t(to, from, n, s); break;
    case 8: move_uint64_t(to, from, n, s); break;
    default: move_uint128(to, from, n, s); break;
    }
}

void gather(const struct tensor *t, void *dst)
{
    size_t size = dtypes[t->dtype].size;
    if (!t->numel)
        return;
    if (t->flags & T_DENSE) {
        bytes_copy(dst, t->data, (size_t)t->numel * size);
        return;
    }
    i64 n[MAX_DIMS], s[MAX_DIMS] = { 0 }, at[MAX_DIMS] = { 0 }, step[MAX_DIMS], offset = 0;
    int nd = 0, u = 1;                        /* dimensions that lie behind each other are one */
    for (int d = 0; d < t->nd; d++) {
        if (nd && (t->dim[d] == 1 || t->stride[d] == s[nd - 1] * n[nd - 1]))
            n[nd - 1] *= t->dim[d];
        else
            n[nd] = t->dim[d], s[nd++] = t->stride[d];
    }
    if (nd == 1)
        n[1] = 1, s[1] = 0, nd = 2;
    for (int d = 0; d < nd; d++)
        step[d] = d ? step[d - 1] * n[d - 1] : 1;
    while (s[0] != 1 && u < nd && s[u] != 1)  /* planes of the first dimension and of that in which elements are neighbours */
        u++;
    u = u < nd ? u : 1;
    char *to = dst;
    for (;;) {                                /* plane by plane */
        const char *plane = t->data + offset * (i64)size;
        if (s[0] != 1 && s[u] == 1)
            turn_plane(size, to, step[u], plane, s[0], n[0], n[u]);
        else
            for (i64 j = 0; j < n[1]; j++)
                move_run(size, to + j * n[0] * (i64)size, plane + j * s[1] * (i64)size, n[0], s[0]);
        int d = 1;
        for (; d < nd; d++) {
            if (d == u)
                continue;
            offset += s[d], to += step[d] * (i64)size;
            if (++at[d] < n[d])
                break;
            offset -= n[d] * s[d], to -= n[d] * step[d] * (i64)size;
            at[d] = 0;
        }
        if (d >= nd)
            return;
    }
}

i64 tensor_offset(const struct tensor *t, i64 i)
{
    if (t->flags & T_DENSE)
        return i;
    i64 o = 0;
    for (int d = 0; d < t->nd - 1; d++) {
        o += i % t->dim[d] * t->stride[d];
        i /= t->dim[d];
    }
    return o + i * t->stride[t->nd - 1];
}

/* ---- conversion */
#define ROUNDED(name, T, lo, hi)                                               \
    static inline T to_##name(double x)                                        \
    {                                                                          \
        x = round(x);                                                          \
        return x != x ? 0 : x <= lo ? (T)lo : x >= hi ? (T)hi : (T)x;          \
    }
ROUNDED(INT8, int8_t, -128., 127.)
ROUNDED(INT16, int16_t, -32768., 32767.)
ROUNDED(INT32, int32_t, -2147483648., 2147483647.)
ROUNDED(UINT8, uint8_t, 0., 255.)
ROUNDED(UINT16, uint16_t, 0., 65535.)
ROUNDED(UINT32, uint32_t, 0., 4294967295.)
#define to_CHAR to_UINT8
static inline int64_t to_INT64(double x)
{
    x = round(x);
    return x != x ? 0 : x >= 0x1p63 ? INT64_MAX : x < -0x1p63 ? INT64_MIN : (int64_t)x;
}
static inline uint64_t to_UINT64(double x)
{
    x = round(x);
    return x != x || x <= 0 ? 0 : x >= 0x1p64 ? UINT64_MAX : (uint64_t)x;
}
static inline uint8_t to_LOGICAL(double x) { return x != 0; }
static inline double to_DOUBLE(double x) { return x; }
static inline float to_SINGLE(double x) { return (float)x; }
static inline double _Complex to_CDOUBLE(double x) { return x; }
static inline float _Complex to_CSINGLE(double x) { return (float)x; }

#define D(name, T, ...)                                                        \
    static void load_##name(double *to, const void *from, i64 n)               \
    {                                                                          \
        const T *x = from;                                                     \
        for (i64 i = 0; i < n; i++)                                            \
            to[i] = (double)x[i];                                              \
    }                                                                          \
    static void store_##name(void *to, const double *from, i64 n)              \
    {                                                                          \
        T *y = to;                                                             \
        for (i64 i = 0; i < n; i++)                                            \
            y[i] = to_##name(from[i]);                                         \
    }
#include "dtypes.def"
#undef D
static const struct {
    void (*load)(double *, const void *, i64);
    void (*store)(void *, const double *, i64);
} convert[DTYPES] = {
#define D(name, ...) [D_##name] = { load_##name, store_##name },
#include "dtypes.def"
#undef D
};

#define EIGHTS(NAME, ...) CLONES static void eights_##NAME(void *to, const double *from, i64 n) { narrow_##NAME(to, from, n); }
NARROW(EIGHTS)
#undef EIGHTS
static void (*const whole_eights[DTYPES])(void *, const double *, i64) = {
#define ROW(NAME, ...) [D_##NAME] = eights_##NAME,
NARROW(ROW)
#undef ROW
};

double saturate(int dtype, double x)
{
    switch (dtype) {
#define D(name, ...) case D_##name: return (double)to_##name(x);
#include "dtypes.def"
#undef D
    }
    return x;
}

static void convert_complex(int to, void *dst, int from, const void *src, i64 n)     /* both complex */
{
    for (i64 i = 0; i < n; i++) {
        double _Complex z = from == D_CDOUBLE ? ((const double _Complex *)src)[i] : ((const float _Complex *)src)[i];
        if (to == D_CDOUBLE)
            ((double _Complex *)dst)[i] = z;
        else
            ((float _Complex *)dst)[i] = (float _Complex)z;
    }
}

void convert_run(int to, void *dst, int from, const void *src, i64 n)
{
    if (n == 0)
        return;
    if (to == from) {
        memcpy(dst, src, (size_t)n * dtypes[to].size);
    } else if (dtype_is(to, DT_C) && dtype_is(from, DT_C)) {
        convert_complex(to, dst, from, src, n);
    } else if (to == D_INT64 && from == D_UINT64) {
        for (i64 i = 0; i < n; i++)
            ((int64_t *)dst)[i] = (int64_t)MIN(((const uint64_t *)src)[i], (uint64_t)INT64_MAX);
    } else if (to == D_UINT64 && from == D_INT64) {
        for (i64 i = 0; i < n; i++)
            ((uint64_t *)dst)[i] = (uint64_t)MAX(((const int64_t *)src)[i], 0);
    } else {
        double x[512];
        i64 first = 0;
        bool plain = !dtype_is(from, DT_C);
        if (plain && (to == D_DOUBLE || (to == D_SINGLE && from != D_INT64 && from != D_UINT64))) {        /* whole vectors */
            first = n & ~(i64)63;
            if (first)
                ew_simd->load[from][to == D_SINGLE](dst, src, NULL, first);
        }
        for (i64 i = first; i < n; i += COUNT(x)) {
            i64 m = MIN(n - i, COUNT(x)), eights = whole_eights[to] ? m & ~(i64)7 : 0;
            const double *v = from == D_DOUBLE ? (const double *)src + i : x;
            char *y = (char *)dst + i * dtypes[to].size;
            if (v == x && plain && m == COUNT(x))
                ew_simd->load[from][0](x, (const char *)src + i * dtypes[from].size, NULL, m);
            else if (v == x)
                convert[from].load(x, (const char *)src + i * dtypes[from].size, m);
            if (eights)
                whole_eights[to](y, v, eights);
            convert[to].store(y + eights * dtypes[to].size, v + eights, m - eights);
        }
    }
}

struct tensor *tensor_cast(struct tensor *t, int dtype)
{
    if (t->dtype == dtype)
        return t;
    if (unlikely(t->device))
        return gpu_clone(t, dtype);
    t = tensor_dense(t);
    struct tensor *u = tensor_new(dtype, t->nd, t->dim);
    convert_run(dtype, u->data, t->dtype, t->data, t->numel);
    return u;
}

struct tensor *tensor_narrow(struct tensor *t)
{
    if (!dtype_is(t->dtype, DT_C) || t->device)
        return t;
    t = tensor_dense(t);
    for (i64 i = 0; i < t->numel; i++)
        if (t->dtype == D_CDOUBLE ? cimag(((double _Complex *)t->data)[i]) != 0 : cimagf(((float _Complex *)t->data)[i]) != 0)
            return t;
    for (i64 i = 0; i < t->numel; i++)        /* NaN parts count as non-zero */
        if (t->dtype == D_CDOUBLE ? isnan(cimag(((double _Complex *)t->data)[i]))
                                  : isnan(cimagf(((float _Complex *)t->data)[i])))
            return t;
    return tensor_cast(t, dtype_real(t->dtype));
}

/* ---- between values and tensors */
static struct tensor *box_number(value v)
{
    struct tensor *t = tensor_2d(v.dtype, 1, 1);
    if (v.dtype == D_INT64 || v.dtype == D_UINT64)
        memcpy(t->data, &v.i, 8);
    else
        convert[v.dtype].store(t->data, &v.num, 1);
    return t;
}

struct tensor *tensor_of(value v)
{
    switch (v.kind) {
    case K_TENSOR:
        if (unlikely(v.t->device))
            gpu_door(v);
        return v.t;
    case K_NUM: return box_number(v);
    case K_WINDOW: {
        struct tensor *b = v.w->base;
        if (unlikely(b->device))
            gpu_door(v);
        if (unlikely(RECORDING != NULL)) {
            RECORDING->window(&v);
            if (v.kind == K_TENSOR)
                return v.t;
        }
        return tensor_alias(b, v.w->nd, v.w->dim, v.w->stride, v.w->offset);
    }
    case K_RANGE: {
        struct tensor *t = tensor_2d(D_DOUBLE, 1, v.range->n);
        double *x = (double *)t->data;
        const struct range *r = v.range;
        for (i64 i = 0; i < r->n; i++)
            x[i] = r->base + (double)i * r->inc;
        if (r->n)
            x[0] = r->base;
        if (r->n > 1)
            x[r->n - 1] = range_at(r, r->n - 1);
        return t;
    }
    default: {
        char d[160];
        fail("Octave:undefined-function", "a %snumeric, logical or char array is needed here, not a %s%s",
             v.kind == K_SPARSE ? "full " : "", value_describe(v, d),
             v.kind == K_SPARSE ? "\nhint: full(S) is the full matrix" : "");
    }
    }
}

value element_value(const struct tensor *t, i64 i)
{
    const char *p = t->data + tensor_offset(t, i) * dtypes[t->dtype].size;
    if (t->dtype == D_DOUBLE)
        return num(*(const double *)p);
    if (t->dtype == D_INT64 || t->dtype == D_UINT64) {
        value v = num_of(t->dtype, 0);
        memcpy(&v.i, p, 8);
        return v;
    }
    if (dtype_is(t->dtype, DT_C)) {
        struct tensor *z = tensor_2d(t->dtype, 1, 1);
        memcpy(z->data, p, dtypes[t->dtype].size);
        return tensor_value(tensor_narrow(z));
    }
    double x;
    convert[t->dtype].load(&x, p, 1);
    return num_of(t->dtype, x);
}

double element_double(const struct tensor *t, i64 i)
{
    double x;
    convert[t->dtype].load(&x, t->data + tensor_offset(t, i) * dtypes[t->dtype].size, 1);
    return x;
}

value tensor_value(struct tensor *t)
{
    if (t->numel == 1 && t->nd == 2 && !t->h.pins && !t->mark && !dtype_is(t->dtype, DT_C) && !t->device)
        return element_value(t, 0);
    return tensor_box(t);
}

int value_dtype(value v)
{
    switch (v.kind) {
    case K_NUM: return v.dtype;
    case K_TENSOR: return v.t->dtype;
    case K_WINDOW: return v.w->base->dtype;
    default: return D_DOUBLE;
    }
}

/* ---- writing */
void warn_left(struct tensor *base)
{
    base->flags &= (uint8_t)~T_LEFT & 15;
    warn("tl:nn", "these are parameters that a network had before it was changed: what is written here does not reach "
                  "it; call getParameters() again");
}

void own_block_spare(struct tensor *t, i64 numel)
{
    size_t size = dtypes[t->dtype].size;
    bool dense = t->flags & T_DENSE, room;
    if (!t->block) {
        room = (size_t)numel * size + SPARE <= t->small * (size_t)64;
    } else {
        size_t from = (size_t)(t->data - t->block->data);
        room = t->block->owners == 1 && from + (size_t)numel * size <= t->block->bytes;
    }
    if (dense && room && !t->device)
        return;
    if (unlikely(t->device)) {
        gpu_own(t, numel);
        return;
    }
    struct block *b = block_new((size_t)MAX(numel, t->numel) * size);
    gather(t, b->data);
    if (t->block)
        block_drop(t->block);
    t->block = b;
    t->data = b->data;
    dense_strides(t->nd, t->dim, t->stride);
    t->flags |= T_DENSE;
}

void own_block(struct tensor *t)
{
    if (!(t->flags & T_DENSE) || (t->block && t->block->owners > 1))
        own_block_spare(t, t->numel);
}

/* ---- windows */
value window_new(struct tensor *base, i64 offset, int nd, const i64 *dim, const i64 *stride)
{
    nd = dims_trim(nd, dim);
    i64 n = dims_numel(nd, dim);
    i64 *d = NULL;
    struct window *w = memory_get(sizeof *w);
    if (nd > 4) {                             /* born whole and pooled, so that it goes if this fails */
        w->h = (struct object){ 1, 0 };
        w->base = base;
        w->dim = w->inline_dim;
        base->h.pins++;
        value self = keep(object_value(K_WINDOW, w));
        d = memory_get(2 * sizeof(i64) * nd);
        self.o->owners++;
        pool_release(pool_mark() - 1);
        base->h.pins--;
    }
    *w = (struct window){
        .h.owners = 1, .nd = (uint8_t)nd, .born = context_head()->generation, .offset = offset, .numel = n, .base = base
    };
    w->dim = d ? d : w->inline_dim;
    w->stride = d ? d + nd : w->inline_stride;
    memcpy(w->dim, dim, sizeof(i64) * nd);
    memcpy(w->stride, stride, sizeof(i64) * nd);
    base->h.pins++;
    return keep(object_value(K_WINDOW, w));
}

/* ---- classes */
int promote(int a, int b)
{
    bool ia = dtype_is(a, DT_I), ib = dtype_is(b, DT_I);
    if (ia && ib)
        return a == b ? a : -1;
    if (ia || ib) {
        int other = ia ? b : a;
        return dtype_is(other, DT_C) ? -1 : ia ? a : b;
    }
    bool cplx = dtype_is(a, DT_C) || dtype_is(b, DT_C);
    bool single = dtype_real(a) == D_SINGLE || dtype_real(b) == D_SINGLE;
    return cplx ? (single ? D_CSINGLE : D_CDOUBLE) : single ? D_SINGLE : D_DOUBLE;
}

int promote_cat(int a, int b)
{
    if (a == b)
        return a;
    if (a == D_CHAR || b == D_CHAR)
        return D_CHAR;
    if (dtype_is(a, DT_I))                    /* the first integer class wins */
        return a;
    if (dtype_is(b, DT_I))
        return b;
    return promote(a, b);
}

int dtype_named(const char *class)
{
    for (int d = 0; d < DTYPES; d++)
        if (!strcmp(dtypes[d].class, class))
            return d;
    return -1;
}
