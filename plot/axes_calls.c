/* SPDX-License-Identifier: BSD-3-Clause */
/* axes_calls.c: functions on axes: making them, where they stand, limits, grid, box. */
#include "plot.h"
#include <math.h>
#include <strings.h>

BUILTIN(clf, 0, 2, 1, grad_zero,
  "clf\n"
  "clf(fig)\n\n"
  "Clears the current figure, or figure fig: all axes go.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); clf;\n  get(gcf, 'Children')\n  ans = [](0x0)\n  close\n\n"
  "See also: cla, close, figure")
{
    struct graphic *f = has_arg(c, 0) && !arg_is_text(c, 0) ? arg_graphic(c, 0) : current_figure();
    if (f->kind != G_FIGURE)
        fail_arg(c, 0, "a figure");
    while (f->first)
        graphic_delete(f->first);
    prop_unset(f, P_Colormap);
    graphic_touch(f);
    result_graphics(c, 1, &f);
}

BUILTIN(cla, 0, 2, 0, grad_zero,
  "cla\n"
  "cla reset\n"
  "cla(ax)\n\n"
  "Clears the axes: all series go; with reset limits, labels and all else that was set too.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); cla\n  numel(get(gca, 'Children'))\n  ans = 0\n  close\n\n"
  "See also: clf, hold")
{
    int first = 0;
    struct graphic *ax = arg_axes(c, &first);
    bool reset = has_arg(c, first) && arg_option(c, first, (const char *const[]){ "reset", NULL }) == 0;
    axes_clear(ax, reset);
    if (reset && axes_right(ax) && ax == axes_main(ax))
        graphic_delete(axes_right(ax));
}

BUILTIN(closereq, 0, 0, 0, grad_zero,
  "closereq\n\n"
  "Closes the current figure.\n\n"
  "Example:\n  figure('visible', 'off'); closereq\n\n"
  "See also: close, figure")
{
    (void)c;
    if (root_graphic()->current)
        graphic_delete(root_graphic()->current);
}

BUILTIN(ishold, 0, 1, 1, grad_zero,
  "tf = ishold()\n"
  "tf = ishold(ax)\n\n"
  "True when hold is on.\n\n"
  "Example:\n  figure('visible', 'off'); hold on\n  ishold()\n  ans = 1\n  close\n\n"
  "See also: hold")
{
    int first = 0;
    result_bool(c, 0, prop_is(arg_axes(c, &first), P_NextPlot, "add"));
}

BUILTIN(newplot, 0, 1, 1, grad_zero,
  "ax = newplot()\n\n"
  "The axes for the next picture, cleared unless hold is on: what functions that draw begin with.\n\n"
  "Example:\n  figure('visible', 'off');\n  isaxes(newplot())\n  ans = 1\n  close\n\n"
  "See also: hold, gca")
{
    int first = 0;
    result_num(c, 0, plot_axes(c, &first)->handle);
}

BUILTIN(axes, 0, ANY, 1, grad_zero,
  "ax = axes()\n"
  "ax = axes('Position', [left bottom width height], name, value, ...)\n"
  "axes(ax)\n\n"
  "New axes in the current figure, or in the one named by 'Parent', at a position in parts of the figure; or makes axes "
  "ax the current ones.\n\n"
  "Example:\n  figure('visible', 'off');\n  ax = axes('Position', [0.1 0.1 0.8 0.8]);\n  get(ax, 'Position')\n  ans "
  "=\n     0.1000   0.1000   0.8000   0.8000\n  close\n\n"
  "See also: subplot, gca, axis")
{
    struct graphic *ax;
    if (c->nargin > 0 && !arg_is_text(c, 0)) {
        ax = arg_graphic(c, 0);
        if (ax->kind != G_AXES)
            fail_arg(c, 0, "a handle of axes");
    } else {
        struct graphic *fig = NULL;
        struct call rest = *c;                /* without 'Parent', which is where they are born */
        rest.arg = scratch((size_t)c->nargin * sizeof *rest.arg + 1);
        rest.nargin = 0;
        for (int i = 0; i < c->nargin; i++) {
            bool parent = i % 2 == 0 && i + 1 < c->nargin && arg_is_text(c, i) && !strcasecmp(arg_text(c, i, NULL), "Parent");
            if (!parent) {
                rest.arg[rest.nargin++] = c->arg[i];
                continue;
            }
            fig = arg_graphic(c, ++i);
            if (fig->kind != G_FIGURE)
                fail_arg(c, i, "a handle of a figure");
        }
        prop_check_pairs(&rest, 0, G_AXES);
        ax = graphic_new(G_AXES, fig ? fig : current_figure());
        prop_set_pairs(&rest, 0, 1, &ax);
    }
    root_graphic()->current = graphic_up(ax, G_FIGURE);
    root_graphic()->current->current = ax;
    result_graphics(c, 1, &ax);
}

