/* SPDX-License-Identifier: BSD-3-Clause */
/* stats.c: statistics, differences and trapezoids.
 *
 * Two ways: what is algebra (variance, covariance, centering) is written with elementwise programs, reductions and
 * matrix products on values, so it knows every class, dimension and thread; what needs the order of the elements
 * (median, quantiles, mode) goes run by run along the dimension over a sorted copy. */
#include "linalg.h"
#include "plan.h"
#include "sort.h"
#include <math.h>
#include <stdlib.h>

/* ---- algebra on values */
static value minus(value a, value b) { return ew_apply(EW_minus, 2, (value[]){ a, b }); }
static value over(value a, value b) { return ew_apply(EW_rdivide, 2, (value[]){ a, b }); }
static value by(value a, value b) { return ew_apply(EW_times, 2, (value[]){ a, b }); }
static value root(value a) { return ew_apply(EW_sqrt, 1, &a); }
static value mean_of(value x, int dim) { return reduce_apply(RED_mean, x, dim); }

static struct tensor *numbers(struct call *c, int i)      /* numeric or logical, as it is */
{
    struct tensor *t = arg_tensor(c, i);
    if (dtype_is(t->dtype, DT_T))
        fail_arg(c, i, "numeric or logical");
    return t;
}

static i64 length_along(const struct tensor *t, int dim) { return dim <= t->nd ? t->dim[dim - 1] : 1; }

static struct tensor *column_of(struct tensor *t)
{
    return tensor_reshape(t, 2, (i64[]){ t->numel, 1 });
}

/* Dimension argument i: a number, or "all", for which x becomes a column.  Integers become double. */
struct tensor *joined_dims(struct call *c, struct tensor *x, const struct tensor *dims, int *last);      /* scan.c */
static int dim_arg(struct call *c, int i, struct tensor **x)
{
    *x = linalg_float(*x);
    if (has_arg(c, i) && arg_is_text(c, i)) {
        arg_option(c, i, (const char *const[]){ "all", NULL });
        *x = column_of(*x);
        return 1;
    }
    return arg_dim(
        c, i, (*x)->numel == 0 && (*x)->nd == 2 && (*x)->dim[0] == 0 && (*x)->dim[1] == 0 ? 1 : first_long_dim(*x));
}

BUILTIN(meansq, 1, 2, 1, NO_GRAD,
    "y = meansq(x)\n"
    "y = meansq(x, dim)\n\n"
    "Mean of the squared absolute values along dim.\n\n"
    "Example:\n"
    "  meansq([1 2 3])\n"
    "  ans = 4.6667\n\n"
    "See also: mean, var, sumsq")
{
    struct tensor *x = numbers(c, 0);
    int dim = dim_arg(c, 1, &x);
    result(c, 0, over(reduce_apply(RED_sumsq, tensor_value(x), dim), num((double)length_along(x, dim))));
}

BUILTIN(center, 1, 2, 1, NO_GRAD,
    "y = center(x)\n"
    "y = center(x, dim)\n\n"
    "x without its mean along dim.\n\n"
    "Example:\n"
    "  center([1 2 3])\n"
    "  ans =\n    -1   0   1\n\n"
    "See also: zscore, mean")
{
    struct tensor *x = numbers(c, 0);
    int dim = dim_arg(c, 1, &x);
    value v = tensor_value(x);
    result(c, 0, x->numel ? minus(v, mean_of(v, dim)) : v);
}

BUILTIN(zscore, 1, 3, 3, NO_GRAD,
    "z = zscore(x)\n"
    "[z, mu, sigma] = zscore(x, opt, dim)\n\n"
    "x without its mean and divided by its standard deviation along dim; where that is zero, z is zero. opt as in std.\n\n"
    "Example:\n"
    "  zscore([1 2 3])\n"
    "  ans =\n    -1   0   1\n\n"
    "See also: center, std")
{
    struct tensor *x = numbers(c, 0);
    int dim = dim_arg(c, 2, &x);
    if (x->numel == 0) {
        result_tensor(c, 0, x);
        return;
    }
    value v = tensor_value(x), m = mean_of(v, dim), d = minus(v, m);
    i64 n = length_along(x, dim);
    bool all = has_arg(c, 1) && value_numel(c->arg[1]) && arg_num(c, 1) == 1;
    value s = root(over(reduce_apply(RED_sumsq, d, dim), num(all || n == 1 ? (double)n : (double)n - 1)));
    value zero = ew_apply(EW_eq, 2, (value[]){ s, num(0) });
    result(c, 0, over(d, ew_apply(EW_plus, 2, (value[]){ s, zero })));
    result(c, 1, m);
    result(c, 2, s);
}

