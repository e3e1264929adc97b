/* SPDX-License-Identifier: BSD-3-Clause */
/* rules.c: the derivatives of builtins that are not rows of ops.def or reduce.def.
 *
 * A rule is written with builtins, which record themselves, so it differentiates again.  Matrix formulas are those of
 * M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008),
 * and I. Murray, "Differentiation of the Cholesky decomposition" (2016); g is dL/d conj(result).
 * tests/grad holds each against central differences. */
#include "rules.h"
#include "gpu.h"
#include "index.h"
#include "tape.h"

#define B(name) extern const struct builtin builtin_##name;
B(permute) B(ipermute) B(reshape) B(diag) B(triu) B(tril) B(fliplr) B(flipud) B(flip) B(rot90) B(circshift) B(eye)
B(inv) B(transpose) B(conv2) B(filter) B(vertcat)
#undef B
#define CALL(name, ...) g_call(&builtin_##name, __VA_ARGS__)

static value minus(value a) { return g_fn(EW_uminus, a); }
static value scale(value a, double k) { return g_op(EW_times, a, num(k)); }
static value row_of(int n, const i64 *x)
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, n);
    for (int i = 0; i < n; i++)
        ((double *)t->data)[i] = (double)x[i];
    return tensor_box(t);
}

/* ---- the same elements in another order */
void reshape_grad(struct call *c) { result(c, 0, g_reshape_like(grad_of(c, 0), c->arg[0])); }
void convert_grad(struct call *c) { result(c, 0, grad_of(c, 0)); }
void permute_grad(struct call *c) { result(c, 0, CALL(ipermute, 2, grad_of(c, 0), c->arg[1])); }
void ipermute_grad(struct call *c) { result(c, 0, CALL(permute, 2, grad_of(c, 0), c->arg[1])); }
void transpose_grad(struct call *c) { result(c, 0, CALL(transpose, 1, grad_of(c, 0))); }
void ctranspose_grad(struct call *c) { result(c, 0, g_t(grad_of(c, 0))); }
void fliplr_grad(struct call *c) { result(c, 0, CALL(fliplr, 1, grad_of(c, 0))); }
void flipud_grad(struct call *c) { result(c, 0, CALL(flipud, 1, grad_of(c, 0))); }

void flip_grad(struct call *c)
{
    value g = grad_of(c, 0);
    result(c, 0, c->nargin > 1 ? CALL(flip, 2, g, c->arg[1]) : CALL(flip, 1, g));
}

void rot90_grad(struct call *c)
{
    result(c, 0, CALL(rot90, 2, grad_of(c, 0), num(c->nargin > 1 ? -arg_num(c, 1) : -1)));
}

void circshift_grad(struct call *c)
{
    value g = grad_of(c, 0), n = minus(c->arg[1]);
    result(c, 0, c->nargin > 2 ? CALL(circshift, 3, g, n, c->arg[2]) : CALL(circshift, 2, g, n));
}

void triu_grad(struct call *c)
{
    value g = grad_of(c, 0);
    if (c->nargin > 1 && arg_is_text(c, c->nargin - 1))
        fail("tl:not-differentiable", "triu: has no derivative with 'pack'; take the elements by an index");
    result(c, 0, c->nargin > 1 ? CALL(triu, 2, g, c->arg[1]) : CALL(triu, 1, g));
}

void tril_grad(struct call *c)
{
    value g = grad_of(c, 0);
    if (c->nargin > 1 && arg_is_text(c, c->nargin - 1))
        fail("tl:not-differentiable", "tril: has no derivative with 'pack'; take the elements by an index");
    result(c, 0, c->nargin > 1 ? CALL(tril, 2, g, c->arg[1]) : CALL(tril, 1, g));
}

void diag_grad(struct call *c)                /* of a vector: the diagonal of g; of a matrix: g put back on it */
{
    value x = c->arg[0], g = grad_of(c, 0);
    i64 dim[MAX_DIMS], k = c->nargin > 1 ? (i64)arg_num(c, 1) : 0;
    value_dims(x, dim);
    if (dim[0] == 1 || dim[1] == 1) {
        result(c, 0, g_reshape_like(CALL(diag, 2, g, num((double)k)), x));
        return;
    }
    i64 n = value_numel(g), first = k >= 0 ? k * dim[0] : -k;
    result(c, 0,
           g_index_add(x, 1,
                       (value[]){ range_new((double)(first + 1), (double)(dim[0] + 1),
                                            (double)(first + 1 + (n - 1) * (dim[0] + 1))) },
                       g));
}

