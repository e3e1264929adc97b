/* SPDX-License-Identifier: BSD-3-Clause */
/* norm_layers.c: batch and layer normalisation. */
#include "nn.h"
#include "lab/gpu.h"
#include "nn/norm.h"
#include <math.h>

#define SEE "\n\nSee also: nn.BatchNormalization, nn.LayerNorm"
enum { N_OUTPUT, EPS, MOMENTUM, AFFINE };
enum { RUNNING_MEAN, RUNNING_VAR, BATCHES };

static void batch_init(struct module *m)
{
    i64 n = option_int(m, N_OUTPUT);
    for (int i = 0; i < 2; i++)
        if (option_bool(m, AFFINE))
            nn_param(m, i, 2, (i64[]){ 1, n });
        else
            nn_no_param(m, i);
    struct tensor *var = tensor_zeros(D_DOUBLE, 2, (i64[]){ 1, n });
    for (i64 i = 0; i < n; i++)
        ((double *)var->data)[i] = 1;
    replace(&STATE(m, RUNNING_MEAN), copy(tensor_box(tensor_zeros(D_DOUBLE, 2, (i64[]){ 1, n }))));
    replace(&STATE(m, RUNNING_VAR), copy(tensor_box(var)));
    replace(&STATE(m, BATCHES), num(0));
}
static void batch_check(struct module *m)
{
    value v = OPTION(m, MOMENTUM);
    char d[160];
    if (is_tensor_like(v) && value_numel(v) == 0)
        replace(&OPTION(m, MOMENTUM), num(0.1));
    else if (!nn_text_is(v, "cumulative") && (v.kind != K_NUM || value_dtype(v) == D_CHAR))
        fail("Octave:invalid-input-arg", "%s: momentum must be a number or 'cumulative', but is a %s",
             layer_of(m)->class.name, value_describe(v, d));
}
static void batch_reset(struct module *m, double stdv)        /* Torch: weight uniform in 0 to 1, bias 0 */
{
    (void)stdv;
    if (has_param(m, 0))
        nn_uniform(PARAM(m, 0), 0, 1);
    if (has_param(m, 1))
        nn_fill(PARAM(m, 1), 0);
}

extern const struct builtin builtin_nn_batchnorm;
static value batch_record(struct module *m, value x, const value *w)
{
    i64 dim[MAX_DIMS], n = option_int(m, N_OUTPUT), places = 1;
    int nd = value_dims(x, dim);
    char wants[64];
    const char *class = layer_of(m)->class.name;
    bool sample = class[3] != 'B' && m->rank != layer_of(m)->places + 2 && nd == (class[3] == 'S' ? 3 : 4) && dim[0] == n && dim[1] != n;
    if (sample ? dim[0] != n : dim[1] != n) {
        snprintf(wants, sizeof wants,
                 class[3] == 'B'   ? "N x %lld"
                 : class[3] == 'S' ? "N x %lld x H x W"
                                   : "N x %lld x T x H x W",
                 (long long)n);
        nn_fail_shape(m, wants, x);
    }
    for (int d = sample ? 1 : 2; d < nd; d++)
        places *= dim[d];
    if (m->train && (sample ? 1 : dim[0]) * places < 2 && places)
        nn_fail(m,
                "training needs more than one value for each of the %lld features; after m.evaluate() one sample will "
                "do",
                (long long)n);
    value out[3], arg[8] = { sample ? nn_view(x, 3, (i64[]){ 1, n, places }) : x,
                             has_param(m, 0) ? w[0] : nil(),
                             has_param(m, 1) ? w[1] : nil(),
                             STATE(m, RUNNING_MEAN),
                             STATE(m, RUNNING_VAR),
                             boolean(m->train),
                             num(OPTION(m, MOMENTUM).kind == K_NUM ? option_num(m, MOMENTUM) : 1 / (STATE(m, BATCHES).num + 1)),
                             num(option_num(m, EPS)) };
    call_builtin(&builtin_nn_batchnorm, 8, arg, m->train ? 3 : 1, out);
    for (int k = 0; k < 2 && m->train; k++) { /* clones: without the tape's mark */
        struct tensor *was = tensor_any(STATE(m, k)), *now = tensor_any(out[1 + k]);
        now = now->device && now->dtype == was->dtype ? tensor_alias(now, now->nd, now->dim, now->stride, 0)
                                                      : tensor_cast(tensor_clone(now), was->dtype);
        replace(&STATE(m, k), copy(tensor_box(now)));
    }
    if (m->train)
        replace(&STATE(m, BATCHES), num(STATE(m, BATCHES).num + 1));
    return sample ? nn_view(out[0], nd, dim) : out[0];
}
static void batch_show(struct module *m, struct buf *b) { buff(b, "%g", option_num(m, N_OUTPUT)); }
#define BATCH .options = "nOutput:n eps:x=1e-5 momentum:v=0.1 affine:b=1", .params = "weight bias", .state = "running_mean running_var num_batches_tracked", \
    .check = batch_check, .init = batch_init, .reset = batch_reset, .record = batch_record, .show = batch_show
