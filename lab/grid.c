/* SPDX-License-Identifier: BSD-3-Clause */
/* grid.c: positions and grids: find, sub2ind, ind2sub, triangles, diagonals, kron, meshgrid.
 *
 * Positions are doubles from 1 on, as indices in the language are. */
#include "index.h"
#include "call.h"
#include "plan.h"
#include "cat.h"
#include "rules.h"
#include <complex.h>
#include <math.h>

/* ---- find */

#define NONZERO(name, T)                                                                          \
    static void nonzero_##name(uint8_t *to, const T *x, i64 n)                                    \
    {                                                                                             \
        for (i64 i = 0; i < n; i++)                                                               \
            to[i] = x[i] != 0;                                                                    \
    }
#define D(name, T, ...) NONZERO(name, T)
#include "dtypes.def"
#undef D

static const uint8_t *truth_of(const struct tensor *t)       /* t dense: its elements as 0 and 1 */
{
    if (t->dtype == D_LOGICAL)
        return (const uint8_t *)t->data;
    uint8_t *m = scratch((size_t)t->numel);
    switch (t->dtype) {
#define D(name, T, ...) case D_##name: nonzero_##name(m, (const T *)t->data, t->numel); break;
#include "dtypes.def"
#undef D
    }
    return m;
}

BUILTIN(find, 1, 3, 3, grad_zero,
    "k = find(x)\n"
    "k = find(x, n)\n"
    "k = find(x, n, direction)\n"
    "[r, c] = find(…)\n"
    "[r, c, v] = find(…)\n\n"
    "The positions of the elements that are not zero: linear, or as rows and columns (and the values themselves). At "
    "most n of them, the first, or with direction \"last\" the last. A row gives a row, all else a column.\n\n"
    "Example:\n  find([3 0 5])\n  ans =\n     1   3\n  [r, c] = find([0 7; 0 0])\n  r = 1\n  c = 2\n\n"
    "See also: nnz, any, sub2ind, ind2sub")
{
    static const char *const directions[] = {"first", "last", NULL};
    struct tensor *x = arg_dense(c, 0);
    i64 most = INT64_MAX;
    bool last = has_arg(c, 2) && arg_option(c, 2, directions) == 1;
    if (has_arg(c, 1) && value_numel(c->arg[1])) {
        double n = arg_num(c, 1);
        if (!(n >= 0) || (n != trunc(n) && !isinf(n)))
            fail("Octave:invalid-input-arg", "find: how many are wanted must be an integer from 0 on, but is %g", n);
        most = n < 0x1p62 ? (i64)n : INT64_MAX;
    }
    const uint8_t *m = truth_of(x);
    i64 n = x->numel, parts = 1 + n / (1 << 18), *start = scratch((size_t)(parts + 1) * sizeof *start);
    poll();
    start[0] = 0;
    EACH_PART(p, 0, parts, 1, parts > 1, {
        i64 from = n * p / parts;
        start[p + 1] = count_true(m + from, n * (p + 1) / parts - from);
    })
    for (i64 p = 0; p < parts; p++)
        start[p + 1] += start[p];
    i64 all = start[parts], count = MIN(all, most);
    bool row = x->nd == 2 && x->dim[0] == 1 && x->dim[1] != 1,       /* of no truth values a column, as in Octave */
         none = x->nd == 2 && x->dim[0] == x->dim[1] && x->dim[0] < 2 && !count &&
                (x->dim[0] == 1 || x->dtype != D_LOGICAL || c->nargout > 1);
    i64 dim[2] = {row || none ? (none ? 0 : 1) : count, row ? count : none ? 0 : 1};
    struct tensor *at = tensor_new(D_DOUBLE, 2, (i64[]){all, 1});
    double *to = (double *)at->data;
    EACH_PART(p, 0, parts, 1, parts > 1,
              mask_positions(to + start[p], m, n * p / parts, n * (p + 1) / parts, start[p + 1] - start[p]);)
    if (count < all) {
        struct tensor *part = tensor_2d(D_DOUBLE, count, 1);
        memcpy(part->data, to + (last ? all - count : 0), sizeof(double) * (size_t)count);
        at = part;
        to = (double *)at->data;
    }
    if (c->nargout < 2) {
        result_tensor(c, 0, tensor_reshape(at, 2, dim));
        return;
    }
    struct tensor *r = tensor_2d(D_DOUBLE, dim[0], dim[1]), *q = tensor_2d(D_DOUBLE, dim[0], dim[1]);
    for (i64 k = 0; k < count; k++) {
        i64 i = (i64)to[k] - 1;
        ((double *)r->data)[k] = (double)(i % x->dim[0] + 1);
        ((double *)q->data)[k] = (double)(i / x->dim[0] + 1);
    }
    result_tensor(c, 0, r);
    result_tensor(c, 1, q);
    if (c->nargout > 2) {
        struct tensor *v = tensor_new(x->dtype, 2, dim);
        size_t size = dtypes[x->dtype].size;
        for (i64 k = 0; k < count; k++)
            memcpy(v->data + (size_t)k * size, x->data + (size_t)((i64)to[k] - 1) * size, size);
        result_tensor(c, 2, v);
    }
}

