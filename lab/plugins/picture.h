/* SPDX-License-Identifier: BSD-3-Clause */
/* picture.h: what the plugins for pictures share.  A file holds a picture row by row with the colours of a point side by
 * side; an array holds it column by column with a page for each colour.  So every picture is turned once, in tiles that
 * stay in the cache. */
#ifndef PICTURE_H
#define PICTURE_H
#include "lab/tl_plugin.h"
#include <stdlib.h>
#include <string.h>

enum { TILE = 32 };
#define TURN(T) \
    /* channel k of an interleaved picture and its page, page[i + j*h] = row[i][j*n + k] */ \
    static inline void page_of_rows_##T(T *page, const unsigned char *rows, size_t stride, int64_t h, int64_t w, int n, int k) \
    { \
        for (int64_t j0 = 0; j0 < w; j0 += TILE) \
            for (int64_t i0 = 0; i0 < h; i0 += TILE) \
                for (int64_t j = j0; j < j0 + TILE && j < w; j++) \
                    for (int64_t i = i0; i < i0 + TILE && i < h; i++) \
                        page[i + j * h] = ((const T *)(const void *)(rows + (size_t)i * stride))[j * n + k]; \
    } \
    static inline void rows_of_page_##T(unsigned char *rows, const T *page, size_t stride, int64_t h, int64_t w, int n, int k) \
    { \
        for (int64_t j0 = 0; j0 < w; j0 += TILE) \
            for (int64_t i0 = 0; i0 < h; i0 += TILE) \
                for (int64_t i = i0; i < i0 + TILE && i < h; i++) \
                    for (int64_t j = j0; j < j0 + TILE && j < w; j++) \
                        ((T *)(void *)(rows + (size_t)i * stride))[j * n + k] = page[i + j * h]; \
    }
typedef uint8_t u8;
typedef uint16_t u16;
TURN(u8)
TURN(u16)

/* The bytes of a file: argument 0.  who begins every message: argument 1, or the function's own name. */
struct bytes { const unsigned char *p; size_t n; const char *who; };
static inline struct bytes arg_bytes(struct call *c)
{
    struct array a = lab->array_of(lab->arg_tensor(c, 0));
    if (a.dtype != D_UINT8 && a.dtype != D_CHAR && a.dtype != D_INT8)
        lab->fail_arg(c, 0, "the bytes of a file (uint8 or char)");
    return (struct bytes){ a.data, (size_t)a.numel, lab->has_arg(c, 1) ? lab->arg_text(c, 1, NULL) : lab->name_of(c) };
}

/* A picture to be written: argument 0, H x W or H x W x 3 of class uint8, uint16 or logical. */
struct picture { struct array a; int64_t h, w; int n; };
static inline struct picture arg_picture(struct call *c)
{
    struct array a = lab->array_of(lab->arg_tensor(c, 0));
    struct picture p = { a, a.dim[0], a.dim[1], a.nd == 2 ? 1 : (int)a.dim[2] };
    if (a.nd > 3 || (p.n != 1 && p.n != 3) || a.numel == 0 || (a.dtype != D_UINT8 && a.dtype != D_UINT16 && a.dtype != D_LOGICAL))
        lab->fail_arg(c, 0, "a picture: H x W or H x W x 3, of class uint8, uint16 or logical");
    return p;
}

/* Memory that a library fills while nothing of tl may be called. */
struct growing { unsigned char *p; size_t n, cap; };
static inline bool grow(struct growing *g, const void *more, size_t n)
{
    if (g->n + n > g->cap) {
        size_t cap = 2 * g->cap + n + 4096;
        unsigned char *p = realloc(g->p, cap);
        if (!p)
            return false;
        g->p = p;
        g->cap = cap;
    }
    memcpy(g->p + g->n, more, n);
    g->n += n;
    return true;
}
struct handing { struct call *c; const void *p; size_t n; };
static inline void hand_over_body(void *arg)
{
    struct handing *x = arg;
    struct tensor *t = lab->tensor_new(D_UINT8, 2, (int64_t[]){ 1, (int64_t)x->n });
    memcpy(lab->array_of(t).data, x->p, x->n);
    lab->result_tensor(x->c, 0, t);
}
/* The bytes at p, of malloc, as result 0; freed whatever happens. */
static inline void hand_over(struct call *c, void *p, size_t n)
{
    struct handing x = { c, p, n };
    int failed = lab->protect(hand_over_body, &x);
    free(p);
    if (failed)
        lab->fail_again();
}
#endif
