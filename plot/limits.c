/* SPDX-License-Identifier: BSD-3-Clause */
/* limits.c: how far the axes reach.
 *
 * tl finds the limits itself and always hands them to gnuplot, so xlim() knows them without asking and one figure looks the
 * same on every terminal.  Automatic limits are the round numbers around the data; what was set stays, and an infinite end
 * means the data's. */
#include "plot.h"
#include <math.h>

void reach_add(struct reach *e, int axis, double x)
{
    if (!isfinite(x))
        return;
    e->lo[axis] = fmin(e->lo[axis], x);
    e->hi[axis] = fmax(e->hi[axis], x);
    if (x > 0)
        e->least[axis] = fmin(e->least[axis], x);
}

void reach_data(struct reach *e, int axis, struct tensor *t)
{
    const double *x = (const double *)t->data;
    double lo = e->lo[axis], hi = e->hi[axis], least = e->least[axis];
    for (i64 i = 0; i < t->numel; i++) {      /* a NaN fails both comparisons; the infinite ones are no numbers here */
        double v = x[i];
        if (!(fabs(v) <= 1.7976931348623157e308))
            continue;
        if (v < lo)
            lo = v;
        if (v > hi)
            hi = v;
        if (v > 0 && v < least)
            least = v;
    }
    e->lo[axis] = lo;
    e->hi[axis] = hi;
    e->least[axis] = least;
}

void reach_xyz(struct graphic *g, struct reach *e)
{
    for (int a = 0; a < 3; a++)
        reach_data(e, a, prop_data(g, P_XData + a));
}

void reach_text(struct graphic *g, struct reach *e)
{
    (void)g;                                  /* words do not move the limits */
    (void)e;
}

void axes_reach(struct graphic *ax, struct reach *e)
{
    for (int a = 0; a < 3; a++) {
        e->lo[a] = e->least[a] = INFINITY;
        e->hi[a] = -INFINITY;
    }
    for (struct graphic *g = ax->first; g; g = g->next)
        if (is_series(g) && series_rows[g->kind].reach)
            series_rows[g->kind].reach(g, e);
}

double axes_link(struct graphic *ax, int axis)
{
    double link = axis < 2 && prop_given(ax, P_XLink + axis) ? prop_num(ax, P_XLink + axis) : 0;
    return link > 0 ? link : 0;
}

/* The data that the limits of one axis are for: those of the axes, of the scale on the other side, of axes tied to them. */
static void reach_of(struct graphic *ax, int axis, struct reach *e)
{
    double link = axes_link(ax, axis);
    axes_reach(ax, e);
    for (struct graphic *f = link > 0 ? root_graphic()->first : graphic_up(ax, G_FIGURE); f; f = link > 0 ? f->next : NULL)
        for (struct graphic *x = f->first; x; x = x->next) {
            if (x->kind != G_AXES || (x != ax && (link == 0 || axes_link(x, axis) != link)))
                continue;
            struct graphic *side[2] = { x, axis == 1 ? NULL : axes_right(x) };
            for (int k = x == ax; k < 2; k++)
                if (side[k]) {
                    struct reach more;
                    axes_reach(side[k], &more);
                    e->lo[axis] = fmin(e->lo[axis], more.lo[axis]);
                    e->hi[axis] = fmax(e->hi[axis], more.hi[axis]);
                    e->least[axis] = fmin(e->least[axis], more.least[axis]);
                }
        }
}

double nice_step(double span, int parts)
{
    double raw = span / parts, ten = pow(10, floor(log10(raw))), k = raw / ten;
    return ten * (k < 1.5 ? 1 : k < 3.5 ? 2 : k < 7.5 ? 5 : 10);
}

bool axes_log(struct graphic *ax, int axis)
{
    return prop_is(ax, axis_prop(axis, SCALE), "log");
}

