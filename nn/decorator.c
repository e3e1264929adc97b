/* SPDX-License-Identifier: BSD-3-Clause */
/* decorator.c: modules around one other module, in the option `module`. */
#include "nn.h"
#include "lab/gpu.h"
#include "lab/place.h"
#include <math.h>
#include <time.h>

static inline struct module *inner(struct module *m) { return module_of(OPTION(m, 0)); }
static value inner_forward(struct module *m, value x)
{
    nn_enter(m, 1);
    value y = module_forward(inner(m), x);
    nn_leave();
    return y;
}
static value inner_backward(struct module *m, value x, value g, int want, double scale)
{
    nn_enter(m, 1);
    value y = module_backward(inner(m), x, g, want, scale);
    nn_leave();
    return y;
}
#define SEE "\n\nSee also: nn.Sequential"

/* ---- Bottle: leading dimensions as one */
static value folded(value x, int keep, i64 *dim,
                    int *nd) /* the first nd - keep + 1 dimensions of x as one, in Torch's order */
{
    struct tensor *t = tensor_any(x);
    i64 size[MAX_DIMS];
    *nd = t->nd;
    memcpy(dim, t->dim, sizeof(i64) * (size_t)t->nd);
    if (t->nd <= keep)
        return x;
    size[0] = 1;
    for (int d = 0; d <= t->nd - keep; d++)
        size[0] *= dim[d];
    for (int d = 1; d < keep; d++)
        size[d] = dim[t->nd - keep + d];
    return nn_view(x, keep, size);
}
static value bottle_forward(struct module *m, value x)
{
    i64 dim[MAX_DIMS], size[MAX_DIMS], out[MAX_DIMS];
    int nd, in = (int)option_int(m, 1), to = (int)option_int(m, 2), lead;
    if (!is_tensor_like(x))
        nn_fail_shape(m, "a tensor", x);
    value y = inner_forward(m, folded(x, in, dim, &nd));
    if (nd <= in)
        return y;
    int yd = value_dims(y, size), k = 0;
    lead = nd - in + 1;
    if (lead + to - 1 > MAX_DIMS)
        nn_fail(m, "a tensor has at most %d dimensions", MAX_DIMS);
    for (; k < lead; k++)
        out[k] = dim[k];
    for (int d = 1; d < to; d++)
        out[k++] = d < yd ? size[d] : 1;
    return nn_view(y, k, out);
}
static value bottle_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 dim[MAX_DIMS], size[MAX_DIMS];
    int nd, in = (int)option_int(m, 1);
    value fx = folded(x, in, dim, &nd);
    if (nd <= in)
        return inner_backward(m, x, g, want, scale);
    int yd = value_dims(inner(m)->output, size);
    if (!is_tensor_like(g) || value_numel(g) != value_numel(inner(m)->output))
        nn_fail(m, "gradOutput must have %lld elements, as the output, but is a %s", (long long)value_numel(inner(m)->output),
                value_describe(g, (char[160]){ 0 }));
    value gx = inner_backward(m, fx, nn_view(g, yd, size), want, scale);
    return want & WANT_INPUT ? nn_view(gx, nd, dim) : nil();
}
LAYER(Bottle,
      "m = nn.Bottle(module, nInputDim, nOutputDim)\n\n"
      "Hands p x q x r x n to a module that wants nInputDim (2) dimensions as pqr x n, and spreads its output "
      "again.\n\n"
      "Example:\n  size(nn.Bottle(nn.Linear(4, 2)).forward(ones(3, 5, 4)))\n  ans =\n     3   5   2" SEE,
      .options = "module:m nInputDim:d=2 nOutputDim:d=nInputDim", .anywhere = true, .forward = bottle_forward,
      .backward = bottle_backward)

