/* SPDX-License-Identifier: BSD-3-Clause */
/* solid_calls.c: functions in three dimensions, and arrows: plot3, stem3, surf, mesh and their kin, quiver, view. */
#include "plot.h"
#include <math.h>
#include <strings.h>

/* ---- lines */
static void curves3(struct call *c, int kind)
{
    char a[128], b[128];
    int from = axes_given(c, 0), i = from, first = 0, n = 0;
    struct { struct tensor *x, *y, *z; struct format f; } *v = scratch((size_t)(c->nargin + 1) * sizeof *v);
    bool filled = kind == G_STEM && c->nargin > 1 && arg_is_text(c, c->nargin - 1) &&
                  !strcasecmp(arg_text(c, c->nargin - 1, NULL), "filled");
    struct call inner = *c;
    inner.nargin -= filled;
    while (count_numbers(&inner, i) > 0) {
        if (count_numbers(&inner, i) < 3 && !(kind == G_STEM && count_numbers(&inner, i) == 1))
            fail("Octave:invalid-fun-call", "%s: it takes x, y and z", c->fn->name);
        struct tensor *t[3];
        if (count_numbers(&inner, i) == 1) {  /* heights alone: columns and rows are counted */
            t[2] = arg_real(c, i++);
            for (int k = 0; k < 2; k++) {
                t[k] = tensor_2d(D_DOUBLE, t[2]->dim[0], t[2]->dim[1]);
                for (i64 q = 0; q < t[2]->numel; q++)
                    ((double *)t[k]->data)[q] = (double)(k ? q % t[2]->dim[0] : q / t[2]->dim[0]) + 1;
            }
        } else
            for (int k = 0; k < 3; k++)
                t[k] = arg_real(c, i++);
        for (int k = 0; k < 2; k++)
            if (t[k]->numel != t[2]->numel)
                fail("Octave:nonconformant-args", "%s: x, y and z must have as many elements, but %s is %s and z is %s",
                     c->fn->name, k ? "y" : "x", tensor_shape(t[k], a), tensor_shape(t[2], b));
        v[n] = (__typeof__(*v)){ t[0], t[1], t[2], { 0 } };
        if (arg_format(&inner, i, &v[n].f) && !prop_is_pair(&inner, i, kind))
            i++;
        n++;
    }
    if (n == 0)
        fail("Octave:invalid-fun-call", "%s: it takes x, y and z", c->fn->name);
    prop_check_pairs(&inner, i, kind);
    int most = 0, made = 0;
    for (int k = 0; k < n; k++)
        most += (int)(kind == G_STEM ? 1 : v[k].z->dim[0] == 1 ? 1 : v[k].z->dim[1]);
    struct graphic *ax = plot_axes(c, &first), **all = scratch((size_t)(most + 1) * sizeof *all);
    for (int k = 0; k < n; k++) {
        i64 lines = kind == G_STEM || v[k].z->dim[0] == 1 ? 1 : v[k].z->dim[1], points = v[k].z->numel / MAX(1, lines);
        for (i64 j = 0; j < lines; j++) {
            struct graphic *g = all[made++] = series_new(kind, ax);
            struct tensor *t[3] = { v[k].x, v[k].y, v[k].z };
            for (int q = 0; q < 3; q++)
                put_row(g, P_XData + q,
                        tensor_dense(tensor_alias(t[q], 2, (i64[]){ 1, points }, (i64[]){ points, 1 }, j * points)));
            format_series(g, &v[k].f);
            if (filled)
                prop_set_text(g, P_MarkerFaceColor, "auto");
        }
    }
    prop_set_pairs(&inner, i, made, all);
    result_graphics(c, made, all);
}

BUILTIN(plot3, 3, ANY, 1, grad_zero,
  "plot3(x, y, z)\n"
  "h = plot3(x, y, z, format, x2, y2, z2, ..., name, value, ...)\n\n"
  "Lines through points in three dimensions. x, y and z have as many elements; columns of matrices are lines of their "
  "own. Formats, names and values as in plot.\n\n"
  "Example:\n  figure('visible', 'off');\n  t = 0:0.1:20;\n  h = plot3(cos(t), sin(t), t);\n  numel(get(h, 'ZData'))\n "
  " ans = 201\n  close\n\n"
  "See also: plot, scatter3, surf, view")
{
    curves3(c, G_LINE);
}

