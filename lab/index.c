/* SPDX-License-Identifier: BSD-3-Clause */
/* index.c: reading x(i, j, …), x{…}, x.name.
 *
 * An index is checked once (`index_parse`) and becomes a run or a list of positions from 0.  The indices of one read,
 * with the strides of what is indexed, become a nest: loops whose innermost is a memcpy, a strided copy or a gather.
 * Dimensions of one element vanish and neighbours that follow each other in memory are merged, so A(:,3) is one memcpy
 * and A(:,:,2:4) too.  Kernels exist per element size, not per class. */
#include "index.h"
#include "clones.h"
#include "nearest.h"
#include "tape.h"
#include "call.h"
#include "gpu.h"
#include "sparse.h"
#include "plan.h"
#include <math.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

/* ---- messages */

static void position(char *s, size_t size, int k, int n, const char *what)    /* "(_,what,_)" */
{
    size_t at = (size_t)snprintf(s, size, "(");
    for (int i = 0; i < n && at < size - 48; i++)
        at += (size_t)snprintf(s + at, size - at, "%s%s", i ? "," : "", i == k ? what : "_");
    snprintf(s + at, size - at, ")");
}

void fail_bound(int k, int n, i64 i, i64 len, int nd, const i64 *dim)
{
    char at[256], what[32], shape[128];
    snprintf(what, sizeof what, "%lld", (long long)i);
    position(at, sizeof at, k, n, what);
    fail("Octave:index-out-of-bounds", "\1%s: out of bound %lld (dimensions are %s)%s", at, (long long)len,
         dims_text(nd, dim, shape),
         len == 0 && n == 1 ? "\nhint: \1 is empty: it has no elements; isempty(\1) asks for that" : "");
}

NORETURN static void fail_index(int k, int n, double x)
{
    char at[256], what[40];
    snprintf(what, sizeof what,
             isnan(x)                          ? "NaN"
             : isinf(x)                        ? x > 0 ? "Inf" : "-Inf"
             : x == trunc(x) && fabs(x) < 1e15 ? "%.0f"
                                               : "%.5g",
             x);
    position(at, sizeof at, k, n, what);
    if (x >= 0x1p62 && !isinf(x))
        fail("Octave:index-out-of-bounds", "\1%s: index out of bound; no array has so many elements", at);
    fail("Octave:invalid-index", "\1%s: subscripts must be either integers 1 to (2^63)-1 or logicals%s", at,
         x == 0 && n == 1          ? "\nhint: indices start at 1: the first element is \1(1), the last \1(end)"
         : x == 0                  ? "\nhint: indices start at 1"
         : isnan(x) || isinf(x)    ? ""
         : x != trunc(x)           ? "\nhint: round(…), floor(…) and ceil(…) give integers"
         : n == 1                  ? "\nhint: \1(end) is the last element, \1(end-1) the one before it"
                                   : "\nhint: end is the last one of its dimension, end-1 the one before it");
}

NORETURN static void fail_index_kind(int k, int n, value v)
{
    char at[256], what[160];
    position(at, sizeof at, k, n, "?");
    fail("Octave:invalid-index",
         "\1%s: an index must be an integer from 1 on, a range, a logical mask or ':', but is a %s", at,
         value_describe(v, what));
}

/* ---- one index */

#define WHOLE(v) true
#define FITS(v) ((v) > -0x1p62 && (v) < 0x1p62)              /* else no i64 may be made of it */
#define LIST_OF(name, T, inside)                                                                 \
    static bool list_##name(i64 *to, const T *from, i64 n, i64 *extent)                          \
    {                                                                                            \
        bool bad = false;                                                                        \
        i64 most = 0;                                                                            \
        for (i64 i = 0; i < n; i++) {                                                            \
            i64 x = inside(from[i]) ? (i64)from[i] : 0;                                          \
            bad |= (from[i] != (T)x) | (x < 1);                                                  \
            most = MAX(most, x);                                                                 \
            to[i] = x - 1;                                                                       \
        }                                                                                        \
        *extent = most;                                                                          \
        return !bad;                                                                             \
    }
LIST_OF(double, double, FITS)
LIST_OF(single, float, FITS)
LIST_OF(int8, int8_t, WHOLE)
LIST_OF(int16, int16_t, WHOLE)
LIST_OF(int32, int32_t, WHOLE)
LIST_OF(int64, int64_t, WHOLE)
LIST_OF(uint8, uint8_t, WHOLE)
LIST_OF(uint16, uint16_t, WHOLE)
LIST_OF(uint32, uint32_t, WHOLE)
LIST_OF(uint64, uint64_t, WHOLE)

static bool list_of(int dtype, i64 *to, const void *from, i64 n, i64 *extent)
{
    switch (dtype) {
    case D_DOUBLE: return list_double(to, from, n, extent);
    case D_SINGLE: return list_single(to, from, n, extent);
    case D_INT8: return list_int8(to, from, n, extent);
    case D_INT16: return list_int16(to, from, n, extent);
    case D_INT32: return list_int32(to, from, n, extent);
    case D_INT64: return list_int64(to, from, n, extent);
    case D_UINT16: return list_uint16(to, from, n, extent);
    case D_UINT32: return list_uint32(to, from, n, extent);
    case D_UINT64: return list_uint64(to, from, n, extent);
    default: return list_uint8(to, from, n, extent);                 /* uint8, text */
    }
}

