/* SPDX-License-Identifier: BSD-3-Clause */
/* draw_solid.c: three dimensions: the view, surfaces, and arrows of both kinds.
 *
 * A surface with faces goes to gnuplot's pm3d, whose depthorder paints the far ones first; a net whose faces are plain
 * goes to hidden3d, which leaves out hidden lines.  The colour of each corner is worked out here and sent as a number.
 */
#include "plot.h"
#include "contour.h"
#include <math.h>

static double packed(const double rgb[3], double alpha)
{
    return (double)((i64)lround(255 * (1 - alpha)) << 24 | lround(255 * rgb[0]) << 16 | lround(255 * rgb[1]) << 8 |
                    lround(255 * rgb[2]));
}

/* Faces of their own colours; else a net over plain faces or none. */
static bool has_faces(struct graphic *g)
{
    double rgb[3];
    return prop_is(g, P_FaceColor, "flat") || prop_is(g, P_FaceColor, "interp") ||
           (prop_colour(g, P_FaceColor, rgb) && rgb[0] + rgb[1] + rgb[2] < 3);
}

/* How large a body of equal units is drawn, so that it fills its cell from wherever it is seen: its height and width on
   the page beside those of a cube seen as usual, for which 1.3 is right.  gnuplot measures in the longer of x and y. */
static double equal_scale(struct drawing *d, const double view[2])
{
    double size[3], az = view[0] * M_PI / 180, el = view[1] * M_PI / 180, cube_wide = 1.9;
    for (int a = 0; a < 3; a++)
        size[a] = d->lim[a][1] - d->lim[a][0];
    double wide = size[0] * fabs(cos(az)) + size[1] * fabs(sin(az));
    double high = (size[0] * fabs(sin(az)) + size[1] * fabs(cos(az))) * fabs(sin(el)) + size[2] * fabs(cos(el));
    double cube_high = 1.566 * (1 - 0.3 * pow(sin(el), 4));       /* from above the numbers stand below it */
    double s = 1.3 * fmax(size[0], size[1]) * fmin(cube_wide / wide, cube_high / high);
    return isfinite(s) ? fmin(fmax(s, 1e-3), 3) : 1;
}

/* What the whole plot command needs to know before its parts. */
void draw_view(struct drawing *d)
{
    struct graphic *ax = d->ax;
    const double *v = (const double *)prop_data(ax, P_View)->data;
    double turn = fmod(v[0], 360), tilt = fmod(90 - v[1], 360), rgb[3];
    bool faces = false, net = false, border = false;
    if (v[1] == 90 && v[0] == 0)
        buf_puts(d->s, "set view map\n");
    else {
        buff(d->s, "set view %.9g,%.9g,", tilt < 0 ? tilt + 360 : tilt, turn < 0 ? turn + 360 : turn);
        if (prop_given(ax, P_DataAspectRatio))
            buff(d->s, "%.4g,1\n", equal_scale(d, v));
        else
            buf_puts(d->s, "1.07,1.2\n");
    }
    if (prop_given(ax, P_DataAspectRatio)) {
        const double *r = (const double *)prop_data(ax, P_DataAspectRatio)->data;
        buff(d->s, "set view equal %s\n", r[0] == r[1] && r[1] == r[2] ? "xyz" : "xy");
    }
    buff(d->s, "set xyplane at %.17g\n", d->lim[2][prop_is(ax, P_ZDir, "reverse")]);
    for (struct graphic *g = ax->first; g; g = g->next) {
        if ((g->kind != G_SURFACE && g->kind != G_PATCH) || !series_shown(g))
            continue;
        bool f = g->kind == G_PATCH ? !prop_is(g, P_FaceColor, "none") : has_faces(g);
        faces = faces || f;
        net = net || (g->kind == G_SURFACE && !f && !prop_is(g, P_FaceColor, "none") && prop_is(g, P_MeshStyle, "both"));
        struct tensor *z = prop_data(g, P_ZData);
        bool small = g->kind == G_SURFACE && !prop_given(g, P_EdgeColor) && z->nd == 2 &&
                     MAX(z->dim[0], z->dim[1]) > 100; /* nothing but edges would be seen */
        if (f && !border && !small && !prop_is(g, P_LineStyle, "none") && prop_colour(g, P_EdgeColor, rgb)) {
            border = true;
            buff(d->s, "set pm3d border lw %.4g lc ", pen(prop_num(g, P_LineWidth)));
            draw_colour(d->s, rgb);
            buf_putc(d->s, '\n');
        }
    }
    if (faces)
        buff(d->s, "set pm3d depthorder corners2color c3\n%s", border ? "" : "set pm3d noborder\n");
    if (net)
        buf_puts(d->s, "set hidden3d front\n");
}

