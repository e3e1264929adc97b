/* SPDX-License-Identifier: BSD-3-Clause */
/* draw_shape.c: what has a face or a colour of each of its parts: bars, areas, patches, pictures, scattered points.
 *
 * Colours are worked out here and go to gnuplot as red, green and blue: so every terminal shows the same ones, and several
 * axes of a page can have colormaps of their own. */
#include "plot.h"
#include <math.h>

/* ---- colours of numbers */
struct mapper map_begin(struct graphic *g)
{
    struct graphic *ax = graphic_up(g, G_AXES);
    value c = prop_get(g, P_CData);
    struct mapper m = { .map = prop_data(ax, P_Colormap),
                        .direct = prop_is(g, P_CDataMapping, "direct"),
                        .from = is_tensor_like(c) && dtype_is(value_dtype(c), DT_I) ? 0 : 1 };
    axes_clim(ax, m.lim);
    return m;
}

bool map_colour(const struct mapper *m, double x, double rgb[3])
{
    i64 n = m->map->dim[0];
    double k = m->direct ? floor(x) - m->from : floor((x - m->lim[0]) / (m->lim[1] - m->lim[0]) * (double)n);
    if (isnan(k))
        return false;
    i64 row = (i64)fmin(fmax(k, 0), (double)(n - 1));
    for (int j = 0; j < 3; j++)
        rgb[j] = ((double *)m->map->data)[row + j * n];
    return true;
}

static double packed(const double rgb[3])     /* as gnuplot's `rgb variable` reads it */
{
    return (double)(lround(255 * rgb[0]) << 16 | lround(255 * rgb[1]) << 8 | lround(255 * rgb[2]));
}

/* The colour of part i of n by CData: a number for each, or red, green and blue for each or all. */
bool part_colour(const struct mapper *m, struct tensor *c, i64 n, i64 i, double rgb[3])
{
    const double *x = (const double *)c->data;
    if (c->numel == n || c->numel == 1)
        return map_colour(m, x[c->numel == 1 ? 0 : i], rgb);
    if (c->numel == 3 * n || c->numel == 3) {
        i64 k = c->numel == 3 ? 1 : n;
        for (int j = 0; j < 3; j++)
            rgb[j] = fmin(fmax(x[(k == 1 ? 0 : i) + j * k], 0), 1);
        return true;
    }
    return false;
}

/* ---- faces */
static void fill_style(struct drawing *d, struct graphic *g, bool variable, bool border)
{
    double rgb[3], edge[3], alpha = prop_num(g, P_FaceAlpha);
    if (variable)
        buf_puts(d->item, " fc rgb variable");
    else if (prop_colour(g, P_FaceColor, rgb)) {
        buf_puts(d->item, " fc ");
        draw_colour(d->item, rgb);
    }
    bool filled = variable || prop_colour(g, P_FaceColor, rgb);
    buff(d->item, " fs %s", !filled ? "empty" : alpha < 1 ? "transparent solid" : "solid");
    if (filled)
        buff(d->item, " %g", alpha);
    if (border && prop_colour(g, P_EdgeColor, edge) && !prop_is(g, P_LineStyle, "none")) {
        buf_puts(d->item, " border lc ");
        draw_colour(d->item, edge);
        buff(d->item, " lw %.4g", pen(prop_num(g, P_LineWidth)));
    } else /* neighbours without edges: a hair of their own colour closes the seam between them */
        buf_puts(d->item, variable && alpha >= 1 ? " border lw 0.5" : " noborder");
}

/* n boxes; colour NULL: FaceColor. */
static void boxes(struct drawing *d, struct graphic *g, i64 n, const double *const col[6], const double *colour)
{
    const double *all[7] = { col[0], col[1], col[2], col[3], col[4], col[5], colour };
    if (n == 0)
        return;
    draw_item(d);
    draw_data(d, colour ? 7 : 6, n, all);
    buf_puts(d->item, " with boxxyerror");
    fill_style(d, g, colour, true);
    draw_title(d, g);
}

