/* SPDX-License-Identifier: BSD-3-Clause */
/* conv_more.c: convolution of sequences, and of images with weights of their own at each place; each with its adjoints.
 *
 * A sequence lies as frames one after another, so the frames under tap k of the kernel are a matrix with rows stride*F
 * apart: each tap is one matrix product, nothing is unfolded. */
#include "nn/prim.h"
#include "nn/there.h"
#include "lab/blas.h"
#include "lab/gpu.h"
#include "lab/tape.h"

#define B(name) extern const struct builtin builtin_nn_##name;
B(conv1d) B(conv1d_input) B(conv1d_weight) B(local2d) B(local2d_input) B(local2d_weight) B(channelsum)
#undef B

/* ---- sequences */
struct sequence { bool batch; i64 n, t, f, kernel, stride, outputs, frames; };

static struct sequence sequence_of(struct call *c, int nd, const i64 *dim, i64 outputs, i64 width, int stride)
{
    char a[128];
    struct sequence s = { .batch = nd > 2,
                          .n = nd > 2 ? dim[0] : 1,
                          .t = dim[nd > 2],
                          .f = dim[nd > 2 ? 2 : 1],
                          .outputs = outputs,
                          .stride = has_arg(c, stride) ? arg_int(c, stride, 1, INT32_MAX) : 1 };
    if (nd > 3 || s.f < 1 || width % s.f || width < s.f)
        fail("Octave:nonconformant-args",
             "%s: the input must be T x F or N x T x F, and a row of the weight (%lld) a multiple of F, but the input "
             "is %s",
             nn_name(c), (long long)width, dims_text(nd, dim, a));
    s.kernel = width / s.f;
    if (s.t < s.kernel)
        fail("Octave:nonconformant-args", "%s: a kernel of %lld frames does not fit into an input of %s", nn_name(c),
             (long long)s.kernel, dims_text(nd, dim, a));
    s.frames = (s.t - s.kernel) / s.stride + 1;
    return s;
}

static struct tensor *frames_new(const struct sequence *s, int dtype, i64 t, i64 f)
{
    i64 dim[3] = { s->n, t, f };
    return rows_new(dtype, s->batch ? 3 : 2, dim + !s->batch);
}

static void check_frames(struct call *c, const struct sequence *s, const struct tensor *g)
{
    char a[128], b[128];
    i64 all[3] = { s->n, s->frames, s->outputs }, *dim = all + !s->batch;
    int nd = dims_trim(s->batch ? 3 : 2, dim);
    if (!dims_equal(nd, dim, g->nd, g->dim))
        fail("Octave:nonconformant-args", "%s: the gradient of the output must be %s, but is %s", nn_name(c),
             dims_text(nd, dim, a), tensor_shape(g, b));
}

static int float_class(struct call *c, int a, int b)
{
    return arg_tensor(c, a)->dtype == D_SINGLE || arg_tensor(c, b)->dtype == D_SINGLE ? D_SINGLE : D_DOUBLE;
}

static int size_arg(struct call *c, int i, int least, int most, i64 dim[6])
{
    struct tensor *t = arg_double(c, i);
    if (t->numel < least || t->numel > most)
        fail_arg(c, i, "a size");
    for (i64 d = 0; d < 6; d++) {
        double x = d < t->numel ? ((double *)t->data)[d] : 1;
        if (!(x >= 0 && x < 1e15) || x != (double)(i64)x)
            fail_arg(c, i, "a size");
        dim[d] = (i64)x;
    }
    return (int)t->numel;
}

static const char *at(const struct tensor *t, i64 i)
{
    return t->data + i * dtypes[t->dtype].size;
}

