/* SPDX-License-Identifier: BSD-3-Clause */
/* attention_run.c: attention of sequences to themselves, forward and backward by hand.
 *
 * Queries, keys and values of all samples are one product, and so are their gradients: they stay beside each other, rows of
 * 3 E, and each head's part is read where it lies.  What is kept for backward are those rows, the weights of all heads and
 * what they mix.  A head of a sample is a task for a thread; the scores of a head are gone through in blocks of rows that
 * stay in the second cache, so that a task's own memory is bounded however long a sequence is. */
#include "nn/attention.h"
#include "lab/clones.h"
#include "lab/ew.h"
#include <math.h>

enum { BLOCK = 1 << 15 };                     /* elements of a block of rows */

i64 attention_rows(i64 l)
{
    return MAX(1, MIN(l, BLOCK / MAX(1, l)));
}

/* rows x s scores become weights, in place; causal: row i sees the first i0 + i + 1 alone.  spare: rows x s and a vector. */
#define PARTS(T)                                                                                                \
    CLONES static void soften_##T(const struct attention *q, T *p, T *spare, i64 rows, i64 i0)                  \
    {                                                                                                           \
        i64 s = q->l;                                                                                           \
        for (i64 r = 0; r < rows; r++) {                                                                        \
            i64 n = q->causal ? i0 + r + 1 : s;                                                                 \
            const T *x = p + r * s;                                                                             \
            T *e = spare + r * s, part[16], most;                                                               \
            for (int k = 0; k < 16; k++)                                                                        \
                part[k] = x[0];                                                                                 \
            i64 i = 0;                                                                                          \
            for (; i + 16 <= n; i += 16)                                                                        \
                SIMD for (int k = 0; k < 16; k++)                                                               \
                    part[k] = x[i + k] > part[k] ? x[i + k] : part[k];                                          \
            for (; i < n; i++)                                                                                  \
                part[0] = x[i] > part[0] ? x[i] : part[0];                                                      \
            most = part[0];                                                                                     \
            for (int k = 1; k < 16; k++)                                                                        \
                most = part[k] > most ? part[k] : most;                                                         \
            SIMD for (i64 j = 0; j < n; j++)                                                                    \
                e[j] = x[j] - most;                                                                             \
            for (i64 j = n; j < s; j++)                                                                         \
                e[j] = 0;                                                                                       \
        }                                                                                                       \
        q->exp(spare, spare, NULL, rows * s);                                                                   \
        for (i64 r = 0; r < rows; r++) {                                                                        \
            i64 n = q->causal ? i0 + r + 1 : s, i = 0;                                                          \
            const T *e = spare + r * s;                                                                         \
            T *y = p + r * s, part[16] = { 0 }, sum = 0;                                                        \
            for (; i + 16 <= n; i += 16)                                                                        \
                SIMD for (int k = 0; k < 16; k++)                                                               \
                    part[k] += e[i + k];                                                                        \
            for (; i < n; i++)                                                                                  \
                part[i % 16] += e[i];                                                                           \
            for (int k = 0; k < 16; k++)                                                                        \
                sum += part[k];                                                                                 \
            SIMD for (i64 j = 0; j < n; j++)                                                                    \
                y[j] = e[j] / sum;                                                                              \
            for (i64 j = n; j < s; j++)                                                                         \
                y[j] = 0;                                                                                       \
        }                                                                                                       \
    }                                                                                                           \
    /* d: the gradient of the weights p becomes that of the scores before they were scaled by f */              \
    CLONES static void harden_##T(T *d, const T *p, T f, i64 rows, i64 s)                                       \
    {                                                                                                           \
        for (i64 r = 0; r < rows; r++, d += s, p += s) {                                                        \
            T part[16] = { 0 }, sum = 0;                                                                        \
            i64 i = 0;                                                                                          \
            for (; i + 16 <= s; i += 16)                                                                        \
                SIMD for (int k = 0; k < 16; k++)                                                               \
                    part[k] += d[i + k] * p[i + k];                                                             \
            for (; i < s; i++)                                                                                  \
                part[0] += d[i] * p[i];                                                                         \
            for (int k = 0; k < 16; k++)                                                                        \
                sum += part[k];                                                                                 \
            SIMD for (i64 j = 0; j < s; j++)                                                                    \
                d[j] = (d[j] - sum) * p[j] * f;                                                                 \
        }                                                                                                       \
    }
PARTS(float)
PARTS(double)

struct run { const struct attention *q; const char *g; char *dqkv, *room; size_t bytes; };
static i64 elements(const struct attention *q) { return (i64)dtypes[q->dtype].size; }
static struct mat part_of(const struct attention *q, const char *qkv, i64 i, i64 head, int which, i64 row)    /* L x d */
{
    return (struct mat){ qkv + ((i * q->l + row) * 3 * q->e + which * q->e + head * (q->e / q->heads)) * elements(q),
                         3 * q->e, 1, false };
}

