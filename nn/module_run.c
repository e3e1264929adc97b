/* SPDX-License-Identifier: BSD-3-Clause */
/* module_run.c: forward and backward of a module and of a criterion, whichever way its layer says what it computes (nn.h):
 * by a tape that is kept, by one builtin with a rule, by C of its own, on a device by calls of its own. */
#include "nn.h"
#include "lab/gpu.h"
#include "lab/place.h"
#include <math.h>

/* ---- running */
int nn_rank(void) { return nn_state()->rank; }
void nn_set_rank(int rank) { nn_state()->rank = rank; }
int nn_image_rank(void) { return nn_state()->image_rank; }

/* The rank of what an image layer was handed: known in a container, else as layout_of reads it. */
static int image_rank(struct module *m, value x)
{
    const struct layer *l = layer_of(m);
    struct layout at;
    bool told = m->info->no && !strcmp(m->info->name[2 * m->info->np]->text, "nInputPlane");
    if (m->rank >= l->places + 1 || !is_tensor_like(x))
        return m->rank;
    return layout_of(tensor_any(x), l->places, told ? option_int(m, 0) : -1, &at) ? l->places + 1 + at.batch : 0;
}

static void begin(struct module *m, value x)
{
    struct at_work *now = &nn_state()->now;
    if (layer_of(m)->tree) {                  /* containers name their children */
        now->m = NULL;
        return;
    }
    now->m = m;
    now->cell = x.kind == K_CELL;
    if (now->cell)
        now->dim[0] = x.cell->numel;
    else
        now->nd = value_dims(x, now->dim);
}

static value apply_closure(struct module *m, value x, value t, const value *w)
{
    const struct layer_info *p = m->info;
    value arg[NN_FIELDS + 2], y;
    int n = 0;
    arg[n++] = x;
    if (p->layer->criterion)
        arg[n++] = t;
    for (int i = 0; i < p->nclosure; i++) {
        int k = p->closure_field[i];
        arg[n++] = k < p->np && w ? w[k] : m->f[k];
    }
    struct context_head *h = context_head();
    bool before = h->door, mixed = h->mixes;
    h->door = false;
    h->mixes = true;
    call_function(nn_closure(p), n, arg, 1, &y);
    h->door = before;
    h->mixes = mixed;
    return y;
}

struct one_step { struct module *m; value t; };
static void step_body(void *arg, int n, const value *x, value *y)
{
    struct one_step *s = arg;
    const struct layer *l = layer_of(s->m);
    (void)n;
    struct context_head *h = context_head();
    bool before = h->door, mixed = h->mixes;
    h->door = !l->expr;                       /* made of functions that know devices; constants are the CPU's */
    h->mixes = true;
    *y = l->record ? l->record(s->m, x[0], x + 1)
         : l->expr ? apply_closure(s->m, x[0], s->t, x + 1)
                   : l->loss(s->m, x[0], s->t);
    h->door = before;
    h->mixes = mixed;
}

static void forget_kept(struct module *m)
{
    kept_free(m->kept);
    m->kept = NULL;
    replace(&m->kept_x, nil());
}

static bool same_value(value a, value b)
{
    return a.tag == b.tag && a.u == b.u;
}

/* For runs in functions of the language, which know devices. */
static struct tensor *float_any(struct module *m, value x)
{
    struct context_head *h = context_head();
    bool before = h->door;
    h->door = true;
    struct tensor *t = nn_float(m, x);
    h->door = before;
    return t;
}
static value grad_any(struct module *m, value g, struct tensor *y)
{
    struct context_head *h = context_head();
    bool before = h->door;
    h->door = true;
    value v = nn_grad_like(m, g, y);
    h->door = before;
    return v;
}

static value floats(struct module *m,
                    value x) /* cells for a layer with parameters: tensors of floating point in their class */
{
    bool any = false;
    struct cell *c = cell_new(x.cell->nd, x.cell->dim);
    for (i64 i = 0; i < c->numel; i++) {
        value v = x.cell->v[i], y = v;
        if (v.kind == K_CELL)
            y = floats(m, v);
        else if (is_tensor_like(v) && dtype_is(value_dtype(v), DT_F) && !dtype_is(value_dtype(v), DT_C) &&
                 value_dtype(v) != nn_dtype(m))
            y = tensor_box(float_any(m, v));
        any |= !same_value(y, v);
        cell_set(c, i, y);
    }
    return any ? cell_value(c) : x;
}

