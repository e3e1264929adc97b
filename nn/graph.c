/* SPDX-License-Identifier: BSD-3-Clause */
/* graph.c: nets as graphs, as nngraph has them: nodes, and nn.gModule, the module made of them.
 *
 * A node knows its module and the nodes that it reads; it lives only while a net is put together.  nn.gModule sorts
 * what its outputs depend on and keeps the modules in that order, with `edges`, an int32 matrix of rows [to from part]:
 * module `to` reads what module `from` gave, part 0 all of it, else that element of its cell.  from 0 is the graph's
 * input number `part` (0: the only one), to 0 the graph's output.  So a graph is copied, saved and walked over as any
 * container. */
#include "nn.h"
#include "lab/files.h"
#include "lab/print.h"

/* ---- nodes */
struct node {
    struct instance i;
    value module, inputs;                     /* a cell of nodes */
    value whole;                              /* the node of which this is a part, else NIL */
    value note;                               /* a struct, or [] */
    int part, parts;                          /* this is part number `part`; a whole node is split into `parts` */
    int number;                               /* in the graph being made: 0 not yet seen, -1 being looked at */
    uint64_t used;                            /* parts that are read there */
};
static const struct class node_class;
static bool is_node(value v) { return v.kind == K_OBJECT && v.inst->class == &node_class; }
static struct node *node_of(value v) { return (struct node *)v.inst; }
static struct node *whole_of(value v) { return is_nil(node_of(v)->whole) ? node_of(v) : node_of(node_of(v)->whole); }

static void node_free(struct object *o) { memory_free(o, sizeof(struct node)); }
static void node_children(struct object *o, void (*visit)(value *child, void *arg), void *arg)
{
    struct node *d = (struct node *)o;
    visit(&d->module, arg);
    visit(&d->inputs, arg);
    visit(&d->whole, arg);
    visit(&d->note, arg);
}

static value node_new(value module, value inputs)
{
    struct node *d = (struct node *)instance_new(&node_class, sizeof *d).inst;
    d->module = copy(module);
    d->inputs = copy(inputs);
    d->whole = nil();
    d->note = copy(tensor_box(tensor_2d(D_DOUBLE, 0, 0)));
    return object_value(K_OBJECT, d);
}

static const char *text_field(value note, const char *field)             /* of an annotation: a text, or "" */
{
    value v = note.kind == K_STRUCT && note.rec->numel == 1 ? record_get(note.rec, 0, symbol_of(field)) : nil();
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR)
        return "";
    struct tensor *t = tensor_dense(tensor_of(v));
    char *s = scratch((size_t)t->numel + 1);
    memcpy(s, t->data, (size_t)t->numel);
    s[t->numel] = 0;
    return s;
}

static void node_label(value v, struct buf *b)
{
    struct node *d = whole_of(v);
    const char *name = text_field(d->note, "name");
    if (*name)
        buff(b, "%s: ", name);
    module_label(module_of(d->module), b);
    if (node_of(v)->part)
        buff(b, ", part %d", node_of(v)->part);
}

static void node_print(value v, const char *name)
{
    struct buf *b = buf_new();
    if (name)
        buff(b, "%*s%s = ", print_indent(), "", name);
    buf_puts(b, "node of ");
    node_label(v, b);
    struct cell *in = whole_of(v)->inputs.cell;
    for (i64 i = 0; i < in->numel; i++) {
        buf_puts(b, i ? "; " : " <- ");
        node_label(in->v[i], b);
    }
    buf_putc(b, '\n');
    out_text(b->s, b->n);
}

static value node_get(value self, sym field)
{
    struct node *d = whole_of(self);
    if (!strcmp(field->text, "module"))
        return d->module;
    if (!strcmp(field->text, "inputs"))
        return d->inputs;
    return nil();
}

static void split_node(value self, struct call *c)
{
    struct node *d = node_of(self);
    int n = (int)arg_int(c, 1, 1, 64);
    if (!is_nil(d->whole) || d->parts)
        fail("tl:nn", "nn.Node.split: the node is %s",
             d->parts ? "split already" : "a part itself; make a node of it first, nn.Identity()(node)");
    d->parts = n;
    for (int i = 0; i < n; i++) {
        value v = node_new(d->module, d->inputs);
        node_of(v)->whole = copy(self);
        node_of(v)->part = i + 1;
        result(c, i, v);
    }
}

