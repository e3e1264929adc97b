/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_run.c: runs elementwise programs by blocks, with or without a reducer.
 *
 * The one idea: only loads know strides and broadcasting, and they fill whole blocks; kernels see dense memory.  A
 * block is 1 KiB (2 KiB for three ops or fewer or of singles, 4 KiB with a reducer, whose own work is by blocks), so
 * that all of a program's blocks stay in the first cache. Dense operands are read in place; past the caches the next
 * block of each, and of the result, is fetched one block ahead (without that 2 KiB blocks take twice the time at 1e7
 * elements).
 *
 * The order of a sum depends on sizes alone: up to 256 elements of the innermost dimension one after the other, as in
 * Octave (0.1 ten times is not 1); more of them into 64 accumulators (i mod 64) over blocks of 1024 elements, halved,
 * then the same tree over the partial sums; along a dimension that is not the innermost, runs of 64, then pairwise by
 * run number.  Threads get whole blocks, so any number of them gives the same bits. */
#include "config.h"
#include "lab/ew.h"
#include <math.h>
#include <stdlib.h>
#ifdef TL_OPENMP
#include <omp.h>
#endif

/* A region of two threads costs 5 to 10 us when both cores are free; a thread should have 30 us of work. */
int ew_block = 0, ew_grain = 200000, ew_ahead = 1;

enum { WIDEST = EW_WIDEST, PAD = 128, FAR = 16 << 20, TREE = 1024, IN_ORDER = 256 };

/* ---- loads */
#define FILL_ROW(T)                                                                                    \
    static void row_##T(T *d, const T *x, i64 at, long n, i64 rows)                                    \
    {                                                                                                  \
        enum { LANES = 64 / sizeof(T) };                                                               \
        i64 c = at / rows, k = at - c * rows;                                                          \
        for (long i = 0; i < n; c++, k = 0) {                                                          \
            long m = rows - k < n - i ? (long)(rows - k) : n - i;                                      \
            T v = x[c];                                                                                \
            for (long e = 0; e < m; e += LANES)       /* over-runs into the next run, which comes later */ \
                for (int u = 0; u < LANES; u++)                                                        \
                    d[i + e + u] = v;                                                                  \
            i += m;                                                                                    \
        }                                                                                              \
    }
typedef struct { uint64_t a, b; } uint128_t;
FILL_ROW(uint8_t)
FILL_ROW(uint16_t)
FILL_ROW(uint32_t)
FILL_ROW(uint64_t)
FILL_ROW(uint128_t)

static void load_row(int size, void *d, const void *x, i64 at, long n, i64 rows)
{
    switch (size) {
    case 1: row_uint8_t(d, x, at, n, rows); break;
    case 2: row_uint16_t(d, x, at, n, rows); break;
    case 4: row_uint32_t(d, x, at, n, rows); break;
    case 8: row_uint64_t(d, x, at, n, rows); break;
    default: row_uint128_t(d, x, at, n, rows); break;
    }
}

#define GATHER(T)                                                     \
    static void gather_##T(T *d, const T *x, long n, i64 s)           \
    {                                                                 \
        for (long i = 0; i < n; i++)                                  \
            d[i] = x[i * s];                                          \
    }
GATHER(uint8_t)
GATHER(uint16_t)
GATHER(uint32_t)
GATHER(uint64_t)
GATHER(uint128_t)

