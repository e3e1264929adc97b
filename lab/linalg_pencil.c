/* SPDX-License-Identifier: BSD-3-Clause */
/* linalg_pencil.c: two matrices at a time, and Schur forms in another order: qz, ordqz, ordschur, gsvd.
 *
 * LAPACK's own drivers; what is done here is the order of the results and their names.  Octave's qz has Q with
 * AA = Q * A * Z, so its Q is LAPACK's left matrix turned. */
#include "linalg.h"
#include <math.h>
#include <stdlib.h>

static void need_pair(struct call *c, struct tensor *a, struct tensor *b)
{
    char s[128], t[128];
    linalg_square(a, c->fn->name);
    if (!dims_equal(a->nd, a->dim, b->nd, b->dim))
        fail("Octave:nonconformant-args", "%s: the matrices must be of the same size, but are %s and %s", c->fn->name,
             tensor_shape(a, s), tensor_shape(b, t));
    if (!linalg_finite(tensor_dense(a)) || !linalg_finite(tensor_dense(b)))
        fail("Octave:invalid-input-arg", "%s: a matrix contains Inf or NaN", c->fn->name);
}

static struct tensor *as(struct tensor *t, int dtype) { return tensor_clone(tensor_cast(t, dtype)); }
static double cube(i64 n) { return (double)n * (double)n * (double)n; }

/* Which eigenvalues come first, in LAPACK's form: of text ('S', 'B', '-', '+' or MATLAB's names) and values, or of a
 * mask of n. */
static struct tensor *chosen(struct call *c, int i, const struct tensor *w, i64 n)
{
    struct tensor *p = tensor_2d(D_INT32, n, 1);
    int *to = (int *)p->data;
    if (!arg_is_text(c, i)) {
        struct tensor *mask = arg_double(c, i);
        char s[128];
        if (mask->numel != n)
            fail("Octave:nonconformant-args",
                 "%s: the mask must have one element for each of the %lld eigenvalues, but is %s", c->fn->name,
                 (long long)n, tensor_shape(mask, s));
        for (i64 k = 0; k < n; k++)
            to[k] = ((double *)mask->data)[k] != 0;
        return p;
    }
    int o = arg_option(c, i, (const char *const[]){ "N", "S", "B", "-", "+", "udi", "udo", "lhp", "rhp", NULL });
    o = o > 4 ? o - 4 : o;
    struct tensor *z = tensor_cast(tensor_dense((struct tensor *)w), D_CDOUBLE);
    for (i64 k = 0; k < n; k++) {
        double _Complex l = ((double _Complex *)z->data)[k];
        double r = creal(l);
        bool small = cabs(l) < 1, left = r < 0 || (isinf(r) && signbit(r));
        to[k] = o == 1 ? small : o == 2 ? !small : o == 3 ? left : o == 4 ? !left : 0;
    }
    return p;
}

static void reorder(struct lapack *q, struct tensor *p, const char *who)
{
    q->p = p;
    lapack(lapack_tgsen, q, 10 * cube(q->n));
    if (q->info)
        fail("Octave:no-convergence", "%s: the eigenvalues are too close to be reordered", who);
}

