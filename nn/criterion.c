/* SPDX-License-Identifier: BSD-3-Clause */
/* criterion.c: losses: those that are one elementwise expression (rows of criterion.def), and those that pick by class. */
#include "expression.h"
#include "criterion.h"
#include "lab/gpu.h"
#include "nn/there.h"
#include <math.h>

/* ---- rows of criterion.def */
static struct tensor *target_like(struct module *m, value t, struct tensor *x)
{
    char a[128], b[128];
    if (!is_tensor_like(t) || dtype_is(value_dtype(t), DT_C | DT_T))
        nn_fail(m, "the target must be a tensor like the input, %s, but is a %s", tensor_shape(x, a), class_of(t));
    struct tensor *y = t.kind == K_TENSOR ? t.t : tensor_any(t);
    gpu_common(layer_of(m)->class.name, 2, (value[]){ tensor_box(x), t });
    if (!dims_equal(y->nd, y->dim, x->nd, x->dim) &&
        !(y->numel == x->numel && x->nd == 2 && y->nd == 2 && (x->dim[0] == 1 || x->dim[1] == 1) &&
          (y->dim[0] == 1 || y->dim[1] == 1)))
        nn_fail(m, "the target must be like the input, %s, but is %s", tensor_shape(x, a), tensor_shape(y, b));
    if (y->dtype != x->dtype)
        y = tensor_cast(y, x->dtype);
    return dims_equal(y->nd, y->dim, x->nd, x->dim) ? y : nn_reshape(y, x->nd, x->dim);
}

static void options(struct module *m, value *reg)
{
    for (int i = 0; i < m->info->no; i++)
        reg[2 + i] = OPTION(m, i).kind == K_NUM ? OPTION(m, i) : num(0);      /* a text is none of the expression's */
}

static int loss_registers(struct module *m, value x, value t, value *reg, bool *turned, struct tensor **in)
{
    *in = nn_float(m, x);
    struct tensor *tt = target_like(m, t, *in);
    reg[0] = expr_order(tensor_box(*in), turned, true);
    reg[1] = *turned ? expr_order(tensor_box(tt), turned, false) : tensor_box(tensor_dense(tt));
    options(m, reg);
    return 2 + m->info->no;
}

int nn_reduction(const struct module *m)
{
    int k = module_field(m, "reduction"), average = module_field(m, "sizeAverage");
    if (k >= 0 && m->info->kind[k] != 0 && value_numel(m->f[k])) {
        value v = m->f[k];
        return nn_text_is(v, "none")        ? REDUCE_NONE
               : nn_text_is(v, "sum")       ? REDUCE_SUM
               : nn_text_is(v, "batchmean") ? REDUCE_BATCH_MEAN
                                            : REDUCE_MEAN;
    }
    return average < 0 || m->f[average].num != 0 ? REDUCE_MEAN : REDUCE_SUM;
}

static double share_of(struct module *m, struct tensor *x)
{
    int r = nn_reduction(m);
    return r == REDUCE_MEAN ? 1 / (double)MAX(1, x->numel) : r == REDUCE_BATCH_MEAN ? 1 / (double)MAX(1, x->dim[0]) : 1;
}

static struct tensor *turned_back(struct tensor *t, bool turned, struct tensor *like)
{
    return turned ? nn_reshape(tensor_reshape(tensor_dense(t), 2, (i64[]){ 1, t->numel }), like->nd, like->dim) : t;
}

