/* SPDX-License-Identifier: BSD-3-Clause */
/* simple.c: layers of few lines: learned sums, products and distances, reductions, and what only changes gradients. */
#include "nn.h"
#include "nn/there.h"
#include "lab/gpu.h"
#include "lab/blas.h"
#include "lab/rand.h"
#include <math.h>

static void arrow_show(struct module *m, struct buf *b)
{
    buff(b, "%g -> %g", option_num(m, 0), option_num(m, 1));
}
#define SEE "\n\nSee also: nn.Linear, nn.Sequential"

/* ---- learned */
static void add_init(struct module *m)
{
    bool scalar = option_bool(m, 1);
    nn_param(m, 0, 2, (i64[]){ 1, scalar ? 1 : option_int(m, 0) });
}
static void add_reset(struct module *m, double stdv)
{
    nn_uniform_params(m, nn_spread(stdv, 1 / sqrt((double)PARAM(m, 0).w->numel)));
}
LAYER(Add,
      "m = nn.Add(inputSize, scalar)\n\n"
      "x + bias, bias 1 x inputSize; with scalar one number for all.\n\n"
      "Example:\n  m = nn.Add(2); m.bias = [10 20]; m.forward([1 2])\n  ans =\n     11   22" SEE,
      .options = "inputSize:k scalar:b=0", .params = "bias", .init = add_init, .reset = add_reset,
      .expr = "@(x, bias) x + bias", .show = nn_show_options)

static void sized_init(struct module *m)
{
    i64 dim[MAX_DIMS];
    value v = OPTION(m, 0);
    int n = 0;
    struct tensor *t = v.kind == K_CELL ? NULL : is_tensor_like(v) ? tensor_of(v) : NULL;
    for (i64 i = 0; i < (t ? t->numel : v.kind == K_CELL ? v.cell->numel : 0); i++) {
        value e = t ? num(element_double(t, i)) : v.cell->v[i];
        if (!is_tensor_like(e) || value_numel(e) != 1 || !(element_double(tensor_of(e), 0) >= 1) || n == MAX_DIMS - 1)
            nn_fail(m, "sizes must be positive integers");
        dim[n++] = (i64)element_double(tensor_of(e), 0);
    }
    if (n == 0)
        nn_fail(m, "sizes are needed");
    if (n == 1)
        dim[1] = dim[0], dim[0] = 1, n = 2;
    nn_param(m, 0, n, dim);
}
static void sized_show(struct module *m, struct buf *b)
{
    if (has_param(m, 0))
        for (int d = 0; d < PARAM(m, 0).w->nd; d++)
            buff(b, "%s%lld", d ? ", " : "", (long long)PARAM(m, 0).w->dim[d]);
}
static void make_sized(struct call *c, const struct layer *l)
{
    struct cell *s = cell_2d(1, c->nargin);
    for (int i = 0; i < c->nargin; i++)
        cell_set(s, i, c->arg[i]);
    value v = c->nargin == 1 ? c->arg[0] : cell_value(s);
    result(c, 0, module_value(module_make(l, 1, &v)));
}
#define LAYER_SIZED(id, help, ...)                                                                         \
    extern const struct layer layer_##id;                                                                  \
    const struct layer layer_##id = { .class = MODULE_CLASS("nn." #id), __VA_ARGS__ };                     \
    static void nn_##id##_run(struct call *c) { make_sized(c, &layer_##id); }                              \
    extern const struct builtin builtin_nn_##id;                                                           \
    const struct builtin builtin_nn_##id = { "nn_" #id, 0, ANY, 1, nn_##id##_run, grad_pass, help };
LAYER_SIZED(CAdd,
            "m = nn.CAdd(size1, size2, ...)\n\n"
            "x + bias, elementwise; bias has the given sizes, and dimensions of size 1 broadcast.\n\n"
            "Example:\n  m = nn.CAdd(1, 2); m.bias = [10 20]; m.forward([1 2; 3 4])\n  ans =\n     11   22\n     13   "
            "24" SEE,
            .options = "sizes:v", .params = "bias", .init = sized_init, .reset = add_reset,
            .expr = "@(x, bias) x + bias", .show = sized_show)
LAYER_SIZED(CMul,
            "m = nn.CMul(size1, size2, ...)\n\n"
            "x .* weight; weight has the given sizes, and dimensions of size 1 broadcast.\n\n"
            "Example:\n  m = nn.CMul(1, 2); m.weight = [10 20]; m.forward([1 2; 3 4])\n  ans =\n     10   40\n     30  "
            " 80" SEE,
            .options = "sizes:v", .params = "weight", .init = sized_init, .reset = add_reset,
            .expr = "@(x, weight) x .* weight", .show = sized_show)

static void diag_init(struct module *m) { nn_param(m, 0, 2, (i64[]){ 1, option_int(m, 0) }); }
static void diag_reset(struct module *m, double stdv)
{
    if (isnan(stdv))
        nn_fill(PARAM(m, 0), 1);
    else
        nn_normal(PARAM(m, 0), 0, stdv);
}
LAYER(Diag,
      "m = nn.Diag(nFeature)\n\n"
      "Each feature times a learned gain of its own, weight, 1 x nFeature, 1 at first. Features are the columns of N x "
      "nFeature, the channels of nFeature x H x W or N x nFeature x H x W.\n\n"
      "Example:\n  m = nn.Diag(2); m.weight = [1 10]; m.forward([1 2; 3 4])\n  ans =\n      1   20\n      3   40" SEE,
      .wants = "N x nFeature or nFeature x H x W or N x nFeature x H x W", .options = "nFeature:n", .params = "weight",
      .init = diag_init, .reset = diag_reset, .show = nn_show_options,
      .expr = "@(x, weight, nFeature) begin s = ones(1, max(2, ndims(x))); d = 2; if ndims(x) == 3 && size(x, 1) == "
              "nFeature, d = 1; end; s(d) = nFeature; return x .* reshape(weight, s) end")
