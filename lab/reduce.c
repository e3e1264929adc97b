/* SPDX-License-Identifier: BSD-3-Clause */
/* reduce.c: sum, prod, max, min, any, all, mean, sumsq along a dimension; the classes and sizes of their results.
 *
 * A reducer is the root of a plan, so its operand is never laid out; here stands what happens around ew_reduce: which
 * dimension, which class, what an empty operand gives.  Complex numbers are two real reductions over the same memory;
 * max, min and prod of 64-bit integers and the extremes of complex numbers go element by element. */
#include "config.h"
#include "lab/ew.h"
#include "clones.h"
#include "gpu.h"
#include "sparse.h"
#include <math.h>
#include <stdlib.h>

const struct reduce_row reduce_rows[RED_OPS] = {
#define TAKE_COUNT TAKES
#define RED(name, map, take, after, da, help) [RED_##name] = { #name, help, map, TAKE_##take, AFTER_##after },
#include "reduce.def"
};

static bool extreme(int op) { return op == RED_max || op == RED_min; }

int reduce_dim(int op, value v)
{
    char s[160];
    v = gpu_read_value(v, "a dimension");
    if (v.kind != K_NUM || v.dtype == D_INT64 || v.dtype == D_UINT64)
        fail("Octave:index-out-of-bounds", "%s: dim must be a positive integer, but is a %s", reduce_rows[op].name,
             value_describe(v, s));
    if (!(v.num >= 1 && v.num == floor(v.num) && v.num < 1 << 30))
        fail("Octave:index-out-of-bounds", "%s: dim must be a positive integer, but is %g", reduce_rows[op].name, v.num);
    return (int)v.num;
}

/* Sizes of the result and how the elements lie: outer x len x inner.  False: the result is the (empty) operand's size. */
bool reduce_along(int op, int nd, const i64 *dim, int d, struct along *a)
{
    bool nothing = nd == 2 && dim[0] == 0 && dim[1] == 0, given = d != 0;
    memcpy(a->dim, dim, sizeof *dim * (size_t)nd);
    a->nd = nd;
    if (nothing && !extreme(op) && d != 1 && d) {        /* what is 0x0 counts as 0x1 */
        *a = (struct along){ .nd = 2, .dim = { 0, 1 }, .inner = 0, .len = 1, .outer = 1 };
        return true;
    }
    if (nothing && !extreme(op)) {
        *a = (struct along){ .nd = 2, .dim = { 1, 1 }, .inner = 1, .len = 0, .outer = 1 };
        return true;
    }
    if (!d)
        for (d = 1; d < nd && dim[d - 1] == 1; d++)
            ;
    for (int k = d; op == RED_mean && !given && d <= nd && dim[d - 1] == 0 && k < nd;
         k++) /* of a 0 x n array mean takes the n, as in Octave */
        if (dim[k] > 1)
            d = k + 1;
    a->inner = a->outer = a->len = 1;
    for (int k = 0; k < nd; k++)
        *(k < d - 1 ? &a->inner : k == d - 1 ? &a->len : &a->outer) *= dim[k];
    if (extreme(op) && a->len == 0)
        return false;
    if (d <= nd)
        a->dim[d - 1] = 1;
    a->nd = dims_trim(nd, a->dim);
    return true;
}

int reduce_class(int op, int dt)
{
    if (extreme(op))
        return dt == D_CHAR ? D_DOUBLE : dt;
    if (reduce_rows[op].after == AFTER_ANY || reduce_rows[op].after == AFTER_ALL)
        return D_LOGICAL;
    return dtype_real(dt) == D_SINGLE ? (dt == D_CSINGLE ? D_CSINGLE : D_SINGLE) : dt == D_CDOUBLE ? D_CDOUBLE : D_DOUBLE;
}

static void after_row(int after, int type, void *x, i64 n, i64 len)
{
    for (i64 i = 0; i < n; i++)
        if (type == T_D) {
            double *v = (double *)x + i;
            *v = after == AFTER_MEAN ? *v / (double)len : after == AFTER_ANY ? *v > 0 : *v == (double)len;
        } else if (after == AFTER_MEAN) {
            ((float *)x)[i] /= (float)len;
        }
}