/* Elements at .. at + n of the result's index space; dim are the result's sizes, stride the leaf's (0: broadcast). */
static void load_any(const struct ew_leaf *l, int size, char *d, i64 at, long n)
{
    i64 k[MAX_DIMS], off = 0;
    for (int q = 0; q < l->nd; q++) {
        k[q] = at % l->dim[q];
        at /= l->dim[q];
        off += k[q] * l->stride[q];
    }
    for (;;) {
        long m = l->dim[0] - k[0] < n ? (long)(l->dim[0] - k[0]) : n;
        const char *x = l->base + off * size;
        i64 s = l->stride[0];
        if (s == 1)
            memcpy(d, x, (size_t)m * size);
        else
            switch (size) {
            case 1: gather_uint8_t((void *)d, (const void *)x, m, s); break;
            case 2: gather_uint16_t((void *)d, (const void *)x, m, s); break;
            case 4: gather_uint32_t((void *)d, (const void *)x, m, s); break;
            case 8: gather_uint64_t((void *)d, (const void *)x, m, s); break;
            default: gather_uint128_t((void *)d, (const void *)x, m, s); break;
            }
        if ((n -= m) == 0)
            return;
        d += m * size;
        off -= k[0] * s;
        k[0] = 0;
        for (int q = 1; q < l->nd; q++) {
            off += l->stride[q];
            if (++k[q] < l->dim[q])
                break;
            off -= l->dim[q] * l->stride[q];
            k[q] = 0;
        }
    }
}

static void load_range(const struct range *r, double *d, i64 at, long n)
{
    double base = r->base, inc = r->inc, limit = r->limit;
    for (long i = 0; i < n; i++)
        d[i] = base + (double)(at + i) * inc;
    if (at + n == r->n)
        d[n - 1] = range_at(r, r->n - 1);
    (void)limit;
}

/* ---- one block.  The frame holds where each slot lies. */
struct frame {
    char *r[EW_SLOTS];
    char *load[EW_LEAVES];
    bool ahead;
};

static int look_again(const struct ew_ins *z, char *const *r, long n)
{
    /* A kernel reported a lane that left the reals; it may have been a spare one behind the end.  Whole vectors
       first, then the last one with its spare lanes filled up.  Operands of such instructions are never overwritten. */
    enum { VECTOR_BYTES = 64 };
    char t[VECTOR_BYTES * 8] __attribute__((aligned(64)));
    int wide = MAX(z->sa, z->sb), w = VECTOR_BYTES / wide;
    long whole = n / w * w, rest = n - whole;
    if (wide == 16)
        return 1;
    char *to = malloc((size_t)n * 16 + 2 * VECTOR_BYTES);
    int bad = !to || (whole && z->k(to, r[z->a], r[z->b], whole));
    free(to);
    if (bad || !rest)
        return bad;
    char *v[2] = { r[z->a], r[z->b] };
    int s[2] = { z->sa, z->sb };
    for (int q = 0; q < 2; q++) {
        if (!s[q])
            continue;
        char *c = t + VECTOR_BYTES * (1 + q);
        for (int i = 0; i < w; i++)
            memcpy(c + i * s[q], v[q] + (whole + MIN(i, rest - 1)) * s[q], (size_t)s[q]);
        v[q] = c;
    }
    return z->k(t + VECTOR_BYTES * 4, v[0], v[1], rest);
}

static inline int run_ins(const struct ew_ins *z, const struct ew_ins *end, char *const *r, long n)
{
    for (; z < end; z++)
        if (unlikely(z->k(r[z->d], r[z->a], r[z->b], n)) && z->flag && (z->flag == 2 || look_again(z, r, n)))
            return z->flag | z->node << 8;
    return 0;
}

static inline void place_loads(const struct ew_job *j, struct frame *f, i64 at, long n, long block)
{
    const struct ew_prog *p = j->p;
    for (int i = 0; i < p->nvec; i++) {
        int v = p->vec[i], size = p->size[v];
        const struct ew_leaf *l = &j->leaf[v];
        switch (p->class[v]) {
        case LC_VEC:
            f->r[v] = (char *)l->base + at * size;
            if (f->ahead)
                for (long o = block * size, end = o + block * size; o < end; o += 64)
                    __builtin_prefetch(f->r[v] + o);
            break;
        case LC_COL:
            f->r[v] = (char *)l->base + at % l->period * size;
            break;
        case LC_ROW:
            f->r[v] = f->load[i];
            load_row(size, f->load[i], l->base, at, n, l->period);
            break;
        case LC_RANGE:
            f->r[v] = f->load[i];
            load_range(l->range, (double *)f->load[i], at, n);
            break;
        default:
            f->r[v] = f->load[i];
            load_any(l, size, f->load[i], at, n);
        }
    }
}

