/* SPDX-License-Identifier: BSD-3-Clause */
/* gpu_call.c: builtins with an argument on a device, by the rows of gpu_calls.def.
 *
 * A row stands in for the builtin's body, so the tape records the call as always and the derivative, made of builtins,
 * runs on the device too.  Functions that put elements in other places (repmat, triu …) are run on the CPU on a tensor
 * of positions with 0 for what is new, and the device gathers: one mechanism for all of them. */
#include "config.h"
#include "context.h"
#include "ew.h"
#include "gpu.h"
#include "index.h"
#include "sparse.h"
#include <math.h>

typedef void handler(struct call *c);
struct row { const char *name; char how; handler *run; const struct builtin *fn; struct builtin shadow; };
static struct row *row_of(const struct builtin *fn);

static int first_there(struct call *c)
{
    for (int i = 0; i < c->nargin; i++)
        if (value_device(c->arg[i]))
            return i;
    return -1;
}

static void original(struct call *c, value *arg, bool door)
{
    struct call inner = *c;
    struct context_head *h = context_head();
    bool before = h->door;
    inner.fn = row_of(c->fn)->fn;
    inner.arg = arg;
    h->door = door;
    inner.fn->run(&inner);
    h->door = before;
}

static value *arguments_home(struct call *c, int from)
{
    value *arg = scratch(sizeof *arg * (size_t)(c->nargin + 1));
    for (int i = 0; i < c->nargin; i++)
        arg[i] = i < from ? c->arg[i] : gpu_read_value(c->arg[i], c->fn->name);
    return arg;
}

static void by_header(struct call *c) { original(c, arguments_home(c, 1), value_device(c->arg[0]) != 0); }
static void as_it_is(struct call *c) { original(c, c->arg, true); }
static void at_home(struct call *c) { original(c, arguments_home(c, 0), false); }

static void back(struct call *c, int device)              /* results go where the arguments were, but for text */
{
    for (int k = 0; k < MAX(1, c->nargout); k++)
        if (is_tensor_like(c->out[k]) && value_dtype(c->out[k]) != D_CHAR)
            result(c, k, tensor_box(gpu_put(device, tensor_of(c->out[k]))));
}
static void home_and_back(struct call *c)
{
    int device = value_device(c->arg[MAX(first_there(c), 0)]);
    at_home(c);
    back(c, device);
}

/* ---- positions */
static value gathered(struct tensor *t, value at)         /* t's elements at these positions, from 1; 0 where there is none */
{
    if (at.kind == K_CELL) {
        struct cell *c = cell_new(at.cell->nd, at.cell->dim);
        for (i64 i = 0; i < c->numel; i++)
            cell_set(c, i, gathered(t, at.cell->v[i]));
        return cell_value(c);
    }
    struct tensor *p = tensor_dense(tensor_cast(tensor_of(at), D_DOUBLE));
    bool holes = false;
    for (i64 i = 0; i < p->numel && !holes; i++)
        holes = ((double *)p->data)[i] == 0;
    if (!holes && t->numel) {
        value all = tensor_box(tensor_reshape(p, 2, (i64[]){ p->numel, 1 }));
        struct tensor *y = tensor_any(gpu_index(tensor_box(t), 1, &all));
        return tensor_box(tensor_reshape(y, p->nd, p->dim));
    }
    struct tensor *y = gpu_filled(t->device, t->dtype, p->nd, p->dim, 0);
    i64 n = 0;
    for (i64 i = 0; i < p->numel; i++)
        n += ((double *)p->data)[i] != 0;
    if (!n)
        return tensor_box(y);
    struct tensor *from = tensor_2d(D_DOUBLE, n, 1), *to = tensor_2d(D_DOUBLE, n, 1);
    for (i64 i = 0, k = 0; i < p->numel; i++)
        if (((double *)p->data)[i] != 0) {
            ((double *)from->data)[k] = ((double *)p->data)[i];
            ((double *)to->data)[k++] = (double)(i + 1);
        }
    value f = tensor_box(from), target = tensor_box(to);
    gpu_place(y, 1, &target, tensor_any(gpu_index(tensor_box(t), 1, &f)));
    return tensor_box(y);
}