BUILTIN(range, 1, 2, 1, NO_GRAD,
    "y = range(x)\n"
    "y = range(x, dim)\n\n"
    "Largest minus smallest element along dim.\n\n"
    "Example:\n"
    "  range([1 5 2])\n"
    "  ans = 4\n\n"
    "See also: bounds, max, min")
{
    struct tensor *x = arg_tensor(c, 0);
    if (dtype_is(x->dtype, DT_T | DT_L))
        x = tensor_cast(x, D_DOUBLE);
    value v = tensor_value(x);
    int dim = arg_dim(c, 1, first_long_dim(x));
    result(c, 0, minus(reduce_apply(RED_max, v, dim), reduce_apply(RED_min, v, dim)));
}

BUILTIN(bounds, 1, 3, 2, NO_GRAD,
    "[lo, hi] = bounds(x)\n"
    "[lo, hi] = bounds(x, dim)\n"
    "[lo, hi] = bounds(…, nanflag)\n\n"
    "Smallest and largest element along dim; NaN do not count, but with \"includenan\" both are NaN where there is one.\n\n"
    "Example:\n"
    "  [lo, hi] = bounds([3 1 2])\n"
    "  lo = 1\n"
    "  hi = 3\n\n"
    "See also: range, max, min")
{
    struct tensor *x = numbers(c, 0);
    value v = tensor_value(x);
    bool nan = false;
    if (c->nargin > 1 && arg_is_text(c, c->nargin - 1))
        nan = arg_option(c, c->nargin - 1, (const char *const[]){ "omitnan", "includenan", NULL }) == 1;
    int dim = c->nargin > 1 && !arg_is_text(c, 1) ? arg_dim(c, 1, 0) : 0;
    dim = dim ? dim : first_long_dim(x);
    value lo = reduce_apply(RED_min, v, dim), hi = reduce_apply(RED_max, v, dim);
    if (nan && dtype_is(x->dtype, DT_F)) {
        value gap = reduce_apply(RED_any, ew_apply(EW_isnan, 1, &v), dim);
        value at = over(num(0), ew_apply(EW_not, 1, &gap));
        lo = ew_apply(EW_plus, 2, (value[]){ lo, at });
        hi = ew_apply(EW_plus, 2, (value[]){ hi, at });
    }
    result(c, 0, lo);
    result(c, 1, hi);
}

BUILTIN(mad, 1, 3, 1, NO_GRAD,
    "y = mad(x)\n"
    "y = mad(x, opt)\n"
    "y = mad(x, opt, dim)\n\n"
    "Mean absolute deviation from the mean along dim, or with opt 1 the median absolute deviation from the median.\n\n"
    "Example:\n"
    "  mad([1 2 6])\n"
    "  ans = 2\n\n"
    "See also: std, range, iqr")
{
    extern const struct builtin builtin_median;
    struct tensor *x = numbers(c, 0);
    bool median = has_arg(c, 1) && value_numel(c->arg[1]) && arg_num(c, 1) != 0;
    int dim = dim_arg(c, 2, &x);
    value v = tensor_value(x), at = num(dim), d = minus(v, median ? call1(&builtin_median, 2, v, at) : mean_of(v, dim));
    d = ew_apply(EW_abs, 1, &d);
    result(c, 0, median ? call1(&builtin_median, 2, d, at) : mean_of(d, dim));
}

/* Central moment p over the power of the deviation: skewness, kurtosis */
static void standard_moment(struct call *c, int p)
{
    struct tensor *x = numbers(c, 0);
    double flag = has_arg(c, 1) && value_numel(c->arg[1]) ? arg_num(c, 1) : 1;
    int dim = dim_arg(c, 2, &x);
    if (flag != 0 && flag != 1)
        fail("Octave:invalid-input-arg", "%s: the second argument must be 0 or 1, but is %g", c->fn->name, flag);
    double n = (double)length_along(x, dim);
    value v = tensor_value(x), d = minus(v, mean_of(v, dim)), d2 = by(d, d);
    value m2 = mean_of(d2, dim), mp = mean_of(p == 3 ? by(d2, d) : by(d2, d2), dim);
    value y = over(mp, p == 3 ? by(m2, root(m2)) : by(m2, m2));
    if (flag == 0 && n <= p - 1)              /* too few to tell */
        y = by(y, num(NAN));
    else if (flag == 0 && p == 3)
        y = by(y, num(sqrt(n * (n - 1)) / (n - 2)));
    else if (flag == 0 && p == 4)
        y = ew_apply(
            EW_plus, 2,
            (value[]){ num(3), by(num((n - 1) / ((n - 2) * (n - 3))), minus(by(num(n + 1), y), num(3 * (n - 1)))) });
    result(c, 0, y);
}

BUILTIN(skewness, 1, 3, 1, NO_GRAD,
    "y = skewness(x)\n"
    "y = skewness(x, flag, dim)\n\n"
    "Third central moment over the third power of the standard deviation along dim; flag 0 corrects for the bias of a "
    "sample.\n\n"
    "Example:\n"
    "  skewness([1 2 5])\n"
    "  ans = 0.5280\n\n"
    "See also: kurtosis, var")
{
    standard_moment(c, 3);
}

