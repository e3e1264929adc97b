/* SPDX-License-Identifier: BSD-3-Clause */
/* rare.c: layers of Torch that are seldom met: keys and values instead of rows, kernels of one feature over time, the k
 * largest frames, norms of neighbouring features, dimensions by letters, clusters. */
#include "nn.h"
#include "lab/gpu.h"
#include "lab/index.h"
#include "lab/rand.h"
#include <math.h>

#define SEE "\n\nSee also: nn.Linear, nn.TemporalConvolution, nn.TemporalMaxPooling"
enum { IX_WEIGHT = 4, IX_BIAS, IX_NORMALIZE };
static void index_init(struct module *m)
{
    nn_param(m, 0, 2, (i64[]){ option_int(m, 0), option_int(m, 1) });
    nn_param(m, 1, 2, (i64[]){ 1, option_int(m, 1) });
    if (option_bool(m, IX_NORMALIZE))
        nn_param(m, 2, 2, (i64[]){ option_int(m, 0), 1 });
    else
        nn_no_param(m, 2);
    replace(
        &STATE(m, 0),
        copy(tensor_box(tensor_zeros(D_DOUBLE, 2, (i64[]){ option_bool(m, IX_NORMALIZE) ? option_int(m, 0) : 0, 1 }))));
}
static void index_start(struct module *m, int option, int param)      /* the numbers given for a parameter */
{
    value v = OPTION(m, option);
    if (!value_numel(v))
        return;
    i64 dim[MAX_DIMS];
    char a[128], b[160];
    struct window *w = PARAM(m, param).w;
    if (!is_tensor_like(v) || dtype_is(value_dtype(v), DT_C | DT_T) || !dims_equal(value_dims(v, dim), dim, w->nd, w->dim))
        nn_fail(m, "%s must be %s, but is a %s", param ? "bias" : "weight", dims_text(w->nd, w->dim, a),
                value_describe(v, b));
    struct tensor *t = rows_of(tensor_cast(tensor_of(v), D_DOUBLE));
    nn_put(PARAM(m, param), (double *)t->data);
    replace(&OPTION(m, option), copy(tensor_box(tensor_2d(D_DOUBLE, 0, 0))));
}
static void index_reset(struct module *m, double stdv)
{
    double s = isnan(stdv) ? 1 / sqrt(option_num(m, 0)) : stdv * sqrt(3);
    nn_uniform(PARAM(m, 0), -s, s);
    nn_uniform(PARAM(m, 1), -s, s);
    if (has_param(m, 2))
        nn_fill(PARAM(m, 2), 0);
    index_start(m, IX_WEIGHT, 0);
    index_start(m, IX_BIAS, 1);
}
/* The largest |value| of each key so far. */
static void index_look(struct module *m, value keys, value values)
{
    struct tensor *k = tensor_dense(tensor_of(gpu_read_value(keys, "keys"))),
                  *v = tensor_dense(tensor_of(gpu_read_value(values, "values"))), *most = tensor_of(STATE(m, 0));
    for (i64 i = 0; i < k->numel && i < v->numel; i++) {
        double at = element_double(k, i) + option_num(m, 3), x = fabs(element_double(v, i));
        if (at >= 1 && at <= option_num(m, 0) && x > ((double *)most->data)[(i64)at - 1])
            ((double *)most->data)[(i64)at - 1] = x;
    }
}
static value index_forward(struct module *m, value x)
{
    if (option_bool(m, IX_NORMALIZE) && m->train && x.kind == K_CELL && x.cell->numel > 1) {
        replace(&STATE(m, 0), copy(tensor_box(tensor_clone(tensor_cast(tensor_of(STATE(m, 0)), D_DOUBLE)))));
        value k = x.cell->v[0], v = x.cell->v[1];
        if (is_tensor_like(k) && is_tensor_like(v))
            index_look(m, k, v);
        for (i64 i = 0; k.kind == K_CELL && v.kind == K_CELL && i < k.cell->numel && i < v.cell->numel; i++)
            if (is_tensor_like(k.cell->v[i]) && is_tensor_like(v.cell->v[i]))
                index_look(m, k.cell->v[i], v.cell->v[i]);
    }
    return nn_run_kept(m, x);
}
LAYER(IndexLinear,
      "m = nn.IndexLinear(inputSize, outputSize, doGradInput, keysOffset, weight, bias, normalize)\n\n"
      "nn.Linear for samples that are mostly zero: the input is {keys, values}, cells with a vector for each sample, "
      "or "
      "{keys, values, sizes} with all samples one after another and their sizes. keysOffset (0) is added to the keys, "
      "which count from 1. weight is inputSize x outputSize; numbers given for weight and bias are where they start. "
      "With "
      "normalize each value is divided by the largest |value| of its key that training has seen, m.largest, and "
      "m.shift, a "
      "learned number for each key, is added.\n\n"
      "Example:\n  m = nn.IndexLinear(4, 1, true, 0, [1; 2; 3; 4], 0); m.forward({[2 4 1], [10 1 7], [2 1]})\n  ans "
      "=\n     24\n      7" SEE,
      .options = "inputSize:n outputSize:n doGradInput:b=1 keysOffset:z=0 firstWeight:v= firstBias:v= normalize:b=0",
      .params = "weight bias shift", .state = "largest", .init = index_init, .reset = index_reset,
      .show = nn_show_options, .table = true, .forward = index_forward, .backward = nn_back_kept,
      .expr = "@(x, weight, bias, shift, largest, keysOffset) begin if !iscell(x) || numel(x) < 2, "
              "error('nn.IndexLinear wants {keys, values} or {keys, values, sizes}'), end; k = x{1}; v = x{2};"
              " if iscell(k), m = numel(k); else, s = numel(k); if numel(x) > 2, s = round(x{3}(:))'; end; m = "
              "numel(s); e "
              "= cumsum(s); f = e - s + 1; end; y = cell(1, m); for i = 1:m, if iscell(k), a = k{i}; b = v{i}; else, a "
              "= "
              "k(f(i):e(i)); b = v(f(i):e(i)); end; a = round(a(:)) + keysOffset; b = reshape(b, [1 numel(b)]); if "
              "any(a < "
              "1 | a > size(weight, 1)), error('nn.IndexLinear: a key must be from 1 to %d, but one is %d', "
              "size(weight, "
              "1), a(find(a < 1 | a > size(weight, 1), 1))), end; if !isempty(shift), b = max(-1, min(1, b ./ "
              "reshape(max(largest(a), realmin), size(b)))) + reshape(shift(a), size(b)); end; y{i} = b * weight(a, :) "
              "+ "
              "bias; end; return cat(1, y{:}) end")

