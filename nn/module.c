/* SPDX-License-Identifier: BSD-3-Clause */
/* module.c: modules as objects: making one from its block, its fields, forward and backward, and errors with their place.
 *
 * All modules have one struct: what differs stands in the layer's block (nn.h).  A call from outside enters by run(), which
 * catches a failure only to put the place in the net before its message: "In module 3 of nn.Sequential: …". */
#include "nn.h"
#include "lab/gpu.h"
#include "lab/place.h"
#include "lab/print.h"
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

/* ---- the state of the context, and layers as it knows them */
static void state_free(void)
{
    struct nn_state *st = *context_room(ROOM_NN);
    for (int i = 0; i < st->ninfo; i++) {
        struct layer_info *p = st->info[i];
        drop(p->closure);
        if (p->plan)
            plan_free(p->plan);
        if (p->back)
            plan_free(p->back);
        free(p);
    }
    free(st->info);
    free(st);
}

struct nn_state *nn_state(void)
{
    void **room = context_room(ROOM_NN);
    if (unlikely(!*room)) {
        if (!(*room = calloc(1, sizeof(struct nn_state))))
            fail_memory(sizeof(struct nn_state));
        context_at_exit(state_free);
    }
    return *room;
}

const char *nn_next_name(const char *s, char *name)         /* a word of letters, digits, _ and #; NULL at the end */
{
    int n = 0;
    while (s && *s == ' ')
        s++;
    if (!s || !*s)
        return NULL;
    while (isalnum((unsigned char)*s) || *s == '_' || *s == '#')
        name[n++] = *s++;
    name[n] = 0;
    return s;
}

static sym stacked_name(const char *name, int k)
{
    char text[80];
    const char *mark = strchr(name, '#');
    if (!mark)
        return symbol_of(name);
    snprintf(text, sizeof text, "%.*s%d%s", (int)(mark - name), name, k, mark + 1);
    return symbol_of(text);
}

static void info_fields(struct layer_info *p)
{
    const struct layer *l = p->layer;
    char name[64], grad[72];
    for (int k = 0; k < p->stack; k++)
        for (const char *s = l->params; (s = nn_next_name(s, name));)
            p->name[p->np++] = stacked_name(name, k);
    for (int i = 0; i < p->np; i++) {
        snprintf(grad, sizeof grad, "grad%s", p->name[i]->text);
        grad[4] = (char)toupper((unsigned char)grad[4]);
        p->name[p->np + i] = symbol_of(grad);
    }
    p->n = 2 * p->np;
    for (const char *s = l->options; (s = nn_next_name(s, name)); p->n++, p->no++) {
        int k = 0;
        p->name[p->n] = symbol_of(name);
        p->kind[p->n] = s[1];
        p->must[p->n] = s[2] != '=';
        s += 2;
        if (*s == '=')
            for (s++; *s && *s != ' '; s++)
                p->fallback[p->n][k++] = *s;
    }
    for (const char *s = l->state; (s = nn_next_name(s, name)); p->ns++)
        p->name[p->n++] = symbol_of(name);
    if (l->expr) {
        const char *s = strchr(l->expr, '(') + 1, *end = strchr(s, ')');
        for (int skip = l->criterion ? 2 : 1; s < end; s += strspn(s, ", ")) {
            s = nn_next_name(s, name);
            if (skip-- > 0)
                continue;
            for (int i = 0; i < p->n; i++)
                if (!strcmp(p->name[i]->text, name))
                    p->closure_field[p->nclosure++] = i;
        }
    }
}

static int words(const char *s)
{
    char name[64];
    int n = 0;
    while ((s = nn_next_name(s, name))) {
        n++;
        s += strcspn(s, " ");
    }
    return n;
}