/* One number or red, green and blue of corner i of n. */
static bool corner_colour(const struct mapper *m, struct tensor *c, i64 n, i64 i, double rgb[3])
{
    const double *x = (const double *)c->data;
    if (c->numel != 3 * n)
        return i < c->numel && map_colour(m, x[i], rgb);
    for (int j = 0; j < 3; j++)
        rgb[j] = fmin(fmax(x[i + j * n], 0), 1);
    return !isnan(x[i] + x[i + n] + x[i + 2 * n]);
}

/* A grid of rows x columns corners, column by column, as scans with a blank between them. */
static void grid_data(struct drawing *d, i64 rows, i64 columns, const double *const col[4])
{
    if (d->blocks) {                          /* as text: a row at a time, a blank line behind each */
        buff(d->blocks, "$data%d << EOD\n", ++d->nblocks);
        for (i64 j = 0; j < columns; j++) {
            for (i64 i = j * rows; i < (j + 1) * rows; i++)
                for (int k = 0; k < 4; k++)
                    if (isfinite(col[k][i]))
                        buff(d->blocks, "%.17g%s", col[k][i], k < 3 ? " " : "\n");
                    else
                        buff(d->blocks, "NaN%s", k < 3 ? " " : "\n");
            buf_putc(d->blocks, '\n');
        }
        buf_puts(d->blocks, "EOD\n");
        buff(d->item, "$data%d using 1:2:3:4", d->nblocks);
        return;
    }
    size_t from = d->item->n;
    draw_data(d, 4, rows * columns, col);
    char *record = strstr(d->item->s + from, " record="), *rest = record ? strstr(record, " format=") : NULL;
    if (!rest)
        return;
    char *tail = strcpy(scratch(strlen(rest) + 1), rest);
    d->item->n = (size_t)(record - d->item->s);
    d->item->s[d->item->n] = 0;
    buff(d->item, " record=(%lld,%lld)%s", (long long)rows, (long long)columns, tail);
}

/* How bright a face is whose normal is a x b (lengths in the box of the axes): both its sides are lit, and some light
 * is everywhere. */
struct light { bool on; double from[3], width[3]; };
static struct light light_of(struct drawing *d)
{
    struct light l = { .on = prop_given(d->ax, P_LightPosition) };
    const double *p = (const double *)prop_data(d->ax, P_LightPosition)->data;
    double length = sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
    l.on = l.on && length > 0 && isfinite(length);
    for (int a = 0; a < 3; a++) {
        l.from[a] = l.on ? p[a] / length : 0;
        l.width[a] = d->lim[a][1] - d->lim[a][0];
    }
    return l;
}
static double brightness(const struct light *l, const double a[3], const double b[3])
{
    double n[3], length = 0, dot = 0;
    for (int q = 0; q < 3; q++) {
        int r = (q + 1) % 3, s = (q + 2) % 3;
        n[q] = (a[r] * b[s] * l->width[q] - a[s] * b[r] * l->width[q]) / (l->width[0] * l->width[1] * l->width[2]);
        length += n[q] * n[q];
        dot += n[q] * l->from[q];
    }
    return length > 0 && isfinite(length) ? 0.4 + 0.6 * fabs(dot) / sqrt(length) : 1;
}

