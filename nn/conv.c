/* SPDX-License-Identifier: BSD-3-Clause */
/* conv.c: convolution as builtins: of images (2d) and volumes (3d), its adjoints, and transposed convolution.
 *
 * The three passes are the three derivatives of one trilinear form, so each one's rule is made of the two others, and
 * they differentiate as often as one likes. */
#include "nn/there.h"
#include "lab/gpu.h"
#include "nn/conv.h"
#include "nn/prim.h"
#include "lab/tape.h"

#define B(name) extern const struct builtin builtin_nn_##name;
B(conv2d) B(conv2d_input) B(conv2d_weight) B(conv3d) B(conv3d_input) B(conv3d_weight) B(channelsum)
#undef B

const char *nn_name(const struct call *c)
{
    static __thread char name[64];
    const char *s = c->fn->name;
    snprintf(name, sizeof name, "nn.%s", !strncmp(s, "nn_", 3) || !strncmp(s, "nn.", 3) ? s + 3 : s);
    return name;
}

/* One number for each place, or one for all; kept in the last `places` of three. */
void nn_places(struct call *c, int i, int places, i64 otherwise, i64 least, const char *what, i64 to[3])
{
    for (int d = 0; d < 3; d++)
        to[d] = otherwise;
    if (!has_arg(c, i) || value_numel(c->arg[i]) == 0)
        return;
    struct tensor *t = arg_double(c, i);
    if (t->numel != 1 && t->numel != places)
        fail("Octave:invalid-input-arg", "%s: %s must be one number, or %d (%s), but has %lld", nn_name(c), what, places,
             places == 3 ? "time, height, width" : places == 2 ? "height, width" : "length", (long long)t->numel);
    for (int d = 0; d < places; d++) {
        double x = ((double *)t->data)[t->numel == 1 ? 0 : d];
        if (!(x >= (double)least && x <= 1e9) || x != (double)(i64)x)
            fail("Octave:invalid-input-arg", "%s: %s must be an integer of at least %lld, but is %g", nn_name(c), what,
                 (long long)least, x);
        to[3 - places + d] = (i64)x;
    }
}

/* Stride and padding at arguments i, i + 1; dilation and groups at j, j + 1 */
static void geometry(struct call *c, int i, int places, struct conv *g, int j)
{
    nn_places(c, i, places, 1, 1, "the stride", g->stride);
    nn_places(c, i + 1, places, 0, 0, "the padding", g->pad);
    nn_places(c, j, places, 1, 1, "the dilation", g->dilation);
    g->groups = has_arg(c, j + 1) ? arg_int(c, j + 1, 1, INT32_MAX) : 1;
}

/* A weight of places + 2 dimensions, whose trailing singletons may be gone. */
static void kernel_of(struct call *c, int i, const struct tensor *w, int places, i64 dim[5])
{
    if (w->nd > places + 2)
        fail_arg(c, i, places == 3 ? "nOut x nIn x kT x kH x kW" : "nOut x nIn x kH x kW");
    for (int d = 0; d < 5; d++)
        dim[d] = 1;
    for (int d = 0; d < w->nd; d++)
        dim[d < 2 ? d : d + 3 - places] = w->dim[d];
}

/* dim[0], dim[1] and the kernel of a weight; in the places not used 1 */
static int kernel_dims(const i64 dim[5], int places, i64 to[5])
{
    to[0] = dim[0];
    to[1] = dim[1];
    for (int d = 0; d < places; d++)
        to[2 + d] = dim[5 - places + d];
    return places + 2;
}

static const char *wanted_image(int places, i64 channels, char text[static 96])
{
    const char *tail = places == 3 ? "T x H x W" : "H x W";
    if (channels < 0)
        snprintf(text, 96, "C x %s or N x C x %s", tail, tail);
    else
        snprintf(text, 96, "%lld x %s or N x %lld x %s", (long long)channels, tail, (long long)channels, tail);
    return text;
}