/* Space for the buffers of one thread stands on its stack. */
#define FRAME(f, j)                                                                                            \
    struct frame f;                                                                                            \
    char bufs_[EW_BUFS][WIDEST + PAD] __attribute__((aligned(64)));                                            \
    frame_set(&f, j, bufs_[0]);                                                                                \
    char *loads_ = NULL;                                                                                       \
    if (unlikely((j)->p->nvec && !frame_in_place(&f, (j)->p)))                                                 \
        loads_ = frame_loads(&f, (j)->p)

static inline void frame_set(struct frame *f, const struct ew_job *j, char *bufs)
{
    const struct ew_prog *p = j->p;
    int first = p->first_buf;
    for (int i = 0; i < first; i++)
        f->r[i] = (char *)j->cells + 64 * i;
    for (int i = 0; i < p->nbuf; i++)
        f->r[EW_CELLS + i] = bufs + i * (WIDEST + PAD);
    for (int i = 0; i < p->nnum; i++)
        f->r[p->nleaf + i] = p->cell + 64 * i;
    f->ahead = false;
}
static inline bool frame_in_place(struct frame *f, const struct ew_prog *p)
{
    (void)f;
    for (int i = 0; i < p->nvec; i++)
        if (p->class[p->vec[i]] >= LC_ROW)
            return false;
    return true;
}
static char *frame_loads(struct frame *f, const struct ew_prog *p)
{
    char *m = aligned_alloc(64, (size_t)p->nvec * (WIDEST + PAD));
    for (int i = 0; i < p->nvec; i++)
        f->load[i] = m + i * (WIDEST + PAD);
    return m;                                 /* NULL: the caller says "out of memory" */
}

static long block_of(const struct ew_prog *p)
{
    int bytes = ew_block ? ew_block : p->red ? 4096 : p->nins - p->nscalar <= 3 || p->shift < 3 ? 2048 : 1024;
    return MAX(64, bytes >> p->shift);
}

/* ---- without reducer */
static int run_part(struct ew_job *j, i64 lo, i64 hi)
{
    const struct ew_prog *p = j->p;
    FRAME(f, j);
    if (unlikely(p->nvec && !loads_ && !frame_in_place(&f, p)))
        return EW_NO_MEMORY;
    const struct ew_ins *first = p->ins + p->nscalar, *end = p->ins + p->nins;
    int size = dtypes[p->root_dtype].size, code = 0;
    long block = block_of(p);
    bool far = ew_ahead && (hi - lo) * ((p->nvec + 1) << p->shift) > FAR;
    for (i64 at = lo; at < hi; at += block) {
        long n = hi - at < block ? (long)(hi - at) : block;
        f.ahead = far && at + block < hi;
        place_loads(j, &f, at, n, block);
        char *out = j->out + at * size;
        f.r[EW_OUT] = out;
        if (f.ahead)
            for (long o = block * size; o < 2 * block * size; o += 64)
                __builtin_prefetch(out + o, 1);
        if (unlikely(j->tail && at + n == hi)) {
            char last[WIDEST + PAD] __attribute__((aligned(64)));
            f.r[EW_OUT] = last;
            code = run_ins(first, end, f.r, n);
            memcpy(out, last, (size_t)n * size);
        } else {
            code = run_ins(first, end, f.r, n);
        }
        if (unlikely(code))
            break;
        if (unlikely(interrupt_flag) && !j->whole) {
            code = EW_STOPPED;
            break;
        }
    }
    free(loads_);
    return code;
}