static value loss_sum(struct module *m, value x, value t, expression *f)
{
    value reg[NN_FIELDS + 4], y;
    bool turned = false;
    struct tensor *in;
    struct plan *p = expr_plan(m->info, f, true);
    if (RECORDING && tracked(x)) {
        reg[0] = tape_plain(x);
        reg[1] = tensor_box(target_like(m, t, tensor_any(reg[0])));
        options(m, reg);
        if (!tape_plan(p, reg, &y))
            return nil();
        y = keep(y);
        if (nn_reduction(m) == REDUCE_NONE)
            return y;
        for (int d = tensor_any(reg[0])->nd; d-- > 0;)
            y = tape_reduce(RED_sum, y, d + 1);
        return g_op(EW_times, y, num(share_of(m, tensor_any(reg[0]))));
    }
    loss_registers(m, x, t, reg, &turned, &in);
    value e = keep(plan_run(p, reg));
    struct tensor *te = tensor_of(e);
    if (nn_reduction(m) == REDUCE_NONE)
        return tensor_box(turned_back(te, turned, in));
    value s = reduce_apply(RED_sum, tensor_box(tensor_reshape(tensor_dense(te), 2, (i64[]){ te->numel, 1 })), 1);
    return num_of(in->dtype, in->dtype == D_SINGLE ? (float)(element_double(tensor_of(s), 0) * share_of(m, in))
                                                   : element_double(tensor_of(s), 0) * share_of(m, in));
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
    return tensor_box(turned_back(tensor_of(y), turned, in));
}

#define HELP(sig, text, example, out) "c = " sig "\n\n" text " With sizeAverage=false or reduction='sum' the sum, with reduction='none' each element's. " \
    "loss = c.forward(x, t), dx = c.backward(x, t).\n\nExample:\n  " example "\n  ans = " out "\n\nSee also: nn.MSECriterion, nn.AbsCriterion, nn.SmoothL1Criterion, nn.MarginCriterion, nn.DistKLDivCriterion"
#define LAYER_LOSS(id, opts, e, help)                                                                                    \
    static int expr_##id(struct maker *w) { return e; }                                                                  \
    static value loss_##id(struct module *m, value x, value t) { return loss_sum(m, x, t, expr_##id); }                  \
    static value gradient_##id(struct module *m, value x, value t) { return loss_gradient(m, x, t, expr_##id); }         \
    LAYER(id, help, .options = opts, .criterion = true, .loss = loss_##id, .loss_grad = gradient_##id)
#include "criterion.def"

/* ---- classes */
enum { WEIGHTS, IGNORE = 2 };

static const char *from_zero(double class) { return class == 0 ? " (classes that count from 0 become t + 1)" : ""; }
/* Class numbers, in a vector of either orientation; a scalar for one sample.  0 for those that are left out. */
static i64 *class_numbers(struct module *m, value t, i64 samples, i64 classes, double ignore)
{
    char d[160];
    if (!is_tensor_like(t) || dtype_is(value_dtype(t), DT_C | DT_T) || value_numel(t) != samples) {
        i64 dim[MAX_DIMS];
        bool rows = is_tensor_like(t) && classes > 1 && value_dims(t, dim) == 2 && dim[0] == samples && dim[1] == classes;
        nn_fail(m, "the target must be %lld class number%s, but is a %s%s", (long long)samples, samples == 1 ? "" : "s",
                value_describe(t, d),
                rows ? " (rows with a 1 in the column of the class become numbers by [~, t] = max(t, [], 2))" : "");
    }
    i64 *y = scratch((size_t)MAX(1, samples) * sizeof *y);
    if (t.kind == K_NUM) {
        y[0] = t.num == ignore ? 0 : t.num >= 1 && t.num <= (double)classes && t.num == trunc(t.num) ? (i64)t.num : -1;
        if (y[0] < 0)
            nn_fail(m, "a class number must be an integer from 1 to %lld, but is %g%s", (long long)classes, t.num,
                    from_zero(t.num));
        return y;
    }
    struct tensor *tt = rows_of(tensor_of(gpu_read_value(t, "class numbers")));
    for (i64 i = 0; i < samples; i++) {
        double c = element_double(tt, i);
        if (tt->nd > 2 || (tt->dim[0] != 1 && tt->dim[1] != 1))
            convert_run(D_DOUBLE, &c, tt->dtype, tt->data + i * dtypes[tt->dtype].size, 1);
        if (c == ignore)
            y[i] = 0;
        else if (c >= 1 && c <= (double)classes && c == trunc(c))
            y[i] = (i64)c;
        else
            nn_fail(m, "a class number must be an integer from 1 to %lld, but number %lld is %g%s", (long long)classes,
                    (long long)i + 1, c, from_zero(c));
    }
    return y;
}

struct picked { struct tensor *x; i64 n, classes, inner; i64 *class; const double *weight; double total; };
static i64 picked_at(const struct picked *p, i64 i)         /* in Torch's order */
{
    return (i / p->inner * p->classes + p->class[i] - 1) * p->inner + i % p->inner;
}

static struct picked pick(struct module *m, value x, value t)
{
    struct picked p = { .x = nn_float(m, x), .inner = 1 };
    if (p.x->nd > 2 && !p.x->device)
        p.x = rows_of(p.x);
    p.n = p.x->dim[0];
    p.classes = p.x->dim[1];
    for (int k = 2; k < p.x->nd; k++)
        p.inner *= p.x->dim[k];
    p.n *= p.inner;
    if (p.classes == 1 && p.n > 1 && p.inner == 1 && value_numel(t) == 1) {   /* a column for one sample */
        p.classes = p.n;
        p.n = 1;
        p.x = nn_reshape(p.x, 2, (i64[]){ 1, p.classes });
    }
    p.class = class_numbers(m, t, p.n, p.classes, option_num(m, IGNORE));
    value w = OPTION(m, WEIGHTS);
    if (is_tensor_like(w) && value_numel(w)) {
        if (value_numel(w) != p.classes)
            nn_fail(m, "there are %lld weights for %lld classes", (long long)value_numel(w), (long long)p.classes);
        p.weight = (const double *)tensor_cast(tensor_dense(tensor_of(gpu_read_value(w, "class weights"))), D_DOUBLE)->data;
    }
    for (i64 i = 0; i < p.n; i++)
        p.total += p.class[i] ? p.weight ? p.weight[p.class[i] - 1] : 1 : 0;
    return p;
}

static value losses_like(value t, int dtype, const double *each)      /* one for each target, in Torch's order */
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(t, dim);
    struct tensor *y = rows_new(dtype, nd, dim);
    convert_run(dtype, y->data, D_DOUBLE, each, y->numel);
    return tensor_box(y);
}