const struct layer_info *nn_info_stack(const struct layer *l, int stack)
{
    struct nn_state *st = nn_state();
    for (int i = 0; i < st->ninfo; i++)
        if (st->info[i]->layer == l && st->info[i]->stack == stack)
            return st->info[i];
    size_t n = 2 * (size_t)words(l->params) * (size_t)stack + (size_t)words(l->options) + (size_t)words(l->state) + 1;
    size_t bytes = sizeof(struct layer_info) + n * (sizeof(sym) + sizeof(char[24]) + sizeof(char) + sizeof(bool));
    struct layer_info **all = realloc(st->info, sizeof *all * (size_t)(st->ninfo + 1)), *p = calloc(1, bytes);
    if (all)
        st->info = all;
    if (!all || !p) {
        free(p);
        fail_memory(bytes);
    }
    p->layer = l;
    p->stack = stack;
    p->closure = nil();
    p->name = (sym *)(p + 1);
    p->fallback = (char (*)[24])(p->name + n);
    p->kind = (char *)(p->fallback + n);
    p->must = (bool *)(p->kind + n);
    info_fields(p);
    return st->info[st->ninfo++] = p;
}
const struct layer_info *nn_info(const struct layer *l) { return nn_info_stack(l, 1); }

value nn_closure(const struct layer_info *info)
{
    if (is_nil(info->closure)) {
        value f = hooks()->function_made(info->layer->expr, strlen(info->layer->expr), true, -1, NULL);
        if (is_nil(f))
            fail("tl:internal", "%s: its expression cannot be read", info->layer->class.name);
        ((struct layer_info *)info)->closure = copy(f);
    }
    return info->closure;
}

const struct class *nn_class_named(const char *name)
{
    for (int i = 0; nn_layers[i]; i++)
        if (!strcmp(nn_layers[i]->class.name, name))
            return &nn_layers[i]->class;
    return NULL;
}

bool is_module(value v) { return v.kind == K_OBJECT && v.inst->class->get == module_get; }

struct module *arg_module(struct call *c, int i)
{
    if (i >= c->nargin || !is_module(c->arg[i]))
        fail_arg(c, i, "a module");
    return module_of(c->arg[i]);
}

int module_field(const struct module *m, const char *name)
{
    for (int i = 0; i < m->info->n; i++)
        if (!strcmp(m->info->name[i]->text, name))
            return i;
    return -1;
}

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

static value weighed(struct module *m, value gx, value g);
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