BUILTIN(qz, 2, 3, 7, NO_GRAD,
    "lambda = qz(A, B)\n"
    "[AA, BB, Q, Z, V, W, lambda] = qz(A, B)\n"
    "[AA, BB, Z, lambda] = qz(A, B, opt)\n\n"
    "Generalised Schur form of two square matrices: AA = Q * A * Z and BB = Q * B * Z are upper triangular (with 2 x 2 "
    "blocks in AA for pairs of complex eigenvalues when A and B are real), Q and Z orthogonal (unitary). V and W are "
    "the right and left generalised eigenvectors, lambda the eigenvalues: A * V = B * V * diag(lambda), W' * A = "
    "diag(lambda) * W' * B. opt says which eigenvalues come first: 'S' those within the unit circle, 'B' those not, "
    "'-' those with negative real part, '+' those without, 'N' as they are.\n\n"
    "Example:\n"
    "  qz([1 2; 0 3], [1 0; 0 2])\n"
    "  ans =\n     1.0000\n     1.5000\n\n"
    "See also: ordqz, eig, schur, gsvd")
{
    struct tensor *a = arg_matrix(c, 0), *b = arg_matrix(c, 1);
    need_pair(c, a, b);
    int dt = promote(a->dtype, b->dtype);
    i64 n = a->dim[0];
    struct lapack q = { .dtype = dt,
                        .n = n,
                        .a = as(a, dt),
                        .b = as(b, dt),
                        .u = tensor_2d(dt, n, n),
                        .v = tensor_2d(dt, n, n),
                        .s = tensor_2d(dtype_complex(dt), n, 1) };
    if (n) {
        lapack(lapack_gges, &q, 66 * cube(n));
        if (q.info)
            fail("Octave:no-convergence", "qz: the eigenvalues did not converge");
    }
    if (has_arg(c, 2)) {
        struct tensor *p = chosen(c, 2, q.s, n);
        if (n)
            reorder(&q, p, "qz");
        if (c->nargout < 2) {
            result_tensor(c, 0, tensor_narrow(q.s));
            return;
        }
        result_tensor(c, 0, tensor_narrow(q.a));
        result_tensor(c, 1, tensor_narrow(q.b));
        result_tensor(c, 2, tensor_narrow(q.v));
        result_tensor(c, 3, tensor_narrow(q.s));
        return;
    }
    struct tensor *w = tensor_narrow(q.s);
    if (c->nargout < 2) {
        result_tensor(c, 0, w);
        return;
    }
    result_tensor(c, 0, tensor_narrow(q.a));
    result_tensor(c, 1, tensor_narrow(q.b));
    result_tensor(c, 2, tensor_narrow(linalg_turn(q.u)));
    result_tensor(c, 3, tensor_narrow(q.v));
    if (c->nargout > 4) {
        struct lapack e = q;
        e.u = tensor_clone(q.u);
        e.v = tensor_clone(q.v);
        if (n)
            lapack(lapack_tgevc, &e, 10 * cube(n));
        if (e.info)
            fail("Octave:no-convergence", "qz: the eigenvectors could not be computed");
        if (w == q.s && !dtype_is(dt, DT_C)) {
            e.u = linalg_complex_vectors(e.u, q.s);
            e.v = linalg_complex_vectors(e.v, q.s);
        }
        result_tensor(c, 4, tensor_narrow(e.v));
        result_tensor(c, 5, tensor_narrow(e.u));
        result_tensor(c, 6, w);
    }
}

BUILTIN(ordqz, 5, 5, 4, NO_GRAD,
    "[AR, BR, QR, ZR] = ordqz(AA, BB, Q, Z, which)\n\n"
    "The generalised Schur form [AA, BB, Q, Z] = qz(A, B) with chosen eigenvalues first: which is a mask with one "
    "element for each of ordeig(AA, BB), or 'S' ('udi') for those within the unit circle, 'B' ('udo') for those not, "
    "'-' ('lhp') for those with negative real part, '+' ('rhp') for those without.\n\n"
    "Example:\n"
    "  [AA, BB, Q, Z] = qz([1 2; 0 3], eye(2)); AR = ordqz(AA, BB, Q, Z, [0 1]); round(abs(AR(1)))\n"
    "  ans = 3\n\n"
    "See also: qz, ordeig, ordschur")
{
    struct tensor *a = arg_matrix(c, 0), *b = arg_matrix(c, 1), *u = arg_matrix(c, 2), *v = arg_matrix(c, 3);
    need_pair(c, a, b);
    need_pair(c, a, u);
    need_pair(c, a, v);
    int dt = promote(promote(a->dtype, b->dtype), promote(u->dtype, v->dtype));
    i64 n = a->dim[0];
    extern const struct builtin builtin_ctranspose;
    u = tensor_of(call1(&builtin_ctranspose, 1, tensor_value(u)));
    struct lapack q = { .dtype = dt,
                        .n = n,
                        .a = as(a, dt),
                        .b = as(b, dt),
                        .u = as(u, dt),
                        .v = as(v, dt),
                        .s = tensor_2d(dtype_complex(dt), n, 1) };
    value w = call_function1(hooks()->function_named("ordeig"), 2, (value[]){ c->arg[0], c->arg[1] });
    struct tensor *p = chosen(c, 4, tensor_of(w), n);
    if (n)
        reorder(&q, p, "ordqz");
    result_tensor(c, 0, tensor_narrow(q.a));
    result_tensor(c, 1, tensor_narrow(q.b));
    result_tensor(c, 2, tensor_narrow(linalg_turn(q.u)));
    result_tensor(c, 3, tensor_narrow(q.v));
}