static NORETURN void fail_input(struct call *c, const struct tensor *x, const struct tensor *w, int places, i64 channels)
{
    char a[128], b[128], text[96];
    fail("Octave:nonconformant-args", "%s: for a weight of %s the input must be %s, but is %s", nn_name(c),
         tensor_shape(w, b), wanted_image(places, channels, text), tensor_shape(x, a));
}

static void check_groups(struct call *c, const struct conv *g, i64 first, const struct tensor *w)
{
    char s[128];
    if (first % g->groups)
        fail("Octave:nonconformant-args", "%s: the first size of the weight (%s) must be a multiple of the %lld groups",
             nn_name(c), tensor_shape(w, s), (long long)g->groups);
}

static void check_room(struct call *c, const struct conv *g, const struct tensor *x, int places)
{
    char a[128], b[128];
    for (int d = 0; d < 3; d++)
        if (g->out[d] < 1 && g->in[d] + 2 * g->pad[d] < g->dilation[d] * (g->kernel[d] - 1) + 1) {
            size_t n = 0;
            b[0] = 0;
            for (int k = 3 - places; k < 3; k++)
                n += (size_t)snprintf(b + n, sizeof b - n, "%s%lld", n ? "x" : "", (long long)g->kernel[k]);
            fail("Octave:nonconformant-args",
                 "%s: a kernel of %s, padding and dilation counted, does not fit into an input of %s", nn_name(c), b,
                 tensor_shape(x, a));
        }
}

static struct tensor *bias_of(struct call *c, int i, i64 n, int dtype)
{
    if (!has_arg(c, i) || value_numel(c->arg[i]) == 0)
        return NULL;
    struct tensor *b = rows_like(c, i, dtype);
    char s[128];
    if (b->numel != n)
        fail("Octave:nonconformant-args", "%s: the bias must have one element for each of %lld outputs, but is %s",
             nn_name(c), (long long)n, tensor_shape(b, s));
    return b;
}

/* The class that the weight has, or else the input. */
static int class_with(struct call *c, int x, int w)
{
    int a = arg_tensor(c, x)->dtype, b = arg_tensor(c, w)->dtype;
    return b == D_SINGLE || (a == D_SINGLE && b != D_DOUBLE) ? D_SINGLE
           : a == D_SINGLE && b == D_DOUBLE                  ? D_SINGLE
                                                             : D_DOUBLE;
}

/* Are they on a device?  All, or none; constants of a layer's own expression go there. */
static struct tensor *brought(struct tensor *t, int device) { return t->device ? t : rows_of(gpu_put(device, t)); }
static int together(struct call *c, struct tensor **x, struct tensor **w)
{
    if (likely(!((*x)->device | (*w)->device)))
        return 0;
    int device = gpu_common(nn_name(c), 2, (value[]){ tensor_box(*x), tensor_box(*w) });
    *x = brought(*x, device);
    *w = brought(*w, device);
    return device;
}

static void forward(struct call *c, int places)
{
    struct conv g = { .dtype = class_with(c, 0, 1) };
    struct tensor *w = rows_like(c, 1, g.dtype), *x = rows_like(c, 0, g.dtype);
    i64 kd[5], dim[5];
    struct layout l;
    int there = together(c, &x, &w);
    kernel_of(c, 1, w, places, kd);
    geometry(c, 3, places, &g, 5);
    g.channels_out = kd[0];
    g.channels_in = kd[1] * g.groups;
    check_groups(c, &g, kd[0], w);
    if (!layout_of(x, places, g.channels_in, &l))
        fail_input(c, x, w, places, g.channels_in);
    g.n = l.n;
    memcpy(g.in, l.size, sizeof g.in);
    memcpy(g.kernel, kd + 2, sizeof g.kernel);
    conv_out(&g);
    if (w->numel && x->numel)
        check_room(c, &g, x, places);
    struct tensor *b = bias_of(c, 2, g.channels_out, g.dtype),
                  *y = rows_beside(x, g.dtype, layout_dims(&l, g.channels_out, g.out, dim), dim);
    if (y->numel && there)
        conv_forward_there(&g, image_of(x, g.channels_in, g.in), image_of(w, kd[1], g.kernel),
                           b ? brought(b, there) : NULL, image_of(y, g.channels_out, g.out));
    else if (y->numel)
        conv_forward(&g, x->data, w->data, b ? b->data : NULL, y->data);
    result_tensor(c, 0, y);
}

