/* SPDX-License-Identifier: BSD-3-Clause */
/* scan.c: running sums, products and extremes along a dimension; counts; variance; single bits.
 *
 * A running sum adds from the first element to the last, in the class of sum (integers in double, complex as they are).
 * Along a dimension that is not the first, whole rows are added at once.  Variance takes two passes: the mean first. */
#include "config.h"
#include "lab/ew.h"
#include "clones.h"
#include <math.h>

/* ---- the shape of a scan: outer blocks of len rows of inner elements */
struct scan { i64 inner, len, outer; };
static struct scan scan_of(const struct tensor *t, int d)
{
    struct scan s = { 1, 1, 1 };
    for (int k = 0; k < t->nd; k++)
        *(k < d - 1 ? &s.inner : k == d - 1 ? &s.len : &s.outer) *= t->dim[k];
    return s;
}

#define SCAN(name, T, start, step)                                                        \
    static void name(T *restrict y, const T *restrict x, struct scan s)                   \
    {                                                                                     \
        for (i64 o = 0; o < s.outer; o++, x += s.len * s.inner, y += s.len * s.inner) {   \
            poll();                                                                       \
            if (s.inner == 1) {                                                           \
                T a = start;                                                              \
                for (i64 k = 0; k < s.len; k++) {                                         \
                    T b = x[k];                                                           \
                    y[k] = a = step;                                                      \
                }                                                                         \
                continue;                                                                 \
            }                                                                             \
            for (i64 i = 0; s.len && i < s.inner; i++) {                                  \
                T a = start, b = x[i];                                                    \
                y[i] = step;                                                              \
            }                                                                             \
            for (i64 k = 1; k < s.len; k++)                                               \
                for (i64 i = 0; i < s.inner; i++) {                                       \
                    T a = y[(k - 1) * s.inner + i], b = x[k * s.inner + i];               \
                    y[k * s.inner + i] = step;                                            \
                }                                                                         \
        }                                                                                 \
    }
SCAN(sum_double, double, 0, a + b)
SCAN(sum_float, float, 0, a + b)
SCAN(sum_cdouble, double _Complex, 0, a + b)
SCAN(sum_csingle, float _Complex, 0, a + b)
SCAN(prod_double, double, 1, a * b)
SCAN(prod_float, float, 1, a * b)
SCAN(prod_cdouble, double _Complex, 1, a * b)
SCAN(prod_csingle, float _Complex, 1, a * b)

static void cumulate(struct call *c, bool product)
{
    struct tensor *x = arg_float(c, 0);
    int d = arg_dim(c, 1, first_long_dim(x));
    struct tensor *y = tensor_new(x->dtype, x->nd, x->dim);
    struct scan s = scan_of(x, d);
    void *to = y->data, *from = x->data;
    switch (x->dtype) {
    case D_SINGLE: (product ? prod_float : sum_float)(to, from, s); break;
    case D_CDOUBLE: (product ? prod_cdouble : sum_cdouble)(to, from, s); break;
    case D_CSINGLE: (product ? prod_csingle : sum_csingle)(to, from, s); break;
    default: (product ? prod_double : sum_double)(to, from, s); break;
    }
    result_tensor(c, 0, dtype_is(y->dtype, DT_C) ? tensor_narrow(y) : y);
}

builtin_grad cumsum_grad, cumprod_grad;      /* rules.c */

BUILTIN(cumsum, 1, 2, 1, cumsum_grad,
  "y = cumsum(x)\n"
  "y = cumsum(x, dim)\n\n"
  "Running sum along dim, by default the first dimension that is not 1.\n\n"
  "Example:\n  cumsum([1 2; 3 4])\n  ans =\n     1   2\n     4   6\n\n"
  "See also: sum, cumprod, diff")
{
    cumulate(c, false);
}

BUILTIN(cumprod, 1, 2, 1, cumprod_grad,
  "y = cumprod(x)\n"
  "y = cumprod(x, dim)\n\n"
  "Running product along dim, by default the first dimension that is not 1.\n\n"
  "Example:\n  cumprod([1 2 3 4])\n  ans =\n      1    2    6   24\n\n"
  "See also: prod, cumsum")
{
    cumulate(c, true);
}

