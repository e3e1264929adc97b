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
    buff(d->item, " pt %s ps %g lw %.4g lc ", filled ? m->filled : m->outline, m->scale * size / 6, pen(width));
    draw_colour(d->item, rgb);
}

/* Markers in both their colours; the first part has the title unless `titled`. */
static void draw_markers(struct drawing *d, struct graphic *g, const struct marker_row *m, int columns, i64 n,
                         const double *const *col, bool titled)
{
    double rgb[3] = { 0 }, edge[3], face[3], size = prop_num(g, P_MarkerSize), width = prop_num(g, P_LineWidth);
    prop_colour(g, P_Color, rgb);
    if (!prop_colour(g, P_MarkerEdgeColor, edge))
        memcpy(edge, rgb, sizeof edge);
    bool outline = !prop_is(g, P_MarkerEdgeColor, "none"), inside = prop_colour(g, P_MarkerFaceColor, face);
    if (prop_is(g, P_MarkerFaceColor, "auto")) {
        inside = true;
        memcpy(face, rgb, sizeof face);
    }
    if (inside && !memcmp(face, edge, sizeof face))
        outline = false;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 0 ? !inside : !outline)
            continue;
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

void draw_marks(struct drawing *d, struct graphic *g, int columns, i64 n, const double *const *col)
{
    bool pair;
    if (marker_of(g) && good_rows(columns, n, col, &pair) > 0)
        draw_markers(d, g, marker_of(g), columns, n, col, false);
}

/* A line of very many points from left to right looks the same when of those in a strip, a fraction of a dot wide, only the
   first, lowest, highest and last are drawn, a gap staying a gap: a million points then take what ten thousand do. */
enum { MANY = 50000, STRIPS = 8192, NOISY = 5000, CLIMB = 1000 };
static i64 thin(struct drawing *d, i64 n, const double *const *col, double *to[2])
{
    const double *x = col[0], *y = col[1], *lim = d->lim[0];
    bool log = axes_log(d->ax, 0);
    for (i64 i = 1; i < n; i++)
        if (!(x[i] >= x[i - 1]))
            return 0;
    double from = log ? log10(lim[0]) : lim[0], scale = STRIPS / ((log ? log10(lim[1]) : lim[1]) - from);
    to[0] = scratch((size_t)(6 * (STRIPS + 2)) * 2 * sizeof **to);
    to[1] = to[0] + 6 * (STRIPS + 2);
    i64 k = 0;
    for (i64 i = 0, end; i < n; i = end) {
        poll();
        double strip = fmin(fmax(floor(((log ? log10(x[i]) : x[i]) - from) * scale), -1), STRIPS);
        double edge = strip < 0         ? lim[0]
                      : strip >= STRIPS ? INFINITY
                      : log             ? pow(10, from + (strip + 1) / scale)
                                        : from + (strip + 1) / scale;
        i64 pick[5] = { i, i, i, i, -1 };     /* first, lowest, highest, last, one without a number */
        for (end = i; end < n && (end == i || x[end] < edge); end++) {
            if (!isfinite(y[end]))
                pick[4] = end;
            else {
                if (!(y[end] >= y[pick[1]]))
                    pick[1] = end;
                if (!(y[end] <= y[pick[2]]))
                    pick[2] = end;
            }
        }
        pick[3] = end - 1;
        for (i64 at = -1, best = 0; best >= 0;) {             /* in their order, each once */
            best = -1;
            for (int q = 0; q < 5; q++)
                if (pick[q] > at && (best < 0 || pick[q] < best))
                    best = pick[q];
            if (best >= 0) {
                to[0][k] = x[best];
                to[1][k++] = y[best];
                at = best;
            }
        }
    }
    return k;
}

/* How often a line goes up and down the whole height of the axes. */
static double climb(struct drawing *d, i64 n, const double *y)
{
    double way = 0, lo = d->lim[1][0], hi = d->lim[1][1];
    for (i64 i = 1; i < n; i++) {
        if (!isfinite(y[i] - y[i - 1]))
            return 0;                         /* a gap: not for band() */
        way += fmin(fabs(y[i] - y[i - 1]), hi - lo);
    }
    return way / (hi - lo);
}

/* Noise fills its strips from end to end.  So many strokes that cross each other cost gnuplot seconds (a million points
   14 s, thinned), and what they leave is a band: from the least to the largest number of each strip and of its
   neighbours' ends.  0: the points do not rise. */
static i64 band(struct drawing *d, i64 n, const double *const *col, double *to[3])
{
    enum { WIDE = 2048 };
    const double *x = col[0], *y = col[1], *lim = d->lim[0];
    double scale = WIDE / (lim[1] - lim[0]);
    i64 k = 0;
    for (int a = 0; a < 3; a++)
        to[a] = scratch(2 * (WIDE + 4) * sizeof **to);
    for (i64 i = 0, end; i < n; i = end) {
        double strip = fmin(fmax(floor((x[i] - lim[0]) * scale), -1), WIDE), lo = y[MAX(i - 1, 0)], hi = lo;
        for (end = i; end < n && fmin(fmax(floor((x[end] - lim[0]) * scale), -1), WIDE) == strip; end++) {
            if (end > 0 && !(x[end] >= x[end - 1]))
                return 0;
            lo = fmin(lo, y[end]);
            hi = fmax(hi, y[end]);
        }
        for (int side = 0; side < 2; side++, k++) {
            to[0][k] = x[side ? end - 1 : i];
            to[1][k] = lo;
            to[2][k] = hi;
        }
        poll();
    }
    return k;
}

