/* SPDX-License-Identifier: BSD-3-Clause */
/* views.c: windows on memory (A.select(2, 1), A.t(), …) and methods that write in place (A.fill_(0), A.add_(k, B), …).
 *
 * A view method is a row of `views`: it turns one geometry (sizes, strides, offset) into another and knows no memory.
 * An in-place method is a row of `writers`, or the name of an elementwise function with _ behind it: it computes the whole
 * result from borrowed operands, so arguments may overlap the receiver in any way; then place_write converts and stores it.
 * The common ones have loops that need no temporary (`quick`). */
#include "place.h"
#include "gpu.h"
#include "plan.h"
#include "call.h"
#include "rules.h"
#include <math.h>

/* ---- geometry */

struct geometry {
    int nd;
    i64 offset, total;                        /* elements; of the base */
    i64 dim[MAX_DIMS], stride[MAX_DIMS];
    const char *who;
};

static i64 whole(const struct geometry *g, value v, const char *what, i64 lo, i64 hi)
{
    if (v.kind != K_NUM || v.num != trunc(v.num) || v.num < (double)lo || v.num > (double)hi || v.dtype == D_INT64 ||
        v.dtype == D_UINT64) {
        char text[160];
        if (v.kind == K_NUM && (v.dtype == D_INT64 || v.dtype == D_UINT64) && v.i >= lo && v.i <= hi)
            return v.i;
        if (v.kind == K_NUM)
            snprintf(text, sizeof text, "%g", v.dtype == D_INT64 || v.dtype == D_UINT64 ? (double)v.i : v.num);
        else
            value_describe(v, text);
        if (v.kind == K_NUM && v.num == trunc(v.num))
            fail("Octave:index-out-of-bounds", "\1.%s: %s must be from %lld to %lld, but is %s (\1 is %s)", g->who,
                 what, (long long)lo, (long long)hi, text, dims_text(g->nd, g->dim, (char[128]){ 0 }));
        fail("Octave:invalid-index", "\1.%s: %s must be an integer, but is %s", g->who, what, text);
    }
    return (i64)v.num;
}

static int which_dim(const struct geometry *g, value v) { return (int)whole(g, v, "the dimension", 1, g->nd) - 1; }

/* Sizes as in view(2, 3), view([2 3]), view(6): one size n is 1 x n. */
static int sizes(const struct geometry *g, int nargin, const value *arg, i64 *dim)
{
    int nd = 0;
    for (int i = 0; i < nargin; i++) {
        if (!is_tensor_like(arg[i]))
            fail("Octave:invalid-index", "\1.%s: sizes must be integers", g->who);
        struct tensor *t = tensor_of(arg[i]);
        for (i64 k = 0; k < t->numel; k++) {
            double x = element_double(t, k);
            if (nd == MAX_DIMS - 1)
                fail("tl:too-many-dimensions", "\1.%s: a tensor has at most %d dimensions", g->who, MAX_DIMS);
            if (!(x >= -1 && x < 0x1p53) || x != trunc(x))
                fail("Octave:invalid-index",
                     "\1.%s: a size must be an integer from 0 on, or -1 for the rest, but is %g", g->who, x);
            dim[nd++] = (i64)x;
        }
    }
    if (nd == 1)
        dim[1] = dim[0], dim[0] = 1, nd = 2;
    return nd;
}

static void view_select(struct geometry *g, int nargin, const value *arg)
{
    (void)nargin;
    int d = which_dim(g, arg[0]);
    g->offset += (whole(g, arg[1], "the index", 1, g->dim[d]) - 1) * g->stride[d];
    g->dim[d] = 1;
    if (g->nd == 2)
        return;
    g->nd--;
    memmove(g->dim + d, g->dim + d + 1, sizeof(i64) * (size_t)(g->nd - d));
    memmove(g->stride + d, g->stride + d + 1, sizeof(i64) * (size_t)(g->nd - d));
}

static void narrow(struct geometry *g, int d, i64 first, i64 n)
{
    if (n)
        g->offset += (first - 1) * g->stride[d];
    g->dim[d] = n;
}

static void view_narrow(struct geometry *g, int nargin, const value *arg)
{
    (void)nargin;
    int d = which_dim(g, arg[0]);
    i64 first = whole(g, arg[1], "the first index", 1, g->dim[d] + 1);
    narrow(g, d, first, whole(g, arg[2], "the number of elements", 0, g->dim[d] - first + 1));
}

static void view_sub(struct geometry *g, int nargin, const value *arg)
{
    if (nargin % 2 || nargin / 2 > g->nd)
        fail("Octave:invalid-fun-call", "\1.sub: first and last index are needed for up to %d dimensions", g->nd);
    for (int d = 0; d < nargin / 2; d++) {
        i64 a = whole(g, arg[2 * d], "an index", -g->dim[d], g->dim[d]),
            b = whole(g, arg[2 * d + 1], "an index", -g->dim[d], g->dim[d]);
        a += a < 0 ? g->dim[d] + 1 : 0, b += b < 0 ? g->dim[d] + 1 : 0;
        if (a < 1 || b < a - 1)
            fail("Octave:index-out-of-bounds", "\1.sub: %lld to %lld is no range of indices in dimension %d",
                 (long long)a, (long long)b, d + 1);
        narrow(g, d, a, b - a + 1);
    }
}