/* Along each dimension g is (size, times): reshape to size1 x times1 x size2 x …, add up the times. */
void repmat_grad(struct call *c)
{
    i64 dim[MAX_DIMS], gd[MAX_DIMS], pair[2 * MAX_DIMS];
    value g = grad_of(c, 0);
    int nd = value_dims(c->arg[0], dim), gn = value_dims(g, gd), n = MAX(nd, gn);
    if (2 * n > MAX_DIMS)
        fail("tl:not-differentiable", "repmat: has a derivative up to %d dimensions, not %d", MAX_DIMS / 2, n);
    if (value_numel(g) == 0)
        return;
    for (int d = 0; d < n; d++) {
        i64 size = d < nd ? dim[d] : 1;
        pair[2 * d] = size;
        pair[2 * d + 1] = (d < gn ? gd[d] : 1) / size;
    }
    g = CALL(reshape, 2, g, row_of(2 * n, pair));
    for (int d = 0; d < n; d++)
        if (pair[2 * d + 1] != 1)
            g = g_sum(g, 2 * d + 2);
    result(c, 0, g_reshape_like(g, c->arg[0]));
}

/* C = kron(A, B): C as p x m x q x n, its blocks in columns: dA = B(:)' * blocks, dB = blocks * conj(A(:)). */
void kron_grad(struct call *c)
{
    i64 a[MAX_DIMS], b[MAX_DIMS];
    if (c->nargin != 2)
        fail("tl:not-differentiable", "kron: has a derivative for two arguments, not %d", c->nargin);
    value A = c->arg[0], B = c->arg[1];
    value_dims(A, a);
    value_dims(B, b);
    value g = CALL(reshape, 2, grad_of(c, 0), row_of(4, (i64[]){ b[0], a[0], b[1], a[1] }));
    g = CALL(permute, 2, g, row_of(4, (i64[]){ 1, 3, 2, 4 }));
    g = CALL(reshape, 2, g, row_of(2, (i64[]){ b[0] * b[1], a[0] * a[1] }));
    value all = colon();
    if (grad_wanted(c, 0))
        result(c, 0, g_reshape_like(g_mul(g_t(index_paren(B, 1, &all)), g), A));
    if (grad_wanted(c, 1))
        result(c, 1, g_reshape_like(g_mul(g, g_fn(EW_conj, index_paren(A, 1, &all))), B));
}

void sort_grad(struct call *c)                /* g goes back to where its elements came from */
{
    value x = c->arg[0], from, sorted[2];
    call_builtin(c->fn, c->nargin, c->arg, 2, sorted);    /* the permutation, should the call not have asked for it */
    struct tensor *p = tensor_dense(tensor_cast(tensor_of(gpu_read_value(sorted[1], "sort")), D_DOUBLE)), *t = tensor_any(x);
    int dim = first_long_dim(t);
    if (c->nargin > 1 && !arg_is_text(c, 1))
        dim = arg_dim(c, 1, dim);
    i64 stride = 1, len = dim <= t->nd ? t->dim[dim - 1] : 1;
    for (int d = 0; d < dim - 1 && d < t->nd; d++)
        stride *= t->dim[d];
    struct tensor *pos = tensor_new(D_DOUBLE, p->nd, p->dim);
    for (i64 i = 0; i < p->numel; i++) {
        i64 inner = i % stride, outer = i / (stride * len);
        ((double *)pos->data)[i] = (double)(inner + outer * stride * len) + (((double *)p->data)[i] - 1) * (double)stride + 1;
    }
    from = tensor_box(pos);
    result(c, 0, g_index_add(x, 1, &from, grad_of(c, 0)));
}