CLONES i64 count_true(const uint8_t *m, i64 n)
{
    enum { LANES = 64, MOST = 255 };          /* so many ones fit in a byte */
    i64 all = 0, i = 0;
    while (n - i >= LANES) {
        uint8_t sum[LANES] = { 0 };
        i64 turns = MIN((n - i) / LANES, MOST);
        for (; turns > 0; turns--, i += LANES)
            SIMD
            for (int k = 0; k < LANES; k++)
                sum[k] = (uint8_t)(sum[k] + (m[i + k] != 0));
        for (int k = 0; k < LANES; k++)
            all += sum[k];
    }
    for (; i < n; i++)
        all += m[i] != 0;
    return all;
}

static void parse_mask(struct ix *x, const uint8_t *m, i64 n)
{
    x->mask = true;
    x->n = count_true(m, n);
    i64 *list = scratch(((size_t)x->n + 1) * sizeof *list);          /* one more: the loop writes before it knows */
    i64 k = 0;
    for (i64 i = 0; i < n && k < x->n; i++) {
        list[k] = i;
        k += m[i] != 0;
    }
    x->list = list;
    x->extent = k ? list[k - 1] + 1 : 0;
}

static void parse_number(struct ix *x, double d, int k, int n)
{
    if (unlikely(!(d >= 1 && d < 0x1p62 && d == trunc(d))))
        fail_index(k, n, d);
    x->n = 1;
    x->first = (i64)d - 1;
    x->extent = (i64)d;
}

void index_parse(struct ix *x, value v, i64 len, int k, int n)
{
    x->first = 0, x->step = 1, x->list = NULL, x->colon = x->mask = false, x->from = v;
    switch (v.kind) {
    case K_NUM:
        if (v.dtype == D_DOUBLE) {
            parse_number(x, v.num, k, n);
        } else if (v.dtype == D_LOGICAL) {
            x->mask = true;
            x->n = x->extent = v.num != 0;
        } else if (v.dtype == D_CHAR && v.num == ':') {
            goto all;
        } else if (v.dtype == D_INT64 || v.dtype == D_UINT64) {
            if (v.i < 1)
                fail_index(k, n, v.dtype == D_INT64 ? (double)v.i : (double)v.u);
            x->n = 1, x->first = v.i - 1, x->extent = v.i;
        } else {
            parse_number(x, v.num, k, n);
        }
        return;
    case K_COLON:
    all:
        x->colon = true;
        x->n = x->extent = len;
        return;
    case K_RANGE: {
        const struct range *r = v.range;
        x->n = r->n;
        x->extent = 0;
        if (!r->n)
            return;
        double last = range_at(r, r->n - 1);
        if (r->base != trunc(r->base) || (r->n > 1 && r->inc != trunc(r->inc)))
            for (i64 i = 0; i < r->n; i++)
                if (range_at(r, i) != trunc(range_at(r, i)))
                    fail_index(k, n, range_at(r, i));
        if (!(r->base >= 1))
            fail_index(k, n, r->base);
        if (!(last >= 1))
            fail_index(k, n, range_at(r, (i64)ceil(r->base / -r->inc)));
        if (!(r->base < 0x1p62 && last < 0x1p62))
            fail_index(k, n, r->base < 0x1p62 ? last : r->base);
        x->first = (i64)r->base - 1;
        x->step = r->n > 1 ? (i64)r->inc : 1;
        x->extent = (i64)MAX(r->base, last);
        return;
    }
    case K_TENSOR:
    case K_WINDOW: {
        if (unlikely(value_device(v)))        /* of a cell or struct; those of tensors have come home before */
            x->from = v = gpu_read_value(v, "an index");
        struct tensor *t = tensor_of(v);
        if (dtype_is(t->dtype, DT_C)) {
            char at[256];
            position(at, sizeof at, k, n, "complex");
            fail("Octave:invalid-index", "\1%s: an index must be real; is i or j used as a variable that was never set?", at);
        }
        t = tensor_dense(t);
        if (t->dtype == D_CHAR && t->numel == 1 && *t->data == ':')
            goto all;
        if (t->dtype == D_LOGICAL) {
            parse_mask(x, (const uint8_t *)t->data, t->numel);
            return;
        }
        i64 *list = scratch((size_t)t->numel * sizeof *list);
        x->n = t->numel;
        if (!list_of(t->dtype, list, t->data, t->numel, &x->extent))
            for (i64 i = 0; i < t->numel; i++) {
                double d = element_double(t, i);
                if (!(d >= 1 && d == trunc(d) && d < 0x1p62))
                    fail_index(k, n, d);
            }
        x->list = list;
        return;
    }
    default:
        fail_index_kind(k, n, v);
    }
}

bool ix_is_all(const struct ix *x, i64 len)
{
    if (x->n != len)
        return false;
    if (!x->list)
        return x->first == 0 && (x->step == 1 || len <= 1);
    for (i64 i = 0; i < len; i++)
        if (x->list[i] != i)
            return false;
    return true;
}

