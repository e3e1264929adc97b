/* SPDX-License-Identifier: BSD-3-Clause */
/* transfer.c: layers that are one elementwise expression, a row each of transfer.def.
 *
 * Forward is one program, backward another one, made of the first by its derivative columns.  A tensor in Torch's order is
 * read with its dimensions the other way round, as a dense column-major one: nothing is laid out anew. */
#include "expression.h"

int expr_node(struct maker *w, int kind, int op, int a, int b, double x)
{
    w->node[w->n] = (struct plan_node){ .kind = (uint8_t)kind, .op = (uint16_t)op, .a = a, .b = b, .num = num(x) };
    return w->n++;
}

struct plan *expr_plan(const struct layer_info *info, expression *f, bool target)
{
    if (!info->plan) {
        struct maker w = { .n = 0, .first_option = target ? 2 : 1 };
        w.x = expr_node(&w, PN_LEAF, 0, 0, -1, 0);
        w.t = target ? expr_node(&w, PN_LEAF, 0, 1, -1, 0) : -1;
        f(&w);
        ((struct layer_info *)info)->plan = plan_new(w.n, w.node);
    }
    return info->plan;
}

struct plan *expr_back(const struct layer_info *info, int registers, const value *reg)
{
    if (!info->back)
        ((struct layer_info *)info)->back = plan_grad(info->plan, 0, registers, registers + 1, reg);
    return info->back;
}

static struct tensor *turned_round(struct tensor *t)
{
    i64 dim[MAX_DIMS], stride[MAX_DIMS];
    for (int d = 0; d < t->nd; d++) {
        dim[d] = t->dim[t->nd - 1 - d];
        stride[d] = t->stride[t->nd - 1 - d];
    }
    if (t->block)
        return tensor_alias(t, t->nd, dim, stride, 0);
    struct tensor *y = tensor_new(t->dtype, t->nd, dim);      /* small, in Torch's order: the same bytes */
    memcpy(y->data, t->data, (size_t)t->numel * dtypes[t->dtype].size);
    return y;
}

value expr_order(value v, bool *turned, bool first)
{
    if (v.kind != K_TENSOR || v.t->numel <= 1)
        return v;
    if (first)
        *turned = !(v.t->flags & T_DENSE);
    if (!*turned)
        return v;
    return tensor_box(turned_round(rows_of(v.t)));
}

value expr_turn_back(value v, bool turned)
{
    if (!turned || v.kind != K_TENSOR)
        return v;
    i64 dim[MAX_DIMS];
    struct tensor *t = v.t;
    for (int d = 0; d < t->nd; d++)
        dim[d] = t->dim[t->nd - 1 - d];
    return tensor_box(nn_reshape(tensor_reshape(t, 2, (i64[]){ 1, t->numel }), t->nd, dim));
}

/* The reversed dimensions of an image whose first sizes are 1 lose them at the end: sizes are taken of the input. */
static value shaped_like(value y, struct tensor *x, bool turned)
{
    if (!turned || y.kind != K_TENSOR)
        return y;
    return tensor_box(nn_reshape(tensor_reshape(y.t, 2, (i64[]){ 1, y.t->numel }), x->nd, x->dim));
}

static int registers(struct module *m, struct tensor *x, value *reg)
{
    int no = m->info->no;
    reg[0] = tensor_box(x);
    for (int i = 0; i < no; i++)
        reg[1 + i] = OPTION(m, i);
    return 1 + no;
}

static value elementwise_forward(struct module *m, value x, expression *f)
{
    struct tensor *t = nn_float(m, x);
    value reg[NN_FIELDS + 3];
    bool turned = false;
    struct plan *p = expr_plan(m->info, f, false);
    registers(m, t, reg);
    reg[0] = expr_order(reg[0], &turned, true);
    replace(&m->output, nil());               /* its memory is free for the result */
    value y = shaped_like(keep(plan_run(p, reg)), t, turned);
    nn_set_rank(m->rank);
    return y.kind == K_TENSOR ? y : tensor_box(tensor_of(y));
}