static void swap_dims(struct geometry *g, int a, int b)
{
    i64 t = g->dim[a];
    g->dim[a] = g->dim[b], g->dim[b] = t;
    t = g->stride[a], g->stride[a] = g->stride[b], g->stride[b] = t;
}

static void view_t(struct geometry *g, int nargin, const value *arg)
{
    (void)nargin, (void)arg;
    if (g->nd != 2)
        fail("Octave:nonconformant-args", "\1.t: \1 is %s; t is for matrices, transpose(d1, d2) for more dimensions",
             dims_text(g->nd, g->dim, (char[128]){ 0 }));
    swap_dims(g, 0, 1);
}

static void view_transpose(struct geometry *g, int nargin, const value *arg)
{
    if (nargin == 0)
        view_t(g, 0, NULL);
    else if (nargin == 1)
        fail("Octave:invalid-fun-call", "\1.transpose: two dimensions are needed, or none");
    else
        swap_dims(g, which_dim(g, arg[0]), which_dim(g, arg[1]));
}

/* Strides for other sizes over the same elements in column-major order; false when a new size would have to cross a gap. */
static bool restride(const struct geometry *g, int nd, const i64 *dim, i64 *stride)
{
    i64 old[MAX_DIMS], step[MAX_DIMS];
    int n = 0, v = 0;
    for (int d = 0; d < g->nd; d++)
        if (g->dim[d] != 1)
            old[n] = g->dim[d], step[n++] = g->stride[d];
    if (n == 0 || dims_numel(g->nd, g->dim) == 0) {
        dense_strides(nd, dim, stride);
        return true;
    }
    for (int d = 0; d < n;) {                 /* a chunk of old dimensions that follow each other takes whole new ones */
        i64 have = old[d], took = 1, first = step[d];
        for (d++; d < n && step[d] == have * first; d++)
            have *= old[d];
        for (; v < nd && (took < have || dim[v] == 1); v++) {
            stride[v] = took * first;
            took *= dim[v];
        }
        if (took != have)
            return false;
    }
    return v == nd;
}

static void reshape(struct geometry *g, int nd, i64 *dim)
{
    char a[128], b[128];
    i64 n = dims_numel(g->nd, g->dim), known = 1, stride[MAX_DIMS];
    int open = -1;
    for (int d = 0; d < nd; d++) {
        if (dim[d] < 0 && open >= 0)
            fail("Octave:invalid-index", "\1.%s: only one size can be -1", g->who);
        if (dim[d] < 0)
            open = d;
        else if (dim[d] && known > ((i64)1 << 62) / dim[d])
            known = (i64)1 << 62;
        else
            known *= dim[d];
    }
    if (open >= 0)
        dim[open] = known && n % known == 0 ? n / known : 0;
    nd = dims_trim(nd, dim);
    dims_text(g->nd, g->dim, a);
    dims_text(nd, dim, b);
    if (open >= 0 ? (known ? n % known != 0 : n != 0) : known != n)
        fail("Octave:nonconformant-args", "\1.%s: %s elements do not fill %s", g->who, a, b);
    if (!restride(g, nd, dim, stride))
        fail("tl:no-view",
             "\1.%s: the elements of this %s window do not lie so that %s could be a view of them; clone(\1).%s(…) is "
             "one of a copy",
             g->who, a, b, g->who);
    g->nd = nd;
    memcpy(g->dim, dim, sizeof(i64) * (size_t)nd);
    memcpy(g->stride, stride, sizeof(i64) * (size_t)nd);
}

static void view_view(struct geometry *g, int nargin, const value *arg)
{
    i64 dim[MAX_DIMS];
    reshape(g, sizes(g, nargin, arg, dim), dim);
}

static void view_viewAs(struct geometry *g, int nargin, const value *arg)
{
    i64 dim[MAX_DIMS];
    (void)nargin;
    reshape(g, value_dims(arg[0], dim), dim);
}

static void expand(struct geometry *g, int nd, const i64 *dim)
{
    char a[128], b[128];
    dims_text(g->nd, g->dim, a);
    dims_text(nd, dim, b);
    if (nd < g->nd)
        fail("Octave:nonconformant-args", "\1.%s: %s does not expand to %s", g->who, a, b);
    for (int d = 0; d < nd; d++) {
        if (d >= g->nd)
            g->dim[d] = 1, g->stride[d] = 0;
        if (dim[d] == g->dim[d] || dim[d] < 0)
            continue;
        if (g->dim[d] != 1)
            fail("Octave:nonconformant-args", "\1.%s: %s does not expand to %s; only sizes of 1 do", g->who, a, b);
        g->dim[d] = dim[d], g->stride[d] = 0;
    }
    g->nd = nd;
    dims_numel(nd, g->dim);
}

static void view_expand(struct geometry *g, int nargin, const value *arg)
{
    i64 dim[MAX_DIMS];
    int nd = sizes(g, nargin, arg, dim);
    expand(g, nd, dim);
}

static void view_expandAs(struct geometry *g, int nargin, const value *arg)
{
    i64 dim[MAX_DIMS];
    (void)nargin;
    int nd = value_dims(arg[0], dim);
    expand(g, nd, dim);
}

static void view_unfold(struct geometry *g, int nargin, const value *arg)
{
    int d = which_dim(g, arg[0]);
    i64 size = whole(g, arg[1], "the size", 1, g->dim[d]), step = nargin > 2 ? whole(g, arg[2], "the step", 1, INT32_MAX) : 1;
    if (g->nd == MAX_DIMS)
        fail("tl:too-many-dimensions", "\1.unfold: a tensor has at most %d dimensions", MAX_DIMS);
    g->dim[g->nd] = size, g->stride[g->nd] = g->stride[d];
    g->nd++;
    g->dim[d] = (g->dim[d] - size) / step + 1;
    g->stride[d] *= step;
}