static bool is_nd_vector(int nd, const i64 *dim)
{
    int long_ones = 0;
    for (int i = 0; i < nd; i++)
        long_ones += dim[i] != 1;
    return long_ones == 1;
}

/* The shape of an index that stands alone.  A mask's is that of the positions it selects: along the mask's only long
   dimension, else a column. */
int ix_shape(const struct ix *x, i64 *dim)
{
    if (x->colon) {
        dim[0] = x->n, dim[1] = 1;
        return 2;
    }
    int nd = value_dims(x->from, dim);
    if (!x->mask)
        return nd;
    if (nd == 2 && dim[0] == 1 && dim[1] == 1) {
        dim[0] = dim[1] = x->n;
    } else if (is_nd_vector(nd, dim)) {
        for (int i = 0; i < nd; i++)
            if (dim[i] != 1)
                dim[i] = x->n;
    } else {
        nd = 2, dim[0] = x->n, dim[1] = 1;
    }
    return nd;
}

/* x(index): the shape of the index, but a vector by a vector keeps the direction of x. */
int index_shape_of_one(const struct ix *x, int nd, const i64 *dim, i64 *to)
{
    int n = ix_shape(x, to);
    i64 numel = 1;
    for (int i = 0; i < nd; i++)
        numel *= dim[i];
    if (x->colon || numel == 1 || x->n == 1 || !is_nd_vector(nd, dim) || !is_nd_vector(n, to))
        return n;
    for (int i = 0; i < nd; i++)
        to[i] = dim[i] == 1 ? 1 : x->n;
    return nd;
}

/* ---- nests */

void fold_dims(int nd, const i64 *dim, int n, i64 *to)
{
    for (int i = 0; i < n; i++)
        to[i] = i < nd ? dim[i] : 1;
    for (int i = n; i < nd; i++)
        to[n - 1] *= dim[i];
}

void nest_of(struct nest *w, int n, const struct ix *x, const i64 *stride)
{
    w->nd = 0, w->offset = 0, w->numel = 1;
    for (int d = 0; d < n; d++) {
        w->numel *= x[d].n;
        if (x[d].n == 0)
            continue;
        if (x[d].list && x[d].n > 1) {
            w->n[w->nd] = x[d].n, w->stride[w->nd] = stride[d], w->list[w->nd++] = x[d].list;
            continue;
        }
        w->offset += (x[d].list ? x[d].list[0] : x[d].first) * stride[d];
        if (x[d].n == 1)
            continue;
        i64 s = x[d].step * stride[d];
        int p = w->nd - 1;
        if (p >= 0 && !w->list[p] && w->stride[p] * w->n[p] == s)
            w->n[p] *= x[d].n;
        else
            w->n[w->nd] = x[d].n, w->stride[w->nd] = s, w->list[w->nd++] = NULL;
    }
}

/* The steps from one innermost loop to the next: adds to *at what the outer indices make. */
static bool outer_step(const struct nest *w, i64 *count, i64 *at)
{
    for (int d = 1; d < w->nd; d++) {
        i64 old = count[d]++;
        if (count[d] < w->n[d]) {
            *at += w->list[d] ? (w->list[d][count[d]] - w->list[d][old]) * w->stride[d] : w->stride[d];
            return true;
        }
        *at -= w->list[d] ? (w->list[d][old] - w->list[d][0]) * w->stride[d] : old * w->stride[d];
        count[d] = 0;
    }
    return false;
}

static i64 outer_start(const struct nest *w)
{
    i64 at = w->offset;
    for (int d = 1; d < w->nd; d++)
        if (w->list[d])
            at += w->list[d][0] * w->stride[d];
    return at;
}

typedef struct { uint64_t a, b; } two_words;
#define KERNELS(name, T)                                                                          \
    static void read_##name(const struct nest *w, T *to, const T *from)                           \
    {                                                                                             \
        i64 count[MAX_DIMS] = {0}, at = outer_start(w), n = w->nd ? w->n[0] : 1, s = w->nd ? w->stride[0] : 1; \
        const i64 *list = w->nd ? w->list[0] : NULL;                                              \
        do {                                                                                      \
            const T *p = from + at;                                                               \
            if (list && s == 1)                                                                   \
                for (i64 i = 0; i < n; i++)                                                       \
                    to[i] = p[list[i]];                                                           \
            else if (list)                                                                        \
                for (i64 i = 0; i < n; i++)                                                       \
                    to[i] = p[list[i] * s];                                                       \
            else if (s == 1)                                                                      \
                memcpy(to, p, (size_t)n * sizeof(T));                                             \
            else                                                                                  \
                for (i64 i = 0; i < n; i++)                                                       \
                    to[i] = p[i * s];                                                             \
            to += n;                                                                              \
        } while (outer_step(w, count, &at));                                                      \
    }                                                                                             \
    static void write_##name(const struct nest *w, T *to, const T *from, i64 step)                \
    {                                                                                             \
        i64 count[MAX_DIMS] = {0}, at = outer_start(w), n = w->nd ? w->n[0] : 1, s = w->nd ? w->stride[0] : 1; \
        const i64 *list = w->nd ? w->list[0] : NULL;                                              \
        do {                                                                                      \
            T *p = to + at;                                                                       \
            if (list)                                                                             \
                for (i64 i = 0; i < n; i++)                                                       \
                    p[list[i] * s] = from[i * step];                                              \
            else if (s == 1 && step)                                                              \
                memcpy(p, from, (size_t)n * sizeof(T));                                           \
            else                                                                                  \
                for (i64 i = 0; i < n; i++)                                                       \
                    p[i * s] = from[i * step];                                                    \
            from += n * step;                                                                     \
        } while (outer_step(w, count, &at));                                                      \
    }