static value nll_loss(struct module *m, value x, value t)
{
    if (RECORDING && tracked(x)) {
        struct picked p = pick(m, tensor_box(tensor_any(tape_plain(x))), t);
        struct tensor *k = rows_zeros(p.x->dtype, p.x->nd, p.x->dim);
        int r = nn_reduction(m);
        double by = r == REDUCE_MEAN && p.total != 0 ? p.total : 1;
        for (i64 i = 0; i < p.n; i++)
            if (p.class[i]) {
                double w = -(p.weight ? p.weight[p.class[i] - 1] : 1) / by;
                convert_run(k->dtype, k->data + picked_at(&p, i) * dtypes[k->dtype].size, D_DOUBLE, &w, 1);
            }
        value each = g_op(EW_times, x, tensor_box(p.x->device ? gpu_put(p.x->device, k) : k));
        if (r == REDUCE_NONE)
            return g_reshape_like(tape_reduce(RED_sum, each, 2), t);
        for (int d = 1; d <= p.x->nd; d++)
            each = tape_reduce(RED_sum, each, d);
        return each;
    }
    struct picked p = pick(m, x, t);
    double s = 0, *each = scratch(sizeof *each * (size_t)MAX(1, p.n));
    int r = nn_reduction(m);
    for (i64 i = 0; i < p.n; i++) {
        i64 at = p.inner == 1 ? i * p.x->stride[0] + (p.class[i] - 1) * p.x->stride[1] : picked_at(&p, i);
        each[i] = !p.class[i] ? 0
                              : -(p.x->dtype == D_SINGLE ? ((float *)p.x->data)[at] : ((double *)p.x->data)[at]) *
                                    (p.weight ? p.weight[p.class[i] - 1] : 1);
        s += each[i];
    }
    if (r == REDUCE_NONE)
        return losses_like(t, p.x->dtype, each);
    if (r == REDUCE_MEAN && p.total != 0)
        s /= p.total;
    return num_of(p.x->dtype, p.x->dtype == D_SINGLE ? (float)s : s);
}