void accumarray_grad(struct call *c)          /* of sums: each value gets the gradient of its place */
{
    if (c->nargin > 3 && has_arg(c, 3) && value_numel(c->arg[3]))
        fail("tl:not-differentiable", "accumarray: has a derivative for sums only");
    struct tensor *s = arg_double(c, 0);
    value idx[MAX_DIMS], g = grad_of(c, 0);
    if (s->dim[1] > 1) {                      /* rows of subscripts: to linear ones */
        i64 gd[MAX_DIMS];
        value_dims(g, gd);
        struct tensor *lin = tensor_2d(D_DOUBLE, s->dim[0], 1);
        for (i64 i = 0; i < s->dim[0]; i++) {
            double at = 0, step = 1;
            for (i64 d = 0; d < s->dim[1]; d++) {
                at += (((double *)s->data)[i + d * s->dim[0]] - 1) * step;
                step *= (double)gd[d];
            }
            ((double *)lin->data)[i] = at + 1;
        }
        idx[0] = tensor_box(lin);
    } else {
        idx[0] = tensor_box(s);
    }
    value y = index_paren(g, 1, idx);
    if (value_numel(c->arg[1]) == 1 && value_numel(y) != 1)
        y = g_sum(index_paren(y, 1, (value[]){ colon() }), 1);
    result(c, 1, g_reshape_like(y, c->arg[1]));
}

/* C = conv2(A, B) cut to shape: a convolution with one 1 puts g back into the full matrix; then dA and dB are what of it
   convolved with the other matrix, turned by 180 degrees, needs no zeros outside. */
void conv2_grad(struct call *c)
{
    i64 a[MAX_DIMS], b[MAX_DIMS], d[MAX_DIMS];
    value A = c->arg[0], B = c->arg[1], g = grad_of(c, 0), turned[2], valid = tensor_value(tensor_text("valid", 5));
    if (has_arg(c, 2) && !arg_is_text(c, 2))
        fail("tl:not-differentiable", "conv2: has a derivative for two matrices, not for two vectors and a matrix");
    value_dims(A, a);
    value_dims(B, b);
    value_dims(g, d);
    bool same = has_arg(c, 2) && d[0] == a[0] && d[1] == a[1], cut = d[0] != a[0] + b[0] - 1 || d[1] != a[1] + b[1] - 1;
    if (value_numel(g) == 0)
        return;
    if (cut) {
        struct tensor *one = tensor_zeros(D_DOUBLE, 2, (i64[]){ a[0] + b[0] - d[0], a[1] + b[1] - d[1] });
        i64 r = same ? b[0] / 2 : b[0] - 1, q = same ? b[1] / 2 : b[1] - 1;
        ((double *)one->data)[r + q * one->dim[0]] = 1;
        g = CALL(conv2, 2, g, tensor_box(one));
    }
    for (int i = 0; i < 2; i++) {
        turned[i] = CALL(rot90, 2, g_fn(EW_conj, c->arg[!i]), num(2));
        if (grad_wanted(c, i))
            result(c, i, CALL(conv2, 3, g, turned[i], valid));
    }
}

/* ---- running sums and products */
static value from_the_end(const struct builtin *f, value x, value dim)
{
    return CALL(flip, 2, g_call(f, 2, CALL(flip, 2, x, dim), dim), dim);
}

static value dim_of(struct call *c)
{
    return num(arg_dim(c, 1, first_long_dim(tensor_any(c->arg[0]))));
}

void cumsum_grad(struct call *c)
{
    result(c, 0, from_the_end(c->fn, grad_of(c, 0), dim_of(c)));
}

extern const struct builtin builtin_cumsum;
extern const struct builtin builtin_cat, builtin_cumprod;
static value cumprod_with_zeros(value g, value x, int dim)         /* for each place: what follows it, were it 1 */
{
    i64 size[MAX_DIMS];
    int nd = value_dims(x, size);
    i64 n = dim <= nd ? size[dim - 1] : 1;
    if (n == 1)
        return g;
    value *arg = scratch(sizeof *arg * (size_t)(n + 1)), y;
    arg[0] = num(dim);
    for (i64 i = 0; i < n; i++) {
        struct tensor *here = tensor_new(D_DOUBLE, 2, (i64[]){ dim == 1 ? n : 1, dim == 2 ? n : 1 }), *after;
        if (dim > 2) {
            i64 d[MAX_DIMS];
            for (int k = 0; k < dim; k++)
                d[k] = k == dim - 1 ? n : 1;
            here = tensor_new(D_DOUBLE, dim, d);
        }
        after = tensor_new(D_DOUBLE, here->nd, here->dim);
        for (i64 k = 0; k < n; k++) {
            ((double *)here->data)[k] = k == i;
            ((double *)after->data)[k] = k >= i;
        }
        value e = tensor_box(here), rest = g_op(EW_plus, g_op(EW_times, x, g_op(EW_minus, num(1), e)), e);
        value all = CALL(cumprod, 2, rest, num(dim));
        arg[i + 1] = g_sum(g_op(EW_times, g_op(EW_times, g, g_fn(EW_conj, all)), tensor_box(after)), dim);
    }
    call_builtin(&builtin_cat, (int)n + 1, arg, 1, &y);
    return y;
}