static void view_diagonal(struct geometry *g, int nargin, const value *arg)
{
    (void)nargin, (void)arg;
    if (g->nd != 2)
        fail("Octave:nonconformant-args", "\1.diagonal: \1 is %s; only a matrix has a diagonal",
             dims_text(g->nd, g->dim, (char[128]){ 0 }));
    g->dim[0] = MIN(g->dim[0], g->dim[1]), g->dim[1] = 1;
    g->stride[0] += g->stride[1], g->stride[1] = 0;
}

static void view_storage(struct geometry *g, int nargin, const value *arg)
{
    (void)nargin, (void)arg;
    g->offset = 0, g->nd = 2;
    g->dim[0] = 1, g->dim[1] = g->total;
    g->stride[0] = g->stride[1] = 1;
}

static const struct view_row { const char *name; int min, max; void (*f)(struct geometry *, int, const value *);
} views[] = {
    { "select", 2, 2, view_select }, { "narrow", 3, 3, view_narrow },       { "sub", 2, ANY, view_sub },
    { "t", 0, 0, view_t },           { "transpose", 0, 2, view_transpose }, { "view", 1, ANY, view_view },
    { "viewAs", 1, 1, view_viewAs }, { "expand", 1, ANY, view_expand },     { "expandAs", 1, 1, view_expandAs },
    { "unfold", 2, 3, view_unfold }, { "diagonal", 0, 0, view_diagonal },   { "storage", 0, 0, view_storage },
};

static const struct view_row *view_find(sym name)
{
    for (int i = 0; i < COUNT(views); i++)
        if (!strcmp(views[i].name, name->text))
            return &views[i];
    return NULL;
}

bool is_view_method(sym name)
{
    return view_find(name) || !strcmp(name->text, "split") || !strcmp(name->text, "chunk") || !strcmp(name->text, "isshared");
}

NORETURN static void fail_arity(const char *name, int nargin, int min, int max)
{
    if (max == ANY)
        fail("Octave:invalid-fun-call", "\1.%s: %d arguments given, at least %d needed", name, nargin, min);
    if (min == max)
        fail("Octave:invalid-fun-call", "\1.%s: %d arguments given, %d needed", name, nargin, min);
    fail("Octave:invalid-fun-call", "\1.%s: %d arguments given, %d to %d needed", name, nargin, min, max);
}

static void see_geometry(struct geometry *g, value v, const char *who)
{
    g->who = who;
    if (v.kind == K_WINDOW) {
        const struct window *w = v.w;
        g->nd = w->nd, g->offset = w->offset, g->total = w->base->numel;
        memcpy(g->dim, w->dim, sizeof(i64) * (size_t)g->nd);
        memcpy(g->stride, w->stride, sizeof(i64) * (size_t)g->nd);
        return;
    }
    g->nd = value_dims(v, g->dim);
    g->offset = 0, g->total = dims_numel(g->nd, g->dim);
    dense_strides(g->nd, g->dim, g->stride);  /* what it will be when the view is taken */
}

/* base is what owns the memory: made dense, alone. */
static value take(struct tensor *base, sym method, struct geometry *g, int nargin, const value *arg)
{
    const struct view_row *v = view_find(method);
    if (v) {
        v->f(g, nargin, arg);
        return window_new(base, g->offset, g->nd, g->dim, g->stride);
    }
    bool chunk = method->text[0] == 'c';      /* split(size, dim), chunk(n, dim): a cell of windows */
    int d = nargin > 1 ? which_dim(g, arg[1]) : 0;
    i64 n = whole(g, arg[0], chunk ? "the number of parts" : "the size", 1, (i64)1 << 40), len = g->dim[d],
        size = chunk ? MAX(1, (len + n - 1) / n) : n;
    i64 parts = (len + size - 1) / size;
    struct cell *c = cell_2d(1, parts);
    for (i64 i = 0; i < parts; i++) {
        struct geometry h = *g;
        narrow(&h, d, i * size + 1, MIN(size, len - i * size));
        cell_set(c, i, window_new(base, h.offset, h.nd, h.dim, h.stride));
    }
    return cell_value(c);
}

static void check_view(value v, sym method, int nargin)
{
    char what[160];
    const struct view_row *row = view_find(method);
    int min = row ? row->min : 1, max = row ? row->max : 2;
    if (!is_tensor_like(v))
        fail("Octave:undefined-function", "\1.%s: a %s has no views; numbers, logicals and text do", method->text,
             value_describe(v, what));
    if (nargin < min || (max != ANY && nargin > max))
        fail_arity(method->text, nargin, min, max);
}

value view_method(value v, sym method, int nargin, const value *arg)
{
    struct geometry g;
    if (!strcmp(method->text, "isshared"))
        return boolean(isshared(v));
    check_view(v, method, nargin);
    see_geometry(&g, v, method->text);
    if (v.kind == K_WINDOW)
        return take(v.w->base, method, &g, nargin, arg);
    return take(tensor_clone(tensor_any(v)), method, &g, nargin, arg);
}