/* The same by the neighbours of each corner of a grid. */
static void shine(const struct light *l, i64 m, i64 n, const double *const col[3], double *const red[3])
{
    for (i64 j = 0; l->on && j < n; j++)
        for (i64 i = 0; i < m; i++) {
            double a[3], b[3];
            for (int q = 0; q < 3; q++) {
                const double *p = col[q] + j * m;
                a[q] = p[MIN(i + 1, m - 1)] - p[MAX(i - 1, 0)];
                b[q] = col[q][i + MIN(j + 1, n - 1) * m] - col[q][i + MAX(j - 1, 0) * m];
            }
            double s = brightness(l, a, b);
            for (int q = 0; q < 3; q++)
                red[q][i + j * m] *= s;
        }
}

/* The same surface with k times as many faces, what lies between interpolated: smooth colours. */
static void refine(i64 *rows, i64 *columns, const double *col[4], double *red[3], i64 k)
{
    i64 m = *rows, n = *columns, mm = (m - 1) * k + 1, nn = (n - 1) * k + 1;
    const double *from[6] = { col[0], col[1], col[2], red[0], red[1], red[2] };
    for (int q = 0; q < 6; q++) {
        double *to = scratch((size_t)(mm * nn) * sizeof *to);
        for (i64 j = 0; j < nn; j++)
            for (i64 i = 0; i < mm; i++) {
                i64 a = MIN(i / k, m - 2), b = MIN(j / k, n - 2);
                double s = (double)(i - a * k) / (double)k, t = (double)(j - b * k) / (double)k;
                const double *p = from[q] + a + b * m;
                double low = s == 0 ? p[0] : s == 1 ? p[1] : (1 - s) * p[0] + s * p[1];
                double high = t == 0 ? low : s == 0 ? p[m] : s == 1 ? p[m + 1] : (1 - s) * p[m] + s * p[m + 1];
                to[i + j * mm] = t == 0 ? low : t == 1 ? high : (1 - t) * low + t * high;
            }
        if (q < 3)
            col[q] = to;
        else
            red[q - 3] = to;
    }
    *rows = mm;
    *columns = nn;
}

/* Of a grid with very many corners every so-many-th is drawn: FINEST cells each way are as small as the eye can tell on a
   picture, and gnuplot takes some 40 us for each (300 x 300: 5.4 s, of 150 x 150 1.2 s). */
enum { FINEST = 200 };
static i64 coarse(i64 n)
{
    return n - 1 > FINEST ? (n - 1 + FINEST - 1) / FINEST : 1;
}