/* A line with what stands at its points: `style` is gnuplot's word for the line. */
void draw_curve(struct drawing *d, struct graphic *g, int columns, i64 n, const double *const *col, const char *style)
{
    bool pair, line = !prop_is(g, P_LineStyle, "none");
    if (good_rows(columns, n, col, &pair) == 0)
        return;
    const struct marker_row *m = marker_of(g), dot = { ".", "", "7", "7", 0.4 };
    double rgb[3] = { 0 };
    prop_colour(g, P_Color, rgb);
    if (line && !m && !pair)                  /* points with nothing beside them would not be seen */
        m = &dot;
    if (!line) {
        draw_marks(d, g, columns, n, col);
        return;
    }
    double *few[2];
    bool curve = !m && columns == 2 && !strcmp(style, "lines"), linear = !axes_log(d->ax, 0) && !axes_log(d->ax, 1);
    if (curve && linear && n > NOISY && prop_is(g, P_LineStyle, "-") && climb(d, n, col[1]) > CLIMB) {
        double *edges[3];
        i64 k = band(d, n, col, edges);
        if (k > 0) {
            draw_item(d);
            draw_data(d, 3, k, (const double *const *)edges);
            buf_puts(d->item, " with filledcurves fc ");
            draw_colour(d->item, rgb);
            buf_puts(d->item, " fs solid 1 notitle");
            double *rim[2] = { scratch((size_t)(2 * k + 1) * sizeof **rim), scratch((size_t)(2 * k + 1) * sizeof **rim) };
            for (i64 q = 0; q < 2 * k + 1; q++) {             /* its upper and its lower edge, as wide as the line */
                rim[0][q] = q == k ? NAN : edges[0][q < k ? q : q - k - 1];
                rim[1][q] = q == k ? NAN : edges[q < k ? 2 : 1][q < k ? q : q - k - 1];
            }
            draw_item(d);
            draw_data(d, 2, 2 * k + 1, (const double *const *)rim);
            buf_puts(d->item, " with lines");
            draw_line_style(d, g, rgb);
            draw_title(d, g);
            return;
        }
    }
    i64 left = curve && n > MANY ? thin(d, n, col, few) : 0;
    if (left > 0 && left < n) {
        n = left;
        col = (const double *const *)few;
    }
    bool plain =
        m && prop_is(g, P_MarkerEdgeColor, "auto") && prop_is(g, P_MarkerFaceColor, "none") && !strcmp(style, "lines");
    draw_item(d);
    draw_data(d, columns, n, col);
    buff(d->item, " with %s", plain ? "linespoints" : style);
    if (plain)                                /* one part, so that the legend shows line and marker */
        buff(d->item, " pt %s ps %g", m->outline, m->scale * prop_num(g, P_MarkerSize) / 6);
    draw_line_style(d, g, rgb);
    if (!m || plain) {
        draw_title(d, g);
        return;
    }
    buf_puts(d->item, " notitle");
    draw_markers(d, g, m, columns, n, col, true);
    if (axes_owned(d->ax, G_LEGEND)) {        /* the line in the legend has the marker too */
        double face[3];
        buff(draw_item(d), "keyentry with linespoints pt %s ps %.4g",
             prop_colour(g, P_MarkerFaceColor, face) && !memcmp(face, rgb, sizeof rgb) ? m->filled : m->outline,
             m->scale * prop_num(g, P_MarkerSize) / 6);
        draw_line_style(d, g, rgb);
        draw_title(d, g);
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

/* A line across the axes at one value, with its words near the upper or the right end. */
void draw_rule(struct drawing *d, struct graphic *g)
{
    int a = prop_on(g, P_Horizontal);
    struct tensor *t = prop_data(g, P_XData);
    double rgb[3] = { 0 }, v = t->numel ? *(double *)t->data : NAN;
    const double *lim = d->lim[a], *other = d->lim[!a];
    prop_colour(g, P_Color, rgb);
    if (!(v >= lim[0] && v <= lim[1]) || d->solid)
        return;
    const double at[2] = { v, v };
    draw_item(d);
    draw_data(d, 2, 2, a ? (const double *[]){ other, at } : (const double *[]){ at, other });
    buf_puts(d->item, " with lines");
    draw_line_style(d, g, rgb);
    draw_title(d, g);
    if (value_numel(prop_get(g, P_Label)) == 0)
        return;
    bool low = (v - lim[0]) < 0.06 * (lim[1] - lim[0]);      /* no room on the usual side */
    buff(d->s, "set label %d ", ++d->labels);
    quote_words(d, d->s, prop_get(g, P_Label), true);
    if (d->plain)
        d->s->s[d->s->n -= strlen(" noenhanced")] = 0;
    if (a)
        buff(d->s, " at graph 0.99,%s %.17g right offset 0,%s", d->right ? "second" : "first", v, "0.6");
    else
        buff(d->s, " at first %.17g,graph 0.97 right rotate by 90 offset %s,0", v, low ? "1.2" : "-0.8");
    buf_puts(d->s, " textcolor ");
    draw_colour(d->s, rgb);
    buff(d->s, "%s front\n", d->plain ? " noenhanced" : "");
}

void reach_rule(struct graphic *g, struct reach *e)
{
    reach_data(e, prop_on(g, P_Horizontal), prop_data(g, P_XData));
}

void draw_stairs(struct drawing *d, struct graphic *g)
{
    const double *col[3];
    i64 n;
    series_columns(d, g, &n, col);
    draw_curve(d, g, 2, n, col, "steps");
}

/* Each stem is a line of its own, a gap behind it. */
void draw_stem(struct drawing *d, struct graphic *g)
{
    const double *col[3];
    double base = prop_num(g, P_BaseValue), rgb[3] = { 0 }, *to[3];
    i64 n;
    int columns = series_columns(d, g, &n, col), up = columns - 1;
    prop_colour(g, P_Color, rgb);
    if (n > 0 && !prop_is(g, P_LineStyle, "none")) {
        for (int k = 0; k < columns; k++) {
            to[k] = scratch((size_t)(3 * n) * sizeof **to);
            for (i64 i = 0; i < n; i++) {
                to[k][3 * i] = k == up ? axes_log(d->ax, k) && base <= 0 ? d->lim[k][0] : base : col[k][i];
                to[k][3 * i + 1] = col[k][i];
                to[k][3 * i + 2] = NAN;
            }
        }
        draw_item(d);
        draw_data(d, columns, 3 * n, (const double *const *)to);
        buf_puts(d->item, " with lines");
        draw_line_style(d, g, rgb);
        buf_puts(d->item, " notitle");
    }
    if (!d->solid && base > d->lim[1][0] && base < d->lim[1][1]) {
        const double x[2] = { d->lim[0][0], d->lim[0][1] }, y[2] = { base, base };
        draw_item(d);
        draw_data(d, 2, 2, (const double *[]){ x, y });
        buf_puts(d->item, " with lines lw 0.75 lc rgb '#262626' notitle");
    }
    draw_marks(d, g, columns, n, col);
}

/* Low and high ends of the errors in one direction; false: there are none. */
static bool error_ends(struct graphic *g, int data, int low, int high, struct tensor **at, double **lo, double **hi)
{
    struct tensor *l = prop_data(g, low), *u = prop_data(g, high);
    *at = prop_data(g, data);
    i64 n = (*at)->numel;
    *lo = scratch((size_t)(n + 1) * sizeof **lo);
    *hi = scratch((size_t)(n + 1) * sizeof **hi);
    for (i64 i = 0; i < n; i++) {
        double x = ((double *)(*at)->data)[i];
        (*lo)[i] = x - (i < l->numel ? ((double *)l->data)[i] : 0);
        (*hi)[i] = x + (i < u->numel ? ((double *)u->data)[i] : 0);
    }
    return l->numel > 0;
}

void draw_errorbar(struct drawing *d, struct graphic *g)
{
    struct tensor *x, *y;
    double *xl, *xh, *yl, *yh, rgb[3] = { 0 };
    bool inx = error_ends(g, P_XData, P_XLData, P_XUData, &x, &xl, &xh),
         iny = error_ends(g, P_YData, P_LData, P_UData, &y, &yl, &yh);
    i64 n = MIN(x->numel, y->numel);
    const double *col[6] = { (double *)x->data, (double *)y->data, inx ? xl : yl, inx ? xh : yh, yl, yh };
    prop_colour(g, P_Color, rgb);
    if (n == 0)
        return;
    draw_item(d);
    draw_data(d, inx && iny ? 6 : 4, n, col);
    buff(d->item, " with %s pt 0 ps 0 dt solid lw %.4g lc ",
         inx && iny ? "xyerrorbars"
         : inx      ? "xerrorbars"
                    : "yerrorbars",
         pen(prop_num(g, P_LineWidth)));
    draw_colour(d->item, rgb);
    buf_puts(d->item, " notitle");
    draw_curve(d, g, 2, n, col, "lines");
}

void reach_errorbar(struct graphic *g, struct reach *e)
{
    struct tensor *t;
    for (int a = 0; a < 2; a++) {
        double *lo, *hi;
        error_ends(g, P_XData + a, a ? P_LData : P_XLData, a ? P_UData : P_XUData, &t, &lo, &hi);
        for (i64 i = 0; i < t->numel; i++) {
            reach_add(e, a, lo[i]);
            reach_add(e, a, hi[i]);
        }
    }
}
