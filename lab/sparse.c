/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse.c: how sparse matrices are made of other values, laid out and shown.  sparse_sort.c puts entries in order. */
#include "sparse.h"
#include "context.h"
#include "print.h"
#include <complex.h>
#include <math.h>
#include <stdlib.h>

/* ---- making */
static struct tensor *integers(i64 n)
{
    i64 dim[2] = { n, 1 };
    return tensor_new(D_INT64, 2, dim);
}

static void limit(i64 m, i64 n)
{
    i64 dim[2] = { m, n };
    dims_numel(2, dim);                       /* fails when linear indices would not fit */
}

/* The object, with parts still to be given: they are 0, which is a number and needs no care. */
static struct sparse *shell(int dtype, i64 m, i64 n)
{
    limit(m, n);
    struct sparse *s = memory_get(sizeof *s);
    *s = (struct sparse){ .h = { 1, 0 }, .dtype = (uint8_t)dtype, .m = m, .n = n };
    context_head()->sparse++;
    keep(sparse_value(s));
    return s;
}

struct sparse *sparse_new(int dtype, i64 m, i64 n, i64 nz)
{
    struct sparse *s = shell(dtype, m, n);
    i64 dim[2] = { nz, 1 };
    if (n > ((i64)1 << 58))
        fail_memory((size_t)1 << 61);
    s->part[0] = copy(tensor_box(integers(n + 1)));
    s->part[1] = copy(tensor_box(integers(nz)));
    s->part[2] = copy(tensor_box(tensor_new(dtype, 2, dim)));
    s->nz = nz;
    return s;
}

struct sparse *sparse_zeros(int dtype, i64 m, i64 n)
{
    struct sparse *s = sparse_new(dtype, m, n, 0);
    memset(sparse_col(s), 0, (size_t)(n + 1) * sizeof(i64));
    return s;
}

/* The entry count of a new matrix is cut down to nz. */
void sparse_shorten(struct sparse *s, i64 nz)
{
    for (int k = 1; k < 3; k++) {
        struct tensor *t = s->part[k].t;
        t->dim[0] = t->numel = nz;
        dense_strides(2, t->dim, t->stride);
    }
    s->nz = nz;
}

double _Complex sparse_at(const struct sparse *s, i64 k)
{
    return s->dtype == D_CDOUBLE ? ((const double _Complex *)sparse_x(s))[k] : s->dtype == D_DOUBLE ? sparse_d(s)[k]
         : ((const uint8_t *)sparse_x(s))[k];
}

#define TIDY(T) do { \
        T *x = sparse_x(s); \
        for (i64 j = 0; j < s->n; j++) { \
            poll_each(j); \
            for (; k < end[j]; k++) \
                if (x[k] != 0) { \
                    row[to] = row[k]; \
                    x[to++] = x[k]; \
                } \
            col[j + 1] = to; \
        } \
    } while (0)

struct sparse *sparse_tidy(struct sparse *s)
{
    i64 zeros = 0;
    switch (s->dtype) {
    case D_DOUBLE:
        for (i64 k = 0; k < s->nz; k++)
            zeros += sparse_d(s)[k] == 0;
        break;
    case D_CDOUBLE:
        for (i64 k = 0; k < s->nz; k++)
            zeros += ((double _Complex *)sparse_x(s))[k] == 0;
        break;
    default:
        for (i64 k = 0; k < s->nz; k++)
            zeros += ((uint8_t *)sparse_x(s))[k] == 0;
    }
    if (!zeros)
        return s;
    i64 *col = sparse_col(s), *row = sparse_row(s), k = 0, to = 0;
    const i64 *end = col + 1;
    switch (s->dtype) {
    case D_DOUBLE: TIDY(double); break;
    case D_CDOUBLE: TIDY(double _Complex); break;
    default: TIDY(uint8_t);
    }
    sparse_shorten(s, to);
    return s;
}

static bool any_zero(const struct tensor *t)
{
    const char *p = t->data;
    for (i64 i = 0; i < t->numel; i++)
        if (t->dtype == D_DOUBLE    ? ((const double *)p)[i] == 0
            : t->dtype == D_CDOUBLE ? ((const double _Complex *)p)[i] == 0
                                    : !p[i])
            return true;
    return false;
}

