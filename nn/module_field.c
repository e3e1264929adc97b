/* SPDX-License-Identifier: BSD-3-Clause */
/* module_field.c: what a module holds: arguments of its constructor, parameters and their gradients, state; and tensors in
 * Torch's order.
 *
 * A parameter is a window on a base tensor: at first its own, after getParameters all on one, so optimisers see one vector.
 * Its elements lie in Torch's order without gaps; whatever is stored into it from outside is copied into that memory. */
#include "nn.h"
#include "lab/gpu.h"
#include "lab/place.h"
#include "lab/print.h"
#include "lab/rand.h"
#include <math.h>
#include <stdlib.h>

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

/* ---- making one */
static void fields_free(struct module *m)
{
    if (m->f)
        memory_free(m->f, sizeof *m->f * (size_t)(m->n + 1));
}

/* A module has the fields that p says, all []. */
static void fields_become(struct module *m, const struct layer_info *p)
{
    value empty = keep(copy(tensor_box(tensor_2d(D_DOUBLE, 0, 0))));
    value *f = memory_get(sizeof *f * (size_t)(p->n + 1));
    for (int i = 0; i < m->n; i++)
        drop(m->f[i]);
    fields_free(m);
    m->f = f;
    m->info = p;
    for (m->n = 0; m->n < p->n; m->n++)
        f[m->n] = copy(empty);
}

struct module *module_new(const struct layer_info *p)
{
    struct module *m = (struct module *)instance_new(&p->layer->class, sizeof *m).inst;
    m->info = p;
    m->train = true;
    m->output = m->grad_input = m->aux = m->kept_x = m->lazy_x = m->lazy_g = m->owed_x = m->owed_g = nil();
    fields_become(m, p);
    return m;
}

void module_free(struct object *o)
{
    struct module *m = (struct module *)o;
    kept_free(m->kept);
    fields_free(m);
    memory_free(m, sizeof *m);
}

void module_children(struct object *o, void (*visit)(value *child, void *arg), void *arg)
{
    struct module *m = (struct module *)o;
    visit(&m->output, arg);
    visit(&m->grad_input, arg);
    visit(&m->aux, arg);
    visit(&m->kept_x, arg);
    visit(&m->lazy_x, arg);
    visit(&m->lazy_g, arg);
    visit(&m->owed_x, arg);
    visit(&m->owed_g, arg);
    for (int i = 0; i < m->n; i++)
        visit(&m->f[i], arg);
}

/* ---- options */
static NORETURN void fail_option(struct module *m, int k, const char *what, value v)
{
    char d[160];
    const char *name = m->info->name[k]->text, *class = layer_of(m)->class.name;
    if (v.kind == K_NUM && v.dtype != D_INT64 && v.dtype != D_UINT64 && v.dtype != D_CHAR)
        fail("Octave:invalid-input-arg", "%s: %s must be %s, but is %.15g", class, name, what, v.num);
    fail("Octave:invalid-input-arg", "%s: %s must be %s, but is a %s", class, name, what, value_describe(v, d));
}

/* Integers fit an int, so that layers may add and multiply a few of them without a thought. */
static const struct { char kind; double least, most; const char *what; } option_kinds[] = {
    { 'n', 1, INT32_MAX, "a positive integer" },
    { 'k', 0, INT32_MAX, "an integer from 0 on" },
    { 'z', -INT32_MAX, INT32_MAX, "an integer" },
    { 'd', 1, MAX_DIMS, "a dimension, an integer from 1 to 32" },
    { 'e', -MAX_DIMS, MAX_DIMS, "a dimension, an integer from -32 to 32" },
    { 'b', -INFINITY, INFINITY, "true or false" },
};

bool nn_text_is(value v, const char *word)
{
    size_t n = strlen(word);
    return is_tensor_like(v) && value_dtype(v) == D_CHAR && value_numel(v) == (i64)n &&
           !memcmp(tensor_dense(tensor_of(v))->data, word, n);
}

