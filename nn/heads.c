/* SPDX-License-Identifier: BSD-3-Clause */
/* heads.c: the products of attention, all heads of all samples at once.
 *
 * Queries, keys and values are matrices with a row for each step of each sample, a head is a run of columns; the scores
 * of a head of a sample are a block of rows.  Two products, of rows with rows and of a block with rows, are closed
 * under differentiation: each one's gradients are products of these two kinds. */
#include "lab/blas.h"
#include "lab/gpu.h"
#include "lab/tape.h"
#include "nn/prim.h"
#include "nn/there.h"

struct heads { struct tensor *a, *b, *y; i64 n, heads, d, l, s; bool turned; };
extern const struct builtin builtin_nn_headscores, builtin_nn_headmix;

static int common_dtype(struct call *c)
{
    return value_dtype(c->arg[0]) == D_SINGLE && value_dtype(c->arg[1]) == D_SINGLE ? D_SINGLE : D_DOUBLE;
}

/* Rows as they stand where their elements follow one another: a slice of columns needs no copy. */
static struct tensor *rows_matrix(struct call *c, int i, int dtype)
{
    struct tensor *t = arg_tensor(c, i);
    if (t->nd != 2)
        fail_arg(c, i, "a matrix");
    if (t->dtype == dtype && t->dim[0] > 1 && t->dim[1] > 1 && t->stride[1] == 1 && t->stride[0] >= t->dim[1])
        return t;
    return rows_like(c, i, dtype);
}

static i64 pitch(const struct tensor *t) { return t->dim[0] > 1 && t->dim[1] > 1 ? t->stride[0] : t->dim[1]; }

static struct mat block(const struct tensor *t, i64 row, i64 column, bool turned)
{
    i64 ld = pitch(t);
    const char *p = t->data + (row * ld + column) * (i64)dtypes[t->dtype].size;
    return turned ? (struct mat){ p, 1, ld, false } : (struct mat){ p, ld, 1, false };
}

/* Results are written by rows, which for a product by columns is the product of the transposes. */
static void scores_task(void *arg, i64 k, int thread)
{
    const struct heads *q = arg;
    i64 i = k / q->heads, at = k % q->heads * q->d;
    (void)thread;
    blas_gemm(q->y->dtype, q->s, q->l, q->d, 1, block(q->b, i * q->s, at, false), block(q->a, i * q->l, at, true), 0,
              q->y->data + k * q->l * q->s * (i64)dtypes[q->y->dtype].size, q->s);
}

static void mix_task(void *arg, i64 k, int thread)
{
    const struct heads *q = arg;
    i64 i = k / q->heads, at = k % q->heads * q->d, to = q->turned ? q->s : q->l, from = q->turned ? q->l : q->s,
        e = q->heads * q->d;
    (void)thread;
    blas_gemm(q->y->dtype, q->d, to, from, 1, block(q->b, i * from, at, true), block(q->a, k * q->l, 0, !q->turned), 0,
              q->y->data + (i * to * e + at) * (i64)dtypes[q->y->dtype].size, e);
}

static i64 steps(struct call *c, int i, i64 rows, i64 parts)
{
    if (rows % parts)
        fail("Octave:nonconformant-args",
             "%s: argument %d must have a number of rows that is a multiple of %lld, but has %lld", nn_name(c), i + 1,
             (long long)parts, (long long)rows);
    return rows / parts;
}

static void run(struct heads *q, void (*task)(void *, i64, int))
{
    if (q->l && q->s && q->d)
        rows_each(q->n * q->heads, rows_threads((double)(q->n * q->heads * q->l) * (double)(q->s * q->d)), task, q);
}

/* On a device: a product for each head, over all samples. */
static struct tensor *beside(struct tensor *t, int device) { return t->device == device ? t : rows_of(gpu_put(device, t)); }
static struct tensor *scores_there(struct heads *q)
{
    i64 e = pitch(q->a), f = pitch(q->b);
    struct tensor *y = rows_beside(q->a, q->a->dtype, 2, (i64[]){ q->n * q->heads * q->l, q->s });
    for (i64 h = 0; h < q->heads && y->numel; h++)
        product_there(q->l, q->s, q->d, q->n, (struct placed){ y, h * q->l * q->s, q->s, 1, q->heads * q->l * q->s },
                      (struct placed){ q->a, h * q->d, e, 1, q->l * e },
                      (struct placed){ q->b, h * q->d, 1, f, q->s * f });
    return y;
}
static struct tensor *mix_there(struct heads *q)
{
    i64 to = q->turned ? q->s : q->l, from = q->turned ? q->l : q->s, e = q->heads * q->d, f = pitch(q->b);
    struct tensor *y = rows_beside(q->a, q->a->dtype, 2, (i64[]){ q->n * to, e });
    for (i64 h = 0; h < q->heads && y->numel; h++)
        product_there(to, q->d, from, q->n, (struct placed){ y, h * q->d, e, 1, to * e },
                      (struct placed){ q->a, h * q->l * q->s, q->turned ? 1 : q->s, q->turned ? q->s : 1,
                                       q->heads * q->l * q->s },
                      (struct placed){ q->b, h * q->d, f, 1, from * f });
    return y;
}