static void annotate_node(value self, struct call *c)
{
    static const char *const field[] = { "name", "description", "graphAttributes" };
    struct record *r = record_scalar();
    bool named = c->nargin > 2 && c->nargin % 2;
    for (int i = 1; named && i < c->nargin; i += 2)
        for (int k = 0, any = 0; k < 3 && named; k++) {
            any |= nn_text_is(c->arg[i], field[k]);
            named = k < 2 || any;
        }
    if (named)                                /* annotate(name='x', description='…') */
        for (int i = 1; i < c->nargin; i += 2)
            for (int k = 0; k < 3; k++) {
                if (!nn_text_is(c->arg[i], field[k]))
                    continue;
                if (k < 2)
                    (void)arg_text(c, i + 1, NULL);
                else
                    (void)arg_struct(c, i + 1);
                record_set(r, 0, symbol_of(field[k]), c->arg[i + 1]);
            }
    else if (c->nargin == 2 && c->arg[1].kind == K_STRUCT && c->arg[1].rec->numel == 1)
        for (int k = 0; k < 3; k++) {
            value v = record_get(c->arg[1].rec, 0, symbol_of(field[k]));
            if (!is_nil(v))
                record_set(r, 0, symbol_of(field[k]), v);
        }
    else
        for (int k = 0; k < 3 && k + 1 < c->nargin; k++) {
            if (k < 2)
                (void)arg_text(c, k + 1, NULL);
            else
                (void)arg_struct(c, k + 1);
            record_set(r, 0, symbol_of(field[k]), c->arg[k + 1]);
        }
    if (!r->f || !r->f->n)
        fail("Octave:invalid-fun-call", "nn.Node.annotate: a name, a description and a struct of attributes of the "
                                        "drawing are wanted, or one struct with the fields "
                                        "name, description, graphAttributes");
    replace(&whole_of(self)->note, copy(record_value(r)));
    result(c, 0, self);
}

static bool node_method(value self, sym name, struct call *c)
{
    if (!strcmp(name->text, "split"))
        split_node(self, c);
    else if (!strcmp(name->text, "annotate"))
        annotate_node(self, c);
    else
        return false;
    return true;
}

/* nngraph's way to write a graph: -module is a node, node - module the module on it, {node, …} - module on several. */
value nn_operate(int op, int nargin, const value *arg)
{
    value m = arg[nargin - 1], out = nil();
    if ((op != EW_uminus && op != EW_minus) || !is_module(m) || (op == EW_minus && !is_node(arg[0]) && arg[0].kind != K_CELL))
        return nil();
    value in[2] = { m, arg[0] };
    struct call c = { NULL, nargin, 1, in, &out };
    return nn_node_call(m, &c) ? keep(out) : nil();
}

static const char *const node_names[] = { "module", "inputs", "split", "annotate", NULL };
static const struct class node_class = { .name = "nn.Node",
                                         .free = node_free,
                                         .children = node_children,
                                         .print = node_print,
                                         .get = node_get,
                                         .method = node_method,
                                         .names = node_names,
                                         .operate = nn_operate };

/* A cell of nodes, cells of them too, as one node whose output is such a cell; NIL: there is something else in it. */
static value node_of_cell(value v)
{
    extern const struct layer layer_Identity, layer_ConcatTable;
    struct cell *in = nn_cells((int)v.cell->numel).cell;
    for (i64 i = 0; i < v.cell->numel; i++) {
        value x = v.cell->v[i];
        if (x.kind == K_CELL && x.cell->numel)
            x = node_of_cell(x);
        if (is_nil(x) || !is_node(x))
            return nil();
        cell_set(in, i, x);
    }
    value m = module_value(module_make(&layer_Identity, 0, NULL));
    if (in->numel == 1) {                     /* one input would come without its cell */
        struct module *table = module_make(&layer_ConcatTable, 0, NULL);
        value list = nn_cells(1);
        cell_set(list.cell, 0, m);
        replace(&table->f[module_field(table, "modules")], copy(list));
        m = module_value(table);
    }
    return node_new(m, cell_value(in));
}

