/* SPDX-License-Identifier: BSD-3-Clause */
/* module_method.c: the methods that all modules have, from a table, and walks over nets. */
#include "nn.h"
#include "lab/gpu.h"
#include "lab/clones.h"
#include <math.h>
#include <stdlib.h>

/* ---- walks */
typedef void visitor(struct module *m, void *arg);
enum {
    OWN = 0,
    APART = 1,
    CAST = 2
}; /* into children whose parameters are not the net's; not below what keeps its class */
static void walk(struct module *m, visitor *visit, void *arg, int into);
static void walk_value(value v, visitor *visit, void *arg, int into)
{
    if (is_module(v))
        walk(module_of(v), visit, arg, into);
    else if (v.kind == K_CELL)
        for (i64 i = 0; i < v.cell->numel; i++)
            walk_value(v.cell->v[i], visit, arg, into);
}

static void walk(struct module *m, visitor *visit, void *arg, int into)
{
    const struct layer *l = layer_of(m);
    nn_enter(m, 0);
    visit(m, arg);
    if (!l->refers && ((into & APART) || !l->children_apart) && !((into & CAST) && l->keeps_class))
        for (int i = 2 * m->info->np; i < m->info->n; i++)
            walk_value(m->f[i], visit, arg, into);
    nn_leave();
}

bool nn_holds(value v, struct module *m)
{
    if (v.kind == K_CELL) {
        for (i64 i = 0; i < v.cell->numel; i++)
            if (nn_holds(v.cell->v[i], m))
                return true;
        return false;
    }
    if (!is_module(v) || module_of(v) == m)
        return is_module(v);
    struct module *c = module_of(v);
    for (int i = 2 * c->info->np; i < c->n; i++)
        if (nn_holds(c->f[i], m))
            return true;
    return false;
}

/* Cells in the state of a container hold modules; in that of a criterion, criterions. */
bool nn_children_changed(struct module *m, int field, value v)
{
    for (i64 i = 0; m->f[field].kind == K_CELL && !m->info->kind[field] && i < v.cell->numel; i++)
        if (!is_module(v.cell->v[i]) || layer_of(module_of(v.cell->v[i]))->criterion != layer_of(m)->criterion)
            return false;
    return true;
}

void module_each(struct module *m, visitor *visit, void *arg) { walk(m, visit, arg, APART); }

/* ---- parameters */
struct params { int n, cap; value *w, *g; struct module **m; int *field, *first; };

static bool same_place(value a, value b)
{
    struct window *p = a.w, *q = b.w;
    return p->base == q->base && p->offset == q->offset && dims_equal(p->nd, p->dim, q->nd, q->dim);
}

static void collect_settled(struct module *m, void *arg)
{
    struct params *p = arg;
    for (int i = 0; i < m->info->np; i++) {
        if (!has_param(m, i))
            continue;
        if (p->n == p->cap) {
            int cap = p->cap ? 2 * p->cap : 32;
            value *w = scratch(sizeof *w * (size_t)cap), *g = scratch(sizeof *g * (size_t)cap);
            struct module **owner = scratch(sizeof *owner * (size_t)cap);
            int *field = scratch(sizeof *field * (size_t)cap);
            if (p->n) {
                memcpy(w, p->w, sizeof *w * (size_t)p->n);
                memcpy(g, p->g, sizeof *g * (size_t)p->n);
                memcpy(owner, p->m, sizeof *owner * (size_t)p->n);
                memcpy(field, p->field, sizeof *field * (size_t)p->n);
            }
            p->w = w, p->g = g, p->m = owner, p->field = field, p->cap = cap;
        }
        p->w[p->n] = PARAM(m, i);
        p->g[p->n] = GRAD(m, i);
        p->m[p->n] = m;
        p->field[p->n++] = i;
    }
}

static void collect(struct module *m, void *arg)
{
    nn_settle(m);
    collect_settled(m, arg);
}

