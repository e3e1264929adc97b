/* SPDX-License-Identifier: BSD-3-Clause */
/* linear.c: nn.Linear, the layer that most time is spent in; its products write into memory that is kept.
 *
 * Rows are samples.  All is in Torch's order, so y = x w' + b is one product by rows (product.h), which reads either
 * order of x.  One sample is a matrix times a vector, and its gradient loops of our own, since a rank-one product of
 * BLAS's packs both sides. */
#include "nn.h"
#include "nn/product.h"
#include "nn/there.h"
#include "lab/clones.h"
#include "lab/gpu.h"
#include <math.h>

enum { WEIGHT, BIAS };
enum { IN, OUT, WITH_BIAS };

static void linear_init(struct module *m)
{
    i64 in = option_int(m, IN), out = option_int(m, OUT);
    nn_param(m, WEIGHT, 2, (i64[]){ out, in });
    if (option_bool(m, WITH_BIAS))
        nn_param(m, BIAS, 2, (i64[]){ 1, out });
    else
        nn_no_param(m, BIAS);
}

static void linear_reset(struct module *m, double stdv)
{
    double s = isnan(stdv) ? 1 / sqrt((double)option_int(m, IN)) : stdv * sqrt(3);
    nn_uniform(PARAM(m, WEIGHT), -s, s);
    if (has_param(m, BIAS))
        nn_uniform(PARAM(m, BIAS), -s, s);
}

static void linear_show(struct module *m, struct buf *b)
{
    buff(b, "%lld -> %lld%s", (long long)option_int(m, IN), (long long)option_int(m, OUT),
         has_param(m, BIAS) ? "" : " without bias");
}

/* d (n x k): plus, becoming, or losing `minus` times scale g' x, each product rounded. */
enum { PLUS, BECOMES, MINUS };
#define OUTER(T)                                                                                                \
    CLONES static void outer_##T(T *d, const T *g, const T *x, T scale, T minus, i64 n, i64 k, int how)         \
    {                                                                                                           \
        for (i64 j = 0; j < n; j++, d += k) {                                                                   \
            T f = scale * g[j];                                                                                 \
            if (how == PLUS)                                                                                    \
                SIMD for (i64 i = 0; i < k; i++)                                                                \
                    d[i] += f * x[i];                                                                           \
            else if (how == BECOMES)                                                                            \
                SIMD for (i64 i = 0; i < k; i++)                                                                \
                    d[i] = f * x[i];                                                                            \
            else                                                                                                \
                SIMD for (i64 i = 0; i < k; i++)                                                                \
                    d[i] -= minus * (f * x[i]);                                                                 \
        }                                                                                                       \
    }
OUTER(double)
OUTER(float)

struct outer { int dtype, how; char *d; const char *g, *x; double scale, minus; i64 n, k, some; };
static void outer_task(void *arg, i64 i, int thread)
{
    const struct outer *q = arg;
    i64 size = (i64)dtypes[q->dtype].size, from = i * q->some, n = MIN(q->some, q->n - from);
    (void)thread;
    if (q->dtype == D_SINGLE)
        outer_float((float *)(q->d + from * q->k * size), (const float *)(q->g + from * size), (const float *)q->x,
                    (float)q->scale, (float)q->minus, n, q->k, q->how);
    else
        outer_double((double *)(q->d + from * q->k * size), (const double *)(q->g + from * size), (const double *)q->x,
                     q->scale, q->minus, n, q->k, q->how);
}

/* The weight's gradient of rows t with gradients g, into `to`, or off it. */
static void weight_gradient(char *to, const struct tensor *t, const struct tensor *g, double scale, int how, double minus)
{
    i64 rows = t->dim[0], in = t->dim[1], out = g->dim[1];
    if (rows == 1 && (in == 1 || t->stride[1] == 1) && (out == 1 || g->stride[1] == 1)) {
        struct outer q = { t->dtype, how, to, g->data, t->data, scale, minus, out, in, MAX(1, (1 << 16) / MAX(1, in)) };
        rows_each((out + q.some - 1) / q.some, rows_threads((double)(in * out)), outer_task, &q);
        return;
    }
    product(&(struct product){ .dtype = t->dtype,
                               .m = out,
                               .n = in,
                               .k = rows,
                               .scale = scale,
                               .a = mat_turned(mat_of(g)),
                               .b = mat_of(t),
                               .c = to,
                               .ldc = in,
                               .add = how == PLUS,
                               .minus = how == MINUS ? minus : 0 });
}

