/* SPDX-License-Identifier: BSD-3-Clause */
/* softmax.c: softmax and its logarithm along any dimension.
 *
 * The largest element is taken off first, so nothing overflows.  Lines along the dimension are done one at a time where they
 * are contiguous, else up to PANEL of them side by side. */
#include "lab/gpu.h"
#include "lab/ew.h"
#include "lab/clones.h"
#include "lab/tape.h"
#include "nn/prim.h"
#include <math.h>

enum { PANEL = 256 };

struct lines {
    i64 n, inner;
    bool log;
    const char *x;
    char *y;
    char *spare;
    i64 panels;
    size_t spare_bytes;
    ew_kernel *exp, *ln;
};

/* One line of n, or m <= PANEL lines side by side, `inner` apart: e needs room for a line, or for two rows of m. */
#define SOFT(T)                                                                                                 \
    CLONES static void line_##T(const struct lines *q, const T *x, T *y)                                        \
    {                                                                                                           \
        i64 n = q->n;                                                                                           \
        T most = x[0], sum = 0, ln;                                                                             \
        for (i64 i = 1; i < n; i++)                                                                             \
            most = x[i] > most ? x[i] : most;                                                                   \
        T *e = (T *)q->spare;                                                                                   \
        SIMD for (i64 i = 0; i < n; i++)                                                                        \
            e[i] = x[i] - most;                                                                                 \
        if (q->log)                                                                                             \
            memcpy(y, e, (size_t)n * sizeof(T));                                                                \
        q->exp(e, e, NULL, n);                                                                                  \
        T part[16] = { 0 };                                                                                     \
        i64 i = 0;                                                                                              \
        for (; i + 16 <= n; i += 16)                                                                            \
            SIMD for (int k = 0; k < 16; k++)                                                                   \
                part[k] += e[i + k];                                                                            \
        for (; i < n; i++)                                                                                      \
            part[i % 16] += e[i];                                                                               \
        for (int k = 0; k < 16; k++)                                                                            \
            sum += part[k];                                                                                     \
        if (q->log) {                                                                                           \
            T two[64 / sizeof(T)] = { sum };                                                                    \
            q->ln(two, two, NULL, 1);                                                                           \
            ln = two[0];                                                                                        \
            SIMD for (i64 j = 0; j < n; j++)                                                                    \
                y[j] -= ln;                                                                                     \
        } else {                                                                                                \
            SIMD for (i64 j = 0; j < n; j++)                                                                    \
                y[j] = e[j] / sum;                                                                              \
        }                                                                                                       \
    }                                                                                                           \
    CLONES static void panel_##T(const struct lines *q, const T *x, T *y, i64 m)                                \
    {                                                                                                           \
        T *most = (T *)q->spare, *sum = most + PANEL + 16, *e = sum + PANEL + 16;                               \
        memcpy(most, x, (size_t)m * sizeof(T));                                                                 \
        for (i64 i = 1; i < q->n; i++)                                                                          \
            SIMD for (i64 k = 0; k < m; k++)                                                                    \
                most[k] = x[i * q->inner + k] > most[k] ? x[i * q->inner + k] : most[k];                        \
        memset(sum, 0, (size_t)m * sizeof(T));                                                                  \
        for (i64 i = 0; i < q->n; i++) {                                                                        \
            T *to = y + i * q->inner;                                                                           \
            SIMD for (i64 k = 0; k < m; k++)                                                                    \
                e[k] = x[i * q->inner + k] - most[k];                                                           \
            if (q->log)                                                                                         \
                memcpy(to, e, (size_t)m * sizeof(T));                                                           \
            q->exp(e, e, NULL, m);                                                                              \
            SIMD for (i64 k = 0; k < m; k++)                                                                    \
                sum[k] += e[k];                                                                                 \
            if (!q->log)                                                                                        \
                memcpy(to, e, (size_t)m * sizeof(T));                                                           \
        }                                                                                                       \
        if (q->log)                                                                                             \
            q->ln(sum, sum, NULL, m);                                                                           \
        for (i64 i = 0; i < q->n; i++) {                                                                        \
            T *to = y + i * q->inner;                                                                           \
            if (q->log)                                                                                         \
                SIMD for (i64 k = 0; k < m; k++)                                                                \
                    to[k] -= sum[k];                                                                            \
            else                                                                                                \
                SIMD for (i64 k = 0; k < m; k++)                                                                \
                    to[k] /= sum[k];                                                                            \
        }                                                                                                       \
    }                                                                                                           \
    static void task_##T(void *arg, i64 i, int thread)                                                          \
    {                                                                                                           \
        struct lines q = *(struct lines *)arg;                                                                  \
        q.spare += (size_t)thread * q.spare_bytes;                                                              \
        if (q.inner == 1) {                                                                                     \
            line_##T(&q, (const T *)q.x + i * q.n, (T *)q.y + i * q.n);                                         \
        } else {                                                                                                \
            i64 at = i / q.panels * q.n * q.inner + i % q.panels * PANEL;                                       \
            panel_##T(&q, (const T *)q.x + at, (T *)q.y + at, MIN(PANEL, q.inner - i % q.panels * PANEL));      \
        }                                                                                                       \
    }