KERNELS(1, uint8_t)
KERNELS(2, uint16_t)
KERNELS(4, uint32_t)
KERNELS(8, uint64_t)
KERNELS(16, two_words)

static void read_serial(const struct nest *w, void *to, const void *from, size_t size)
{
    switch (size) {
    case 1: read_1(w, to, from); break;
    case 2: read_2(w, to, from); break;
    case 4: read_4(w, to, from); break;
    case 8: read_8(w, to, from); break;
    default: read_16(w, to, from); break;
    }
}

/* Above a quarter of a million elements two cores gather 1.7 times as fast as one; below, starting them costs as much
 * as it saves. */
enum { PARALLEL = 1 << 18 };

void nest_read(const struct nest *w, void *to, const void *from, size_t size)
{
    if (!w->numel)
        return;
    poll();
    if (w->numel < PARALLEL || w->nd == 0) {
        read_serial(w, to, from, size);
        return;
    }
    int last = w->nd - 1;
    i64 n = w->n[last], below = w->numel / n, parts = MIN(n, 16);
#pragma omp parallel for schedule(static) num_threads(ew_threads)
    for (i64 p = 0; p < parts; p++) {
        struct nest part = *w;
        i64 lo = n * p / parts, hi = n * (p + 1) / parts;
        part.n[last] = hi - lo;
        part.numel = below * (hi - lo);
        if (w->list[last])
            part.list[last] = w->list[last] + lo;
        else
            part.offset += lo * w->stride[last];
        read_serial(&part, (char *)to + (size_t)(lo * below) * size, from, size);
    }
}

static void write_run(const struct nest *w, void *to, const void *from, size_t size, i64 step)
{
    if (!w->numel)
        return;
    switch (size) {                           /* no poll: a write that has begun ends */
    case 1: write_1(w, to, from, step); break;
    case 2: write_2(w, to, from, step); break;
    case 4: write_4(w, to, from, step); break;
    case 8: write_8(w, to, from, step); break;
    default: write_16(w, to, from, step); break;
    }
}

void nest_write(const struct nest *w, void *to, const void *from, size_t size)
{
    write_run(w, to, from, size, 1);
}

void nest_fill(const struct nest *w, void *to, const void *one, size_t size)
{
    write_run(w, to, one, size, 0);
}

const i64 *nest_positions(const struct nest *w)
{
    i64 *all = scratch((size_t)(w->numel + 1) * sizeof *all), *to = all;
    if (!w->numel)
        return all;
    i64 count[MAX_DIMS] = {0}, at = outer_start(w), n = w->nd ? w->n[0] : 1, s = w->nd ? w->stride[0] : 1;
    const i64 *list = w->nd ? w->list[0] : NULL;
    do {
        for (i64 i = 0; i < n; i++)
            *to++ = at + (list ? list[i] : i) * s;
    } while (outer_step(w, count, &at));
    return all;
}

/* ---- from indices to a nest over something of shape dim */

/* Parses n indices of a thing of nd dims for reading; dims of the result in out.  Fails when one is out of bound. */
int index_parse_read(struct ix *x, int n, const value *idx, int nd, const i64 *dim, i64 *len, i64 *out)
{
    fold_dims(nd, dim, n, len);
    for (int k = 0; k < n; k++) {
        index_parse(&x[k], idx[k], len[k], k, n);
        if (x[k].extent > len[k])
            fail_bound(k, n, x[k].extent, len[k], nd, dim);
        out[k] = x[k].n;
    }
    return n == 1 ? index_shape_of_one(x, nd, dim, out) : dims_trim(n, out);
}

/* The strides that n indices see; false when the last would have to fold dimensions that do not follow each other. */
bool fold_strides(const struct tensor *t, int n, i64 *stride)
{
    for (int k = 0; k < n; k++)
        stride[k] = k < t->nd ? t->stride[k] : 0;
    i64 next = -1, s = 0; /* of the dimensions that are folded: the first with more than one element gives the stride */
    for (int k = n - 1; k < t->nd; k++) {
        if (t->dim[k] == 1)
            continue;
        if (next < 0)
            s = t->stride[k];
        else if (t->stride[k] != next)
            return false;
        next = t->stride[k] * t->dim[k];
    }
    if (next >= 0)
        stride[n - 1] = s;
    return true;
}

static struct tensor *nest_over(struct tensor *t, int n, const struct ix *x, struct nest *w)
{
    i64 stride[MAX_DIMS];
    if (!fold_strides(t, n, stride)) {
        t = tensor_dense(t);
        fold_strides(t, n, stride);
    }
    nest_of(w, n, x, stride);
    return t;
}

static value finish(struct tensor *r, const struct tensor *from)
{
    if (dtype_is(r->dtype, DT_C))
        r = tensor_narrow(r);
    else if (r->dtype == D_CHAR)
        r->flags |= from->flags & T_DQ;
    return tensor_value(r);
}