static value checked_option(struct module *m, int k, value v)
{
    char kind = m->info->kind[k];
    if (kind == 'v')
        return v;
    if (m->info->fallback[k][0] == 0 && !m->info->must[k] && is_tensor_like(v) && value_numel(v) == 0)
        return v;                             /* [] stands for "not given" where that is the default */
    if (kind == 'm' || kind == 'c') {
        if (!is_module(v) || layer_of(module_of(v))->criterion != (kind == 'c'))
            fail_option(m, k, kind == 'm' ? "a module" : "a criterion", v);
        return v;
    }
    if (kind == 'r' || kind == 'R') {
        static const char *const word[] = { "mean", "sum", "none", "batchmean" };
        for (int i = 0; i < 3 + (kind == 'R'); i++)
            if (nn_text_is(v, word[i]))
                return v;
        fail_option(m, k, kind == 'R' ? "'mean', 'sum', 'none' or 'batchmean'" : "'mean', 'sum' or 'none'", v);
    }
    if (kind == 's') {
        if (!is_tensor_like(v) || value_dtype(v) != D_CHAR)
            fail_option(m, k, "a text", v);
        return v;
    }
    const char *what = "a number";
    for (int i = 0; i < COUNT(option_kinds); i++)
        if (option_kinds[i].kind == kind)
            what = option_kinds[i].what;
    if (!is_tensor_like(v) || value_numel(v) != 1 || dtype_is(value_dtype(v), DT_C | DT_T) || value_dtype(v) == D_CHAR)
        fail_option(m, k, what, v);
    double x = element_double(tensor_of(v), 0);
    if (kind == 'b')
        return num(x != 0);
    for (int i = 0; i < COUNT(option_kinds); i++)
        if (option_kinds[i].kind == kind && !(x == floor(x) && x >= option_kinds[i].least && x <= option_kinds[i].most))
            fail_option(m, k, what, num(x));
    return num(x);
}

/* The fields follow from how many layers lie in this one: an option. */
static const struct layer_info *stack_up(struct module *m, int n, const value *arg)
{
    const struct layer *l = layer_of(m);
    int k = module_field(m, l->stacked), i = k - 2 * m->info->np, stack = 1;
    if (i < n && !is_nil(arg[i]) && !(is_tensor_like(arg[i]) && value_numel(arg[i]) == 0))
        stack = (int)checked_option(m, k, arg[i]).num;
    if (stack > NN_STACK)
        fail("Octave:invalid-input-arg", "%s: %s must be at most %d, but is %d", l->class.name, l->stacked, NN_STACK, stack);
    if (stack != m->info->stack)
        fields_become(m, nn_info_stack(l, stack));
    return m->info;
}

/* Arguments of the constructor into the fields; checked before one is kept. */
void nn_options_set(struct module *m, int n, const value *arg)
{
    const struct layer_info *p = m->info;
    if (n > p->no)
        fail("Octave:invalid-fun-call", "%s: takes at most %d argument%s, but got %d", p->layer->class.name, p->no,
             p->no == 1 ? "" : "s", n);
    if (p->layer->stacked)
        p = stack_up(m, n, arg);
    int first = 2 * p->np;
    for (int i = 0; i < p->no; i++) {
        int k = first + i;
        value v = nil();
        bool none = i < n && p->fallback[k][0] && p->kind[k] != 'v' && is_tensor_like(arg[i]) &&
                    value_numel(arg[i]) == 0; /* [] is "not given" */
        if (i < n && !is_nil(arg[i]) && !none) {
            v = checked_option(m, k, arg[i]);
            if (nn_holds(v, m))
                nn_fail(m, "a module cannot be part of itself");
        } else if (p->must[k]) {
            fail("Octave:invalid-fun-call", "%s: argument %d, %s, is needed", p->layer->class.name, i + 1, p->name[k]->text);
        } else if (p->fallback[k][0]) {
            const char *s = p->fallback[k];
            int other = module_field(m, s);
            v = other >= 0 ? m->f[other] : p->kind[k] == 's' ? tensor_value(tensor_text(s, strlen(s))) : num(strtod(s, NULL));
        } else {
            continue;
        }
        replace(&m->f[k], copy(v));
    }
    if (p->layer->check)
        p->layer->check(m);
}

/* A sample of the fan in of a parameter: all dimensions but the first. */
static double fan_in(value w)
{
    return w.w->dim[0] ? (double)(w.w->numel / w.w->dim[0]) : 1;
}

