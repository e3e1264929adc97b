/* SPDX-License-Identifier: BSD-3-Clause */
/* pool.c: largest values and averages of windows, and back.
 *
 * A maximum remembers where it stood: int32 numbers of places in their plane, counted from 1, last dimension fastest (as
 * Torch's `indices`).  Every kind of maximum pooling is then the reading of places (nn.pick), whose adjoint adds into them
 * (nn.unpool); these two are each other's rule.  Of equal values the first in memory order counts; NaN counts as largest.
 *
 * Windows that lie in the image as they are, are searched by columns first, whole vectors at a time, then along the row. */
#include "nn/prim.h"
#include "nn/there.h"
#include "lab/gpu.h"
#include "nn/kernels.h"
#include "lab/tape.h"
#include <math.h>

#define B(name) extern const struct builtin builtin_nn_##name;
B(pick) B(unpool)
#undef B

struct pool {
    i64 planes, in[3], kernel[3], stride[3], pad[3], dilation[3], out[3];
    bool ceil, plain;                         /* plain: no padding, dilation or cut window */
    const struct tensor *x, *at;
    struct tensor *y;
    const i64 *from[3], *to[3];
    char *spare;
    size_t spare_bytes;
};

static i64 product(const i64 *d)
{
    return d[0] * d[1] * d[2];
}

i64 nn_pool_out(struct call *c, i64 in, i64 kernel, i64 stride, i64 pad, i64 dilation, bool ceil)
{
    if (pad > kernel / 2)
        fail("Octave:invalid-input-arg", "%s: the padding (%lld) must be at most half of the window (%lld)", nn_name(c),
             (long long)pad, (long long)kernel);
    i64 room = in + 2 * pad - dilation * (kernel - 1) - 1;
    if (room < 0)
        return -1;
    i64 out = (room + (ceil ? stride - 1 : 0)) / stride + 1;
    return out - (ceil && out > 1 &&
                  (out - 1) * stride >= in + pad); /* a window must begin inside the image or its padding before it */
}

/* Kernel, stride, padding at arguments 1, 2, 3; dilation at 4 when there is one; and x's planes. */
static struct layout pool_args(struct call *c, struct pool *p, int places, int dilation, int ceil_arg)
{
    struct layout l;
    char a[128], b[128];
    if (!has_arg(c, 1))
        fail_arg(c, 1, "the size of the window");
    nn_places(c, 1, places, 1, 1, "the window", p->kernel);
    nn_places(c, 2, places, 1, 1, "the stride", p->stride);
    if (!has_arg(c, 2) || value_numel(c->arg[2]) == 0)
        memcpy(p->stride, p->kernel, sizeof p->kernel);
    nn_places(c, 3, places, 0, 0, "the padding", p->pad);
    for (int d = 0; d < 3; d++)
        p->dilation[d] = 1;
    if (dilation)
        nn_places(c, dilation, places, 1, 1, "the dilation", p->dilation);
    p->ceil = has_arg(c, ceil_arg) && arg_bool(c, ceil_arg);
    if (!layout_of(p->x, places, -1, &l))
        fail("Octave:nonconformant-args", "%s: the input must be %s, but is %s", nn_name(c),
             places == 3 ? "C x T x H x W or N x C x T x H x W" : "C x H x W or N x C x H x W", tensor_shape(p->x, a));
    memcpy(p->in, l.size, sizeof p->in);
    p->planes = l.n * l.channels;
    for (int d = 0; d < 3; d++) {
        p->out[d] = nn_pool_out(c, p->in[d], p->kernel[d], p->stride[d], p->pad[d], p->dilation[d], p->ceil);
        if (p->out[d] < 0 && p->planes)
            fail("Octave:nonconformant-args",
                 "%s: a window of %s, padding and dilation counted, does not fit into an input of %s", nn_name(c),
                 dims_text(places, p->kernel + 3 - places, b), tensor_shape(p->x, a));
        p->out[d] = MAX(0, p->out[d]);
    }
    p->plain = true;
    for (int d = 0; d < 3; d++)
        p->plain &= !p->pad[d] && p->dilation[d] == 1 && (p->out[d] - 1) * p->stride[d] + p->kernel[d] <= p->in[d];
    return l;
}

