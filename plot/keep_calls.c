/* SPDX-License-Identifier: BSD-3-Clause */
/* keep_calls.c: pictures as structs and back: what savefig, openfig and copyobj stand on.
 *
 * A graphic becomes a struct of its type, its role (which text of the axes it is), the properties that were set, and
 * its children, a struct array of the same form; so a picture can be saved like any other value.  On the way back every
 * type, place and property is checked first, as if the user had typed it, and only then something is made.  Lines for
 * gnuplot do not come along: what is read from a file must not be able to run anything. */
#include "plot.h"
#include <string.h>

static const char *const roles[] = {
    [R_CHILD] = "", [R_Title] = "title", [R_XLabel] = "xlabel", [R_YLabel] = "ylabel", [R_ZLabel] = "zlabel"
};
static const char *const fields[] = { "handle", "type", "role", "properties", "children" };
enum { F_HANDLE, F_TYPE, F_ROLE, F_PROPERTIES, F_CHILDREN };

static value words(const char *s) { return text_value(s, strlen(s)); }

static struct record *rows_for(i64 n)
{
    sym name[COUNT(fields)];
    for (int i = 0; i < COUNT(fields); i++)
        name[i] = symbol_of(fields[i]);
    return record_new(2, (i64[]){ n, n ? 1 : 0 }, COUNT(fields), name);
}

static void describe(struct graphic *g, struct record *r, i64 e)
{
    struct record *p = record_scalar();
    i64 n = 0, k = 0;
    for (int i = 0; i < g->nset; i++)
        record_set(p, 0, symbol_of(prop_name(g->set[i].prop)), g->set[i].v);
    for (struct graphic *x = g->first; x; x = x->next)
        n += x->kind != G_RAW;
    struct record *below = rows_for(n);
    for (struct graphic *x = g->first; x; x = x->next)
        if (x->kind != G_RAW)
            describe(x, below, k++);
    record_put(r, e, F_HANDLE, num(g->handle));
    record_put(r, e, F_TYPE, words(series_rows[g->kind].type));
    record_put(r, e, F_ROLE, words(roles[g->role]));
    record_put(r, e, F_PROPERTIES, record_value(p));
    record_put(r, e, F_CHILDREN, record_value(below));
}

BUILTIN(hdl2struct, 1, 1, 1, grad_zero,
  "s = hdl2struct(h)\n\n"
  "A figure, axes or series as a struct: its handle, type, role (title, xlabel, … of the axes' own texts), properties, "
  "a struct of those that were set, and children, a struct array of the same form. Lines for gnuplot (gnuplot.raw) are "
  "left out.\n\n"
  "Example:\n  figure('visible', 'off'); h = plot(1:3, 'r');\n  s = hdl2struct(h);\n  s.type\n  ans = line\n  "
  "s.properties.Color\n  ans =\n     1   0   0\n  close\n\n"
  "See also: struct2hdl, savefig, copyobj")
{
    struct graphic *g = arg_graphic(c, 0);
    if (g->kind == G_ROOT)
        fail_arg(c, 0, "the handle of a figure, axes or series; the root cannot be kept");
    struct record *r = rows_for(1);
    describe(g, r, 0);
    result(c, 0, record_value(r));
}

static value field(const struct record *r, i64 e, int f, const char *who)
{
    value v = record_get(r, e, symbol_of(fields[f]));
    if (is_nil(v))
        fail("Octave:invalid-input-arg", "%s: the struct has no field '%s'; is it one that hdl2struct or savefig made?",
             who, fields[f]);
    return v;
}

static const char *field_text(const struct record *r, i64 e, int f, const char *who)
{
    value v = field(r, e, f, who);
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR)
        fail("Octave:invalid-input-arg", "%s: the field '%s' must be a text", who, fields[f]);
    struct tensor *t = tensor_dense(tensor_of(v));
    char *s = scratch((size_t)t->numel + 1);
    memcpy(s, t->data, (size_t)t->numel);
    s[t->numel] = 0;
    return s;
}

static int find(const char *const *list, int n, const char *s)
{
    for (int i = 0; i < n; i++)
        if (list[i] && !strcmp(list[i], s))
            return i;
    return -1;
}

static int kind_of(const char *type)
{
    for (int i = 0; i < GRAPHICS; i++)
        if (!strcmp(series_rows[i].type, type))
            return i;
    return -1;
}

enum { RIGHT_AXES = GRAPHICS };               /* axes in axes, two scales: in these stand no others */
/* Whether a thing of that kind may stand there: figures in the root, axes in figures and in axes, all else in axes. */
static bool stands(int kind, int up)
{
    if (kind == G_FIGURE)
        return up == G_ROOT;
    if (kind == G_AXES)
        return up == G_FIGURE || up == G_AXES;
    return (up == G_AXES || up == RIGHT_AXES) && kind != G_ROOT;
}

