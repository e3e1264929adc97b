/* SPDX-License-Identifier: BSD-3-Clause */
/* spatial.c: layers over sequences, images and volumes, made of the primitives of conv.c and pool.c.
 *
 * Those that take time are one primitive each (.call); the rest are expressions. */
#include "nn.h"
#include "lab/gpu.h"
#include "lab/index.h"
#include <math.h>

#define SEE "\n\nSee also: nn.SpatialConvolution, nn.SpatialMaxPooling, nn.TemporalConvolution, nn.VolumetricConvolution"
static value row(int n, const double *x)
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, n);
    memcpy(t->data, x, (size_t)n * sizeof *x);
    return tensor_box(t);
}
static value row_of(struct module *m, int n, const int *option)
{
    double x[3];
    for (int i = 0; i < n; i++)
        x[i] = option_num(m, option[i]);
    return row(n, x);
}

/* ---- convolutions: which options are stride, padding, dilation, in the order of places (time, height, width) */
struct conv_options { int places, stride[3], pad[3], dilation[3], groups; const char *shape; };
extern const struct builtin builtin_nn_conv2d, builtin_nn_conv3d;
static const struct conv_options image = { 2, { 5, 4 }, { 7, 6 }, { -1, -1 }, 8, "C x H x W or N x C x H x W" },
    dilated = { 2, { 5, 4 }, { 7, 6 }, { 9, 8 }, 10, "C x H x W or N x C x H x W" },
    volume = { 3, { 5, 7, 6 }, { 8, 10, 9 }, { -1, -1, -1 }, -1, "C x T x H x W or N x C x T x H x W" },
    dilated_volume = { 3, { 5, 7, 6 }, { 8, 10, 9 }, { 11, 13, 12 }, -1, "C x T x H x W or N x C x T x H x W" };

/* How an image of other dimensions becomes one: without channels, or with them last. */
static void image_hint(const struct tensor *t, i64 in, struct buf *b)
{
    const i64 *d = t->dim;
    if (in == 1 && t->nd == 2)
        buff(b, "one image: reshape(x, [1 %lld %lld])", (long long)d[0], (long long)d[1]);
    else if (in == 1 && t->nd == 3)
        buff(b, "images in dimension 1: reshape(x, [%lld 1 %lld %lld]); in dimension 3: permute(x, [3 4 1 2])",
             (long long)d[0], (long long)d[1], (long long)d[2]);
    else if (t->nd == 3 && d[2] == in)
        buff(b, "channels stand last: permute(x, [3 1 2]) puts them first");
    else if (t->nd == 4 && d[3] == in)
        buff(b, "channels stand last: permute(x, [1 4 2 3]) puts them behind the samples");
}

static int convolution(struct module *m, value x, const value *w, const struct builtin **b, value *arg,
                       const struct conv_options *o)
{
    struct layout l;
    struct tensor *t = tensor_any(x);
    i64 in = option_int(m, 0);
    if (!layout_of(t, o->places, in, &l)) {
        char wants[96];
        struct buf *b = buf_new();
        char d[160];
        snprintf(wants, sizeof wants, "%s with C = %lld", o->shape, (long long)in);
        if (o->places == 2)
            image_hint(t, in, b);
        if (!b->n)
            nn_fail_shape(m, wants, x);
        nn_fail(m, "wants %s and got %s (%s)", wants, value_shape(x, d), b->s);
    }
    *b = o->places == 2 ? &builtin_nn_conv2d : &builtin_nn_conv3d;
    arg[0] = x;
    arg[1] = w[0];
    arg[2] = w[1];
    arg[3] = row_of(m, o->places, o->stride);
    arg[4] = row_of(m, o->places, o->pad);
    i64 groups = o->groups < 0 ? 1 : option_int(m, o->groups);
    if (o->dilation[0] < 0 && groups == 1)
        return 5;
    arg[5] = o->dilation[0] < 0 ? num(1) : row_of(m, o->places, o->dilation);
    if (groups == 1)
        return 6;
    arg[6] = num((double)groups);
    return 7;
}
#define CALLS(kind)                                                                                                          \
    static int kind##_call(struct module *m, value x, const value *w, const struct builtin **b, value *arg)                  \
    {                                                                                                                        \
        return convolution(m, x, w, b, arg, &kind);                                                                          \
    }
CALLS(image)
CALLS(dilated)
CALLS(volume)
CALLS(dilated_volume)

static void bias_init(struct module *m, i64 n)
{
    nn_param(m, 1, 2, (i64[]){ 1, n });
    if (!option_bool(m, m->info->no - 1))
        nn_no_param(m, 1);
}
static void image_init(struct module *m)
{
    i64 out = option_int(m, 1), groups = option_int(m, m->info->no - 2);           /* before hasBias */
    if (option_int(m, 0) % groups || out % groups)
        fail("Octave:invalid-input-arg",
             "%s: nInputPlane and nOutputPlane must be multiples of groups, but are %lld and %lld with %lld groups",
             layer_of(m)->class.name, (long long)option_int(m, 0), (long long)out, (long long)groups);
    nn_param(m, 0, 4, (i64[]){ out, option_int(m, 0) / groups, option_int(m, 3), option_int(m, 2) });
    bias_init(m, out);
}
static void volume_init(struct module *m)
{
    i64 out = option_int(m, 1);
    nn_param(m, 0, 5, (i64[]){ out, option_int(m, 0), option_int(m, 2), option_int(m, 4), option_int(m, 3) });
    bias_init(m, out);
}
static void conv_reset(struct module *m, double stdv)         /* the bias in the range of the weight */
{
    struct window *w = PARAM(m, 0).w;
    double s = isnan(stdv) ? 1 / sqrt((double)(w->numel / MAX(1, w->dim[0]))) : stdv * sqrt(3);
    nn_uniform(PARAM(m, 0), -s, s);
    if (has_param(m, 1))
        nn_uniform(PARAM(m, 1), -s, s);
}
static void show_conv(struct module *m, struct buf *b)
{
    buff(b, "%g -> %g, %gx%g", option_num(m, 0), option_num(m, 1), option_num(m, 2), option_num(m, 3));
    if (option_num(m, 4) != 1 || option_num(m, 5) != 1 || option_num(m, 6) != 0 || option_num(m, 7) != 0)
        buff(b, ", %g,%g", option_num(m, 4), option_num(m, 5));
    if (option_num(m, 6) != 0 || option_num(m, 7) != 0)
        buff(b, ", %g,%g", option_num(m, 6), option_num(m, 7));
    if (!has_param(m, 1))
        buff(b, " without bias");
}
static bool no_bias(struct module *m, const char *name, struct call *c)
{
    if (strcmp(name, "noBias"))
        return false;
    nn_no_param(m, 1);
    replace(&OPTION(m, m->info->no - 1), num(0));             /* hasBias, the last of them all */
    result(c, 0, c->arg[0]);
    return true;
}
#define WITH_BIAS " hasBias:b=1"
#define IMAGE_OPTIONS "nInputPlane:n nOutputPlane:n kW:n kH:n dW:n=1 dH:n=1 padW:k=0 padH:k=padW"
#define CONV .params = "weight bias", .reset = conv_reset, .method = no_bias, .methods = "noBias"
#define IMAGE_TEXT                                                                                                                                       \
    "Cross-correlation of images, C x H x W or N x C x H x W, with nOutputPlane kernels of kH x kW for all nInputPlane channels; steps dW, dH, zeros padW, padH at "   \
    "each side. weight is nOutputPlane x nInputPlane x kH x kW, bias 1 x nOutputPlane, both uniform in ±1/sqrt(kW*kH*nInputPlane) at first; bias=false leaves the bias out, as does m.noBias()."