void cumprod_grad(struct call *c)             /* the sum of g .* y from here on, by x */
{
    value y = grad_result(c, 0), x = c->arg[0];
    if (g_has_zero(x)) {
        result(c, 0, cumprod_with_zeros(grad_of(c, 0), x, (int)dim_of(c).num));
        return;
    }
    result(c, 0, g_op(EW_rdivide, from_the_end(&builtin_cumsum, g_op(EW_times, grad_of(c, 0), y), dim_of(c)), x));
}

void dot_grad(struct call *c)
{
    value g = grad_of(c, 0), a = c->arg[0], b = c->arg[1];
    if (value_numel(g) == 1 && value_numel(a) > 1) {      /* vectors, of either orientation each */
        if (grad_wanted(c, 0))
            result(c, 0, g_reshape_like(g_op(EW_times, g, b), a));
        if (grad_wanted(c, 1))
            result(c, 1, g_reshape_like(g_op(EW_times, g, a), b));
        return;
    }
    if (grad_wanted(c, 0))
        result(c, 0, g_op(EW_times, g, b));
    if (grad_wanted(c, 1))
        result(c, 1, g_op(EW_times, g, a));
}

/* ---- linear algebra */
static value identity(value like)
{
    i64 dim[MAX_DIMS];
    value_dims(like, dim);
    return CALL(eye, 1, num((double)dim[0]));
}

void trace_grad(struct call *c) { result(c, 0, g_op(EW_times, grad_of(c, 0), identity(c->arg[0]))); }

void inv_grad(struct call *c)                 /* -Y' G Y' */
{
    value yt = g_t(grad_result(c, 0));
    result(c, 0, minus(g_mul(yt, g_mul(grad_of(c, 0), yt))));
}

void det_grad(struct call *c)                 /* g conj(d) inv(A)' */
{
    value d = g_fn(EW_conj, grad_result(c, 0));
    result(c, 0, g_op(EW_times, g_op(EW_times, grad_of(c, 0), d), g_t(CALL(inv, 1, c->arg[0]))));
}

extern const struct builtin builtin_svd;
void norm_grad(struct call *c)                /* vectors: p = 2, 1, Inf, any p; matrices: 2 and 'fro' */
{
    value x = c->arg[0], g = grad_of(c, 0), y = grad_result(c, 0);
    i64 dim[MAX_DIMS];
    int nd = value_dims(x, dim);
    bool vector = nd == 2 && (dim[0] == 1 || dim[1] == 1), text = c->nargin > 1 && arg_is_text(c, 1);
    double p = c->nargin > 1 && !text ? arg_num(c, 1) : 2;
    bool fro = text && !strcmp(arg_text(c, 1, NULL), "fro");
    if (grad_wanted(c, 1) && c->nargin > 1)
        fail("tl:not-differentiable", "norm: has no derivative with respect to p");
    if (text && !fro)
        p = 1.0 / 0.0;
    if (fro || (vector && p == 2)) {
        result(c, 0, g_op(EW_times, x, g_op(EW_rdivide, g, y)));
    } else if (vector && p == 1) {
        result(c, 0, g_op(EW_times, g, g_fn(EW_sign, x)));
    } else if (vector && (p == 1.0 / 0.0 || p == -1.0 / 0.0)) {
        value hit = ew_apply(EW_eq, 2, (value[]){ g_fn(EW_abs, x), y });
        value share = g_op(EW_rdivide, hit, g_sum(index_paren(hit, 1, (value[]){ colon() }), 1));
        result(c, 0, g_op(EW_times, g_op(EW_times, g, g_fn(EW_sign, x)), share));
    } else if (vector) {                      /* sign(x) |x|^(p-1) y^(1-p) */
        value r = g_op(EW_power, g_op(EW_rdivide, g_fn(EW_abs, x), y), num(p - 1));
        result(c, 0, g_op(EW_times, g_op(EW_times, g, g_fn(EW_sign, x)), r));
    } else if (p == 2) {                      /* u1 v1' */
        value s[3], first[2] = { colon(), num(1) };
        call_builtin(&builtin_svd, 2, (value[]){ x, tensor_value(tensor_text("econ", 4)) }, 3, s);
        result(c, 0, g_op(EW_times, g, g_mul(index_paren(s[0], 2, first), g_t(index_paren(s[2], 2, first)))));
    } else if (p == 1 || p == 1.0 / 0.0) {    /* the largest sum of a column, of a row */
        int dim = p == 1 ? 1 : 2;
        value sums = reduce_apply(RED_sum, ew_apply(EW_abs, 1, &x), dim), most = reduce_apply(RED_max, sums, 3 - dim);
        value hit = ew_apply(EW_eq, 2, (value[]){ sums, most });
        value share = ew_apply(EW_rdivide, 2, (value[]){ hit, reduce_apply(RED_sum, hit, 3 - dim) });
        result(c, 0, g_op(EW_times, g_op(EW_times, g, g_fn(EW_sign, x)), share));
    } else {
        fail("tl:not-differentiable", "norm: of a matrix has a derivative for p = 1, 2, Inf and 'fro'");
    }
}

