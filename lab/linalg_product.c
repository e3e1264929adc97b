/* SPDX-License-Identifier: BSD-3-Clause */
/* linalg_product.c: transpose and the matrix product.
 *
 * A transposed operand is a header with exchanged strides, so A' * B copies nothing.  Up to 8 x 8 the product is a loop
 * of our own on whole vectors (a BLAS call costs 50 to 70 ns, 3 x 3 by hand 6): it may read beyond a column, because every
 * piece of memory has SPARE bytes behind it, and may write there for the same reason. */
#include "linalg.h"
#include "gpu.h"
#include "clones.h"
#include "plan.h"
#include "rules.h"
#include <complex.h>

/* ---- operands */
struct tensor *linalg_float(struct tensor *t)
{
    return dtype_is(t->dtype, DT_F) ? t : tensor_cast(t, D_DOUBLE);
}

struct tensor *linalg_matrix(value v, const char *who)
{
    char d[160];
    if (!is_tensor_like(v))
        fail("Octave:invalid-input-arg", "%s: a numeric matrix is needed, not a %s", who, value_describe(v, d));
    struct tensor *t = tensor_of(v);
    if (t->nd > 2)
        fail("Octave:invalid-input-arg", "%s: a matrix (two dimensions) is needed, not a %s", who, value_describe(v, d));
    return linalg_float(t);
}

void linalg_square(const struct tensor *t, const char *who)
{
    char s[128];
    if (t->dim[0] != t->dim[1])
        fail("Octave:nonconformant-args", "%s: A must be a square matrix\nhint: it is %s", who, tensor_shape(t, s));
}

static void conjugate(struct tensor *t)       /* in place; t is new */
{
    if (t->dtype == D_CDOUBLE)
        for (i64 i = 0; i < t->numel; i++)
            ((double _Complex *)t->data)[i] = conj(((double _Complex *)t->data)[i]);
    else if (t->dtype == D_CSINGLE)
        for (i64 i = 0; i < t->numel; i++)
            ((float _Complex *)t->data)[i] = conjf(((float _Complex *)t->data)[i]);
}

struct tensor *linalg_turn(struct tensor *t)
{
    struct tensor *u = tensor_2d(t->dtype, t->dim[1], t->dim[0]);
    struct tensor view = *t;
    i64 dim[2] = { t->dim[1], t->dim[0] }, stride[2] = { t->stride[1], t->stride[0] };
    view.dim = dim;
    view.stride = stride;
    view.flags = 0;
    gather(&view, u->data);
    conjugate(u);
    return u;
}

value linalg_transpose(value a, bool conj_)
{
    char d[160];
    if (a.kind == K_NUM)
        return a;
    if (a.kind == K_CELL) {
        struct cell *c = a.cell;
        if (c->nd > 2)
            fail("Octave:nonconformant-args", "transpose: \1 must have two dimensions, but is a %s", value_describe(a, d));
        struct cell *r = cell_2d(c->dim[1], c->dim[0]);
        for (i64 i = 0; i < c->dim[0]; i++)
            for (i64 j = 0; j < c->dim[1]; j++)
                cell_set(r, j + i * c->dim[1], c->v[i + j * c->dim[0]]);
        return cell_value(r);
    }
    if (a.kind == K_STRUCT) {
        struct record *s = a.rec;
        if (s->nd > 2)
            fail("Octave:nonconformant-args", "transpose: \1 must have two dimensions, but is a %s", value_describe(a, d));
        i64 dim[2] = { s->dim[1], s->dim[0] };
        struct record *r = record_new(2, dim, s->f->n, s->f->name);
        for (i64 i = 0; i < s->dim[0]; i++)
            for (i64 j = 0; j < s->dim[1]; j++)
                for (int f = 0; f < s->f->n; f++)
                    record_put(r, j + i * dim[0], f, s->v[(i + j * s->dim[0]) * s->f->n + f]);
        return record_value(r);
    }
    if (!is_tensor_like(a))
        fail("Octave:undefined-function", "transpose: \1 is a %s, which cannot be transposed", value_describe(a, d));
    struct tensor *t = tensor_any(a);
    if (t->nd > 2)
        fail("Octave:nonconformant-args",
             "transpose: \1 must have two dimensions, but is a %s; permute exchanges dimensions", value_describe(a, d));
    if (conj_ && dtype_is(t->dtype, DT_C) && t->device)
        return tensor_box(tensor_transpose(tensor_any(ew_apply(EW_conj, 1, &a))));
    if (conj_ && dtype_is(t->dtype, DT_C))
        return tensor_value(linalg_turn(t));
    if (t->dim[0] == 1 || t->dim[1] == 1) {   /* a vector stays dense */
        struct tensor *x = tensor_dense(t);
        i64 dim[2] = { x->dim[1], x->dim[0] };
        return tensor_value(tensor_reshape(x, 2, dim));
    }
    return tensor_value(tensor_transpose(t));
}