/* Windows of dimension d: from + k*dilation < to */
static void windows_new(struct pool *p, int d, i64 **from, i64 **to)
{
    p->from[d] = *from = scratch(sizeof(i64) * (size_t)(p->out[d] + 1));
    p->to[d] = *to = scratch(sizeof(i64) * (size_t)(p->out[d] + 1));
}

static void windows_regular(struct pool *p)
{
    i64 *from, *to;
    for (int d = 0; d < 3; d++) {
        windows_new(p, d, &from, &to);
        for (i64 o = 0; o < p->out[d]; o++) {
            i64 a = o * p->stride[d] - p->pad[d], end = a + (p->kernel[d] - 1) * p->dilation[d] + 1;
            if (a < 0)
                a += (-a + p->dilation[d] - 1) / p->dilation[d] * p->dilation[d];
            from[o] = a;
            to[o] = MIN(end, p->in[d]);
        }
    }
}

#define MAXIMA(T)                                                                                               \
    static void search_##T(const struct pool *p, const T *x, T *y, int32_t *at)                                 \
    {                                                                                                           \
        for (i64 a = 0; a < p->out[0]; a++)                                                                     \
            for (i64 b = 0; b < p->out[1]; b++)                                                                 \
                for (i64 e = 0; e < p->out[2]; e++, y++, at++) {                                                \
                    i64 best = -1, h0 = p->from[1][b], h1 = p->to[1][b], w0 = p->from[2][e], w1 = p->to[2][e];  \
                    T most = -(T)INFINITY;                                                                      \
                    for (i64 t = p->from[0][a]; t < p->to[0][a]; t += p->dilation[0])                           \
                        for (i64 h = h0; h < h1; h += p->dilation[1])                                           \
                            for (i64 w = w0; w < w1; w += p->dilation[2]) {                                     \
                                i64 i = (t * p->in[1] + h) * p->in[2] + w;                                      \
                                if (best < 0 || x[i] > most || x[i] != x[i]) {                                  \
                                    most = x[i];                                                                \
                                    best = i;                                                                   \
                                }                                                                               \
                            }                                                                                   \
                    *y = most;                                                                                  \
                    *at = (int32_t)(best + 1);                                                                  \
                }                                                                                               \
    }                                                                                                           \
    static void columns_##T(const struct pool *p, const T *x, T *y, int32_t *at, char *spare)                   \
    {                                                                                                           \
        i64 W = p->in[2], H = p->in[1], width = (p->out[2] - 1) * p->stride[2] + p->kernel[2];                  \
        T *most = (T *)spare;                                                                                   \
        int32_t *row = (int32_t *)(most + width + 16);                                                          \
        for (i64 a = 0; a < p->out[0]; a++)                                                                     \
            for (i64 b = 0; b < p->out[1]; b++) {                                                               \
                i64 first = (a * p->stride[0] * H + b * p->stride[1]) * W;                                      \
                nn_kernels->columns[sizeof(T) == 4](x + first, W, H * W, (int)p->kernel[0], (int)p->kernel[1], width, most, row); \
                for (i64 e = 0; e < p->out[2]; e++) {                                                           \
                    const T *m = most + e * p->stride[2];                                                       \
                    const int32_t *r = row + e * p->stride[2];                                                  \
                    T best = m[0];                                                                              \
                    i64 i = r[0];                                                                               \
                    for (i64 k = 1; k < p->kernel[2]; k++) {                                                    \
                        i64 j = r[k] + k;                                                                       \
                        bool take = m[k] > best || m[k] != m[k] || (m[k] == best && j < i);                     \
                        best = take ? m[k] : best;                                                              \
                        i = take ? j : i;                                                                       \
                    }                                                                                           \
                    *y++ = best;                                                                                \
                    *at++ = (int32_t)(first + e * p->stride[2] + i + 1);                                        \
                }                                                                                               \
            }                                                                                                   \
    }                                                                                                           \
    static void maxima_##T(void *arg, i64 plane, int thread)                                                    \
    {                                                                                                           \
        const struct pool *p = arg;                                                                             \
        const T *x = (const T *)p->x->data + plane * product(p->in);                                            \
        T *y = (T *)p->y->data + plane * product(p->out);                                                       \
        int32_t *at = (int32_t *)p->at->data + plane * product(p->out);                                         \
        if (p->plain)                                                                                           \
            columns_##T(p, x, y, at, p->spare + (size_t)thread * p->spare_bytes);                               \
        else                                                                                                    \
            search_##T(p, x, y, at);                                                                            \
    }
