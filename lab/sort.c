/* SPDX-License-Identifier: BSD-3-Clause */
/* sort.c: sorting.
 *
 * One idea: every real class maps to 64-bit keys whose unsigned order is the order wanted (NaN largest, -0 as 0;
 * descending: all bits turned), so there is one sort: by radix of 11 bits, only over the bits in which the keys differ,
 * every pass split among threads; short runs by merging.  Keys of many bits that spread well go from the first digit
 * down, whose buckets soon lie in cache (1.6 times faster); few bits, or keys that crowd in a bucket, from the last digit
 * up.  Orders sort pairs (key, index) in the same way; being stable, they sort by several keys from the last to the
 * first (rows, complex numbers). */
#include "sort.h"
#include "blas.h"
#include "clones.h"
#include "rules.h"
#include <complex.h>
#include <math.h>
#include <stdlib.h>
#ifdef _OPENMP
#include <omp.h>
#endif

typedef uint64_t key;

/* ---- keys */
static inline key key_double(double x)
{
    key b;
    x += 0.0;                                 /* -0 becomes 0 */
    memcpy(&b, &x, 8);
    b = b >> 63 ? ~b : b | (key)1 << 63;
    return x != x ? ~(key)0 : b;
}

static inline double double_key(key b)
{
    double x;
    b = b >> 63 ? b & ~((key)1 << 63) : ~b;
    memcpy(&x, &b, 8);
    return x;
}

#define SIGNED_KEY(T) static inline key key_##T(T x) { return (key)(int64_t)x ^ (key)1 << 63; } \
                      static inline T T##_key(key k) { return (T)(int64_t)(k ^ (key)1 << 63); }
#define UNSIGNED_KEY(T) static inline key key_##T(T x) { return x; } static inline T T##_key(key k) { return (T)k; }
SIGNED_KEY(int8_t) SIGNED_KEY(int16_t) SIGNED_KEY(int32_t) SIGNED_KEY(int64_t)
UNSIGNED_KEY(uint8_t) UNSIGNED_KEY(uint16_t) UNSIGNED_KEY(uint32_t) UNSIGNED_KEY(uint64_t)
static inline key key_float(float x) { return key_double((double)x); }
static inline float float_key(key k) { return (float)double_key(k); }

/* Keys of n elements; false when values cannot be made of them again (a -0, of which the sign must be kept). */
CLONES static bool keys_of_double(const double *x, i64 n, key turn, key *k)
{
    key zeros = 0;
    SIMD
    for (i64 i = 0; i < n; i++) {
        key b;
        memcpy(&b, x + i, 8);
        zeros |= b == (key)1 << 63;
        k[i] = key_double(x[i]) ^ turn;
    }
    return !zeros;
}

#define KEYS(T)                                                                                \
    static bool keys_of_##T(const T *x, i64 n, key turn, key *k)                               \
    {                                                                                          \
        for (i64 i = 0; i < n; i++)                                                            \
            k[i] = key_##T(x[i]) ^ turn;                                                       \
        return true;                                                                           \
    }
#define VALUES(T)                                                                              \
    static void values_of_##T(T *x, i64 n, key turn, const key *k)                             \
    {                                                                                          \
        for (i64 i = 0; i < n; i++)                                                            \
            x[i] = T##_key(k[i] ^ turn);                                                       \
    }
KEYS(int8_t) KEYS(int16_t) KEYS(int32_t) KEYS(int64_t) KEYS(uint8_t) KEYS(uint16_t) KEYS(uint32_t) KEYS(uint64_t)
VALUES(int8_t) VALUES(int16_t) VALUES(int32_t) VALUES(int64_t) VALUES(uint8_t) VALUES(uint16_t) VALUES(uint32_t) VALUES(uint64_t)
VALUES(double) VALUES(float)
static bool keys_of_float(const float *x, i64 n, key turn, key *k)
{
    bool ok = true;
    for (i64 i = 0; i < n; i++) {
        ok &= x[i] != 0 || !signbit(x[i]);
        k[i] = key_float(x[i]) ^ turn;
    }
    return ok;
}

static bool keys_of(int dtype, const void *x, i64 n, bool descend, key *k)
{
    key turn = descend ? ~(key)0 : 0;
    switch (dtype) {
    case D_DOUBLE: return keys_of_double(x, n, turn, k);
    case D_SINGLE: return keys_of_float(x, n, turn, k);
    case D_INT8: return keys_of_int8_t(x, n, turn, k);
    case D_INT16: return keys_of_int16_t(x, n, turn, k);
    case D_INT32: return keys_of_int32_t(x, n, turn, k);
    case D_INT64: return keys_of_int64_t(x, n, turn, k);
    case D_UINT16: return keys_of_uint16_t(x, n, turn, k);
    case D_UINT32: return keys_of_uint32_t(x, n, turn, k);
    case D_UINT64: return keys_of_uint64_t(x, n, turn, k);
    default: return keys_of_uint8_t(x, n, turn, k);
    }
}