static value elementwise_backward(struct module *m, value x, value g, int want, expression *f)
{
    struct tensor *t = nn_float(m, x);
    value reg[NN_FIELDS + 3];
    bool turned = false;
    struct nn_state *st = nn_state();
    bool over = g.kind == K_TENSOR && g.t == st->over;
    expr_plan(m->info, f, false);
    int n = registers(m, t, reg);
    reg[n] = nn_grad_like(m, g, t);
    over &= reg[n].t == st->over;
    st->over = NULL;
    if (!(want & WANT_INPUT))
        return nil();
    reg[n + 1] = m->output;
    if (m->output.kind != K_TENSOR || !dims_equal(m->output.t->nd, m->output.t->dim, t->nd, t->dim))
        reg[n + 1] = elementwise_forward(m, x, f);
    struct plan *back = expr_back(m->info, n, reg);
    if (!back)
        return tensor_box(tensor_zeros(t->dtype, t->nd, t->dim));
    reg[0] = expr_order(reg[0], &turned, true);
    reg[n] = expr_order(reg[n], &turned, false);
    reg[n + 1] = expr_order(reg[n + 1], &turned, false);
    if (!turned)
        for (int i = 0; i < n + 2; i += n)    /* what is in Torch's order beside a column-major input */
            for (int k = i; k < (i ? n + 2 : 1); k++)
                if (reg[k].kind == K_TENSOR)
                    reg[k] = tensor_box(tensor_dense(reg[k].t));
    replace(&m->grad_input, nil());
    value y = shaped_like(keep(plan_run_into(back, reg, over ? reg[n].t : NULL)), t, turned);
    return y.kind == K_TENSOR ? y : tensor_box(tensor_of(y));
}

static value elementwise_record(struct module *m, value x, expression *f)
{
    value reg[NN_FIELDS + 3], y;
    struct plan *p = expr_plan(m->info, f, false);
    reg[0] = tape_plain(x);
    for (int i = 0; i < m->info->no; i++)
        reg[1 + i] = OPTION(m, i);
    if (!RECORDING || !tape_plan(p, reg, &y))
        return keep(plan_run(p, reg));
    return keep(y);
}


#define HELP(sig, text, example, out) "m = " sig "\n\n" text "\n\nExample:\n  " example "\n  ans = " out "\n\nSee also: nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.Sequential"
#define LAYER_BY(id, make, help, ...)                                                                                            \
    extern const struct layer layer_##id;                                                                                        \
    const struct layer layer_##id = { .class = MODULE_CLASS("nn." #id), __VA_ARGS__ };                                           \
    static void nn_##id##_run(struct call *c) { make; }                                                                          \
    extern const struct builtin builtin_nn_##id;                                                                                 \
    const struct builtin builtin_nn_##id = { "nn_" #id, 0, ANY, 1, nn_##id##_run, grad_pass, help };
