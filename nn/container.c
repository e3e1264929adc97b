/* SPDX-License-Identifier: BSD-3-Clause */
/* container.c: modules made of modules.
 *
 * A container holds its children in the cell `modules`; values pass from one to the next in the net's own form (nn.h), and
 * each child's output stays in the child, where backward finds it again. */
#include "nn.h"
#include "lab/gpu.h"
#include "lab/cat.h"
#include "lab/index.h"

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
static void put_child(struct module *m, i64 at, value v)
{
    char d[160];
    if (!is_module(v))
        fail("Octave:invalid-input-arg", "%s: a module is wanted, not a %s%s", layer_of(m)->class.name, value_describe(v, d),
             v.kind == K_CELL   ? "\nhint: c{:} hands over what is in a cell c, one after the other"
             : v.kind == K_FUNC ? "\nhint: nn.Lambda(f) makes a layer of a function"
                                : "");
    if (layer_of(module_of(v))->criterion != layer_of(m)->criterion)
        fail("Octave:invalid-input-arg", "%s: takes %s, but %s is a %s", layer_of(m)->class.name,
             layer_of(m)->criterion ? "criterions" : "modules", class_of(v),
             layer_of(m)->criterion ? "module" : "criterion");
    if (nn_holds(v, m))
        fail("tl:nn", "%s: a module cannot be part of itself", layer_of(m)->class.name);
    if (nn_parameters(module_of(v), false).cell->numel)
        nn_leave_parameters(m);
    struct cell *old = children(m);
    if (at == old->numel && old->h.owners == 1 && !old->h.pins) {
        cell_resize(old, 2, (i64[]){ 1, at + 1 });
        cell_set(old, at, v);
        return;
    }
    struct cell *c = cell_2d(1, old->numel + 1);
    for (i64 i = 0; i <= old->numel; i++)
        cell_set(c, i, i < at ? old->v[i] : i == at ? v : old->v[i - 1]);
    replace(&STATE(m, MODULES), copy(cell_value(c)));
}

static void container_init(struct module *m)
{
    replace(&STATE(m, MODULES), copy(nn_cells(0)));
}