void draw_surface(struct drawing *d, struct graphic *g)
{
    struct tensor *z = prop_data(g, P_ZData), *c = prop_data(g, P_CData);
    if (z->numel == 0)
        return;
    struct grid grid = grid_of(prop_data(g, P_XData), prop_data(g, P_YData), z);
    struct mapper map = map_begin(g);
    i64 m = grid.m, n = grid.n, all = m * n, each[2] = { coarse(m), coarse(n) };
    bool faces = has_faces(g), smooth = faces && prop_is(g, P_FaceColor, "interp");
    double *x = scratch((size_t)(7 * all) * sizeof *x), *y = x + all, *h = y + all, *own = h + all, plain[3] = { 0 },
           alpha = prop_num(g, P_FaceAlpha);
    double *red[3] = { own + all, own + 2 * all, own + 3 * all };
    bool one = prop_colour(g, faces ? P_FaceColor : P_EdgeColor, plain);
    if (!faces && (prop_is(g, P_EdgeColor, "none") || prop_is(g, P_LineStyle, "none")))
        return;
    if (c->numel != all && c->numel != 3 * all)
        c = z;
    for (i64 j = 0; j < n; j++) {
        poll();
        for (i64 i = 0; i < m; i++) {
            i64 k = i + j * m;
            double rgb[3];
            memcpy(rgb, plain, sizeof rgb);
            bool good = one || corner_colour(&map, c, all, k, rgb);
            x[k] = grid.x[i * grid.xi + j * grid.xj];
            y[k] = grid.y[i * grid.yi + j * grid.yj];
            h[k] = good ? grid.z[k] : NAN;
            for (int q = 0; q < 3; q++)
                red[q][k] = good ? rgb[q] : 0;
        }
    }
    const double *col[4] = { x, y, h, own };
    i64 rows = m, columns = n, finer = 1;
    if (each[0] > 1 || each[1] > 1) {         /* a corner of so many, and those at the edges */
        double *from[6] = { x, y, h, red[0], red[1], red[2] };
        rows = (m - 1 + each[0] - 1) / each[0] + 1;
        columns = (n - 1 + each[1] - 1) / each[1] + 1;
        for (int q = 0; q < 6; q++)
            for (i64 j = 0; j < columns; j++)
                for (i64 i = 0; i < rows; i++)
                    from[q][i + j * rows] = from[q][MIN(i * each[0], m - 1) + MIN(j * each[1], n - 1) * m];
        m = rows;
        n = columns;
        all = m * n;
    }
    while (smooth && !one && finer < 8 && all * (finer + 1) * (finer + 1) <= 60000)
        finer++;
    if (finer > 1) {
        refine(&rows, &columns, col, red, finer);
        own = scratch((size_t)(rows * columns) * sizeof *own);
    }
    struct light light = light_of(d);
    if (faces)
        shine(&light, rows, columns, col, red);
    for (i64 k = 0; k < rows * columns; k++)
        own[k] = packed((double[]){ red[0][k], red[1][k], red[2][k] }, faces ? alpha : 1);
    col[3] = own;
    draw_item(d);
    if (faces) {
        grid_data(d, rows, columns, col);
        buf_puts(d->item, " with pm3d fc rgb variable notitle");
        if (axes_owned(d->ax, G_LEGEND) &&
            value_numel(prop_get(g, P_DisplayName)) > 0) { /* the legend has no sample of pm3d's */
            double rgb[3];
            memcpy(rgb, plain, sizeof rgb);
            if (!one)
                map_colour(&map, (map.lim[0] + map.lim[1]) / 2, rgb);
            buf_puts(draw_item(d), "NaN with points pt 5 ps 2 lc ");
            draw_colour(d->item, rgb);
            draw_title(d, g);
        }
        return;
    }
    if (prop_is(g, P_MeshStyle, "both"))
        grid_data(d, rows, columns, col);
    else {                                    /* lines along rows or along columns alone, a gap behind each */
        bool along = prop_is(g, P_MeshStyle, "row");
        i64 lines = along ? m : n, points = along ? n : m, k = 0;
        double *to[4];
        for (int q = 0; q < 4; q++)
            to[q] = scratch((size_t)(lines * (points + 1)) * sizeof *to[q]);
        for (i64 a = 0; a < lines; a++)
            for (i64 b = 0; b <= points; b++, k++)
                for (int q = 0; q < 4; q++)
                    to[q][k] = b == points ? NAN : col[q][along ? a + b * m : b + a * m];
        draw_data(d, 4, k, (const double *const *)to);
    }
    buff(d->item, " with lines lw %.4g lc rgb variable", pen(prop_num(g, P_LineWidth)));
    draw_title(d, g);
}

/* Polygons of four corners are the cells of a net of two by three points each, the third pair a gap; of three corners
   the last counts twice, of more the rest makes further cells. */
static void put_face(double *const to[4], i64 *k, const double corner[4][3], double colour)
{
    static const int order[4] = { 0, 1, 3, 2 };
    for (int q = 0; q < 6; q++, ++*k)
        for (int a = 0; a < 4; a++)
            to[a][*k] = q > 3 ? NAN : a == 3 ? colour : corner[order[q]][a];
}