#define ELEMENTWISE(id, make, opts, e, help)                                                                                     \
    static int expr_##id(struct maker *w) { return e; }                                                                          \
    static value forward_##id(struct module *m, value x) { return elementwise_forward(m, x, expr_##id); }                        \
    static value backward_##id(struct module *m, value x, value g, int want, double scale)                                       \
    {                                                                                                                            \
        (void)scale;                                                                                                             \
        return elementwise_backward(m, x, g, want, expr_##id);                                                                   \
    }                                                                                                                            \
    static value record_##id(struct module *m, value x, const value *p)                                                          \
    {                                                                                                                            \
        (void)p;                                                                                                                 \
        return elementwise_record(m, x, expr_##id);                                                                              \
    }                                                                                                                            \
    LAYER_BY(id, make, help, .options = opts, .over = true, .forward = forward_##id, .backward = backward_##id, .record = record_##id, .show = nn_show_options)
#define LAYER_ELEMENTWISE(id, opts, e, help) ELEMENTWISE(id, module_construct(c, &layer_##id), opts, e, help)
#define LAYER_GELU(id, opts, e, help) ELEMENTWISE(id, gelu_construct(c), opts, e, help)
extern const struct layer layer_GELU, layer_GELUTanh;
static void gelu_construct(struct call *c)    /* nn.GELU('tanh') is another layer */
{
    static const char *const kinds[] = { "none", "tanh", NULL };
    if (c->nargin > 1)
        fail("Octave:invalid-fun-call", "nn.GELU: takes at most 1 argument, but got %d", c->nargin);
    bool approximate = has_arg(c, 0) && arg_option(c, 0, kinds) == 1;
    result(c, 0, module_value(module_make(approximate ? &layer_GELUTanh : &layer_GELU, 0, NULL)));
}
#include "transfer.def"

/* ---- along a dimension: the primitives of softmax.c */
extern const struct builtin builtin_nn_softmax, builtin_nn_logsoftmax;
static int soft_args(struct module *m, value x, value *arg)  /* and the dimension, when there is one: negative from the end */
{
    i64 dim[MAX_DIMS];
    arg[0] = x;
    if (!value_numel(OPTION(m, 0)))
        return 1;
    i64 d = option_int(m, 0), nd = MAX(value_dims(x, dim), m->rank);
    d = d < 0 ? nd + 1 + d : d;
    if (d < 1)
        nn_fail(m, "dim is %lld, but the input has %lld dimensions", (long long)option_int(m, 0), (long long)nd);
    arg[1] = num((double)d);
    return 2;
}
static int softmax_call(struct module *m, value x, const value *w, const struct builtin **b, value *arg)
{
    (void)w;
    *b = &builtin_nn_softmax;
    return soft_args(m, x, arg);
}
static int logsoftmax_call(struct module *m, value x, const value *w, const struct builtin **b, value *arg)
{
    (void)w;
    *b = &builtin_nn_logsoftmax;
    return soft_args(m, x, arg);
}

static void dim_show(struct module *m, struct buf *b)
{
    if (value_numel(OPTION(m, 0)))
        buff(b, "%g", option_num(m, 0));
}
#define SOFT_HELP(name, what, example, out)                                                                                                    \
    "m = nn." name "(dim)\n\n" what " along dim, by default along the rows of N x F, along the channels of C x H x W and N x C x H x W. Negative dim count from the end: sequences " \
    "N x T x F want nn." name "(-1).\n\nExample:\n  " example "\n" out \
    "\n\nSee also: nn.SoftMax, nn.LogSoftMax, nn.ClassNLLCriterion"
#define SOFT_DIM .options = "dim:e=", .show = dim_show
LAYER(SoftMax, SOFT_HELP("SoftMax", "exp(x) ./ sum(exp(x))", "nn.SoftMax().forward([0 log(3)])", "  ans =\n     0.2500   0.7500"), SOFT_DIM, .call = softmax_call)
LAYER(SpatialSoftMax, SOFT_HELP("SpatialSoftMax", "exp(x) ./ sum(exp(x))", "nn.SpatialSoftMax().forward([0 log(3)])", "  ans =\n     0.2500   0.7500"),
    SOFT_DIM, .call = softmax_call)
LAYER(LogSoftMax, SOFT_HELP("LogSoftMax", "log(exp(x) ./ sum(exp(x)))", "nn.LogSoftMax().forward([0 0])", "  ans =\n    -0.6931  -0.6931"), SOFT_DIM, .call = logsoftmax_call)
LAYER(SpatialLogSoftMax, SOFT_HELP("SpatialLogSoftMax", "log(exp(x) ./ sum(exp(x)))", "nn.SpatialLogSoftMax().forward([0 0])", "  ans =\n    -0.6931  -0.6931"),
    SOFT_DIM, .call = logsoftmax_call)
LAYER(SoftMin,
      SOFT_HELP("SoftMin", "exp(-x) ./ sum(exp(-x))", "nn.SoftMin().forward([0 log(3)])",
                "  ans =\n     0.7500   0.2500"),
      SOFT_DIM,
      .expr = "@(x, dim) begin if isempty(dim), return nn.softmax(-x), end; d = dim; if d < 0, d = ndims(x) + 1 + d; "
              "end; return nn.softmax(-x, d) end")