static size_t place_text(const struct nn_state *st, int from, char *where,
                         size_t size) /* "In module 2 of nn.Sequential, module 1 of …" */
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
    int bad = protect(job_body, j);
    st->running = running;
    if (bad) {
        char where[512], id[128];
        place_text(st, depth, where, sizeof where);
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

/* ---- running */
int nn_rank(void) { return nn_state()->rank; }
void nn_set_rank(int rank) { nn_state()->rank = rank; }

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

/* ---- the first NaN */
static bool has_bad(value v, bool inf)        /* NaN, or with inf Inf as well; through cells */
{
    if (v.kind == K_CELL) {
        for (i64 i = 0; i < v.cell->numel; i++)
            if (has_bad(v.cell->v[i], inf))
                return true;
        return false;
    }
    if (!is_tensor_like(v) || !dtype_is(value_dtype(v), DT_F))
        return false;
    if (value_device(v)) {
        struct tensor *t = tensor_any(v);
        value nan = ew_apply(EW_isnan, 1, (value[]){ tensor_box(tensor_reshape(t, 2, (i64[]){ t->numel, 1 })) });
        return t->numel && value_true(reduce_apply(RED_any, nan, 1));
    }
    struct tensor *t = rows_of(tensor_of(v));
    bool single = t->dtype == D_SINGLE;
    for (i64 i = 0; i < t->numel; i++) {
        double x = single ? (double)((float *)t->data)[i] : ((double *)t->data)[i];
        if (inf ? !isfinite(x) : isnan(x))
            return true;
    }
    return false;
}
bool nn_has_nan(value v) { return has_bad(v, false); }

void nn_note_nan(bool on)
{
    if (!on && !*context_room(ROOM_NN))
        return;
    nn_state()->note_nan = on;
    nn_state()->note[0] = 0;
}

const char *nn_noted_nan(void)
{
    struct nn_state *st = *context_room(ROOM_NN);
    if (!st || !st->note[0])
        return NULL;
    char *s = scratch(sizeof st->note);
    memcpy(s, st->note, sizeof st->note);
    st->note[0] = 0;
    return s;
}

static void made_bad(struct module *m, const char *what)
{
    struct nn_state *st = nn_state();
    struct buf *b = buf_new();
    module_label(m, b);
    if (st->stop_at_nan)
        fail("tl:nan", "%s makes NaN: %s", b->s, what);
    if (st->note[0])
        return;
    size_t n = place_text(st, 0, st->note, 400);
    snprintf(st->note + n, sizeof st->note - n, "%s%.120s makes %s: %.120s", n ? ": " : "", b->s, "NaN or Inf", what);
}

/* After a layer or criterion has run: what came out is bad, what went in is not. */
static void look_for_bad(struct module *m, value in, value out, const char *what)
{
    struct nn_state *st = nn_state();
    bool inf = !st->stop_at_nan;
    if (layer_of(m)->tree || !has_bad(out, inf) || has_bad(in, inf))
        return;
    for (int i = 0; i < m->info->np; i++)
        if (has_param(m, i) && has_bad(PARAM(m, i), inf)) {
            struct buf *b = buf_new(), *said = buf_new();
            module_label(m, b);
            if (st->stop_at_nan)
                fail("tl:nan", "%s: its %s has NaN", b->s, m->info->name[i]->text);
            buff(said, "its %s has some", m->info->name[i]->text);
            made_bad(m, said->s);
            return;
        }
    made_bad(m, what);
}

BUILTIN(nn_stopAtNaN, 0, 1, 1, NO_GRAD,
    "was = nn.stopAtNaN(on)\n\n"
    "Switches a watch on (true, the default) or off: from then on the first layer or criterion whose output has a NaN "
    "though its input has none, or whose gradInput though gradOutput has none, fails, and the error names it and its "
    "place in the net; parameters with a NaN are told as such. It costs a look at every number. was: what it was "
    "before. With dbstop if error the debugger stops there.\n\n"
    "Example:\n"
    "  nn.stopAtNaN(true);\n"
    "  try, nn.Sequential(nn.Identity(), nn.Normalize(2, 0)).forward([0 0]); catch e, disp(e.message), end\n"
    "  In module 2 of nn.Sequential: nn.Normalize(2, 0) makes NaN: its output has some, its input none\n"
    "  nn.stopAtNaN(false)\n"
    "  ans = 1\n\n"
    "See also: nn.NaN, dbstop, isnan")
{
    struct nn_state *st = nn_state();
    bool was = st->stop_at_nan;
    st->stop_at_nan = !has_arg(c, 0) || arg_bool(c, 0);
    result_bool(c, 0, was);
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
    st->rank = 0;
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
        look_for_bad(m, x, m->output, "its output has some, its input none");
    st->now.m = NULL;
    return m->output;
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
    bool there = unlikely(context_head()->boards != 0) && on_device(m, x), door = context_head()->door;
    context_head()->door = there && (l->view || l->anywhere);
    value y;
    if (!there || !back_there(m, x, g, want, scale, &y))
        y = there && (l->record || l->expr) && !l->tree && !l->anywhere ? back_kept(m, x, g, want, scale)
            : l->backward                                               ? l->backward(m, x, g, want, scale)
            : l->call                                                   ? back_call(m, x, g, want, scale)
                                                                        : back_kept(m, x, g, want, scale);
    context_head()->door = door;
    nn_state()->now.m = NULL;
    if (!(want & WANT_INPUT)) {
        replace(&m->lazy_x, copy(x));
        replace(&m->lazy_g, copy(g));
        return nil();
    }
    if (!same_value(y, m->grad_input))
        replace(&m->grad_input, copy(y));
    if (unlikely(nn_state()->stop_at_nan || nn_state()->note_nan))
        look_for_bad(m, g, m->grad_input, "its gradInput has some, gradOutput none");
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
        look_for_bad(m, x, m->output, "the loss has some, its input none");
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
    value x = need(c, 1, "the input"), g = what || criterion ? need(c, 2, criterion ? "the target" : "gradOutput") : nil();
    if (!what && !criterion && has_arg(c, 2))
        fail("Octave:invalid-fun-call", "%s.%s: takes one input; several are handed over in a cell, m.forward({a, b})",
             class_of(c->arg[0]), c->fn->name);
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