/* The sizes in argument i, as of an input with `channels`. */
static int sizes_arg(struct call *c, int i, int most, i64 dim[5], const char *what)
{
    struct tensor *t = arg_double(c, i);
    if (t->numel < 2 || t->numel > most)
        fail("Octave:invalid-input-arg", "%s: the size of %s has 2 to %d numbers, not %lld", nn_name(c), what, most,
             (long long)t->numel);
    for (int d = 0; d < 5; d++) {
        double x = d < t->numel ? ((double *)t->data)[d] : 1;
        if (!(x >= 0 && x < 1e15) || x != (double)(i64)x)
            fail("Octave:invalid-input-arg", "%s: %g in the size of %s is no size", nn_name(c), x, what);
        dim[d] = (i64)x;
    }
    return (int)t->numel;
}

static void layout_of_sizes(struct call *c, int nd, const i64 *dim, int places, i64 channels, struct layout *l)
{
    struct tensor fake = { .nd = (uint8_t)nd, .dim = (i64 *)dim };      /* N x C x H x 1 is told by its last one */
    char a[128], text[96];
    if (!layout_of(&fake, places, channels, l))
        fail("Octave:nonconformant-args", "%s: the input must be %s, but its size is given as %s", nn_name(c),
             wanted_image(places, channels, text), dims_text(nd, dim, a));
}

static void check_output(struct call *c, const struct tensor *dy, const struct layout *l, const struct conv *g)
{
    i64 dim[5];
    char a[128], b[128];
    int nd = dims_trim(layout_dims(l, g->channels_out, g->out, dim), dim);
    if (!dims_equal(dy->nd, dy->dim, nd, dim))
        fail("Octave:nonconformant-args", "%s: the gradient of the output must be %s, but is %s", nn_name(c),
             dims_text(nd, dim, a), tensor_shape(dy, b));
}

static void input_gradient(struct call *c, int places)    /* dy, w, size of x, stride, pad, dilation, groups */
{
    struct conv g = { .dtype = class_with(c, 0, 1) };
    struct tensor *dy = rows_like(c, 0, g.dtype), *w = rows_like(c, 1, g.dtype);
    i64 kd[5], xd[5], dim[5];
    struct layout l;
    kernel_of(c, 1, w, places, kd);
    geometry(c, 3, places, &g, 5);
    g.channels_out = kd[0];
    g.channels_in = kd[1] * g.groups;
    check_groups(c, &g, kd[0], w);
    int nd = sizes_arg(c, 2, places + 2, xd, "the input");
    layout_of_sizes(c, nd, xd, places, g.channels_in, &l);
    g.n = l.n;
    memcpy(g.in, l.size, sizeof g.in);
    memcpy(g.kernel, kd + 2, sizeof g.kernel);
    conv_out(&g);
    check_output(c, dy, &l, &g);
    int there = together(c, &dy, &w);
    struct tensor *dx = rows_beside(dy, g.dtype, layout_dims(&l, g.channels_in, g.in, dim), dim);
    if (there && dx->numel)
        conv_input_there(&g, image_of(dy, g.channels_out, g.out), image_of(w, kd[1], g.kernel), NULL,
                         image_of(dx, g.channels_in, g.in));
    else if (there)
        ;
    else if (dx->numel && dy->numel)
        conv_input(&g, dy->data, w->data, NULL, dx->data);
    else
        memset(dx->data, 0, (size_t)dx->numel * dtypes[g.dtype].size);
    result_tensor(c, 0, dx);
}