/* ---- small products.  W doubles of a column of A at a time, up to four columns of C together; what is stored beyond a
   column of C is written over by the next one. */
enum { SMALL = 8 };
#define SMALL_PRODUCT(W)                                                                       \
    typedef double v##W __attribute__((vector_size(W * 8), aligned(8), may_alias));            \
    static inline void small##W(double *c, i64 m, i64 n, i64 k, const double *a, i64 lda, const double *b, i64 brs, i64 bcs) \
    {                                                                                          \
        for (; n >= 4; n -= 4, b += 4 * bcs, c += 4 * m) {                                     \
            v##W s0 = { 0 }, s1 = s0, s2 = s0, s3 = s0;                                        \
            const double *x = a, *y = b;                                                       \
            for (i64 p = 0; p < k; p++, x += lda, y += brs) {                                  \
                v##W e = *(const v##W *)x;                                                     \
                s0 += e * y[0];                                                                \
                s1 += e * y[bcs];                                                              \
                s2 += e * y[2 * bcs];                                                          \
                s3 += e * y[3 * bcs];                                                          \
            }                                                                                  \
            *(v##W *)c = s0;                                                                   \
            *(v##W *)(c + m) = s1;                                                             \
            *(v##W *)(c + 2 * m) = s2;                                                         \
            *(v##W *)(c + 3 * m) = s3;                                                         \
        }                                                                                      \
        for (; n > 0; n--, b += bcs, c += m) {                                                 \
            v##W s = { 0 };                                                                    \
            const double *x = a, *y = b;                                                       \
            for (i64 p = 0; p < k; p++, x += lda, y += brs)                                    \
                s += *(const v##W *)x * *y;                                                    \
            *(v##W *)c = s;                                                                    \
        }                                                                                      \
    }
SMALL_PRODUCT(2)
SMALL_PRODUCT(4)
SMALL_PRODUCT(8)

CLONES static void small_product(double *c, i64 m, i64 n, i64 k, struct mat a, struct mat b)
{
    double turned[SMALL * SMALL + SMALL];
    const double *x = a.data;
    i64 lda = a.cs;
    if (a.rs != 1 && m > 1) {
        for (i64 j = 0; j < k; j++)
            for (i64 i = 0; i < m; i++)
                turned[i + j * m] = x[i * a.rs + j * a.cs];
        memset(turned + m * k, 0, SMALL * sizeof(double));
        x = turned;
        lda = m;
    }
    if (m <= 2)
        small2(c, m, n, k, x, lda, b.data, b.rs, b.cs);
    else if (m <= 4)
        small4(c, m, n, k, x, lda, b.data, b.rs, b.cs);
    else
        small8(c, m, n, k, x, lda, b.data, b.rs, b.cs);
}

/* ---- the product */
static NORETURN void nonconformant(i64 am, i64 ak, i64 bk, i64 bn, int ta, int tb)
{
    static const char *const tick[] = { "", ".'", "'" };
    const char *hint = "";
    if (am == bk && ak == bn)
        hint = "\nhint: \1 .* \2 multiplies element by element; \1 * \2' and \1' * \2 are matrix products";
    else if (ak == bn)
        hint = "\nhint: \1 * \2' fits";
    else if (am == bk)
        hint = "\nhint: \1' * \2 fits";
    else if (am == bn)
        hint = "\nhint: \2 * \1 fits";
    if (ta || tb)
        hint = "";
    if (ta == AS_IS && tb == AS_IS)
        fail("Octave:nonconformant-args", "\1 * \2: inner dimensions differ, \1 is %lldx%lld and \2 is %lldx%lld%s",
            (long long)am, (long long)ak, (long long)bk, (long long)bn, hint);
    fail("Octave:nonconformant-args", "\1%s * \2%s: inner dimensions differ, \1%s is %lldx%lld and \2%s is %lldx%lld",
         tick[ta], tick[tb], tick[ta], (long long)am, (long long)ak, tick[tb], (long long)bk, (long long)bn);
}

struct tensor *linalg_product(struct tensor *a, int ta, struct tensor *b, int tb)
{
    struct mat x = mat_of(a), y = mat_of(b);
    i64 m = a->dim[0], k = a->dim[1], k2 = b->dim[0], n = b->dim[1];
    if (ta) {
        i64 w = m;
        m = k;
        k = w;
        x = mat_turned(x);
        x.conj = ta == CTRANSPOSED;
    }
    if (tb) {
        i64 w = k2;
        k2 = n;
        n = w;
        y = mat_turned(y);
        y.conj = tb == CTRANSPOSED;
    }
    if (k != k2)
        nonconformant(m, k, k2, n, ta, tb);
    if (unlikely(a->device | b->device))
        return gpu_product(a, ta, b, tb);
    if (a->dtype == D_DOUBLE && b->dtype == D_DOUBLE && m <= SMALL && n <= SMALL && k <= SMALL) {
        struct tensor *c = tensor_2d(D_DOUBLE, m, n);
        if (m && n)
            small_product((double *)c->data, m, n, k, x, y);
        return c;
    }
    int dt = promote(a->dtype, b->dtype);
    if (a->dtype != dt)
        x = mat_dense(tensor_dense(tensor_cast(a, dt))->data, a->dim[0]);
    if (b->dtype != dt)
        y = mat_dense(tensor_dense(tensor_cast(b, dt))->data, b->dim[0]);
    if (ta && a->dtype != dt)
        x = mat_turned(x), x.conj = ta == CTRANSPOSED;
    if (tb && b->dtype != dt)
        y = mat_turned(y), y.conj = tb == CTRANSPOSED;
    struct tensor *c = tensor_2d(dt, m, n);
    if (m == 1 && n == 1 && k && x.cs >= 0 && y.rs >= 0) {
        if (y.conj && !x.conj)
            blas_dot(dt, k, y.data, y.rs, true, x.data, x.cs, c->data);
        else if (!y.conj)
            blas_dot(dt, k, x.data, x.cs, x.conj, y.data, y.rs, c->data);
        else
            blas_gemm(dt, m, n, k, 1, x, y, 0, c->data, 1);
    } else if (m == n && m > 16 && x.data == y.data && x.rs == y.cs && x.cs == y.rs && !dtype_is(dt, DT_C) &&
               (double)m * (double)m * (double)k < 4e9) {
        blas_syrk(dt, m, k, x, c->data);
    } else {
        blas_gemm(dt, m, n, k, 1, x, y, 0, c->data, MAX(1, m));
    }
    return c;
}

static NORETURN void no_operator(const char *op, value a, value b)
{
    char x[160], y[160];
    bool ints = is_tensor_like(a) && is_tensor_like(b);
    fail("Octave:undefined-function", "\1 %s \2: there is no matrix operator '%s' for a %s and a %s%s", op, op,
         value_describe(a, x), value_describe(b, y),
         ints                                   ? "\nhint: convert with double(…), or use the elementwise operator"
         : a.kind == K_CELL || b.kind == K_CELL ? "\nhint: c(i) of a cell is a cell again, c{i} is its content"
         : a.kind == K_FUNC || b.kind == K_FUNC ? "\nhint: f(x) calls a function, and @(x) 2 * f(x) makes a new one"
                                                : "");
}

/* Both operands as floating matrices for a matrix operator; fails for cells, integers (matrix by matrix) and N-d. */
static void operands(const char *op, value a, value b, struct tensor **x, struct tensor **y)
{
    char s[128], t[128];
    if (!is_tensor_like(a) || !is_tensor_like(b))
        no_operator(op, a, b);
    gpu_common(op, 2, (value[]){ a, b });
    *x = tensor_any(a);
    *y = tensor_any(b);
    if (dtype_is((*x)->dtype, DT_I) || dtype_is((*y)->dtype, DT_I))
        no_operator(op, a, b);
    if ((*x)->nd > 2 || (*y)->nd > 2)
        fail("Octave:nonconformant-args", "\1 %s \2: both must be matrices (two dimensions), but \1 is %s and \2 is %s",
             op, tensor_shape(*x, s), tensor_shape(*y, t));
    *x = linalg_float(*x);
    *y = linalg_float(*y);
}

static bool is_scalar(value v) { return v.kind == K_NUM || (is_tensor_like(v) && value_numel(v) == 1); }

static value elementwise(int op, value a, value b)
{
    return ew_apply(op, 2, (value[]){ a, b });
}

value linalg_mtimes(value a, value b, int ta, int tb)
{
    if (likely(a.kind == K_TENSOR && b.kind == K_TENSOR && a.t->dtype == D_DOUBLE && b.t->dtype == D_DOUBLE &&
               a.t->nd == 2 && b.t->nd == 2 && a.t->numel != 1 && b.t->numel != 1 && !(a.t->device ^ b.t->device)))
        return tensor_value(linalg_product(a.t, ta, b.t, tb));
    if ((is_scalar(a) && (is_tensor_like(b))) || (is_scalar(b) && is_tensor_like(a))) {
        if (ta)
            a = linalg_transpose(a, ta == CTRANSPOSED);
        if (tb)
            b = linalg_transpose(b, tb == CTRANSPOSED);
        return elementwise(EW_times, a, b);
    }
    struct tensor *x, *y;
    operands("*", a, b, &x, &y);
    return tensor_value(tensor_narrow(linalg_product(x, ta, y, tb)));
}

value linalg_mldivide(value a, value b)
{
    struct tensor *x, *y;
    char s[128], t[128];
    if (is_scalar(a) && is_tensor_like(b))
        return elementwise(EW_ldivide, a, b);
    operands("\\", a, b, &x, &y);
    if (x->dim[0] != y->dim[0])
        fail("Octave:nonconformant-args", "\1 \\ \2: the numbers of rows differ, \1 is %s and \2 is %s%s",
             tensor_shape(x, s), tensor_shape(y, t),
             x->nd == 2 && y->nd == 2 && x->dim[0] == y->dim[1] ? "\nhint: \1 \\ \2' fits" : "");
    return tensor_value(tensor_narrow(linalg_solve(x, AS_IS, y)));
}

/* a / b = (b.' \ a.').' */
value linalg_mrdivide(value a, value b)
{
    struct tensor *x, *y;
    char s[128], t[128];
    if (is_scalar(b) && is_tensor_like(a))
        return elementwise(EW_rdivide, a, b);
    operands("/", a, b, &x, &y);
    if (x->dim[1] != y->dim[1])
        fail("Octave:nonconformant-args", "\1 / \2: the numbers of columns differ, \1 is %s and \2 is %s%s",
             tensor_shape(x, s), tensor_shape(y, t),
             is_scalar(a)                                         ? "\nhint: \1 ./ \2 divides element by element"
             : x->nd == 2 && y->nd == 2 && x->dim[0] == y->dim[1] ? "\nhint: \1' / \2 fits; \2 \\ \1 solves \2*x = \1"
                                                                  : "");
    struct tensor *r = linalg_solve(y, TRANSPOSED, tensor_transpose(x));
    return linalg_transpose(tensor_value(tensor_narrow(r)), false);
}

/* ---- builtins */
BUILTIN(mtimes, 2, ANY, 1, NO_GRAD,
    "C = mtimes(A, B, ...)\n\n"
    "Matrix product A * B: A is m x k, B is k x n, C is m x n. If one of them is a scalar, the product is element by "
    "element. With more arguments the product is formed from the left.\n\n"
    "Example:\n"
    "  mtimes([1 2; 3 4], [1; 1])\n"
    "  ans =\n     3\n     7\n\n"
    "See also: times, mldivide, dot")
{
    value r = c->arg[0];
    for (int i = 1; i < c->nargin; i++)
        r = linalg_mtimes(r, c->arg[i], AS_IS, AS_IS);
    result(c, 0, r);
}

BUILTIN(mldivide, 2, 2, 1, NO_GRAD,
    "X = mldivide(A, B)\n\n"
    "A \\ B: the solution X of A * X = B. A square A is solved by triangular, Cholesky or LU factors, with a warning "
    "that names the reciprocal condition number where it is singular to working precision; a rectangular A gives the "
    "least squares solution of least norm.\n\n"
    "Example:\n"
    "  mldivide([2 1; 1 3], [3; 5])\n"
    "  ans =\n     0.8000\n     1.4000\n\n"
    "See also: mrdivide, inv, pinv, linsolve")
{
    result(c, 0, linalg_mldivide(c->arg[0], c->arg[1]));
}

BUILTIN(mrdivide, 2, 2, 1, NO_GRAD,
    "X = mrdivide(A, B)\n\n"
    "A / B: the solution X of X * B = A, in the same ways as mldivide.\n\n"
    "Example:\n"
    "  mrdivide([2 4], [2 0; 0 4])\n"
    "  ans =\n     1   1\n\n"
    "See also: mldivide, rdivide")
{
    result(c, 0, linalg_mrdivide(c->arg[0], c->arg[1]));
}

BUILTIN(mpower, 2, 2, 1, NO_GRAD,
    "B = mpower(A, p)\n\n"
    "A ^ p: the power of a square matrix, by repeated squaring for an integer p and by eigenvalues for others; "
    "with a scalar A and a square matrix p, the matrix power of a number.\n\n"
    "Example:\n"
    "  mpower([1 1; 1 0], 5)\n"
    "  ans =\n     8   5\n     5   3\n\n"
    "See also: power, expm, sqrtm")
{
    result(c, 0, linalg_mpower(c->arg[0], c->arg[1]));
}

BUILTIN(transpose, 1, 1, 1, transpose_grad,
    "B = transpose(A)\n\n"
    "A.': rows become columns. The elements are not conjugated. Works for matrices, cells and struct arrays of two "
    "dimensions.\n\n"
    "Example:\n"
    "  transpose([1 2; 3 4])\n"
    "  ans =\n     1   3\n     2   4\n\n"
    "See also: ctranspose, permute")
{
    result(c, 0, linalg_transpose(c->arg[0], false));
}

BUILTIN(ctranspose, 1, 1, 1, ctranspose_grad,
    "B = ctranspose(A)\n\n"
    "A': rows become columns, and complex elements are conjugated.\n\n"
    "Example:\n"
    "  ctranspose([1+2i 3])\n"
    "  ans =\n     1 - 2i\n     3 - 0i\n\n"
    "See also: transpose")
{
    result(c, 0, linalg_transpose(c->arg[0], true));
}

static value run_mtimes(value a, value b) { return linalg_mtimes(a, b, AS_IS, AS_IS); }
static value run_ctranspose(value a, value b) { (void)b; return linalg_transpose(a, true); }
static value run_transpose(value a, value b) { (void)b; return linalg_transpose(a, false); }
const struct matrix_row matrix_ops[MX_OPS] = {
    [MX_MTIMES] = { &builtin_mtimes, run_mtimes },
    [MX_MRDIVIDE] = { &builtin_mrdivide, linalg_mrdivide },
    [MX_MLDIVIDE] = { &builtin_mldivide, linalg_mldivide },
    [MX_MPOWER] = { &builtin_mpower, linalg_mpower },
    [MX_CTRANSPOSE] = { &builtin_ctranspose, run_ctranspose },
    [MX_TRANSPOSE] = { &builtin_transpose, run_transpose },
};