/* m(), m(node), m({node, …}): a node.  False: these are no nodes. */
bool nn_node_call(value self, struct call *c)
{
    if (c->nargin > 2)
        return false;
    struct cell *in = nn_cells(0).cell;
    if (c->nargin == 2 && is_node(c->arg[1])) {
        cell_resize(in, 2, (i64[]){ 1, 1 });
        cell_set(in, 0, c->arg[1]);
    } else if (c->nargin == 2) {
        value v = c->arg[1];
        i64 nodes = 0;
        for (i64 i = 0; v.kind == K_CELL && i < v.cell->numel; i++)
            nodes += is_node(v.cell->v[i]) ||
                     (v.cell->v[i].kind == K_CELL && v.cell->v[i].cell->numel && !is_nil(node_of_cell(v.cell->v[i])));
        if (!nodes)
            return false;
        in = nn_cells((int)v.cell->numel).cell;
        for (i64 i = 0; i < v.cell->numel; i++) {
            value x = v.cell->v[i], y = x.kind == K_CELL && x.cell->numel ? node_of_cell(x) : x;
            if (is_nil(y) || !is_node(y))
                fail("tl:nn", "%s: input %lld of the node is a %s, not a node", class_of(self), (long long)i + 1,
                     value_describe(x, (char[160]){ 0 }));
            cell_set(in, i, y);
        }
    }
    extern const struct layer layer_CriterionTable;
    if (layer_of(module_of(self))->criterion)
        self = module_value(module_make(&layer_CriterionTable, 1, &self));
    result(c, 0, node_new(self, cell_value(in)));
    return true;
}

/* ---- making the module */
enum { EDGES, NOTES, NAME, VERBOSE, MODULES = 0 };
struct making { struct cell *inputs; int n, cap, nedges, edge_cap; struct node **order; int (*edge)[3]; };

static void add_edge(struct making *g, int to, int from, int part)
{
    if (g->nedges == g->edge_cap) {
        int cap = MAX(32, 2 * g->edge_cap);
        int (*e)[3] = scratch(sizeof *e * (size_t)cap);
        if (g->nedges)
            memcpy(e, g->edge, sizeof *e * (size_t)g->nedges);
        g->edge = e;
        g->edge_cap = cap;
    }
    g->edge[g->nedges][0] = to;
    g->edge[g->nedges][1] = from;
    g->edge[g->nedges++][2] = part;
}

static NORETURN void fail_node(value v, const char *what)
{
    struct buf *b = buf_new();
    node_label(v, b);
    fail("tl:nn", "nn.gModule: the node of %s %s", b->s, what);
}

static void visit_node(struct making *g, value v, int depth)
{
    struct node *d = whole_of(v);
    if (node_of(v)->part)
        d->used |= 1ull << (node_of(v)->part - 1);
    else
        d->used = ~0ull;
    if (d->number)
        return;
    if (depth > 2000)
        fail("tl:nn", "nn.gModule: more than 2000 nodes follow each other");
    int input = -1, n = (int)d->inputs.cell->numel;
    for (i64 i = 0; i < g->inputs->numel; i++)
        if (whole_of(g->inputs->v[i]) == d)
            input = (int)i;
    if (input < 0 && !n)
        fail_node(v, "reads no node and is not among the inputs of the graph");
    d->number = -1;
    for (int i = 0; i < n; i++)
        visit_node(g, d->inputs.cell->v[i], depth + 1);
    for (int i = 0; i < g->n; i++)
        if (g->order[i]->module.o == d->module.o)
            fail_node(v, "has the same module as another node, but a module keeps what it did last; share its "
                         "parameters: m.clone('weight', 'bias', 'gradWeight', 'gradBias')");
    if (g->n == g->cap) {
        int cap = MAX(32, 2 * g->cap);
        struct node **o = scratch(sizeof *o * (size_t)cap);
        if (g->n)
            memcpy(o, g->order, sizeof *o * (size_t)g->n);
        g->order = o;
        g->cap = cap;
    }
    g->order[g->n++] = d;
    d->number = g->n;
    if (!n)
        add_edge(g, d->number, 0, g->inputs->numel > 1 ? input + 1 : 0);
    for (int i = 0; i < n; i++)
        add_edge(g, d->number, whole_of(d->inputs.cell->v[i])->number, node_of(d->inputs.cell->v[i])->part);
}