static value nll_gradient(struct module *m, value x, value t)
{
    struct picked p = pick(m, x, t);
    struct tensor *in = nn_float(m, x), *g = nn_buffer(&m->grad_input, in->dtype, in->nd, in->dim);
    double by = nn_reduction(m) == REDUCE_MEAN && p.total != 0 ? p.total : 1;
    memset(g->data, 0, (size_t)g->numel * dtypes[g->dtype].size);
    for (i64 i = 0; i < p.n; i++)
        if (p.class[i]) {
            double v = -(p.weight ? p.weight[p.class[i] - 1] : 1) / by;
            i64 at = picked_at(&p, i);
            if (g->dtype == D_SINGLE)
                ((float *)g->data)[at] = (float)v;
            else
                ((double *)g->data)[at] = v;
        }
    return tensor_box(g);
}

/* ---- on a device: one call for the loss, one for the gradient; a wrong number is found while work runs.  What has
 * another form is done by the rest. */
struct classes_there { struct dev_arg in[3]; double num[4]; struct tensor *x, *t; };
static bool classes_there(struct module *m, value x, value t, struct classes_there *q)
{
    i64 samples;
    if (!is_tensor_like(t) || !value_device(t) || dtype_is(value_dtype(t), DT_C | DT_T))
        return false;
    q->x = nn_float(m, x);
    q->t = tensor_any(t);
    i64 n = q->x->dim[0], classes = q->x->dim[1], places = q->x->numel / MAX(1, n * classes);
    samples = n * places;
    if (q->t->numel != samples || !q->x->numel || classes < 2 || q->t->device != q->x->device)
        return false;
    if (q->x->nd > 2)
        q->x = rows_of(q->x);
    q->in[0] = gpu_vector(q->x);
    q->in[0].nd = 3;
    memcpy(q->in[0].dim, (i64[]){ n, classes, places }, 3 * sizeof(i64));
    memcpy(q->in[0].stride,
           q->x->nd > 2 ? (i64[]){ classes * places, places, 1 } : (i64[]){ q->x->stride[0], q->x->stride[1], 0 },
           3 * sizeof(i64));
    q->in[1] = gpu_vector(rows_of(q->t));
    q->in[2] = (struct dev_arg){ .p = NULL };
    value w = OPTION(m, WEIGHTS);
    if (is_tensor_like(w) && value_numel(w)) {
        if (value_numel(w) != classes)
            return false;
        struct tensor *v = tensor_any(w);
        v = !v->device             ? gpu_table(q->x->device, tensor_cast(tensor_dense(v), D_DOUBLE))
            : v->dtype == D_DOUBLE ? gpu_dense(v)
                                   : gpu_clone(v, D_DOUBLE);
        if (v->device != q->x->device)
            return false;
        q->in[2] = gpu_vector(v);
    }
    int r = nn_reduction(m);
    bool cross = layer_of(m)->check != NULL;
    memcpy(q->num,
           (double[]){ cross, option_num(m, IGNORE),
                       r == REDUCE_MEAN   ? 0
                       : r == REDUCE_NONE ? 2
                                          : 1,
                       cross ? option_num(m, IGNORE + 1) : 0 },
           sizeof q->num);
    return true;
}
static value loss_there(struct module *m, value x, value t)
{
    struct classes_there q;
    if (!classes_there(m, x, t, &q))
        return nil();
    bool each = q.num[2] == 2;
    struct tensor *y = rows_beside(q.x, q.x->dtype, each ? q.t->nd : 2, each ? q.t->dim : (i64[]){ 1, 1 });
    struct dev_arg to = gpu_vector(y);
    gpu_do(q.x->device, DEV_loss, &to, q.in, q.num);
    return tensor_box(y);
}
static value loss_back_there(struct module *m, value x, value t, int want, double scale)
{
    struct classes_there q;
    (void)want, (void)scale;
    if (!classes_there(m, x, t, &q))
        return nil();
    bool rows = rows_already(q.x);
    struct tensor *g =
        rows ? rows_beside(q.x, q.x->dtype, q.x->nd, q.x->dim) : gpu_new(q.x->device, q.x->dtype, q.x->nd, q.x->dim);
    struct dev_arg to = q.in[0];
    to.p = g->data;
    if (!rows)
        to.stride[0] = 1, to.stride[1] = q.x->dim[0];
    else if (q.x->nd == 2)
        to.stride[0] = q.x->dim[1], to.stride[1] = 1;
    gpu_do(q.x->device, DEV_loss_back, &to, q.in, q.num);
    return tensor_box(g);
}