/* ---- running extremes with their indices; NaN is skipped, but leads until a number has come.
   Mostly there is nothing new for long: 32 elements at a time are asked whether one is beyond `a`, and get it. */
#define BEYOND(b, a) (max ? (b) > (a) : (b) < (a))                /* no comparison with NaN is true */
#define EXTREME(T, isnan_)                                                                            \
    CLONES static i64 quiet_##T(T *restrict y, double *restrict at, const T *restrict x, i64 n, T a, double best, bool max) \
    {                                                                                                 \
        enum { BLOCK = 32 };                                                                          \
        i64 i = 0;                                                                                    \
        for (int any = 0; i + BLOCK <= n; i += BLOCK) {                                               \
            SIMD                                                                                      \
            for (int j = 0; j < BLOCK; j++)                                                           \
                any |= (x[i + j] > a) & max;                                                          \
            SIMD                                                                                      \
            for (int j = 0; j < BLOCK; j++)                                                           \
                any |= (x[i + j] < a) & !max;                                                         \
            if (any)                                                                                  \
                break;                                                                                \
            SIMD                                                                                      \
            for (int j = 0; j < BLOCK; j++)                                                           \
                y[i + j] = a;                                                                         \
            if (at)                                                                                   \
                SIMD                                                                                  \
                for (int j = 0; j < BLOCK; j++)                                                       \
                    at[i + j] = best;                                                                 \
        }                                                                                             \
        return i;                                                                                     \
    }                                                                                                 \
    CLONES static void row_##T(T *restrict y, const T *restrict was, const T *restrict x, i64 n, bool max) \
    {                                                                                                 \
        if (max)                                                                                      \
            SIMD                                                                                      \
            for (i64 i = 0; i < n; i++)                                                               \
                y[i] = !(x[i] <= was[i]) & (x[i] == x[i]) ? x[i] : was[i];                            \
        else                                                                                          \
            SIMD                                                                                      \
            for (i64 i = 0; i < n; i++)                                                               \
                y[i] = !(x[i] >= was[i]) & (x[i] == x[i]) ? x[i] : was[i];                            \
    }                                                                                                 \
    static void extreme_##T(T *y, double *at, const T *x, struct scan s, bool max)                    \
    {                                                                                                 \
        for (i64 k = 0; !at && s.inner > 1 && k < s.outer * s.len; k++) {      /* a row from the one before */ \
            i64 p = k * s.inner;                                                                      \
            if (k % s.len == 0)                                                                       \
                poll(), memcpy(y + p, x + p, (size_t)s.inner * sizeof(T));                            \
            else                                                                                      \
                row_##T(y + p, y + p - s.inner, x + p, s.inner, max);                                 \
        }                                                                                             \
        for (i64 o = 0; (at || s.inner == 1) && o < s.outer; o++)                                                             \
            for (i64 i = 0; i < s.inner && s.len; i++) {                                              \
                i64 p = o * s.len * s.inner + i, k = 0, best = 0;                                     \
                T a = x[p];                                                                           \
                poll();                                                                               \
                while (k < s.len) {                                                                   \
                    i64 n = s.inner == 1 && !isnan_(a) ? quiet_##T(y + p, at ? at + p : NULL, x + p, s.len - k, a, (double)(best + 1), max) : 0; \
                    k += n, p += n * s.inner;                                                         \
                    for (i64 to = MIN(k + 32, s.len); k < to; k++, p += s.inner) {                    \
                        T b = x[p];                                                                   \
                        if (BEYOND(b, a) || (isnan_(a) && !isnan_(b)))                                \
                            a = b, best = k;                                                          \
                        y[p] = a;                                                                     \
                        if (at)                                                                       \
                            at[p] = (double)(best + 1);                                               \
                    }                                                                                 \
                }                                                                                     \
            }                                                                                         \
    }
#define NEVER(x) ((void)(x), 0)
EXTREME(double, isnan)
EXTREME(float, isnan)
EXTREME(int64_t, NEVER)
EXTREME(uint64_t, NEVER)

