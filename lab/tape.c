/* SPDX-License-Identifier: BSD-3-Clause */
/* tape.c: reverse-mode differentiation over builtins, plans, indexing and assignment, and `autograd`.
 *
 * There is one tape a context, also when autograd runs inside autograd: the inner call's variables are nodes whose
 * parents are the outer's, its backward pass records like all else, and so the outer can differentiate it.  A mark
 * holds the tape's generation and the node: when the outermost autograd ends the generation ends with it, and a mark
 * that has escaped (into a persistent, say) is void.
 *
 * Adjoints follow the convention g = dL/d conj(z) for complex z (ops.def). */
#include "tape.h"
#include "cat.h"
#include "index.h"
#include <stdarg.h>
#include <stdlib.h>

enum rule { R_LEAF, R_CALL, R_PLAN, R_MATRIX, R_INDEX, R_INDEX_ADD, R_ASSIGN, R_CAT };
struct entry {
    uint8_t rule;
    bool owns_plan;
    int nin, nout, first;                     /* results are nodes first, first + 1, … */
    int op;                                   /* R_MATRIX: operator; R_CAT: dimension; R_INDEX…: number of indices */
    const struct builtin *fn;
    struct plan *plan;
    value *in;                                /* copies; R_PLAN: the registers; R_INDEX: base, indices; R_ASSIGN: old, rhs, indices */
    int *parent;                              /* node of each input, -1: not tracked */
    value *out;                               /* R_CALL: copies of the results */
};
struct tape {
    struct entry *e;
    int n, cap, nodes, level;
    int *owner, owner_cap;                    /* entry of each node */
    struct entry *current;                    /* in a rule: its entry and the adjoints */
    value *adjoint;
    struct { const struct plan *single[EW_OPS][3]; } cache;
};

static void tape_clear(struct tape *t)
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

static void tape_free(void)
{
    struct tape *t = *context_room(ROOM_TAPE);
    tape_clear(t);
    for (int op = 0; op < EW_OPS; op++)
        for (int k = 0; k < 3; k++)
            if (t->cache.single[op][k])
                plan_free((struct plan *)t->cache.single[op][k]);
    free(t->e);
    free(t->owner);
    free(t);
}

