/* SPDX-License-Identifier: BSD-3-Clause */
/* spatial_more.c: layers over images and volumes that are rarer: unshared kernels, sizes, averages of volumes; and
 * inputs that are mostly zero. */
#include "nn.h"
#include "criterion.h"
#include <math.h>

#define SEE "\n\nSee also: nn.SpatialConvolution, nn.SpatialMaxPooling, nn.Linear"
enum { IN, OUT, IW, IH, KW, KH, DW, DH, PAD_W, PAD_H };
static void local_init(struct module *m)
{
    i64 oh = (option_int(m, IH) + 2 * option_int(m, PAD_H) - option_int(m, KH)) / option_int(m, DH) + 1;
    i64 ow = (option_int(m, IW) + 2 * option_int(m, PAD_W) - option_int(m, KW)) / option_int(m, DW) + 1;
    if (option_int(m, IH) + 2 * option_int(m, PAD_H) < option_int(m, KH) ||
        option_int(m, IW) + 2 * option_int(m, PAD_W) < option_int(m, KW))
        nn_fail(m, "the kernel is larger than the image");
    nn_param(m, 0, 6, (i64[]){ oh, ow, option_int(m, OUT), option_int(m, IN), option_int(m, KH), option_int(m, KW) });
    nn_param(m, 1, 3, (i64[]){ option_int(m, OUT), oh, ow });
}
static void local_reset(struct module *m, double stdv)
{
    nn_uniform_params(m, nn_spread(stdv, 1 / sqrt(option_num(m, KW) * option_num(m, KH) * option_num(m, IN))));
}
LAYER(SpatialConvolutionLocal,
      "m = nn.SpatialConvolutionLocal(nInputPlane, nOutputPlane, iW, iH, kW, kH, dW, dH, padW, padH)\n\n"
      "nn.SpatialConvolution of images of iH x iW whose kernels differ from place to place: weight is oH x oW x "
      "nOutputPlane x nInputPlane x kH x kW, bias nOutputPlane x oH x oW.\n\n"
      "Example:\n  size(nn.SpatialConvolutionLocal(2, 3, 5, 5, 3, 3).forward(ones(2, 5, 5)))\n  ans =\n     3   3   "
      "3" SEE,
      .places = 2, .wants = "nInputPlane x iH x iW or N x nInputPlane x iH x iW",
      .options = "nInputPlane:n nOutputPlane:n iW:n iH:n kW:n kH:n dW:n=1 dH:n=1 padW:k=0 padH:k=padW",
      .params = "weight bias", .init = local_init, .reset = local_reset, .show = nn_show_options,
      .expr = "@(x, weight, bias, dW, dH, padW, padH) nn.local2d(x, weight, bias, [dH dW], [padH padW])")

static void up_check(struct module *m)
{
    value s = OPTION(m, 0), mode = OPTION(m, 1);
    i64 n = s.kind == K_CELL                                              ? s.cell->numel
            : is_tensor_like(s) && !dtype_is(value_dtype(s), DT_C | DT_T) ? value_numel(s)
                                                                          : 0;
    bool good = n >= 1 && n <= 3;
    for (i64 i = 0; good && i < n; i++) {
        value e = s.kind == K_CELL ? s.cell->v[i] : num(element_double(tensor_of(s), i));
        double x = is_tensor_like(e) && value_numel(e) == 1 ? element_double(tensor_of(e), 0) : 0;
        good = x >= 1 && x == floor(x) && x <= INT32_MAX;
    }
    if (!good)
        fail("Octave:invalid-input-arg", "nn.UpSampling: scale must be a positive integer, or the sizes {width, "
                                         "height} or {time, width, height}");
    i64 len = value_numel(mode);
    const char *text = len ? tensor_dense(tensor_of(mode))->data : "";
    if (!(len == 7 && !memcmp(text, "nearest", 7)) && !(len == 6 && !memcmp(text, "linear", 6)))
        fail("Octave:invalid-input-arg", "nn.UpSampling: mode must be \"nearest\" or \"linear\", but is \"%.*s\"",
             (int)MIN(len, 40), text);
}
LAYER(VolumetricAveragePooling,
  "m = nn.VolumetricAveragePooling(kT, kW, kH, dT, dW, dH)\n\nThe mean of every kT x kH x kW window of volumes, "
  "windows dT, dW, dH apart (as long as they are wide).\n\n"
  "Example:\n  nn.VolumetricAveragePooling(2, 2, 2).forward(reshape(1:8, 1, 2, 2, 2))\n  ans = 4.5000" SEE,
  .places = 3, .options = "kT:n kW:n kH:n dT:n=kT dW:n=kW dH:n=kH", .show = nn_show_options,
  .expr = "@(x, kT, kW, kH, dT, dW, dH) nn.avgpool3d(x, [kT kH kW], [dT dH dW])")