static void running_extreme(struct call *c, bool max)
{
    struct tensor *x = arg_dense(c, 0);
    int class = x->dtype == D_CHAR ? D_DOUBLE : x->dtype;
    if (dtype_is(x->dtype, DT_C))
        fail_arg(c, 0, "real");
    int work = x->dtype == D_SINGLE || x->dtype == D_INT64 || x->dtype == D_UINT64 ? x->dtype : D_DOUBLE;
    int d = arg_dim(c, 1, first_long_dim(x));
    struct scan s = scan_of(x, d);
    x = tensor_cast(x, work);
    struct tensor *y = tensor_new(work, x->nd, x->dim), *at = wants(c, 1) ? tensor_new(D_DOUBLE, x->nd, x->dim) : NULL;
    void *to = y->data, *from = x->data, *k = at ? at->data : NULL;
    switch (work) {
    case D_SINGLE: extreme_float(to, k, from, s, max); break;
    case D_INT64: extreme_int64_t(to, k, from, s, max); break;
    case D_UINT64: extreme_uint64_t(to, k, from, s, max); break;
    default: extreme_double(to, k, from, s, max); break;
    }
    result_tensor(c, 0, tensor_cast(y, class));
    if (at)
        result_tensor(c, 1, at);
}

BUILTIN(cummax, 1, 2, 2, grad_form,
  "y = cummax(x)\n"
  "[y, i] = cummax(x, dim)\n\n"
  "Running maximum along dim and where it stands; NaN is skipped.\n\n"
  "Example:\n  cummax([1 3 2 5])\n  ans =\n     1   3   3   5\n\n"
  "See also: max, cummin")
{
    running_extreme(c, true);
}

BUILTIN(cummin, 1, 2, 2, grad_form,
  "y = cummin(x)\n"
  "[y, i] = cummin(x, dim)\n\n"
  "Running minimum along dim and where it stands; NaN is skipped.\n\n"
  "Example:\n  cummin([4 3 5 1])\n  ans =\n     4   3   3   1\n\n"
  "See also: min, cummax")
{
    running_extreme(c, false);
}

BUILTIN(nnz, 1, 1, 1, grad_zero,
  "n = nnz(x)\n\n"
  "How many elements are not zero.\n\n"
  "Example:\n  nnz([1 0 2])\n  ans = 2\n\n"
  "See also: any, find")
{
    struct tensor *x = tensor_dense(arg_tensor(c, 0));
    value flat = tensor_value(tensor_reshape(x, 2, (i64[]){ x->numel, 1 }));
    value set = ew_apply(EW_ne, 2, (value[]){ flat, num(0) });
    result(c, 0, reduce_apply(RED_sum, set, 1));
}

/* ---- variance: op 0 divides by n - 1, 1 by n; or weights along dim */
extern const struct builtin builtin_permute;
struct tensor *joined_dims(struct call *c, struct tensor *x, const struct tensor *dims,
                           int *last) /* the dimensions dims as one, the last of them */
{
    char s[128];
    bool in[MAX_DIMS] = { 0 };
    int nd = x->nd;
    *last = 0;
    for (i64 k = 0; k < dims->numel; k++) {
        double d = ((const double *)dims->data)[k];
        if (!(d >= 1 && d <= MAX_DIMS) || d != floor(d) || in[(int)d - 1])
            fail("Octave:invalid-input-arg", "%s: dimensions must be different positive integers, but there is %g",
                 c->fn->name, d);
        in[(int)d - 1] = true;
        *last = MAX(*last, (int)d);
        nd = MAX(nd, (int)d);
    }
    if (!*last)
        fail("Octave:invalid-input-arg", "%s: the list of dimensions is empty; the argument is %s", c->fn->name,
             tensor_shape(dims, s));
    struct tensor *order = tensor_2d(D_DOUBLE, 1, nd);
    i64 size[MAX_DIMS], at = 0, n = 1;
    for (int pass = 0; pass < 3;
         pass++) /* what stands before the last of them, they themselves, what stands behind it */
        for (int d = 0; d < nd; d++)
            if (pass == 1 ? in[d] : !in[d] && (pass == 0) == (d < *last))
                ((double *)order->data)[at++] = d + 1;
    for (int d = 0; d < nd; d++) {
        i64 k = d < x->nd ? x->dim[d] : 1;
        n *= in[d] ? k : 1;
        size[d] = in[d] ? 1 : k;
    }
    size[*last - 1] = n;
    return tensor_reshape(tensor_dense(tensor_of(call1(&builtin_permute, 2, tensor_value(x), tensor_value(order)))), nd,
                          size);
}