/* v(mask) without a list of positions: the mask is walked beside the elements. */
#define COMPRESS(name, T)                                                                         \
    static void compress_##name(T *to, const T *from, const uint8_t *m, i64 n, i64 want)          \
    {                                                                                             \
        for (i64 i = 0, k = 0; i < n && k < want; i++) {                                          \
            to[k] = from[i];                                                                      \
            k += m[i] != 0;                                                                       \
        }                                                                                         \
    }
COMPRESS(1, uint8_t)
COMPRESS(2, uint16_t)
COMPRESS(4, uint32_t)
COMPRESS(8, uint64_t)
COMPRESS(16, two_words)

#ifdef __x86_64__
/* Eight elements at a time while eight places are left; returns how far it came.  3 times the speed of the loop above. */
__attribute__((target("avx512f,avx512bw,avx512vl,popcnt"))) static i64
compress_512(uint64_t *to, const uint64_t *from, const uint8_t *m, i64 n, i64 want, i64 *done)
{
    i64 i = 0, k = 0;
    for (; i + 8 <= n && k + 8 <= want; i += 8) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(m + i));
        __mmask8 some = (__mmask8)_mm_test_epi8_mask(bytes, bytes);
        _mm512_storeu_si512(to + k, _mm512_maskz_compress_epi64(some, _mm512_loadu_si512(from + i)));
        k += __builtin_popcount(some);
    }
    *done = k;
    return i;
}
#endif

static void compress(void *to, const void *from, const uint8_t *m, i64 n, i64 want, size_t size)
{
#ifdef __x86_64__
    if (size == 8 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
        i64 k, i = compress_512(to, from, m, n, want, &k);
        to = (uint64_t *)to + k, from = (const uint64_t *)from + i;
        m += i, n -= i, want -= k;
    }
#endif
    switch (size) {
    case 1: compress_1(to, from, m, n, want); break;
    case 2: compress_2(to, from, m, n, want); break;
    case 4: compress_4(to, from, m, n, want); break;
    case 8: compress_8(to, from, m, n, want); break;
    default: compress_16(to, from, m, n, want); break;
    }
}

#ifdef __x86_64__
__attribute__((target("avx512f,avx512bw,avx512vl,popcnt"))) static i64
positions_512(double *to, const uint8_t *m, i64 i, i64 end, i64 want, i64 *done)
{
    i64 k = 0;
    __m512d at = _mm512_add_pd(_mm512_set_pd(8, 7, 6, 5, 4, 3, 2, 1), _mm512_set1_pd((double)i)), eight = _mm512_set1_pd(8);
    for (; i + 8 <= end && k + 8 <= want; i += 8, at = _mm512_add_pd(at, eight)) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(m + i));
        __mmask8 some = (__mmask8)_mm_test_epi8_mask(bytes, bytes);
        _mm512_storeu_pd(to + k, _mm512_maskz_compress_pd(some, at));
        k += __builtin_popcount(some);
    }
    *done = k;
    return i;
}
#endif

void mask_positions(double *to, const uint8_t *m, i64 i, i64 end, i64 want)
{
    i64 k = 0;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        i = positions_512(to, m, i, end, want, &k);
#endif
    for (; k < want; i++) {
        to[k] = (double)(i + 1);
        k += m[i] != 0;
    }
}

static value masked(struct tensor *t, value mask)
{
    struct tensor *m = tensor_dense(tensor_of(mask));
    struct ix x = {.mask = true, .from = mask};
    i64 dim[MAX_DIMS], parts = 1 + m->numel / PARALLEL, *start = scratch((size_t)(parts + 1) * sizeof *start);
    const uint8_t *bytes = (const uint8_t *)m->data;
    start[0] = 0;
    EACH_PART(p, 0, parts, 1, parts > 1, {
        i64 lo = m->numel * p / parts;
        start[p + 1] = count_true(bytes + lo, m->numel * (p + 1) / parts - lo);
    })
    for (i64 p = 0; p < parts; p++)
        start[p + 1] += start[p];
    x.n = start[parts];
    int nd = index_shape_of_one(&x, t->nd, t->dim, dim);
    struct tensor *r = tensor_new(t->dtype, nd, dim);
    size_t size = dtypes[t->dtype].size;
    t = tensor_dense(t);
    poll();
    EACH_PART(p, 0, parts, 1, parts > 1, {
        i64 lo = m->numel * p / parts;
        compress(r->data + (size_t)start[p] * size, t->data + (size_t)lo * size, bytes + lo,
                 m->numel * (p + 1) / parts - lo, start[p + 1] - start[p], size);
    })
    return finish(r, t);
}