/* ---- NaN */
static void nan_check(struct module *m, const char *what, value v)
{
    struct buf *b = buf_new();
    if (!nn_has_nan(v))
        return;
    module_label(inner(m), b);
    fail("tl:nan", "NaN found in %s of module: nn.NaN(%g) @ %s", what,
         is_tensor_like(OPTION(m, 1)) && value_numel(OPTION(m, 1)) ? option_num(m, 1) : 0, b->s);
}
static value nan_forward(struct module *m, value x)
{
    value p = nn_parameters(inner(m), false);
    nan_check(m, "parameters", p);
    nan_check(m, "input", x);
    value y = inner_forward(m, x);
    nan_check(m, "output", y);
    return y;
}
static value nan_backward(struct module *m, value x, value g, int want, double scale)
{
    nan_check(m, "gradOutput", g);
    value y = inner_backward(m, x, g, want, scale);
    if (want & WANT_INPUT)
        nan_check(m, "gradInput", y);
    nan_check(m, "gradients of the parameters", nn_parameters(inner(m), true));
    return y;
}
static void id_show(struct module *m, struct buf *b)
{
    if (value_numel(OPTION(m, 1)))
        buff(b, "%g", option_num(m, 1));
}
LAYER(NaN,
      "m = nn.NaN(module, id)\n\n"
      "The module, with an error that names it as soon as a NaN is in its parameters, input, output or gradients.\n\n"
      "Example:\n  nn.NaN(nn.Square(), 2).forward(3)\n  ans = 9" SEE,
      .options = "module:m id:z=", .anywhere = true, .forward = nan_forward, .backward = nan_backward, .show = id_show,
      .table = true)

/* ---- Profile */
enum { COUNT_OF, SECONDS };
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static value profile_forward(struct module *m, value x)
{
    double start = seconds();
    value y = inner_forward(m, x);
    double total = STATE(m, SECONDS).num + seconds() - start, count = STATE(m, COUNT_OF).num + 1;
    if (count >= option_num(m, 1)) {
        {
            value name = OPTION(m, 2);
            char *text = is_tensor_like(name) && value_numel(name) && value_dtype(name) == D_CHAR
                             ? tensor_dense(tensor_of(name))->data
                             : NULL;
            outf("%.*s took %.3f seconds for %g forward passes\n", text ? (int)value_numel(name) : 200,
                 text ? text : layer_of(inner(m))->class.name, total, count);
        }
        total = count = 0;
    }
    replace(&STATE(m, SECONDS), num(total));
    replace(&STATE(m, COUNT_OF), num(count));
    return y;
}
static void profile_init(struct module *m)
{
    replace(&STATE(m, COUNT_OF), num(0));
    replace(&STATE(m, SECONDS), num(0));
}
LAYER(Profile,
      "m = nn.Profile(module, interval, name)\n\n"
      "The module; every interval (100) forward passes it prints how long they took, under name (its class).\n\n"
      "Example:\n  nn.Profile(nn.Square()).forward(3)\n  ans = 9" SEE,
      .options = "module:m interval:n=100 name:v=", .state = "count seconds", .init = profile_init, .anywhere = true,
      .forward = profile_forward, .backward = inner_backward, .table = true)

LAYER(DontCast,
      "m = nn.DontCast(module, castin, castout, type)\n\n"
      "The module, which keeps its class when the net is converted by m.single() or m.double(). Layers convert their "
      "inputs themselves, whatever castin, castout and type say.\n\n"
      "Example:\n  net = nn.Sequential(nn.DontCast(nn.Linear(2, 2)), nn.Linear(2, 1)).single(); "
      "class(net.get(1).module.weight)\n  ans = double" SEE,
      .options = "module:m castin:b=0 castout:b=0 castType:v=", .anywhere = true, .forward = inner_forward,
      .backward = inner_backward, .table = true, .keeps_class = true)

static void gpu_show(struct module *m, struct buf *b)
{
    buff(b, "%lld", (long long)option_int(m, 1));
    if (option_int(m, 2) != option_int(m, 1))
        buff(b, " -> %lld", (long long)option_int(m, 2));
}
LAYER(GPU,
      "m = nn.GPU(module, device, outdevice)\n\n"
      "Torch's mark for a module that computes on one of several devices. Here a net stands on one device, where its "
      "parameters are, so it is the module itself; device and outdevice are kept as they are given.\n\n"
      "Example:\n  nn.GPU(nn.Square(), 1).forward(3)\n  ans = 9\n\n"
      "See also: nn.DontCast, nn.Sequential",
      .options = "module:m device:n=1 outdevice:n=device", .anywhere = true, .forward = inner_forward,
      .backward = inner_backward, .table = true, .show = gpu_show)

