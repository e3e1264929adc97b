/* SPDX-License-Identifier: BSD-3-Clause */
/* plot_calls.c: plot and its kin: data in columns, formats such as 'r--o', properties.
 *
 * All arguments are read into a list of curves before anything is changed, so a wrong one leaves the picture as it was. */
#include "plot.h"
#include <math.h>
#include <string.h>

struct format { bool given, colour, dash, marker; double rgb[3]; char style[8], mark[4]; const char *name; size_t nname; };
struct curve { struct tensor *x, *y, *z; struct format f; };     /* columns n x 1 */
struct curves { struct curve *v; int n, cap; };

/* 'r--o' and 'r--o;name;': true when s is nothing else. */
static bool read_format(const char *s, size_t n, struct format *f)
{
    *f = (struct format){ .given = true };
    for (size_t i = 0; i < n;) {
        char ch = s[i];
        if (ch == ';') {                      /* ;name; */
            const char *e = memchr(s + i + 1, ';', n - i - 1);
            if (!e || f->name)
                return false;
            f->name = s + i + 1;
            f->nname = (size_t)(e - f->name);
            i = (size_t)(e - s) + 1;
            continue;
        }
        if (ch == '-' || ch == ':') {
            if (f->dash)
                return false;
            size_t k = ch == '-' && i + 1 < n && (s[i + 1] == '-' || s[i + 1] == '.') ? 2 : 1;
            memcpy(f->style, s + i, k);
            f->style[k] = 0;
            f->dash = true;
            i += k;
            continue;
        }
        if (!f->colour && strchr("rgbcmykw", ch) && colour_of(&ch, 1, f->rgb)) {
            f->colour = true;
            i++;
            continue;
        }
        const struct marker_row *m = marker_rows;
        while (m->name && *m->name != ch)
            m++;
        if (!m->name || f->marker)
            return false;
        f->mark[0] = ch;
        f->marker = true;
        i++;
    }
    return true;
}

static bool arg_format(struct call *c, int i, struct format *f)
{
    size_t n;
    if (i >= c->nargin || !arg_is_text(c, i))
        return false;
    const char *s = arg_text(c, i, &n);
    return read_format(s, n, f);
}

static struct tensor *real_data(struct call *c, int i)
{
    if (!is_tensor_like(c->arg[i]) || arg_is_text(c, i))
        fail_arg(c, i, "numbers");
    struct tensor *t = arg_dense(c, i);
    if (dtype_is(t->dtype, DT_C))
        fail("Octave:invalid-input-arg", "%s: argument %d is complex; plot(real(z), imag(z)) draws its points", c->fn->name, i + 1);
    if (t->nd > 2)
        fail_arg(c, i, "a vector or a matrix");
    return tensor_cast(t, D_DOUBLE);
}

static struct tensor *column(struct tensor *t, i64 j)        /* column j of a matrix, as n x 1 */
{
    i64 n = t->dim[0];
    return tensor_alias(t, 2, (i64[]){ n, 1 }, (i64[]){ 1, n }, j * n);
}

static struct tensor *as_column(struct tensor *t)
{
    return tensor_reshape(t, 2, (i64[]){ t->numel, 1 });
}

static bool is_vector(const struct tensor *t)
{
    return t->dim[0] == 1 || t->dim[1] == 1;
}

