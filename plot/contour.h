/* SPDX-License-Identifier: BSD-3-Clause */
/* contour.h: lines along which a function on a grid has one value. */
#ifndef TL_CONTOUR_H
#define TL_CONTOUR_H
#include "lab/tensor.h"

/* z is m x n; the place of z(i, j) is x[i * xi + j * xj], y[i * yi + j * yj]: vectors and matrices alike. */
struct grid { i64 m, n; const double *x, *y, *z; i64 xi, xj, yi, yj; };
struct grid grid_of(struct tensor *x, struct tensor *y,
                    struct tensor *z); /* empty x or y: counted from 1; sizes must fit */

struct outline {
    i64 start, n;
    int level;
    double area;
}; /* points start … start + n - 1; area < 0: around a hollow */
struct outlines { double *x, *y; i64 n, cap; struct outline *v; i64 lines, room; };       /* pooled */

/* Adds the lines of z = at, which is level number k.  closed: the rims of z >= at, which run along the edge of the grid
   and of holes (NaN) where there is nothing beyond. */
void contour_trace(const struct grid *g, double at, int k, bool closed, struct outlines *out);
struct tensor *contour_matrix(const struct outlines *o, const double *level);       /* Octave's: level, number; then x; y */

#endif