static void by_places(struct call *c)
{
    int which = first_there(c);
    if (which) {                              /* sizes and the like alone are there */
        at_home(c);
        return;
    }
    struct tensor *t = tensor_any(c->arg[which]);
    value *arg = arguments_home(c, 0);
    struct tensor *at = tensor_new(D_DOUBLE, t->nd, t->dim);
    for (i64 i = 0; i < at->numel; i++)
        ((double *)at->data)[i] = (double)(i + 1);
    for (int i = 0; i < c->nargin; i++)
        if (i != which && value_device(c->arg[i]) && value_numel(c->arg[i]) > 1) {
            home_and_back(c);
            return;
        }
    arg[which] = tensor_box(at);
    original(c, arg, false);
    for (int k = 0; k < MAX(1, c->nargout); k++)
        if (!is_nil(c->out[k]))
            result(c, k, gathered(t, c->out[k]));
}

static void by_form(struct call *c)
{
    if (!call_carried_on(c, "device_form", c->nargin))
        home_and_back(c);
}

static void logical(struct call *c)           /* a NaN is told later */
{
    struct tensor *t = tensor_any(c->arg[0]);
    if (dtype_is(t->dtype, DT_C | DT_T))
        fail_arg(c, 0, "real numbers");
    result(c, 0, tensor_box(t->dtype == D_LOGICAL ? t : gpu_clone(t, D_LOGICAL)));
}

/* ---- find */
static void find(struct call *c)
{
    struct tensor *x = tensor_any(c->arg[0]);
    if (c->nargout > 2) {
        home_and_back(c);
        return;
    }
    struct tensor *m = x->dtype == D_LOGICAL ? x : tensor_any(ew_apply(EW_ne, 2, (value[]){ c->arg[0], num(0) }));
    value *arg = arguments_home(c, 1);
    arg[0] = tensor_box(
        gpu_read(m, "find")); /* positions are few and found in one pass of bytes; their count is a wait anyway */
    original(c, arg, false);
    back(c, x->device);
}

/* y(index) += v for a y of zeros like x, of scripts/device_form.tl: the adjoint of reading. */
BUILTIN(device_add, 3, 3, 1, grad_zero, "")
{
    result(c, 0, gpu_index_add(c->arg[0], 1, &c->arg[1], c->arg[2]));
}

/* ---- linear algebra */
static struct tensor *matrix(struct call *c, int i)       /* floating, 2-d, dense, on the device */
{
    struct tensor *t = tensor_any(c->arg[i]);
    if (!t->device)
        t = gpu_put(value_device(c->arg[first_there(c)]), t);
    if (t->nd > 2)
        fail_arg(c, i, "a matrix (two dimensions)");
    return gpu_dense(dtype_is(t->dtype, DT_F) ? t : gpu_clone(t, D_DOUBLE));
}
static struct tensor *square(struct call *c)
{
    struct tensor *a = matrix(c, 0);
    char s[128];
    if (a->dim[0] != a->dim[1])
        fail("Octave:nonconformant-args", "%s: argument must be a square matrix, but is %s",
             !strcmp(c->fn->name, "inv") ? "inverse" : c->fn->name, tensor_shape(a, s));
    return a;
}
/* False: asked for more than a device has, and the CPU has done it. */
static bool few_results(struct call *c, int most, int options)
{
    if (c->nargout <= most && c->nargin <= 1 + options)
        return true;
    home_and_back(c);
    return false;
}
static struct tensor *there(struct tensor *like, int dtype, i64 m, i64 n)
{
    return gpu_new(like->device, dtype, 2, (i64[]){ m, n });
}
static void work(struct tensor *a, enum dev_call what, int n, struct tensor **out, struct tensor *in, const double *num)
{
    struct dev_arg to[3] = { { .p = NULL } }, from = gpu_arg(in);
    for (int k = 0; k < n; k++)
        if (out[k])
            to[k] = gpu_arg(out[k]);
    gpu_do(a->device, what, to, &from, num);
}

