/* SPDX-License-Identifier: BSD-3-Clause */
/* tape.c: reverse-mode differentiation over builtins, plans, indexing and assignment, and `autograd`.
 *
 * There is one tape a context, also when autograd runs inside autograd: the inner call's variables are nodes whose
 * parents are the outer's, its backward pass records like all else, and so the outer can differentiate it.  A mark
 * holds the tape's generation and the node: when the outermost autograd ends the generation ends with it, and a mark
 * that has escaped (into a persistent, say) is void.
 *
 * Adjoints follow the convention g = dL/d conj(z) for complex z (ops.def). */
#include "gpu.h"
#include "tape_inside.h"
#include "cat.h"
#include "index.h"
#include <stdarg.h>
#include <math.h>
#include <stdlib.h>

void tape_clear(struct tape *t)
{
    while (t->n) {
        struct entry *e = &t->e[--t->n];
        for (int i = 0; i < e->nin; i++)
            drop(e->in[i]);
        for (int i = 0; e->out && i < e->nout; i++)
            drop(e->out[i]);
        free(e->in);
        free(e->out);
        free(e->parent);
        if (e->owns_plan)
            plan_free(e->plan);
    }
    t->nodes = 0;
}

void tape_give_back(struct tape *t)
{
    tape_clear(t);
    for (int op = 0; op < EW_OPS; op++)
        for (int k = 0; k < 3; k++)
            if (t->cache.single[op][k])
                plan_free((struct plan *)t->cache.single[op][k]);
    free(t->e);
    free(t->owner);
    free(t->wide);
    free(t);
}

static void tape_free(void) { tape_give_back(*context_room(ROOM_TAPE)); }

struct tape *tape_new(void)
{
    struct tape *t = calloc(1, sizeof *t);
    if (!t)
        fail_memory(sizeof *t);
    return t;
}

struct tape *tape_state(void)
{
    void **room = context_room(ROOM_TAPE);
    if (!*room) {
        *room = tape_new();
        context_at_exit(tape_free);
    }
    return *room;
}

uint32_t tape_generation(void)
{
    struct context_head *h = context_head();
    return h->generation = ++h->generations;
}

/* ---- marks */
static int node_of_mark(const void *mark)
{
    uintptr_t m = (uintptr_t)mark;
    return m && (uint32_t)(m >> 32) == context_head()->generation ? (int)(uint32_t)m - 1 : -1;
}

static void *mark_of(int node)
{
    return (void *)((uintptr_t)context_head()->generation << 32 | (uint32_t)(node + 1));
}

int tape_node(value v)
{
    if (v.kind == K_TENSOR)
        return node_of_mark(v.t->mark);
    if (v.kind == K_WINDOW)
        return node_of_mark(v.w->base->mark);
    return -1;
}

bool tracked(value v)
{
    return RECORDING && tape_node(v) >= 0;
}

static void find_tracked(value *child, void *arg)
{
    if (!*(bool *)arg)
        *(bool *)arg = tracked_below(*child);
}

bool tracked_below(value v)
{
    bool any = tracked(v);
    if (!any && (v.kind == K_CELL || v.kind == K_STRUCT))
        value_children(v, find_tracked, &any);
    return any;
}

value tape_plain(value v)                   /* a window on tracked memory becomes a tracked tensor; pooled or as given */
{
    return v.kind == K_WINDOW && tracked(v) ? tape_window(v) : v;
}

/* A tensor of its own header with this node's mark; pooled.  Scalars are boxed. */
value tape_marked(value v, int node)
{
    struct tensor *t = tensor_any(v);
    t = t->numel && t->block ? tensor_alias(t, t->nd, t->dim, t->stride, 0) : tensor_clone(t);
    t->mark = mark_of(node);
    return tensor_box(t);
}