static void headscores_grad(struct call *c)
{
    value g = grad_of(c, 0);
    for (int i = 0; i < 2; i++)
        if (grad_wanted(c, i))
            result(c, i, g_call(&builtin_nn_headmix, 5, g, c->arg[1 - i], c->arg[2], c->arg[3], num(i)));
}

BUILTIN(nn_headscores, 4, 4, 1, headscores_grad,
    "p = nn.headscores(q, k, heads, n)\n\n"
    "The products of attention between n samples of queries q (n*L x E) and keys k (n*S x E), each with `heads` heads "
    "of E/heads columns: p is n*heads*L x S, a block of L rows for each head of each sample, q*k' of its columns.\n\n"
    "Example:\n"
    "  nn.headscores([1 2; 3 4], [1 1; 0 2], 1, 1)\n"
    "  ans =\n"
    "     3   4\n"
    "     7   8\n\n"
    "See also: nn.headmix, nn.MultiHeadAttention")
{
    int dtype = common_dtype(c);
    struct heads q = { .a = rows_matrix(c, 0, dtype),
                       .b = rows_matrix(c, 1, dtype),
                       .heads = arg_int(c, 2, 1, 1 << 20),
                       .n = arg_int(c, 3, 1, 1 << 30) };
    if (q.a->dim[1] != q.b->dim[1] || q.a->dim[1] % q.heads)
        fail("Octave:nonconformant-args",
             "%s: q and k must have as many columns, a multiple of %lld, but have %lld and %lld", nn_name(c),
             (long long)q.heads, (long long)q.a->dim[1], (long long)q.b->dim[1]);
    q.d = q.a->dim[1] / q.heads;
    q.l = steps(c, 0, q.a->dim[0], q.n);
    q.s = steps(c, 1, q.b->dim[0], q.n);
    int device = gpu_common("nn.headscores", 2, c->arg);
    if (device) {
        q.a = beside(q.a, device);
        q.b = beside(q.b, device);
        result_tensor(c, 0, q.d ? scores_there(&q) : gpu_filled(device, dtype, 2, (i64[]){ q.n * q.heads * q.l, q.s }, 0));
        return;
    }
    q.y = q.d ? rows_new(dtype, 2, (i64[]){ q.n * q.heads * q.l, q.s })
              : rows_zeros(dtype, 2, (i64[]){ q.n * q.heads * q.l, q.s });
    run(&q, scores_task);
    result_tensor(c, 0, q.y);
}

static void headmix_grad(struct call *c)
{
    value g = grad_of(c, 0);
    bool turned = arg_bool(c, 4);
    if (grad_wanted(c, 0))
        result(c, 0, g_call(&builtin_nn_headscores, 4, turned ? c->arg[1] : g, turned ? g : c->arg[1], c->arg[2], c->arg[3]));
    if (grad_wanted(c, 1))
        result(c, 1, g_call(&builtin_nn_headmix, 5, c->arg[0], g, c->arg[2], c->arg[3], num(!turned)));
}

BUILTIN(nn_headmix, 5, 5, 1, headmix_grad,
    "y = nn.headmix(p, v, heads, n, turned)\n\n"
    "Each block of L rows of p (n*heads*L x S) times its sample's rows of v (n*S x E), in the columns of its head: y "
    "is n*L x E. turned: with the blocks transposed; then v has n*L rows and y n*S.\n\n"
    "Example:\n"
    "  nn.headmix([1 1; 0 2], [1 2; 3 4], 1, 1, false)\n"
    "  ans =\n"
    "     4   6\n"
    "     6   8\n\n"
    "See also: nn.headscores, nn.MultiHeadAttention")
{
    int dtype = common_dtype(c);
    struct heads q = { .a = rows_like(c, 0, dtype),
                       .b = rows_matrix(c, 1, dtype),
                       .heads = arg_int(c, 2, 1, 1 << 20),
                       .n = arg_int(c, 3, 1, 1 << 30),
                       .turned = arg_bool(c, 4) };
    if (q.a->nd != 2)
        fail_arg(c, 0, "a matrix");
    if (q.b->dim[1] % q.heads)
        fail("Octave:nonconformant-args", "%s: v must have a multiple of %lld columns, but has %lld", nn_name(c),
             (long long)q.heads, (long long)q.b->dim[1]);
    q.d = q.b->dim[1] / q.heads;
    q.s = q.a->dim[1];
    q.l = steps(c, 0, q.a->dim[0], q.n * q.heads);
    i64 rows = steps(c, 1, q.b->dim[0], q.n);
    if (rows != (q.turned ? q.l : q.s))
        fail("Octave:nonconformant-args", "%s: v must have %lld rows, but has %lld", nn_name(c),
             (long long)(q.n * (q.turned ? q.l : q.s)), (long long)q.b->dim[0]);
    i64 size[2] = { q.n * (q.turned ? q.s : q.l), q.b->dim[1] };
    int device = gpu_common("nn.headmix", 2, c->arg);
    if (device) {
        q.a = beside(q.a, device);
        q.b = beside(q.b, device);
        result_tensor(c, 0, rows ? mix_there(&q) : gpu_filled(device, dtype, 2, size, 0));
        return;
    }
    q.y = rows ? rows_new(dtype, 2, size) : rows_zeros(dtype, 2, size);
    run(&q, mix_task);
    result_tensor(c, 0, q.y);
}
