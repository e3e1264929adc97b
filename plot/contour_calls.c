/* SPDX-License-Identifier: BSD-3-Clause */
/* contour_calls.c: contour, contourf, contour3, contourc. */
#include "plot.h"
#include "contour.h"
#include <math.h>

/* x, y and z from argument i on: z alone, or all three, each x and y a vector or a matrix; returns the next argument. */
int arg_grid(struct call *c, int i, int numbers, struct tensor **x, struct tensor **y, struct tensor **z)
{
    char a[128], b[128];
    static const char *const names[2] = { "x", "y" };
    bool all = numbers >= 3;
    struct tensor *axis[2] = { NULL, NULL };
    *z = arg_real(c, all ? i + 2 : i);
    i64 size[2] = { (*z)->dim[1], (*z)->dim[0] };
    if ((*z)->dim[0] < 2 || (*z)->dim[1] < 2)
        fail("Octave:invalid-input-arg", "%s: z must have at least 2 rows and 2 columns, but is %s", c->fn->name,
             tensor_shape(*z, a));
    for (int k = 0; k < 2; k++) {
        if (all) {
            struct tensor *t = axis[k] = arg_real(c, i + k);
            bool vector = (t->dim[0] == 1 || t->dim[1] == 1) && t->numel == size[k];
            if (!vector && !dims_equal(t->nd, t->dim, (*z)->nd, (*z)->dim))
                fail("Octave:nonconformant-args",
                     "%s: %s must have an element for each %s of z or its size, but %s is %s and z is %s", c->fn->name,
                     names[k], k ? "row" : "column", names[k], tensor_shape(t, a), tensor_shape(*z, b));
        } else {
            axis[k] = tensor_2d(D_DOUBLE, 1, size[k]);
            for (i64 j = 0; j < size[k]; j++)
                ((double *)axis[k]->data)[j] = (double)(j + 1);
        }
    }
    *x = axis[0];
    *y = axis[1];
    return i + (all ? 3 : 1);
}

/* How many arguments from i on are numbers. */
int count_numbers(struct call *c, int i)
{
    int n = 0;
    while (i + n < c->nargin && !arg_is_text(c, i + n))
        n++;
    return n;
}

static struct tensor *even_levels(double lo, double hi, i64 n, i64 skip)     /* between lo and hi; skip 0: with lo */
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, n + 1 - skip);
    for (i64 k = 0; k < t->numel; k++)
        ((double *)t->data)[k] = lo + (hi - lo) * ((double)(k + skip) / (double)(n + 1));
    return t;
}

/* z, and levels as a number of them, a list, or ten; constant z has none. */
static struct tensor *arg_levels(struct call *c, int i, bool given, struct tensor *z, i64 skip)
{
    struct reach e = { .lo = { INFINITY }, .hi = { -INFINITY }, .least = { INFINITY } };
    struct tensor *t = given ? arg_real(c, i) : NULL;
    if (t && t->numel > 1)
        return tensor_reshape(t, 2, (i64[]){ 1, t->numel });
    i64 n = t && t->numel == 1 ? arg_int(c, i, 0, 100000) : 10;
    reach_data(&e, 0, z);
    if (!(e.lo[0] < e.hi[0])) {
        if (e.lo[0] == e.hi[0])
            warn("tl:contour", "%s: z is %g everywhere, so there are no lines", c->fn->name, e.lo[0]);
        else
            warn("tl:contour", "%s: z has no numbers, so there are no lines", c->fn->name);
        return tensor_2d(D_DOUBLE, 1, 0);
    }
    return even_levels(e.lo[0], e.hi[0], n, skip);
}

enum { PLAIN, FILLED, RAISED };

static void contour_call(struct call *c, int style)
{
    struct tensor *x, *y, *z;
    int from = axes_given(c, 0), numbers = count_numbers(c, from), first = 0;
    if (numbers < 1 || numbers > 4)
        fail("Octave:invalid-fun-call", "%s: it takes z, or x, y, z, then perhaps the levels", c->fn->name);
    int i = arg_grid(c, from, numbers, &x, &y, &z);
    bool given = numbers == 2 || numbers == 4;
    struct format f = { 0 };
    int rest = i + given;
    if (arg_format(c, rest, &f) && !prop_is_pair(c, rest, G_CONTOUR))
        rest++;
    prop_check_pairs(c, rest, G_CONTOUR);
    struct tensor *levels = arg_levels(c, i, given, z, 0);
    struct graphic *ax = plot_axes(c, &first), *g = series_new(G_CONTOUR, ax);
    prop_put(g, P_XData, tensor_box(x));
    prop_put(g, P_YData, tensor_box(y));
    prop_put(g, P_ZData, tensor_box(z));
    prop_put(g, P_LevelList, tensor_box(levels));
    if (style == FILLED) {
        prop_set_text(g, P_Fill, "on");
        prop_set_row(g, P_LineColor, 3, (double[]){ 0, 0, 0 });
        prop_put(g, P_LineWidth, num(0.5));
        prop_set_text(ax, P_Layer, "top");
    } else if (style == RAISED)
        prop_set_text(g, P_ZLevelMode, "auto");
    if (f.colour)
        prop_set_row(g, P_LineColor, 3, f.rgb);
    if (f.dash)
        prop_set_text(g, P_LineStyle, f.style);
    if (f.name)
        prop_put(g, P_DisplayName, text_value(f.name, f.nname));
    prop_set_pairs(c, rest, 1, &g);
    if (c->nargout > 0) {
        struct outlines o;
        i64 n;
        contour_lines(g, false, &o);
        result_tensor(c, 0, contour_matrix(&o, contour_levels(g, &n)));
        if (wants(c, 1) && c->nargout > 1)
            result_num(c, 1, g->handle);
    }
}