static struct cell *nodes_arg(struct call *c, int i, const char *what)
{
    struct cell *in = nn_cells(1).cell;
    if (i < c->nargin && is_node(c->arg[i])) {
        cell_set(in, 0, c->arg[i]);
        return in;
    }
    if (i >= c->nargin || c->arg[i].kind != K_CELL)
        fail("Octave:invalid-fun-call", "nn.gModule: the %s must be a node or a cell of nodes", what);
    if (!c->arg[i].cell->numel)
        fail("tl:nn", "nn.gModule: a graph without %s is not possible: the cell is empty", what);
    in = nn_cells((int)c->arg[i].cell->numel).cell;
    for (i64 k = 0; k < in->numel; k++) {     /* outputs may be cells of nodes */
        value v = c->arg[i].cell->v[k], y = i == 1 && v.kind == K_CELL && v.cell->numel ? node_of_cell(v) : v;
        cell_set(in, k, is_nil(y) ? v : y);
    }
    for (i64 k = 0; k < in->numel; k++)
        if (!is_node(in->v[k]))
            fail("tl:nn", "nn.gModule: number %lld of the %s is a %s, not a node", (long long)k + 1, what,
                 value_describe(in->v[k], (char[160]){ 0 }));
    return in;
}

struct graph_job { struct making *g; struct cell *out; };
static void sort_nodes(void *arg)
{
    struct graph_job *j = arg;
    struct making *g = j->g;
    for (i64 i = 0; i < g->inputs->numel; i++) {
        value v = g->inputs->v[i];
        if (whole_of(v)->inputs.cell->numel || node_of(v)->part)
            fail_node(v, "is an input of the graph and should have no inputs itself");
        for (i64 k = 0; k < i; k++)
            if (g->inputs->v[k].o == v.o)
                fail_node(v, "is twice among the inputs of the graph");
    }
    for (i64 i = 0; i < j->out->numel; i++)
        visit_node(g, j->out->v[i], 0);
    for (i64 i = 0; i < g->inputs->numel; i++)
        if (!whole_of(g->inputs->v[i])->number) {
            char what[96];
            snprintf(what, sizeof what, "(input %lld) does not lead to an output of the graph", (long long)i + 1);
            fail_node(g->inputs->v[i], what);
        }
    for (int i = 0; i < g->n; i++) {
        int unused = 0, parts = g->order[i]->parts;
        for (int k = 0; k < parts; k++)
            unused += !(g->order[i]->used >> k & 1);
        if (unused) {
            char what[96];
            snprintf(what, sizeof what, "is split into %d, but %d of them lead%s to no output of the graph", parts,
                     unused, unused == 1 ? "s" : "");
            fail_node(object_value(K_OBJECT, g->order[i]), what);
        }
    }
    for (i64 i = 0; i < j->out->numel; i++)
        add_edge(g, 0, whole_of(j->out->v[i])->number, node_of(j->out->v[i])->part);
}

static void forget_numbers(value v)           /* of all nodes that were reached, also after a failure */
{
    struct node *d = whole_of(v);
    if (!d->number && !d->used)
        return;
    d->number = 0;
    d->used = 0;
    for (i64 i = 0; i < d->inputs.cell->numel; i++)
        forget_numbers(d->inputs.cell->v[i]);
}

static void graph_make(struct call *c, const struct layer *l)
{
    struct making g = { .inputs = nodes_arg(c, 0, "inputs") };
    struct graph_job j = { &g, nodes_arg(c, 1, "outputs") };
    int bad = protect(sort_nodes, &j);
    struct cell *modules = bad ? NULL : cell_2d(1, g.n), *notes = bad ? NULL : cell_2d(1, g.n);
    for (int i = 0; !bad && i < g.n; i++) {
        cell_set(modules, i, g.order[i]->module);
        cell_set(notes, i, g.order[i]->note);
    }
    for (i64 i = 0; i < j.out->numel; i++)
        forget_numbers(j.out->v[i]);
    if (bad)
        fail_again();
    struct tensor *e = tensor_2d(D_INT32, g.nedges, 3);           /* integers: .single() leaves them */
    for (int i = 0; i < g.nedges; i++)
        for (int k = 0; k < 3; k++)
            ((int32_t *)e->data)[i + k * g.nedges] = g.edge[i][k];
    struct module *m = module_make(l, 2, (value[]){ tensor_box(e), cell_value(notes) });
    replace(&STATE(m, MODULES), copy(cell_value(modules)));
    result(c, 0, module_value(m));
}

