/* SPDX-License-Identifier: BSD-3-Clause */
/* there.c: convolution on a device, made of programs and products.
 *
 * The one idea: the windows of an image are a header on it (stride 0 dimensions none, places and kernel places with strides of
 * their own), so one strided copy lays them out as columns, and the rest is a product for each group, over the whole batch:
 *   y(P x O, n) = columns(P x K, n) * w(K x O)            P places, K = channels x kernel, O outputs
 * The gradient of the weight is the product the other way round; that of the input adds the columns back, one strided sum for
 * each place of the kernel.  Everything is dense with the last dimension fastest, as on the CPU (conv.h). */
#include "nn/there.h"
#include "lab/gpu.h"
#include <math.h>

enum { MOST = 8 };
static struct tensor *seen(struct tensor *t, i64 offset, int nd, const i64 *dim, const i64 *stride) { return tensor_alias(t, nd, dim, stride, offset); }

struct padded { struct tensor *t; i64 in[3]; };           /* n x channels x in, with the padding as zeros */
static struct padded with_padding(const struct conv *g, struct tensor *x, i64 channels, bool zeros)
{
    struct padded p = { x, { g->in[0], g->in[1], g->in[2] } };
    bool any = zeros;
    for (int d = 0; d < 3; d++) {
        any |= g->pad[d] > 0;
        p.in[d] += 2 * g->pad[d];
    }
    if (!any)
        return p;
    p.t = gpu_filled(x->device, g->dtype, 2, (i64[]){ p.in[0] * p.in[1] * p.in[2] * channels, g->n }, 0);
    return p;
}
/* The middle of the padded memory: W, H, T, channels x n. */
static struct tensor *middle(const struct conv *g, const struct padded *p, i64 channels)
{
    i64 plane = p->in[2] * p->in[1], dim[4] = { g->in[2], g->in[1], g->in[0], channels * g->n }, stride[4] = { 1, p->in[2], plane, plane * p->in[0] };
    return seen(p->t, g->pad[2] + g->pad[1] * p->in[2] + g->pad[0] * plane, 4, dim, stride);
}
static struct tensor *plain(const struct conv *g, struct tensor *x, i64 channels)
{
    i64 plane = g->in[2] * g->in[1], dim[4] = { g->in[2], g->in[1], g->in[0], channels * g->n }, stride[4] = { 1, g->in[2], plane, plane * g->in[0] };
    return seen(x, 0, 4, dim, stride);
}

/* Windows of group q: places (W, H, T), then the kernel's (W, H, T), channels, n. */
static void windows(const struct conv *g, const struct padded *p, int q, i64 *offset, i64 dim[MOST], i64 stride[MOST])
{
    i64 c = g->channels_in / g->groups, row = p->in[2], plane = row * p->in[1], volume = plane * p->in[0], step[3] = { plane, row, 1 };
    for (int d = 0; d < 3; d++) {
        dim[d] = g->out[2 - d];
        stride[d] = g->stride[2 - d] * step[2 - d];
        dim[3 + d] = g->kernel[2 - d];
        stride[3 + d] = g->dilation[2 - d] * step[2 - d];
    }
    dim[6] = c;
    stride[6] = volume;
    dim[7] = g->n;
    stride[7] = volume * g->channels_in;
    *offset = q * c * volume;
}
static i64 places(const struct conv *g) { return g->out[0] * g->out[1] * g->out[2]; }
static i64 depth(const struct conv *g) { return g->channels_in / g->groups * g->kernel[0] * g->kernel[1] * g->kernel[2]; }

/* The columns of group q; batch_first: places, n, then the kernel and channels. */
static struct tensor *columns(const struct conv *g, const struct padded *p, int q, bool batch_first)
{
    i64 offset, dim[MOST], stride[MOST];
    windows(g, p, q, &offset, dim, stride);
    if (batch_first) {
        i64 n = dim[7], s = stride[7];
        memmove(dim + 4, dim + 3, 4 * sizeof *dim);
        memmove(stride + 4, stride + 3, 4 * sizeof *stride);
        dim[3] = n;
        stride[3] = s;
    }
    struct tensor *c = gpu_new(p->t->device, g->dtype, MOST, dim);
    gpu_copy(c, seen(p->t, offset, MOST, dim, stride));
    return c;
}

static struct dev_arg matrix(struct tensor *t, i64 offset, i64 m, i64 rs, i64 n, i64 cs, i64 batch, i64 bs)
{
    struct dev_arg a = gpu_vector(t);
    a.p = (char *)a.p + offset * dtypes[t->dtype].size;
    a.nd = 3;
    memcpy(a.dim, (i64[]){ m, n, batch }, 3 * sizeof(i64));
    memcpy(a.stride, (i64[]){ rs, cs, bs }, 3 * sizeof(i64));
    return a;
}
static void product(int device, struct dev_arg c, struct dev_arg a, struct dev_arg b, struct dev_arg bias)
{
    struct dev_arg in[3] = { a, b, bias };
    gpu_do(device, DEV_gemm, &c, in, (double[]){ 1, 0, 0 });
}