#define BATCH_TEXT " each feature gets mean 0 and variance 1 over the batch, then times weight plus bias (affine=false: not). running_mean and running_var follow with momentum (0.1, the share of the new value; " \
    "'cumulative': the mean of all batches so far, num_batches_tracked of them); " \
    "evaluation uses them. y = (x - mean)./sqrt(var + eps)."
LAYER(BatchNormalization,
  "m = nn.BatchNormalization(nOutput, eps, momentum, affine)\n\nFor N x nOutput:" BATCH_TEXT "\n\n"
  "Example:\n  m = nn.BatchNormalization(1, 0); m.weight = 1; m.forward([1; 3])\n  ans =\n    -1\n     1" SEE, BATCH)
LAYER(SpatialBatchNormalization,
  "m = nn.SpatialBatchNormalization(nOutput, eps, momentum, affine)\n\nFor images, N x nOutput x H x W:" BATCH_TEXT "\n\n"
  "Example:\n  size(nn.SpatialBatchNormalization(3).forward(ones(2, 3, 4, 5)))\n  ans =\n     2   3   4   5" SEE, .places = 2, BATCH)
LAYER(VolumetricBatchNormalization,
  "m = nn.VolumetricBatchNormalization(nOutput, eps, momentum, affine)\n\nFor volumes, N x nOutput x T x H x W:" BATCH_TEXT "\n\n"
  "Example:\n  size(nn.VolumetricBatchNormalization(3).forward(ones(2, 3, 2, 4, 5)))\n  ans =\n     2   3   2   4   5" SEE, .places = 3, BATCH)