static void inverse(struct call *c)
{
    if (!few_results(c, 1, 0))
        return;
    struct tensor *a = square(c);
    result(c, 0, tensor_box(gpu_inverse(a)));
}
static void determinant(struct call *c)
{
    if (!few_results(c, 1, 0))
        return;
    struct tensor *a = square(c), *d = there(a, a->dtype, 1, 1);
    if (a->numel)
        work(a, DEV_det, 1, &d, a, NULL);
    else
        d = gpu_filled(a->device, a->dtype, 2, (i64[]){ 1, 1 }, 1);
    result(c, 0, tensor_box(d));
}
static value from_1(struct tensor *t)
{
    return ew_apply(EW_plus, 2, (value[]){ tensor_box(gpu_clone(t, D_DOUBLE)), num(1) });
}
static void lu(struct call *c)
{
    if (c->nargout < 2) {                     /* both in one matrix */
        home_and_back(c);
        return;
    }
    if (!few_results(c, 3, 1))
        return;
    bool vector = has_arg(c, 1) && arg_option(c, 1, (const char *const[]){ "vector", NULL }) == 0;
    struct tensor *a = matrix(c, 0);
    i64 m = a->dim[0], n = a->dim[1], k = MIN(m, n);
    struct tensor *y[3] = { there(a, a->dtype, m, k), there(a, a->dtype, k, n), there(a, D_INT64, m, 1) };
    if (k)
        work(a, DEV_lu, 3, y, a, NULL);
    else
        y[2] = tensor_any(gpu_moved(tensor_box(tensor_2d(D_INT64, 0, 1)), a->device));
    value p = from_1(y[2]), all[2] = { gpu_read_value(p, "lu"), colon() };
    struct tensor *eye = gpu_identity(a->device, D_DOUBLE, m, m);
    result(c, 1, tensor_box(y[1]));
    if (c->nargout == 2) {                    /* the exchanges go into L: rows back where A had them */
        struct tensor *l = gpu_new(a->device, a->dtype, 2, (i64[]){ m, k });
        gpu_place(l, 2, all, y[0]);
        result(c, 0, tensor_box(l));
        return;
    }
    result(c, 0, tensor_box(y[0]));
    result(c, 2, vector ? p : gpu_index(tensor_box(eye), 2, all));
}
static void chol(struct call *c)
{
    if (!few_results(c, 1, 1))
        return;
    bool lower = has_arg(c, 1) && arg_option(c, 1, (const char *const[]){ "upper", "lower", NULL }) == 1;
    struct tensor *a = square(c), *r = there(a, a->dtype, a->dim[0], a->dim[0]);
    if (a->numel)
        work(a, DEV_chol, 1, &r, a, (double[]){ lower });
    result(c, 0, tensor_box(r));
}
static bool economy(struct call *c)
{
    if (!has_arg(c, 1))
        return false;
    if (arg_is_text(c, 1))
        arg_option(c, 1, (const char *const[]){ "econ", NULL });
    else if (value_device(c->arg[1]) || value_numel(c->arg[1]) != 1 || arg_num(c, 1) != 0)
        fail("tl:device", "%s: on gpu %d its second argument is 0 or \"econ\"; use cpu(x)", c->fn->name,
             value_device(c->arg[MAX(first_there(c), 0)]));
    return true;
}
static void qr(struct call *c)
{
    if (!few_results(c, 2, 1))
        return;
    struct tensor *a = matrix(c, 0);
    bool few = economy(c);
    i64 m = a->dim[0], n = a->dim[1], k = few ? MIN(m, n) : m;
    struct tensor *y[2] = { there(a, a->dtype, m, k), there(a, a->dtype, k, n) };
    if (a->numel)
        work(a, DEV_qr, 2, y, a, (double[]){ few });
    result(c, 0, tensor_box(y[c->nargout < 2]));
    result(c, 1, tensor_box(y[1]));
}
static value diagonal(struct tensor *s, i64 m, i64 n)
{
    struct tensor *t = gpu_filled(s->device, s->dtype, 2, (i64[]){ m, n }, 0), d = *t;
    i64 dim[2] = { s->numel, 1 }, stride[2] = { m + 1, 0 };
    d.dim = dim;
    d.stride = stride;
    d.flags = 0;
    d.numel = s->numel;
    gpu_copy(&d, s);
    return tensor_box(t);
}
static void svd(struct call *c)
{
    if (!few_results(c, 3, 1))
        return;
    struct tensor *a = matrix(c, 0);
    bool few = has_arg(c, 1), all = c->nargout > 1;
    if (few && economy(c) && !arg_is_text(c, 1))
        few = a->dim[0] >= a->dim[1];
    i64 m = a->dim[0], n = a->dim[1], k = MIN(m, n);
    struct tensor *y[3] = { all ? there(a, a->dtype, m, few ? k : m) : NULL, there(a, dtype_real(a->dtype), k, 1),
                            all ? there(a, a->dtype, n, few ? k : n) : NULL };
    if (a->numel)
        work(a, DEV_svd, 3, y, a, (double[]){ few });
    if (!all) {
        result(c, 0, tensor_box(y[1]));
        return;
    }
    result(c, 0, tensor_box(y[0]));
    result(c, 1, diagonal(y[1], few ? k : m, few ? k : n));
    result(c, 2, tensor_box(y[2]));
}
static void eig(struct call *c)
{
    if (!few_results(c, 2, 0))
        return;
    struct tensor *a = square(c), *t = gpu_dense(tensor_transpose(a));
    bool all = c->nargout > 1;
    i64 n = a->dim[0];
    value same = ew_apply(EW_eq, 2, (value[]){ tensor_box(a), tensor_box(t) });
    bool symmetric =
        !dtype_is(a->dtype, DT_C) && (!n || value_true(same)); /* a wait: the two methods have results of two classes */
    if (!symmetric) {                         /* an iteration of small steps that no library does there */
        home_and_back(c);
        return;
    }
    struct tensor *y[2] = { all ? there(a, a->dtype, n, n) : NULL, there(a, a->dtype, n, 1) };
    if (n)
        work(a, DEV_eig, 2, y, a, (double[]){ 0 });
    result(c, 0, all ? tensor_box(y[0]) : tensor_box(y[1]));
    if (all)
        result(c, 1, diagonal(y[1], n, n));
}