/* A closed outline of n points; its own item, below what comes. */
static void face(struct drawing *d, struct graphic *g, i64 n, const double *x, const double *y, const double *rgb,
                 bool titled)
{
    const double *col[2] = { x, y };
    double alpha = prop_num(g, P_FaceAlpha), edge[3];
    bool done = !titled;
    if (rgb) {
        draw_item(d);
        draw_data(d, 2, n, col);
        buf_puts(d->item, " with filledcurves closed fc ");
        draw_colour(d->item, rgb);
        buff(d->item, " fs %s %g noborder", alpha < 1 ? "transparent solid" : "solid", alpha);
        if (done)
            buf_puts(d->item, " notitle");
        else
            draw_title(d, g);
        done = true;
    }
    if (prop_colour(g, P_EdgeColor, edge) && !prop_is(g, P_LineStyle, "none")) {
        double *cx = scratch((size_t)(n + 1) * 2 * sizeof *cx), *cy = cx + n + 1;
        memcpy(cx, x, (size_t)n * sizeof *cx);
        memcpy(cy, y, (size_t)n * sizeof *cy);
        cx[n] = x[0];
        cy[n] = y[0];
        draw_item(d);
        draw_data(d, 2, n + 1, (const double *[]){ cx, cy });
        buf_puts(d->item, " with lines");
        draw_line_style(d, g, edge);
        if (done)
            buf_puts(d->item, " notitle");
        else
            draw_title(d, g);
    }
}

/* Upright rectangles, as pcolor has them by thousands, are one part of the plot command. */
static bool upright(struct tensor *x, struct tensor *y)
{
    const double *p = (const double *)x->data, *q = (const double *)y->data;
    if (x->dim[0] != 4 || x->numel < 8 || x->numel != y->numel)
        return false;
    for (i64 i = 0; i < x->numel; i += 4)
        if (!(p[i] == p[i + 3] && p[i + 1] == p[i + 2] && q[i] == q[i + 1] && q[i + 2] == q[i + 3]))
            return false;
    return true;
}

static bool draw_upright(struct drawing *d, struct graphic *g, struct tensor *x, struct tensor *y, struct tensor *c,
                         bool mapped)
{
    i64 n = x->numel / 4, k = 0;
    if (!upright(x, y) || (mapped && c->numel != n && c->numel != 3 * n && c->numel != 1) ||
        (!mapped && prop_is(g, P_FaceColor, "none")))
        return false;
    struct mapper map = map_begin(g);
    double *all = scratch((size_t)(7 * n) * sizeof *all), *col[7];
    for (int j = 0; j < 7; j++)
        col[j] = all + j * n;
    for (i64 i = 0; i < n; i++) {
        const double *p = (const double *)x->data + 4 * i, *q = (const double *)y->data + 4 * i;
        double rgb[3] = { 0 };
        if (mapped && !part_colour(&map, c, n, i, rgb))
            continue;
        col[0][k] = (p[0] + p[1]) / 2;
        col[1][k] = (q[0] + q[2]) / 2;
        col[2][k] = fmin(p[0], p[1]);
        col[3][k] = fmax(p[0], p[1]);
        col[4][k] = fmin(q[0], q[2]);
        col[5][k] = fmax(q[0], q[2]);
        col[6][k++] = packed(rgb);
    }
    boxes(d, g, k, (const double *const *)col, mapped ? col[6] : NULL);
    return true;
}

