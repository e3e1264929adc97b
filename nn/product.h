/* SPDX-License-Identifier: BSD-3-Clause */
/* product.h: products of matrices that lie by rows, for layers. */
#ifndef TL_NN_PRODUCT_H
#define TL_NN_PRODUCT_H
#include "lab/blas.h"

/* c = scale a b, m x n, its rows ldc apart; added to what c holds, or to `start`, a row.  Factors may have any strides. */
struct product {
    int dtype;
    i64 m, n, k;
    double scale;
    struct mat a, b;
    void *c;
    i64 ldc;
    bool add;
    double minus; /* not 0: c loses so many times the product, as if that had been written in between; k at most
                     PRODUCT_TERMS, and only where product_native says so */
    const void *start;                        /* n elements, or NULL */
    const char *packed;                       /* b by product_pack, or NULL */
};
enum { PRODUCT_TERMS = 512 };                 /* that one pass sums */
bool product_native(int dtype);               /* are they our own? */
void product(const struct product *p);        /* on all threads */
size_t product_room(const struct product *p); /* bytes that product_alone wants */
void product_alone(const struct product *p,
                   void *room); /* on this thread, wherever it is; takes no memory where b's or a's strides are 1 */
size_t product_packed_bytes(
    const struct product *p); /* of a right factor that many products share; 0: packing it gains nothing */
void product_pack(const struct product *p, void *to);

#endif