#ifdef TL_OPENMP
static __attribute__((noinline)) int spread(struct ew_job *j, i64 n, i64 unit, int threads,
                                            int (*part)(struct ew_job *, i64, i64))
{
    i64 units = (n + unit - 1) / unit;
    int code = 0;
#pragma omp parallel num_threads(threads)
    {
        int t = omp_get_thread_num(), nt = omp_get_num_threads();
        i64 a = units * t / nt * unit, b = MIN(units * (t + 1) / nt * unit, n);
        int c = a < b ? part(j, a, b) : 0;
        if (c)
#pragma omp critical(tl_ew)
            code = !code || c >> 8 < code >> 8 ? c : code;            /* the first node that failed, whatever the threads */
    }
    return code;
}
#endif

static int parts(struct ew_job *j, i64 n, i64 unit, i64 work, int (*part)(struct ew_job *, i64, i64))
{
    int code;
#ifdef TL_OPENMP
    int threads = (int)MIN(ew_threads, work / ew_grain);
    if (threads > 1 && n > unit && !omp_in_parallel())
        code = spread(j, n, unit, threads, part);
    else
#endif
        code = part(j, 0, n);
    (void)work;
    return code;
}

void ew_stop(int code)                        /* what ew_run and ew_reduce cannot do themselves: fail */
{
    if (code == EW_NO_MEMORY)
        fail_memory(EW_LEAVES * (WIDEST + PAD));
    if (code == EW_STOPPED)
        poll_slow();
}

int ew_run(struct ew_job *j)
{
    i64 work = j->n * j->p->weight;
    return parts(j, j->n, j->n >= (1 << 20) ? 16 * TREE : TREE, work, run_part);
}

/* ---- reducers */
static bool stopped(int *code)
{
    if (unlikely(interrupt_flag))
        *code = EW_STOPPED;
    return *code;
}

static const double start_of[TAKES + 1] = { 0, 1, NAN, NAN, 0, 0 };

static void fill(void *d, int type, long n, double v)
{
    if (v == 0)
        memset(d, 0, (size_t)n * ew_size[type]);
    else if (type == T_D)
        for (long i = 0; i < n; i++)
            ((double *)d)[i] = v;
    else
        for (long i = 0; i < n; i++)
            ((float *)d)[i] = (float)v;
}

static inline int acc_type(const struct ew_prog *p) { return p->root_type == T_F ? T_F : T_D; }

/* x[0 .. n) joined by the tree; x is overwritten. */
static void tree(void *x, int type, int take, i64 n)
{
    int size = ew_size[type];
    if (take == TAKE_SUMSQ)
        take = TAKE_SUM;                                  /* the partials are sums already */
    while (n > 1) {
        i64 m = (n + TREE - 1) / TREE;
        for (i64 b = 0; b < m; b++) {
            char acc[64 * 8] __attribute__((aligned(64))), last[64 * 8];
            fill(acc, type, 64, start_of[take]);
            long k = (long)MIN(TREE, n - b * TREE), whole = k / 64 * 64;
            char *at = (char *)x + b * TREE * size;
            ew_simd->take[take][type](acc, at, NULL, whole);
            if (k > whole) {
                fill(last, type, 64, start_of[take]);
                memcpy(last, at + whole * size, (size_t)(k - whole) * size);
                ew_simd->take[take][type](acc, last, NULL, 64);
            }
            ew_simd->halve[take][type](acc, NULL, NULL, 64);
            memcpy((char *)x + b * size, acc, (size_t)size);
        }
        n = m;
    }
}

/* One block of 1024 (or less) elements at x, with room for 64 behind. */
static void take_block(const struct ew_prog *p, int type, char *x, long n, void *acc)
{
    int size = ew_size[type];
    long up = (n + 63) / 64 * 64;
    if (up > n)
        fill(x + n * size, type, up - n, start_of[p->take]);
    ew_simd->take[p->take][type](acc, x, NULL, up);
}

static bool taken_in_order(const struct ew_prog *p, i64 len)
{
    return len <= IN_ORDER && (p->take == TAKE_SUM || p->take == TAKE_PROD || p->take == TAKE_SUMSQ);
}

/* `columns` columns of n elements at x, each taken into its accumulator one element after the other.  Four columns go
   together: an addition waits for the one before it. */
