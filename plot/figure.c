/* SPDX-License-Identifier: BSD-3-Clause */
/* figure.c: the tree of figures, axes and series, and handles.
 *
 * The tree hangs on the context: two interpreters share no picture.  All graphics stand in one array in the order of
 * their handles, which only fall, so a handle is found by bisection.  Who changes a graphic touches its figure; the
 * figure is drawn again when it is next looked at. */
#include "plot.h"
#include <math.h>
#include <strings.h>

const struct series_row series_rows[GRAPHICS] = {
#define S(NAME, ...) [G_##NAME] = { __VA_ARGS__ },
#include "series.def"
#undef S
};

static void plot_free(void)
{
    struct plot *p = plot_state();
    show_free(p);
    for (struct graphic *f = p->root.first, *next; f; f = next) {
        next = f->next;
        graphic_delete(f);
    }
    for (int i = 0; i < p->root.nset; i++)
        drop(p->root.set[i].v);
    memory_free(p->root.set, (size_t)p->root.cap * sizeof *p->root.set);
    memory_free(p->all, (size_t)p->cap * sizeof *p->all);
    memory_free(p, sizeof *p);
    *context_room(ROOM_PLOT) = NULL;
}

struct plot *plot_state(void)
{
    void **room = context_room(ROOM_PLOT);
    if (!*room) {
        struct plot *p = memory_get(sizeof *p);
        memset(p, 0, sizeof *p);
        p->root.kind = G_ROOT;
        *room = p;
        context_at_exit(plot_free);
    }
    return *room;
}

struct graphic *root_graphic(void)
{
    return &plot_state()->root;
}

/* ---- making and deleting */
static void link_last(struct graphic *g, struct graphic *up)
{
    g->up = up;
    g->prev = up->last;
    g->next = NULL;
    *(up->last ? &up->last->next : &up->first) = g;
    up->last = g;
}

static void cut(struct graphic *g)
{
    *(g->prev ? &g->prev->next : &g->up->first) = g->next;
    *(g->next ? &g->next->prev : &g->up->last) = g->prev;
}

struct graphic *graphic_new(int kind, struct graphic *up)
{
    struct plot *p = plot_state();
    if (p->n == p->cap) {
        int cap = MAX(16, 2 * p->cap);
        p->all = memory_grow(p->all, (size_t)p->cap * sizeof *p->all, (size_t)cap * sizeof *p->all);
        p->cap = cap;
    }
    struct graphic *g = memory_get(sizeof *g);
    memset(g, 0, sizeof *g);
    g->kind = (uint8_t)kind;
    if (kind == G_LEGEND || kind == G_COLORBAR)
        up = axes_main(up);
    if (kind != G_FIGURE) {
        g->handle = -0.5 - (double)++p->made;
        p->all[p->n++] = g;
    }
    link_last(g, up);
    prop_inherit(g);
    graphic_touch(g);
    return g;
}

static int place_of(double handle)            /* in p->all, or -1 */
{
    struct plot *p = plot_state();
    int lo = 0, hi = p->n;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (p->all[mid]->handle > handle)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < p->n && p->all[lo]->handle == handle ? lo : -1;
}

void graphic_delete(struct graphic *g)
{
    struct plot *p = plot_state();
    if (g->kind == G_ROOT)
        return;
    graphic_touch(g);
    if (g->kind == G_FIGURE)
        show_closed(g);
    for (struct graphic *x = g->first, *next; x; x = next) {
        next = x->next;
        graphic_delete(x);
    }
    if (g->kind == G_GROUP)                   /* its series stay, unless who deletes it takes them first */
        for (struct graphic *x = g->up->first; x; x = x->next)
            if (x->group == g)
                x->group = g->group;
    cut(g);
    struct graphic *up = g->up;
    if (g->kind == G_AXES && up->kind == G_AXES && up->up->current == g)
        up->up->current = up;
    if (up->current == g) {                   /* the newest of its kind that is left */
        up->current = NULL;
        for (struct graphic *x = up->first; x; x = x->next)
            if (x->kind == g->kind)
                up->current = x;
    }
    int i = g->kind == G_FIGURE ? -1 : place_of(g->handle);
    if (i >= 0)
        memmove(p->all + i, p->all + i + 1, (size_t)(--p->n - i) * sizeof *p->all);
    for (i = 0; i < g->nset; i++)
        drop(g->set[i].v);
    if (g->where)
        hooks()->place_drop(g->where);
    memory_free(g->set, (size_t)g->cap * sizeof *g->set);
    memory_free(g, sizeof *g);
}