static void row_init(struct module *m)
{
    nn_param(m, 0, 3, (i64[]){ option_int(m, 0), 1, option_int(m, 1) });
    nn_param(m, 1, 2, (i64[]){ 1, option_int(m, 0) });
}
static void row_reset(struct module *m, double stdv)
{
    nn_uniform_params(m, nn_spread(stdv, 1 / sqrt(option_num(m, 1) * option_num(m, 0))));
}
LAYER(TemporalRowConvolution,
      "m = nn.TemporalRowConvolution(inputFrameSize, kW, dW, featFirst)\n\n"
      "Each feature of T x F or N x T x F over time with a kernel of its own, kW frames long, dW (1) apart; with "
      "featFirst "
      "the input is F x T or N x F x T. weight is inputFrameSize x 1 x kW.\n\n"
      "Example:\n  m = nn.TemporalRowConvolution(1, 2); m.weight(:) = [1 10]; m.bias = 0; m.forward([1; 2; 3])\n  ans "
      "=\n     21\n     32" SEE,
      .options = "inputFrameSize:n kW:n dW:n=1 featFirst:b=0", .params = "weight bias", .init = row_init,
      .reset = row_reset, .show = nn_show_options,
      .expr = "@(x, weight, bias, inputFrameSize, kW, dW, featFirst) begin s = size(x); b = numel(s) > 2; if !b, s = "
              "[1 s]; x = reshape(x, s); end; if featFirst, x = permute(x, [1 2 4 3]); else, x = permute(x, [1 3 4 "
              "2]); end;"
              " if size(x, 2) != inputFrameSize || size(x, 4) < kW, error('nn.TemporalRowConvolution wants frames of "
              "%d "
              "features, at least %d of them, and got %d of %d', inputFrameSize, kW, size(x, 4), size(x, 2)), end; y = "
              "nn.conv2d(x, reshape(weight, [inputFrameSize 1 1 kW]), bias, [1 dW], 0, 1, inputFrameSize); n = size(y, "
              "4); "
              "if featFirst, y = permute(y, [1 2 4 3]); t = [s(1) inputFrameSize n]; else, y = permute(y, [1 4 2 3]); "
              "t = "
              "[s(1) n inputFrameSize]; end; if !b, t = t(2:3); end; return reshape(y, t) end")