#define IN_ORDER_BY(T, join)                                                                           \
    for (; columns >= 4; columns -= 4, v += 4 * n, a += 4) {                                           \
        T s0 = a[0], s1 = a[1], s2 = a[2], s3 = a[3], y;                                               \
        for (long i = 0; i < n; i++) {                                                                 \
            y = v[i], s0 = s0 join;                                                                    \
            y = v[i + n], s1 = s1 join;                                                                \
            y = v[i + 2 * n], s2 = s2 join;                                                            \
            y = v[i + 3 * n], s3 = s3 join;                                                            \
        }                                                                                              \
        a[0] = s0, a[1] = s1, a[2] = s2, a[3] = s3;                                                    \
    }                                                                                                  \
    for (; columns > 0; columns--, v += n, a++) {                                                      \
        T s = *a, y;                                                                                   \
        for (long i = 0; i < n; i++)                                                                   \
            y = v[i], s = s join;                                                                      \
        *a = s;                                                                                        \
    }
#define TAKE_IN_ORDER(T)                                                                               \
    static void in_order_##T(int take, T *a, const T *v, long n, long columns)                         \
    {                                                                                                  \
        if (take == TAKE_SUM) {                                                                        \
            IN_ORDER_BY(T, + y)                                                                        \
        } else if (take == TAKE_PROD) {                                                                \
            IN_ORDER_BY(T, * y)                                                                        \
        } else {                                                                                       \
            IN_ORDER_BY(T, + y * y)                                                                    \
        }                                                                                              \
    }
TAKE_IN_ORDER(double)
TAKE_IN_ORDER(float)

static void in_order(const struct ew_prog *p, int type, void *acc, const void *x, long n, long columns)
{
    if (type == T_D)
        in_order_double(p->take, acc, x, n, columns);
    else
        in_order_float(p->take, acc, x, n, columns);
}

/* Element `at` of the whole on, n of them: one partial for each 1024. */
static int reduce_run(struct ew_job *j, struct frame *f, i64 at, i64 n, char *partial)
{
    const struct ew_prog *p = j->p;
    const struct ew_ins *first = p->ins + p->nscalar, *end = p->ins + p->nins;
    int type = acc_type(p), size = ew_size[type], code;
    long block = MIN(block_of(p), TREE);
    char acc[64 * 8] __attribute__((aligned(64))), copy[WIDEST + PAD + 64 * 8] __attribute__((aligned(64)));
    bool bytes = p->take == TAKES;
    if (taken_in_order(p, j->len)) {          /* of the whole column: a piece may be shorter, and pieces depend on threads */
        fill(partial, type, 1, start_of[p->take]);
        for (i64 i = 0; i < n; i += block) {
            long k = (long)MIN(block, n - i);
            place_loads(j, f, at + i, k, block);
            if ((code = run_ins(first, end, f->r, k)))
                return code;
            in_order(p, type, partial, f->r[p->root], k, 1);
        }
        return 0;
    }
    for (i64 b = 0; b < n; b += TREE) {
        i64 m = MIN(TREE, n - b);
        long ones = 0;
        if (!bytes)
            fill(acc, type, 64, start_of[p->take]);
        for (i64 i = 0; i < m; i += block) {
            long k = (long)MIN(block, m - i);
            place_loads(j, f, at + b + i, k, block);
            if (p->acc && k % 64 == 0) {
                if ((code = run_ins(first, end - 1, f->r, k)))
                    return code;
                p->acc(acc, f->r[end[-1].a], f->r[end[-1].b], k);
                continue;
            }
            if ((code = run_ins(first, end, f->r, k)))
                return code;
            char *x = f->r[p->root];
            if (bytes) {
                ones += ew_simd->count(x, k);
                continue;
            }
            if (k % 64 && p->root < EW_CELLS) {           /* an operand itself: not to be padded in place */
                memcpy(copy, x, (size_t)k * size);
                x = copy;
            }
            take_block(p, type, x, k, acc);
        }
        if (bytes) {
            *(double *)acc = (double)ones;
        } else {
            ew_simd->halve[p->take][type](acc, NULL, NULL, 64);
        }
        memcpy(partial, acc, (size_t)size);
        partial += size;
    }
    return 0;
}