static void one_init(struct module *m) { nn_param(m, 0, 2, (i64[]){ 1, 1 }); }
static void mul_reset(struct module *m, double stdv) { nn_uniform_params(m, nn_spread(stdv, 1)); }
LAYER(Mul,
  "m = nn.Mul()\n\nx times one learned number.\n\nExample:\n  m = nn.Mul(); m.weight = 3; m.forward([1 2])\n  ans =\n     3   6" SEE,
  .params = "weight", .init = one_init, .reset = mul_reset, .expr = "@(x, weight) x .* weight")

static void prelu_init(struct module *m) { nn_param(m, 0, 2, (i64[]){ 1, MAX(1, option_int(m, 0)) }); }
static void prelu_reset(struct module *m, double stdv)
{
    (void)stdv;
    nn_fill(PARAM(m, 0), 0.25);
}
LAYER(PReLU,
      "m = nn.PReLU(nOutputPlane)\n\n"
      "max(0, x) + weight*min(0, x); one weight, or one for each of nOutputPlane features or channels. At first "
      "0.25.\n\n"
      "Example:\n  nn.PReLU().forward(-4)\n  ans = -1" SEE,
      .options = "nOutputPlane:k=0", .params = "weight", .init = prelu_init, .reset = prelu_reset,
      .expr = "@(x, weight, nOutputPlane) begin w = weight; if nOutputPlane > 1, s = ones(1, ndims(x)); s(1 + "
              "(ndims(x) != 3)) = nOutputPlane; w = reshape(w, s); end;"
              " return max(0, x) + w .* min(0, x) end")

static void transposed_init(struct module *m) { nn_param(m, 0, 2, (i64[]){ option_int(m, 0), option_int(m, 1) }); }
static void euclidean_reset(struct module *m, double stdv)
{
    nn_uniform_params(m, nn_spread(stdv, 1 / sqrt(option_num(m, 0))));
}
LAYER(Euclidean,
      "m = nn.Euclidean(inputSize, outputSize)\n\n"
      "Distances of x to the columns of weight (inputSize x outputSize): y(j) = norm(weight(:,j) - x').\n\n"
      "Example:\n  m = nn.Euclidean(2, 1); m.weight = [0; 0]; m.forward([3 4])\n  ans = 5" SEE,
      .wants = "N x inputSize", .options = "inputSize:n outputSize:n", .params = "weight", .init = transposed_init,
      .reset = euclidean_reset, .show = arrow_show,
      .expr = "@(x, weight) begin [i, o] = size(weight); n = size(x, 1); d = reshape(x, [n i 1]) - reshape(weight, [1 "
              "i o]);"
              " q = reshape(sum(d.^2, 2), [n o]); return sqrt(q + (q == 0)) .* (q != 0) end")
static void weighted_init(struct module *m)
{
    transposed_init(m);
    nn_param(m, 1, 2, (i64[]){ option_int(m, 0), option_int(m, 1) });
}
LAYER(WeightedEuclidean,
      "m = nn.WeightedEuclidean(inputSize, outputSize)\n\n"
      "As nn.Euclidean, each coordinate scaled by a learned diagCov: y(j) = norm(diagCov(:,j) .* (weight(:,j) - "
      "x')).\n\n"
      "Example:\n  m = nn.WeightedEuclidean(2, 1); m.weight = [0; 0]; m.diagCov = [1; 2]; m.forward([3 2])\n  ans = "
      "5" SEE,
      .wants = "N x inputSize", .options = "inputSize:n outputSize:n", .params = "weight diagCov",
      .init = weighted_init, .reset = euclidean_reset, .show = arrow_show,
      .expr = "@(x, weight, diagCov) begin [i, o] = size(weight); n = size(x, 1); d = (reshape(x, [n i 1]) - "
              "reshape(weight, [1 i o])) .* reshape(diagCov, [1 i o]);"
              " q = reshape(sum(d.^2, 2), [n o]); return sqrt(q + (q == 0)) .* (q != 0) end")
static void outin_init(struct module *m) { nn_param(m, 0, 2, (i64[]){ option_int(m, 1), option_int(m, 0) }); }
LAYER(Cosine,
      "m = nn.Cosine(inputSize, outputSize)\n\n"
      "Cosines between x and the rows of weight (outputSize x inputSize).\n\n"
      "Example:\n  m = nn.Cosine(2, 1); m.weight = [1 0]; m.forward([3 4])\n  ans = 0.6000" SEE,
      .wants = "N x inputSize", .options = "inputSize:n outputSize:n", .params = "weight", .init = outin_init,
      .show = arrow_show, .reset = euclidean_reset,
      .expr = "@(x, weight) (x * weight') ./ (sqrt(sum(x.^2, 2) + 1e-24) * sqrt(sum(weight.^2, 2) + 1e-24)')")
static void bilinear_init(struct module *m)
{
    nn_param(m, 0, 3, (i64[]){ option_int(m, 2), option_int(m, 0), option_int(m, 1) });
    if (option_bool(m, 3))
        nn_param(m, 1, 2, (i64[]){ 1, option_int(m, 2) });
    else
        nn_no_param(m, 1);
}
LAYER(Bilinear,
      "m = nn.Bilinear(inputSize1, inputSize2, outputSize, bias)\n\n"
      "For {a, b}, N x inputSize1 and N x inputSize2: y(n,k) = a(n,:) * W_k * b(n,:)' + bias(k), with W_k = "
      "weight(k,:,:).\n\n"
      "Example:\n  m = nn.Bilinear(2, 2, 1); m.weight = ones(1, 2, 2); m.bias = 0; m.forward({[1 2], [3 4]})\n  ans = "
      "21" SEE,
      .wants = "{N x inputSize1, N x inputSize2}", .options = "inputSize1:n inputSize2:n outputSize:n hasBias:b=1",
      .params = "weight bias", .init = bilinear_init, .table = true, .show = nn_show_options, .reset = euclidean_reset,
      .expr = "@(x, weight, bias) begin a = x{1}; b = x{2}; [n, p] = size(a); q = size(b, 2); k = size(weight, 1); w = "
              "reshape(permute(weight, [2 3 1]), [p q*k]);"
              " t = reshape(a * w, [n q k]) .* b; y = reshape(sum(t, 2), [n k]); if !isempty(bias), y = y + bias; end; "
              "return y end")
