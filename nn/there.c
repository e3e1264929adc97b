/* SPDX-License-Identifier: BSD-3-Clause */
/* there.c: what the primitives of nn are on a device: calls of device.def, with sizes and strides as that wants them.
 *
 * Tables that a call needs (where windows begin, weights of neighbours) are made on the CPU and kept on the device from the
 * first call on (gpu_table), so a step of training brings nothing there but its data. */
#include "nn/there.h"
#include "lab/gpu.h"
#include <math.h>

struct image image_of(struct tensor *t, i64 channels, const i64 size[3])
{
    i64 plane = size[1] * size[2], volume = plane * size[0];
    return (struct image){ t, volume * channels, volume, { plane, size[2], 1 } };
}

static struct dev_arg five(struct image x, const i64 size[3], i64 channels, i64 samples)     /* W H T channels samples */
{
    struct dev_arg a = gpu_vector(x.t);
    a.nd = 5;
    for (int d = 0; d < 3; d++) {
        a.dim[d] = size[2 - d];
        a.stride[d] = x.place[2 - d];
    }
    a.dim[3] = channels;
    a.stride[3] = x.channel;
    a.dim[4] = samples;
    a.stride[4] = x.sample;
    return a;
}
static struct dev_arg bias_arg(struct tensor *b) { return b ? gpu_vector(b) : (struct dev_arg){ .p = NULL }; }

static void convolve(enum dev_call what, const struct conv *g, int device, struct dev_arg to, const struct dev_arg *in)
{
    double num[11] = { 0 };
    for (int d = 0; d < 3; d++) {
        num[d] = (double)g->stride[d];
        num[3 + d] = (double)g->pad[d];
        num[6 + d] = (double)g->dilation[d];
    }
    num[9] = (double)g->groups;
    gpu_do(device, what, &to, in, num);
}
static struct dev_arg inputs(const struct conv *g, struct image x) { return five(x, g->in, g->channels_in, g->n); }
static struct dev_arg outputs(const struct conv *g, struct image y) { return five(y, g->out, g->channels_out, g->n); }
static struct dev_arg weights(const struct conv *g, struct image w)
{
    return five(w, g->kernel, g->channels_in / g->groups, g->channels_out);
}

void conv_forward_there(const struct conv *g, struct image x, struct image w, struct tensor *b, struct image y)
{
    convolve(DEV_conv, g, x.t->device, outputs(g, y), (struct dev_arg[]){ inputs(g, x), weights(g, w), bias_arg(b) });
}
void conv_input_there(const struct conv *g, struct image dy, struct image w, struct tensor *b, struct image dx)
{
    convolve(DEV_conv_input, g, dy.t->device, inputs(g, dx),
             (struct dev_arg[]){ outputs(g, dy), weights(g, w), bias_arg(b) });
}
void conv_weight_there(const struct conv *g, struct image x, struct image dy, struct image dw)
{
    convolve(DEV_conv_weight, g, x.t->device, weights(g, dw), (struct dev_arg[]){ inputs(g, x), outputs(g, dy) });
}

/* ---- products */
void product_there(i64 m, i64 n, i64 k, i64 batch, struct placed c, struct placed a, struct placed b)
{
    struct dev_arg arg[3];
    const struct placed *s[3] = { &c, &a, &b };
    i64 dim[3][2] = { { m, n }, { m, k }, { k, n } };
    for (int i = 0; i < 3; i++) {
        arg[i] = gpu_vector(s[i]->t);
        arg[i].p = (char *)arg[i].p + s[i]->offset * (i64)dtypes[s[i]->t->dtype].size;
        arg[i].nd = 3;
        memcpy(arg[i].dim, (i64[]){ dim[i][0], dim[i][1], batch }, 3 * sizeof(i64));
        memcpy(arg[i].stride, (i64[]){ s[i]->rows, s[i]->columns, s[i]->batch }, 3 * sizeof(i64));
    }
    gpu_do(c.t->device, DEV_gemm, &arg[0], (struct dev_arg[]){ arg[1], arg[2], { .p = NULL } }, (double[]){ 1, 0, 0 });
}

/* ---- weights of their own at each place: the windows as columns, then a product for each place, its rows the samples */
static struct tensor *seen(struct tensor *t, i64 offset, int nd, const i64 *dim, const i64 *stride)
{
    return tensor_alias(t, nd, dim, stride, offset);
}