#define ADD_ROWS(name, T)                                                                                                  \
    CLONES static void name(T *d, const T *g, T scale, i64 rows, i64 n, i64 sr, i64 sc)                                       \
    {                                                                                                                         \
        for (i64 r = 0; r < rows; r++, g += sr)                                                                               \
            if (sc == 1) {                                                                                                    \
                SIMD for (i64 i = 0; i < n; i++)                                                                              \
                    d[i] += scale * g[i];                                                                                     \
            } else {                                                                                                          \
                for (i64 i = 0; i < n; i++)                                                                                   \
                    d[i] += scale * g[i * sc];                                                                                \
            }                                                                                                                 \
    }
ADD_ROWS(add_rows_double, double)
ADD_ROWS(add_rows_single, float)

/* The samples as rows: N x in, or N x T x … x in, which is read as so many rows. */
static struct tensor *samples(struct module *m, value x, i64 *rows)
{
    char wants[64];
    i64 in = option_int(m, IN);
    struct tensor *t = nn_float(m, x);
    if (t->nd == 2 && t->dim[1] == in) {
        *rows = t->dim[0];
        return t;
    }
    *rows = in ? t->numel / in : 0;
    if (t->nd > 2 && t->dim[t->nd - 1] == in)
        return nn_reshape(t, 2, (i64[]){ *rows, in });
    if (t->nd == 2 && in == 1)                /* N x T x 1, whose last dimension the tensor has dropped */
        return nn_reshape(t, 2, (i64[]){ *rows, in });
    snprintf(wants, sizeof wants, "N x %lld", (long long)in);
    if (t->nd == 2 && t->dim[0] == in && t->dim[1] != in)
        nn_fail(m, "wants %s and got %lldx%lld (samples are rows: x' fits)", wants, (long long)t->dim[0],
                (long long)t->dim[1]);
    nn_fail_shape(m, wants, x);
}

static value linear_forward(struct module *m, value x)
{
    i64 rows, out = option_int(m, OUT), in = option_int(m, IN), dim[MAX_DIMS];
    struct tensor *t = samples(m, x, &rows), *from = x.kind == K_TENSOR ? x.t : t;
    struct window *w = PARAM(m, WEIGHT).w;
    int nd = from->nd;
    memcpy(dim, from->dim, sizeof(i64) * (size_t)nd);
    if (nd == 2 && in == 1 && dim[1] != 1)
        nd = 3;
    dim[nd - 1] = out;
    struct tensor *y = nn_buffer(&m->output, t->dtype, nd, dim);
    const char *bias = has_param(m, BIAS) ? param_data(m, BIAS) : NULL;
    if (rows == 1) {
        if (bias)
            memcpy(y->data, bias, (size_t)out * dtypes[t->dtype].size);
        blas_gemm(t->dtype, out, rows, in, 1, (struct mat){ window_data(w), in, 1, false },
                  (struct mat){ t->data, t->stride[1], t->stride[0], false }, bias != NULL, y->data, out);
    } else {
        product(&(struct product){ .dtype = t->dtype,
                                   .m = rows,
                                   .n = out,
                                   .k = in,
                                   .scale = 1,
                                   .a = mat_of(t),
                                   .b = { window_data(w), 1, in, false },
                                   .c = y->data,
                                   .ldc = out,
                                   .start = bias });
    }
    nn_set_rank(nd);
    return tensor_box(y);
}

/* ---- gradients owed (module_method.c): a product of two tensors that are kept, applied to the weight itself by
 * updateParameters */
enum { LARGE = 4096 };                        /* elements: below, a product is as cheap as its bookkeeping */
static char *bias_gradient(struct module *m)
{
    own_block(GRAD(m, BIAS).w->base);
    return window_data(GRAD(m, BIAS).w);
}

