/* SPDX-License-Identifier: BSD-3-Clause */
/* autograd.c: the tape read backwards: the rules of its entries, the short names that rules of builtins use (tape.h),
 * and `autograd` itself.
 *
 * Adjoints follow the convention g = dL/d conj(z) for complex z (ops.def). */
#include "gpu.h"
#include "tape_inside.h"
#include "index.h"
#include <stdarg.h>

/* ---- rules */
value grad_of(struct call *c, int k)
{
    struct tape *t = tape_state();
    value g = t->adjoint[t->current->first + k];
    (void)c;
    if (!is_nil(g))
        return g;
    i64 dim[MAX_DIMS];
    value y = t->current->out[k];
    int nd = value_dims(y, dim);
    return tensor_box(zeros_beside(y, is_tensor_like(y) ? value_dtype(y) : D_DOUBLE, nd, dim));
}

bool grad_given(struct call *c, int k)
{
    struct tape *t = tape_state();
    (void)c;
    return k < t->current->nout && !is_nil(t->adjoint[t->current->first + k]);
}

value grad_result(struct call *c, int k)      /* marked again, so that a rule that uses it can be differentiated */
{
    struct entry *e = tape_state()->current;
    (void)c;
    if (k >= e->nout)
        return nil();
    return RECORDING && tape_carries(e->out[k]) ? tape_marked(e->out[k], e->first + k) : e->out[k];
}

bool grad_wanted(struct call *c, int i)
{
    (void)c;
    return tape_state()->current->parent[i] >= 0;
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

extern const struct builtin builtin_reshape, builtin_gpu, builtin_cpu;
static value sizes_of(value v)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(v, dim);
    return tensor_box(tensor_of_dims(nd, dim));
}

value g_reshape_like(value g, value like)
{
    if (!value_numel(like) && value_numel(g)) /* what may be left out, a bias of a convolution, is [], and so is its gradient */
        return like;
    return g_call(&builtin_reshape, 2, g, sizes_of(like));
}

static value as_class_of(value g, value like,
                         bool wide) /* the gradient of a single is single, of a real real; wide: tape_inside.h */
{
    int from = value_dtype(g), to = value_dtype(like);
    if (unlikely(value_device(g) != value_device(like)))  /* a number of the CPU was used there, or the other way round */
        g = value_device(like) ? g_call(&builtin_gpu, 2, g, num(value_device(like))) : g_call(&builtin_cpu, 1, g);
    if (dtype_is(from, DT_C) && !dtype_is(to, DT_C) && !wide)
        g = g_fn(EW_real, g);
    from = value_dtype(g);
    if (dtype_real(from) == dtype_real(to) || tracked(g))
        return g;
    return tensor_box(tensor_cast(tensor_any(g), dtype_is(from, DT_C) ? dtype_complex(to) : dtype_real(to)));
}

