/* SPDX-License-Identifier: BSD-3-Clause */
/* word_calls.c: words in a picture: title, labels, text, legend. */
#include "plot.h"
#include <strings.h>

static void label_call(struct call *c, int role)
{
    int i = 0;
    bool given = axes_given(c, 0) && c->nargin > 1;
    if (i + given >= c->nargin)
        fail("Octave:invalid-fun-call", "%s: a text is wanted", c->fn->name);
    value words = prop_check(c->fn->name, G_TEXT, P_String, c->arg[given]);
    prop_check_pairs(c, given + 1, G_TEXT);
    struct graphic *ax = given ? arg_axes(c, &i) : current_axes(), *g = axes_text(ax, role);
    prop_put(g, P_String, words);
    prop_set_pairs(c, given + 1, 1, &g);
    result_graphics(c, 1, &g);
}

BUILTIN(title, 1, ANY, 1, grad_zero,
  "title(text)\n"
  "h = title(ax, text, name, value, ...)\n\n"
  "The words above the axes; a cell is several lines. TeX's signs mean what they mean there: \\\\alpha, x^2, x_{ij}, "
  "\\\\bf; 'Interpreter', 'none' turns that off. Names and values set properties: FontSize, FontWeight, Color.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3);\n  h = title('y = x^2');\n  get(h, 'String')\n  ans = y = x^2\n  "
  "close\n\n"
  "See also: xlabel, ylabel, legend, text")
{
    label_call(c, R_Title);
}

BUILTIN(xlabel, 1, ANY, 1, grad_zero,
  "xlabel(text)\n"
  "h = xlabel(ax, text, name, value, ...)\n\n"
  "The words at the x axis; as title.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); xlabel('time, s');\n  get(get(gca, 'XLabel'), 'String')\n  ans = "
  "time, s\n  close\n\n"
  "See also: ylabel, zlabel, title")
{
    label_call(c, R_XLabel);
}

BUILTIN(ylabel, 1, ANY, 1, grad_zero,
  "ylabel(text)\n"
  "h = ylabel(ax, text, name, value, ...)\n\n"
  "The words at the y axis; as title.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); ylabel('\\theta, rad');\n  close\n\n"
  "See also: xlabel, zlabel, title")
{
    label_call(c, R_YLabel);
}

BUILTIN(zlabel, 1, ANY, 1, grad_zero,
  "zlabel(text)\n"
  "h = zlabel(ax, text, name, value, ...)\n\n"
  "The words at the z axis; as title.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); zlabel('height');\n  close\n\n"
  "See also: xlabel, ylabel, title")
{
    label_call(c, R_ZLabel);
}

BUILTIN(text, 2, ANY, 1, grad_zero,
  "text(x, y, words)\n"
  "h = text(x, y, z, words, name, value, ...)\n\n"
  "Words at points of the axes; x and y may be vectors and words a cell with one for each. Names and values set "
  "properties: HorizontalAlignment, VerticalAlignment, Rotation, Color, FontSize, BackgroundColor, Units "
  "('normalized': x and y are parts of the axes), Interpreter. As plot, text reads \\alpha, ^ and _ as TeX does.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3);\n  h = text(2, 2, 'here', 'Color', 'red');\n  get(h, 'Position')\n "
  " ans =\n     2   2   0\n  close\n\n"
  "See also: title, annotation, legend")
{
    int i = axes_given(c, 0), first = 0;
    struct tensor *x[3];
    int n = 0;
    for (; i < c->nargin && n < 3 && !arg_is_text(c, i) && c->arg[i].kind != K_CELL; i++)
        x[n++] = arg_double(c, i);
    if (n < 2 || i >= c->nargin)
        fail("Octave:invalid-fun-call", "text: x, y and words are wanted: text(1, 2, 'here')");
    char b1[128], b2[128];
    for (int k = 1; k < n; k++)
        if (x[k]->numel != x[0]->numel)
            fail("Octave:nonconformant-args", "text: x, y and z must have as many elements, but are %s and %s",
                 tensor_shape(x[0], b1), tensor_shape(x[k], b2));
    value words = prop_check("text", G_TEXT, P_String, c->arg[i]);
    i64 points = x[0]->numel;
    bool each = words.kind == K_CELL && points > 1;
    if (each && words.cell->numel != points)
        fail("Octave:nonconformant-args", "text: there are %lld points and %lld texts", (long long)points,
             (long long)words.cell->numel);
    prop_check_pairs(c, i + 1, G_TEXT);
    struct graphic *ax = arg_axes(c, &first), **made = scratch((size_t)MAX(1, points) * sizeof *made);
    for (i64 k = 0; k < points; k++) {
        double at[3] = { 0 };
        for (int a = 0; a < n; a++)
            at[a] = ((double *)x[a]->data)[k];
        made[k] = series_new(G_TEXT, ax);
        prop_set_row(made[k], P_Position, 3, at);
        prop_put(made[k], P_String, each ? words.cell->v[k] : words);
    }
    prop_set_pairs(c, i + 1, (int)points, made);
    result_graphics(c, (int)points, made);
}