static void linear_settle(struct module *m)
{
    value x = keep(copy(m->owed_x)), g = keep(copy(m->owed_g));
    bool zeros = m->owes == OWES_ZEROS;
    m->owes = OWES_NOTHING;
    replace(&m->owed_x, nil());
    replace(&m->owed_g, nil());
    char *gw = grad_data(m, WEIGHT);
    size_t size = dtypes[nn_dtype(m)].size;
    if (zeros)
        memset(gw, 0, (size_t)GRAD(m, WEIGHT).w->numel * size);
    else
        weight_gradient(gw, x.t, g.t, m->owed_scale, BECOMES, 0);
    if (zeros && has_param(m, BIAS))
        memset(grad_data(m, BIAS), 0, (size_t)GRAD(m, BIAS).w->numel * size);
}

static void linear_learn(struct module *m, double rate)
{
    if (m->owes == OWES_ZEROS)
        return;
    struct window *w = PARAM(m, WEIGHT).w, *b = has_param(m, BIAS) ? PARAM(m, BIAS).w : NULL;
    own_block(w->base);
    w->base->version++;
    weight_gradient(window_data(w), m->owed_x.t, m->owed_g.t, m->owed_scale, MINUS, rate);
    if (!b)
        return;
    own_block(b->base);
    b->base->version++;
    if (b->base->dtype == D_SINGLE)
        for (i64 i = 0; i < b->numel; i++)
            ((float *)window_data(b))[i] -= (float)rate * ((float *)bias_gradient(m))[i];
    else
        for (i64 i = 0; i < b->numel; i++)
            ((double *)window_data(b))[i] -= rate * ((double *)bias_gradient(m))[i];
}

static value linear_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 rows, out = option_int(m, OUT), in = option_int(m, IN);
    struct tensor *t = samples(m, x, &rows), *from = x.kind == K_TENSOR && x.t->dtype == t->dtype ? x.t : tensor_of(x);
    i64 dim[MAX_DIMS];
    int nd = from->nd;
    memcpy(dim, from->dim, sizeof(i64) * (size_t)nd);
    if (nd == 2 && in == 1 && dim[1] != 1)
        nd = 3;
    dim[nd - 1] = out;
    struct tensor shape = { .nd = (uint8_t)dims_trim(nd, dim), .dim = dim, .dtype = t->dtype };
    struct tensor *gt = nn_grad_like(m, g, &shape).t, *gx = NULL;
    if (gt->nd != 2 || gt->dim[0] != rows)
        gt = nn_reshape(gt, 2, (i64[]){ rows, out });
    if (want & WANT_INPUT) {
        gx = nn_buffer(&m->grad_input, t->dtype, from->nd, from->dim);
        if (rows == 1)
            blas_gemm(t->dtype, in, rows, out, 1, (struct mat){ param_data(m, WEIGHT), 1, in, false },
                      mat_turned(mat_of(gt)), 0, gx->data, in);
        else
            product(&(struct product){ .dtype = t->dtype, .m = rows, .n = in, .k = out, .scale = 1, .a = mat_of(gt),
                .b = { param_data(m, WEIGHT), in, 1, false }, .c = gx->data, .ldc = in });
    }
    if (want & WANT_PARAMS) {
        bool owe = m->owes == OWES_ZEROS && !m->updates && t->dtype == gt->dtype && in * out >= LARGE &&
                   (rows == 1 || (rows <= PRODUCT_TERMS && product_native(t->dtype)));
        if (owe) {
            m->owes = OWES_PRODUCT;
            replace(&m->owed_x, copy(tensor_box(t)));
            replace(&m->owed_g, copy(tensor_box(gt)));
            m->owed_scale = scale;
        } else {
            weight_gradient(grad_data(m, WEIGHT), t, gt, scale, PLUS, 0);
        }
        if (has_param(m, BIAS)) {
            char *gb = owe ? bias_gradient(m) : grad_data(m, BIAS);
            if (owe)
                memset(gb, 0, (size_t)out * dtypes[t->dtype].size);
            if (t->dtype == D_DOUBLE)
                add_rows_double((double *)gb, (double *)gt->data, scale, rows, out, gt->stride[0], gt->stride[1]);
            else
                add_rows_single((float *)gb, (float *)gt->data, (float)scale, rows, out, gt->stride[0], gt->stride[1]);
        }
    }
    return gx ? tensor_box(gx) : nil();
}

