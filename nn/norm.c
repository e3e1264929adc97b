/* SPDX-License-Identifier: BSD-3-Clause */
/* norm.c: normalisation of batches, samples and neighbouring channels, and the sums over all but one dimension they need.
 *
 * A batch is outer x channels x inner in memory.  Means and variances are summed in double, vector by vector, each channel
 * by one thread, so any number of threads gives the same bits.  The rules are written in sums, spreads and elementwise
 * functions and so differentiate again. */
#include "nn/kernels.h"
#include "lab/gpu.h"
#include "nn/norm.h"
#include "nn/prim.h"
#include "nn/there.h"
#include "lab/clones.h"
#include "lab/tape.h"
#include <math.h>

#define B(name) extern const struct builtin builtin_nn_##name;
B(channelsum) B(channelspread) B(crossmapsum)
#undef B

/* ---- sums over everything but one dimension, and back */
struct slab { const struct tensor *x; struct tensor *y; i64 outer, n, inner; double *part; const char *s; };

static struct slab slab_of(struct call *c, int nd, const i64 *dim, int at)
{
    struct slab q = { .outer = 1, .n = at <= nd ? dim[at - 1] : 1, .inner = 1 };
    (void)c;
    for (int d = 0; d < nd; d++)
        if (d < at - 1)
            q.outer *= dim[d];
        else if (d >= at)
            q.inner *= dim[d];
    return q;
}

CLONES static void column_sums_float(const float *x, double *s, i64 rows, i64 n)
{
    for (i64 r = 0; r < rows; r++)
        SIMD for (i64 i = 0; i < n; i++)
            s[i] += x[r * n + i];
}
CLONES static void column_sums_double(const double *x, double *s, i64 rows, i64 n)
{
    for (i64 r = 0; r < rows; r++)
        SIMD for (i64 i = 0; i < n; i++)
            s[i] += x[r * n + i];
}

static void sum_task(void *arg, i64 i, int thread)
{
    struct slab *q = arg;
    (void)thread;
    bool single = q->x->dtype == D_SINGLE;
    q->part[i] = nn_kernels->conv[single].sum(q->x->data + i * q->inner * (single ? 4 : 8), q->inner);
}

/* The sum of each of n channels, in double; scratch. */
static double *sums_of(struct slab *q)
{
    double *s = memset(scratch(sizeof(double) * (size_t)MAX(1, q->n)), 0, sizeof(double) * (size_t)q->n);
    if (!q->x->numel)
        return s;
    if (q->inner == 1) {
        if (q->x->dtype == D_SINGLE)
            column_sums_float((const float *)q->x->data, s, q->outer, q->n);
        else
            column_sums_double((const double *)q->x->data, s, q->outer, q->n);
        return s;
    }
    q->part = scratch(sizeof(double) * (size_t)(q->outer * q->n));
    rows_each(q->outer * q->n, rows_threads((double)q->x->numel), sum_task, q);
    for (i64 i = 0; i < q->outer; i++)
        for (i64 k = 0; k < q->n; k++)
            s[k] += q->part[i * q->n + k];
    return s;
}

static struct tensor *row_of(int dtype, const double *s, i64 n)
{
    struct tensor *t = tensor_2d(dtype, 1, n);
    convert_run(dtype, t->data, D_DOUBLE, s, n);
    return t;
}

/* Where n channels stand, when not told: dimension 1 of one sample, 2 of a batch. */
static int spread_dim(struct call *c, int nd, const i64 *dim, i64 n)
{
    return arg_dim(c, 2, dim[0] == n && (nd < 4 || dim[1] != n) ? 1 : 2);
}

static void channelspread_grad(struct call *c)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(grad_of(c, 0), dim), at = spread_dim(c, nd, dim, value_numel(c->arg[0]));
    result(c, 0, g_reshape_like(g_call(&builtin_nn_channelsum, 2, grad_of(c, 0), num(at)), c->arg[0]));
}
static void channelsum_grad(struct call *c)
{
    result(c, 0, g_call(&builtin_nn_channelspread, 3, grad_of(c, 0), nn_sizes(c->arg[0]), c->arg[1]));
}

static bool training_of(struct call *c);
static double eps_of(struct call *c);
/* ---- on a device, in programs and reductions: sums over all but dimension `at`, as a row; the same spread again */
static value sums_there(value x, int at)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(x, dim);
    for (int d = 1; d <= nd; d++)
        if (d != at && dim[d - 1] != 1)
            x = reduce_apply(RED_sum, x, d);
    i64 n = at <= nd ? dim[at - 1] : 1;
    return tensor_box(tensor_reshape(tensor_dense(tensor_any(x)), 2, (i64[]){ 1, n }));
}
static value along_there(value s, int nd, int at)         /* a row, seen along dimension `at`: it broadcasts */
{
    i64 dim[MAX_DIMS];
    for (int d = 0; d < MAX(nd, at); d++)
        dim[d] = d == at - 1 ? value_numel(s) : 1;
    return tensor_box(tensor_reshape(tensor_dense(tensor_any(s)), MAX(nd, at), dim));
}

