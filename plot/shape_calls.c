/* SPDX-License-Identifier: BSD-3-Clause */
/* shape_calls.c: functions that draw faces: bar, barh, hist, area, fill, patch, rectangle. */
#include "plot.h"
#include "lab/bins.h"
#include "lab/nearest.h"
#include <math.h>
#include <strings.h>

static struct tensor *row_of(i64 n, double first)
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, n);
    for (i64 i = 0; i < n; i++)
        ((double *)t->data)[i] = first + (double)i;
    return t;
}

/* x (or NULL) and y from argument i on, y as columns; returns the next argument. */
static int xy(struct call *c, int i, struct tensor **x, struct tensor **y)
{
    char a[128], b[128];
    if (i >= c->nargin)
        fail("Octave:invalid-fun-call", "%s: numbers are wanted", c->fn->name);
    *x = arg_names(c, i);
    if (*x && ++i == c->nargin)
        fail("Octave:invalid-fun-call", "%s: behind the names numbers are wanted", c->fn->name);
    *y = arg_real(c, i++);
    if (!*x && i < c->nargin && !arg_is_text(c, i)) {
        struct tensor *second = arg_real(c, i);
        if (second->numel != 1 || (*y)->numel == 1) {
            *x = *y;
            *y = second;
            i++;
        }
    }
    if ((*y)->dim[0] == 1)
        *y = tensor_reshape(*y, 2, (i64[]){ (*y)->numel, 1 });
    if (!*x)
        *x = row_of((*y)->dim[0], 1);
    if ((*x)->numel != (*y)->dim[0] && (*x)->numel == (*y)->dim[1] && (*y)->dim[0] != 1)
        *y = tensor_dense(tensor_transpose(*y));
    if ((*x)->numel != (*y)->dim[0]) {
        if ((*x)->numel == (*y)->dim[1])      /* one row of several series */
            *y = tensor_dense(tensor_transpose(*y));
        else
            fail("Octave:nonconformant-args", "%s: y must have a row for each x, but x is %s and y is %s", c->fn->name,
                 tensor_shape(*x, a), tensor_shape(*y, b));
    }
    return i;
}

static struct tensor *column(struct tensor *t, i64 j)
{
    return tensor_dense(tensor_alias(t, 2, (i64[]){ t->dim[0], 1 }, (i64[]){ 1, t->dim[0] }, j * t->dim[0]));
}

/* What lies below each column when they are stacked. */
static struct tensor *stacked(struct tensor *y)
{
    struct tensor *low = tensor_zeros(D_DOUBLE, 2, y->dim);
    i64 m = y->dim[0];
    for (i64 i = 0; i < m; i++) {
        double up = 0, down = 0;
        for (i64 j = 0; j < y->dim[1]; j++) {
            double v = ((double *)y->data)[i + j * m], *sum = v < 0 ? &down : &up;
            ((double *)low->data)[i + j * m] = *sum;
            *sum += isfinite(v) ? v : 0;
        }
    }
    return low;
}

static void bar_call(struct call *c, bool lying)
{
    struct tensor *x, *y;
    int i = xy(c, axes_given(c, 0), &x, &y), first = 0;
    double width = 0.8, rgb[3];
    bool stack = false, coloured = false, histogram = false;
    if (i < c->nargin && !arg_is_text(c, i)) {
        width = arg_num(c, i++);
        if (!(width > 0) || !isfinite(width))
            fail("Octave:invalid-input-arg", "%s: the width must be a number above 0, but is %g", c->fn->name, width);
    }
    for (; i < c->nargin && arg_is_text(c, i) && !prop_is_pair(c, i, G_BAR); i++) {
        size_t n;
        const char *s = arg_text(c, i, &n);
        if (!strcasecmp(s, "stacked"))
            stack = true;
        else if (!strcasecmp(s, "hist") || !strcasecmp(s, "histc"))
            histogram = true;
        else if (colour_of(s, n, rgb))
            coloured = true;
        else if (strcasecmp(s, "grouped"))
            break;
    }
    if (i < c->nargin && arg_is_text(c, i) && !prop_is_pair(c, i, G_BAR)) {
        struct nearest near;
        nearest_begin(&near, arg_text(c, i, NULL));
        nearest_try(&near, "stacked");
        nearest_try(&near, "grouped");
        nearest_try(&near, "histc");
        if (nearest_found(&near))
            fail("Octave:invalid-input-arg", "%s: bars are not '%s'; did you mean '%s'?", c->fn->name,
                 arg_text(c, i, NULL), nearest_found(&near));
    }
    prop_check_pairs(c, i, G_BAR);
    struct graphic *ax = plot_axes(c, &first), **made = scratch((size_t)MAX(1, y->dim[1]) * sizeof *made);
    struct tensor *low = stack ? stacked(y) : NULL;
    if (c->arg[first].kind == K_CELL)
        axes_names(ax, lying, c->arg[first]);
    int n = (int)y->dim[1];
    for (int k = 0; k < n; k++) {
        struct graphic *g = made[k] = series_new(G_BAR, ax);
        put_row(g, P_XData, x);
        put_row(g, P_YData, column(y, k));
        if (stack)
            put_row(g, P_LData, column(low, k));
        else
            prop_set_row(g, P_BarGroup, 2, (double[]){ k + 1, n });
        prop_put(g, P_BarWidth, num(histogram ? 1 : width));
        if (lying)
            prop_set_text(g, P_Horizontal, "on");
        if (coloured)
            prop_set_row(g, P_FaceColor, 3, rgb);
    }
    prop_set_pairs(c, i, n, made);
    result_graphics(c, n, made);
}

