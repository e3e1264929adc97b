/* SPDX-License-Identifier: BSD-3-Clause */
/* resample.c: arrays read between their elements: along one dimension with given weights, and in two at given places.
 *
 * The one idea: both are linear in x, a few taps (index, weight) for each element of the result, so that the derivative
 * is the same loop run the other way round, which adds where reading read.  An array is seen as inner x n (x m) x
 * outer, and a tap is used for the whole of inner at once: for C x H x W pictures these are the colours. */
#include "tape.h"
#include "tensor.h"

#include <math.h>

/* ---- along one dimension */
#define ALONG(T) \
    static void along_##T(const T *x, T *y, i64 inner, i64 m, i64 taps, const i64 *at, const double *weight, bool back) \
    { \
        for (i64 i = 0; i < m; i++) \
            for (i64 k = 0; k < taps; k++) { \
                double w = weight[i * taps + k]; \
                i64 a = at[i * taps + k]; \
                const T *from = back ? x + i * inner : x + a * inner; \
                T *to = back ? y + a * inner : y + i * inner; \
                for (i64 q = 0; q < inner; q++) \
                    to[q] += (T)(w * from[q]); \
            } \
    } \
    static void along_first_##T(const T *x, T *y, i64 m, i64 taps, const i64 *at, const double *weight) \
    { \
        for (i64 i = 0; i < m; i++) { \
            double s = 0; \
            for (i64 k = 0; k < taps; k++) \
                s += weight[i * taps + k] * x[at[i * taps + k]]; \
            y[i] = (T)s; \
        } \
    }
ALONG(double)
ALONG(float)

static builtin_grad resample_along_grad;
BUILTIN(resample_along, 4, 5, 1, resample_along_grad,
  "y = resample_along(x, dim, index, weight)\n"
  "z = resample_along(y, dim, index, weight, n)\n\n"
  "Sums of elements of x along dim: y(..., i, ...) is the sum over k of weight(k, i) * x(..., index(k, i), ...). "
  "index and weight are K x m, and y has m elements along dim. With n the adjoint: z has n elements along dim, "
  "and weight(k, i) * y(..., i, ...) is added to z(..., index(k, i), ...). x is double or single. This is how "
  "pictures are made larger and smaller.\n\n"
  "Example:\n  resample_along([10 20 40], 2, [1 1 2; 1 2 3], [1 0.5 0.5; 0 0.5 0.5])\n  ans =\n     10   15   30\n\n"
  "See also: imresize, image.scale, interp1")
{
    struct tensor *x = arg_float(c, 0), *at = arg_double(c, 2), *weight = arg_double(c, 3);
    int dim = arg_dim(c, 1, 1) - 1;
    if (dtype_is(x->dtype, DT_C))
        fail_arg(c, 0, "real");
    i64 taps = at->dim[0], m = at->dim[1], out[MAX_DIMS], inner = 1, outer = 1;
    int nd = MAX(x->nd, dim + 1);
    if (at->nd != 2 || weight->nd != 2 || weight->dim[0] != taps || weight->dim[1] != m) {
        char a[128], b[128];
        fail("Octave:nonconformant-args", "%s: index and weight must have one size K x m, but are %s and %s",
             c->fn->name, tensor_shape(at, a), tensor_shape(weight, b));
    }
    for (int d = 0; d < nd; d++) {
        out[d] = d < x->nd ? x->dim[d] : 1;
        if (d < dim)
            inner *= out[d];
        else if (d > dim)
            outer *= out[d];
    }
    bool back = has_arg(c, 4);
    i64 n = out[dim], most = back ? arg_int(c, 4, 0, (i64)1 << 40) : n, *index = scratch(sizeof *index * (size_t)(taps * m));
    if (back && n != m)
        fail("Octave:nonconformant-args", "%s: index has %lld columns, but y %lld elements along dimension %d",
             c->fn->name, (long long)m, (long long)n, dim + 1);
    for (i64 i = 0; i < taps * m; i++) {
        double v = ((double *)at->data)[i];
        if (!(v >= 1) || v != (double)(i64)v || v > (double)most)
            fail("Octave:index-out-of-bounds", "%s: index(%lld) is %g, but must be an integer from 1 to %lld",
                 c->fn->name, (long long)i + 1, v, (long long)most);
        index[i] = (i64)v - 1;
    }
    out[dim] = back ? most : m;
    struct tensor *y = tensor_zeros(x->dtype, nd, out);
    for (i64 o = 0; o < outer; o++) {
        i64 from = o * inner * n, to = o * inner * out[dim];
        if (o % 64 == 0 || inner * m > 1 << 16)
            poll();
        if (inner == 1 && !back && x->dtype == D_DOUBLE)
            along_first_double((double *)x->data + from, (double *)y->data + to, m, taps, index, (double *)weight->data);
        else if (inner == 1 && !back)
            along_first_float((float *)x->data + from, (float *)y->data + to, m, taps, index, (double *)weight->data);
        else if (x->dtype == D_DOUBLE)
            along_double((double *)x->data + from, (double *)y->data + to, inner, m, taps, index,
                         (double *)weight->data, back);
        else
            along_float((float *)x->data + from, (float *)y->data + to, inner, m, taps, index, (double *)weight->data, back);
    }
    result_tensor(c, 0, y);
}
static void resample_along_grad(struct call *c)
{
    if (grad_wanted(c, 3))
        fail("tl:not-differentiable", "resample_along: its weights are constants for autograd, but these depend on a "
                                      "variable");
    i64 dim[MAX_DIMS];
    int nd = value_dims(c->arg[0], dim), d = arg_dim(c, 1, 1);
    value g = grad_of(c, 0);
    if (has_arg(c, 4))
        result(c, 0, g_call(c->fn, 4, g, c->arg[1], c->arg[2], c->arg[3]));
    else
        result(c, 0, g_call(c->fn, 5, g, c->arg[1], c->arg[2], c->arg[3], num(d <= nd ? (double)dim[d - 1] : 1)));
}