value place_view(value *root, int nstep, const struct step *step, sym method, int nargin, const value *arg)
{
    struct geometry g;
    int nbox;
    value *box = scratch((size_t)(nstep + 1) * sizeof *box), v = place_get(root, nstep, step);
    if (!strcmp(method->text, "isshared"))    /* no view, but it needs the place as well */
        return boolean(isshared(v));
    check_view(v, method, nargin);
    see_geometry(&g, v, method->text);
    if (v.kind == K_WINDOW)
        return take(v.w->base, method, &g, nargin, arg);
    struct geometry tried = g;                /* fails before anything is made its own */
    if (view_find(method))
        view_find(method)->f(&tried, nargin, arg);
    value *slot = place_walk(root, nstep, step, box, &nbox);
    if (!slot)
        return take(tensor_clone(tensor_any(v)), method, &g, nargin, arg);
    struct tensor *t = own_tensor(slot);
    if (!(t->flags & T_DENSE))
        own_block_spare(t, t->numel);
    value w = take(t, method, &g, nargin, arg);
    for (int i = 0; i < nbox; i++)
        box[i].o->pins = 1;
    return w;
}

/* ---- writing in place */

/* Does a window show an element twice?  Not when, in the order of their strides, each step passes what is below it; else the
   elements are marked off. */
static bool shows_twice(const struct window *w)
{
    i64 dim[MAX_DIMS], stride[MAX_DIMS], span = 0;
    int n = 0;
    bool doubt = false;
    if (w->numel <= 1)
        return false;
    for (int d = 0; d < w->nd; d++) {
        if (w->dim[d] <= 1)
            continue;
        int at = n++;
        i64 s = w->stride[d] < 0 ? -w->stride[d] : w->stride[d];
        for (; at > 0 && stride[at - 1] > s; at--)
            stride[at] = stride[at - 1], dim[at] = dim[at - 1];
        stride[at] = s, dim[at] = w->dim[d];
    }
    for (int k = 0; k < n; k++) {
        if (stride[k] == 0)
            return true;
        doubt = doubt || stride[k] <= span;
        span += (dim[k] - 1) * stride[k];
    }
    if (!doubt)
        return false;
    struct nest all = {.nd = n, .numel = w->numel};
    memcpy(all.n, dim, sizeof(i64) * (size_t)n);
    memcpy(all.stride, stride, sizeof(i64) * (size_t)n);
    const i64 *at = nest_positions(&all);
    bool *seen = scratch((size_t)span + 1);
    memset(seen, 0, (size_t)span + 1);
    for (i64 i = 0; i < w->numel; i++) {
        if (seen[at[i]])
            return true;
        seen[at[i]] = true;
    }
    return false;
}

static value op1(int op, value a) { return ew_apply(op, 1, &a); }
static value op2(int op, value a, value b) { return ew_apply(op, 2, (value[]){a, b}); }
static value scaled(int op, value x, value k, value y) { return op2(op, x, op2(EW_times, k, y)); }

/* Each returns the new content, of the receiver's size or one element; a[0] is the receiver. */
static value w_fill(int n, const value *a)
{
    (void)n;
    if (!is_tensor_like(a[1]) || value_numel(a[1]) != 1) {
        char what[160];
        fail("Octave:nonconformant-args", "\1.fill_: one number is needed, not a %s; copy_ takes arrays",
             value_describe(a[1], what));
    }
    return a[1];
}
static value w_zero(int n, const value *a) { (void)n, (void)a; return num(0); }
static value w_copy(int n, const value *a)     /* also from one device to another */
{
    (void)n;
    bool over = (a[1].kind == K_TENSOR || a[1].kind == K_WINDOW) && value_device(a[1]) != value_device(a[0]);
    return over ? gpu_moved(a[1], value_device(a[0])) : a[1];
}
static value w_add(int n, const value *a) { return n == 3 ? scaled(EW_plus, a[0], a[1], a[2]) : op2(EW_plus, a[0], a[1]); }
static value w_sub(int n, const value *a) { return n == 3 ? scaled(EW_minus, a[0], a[1], a[2]) : op2(EW_minus, a[0], a[1]); }
static value w_mul(int n, const value *a) { (void)n; return op2(EW_times, a[0], a[1]); }
static value w_div(int n, const value *a) { (void)n; return op2(EW_rdivide, a[0], a[1]); }
static value w_pow(int n, const value *a) { (void)n; return op2(EW_power, a[0], a[1]); }
static value w_addcmul(int n, const value *a)
{
    value p = op2(EW_times, a[n - 2], a[n - 1]);
    return n == 4 ? scaled(EW_plus, a[0], a[1], p) : op2(EW_plus, a[0], p);
}
static value w_addcdiv(int n, const value *a)
{
    value p = op2(EW_rdivide, a[n - 2], a[n - 1]);
    return n == 4 ? scaled(EW_plus, a[0], a[1], p) : op2(EW_plus, a[0], p);
}
/* x + p, k*x... as (p, q), (k, p, q) with k for the product, (j, k, p, q) with j for x */
static value add_product(int n, const value *a, value p)
{
    if (n == 3)
        return op2(EW_plus, a[0], p);
    if (n == 4)
        return scaled(EW_plus, a[0], a[1], p);
    return scaled(EW_plus, op2(EW_times, a[1], a[0]), a[2], p);
}
static value w_addmm(int n, const value *a) { return add_product(n, a, matrix_apply(MX_MTIMES, a[n - 2], a[n - 1])); }
static value w_addr(int n, const value *a)
{
    struct tensor *u = tensor_dense(tensor_any(a[n - 2])), *v = tensor_dense(tensor_any(a[n - 1]));
    i64 row[2] = {1, v->numel}, column[2] = {u->numel, 1};
    return add_product(n, a, op2(EW_times, tensor_box(tensor_reshape(u, 2, column)), tensor_box(tensor_reshape(v, 2, row))));
}
static value w_lerp(int n, const value *a) { (void)n; return scaled(EW_plus, a[0], a[2], op2(EW_minus, a[1], a[0])); }