BUILTIN(bar, 1, ANY, 1, grad_zero,
  "bar(y)\n"
  "bar(x, y)\n"
  "h = bar(x, y, width, style, colour, name, value, ...)\n\n"
  "Bars from BaseValue, 0 at first, to y. x may be a cell of texts, names at the bars. The columns of a matrix are "
  "series, beside each other ('grouped') or on top of each other ('stacked'). width is the part of the distance "
  "between bars that they fill, 0.8 at first. Names and values set properties: FaceColor, EdgeColor, BarWidth, "
  "BaseValue.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = bar([3 1 2], 'r');\n  get(h, 'FaceColor')\n  ans =\n     1   0   0\n  "
  "close\n\n"
  "See also: barh, hist, area, stem")
{
    bar_call(c, false);
}

BUILTIN(barh, 1, ANY, 1, grad_zero,
  "barh(y)\n"
  "h = barh(x, y, width, style, colour, name, value, ...)\n\n"
  "As bar, lying.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = barh([3 1 2]);\n  get(h, 'Horizontal')\n  ans = on\n  close\n\n"
  "See also: bar")
{
    bar_call(c, true);
}

BUILTIN(hist, 1, ANY, 2, NO_GRAD,
    "hist(y)\n"
    "n = hist(y, nbins)\n"
    "n = hist(y, centers)\n"
    "[n, x] = hist(y, nbins, norm)\n\n"
    "Histogram of a vector, or of each column of a matrix: n counts the elements nearest to each center x; there are "
    "nbins (default 10) equal bins from the smallest to the largest element, or their centers are given. With norm the "
    "counts add up to it. Without results it is drawn; then names and values set properties of its bars.\n\n"
    "Example:\n"
    "  [n, x] = hist([1 2 2 3 5], 3)\n"
    "  n =\n     3   1   1\n"
    "  x =\n     1.6667   3.0000   4.3333\n\n"
    "See also: histc, accumarray, bar")
{
    int from = axes_given(c, 0) && c->nargin > 1, end = from;
    while (end < c->nargin && !arg_is_text(c, end))
        end++;
    if (c->nargout > 0 && (end < c->nargin || from))
        fail("Octave:invalid-fun-call", "hist: with results it takes numbers alone");
    if (end - from > 3)
        fail("Octave:invalid-fun-call", "hist: it takes y, the bins and a norm");
    value out[2] = { nil(), nil() };
    struct call count = { c->fn, end - from, 2, c->arg + from, c->nargout > 0 ? c->out : out };
    if (c->nargout > 0) {
        count.nargout = c->nargout;
        histogram(&count);
        return;
    }
    prop_check_pairs(c, end, G_BAR);
    histogram(&count);
    keep(out[0]);
    keep(out[1]);
    int nargs = from + 3 + c->nargin - end;
    value *args = scratch((size_t)(nargs + 1) * sizeof *args);
    if (from)
        args[0] = c->arg[0];
    args[from] = out[1];
    args[from + 1] = out[0];
    args[from + 2] = num(1);
    memcpy(args + from + 3, c->arg + end, (size_t)(c->nargin - end) * sizeof *args);
    bar_call(&(struct call){ c->fn, nargs, 0, args, c->out }, false);
}

