/* SPDX-License-Identifier: BSD-3-Clause */
/* construct.c: arrays from sizes: zeros, ones, constants, ranges, spaced points.
 *
 * A constant (pi, Inf, eps, intmax …) is also a function of sizes; `filled` makes that array for all of them. */
#include "index.h"
#include "call.h"
#include "gpu.h"
#include "text.h"
#include <float.h>
#include <math.h>

/* An array of the sizes in the arguments from..nargin, each element x converted to dt. */
static void filled_from(struct call *c, int from, int nargin, int dt, double x)
{
    i64 dim[MAX_DIMS];
    int nd = arg_dims(c, from, nargin, dim);
    if (nargin <= from && !dtype_is(dt, DT_C) && dt != D_INT64 && dt != D_UINT64) {
        result(c, 0, num_of(dt, saturate(dt, x)));
        return;
    }
    if (x == 0) {
        result_tensor(c, 0, tensor_zeros(dt, nd, dim));
        return;
    }
    struct tensor *t = tensor_new(dt, nd, dim);
    char one[16];
    convert_run(dt, one, D_DOUBLE, &x, 1);
    struct nest all = {.nd = 1, .numel = t->numel, .n = {t->numel}, .stride = {1}};
    poll();
    nest_fill(&all, t->data, one, dtypes[dt].size);
    result_tensor(c, 0, t);
}

static bool filled_there(struct call *c, double x)       /* born on a device: nothing is brought there */
{
    struct call in;
    int device;
    i64 dim[MAX_DIMS];
    if (!gpu_born_call(c, &in, &device) || !device)
        return false;
    int n = in.nargin, dt = arg_class(&in, &n), nd = arg_dims(&in, 0, n, dim);
    result(c, 0, tensor_box(gpu_filled(device, dt < 0 ? D_DOUBLE : dt, nd, dim, x)));
    return true;
}

static void filled(struct call *c, double x)
{
    if (filled_there(c, x) || gpu_created(c))
        return;
    int n = c->nargin, dt = arg_class(c, &n);
    filled_from(c, 0, n, dt < 0 ? D_DOUBLE : dt, x);
}

static void filled_float(struct call *c, double x, double as_single)
{
    if (gpu_created(c))
        return;
    int n = c->nargin, dt = arg_class(c, &n);
    dt = dt < 0 ? D_DOUBLE : dtype_real(dt);
    if (dt != D_DOUBLE && dt != D_SINGLE)
        fail("Octave:invalid-input-arg", "%s: the class must be \"double\" or \"single\", not \"%s\"", c->fn->name,
             dtypes[dt].class);
    filled_from(c, 0, n, dt, dt == D_SINGLE ? as_single : x);
}

BUILTIN(zeros, 0, ANY, 1, grad_zero,
    "y = zeros(m, n, …)\n"
    "y = zeros(n)\n"
    "y = zeros([m n …])\n"
    "y = zeros(…, class)\n"
    "y = zeros(…, 'like', x)\n\n"
    "An array of zeros with these sizes, n x n for one size n; class is the name of a numeric class, by default "
    "\"double\".\n\n"
    "Example:\n  zeros(2, 3)\n  ans =\n     0   0   0\n     0   0   0\n  class(zeros(2, 'int8'))\n  ans = int8\n\n"
    "See also: ones, eye, cell, rand")
{
    filled(c, 0);
}

BUILTIN(ones, 0, ANY, 1, grad_zero,
    "y = ones(m, n, …)\n"
    "y = ones(n)\n"
    "y = ones([m n …])\n"
    "y = ones(…, class)\n"
    "y = ones(…, 'like', x)\n\n"
    "An array of ones with these sizes, n x n for one size n; class is the name of a numeric class, by default "
    "\"double\".\n\n"
    "Example:\n  3 * ones(1, 4)\n  ans =\n     3   3   3   3\n\n"
    "See also: zeros, eye, repmat")
{
    filled(c, 1);
}

