/* SPDX-License-Identifier: BSD-3-Clause */
/* container.c: modules made of modules.
 *
 * A container holds its children in the cell `modules`; values pass from one to the next in the net's own form (nn.h), and
 * each child's output stays in the child, where backward finds it again. */
#include "nn.h"
#include "lab/cat.h"

enum { MODULES = 0 };                         /* number of the state field */
static struct cell *children(struct module *m) { return STATE(m, MODULES).cell; }
static inline struct module *child(struct module *m, i64 i) { return module_of(children(m)->v[i]); }

static value child_forward(struct module *m, i64 i, value x)
{
    nn_enter(m, (int)i + 1);
    value y = module_forward(child(m, i), x);
    nn_leave();
    return y;
}

static value child_backward(struct module *m, i64 i, value x, value g, int want, double scale)
{
    nn_enter(m, (int)i + 1);
    value y = module_backward(child(m, i), x, g, want, scale);
    nn_leave();
    return y;
}

/* ---- the list of children */
static bool holds(struct module *m, struct module *what)
{
    if (m == what)
        return true;
    int at = module_field(m, "modules");
    if (at < 0 || m->f[at].kind != K_CELL)
        return false;
    for (i64 i = 0; i < m->f[at].cell->numel; i++)
        if (holds(module_of(m->f[at].cell->v[i]), what))
            return true;
    return false;
}

static void put_child(struct module *m, i64 at, value v)
{
    char d[160];
    if (!is_module(v))
        fail("Octave:invalid-input-arg", "%s: a module is wanted, not a %s", layer_of(m)->class.name, value_describe(v, d));
    if (layer_of(module_of(v))->criterion != layer_of(m)->criterion)
        fail("Octave:invalid-input-arg", "%s: takes %s, but %s is a %s", layer_of(m)->class.name, layer_of(m)->criterion ? "criterions" : "modules",
             class_of(v), layer_of(m)->criterion ? "module" : "criterion");
    if (holds(module_of(v), m))
        fail("tl:nn", "%s: a module cannot be part of itself", layer_of(m)->class.name);
    struct cell *old = children(m), *c = cell_2d(1, old->numel + 1);
    for (i64 i = 0; i <= old->numel; i++)
        cell_set(c, i, i < at ? old->v[i] : i == at ? v : old->v[i - 1]);
    replace(&STATE(m, MODULES), copy(cell_value(c)));
}

static void container_init(struct module *m)
{
    replace(&STATE(m, MODULES), copy(nn_cells(0)));
}

static bool container_method(struct module *m, const char *name, struct call *c)
{
    i64 n = children(m)->numel;
    if (!strcmp(name, "add")) {
        if (c->nargin < 2)
            fail("Octave:invalid-fun-call", "%s.add: a module is needed", layer_of(m)->class.name);
        for (int i = 1; i < c->nargin; i++)
            put_child(m, children(m)->numel, c->arg[i]);
        result(c, 0, c->arg[0]);
    } else if (!strcmp(name, "get")) {
        result(c, 0, children(m)->v[arg_int(c, 1, 1, n) - 1]);
    } else if (!strcmp(name, "insert")) {
        if (c->nargin < 2)
            fail("Octave:invalid-fun-call", "%s.insert: a module and its place are needed", layer_of(m)->class.name);
        put_child(m, has_arg(c, 2) ? arg_int(c, 2, 1, n + 1) - 1 : n, c->arg[1]);
        result(c, 0, c->arg[0]);
    } else if (!strcmp(name, "remove")) {
        i64 at = has_arg(c, 1) ? arg_int(c, 1, 1, n) - 1 : n - 1;
        if (n == 0)
            fail("Octave:index-out-of-bounds", "%s.remove: it has no modules", layer_of(m)->class.name);
        struct cell *old = children(m), *now = cell_2d(1, n - 1);
        result(c, 0, old->v[at]);
        for (i64 i = 0; i < n - 1; i++)
            cell_set(now, i, old->v[i < at ? i : i + 1]);
        replace(&STATE(m, MODULES), copy(cell_value(now)));
    } else {
        return false;
    }
    return true;
}

static bool container_changed(struct module *m, int field)
{
    value v = m->f[field];
    if (v.kind != K_CELL)
        return false;
    for (i64 i = 0; i < v.cell->numel; i++)
        if (!is_module(v.cell->v[i]) || holds(module_of(v.cell->v[i]), m))
            return false;
    return true;
}

#define CONTAINER .state = "modules", .init = container_init, .method = container_method, .methods = "add get insert remove", .table = true

static void with_children(struct call *c, const struct layer *l)
{
    int no = nn_info(l)->no, own = MIN(c->nargin, no);
    struct module *m = module_make(l, own, c->arg);
    for (int i = no; i < c->nargin; i++)
        if (!is_nil(c->arg[i]))
            put_child(m, children(m)->numel, c->arg[i]);
    result(c, 0, module_value(m));
}
#define LAYER_CONTAINER(id, help, ...)                                                                                  \
    extern const struct layer layer_##id;                                                                               \
    const struct layer layer_##id = { .class = MODULE_CLASS("nn." #id), CONTAINER, __VA_ARGS__ };                       \
    static void nn_##id##_run(struct call *c) { with_children(c, &layer_##id); }                                        \
    extern const struct builtin builtin_nn_##id;                                                                        \
    const struct builtin builtin_nn_##id = { "nn_" #id, 0, ANY, 1, nn_##id##_run, grad_pass, help };

/* ---- Sequential */
static value sequential_forward(struct module *m, value x)
{
    i64 n = children(m)->numel;
    for (i64 i = 0; i < n; i++)               /* a view holds the memory that the module before it writes next */
        if (layer_of(child(m, i))->view)
            replace(&child(m, i)->output, nil());
    for (i64 i = 0; i < n; i++)
        x = child_forward(m, i, x);
    return x;
}

static value sequential_backward(struct module *m, value x, value g, int want, double scale)
{
    for (i64 i = children(m)->numel; i-- > 0;) {
        value in = i ? child(m, i - 1)->output : x;
        if (is_nil(in))
            fail("tl:nn", "%s: backward comes after forward: module %lld has no output yet", layer_of(m)->class.name, (long long)i);
        g = child_backward(m, i, in, g, i ? want | WANT_INPUT : want, scale);
    }
    return g;
}

LAYER_CONTAINER(Sequential,
  "m = nn.Sequential(module1, module2, ...)\n\n"
  "A chain: the output of each module is the input of the next. Modules are also added later: m.add(module), m.insert(module, place), m.remove(place); m.get(i) is the "
  "i-th, m.size() their number.\n\n"
  "Example:\n"
  "  net = nn.Sequential(nn.Identity(), nn.Tanh())\n"
  "  net =\n\n"
  "  nn.Sequential {\n"
  "    [input -> (1) -> (2) -> output]\n"
  "    (1): nn.Identity\n"
  "    (2): nn.Tanh\n"
  "  }\n\n"
  "See also: nn.Concat, nn.Parallel, nn.Linear",
  .forward = sequential_forward, .backward = sequential_backward, .tree = "chain", .changed = container_changed)