LAYER(UpSampling,
      "m = nn.UpSampling(scale, mode)\n\nImages scale x scale times as large, volumes (5 dimensions) in time as well; "
      "or "
      "scale is their new size, {width, height} or {time, width, height}. mode 'nearest' (default) repeats elements, "
      "'linear' interpolates, corners on corners.\n\n"
      "Example:\n  size(nn.UpSampling(2).forward(ones(1, 3, 4, 5)))\n  ans =\n      1    3    8   10" SEE,
      .options = "scale:v mode:s=nearest", .check = up_check,
      .expr = "@(x, scale, mode) begin if iscell(scale), scale = [scale{:}]; end; n = numel(scale); v = n == 3 || n == "
              "1 && ndims(x) == 5; if n == 2, scale = fliplr(scale); elseif n == 3, scale = scale([1 3 2]); end;"
              " if v, return nn.upsample3d(x, scale, mode, true), end; return nn.upsample2d(x, scale, mode, true) end")

static void sparse_init(struct module *m)
{
    nn_param(m, 0, 2, (i64[]){ option_int(m, 1), option_int(m, 0) });
    nn_param(m, 1, 2, (i64[]){ 1, option_int(m, 1) });
}
static void sparse_reset(struct module *m, double stdv) { nn_uniform_params(m, nn_spread(stdv, 1 / sqrt(option_num(m, 0)))); }
LAYER(SparseLinear,
      "m = nn.SparseLinear(inputSize, outputSize, doGradInput)\n\n"
      "nn.Linear for one sample that is mostly zero, given as rows [index value]; a cell of such matrices is a batch. "
      "The "
      "output has a row for each sample.\n\n"
      "Example:\n  m = nn.SparseLinear(4, 1); m.weight = [1 2 3 4]; m.bias = 0; m.forward([2 10; 4 1])\n  ans = 24" SEE,
      .options = "inputSize:n outputSize:n doGradInput:b=0", .params = "weight bias", .init = sparse_init,
      .reset = sparse_reset, .show = nn_show_options, .table = true,
      .expr = "@(x, weight, bias, inputSize) begin if !iscell(x), x = {x}; end; y = cell(1, numel(x)); for k = "
              "1:numel(x), p = x{k}; if size(p, 2) != 2, error('nn.SparseLinear wants rows [index value] and got %s', "
              "mat2str(size(p))), end;"
              " y{k} = p(:, 2)' * weight(:, round(p(:, 1)))' + bias; end; return cat(1, y{:}) end")

LAYER(SpatialAutoCropMSECriterion,
      "c = nn.SpatialAutoCropMSECriterion(sizeAverage, reduction)\n\nnn.MSECriterion for images of which the target "
      "may be "
      "larger: its middle is compared.\n\n"
      "Example:\n  nn.SpatialAutoCropMSECriterion().forward(zeros(1, 1, 2, 2), ones(1, 1, 4, 4))\n  ans = 1\n\nSee "
      "also: "
      "nn.MSECriterion",
      .options = AVERAGE, .criterion = true,
      .expr = "@(x, t, sizeAverage, reduction) begin n = max(3, ndims(x)); i = repmat({':'}, 1, n); for d = n-1:n, a = "
              "size(x, d); f = floor((size(t, d) - a) / 2); i{d} = f+1:f+a; end; e = (x - t(i{:})).^2;" LOSS_OVER("e",
                                                                                                                  "e",
                                                                                                                  "nume"
                                                                                                                  "l("
                                                                                                                  "e)"))