/* ---- the module */
static struct cell *modules(struct module *m) { return STATE(m, MODULES).cell; }
static int edge(struct module *m, i64 i, int k)
{
    struct tensor *t = OPTION(m, EDGES).t;
    return ((int32_t *)t->data)[i + k * t->dim[0]];
}
static i64 edges(struct module *m) { return OPTION(m, EDGES).t->dim[0]; }
static int inputs(struct module *m)           /* 0: the input is one tensor, or whatever it is */
{
    int n = 0;
    for (i64 i = 0; i < edges(m); i++)
        if (edge(m, i, 1) == 0)
            n = MAX(n, edge(m, i, 2));
    return n;
}

static void graph_init(struct module *m)
{
    replace(&STATE(m, MODULES), copy(nn_cells(0)));
}

/* A file may hold anything: modules must be read in order, each by edges that follow each other. */
static void graph_check(struct module *m)
{
    value v = OPTION(m, EDGES), notes = OPTION(m, NOTES);
    if (STATE(m, MODULES).kind != K_CELL)     /* not made yet */
        return;
    i64 n = modules(m)->numel;
    int at = 0, last = 0, reads = 0;
    bool ok = v.kind == K_TENSOR && v.t->dtype == D_INT32 && v.t->nd == 2 && v.t->dim[1] == 3 && notes.kind == K_CELL &&
              notes.cell->numel == n && n > 0;
    if (ok && !(v.t->flags & T_DENSE)) {
        replace(&OPTION(m, EDGES), copy(tensor_box(tensor_dense(v.t))));
        v = OPTION(m, EDGES);
    }
    for (i64 i = 0; ok && i < v.t->dim[0]; i++) {
        for (int k = 0; k < 3; k++) {
            int x = edge(m, i, k);
            ok = ok && x >= 0 && x <= (k == 2 ? 64 : n);
        }
        if (!ok)
            break;
        int to = edge(m, i, 0), from = edge(m, i, 1);
        if (to == 0)                          /* outputs stand last */
            ok = at == n && from > 0, last = 1;
        else
            ok = !last && (to == at || to == at + 1) && from < to, at = to;
        if (from == 0 && to)
            reads |= edge(m, i, 2) ? 1 : 2;   /* inputs with numbers, or the only one */
    }
    if (!ok || !last || !reads || reads == 3)
        fail("Octave:load-error", "nn.gModule: the file holds no such graph here (edges)");
}

static value part_of(struct module *m, value v, int part, const char *of)
{
    if (!part)
        return v;
    if (v.kind != K_CELL || v.cell->numel < part)
        nn_fail(m, "element %d of %s is wanted, but that is a %s", part, of, value_describe(v, (char[160]){ 0 }));
    return v.cell->v[part - 1];
}

static value source(struct module *m, i64 e, value x, const value *out)
{
    int from = edge(m, e, 1);
    char of[64];
    if (from)
        snprintf(of, sizeof of, "what module %d gives", from);
    else
        snprintf(of, sizeof of, "the input");
    return part_of(m, from ? out[from - 1] : x, edge(m, e, 2), of);
}

static i64 group_end(struct module *m, i64 e)                /* edges e … end - 1 go to one module */
{
    i64 k = e + 1, n = edges(m);
    while (k < n && edge(m, k, 0) == edge(m, e, 0))
        k++;
    return k;
}

static value gathered(struct module *m, i64 e, i64 end, value x, const value *out)
{
    if (end - e == 1)
        return source(m, e, x, out);
    struct cell *c = cell_2d(1, end - e);
    for (i64 k = e; k < end; k++)
        cell_set(c, k - e, source(m, k, x, out));
    return cell_value(c);
}

static void check_input(struct module *m, value x)
{
    char wants[64];
    int n = inputs(m);
    snprintf(wants, sizeof wants, "a cell of %d inputs", n);
    if (n && (x.kind != K_CELL || x.cell->numel != n))
        nn_fail_shape(m, wants, x);
}

static void tell(struct module *m, i64 i)      /* verbose: the module that runs now */
{
    struct buf *b = buf_new(), *reads = buf_new();
    struct tensor *t = tensor_dense(tensor_of(OPTION(m, NAME)));
    if (t->numel)
        buff(b, "%.*s: ", (int)t->numel, t->data);
    nn_graph_text(m, i, b, reads);
    buff(b, "(%lld): ", (long long)i + 1);
    module_label(module_of(modules(m)->v[i]), b);
    buff(b, "%s\n", reads->s);
    out_text(b->s, b->n);
}

