/* SPDX-License-Identifier: BSD-3-Clause */
/* module_call.c: calls of modules from outside any net, by the language or by C, and errors with their place.
 *
 * All enter by run(), which catches a failure only to put the place in the net before its message: "In module 3 of
 * nn.Sequential: …". */
#include "nn.h"
#include "lab/print.h"
#include <math.h>
#include <stdarg.h>

/* ---- errors with their place */
void module_label(struct module *m, struct buf *b)
{
    const struct layer *l = layer_of(m);
    buf_puts(b, l->class.name);
    if (!l->show)
        return;
    struct buf *in = buf_new();
    l->show(m, in);
    if (in->n)
        buff(b, "(%s)", in->s);
}

NORETURN void nn_fail(struct module *m, const char *fmt, ...)
{
    char text[1024];
    struct buf *b = buf_new();
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    module_label(m, b);
    fail("tl:nn", "%s: %s", b->s, text);
}

NORETURN void nn_fail_shape(struct module *m, const char *wants, value x)
{
    char d[160];
    struct buf *b = buf_new();
    module_label(m, b);
    if (is_tensor_like(x) && !dtype_is(value_dtype(x), DT_C | DT_T))
        fail("Octave:nonconformant-args", "%s wants %s and got %s", b->s, wants, value_shape(x, d));
    if (is_tensor_like(x) && dtype_is(value_dtype(x), DT_C))
        fail("Octave:invalid-input-arg", "%s wants %s and got complex numbers, %s", b->s, wants, value_shape(x, d));
    fail("Octave:invalid-input-arg", "%s wants %s and got a %s", b->s, wants, value_describe(x, d));
}

void nn_enter(struct module *container, int child)
{
    struct nn_state *st = nn_state();
    if (st->depth == COUNT(st->place))
        fail("tl:nn", "%s: modules are nested more than %d deep", layer_of(container)->class.name, COUNT(st->place));
    st->place[st->depth].container = container;
    st->place[st->depth++].child = child;
}

void nn_leave(void) { nn_state()->depth--; }

void nn_idle(struct module *m)
{
    struct nn_state *st = nn_state();
    for (int i = 0; st->running && i < st->depth; i++)
        if (st->place[i].container == m)
            fail("tl:nn", "%s: cannot be changed while it runs", layer_of(m)->class.name);
}

/* gradOutput of a criterion: a number, or with reduction 'none' one for each loss: for each element, each sample, or
 * each place of each sample. */
static value weighed(struct module *m, value gx, value g)
{
    i64 dim[MAX_DIMS];
    char d[160];
    if (gx.kind == K_CELL) {
        struct cell *c = cell_new(gx.cell->nd, gx.cell->dim);
        for (i64 i = 0; i < c->numel; i++)
            cell_set(c, i, weighed(m, gx.cell->v[i], g));
        return cell_value(c);
    }
    i64 n = is_tensor_like(g) && !dtype_is(value_dtype(g), DT_C | DT_T) ? value_numel(g) : -1, places = 1;
    int nd = value_dims(gx, dim);
    for (int k = 2; k < nd; k++)
        places *= dim[k];
    if (n != 1 && n != value_numel(gx)) {     /* one dimension, that of classes or features, has gone */
        int gone = n == dim[0] * places ? 1 : nd == 3 && n == dim[1] * dim[2] ? 0 : -1;
        if (gone < 0 && n == dim[0])
            for (int k = 1; k < nd; k++)
                dim[k] = 1;
        else if (gone >= 0)
            dim[gone] = 1;
        else
            nn_fail(m, "gradOutput must be like the losses, but is a %s", value_describe(g, d));
    }
    return g_op(EW_times, gx, n == 1 ? g : nn_view(g, nd, dim));
}