/* ---- both on a device: a sequence is an image one row high whose channels lie side by side */
static int together(const char *who, struct tensor **x, struct tensor **w, struct tensor **b)
{
    struct tensor **all[] = { x, w, b };
    int device = gpu_common(who, 2, (value[]){ tensor_box(*x), tensor_box(*w) });
    for (int i = 0; i < 3; i++)
        if (device && all[i] && *all[i] && !(*all[i])->device)
            *all[i] = rows_of(gpu_put(device, *all[i]));
    return device;
}
static struct conv as_conv(const struct sequence *s, int dtype)
{
    return (struct conv){ .dtype = dtype,
                          .n = s->n,
                          .channels_in = s->f,
                          .channels_out = s->outputs,
                          .groups = 1,
                          .in = { 1, 1, s->t },
                          .kernel = { 1, 1, s->kernel },
                          .stride = { 1, 1, s->stride },
                          .dilation = { 1, 1, 1 },
                          .out = { 1, 1, s->frames } };
}
static struct image frames(struct tensor *t, i64 steps, i64 features)
{
    return (struct image){ t, steps * features, 1, { 0, 0, features } };
}
static struct tensor *frames_there(const struct sequence *s, struct tensor *like, i64 t, i64 f)
{
    i64 dim[3] = { s->n, t, f };
    return rows_beside(like, like->dtype, s->batch ? 3 : 2, dim + !s->batch);
}

static void conv1d_grad(struct call *c)
{
    value x = c->arg[0], w = c->arg[1], g = grad_of(c, 0), stride = c->nargin > 3 ? c->arg[3] : nil();
    if (grad_wanted(c, 0))
        result(c, 0, g_call(&builtin_nn_conv1d_input, 4, g, w, nn_sizes(x), stride));
    if (grad_wanted(c, 1))
        result(c, 1, g_call(&builtin_nn_conv1d_weight, 4, x, g, nn_sizes(w), stride));
    if (c->nargin > 2 && grad_wanted(c, 2)) {
        i64 dim[MAX_DIMS];
        int nd = value_dims(x, dim);
        result(c, 2, g_reshape_like(g_call(&builtin_nn_channelsum, 2, g, num(nd)), c->arg[2]));
    }
}
static void conv1d_input_grad(struct call *c)
{
    value g = c->arg[0], w = c->arg[1], h = grad_of(c, 0), stride = c->nargin > 3 ? c->arg[3] : nil();
    if (grad_wanted(c, 0))
        result(c, 0, g_call(&builtin_nn_conv1d, 4, h, w, nil(), stride));
    if (grad_wanted(c, 1))
        result(c, 1, g_call(&builtin_nn_conv1d_weight, 4, h, g, nn_sizes(w), stride));
}
static void conv1d_weight_grad(struct call *c)
{
    value x = c->arg[0], g = c->arg[1], v = grad_of(c, 0), stride = c->nargin > 3 ? c->arg[3] : nil();
    if (grad_wanted(c, 0))
        result(c, 0, g_call(&builtin_nn_conv1d_input, 4, g, v, nn_sizes(x), stride));
    if (grad_wanted(c, 1))
        result(c, 1, g_call(&builtin_nn_conv1d, 4, x, v, nil(), stride));
}

BUILTIN(nn_conv1d, 2, 4, 1, conv1d_grad,
    "y = nn.conv1d(x, w, b, stride)\n\n"
    "Convolution along time: x is a sequence of frames T x F or a batch N x T x F, w is nOut x (kW*F), its rows "
    "kernels of kW frames one after another, b a bias of nOut elements or []. The result has (T - kW)/stride + 1 "
    "frames of nOut.\n\n"
    "Example:\n"
    "  nn.conv1d([1 2; 3 4; 5 6], [1 1 1 1])\n"
    "  ans =\n"
    "     10\n"
    "     18\n\n"
    "See also: nn.conv2d, nn.TemporalConvolution")
{
    int dtype = float_class(c, 0, 1);
    struct tensor *x = rows_like(c, 0, dtype), *w = rows_like(c, 1, dtype),
                  *b = has_arg(c, 2) && value_numel(c->arg[2]) ? rows_like(c, 2, dtype) : NULL;
    if (w->nd > 2)
        fail_arg(c, 1, "nOut x (kW*F)");
    struct sequence s = sequence_of(c, x->nd, x->dim, w->dim[0], w->dim[1], 3);
    char a[128];
    if (b && b->numel != s.outputs)
        fail("Octave:nonconformant-args", "%s: the bias must have one element for each of %lld outputs, but is %s",
             nn_name(c), (long long)s.outputs, tensor_shape(b, a));
    if (together("nn.conv1d", &x, &w, &b)) {
        struct conv g = as_conv(&s, dtype);
        struct tensor *y = frames_there(&s, x, s.frames, s.outputs);
        conv_forward_there(&g, frames(x, s.t, s.f), frames(w, s.kernel, s.f), b, frames(y, s.frames, s.outputs));
        result_tensor(c, 0, y);
        return;
    }
    struct tensor *y = frames_new(&s, dtype, s.frames, s.outputs);
    size_t row = (size_t)s.outputs * dtypes[dtype].size;
    for (i64 i = 0; b && i < s.n * s.frames; i++)
        memcpy(y->data + (size_t)i * row, b->data, row);
    for (i64 n = 0; n < s.n; n++)
        for (i64 k = 0; k < s.kernel; k++)
            blas_gemm(dtype, s.outputs, s.frames, s.f, 1, (struct mat){ at(w, k * s.f), w->dim[1], 1, false },
                      (struct mat){ at(x, (n * s.t + k) * s.f), 1, s.stride * s.f, false }, b || k ? 1 : 0,
                      (char *)at(y, n * s.frames * s.outputs), s.outputs);
    result_tensor(c, 0, y);
}