/* Outlines alone. */
static void draw_edges(struct drawing *d, struct graphic *g, i64 m, i64 faces, const double *const p[3])
{
    double rgb[3], *to[3];
    i64 k = 0;
    if (!prop_colour(g, P_EdgeColor, rgb) || prop_is(g, P_LineStyle, "none"))
        return;
    for (int a = 0; a < 3; a++)
        to[a] = scratch((size_t)(faces * (m + 2)) * sizeof *to[a]);
    for (i64 f = 0; f < faces; f++) {
        i64 first = -1;
        for (i64 i = 0; i <= m; i++) {
            i64 at = i < m ? f * m + i : first;
            if (at < 0 || !isfinite(p[0][at] + p[1][at] + p[2][at]))
                continue;
            first = first < 0 ? at : first;
            for (int a = 0; a < 3; a++)
                to[a][k] = p[a][at];
            k++;
        }
        for (int a = 0; a < 3; a++)
            to[a][k] = NAN;
        k++;
    }
    draw_item(d);
    draw_data(d, 3, k, (const double *const *)to);
    buf_puts(d->item, " with lines");
    draw_line_style(d, g, rgb);
    draw_title(d, g);
}

void draw_faces(struct drawing *d, struct graphic *g)
{
    struct tensor *x = prop_data(g, P_XData), *c = prop_data(g, P_CData);
    i64 m = x->dim[0] == 1 ? x->numel : x->dim[0], faces = m ? x->numel / m : 0, cells = MAX((m - 1) / 2, 1), k = 0;
    double rgb[3] = { 0 }, alpha = prop_num(g, P_FaceAlpha), *to[4], *flat = NULL;
    const double *p[3];
    bool plain = prop_colour(g, P_FaceColor, rgb),
         each = c->numel == x->numel && m > 1 && (faces > 1 || c->dim[0] > 1 || m != 3);
    struct mapper map = map_begin(g);
    struct light light = light_of(d);
    for (int a = 0; a < 3; a++) {
        struct tensor *t = prop_data(g, P_XData + a);
        if (t->numel < x->numel && !flat)
            flat = (double *)tensor_zeros(D_DOUBLE, 2, (i64[]){ x->numel + 1, 1 })->data;
        p[a] = t->numel < x->numel ? flat : (const double *)t->data;
    }
    if (prop_is(g, P_FaceColor, "none")) {
        draw_edges(d, g, m, faces, p);
        return;
    }
    for (int a = 0; a < 4; a++)
        to[a] = scratch((size_t)MAX(1, 6 * faces * cells) * sizeof *to[a]);
    for (i64 f = 0; f < faces; f++) {
        double all[3] = { 0 };
        poll();
        if (!plain && each) {                 /* a number at each corner: the face has their mean */
            double mean = 0;
            for (i64 i = 0; i < m; i++)
                mean += ((double *)c->data)[f * m + i] / (double)m;
            if (!map_colour(&map, mean, all))
                continue;
        } else if (plain)
            memcpy(all, rgb, sizeof all);
        else if (!part_colour(&map, c, faces, f, all))
            continue;
        i64 *good = scratch((size_t)(m + 1) * sizeof *good), n = 0;
        for (i64 i = f * m; i < (f + 1) * m; i++)
            if (isfinite(p[0][i] + p[1][i] + p[2][i]))
                good[n++] = i;
        if (light.on && n > 2) {
            double one[3], two[3];
            for (int a = 0; a < 3; a++) {
                one[a] = p[a][good[1]] - p[a][good[0]];
                two[a] = p[a][good[2]] - p[a][good[0]];
            }
            double s = brightness(&light, one, two);
            for (int q = 0; q < 3; q++)
                all[q] *= s;
        }
        for (i64 i = 1; i + 1 < n; i += 2) {
            double corner[4][3];
            for (int q = 0; q < 4; q++)
                for (int a = 0; a < 3; a++)
                    corner[q][a] = p[a][q == 0 ? good[0] : good[MIN(i + q - 1, n - 1)]];
            put_face(to, &k, (const double (*)[3])corner, packed(all, alpha));
        }
    }
    if (k == 0)
        return;
    draw_item(d);
    grid_data(d, 2, k / 2, (const double *const *)to);
    buf_puts(d->item, " with pm3d fc rgb variable notitle");
    if (axes_owned(d->ax, G_LEGEND) && value_numel(prop_get(g, P_DisplayName)) > 0) {
        buf_puts(draw_item(d), "NaN with points pt 5 ps 2 lc ");
        draw_colour(d->item, rgb);
        draw_title(d, g);
    }
}