BUILTIN(ordschur, 3, 3, 2, NO_GRAD,
    "[UR, SR] = ordschur(U, S, select)\n\n"
    "The Schur form [U, S] = schur(A) with chosen eigenvalues first: select is a mask with one element for each of "
    "ordeig(S). A = UR * SR * UR' still. Of a pair of complex eigenvalues both come when either is chosen.\n\n"
    "Example:\n"
    "  [U, S] = schur([1 2; 0 3]); [U, S] = ordschur(U, S, [0 1]); diag(S)'\n"
    "  ans =\n     3   1\n\n"
    "See also: schur, ordeig, ordqz")
{
    struct tensor *u = arg_matrix(c, 0), *s = arg_matrix(c, 1);
    need_pair(c, u, s);
    int dt = promote(u->dtype, s->dtype);
    i64 n = s->dim[0];
    struct lapack q = { .dtype = dt, .n = n, .a = as(s, dt), .v = as(u, dt), .p = chosen(c, 2, NULL, n) };
    if (n) {
        lapack(lapack_trsen, &q, 10 * cube(n));
        if (q.info)
            fail("Octave:no-convergence", "ordschur: the eigenvalues are too close to be reordered");
    }
    result_tensor(c, 0, q.v);
    result_tensor(c, 1, q.a);
}

