/* SPDX-License-Identifier: BSD-3-Clause */
/* criterion.c: losses: those that are one elementwise expression (rows of criterion.def), and those that pick by class. */
#include "expression.h"
#include <math.h>

/* ---- rows of criterion.def */
static struct tensor *target_like(struct module *m, value t, struct tensor *x)
{
    char a[128], b[128];
    if (!is_tensor_like(t) || dtype_is(value_dtype(t), DT_C | DT_T))
        nn_fail(m, "the target must be a tensor like the input, %s, but is a %s", tensor_shape(x, a), class_of(t));
    struct tensor *y = t.kind == K_TENSOR ? t.t : tensor_of(t);
    if (!dims_equal(y->nd, y->dim, x->nd, x->dim) &&
        !(y->numel == x->numel && x->nd == 2 && y->nd == 2 && (x->dim[0] == 1 || x->dim[1] == 1) && (y->dim[0] == 1 || y->dim[1] == 1)))
        nn_fail(m, "the target must be like the input, %s, but is %s", tensor_shape(x, a), tensor_shape(y, b));
    if (y->dtype != x->dtype)
        y = tensor_cast(y, x->dtype);
    return dims_equal(y->nd, y->dim, x->nd, x->dim) ? y : nn_reshape(y, x->nd, x->dim);
}

static int loss_registers(struct module *m, value x, value t, value *reg, bool *turned, struct tensor **in)
{
    *in = nn_float(m, x);
    struct tensor *tt = target_like(m, t, *in);
    reg[0] = expr_order(tensor_box(*in), turned, true);
    reg[1] = *turned ? expr_order(tensor_box(tt), turned, false) : tensor_box(tensor_dense(tt));
    for (int i = 0; i < m->info->no; i++)
        reg[2 + i] = OPTION(m, i);
    return 2 + m->info->no;
}

static double share_of(struct module *m, struct tensor *x)
{
    return option_bool(m, m->info->no - 1) ? 1 / (double)MAX(1, x->numel) : 1;
}

static value loss_sum(struct module *m, value x, value t, expression *f)
{
    value reg[NN_FIELDS + 4], y;
    bool turned = false;
    struct tensor *in;
    struct plan *p = expr_plan(m->info, f, true);
    if (RECORDING && tracked(x)) {
        reg[0] = tape_plain(x);
        reg[1] = tensor_box(target_like(m, t, tensor_of(reg[0])));
        for (int i = 0; i < m->info->no; i++)
            reg[2 + i] = OPTION(m, i);
        if (!tape_plan(p, reg, &y))
            return nil();
        y = keep(y);
        for (int d = tensor_of(reg[0])->nd; d-- > 0;)
            y = tape_reduce(RED_sum, y, d + 1);
        return g_op(EW_times, y, num(share_of(m, tensor_of(reg[0]))));
    }
    loss_registers(m, x, t, reg, &turned, &in);
    value e = keep(plan_run(p, reg));
    struct tensor *te = tensor_of(e);
    value s = reduce_apply(RED_sum, tensor_box(tensor_reshape(tensor_dense(te), 2, (i64[]){ te->numel, 1 })), 1);
    return num_of(in->dtype, in->dtype == D_SINGLE ? (float)(element_double(tensor_of(s), 0) * share_of(m, in)) : element_double(tensor_of(s), 0) * share_of(m, in));
}

static value loss_gradient(struct module *m, value x, value t, expression *f)
{
    value reg[NN_FIELDS + 4];
    bool turned = false;
    struct tensor *in;
    expr_plan(m->info, f, true);
    int n = loss_registers(m, x, t, reg, &turned, &in);
    reg[n] = num(share_of(m, in));
    reg[n + 1] = reg[0];                      /* the sum's terms are not kept: these expressions do not read their result */
    struct plan *back = expr_back(m->info, n, reg);
    replace(&m->grad_input, nil());
    value y = keep(plan_run(back, reg));
    struct tensor *ty = tensor_of(y);
    if (turned)
        ty = nn_reshape(tensor_reshape(tensor_dense(ty), 2, (i64[]){ 1, ty->numel }), in->nd, in->dim);
    return tensor_box(ty);
}