LAYER(SpatialConvolution,
  "m = nn.SpatialConvolution(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH, groups, bias)\n\n" IMAGE_TEXT
  " With groups (1) the outputs of each group see the channels of theirs only, and weight is nOutputPlane x nInputPlane/groups x kH x kW." "\n\n"
  "Example:\n  size(nn.SpatialConvolution(3, 8, 5, 5).forward(ones(3, 32, 32)))\n  ans =\n      8   28   28" SEE,
  .places = 2, .options = IMAGE_OPTIONS " groups:n=1" WITH_BIAS, CONV, .init = image_init, .call = image_call, .show = show_conv)
LAYER(SpatialConvolutionMM,
  "m = nn.SpatialConvolutionMM(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH, groups, bias)\n\nAs "
  "nn.SpatialConvolution.\n\n"
  "Example:\n  size(nn.SpatialConvolutionMM(3, 8, 5, 5).forward(ones(3, 32, 32)))\n  ans =\n      8   28   28" SEE,
  .places = 2, .options = IMAGE_OPTIONS " groups:n=1" WITH_BIAS, CONV, .init = image_init, .call = image_call, .show = show_conv)
LAYER(SpatialDilatedConvolution,
      "m = nn.SpatialDilatedConvolution(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH, dilationW, dilationH, "
      "groups, bias)\n\n"
      "nn.SpatialConvolution with kernels whose elements stand dilationW, dilationH places apart.\n\n"
      "Example:\n  size(nn.SpatialDilatedConvolution(1, 2, 3, 3, 1, 1, 0, 0, 2, 2).forward(ones(1, 9, 9)))\n  ans =\n  "
      "   2   5   5" SEE,
      .places = 2, .options = IMAGE_OPTIONS " dilationW:n=1 dilationH:n=dilationW groups:n=1" WITH_BIAS, CONV, .init = image_init,
      .call = dilated_call, .show = show_conv)
#define VOLUME_OPTIONS "nInputPlane:n nOutputPlane:n kT:n kW:n kH:n dT:n=1 dW:n=1 dH:n=1 padT:k=0 padW:k=0 padH:k=0"
LAYER(VolumetricConvolution,
  "m = nn.VolumetricConvolution(nInputPlane, nOutputPlane, kT, kW, kH, dT, dW, dH, padT, padW, padH, bias)\n\n"
  "Cross-correlation of volumes, C x T x H x W or N x C x T x H x W. weight is nOutputPlane x nInputPlane x kT x kH x kW.\n\n"
  "Example:\n  size(nn.VolumetricConvolution(1, 2, 2, 3, 3).forward(ones(1, 4, 5, 5)))\n  ans =\n     2   3   3   3" SEE,
  .places = 3, .options = VOLUME_OPTIONS WITH_BIAS, CONV, .init = volume_init, .call = volume_call, .show = nn_show_options)
LAYER(VolumetricDilatedConvolution,
      "m = nn.VolumetricDilatedConvolution(nInputPlane, nOutputPlane, kT, kW, kH, dT, dW, dH, padT, padW, padH, "
      "dilationT, "
      "dilationW, dilationH, bias)\n\n"
      "nn.VolumetricConvolution with kernels whose elements stand apart.\n\n"
      "Example:\n  size(nn.VolumetricDilatedConvolution(1, 2, 2, 2, 2, 1, 1, 1, 0, 0, 0, 2, 2, 2).forward(ones(1, 4, "
      "5, 5)))\n  ans =\n     2   2   3   3" SEE,
      .places = 3, .options = VOLUME_OPTIONS " dilationT:n=1 dilationW:n=1 dilationH:n=1" WITH_BIAS, CONV, .init = volume_init,
      .call = dilated_volume_call, .show = nn_show_options)