/* A batch as samples x channels x places, places merged. */
static struct dev_arg three_there(struct tensor *t)
{
    struct dev_arg a = gpu_vector(t);
    a.nd = 3;
    a.dim[0] = t->dim[0];
    a.dim[1] = t->dim[1];
    a.dim[2] = t->numel / MAX(1, t->dim[0] * t->dim[1]);
    a.stride[0] = t->stride[0];
    a.stride[1] = t->stride[1];
    a.stride[2] = t->nd < 3 ? 0 : MIN(t->stride[2], t->stride[t->nd - 1]);
    return a;
}
/* Its places follow one another, in the order of `like`: the last or the first dimension fastest. */
static struct tensor *merging(struct tensor *t, const struct tensor *like)
{
    return t->nd < 4 ? t : like->flags & T_DENSE ? gpu_dense(t) : rows_of(t);
}
static struct tensor *like_there(struct tensor *x)
{
    return x->flags & T_DENSE ? gpu_new(x->device, x->dtype, x->nd, x->dim) : rows_beside(x, x->dtype, x->nd, x->dim);
}
static struct tensor *channels_arg(struct call *c, int i, struct tensor *x, bool own_class,
                                   const char *what) /* one number for each channel of x, or NULL */
{
    if (i >= c->nargin || !has_arg(c, i) || !value_numel(c->arg[i]))
        return NULL;
    struct tensor *t = tensor_any(c->arg[i]);
    char s[128];
    if (t->numel != x->dim[1])
        fail("Octave:nonconformant-args", "%s: the %s must have one element for each of %lld channels, but is %s",
             nn_name(c), what, (long long)x->dim[1], tensor_shape(t, s));
    t = t->device ? t : gpu_put(x->device, t);
    return t->dtype == x->dtype || (own_class && t->dtype == D_DOUBLE) ? gpu_dense(t) : gpu_clone(t, x->dtype);
}
static struct dev_arg vector_there(struct tensor *t) { return t ? gpu_vector(t) : (struct dev_arg){ .p = NULL }; }

static void batchnorm_there(struct call *c)
{
    struct tensor *t = tensor_any(c->arg[0]), *x = dtype_is(t->dtype, DT_F) ? t : gpu_clone(t, D_DOUBLE), *rm, *rv;
    bool training = training_of(c);
    char a[128];
    x = merging(x, x);
    struct dev_arg in[5] = { three_there(x), vector_there(channels_arg(c, 1, x, false, "weight")),
                             vector_there(channels_arg(c, 2, x, false, "bias")) };
    in[3] = vector_there(rm = channels_arg(c, 3, x, true, "mean"));
    in[4] = vector_there(rv = channels_arg(c, 4, x, true, "variance"));
    double m = (double)(in[0].dim[0] * in[0].dim[2]);
    if (!training && (!rm || !rv))
        fail("Octave:invalid-fun-call", "%s: a mean and a variance are needed when not training", nn_name(c));
    if (training && x->numel && m < 2)
        fail("Octave:nonconformant-args", "%s: one value a channel has no variance to train on, and the input is %s",
             nn_name(c), tensor_shape(x, a));
    int class = rm && rv && rm->dtype == rv->dtype ? rm->dtype : x->dtype;
    if (rm && rv && rm->dtype != rv->dtype)
        in[3] = gpu_vector(gpu_clone(rm, class)), in[4] = gpu_vector(gpu_clone(rv, class));
    struct tensor *y = like_there(x), *now[2] = { NULL, NULL };
    for (int k = 0; k < 2 && training && wants(c, 1); k++)
        now[k] = x->numel ? gpu_new(x->device, class, 2, (i64[]){ 1, x->dim[1] }) : k ? rv : rm;
    if (x->numel) {
        struct dev_arg out[3] = { three_there(y), vector_there(now[0]), vector_there(now[1]) };
        gpu_do(x->device, DEV_batchnorm, out, in, (double[]){ training, has_arg(c, 6) ? arg_num(c, 6) : 0.1, eps_of(c) });
    }
    result(c, 0, tensor_box(y));
    for (int k = 0; k < 2 && wants(c, k + 1); k++)
        result(c, k + 1,
               now[k]              ? tensor_box(now[k])
               : has_arg(c, 3 + k) ? c->arg[3 + k]
                                   : tensor_box(tensor_zeros(x->dtype, 2, (i64[]){ 1, x->dim[1] })));
}
static void batchnorm_back_there(struct call *c, value g)
{
    struct tensor *x = tensor_any(c->arg[0]), *t = tensor_any(g), *gx, *gp[2] = { NULL, NULL };
    x = merging(x, x);
    gx = grad_wanted(c, 0) ? like_there(x) : NULL;
    t = t->device ? t : gpu_put(x->device, t);
    t = merging(t->dtype == x->dtype ? t : gpu_clone(t, x->dtype), x);
    struct dev_arg none = { .p = NULL },
                   in[5] = { three_there(t), three_there(x), vector_there(channels_arg(c, 1, x, false, "weight")) };
    bool training = training_of(c);
    in[3] = vector_there(training ? NULL : channels_arg(c, 3, x, false, "mean"));
    in[4] = vector_there(training ? NULL : channels_arg(c, 4, x, false, "variance"));
    for (int k = 0; k < 2; k++)
        gp[k] = c->nargin > 1 + k && has_arg(c, 1 + k) && value_numel(c->arg[1 + k]) && grad_wanted(c, 1 + k)
                    ? gpu_new(x->device, x->dtype, 2, (i64[]){ 1, x->dim[1] })
                    : NULL;
    struct dev_arg out[3] = { gx ? three_there(gx) : none, vector_there(gp[0]), vector_there(gp[1]) };
    gpu_do(x->device, DEV_batchnorm_back, out, in, (double[]){ training, eps_of(c) });
    if (gx)
        result(c, 0, tensor_box(gx));
    for (int k = 0; k < 2; k++)
        if (gp[k])
            result(c, 1 + k, g_reshape_like(tensor_box(gp[k]), c->arg[1 + k]));
}

