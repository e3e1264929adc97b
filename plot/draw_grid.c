/* SPDX-License-Identifier: BSD-3-Clause */
/* draw_grid.c: what is drawn from numbers on a grid: contour lines and the faces between them. */
#include "plot.h"
#include "contour.h"
#include <math.h>
#include <stdlib.h>

static int rising(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double *contour_levels(struct graphic *g, i64 *n)
{
    struct tensor *t = prop_data(g, P_LevelList);
    double *level = scratch((size_t)(t->numel + 1) * sizeof *level);
    *n = 0;
    for (i64 i = 0; i < t->numel; i++)
        if (isfinite(((double *)t->data)[i]))
            level[(*n)++] = ((double *)t->data)[i];
    qsort(level, (size_t)*n, sizeof *level, rising);
    i64 k = 0;
    for (i64 i = 0; i < *n; i++)
        if (i == 0 || level[i] != level[k - 1])
            level[k++] = level[i];
    *n = k;
    return level;
}

void contour_lines(struct graphic *g, bool closed, struct outlines *o)
{
    struct grid grid = grid_of(prop_data(g, P_XData), prop_data(g, P_YData), prop_data(g, P_ZData));
    i64 n;
    const double *level = contour_levels(g, &n);
    *o = (struct outlines){ 0 };
    for (i64 k = 0; k < n; k++)
        contour_trace(&grid, level[k], (int)k, closed, o);
}

/* The largest first; of equal ones hills by rising, hollows by falling levels: rounded, so that equal ones are equal. */
static int by_area(const void *p, const void *q)
{
    const struct outline *a = p, *b = q;
    float x = (float)fabs(a->area), y = (float)fabs(b->area);
    if (x != y)
        return x < y ? 1 : -1;
    return a->area < 0 ? b->level - a->level : a->level - b->level;
}

static void draw_bands(struct drawing *d, struct graphic *g, const double *level, const struct mapper *map)
{
    struct outlines o;
    double rgb[3], back[3] = { 1, 1, 1 };
    contour_lines(g, true, &o);
    qsort(o.v, (size_t)o.lines, sizeof *o.v, by_area);
    prop_colour(d->ax, P_Color, back);
    for (i64 i = 0; i < o.lines; i++) {
        const struct outline *l = &o.v[i];
        int k = l->level - (l->area < 0);
        if (l->area == 0)
            continue;
        poll();
        if (k < 0 || !map_colour(map, level[k], rgb))
            memcpy(rgb, back, sizeof rgb);
        draw_item(d);
        draw_data(d, 2, l->n, (const double *[]){ o.x + l->start, o.y + l->start });
        buf_puts(d->item, " with filledcurves closed fc ");
        draw_colour(d->item, rgb);
        buf_puts(d->item, " fs solid 1 noborder notitle");
    }
}

/* Places of levels in the box of the axes, in parts of it. */
struct levels { int n; double at[256][2], half[256]; };

/* A place on the line for words of that width, off all others; -1: there is none. */
static i64 level_place(struct drawing *d, const struct outlines *o, const struct outline *l, struct levels *w, double wide)
{
    static const double along[] = { 0.5, 0.25, 0.75, 0.05, 0.375, 0.625, 0.125, 0.875 };
    double px[2];
    draw_box_pixels(d, px);
    for (int k = 0; k < COUNT(along) && w->n < COUNT(w->at); k++) {
        i64 i = l->start + (i64)(along[k] * (double)(l->n - 1));
        double x = (o->x[i] - d->lim[0][0]) / (d->lim[0][1] - d->lim[0][0]),
               y = (o->y[i] - d->lim[1][0]) / (d->lim[1][1] - d->lim[1][0]);
        bool free = x * px[0] > wide / 2 && (1 - x) * px[0] > wide / 2;
        for (int q = 0; q < w->n && free; q++)
            free = fabs(x - w->at[q][0]) * px[0] > (wide + w->half[q]) / 2 + 3 || fabs(y - w->at[q][1]) * px[1] > 18;
        if (!free)
            continue;
        w->at[w->n][0] = x;
        w->at[w->n][1] = y;
        w->half[w->n++] = wide;
        return i;
    }
    return -1;
}

/* The level in words on a line, where it is long enough to carry them and no other stands. */
static void draw_level(struct drawing *d, const struct outlines *o, const struct outline *l, double level,
                       double height, const double rgb[3], struct levels *w)
{
    i64 at = l->n < 5 ? -1 : level_place(d, o, l, w, 8.0 * snprintf(NULL, 0, "%.4g", level));
    if (at < 0)
        return;
    int style = draw_box_style(d, (double[]){ 1, 1, 1 });
    buff(d->s, "set label %d '%.4g' at first %.17g,%s %.17g", ++d->labels, level, o->x[at],
         d->right ? "second" : "first", o->y[at]);
    if (d->solid)
        buff(d->s, ",%.17g", height);
    buf_puts(d->s, " center font ',11' textcolor ");
    draw_colour(d->s, rgb);
    buff(d->s, " boxed bs %d front\n", style);
}

void draw_contour(struct drawing *d, struct graphic *g)
{
    struct outlines o;
    struct levels where = { 0 };
    i64 n;
    const double *level = contour_levels(g, &n);
    struct mapper map = map_begin(g);
    bool fill = prop_on(g, P_Fill) && !d->solid, own, raised = prop_is(g, P_ZLevelMode, "auto"),
         words = prop_on(g, P_ShowText), titled = false;
    double rgb[3], line[3];
    if (prop_data(g, P_ZData)->numel == 0)
        return;
    if (fill)
        draw_bands(d, g, level, &map);
    own = prop_colour(g, P_LineColor, line);
    if (prop_is(g, P_LineColor, "none") || prop_is(g, P_LineStyle, "none"))
        return;
    contour_lines(g, false, &o);
    for (i64 i = 0; i < o.lines;) {           /* all lines of a level are one part of the command, gaps between them */
        i64 end = i, points = 0, k = 0;
        for (; end < o.lines && o.v[end].level == o.v[i].level; end++)
            points += o.v[end].n + 1;
        double *col[3];
        for (int a = 0; a < 3; a++)
            col[a] = scratch((size_t)points * sizeof *col[a]);
        double z = raised ? level[o.v[i].level] : d->solid ? d->lim[2][0] : 0;
        for (i64 j = i; j < end; j++) {
            for (i64 p = o.v[j].start; p < o.v[j].start + o.v[j].n; p++, k++) {
                col[0][k] = o.x[p];
                col[1][k] = o.y[p];
                col[2][k] = z;
            }
            col[0][k] = col[1][k] = col[2][k] = NAN;
            k++;
        }
        poll();
        memcpy(rgb, line, sizeof rgb);
        if (own || map_colour(&map, level[o.v[i].level], rgb)) {
            draw_item(d);
            draw_data(d, d->solid ? 3 : 2, k, (const double *const *)col);
            buf_puts(d->item, " with lines");
            draw_line_style(d, g, rgb);
            if (titled)
                buf_puts(d->item, " notitle");
            else
                draw_title(d, g);
            titled = true;
            for (i64 j = i; words && j < end; j++)
                draw_level(d, &o, &o.v[j], level[o.v[j].level], z, rgb, &where);
        }
        i = end;
    }
}

void reach_contour(struct graphic *g, struct reach *e)
{
    reach_data(e, 0, prop_data(g, P_XData));
    reach_data(e, 1, prop_data(g, P_YData));
    if (prop_is(g, P_ZLevelMode, "auto"))
        reach_data(e, 2, prop_data(g, P_LevelList));
}