static value graph_forward(struct module *m, value x)
{
    i64 n = modules(m)->numel;
    value *out = scratch(sizeof *out * (size_t)n), y = nil();
    int *rank = scratch(sizeof *rank * (size_t)n);
    check_input(m, x);
    replace(&m->output, nil());               /* it and views hold memory that modules write next */
    for (i64 i = 0; i < n; i++)
        if (layer_of(module_of(modules(m)->v[i]))->view)
            replace(&module_of(modules(m)->v[i])->output, nil());
    for (i64 e = 0, end; e < edges(m); e = end) {
        int to = edge(m, e, 0), from = edge(m, e, 1);
        end = group_end(m, e);
        value in = gathered(m, e, end, x, out);
        nn_set_rank(end - e > 1 || edge(m, e, 2) ? 0 : from ? rank[from - 1] : m->rank);
        if (!to) {
            y = in;
            break;
        }
        if (unlikely(option_bool(m, VERBOSE)))
            tell(m, to - 1);
        nn_enter(m, to);
        out[to - 1] = module_forward(module_of(modules(m)->v[to - 1]), in);
        rank[to - 1] = nn_rank();
        nn_leave();
    }
    return y;
}

/* grad[i]: of module i's output so far; part k of it is kept in a cell as long as the output. */
static void add_grad(struct module *m, value *grad, value like, int part, value g)
{
    if (is_nil(g))
        return;
    if (!part) {
        *grad = nn_add(m, *grad, g);
        return;
    }
    if (like.kind != K_CELL || like.cell->numel < part ||
        (!is_nil(*grad) && (grad->kind != K_CELL || grad->cell->numel != like.cell->numel)))
        nn_fail(m, "the outputs of its modules are not those of forward");
    struct cell *c = cell_2d(1, like.cell->numel);
    for (i64 i = 0; i < c->numel; i++) {
        value had = is_nil(*grad) ? nil() : grad->cell->v[i];
        cell_set(c, i, i == part - 1 ? nn_add(m, had, g) : had);
    }
    *grad = cell_value(c);
}

static value graph_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 n = modules(m)->numel, ne = edges(m), end;
    int nin = inputs(m);
    value *out = scratch(sizeof *out * (size_t)n), *grad = scratch(sizeof *grad * (size_t)n), gx = nil();
    bool *needed = scratch((size_t)n);
    check_input(m, x);
    for (i64 i = 0; i < n; i++) {
        out[i] = module_of(modules(m)->v[i])->output;
        grad[i] = nil();
        if (is_nil(out[i]))
            fail("tl:nn", "%s: backward comes after forward: module %lld has no output yet", layer_of(m)->class.name,
                 (long long)i + 1);
        keep(copy(out[i]));
    }
    i64 *first = scratch(sizeof *first * (size_t)n), results = ne;
    for (i64 e = 0; e < ne; e = end) {        /* a module that only copies an input needs no gradient of its own */
        int to = edge(m, e, 0);
        end = group_end(m, e);
        if (!to) {
            results = e;
            break;
        }
        first[to - 1] = e;
        needed[to - 1] = (want & WANT_INPUT) || edge(m, e, 1) != 0;
        if (end - e == 1 && edge(m, e, 1) && !edge(m, e, 2) && edge(m, first[edge(m, e, 1) - 1], 1) == 0 &&
            !strcmp(class_of(modules(m)->v[edge(m, e, 1) - 1]), "nn.Identity"))
            needed[to - 1] = want & WANT_INPUT;
    }
    if (ne - results > 1 && (g.kind != K_CELL || g.cell->numel != ne - results))
        nn_fail(m, "gradOutput must be %lld tensors in a cell, like the output, but is a %s", (long long)(ne - results),
                value_describe(g, (char[160]){ 0 }));
    for (i64 e = results; e < ne; e++)
        add_grad(m, &grad[edge(m, e, 1) - 1], out[edge(m, e, 1) - 1], edge(m, e, 2),
                 ne - results > 1 ? g.cell->v[e - results] : g);
    if (nin && (want & WANT_INPUT))
        gx = nn_cells(nin);
    for (i64 i = n; i-- > 0;) {
        i64 e = first[i];
        end = group_end(m, e);
        if (is_nil(grad[i]))
            continue;
        nn_enter(m, (int)i + 1);
        value gi = module_backward(module_of(modules(m)->v[i]), gathered(m, e, end, x, out), grad[i],
                                   needed[i] ? want | WANT_INPUT : want & ~WANT_INPUT, scale);
        nn_leave();
        if (is_nil(gi))
            continue;
        for (i64 k = e; k < end; k++) {
            value v = end - e > 1 ? part_of(m, gi, (int)(k - e) + 1, "gradInput") : gi;
            int from = edge(m, k, 1), part = edge(m, k, 2);
            if (from)
                add_grad(m, &grad[from - 1], out[from - 1], part, v);
            else if ((want & WANT_INPUT) && nin)
                cell_set(gx.cell, part - 1, nn_add(m, value_numel(gx.cell->v[part - 1]) ? gx.cell->v[part - 1] : nil(), v));
            else if (want & WANT_INPUT)
                gx = nn_add(m, gx, v);
        }
    }
    return gx;
}