/* inner == 1, len large: every column by itself; one column is split over threads by blocks of 1024 */
static int reduce_blocks(struct ew_job *j, i64 lo, i64 hi)            /* elements lo .. hi of one column; out: its partials */
{
    FRAME(f, j);
    if (j->p->nvec && !loads_ && !frame_in_place(&f, j->p))
        return EW_NO_MEMORY;
    int size = ew_size[acc_type(j->p)], code = 0;
    bool far = ew_ahead && (hi - lo) * (j->p->nvec << j->p->shift) > FAR;
    f.ahead = far;
    for (i64 at = lo; at < hi && !code && !stopped(&code); at += 64 * TREE) {
        i64 n = MIN(64 * TREE, hi - at);
        f.ahead = far && at + n < hi;
        code = reduce_run(j, &f, at, n, j->out + at / TREE * size);
    }
    free(loads_);
    return code;
}
static int reduce_columns(struct ew_job *j, i64 lo, i64 hi)           /* columns lo .. hi, at most 1024 * 64 long */
{
    FRAME(f, j);
    if (j->p->nvec && !loads_ && !frame_in_place(&f, j->p))
        return EW_NO_MEMORY;
    const struct ew_prog *p = j->p;
    int type = acc_type(p), size = ew_size[type], code = 0,
        take = p->take == TAKE_SUMSQ || p->take == TAKES ? TAKE_SUM : p->take;
    char partial[64 * 8 + 64] __attribute__((aligned(64)));
    long block = MIN(block_of(p), TREE);
    if (j->len > block / 2) {
        for (i64 c = lo; c < hi && !code && !stopped(&code); c++) {
            code = reduce_run(j, &f, c * j->len, j->len, partial);
            tree(partial, type, take, (j->len + TREE - 1) / TREE);
            memcpy(j->out + c * size, partial, (size_t)size);
        }
    } else {                                              /* several short columns in one block */
        const struct ew_ins *first = p->ins + p->nscalar, *end = p->ins + p->nins;
        long some = block / j->len;
        char acc[64 * 8 + 64] __attribute__((aligned(64)));
        for (i64 c = lo; c < hi && !code && !stopped(&code); c += some) {
            long k = (long)MIN(some, hi - c), len = (long)j->len;
            place_loads(j, &f, c * len, k * len, block);
            if ((code = run_ins(first, end, f.r, k * len)))
                break;
            char *x = f.r[p->root];
            if (taken_in_order(p, len)) {
                fill(j->out + c * size, type, k, start_of[p->take]);
                in_order(p, type, j->out + c * size, x, len, k);
                continue;
            }
            for (long q = 0; q < k; q++) {
                char *to = j->out + (c + q) * size;
                if (p->take == TAKES) {
                    *(double *)to = (double)ew_simd->count(x + q * len, len);
                    continue;
                }
                fill(acc, type, 64, start_of[p->take]);
                char some_x[WIDEST + 64 * 8] __attribute__((aligned(64)));
                memcpy(some_x, x + q * len * size, (size_t)len * size);
                take_block(p, type, some_x, len, acc);
                ew_simd->halve[take][type](acc, NULL, NULL, 64);
                memcpy(to, acc, (size_t)size);
            }
        }
    }
    free(loads_);
    return code;
}