/* Round numbers around lo … hi. */
static void around(double lo, double hi, double lim[2])
{
    bool tiny = hi - lo < 1e-300 && fmax(fabs(lo), fabs(hi)) < 1e-299;       /* gnuplot draws nothing on a shorter axis */
    if (lo == hi || (tiny && hi - lo > 0)) {
        double half = lo == 0 && hi == 0 ? 1 : tiny ? 1e-300 : fabs(lo) * 0.1;
        lo -= half;
        hi += half;
    }
    double span = hi - lo;
    if (!isfinite(span) || span < 1e-300 || span < 1e-13 * fmax(fabs(lo), fabs(hi))) {    /* no room for round numbers */
        lim[0] = lo;
        lim[1] = hi;
        return;
    }
    double step = nice_step(span, 5);
    lim[0] = step * floor(lo / step + 1e-9);
    lim[1] = step * ceil(hi / step - 1e-9);
}

/* Pictures alone fill their axes. */
static bool only_images(struct graphic *ax)
{
    bool any = false;
    for (struct graphic *g = ax->first; g; g = g->next)
        if (is_series(g) && g->kind != G_TEXT) {
            if (!(series_rows[g->kind].flags & G_FILLING))
                return false;
            any = true;
        }
    return any;
}

/* Bars with gaps between them, alone: one distance beyond the first and the last. */
static bool around_bars(struct graphic *ax, int axis, double lim[2])
{
    lim[0] = INFINITY;
    lim[1] = -INFINITY;
    for (struct graphic *g = ax->first; g; g = g->next) {
        if (!is_series(g) || g->kind == G_TEXT)
            continue;
        if (g->kind != G_BAR || prop_num(g, P_BarWidth) >= 1 || prop_on(g, P_Horizontal) != (axis == 1))
            return false;
        struct tensor *x = prop_data(g, P_XData);
        double least = INFINITY, lo = INFINITY, hi = -INFINITY;
        for (i64 i = 0; i < x->numel; i++) {
            double v = ((double *)x->data)[i];
            if (!isfinite(v))
                return false;
            if (i > 0 && v != ((double *)x->data)[i - 1])
                least = fmin(least, fabs(v - ((double *)x->data)[i - 1]));
            lo = fmin(lo, v);
            hi = fmax(hi, v);
        }
        if (!isfinite(least))
            least = 1;
        lim[0] = fmin(lim[0], lo - least);
        lim[1] = fmax(lim[1], hi + least);
    }
    return lim[0] < lim[1];
}

/* What is larger is no number for gnuplot (its VERYLARGE is the largest double, halved). */
#define LARGEST 8.9e307
bool axes_beyond(struct graphic *ax, int axis)
{
    struct reach e;
    reach_of(axis != 1 ? axes_main(ax) : ax, axis, &e);
    return e.lo[axis] <= e.hi[axis] && (e.hi[axis] > LARGEST || e.lo[axis] < -LARGEST);
}

