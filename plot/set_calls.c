/* SPDX-License-Identifier: BSD-3-Clause */
/* set_calls.c: functions on handles of any kind: get, set, delete, what a number is a handle of, findobj. */
#include "plot.h"
#include "lab/files.h"
#include <errno.h>
#include <math.h>
#include <unistd.h>

/* The graphics that argument i stands for. */
static struct graphic **handles(struct call *c, int i, i64 *n)
{
    struct tensor *t = arg_double(c, i);
    struct graphic **g = scratch((size_t)MAX(1, t->numel) * sizeof *g);
    for (i64 k = 0; k < t->numel; k++) {
        double h = ((double *)t->data)[k];
        if (!(g[k] = graphic_of(num(h))))
            fail("Octave:invalid-input-arg", "%s: %g is no handle of a figure, axes or series (any more)", c->fn->name, h);
    }
    *n = t->numel;
    return g;
}

static const char *name_at(const struct texts *t, i64 k)
{
    size_t n;
    const char *p = texts_at(t, k, &n);
    char *s = scratch(n + 1);
    memcpy(s, p, n);
    s[n] = 0;
    return s;
}

static value all_properties(struct graphic *g)
{
    struct record *r = record_scalar();
    for (const char *const *p = kind_names(g->kind); *p; p++)
        record_set(r, 0, symbol_of(*p), prop_get(g, prop_find(*p, g->kind)));
    return record_value(r);
}

BUILTIN(get, 1, 2, 1, grad_zero,
  "value = get(h, name)\n"
  "s = get(h)\n\n"
  "A property of what h stands for, or all of them in a struct. For several handles or a cell of names the values are "
  "in a cell.\n\n"
  "Example:\n  h = figure('visible', 'off');\n  get(h, 'Visible')\n  ans = off\n  close(h)\n\n"
  "See also: set, gcf, gca, findobj")
{
    i64 n;
    struct graphic **g = handles(c, 0, &n);
    if (c->nargin == 1) {
        if (n != 1)
            fail_arg(c, 0, "one handle");
        result(c, 0, all_properties(g[0]));
        return;
    }
    bool many = c->arg[1].kind == K_CELL;
    struct texts names = arg_texts(c, 1);
    struct cell *r = cell_2d(n, names.n);
    for (i64 k = 0; k < n; k++)
        for (i64 j = 0; j < names.n; j++)
            cell_set(r, k + j * n, prop_get(g[k], prop_named(c->fn->name, g[k]->kind, name_at(&names, j))));
    if (n == 1 && !many)
        result(c, 0, r->v[0]);
    else
        result(c, 0, cell_value(r));
}

BUILTIN(set, 1, ANY, 0, grad_zero,
  "set(h, name, value, ...)\n"
  "set(h, s)\n"
  "set(h, names, values)\n\n"
  "Sets properties of what h stands for, or of each of several. s is a struct with properties as fields; names and "
  "values may be cells, with a row of values for each handle. A colour is a name, a letter, '#rrggbb' or [r g b]; on "
  "and off may be true and false. Default, a kind and a property, as in set(0, 'DefaultLineLineWidth', 2), is what "
  "will be made below h from then on; 'remove' ends that.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = plot(1:3);\n  set(h, 'LineWidth', 3, 'Color', 'orange')\n  get(h, "
  "'LineWidth')\n  ans = 3\n  close\n\n"
  "See also: get, gca, plot")
{
    i64 n;
    struct graphic **g = handles(c, 0, &n);
    if (c->nargin == 1) {
        for (i64 k = 0; k < n; k++)
            for (const char *const *p = kind_names(g[k]->kind); *p; p++)
                outf("%s\n", *p);
        return;
    }
    if (c->arg[1].kind == K_STRUCT) {
        struct record *r = arg_struct(c, 1);
        if (r->numel != 1 || c->nargin > 2)
            fail_arg(c, 1, "one struct, and nothing behind it");
        for (int pass = 0; pass < 2; pass++)
            for (i64 k = 0; k < n; k++)
                for (int f = 0; f < r->f->n; f++)
                    if (pass == 0)
                        prop_check(c->fn->name, g[k]->kind, prop_named(c->fn->name, g[k]->kind, r->f->name[f]->text),
                                   r->v[f]);
                    else
                        prop_set_named(c, g[k], r->f->name[f]->text, r->v[f]);
        return;
    }
    if (c->arg[1].kind == K_CELL) {
        struct texts names = arg_texts(c, 1);
        struct cell *v = c->nargin == 3 ? arg_cell(c, 2) : NULL;
        if (!v || (v->numel != names.n && v->numel != names.n * n))
            fail("Octave:invalid-fun-call",
                 "set: a cell of %lld names wants a cell with as many values, or a row of them for each handle",
                 (long long)names.n);
        for (int pass = 0; pass < 2; pass++)
            for (i64 k = 0; k < n; k++)
                for (i64 j = 0; j < names.n; j++) {
                    const char *s = name_at(&names, j);
                    value x = v->v[v->numel == names.n ? j : k + j * n];
                    if (pass == 0)
                        prop_check(c->fn->name, g[k]->kind, prop_named(c->fn->name, g[k]->kind, s), x);
                    else
                        prop_set_named(c, g[k], s, x);
                }
        return;
    }
    for (i64 k = 0; k < n; k++)
        prop_check_pairs(c, 1, g[k]->kind);
    prop_set_pairs(c, 1, (int)n, g);
}