/* The places of the k largest of n elements a stride apart, in their order. */
static void k_largest(const double *x, i64 n, i64 stride, i64 k, bool *in)
{
    memset(in, 0, (size_t)n);
    for (i64 j = 0; j < k; j++) {
        i64 best = -1;
        for (i64 i = 0; i < n; i++)
            if (!in[i] &&
                (best < 0 || x[i * stride] > x[best * stride] || (isnan(x[i * stride]) && !isnan(x[best * stride]))))
                best = i;
        in[best] = true;
    }
}
static value k_max_record(struct module *m, value x, const value *w)
{
    i64 dim[MAX_DIMS];
    (void)w;
    /* places are looked for on the CPU */
    struct tensor *t = tensor_dense(tensor_cast(
        tensor_of(gpu_read_value(RECORDING && tracked(x) ? tape_plain(x) : x, "places of the largest")), D_DOUBLE));
    int nd = value_dims(x, dim), d = nd - 2;
    i64 n = dim[d], k = MAX(option_int(m, 0), (i64)fmin(ceil(option_num(m, 1) * (double)n), 0x1p40)), stride = 1;
    if (nd > 3 || k > n)
        nn_fail(m, "wants T x F or N x T x F with at least %lld frames and got %s", (long long)k,
                value_shape(x, (char[128]){ 0 }));
    for (int i = 0; i < d; i++)
        stride *= dim[i];
    dim[d] = k;
    struct tensor *at = tensor_new(D_DOUBLE, nd, dim);
    bool *in = scratch((size_t)MAX(1, n));
    for (i64 c = 0; c < stride * dim[nd - 1]; c++) {
        i64 from = c / stride * stride * n + c % stride, to = c / stride * stride * k + c % stride;
        poll();
        k_largest((const double *)t->data + from, n, stride, k, in);
        for (i64 i = 0, j = 0; i < n; i++)
            if (in[i])
                ((double *)at->data)[to + stride * j++] = (double)(from + i * stride + 1);
    }
    return nn_sized(index_paren(nn_sized(x, 2, (i64[]){ t->numel, 1 }), 1, (value[]){ tensor_box(at) }), nd, dim);
}
LAYER(TemporalDynamicKMaxPooling,
  "m = nn.TemporalDynamicKMaxPooling(minK, factor)\n\n"
  "The k largest frames of each feature of T x F or N x T x F, in their order; k is minK or factor (0) times T, "
  "whichever is more.\n\n"
  "Example:\n  nn.TemporalDynamicKMaxPooling(2).forward([3; 1; 5; 2])\n  ans =\n     3\n     5" SEE,
  .options = "minK:n factor:x=0", .record = k_max_record, .show = nn_show_options)