static void weight_gradient(struct call *c, int places)   /* x, dy, size of w, stride, pad, dilation, groups */
{
    struct conv g = { .dtype = class_with(c, 0, 1) };
    struct tensor *x = rows_like(c, 0, g.dtype), *dy = rows_like(c, 1, g.dtype);
    i64 wd[5], kd[5], dim[5];
    char a[128], b[128], text[96];
    struct layout l;
    int nd = sizes_arg(c, 2, places + 2, wd, "the weight");
    struct tensor fake = { .nd = (uint8_t)nd, .dim = wd };
    kernel_of(c, 2, &fake, places, kd);
    geometry(c, 3, places, &g, 5);
    g.channels_out = kd[0];
    g.channels_in = kd[1] * g.groups;
    if (!layout_of(x, places, g.channels_in, &l))
        fail("Octave:nonconformant-args", "%s: for a weight of %s the input must be %s, but is %s", nn_name(c),
             dims_text(nd, wd, b), wanted_image(places, g.channels_in, text), tensor_shape(x, a));
    g.n = l.n;
    memcpy(g.in, l.size, sizeof g.in);
    memcpy(g.kernel, kd + 2, sizeof g.kernel);
    conv_out(&g);
    check_output(c, dy, &l, &g);
    if (g.channels_out % g.groups)
        fail("Octave:nonconformant-args", "%s: %lld outputs cannot be cut into %lld groups", nn_name(c),
             (long long)g.channels_out, (long long)g.groups);
    if (together(c, &x, &dy)) {
        struct tensor *w = rows_beside(x, g.dtype, kernel_dims(kd, places, dim), dim);
        if (w->numel)
            conv_weight_there(&g, image_of(x, g.channels_in, g.in), image_of(dy, g.channels_out, g.out),
                              image_of(w, kd[1], g.kernel));
        result_tensor(c, 0, w);
        return;
    }
    struct tensor *dw = rows_zeros(g.dtype, kernel_dims(kd, places, dim), dim);
    if (dw->numel && dy->numel)
        conv_weight(&g, x->data, dy->data, dw->data);
    result_tensor(c, 0, dw);
}

/* ---- rules */
value nn_sizes(value v)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(v, dim);
    return tensor_box(tensor_of_dims(nd, dim));
}

static value with_geometry(struct call *c, const struct builtin *b, value first, value second, value third)
{
    value arg[7] = { first, second, third }, out;
    for (int i = 3; i < 7; i++)
        arg[i] = i < c->nargin ? c->arg[i] : nil();
    call_builtin(b, 7, arg, 1, &out);
    return out;
}

/* Was the input a batch?  It was looked at before. */
static bool places_batch(struct call *c, int places)
{
    struct layout l;
    i64 kd[5];
    kernel_of(c, 1, tensor_any(c->arg[1]), places, kd);
    layout_of(tensor_any(c->arg[0]), places, kd[1] * (has_arg(c, 6) ? arg_int(c, 6, 1, INT32_MAX) : 1), &l);
    return l.batch;
}