BUILTIN(eye, 0, 4, 1, grad_zero,
    "A = eye(n)\n"
    "A = eye(m, n)\n"
    "A = eye([m n])\n"
    "A = eye(…, class)\n\n"
    "The identity matrix: ones on the diagonal, zeros elsewhere; n x n, or m x n.\n\n"
    "Example:\n  eye(2)\n  ans =\n     1   0\n     0   1\n\n"
    "See also: diag, zeros, ones")
{
    i64 dim[MAX_DIMS];
    if (gpu_created(c))
        return;
    int n = c->nargin, dt = arg_class(c, &n), nd = arg_dims(c, 0, n, dim);
    if (nd > 2)
        fail("Octave:invalid-fun-call", "eye: a matrix has two sizes, %d are given", nd);
    dt = dt < 0 ? D_DOUBLE : dt;
    struct tensor *t = tensor_zeros(dt, 2, dim);
    char one[16];
    size_t size = dtypes[dt].size;
    convert_run(dt, one, D_DOUBLE, &(double){1}, 1);
    for (i64 i = 0; i < MIN(dim[0], dim[1]); i++)
        memcpy(t->data + (size_t)(i * (dim[0] + 1)) * size, one, size);
    result_tensor(c, 0, t);
}

BUILTIN(cell, 0, ANY, 1, grad_pass,
    "c = cell(n)\n"
    "c = cell(m, n, …)\n"
    "c = cell([m n …])\n\n"
    "A cell array of these sizes, each element an empty matrix; n x n for one size n.\n\n"
    "Example:\n  size(cell(2, 3))\n  ans =\n     2   3\n\n"
    "See also: iscell, num2cell, cellfun, struct")
{
    i64 dim[MAX_DIMS];
    int nd = arg_dims(c, 0, c->nargin, dim);
    if (c->nargin == 0)
        dim[0] = dim[1] = 0;
    result(c, 0, cell_value(cell_new(nd, dim)));
}

BUILTIN(pi, 0, ANY, 1, grad_zero,
    "x = pi\n"
    "x = pi(m, n, …, class)\n\n"
    "The ratio of a circle's circumference to its diameter, or an array of it.\n\n"
    "Example:\n  pi\n  ans = 3.1416\n\n"
    "See also: e, Inf")
{
    filled_float(c, M_PI, (float)M_PI);
}

BUILTIN(e, 0, ANY, 1, grad_zero,
    "x = e\n"
    "x = e(m, n, …, class)\n\n"
    "The base of the natural logarithms, or an array of it.\n\n"
    "Example:\n  e\n  ans = 2.7183\n\n"
    "See also: exp, log, pi")
{
    filled_float(c, M_E, (float)M_E);
}

#define INF_HELP(name)                                                                            \
    "x = " name "\n"                                                                              \
    "x = " name "(m, n, …, class)\n\n"                                                            \
    "Infinity, larger than every number, or an array of it; division by zero gives it.\n\n"       \
    "Example:\n  " name "(1, 2)\n  ans =\n     Inf   Inf\n\n"                                     \
    "See also: NaN, isinf, realmax"
BUILTIN(Inf, 0, ANY, 1, grad_zero, INF_HELP("Inf"))
{
    filled_float(c, INFINITY, INFINITY);
}
BUILTIN(inf, 0, ANY, 1, NO_GRAD, INF_HELP("inf"))
{
    filled_float(c, INFINITY, INFINITY);
}

#define NAN_HELP(name)                                                                            \
    "x = " name "\n"                                                                              \
    "x = " name "(m, n, …, class)\n\n"                                                            \
    "Not a number: the result of 0/0 and the like, or an array of it. It is not equal to itself; isnan finds it.\n\n" \
    "Example:\n  " name " == " name "\n  ans = 0\n\n"                                             \
    "See also: Inf, NA, isnan"
BUILTIN(NaN, 0, ANY, 1, grad_zero, NAN_HELP("NaN"))
{
    filled_float(c, NAN, NAN);
}
BUILTIN(nan, 0, ANY, 1, NO_GRAD, NAN_HELP("nan"))
{
    filled_float(c, NAN, NAN);
}

/* The missing value is the NaN that Octave has for it, so that files keep it; its conversion to single is single's NA,
 * and back. */
