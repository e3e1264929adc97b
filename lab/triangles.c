/* SPDX-License-Identifier: BSD-3-Clause */
/* triangles.c: Delaunay's triangulation of points in the plane, and in which triangle a point lies.
 *
 * Points come one by one, neighbours soon after each other. The triangles whose circle holds the new point are a hole
 * around it, which is filled by triangles from its edges to the point (A. Bowyer, D. F. Watson, 1981). The plane outside
 * is made of triangles with a corner at infinity, so the hull is not special: their circles are half planes.
 * Signs of determinants that a bound on rounding leaves open are found with more digits (bounds: J. R. Shewchuk, Adaptive
 * precision floating-point arithmetic and fast robust geometric predicates, 1997). */
#include "tape.h"
#include "tensor.h"
#include <math.h>
#include <stdlib.h>

#ifdef __SIZEOF_FLOAT128__
typedef __float128 wide;
#else
typedef long double wide;
#endif
enum { NOWHERE = -1 };
struct mesh {
    i64 n;                                    /* points; number n stands for infinity */
    const double *x, *y;
    i64 *v, *next; /* three corners a triangle, counter-clockwise; next: the triangle beyond the edge that faces the
                      corner */
    i64 count, *hole, *edge,
        *begin; /* triangles; room for a hole, its edges; which new triangle's edge begins at a point */
    uint8_t *in;                              /* is part of the hole */
};

/* > 0: p lies to the left of the line from a to b */
static double side(const struct mesh *m, i64 a, i64 b, i64 p)
{
    const double *x = m->x, *y = m->y;
    double l = (x[a] - x[p]) * (y[b] - y[p]), r = (y[a] - y[p]) * (x[b] - x[p]), d = l - r;
    if (fabs(d) > 3.3306690738754716e-16 * (fabs(l) + fabs(r)))
        return d;
    wide w = ((wide)x[a] - x[p]) * ((wide)y[b] - y[p]) - ((wide)y[a] - y[p]) * ((wide)x[b] - x[p]);
    return (w > 0) - (w < 0);
}

#define CIRCLE(T, size)                                                                                          \
    T ax = (T)x[a] - x[p], ay = (T)y[a] - y[p], bx = (T)x[b] - x[p], by = (T)y[b] - y[p], cx = (T)x[c] - x[p], cy = (T)y[c] - y[p]; \
    T aa = ax * ax + ay * ay, bb = bx * bx + by * by, cc = cx * cx + cy * cy;                                     \
    T d = aa * (bx * cy - cx * by) + bb * (cx * ay - ax * cy) + cc * (ax * by - bx * ay);                         \
    T size = aa * (ABS(bx * cy) + ABS(cx * by)) + bb * (ABS(cx * ay) + ABS(ax * cy)) + cc * (ABS(ax * by) + ABS(bx * ay));
#define ABS(x) ((x) < 0 ? -(x) : (x))
static bool exactly_in_circle(const double *x, const double *y, i64 a, i64 b, i64 c, i64 p)
{
    CIRCLE(wide, size)
    return d > size * 1e-32;
}

static bool in_circle(const struct mesh *m, i64 t, i64 p)
{
    const i64 *v = m->v + 3 * t;
    const double *x = m->x, *y = m->y;
    for (int k = 0; k < 3; k++)
        if (v[k] == m->n) {                   /* beyond the edge of the hull, or on it */
            i64 a = v[(k + 1) % 3], b = v[(k + 2) % 3];
            double s = side(m, a, b, p);
            return s > 0 || (s == 0 && (x[p] - x[a]) * (x[p] - x[b]) + (y[p] - y[a]) * (y[p] - y[b]) < 0);
        }
    i64 a = v[0], b = v[1], c = v[2];
    CIRCLE(double, size)
    return fabs(d) > 1.1102230246251577e-15 * size ? d > 0 : exactly_in_circle(x, y, a, b, c, p);
}