LAYER(FeatureLPPooling,
      "m = nn.FeatureLPPooling(width, stride, power, batchMode)\n\n"
      "The power-norm (2) of width neighbouring features, windows stride apart. Features are dimension 1, with "
      "batchMode "
      "dimension 2; of a row its elements.\n\n"
      "Example:\n  nn.FeatureLPPooling(2, 2, 2).forward([3 4 6 8])\n  ans =\n      5   10" SEE,
      .options = "width:n stride:n power:x=2 batchMode:b=0", .show = nn_show_options,
      .expr = "@(x, width, stride, power, batchMode) begin d = 1 + (batchMode || isrow(x)); n = floor((size(x, d) - "
              "width) / stride) + 1; i = repmat({':'}, 1, ndims(x));"
              " if n < 1, error('nn.FeatureLPPooling wants at least %d features and got %d', width, size(x, d)), end; "
              "s = "
              "0; for k = 1:width, i{d} = (0:n-1)*stride + k; s = s + realpow(abs(x(i{:})), power); end; return "
              "realpow(s "
              "+ (s == 0), 1 / power) .* (s != 0) end")

/* ---- dimensions by letters */
enum { FROM, TO };
static int letters_of(struct module *m, int i, char *text)
{
    value v = OPTION(m, i);
    i64 n = is_tensor_like(v) ? value_numel(v) : 0;
    struct tensor *t = n ? tensor_of(v) : NULL;
    const char *name = m->info->name[i]->text;
    if (n && t->dtype != D_CHAR)
        fail("Octave:invalid-input-arg", "nn.Convert: %s must be a text, but is a %s", name, class_of(v));
    for (i64 k = 0; k < n; k++) {
        char ch = (char)element_double(t, k);
        if (!ch || !strchr("bcfhtw", ch) || n > 6 || memchr(text, ch, (size_t)k))
            fail("Octave:invalid-input-arg",
                 "nn.Convert: %s must be letters of \"bcfhtw\" (batch, channel, feature, height, time, width), each "
                 "once",
                 name);
        text[k] = ch;
    }
    text[n] = 0;
    return (int)n;
}
static void convert_check(struct module *m)
{
    char from[8], to[8];
    int n = letters_of(m, FROM, from), k = letters_of(m, TO, to), same = 0;
    if (k && !n)
        fail("Octave:invalid-input-arg", "nn.Convert: an outputShape needs an inputShape");
    for (int i = 0; i < k; i++)
        same += strchr(from, to[i]) != NULL;
    bool rows = !strcmp(to, "bf") && strchr(from, 'b'),
         one = !strcmp(to, "b") && n == 2 && strchr(from, 'b') && (strchr(from, 't') || strchr(from, 'f'));
    if (k && !(n == k && same == k) && !rows && !one && !(!strcmp(from, "b") && !strcmp(to, "bt")))
        fail("Octave:invalid-input-arg",
             "nn.Convert: \"%s\" cannot become \"%s\": the same letters in another order, \"bf\" from anything with b, "
             "\"b\" from two letters, or \"bt\" from \"b\"",
             from, to);
}
static void convert_show(struct module *m, struct buf *b)
{
    char from[8], to[8];
    if (letters_of(m, FROM, from) && letters_of(m, TO, to))
        buff(b, "%s -> %s", from, to);
}
LAYER(Convert,
      "m = nn.Convert(inputShape, outputShape)\n\n"
      "Dimensions in another order, named by letters: b batch, c channel, h height, w width, t time, f feature. \"bf\" "
      "makes a row of each sample; \"b\" takes the first of \"bt\" or the one feature of \"bf\"; \"bt\" or \"bf\" of "
      "\"b\" "
      "is a column. Without arguments numbers only become those of floating point.\n\n"
      "Example:\n  size(nn.Convert('chw', 'hwc').forward(ones(3, 4, 5)))\n  ans =\n     4   5   3\n\n"
      "See also: nn.Transpose, nn.Reshape, nn.Copy",
      .options = "inputShape:v= outputShape:v=", .check = convert_check, .show = convert_show,
      .expr = "@(x, inputShape, outputShape) begin n = numel(inputShape); if isempty(outputShape) || "
              "strcmp(inputShape, outputShape), return x + 0, end;"
              " if n > 1 && ndims(x) > n, error('nn.Convert(%s -> %s) wants %d dimensions, and got %d', inputShape, "
              "outputShape, n, ndims(x)), end; b = find(inputShape == 'b'); if n == 1, return reshape(x, [numel(x) "
              "1]), "
              "end; if strcmp(outputShape, 'b'), if inputShape(3 - b) == 'f' && size(x, 3 - b) > 1, "
              "error('nn.Convert(%s "
              "-> b): there are %d features, not one', inputShape, size(x, 3 - b)), end; if b == 1, return x(:, 1), "
              "end; "
              "return reshape(x(1, :), [size(x, 2) 1]), end; if strcmp(outputShape, 'bf') && !all(ismember('bf', "
              "inputShape)) || strcmp(outputShape, 'bf') && n > 2, p = 1:n; p([1 b]) = p([b 1]); if b > 1, x = "
              "permute(x, "
              "p); end; return nn.reshape(x, [size(x, 1) -1]), end; [~, p] = ismember(outputShape, inputShape); return "
              "permute(x, p) end")