/* p->first[i] is the first that is the same place as i: shared parameters count once. */
static void find_first(struct params *p)
{
    uint64_t size = 64;
    while (size < 2 * (uint64_t)p->n)
        size *= 2;
    int *table = memset(scratch(sizeof *table * size), -1, sizeof *table * size);
    p->first = scratch(sizeof *p->first * (size_t)MAX(1, p->n));
    for (int i = 0; i < p->n; i++) {
        const struct window *w = p->w[i].w;
        uint64_t at = ((uint64_t)(uintptr_t)w->base / 16 + (uint64_t)w->offset) * 0x9E3779B97F4A7C15 >> 20 & (size - 1);
        while (table[at] >= 0 && !same_place(p->w[table[at]], p->w[i]))
            at = (at + 1) & (size - 1);
        if (table[at] < 0)
            table[at] = i;
        p->first[i] = table[at];
    }
}

value nn_parameters(struct module *m, bool grads)
{
    struct params p = { 0 };
    walk(m, collect, &p, OWN);
    struct cell *c = cell_2d(1, p.n);
    for (int i = 0; i < p.n; i++)
        cell_set(c, i, grads ? p.g[i] : p.w[i]);
    return cell_value(c);
}

/* The windows that a net's parameters are already, one behind the other on one base; else NIL. */
static value flat_now(const struct params *p, const value *w)
{
    i64 at = 0;
    if (!p->n)
        return nil();
    struct tensor *base = w[0].w->base;
    for (int i = 0; i < p->n; i++) {
        if (p->first[i] != i)
            continue;
        if (w[i].w->base != base || w[i].w->offset != at)
            return nil();
        at += w[i].w->numel;
    }
    return base->numel == at && base->dim[0] == 1 ? window_new(base, 0, base->nd, base->dim, base->stride) : nil();
}

static struct tensor *memory_of(struct window *w)         /* a parameter's elements as they lie: they follow each other */
{
    return tensor_alias(w->base, 2, (i64[]){ 1, w->numel }, (i64[]){ 1, 1 }, w->offset);
}

static value flatten(struct params *p, bool grads)
{
    value *w = grads ? p->g : p->w;
    value now = flat_now(p, w);
    if (!is_nil(now)) {
        w[0].w->base->flags &= (uint8_t)~T_LEFT & 15;
        return now;
    }
    i64 total = 0, at = 0;
    for (int i = 0; i < p->n; i++)
        total += p->first[i] == i ? w[i].w->numel : 0;
    int dtype = p->n ? w[0].w->base->dtype : D_DOUBLE;
    for (int i = 0; i < p->n; i++)
        if (w[i].w->base->dtype != dtype)
            fail("tl:nn", "getParameters: the parameters are of different classes; convert the net first, with "
                          "net.double() or net.single()");
    struct tensor *base = zeros_beside(p->n ? w[0] : nil(), dtype, 2, (i64[]){ 1, total });
    for (int i = 0; i < p->n; i++)
        if (w[i].w->base->device != base->device)
            fail("tl:nn", "getParameters: the parameters are on different devices; move the net first, with net.cuda() "
                          "or net.cpu()");
    value *made = scratch(sizeof *made * (size_t)MAX(1, p->n));
    for (int i = 0; i < p->n; i++) {
        int k = p->first[i];
        if (k != i) {
            made[i] = made[k];
            continue;
        }
        size_t size = dtypes[dtype].size;
        made[i] = nn_window(base, at, w[i].w->nd, w[i].w->dim);
        if (base->device)
            gpu_copy(tensor_alias(base, 2, (i64[]){ 1, w[i].w->numel }, (i64[]){ 1, 1 }, at), memory_of(w[i].w));
        else
            memcpy(base->data + at * (i64)size, window_data(w[i].w), (size_t)w[i].w->numel * size);
        at += w[i].w->numel;
    }
    value all = window_new(base, 0, 2, base->dim, base->stride);
    for (int i = 0; i < p->n; i++) {
        w[i].w->base->flags |= T_LEFT;
        replace(&p->m[i]->f[p->field[i] + (grads ? p->m[i]->info->np : 0)], copy(made[i]));
    }
    return all;
}