static value variance(struct call *c)
{
    struct tensor *x = arg_float(c, 0);
    struct tensor *w = has_arg(c, 1) ? arg_double(c, 1) : NULL;
    int joined = 0;
    if (has_arg(c, 2) && (arg_is_text(c, 2) || value_numel(c->arg[2]) > 1)) {
        if (w && w->numel > 1)
            fail("Octave:invalid-input-arg", "%s: weights go along one dimension, not along several", c->fn->name);
        if (arg_is_text(c, 2)) {
            arg_option(c, 2, (const char *const[]){ "all", NULL });
            x = tensor_reshape(x, 2, (i64[]){ x->numel, 1 });
            joined = 1;
        } else {
            x = joined_dims(c, x, arg_double(c, 2), &joined);
        }
    }
    int d = joined ? joined : arg_dim(c, 2, x->nd == 2 && x->dim[0] == 0 && x->dim[1] == 0 ? 0 : first_long_dim(x));
    if (!x->numel && !d)
        return num_of(dtype_real(x->dtype), NAN);
    if (!x->numel) {                          /* of nothing NaN, along d one */
        i64 dim[MAX_DIMS];
        int nd = MAX(x->nd, d);
        for (int k = 0; k < nd; k++)
            dim[k] = k == d - 1 || k >= x->nd ? 1 : x->dim[k];
        struct tensor *r = tensor_new(dtype_real(x->dtype), nd, dim);
        for (i64 k = 0; k < r->numel; k++)
            if (r->dtype == D_SINGLE)
                ((float *)r->data)[k] = NAN;
            else
                ((double *)r->data)[k] = NAN;
        return tensor_value(r);
    }
    value v = tensor_value(x);
    i64 n = d <= x->nd ? x->dim[d - 1] : 1;
    if (w && w->numel > 1) {                  /* weights */
        if (w->numel != n)
            fail("Octave:bad-input", "%s: there are %lld weights for %lld elements along dimension %d", c->fn->name,
                 (long long)w->numel, (long long)n, d);
        i64 dim[MAX_DIMS];
        for (int k = 0; k < MAX(d, 2); k++)
            dim[k] = 1;
        dim[d - 1] = n;
        value weight = tensor_value(tensor_reshape(w, MAX(d, 2), dim));
        weight = ew_apply(EW_rdivide, 2, (value[]){ weight, reduce_apply(RED_sum, weight, d) });
        value mean = reduce_apply(RED_sum, ew_apply(EW_times, 2, (value[]){ v, weight }), d);
        value r = ew_apply(EW_abs, 1, (value[]){ ew_apply(EW_minus, 2, (value[]){ v, mean }) });
        r = ew_apply(EW_square, 1, &r);
        return reduce_apply(RED_sum, ew_apply(EW_times, 2, (value[]){ r, weight }), d);
    }
    double opt = w && w->numel ? *(double *)w->data : 0;
    if (opt != 0 && opt != 1 && !(n == 1 && opt > 0))
        fail("Octave:bad-input",
             "%s: the second argument must be 0 (divide by n - 1), 1 (by n) or a vector of weights, but is %g",
             c->fn->name, opt);
    double by = n == 0 ? 0 : n == 1 ? 1 : opt == 1 ? (double)n : (double)(n - 1);
    value r;
    if (dtype_is(x->dtype, DT_C)) {
        r = ew_apply(EW_minus, 2, (value[]){ v, reduce_apply(RED_mean, v, d) });
        r = reduce_apply(RED_sumsq, ew_apply(EW_abs, 1, &r), d);
    } else {
        r = reduce_spread(v, d);
    }
    return ew_apply(EW_rdivide, 2, (value[]){ r, num(by) });
}

BUILTIN(var, 1, 3, 1, NO_GRAD,
  "y = var(x)\n"
  "y = var(x, opt, dim)\n\n"
  "Variance along dim, by default the first dimension that is not 1. It is divided by n - 1, with opt = 1 by n; a "
  "vector opt gives weights. dim may be a vector of several dimensions, or \"all\".\n\n"
  "Example:\n  var([1 2 3 4])\n  ans = 1.6667\n\n"
  "See also: std, mean, cov")
{
    result(c, 0, variance(c));
}

