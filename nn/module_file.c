/* SPDX-License-Identifier: BSD-3-Clause */
/* module_file.c: copies of nets, and nets in files.
 *
 * What is shared inside a net is shared in its copy as well: windows on one base, a module in two places.  A file gives
 * fields by name; nothing in it is trusted: the module is made anew from its options, as the constructor does it, and a
 * parameter is taken only when it has the shape that was made. */
#include "nn.h"
#include "lab/save.h"

/* ---- clone */
struct copies { int n, cap; struct { void *from; void *to; } *pair; };
static void *copied(struct copies *s, void *from)
{
    for (int i = 0; i < s->n; i++)
        if (s->pair[i].from == from)
            return s->pair[i].to;
    return NULL;
}
static void remember(struct copies *s, void *from, void *to)
{
    if (s->n == s->cap) {
        int cap = s->cap ? 2 * s->cap : 64;
        void *p = scratch(sizeof *s->pair * (size_t)cap);
        if (s->n)
            memcpy(p, s->pair, sizeof *s->pair * (size_t)s->n);
        s->pair = p;
        s->cap = cap;
    }
    s->pair[s->n].from = from;
    s->pair[s->n++].to = to;
}

static struct module *copy_of(struct copies *s, struct module *m);
static value copy_value(struct copies *s, value v)
{
    if (is_module(v))
        return module_value(copy_of(s, module_of(v)));
    if (v.kind == K_WINDOW) {
        struct tensor *base = copied(s, v.w->base);
        if (!base) {
            base = tensor_clone(v.w->base);
            remember(s, v.w->base, base);
        }
        return window_new(base, v.w->offset, v.w->nd, v.w->dim, v.w->stride);
    }
    if (v.kind == K_CELL) {
        struct cell *c = cell_new(v.cell->nd, v.cell->dim);
        for (i64 i = 0; i < v.cell->numel; i++)
            cell_set(c, i, copy_value(s, v.cell->v[i]));
        return cell_value(c);
    }
    return clone(v);
}

static struct module *copy_of(struct copies *s, struct module *m)
{
    struct module *y = copied(s, m);
    if (y)
        return y;
    y = module_new(m->info);
    remember(s, m, y);
    nn_enter(m, 0);
    y->train = m->train;
    nn_settle(m);
    for (int i = 0; i < m->info->n; i++)
        replace(&y->f[i], copy(copy_value(s, m->f[i])));
    nn_leave();
    return y;
}

value module_clone(value self)
{
    struct copies s = { 0 };
    if (!nn_state()->running)
        nn_state()->depth = 0;
    return module_value(copy_of(&s, module_of(self)));
}

/* ---- files */
value module_save(value self)
{
    struct module *m = module_of(self);
    struct record *r = record_scalar();
    nn_settle(m);
    for (int i = 0; i < m->info->n; i++)
        record_set(r, 0, m->info->name[i], m->f[i]);
    record_set(r, 0, symbol_of("train"), boolean(m->train));
    return record_value(r);
}

value module_blank(const struct class *class)
{
    return module_value(module_new(nn_info((const struct layer *)class)));
}

static NORETURN void fail_load(struct module *m, const char *name)
{
    fail("Octave:load-error", "%s: the file holds no such layer here (%s)", layer_of(m)->class.name, name);
}

bool nn_alike(value have, value v)
{
    i64 a[MAX_DIMS], b[MAX_DIMS];
    if (have.kind == K_WINDOW) {
        if (v.kind != K_WINDOW || (v.w->base->dtype != D_DOUBLE && v.w->base->dtype != D_SINGLE) ||
            !dims_equal(v.w->nd, v.w->dim, have.w->nd, have.w->dim))
            return false;
        i64 s = 1;
        for (int d = v.w->nd; d-- > 0; s *= v.w->dim[d])
            if (v.w->dim[d] != 1 && v.w->stride[d] != s)
                return false;
        return true;
    }
    if (is_tensor_like(have)) {
        if (!is_tensor_like(v) || (!dtype_is(value_dtype(have), DT_C | DT_T) && dtype_is(value_dtype(v), DT_C | DT_T)))
            return false;
        return value_numel(have) == 0 || dims_equal(value_dims(have, a), a, value_dims(v, b), b);
    }
    return have.kind == v.kind && have.kind != K_CELL;
}

void module_load(value self, value saved)
{
    struct module *m = module_of(self);
    const struct layer_info *p = m->info;
    value options[NN_FIELDS];
    for (int i = 0; i < p->no; i++) {
        options[i] = record_get(saved.rec, 0, p->name[2 * p->np + i]);
        if (is_nil(options[i]) && p->must[2 * p->np + i])         /* an option that came later takes its default */
            fail_load(m, p->name[2 * p->np + i]->text);
    }
    nn_options_set(m, p->no, options);
    p = m->info;
    for (int i = 0; i < p->no; i++)           /* as they stand in the file: windows and what is shared keep their ties */
        if (is_nil(options[i]))
            continue;
        else if (p->kind[2 * p->np + i] == 'v' || p->kind[2 * p->np + i] == 'm' || p->kind[2 * p->np + i] == 'c')
            replace(&m->f[2 * p->np + i], load_take(options[i]));
    if (layer_of(m)->init)
        layer_of(m)->init(m);
    for (int i = 0; i < p->n; i++) {
        value v = record_get(saved.rec, 0, p->name[i]);
        if (p->kind[i])
            continue;
        if (is_nil(v)) {
            if (m->f[i].kind == K_NUM || (i < 2 * p->np && m->f[i].kind != K_WINDOW))
                continue;                     /* a count that came later; a parameter, and this layer has not */
            fail_load(m, p->name[i]->text);
        }
        bool without = layer_of(m)->methods && strstr(layer_of(m)->methods, "noBias") && i < 2 * p->np &&
                       !strcmp(p->name[i % p->np]->text, "bias") && is_tensor_like(v) && value_numel(v) == 0;
        if (m->f[i].kind == K_CELL ? v.kind != K_CELL || nn_holds(v, m) || !nn_children_changed(m, i, v)
                                   : !without && !nn_alike(m->f[i], v))
            fail_load(m, p->name[i]->text);
        replace(&m->f[i], m->f[i].kind == K_NUM ? num(element_double(tensor_of(v), 0)) : load_take(v));
    }
    for (int i = 0; i < p->np; i++)
        if (has_param(m, i) != (GRAD(m, i).kind == K_WINDOW) ||
            (has_param(m, i) && PARAM(m, i).w->base->dtype != GRAD(m, i).w->base->dtype))
            fail_load(m, p->name[i]->text);
    value train = record_get(saved.rec, 0, symbol_of("train"));
    m->train = is_tensor_like(train) && value_numel(train) == 1 && value_true(train);
    if (layer_of(m)->check)
        layer_of(m)->check(m);
}