static void test_handles(struct call *c, int kind)
{
    if (!is_tensor_like(c->arg[0]) || dtype_is(value_dtype(c->arg[0]), DT_T | DT_C)) {
        result_bool(c, 0, false);
        return;
    }
    struct tensor *t = arg_double(c, 0), *r = tensor_new(D_LOGICAL, t->nd, t->dim);
    for (i64 i = 0; i < t->numel; i++) {
        struct graphic *g = graphic_of(num(((double *)t->data)[i]));
        ((uint8_t *)r->data)[i] = g && (kind < 0 || g->kind == kind);
    }
    result_tensor(c, 0, r);
}

BUILTIN(ishandle, 1, 1, 1, grad_zero,
  "tf = ishandle(h)\n\n"
  "True where h is the handle of something that is there.\n\n"
  "Example:\n  ishandle(pi)\n  ans = 0\n\n"
  "See also: ishghandle, isfigure, isaxes")
{
    test_handles(c, -1);
}

BUILTIN(ishghandle, 1, 1, 1, grad_zero,
  "tf = ishghandle(h)\n\n"
  "True where h is the handle of something that is there.\n\n"
  "Example:\n  ishghandle(pi)\n  ans = 0\n\n"
  "See also: ishandle, isfigure, isaxes")
{
    test_handles(c, -1);
}

BUILTIN(isgraphics, 1, 1, 1, grad_zero,
  "tf = isgraphics(h)\n\n"
  "True where h is the handle of something that is there.\n\n"
  "Example:\n  isgraphics(pi)\n  ans = 0\n\n"
  "See also: ishandle, isfigure, isaxes")
{
    test_handles(c, -1);
}

BUILTIN(isfigure, 1, 1, 1, grad_zero,
  "tf = isfigure(h)\n\n"
  "True where h is the handle of a figure.\n\n"
  "Example:\n  h = figure('visible', 'off');\n  isfigure(h)\n  ans = 1\n  close(h)\n  isfigure(h)\n  ans = 0\n\n"
  "See also: ishandle, isaxes, figure")
{
    test_handles(c, G_FIGURE);
}

BUILTIN(isaxes, 1, 1, 1, grad_zero,
  "tf = isaxes(h)\n\n"
  "True where h is the handle of axes.\n\n"
  "Example:\n  figure('visible', 'off');\n  isaxes(gca)\n  ans = 1\n  close\n\n"
  "See also: ishandle, isfigure, gca")
{
    test_handles(c, G_AXES);
}

static void delete_whole(struct graphic *g)   /* a group with what is in it */
{
    for (struct graphic *x = g->kind == G_GROUP ? g->up->first : NULL, *next; x; x = next) {
        next = x->next;
        if (x->group == g) {
            delete_whole(x);
            next = g->up->first;
        }
    }
    graphic_delete(g);
}

BUILTIN(delete, 1, ANY, 0, grad_zero,
  "delete(file, ...)\n"
  "delete(h)\n\n"
  "Remove files; one that is not there is a warning. Or what the handles h stand for: figures, axes, lines.\n\n"
  "Example:\n  f = tempname(); fclose(fopen(f, 'w'));\n  delete(f)\n\n"
  "See also: unlink, tempname, close, clf")
{
    if (!arg_is_text(c, 0) && is_tensor_like(c->arg[0])) {
        struct tensor *t = arg_double(c, 0);
        i64 n;
        handles(c, 0, &n);
        for (i64 i = 0; i < n; i++) {         /* one may stand in another that is deleted first */
            struct graphic *g = graphic_of(num(((double *)t->data)[i]));
            if (g)
                delete_whole(g);
        }
        return;
    }
    for (int i = 0; i < c->nargin; i++) {
        const char *name = arg_text(c, i, NULL);
        if (unlink(name))
            warn("Octave:delete:no-such-file", "delete: cannot remove '%s': %s", name, strerror(errno));
    }
}

/* Those at and below g that have all of the properties from argument i on; the count. */
static i64 find(struct call *c, int i, struct graphic *g, double *to)
{
    bool good = g->kind != G_ROOT && g->kind != G_LEGEND && is_child(g);
    for (int k = i; good && k + 1 < c->nargin; k += 2) {
        int p = prop_find(arg_text(c, k, NULL), g->kind);
        value have = p < 0 ? nil() : prop_get(g, p), want = p < 0 ? nil() : c->arg[k + 1];
        good =
            p >= 0 && (value_equal(have, want) || (p != P_Type && is_tensor_like(want) && value_dtype(want) == D_CHAR &&
                                                   value_equal(have, prop_check("findobj", g->kind, p, want))));
    }
    i64 n = good;
    if (good && to)
        *to = g->handle;
    for (struct graphic *x = g->first; x; x = x->next)
        n += find(c, i, x, to ? to + n : NULL);
    return n;
}

BUILTIN(findobj, 0, ANY, 1, grad_zero,
  "h = findobj(name, value, ...)\n"
  "h = findobj(h, name, value, ...)\n\n"
  "The handles of all things, or of those in h, whose properties have these values.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3, 'r');\n  get(findobj(gcf, 'Type', 'line'), 'Color')\n  ans =\n     "
  "1   0   0\n  close\n\n"
  "See also: get, set")
{
    int i = c->nargin % 2;
    struct graphic *g = i ? arg_graphic(c, 0) : root_graphic();
    for (int k = i; k < c->nargin; k += 2)
        arg_text(c, k, NULL);
    i64 n = find(c, i, g, NULL);
    struct tensor *t = tensor_2d(D_DOUBLE, n, n ? 1 : 0);
    if (n)
        find(c, i, g, (double *)t->data);
    result_tensor(c, 0, t);
}
