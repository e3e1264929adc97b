/* SPDX-License-Identifier: BSD-3-Clause */
/* lookup.c: rows of a table by number (embedding) and pixels moved between channels and places; each with its adjoint. */
#include "nn/prim.h"
#include "nn/there.h"
#include "lab/gpu.h"
#include "lab/ew.h"
#include "lab/tape.h"

#define B(name) extern const struct builtin builtin_nn_##name;
B(embedding) B(embedding_weight) B(pixelshuffle) B(pixelunshuffle)
#undef B

/* Numbers of rows, from 1, last dimension fastest; an error names the first that is none. */
static i64 *numbers(struct call *c, int i, i64 most, struct tensor **t)
{
    struct tensor *x = *t = rows_like(c, i, D_DOUBLE);
    i64 *k = scratch(sizeof(i64) * (size_t)(x->numel + 1));
    for (i64 j = 0; j < x->numel; j++) {
        double v = ((double *)x->data)[j];
        if (!(v >= 1 && v <= (double)most) || v != (double)(i64)v)
            fail("Octave:index-out-of-bounds", "%s: %g is not the number of one of %lld rows", nn_name(c), v,
                 (long long)most);
        k[j] = (i64)v - 1;
    }
    return k;
}

/* Sizes of the rows fetched: n x D for a vector, N x T x D for a matrix. */
static int fetched(const struct tensor *at, i64 depth, i64 dim[MAX_DIMS])
{
    int nd = 0;
    bool line = at->nd == 2 && at->dim[0] == 1;
    for (int d = line; d < at->nd; d++)
        dim[nd++] = at->dim[d];
    dim[nd++] = depth;
    return nd;
}

/* On a device: numbers as indices from 0; a wrong one is found while work runs. */
static struct dev_arg numbers_there(struct call *c, int device, struct tensor **t)
{
    struct tensor *x = *t = rows_like(c, 0, D_DOUBLE);
    if (!x->device)
        x = rows_of(gpu_put(device, x));
    struct tensor *line = tensor_alias(x, 2, (i64[]){ x->numel, 1 }, (i64[]){ 1, 0 }, 0);
    return gpu_vector(gpu_clone(tensor_any(ew_apply(EW_minus, 2, (value[]){ tensor_box(line), num(1) })), D_INT64));
}
static struct dev_arg columns_of(struct tensor *t, i64 depth,
                                 i64 n) /* rows with their elements side by side, as columns */
{
    struct dev_arg a = gpu_vector(t);
    a.nd = 2;
    a.dim[0] = depth, a.dim[1] = n;
    a.stride[0] = 1, a.stride[1] = depth;
    return a;
}

static void embedding_grad(struct call *c)
{
    result(c, 1, g_call(&builtin_nn_embedding_weight, 3, c->arg[0], grad_of(c, 0), nn_sizes(c->arg[1])));
}
static void embedding_weight_grad(struct call *c)
{
    result(c, 1, g_call(&builtin_nn_embedding, 2, c->arg[0], grad_of(c, 0)));
}

BUILTIN(nn_embedding, 2, 2, 1, embedding_grad,
    "y = nn.embedding(i, w)\n\n"
    "The rows of w (n x D) with the numbers i: T x D for a row of T numbers, N x T x D for N x T of them.\n\n"
    "Example:\n"
    "  nn.embedding([3 1], [1 2; 3 4; 5 6])\n"
    "  ans =\n"
    "     5   6\n"
    "     1   2\n\n"
    "See also: nn.embedding_weight, nn.LookupTable")
{
    struct tensor *w = rows_arg(c, 1), *at;
    i64 dim[MAX_DIMS], depth = w->dim[1];
    if (w->nd > 2)
        fail_arg(c, 1, "a matrix, n x D");
    int device = gpu_common("nn.embedding", 1, c->arg + 1);
    if (device) {
        struct dev_arg in[9] = { columns_of(w, depth, w->dim[0]), { .p = NULL }, numbers_there(c, device, &at) }, to;
        struct tensor *y = rows_beside(w, w->dtype, fetched(at, depth, dim), dim);
        to = columns_of(y, depth, at->numel);
        if (y->numel)
            gpu_do(device, DEV_gather, &to, in, (double[]){ 2 });
        result_tensor(c, 0, y);
        return;
    }
    i64 *k = numbers(c, 0, w->dim[0], &at);
    struct tensor *y = rows_new(w->dtype, fetched(at, depth, dim), dim);
    size_t row = (size_t)(depth * dtypes[w->dtype].size);
    for (i64 j = 0; j < at->numel; j++)
        memcpy(y->data + (size_t)j * row, w->data + (size_t)k[j] * row, row);
    result_tensor(c, 0, y);
}