struct sparse *sparse_with(const struct sparse *like, struct tensor *x)
{
    x = tensor_dense(x);
    if (x->dtype != D_DOUBLE && x->dtype != D_CDOUBLE && x->dtype != D_LOGICAL)
        x = tensor_cast(x, D_DOUBLE);
    if (!any_zero(x)) {                       /* the pattern is shared */
        struct sparse *s = shell(x->dtype, like->m, like->n);
        s->part[0] = copy(like->part[0]);
        s->part[1] = copy(like->part[1]);
        s->part[2] = copy(tensor_box(x));
        s->nz = like->nz;
        return s;
    }
    struct sparse *s = sparse_new(x->dtype, like->m, like->n, like->nz);
    memcpy(sparse_col(s), sparse_col(like), (size_t)(like->n + 1) * sizeof(i64));
    memcpy(sparse_row(s), sparse_row(like), (size_t)like->nz * sizeof(i64));
    memcpy(sparse_x(s), x->data, (size_t)like->nz * dtypes[x->dtype].size);
    return sparse_tidy(s);
}

struct sparse *sparse_clean(struct sparse *s)
{
    if (s->dtype != D_CDOUBLE)
        return s;
    struct tensor *x = tensor_narrow(sparse_values(s));
    return x == sparse_values(s) ? s : sparse_with(s, x);
}

struct sparse *sparse_cast(struct sparse *s, int dtype)
{
    return s->dtype == dtype ? s : sparse_with(s, tensor_cast(sparse_values(s), dtype));
}

#define OF_FULL(T) do { \
        const T *x = (const T *)t->data; \
        T *to = sparse_x(s); \
        for (i64 j = 0, k = 0; j < n; j++) { \
            for (i64 i = 0; i < m; i++) \
                if (x[i + j * m] != 0) { \
                    sparse_row(s)[k] = i; \
                    to[k++] = x[i + j * m]; \
                } \
            sparse_col(s)[j + 1] = k; \
        } \
    } while (0)

struct sparse *sparse_of_full(struct tensor *t)
{
    t = tensor_dense(t);
    if (t->dtype != D_DOUBLE && t->dtype != D_CDOUBLE && t->dtype != D_LOGICAL)
        t = tensor_cast(t, dtype_is(t->dtype, DT_C) ? D_CDOUBLE : D_DOUBLE);
    i64 m = t->dim[0], n = m ? t->numel / m : t->dim[1], nz = 0;
    switch (t->dtype) {
    case D_DOUBLE:
        for (i64 k = 0; k < t->numel; k++)
            nz += ((const double *)t->data)[k] != 0;
        break;
    case D_CDOUBLE:
        for (i64 k = 0; k < t->numel; k++)
            nz += ((const double _Complex *)t->data)[k] != 0;
        break;
    default:
        for (i64 k = 0; k < t->numel; k++)
            nz += t->data[k] != 0;
    }
    struct sparse *s = sparse_new(t->dtype, m, n, nz);
    sparse_col(s)[0] = 0;
    switch (t->dtype) {
    case D_DOUBLE: OF_FULL(double); break;
    case D_CDOUBLE: OF_FULL(double _Complex); break;
    default: OF_FULL(uint8_t);
    }
    return s;
}

struct tensor *sparse_full(const struct sparse *s)
{
    i64 dim[2] = { s->m, s->n };
    struct tensor *t = tensor_zeros(s->dtype, 2, dim);
    size_t size = sparse_size(s);
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    for (i64 j = 0; j < s->n; j++) {
        poll_each(j);
        for (i64 k = col[j]; k < col[j + 1]; k++)
            memcpy(t->data + (size_t)(row[k] + j * s->m) * size, (char *)sparse_x(s) + (size_t)k * size, size);
    }
    return t;
}

struct tensor *sparse_full_as(const struct sparse *s, int dtype)
{
    return tensor_cast(sparse_full(s), dtype);
}