BUILTIN(yyaxis, 1, 2, 0, grad_zero,
  "yyaxis left\n"
  "yyaxis right\n"
  "yyaxis(ax, 'right')\n\n"
  "Two scales for y: what is plotted from now on belongs to the one on the left or on the right; so do ylabel, ylim, "
  "yticks. x, title, legend, hold and grid are shared. Each side has a colour, its lines differ by their dashes. gca "
  "is then the handle of that side; cla reset and clf end it.\n\n"
  "Example:\n  figure('visible', 'off');\n  yyaxis left;  plot(1:3, [1 2 4]);  yyaxis right;  plot(1:3, [100 400 "
  "900]);\n  ylim\n  ans =\n      0   1000\n  close\n\n"
  "See also: plotyy, ylabel, ylim, linkaxes")
{
    int i = axes_given(c, 0) && c->nargin > 1;
    bool right = arg_option(c, i, (const char *const[]){ "left", "right", NULL }) == 1;
    struct graphic *ax = axes_main(i ? arg_graphic(c, 0) : current_axes()), *other = axes_right(ax);
    if (!other) {
        if (axes_solid(ax))
            fail("Octave:invalid-input-arg", "yyaxis: three-dimensional axes have one scale for y");
        struct tensor *order = prop_data(ax, P_ColorOrder);
        other = graphic_new(G_AXES, ax);
        double rgb[2][3];                     /* setting ColorOrder ends what `order` shows */
        for (int k = 0; k < 2; k++)
            for (int j = 0; j < 3; j++)
                rgb[k][j] = ((double *)order->data)[k % order->dim[0] + j * order->dim[0]];
        for (int k = 0; k < 2; k++) {
            prop_set_row(k ? other : ax, P_YColor, 3, rgb[k]);
            prop_set_row(k ? other : ax, P_ColorOrder, 3, rgb[k]);
        }
    }
    root_graphic()->current = graphic_up(ax, G_FIGURE);
    root_graphic()->current->current = right ? other : ax;
}

static bool overlap(const double a[4], const double b[4])
{
    double w = fmin(a[0] + a[2], b[0] + b[2]) - fmax(a[0], b[0]), h = fmin(a[1] + a[3], b[1] + b[3]) - fmax(a[1], b[1]);
    return w > 1e-6 && h > 1e-6;
}