BUILTIN(nn_channelsum, 2, 2, 1, channelsum_grad,
    "s = nn.channelsum(x, dim)\n\n"
    "x added up over all its dimensions but dim, as a row: the gradient of a bias is that of its result, added up over "
    "samples and places.\n\n"
    "Example:\n"
    "  nn.channelsum(ones(5, 2, 3, 3), 2)\n"
    "  ans =\n"
    "     45   45\n\n"
    "See also: nn.channelspread, sum")
{
    if (value_device(c->arg[0])) {
        result(c, 0, sums_there(c->arg[0], arg_dim(c, 1, 1)));
        return;
    }
    struct tensor *x = rows_arg(c, 0);
    struct slab q = slab_of(c, x->nd, x->dim, arg_dim(c, 1, 1));
    q.x = x;
    result_tensor(c, 0, row_of(x->dtype, sums_of(&q), q.n));
}

BUILTIN(nn_channelspread, 2, 3, 1, channelspread_grad,
    "x = nn.channelspread(s, size, dim)\n\n"
    "A tensor of the given size, filled along dim with the elements of s, the same at all other places. By default dim "
    "is where channels stand: 1, or 2 of a batch.\n\n"
    "Example:\n"
    "  x = nn.channelspread([3 7], [2 2 2], 1);\n"
    "  x(2, :)\n"
    "  ans =\n"
    "     7   7   7   7\n\n"
    "See also: nn.channelsum, repmat")
{
    int there = value_device(c->arg[0]);
    struct tensor *s = there ? tensor_any(c->arg[0]) : rows_arg(c, 0), *t = arg_double(c, 1);
    i64 dim[MAX_DIMS];
    char a[128];
    if (t->numel < 2 || t->numel > MAX_DIMS)
        fail_arg(c, 1, "a size");
    for (i64 d = 0; d < t->numel; d++) {
        double x = ((double *)t->data)[d];
        if (!(x >= 0 && x < 1e15) || x != (double)(i64)x)
            fail_arg(c, 1, "a size");
        dim[d] = (i64)x;
    }
    int at = spread_dim(c, (int)t->numel, dim, s->numel);
    struct slab q = slab_of(c, (int)t->numel, dim, at);
    if (s->numel != q.n)
        fail("Octave:nonconformant-args", "nn.channelspread: %lld elements cannot fill dimension %d of %s",
             (long long)s->numel, at, dims_text((int)t->numel, dim, a));
    if (there) {
        struct tensor *y = gpu_new(there, s->dtype, (int)t->numel, dim),
                      *from = tensor_any(along_there(c->arg[0], (int)t->numel, at));
        i64 stride[MAX_DIMS];
        for (int d = 0; d < y->nd; d++)
            stride[d] = d == at - 1 ? 1 : 0;
        gpu_copy(y, tensor_alias(from, y->nd, y->dim, stride, 0));
        result(c, 0, tensor_box(y));
        return;
    }
    struct tensor *x = rows_new(s->dtype, (int)t->numel, dim);
    i64 size = dtypes[s->dtype].size, k = 0;
    for (i64 i = 0; i < q.outer; i++)
        for (i64 n = 0; n < q.n; n++)
            for (i64 j = 0; j < q.inner; j++)
                memcpy(x->data + k++ * size, s->data + n * size, (size_t)size);
    result_tensor(c, 0, x);
}

/* ---- batches */
static struct tensor *per_channel(struct call *c, int i, i64 n, int dtype, const char *what)
{
    if (!has_arg(c, i) || value_numel(c->arg[i]) == 0)
        return NULL;
    struct tensor *t = rows_like(c, i, dtype);
    char s[128];
    if (t->numel != n)
        fail("Octave:nonconformant-args", "%s: the %s must have one element for each of %lld channels, but is %s",
             nn_name(c), what, (long long)n, tensor_shape(t, s));
    return t;
}