/* ---- subscripts */

static int arg_sizes(struct call *c, i64 *dim)
{
    struct tensor *t = arg_double(c, 0);
    if (t->numel < 1 || t->numel > MAX_DIMS - 1)
        fail_arg(c, 0, "the sizes of an array");
    for (i64 k = 0; k < t->numel; k++) {
        double x = ((double *)t->data)[k];
        if (!(x >= 0 && x == trunc(x) && x < 0x1p62))
            fail("Octave:invalid-input-arg", "%s: a size must be an integer from 0 on, but is %g", c->fn->name, x);
        dim[k] = (i64)x;
    }
    int nd = (int)t->numel;
    if (nd == 1)
        dim[nd++] = 1;
    return nd;
}

static i64 whole_index(struct call *c, int k, int n, double x, i64 len, int nd, const i64 *dim)
{
    char shape[128];
    if (!(x >= 1 && x == trunc(x)))
        fail("Octave:invalid-index", "%s: a subscript must be an integer from 1 on, but is %g", c->fn->name, x);
    if (x > (double)len) {
        if (n == 1)
            fail("Octave:index-out-of-bounds",
                 "%s: index out of bound; %.0f exceeds %lld, the number of elements of a %s array", c->fn->name, x,
                 (long long)len, dims_text(nd, dim, shape));
        fail("Octave:index-out-of-bounds", "%s: index out of bound; subscript %d is %.0f, the array is %s", c->fn->name,
             k + 1, x, dims_text(nd, dim, shape));
    }
    return (i64)x - 1;
}

BUILTIN(sub2ind, 2, ANY, 1, grad_zero,
    "k = sub2ind(dims, i, j, …)\n\n"
    "The linear indices into an array of sizes dims of the elements with subscripts i, j, …, arrays of one size.\n\n"
    "Example:\n  sub2ind([2 3], [1 2], [2 3])\n  ans =\n     3   6\n\n"
    "See also: ind2sub, find")
{
    i64 dim[MAX_DIMS], len[MAX_DIMS];
    int nd = arg_sizes(c, dim), n = c->nargin - 1;
    if (n > MAX_DIMS)
        fail("tl:too-many-dimensions", "sub2ind: a tensor has at most %d dimensions", MAX_DIMS);
    fold_dims(nd, dim, n, len);
    struct tensor *first = arg_double(c, 1), *y = tensor_zeros(D_DOUBLE, first->nd, first->dim);
    double unit = 1;
    for (int k = 0; k < n; k++) {
        struct tensor *s = arg_double(c, k + 1);
        char a[128], b[128];
        if (!dims_equal(s->nd, s->dim, first->nd, first->dim))
            fail("Octave:nonconformant-args",
                 "sub2ind: all subscripts must have one size, but the first is %s and number %d is %s",
                 tensor_shape(first, a), k + 1, tensor_shape(s, b));
        for (i64 i = 0; i < s->numel; i++)
            ((double *)y->data)[i] += unit * (double)whole_index(c, k, n, ((double *)s->data)[i], len[k], nd, dim);
        unit *= (double)len[k];
    }
    for (i64 i = 0; i < y->numel; i++)
        ((double *)y->data)[i] += 1;
    result_tensor(c, 0, y);
}

