/* SPDX-License-Identifier: BSD-3-Clause */
/* plot_calls.c: plot and its kin: data in columns, formats such as 'r--o', properties.
 *
 * All arguments are read into a list of curves before anything is changed, so a wrong one leaves the picture as it was. */
#include "plot.h"
#include "lab/ew.h"
#include <math.h>
#include <string.h>
#include <strings.h>

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

bool arg_format(struct call *c, int i, struct format *f)
{
    size_t n;
    if (i >= c->nargin || !arg_is_text(c, i))
        return false;
    const char *s = arg_text(c, i, &n);
    return read_format(s, n, f);
}

extern const struct builtin builtin_full;

struct tensor *arg_real(struct call *c, int i)
{
    if (c->arg[i].kind == K_SPARSE)
        return arg_real(
            &(struct call){ .fn = c->fn, .nargin = 1, .arg = (value[]){ call1(&builtin_full, 1, c->arg[i]) } }, 0);
    if (!is_tensor_like(c->arg[i]) || arg_is_text(c, i))
        fail_arg(c, i, "numbers");
    struct tensor *t = arg_dense(c, i);
    if (dtype_is(t->dtype, DT_C)) {
        warn("tl:imaginary-part-ignored",
             "%s: only the real parts of argument %d are drawn; plot(z) by itself draws complex numbers as points",
             c->fn->name, i + 1);
        t = tensor_dense(tensor_of(ew_apply(EW_real, 1, &c->arg[i])));
    }
    if (t->nd > 2)
        fail_arg(c, i, "a vector or a matrix");
    return tensor_cast(t, D_DOUBLE);
}

struct tensor *arg_names(struct call *c, int i)
{
    if (i >= c->nargin || c->arg[i].kind != K_CELL)
        return NULL;
    struct cell *names = c->arg[i].cell;
    struct tensor *t = tensor_2d(D_DOUBLE, names->numel, 1);
    for (i64 k = 0; k < names->numel; k++) {
        if (!is_tensor_like(names->v[k]) || (value_dtype(names->v[k]) != D_CHAR && value_numel(names->v[k]) > 0))
            fail("Octave:invalid-input-arg",
                 "%s: a cell in the place of x must hold texts, the names on the axis, but element %lld is a %s",
                 c->fn->name, (long long)k + 1, class_of(names->v[k]));
        ((double *)t->data)[k] = (double)(k + 1);
    }
    return t;
}

void axes_names(struct graphic *ax, int axis, value names)
{
    struct tensor *at = tensor_2d(D_DOUBLE, 1, names.cell->numel);
    for (i64 k = 0; k < at->numel; k++)
        ((double *)at->data)[k] = (double)(k + 1);
    prop_put(ax, axis_prop(axis, TICK), tensor_box(at));
    prop_set(ax, axis_prop(axis, TICKLABEL), names);
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
        if (l->n)
            memcpy(v, l->v, (size_t)l->n * sizeof *v);
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = (struct curve){ .x = tensor_dense(x), .y = tensor_dense(y) };
}

/* x and y as the user gave them become curves: vectors of one length, a vector and the columns (or rows) of a matrix, or two
   matrices column by column. */
void pair_up(struct call *c, struct curves *l, struct tensor *x, struct tensor *y)
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
    fail("Octave:nonconformant-args", "%s: x and y must have as many elements, but x is %s and y is %s", c->fn->name,
         tensor_shape(x, a), tensor_shape(y, b));
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
int read_curves(struct call *c, int i, int kind, struct curves *l)
{
    while (i < c->nargin && !arg_is_text(c, i)) {
        int before = l->n;
        struct format f = { 0 };
        if (i + 1 < c->nargin && !arg_is_text(c, i + 1)) {
            struct tensor *places = arg_names(c, i);
            if (places)
                l->names = c->arg[i];
            pair_up(c, l, places ? places : arg_real(c, i), arg_real(c, i + 1));
            i += 2;
        } else {
            struct tensor *z = is_tensor_like(c->arg[i]) ? arg_dense(c, i) : NULL;      /* NULL: arg_real says why */
            if (z && z->nd == 2 && dtype_is(z->dtype, DT_C)) {                 /* the points of a complex vector */
                struct tensor *w = tensor_cast(z, D_CDOUBLE), *x = tensor_2d(D_DOUBLE, z->dim[0], z->dim[1]),
                              *y = tensor_2d(D_DOUBLE, z->dim[0], z->dim[1]);
                for (i64 k = 0; k < z->numel; k++) {
                    ((double *)x->data)[k] = ((double *)w->data)[2 * k];
                    ((double *)y->data)[k] = ((double *)w->data)[2 * k + 1];
                }
                pair_up(c, l, x, y);
            } else {
                struct tensor *y = arg_real(c, i);
                if (y->numel > 0)
                    pair_up(c, l, counted(y), is_vector(y) ? as_column(y) : y);
            }
            i++;
        }
        if (arg_format(c, i, &f) && !prop_is_pair(c, i, kind)) {
            for (int k = before; k < l->n; k++)
                l->v[k].f = f;
            i++;
        }
    }
    return i;
}