void conv_forward_there(const struct conv *g, struct tensor *x, struct tensor *w, struct tensor *b, struct tensor *y)
{
    struct padded p = with_padding(g, x, g->channels_in, false);
    i64 P = places(g), K = depth(g), O = g->channels_out / g->groups;
    if (p.t != x)
        gpu_copy(middle(g, &p, g->channels_in), plain(g, x, g->channels_in));
    for (int q = 0; q < g->groups; q++) {
        struct tensor *c = columns(g, &p, q, false);
        struct dev_arg bias = { .p = NULL };
        if (b) {
            bias = gpu_vector(b);
            bias.p = (char *)bias.p + q * O * dtypes[b->dtype].size;
            bias.nd = 2;
            bias.dim[0] = 1, bias.dim[1] = O;
            bias.stride[0] = 0, bias.stride[1] = 1;
        }
        product(x->device, matrix(y, q * O * P, P, 1, O, P, g->n, g->channels_out * P), matrix(c, 0, P, 1, K, P, g->n, P * K),
                matrix(w, q * O * K, K, 1, O, K, 1, 0), bias);
    }
}

void conv_weight_there(const struct conv *g, struct tensor *x, struct tensor *dy, struct tensor *dw)
{
    struct padded p = with_padding(g, x, g->channels_in, false);
    i64 P = places(g), K = depth(g), O = g->channels_out / g->groups, PN = P * g->n;
    if (p.t != x)
        gpu_copy(middle(g, &p, g->channels_in), plain(g, x, g->channels_in));
    for (int q = 0; q < g->groups; q++) {
        struct tensor *c = columns(g, &p, q, true), *d = gpu_new(x->device, g->dtype, 3, (i64[]){ P, g->n, O });
        gpu_copy(d, seen(dy, q * O * P, 3, (i64[]){ P, g->n, O }, (i64[]){ 1, g->channels_out * P, P }));
        product(x->device, matrix(dw, q * O * K, K, 1, O, K, 1, 0), matrix(c, 0, K, PN, PN, 1, 1, 0), matrix(d, 0, PN, 1, O, PN, 1, 0), (struct dev_arg){ .p = NULL });
    }
}

void conv_input_there(const struct conv *g, struct tensor *dy, struct tensor *w, struct tensor *dx)
{
    struct padded p = with_padding(g, dx, g->channels_in, true);
    i64 P = places(g), K = depth(g), O = g->channels_out / g->groups, c = g->channels_in / g->groups;
    for (int q = 0; q < g->groups; q++) {
        i64 offset, dim[MOST], stride[MOST];
        struct tensor *d = gpu_new(dx->device, g->dtype, 3, (i64[]){ P, K, g->n });
        product(dx->device, matrix(d, 0, P, 1, K, P, g->n, P * K), matrix(dy, q * O * P, P, 1, O, P, g->n, g->channels_out * P),
                matrix(w, q * O * K, O, K, K, 1, 1, 0), (struct dev_arg){ .p = NULL });
        windows(g, &p, q, &offset, dim, stride);
        i64 kernel = g->kernel[0] * g->kernel[1] * g->kernel[2], to_dim[5] = { dim[0], dim[1], dim[2], c, g->n };
        i64 to[5] = { stride[0], stride[1], stride[2], stride[6], stride[7] }, from[5] = { 1, dim[0], dim[0] * dim[1], P * kernel, P * K };
        for (i64 k = 0; k < kernel; k++) {
            i64 kw = k % dim[3], kh = k / dim[3] % dim[4], kt = k / dim[3] / dim[4];
            struct tensor *place = seen(p.t, offset + kw * stride[3] + kh * stride[4] + kt * stride[5], 5, to_dim, to);
            value sum = ew_apply(EW_plus, 2, (value[]){ tensor_box(place), tensor_box(seen(d, k * P, 5, to_dim, from)) });
            gpu_copy(place, tensor_any(sum));
        }
    }
    gpu_copy(plain(g, dx, g->channels_in), middle(g, &p, g->channels_in));
}

struct tensor *rows_beside(struct tensor *like, int dtype, int nd, const i64 *dim)
{
    if (!like->device)
        return rows_new(dtype, nd, dim);
    i64 turned[MAX_DIMS], stride[MAX_DIMS], s = 1;
    nd = dims_trim(nd, dim);
    for (int d = nd; d-- > 0; s *= dim[d]) {
        turned[nd - 1 - d] = dim[d];
        stride[d] = s;
    }
    return tensor_alias(gpu_new(like->device, dtype, nd, turned), nd, dim, stride, 0);
}

/* ---- pooling: place after place of the window, all windows at once; a NaN counts as largest, of equals the first */
static value op(int row, value a, value b) { return ew_apply(row, 2, (value[]){ a, b }); }