/* Along dimension d at the places idx: x(:, idx, :) = …, as Torch's index methods. */
static value indexed(int n, const value *a, bool add)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(a[0], dim);
    struct geometry g = {.nd = nd, .who = add ? "indexAdd_" : "indexCopy_"};
    (void)n;
    memcpy(g.dim, dim, sizeof(i64) * (size_t)nd);
    int d = which_dim(&g, a[1]);
    value idx[MAX_DIMS], hold = keep(copy(clone(a[0])));
    for (int k = 0; k < nd; k++)
        idx[k] = k == d ? a[2] : colon();
    struct ix x;
    index_parse(&x, gpu_read_value(a[2], "an index"), dim[d], d, nd);
    if (x.extent > dim[d])
        fail_bound(d, nd, x.extent, dim[d], nd, dim);
    struct cell *c = cell_2d(1, 1);
    cell_set(c, 0, hold);
    if (!add) {
        struct step s = {.kind = STEP_PAREN, .n = nd, .idx = idx};
        place_assign(&c->v[0], 1, &s, a[3]);
        return c->v[0];
    }
    return op2(EW_plus, a[0], index_add(a[0], nd, idx, a[3]));
}
static value w_indexCopy(int n, const value *a) { return indexed(n, a, false); }
static value w_indexAdd(int n, const value *a) { return indexed(n, a, true); }
static value w_masked(int n, const value *a)
{
    struct cell *c = cell_2d(1, 1);
    (void)n;
    if (!is_tensor_like(a[1]) || value_dtype(a[1]) != D_LOGICAL || value_numel(a[1]) != value_numel(a[0]))
        fail("Octave:nonconformant-args", "\1: the mask must be logical and of the size of \1");
    cell_set(c, 0, clone(a[0]));
    struct step s = {.kind = STEP_PAREN, .n = 1, .idx = &a[1]};
    place_assign(&c->v[0], 1, &s, a[2]);
    return c->v[0];
}

static const struct writer { const char *name; int min, max; value (*f)(int n, const value *a);
} writers[] = {
    { "fill_", 1, 1, w_fill },
    { "zero_", 0, 0, w_zero },
    { "copy_", 1, 1, w_copy },
    { "copyAsync", 1, 1, w_copy },            /* cutorch's: copies are queued by themselves */
    { "add_", 1, 2, w_add },
    { "sub_", 1, 2, w_sub },
    { "csub_", 1, 2, w_sub },
    { "mul_", 1, 1, w_mul },
    { "div_", 1, 1, w_div },
    { "cmul_", 1, 1, w_mul },
    { "cdiv_", 1, 1, w_div },
    { "pow_", 1, 1, w_pow },
    { "cpow_", 1, 1, w_pow },
    { "addcmul_", 2, 3, w_addcmul },
    { "addcdiv_", 2, 3, w_addcdiv },
    { "addmm_", 2, 4, w_addmm },
    { "addmv_", 2, 4, w_addmm },
    { "addr_", 2, 4, w_addr },
    { "lerp_", 2, 2, w_lerp },
    { "indexCopy_", 3, 3, w_indexCopy },
    { "indexFill_", 3, 3, w_indexCopy },
    { "indexAdd_", 3, 3, w_indexAdd },
    { "maskedFill_", 2, 2, w_masked },
    { "maskedCopy_", 2, 2, w_masked },
};

static const struct writer *writer_find(sym name)
{
    for (int i = 0; i < COUNT(writers); i++)
        if (!strcmp(writers[i].name, name->text))
            return &writers[i];
    return NULL;
}

static int row_of(sym name, int nargs)        /* exp_ with nargs operands in all: the row exp, or -1 */
{
    if (name->len < 2 || name->text[name->len - 1] != '_')
        return -1;
    return ew_find(symbol_n(name->text, name->len - 1), nargs);
}

bool is_inplace_method(sym name)
{
    return writer_find(name) || !strcmp(name->text, "apply_") || row_of(name, 1) >= 0 || row_of(name, 2) >= 0;
}

value views_apply(value receiver, value f)
{
    if (!is_tensor_like(receiver)) {
        char what[160];
        fail("Octave:undefined-function", "\1.apply_: a %s has no numbers to apply to", value_describe(receiver, what));
    }
    struct tensor *x = tensor_clone(tensor_of(receiver)), *y = tensor_new(x->dtype, x->nd, x->dim);
    size_t size = dtypes[x->dtype].size;
    for (i64 i = 0; i < x->numel; i++) {
        int mark = pool_mark();
        value e = element_value(x, i), r = call_function1(f, 1, &e);
        if (is_nil(r)) {                      /* no value: the element stays */
            memcpy(y->data + (size_t)i * size, x->data + (size_t)i * size, size);
        } else {
            if (!is_tensor_like(r) || value_numel(r) != 1)
                fail("Octave:nonconformant-args",
                     "\1.apply_: the function must give one number for each element, but gave a %s",
                     value_describe(r, (char[160]){ 0 }));
            struct tensor *one = tensor_narrow(tensor_of(r));
            if (dtype_is(one->dtype, DT_C) && !dtype_is(x->dtype, DT_C))
                fail("Octave:nonconformant-args", "\1.apply_: the function gave a complex number for a real \1");
            convert_run(x->dtype, y->data + (size_t)i * size, one->dtype, one->data, 1);
        }
        pool_release(mark);
        poll();
    }
    return tensor_value(y);
}

