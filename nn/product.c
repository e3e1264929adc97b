/* SPDX-License-Identifier: BSD-3-Clause */
/* product.c: products of matrices that lie by rows, for layers.
 *
 * With AVX-512 they are our own: one core gives 120 to 130 GFLOP/s in singles here on sizes from 60 x 1000 x 1000 to
 * 1024 x 512 x 128, as MKL does, where OpenBLAS 0.3.21 gives 90 to 115, and half of that when its core type is set to
 * Haswell; a bias costs nothing, one factor may be packed once for many products, and sums have one order for any number of
 * threads.  Elsewhere they are BLAS's.
 *
 * Columns go in panels of three vectors, the right factor's part of a panel packed (KC terms of it: 96 KiB in singles, in
 * the second cache), rows in pieces.  A piece of a panel is the unit of work for threads. */
#include "nn/product.h"
#include "nn/kernels.h"
#include "nn/rows.h"

enum {
    KC = PRODUCT_TERMS,
    PIECE = 1 << 18,
    FEW = 48
}; /* terms at a time; elements of rows at a time, 1 MiB in singles; so many rows: a right factor is read where it lies
    */

static const struct product_kernels *kernels_for(const struct product *p)
{
    return &nn_kernels->product[p->dtype == D_SINGLE];
}
bool product_native(int dtype) { return nn_kernels->product[dtype == D_SINGLE].lanes > 0; }
static i64 elements(const struct product *p) { return (i64)dtypes[p->dtype].size; }
static i64 width(const struct product *p) { return kernels_for(p)->lanes * PRODUCT_VECTORS; }

/* Few rows, columns side by side, and not so many bytes that rows evict each other from the first cache. */
static bool in_place(const struct product *p)
{
    return p->b.cs == 1 && (p->m <= 16 || (p->m <= FEW && p->k * p->b.rs * elements(p) <= 1 << 17));
}

size_t product_room(const struct product *p)
{
    if (!kernels_for(p)->lanes || p->packed || in_place(p))
        return 0;
    return (size_t)(MIN(KC, p->k) * width(p) * elements(p)) + SPARE;
}

size_t product_packed_bytes(const struct product *p)
{
    i64 lanes = kernels_for(p)->lanes;
    return lanes ? (size_t)((p->n + lanes - 1) / lanes * lanes * p->k * elements(p)) + SPARE : 0;
}

/* Panels one after another, of each all k terms. */
void product_pack(const struct product *p, void *to)
{
    const struct product_kernels *c = kernels_for(p);
    i64 size = elements(p), w = width(p);
    for (i64 at = 0; at < p->n; at += w) {
        i64 n = MIN(w, p->n - at);
        c->panel((const char *)p->b.data + at * p->b.cs * size, p->b.rs, p->b.cs, p->k, n, to);
        to = (char *)to + (n + c->lanes - 1) / c->lanes * c->lanes * p->k * size;
    }
}

/* Rows r0 … r1 of the columns from `at` on. */
static void piece(const struct product *p, i64 at, i64 r0, i64 r1, char *room)
{
    const struct product_kernels *kernels = kernels_for(p);
    i64 size = elements(p), n = MIN(width(p), p->n - at), w = (n + kernels->lanes - 1) / kernels->lanes * kernels->lanes;
    struct product_tile q = { .ra = p->a.rs,
                              .ka = p->a.cs,
                              .ldc = p->ldc,
                              .rows = (int)(r1 - r0),
                              .n = (int)n,
                              .scale = p->scale,
                              .add = p->add,
                              .minus = p->minus,
                              .c = (char *)p->c + (r0 * p->ldc + at) * size,
                              .start = p->start ? (const char *)p->start + at * size : NULL };
    bool where_it_lies = in_place(p);
    for (i64 k = 0; k < p->k || !k; k += KC, q.add = true) {
        const char *b = (const char *)p->b.data + (k * p->b.rs + at * p->b.cs) * size;
        q.k = MIN(KC, p->k - k);
        q.a = (const char *)p->a.data + (r0 * p->a.rs + k * p->a.cs) * size;
        q.kb = w;
        if (p->packed) {
            q.b = p->packed + (at * p->k + k * w) * size;
        } else if (where_it_lies) {
            q.b = b;
            q.kb = p->b.rs;
        } else {
            kernels->panel(b, p->b.rs, p->b.cs, q.k, n, room);
            q.b = room;
        }
        kernels->tiles(&q);
    }
}

static void by_blas(const struct product *p)
{
    for (i64 r = 0; r < p->m && p->start; r++)
        memcpy((char *)p->c + r * p->ldc * elements(p), p->start, (size_t)(p->n * elements(p)));
    blas_gemm(p->dtype, p->n, p->m, p->k, p->scale, mat_turned(p->b), mat_turned(p->a), p->add || p->start, p->c, p->ldc);
}

void product_alone(const struct product *p, void *room)
{
    if (!kernels_for(p)->lanes) {
        by_blas(p);
        return;
    }
    for (i64 at = 0; at < p->n; at += width(p))
        piece(p, at, 0, p->m, room);
}

struct work { const struct product *p; i64 pieces, rows; char *room; size_t bytes; };
static void task(void *arg, i64 i, int thread)
{
    const struct work *w = arg;
    i64 r0 = i % w->pieces * w->rows;
    piece(w->p, i / w->pieces * width(w->p), r0, MIN(w->p->m, r0 + w->rows), w->room + (size_t)thread * w->bytes);
}

void product(const struct product *p)
{
    if (p->m < 1 || p->n < 1)
        return;
    if (!kernels_for(p)->lanes) {
        by_blas(p);
        return;
    }
    struct work w = { .p = p, .bytes = (product_room(p) + 63) & ~(size_t)63 };
    int threads = rows_threads((double)p->m * (double)p->n * (double)p->k), mark = pool_mark();
    i64 panels = (p->n + width(p) - 1) / width(p), most = PIECE / MAX(1, MIN(KC, p->k));
    if (threads > 1 && panels < 4 * threads)  /* every piece packs its panel anew: not too short ones */
        most = MIN(most, MAX(64, p->m * panels / (4 * threads)));
    w.pieces = (p->m + most - 1) / most;
    w.rows = (p->m + w.pieces - 1) / w.pieces;
    w.room = scratch(w.bytes * (size_t)threads + 1);
    rows_each(panels * w.pieces, threads, task, &w);
    pool_release(mark);
}