static void full_init(struct module *m)
{
    nn_param(m, 0, 4, (i64[]){ option_int(m, 0), option_int(m, 1), option_int(m, 3), option_int(m, 2) });
    bias_init(m, option_int(m, 1));
}
static void full_volume_init(struct module *m)
{
    nn_param(m, 0, 5, (i64[]){ option_int(m, 0), option_int(m, 1), option_int(m, 2), option_int(m, 4), option_int(m, 3) });
    bias_init(m, option_int(m, 1));
}
static void full_reset(struct module *m, double stdv)         /* Torch: by kernel and input planes */
{
    struct window *w = PARAM(m, 0).w;
    double s = isnan(stdv) ? 1 / sqrt((double)(w->numel / MAX(1, w->dim[1]))) : stdv * sqrt(3);
    nn_uniform(PARAM(m, 0), -s, s);
    if (has_param(m, 1))
        nn_uniform(PARAM(m, 1), -s, s);
}
LAYER(SpatialFullConvolution,
      "m = nn.SpatialFullConvolution(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH, adjW, adjH, bias)\n\n"
      "The transpose of nn.SpatialConvolution: an image of (W-1)*dW - 2*padW + kW + adjW columns. weight is "
      "nInputPlane x "
      "nOutputPlane x kH x kW. The input {x, like} takes the size of the tensor like.\n\n"
      "Example:\n  size(nn.SpatialFullConvolution(1, 2, 3, 3, 2, 2).forward(ones(1, 4, 4)))\n  ans =\n     2   9   "
      "9" SEE,
      .places = 2, .wants = "nInputPlane x H x W or N x nInputPlane x H x W or {x, size}",
      .options = IMAGE_OPTIONS " adjW:k=0 adjH:k=0" WITH_BIAS, .params = "weight bias", .init = full_init, .reset = full_reset,
      .method = no_bias, .methods = "noBias", .show = show_conv, .table = true,
      .expr = "@(x, weight, bias, nOutputPlane, kW, kH, dW, dH, padW, padH, adjW, adjH) begin"
              " if !iscell(x), return nn.convtranspose2d(x, weight, bias, [dH dW], [padH padW], [adjH adjW]), end;"
              " like = size(x{2}); x = x{1}; z = [nOutputPlane like(end-1:end)]; if ndims(x) > 3, z = [size(x, 1) z]; end;"
              " y = nn.conv2d_input(x, weight, z, [dH dW], [padH padW]);"
              " if !isempty(bias), y = y + nn.channelspread(bias, z); end; return y end")
LAYER(VolumetricFullConvolution,
      "m = nn.VolumetricFullConvolution(nInputPlane, nOutputPlane, kT, kW, kH, dT, dW, dH, padT, padW, padH, adjT, "
      "adjW, "
      "adjH, bias)\n\n"
      "The transpose of nn.VolumetricConvolution. weight is nInputPlane x nOutputPlane x kT x kH x kW.\n\n"
      "Example:\n  size(nn.VolumetricFullConvolution(1, 2, 2, 2, 2).forward(ones(1, 3, 3, 3)))\n  ans =\n     2   4   "
      "4   4" SEE,
      .places = 3, .wants = "nInputPlane x T x H x W or N x nInputPlane x T x H x W",
      .options = VOLUME_OPTIONS " adjT:k=0 adjW:k=0 adjH:k=0" WITH_BIAS, .params = "weight bias", .init = full_volume_init,
      .reset = full_reset, .method = no_bias, .methods = "noBias", .show = nn_show_options,
      .expr = "@(x, weight, bias, kT, kW, kH, dT, dW, dH, padT, padW, padH, adjT, adjW, adjH) nn.convtranspose3d(x, weight, "
              "bias, [dT dH dW], [padT padH padW], [adjT adjH adjW])")

/* One kernel for each pair of input channel and output, nothing added up over channels. */
static void depthwise_init(struct module *m)
{
    nn_param(m, 0, 4, (i64[]){ option_int(m, 1), option_int(m, 0), option_int(m, 3), option_int(m, 2) });
    nn_param(m, 1, 2, (i64[]){ option_int(m, 1), option_int(m, 0) });
    if (!option_bool(m, m->info->no - 1))
        nn_no_param(m, 1);
}
LAYER(SpatialDepthWiseConvolution,
      "m = nn.SpatialDepthWiseConvolution(nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH, bias)\n\n"
      "Each channel is convolved with nOutputPlane kernels of its own: nInputPlane*nOutputPlane maps, those of the "
      "first "
      "channel first. weight is nOutputPlane x nInputPlane x kH x kW, bias nOutputPlane x nInputPlane.\n\n"
      "Example:\n  size(nn.SpatialDepthWiseConvolution(2, 3, 3, 3).forward(ones(2, 5, 5)))\n  ans =\n     6   3   "
      "3" SEE,
      .places = 2, .wants = "nInputPlane x H x W or N x nInputPlane x H x W", .options = IMAGE_OPTIONS WITH_BIAS, CONV, .init = depthwise_init,
      .show = show_conv,
      .expr = "@(x, weight, bias, nInputPlane, nOutputPlane, kW, kH, dW, dH, padW, padH) begin w = reshape(weight, "
              "[nOutputPlane*nInputPlane 1 kH kW]); b = bias; if !isempty(b), b = reshape(b, 1, []); end;"
              " return nn.conv2d(x, w, b, [dH dW], [padH padW], 1, nInputPlane) end")

static void temporal_init(struct module *m)
{
    nn_param(m, 0, 2, (i64[]){ option_int(m, 1), option_int(m, 0) * option_int(m, 2) });
    bias_init(m, option_int(m, 1));
}
LAYER(TemporalConvolution,
      "m = nn.TemporalConvolution(inputFrameSize, outputFrameSize, kW, dW, bias)\n\n"
      "Convolution of sequences, T x F or N x T x F, along time: each output frame is weight (outputFrameSize x "
      "kW*inputFrameSize) times kW frames, plus bias.\n\n"
      "Example:\n  size(nn.TemporalConvolution(4, 6, 3).forward(ones(10, 4)))\n  ans =\n     8   6" SEE,
      .wants = "T x inputFrameSize or N x T x inputFrameSize",
      .options = "inputFrameSize:n outputFrameSize:n kW:n dW:n=1" WITH_BIAS, CONV, .init = temporal_init, .show = nn_show_options,
      .expr = "@(x, weight, bias, inputFrameSize, outputFrameSize, kW, dW) begin s = size(x); F = inputFrameSize; if "
              "s(end) != F && F > 1, error('nn.TemporalConvolution wants T x %d or N x T x %d and got %s', F, F, "
              "mat2str(s)), end;"
              " if F > 1, return nn.conv1d(x, weight, bias, dW), end; b = numel(x) != s(1) * F; if !b, n = 1; t = "
              "s(1); "
              "else, n = s(1); t = s(2); end; if t < kW, error('nn.TemporalConvolution wants at least %d frames and "
              "got "
              "%d', kW, t), end; z = permute(reshape(x, [n t 1 F]), [1 4 3 2]); w = permute(reshape(weight, "
              "[outputFrameSize F 1 kW]), [1 2 3 4]); y = nn.conv2d(z, w, bias, [1 dW]); k = floor((t - kW) / dW) + 1; "
              "y = "
              "permute(reshape(y, [n outputFrameSize 1 k]), [1 4 2 3]); if b, return reshape(y, [n k "
              "outputFrameSize]), "
              "end; return reshape(y, [k outputFrameSize]) end")