static value owned(struct tensor *t)          /* pooled t as an owned value */
{
    return copy(tensor_value(t));
}

value ew_reduced(struct plan *p, struct ew_prog *g, struct ew_job *j, const value *reg, int nd, const i64 *dim, int d,
                 int *bad)
{
    char cells[EW_CELLS * 64] __attribute__((aligned(64)));
    int op = g->red - 1, type = g->root_type == T_F ? T_F : T_D, class = reduce_class(op, g->root_dtype);
    struct along a;
    if (!reduce_along(op, nd, dim, d, &a))
        return owned(tensor_new(class, a.nd, a.dim));
    if (unlikely(*bad = ew_cells(p, g, reg, cells)))
        return nil();
    j->p = g;
    j->cells = cells;
    j->tail = false;
    j->inner = a.inner;
    j->len = a.len;
    j->outer = a.outer;
    i64 n = a.inner * a.outer;
    char one[64] __attribute__((aligned(64)));
    struct tensor *t = n == 1 ? NULL : tensor_new(type == T_F ? D_SINGLE : D_DOUBLE, a.nd, a.dim);
    j->out = t ? t->data : one;
    poll();
    if (unlikely(*bad = ew_reduce(j))) {
        ew_stop(*bad);
        return nil();
    }
    int after = reduce_rows[op].after;
    if (after)
        after_row(after, type, j->out, n, a.len);
    if (!t)
        return num_of(class, type == T_F ? *(float *)one : *(double *)one);
    if (class != t->dtype)
        t = tensor_cast(t, class);
    return owned(t);
}

/* ---- complex numbers: two real reductions */
static struct tensor *half(const struct tensor *t, int part)
{
    if (t->flags & T_DENSE && t->numel >= 64) {           /* laid out once: a block at a time costs three times that */
        struct tensor *r = tensor_new(dtype_real(t->dtype), t->nd, t->dim);
        ew_simd->second[r->dtype == D_SINGLE](r->data, t->data + part * dtypes[r->dtype].size, NULL, t->numel);
        return r;
    }
    struct tensor *v = scratch(sizeof *v + 2 * sizeof(i64) * MAX_DIMS);
    *v = *t;
    v->h = (struct object){ 2, 0 };
    v->mark = NULL;
    v->dtype = (uint8_t)dtype_real(t->dtype);
    v->data = t->data + part * dtypes[v->dtype].size;
    v->dim = (i64 *)(v + 1);
    v->stride = v->dim + MAX_DIMS;
    v->flags = 0;
    for (int d = 0; d < t->nd; d++) {
        v->dim[d] = t->dim[d];
        v->stride[d] = 2 * t->stride[d];
    }
    return v;
}

static value zip(value re, value im)          /* pooled */
{
    return ew_apply(EW_complex, 2, (value[]){ re, im });
}

/* ---- element by element: what needs a comparison of its own */
static int compare_elements(const struct tensor *t, const void *a, const void *b)      /* <0, 0, >0 */
{
    switch (t->dtype) {
    case D_INT64: return (*(const i64 *)a > *(const i64 *)b) - (*(const i64 *)a < *(const i64 *)b);
    case D_UINT64: return (*(const uint64_t *)a > *(const uint64_t *)b) - (*(const uint64_t *)a < *(const uint64_t *)b);
    }
    double ar, ai, br, bi;
    if (t->dtype == D_CDOUBLE)
        ar = ((const double *)a)[0], ai = ((const double *)a)[1], br = ((const double *)b)[0], bi = ((const double *)b)[1];
    else
        ar = ((const float *)a)[0], ai = ((const float *)a)[1], br = ((const float *)b)[0], bi = ((const float *)b)[1];
    double x = hypot(ar, ai), y = hypot(br, bi);
    if (x == y)                               /* of one size: by the angle, from just above -pi to pi */
        x = atan2(ai + 0.0, ar), y = atan2(bi + 0.0, br);
    return (x > y) - (x < y);
}
static bool is_nan_element(const struct tensor *t, const void *a)
{
    switch (t->dtype) {
    case D_DOUBLE: return isnan(*(const double *)a);
    case D_SINGLE: return isnan(*(const float *)a);
    case D_CDOUBLE: return isnan(((const double *)a)[0]) || isnan(((const double *)a)[1]);
    case D_CSINGLE: return isnan(((const float *)a)[0]) || isnan(((const float *)a)[1]);
    }
    return false;
}