void nn_leave_parameters(struct module *m)
{
    struct params p = { 0 };
    if (!nn_state()->flattened)               /* nobody has asked for parameters yet */
        return;
    walk(m, collect, &p, OWN);
    for (int i = 0; i < p.n; i++)             /* one that stands by itself is still whole */
        for (int g = 0; g < 2; g++) {
            struct window *w = g ? p.g[i].w : p.w[i].w;
            if (w->base->numel > w->numel)
                w->base->flags |= T_LEFT;
        }
}

static void get_parameters(struct module *m, struct call *c)
{
    struct params p = { 0 };
    walk(m, collect, &p, OWN);
    find_first(&p);
    nn_state()->flattened = true;
    for (int i = 0; i < p.n; i++) {           /* shared weights must share their gradients, else one is lost */
        int k = p.first[i];
        if (k != i && !same_place(p.g[k], p.g[i]))
            fail("tl:nn", "getParameters: modules share a parameter, but not its gradient; share both, as in "
                          "m.share(other, 'weight', 'gradWeight')");
    }
    for (int i = 0; i < p.n; i++) {           /* flatten compares windows that it has replaced */
        keep(copy(p.w[i]));
        keep(copy(p.g[i]));
    }
    value w = flatten(&p, false), g = flatten(&p, true);
    result(c, 0, w);
    if (wants(c, 1))
        result(c, 1, g);
}

/* ---- gradients that a layer owes.  Between zeroGradParameters and updateParameters most nets go backward once, and
   nobody looks: then a weight's gradient need never be written.  That is so when no window but the module's own is on
   the parameters or gradients; all other ways to them settle first.  At batch 1 a step reads and writes half the bytes.
 */
static bool alone_on(value w)
{
    const struct tensor *base = w.w->base;
    return w.w->h.owners == 1 && base->h.pins == 1 && !base->h.owners && !base->device && !base->mark &&
           base->numel == w.w->numel && (!base->block || (base->block->owners == 1 && !base->block->foreign));
}
static void owe_zeros(struct module *m, void *arg)
{
    (void)arg;
    bool may = layer_of(m)->settle != NULL;
    for (int i = 0; may && i < m->info->np; i++)
        may = !has_param(m, i) || (alone_on(GRAD(m, i)) && alone_on(PARAM(m, i)));
    if (!may) {
        nn_settle(m);
        return;
    }
    replace(&m->owed_x, nil());
    replace(&m->owed_g, nil());
    m->owes = OWES_ZEROS;
}
static void due(struct module *m, void *arg)
{
    (void)arg;
    m->due = m->owes != OWES_NOTHING;
}
static void learn_owed(struct module *m, void *arg)           /* once, however often it stands in the net */
{
    if (m->due)
        layer_of(m)->learn(m, *(double *)arg);
    m->due = false;
}
static void collect_written(struct module *m, void *arg)
{
    if (m->owes == OWES_NOTHING)
        collect_settled(m, arg);
}

/* Runs of memory that hold each parameter once: windows that follow each other on one base are one run; of modules that
 * owe nothing. */
struct runs { int n; struct run { struct tensor *w, *g; i64 from, gfrom, count; } *run; };
static struct runs runs_of(struct module *m)
{
    struct params p = { 0 };
    walk(m, collect_written, &p, OWN);
    find_first(&p);
    struct runs r = { 0, scratch(sizeof(struct run) * (size_t)MAX(1, p.n)) };
    for (int i = 0; i < p.n; i++) {
        struct window *w = p.w[i].w, *g = p.g[i].w;
        if (r.n) {
            struct run *q = &r.run[r.n - 1];
            if (q->w == w->base && q->g == g->base && q->from + q->count == w->offset && q->gfrom + q->count == g->offset) {
                q->count += w->numel;
                continue;
            }
        }
        if (p.first[i] != i)
            continue;
        r.run[r.n++] = (struct run){ w->base, g->base, w->offset, g->offset, w->numel };
    }
    return r;
}