BUILTIN(ind2sub, 2, 2, ANY, grad_zero,
    "[i, j, …] = ind2sub(dims, k)\n\n"
    "The subscripts of the elements with linear indices k in an array of sizes dims; the last result folds the "
    "dimensions left over.\n\n"
    "Example:\n  [i, j] = ind2sub([2 3], 5)\n  i = 1\n  j = 3\n\n"
    "See also: sub2ind, find")
{
    i64 dim[MAX_DIMS], len[MAX_DIMS];
    int nd = arg_sizes(c, dim), n = MIN(MAX(1, c->nargout), MAX_DIMS);
    fold_dims(nd, dim, n, len);
    i64 total = dims_numel(nd, dim);
    struct tensor *k = arg_double(c, 1), *out[MAX_DIMS];
    for (int d = 0; d < n; d++)
        out[d] = tensor_new(D_DOUBLE, k->nd, k->dim);
    for (i64 i = 0; i < k->numel; i++) {
        i64 at = whole_index(c, 0, 1, ((double *)k->data)[i], total, nd, dim);
        for (int d = 0; d < n; d++) {
            ((double *)out[d]->data)[i] = (double)(d < n - 1 ? at % len[d] : at) + 1;
            at = len[d] ? at / len[d] : 0;
        }
    }
    for (int d = 0; d < n; d++)
        result_tensor(c, d, out[d]);
}

/* ---- triangles and diagonals */

extern const struct builtin builtin_triu, builtin_tril;
static void triangle(struct call *c, bool upper)
{
    value v = c->arg[0];
    i64 dim[MAX_DIMS];
    if (c->nargin > 2 || (c->nargin > 1 && arg_is_text(c, 1))) {         /* 'pack': the elements where the triangle of ones is one */
        static const char *const ways[] = { "pack", NULL };
        arg_option(c, c->nargin - 1, ways);
        struct tensor *one = tensor_new(D_LOGICAL, value_dims(v, dim), dim);
        memset(one->data, 1, (size_t)one->numel);
        value where = call1(upper ? &builtin_triu : &builtin_tril, 2, tensor_value(one), c->nargin > 2 ? c->arg[1] : num(0));
        result(c, 0, index_paren(v, 1, &where));
        return;
    }
    if (!(is_tensor_like(v) || v.kind == K_CELL))
        fail_arg(c, 0, "a matrix");
    if (value_dims(v, dim) != 2)
        fail_arg(c, 0, "a matrix (2 dimensions)");
    i64 k = has_arg(c, 1) ? arg_int(c, 1, -((i64)1 << 53), (i64)1 << 53) : 0, m = dim[0], n = dim[1];
    if (v.kind == K_CELL) {
        struct cell *r = cell_2d(m, n);
        for (i64 b = 0; b < n; b++)
            for (i64 a = 0; a < m; a++)
                if (upper ? b - a >= k : b - a <= k)
                    cell_set(r, a + b * m, v.cell->v[a + b * m]);
        result(c, 0, cell_value(r));
        return;
    }
    struct tensor *t = tensor_dense(tensor_of(v)), *r = tensor_zeros(t->dtype, 2, dim);
    size_t size = dtypes[t->dtype].size;
    for (i64 b = 0; b < n; b++) {             /* rows lo..hi of the column stay */
        i64 lo = upper ? 0 : MIN(MAX(b - k, 0), m), hi = upper ? MIN(MAX(b - k + 1, 0), m) : m;
        if (hi > lo)
            memcpy(r->data + (size_t)(lo + b * m) * size, t->data + (size_t)(lo + b * m) * size, (size_t)(hi - lo) * size);
    }
    result_tensor(c, 0, dtype_is(r->dtype, DT_C) ? tensor_narrow(r) : r);
}