BUILTIN(std, 1, 3, 1, NO_GRAD,
  "y = std(x)\n"
  "y = std(x, opt, dim)\n\n"
  "Standard deviation along dim, the square root of var(x, opt, dim).\n\n"
  "Example:\n  std([1 2 3 4])\n  ans = 1.2910\n\n"
  "See also: var, mean")
{
    value v = variance(c);
    result(c, 0, ew_apply(EW_sqrt, 1, &v));
}

/* ---- single bits */
static int bits_of(int dt)
{
    return dtype_is(dt, DT_I) ? 8 * dtypes[dt].size - dtype_is(dt, DT_S) : dtype_real(dt) == D_SINGLE ? 24 : 53;
}

/* Element i as bits, integers below 0 as two's complements; and back into an element of a new tensor. */
static uint64_t bits_at(const struct tensor *t, i64 i)
{
    return t->dtype == D_UINT64  ? ((uint64_t *)t->data)[i]
           : t->dtype == D_INT64 ? (uint64_t)((i64 *)t->data)[i]
                                 : (uint64_t)(i64)element_double(t, i);
}
static void bits_put(struct tensor *t, i64 i, uint64_t v)
{
    char *to = t->data + i * dtypes[t->dtype].size;
    switch (dtypes[t->dtype].size) {
    case 1: *(uint8_t *)to = (uint8_t)v; return;
    case 2: *(uint16_t *)to = (uint16_t)v; return;
    case 4:
        if (t->dtype == D_SINGLE)
            *(float *)to = (float)v;
        else
            *(uint32_t *)to = (uint32_t)v;
        return;
    default:
        if (t->dtype == D_DOUBLE)
            *(double *)to = (double)v;
        else
            *(uint64_t *)to = v;
    }
}

/* What a function of bits makes of x and the numbers n beside it: of x's class, doubles of truth values and text. */
static struct tensor *bits_result(struct call *c, const struct tensor *x, const struct tensor *n)
{
    if (dtype_is(x->dtype, DT_C))
        fail_arg(c, 0, "real");
    if (x->numel != 1 && n->numel != 1 && !dims_equal(x->nd, x->dim, n->nd, n->dim))
        ew_fail_dims(EW_bitand, c->arg[0], c->arg[1]);
    const struct tensor *like = x->numel == 1 ? n : x;
    return tensor_new(x->dtype == D_LOGICAL || x->dtype == D_CHAR ? D_DOUBLE : x->dtype, like->nd, like->dim);
}

static double shifted_below(i64 x, double by) /* x < 0: a number with a sign, to the right towards zero, as in Octave */
{
    return by >= 64 || by <= -63 ? 0 : by >= 0 ? (double)(i64)((uint64_t)x << (int)by) : (double)(x / ((i64)1 << (int)-by));
}

/* Integers of up to 32 bits by one number between -64 and 64. */
#define SHIFT(DO)                                                          \
    DO(INT8, int8_t, 7) DO(INT16, int16_t, 15) DO(INT32, int32_t, 31)      \
    DO(UINT8, uint8_t, 64) DO(UINT16, uint16_t, 64) DO(UINT32, uint32_t, 64)
#define SHIFT_LOOP(NAME, T, end)                                        \
    CLONES static void shift_##NAME(void *to, const void *from, int by, i64 n) \
    {                                                                   \
        T *restrict y = to;                                             \
        const T *restrict x = from;                                     \
        if (by >= end)                        /* as in Octave, though the sign's bit could be reached */ \
            memset(y, 0, (size_t)n * sizeof *y);                        \
        else if (by >= 0)                                               \
            for (i64 i = 0; i < n; i++)                                 \
                y[i] = by < 32 ? (T)((uint32_t)x[i] << by) : 0;         \
        else                                                            \
            for (i64 i = 0; i < n; i++)                                 \
                y[i] = (T)((i64)x[i] >> -by);                           \
    }
SHIFT(SHIFT_LOOP)
static bool shift_whole(int dt, void *to, const void *from, int by, i64 n)
{
    switch (dt) {
#define SHIFT_CASE(NAME, T, end) case D_##NAME: shift_##NAME(to, from, by, n); return true;
    SHIFT(SHIFT_CASE)
    default: return false;
    }
}