static value compute(value v, sym method, int nargin, const value *arg)
{
    const struct writer *w = writer_find(method);
    int op = w ? -1 : row_of(method, nargin + 1);
    if (w && (nargin < w->min || nargin > w->max))
        fail_arity(method->text, nargin, w->min, w->max);
    if (!strcmp(method->text, "apply_")) {
        if (nargin != 1)
            fail_arity(method->text, nargin, 1, 1);
        return views_apply(v, arg[0]);
    }
    if (!w && op < 0)
        fail_arity(method->text, nargin, row_of(method, 1) >= 0 ? 0 : 1, row_of(method, 2) >= 0 ? 1 : 0);
    value *a = scratch((size_t)(nargin + 1) * sizeof *a);
    a[0] = v;
    memcpy(a + 1, arg, (size_t)nargin * sizeof *a);
    return w ? w->f(nargin + 1, a) : nargin ? ew_apply(op, nargin + 1, a) : op1(op, v);
}

/* The result as a tensor of the receiver's size, or of one element. */
static struct tensor *fitted(value v, value r, sym method)
{
    char a[160], b[128];
    i64 dim[MAX_DIMS];
    if (!is_tensor_like(r))
        fail("Octave:nonconformant-args", "\1.%s: a %s cannot be written into numbers", method->text, value_describe(r, a));
    struct tensor *t = tensor_any(r);
    int nd = value_dims(v, dim), dt = value_dtype(v);
    if (dtype_is(t->dtype, DT_C) && !dtype_is(dt, DT_C)) {
        t = tensor_narrow(t);
        if (dtype_is(t->dtype, DT_C))
            fail("Octave:nonconformant-args", "\1.%s: the result is complex and \1 is real", method->text);
    }
    if (t->numel == 1 || dims_equal(nd, dim, t->nd, t->dim))
        return t;
    if (t->nd > nd)
        goto no;
    i64 stride[MAX_DIMS];                     /* a row or column over the whole receiver */
    for (int d = 0; d < nd; d++) {
        i64 n = d < t->nd ? t->dim[d] : 1;
        if (n != dim[d] && n != 1)
            goto no;
        stride[d] = n == 1 ? 0 : t->stride[d];
    }
    return tensor_clone(tensor_alias(t, nd, dim, stride, 0));
no:
    fail("Octave:nonconformant-args", "\1.%s: \1 is %s and keeps its size; what is to be written is %s", method->text,
         dims_text(nd, dim, a), tensor_shape(t, b));
}

static void check_writable(value v, sym method)
{
    char what[160];
    if (!is_tensor_like(v))
        fail("Octave:undefined-function", "\1.%s: a %s holds no numbers to write", method->text, value_describe(v, what));
    if (v.kind == K_WINDOW && shows_twice(v.w))
        fail("tl:window-shows-twice",
             "\1.%s: this window shows elements more than once; it can only be written by index", method->text);
}

/* What needs no temporary: the receiver is dense, real, floating and alone or a window; so are the arguments.  x = x *
 * a + b * y. */
static bool quick(value *slot, sym method, int nargin, const value *arg)
{
    if (RECORDING)
        return false;
    if ((slot->kind != K_TENSOR && slot->kind != K_WINDOW) || value_device(*slot))
        return false;
    struct tensor view, *t = tensor_see(*slot, &view);
    double a = 1, b = 0, k = 1;
    const char *m = method->text;
    if ((t->dtype != D_DOUBLE && t->dtype != D_SINGLE) || t->mark || t->device)
        return false;
    if (slot->kind == K_WINDOW) {             /* dense windows: getParameters' are */
        i64 s = 1;
        for (int d = 0; d < t->nd; d++) {
            if (t->dim[d] != 1 && t->stride[d] != s)
                return false;
            s *= t->dim[d];
        }
    }
    const value *y = NULL;
    if (!strcmp(m, "zero_") && nargin == 0)
        a = 0;
    else if (!strcmp(m, "fill_") && nargin == 1 && arg->tag == 0)
        a = 0, b = arg->num;
    else if (!strcmp(m, "mul_") && nargin == 1 && arg->tag == 0)
        a = arg->num;
    else if (!strcmp(m, "add_") && nargin == 1 && arg->tag == 0)
        b = arg->num;
    else if (!strcmp(m, "add_") && nargin == 2 && arg->tag == 0)
        k = arg->num, y = &arg[1];
    else if (!strcmp(m, "add_") && nargin == 1)
        y = &arg[0];
    else
        return false;
    struct tensor yview, *u = NULL;
    if (y) {
        if ((y->kind != K_TENSOR && y->kind != K_WINDOW) || value_device(*y))
            return false;
        u = tensor_see(*y, &yview);
        if (u->dtype != t->dtype || u->mark || u->device || !dims_equal(t->nd, t->dim, u->nd, u->dim))
            return false;
        i64 s = 1;
        for (int d = 0; d < u->nd; d++) {
            if (u->dim[d] != 1 && u->stride[d] != s)
                return false;
            s *= u->dim[d];
        }
    }
    if (slot->kind == K_WINDOW)
        window_left(slot->w);
    struct tensor *base = slot->kind == K_WINDOW ? slot->w->base : own_tensor(slot);
    own_block(base);                          /* y read afresh: it may have moved with the base */
    if (y) {
        u = tensor_see(*y, &yview);
        if (u->data != (slot->kind == K_WINDOW ? window_data(slot->w) : base->data) && u->block && u->block == base->block)
            return false;                     /* overlaps elsewhere */
        if (!base->block && y->kind == K_WINDOW && y->w->base == base &&
            window_data(y->w) != (slot->kind == K_WINDOW ? window_data(slot->w) : base->data))
            return false;
    }
    i64 n = t->numel;
    char *to = slot->kind == K_WINDOW ? window_data(slot->w) : base->data;
#define LOOP(T)                                                                                   \
    do {                                                                                          \
        T *x = (T *)to;                                                                           \
        if (a == 0)                                                                               \
            for (i64 i = 0; i < n; i++)                                                           \
                x[i] = (T)b;                                                                      \
        else if (u && k == 1)                                                                     \
            for (i64 i = 0; i < n; i++)                                                           \
                x[i] += ((const T *)u->data)[i];                                                  \
        else if (u)                                                                               \
            for (i64 i = 0; i < n; i++)                                                           \
                x[i] += (T)k * ((const T *)u->data)[i];                                           \
        else if (a != 1)                                                                          \
            for (i64 i = 0; i < n; i++)                                                           \
                x[i] *= (T)a;                                                                     \
        else                                                                                      \
            for (i64 i = 0; i < n; i++)                                                           \
                x[i] += (T)b;                                                                     \
    } while (0)
    poll();
    if (!strcmp(m, "mul_") && a == 0)         /* 0 * NaN is NaN: the general way */
        return false;
    if (base->dtype == D_DOUBLE)
        LOOP(double);
    else
        LOOP(float);
    base->version++;
    return true;
}