BUILTIN(area, 1, ANY, 1, grad_zero,
  "area(y)\n"
  "h = area(x, y, base, name, value, ...)\n\n"
  "The area between a line and the base, 0 at first; the columns of a matrix are stacked on each other.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = area([1 2; 3 1; 2 2]);\n  numel(h)\n  ans = 2\n  close\n\n"
  "See also: bar, fill, plot")
{
    struct tensor *x, *y;
    int i = xy(c, axes_given(c, 0), &x, &y), first = 0;
    double base = 0;
    if (i < c->nargin && !arg_is_text(c, i))
        base = arg_num(c, i++);
    prop_check_pairs(c, i, G_AREA);
    struct graphic *ax = plot_axes(c, &first), **made = scratch((size_t)MAX(1, y->dim[1]) * sizeof *made);
    int n = (int)y->dim[1];
    if (c->arg[first].kind == K_CELL)
        axes_names(ax, 0, c->arg[first]);
    struct tensor *low = tensor_zeros(D_DOUBLE, 2, (i64[]){ y->dim[0], 1 });
    for (i64 k = 0; k < low->numel; k++)
        ((double *)low->data)[k] = base;
    for (int k = 0; k < n; k++) {
        struct graphic *g = made[k] = series_new(G_AREA, ax);
        struct tensor *v = column(y, k), *next = tensor_clone(low);
        put_row(g, P_XData, x);
        put_row(g, P_YData, v);
        if (k > 0)
            put_row(g, P_LData, low);
        else if (base != 0)
            prop_put(g, P_BaseValue, num(base));
        for (i64 q = 0; q < v->numel; q++)
            ((double *)next->data)[q] = (k > 0 ? ((double *)low->data)[q] : 0) +
                                        (isfinite(((double *)v->data)[q]) ? ((double *)v->data)[q] : 0);
        low = next;
    }
    prop_set_pairs(c, i, n, made);
    result_graphics(c, n, made);
}

/* Corners and a colour as patch and fill take them. */
static void put_faces(struct call *c, struct graphic *g, struct tensor *x, struct tensor *y, int colour)
{
    double rgb[3];
    size_t n;
    prop_put(g, P_XData, tensor_box(x));
    prop_put(g, P_YData, tensor_box(y));
    if (colour < 0)
        return;
    if (arg_is_text(c, colour)) {
        const char *s = arg_text(c, colour, &n);
        if (colour_of(s, n, rgb))
            prop_set_row(g, P_FaceColor, 3, rgb);
        return;
    }
    struct tensor *t = arg_real(c, colour);
    bool good = t->numel == 3 && t->dim[0] == 1 && x->numel / MAX(1, x->dim[0] == 1 ? x->numel : x->dim[0]) != 3;
    for (i64 k = 0; good && k < 3; k++)
        good = ((double *)t->data)[k] >= 0 && ((double *)t->data)[k] <= 1;
    if (good)
        prop_set_row(g, P_FaceColor, 3, (double *)t->data);
    else if (t->numel > 0) {
        prop_put(g, P_CData, c->arg[colour]);
        prop_set_text(g, P_FaceColor, "flat");
    }
}

static void check_colour_arg(struct call *c, int i)
{
    size_t n;
    double rgb[3];
    if (arg_is_text(c, i)) {
        const char *s = arg_text(c, i, &n);
        if (!colour_of(s, n, rgb))
            prop_check(c->fn->name, G_PATCH, P_FaceColor, c->arg[i]);
    } else
        arg_real(c, i);
}

static struct tensor *corners(struct tensor *t)           /* a vector is one face */
{
    return t->dim[0] == 1 ? tensor_reshape(t, 2, (i64[]){ t->numel, 1 }) : t;
}