/* ---- arrows */
/* How much the steps are stretched: the longest arrow is AutoScaleFactor of the distance between neighbours. */
static double stretch(struct graphic *g)
{
    double lo[3] = { INFINITY, INFINITY, INFINITY }, hi[3] = { -INFINITY, -INFINITY, -INFINITY }, longest = 0, room = 0;
    struct tensor *step[3] = { prop_data(g, P_UData), prop_data(g, P_VData), prop_data(g, P_WData) };
    i64 n = step[0]->numel;
    int axes = step[2]->numel == n && n > 0 ? 3 : 2, wide = 0;
    if (!prop_on(g, P_AutoScale))
        return 1;
    for (i64 i = 0; i < n; i++) {
        double s = 0;
        for (int a = 0; a < axes; a++) {
            struct tensor *at = prop_data(g, P_XData + a);
            double x = i < at->numel ? ((double *)at->data)[i] : NAN,
                   v = i < step[a]->numel ? ((double *)step[a]->data)[i] : NAN;
            if (isfinite(x)) {
                lo[a] = fmin(lo[a], x);
                hi[a] = fmax(hi[a], x);
            }
            s += v * v;
        }
        if (isfinite(s))
            longest = fmax(longest, sqrt(s));
    }
    for (int a = 0; a < axes; a++)
        wide += hi[a] > lo[a];
    for (int a = 0; a < axes; a++)            /* n points spread evenly over the directions that have any width */
        if (hi[a] > lo[a])
            room = fmax(room, (hi[a] - lo[a]) / fmax(1, pow((double)n, 1.0 / wide) - 1));
    return longest > 0 && room > 0 ? prop_num(g, P_AutoScaleFactor) * room / longest : prop_num(g, P_AutoScaleFactor);
}

void draw_quiver(struct drawing *d, struct graphic *g)
{
    int axes = d->solid ? 3 : 2;
    double s = stretch(g), rgb[3] = { 0 };
    i64 n = prop_data(g, P_UData)->numel;
    double *col[6];
    prop_colour(g, P_Color, rgb);
    if (n == 0)
        return;
    for (int a = 0; a < axes; a++) {
        struct tensor *at = prop_data(g, P_XData + a), *step = prop_data(g, a == 0 ? P_UData : a == 1 ? P_VData : P_WData);
        col[a] = scratch((size_t)n * sizeof *col[a]);
        col[axes + a] = scratch((size_t)n * sizeof *col[a]);
        for (i64 i = 0; i < n; i++) {
            col[a][i] = i < at->numel ? ((double *)at->data)[i] : 0;
            col[axes + a][i] = s * (i < step->numel ? ((double *)step->data)[i] : 0);
        }
    }
    draw_item(d);
    draw_data(d, 2 * axes, n, (const double *const *)col);
    buf_puts(d->item, " with vectors ");
    if (prop_on(g, P_ShowArrowHead))
        buff(d->item, "head filled size graph %.4g,18", 0.09 * prop_num(g, P_MaxHeadSize));
    else
        buf_puts(d->item, "nohead");
    draw_line_style(d, g, rgb);
    draw_title(d, g);
    if (marker_of(g))
        draw_marks(d, g, axes, n, (const double *const *)col);
}

void reach_quiver(struct graphic *g, struct reach *e)
{
    double s = stretch(g);
    for (int a = 0; a < 3; a++) {
        struct tensor *at = prop_data(g, P_XData + a), *step = prop_data(g, a == 0 ? P_UData : a == 1 ? P_VData : P_WData);
        for (i64 i = 0; i < at->numel; i++) {
            double x = ((double *)at->data)[i];
            reach_add(e, a, x);
            if (i < step->numel)
                reach_add(e, a, x + s * ((double *)step->data)[i]);
        }
    }
}