BUILTIN(contour, 1, ANY, 2, grad_zero,
  "contour(z)\n"
  "contour(x, y, z)\n"
  "contour(x, y, z, n)\n"
  "contour(x, y, z, levels)\n"
  "[C, h] = contour(x, y, z, levels, format, name, value, ...)\n\n"
  "Lines along which z has one value. z(i, j) stands at x(j), y(i), or at x(i, j), y(i, j); without x and y columns "
  "and rows are counted. There are lines at n (10) levels from the smallest to the largest number, or at the levels "
  "given; [v v] is the one level v. Their colours are those of the colormap, or the one of the format. NaN makes a "
  "hole. Names and values set properties: LineColor, LineWidth, LineStyle, LevelList, ShowText, Fill. C is the lines "
  "as contourc has them, h the handle.\n\n"
  "Example:\n  figure('visible', 'off');\n  [x, y] = meshgrid(-2:2);\n  [C, h] = contour(x, y, x, [0.5 0.5]);\n  C(:, "
  "2:4)\n  ans =\n     0.5000   0.5000   0.5000\n    -2.0000  -1.0000        0\n  close\n\n"
  "See also: contourf, contour3, contourc, surf, pcolor, showdescent")
{
    contour_call(c, PLAIN);
}

BUILTIN(contourf, 1, ANY, 2, grad_zero,
  "contourf(z)\n"
  "contourf(x, y, z, n)\n"
  "[C, h] = contourf(x, y, z, levels, format, name, value, ...)\n\n"
  "As contour, with the bands between the lines filled: from each level up to the next one in the colour of the level. "
  "What is below the lowest level stays empty; so do holes (NaN).\n\n"
  "Example:\n  figure('visible', 'off');\n  [C, h] = contourf([1 2; 3 4], 3); colorbar;\n  get(h, 'LevelList')\n  ans "
  "=\n     1.0000   1.7500   2.5000   3.2500\n  close\n\n"
  "See also: contour, pcolor, imagesc, colorbar")
{
    contour_call(c, FILLED);
}

BUILTIN(contour3, 1, ANY, 2, grad_zero,
  "contour3(z)\n"
  "contour3(x, y, z, n)\n"
  "[C, h] = contour3(x, y, z, levels, format, name, value, ...)\n\n"
  "As contour, in three dimensions: each line stands at the height of its level.\n\n"
  "Example:\n  figure('visible', 'off');\n  contour3(peaks(20));\n  close\n\n"
  "See also: contour, surf, view")
{
    contour_call(c, RAISED);
}

BUILTIN(contourc, 1, 4, 2, grad_zero,
  "C = contourc(z)\n"
  "C = contourc(z, n)\n"
  "[C, levels] = contourc(x, y, z, levels)\n\n"
  "The lines of contour as numbers; nothing is drawn. C is 2 x k: a column with a level and a number of points, then "
  "the points, x above y, then the next line. A line that is closed ends with its first point. x and y are vectors or "
  "matrices as in contour. Without a list there are n (10) levels strictly between the smallest and the largest "
  "number.\n\n"
  "Example:\n  contourc([1 2; 1 2], [1.5 1.5])\n  ans =\n     1.5000   1.5000   1.5000\n     2.0000   1.0000   2.0000\n\n"
  "See also: contour")
{
    struct tensor *x, *y, *z;
    int numbers = count_numbers(c, 0);
    if (numbers < c->nargin)
        fail_arg(c, numbers, "numbers");
    int i = arg_grid(c, 0, numbers, &x, &y, &z);
    struct tensor *levels = arg_levels(c, i, i < c->nargin, z, 1);
    struct grid g = grid_of(x, y, z);
    struct outlines o = { 0 };
    for (i64 k = 0; k < levels->numel; k++)
        if (k == 0 || ((double *)levels->data)[k] != ((double *)levels->data)[k - 1])
            contour_trace(&g, ((double *)levels->data)[k], (int)k, false, &o);
    result_tensor(c, 0, contour_matrix(&o, (double *)levels->data));
    result_tensor(c, 1, levels);
}
