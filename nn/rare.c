/* SPDX-License-Identifier: BSD-3-Clause */
/* rare.c: layers of Torch that are seldom met: keys and values instead of rows, kernels of one feature over time, the k largest
 * frames, norms of neighbouring features. */
#include "nn.h"
#include "lab/index.h"
#include <math.h>

#define SEE "\n\nSee also: nn.Linear, nn.TemporalConvolution, nn.TemporalMaxPooling"
static void options_show(struct module *m, struct buf *b)
{
    for (int i = 0; i < m->info->no; i++)
        if (OPTION(m, i).kind == K_NUM && m->info->kind[2 * m->info->np + i] != 'b')
            buff(b, "%s%g", b->n ? ", " : "", option_num(m, i));
}

static void uniform_all(struct module *m, double s)
{
    for (int i = 0; i < m->info->np; i++)
        nn_uniform(PARAM(m, i), -s, s);
}

static void index_init(struct module *m)
{
    nn_param(m, 0, 2, (i64[]){ option_int(m, 0), option_int(m, 1) });
    nn_param(m, 1, 2, (i64[]){ 1, option_int(m, 1) });
}
static void index_reset(struct module *m, double stdv) { uniform_all(m, isnan(stdv) ? 1 / sqrt(option_num(m, 0)) : stdv * sqrt(3)); }
LAYER(IndexLinear,
  "m = nn.IndexLinear(inputSize, outputSize, doGradInput, keysOffset)\n\n"
  "nn.Linear for samples that are mostly zero: the input is {keys, values}, cells with a vector for each sample, or {keys, values, sizes} with all samples one after another and their sizes. "
  "keysOffset (0) is added to the keys, which count from 1. weight is inputSize x outputSize.\n\n"
  "Example:\n  m = nn.IndexLinear(4, 1); m.weight = [1; 2; 3; 4]; m.bias = 0; m.forward({[2 4 1], [10 1 7], [2 1]})\n  ans =\n     24\n      7" SEE,
  .options = "inputSize:n outputSize:n doGradInput:b=1 keysOffset:z=0", .params = "weight bias", .init = index_init, .reset = index_reset, .show = options_show, .table = true,
  .expr = "@(x, weight, bias, keysOffset) begin if !iscell(x) || numel(x) < 2, error('nn.IndexLinear wants {keys, values} or {keys, values, sizes}'), end; k = x{1}; v = x{2};"
          " if iscell(k), m = numel(k); else, s = numel(k); if numel(x) > 2, s = round(x{3}(:))'; end; m = numel(s); e = cumsum(s); f = e - s + 1; end; y = cell(1, m);"
          " for i = 1:m, if iscell(k), a = k{i}; b = v{i}; else, a = k(f(i):e(i)); b = v(f(i):e(i)); end;"
          " y{i} = reshape(b, [1 numel(b)]) * weight(round(a(:)) + keysOffset, :) + bias; end; return cat(1, y{:}) end")