static void linear_norm_init(struct module *m)
{
    nn_param(m, 0, 2, (i64[]){ option_int(m, 1), option_int(m, 0) });
    nn_param(m, 1, 2, (i64[]){ option_int(m, 1), 1 });
    if (option_bool(m, 2))
        nn_param(m, 2, 2, (i64[]){ 1, option_int(m, 1) });
    else
        nn_no_param(m, 2);
}
static void linear_norm_reset(struct module *m, double stdv)
{
    nn_uniform_params(m, nn_spread(stdv, 1 / sqrt(option_num(m, 0))));
    struct window *v = PARAM(m, 0).w;
    i64 in = option_int(m, 0), out = option_int(m, 1);
    double *x = scratch(sizeof *x * (size_t)v->numel), *g = scratch(sizeof *g * (size_t)out);
    convert_run(D_DOUBLE, x, v->base->dtype, window_data(v), v->numel);
    for (i64 j = 0; j < out; j++) {
        double s = 0;
        for (i64 i = 0; i < in; i++)
            s += x[j * in + i] * x[j * in + i];
        g[j] = sqrt(s);
    }
    struct window *gw = PARAM(m, 1).w;
    convert_run(gw->base->dtype, window_data(gw), D_DOUBLE, g, out);
}
extern const struct layer layer_Linear;
static bool linear_norm_method(struct module *m, const char *name, struct call *c)
{
    bool to = !strcmp(name, "toLinear");
    i64 in = option_int(m, 0), out = option_int(m, 1);
    if (!to && strcmp(name, "fromLinear"))
        return false;
    struct module *l;
    if (to) {
        l = module_make(&layer_Linear, 3, (value[]){ num((double)in), num((double)out), boolean(has_param(m, 2)) });
    } else {
        l = arg_module(c, 1);
        if (layer_of(l) != &layer_Linear || option_int(l, 0) != in || option_int(l, 1) != out ||
            has_param(l, 1) != has_param(m, 2))
            nn_fail(m, "fromLinear: a nn.Linear(%lld, %lld%s) is wanted", (long long)in, (long long)out,
                    has_param(m, 2) ? "" : ", false");
    }
    double *w = scratch(sizeof *w * (size_t)(in * out)), *g = scratch(sizeof *g * (size_t)out);
    struct window *v = PARAM(to ? m : l, 0).w, *gw = PARAM(m, 1).w;
    convert_run(D_DOUBLE, w, v->base->dtype, window_data(v), in * out);
    convert_run(D_DOUBLE, g, gw->base->dtype, window_data(gw), out);
    for (i64 j = 0; j < out; j++) {
        double s = 0;
        for (i64 i = 0; i < in; i++)
            s += w[j * in + i] * w[j * in + i];
        if (!to)
            g[j] = sqrt(s);
        for (i64 i = 0; i < in && to; i++)
            w[j * in + i] *= g[j] / sqrt(s + option_num(m, 3));
    }
    nn_put(PARAM(to ? l : m, 0), w);
    if (!to)
        nn_put(PARAM(m, 1), g);
    if (has_param(m, 2)) {
        value from = PARAM(to ? m : l, to ? 2 : 1);
        double *b = scratch(sizeof *b * (size_t)out);
        convert_run(D_DOUBLE, b, from.w->base->dtype, window_data(from.w), out);
        nn_put(PARAM(to ? l : m, to ? 1 : 2), b);
    }
    result(c, 0, to ? module_value(l) : c->arg[0]);
    return true;
}
LAYER(LinearWeightNorm,
      "m = nn.LinearWeightNorm(inputSize, outputSize, bias, eps)\n\n"
      "nn.Linear whose weight is g .* v ./ |v|, the norm of each row of v: v outputSize x inputSize, g outputSize x 1, "
      "bias 1 x outputSize. m.fromLinear(l) takes the weight and bias of a nn.Linear, m.toLinear() makes one.\n\n"
      "Example:\n  m = nn.LinearWeightNorm(2, 1); m.v = [3 4]; m.g = 5; m.bias = 0; m.forward([1 1])\n  ans = 7" SEE,
      .wants = "N x inputSize", .options = "inputSize:n outputSize:n hasBias:b=1 eps:x=1e-16", .params = "v g bias",
      .init = linear_norm_init, .reset = linear_norm_reset, .show = arrow_show, .method = linear_norm_method,
      .methods = "fromLinear toLinear",
      .expr = "@(x, v, g, bias, eps) begin y = x * (v .* (g ./ sqrt(sum(v.^2, 2) + eps)))'; if !isempty(bias), y = y + "
              "bias; end; return y end")
static void partial_init(struct module *m)
{
    linear_norm_init(m);
    nn_no_param(m, 1);
}
static bool partial_method(struct module *m, const char *name, struct call *c)
{
    if (!strcmp(name, "setPartition")) {
        struct tensor *t = arg_double(c, 1);
        for (i64 i = 0; i < t->numel; i++)
            if (!(((double *)t->data)[i] >= 1 && ((double *)t->data)[i] <= option_num(m, 1)))
                nn_fail(m, "a partition is made of outputs from 1 to %g", option_num(m, 1));
        replace(&STATE(m, 0), copy(tensor_box(t)));
    } else if (!strcmp(name, "resetPartition")) {
        replace(&STATE(m, 0), copy(tensor_box(tensor_2d(D_DOUBLE, 0, 0))));
    } else {
        return false;
    }
    result(c, 0, c->arg[0]);
    return true;
}
LAYER(PartialLinear,
      "m = nn.PartialLinear(inputSize, outputSize, bias)\n\n"
      "nn.Linear of which m.setPartition(k) leaves the outputs k; m.resetPartition() takes all again.\n\n"
      "Example:\n  size(nn.PartialLinear(3, 5).setPartition([2 4]).forward(ones(1, 3)))\n  ans =\n     1   2" SEE,
      .wants = "N x inputSize", .options = "inputSize:n outputSize:n hasBias:b=1", .params = "weight unused bias",
      .state = "partition", .init = partial_init, .reset = euclidean_reset, .show = arrow_show,
      .method = partial_method, .methods = "setPartition resetPartition",
      .expr = "@(x, weight, bias, partition) begin w = weight; b = bias; if !isempty(partition), w = w(partition, :); "
              "if !isempty(b), b = b(partition); end, end;"
              " y = x * w'; if !isempty(b), y = y + b; end; return y end")