static void reset_uniform(struct module *m, double stdv)      /* the bias takes the range of the weight before it */
{
    double s = 1;
    for (int i = 0; i < m->info->np; i++)
        if (has_param(m, i)) {
            if (i == 0 || PARAM(m, i).w->dim[0] > 1)
                s = 1 / sqrt(fan_in(PARAM(m, i)));
            if (!isnan(stdv))
                s = stdv * sqrt(3);
            nn_uniform(PARAM(m, i), -s, s);
        }
}

void nn_reset(struct module *m, double stdv)
{
    const struct layer *l = layer_of(m);
    if (l->reset)
        l->reset(m, stdv);
    else
        reset_uniform(m, stdv);
}

void nn_init(struct module *m)
{
    if (layer_of(m)->init)
        layer_of(m)->init(m);
    nn_reset(m, NAN);
}

struct module *module_make(const struct layer *l, int n, const value *options)
{
    struct module *m = module_new(nn_info(l));
    nn_options_set(m, n, options);
    nn_init(m);
    return m;
}

void module_construct(struct call *c, const struct layer *l)
{
    result(c, 0, module_value(module_make(l, c->nargin, c->arg)));
}

/* ---- parameters */
int nn_dtype(const struct module *m)
{
    for (int i = 0; i < m->info->np; i++)
        if (has_param(m, i))
            return PARAM(m, i).w->base->dtype;
    return D_DOUBLE;
}

static void rows_strides(int nd, const i64 *dim, i64 *stride)
{
    i64 s = 1;
    for (int d = nd; d-- > 0; s *= dim[d])
        stride[d] = s;
}

value nn_window(struct tensor *base, i64 offset, int nd, const i64 *dim)
{
    i64 stride[MAX_DIMS];
    rows_strides(nd, dim, stride);
    return window_new(base, offset, nd, dim, stride);
}

void nn_param(struct module *m, int i, int nd, const i64 *dim)
{
    i64 n = dims_numel(nd, dim);
    for (int g = 0; g < 2; g++) {
        struct tensor *base = tensor_zeros(D_DOUBLE, 2, (i64[]){ 1, n });
        replace(&m->f[g * m->info->np + i], copy(nn_window(base, 0, nd, dim)));
    }
}

void nn_no_param(struct module *m, int i)
{
    value empty = tensor_box(tensor_2d(D_DOUBLE, 0, 0));
    replace(&PARAM(m, i), copy(empty));
    replace(&GRAD(m, i), copy(empty));
}

static char *own_data(value w)
{
    own_block(w.w->base);
    w.w->base->version++;
    return window_data(w.w);
}

char *grad_data(struct module *m, int i)
{
    nn_settle(m);
    return own_data(m->updates ? PARAM(m, i) : GRAD(m, i));
}

struct tensor *param_tensor(const struct module *m, int i) { return tensor_any(PARAM(m, i)); }

void nn_put(value w, const double *x)
{
    struct tensor *base = w.w->base;
    char *data = own_data(w);
    if (base->device) {
        struct tensor *t = tensor_2d(D_DOUBLE, 1, w.w->numel),
                      *to = tensor_alias(base, 2, (i64[]){ 1, w.w->numel }, (i64[]){ 1, 1 }, w.w->offset);
        memcpy(t->data, x, (size_t)w.w->numel * sizeof *x);
        gpu_copy(to, gpu_put(base->device, t));
        return;
    }
    convert_run(base->dtype, data, D_DOUBLE, x, w.w->numel);
}

void nn_uniform(value w, double from, double to)
{
    double *x = scratch((size_t)w.w->numel * sizeof *x);
    rand_uniform(x, w.w->numel);
    for (i64 i = 0; i < w.w->numel; i++)
        x[i] = from + (to - from) * x[i];
    nn_put(w, x);
}

void nn_uniform_params(struct module *m, double s)
{
    for (int i = 0; i < m->info->np; i++)
        if (has_param(m, i))
            nn_uniform(PARAM(m, i), -s, s);
}