struct job {
    struct module *m;
    value x, g, y, losses;
    int want;
    double scale;
    enum { FORWARD, BACKWARD, LOSS, LOSS_GRAD } what;
};
static void job_body(void *arg)
{
    struct job *j = arg;
    switch (j->what) {
    case FORWARD: j->y = module_forward(j->m, j->x); break;
    case BACKWARD: j->y = module_backward(j->m, j->x, j->g, j->want, j->scale); break;
    case LOSS: j->y = module_loss(j->m, j->x, j->g); break;
    case LOSS_GRAD:
        j->y = module_loss_grad(j->m, j->x, j->g);
        if (!is_nil(j->losses)) {
            j->y = weighed(j->m, j->y, j->losses);
            replace(&j->m->grad_input, copy(j->y));
        }
        break;
    }
}

size_t nn_place_text(const struct nn_state *st, int from, char *where, size_t size)
{
    size_t n = 0;
    where[0] = 0;
    for (int i = from; i < st->depth && n < size - 120; i++) {
        const char *name = nn_graph_name(st->place[i].container, st->place[i].child);
        n += (size_t)snprintf(where + n, size - n, "%s %d%s%.40s%s of %s", i == from ? "In module" : ", module",
                              st->place[i].child, *name ? " (" : "", name, *name ? ")" : "",
                              layer_of(st->place[i].container)->class.name);
    }
    return n;
}

/* nngraph.setDebug: the innermost graph that ran, and which of its modules failed, for the drawing; costs nothing until
 * something fails. */
static void tell_graph(const struct nn_state *st, int from, int to)
{
    for (int i = to; i-- > from;) {
        struct module *m = st->place[i].container;
        if (strcmp(layer_of(m)->class.name, "nn.gModule"))
            continue;
        value f = hooks()->function_named ? hooks()->function_named("nngraph.failed") : nil(), out = nil();
        if (!is_nil(f))
            (void)try_function(f, 2, (value[]){ module_value(m), num(st->place[i].child) }, 0, &out);
        return;
    }
}

static value run(struct job *j)               /* a call from outside */
{
    struct nn_state *st = nn_state();
    struct at_work before = st->now;
    int running = st->running++, depth = running ? st->depth : (st->depth = 0), rank = st->rank;
    st->rank = 0;
    st->over = NULL;
    int image = st->image_rank, bad = protect(job_body, j);
    st->running = running;
    st->image_rank = image;
    if (bad) {
        char where[512], id[128];
        nn_place_text(st, depth, where, sizeof where);
        bool placed = st->depth > depth && failure()->kind == FAIL_ERROR;
        int top = st->depth;
        st->depth = depth;
        st->rank = rank;
        struct at_work now = st->now;
        st->now = before;
        size_t len = strlen(failure()->message) + 1;
        char *message = scratch(len), shape[320];
        memcpy(message, failure()->message, len);
        snprintf(id, sizeof id, "%s", failure()->id);
        bool named = now.m && failure()->kind == FAIL_ERROR && !strstr(message, layer_of(now.m)->class.name) &&
                     !strstr(id, "memory") && strncmp(message, "In module ", 10);
        if (!placed && !named)
            fail_again();
        if (placed)
            tell_graph(st, depth, top);
        if (named) {                          /* it was said by a function inside the layer */
            struct buf *b = buf_new();
            module_label(now.m, b);
            if (now.cell)
                snprintf(shape, sizeof shape, "a cell of %lld", (long long)now.dim[0]);
            else
                dims_text(now.nd, now.dim, shape);
            if (placed)
                fail(id, "%s: %s, given %s: %s", where, b->s, shape, message);
            fail(id, "%s, given %s: %s", b->s, shape, message);
        }
        fail(id, "%s: %s", where, message);
    }
    st->now = before;
    st->rank = rank;
    return j->y;
}

/* ---- the ways in */
value nn_outer(struct module *m, int what, value x, value g, int want, double scale)
{
    struct job j = { .m = m, .x = x, .g = g, .losses = nil(), .want = want, .scale = scale };
    j.what = what == 0 ? FORWARD : what == 1 ? BACKWARD : what == 2 ? LOSS : LOSS_GRAD;
    return run(&j);
}