/* ---- pooling */
extern const struct builtin builtin_nn_maxpool2d, builtin_nn_maxpool3d;
static int pooling(struct module *m, value x, const struct builtin **b, value *arg, int places, const int *kernel,
                   const int *stride, const int *pad, const int *dilation, int ceil_at)
{
    char wants[96];
    *b = places == 2 ? &builtin_nn_maxpool2d : &builtin_nn_maxpool3d;
    if (!layout_of(tensor_any(x), places, -1, &m->pooled)) {
        snprintf(wants, sizeof wants, "%s", places == 2 ? image.shape : volume.shape);
        nn_fail_shape(m, wants, x);
    }
    arg[0] = x;
    arg[1] = row_of(m, places, kernel);
    arg[2] = row_of(m, places, stride);
    arg[3] = row_of(m, places, pad);
    arg[4] = dilation ? row_of(m, places, dilation) : num(1);
    arg[5] = boolean(STATE(m, ceil_at).num != 0);
    return 6;
}
static int image_pool(struct module *m, value x, const value *w, const struct builtin **b, value *arg)
{
    (void)w;
    return pooling(m, x, b, arg, 2, (int[]){ 1, 0 }, (int[]){ 3, 2 }, (int[]){ 5, 4 },
                   m->info->no > 6 ? (int[]){ 7, 6 } : NULL, 0);
}
static int volume_pool(struct module *m, value x, const value *w, const struct builtin **b, value *arg)
{
    (void)w;
    return pooling(m, x, b, arg, 3, (int[]){ 0, 2, 1 }, (int[]){ 3, 5, 4 }, (int[]){ 6, 8, 7 },
                   m->info->no > 9 ? (int[]){ 9, 11, 10 } : NULL, 0);
}
static void pool_init(struct module *m) { replace(&STATE(m, 0), num(0)); }
static bool pool_method(struct module *m, const char *name, struct call *c)
{
    if (!strcmp(name, "ceil") || !strcmp(name, "floor"))
        replace(&STATE(m, 0), num(name[0] == 'c'));
    else if (m->info->ns > 1 && (!strcmp(name, "setCountIncludePad") || !strcmp(name, "setCountExcludePad")))
        replace(&STATE(m, 1), num(name[8] == 'I'));
    else
        return false;
    result(c, 0, c->arg[0]);
    return true;
}
#define POOL .state = "ceil_mode", .init = pool_init, .method = pool_method, .methods = "ceil floor", .results = 2, .again = true, .show = nn_show_options
LAYER(SpatialMaxPooling,
  "m = nn.SpatialMaxPooling(kW, kH, dW, dH, padW, padH)\n\n"
  "The largest value of every kH x kW window, windows dW, dH apart (kW, kH). m.ceil() counts windows that reach beyond "
  "the edge as well, m.floor() does not.\n\n"
  "Example:\n  size(nn.SpatialMaxPooling(2, 2).forward(ones(3, 8, 8)))\n  ans =\n     3   4   4" SEE,
  .places = 2, .options = "kW:n kH:n dW:n=kW dH:n=kH padW:k=0 padH:k=0", POOL, .call = image_pool)
LAYER(SpatialDilatedMaxPooling,
  "m = nn.SpatialDilatedMaxPooling(kW, kH, dW, dH, padW, padH, dilationW, dilationH)\n\n"
  "nn.SpatialMaxPooling over windows whose places stand apart.\n\n"
  "Example:\n  size(nn.SpatialDilatedMaxPooling(2, 2, 1, 1, 0, 0, 2, 2).forward(ones(3, 8, 8)))\n  ans =\n     3   6   6" SEE,
  .places = 2, .options = "kW:n kH:n dW:n=kW dH:n=kH padW:k=0 padH:k=0 dilationW:n=1 dilationH:n=1", POOL, .call = image_pool)
LAYER(VolumetricMaxPooling,
  "m = nn.VolumetricMaxPooling(kT, kW, kH, dT, dW, dH, padT, padW, padH)\n\nThe largest value of every window of volumes.\n\n"
  "Example:\n  size(nn.VolumetricMaxPooling(2, 2, 2).forward(ones(1, 4, 4, 4)))\n  ans =\n     1   2   2   2" SEE,
  .places = 3, .options = "kT:n kW:n kH:n dT:n=kT dW:n=kW dH:n=kH padT:k=0 padW:k=0 padH:k=0", POOL, .call = volume_pool)
LAYER(VolumetricDilatedMaxPooling,
      "m = nn.VolumetricDilatedMaxPooling(kT, kW, kH, dT, dW, dH, padT, padW, padH, dilationT, dilationW, "
      "dilationH)\n\nnn.VolumetricMaxPooling over windows whose places stand apart.\n\n"
      "Example:\n  size(nn.VolumetricDilatedMaxPooling(2, 2, 2, 1, 1, 1, 0, 0, 0, 2, 2, 2).forward(ones(1, 4, 4, "
      "4)))\n  ans =\n     1   2   2   2" SEE,
      .places = 3, .options = "kT:n kW:n kH:n dT:n=kT dW:n=kW dH:n=kH padT:k=0 padW:k=0 padH:k=0 dilationT:n=1 dilationW:n=1 "
                 "dilationH:n=1",
      POOL, .call = volume_pool)
LAYER(TemporalMaxPooling,
      "m = nn.TemporalMaxPooling(kW, dW)\n\nThe largest of kW frames, dW (kW) apart, for each feature of T x F or N x "
      "T x F.\n\n"
      "Example:\n  nn.TemporalMaxPooling(2).forward([1; 5; 2; 3])\n  ans =\n     5\n     3" SEE,
      .wants = "T x F or N x T x F", .options = "kW:n dW:n=kW", .show = nn_show_options,
      .expr = "@(x, kW, dW) begin s = size(x); b = numel(s) > 2; if !b, s = [1 s]; end; if s(2) < kW, "
              "error('nn.TemporalMaxPooling wants at least %d frames and got %d', kW, s(2)), end;"
              " z = permute(reshape(x, [s(1) s(2) 1 s(3)]), [1 4 3 2]); y = nn.maxpool2d(z, [1 kW], [1 dW]); k = "
              "floor((s(2) - kW) / dW) + 1; y = permute(reshape(y, [s(1) s(3) k]), [1 3 2]); if !b, y = reshape(y, [k "
              "s(3)]); end; return y end")