/* normalizedShape: the last dimensions, as numbers; the elements of a row are their product. */
static int shape_of(struct module *m, i64 *dim, i64 *n)
{
    value v = OPTION(m, 0);
    i64 k = is_tensor_like(v) && !dtype_is(value_dtype(v), DT_C | DT_T) ? value_numel(v) : 0;
    *n = 1;
    for (i64 i = 0; i < k && k < MAX_DIMS; i++) {
        double x = element_double(tensor_of(v), i);
        if (!(x >= 1 && x <= INT32_MAX && x == floor(x)) || __builtin_mul_overflow(*n, (i64)x, n))
            k = 0;
        else
            dim[i] = (i64)x;
    }
    if (k < 1 || k >= MAX_DIMS)
        fail("Octave:invalid-input-arg",
             "%s: %s must be a positive integer, or several in a vector, for as many last dimensions",
             layer_of(m)->class.name, m->info->name[2 * m->info->np]->text);
    return (int)k;
}
static void layer_check(struct module *m)
{
    i64 dim[MAX_DIMS], n;
    (void)shape_of(m, dim, &n);
    if (has_param(m, 0) && PARAM(m, 0).w->numel != n)
        fail("Octave:invalid-input-arg", "%s: %s is fixed when the layer is made, for its parameters fit it",
             layer_of(m)->class.name, m->info->name[2 * m->info->np]->text);
}
static void layer_init(struct module *m)
{
    i64 dim[MAX_DIMS], n;
    int k = shape_of(m, dim, &n);
    for (int i = 0; i < 2; i++)
        if (!option_bool(m, m->info->no - 1))
            nn_no_param(m, i);
        else if (k == 1)
            nn_param(m, i, 2, (i64[]){ 1, n });
        else
            nn_param(m, i, k, dim);
}
static void layer_reset(struct module *m, double stdv)
{
    (void)stdv;
    if (has_param(m, 0))
        nn_fill(PARAM(m, 0), 1);
    if (has_param(m, 1))
        nn_fill(PARAM(m, 1), m->info->no > 3 ? option_num(m, 1) : 0);
}
static void layer_show(struct module *m, struct buf *b)
{
    i64 dim[MAX_DIMS], n;
    int k = shape_of(m, dim, &n);
    for (int i = 0; i < k; i++)
        buff(b, "%s%lld", i ? ", " : "", (long long)dim[i]);
}
static double layer_eps(struct module *m) { return option_num(m, m->info->no - 2); }
/* The elements of a row, after a look at the input's last dimensions; those of size 1 at its end may have been dropped. */
static i64 row_length(struct module *m, value x)
{
    i64 dim[MAX_DIMS], size[MAX_DIMS], n;
    int k = shape_of(m, dim, &n), nd = value_dims(x, size), end = k;
    bool fits = true;
    while (end > 0 && dim[end - 1] == 1 && size[nd - 1] != 1)
        end--;
    for (int i = 0; i < end; i++)
        fits &= nd - end + i >= 0 && size[nd - end + i] == dim[i];
    if (fits)
        return n;
    struct buf *b = buf_new();
    buf_puts(b, "...");
    for (int i = 0; i < k; i++)
        buff(b, " x %lld", (long long)dim[i]);
    nn_fail_shape(m, b->s, x);
}
static value layer_forward(struct module *m, value x)
{
    i64 n = row_length(m, x);
    struct tensor *t = rows_of(nn_float(m, x)), *y = nn_buffer(&m->output, t->dtype, t->nd, t->dim);
    nn_layernorm_rows(t, n, has_param(m, 0) ? param_data(m, 0) : NULL, has_param(m, 1) ? param_data(m, 1) : NULL,
                      layer_eps(m), y);
    nn_set_rank(m->rank);
    return tensor_box(y);
}
static void add_scaled(struct module *m, int i, const double *g, i64 n, double scale)
{
    char *to = grad_data(m, i);
    for (i64 k = 0; k < n; k++)
        if (nn_dtype(m) == D_SINGLE)
            ((float *)to)[k] += (float)(scale * g[k]);
        else
            ((double *)to)[k] += scale * g[k];
}
static value layer_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 n = row_length(m, x);
    struct tensor *t = rows_of(nn_float(m, x)), *gt = rows_of(tensor_of(nn_grad_like(m, g, t))), *gx = NULL;
    bool learns = (want & WANT_PARAMS) && has_param(m, 0);
    double *gw = learns ? memset(scratch(2 * (size_t)n * sizeof *gw), 0, 2 * (size_t)n * sizeof *gw) : NULL;
    if (want & WANT_INPUT)
        gx = nn_buffer(&m->grad_input, t->dtype, t->nd, t->dim);
    nn_layernorm_back(t, n, has_param(m, 0) ? param_data(m, 0) : NULL, layer_eps(m), gt, gx, gw, learns ? gw + n : NULL);
    for (int i = 0; i < 2 && learns; i++)
        add_scaled(m, i, gw + i * n, n, scale);
    return gx ? tensor_box(gx) : nil();
}
extern const struct builtin builtin_nn_layernorm;
static value layer_record(struct module *m, value x, const value *w)
{
    i64 n = row_length(m, x), dim[MAX_DIMS];
    int nd = value_dims(x, dim);
    bool rows = dim[nd - 1] == n;
    value affine[2];
    for (int i = 0; i < 2; i++)
        affine[i] = !has_param(m, i)                                       ? nil()
                    : PARAM(m, i).w->dim[0] == 1 && PARAM(m, i).w->nd == 2 ? w[i]
                                                                           : nn_view(w[i], 2, (i64[]){ 1, n });
    value y = g_call(&builtin_nn_layernorm, 4, rows ? x : nn_view(x, 2, (i64[]){ value_numel(x) / n, n }), affine[0],
                     affine[1], num(layer_eps(m)));
    return rows ? y : nn_view(y, nd, dim);
}
#define NORM .params = "weight bias", .check = layer_check, .init = layer_init, .reset = layer_reset, .show = layer_show, .forward = layer_forward, .backward = layer_backward, .record = layer_record
LAYER(LayerNorm,
  "m = nn.LayerNorm(normalizedShape, eps, elementwiseAffine)\n\n"
  "Each sample gets mean 0 and variance 1 along its last dimension, of normalizedShape elements, then times weight "
  "plus bias (at first 1 and 0). With several numbers in normalizedShape over as many last dimensions together. As "
  "PyTorch's; eps is 1e-5.\n\n"
  "Example:\n  nn.LayerNorm(2, 0).forward([1 3])\n  ans =\n    -1   1\n\n"
  "See also: nn.layernorm, nn.BatchNormalization, nn.GroupNorm",
  .options = "normalizedShape:v eps_:x=1e-5 affine:b=1", NORM)