MAXIMA(float)
MAXIMA(double)

static void maximum_run(struct call *c, struct pool *p, const struct layout *l)
{
    i64 dim[5];
    int nd = layout_dims(l, l->channels, p->out, dim);
    if (product(p->in) > INT32_MAX)
        fail("tl:too-large", "%s: a plane of %lld elements is too large", nn_name(c), (long long)product(p->in));
    struct tensor *x = (struct tensor *)p->x;
    p->y = rows_beside(x, x->dtype, nd, dim);
    p->at = rows_beside(x, D_INT32, nd, dim);
    if (p->y->numel && x->device) {
        pool_there(p->planes, p->in, p->out, p->from, p->to, p->dilation, x, p->y, (struct tensor *)p->at);
    } else if (p->y->numel) {
        int threads = rows_threads((double)p->planes * (double)product(p->out) * (double)product(p->kernel));
        p->spare_bytes = ((size_t)((p->out[2] - 1) * p->stride[2] + p->kernel[2] + 32) * 12 + 127) & ~(size_t)63;
        p->spare = scratch(p->spare_bytes * (size_t)threads);
        rows_each(p->planes, threads, p->x->dtype == D_SINGLE ? maxima_float : maxima_double, p);
    }
    result_tensor(c, 0, p->y);
    if (wants(c, 1))
        result_tensor(c, 1, (struct tensor *)p->at);
}

static void maximum(struct call *c, int places)
{
    struct pool p = { .x = rows_arg(c, 0) };
    struct layout l = pool_args(c, &p, places, 4, 5);
    if (!p.plain || p.x->device)
        windows_regular(&p);
    maximum_run(c, &p, &l);
}

/* Pooling to a given size: what stands in argument 1; the windows follow. */
static struct layout sized(struct call *c, struct pool *p, int places)
{
    struct layout l;
    char a[128];
    if (!has_arg(c, 1))
        fail_arg(c, 1, "the size of the result");
    nn_places(c, 1, places, 1, 1, "the size of the result", p->out);
    if (!layout_of(p->x, places, -1, &l))
        fail("Octave:nonconformant-args", "%s: the input must be %s, but is %s", nn_name(c),
             places == 3 ? "C x T x H x W or N x C x T x H x W" : "C x H x W or N x C x H x W", tensor_shape(p->x, a));
    memcpy(p->in, l.size, sizeof p->in);
    p->planes = l.n * l.channels;
    if (p->planes && product(p->in) == 0)
        fail("Octave:nonconformant-args", "%s: an input of %s has no places", nn_name(c), tensor_shape(p->x, a));
    for (int d = 0; d < 3; d++) {
        if (d < 3 - places)
            p->out[d] = p->in[d];
        p->dilation[d] = p->stride[d] = 1;
        p->kernel[d] = p->out[d] ? p->in[d] / p->out[d] + 1 : 1;
    }
    return l;
}

static void adaptive(struct call *c, int places)
{
    struct pool p = { .x = rows_arg(c, 0) };
    struct layout l = sized(c, &p, places);
    i64 *from, *to;
    for (int d = 0; d < 3; d++) {
        windows_new(&p, d, &from, &to);
        for (i64 o = 0; o < p.out[d]; o++) {
            from[o] = o * p.in[d] / p.out[d];
            to[o] = ((o + 1) * p.in[d] + p.out[d] - 1) / p.out[d];
        }
    }
    maximum_run(c, &p, &l);
}

/* The intervals of B. Graham, "Fractional max-pooling" (2014), pseudo-random: with a = (in - k)/(out - 1), window i begins at
   floor((i + u) a) - floor(u a), the last at in - k. */