static struct tape *tape(void)
{
    void **room = context_room(ROOM_TAPE);
    if (!*room) {
        if (!(*room = calloc(1, sizeof(struct tape))))
            fail_memory(sizeof(struct tape));
        context_at_exit(tape_free);
    }
    return *room;
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

static int node_of(value v)
{
    if (v.kind == K_TENSOR)
        return node_of_mark(v.t->mark);
    if (v.kind == K_WINDOW)
        return node_of_mark(v.w->base->mark);
    return -1;
}

bool tracked(value v)
{
    return RECORDING && node_of(v) >= 0;
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

static value plain(value v)                   /* a window on tracked memory becomes a tracked tensor; pooled or as given */
{
    return v.kind == K_WINDOW && tracked(v) ? tape_window(v) : v;
}

/* A tensor of its own header with this node's mark; pooled.  Scalars are boxed. */
static value marked(value v, int node)
{
    struct tensor *t = tensor_of(v);
    t = t->numel && t->block ? tensor_alias(t, t->nd, t->dim, t->stride, 0) : tensor_clone(t);
    t->mark = mark_of(node);
    return tensor_box(t);
}

/* ---- entries.  Memory is asked for before anything is entered, so a failure leaves the tape as it was. */
static struct entry *record(enum rule rule, int nin, const value *in, int nout)
{
    struct tape *t = tape();
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
    for (int i = 0; i < nin; i++) {
        p->parent[i] = node_of(in[i]);
        p->in[i] = copy(in[i]);
    }
    for (int k = 0; k < nout; k++)
        t->owner[t->nodes + k] = t->n - 1;
    t->nodes += nout;
    return p;
}

/* ---- builtins */
static bool takes_tracked(int n, const value *v)
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

static bool carries_gradient(value v)         /* floating point: its missing gradient would be felt */
{
    return is_tensor_like(v) && dtype_is(value_dtype(v), DT_F);
}

void tape_call(struct call *c)
{
    const struct builtin *b = c->fn;
    bool direct = takes_tracked(c->nargin, c->arg);
    for (int op = 0; direct && op < MX_OPS; op++)         /* mtimes(A, B) is A*B */
        if (b == matrix_ops[op].fn) {
            result(c, 0, tape_matrix(op, c->arg[0], c->nargin > 1 ? c->arg[1] : nil()));
            return;
        }
    if (b->grad == grad_zero || b->grad == grad_pass || (!direct && b->grad)) {
        b->run(c);
        return;
    }
    if (!b->grad) {
        bool below = direct;
        for (int i = 0; i < c->nargin && !below; i++)
            below = tracked_below(c->arg[i]);
        b->run(c);
        for (int k = 0; below && k < MAX(1, c->nargout); k++)
            if (carries_gradient(c->out[k]) && !tracked(c->out[k]))
                fail_not_differentiable(b);
        return;
    }
    value *arg = scratch(sizeof(value) * (size_t)MAX(1, c->nargin));
    for (int i = 0; i < c->nargin; i++)
        arg[i] = plain(c->arg[i]);
    const struct recorder *was = RECORDING;
    int nout = MAX(1, c->nargout);
    struct call inner = *c;
    inner.arg = arg;
    struct entry *e = record(R_CALL, c->nargin, arg, nout);
    int at = tape()->n - 1;
    if (!(e->out = calloc((size_t)nout, sizeof(value))))
        fail_memory((size_t)nout * sizeof(value));
    for (int k = 0; k < nout; k++)
        e->out[k] = nil();
    e->fn = b;
    RECORDING = NULL;                            /* autograd's protect sets it again when run fails */
    b->run(&inner);
    RECORDING = was;
    for (int k = 0; k < nout; k++) {
        if (!carries_gradient(c->out[k]))
            continue;
        e = &tape()->e[at];
        e->out[k] = copy(c->out[k]);
        replace(&c->out[k], copy(marked(c->out[k], e->first + k)));
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

static value run_plain(struct plan *p, value *reg)        /* owned */
{
    const struct recorder *was = RECORDING;
    RECORDING = NULL;
    value y = plan_run(p, reg);
    RECORDING = was;
    return y;
}

static value record_plan(struct plan *p, bool owns, int nreg, const value *reg)      /* pooled, marked; every leaf's register is given */
{
    struct entry *e = record(R_PLAN, nreg, reg, 1);
    e->plan = p;
    e->owns_plan = owns;
    int node = e->first;
    value *r = scratch(sizeof(value) * (size_t)MAX(1, nreg));
    memcpy(r, reg, sizeof(value) * (size_t)nreg);         /* the entry holds second references: nothing is taken over */
    int at = tape()->n - 1;
    value y = keep(run_plain(p, r));
    if (!carries_gradient(y))
        return y;
    e = &tape()->e[at];
    if (!(e->out = calloc(1, sizeof(value))))
        fail_memory(sizeof(value));
    e->out[0] = copy(y);
    return marked(y, node);
}

static struct plan *single(int op, int nargin)            /* the plan of one row, kept */
{
    const struct plan **kept = &tape()->cache.single[op][nargin];
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
        a[i] = plain(arg[i]);
    if (RECORDING && takes_tracked(nargin, a))
        return record_plan(single(op, nargin), false, nargin, a);
    return ew_apply(op, nargin, a);
}

value tape_reduce(int op, value x, int along)
{
    value dim = along ? num(along) : nil();
    x = plain(x);
    if (!tracked(x))
        return reduce_apply(op, x, along);
    struct plan_node q[3] = { { .kind = PN_LEAF, .a = 0, .b = -1 }, { .kind = PN_NUM, .b = -1, .num = dim } };
    bool given = !is_nil(dim);
    q[given ? 2 : 1] = (struct plan_node){ .kind = PN_REDUCE, .op = (uint16_t)op, .a = 0, .b = given ? 1 : -1 };
    return record_plan(plan_new(given ? 3 : 2, q), true, 1, &x);
}

value tape_matrix(int op, value a, value b)
{
    a = plain(a);
    bool two = op < MX_CTRANSPOSE;
    if (two)
        b = plain(b);
    bool scalars = two && (value_numel(a) == 1 || value_numel(b) == 1);
    if (scalars && (op == MX_MTIMES || (op == MX_MRDIVIDE && value_numel(b) == 1) || (op == MX_MLDIVIDE && value_numel(a) == 1)))
        return tape_op(op == MX_MTIMES ? EW_times : op == MX_MRDIVIDE ? EW_rdivide : EW_ldivide, 2, (value[]){ a, b });
    if (scalars && op == MX_MPOWER && value_numel(a) == 1 && value_numel(b) == 1)
        return tape_op(EW_power, 2, (value[]){ a, b });
    if (!RECORDING || !takes_tracked(two ? 2 : 1, (value[]){ a, b }))
        return matrix_apply(op, a, b);
    struct entry *e = record(R_MATRIX, two ? 2 : 1, (value[]){ a, b }, 1);
    e->op = op;
    const struct recorder *was = RECORDING;
    int node = e->first, at = tape()->n - 1;
    RECORDING = NULL;
    value y = matrix_apply(op, a, b);
    RECORDING = was;
    e = &tape()->e[at];
    if (!(e->out = calloc(1, sizeof(value))))
        fail_memory(sizeof(value));
    e->out[0] = copy(y);
    return marked(y, node);
}

bool tape_plan(struct plan *p, value *reg, value *y)
{
    const struct plan_node *q;
    int n = plan_nodes(p, &q), mark = pool_mark();
    bool any = false, matrix = false;
    for (int i = 0; i < n; i++) {
        any |= q[i].kind == PN_LEAF && tracked(reg[q[i].a]);
        matrix |= q[i].kind == PN_MATRIX;
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
                r[q[i].a] = plain(reg[q[i].a]);
        /* the compiler's plan may go before the tape does (a closure made in f): the entry has one of its own */
        struct plan_node *own = scratch(sizeof *own * (size_t)n);
        memcpy(own, q, sizeof *own * (size_t)n);
        result = record_plan(plan_new(n, own), true, nreg, r);
    } else {
        value *v = scratch(sizeof(value) * (size_t)n);
        for (int i = 0; i < n; i++) {
            value two[2] = { q[i].a >= 0 && q[i].kind > PN_NUM ? v[q[i].a] : nil(), q[i].b >= 0 && q[i].kind > PN_NUM ? v[q[i].b] : nil() };
            switch (q[i].kind) {
            case PN_LEAF: v[i] = reg[q[i].a]; break;
            case PN_NUM: v[i] = q[i].num; break;
            case PN_OP: v[i] = tape_op(q[i].op, q[i].b >= 0 ? 2 : 1, two); break;
            case PN_MATRIX: v[i] = tape_matrix(q[i].op, two[0], two[1]); break;
            default: v[i] = tape_reduce(q[i].op, two[0], is_nil(two[1]) ? 0 : (int)element_double(tensor_of(two[1]), 0)); break;
            }
        }
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
    if (!tracked(base) || !carries_gradient(y))
        return y;
    value *in = scratch(sizeof(value) * (size_t)(n + 1));
    in[0] = plain(base);
    memcpy(in + 1, idx, sizeof(value) * (size_t)n);
    struct entry *e = record(R_INDEX, n + 1, in, 1);
    for (int i = 1; i <= n; i++)
        e->parent[i] = -1;
    return marked(y, e->first);
}

value tape_window(value w)
{
    value base = tensor_box(w.w->base), pos = window_positions(w.w);
    const struct recorder *was = RECORDING;
    RECORDING = NULL;
    value y = tensor_box(tensor_clone(tensor_of(w)));
    RECORDING = was;
    return tape_index(base, 1, &pos, y);
}

value g_index_add(value like, int n, const value *idx, value g)
{
    value y = index_add(like, n, idx, g);
    if (!tracked(g))
        return y;
    value *in = scratch(sizeof(value) * (size_t)(n + 1));
    in[0] = plain(g);
    memcpy(in + 1, idx, sizeof(value) * (size_t)n);
    struct entry *e = record(R_INDEX_ADD, n + 1, in, 1);
    for (int i = 1; i <= n; i++)
        e->parent[i] = -1;
    return marked(y, e->first);
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
    in[1] = plain(rhs);
    memcpy(in + 2, idx, sizeof(value) * (size_t)n);
    struct entry *e = record(R_ASSIGN, n + 2, in, 1);
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
    if (!takes_tracked(n, part) || !carries_gradient(y))
        return y;
    value *in = scratch(sizeof(value) * (size_t)n);
    for (int i = 0; i < n; i++)
        in[i] = plain(part[i]);
    struct entry *e = record(R_CAT, n, in, 1);
    e->op = dim;
    return marked(y, e->first);
}

void tape_check_outside(const struct window *w, const struct instance *x, value v)
{
    if ((w ? w->born : x->born) != context_head()->generation && tracked_below(v))
        fail("tl:not-differentiable", "autograd: a value that depends on its variables is written into %s from outside", w ? "a window" : "an object");
}

/* ---- rules */
value grad_of(struct call *c, int k)
{
    struct tape *t = tape();
    value g = t->adjoint[t->current->first + k];
    (void)c;
    if (!is_nil(g))
        return g;
    i64 dim[MAX_DIMS];
    value y = t->current->out[k];
    int nd = value_dims(y, dim);
    return tensor_box(tensor_zeros(is_tensor_like(y) ? value_dtype(y) : D_DOUBLE, nd, dim));
}

bool grad_given(struct call *c, int k)
{
    struct tape *t = tape();
    (void)c;
    return k < t->current->nout && !is_nil(t->adjoint[t->current->first + k]);
}

value grad_result(struct call *c, int k)      /* marked again, so that a rule that uses it can be differentiated */
{
    struct entry *e = tape()->current;
    (void)c;
    if (k >= e->nout)
        return nil();
    return RECORDING && carries_gradient(e->out[k]) ? marked(e->out[k], e->first + k) : e->out[k];
}

bool grad_wanted(struct call *c, int i)
{
    (void)c;
    return tape()->current->parent[i] >= 0;
}

value g_op(int op, value a, value b) { return tape_op(op, 2, (value[]){ a, b }); }
value g_fn(int op, value a) { return tape_op(op, 1, &a); }
value g_mul(value a, value b) { return tape_matrix(MX_MTIMES, a, b); }
value g_sum(value a, int dim) { return tape_reduce(RED_sum, a, dim); }
value g_solve(value a, value b) { return tape_matrix(MX_MLDIVIDE, a, b); }
value g_t(value a) { return tape_matrix(MX_CTRANSPOSE, a, nil()); }

value g_call(const struct builtin *b, int n, ...)
{
    value arg[8], out;
    va_list ap;
    va_start(ap, n);
    for (int i = 0; i < n; i++)
        arg[i] = va_arg(ap, value);
    va_end(ap);
    call_builtin(b, n, arg, 1, &out);
    return out;
}

extern const struct builtin builtin_reshape;
static value sizes_of(value v)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(v, dim);
    struct tensor *t = tensor_2d(D_DOUBLE, 1, nd);
    for (int d = 0; d < nd; d++)
        ((double *)t->data)[d] = (double)dim[d];
    return tensor_box(t);
}

value g_reshape_like(value g, value like)
{
    return g_call(&builtin_reshape, 2, g, sizes_of(like));
}

static value as_class_of(value g, value like)             /* the gradient of a single is single, of a real real */
{
    int from = value_dtype(g), to = value_dtype(like);
    if (dtype_is(from, DT_C) && !dtype_is(to, DT_C))
        g = g_fn(EW_real, g);
    from = value_dtype(g);
    if (dtype_real(from) == dtype_real(to) || tracked(g))
        return g;
    return tensor_box(tensor_cast(tensor_of(g), dtype_is(from, DT_C) ? dtype_complex(to) : dtype_real(to)));
}

static void give(struct tape *t, int at, int i, value g)  /* adds g to the adjoint of input i of entry at */
{
    int node = t->e[at].parent[i];
    if (node < 0 || is_nil(g))
        return;
    g = as_class_of(g, t->e[at].in[i]);
    value have = t->adjoint[node];
    replace(&t->adjoint[node], copy(is_nil(have) ? g : g_op(EW_plus, have, g)));
}

static value input(struct tape *t, int at, int i)         /* as the forward pass saw it; marked while recording */
{
    return t->e[at].in[i];
}

static void rule_call(struct tape *t, int at)
{
    struct entry e = t->e[at];
    value *out = scratch(sizeof(value) * (size_t)MAX(1, e.nin));
    struct cell *hold = cell_2d(0, 0);        /* owns the gradients while the rule may fail */
    cell_reserve(hold, MAX(1, e.nin));
    for (int i = 0; i < MAX(1, e.nin); i++)
        hold->v[i] = nil();
    hold->numel = MAX(1, e.nin);
    t->current = &e;
    struct call c = { e.fn, e.nin, e.nin, e.in, hold->v };
    e.fn->grad(&c);
    (void)out;
    for (int i = 0; i < e.nin; i++)
        give(t, at, i, hold->v[i]);
}

/* g as large as like: added up where like was broadcast, repeated where a reducer had joined. */
static value fit(value g, value like)
{
    i64 gd[MAX_DIMS], ld[MAX_DIMS];
    int gn = value_dims(g, gd), ln = value_dims(like, ld), n = MAX(gn, ln);
    bool grows = false;
    value idx[MAX_DIMS];
    for (int d = 0; d < n; d++) {
        i64 from = d < gn ? gd[d] : 1, to = d < ln ? ld[d] : 1;
        idx[d] = colon();
        if (from != 1 && to == 1) {
            g = tape_reduce(RED_sum, g, d + 1);
        } else if (from == 1 && to != 1) {
            struct tensor *ones = tensor_2d(D_DOUBLE, 1, to);
            for (i64 i = 0; i < to; i++)
                ((double *)ones->data)[i] = 1;
            idx[d] = tensor_box(ones);
            grows = true;
        }
    }
    return grows ? index_paren(g, n, idx) : g;
}

static void rule_plan(struct tape *t, int at, value g)
{
    struct entry e = t->e[at];
    const struct plan_node *q;
    int n = plan_nodes(e.plan, &q), ng = e.nin, ny = e.nin + 1, nreg = e.nin + 2;
    value *reg = scratch(sizeof(value) * (size_t)nreg);
    memcpy(reg, e.in, sizeof(value) * (size_t)e.nin);
    reg[ng] = g;
    reg[ny] = RECORDING ? marked(e.out[0], e.first) : e.out[0];
    for (int i = 0; i < n; i++) {
        if (q[i].kind != PN_LEAF || e.parent[q[i].a] < 0)
            continue;
        struct plan *d = plan_grad(e.plan, i, ng, ny, reg);
        if (!d)
            continue;
        value gi;
        if (RECORDING && takes_tracked(nreg, reg)) {
            gi = record_plan(d, true, nreg, reg);
        } else {
            value *r = scratch(sizeof(value) * (size_t)nreg);
            memcpy(r, reg, sizeof(value) * (size_t)nreg);
            gi = keep(run_plain(d, r));
            plan_free(d);
        }
        give(t, at, q[i].a, fit(gi, e.in[q[i].a]));
    }
}

/* C = A*B: dA = G*B', dB = A'*G.  X = A\B: dB = A'\G, dA = -dB*X' (square A).  X = A/B likewise. */
extern const struct builtin builtin_inv;
static void rule_matrix(struct tape *t, int at, value g)
{
    struct entry e = t->e[at];
    value a = input(t, at, 0), b = e.nin > 1 ? input(t, at, 1) : nil(), y = RECORDING ? marked(e.out[0], e.first) : e.out[0];
    bool wa = e.parent[0] >= 0, wb = e.nin > 1 && e.parent[1] >= 0;
    switch (e.op) {
    case MX_MTIMES:
        if (wa)
            give(t, at, 0, g_mul(g, g_t(b)));
        if (wb)
            give(t, at, 1, g_mul(g_t(a), g));
        break;
    case MX_MLDIVIDE: {
        i64 d[MAX_DIMS];
        value_dims(a, d);
        if (d[0] != d[1])
            fail("tl:not-differentiable", "A \\ b: has a derivative only for square A, but A is %lldx%lld", (long long)d[0], (long long)d[1]);
        value gb = tape_matrix(MX_MLDIVIDE, g_t(a), g);
        if (wa)
            give(t, at, 0, g_fn(EW_uminus, g_mul(gb, g_t(y))));
        if (wb)
            give(t, at, 1, gb);
        break;
    }
    case MX_MRDIVIDE: {
        i64 d[MAX_DIMS];
        value_dims(b, d);
        if (d[0] != d[1])
            fail("tl:not-differentiable", "a / B: has a derivative only for square B, but B is %lldx%lld", (long long)d[0], (long long)d[1]);
        value ga = tape_matrix(MX_MRDIVIDE, g, g_t(b));
        if (wa)
            give(t, at, 0, ga);
        if (wb)
            give(t, at, 1, g_fn(EW_uminus, g_mul(g_t(y), ga)));
        break;
    }
    case MX_MPOWER: {                         /* A^n, n a whole number: the sum of A'^k G A'^(n-1-k); negative n through inv */
        double n = is_tensor_like(b) && value_numel(b) == 1 ? element_double(tensor_of(b), 0) : 0.5;
        if (wb || n != (double)(int)n || value_numel(b) != 1)
            fail("tl:not-differentiable", "A ^ n: has a derivative only for a matrix A and a whole number n that does not depend on a variable");
        value m = a, s = nil();
        if (n < 0)
            m = g_call(&builtin_inv, 1, a);
        value mt = g_t(m), left = g;
        for (int k = 0; k < (int)(n < 0 ? -n : n); k++) {             /* Horner: left = G mt^k summed with mt on the other side */
            value p = left;
            s = is_nil(s) ? p : g_op(EW_plus, g_mul(mt, s), p);
            left = g_mul(left, mt);
        }
        if (is_nil(s))
            break;
        give(t, at, 0, n < 0 ? g_fn(EW_uminus, g_mul(mt, g_mul(s, mt))) : s);
        break;
    }
    case MX_CTRANSPOSE: give(t, at, 0, g_t(g)); break;
    default: give(t, at, 0, tape_matrix(MX_TRANSPOSE, g, nil())); break;
    }
}

static value read_index(value base, int n, const value *idx)          /* base(idx…), recorded */
{
    return index_paren(base, n, idx);         /* records itself */
}

/* Y = old with Y(idx…) = rhs, perhaps grown: d old is G with zeros there, cut to old's size; d rhs is G(idx…). */
static void rule_assign(struct tape *t, int at, value g)
{
    struct entry e = t->e[at];
    int n = e.nin - 2;
    value old = e.in[0], rhs = e.in[1], *idx = e.in + 2;
    if (e.parent[1] >= 0) {
        value gi = read_index(g, n, idx);
        if (value_numel(rhs) == 1 && value_numel(gi) != 1)
            gi = tape_reduce(RED_sum, read_index(gi, 1, (value[]){ colon() }), 1);
        give(t, at, 1, value_numel(rhs) == 1 ? gi : g_reshape_like(gi, rhs));
    }
    if (e.parent[0] >= 0) {
        struct tensor *like = tensor_of(g), *ones = tensor_2d(D_DOUBLE, 1, 1);
        *(double *)ones->data = 1;
        i64 dim[MAX_DIMS], od[MAX_DIMS];
        const struct recorder *was = RECORDING;
        int nd = value_dims(g, dim), ond = value_dims(old, od);
        RECORDING = NULL;                        /* a constant mask of what was written */
        value shape = index_paren(g, n, idx), hit;
        {
            i64 hd[MAX_DIMS];
            int hn = value_dims(shape, hd);
            struct tensor *h = tensor_new(D_DOUBLE, hn, hd);
            for (i64 i = 0; i < h->numel; i++)
                ((double *)h->data)[i] = 1;
            hit = index_add(tensor_box(tensor_zeros(D_DOUBLE, nd, dim)), n, idx, tensor_box(h));
        }
        struct tensor *mask = tensor_new(D_DOUBLE, like->nd, like->dim), *count = tensor_dense(tensor_of(hit));
        for (i64 i = 0; i < mask->numel; i++)
            ((double *)mask->data)[i] = ((double *)count->data)[i] == 0;
        RECORDING = was;
        value left = g_op(EW_times, g, tensor_box(mask));
        if (!dims_equal(nd, dim, ond, od)) {
            value cut[MAX_DIMS];
            int k = MAX(nd, ond);
            if (ond == 2 && nd == 2 && value_numel(old) == 0)
                return;
            for (int d = 0; d < k; d++)
                cut[d] = range_new(1, 1, d < ond ? (double)od[d] : 1);
            left = read_index(left, k, cut);
        }
        give(t, at, 0, left);
    }
}

static void rule_cat(struct tape *t, int at, value g)
{
    struct entry e = t->e[at];
    i64 first = 0;
    for (int i = 0; i < e.nin; i++) {
        i64 dim[MAX_DIMS];
        int nd = value_dims(e.in[i], dim), gd = value_dims(g, (i64[MAX_DIMS]){ 0 });
        if (nd == 2 && dim[0] == 0 && dim[1] == 0)        /* [] joins anything */
            continue;
        i64 size = e.op <= nd ? dim[e.op - 1] : 1;
        if (e.parent[i] >= 0) {
            value idx[MAX_DIMS];
            int k = MAX(gd, e.op);
            for (int d = 0; d < k; d++)
                idx[d] = d == e.op - 1 ? range_new((double)first + 1, 1, (double)(first + size)) : colon();
            give(t, at, i, read_index(g, k, idx));
        }
        first += size;
    }
}

static void backward(struct tape *t, int from, int to)    /* entries from - 1 down to `to`; adjoints in t->adjoint */
{
    for (int at = from; at-- > to;) {
        struct entry *e = &t->e[at];
        bool any = false;
        for (int k = 0; k < e->nout; k++)
            any |= !is_nil(t->adjoint[e->first + k]);
        if (!any)
            continue;
        poll();
        int mark = pool_mark();
        value g = t->adjoint[e->first];
        switch (e->rule) {
        case R_LEAF: give(t, at, 0, g); break;            /* a variable of an inner autograd is the outer's value */
        case R_CALL: rule_call(t, at); break;
        case R_PLAN: rule_plan(t, at, g); break;
        case R_MATRIX: rule_matrix(t, at, g); break;
        case R_INDEX: give(t, at, 0, g_index_add(e->in[0], e->nin - 1, e->in + 1, g)); break;
        case R_INDEX_ADD: give(t, at, 0, g_reshape_like(read_index(g, e->nin - 1, e->in + 1), e->in[0])); break;
        case R_ASSIGN: rule_assign(t, at, g); break;
        case R_CAT: rule_cat(t, at, g); break;
        }
        pool_release(mark);
    }
}

/* ---- autograd */
static bool is_variable(value v)
{
    return (v.kind == K_NUM || v.kind == K_TENSOR || v.kind == K_WINDOW || v.kind == K_RANGE) && dtype_is(value_dtype(v), DT_F);
}

static value variable(value v)                /* the same value with leaves tracked; pooled */
{
    if (is_variable(v)) {
        value in = plain(v);
        struct entry *e = record(R_LEAF, 1, &in, 1);
        int node = e->first;
        return marked(in, node);
    }
    if (v.kind == K_CELL || v.kind == K_STRUCT) {
        value u = clone(v);                   /* windows below become values, as the language says */
        i64 n = u.kind == K_CELL ? u.cell->numel : u.rec->numel * u.rec->f->n;
        value *e = u.kind == K_CELL ? u.cell->v : u.rec->v;
        value *from = v.kind == K_CELL ? v.cell->v : v.rec->v;
        for (i64 i = 0; i < n; i++)
            replace(&e[i], copy(variable(from[i])));
        return u;
    }
    if (v.kind == K_OBJECT)
        fail("tl:not-differentiable", "autograd: an argument is a %s object; pass its parameters, or make a layer of your own with nn.Lambda", class_of(v));
    return v;
}

static value gradient(value var, const value *adjoint)    /* of the shape of the variable; [] where a leaf is not floating point */
{
    if (var.kind == K_CELL || var.kind == K_STRUCT) {
        value u = clone(var);
        i64 n = u.kind == K_CELL ? u.cell->numel : u.rec->numel * u.rec->f->n;
        value *e = u.kind == K_CELL ? u.cell->v : u.rec->v;
        value *from = var.kind == K_CELL ? var.cell->v : var.rec->v;
        for (i64 i = 0; i < n; i++)
            replace(&e[i], copy(gradient(from[i], adjoint)));
        return u;
    }
    int node = node_of(var);
    if (node < 0)
        return tensor_box(tensor_2d(D_DOUBLE, 0, 0));
    if (is_nil(adjoint[node]))
        return tensor_box(tensor_zeros(var.t->dtype, var.t->nd, var.t->dim));
    return adjoint[node];
}

static void window_read(value *w)
{
    if (tracked(*w))
        *w = tape_window(*w);
}
static bool reduce_tracked(int op, const value *x, int dim, value *y)
{
    if (!tracked(*x))
        return false;
    *y = tape_reduce(op, *x, dim);
    return true;
}
static bool matrix_tracked(int op, const value *ab, value *y)
{
    if (!takes_tracked(op < MX_CTRANSPOSE ? 2 : 1, ab))
        return false;
    *y = tape_matrix(op, ab[0], ab[1]);
    return true;
}
static const struct recorder recorder = { tape_call, window_read, tape_plan, reduce_tracked, matrix_tracked };

struct autograd { struct call *c; };
static void autograd_body(void *arg)
{
    struct call *c = ((struct autograd *)arg)->c;
    struct tape *t = tape();
    int n = c->nargin - 1, start = t->n;
    value *x = scratch(sizeof(value) * (size_t)n), y = nil();
    for (int i = 0; i < n; i++)
        x[i] = variable(c->arg[i + 1]);
    call_function(arg_func(c, 0), n, x, 1, &y);
    y = plain(y);
    if (!is_tensor_like(y) || value_numel(y) != 1 || dtype_is(value_dtype(y), DT_C)) {
        char d[160];
        fail("tl:not-differentiable", "autograd: the function must give a real scalar, but its result is a %s", value_describe(y, d));
    }
    int nodes = t->nodes, end = t->n, root = node_of(y);
    struct cell *adjoint = cell_2d(0, 0);
    cell_reserve(adjoint, MAX(1, nodes));
    for (int i = 0; i < nodes; i++)
        adjoint->v[i] = nil();
    adjoint->numel = nodes;
    if (t->level == 1)
        RECORDING = NULL;                        /* nobody differentiates this backward pass */
    if (root >= 0 && c->nargout > 1) {
        value *outer = t->adjoint;
        struct entry *current = t->current;
        t->adjoint = adjoint->v;
        struct tensor *one = tensor_2d(dtype_is(value_dtype(y), DT_F) ? value_dtype(y) : D_DOUBLE, 1, 1);
        convert_run(one->dtype, one->data, D_DOUBLE, &(double){ 1 }, 1);
        replace(&adjoint->v[root], copy(tensor_box(one)));
        backward(t, end, start);
        t->adjoint = outer;
        t->current = current;
    }
    if (t->level == 1 && y.kind == K_TENSOR)
        y = element_value(y.t, 0);
    result(c, 0, y);
    for (int i = 0; i < MIN(n, c->nargout - 1); i++) {
        value g = gradient(x[i], adjoint->v);
        result(c, i + 1, t->level == 1 && g.kind == K_TENSOR ? tensor_value(g.t) : g);
    }
}

BUILTIN(autograd, 2, ANY, ANY, grad_pass,
  "[y, dx1, dx2, …] = autograd(f, x1, x2, …)\n\n"
  "The value y = f(x1, x2, …) of a scalar function and its gradient with respect to each argument. An argument may be\n"
  "a tensor, or a cell or struct of tensors; its gradient has the same shape, with [] where a leaf is not floating point.\n"
  "Everything is followed: user functions, loops, branches, indexing, views and in-place methods on locals. autograd may\n"
  "be used inside f, which gives second derivatives.\n\n"
  "Example:\n"
  "  [y, dx] = autograd(@(x) sum(x.^2), [1 2 3])\n"
  "  y = 14\n"
  "  dx =\n"
  "     2   4   6\n\n"
  "See also: code")
{
    struct tape *t = tape();
    struct autograd a = { c };
    const struct recorder *was = RECORDING;
    value *adjoint = t->adjoint;
    struct entry *current = t->current;
    if (t->level == 0)
        context_head()->generation++;
    t->level++;
    RECORDING = &recorder;
    int bad = protect(autograd_body, &a);
    t->level--;
    RECORDING = was;
    t->adjoint = adjoint;
    t->current = current;
    if (t->level == 0) {
        tape_clear(t);
        context_head()->generation++;
    }
    if (bad)
        fail_again();
}

void grad_zero(struct call *c) { (void)c; }
void grad_pass(struct call *c) { (void)c; }
