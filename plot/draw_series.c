/* SPDX-License-Identifier: BSD-3-Clause */
/* draw_series.c: lines and points as parts of a plot command. */
#include "plot.h"
#include <math.h>

/* How many rows have numbers in all columns, whether two of them are neighbours, and the first. */
static i64 good_rows(int columns, i64 n, const double *const *col, bool *pair)
{
    i64 good = 0;
    bool before = false;
    *pair = false;
    for (i64 i = 0; i < n; i++) {
        bool now = true;
        for (int k = 0; k < columns; k++)
            now = now && isfinite(col[k][i]);
        good += now;
        *pair = *pair || (now && before);
        before = now;
    }
    return good;
}

/* Points in the graphic's marker; filled: the inside. */
static void points(struct drawing *d, const struct marker_row *m, double size, bool filled, const double rgb[3], double width)
{
    buff(d->item, " pt %s ps %g lw %g lc ", filled ? m->filled : m->outline, m->scale * size / 6, width);
    draw_colour(d->item, rgb);
}

/* A line with what stands at its points: `style` is gnuplot's word for the line. */
void draw_curve(struct drawing *d, struct graphic *g, int columns, i64 n, const double *const *col, const char *style)
{
    bool pair;
    i64 good = good_rows(columns, n, col, &pair);
    if (good == 0)
        return;
    const struct marker_row *m = marker_of(g), dot = { ".", "", "7", "7", 0.4 };
    bool line = !prop_is(g, P_LineStyle, "none");
    double rgb[3] = { 0 }, edge[3], face[3];
    prop_colour(g, P_Color, rgb);
    if (line && !m && !pair)                  /* points with nothing beside them would not be seen */
        m = &dot;
    if (m && !prop_colour(g, P_MarkerEdgeColor, edge))
        memcpy(edge, rgb, sizeof edge);
    bool inside = m && (prop_colour(g, P_MarkerFaceColor, face) || prop_is(g, P_MarkerFaceColor, "auto"));
    if (inside && prop_is(g, P_MarkerFaceColor, "auto"))
        memcpy(face, rgb, sizeof face);
    bool same = m && !memcmp(edge, rgb, sizeof rgb), titled = false;
    double size = m ? prop_num(g, P_MarkerSize) : 0, width = prop_num(g, P_LineWidth);
    if (line) {
        draw_item(d);
        draw_data(d, columns, n, col);
        bool both = m && same && !inside && !strcmp(style, "lines");
        buff(d->item, " with %s", both ? "linespoints" : style);
        if (both)
            buff(d->item, " pt %s ps %g", m->outline, m->scale * size / 6);
        draw_line_style(d, g, rgb);
        draw_title(d, g);
        titled = true;
        if (both)
            return;
    }
    for (int pass = inside ? 0 : 1; m && pass < 2; pass++) {
        if (pass == 1 && inside && !memcmp(face, edge, sizeof face))
            break;
        draw_item(d);
        draw_data(d, columns, n, col);
        buf_puts(d->item, " with points");
        points(d, m, size, pass == 0, pass == 0 ? face : edge, width);
        if (titled)
            buf_puts(d->item, " notitle");
        else
            draw_title(d, g);
        titled = true;
    }
}

/* The data of g as columns of equal length: x, y and, in three dimensions, z. */
int series_columns(struct drawing *d, struct graphic *g, i64 *n, const double **col)
{
    int columns = d->solid ? 3 : 2;
    *n = INT64_MAX;
    for (int k = 0; k < columns; k++) {
        struct tensor *t = prop_data(g, P_XData + k);
        if (k == 2 && t->numel == 0) {
            t = tensor_zeros(D_DOUBLE, 2, (i64[]){ *n, 1 });
        }
        col[k] = (const double *)t->data;
        *n = MIN(*n, t->numel);
    }
    return columns;
}

void draw_line(struct drawing *d, struct graphic *g)
{
    const double *col[3];
    i64 n;
    int columns = series_columns(d, g, &n, col);
    draw_curve(d, g, columns, n, col, "lines");
}