static value half_lower(value x)              /* lower triangle, the diagonal halved */
{
    return g_op(EW_minus, CALL(tril, 1, x), scale(CALL(diag, 1, CALL(diag, 1, x)), 0.5));
}

void chol_grad(struct call *c)                /* A = R'R: with L = R', S = inv(L)' P(L' dL) inv(L), dA = (S + S')/2 */
{
    value r = grad_result(c, 0), g = grad_of(c, 0);
    bool lower = c->nargin > 1;
    value L = lower ? r : g_t(r), dL = lower ? g : g_t(g), Lt = g_t(L);
    value P = half_lower(g_mul(Lt, dL));
    value S = g_solve(Lt, g_t(g_solve(Lt, g_t(P))));
    result(c, 0, scale(g_op(EW_plus, S, g_t(S)), 0.5));
}

static value real_like(value A, value g) { return dtype_is(value_dtype(A), DT_C) ? g : g_fn(EW_real, g); }
static value off_diagonal(value d)            /* F(i,j) = 1/(d(j) - d(i)), 0 on the diagonal and where they are equal */
{
    value col = index_paren(d, 1, (value[]){ colon() });
    value e = g_op(EW_minus, CALL(transpose, 1, col), col), same = ew_apply(EW_eq, 2, (value[]){ e, num(0) });
    return g_op(EW_times, g_op(EW_rdivide, num(1), g_op(EW_plus, e, same)), ew_apply(EW_not, 1, &same));
}

/* A symmetric: dA = V (diag(gd) + F .* (V'gV)) V'.  Any A with different eigenvalues, V of columns of length 1: with W
   = inv(V)', dA = W (diag(gd) + conj(F) .* (V'gV - V'V diag(real(diag(V'gV))))) V' (C. Boeddeker et al., "On the
   computation of complex-valued gradients with application to statistically optimum beamforming", 2017). */
void eig_grad(struct call *c)
{
    value A = c->arg[0], v[2];
    value At = tensor_box(tensor_dense(tensor_of(matrix_apply(MX_CTRANSPOSE, A, nil()))));
    for (int i = 1; i < c->nargin; i++)
        if (!arg_is_text(c, i))
            fail("tl:not-differentiable", "eig: has a derivative for one matrix, not for a pair");
    bool symmetric = value_equal(A, At);
    bool vectors = grad_given(c, 0) && value_numel(grad_result(c, 0)) == value_numel(A) && value_numel(A) > 1;
    if (value_numel(A) > 1 && !vectors && !grad_given(c, 1)) {            /* d = eig(A) */
        call_builtin(c->fn, 1, &A, 2, v);
        value D = CALL(diag, 1, grad_of(c, 0));
        result(c, 0, symmetric ? g_mul(v[0], g_mul(D, g_t(v[0]))) : real_like(A, g_solve(g_t(v[0]), g_mul(D, g_t(v[0])))));
        return;
    }
    i64 d[MAX_DIMS];
    value V = grad_result(c, 0), D = grad_result(c, 1), gD = grad_of(c, 1);
    value_dims(D, d);
    if (d[1] != 1 || value_numel(A) == 1)
        D = CALL(diag, 1, D), gD = CALL(diag, 1, gD);
    value M = CALL(diag, 1, gD);
    if (vectors && symmetric)
        M = g_op(EW_plus, M, g_op(EW_times, off_diagonal(D), g_mul(g_t(V), grad_of(c, 0))));
    if (vectors && !symmetric) {
        value VgV = g_mul(g_t(V), grad_of(c, 0)), own = CALL(diag, 1, g_fn(EW_real, CALL(diag, 1, VgV)));
        value rest = g_op(EW_minus, VgV, g_mul(g_mul(g_t(V), V), own));
        M = g_op(EW_plus, M, g_op(EW_times, g_fn(EW_conj, off_diagonal(D)), rest));
    }
    if (!symmetric) {
        result(c, 0, real_like(A, g_solve(g_t(V), g_mul(M, g_t(V)))));
        return;
    }
    value dA = g_mul(V, g_mul(M, g_t(V)));
    result(c, 0, scale(g_op(EW_plus, dA, g_t(dA)), 0.5));
}