static void forward_task(void *arg, i64 k, int thread)
{
    const struct run *w = arg;
    const struct attention *q = w->q;
    i64 i = k / q->heads, head = k % q->heads, d = q->e / q->heads, l = q->l, step = attention_rows(l), size = elements(q);
    char *room = w->room + (size_t)thread * w->bytes, *work = room + step * l * size + SPARE;
    for (i64 r = 0; r < l; r += step) {
        i64 rows = MIN(step, l - r);
        char *p = q->weights + (k * l + r) * l * size;
        product_alone(&(struct product){ .dtype = q->dtype,
                                         .m = rows,
                                         .n = l,
                                         .k = d,
                                         .scale = q->scale,
                                         .a = part_of(q, q->qkv, i, head, 0, r),
                                         .b = mat_turned(part_of(q, q->qkv, i, head, 1, 0)),
                                         .c = p,
                                         .ldc = l },
                      work);
        if (q->dtype == D_SINGLE)
            soften_float(q, (float *)p, (float *)room, rows, r);
        else
            soften_double(q, (double *)p, (double *)room, rows, r);
        product_alone(&(struct product){ .dtype = q->dtype,
                                         .m = rows,
                                         .n = d,
                                         .k = l,
                                         .scale = 1,
                                         .a = { p, l, 1, false },
                                         .b = part_of(q, q->qkv, i, head, 2, 0),
                                         .c = q->mixed + ((i * l + r) * q->e + head * d) * size,
                                         .ldc = q->e },
                      work);
    }
}

static void backward_task(void *arg, i64 k, int thread)
{
    const struct run *w = arg;
    const struct attention *q = w->q;
    i64 i = k / q->heads, head = k % q->heads, d = q->e / q->heads, l = q->l, step = attention_rows(l), size = elements(q);
    char *ds = w->room + (size_t)thread * w->bytes, *work = ds + step * l * size + SPARE;
    for (i64 r = 0; r < l; r += step) {
        i64 rows = MIN(step, l - r);
        const char *p = q->weights + (k * l + r) * l * size;
        struct mat g = { w->g + ((i * l + r) * q->e + head * d) * size, q->e, 1, false }, dscore = { ds, l, 1, false };
        product_alone(&(struct product){ .dtype = q->dtype,
                                         .m = rows,
                                         .n = l,
                                         .k = d,
                                         .scale = 1,
                                         .a = g,
                                         .b = mat_turned(part_of(q, q->qkv, i, head, 2, 0)),
                                         .c = ds,
                                         .ldc = l },
                      work);
        if (q->dtype == D_SINGLE)
            harden_float((float *)ds, (const float *)p, (float)q->scale, rows, l);
        else
            harden_double((double *)ds, (const double *)p, q->scale, rows, l);
        product_alone(&(struct product){ .dtype = q->dtype,
                                         .m = rows,
                                         .n = d,
                                         .k = l,
                                         .scale = 1,
                                         .a = dscore,
                                         .b = part_of(q, q->qkv, i, head, 1, 0),
                                         .c = (char *)part_of(q, w->dqkv, i, head, 0, r).data,
                                         .ldc = 3 * q->e },
                      work);
        product_alone(&(struct product){ .dtype = q->dtype,
                                         .m = l,
                                         .n = d,
                                         .k = rows,
                                         .scale = 1,
                                         .a = mat_turned(dscore),
                                         .b = part_of(q, q->qkv, i, head, 0, r),
                                         .c = (char *)part_of(q, w->dqkv, i, head, 1, 0).data,
                                         .ldc = 3 * q->e,
                                         .add = r > 0 },
                      work);
        product_alone(&(struct product){ .dtype = q->dtype,
                                         .m = l,
                                         .n = d,
                                         .k = rows,
                                         .scale = 1,
                                         .a = { p, 1, l, false },
                                         .b = g,
                                         .c = (char *)part_of(q, w->dqkv, i, head, 2, 0).data,
                                         .ldc = 3 * q->e,
                                         .add = r > 0 },
                      work);
    }
}

static void each_head(const struct attention *q, struct run *w, void (*task)(void *, i64, int))
{
    i64 d = q->e / q->heads, step = attention_rows(q->l);
    int threads = rows_threads((double)(q->n * q->heads * q->l) * (double)(q->l * d * 2));
    struct product widest = {
        .dtype = q->dtype, .m = 1 << 20, .n = MAX(d, q->l), .k = MAX(d, q->l), .b = { NULL, 1, 1, false }
    };
    w->bytes = ((size_t)(step * q->l * elements(q)) + SPARE + product_room(&widest) + 63) & ~(size_t)63;
    w->room = scratch(w->bytes * (size_t)threads);
    rows_each(q->n * q->heads, threads, task, w);
}

void attention_heads(const struct attention *q)
{
    int mark = pool_mark();
    struct run w = { .q = q };
    each_head(q, &w, forward_task);
    pool_release(mark);
}

void attention_heads_back(const struct attention *q, const char *g, char *dqkv)
{
    int mark = pool_mark();
    struct run w = { .q = q, .g = g, .dqkv = dqkv };
    each_head(q, &w, backward_task);
    pool_release(mark);
}