BUILTIN(stem3, 1, ANY, 1, grad_zero,
  "stem3(z)\n"
  "h = stem3(x, y, z, format, 'filled', name, value, ...)\n\n"
  "Stems that stand on the plane z = 0. Without x and y the columns and rows of z are counted.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = stem3(magic(3));\n  get(h, 'XData')\n  ans =\n     1   1   1   2   2   "
  "2   3   3   3\n  close\n\n"
  "See also: stem, plot3")
{
    curves3(c, G_STEM);
}

/* ---- surfaces */
enum { SURF, MESH, BARE, CURTAIN, WATERFALL };

/* z with one more row and column all around, of the smallest number, at the same places: what hangs down from a mesh. */
static struct tensor *with_rim(struct tensor *t, double rim, bool replace, bool rows)
{
    i64 m = t->dim[0], n = t->dim[1], mm = m + 2 * rows, nn = n + 2;
    struct tensor *to = tensor_2d(D_DOUBLE, mm, nn);
    for (i64 j = 0; j < nn; j++)
        for (i64 i = 0; i < mm; i++) {
            i64 p = MIN(MAX(i - rows, 0), m - 1), q = MIN(MAX(j - 1, 0), n - 1);
            bool edge = j == 0 || j == nn - 1 || (rows && (i == 0 || i == mm - 1));
            ((double *)to->data)[i + j * mm] = edge && replace ? rim : ((double *)t->data)[p + q * m];
        }
    return to;
}

static struct tensor *spread(struct tensor *t, struct tensor *z, bool down)    /* a vector as a matrix of the size of z */
{
    i64 m = z->dim[0], n = z->dim[1];
    if (t->dim[0] == m && t->dim[1] == n)
        return t;
    struct tensor *to = tensor_2d(D_DOUBLE, m, n);
    for (i64 j = 0; j < n; j++)
        for (i64 i = 0; i < m; i++)
            ((double *)to->data)[i + j * m] = ((double *)t->data)[down ? i : j];
    return to;
}

static struct graphic *surface_call(struct call *c, int style, bool lines)
{
    char a[128], b[128];
    struct tensor *x, *y, *z, *colour = NULL;
    int from = axes_given(c, 0), numbers = count_numbers(c, from), first = 0;
    if (numbers < 1 || numbers > 4)
        fail("Octave:invalid-fun-call", "%s: it takes z or x, y, z, then perhaps colours", c->fn->name);
    int i = arg_grid(c, from, numbers, &x, &y, &z);
    if (numbers == 2 || numbers == 4) {
        if (!is_tensor_like(c->arg[i]) || dtype_is(value_dtype(c->arg[i]), DT_C | DT_T))
            fail_arg(c, i, "colours, as many as z has elements");
        colour = arg_double(c, i);
        bool same = colour->dim[0] == z->dim[0] && colour->dim[1] == z->dim[1] &&
                    (colour->nd == 2 || (colour->nd == 3 && colour->dim[2] == 3));
        if (!same)
            fail("Octave:nonconformant-args",
                 "%s: the colours must have the size of z, or be red, green and blue for each element, but z is %s and "
                 "they are %s",
                 c->fn->name, tensor_shape(z, a), tensor_shape(colour, b));
        i++;
    }
    prop_check_pairs(c, i, G_SURFACE);
    struct graphic *ax = style == BARE ? arg_axes(c, &first) : NULL;
    bool fresh = false;
    if (!ax) {
        ax = plot_axes(c, &first);
        fresh = !prop_is(ax, P_NextPlot, "add");
    }
    struct tensor *flat = z;
    struct reach e = { .lo = { INFINITY }, .hi = { -INFINITY }, .least = { INFINITY } };
    reach_data(&e, 0, z);
    if (style == CURTAIN || style == WATERFALL) {
        x = with_rim(spread(x, flat, false), 0, false, style == CURTAIN);
        y = with_rim(spread(y, flat, true), 0, false, style == CURTAIN);
        z = with_rim(flat, e.lo[0] <= e.hi[0] ? e.lo[0] : 0, true, style == CURTAIN);
        colour = colour && colour->nd == 2 ? with_rim(colour, 0, false, style == CURTAIN) : NULL;
    }
    struct graphic *g = series_new(G_SURFACE, ax);
    prop_put(g, P_XData, tensor_box(x));
    prop_put(g, P_YData, tensor_box(y));
    prop_put(g, P_ZData, tensor_box(z));
    if (colour)
        prop_put(g, P_CData, tensor_box(colour));
    if (style == MESH || style == CURTAIN || style == WATERFALL) {
        prop_set_row(g, P_FaceColor, 3, (double[]){ 1, 1, 1 });
        prop_set_text(g, P_EdgeColor, "flat");
        prop_put(g, P_LineWidth, num(1));
        if (style == WATERFALL)
            prop_set_text(g, P_MeshStyle, "row");
    }
    if (fresh)
        for (int k = 0; k < 3; k++)
            prop_set_text(ax, axis_prop(k, GRID), "on");
    prop_set_pairs(c, i, 1, &g);
    if (lines) {                              /* contour lines on the floor, a little below */
        struct graphic *l = series_new(G_CONTOUR, ax);
        struct tensor *levels = tensor_2d(D_DOUBLE, 1, 10);
        for (i64 k = 0; k < 10; k++)
            ((double *)levels->data)[k] = e.lo[0] + (e.hi[0] - e.lo[0]) * (double)(k + 1) / 11;
        prop_put(l, P_XData, prop_get(g, P_XData));
        prop_put(l, P_YData, prop_get(g, P_YData));
        prop_put(l, P_ZData, tensor_box(z));
        prop_put(l, P_LevelList, tensor_box(levels));
        prop_set_text(l, P_HandleVisibility, "off");
        if (fresh && e.lo[0] < e.hi[0])
            prop_set_row(ax, P_ZLim, 2, (double[]){ e.lo[0] - 0.5 * (e.hi[0] - e.lo[0]), e.hi[0] });
        result_graphics(c, 2, (struct graphic *[]){ g, l });
    } else
        result_graphics(c, 1, &g);
    return g;
}