/* A text that is neither format nor property. */
static void check_rest(struct call *c, int i, int kind)
{
    struct format f;
    if (i < c->nargin && arg_is_text(c, i) && prop_find(arg_text(c, i, NULL), kind) < 0 &&
        (i + 1 == c->nargin || strlen(arg_text(c, i, NULL)) < 4) && !arg_format(c, i, &f))
        fail("Octave:invalid-input-arg", "%s: '%s' is neither a format such as 'r--o' nor a property of a %s",
             c->fn->name, arg_text(c, i, NULL), series_rows[kind].type);
    prop_check_pairs(c, i, kind);
}

void format_series(struct graphic *g, const struct format *f)
{
    if (f->colour)
        prop_set_row(g, P_Color, 3, f->rgb);
    if (f->dash || (f->marker && g->kind != G_STEM))
        prop_set_text(g, P_LineStyle, f->dash ? f->style : "none");
    if (f->marker)
        prop_set_text(g, P_Marker, f->mark);
    if (f->name)
        prop_put(g, P_DisplayName, text_value(f->name, f->nname));
}

bool axes_given(struct call *c, int i)
{
    if (i >= c->nargin || !is_tensor_like(c->arg[i]) || value_numel(c->arg[i]) != 1 ||
        !(element_double(tensor_of(c->arg[i]), 0) < 0))
        return false;
    struct graphic *g = graphic_of(c->arg[i]);
    return g && g->kind == G_AXES;
}

void put_row(struct graphic *g, int prop, struct tensor *x)
{
    prop_put(g, prop, tensor_box(tensor_reshape(x, 2, (i64[]){ 1, x->numel })));
}