/* ---- entries.  Memory is asked for before anything is entered, so a failure leaves the tape as it was. */
struct entry *tape_record(enum rule rule, int nin, const value *in, int nout)
{
    struct tape *t = tape_state();
    if (t->n == t->cap) {
        int cap = t->cap ? 2 * t->cap : 256;
        struct entry *e = realloc(t->e, (size_t)cap * sizeof *e);
        if (!e)
            fail_memory((size_t)cap * sizeof *e);
        t->e = e;
        t->cap = cap;
    }
    if (t->nodes + nout > t->owner_cap) {
        int cap = 2 * (t->nodes + nout) + 256;
        int *o = realloc(t->owner, (size_t)cap * sizeof *o);
        if (!o)
            fail_memory((size_t)cap * sizeof *o);
        t->owner = o;
        bool *w = realloc(t->wide, (size_t)cap * sizeof *w);
        if (!w)
            fail_memory((size_t)cap * sizeof *w);
        t->wide = w;
        t->owner_cap = cap;
    }
    struct entry e = { .rule = rule, .nin = nin, .nout = nout, .first = t->nodes };
    e.in = calloc((size_t)nin + 1, sizeof(value));
    e.parent = calloc((size_t)nin + 1, sizeof(int));
    if (!e.in || !e.parent) {
        free(e.in);
        free(e.parent);
        fail_memory((size_t)nin * sizeof(value));
    }
    t->e[t->n++] = e;                         /* from here on the tape owns what e holds */
    struct entry *p = &t->e[t->n - 1];
    bool wide = false;
    for (int i = 0; i < nin; i++) {
        p->parent[i] = tape_node(in[i]);
        p->in[i] = copy(in[i]);
        wide |= (p->parent[i] >= 0 && t->wide[p->parent[i]]) || (is_tensor_like(in[i]) && dtype_is(value_dtype(in[i]), DT_C));
    }
    for (int k = 0; k < nout; k++) {
        t->owner[t->nodes + k] = t->n - 1;
        t->wide[t->nodes + k] = wide && rule != R_LEAF;
    }
    t->nodes += nout;
    return p;
}

/* ---- builtins */
bool tape_takes(int n, const value *v)
{
    for (int i = 0; i < n; i++)
        if (tracked(v[i]))
            return true;
    return false;
}

static NORETURN void fail_not_differentiable(const struct builtin *b)
{
    fail("tl:not-differentiable", "%s: has no derivative, but its argument depends on a variable of autograd", b->name);
}

bool tape_carries(value v)         /* floating point: its missing gradient would be felt */
{
    if (v.kind == K_SPARSE)                   /* asked only of what was made of something tracked */
        fail("tl:not-differentiable", "autograd: a sparse result depends on a variable, and gradients do not go "
                                      "through sparse matrices\n"
                                      "hint: they go through S * x, S \\ x and full(S) .* x with a sparse S that is "
                                      "constant");
    return is_tensor_like(v) && dtype_is(value_dtype(v), DT_F);
}

/* c by the function of scripts/differentiable_form.tl, whose steps record themselves; false: nothing in c is tracked. */
bool tape_form(struct call *c)
{
    bool below = false;
    for (int i = 0; i < c->nargin && !below; i++)
        below = tracked_below(c->arg[i]);
    if (!below)
        return false;
    if (!call_carried_on(c, "differentiable_form", c->nargin))
        fail_not_differentiable(c->fn);
    return true;
}
static value form_of(const struct builtin *b, value x, value y)
{
    value in[2] = { x, y }, out = nil();
    struct call c = { b, 2, 1, in, &out };
    tape_form(&c);
    return keep(out);
}

void tape_call(struct call *c)
{
    const struct builtin *b = c->fn;
    bool direct = tape_takes(c->nargin, c->arg);
    if (direct && b->run == matrix_ops[MX_MTIMES].fn->run && c->nargin > 2) {     /* from the left */
        value y = c->arg[0];
        for (int i = 1; i < c->nargin; i++)
            y = tape_matrix(MX_MTIMES, y, c->arg[i]);
        result(c, 0, y);
        return;
    }
    for (int op = 0; direct && op < MX_OPS; op++)         /* mtimes(A, B) is A*B */
        if (b->run == matrix_ops[op].fn->run) {
            result(c, 0, tape_matrix(op, c->arg[0], c->nargin > 1 ? c->arg[1] : nil()));
            return;
        }
    if (b->grad == grad_form && tape_form(c))
        return;
    if (b->grad == grad_zero || b->grad == grad_pass || b->grad == grad_form || (!direct && b->grad)) {
        b->run(c);
        return;
    }
    if (!b->grad) {
        bool below = direct;
        for (int i = 0; i < c->nargin && !below; i++)
            below = tracked_below(c->arg[i]);
        b->run(c);
        for (int k = 0; below && k < MAX(1, c->nargout); k++)
            if (tape_carries(c->out[k]) && !tracked(c->out[k]))
                fail_not_differentiable(b);
        return;
    }
    value *arg = scratch(sizeof(value) * (size_t)MAX(1, c->nargin));
    for (int i = 0; i < c->nargin; i++)
        arg[i] = tape_plain(c->arg[i]);
    const struct recorder *was = RECORDING;
    int nout = MAX(1, c->nargout);
    struct call inner = *c;
    inner.arg = arg;
    struct entry *e = tape_record(R_CALL, c->nargin, arg, nout);
    int at = tape_state()->n - 1;
    static const char *const real[] = { "norm", "vecnorm", "svd", "cond", "var", "std" };    /* of complex matrices too */
    for (int i = 0; i < COUNT(real); i++)
        if (!strcmp(b->name, real[i]))
            tape_state()->wide[e->first] = false;
    if (!(e->out = calloc((size_t)nout, sizeof(value))))
        fail_memory((size_t)nout * sizeof(value));
    for (int k = 0; k < nout; k++)
        e->out[k] = nil();
    e->fn = b;
    RECORDING = NULL;                            /* autograd's protect sets it again when run fails */
    b->run(&inner);
    RECORDING = was;
    for (int k = 0; k < nout; k++) {
        if (!tape_carries(c->out[k]))
            continue;
        e = &tape_state()->e[at];
        e->out[k] = copy(c->out[k]);
        replace(&c->out[k], copy(tape_marked(c->out[k], e->first + k)));
    }
}