bool place_inplace(value *root, int nstep, const struct step *step, sym method, int nargin, const value *arg)
{
    int mark = pool_mark(), nbox;
    value *box = scratch((size_t)(nstep + 1) * sizeof *box), v = place_get(root, nstep, step);
    check_writable(v, method);
    if (v.kind == K_WINDOW) {
        if (!quick(&v, method, nargin, arg))
            place_write(&v, fitted(v, compute(v, method, nargin, arg), method));
        pool_release(mark);
        return true;
    }
    if (nstep && step[nstep - 1].kind == STEP_PAREN) {
        warn("tl:in-place-copy", "%s on an indexed value changes a copy; A.select(…).%s or A(…) = … changes A",
             method->text, method->text);
        fitted(v, compute(v, method, nargin, arg), method);
        pool_release(mark);
        return false;
    }
    if (nstep == 0 && quick(root, method, nargin, arg)) {
        pool_release(mark);
        return true;
    }
    struct tensor *r = fitted(v, compute(v, method, nargin, arg), method);
    value *slot = place_walk(root, nstep, step, box, &nbox);
    if (!slot) {
        warn("tl:in-place-copy", "%s changes a copy here that nobody sees", method->text);
        pool_release(mark);
        return false;
    }
    place_write(slot, r);
    pool_release(mark);
    return true;
}

value inplace_method(value v, sym method, int nargin, const value *arg)
{
    check_writable(v, method);
    struct tensor *r = fitted(v, compute(v, method, nargin, arg), method);
    if (v.kind == K_WINDOW) {
        place_write(&v, r);
        return v;
    }
    struct cell *c = cell_2d(1, 1);
    cell_set(c, 0, clone(v));
    place_write(&c->v[0], r);
    return c->v[0];
}

/* ---- asking about memory */

BUILTIN(isshared, 1, 1, 1, NO_GRAD,
    "t = isshared(x)\n\n"
    "True when x is a window on other memory, or when there are windows on x: then writing into one shows in the other.\n\n"
    "Example:\n  A = zeros(2);\n  isshared(A)\n  ans = 0\n  v = A.select(2, 1);\n  [isshared(A) isshared(v) isshared(v "
    "+ 0)]\n  ans =\n    1  1  0\n\n"
    "See also: clone, stride, storageOffset")
{
    result_bool(c, 0, isshared(c->arg[0]));
}

BUILTIN(clone, 1, 1, 1, clone_grad,
    "y = clone(x)\n\n"
    "A copy with memory of its own: a window becomes a plain array; in a cell or struct every leaf is copied. Objects "
    "make a copy as their class does.\n\n"
    "Example:\n  A = zeros(1, 3);\n  v = A.narrow(2, 1, 2);\n  w = clone(v);\n  w(1) = 5;\n  A\n  A =\n     0   0   0\n\n"
    "See also: isshared")
{
    result(c, 0, clone(c->arg[0]));
}

static struct tensor *seen(struct call *c, struct tensor *view)
{
    if (c->arg[0].kind == K_WINDOW)
        return tensor_see(c->arg[0], view);
    return arg_tensor(c, 0);
}