#define AFFINE(T)                                                                                               \
    CLONES static void affine_##T(const T *x, T *y, i64 n, T mul, T add)                                        \
    {                                                                                                           \
        SIMD for (i64 i = 0; i < n; i++)                                                                        \
            y[i] = x[i] * mul + add;                                                                            \
    }                                                                                                           \
    CLONES static void affine_row_##T(const T *x, T *y, i64 n, const T *mul, const T *add)                      \
    {                                                                                                           \
        SIMD for (i64 i = 0; i < n; i++)                                                                        \
            y[i] = x[i] * mul[i] + add[i];                                                                      \
    }                                                                                                           \
    CLONES static double squares_##T(const T *x, i64 n, double mean)                                            \
    {                                                                                                           \
        double part[16] = { 0 }, s = 0;                                                                         \
        i64 i = 0;                                                                                              \
        for (; i + 16 <= n; i += 16)                                                                            \
            SIMD for (int k = 0; k < 16; k++)                                                                   \
                part[k] += (x[i + k] - mean) * (x[i + k] - mean);                                               \
        for (; i < n; i++)                                                                                      \
            part[0] += (x[i] - mean) * (x[i] - mean);                                                           \
        for (int k = 0; k < 16; k++)                                                                            \
            s += part[k];                                                                                       \
        return s;                                                                                               \
    }                                                                                                           \
    CLONES static void square_columns_##T(const T *x, double *s, const double *mean, i64 rows, i64 n)           \
    {                                                                                                           \
        for (i64 r = 0; r < rows; r++)                                                                          \
            SIMD for (i64 i = 0; i < n; i++)                                                                    \
                s[i] += (x[r * n + i] - mean[i]) * (x[r * n + i] - mean[i]);                                    \
    }                                                                                                           \
    static void normalise_##T(const struct slab *q, T *y, const T *mul, const T *add)                           \
    {                                                                                                           \
        const T *x = (const T *)q->x->data;                                                                     \
        for (i64 i = 0; i < q->outer; i++, poll())                                                              \
            if (q->inner == 1)                                                                                  \
                affine_row_##T(x + i * q->n, y + i * q->n, q->n, mul, add);                                     \
            else                                                                                                \
                for (i64 k = 0; k < q->n; k++)                                                                  \
                    affine_##T(x + (i * q->n + k) * q->inner, y + (i * q->n + k) * q->inner, q->inner, mul[k], add[k]); \
    }
AFFINE(float)
AFFINE(double)

static void spread_of_squares(void *arg, i64 i, int thread)
{
    struct slab *q = arg;
    (void)thread;
    const double *mean = (const double *)q->s;
    q->part[i] = q->x->dtype == D_SINGLE
                     ? squares_float((const float *)q->x->data + i * q->inner, q->inner, mean[i % q->n])
                     : squares_double((const double *)q->x->data + i * q->inner, q->inner, mean[i % q->n]);
}

static double *variances(struct slab *q, const double *mean)          /* sums of squared distances from the mean */
{
    double *s = memset(scratch(sizeof(double) * (size_t)MAX(1, q->n)), 0, sizeof(double) * (size_t)q->n);
    if (!q->x->numel)
        return s;
    if (q->inner == 1) {
        if (q->x->dtype == D_SINGLE)
            square_columns_float((const float *)q->x->data, s, mean, q->outer, q->n);
        else
            square_columns_double((const double *)q->x->data, s, mean, q->outer, q->n);
        return s;
    }
    q->s = (const char *)mean;
    q->part = scratch(sizeof(double) * (size_t)(q->outer * q->n));
    rows_each(q->outer * q->n, rows_threads((double)q->x->numel), spread_of_squares, q);
    for (i64 i = 0; i < q->outer; i++)
        for (i64 k = 0; k < q->n; k++)
            s[k] += q->part[i * q->n + k];
    return s;
}

/* Channels stand in dimension 2; x is a batch.  Arguments: x, weight, bias, mean, variance, training, momentum, eps. */
static bool training_of(struct call *c) { return !has_arg(c, 5) || arg_bool(c, 5); }
static double eps_of(struct call *c) { return has_arg(c, 7) ? arg_num(c, 7) : 1e-5; }

static void batchnorm_grad(struct call *c)
{
    value x = c->arg[0], g = grad_of(c, 0), size = nn_sizes(x), two = num(2), w = c->nargin > 1 ? c->arg[1] : nil(),
          mean, var;
    i64 dim[MAX_DIMS];
    int nd = value_dims(x, dim);
    double m = 1;
    for (int d = 0; d < nd; d++)
        m *= d == 1 ? 1 : (double)dim[d];
    if (value_numel(x) == 0) {
        for (int i = 0; i < 3 && i < c->nargin; i++)
            if (grad_wanted(c, i))
                result(c, i, g_op(EW_times, c->arg[i], num(0)));
        return;
    }
    if (value_device(x) && !RECORDING && dtype_is(value_dtype(x), DT_F)) {
        batchnorm_back_there(c, g);
        return;
    }
#define SUM(v) g_call(&builtin_nn_channelsum, 2, v, two)
#define SPREAD(v) g_call(&builtin_nn_channelspread, 3, v, size, two)
#define MUL(a, b) g_op(EW_times, a, b)
    bool training = training_of(c), affine = !is_nil(w) && value_numel(w);
    if (training) {
        mean = MUL(SUM(x), num(1 / m));
        value away = g_op(EW_minus, x, SPREAD(mean));
        var = MUL(SUM(MUL(away, away)), num(1 / m));
    } else {
        mean = c->arg[3];
        var = c->arg[4];
    }
    value istd = g_op(EW_rdivide, num(1), g_fn(EW_sqrt, g_op(EW_plus, var, num(eps_of(c)))));
    value xhat = MUL(g_op(EW_minus, x, SPREAD(mean)), SPREAD(istd));
    if (grad_wanted(c, 0)) {
        value gx = affine ? MUL(g, SPREAD(g_reshape_like(w, istd))) : g;
        if (training) {
            value a = MUL(SUM(gx), num(1 / m)), b = MUL(SUM(MUL(gx, xhat)), num(1 / m));
            gx = g_op(EW_minus, g_op(EW_minus, gx, SPREAD(a)), MUL(xhat, SPREAD(b)));
        }
        result(c, 0, MUL(gx, SPREAD(istd)));
    }
    if (affine && grad_wanted(c, 1))
        result(c, 1, g_reshape_like(SUM(MUL(g, xhat)), w));
    if (c->nargin > 2 && grad_wanted(c, 2))
        result(c, 2, g_reshape_like(SUM(g), c->arg[2]));
}