struct windows {
    struct tensor *t;
    i64 in[3], P, K, dim[6], stride[6];
}; /* W H of places, W H of the kernel, channels, samples; in: with padding */
static struct windows windows_of(const struct conv *g, struct tensor *x,
                                 bool read) /* an image with its padding as zeros */
{
    struct windows p = { .P = g->out[1] * g->out[2], .K = g->channels_in * g->kernel[1] * g->kernel[2] };
    for (int d = 1; d < 3; d++)
        p.in[d] = g->in[d] + 2 * g->pad[d];
    i64 plane = p.in[1] * p.in[2];
    p.t = gpu_filled(x->device, g->dtype, 2, (i64[]){ plane * g->channels_in, g->n }, 0);
    memcpy(p.dim, (i64[]){ g->out[2], g->out[1], g->kernel[2], g->kernel[1], g->channels_in, g->n }, sizeof p.dim);
    memcpy(p.stride, (i64[]){ g->stride[2], g->stride[1] * p.in[2], 1, p.in[2], plane, plane * g->channels_in },
           sizeof p.stride);
    i64 dim[3] = { g->in[2], g->in[1], g->channels_in * g->n }, to[3] = { 1, p.in[2], plane },
        from[3] = { 1, g->in[2], g->in[2] * g->in[1] };
    struct tensor *middle = seen(p.t, g->pad[2] + g->pad[1] * p.in[2], 3, dim, to), *plain = seen(x, 0, 3, dim, from);
    if (read)
        gpu_copy(middle, plain);
    return p;
}
static struct tensor *columns(const struct windows *p)     /* P x K x n */
{
    struct tensor *c = gpu_new(p->t->device, p->t->dtype, 6, p->dim);
    gpu_copy(c, seen(p->t, 0, 6, p->dim, p->stride));
    return c;
}

void local_there(const struct conv *g, struct tensor *x, struct tensor *w, struct tensor *b, struct tensor *y)
{
    struct windows p = windows_of(g, x, true);
    i64 P = p.P, K = p.K, O = g->channels_out;
    product_there(g->n, O, K, P, (struct placed){ y, 0, O * P, P, 1 }, (struct placed){ columns(&p), 0, P * K, P, 1 },
                  (struct placed){ w, 0, 1, K, O * K });
    if (!b)
        return;
    i64 dim[2] = { P * O, g->n };
    struct tensor *to = seen(y, 0, 2, dim, (i64[]){ 1, P * O });
    gpu_copy(to, tensor_any(ew_apply(
                     EW_plus, 2,
                     (value[]){ tensor_box(to), tensor_box(seen(b, 0, 2, (i64[]){ P * O, 1 }, (i64[]){ 1, 0 })) })));
}

void local_weight_there(const struct conv *g, struct tensor *x, struct tensor *dy, struct tensor *dw)
{
    struct windows p = windows_of(g, x, true);
    i64 P = p.P, K = p.K, O = g->channels_out;
    product_there(K, O, g->n, P, (struct placed){ dw, 0, 1, K, O * K }, (struct placed){ columns(&p), 0, P, P * K, 1 },
                  (struct placed){ dy, 0, O * P, P, 1 });
}