/* ---- along a dimension */
static int dimension(struct call *c, int i, struct tensor *t)
{
    if (!has_arg(c, i) || value_numel(c->arg[i]) == 0)
        return first_long_dim(t);
    double x = arg_num(&(struct call){ c->fn, c->nargin, c->nargout, arguments_home(c, 1), c->out }, i);
    if (x != floor(x) || x < 1 || x > MAX_DIMS)
        fail("Octave:invalid-input-arg", "%s: DIM must be a valid dimension (1, 2, … %d), but is %g", c->fn->name,
             MAX_DIMS, x);
    return (int)x;
}
static void whole(struct dev_arg *a, int d)               /* so that dimension d is there */
{
    for (; a->nd < d; a->nd++)
        a->dim[a->nd] = 1, a->stride[a->nd] = 0;
}
static void fft(struct call *c)
{
    bool back_ = c->fn->name[0] == 'i';
    struct tensor *x = tensor_any(c->arg[0]);
    x = dtype_is(x->dtype, DT_F) ? x : gpu_clone(x, D_DOUBLE);
    value *arg = arguments_home(c, 1);
    struct call inner = { c->fn, c->nargin, c->nargout, arg, c->out };
    int d = dimension(c, 2, x);
    i64 dim[MAX_DIMS], n = d <= x->nd ? x->dim[d - 1] : 1;
    for (int k = 0; k < MAX(d, x->nd); k++)
        dim[k] = k < x->nd ? x->dim[k] : 1;
    if (has_arg(c, 1) && value_numel(arg[1]))
        n = arg_int(&inner, 1, 0, (i64)1 << 53);
    dim[d - 1] = n;
    struct tensor *y = gpu_new(x->device, dtype_complex(x->dtype), MAX(d, x->nd), dim);
    struct dev_arg out = gpu_arg(y), in = gpu_arg(x);
    whole(&out, d);
    whole(&in, d);
    if (y->numel && x->numel)
        gpu_do(x->device, DEV_fft, &out, &in, (double[]){ d - 1, back_, 0 });
    else if (y->numel)
        y = gpu_filled(x->device, y->dtype, MAX(d, x->nd), dim, 0);
    result(c, 0, tensor_box(y));
}
static void sort(struct call *c)
{
    struct tensor *x = tensor_any(c->arg[0]);
    bool down = false;
    int d = 0;
    for (int i = 1; i < c->nargin; i++)
        if (arg_is_text(c, i))
            down = arg_option(c, i, (const char *const[]){ "ascend", "descend", NULL }) == 1;
        else
            d = dimension(c, i, x);
    d = d ? d : first_long_dim(x);
    struct tensor *y = gpu_new(x->device, x->dtype, x->nd, x->dim),
                  *k = wants(c, 1) ? gpu_new(x->device, D_INT64, x->nd, x->dim) : NULL;
    struct dev_arg out[2] = { gpu_arg(y) }, in = gpu_arg(x);
    if (k)
        out[1] = gpu_arg(k);
    if (x->numel && d <= x->nd) {
        gpu_do(x->device, DEV_sort, out, &in, (double[]){ d - 1, down });
    } else {
        gpu_copy(y, x);
        k = k ? gpu_filled(x->device, D_INT64, x->nd, x->dim, 0) : NULL;
    }
    result(c, 0, tensor_box(y));
    if (k)
        result(c, 1, from_1(k));
}
static void topk(struct call *c)
{
    struct tensor *x = tensor_any(c->arg[0]);
    value *arg = arguments_home(c, 1);
    struct call inner = { c->fn, c->nargin, c->nargout, arg, c->out };
    int d = dimension(c, 2, x);
    i64 dim[MAX_DIMS], n = arg_int(&inner, 1, 0, d <= x->nd ? x->dim[d - 1] : 1);
    bool smallest = c->nargin > 3 && !arg_bool(&inner, 3);
    if (d > x->nd) {
        home_and_back(c);
        return;
    }
    memcpy(dim, x->dim, sizeof *dim * x->nd);
    dim[d - 1] = n;
    struct tensor *y = gpu_new(x->device, x->dtype, x->nd, dim), *k = gpu_new(x->device, D_INT64, x->nd, dim);
    struct dev_arg out[2] = { gpu_arg(y), gpu_arg(k) }, in = gpu_arg(x);
    whole(&out[0], d);
    whole(&out[1], d);
    if (y->numel)
        gpu_do(x->device, DEV_topk, out, &in, (double[]){ d - 1, (double)n, !smallest });
    result(c, 0, tensor_box(y));
    result(c, 1, from_1(k));
}
static void scan(struct call *c)
{
    static const char *const names[] = { "cumsum", "cumprod", "cummax", "cummin" };
    struct tensor *x = tensor_any(c->arg[0]);
    int how = 0, d = dimension(c, 1, x);
    while (strcmp(names[how], c->fn->name))
        how++;
    if (c->nargout > 1) {                     /* and where the extreme stood */
        home_and_back(c);
        return;
    }
    if (how < 2 && !dtype_is(x->dtype, DT_F))
        x = gpu_clone(x, D_DOUBLE);
    struct tensor *y = gpu_new(x->device, x->dtype, x->nd, x->dim);
    struct dev_arg out = gpu_arg(y), in = gpu_arg(x);
    if (y->numel && d <= x->nd)
        gpu_do(x->device, DEV_scan, &out, &in, (double[]){ d - 1, how });
    else
        gpu_copy(y, x);
    result(c, 0, tensor_box(y));
}
static void trace(struct call *c)
{
    struct tensor *a = square(c), d = *a;
    i64 dim[2] = { a->dim[0], 1 }, stride[2] = { a->dim[0] + 1, 0 };
    d.dim = dim;
    d.stride = stride;
    d.flags = 0;
    d.numel = dim[0];
    struct tensor *x = gpu_new(a->device, a->dtype, 2, dim);
    gpu_copy(x, &d);
    result(c, 0, reduce_apply(RED_sum, tensor_box(x), 1));
}
static void norm(struct call *c)              /* of vectors, and 'fro' */
{
    struct tensor *a = tensor_any(c->arg[0]);
    bool fro = c->nargin > 1 && arg_is_text(c, 1);
    double p = 2;
    if (fro && arg_option(c, 1, (const char *const[]){ "fro", "inf", NULL }) == 1)
        fro = false, p = INFINITY;
    else if (c->nargin > 1 && !fro)
        p = arg_num(&(struct call){ c->fn, c->nargin, c->nargout, arguments_home(c, 1), c->out }, 1);
    bool vector = a->nd == 2 && (a->dim[0] == 1 || a->dim[1] == 1);
    if (c->nargin > 2 || !a->numel || a->nd > 2 || (!fro && !vector && p != 1 && p != 2 && p != INFINITY)) {
        home_and_back(c);
        return;
    }
    if (!dtype_is(a->dtype, DT_F))
        a = gpu_clone(a, D_DOUBLE);
    if (!fro && !vector && a->numel) {        /* of a matrix: the largest singular value, or sum of a column or row */
        value m = tensor_box(a);
        struct tensor *s = p == 2 ? there(a, dtype_real(a->dtype), MIN(a->dim[0], a->dim[1]), 1) : NULL;
        if (s)
            work(a, DEV_svd, 3, (struct tensor *[]){ NULL, s, NULL }, gpu_dense(a), (double[]){ 0 });
        result(c, 0, reduce_apply(RED_max, s ? tensor_box(s) : reduce_apply(RED_sum, ew_apply(EW_abs, 1, &m), p == 1 ? 1 : 2), p == 1 ? 2 : 1));
        return;
    }
    value x = ew_apply(EW_abs, 1, (value[]){ tensor_box(tensor_reshape(gpu_dense(a), 2, (i64[]){ a->numel, 1 })) }), y;
    if (isinf(p) || p == 1) {
        y = reduce_apply(p == 1 ? RED_sum : p > 0 ? RED_max : RED_min, x, 1);
    } else if (p == 2 || fro) {               /* scaled by the largest: no overflow */
        value top = reduce_apply(RED_max, x, 1),
              one = ew_apply(EW_plus, 2, (value[]){ top, ew_apply(EW_eq, 2, (value[]){ top, num(0) }) });
        value z = ew_apply(EW_rdivide, 2, (value[]){ x, one });
        y = ew_apply(EW_times, 2, (value[]){ one, ew_apply(EW_realsqrt, 1, (value[]){ reduce_apply(RED_sumsq, z, 1) }) });
    } else {
        y = ew_apply(
            EW_realpow, 2,
            (value[]){ reduce_apply(RED_sum, ew_apply(EW_realpow, 2, (value[]){ x, num(p) }), 1), num(1 / p) });
    }
    result(c, 0, y);
}
static void dot(struct call *c)
{
    struct tensor *x = tensor_any(c->arg[0]), *y = tensor_any(c->arg[1]);
    char s[128], t[128];
    bool vectors = x->nd == 2 && y->nd == 2 && (x->dim[0] == 1 || x->dim[1] == 1) && (y->dim[0] == 1 || y->dim[1] == 1);
    if (x->numel != y->numel || ((!vectors || c->nargin > 2) && !dims_equal(x->nd, x->dim, y->nd, y->dim)))
        fail("Octave:nonconformant-args", "dot: sizes of x (%s) and y (%s) must match", tensor_shape(x, s),
             tensor_shape(y, t));
    value a = c->arg[0], b = c->arg[1];
    gpu_common("dot", 2, c->arg);
    if (vectors && c->nargin < 3) {
        a = tensor_box(tensor_reshape(x, 2, (i64[]){ x->numel, 1 }));
        b = tensor_box(tensor_reshape(y, 2, (i64[]){ y->numel, 1 }));
    }
    if (dtype_is(x->dtype, DT_C))
        a = ew_apply(EW_conj, 1, &a);
    int dim = c->nargin > 2 ? dimension(c, 2, x) : first_long_dim(tensor_any(a));
    result(c, 0, reduce_apply(RED_sum, ew_apply(EW_times, 2, (value[]){ a, b }), dim));
}