void nn_normal(value w, double mean, double sd)
{
    double *x = scratch((size_t)w.w->numel * sizeof *x);
    rand_normal(x, w.w->numel);
    for (i64 i = 0; i < w.w->numel; i++)
        x[i] = mean + sd * x[i];
    nn_put(w, x);
}

void nn_fill(value w, double v)
{
    double *x = scratch((size_t)w.w->numel * sizeof *x);
    for (i64 i = 0; i < w.w->numel; i++)
        x[i] = v;
    nn_put(w, x);
}

/* ---- fields */
static value switch_value(bool on) { return boolean(on); }

value module_get(value self, sym field)
{
    struct module *m = module_of(self);
    const char *s = field->text;
    nn_settle(m);
    for (int i = 0; i < m->info->n; i++)
        if (m->info->name[i] == field)
            return m->info->kind[i] == 'b'                             ? switch_value(m->f[i].num != 0)
                   : m->f[i].kind == K_TENSOR && m->f[i].t->numel == 1 ? tensor_value(m->f[i].t)
                                                                       : m->f[i];
    if (!strcmp(s, "output"))
        return is_nil(m->output)            ? tensor_box(tensor_2d(D_DOUBLE, 0, 0))
               : m->output.kind == K_TENSOR ? tensor_value(m->output.t)
                                            : m->output;
    if (!strcmp(s, "gradInput"))
        return module_grad_input(m);
    if (!strcmp(s, "train"))
        return switch_value(m->train);
    if (!strcmp(s, "indices") && layer_of(m)->results > 1)         /* of a pooling: where the largest stood */
        return is_nil(m->aux) ? tensor_box(tensor_2d(D_DOUBLE, 0, 0)) : m->aux;
    return layer_of(m)->get ? layer_of(m)->get(m, field) : nil();
}

bool module_set(value self, sym field, value v)
{
    struct module *m = module_of(self);
    const struct layer *l = layer_of(m);
    nn_settle(m);
    if (!strcmp(field->text, "train")) {
        m->train = value_true(v);
        return true;
    }
    if (!strcmp(field->text, "output") || !strcmp(field->text, "gradInput")) {
        if (!is_tensor_like(v) && v.kind != K_CELL)
            nn_fail(m, "%s must be a tensor or a cell", field->text);
        replace(field->text[0] == 'o' ? &m->output : &m->grad_input, copy(v));
        return true;
    }
    for (int i = 0; i < m->info->n; i++) {
        if (m->info->name[i] != field)
            continue;
        value *slot = &m->f[i];
        if (i < 2 * m->info->np && slot->kind == K_WINDOW) {
            i64 dim[MAX_DIMS];
            char a[128], b[128];
            if (!is_tensor_like(v) || dtype_is(value_dtype(v), DT_C))
                nn_fail(m, "%s must be numbers", field->text);
            int nd = value_dims(v, dim);
            if (value_numel(v) != 1 && !dims_equal(nd, dim, slot->w->nd, slot->w->dim))
                nn_fail(m, "%s is %s and cannot take a %s", field->text, dims_text(slot->w->nd, slot->w->dim, a),
                        dims_text(nd, dim, b));
            tape_check_outside(NULL, self.inst, v);
            if (v.kind != K_WINDOW || v.w != slot->w)             /* m.weight += W has written already */
                place_write(slot, tensor_any(v));
            return true;
        }
        if (i < 2 * m->info->np)
            nn_fail(m, "it has no %s", field->text);
        char kind = m->info->kind[i];
        nn_idle(m);
        if (m->info->np && (kind == 'n' || kind == 'k' || kind == 'm'))
            nn_fail(m, "%s is fixed when the layer is made, for its parameters fit it", field->text);
        if (kind)
            v = checked_option(m, i, v);
        else if (slot->kind == K_CELL ? v.kind != K_CELL || !l->changed : !nn_alike(*slot, v))
            nn_fail(m, "the field %s takes only what is like its present value", field->text);
        else if (slot->kind == K_NUM)
            v = num(element_double(tensor_of(v), 0));
        tape_check_outside(NULL, self.inst, v);
        if (nn_holds(v, m))
            nn_fail(m, "a module cannot be part of itself");
        if (l->changed && !l->changed(m, i, v))
            fail("tl:nn", "%s: the field %s cannot be set", l->class.name, field->text);
        if (l->check) {
            struct module *trial = module_new(m->info);
            for (int k = 0; k < m->n; k++)
                replace(&trial->f[k], copy(k == i ? v : m->f[k]));
            l->check(trial);
        }
        if (!kind && slot->kind == K_CELL && l->changed)
            nn_leave_parameters(m);
        replace(slot, copy(v));
        return true;
    }
    return l->put && l->put(m, field, v);
}