void draw_patch(struct drawing *d, struct graphic *g)
{
    struct tensor *x = prop_data(g, P_XData), *y = prop_data(g, P_YData), *c = prop_data(g, P_CData);
    i64 m = x->dim[0] == 1 ? x->numel : x->dim[0], faces = m ? MIN(x->numel, y->numel) / m : 0;
    double rgb[3];
    bool plain = prop_colour(g, P_FaceColor, rgb), mapped = !plain && !prop_is(g, P_FaceColor, "none") && c->numel > 0;
    if (d->solid) {
        draw_faces(d, g);
        return;
    }
    if (draw_upright(d, g, x, y, c, mapped))
        return;
    struct mapper map = map_begin(g);
    for (i64 f = 0; f < faces; f++) {
        const double *px = (const double *)x->data + f * m, *py = (const double *)y->data + f * m;
        i64 n = 0;
        double *qx = scratch((size_t)m * 2 * sizeof *qx), *qy = qx + m;
        for (i64 i = 0; i < m; i++)           /* NaN fills up faces with fewer corners */
            if (isfinite(px[i]) && isfinite(py[i])) {
                qx[n] = px[i];
                qy[n++] = py[i];
            }
        poll();
        if (n == 0)
            continue;
        bool coloured = plain;
        if (mapped) {
            if (c->numel == x->numel && m > 1 && (faces == 1 || dims_equal(c->nd, c->dim, x->nd, x->dim)) &&
                !(faces == 1 && m == 3 && c->dim[0] == 1)) { /* a number at each corner: the face has their mean */
                double mean = 0;
                for (i64 i = 0; i < m; i++)
                    mean += ((double *)c->data)[f * m + i] / (double)m;
                coloured = map_colour(&map, mean, rgb);
            } else
                coloured = part_colour(&map, c, faces, f, rgb);
        }
        face(d, g, n, qx, qy, coloured ? rgb : NULL, f == 0);
    }
}

void draw_area(struct drawing *d, struct graphic *g)
{
    struct tensor *x = prop_data(g, P_XData), *y = prop_data(g, P_YData), *low = prop_data(g, P_LData);
    i64 n = MIN(x->numel, y->numel);
    double base = prop_num(g, P_BaseValue), rgb[3], *px = scratch((size_t)(2 * n + 1) * 2 * sizeof *px), *py = px + 2 * n + 1;
    for (i64 i = 0; i < n; i++) {
        double b = i < low->numel ? ((double *)low->data)[i] : base, v = ((double *)y->data)[i];
        px[i] = px[2 * n - 1 - i] = ((double *)x->data)[i];
        py[i] = (isfinite(v) ? v : 0) + (i < low->numel ? b : 0);
        py[2 * n - 1 - i] = b;
    }
    if (n > 0)
        face(d, g, 2 * n, px, py, prop_colour(g, P_FaceColor, rgb) ? rgb : NULL, true);
}

/* The two sides of bar i along the axis it stands on, and its two ends. */
static void bar_sides(struct graphic *g, struct tensor *x, i64 i, double step, double side[2])
{
    const double *group = (const double *)prop_data(g, P_BarGroup)->data;
    double whole = step * prop_num(g, P_BarWidth), w = whole / group[1],
           at = ((double *)x->data)[i] - whole / 2 + (group[0] - 1) * w;
    side[0] = at;
    side[1] = at + w;
}

static double least_step(struct tensor *x)    /* between neighbours */
{
    double step = INFINITY;
    for (i64 i = 1; i < x->numel; i++) {
        double s = fabs(((double *)x->data)[i] - ((double *)x->data)[i - 1]);
        if (s > 0)
            step = fmin(step, s);
    }
    return isfinite(step) ? step : 1;
}

/* Boxes of all bars: x lo, x hi, y lo, y hi. */
static i64 bar_boxes(struct graphic *g, double *box[4])
{
    struct tensor *x = prop_data(g, P_XData), *y = prop_data(g, P_YData), *low = prop_data(g, P_LData);
    i64 n = MIN(x->numel, y->numel), k = 0;
    bool lying = prop_on(g, P_Horizontal);
    double base = prop_num(g, P_BaseValue), step = least_step(x), *all = scratch((size_t)(4 * n + 4) * sizeof *all);
    for (int j = 0; j < 4; j++)
        box[j] = all + j * (n + 1);
    for (i64 i = 0; i < n; i++) {
        double side[2], from = i < low->numel ? ((double *)low->data)[i] : base, v = ((double *)y->data)[i];
        if (!isfinite(v) || !isfinite(((double *)x->data)[i]))
            continue;
        bar_sides(g, x, i, step, side);
        double end = i < low->numel ? from + v : v;
        box[lying ? 2 : 0][k] = side[0];
        box[lying ? 3 : 1][k] = side[1];
        box[lying ? 0 : 2][k] = fmin(from, end);
        box[lying ? 1 : 3][k++] = fmax(from, end);
    }
    return k;
}