/* ---- the table */
static struct row rows[] = {
#define H(name) { #name, 'H', by_header, NULL, { 0 } },
#define A(name) { #name, 'A', as_it_is, NULL, { 0 } },
#define W(name) { #name, 'W', at_home, NULL, { 0 } },
#define C(name) { #name, 'C', home_and_back, NULL, { 0 } },
#define S(name) { #name, 'S', by_form, NULL, { 0 } },
#define P(name) { #name, 'P', by_places, NULL, { 0 } },
#define G(name, function) { #name, 'G', function, NULL, { 0 } },
#include "gpu_calls.def"
};
/* By the address of the builtin, found once by name: the registry of an interpreter has copies of its own. */
enum { SEATS = 1024 };
static __thread struct { const struct builtin *fn; struct row *row; } seat[SEATS];

static bool same_name(const char *a, const char *b)       /* nn_reshape is nn.reshape */
{
    while (*a && (*a == *b || (*a == '_' && *b == '.')))
        a++, b++;
    return *a == *b;
}

static struct row *row_of(const struct builtin *fn)
{
    for (int i = 0; i < COUNT(rows); i++)
        if (fn == &rows[i].shadow)
            return &rows[i];
    unsigned at = (unsigned)(((uintptr_t)fn >> 4) * 2654435761u >> 16) % SEATS;
    if (seat[at].fn == fn)
        return seat[at].row;
    struct row *r = NULL;
    for (int i = 0; i < COUNT(rows) && !r; i++)
        if (same_name(rows[i].name, fn->name))
            r = &rows[i];
    seat[at].fn = fn;
    seat[at].row = r;
    return r;
}