BUILTIN(nn_embedding_weight, 3, 3, 1, embedding_weight_grad,
    "dw = nn.embedding_weight(i, dy, size)\n\n"
    "The gradient of nn.embedding for its table: zeros of the given size, to which each row of dy is added at its number.\n\n"
    "Example:\n"
    "  nn.embedding_weight([3 1 3], [1 1; 2 2; 4 4], [3 2])\n"
    "  ans =\n"
    "     2   2\n"
    "     0   0\n"
    "     5   5\n\n"
    "See also: nn.embedding")
{
    struct tensor *dy = rows_arg(c, 1), *s = arg_double(c, 2), *at;
    i64 dim[MAX_DIMS];
    char a[128], b[128];
    double *n = (double *)s->data;
    if (s->numel != 2 || !(n[0] >= 0 && n[1] >= 0 && n[0] < 1e15 && n[1] < 1e15))
        fail_arg(c, 2, "a size, [n D]");
    i64 rows = (i64)n[0], depth = (i64)n[1], *k = NULL;
    struct dev_arg list = { .p = NULL };
    if (dy->device)
        list = numbers_there(c, dy->device, &at);
    else
        k = numbers(c, 0, rows, &at);
    int nd = dims_trim(fetched(at, depth, dim), dim);
    if (!dims_equal(nd, dim, dy->nd, dy->dim))
        fail("Octave:nonconformant-args", "nn.embedding_weight: the gradient must be %s, but is %s",
             dims_text(nd, dim, a), tensor_shape(dy, b));
    if (dy->device) {
        struct tensor *w = rows_beside(dy, dy->dtype, 2, (i64[]){ rows, depth });
        struct dev_arg in[9] = { columns_of(dy, depth, at->numel), { .p = NULL }, list }, to = columns_of(w, depth, rows);
        gpu_fill(w, 0);
        if (dy->numel)
            gpu_do(dy->device, DEV_scatter, &to, in, (double[]){ 2, 1 });
        result_tensor(c, 0, w);
        return;
    }
    struct tensor *w = rows_zeros(dy->dtype, 2, (i64[]){ rows, depth });
    for (i64 j = 0; j < at->numel; j++)
        for (i64 d = 0; d < depth; d++)
            if (w->dtype == D_SINGLE)
                ((float *)w->data)[k[j] * depth + d] += ((float *)dy->data)[j * depth + d];
            else
                ((double *)w->data)[k[j] * depth + d] += ((double *)dy->data)[j * depth + d];
    result_tensor(c, 0, w);
}

/* y[c, h*r + i, w*r + j] = x[(c*r + i)*r + j, h, w]; `back` goes the other way. */
static void shuffle(struct call *c, bool back)
{
    struct tensor *x = rows_arg(c, 0);
    i64 r = arg_int(c, 1, 1, 1 << 20), dim[5], size[3] = { 1, 1, 1 };
    struct layout l;
    char a[128];
    if (!layout_of(x, 2, -1, &l) || (back ? l.size[1] % r || l.size[2] % r : l.channels % (r * r)))
        fail("Octave:nonconformant-args", back ? "%s: height and width must be multiples of %lld, but the input is %s" :
             "%s: the number of channels must be a multiple of the square of %lld, but the input is %s", nn_name(c), (long long)r, tensor_shape(x, a));
    i64 channels = back ? l.channels * r * r : l.channels / (r * r);
    i64 few = MIN(channels, l.channels), h = back ? l.size[1] / r : l.size[1], w = back ? l.size[2] / r : l.size[2];
    size[1] = back ? h : h * r;
    size[2] = back ? w : w * r;
    struct tensor *y;
    if (x->device) { /* j, q, i, p, channel: how far apart where they are side by side, and in the large plane */
        i64 d[5] = { r, w, r, h, l.n * few }, wide[5] = { 1, r, w * r, w * r * r, h * r * w * r },
            own[5] = { h * w, 1, h * w * r, w, h * w * r * r };
        y = rows_beside(x, x->dtype, layout_dims(&l, channels, size, dim), dim);
        if (y->numel)
            gpu_copy(tensor_alias(y, 5, d, back ? own : wide, 0), tensor_alias(x, 5, d, back ? wide : own, 0));
        result_tensor(c, 0, y);
        return;
    }
    y = rows_new(x->dtype, layout_dims(&l, channels, size, dim), dim);
    size_t item = dtypes[x->dtype].size;
    i64 narrow = 0;
    for (i64 n = 0; n < l.n * few; n++) {
        poll();
        for (i64 i = 0; i < r; i++)
            for (i64 j = 0; j < r; j++)
                for (i64 p = 0; p < h; p++)
                    for (i64 q = 0; q < w; q++, narrow++) {
                        i64 wide = (n * h * r + p * r + i) * w * r + q * r + j;
                        memcpy(y->data + (size_t)(back ? narrow : wide) * item,
                               x->data + (size_t)(back ? wide : narrow) * item, item);
                    }
    }
    result_tensor(c, 0, y);
}

static void pixelshuffle_grad(struct call *c)
{
    result(c, 0, g_call(&builtin_nn_pixelunshuffle, 2, grad_of(c, 0), c->arg[1]));
}
static void pixelunshuffle_grad(struct call *c)
{
    result(c, 0, g_call(&builtin_nn_pixelshuffle, 2, grad_of(c, 0), c->arg[1]));
}

BUILTIN(nn_pixelshuffle, 2, 2, 1, pixelshuffle_grad,
    "y = nn.pixelshuffle(x, r)\n\n"
    "Images of C*r^2 x H x W (or a batch) to C x H*r x W*r: r^2 channels become r x r pixels.\n\n"
    "Example:\n"
    "  y = nn.pixelshuffle(reshape(1:4, 4, 1, 1), 2);\n"
    "  reshape(y, 2, 2)\n"
    "  ans =\n"
    "     1   2\n"
    "     3   4\n\n"
    "See also: nn.pixelunshuffle, nn.upsample2d")
{
    shuffle(c, false);
}

BUILTIN(nn_pixelunshuffle, 2, 2, 1, pixelunshuffle_grad,
    "y = nn.pixelunshuffle(x, r)\n\n"
    "Images of C x H*r x W*r (or a batch) to C*r^2 x H x W, the inverse of nn.pixelshuffle.\n\n"
    "Example:\n"
    "  y = nn.pixelunshuffle(reshape(1:4, 1, 2, 2), 2);\n"
    "  y(:)'\n"
    "  ans =\n"
    "     1   3   2   4\n\n"
    "See also: nn.pixelshuffle")
{
    shuffle(c, true);
}