BUILTIN(kurtosis, 1, 3, 1, NO_GRAD,
    "y = kurtosis(x)\n"
    "y = kurtosis(x, flag, dim)\n\n"
    "Fourth central moment over the square of the variance along dim, 3 for a normal distribution; flag 0 corrects for "
    "the bias of a sample.\n\n"
    "Example:\n"
    "  kurtosis([1 2 5 9])\n"
    "  ans = 1.7224\n\n"
    "See also: skewness, var")
{
    standard_moment(c, 4);
}

/* ---- covariance.  Rows are observations; a row vector counts as a column. */
static value observations(struct tensor *x, i64 *n, struct call *c, int i)
{
    char s[128];
    if (x->nd > 2)
        fail("Octave:nonconformant-args", "%s: argument %d must be a matrix (two dimensions), but is %s", c->fn->name,
             i + 1, tensor_shape(x, s));
    x = linalg_float(x);
    if (x->dim[0] == 1 && x->dim[1] > 1)
        x = column_of(x);
    *n = x->dim[0];
    value v = tensor_value(x);
    return x->numel ? minus(v, mean_of(v, 1)) : v;
}

BUILTIN(cov, 1, 3, 1, grad_form,
    "C = cov(x)\n"
    "C = cov(x, y)\n"
    "C = cov(x, y, opt)\n\n"
    "Covariance of the columns of x (rows are observations), or of each column of x with each of y; vectors count as "
    "columns. opt 0 (default) divides by n - 1, 1 by n. cov(x, opt) with a number opt is cov(x) with it.\n\n"
    "Example:\n"
    "  cov([1 2; 3 4; 5 7])\n"
    "  ans =\n     4.0000   5.0000\n     5.0000   6.3333\n\n"
    "See also: corrcoef, var")
{
    struct tensor *x = numbers(c, 0);
    bool two = has_arg(c, 1) && !(c->nargin == 2 && value_numel(c->arg[1]) == 1 && x->numel != 1);
    double opt = c->nargin == 3 ? arg_num(c, 2) : has_arg(c, 1) && !two ? arg_num(c, 1) : 0;
    i64 n, m;
    value a = observations(x, &n, c, 0), b = a;
    if (opt != 0 && opt != 1)
        fail("Octave:invalid-input-arg", "cov: opt must be 0 or 1, but is %g", opt);
    if (two) {
        b = observations(numbers(c, 1), &m, c, 1);
        if (m != n)
            fail("Octave:nonconformant-args",
                 "cov: x and y must have as many observations (rows), but have %lld and %lld", (long long)n,
                 (long long)m);
    }
    value p = linalg_mtimes(a, b, CTRANSPOSED, AS_IS);
    result(c, 0, over(p, num(opt == 1 || n == 1 ? (double)n : (double)n - 1)));
}

static value correlation(value a, value b)    /* of centered columns */
{
    struct tensor *t = tensor_of(a);
    value n = num((double)t->dim[0] - 1), p = over(linalg_mtimes(a, b, CTRANSPOSED, AS_IS), n);
    value sa = root(over(reduce_apply(RED_sumsq, a, 1), n)), sb = root(over(reduce_apply(RED_sumsq, b, 1), n));
    return over(p, by(linalg_transpose(sa, false), sb));      /* in this order equal columns give just 1 */
}

/* Rounding off the diagonal of a matrix of correlations; that of a constant column with itself is 1 where constant says
 * so. */
static value unit_diagonal(value r, value columns, bool constant)
{
    struct tensor *t = tensor_clone(tensor_of(r)), *x = tensor_of(reduce_apply(RED_sum, columns, 1));
    for (i64 i = 0; i < t->dim[0]; i++) {
        i64 k = i * (t->dim[0] + 1);
        double v = constant ? element_double(x, i) : element_double(t, k);
        if (v == v && t->dtype == D_DOUBLE)
            ((double *)t->data)[k] = 1;
        else if (v == v && t->dtype == D_SINGLE)
            ((float *)t->data)[k] = 1;
    }
    return tensor_value(t);
}