static void maxout_init(struct module *m)
{
    i64 n = option_int(m, 1) * option_int(m, 2);
    nn_param(m, 0, 2, (i64[]){ n, option_int(m, 0) });
    nn_param(m, 1, 2, (i64[]){ 1, n });
}
/* With a module between: N x k x outputSize goes through it before the largest of the k is taken.  aux holds its input,
 * and which was the largest. */
enum { MX_OUT = 1, MX_K, MX_MODULE };
static bool maxout_between(struct module *m) { return is_module(OPTION(m, MX_MODULE)); }
static value maxout_forward(struct module *m, value x)
{
    i64 n, k = option_int(m, MX_K), out = option_int(m, MX_OUT), dim[3];
    struct tensor *t = nn_float(m, x);
    if (t->device && !maxout_between(m))
        return nn_run_kept(m, x);
    if (t->nd != 2 || t->dim[1] != option_int(m, 0)) {
        char wants[48];
        snprintf(wants, sizeof wants, "N x %lld", (long long)option_int(m, 0));
        nn_fail_shape(m, wants, x);
    }
    n = t->dim[0];
    memcpy(dim, (i64[]){ n, k, out }, sizeof dim);
    value z = nn_view(
        g_op(EW_plus,
             tape_matrix(MX_MTIMES, tensor_box(t), tape_matrix(MX_TRANSPOSE, tensor_box(param_tensor(m, 0)), nil())),
             PARAM(m, 1)),
        3, dim);
    value kept = nn_cells(2);
    cell_set(kept.cell, 0, z);
    if (maxout_between(m)) {
        nn_enter(m, 1);
        nn_set_rank(3);
        z = module_forward(module_of(OPTION(m, MX_MODULE)), z);
        nn_leave();
        if (!is_tensor_like(z) || !dims_equal(tensor_any(z)->nd, tensor_any(z)->dim, dims_trim(3, dim), dim))
            nn_fail(m, "its module must not change the size of its input, %lldx%lldx%lld", (long long)n, (long long)k,
                    (long long)out);
    }
    if (t->device) {
        value index, y = gpu_extreme(true, nn_float(m, z), 2, &index);
        cell_set(kept.cell, 1, index);
        replace(&m->aux, copy(kept));
        nn_set_rank(2);
        return nn_sized(y, 2, (i64[]){ n, out });
    }
    struct tensor *in = rows_of(nn_float(m, z)), *at = rows_new(D_INT32, 2, (i64[]){ n, out }),
                  *y = nn_buffer(&m->output, in->dtype, 2, (i64[]){ n, out });
    for (i64 i = 0; i < n * out; i++) {
        i64 first = i / out * k * out + i % out, best = first;
        for (i64 j = 1; j < k; j++) {
            i64 p = first + j * out;
            bool more = in->dtype == D_SINGLE
                            ? ((float *)in->data)[p] > ((float *)in->data)[best] || isnan(((float *)in->data)[p])
                            : ((double *)in->data)[p] > ((double *)in->data)[best] || isnan(((double *)in->data)[p]);
            best = more ? p : best;
        }
        ((int32_t *)at->data)[i] = (int32_t)((best - first) / out);
        memcpy(y->data + i * (i64)dtypes[y->dtype].size, in->data + best * (i64)dtypes[y->dtype].size, dtypes[y->dtype].size);
    }
    cell_set(kept.cell, 1, tensor_box(at));
    replace(&m->aux, copy(kept));
    nn_set_rank(2);
    return tensor_box(y);
}
static value maxout_back_there(struct module *m, value x, value g, int want, double scale)        /* with a module between */
{
    i64 n = tensor_any(x)->dim[0], k = option_int(m, MX_K), out = option_int(m, MX_OUT), dim[3] = { n, k, out };
    value which = tensor_box(gpu_table(tensor_any(x)->device, tensor_of(range_new(1, 1, (double)k))));
    value here = ew_apply(EW_eq, 2, (value[]){ m->aux.cell->v[1], which });
    value gz = g_op(EW_times, here, nn_sized(nn_grad_like(m, g, tensor_any(m->output)), 3, (i64[]){ n, 1, out }));
    nn_enter(m, 1);
    gz = module_backward(module_of(OPTION(m, MX_MODULE)), m->aux.cell->v[0], nn_sized(gz, 3, dim), want | WANT_INPUT, scale);
    nn_leave();
    value rows = nn_view(gz, 2, (i64[]){ n, k * out });
    if (want & WANT_PARAMS) {
        nn_accumulate(m, 0, tape_matrix(MX_MTIMES, tape_matrix(MX_TRANSPOSE, rows, nil()), tensor_box(nn_float(m, x))),
                      scale);
        nn_accumulate(m, 1, reduce_apply(RED_sum, rows, 1), scale);
    }
    return want & WANT_INPUT ? tape_matrix(MX_MTIMES, rows, tensor_box(param_tensor(m, 0))) : nil();
}
static value maxout_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 k = option_int(m, MX_K), out = option_int(m, MX_OUT), in = option_int(m, 0);
    struct tensor *t = nn_float(m, x);
    if (t->device)
        return maxout_between(m) ? maxout_back_there(m, x, g, want, scale) : nn_back_kept(m, x, g, want, scale);
    if (m->aux.kind != K_CELL || !is_tensor_like(m->output) || tensor_of(m->output)->dim[0] != t->dim[0])
        maxout_forward(m, x);
    struct tensor *gt = rows_of(tensor_of(nn_grad_like(m, g, tensor_of(m->output)))), *at = tensor_of(m->aux.cell->v[1]);
    i64 n = gt->dim[0], size = (i64)dtypes[gt->dtype].size, dim[3] = { n, k, out };
    struct tensor *gz = rows_zeros(gt->dtype, 3, dim);
    for (i64 i = 0; i < n * out; i++)
        memcpy(gz->data + (i / out * k * out + ((int32_t *)at->data)[i] * out + i % out) * size, gt->data + i * size,
               (size_t)size);
    value gv = tensor_box(gz);
    if (maxout_between(m)) {
        nn_enter(m, 1);
        gv = module_backward(module_of(OPTION(m, MX_MODULE)), m->aux.cell->v[0], gv, want | WANT_INPUT, scale);
        nn_leave();
    }
    struct tensor *gl = rows_of(tensor_cast(nn_reshape(tensor_of(gv), 2, (i64[]){ n, k * out }), gt->dtype)),
                  *rows = rows_of(t);
    struct mat gm = { gl->data, 1, k * out, false };              /* (k out) x n */
    if (want & WANT_PARAMS) {
        char *gb = grad_data(m, 1);
        blas_gemm(gt->dtype, in, k * out, n, scale, (struct mat){ rows->data, 1, in, false }, mat_turned(gm), 1,
                  grad_data(m, 0), in);
        for (i64 i = 0; i < n * k * out; i++)
            if (gt->dtype == D_SINGLE)
                ((float *)gb)[i % (k * out)] += (float)scale * ((float *)gl->data)[i];
            else
                ((double *)gb)[i % (k * out)] += scale * ((double *)gl->data)[i];
    }
    if (!(want & WANT_INPUT))
        return nil();
    struct tensor *gx = nn_buffer(&m->grad_input, gt->dtype, 2, (i64[]){ n, in });
    blas_gemm(gt->dtype, in, n, k * out, 1, (struct mat){ param_data(m, 0), 1, in, false }, gm, 0, gx->data, in);
    return tensor_box(gx);
}
LAYER(Maxout,
      "m = nn.Maxout(inputSize, outputSize, maxoutNumber, preprocess)\n\n"
      "The largest of maxoutNumber linear functions for each output; weight is (outputSize*maxoutNumber) x inputSize. "
      "preprocess is a module for their values, N x maxoutNumber x outputSize, before the largest is taken, as "
      "nn.Dropout.\n\n"
      "Example:\n  size(nn.Maxout(3, 4, 2).forward(ones(5, 3)))\n  ans =\n     5   4" SEE,
      .options = "inputSize:n outputSize:n maxoutNumber:n preprocess:m=", .params = "weight bias", .init = maxout_init,
      .reset = euclidean_reset, .show = nn_show_options, .anywhere = true, .forward = maxout_forward,
      .backward = maxout_backward,
      .expr = "@(x, weight, bias, outputSize, maxoutNumber, preprocess) begin z = nn.reshape(x * weight' + bias, [-1 "
              "maxoutNumber outputSize]); if !isempty(preprocess), z = preprocess.forward(z); end;"
              " return reshape(max(z, [], 2), [size(x, 1) outputSize]) end")