SOFT(float)
SOFT(double)

/* Features stand in dimension 2 of N x F and N x C x H x W, in 1 of C x H x W, in 2 of all else. */
static int soft_dim(struct call *c, const struct tensor *x)
{
    return arg_dim(c, 1, x->nd == 3 ? 1 : 2);
}

static void soft_there(struct call *c, bool log)
{
    struct tensor *x = tensor_any(c->arg[0]);
    int dim = soft_dim(c, x);
    if (!dtype_is(x->dtype, DT_F))
        x = gpu_clone(x, D_DOUBLE);
    struct tensor *y = gpu_new(x->device, x->dtype, x->nd, x->dim);
    struct dev_arg to = gpu_arg(y), from = gpu_arg(x);
    for (; from.nd < MIN(dim, DEV_DIMS); from.nd++, to.nd++)
        from.dim[from.nd] = to.dim[to.nd] = 1, from.stride[from.nd] = to.stride[to.nd] = 0;
    if (y->numel)
        gpu_do(x->device, DEV_softmax, &to, &from, (double[]){ MIN(dim, DEV_DIMS) - 1, log });
    result_tensor(c, 0, y);
}

static void soft(struct call *c, bool log)
{
    if (value_device(c->arg[0])) {
        soft_there(c, log);
        return;
    }
    struct tensor *x = rows_arg(c, 0);
    int dim = soft_dim(c, x);
    bool single = x->dtype == D_SINGLE;
    struct tensor *y = rows_new(x->dtype, x->nd, x->dim);
    struct lines q = { .n = dim <= x->nd ? x->dim[dim - 1] : 1, .inner = 1, .log = log, .x = x->data, .y = y->data };
    q.exp = ew_simd->k[EW_exp][single][VV];
    q.ln = ew_simd->k[EW_reallog][single][VV];
    for (int d = dim; d < x->nd; d++)
        q.inner *= x->dim[d];
    if (x->numel) {
        i64 outer = x->numel / (q.n * q.inner), size = dtypes[x->dtype].size;
        q.panels = (q.inner + PANEL - 1) / PANEL;
        q.spare_bytes = ((size_t)((q.inner == 1 ? q.n : 3 * (PANEL + 16)) * size) + 127) & ~(size_t)63;
        int threads = rows_threads((double)x->numel * 10);
        q.spare = scratch(q.spare_bytes * (size_t)threads);
        rows_each(outer * q.panels, threads, single ? task_float : task_double, &q);
    }
    result_tensor(c, 0, y);
}

static void nn_softmax_grad(struct call *c)   /* y .* (g - sum(g .* y)) */
{
    value y = grad_result(c, 0), g = grad_of(c, 0);
    int dim = soft_dim(c, tensor_any(c->arg[0]));
    bool rows = dim == 2 && tensor_any(y)->nd ==
                                2; /* lie in one piece each: as columns of the transpose they need not be gathered */
    if (rows)
        y = tape_matrix(MX_TRANSPOSE, y, nil()), g = tape_matrix(MX_TRANSPOSE, g, nil()), dim = 1;
    value gx = g_op(EW_times, y, g_op(EW_minus, g, g_sum(g_op(EW_times, g, y), dim)));
    result(c, 0, rows ? tape_matrix(MX_TRANSPOSE, gx, nil()) : gx);
}

static void nn_logsoftmax_grad(struct call *c)            /* g - softmax(x) .* sum(g) */
{
    value y = grad_result(c, 0), g = grad_of(c, 0);
    int dim = soft_dim(c, tensor_any(c->arg[0]));
    result(c, 0, g_op(EW_minus, g, g_op(EW_times, g_fn(EW_exp, y), g_sum(g, dim))));
}

BUILTIN(nn_softmax, 1, 2, 1, nn_softmax_grad,
    "y = nn.softmax(x)\n"
    "y = nn.softmax(x, dim)\n\n"
    "exp(x) ./ sum(exp(x), dim), without overflow. By default dim is where the features or channels stand: 2 of N x F "
    "and N x C x H x W, 1 of C x H x W.\n\n"
    "Example:\n"
    "  nn.softmax([0 log(3)])\n"
    "  ans =\n"
    "     0.2500   0.7500\n\n"
    "See also: nn.logsoftmax")
{
    soft(c, false);
}

BUILTIN(nn_logsoftmax, 1, 2, 1, nn_logsoftmax_grad,
    "y = nn.logsoftmax(x)\n"
    "y = nn.logsoftmax(x, dim)\n\n"
    "The logarithm of nn.softmax(x, dim): x - log(sum(exp(x), dim)), without overflow.\n\n"
    "Example:\n"
    "  nn.logsoftmax([1000 1000])\n"
    "  ans =\n"
    "    -0.6931  -0.6931\n\n"
    "See also: nn.softmax")
{
    soft(c, true);
}
