/* SPDX-License-Identifier: BSD-3-Clause */
/* group_calls.c: series that belong together, and properties that several things share.
 *
 * A group is a series that draws nothing; its members stand beside it in the axes and point to it, so only Parent,
 * Children, Visible and delete know of groups.  A tie is a row [handle, property] in each of those tied; put_all in
 * property.c follows it. */
#include "plot.h"

BUILTIN(hggroup, 0, ANY, 1, grad_zero,
  "h = hggroup()\n"
  "h = hggroup(ax, name, value, ...)\n\n"
  "A group of series: those made with 'Parent', h, or moved by set(series, 'Parent', h), are shown, hidden and deleted "
  "together with it. What is drawn into a group leaves the rest of the axes as it is.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = hggroup();\n  plot(1:3, 'Parent', h);  plot(3:-1:1, 'Parent', h);\n  "
  "numel(get(h, 'Children'))\n  ans = 2\n  set(h, 'Visible', 'off')\n  close\n\n"
  "See also: set, linkprop, hold")
{
    int i = 0;
    bool given = axes_given(c, 0);
    prop_check_pairs(c, given, G_GROUP);
    struct graphic *ax = arg_axes(c, &i), *g = series_new(G_GROUP, ax);
    prop_set_pairs(c, i, 1, &g);
    result_graphics(c, 1, &g);
}

static void tie(struct graphic *g, int n, const double *handle, int np, const int *prop)
{
    struct tensor *old = prop_data(g, P_Ties);
    i64 had = old->nd == 2 && old->dim[1] == 2 ? old->dim[0] : 0, m = had + (i64)n * np, k = had;
    struct tensor *t = tensor_2d(D_DOUBLE, m, 2);
    double *to = (double *)t->data;
    for (i64 i = 0; i < had; i++) {
        to[i] = ((double *)old->data)[i];
        to[i + m] = ((double *)old->data)[i + had];
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < np; j++, k++) {
            to[k] = handle[i];
            to[k + m] = prop[j];
        }
    prop_put(g, P_Ties, tensor_box(t));
}

BUILTIN(linkprop, 2, 2, 1, grad_zero,
  "linkprop(h, name)\n"
  "h = linkprop(h, {name, name2, ...})\n"
  "linkprop(h, 'off')\n\n"
  "Ties properties of the things h: all take the values of the first, and from then on what is set for one is set for "
  "all. With 'off' nothing of h is tied to anything any more. The result is h.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = plot(1:3, [1 2; 2 3; 3 4]);\n  linkprop(h, {'Color', 'LineWidth'});\n  "
  "set(h(2), 'Color', 'r')\n  get(h(1), 'Color')\n  ans =\n     1   0   0\n  close\n\n"
  "See also: linkaxes, set, hggroup")
{
    struct tensor *t = arg_double(c, 0);
    int n = (int)t->numel;
    const double *h = (const double *)t->data;
    struct graphic **g = scratch((size_t)MAX(1, n) * sizeof *g);
    for (int i = 0; i < n; i++)
        if (!(g[i] = graphic_of(num(h[i]))))
            fail("Octave:invalid-input-arg", "linkprop: %g is no handle of a figure, axes or series (any more)", h[i]);
    if (arg_is_text(c, 1) && !strcmp(arg_text(c, 1, NULL), "off")) {
        for (int i = 0; i < n; i++)
            prop_unset(g[i], P_Ties);
    } else {
        struct texts names = arg_texts(c, 1);
        int np = (int)names.n, *prop = scratch((size_t)MAX(1, np) * sizeof *prop);
        for (int j = 0; j < np; j++) {
            size_t length;
            const char *p = texts_at(&names, j, &length);
            char *name = scratch(length + 1);
            memcpy(name, p, length);
            name[length] = 0;
            for (int i = 0; i < n; i++)
                prop[j] = prop_named("linkprop", g[i]->kind, name);
            if (prop[j] == P_Parent || prop[j] == P_Children || prop[j] == P_Type || prop[j] == P_Ties)
                fail("Octave:invalid-input-arg", "linkprop: %s cannot be shared", prop_name(prop[j]));
        }
        for (int i = 0; i < n; i++)
            tie(g[i], n, h, np, prop);
        for (int j = 0; n > 0 && j < np; j++)
            prop_put(g[0], prop[j], prop_get(g[0], prop[j]));
    }
    if (c->nargout > 0)
        result(c, 0, c->arg[0]);
}
