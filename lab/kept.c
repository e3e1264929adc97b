/* SPDX-License-Identifier: BSD-3-Clause */
/* kept.c: a run on a tape of its own, which is kept until somebody goes backwards through it.
 *
 * The tape and its generation take the place of the context's while the run or its backward pass lasts, so what is
 * marked here means nothing to an autograd outside, and the other way round: its variables are constants here. */
#include "gpu.h"
#include "tape_inside.h"
#include <stdlib.h>

struct kept {
    struct tape *tape;
    uint32_t generation;
    int n;
    value y;                                  /* with its marks */
    value *var;                               /* the n inputs with theirs */
};

struct outside { void *tape; const struct recorder *recorder; uint32_t generation; };

static struct outside step_in(const struct kept *k)
{
    void **room = context_room(ROOM_TAPE);
    (void)tape_state();                       /* the context's own tape exists before another takes its place */
    struct outside was = { *room, RECORDING, context_head()->generation };
    *room = k->tape;
    return was;
}

static void step_out(const struct outside *was)
{
    *context_room(ROOM_TAPE) = was->tape;
    RECORDING = was->recorder;
    context_head()->generation = was->generation;
}

void kept_free(struct kept *k)
{
    if (!k)
        return;
    for (int i = 0; i < k->n; i++)
        drop(k->var[i]);
    drop(k->y);
    tape_give_back(k->tape);
    free(k->var);
    free(k);
}

static value unmarked(value y)                /* pooled */
{
    if (tape_node(y) >= 0) {
        struct tensor *t = tensor_any(y);
        t = t->numel && t->block ? tensor_alias(t, t->nd, t->dim, t->stride, 0) : tensor_clone(t);
        t->mark = NULL;
        return tensor_box(t);
    }
    if (y.kind == K_CELL && tracked_below(y)) {
        struct cell *from = y.cell, *to = cell_new(from->nd, from->dim);
        for (i64 i = 0; i < from->numel; i++)
            cell_set(to, i, unmarked(from->v[i]));
        return cell_value(to);
    }
    return y;
}

struct run {
    struct kept *k;
    void (*f)(void *arg, int n, const value *x, value *y);
    void *arg;
    int n;
    const value *x;
    value g, *gx, *y;
};

static void forward(void *p)
{
    struct run *r = p;
    struct kept *k = r->k;
    for (; k->n < r->n; k->n++)
        k->var[k->n] = copy(tape_variable(r->x[k->n]));
    value y = nil();
    r->f(r->arg, r->n, k->var, &y);
    k->y = copy(tape_plain(y));
    *r->y = unmarked(k->y);                   /* here too memory may end, and the tape is still in the other's place */
}

struct kept *kept_run(void (*f)(void *arg, int n, const value *x, value *y), void *arg, int n, const value *x, value *y)
{
    struct kept *k = calloc(1, sizeof *k);
    if (!k || !(k->var = calloc((size_t)n + 1, sizeof *k->var)) || !(k->tape = calloc(1, sizeof *k->tape))) {
        if (k)
            free(k->var);
        free(k);
        fail_memory((size_t)n * sizeof(value));
    }
    k->y = nil();
    struct run r = { k, f, arg, n, x, nil(), NULL, y };
    struct outside was = step_in(k);
    k->generation = tape_generation();
    k->tape->level = 1;
    RECORDING = &tape_recorder;
    int bad = protect(forward, &r);
    step_out(&was);
    if (bad) {
        kept_free(k);
        fail_again();
    }
    return k;
}

static NORETURN void fail_gradient(value y, value g)
{
    char a[160], b[160];
    fail("Octave:nonconformant-args", "gradOutput must be like the output, a %s, but is a %s", value_describe(y, a),
         value_describe(g, b));
}

static void seed(struct tape *t, value y, value g)        /* g is dL/dy */
{
    if (y.kind == K_CELL) {
        if (g.kind != K_CELL || g.cell->numel != y.cell->numel)
            fail_gradient(y, g);
        for (i64 i = 0; i < y.cell->numel; i++)
            seed(t, y.cell->v[i], g.cell->v[i]);
        return;
    }
    int node = tape_node(y);
    if (node < 0)
        return;
    if (!is_tensor_like(g) || value_numel(g) != value_numel(y))
        fail_gradient(y, g);
    value have = t->adjoint[node];
    g = tape_plain(g);
    if (g.kind != K_TENSOR)
        g = tensor_box(tensor_of(g));
    replace(&t->adjoint[node], copy(is_nil(have) ? g : g_op(EW_plus, have, g)));
}

static void back(void *p)
{
    struct run *r = p;
    struct kept *k = r->k;
    struct tape *t = k->tape;
    struct cell *adjoint = cell_2d(0, 0);
    cell_reserve(adjoint, MAX(1, t->nodes));
    for (int i = 0; i < t->nodes; i++)
        adjoint->v[i] = nil();
    adjoint->numel = t->nodes;
    t->adjoint = adjoint->v;
    seed(t, k->y, r->g);
    tape_backward(t, t->n, 0);
    for (int i = 0; i < k->n; i++)
        r->gx[i] = unmarked(tape_gradient(k->var[i], adjoint->v));
}

void kept_backward(struct kept *k, value g, value *gx)
{
    struct run r = { k, NULL, NULL, k->n, NULL, g, gx, NULL };
    struct outside was = step_in(k);
    context_head()->generation = k->generation;
    RECORDING = NULL;
    int bad = protect(back, &r);
    k->tape->adjoint = NULL;
    k->tape->current = NULL;
    step_out(&was);
    if (bad)
        fail_again();
}

void rule_alone(const struct builtin *fn, int nin, const value *in, const bool *want, int nout, const value *out,
                const value *g, value *gx)
{
    struct tape *t = tape_state();
    int parent[32];
    struct entry e = { .rule = R_CALL,
                       .nin = nin,
                       .nout = nout,
                       .first = 0,
                       .fn = fn,
                       .in = (value *)in,
                       .parent = parent,
                       .out = (value *)out };
    struct entry *current = t->current;
    value *adjoint = t->adjoint;
    struct cell *hold = cell_2d(1, nin);      /* owns the gradients */
    if (nin > COUNT(parent))
        fail("tl:internal", "%s: too many arguments for a rule", fn->name);
    for (int i = 0; i < nin; i++) {
        parent[i] = want[i] ? 0 : -1;
        replace(&hold->v[i], nil());
    }
    t->current = &e;
    t->adjoint = (value *)g;
    struct call c = { fn, nin, nin, (value *)in, hold->v };
    fn->grad(&c);                             /* when it fails these two stay; who differentiates next sets his own */
    t->current = current;
    t->adjoint = adjoint;
    memcpy(gx, hold->v, sizeof(value) * (size_t)nin);
}