/* ---- on a device: rows lie one after another, so y' = w x' + b is a product whose bias is a column of its epilogue;
   gradients are added by the products themselves.  Three products a backward. */
static struct dev_arg matrix(const struct tensor *t, i64 offset, i64 m, i64 n, i64 down, i64 right)
{
    return (struct dev_arg){ .p = t->data + offset * (i64)dtypes[t->dtype].size,
                             .dtype = t->dtype,
                             .nd = 2,
                             .dim = { m, n },
                             .stride = { down, right } };
}
static struct dev_arg turned_arg(struct tensor *t)        /* a matrix of samples, each a column */
{
    return matrix(t, 0, t->dim[1], t->dim[0], t->stride[1], t->stride[0]);
}
static struct dev_arg learned(value v, i64 m,
                              i64 n) /* a parameter, or its gradient, n x m with its last dimension fastest, turned */
{
    struct window *w = v.w;
    gpu_vector(w->base);                      /* fails when it was lost */
    return matrix(w->base, w->offset, m, n, 1, m);
}
static struct dev_arg upright(struct dev_arg a)
{
    return (struct dev_arg){
        .p = a.p, .dtype = a.dtype, .nd = 2, .dim = { a.dim[1], a.dim[0] }, .stride = { a.stride[1], a.stride[0] }
    };
}
static int there_dims(struct module *m, value x, i64 *dim)
{
    int nd = value_dims(x, dim);
    nd = nd == 2 && option_int(m, IN) == 1 && dim[1] != 1 ? 3 : nd;
    dim[nd - 1] = option_int(m, OUT);
    return nd;
}
static value linear_there(struct module *m, value x, value none)
{
    i64 rows, out = option_int(m, OUT), in = option_int(m, IN), dim[MAX_DIMS];
    struct tensor *t = samples(m, x, &rows);
    int nd = there_dims(m, x, dim);
    (void)none;
    if (!rows || !in || !out)
        return nil();
    struct tensor *y = buffer_there(&m->output, t, nd, dim);
    struct dev_arg to = matrix(y, 0, out, rows, 1, out),
                   arg[3] = { upright(learned(PARAM(m, WEIGHT), in, out)), turned_arg(t), { .p = NULL } };
    if (has_param(m, BIAS))
        arg[2] = learned(PARAM(m, BIAS), out, 1);
    gpu_do(t->device, DEV_gemm, &to, arg, (double[]){ 1, 0, 0 });
    nn_set_rank(nd);
    return tensor_box(y);
}
static struct dev_arg
added_to(struct module *m, int i, i64 rows,
         i64 columns) /* where a gradient goes: a parameter itself when the layer is being updated */
{
    value v = m->updates ? PARAM(m, i) : GRAD(m, i);
    own_block(v.w->base);
    v.w->base->version++;
    return learned(v, rows, columns);
}
static value linear_there_back(struct module *m, value x, value g, int want, double scale)
{
    i64 rows, out = option_int(m, OUT), in = option_int(m, IN), dim[MAX_DIMS];
    struct tensor *t = samples(m, x, &rows), *gx = NULL;
    struct tensor shape = { .nd = 2, .dim = dim, .dtype = t->dtype, .device = t->device };
    shape.nd = (uint8_t)dims_trim(there_dims(m, x, dim), dim);
    if (!rows || !in || !out || !is_tensor_like(g) || value_device(g) != t->device)
        return nil();
    struct tensor *gt = nn_grad_like(m, g, &shape).t;
    if (gt->nd != 2 || gt->dim[0] != rows)
        gt = nn_reshape(gt, 2, (i64[]){ rows, out });
    struct dev_arg none = { .p = NULL };
    nn_settle(m);
    if (want & WANT_INPUT) {
        gx = buffer_there(&m->grad_input, t, tensor_any(x)->nd, tensor_any(x)->dim);
        struct dev_arg to = matrix(gx, 0, in, rows, 1, in);
        gpu_do(t->device, DEV_gemm, &to, (struct dev_arg[]){ learned(PARAM(m, WEIGHT), in, out), turned_arg(gt), none },
               (double[]){ 1, 0, 0 });
    }
    if (want & WANT_PARAMS) {
        struct dev_arg to = added_to(m, WEIGHT, in, out), each = matrix(gt, 0, rows, out, gt->stride[0], gt->stride[1]);
        gpu_do(t->device, DEV_gemm, &to, (struct dev_arg[]){ turned_arg(t), each, none }, (double[]){ scale, 1, 0 });
        if (has_param(m, BIAS)) {
            struct tensor *ones = tensor_new(t->dtype, 2, (i64[]){ rows, 1 });
            for (i64 i = 0; i < rows; i++)
                convert_run(t->dtype, ones->data + i * (i64)dtypes[t->dtype].size, D_DOUBLE, (double[]){ 1 }, 1);
            ones = gpu_table(t->device, ones);
            to = added_to(m, BIAS, out, 1);
            gpu_do(t->device, DEV_gemm, &to,
                   (struct dev_arg[]){ turned_arg(gt), matrix(ones, 0, rows, 1, 1, rows), none },
                   (double[]){ scale, 1, 0 });
        }
    }
    return gx ? tensor_box(gx) : nil();
}