BUILTIN(nn_batchnorm, 1, 8, 3, batchnorm_grad,
    "y = nn.batchnorm(x, weight, bias, mean, var, training, momentum, eps)\n"
    "[y, mean, var] = nn.batchnorm(…)\n\n"
    "Each channel of a batch x (N x C, N x C x H x W, …) with its mean taken off, divided by sqrt(variance + eps), "
    "times weight plus bias ([]: none). While training (default true) mean and variance are the batch's own, and the "
    "running ones, mean and var, come back moved towards them by momentum (0.1), the variance with n - 1; else they "
    "are mean and var. eps is 1e-5.\n\n"
    "Example:\n"
    "  nn.batchnorm([1 2; 3 6], [], [], [], [], true, 0.1, 0)\n"
    "  ans =\n"
    "    -1  -1\n"
    "     1   1\n\n"
    "See also: nn.layernorm, nn.lrn")
{
    if (value_device(c->arg[0])) {
        batchnorm_there(c);
        return;
    }
    struct tensor *x = rows_arg(c, 0);
    struct slab q = slab_of(c, x->nd, x->dim, 2);
    char a[128];
    q.x = x;
    i64 n = q.n;
    struct tensor *w = per_channel(c, 1, n, x->dtype, "weight"), *b = per_channel(c, 2, n, x->dtype, "bias");
    struct tensor *rm = per_channel(c, 3, n, D_DOUBLE, "mean"), *rv = per_channel(c, 4, n, D_DOUBLE, "variance");
    bool training = training_of(c);
    double momentum = has_arg(c, 6) ? arg_num(c, 6) : 0.1, eps = eps_of(c), m = (double)(q.outer * q.inner);
    if (!training && (!rm || !rv))
        fail("Octave:invalid-fun-call", "%s: a mean and a variance are needed when not training", nn_name(c));
    if (training && x->numel && m < 2)
        fail("Octave:nonconformant-args", "%s: one value a channel has no variance to train on, and the input is %s",
             nn_name(c), tensor_shape(x, a));
    const double *mean = training ? sums_of(&q) : (const double *)rm->data;
    const double *var = (const double *)(rv ? rv->data : NULL);
    if (training) {
        double *s = (double *)mean;
        for (i64 k = 0; k < n; k++)
            s[k] /= MAX(m, 1);
        double *v = variances(&q, mean);
        for (i64 k = 0; k < n; k++)
            v[k] /= MAX(m, 1);
        var = v;
    }
    struct tensor *mul = tensor_2d(x->dtype, 1, n), *add = tensor_2d(x->dtype, 1, n), *y = rows_new(x->dtype, x->nd, x->dim);
    for (i64 k = 0; k < n; k++) {
        double f = (w ? element_double(w, k) : 1) / sqrt(var[k] + eps), t = (b ? element_double(b, k) : 0) - mean[k] * f;
        if (x->dtype == D_SINGLE) {
            ((float *)mul->data)[k] = (float)f;
            ((float *)add->data)[k] = (float)t;
        } else {
            ((double *)mul->data)[k] = f;
            ((double *)add->data)[k] = t;
        }
    }
    if (x->numel) {
        if (x->dtype == D_SINGLE)
            normalise_float(&q, (float *)y->data, (const float *)mul->data, (const float *)add->data);
        else
            normalise_double(&q, (double *)y->data, (const double *)mul->data, (const double *)add->data);
    }
    result_tensor(c, 0, y);
    if (!wants(c, 1))
        return;
    double *nm = scratch(sizeof(double) * (size_t)MAX(1, n)), *nv = scratch(sizeof(double) * (size_t)MAX(1, n));
    for (i64 k = 0; k < n; k++) {
        double om = rm ? ((double *)rm->data)[k] : 0, ov = rv ? ((double *)rv->data)[k] : 1;
        nm[k] = training && x->numel ? om + momentum * (mean[k] - om) : om;
        nv[k] = training && x->numel ? ov + momentum * (var[k] * m / (m - 1) - ov) : ov;
    }
    result_tensor(c, 1, row_of(x->dtype, nm, n));
    if (wants(c, 2))
        result_tensor(c, 2, row_of(x->dtype, nv, n));
}