/* inner > 1: tiles of rows; along the columns runs of 64, then pairwise by run number */
static int reduce_tiles(struct ew_job *j, i64 lo, i64 hi)
{
    FRAME(f, j);
    const struct ew_prog *p = j->p;
    if (p->nvec && !loads_ && !frame_in_place(&f, p))
        return EW_NO_MEMORY;
    const struct ew_ins *first = p->ins + p->nscalar, *end = p->ins + p->nins;
    int type = acc_type(p), size = ew_size[type], code = 0,
        take = p->take == TAKE_SUMSQ || p->take == TAKES ? TAKE_SUM : p->take;
    long tile = MIN(block_of(p), WIDEST / size);
    i64 tiles = (j->inner + tile - 1) / tile;
    int depth = 2;
    for (i64 runs = (j->len + 63) / 64; runs > 1; runs = (runs + 1) / 2)
        depth++;
    size_t row = (size_t)tile * size + PAD;
    char *stack = aligned_alloc(64, ((size_t)depth * row + 63) & ~(size_t)63);
    if (!stack) {
        free(loads_);
        return EW_NO_MEMORY;
    }
    ew_kernel *fold = ew_simd->fold[take][type];
    ew_kernel *map = p->take == TAKE_SUMSQ ? ew_simd->k[EW_square][type][VV]
                     : p->take == TAKES    ? ew_simd->load[D_LOGICAL][T_D]
                                           : NULL;
    for (i64 t = lo; t < hi && !code && !stopped(&code); t++) {
        i64 o = t / tiles, i0 = t % tiles * tile, base = o * j->inner * j->len + i0;
        long n = (long)MIN(tile, j->inner - i0);
        int top = 0;
        for (i64 run = 0, c = 0; c < j->len && !code; run++) {
            i64 ce = MIN(c + 64, j->len);
            char *sum = stack + top * row;
            fill(sum, type, n, start_of[take]);
            for (; c < ce; c++) {
                place_loads(j, &f, base + c * j->inner, n, tile);
                if ((code = run_ins(first, end, f.r, n)))
                    break;
                char *x = f.r[p->root];
                if (map) {
                    map(bufs_[EW_BUFS - 1], x, x, n);
                    x = bufs_[EW_BUFS - 1];
                }
                fold(sum, x, NULL, n);
            }
            top++;
            for (i64 k = run; k & 1; k >>= 1, top--)
                fold(stack + (top - 2) * row, stack + (top - 1) * row, NULL, n);
        }
        for (; top > 1; top--)
            fold(stack + (top - 2) * row, stack + (top - 1) * row, NULL, n);
        memcpy(j->out + (o * j->inner + i0) * size, stack, (size_t)n * size);
    }
    free(stack);
    free(loads_);
    return code;
}

int ew_reduce(struct ew_job *j)
{
    const struct ew_prog *p = j->p;
    int type = acc_type(p), size = ew_size[type];
    i64 results = j->inner * j->outer;
    if (!results)
        return 0;
    if (!j->len) {
        fill(j->out, type, results, p->take == TAKE_MAX || p->take == TAKE_MIN ? NAN : start_of[p->take]);
        return 0;
    }
    if (j->inner > 1) {
        i64 tile = MIN(block_of(p), WIDEST / size), tiles = (j->inner + tile - 1) / tile;
        return parts(j, tiles * j->outer, 1, j->n * p->weight, reduce_tiles);
    }
    if (j->len <= 64 * TREE && (j->outer > 1 || j->len <= TREE))
        return parts(j, j->outer, 1, j->n * p->weight, reduce_columns);
    i64 blocks = (j->len + TREE - 1) / TREE;
    char few[64 * 8], *out = j->out, *partial = blocks <= 64 ? few : scratch((size_t)blocks * size);
    int code = 0, take = p->take == TAKE_SUMSQ || p->take == TAKES ? TAKE_SUM : p->take;
    struct ew_job one = *j;
    for (i64 c = 0; c < j->outer && !code; c++) {         /* long columns, one after the other */
        one.out = partial;
        one.n = j->len;
        if (j->outer > 1) {                               /* the column as a job of its own is a shift of all its loads */
            for (int i = 0; i < p->nvec; i++) {
                int v = p->vec[i];
                if (p->class[v] == LC_VEC)
                    one.leaf[v].base = j->leaf[v].base + c * j->len * p->size[v];
                else
                    goto by_column;
            }
        }
        if ((code = parts(&one, j->len, TREE, j->len * p->weight, reduce_blocks)))
            break;
        tree(partial, type, take, blocks);
        memcpy(out + c * size, partial, (size_t)size);
        continue;
    by_column: {
            FRAME(f, j);
            if (p->nvec && !loads_ && !frame_in_place(&f, p))
                return EW_NO_MEMORY;
            code = reduce_run(j, &f, c * j->len, j->len, partial);
            free(loads_);
            if (stopped(&code))
                break;
            tree(partial, type, take, blocks);
            memcpy(out + c * size, partial, (size_t)size);
        }
    }
    return code;
}

