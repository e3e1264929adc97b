/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels.h: the inner loops of convolution and pooling, one table for each instruction set (kernels.c is compiled for
 * each); nn_kernels is the machine's.  They get pointers and sizes, and do not allocate, fail or print. */
#ifndef TL_NN_KERNELS_H
#define TL_NN_KERNELS_H
#include "lab/base.h"

/* A sum over taps.  A place is an output row (of `rows`, in planes of `plane_rows`) and a position x in it:
 *     dst[o, row, x] = start[o] + sum over t of w[t][o] * src[place(row) + x + off[t]]
 * with place(row) = row / plane_rows * src_plane + row % plane_rows * src_row.  Everything is in elements.  Positions
 * x .. x + lanes are read as one vector, so up to 64 bytes beyond a row are read. */
struct conv_tile {
    const void *src;
    i64 src_row, src_plane, plane_rows;
    const i64 *off;
    int taps;
    const void *w;                            /* packed: for each group of conv_split(outputs, most): [taps][group] */
    int outputs;
    void *dst;
    i64 dst_channel, dst_row, row0, row1, width;
    const void *start;                        /* one for each output, or NULL: what dst holds */
};

/* The weights' gradient: dw[o * dw_output + t] += sum over samples, rows, x of dy[o, row, x] * src[place(row) + x +
 * off[t]]. */
struct weight_tile {
    const void *src;
    i64 src_sample, src_row, src_plane, plane_rows;
    const i64 *off;
    int taps;
    const void *dy;
    i64 dy_sample, dy_channel, dy_row, samples, row0, row1, width;
    int outputs;
    double *dw;
    i64 dw_output;
};

struct conv_kernels {
    int lanes, most;                          /* outputs in a group at most */
    void (*forward)(const struct conv_tile *q);
    void (*weight)(const struct weight_tile *q);
    double (*sum)(const void *x, i64 n);
};

/* Rows by at most PRODUCT_VECTORS vectors of columns of a matrix product: c = scale a b, added to c or to `start`. */
enum { PRODUCT_VECTORS = 3 };
struct product_tile {
    const void *a, *b;
    i64 ra, ka, kb,
        k; /* a: rows and terms are ra, ka apart; b: terms kb, columns 1; up to 64 bytes beyond a row are read */
    void *c;
    i64 ldc;
    int rows, n;
    double scale, minus;                      /* minus, not 0: c - minus*(scale a b), each step rounded */
    bool add;
    const void *start;                        /* one for each column, or NULL */
};
struct product_kernels {
    int lanes;                                /* 0: there are none, BLAS's are as good */
    void (*tiles)(const struct product_tile *q);
    void (*panel)(const void *from, i64 ks, i64 cs, i64 k, i64 n, void *to);
};

/* For each of n columns the largest of planes x rows elements, and where it stands from x[0]'s place, less the column. */
typedef void pool_columns(const void *x, i64 row, i64 plane, int planes, int rows, i64 n, void *most, int32_t *at);
struct nn_kernels {
    const char *name;
    struct conv_kernels conv[2];              /* double, single */
    pool_columns *columns[2];
    struct product_kernels product[2];
};
extern const struct nn_kernels *nn_kernels;
extern const struct nn_kernels nn_kernels128, nn_kernels256, nn_kernels512;

/* n things in groups of `most` at most, as even as can be: the size of group i, of conv_groups(n, most). */
static inline int conv_groups(int n, int most) { return (n + most - 1) / most; }
static inline int conv_split(int n, int most, int i)
{
    int g = conv_groups(n, most);
    return n / g + (i < n % g);
}

#endif