static struct tensor *run_of(struct tensor *t, i64 from, i64 n)
{
    return tensor_alias(t, 2, (i64[]){ 1, n }, (i64[]){ 1, 1 }, from);
}

static void zero_grad(struct module *m)
{
    walk(m, owe_zeros, NULL, OWN);
    struct runs r = runs_of(m);
    for (int i = 0; i < r.n; i++) {
        struct tensor *g = r.run[i].g;
        size_t size = dtypes[g->dtype].size;
        own_block(g);
        g->version++;
        if (g->device) {
            gpu_fill(run_of(g, r.run[i].gfrom, r.run[i].count), 0);
            continue;
        }
        memset(g->data + r.run[i].gfrom * (i64)size, 0, (size_t)r.run[i].count * size);
    }
}

CLONES static void step_double(double *w, const double *g, double k, i64 n)
{
    SIMD
    for (i64 i = 0; i < n; i++)
        w[i] -= k * g[i];
}
CLONES static void step_single(float *w, const float *g, float k, i64 n)
{
    SIMD
    for (i64 i = 0; i < n; i++)
        w[i] -= k * g[i];
}

static void update(struct module *m, double rate)
{
    walk(m, due, NULL, OWN);
    walk(m, learn_owed, &rate, OWN);
    struct runs r = runs_of(m);
    for (int i = 0; i < r.n; i++) {
        struct run *q = &r.run[i];
        own_block(q->w);
        q->w->version++;
        if (q->w->device) {
            value step = ew_apply(EW_times, 2, (value[]){ tensor_box(run_of(q->g, q->gfrom, q->count)), num(rate) });
            gpu_copy(run_of(q->w, q->from, q->count),
                     tensor_any(ew_apply(EW_minus, 2, (value[]){ tensor_box(run_of(q->w, q->from, q->count)), step })));
            continue;
        }
        if (q->w->dtype == D_SINGLE)
            step_single((float *)q->w->data + q->from, (float *)q->g->data + q->gfrom, (float)rate, q->count);
        else
            step_double((double *)q->w->data + q->from, (double *)q->g->data + q->gfrom, rate, q->count);
    }
}

/* ---- one method, one function */
static value *field_slot(struct module *m, const char *name)
{
    int k = module_field(m, name);
    return k < 0 ? NULL : &m->f[k];
}

static void set_train(struct module *m, void *arg) { m->train = *(bool *)arg; }
static void clear_state(struct module *m, void *arg)
{
    (void)arg;
    nn_settle(m);
    replace(&m->output, nil());
    replace(&m->grad_input, nil());
    replace(&m->aux, nil());
    replace(&m->kept_x, nil());
    nn_forget_lazy(m);
    kept_free(m->kept);
    m->kept = NULL;
    if (layer_of(m)->forget)
        layer_of(m)->forget(m);
}
static void reset_one(struct module *m, void *arg) { nn_reset(m, *(double *)arg); }