extern const struct layer layer_DataParallelTable;
static bool container_method(struct module *m, const char *name, struct call *c)
{
    i64 n = children(m)->numel;
    if (strcmp(name, "get"))
        nn_idle(m);
    if (!strcmp(name, "add")) {
        if (c->nargin < 2)
            fail("Octave:invalid-fun-call", "%s.add: a module is needed", layer_of(m)->class.name);
        bool parallel = layer_of(m) == &layer_DataParallelTable; /* add(net, gpus); further copies would be equal to the first */
        if (parallel && n && (c->nargin < 3 || !is_tensor_like(c->arg[2]) || value_numel(c->arg[2]) != 1))
            fail("Octave:invalid-fun-call",
                 "%s.add: it has its module, and takes only copies for another GPU, as in add(net, 2)", layer_of(m)->class.name);
        for (int i = 1; i < (parallel ? (n ? 1 : 2) : c->nargin); i++)
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
        if (nn_parameters(child(m, at), false).cell->numel)
            nn_leave_parameters(m);
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

#define CONTAINER .state = "modules", .init = container_init, .changed = nn_children_changed, .method = container_method, .methods = "add get insert remove", .table = true

static void with_children(struct call *c, const struct layer *l)
{
    int no = nn_info(l)->no, own = MIN(c->nargin, no);
    struct module *m = module_make(l, own, c->arg);
    if (c->nargin == 2 && !strcmp(l->class.name, "nn.MapTable") && !is_module(c->arg[1]))
        (void)arg_bool(c, 1);
    for (int i = no; i < c->nargin; i++)
        if (!is_nil(c->arg[i]) && !(i == 1 && !strcmp(l->class.name, "nn.MapTable") && !is_module(c->arg[i])))
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
    for (i64 i = 0; i < n;
         i++) { /* a view holds the memory that the module before it writes next; so may a gradInput not computed yet */
        if (layer_of(child(m, i))->view)
            replace(&child(m, i)->output, nil());
        nn_forget_lazy(child(m, i));
    }
    for (i64 i = 0; i < n; i++)
        x = child_forward(m, i, x);
    return x;
}

/* A large gradInput of the step before goes before the next one comes, which then lies in its memory: at 256 x 256 and
   batch 60 a ConvNet took 90 MB more. */
enum { LARGE = 1 << 20 };
static bool large(value v) { return v.kind == K_TENSOR && v.t->numel * (i64)dtypes[v.t->dtype].size >= LARGE; }
static void make_room(struct module *m, value g)          /* a module that stands in the chain twice may have made g */
{
    value v = m->grad_input;
    if (large(v) && !(g.kind == K_TENSOR && g.t == v.t))
        replace(&m->grad_input, nil());
}

/* And a large one between a pooling and a transfer function is the memory in which the latter's lies: the pooling
   computes its own again when somebody asks, which costs nothing in a training step and keeps as much again out of
   memory. */
static bool handed_on(struct module *m, struct module *before, value x, value g, value gx)
{
    struct nn_state *st = nn_state();
    if (!large(gx) || !layer_of(m)->again || !layer_of(before)->over || gx.t->device || gx.t->mark || RECORDING ||
        st->stop_at_nan || st->note_nan)
        return false;
    const struct block *b = gx.t->block;
    if (gx.t->h.pins || !b || b->owners != 1 || b->foreign || (g.kind == K_TENSOR && g.t->block == b) ||
        (x.kind == K_TENSOR && x.t->block == b))
        return false;
    replace(&m->lazy_x, copy(x));
    replace(&m->lazy_g, copy(g));
    replace(&m->grad_input, nil());
    return true;
}

static value sequential_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 n = children(m)->numel;
    for (i64 i = 0; i < n; i++)
        nn_forget_lazy(child(m, i));
    for (i64 i = n; i-- > 0;) {
        value in = i ? child(m, i - 1)->output : x;
        if (is_nil(in))
            fail("tl:nn", "%s: backward comes after forward: module %lld has no output yet", layer_of(m)->class.name,
                 (long long)i);
        make_room(child(m, i), g);
        if (i && layer_of(child(m, i))->again && layer_of(child(m, i - 1))->over)
            make_room(child(m, i - 1), g);
        value gx = child_backward(m, i, in, g, i ? want | WANT_INPUT : want, scale);
        nn_state()->over = i && handed_on(child(m, i), child(m, i - 1), in, g, gx) ? gx.t : NULL;
        g = gx;
    }
    return g;
}

LAYER_CONTAINER(Sequential,
  "m = nn.Sequential(module1, module2, ...)\n\n"
  "A chain: the output of each module is the input of the next. Modules are also added later: m.add(module), "
  "m.insert(module, place), m.remove(place); m.get(i) is the i-th, m.size() their number.\n\n"
  "Example:\n"
  "  net = nn.Sequential(nn.Identity(), nn.Tanh())\n"
  "  net =\n\n"
  "  nn.Sequential {\n"
  "    [input -> (1) -> (2) -> output]\n"
  "    (1): nn.Identity\n"
  "    (2): nn.Tanh\n"
  "  }\n\n"
  "See also: nn.Concat, nn.Parallel, nn.Linear",
  .forward = sequential_forward, .backward = sequential_backward, .tree = "chain")

/* ---- DataParallelTable: Torch's batch over several GPUs, here on the one where the net is */
LAYER_CONTAINER(DataParallelTable,
  "m = nn.DataParallelTable(dimension, flattenParams, useNCCL)\n\n"
  "Torch's container that splits a batch along dimension over several GPUs. Here it hands the whole batch to its module, on the GPU where "
  "that is, which gives the same output and gradients; flattenParams and useNCCL are kept as they are given. m.add(net, gpus) "
  "gives it the module; further m.add(net, 2), copies for other GPUs, are not wanted and left out.\n\n"
  "Defaults: dimension 1.\n\n"
  "Example:\n  m = nn.DataParallelTable(1).add(nn.Square(), [1 2]); m.forward(3)\n  ans = 9\n\n"
  "See also: nn.GPU, nn.Sequential, cuda.setDevice",
  .options = "dimension:n=1 flattenParams:b=0 useNCCL:b=0", .forward = sequential_forward, .backward = sequential_backward,
  .tree = "chain")

/* ---- pieces of tensors; all record themselves */
extern const struct builtin builtin_reshape;
value nn_sized(value v, int nd, const i64 *dim)       /* column-major, as the language's reshape */
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, MAX(2, nd));
    for (int d = 0; d < MAX(2, nd); d++)
        ((double *)t->data)[d] = d < nd ? (double)dim[d] : 1;
    return g_call(&builtin_reshape, 2, v, tensor_box(t));
}