/* ---- sumsq(x - mean(x, dim), dim) where the columns are not the innermost: a tile of rows stays in the second cache, so
   that memory is read once: the orders of reduce_tiles twice. */
static void tile_sum(const struct spread *s, char *stack, size_t row, const char *x, const char *mean, long n)
{
    ew_along *sum = mean ? ew_simd->rows_spread[s->type] : ew_simd->rows_sum[s->type];
    ew_kernel *fold = ew_simd->fold[TAKE_SUM][s->type];
    bool far = !mean && s->j.n * ew_size[s->type] > FAR;
    int top = 0;
    for (i64 run = 0, c = 0; c < s->j.len; run++, c += 64) {
        long cols = (long)MIN(64, s->j.len - c);
        sum(stack + top * row, x + c * s->j.inner * ew_size[s->type], mean, s->j.inner, cols, n,
            far && c + cols + 4 <= s->j.len);
        top++;
        for (i64 k = run; k & 1; k >>= 1, top--)
            fold(stack + (top - 2) * row, stack + (top - 1) * row, NULL, n);
    }
    for (; top > 1; top--)
        fold(stack + (top - 2) * row, stack + (top - 1) * row, NULL, n);
}

enum {
    SPREAD_UNIT = 512,
    SPREAD_MOST = 8,
    SPREAD_TILE = 512 << 10
}; /* bytes: of rows in registers, so many of these, of a tile */
static long spread_rows(const struct spread *s)
{
    i64 units = SPREAD_TILE / (s->j.len * SPREAD_UNIT);
    return (long)(MAX(1, MIN(units, SPREAD_MOST)) * SPREAD_UNIT / ew_size[s->type]);
}

static int spread_part(struct ew_job *j, i64 lo, i64 hi)
{
    const struct spread *s = (const struct spread *)j;
    int size = ew_size[s->type], depth = 2, code = 0;
    long tile = spread_rows(s);
    i64 tiles = (j->inner + tile - 1) / tile;
    for (i64 runs = (j->len + 63) / 64; runs > 1; runs = (runs + 1) / 2)
        depth++;
    size_t row = (size_t)tile * size + PAD;
    char *mean = aligned_alloc(64, ((size_t)(depth + 1) * row + 63) & ~(size_t)63), *stack = mean + row;
    if (!mean)
        return EW_NO_MEMORY;
    for (i64 t = lo; t < hi && !stopped(&code); t++) {
        i64 o = t / tiles, i0 = t % tiles * tile;
        long n = (long)MIN(tile, j->inner - i0);
        const char *x = j->leaf[0].base + (o * j->inner * j->len + i0) * size;
        tile_sum(s, stack, row, x, NULL, n);
        for (long i = 0; i < n; i++)
            if (s->type == T_D)
                ((double *)mean)[i] = ((double *)stack)[i] / (double)j->len;
            else
                ((float *)mean)[i] = ((float *)stack)[i] / (float)j->len;
        tile_sum(s, stack, row, x, mean, n);
        memcpy(j->out + (o * j->inner + i0) * size, stack, (size_t)n * size);
    }
    free(mean);
    return code;
}

int ew_spread(struct spread *s)
{
    long tile = spread_rows(s);
    return parts(&s->j, (s->j.inner + tile - 1) / tile * s->j.outer, 1, s->j.n * 4, spread_part);
}