void draw_bar(struct drawing *d, struct graphic *g)
{
    double *box[4];
    i64 n = bar_boxes(g, box);
    double *mid = scratch((size_t)(2 * n + 1) * sizeof *mid);
    for (int a = 0; a < 2; a++)               /* a box that begins at 0 on a logarithmic axis begins at its edge */
        for (i64 i = 0; axes_log(d->ax, a) && i < n; i++)
            if (box[2 * a][i] <= 0)
                box[2 * a][i] = d->lim[a][0];
    for (i64 i = 0; i < n; i++) {
        mid[i] = (box[0][i] + box[1][i]) / 2;
        mid[n + i] = (box[2][i] + box[3][i]) / 2;
    }
    boxes(d, g, n, (const double *[]){ mid, mid + n, box[0], box[1], box[2], box[3] }, NULL);
}

void reach_bar(struct graphic *g, struct reach *e)
{
    double *box[4];
    i64 n = bar_boxes(g, box);
    for (i64 i = 0; i < n; i++)
        for (int k = 0; k < 4; k++)
            reach_add(e, k / 2, box[k][i]);
}

void reach_area(struct graphic *g, struct reach *e)
{
    struct tensor *y = prop_data(g, P_YData), *low = prop_data(g, P_LData);
    reach_data(e, 0, prop_data(g, P_XData));
    for (i64 i = 0; i < y->numel; i++) {
        double b = i < low->numel ? ((double *)low->data)[i] : prop_num(g, P_BaseValue);
        reach_add(e, 1, b);
        reach_add(e, 1, ((double *)y->data)[i] + (i < low->numel ? b : 0));
    }
}

void reach_stem(struct graphic *g, struct reach *e)
{
    reach_xyz(g, e);
    reach_add(e, axes_solid(graphic_up(g, G_AXES)) ? 2 : 1, prop_num(g, P_BaseValue));
}

void draw_rectangle(struct drawing *d, struct graphic *g)
{
    struct tensor *p = prop_data(g, P_Position), *round = prop_data(g, P_Curvature);
    const double *b = (const double *)p->data;
    double rgb[3], cx = ((double *)round->data)[0], cy = ((double *)round->data)[round->numel - 1];
    if (p->numel < 4)
        return;
    double rx = b[2] / 2 * fmin(fmax(cx, 0), 1), ry = b[3] / 2 * fmin(fmax(cy, 0), 1);
    enum { ARC = 24 };                        /* steps of a quarter */
    double x[4 * (ARC + 1)], y[4 * (ARC + 1)];
    int n = 0;
    for (int q = 0; q < 4; q++)
        for (int k = 0; k <= (rx > 0 && ry > 0 ? ARC : 0); k++) {
            double t = (q + (double)k / ARC) * M_PI / 2;
            x[n] = (q == 0 || q == 3 ? b[0] + b[2] - rx : b[0] + rx) + rx * cos(t);
            y[n++] = (q < 2 ? b[1] + b[3] - ry : b[1] + ry) + ry * sin(t);
        }
    if (rx == 0 || ry == 0) {
        const double sx[4] = { b[0] + b[2], b[0], b[0], b[0] + b[2] }, sy[4] = { b[1] + b[3], b[1] + b[3], b[1], b[1] };
        memcpy(x, sx, sizeof sx);
        memcpy(y, sy, sizeof sy);
        n = 4;
    }
    face(d, g, n, x, y, prop_colour(g, P_FaceColor, rgb) ? rgb : NULL, true);
}