static void fractional(struct call *c, int places)
{
    struct pool p = { .x = rows_arg(c, 0) };
    i64 k[3], *from, *to;
    struct layout l = sized(c, &p, places);
    nn_places(c, 2, places, 1, 1, "the window", k);
    struct tensor *u = arg_double(c, 3);
    if (u->numel != places)
        fail("Octave:invalid-input-arg", "%s: %d numbers between 0 and 1 are needed, one for each dimension, not %lld",
             nn_name(c), places, (long long)u->numel);
    for (int d = 0; d < 3; d++) {
        double r = d < 3 - places ? 0 : ((double *)u->data)[d - (3 - places)];
        if (!(r >= 0 && r <= 1))
            fail("Octave:invalid-input-arg", "%s: the numbers must lie between 0 and 1, but one is %g", nn_name(c), r);
        if (p.planes && p.out[d] + k[d] - 1 > p.in[d])
            fail("Octave:nonconformant-args", "%s: %lld windows of %lld do not fit into a dimension of %lld",
                 nn_name(c), (long long)p.out[d], (long long)k[d], (long long)p.in[d]);
        p.kernel[d] = k[d];
        windows_new(&p, d, &from, &to);
        double a = p.out[d] > 1 ? (double)(p.in[d] - k[d]) / (double)(p.out[d] - 1) : 0;
        for (i64 o = 0; o < p.out[d]; o++) {
            from[o] = o == p.out[d] - 1 ? p.in[d] - k[d] : (i64)(((double)o + r) * a) - (i64)(r * a);
            to[o] = from[o] + k[d];
        }
    }
    maximum_run(c, &p, &l);
}

/* The places of the largest: of the second result, or found again. */
static void maximum_grad(struct call *c, int places)
{
    value at = grad_result(c, 1);
    if (is_nil(at)) {
        value out[2];
        call_builtin(c->fn, c->nargin, c->arg, 2, out);
        at = out[1];
    }
    result(c, 0, g_call(&builtin_nn_unpool, 4, grad_of(c, 0), at, nn_sizes(c->arg[0]), num(places)));
}
static void nn_maxpool2d_grad(struct call *c) { maximum_grad(c, 2); }
static void nn_maxpool3d_grad(struct call *c) { maximum_grad(c, 3); }

BUILTIN(nn_maxpool2d, 2, 6, 2, nn_maxpool2d_grad,
    "y = nn.maxpool2d(x, k, stride, padding, dilation, ceil)\n"
    "[y, at] = nn.maxpool2d(…)\n\n"
    "The largest value of every window of k places (one number, or [height width]) of x, C x H x W or N x C x H x W. "
    "stride is k by default, padding 0 (at most k/2), dilation 1; with ceil windows that reach beyond the right and "
    "lower edge count as well. at tells where in its plane each value stood: (row - 1)*W + column, int32.\n\n"
    "Example:\n"
    "  x = reshape([1 5 2 0; 3 4 8 7], 1, 2, 4);\n"
    "  [y, at] = nn.maxpool2d(x, 2);\n"
    "  y(:)', double(at(:)')\n"
    "  ans =\n"
    "     5   8\n"
    "  ans =\n"
    "     2   7\n\n"
    "See also: nn.unpool, nn.avgpool2d, nn.maxpool3d")
{
    maximum(c, 2);
}

BUILTIN(nn_maxpool3d, 2, 6, 2, nn_maxpool3d_grad,
    "y = nn.maxpool3d(x, k, stride, padding, dilation, ceil)\n"
    "[y, at] = nn.maxpool3d(…)\n\n"
    "As nn.maxpool2d, for volumes C x T x H x W or N x C x T x H x W; k, stride, padding and dilation are one number "
    "or [time height width].\n\n"
    "Example:\n"
    "  x = zeros(1, 2, 2, 2); x(1, 2, 1, 2) = 3;\n"
    "  [y, at] = nn.maxpool3d(x, 2)\n"
    "  y = 3\n"
    "  at = 6\n\n"
    "See also: nn.maxpool2d, nn.unpool")
{
    maximum(c, 3);
}

BUILTIN(nn_adaptivemaxpool2d, 2, 2, 2, nn_maxpool2d_grad,
    "y = nn.adaptivemaxpool2d(x, size)\n"
    "[y, at] = nn.adaptivemaxpool2d(x, size)\n\n"
    "Largest values of windows such that the result has the given size, one number or [height width]: window i of n "
    "goes from floor((i-1)*H/n) + 1 to ceil(i*H/n). at as in nn.maxpool2d.\n\n"
    "Example:\n"
    "  y = nn.adaptivemaxpool2d(reshape(1:5, 1, 1, 5), [1 2]);\n"
    "  y(:)'\n"
    "  ans =\n"
    "     3   5\n\n"
    "See also: nn.adaptiveavgpool2d, nn.maxpool2d")
{
    adaptive(c, 2);
}