BUILTIN(corrcoef, 1, 6, 4, grad_form,
    "R = corrcoef(X)\n"
    "R = corrcoef(x, y)\n"
    "[R, p, lo, hi] = corrcoef(…, 'alpha', 0.05, 'rows', 'all')\n\n"
    "Correlation coefficients of the columns of X (rows are observations), or the 2 x 2 matrix of those of x and y. p "
    "is the probability of such a coefficient, or a larger one, of numbers that do not depend on each other (Student's "
    "t); lo and hi are the bounds within which the coefficient lies with probability 1 - alpha. rows 'complete' leaves "
    "out all rows that hold a NaN, 'pairwise' for each pair of columns those where one of the two is NaN.\n\n"
    "Example:\n"
    "  corrcoef([1 2 3], [1 2 4])\n"
    "  ans =\n     1.0000   0.9820\n     0.9820   1.0000\n\n"
    "See also: corr, cov")
{
    i64 n;
    struct tensor *x = numbers(c, 0);
    if (c->nargin > 2 || c->nargout > 1 || (has_arg(c, 1) && arg_is_text(c, 1))) {
        if (!call_carried_on(c, "correlation_bounds", c->nargin))
            fail("Octave:undefined-function", "corrcoef: the bounds need the function correlation_bounds of the library");
        return;
    }
    if (has_arg(c, 1)) {
        struct tensor *y = numbers(c, 1);
        char s[128], t[128];
        if (x->numel != y->numel)
            fail("Octave:nonconformant-args", "corrcoef: x and y must have as many elements, but are %s and %s",
                 tensor_shape(x, s), tensor_shape(y, t));
        struct tensor *both = tensor_2d(D_DOUBLE, x->numel, 2);
        x = tensor_dense(tensor_cast(x, D_DOUBLE));
        y = tensor_dense(tensor_cast(y, D_DOUBLE));
        memcpy(both->data, x->data, (size_t)x->numel * 8);
        memcpy(both->data + x->numel * 8, y->data, (size_t)x->numel * 8);
        x = both;
    }
    if (x->numel < 2) {
        result(c, 0, num(NAN));
        return;
    }
    value a = observations(x, &n, c, 0);
    result(c, 0, unit_diagonal(correlation(a, a), a, true));
}

BUILTIN(corr, 1, 2, 1, grad_form,
    "R = corr(X)\n"
    "R = corr(X, Y)\n\n"
    "Correlation of the columns of X with each other, or of each column of X with each of Y; rows are observations.\n\n"
    "Example:\n"
    "  corr([1; 2; 3], [1; 2; 4])\n"
    "  ans = 0.9820\n\n"
    "See also: corrcoef, cov")
{
    i64 n, m;
    struct tensor *x = numbers(c, 0);
    if (x->numel == 1) {
        result(c, 0, num_of(dtype_real(x->dtype) == D_SINGLE ? D_SINGLE : D_DOUBLE, 1));
        return;
    }
    value a = observations(x, &n, c, 0);
    if (!has_arg(c, 1)) {
        result(c, 0, unit_diagonal(correlation(a, a), a, false));
        return;
    }
    value b = observations(numbers(c, 1), &m, c, 1);
    if (m != n)
        fail("Octave:nonconformant-args", "corr: X and Y must have as many observations (rows), but have %lld and %lld",
             (long long)n, (long long)m);
    result(c, 0, correlation(a, b));
}

/* ---- by order.  f gets a sorted run without its place and writes k results. */
typedef void run_rule(const double *x, i64 n, double *y, void *arg);

static struct tensor *each_run(struct tensor *t, int dim, i64 k, bool sorted, run_rule *f,
                               void *arg) /* t real; the result is double */
{
    t = tensor_dense(tensor_cast(t, D_DOUBLE));
    struct runs r = runs_along(t, dim);
    i64 size[MAX_DIMS];
    int nd = MAX(t->nd, dim);
    for (int d = 0; d < nd; d++)
        size[d] = d == dim - 1 ? k : d < t->nd ? t->dim[d] : 1;
    struct tensor *y = tensor_new(D_DOUBLE, nd, size);
    double *run = scratch((size_t)r.n * sizeof *run + 8), *out = scratch((size_t)k * sizeof *out + 8);
    for (i64 j = 0; j < r.count; j++) {
        i64 from = run_start(&r, j), to = j % r.before + j / r.before * r.before * k;
        for (i64 i = 0; i < r.n; i++)
            run[i] = ((double *)t->data)[from + i * r.before];
        if (sorted)
            sort_values(D_DOUBLE, run, r.n, false);
        f(run, r.n, out, arg);
        for (i64 i = 0; i < k; i++)
            ((double *)y->data)[to + i * r.before] = out[i];
    }
    return y;
}

static double middle(double lo, double hi) { return lo == hi ? hi : isinf(lo) || isinf(hi) ? lo + hi : lo + (hi - lo) / 2; }
/* Of a long run only what lies between two elements of a sample, around its middle, is looked at; -1: the middle is not
 * there. */