#define GRID_WORDS "z(i, j) stands at x(j), y(i), or at x(i, j), y(i, j) when those are matrices; without them columns and rows are counted. "

BUILTIN(surf, 1, ANY, 1, grad_zero,
  "surf(z)\n"
  "surf(x, y, z)\n"
  "h = surf(x, y, z, c, name, value, ...)\n\n"
  "A surface of coloured faces. " GRID_WORDS
  "c are numbers for the colormap, at first z, or m x n x 3 for red, green and blue. NaN makes a hole. Names and "
  "values set properties: FaceColor, EdgeColor, FaceAlpha, LineWidth.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = surf(peaks(20)); colorbar;\n  get(h, 'FaceColor')\n  ans = flat\n  close\n\n"
  "See also: mesh, surfc, shading, view, contour3, colormap, peaks")
{
    surface_call(c, SURF, false);
}

BUILTIN(surfc, 1, ANY, 1, grad_zero,
  "surfc(x, y, z)\n"
  "h = surfc(x, y, z, c, name, value, ...)\n\n"
  "As surf, with contour lines on the floor. h are both handles.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = surfc(peaks(20));\n  numel(h)\n  ans = 2\n  close\n\n"
  "See also: surf, meshc, contour")
{
    surface_call(c, SURF, true);
}

BUILTIN(mesh, 1, ANY, 1, grad_zero,
  "mesh(z)\n"
  "mesh(x, y, z)\n"
  "h = mesh(x, y, z, c, name, value, ...)\n\n"
  "A net of coloured lines; those behind it are hidden (see hidden). Arguments as in surf.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = mesh(peaks(20));\n  get(h, 'EdgeColor')\n  ans = flat\n  close\n\n"
  "See also: surf, meshc, meshz, hidden, waterfall, view")
{
    surface_call(c, MESH, false);
}

BUILTIN(meshc, 1, ANY, 1, grad_zero,
  "meshc(x, y, z)\n"
  "h = meshc(x, y, z, c, name, value, ...)\n\n"
  "As mesh, with contour lines on the floor. h are both handles.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = meshc(peaks(20));\n  numel(h)\n  ans = 2\n  close\n\n"
  "See also: mesh, surfc")
{
    surface_call(c, MESH, true);
}

BUILTIN(meshz, 1, ANY, 1, grad_zero,
  "meshz(x, y, z)\n"
  "h = meshz(x, y, z, c, name, value, ...)\n\n"
  "As mesh, with a curtain all around, down to the smallest z.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = meshz([1 2; 3 4]);\n  get(h, 'ZData')\n  ans =\n     1   1   1   1\n   "
  "  1   1   2   1\n     1   3   4   1\n     1   1   1   1\n  close\n\n"
  "See also: mesh, waterfall")
{
    surface_call(c, CURTAIN, false);
}