void graphic_touch(struct graphic *g)
{
    if (hooks()->place && g->kind != G_ROOT)
        g->where = hooks()->place(g->where);
    if ((g = graphic_up(g, G_FIGURE))) {
        g->dirty = true;
        g->printed = false;
    }
}

struct graphic *graphic_up(struct graphic *g, int kind)
{
    while (g && g->kind != kind)
        g = g->up;
    return g;
}

/* ---- finding */
struct graphic *figure_numbered(int n)
{
    for (struct graphic *f = root_graphic()->first; f; f = f->next)
        if (f->handle == n)
            return f;
    return NULL;
}

struct graphic *graphic_of(value v)
{
    if (!is_tensor_like(v) || value_numel(v) != 1 || dtype_is(value_dtype(v), DT_C | DT_T | DT_L))
        return NULL;
    double h = element_double(tensor_of(v), 0);
    if (h == 0)
        return root_graphic();
    if (h > 0)
        return h <= INT32_MAX && h == floor(h) ? figure_numbered((int)h) : NULL;
    int i = place_of(h);
    return i < 0 ? NULL : plot_state()->all[i];
}

struct graphic *figure_new(int n)
{
    if (n == 0)
        for (n = 1; figure_numbered(n); n++) {}
    struct graphic *f = graphic_new(G_FIGURE, root_graphic());
    f->handle = n;
    root_graphic()->current = f;
    return f;
}

struct graphic *current_figure(void)
{
    struct graphic *f = root_graphic()->current;
    return f ? f : figure_new(0);
}

struct graphic *current_axes(void)
{
    struct graphic *f = current_figure();
    if (!f->current)
        f->current = graphic_new(G_AXES, f);
    return f->current;
}

struct graphic *axes_main(struct graphic *ax)
{
    return ax->kind == G_AXES && ax->up->kind == G_AXES ? ax->up : ax;
}

struct graphic *axes_right(struct graphic *ax)
{
    for (struct graphic *g = axes_main(ax)->first; g; g = g->next)
        if (g->kind == G_AXES)
            return g;
    return NULL;
}

struct graphic *axes_text(struct graphic *ax, int role)
{
    if (role != R_YLabel)
        ax = axes_main(ax);
    for (struct graphic *g = ax->first; g; g = g->next)
        if (g->role == role)
            return g;
    struct graphic *g = graphic_new(G_TEXT, ax);
    g->role = (uint8_t)role;
    prop_put(g, P_HorizontalAlignment, text_value("center", 6));
    if (role == R_Title)
        prop_put(g, P_FontSize, num(15));
    return g;
}

struct graphic *axes_owned(struct graphic *ax, int kind)
{
    for (struct graphic *g = axes_main(ax)->first; g; g = g->next)
        if (g->kind == kind)
            return g;
    return NULL;
}

/* What survives a clearing: where the axes stand. */
static bool is_place(int prop)
{
    return prop == P_Position || prop == P_OuterPosition || prop == P_Units || prop == P_Tag || prop == P_UserData ||
           prop == P_ColorOrder || prop == P_Colormap;
}

void axes_clear(struct graphic *ax, bool reset)
{
    for (struct graphic *g = ax->first, *next; g; g = next) {
        next = g->next;
        if (g->kind != G_AXES && (reset || is_series(g)))
            graphic_delete(g);
    }
    bool two = axes_right(ax) != NULL;        /* both sides keep the colours that tell them apart */
    for (int i = ax->nset - 1; i >= 0; i--)
        if (reset ? !is_place(ax->set[i].prop) && !(two && ax->set[i].prop == P_YColor)
                  : ax->set[i].prop == P_ColorOrderIndex)
            prop_unset(ax, ax->set[i].prop);
    if (reset)
        prop_inherit(ax);
    graphic_touch(ax);
}