/* A triangle whose circle holds p, walking from t towards it. */
static i64 find(const struct mesh *m, i64 t, i64 p)
{
    for (i64 steps = 0; steps < m->count; steps++) {
        const i64 *v = m->v + 3 * t;
        int k = 0, turn = (int)(steps % 3);   /* not always the same edge first: no circles */
        for (; k < 3; k++) {
            int e = (k + turn) % 3;
            if (v[e] == m->n) {
                if (in_circle(m, t, p))
                    return t;
                t = m->next[3 * t + e];
                break;
            }
            i64 a = v[(e + 1) % 3], b = v[(e + 2) % 3];
            if (a != m->n && b != m->n && side(m, a, b, p) < 0) {
                t = m->next[3 * t + e];
                break;
            }
        }
        if (k == 3) {
            if (in_circle(m, t, p))
                return t;
            break;
        }
    }
    for (t = 0; t < m->count; t++)
        if (in_circle(m, t, p))
            return t;
    return NOWHERE;
}

static i64 put(struct mesh *m, i64 t, i64 p)  /* a new triangle at p, or t where rounding leaves p nowhere */
{
    i64 first = find(m, t, p), holes = 0, edges = 0;
    if (first == NOWHERE)
        return t;
    m->hole[holes++] = first;
    m->in[first] = 1;
    for (i64 h = 0; h < holes; h++)
        for (int k = 0; k < 3; k++) {
            i64 u = m->next[3 * m->hole[h] + k];
            if (!m->in[u] && in_circle(m, u, p)) {
                m->in[u] = 1;
                m->hole[holes++] = u;
            }
        }
    for (i64 h = 0; h < holes; h++)           /* the edges around, each with what is beyond */
        for (int k = 0; k < 3; k++) {
            i64 s = m->hole[h], u = m->next[3 * s + k];
            if (m->in[u])
                continue;
            i64 *e = m->edge + 3 * edges++;
            e[0] = m->v[3 * s + (k + 1) % 3], e[1] = m->v[3 * s + (k + 2) % 3], e[2] = u;
        }
    for (i64 j = 0; j < edges; j++) {
        const i64 *e = m->edge + 3 * j;
        t = j < holes ? m->hole[j] : m->count++;
        m->in[t] = 0;
        m->v[3 * t] = p, m->v[3 * t + 1] = e[0], m->v[3 * t + 2] = e[1];
        m->next[3 * t] = e[2];
        m->begin[e[0]] = t;
        i64 *beyond = m->v + 3 * e[2];
        for (int k = 0; k < 3; k++)
            if (beyond[(k + 1) % 3] == e[1] && beyond[(k + 2) % 3] == e[0])
                m->next[3 * e[2] + k] = t;
    }
    for (i64 j = 0; j < edges; j++) {
        i64 at = m->begin[m->edge[3 * j]], after = m->begin[m->edge[3 * j + 1]];
        m->next[3 * at + 1] = after;
        m->next[3 * after + 2] = at;
    }
    return t;
}

/* The points in rows of squares, there and back; equal ones beside each other. */
struct place { i64 cell, at; double x, y; };
static int by_place(const void *a, const void *b)
{
    const struct place *p = a, *q = b;
    if (p->cell != q->cell)
        return p->cell < q->cell ? -1 : 1;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    if (p->y != q->y)
        return p->y < q->y ? -1 : 1;
    return (p->at > q->at) - (p->at < q->at);
}

static i64 in_order(const double *x, const double *y, i64 n, struct place *p)      /* how many differ */
{
    double x0 = x[0], x1 = x[0], y0 = y[0], y1 = y[0], side = floor(sqrt((double)n / 2)) + 1;
    for (i64 i = 1; i < n; i++) {
        x0 = fmin(x0, x[i]), x1 = fmax(x1, x[i]);
        y0 = fmin(y0, y[i]), y1 = fmax(y1, y[i]);
    }
    for (i64 i = 0; i < n; i++) {
        i64 cx = x1 > x0 ? (i64)((x[i] - x0) / (x1 - x0) * (side - 1)) : 0,
            cy = y1 > y0 ? (i64)((y[i] - y0) / (y1 - y0) * (side - 1)) : 0;
        p[i] = (struct place){ cx * (i64)side + (cx & 1 ? (i64)side - 1 - cy : cy), i, x[i], y[i] };
    }
    qsort(p, (size_t)n, sizeof *p, by_place);
    i64 k = 1;
    for (i64 i = 1; i < n; i++)
        if (p[i].x != p[k - 1].x || p[i].y != p[k - 1].y)
            p[k++] = p[i];
    return k;
}