LAYER(ClassNLLCriterion,
      "c = nn.ClassNLLCriterion(weights, sizeAverage, ignoreIndex, reduction)\n\n"
      "Negative log-likelihood: -x(i, t(i)) for log-probabilities x, N x C (or N x C x H x W, a class for each place), "
      "and "
      "class numbers t from 1 to C, averaged; with weights, one for each class, their weighted mean. sizeAverage=false "
      "or "
      "reduction='sum' sums, reduction='none' gives each sample's. Samples of class ignoreIndex (-100) are left "
      "out.\n\n"
      "Example:\n  nn.ClassNLLCriterion().forward([-1 -2; -3 -4], [1 2])\n  ans = 2.5000\n\n"
      "See also: nn.LogSoftMax, nn.CrossEntropyCriterion",
      .options = "weights:v= sizeAverage:b=1 ignoreIndex:z=-100 reduction:r=", .criterion = true, .loss = nll_loss,
      .loss_grad = nll_gradient, .there = loss_there, .there_back = loss_back_there)

/* ---- nn.CrossEntropyCriterion: the loss of a sample is -sum(b .* z) with z the log-probabilities and b the share of
   each class, so its gradient is sum(b)*exp(z) - b. */
enum { SMOOTHING = IGNORE + 1 };
struct cross { struct tensor *x; i64 n, classes, inner; i64 *class; double *soft, *weight, eps, by; };
static struct cross cross_of(struct module *m, value x, value t)
{
    char a[128], d[160];
    struct tensor *in = rows_of(nn_float(m, x));
    struct cross q = { .x = in, .n = in->dim[0], .classes = in->dim[1], .inner = 1, .eps = option_num(m, SMOOTHING) };
    value w = OPTION(m, WEIGHTS);
    i64 nt = is_tensor_like(t) && !dtype_is(value_dtype(t), DT_C | DT_T) ? value_numel(t) : -1;
    for (int k = 2; k < in->nd; k++)
        q.inner *= in->dim[k];
    if (in->nd == 3 && nt != q.n * q.inner && nt == q.classes * q.inner && nt != in->numel) {     /* one image: C x H x W */
        q.classes = q.n;
        q.inner = in->numel / MAX(1, q.n);
        q.n = 1;
    } else if (in->nd == 2 && q.classes == 1 && q.n > 1 && nt == 1) { /* a column for one sample */
        q.classes = q.n;
        q.n = 1;
    }
    bool soft = nt == in->numel && q.classes > 1;
    if (!soft && nt != q.n * q.inner)
        nn_fail(m,
                "the input is %s, so the target must be %lld class number%s, or probabilities of the same size, but is "
                "a %s",
                tensor_shape(in, a), (long long)(q.n * q.inner), q.n * q.inner == 1 ? "" : "s", value_describe(t, d));
    if (is_tensor_like(w) && value_numel(w)) {
        if (value_numel(w) != q.classes)
            nn_fail(m, "there are %lld weights for %lld classes", (long long)value_numel(w), (long long)q.classes);
        q.weight = (double *)tensor_cast(tensor_dense(tensor_of(gpu_read_value(w, "class weights"))), D_DOUBLE)->data;
    }
    if (soft) {
        struct tensor *tt = rows_of(tensor_of(gpu_read_value(t, "class numbers")));
        q.soft = scratch((size_t)MAX(1, tt->numel) * sizeof *q.soft);
        convert_run(D_DOUBLE, q.soft, tt->dtype, tt->data, tt->numel);
        q.by = (double)(q.n * q.inner);
    } else {
        q.class = class_numbers(m, t, q.n * q.inner, q.classes, option_num(m, IGNORE));
        for (i64 i = 0; i < q.n * q.inner; i++)
            q.by += q.class[i] ? q.weight ? q.weight[q.class[i] - 1] : 1 : 0;
    }
    q.by = nn_reduction(m) == REDUCE_MEAN && q.by != 0 ? 1 / q.by : 1;
    return q;
}
/* Sample i: z gets the log-probabilities, b the shares; returns their sum, or -1 when it is left out. */
static double cross_sample(const struct cross *q, i64 i, double *z, double *b)
{
    i64 at = i / q->inner * q->classes * q->inner + i % q->inner, c = q->classes;
    double most = -INFINITY, s = 0, all = 0;
    if (!q->soft && !q->class[i])
        return -1;
    for (i64 k = 0; k < c; k++) {
        i64 e = at + k * q->inner;
        z[k] = q->x->dtype == D_SINGLE ? ((float *)q->x->data)[e] : ((double *)q->x->data)[e];
        most = fmax(most, z[k]);
        b[k] = ((q->soft ? q->soft[e] : q->class[i] == k + 1) * (1 - q->eps) + q->eps / (double)c) *
               (q->weight ? q->weight[k] : 1);
        all += b[k];
    }
    for (i64 k = 0; k < c; k++)
        s += exp(z[k] - most);
    s = log(s) + most;
    for (i64 k = 0; k < c; k++)
        z[k] -= s;
    return all;
}
static value cross_loss(struct module *m, value x, value t)
{
    struct cross q = cross_of(m, x, t);
    double sum = 0, *z = scratch((size_t)MAX(1, q.classes) * sizeof *z), *b = scratch((size_t)MAX(1, q.classes) * sizeof *b);
    double *each = scratch((size_t)MAX(1, q.n * q.inner) * sizeof *each);
    for (i64 i = 0; i < q.n * q.inner; i++) {
        each[i] = 0;
        if (cross_sample(&q, i, z, b) >= 0)
            for (i64 k = 0; k < q.classes; k++)
                each[i] -= b[k] != 0 ? b[k] * z[k] : 0;
        sum += each[i];
    }
    if (nn_reduction(m) == REDUCE_NONE && !q.soft)
        return losses_like(t, q.x->dtype, each);
    if (nn_reduction(m) == REDUCE_NONE) {     /* probabilities: samples, then places */
        i64 dim[MAX_DIMS] = { q.n, 1 };
        int nd = MAX(2, q.x->nd - 1);
        for (int d = 2; d < q.x->nd; d++)
            dim[d - 1] = q.x->dim[d];
        struct tensor *y = rows_new(q.x->dtype, nd, dim);
        convert_run(y->dtype, y->data, D_DOUBLE, each, y->numel);
        return tensor_box(y);
    }
    return num_of(q.x->dtype, q.x->dtype == D_SINGLE ? (float)(sum * q.by) : sum * q.by);
}
static value cross_gradient(struct module *m, value x, value t)
{
    struct cross q = cross_of(m, x, t);
    struct tensor *g = nn_buffer(&m->grad_input, q.x->dtype, q.x->nd, q.x->dim);
    double *z = scratch((size_t)MAX(1, q.classes) * sizeof *z), *b = scratch((size_t)MAX(1, q.classes) * sizeof *b);
    for (i64 i = 0; i < q.n * q.inner; i++) {
        double all = cross_sample(&q, i, z, b);
        for (i64 k = 0; k < q.classes; k++) {
            double d = all < 0 ? 0 : (all * exp(z[k]) - b[k]) * q.by;
            i64 e = (i / q.inner * q.classes + k) * q.inner + i % q.inner;
            if (g->dtype == D_SINGLE)
                ((float *)g->data)[e] = (float)d;
            else
                ((double *)g->data)[e] = d;
        }
    }
    return tensor_box(g);
}
static void cross_check(struct module *m)
{
    double eps = option_num(m, SMOOTHING);
    if (!(eps >= 0 && eps <= 1))
        nn_fail(m, "labelSmoothing must be from 0 to 1, but is %g", eps);
}
LAYER(CrossEntropyCriterion,
      "c = nn.CrossEntropyCriterion(weights, sizeAverage, ignoreIndex, labelSmoothing, reduction)\n\n"
      "nn.LogSoftMax and nn.ClassNLLCriterion in one: for scores x, N x C (or N x C x H x W, a class for each place) "
      "and "
      "class numbers from 1 to C. The target may also be probabilities, of the size of x. With weights, one for each "
      "class, the weighted mean; sizeAverage=false or reduction='sum' sums, reduction='none' gives each sample's; "
      "samples "
      "of class ignoreIndex (-100) are left out; labelSmoothing (0) is the share of the target that is spread over all "
      "classes.\n\n"
      "Example:\n  nn.CrossEntropyCriterion().forward([0 0], 1)\n  ans = 0.6931\n\n"
      "See also: nn.LogSoftMax, nn.ClassNLLCriterion, nn.MSECriterion",
      .options = "weights:v= sizeAverage:b=1 ignoreIndex:z=-100 labelSmoothing:x=0 reduction:r=", .criterion = true,
      .check = cross_check, .loss = cross_loss, .loss_grad = cross_gradient, .there = loss_there,
      .there_back = loss_back_there,
      .expr = "@(x, t, weights, sizeAverage, ignoreIndex, labelSmoothing, reduction) begin s = size(x); st = size(t); "
              "t = t + 0; if numel(s) == 2 && s(2) == 1 && isscalar(t), x = reshape(x, [1 s(1)]); s = size(x); end;"
              " if numel(s) == 3 && numel(t) != s(1) * s(3) && numel(t) == s(2) * s(3), s = [1 s]; x = reshape(x, s); "
              "end; "
              "c = s(2); n = numel(x) / c; soft = numel(t) == numel(x) && c > 1; p = [1 3:numel(s) 2]; if soft, t = "
              "reshape(permute(reshape(t, s), p), [n c]); elseif numel(t) != n, error('nn.CrossEntropyCriterion: the "
              "target must be %d class numbers', n), end; z = nn.logsoftmax(reshape(permute(x, p), [n c]), 2); w = "
              "ones(1, "
              "c); if !isempty(weights), w = reshape(weights, [1 c]); end; e = labelSmoothing; if soft, y = -sum(z .* "
              "w .* "
              "(t * (1 - e) + e / c), 2); k = n; st = [s(1) s(3:end) 1]; else, t = reshape(t, [n 1]); on = t != "
              "ignoreIndex; t(!on) = 1; if any(t < 1 | t > c | t != fix(t)), error('nn.CrossEntropyCriterion: class "
              "numbers are from 1 to %d', c), end;"
              " h = (t == 1:c) * (1 - e) + e / c; y = -sum(z .* w .* h .* on, 2); k = sum(reshape(w(t), [n 1]) .* on); "
              "end;" LOSS_OVER("reshape(y, st)", "y", "(k + (k == 0))"))