/* to(i, j) = x, of class dt */
static void put(struct tensor *t, i64 i, i64 j, double x)
{
    void *p = t->data + (size_t)(i + j * t->dim[0]) * dtypes[t->dtype].size;
    if (dtype_real(t->dtype) == D_SINGLE)
        *(float *)p = (float)x;
    else
        *(double *)p = x;
}
static double at(const struct tensor *t, i64 i)
{
    return t->dtype == D_SINGLE ? (double)((float *)t->data)[i] : ((double *)t->data)[i];
}
static int rising(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

BUILTIN(gsvd, 2, 3, 5, NO_GRAD,
    "s = gsvd(A, B)\n"
    "[U, V, X, C, S] = gsvd(A, B)\n"
    "[U, V, X, C, S] = gsvd(A, B, 0)\n\n"
    "Generalised singular values of an m x n matrix A and a p x n matrix B in a rising column, or the decomposition A "
    "= U * C * X', B = V * S * X' with C' * C + S' * S = I: U and V are orthogonal (unitary), C and S hold numbers "
    "from 0 to 1, one at most in each row and column; s is diag(C' * C) ./ diag(S' * S), under the root. X is n x r, r "
    "the rank of [A; B]. With 0 U and V have at most r columns.\n\n"
    "Example:\n"
    "  gsvd([3 0; 0 1], [1 0; 0 2])\n"
    "  ans =\n     0.5000\n     3.0000\n\n"
    "See also: svd, qz, eig")
{
    struct tensor *a = arg_matrix(c, 0), *b = arg_matrix(c, 1);
    char ta[128], tb[128];
    if (a->dim[1] != b->dim[1])
        fail("Octave:nonconformant-args", "gsvd: A and B must have the same number of columns, but are %s and %s",
             tensor_shape(a, ta), tensor_shape(b, tb));
    if (!linalg_finite(tensor_dense(a)) || !linalg_finite(tensor_dense(b)))
        fail("Octave:invalid-input-arg", "gsvd: a matrix contains Inf or NaN");
    if (has_arg(c, 2) && arg_num(c, 2) != 0)
        fail_arg(c, 2, "0");
    int dt = promote(a->dtype, b->dtype);
    i64 m = a->dim[0], n = a->dim[1], p = b->dim[0];
    bool all = c->nargout > 1;
    struct lapack q = { .dtype = dt,
                        .m = m,
                        .n = n,
                        .k = p,
                        .a = as(a, dt),
                        .b = as(b, dt),
                        .s = tensor_zeros(dtype_real(dt), 2, (i64[]){ n, 2 }) };
    if (all) {
        q.u = linalg_identity(dt, m);
        q.v = linalg_identity(dt, p);
        q.z = linalg_identity(dt, n);
    }
    if (n && m && p)
        lapack(lapack_ggsvd, &q, 12. * ((double)m + (double)p) * (double)n * (double)n + 12 * cube(n));
    else if (n)
        fail("Octave:invalid-input-arg", "gsvd: A and B must have rows, but are %s and %s", tensor_shape(a, ta),
             tensor_shape(b, tb));
    if (q.info)
        fail("Octave:no-convergence", "gsvd: the generalised singular values did not converge");
    i64 k = q.ilo, l = q.ihi, r = k + l;
    if (!all) {
        struct tensor *s = tensor_2d(D_DOUBLE, r, 1);
        for (i64 i = 0; i < r; i++)
            ((double *)s->data)[i] = at(q.s, i) / at(q.s, n + i);
        qsort(s->data, (size_t)r, sizeof(double), rising);
        result_tensor(c, 0, tensor_cast(s, dtype_real(dt)));
        return;
    }
    /* R, r x r and upper triangular, stands in the last r columns of A, and, where A has too few rows, of B */
    size_t size = dtypes[dt].size;
    struct tensor *R = tensor_zeros(dt, 2, (i64[]){ r, r });
    for (i64 j = 0; j < r; j++)
        for (i64 i = 0; i <= j; i++) {
            const char *from = i < m ? q.a->data + (size_t)(i + (n - r + j) * m) * size
                                     : q.b->data + (size_t)(i - k + (n - r + j) * p) * size;
            memcpy(R->data + (size_t)(i + j * r) * size, from, size);
        }
    struct tensor *Q = tensor_alias(q.z, 2, (i64[]){ n, r }, q.z->stride, (n - r) * n);
    bool econ = has_arg(c, 2);
    i64 mu = econ ? MIN(m, r) : m, pv = econ ? MIN(p, r) : p;
    struct tensor *C = tensor_zeros(dtype_real(dt), 2, (i64[]){ mu, r }),
                  *S = tensor_zeros(dtype_real(dt), 2, (i64[]){ pv, r });
    for (i64 i = 0; i < MIN(mu, r); i++)
        put(C, i, i, at(q.s, i));
    for (i64 i = 0; i < MIN(pv, l); i++)
        put(S, i, k + i, at(q.s, n + k + i));
    result_tensor(c, 0, tensor_narrow(tensor_alias(q.u, 2, (i64[]){ m, mu }, q.u->stride, 0)));
    result_tensor(c, 1, tensor_narrow(tensor_alias(q.v, 2, (i64[]){ p, pv }, q.v->stride, 0)));
    result_tensor(c, 2, tensor_narrow(linalg_product(tensor_dense(Q), AS_IS, R, CTRANSPOSED)));
    result_tensor(c, 3, C);
    result_tensor(c, 4, S);
}