/* dX = - X dA X + X X' dA' (I - A X) + (I - X A) dA' X' X, as long as the rank stays (Golub and Pereyra, 1973). */
void pinv_grad(struct call *c)
{
    value A = c->arg[0], X = grad_result(c, 0), g = grad_of(c, 0), Xt = g_t(X);
    value first = g_mul(Xt, g_mul(g, Xt));
    value left = g_mul(g_t(g), g_mul(X, Xt)), right = g_mul(g_mul(Xt, X), g_t(g));
    left = g_op(EW_minus, left, g_mul(A, g_mul(X, left)));
    right = g_op(EW_minus, right, g_mul(g_mul(right, X), A));
    result(c, 0, g_op(EW_plus, g_op(EW_minus, left, first), right));
}

/* a * y = b * x (convolutions along a column): gx is g filtered backwards in time, gb and ga are correlations of g. */
static value backwards(value b, value a, value g)
{
    return CALL(flip, 2, g_call(&builtin_filter, 3, b, a, CALL(flip, 2, g, num(1))), num(1));
}
static value correlated(value u, value g, value like)                     /* sum of u(n - k) g(n), for each k of like */
{
    i64 d[MAX_DIMS], n = value_numel(like);
    value_dims(u, d);
    value *all = scratch(sizeof *all * (size_t)(n + 1));
    for (i64 k = 0; k < n; k++) {
        value late[2] = { range_new((double)k + 1, 1, (double)d[0]), colon() },
              early[2] = { range_new(1, 1, (double)(d[0] - k)), colon() };
        value both = g_op(EW_times, g_fn(EW_conj, k < d[0] ? index_paren(u, 2, early) : num(0)),
                          k < d[0] ? index_paren(g, 2, late) : num(0));
        all[k] = g_sum(CALL(reshape, 3, both, num((double)value_numel(both)), num(1)), 1);
    }
    value out;
    call_builtin(&builtin_vertcat, (int)n, all, 1, &out);
    return g_reshape_like(out, like);
}
void filter_grad(struct call *c)
{
    value b = c->arg[0], a = c->arg[1], x = c->arg[2], y = grad_result(c, 0), g = grad_of(c, 0);
    i64 d[MAX_DIMS];
    if ((has_arg(c, 3) && value_numel(c->arg[3])) || grad_given(c, 1) || value_dims(x, d) > 2)
        fail("tl:not-differentiable", "filter: has a derivative for a vector or matrix x, without a state before or after");
    bool turn = arg_dim(c, 4, d[0] == 1 ? 2 : 1) == 2;
    if (turn)
        x = CALL(transpose, 1, x), y = CALL(transpose, 1, y), g = CALL(transpose, 1, g);
    if (grad_wanted(c, 2)) {
        value gx = backwards(g_fn(EW_conj, b), g_fn(EW_conj, a), g);
        result(c, 2, turn ? CALL(transpose, 1, gx) : gx);
    }
    if (grad_wanted(c, 0))
        result(c, 0, correlated(g_call(&builtin_filter, 3, num(1), a, x), g, b));
    if (grad_wanted(c, 1))
        result(c, 1, minus(correlated(g_call(&builtin_filter, 3, num(1), a, y), g, a)));
}

void clone_grad(struct call *c) { result(c, 0, grad_of(c, 0)); }

/* A = U S V', economy, F(i,j) = 1/(s_j^2 - s_i^2):
   dA = U ((F .* (U'gU - gU'U)) S + S (F .* (V'gV - gV'V)) + diag(gs)) V' + (I - UU') gU inv(S) V' + U inv(S) gV' (I - VV')
   (J. Townsend, "Differentiating the singular value decomposition", 2016).  s = svd(A) is the case gU = gV = 0. */
