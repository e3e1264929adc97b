/* SPDX-License-Identifier: BSD-3-Clause */
/* contour.c: contour lines by marching squares.
 *
 * Each cell of the grid has one bit for each of its four edges that a line crosses, found by linear interpolation: a
 * corner is high when z >= level.  A line enters a cell by one edge, leaves by the other and takes both bits away, so
 * following lines and marking them as drawn are the same thing.  Where all four edges are crossed the mean of the
 * corners says which pairs belong together.  Lines that begin at the edge come first, in the order of Octave's
 * contourc, then the loops.
 *
 * For faces everything beyond the grid and every NaN counts as minus infinity: all lines close, and they run with the
 * high side on their left, so the sign of the area tells a hill from a hollow.  Loops never cross; drawn in the order
 * of their areas, the largest first, each in the colour of its inside, they need no holes. */
#include "contour.h"
#include <math.h>

enum { LEFT, BOTTOM, RIGHT, TOP };

struct grid grid_of(struct tensor *x, struct tensor *y, struct tensor *z)
{
    struct grid g = { .m = z->dim[0], .n = z->dim[1], .z = (const double *)z->data };
    struct tensor *axis[2] = { x, y };
    for (int a = 0; a < 2; a++) {
        i64 count = a ? g.m : g.n;
        struct tensor *t = axis[a];
        if (!t || t->numel == 0) {
            t = tensor_2d(D_DOUBLE, 1, count);
            for (i64 k = 0; k < count; k++)
                ((double *)t->data)[k] = (double)(k + 1);
        }
        bool whole = t->dim[0] == g.m && t->dim[1] == g.n && g.m > 1 && g.n > 1;
        i64 across = whole ? g.m : a == 0, up = whole ? 1 : a == 1;
        *(a ? &g.y : &g.x) = (const double *)t->data;
        *(a ? &g.yi : &g.xi) = up;
        *(a ? &g.yj : &g.xj) = across;
    }
    return g;
}

struct march {
    const struct grid *g;
    double at;
    bool closed;
    i64 rows, columns, from;                  /* of cells; the first has its lower left corner at (from, from) */
    unsigned char *flag;
    struct outlines *out;
};

static double height(const struct march *w, i64 i, i64 j)
{
    const struct grid *g = w->g;
    if (i < 0 || j < 0 || i >= g->m || j >= g->n)
        return -INFINITY;
    double z = g->z[i + j * g->m];
    return w->closed && isnan(z) ? -INFINITY : z;
}

static void corners(const struct march *w, i64 r, i64 c,
                    double z[4]) /* lower left, lower right, upper right, upper left */
{
    i64 i = r + w->from, j = c + w->from;
    z[0] = height(w, i, j);
    z[1] = height(w, i, j + 1);
    z[2] = height(w, i + 1, j + 1);
    z[3] = height(w, i + 1, j);
}

static unsigned crossed(const struct march *w, i64 r, i64 c)
{
    double z[4];
    unsigned bits = 0;
    static const unsigned char ends[4][2] = { { 0, 3 }, { 0, 1 }, { 1, 2 }, { 3, 2 } };
    corners(w, r, c, z);
    for (int e = 0; e < 4; e++) {
        double a = z[ends[e][0]], b = z[ends[e][1]];
        if (!isnan(a) && !isnan(b) && (a >= w->at) != (b >= w->at))
            bits |= 1u << e;
    }
    return bits == 1 || bits == 2 || bits == 4 || bits == 8 ? 0 : bits;  /* one alone: the other end is at a NaN */
}

static double between(double t, double a, double b)
{
    return t <= 0 ? a : t >= 1 ? b : a + t * (b - a);
}

static void add_point(const struct march *w, i64 r, i64 c, int edge)
{
    const struct grid *g = w->g;
    struct outlines *o = w->out;
    i64 i = r + w->from + (edge == TOP), j = c + w->from + (edge == RIGHT), p = i + (edge == LEFT || edge == RIGHT),
        q = j + (edge == BOTTOM || edge == TOP);
    double u = height(w, i, j), v = height(w, p, q),
           t = isinf(v)   ? isinf(u) ? 0.5 : 0
               : isinf(u) ? 1
                          : (w->at / 2 - u / 2) / (v / 2 - u / 2);
    i = MIN(MAX(i, 0), g->m - 1);
    j = MIN(MAX(j, 0), g->n - 1);
    p = MIN(MAX(p, 0), g->m - 1);
    q = MIN(MAX(q, 0), g->n - 1);
    if (o->n == o->cap) {
        i64 cap = MAX(256, 2 * o->cap);
        double *all[2] = { scratch((size_t)cap * sizeof **all), scratch((size_t)cap * sizeof **all) };
        if (o->n > 0) {
            memcpy(all[0], o->x, (size_t)o->n * sizeof **all);
            memcpy(all[1], o->y, (size_t)o->n * sizeof **all);
        }
        o->x = all[0];
        o->y = all[1];
        o->cap = cap;
    }
    o->x[o->n] = between(t, g->x[i * g->xi + j * g->xj], g->x[p * g->xi + q * g->xj]);
    o->y[o->n++] = between(t, g->y[i * g->yi + j * g->yj], g->y[p * g->yi + q * g->yj]);
}