struct converting { int dtype, device; };     /* -1: as it is */
static struct tensor *converted_tensor(struct tensor *t, const struct converting *to)
{
    if (to->device >= 0 && to->device != t->device)
        t = to->device ? tensor_any(gpu_moved(tensor_box(t), to->device)) : gpu_read(t, "cpu");
    return to->dtype >= 0 ? tensor_cast(t, to->dtype) : t;
}
static value converted(value v, const struct converting *how)         /* state: floating tensors, also in cells */
{
    if (v.kind == K_TENSOR && dtype_is(v.t->dtype, DT_F) && v.t->numel > 1)
        return tensor_box(converted_tensor(v.t, how));
    if (v.kind == K_CELL) {
        struct cell *to = cell_new(v.cell->nd, v.cell->dim);
        for (i64 i = 0; i < v.cell->numel; i++)
            cell_set(to, i, converted(v.cell->v[i], how));
        return cell_value(to);
    }
    return v;
}
static void convert_state(struct module *m, void *arg)
{
    const struct layer_info *p = m->info;
    const struct converting *how = arg;
    bool options = how->device < 0 || layer_of(m)->criterion;        /* sizes and the like of a layer are read on the CPU */
    clear_state(m, NULL);
    for (int i = 2 * p->np; i < p->n; i++)
        if (!p->kind[i] || (options && p->kind[i] == 'v' && m->f[i].kind == K_TENSOR && m->f[i].t->dtype != D_CHAR))
            replace(&m->f[i], copy(converted(m->f[i], arg)));
}
static void convert(struct module *m, struct converting how)
{
    struct params p = { 0 };
    int which = how.device >= 0 ? APART : APART | CAST;   /* a class may be kept, a device is that of the whole net */
    walk(m, collect, &p, which);
    for (int g = 0; g < 2; g++) {
        value *w = g ? p.g : p.w, *made = scratch(sizeof *made * (size_t)MAX(1, p.n));
        for (int i = 0; i < p.n; i++) {       /* a base is converted once, so what lay on one still does */
            int k = 0;
            while (k < i && w[k].w->base != w[i].w->base)
                k++;
            struct tensor *base = k < i ? made[k].w->base : w[i].w->base;
            if (k == i) {
                base = converted_tensor(base, &how);
                if (base == w[i].w->base)
                    base = tensor_clone(base);
            }
            made[i] = window_new(base, w[i].w->offset, w[i].w->nd, w[i].w->dim, w[i].w->stride);
        }
        for (int i = 0; i < p.n; i++)
            w[i].w->base->flags |= T_LEFT;
        for (int i = 0; i < p.n; i++)         /* a window that stands in two places ends with the second */
            replace(&p.m[i]->f[p.field[i] + (g ? p.m[i]->info->np : 0)], copy(made[i]));
    }
    walk(m, convert_state, &how, which);
}

struct walk { struct cell *found; const char *name; i64 n; value f; };
static void find_visit(struct module *m, void *arg)
{
    struct walk *w = arg;
    const char *name = layer_of(m)->class.name;
    if (w->name && strcmp(name, w->name) && strcmp(name + 3, w->name))
        return;
    if (w->n == w->found->numel)
        cell_resize(w->found, 2, (i64[]){ 1, MAX(8, 2 * w->n) });
    cell_set(w->found, w->n++, module_value(m));
}
static value modules_named(struct module *m, const char *name)
{
    struct walk w = { .found = cell_2d(1, 0), .name = name };
    module_each(m, find_visit, &w);
    cell_resize(w.found, 2, (i64[]){ 1, w.n });
    return cell_value(w.found);
}
value modules_of(value v) { return modules_named(module_of(v), NULL); }
static bool is_child(struct module *m, value v)
{
    for (int i = 2 * m->info->np; i < m->n; i++) {
        value f = m->f[i];
        if (f.kind == v.kind && f.o == v.o)
            return true;
        for (i64 k = 0; f.kind == K_CELL && k < f.cell->numel; k++)
            if (f.cell->v[k].kind == v.kind && f.cell->v[k].o == v.o)
                return true;
    }
    return false;
}
static value containers_of(struct module *m,
                           struct cell *found) /* of each the module that holds it; itself at the top */
{
    struct cell *all = modules_of(module_value(m)).cell, *y = cell_2d(1, found->numel);
    for (i64 i = 0; i < found->numel; i++) {
        cell_set(y, i, found->v[i]);
        for (i64 k = 0; k < all->numel; k++)
            if (is_child(module_of(all->v[k]), found->v[i])) {
                cell_set(y, i, all->v[k]);
                break;
            }
    }
    return cell_value(y);
}
static void apply_visit(struct module *m, void *arg)
{
    value self = module_value(m), out = nil();
    call_function(((struct walk *)arg)->f, 1, &self, 0, &out);
}