static void add_curve(struct curves *l, struct tensor *x, struct tensor *y)
{
    if (l->n == l->cap) {
        int cap = MAX(8, 2 * l->cap);
        struct curve *v = scratch((size_t)cap * sizeof *v);
        memcpy(v, l->v, (size_t)l->n * sizeof *v);
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = (struct curve){ .x = tensor_dense(x), .y = tensor_dense(y) };
}

/* x and y as the user gave them become curves: vectors of one length, a vector and the columns (or rows) of a matrix, or two
   matrices column by column. */
static void pair_up(struct call *c, struct curves *l, struct tensor *x, struct tensor *y)
{
    char a[128], b[128];
    if (x->numel == 0 && y->numel == 0)
        return;
    if (is_vector(x) && is_vector(y) && x->numel == y->numel) {
        add_curve(l, as_column(x), as_column(y));
        return;
    }
    if (x->numel == 1 && is_vector(y)) {      /* one x for every point of y, each a curve of its own, as MATLAB has it */
        for (i64 i = 0; i < y->numel; i++)
            add_curve(l, x, tensor_alias(y, 2, (i64[]){ 1, 1 }, (i64[]){ 1, 1 }, i));
        return;
    }
    if (is_vector(x) && !is_vector(y)) {
        if (x->numel != y->dim[0] && x->numel == y->dim[1])
            y = tensor_dense(tensor_transpose(y));
        if (x->numel == y->dim[0]) {
            for (i64 j = 0; j < y->dim[1]; j++)
                add_curve(l, as_column(x), column(y, j));
            return;
        }
    } else if (is_vector(y) && !is_vector(x)) {
        if (y->numel != x->dim[0] && y->numel == x->dim[1])
            x = tensor_dense(tensor_transpose(x));
        if (y->numel == x->dim[0]) {
            for (i64 j = 0; j < x->dim[1]; j++)
                add_curve(l, column(x, j), as_column(y));
            return;
        }
    } else if (dims_equal(x->nd, x->dim, y->nd, y->dim)) {
        for (i64 j = 0; j < y->dim[1]; j++)
            add_curve(l, column(x, j), column(y, j));
        return;
    }
    fail("Octave:nonconformant-args", "%s: x and y must have as many elements, but x is %s and y is %s", c->fn->name, tensor_shape(x, a), tensor_shape(y, b));
}

static struct tensor *counted(struct tensor *y)             /* 1 … n beside y */
{
    i64 n = is_vector(y) ? y->numel : y->dim[0];
    struct tensor *x = tensor_2d(D_DOUBLE, n, 1);
    for (i64 i = 0; i < n; i++)
        ((double *)x->data)[i] = (double)(i + 1);
    return x;
}

/* All groups x, y, format from argument i on; returns the first that is the name of a property. */
static int read_curves(struct call *c, int i, struct curves *l)
{
    while (i < c->nargin && !arg_is_text(c, i)) {
        int before = l->n;
        struct format f = { 0 };
        if (i + 1 < c->nargin && !arg_is_text(c, i + 1)) {
            pair_up(c, l, real_data(c, i), real_data(c, i + 1));
            i += 2;
        } else {
            struct tensor *z = is_tensor_like(c->arg[i]) ? arg_dense(c, i) : NULL;
            if (z && z->nd == 2 && dtype_is(z->dtype, DT_C)) {                 /* the points of a complex vector */
                struct tensor *w = tensor_cast(z, D_CDOUBLE), *x = tensor_2d(D_DOUBLE, z->dim[0], z->dim[1]), *y = tensor_2d(D_DOUBLE, z->dim[0], z->dim[1]);
                for (i64 k = 0; k < z->numel; k++) {
                    ((double *)x->data)[k] = ((double *)w->data)[2 * k];
                    ((double *)y->data)[k] = ((double *)w->data)[2 * k + 1];
                }
                pair_up(c, l, x, y);
            } else {
                struct tensor *y = real_data(c, i);
                if (y->numel > 0)
                    pair_up(c, l, counted(y), is_vector(y) ? as_column(y) : y);
            }
            i++;
        }
        if (arg_format(c, i, &f) && !prop_is_pair(c, i, G_LINE)) {
            for (int k = before; k < l->n; k++)
                l->v[k].f = f;
            i++;
        }
    }
    return i;
}

/* A text that is neither format nor property. */
static void check_rest(struct call *c, int i)
{
    struct format f;
    if (i < c->nargin && arg_is_text(c, i) && prop_find(arg_text(c, i, NULL), G_LINE) < 0 && (i + 1 == c->nargin || strlen(arg_text(c, i, NULL)) < 4) && !arg_format(c, i, &f))
        fail("Octave:invalid-input-arg", "%s: '%s' is neither a format such as 'r--o' nor a property of lines", c->fn->name, arg_text(c, i, NULL));
    prop_check_pairs(c, i, G_LINE);
}

static void dress(struct graphic *g, const struct format *f)
{
    if (f->colour)
        prop_set_row(g, P_Color, 3, f->rgb);
    if (f->dash || f->marker)
        prop_set_text(g, P_LineStyle, f->dash ? f->style : "none");
    if (f->marker)
        prop_set_text(g, P_Marker, f->mark);
    if (f->name)
        prop_put(g, P_DisplayName, text_value(f->name, f->nname));
}

static void plot_with(struct call *c, const char *xscale, const char *yscale)
{
    struct curves l = { 0 };
    int first = 0;
    struct graphic *given = c->nargin > 1 && is_tensor_like(c->arg[0]) && value_numel(c->arg[0]) == 1 && element_double(tensor_of(c->arg[0]), 0) < 0 ? graphic_of(c->arg[0]) : NULL;
    int rest = read_curves(c, given && given->kind == G_AXES ? 1 : 0, &l);
    check_rest(c, rest);
    struct graphic *ax = plot_axes(c, &first), **made = scratch((size_t)MAX(1, l.n) * sizeof *made);
    if (xscale)
        prop_set_text(ax, P_XScale, xscale);
    if (yscale)
        prop_set_text(ax, P_YScale, yscale);
    bool named = false;
    for (int k = 0; k < l.n; k++) {
        struct graphic *g = made[k] = series_new(G_LINE, ax);
        prop_put(g, P_XData, tensor_box(tensor_reshape(l.v[k].x, 2, (i64[]){ 1, l.v[k].x->numel })));
        prop_put(g, P_YData, tensor_box(tensor_reshape(l.v[k].y, 2, (i64[]){ 1, l.v[k].y->numel })));
        dress(g, &l.v[k].f);
        named = named || l.v[k].f.name;
    }
    prop_set_pairs(c, rest, l.n, made);
    if (named && !axes_owned(ax, G_LEGEND))
        graphic_new(G_LEGEND, ax);
    result_graphics(c, l.n, made);
}

BUILTIN(plot, 1, ANY, 1, grad_zero,
  "plot(y)\n"
  "plot(x, y)\n"
  "plot(x, y, format)\n"
  "h = plot(ax, x, y, format, x2, y2, ..., name, value, ...)\n\n"
  "Lines through points. x and y are vectors of one length, or matrices whose columns are lines; without x the points are counted. format joins a colour (r g b c m y k w), a line (- -- : -.) "
  "and a marker (o + * . x s d ^ v < > p h): 'r--o'; with a marker alone there is no line. ';name;' in it is the name in the legend. Names and values set properties: Color, LineWidth, LineStyle, "
  "Marker, MarkerSize, MarkerFaceColor, DisplayName. NaN makes a gap. h is a column of handles.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = plot(1:3, [2 5 4], 'r--o', 'LineWidth', 2);\n  get(h, 'LineStyle')\n  ans = --\n  close\n\n"
  "See also: hold, semilogx, semilogy, loglog, scatter, bar, title, legend, axis, print")
{
    plot_with(c, NULL, NULL);
}