value nn_slice(value x, int dim, i64 from, i64 n)
{
    value idx[MAX_DIMS];
    i64 size[MAX_DIMS];
    int nd = MAX(value_dims(x, size), dim);
    if (dim < 1 || dim > MAX_DIMS)
        fail("Octave:index-out-of-bounds", "there is no dimension %d", dim);
    for (int d = 0; d < nd; d++)
        idx[d] = d == dim - 1 ? range_new((double)from + 1, 1, (double)(from + n)) : colon();
    return index_paren(x, nd, idx);
}

/* x at place i of dimension dim, which goes; of a matrix a row remains. */
value nn_select(value x, int dim, i64 i)
{
    i64 size[MAX_DIMS];
    int nd = value_dims(x, size);
    value y = nn_slice(x, dim, i, 1);
    if (nd <= 2)
        return nn_sized(y, 2, (i64[]){ 1, value_numel(y) });
    if (dim <= nd)
        memmove(size + dim - 1, size + dim, sizeof(i64) * (size_t)(nd - dim));
    return nn_sized(y, nd - (dim <= nd), size);
}

value nn_join(struct module *m, int dim, int n, const value *part)
{
    value y = cat_dim(layer_of(m)->class.name, dim - 1, n, part);
    return RECORDING ? tape_cat(dim, n, part, y) : y;
}

value nn_add(struct module *m, value a, value b)             /* of tensors or cells alike; NIL is nothing */
{
    if (is_nil(a) || is_nil(b))
        return is_nil(a) ? b : a;
    if (a.kind == K_CELL && b.kind == K_CELL && a.cell->numel == b.cell->numel) {
        struct cell *c = cell_new(a.cell->nd, a.cell->dim);
        for (i64 i = 0; i < a.cell->numel; i++)
            cell_set(c, i, nn_add(m, a.cell->v[i], b.cell->v[i]));
        return cell_value(c);
    }
    if (a.kind == K_STRUCT && b.kind == K_STRUCT && a.rec->numel == 1 && b.rec->numel == 1 && a.rec->f->n == b.rec->f->n) {
        struct record *r = record_scalar();
        for (int i = 0; i < a.rec->f->n; i++)
            record_set(r, 0, a.rec->f->name[i],
                       nn_add(m, record_get(a.rec, 0, a.rec->f->name[i]), record_get(b.rec, 0, a.rec->f->name[i])));
        return record_value(r);
    }
    if (!is_tensor_like(a) || !is_tensor_like(b))
        nn_fail(m, "gradients of different kinds cannot be added");
    if (!RECORDING && a.kind == K_TENSOR && b.kind == K_TENSOR && a.t->numel > 1 && rows_alike(a.t, b.t) &&
        (rows_already(a.t) || rows_already(b.t))) {
        struct tensor *y = rows_new(a.t->dtype, a.t->nd, a.t->dim);
        rows_plus(y, a.t, b.t);
        return tensor_box(y);
    }
    return g_op(EW_plus, a, b);
}

static i64 size_along(value v, int dim)
{
    i64 size[MAX_DIMS];
    return dim <= value_dims(v, size) ? size[dim - 1] : 1;
}

static void some_children(struct module *m)
{
    if (!children(m)->numel)
        nn_fail(m, "has no modules yet; m.add(module) adds one");
}