static void put_replaced(struct module *m, int i, value v)
{
    if (nn_holds(v, m))
        nn_fail(m, "a module cannot be part of itself");
    if (m->f[i].kind == K_CELL ? v.kind != K_CELL || !nn_children_changed(m, i, v)
                               : m->info->kind[i] != 'v' &&
                                     (!is_module(v) || layer_of(module_of(v))->criterion != (m->info->kind[i] == 'c')))
        nn_fail(m, "replace: %s cannot be a %s", m->info->name[i]->text, class_of(v));
    if (v.o != m->f[i].o)
        nn_leave_parameters(m);
    replace(&m->f[i], copy(v));
}

static value replaced(value v, value f)
{
    if (is_counted(v))
        keep(copy(v));                        /* f may take it out of the net */
    if (v.kind == K_CELL) {
        struct cell *to = cell_new(v.cell->nd, v.cell->dim);
        bool any = false;
        for (i64 i = 0; i < v.cell->numel; i++) {
            value y = replaced(v.cell->v[i], f);
            any |= y.o != v.cell->v[i].o;
            cell_set(to, i, y);
        }
        return any ? cell_value(to) : v;
    }
    if (!is_module(v))
        return v;
    struct module *m = module_of(v);
    nn_enter(m, 0);
    for (int i = layer_of(m)->refers ? m->info->n : 2 * m->info->np; i < m->info->n; i++)
        if (is_module(m->f[i]) || m->f[i].kind == K_CELL)
            put_replaced(m, i, replaced(m->f[i], f));
    nn_leave();
    value y;
    call_function(f, 1, &v, 1, &y);
    if (!is_module(y))
        fail("Octave:invalid-input-arg", "replace: the function must return a module, but returned a %s", class_of(y));
    return y;
}

static value the_name(struct call *c, int i) { (void)arg_text(c, i, NULL); return c->arg[i]; }

static void share(struct module *m, struct module *other, int n, struct call *c)
{
    struct params p = { 0 }, q = { 0 };
    walk(m, collect, &p, OWN);
    walk(other, collect, &q, OWN);
    if (p.n != q.n)
        fail("tl:nn", "share: the modules must have the same parameters, but one has %d and the other %d", p.n, q.n);
    for (int k = 0; k < n; k++)
        (void)the_name(c, k);
    for (int i = 0; i < p.n; i++) {
        int np = p.m[i]->info->np;
        for (int k = 0; k < n; k++)
            for (int g = 0; g < 2; g++) {
                int at = p.field[i] + (g ? np : 0), from = q.field[i] + (g ? q.m[i]->info->np : 0);
                const char *name = p.m[i]->info->name[at]->text, *s = arg_text(c, k, NULL);
                if (strcmp(name, s) && !(strcmp(s, "weights") == 0 && !g))
                    continue;
                value from_v = q.m[i]->f[from], mine = p.m[i]->f[at];
                char a[128], b[128];
                if (!dims_equal(mine.w->nd, mine.w->dim, from_v.w->nd, from_v.w->dim))
                    fail("tl:nn", "share: %s is %s here and %s there", name, dims_text(mine.w->nd, mine.w->dim, a),
                         dims_text(from_v.w->nd, from_v.w->dim, b));
                if (mine.w->base != from_v.w->base)
                    mine.w->base->flags |= T_LEFT;
                replace(&p.m[i]->f[at], copy(from_v));
            }
    }
}