static void row_init(struct module *m)
{
    nn_param(m, 0, 3, (i64[]){ option_int(m, 0), 1, option_int(m, 1) });
    nn_param(m, 1, 2, (i64[]){ 1, option_int(m, 0) });
}
static void row_reset(struct module *m, double stdv) { uniform_all(m, isnan(stdv) ? 1 / sqrt(option_num(m, 1) * option_num(m, 0)) : stdv * sqrt(3)); }
LAYER(TemporalRowConvolution,
  "m = nn.TemporalRowConvolution(inputFrameSize, kW, dW, featFirst)\n\n"
  "Each feature of T x F or N x T x F over time with a kernel of its own, kW frames long, dW (1) apart; with featFirst the input is F x T or N x F x T. "
  "weight is inputFrameSize x 1 x kW.\n\n"
  "Example:\n  m = nn.TemporalRowConvolution(1, 2); m.weight(:) = [1 10]; m.bias = 0; m.forward([1; 2; 3])\n  ans =\n     21\n     32" SEE,
  .options = "inputFrameSize:n kW:n dW:n=1 featFirst:b=0", .params = "weight bias", .init = row_init, .reset = row_reset, .show = options_show,
  .expr = "@(x, weight, bias, inputFrameSize, kW, dW, featFirst) begin s = size(x); b = numel(s) > 2; if !b, s = [1 s]; x = reshape(x, s); end; if featFirst, x = permute(x, [1 2 4 3]); else, x = permute(x, [1 3 4 2]); end;"
          " if size(x, 2) != inputFrameSize || size(x, 4) < kW, error('nn.TemporalRowConvolution wants frames of %d features, at least %d of them, and got %d of %d', inputFrameSize, kW, size(x, 4), size(x, 2)), end;"
          " y = nn.conv2d(x, reshape(weight, [inputFrameSize 1 1 kW]), bias, [1 dW], 0, 1, inputFrameSize); n = size(y, 4);"
          " if featFirst, y = permute(y, [1 2 4 3]); t = [s(1) inputFrameSize n]; else, y = permute(y, [1 4 2 3]); t = [s(1) n inputFrameSize]; end; if !b, t = t(2:3); end; return reshape(y, t) end")

/* The places of the k largest of n elements a stride apart, in their order. */
static void k_largest(const double *x, i64 n, i64 stride, i64 k, bool *in)
{
    memset(in, 0, (size_t)n);
    for (i64 j = 0; j < k; j++) {
        i64 best = -1;
        for (i64 i = 0; i < n; i++)
            if (!in[i] && (best < 0 || x[i * stride] > x[best * stride] || (isnan(x[i * stride]) && !isnan(x[best * stride]))))
                best = i;
        in[best] = true;
    }
}
static value k_max_record(struct module *m, value x, const value *w)
{
    i64 dim[MAX_DIMS];
    (void)w;
    struct tensor *t = tensor_dense(tensor_cast(tensor_of(RECORDING && tracked(x) ? tape_plain(x) : x), D_DOUBLE));
    int nd = value_dims(x, dim), d = nd - 2;
    i64 n = dim[d], k = MAX(option_int(m, 0), (i64)fmin(ceil(option_num(m, 1) * (double)n), 0x1p40)), stride = 1;
    if (nd > 3 || k > n)
        nn_fail(m, "wants T x F or N x T x F with at least %lld frames and got %s", (long long)k, value_shape(x, (char[128]){ 0 }));
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
  "The k largest frames of each feature of T x F or N x T x F, in their order; k is minK or factor (0) times T, whichever is more.\n\n"
  "Example:\n  nn.TemporalDynamicKMaxPooling(2).forward([3; 1; 5; 2])\n  ans =\n     3\n     5" SEE,
  .options = "minK:n factor:x=0", .record = k_max_record, .show = options_show)

LAYER(FeatureLPPooling,
  "m = nn.FeatureLPPooling(width, stride, power, batchMode)\n\n"
  "The power-norm (2) of width neighbouring features, windows stride apart. Features are dimension 1, with batchMode dimension 2; of a row its elements.\n\n"
  "Example:\n  nn.FeatureLPPooling(2, 2, 2).forward([3 4 6 8])\n  ans =\n      5   10" SEE,
  .options = "width:n stride:n power:x=2 batchMode:b=0", .show = options_show,
  .expr = "@(x, width, stride, power, batchMode) begin d = 1 + (batchMode || isrow(x)); n = floor((size(x, d) - width) / stride) + 1; i = repmat({':'}, 1, ndims(x));"
          " if n < 1, error('nn.FeatureLPPooling wants at least %d features and got %d', width, size(x, d)), end;"
          " s = 0; for k = 1:width, i{d} = (0:n-1)*stride + k; s = s + realpow(abs(x(i{:})), power); end; return realpow(s + (s == 0), 1 / power) .* (s != 0) end")