void graphic_move(struct graphic *g, struct graphic *to)
{
    struct graphic *ax = to->kind == G_GROUP ? to->up : to;
    graphic_touch(g);
    if (ax != g->up) {
        for (struct graphic *x = g->kind == G_GROUP ? g->up->first : NULL, *next; x; x = next) {
            next = x->next;
            if (x->group == g) {
                graphic_move(x, ax);
                x->group = g;
            }
        }
        cut(g);
        link_last(g, ax);
    }
    g->group = to->kind == G_GROUP ? to : NULL;
    graphic_touch(g);
}

bool series_shown(struct graphic *g)
{
    for (; g; g = g->group)
        if (!prop_on(g, P_Visible))
            return false;
    return true;
}

struct graphic *series_new(int kind, struct graphic *ax)
{
    struct graphic *g = graphic_new(kind, ax);
    if (series_rows[kind].flags & G_COLOURED) {
        struct tensor *order = prop_data(ax, P_ColorOrder);
        i64 turn = (i64)prop_num(ax, P_ColorOrderIndex), m = order->dim[0];
        double rgb[3];
        for (int k = 0; k < 3; k++)
            rgb[k] = m > 0 ? ((double *)order->data)[(MAX(turn, 1) - 1) % m + k * m] : 0;
        prop_set_row(g, prop_find("Color", kind) >= 0 ? P_Color : P_FaceColor, 3, rgb);
        if (m == 1 && kind == G_LINE && axes_right(ax))      /* one colour for each side: the dashes take turns */
            prop_set_text(g, P_LineStyle, (const char *const[]){ "-", "--", ":", "-." }[(MAX(turn, 1) - 1) % 4]);
        prop_put(ax, P_ColorOrderIndex, num((double)(turn + 1)));
    }
    return g;
}

/* ---- arguments and results */
struct graphic *arg_graphic(struct call *c, int i)
{
    struct graphic *g = graphic_of(c->arg[i]);
    if (g)
        return g;
    if (is_tensor_like(c->arg[i]) && value_numel(c->arg[i]) == 1 && value_dtype(c->arg[i]) != D_CHAR)
        fail("Octave:invalid-input-arg", "%s: %g is no handle of a figure, axes or series (any more)", c->fn->name,
             element_double(tensor_of(c->arg[i]), 0));
    fail_arg(c, i, "the handle of a figure, axes or series");
}

struct graphic *arg_axes(struct call *c, int *first)
{
    struct graphic *g = *first < c->nargin && is_tensor_like(c->arg[*first]) && value_numel(c->arg[*first]) == 1 &&
                        element_double(tensor_of(c->arg[*first]), 0) < 0 ? graphic_of(c->arg[*first]) : NULL;
    if (!g || g->kind != G_AXES)
        return current_axes();
    ++*first;
    return g;
}

struct graphic *plot_axes(struct call *c, int *first)
{
    struct graphic *ax = arg_axes(c, first), *to = NULL;
    for (int i = *first; i + 1 < c->nargin && !to; i++)
        if (arg_is_text(c, i) && !strcasecmp(arg_text(c, i, NULL), "Parent"))
            to = graphic_of(c->arg[i + 1]);
    if (to && (to->kind == G_AXES || to->kind == G_GROUP))        /* into a group: what is there stays */
        ax = to->kind == G_GROUP ? to->up : to;
    struct graphic *fig = graphic_up(ax, G_FIGURE);
    const char *next = prop_text(ax, P_NextPlot);
    root_graphic()->current = fig;
    fig->current = ax;
    if (strcmp(next, "add") && !(to && to->kind == G_GROUP))
        axes_clear(ax, !strcmp(next, "replace"));
    return ax;
}

void result_graphics(struct call *c, int n, struct graphic *const *g)
{
    if (c->nargout == 0)
        return;
    struct tensor *t = tensor_2d(D_DOUBLE, n, n ? 1 : 0);
    for (int i = 0; i < n; i++)
        ((double *)t->data)[i] = g[i]->handle;
    result_tensor(c, 0, t);
}