/* ---- at places in two dimensions */
static const char *const modes[] = { "simple", "bilinear", "bicubic", "lanczos", NULL };
enum { SIMPLE, BILINEAR, BICUBIC, LANCZOS, MOST = 6 };
struct taps { int n; bool outside[MOST]; i64 at[MOST]; double w[MOST]; };

/* The taps of one coordinate p, counted from 0, within 0..n-1.  bicubic is Catmull and Rom's (a = -1/2); lanczos has
   three lobes. */
static inline void taps_at(struct taps *t, double p, i64 n, int mode)
{
    i64 first = (i64)floor(p);
    double f = p - (double)first;
    switch (mode) {
    case SIMPLE:
        t->n = 1;
        first = (i64)floor(p + 0.5);
        t->w[0] = 1;
        break;
    case BILINEAR:
        t->n = 2;
        t->w[0] = 1 - f;
        t->w[1] = f;
        break;
    case BICUBIC:
        t->n = 4;
        first--;
        t->w[0] = 0.5 * f * (-1 + f * (2 - f));
        t->w[1] = 1 + 0.5 * f * f * (-5 + 3 * f);
        t->w[2] = 0.5 * f * (1 + f * (4 - 3 * f));
        t->w[3] = 0.5 * f * f * (-1 + f);
        break;
    default: {
        double sum = 0;
        t->n = 6;
        first -= 2;
        for (int k = 0; k < 6; k++) {
            double d = fabs(p - (double)(first + k)), a = 3.141592653589793 * d;
            t->w[k] = d < 1e-6 ? 1 : d > 3 ? 0 : 3 * sin(a) * sin(a / 3) / (a * a);
            sum += t->w[k];
        }
        for (int k = 0; k < 6; k++)
            t->w[k] /= sum;
    }
    }
    for (int k = 0; k < t->n; k++) {
        i64 a = first + k;
        t->outside[k] = a < 0 || a > n - 1;
        t->at[k] = a < 0 ? 0 : a > n - 1 ? n - 1 : a;
    }
}

