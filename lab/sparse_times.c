/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse_times.c: sparse times full, S * X and S.' * X.
 *
 * Each entry meets one element of x and one of y.  Where neighbouring columns have neighbouring rows (bands, grids) these
 * are in the cache; else each costs a miss, 5 ns, four times all other work.  Such a matrix keeps, beside its columns, its
 * entries by tiles of 2^15 x 2^15, of which x and y fit the second cache: 12 bytes an entry, made when the second product
 * is asked for (the first on two threads), since making them costs as much as a product.  Measured for 1e6 x 1e6 with 5e6
 * entries at random: a product by columns 31 ms, by tiles 14, on two threads 6.4; the tiles themselves 27 and 15.
 *
 * The bits hang neither on threads nor on tiles: an element of y is the sum along its row in the order of columns.  Of a
 * large banded matrix it is the sum of two such, of the first and of the last columns, which two threads make side by
 * side.  A matrix never changes, so what was found out about it is kept with it. */
#include "config.h"
#include "linalg.h"
#include "clones.h"
#include "sparse.h"
#include <complex.h>

enum { MANY = 1000000, TILE = 15, SAMPLES = 512, NEAR = 4096 };
enum { NOT_SEEN, BY_COLUMNS, BY_HALVES, BY_TILES };

/* Do half of the entries in a sample of columns have a neighbour in the column before? */
static bool has_bands(const struct sparse *s)
{
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    i64 near = 0, all = 0, step = MAX(s->n / SAMPLES, 1);
    for (i64 j = step; j < s->n; j += step) {
        i64 p = col[j - 1];
        for (i64 k = col[j]; k < col[j + 1]; k++) {
            while (p < col[j] && row[p] < row[k] - NEAR)
                p++;
            all++;
            near += p < col[j] && row[p] <= row[k] + NEAR;
        }
    }
    return 2 * near >= all;
}

/* The column before which half of the entries stand; rows below `lo` are met by the first half alone, those from `hi`
 * by the other. */
static void find_halves(struct sparse *s)
{
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    i64 lo = 0, hi = s->n, first = s->m, last = 0;
    while (lo < hi) {
        i64 mid = (lo + hi) / 2;
        if (col[mid] < s->nz / 2)
            lo = mid + 1;
        else
            hi = mid;
    }
    s->half = lo;
    for (i64 j = 0; j < lo; j++)
        if (col[j + 1] > col[j])
            last = MAX(last, row[col[j + 1] - 1] + 1);
    for (i64 j = lo; j < s->n; j++)
        if (col[j + 1] > col[j])
            first = MIN(first, row[col[j]]);
    s->hi = last;
    s->lo = MIN(first, last);
}

/* ---- tiles: by rows of tiles, in each the tiles by column; an entry is its row and column in the tile, and its value */
static inline i64 tiles(i64 n) { return (n + (1 << TILE) - 1) >> TILE; }

#define TILES(T, name) \
    static void name(const struct sparse *s, i64 first, i64 last, i64 wide, i64 *at, uint32_t *place, T *v) \
    { \
        const i64 *col = sparse_col(s), *row = sparse_row(s); \
        const T *x = sparse_x(s); \
        for (i64 j = first; j < last; j++) \
            for (i64 k = col[j]; k < col[j + 1]; k++) { \
                i64 to = at[(row[k] >> TILE) * wide + (j >> TILE)]++; \
                place[to] = (uint32_t)((row[k] & ((1 << TILE) - 1)) << 16 | (j & ((1 << TILE) - 1))); \
                v[to] = x[k]; \
            } \
    }
TILES(double, tiles_d)
TILES(double _Complex, tiles_c)

static void make_tiles(void *arg)
{
    struct sparse *s = arg;
    int mark = pool_mark();
    i64 high = tiles(s->m), wide = tiles(s->n), n = high * wide, size[3][2] = { { n + 1, 1 }, { s->nz, 1 }, { s->nz, 1 } };
    struct tensor *from = tensor_zeros(D_INT64, 2, size[0]), *place = tensor_new(D_UINT32, 2, size[1]),
                  *v = tensor_new(s->dtype, 2, size[2]);
    i64 *start = (i64 *)from->data, *at = scratch((size_t)n * sizeof *at);
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    _Pragma("omp parallel for num_threads(ew_threads) schedule(dynamic, 1)")
    for (i64 c = 0; c < wide; c++)
        for (i64 k = col[c << TILE]; k < col[MIN((c + 1) << TILE, s->n)]; k++)
            start[(row[k] >> TILE) * wide + c + 1]++;
    for (i64 t = 0; t < n; t++)
        start[t + 1] += start[t];
    memcpy(at, start, (size_t)n * sizeof *at);
    poll();
    _Pragma("omp parallel for num_threads(ew_threads) schedule(dynamic, 1)")
    for (i64 c = 0; c < wide; c++)
        if (s->dtype == D_DOUBLE)
            tiles_d(s, c << TILE, MIN((c + 1) << TILE, s->n), wide, at, (uint32_t *)place->data, (double *)v->data);
        else
            tiles_c(s, c << TILE, MIN((c + 1) << TILE, s->n), wide, at, (uint32_t *)place->data, (double _Complex *)v->data);
    poll();
    s->part[3] = copy(tensor_box(from));
    s->part[4] = copy(tensor_box(place));
    s->part[5] = copy(tensor_box(v));
    s->way = BY_TILES;
    pool_release(mark);
}