/* ---- samples */
/* On a device: x normalised along its last dimension; with g the gradient of x. */
static value layernorm_there(value x, value w, value b, value g, double eps)
{
    value all[4] = { x, w, b, g };
    struct tensor *t[4] = { NULL };
    struct dev_arg in[4] = { { .p = NULL } };
    int device = value_device(x), dtype = value_dtype(x) == D_SINGLE ? D_SINGLE : D_DOUBLE;
    for (int i = 0; i < 4; i++) {
        if (is_nil(all[i]) || !value_numel(all[i]))
            continue;
        t[i] = tensor_any(all[i]);
        t[i] = t[i]->device ? t[i] : gpu_put(device, t[i]);
        t[i] = t[i]->dtype == dtype ? t[i] : gpu_clone(t[i], dtype);
        in[i] = i % 3 ? gpu_vector(gpu_dense(t[i])) : gpu_arg(t[i]);
    }
    i64 dim[MAX_DIMS];
    int nd = value_dims(x, dim);
    struct tensor *y = rows_beside(tensor_any(x), dtype, nd, dim);
    struct dev_arg to = gpu_arg(y);
    if (y->numel)
        gpu_do(device, DEV_norm, &to, in, (double[]){ nd - 1, eps });
    return tensor_box(y);
}

static void layernorm_grad(struct call *c)
{
    value x = c->arg[0], g = grad_of(c, 0), w = c->nargin > 1 ? c->arg[1] : nil();
    i64 dim[MAX_DIMS];
    int nd = value_dims(x, dim);
    double n = (double)dim[nd - 1], eps = has_arg(c, 3) ? arg_num(c, 3) : 1e-5;
    bool affine = !is_nil(w) && value_numel(w);
    value last = num(nd), size = nn_sizes(x);
    if (value_device(x) && !RECORDING) {
        if (grad_wanted(c, 0))
            result(c, 0, layernorm_there(x, w, nil(), g, eps));
        if (affine && grad_wanted(c, 1))
            result(
                c, 1,
                g_reshape_like(
                    g_call(&builtin_nn_channelsum, 2, MUL(g, layernorm_there(x, nil(), nil(), nil(), eps)), last), w));
        if (c->nargin > 2 && grad_wanted(c, 2))
            result(c, 2, g_reshape_like(g_call(&builtin_nn_channelsum, 2, g, last), c->arg[2]));
        return;
    }
    value away = g_op(EW_minus, x, MUL(g_sum(x, nd), num(1 / n)));
    value istd =
        g_op(EW_rdivide, num(1), g_fn(EW_sqrt, g_op(EW_plus, MUL(g_sum(MUL(away, away), nd), num(1 / n)), num(eps))));
    value xhat = MUL(away, istd);
    if (grad_wanted(c, 0)) {
        value gx = affine ? MUL(g, g_call(&builtin_nn_channelspread, 3, w, size, last)) : g;
        value a = MUL(g_sum(gx, nd), num(1 / n)), b = MUL(g_sum(MUL(gx, xhat), nd), num(1 / n));
        result(c, 0, MUL(g_op(EW_minus, g_op(EW_minus, gx, a), MUL(xhat, b)), istd));
    }
    if (affine && grad_wanted(c, 1))
        result(c, 1, g_reshape_like(g_call(&builtin_nn_channelsum, 2, MUL(g, xhat), last), w));
    if (c->nargin > 2 && grad_wanted(c, 2))
        result(c, 2, g_reshape_like(g_call(&builtin_nn_channelsum, 2, g, last), c->arg[2]));
}

/* Rows of n elements.  Means and sums are of doubles, so the gradient of singles loses nothing; a column of the
   weights' gradient is added up by one thread, row after row, so any number of threads gives the same bits. */
enum { COLUMNS = 256 };
struct layer_rows { const char *x, *g, *w, *b; char *y; i64 n, rows, some; double eps, *mean, *f, *gw, *gb; int dtype; };

#define LAYER_ROWS(T)                                                                                                              \
    CLONES static void layer_row_##T(const T *x, const T *w, const T *b, T *y, i64 n, T mean, T f)                                 \
    {                                                                                                                              \
        SIMD for (i64 i = 0; i < n; i++)                                                                                           \
            y[i] = (x[i] - mean) * f * w[i] + b[i];                                                                                \
    }                                                                                                                              \
    CLONES static void layer_back_##T(const T *x, const T *g, const T *w, T *gx, i64 n, double mean, double f)                     \
    {                                                                                                                              \
        double s[16] = { 0 }, q[16] = { 0 }, a = 0, b = 0;                                                                         \
        i64 i = 0;                                                                                                                 \
        for (; i + 16 <= n; i += 16)                                                                                               \
            SIMD for (int k = 0; k < 16; k++) {                                                                                    \
                double h = (double)g[i + k] * w[i + k];                                                                            \
                s[k] += h;                                                                                                         \
                q[k] += h * (x[i + k] - mean);                                                                                     \
            }                                                                                                                      \
        for (; i < n; i++) {                                                                                                       \
            s[0] += (double)g[i] * w[i];                                                                                           \
            q[0] += (double)g[i] * w[i] * (x[i] - mean);                                                                           \
        }                                                                                                                          \
        for (int k = 0; k < 16; k++) {                                                                                             \
            a += s[k];                                                                                                             \
            b += q[k];                                                                                                             \
        }                                                                                                                          \
        T at = (T)(a / (double)n), bt = (T)(b * f * f / (double)n), mt = (T)mean, ft = (T)f;                                       \
        SIMD for (i64 j = 0; j < n; j++)                                                                                           \
            gx[j] = ft * (g[j] * w[j] - at - (x[j] - mt) * bt);                                                                    \
    }                                                                                                                              \
    CLONES static void layer_columns_##T(const T *x, const T *g, double *gw, double *gb, i64 n, double mean, double f)             \
    {                                                                                                                              \
        SIMD for (i64 i = 0; i < n; i++) {                                                                                         \
            gw[i] += g[i] * ((x[i] - mean) * f);                                                                                   \
            gb[i] += g[i];                                                                                                         \
        }                                                                                                                          \
    }