static i64 between(const double *x, i64 n, double *room, i64 *below)
{
    enum { SAMPLE = 500, AROUND = 50 };
    double s[SAMPLE + 8];
    uint64_t seed = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < SAMPLE; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        s[i] = x[(i64)((seed >> 33) % (uint64_t)n)];
    }
    sort_values(D_DOUBLE, s, SAMPLE, false);
    double lo = s[SAMPLE / 2 - AROUND], hi = s[SAMPLE / 2 + AROUND];
    i64 less = 0, in = 0;
    for (i64 i = 0; i < n; i++) {
        room[in] = x[i];
        in += (x[i] >= lo) & (x[i] <= hi);
        less += x[i] < lo;
    }
    *below = less;
    return less <= n / 2 - 1 && n / 2 < less + in ? in : -1;
}

static void median_rule(const double *x, i64 n, double *y, void *arg)
{
    double *room = arg;                       /* for 3 n elements */
    bool none = n == 0;
    for (i64 i = 0; i < n; i++)
        none |= x[i] != x[i];
    if (none) {
        *y = NAN;
        return;
    }
    i64 out = 0, in = n > 4000 ? between(x, n, room, &out) : -1;
    if (in < 0) {
        memcpy(room, x, (size_t)n * sizeof *x);
        in = n, out = 0;
    }
    double hi = sort_ranked(room, in, n / 2 - out, room + n + 8, room + 2 * n + 16), lo = -INFINITY;
    if (n & 1) {
        *y = hi;
        return;
    }
    i64 below = 0;
    for (i64 i = 0; i < n; i++) {
        bool is = x[i] < hi;
        below += is;
        lo = is && x[i] > lo ? x[i] : lo;
    }
    *y = middle(below < n / 2 ? hi : lo, hi);
}

static void by_rank(struct call *c)           /* of complex numbers: scripts/complex_rank.tl */
{
    if (!call_carried_on(c, "complex_rank", c->nargin))
        fail_arg(c, 0, "real");
}

BUILTIN(median, 1, 2, 1, grad_form,
    "y = median(x)\n"
    "y = median(x, dim)\n\n"
    "Median along dim, by default the first dimension longer than one: the middle element in order, or the mean of the "
    "two in the middle; NaN where there is one, and of nothing.\n\n"
    "Example:\n"
    "  median([5 1 3 2])\n"
    "  ans = 2.5000\n\n"
    "See also: mean, mode, quantile")
{
    struct tensor *x = numbers(c, 0);
    int dt = x->dtype;
    if (dtype_is(dt, DT_C)) {
        by_rank(c);
        return;
    }
    struct tensor *t = x;
    int dim = dim_arg(c, 1, &t);
    if (x->numel == 0 && x->nd == 2 && x->dim[0] == 0 && x->dim[1] == 0) {
        result(c, 0, num_of(dt == D_SINGLE ? D_SINGLE : D_DOUBLE, NAN));
        return;
    }
    result_tensor(c, 0,
                  tensor_cast(each_run(t, dim, 1, false, median_rule,
                                       scratch((size_t)(3 * t->dim[MIN(dim, t->nd) - 1] + 32) * sizeof(double))),
                              dt));
}

struct quantile { const double *p; i64 k; int method; };
static void quantile_rule(const double *x, i64 n, double *y, void *arg)
{
    const struct quantile *q = arg;
    while (n > 0 && x[n - 1] != x[n - 1])     /* NaN stand last and do not count */
        n--;
    for (i64 i = 0; i < q->k; i++) {
        double p = q->p[i], N = (double)n, t, lo;
        if (n == 0 || !(p >= 0 && p <= 1)) {
            y[i] = p < 0 ? -INFINITY : p > 1 ? INFINITY : NAN;
            continue;
        }
        switch (q->method) {
        case 1: t = fmax(ceil(N * p), 1); y[i] = x[(i64)fmin(t, N) - 1]; continue;
        case 2: t = N * p; y[i] = (x[(i64)fmax(ceil(t), 1) - 1] + x[(i64)fmin(floor(t + 1), N) - 1]) / 2; continue;
        case 3: t = fmin(fmax(rint(N * p), 1), N); y[i] = x[(i64)t - 1]; continue;
        case 4: t = N * p; break;
        case 5: t = N * p + 0.5; break;
        case 6: t = (N + 1) * p; break;
        case 7: t = (N - 1) * p + 1; break;
        case 8: t = (N + 1. / 3) * p + 1. / 3; break;
        default: t = (N + 0.25) * p + 0.375;
        }
        t = fmin(fmax(t, 1), N);
        lo = fmin(floor(t), N - 1);
        y[i] = n == 1 ? x[0] : t == lo ? x[(i64)lo - 1] : (1 - (t - lo)) * x[(i64)lo - 1] + (t - lo) * x[(i64)lo];
    }
}

