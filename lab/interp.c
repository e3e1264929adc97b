/* SPDX-License-Identifier: BSD-3-Clause */
/* interp.c: piecewise polynomials and interpolation in one dimension.
 *
 * Every method but the three that take one of the given values makes the same thing, a cubic for each interval (linear: its
 * upper coefficients are zero), so one evaluation serves interp1, spline, pchip and ppval.  Splines take the
 * steps that Octave's take, so that whole numbers stay whole; pchip's slopes are those of Fritsch and Butland 1984. */
#include "linalg.h"
#include "plan.h"
#include "sort.h"
#include <complex.h>
#include <math.h>

/* The interval of v: x[i] <= v < x[i+1], 0 .. n-2 also beyond the ends. */
static i64 interval(const double *x, i64 n, double v)
{
    i64 lo = 0, hi = n - 1;
    while (hi - lo > 1) {
        i64 mid = (lo + hi) / 2;
        if (x[mid] <= v)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* ---- splines of one column y: the halves of the second derivatives solve a tridiagonal system */
/* T t = b for the n x n matrix T with these diagonals, by elimination with exchange of neighbours; t replaces b. */
static void tridiagonal(i64 n, double *low, double *diag, double *up, double *b)
{
    double *fill = scratch((size_t)n * 8 + 8);
    for (i64 i = 0; i < n - 1; i++) {
        fill[i] = 0;
        if (fabs(diag[i]) >= fabs(low[i])) {
            double f = diag[i] == 0 ? 0 : low[i] / diag[i];
            diag[i + 1] -= f * up[i];
            b[i + 1] -= f * b[i];
        } else {
            double f = diag[i] / low[i], t = up[i], r = b[i];
            diag[i] = low[i];
            up[i] = diag[i + 1];
            diag[i + 1] = t - f * diag[i + 1];
            if (i < n - 2) {
                fill[i] = up[i + 1];
                up[i + 1] = -f * up[i + 1];
            }
            b[i] = b[i + 1];
            b[i + 1] = r - f * b[i];
        }
    }
    for (i64 i = n - 1; i >= 0; i--)
        b[i] = (b[i] - (i < n - 1 ? up[i] * b[i + 1] : 0) - (i < n - 2 ? fill[i] * b[i + 2] : 0)) / diag[i];
}

/* The same for a symmetric positive definite T. */
static void tridiagonal_definite(i64 n, double *diag, double *side, double *b)
{
    for (i64 i = 0; i < n - 1; i++) {
        double e = side[i];
        side[i] = e / diag[i];
        diag[i + 1] -= side[i] * e;
        b[i + 1] -= b[i] * side[i];
    }
    for (i64 i = n - 1; i >= 0; i--)
        b[i] = b[i] / diag[i] - (i < n - 1 ? b[i + 1] * side[i] : 0);
}

/* The pieces of a spline as `pieces` below gives them; ends: the slopes at the ends, or NULL: not a knot.  Three points
   without ends have one piece, the parabola, with the first point as its origin. */
static void spline_pieces(const double *x, const double *a, i64 n, const double *ends, double *c)
{
    i64 m = n - 1;
    if (n == 2) {
        double w = x[1] - x[0];
        c[0] = ends ? (ends[0] + ends[1]) / (w * w) + 2 * (a[0] - a[1]) / (w * w * w) : 0;
        c[1] = ends ? (-2 * ends[0] - ends[1]) / w - 3 * (a[0] - a[1]) / (w * w) : 0;
        c[2] = ends ? ends[0] : (a[1] - a[0]) / w;
        c[3] = a[0];
        return;
    }
    if (n == 3 && !ends) {
        double w = x[2] - x[0], h0 = x[1] - x[0], h1 = x[2] - x[1];
        c[0] = c[1] = 0;
        c[2] = (a[0] - a[2]) / (w * (x[1] - x[2])) + (a[1] - a[0]) / (h0 * (x[1] - x[2]));
        c[4] = (a[1] - a[0]) * w / (h0 * h1) + (a[0] - a[2]) * h0 / (w * h1);
        c[6] = a[0];
        c[3] = c[2];
        c[5] = c[4] + 2 * c[2] * h0;
        c[7] = a[1];
        return;
    }
    double *h = scratch((size_t)n * 8), *d = scratch((size_t)n * 8), *low = scratch((size_t)n * 8),
           *up = scratch((size_t)n * 8), *g = scratch((size_t)n * 8);
    for (i64 i = 0; i < m; i++)
        h[i] = x[i + 1] - x[i];
    if (ends) {
        g[0] = ((a[1] - a[0]) / h[0] - ends[0]) / 2;
        d[0] = h[0] / 3;
        for (i64 i = 1; i < m; i++) {
            g[i] = ((a[i + 1] - a[i]) / h[i] - (a[i] - a[i - 1]) / h[i - 1]) / 2;
            d[i] = (h[i - 1] + h[i]) / 3;
        }
        g[m] = (ends[1] - (a[m] - a[m - 1]) / h[m - 1]) / 2;
        d[m] = h[m - 1] / 3;
        for (i64 i = 0; i < m; i++)
            low[i] = h[i] / 6;
        tridiagonal_definite(n, d, low, g);
    } else {
        g[1] = 3 / (h[0] + h[1]) * (a[2] - a[1] - h[1] / h[0] * (a[1] - a[0]));
        g[m - 1] = 3 / (h[m - 1] + h[m - 2]) * (h[m - 2] / h[m - 1] * (a[m] - a[m - 1]) - (a[m - 1] - a[m - 2]));
        for (i64 i = 2; i < m - 1; i++)
            g[i] = 3 * (a[i + 1] - a[i]) / h[i] - 3 * (a[i] - a[i - 1]) / h[i - 1];
        for (i64 i = 1; i < m; i++) {
            d[i] = 2 * (h[i - 1] + h[i]);
            low[i] = up[i] = h[i];
        }
        if (n == 4) {
            d[1] = h[0] + 2 * h[1];
            d[2] = 2 * h[1] + h[2];
        } else {
            d[1] -= h[0];
            d[m - 1] -= h[m - 1];
        }
        up[1] -= h[0];
        low[m - 2] -= h[m - 1];
        tridiagonal(m - 1, low + 1, d + 1, up + 1, g + 1);
        g[0] = g[1] + h[0] / h[1] * (g[1] - g[2]);
        g[m] = g[m - 1] + h[m - 1] / h[m - 2] * (g[m - 1] - g[m - 2]);
    }
    for (i64 i = 0; i < m; i++) {
        c[i] = (g[i + 1] - g[i]) / (3 * h[i]);
        c[i + m] = g[i];
        c[i + 2 * m] = (a[i + 1] - a[i]) / h[i] - h[i] / 3 * (g[i + 1] + 2 * g[i]);
        c[i + 3 * m] = a[i];
    }
}

/* ---- slopes at the n points of one column y */
static double end_slope(double h0, double h1, double s0, double s1)   /* three points, kept to the shape */
{
    double d = ((2 * h0 + h1) * s0 - h0 * s1) / (h0 + h1);
    if (d * s0 <= 0)
        return 0;
    if (s0 * s1 <= 0 && fabs(d) > 3 * fabs(s0))
        return 3 * s0;
    return d;
}

static void slopes_pchip(const double *x, const double *y, i64 n, double *d)
{
    if (n == 2) {
        d[0] = d[1] = (y[1] - y[0]) / (x[1] - x[0]);
        return;
    }
    for (i64 i = 1; i < n - 1; i++) {
        double h0 = x[i] - x[i - 1], h1 = x[i + 1] - x[i], s0 = (y[i] - y[i - 1]) / h0, s1 = (y[i + 1] - y[i]) / h1;
        double w0 = (2 * h1 + h0) / (3 * (h0 + h1)), w1 = (h1 + 2 * h0) / (3 * (h0 + h1));
        d[i] = s0 * s1 > 0 ? s0 * s1 / (w0 * s1 + w1 * s0) : s0 * s1 != s0 * s1 ? NAN : 0;
    }
    double h0 = x[1] - x[0], h1 = x[2] - x[1];
    d[0] = end_slope(h0, h1, (y[1] - y[0]) / h0, (y[2] - y[1]) / h1);
    h0 = x[n - 1] - x[n - 2];
    h1 = x[n - 2] - x[n - 3];
    d[n - 1] = end_slope(h0, h1, (y[n - 1] - y[n - 2]) / h0, (y[n - 2] - y[n - 3]) / h1);
}

enum { LINEAR, NEAREST, PREVIOUS, NEXT, PCHIP, CUBIC, SPLINE };

/* Coefficients of the pieces of one column, highest power first: c[i], c[i + m], c[i + 2m], c[i + 3m] for piece i of m */
static void pieces(int method, const double *x, const double *y, i64 n, const double *ends, double *c)
{
    i64 m = n - 1;
    if (method == SPLINE) {
        spline_pieces(x, y, n, ends, c);
        return;
    }
    double *d = scratch((size_t)n * 8 + 8);
    if (method != LINEAR)
        slopes_pchip(x, y, n, d);
    for (i64 i = 0; i < m; i++) {
        double h = x[i + 1] - x[i], s = (y[i + 1] - y[i]) / h;
        if (method == LINEAR) {
            c[i] = c[i + m] = 0;
            c[i + 2 * m] = h == 0 ? 0 : s;
        } else {
            c[i] = (d[i] + d[i + 1] - 2 * s) / (h * h);
            c[i + m] = (3 * s - 2 * d[i] - d[i + 1]) / h;
            c[i + 2 * m] = d[i];
        }
        c[i + 3 * m] = y[i];
    }
}

/* ---- interp1 */
struct points {
    i64 n, cols;
    double *x, *y;
    bool complex_, falls;
}; /* y: n x cols, the imaginary parts in further columns */

static struct points points_of(struct call *c, struct tensor *x, struct tensor *y)
{
    struct points p = { 0 };
    char s[128], t[128];
    bool vector = y->nd == 2 && (y->dim[0] == 1 || y->dim[1] == 1);
    p.n = vector ? y->numel : y->dim[0];
    p.cols = p.n ? y->numel / p.n : 0;
    p.complex_ = dtype_is(y->dtype, DT_C);
    if (x && x->numel != p.n)
        fail("Octave:nonconformant-args",
             "%s: x must have as many elements as y has along its first dimension, but x is %s and y is %s",
             c->fn->name, tensor_shape(x, s), tensor_shape(y, t));
    if (p.n < 2)
        fail("Octave:invalid-input-arg", "%s: at least two points are needed, not %lld", c->fn->name, (long long)p.n);
    p.x = scratch((size_t)p.n * 8);
    for (i64 i = 0; i < p.n; i++)
        p.x[i] = x ? ((double *)x->data)[i] : (double)(i + 1);
    i64 *order = NULL;
    bool rises = true, falls = true;
    for (i64 i = 1; i < p.n; i++) {
        rises &= p.x[i] >= p.x[i - 1];
        falls &= p.x[i] <= p.x[i - 1];
    }
    p.falls = falls && !rises;
    if (p.falls) {                            /* turned round, so that points at a jump are too */
        order = scratch((size_t)p.n * sizeof *order);
        for (i64 i = 0; i < p.n; i++)
            order[i] = p.n - 1 - i;
    } else if (!rises) {
        order = sort_order(D_DOUBLE, p.x, p.n, false);
    }
    if (order) {
        double *sorted = scratch((size_t)p.n * 8);
        for (i64 i = 0; i < p.n; i++)
            sorted[i] = p.x[order[i]];
        p.x = sorted;
    }
    if (p.x[p.n - 1] != p.x[p.n - 1])
        fail("Octave:invalid-input-arg", "%s: x must not contain NaN", c->fn->name);
    i64 parts = p.complex_ ? 2 : 1;
    p.y = scratch((size_t)(p.n * p.cols * parts) * 8 + 8);
    struct tensor *z = tensor_cast(y, p.complex_ ? D_CDOUBLE : D_DOUBLE);
    for (i64 j = 0; j < p.cols; j++)
        for (i64 i = 0; i < p.n; i++) {
            poll_each(i);
            i64 from = (order ? order[i] : i) + j * p.n;
            if (p.complex_) {
                p.y[i + j * p.n] = creal(((double _Complex *)z->data)[from]);
                p.y[i + (j + p.cols) * p.n] = cimag(((double _Complex *)z->data)[from]);
            } else {
                p.y[i + j * p.n] = ((double *)z->data)[from];
            }
        }
    return p;
}

/* The interval of v that reaches up to it: x[i] < v <= x[i+1], 0 .. n-2 also beyond the ends. */
static i64 interval_below(const double *x, i64 n, double v)
{
    i64 lo = 0, hi = n - 1;
    while (hi - lo > 1) {
        i64 mid = (lo + hi) / 2;
        if (x[mid] < v)
            lo = mid;
        else
            hi = mid;
    }
    while (lo < n - 2 && x[lo] == x[lo + 1])  /* a jump at the first point: what comes from inside */
        lo++;
    return lo;
}

/* Values at k places v: to[i + j*k].  outside: the value beyond the ends unless extrap; left: at a jump the value that
 * comes from below. */
static void evaluate(const struct points *p, int method, const double *ends, const double *v, i64 k, bool left,
                     bool extrap, double outside, double *to)
{
    const double *x = p->x;
    i64 n = p->n, m = n - 1;
    bool parabola = method == SPLINE && n == 3 && !ends;
    double *c = method == NEAREST || method == PREVIOUS || method == NEXT ? NULL : scratch((size_t)m * 4 * 8);
    for (i64 j = 0; j < p->cols * (p->complex_ ? 2 : 1); j++) {
        const double *y = p->y + j * n;
        if (c)
            pieces(method, x, y, n, ends ? ends + 2 * j : NULL, c);
        poll();
        for (i64 i = 0; i < k; i++) {
            double e = v[i], r;
            i64 at = parabola ? 0 : left ? interval_below(x, n, e) : interval(x, n, e);
            if (e != e || (!extrap && (e < x[0] || e > x[m]))) {
                r = j < p->cols || outside != outside ? outside : 0;
            } else if (c) {
                double d = e - x[at];
                r = ((c[at] * d + c[at + m]) * d + c[at + 2 * m]) * d + c[at + 3 * m];
            } else if (method == NEAREST) {
                r = y[e - x[at] < x[at + 1] - e || (left && e - x[at] == x[at + 1] - e) ? at : at + 1];
            } else if (method == PREVIOUS) {
                r = e < x[0] && !extrap ? NAN : y[e >= x[at + 1] ? at + 1 : at];
            } else {
                r = e > x[m] && !extrap ? NAN : y[e <= x[at] ? at : at + 1];
            }
            to[i + j * k] = r;
            poll_each(i);
        }
    }
}

/* A spline through what is there takes the place of y that are NaN, as in Octave. */
static void fill_gaps(struct points *p)
{
    double *x = scratch((size_t)p->n * 8), *y = scratch((size_t)p->n * 8), *at = scratch((size_t)p->n * 8),
           *to = scratch((size_t)p->n * 8);
    for (i64 j = 0; j < p->cols * (p->complex_ ? 2 : 1); j++) {
        double *all = p->y + j * p->n;
        i64 known = 0, gaps = 0;
        for (i64 i = 0; i < p->n; i++) {
            if (all[i] != all[i]) {
                at[gaps++] = p->x[i];
            } else {
                x[known] = p->x[i];
                y[known++] = all[i];
            }
        }
        if (!gaps || known < 2)
            continue;
        evaluate(&(struct points){ .n = known, .cols = 1, .x = x, .y = y }, SPLINE, NULL, at, gaps, false, true, NAN, to);
        for (i64 i = 0, k = 0; i < p->n; i++)
            if (all[i] != all[i])
                all[i] = to[k++];
    }
}

static struct tensor *joined(const struct points *p, const double *to, int nd, const i64 *dim)
{
    struct tensor *r = tensor_new(p->complex_ ? D_CDOUBLE : D_DOUBLE, nd, dim);
    for (i64 i = 0; i < r->numel; i++) {
        poll_each(i);
        if (p->complex_)
            ((double _Complex *)r->data)[i] = CMPLX(to[i], to[i + r->numel]);
        else
            ((double *)r->data)[i] = to[i];
    }
    return p->complex_ ? tensor_narrow(r) : r;
}

static bool is_single(value v) { return is_tensor_like(v) && dtype_real(value_dtype(v)) == D_SINGLE; }

static int method_named(struct call *c, const char *s)
{
    static const char *const names[] = { "linear", "nearest", "previous", "next", "pchip", "cubic", "spline" };
    if (*s == '*')
        s++;
    for (int k = 0; k < COUNT(names); k++)
        if (!strcmp(s, names[k]))
            return k;
    fail("Octave:invalid-input-arg",
         "%s: unknown method '%s'; it may be linear, nearest, previous, next, pchip, cubic or spline", c->fn->name, s);
}

static value make_pp(const double *x, i64 n, struct tensor *coefs, i64 order, struct tensor *dim);

/* The curve of interp1 as a piecewise polynomial: one curve, real. */
static value curve_pp(const struct points *p, int method)
{
    i64 n = p->n, m = method == LINEAR || method >= PCHIP ? n - 1 : n,
        order = method == LINEAR  ? 2
                : method >= PCHIP ? 4
                                  : 1,
        kept = 0;
    if (p->cols != 1 || p->complex_)
        fail("Octave:invalid-input-arg", "interp1: 'pp' is for one real curve, but y has %lld columns%s",
             (long long)p->cols, p->complex_ ? " of complex numbers" : "");
    struct tensor *c = tensor_2d(D_DOUBLE, m, order);
    double *b = scratch((size_t)(m + 1) * 8), *to = (double *)c->data;
    const double *x = p->x, *y = p->y;
    if (order == 1) {
        memcpy(to, y, (size_t)n * 8);
        for (i64 i = 0; i <= n; i++)
            b[i] = method == NEAREST    ? (x[i ? i - 1 : 0] + x[MIN(i, n - 1)]) / 2
                   : method == PREVIOUS ? (i < n ? x[i] : 2 * x[n - 1] - x[n - 2])
                   : i                  ? x[i - 1]
                                        : 2 * x[0] - x[1];
        return make_pp(b, n + 1, c, 1, NULL);
    }
    double *all = scratch((size_t)m * 32);
    pieces(method, x, y, n, NULL, all);
    for (i64 i = 0; i < m; i++) {             /* intervals of no length are left out */
        if (x[i] == x[i + 1])
            continue;
        b[kept] = x[i];
        for (i64 k = 0; k < order; k++)
            to[kept + k * m] = all[i + (4 - order + k) * m];
        kept++;
    }
    b[kept] = x[m];
    if (!kept)
        fail("Octave:invalid-input-arg", "interp1: all points x are equal");
    struct tensor *r = tensor_2d(D_DOUBLE, kept, order);
    for (i64 k = 0; k < order; k++)
        memcpy((double *)r->data + k * kept, to + k * m, (size_t)kept * 8);
    return make_pp(b, kept + 1, r, order, NULL);
}

BUILTIN(interp1, 2, 6, 1, grad_form,
    "yi = interp1(x, y, xi)\n"
    "yi = interp1(y, xi)\n"
    "yi = interp1(x, y, xi, method)\n"
    "yi = interp1(x, y, xi, method, extrap, side)\n"
    "pp = interp1(x, y, method, 'pp')\n\n"
    "Values at xi of the curve through the points (x, y); without x the points are 1, 2, ... . y is a vector, or a "
    "matrix with a curve in each column. method is 'linear' (default), 'nearest', 'previous', 'next', 'pchip' or "
    "'cubic' (keeps the shape of the data), or 'spline' (cubic spline, not-a-knot). Beyond the ends the result is NaN, "
    "or the number extrap, or with 'extrap' the curve goes on. Where x holds a number twice, a linear curve jumps; "
    "side 'right' (usual where x rises) gives the value behind the jump, 'left' that before it. 'pp' gives the curve "
    "as a piecewise polynomial for ppval.\n\n"
    "Example:\n"
    "  interp1([1 2 3], [4 5 6], [1.5 2.5])\n"
    "  ans =\n     4.5000   5.5000\n\n"
    "See also: spline, pchip, polyfit, lookup")
{
    int n = 0, method = LINEAR;
    bool extrap = false, pp = false;
    double outside = NAN;
    const char *side = NULL;
    while (n < c->nargin && !arg_is_text(c, n) && n < 3)
        n++;
    if (n < 2)
        fail_arg(c, n, "numeric");
    for (int i = n; i < c->nargin; i++) {
        if (!arg_is_text(c, i)) {
            if (value_numel(c->arg[i]))
                outside = arg_num(c, i);
            continue;
        }
        const char *s = arg_text(c, i, NULL);
        if (!strcmp(s, "extrap"))
            extrap = true;
        else if (!strcmp(s, "pp"))
            pp = true;
        else if (!strcmp(s, "left") || !strcmp(s, "right"))
            side = s;
        else
            method = method_named(c, s);
    }
    if (pp && n == 2)
        n = 3;
    struct tensor *x = n == 3 ? arg_double(c, 0) : NULL, *y = arg_float(c, n - 2), *xi = pp ? NULL : arg_double(c, n - 1);
    struct points p = points_of(c, x, y);
    bool left = method < PREVIOUS && (side ? *side == 'l' : p.falls);
    if (method >= PCHIP)
        for (i64 i = 1; i < p.n; i++)
            if (p.x[i] == p.x[i - 1])
                fail("Octave:invalid-input-arg",
                     "interp1: the points x must be different for this method, but %g occurs twice", p.x[i]);
    if (method == SPLINE)
        fill_gaps(&p);
    if (pp) {
        result(c, 0, curve_pp(&p, method));
        return;
    }
    i64 k = xi->numel, dim[MAX_DIMS];
    int nd = xi->nd;
    double *to = scratch((size_t)(k * p.cols * (p.complex_ ? 2 : 1)) * 8 + 8);
    evaluate(&p, method, NULL, (double *)xi->data, k, left, extrap, outside, to);
    memcpy(dim, xi->dim, sizeof(i64) * nd);
    if (p.cols > 1) {                         /* the sizes of xi, its length alone where it is a vector, then those of y */
        int lead = xi->nd == 2 && (xi->dim[0] == 1 || xi->dim[1] == 1) ? 1 : xi->nd;
        nd = lead + y->nd - 1;
        if (nd > MAX_DIMS)
            fail("tl:too-many-dimensions", "interp1: the result would have more than %d dimensions", MAX_DIMS);
        memcpy(dim + lead, y->dim + 1, sizeof(i64) * (y->nd - 1));
        if (lead == 1)
            dim[0] = k;
    }
    struct tensor *r = joined(&p, to, nd, dim);
    bool single = y->dtype == D_SINGLE || y->dtype == D_CSINGLE;
    if (method != NEAREST && method != PREVIOUS &&
        method != NEXT) /* these give elements of y, all else computes with x */
        single = single || is_single(c->arg[n - 1]) || (n == 3 && is_single(c->arg[0]));
    result_tensor(c, 0, single ? tensor_cast(r, dtype_is(r->dtype, DT_C) ? D_CSINGLE : D_SINGLE) : r);
}

/* ---- piecewise polynomials: a struct with form, breaks, coefs, pieces, order, dim.  dim is 1, or the sizes of a value
   that is an array of D numbers: then coefs has D rows for each piece, the first piece's first. */
static value make_pp(const double *x, i64 n, struct tensor *coefs, i64 order, struct tensor *dim)
{
    struct record *r = record_scalar();
    struct tensor *b = tensor_2d(D_DOUBLE, 1, n);
    memcpy(b->data, x, (size_t)n * 8);
    record_set(r, 0, symbol_of("form"), tensor_value(tensor_text("pp", 2)));
    record_set(r, 0, symbol_of("breaks"), tensor_value(b));
    record_set(r, 0, symbol_of("coefs"), tensor_value(coefs));
    record_set(r, 0, symbol_of("pieces"), num((double)(n - 1)));
    record_set(r, 0, symbol_of("order"), num((double)order));
    record_set(r, 0, symbol_of("dim"), dim ? tensor_value(dim) : num(1));
    return record_value(r);
}

/* The size of D numbers at each of x: D's sizes (nd < 0: a value is one number), then those of x, its length alone
 * where it is a vector. */
static int sizes_at(int nd, const i64 *dim, const struct tensor *x, i64 to[MAX_DIMS])
{
    bool vector = x->nd == 2 && (x->dim[0] == 1 || x->dim[1] == 1);
    if (nd < 0) {
        memcpy(to, x->dim, sizeof(i64) * x->nd);
        return x->nd;
    }
    if (nd + x->nd > MAX_DIMS)
        fail("tl:too-many-dimensions", "the result would have more than %d dimensions", MAX_DIMS);
    memcpy(to, dim, sizeof(i64) * nd);
    if (vector) {
        to[nd] = x->numel;
        return nd + 1;
    }
    memcpy(to + nd, x->dim, sizeof(i64) * x->nd);
    return nd + x->nd;
}

/* A NaN in a curve is a point that was not measured: it gets the value of the spline through the others, as in Octave. */
static void holes_filled(struct points *p)
{
    double *x = scratch((size_t)p->n * 8 + 8), *at = scratch((size_t)p->n * 8 + 8), *to = scratch((size_t)p->n * 8 + 8);
    for (i64 j = 0; j < p->cols; j++) {
        double *y = p->y + j * p->n, *have = scratch((size_t)p->n * 8 + 8);
        i64 k = 0, m = 0;
        for (i64 i = 0; i < p->n; i++) {
            if (isnan(y[i]))
                at[m++] = p->x[i];
            else
                x[k] = p->x[i], have[k++] = y[i];
        }
        if (m == 0 || k < 2)
            continue;
        struct points some = { .x = x, .y = have, .n = k, .cols = 1 };
        evaluate(&some, SPLINE, NULL, at, m, false, true, NAN, to);
        for (i64 i = 0, h = 0; i < p->n; i++)
            y[i] = isnan(y[i]) ? to[h++] : y[i];
    }
}

static void curve(struct call *c, int method)             /* spline(x, y, xi), pchip(x, y, xi); without xi the pieces */
{
    if (has_arg(c, 2) && is_tensor_like(c->arg[1]) && dtype_is(value_dtype(c->arg[1]), DT_C)) {
        value part[2], i = ew_apply(EW_sqrt, 1, (value[]){ num(-1) });
        for (int k = 0; k < 2; k++)
            part[k] = call1(c->fn, 3, c->arg[0], ew_apply(k ? EW_imag : EW_real, 1, &c->arg[1]), c->arg[2]);
        result(c, 0, ew_apply(EW_plus, 2, (value[]){ part[0], ew_apply(EW_times, 2, (value[]){ part[1], i }) }));
        return;
    }
    struct tensor *x = arg_double(c, 0), *y = arg_double(c, 1);
    i64 n = x->numel, D = 1, dim[MAX_DIMS], last = y->dim[y->nd - 1];
    int nd = -1;
    bool vector = y->nd == 2 && (y->dim[0] == 1 || y->dim[1] == 1);
    if (vector)
        last = y->numel;
    else
        for (nd = 0; nd < y->nd - 1; nd++)
            D *= dim[nd] = y->dim[nd];
    bool clamped = method == SPLINE && last == n + 2;
    char s[128];
    if (last != n && !clamped)
        fail("Octave:nonconformant-args",
             "%s: y must have as many elements as x (%lld), or an array for each along its last dimension, but is %s",
             c->fn->name, (long long)n, tensor_shape(y, s));
    double *ends = clamped ? scratch((size_t)D * 16 + 16) : NULL,
           *all = (double *)y->data;                          /* the first and last are slopes */
    struct tensor *in = tensor_2d(D_DOUBLE, n, D);            /* a curve in each column */
    for (i64 j = 0; j < D; j++) {
        if (clamped)
            ends[2 * j] = all[j], ends[2 * j + 1] = all[j + (n + 1) * D];
        for (i64 i = 0; i < n; i++)
            ((double *)in->data)[i + j * n] = all[j + (i + clamped) * D];
    }
    struct points p = points_of(c, x, in);
    if (method == SPLINE && !clamped)
        holes_filled(&p);
    for (i64 i = 1; i < n; i++)
        if (p.x[i] == p.x[i - 1])
            fail("Octave:invalid-input-arg", "%s: the points x must be different, but %g occurs twice", c->fn->name, p.x[i]);
    if (method == SPLINE)
        fill_gaps(&p);
    if (!has_arg(c, 2)) {
        i64 order = method == SPLINE && !clamped && n < 4 ? n : 4, m = order == 3 ? 1 : n - 1;
        struct tensor *coefs = tensor_2d(D_DOUBLE, m * D, order), *sizes = NULL;
        double *piece = scratch((size_t)(n - 1) * 32 + 8), breaks[2] = { p.x[0], p.x[n - 1] };
        for (i64 j = 0; j < D; j++) {
            pieces(method, p.x, p.y + j * n, n, clamped ? ends + 2 * j : NULL, piece);
            for (i64 i = 0; i < m; i++)
                for (i64 k = 0; k < order; k++)
                    ((double *)coefs->data)[j + D * (i + k * m)] = piece[i + (4 - order + k) * (n - 1)];
        }
        if (nd > 0)
            sizes = tensor_of_dims(nd, dim);
        result(c, 0, make_pp(order < 4 ? breaks : p.x, m + 1, coefs, order, sizes));
        return;
    }
    struct tensor *xi = arg_double(c, 2);
    i64 k = xi->numel, size[MAX_DIMS];
    double *to = scratch((size_t)(k * D) * 8 + 8);
    evaluate(&p, method, ends, (double *)xi->data, k, false, true, NAN, to);
    int nsize = sizes_at(nd, dim, xi, size);
    struct tensor *r = tensor_new(D_DOUBLE, nsize, size);
    for (i64 i = 0; i < k; i++)
        for (i64 j = 0; j < D; j++)
            ((double *)r->data)[j + i * D] = to[i + j * k];
    bool single = is_single(c->arg[0]) || is_single(c->arg[1]) || is_single(c->arg[2]);
    result_tensor(c, 0, single ? tensor_cast(r, D_SINGLE) : r);
}

BUILTIN(spline, 2, 3, 1, grad_form,
    "yi = spline(x, y, xi)\n"
    "pp = spline(x, y)\n\n"
    "Cubic spline through the points (x, y), evaluated at xi, or as a piecewise polynomial for ppval. The ends are "
    "not-a-knot; when y has two elements more than x, its first and last are the slopes at the ends. Of an array y "
    "each array along its last dimension is a value.\n\n"
    "Example:\n"
    "  spline([0 1 2 3], [0 1 4 9], 1.5)\n"
    "  ans = 2.2500\n\n"
    "See also: pchip, interp1, ppval")
{
    curve(c, SPLINE);
}

BUILTIN(pchip, 2, 3, 1, grad_form,
    "yi = pchip(x, y, xi)\n"
    "pp = pchip(x, y)\n\n"
    "Piecewise cubic curve through the points (x, y) that keeps their shape (it rises where they rise), evaluated at "
    "xi, or as a piecewise polynomial for ppval.\n\n"
    "Example:\n"
    "  pchip([0 1 2 3], [0 1 4 9], 1)\n"
    "  ans = 1\n\n"
    "See also: spline, interp1, ppval")
{
    curve(c, PCHIP);
}

BUILTIN(mkpp, 2, 3, 1, grad_form,
    "pp = mkpp(breaks, coefs)\n"
    "pp = mkpp(breaks, coefs, dim)\n\n"
    "Piecewise polynomial: row i of coefs holds the coefficients, highest power first, of the polynomial in x - "
    "breaks(i) between breaks(i) and breaks(i+1). With sizes dim a value is an array of these sizes: coefs has "
    "prod(dim) rows for each piece.\n\n"
    "Example:\n"
    "  ppval(mkpp([0 1 2], [1 0; 2 1]), 1.5)\n"
    "  ans = 2\n\n"
    "See also: ppval, unmkpp, spline")
{
    struct tensor *b = arg_double(c, 0), *a = arg_double(c, 1), *dim = has_arg(c, 2) ? arg_double(c, 2) : NULL;
    i64 m = b->numel - 1, D = 1;
    for (i64 k = 0; dim && k < dim->numel; k++) {
        double d = ((double *)dim->data)[k];
        if (!(d >= 1 && d < 1e9 && d == floor(d)))
            fail_arg(c, 2, "positive integers");
        D *= (i64)d;
    }
    if (m < 1 || a->numel % (m * D))
        fail("Octave:nonconformant-args",
             "mkpp: there must be a row of coefficients for each of the %lld pieces, but there are %lld coefficients",
             (long long)(m * D), (long long)a->numel);
    if (dim)
        dim = tensor_reshape(dim, 2, (i64[]){ 1, dim->numel });
    result(c, 0,
           make_pp((double *)b->data, m + 1, tensor_reshape(a, 2, (i64[]){ m * D, a->numel / (m * D) }),
                   a->numel / (m * D), dim));
}

static struct tensor *field(struct call *c, struct record *r, const char *name)
{
    value v = record_get(r, 0, symbol_of(name));
    if (is_nil(v) || !is_tensor_like(v))
        fail_arg(c, 0, "a piecewise polynomial, as spline, pchip and mkpp make");
    return tensor_dense(tensor_cast(tensor_of(v), D_DOUBLE));
}

BUILTIN(unmkpp, 1, 1, 5, grad_form,
    "[breaks, coefs, pieces, order, dim] = unmkpp(pp)\n\n"
    "The parts of a piecewise polynomial.\n\n"
    "Example:\n"
    "  unmkpp(mkpp([0 1 2], [1 0; 2 1]))\n"
    "  ans =\n     0   1   2\n\n"
    "See also: mkpp, ppval")
{
    struct record *r = arg_struct(c, 0);
    static const char *const names[] = { "breaks", "coefs", "pieces", "order", "dim" };
    for (int i = 0; i < 5; i++)
        result_tensor(c, i, field(c, r, names[i]));
}

BUILTIN(ppval, 2, 2, 1, grad_form,
    "yi = ppval(pp, xi)\n\n"
    "Value of a piecewise polynomial at each element of xi; beyond the ends its first and last piece go on.\n\n"
    "Example:\n"
    "  ppval(spline([0 1 2 3], [0 1 8 27]), 2)\n"
    "  ans = 8\n\n"
    "See also: mkpp, spline, pchip")
{
    struct record *r = arg_struct(c, 0);
    struct tensor *b = field(c, r, "breaks"), *a = field(c, r, "coefs"), *x = arg_double(c, 1);
    struct tensor *sizes = field(c, r, "dim");
    i64 m = b->numel - 1, D = 1, dim[MAX_DIMS], size[MAX_DIMS];
    int nd = -1;
    for (i64 k = 0; k < sizes->numel && k < MAX_DIMS; k++)
        D *= dim[k] = (i64)fmin(fmax(((double *)sizes->data)[k], 0), 1e9);
    if (!(sizes->numel == 1 && dim[0] == 1))
        nd = (int)MIN(sizes->numel, MAX_DIMS);
    if (m < 1 || D < 1 || a->dim[0] % m || a->dim[0] / m != D)
        fail_arg(c, 0, "a piecewise polynomial, as spline, pchip and mkpp make");
    int nsize = sizes_at(nd, dim, x, size);
    struct tensor *y = tensor_new(D_DOUBLE, nsize, size);
    const double *breaks = (double *)b->data, *coef = (double *)a->data;
    i64 rows = m * D;
    for (i64 i = 0; i < x->numel; i++) {
        double e = ((double *)x->data)[i];
        i64 at = interval(breaks, m + 1, e);
        poll_each(i);
        for (i64 j = 0; j < D; j++) {
            double s = 0;
            for (i64 k = 0; k < a->dim[1]; k++)
                s = s * (e - breaks[at]) + coef[j + at * D + k * rows];
            ((double *)y->data)[j + i * D] = s;
        }
    }
    result_tensor(c, 0, is_single(c->arg[1]) ? tensor_cast(y, D_SINGLE) : y);
}