value sparse_full_value(value v)
{
    return v.kind == K_SPARSE ? tensor_value(sparse_full(sparse_see(v))) : v;
}

i64 sparse_find(const struct sparse *s, i64 i, i64 j)
{
    const i64 *row = sparse_row(s);
    i64 lo = sparse_col(s)[j], hi = sparse_col(s)[j + 1], end = hi;
    while (lo < hi) {
        i64 mid = lo + (hi - lo) / 2;
        if (row[mid] < i)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < end && row[lo] == i ? lo : -1 - lo;
}

/* ---- out of other values */
static NORETURN void fail_class(const char *who, value v)
{
    char d[160];
    fail("Octave:undefined-function",
         "%s: a sparse matrix holds double, complex or logical numbers, not a %s\nhint: double(x) converts", who,
         value_describe(v, d));
}

struct sparse *sparse_of(value v)
{
    if (v.kind == K_SPARSE)
        return sparse_see(v);
    struct tensor *t = tensor_of(v);
    if (t->nd > 2)
        fail("Octave:undefined-function", "sparse: a sparse matrix has two dimensions");
    return sparse_of_full(t);
}

struct sparse *sparse_arg(struct call *c, int i)
{
    if (i < c->nargin && c->arg[i].kind == K_SPARSE)
        return sparse_see(c->arg[i]);
    struct tensor *t = arg_tensor(c, i);
    if (t->nd > 2)
        fail_arg(c, i, "a matrix (two dimensions)");
    if (dtype_is(t->dtype, DT_I))
        fail_class(c->fn->name, c->arg[i]);
    return sparse_of_full(t);
}

value sparse_from_parts(value m, value n, value col, value row, value x)
{
    if (m.tag || n.tag || col.kind != K_TENSOR || row.kind != K_TENSOR || x.kind != K_TENSOR)
        return nil();
    struct tensor *c = col.t, *r = row.t, *v = x.t;
    if (!(m.num >= 0 && n.num >= 0 && m.num < 0x1p53 && n.num < 0x1p53) || c->dtype != D_INT64 || r->dtype != D_INT64 ||
        (v->dtype != D_DOUBLE && v->dtype != D_CDOUBLE && v->dtype != D_LOGICAL) || c->numel != (i64)n.num + 1 ||
        r->numel != v->numel)
        return nil();
    c = tensor_dense(c), r = tensor_dense(r), v = tensor_dense(v);
    const i64 *p = (const i64 *)c->data, *q = (const i64 *)r->data;
    if (p[0] != 0 || p[(i64)n.num] != r->numel || (m.num * n.num) >= 0x1p62)
        return nil();
    for (i64 j = 0; j < (i64)n.num; j++) {
        if (p[j + 1] < p[j] || p[j + 1] > r->numel)
            return nil();
        for (i64 k = p[j]; k < p[j + 1]; k++)
            if (q[k] < 0 || q[k] >= (i64)m.num || (k > p[j] && q[k] <= q[k - 1]))
                return nil();
    }
    if (any_zero(v))
        return nil();
    struct sparse *s = sparse_new(v->dtype, (i64)m.num, (i64)n.num, r->numel);
    memcpy(sparse_col(s), p, (size_t)c->numel * sizeof(i64));
    memcpy(sparse_row(s), q, (size_t)r->numel * sizeof(i64));
    memcpy(sparse_x(s), v->data, (size_t)v->numel * dtypes[v->dtype].size);
    return sparse_value(s);
}

i64 sparse_bytes(const struct sparse *s)
{
    return (s->n + 1) * 8 + s->nz * (8 + (i64)sparse_size(s));
}

bool sparse_equal(value a, value b)
{
    if (a.kind != b.kind) {                   /* one is full, and of these sizes */
        i64 d[MAX_DIMS], e[MAX_DIMS];
        int nd = value_dims(a, d), ne = value_dims(b, e);
        if (!dims_equal(nd, d, ne, e) || !is_tensor_like(a.kind == K_SPARSE ? b : a))
            return false;
    }
    int mark = pool_mark();
    struct sparse *s = sparse_of(a), *t = sparse_of(b);
    bool same = s->m == t->m && s->n == t->n && s->nz == t->nz &&
                !memcmp(sparse_col(s), sparse_col(t), (size_t)(s->n + 1) * 8) &&
                !memcmp(sparse_row(s), sparse_row(t), (size_t)s->nz * 8);
    for (i64 k = 0; same && k < s->nz; k++)
        same = sparse_at(s, k) == sparse_at(t, k);
    pool_release(mark);
    return same;
}

static value whole_element(struct tensor *t, i64 k)       /* a complex one stays complex without an imaginary part: 3 + 0i */
{
    if (!dtype_is(t->dtype, DT_C))
        return element_value(t, k);
    struct tensor *e = tensor_2d(t->dtype, 1, 1);
    memcpy(e->data, (char *)t->data + k * dtypes[t->dtype].size, (size_t)dtypes[t->dtype].size);
    return tensor_box(e);
}

/* ---- display, as Octave's */
void sparse_print(value v, const char *name)
{
    const struct sparse *s = sparse_see(v);
    double all = (double)s->m * (double)s->n, part = (double)s->nz / all * 100;
    bool inline_ = name && (all == 0 || (s->m == 1 && s->n == 1));
    if (inline_) {
        print_blanks(print_indent());
        outf("%s = ", name);
    } else if (name)
        print_header(name);                   /* what follows begins at the left edge in cells and structs too, as in Octave */
    outf("Compressed Column Sparse (rows = %lld, cols = %lld, nnz = %lld", (long long)s->m, (long long)s->n,
         (long long)s->nz);
    if (all > 0)                              /* never 100% unless it is */
        outf(" [%.*g%%]", part == 100 ? 3 : part > 99.9 ? 4 : part > 99 ? 3 : 2, part < 100 && part > 99.99 ? 99.99 : part);
    out_puts(")\n\n");
    i64 most = print_elides(s->nz) && name ? 1000 : s->nz;
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    i64 k = 0;
    for (i64 j = 0; j < s->n && k < most; j++)
        for (k = col[j]; k < col[j + 1] && k < most; k++) {
            int mark = pool_mark();
            struct buf *b = buf_new();
            poll_each(k);
            print_scalar(b, whole_element(sparse_values(s), k));
            outf("  (%lld, %lld) -> %s\n", (long long)row[k] + 1, (long long)j + 1, b->s);
            pool_release(mark);
        }
    if (most < s->nz)
        outf("  … %lld more\n", (long long)(s->nz - most));
    if (name && !inline_)
        out_puts("\n");
}

/* ---- builtins */
static NORETURN void fail_position(const char *what, i64 k, double x)
{
    char s[32];
    snprintf(s, sizeof s, isnan(x) ? "NaN" : isinf(x) ? "Inf" : "%.15g", x);
    fail("Octave:index-out-of-bounds", "sparse: %s index %lld is %s, but must be an integer from 1 on", what,
         (long long)k + 1, s);
}

static i64 *positions(struct call *c, int i, i64 *n, i64 *most, const char *what)
{
    struct tensor *t = arg_double(c, i);
    i64 *to = scratch((size_t)(t->numel + 1) * sizeof *to);
    const double *x = (const double *)t->data;
    *n = t->numel;
    *most = 0;
    for (i64 k = 0; k < t->numel; k++) {
        if (!(x[k] >= 1 && x[k] < 0x1p53) || x[k] != floor(x[k]))
            fail_position(what, k, x[k]);
        to[k] = (i64)x[k] - 1;
        *most = MAX(*most, (i64)x[k]);
    }
    return to;
}

static i64 *spread(i64 *one, i64 n)           /* one index for all */
{
    i64 *to = scratch((size_t)(n + 1) * sizeof *to);
    for (i64 k = 0; k < n; k++)
        to[k] = *one;
    return to;
}

BUILTIN(sparse, 1, 6, 1, NO_GRAD,
  "S = sparse(A)\n"
  "S = sparse(m, n)\n"
  "S = sparse(i, j, v)\n"
  "S = sparse(i, j, v, m, n)\n"
  "S = sparse(i, j, v, m, n, 'unique')\n"
  "S = sparse(i, j, v, m, n, nzmax)\n\n"
  "A matrix of which only the elements that are not zero are kept, by columns. From a full matrix A; m x n with "
  "nothing in it; or from triplets: S(i(k), j(k)) is v(k), and where a place is given more than once the values are "
  "added up ('unique': the last one counts). A scalar i, j or v stands for as many as there are. Without m and n the "
  "matrix is just as large as the indices say; nzmax is accepted, room is made as needed. Its elements are double, "
  "complex or logical numbers.\n\n"
  "What operators and functions give is sparse where Octave's result is: S + T, S .* A, S * T, S', S(i, j), sum(S), "
  "[S; T], 2 * S, abs(S); S + 1 and S * A are full. A function that takes no sparse matrix says so; full(S) is the "
  "full one.\n\n"
  "Example:\n  S = sparse([1 3], [2 1], [1.5 2], 3, 3)\n  S =\n\n  Compressed Column Sparse (rows = 3, cols = 3, nnz = "
  "2 [22%])\n\n"
  "    (3, 1) -> 2\n    (1, 2) -> 1.5000\n\n\n"
  "See also: full, issparse, nnz, find, speye, spdiags, mldivide")
{
    if (c->nargin == 1) {
        if (c->arg[0].kind == K_SPARSE) {
            result(c, 0, c->arg[0]);
            return;
        }
        struct tensor *t = arg_tensor(c, 0);
        if (!dtype_is(t->dtype, DT_F | DT_L))
            fail_class("sparse", c->arg[0]);
        if (t->nd > 2)
            fail("Octave:undefined-function", "sparse: a sparse matrix has two dimensions, but argument 1 has %d", t->nd);
        result(c, 0, sparse_value(sparse_of_full(t)));
        return;
    }
    if (c->nargin == 2) {
        i64 dim[MAX_DIMS];
        arg_dims(c, 0, 2, dim);
        result(c, 0, sparse_value(sparse_zeros(D_DOUBLE, dim[0], dim[1])));
        return;
    }
    bool last = false;
    int nargin = c->nargin;
    if (arg_is_text(c, nargin - 1) && nargin > 3) {
        static const char *const how[] = { "unique", "sum", "summation", NULL };
        last = arg_option(c, nargin - 1, how) == 0;
        nargin--;
    } else if (nargin == 6) {
        arg_int(c, 5, 0, (i64)1 << 60);
    }
    if (nargin == 4)
        fail("Octave:invalid-fun-call", "sparse: both sizes are wanted, m and n; usage: sparse(i, j, v, m, n)");
    i64 ni, nj, nv, m, n;
    i64 *i = positions(c, 0, &ni, &m, "row"), *j = positions(c, 1, &nj, &n, "column");
    struct tensor *x = tensor_dense(arg_tensor(c, 2));
    if (dtype_is(x->dtype, DT_I))
        fail_class("sparse", c->arg[2]);
    if (x->dtype != D_DOUBLE && x->dtype != D_LOGICAL)
        x = tensor_cast(x, dtype_is(x->dtype, DT_C) ? D_CDOUBLE : D_DOUBLE);
    nv = x->numel;
    i64 all = ni != 1 ? ni : nj != 1 ? nj : nv;
    if ((ni != all && ni != 1) || (nj != all && nj != 1) || (nv != all && nv != 1))
        fail("Octave:nonconformant-args",
             "sparse: there are %lld rows, %lld columns and %lld values; they must be as many, or one", (long long)ni,
             (long long)nj, (long long)nv);
    if (nargin >= 5) {
        i64 dim[MAX_DIMS], most_i = m, most_j = n;
        arg_dims(c, 3, 5, dim);
        m = dim[0], n = dim[1];
        if (most_i > m)
            fail("Octave:index-out-of-bounds",
                 "sparse: row index %lld is out of bound; the matrix is to have %lld rows", (long long)most_i,
                 (long long)m);
        if (most_j > n)
            fail("Octave:index-out-of-bounds",
                 "sparse: column index %lld is out of bound; the matrix is to have %lld columns", (long long)most_j,
                 (long long)n);
    }
    if (all != ni)
        i = spread(i, all);
    if (all != nj)
        j = spread(j, all);
    if (all != nv) {
        i64 dim[2] = { all, 1 };
        struct tensor *y = tensor_new(x->dtype, 2, dim);
        size_t size = dtypes[x->dtype].size;
        for (i64 k = 0; k < all; k++)
            memcpy(y->data + (size_t)k * size, x->data, size);
        x = y;
    }
    result(c, 0, sparse_value(sparse_clean(sparse_triplets(x->dtype, m, n, all, i, j, x->data, last))));
}

BUILTIN(full, 1, 1, 1, grad_pass,
  "A = full(S)\n\n"
  "The full matrix with the elements of a sparse one; anything else is as it was.\n\n"
  "Example:\n  full(sparse([1 2], [1 2], [5 6]))\n  ans =\n     5   0\n     0   6\n\n"
  "See also: sparse, issparse")
{
    value v = c->arg[0];
    result(c, 0, v.kind == K_RANGE ? tensor_value(tensor_of(v)) : sparse_full_value(v));
}

BUILTIN(issparse, 1, 1, 1, NO_GRAD,
  "tf = issparse(x)\n\n"
  "True when x is a sparse matrix.\n\n"
  "Example:\n  issparse(speye(3))\n  ans = 1\n  issparse(eye(3))\n  ans = 0\n\n"
  "See also: sparse, full")
{
    result_bool(c, 0, c->arg[0].kind == K_SPARSE);
}

BUILTIN(nzmax, 1, 1, 1, grad_zero,
  "n = nzmax(S)\n\n"
  "For how many elements a sparse matrix has room: as many as it has, or as spalloc asked for, one at least; of a full "
  "one all.\n\n"
  "Example:\n  nzmax(spalloc(3, 3, 10))\n  ans = 10\n\n"
  "See also: nnz, spalloc, numel")
{
    value v = c->arg[0];
    if (v.kind != K_SPARSE && !is_tensor_like(v))
        fail_arg(c, 0, "a matrix");
    result_num(c, 0,
               v.kind == K_SPARSE ? (double)MAX(MAX(sparse_see(v)->room, sparse_see(v)->nz), 1)
                                  : (double)value_numel(v));
}

BUILTIN(spalloc, 1, 3, 1, NO_GRAD,
  "S = spalloc(m)\n"
  "S = spalloc(m, n)\n"
  "S = spalloc(m, n, nz)\n\n"
  "A sparse m x n matrix (n = m by default) with nothing in it. nz is what nzmax tells; room is made as elements come.\n\n"
  "Example:\n  size(spalloc(2, 3, 100))\n  ans =\n     2   3\n\n"
  "See also: sparse, nzmax")
{
    i64 dim[MAX_DIMS];
    arg_dims(c, 0, MIN(c->nargin, 2), dim);
    struct sparse *s = sparse_zeros(D_DOUBLE, dim[0], dim[1]);
    s->room = c->nargin > 2 ? arg_int(c, 2, 0, (i64)1 << 53) : 0;
    result(c, 0, sparse_value(s));
}

BUILTIN(speye, 1, 2, 1, NO_GRAD,
  "S = speye(n)\n"
  "S = speye(m, n)\n"
  "S = speye([m n])\n\n"
  "The identity matrix, sparse.\n\n"
  "Example:\n  nnz(speye(1000))\n  ans = 1000\n\n"
  "See also: eye, sparse, spdiags")
{
    i64 dim[MAX_DIMS];
    if (arg_dims(c, 0, c->nargin, dim) > 2)
        fail_arg(c, 0, "two sizes");
    i64 nz = MIN(dim[0], dim[1]);
    struct sparse *s = sparse_new(D_DOUBLE, dim[0], dim[1], nz);
    for (i64 j = 0; j <= dim[1]; j++)
        sparse_col(s)[j] = MIN(j, nz);
    for (i64 k = 0; k < nz; k++) {
        sparse_row(s)[k] = k;
        sparse_d(s)[k] = 1;
    }
    result(c, 0, sparse_value(s));
}
