/* SPDX-License-Identifier: BSD-3-Clause */
/* spatial_rare.c: convolution by a table of connections, and pooling to a fraction of the size. */
#include "nn.h"
#include <math.h>

#define SEE "\n\nSee also: nn.SpatialConvolution, nn.SpatialMaxPooling"

/* ---- a kernel for each row [input output] of a table */
static void map_init(struct module *m)
{
    value v = OPTION(m, 0);
    char d[160];
    if (!is_tensor_like(v) || dtype_is(value_dtype(v), DT_C))
        nn_fail(m, "the table of connections must be a matrix with rows [input output], not a %s", value_describe(v, d));
    struct tensor *t = tensor_dense(tensor_cast(tensor_of(v), D_DOUBLE));
    i64 n = t->dim[0], outputs = 0;
    const double *x = (const double *)t->data;
    if (t->nd != 2 || t->dim[1] != 2 || !n)
        nn_fail(m, "the table of connections must have rows [input output], but is a %s", value_describe(v, d));
    for (i64 i = 0; i < 2 * n; i++)
        if (!(x[i] >= 1 && x[i] <= 1e6) || x[i] != floor(x[i]))
            nn_fail(m, "%g in the table of connections is not the number of a channel", x[i]);
    for (i64 i = 0; i < n; i++) {
        outputs = MAX(outputs, (i64)x[n + i]);
        for (i64 j = 0; j < i; j++)
            if (x[i] == x[j] && x[n + i] == x[n + j])
                nn_fail(m, "rows %lld and %lld of the table of connections are the same", (long long)j + 1, (long long)i + 1);
    }
    nn_param(m, 0, 3, (i64[]){ n, option_int(m, 2), option_int(m, 1) });
    nn_param(m, 1, 2, (i64[]){ 1, outputs });
}
static void map_reset(struct module *m, double stdv)          /* Torch: by the connections of an output, here on average */
{
    double n = (double)PARAM(m, 0).w->numel / (double)MAX(1, PARAM(m, 1).w->numel),
           s = isnan(stdv) ? 1 / sqrt(n) : stdv * sqrt(3);
    nn_uniform(PARAM(m, 0), -s, s);
    nn_uniform(PARAM(m, 1), -s, s);
}
#define MAP .places = 2, .options = "connTable:v kW:n kH:n dW:n=1 dH:n=1", .params = "weight bias", .init = map_init, .reset = map_reset, .show = nn_show_options
LAYER(SpatialConvolutionMap,
      "m = nn.SpatialConvolutionMap(connTable, kW, kH, dW, dH)\n\n"
      "nn.SpatialConvolution with a kernel only for the pairs [input output] that are rows of connTable, each once. "
      "weight "
      "is pairs x kH x kW, bias 1 x nOutputPlane.\n\n"
      "Example:\n  size(nn.SpatialConvolutionMap([1 1; 2 1; 2 2], 3, 3).forward(ones(2, 5, 5)))\n  ans =\n     2   3   "
      "3" SEE,
      MAP,
      .expr = "@(x, weight, bias, connTable, kW, kH, dW, dH) begin n = max(connTable(:, 1)); o = max(connTable(:, 2)); "
              "w = zeros(o*n, kH, kW); w(connTable(:, 2) + (connTable(:, 1) - 1)*o, :, :) = weight;"
              " return nn.conv2d(x, reshape(w, [o n kH kW]), bias, [dH dW]) end")
LAYER(SpatialFullConvolutionMap,
      "m = nn.SpatialFullConvolutionMap(connTable, kW, kH, dW, dH)\n\n"
      "nn.SpatialFullConvolution with a kernel only for the pairs [input output] that are rows of connTable, each "
      "once. "
      "weight is pairs x kH x kW, bias 1 x nOutputPlane.\n\n"
      "Example:\n  size(nn.SpatialFullConvolutionMap([1 1; 2 1; 2 2], 3, 3).forward(ones(2, 5, 5)))\n  ans =\n     2   "
      "7   7" SEE,
      MAP,
      .expr = "@(x, weight, bias, connTable, kW, kH, dW, dH) begin n = max(connTable(:, 1)); o = max(connTable(:, 2)); "
              "w = zeros(n*o, kH, kW); w(connTable(:, 1) + (connTable(:, 2) - 1)*n, :, :) = weight;"
              " return nn.convtranspose2d(x, reshape(w, [n o kH kW]), bias, [dH dW]) end")