/* ---- WeightNorm: weight = g * v / |v|, the norm over each slice along outputDim */
enum { V, G, WN_BIAS };
static struct window *inner_weight(struct module *m)
{
    int k = module_field(inner(m), "weight");
    if (k != 0 || !has_param(inner(m), 0))
        fail("Octave:invalid-input-arg", "nn.WeightNorm: %s has no weight", layer_of(inner(m))->class.name);
    return PARAM(inner(m), 0).w;
}
static void norm_layout(struct module *m, i64 *outer, i64 *n, i64 *in)   /* elements of slice j: outer x in */
{
    struct window *w = inner_weight(m);
    int dim = (int)option_int(m, 1);
    if (dim > w->nd)
        fail("Octave:invalid-input-arg", "nn.WeightNorm: the weight has %d dimensions, outputDim is %d", w->nd, dim);
    *outer = *n = *in = 1;
    for (int d = 0; d < w->nd; d++)
        *(d < dim - 1 ? outer : d == dim - 1 ? n : in) *= w->dim[d];
}
static double *as_doubles(value w)
{
    double *x = scratch(sizeof *x * (size_t)w.w->numel);
    convert_run(D_DOUBLE, x, w.w->base->dtype, window_data(w.w), w.w->numel);
    return x;
}
static void from_doubles(value w, const double *x)
{
    own_block(w.w->base);
    w.w->base->version++;
    convert_run(w.w->base->dtype, window_data(w.w), D_DOUBLE, x, w.w->numel);
}
static void wn_norms(struct module *m, const double *v, double *norm)
{
    i64 outer, n, in;
    norm_layout(m, &outer, &n, &in);
    for (i64 j = 0; j < n; j++) {
        double s = 0;
        for (i64 o = 0; o < outer; o++)
            for (i64 i = 0; i < in; i++)
                s += v[(o * n + j) * in + i] * v[(o * n + j) * in + i];
        norm[j] = sqrt(s);
    }
}
static void wn_tie(struct module *m)          /* the inner bias is this module's */
{
    if (has_param(inner(m), 1) && has_param(m, WN_BIAS)) {
        replace(&PARAM(inner(m), 1), copy(PARAM(m, WN_BIAS)));
        replace(&GRAD(inner(m), 1), copy(GRAD(m, WN_BIAS)));
    }
}
static void wn_init(struct module *m)
{
    i64 outer, n, in;
    struct window *w = inner_weight(m);
    norm_layout(m, &outer, &n, &in);
    nn_param(m, V, w->nd, w->dim);
    nn_param(m, G, 2, (i64[]){ 1, n });
    from_doubles(PARAM(m, V), as_doubles(PARAM(inner(m), 0)));
    nn_no_param(m, WN_BIAS);
    if (inner(m)->info->np > 1 && has_param(inner(m), 1)) {
        replace(&PARAM(m, WN_BIAS), copy(PARAM(inner(m), 1)));
        replace(&GRAD(m, WN_BIAS), copy(GRAD(inner(m), 1)));
    }
    double *g = scratch(sizeof *g * (size_t)n);
    wn_norms(m, as_doubles(PARAM(m, V)), g);
    from_doubles(PARAM(m, G), g);
}
static void wn_reset(struct module *m, double stdv)
{
    i64 outer, n, in;
    if (isnan(stdv))                          /* at its birth: the inner module's own */
        return;
    nn_reset(inner(m), stdv);
    norm_layout(m, &outer, &n, &in);
    from_doubles(PARAM(m, V), as_doubles(PARAM(inner(m), 0)));
    double *g = scratch(sizeof *g * (size_t)n);
    wn_norms(m, as_doubles(PARAM(m, V)), g);
    from_doubles(PARAM(m, G), g);
}
/* On a device: v and its norm as tensors, g and the like along outputDim. */
static value wn_along(struct module *m, value row)
{
    i64 dim[MAX_DIMS];
    int nd = PARAM(m, V).w->nd;
    for (int d = 0; d < nd; d++)
        dim[d] = d == (int)option_int(m, 1) - 1 ? PARAM(m, V).w->dim[d] : 1;
    return nn_sized(row, nd, dim);
}
static value wn_sum(struct module *m, value x)
{
    for (int d = 1; d <= PARAM(m, V).w->nd; d++)
        if (d != (int)option_int(m, 1))
            x = reduce_apply(RED_sum, x, d);
    return x;
}
static value wn_forward_there(struct module *m, value x)
{
    value v = PARAM(m, V), norm = g_fn(EW_realsqrt, wn_sum(m, g_op(EW_times, v, v)));
    wn_tie(m);
    place_write(&PARAM(inner(m), 0), tensor_any(g_op(EW_times, v, g_op(EW_rdivide, wn_along(m, PARAM(m, G)), norm))));
    return inner_forward(m, x);
}
static value wn_backward_there(struct module *m, value x, value gy, int want, double scale)
{
    wn_tie(m);
    nn_settle(inner(m));
    gpu_fill(tensor_any(GRAD(inner(m), 0)), 0);
    value gx = inner_backward(m, x, gy, want, scale), v = PARAM(m, V), gw = GRAD(inner(m), 0);
    value norm = g_fn(EW_realsqrt, wn_sum(m, g_op(EW_times, v, v))),
          dot = g_op(EW_rdivide, wn_sum(m, g_op(EW_times, gw, v)), norm);
    value dv = g_op(EW_times, g_op(EW_rdivide, wn_along(m, PARAM(m, G)), norm),
                    g_op(EW_minus, gw, g_op(EW_times, v, g_op(EW_rdivide, dot, norm))));
    nn_accumulate(m, V, dv, 1);
    nn_accumulate(m, G, nn_sized(dot, 2, (i64[]){ 1, value_numel(dot) }), 1);
    return gx;
}
static value wn_forward(struct module *m, value x)
{
    i64 outer, n, in;
    if (PARAM(m, V).w->base->device)
        return wn_forward_there(m, x);
    norm_layout(m, &outer, &n, &in);
    double *v = as_doubles(PARAM(m, V)), *g = as_doubles(PARAM(m, G)), *norm = scratch(sizeof *norm * (size_t)n);
    wn_norms(m, v, norm);
    for (i64 k = 0; k < PARAM(m, V).w->numel; k++)
        v[k] *= g[k / in % n] / norm[k / in % n];
    wn_tie(m);
    from_doubles(PARAM(inner(m), 0), v);
    return inner_forward(m, x);
}
static value wn_backward(struct module *m, value x, value gy, int want, double scale)
{
    if (!(want & WANT_PARAMS))
        return inner_backward(m, x, gy, want, scale);
    if (PARAM(m, V).w->base->device)
        return wn_backward_there(m, x, gy, want, scale);
    i64 outer, n, in;
    norm_layout(m, &outer, &n, &in);
    wn_tie(m);
    nn_settle(inner(m));
    nn_fill(GRAD(inner(m), 0), 0);
    value gx = inner_backward(m, x, gy, want, scale);
    double *v = as_doubles(PARAM(m, V)), *g = as_doubles(PARAM(m, G)), *gw = as_doubles(GRAD(inner(m), 0)),
           *norm = scratch(sizeof *norm * (size_t)n);
    bool updates = m->updates;
    value to_v = updates ? PARAM(m, V) : GRAD(m, V), to_g = updates ? PARAM(m, G) : GRAD(m, G);
    double *dv = as_doubles(to_v), *dg = as_doubles(to_g), *dot = scratch(sizeof *dot * (size_t)n);
    wn_norms(m, v, norm);
    memset(dot, 0, sizeof *dot * (size_t)n);
    for (i64 k = 0; k < PARAM(m, V).w->numel; k++)
        dot[k / in % n] += gw[k] * v[k];
    for (i64 j = 0; j < n; j++)
        dg[j] += dot[j] / norm[j];
    for (i64 k = 0; k < PARAM(m, V).w->numel; k++) {
        i64 j = k / in % n;
        dv[k] += g[j] / norm[j] * (gw[k] - dot[j] * v[k] / (norm[j] * norm[j]));
    }
    from_doubles(to_v, dv);
    from_doubles(to_g, dg);
    return gx;
}
LAYER(WeightNorm,
      "m = nn.WeightNorm(module, outputDim)\n\n"
      "The module with its weight written as g * v / |v|, the norm taken over each slice along outputDim (1). v, g (1 "
      "x "
      "nOut) and the bias are learned.\n\n"
      "Example:\n  l = nn.Linear(3, 2); x = [1 2 3]; m = nn.WeightNorm(l); norm(m.forward(x) - (x * l.weight' + "
      "l.bias)) < 1e-12\n  ans = 1" SEE,
      .options = "module:m outputDim:d=1", .params = "v g bias", .init = wn_init, .reset = wn_reset, .anywhere = true,
      .forward = wn_forward, .backward = wn_backward, .children_apart = true)