/* A value as the language wants it: a boxed scalar becomes a number. */
static value outward(value v)
{
    return v.kind == K_TENSOR && v.t->numel == 1 && v.t->nd == 2 ? tensor_value(v.t) : v;
}

static value need(struct call *c, int i, const char *what)
{
    if (i >= c->nargin || is_nil(c->arg[i]))
        fail("Octave:invalid-fun-call", "%s.%s: %s is needed", class_of(c->arg[0]), c->fn->name, what);
    return c->arg[i];
}

void module_run_method(
    struct module *m, int what,
    struct call *c) /* what: 0 forward, 1 backward, 2 gradInput alone, 3 parameters alone, 4 both, updating */
{
    bool criterion = layer_of(m)->criterion;
    value x = need(c, 1, "the input"), g = nil();
    if (layer_of(m)->alone && (c->nargin < 3 || is_nil(c->arg[2])))
        g = tensor_box(tensor_2d(D_DOUBLE, 0, 0));
    else if (what || criterion)
        g = need(c, 2, criterion ? "the target" : "gradOutput");
    if (!what && !criterion && has_arg(c, 2))
        fail("Octave:invalid-fun-call", "%s.%s: takes one input; several are handed over in a cell, m.forward({a, b})",
             class_of(c->arg[0]), c->fn->name);
    if (c->nargout > 1)
        fail("Octave:invalid-fun-call", "%s.%s: gives one value; several come in a cell: y = m.%s(…); y{2}", class_of(c->arg[0]),
             c->fn->name, what ? "backward" : "forward");
    double scale = what && !criterion && has_arg(c, 3) ? arg_num(c, 3) : what == 4 ? NAN : 1;
    if (what == 4 && isnan(scale))
        fail("Octave:invalid-fun-call", "%s.%s: the learning rate is needed", class_of(c->arg[0]), c->fn->name);
    struct job j = { .m = m,
                     .x = x,
                     .g = g,
                     .losses = criterion && what && has_arg(c, 3) ? c->arg[3] : nil(),
                     .scale = scale,
                     .want = WANT_INPUT | WANT_PARAMS };
    j.what = criterion ? (what ? LOSS_GRAD : LOSS) : what ? BACKWARD : FORWARD;
    if (what == 2)
        j.want = WANT_INPUT;
    if (what == 3 || (what == 1 && c->nargout == 0 && !RECORDING))
        j.want = WANT_PARAMS;
    value y = run(&j);
    if (what == 3 || is_nil(y))
        return;
    result(c, 0, outward(y));
}

void module_paren(value self, struct call *c)
{
    if (nn_node_call(self, c))
        return;
    if (c->nargin > 2 &&
        !layer_of(module_of(self))->criterion) { /* Torch's m(x, gradOutput): both ways, output and gradInput */
        struct call forward = { c->fn, 2, 1, c->arg, c->out };
        module_run_method(module_of(self), 0, &forward);
        struct call backward = { c->fn, c->nargin, 1, c->arg, c->out + 1 };
        value gx = nil();
        backward.out = &gx;
        module_run_method(module_of(self), 1, &backward);
        keep(gx);
        if (wants(c, 1))
            result(c, 1, gx);
        return;
    }
    module_run_method(module_of(self), 0, c);
}

value module_grad_input(struct module *m)     /* the field; computed now if backward was called for the parameters alone */
{
    if (!is_nil(m->lazy_x)) {
        value x = keep(copy(m->lazy_x)), g = keep(copy(m->lazy_g));
        struct job j = { .m = m, .x = x, .g = g, .losses = nil(), .scale = 1, .want = WANT_INPUT, .what = BACKWARD };
        return outward(run(&j));
    }
    return is_nil(m->grad_input) ? tensor_box(tensor_2d(D_DOUBLE, 0, 0)) : outward(m->grad_input);
}