static value run_kept(struct module *m, value x, value t)
{
    int np = m->info->np;
    value *in = scratch(sizeof *in * (size_t)(np + 1)), y;
    struct one_step s = { m, t };
    forget_kept(m);
    in[0] = x.kind != K_CELL ? tensor_box(float_any(m, x)) : np ? floats(m, x) : x;
    for (int i = 0; i < np; i++)
        in[i + 1] = PARAM(m, i);
    m->kept = kept_run(step_body, &s, np + 1, in, &y);
    m->kept_x = copy(x);
    return y;
}

void nn_accumulate(struct module *m, int i, value g, double scale)
{
    nn_settle(m);
    if (is_nil(g) || !has_param(m, i))
        return;
    struct window *w = PARAM(m, i).w;
    if (unlikely(w->base->device)) {
        value *to = m->updates ? &PARAM(m, i) : &GRAD(m, i);
        place_write(
            to, tensor_any(ew_apply(
                    EW_plus, 2, (value[]){ *to, scale == 1 ? g : ew_apply(EW_times, 2, (value[]){ g, num(scale) }) })));
        return;
    }
    struct tensor *t = rows_of(tensor_cast(tensor_of(g), w->base->dtype));
    char *dst = grad_data(m, i);
    if (t->dtype == D_SINGLE)
        for (i64 k = 0; k < t->numel; k++)
            ((float *)dst)[k] += (float)scale * ((float *)t->data)[k];
    else
        for (i64 k = 0; k < t->numel; k++)
            ((double *)dst)[k] += scale * ((double *)t->data)[k];
}

/* Constants that an expression made on the CPU meet gradients on a device. */
static void mixed_backward(struct kept *k, value g, value *gx)
{
    struct context_head *h = context_head();
    bool before = h->mixes;
    h->mixes = true;
    kept_backward(k, g, gx);
    h->mixes = before;
}

static value back_kept(struct module *m, value x, value g, int want, double scale)
{
    int np = m->info->np;
    value *gx = scratch(sizeof *gx * (size_t)(np + 1));
    if (!m->kept || !same_value(x, m->kept_x)) {
        m->again = !is_nil(m->output);
        run_kept(m, x, nil());
        m->again = false;
    }
    if (is_tensor_like(m->output))
        g = grad_any(m, g, tensor_any(m->output));
    mixed_backward(m->kept, g, gx);
    if (want & WANT_PARAMS) {
        for (int i = 0; i < np; i++)
            nn_accumulate(m, i, gx[i + 1], scale);
        if (np)                               /* the tape shares the parameters' memory: a write to them would copy it */
            forget_kept(m);
    }
    return want & WANT_INPUT ? gx[0] : nil();
}

value nn_run_kept(struct module *m, value x) { return run_kept(m, x, nil()); }
value nn_back_kept(struct module *m, value x, value g, int want, double scale) { return back_kept(m, x, g, want, scale); }

/* ---- layers that are one builtin */
static value call_input(struct module *m, value x) { return x.kind == K_CELL ? x : tensor_box(float_any(m, x)); }

static value run_call(struct module *m, value x, bool recording)
{
    const struct layer *l = layer_of(m);
    const struct builtin *b;
    value arg[32], out[2];
    int n = l->call(m, recording ? x : call_input(m, x), m->f, &b, arg);
    if (!recording)
        replace(&m->output, nil());           /* its memory is free for the result */
    call_builtin(b, n, arg, MAX(1, l->results), out);
    if (l->results > 1) {
        if (!is_nil(m->kept_x))
            replace(&m->kept_x, nil());
        replace(recording ? &m->kept_x : &m->aux, copy(out[1]));
    }
    return out[0];
}