static void quantiles(struct call *c, double unit)
{
    static const double quarters[] = { 0, 0.25, 0.5, 0.75, 1 };
    struct tensor *x = numbers(c, 0), *pt = has_arg(c, 1) && value_numel(c->arg[1]) ? arg_double(c, 1) : NULL;
    if (dtype_is(x->dtype, DT_C))
        fail_arg(c, 0, "real");
    if (x->numel == 0)
        fail("Octave:invalid-input-arg", "%s: the data must not be empty", c->fn->name);
    struct quantile q = { pt ? (double *)pt->data : quarters, pt ? pt->numel : 5,
                          has_arg(c, 3) ? (int)arg_int(c, 3, 1, 9) : 5 };
    if (pt && unit != 1) {
        double *p = scratch((size_t)q.k * sizeof *p + 8);
        for (i64 i = 0; i < q.k; i++)
            p[i] = q.p[i] / unit;
        q.p = p;
    }
    struct tensor *f = linalg_float(x);
    bool vector = x->nd == 2 && (x->dim[0] == 1 || x->dim[1] == 1);
    int dim = arg_dim(c, 2, first_long_dim(x));
    struct tensor *y = each_run(f, dim, q.k, true, quantile_rule, &q);
    if (vector && length_along(x, dim) == x->numel && q.k != 1 && (x->numel != 1 || !has_arg(c, 2)))      /* the shape of p */
        y = tensor_reshape(y, 2, pt && pt->dim[0] > 1 ? (i64[]){ q.k, 1 } : (i64[]){ 1, q.k });
    result_tensor(c, 0, tensor_cast(y, f->dtype));
}

BUILTIN(quantile, 1, 4, 1, grad_form,
    "q = quantile(x)\n"
    "q = quantile(x, p)\n"
    "q = quantile(x, p, dim)\n"
    "q = quantile(x, p, dim, method)\n\n"
    "Quantiles of x along dim for probabilities p between 0 and 1 (default 0, 0.25, 0.5, 0.75, 1); NaN does not count. "
    "method 1 to 9 are those of Hyndman and Fan; 5, the default, interpolates between the points (k - 0.5) / n. Of a "
    "vector the result has the shape of p.\n\n"
    "Example:\n"
    "  quantile([1 2 3 4], 0.5)\n"
    "  ans = 2.5000\n\n"
    "See also: prctile, median, iqr")
{
    quantiles(c, 1);
}

BUILTIN(prctile, 1, 3, 1, grad_form,
    "q = prctile(x)\n"
    "q = prctile(x, p)\n"
    "q = prctile(x, p, dim)\n\n"
    "Percentiles: quantile(x, p / 100, dim), by default for 0, 25, 50, 75 and 100.\n\n"
    "Example:\n"
    "  prctile([1 2 3 4], 50)\n"
    "  ans = 2.5000\n\n"
    "See also: quantile, median")
{
    quantiles(c, 100);
}

BUILTIN(iqr, 1, 2, 1, grad_form,
    "y = iqr(x)\n"
    "y = iqr(x, dim)\n"
    "y = iqr(x, [dim1 dim2 …])\n\n"
    "Interquartile range along dim, or over several dimensions at once: the third quartile minus the first.\n\n"
    "Example:\n"
    "  iqr([1 2 3 4])\n"
    "  ans = 2\n\n"
    "See also: quantile, std, range")
{
    static const double p[] = { 0.25, 0.75 };
    struct tensor *x = numbers(c, 0);
    struct quantile q = { p, 2, 5 };
    if (dtype_is(x->dtype, DT_C))
        fail_arg(c, 0, "real");
    int dim;
    if (has_arg(c, 1) && !arg_is_text(c, 1) && value_numel(c->arg[1]) > 1)
        x = joined_dims(c, linalg_float(x), arg_double(c, 1), &dim);
    else
        dim = dim_arg(c, 1, &x);
    struct tensor *y = each_run(x, dim, 2, true, quantile_rule, &q);
    struct runs r = runs_along(y, dim);
    i64 size[MAX_DIMS];
    for (int d = 0; d < y->nd; d++)
        size[d] = d == dim - 1 ? 1 : y->dim[d];
    struct tensor *t = tensor_new(D_DOUBLE, y->nd, size);
    for (i64 k = 0; k < r.count; k++) {
        double *e = (double *)y->data + run_start(&r, k);
        ((double *)t->data)[k] = e[r.before] - e[0];
    }
    result_tensor(c, 0, tensor_cast(t, x->dtype));
}

static void mode_rule(const double *x, i64 n, double *y, void *arg)   /* value, how often */
{
    (void)arg;
    y[0] = NAN;
    y[1] = 0;
    for (i64 i = 0, run = 0; i < n; i++) {
        run = i && x[i] == x[i - 1] ? run + 1 : 1;
        if ((double)run > y[1] && x[i] == x[i]) {
            y[0] = x[i];
            y[1] = (double)run;
        }
    }
}