BUILTIN(subplot, 0, ANY, 1, grad_zero,
  "subplot(m, n, k)\n"
  "subplot(mnk)\n"
  "ax = subplot(m, n, [k1 k2], name, value, ...)\n"
  "ax = subplot('Position', [left bottom width height])\n\n"
  "Axes in cell k of m rows and n columns, counted along the rows; several cells make one. Axes that are there already "
  "become the current ones; those that overlap go.\n\n"
  "Example:\n  figure('visible', 'off');\n  subplot(2, 1, 1); plot(1:3); subplot(2, 1, 2); plot(3:-1:1);\n  "
  "numel(get(gcf, 'Children'))\n  ans = 2\n  close\n\n"
  "See also: axes, figure")
{
    double cell[4] = { 0, 0, 1, 1 };
    int i = 0;
    bool exact = false;
    if (c->nargin == 0 || arg_is_text(c, 0)) {
        if (c->nargin < 2 || strcasecmp(arg_text(c, 0, NULL), "Position"))
            fail("Octave:invalid-fun-call", "subplot: rows, columns and a number are wanted: subplot(2, 1, 1)");
        struct tensor *p = arg_double(c, 1);
        if (p->numel != 4)
            fail_arg(c, 1, "[left bottom width height]");
        memcpy(cell, p->data, sizeof cell);
        exact = true;
        i = 2;
    } else if (axes_given(c, 0)) {
        struct graphic *ax = graphic_of(c->arg[0]);
        root_graphic()->current = graphic_up(ax, G_FIGURE);
        root_graphic()->current->current = ax;
        result_graphics(c, 1, &ax);
        return;
    } else {
        i64 m, n;
        struct tensor *k;
        if (c->nargin == 2 && !arg_is_text(c, 1))
            fail("Octave:invalid-fun-call", "subplot: rows, columns and a number are wanted: subplot(2, 1, 1)");
        if (c->nargin < 3 || arg_is_text(c, 1)) {
            i64 all = arg_int(c, 0, 111, 999);
            m = all / 100;
            n = all / 10 % 10;
            k = tensor_2d(D_DOUBLE, 1, 1);
            *(double *)k->data = (double)(all % 10);
            i = 1;
        } else {
            m = arg_int(c, 0, 1, 1000);
            n = arg_int(c, 1, 1, 1000);
            k = arg_double(c, 2);
            i = 3;
        }
        double lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };
        if (m < 1 || n < 1 || k->numel == 0)
            fail("Octave:invalid-input-arg", "subplot: rows, columns and the number count from 1");
        for (i64 j = 0; j < k->numel; j++) {
            double x = ((double *)k->data)[j];
            if (!(x >= 1 && x <= (double)(m * n)) || x != floor(x))
                fail("Octave:index-out-of-bounds",
                     "subplot: %g is none of the %lld cells of %lld rows and %lld columns", x, (long long)(m * n),
                     (long long)m, (long long)n);
            i64 row = ((i64)x - 1) / n, column = ((i64)x - 1) % n;
            lo[0] = fmin(lo[0], (double)column);
            hi[0] = fmax(hi[0], (double)column + 1);
            lo[1] = fmin(lo[1], (double)(m - row - 1));
            hi[1] = fmax(hi[1], (double)(m - row));
        }
        cell[0] = lo[0] / (double)n;
        cell[1] = lo[1] / (double)m;
        cell[2] = (hi[0] - lo[0]) / (double)n;
        cell[3] = (hi[1] - lo[1]) / (double)m;
    }
    while (i < c->nargin && arg_is_text(c, i) &&
           (!strcasecmp(arg_text(c, i, NULL), "align") || !strcasecmp(arg_text(c, i, NULL), "replace")))
        i++;
    prop_check_pairs(c, i, G_AXES);
    struct graphic *fig = current_figure(), *ax = NULL;
    int prop = exact ? P_Position : P_OuterPosition;
    for (struct graphic *g = fig->first, *next; g; g = next) {
        next = g->next;
        if (g->kind != G_AXES || prop_is(g, P_Tag, "annotations"))
            continue;
        const double *p = (const double *)prop_data(g, prop_given(g, P_Position) ? P_Position : P_OuterPosition)->data;
        double most = 0;
        for (int k = 0; k < 4; k++)
            most = fmax(most, fabs(p[k] - cell[k]));
        if (most < 1e-9)
            ax = g;
        else if (overlap(p, cell))
            graphic_delete(g);
    }
    if (!ax) {
        ax = graphic_new(G_AXES, fig);
        prop_set_row(ax, prop, 4, cell);
    }
    fig->current = ax;
    prop_set_pairs(c, i, 1, &ax);
    result_graphics(c, 1, &ax);
}

/* ---- limits */
static void limits_call(struct call *c, int axis)
{
    int first = 0;
    struct graphic *ax = arg_axes(c, &first);
    int p = axis_prop(axis, LIM);
    if (c->nargin > first) {
        if (arg_is_text(c, first) && !strcasecmp(arg_text(c, first, NULL), "mode")) {
            result_text(c, 0, prop_given(ax, p) ? "manual" : "auto");
            return;
        }
        if (arg_is_text(c, first) && !strcasecmp(arg_text(c, first, NULL), "manual"))
            prop_put(ax, p, prop_get(ax, p));
        else if (arg_is_text(c, first) &&
                 (!strcasecmp(arg_text(c, first, NULL), "tight") || !strcasecmp(arg_text(c, first, NULL), "padded"))) {
            struct reach e;
            axes_reach(ax, &e);
            if (e.lo[axis] < e.hi[axis])
                prop_set_row(ax, p, 2, (double[]){ e.lo[axis], e.hi[axis] });
        } else
            prop_set_named(c, ax, prop_name(p), c->arg[first]);
        return;
    }
    result(c, 0, prop_get(ax, p));
}