/* Where the extreme is: for real classes through a typed loop, NaN skipped; the first of equals. */
#define BEST(v, a) ((max ? (v) > (a) : (v) < (a)) ? (v) : (a))
#define FIND(T, isnan_)                                                                   \
    static inline __attribute__((always_inline)) T most_##T(const T *x, i64 n, T a, bool max)  /* a: no NaN */ \
    {                                                                                     \
        enum { LANES = 64 / sizeof(T) };                                                  \
        T m[LANES];                                                                       \
        i64 i = 0;                                                                        \
        for (int k = 0; k < LANES; k++)                                                   \
            m[k] = a;                                                                     \
        for (; i + LANES <= n; i += LANES) {                                              \
            SIMD                                                                          \
            for (int k = 0; k < LANES; k++)                                               \
                m[k] = BEST(x[i + k], m[k]);                                              \
        }                                                                                 \
        for (; i < n; i++)                                                                \
            m[0] = BEST(x[i], m[0]);                                                      \
        for (int k = 0; k < LANES; k++)                                                   \
            a = BEST(m[k], a);                                                            \
        return a;                                                                         \
    }                                                                                     \
    CLONES static i64 find_##T(const T *x, i64 n, i64 step, bool max)                     \
    {                                                                                     \
        i64 k = 0;                                                                        \
        while (k < n - 1 && isnan_(x[k * step]))                                          \
            k++;                                                                          \
        T best = x[k * step];                                                             \
        if (isnan_(best))                                                                 \
            return 0;                                                                     \
        if (step == 1 && n - k >= 32) {       /* what it is, in vectors; then where it first stands */ \
            best = max ? most_##T(x + k, n - k, best, true) : most_##T(x + k, n - k, best, false); \
            for (int any = 0; k + 32 <= n; k += 32) {                                     \
                SIMD                                                                      \
                for (int j = 0; j < 32; j++)                                              \
                    any |= x[k + j] == best;                                              \
                if (any)                                                                  \
                    break;                                                                \
            }                                                                             \
            while (x[k] != best)                                                          \
                k++;                                                                      \
            return k;                                                                     \
        }                                                                                 \
        for (i64 i = k + 1; i < n; i++) {                                                 \
            T v = x[i * step];                                                            \
            if (max ? v > best : v < best)                                                \
                best = v, k = i;                                                          \
        }                                                                                 \
        return k;                                                                         \
    }
#define NEVER(x) ((void)(x), 0)
FIND(double, isnan)
FIND(float, isnan)
FIND(int8_t, NEVER)
FIND(int16_t, NEVER)
FIND(int32_t, NEVER)
FIND(int64_t, NEVER)
FIND(uint8_t, NEVER)
FIND(uint16_t, NEVER)
FIND(uint32_t, NEVER)
FIND(uint64_t, NEVER)

/* The same of n neighbours at once: a row of the len, each `n` elements on, after the other.  k counts from 1. */
#define ROW(T, keeps)                          /* b is new where it is a number that a, or NaN, does not keep out */ \
    SIMD                                                                                  \
    for (i64 i = 0; i < n; i++) {                                                         \
        T a = m[i], b = v[i];                                                             \
        double was = k[i];                                                                \
        m[i] = !(b keeps a) & (b == b) ? b : a;                                           \
        k[i] = !(b keeps a) & (b == b) ? at : was;                                        \
    }