BUILTIN(raw_lines, 1, 2, 1, grad_zero,
  "h = raw_lines(text)\n"
  "h = raw_lines(ax, text)\n\n"
  "Lines for gnuplot as they are, before the data of the axes: what gnuplot.raw is made of. delete(h) takes them away.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = raw_lines('set xtics 1');\n  get(h, 'Raw')\n  ans = set xtics 1\n  close\n\n"
  "See also: gnuplot.raw")
{
    int i = axes_given(c, 0) && c->nargin > 1, first = 0;
    value words = text_value(arg_text(c, i, NULL), strlen(arg_text(c, i, NULL)));
    struct graphic *g = graphic_new(G_RAW, axes_main(arg_axes(c, &first)));
    prop_put(g, P_Raw, words);
    result_graphics(c, 1, &g);
}

/* ---- legend */
static struct graphic **named_series(struct graphic *ax,
                                     int *n) /* those that can have a line in the legend, in the order of drawing */
{
    struct graphic *side[2] = { axes_main(ax), axes_right(ax) };
    int most = 0;
    for (int k = 0; k < 2; k++)
        for (struct graphic *g = side[k] ? side[k]->first : NULL; g; g = g->next)
            most++;
    struct graphic **s = scratch((size_t)(most + 1) * sizeof *s);
    *n = 0;
    for (int k = 0; k < 2; k++)
        for (struct graphic *g = side[k] ? side[k]->first : NULL; g; g = g->next)
            if (is_series(g) && (series_rows[g->kind].flags & G_LEGENDED) && prop_on(g, P_HandleVisibility))
                s[(*n)++] = g;
    return s;
}

static void name_series(struct graphic *const *s, int n)             /* data1, data2 … unless some have names */
{
    for (int k = 0; k < n; k++)
        if (value_numel(prop_get(s[k], P_DisplayName)) > 0)
            return;
    for (int k = 0; k < n; k++) {
        char b[32];
        snprintf(b, sizeof b, "data%d", k + 1);
        prop_set_text(s[k], P_DisplayName, b);
    }
}

BUILTIN(legend, 0, ANY, 1, grad_zero,
  "legend(text1, text2, ...)\n"
  "legend({text1, text2, ...})\n"
  "legend(h, texts)\n"
  "legend('off')\n"
  "l = legend(..., 'Location', 'northwest', name, value, ...)\n\n"
  "A legend with a line for each series, in the order in which they were drawn, or for those in h. Without texts the "
  "series' DisplayName. The place is found by itself where fewest points lie, or is given: north, south, east, west, "
  "northeast …, with 'outside' behind it beside the axes. Words: show, hide, off, boxon, boxoff.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3, [1 2 3; 3 2 1]);\n  l = legend('up', 'down', 'Location', "
  "'south');\n  get(l, 'Location')\n  ans = south\n  close\n\n"
  "See also: plot, title")
{
    int i = 0, n;
    struct graphic *ax = arg_axes(c, &i), **s = named_series(ax, &n), *l = axes_owned(ax, G_LEGEND);
    if (i + 1 == c->nargin && arg_is_text(c, i)) {
        static const char *const words[] = { "off", "hide", "show", "toggle", "boxon", "boxoff", "on" };
        int k = 0;
        while (k < COUNT(words) && strcasecmp(words[k], arg_text(c, i, NULL)))
            k++;
        if (k == 0 || (k == 3 && l)) {
            if (l)
                graphic_delete(l);
            return;
        }
        if (k < COUNT(words)) {
            if (!l) {
                l = graphic_new(G_LEGEND, ax);
                name_series(s, n);
            }
            prop_set_text(l, k == 4 || k == 5 ? P_Box : P_Visible, k == 1 || k == 5 ? "off" : "on");
            result_graphics(c, 1, &l);
            return;
        }
    }
    if (i < c->nargin && is_tensor_like(c->arg[i]) && !arg_is_text(c, i)) {
        struct tensor *h = arg_double(c, i++);
        n = 0;
        s = scratch((size_t)(h->numel + 1) * sizeof *s);
        for (i64 k = 0; k < h->numel; k++) {
            struct graphic *g = graphic_of(num(((double *)h->data)[k]));
            if (!g || prop_find("DisplayName", g->kind) < 0)
                fail("Octave:invalid-input-arg", "legend: %g is no handle of a series", ((double *)h->data)[k]);
            s[n++] = g;
        }
        ax = n ? graphic_up(s[0], G_AXES) : ax;
        l = axes_owned(ax, G_LEGEND);
    }
    value *words = scratch((size_t)(n + c->nargin + 1) * sizeof *words);
    i64 given = 0;
    if (i < c->nargin && c->arg[i].kind == K_CELL) {
        struct texts t = arg_texts(c, i);
        words = scratch((size_t)(t.n + 1) * sizeof *words);
        for (; given < t.n; given++) {
            size_t m;
            const char *p = texts_at(&t, given, &m);
            words[given] = text_value(p, m);
        }
        i++;
    } else
        while (i < c->nargin && arg_is_text(c, i) && !prop_is_pair(c, i, G_LEGEND))
            words[given++] = c->arg[i++];
    prop_check_pairs(c, i, G_LEGEND);
    if (given > n)
        warn("tl:legend", "legend: %lld texts for %d series; the rest is left out", (long long)given, n);
    for (int k = 0; k < n && k < given; k++)
        prop_put(s[k], P_DisplayName, words[k]);
    if (given == 0)
        name_series(s, n);
    if (!l)
        l = graphic_new(G_LEGEND, ax);
    prop_set_text(l, P_Visible, "on");
    prop_set_pairs(c, i, 1, &l);
    graphic_touch(ax);
    result_graphics(c, 1, &l);
}