BUILTIN(xlim, 0, 2, 1, grad_zero,
  "lim = xlim()\n"
  "xlim([low high])\n"
  "xlim('auto')\n\n"
  "The limits of the x axis: asked, set, or found again from the data. An infinite end is the data's. 'manual' keeps "
  "them as they are.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); xlim([0 5])\n  xlim\n  ans =\n     0   5\n  close\n\n"
  "See also: ylim, zlim, axis")
{
    limits_call(c, 0);
}

BUILTIN(ylim, 0, 2, 1, grad_zero,
  "lim = ylim()\n"
  "ylim([low high])\n"
  "ylim('auto')\n\n"
  "The limits of the y axis, as xlim.\n\n"
  "Example:\n  figure('visible', 'off'); plot([0.3 7.9]);\n  ylim\n  ans =\n     0   8\n  close\n\n"
  "See also: xlim, zlim, axis")
{
    limits_call(c, 1);
}

BUILTIN(zlim, 0, 2, 1, grad_zero,
  "lim = zlim()\n"
  "zlim([low high])\n"
  "zlim('auto')\n\n"
  "The limits of the z axis, as xlim.\n\n"
  "Example:\n  figure('visible', 'off'); zlim([1 2])\n  zlim\n  ans =\n     1   2\n  close\n\n"
  "See also: xlim, ylim, axis")
{
    limits_call(c, 2);
}

static void colour_limits(struct call *c)
{
    int first = 0;
    struct graphic *ax = arg_axes(c, &first);
    if (c->nargin > first)
        prop_set_named(c, ax, "CLim", c->arg[first]);
    else
        result(c, 0, prop_get(ax, P_CLim));
}

BUILTIN(caxis, 0, 2, 1, grad_zero,
  "lim = caxis()\n"
  "caxis([low high])\n"
  "caxis('auto')\n\n"
  "What the first and the last colour of the colormap mean: asked, set, or found again from the data.\n\n"
  "Example:\n  figure('visible', 'off'); imagesc([1 2; 3 4]);\n  caxis\n  ans =\n     1   4\n  close\n\n"
  "See also: colormap, colorbar, imagesc, clim")
{
    colour_limits(c);
}

BUILTIN(clim, 0, 2, 1, grad_zero,
  "lim = clim()\n"
  "clim([low high])\n\n"
  "The same as caxis.\n\n"
  "Example:\n  figure('visible', 'off'); clim([0 5])\n  clim\n  ans =\n     0   5\n  close\n\n"
  "See also: caxis")
{
    colour_limits(c);
}

/* Limits as they are now, for good. */
static void freeze(struct graphic *ax)
{
    for (int a = 0; a < 3; a++)
        prop_put(ax, axis_prop(a, LIM), prop_get(ax, axis_prop(a, LIM)));
}

static void axis_word(struct call *c, struct graphic *ax, const char *s)
{
    static const char *const words[] = { "auto",  "manual", "tight", "equal",       "square", "normal", "image",
                                         "on",    "off",    "ij",    "xy",          "fill",   "vis3d",  "padded",
                                         "autox", "autoy",  "autoz", "tickaligned", NULL };
    const double one[3] = { 1, 1, 1 };
    int k = 0;
    while (words[k] && strcasecmp(words[k], s))
        k++;
    switch (k) {
    case 0: case 17:
        for (int a = 0; a < 3; a++)
            prop_unset(ax, axis_prop(a, LIM));
        prop_unset(ax, P_Tight);
        break;
    case 1:
        freeze(ax);
        break;
    case 2: case 13:
        for (int a = 0; a < 3; a++)
            prop_unset(ax, axis_prop(a, LIM));
        prop_set_text(ax, P_Tight, "yes");
        break;
    case 6:
        prop_set_text(ax, P_Tight, "yes");
        prop_set_row(ax, P_DataAspectRatio, 3, one);
        break;
    case 3:
        prop_unset(ax, P_PlotBoxAspectRatio);
        prop_set_row(ax, P_DataAspectRatio, 3, one);
        break;
    case 4:
        prop_unset(ax, P_DataAspectRatio);
        prop_set_row(ax, P_PlotBoxAspectRatio, 3, one);
        break;
    case 5: case 11:
        prop_unset(ax, P_DataAspectRatio);
        prop_unset(ax, P_PlotBoxAspectRatio);
        break;
    case 7: prop_set_text(ax, P_Visible, "on"); break;
    case 8: prop_set_text(ax, P_Visible, "off"); break;
    case 9: prop_set_text(ax, P_YDir, "reverse"); break;
    case 10: prop_set_text(ax, P_YDir, "normal"); break;
    case 12: break;
    case 14: case 15: case 16:
        prop_unset(ax, axis_prop(k - 14, LIM));
        break;
    default:
        arg_option(&(struct call){ .fn = c->fn, .nargin = 1, .arg = (value[]){ text_value(s, strlen(s)) } }, 0, words);
    }
}