BUILTIN(waterfall, 1, ANY, 1, grad_zero,
  "waterfall(x, y, z)\n"
  "h = waterfall(x, y, z, c, name, value, ...)\n\n"
  "The rows of z as lines, one behind the other, whose ends go down to the smallest z.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = waterfall(peaks(20));\n  get(h, 'MeshStyle')\n  ans = row\n  close\n\n"
  "See also: mesh, meshz, plot3")
{
    surface_call(c, WATERFALL, false);
}

BUILTIN(surface, 1, ANY, 1, grad_zero,
  "surface(x, y, z)\n"
  "h = surface(x, y, z, c, name, value, ...)\n\n"
  "Adds a surface to the axes, whether hold is on or not; nothing is cleared. Arguments as in surf.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = surface([1 2; 3 4]);\n  get(h, 'Type')\n  ans = surface\n  close\n\n"
  "See also: surf, patch, line")
{
    surface_call(c, BARE, false);
}

/* ---- how it looks */
BUILTIN(shading, 1, 2, 0, grad_zero,
  "shading flat\n"
  "shading interp\n"
  "shading faceted\n\n"
  "How the faces of the surfaces in the axes are coloured: each in one colour, smoothly, or each in one colour with "
  "black edges.\n\n"
  "Example:\n  figure('visible', 'off'); h = surf(peaks(20));\n  shading interp\n  get(h, 'FaceColor')\n  ans = "
  "interp\n  close\n\n"
  "See also: surf, colormap")
{
    int i = 0;
    struct graphic *ax = arg_axes(c, &i);
    if (i >= c->nargin)
        fail("Octave:invalid-fun-call", "shading: flat, interp or faceted is wanted");
    int k = arg_option(c, i, (const char *const[]){ "flat", "interp", "faceted", NULL });
    for (struct graphic *g = ax->first; g; g = g->next)
        if (g->kind == G_SURFACE || (g->kind == G_PATCH && prop_given(g, P_CData))) {
            bool net = prop_is(g, P_EdgeColor, "flat") || prop_is(g, P_EdgeColor, "interp");
            prop_set_text(g, P_FaceColor, k == 1 ? "interp" : "flat");
            if (k == 2)
                prop_set_row(g, P_EdgeColor, 3, (double[]){ 0, 0, 0 });
            else
                prop_set_text(g, P_EdgeColor, "none");
            if (net && k == 2)
                prop_put(g, P_LineWidth, num(0.5));
        }
}

BUILTIN(hidden, 0, 2, 1, grad_zero,
  "hidden on\n"
  "hidden off\n"
  "state = hidden()\n\n"
  "Whether a mesh hides its lines that are behind it. Alone, as a command, it changes from one to the other.\n\n"
  "Example:\n  figure('visible', 'off'); mesh(peaks(20)); hidden off\n  get(get(gca, 'Children'), 'FaceColor')\n  ans "
  "= none\n  close\n\n"
  "See also: mesh")
{
    int i = 0;
    struct graphic *ax = arg_axes(c, &i);
    bool on = false, any = false;
    for (struct graphic *g = ax->first; g; g = g->next)
        if (g->kind == G_SURFACE) {
            any = true;
            on = on || !prop_is(g, P_FaceColor, "none");
        }
    if (i < c->nargin || c->nargout == 0) {
        on = i < c->nargin ? arg_option(c, i, (const char *const[]){ "on", "off", NULL }) == 0 : !on;
        for (struct graphic *g = ax->first; g && any; g = g->next)
            if (g->kind == G_SURFACE && on)
                prop_set_row(g, P_FaceColor, 3, (double[]){ 1, 1, 1 });
            else if (g->kind == G_SURFACE)
                prop_set_text(g, P_FaceColor, "none");
    }
    if (c->nargout > 0)
        result_text(c, 0, on ? "on" : "off");
}