struct places { i64 inner, h, w, points; const double *row, *column; int mode; bool fill; double pad; };
#define WARP(T) \
    static void warp_##T(const struct places *k, const T *x, T *y, bool back) \
    { \
        for (i64 i = 0; i < k->points; i++) { \
            double r = k->row[i], s = k->column[i]; \
            const T *from = x + i * k->inner; \
            T *to = y + i * k->inner; \
            if (i % 8192 == 0) \
                poll(); \
            if (!(r >= 0 && r <= (double)(k->h - 1) && s >= 0 && s <= (double)(k->w - 1))) { \
                if (k->fill || isnan(r) || isnan(s)) { \
                    for (i64 q = 0; q < k->inner && !back; q++) \
                        to[q] = (T)k->pad; \
                    continue; \
                } \
                r = r < 0 ? 0 : r > (double)(k->h - 1) ? (double)(k->h - 1) : r; \
                s = s < 0 ? 0 : s > (double)(k->w - 1) ? (double)(k->w - 1) : s; \
            } \
            struct taps a, b; \
            taps_at(&a, r, k->h, k->mode); \
            taps_at(&b, s, k->w, k->mode); \
            for (int v = 0; v < b.n; v++) \
                for (int u = 0; u < a.n; u++) { \
                    double w = a.w[u] * b.w[v]; \
                    i64 at = (a.at[u] + b.at[v] * k->h) * k->inner; \
                    if (w == 0) \
                        continue; \
                    if (k->fill && k->mode == BICUBIC && (a.outside[u] || b.outside[v])) { \
                        for (i64 q = 0; q < k->inner && !back; q++) \
                            to[q] += (T)(w * k->pad); \
                        continue; \
                    } \
                    if (back) { \
                        for (i64 q = 0; q < k->inner; q++) \
                            y[at + q] += (T)(w * from[q]); \
                    } else { \
                        for (i64 q = 0; q < k->inner; q++) \
                            to[q] += (T)(w * x[at + q]); \
                    } \
                } \
        } \
    }
WARP(double)
WARP(float)