/* ---- pooling to a size, or a ratio of the input's, with windows at random distances */
extern const struct builtin builtin_nn_fractionalmaxpool2d, builtin_nn_fractionalmaxpool3d, builtin_rand;
enum { REGIONS, FIXED };
static void fractional_init(struct module *m) { replace(&STATE(m, FIXED), num(0)); }
static bool fractional_method(struct module *m, const char *name, struct call *c)
{
    if (strcmp(name, "fixPoolingRegions"))
        return false;
    replace(&STATE(m, FIXED), num(1));
    result(c, 0, c->arg[0]);
    return true;
}
static value fractional_record(struct module *m, value x, const value *w)
{
    i64 dim[MAX_DIMS];
    int places = m->info->no / 2, nd = value_dims(x, dim), first = nd > places + 1 ? 2 : 1;
    struct tensor *size = tensor_2d(D_DOUBLE, 1, places), *window = tensor_2d(D_DOUBLE, 1, places);
    (void)w;
    for (int d = 0; d < places; d++) {        /* options come as (time,) width, height */
        int at = places == 3 ? (d ? 3 - d : 0) : 1 - d;
        double want = option_num(m, places + at), n = first + d < nd ? (double)dim[first + d] : 1;
        if (!(want > 0))
            nn_fail(m, "a size or ratio of the output must be positive, but is %g", want);
        ((double *)window->data)[d] = option_num(m, at);
        ((double *)size->data)[d] = want < 1 ? MAX(1, floor(n * want)) : floor(want);
    }
    value u = STATE(m, REGIONS);
    if (STATE(m, FIXED).num == 0 || is_nil(u) || value_numel(u) != places)
        replace(&STATE(m, REGIONS), copy(g_call(&builtin_rand, 2, num(1), num(places))));
    return g_call(places == 2 ? &builtin_nn_fractionalmaxpool2d : &builtin_nn_fractionalmaxpool3d, 4, x,
                  tensor_box(size), tensor_box(window), STATE(m, REGIONS));
}
#define FRACTIONAL .state = "regions fixed", .init = fractional_init, .method = fractional_method, .methods = "fixPoolingRegions", .record = fractional_record, .show = nn_show_options
LAYER(SpatialFractionalMaxPooling,
  "m = nn.SpatialFractionalMaxPooling(kW, kH, outW, outH)\n\n"
  "The largest values of outH x outW windows of kH x kW, whose distances are drawn at random at every forward (B. "
  "Graham, 2014); outW, outH below 1 are ratios of the input's size. After m.fixPoolingRegions() they stay as they "
  "are.\n\n"
  "Example:\n  size(nn.SpatialFractionalMaxPooling(2, 2, 0.7, 0.7).forward(ones(3, 10, 10)))\n  ans =\n     3   7   7" SEE,
  .places = 2, .options = "kW:n kH:n outW:x outH:x=outW", FRACTIONAL)
LAYER(VolumetricFractionalMaxPooling,
  "m = nn.VolumetricFractionalMaxPooling(kT, kW, kH, outT, outW, outH)\n\nnn.SpatialFractionalMaxPooling of volumes.\n\n"
  "Example:\n  size(nn.VolumetricFractionalMaxPooling(2, 2, 2, 3, 3, 3).forward(ones(1, 6, 6, 6)))\n  ans =\n     1   3   3   3" SEE,
  .places = 3, .options = "kT:n kW:n kH:n outT:x outW:x=outT outH:x=outT", FRACTIONAL)