BUILTIN(axis, 0, ANY, 1, grad_zero,
  "lim = axis()\n"
  "axis([xlow xhigh ylow yhigh])\n"
  "axis(word, ...)\n\n"
  "The limits of the axes: asked, set (an infinite end is the data's), or by words: auto, tight (as far as the data "
  "reach), manual (as they are), equal (one unit is as long in x as in y), square, normal, image (tight and equal), ij "
  "(y grows downwards), xy, on, off.\n\n"
  "Example:\n  figure('visible', 'off'); plot([1 2.5 4]); axis tight\n  axis\n  ans =\n     1   3   1   4\n  close\n\n"
  "See also: xlim, ylim, grid, axes")
{
    int i = 0;
    struct graphic *ax = arg_axes(c, &i);
    int n = axes_solid(ax) ? 3 : 2;
    if (i < c->nargin && !arg_is_text(c, i)) {
        struct tensor *t = arg_double(c, i);
        if (t->numel != 4 && t->numel != 6 && t->numel != 2 && t->numel != 8)
            fail_arg(c, i, "[xlow xhigh ylow yhigh] or a word");
        for (i64 k = 0; k < t->numel; k += 2) {
            double *l = (double *)t->data + k;
            if (!(l[0] < l[1]))
                fail("Octave:invalid-input-arg", "axis: the limits of %c must rise, but are [%g %g]", "xyzc"[k / 2],
                     l[0], l[1]);
        }
        for (i64 k = 0; k < t->numel; k += 2)
            prop_set_row(ax, k == 6 ? P_CLim : axis_prop((int)k / 2, LIM), 2, (double *)t->data + k);
        i++;
    }
    for (; i < c->nargin; i++)
        axis_word(c, ax, arg_text(c, i, NULL));
    if (c->nargin == 0 || c->nargout > 0) {
        double lim[6];
        for (int a = 0; a < n; a++)
            axes_limits(ax, a, lim + 2 * a);
        struct tensor *t = tensor_2d(D_DOUBLE, 1, 2 * n);
        memcpy(t->data, lim, (size_t)(2 * n) * sizeof *lim);
        result_tensor(c, 0, t);
    }
}

BUILTIN(grid, 0, 3, 0, grad_zero,
  "grid on\n"
  "grid off\n"
  "grid minor\n\n"
  "Lines at the ticks, and with minor between them. Alone it changes from one to the other.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); grid on\n  get(gca, 'XGrid')\n  ans = on\n  close\n\n"
  "See also: axis, box")
{
    int i = 0;
    struct graphic *ax = arg_axes(c, &i);
    int k = has_arg(c, i) ? arg_option(c, i, (const char *const[]){ "on", "off", "minor", NULL }) : prop_on(ax, P_XGrid);
    bool on = k == 0;
    if (k == 2)
        on = has_arg(c, i + 1) ? arg_option(c, i + 1, (const char *const[]){ "on", "off", NULL }) == 0
                               : !prop_on(ax, P_XMinorGrid);
    for (int a = 0; a < 3; a++) {
        prop_set_text(ax, axis_prop(a, k == 2 ? MINORGRID : GRID), on ? "on" : "off");
        if (k == 2 && on)
            prop_set_text(ax, axis_prop(a, GRID), "on");
    }
}

BUILTIN(box, 0, 2, 0, grad_zero,
  "box on\n"
  "box off\n\n"
  "A frame all around the axes, or only the axes with ticks. Alone it changes from one to the other.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); box off\n  get(gca, 'Box')\n  ans = off\n  close\n\n"
  "See also: axis, grid")
{
    int i = 0;
    struct graphic *ax = arg_axes(c, &i);
    bool on = has_arg(c, i) ? arg_option(c, i, (const char *const[]){ "on", "off", NULL }) == 0 : !prop_on(ax, P_Box);
    prop_set_text(ax, P_Box, on ? "on" : "off");
}