BUILTIN(nn_conv1d_input, 3, 4, 1, conv1d_input_grad,
    "dx = nn.conv1d_input(dy, w, size, stride)\n\n"
    "The gradient of nn.conv1d for its input: dy is the gradient for the result, size that of the input.\n\n"
    "Example:\n"
    "  nn.conv1d_input([1; 1], [1 2 3 4], [3 2])\n"
    "  ans =\n"
    "     1   2\n"
    "     4   6\n"
    "     3   4\n\n"
    "See also: nn.conv1d, nn.conv1d_weight")
{
    int dtype = float_class(c, 0, 1);
    struct tensor *g = rows_like(c, 0, dtype), *w = rows_like(c, 1, dtype);
    i64 dim[6];
    int nd = size_arg(c, 2, 2, 3, dim);
    struct sequence s = sequence_of(c, nd, dim, w->dim[0], w->dim[1], 3);
    check_frames(c, &s, g);
    if (together("nn.conv1d_input", &g, &w, NULL)) {
        struct conv q = as_conv(&s, dtype);
        struct tensor *dx = frames_there(&s, g, s.t, s.f);
        conv_input_there(&q, frames(g, s.frames, s.outputs), frames(w, s.kernel, s.f), NULL, frames(dx, s.t, s.f));
        result_tensor(c, 0, dx);
        return;
    }
    struct tensor *dx = frames_new(&s, dtype, s.t, s.f);
    memset(dx->data, 0, (size_t)dx->numel * dtypes[dtype].size);
    for (i64 n = 0; n < s.n; n++)
        for (i64 k = 0; k < s.kernel; k++)
            blas_gemm(dtype, s.f, s.frames, s.outputs, 1, (struct mat){ at(w, k * s.f), 1, w->dim[1], false },
                      (struct mat){ at(g, n * s.frames * s.outputs), 1, s.outputs, false }, 1,
                      (char *)at(dx, (n * s.t + k) * s.f), s.stride * s.f);
    result_tensor(c, 0, dx);
}

BUILTIN(nn_conv1d_weight, 3, 4, 1, conv1d_weight_grad,
    "dw = nn.conv1d_weight(x, dy, size, stride)\n\n"
    "The gradient of nn.conv1d for its weight: dy is the gradient for the result, size that of the weight.\n\n"
    "Example:\n"
    "  nn.conv1d_weight([1 2; 3 4; 5 6], [1; 1], [1 4])\n"
    "  ans =\n"
    "      4    6    8   10\n\n"
    "See also: nn.conv1d, nn.conv1d_input")
{
    int dtype = float_class(c, 0, 1);
    struct tensor *x = rows_like(c, 0, dtype), *g = rows_like(c, 1, dtype);
    i64 wd[6];
    size_arg(c, 2, 2, 2, wd);
    struct sequence s = sequence_of(c, x->nd, x->dim, wd[0], wd[1], 3);
    check_frames(c, &s, g);
    if (together("nn.conv1d_weight", &x, &g, NULL)) {
        struct conv q = as_conv(&s, dtype);
        struct tensor *dw = rows_beside(x, dtype, 2, wd);
        conv_weight_there(&q, frames(x, s.t, s.f), frames(g, s.frames, s.outputs), frames(dw, s.kernel, s.f));
        result_tensor(c, 0, dw);
        return;
    }
    struct tensor *dw = rows_zeros(dtype, 2, wd);
    for (i64 n = 0; n < s.n; n++)
        for (i64 k = 0; k < s.kernel; k++)
            blas_gemm(dtype, s.f, s.outputs, s.frames, 1,
                      (struct mat){ at(x, (n * s.t + k) * s.f), 1, s.stride * s.f, false },
                      (struct mat){ at(g, n * s.frames * s.outputs), s.outputs, 1, false }, 1, (char *)at(dw, k * s.f),
                      wd[1]);
    result_tensor(c, 0, dw);
}