/* ---- clusters: backward moves the weights, and hands back zeros */
enum { K, DIM, SCALE };
static void kmeans_init(struct module *m)
{
    nn_param(m, 0, 2, (i64[]){ option_int(m, K), option_int(m, DIM) });
    replace(&STATE(m, 0), num(0));
}
static void kmeans_reset(struct module *m, double stdv) { nn_normal(PARAM(m, 0), 0, isnan(stdv) ? 1 : stdv); }
static void kmeans_check(struct module *m)
{
    if (value_numel(OPTION(m, SCALE)) && !(option_num(m, SCALE) > 0))
        nn_fail(m, "scale must be positive, but is %g", option_num(m, SCALE));
}
static double *doubles_of(struct tensor *t)   /* in Torch's order */
{
    double *x = scratch(sizeof *x * (size_t)MAX(1, t->numel));
    t = rows_of(t);
    convert_run(D_DOUBLE, x, t->dtype, t->data, t->numel);
    return x;
}
static struct tensor *rows_in(struct module *m, value x)
{
    char wants[48];
    struct tensor *t = nn_float(m, x);
    snprintf(wants, sizeof wants, "N x %lld", (long long)option_int(m, DIM));
    if (t->nd != 2 || t->dim[1] != option_int(m, DIM))
        nn_fail_shape(m, wants, x);
    return t;
}
static double nearest(const double *x, const double *c, i64 k, i64 dim, i64 *at)     /* the square of its distance */
{
    double least = INFINITY;
    *at = 0;
    for (i64 j = 0; j < k; j++) {
        double s = 0;
        for (i64 d = 0; d < dim; d++)
            s += (x[d] - c[j * dim + d]) * (x[d] - c[j * dim + d]);
        if (s < least)
            least = s, *at = j;
    }
    return least;
}
/* On a device: squares of distances by a product, and which centroid each sample belongs to as a matrix of truth values. */
static value kmeans_forward_there(struct module *m, struct tensor *t)
{
    value x = tensor_box(t), c = PARAM(m, 0), index, two = num(2);
    value d = g_op(EW_minus, reduce_apply(RED_sum, g_op(EW_power, x, two), 2),
                   g_op(EW_times, two, tape_matrix(MX_MTIMES, x, tape_matrix(MX_TRANSPOSE, c, nil()))));
    d = g_op(EW_plus, d, tape_matrix(MX_TRANSPOSE, reduce_apply(RED_sum, g_op(EW_power, c, two), 2), nil()));
    struct tensor *least = tensor_any(gpu_extreme(false, tensor_any(d), 2, &index));
    replace(&STATE(m, 0), copy(reduce_apply(RED_sum, tensor_box(least), 1)));
    return tensor_box(gpu_clone(tensor_any(index), t->dtype));
}
static value kmeans_backward_there(struct module *m, struct tensor *t, int want, double by)
{
    value at = kmeans_forward_there(m, t),
          which = tensor_box(gpu_table(t->device, tensor_of(range_new(1, 1, option_num(m, K)))));
    value belongs = tensor_box(gpu_clone(tensor_any(ew_apply(EW_eq, 2, (value[]){ at, which })), t->dtype)),
          turned = tape_matrix(MX_TRANSPOSE, belongs, nil());
    value count = reduce_apply(RED_sum, turned, 2), some = ew_apply(EW_max, 2, (value[]){ count, num(1) });
    if (want & WANT_PARAMS) {
        value mean = g_op(EW_rdivide, tape_matrix(MX_MTIMES, turned, tensor_box(t)), some);
        nn_accumulate(m, 0,
                      g_op(EW_times, g_op(EW_minus, PARAM(m, 0), mean), ew_apply(EW_gt, 2, (value[]){ count, num(0) })),
                      by);
    }
    return want & WANT_INPUT ? tensor_box(gpu_filled(t->device, t->dtype, t->nd, t->dim, 0)) : nil();
}
static value kmeans_forward(struct module *m, value x)
{
    if (value_device(x))
        return kmeans_forward_there(m, rows_in(m, x));
    struct tensor *t = rows_in(m, x), *y = tensor_2d(t->dtype, t->dim[0], 1);
    double *in = doubles_of(t), *c = doubles_of(param_tensor(m, 0)), loss = 0;
    i64 n = t->dim[0], dim = option_int(m, DIM), at;
    for (i64 i = 0; i < n; i++) {
        poll();
        loss += nearest(in + i * dim, c, option_int(m, K), dim, &at);
        double one = (double)(at + 1);
        convert_run(y->dtype, y->data + i * (i64)dtypes[y->dtype].size, D_DOUBLE, &one, 1);
    }
    replace(&STATE(m, 0), num(loss));
    return tensor_box(y);
}
static value kmeans_backward(struct module *m, value x, value g, int want, double scale)
{
    struct tensor *t = rows_in(m, x);
    double by = value_numel(OPTION(m, SCALE)) ? option_num(m, SCALE) : scale;
    if (t->device)
        return kmeans_backward_there(m, t, want, by);
    double *in = doubles_of(t), *c = doubles_of(param_tensor(m, 0));
    i64 n = t->dim[0], dim = option_int(m, DIM), k = option_int(m, K), *at = scratch(sizeof *at * (size_t)MAX(1, n)),
        *count = scratch(sizeof *count * (size_t)k);
    (void)g;
    if (want & WANT_PARAMS) {
        value to = m->updates ? PARAM(m, 0) : GRAD(m, 0);
        memset(count, 0, sizeof *count * (size_t)k);
        for (i64 i = 0; i < n; i++) {
            poll();
            nearest(in + i * dim, c, k, dim, &at[i]);
            count[at[i]]++;
        }
        double *sum = doubles_of(tensor_of(to));
        for (i64 i = 0; i < n; i++)
            for (i64 d = 0; d < dim; d++)
                sum[at[i] * dim + d] += by * (c[at[i] * dim + d] - in[i * dim + d]) / (double)count[at[i]];
        convert_run(to.w->base->dtype, grad_data(m, 0), D_DOUBLE, sum, k * dim);
    }
    return want & WANT_INPUT ? tensor_box(rows_zeros(t->dtype, t->nd, t->dim)) : nil();
}
/* One sample to begin with; each further one at random, with probability p by the square of its distance to those chosen. */
static void kmeans_plus(struct module *m, struct tensor *t, double p)
{
    i64 n = t->dim[0], k = option_int(m, K), dim = option_int(m, DIM), at;
    double *in = doubles_of(t), *c = scratch(sizeof *c * (size_t)(k * dim)), *far = scratch(sizeof *far * (size_t)n);
    memcpy(c, in + rand_below(n) * dim, sizeof *c * (size_t)dim);
    for (i64 j = 1; j < k; j++) {
        double total = 0;
        i64 take = rand_below(n);
        poll();
        for (i64 i = 0; i < n; i++)
            total += far[i] = nearest(in + i * dim, c, j, dim, &at);
        if (rand_one() < p && total > 0) {
            double u = rand_one() * total;
            for (take = 0; take < n - 1 && u >= far[take]; take++)
                u -= far[take];
        }
        memcpy(c + j * dim, in + take * dim, sizeof *c * (size_t)dim);
    }
    own_block(PARAM(m, 0).w->base);
    PARAM(m, 0).w->base->version++;
    convert_run(PARAM(m, 0).w->base->dtype, window_data(PARAM(m, 0).w), D_DOUBLE, c, k * dim);
}
static void kmeans_random(struct module *m, struct tensor *t)         /* different samples */
{
    i64 n = t->dim[0], k = option_int(m, K), dim = option_int(m, DIM), *order = scratch(sizeof *order * (size_t)n);
    double *in = doubles_of(t), *c = scratch(sizeof *c * (size_t)(k * dim));
    for (i64 i = 0; i < n; i++)
        order[i] = i;
    for (i64 j = 0; j < k; j++) {
        i64 i = j + rand_below(n - j), other = order[i];
        order[i] = order[j];
        order[j] = other;
        memcpy(c + j * dim, in + other * dim, sizeof *c * (size_t)dim);
    }
    own_block(PARAM(m, 0).w->base);
    PARAM(m, 0).w->base->version++;
    convert_run(PARAM(m, 0).w->base->dtype, window_data(PARAM(m, 0).w), D_DOUBLE, c, k * dim);
}
static bool kmeans_method(struct module *m, const char *name, struct call *c)
{
    bool plus = !strcmp(name, "initKmeansPlus");
    if (!plus && strcmp(name, "initRandom"))
        return false;
    if (c->nargin < 2)
        fail("Octave:invalid-fun-call", "nn.Kmeans.%s: samples in rows are needed", name);
    struct tensor *t = rows_in(m, c->arg[1]);
    double p = plus && has_arg(c, 2) ? arg_num(c, 2) : 0.95;
    if (t->dim[0] < option_int(m, K))
        nn_fail(m, "%s: %lld samples are needed, one for each centroid, and there are %lld", name,
                (long long)option_int(m, K), (long long)t->dim[0]);
    if (!(p >= 0 && p <= 1))
        nn_fail(m, "%s: the probability must be from 0 to 1, but is %g", name, p);
    if (plus)
        kmeans_plus(m, t, p);
    else
        kmeans_random(m, t);
    result(c, 0, c->arg[0]);
    return true;
}
LAYER(Kmeans,
      "m = nn.Kmeans(k, dim, scale)\n\n"
      "For samples in rows, N x dim, the number of the nearest of k centroids, N x 1; m.loss is the sum of the squares "
      "of "
      "the distances. weight (k x dim) holds the centroids, normal numbers at first; m.initRandom(x) takes samples, "
      "m.initKmeansPlus(x, p) such that lie apart (k-means++, p 0.95). backward makes the step of k-means: gradWeight "
      "is "
      "centroid less mean of its samples, times scale (1), whatever gradOutput is; gradInput is 0. So "
      "m.updateParameters(1) moves centroids to the means.\n\n"
      "Example:\n"
      "  m = nn.Kmeans(2, 1); m.weight = [1; 8]; x = [0; 1; 9; 11];\n"
      "  y = m.forward(x)', m.backward(x, 0); m.updateParameters(1); m.weight'\n"
      "  y =\n     1   1   2   2\n"
      "  ans =\n      0.5000   10.0000\n\n"
      "See also: unsup.kmeans, nn.Euclidean",
      .options = "k:n dim:n scale:x=", .params = "weight", .state = "loss", .init = kmeans_init, .reset = kmeans_reset,
      .check = kmeans_check, .anywhere = true, .forward = kmeans_forward, .backward = kmeans_backward,
      .method = kmeans_method, .methods = "initRandom initKmeansPlus", .show = nn_show_options)