static void begin_mesh(struct mesh *m, i64 a, i64 b, i64 c)      /* the first triangle and the three outside */
{
    const i64 n = m->n, v[12] = { a, b, c, n, c, b, n, a, c, n, b, a }, next[12] = { 1, 2, 3, 0, 3, 2, 0, 1, 3, 0, 2, 1 };
    memcpy(m->v, v, sizeof v);
    memcpy(m->next, next, sizeof next);
    m->count = 4;
}

static bool is_sliver(const struct mesh *m, const i64 *v)        /* on the hull, of points on a line but for rounding */
{
    double longest = 0, area = 0;
    for (int k = 0; k < 3; k++) {
        double dx = m->x[v[(k + 1) % 3]] - m->x[v[k]], dy = m->y[v[(k + 1) % 3]] - m->y[v[k]];
        longest = fmax(longest, dx * dx + dy * dy);
    }
    area = (m->x[v[1]] - m->x[v[0]]) * (m->y[v[2]] - m->y[v[0]]) - (m->x[v[2]] - m->x[v[0]]) * (m->y[v[1]] - m->y[v[0]]);
    return !(area > 1e-12 * longest);
}

BUILTIN(delaunay, 1, 2, 1, grad_zero,
    "T = delaunay(x, y)\n"
    "T = delaunay(P)\n\n"
    "Delaunay's triangulation of points in the plane: a row of three point numbers for each triangle, "
    "counter-clockwise. No point lies inside the circle around a triangle. P has a row [x y] for each point. Of points "
    "at the same place the first is used.\n\n"
    "Example:\n  sortrows(sort(delaunay([0 1 0 1], [0 0 1 1.5]), 2))\n  ans =\n     1   2   3\n     2   3   4\n\n"
    "See also: convhull, griddata, tsearch, inpolygon")
{
    if (is_tensor_like(c->arg[0]) && value_dtype(c->arg[0]) == D_CHAR)
        fail_arg(c, 0, "numbers");
    struct tensor *x = arg_double(c, 0), *y = has_arg(c, 1) ? arg_double(c, 1) : NULL;
    i64 n = y ? x->numel : x->dim[0];
    if (!y && (x->nd != 2 || x->dim[1] != 2))
        fail("Octave:invalid-input-arg", "delaunay: P must have two columns, but is %s", tensor_shape(x, (char[128]){ 0 }));
    if (y && y->numel != n)
        fail("Octave:nonconformant-args", "delaunay: there are %lld x and %lld y", (long long)n, (long long)y->numel);
    double most = 0, *px = scratch((size_t)(n + 1) * sizeof *px), *py = scratch((size_t)(n + 1) * sizeof *py);
    memcpy(px, x->data, (size_t)n * sizeof *px);
    memcpy(py, y ? (double *)y->data : (double *)x->data + n, (size_t)n * sizeof *py);
    bool finite = true;
    for (i64 i = 0; i < n; i++) {
        finite &= isfinite(px[i]) && isfinite(py[i]);
        most = fmax(most, fmax(fabs(px[i]), fabs(py[i])));
    }
    if (!finite)
        fail("Octave:invalid-input-arg", "delaunay: the points must be finite");
    int e = most > 0 ? -ilogb(most) : 0;      /* fourth powers of the numbers stay numbers; exact */
    for (i64 i = 0; i < n && (e > 100 || e < -100); i++)
        px[i] = ldexp(px[i], e), py[i] = ldexp(py[i], e);
    struct place *p = scratch((size_t)(n + 1) * sizeof *p);
    i64 k = n ? in_order(px, py, n, p) : 0, most_triangles = 2 * k + 8;
    if (k < 3)
        fail("Octave:invalid-input-arg", "delaunay: three different points are needed");
    struct mesh m = { .n = n, .x = px, .y = py };
    m.v = scratch((size_t)(3 * most_triangles) * sizeof(i64));
    m.next = scratch((size_t)(3 * most_triangles) * sizeof(i64));
    m.hole = scratch((size_t)most_triangles * sizeof(i64));
    m.edge = scratch((size_t)(3 * most_triangles) * sizeof(i64));
    m.begin = scratch((size_t)(n + 1) * sizeof(i64));
    m.in = scratch((size_t)most_triangles);
    memset(m.in, 0, (size_t)most_triangles);
    i64 third = 2;
    while (third < k && side(&m, p[0].at, p[1].at, p[third].at) == 0)
        third++;
    if (third == k)
        fail("Octave:invalid-input-arg", "delaunay: the points lie on a line");
    bool left = side(&m, p[0].at, p[1].at, p[third].at) > 0;
    begin_mesh(&m, p[left ? 0 : 1].at, p[left ? 1 : 0].at, p[third].at);
    i64 t = 0;
    for (i64 i = 2; i < k; i++)
        if (i != third) {
            t = put(&m, t, p[i].at);
            poll();
        }
    i64 rows = 0;
    for (i64 s = 0; s < m.count; s++) {
        const i64 *v = m.v + 3 * s;
        if (v[0] != n && v[1] != n && v[2] != n && !is_sliver(&m, v))
            memmove(m.v + 3 * rows++, v, 3 * sizeof(i64));
    }
    if (rows == 0)
        fail("Octave:invalid-input-arg", "delaunay: the points lie on a line");
    struct tensor *T = tensor_2d(D_DOUBLE, rows, 3);
    for (i64 s = 0; s < rows; s++)
        for (int j = 0; j < 3; j++)
            ((double *)T->data)[s + j * rows] = (double)(m.v[3 * s + j] + 1);
    result_tensor(c, 0, T);
}