BUILTIN(bitshift, 2, 3, 1, NO_GRAD,
  "y = bitshift(x, n)\n"
  "y = bitshift(x, n, bits)\n\n"
  "x shifted left by n bits (right by -n); what passes the class (53 bits for double), or the given number of bits, is "
  "lost.\n\n"
  "Example:\n  bitshift(1, [1 2 3])\n  ans =\n     2   4   8\n\n"
  "See also: bitand, bitor, pow2")
{
    if (c->nargin == 2 && (c->arg[0].tag | c->arg[1].tag) == 0) {          /* one number from 0 on */
        double e = c->arg[0].num, by = c->arg[1].num;
        if (e >= 0 && e < 0x1p53 && fabs(by) < 64 && by == (int)by) {
            uint64_t v = (uint64_t)e;
            result_num(c, 0, (double)((by >= 0 ? v << (int)by : v >> (int)-by) & (((uint64_t)1 << 53) - 1)));
            return;
        }
    }
    struct tensor *x = tensor_dense(arg_tensor(c, 0)), *n = arg_double(c, 1), *y = bits_result(c, x, n);
    bool below = dtype_is(x->dtype, DT_I) && dtype_is(x->dtype, DT_S);
    int bits = has_arg(c, 2) ? (int)arg_int(c, 2, 0, 64) : below ? 64 : bits_of(x->dtype);
    uint64_t mask = bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
    double all = n->numel == 1 ? *(double *)n->data : NAN;
    if (x->dtype == D_DOUBLE && y->dtype == D_DOUBLE && fabs(all) < 64) {      /* doubles by one number */
        int left = all >= 0 ? (int)all : 0, right = all < 0 ? (int)-all : 0;
        for (i64 i = 0; i < y->numel; i++) {
            double e = ((double *)x->data)[i];
            ((double *)y->data)[i] =
                e < 0 ? shifted_below((i64)e, all) : (double)(((uint64_t)(i64)e << left) >> right & mask);
        }
        result_tensor(c, 0, y);
        return;
    }
    if (c->nargin == 2 && fabs(all) < 64 && all == trunc(all) && y->dtype == x->dtype &&
        shift_whole(x->dtype, y->data, x->data, (int)all, y->numel)) {
        result_tensor(c, 0, y);
        return;
    }
    for (i64 i = 0; i < y->numel; i++) {
        double by = ((double *)n->data)[n->numel == 1 ? 0 : i];
        uint64_t v = bits_at(x, x->numel == 1 ? 0 : i);
        if (!dtype_is(x->dtype, DT_I) && (i64)v < 0) {        /* a double below 0 is shifted as a number with a sign */
            if (y->dtype == D_DOUBLE)
                ((double *)y->data)[i] = shifted_below((i64)v, by);
            else
                ((float *)y->data)[i] = (float)shifted_below((i64)v, by);
            continue;
        }
        if (below && by >= 8 * dtypes[x->dtype].size - 1)
            v = 0;                            /* as in Octave, though the sign's bit could be reached */
        else if (by >= 0)
            v = by >= 64 ? 0 : v << (int)by;
        else
            v = below && (i64)v < 0 ? ~(by <= -64 ? 0 : ~v >> (int)-by) : by <= -64 ? 0 : v >> (int)-by;
        bits_put(y, i, v & mask);
    }
    result_tensor(c, 0, y);
}

BUILTIN(bitcmp, 1, 2, 1, NO_GRAD,
  "y = bitcmp(x)\n"
  "y = bitcmp(x, k)\n\n"
  "The bits of x turned over: all of its class, 53 for double, or the lowest k; those above are 0 then.\n\n"
  "Example:\n  bitcmp(uint8(5))\n  ans = 250\n\n"
  "See also: bitxor, bitset")
{
    struct tensor *x = tensor_dense(arg_tensor(c, 0)), *y = bits_result(c, x, x);
    int all = 8 * dtypes[x->dtype].size * dtype_is(x->dtype, DT_I), k = all ? all : bits_of(x->dtype);
    if (has_arg(c, 1))
        k = (int)arg_int(c, 1, 0, k);
    uint64_t mask = k >= 64 ? UINT64_MAX : ((uint64_t)1 << k) - 1;
    for (i64 i = 0; i < y->numel; i++)
        bits_put(y, i, k == all ? ~bits_at(x, i) : ~bits_at(x, i) & mask);
    result_tensor(c, 0, y);
}