BUILTIN(mode, 1, 2, 3, grad_form,
    "m = mode(x)\n"
    "[m, f, c] = mode(x, dim)\n\n"
    "The most frequent element along dim, of several the smallest; f is how often it occurs, c a cell with all "
    "elements as frequent, as columns.\n\n"
    "Example:\n"
    "  mode([1 2 2 3 3])\n"
    "  ans = 2\n\n"
    "See also: mean, median, histc")
{
    struct tensor *x = numbers(c, 0), *t = x;
    int dt = x->dtype;
    if (dtype_is(dt, DT_C)) {
        by_rank(c);
        return;
    }
    int dim = dim_arg(c, 1, &t);
    struct tensor *both = each_run(t, dim, 2, true, mode_rule, NULL);
    struct runs r = runs_along(both, dim);
    i64 size[MAX_DIMS];
    for (int d = 0; d < both->nd; d++)
        size[d] = d == dim - 1 ? 1 : both->dim[d];
    struct tensor *m = tensor_new(D_DOUBLE, both->nd, size), *f = tensor_new(D_DOUBLE, both->nd, size);
    for (i64 k = 0; k < r.count; k++) {
        double *e = (double *)both->data + run_start(&r, k);
        ((double *)m->data)[k] = e[0];
        ((double *)f->data)[k] = e[r.before];
    }
    result_tensor(c, 0, tensor_cast(m, dt));
    result_tensor(c, 1, f);
    if (wants(c, 2)) {
        struct cell *all = cell_new(both->nd, size);
        t = tensor_dense(tensor_cast(t, D_DOUBLE));
        struct runs from = runs_along(t, dim);
        double *run = scratch((size_t)from.n * sizeof *run + 8), *hits = scratch((size_t)from.n * sizeof *hits + 8);
        for (i64 k = 0; k < from.count; k++) {
            for (i64 i = 0; i < from.n; i++)
                run[i] = ((double *)t->data)[run_start(&from, k) + i * from.before];
            sort_values(D_DOUBLE, run, from.n, false);
            i64 n = 0, count = 0;
            for (i64 i = 0; i < from.n; i++) {
                count = i && run[i] == run[i - 1] ? count + 1 : 1;
                if ((double)count == ((double *)f->data)[k])
                    hits[n++] = run[i];
            }
            struct tensor *h = tensor_2d(D_DOUBLE, n, 1);
            memcpy(h->data, hits, (size_t)n * 8);
            cell_set(all, k, tensor_value(tensor_cast(h, dt)));
        }
        result(c, 2, cell_value(all));
    }
}

/* ---- differences and trapezoids */
static value narrow_along(struct tensor *t, int dim, i64 first,
                          i64 n) /* a header on elements first .. first + n - 1 along dim (from 1) */
{
    i64 size[MAX_DIMS];
    memcpy(size, t->dim, sizeof(i64) * t->nd);
    size[dim - 1] = n;
    return tensor_value(tensor_alias(t, t->nd, size, t->stride, n ? first * t->stride[dim - 1] : 0));
}

BUILTIN(diff, 1, 3, 1, grad_form,
    "y = diff(x)\n"
    "y = diff(x, k)\n"
    "y = diff(x, k, dim)\n\n"
    "Differences of neighbours along dim, x(i+1) - x(i), k times over (default 1); dim is by default the first "
    "dimension longer than one, and the next one when that is used up.\n\n"
    "Example:\n"
    "  diff([1 4 9])\n"
    "  ans =\n     3   5\n\n"
    "See also: cumsum, gradient, trapz")
{
    struct tensor *x = arg_tensor(c, 0);
    if (dtype_is(x->dtype, DT_L | DT_T))
        x = tensor_cast(x, D_DOUBLE);
    i64 k = has_arg(c, 1) && value_numel(c->arg[1]) ? arg_int(c, 1, 0, (i64)1 << 40) : 1;
    bool given = has_arg(c, 2);
    int dim = arg_dim(c, 2, first_long_dim(x));
    if (x->numel == 1 && k > 0 && !given) {
        result_tensor(c, 0, tensor_2d(x->dtype, 0, 0));
        return;
    }
    for (; k > 0 && (x->numel || given); k--) {
        i64 n = length_along(x, dim);
        if (dim > x->nd || n <= 1) {
            if (!given && dim < x->nd && x->numel > 1) {
                dim = first_long_dim(x);
                n = length_along(x, dim);
            } else {
                i64 size[MAX_DIMS];
                int nd = MAX(x->nd, dim);
                for (int d = 0; d < nd; d++)
                    size[d] = d == dim - 1 ? 0 : d < x->nd ? x->dim[d] : 1;
                x = tensor_new(x->dtype, nd, size);
                break;
            }
        }
        x = tensor_dense(x);
        x = tensor_of(minus(narrow_along(x, dim, 1, n - 1), narrow_along(x, dim, 0, n - 1)));
    }
    result_tensor(c, 0, x);
}