BUILTIN(triu, 1, 3, 1, triu_grad,
    "B = triu(A)\n"
    "B = triu(A, k)\n"
    "b = triu(A, k, 'pack')\n\n"
    "The upper triangle of the matrix A, zero below diagonal k (0 the main one, positive above it); with 'pack' its "
    "elements alone, column by column.\n\n"
    "Example:\n  triu([1 2; 3 4])\n  ans =\n     1   2\n     0   4\n\n"
    "See also: tril, diag")
{
    triangle(c, true);
}

BUILTIN(tril, 1, 3, 1, tril_grad,
    "B = tril(A)\n"
    "B = tril(A, k)\n"
    "b = tril(A, k, 'pack')\n\n"
    "The lower triangle of the matrix A, zero above diagonal k (0 the main one, positive above it); with 'pack' its "
    "elements alone, column by column.\n\n"
    "Example:\n  tril([1 2; 3 4])\n  ans =\n     1   0\n     3   4\n\n"
    "See also: triu, diag")
{
    triangle(c, false);
}

BUILTIN(diag, 1, 3, 1, diag_grad,
    "D = diag(v)\n"
    "D = diag(v, k)\n"
    "D = diag(v, m, n)\n"
    "v = diag(A)\n"
    "v = diag(A, k)\n\n"
    "Of a vector v the matrix with v on diagonal k (0 the main one, positive above it), m x n if given; of a matrix A "
    "its diagonal k as a column. Of a cell array a cell array.\n\n"
    "Example:\n  diag([1 2])\n  ans =\n     1   0\n     0   2\n  diag([1 2; 3 4])\n  ans =\n     1\n     4\n\n"
    "See also: eye, triu, trace")
{
    if (c->arg[0].kind == K_CELL) {           /* places of the elements, 0 for [](0x0) */
        struct cell *x = c->arg[0].cell;
        struct tensor *at = tensor_new(D_DOUBLE, x->nd, x->dim);
        for (i64 i = 0; i < x->numel; i++)
            ((double *)at->data)[i] = (double)(i + 1);
        value arg[3] = { tensor_value(at), c->nargin > 1 ? c->arg[1] : nil(), c->nargin > 2 ? c->arg[2] : nil() }, v;
        call_builtin(&builtin_diag, c->nargin, arg, 1, &v);
        if (x->numel == 1 && c->nargin == 1)
            v = num(1);
        struct tensor *p = tensor_dense(tensor_of(v));
        struct cell *y = cell_new(p->nd, p->dim);
        for (i64 i = 0; i < p->numel; i++)
            if (element_double(p, i) != 0)
                cell_set(y, i, x->v[(i64)element_double(p, i) - 1]);
        result(c, 0, cell_value(y));
        return;
    }
    struct tensor *t = arg_tensor(c, 0), *r;
    if (t->nd != 2)
        fail_arg(c, 0, "a vector or matrix");
    size_t size = dtypes[t->dtype].size;
    bool vector = (t->dim[0] == 1 || t->dim[1] == 1) && t->numel != 1;
    i64 k = c->nargin == 2 ? arg_int(c, 1, -((i64)1 << 40), (i64)1 << 40) : 0;
    if (c->nargin == 3 && !(t->dim[0] == 1 || t->dim[1] == 1))
        fail_arg(c, 0, "a vector when two sizes are given");
    if (vector || c->nargin == 3 || (t->numel == 1 && k)) {
        t = tensor_dense(t);
        i64 len = t->numel, m = len + (k < 0 ? -k : k), n = m;
        if (c->nargin == 3)
            m = arg_int(c, 1, 0, (i64)1 << 40), n = arg_int(c, 2, 0, (i64)1 << 40);
        r = tensor_zeros(t->dtype, 2, (i64[]){m, n});
        for (i64 i = 0; i < len; i++) {
            i64 a = i + MAX(-k, 0), b = i + MAX(k, 0);
            if (a < m && b < n)
                memcpy(r->data + (size_t)(a + b * m) * size, t->data + (size_t)i * size, size);
        }
    } else {
        i64 a = MAX(-k, 0), b = MAX(k, 0), len = MAX(0, MIN(t->dim[0] - a, t->dim[1] - b));
        r = tensor_2d(t->dtype, len, t->numel || t->dim[0] != t->dim[1] ? 1 : 0);
        i64 step = t->stride[0] + t->stride[1];
        gather(tensor_alias(t, 2, (i64[]){ r->numel, 1 }, (i64[]){ step, step }, a * t->stride[0] + b * t->stride[1]),
               r->data);
    }
    result_tensor(c, 0, dtype_is(r->dtype, DT_C) ? tensor_narrow(r) : r);
}