LAYER_ROWS(float)
LAYER_ROWS(double)

static void layer_task(void *arg, i64 k, int thread)
{
    const struct layer_rows *q = arg;
    bool single = q->dtype == D_SINGLE;
    i64 size = single ? 4 : 8;
    (void)thread;
    for (i64 r = k * q->some; r < MIN(q->rows, (k + 1) * q->some); r++) {
        const char *x = q->x + r * q->n * size;
        char *y = q->y + r * q->n * size;
        double mean = nn_kernels->conv[single].sum(x, q->n) / (double)q->n;
        double var = (single ? squares_float((const float *)x, q->n, mean)
                             : squares_double((const double *)x, q->n, mean)) /
                     (double)q->n,
               f = 1 / sqrt(var + q->eps);
        if (!q->g) {
            if (single)
                layer_row_float((const float *)x, (const float *)q->w, (const float *)q->b, (float *)y, q->n,
                                (float)mean, (float)f);
            else
                layer_row_double((const double *)x, (const double *)q->w, (const double *)q->b, (double *)y, q->n, mean, f);
            continue;
        }
        q->mean[r] = mean;
        q->f[r] = f;
        if (single && q->y)
            layer_back_float((const float *)x, (const float *)q->g + r * q->n, (const float *)q->w, (float *)y, q->n,
                             mean, f);
        else if (q->y)
            layer_back_double((const double *)x, (const double *)q->g + r * q->n, (const double *)q->w, (double *)y,
                              q->n, mean, f);
    }
}

static void column_task(void *arg, i64 k, int thread)
{
    const struct layer_rows *q = arg;
    i64 from = k * COLUMNS, n = MIN(COLUMNS, q->n - from);
    (void)thread;
    for (i64 r = 0; r < q->rows; r++)
        if (q->dtype == D_SINGLE)
            layer_columns_float((const float *)q->x + r * q->n + from, (const float *)q->g + r * q->n + from,
                                q->gw + from, q->gb + from, n, q->mean[r], q->f[r]);
        else
            layer_columns_double((const double *)q->x + r * q->n + from, (const double *)q->g + r * q->n + from,
                                 q->gw + from, q->gb + from, n, q->mean[r], q->f[r]);
}

static const char *row_filled(int dtype, i64 n, double v)
{
    struct tensor *t = tensor_2d(dtype, 1, n);
    for (i64 i = 0; i < n; i++)
        if (dtype == D_SINGLE)
            ((float *)t->data)[i] = (float)v;
        else
            ((double *)t->data)[i] = v;
    return t->data;
}

static void layer_run(struct layer_rows *q)
{
    int threads = rows_threads((double)q->rows * (double)q->n * 4);
    q->some = threads > 1 ? MAX(1, 4096 / q->n) : q->rows;
    rows_each((q->rows + q->some - 1) / q->some, threads, layer_task, q);
}

void nn_layernorm_rows(const struct tensor *x, i64 n, const char *w, const char *b, double eps, struct tensor *y)
{
    if (!x->numel || !n)
        return;
    struct layer_rows q = { .x = x->data,
                            .w = w ? w : row_filled(x->dtype, n, 1),
                            .b = b ? b : row_filled(x->dtype, n, 0),
                            .y = y->data,
                            .n = n,
                            .rows = x->numel / n,
                            .eps = eps,
                            .dtype = x->dtype };
    layer_run(&q);
}

void nn_layernorm_back(const struct tensor *x, i64 n, const char *w, double eps, const struct tensor *g,
                       struct tensor *gx, double *gw, double *gb)
{
    if (!x->numel || !n)
        return;
    i64 rows = x->numel / n;
    struct layer_rows q = { .x = x->data,
                            .g = g->data,
                            .w = w ? w : row_filled(x->dtype, n, 1),
                            .y = gx ? gx->data : NULL,
                            .n = n,
                            .rows = rows,
                            .eps = eps,
                            .mean = scratch(sizeof(double) * (size_t)rows),
                            .f = scratch(sizeof(double) * (size_t)rows),
                            .gw = gw,
                            .gb = gb,
                            .dtype = x->dtype };
    layer_run(&q);
    if (gw)
        rows_each((n + COLUMNS - 1) / COLUMNS, rows_threads((double)x->numel * 2), column_task, &q);
}