static value read_tensor(value base, int n, const value *idx)
{
    if (unlikely(value_device(base)))
        return gpu_index(base, n, idx);
    struct tensor view, *t = tensor_see(base, &view);
    struct ix x[MAX_DIMS];
    struct nest w;
    i64 len[MAX_DIMS], out[MAX_DIMS];
    if (n == 1 && (idx->kind == K_TENSOR || idx->kind == K_WINDOW) && value_dtype(*idx) == D_LOGICAL &&
        value_numel(*idx) <= t->numel)
        return masked(t, *idx);
    if (n == 1 && base.kind == K_TENSOR && !(t->flags & T_DENSE) && (!is_counted(*idx) || idx->o != base.o))
        tensor_settle(t);
    int nd = index_parse_read(x, n, idx, t->nd, t->dim, len, out);
    bool all = true;
    for (int k = 0; k < n && all; k++)
        all = !x[k].list && x[k].n == len[k] && x[k].first == 0 && (x[k].step == 1 || len[k] <= 1);
    if (all && n == 1)
        return finish(tensor_reshape(t, nd, out), t);
    if (all && n >= t->nd)
        return base.kind == K_WINDOW ? tensor_value(tensor_of(base)) : tensor_value(t);
    if (all)
        return finish(tensor_reshape(t, nd, out), t);
    dims_numel(nd, out);                      /* fails on sizes that cannot be before anything is multiplied */
    i64 stride[MAX_DIMS];
    if (n == 1 && x->n < t->numel / 4 &&
        !fold_strides(t, 1, stride)) { /* few elements of a strided tensor: not worth laying it out */
        i64 *list = scratch((size_t)x->n * sizeof *list);
        for (i64 i = 0; i < x->n; i++)
            list[i] = tensor_offset(t, ix_at(x, i));
        x->list = list;
        stride[0] = 1;
        nest_of(&w, 1, x, stride);
    } else {
        t = nest_over(t, n, x, &w);
    }
    if (w.numel == 1 && !dtype_is(t->dtype, DT_C) && nd == 2) {              /* no tensor for one number */
        struct tensor one = *t;
        one.data = t->data + w.offset * dtypes[t->dtype].size;
        one.numel = 1;
        return element_value(&one, 0);
    }
    struct tensor *r = tensor_new(t->dtype, nd, out);
    nest_read(&w, r->data, t->data, dtypes[t->dtype].size);
    return finish(r, t);
}

static value read_range(struct range *r, const value *idx)
{
    struct ix x;
    i64 dim[2] = {1, r->n}, out[MAX_DIMS];
    index_parse(&x, *idx, r->n, 0, 1);
    if (x.extent > r->n)
        fail_bound(0, 1, x.extent, r->n, 2, dim);
    int nd = index_shape_of_one(&x, 2, dim, out);
    if (x.n == 1 && nd == 2 && out[0] == 1 && out[1] == 1)
        return num(range_at(r, ix_at(&x, 0)));
    if (!x.list && x.n > 1 && nd == 2 && out[0] == 1 && r->base == trunc(r->base) && r->inc == trunc(r->inc)) {
        double a = range_at(r, x.first), b = range_at(r, x.first + (x.n - 1) * x.step);
        if (fabs(a) < 0x1p53 && fabs(b) < 0x1p53)
            return range_new(a, r->inc * (double)x.step, b);
    }
    struct tensor *t = tensor_new(D_DOUBLE, nd, out);
    double *to = (double *)t->data;
    for (i64 i = 0; i < x.n; i++)
        to[i] = range_at(r, ix_at(&x, i));
    return tensor_value(t);
}

/* Positions of the elements of a cell or struct array that the indices select, and the shape of the result. */
static const i64 *positions(int n, const value *idx, int nd, const i64 *dim, int *out_nd, i64 *out, i64 *numel)
{
    struct ix x[MAX_DIMS];
    struct nest w;
    i64 len[MAX_DIMS], stride[MAX_DIMS];
    *out_nd = index_parse_read(x, n, idx, nd, dim, len, out);
    *numel = dims_numel(*out_nd, out);
    dense_strides(n, len, stride);
    nest_of(&w, n, x, stride);
    return nest_positions(&w);
}

static value read_cell(struct cell *c, int n, const value *idx)
{
    i64 out[MAX_DIMS], numel;
    int nd;
    const i64 *at = positions(n, idx, c->nd, c->dim, &nd, out, &numel);
    struct cell *r = cell_new(nd, out);
    for (i64 i = 0; i < numel; i++)
        cell_set(r, i, c->v[at[i]]);
    return cell_value(r);
}

static value read_struct(struct record *s, int n, const value *idx)
{
    i64 out[MAX_DIMS], numel;
    int nd, fields = s->f->n;
    const i64 *at = positions(n, idx, s->nd, s->dim, &nd, out, &numel);
    struct record *r = record_new(nd, out, fields, s->f->name);
    for (i64 i = 0; i < numel; i++)
        for (int f = 0; f < fields; f++)
            record_put(r, i, f, s->v[at[i] * fields + f]);
    return record_value(r);
}

NORETURN static void fail_many(int n)
{
    fail("Octave:index-out-of-bounds", "\1: %d indices, but a tensor has at most %d dimensions", n, MAX_DIMS);
}