/* ---- plans.  A plan of elementwise rows (and a reducer) is one entry with the plan's own derivative; one with matrix
   operators is taken node by node. */
static int registers_of(const struct plan *p)
{
    const struct plan_node *q;
    int n = plan_nodes(p, &q), most = -1;
    for (int i = 0; i < n; i++)
        if (q[i].kind == PN_LEAF)
            most = MAX(most, q[i].a);
    return most + 1;
}

value tape_run_plain(struct plan *p, value *reg)        /* owned */
{
    const struct recorder *was = RECORDING;
    RECORDING = NULL;
    value y = plan_run(p, reg);
    RECORDING = was;
    return y;
}

/* A complex constant widens; what is real of complex operands does not stay wide. */
static void widen(struct plan *p, int node)
{
    const struct plan_node *q;
    int n = plan_nodes(p, &q);
    bool *wide = &tape_state()->wide[node];
    for (int i = 0; i < n; i++)
        *wide |= q[i].kind == PN_NUM && dtype_is(value_dtype(q[i].num), DT_C);
    for (int i = n - 1; i >= 0; i = q[i].kind == PN_REDUCE ? q[i].a : -1)
        if (q[i].kind == PN_REDUCE ? q[i].op == RED_sumsq : q[i].kind == PN_OP && ew_real_of_complex(q[i].op))
            *wide = false;
}

value tape_record_plan(struct plan *p, bool owns, int nreg,
                       const value *reg) /* pooled, marked; every leaf's register is given */
{
    struct entry *e = tape_record(R_PLAN, nreg, reg, 1);
    e->plan = p;
    e->owns_plan = owns;
    int node = e->first;
    widen(p, node);
    value *r = scratch(sizeof(value) * (size_t)MAX(1, nreg));
    memcpy(r, reg, sizeof(value) * (size_t)nreg);         /* the entry holds second references: nothing is taken over */
    int at = tape_state()->n - 1;
    value y = keep(tape_run_plain(p, r));
    if (!tape_carries(y))
        return y;
    e = &tape_state()->e[at];
    if (!(e->out = calloc(1, sizeof(value))))
        fail_memory(sizeof(value));
    e->out[0] = copy(y);
    return tape_marked(y, node);
}

static struct plan *single(int op, int nargin)            /* the plan of one row, kept */
{
    const struct plan **kept = &tape_state()->cache.single[op][nargin];
    if (!*kept) {
        struct plan_node q[3] = { { .kind = PN_LEAF, .a = 0, .b = -1 }, { .kind = PN_LEAF, .a = 1, .b = -1 } };
        q[nargin] = (struct plan_node){ .kind = PN_OP, .op = (uint16_t)op, .a = 0, .b = nargin > 1 ? 1 : -1 };
        *kept = plan_new(nargin + 1, q);
    }
    return (struct plan *)*kept;
}

value tape_op(int op, int nargin, const value *arg)           /* recorded when an argument is tracked; pooled */
{
    value a[2];
    for (int i = 0; i < nargin; i++)
        a[i] = tape_plain(arg[i]);
    if (RECORDING && tape_takes(nargin, a))
        return tape_record_plan(single(op, nargin), false, nargin, a);
    return ew_apply(op, nargin, a);
}

value tape_reduce(int op, value x, int along)
{
    value dim = along ? num(along) : nil();
    x = tape_plain(x);
    if (!tracked(x))
        return reduce_apply(op, x, along);
    struct plan_node q[3] = { { .kind = PN_LEAF, .a = 0, .b = -1 }, { .kind = PN_NUM, .b = -1, .num = dim } };
    bool given = !is_nil(dim);
    q[given ? 2 : 1] = (struct plan_node){ .kind = PN_REDUCE, .op = (uint16_t)op, .a = 0, .b = given ? 1 : -1 };
    return tape_record_plan(plan_new(given ? 3 : 2, q), true, 1, &x);
}