/* What is there are counts and dimensions alone, of a function whose array is on the CPU: they come home. */
static bool beside_the_array(struct call *c, const struct row *r)
{
    if (value_device(c->arg[0]) || !(r->how == 'G' || ((r->how == 'S' || r->how == 'C') && value_numel(c->arg[0]) > 1)))
        return false;
    for (int i = 1; i < c->nargin; i++)
        if (value_device(c->arg[i]) && value_numel(c->arg[i]) > 1)
            return false;
    return true;
}

bool gpu_call(struct call *c)
{
    if (!gpu_among(c->nargin, c->arg))
        return false;
    struct context_head *h = context_head();
    const struct builtin *before = h->running;
    struct row *r = row_of(c->fn);
    struct call inner = *c;
    if (r && c->fn != &r->shadow) {
        r->fn = c->fn;
        r->shadow = *c->fn;
        r->shadow.run = beside_the_array(c, r) ? at_home : r->run;
        inner.fn = &r->shadow;
    }
    bool door = h->door;
    h->running = c->fn;
    h->door = false;
    if (RECORDING)
        RECORDING->call(&inner);
    else
        inner.fn->run(&inner);
    h->running = before;
    h->door = door;
    return true;
}

bool odd_call(struct call *c)
{
    return (context_head()->sparse && sparse_call(c)) || (context_head()->boards && gpu_call(c));
}