/* The positions of bits in argument 1: those that the class of x has. */
static struct tensor *bit_positions(struct call *c, const struct tensor *x, int most)
{
    struct tensor *n = arg_double(c, 1);
    if (x->dtype == D_CHAR)
        fail_arg(c, 0, "numbers");
    for (i64 i = 0; i < n->numel; i++) {
        double v = ((double *)n->data)[i];
        if (!(v >= 1 && v <= most && v == trunc(v)))
            fail("Octave:invalid-input-arg", "%s: the bits of %s have the numbers 1 to %d, but %g is asked for", c->fn->name,
                dtypes[x->dtype].class, most, v);
    }
    return n;
}

BUILTIN(bitget, 2, 2, 1, NO_GRAD,
  "b = bitget(x, n)\n\n"
  "Whether bit n of x is set; the lowest is 1.\n\n"
  "Example:\n  bitget(5, [1 2 3])\n  ans =\n    1  0  1\n\n"
  "See also: bitset, bitand")
{
    struct tensor *x = tensor_dense(arg_tensor(c, 0));
    struct tensor *n = bit_positions(c, x, dtype_is(x->dtype, DT_I) ? 8 * dtypes[x->dtype].size : bits_of(x->dtype)),
                  *y = bits_result(c, x, n);
    y = tensor_new(D_LOGICAL, y->nd, y->dim);
    for (i64 i = 0; i < y->numel; i++)
        ((uint8_t *)y->data)[i] =
            bits_at(x, x->numel == 1 ? 0 : i) >> ((int)((double *)n->data)[n->numel == 1 ? 0 : i] - 1) & 1;
    result_tensor(c, 0, y);
}

BUILTIN(bitset, 2, 3, 1, NO_GRAD,
  "y = bitset(x, n)\n"
  "y = bitset(x, n, b)\n\n"
  "x with bit n set, or where b is 0 cleared; the lowest bit is 1.\n\n"
  "Example:\n  bitset(0, 3)\n  ans = 4\n\n"
  "See also: bitget, bitor")
{
    struct tensor *x = tensor_dense(arg_tensor(c, 0)), *n = bit_positions(c, x, bits_of(x->dtype)), *y = bits_result(c, x, n);
    struct tensor *b = has_arg(c, 2) ? arg_double(c, 2) : tensor_of(num(1));
    if (b->numel != 1 && y->numel == 1)
        y = tensor_new(y->dtype, b->nd, b->dim);
    if (b->numel != 1 && !dims_equal(b->nd, b->dim, y->nd, y->dim))
        fail_arg(c, 2, "one value, or as many as the result has");
    for (i64 i = 0; i < x->numel; i++)
        if (x->dtype != D_LOGICAL && element_double(x, i) < 0 && !dtype_is(x->dtype, DT_I))
            fail_arg(c, 0, "numbers from 0 on");
    for (i64 i = 0; i < y->numel; i++) {
        uint64_t v = bits_at(x, x->numel == 1 ? 0 : i),
                 bit = (uint64_t)1 << ((int)((double *)n->data)[n->numel == 1 ? 0 : i] - 1);
        bits_put(y, i, ((double *)b->data)[b->numel == 1 ? 0 : i] != 0 ? v | bit : v & ~bit);
    }
    result_tensor(c, 0, y);
}

BUILTIN(nextpow2, 1, 1, 1, grad_zero,
  "n = nextpow2(x)\n\n"
  "The smallest integer n with 2^n >= abs(x).\n\n"
  "Example:\n  nextpow2(100)\n  ans = 7\n\n"
  "See also: pow2, log2")
{
    struct tensor *x = arg_double(c, 0), *y = tensor_new(D_DOUBLE, x->nd, x->dim);
    for (i64 i = 0; i < x->numel; i++) {
        int e;
        double f = frexp(fabs(((double *)x->data)[i]), &e);
        ((double *)y->data)[i] = f == 0 ? 0 : !isfinite(f) ? f : e - (f == 0.5);
    }
    result_tensor(c, 0, y);
}