/* ---- Concat, DepthConcat: one input, outputs joined */
static value padded(value v, int along, int nd, const i64 *most)         /* zeros around, but along the joined dimension */
{
    i64 size[MAX_DIMS];
    int have = value_dims(v, size);
    for (int d = 0; d < nd; d++) {
        i64 n = d < have ? size[d] : 1, first = (most[d] - n) / 2, last = most[d] - n - first;
        if (d == along - 1 || most[d] == n)
            continue;
        value part[3];
        int k = 0;
        for (int side = 0; side < 2; side++) {
            i64 zeros = side ? last : first, zd[MAX_DIMS];
            int vd = value_dims(v, zd);
            for (int e = vd; e < nd; e++)
                zd[e] = 1;
            zd[d] = zeros;
            if (side)
                part[k++] = v;
            if (zeros)
                part[k++] = tensor_box(zeros_beside(v, value_dtype(v), MAX(vd, nd), zd));
            if (!side && zeros == 0)
                continue;
        }
        value y = cat_dim("nn.DepthConcat", d, k, part);
        v = RECORDING ? tape_cat(d + 1, k, part, y) : y;
    }
    return v;
}

static bool depth_concat(struct module *m) { return !strcmp(layer_of(m)->class.name, "nn.DepthConcat"); }

static value concat_forward(struct module *m, value x)
{
    int n = (int)children(m)->numel, dim = (int)option_int(m, 0), nd = 2;
    value *part = scratch(sizeof *part * (size_t)MAX(1, n));
    i64 most[MAX_DIMS] = { 0 }, size[MAX_DIMS];
    some_children(m);
    for (int i = 0; i < n; i++) {
        part[i] = child_forward(m, i, x);
        int k = value_dims(part[i], size);
        for (int d = 0; d < k; d++)
            most[d] = MAX(most[d], size[d]);
        nd = MAX(nd, k);
    }
    for (int i = 0; i < n && depth_concat(m); i++)
        part[i] = padded(part[i], dim, nd, most);
    return nn_join(m, dim, n, part);
}

static value concat_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 at = 0, size[MAX_DIMS], gsize[MAX_DIMS];
    int dim = (int)option_int(m, 0);
    value sum = nil();
    for (i64 i = 0; i < children(m)->numel; i++) {
        value y = child(m, i)->output;
        i64 n = size_along(y, dim);
        value part = nn_slice(g, dim, at, n);
        if (depth_concat(m)) {
            int nd = value_dims(y, size), gd = value_dims(part, gsize);
            for (int d = 0; d < gd; d++)
                if (d != dim - 1 && gsize[d] != (d < nd ? size[d] : 1))
                    part = nn_slice(part, d + 1, (gsize[d] - (d < nd ? size[d] : 1)) / 2, d < nd ? size[d] : 1);
        }
        sum = nn_add(m, sum, child_backward(m, i, x, part, want, scale));
        at += n;
    }
    return sum;
}

LAYER_CONTAINER(Concat,
  "m = nn.Concat(dimension, module1, module2, ...)\n\n"
  "Every module gets the same input; their outputs are joined along the dimension.\n\n"
  "Example:\n  nn.Concat(2, nn.Identity(), nn.Square()).forward([2 3])\n  ans =\n     2   3   4   9\n\n"
  "See also: nn.Sequential, nn.ConcatTable, nn.DepthConcat",
  .options = "dimension:d", .forward = concat_forward, .backward = concat_backward, .tree = "concat", .show = nn_show_options)

LAYER_CONTAINER(DepthConcat,
  "m = nn.DepthConcat(dimension, module1, module2, ...)\n\n"
  "As nn.Concat, for outputs that differ in their other dimensions as well: the smaller ones stand in the middle of "
  "zeros.\n\n"
  "Example:\n  nn.DepthConcat(1, nn.Identity(), nn.Narrow(2, 2, 1)).forward([1 2 3])\n  ans =\n     1   2   3\n     0  "
  " 2   0\n\n"
  "See also: nn.Concat",
  .options = "dimension:d", .forward = concat_forward, .backward = concat_backward, .tree = "concat", .show = nn_show_options)