/* ---- where points lie: squares over all, each with the triangles whose frames reach into it */
struct frame { double x0, x1, y0, y1; };
struct squares { double x0, y0, sx, sy; i64 n, *first, *triangle; };
static i64 square_of(double x, double x0, double s, i64 n)
{
    double k = (x - x0) * s;
    return !(k > 0) ? 0 : k >= (double)(n - 1) ? n - 1 : (i64)k;
}

static bool inside(const double *x, const double *y, const i64 *v, double px, double py)
{
    double ux = x[v[1]] - x[v[0]], uy = y[v[1]] - y[v[0]], wx = x[v[2]] - x[v[0]], wy = y[v[2]] - y[v[0]];
    double dx = px - x[v[0]], dy = py - y[v[0]], all = ux * wy - wx * uy, a = (dx * wy - wx * dy) / all,
           b = (ux * dy - dx * uy) / all;
    return a >= -1e-12 && b >= -1e-12 && a + b <= 1 + 1e-12;
}

BUILTIN(tsearch, 5, 5, 1, grad_zero,
    "index = tsearch(x, y, t, xi, yi)\n\n"
    "The triangle (a row of t, as delaunay gives them) in which each point (xi, yi) lies, NaN where none does.\n\n"
    "Example:\n  tsearch([0 1 0], [0 0 1], [1 2 3], [0.2 2], [0.2 2])\n  ans =\n       1   NaN\n\n"
    "See also: tsearchn, delaunay, dsearch")
{
    struct tensor *tx = arg_double(c, 0), *ty = arg_double(c, 1), *tt = arg_double(c, 2), *xi = arg_double(c, 3),
                  *yi = arg_double(c, 4);
    const double *x = (double *)tx->data, *y = (double *)ty->data, *T = (double *)tt->data;
    if (tx->numel != ty->numel)
        fail("Octave:nonconformant-args", "tsearch: there are %lld x and %lld y", (long long)tx->numel, (long long)ty->numel);
    if (xi->numel != yi->numel)
        fail("Octave:nonconformant-args", "tsearch: there are %lld xi and %lld yi", (long long)xi->numel,
             (long long)yi->numel);
    if (tt->nd != 2 || tt->dim[1] != 3)
        fail_arg(c, 2, "triangles: three columns of point numbers");
    i64 n = tt->dim[0], *v = scratch((size_t)(3 * n + 1) * sizeof *v);
    struct frame *f = scratch((size_t)(n + 1) * sizeof *f), all = { INFINITY, -INFINITY, INFINITY, -INFINITY };
    for (i64 t = 0; t < n; t++) {
        f[t] = (struct frame){ INFINITY, -INFINITY, INFINITY, -INFINITY };
        for (int k = 0; k < 3; k++) {
            double at = T[t + k * n];
            if (!(at >= 1 && at <= (double)tx->numel) || at != floor(at))
                fail("Octave:index-out-of-bounds", "tsearch: a triangle has the corner %g, but there are %lld points",
                     at, (long long)tx->numel);
            i64 p = v[3 * t + k] = (i64)at - 1;
            f[t] = (struct frame){ fmin(f[t].x0, x[p]), fmax(f[t].x1, x[p]), fmin(f[t].y0, y[p]), fmax(f[t].y1, y[p]) };
        }
        all = (struct frame){ fmin(all.x0, f[t].x0), fmax(all.x1, f[t].x1), fmin(all.y0, f[t].y0), fmax(all.y1, f[t].y1) };
    }
    i64 side = n ? MIN((i64)sqrt((double)n) + 1, 2000) : 1;
    struct squares s = { all.x0,
                         all.y0,
                         all.x1 > all.x0 ? (double)side / (all.x1 - all.x0) : 0,
                         all.y1 > all.y0 ? (double)side / (all.y1 - all.y0) : 0,
                         side,
                         NULL,
                         NULL };
    s.first = scratch((size_t)(side * side + 2) * sizeof(i64));
    memset(s.first, 0, (size_t)(side * side + 2) * sizeof(i64));
    for (int pass = 0; pass < 2; pass++) {    /* counts, then the lists behind each other */
        if (pass) {
            for (i64 k = 1; k <= side * side + 1; k++)
                s.first[k] += s.first[k - 1];
            s.triangle = scratch((size_t)(s.first[side * side + 1] + 1) * sizeof(i64));
        }
        for (i64 t = 0; t < n; t++) {
            double dx = 1e-9 * (f[t].x1 - f[t].x0), dy = 1e-9 * (f[t].y1 - f[t].y0);      /* inside() leaves a little room */
            i64 a0 = square_of(f[t].x0 - dx, s.x0, s.sx, side), a1 = square_of(f[t].x1 + dx, s.x0, s.sx, side);
            i64 b0 = square_of(f[t].y0 - dy, s.y0, s.sy, side), b1 = square_of(f[t].y1 + dy, s.y0, s.sy, side);
            poll();
            for (i64 a = a0; a <= a1; a++)
                for (i64 b = b0; b <= b1; b++) {
                    if (pass)
                        s.triangle[s.first[a * side + b + 1]++] = t;
                    else
                        s.first[a * side + b + 2]++;
                }
        }
    }
    struct tensor *r = tensor_new(D_DOUBLE, xi->nd, xi->dim);
    for (i64 i = 0; i < xi->numel; i++) {
        double px = ((double *)xi->data)[i], py = ((double *)yi->data)[i], *found = (double *)r->data + i;
        *found = NAN;
        poll();
        if (!isfinite(px) || !isfinite(py))
            continue;
        i64 k = square_of(px, s.x0, s.sx, side) * side + square_of(py, s.y0, s.sy, side);
        for (i64 j = s.first[k]; j < s.first[k + 1]; j++)
            if (inside(x, y, v + 3 * s.triangle[j], px, py)) {
                *found = (double)(s.triangle[j] + 1);
                break;
            }
    }
    result_tensor(c, 0, r);
}