/* Least squares, and powers that are no whole numbers, are followed in parts. */
static bool formed(int op, value a, value b)
{
    i64 d[MAX_DIMS];
    if (op == MX_MPOWER)
        return value_numel(b) != 1 || tracked(b) || element_double(tensor_of(b), 0) != floor(element_double(tensor_of(b), 0));
    if (op != MX_MLDIVIDE && op != MX_MRDIVIDE)
        return false;
    value m = op == MX_MLDIVIDE ? a : b;
    i64 other[MAX_DIMS];
    if (m.kind == K_SPARSE || (value_dims(m, d) == 2 && d[0] == d[1]))
        return false;
    value_dims(op == MX_MLDIVIDE ? b : a, other);
    return op == MX_MLDIVIDE ? other[0] == d[0] : other[1] == d[1];      /* what does not fit fails as it does elsewhere */
}

value tape_matrix(int op, value a, value b)
{
    a = tape_plain(a);
    bool two = op < MX_CTRANSPOSE;
    if (two)
        b = tape_plain(b);
    bool scalars = two && (value_numel(a) == 1 || value_numel(b) == 1);
    if (scalars &&
        (op == MX_MTIMES || (op == MX_MRDIVIDE && value_numel(b) == 1) || (op == MX_MLDIVIDE && value_numel(a) == 1)))
        return tape_op(op == MX_MTIMES ? EW_times : op == MX_MRDIVIDE ? EW_rdivide : EW_ldivide, 2, (value[]){ a, b });
    if (scalars && op == MX_MPOWER && value_numel(a) == 1 && value_numel(b) == 1)
        return tape_op(EW_power, 2, (value[]){ a, b });
    if (!RECORDING || !tape_takes(two ? 2 : 1, (value[]){ a, b }))
        return matrix_apply(op, a, b);
    if (formed(op, a, b)) {
        fail_node_outer = -1;                 /* a function of the library, with places of its own */
        return form_of(matrix_ops[op].fn, a, b);
    }
    struct entry *e = tape_record(R_MATRIX, two ? 2 : 1, (value[]){ a, b }, 1);
    e->op = op;
    const struct recorder *was = RECORDING;
    int node = e->first, at = tape_state()->n - 1;
    RECORDING = NULL;
    value y = matrix_apply(op, a, b);
    RECORDING = was;
    e = &tape_state()->e[at];
    if (!(e->out = calloc(1, sizeof(value))))
        fail_memory(sizeof(value));
    e->out[0] = copy(y);
    return tape_marked(y, node);
}

/* Reductions whose derivative looks at their operand more than once: it must be there, not a step of a fused program. */
bool tape_reads_operand(int op) { return op == RED_prod || op == RED_max || op == RED_min; }

bool tape_plan(struct plan *p, value *reg, value *y)
{
    const struct plan_node *q;
    int n = plan_nodes(p, &q), mark = pool_mark();
    bool any = false, matrix = false;
    for (int i = 0; i < n; i++) {
        any |= q[i].kind == PN_LEAF && tracked(reg[q[i].a]);
        matrix |= q[i].kind == PN_MATRIX || (n > 3 && q[i].kind == PN_REDUCE && tape_reads_operand(q[i].op));
    }
    if (!any)
        return false;
    value result;
    if (!matrix) {
        int nreg = registers_of(p);
        value *r = scratch(sizeof(value) * (size_t)MAX(1, nreg));
        for (int i = 0; i < nreg; i++)
            r[i] = nil();
        for (int i = 0; i < n; i++)
            if (q[i].kind == PN_LEAF)
                r[q[i].a] = tape_plain(reg[q[i].a]);
        /* the compiler's plan may go before the tape does (a closure made in f): the entry has one of its own */
        struct plan_node *own = scratch(sizeof *own * (size_t)n);
        memcpy(own, q, sizeof *own * (size_t)n);
        result = tape_record_plan(plan_new(n, own), true, nreg, r);
    } else {
        value *v = scratch(sizeof(value) * (size_t)n);
        for (int i = 0; i < n; i++) {
            value two[2] = { q[i].a >= 0 && q[i].kind > PN_NUM ? v[q[i].a] : nil(),
                             q[i].b >= 0 && q[i].kind > PN_NUM ? v[q[i].b] : nil() };
            fail_node_outer = i;
            switch (q[i].kind) {
            case PN_LEAF: v[i] = reg[q[i].a]; break;
            case PN_NUM: v[i] = q[i].num; break;
            case PN_OP: v[i] = tape_op(q[i].op, q[i].b >= 0 ? 2 : 1, two); break;
            case PN_MATRIX: v[i] = tape_matrix(q[i].op, two[0], two[1]); break;
            default:
                v[i] = tape_reduce(q[i].op, two[0], is_nil(two[1]) ? 0 : (int)element_double(tensor_of(two[1]), 0));
                break;
            }
        }
        fail_node_outer = -1;
        result = v[n - 1];
    }
    *y = copy(result);
    pool_release(mark);
    return true;
}

