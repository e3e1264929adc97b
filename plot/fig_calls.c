/* SPDX-License-Identifier: BSD-3-Clause */
/* fig_calls.c: functions on figures and axes: making, choosing, clearing, closing. */
#include "plot.h"
#include <math.h>

BUILTIN(figure, 0, ANY, 1, grad_zero,
  "figure\n"
  "h = figure(n)\n"
  "h = figure(n, name, value, ...)\n"
  "h = figure('visible', 'off')\n\n"
  "A new figure, or figure n, which is made if it is not there; it becomes the current one, into which is plotted. "
  "Names and values set properties. What is invisible is drawn only by print.\n\n"
  "Example:\n  h = figure('visible', 'off');\n  get(h, 'Visible')\n  ans = off\n  close(h)\n\n"
  "See also: gcf, close, clf, print, subplot")
{
    int from = 0, n = 0;
    if (has_arg(c, 0) && !arg_is_text(c, 0)) {
        n = (int)arg_int(c, 0, 1, INT32_MAX);
        from = 1;
    }
    prop_check_pairs(c, from, G_FIGURE);
    struct graphic *f = n ? figure_numbered(n) : NULL;
    if (!f)
        f = figure_new(n);
    root_graphic()->current = f;
    prop_set_pairs(c, from, 1, &f);
    result_graphics(c, 1, &f);
}

BUILTIN(gcf, 0, 0, 1, grad_zero,
  "h = gcf()\n\n"
  "The current figure; one is made if there is none.\n\n"
  "Example:\n  h = figure('visible', 'off');\n  gcf() == h\n  ans = 1\n  close(h)\n\n"
  "See also: gca, figure")
{
    result_num(c, 0, current_figure()->handle);
}

BUILTIN(gca, 0, 0, 1, grad_zero,
  "h = gca()\n\n"
  "The current axes; they are made if there are none.\n\n"
  "Example:\n  figure('visible', 'off');\n  get(gca(), 'XLim')\n  ans =\n     0   1\n  close\n\n"
  "See also: gcf, axes, subplot")
{
    result_num(c, 0, current_axes()->handle);
}

BUILTIN(close, 0, 2, 1, grad_zero,
  "close\n"
  "close(h)\n"
  "close all\n\n"
  "Close the current figure, figure h (also several), or all.\n\n"
  "Example:\n  figure('visible', 'off');\n  close\n\n"
  "See also: figure, clf")
{
    if (c->nargin == 0) {
        if (root_graphic()->current)
            graphic_delete(root_graphic()->current);
    } else if (arg_is_text(c, 0)) {
        arg_option(c, 0, (const char *const[]){ "all", "force", "hidden", NULL });
        while (root_graphic()->first)
            graphic_delete(root_graphic()->first);
    } else {
        struct tensor *t = arg_double(c, 0);
        for (int pass = 0; pass < 2; pass++)
            for (i64 i = 0; i < t->numel; i++) {
                double h = ((double *)t->data)[i];
                struct graphic *g = graphic_of(num(h));
                if (g && g->kind == G_FIGURE && pass == 1)
                    graphic_delete(g);
                else if (pass == 0 && (!g || g->kind != G_FIGURE))
                    fail("Octave:invalid-input-arg", "close: there is no figure %g", h);
            }
    }
    if (c->nargout)
        result_num(c, 0, 1);
}

BUILTIN(hold, 0, 2, 0, grad_zero,
  "hold on\n"
  "hold off\n"
  "hold(ax, 'on')\n\n"
  "With hold on what is plotted is added to the axes; with hold off it takes the place of what was there. Alone it "
  "changes from one to the other.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); hold on; plot(3:-1:1);\n  numel(get(gca, 'Children'))\n  ans = 2\n "
  " close\n\n"
  "See also: ishold, plot, newplot")
{
    int first = 0;
    struct graphic *ax = arg_axes(c, &first);
    bool on = !prop_is(ax, P_NextPlot, "add");
    if (has_arg(c, first))
        on = arg_option(c, first, (const char *const[]){ "on", "off", "all", NULL }) != 1;
    prop_set_text(ax, P_NextPlot, on ? "add" : "replace");
}