BUILTIN(nn_fractionalmaxpool2d, 4, 4, 2, nn_maxpool2d_grad,
    "y = nn.fractionalmaxpool2d(x, size, k, u)\n"
    "[y, at] = nn.fractionalmaxpool2d(x, size, k, u)\n\n"
    "Largest values of size(1) x size(2) windows of k places (one number or [height width]) whose distances are whole "
    "numbers around (H - k)/(size - 1), in an order set by u, two numbers from 0 to 1 (rand(1, 2)). at as in "
    "nn.maxpool2d.\n\n"
    "Example:\n"
    "  y = nn.fractionalmaxpool2d(reshape(1:9, 1, 1, 9), [1 4], [1 2], [0 0.5]);\n"
    "  y(:)'\n"
    "  ans =\n"
    "     2   4   6   9\n\n"
    "See also: nn.maxpool2d")
{
    fractional(c, 2);
}

BUILTIN(nn_fractionalmaxpool3d, 4, 4, 2, nn_maxpool3d_grad,
    "y = nn.fractionalmaxpool3d(x, size, k, u)\n"
    "[y, at] = nn.fractionalmaxpool3d(x, size, k, u)\n\n"
    "As nn.fractionalmaxpool2d, for volumes; u has three numbers.\n\n"
    "Example:\n"
    "  size(nn.fractionalmaxpool3d(ones(2, 5, 5, 5), 2, 2, rand(1, 3)))\n"
    "  ans =\n"
    "     2   2   2   2\n\n"
    "See also: nn.fractionalmaxpool2d")
{
    fractional(c, 3);
}

/* ---- reading and adding at places of planes */
struct places { i64 planes, inside, count; const char *from; const int32_t *at; char *to; bool single; };

/* x (as a size) has planes in its first dimension, or in two when it has more than places + 1. */
static struct places places_of(struct call *c, int nd, const i64 *dim, const struct tensor *at, int places_arg)
{
    struct places q = { .planes = 1, .inside = 1 };
    char a[128], b[128];
    int places = has_arg(c, places_arg) ? (int)arg_int(c, places_arg, 1, 3) : nd == 5 ? 3 : 2, lead = nd > places + 1 ? 2 : 1;
    for (int d = 0; d < nd; d++)
        *(d < lead ? &q.planes : &q.inside) *= dim[d];
    if ((q.planes ? at->numel % q.planes : at->numel) || at->dim[0] != dim[0])
        fail("Octave:nonconformant-args", "%s: places of %s do not belong to planes of %s", nn_name(c),
             tensor_shape(at, a), dims_text(nd, dim, b));
    q.count = q.planes ? at->numel / q.planes : 0;
    q.at = (const int32_t *)at->data;
    for (i64 i = 0; i < at->numel && !at->device; i++)
        if (q.at[i] < 1 || q.at[i] > q.inside)
            fail("Octave:index-out-of-bounds", "%s: place %d is not one of the %lld of a plane", nn_name(c),
                 (int)q.at[i], (long long)q.inside);
    return q;
}

#define PLACES(T)                                                                                               \
    static void pick_##T(void *arg, i64 plane, int thread)                                                      \
    {                                                                                                           \
        const struct places *q = arg;                                                                           \
        (void)thread;                                                                                           \
        const T *x = (const T *)q->from + plane * q->inside;                                                    \
        T *y = (T *)q->to + plane * q->count;                                                                   \
        const int32_t *at = q->at + plane * q->count;                                                           \
        for (i64 i = 0; i < q->count; i++)                                                                      \
            y[i] = x[at[i] - 1];                                                                                \
    }                                                                                                           \
    static void unpool_##T(void *arg, i64 plane, int thread)                                                    \
    {                                                                                                           \
        const struct places *q = arg;                                                                           \
        (void)thread;                                                                                           \
        T *x = (T *)q->to + plane * q->inside;                                                                  \
        const T *y = (const T *)q->from + plane * q->count;                                                     \
        const int32_t *at = q->at + plane * q->count;                                                           \
        memset(x, 0, (size_t)q->inside * sizeof(T));                                                            \
        for (i64 i = 0; i < q->count; i++)                                                                      \
            x[at[i] - 1] += y[i];                                                                               \
    }
PLACES(float)
PLACES(double)