static void give(struct tape *t, int at, int i, value g)  /* adds g to the adjoint of input i of entry at */
{
    int node = t->e[at].parent[i];
    if (node < 0 || is_nil(g))
        return;
    g = as_class_of(g, t->e[at].in[i], t->wide[node]);
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

struct plain { struct plan *plan; value *reg, y; };
static void plain_body(void *arg)
{
    struct plain *p = arg;
    p->y = tape_run_plain(p->plan, p->reg);
}

/* max and min: g goes to the elements that are the extreme, in equal parts. */
static value back_extreme(value x, value y, int dim, value g)
{
    value hit = ew_apply(EW_eq, 2, (value[]){ x, y }), count = reduce_apply(RED_sum, hit, dim);
    if (!value_device(count)) {
        struct tensor *n = tensor_of(count);
        i64 i = 0;
        while (i < n->numel && ((double *)n->data)[i] <= 1)
            i++;
        if (i == n->numel)
            return g_op(EW_times, g, hit);
    }
    return g_op(EW_times, g_op(EW_rdivide, g, ew_apply(EW_max, 2, (value[]){ count, num(1) })), hit);
}

/* prod: each element gets the product of the others.  y ./ x is that where x has no zeros; otherwise they are
   multiplied anew, for the derivative of the derivative one by one. */
extern const struct builtin builtin_cat;
bool g_has_zero(value x)
{
    value hit = ew_apply(EW_eq, 2, (value[]){ x, num(0) });
    struct tensor *h = tensor_of(gpu_read_value(hit, "a derivative"));
    return memchr(tensor_dense(h)->data, 1, (size_t)h->numel) != NULL;
}
static value back_product(value x, value y, int dim, value g)
{
    if (!g_has_zero(x))
        return g_op(EW_rdivide, g_op(EW_times, g, g_fn(EW_conj, y)), g_fn(EW_conj, x));
    i64 size[MAX_DIMS];
    int nd = MAX(value_dims(x, size), dim);
    i64 n = dim <= value_dims(x, size) ? size[dim - 1] : 1;
    if (n == 1)
        return g;
    if (!(RECORDING && (tracked(x) || tracked(g)))) {
        value z = ew_apply(EW_eq, 2, (value[]){ x, num(0) }), rest = ew_apply(EW_plus, 2, (value[]){ x, z });
        value p = reduce_apply(RED_prod, rest, dim), zeros = reduce_apply(RED_sum, z, dim);
        value none = g_op(EW_times, g_op(EW_rdivide, p, rest), ew_apply(EW_eq, 2, (value[]){ zeros, num(0) }));
        value one = g_op(EW_times, g_op(EW_times, z, p), ew_apply(EW_eq, 2, (value[]){ zeros, num(1) }));
        return g_op(EW_times, g, g_fn(EW_conj, g_op(EW_plus, none, one)));
    }
    value *arg = scratch(sizeof *arg * (size_t)(n + 1)), idx[MAX_DIMS], others;
    arg[0] = num(dim);
    for (int d = 0; d < nd; d++)
        idx[d] = colon();
    for (i64 i = 0; i < n; i++) {
        struct tensor *rest = tensor_2d(D_DOUBLE, 1, n - 1);
        for (i64 k = 0; k < n - 1; k++)
            ((double *)rest->data)[k] = (double)(k + (k >= i) + 1);
        idx[dim - 1] = tensor_box(rest);
        arg[i + 1] = tape_reduce(RED_prod, index_paren(x, nd, idx), dim);
    }
    call_builtin(&builtin_cat, (int)n + 1, arg, 1, &others);
    return g_op(EW_times, g, g_fn(EW_conj, others));
}

static bool back_whole(struct tape *t, int at, value y, value g)       /* a reduction that reads its operand */
{
    struct entry e = t->e[at];
    const struct plan_node *q;
    int n = plan_nodes(e.plan, &q);
    const struct plan_node *r = &q[n - 1];
    if (r->kind != PN_REDUCE || !tape_reads_operand(r->op) || q[r->a].kind != PN_LEAF || e.parent[q[r->a].a] < 0)
        return false;
    value x = e.in[q[r->a].a];
    if (!is_tensor_like(x) || x.kind == K_SPARSE)
        return false;
    int dim = r->b < 0 ? first_long_dim(tensor_any(x))
                       : (int)element_double(tensor_of(q[r->b].kind == PN_NUM ? q[r->b].num : e.in[q[r->b].a]), 0);
    give(t, at, q[r->a].a, r->op == RED_prod ? back_product(x, y, dim, g) : back_extreme(x, y, dim, g));
    return true;
}

static void rule_plan(struct tape *t, int at, value g)
{
    struct entry e = t->e[at];
    const struct plan_node *q;
    int n = plan_nodes(e.plan, &q), ng = e.nin, ny = e.nin + 1, nreg = e.nin + 2;
    value *reg = scratch(sizeof(value) * (size_t)nreg);
    memcpy(reg, e.in, sizeof(value) * (size_t)e.nin);
    reg[ng] = g;
    reg[ny] = RECORDING ? tape_marked(e.out[0], e.first) : e.out[0];
    if (back_whole(t, at, reg[ny], g))
        return;
    for (int i = 0; i < n; i++) {
        if (q[i].kind != PN_LEAF || e.parent[q[i].a] < 0)
            continue;
        value *r = scratch(sizeof(value) * (size_t)nreg);         /* before d: nothing may fail while d is ours alone */
        struct plan *d = plan_grad(e.plan, i, ng, ny, reg);
        if (!d)
            continue;
        value gi;
        if (RECORDING && tape_takes(nreg, reg)) {
            gi = tape_record_plan(d, true, nreg, reg);
        } else {
            memcpy(r, reg, sizeof(value) * (size_t)nreg);
            struct plain run = { .plan = d, .reg = r };
            int bad = protect(plain_body, &run);
            plan_free(d);
            if (bad)
                fail_again();
            gi = keep(run.y);
        }
        give(t, at, q[i].a, fit(gi, e.in[q[i].a]));
    }
}

/* C = A*B: dA = G*B', dB = A'*G.  X = A\B: dB = A'\G, dA = -dB*X' (square A).  X = A/B likewise. */
extern const struct builtin builtin_inv;
static void rule_matrix(struct tape *t, int at, value g)
{
    struct entry e = t->e[at];
    value a = input(t, at, 0), b = e.nin > 1 ? input(t, at, 1) : nil(),
          y = RECORDING ? tape_marked(e.out[0], e.first) : e.out[0];
    bool wa = e.parent[0] >= 0, wb = e.nin > 1 && e.parent[1] >= 0;
    switch (e.op) {
    case MX_MTIMES:
        if (wa)
            give(t, at, 0, g_mul(g, g_t(b)));
        if (wb)
            give(t, at, 1, g_mul(g_t(a), g));
        break;
    case MX_MLDIVIDE: {
        value gb = tape_matrix(MX_MLDIVIDE, g_t(a), g);
        if (wa)
            give(t, at, 0, g_fn(EW_uminus, g_mul(gb, g_t(y))));
        if (wb)
            give(t, at, 1, gb);
        break;
    }
    case MX_MRDIVIDE: {
        value ga = tape_matrix(MX_MRDIVIDE, g, g_t(b));
        if (wa)
            give(t, at, 0, ga);
        if (wb)
            give(t, at, 1, g_fn(EW_uminus, g_mul(g_t(y), ga)));
        break;
    }
    case MX_MPOWER: { /* A^n, n a whole number: the sum of A'^k G A'^(n-1-k); negative n through inv */
        double n =
            is_tensor_like(b) && value_numel(b) == 1 ? element_double(tensor_of(gpu_read_value(b, "a power")), 0) : 0.5;
        if (wb || n != (double)(int)n || value_numel(b) != 1)
            fail("tl:not-differentiable", "A ^ n: has a derivative only for a matrix A and a whole number n that does "
                                          "not depend on a variable");
        value m = a, s = nil();
        if (n < 0)
            m = g_call(&builtin_inv, 1, a);
        value mt = g_t(m), left = g;
        for (int k = 0; k < (int)(n < 0 ? -n : n); k++) { /* Horner: left = G mt^k summed with mt on the other side */
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

/* Where an index names a place twice, the last element written is the one that stands there: 0 for the others, 1 for
 * it.  NIL: none does. */
static value written_last(value y, int n, const value *idx)
{
    bool list = false;
    i64 dim[MAX_DIMS];
    for (int i = 0; i < n; i++)
        list |= idx[i].kind == K_TENSOR && idx[i].t->numel > 1 && idx[i].t->dtype != D_LOGICAL;
    if (!list)
        return nil();
    int nd = value_dims(y, dim);
    struct tensor *place = tensor_new(D_DOUBLE, nd, dim);
    for (i64 i = 0; i < place->numel; i++)
        ((double *)place->data)[i] = (double)i;
    struct tensor *at = tensor_dense(tensor_of(index_paren(tensor_box(place), n, idx))),
                  *mask = tensor_new(D_DOUBLE, at->nd, at->dim);
    i64 *last = scratch(sizeof *last * (size_t)MAX(1, place->numel));
    bool twice = false;
    for (i64 i = 0; i < at->numel; i++)
        last[(i64)((double *)at->data)[i]] = i;
    for (i64 i = 0; i < at->numel; i++) {
        bool stays = last[(i64)((double *)at->data)[i]] == i;
        ((double *)mask->data)[i] = stays;
        twice |= !stays;
    }
    return twice ? tensor_box(mask) : nil();
}

/* Y = old with Y(idx…) = rhs, perhaps grown: d old is G with zeros there, cut to old's size; d rhs is G(idx…). */
static void rule_assign(struct tape *t, int at, value g)
{
    struct entry e = t->e[at];
    int n = e.nin - 2;
    value old = e.in[0], rhs = e.in[1], *idx = e.in + 2;
    if (e.parent[1] >= 0) {
        value gi = read_index(g, n, idx), stays = written_last(g, n, idx);
        if (!is_nil(stays))
            gi = g_op(EW_times, gi, value_device(gi) ? tensor_box(gpu_put(value_device(gi), tensor_of(stays))) : stays);
        if (value_numel(rhs) == 1 && value_numel(gi) != 1)
            gi = tape_reduce(RED_sum, read_index(gi, 1, (value[]){ colon() }), 1);
        give(t, at, 1, value_numel(rhs) == 1 ? gi : g_reshape_like(gi, rhs));
    }
    if (e.parent[0] >= 0) {
        struct tensor *like = tensor_any(g), *ones = tensor_2d(D_DOUBLE, 1, 1);
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
        value left = g_op(EW_times, g, tensor_box(like->device ? gpu_put(like->device, mask) : mask));
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

void tape_backward(struct tape *t, int from, int to)
{
    bool mixed = context_head()->mixes;
    context_head()->mixes = true;             /* constants of the CPU meet adjoints on a device; a failure sets it back */
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
    context_head()->mixes = mixed;
}

/* ---- autograd */
static bool is_variable(value v)
{
    return (v.kind == K_NUM || v.kind == K_TENSOR || v.kind == K_WINDOW || v.kind == K_RANGE) &&
           dtype_is(value_dtype(v), DT_F);
}

value tape_variable(value v)
{
    if (is_variable(v)) {
        value in = tape_plain(v);
        struct entry *e = tape_record(R_LEAF, 1, &in, 1);
        int node = e->first;
        return tape_marked(in, node);
    }
    if (v.kind == K_CELL || v.kind == K_STRUCT) {
        value u = value_shell(v);                 /* windows below become values, as the language says */
        descend("autograd");
        i64 n = u.kind == K_CELL ? u.cell->numel : u.rec->numel * u.rec->f->n;
        value *e = u.kind == K_CELL ? u.cell->v : u.rec->v;
        value *from = v.kind == K_CELL ? v.cell->v : v.rec->v;
        for (i64 i = 0; i < n; i++)
            replace(&e[i], copy(tape_variable(from[i])));
        return u;
    }
    if (v.kind == K_SPARSE)
        fail("tl:not-differentiable", "autograd: an argument is a sparse matrix, of which there are no gradients; let "
                                      "the function capture it, or give full(S)");
    if (v.kind == K_OBJECT)
        fail("tl:not-differentiable",
             "autograd: an argument is a %s object; pass its parameters, or make a layer of your own with nn.Lambda",
             class_of(v));
    return v;
}

value tape_gradient(value var, const value *adjoint)
{
    if (var.kind == K_CELL || var.kind == K_STRUCT) {
        value u = value_shell(var);
        i64 n = u.kind == K_CELL ? u.cell->numel : u.rec->numel * u.rec->f->n;
        value *e = u.kind == K_CELL ? u.cell->v : u.rec->v;
        value *from = var.kind == K_CELL ? var.cell->v : var.rec->v;
        for (i64 i = 0; i < n; i++)
            replace(&e[i], copy(tape_gradient(from[i], adjoint)));
        return u;
    }
    int node = tape_node(var);
    if (node < 0)
        return tensor_box(tensor_2d(D_DOUBLE, 0, 0));
    if (is_nil(adjoint[node]))
        return tensor_box(zeros_beside(var, var.t->dtype, var.t->nd, var.t->dim));
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
    if (!tape_takes(op < MX_CTRANSPOSE ? 2 : 1, ab))
        return false;
    *y = tape_matrix(op, ab[0], ab[1]);
    return true;
}
const struct recorder tape_recorder = { tape_call, window_read, tape_plan, reduce_tracked, matrix_tracked };

struct autograd { struct call *c; };
static void autograd_body(void *arg)
{
    struct call *c = ((struct autograd *)arg)->c;
    struct tape *t = tape_state();
    int n = c->nargin - 1, start = t->n;
    value *x = scratch(sizeof(value) * (size_t)n), y = nil();
    for (int i = 0; i < n; i++)
        x[i] = tape_variable(c->arg[i + 1]);
    call_function(arg_func(c, 0), n, x, 1, &y);
    y = tape_plain(y);
    if (!is_tensor_like(y) || value_numel(y) != 1 || dtype_is(value_dtype(y), DT_C)) {
        char d[160];
        fail("tl:not-differentiable", "autograd: the function must give a real scalar, but its result is a %s",
             value_describe(y, d));
    }
    int nodes = t->nodes, end = t->n, root = tape_node(y);
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
        replace(&adjoint->v[root], copy(tensor_box(value_device(y) ? gpu_put(value_device(y), one) : one)));
        tape_backward(t, end, start);
        t->adjoint = outer;
        t->current = current;
    }
    if (t->level == 1 && y.kind == K_TENSOR)
        y = y.t->device ? tensor_box(tensor_alias(y.t, y.t->nd, y.t->dim, y.t->stride, 0)) : element_value(y.t, 0);
    result(c, 0, y);
    for (int i = 0; i < MIN(n, c->nargout - 1); i++) {
        value g = tape_gradient(x[i], adjoint->v);
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
  "See also: gradcheck, gradient, nn.Lambda, optim.sgd, code")
{
    struct tape *t = tape_state();
    struct autograd a = { c };
    const struct recorder *was = RECORDING;
    value *adjoint = t->adjoint;
    struct entry *current = t->current;
    if (t->level == 0)
        tape_generation();
    t->level++;
    RECORDING = &tape_recorder;
    int bad = protect(autograd_body, &a);
    t->level--;
    RECORDING = was;
    t->adjoint = adjoint;
    t->current = current;
    if (t->level == 0) {
        tape_clear(t);
        tape_generation();
    }
    if (bad)
        fail_again();
}

BUILTIN(detach, 1, 1, 1, grad_zero,
  "y = detach(x)\n\n"
  "The value of x as a constant: autograd takes no derivative through it.\n\n"
  "Example:\n"
  "  [~, g] = autograd(@(x) x * detach(x), 3)\n"
  "  g = 3\n\n"
  "See also: autograd, clone")
{
    value x = tape_plain(c->arg[0]);
    if (x.kind == K_TENSOR && x.t->mark)
        x = tensor_box(tensor_alias(x.t, x.t->nd, x.t->dim, x.t->stride, 0));
    else if (tracked_below(x))
        fail_arg(c, 0, "an array; cells and structs are detached element by element");
    result(c, 0, x);
}

void grad_zero(struct call *c) { (void)c; }
void grad_pass(struct call *c) { (void)c; }
void grad_form(struct call *c) { (void)c; }