/* ---- drawing */
static value note_of(struct module *m, i64 i)
{
    value v = OPTION(m, NOTES);
    return v.kind == K_CELL && i < v.cell->numel ? v.cell->v[i] : nil();
}

static void source_text(struct module *m, i64 e, struct buf *b)
{
    int from = edge(m, e, 1), part = edge(m, e, 2);
    if (!from && part)
        buff(b, "input %d", part);
    else if (!from)
        buf_puts(b, "input");
    else if (part)
        buff(b, "(%d){%d}", from, part);
    else
        buff(b, "(%d)", from);
}

/* What stands before and behind module i (from 0; n: the output) in the text of the net. */
void nn_graph_text(struct module *m, i64 i, struct buf *before, struct buf *behind)
{
    const char *name = text_field(note_of(m, i), "name");
    if (*name)
        buff(before, "%s: ", name);
    const char *sign = i < modules(m)->numel ? " <- " : "";
    for (i64 e = 0; e < edges(m); e++)
        if (edge(m, e, 0) == (i < modules(m)->numel ? i + 1 : 0)) {
            buf_puts(behind, sign);
            source_text(m, e, behind);
            sign = ", ";
        }
}

static void quoted(struct buf *b, const char *s)
{
    buf_putc(b, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_putc(b, '\\');
        if (*s == '\n')
            buf_puts(b, "\\n");
        else
            buf_putc(b, *s);
    }
    buf_putc(b, '"');
}

static struct buf *dot_text(struct module *m, const char *title)
{
    struct buf *b = buf_new();
    i64 n = modules(m)->numel;
    int nin = inputs(m);
    buf_puts(b, "digraph ");
    quoted(b, title);
    buf_puts(b, " {\n");
    for (int k = nin ? 1 : 0; k <= nin; k++)
        buff(b,
             nin ? "  in%d [shape=plaintext, label=\"input %d\"];\n" : "  in%d [shape=plaintext, label=\"input\"];\n",
             k, k);
    for (i64 i = 0; i < n; i++) {
        struct buf *label = buf_new();
        value note = note_of(m, i),
              look = note.kind == K_STRUCT ? record_get(note.rec, 0, symbol_of("graphAttributes")) : nil();
        const char *name = text_field(note, "name"), *about = text_field(note, "description");
        if (*name)
            buff(label, "%s\n", name);
        module_label(module_of(modules(m)->v[i]), label);
        if (*about)
            buff(label, "\n%s", about);
        buff(b, "  n%lld [label=", (long long)i + 1);
        quoted(b, label->s);
        for (int k = 0; look.kind == K_STRUCT && look.rec->numel == 1 && k < look.rec->f->n; k++) {
            buff(b, ", %s=", look.rec->f->name[k]->text);
            quoted(b, text_field(look, look.rec->f->name[k]->text));
        }
        buf_puts(b, "];\n");
    }
    buf_puts(b, "  out [shape=plaintext, label=\"output\"];\n");
    for (i64 e = 0; e < edges(m); e++) {
        int to = edge(m, e, 0), from = edge(m, e, 1), part = edge(m, e, 2);
        buff(b, from ? "  n%d -> " : "  in%d -> ", from ? from : part);
        buff(b, to ? "n%d" : "out", to);
        if (from && part)
            buff(b, " [label=\"%d\"]", part);
        buf_puts(b, ";\n");
    }
    buf_puts(b, "}\n");
    return b;
}