/* One number out of a tensor or window by double scalars: no parsing, no allocation. */
static bool read_number(value base, int n, const value *idx, value *out)
{
    struct tensor view, *t;
    i64 at = 0;
    if ((base.kind != K_TENSOR && base.kind != K_WINDOW) || value_device(base))
        return false;
    t = tensor_see(base, &view);
    if ((n != 1 && n != t->nd) || dtype_is(t->dtype, DT_C))
        return false;
    for (int k = 0; k < n; k++) {
        i64 len = n == 1 ? t->numel : t->dim[k];
        if (idx[k].tag != 0 || !(idx[k].num >= 1 && idx[k].num <= (double)len) || idx[k].num != trunc(idx[k].num))
            return false;
        at += ((i64)idx[k].num - 1) * (n == 1 ? 1 : t->stride[k]);
    }
    if (n == 1)
        at = tensor_offset(t, at);
    view = *t;
    view.data += at * dtypes[t->dtype].size;
    view.flags = T_DENSE;
    *out = element_value(&view, 0);
    return true;
}

value index_paren(value base, int n, const value *idx)
{
    value one;
    if (n == 0)
        return base;
    if (likely(!RECORDING) && read_number(base, n, idx, &one))
        return one;
    if (n > MAX_DIMS)
        fail_many(n);
    if (unlikely(context_head()->sparse != 0) && (base.kind == K_SPARSE || sparse_among(n, idx))) {
        value *full = scratch(sizeof *full * (size_t)n);
        for (int k = 0; k < n; k++)
            full[k] = sparse_mask_positions(idx[k]);
        return base.kind == K_SPARSE ? sparse_index(base, n, full) : index_paren(base, n, full);
    }
    if (unlikely(context_head()->boards != 0) && gpu_among(n, idx) && !value_device(base) && base.kind != K_OBJECT)
        return gpu_index_home(base, n, idx);
    switch (base.kind) {
    case K_RANGE:
        if (n == 1)
            return read_range(base.range, idx);
        /* fallthrough */
    case K_NUM:
    case K_TENSOR:
    case K_WINDOW:
        if (unlikely(RECORDING && tracked(base)))
            return tape_index(base, n, idx, read_tensor(base, n, idx));
        return read_tensor(base, n, idx);
    case K_CELL:
        return read_cell(base.cell, n, idx);
    case K_STRUCT:
        return read_struct(base.rec, n, idx);
    case K_OBJECT:
        if (base.inst->class->paren && n < MAX_DIMS) {
            value arg[MAX_DIMS], out[1] = {nil()};
            arg[0] = base;
            for (int i = 0; i < n; i++)
                arg[i + 1] = idx[i];
            struct call c = {.nargin = n + 1, .nargout = 1, .arg = arg, .out = out};
            base.inst->class->paren(base, &c);
            return keep(out[0]);
        }
        /* fallthrough */
    default: {
        char what[160];
        fail("Octave:invalid-index", "\1(…): a %s has no elements", value_describe(base, what));
    }
    }
}

struct tensor *index_alias(value base, int n, const value *idx)
{
    if ((base.kind != K_TENSOR && base.kind != K_WINDOW) || n < 1 || n > MAX_DIMS)
        return NULL;
    for (int k = 0; k < n; k++)
        if (idx[k].kind != K_COLON && idx[k].kind != K_RANGE && !(idx[k].kind == K_NUM && idx[k].dtype == D_DOUBLE))
            return NULL;
    struct tensor *t = tensor_any(base);
    struct ix x[MAX_DIMS];
    i64 len[MAX_DIMS], out[MAX_DIMS], stride[MAX_DIMS], at = 0;
    int nd = index_parse_read(x, n, idx, t->nd, t->dim, len, out);
    if (!t->block || !fold_strides(t, n, stride))
        return NULL;
    for (int k = 0; k < n; k++) {
        at += x[k].n ? x[k].first * stride[k] : 0;
        stride[k] *= x[k].step;
    }
    if (n == 1) {                             /* a row keeps its direction, a column its own */
        i64 s = stride[0];
        for (int k = 0; k < nd; k++)
            stride[k] = out[k] == 1 ? 0 : s;
    }
    return tensor_alias(t, nd, out, stride, at);
}

/* ---- contents and fields */

int index_brace(value base, int n, const value *idx, value **list)
{
    if (base.kind != K_CELL) {
        char what[160];
        fail("Octave:invalid-index", "\1{…}: \1 is a %s; only a cell has contents\nhint: %s", value_describe(base, what),
             base.kind == K_OBJECT && !strncmp(base.inst->class->name, "nn.", 3) ? "\1.get(1) is its first module" : "\1(…) indexes it");
    }
    struct cell *c = base.cell;
    if (n == 1 && idx->tag == 0 && idx->num >= 1 && idx->num <= (double)c->numel && idx->num == trunc(idx->num)) {
        *list = &c->v[(i64)idx->num - 1];
        return 1;
    }
    if (n > MAX_DIMS)
        fail_many(n);
    if (n == 0)
        fail("Octave:index-out-of-bounds", "\1{}: an index is needed between the braces; {:} takes every element");
    i64 out[MAX_DIMS], numel;
    int nd;
    const i64 *at = positions(n, idx, c->nd, c->dim, &nd, out, &numel);
    if (numel > INT32_MAX)
        fail("Octave:index-out-of-bounds", "\1{…}: a list of %lld values is too long", (long long)numel);
    value *v = scratch(((size_t)numel + 1) * sizeof *v);
    for (i64 i = 0; i < numel; i++)
        v[i] = c->v[at[i]];
    *list = v;
    return (int)numel;
}