/* Series of one kind from curves; scales NULL: as they are. */
static void plot_as(struct call *c, int kind, const char *xscale, const char *yscale)
{
    struct curves l = { 0 };
    int first = 0, rest = read_curves(c, axes_given(c, 0) && c->nargin > 1 ? 1 : 0, kind, &l);
    check_rest(c, rest, kind);
    struct graphic *ax = plot_axes(c, &first), **made = scratch((size_t)MAX(1, l.n) * sizeof *made);
    if (xscale)
        prop_set_text(ax, P_XScale, xscale);
    if (yscale)
        prop_set_text(ax, P_YScale, yscale);
    if (l.names.kind == K_CELL)
        axes_names(ax, 0, l.names);
    bool named = false;
    for (int k = 0; k < l.n; k++) {
        struct graphic *g = made[k] = series_new(kind, ax);
        put_row(g, P_XData, l.v[k].x);
        put_row(g, P_YData, l.v[k].y);
        format_series(g, &l.v[k].f);
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
  "Lines through points. x and y are vectors of one length, or matrices whose columns are lines; without x the points "
  "are counted; a cell of texts in its place names the points on the axis. format joins a colour (r g b c m y k w), a "
  "line (- -- : -.) and a marker (o + * . x s d ^ v < > p h): 'r--o'; with a marker alone there is no line. ';name;' "
  "in it is the name in the legend. Names and values set properties: Color, LineWidth, LineStyle, Marker, MarkerSize, "
  "MarkerFaceColor, DisplayName. NaN makes a gap. h is a column of handles.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = plot(1:3, [2 5 4], 'r--o', 'LineWidth', 2);\n  get(h, 'LineStyle')\n  "
  "ans = --\n  close\n\n"
  "See also: hold, semilogx, semilogy, loglog, scatter, bar, title, legend, axis, print")
{
    plot_as(c, G_LINE, NULL, NULL);
}

BUILTIN(semilogx, 1, ANY, 1, grad_zero,
  "semilogx(x, y)\n"
  "h = semilogx(x, y, format, ...)\n\n"
  "As plot, with a logarithmic x axis. Points with x <= 0 are not drawn.\n\n"
  "Example:\n  figure('visible', 'off'); semilogx([1 10 100], 1:3);\n  get(gca, 'XScale')\n  ans = log\n  close\n\n"
  "See also: semilogy, loglog, plot")
{
    plot_as(c, G_LINE, "log", "linear");
}

BUILTIN(semilogy, 1, ANY, 1, grad_zero,
  "semilogy(y)\n"
  "semilogy(x, y)\n"
  "h = semilogy(x, y, format, ...)\n\n"
  "As plot, with a logarithmic y axis. Points with y <= 0 are not drawn.\n\n"
  "Example:\n  figure('visible', 'off'); semilogy([1 10 1000]);\n  ylim\n  ans =\n      1   1000\n  close\n\n"
  "See also: semilogx, loglog, plot")
{
    plot_as(c, G_LINE, "linear", "log");
}

BUILTIN(loglog, 1, ANY, 1, grad_zero,
  "loglog(x, y)\n"
  "h = loglog(x, y, format, ...)\n\n"
  "As plot, with logarithmic axes. Points with numbers <= 0 are not drawn.\n\n"
  "Example:\n  figure('visible', 'off'); loglog([1 10 100], [1 2 3]);\n  get(gca, 'XScale')\n  ans = log\n  close\n\n"
  "See also: semilogx, semilogy, plot")
{
    plot_as(c, G_LINE, "log", "log");
}

BUILTIN(stem, 1, ANY, 1, grad_zero,
  "stem(y)\n"
  "h = stem(x, y, format, name, value, ...)\n\n"
  "A stem from BaseValue, 0 at first, to each point, with a marker on top. Arguments as in plot; 'filled' fills the "
  "markers.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = stem([1 3 2]);\n  get(h, 'Marker')\n  ans = o\n  close\n\n"
  "See also: stairs, bar, plot")
{
    bool filled = c->nargin > 1 && arg_is_text(c, c->nargin - 1) && !strcasecmp(arg_text(c, c->nargin - 1, NULL), "filled");
    struct call inner = *c;
    value out[1] = { nil() };
    inner.nargin -= filled;
    inner.out = out;
    inner.nargout = 1;
    plot_as(&inner, G_STEM, NULL, NULL);
    if (filled)
        for (i64 i = 0; i < value_numel(out[0]); i++)
            prop_set_text(graphic_of(num(element_double(tensor_of(out[0]), i))), P_MarkerFaceColor, "auto");
    keep(out[0]);
    if (c->nargout)
        result(c, 0, out[0]);
}

BUILTIN(stairs, 1, ANY, 2, grad_zero,
  "stairs(y)\n"
  "h = stairs(x, y, format, name, value, ...)\n"
  "[xs, ys] = stairs(x, y)\n\n"
  "Steps: y(k) holds from x(k) to x(k+1). Arguments as in plot. Two results are the corners of the stairs, and nothing "
  "is drawn.\n\n"
  "Example:\n  [xs, ys] = stairs(1:3, [5 6 7])\n  xs =\n     1\n     2\n     2\n     3\n     3\n  ys =\n     5\n     "
  "5\n     6\n     6\n     7\n\n"
  "See also: bar, stem, plot")
{
    if (c->nargout < 2) {
        plot_as(c, G_STAIRS, NULL, NULL);
        return;
    }
    struct curves l = { 0 };
    if (read_curves(c, 0, G_STAIRS, &l) < c->nargin || l.n == 0)
        fail("Octave:invalid-fun-call", "stairs: for its corners it takes x and y alone");
    i64 n = l.v[0].x->numel, m = 2 * n - 1;
    struct tensor *to[2] = { tensor_2d(D_DOUBLE, m, l.n), tensor_2d(D_DOUBLE, m, l.n) };
    for (int k = 0; k < l.n; k++)
        for (i64 i = 0; i < m; i++) {
            ((double *)to[0]->data)[i + k * m] = ((double *)l.v[k].x->data)[(i + 1) / 2];
            ((double *)to[1]->data)[i + k * m] = ((double *)l.v[k].y->data)[i / 2];
        }
    result_tensor(c, 0, to[0]);
    result_tensor(c, 1, to[1]);
}

/* xline, yline: a line for each value; a format and words for all, or a cell of words, may stand behind. */
static void rule_call(struct call *c, bool lying)
{
    int i = axes_given(c, 0) && c->nargin > 1, first = 0;
    struct format f = { 0 };
    struct tensor *at = arg_real(c, i++);
    value words = nil();
    if (!prop_is_pair(c, i, G_RULE) && arg_format(c, i, &f))
        i++;
    if (i < c->nargin && (c->arg[i].kind == K_CELL || arg_is_text(c, i)) && !prop_is_pair(c, i, G_RULE))
        words = prop_check(c->fn->name, G_RULE, P_Label, c->arg[i++]);
    if (words.kind == K_CELL && words.cell->numel != at->numel)
        fail("Octave:nonconformant-args", "%s: there are %lld values and %lld words", c->fn->name, (long long)at->numel,
             (long long)words.cell->numel);
    prop_check_pairs(c, i, G_RULE);
    struct graphic *ax = arg_axes(c, &first), **made = scratch((size_t)MAX(1, at->numel) * sizeof *made);
    for (i64 k = 0; k < at->numel; k++) {
        struct graphic *g = made[k] = graphic_new(G_RULE, ax);
        prop_put(g, P_XData, num(((double *)at->data)[k]));
        prop_set_text(g, P_Horizontal, lying ? "on" : "off");
        format_series(g, &f);
        if (!is_nil(words))
            prop_put(g, P_Label, words.kind == K_CELL ? words.cell->v[k] : words);
    }
    prop_set_pairs(c, i, (int)at->numel, made);
    result_graphics(c, (int)at->numel, made);
}

BUILTIN(xline, 1, ANY, 1, grad_zero,
  "xline(x)\n"
  "h = xline(x, format, label, name, value, ...)\n\n"
  "A vertical line across the axes at x, one for each x; nothing is cleared, and it stays as long as the axes are when "
  "their limits change. format is that of plot, label the words along it.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3);\n  h = xline(2, '--r', 'middle');\n  get(h, 'Label')\n  ans = "
  "middle\n  close\n\n"
  "See also: yline, line, plot")
{
    rule_call(c, false);
}

BUILTIN(yline, 1, ANY, 1, grad_zero,
  "yline(y)\n"
  "h = yline(y, format, label, name, value, ...)\n\n"
  "A horizontal line across the axes at y; as xline.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); yline([1.5 2.5]);\n  ylim\n  ans =\n     1   3\n  close\n\n"
  "See also: xline, line, plot")
{
    rule_call(c, true);
}

BUILTIN(line, 0, ANY, 1, grad_zero,
  "line(x, y)\n"
  "line('XData', x, 'YData', y)\n"
  "h = line(x, y, z, name, value, ...)\n\n"
  "Adds lines to the axes, whether hold is on or not; nothing is cleared. Without arguments a line from (0, 0) to (1, 1).\n\n"
  "Example:\n  figure('visible', 'off');\n  h = line([0 1], [2 3], 'Color', 'red');\n  get(h, 'YData')\n  ans =\n     "
  "2   3\n  close\n\n"
  "See also: plot, patch, text")
{
    struct curves l = { 0 };
    int i = axes_given(c, 0), first = 0, from = i;
    struct tensor *z = NULL;
    if (i < c->nargin && !arg_is_text(c, i)) {
        if (i + 1 >= c->nargin || arg_is_text(c, i + 1))
            fail("Octave:invalid-fun-call", "line: x and y are wanted");
        pair_up(c, &l, arg_real(c, i), arg_real(c, i + 1));
        i += 2;
        if (i < c->nargin && !arg_is_text(c, i)) {
            z = arg_real(c, i++);
            if (l.n == 0 || z->numel != l.n * l.v[0].x->numel)
                fail("Octave:nonconformant-args", "line: z must have as many elements as x and y");
        }
    }
    prop_check_pairs(c, i, G_LINE);
    struct graphic *ax = arg_axes(c, &first), **made;
    bool data = i > from;                     /* or among the properties */
    for (int k = i; k < c->nargin; k += 2)
        data = data || !strcasecmp(arg_text(c, k, NULL), "XData") || !strcasecmp(arg_text(c, k, NULL), "YData");
    if (!data && i < c->nargin)
        fail("Octave:invalid-fun-call", "line: x and y are wanted");
    if (!data) {
        struct tensor *t = tensor_2d(D_DOUBLE, 2, 1);
        ((double *)t->data)[0] = 0;
        ((double *)t->data)[1] = 1;
        pair_up(c, &l, t, t);
    }
    int n = MAX(l.n, 1);
    made = scratch((size_t)n * sizeof *made);
    for (int k = 0; k < n; k++) {
        made[k] = series_new(G_LINE, ax);
        if (k >= l.n)
            continue;
        put_row(made[k], P_XData, l.v[k].x);
        put_row(made[k], P_YData, l.v[k].y);
        if (z)
            put_row(
                made[k], P_ZData,
                tensor_dense(tensor_alias(z, 2, (i64[]){ l.v[k].x->numel, 1 }, (i64[]){ 1, 1 }, k * l.v[k].x->numel)));
    }
    prop_set_pairs(c, i, n, made);
    result_graphics(c, n, made);
}

BUILTIN(errorbar, 2, ANY, 1, grad_zero,
  "errorbar(y, e)\n"
  "errorbar(x, y, e)\n"
  "errorbar(x, y, low, high)\n"
  "h = errorbar(x, y, xlow, xhigh, ylow, yhigh, format, name, value, ...)\n\n"
  "A line with a bar at each point, from y - e to y + e, or from y - low to y + high. A format '>' in front, as in "
  "'>o', makes the errors those of x, '~>' is for both.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = errorbar(1:3, [2 4 3], [0.5 1 0.2], 'o');\n  get(h, 'LData')\n  ans "
  "=\n     0.5000   1.0000   0.2000\n  close\n\n"
  "See also: plot, bar")
{
    int from = axes_given(c, 0), i = from, first = 0;
    struct tensor *a[6];
    int n = 0;
    for (; i < c->nargin && !arg_is_text(c, i); i++) {
        if (n == 6)
            fail("Octave:invalid-fun-call", "errorbar: at most six arguments are numbers");
        a[n++] = arg_real(c, i);
    }
    if (n < 2 || n == 5)
        fail("Octave:invalid-fun-call", "errorbar: it takes (y, e), (x, y, e), (x, y, low, high) or (x, y, xlow, "
                                        "xhigh, ylow, yhigh)");
    struct tensor *y = n == 2 ? a[0] : a[1], *x = n == 2 ? counted(y) : a[0], *e[4];
    for (int k = 0; k < 4; k++)
        e[k] = n == 2 ? a[1] : n == 3 ? a[2] : a[n == 6 ? 2 + k : 2 + (k & 1)];
    bool inx = n == 6, iny = true;
    struct format f = { 0 };
    if (i < c->nargin && prop_find(arg_text(c, i, NULL), G_ERRORBAR) < 0) {
        const char *s = arg_text(c, i, NULL);
        if (!strncmp(s, "~>", 2))
            inx = true, s += 2;
        else if (*s == '>')
            inx = true, iny = false, s++;
        else if (*s == '~')
            s++;
        if (!read_format(s, strlen(s), &f))
            fail("Octave:invalid-input-arg",
                 "errorbar: '%s' is neither a format such as 'r--o' nor a property of an errorbar", s);
        i++;
    }
    prop_check_pairs(c, i, G_ERRORBAR);
    char b1[128], b2[128];
    for (int k = 0; k < 4; k++)
        if (e[k]->numel != y->numel)
            fail("Octave:nonconformant-args",
                 "errorbar: the errors must be as many as the points, but y is %s and they are %s", tensor_shape(y, b1),
                 tensor_shape(e[k], b2));
    struct curves l = { 0 };
    pair_up(c, &l, x, is_vector(y) ? as_column(y) : y);
    struct graphic *ax = plot_axes(c, &first), **made = scratch((size_t)MAX(1, l.n) * sizeof *made);
    for (int k = 0; k < l.n; k++) {
        struct graphic *g = made[k] = series_new(G_ERRORBAR, ax);
        i64 m = l.v[k].y->numel;
        static const int names[4] = { P_XLData, P_XUData, P_LData, P_UData };
        put_row(g, P_XData, l.v[k].x);
        put_row(g, P_YData, l.v[k].y);
        for (int q = 0; q < 4; q++)
            if (q < 2 ? inx : iny)
                put_row(g, names[q], tensor_dense(tensor_alias(e[q], 2, (i64[]){ m, 1 }, (i64[]){ 1, 1 }, k * m)));
        format_series(g, &f);
    }
    prop_set_pairs(c, i, l.n, made);
    result_graphics(c, l.n, made);
}

static void scatter_call(struct call *c, bool solid)
{
    int i = axes_given(c, 0), first = 0;
    struct tensor *x = arg_real(c, i), *y = i + 1 < c->nargin ? arg_real(c, i + 1) : NULL, *z = NULL, *size = NULL,
                  *colour = NULL;
    char b1[128], b2[128];
    if (!y || x->numel != y->numel)
        fail("Octave:nonconformant-args", "%s: x and y must have as many elements, but x is %s and y is %s",
             c->fn->name, tensor_shape(x, b1), y ? tensor_shape(y, b2) : "missing");
    i += 2;
    if (solid) {
        z = i < c->nargin && !arg_is_text(c, i) ? arg_real(c, i) : NULL;
        if (!z || x->numel != z->numel)
            fail("Octave:nonconformant-args", "%s: x, y and z must have as many elements, but x is %s and z is %s",
                 c->fn->name, tensor_shape(x, b1), z ? tensor_shape(z, b2) : "missing");
        i++;
    }
    double rgb[3];
    bool one = false, filled = false;
    char marker = 0;
    if (i < c->nargin && !arg_is_text(c, i)) {
        size = arg_real(c, i++);
        if (size->numel > 1 && size->numel != x->numel)
            fail("Octave:nonconformant-args", "%s: the sizes must be one or as many as the points, %lld, but are %lld",
                 c->fn->name, (long long)x->numel, (long long)size->numel);
        if (i < c->nargin && !arg_is_text(c, i)) {
            colour = arg_real(c, i++);
            if (colour->numel == 3 && x->numel != 3) {
                for (int k = 0; k < 3; k++)
                    rgb[k] = fmin(fmax(((double *)colour->data)[k], 0), 1);
                one = true;
            } else if (colour->numel != 0 && colour->numel != x->numel && colour->numel != 3 * x->numel)
                fail("Octave:nonconformant-args",
                     "%s: the colours must be numbers or rows of red, green and blue, one for each of %lld points, but "
                     "are %s",
                     c->fn->name, (long long)x->numel, tensor_shape(colour, b1));
        }
    }
    for (; i < c->nargin && arg_is_text(c, i) && !prop_is_pair(c, i, G_SCATTER); i++) {
        size_t n;
        const char *s = arg_text(c, i, &n);
        struct format f;
        if (!strcasecmp(s, "filled") || !strcasecmp(s, "fill"))
            filled = true;
        else if (colour_of(s, n, rgb))
            one = true;
        else if (read_format(s, n, &f) && f.marker) {
            marker = f.mark[0];
            if (f.colour)
                one = true, memcpy(rgb, f.rgb, sizeof rgb);
        } else
            break;
    }
    prop_check_pairs(c, i, G_SCATTER);
    struct graphic *ax = plot_axes(c, &first), *g = series_new(G_SCATTER, ax);
    put_row(g, P_XData, x);
    put_row(g, P_YData, y);
    if (z)
        put_row(g, P_ZData, z);
    if (size && size->numel > 0)
        prop_put(g, P_SizeData, tensor_box(size));
    if (one)
        prop_set_row(g, P_Color, 3, rgb);
    else if (colour && colour->numel > 0)
        prop_put(g, P_CData, tensor_box(colour));
    if (marker)
        prop_put(g, P_Marker, text_value(&marker, 1));
    if (filled)
        prop_set_text(g, P_MarkerFaceColor, "flat");
    prop_set_pairs(c, i, 1, &g);
    result_graphics(c, 1, &g);
}

BUILTIN(scatter, 2, ANY, 1, grad_zero,
  "scatter(x, y)\n"
  "scatter(x, y, s, c)\n"
  "h = scatter(x, y, s, c, marker, 'filled', name, value, ...)\n\n"
  "Markers at points. s is their area in square points, one or one each; c is a colour, or numbers for the colormap, "
  "or a row of red, green, blue for each point.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = scatter(1:3, [2 1 3], 50, [1 5 9], 'filled');\n  get(h, 'CData')\n  "
  "ans =\n     1   5   9\n  close\n\n"
  "See also: plot, scatter3")
{
    scatter_call(c, false);
}

BUILTIN(scatter3, 3, ANY, 1, grad_zero,
  "scatter3(x, y, z)\n"
  "scatter3(x, y, z, s, c)\n"
  "h = scatter3(x, y, z, s, c, marker, 'filled', name, value, ...)\n\n"
  "Markers at points in three dimensions; sizes and colours as in scatter.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = scatter3(1:3, [2 1 3], [0 1 0], 50, [1 5 9], 'filled');\n  get(h, "
  "'ZData')\n  ans =\n     0   1   0\n  close\n\n"
  "See also: scatter, plot3, view")
{
    scatter_call(c, true);
}