static bool beside(const char *who, struct tensor *x, struct tensor **at)       /* on a device, both */
{
    if (likely(!(x->device | (*at)->device)))
        return false;
    int device = gpu_common(who, 2, (value[]){ tensor_box(x), tensor_box(*at) });
    if (!x->device)
        fail("tl:device", "%s: the values are on the CPU, their places on gpu %d; use gpu(x) or cpu(at)", who, device);
    if (!(*at)->device)
        *at = rows_of(gpu_put(device, *at));
    return true;
}

static void pick_grad(struct call *c)
{
    result(c, 0,
           g_call(&builtin_nn_unpool, 4, grad_of(c, 0), c->arg[1], nn_sizes(c->arg[0]),
                  c->nargin > 2 ? c->arg[2] : nil()));
}
static void unpool_grad(struct call *c)
{
    result(c, 0, g_call(&builtin_nn_pick, 3, grad_of(c, 0), c->arg[1], c->nargin > 3 ? c->arg[3] : nil()));
}

BUILTIN(nn_pick, 2, 3, 1, pick_grad,
    "y = nn.pick(x, at)\n"
    "y = nn.pick(x, at, places)\n\n"
    "The elements at the given places of each plane of x (C x H x W, N x C x H x W …): y(n,c,i) = x(n,c,at(n,c,i)), "
    "where places are counted along the last dimension first, as nn.maxpool2d gives them. A plane has 2 dimensions; "
    "places says 1 or 3.\n\n"
    "Example:\n"
    "  x = reshape([1 5 2 0; 3 4 8 7], 1, 2, 4);\n"
    "  nn.pick(x, int32([2 7]))\n"
    "  ans =\n"
    "     5   8\n\n"
    "See also: nn.unpool, nn.maxpool2d")
{
    struct tensor *x = rows_arg(c, 0), *at = rows_like(c, 1, D_INT32);
    struct places q = places_of(c, x->nd, x->dim, at, 2);
    struct tensor *y = rows_beside(x, x->dtype, at->nd, at->dim);
    q.from = x->data;
    q.to = y->data;
    if (beside("nn.pick", x, &at) && y->numel)
        pick_there(x, at, q.planes, q.inside, y);
    else if (y->numel)
        rows_each(q.planes, rows_threads((double)y->numel * 2), x->dtype == D_SINGLE ? pick_float : pick_double, &q);
    result_tensor(c, 0, y);
}

BUILTIN(nn_unpool, 3, 4, 1, unpool_grad,
    "x = nn.unpool(y, at, size)\n"
    "x = nn.unpool(y, at, size, places)\n\n"
    "Zeros of the given size to which each element of y is added at its place: the inverse of nn.maxpool2d as far as "
    "there is one, and the adjoint of nn.pick. A plane has 2 dimensions; places says 1 or 3.\n\n"
    "Example:\n"
    "  x = nn.unpool(cat(3, 5, 8), cat(3, 2, 7), [1 2 4]);\n"
    "  reshape(x, 2, 4)\n"
    "  ans =\n"
    "     0   5   0   0\n"
    "     0   0   8   0\n\n"
    "See also: nn.maxpool2d, nn.pick")
{
    struct tensor *y = rows_arg(c, 0), *at = rows_like(c, 1, D_INT32), *t = arg_double(c, 2);
    i64 dim[5];
    char a[128], b[128];
    if (t->numel < 2 || t->numel > 5)
        fail_arg(c, 2, "a size");
    for (i64 d = 0; d < t->numel; d++)
        dim[d] = (i64)((double *)t->data)[d];
    if (!dims_equal(y->nd, y->dim, at->nd, at->dim))
        fail("Octave:nonconformant-args", "nn.unpool: values are %s and their places %s", tensor_shape(y, a),
             tensor_shape(at, b));
    struct places q = places_of(c, (int)t->numel, dim, at, 3);
    struct tensor *x = rows_beside(y, y->dtype, (int)t->numel, dim);
    q.from = y->data;
    q.to = x->data;
    if (beside("nn.unpool", y, &at) && x->numel)
        unpool_there(y, at, q.planes, q.inside, x);
    else if (x->numel)
        rows_each(q.planes, rows_threads((double)x->numel), y->dtype == D_SINGLE ? unpool_float : unpool_double, &q);
    result_tensor(c, 0, x);
}