/* Gradients of forward(x, w, b, …): all are linear in each. */
static void forward_grad(struct call *c, int places, const struct builtin *input, const struct builtin *weight)
{
    value x = c->arg[0], w = c->arg[1], g = grad_of(c, 0);
    if (grad_wanted(c, 0))
        result(c, 0, with_geometry(c, input, g, w, nn_sizes(x)));
    if (grad_wanted(c, 1))
        result(c, 1, with_geometry(c, weight, x, g, nn_sizes(w)));
    if (c->nargin > 2 && grad_wanted(c, 2))
        result(c, 2, g_reshape_like(g_call(&builtin_nn_channelsum, 2, g, num(places_batch(c, places) ? 2 : 1)), c->arg[2]));
}
static void input_gradient_grad(struct call *c, const struct builtin *forward, const struct builtin *weight)
{
    value g = c->arg[0], w = c->arg[1], h = grad_of(c, 0);
    if (grad_wanted(c, 0))
        result(c, 0, with_geometry(c, forward, h, w, nil()));
    if (grad_wanted(c, 1))
        result(c, 1, with_geometry(c, weight, h, g, nn_sizes(w)));
}
static void weight_gradient_grad(struct call *c, const struct builtin *forward, const struct builtin *input)
{
    value x = c->arg[0], g = c->arg[1], v = grad_of(c, 0);
    if (grad_wanted(c, 0))
        result(c, 0, with_geometry(c, input, g, v, nn_sizes(x)));
    if (grad_wanted(c, 1))
        result(c, 1, with_geometry(c, forward, x, v, nil()));
}
static void conv2d_grad(struct call *c) { forward_grad(c, 2, &builtin_nn_conv2d_input, &builtin_nn_conv2d_weight); }
static void conv3d_grad(struct call *c) { forward_grad(c, 3, &builtin_nn_conv3d_input, &builtin_nn_conv3d_weight); }
static void conv2d_input_grad(struct call *c) { input_gradient_grad(c, &builtin_nn_conv2d, &builtin_nn_conv2d_weight); }
static void conv3d_input_grad(struct call *c) { input_gradient_grad(c, &builtin_nn_conv3d, &builtin_nn_conv3d_weight); }
static void conv2d_weight_grad(struct call *c) { weight_gradient_grad(c, &builtin_nn_conv2d, &builtin_nn_conv2d_input); }
static void conv3d_weight_grad(struct call *c) { weight_gradient_grad(c, &builtin_nn_conv3d, &builtin_nn_conv3d_input); }

BUILTIN(nn_conv2d, 2, 7, 1, conv2d_grad,
    "y = nn.conv2d(x, w, b, stride, padding, dilation, groups)\n\n"
    "Cross-correlation of images x (C x H x W, or a batch N x C x H x W) with kernels w (nOut x C/groups x kH x kW), "
    "plus a bias b with nOut elements (or []):\n"
    "  y(o,i,j) = b(o) + sum over c, p, q of w(o,c,p,q) * x(c, i*stride + p*dilation - padding, j*stride + …)\n"
    "with zeros around x. stride (1), padding (0) and dilation (1) are one number or [height width]. With groups, the "
    "outputs of each group see the channels of theirs only. The result is nOut x oH x oW, with oH = floor((H + "
    "2*padding - dilation*(kH-1) - 1)/stride) + 1.\n\n"
    "Example:\n"
    "  x = reshape(1:9, 1, 3, 3);\n"
    "  y = nn.conv2d(x, ones(1, 1, 2, 2));\n"
    "  reshape(y, 2, 2)\n"
    "  ans =\n"
    "     12   24\n"
    "     16   28\n\n"
    "See also: nn.convtranspose2d, nn.conv3d, nn.maxpool2d, conv2")
{
    forward(c, 2);
}

BUILTIN(nn_conv3d, 2, 7, 1, conv3d_grad,
    "y = nn.conv3d(x, w, b, stride, padding, dilation, groups)\n\n"
    "As nn.conv2d, for volumes: x is C x T x H x W or N x C x T x H x W, w nOut x C/groups x kT x kH x kW; stride, "
    "padding and dilation are one number or [time height width].\n\n"
    "Example:\n"
    "  y = nn.conv3d(ones(2, 3, 3, 3), ones(4, 2, 2, 2, 2));\n"
    "  size(y), y(1)\n"
    "  ans =\n"
    "     4   2   2   2\n"
    "  ans = 16\n\n"
    "See also: nn.conv2d")
{
    forward(c, 3);
}

BUILTIN(nn_conv2d_input, 3, 7, 1, conv2d_input_grad,
    "dx = nn.conv2d_input(dy, w, size, stride, padding, dilation, groups)\n\n"
    "The gradient of nn.conv2d for its input: dy is the gradient for the result, size that of the input.\n\n"
    "Example:\n"
    "  dx = nn.conv2d_input(ones(1, 2, 2), ones(1, 1, 2, 2), [1 3 3]);\n"
    "  reshape(dx, 3, 3)\n"
    "  ans =\n"
    "     1   2   1\n"
    "     2   4   2\n"
    "     1   2   1\n\n"
    "See also: nn.conv2d, nn.conv2d_weight, nn.convtranspose2d")
{
    input_gradient(c, 2);
}