#define ROWS(T)                                                                           \
    CLONES static void rows_##T(T *restrict m, double *restrict k, const T *restrict x, i64 n, i64 len, bool max) \
    {                                                                                     \
        for (i64 j = 1; j < len; j++) {                                                   \
            const T *restrict v = x + j * n;                                              \
            double at = (double)(j + 1);                                                  \
            if (max)                                                                      \
                ROW(T, <=)                                                                \
            else                                                                          \
                ROW(T, >=)                                                                \
        }                                                                                 \
    }
ROWS(double)
ROWS(float)

static i64 find_extreme(const struct tensor *t, i64 at, i64 n, i64 step, bool max)
{
    const char *x = t->data + at * dtypes[t->dtype].size;
    switch (t->dtype) {
    case D_DOUBLE: return find_double((const void *)x, n, step, max);
    case D_SINGLE: return find_float((const void *)x, n, step, max);
    case D_INT8: return find_int8_t((const void *)x, n, step, max);
    case D_INT16: return find_int16_t((const void *)x, n, step, max);
    case D_INT32: return find_int32_t((const void *)x, n, step, max);
    case D_INT64: return find_int64_t((const void *)x, n, step, max);
    case D_UINT16: return find_uint16_t((const void *)x, n, step, max);
    case D_UINT32: return find_uint32_t((const void *)x, n, step, max);
    case D_UINT64: return find_uint64_t((const void *)x, n, step, max);
    case D_UINT8: case D_LOGICAL: case D_CHAR: return find_uint8_t((const void *)x, n, step, max);
    }
    int size = dtypes[t->dtype].size;
    i64 k = -1;
    for (i64 i = 0; i < n; i++) {
        const char *v = x + i * step * size;
        if (is_nan_element(t, v))
            continue;
        if (k < 0 ||
            (max ? compare_elements(t, v, x + k * step * size) > 0 : compare_elements(t, v, x + k * step * size) < 0))
            k = i;
    }
    return MAX(k, 0);
}

/* [m, i] = max(x, [], d): both results pooled; index may be NULL. */
static value extremes(int op, struct tensor *t, int d, value *index)
{
    struct along a;
    t = tensor_dense(t);
    bool some = reduce_along(op, t->nd, t->dim, d, &a);
    int class = reduce_class(op, t->dtype), size = dtypes[t->dtype].size;
    struct tensor *m = tensor_new(t->dtype, a.nd, a.dim), *k = index ? tensor_new(D_DOUBLE, a.nd, a.dim) : NULL;
    for (i64 o = 0; some && o < a.outer; o++) {
        if (k && a.inner > 1 && (t->dtype == D_DOUBLE || t->dtype == D_SINGLE)) {
            double *at = (double *)k->data + o * a.inner;
            memcpy(m->data + o * a.inner * size, t->data + o * a.len * a.inner * size, (size_t)(a.inner * size));
            for (i64 i = 0; i < a.inner; i++)
                at[i] = 1;
            if (t->dtype == D_DOUBLE)
                rows_double((double *)m->data + o * a.inner, at, (double *)t->data + o * a.len * a.inner, a.inner,
                            a.len, op == RED_max);
            else
                rows_float((float *)m->data + o * a.inner, at, (float *)t->data + o * a.len * a.inner, a.inner, a.len,
                           op == RED_max);
            poll();
            continue;
        }
        for (i64 i = 0; i < a.inner; i++) {
            i64 at = o * a.len * a.inner + i, to = o * a.inner + i, best = find_extreme(t, at, a.len, a.inner, op == RED_max);
            memcpy(m->data + to * size, t->data + (at + best * a.inner) * size, (size_t)size);
            if (k)
                ((double *)k->data)[to] = (double)(best + 1);
            poll();
        }
    }
    if (index)
        *index = tensor_value(k);
    m = class == m->dtype ? m : tensor_cast(m, class);
    return tensor_value(dtype_is(m->dtype, DT_C) ? tensor_narrow(m) : m);
}