/* How products with s go from now on. */
static int way(struct sparse *s, i64 columns)
{
    if (s->way == NOT_SEEN || (s->way == BY_COLUMNS && s->wants_tiles)) {
        bool second = s->way != NOT_SEEN;
        s->way = BY_COLUMNS;
        if (!second && s->nz >= MANY && has_bands(s)) {
            if (s->nz >= 2 * s->m) {
                find_halves(s);
                s->way = BY_HALVES;
            }
        } else if (second || (s->nz >= MANY && MAX(s->m, s->n) >= 4 << TILE && tiles(s->m) <= s->nz / 64 / tiles(s->n))) {
            s->wants_tiles = !second && columns == 1 && ew_threads < 2;
            if (!s->wants_tiles && protect(make_tiles, s)) {
                if (failure()->kind == FAIL_INTERRUPT)
                    fail_again();
            }                                 /* no memory for tiles: by columns, the same bits */
        }
    }
    return s->way;
}

#define TIMES(T, name) \
    static void name##_columns(const struct sparse *s, i64 first, i64 last, const T *x, T *y)          /* y += S(:, first:last) * x */ \
    { \
        const i64 *col = sparse_col(s), *row = sparse_row(s); \
        const T *v = sparse_x(s); \
        i64 k = col[first]; \
        for (i64 j = first; j < last && !interrupt_flag; j++) { \
            T f = x[j]; \
            for (i64 to = col[j + 1]; k < to; k++) \
                y[row[k]] += v[k] * f; \
        } \
    } \
    static void name##_add(T *restrict y, const T *restrict other, i64 n) \
    { \
        SIMD \
        for (i64 i = 0; i < n; i++) \
            y[i] += other[i]; \
    } \
    static void name##_halves(const struct sparse *s, const T *x, T *y, T *other, bool side_by_side)   /* other: from row lo */ \
    { \
        i64 lo = s->lo, hi = s->hi, m = s->m; \
        if (side_by_side) { \
            _Pragma("omp parallel for num_threads(2) schedule(static)") \
            for (int h = 0; h < 2; h++) \
                if (h) { \
                    memset(other, 0, (size_t)(m - lo) * sizeof(T)); \
                    name##_columns(s, s->half, s->n, x, other - lo); \
                } else { \
                    memset(y, 0, (size_t)hi * sizeof(T)); \
                    name##_columns(s, 0, s->half, x, y); \
                } \
            memcpy(y + hi, other + (hi - lo), (size_t)(m - hi) * sizeof(T)); \
        } else { \
            memset(y, 0, (size_t)m * sizeof(T)); \
            name##_columns(s, s->half, s->n, x, y); \
            memcpy(other, y + lo, (size_t)(hi - lo) * sizeof(T)); \
            memset(y + lo, 0, (size_t)(hi - lo) * sizeof(T)); \
            name##_columns(s, 0, s->half, x, y); \
        } \
        name##_add(y + lo, other, hi - lo); \
    } \
    static void name##_tiles(const struct sparse *s, const T *x, T *y) \
    { \
        i64 high = tiles(s->m), wide = tiles(s->n); \
        const i64 *start = (const i64 *)s->part[3].t->data; \
        const uint32_t *place = (const uint32_t *)s->part[4].t->data; \
        const T *v = (const T *)s->part[5].t->data; \
        _Pragma("omp parallel for num_threads(ew_threads) schedule(dynamic, 1)") \
        for (i64 r = 0; r < high; r++) { \
            T *to = y + (r << TILE); \
            memset(to, 0, (size_t)(MIN((r + 1) << TILE, s->m) - (r << TILE)) * sizeof(T)); \
            for (i64 c = 0; c < wide && !interrupt_flag; c++) { \
                const T *from = x + (c << TILE); \
                for (i64 k = start[r * wide + c], end = start[r * wide + c + 1]; k < end; k++) \
                    to[place[k] >> 16] += v[k] * from[place[k] & 0xffff]; \
            } \
        } \
    } \
    static void name##_turned_tiles(const struct sparse *s, const T *x, T *y) \
    { \
        i64 high = tiles(s->m), wide = tiles(s->n); \
        const i64 *start = (const i64 *)s->part[3].t->data; \
        const uint32_t *place = (const uint32_t *)s->part[4].t->data; \
        const T *v = (const T *)s->part[5].t->data; \
        _Pragma("omp parallel for num_threads(ew_threads) schedule(dynamic, 1)") \
        for (i64 c = 0; c < wide; c++) { \
            T *to = y + (c << TILE); \
            memset(to, 0, (size_t)(MIN((c + 1) << TILE, s->n) - (c << TILE)) * sizeof(T)); \
            for (i64 r = 0; r < high && !interrupt_flag; r++) { \
                const T *from = x + (r << TILE); \
                for (i64 k = start[r * wide + c], end = start[r * wide + c + 1]; k < end; k++) \
                    to[place[k] & 0xffff] += v[k] * from[place[k] >> 16]; \
            } \
        } \
    } \
    static void name##_turned_columns(const struct sparse *s, const T *x, T *y) \
    { \
        const i64 *col = sparse_col(s), *row = sparse_row(s); \
        const T *v = sparse_x(s); \
        _Pragma("omp parallel for num_threads(ew_threads) schedule(static) if((double)s->nz > 1e6)") \
        for (i64 j = 0; j < s->n; j++) { \
            T sum = 0; \
            for (i64 k = col[j]; k < col[j + 1]; k++) \
                sum += v[k] * x[row[k]]; \
            y[j] = sum; \
        } \
    } \
    static void name##_turned(struct sparse *s, const T *x, T *y, i64 count)        /* S.' * X */ \
    { \
        bool tiled = way(s, count) == BY_TILES; \
        for (i64 c = 0; c < count && !interrupt_flag; c++) \
            (tiled ? name##_turned_tiles : name##_turned_columns)(s, x + c * s->m, y + c * s->n); \
    } \
    static void name##_one(const struct sparse *s, int how, const T *x, T *y, T *other, bool side_by_side) \
    { \
        if (how == BY_TILES) { \
            name##_tiles(s, x, y); \
        } else if (how == BY_HALVES) { \
            name##_halves(s, x, y, other, side_by_side); \
        } else { \
            memset(y, 0, (size_t)s->m * sizeof(T)); \
            name##_columns(s, 0, s->n, x, y); \
        } \
    } \
    static void name(struct sparse *s, const T *x, T *y, i64 count) \
    { \
        i64 m = s->m, n = s->n; \
        int how = way(s, count); \
        int parts = count > 1 && how != BY_TILES && (double)s->nz * (double)count > 1e6 ? (int)MIN(ew_threads, count) : 1; \
        T *other = how == BY_HALVES ? scratch((size_t)parts * (size_t)(m - s->lo + 1) * sizeof(T)) : NULL; \
        if (parts < 2) { \
            for (i64 c = 0; c < count && !interrupt_flag; c++) \
                name##_one(s, how, x + c * n, y + c * m, other, ew_threads > 1); \
            return; \
        } \
        _Pragma("omp parallel for num_threads(parts) schedule(static)") \
        for (int t = 0; t < parts; t++) \
            for (i64 c = t * count / parts; c < (t + 1) * count / parts && !interrupt_flag; c++) \
                name##_one(s, how, x + c * n, y + c * m, other + t * (m - s->lo), false); \
    }
TIMES(double, times_d)
TIMES(double _Complex, times_c)

/* 0 * Inf is NaN: a full operand with NaN or Inf meets the zeros too. */
CLONES static bool finite_run(const uint64_t *x, i64 n)
{
    const uint64_t all = 0x7ffull << 52;
    uint64_t bad = 0;
    SIMD
    for (i64 i = 0; i < n; i++)
        bad |= (x[i] & all) == all;
    return !bad;
}
bool sparse_all_finite(const struct tensor *t)
{
    return finite_run((const uint64_t *)t->data, t->numel * (t->dtype == D_CDOUBLE ? 2 : 1));
}

bool sparse_finite(struct sparse *s)
{
    if (!s->finite)
        s->finite = sparse_all_finite(sparse_values(s)) ? 1 : -1;
    return s->finite > 0;
}

struct tensor *sparse_times_full(struct sparse *s, bool turn, struct tensor *x)
{
    int dt = s->dtype == D_CDOUBLE || dtype_is(x->dtype, DT_C) ? D_CDOUBLE : D_DOUBLE;
    s = sparse_cast(s, dt);
    x = tensor_dense(tensor_cast(x, dt));
    i64 dim[2] = { turn ? s->n : s->m, x->dim[1] };
    if (!sparse_finite(s) || !sparse_all_finite(x)) {
        struct tensor *f = sparse_full(s);
        return linalg_product(f, turn ? TRANSPOSED : AS_IS, x, AS_IS);
    }
    struct tensor *y = tensor_new(dt, 2, dim);
    if (dt == D_DOUBLE && turn)
        times_d_turned(s, (double *)x->data, (double *)y->data, dim[1]);
    else if (dt == D_DOUBLE)
        times_d(s, (double *)x->data, (double *)y->data, dim[1]);
    else if (turn)
        times_c_turned(s, (double _Complex *)x->data, (double _Complex *)y->data, dim[1]);
    else
        times_c(s, (double _Complex *)x->data, (double _Complex *)y->data, dim[1]);
    poll();
    return y;
}