BUILTIN(fill, 2, ANY, 1, grad_zero,
  "fill(x, y, colour)\n"
  "h = fill(x, y, colour, x2, y2, colour2, ..., name, value, ...)\n\n"
  "Filled polygons with corners at x and y; the columns of matrices are polygons. colour is a name, a letter, red, "
  "green, blue, or numbers for the colormap.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = fill([0 1 1], [0 0 1], 'g');\n  get(h, 'FaceColor')\n  ans =\n     0   "
  "1   0\n  close\n\n"
  "See also: patch, area, rectangle")
{
    char a[128], b[128];
    int from = axes_given(c, 0), i = from, first = 0, n = 0;
    for (; i + 1 < c->nargin && !arg_is_text(c, i); n++) {
        struct tensor *x = corners(arg_real(c, i)), *y = corners(arg_real(c, i + 1));
        if (x->numel != y->numel)
            fail("Octave:nonconformant-args", "fill: x and y must have as many elements, but x is %s and y is %s",
                 tensor_shape(x, a), tensor_shape(y, b));
        i += 2;
        if (i < c->nargin && !prop_is_pair(c, i, G_PATCH)) {
            check_colour_arg(c, i);
            i++;
        }
    }
    if (n == 0)
        fail("Octave:invalid-fun-call", "fill: x, y and a colour are wanted");
    prop_check_pairs(c, i, G_PATCH);
    struct graphic *ax = plot_axes(c, &first), **made = scratch((size_t)n * sizeof *made);
    int k = from;
    for (int p = 0; p < n; p++) {
        made[p] = series_new(G_PATCH, ax);
        bool colour = k + 2 < i;
        if (colour && n > 1 && p + 1 < n)
            colour = true;
        put_faces(c, made[p], corners(arg_real(c, k)), corners(arg_real(c, k + 1)), colour ? k + 2 : -1);
        k += 2 + colour;
    }
    prop_set_pairs(c, i, n, made);
    result_graphics(c, n, made);
}