static void values_of(int dtype, void *x, i64 n, bool descend, const key *k)
{
    key turn = descend ? ~(key)0 : 0;
    switch (dtype) {
    case D_DOUBLE: values_of_double(x, n, turn, k); break;
    case D_SINGLE: values_of_float(x, n, turn, k); break;
    case D_INT8: values_of_int8_t(x, n, turn, k); break;
    case D_INT16: values_of_int16_t(x, n, turn, k); break;
    case D_INT32: values_of_int32_t(x, n, turn, k); break;
    case D_INT64: values_of_int64_t(x, n, turn, k); break;
    case D_UINT16: values_of_uint16_t(x, n, turn, k); break;
    case D_UINT32: values_of_uint32_t(x, n, turn, k); break;
    case D_UINT64: values_of_uint64_t(x, n, turn, k); break;
    default: values_of_uint8_t(x, n, turn, k);
    }
}

/* ---- sorting keys alone, and pairs of key and index: one body for both */
struct pair { key k; uint64_t i; };
enum { DIGIT = 11, BUCKETS = 1 << DIGIT, SHORT = 400, FEW = 32, THREADS = 16 };

static bool sorted_keys(const key *k, i64 n)
{
    for (i64 i = 1; i < n; i++)
        if (k[i] < k[i - 1])
            return false;
    return true;
}

static bool sorted_pairs(const struct pair *k, i64 n)
{
    for (i64 i = 1; i < n; i++)
        if (k[i].k < k[i - 1].k)
            return false;
    return true;
}

#define SORT(name, T, KEY)                                                                     \
    static void insert_##name(T *x, i64 n)                                                     \
    {                                                                                          \
        for (i64 i = 1; i < n; i++) {                                                          \
            T e = x[i];                                                                        \
            i64 j = i;                                                                         \
            for (; j > 0 && KEY(e) < KEY(x[j - 1]); j--)                                       \
                x[j] = x[j - 1];                                                               \
            x[j] = e;                                                                          \
        }                                                                                      \
    }                                                                                          \
    static void merge_##name(T *x, T *to, i64 n)      /* result in x */                        \
    {                                                                                          \
        enum { RUN = 16 };                                                                     \
        T *from = x;                                                                           \
        for (i64 at = 0; at < n; at += RUN)                                                    \
            insert_##name(x + at, MIN(RUN, n - at));                                           \
        for (i64 w = RUN; w < n; w *= 2) {                                                     \
            for (i64 at = 0; at < n; at += 2 * w) {                                            \
                i64 i = at, ie = MIN(at + w, n), j = ie, je = MIN(at + 2 * w, n), o = at;      \
                while (i < ie && j < je) {                                                     \
                    bool right = KEY(from[j]) < KEY(from[i]);                                  \
                    to[o++] = right ? from[j] : from[i];                                       \
                    j += right;                                                                \
                    i += !right;                                                               \
                }                                                                              \
                memcpy(to + o, from + i, (size_t)(ie - i) * sizeof(T));                        \
                o += ie - i;                                                                   \
                memcpy(to + o, from + j, (size_t)(je - j) * sizeof(T));                        \
            }                                                                                  \
            T *swap = from;                                                                    \
            from = to;                                                                         \
            to = swap;                                                                         \
        }                                                                                      \
        if (from != x)                                                                         \
            memcpy(x, from, (size_t)n * sizeof(T));                                            \
    }                                                                                          \
    static void pass_##name(const T *from, T *to, i64 n, int shift, key low, key mask, int nt, i64 (*count)[BUCKETS]) \
    {                                                                                          \
        i64 part = (n + nt - 1) / nt;                                                          \
        _Pragma("omp parallel for num_threads(nt) schedule(static, 1) if(nt > 1)")             \
        for (int t = 0; t < nt; t++) {                                                         \
            i64 b = t * part, e = MIN(b + part, n), *at = count[t];                            \
            for (i64 i = b; i < e; i++)                                                        \
                to[at[(KEY(from[i]) - low) >> shift & mask]++] = from[i];                      \
        }                                                                                      \
    }                                                                                          \