void reach_rectangle(struct graphic *g, struct reach *e)
{
    struct tensor *p = prop_data(g, P_Position);
    const double *b = (const double *)p->data;
    for (int a = 0; a < 2 && p->numel == 4; a++) {
        reach_add(e, a, b[a]);
        reach_add(e, a, b[a] + b[2 + a]);
    }
}

/* ---- scattered points */
void draw_scatter(struct drawing *d, struct graphic *g)
{
    const double *col[5];
    i64 n;
    int columns = series_columns(d, g, &n, col);
    struct tensor *area = prop_data(g, P_SizeData), *c = prop_data(g, P_CData);
    const struct marker_row *m = marker_of(g), dot = { "o", "", "6", "7", 1 };
    double rgb[3] = { 0 }, face[3];
    bool coloured = c->numel > 0;
    if (!m)
        m = &dot;
    prop_colour(g, P_Color, rgb);
    bool filled = prop_colour(g, P_MarkerFaceColor, face) || prop_is(g, P_MarkerFaceColor, "flat") ||
                  prop_is(g, P_MarkerFaceColor, "auto");
    double *size = scratch((size_t)(n + 1) * sizeof *size), *colour = scratch((size_t)(n + 1) * sizeof *colour);
    struct mapper map = map_begin(g);
    for (i64 i = 0; i < n; i++) {
        double a = area->numel == n ? ((double *)area->data)[i] : area->numel ? ((double *)area->data)[0] : 36, own[3];
        size[i] = a >= 0 ? m->scale * sqrt(a) / 6 : 0;
        memcpy(own, rgb, sizeof own);
        if (coloured && !part_colour(&map, c, n, i, own))
            size[i] = 0;
        colour[i] = packed(own);
    }
    if (n == 0)
        return;
    for (int pass = filled ? 0 : 1; pass < 2; pass++) {
        bool own = pass == 0 && prop_colour(g, P_MarkerFaceColor, face);
        if (own)
            for (i64 i = 0; i < n; i++)
                colour[i] = packed(face);
        if (pass == 1 && filled && !prop_colour(g, P_MarkerEdgeColor, face))
            break;                            /* an outline of the colour of the inside */
        if (pass == 1 && prop_colour(g, P_MarkerEdgeColor, face))
            for (i64 i = 0; i < n; i++)
                colour[i] = packed(face);
        col[columns] = size;
        col[columns + 1] = colour;
        draw_item(d);
        draw_data(d, columns + (coloured ? 2 : 1), n, col);
        buff(d->item, " with points pt %s ps variable lw %.4g lc rgb ", pass == 0 ? m->filled : m->outline,
             pen(prop_num(g, P_LineWidth)));
        if (coloured)
            buf_puts(d->item, "variable");
        else                                  /* said once, so that the legend shows it */
            buff(d->item, "'#%06x'", (unsigned)colour[0]);
        if (pass == 1 && filled)
            buf_puts(d->item, " notitle");
        else
            draw_title(d, g);
    }
}

/* ---- pictures */
/* Centres of the first and the last row or column; m of them. */
static void ends(struct tensor *t, i64 m, double at[2])
{
    at[0] = t->numel ? ((double *)t->data)[0] : 1;
    at[1] = t->numel > 1 ? ((double *)t->data)[t->numel - 1] : at[0] + (double)(m - 1);
}

void reach_image(struct graphic *g, struct reach *e)
{
    struct tensor *c = prop_data(g, P_CData);
    for (int a = 0; a < 2 && c->numel > 0; a++) {
        double at[2];
        i64 m = c->dim[1 - a];
        ends(prop_data(g, P_XData + a), m, at);
        double half = m > 1 ? (at[1] - at[0]) / (double)(m - 1) / 2 : 0.5;
        reach_add(e, a, at[0] - half);
        reach_add(e, a, at[1] + half);
    }
}