/* ---- along a dimension, which goes; of a matrix it stays with size 1 */
#define REDUCTION(id, word, text, example, out)                                                                                                      \
  LAYER(id, "m = nn." #id "(dimension, nInputDims)\n\n" text " along the dimension (1), which goes; of a matrix it stays with size 1. With nInputDims, the number of "  \
    "dimensions of a sample, a batch may stand before it; negative dimensions count from the end.\n\nExample:\n  " example "\n  ans =\n" out                       \
    "\n\nSee also: nn.Sum, nn.Mean, nn.Max, nn.Min",                                                                                                  \
    .options = "dimension:e=1 nInputDims:d=", .show = nn_show_options,                                                                                  \
    .expr = "@(x, dimension, nInputDims) begin d = dimension; if d < 0, d = ndims(x) + d + 1; elseif !isempty(nInputDims) && ndims(x) > nInputDims, d = d + 1; end;" \
            " y = " word "; s = size(x); if numel(s) > 2 && d <= numel(s), s(d) = []; y = reshape(y, s); end; return y end")
#define LAYER_REDUCTION REDUCTION
LAYER_REDUCTION(Max, "max(x, [], d)", "The largest", "nn.Max(2).forward([1 2; 4 3])", "     2\n     4")
LAYER_REDUCTION(Min, "min(x, [], d)", "The smallest", "nn.Min(2).forward([1 2; 4 3])", "     1\n     3")
LAYER_REDUCTION(Mean, "mean(x, d)", "The mean", "nn.Mean(2).forward([1 2; 4 3])", "     1.5000\n     3.5000")
LAYER(Sum,
  "m = nn.Sum(dimension, nInputDims, sizeAverage, squeeze)\n\n"
  "The sum along the dimension (1), with sizeAverage the mean. The dimension goes, unless squeeze is false; of a "
  "matrix it stays with size 1. With nInputDims, the number of dimensions of a sample, a batch may stand before it.\n\n"
  "Example:\n  nn.Sum(2).forward([1 2; 4 3])\n  ans =\n     3\n     7\n\n"
  "See also: nn.Mean, nn.Max, nn.Min",
  .options = "dimension:e=1 nInputDims:e= sizeAverage:b=0 squeeze:b=1", .show = nn_show_options,
  .expr = "@(x, dimension, nInputDims, sizeAverage, squeeze) begin d = dimension; if d < 0, d = ndims(x) + d + 1;"
          " elseif !isempty(nInputDims) && nInputDims > 0 && ndims(x) > nInputDims, d = d + 1; end; y = sum(x, d); if "
          "sizeAverage, y = y / size(x, d); end; s = size(x); if squeeze && numel(s) > 2 && d <= numel(s), s(d) = []; "
          "y = reshape(y, s); end; return y end")
LAYER(Normalize,
      "m = nn.Normalize(p, eps)\n\n"
      "Each row divided by its p-norm (sum(abs(x).^p) + eps)^(1/p); p may be Inf.\n\n"
      "Example:\n  nn.Normalize(2).forward([3 4])\n  ans =\n     0.6000   0.8000" SEE,
      .options = "p:x eps:x=1e-10", .show = nn_show_options,
      .expr = "@(x, p, eps) begin if isinf(p), return x ./ (max(abs(x), [], 2) + eps), end; return x ./ "
              "realpow(sum(realpow(abs(x), p), 2) + eps, 1/p) end")