static void do_update_mode(struct module *m, void *arg) { m->updates = *(bool *)arg; }
struct updating { struct module *m; int what; struct call *c; };
static void updating_body(void *arg)
{
    struct updating *u = arg;
    module_run_method(u->m, u->what, u->c);
}
static void updating(struct module *m, int what, struct call *c)         /* gradients go into the parameters, times -rate */
{
    bool on = true, off = false;
    if (c->nargin < 4)
        fail("Octave:invalid-fun-call", "%s.%s: input, gradOutput and the learning rate are needed",
             class_of(c->arg[0]), c->fn->name);
    value arg[4] = { c->arg[0], c->arg[1], c->arg[2], num(-arg_num(c, 3)) };
    struct call inner = { c->fn, 4, c->nargout, arg, c->out };
    struct updating u = { m, what, &inner };
    module_each(m, do_update_mode, &on);
    int bad = protect(updating_body, &u);
    module_each(m, do_update_mode, &off);
    if (bad)
        fail_again();
}

enum method {
    M_forward,
    M_backward,
    M_updateOutput,
    M_updateGradInput,
    M_accGradParameters,
    M_accUpdateGradParameters,
    M_backwardUpdate,
    M_zeroGradParameters,
    M_updateParameters,
    M_parameters,
    M_getParameters,
    M_training,
    M_evaluate,
    M_reset,
    M_clone,
    M_share,
    M_apply,
    M_applyToModules,
    M_findModules,
    M_listModules,
    M_replace,
    M_clearState,
    M_single,
    M_float,
    M_double,
    M_type,
    M_size,
    M_train,
    M_eval,
    M_cuda,
    M_cpu,
    METHODS
};
const char *const module_names[] = { "forward",
                                     "backward",
                                     "updateOutput",
                                     "updateGradInput",
                                     "accGradParameters",
                                     "accUpdateGradParameters",
                                     "backwardUpdate",
                                     "zeroGradParameters",
                                     "updateParameters",
                                     "parameters",
                                     "getParameters",
                                     "training",
                                     "evaluate",
                                     "reset",
                                     "clone",
                                     "share",
                                     "apply",
                                     "applyToModules",
                                     "findModules",
                                     "listModules",
                                     "replace",
                                     "clearState",
                                     "single",
                                     "float",
                                     "double",
                                     "type",
                                     "size",
                                     "train",
                                     "eval",
                                     "cuda",
                                     "cpu",
                                     "output",
                                     "gradInput",
                                     NULL };

void module_own_names(value self, void (*offer)(const char *name, void *arg), void *arg)
{
    struct module *m = module_of(self);
    for (int i = 0; i < m->info->n; i++)
        offer(m->info->name[i]->text, arg);
    char name[64];
    for (const char *s = layer_of(m)->methods; (s = nn_next_name(s, name));)
        offer(name, arg);
}

static int method_number(sym name)
{
    struct nn_state *st = nn_state();
    if (unlikely(!st->method[0]))
        for (int i = METHODS; i-- > 0;)
            st->method[i] = symbol_of(module_names[i]);
    for (int i = 0; i < METHODS; i++)
        if (st->method[i] == name)
            return i;
    return -1;
}

static void at_least(struct call *c, int n, const char *what)
{
    if (c->nargin < n)
        fail("Octave:invalid-fun-call", "%s.%s: %s is needed", class_of(c->arg[0]), c->fn->name, what);
}