BUILTIN(nn_conv3d_input, 3, 7, 1, conv3d_input_grad,
    "dx = nn.conv3d_input(dy, w, size, stride, padding, dilation, groups)\n\n"
    "The gradient of nn.conv3d for its input: dy is the gradient for the result, size that of the input.\n\n"
    "Example:\n"
    "  dx = nn.conv3d_input(ones(1, 2, 2, 2), ones(1, 1, 2, 2, 2), [1 3 3 3]);\n"
    "  dx(1, 2, 2, 2)\n"
    "  ans = 8\n\n"
    "See also: nn.conv3d, nn.conv3d_weight")
{
    input_gradient(c, 3);
}

BUILTIN(nn_conv2d_weight, 3, 7, 1, conv2d_weight_grad,
    "dw = nn.conv2d_weight(x, dy, size, stride, padding, dilation, groups)\n\n"
    "The gradient of nn.conv2d for its weight: dy is the gradient for the result, size that of the weight.\n\n"
    "Example:\n"
    "  dw = nn.conv2d_weight(reshape(1:9, 1, 3, 3), ones(1, 2, 2), [1 1 2 2]);\n"
    "  reshape(dw, 2, 2)\n"
    "  ans =\n"
    "     12   24\n"
    "     16   28\n\n"
    "See also: nn.conv2d, nn.conv2d_input")
{
    weight_gradient(c, 2);
}

BUILTIN(nn_conv3d_weight, 3, 7, 1, conv3d_weight_grad,
    "dw = nn.conv3d_weight(x, dy, size, stride, padding, dilation, groups)\n\n"
    "The gradient of nn.conv3d for its weight: dy is the gradient for the result, size that of the weight.\n\n"
    "Example:\n"
    "  dw = nn.conv3d_weight(ones(1, 3, 3, 3), ones(1, 2, 2, 2), [1 1 2 2 2]);\n"
    "  dw(1)\n"
    "  ans = 8\n\n"
    "See also: nn.conv3d, nn.conv3d_input")
{
    weight_gradient(c, 3);
}

/* ---- transposed convolution: the adjoint as a function of its own; x stands for the gradient of an output */
static void transposed(struct call *c, int places)        /* x, w, b, stride, padding, more, dilation, groups */
{
    struct conv g = { .dtype = class_with(c, 0, 1) };
    struct tensor *w = rows_like(c, 1, g.dtype), *x = rows_like(c, 0, g.dtype);
    i64 kd[5], dim[5], more[3];
    struct layout l;
    int there = together(c, &x, &w);
    kernel_of(c, 1, w, places, kd);
    geometry(c, 3, places, &g, 6);
    nn_places(c, 5, places, 0, 0, "the output's additional size", more);
    g.channels_out = kd[0];
    g.channels_in = kd[1] * g.groups;
    check_groups(c, &g, kd[0], w);
    if (!layout_of(x, places, g.channels_out, &l))
        fail_input(c, x, w, places, g.channels_out);
    g.n = l.n;
    memcpy(g.out, l.size, sizeof g.out);
    memcpy(g.kernel, kd + 2, sizeof g.kernel);
    for (int d = 0; d < 3; d++) {
        g.in[d] = (g.out[d] - 1) * g.stride[d] - 2 * g.pad[d] + g.dilation[d] * (g.kernel[d] - 1) + 1 + more[d];
        if (more[d] >= g.stride[d] && more[d])
            fail("Octave:invalid-input-arg",
                 "%s: the output's additional size (%lld) must be less than the stride (%lld)", nn_name(c),
                 (long long)more[d], (long long)g.stride[d]);
        if (g.in[d] < 1 && x->numel) {
            char a[128], b[128];
            fail("Octave:nonconformant-args", "%s: of an input of %s and a weight of %s the padding leaves nothing",
                 nn_name(c), tensor_shape(x, a), tensor_shape(w, b));
        }
        g.in[d] = MAX(0, g.in[d]);
    }
    struct tensor *b = bias_of(c, 2, g.channels_in, g.dtype),
                  *y = rows_beside(x, g.dtype, layout_dims(&l, g.channels_in, g.in, dim), dim);
    if (y->numel && there)
        conv_input_there(&g, image_of(x, g.channels_out, g.out), image_of(w, kd[1], g.kernel),
                         b ? brought(b, there) : NULL, image_of(y, g.channels_in, g.in));
    else if (y->numel && x->numel)
        conv_input(&g, x->data, w->data, b ? b->data : NULL, y->data);
    result_tensor(c, 0, y);
}