BUILTIN(blkdiag, 1, ANY, 1, grad_form,
    "D = blkdiag(A, B, …)\n\n"
    "The matrix with the matrices A, B, … along its diagonal and zeros elsewhere.\n\n"
    "Example:\n  blkdiag([1 2], 3)\n  ans =\n     1   2   0\n     0   0   3\n\n"
    "See also: diag, kron, horzcat")
{
    i64 m = 0, n = 0;
    int dt = -1;
    for (int i = 0; i < c->nargin; i++) {
        struct tensor *t = arg_tensor(c, i);
        if (t->nd != 2)
            fail_arg(c, i, "a matrix");
        m += t->dim[0], n += t->dim[1];
        dt = dt < 0 ? t->dtype : promote_cat(dt, t->dtype);
    }
    if (dt == D_LOGICAL || dt == D_CHAR)
        dt = D_DOUBLE;
    struct tensor *r = tensor_zeros(dt, 2, (i64[]){m, n});
    size_t size = dtypes[dt].size;
    m = n = 0;
    for (int i = 0; i < c->nargin; i++) {
        struct tensor *t = tensor_dense(tensor_cast(arg_tensor(c, i), dt));
        for (i64 b = 0; b < t->dim[1]; b++)
            memcpy(r->data + (size_t)(m + (n + b) * r->dim[0]) * size, t->data + (size_t)(b * t->dim[0]) * size,
                   (size_t)t->dim[0] * size);
        m += t->dim[0], n += t->dim[1];
    }
    result_tensor(c, 0, r);
}

/* ---- products of all with all */

#define KRON(T)                                                                                   \
    do {                                                                                          \
        const T *x = (const T *)a->data, *y = (const T *)b->data;                                 \
        T *to = (T *)r->data;                                                                     \
        for (i64 q = 0; q < a->dim[1]; q++)                                                       \
            for (i64 s = 0; s < b->dim[1]; s++)                                                   \
                for (i64 p = 0; p < a->dim[0]; p++) {                                             \
                    T k = x[p + q * a->dim[0]];                                                   \
                    for (i64 i = 0; i < b->dim[0]; i++)                                           \
                        *to++ = k * y[i + s * b->dim[0]];                                         \
                }                                                                                 \
    } while (0)

static struct tensor *kron2(struct tensor *a, struct tensor *b)
{
    int dt = promote(a->dtype, b->dtype);
    a = tensor_cast(a, dt), b = tensor_cast(b, dt);
    i64 m, n;
    if (__builtin_mul_overflow(a->dim[0], b->dim[0], &m) || __builtin_mul_overflow(a->dim[1], b->dim[1], &n))
        fail_memory((size_t)1 << 62);
    struct tensor *r = tensor_2d(dt, m, n);
    poll();
    switch (dt) {
    case D_DOUBLE: KRON(double); break;
    case D_SINGLE: KRON(float); break;
    case D_CDOUBLE: KRON(double _Complex); break;
    default: KRON(float _Complex); break;
    }
    return r;
}