/* ---- products of two inputs */
LAYER(MM,
      "m = nn.MM(transA, transB)\n\n"
      "For {A, B}: the matrix product, of 3-d tensors one for each sample; with transA or transB that side is "
      "transposed.\n\n"
      "Example:\n  nn.MM().forward({[1 2], [3; 4]})\n  ans = 11" SEE,
      .wants = "{A, B}", .options = "transA:b=0 transB:b=0", .table = true,
      .expr = "@(x, transA, transB) begin a = x{1}; b = x{2}; if ndims(a) < 3 && ndims(b) < 3, if transA, a = a'; end; "
              "if transB, b = b'; end; return a * b, end;"
              " if transA, a = permute(a, [1 3 2]); end; if transB, b = permute(b, [1 3 2]); end; y = cell(1, size(a, "
              "1)); "
              "for i = 1:size(a, 1), y{i} = reshape(reshape(a(i,:,:), [size(a, 2) size(a, 3)]) * reshape(b(i,:,:), "
              "[size(b, 2) size(b, 3)]), [1 size(a, 2) size(b, 3)]); end; return cat(1, y{:}) end")
LAYER(MV,
      "m = nn.MV(trans)\n\n"
      "For {M, v}: the product of the matrix M and the vector v; of a batch, N x r x c and N x c, one for each sample. "
      "The "
      "result is a row.\n\n"
      "Example:\n  nn.MV().forward({[1 2; 3 4], [1 1]})\n  ans =\n     3   7" SEE,
      .wants = "{M, v}", .options = "trans:b=0", .table = true,
      .expr = "@(x, trans) begin m = x{1}; v = x{2}; if ndims(m) < 3, if trans, m = m'; end; return reshape(m * v(:), "
              "[1 size(m, 1)]), end;"
              " if trans, m = permute(m, [1 3 2]); end; [n, r, c] = size(m); return reshape(sum(m .* reshape(v, [n 1 "
              "c]), "
              "3), [n r]) end")

/* ---- several inputs or outputs of transfer functions */
LAYER(CReLU,
  "m = nn.CReLU(nInputDims, inplace)\n\n"
  "max(0, x) and max(0, -x) joined along the first dimension of a sample, which has nInputDims dimensions.\n\n"
  "Example:\n  nn.CReLU(1).forward([1 -2])\n  ans =\n     1   0   0   2" SEE,
  .options = "nInputDims:d inplace:b=0", .show = nn_show_options,
  .expr = "@(x, nInputDims) begin d = 1 + (ndims(x) > nInputDims); return cat(d, max(0, x), max(0, -x)) end")
LAYER(GatedLinearUnit,
      "m = nn.GatedLinearUnit(dim)\n\n"
      "The first half along dim (the last by default) times the sigmoid of the second.\n\n"
      "Example:\n  nn.GatedLinearUnit().forward([2 0])\n  ans = 1" SEE,
      .options = "dim:d=",
      .expr = "@(x, dim) begin d = dim; if isempty(d), d = ndims(x); end; n = size(x, d); if mod(n, 2), "
              "error('nn.GatedLinearUnit: dimension %d must be even, but is %d', d, n), end;"
              " i = repmat({':'}, 1, ndims(x)); j = i; i{d} = 1:n/2; j{d} = n/2+1:n; return x(i{:}) .* "
              "sigmoid(x(j{:})) end")

/* ---- random */
value nn_dropped(int device, int dtype, int nd, const i64 *dim, bool rows, double p, double kept)
{
    if (device) {
        struct tensor like = { .device = (uint8_t)device },
                      *u = rows ? rows_beside(&like, dtype, nd, dim) : gpu_new(device, dtype, nd, dim);
        gpu_draw(u, DEV_uniform, 0, 1);
        value mask = ew_apply(EW_times, 2, (value[]){ ew_apply(EW_ge, 2, (value[]){ tensor_box(u), num(p) }), num(kept) });
        gpu_copy(u, tensor_any(mask));
        return tensor_box(u);
    }
    struct tensor *k = rows ? rows_new(dtype, nd, dim) : tensor_new(dtype, nd, dim);
    double *u = scratch(sizeof *u * (size_t)MAX(1, k->numel));
    rand_uniform(u, k->numel);
    for (i64 i = 0; i < k->numel; i++)
        u[i] = u[i] < p ? 0 : kept;
    convert_run(dtype, k->data, D_DOUBLE, u, k->numel);
    return tensor_box(k);
}
/* Like t, in Torch's order: uniform from a to b, or normal with mean a and deviation b. */
static value noise_like(struct tensor *t, bool normal, double a, double b)
{
    if (t->device) {
        struct tensor *k = rows_beside(t, t->dtype, t->nd, t->dim);
        gpu_draw(k, normal ? DEV_normal : DEV_uniform, a, b);
        return tensor_box(k);
    }
    struct tensor *k = rows_new(t->dtype, t->nd, t->dim);
    double *u = scratch(sizeof *u * (size_t)MAX(1, t->numel));
    (normal ? rand_normal : rand_uniform)(u, t->numel);
    for (i64 i = 0; i < t->numel; i++)
        u[i] = a + (normal ? b : b - a) * u[i];
    convert_run(t->dtype, k->data, D_DOUBLE, u, t->numel);
    return tensor_box(k);
}
static value times_aux(struct module *m, value x, value g, int want, double scale)
{
    (void)scale;
    if (!RECORDING && is_tensor_like(g) && value_numel(g) != value_numel(x))
        (void)nn_grad_like(m, g, tensor_any(x));              /* which says so */
    return !(want & WANT_INPUT) ? nil() : is_nil(m->aux) ? g : g_op(EW_times, g, m->aux);
}
static value kept(struct module *m, value v)
{
    replace(&m->aux, copy(v));
    return v;
}
enum { DROP_P, DROP_V1, DROP_INPLACE, DROP_STOCHASTIC };
static value dropout_forward(struct module *m, value x)
{
    struct tensor *t = RECORDING ? tensor_any(x) : nn_float(m, x);
    replace(&m->aux, nil());
    nn_set_rank(m->rank);
    value in = RECORDING && tracked(x) ? x : tensor_box(t);
    if (m->train || option_bool(m, DROP_STOCHASTIC))
        return g_op(EW_times, in,
                    kept(m, nn_dropped(t->device, t->dtype, t->nd, t->dim, true, option_num(m, DROP_P),
                                       option_bool(m, DROP_V1) ? 1 : 1 / (1 - option_num(m, DROP_P)))));
    return option_bool(m, DROP_V1) ? g_op(EW_times, in, num(1 - option_num(m, DROP_P))) : in;
}
static void dropout_check(struct module *m)
{
    double p = option_num(m, DROP_P);
    if (!(p >= 0 && p < 1))
        nn_fail(m, "p must be from 0 up to 1, but is %g", p);
}
static void p_show(struct module *m, struct buf *b) { buff(b, "%g", option_num(m, 0)); }
LAYER(Dropout,
      "m = nn.Dropout(p, v1, inplace, stochasticInference)\n\n"
      "In training each element is 0 with probability p (0.5), the others are divided by 1-p; in evaluation the output "
      "is "
      "the input. With v1 nothing is divided in training, and evaluation multiplies by 1-p. stochasticInference drops "
      "in "
      "evaluation as well.\n\n"
      "Example:\n  nn.Dropout(0.5).evaluate().forward([1 2])\n  ans =\n     1   2" SEE,
      .options = "p:x=0.5 v1:b=0 inplace:b=0 stochasticInference:b=0", .check = dropout_check, .anywhere = true,
      .forward = dropout_forward, .backward = times_aux, .show = p_show)