static double missing_double(void)
{
    uint64_t bits = MISSING_BITS;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

BUILTIN(NA, 0, ANY, 1, grad_zero,
    "x = NA\n"
    "x = NA(m, n, …, class)\n\n"
    "The missing value: a NaN that isna tells from others and that prints as NA.\n\n"
    "Example:\n  isna([1 NA NaN])\n  ans =\n    0  1  0\n\n"
    "See also: NaN, isna, isnan")
{
    int n = c->nargin, dt = arg_class(c, &n);
    if (dt == D_SINGLE) {
        i64 dim[MAX_DIMS];
        int nd = arg_dims(c, 0, n, dim);
        struct tensor *t = tensor_new(D_SINGLE, nd, dim);
        for (i64 i = 0; i < t->numel; i++)
            ((uint32_t *)t->data)[i] = 0x7FC207A2u;
        result_tensor(c, 0, t);
        return;
    }
    filled_from(c, 0, n, D_DOUBLE, missing_double());
}

BUILTIN(isna, 1, 1, 1, NO_GRAD,
    "t = isna(x)\n\n"
    "True where x is the missing value NA (which isnan finds as well); false where it is another NaN or a number.\n\n"
    "Example:\n  isna([1 NA NaN])\n  ans =\n    0  1  0\n\n"
    "See also: NA, isnan")
{
    struct tensor *x = arg_dense(c, 0), *y = tensor_zeros(D_LOGICAL, x->nd, x->dim);
    double na = missing_double();
    int parts = dtype_is(x->dtype, DT_C) ? 2 : 1;
    for (i64 k = 0; k < parts * x->numel; k++) {
        if (dtype_real(x->dtype) == D_DOUBLE)
            y->data[k / parts] |= !memcmp((double *)x->data + k, &na, sizeof na);
        else if (dtype_real(x->dtype) == D_SINGLE)
            y->data[k / parts] |= !memcmp((float *)x->data + k, &(uint32_t){0x7FC207A2u}, 4);
    }
    result_tensor(c, 0, y);
}

BUILTIN(eps, 0, ANY, 1, grad_zero,
    "x = eps\n"
    "x = eps(y)\n"
    "x = eps(class)\n"
    "x = eps(m, n, …, class)\n\n"
    "The distance from 1 to the next larger number, 2^-52 (single: 2^-23); for one argument y the distance from each "
    "|y| to the next larger number of its class.\n\n"
    "Example:\n  eps\n  ans = 2.2204e-16\n  eps(single(1))\n  ans = 1.1921e-07\n\n"
    "See also: realmin, realmax, flintmax")
{
    if (c->nargin != 1 || arg_is_text(c, 0)) {
        filled_float(c, DBL_EPSILON, FLT_EPSILON);
        return;
    }
    struct tensor *x = arg_float(c, 0);
    if (dtype_is(x->dtype, DT_C))
        fail_arg(c, 0, "real");
    struct tensor *y = tensor_new(x->dtype, x->nd, x->dim);
    for (i64 i = 0; i < x->numel; i++) {
        if (x->dtype == D_DOUBLE) {
            double a = fabs(((double *)x->data)[i]);
            ((double *)y->data)[i] = isfinite(a) ? (a < DBL_MIN ? 0x1p-1074 : ldexp(1, ilogb(a) - 52)) : NAN;
        } else {
            float a = fabsf(((float *)x->data)[i]);
            ((float *)y->data)[i] = isfinite(a) ? (a < FLT_MIN ? 0x1p-149f : ldexpf(1, ilogbf(a) - 23)) : NAN;
        }
    }
    result_tensor(c, 0, y);
}

BUILTIN(realmax, 0, ANY, 1, NO_GRAD,
    "x = realmax\n"
    "x = realmax(class)\n"
    "x = realmax(m, n, …, class)\n\n"
    "The largest finite number of the class double or single.\n\n"
    "Example:\n  realmax\n  ans = 1.7977e+308\n\n"
    "See also: realmin, intmax, flintmax, eps")
{
    filled_float(c, DBL_MAX, FLT_MAX);
}

BUILTIN(realmin, 0, ANY, 1, NO_GRAD,
    "x = realmin\n"
    "x = realmin(class)\n"
    "x = realmin(m, n, …, class)\n\n"
    "The smallest normal number above zero of the class double or single.\n\n"
    "Example:\n  realmin('single')\n  ans = 1.1755e-38\n\n"
    "See also: realmax, intmin, eps")
{
    filled_float(c, DBL_MIN, FLT_MIN);
}

BUILTIN(flintmax, 0, ANY, 1, grad_zero,
    "x = flintmax\n"
    "x = flintmax(class)\n\n"
    "The integer up to which all integers are numbers of the class: 2^53 for double, 2^24 for single.\n\n"
    "Example:\n  flintmax == 2^53\n  ans = 1\n\n"
    "See also: intmax, realmax")
{
    if (c->nargin == 1 && !arg_is_text(c, 0) && is_tensor_like(c->arg[0])) {
        int dt = dtype_real(value_dtype(c->arg[0]));
        result(c, 0, dt == D_SINGLE ? num_of(D_SINGLE, 0x1p24) : num(0x1p53));
        return;
    }
    filled_float(c, 0x1p53, 0x1p24);
}

static void int_limit(struct call *c, bool top)
{
    int dt = D_INT32, n = c->nargin;
    if (n && arg_is_text(c, 0))
        dt = arg_class(c, &n);
    else if (n && is_tensor_like(c->arg[0]))
        dt = value_dtype(c->arg[0]);
    if (!dtype_is(dt, DT_I))
        fail("Octave:invalid-input-arg", "%s: an integer class is needed (int8 … uint64), not %s", c->fn->name,
             dtypes[dt].class);
    if (dt == D_INT64 || dt == D_UINT64) {
        value v = num_of(dt, 0);
        if (dt == D_INT64)
            v.i = top ? INT64_MAX : INT64_MIN;
        else
            v.u = top ? UINT64_MAX : 0;
        result(c, 0, v);
        return;
    }
    result(c, 0, num_of(dt, saturate(dt, top ? INFINITY : -INFINITY)));
}

BUILTIN(intmax, 0, 1, 1, NO_GRAD,
    "x = intmax\n"
    "x = intmax(class)\n"
    "x = intmax(y)\n\n"
    "The largest number of an integer class (by default int32), or of the class of y.\n\n"
    "Example:\n  intmax('uint8')\n  ans = 255\n\n"
    "See also: intmin, flintmax, realmax")
{
    int_limit(c, true);
}

BUILTIN(intmin, 0, 1, 1, NO_GRAD,
    "x = intmin\n"
    "x = intmin(class)\n"
    "x = intmin(y)\n\n"
    "The smallest number of an integer class (by default int32), or of the class of y.\n\n"
    "Example:\n  intmin('int8')\n  ans = -128\n\n"
    "See also: intmax, flintmax, realmin")
{
    int_limit(c, false);
}

static void imaginary(struct call *c)
{
    i64 dim[MAX_DIMS];
    int n = c->nargin, dt = arg_class(c, &n), nd = arg_dims(c, 0, n, dim);
    struct tensor *t = tensor_new(dt == D_SINGLE ? D_CSINGLE : D_CDOUBLE, nd, dim);
    for (i64 k = 0; k < t->numel; k++) {
        if (t->dtype == D_CDOUBLE)
            ((double _Complex *)t->data)[k] = 1.0i;
        else
            ((float _Complex *)t->data)[k] = 1.0fi;
    }
    result_tensor(c, 0, t);
}

#define IMAGINARY_HELP(name)                                                                      \
    "z = " name "\n"                                                                              \
    "z = " name "(m, n, …)\n\n"                                                                   \
    "The imaginary unit, or an array of it; i, j, I and J are the same. In numbers write 3i or 3j.\n\n" \
    "Example:\n  " name "^2\n  ans = -1\n\n"                                                      \
    "See also: complex, real, imag"
BUILTIN(i, 0, ANY, 1, NO_GRAD, IMAGINARY_HELP("i"))
{
    imaginary(c);
}
BUILTIN(j, 0, ANY, 1, NO_GRAD, IMAGINARY_HELP("j"))
{
    imaginary(c);
}
BUILTIN(I, 0, ANY, 1, NO_GRAD, IMAGINARY_HELP("I"))
{
    imaginary(c);
}
BUILTIN(J, 0, ANY, 1, NO_GRAD, IMAGINARY_HELP("J"))
{
    imaginary(c);
}

/* ---- ranges and spaced points */

typedef __int128 wide;

/* An end or the step of a range of integers, exactly. */
static wide whole_end(value v, int dt, const char *what, bool fits)
{
    value e = v.kind == K_NUM ? v : element_value(tensor_of(v), 0);
    bool num64 = e.kind == K_NUM && (e.dtype == D_INT64 || e.dtype == D_UINT64);
    double x = element_double(tensor_of(v), 0);
    if (!(x == trunc(x)) || isinf(x))
        fail("Octave:invalid-input-arg", "a range of class %s needs integers, but its %s is %g", dtypes[dt].class, what,
             isnan(x) ? fabs(x) : x);
    wide w = !num64 ? (wide)MAX(-0x1p100, MIN(x, 0x1p100)) : e.dtype == D_INT64 ? (wide)e.i : (wide)e.u;
    int sign = dtype_is(dt, DT_S);
    wide high = ((wide)1 << (dtypes[dt].size * 8 - sign)) - 1, low = sign ? -high - 1 : 0;
    if (fits && (w < low || w > high))
        fail("Octave:invalid-input-arg", "a range of class %s: its %s, %g, is none of that class",
             dtypes[dt].class, what, x);
    return w;
}

static value range_of_integers(const value part[3], int dt)
{
    wide a = whole_end(part[0], dt, "first number", true), s = whole_end(part[1], dt, "step", false),
         b = whole_end(part[2], dt, "limit", true);
    wide n = s == 0 || (s > 0 && a > b) || (s < 0 && a < b) ? 0 : (b - a) / s + 1;
    if (n > (wide)1 << 62)
        fail("Octave:out-of-memory", "out of memory: the range has too many elements");
    struct tensor *t = tensor_2d(dt, 1, (i64)n);
    for (i64 i = 0; i < (i64)n; i++) {
        uint64_t x = (uint64_t)(a + i * s);
        memcpy((char *)t->data + i * dtypes[dt].size, &x, dtypes[dt].size);
    }
    return tensor_value(t);
}

static value range_of_singles(float a, float s, float b)
{
    i64 n = range_count(a, s, b, FLT_EPSILON);
    struct tensor *t = tensor_2d(D_SINGLE, 1, n);
    for (i64 i = 0; i < n; i++) {
        float x = i ? a + (float)i * s : a;
        ((float *)t->data)[i] = isnan(a) || isnan(s) || isnan(b) || (isinf(s) && isinf(b)) ? NAN : s > 0 ? MIN(x, b) : MAX(x, b);
    }
    return tensor_value(t);
}

/* base:step:limit of any classes.  It is counted and computed in its class: single(0):single(0.1):single(1) has eleven
   elements, and integers of 64 bits stay exact.  Of an array the first element counts, as in Octave. */
value range_between(const value part[3])
{
    static const char *const name[] = { "first number", "step", "limit" };
    double x[3];
    bool text = false, empty = false;
    int dt = D_DOUBLE;
    char d_[160];
    for (int k = 0; k < 3; k++) {
        if (!is_tensor_like(part[k]))
            fail("Octave:undefined-function", "a range is made of numbers, but its %s is a %s", name[k],
                 value_describe(part[k], d_));
        int d = value_dtype(part[k]);
        text = text || (d == D_CHAR && k != 1);
        empty = empty || value_numel(part[k]) == 0;
        if (dtype_is(d, DT_I)) {
            if (dtype_is(dt, DT_I) && dt != d)
                fail("Octave:nonconformant-args", "a range cannot be of the two integer classes %s and %s",
                     dtypes[dt].class, dtypes[d].class);
            dt = d;
        } else if (d == D_SINGLE && !dtype_is(dt, DT_I)) {
            dt = d;
        }
    }
    if (empty)
        return tensor_box(tensor_2d(text ? D_CHAR : dt, 1, 0));
    if (dtype_is(dt, DT_I) && !text)
        return range_of_integers(part, dt);
    for (int k = 0; k < 3; k++)
        x[k] = element_double(tensor_of(part[k]), 0);
    if (text)
        return tensor_value(tensor_cast(tensor_of(range_new(x[0], x[1], x[2])), D_CHAR));
    return dt == D_SINGLE ? range_of_singles((float)x[0], (float)x[1], (float)x[2]) : range_new(x[0], x[1], x[2]);
}

BUILTIN(colon, 2, 3, 1, grad_form,
    "r = colon(a, b)\n"
    "r = colon(a, step, b)\n\n"
    "The range a:b or a:step:b: a, a + step, … up to b, never beyond it. With an integer class or single among the "
    "ends it has that class; between two texts it is text.\n\n"
    "Example:\n  colon(1, 2, 6)\n  ans =\n     1   3   5\n\n"
    "See also: linspace, numel")
{
    for (int k = 0; k < c->nargin; k++)
        if (!is_tensor_like(c->arg[k]))
            fail_arg(c, k, "a number");
        else if (dtype_is(value_dtype(c->arg[k]), DT_C))
            fail_arg(c, k, "real");
    result(c, 0, range_between((value[]){ c->arg[0], c->nargin == 3 ? c->arg[1] : num(1), c->arg[c->nargin - 1] }));
}

/* n points from a to b, both exact; from both ends towards the middle, so that linspace(-x, x, n) is symmetric. */
static void spaced(double *to, i64 step, double a, double b, i64 n)
{
    if (n == 1) {
        *to = b;
        return;
    }
    double d = a == b ? 0 : (b - a) / (double)(n - 1);
    for (i64 i = 0; i < n / 2; i++) {
        to[i * step] = a + (double)i * d;
        to[(n - 1 - i) * step] = b - (double)i * d;
    }
    if (n % 2)
        to[n / 2 * step] = a == -b ? 0 : (a + b) / 2;
    if (n > 0)
        to[0] = a, to[(n - 1) * step] = b;
}

static struct tensor *spaced_rows(struct call *c, double log_to)
{
    i64 n = log_to != 0 ? 50 : 100;
    if (has_arg(c, 2)) {
        double x = arg_num(c, 2);
        if (isnan(x))
            fail("Octave:invalid-input-arg", "%s: the number of points must not be NaN", c->fn->name);
        if (x > 0x1p40)
            fail_memory((size_t)1 << 60);
        n = x < 1 ? 0 : (i64)x;
    }
    struct tensor *a = arg_float(c, 0), *b = arg_float(c, 1);
    int dt = promote(a->dtype, b->dtype);
    bool cplx = dtype_is(dt, DT_C);
    if ((a->nd != 2 || (a->dim[0] != 1 && a->dim[1] != 1)) || (b->nd != 2 || (b->dim[0] != 1 && b->dim[1] != 1)))
        fail("Octave:nonconformant-args", "%s: the ends must be numbers or vectors", c->fn->name);
    if (a->numel != b->numel && a->numel != 1 && b->numel != 1)
        fail("Octave:nonconformant-args", "%s: the ends have %lld and %lld elements", c->fn->name, (long long)a->numel,
             (long long)b->numel);
    i64 rows = MAX(a->numel, b->numel);
    if (!a->numel || !b->numel)
        rows = 0;
    int wide = cplx ? D_CDOUBLE : D_DOUBLE;
    a = tensor_cast(a, wide), b = tensor_cast(b, wide);
    struct tensor *y = tensor_2d(wide, rows, n);
    int parts = cplx ? 2 : 1;
    for (i64 r = 0; r < rows; r++)
        for (int p = 0; p < parts && n; p++)
            spaced((double *)y->data + r * parts + p, rows * parts, ((double *)a->data)[(a->numel == 1 ? 0 : r) * parts + p],
                   ((double *)b->data)[(b->numel == 1 ? 0 : r) * parts + p], n);
    return tensor_cast(y, dt);
}

BUILTIN(linspace, 2, 3, 1, grad_form,
    "y = linspace(a, b)\n"
    "y = linspace(a, b, n)\n\n"
    "A row of n points (100 by default) at equal distances from a to b, both included; n = 1 gives b. Columns a and b "
    "give a row for each.\n\n"
    "Example:\n  linspace(0, 1, 5)\n  ans =\n          0   0.2500   0.5000   0.7500   1.0000\n\n"
    "See also: logspace, colon, meshgrid")
{
    struct tensor *t = spaced_rows(c, 0);
    result_tensor(c, 0, tensor_narrow(t));
}

BUILTIN(logspace, 2, 3, 1, grad_form,
    "y = logspace(a, b)\n"
    "y = logspace(a, b, n)\n\n"
    "A row of n points (50 by default) from 10^a to 10^b at equal ratios; for b = pi they end at pi.\n\n"
    "Example:\n  logspace(0, 2, 3)\n  ans =\n       1    10   100\n\n"
    "See also: linspace")
{
    value end = c->arg[1];
    if (end.tag == 0 && end.num == M_PI)
        c->arg[1] = num(log10(M_PI));
    struct tensor *t = spaced_rows(c, 1);
    c->arg[1] = end;
    if (dtype_is(t->dtype, DT_C)) {
        result(c, 0, ew_apply(EW_power, 2, (value[]){ num(10), tensor_value(t) }));
        return;
    }
    int dt = t->dtype;
    t = tensor_cast(t, D_DOUBLE);
    struct tensor *y = tensor_2d(D_DOUBLE, t->dim[0], t->dim[1]);
    for (i64 k = 0; k < t->numel; k++)
        ((double *)y->data)[k] = pow(10, ((double *)t->data)[k]);
    if (end.tag == 0 && end.num == M_PI && y->numel)
        ((double *)y->data)[y->numel - 1] = M_PI;
    result_tensor(c, 0, tensor_cast(y, dt));
}