/* ---- indexing.  A window is read and written as its base at positions 1, 2, … of its memory. */
static value window_positions(const struct window *w)
{
    struct tensor *p = tensor_new(D_DOUBLE, w->nd, w->dim);
    double *x = (double *)p->data;
    i64 at[MAX_DIMS] = { 0 }, o = w->offset;
    for (i64 i = 0; i < w->numel; i++) {
        x[i] = (double)(o + 1);
        for (int d = 0; d < w->nd; d++) {
            o += w->stride[d];
            if (++at[d] < w->dim[d])
                break;
            o -= at[d] * w->stride[d];
            at[d] = 0;
        }
    }
    return tensor_box(p);
}

value tape_index(value base, int n, const value *idx, value y)
{
    if (!tracked(base) || !tape_carries(y))
        return y;
    value *in = scratch(sizeof(value) * (size_t)(n + 1));
    in[0] = tape_plain(base);
    memcpy(in + 1, idx, sizeof(value) * (size_t)n);
    struct entry *e = tape_record(R_INDEX, n + 1, in, 1);
    for (int i = 1; i <= n; i++)
        e->parent[i] = -1;
    return tape_marked(y, e->first);
}

value tape_window(value w)
{
    value base = tensor_box(w.w->base), pos = window_positions(w.w);
    const struct recorder *was = RECORDING;
    RECORDING = NULL;
    value y = tensor_box(tensor_clone(tensor_any(w)));
    RECORDING = was;
    return tape_index(base, 1, &pos, y);
}

value g_index_add(value like, int n, const value *idx, value g)
{
    value y = index_add(like, n, idx, g);
    if (!tracked(g))
        return y;
    value *in = scratch(sizeof(value) * (size_t)(n + 1));
    in[0] = tape_plain(g);
    memcpy(in + 1, idx, sizeof(value) * (size_t)n);
    struct entry *e = tape_record(R_INDEX_ADD, n + 1, in, 1);
    for (int i = 1; i <= n; i++)
        e->parent[i] = -1;
    return tape_marked(y, e->first);
}

void tape_assign(struct tensor *t, value old, const struct window *w, int n, const value *idx, value rhs)
{
    if (!tracked(old) && !tracked(rhs))
        return;
    if (!dtype_is(t->dtype, DT_F)) {
        t->mark = NULL;
        return;
    }
    value pos = nil();
    if (w) {
        pos = index_paren(window_positions(w), n, idx);
        n = 1;
        idx = &pos;
    }
    value *in = scratch(sizeof(value) * (size_t)(n + 2));
    in[0] = old;
    in[1] = tape_plain(rhs);
    memcpy(in + 2, idx, sizeof(value) * (size_t)n);
    struct entry *e = tape_record(R_ASSIGN, n + 2, in, 1);
    for (int i = 2; i < n + 2; i++)
        e->parent[i] = -1;
    t->mark = mark_of(e->first);
}

void tape_untracked(void (*f)(void *arg), void *arg)
{
    const struct recorder *was = RECORDING;
    RECORDING = NULL;
    f(arg);
    RECORDING = was;                          /* when f fails, protect() sets it again */
}

value tape_cat(int dim, int n, const value *part, value y)
{
    if (!tape_takes(n, part) || !tape_carries(y))
        return y;
    value *in = scratch(sizeof(value) * (size_t)n);
    for (int i = 0; i < n; i++)
        in[i] = tape_plain(part[i]);
    struct entry *e = tape_record(R_CAT, n, in, 1);
    e->op = dim;
    return tape_marked(y, e->first);
}

void tape_check_outside(const struct window *w, const struct instance *x, value v)
{
    if ((w ? w->born : x->born) != context_head()->generation && tracked_below(v))
        fail("tl:not-differentiable", "autograd: a value that depends on its variables is written into %s from outside",
             w ? "a window" : "an object");
}