static value map_dropout_forward(struct module *m, value x)
{
    struct tensor *t = RECORDING ? tensor_any(x) : nn_float(m, x);
    int maps = !strcmp(layer_of(m)->class.name, "nn.VolumetricDropout") ? 4 : 3, lead = t->nd > maps || t->nd == 2 ? 2 : 1;
    double p = option_num(m, 0);
    i64 dim[MAX_DIMS];
    value in = RECORDING && tracked(x) ? x : tensor_box(t);
    replace(&m->aux, nil());
    nn_set_rank(m->rank);
    if (!m->train)
        return g_op(EW_times, in, num(1 - p));
    for (int d = 0; d < t->nd; d++)
        dim[d] = d < lead ? t->dim[d] : 1;
    return g_op(
        EW_times, in,
        kept(m, nn_dropped(t->device, t->dtype, MAX(2, lead), lead < 2 ? (i64[]){ dim[0], 1 } : dim, false, p, 1)));
}
#define MAP_DROPOUT(id, what, example)                                                                                                      \
    LAYER(id, "m = nn." #id "(p)\n\nDrops whole maps of " what " with probability p (0.5) in training; evaluation multiplies by 1-p.\n\nExample:\n  " example SEE, \
      .options = "p:x=0.5", .check = dropout_check, .anywhere = true, .forward = map_dropout_forward, .backward = map_dropout_backward, .show = p_show)
#define LAYER_MAP_DROPOUT MAP_DROPOUT
static value map_dropout_backward(struct module *m, value x, value g, int want, double scale)
{
    if ((want & WANT_INPUT) && is_nil(m->aux))
        return g_op(EW_times, g, num(1 - option_num(m, 0)));
    return times_aux(m, x, g, want, scale);
}
LAYER_MAP_DROPOUT(SpatialDropout, "images", "size(nn.SpatialDropout().forward(ones(2, 3, 3)))\n  ans =\n     2   3   3")
LAYER_MAP_DROPOUT(VolumetricDropout, "volumes", "size(nn.VolumetricDropout().forward(ones(2, 3, 3, 3)))\n  ans =\n     2   3   3   3")

static value noise_forward(struct module *m, value x)
{
    struct tensor *t = RECORDING ? tensor_any(x) : nn_float(m, x);
    value in = RECORDING && tracked(x) ? x : tensor_box(t);
    nn_set_rank(m->rank);
    if (!m->train)
        return in;
    return g_op(EW_plus, in, noise_like(t, true, option_num(m, 0), option_num(m, 1)));
}
static value pass_back(struct module *m, value x, value g, int want, double scale)
{
    (void)m, (void)x, (void)want, (void)scale;
    return g;
}
LAYER(WhiteNoise,
  "m = nn.WhiteNoise(mean, std)\n\n"
  "In training x plus normal numbers of that mean (0) and standard deviation (0.1); in evaluation x.\n\n"
  "Example:\n  nn.WhiteNoise().evaluate().forward([1 2])\n  ans =\n     1   2" SEE,
  .options = "mean:x=0 std:x=0.1", .anywhere = true, .forward = noise_forward, .backward = pass_back, .show = nn_show_options)

static value rrelu_forward(struct module *m, value x)
{
    struct tensor *t = rows_of(RECORDING ? tensor_any(x) : nn_float(m, x));
    value in = RECORDING && tracked(x) ? x : tensor_box(t);
    nn_set_rank(m->rank);
    value a = m->train ? noise_like(t, false, option_num(m, 0), option_num(m, 1))
                       : num((option_num(m, 0) + option_num(m, 1)) / 2);
    value slope = g_op(EW_plus, g_op(EW_gt, tensor_box(t), num(0)), g_op(EW_times, g_op(EW_le, tensor_box(t), num(0)), a));
    replace(&m->aux, copy(nn_box(slope)));
    return g_op(EW_times, in, slope);
}
LAYER(RReLU,
      "m = nn.RReLU(l, u, inplace)\n\n"
      "x where x > 0, else a*x, with a uniform in [l, u] (1/8 and 1/3) for each element in training, their mean in "
      "evaluation.\n\n"
      "Example:\n  nn.RReLU(0.25, 0.75).evaluate().forward(-2)\n  ans = -1" SEE,
      .options = "l:x=0.125 u:x=0.333333333333333315 inplace:b=0", .anywhere = true, .forward = rrelu_forward,
      .backward = times_aux, .show = nn_show_options)

/* ---- what changes gradients or watches */
static value identity_forward(struct module *m, value x)
{
    nn_set_rank(m->rank);
    return x;
}
static value reversal_backward(struct module *m, value x, value g, int want, double scale)
{
    (void)x, (void)scale;
    return want & WANT_INPUT ? g_op(EW_times, g, num(-option_num(m, 0))) : nil();
}
static bool reversal_method(struct module *m, const char *name, struct call *c)
{
    if (strcmp(name, "setLambda"))
        return false;
    replace(&OPTION(m, 0), num(arg_num(c, 1)));
    result(c, 0, c->arg[0]);
    return true;
}
LAYER(GradientReversal,
      "m = nn.GradientReversal(lambda)\n\n"
      "The input; gradients come back times -lambda (1).\n\nExample:\n  m = nn.GradientReversal(2); dx = m.backward(3, "
      "1)\n  dx = -2" SEE,
      .options = "lambda:x=1", .anywhere = true, .forward = identity_forward, .backward = reversal_backward,
      .method = reversal_method, .methods = "setLambda", .show = nn_show_options)