BUILTIN(nn_layernorm, 1, 4, 1, layernorm_grad,
    "y = nn.layernorm(x, weight, bias, eps)\n\n"
    "x along its last dimension with the mean taken off, divided by sqrt(variance + eps), times weight plus bias ([]: "
    "none), one element for each place of that dimension. eps is 1e-5.\n\n"
    "Example:\n"
    "  nn.layernorm([1 3; 2 6], [], [], 0)\n"
    "  ans =\n"
    "    -1   1\n"
    "    -1   1\n\n"
    "See also: nn.batchnorm")
{
    struct tensor *x = rows_arg(c, 0);
    i64 n = x->dim[x->nd - 1];
    struct tensor *w = per_channel(c, 1, n, x->dtype, "weight"), *b = per_channel(c, 2, n, x->dtype, "bias");
    double eps = has_arg(c, 3) ? arg_num(c, 3) : 1e-5;
    if (x->device) {
        result(c, 0, layernorm_there(tensor_box(x), w ? tensor_box(w) : nil(), b ? tensor_box(b) : nil(), nil(), eps));
        return;
    }
    struct tensor *y = rows_new(x->dtype, x->nd, x->dim);
    nn_layernorm_rows(x, n, w ? w->data : NULL, b ? b->data : NULL, eps, y);
    result_tensor(c, 0, y);
}

/* ---- neighbouring channels */
static struct map map_near(i64 n, i64 half)   /* each with those up to `half` away */
{
    struct map m = { n, n, scratch(sizeof(i64) * (size_t)(n + 1)),
                     scratch(sizeof(i64) * (size_t)(n * MIN(n, 2 * half + 1) + 1)),
                     scratch(sizeof(double) * (size_t)(n * MIN(n, 2 * half + 1) + 1)) };
    i64 k = 0;
    for (i64 o = 0; o < n; o++) {
        m.start[o] = k;
        for (i64 i = MAX(0, o - half); i <= MIN(n - 1, o + half); i++) {
            m.at[k] = i;
            m.w[k++] = 1;
        }
    }
    m.start[n] = k;
    return m;
}
static void crossmapsum_grad(struct call *c)  /* symmetric */
{
    result(c, 0, g_call(c->fn, 2, grad_of(c, 0), c->arg[1]));
}

BUILTIN(nn_crossmapsum, 2, 2, 1, crossmapsum_grad,
    "y = nn.crossmapsum(x, size)\n\n"
    "Of images x (C x H x W or N x C x H x W), each channel plus those up to (size - 1)/2 before and behind it.\n\n"
    "Example:\n"
    "  y = nn.crossmapsum(reshape(1:4, 4, 1, 1), 3);\n"
    "  y(:)'\n"
    "  ans =\n"
    "     3   6   9   7\n\n"
    "See also: nn.lrn")
{
    struct tensor *x = rows_arg(c, 0);
    i64 half = (arg_int(c, 1, 1, INT32_MAX) - 1) / 2;
    struct slab q = slab_of(c, x->nd, x->dim, x->nd > 3 ? 2 : 1);
    if (x->device) {
        struct tensor *y = rows_beside(x, x->dtype, x->nd, x->dim);
        if (y->numel)
            taps_there((struct map[]){ { .in = 1, .out = 1 }, map_near(q.n, half), { .in = q.inner, .out = q.inner } },
                       q.outer, x, y);
        result_tensor(c, 0, y);
        return;
    }
    struct tensor *y = rows_zeros(x->dtype, x->nd, x->dim);
    for (i64 o = 0; o < q.outer; o++)
        for (i64 k = 0; k < q.n; k++) {
            poll();
            for (i64 j = MAX(0, k - half); j <= MIN(q.n - 1, k + half); j++)
                for (i64 i = 0; i < q.inner; i++)
                    if (x->dtype == D_SINGLE)
                        ((float *)y->data)[(o * q.n + k) * q.inner + i] += ((float *)x->data)[(o * q.n + j) * q.inner + i];
                    else
                        ((double *)y->data)[(o * q.n + k) * q.inner + i] += ((double *)x->data)[(o * q.n + j) * q.inner + i];
        }
    result_tensor(c, 0, y);
}

BUILTIN(nn_lrn, 2, 5, 1, grad_pass,
    "y = nn.lrn(x, size, alpha, beta, k)\n\n"
    "Local response normalisation across channels: x ./ (k + alpha/size * s).^beta, where s sums the squares of size "
    "neighbouring channels (nn.crossmapsum). alpha is 1e-4, beta 0.75, k 1.\n\n"
    "Example:\n"
    "  y = nn.lrn(ones(3, 1, 1), 3, 3, 1);\n"
    "  y(:)'\n"
    "  ans =\n"
    "     0.3333   0.2500   0.3333\n\n"
    "See also: nn.crossmapsum, nn.batchnorm")
{
    value x = tracked(c->arg[0]) ? c->arg[0] : tensor_box(rows_arg(c, 0));
    double size = (double)arg_int(c, 1, 1, INT32_MAX), alpha = has_arg(c, 2) ? arg_num(c, 2) : 1e-4;
    double beta = has_arg(c, 3) ? arg_num(c, 3) : 0.75, k = has_arg(c, 4) ? arg_num(c, 4) : 1;
    value s = g_call(&builtin_nn_crossmapsum, 2, MUL(x, x), num(size));
    value d = g_op(EW_plus, MUL(s, num(alpha / size)), num(k));
    result(c, 0, MUL(x, g_op(EW_power, d, num(-beta))));
}