/* The edge by which a line that came in by `in` leaves. */
static int way_out(const struct march *w, i64 r, i64 c, int in)
{
    unsigned f = w->flag[r + c * w->rows];
    if (f == 15) {
        double z[4], mean = 0;
        corners(w, r, c, z);
        for (int k = 0; k < 4; k++)
            mean += z[k] / 4;
        bool corner = (mean >= w->at) != (z[0] >= w->at);            /* the lower left one is cut off from the middle */
        static const unsigned char pair[2][4] = { { TOP, RIGHT, BOTTOM, LEFT }, { BOTTOM, LEFT, TOP, RIGHT } };
        return pair[corner][in];
    }
    for (int e = 0; e < 4; e++)
        if (e != in && (f & 1u << e))
            return e;
    return -1;
}

static void follow(struct march *w, int k, i64 r, i64 c, int in)
{
    struct outlines *o = w->out;
    if (o->lines == o->room) {
        i64 room = MAX(16, 2 * o->room);
        struct outline *v = scratch((size_t)room * sizeof *v);
        if (o->lines > 0)
            memcpy(v, o->v, (size_t)o->lines * sizeof *v);
        o->v = v;
        o->room = room;
    }
    struct outline *l = &o->v[o->lines++];
    *l = (struct outline){ .start = o->n, .level = k };
    add_point(w, r, c, in);
    while (r >= 0 && c >= 0 && r < w->rows && c < w->columns && (w->flag[r + c * w->rows] & 1u << in)) {
        int e = way_out(w, r, c, in);
        if (e < 0)
            break;
        w->flag[r + c * w->rows] &= (unsigned char)~(1u << in | 1u << e);
        add_point(w, r, c, e);
        r += (e == TOP) - (e == BOTTOM);
        c += (e == RIGHT) - (e == LEFT);
        in = (e + 2) % 4;
    }
    l->n = o->n - l->start;
    const double *x = o->x + l->start, *y = o->y + l->start;
    for (i64 i = 0; i + 1 < l->n; i++)        /* around the first point, which keeps the digits */
        l->area += ((x[i] - x[0]) * (y[i + 1] - y[0]) - (x[i + 1] - x[0]) * (y[i] - y[0])) / 2;
}

/* 1 when the grid's own directions turn as x and y do. */
static double turn(const struct grid *g)
{
    double ax = g->x[(g->n - 1) * g->xj] - g->x[0], ay = g->y[(g->n - 1) * g->yj] - g->y[0];
    double bx = g->x[(g->m - 1) * g->xi] - g->x[0], by = g->y[(g->m - 1) * g->yi] - g->y[0];
    return ax * by - ay * bx < 0 ? -1 : 1;
}

void contour_trace(const struct grid *g, double at, int k, bool closed, struct outlines *out)
{
    struct march w = { .g = g,
                       .at = at,
                       .closed = closed,
                       .rows = g->m - 1 + 2 * closed,
                       .columns = g->n - 1 + 2 * closed,
                       .from = closed ? -1 : 0,
                       .out = out };
    i64 first = out->lines;
    if (w.rows <= 0 || w.columns <= 0 || isnan(at))
        return;
    w.flag = scratch((size_t)(w.rows * w.columns));
    for (i64 c = 0; c < w.columns; c++) {
        poll();
        for (i64 r = 0; r < w.rows; r++)
            w.flag[r + c * w.rows] = (unsigned char)crossed(&w, r, c);
    }
#define BIT(r, c, e) (w.flag[(r) + (c) * w.rows] & 1u << (e))
    for (i64 c = 0; !closed && c < w.columns; c++) {
        if (BIT(0, c, BOTTOM))
            follow(&w, k, 0, c, BOTTOM);
        if (BIT(w.rows - 1, c, TOP))
            follow(&w, k, w.rows - 1, c, TOP);
    }
    for (i64 r = 0; !closed && r < w.rows; r++) {
        if (BIT(r, 0, LEFT))
            follow(&w, k, r, 0, LEFT);
        if (BIT(r, w.columns - 1, RIGHT))
            follow(&w, k, r, w.columns - 1, RIGHT);
    }
    static const unsigned char high[4] = { 3, 0, 1, 2 };      /* the corner on the left of who comes in by that edge */
    for (i64 r = 0; r < w.rows; r++)
        for (i64 c = 0; c < w.columns; c++)
            while (w.flag[r + c * w.rows]) {
                unsigned f = w.flag[r + c * w.rows];
                int in = f & 1u << TOP ? TOP : f & 1u << RIGHT ? RIGHT : f & 1u << BOTTOM ? BOTTOM : LEFT;
                double z[4];
                corners(&w, r, c, z);
                for (int e = 0; closed && e < 4; e++)
                    if ((f & 1u << e) && z[high[e]] >= at)
                        in = e;
                follow(&w, k, r, c, in);
            }
    for (i64 i = first; i < out->lines; i++)
        out->v[i].area *= turn(g);
}

struct tensor *contour_matrix(const struct outlines *o, const double *level)
{
    struct tensor *t = tensor_2d(D_DOUBLE, 2, o->n + o->lines);
    double *p = (double *)t->data;
    for (i64 i = 0; i < o->lines; i++) {
        const struct outline *l = &o->v[i];
        *p++ = level[l->level];
        *p++ = (double)l->n;
        for (i64 k = l->start; k < l->start + l->n; k++) {
            *p++ = o->x[k];
            *p++ = o->y[k];
        }
    }
    return t;
}