/* ---- images, weights of their own at each place: w is oH x oW x nOut x nIn x kH x kW */
struct local { struct layout l; i64 h, w, out, in, kh, kw, stride[3], pad[3]; };

static struct local local_of(struct call *c, int nd, const i64 *dim, int wd_n, const i64 *wd, int first)
{
    struct local q = { .h = wd[0], .w = wd[1], .out = wd[2], .in = wd[3], .kh = wd[4], .kw = wd[5] };
    struct tensor fake = { .nd = (uint8_t)dims_trim(nd, dim), .dim = (i64 *)dim };
    char a[128], b[128];
    nn_places(c, first, 2, 1, 1, "the stride", q.stride);
    nn_places(c, first + 1, 2, 0, 0, "the padding", q.pad);
    bool fits = layout_of(&fake, 2, q.in, &q.l);
    for (int d = 1; d < 3 && fits; d++) {
        i64 room = q.l.size[d] + 2 * q.pad[d] - wd[d + 3];
        fits = room >= 0 && room / q.stride[d] + 1 == wd[d - 1];
    }
    if (!fits)
        fail("Octave:nonconformant-args",
             "%s: a weight of %s (oH x oW x nOut x nIn x kH x kW) and an input of %s do not fit together", nn_name(c),
             dims_text(wd_n, wd, b), dims_text(nd, dim, a));
    return q;
}

/* Every product of one output place, calling back with where y, w and x stand. */
#define LOCAL_LOOP(q, BODY)                                                                                     \
    for (i64 n = 0; n < (q).l.n; n++)                                                                           \
        for (i64 i = 0; i < (q).h; i++) {                                                                       \
            poll();                                                                                             \
            for (i64 j = 0; j < (q).w; j++)                                                                     \
                for (i64 o = 0; o < (q).out; o++) {                                                             \
                    i64 Y = ((n * (q).out + o) * (q).h + i) * (q).w + j, W0 = ((i * (q).w + j) * (q).out + o) * (q).in * (q).kh * (q).kw; \
                    for (i64 ch = 0; ch < (q).in; ch++)                                                         \
                        for (i64 p = 0; p < (q).kh; p++) {                                                      \
                            i64 r = i * (q).stride[1] + p - (q).pad[1], c0 = j * (q).stride[2] - (q).pad[2];    \
                            if (r < 0 || r >= (q).l.size[1])                                                    \
                                continue;                                                                       \
                            i64 first = c0 < 0 ? -c0 : 0, last = MIN((q).kw, (q).l.size[2] - c0);               \
                            i64 W = W0 + (ch * (q).kh + p) * (q).kw, X = ((n * (q).in + ch) * (q).l.size[1] + r) * (q).l.size[2] + c0; \
                            for (i64 k = first; k < last; k++) {                                                \
                                BODY;                                                                           \
                            }                                                                                   \
                        }                                                                                       \
                }                                                                                               \
        }

static value local_call(struct call *c, const struct builtin *b, value first, value second, value third)
{
    return g_call(b, 5, first, second, third, c->nargin > 3 ? c->arg[3] : nil(), c->nargin > 4 ? c->arg[4] : nil());
}

static struct conv local_conv(const struct local *q, int dtype)
{
    return (struct conv){ .dtype = dtype,
                          .n = q->l.n,
                          .channels_in = q->in,
                          .channels_out = q->out,
                          .groups = 1,
                          .in = { 1, q->l.size[1], q->l.size[2] },
                          .kernel = { 1, q->kh, q->kw },
                          .stride = { 1, q->stride[1], q->stride[2] },
                          .pad = { 0, q->pad[1], q->pad[2] },
                          .dilation = { 1, 1, 1 },
                          .out = { 1, q->h, q->w } };
}