static void find_limits(struct graphic *ax, int axis, double lim[2])
{
    int p = axis_prop(axis, LIM);
    if (axis != 1)
        ax = axes_main(ax);
    bool log = axes_log(ax, axis);
    double set[2] = { -INFINITY, INFINITY };
    if (prop_given(ax, p)) {
        for (int i = 0; i < ax->nset; i++)
            if (ax->set[i].prop == p)
                for (int k = 0; k < 2; k++)
                    set[k] = element_double(tensor_of(ax->set[i].v), k);
        if (isfinite(set[0]) && isfinite(set[1]) && !(log && set[0] <= 0)) {
            lim[0] = set[0];
            lim[1] = set[1];
            return;
        }
    }
    struct reach e;
    reach_of(ax, axis, &e);
    double lo = log ? e.least[axis] : e.lo[axis], hi = e.hi[axis];
    if (!(lo <= hi)) {                        /* nothing to see */
        lo = log ? 0.1 : 0;
        hi = log ? 10 : 1;
    }
    if (prop_is(ax, P_Tight, "yes") || only_images(ax)) {
        lim[0] = lo;
        lim[1] = hi > lo ? hi : lo == 0 ? 1 : log ? 10 * lo : lo + 0.1 * fabs(lo);
    } else if (log) {
        lim[0] = pow(10, floor(log10(lo) + 1e-9));
        for (struct graphic *g = ax->first; g && lo == lim[0];
             g = g->next) /* a bar as low as the axis would not be seen */
            if (g->kind == G_BAR && axis == !prop_on(g, P_Horizontal))
                lim[0] /= 10;
        lim[1] = pow(10, ceil(log10(hi) - 1e-9));
        if (lim[0] == lim[1]) {
            lim[0] /= 10;
            lim[1] *= 10;
        }
        if (lim[0] == 0)
            lim[0] = lo;
        if (!isfinite(lim[1]))
            lim[1] = hi;
    } else if (axis == 2 || !around_bars(ax, axis, lim))
        around(lo, hi, lim);
    if (isfinite(set[0]) && !(log && set[0] <= 0))
        lim[0] = set[0];
    if (isfinite(set[1]))
        lim[1] = set[1];
    if (!(lim[0] < lim[1])) {                 /* the end that was set lies beyond the data */
        double w = lim[0] == 0 ? 1 : fabs(lim[0]) * 0.1;
        if (isfinite(set[0]))
            lim[1] = log ? 10 * lim[0] : lim[0] + w;
        else
            lim[0] = log ? lim[1] / 10 : lim[1] - w;
    }
}

void axes_limits(struct graphic *ax, int axis, double lim[2])
{
    find_limits(ax, axis, lim);
    for (int k = 0; k < 2; k++)
        lim[k] = fmax(-LARGEST, fmin(LARGEST, lim[k]));
    if (!(lim[0] < lim[1]))
        lim[lim[0] > 0 ? 0 : 1] = lim[0] > 0 ? lim[1] / 2 : lim[0] / 2;
}

void axes_clim(struct graphic *ax, double lim[2])
{
    ax = axes_main(ax);
    for (int i = 0; i < ax->nset; i++)
        if (ax->set[i].prop == P_CLim) {
            for (int k = 0; k < 2; k++)
                lim[k] = element_double(tensor_of(ax->set[i].v), k);
            if (isfinite(lim[0]) && isfinite(lim[1]))
                return;
        }
    struct reach e = { .lo = { INFINITY }, .hi = { -INFINITY }, .least = { INFINITY } };
    for (struct graphic *g = ax->first; g; g = g->next)
        if (is_series(g) && (series_rows[g->kind].flags & G_MAPPED) && prop_is(g, P_CDataMapping, "scaled")) {
            struct tensor *t = prop_data(g, g->kind == G_CONTOUR                              ? P_LevelList
                                            : g->kind == G_SURFACE && !prop_given(g, P_CData) ? P_ZData
                                                                                              : P_CData);
            if (g->kind == G_CONTOUR || (t->nd == 2 && !(t->numel == 3 && t->dim[1] == 3)))
                reach_data(&e, 0, t);
        }
    lim[0] = e.lo[0] <= e.hi[0] ? e.lo[0] : 0;
    lim[1] = e.lo[0] <= e.hi[0] ? e.hi[0] : 1;
    if (lim[0] == lim[1])
        lim[1] = lim[0] + (lim[0] == 0 ? 1 : fabs(lim[0]) * 0.1);
}

bool axes_solid(struct graphic *ax)
{
    for (struct graphic *g = ax->first; g; g = g->next)
        if (g->kind == G_CONTOUR
                ? prop_is(g, P_ZLevelMode, "auto")
                : is_series(g) && ((series_rows[g->kind].flags & G_SOLID) ||
                                   (prop_find("ZData", g->kind) >= 0 && value_numel(prop_get(g, P_ZData)) > 0)))
            return true;
    return false;
}