/* ---- Parallel: the i-th module on the i-th slice */
static void slices_fit(struct module *m, value x, int in)
{
    some_children(m);
    i64 n = children(m)->numel;
    if (size_along(x, in) != n)
        nn_fail(m, "has %lld module%s, so dimension %d of its input must be %lld, but the input is %s", (long long)n,
                n == 1 ? "" : "s", in, (long long)n, value_shape(x, (char[128]){ 0 }));
}
static value parallel_forward(struct module *m, value x)
{
    int n = (int)children(m)->numel, in = (int)option_int(m, 0), out = (int)option_int(m, 1);
    value *part = scratch(sizeof *part * (size_t)MAX(1, n));
    i64 size[MAX_DIMS];
    bool rows = value_dims(x, size) == 2;
    slices_fit(m, x, in);
    for (int i = 0; i < n; i++) {
        part[i] = child_forward(m, i, nn_select(x, in, i));
        rows = rows && value_dims(part[i], size) == 2 && size[0] == 1;
    }
    return nn_join(m, rows && out == 1 ? 2 : out, n, part);
}

static value parallel_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 at = 0, n = children(m)->numel, size[MAX_DIMS], xs[MAX_DIMS];
    int in = (int)option_int(m, 0), out = (int)option_int(m, 1), nd = value_dims(x, xs);
    bool rows = nd == 2;
    value *part = scratch(sizeof *part * (size_t)MAX(1, n));
    slices_fit(m, x, in);
    for (int d = nd; d < in; d++)
        xs[d] = 1;
    nd = MAX(nd, in);
    for (i64 i = 0; i < n; i++)
        rows = rows && value_dims(child(m, i)->output, size) == 2 && size[0] == 1;
    if (rows && out == 1)
        out = 2;
    memcpy(size, xs, sizeof(i64) * (size_t)nd);
    size[in - 1] = 1;
    for (i64 i = 0; i < n; i++) {
        i64 k = size_along(child(m, i)->output, out);
        part[i] = child_backward(m, i, nn_select(x, in, i), nn_slice(g, out, at, k), want, scale);
        if (want & WANT_INPUT)
            part[i] = nn_sized(part[i], nd, size);
        at += k;
    }
    return want & WANT_INPUT ? nn_join(m, in, (int)n, part) : nil();
}

LAYER_CONTAINER(Parallel,
                "m = nn.Parallel(inputDimension, outputDimension, module1, module2, ...)\n\n"
                "The i-th module gets the i-th slice of the input along inputDimension (that dimension goes; of a "
                "matrix a row "
                "remains); the outputs are joined along outputDimension, rows along their length.\n\n"
                "Example:\n  nn.Parallel(2, 1, nn.Identity(), nn.Square()).forward([1 2; 3 4])\n  ans =\n      1    3  "
                "  4   16\n\n"
                "See also: nn.Concat, nn.ParallelTable",
                .options = "inputDimension:d outputDimension:d", .forward = parallel_forward,
                .backward = parallel_backward, .tree = "parallel", .show = nn_show_options)

/* ---- cells */
static value concat_table_forward(struct module *m, value x)
{
    struct cell *y = cell_2d(1, children(m)->numel);
    for (i64 i = 0; i < y->numel; i++)
        cell_set(y, i, child_forward(m, i, x));
    return cell_value(y);
}

static struct cell *grad_cell(struct module *m, value g, i64 n)
{
    char d[160];
    if (g.kind != K_CELL || g.cell->numel != n)
        nn_fail(m, "gradOutput must be %lld tensors in a cell, like the output, but is a %s", (long long)n,
                value_describe(g, d));
    return g.cell;
}

static value concat_table_backward(struct module *m, value x, value g, int want, double scale)
{
    value sum = nil();
    struct cell *c = grad_cell(m, g, children(m)->numel);
    for (i64 i = 0; i < c->numel; i++)
        sum = nn_add(m, sum, child_backward(m, i, x, c->v[i], want, scale));
    return sum;
}