BUILTIN(stride, 1, 2, 1, grad_zero,
    "s = stride(x)\n"
    "s = stride(x, d)\n\n"
    "How many elements apart in memory neighbours along each dimension (or along dimension d) are.\n\n"
    "Example:\n  A = zeros(3, 4);\n  stride(A)\n  ans =\n     1   3\n  stride(A.t())\n  ans =\n     3   1\n\n"
    "See also: storageOffset, isContiguous")
{
    struct tensor view, *t = seen(c, &view);
    if (c->nargin > 1) {
        result_num(c, 0, (double)t->stride[arg_int(c, 1, 1, t->nd) - 1]);
        return;
    }
    struct tensor *r = tensor_2d(D_DOUBLE, 1, t->nd);
    for (int d = 0; d < t->nd; d++)
        ((double *)r->data)[d] = (double)t->stride[d];
    result_tensor(c, 0, r);
}

BUILTIN(storageOffset, 1, 1, 1, grad_zero,
    "k = storageOffset(x)\n\n"
    "The position, from 1, of the first element of the window x in the memory it is a window on; 1 for what is no window.\n\n"
    "Example:\n  A = zeros(3, 4);\n  storageOffset(A.select(2, 3))\n  ans = 7\n\n"
    "See also: stride, isshared")
{
    struct tensor view;
    seen(c, &view);
    result_num(c, 0, c->arg[0].kind == K_WINDOW ? (double)c->arg[0].w->offset + 1 : 1);
}

BUILTIN(isContiguous, 1, 1, 1, NO_GRAD,
    "t = isContiguous(x)\n\n"
    "True when the elements of x lie one after another in memory, in column-major order.\n\n"
    "Example:\n  A = zeros(3, 4);\n  [isContiguous(A.select(2, 1)) isContiguous(A.select(1, 1))]\n  ans =\n    1  0\n\n"
    "See also: stride, contiguous")
{
    struct tensor view, *t = seen(c, &view);
    i64 s = 1;
    bool dense = true;
    for (int d = 0; d < t->nd && t->numel; d++) {
        dense = dense && (t->dim[d] == 1 || t->stride[d] == s);
        s *= t->dim[d];
    }
    result_bool(c, 0, dense);
}

BUILTIN(contiguous, 1, 1, 1, NO_GRAD,
    "y = contiguous(x)\n\n"
    "x with its elements one after another in memory: a window with gaps and a transpose become copies, all else stays "
    "what it is.\n\n"
    "Example:\n  A = zeros(3, 4);\n  stride(contiguous(A.select(1, 1)))\n  ans =\n     1   1\n\n"
    "See also: isContiguous, clone")
{
    struct tensor view, *t = seen(c, &view);
    if (c->arg[0].kind != K_WINDOW) {         /* a transpose is laid out */
        result(c, 0, c->arg[0].kind == K_TENSOR ? tensor_value(tensor_dense(t)) : c->arg[0]);
        return;
    }
    i64 s = 1;
    bool dense = true;
    for (int d = 0; d < t->nd && t->numel; d++) {
        dense = dense && (t->dim[d] == 1 || t->stride[d] == s);
        s *= t->dim[d];
    }
    result(c, 0, dense ? c->arg[0] : clone(c->arg[0]));
}

BUILTIN(dim, 1, 1, 1, grad_zero,
    "n = dim(x)\n\n"
    "The number of dimensions of x, as ndims.\n\n"
    "Example:\n  dim(zeros(2, 3, 4))\n  ans = 3\n\n"
    "See also: ndims, size, nElement")
{
    i64 d[MAX_DIMS];
    result_num(c, 0, value_dims(c->arg[0], d));
}

BUILTIN(nElement, 1, 1, 1, grad_zero,
    "n = nElement(x)\n\n"
    "The number of elements of x, as numel.\n\n"
    "Example:\n  nElement(zeros(2, 3))\n  ans = 6\n\n"
    "See also: numel, dim")
{
    result_num(c, 0, (double)value_numel(c->arg[0]));
}

BUILTIN(elementSize, 1, 1, 1, grad_zero,
    "n = elementSize(x)\n\n"
    "Bytes of one element of x.\n\n"
    "Example:\n  elementSize(single(1))\n  ans = 4\n\n"
    "See also: class, nElement")
{
    struct tensor view;
    result_num(c, 0, dtypes[seen(c, &view)->dtype].size);
}

BUILTIN(isSameSizeAs, 2, 2, 1, NO_GRAD,
    "t = isSameSizeAs(x, y)\n\n"
    "True when x and y have the same sizes.\n\n"
    "Example:\n  isSameSizeAs(zeros(2, 3), ones(2, 3))\n  ans = 1\n\n"
    "See also: size, isSetTo")
{
    i64 a[MAX_DIMS], b[MAX_DIMS];
    int n = value_dims(c->arg[0], a);
    result_bool(c, 0, dims_equal(n, a, value_dims(c->arg[1], b), b));
}

BUILTIN(isSetTo, 2, 2, 1, NO_GRAD,
    "t = isSetTo(v, w)\n\n"
    "True when v and w are windows that show the same elements of the same memory in the same way.\n\n"
    "Example:\n  A = zeros(2, 3);\n  isSetTo(A.t(), A.t())\n  ans = 1\n  isSetTo(A.t(), A.select(1, 1))\n  ans = 0\n\n"
    "See also: isshared, stride")
{
    value a = c->arg[0], b = c->arg[1];
    bool same = a.kind == K_WINDOW && b.kind == K_WINDOW && a.w->base == b.w->base && a.w->offset == b.w->offset &&
                dims_equal(a.w->nd, a.w->dim, b.w->nd, b.w->dim) && dims_equal(a.w->nd, a.w->stride, b.w->nd, b.w->stride);
    result_bool(c, 0, same);
}