static value product(struct tensor *t, int d)              /* of complex numbers and 64-bit integers */
{
    struct along a;
    t = tensor_dense(t);
    reduce_along(RED_prod, t->nd, t->dim, d, &a);
    bool complex = dtype_is(t->dtype, DT_C);
    struct tensor *x = tensor_cast(t, complex ? D_CDOUBLE : D_DOUBLE), *r = tensor_new(x->dtype, a.nd, a.dim);
    for (i64 o = 0; o < a.outer; o++)
        for (i64 i = 0; i < a.inner; i++) {
            i64 at = o * a.len * a.inner + i, to = o * a.inner + i;
            if (complex) {
                double _Complex v = 1;
                for (i64 k = 0; k < a.len; k++)
                    v *= ((double _Complex *)x->data)[at + k * a.inner];
                ((double _Complex *)r->data)[to] = v;
            } else {
                double v = 1;
                for (i64 k = 0; k < a.len; k++)
                    v *= ((double *)x->data)[at + k * a.inner];
                ((double *)r->data)[to] = v;
            }
            poll();
        }
    r = tensor_cast(r, reduce_class(RED_prod, t->dtype));
    return tensor_value(complex ? tensor_narrow(r) : r);
}

value reduce_apply(int op, value x, int dim)
{
    char s[160];
    value taped;
    if (unlikely(RECORDING && RECORDING->reduce(op, &x, dim, &taped)))
        return taped;
    if (x.kind == K_SPARSE)
        return sparse_reduce(op, x, dim);
    if (!is_tensor_like(x))
        fail("Octave:undefined-function", "%s: not defined for a %s%s", reduce_rows[op].name, value_describe(x, s),
             x.kind == K_CELL ? "\nhint: [c{:}] joins the contents of a cell" : "");
    int dt = value_dtype(x);
    if (unlikely(value_device(x))) {          /* the same ways, in steps that the device has */
        if (extreme(op) && (dt == D_INT64 || dt == D_UINT64 || dtype_is(dt, DT_C)))
            return gpu_extreme(op == RED_max, tensor_any(x), dim, NULL);
        if (dtype_is(dt, DT_C) && op != RED_any && op != RED_all && op != RED_prod) {
            value re = reduce_apply(op, ew_apply(EW_real, 1, &x), dim), im = reduce_apply(op, ew_apply(EW_imag, 1, &x), dim);
            return ew_apply(reduce_rows[op].take == TAKE_SUMSQ ? EW_plus : EW_complex, 2, (value[]){ re, im });
        }
        if (dt == D_INT64 || dt == D_UINT64)
            x = tensor_box(gpu_clone(tensor_any(x), D_DOUBLE));
        if (op == RED_prod && (dtype_is(dt, DT_C) || dt == D_INT64 || dt == D_UINT64)) {
            struct tensor *t = tensor_any(x);
            value y = keep(gpu_plan(ew_reducer(op, dim > 0), (value[]){ x, num(dim) }, t->nd, t->dim));
            int class = reduce_class(op, dt);
            return class == value_dtype(y) ? y : tensor_box(gpu_clone(tensor_any(y), class));
        }
    }
    if (extreme(op) && (dt == D_INT64 || dt == D_UINT64 || dtype_is(dt, DT_C)))
        return extremes(op, tensor_of(x), dim, NULL);
    if (op == RED_prod && (dt == D_INT64 || dt == D_UINT64 || dtype_is(dt, DT_C)))
        return product(tensor_of(x), dim);
    if (dtype_is(dt, DT_C)) {
        if (op == RED_any || op == RED_all)
            return reduce_apply(
                op, ew_apply(op == RED_any ? EW_nonzero : EW_ne, op == RED_any ? 1 : 2, (value[]){ x, num(0) }), dim);
        struct tensor *t = tensor_of(x);
        value re = reduce_apply(op, tensor_box(half(t, 0)), dim), im = reduce_apply(op, tensor_box(half(t, 1)), dim);
        if (reduce_rows[op].take == TAKE_SUMSQ)
            return ew_apply(EW_plus, 2, (value[]){ re, im });
        value z = zip(re, im);
        return tensor_value(tensor_narrow(tensor_of(z)));
    }
    if ((dt == D_INT64 || dt == D_UINT64) && !value_device(x))       /* added in double, as the other integers are */
        x = tensor_value(tensor_cast(tensor_of(x), D_DOUBLE));
    value reg[2] = { x, num(dim) };
    return keep(plan_run(ew_reducer(op, dim > 0), reg));
}