static value zero_backward(struct module *m, value x, value g, int want, double scale)
{
    (void)m, (void)g, (void)want, (void)scale;
    struct tensor *t = tensor_any(x);
    int dtype = dtype_is(t->dtype, DT_F) ? t->dtype : D_DOUBLE;
    return tensor_box(t->device ? gpu_filled(t->device, dtype, t->nd, t->dim, 0) : rows_zeros(dtype, t->nd, t->dim));
}
LAYER(ZeroGrad,
  "m = nn.ZeroGrad()\n\nThe input; the gradient that comes back is zero.\n\nExample:\n  dx = nn.ZeroGrad().backward(3, 1)\n  dx = 0" SEE,
  .anywhere = true, .forward = identity_forward, .backward = zero_backward)
static value print_size_forward(struct module *m, value x)
{
    char s[128];
    size_t n = 0;
    value prefix = OPTION(m, 0);
    struct tensor *t = is_tensor_like(prefix) && value_dtype(prefix) == D_CHAR ? tensor_dense(tensor_of(prefix)) : NULL;
    if (t)
        n = (size_t)t->numel;
    outf("%.*s%s%s\n", (int)n, t ? t->data : "", n ? ": " : "", value_shape(x, s));
    return identity_forward(m, x);
}
LAYER(PrintSize,
  "m = nn.PrintSize(prefix)\n\nThe input, whose size is printed at each forward, behind the prefix if there is one.\n\nExample:\n  nn.PrintSize().forward([1 2]);\n  1x2" SEE,
  .options = "prefix:v=", .anywhere = true, .forward = print_size_forward, .backward = pass_back, .table = true)
static value l1_forward(struct module *m, value x)
{
    struct tensor *t = rows_of(nn_float(m, x));
    double s = 0, by = option_num(m, 0) / (option_bool(m, 1) ? (double)MAX(1, t->numel) : 1);
    if (t->device) {                          /* a number there: who reads it waits */
        value all = tensor_box(tensor_alias(t, 2, (i64[]){ t->numel, 1 }, (i64[]){ 1, 0 }, 0));
        replace(&STATE(m, 0),
                copy(ew_apply(EW_times, 2, (value[]){ reduce_apply(RED_sum, ew_apply(EW_abs, 1, &all), 1), num(by) })));
        nn_set_rank(m->rank);
        return x;
    }
    for (i64 i = 0; i < t->numel; i++)
        s += fabs(t->dtype == D_SINGLE ? ((float *)t->data)[i] : ((double *)t->data)[i]);
    replace(&STATE(m, 0), num(by * s));
    nn_set_rank(m->rank);
    return x;
}
static value l1_backward(struct module *m, value x, value g, int want, double scale)
{
    (void)scale;
    if (!(want & WANT_INPUT))
        return nil();
    double k = option_num(m, 0) / (option_bool(m, 1) ? (double)MAX(1, value_numel(x)) : 1);
    value y = g_op(EW_times, g_fn(EW_sign, tensor_box(nn_float(m, x))), num(k));
    return option_bool(m, 2) ? g_op(EW_plus, y, RECORDING ? g : nn_grad_like(m, g, tensor_any(x))) : y;
}
static void l1_init(struct module *m) { replace(&STATE(m, 0), num(0)); }
LAYER(L1Penalty,
      "m = nn.L1Penalty(l1weight, sizeAverage, provideOutput)\n\n"
      "The input; backward adds the gradient of l1weight*sum(abs(x)), which m.loss holds; with sizeAverage of the "
      "mean. "
      "provideOutput=false: the penalty's gradient alone.\n\n"
      "Example:\n  m = nn.L1Penalty(0.1); m.forward([1 -2]); dx = m.backward([1 -2], [0 0])\n  dx =\n     0.1000  "
      "-0.1000" SEE,
      .options = "l1weight:x sizeAverage:b=0 provideOutput:b=1", .state = "loss", .init = l1_init, .anywhere = true,
      .forward = l1_forward, .backward = l1_backward, .show = nn_show_options)

static value constant_record(struct module *m, value x, const value *w)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(x, dim);
    value v = OPTION(m, 0);
    (void)w;
    if (!value_numel(OPTION(m, 1)) || nd <= option_num(m, 1))
        return g_op(EW_plus, v, g_op(EW_times, nn_slice(nn_sized(x, 2, (i64[]){ 1, value_numel(x) }), 2, 0, 1), num(0)));
    value rows = nn_slice(nn_sized(x, 2, (i64[]){ dim[0], value_numel(x) / MAX(1, dim[0]) }), 2, 0, 1);
    return g_op(EW_plus, g_op(EW_times, rows, num(0)), v);
}
LAYER(Constant,
  "m = nn.Constant(value, nInputDim)\n\n"
  "The value, whatever the input is; with nInputDim, the number of dimensions of a sample, a row of it for each sample "
  "of a batch.\n\n"
  "Example:\n  nn.Constant([7 8]).forward(3)\n  ans =\n     7   8" SEE,
  .options = "value:v nInputDim:d=", .record = constant_record)
LAYER(OneHot,
      "m = nn.OneHot(outputSize)\n\n"
      "For a row of T class numbers T x outputSize with a 1 in the column of each class; for N x T, N x T x "
      "outputSize.\n\n"
      "Example:\n  nn.OneHot(3).forward([2 3])\n  ans =\n     0   1   0\n     0   0   1" SEE,
      .options = "outputSize:n", .show = nn_show_options,
      .expr = "@(x, outputSize) begin if isrow(x) || iscolumn(x), return (x(:) == 1:outputSize) + 0, end; return (x == "
              "reshape(1:outputSize, [1 1 outputSize])) + 0 end")