static bool method_body(struct module *m, sym name, struct call *c)
{
    value self = c->arg[0];
    bool on;
    double stdv = NAN;
    int dtype;
    if (layer_of(m)->method && layer_of(m)->method(m, name->text, c))
        return true;
    switch (method_number(name)) {
    case M_forward:
    case M_updateOutput: module_run_method(m, 0, c); return true;
    case M_backward: module_run_method(m, 1, c); return true;
    case M_updateGradInput: module_run_method(m, 2, c); return true;
    case M_accGradParameters: module_run_method(m, 3, c); return true;
    case M_backwardUpdate: updating(m, 1, c); return true;
    case M_accUpdateGradParameters: updating(m, 3, c); return true;
    case M_zeroGradParameters: zero_grad(m); return true;
    case M_updateParameters:
        at_least(c, 2, "the learning rate");
        update(m, arg_num(c, 1));
        return true;
    case M_parameters:
        result(c, 0, nn_parameters(m, false));
        if (wants(c, 1))
            result(c, 1, nn_parameters(m, true));
        return true;
    case M_getParameters: get_parameters(m, c); return true;
    case M_training:
    case M_evaluate:
    case M_train:                             /* PyTorch's: m.train(), m.train(false), m.eval() */
    case M_eval:
        on = method_number(name) == M_train && has_arg(c, 1)
                 ? arg_bool(c, 1)
                 : method_number(name) == M_training || method_number(name) == M_train;
        module_each(m, set_train, &on);
        result(c, 0, self);
        return true;
    case M_reset:
        if (has_arg(c, 1))
            stdv = arg_num(c, 1);
        module_each(m, reset_one, &stdv);
        result(c, 0, self);
        return true;
    case M_clone: {
        value copy_ = module_clone(self);
        if (c->nargin > 1) {
            struct call inner = { c->fn, c->nargin - 1, 1, c->arg + 1, c->out };
            share(module_of(copy_), m, c->nargin - 1, &inner);
        }
        result(c, 0, copy_);
        return true;
    }
    case M_share: {
        struct call inner = { c->fn, c->nargin - 2, 1, c->arg + 2, c->out };
        at_least(c, 3, "the other module and the names of what to share");
        share(m, arg_module(c, 1), c->nargin - 2, &inner);
        result(c, 0, self);
        return true;
    }
    case M_apply:
    case M_applyToModules: {
        at_least(c, 2, "a function of a module");
        value all = modules_named(m, NULL);
        struct walk w = { .f = arg_func(c, 1) };
        for (i64 i = method_number(name) == M_apply ? 0 : 1; i < all.cell->numel; i++)
            apply_visit(module_of(all.cell->v[i]), &w);
        result(c, 0, self);
        return true;
    }
    case M_findModules:
        at_least(c, 2, "the name of a class");
        result(c, 0, modules_named(m, arg_text(c, 1, NULL)));
        if (wants(c, 1))
            result(c, 1, containers_of(m, c->out[0].cell));
        return true;
    case M_listModules: result(c, 0, modules_named(m, NULL)); return true;
    case M_replace:
        at_least(c, 2, "a function of a module that returns a module");
        result(c, 0, replaced(self, arg_func(c, 1)));
        return true;
    case M_clearState:
        module_each(m, clear_state, NULL);
        result(c, 0, self);
        return true;
    case M_type:
        if (!has_arg(c, 1)) {
            result_text(c, 0, dtypes[nn_dtype(m)].class);
            return true;
        }
        dtype = dtype_named(arg_text(c, 1, NULL));
        if (dtype != D_DOUBLE && dtype != D_SINGLE)
            fail_arg(c, 1, "\"double\" or \"single\"");
        convert(m, (struct converting){ dtype, -1 });
        result(c, 0, self);
        return true;
    case M_single:
    case M_float:
    case M_double:
        convert(m, (struct converting){ method_number(name) == M_double ? D_DOUBLE : D_SINGLE, -1 });
        result(c, 0, self);
        return true;
    case M_cuda:
        convert(m, (struct converting){ -1, has_arg(c, 1) ? (int)arg_int(c, 1, 1, 1 << 20) : gpu_current() });
        result(c, 0, self);
        return true;
    case M_cpu:
        convert(m, (struct converting){ -1, 0 });
        result(c, 0, self);
        return true;
    case M_size:
        result_num(c, 0, (double)module_numel(self));
        return true;
    }
    return false;
}

value module_move(value self, int device)
{
    convert(module_of(self), (struct converting){ -1, device });
    return self;
}

bool module_method(value self, sym name, struct call *c)
{
    struct nn_state *st = nn_state();
    if (!st->running)                         /* what an error has left */
        st->depth = 0;
    return method_body(module_of(self), name, c);
}

i64 module_numel(value self)
{
    value *slot = field_slot(module_of(self), "modules");
    return slot && slot->kind == K_CELL ? slot->cell->numel : 1;
}