static value back_call(struct module *m, value x, value g, int want, double scale)
{
    const struct layer *l = layer_of(m);
    const struct builtin *b;
    value arg[32], gx[32], out[2], gy[2] = { nil(), nil() };
    bool wanted[32];
    if (is_nil(m->output))
        replace(&m->output, copy(run_call(m, x, false)));
    int n = l->call(m, call_input(m, x), m->f, &b, arg);
    for (int i = 0; i < n; i++) {
        wanted[i] = i == 0 && (want & WANT_INPUT);
        for (int k = 0; k < m->info->np; k++)
            wanted[i] |= (want & WANT_PARAMS) && has_param(m, k) && same_value(arg[i], PARAM(m, k));
    }
    out[0] = m->output;
    out[1] = m->aux;
    gy[0] = grad_any(m, g, tensor_any(m->output));
    rule_alone(b, n, arg, wanted, MAX(1, l->results), out, gy, gx);
    for (int k = 0; (want & WANT_PARAMS) && k < m->info->np; k++)
        for (int i = 1; i < n; i++)
            if (has_param(m, k) && same_value(arg[i], PARAM(m, k)))
                nn_accumulate(m, k, gx[i], scale);
    return want & WANT_INPUT ? gx[0] : nil();
}

static bool is_table(value v)
{
    return v.kind == K_CELL || (v.kind == K_STRUCT && v.rec->numel == 1);
} /* Torch's table: by place or by name */

/* Is the work on a device?  Fails when the parameters are elsewhere than the input. */
static int device_below(value x)
{
    int d = 0;
    if (x.kind != K_CELL)
        return value_device(x);
    for (i64 i = 0; i < x.cell->numel && !d; i++)
        d = device_below(x.cell->v[i]);
    return d;
}
static bool on_device(struct module *m, value x)
{
    int d = device_below(x);
    char s[160];
    for (int i = 0; i < m->info->np; i++) {
        int p = has_param(m, i) ? value_device(PARAM(m, i)) : d;
        if (p == d)
            continue;
        gpu_describe(x, s);
        if (!d)
            nn_fail(m, "its parameters are on gpu %d, the input (%s) is on the CPU; use x.cuda() or net.cpu()", p, s);
        nn_fail(m,
                p ? "its parameters are on gpu %d, the input (%s) on gpu %d"
                  : "its parameters are on the CPU (device %d), the input (%s) is on gpu %d; use net.cuda() or x.cpu()",
                p, s, d);
    }
    return d != 0;
}

/* What a user hands to a layer or criterion beside its input lies where that does; numbers mix. */
static void same_side(struct module *m, value x, value v, const char *what)
{
    int d = value_device(x), e = value_device(v);
    char a[160], b[160], here[24] = "the CPU", there[24] = "the CPU";
    if (d == e || nn_state()->depth || !is_tensor_like(x) || !is_tensor_like(v) || value_numel(v) <= 1)
        return;
    if (d)
        snprintf(here, sizeof here, "gpu %d", d);
    if (e)
        snprintf(there, sizeof there, "gpu %d", e);
    nn_fail(m, "the input (%s) is on %s, %s (%s) on %s; use gpu(x) or cpu(x)", gpu_describe(x, a), here, what,
            gpu_describe(v, b), there);
}

void nn_forget_lazy(struct module *m)
{
    if (is_nil(m->lazy_x))
        return;
    replace(&m->lazy_x, nil());
    replace(&m->lazy_g, nil());
}

/* Forward, or a loss, of tensors on a device by the layer's own calls; NIL: it has none for these. */
static value run_there(struct module *m, value x, value t)
{
    const struct layer *l = layer_of(m);
    struct context_head *h = context_head();
    bool before = h->door;
    if (!l->there)
        return nil();
    h->door = true;
    value y = l->there(m, x, t);
    h->door = before;
    if (!is_nil(y))
        forget_kept(m);
    return y;
}
static bool back_there(struct module *m, value x, value g, int want, double scale, value *gx)
{
    const struct layer *l = layer_of(m);
    struct context_head *h = context_head();
    bool before = h->door;
    if (!l->there_back || m->kept)
        return false;
    h->door = true;
    *gx = l->there_back(m, x, g, want, scale);
    h->door = before;
    return !is_nil(*gx) || !(want & WANT_INPUT);
}