BUILTIN(patch, 1, ANY, 1, grad_zero,
  "patch(x, y, colour)\n"
  "h = patch(x, y, colour, name, value, ...)\n"
  "h = patch('Faces', f, 'Vertices', v, name, value, ...)\n"
  "h = patch(s, name, value, ...)\n\n"
  "Polygons added to the axes, nothing is cleared: the columns of x and y, or rows of f that name rows of v (NaN fills "
  "up shorter ones). colour is a name or red, green, blue, or numbers for the colormap, one for each polygon or "
  "corner. A struct s has such names and values, as isosurface gives it. Names and values set properties: FaceColor, "
  "EdgeColor, FaceAlpha, LineStyle.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = patch('Faces', [1 2 3], 'Vertices', [0 0; 1 0; 0 1], 'FaceColor', "
  "'blue');\n  get(h, 'XData')\n  ans =\n     0\n     1\n     0\n  close\n\n"
  "See also: fill, rectangle, surf, isosurface")
{
    char a[128], b[128];
    struct call spread;
    int i = axes_given(c, 0), first = 0, colour = -1, rest = 0, numbers = 0;
    if (i < c->nargin && c->arg[i].kind == K_STRUCT) {        /* its fields are names and values */
        const struct record *s = c->arg[i].rec;
        if (s->numel != 1)
            fail_arg(c, i, "one struct, with faces and vertices");
        value *all = scratch((size_t)(c->nargin + 2 * s->f->n) * sizeof *all);
        int n = 0;
        for (int k = 0; k < i; k++)
            all[n++] = c->arg[k];
        for (int k = 0; k < s->f->n; k++) {
            all[n++] = text_value(s->f->name[k]->text, strlen(s->f->name[k]->text));
            all[n++] = record_get(s, 0, s->f->name[k]);
        }
        for (int k = i + 1; k < c->nargin; k++)
            all[n++] = c->arg[k];
        spread = *c;
        spread.arg = all;
        spread.nargin = n;
        c = &spread;
    }
    struct tensor *x = NULL, *y = NULL, *z = NULL, *f = NULL, *v = NULL;
    value *pairs = scratch((size_t)(c->nargin + 2) * sizeof *pairs);
    if (!arg_is_text(c, i)) {
        if (i + 1 >= c->nargin || arg_is_text(c, i + 1))
            fail("Octave:invalid-fun-call", "patch: x, y and a colour are wanted");
        x = corners(arg_real(c, i));
        y = corners(arg_real(c, i + 1));
        i += 2;
        if (i < c->nargin && !prop_is_pair(c, i, G_PATCH)) {
            if (i + 1 < c->nargin && !prop_is_pair(c, i + 1, G_PATCH) && !arg_is_text(c, i))
                z = corners(arg_real(c, i++));
            check_colour_arg(c, i);
            colour = i++;
        }
    }
    for (; i < c->nargin; i += 2) {           /* Faces and Vertices become x and y */
        const char *s = arg_text(c, i, NULL);
        bool face = !strcasecmp(s, "Faces"), vertex = !strcasecmp(s, "Vertices"), per = !strcasecmp(s, "FaceVertexCData");
        if ((face || vertex) && i + 1 < c->nargin)
            *(face ? &f : &v) = arg_real(c, i + 1);
        else {
            if (per)
                numbers = rest + 1;
            pairs[rest++] = per ? text_value("CData", 5) : c->arg[i];
            if (i + 1 < c->nargin)
                pairs[rest++] = c->arg[i + 1];
        }
    }
    if (f && v) {
        i64 n = f->dim[0], m = f->dim[1];
        if (v->dim[1] < 2)
            fail("Octave:nonconformant-args", "patch: Vertices must have two or three columns, but are %s",
                 tensor_shape(v, a));
        x = tensor_2d(D_DOUBLE, m, n);
        y = tensor_2d(D_DOUBLE, m, n);
        z = v->dim[1] > 2 ? tensor_2d(D_DOUBLE, m, n) : NULL;
        for (i64 k = 0; k < n; k++)
            for (i64 q = 0; q < m; q++) {
                double r = ((double *)f->data)[k + q * n];
                if (!isnan(r) && (r < 1 || r > (double)v->dim[0] || r != floor(r)))
                    fail("Octave:index-out-of-bounds", "patch: Faces name vertex %g, but there are %lld", r,
                         (long long)v->dim[0]);
                for (int w = 0; w < (z ? 3 : 2); w++)
                    ((double *)(w == 0   ? x
                                : w == 1 ? y
                                         : z)
                         ->data)[q + k * m] = isnan(r) ? NAN : ((double *)v->data)[(i64)r - 1 + w * v->dim[0]];
            }
    }
    if (f && v && numbers > 0 && numbers < rest && is_tensor_like(pairs[numbers]) &&
        value_numel(pairs[numbers]) == v->dim[0] && v->dim[0] != f->dim[0]) {
        struct tensor *from = tensor_of(pairs[numbers]),
                      *to = tensor_2d(D_DOUBLE, x->dim[0], x->dim[1]); /* of the vertices: a number at each corner */
        for (i64 k = 0; k < f->dim[0]; k++)
            for (i64 q = 0; q < f->dim[1]; q++) {
                double r = ((double *)f->data)[k + q * f->dim[0]];
                ((double *)to->data)[q + k * f->dim[1]] = isnan(r) ? NAN : element_double(from, (i64)r - 1);
            }
        pairs[numbers] = tensor_box(to);
    }
    struct call inner = { c->fn, rest, c->nargout, pairs, c->out };
    prop_check_pairs(&inner, 0, G_PATCH);
    if (x && x->numel != y->numel)
        fail("Octave:nonconformant-args", "patch: x and y must have as many elements, but x is %s and y is %s",
             tensor_shape(x, a), tensor_shape(y, b));
    struct graphic *ax = arg_axes(c, &first), *g = series_new(G_PATCH, ax);
    if (x)
        put_faces(c, g, x, y, colour);
    if (z)
        prop_put(g, P_ZData, tensor_box(z));
    prop_set_pairs(&inner, 0, 1, &g);
    if (colour < 0 && !prop_given(g, P_FaceColor) && prop_given(g, P_CData))
        prop_set_text(g, P_FaceColor, "flat");
    result_graphics(c, 1, &g);
}

BUILTIN(rectangle, 0, ANY, 1, grad_zero,
  "h = rectangle('Position', [x y width height], name, value, ...)\n\n"
  "A rectangle in the axes; 'Curvature', 1 makes it an ellipse. Names and values set properties: FaceColor, EdgeColor, "
  "LineWidth, LineStyle.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = rectangle('Position', [0 0 2 1], 'FaceColor', 'yellow');\n  get(h, "
  "'Position')\n  ans =\n     0   0   2   1\n  close\n\n"
  "See also: patch, fill, line")
{
    int i = axes_given(c, 0), first = 0;
    prop_check_pairs(c, i, G_RECTANGLE);
    for (int k = i; k < c->nargin; k += 2)
        if (!strcasecmp(arg_text(c, k, NULL), "Position") && value_numel(c->arg[k + 1]) != 4)
            fail("Octave:invalid-input-arg", "rectangle: Position must be [x y width height]");
    struct graphic *ax = arg_axes(c, &first), *g = series_new(G_RECTANGLE, ax);
    prop_set_pairs(c, i, 1, &g);
    result_graphics(c, 1, &g);
}