BUILTIN(view, 0, 3, 2, grad_zero,
  "view(azimuth, elevation)\n"
  "view([azimuth elevation])\n"
  "view([x y z])\n"
  "view(2)\n"
  "view(3)\n"
  "[azimuth, elevation] = view()\n\n"
  "Where three-dimensional axes are seen from: degrees around z, from the negative y axis against the clock, and "
  "degrees above the plane of x and y; or a point where the eye is. At first it is (-37.5, 30), which is view(3); "
  "view(2) is (0, 90), from above.\n\n"
  "Example:\n  figure('visible', 'off'); surf(peaks(20)); view(30, 45);\n  [az, el] = view()\n  az = 30\n  el = 45\n  "
  "close\n\n"
  "See also: surf, plot3")
{
    int i = axes_given(c, 0) ? 1 : 0, first = 0;
    double v[2] = { -37.5, 30 };
    bool set = c->nargin > i;
    if (c->nargin - i >= 2) {
        v[0] = arg_num(c, i);
        v[1] = arg_num(c, i + 1);
    } else if (set) {
        struct tensor *t = arg_double(c, i);
        const double *p = (const double *)t->data;
        if (t->numel == 1 && (*p == 2 || *p == 3)) {
            v[0] = *p == 2 ? 0 : -37.5;
            v[1] = *p == 2 ? 90 : 30;
        } else if (t->numel == 2) {
            v[0] = p[0];
            v[1] = p[1];
        } else if (t->numel == 3 && (p[0] != 0 || p[1] != 0 || p[2] != 0)) {
            v[0] = p[0] == 0 && p[1] == 0 ? 0 : atan2(p[0], -p[1]) * 180 / M_PI;
            v[1] = atan2(p[2], hypot(p[0], p[1])) * 180 / M_PI;
        } else
            fail_arg(c, i, "2, 3, [azimuth elevation] or a point [x y z]");
    }
    if (!isfinite(v[0]) || !isfinite(v[1]))
        fail("Octave:invalid-input-arg", "view: azimuth and elevation must be finite, not %g and %g", v[0], v[1]);
    struct graphic *ax = arg_axes(c, &first);
    if (set)
        prop_set_row(ax, P_View, 2, v);
    if (!set || c->nargout > 0) {
        const double *p = (const double *)prop_data(ax, P_View)->data;
        if (c->nargout < 2) {
            struct tensor *t = tensor_2d(D_DOUBLE, 1, 2);
            memcpy(t->data, p, 2 * sizeof *p);
            result_tensor(c, 0, t);
        } else {
            result_num(c, 0, p[0]);
            result_num(c, 1, p[1]);
        }
    }
}

static void aspect_call(struct call *c, int prop, int mode)
{
    int i = 0;
    struct graphic *ax = arg_axes(c, &i);
    if (i >= c->nargin) {
        result(c, 0, prop_get(ax, prop));
        return;
    }
    if (arg_is_text(c, i)) {
        int k = arg_option(c, i, (const char *const[]){ "auto", "manual", "mode", NULL });
        if (k == 0)
            prop_unset(ax, prop);
        else if (k == 1)
            prop_put(ax, prop, prop_get(ax, prop));
        else
            result(c, 0, prop_get(ax, mode));
        return;
    }
    struct tensor *t = arg_double(c, i);
    const double *p = (const double *)t->data;
    double r[3];
    if (t->numel != 2 && t->numel != 3)
        fail_arg(c, i, "two or three numbers above 0");
    for (int k = 0; k < 3; k++) {
        r[k] = k < t->numel ? p[k] : 1;
        if (!(r[k] > 0) || !isfinite(r[k]))
            fail_arg(c, i, "two or three numbers above 0");
    }
    prop_set_row(ax, prop, 3, r);
}

BUILTIN(daspect, 0, 2, 1, grad_zero,
  "daspect([x y z])\n"
  "daspect('auto')\n"
  "ratio = daspect()\n\n"
  "How long one unit is drawn in x, y and z: [1 1 1] makes circles round, [1 2 1] makes two units of y as long as one "
  "of x.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); daspect([1 2 1])\n  daspect()\n  ans =\n     1   2   1\n  close\n\n"
  "See also: pbaspect, axis")
{
    aspect_call(c, P_DataAspectRatio, P_DataAspectRatioMode);
}

BUILTIN(pbaspect, 0, 2, 1, grad_zero,
  "pbaspect([x y z])\n"
  "pbaspect('auto')\n"
  "ratio = pbaspect()\n\n"
  "How long the axes are to each other, whatever their units; in two dimensions.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); pbaspect([2 1 1])\n  pbaspect()\n  ans =\n     2   1   1\n  close\n\n"
  "See also: daspect, axis")
{
    aspect_call(c, P_PlotBoxAspectRatio, P_PlotBoxAspectRatioMode);
}