LAYER(LayerNormalization,
  "m = nn.LayerNormalization(nOutput, bias, eps, affine)\n\nTorch's name and order of nn.LayerNorm; bias (0) is where "
  "the learned bias starts, eps is 1e-10.\n\n"
  "Example:\n  nn.LayerNormalization(2, 0, 0).forward([1 3])\n  ans =\n    -1   1" SEE,
  .options = "nOutput:v firstBias:x=0 eps_:x=1e-10 affine:b=1", NORM)

/* ---- over groups of channels of one sample */
static void group_init(struct module *m)
{
    bool instance = m->info->no < 4, affine = option_bool(m, m->info->no - 1);
    i64 n = option_int(m, instance ? 0 : 1);
    if (!instance && n % option_int(m, 0))
        fail("Octave:invalid-input-arg",
             "nn.GroupNorm: numChannels must be a multiple of numGroups, but %lld is not one of %lld", (long long)n,
             (long long)option_int(m, 0));
    for (int i = 0; i < 2; i++)
        if (affine)
            nn_param(m, i, 2, (i64[]){ 1, n });
        else
            nn_no_param(m, i);
}
static void group_reset(struct module *m, double stdv)
{
    (void)stdv;
    if (has_param(m, 0))
        nn_fill(PARAM(m, 0), 1);
    if (has_param(m, 1))
        nn_fill(PARAM(m, 1), 0);
}
static void group_show(struct module *m, struct buf *b)
{
    buff(b, "%g", option_num(m, 0));
    if (m->info->no == 4)
        buff(b, ", %g", option_num(m, 1));
}
#define GROUPS(name, channels, groups)                                                                                                                                       \
    "begin s = size(x); if ndims(x) < 3 && s(2) != " channels " || s(2) != " channels ", error('" name " wants N x %d x ... and got %s', " channels ", strjoin(cellfun(@num2str,"    \
    " num2cell(s), 'UniformOutput', false), 'x')), end; z = nn.reshape(x, [s(1), " groups ", numel(x)/max(1, s(1)*" groups ")]); z = z - mean(z, 3); z = z ./ realsqrt(mean(z.^2, 3) + eps_);"    \
    " y = nn.reshape(z, s); if !isempty(weight), c = ones(1, numel(s)); c(2) = s(2); y = y .* reshape(weight, c) + reshape(bias, c); end; return y end"
LAYER(GroupNorm,
      "m = nn.GroupNorm(numGroups, numChannels, eps, affine)\n\n"
      "For N x numChannels x ...: the channels of each sample stand in numGroups groups, and each gets mean 0 and "
      "variance "
      "1 over all its channels and places; then each channel times weight plus bias (at first 1 and 0). As "
      "PyTorch's.\n\n"
      "Example:\n  nn.GroupNorm(1, 2, 0).forward([1 3])\n  ans =\n    -1   1" SEE,
      .options = "numGroups:n numChannels:n eps_:x=1e-5 affine:b=1", .params = "weight bias", .init = group_init,
      .reset = group_reset, .show = group_show,
      .expr = "@(x, weight, bias, numGroups, numChannels, eps_) " GROUPS("nn.GroupNorm", "numChannels", "numGroups"))
LAYER(InstanceNorm,
      "m = nn.InstanceNorm(numFeatures, eps, affine)\n\n"
      "For N x numFeatures x ...: each channel of each sample gets mean 0 and variance 1 over its places; with affine "
      "then "
      "times weight plus bias. As PyTorch's, without running means.\n\n"
      "Example:\n  y = nn.InstanceNorm(1, 0).forward(reshape([1 3], 1, 1, 2)); y(:)'\n  ans =\n    -1   1" SEE,
      .options = "numFeatures:n eps_:x=1e-5 affine:b=0", .params = "weight bias", .init = group_init,
      .reset = group_reset, .show = group_show,
      .expr = "@(x, weight, bias, numFeatures, eps_) " GROUPS("nn.InstanceNorm", "numFeatures", "numFeatures"))