static builtin_grad resample_at_grad;
BUILTIN(resample_at, 3, 7, 1, resample_at_grad,
  "y = resample_at(x, rows, columns)\n"
  "y = resample_at(x, rows, columns, mode, pad, dim, sizes)\n\n"
  "x read at the places (rows(i), columns(i)), counted from 1 and between its elements. rows and columns are m x "
  "n, and y is m x n where x is H x W. mode: 'simple' (the nearest), 'bilinear' (the default), 'bicubic' or "
  "'lanczos'. A place outside is moved to the border, or with a number as pad the result there is pad. x may have "
  "more dimensions: rows and columns are dimensions dim and dim + 1 (1 by default) and all others are kept, so "
  "dim is 2 for a picture C x H x W. With sizes = [H W] the adjoint: y is added back into an array of these "
  "sizes.\n\n"
  "Example:\n  resample_at([1 2; 3 4], [1 1.5], [2 1.5])\n  ans =\n     2.0000   2.5000\n\n"
  "See also: interp2, image.warp, imrotate")
{
    struct tensor *x = arg_float(c, 0), *row = arg_double(c, 1), *column = arg_double(c, 2);
    struct places k = { .inner = 1, .mode = has_arg(c, 3) ? arg_option(c, 3, modes) : BILINEAR, .points = row->numel };
    int dim = has_arg(c, 5) ? (int)arg_int(c, 5, 1, MAX_DIMS - 1) - 1 : 0, nd = MAX(x->nd, dim + 2);
    i64 out[MAX_DIMS], outer = 1;
    if (dtype_is(x->dtype, DT_C))
        fail_arg(c, 0, "real");
    if (row->nd != 2 || column->nd != 2 || row->dim[0] != column->dim[0] || row->dim[1] != column->dim[1]) {
        char a[128], b[128];
        fail("Octave:nonconformant-args", "%s: rows and columns must have one size m x n, but are %s and %s",
             c->fn->name, tensor_shape(row, a), tensor_shape(column, b));
    }
    if (has_arg(c, 4) && value_numel(c->arg[4])) {
        k.fill = true;
        k.pad = arg_num(c, 4);
    }
    for (int d = 0; d < nd; d++) {
        out[d] = d < x->nd ? x->dim[d] : 1;
        if (d < dim)
            k.inner *= out[d];
        else if (d > dim + 1)
            outer *= out[d];
    }
    bool back = has_arg(c, 6);
    k.h = out[dim];
    k.w = out[dim + 1];
    i64 there = row->dim[0], wide = row->dim[1];
    if (back) {
        struct tensor *s = arg_double(c, 6);
        if (s->numel != 2 || !(((double *)s->data)[0] >= 1) || !(((double *)s->data)[1] >= 1) ||
            ((double *)s->data)[0] > 0x1p31 || ((double *)s->data)[1] > 0x1p31)
            fail_arg(c, 6, "the sizes [H W]");
        if (k.h != there || k.w != wide)
            fail("Octave:nonconformant-args", "%s: there are %lld x %lld places, but y is %lld x %lld", c->fn->name,
                 (long long)there, (long long)wide, (long long)k.h, (long long)k.w);
        k.h = (i64)((double *)s->data)[0];
        k.w = (i64)((double *)s->data)[1];
        there = k.h;
        wide = k.w;
    }
    if (k.h * k.w == 0 && k.points > 0)
        fail("Octave:nonconformant-args", "%s: x is empty, there is nothing at any place", c->fn->name);
    double *r0 = scratch(sizeof *r0 * (size_t)k.points), *c0 = scratch(sizeof *c0 * (size_t)k.points);
    for (i64 i = 0; i < k.points; i++) {
        r0[i] = ((double *)row->data)[i] - 1;
        c0[i] = ((double *)column->data)[i] - 1;
    }
    k.row = r0;
    k.column = c0;
    out[dim] = there;
    out[dim + 1] = wide;
    struct tensor *y = tensor_zeros(x->dtype, nd, out);
    i64 step = back ? k.points : k.h * k.w, stride = there * wide;
    for (i64 o = 0; o < outer; o++)
        if (x->dtype == D_DOUBLE)
            warp_double(&k, (double *)x->data + o * k.inner * step, (double *)y->data + o * k.inner * stride, back);
        else
            warp_float(&k, (float *)x->data + o * k.inner * step, (float *)y->data + o * k.inner * stride, back);
    result_tensor(c, 0, y);
}
static void resample_at_grad(struct call *c)
{
    if (grad_wanted(c, 1) || grad_wanted(c, 2))
        fail("tl:not-differentiable", "resample_at: its places are constants for autograd, but these depend on a variable");
    i64 dim[MAX_DIMS];
    int nd = value_dims(c->arg[0], dim), d = has_arg(c, 5) ? (int)arg_int(c, 5, 1, MAX_DIMS - 1) : 1;
    value mode = has_arg(c, 3) ? c->arg[3] : tensor_value(tensor_text("bilinear", 8));
    value pad = has_arg(c, 4) ? c->arg[4] : tensor_value(tensor_2d(D_DOUBLE, 0, 0));
    if (has_arg(c, 6)) {
        result(c, 0, g_call(c->fn, 6, grad_of(c, 0), c->arg[1], c->arg[2], mode, value_numel(pad) ? num(0) : pad, num(d)));
        return;
    }
    struct tensor *s = tensor_2d(D_DOUBLE, 1, 2);
    for (int i = 0; i < 2; i++)
        ((double *)s->data)[i] = d - 1 + i < nd ? (double)dim[d - 1 + i] : 1;
    result(c, 0, g_call(c->fn, 7, grad_of(c, 0), c->arg[1], c->arg[2], mode, pad, num(d), tensor_value(s)));
}