void draw_image(struct drawing *d, struct graphic *g)
{
    value given = prop_get(g, P_CData);
    struct tensor *c = prop_data(g, P_CData);
    i64 m = c->dim[0], plane = m * c->dim[1], twice[2] = { c->dim[1] == 1, m == 1 }, columns = c->dim[1] << twice[0],
        rows = m << twice[1], n = rows * columns;
    bool colour = c->nd == 3 && c->dim[2] == 3, bytes = is_tensor_like(given) && dtype_is(value_dtype(given), DT_I);
    const double *v = (const double *)c->data;
    double x[2], y[2], scale = !colour || !bytes ? 1 : value_dtype(given) == D_UINT16 ? 65535 : 255;
    if (n == 0)
        return;
    ends(prop_data(g, P_XData), c->dim[1], x);
    ends(prop_data(g, P_YData), m, y);
    if (twice[0]) /* gnuplot wants two by two dots at least: one row or column is drawn as two halves */
        x[0] -= 0.25, x[1] = x[0] + 0.5;
    if (twice[1])
        y[0] -= 0.25, y[1] = y[0] + 0.5;
    struct mapper map = map_begin(g);
    unsigned char *rgba = scratch((size_t)(4 * n));
    bool hole = false;
    for (i64 i = 0; i < rows; i++) {
        poll();
        for (i64 j = 0; j < columns; j++) {
            double rgb[3];
            unsigned char *p = rgba + 4 * (i * columns + j);
            bool good = true;
            if (colour)
                for (int k = 0; k < 3; k++) {
                    rgb[k] = v[(i >> twice[1]) + (j >> twice[0]) * m + k * plane] / scale;
                    good = good && !isnan(rgb[k]);
                }
            else
                good = map_colour(&map, v[(i >> twice[1]) + (j >> twice[0]) * m], rgb);
            for (int k = 0; k < 3; k++)
                p[k] = good ? (unsigned char)lround(255 * fmin(fmax(rgb[k], 0), 1)) : 0;
            p[3] = good ? 255 : 0;
            hole = hole || !good;
        }
    }
    double dx = columns > 1 ? (x[1] - x[0]) / (double)(columns - 1) : 1,
           dy = rows > 1 ? (y[1] - y[0]) / (double)(rows - 1) : 1;
    if (d->blocks) {                          /* a script on its own: five or six numbers a dot */
        double *all = scratch((size_t)(6 * n) * sizeof *all), *col[6];
        for (int k = 0; k < 6; k++)
            col[k] = all + k * n;
        for (i64 i = 0; i < n; i++) {
            col[0][i] = x[0] + dx * (double)(i % columns);
            col[1][i] = y[0] + dy * (double)(i / columns);
            for (int k = 0; k < 4; k++)
                col[2 + k][i] = rgba[4 * i + k];
        }
        draw_item(d);
        draw_data(d, hole ? 6 : 5, n, (const double *const *)col);
        buff(d->item, " with %s notitle", hole ? "rgbalpha" : "rgbimage");
        return;
    }
    i64 start = d->data->bytes;
    if (!hole)                                /* three bytes do */
        for (i64 i = 1; i < n; i++)
            memmove(rgba + 3 * i, rgba + 4 * i, 3);
    spool_write(d->data, rgba, (size_t)((hole ? 4 : 3) * n));
    draw_item(d);
    buff(d->item,
         "'%s' binary skip=%lld array=(%lld,%lld)%s%s origin=(%.17g,%.17g) dx=%.17g dy=%.17g format='%%uchar' using %s "
         "with %s%s notitle",
         d->data->path, (long long)start, (long long)columns, (long long)rows, dx < 0 ? " flipx" : "",
         dy < 0 ? " flipy" : "", fmin(x[0], x[1]), fmin(y[0], y[1]), fabs(dx), fabs(dy), hole ? "1:2:3:4" : "1:2:3",
         hole ? "rgbalpha" : "rgbimage", axes_log(d->ax, 0) || axes_log(d->ax, 1) ? " pixels" : "");
}