value reduce_spread(value x, int dim)
{
    struct tensor *t = tensor_any(x);
    struct along a;
    if (!RECORDING && !t->device && (t->dtype == D_DOUBLE || t->dtype == D_SINGLE) && t->flags & T_DENSE &&
        !(t->block && t->block->foreign) && reduce_along(RED_sumsq, t->nd, t->dim, dim, &a) && a.inner > 1 &&
        a.len > 1) {
        struct tensor *r = tensor_new(t->dtype, a.nd, a.dim);
        struct spread s = { .j = { .n = t->numel, .out = r->data, .inner = a.inner, .len = a.len, .outer = a.outer },
                            .type = t->dtype == D_DOUBLE ? T_D : T_F };
        s.j.leaf[0].base = t->data;
        int bad = ew_spread(&s);
        if (bad)
            ew_stop(bad);
        return tensor_value(r);
    }
    value mean = reduce_apply(RED_mean, x, dim), reg[3] = { x, mean, num(dim) };
    return keep(plan_run(ew_deviation(), reg));
}

int reduce_find(sym name, int nargin)
{
    if (nargin == 1 || nargin == 2)
        for (int i = 0; i < RED_OPS; i++)
            if (!strcmp(name->text, reduce_rows[i].name) && !(extreme(i) && nargin == 2))
                return i;
    return -1;
}

/* ---- the builtins of the table.  Options stand behind: "native", "double", "omitnan", "includenan", "all". */
static void run_reducer(struct call *c, int op)
{
    bool native = false, wide = false, omit = false, all = false;
    int kind = 0;                             /* of mean: 7 geometric, 8 harmonic */
    value x = c->arg[0], d = nil();
    for (int i = 1; i < c->nargin; i++) {
        static const char *const options[] = { "native", "double", "extra", "omitnan", "includenan", "all", "default", NULL };
        static const char *const means[] = { "native", "double", "default", "omitnan", "includenan",
                                             "all",    "a",      "g",       "h",       NULL };
        if (arg_is_text(c, i)) {
            int what = arg_option(c, i, op == RED_mean ? means : options);
            if (what >= 7)
                kind = what;
            switch (what) {
            case 0: native = true; break;
            case 1: wide = true; break;
            case 3: omit = true; break;
            case 5: all = true; break;
            }
        } else if (i == 1) {
            d = c->arg[i];
        } else {
            fail_arg(c, i, "an option");
        }
    }
    if (d.kind == K_TENSOR && d.t->numel == 0)
        d = nil();
    int dim = is_nil(d) ? 0 : reduce_dim(op, gpu_read_value(d, "a dimension"));
    if (kind) {
        x = sparse_full_value(x);
        x = kind == 7 ? ew_apply(EW_log, 1, &x) : ew_apply(EW_rdivide, 2, (value[]){ num(1), x });
    }
    if (x.kind == K_SPARSE && !omit && !native) {
        const struct sparse *s = sparse_see(x);
        if (all && s->m && s->n)
            x = sparse_reshape(sparse_see(x), s->m * s->n, 1);
        result(c, 0, reduce_apply(op, x, all ? 1 : dim));
        return;
    }
    x = sparse_full_value(x);
    if (!is_tensor_like(x))
        fail_arg(c, 0, "numeric, logical or text");
    int dt = value_dtype(x);
    if (all) {
        struct tensor *t = tensor_dense(tensor_any(x));
        x = tensor_box(tensor_reshape(t, 2, (i64[]){ t->numel, 1 }));
        dim = 1;
    }
    value y;
    if (omit && dtype_is(dt, DT_F)) {         /* NaN as what changes nothing; the mean divides by those that count */
        value nan = ew_apply(EW_isnan, 1, &x), zero = ew_apply(EW_times, 2, (value[]){ nan, num(0) });
        (void)zero;
        struct tensor *t = tensor_clone(tensor_of(x)), *m = tensor_dense(tensor_of(nan));
        struct tensor *fill = tensor_cast(tensor_of(num(op == RED_prod)), t->dtype);
        for (i64 i = 0; i < t->numel; i++)
            if (m->data[i])
                memcpy(t->data + i * dtypes[dt].size, fill->data, dtypes[dt].size);
        x = tensor_box(t);
        if (op == RED_mean) {
            value n = reduce_apply(RED_sum, ew_apply(EW_not, 1, &nan), dim), s = reduce_apply(RED_sum, x, dim);
            result(c, 0, ew_apply(EW_rdivide, 2, (value[]){ s, n }));
            return;
        }
    }
    y = reduce_apply(op, x, dim);
    if (kind)
        y = kind == 7 ? ew_apply(EW_exp, 1, &y) : ew_apply(EW_rdivide, 2, (value[]){ num(1), y });
    if (native && (dtype_is(dt, DT_I) || (dt == D_LOGICAL && op != RED_mean))) {
        struct tensor *t = tensor_any(y);
        y = tensor_value(tensor_cast(t, dt));
    }
    if (wide && dtype_real(value_dtype(y)) == D_SINGLE)
        y = tensor_value(tensor_cast(tensor_any(y), value_dtype(y) == D_SINGLE ? D_DOUBLE : D_CDOUBLE));
    result(c, 0, y);
}