static void transposed_grad(struct call *c, int places, const struct builtin *forward, const struct builtin *weight)
{
    value g = grad_of(c, 0), arg[7], out;
    for (int i = 3; i < 7; i++)               /* stride, padding, dilation, groups */
        arg[i] = i + (i > 4) < c->nargin ? c->arg[i + (i > 4)] : nil();
    if (grad_wanted(c, 0)) {
        arg[0] = g;
        arg[1] = c->arg[1];
        arg[2] = nil();
        call_builtin(forward, 7, arg, 1, &out);
        result(c, 0, out);
    }
    if (grad_wanted(c, 1)) {
        arg[0] = g;
        arg[1] = c->arg[0];
        arg[2] = nn_sizes(c->arg[1]);
        call_builtin(weight, 7, arg, 1, &out);
        result(c, 1, out);
    }
    if (c->nargin > 2 && grad_wanted(c, 2)) {
        struct layout l;
        i64 kd[5];
        kernel_of(c, 1, tensor_any(c->arg[1]), places, kd);
        layout_of(tensor_any(c->arg[0]), places, kd[0], &l);
        result(c, 2, g_reshape_like(g_call(&builtin_nn_channelsum, 2, g, num(l.batch ? 2 : 1)), c->arg[2]));
    }
}
static void convtranspose2d_grad(struct call *c) { transposed_grad(c, 2, &builtin_nn_conv2d, &builtin_nn_conv2d_weight); }
static void convtranspose3d_grad(struct call *c) { transposed_grad(c, 3, &builtin_nn_conv3d, &builtin_nn_conv3d_weight); }

BUILTIN(nn_convtranspose2d, 2, 8, 1, convtranspose2d_grad,
    "y = nn.convtranspose2d(x, w, b, stride, padding, more, dilation, groups)\n\n"
    "Transposed convolution of images x (nIn x H x W or N x nIn x H x W): what nn.conv2d with the same arguments does "
    "to gradients. w is nIn x nOut/groups x kH x kW. The result is nOut x oH x oW, with oH = (H - 1)*stride - "
    "2*padding + dilation*(kH - 1) + 1 + more, where more is less than the stride.\n\n"
    "Example:\n"
    "  y = nn.convtranspose2d(ones(1, 2, 2), ones(1, 1, 2, 2), [], 2);\n"
    "  size(y), sum(y(:))\n"
    "  ans =\n"
    "     1   4   4\n"
    "  ans = 16\n\n"
    "See also: nn.conv2d, nn.convtranspose3d")
{
    transposed(c, 2);
}

BUILTIN(nn_convtranspose3d, 2, 8, 1, convtranspose3d_grad,
    "y = nn.convtranspose3d(x, w, b, stride, padding, more, dilation, groups)\n\n"
    "As nn.convtranspose2d, for volumes: w is nIn x nOut/groups x kT x kH x kW.\n\n"
    "Example:\n"
    "  size(nn.convtranspose3d(ones(1, 2, 2, 2), ones(1, 3, 2, 2, 2)))\n"
    "  ans =\n"
    "     3   3   3   3\n\n"
    "See also: nn.convtranspose2d, nn.conv3d")
{
    transposed(c, 3);
}