value *module_place(value self, sym field)
{
    struct module *m = module_of(self);
    nn_settle(m);
    for (int i = 0; i < m->info->n; i++)
        if (m->info->name[i] == field && i < 2 * m->info->np)
            return &m->f[i];
    return NULL;
}

/* ---- tensors in Torch's order */
struct tensor *nn_buffer(value *slot, int dtype, int nd, const i64 *dim)
{
    nd = dims_trim(nd, dim);
    if (slot->kind == K_TENSOR) {
        struct tensor *t = slot->t;
        if (t->h.owners == 1 && !t->h.pins && !t->mark && t->dtype == dtype &&
            (!t->block || (t->block->owners == 1 && !t->block->foreign)) && dims_equal(t->nd, t->dim, nd, dim) &&
            rows_already(t))
            return t;
    }
    replace(slot, nil());
    struct tensor *t = rows_new(dtype, nd, dim);
    *slot = copy(tensor_box(t));
    return t;
}

struct tensor *nn_reshape(struct tensor *t, int nd, const i64 *dim)
{
    char a[128], b[128];
    if (dims_numel(nd, dim) != t->numel)
        fail("Octave:nonconformant-args", "nn.reshape: %s does not make %s", tensor_shape(t, a), dims_text(nd, dim, b));
    return rows_as(rows_of(t), nd, dim);
}

/* Code in C that is about to read numbers: they must be the CPU's. */
static void nn_home(struct module *m, struct tensor *t)
{
    if (unlikely(t->device) && !context_head()->door)
        nn_fail(m, "is not defined on gpu %d; use net.cpu() and x.cpu()", t->device);
}

struct tensor *nn_float(struct module *m, value x)
{
    if (!is_tensor_like(x) || dtype_is(value_dtype(x), DT_C | DT_T))
        nn_fail_shape(m, "a real tensor", x);
    struct tensor *t = x.kind == K_TENSOR ? x.t : tensor_any(x);
    nn_home(m, t);
    int dtype = dtype_is(t->dtype, DT_F) ? t->dtype : D_DOUBLE;
    for (int i = 0; i < m->info->np; i++)
        if (has_param(m, i)) {
            dtype = PARAM(m, i).w->base->dtype;
            break;
        }
    if (t->dtype == dtype)
        return t;
    if (t->device)
        return gpu_clone(t, dtype);
    struct tensor *in = rows_of(t), *y = rows_new(dtype, t->nd, t->dim);
    convert_run(dtype, y->data, in->dtype, in->data, in->numel);
    return y;
}

value nn_grad_like(struct module *m, value g, struct tensor *y)
{
    char a[128], b[160];
    i64 dim[MAX_DIMS];
    if (!is_tensor_like(g) || dtype_is(value_dtype(g), DT_C | DT_T))
        nn_fail(m, "gradOutput must be a tensor like the output, %s, but is a %s", tensor_shape(y, a), value_describe(g, b));
    int nd = value_dims(g, dim);
    if (!dims_equal(nd, dim, y->nd, y->dim))
        nn_fail(m, "gradOutput must be like the output, %s, but is %s", tensor_shape(y, a), dims_text(nd, dim, b));
    struct tensor *t = g.kind == K_TENSOR ? g.t : tensor_any(g);
    nn_home(m, t);
    return tensor_box(t->dtype == y->dtype ? t : tensor_cast(t, y->dtype));
}

value nn_box(value v) { return v.kind == K_NUM ? tensor_box(tensor_of(v)) : v; }
value nn_cells(int n) { return cell_value(cell_2d(1, n)); }

struct cell *nn_cell(struct module *m, value x, int least, const char *what)
{
    if (x.kind != K_CELL || x.cell->numel < least)
        nn_fail_shape(m, what, x);
    return x.cell;
}