static value linear_record(struct module *m, value x, const value *w)
{
    i64 dim[MAX_DIMS], rows;
    int nd = value_dims(x, dim);
    (void)samples(m, x, &rows);               /* complains */
    bool many = nd != 2 || dim[1] != option_int(m, IN);
    value y = tape_matrix(MX_MTIMES, many ? nn_view(x, 2, (i64[]){ rows, option_int(m, IN) }) : x,
                          tape_matrix(MX_TRANSPOSE, w[WEIGHT], nil()));
    if (has_param(m, BIAS))
        y = g_op(EW_plus, y, w[BIAS]);
    if (!many)
        return y;
    if (nd == 2)                              /* inputs of one feature each, whose dimension the tensor has dropped */
        nd = 3;
    dim[nd - 1] = option_int(m, OUT);
    return nn_view(y, nd, dim);
}

static bool linear_method(struct module *m, const char *name, struct call *c)
{
    if (strcmp(name, "noBias"))
        return false;
    nn_settle(m);
    nn_no_param(m, BIAS);
    replace(&OPTION(m, WITH_BIAS), num(0));
    result(c, 0, c->arg[0]);
    return true;
}

LAYER(Linear,
      "m = nn.Linear(inputSize, outputSize, bias)\n\n"
      "y = x*weight' + bias for samples x in rows: N x inputSize gives N x outputSize. weight is outputSize x "
      "inputSize, "
      "bias 1 x outputSize; bias=false leaves it out, as does m.noBias(). At first both are uniform in "
      "±1/sqrt(inputSize).\n\n"
      "Example:\n  m = nn.Linear(3, 2); m.weight = [1 0 0; 0 1 0]; m.bias = [10 20]; m.forward([1 2 3])\n  ans =\n     "
      "11  "
      " 22\n\n"
      "See also: nn.Sequential, nn.Bilinear, nn.LookupTable",
      .options = "inputSize:n outputSize:n hasBias:b=1", .params = "weight bias", .init = linear_init,
      .reset = linear_reset, .forward = linear_forward, .backward = linear_backward, .there = linear_there,
      .there_back = linear_there_back, .record = linear_record, .settle = linear_settle, .learn = linear_learn,
      .show = linear_show, .method = linear_method, .methods = "noBias")

static value identity_forward(struct module *m, value x)
{
    (void)m;
    nn_set_rank(m->rank);
    return x;
}
static value identity_backward(struct module *m, value x, value g, int want, double scale)
{
    (void)m, (void)x, (void)want, (void)scale;
    return g;
}

LAYER(Identity,
  "m = nn.Identity()\n\n"
  "The output is the input, whatever it is.\n\n"
  "Example:\n  nn.Identity().forward([1 2 3])\n  ans =\n     1   2   3\n\n"
  "See also: nn.Sequential",
  .forward = identity_forward, .backward = identity_backward, .table = true, .view = true)