#define HELP(sig, text, example, out) "c = " sig "\n\n" text " loss = c.forward(x, t), dx = c.backward(x, t).\n\nExample:\n  " example "\n  ans = " out "\n\nSee also: nn.Sequential"
#define LAYER_LOSS(id, opts, e, help)                                                                                    \
    static int expr_##id(struct maker *w) { return e; }                                                                  \
    static value loss_##id(struct module *m, value x, value t) { return loss_sum(m, x, t, expr_##id); }                  \
    static value gradient_##id(struct module *m, value x, value t) { return loss_gradient(m, x, t, expr_##id); }         \
    LAYER(id, help, .options = opts, .criterion = true, .loss = loss_##id, .loss_grad = gradient_##id)
#include "criterion.def"

/* ---- classes */
enum { WEIGHTS, SIZE_AVERAGE, IGNORE };

/* Class numbers, in a vector of either orientation; a scalar for one sample.  0 for those that are left out. */
static i64 *class_numbers(struct module *m, value t, i64 samples, i64 classes, double ignore)
{
    char d[160];
    if (!is_tensor_like(t) || dtype_is(value_dtype(t), DT_C | DT_T) || value_numel(t) != samples)
        nn_fail(m, "the target must be %lld class number%s, but is a %s", (long long)samples, samples == 1 ? "" : "s", value_describe(t, d));
    i64 *y = scratch((size_t)MAX(1, samples) * sizeof *y);
    if (t.kind == K_NUM) {
        y[0] = t.num == ignore ? 0 : t.num >= 1 && t.num <= (double)classes && t.num == trunc(t.num) ? (i64)t.num : -1;
        if (y[0] < 0)
            nn_fail(m, "a class number must be an integer from 1 to %lld, but is %g", (long long)classes, t.num);
        return y;
    }
    struct tensor *tt = rows_of(tensor_of(t));
    for (i64 i = 0; i < samples; i++) {
        double c = element_double(tt, i);
        if (tt->nd > 2 || (tt->dim[0] != 1 && tt->dim[1] != 1))
            convert_run(D_DOUBLE, &c, tt->dtype, tt->data + i * dtypes[tt->dtype].size, 1);
        if (c == ignore)
            y[i] = 0;
        else if (c >= 1 && c <= (double)classes && c == trunc(c))
            y[i] = (i64)c;
        else
            nn_fail(m, "a class number must be an integer from 1 to %lld, but number %lld is %g", (long long)classes, (long long)i + 1, c);
    }
    return y;
}

struct picked { struct tensor *x; i64 n, classes; i64 *class; const double *weight; double total; };
static struct picked pick(struct module *m, value x, value t)
{
    struct picked p = { .x = nn_float(m, x) };
    if (p.x->nd != 2)
        nn_fail_shape(m, "N x C", x);
    p.n = p.x->dim[0];
    p.classes = p.x->dim[1];
    if (p.classes == 1 && p.n > 1 && value_numel(t) == 1) {   /* a column for one sample */
        p.classes = p.n;
        p.n = 1;
        p.x = nn_reshape(p.x, 2, (i64[]){ 1, p.classes });
    }
    p.class = class_numbers(m, t, p.n, p.classes, option_num(m, IGNORE));
    value w = OPTION(m, WEIGHTS);
    if (is_tensor_like(w) && value_numel(w)) {
        if (value_numel(w) != p.classes)
            nn_fail(m, "there are %lld weights for %lld classes", (long long)value_numel(w), (long long)p.classes);
        p.weight = (const double *)tensor_cast(tensor_dense(tensor_of(w)), D_DOUBLE)->data;
    }
    for (i64 i = 0; i < p.n; i++)
        p.total += p.class[i] ? p.weight ? p.weight[p.class[i] - 1] : 1 : 0;
    return p;
}

static value nll_loss(struct module *m, value x, value t)
{
    if (RECORDING && tracked(x)) {
        struct picked p = pick(m, tensor_box(tensor_of(tape_plain(x))), t);
        struct tensor *k = tensor_zeros(p.x->dtype, p.x->nd, p.x->dim);
        double by = option_bool(m, SIZE_AVERAGE) ? p.total : 1;
        for (i64 i = 0; i < p.n; i++)
            if (p.class[i]) {
                double w = -(p.weight ? p.weight[p.class[i] - 1] : 1) / by;
                convert_run(k->dtype, k->data + (i + (p.class[i] - 1) * p.n) * dtypes[k->dtype].size, D_DOUBLE, &w, 1);
            }
        return tape_reduce(RED_sum, tape_reduce(RED_sum, g_op(EW_times, x, tensor_box(k)), 1), 2);
    }
    struct picked p = pick(m, x, t);
    double s = 0;
    for (i64 i = 0; i < p.n; i++)
        if (p.class[i]) {
            i64 at = i * p.x->stride[0] + (p.class[i] - 1) * p.x->stride[1];
            double v = p.x->dtype == D_SINGLE ? ((float *)p.x->data)[at] : ((double *)p.x->data)[at];
            s -= v * (p.weight ? p.weight[p.class[i] - 1] : 1);
        }
    if (option_bool(m, SIZE_AVERAGE) && p.total != 0)
        s /= p.total;
    return num_of(p.x->dtype, p.x->dtype == D_SINGLE ? (float)s : s);
}

static value nll_gradient(struct module *m, value x, value t)
{
    struct picked p = pick(m, x, t);
    struct tensor *in = nn_float(m, x), *g = nn_buffer(&m->grad_input, in->dtype, in->nd, in->dim);
    double by = option_bool(m, SIZE_AVERAGE) && p.total != 0 ? p.total : 1;
    memset(g->data, 0, (size_t)g->numel * dtypes[g->dtype].size);
    for (i64 i = 0; i < p.n; i++)
        if (p.class[i]) {
            double v = -(p.weight ? p.weight[p.class[i] - 1] : 1) / by;
            i64 at = i * p.classes + p.class[i] - 1;
            if (g->dtype == D_SINGLE)
                ((float *)g->data)[at] = (float)v;
            else
                ((double *)g->data)[at] = v;
        }
    return tensor_box(g);
}

LAYER(ClassNLLCriterion,
  "c = nn.ClassNLLCriterion(weights, sizeAverage, ignoreIndex)\n\n"
  "Negative log-likelihood: -x(i, t(i)) for log-probabilities x, N x C, and class numbers t from 1 to C, averaged; with weights, one for each class, their weighted "
  "mean. sizeAverage=false sums. Samples of class ignoreIndex (-100) are left out.\n\n"
  "Example:\n  nn.ClassNLLCriterion().forward([-1 -2; -3 -4], [1 2])\n  ans = 2.5000\n\n"
  "See also: nn.LogSoftMax, nn.CrossEntropyCriterion",
  .options = "weights:v= sizeAverage:b=1 ignoreIndex:z=-100", .criterion = true, .loss = nll_loss, .loss_grad = nll_gradient)