static void local2d_grad(struct call *c)
{
    value x = c->arg[0], w = c->arg[1], g = grad_of(c, 0);
    if (grad_wanted(c, 0))
        result(c, 0, local_call(c, &builtin_nn_local2d_input, g, w, nn_sizes(x)));
    if (grad_wanted(c, 1))
        result(c, 1, local_call(c, &builtin_nn_local2d_weight, x, g, nn_sizes(w)));
    if (c->nargin > 2 && grad_wanted(c, 2))   /* of each output and place: the sum over samples */
        result(c, 2, g_reshape_like(value_numel(g) == value_numel(c->arg[2]) ? g : g_sum(g, 1), c->arg[2]));
}
static void local2d_input_grad(struct call *c)
{
    value g = c->arg[0], w = c->arg[1], h = grad_of(c, 0);
    if (grad_wanted(c, 0))
        result(c, 0, local_call(c, &builtin_nn_local2d, h, w, nil()));
    if (grad_wanted(c, 1))
        result(c, 1, local_call(c, &builtin_nn_local2d_weight, h, g, nn_sizes(w)));
}
static void local2d_weight_grad(struct call *c)
{
    value x = c->arg[0], g = c->arg[1], v = grad_of(c, 0);
    if (grad_wanted(c, 0))
        result(c, 0, local_call(c, &builtin_nn_local2d_input, g, v, nn_sizes(x)));
    if (grad_wanted(c, 1))
        result(c, 1, local_call(c, &builtin_nn_local2d, x, v, nil()));
}

static void weight_dims(const struct tensor *w, i64 wd[6])
{
    for (int d = 0; d < 6; d++)
        wd[d] = d < w->nd ? w->dim[d] : 1;
}

BUILTIN(nn_local2d, 2, 5, 1, local2d_grad,
    "y = nn.local2d(x, w, b, stride, padding)\n\n"
    "As nn.conv2d, but each place of the result has weights of its own: w is oH x oW x nOut x nIn x kH x kW, the bias "
    "b nOut x oH x oW or [].\n\n"
    "Example:\n"
    "  y = nn.local2d(ones(1, 2, 2), reshape(1:4, 2, 2, 1, 1, 1, 1));\n"
    "  reshape(y, 2, 2)\n"
    "  ans =\n"
    "     1   3\n"
    "     2   4\n\n"
    "See also: nn.conv2d")
{
    int dtype = float_class(c, 0, 1);
    struct tensor *x = rows_like(c, 0, dtype), *w = rows_like(c, 1, dtype),
                  *b = has_arg(c, 2) && value_numel(c->arg[2]) ? rows_like(c, 2, dtype) : NULL;
    i64 wd[6], dim[5];
    char a[128];
    if (w->nd > 6)
        fail_arg(c, 1, "oH x oW x nOut x nIn x kH x kW");
    weight_dims(w, wd);
    struct local q = local_of(c, x->nd, x->dim, w->nd, wd, 3);
    i64 size[3] = { 1, q.h, q.w }, places = q.out * q.h * q.w;
    if (b && b->numel != places)
        fail("Octave:nonconformant-args", "%s: the bias must be %lldx%lldx%lld, but is %s", nn_name(c),
             (long long)q.out, (long long)q.h, (long long)q.w, tensor_shape(b, a));
    if (together("nn.local2d", &x, &w, &b)) {
        struct conv g = local_conv(&q, dtype);
        struct tensor *y = rows_beside(x, dtype, layout_dims(&q.l, q.out, size, dim), dim);
        local_there(&g, x, w, b, y);
        result_tensor(c, 0, y);
        return;
    }
    struct tensor *y = rows_zeros(dtype, layout_dims(&q.l, q.out, size, dim), dim);
    for (i64 n = 0; b && n < q.l.n; n++)
        memcpy((char *)at(y, n * places), b->data, (size_t)places * dtypes[dtype].size);
    if (dtype == D_SINGLE)
        LOCAL_LOOP(q, ((float *)y->data)[Y] += ((float *)w->data)[W + k] * ((float *)x->data)[X + k])
    else
        LOCAL_LOOP(q, ((double *)y->data)[Y] += ((double *)w->data)[W + k] * ((double *)x->data)[X + k])
    result_tensor(c, 0, y);
}