value module_forward(struct module *m, value x)
{
    const struct layer *l = layer_of(m);
    struct nn_state *st = nn_state();
    if (l->criterion)
        nn_fail(m, "a criterion takes an input and a target: loss = c.forward(x, target)");
    m->rank = (uint8_t)st->rank;
    st->rank = st->image_rank = 0;
    if (l->places)
        st->image_rank = m->rank = (uint8_t)image_rank(m, x);
    if (!is_tensor_like(x) && !(l->table && is_table(x)))
        nn_fail_shape(m, "a tensor", x);
    if (l->wants)
        nn_check_input(m, x);
    begin(m, x);
    if (unlikely(RECORDING != NULL) && tracked_below(x)) {
        bool open = unlikely(context_head()->boards != 0) && (l->record || l->anywhere || l->view) && on_device(m, x),
             was = context_head()->door;
        context_head()->door = open;
        value y = l->record ? l->record(m, x, m->f)
                  : l->expr ? apply_closure(m, x, nil(), NULL)
                  : l->call ? run_call(m, x, true)
                            : l->forward(m, x);
        context_head()->door = was;
        if (l->places)
            nn_set_rank(m->rank);
        st->image_rank = 0;
        if (!tracked_below(y))
            fail("tl:not-differentiable", "%s: has no derivative under autograd", l->class.name);
        st->now.m = NULL;
        return y;
    }
    nn_forget_lazy(m);
    m->again = false;                         /* an error may have left it */
    if (same_value(x, m->output) && is_counted(x))
        keep(copy(x));                        /* its own output as input: that memory is not free to be written */
    bool there = unlikely(context_head()->boards != 0) && on_device(m, x), door = context_head()->door;
    context_head()->door = there && (l->view || l->anywhere);         /* headers alone */
    if (there && !l->record && !l->expr && !l->call && !l->tree && !l->view && !l->anywhere)
        nn_fail(m, "is not defined on a gpu; use net.cpu() and x.cpu()");
    value y = there ? run_there(m, x, nil()) : nil();
    if (is_nil(y))
        y = there && (l->record || l->expr) && !l->tree && !l->anywhere ? run_kept(m, x, nil())
            : l->forward                                                ? l->forward(m, x)
            : l->call                                                   ? run_call(m, x, false)
                                                                        : run_kept(m, x, nil());
    context_head()->door = door;
    if (!same_value(y, m->output))
        replace(&m->output, copy(y));
    if (unlikely(st->stop_at_nan || st->note_nan))
        nn_look_for_bad(m, x, m->output, "its output has some, its input none");
    if (l->places)
        nn_set_rank(m->rank);
    st->image_rank = 0;
    st->now.m = NULL;
    return m->output;
}

/* Layers with a backward of their own that does not compare: a tensor for a tensor; of containers, whose children remember,
 * as large as the output. */
static void check_gradient(struct module *m, value g)
{
    const struct layer *l = layer_of(m);
    bool whole = l->tree && (!strcmp(l->tree, "concat") || !strcmp(l->tree, "parallel"));
    if ((l->tree && !whole) || !is_tensor_like(m->output) || (is_tensor_like(g) && (!whole || value_numel(g) == value_numel(m->output))))
        return;
    (void)grad_any(m, g, tensor_any(m->output));
}

value module_backward(struct module *m, value x, value g, int want, double scale)
{
    const struct layer *l = layer_of(m);
    if (l->criterion)
        nn_fail(m, "a criterion takes an input and a target: dx = c.backward(x, target)");
    if (!l->backward && !l->call && !l->record && !l->expr)
        nn_fail(m, "has no backward");
    if (!is_tensor_like(x) && !(l->table && is_table(x)))
        nn_fail_shape(m, "a tensor", x);
    if (l->wants)
        nn_check_input(m, x);
    begin(m, x);
    if (l->backward && !RECORDING)
        check_gradient(m, g);
    bool there = unlikely(context_head()->boards != 0) && on_device(m, x), door = context_head()->door;
    if (unlikely(context_head()->boards != 0))
        same_side(m, x, g, "the gradient of its output");
    context_head()->door = there && (l->view || l->anywhere);
    nn_state()->image_rank = !l->places ? 0 : is_nil(m->output) ? image_rank(m, x) : m->rank;
    value y;
    if (!there || !back_there(m, x, g, want, scale, &y))
        y = there && (l->record || l->expr) && !l->tree && !l->anywhere ? back_kept(m, x, g, want, scale)
            : l->backward                                               ? l->backward(m, x, g, want, scale)
            : l->call                                                   ? back_call(m, x, g, want, scale)
                                                                        : back_kept(m, x, g, want, scale);
    context_head()->door = door;
    nn_state()->image_rank = 0;
    nn_state()->now.m = NULL;
    if (!(want & WANT_INPUT)) {
        replace(&m->lazy_x, copy(x));
        replace(&m->lazy_g, copy(g));
        return nil();
    }
    if (!same_value(y, m->grad_input))
        replace(&m->grad_input, copy(y));
    if (unlikely(nn_state()->stop_at_nan || nn_state()->note_nan))
        nn_look_for_bad(m, g, m->grad_input, "its gradInput has some, gradOutput none");
    nn_forget_lazy(m);
    return m->grad_input;
}