/* The name that node i of a graph was given, or "". */
const char *nn_graph_name(struct module *m, int i)
{
    extern const struct layer layer_gModule;
    if (layer_of(m) != &layer_gModule || i < 1 || i > modules(m)->numel)
        return "";
    return text_field(note_of(m, i - 1), "name");
}

static void write_dot(FILE *f, void *arg) { fwrite(((struct buf *)arg)->s, 1, ((struct buf *)arg)->n, f); }
static bool graph_method(struct module *m, const char *name, struct call *c)
{
    if (!strcmp(name, "dot")) {
        struct buf *b = dot_text(m, has_arg(c, 1) ? arg_text(c, 1, NULL) : "net");
        if (has_arg(c, 2))
            file_replace("nn.gModule.dot", arg_text(c, 2, NULL), false, write_dot, b);
        else
            result(c, 0, buf_value(b));
    } else if (!strcmp(name, "get")) {
        result(c, 0, modules(m)->v[arg_int(c, 1, 1, modules(m)->numel) - 1]);
    } else {
        return false;
    }
    return true;
}

static bool graph_changed(struct module *m, int field, value v)
{
    (void)v;
    return field >= 2 * m->info->np + NAME && field <= 2 * m->info->np + VERBOSE;
}

static value graph_get(struct module *m, sym field)          /* nngraph's names */
{
    static const char *const names[] = { "fg", "bg", "forwardnodes", "backwardnodes", "innode", "outnode" };
    for (int i = 0; i < COUNT(names); i++)
        if (!strcmp(field->text, names[i])) {
            value f = hooks()->function_named("nngraph.field"), out = nil();
            if (is_nil(f))
                return nil();
            call_function(f, 2, (value[]){ module_value(m), tensor_box(tensor_text(names[i], strlen(names[i]))) }, 1, &out);
            return out;
        }
    return nil();
}

#define LAYER_GRAPH(id, help, ...)                                                                                      \
    extern const struct layer layer_##id;                                                                               \
    const struct layer layer_##id = { .class = MODULE_CLASS("nn." #id), __VA_ARGS__ };                                  \
    static void nn_##id##_run(struct call *c) { graph_make(c, &layer_##id); }                                           \
    extern const struct builtin builtin_nn_##id;                                                                        \
    const struct builtin builtin_nn_##id = { "nn_" #id, 2, 2, 1, nn_##id##_run, grad_pass, help };
LAYER_GRAPH(gModule,
            "m = nn.gModule(inputs, outputs)\n\n"
            "The module of a graph, from its input nodes to its output nodes (cells of nodes, or one node). A module "
            "called on "
            "nodes is a node: x = nn.Identity()() is one without inputs, h = nn.Linear(4, 3)(x) reads x, y = "
            "nn.CAddTable()({h, "
            "x}) reads two; a criterion makes a node of {input, target}. [a, b] = node.split(2) are the elements of an "
            "output "
            "that is a cell. node.annotate(name, description, attributes) is for drawings: m.dot(title) is the graph "
            "in the DOT "
            "language, m.dot(title, file) writes it, and display shows it as text. Input and output of m are tensors, "
            "or cells "
            "where there are several; a cell within the cell of inputs of a node, or within the outputs, is a cell in "
            "what is "
            "handed on. m.get(i) is the i-th module, m.edges has the connections; m.fg, m.bg, m.forwardnodes … see "
            "nngraph.field. With m.verbose = true forward tells each module, behind m.name.\n\n"
            "Example:\n  a = nn.Identity()(); b = nn.Identity()(); m = nn.gModule({a, b}, {nn.CAddTable()({a, b})}); "
            "m.forward({[1 2 3], [4 4 4]})\n  ans =\n     5   6   7\n\n"
            "See also: nn.Sequential, nn.CAddTable, nn.LSTM",
            .options = "edges:v notes:v name:v= verbose:b=0", .state = "modules", .init = graph_init, .get = graph_get,
            .forward = graph_forward, .backward = graph_backward, .method = graph_method, .methods = "dot get",
            .changed = graph_changed, .check = graph_check, .table = true, .tree = "graph")