struct wanted { int kind, role; const struct record *set, *below; };
static struct wanted look(const char *who, const struct record *r, i64 e, int up)
{
    struct wanted w;
    const char *type = field_text(r, e, F_TYPE, who), *role = field_text(r, e, F_ROLE, who);
    value set = field(r, e, F_PROPERTIES, who), below = field(r, e, F_CHILDREN, who);
    w.kind = kind_of(type);
    w.role = find(roles, COUNT(roles), role);
    if (w.kind < 0)
        fail("Octave:invalid-input-arg", "%s: there is no thing of the type '%s' in pictures", who, type);
    if (w.kind == G_RAW)
        fail("Octave:invalid-input-arg",
             "%s: lines for gnuplot are not taken from a struct or a file, since they could run anything", who);
    if (!stands(w.kind, up) || w.role < 0 || (w.role != R_CHILD && w.kind != G_TEXT))
        fail("Octave:invalid-input-arg", "%s: %s%s%s cannot stand in %s", who, role, *role ? " " : "", type,
             up == RIGHT_AXES ? "axes" : series_rows[up].type);
    if (set.kind != K_STRUCT || set.rec->numel != 1 || below.kind != K_STRUCT)
        fail("Octave:invalid-input-arg", "%s: properties must be a struct and children a struct array", who);
    w.set = set.rec;
    w.below = below.rec;
    return w;
}

/* The value as prop_put takes it, and which property; -1: the thing has it by itself. */
static int property(const char *who, int kind, const struct record *set, int f, value *v)
{
    int p = prop_named(who, kind, set->f->name[f]->text);
    if (p == P_CurrentAxes || p == P_CurrentFigure || p == P_XLink || p == P_YLink || p == P_Ties)
        return -1;
    *v = prop_check(who, kind, p, record_get(set, 0, set->f->name[f]));
    return is_nil(*v) ? -1 : p;
}

static void check(const char *who, const struct record *r, i64 e, int up)
{
    struct wanted w = look(who, r, e, up);
    value v;
    for (int f = 0; f < w.set->f->n; f++)
        property(who, w.kind, w.set, f, &v);
    for (i64 i = 0; i < w.below->numel; i++)
        check(who, w.below, i, w.kind == G_AXES && up == G_AXES ? RIGHT_AXES : w.kind);
}

static struct graphic *make(const char *who, const struct record *r, i64 e, struct graphic *up)
{
    struct wanted w = look(who, r, e, up->kind);
    struct graphic *g = w.kind == G_FIGURE  ? figure_new(0)
                        : w.role != R_CHILD ? axes_text(up, w.role)
                                            : graphic_new(w.kind, up);
    value v;
    for (int f = 0; f < w.set->f->n; f++) {
        int p = property(who, w.kind, w.set, f, &v);
        if (p >= 0)
            prop_put(g, p, v);
    }
    for (i64 i = 0; i < w.below->numel; i++)
        make(who, w.below, i, g);
    if (w.kind == G_AXES && up->kind == G_FIGURE)
        up->current = g;
    return g;
}

BUILTIN(struct2hdl, 1, 2, 1, grad_zero,
  "h = struct2hdl(s)\n"
  "h = struct2hdl(s, parent)\n\n"
  "Makes the figure, axes or series that the struct s of hdl2struct tells of, with all that stands in it: a figure is "
  "a new one, axes come into the figure parent (the current one), series into the axes parent (the current ones). "
  "Types, places and properties are checked before anything is made.\n\n"
  "Example:\n  figure('visible', 'off'); s = hdl2struct(plot([4 5 6]));\n  h = struct2hdl(s);\n  get(h, 'YData')\n  "
  "ans =\n     4   5   6\n  numel(get(gca, 'Children'))\n  ans = 2\n  close\n\n"
  "See also: hdl2struct, openfig, copyobj")
{
    const char *who = c->fn->name;
    if (c->arg[0].kind != K_STRUCT || c->arg[0].rec->numel != 1)
        fail_arg(c, 0, "a struct that hdl2struct made");
    const struct record *r = c->arg[0].rec;
    int kind = kind_of(field_text(r, 0, F_TYPE, who));
    struct graphic *up = has_arg(c, 1) ? arg_graphic(c, 1) : NULL;
    if (kind == G_FIGURE || (up && up->kind == G_ROOT))
        up = root_graphic();
    check(who, r, 0, up ? up->kind : kind == G_AXES ? G_FIGURE : G_AXES);
    if (!up)
        up = kind == G_AXES ? current_figure() : current_axes();
    struct graphic *g = make(who, r, 0, up);
    result_graphics(c, 1, &g);
}