/* ---- criterions */
static void not_a_criterion(struct module *m)
{
    if (!layer_of(m)->criterion)
        nn_fail(m, "is a layer, not a criterion");
}

static void check_pair(struct module *m, value x, value t)
{
    const struct layer *l = layer_of(m);
    if (x.kind != K_CELL ? !is_tensor_like(x) : !l->table)
        nn_fail_shape(m, "a tensor", x);
    if (l->wants)
        nn_check_input(m, x);
    if (l->alike)
        nn_check_target(m, x, t);
    if (unlikely(context_head()->boards != 0) && is_tensor_like(x) && is_tensor_like(t) && value_numel(x) == value_numel(t))
        same_side(m, x, t, "the target");     /* class numbers, fewer than scores, may be on the CPU: they are indices */
    begin(m, x);
}

value module_loss(struct module *m, value x, value t)
{
    const struct layer *l = layer_of(m);
    not_a_criterion(m);
    check_pair(m, x, t);
    value y;
    if (unlikely(RECORDING != NULL) && tracked_below(x)) {
        if (l->expr)
            return apply_closure(m, x, t, NULL);
        y = l->loss(m, x, t);
        if (!tracked_below(y))
            fail("tl:not-differentiable", "%s: has no derivative under autograd", l->class.name);
        return y;
    }
    bool there = unlikely(context_head()->boards != 0) && on_device(m, x);
    if (there && l->alike && !value_device(t) && is_tensor_like(t) && value_numel(t) > 1) {
        char a[160], b[160];
        nn_fail(m, "the input (%s) is on a gpu, the target (%s) on the CPU; use t.cuda() or x.cpu()",
                gpu_describe(x, a), gpu_describe(t, b));
    }
    y = there ? run_there(m, x, t) : nil();
    if (is_nil(y))
        y = l->loss && !there ? l->loss(m, x, t) : run_kept(m, x, t);
    if (!is_tensor_like(y) || (value_numel(y) != 1 && nn_reduction(m) != REDUCE_NONE))
        nn_fail(m, "the loss must be one number");
    if (value_numel(y) == 1)
        y = y.kind == K_TENSOR && !y.t->device ? element_value(y.t, 0) : y;
    replace(&m->output, copy(y));
    if (unlikely(nn_state()->stop_at_nan || nn_state()->note_nan))
        nn_look_for_bad(m, x, m->output, "the loss has some, its input none");
    nn_state()->now.m = NULL;
    return y;
}

static value ones_like(value y)
{
    if (value_device(y)) {
        struct tensor *there = tensor_any(y);
        return tensor_box(gpu_filled(there->device, there->dtype, there->nd, there->dim, 1));
    }
    if (value_numel(y) == 1)
        return num(1);
    struct tensor *t = tensor_of(y), *one = tensor_new(D_DOUBLE, t->nd, t->dim);
    for (i64 i = 0; i < one->numel; i++)
        ((double *)one->data)[i] = 1;
    return tensor_box(tensor_cast(one, t->dtype));
}

value module_loss_grad(struct module *m, value x, value t)
{
    const struct layer *l = layer_of(m);
    not_a_criterion(m);
    check_pair(m, x, t);
    value y;
    bool there = unlikely(context_head()->boards != 0) && on_device(m, x);
    if (there && l->there_back)
        forget_kept(m);
    if (there && back_there(m, x, t, WANT_INPUT, 1, &y)) {
    } else if (l->loss_grad && !there) {
        y = l->loss_grad(m, x, t);
    } else {
        value *gx = scratch(sizeof *gx * (size_t)(m->info->np + 1));
        value loss = run_kept(m, x, t);
        mixed_backward(m->kept, ones_like(loss), gx);
        y = gx[0];
    }
    nn_state()->now.m = NULL;
    if (!same_value(y, m->grad_input))
        replace(&m->grad_input, copy(y));
    return y;
}