static value skew(value Q, value g)           /* Q'g - g'Q */
{
    return g_op(EW_minus, g_mul(g_t(Q), g), g_mul(g_t(g), Q));
}

static value outside(value Q, value g)        /* (I - QQ') g */
{
    return g_op(EW_minus, g, g_mul(Q, g_mul(g_t(Q), g)));
}

void svd_grad(struct call *c)
{
    value A = c->arg[0], s[3];
    if (is_nil(grad_result(c, 1))) {
        call_builtin(&builtin_svd, 2, (value[]){ A, tensor_value(tensor_text("econ", 4)) }, 3, s);
        result(c, 0, g_mul(s[0], g_mul(CALL(diag, 1, grad_of(c, 0)), g_t(s[2]))));
        return;
    }
    value U = grad_result(c, 0), S = grad_result(c, 1), V = grad_result(c, 2);
    i64 d[MAX_DIMS];
    value_dims(S, d);
    if (is_nil(V) || d[0] != d[1])
        fail("tl:not-differentiable", "svd: has a derivative as s = svd(A) and as [U, S, V] = svd(A, 'econ')");
    value sv = CALL(diag, 1, S), row = g_t(sv), M = CALL(diag, 1, CALL(diag, 1, grad_of(c, 1)));
    value F = off_diagonal(g_op(EW_times, sv, sv)), right = nil();
    if (grad_given(c, 0))
        M = g_op(EW_plus, M, g_op(EW_times, g_op(EW_times, F, skew(U, grad_of(c, 0))), row));
    if (grad_given(c, 2))
        M = g_op(EW_plus, M, g_op(EW_times, g_op(EW_times, F, skew(V, grad_of(c, 2))), sv));
    right = g_mul(U, g_mul(M, g_t(V)));
    if (grad_given(c, 0))
        right = g_op(EW_plus, right, g_mul(g_op(EW_rdivide, outside(U, grad_of(c, 0)), row), g_t(V)));
    if (grad_given(c, 2))
        right = g_op(EW_plus, right, g_mul(U, g_t(g_op(EW_rdivide, outside(V, grad_of(c, 2)), row))));
    result(c, 0, right);
}

/* A = Q R, economy, A tall or square: M = R gR' - gQ' Q, dA = (gQ + Q copyltu(M)) inv(R)'. */
void qr_grad(struct call *c)
{
    value Q = grad_result(c, 0), R = grad_result(c, 1);
    i64 q[MAX_DIMS], r[MAX_DIMS];
    if (is_nil(R)) {                          /* R alone, of which Q is not asked */
        value both[2], A = c->arg[0];
        call_builtin(c->fn, 2, (value[]){ A, num(0) }, 2, both);
        value_dims(both[0], q);
        value_dims(both[1], r);
        if (r[0] != r[1] || value_numel(both[1]) != value_numel(Q))
            fail("tl:not-differentiable", "qr: has a derivative in the form [Q, R] = qr(A, 0)");
        Q = both[0], R = both[1];
        value M = g_mul(R, g_t(grad_of(c, 0))), low = CALL(tril, 2, M, num(-1));
        value sym = g_op(EW_plus, g_op(EW_plus, low, g_t(low)), CALL(diag, 1, CALL(diag, 1, M)));
        result(c, 0, g_t(g_solve(R, g_t(g_mul(Q, sym)))));
        return;
    }
    value_dims(Q, q);
    value_dims(R, r);
    if (r[0] != r[1] || q[1] != r[0] || c->nargout > 2)
        fail("tl:not-differentiable", "qr: has a derivative in the form [Q, R] = qr(A, 0) of a matrix with at least as "
                                      "many rows as columns");
    value gQ = grad_of(c, 0), gR = grad_of(c, 1);
    value M = g_op(EW_minus, g_mul(R, g_t(gR)), g_mul(g_t(gQ), Q));
    value low = CALL(tril, 2, M, num(-1)), sym = g_op(EW_plus, g_op(EW_plus, low, g_t(low)), CALL(diag, 1, CALL(diag, 1, M)));
    value X = g_op(EW_plus, gQ, g_mul(Q, sym));
    result(c, 0, g_t(g_solve(R, g_t(X))));
}