BUILTIN(kron, 2, ANY, 1, kron_grad,
    "C = kron(A, B, …)\n\n"
    "The Kronecker product: each element of A times the whole of B, in a matrix of blocks.\n\n"
    "Example:\n  kron([1 2], [1; 1])\n  ans =\n     1   2\n     1   2\n\n"
    "See also: repmat, blkdiag, dot")
{
    struct tensor *r = arg_matrix(c, 0);
    for (int i = 1; i < c->nargin; i++)
        r = kron2(r, arg_matrix(c, i));
    result_tensor(c, 0, dtype_is(r->dtype, DT_C) ? tensor_narrow(r) : r);
}

/* ---- grids */

/* The elements of v along dimension d of an array of these sizes, the same everywhere else. */
static struct tensor *spread(struct tensor *v, int nd, const i64 *dim, int d)
{
    i64 stride[MAX_DIMS];
    v = tensor_dense(v);
    for (int k = 0; k < nd; k++)
        stride[k] = k == d;
    return tensor_clone(tensor_alias(v, nd, dim, stride, 0));
}

static void grid(struct call *c, bool mesh)
{
    struct tensor *v[MAX_DIMS];
    i64 dim[MAX_DIMS];
    int most = mesh ? 3 : MAX_DIMS, n = c->nargin, want = MAX(1, c->nargout);
    if (n == 1)
        n = MAX(MIN(want, most), mesh ? 2 : 1);          /* ndgrid(x): as many dimensions as results, as in Octave */
    if (want > n)
        fail("Octave:invalid-fun-call", "%s: %d results are wanted of %d vectors", c->fn->name, want, n);
    for (int k = 0; k < n; k++) {
        int i = c->nargin == 1 ? 0 : k;
        v[k] = arg_dense(c, i);
        if (v[k]->nd != 2 || (v[k]->dim[0] != 1 && v[k]->dim[1] != 1 && v[k]->numel))
            fail_arg(c, i, "a vector");
    }
    for (int k = 0; k < n; k++)
        dim[mesh && k < 2 ? 1 - k : k] = v[k]->numel;
    if (n == 1)
        dim[n++] = 1;
    for (int k = 0; k < want; k++)
        result_tensor(c, k, spread(v[k], n, dim, mesh && k < 2 ? 1 - k : k));
}

BUILTIN(meshgrid, 1, 3, 3, grad_form,
    "[X, Y] = meshgrid(x, y)\n"
    "[X, Y] = meshgrid(x)\n"
    "[X, Y, Z] = meshgrid(x, y, z)\n\n"
    "The coordinates of all points of a grid: X holds x in each row, Y holds y in each column. One vector serves for all.\n\n"
    "Example:\n  [X, Y] = meshgrid(1:3, 1:2)\n  X =\n     1   2   3\n     1   2   3\n  Y =\n     1   1   1\n     2   2 "
    "  2\n\n"
    "See also: ndgrid, linspace")
{
    grid(c, true);
}

BUILTIN(ndgrid, 1, ANY, ANY, grad_form,
    "[X1, X2, …] = ndgrid(x1, x2, …)\n"
    "[X1, X2, …] = ndgrid(x)\n\n"
    "The coordinates of all points of a grid in any number of dimensions: result k holds xk along dimension k. One "
    "vector serves for all.\n\n"
    "Example:\n  [X, Y] = ndgrid(1:2, 1:3)\n  X =\n     1   1   1\n     2   2   2\n  Y =\n     1   2   3\n     1   2   3\n\n"
    "See also: meshgrid")
{
    grid(c, false);
}