void pool_there(const struct conv *g, i64 planes, struct tensor *x, struct tensor *y, struct tensor *at)
{
    i64 size[3], step[3], P = g->out[0] * g->out[1] * g->out[2];
    for (int d = 0; d < 3; d++)
        size[d] = MAX(g->in[d] + 2 * g->pad[d], (g->out[d] - 1) * g->stride[d] + g->dilation[d] * (g->kernel[d] - 1) + 1);
    step[2] = 1, step[1] = size[2], step[0] = size[1] * size[2];
    struct tensor *p = gpu_filled(x->device, x->dtype, 2, (i64[]){ size[0] * step[0], planes }, -INFINITY);
    i64 in_dim[4] = { g->in[2], g->in[1], g->in[0], planes }, in_stride[4] = { 1, step[1], step[0], size[0] * step[0] };
    i64 x_stride[4] = { 1, g->in[2], g->in[2] * g->in[1], g->in[2] * g->in[1] * g->in[0] };
    gpu_copy(seen(p, g->pad[2] + g->pad[1] * step[1] + g->pad[0] * step[0], 4, in_dim, in_stride), seen(x, 0, 4, in_dim, x_stride));
    i64 dim[4] = { g->out[2], g->out[1], g->out[0], planes }, stride[4] = { g->stride[2], g->stride[1] * step[1], g->stride[0] * step[0], size[0] * step[0] };
    struct tensor *first = tensor_2d(D_DOUBLE, P, 1);     /* where window o begins, counted from 1 in the plane without padding */
    for (i64 o = 0; o < P; o++) {
        i64 w = o % dim[0], h = o / dim[0] % dim[1], t = o / dim[0] / dim[1];
        ((double *)first->data)[o] = (double)(((t * g->stride[0] - g->pad[0]) * g->in[1] + h * g->stride[1] - g->pad[1]) * g->in[2] + w * g->stride[2] - g->pad[2] + 1);
    }
    value begin = tensor_box(tensor_reshape(gpu_put(x->device, first), 3, dim)), best = nil(), place = nil();
    for (i64 k = 0; k < g->kernel[0] * g->kernel[1] * g->kernel[2]; k++) {
        i64 kw = k % g->kernel[2] * g->dilation[2], kh = k / g->kernel[2] % g->kernel[1] * g->dilation[1], kt = k / g->kernel[2] / g->kernel[1] * g->dilation[0];
        value v = tensor_box(seen(p, kw + kh * step[1] + kt * step[0], 4, dim, stride));
        value here = op(EW_plus, begin, num((double)((kt * g->in[1] + kh) * g->in[2] + kw)));
        if (!k) {
            best = v;
            place = op(EW_plus, here, op(EW_times, num(0), ew_apply(EW_isnan, 1, &v)));
            continue;
        }
        value nan = ew_apply(EW_isnan, 1, &v), was = ew_apply(EW_isnan, 1, &best);
        value wins = op(EW_or, op(EW_gt, v, best), op(EW_and, nan, ew_apply(EW_not, 1, &was)));
        place = op(EW_plus, place, op(EW_times, wins, op(EW_minus, here, place)));
        value any = op(EW_or, nan, was);
        best = op(EW_plus, op(EW_max, v, best), op(EW_rdivide, num(0), op(EW_minus, num(1), any)));
    }
    i64 out_stride[4] = { 1, dim[0], dim[0] * dim[1], P };
    gpu_copy(seen(y, 0, 4, dim, out_stride), tensor_any(best));
    gpu_copy(seen(at, 0, 4, dim, out_stride), tensor_any(place));
}

/* Places of planes as indices of the whole memory, from 0. */
static struct dev_arg indices(struct tensor *at, i64 planes, i64 inside)
{
    i64 count = at->numel / MAX(planes, 1);
    struct tensor *plane = tensor_2d(D_DOUBLE, 1, planes);
    for (i64 i = 0; i < planes; i++)
        ((double *)plane->data)[i] = (double)(i * inside - 1);
    value in = tensor_box(gpu_clone(seen(at, 0, 2, (i64[]){ count, planes }, (i64[]){ 1, count }), D_DOUBLE));
    return gpu_vector(gpu_clone(tensor_any(op(EW_plus, in, tensor_box(gpu_put(at->device, plane)))), D_INT64));
}
void pick_there(struct tensor *x, struct tensor *at, i64 planes, i64 inside, struct tensor *y)
{
    struct dev_arg to = gpu_vector(y), in[9] = { gpu_vector(x), indices(at, planes, inside) };
    gpu_do(x->device, DEV_gather, &to, in, (double[]){ 1 });
}
void unpool_there(struct tensor *y, struct tensor *at, i64 planes, i64 inside, struct tensor *x)
{
    struct dev_arg to = gpu_vector(x), in[9] = { gpu_vector(y), indices(at, planes, inside) };
    gpu_fill(x, 0);
    gpu_do(x->device, DEV_scatter, &to, in, (double[]){ 1, 1 });
}