/* max and min: of one argument, or elementwise of two */
static void run_extreme(struct call *c, int op, int row)
{
    if (c->nargin == 2 || (c->nargin > 2 && !(c->arg[1].kind == K_TENSOR && c->arg[1].t->numel == 0))) {
        if (c->nargin > 2)
            warn("tl:dim-of-two-arguments", "%s: dim goes unheeded with two arguments; of one it is %s(x, [], dim)",
                 reduce_rows[op].name, reduce_rows[op].name);
        if (c->nargout > 1)
            fail("Octave:invalid-fun-call", "%s: two arguments give one result; %s(x, [], dim) gives two", reduce_rows[op].name,
                 reduce_rows[op].name);
        result(c, 0, ew_apply(row, 2, c->arg));
        return;
    }
    if (!is_tensor_like(c->arg[0]) && c->arg[0].kind != K_SPARSE)
        fail_arg(c, 0, "numeric, logical or text");
    int dim = c->nargin > 2 ? reduce_dim(op, c->arg[2]) : 0;
    if (c->nargout > 1) {
        value index, m = value_device(c->arg[0]) ? gpu_extreme(op == RED_max, tensor_any(c->arg[0]), dim, &index)
                                                 : extremes(op, tensor_of(c->arg[0]), dim, &index);
        result(c, 0, RECORDING ? reduce_apply(op, c->arg[0], dim) : m);       /* the tape knows the one without index */
        result(c, 1, index);
        return;
    }
    result(c, 0, reduce_apply(op, c->arg[0], dim));
}

#define RED(name, map, take, after, da, help)                                             \
    static void name##_run(struct call *c)                                                \
    {                                                                                     \
        if (extreme(RED_##name))                                                          \
            run_extreme(c, RED_##name, RED_##name == RED_max ? EW_max : EW_min);          \
        else                                                                              \
            run_reducer(c, RED_##name);                                                   \
    }
#include "reduce.def"

const struct builtin reduce_builtins[] = {
#define RED(name, map, take, after, da, help) { #name, 1, 4, TAKE_##take == TAKE_MAX || TAKE_##take == TAKE_MIN ? 2 : 1, name##_run, grad_pass, help },
#include "reduce.def"
};
const int reduce_builtin_count = COUNT(reduce_builtins);