/* ---- arrows */
static void arrows(struct call *c, int axes)
{
    char b1[128], b2[128];
    static const char *const names[6] = { "x", "y", "z", "u", "v", "w" };
    static const int props[6] = { P_XData, P_YData, P_ZData, P_UData, P_VData, P_WData };
    int from = axes_given(c, 0), n = count_numbers(c, from), i = from, first = 0;
    struct tensor *t[6] = { NULL };
    double scale = NAN;
    bool few = n == axes || n == axes + 1;    /* without places */
    if (axes == 3)                            /* z, u, v, w */
        few = n == 4 || n == 5;
    if (!few && n != 2 * axes && n != 2 * axes + 1)
        fail("Octave:invalid-fun-call",
             axes == 2 ? "%s: it takes u, v or x, y, u, v, then perhaps a scale"
                       : "%s: it takes z, u, v, w or x, y, z, u, v, w, then perhaps a scale",
             c->fn->name);
    for (int k = !few ? 0 : axes == 3 ? 2 : 3; k < 6; k++)
        if (axes == 3 || k % 3 != 2)
            t[k] = arg_real(c, i++);
    struct tensor *u = t[3];
    for (int k = 0; k < 2; k++)
        if (!t[k]) {
            t[k] = tensor_2d(D_DOUBLE, u->dim[0], u->dim[1]);
            for (i64 q = 0; q < u->numel; q++)
                ((double *)t[k]->data)[q] = (double)(k ? q % u->dim[0] : q / u->dim[0]) + 1;
        } else if (t[k]->numel != u->numel && (t[k]->dim[0] == 1 || t[k]->dim[1] == 1) && t[k]->numel == u->dim[1 - k])
            t[k] = spread(t[k], u, k);
    for (int k = 0; k < 6; k++)
        if (t[k] && t[k]->numel != u->numel)
            fail("Octave:nonconformant-args", "%s: %s must have as many elements as u, but it is %s and u is %s",
                 c->fn->name, names[k], tensor_shape(t[k], b1), tensor_shape(u, b2));
    if (i < from + n) {
        scale = arg_num(c, i++);
        if (!(scale >= 0) || !isfinite(scale))
            fail("Octave:invalid-input-arg", "%s: the scale must be 0 or above, but is %g", c->fn->name, scale);
    }
    struct format f = { 0 };
    if (i < c->nargin && arg_is_text(c, i) && !strcasecmp(arg_text(c, i, NULL), "off")) {
        scale = 0;
        i++;
    }
    if (arg_format(c, i, &f) && !prop_is_pair(c, i, G_QUIVER))
        i++;
    if (i < c->nargin && arg_is_text(c, i) && !strcasecmp(arg_text(c, i, NULL), "filled"))
        i++;
    prop_check_pairs(c, i, G_QUIVER);
    struct graphic *ax = plot_axes(c, &first), *g = series_new(G_QUIVER, ax);
    for (int k = 0; k < 6; k++)
        if (t[k])
            prop_put(g, props[k], tensor_box(tensor_dense(t[k])));
    if (scale == 0)
        prop_set_text(g, P_AutoScale, "off");
    else if (scale > 0)
        prop_put(g, P_AutoScaleFactor, num(scale));
    if (f.given && f.marker && !f.dash)
        f.dash = true, strcpy(f.style, "-");
    format_series(g, &f);
    prop_set_pairs(c, i, 1, &g);
    result_graphics(c, 1, &g);
}

BUILTIN(quiver, 2, ANY, 1, grad_zero,
  "quiver(u, v)\n"
  "quiver(x, y, u, v)\n"
  "h = quiver(x, y, u, v, scale, format, name, value, ...)\n\n"
  "Arrows from the points x, y along u, v. x and y have as many elements as u, or are vectors for its columns and "
  "rows; without them those are counted. Arrows are stretched so that the longest reaches scale (0.9) times the "
  "distance between points; scale 0 draws them as they are. Names and values set properties: Color, LineWidth, "
  "AutoScale, AutoScaleFactor, ShowArrowHead.\n\n"
  "Example:\n  figure('visible', 'off');\n  [x, y] = meshgrid(-2:2);\n  h = quiver(x, y, -y, x);\n  get(h, "
  "'AutoScaleFactor')\n  ans = 0.9000\n  close\n\n"
  "See also: quiver3, contour, gradient")
{
    arrows(c, 2);
}

BUILTIN(quiver3, 4, ANY, 1, grad_zero,
  "quiver3(z, u, v, w)\n"
  "h = quiver3(x, y, z, u, v, w, scale, format, name, value, ...)\n\n"
  "Arrows from the points x, y, z along u, v, w, as quiver.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = quiver3(0, 0, 0, 1, 2, 3, 0);\n  get(h, 'WData')\n  ans = 3\n  close\n\n"
  "See also: quiver, plot3")
{
    arrows(c, 3);
}