static void check_local(struct call *c, const struct local *q, const struct tensor *g)
{
    i64 dim[5], size[3] = { 1, q->h, q->w };
    char a[128], b[128];
    int nd = dims_trim(layout_dims(&q->l, q->out, size, dim), dim);
    if (!dims_equal(nd, dim, g->nd, g->dim))
        fail("Octave:nonconformant-args", "%s: the gradient of the output must be %s, but is %s", nn_name(c),
             dims_text(nd, dim, a), tensor_shape(g, b));
}

BUILTIN(nn_local2d_input, 3, 5, 1, local2d_input_grad,
    "dx = nn.local2d_input(dy, w, size, stride, padding)\n\n"
    "The gradient of nn.local2d for its input of the given size.\n\n"
    "Example:\n"
    "  nn.local2d_input(ones(1, 1, 2), reshape([3 4], 1, 2, 1, 1, 1, 1), [1 1 2])(:)'\n"
    "  ans =\n"
    "     3   4\n\n"
    "See also: nn.local2d")
{
    int dtype = float_class(c, 0, 1);
    struct tensor *g = rows_like(c, 0, dtype), *w = rows_like(c, 1, dtype);
    i64 wd[6], xd[6], dim[5];
    int nd = size_arg(c, 2, 2, 4, xd);
    if (w->nd > 6)
        fail_arg(c, 1, "oH x oW x nOut x nIn x kH x kW");
    weight_dims(w, wd);
    struct local q = local_of(c, nd, xd, w->nd, wd, 3);
    check_local(c, &q, g);
    if (together("nn.local2d_input", &g, &w, NULL)) {
        struct conv h = local_conv(&q, dtype);
        struct tensor *x = rows_beside(g, dtype, layout_dims(&q.l, q.in, q.l.size, dim), dim);
        local_input_there(&h, g, w, x);
        result_tensor(c, 0, x);
        return;
    }
    struct tensor *x = rows_zeros(dtype, layout_dims(&q.l, q.in, q.l.size, dim), dim);
    if (dtype == D_SINGLE)
        LOCAL_LOOP(q, ((float *)x->data)[X + k] += ((float *)w->data)[W + k] * ((float *)g->data)[Y])
    else
        LOCAL_LOOP(q, ((double *)x->data)[X + k] += ((double *)w->data)[W + k] * ((double *)g->data)[Y])
    result_tensor(c, 0, x);
}

BUILTIN(nn_local2d_weight, 3, 5, 1, local2d_weight_grad,
    "dw = nn.local2d_weight(x, dy, size, stride, padding)\n\n"
    "The gradient of nn.local2d for its weight of the given size.\n\n"
    "Example:\n"
    "  nn.local2d_weight(reshape([3 4], 1, 1, 2), ones(1, 1, 2), [1 2 1 1 1 1])(:)'\n"
    "  ans =\n"
    "     3   4\n\n"
    "See also: nn.local2d")
{
    int dtype = float_class(c, 0, 1);
    struct tensor *x = rows_like(c, 0, dtype), *g = rows_like(c, 1, dtype);
    i64 wd[6];
    int nd = size_arg(c, 2, 2, 6, wd);
    struct local q = local_of(c, x->nd, x->dim, nd, wd, 3);
    check_local(c, &q, g);
    if (together("nn.local2d_weight", &x, &g, NULL)) {
        struct conv h = local_conv(&q, dtype);
        struct tensor *w = rows_beside(x, dtype, nd, wd);
        local_weight_there(&h, x, g, w);
        result_tensor(c, 0, w);
        return;
    }
    struct tensor *w = rows_zeros(dtype, nd, wd);
    if (dtype == D_SINGLE)
        LOCAL_LOOP(q, ((float *)w->data)[W + k] += ((float *)x->data)[X + k] * ((float *)g->data)[Y])
    else
        LOCAL_LOOP(q, ((double *)w->data)[W + k] += ((double *)x->data)[X + k] * ((double *)g->data)[Y])
    result_tensor(c, 0, w);
}