void local_input_there(const struct conv *g, struct tensor *dy, struct tensor *w, struct tensor *dx)
{
    struct windows p = windows_of(g, dx, false);
    i64 P = p.P, K = p.K, O = g->channels_out, kernel = g->kernel[1] * g->kernel[2];
    struct tensor *d = gpu_new(dx->device, g->dtype, 3, (i64[]){ P, K, g->n });
    product_there(g->n, K, O, P, (struct placed){ d, 0, P * K, P, 1 }, (struct placed){ dy, 0, O * P, P, 1 },
                  (struct placed){ w, 0, K, 1, O * K });
    i64 dim[4] = { p.dim[0], p.dim[1], g->channels_in, g->n }, to[4] = { p.stride[0], p.stride[1], p.stride[4], p.stride[5] };
    i64 from[4] = { 1, p.dim[0], P * kernel, P * K };
    for (i64 k = 0; k < kernel; k++) {
        struct tensor *place = seen(p.t, k % g->kernel[2] + k / g->kernel[2] * p.in[2], 4, dim, to);
        gpu_copy(place, tensor_any(ew_apply(EW_plus, 2,
                                            (value[]){ tensor_box(place), tensor_box(seen(d, k * P, 4, dim, from)) })));
    }
    i64 plain[3] = { g->in[2], g->in[1], g->channels_in * g->n }, inner[3] = { 1, p.in[2], p.in[1] * p.in[2] },
        out[3] = { 1, g->in[2], g->in[2] * g->in[1] };
    gpu_copy(seen(dx, 0, 3, plain, out), seen(p.t, g->pad[2] + g->pad[1] * p.in[2], 3, plain, inner));
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

struct tensor *buffer_there(value *slot, struct tensor *like, int nd, const i64 *dim)
{
    nd = dims_trim(nd, dim);
    if (slot->kind == K_TENSOR) {
        struct tensor *t = slot->t;
        if (t->h.owners == 1 && !t->h.pins && !t->mark && t->device == like->device && t->dtype == like->dtype &&
            t->block->owners == 1 && t->block != like->block && t->block->class == (uint16_t)gpu_at(t->device)->epoch &&
            dims_equal(t->nd, t->dim, nd, dim) && rows_already(t))
            return t;
    }
    replace(slot, nil());
    struct tensor *t = rows_beside(like, like->dtype, nd, dim);
    *slot = copy(tensor_box(t));
    return t;
}

/* ---- planes */
void pool_there(i64 planes, const i64 in[3], const i64 out[3], const i64 *const from[3], const i64 *const to[3],
                const i64 dilation[3], struct tensor *x, struct tensor *y, struct tensor *at)
{
    struct tensor *list = tensor_2d(D_INT64, 2 * (out[0] + out[1] + out[2]), 1);
    i64 *l = (i64 *)list->data;
    double num[10] = { (double)planes };
    for (int d = 0; d < 3; d++, l += 2 * out[d - 1]) {
        memcpy(l, from[d], sizeof *l * (size_t)out[d]);
        memcpy(l + out[d], to[d], sizeof *l * (size_t)out[d]);
        num[1 + d] = (double)in[d];
        num[4 + d] = (double)out[d];
        num[7 + d] = (double)dilation[d];
    }
    gpu_do(x->device, DEV_pool, (struct dev_arg[]){ gpu_vector(y), gpu_vector(at) },
           (struct dev_arg[]){ gpu_vector(x), gpu_vector(gpu_table(x->device, list)) }, num);
}

static bool unchanged(const struct map *m)
{
    if (!m->start)
        return true;
    bool same = m->in == m->out && m->start[m->out] == m->out;
    for (i64 i = 0; i < m->out && same; i++)
        same = m->start[i] == i && m->at[i] == i && m->w[i] == 1;
    return same;
}

void taps_there(const struct map m[3], i64 planes, struct tensor *x, struct tensor *y)
{
    i64 entries = 0, places = 0;
    double num[10] = { (double)planes };
    for (int d = 0; d < 3; d++) {
        bool stays = unchanged(&m[d]);
        num[1 + d] = (double)m[d].in;
        num[4 + d] = (double)m[d].out;
        num[7 + d] = stays ? -1 : (double)m[d].start[m[d].out];
        entries += stays ? 0 : m[d].start[m[d].out];
        places += stays ? 0 : m[d].out + 1;
    }
    struct tensor *list = tensor_2d(D_INT64, places + entries + 1, 1), *weight = tensor_2d(D_DOUBLE, entries + 1, 1);
    i64 *l = (i64 *)list->data;
    double *w = (double *)weight->data;
    for (int d = 0; d < 3; d++) {
        if (num[7 + d] < 0)
            continue;
        size_t n = (size_t)num[7 + d];
        memcpy(l, m[d].start, sizeof *l * (size_t)(m[d].out + 1));
        memcpy(l + m[d].out + 1, m[d].at, sizeof *l * n);
        memcpy(w, m[d].w, sizeof *w * n);
        l += m[d].out + 1 + (i64)n;
        w += n;
    }
    *l = 0;                                   /* so that there is something of each */
    *w = 0;
    struct dev_arg to = gpu_vector(y);
    gpu_do(x->device, DEV_taps, &to,
           (struct dev_arg[]){ gpu_vector(x), gpu_vector(gpu_table(x->device, list)),
                               gpu_vector(gpu_table(x->device, weight)) },
           num);
}

static value op(int row, value a, value b) { return ew_apply(row, 2, (value[]){ a, b }); }

/* Places of planes as indices of the whole memory, from 0. */
static struct dev_arg indices(struct tensor *at, i64 planes, i64 inside)
{
    i64 count = at->numel / MAX(planes, 1);
    struct tensor *plane = tensor_2d(D_DOUBLE, 1, planes);
    for (i64 i = 0; i < planes; i++)
        ((double *)plane->data)[i] = (double)(i * inside - 1);
    value in = tensor_box(gpu_clone(seen(at, 0, 2, (i64[]){ count, planes }, (i64[]){ 1, count }), D_DOUBLE));
    return gpu_vector(gpu_clone(tensor_any(op(EW_plus, in, tensor_box(gpu_table(at->device, plane)))), D_INT64));
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

/* Each writes its number where it belongs, of several the last stays; then each looks whose is there. */
struct tensor *last_there(struct tensor *at, i64 planes, i64 inside)
{
    struct tensor *number = tensor_2d(D_DOUBLE, at->numel, 1),
                  *owner = gpu_filled(at->device, D_DOUBLE, 2, (i64[]){ planes * inside, 1 }, 0);
    for (i64 i = 0; i < at->numel; i++)
        ((double *)number->data)[i] = (double)i;
    number = gpu_table(at->device, number);
    struct tensor *there = rows_beside(at, D_DOUBLE, at->nd, at->dim),
                  *line = tensor_alias(there, 2, (i64[]){ at->numel, 1 }, (i64[]){ 1, 0 }, 0);
    struct dev_arg list = indices(at, planes, inside), to = gpu_vector(owner), back = gpu_vector(there);
    gpu_do(at->device, DEV_scatter, &to, (struct dev_arg[9]){ gpu_vector(number), list }, (double[]){ 1, 0 });
    gpu_do(at->device, DEV_gather, &back, (struct dev_arg[9]){ to, list }, (double[]){ 1 });
    value same = ew_apply(EW_eq, 2, (value[]){ tensor_box(line), tensor_box(number) });
    gpu_copy(line, tensor_any(same));
    return there;
}