static void try_name(const char *name, void *arg) { nearest_try(arg, name); }
const char *near_field(value v, const char *name)
{
    struct nearest *like = scratch(sizeof *like);
    nearest_begin(like, name);
    for (int i = 0; v.kind == K_STRUCT && i < v.rec->f->n; i++)
        nearest_try(like, v.rec->f->name[i]->text);
    for (const char *const *s = v.kind == K_OBJECT ? v.inst->class->names : NULL; s && *s; s++)
        nearest_try(like, *s);
    if (v.kind == K_OBJECT && v.inst->class->own_names)
        v.inst->class->own_names(v, try_name, like);
    return nearest_found(like);
}

const char *field_meant(value v, const char *name)
{
    struct buf *b = buf_new();
    for (const char *const *s = v.kind == K_OBJECT ? v.inst->class->names : NULL; s && *s; s++)
        if (!strcmp(*s, name)) {
            buff(b, "; \1.%s() calls the method", name);
            return b->s;
        }
    const char *near = near_field(v, name), *habit = !near && hooks()->habit ? hooks()->habit(name) : NULL;
    if (near)
        buff(b, "; did you mean '%s'?", near);
    if (habit)
        buff(b, "\nhint: %s", habit);
    return b->s;
}

int index_field(value base, sym name, value **list)
{
    char what[160];
    if (base.kind == K_STRUCT) {
        struct record *s = base.rec;
        int f = record_find(s, name);
        if (f < 0) {
            struct buf *b = buf_new();
            for (int i = 0; i < s->f->n; i++)
                buff(b, "%s%s", i ? ", " : "the fields are ", s->f->name[i]->text);
            const char *near = near_field(base, name->text);
            fail("Octave:invalid-indexing", "structure has no member '%s'\nhint: %s%s%s%s", name->text,
                 near ? "did you mean '" : "", near ? near : "", near ? "'? " : "", s->f->n ? b->s : "there are no fields");
        }
        if (s->numel == 1) {
            *list = &s->v[f];
            return 1;
        }
        if (s->numel > INT32_MAX)
            fail("Octave:index-out-of-bounds", "\1.%s: a list of %lld values is too long", name->text, (long long)s->numel);
        value *v = scratch(((size_t)s->numel + 1) * sizeof *v);
        for (i64 i = 0; i < s->numel; i++)
            v[i] = s->v[i * s->f->n + f];
        *list = v;
        return (int)s->numel;
    }
    if (base.kind == K_OBJECT && base.inst->class->get) {
        value *v = scratch(sizeof *v);
        *v = base.inst->class->get(base, name);
        if (!is_nil(*v)) {
            *list = v;
            return 1;
        }
    }
    fail("Octave:undefined-function", "\1.%s: \1 is a %s and has no field '%s'%s", name->text, value_describe(base, what),
         name->text, field_meant(base, name->text));
}

i64 index_end(value base, int k, int n)
{
    if (base.kind == K_OBJECT && base.inst->class->numel)
        return base.inst->class->numel(base);
    i64 dim[MAX_DIMS], len[MAX_DIMS];
    if (n == 1)
        return value_numel(base);
    if (n > MAX_DIMS)
        fail_many(n);
    int nd = value_dims(base, dim);
    fold_dims(nd, dim, n, len);
    return len[k];
}

/* ---- the adjoint of reading */

#define ADD(T)                                                                                    \
    do {                                                                                          \
        T *to = (T *)r->data;                                                                     \
        const T *from = (const T *)d->data;                                                       \
        for (i64 i = 0; i < w.numel; i++)                                                         \
            to[at[i]] += from[d->numel == 1 ? 0 : i];                                             \
    } while (0)

value index_add(value base_like, int n, const value *idx, value g)
{
    if (unlikely(context_head()->boards != 0) && (value_device(base_like) || value_device(g)))
        return gpu_index_add(base_like, n, idx, g);
    if (unlikely(context_head()->boards != 0) && gpu_among(n, idx))
        return gpu_index_add_home(base_like, n, idx, g);
    struct tensor *b = tensor_of(base_like), *d = tensor_of(g);
    int dtype = dtype_is(b->dtype, DT_F) ? b->dtype : D_DOUBLE;
    if (dtype_is(d->dtype, DT_C))
        dtype = dtype_complex(dtype);
    struct tensor *r = tensor_zeros(dtype, b->nd, b->dim);
    struct ix x[MAX_DIMS];
    struct nest w;
    i64 len[MAX_DIMS], out[MAX_DIMS];
    if (n > MAX_DIMS)
        fail_many(n);
    int nd = index_parse_read(x, n, idx, b->nd, b->dim, len, out);
    dims_numel(nd, out);
    nest_over(r, n, x, &w);
    if (d->numel != w.numel && d->numel != 1)
        fail("Octave:nonconformant-args", "index_add: %lld elements are indexed, the gradient has %lld",
             (long long)w.numel, (long long)d->numel);
    d = tensor_dense(tensor_cast(d, dtype));
    const i64 *at = nest_positions(&w);
    switch (dtype) {
    case D_DOUBLE: ADD(double); break;
    case D_SINGLE: ADD(float); break;
    case D_CDOUBLE: ADD(double _Complex); break;
    default: ADD(float _Complex); break;
    }
    return tensor_value(r);
}