/* The areas of the trapezoids along dim: (y(i) + y(i+1)) / 2 .* (x(i+1) - x(i)) */
static value trapezoids(struct call *c, int *dim, struct tensor **py)
{
    struct tensor *x = NULL, *y;
    char s[128], t[128];
    bool only = c->nargin == 1 || (c->nargin == 2 && value_numel(c->arg[1]) == 1 && value_numel(c->arg[0]) != 1);
    if (only) {                               /* trapz(y), trapz(y, dim) */
        y = linalg_float(numbers(c, 0));
        *dim = arg_dim(c, 1, first_long_dim(y));
    } else {
        y = linalg_float(numbers(c, 1));
        x = has_arg(c, 0) && value_numel(c->arg[0]) ? linalg_float(numbers(c, 0)) : NULL;
        *dim = arg_dim(c, 2, first_long_dim(y));
    }
    i64 n = length_along(y, *dim);
    *py = y = tensor_dense(y);
    if (n < 2 || *dim > y->nd)
        return nil();
    value sum = ew_apply(EW_plus, 2, (value[]){ narrow_along(y, *dim, 0, n - 1), narrow_along(y, *dim, 1, n - 1) });
    if (x) {
        int xdim = *dim;
        if (x->numel == 1)
            return by(sum, by(tensor_value(x), num(0.5)));
        if (!dims_equal(x->nd, x->dim, y->nd, y->dim)) {
            if (x->numel != n)
                fail("Octave:nonconformant-args",
                     "%s: x must have the size of y or one element for each along dimension %d, but they are %s and %s",
                     c->fn->name, *dim, tensor_shape(x, s), tensor_shape(y, t));
            i64 size[MAX_DIMS];
            int nd = MAX(2, *dim);
            for (int d = 0; d < nd; d++)
                size[d] = d == *dim - 1 ? n : 1;
            x = tensor_reshape(x, nd, size);
        }
        x = tensor_dense(x);
        sum = by(sum, minus(narrow_along(x, xdim, 1, n - 1), narrow_along(x, xdim, 0, n - 1)));
    }
    return by(sum, num(0.5));
}

BUILTIN(trapz, 1, 3, 1, grad_form,
    "q = trapz(y)\n"
    "q = trapz(x, y)\n"
    "q = trapz(x, y, dim)\n\n"
    "Integral of y over x along dim by the trapezoid rule; without x the points are one apart, with a number x they "
    "are x apart. trapz(y, dim) with a number dim is trapz([], y, dim).\n\n"
    "Example:\n"
    "  trapz([0 2 4], [1 2 3])\n"
    "  ans = 8\n\n"
    "See also: cumtrapz, sum, diff")
{
    int dim;
    struct tensor *y;
    value a = trapezoids(c, &dim, &y);
    if (is_nil(a) && y->nd == 2 && y->dim[0] == 0 && y->dim[1] == 0)
        result_num(c, 0, 0);
    else if (is_nil(a))
        result(c, 0, by(reduce_apply(RED_sum, tensor_value(y), dim), num(0)));
    else
        result(c, 0, reduce_apply(RED_sum, a, dim));
}

BUILTIN(cumtrapz, 1, 3, 1, grad_form,
    "q = cumtrapz(y)\n"
    "q = cumtrapz(x, y)\n"
    "q = cumtrapz(x, y, dim)\n\n"
    "Running integral of y over x along dim by the trapezoid rule, of the size of y, beginning with 0; arguments as "
    "for trapz.\n\n"
    "Example:\n"
    "  cumtrapz([0 2 4], [1 2 3])\n"
    "  ans =\n     0   3   8\n\n"
    "See also: trapz, cumsum")
{
    int dim;
    struct tensor *y;
    value a = trapezoids(c, &dim, &y);
    struct tensor *r = tensor_zeros(y->dtype, y->nd, y->dim);
    if (!is_nil(a)) {
        struct tensor *t = tensor_dense(tensor_cast(tensor_of(a), y->dtype));
        struct runs from = runs_along(t, dim), to = runs_along(r, dim);
        for (i64 k = 0; k < to.count; k++) {
            double _Complex s = 0;
            for (i64 i = 0; i < from.n; i++) {
                i64 p = run_start(&from, k) + i * from.before, q = run_start(&to, k) + (i + 1) * to.before;
                switch (y->dtype) {
                case D_DOUBLE: ((double *)r->data)[q] = ((double *)r->data)[q - to.before] + ((double *)t->data)[p]; break;
                case D_SINGLE: ((float *)r->data)[q] = ((float *)r->data)[q - to.before] + ((float *)t->data)[p]; break;
                case D_CDOUBLE: ((double _Complex *)r->data)[q] = s += ((double _Complex *)t->data)[p]; break;
                default: ((float _Complex *)r->data)[q] = (float _Complex)(s += ((float _Complex *)t->data)[p]);
                }
            }
        }
    }
    result_tensor(c, 0, r);
}