/* a sorted by the last `shift` bits of its keys, into b or a; from the first digit down, so that soon all is in cache */ \
    static void deep_##name(T *a, T *b, i64 n, int shift, key low, bool into_b)                \
    {                                                                                          \
        if (n <= FEW || shift == 0) {                                                          \
            if (into_b)                                                                        \
                memcpy(b, a, (size_t)n * sizeof(T));                                           \
            if (shift)                                                                         \
                insert_##name(into_b ? b : a, n);                                              \
            return;                                                                            \
        }                                                                                      \
        const int digit = MIN(shift, n < 512 ? 5 : n < 8192 ? 8 : DIGIT);                      \
        const key mask = ((key)1 << digit) - 1;                                                \
        i64 at[BUCKETS], sum = 0;                                                              \
        shift -= digit;                                                                        \
        memset(at, 0, sizeof *at << digit);                                                    \
        for (i64 i = 0; i < n; i++)                                                            \
            at[(KEY(a[i]) - low) >> shift & mask]++;                                           \
        if (at[(KEY(a[0]) - low) >> shift & mask] == n) {                                      \
            deep_##name(a, b, n, shift, low, into_b);                                          \
            return;                                                                            \
        }                                                                                      \
        for (int d = 0; d < 1 << digit; d++) {                                                 \
            i64 c = at[d];                                                                     \
            at[d] = sum;                                                                       \
            sum += c;                                                                          \
        }                                                                                      \
        for (i64 i = 0; i < n; i++)                                                            \
            b[at[(KEY(a[i]) - low) >> shift & mask]++] = a[i];                                 \
        for (int d = 0; d < 1 << digit; d++) {                                                 \
            i64 from = d ? at[d - 1] : 0, len = at[d] - from;                                  \
            if (len)                                                                           \
                deep_##name(b + from, a + from, len, shift, low, !into_b);                     \
        }                                                                                      \
    }                                                                                          \
    /* The first digit spreads the keys; then each bucket on its own, some at a time.  False: too many share a bucket. */ \
    static bool spread_##name(T *x, T *to, i64 n, int shift, key low, int nt, i64 (*count)[BUCKETS]) \
    {                                                                                          \
        const key mask = BUCKETS - 1;                                                          \
        i64 part = (n + nt - 1) / nt, *start = scratch(sizeof *start * (BUCKETS + 1)), sum = 0, most = 0; \
        _Pragma("omp parallel for num_threads(nt) schedule(static, 1) if(nt > 1)")             \
        for (int t = 0; t < nt; t++) {                                                         \
            i64 b = t * part, e = MIN(b + part, n), *at = count[t];                            \
            memset(at, 0, sizeof *at * BUCKETS);                                               \
            for (i64 i = b; i < e; i++)                                                        \
                at[(KEY(x[i]) - low) >> shift & mask]++;                                       \
        }                                                                                      \
        for (int d = 0; d < BUCKETS; d++) {                                                    \
            start[d] = sum;                                                                    \
            for (int t = 0; t < nt; t++) {                                                     \
                i64 c = count[t][d];                                                           \
                count[t][d] = sum;                                                             \
                sum += c;                                                                      \
            }                                                                                  \
            most = MAX(most, sum - start[d]);                                                  \
        }                                                                                      \
        start[BUCKETS] = n;                                                                    \
        if (most > MAX(n / 16, 1 << 12))                                                       \
            return false;                                                                      \
        poll();                                                                                \
        pass_##name(x, to, n, shift, low, mask, nt, count);                                    \
        for (int d = 0, e; d < BUCKETS; d = e) {                                               \
            poll();                                                                            \
            for (e = d + 1; e < BUCKETS && start[e + 1] - start[d] < 1 << 21; e++)             \
                ;                                                                              \
            _Pragma("omp parallel for num_threads(nt) schedule(dynamic, 8) if(nt > 1)")        \
            for (int k = d; k < e; k++)                                                        \
                deep_##name(to + start[k], x + start[k], start[k + 1] - start[k], shift, low, true); \
        }                                                                                      \
        return true;                                                                           \
    }                                                                                          \
    static T *radix_##name(T *x, T *to, i64 n)        /* where the result is: x or to */       \
    {                                                                                          \
        static const int few = 200000;                                                         \
        key low = ~(key)0, high = 0;                                                           \
        int nt = n < few ? 1 : MIN(blas_threads(), THREADS);                                   \
        _Pragma("omp parallel for num_threads(nt) reduction(min: low) reduction(max: high) if(nt > 1)") \
        for (i64 i = 0; i < n; i++) {                                                          \
            key k = KEY(x[i]);                                                                 \
            low = k < low ? k : low;                                                           \
            high = k > high ? k : high;                                                        \
        }                                                                                      \
        int bits = high == low ? 0 : 64 - __builtin_clzll(high - low);                         \
        const int digit = n < 8000 ? 8 : DIGIT;                                                \
        const key mask = ((key)1 << digit) - 1;                                                \
        i64 (*count)[BUCKETS] = scratch(sizeof *count * (size_t)nt);                           \
        i64 part = (n + nt - 1) / nt;                                                          \
        if (n >= 8000 && bits > 3 * DIGIT && spread_##name(x, to, n, bits - DIGIT, low, nt, count)) \
            return x;                                                                          \
        for (int shift = 0; shift < bits; shift += digit) {                                    \
            poll();                                                                            \
            _Pragma("omp parallel for num_threads(nt) schedule(static, 1) if(nt > 1)")         \
            for (int t = 0; t < nt; t++) {                                                     \
                i64 b = t * part, e = MIN(b + part, n), *at = count[t];                        \
                memset(at, 0, sizeof *at << digit);                                            \
                for (i64 i = b; i < e; i++)                                                    \
                    at[(KEY(x[i]) - low) >> shift & mask]++;                                   \
            }                                                                                  \
            i64 sum = 0;                                                                       \
            bool one = false;                                                                  \
            for (int d = 0; d < 1 << digit; d++) {                                             \
                i64 here = sum;                                                                \
                for (int t = 0; t < nt; t++) {                                                 \
                    i64 c = count[t][d];                                                       \
                    count[t][d] = sum;                                                         \
                    sum += c;                                                                  \
                }                                                                              \
                one |= sum - here == n;                                                        \
            }                                                                                  \
            if (one)                                                                           \
                continue;                                                                      \
            pass_##name(x, to, n, shift, low, mask, nt, count);                                \
            T *swap = x;                                                                       \
            x = to;                                                                            \
            to = swap;                                                                         \
        }                                                                                      \
        return x;                                                                              \
    }                                                                                          \
    static T *sort_##name(T *x, T *to, i64 n)                                                  \
    {                                                                                          \
        if (sorted_##name(x, n))                                                               \
            return x;                                                                          \
        if (n > SHORT)                                                                         \
            return radix_##name(x, to, n);                                                     \
        merge_##name(x, to, n);                                                                \
        return x;                                                                              \
    }
#define ALONE(x) (x)
#define FIRST(x) (x).k
SORT(keys, key, ALONE)
SORT(pairs, struct pair, FIRST)

/* ---- bytes and 16-bit numbers: counting */
static bool count_values(int dtype, void *x, i64 n, bool descend)
{
    size_t size = dtypes[dtype].size;
    if (size > 2 || n < 256)
        return false;
    int range = size == 1 ? 256 : 65536, flip = dtype == D_INT8 ? 128 : dtype == D_INT16 ? 32768 : 0;
    if (size == 2 && n < 8192)
        return false;
    i64 *count = scratch(sizeof *count * (size_t)range), at = 0;
    memset(count, 0, sizeof *count * (size_t)range);
    for (i64 i = 0; i < n; i++)
        count[size == 1 ? ((uint8_t *)x)[i] ^ flip : ((uint16_t *)x)[i] ^ flip]++;
    for (int v = 0; v < range; v++) {
        int e = descend ? range - 1 - v : v;
        for (i64 c = count[e]; c > 0; c--, at++) {
            if (size == 1)
                ((uint8_t *)x)[at] = (uint8_t)(e ^ flip);
            else
                ((uint16_t *)x)[at] = (uint16_t)(e ^ flip);
        }
    }
    return true;
}

enum { PIECE = 1 << 20 };                     /* between two looks for Ctrl-C */
static void move_by(void *to, const void *from, size_t size, i64 n, const i64 *order)
{
    switch (size) {
    case 1: for (i64 i = 0; i < n; i++) ((uint8_t *)to)[i] = ((const uint8_t *)from)[order[i]]; break;
    case 2: for (i64 i = 0; i < n; i++) ((uint16_t *)to)[i] = ((const uint16_t *)from)[order[i]]; break;
    case 4: for (i64 i = 0; i < n; i++) ((uint32_t *)to)[i] = ((const uint32_t *)from)[order[i]]; break;
    case 8: for (i64 i = 0; i < n; i++) ((uint64_t *)to)[i] = ((const uint64_t *)from)[order[i]]; break;
    default: for (i64 i = 0; i < n; i++) memcpy((char *)to + i * (i64)size, (const char *)from + order[i] * (i64)size, size);
    }
}

/* Doubles that rise or fall already, strictly or with equal bits: nothing to do, or to be turned round.  Others are seen
   to be others at their first elements. */
static bool in_order(double *x, i64 n, bool descend)
{
    i64 i = 1;
    if (descend)
        while (i < n && (x[i - 1] > x[i] || !memcmp(&x[i - 1], &x[i], sizeof *x)))
            i++;
    else
        while (i < n && (x[i - 1] < x[i] || !memcmp(&x[i - 1], &x[i], sizeof *x)))
            i++;
    if (i == n)
        return x[0] == x[0];                  /* NaN all over: the general way */
    for (i = 1; i < n && (descend ? x[i - 1] < x[i] : x[i - 1] > x[i]);)
        i++;
    for (i64 a = 0, b = n - 1; i == n && a < b; a++, b--) {
        double t = x[a];
        x[a] = x[b];
        x[b] = t;
    }
    return i == n;
}

void sort_values(int dtype, void *x, i64 n, bool descend)
{
    if (n < 2 || (dtype == D_DOUBLE && in_order(x, n, descend)) || count_values(dtype, x, n, descend))
        return;
    int mark = pool_mark();
    key *k = scratch((size_t)n * sizeof *k);
    if (keys_of(dtype, x, n, descend, k)) {
        key *to = scratch((size_t)n * sizeof *to);
        values_of(dtype, x, n, descend, sort_keys(k, to, n));
    } else {
        size_t size = dtypes[dtype].size;
        void *old = scratch((size_t)n * size);
        memcpy(old, x, (size_t)n * size);
        move_by(x, old, size, n, sort_order(dtype, old, n, descend));
    }
    pool_release(mark);
}

/* ---- orders.  `order` may hold one already, which is refined: that is how several keys sort. */
static void order_by(int dtype, const void *x, i64 n, bool descend, i64 *order)
{
    int mark = pool_mark();
    key *k = scratch((size_t)n * sizeof *k);
    struct pair *p = scratch((size_t)n * sizeof *p), *to = scratch((size_t)n * sizeof *to);
    keys_of(dtype, x, n, descend, k);
    for (i64 i = 0; i < n;) {
        poll();
        for (i64 e = MIN(i + PIECE, n); i < e; i++)
            p[i] = (struct pair){ k[order[i]], (uint64_t)order[i] };
    }
    poll();
    p = sort_pairs(p, to, n);
    for (i64 i = 0; i < n;) {
        i64 e = MIN(i + PIECE, n);
        if (i)
            poll();
        for (; i < e; i++)
            order[i] = (i64)p[i].i;
    }
    pool_release(mark);
}

static i64 *identity(i64 n)
{
    i64 *order = scratch((size_t)n * sizeof *order + 8);
    for (i64 i = 0; i < n; i++)
        order[i] = i;
    return order;
}

static void order_complex(int dtype, const void *x, i64 n, bool descend, i64 *order)
{
    double *r = scratch((size_t)n * sizeof *r + 8), *a = scratch((size_t)n * sizeof *a + 8);
    for (i64 i = 0; i < n; i++) {
        double _Complex z =
            dtype == D_CDOUBLE ? ((const double _Complex *)x)[i] : (double _Complex)((const float _Complex *)x)[i];
        r[i] = creal(z) != creal(z) || cimag(z) != cimag(z) ? NAN : cabs(z);
        a[i] = carg(z) == -M_PI ? M_PI : carg(z);
        if (r[i] != r[i])
            a[i] = 0;
    }
    order_by(D_DOUBLE, a, n, descend, order);
    order_by(D_DOUBLE, r, n, descend, order);
}

i64 *sort_order(int dtype, const void *x, i64 n, bool descend)
{
    i64 *order = identity(n);
    if (n < 2)
        return order;
    if (dtype_is(dtype, DT_C))
        order_complex(dtype, x, n, descend, order);
    else
        order_by(dtype, x, n, descend, order);
    return order;
}

/* Rows of many columns are compared until they differ, which is early as a rule; the keys of a column are made when it
 * is first reached. */
enum { COLUMNS_FEW = 8, ROWS_MANY = 1000000 };
struct rows { const struct tensor *t; i64 m, n; const i64 *col; key *k; bool *there; };
static const key *keys_of_column(struct rows *r, i64 c)
{
    key *k = r->k + c * r->m;
    i64 j = r->col ? llabs(r->col[c]) - 1 : c;
    if (!r->there[c])
        keys_of(r->t->dtype, r->t->data + j * r->m * (i64)dtypes[r->t->dtype].size, r->m, r->col && r->col[c] < 0, k);
    r->there[c] = true;
    return k;
}
static int compare_rows(const void *a, const void *b, void *arg)
{
    i64 p = *(const i64 *)a, q = *(const i64 *)b;
    struct rows *r = arg;
    for (i64 c = 0; c < r->n; c++) {
        const key *k = keys_of_column(r, c);
        if (k[p] != k[q])
            return k[p] < k[q] ? -1 : 1;
    }
    return p < q ? -1 : p > q;
}

i64 *sort_order_rows(const struct tensor *t, int ncol, const i64 *col)
{
    i64 m = t->dim[0], n = col ? ncol : t->dim[1], *order = identity(m);
    size_t size = dtypes[t->dtype].size;
    if (n > COLUMNS_FEW && m > 1 && m <= ROWS_MANY && !dtype_is(t->dtype, DT_C)) {
        struct rows r = { t, m, n, col, scratch((size_t)(m * n) * sizeof(key)), scratch((size_t)n) };
        memset(r.there, 0, (size_t)n);
        qsort_r(order, (size_t)m, sizeof *order, compare_rows, &r);
        return order;
    }
    for (i64 c = n - 1; c >= 0 && m > 1; c--) {
        i64 j = col ? llabs(col[c]) - 1 : c;
        const char *x = t->data + j * m * (i64)size;
        if (dtype_is(t->dtype, DT_C))
            order_complex(t->dtype, x, m, col && col[c] < 0, order);
        else
            order_by(t->dtype, x, m, col && col[c] < 0, order);
    }
    return order;
}

/* ---- texts */
bool is_cellstr(value v)
{
    if (v.kind != K_CELL)
        return false;
    for (i64 i = 0; i < v.cell->numel; i++)
        if (!is_tensor_like(v.cell->v[i]) || value_dtype(v.cell->v[i]) != D_CHAR)
            return false;
    return true;
}

int compare_texts(value a, value b)
{
    struct tensor *x = tensor_dense(tensor_of(a)), *y = tensor_dense(tensor_of(b));
    int d = memcmp(x->data, y->data, (size_t)MIN(x->numel, y->numel));
    return d ? (d < 0 ? -1 : 1) : x->numel < y->numel ? -1 : x->numel > y->numel;
}

struct text { const char *s; i64 n; };
static bool text_less(const struct text *a, const struct text *b)
{
    int d = memcmp(a->s, b->s, (size_t)MIN(a->n, b->n));
    return d ? d < 0 : a->n < b->n;
}

i64 *sort_order_texts(i64 n, const value *text, bool descend)
{
    i64 *x = identity(n), *to = scratch((size_t)n * sizeof *to + 8), *from = x;
    struct text *s = scratch((size_t)n * sizeof *s + 8);
    for (i64 i = 0; i < n; i++) {
        struct tensor *t = tensor_dense(tensor_of(text[i]));
        s[i] = (struct text){ t->data, t->numel };
    }
    for (i64 w = 1; w < n; w *= 2) {
        poll();
        for (i64 at = 0; at < n; at += 2 * w) {
            i64 i = at, ie = MIN(at + w, n), j = ie, je = MIN(at + 2 * w, n), o = at;
            while (i < ie && j < je) {
                bool right = descend ? text_less(&s[from[i]], &s[from[j]]) : text_less(&s[from[j]], &s[from[i]]);
                to[o++] = right ? from[j++] : from[i++];
            }
            while (i < ie)
                to[o++] = from[i++];
            while (j < je)
                to[o++] = from[j++];
        }
        i64 *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* ---- functions */
static bool arg_mode(struct call *c, int i)
{
    return arg_option(c, i, (const char *const[]){ "ascend", "descend", NULL }) == 1;
}

static void sort_cell(struct call *c, int dim, bool descend)
{
    struct cell *x = c->arg[0].cell;
    if (!is_cellstr(c->arg[0]))
        fail("Octave:invalid-input-arg", "sort: a cell can be sorted when all its elements are texts");
    i64 before = 1, n = 1;
    if (dim == 0)
        for (dim = 1; dim < x->nd && x->dim[dim - 1] == 1; dim++)
            ;
    for (int d = 0; d < MIN(dim - 1, x->nd); d++)
        before *= x->dim[d];
    n = dim <= x->nd ? x->dim[dim - 1] : 1;
    struct cell *s = cell_new(x->nd, x->dim);
    struct tensor *at = tensor_new(D_DOUBLE, x->nd, x->dim);
    value *run = scratch((size_t)n * sizeof *run + 8);
    for (i64 k = 0; n && k < x->numel / n; k++) {
        i64 start = k % before + k / before * before * n;
        for (i64 i = 0; i < n; i++)
            run[i] = x->v[start + i * before];
        i64 *order = sort_order_texts(n, run, descend);
        for (i64 i = 0; i < n; i++) {
            cell_set(s, start + i * before, run[order[i]]);
            ((double *)at->data)[start + i * before] = (double)(order[i] + 1);
        }
    }
    result(c, 0, cell_value(s));
    result_tensor(c, 1, at);
}

BUILTIN(sort, 1, 3, 2, sort_grad,
    "s = sort(x)\n"
    "s = sort(x, dim)\n"
    "s = sort(x, 'descend')\n"
    "[s, i] = sort(x, dim, mode)\n\n"
    "Sorts the elements of x along dim (by default the first dimension longer than one) in rising order, or with mode "
    "'descend' falling. Equal elements keep their order; NaN counts as larger than all numbers; complex numbers are "
    "sorted by abs, then by arg; texts in a cell by their characters. i holds the places from which the elements "
    "came.\n\n"
    "Example:\n"
    "  [s, i] = sort([3 1 2])\n"
    "  s =\n     1   2   3\n"
    "  i =\n     2   3   1\n\n"
    "See also: sortrows, issorted, unique, nth_element")
{
    bool descend = false;
    int dim = 0;
    for (int i = 1; i < c->nargin; i++) {
        if (arg_is_text(c, i))
            descend = arg_mode(c, i);
        else
            dim = arg_dim(c, i, 0);
    }
    if (c->arg[0].kind == K_CELL) {
        sort_cell(c, dim, descend);
        return;
    }
    struct tensor *x = arg_tensor(c, 0);
    bool turned = x->nd == 2 && dim == 2 && x->dim[0] > 1;       /* rows: columns of the transpose, which is neither slow */
    x = turned ? tensor_clone(tensor_transpose(x)) : tensor_dense(x);
    struct runs r = runs_along(x, turned ? 1 : dim ? dim : first_long_dim(x));
    size_t size = dtypes[x->dtype].size;
    bool order = wants(c, 1), complex_ = dtype_is(x->dtype, DT_C);
    struct tensor *s = turned ? x : tensor_clone(x), *at = order ? tensor_new(D_DOUBLE, x->nd, x->dim) : NULL;
    void *run = r.before == 1 ? NULL : scratch((size_t)r.n * size + 8),
         *sorted = order || complex_ ? scratch((size_t)r.n * size + 8) : NULL;
    for (i64 k = 0; k < r.count; k++) {
        i64 start = run_start(&r, k);
        char *from = s->data + start * (i64)size;
        if (!(k & 255))
            poll();
        if (run) {
            for (i64 i = 0; i < r.n; i++)
                memcpy((char *)run + i * (i64)size, from + i * r.before * (i64)size, size);
        }
        void *x1 = run ? run : from;
        if (order || complex_) {
            int mark = pool_mark();
            i64 *o = sort_order(x->dtype, x1, r.n, descend);
            for (i64 i = 0, e; i < r.n; i = e) {
                e = MIN(i + PIECE, r.n);
                if (i)
                    poll();
                move_by((char *)sorted + i * (i64)size, x1, size, e - i, o + i);
                for (i64 k = i; order && k < e; k++)
                    ((double *)at->data)[start + k * r.before] = (double)(o[k] + 1);
            }
            x1 = sorted;
            pool_release(mark);
        } else {
            sort_values(x->dtype, x1, r.n, descend);
        }
        if (x1 != from && r.before == 1) {
            memcpy(from, x1, (size_t)r.n * size);
        } else if (x1 != from) {
            for (i64 i = 0; i < r.n; i++)
                memcpy(from + i * r.before * (i64)size, (char *)x1 + i * (i64)size, size);
        }
    }
    result_tensor(c, 0, turned ? tensor_clone(tensor_transpose(s)) : s);
    if (order)
        result_tensor(c, 1, turned ? tensor_clone(tensor_transpose(at)) : at);
}

static struct tensor *take_rows(struct tensor *t, i64 m, const i64 *order)
{
    struct tensor *r = tensor_2d(t->dtype, m, t->dim[1]);
    size_t size = dtypes[t->dtype].size;
    for (i64 j = 0; j < t->dim[1]; j++)
        move_by(r->data + j * m * (i64)size, t->data + j * t->dim[0] * (i64)size, size, m, order);
    return r;
}

static void result_order(struct call *c, int i, const i64 *order, i64 rows, i64 cols)
{
    struct tensor *t = tensor_2d(D_DOUBLE, rows, cols);
    for (i64 k = 0; k < t->numel; k++)
        ((double *)t->data)[k] = (double)(order[k] + 1);
    result_tensor(c, i, t);
}

BUILTIN(sortrows, 1, 2, 2, grad_form,
    "s = sortrows(A)\n"
    "[s, i] = sortrows(A, cols)\n\n"
    "Sorts the rows of a matrix by their first column, equal ones by the second, and so on. cols names the columns "
    "that count, in order; a negative one sorts falling. A may be a cell whose columns hold texts or numbers. s = "
    "A(i,:).\n\n"
    "Example:\n"
    "  sortrows([3 1; 1 2; 1 1])\n"
    "  ans =\n     1   1\n     1   2\n     3   1\n\n"
    "See also: sort, unique")
{
    if (c->arg[0].kind == K_CELL) {
        struct cell *x = c->arg[0].cell;
        if (x->nd == 2 && x->dim[1] > 1 && call_carried_on(c, "cell_rows_sorted", c->nargin))
            return;
        if (!is_cellstr(c->arg[0]) || x->nd > 2 || (x->dim[1] != 1 && x->numel))
            fail("Octave:invalid-input-arg", "sortrows: a cell must be a column of texts");
        i64 *order = sort_order_texts(x->numel, x->v, has_arg(c, 1) && arg_num(c, 1) < 0);
        struct cell *s = cell_new(x->nd, x->dim);
        for (i64 i = 0; i < x->numel; i++)
            cell_set(s, i, x->v[order[i]]);
        result(c, 0, cell_value(s));
        result_order(c, 1, order, x->numel, 1);
        return;
    }
    struct tensor *t = arg_dense(c, 0);
    if (t->nd > 2)
        fail_arg(c, 0, "a matrix (two dimensions)");
    i64 *col = NULL;
    int n = 0;
    if (has_arg(c, 1) && arg_is_text(c, 1)) {
        if (arg_mode(c, 1)) {
            n = (int)t->dim[1];
            col = scratch((size_t)n * sizeof *col + 8);
            for (int j = 0; j < n; j++)
                col[j] = -(j + 1);
        }
    } else if (has_arg(c, 1)) {
        struct tensor *w = arg_double(c, 1);
        n = (int)w->numel;
        col = scratch((size_t)n * sizeof *col + 8);
        for (int j = 0; j < n; j++) {
            double x = ((double *)w->data)[j];
            if (x != floor(x) || x == 0 || fabs(x) > (double)t->dim[1])
                fail("Octave:index-out-of-bounds", "sortrows: a column must be from 1 to %lld or negative, but is %g",
                     (long long)t->dim[1], x);
            col[j] = (i64)x;
        }
    }
    i64 *order = sort_order_rows(t, n, col);
    result_tensor(c, 0, take_rows(t, t->dim[0], order));
    result_order(c, 1, order, t->dim[0], 1);
}

static bool rising(int dtype, const char *x, i64 n, bool descend)
{
    enum { CHUNK = 4096 };
    key *k = scratch((CHUNK + 1) * sizeof *k), last = 0;
    for (i64 from = 0; from < n; from += CHUNK) {
        i64 m = MIN(CHUNK, n - from);
        poll();
        keys_of(dtype, x + from * (i64)dtypes[dtype].size, m, descend, k);
        if (from && k[0] < last)
            return false;
        for (i64 i = 1; i < m; i++)
            if (k[i] < k[i - 1])
                return false;
        last = k[m - 1];
    }
    return true;
}

BUILTIN(issorted, 1, 3, 1, NO_GRAD,
    "tf = issorted(x)\n"
    "tf = issorted(x, mode)\n"
    "tf = issorted(A, 'rows', mode)\n\n"
    "True when the vector x (numbers, text, or a cell of texts) is in rising order; mode may be 'ascend', 'descend' or "
    "'either'. With 'rows' the rows of A are compared.\n\n"
    "Example:\n"
    "  issorted([1 2 2])\n"
    "  ans = 1\n\n"
    "See also: sort, sortrows")
{
    bool rows = false, up = true, down = false;
    for (int i = 1; i < c->nargin; i++) {
        int o = arg_option(
            c, i, (const char *const[]){ "ascend", "descend", "either", "rows", "ascending", "descending", NULL });
        if (o == 3) {
            rows = true;
        } else {
            up = o == 0 || o == 2 || o == 4;
            down = o == 1 || o == 2 || o == 5;
        }
    }
    bool yes = false;
    i64 n;
    for (int k = 0; k < 2; k++) {
        bool descend = k == 1;
        if (descend ? !down : !up)
            continue;
        i64 *order;
        if (c->arg[0].kind == K_CELL) {
            if (!is_cellstr(c->arg[0]))
                fail_arg(c, 0, "a vector or a cell of texts");
            n = c->arg[0].cell->numel;
            order = sort_order_texts(n, c->arg[0].cell->v, descend);
        } else {
            struct tensor *t = arg_dense(c, 0);
            if (rows && t->nd == 2) {
                i64 *col = scratch((size_t)t->dim[1] * sizeof *col + 8);
                for (i64 j = 0; j < t->dim[1]; j++)
                    col[j] = descend ? -(j + 1) : j + 1;
                n = t->dim[0];
                order = sort_order_rows(t, (int)t->dim[1], col);
            } else {
                if (t->numel && (t->nd > 2 || (t->dim[0] != 1 && t->dim[1] != 1)))
                    fail_arg(c, 0, "a vector");
                n = t->numel;
                if (!dtype_is(t->dtype, DT_C)) {
                    yes |= rising(t->dtype, t->data, n, descend);
                    continue;
                }
                order = sort_order(t->dtype, t->data, n, descend);
            }
        }
        bool same = true;
        for (i64 i = 0; i < n; i++)
            same &= order[i] == i;
        yes |= same;
    }
    result_bool(c, 0, yes);
}

/* The element that would stand at place k of x in order; x is lost, a and b are room for n elements each.  What is
   smaller and what is larger than a pivot is written to either without branches, so a step costs the same whatever the
   numbers are. */
double sort_ranked(double *x, i64 n, i64 k, double *a, double *b)
{
    uint64_t seed = 0x9e3779b97f4a7c15u;
    for (;;) {
        if (n < 24) {
            sort_values(D_DOUBLE, x, n, false);
            return x[k];
        }
        double p[3];
        for (int i = 0; i < 3; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            p[i] = x[(i64)((seed >> 33) % (uint64_t)n)];
        }
        double pivot = fmax(fmin(p[0], p[1]), fmin(fmax(p[0], p[1]), p[2]));
        i64 less = 0, more = 0;
        for (i64 i = 0; i < n; i++) {
            a[less] = x[i], less += x[i] < pivot;
            b[more] = x[i], more += x[i] > pivot;
        }
        poll();
        double *was = x;
        if (k < less) {
            x = a, a = was, n = less;
        } else if (k < n - more) {
            return pivot;
        } else {
            k -= n - more;
            x = b, b = was, n = more;
        }
    }
}

BUILTIN(nth_element, 2, 3, 1, grad_form,
    "y = nth_element(x, n)\n"
    "y = nth_element(x, n, dim)\n\n"
    "The n-th smallest elements of x along dim, as sort(x, dim)(n); n may be a vector.\n\n"
    "Example:\n"
    "  nth_element([5 3 1 4], 2)\n"
    "  ans = 3\n\n"
    "See also: sort, median, quantile")
{
    struct tensor *x = arg_dense(c, 0), *which = arg_double(c, 1);
    if (dtype_is(x->dtype, DT_C))
        fail_arg(c, 0, "real");
    int dim = arg_dim(c, 2, first_long_dim(x));
    struct runs r = runs_along(x, dim);
    size_t size = dtypes[x->dtype].size;
    i64 out[MAX_DIMS], k = which->numel;
    for (i64 i = 0; i < k; i++) {
        double n = ((double *)which->data)[i];
        if (n != floor(n) || n < 1 || n > (double)r.n)
            fail("Octave:index-out-of-bounds", "nth_element: n must be an integer from 1 to %lld, but is %g",
                 (long long)r.n, n);
    }
    int nd = MAX(x->nd, dim);
    for (int d = 0; d < nd; d++)
        out[d] = d == dim - 1 ? k : d < x->nd ? x->dim[d] : 1;
    struct tensor *y = tensor_new(x->dtype, nd, out);
    char *run = scratch((size_t)r.n * size + 8);
    for (i64 j = 0; j < r.count; j++) {
        i64 start = run_start(&r, j);
        if (r.before == 1)
            memcpy(run, x->data + start * (i64)size, (size_t)r.n * size);
        for (i64 i = 0; r.before != 1 && i < r.n; i++)
            memcpy(run + i * (i64)size, x->data + (start + i * r.before) * (i64)size, size);
        i64 one = x->dtype == D_DOUBLE && k == 1 ? (i64)((double *)which->data)[0] - 1 : -1, numbers = 0;
        for (i64 i = 0; one >= 0 && i < r.n; i++)              /* NaN stand last */
            numbers += ((double *)run)[i] == ((double *)run)[i];
        if (one >= 0 && numbers == r.n) {
            double *room = scratch((size_t)(2 * r.n + 32) * sizeof *room);
            ((double *)run)[one] = sort_ranked((double *)run, r.n, one, room, room + r.n + 16);
        } else {
            sort_values(x->dtype, run, r.n, false);
        }
        i64 to = j % r.before + j / r.before * r.before * k;
        for (i64 i = 0; i < k; i++)
            memcpy(y->data + (to + i * r.before) * (i64)size, run + ((i64)((double *)which->data)[i] - 1) * (i64)size, size);
    }
    result_tensor(c, 0, y);
}
