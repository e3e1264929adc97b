/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse_sort.c: the entries of a matrix put in order by row or by column: turning, and matrices from triplets.
 *
 * Sorting by counting, in two levels.  Entries that go straight to their places in a large matrix miss the cache each
 * (100 ns apart, 5e6 of them half a second); so they first go to some 1024 runs of neighbouring places, written one
 * behind the other, and then within each run, which stays in the cache.  Both levels keep the order of what is equal,
 * and threads share them out in pieces whose places are known before.  Triplets are sorted by row and then by column, so
 * duplicates are added up in the order in which they were given. */
#include "sparse.h"
#include <complex.h>
#include <stdlib.h>

enum { FEW = 100000, RUNS = 1024, SORT_THREADS = 8 };     /* fewer entries than FEW go straight to their places */

struct entries { /* what is sorted: by key; `other` is the other index, or column col[j] … when that is NULL */
    i64 nz, keys, n;                          /* keys below keys, other below n */
    const i64 *key, *other, *col;
    const void *x;
};
struct order { i64 *start, *other; void *x; };            /* start has keys + 1 places */

static i64 column_of_entry(const i64 *col, i64 n, i64 k)  /* j with col[j] <= k < col[j + 1] */
{
    i64 lo = 0, hi = n;
    while (lo < hi) {
        i64 mid = lo + (hi - lo) / 2;
        if (col[mid + 1] <= k)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

#define SORT(T, name) \
    static void name##_straight(const struct entries *e, struct order *o) \
    { \
        const T *x = e->x; \
        T *to = o->x; \
        i64 j = 0, *start = o->start; \
        memset(start, 0, (size_t)(e->keys + 1) * sizeof *start); \
        for (i64 k = 0; k < e->nz; k++) \
            start[e->key[k] + 1]++; \
        for (i64 r = 0; r < e->keys; r++) \
            start[r + 1] += start[r]; \
        for (i64 k = 0; k < e->nz; k++) { \
            while (e->col && e->col[j + 1] <= k) \
                j++; \
            i64 at = start[e->key[k]]++; \
            o->other[at] = e->col ? j : e->other[k]; \
            to[at] = x[k]; \
        } \
        memmove(start + 1, start, (size_t)e->keys * sizeof *start); \
        start[0] = 0; \
    } \
    struct name##_entry { T x; uint32_t other, key; }; \
    static void name##_to_runs(const struct entries *e, i64 from, i64 to, int shift, i64 *at, struct name##_entry *run) \
    { \
        const T *x = e->x; \
        i64 j = e->col ? column_of_entry(e->col, e->n, from) : 0; \
        for (i64 k = from; k < to; k++) { \
            while (e->col && e->col[j + 1] <= k) \
                j++; \
            run[at[e->key[k] >> shift]++] = (struct name##_entry){ x[k], (uint32_t)(e->col ? j : e->other[k]), (uint32_t)e->key[k] }; \
        } \
    } \
    static void name##_run(const struct name##_entry *run, i64 from, i64 to, i64 key, i64 last, struct order *o) \
    { \
        i64 *start = o->start, sum = from; \
        T *x = o->x; \
        memset(start + key, 0, (size_t)(last - key) * sizeof *start); \
        for (i64 k = from; k < to; k++) \
            start[run[k].key]++; \
        for (i64 r = key; r < last; r++) { \
            i64 here = start[r]; \
            start[r] = sum; \
            sum += here; \
        } \
        for (i64 k = from; k < to; k++) { \
            i64 at = start[run[k].key]++; \
            o->other[at] = run[k].other; \
            x[at] = run[k].x; \
        } \
        memmove(start + key + 1, start + key, (size_t)(last - key - 1) * sizeof *start); \
        start[key] = from; \
    } \
    static void name(const struct entries *e, struct order *o) \
    { \
        if (e->nz < FEW || e->n > UINT32_MAX || e->keys > UINT32_MAX || e->keys > 64 * e->nz) { \
            name##_straight(e, o); \
            return; \
        } \
        int shift = 0, mark = pool_mark(), parts = MIN(MAX(ew_threads, 1), SORT_THREADS); \
        while (e->keys >> shift > RUNS) \
            shift++; \
        i64 runs = ((e->keys - 1) >> shift) + 1, (*at)[RUNS + 1] = scratch((size_t)parts * sizeof *at), *from = scratch((size_t)(runs + 1) * sizeof *from); \
        struct name##_entry *run = scratch((size_t)e->nz * sizeof *run); \
        memset(at, 0, (size_t)parts * sizeof *at); \
        _Pragma("omp parallel for num_threads(parts) schedule(static) if(parts > 1)") \
        for (int t = 0; t < parts; t++) \
            for (i64 k = e->nz / parts * t, to = t + 1 == parts ? e->nz : e->nz / parts * (t + 1); k < to; k++) \
                at[t][e->key[k] >> shift]++; \
        poll(); \
        for (i64 r = 0, sum = 0; r <= runs; r++) { \
            from[r] = sum; \
            for (int t = 0; t < parts; t++) { \
                i64 here = at[t][r]; \
                at[t][r] = sum; \
                sum += here; \
            } \
        } \
        _Pragma("omp parallel for num_threads(parts) schedule(static) if(parts > 1)") \
        for (int t = 0; t < parts; t++) \
            name##_to_runs(e, e->nz / parts * t, t + 1 == parts ? e->nz : e->nz / parts * (t + 1), shift, at[t], run); \
        poll(); \
        _Pragma("omp parallel for num_threads(parts) schedule(dynamic, 8) if(parts > 1)") \
        for (i64 r = 0; r < runs; r++) \
            if (!interrupt_flag) \
                name##_run(run, from[r], from[r + 1], r << shift, MIN((r + 1) << shift, e->keys), o); \
        o->start[e->keys] = e->nz; \
        pool_release(mark); \
        poll(); \
    }
SORT(double, sort_d)
SORT(double _Complex, sort_c)
SORT(uint8_t, sort_l)

static void sort_entries(int dtype, const struct entries *e, struct order *o)
{
    (dtype == D_DOUBLE ? sort_d : dtype == D_CDOUBLE ? sort_c : sort_l)(e, o);
}

struct sparse *sparse_turn(const struct sparse *s, bool conj_)
{
    struct sparse *t = sparse_new(s->dtype, s->n, s->m, s->nz);
    sort_entries(
        s->dtype,
        &(struct entries){
            .nz = s->nz, .keys = s->m, .n = s->n, .key = sparse_row(s), .col = sparse_col(s), .x = sparse_x(s) },
        &(struct order){ sparse_col(t), sparse_row(t), sparse_x(t) });
    if (s->dtype == D_CDOUBLE && conj_)
        for (i64 k = 0; k < t->nz; k++)
            ((double _Complex *)sparse_x(t))[k] = conj(((double _Complex *)sparse_x(t))[k]);
    return t;
}

/* ---- triplets */
#define SUM_UP(T, add) do { \
        T *x = sparse_x(s); \
        i64 *row = sparse_row(s), *col = sparse_col(s), at = 0, k = 0; \
        for (i64 c = 0; c < n; c++) { \
            i64 from = at, end = col[c + 1]; \
            poll_each(c); \
            for (; k < end; k++) { \
                if (at > from && row[at - 1] == row[k]) { \
                    if (last) \
                        x[at - 1] = x[k]; \
                    else \
                        add; \
                } else { \
                    row[at] = row[k]; \
                    x[at++] = x[k]; \
                } \
            } \
            col[c + 1] = at; \
        } \
        sparse_shorten(s, at); \
    } while (0)

struct by { const i64 *i, *j; };
static int by_place(const void *a, const void *b, void *of)
{
    const struct by *by = of;
    i64 p = *(const i64 *)a, q = *(const i64 *)b;
    if (by->j[p] != by->j[q])
        return by->j[p] < by->j[q] ? -1 : 1;
    if (by->i[p] != by->i[q])
        return by->i[p] < by->i[q] ? -1 : 1;
    return p < q ? -1 : p > q;
}

/* In order of columns, and of rows within each, already? */
static bool in_order(i64 nz, const i64 *i, const i64 *j)
{
    for (i64 k = 1; k < nz; k++)
        if (j[k] < j[k - 1] || (j[k] == j[k - 1] && i[k] < i[k - 1]))
            return false;
    return true;
}

static void count_columns(struct sparse *s, i64 nz, const i64 *j)
{
    i64 *col = sparse_col(s);
    memset(col, 0, (size_t)(s->n + 1) * sizeof *col);
    for (i64 k = 0; k < nz; k++)
        col[j[k] + 1]++;
    for (i64 c = 0; c < s->n; c++)
        col[c + 1] += col[c];
}

struct sparse *sparse_triplets(int dtype, i64 m, i64 n, i64 nz, const i64 *i, const i64 *j, const void *x, bool last)
{
    struct sparse *s = sparse_new(dtype, m, n, nz);
    int mark = pool_mark();
    size_t size = dtypes[dtype].size;
    if (in_order(nz, i, j)) {
        count_columns(s, nz, j);
        memcpy(sparse_row(s), i, (size_t)nz * sizeof *i);
        memcpy(sparse_x(s), x, (size_t)nz * size);
    } else if (m > 4 * nz + 4096) {           /* few in many rows: counting rows would cost more than sorting */
        i64 *order = scratch((size_t)(nz + 1) * sizeof *order);
        for (i64 k = 0; k < nz; k++)
            order[k] = k;
        qsort_r(order, (size_t)nz, sizeof *order, by_place, &(struct by){ i, j });
        count_columns(s, nz, j);
        for (i64 k = 0; k < nz; k++) {
            sparse_row(s)[k] = i[order[k]];
            memcpy((char *)sparse_x(s) + (size_t)k * size, (const char *)x + (size_t)order[k] * size, size);
        }
    } else {
        struct order rows = { scratch((size_t)(m + 1) * sizeof(i64)), scratch((size_t)(nz + 1) * sizeof(i64)),
                              scratch((size_t)(nz + 1) * size) };
        sort_entries(dtype, &(struct entries){ .nz = nz, .keys = m, .n = n, .key = i, .other = j, .x = x }, &rows);
        sort_entries(
            dtype, &(struct entries){ .nz = nz, .keys = n, .n = m, .key = rows.other, .col = rows.start, .x = rows.x },
            &(struct order){ sparse_col(s), sparse_row(s), sparse_x(s) });
    }
    pool_release(mark);
    switch (dtype) {
    case D_DOUBLE: SUM_UP(double, x[at - 1] += x[k]); break;
    case D_CDOUBLE: SUM_UP(double _Complex, x[at - 1] += x[k]); break;
    default: SUM_UP(uint8_t, x[at - 1] |= x[k]);
    }
    return sparse_tidy(s);
}