LAYER_CONTAINER(ConcatTable,
  "m = nn.ConcatTable(module1, module2, ...)\n\n"
  "Every module gets the same input; the output is a cell of theirs.\n\n"
  "Example:\n  nn.ConcatTable(nn.Identity(), nn.Square()).forward(3)\n  ans =\n  {\n    [1,1] = 3\n    [1,2] = 9\n  }\n\n\n"
  "See also: nn.Concat, nn.ParallelTable",
  .forward = concat_table_forward, .backward = concat_table_backward, .tree = "concat")

static struct cell *input_cell(struct module *m, value x)
{
    char wants[64];
    snprintf(wants, sizeof wants, "a cell of %lld inputs", (long long)children(m)->numel);
    if (x.kind != K_CELL || x.cell->numel != children(m)->numel)
        nn_fail_shape(m, wants, x);
    return x.cell;
}

static value parallel_table_forward(struct module *m, value x)
{
    struct cell *in = input_cell(m, x), *y = cell_2d(1, in->numel);
    for (i64 i = 0; i < y->numel; i++)
        cell_set(y, i, child_forward(m, i, in->v[i]));
    return cell_value(y);
}

static value parallel_table_backward(struct module *m, value x, value g, int want, double scale)
{
    struct cell *in = input_cell(m, x), *c = grad_cell(m, g, in->numel), *y = cell_2d(1, in->numel);
    for (i64 i = 0; i < y->numel; i++) {
        value gx = child_backward(m, i, in->v[i], c->v[i], want, scale);
        if (want & WANT_INPUT)
            cell_set(y, i, gx);
    }
    return want & WANT_INPUT ? cell_value(y) : nil();
}

LAYER_CONTAINER(ParallelTable,
  "m = nn.ParallelTable(module1, module2, ...)\n\n"
  "The i-th module gets the i-th element of the input, a cell; the output is a cell of theirs.\n\n"
  "Example:\n  nn.ParallelTable(nn.Identity(), nn.Square()).forward({2, 3})\n  ans =\n  {\n    [1,1] = 2\n    [1,2] = "
  "9\n  }\n\n\n"
  "See also: nn.ConcatTable, nn.MapTable",
  .forward = parallel_table_forward, .backward = parallel_table_backward, .tree = "parallel")

/* The module for every element: copies of it with the same parameters, since each keeps its own output. */
static void map_grow(struct module *m, value x)
{
    some_children(m);
    if (x.kind != K_CELL)
        nn_fail_shape(m, "a cell of inputs", x);
    while (children(m)->numel < x.cell->numel) {
        value extra = module_clone(children(m)->v[0]);
        value a = modules_of(children(m)->v[0]), b = modules_of(extra);
        for (i64 i = 0; i < a.cell->numel; i++) {
            struct module *from = module_of(a.cell->v[i]), *to = module_of(b.cell->v[i]);
            for (int k = 0; k < 2 * from->info->np; k++)
                replace(&to->f[k], copy(from->f[k]));
        }
        put_child(m, children(m)->numel, extra);
    }
    while (children(m)->numel > MAX(1, x.cell->numel)) {
        struct cell *c = cell_2d(1, children(m)->numel - 1);
        for (i64 i = 0; i < c->numel; i++)
            cell_set(c, i, children(m)->v[i]);
        replace(&STATE(m, MODULES), copy(cell_value(c)));
    }
}
static value map_table_forward(struct module *m, value x)
{
    map_grow(m, x);
    return parallel_table_forward(m, x);
}
static value map_table_backward(struct module *m, value x, value g, int want, double scale)
{
    map_grow(m, x);
    return parallel_table_backward(m, x, g, want, scale);
}

LAYER_CONTAINER(MapTable,
  "m = nn.MapTable(module, share)\n\n"
  "The module for every element of the input, a cell of any length; the output is a cell. All use the same parameters, "
  "whatever share says.\n\n"
  "Example:\n  nn.MapTable(nn.Square()).forward({2, 3})\n  ans =\n  {\n    [1,1] = 4\n    [1,2] = 9\n  }\n\n\n"
  "See also: nn.ParallelTable",
  .forward = map_table_forward, .backward = map_table_backward, .tree = "parallel")