static void average_init(struct module *m)
{
    replace(&STATE(m, 0), num(0));
    replace(&STATE(m, 1), num(1));
}
LAYER(SpatialAveragePooling,
      "m = nn.SpatialAveragePooling(kW, kH, dW, dH, padW, padH)\n\n"
      "The mean of every kH x kW window, windows dW, dH apart (1). Zeros of the padding count, unless "
      "m.setCountExcludePad(); m.ceil() counts windows that reach beyond the edge.\n\n"
      "Example:\n  nn.SpatialAveragePooling(2, 2, 2, 2).forward(reshape(1:4, 1, 2, 2))\n  ans = 2.5000" SEE,
      .places = 2, .options = "kW:n kH:n dW:n=1 dH:n=1 padW:k=0 padH:k=0", .state = "ceil_mode count_include_pad",
      .init = average_init, .method = pool_method, .methods = "ceil floor setCountIncludePad setCountExcludePad",
      .again = true, .show = nn_show_options,
      .expr = "@(x, kW, kH, dW, dH, padW, padH, ceil_mode, count_include_pad) nn.avgpool2d(x, [kH kW], [dH dW], [padH "
              "padW], ceil_mode, count_include_pad)")

#define BINS(id, op, text)                                                                                                                               \
  LAYER(id, "m = nn." #id "(W, H)\n\n" text " of W x H bins over the image, whatever its size: bins go from floor(j*w/W) to ceil((j+1)*w/W).\n\nExample:\n  "  \
    "size(nn." #id "(2, 3).forward(ones(4, 9, 9)))\n  ans =\n     4   3   2" SEE, .places = 2, .options = "W:n H:n=W", .show = nn_show_options,                      \
    .expr = "@(x, W, H) nn." #op "(x, [H W])")
#define LAYER_BINS BINS
LAYER_BINS(SpatialAdaptiveMaxPooling, adaptivemaxpool2d, "The largest values")
LAYER_BINS(SpatialAdaptiveAveragePooling, adaptiveavgpool2d, "The means")
LAYER_BINS(AdaptiveAveragePooling, adaptiveavgpool2d, "The means")

static void sub_init(struct module *m)
{
    nn_param(m, 0, 2, (i64[]){ 1, option_int(m, 0) });
    nn_param(m, 1, 2, (i64[]){ 1, option_int(m, 0) });
}
static void sub_reset(struct module *m, double stdv)
{
    double s = isnan(stdv) ? 1 / sqrt(option_num(m, 1) * (m->info->no > 3 ? option_num(m, 2) : 1)) : stdv * sqrt(3);
    nn_uniform(PARAM(m, 0), -s, s);
    nn_uniform(PARAM(m, 1), -s, s);
}
LAYER(SpatialSubSampling,
      "m = nn.SpatialSubSampling(nInputPlane, kW, kH, dW, dH)\n\nSums over kH x kW windows, times one learned weight "
      "for "
      "each channel, plus a bias.\n\n"
      "Example:\n  size(nn.SpatialSubSampling(3, 2, 2, 2, 2).forward(ones(3, 8, 8)))\n  ans =\n     3   4   4" SEE,
      .places = 2, .wants = "nInputPlane x H x W or N x nInputPlane x H x W", .options = "nInputPlane:n kW:n kH:n dW:n=1 dH:n=1",
      .params = "weight bias", .init = sub_init, .reset = sub_reset, .show = nn_show_options,
      .expr = "@(x, weight, bias, nInputPlane, kW, kH, dW, dH) nn.conv2d(x, repmat(reshape(weight, [nInputPlane 1]), "
              "[1 1 kH kW]), bias, [dH dW], 0, 1, nInputPlane)")
LAYER(TemporalSubSampling,
      "m = nn.TemporalSubSampling(inputFrameSize, kW, dW)\n\nSums of kW frames, dW apart, times one learned weight for "
      "each feature, plus a bias.\n\n"
      "Example:\n  size(nn.TemporalSubSampling(3, 2, 2).forward(ones(8, 3)))\n  ans =\n     4   3" SEE,
      .wants = "T x inputFrameSize or N x T x inputFrameSize", .options = "inputFrameSize:n kW:n dW:n=1",
      .params = "weight bias", .init = sub_init, .reset = sub_reset, .show = nn_show_options,
      .expr = "@(x, weight, bias, kW, dW) begin d = ndims(x) - 1; n = floor((size(x, d) - kW) / dW) + 1; if n < 1, "
              "error('nn.TemporalSubSampling wants at least %d frames and got %d', kW, size(x, d)), end; y = 0;"
              " for k = 1:kW, i = k + (0:n-1)*dW; if d == 1, y = y + x(i, :); else, y = y + x(:, i, :); end, end; if d "
              "== "
              "1, return y .* weight + bias, end; return y .* reshape(weight, 1, 1, []) + reshape(bias, 1, 1, []) end")
LAYER(SpatialLPPooling,
      "m = nn.SpatialLPPooling(nInputPlane, pnorm, kW, kH, dW, dH)\n\nThe p-norm of every kH x kW window.\n\n"
      "Example:\n  nn.SpatialLPPooling(1, 2, 2, 1).forward(reshape([3 4], 1, 1, 2))\n  ans = 5" SEE,
      .places = 2, .wants = "nInputPlane x H x W or N x nInputPlane x H x W",
      .options = "nInputPlane:n pnorm:x kW:n kH:n dW:n=kW dH:n=kH", .show = nn_show_options,
      .expr = "@(x, nInputPlane, pnorm, kW, kH, dW, dH) realpow(kW*kH*nn.avgpool2d(realpow(abs(x), pnorm), [kH kW], "
              "[dH dW]), 1/pnorm)")

/* ---- edges and sizes */
#define PADDING(id, mode, text, example, out)                                                                                                  \
  LAYER(id, "m = nn." #id "(padLeft, padRight, padTop, padBottom)\n\n" text " The others are padLeft by default.\n\nExample:\n  " example "\n  ans =\n" out SEE, \
    .places = 2, .options = "padLeft:z padRight:z=padLeft padTop:z=padLeft padBottom:z=padLeft", .show = nn_show_options,                                      \
    .expr = "@(x, padLeft, padRight, padTop, padBottom) nn.pad2d(x, [padLeft padRight padTop padBottom], '" #mode "')")
#define LAYER_PADDING PADDING
LAYER_PADDING(SpatialZeroPadding, zero, "Zeros around images; negative numbers cut.", "size(nn.SpatialZeroPadding(1, 2, 0, -1).forward(ones(1, 4, 4)))", "     1   3   7")
LAYER_PADDING(SpatialReflectionPadding, reflect, "Images with their edges mirrored.",
  "squeeze(nn.SpatialReflectionPadding(1, 1, 0, 0).forward(reshape([1 2 3], 1, 1, 3)))'", "     2   1   2   3   2")
LAYER_PADDING(SpatialReplicationPadding, replicate, "Images with their edges repeated.",
  "squeeze(nn.SpatialReplicationPadding(1, 1, 0, 0).forward(reshape([1 2 3], 1, 1, 3)))'", "     1   1   2   3   3")
LAYER(VolumetricReplicationPadding,
      "m = nn.VolumetricReplicationPadding(padLeft, padRight, padTop, padBottom, padFront, padBack)\n\nVolumes with "
      "their "
      "edges repeated.\n\n"
      "Example:\n  size(nn.VolumetricReplicationPadding(1).forward(ones(1, 2, 3, 4)))\n  ans =\n     1   4   5   6" SEE,
      .places = 3, .options = "padLeft:k padRight:k=padLeft padTop:k=padLeft padBottom:k=padLeft padFront:k=padLeft "
                 "padBack:k=padLeft",
      .show = nn_show_options,
      .expr = "@(x, padLeft, padRight, padTop, padBottom, padFront, padBack) nn.pad3d(x, [padLeft padRight padTop "
              "padBottom padFront padBack], 'replicate')")
LAYER(SpatialUpSamplingNearest,
  "m = nn.SpatialUpSamplingNearest(scale)\n\nEvery element of images scale x scale times.\n\nExample:\n  size(nn.SpatialUpSamplingNearest(2).forward(ones(3, 4, 5)))\n  ans =\n      3    8   10" SEE,
  .places = 2, .options = "scale:n", .show = nn_show_options,
  .expr = "@(x, scale) nn.upsample2d(x, scale)")
LAYER(SpatialUpSamplingBilinear,
      "m = nn.SpatialUpSamplingBilinear(scale, alignCorners)\n\nImages of (H-1)*(scale-1) + H rows, interpolated "
      "linearly, "
      "corners on corners; scale may be {width, height} of the result. With alignCorners=false H*scale rows, edges on "
      "edges.\n\n"
      "Example:\n  squeeze(nn.SpatialUpSamplingBilinear({3, 1}).forward(reshape([1 3], 1, 1, 2)))'\n  ans =\n     1   "
      "2   3" SEE,
      .places = 2, .options = "scale:v alignCorners:b=1",
      .expr = "@(x, scale, alignCorners) begin n = max(ndims(x), 3); H = size(x, n-1); W = size(x, n); if "
              "iscell(scale), s = [scale{2} scale{1}]; elseif alignCorners, s = ([H W] - 1)*(scale - 1) + [H W];"
              " else, s = [H W] * scale; end; return nn.upsample2d(x, s, 'bilinear', alignCorners != 0) end")
LAYER(SpatialCrossMapLRN,
      "m = nn.SpatialCrossMapLRN(size, alpha, beta, k)\n\nx ./ (k + alpha/size * sum of x.^2 over size neighbouring "
      "channels).^beta; of an even size the channel more stands before, as in PyTorch.\n\n"
      "Example:\n  nn.SpatialCrossMapLRN(1, 1, 0.5, 0).forward(reshape([3 4], 1, 1, 2))\n  ans =\n\n  ans(:,:,1) = 1\n "
      " ans(:,:,2) = 1\n" SEE,
      .places = 2, .wants = "C x H x W or N x C x H x W", .options = "size_:n alpha:x=1e-4 beta:x=0.75 k:x=1",
      .show = nn_show_options,
      .expr = "@(x, size_, alpha, beta, k) begin b = ndims(x) > 3; s = size(x); if !b, s = [1 s 1]; end; s = [s 1 1]; "
              "s = s(1:4); x = reshape(x, s); c = s(2); q = x.^2; z = 0; h = floor(size_ / 2);"
              " for d = -h:size_-1-h, i = max(1, 1+d):min(c, c+d); z = z + cat(2, zeros([s(1) max(0, -d) s(3) "
              "s(4)])(:, "
              "1:min(end, c), :, :), q(:, i, :, :), zeros([s(1) max(0, d) s(3) s(4)])(:, 1:min(end, c), :, :)); end; y "
              "= x "
              "./ realpow(k + alpha / size_ * z, beta); if !b, y = reshape(y, s(2:4)); end; return y end")

/* ---- local means and deviations */
#define SMOOTH " b = ndims(x) > 3; s = size(x); if !b, s = [1 s 1]; end; s = [s 1 1]; s = s(1:4); x = reshape(x, s); k = kernel; if isempty(k), k = ones(9, 9); end; if isvector(k), k = k(:) * k(:)'; end;" \
    " n = nInputPlane; k = k / (sum(k(:)) * n); [kh, kw] = size(k); p = [floor(kh/2) floor(kw/2)]; K = repmat(reshape(k, [1 1 kh kw]), [1 n 1 1]); C = nn.conv2d(ones([1 n s(3) s(4)]), K, [], 1, p);" \
    " avg = @(q) nn.conv2d(q, K, [], 1, p) ./ C;"
#define BACK " if !b, y = reshape(y, s(2:4)); end; return y end"
#define DIVIDE " d = sqrt(avg(x.^2)); md = mean(mean(d, 3), 4); d = max(d, md + zeros(size(d))); v = thresval; if isempty(v), v = threshold; end; d = d .* (d > threshold) + v * (d <= threshold); y = x ./ d;"
#define NORM_EXAMPLE(id) "\n\nExample:\n  size(nn." #id "(2, ones(3, 3)).forward(ones(2, 6, 6)))\n  ans =\n     2   6   6" SEE
LAYER(SpatialSubtractiveNormalization,
      "m = nn.SpatialSubtractiveNormalization(nInputPlane, kernel)\n\nImages less their local mean over all channels, "
      "weighted by the kernel (9 x 9 ones; a vector is separable); at the edges over what "
      "there is." NORM_EXAMPLE(SpatialSubtractiveNormalization),
      .places = 2, .wants = "nInputPlane x H x W or N x nInputPlane x H x W",
      .options = "nInputPlane:n=1 kernel:v=", .show = nn_show_options,
      .expr = "@(x, nInputPlane, kernel) begin" SMOOTH " y = x - avg(x);" BACK)
LAYER(SpatialDivisiveNormalization,
      "m = nn.SpatialDivisiveNormalization(nInputPlane, kernel, threshold, thresval)\n\nImages divided by their local "
      "deviation over all channels, at least its mean over the image; values up to threshold (1e-4) "
      "become thresval." NORM_EXAMPLE(SpatialDivisiveNormalization),
      .places = 2, .wants = "nInputPlane x H x W or N x nInputPlane x H x W",
      .options = "nInputPlane:n=1 kernel:v= threshold:x=1e-4 thresval:x=", .show = nn_show_options,
      .expr = "@(x, nInputPlane, kernel, threshold, thresval) begin" SMOOTH DIVIDE BACK)
LAYER(SpatialContrastiveNormalization,
      "m = nn.SpatialContrastiveNormalization(nInputPlane, kernel, threshold, "
      "thresval)\n\nnn.SpatialSubtractiveNormalization, then nn.SpatialDivisiveNormalization." NORM_EXAMPLE(
          SpatialContrastiveNormalization),
      .places = 2, .wants = "nInputPlane x H x W or N x nInputPlane x H x W",
      .options = "nInputPlane:n=1 kernel:v= threshold:x=1e-4 thresval:x=", .show = nn_show_options,
      .expr = "@(x, nInputPlane, kernel, threshold, thresval) begin" SMOOTH " x = x - avg(x);" DIVIDE BACK)

/* ---- lookup */
enum { N_INDEX, N_OUT, PADDING_VALUE, MAX_NORM, NORM_TYPE, BY_FREQUENCY };
static void lookup_init(struct module *m) { nn_param(m, 0, 2, (i64[]){ option_int(m, N_INDEX), option_int(m, N_OUT) }); }
static void lookup_reset(struct module *m, double stdv) { nn_normal(PARAM(m, 0), 0, isnan(stdv) ? 1 : stdv); }
static value lookup_forward(struct module *m, value x);
static value lookup_backward(struct module *m, value x, value g, int want, double scale);
static value lookup_record(struct module *m, value x, const value *w);
static bool lookup_method(struct module *m, const char *name, struct call *c)
{
    if (strcmp(name, "scaleGradByFreq"))
        return false;
    replace(&OPTION(m, BY_FREQUENCY), num(1));
    result(c, 0, c->arg[0]);
    return true;
}
#define LOOKUP                                                                                                                                   \
    .options = "nIndex:n nOutput:n paddingValue:k=0 maxNorm:x= normType:x=2 shouldScaleGradByFreq:b=0", .params = "weight", .init = lookup_init, .reset = lookup_reset, \
    .method = lookup_method, .methods = "scaleGradByFreq",                                                                                       \
    .forward = lookup_forward, .backward = lookup_backward, .record = lookup_record, .show = nn_show_options
LAYER(LookupTable,
  "m = nn.LookupTable(nIndex, nOutput, paddingValue, maxNorm, normType, shouldScaleGradByFreq)\n\n"
  "Rows of weight (nIndex x nOutput, N(0, 1) at first) for indices: a row of T gives T x nOutput, N x T gives N x T x "
  "nOutput. The row paddingValue gets no gradient; with maxNorm rows that are used are scaled down to that "
  "normType-norm. After m.scaleGradByFreq() the gradient of a row is divided by how often it is used.\n\n"
  "Example:\n  m = nn.LookupTable(3, 2); m.weight = [1 2; 3 4; 5 6]; m.forward([3 1])\n  ans =\n     5   6\n     1   2\n\nSee also: nn.Embedding, nn.OneHot, nn.embedding, nn.LSTM", LOOKUP)
LAYER(Embedding,
  "m = nn.Embedding(nIndex, nOutput, paddingValue, maxNorm, normType, shouldScaleGradByFreq)\n\nnn.LookupTable by "
  "PyTorch's name: a learned row of nOutput numbers for each of nIndex indices.\n\n"
  "Example:\n  size(nn.Embedding(10, 4).forward([3 1 7]))\n  ans =\n     3   4\n\nSee also: nn.LookupTable, nn.OneHot, nn.embedding, nn.LSTM", LOOKUP)

static i64 *lookup_rows(struct module *m, value x, i64 *n, i64 *dim, int *nd)
{
    if (!is_tensor_like(x) || dtype_is(value_dtype(x), DT_C | DT_T))
        nn_fail_shape(m, "indices", x);
    struct tensor *t = rows_of(tensor_cast(tensor_of(gpu_read_value(x, "indices")), D_DOUBLE));
    i64 *at = scratch(sizeof *at * (size_t)MAX(1, t->numel));
    for (i64 i = 0; i < t->numel; i++) {
        double k = ((double *)t->data)[i];
        if (!(k >= 1 && k <= option_num(m, N_INDEX)) || k != floor(k))
            nn_fail(m, "an index must be an integer from 1 to %g, but number %lld is %g", option_num(m, N_INDEX),
                    (long long)i + 1, k);
        at[i] = (i64)k - 1;
    }
    *n = t->numel;
    *nd = 0;
    if (t->nd == 2 && (t->dim[0] == 1 || t->dim[1] == 1))
        dim[(*nd)++] = t->numel;
    else
        for (int d = 0; d < t->nd; d++)
            dim[(*nd)++] = t->dim[d];
    dim[(*nd)++] = option_int(m, N_OUT);
    return at;
}
static void renormalise(struct module *m, const i64 *at, i64 n)
{
    double most = option_num(m, MAX_NORM), p = option_num(m, NORM_TYPE);
    i64 k = option_int(m, N_OUT);
    struct window *w = PARAM(m, 0).w;
    own_block(w->base);
    w->base->version++;
    for (i64 i = 0; i < n; i++) {
        double s = 0;
        for (i64 j = 0; j < k; j++)
            s += pow(fabs(w->base->dtype == D_SINGLE ? ((float *)window_data(w))[at[i] * k + j]
                                                     : ((double *)window_data(w))[at[i] * k + j]),
                     p);
        s = pow(s, 1 / p);
        if (s <= most)
            continue;
        for (i64 j = 0; j < k; j++)
            if (w->base->dtype == D_SINGLE)
                ((float *)window_data(w))[at[i] * k + j] *= (float)(most / (s + 1e-7));
            else
                ((double *)window_data(w))[at[i] * k + j] *= most / (s + 1e-7);
    }
}
static value lookup_forward(struct module *m, value x)
{
    i64 n, dim[MAX_DIMS], *at;
    int nd;
    at = lookup_rows(m, x, &n, dim, &nd);
    if (value_numel(OPTION(m, MAX_NORM)))
        renormalise(m, at, n);
    struct tensor *y = nn_buffer(&m->output, nn_dtype(m), nd, dim);
    size_t bytes = (size_t)dim[nd - 1] * dtypes[y->dtype].size;
    for (i64 i = 0; i < n; i++)
        memcpy(y->data + (size_t)i * bytes, param_data(m, 0) + (size_t)at[i] * bytes, bytes);
    nn_set_rank(nd);
    return tensor_box(y);
}
static value lookup_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 n, dim[MAX_DIMS], *at, xd[MAX_DIMS];
    int nd;
    at = lookup_rows(m, x, &n, dim, &nd);
    struct tensor shape = { .nd = (uint8_t)dims_trim(nd, dim), .dim = dim, .dtype = (uint8_t)nn_dtype(m) };
    struct tensor *t = rows_of(nn_grad_like(m, g, &shape).t);
    i64 k = dim[nd - 1], pad = option_int(m, PADDING_VALUE) - 1;
    if (want & WANT_PARAMS) {
        i64 rows = option_int(m, N_INDEX),
            *times = option_bool(m, BY_FREQUENCY) ? scratch(sizeof *times * (size_t)rows) : NULL;
        if (times) {
            memset(times, 0, sizeof *times * (size_t)rows);
            for (i64 i = 0; i < n; i++)
                times[at[i]]++;
        }
        char *d = grad_data(m, 0);
        for (i64 i = 0; i < n; i++) {
            double by = times ? scale / (double)times[at[i]] : scale;
            for (i64 j = 0; j < k && at[i] != pad; j++)
                if (t->dtype == D_SINGLE)
                    ((float *)d)[at[i] * k + j] += (float)by * ((float *)t->data)[i * k + j];
                else
                    ((double *)d)[at[i] * k + j] += by * ((double *)t->data)[i * k + j];
        }
    }
    return want & WANT_INPUT ? tensor_box(tensor_zeros(D_DOUBLE, value_dims(x, xd), xd)) : nil();
}
/* Of each row fetched, what of its gradient counts: nothing of the padding, a part of a row that is used often.  NULL:
 * all of all. */
static struct tensor *gradient_shares(struct module *m, const i64 *at, i64 n)
{
    i64 rows = option_int(m, N_INDEX), pad = option_int(m, PADDING_VALUE) - 1, *times = scratch(sizeof *times * (size_t)rows);
    bool often = option_bool(m, BY_FREQUENCY);
    if (pad < 0 && !often)
        return NULL;
    struct tensor *t = tensor_2d(D_DOUBLE, n, 1);
    memset(times, 0, sizeof *times * (size_t)rows);
    for (i64 i = 0; i < n; i++)
        times[at[i]]++;
    for (i64 i = 0; i < n; i++)
        ((double *)t->data)[i] = at[i] == pad ? 0 : often ? 1 / (double)times[at[i]] : 1;
    return t;
}
/* The rows of a weight on a device, scaled down to the largest norm that is allowed. */
static void renormalise_there(struct module *m, value *list)
{
    double most = option_num(m, MAX_NORM), p = option_num(m, NORM_TYPE);
    value *w = &PARAM(m, 0), rows = index_paren(*w, 2, list);
    value size = ew_apply(EW_abs, 1, &rows),
          s = ew_apply(
              EW_realpow, 2,
              (value[]){ reduce_apply(RED_sum, ew_apply(EW_realpow, 2, (value[]){ size, num(p) }), 2), num(1 / p) });
    value large = ew_apply(EW_gt, 2, (value[]){ s, num(most) }),
          by = ew_apply(EW_rdivide, 2, (value[]){ num(most), ew_apply(EW_plus, 2, (value[]){ s, num(1e-7) }) });
    by = ew_apply(EW_plus, 2, (value[]){ ew_apply(EW_not, 1, &large), ew_apply(EW_times, 2, (value[]){ large, by }) });
    gpu_assign(w, 2, list, ew_apply(EW_times, 2, (value[]){ rows, by }));
}
static value lookup_record(struct module *m, value x, const value *w)
{
    i64 n, dim[MAX_DIMS];
    int nd;
    i64 *at = lookup_rows(m, tracked(x) ? tensor_box(tensor_any(tape_plain(x))) : x, &n, dim, &nd);
    struct tensor *t = tensor_2d(D_DOUBLE, 1, n);
    for (i64 i = 0; i < n; i++)
        ((double *)t->data)[i] = (double)at[i] + 1;
    value list[2] = { tensor_box(t), colon() };
    if (value_device(w[0]) && value_numel(OPTION(m, MAX_NORM)))
        renormalise_there(m, list);
    value y = index_paren(w[0], 2, list);
    struct tensor *share = value_device(w[0]) ? gradient_shares(m, at, n) : NULL;
    if (share) {                              /* y, of which only a share passes gradients */
        value s = tensor_box(tensor_cast(share, value_dtype(y))), rest = g_op(EW_minus, num(1), s);
        y = g_op(EW_plus, g_op(EW_times, y, s), g_op(EW_times, index_paren(tensor_box(param_tensor(m, 0)), 2, list), rest));
    }
    return nn_view(y, nd, dim);
}
