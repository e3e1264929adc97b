/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse_call.c: functions of the library with a sparse argument, by the rows of sparse.def. */
#include "sparse.h"
#include "linalg.h"
#include <complex.h>
#include <math.h>
#include <strings.h>

typedef void handler(struct call *c, struct sparse *s);

/* The call again with other arguments. */
static void run_with(struct call *c, value *arg)
{
    struct call inner = *c;
    inner.arg = arg;
    if (RECORDING)
        RECORDING->call(&inner);
    else
        inner.fn->run(&inner);
}

static value *full_arguments(struct call *c)
{
    value *arg = scratch(sizeof *arg * (size_t)(c->nargin + 1));
    for (int i = 0; i < c->nargin; i++)
        arg[i] = sparse_full_value(c->arg[i]);
    return arg;
}

static void again(struct call *c)             /* the first result becomes sparse */
{
    value v = c->out[0];
    if (is_tensor_like(v) && dtype_is(value_dtype(v), DT_F | DT_L)) {
        struct tensor *t = tensor_of(v);
        if (t->nd == 2)
            result(c, 0, sparse_value(sparse_of_full(t)));
    }
}

static i64 *counted(i64 n, i64 from, i64 step)            /* from, from + step, … */
{
    i64 *at = scratch((size_t)(n + 1) * sizeof *at);
    for (i64 i = 0; i < n; i++)
        at[i] = from + i * step;
    return at;
}

static void unchanged(struct call *c, struct sparse *s)
{
    (void)s;
    c->fn->run(c);
}
/* zeros(…, 'like', S), ones(…, 'like', S) */
static void like(struct call *c, struct sparse *s)
{
    i64 dim[MAX_DIMS];
    int n = c->nargin - 2;
    if (n < 0 || !arg_is_text(c, n) || strcasecmp(arg_text(c, n, NULL), "like") || c->arg[n + 1].kind != K_SPARSE) {
        c->fn->run(c);
        return;
    }
    if (arg_dims(c, 0, n, dim) > 2)
        fail("tl:too-many-dimensions", "%s: a sparse matrix has two dimensions", c->fn->name);
    if (!strcmp(c->fn->name, "zeros")) {
        result(c, 0, sparse_value(sparse_zeros(s->dtype, dim[0], dim[1])));
        return;
    }
    run_with(c, full_arguments(c));
    value v = c->out[0];
    result(c, 0, sparse_value(sparse_of_full(tensor_of(v))));
}

static void as_is(struct call *c, struct sparse *s) { result(c, 0, sparse_value(s)); }
static void nnz(struct call *c, struct sparse *s) { result_num(c, 0, (double)s->nz); }

static void find(struct call *c, struct sparse *s)
{
    i64 most = has_arg(c, 1) ? arg_int(c, 1, 1, (i64)1 << 53) : s->nz, n = MIN(most, s->nz), from = 0;
    static const char *const ends[] = { "first", "last", NULL };
    if (c->nargin > 2 && arg_option(c, 2, ends) == 1)
        from = s->nz - n;
    i64 dim[2] = { s->m == 1 && s->n != 1 ? 1 : n, s->m == 1 && s->n != 1 ? n : 1 };
    if (s->m == 0 && s->n == 0)
        dim[0] = dim[1] = 0;
    struct tensor *i = tensor_new(D_DOUBLE, 2, dim), *j = c->nargout > 1 ? tensor_new(D_DOUBLE, 2, dim) : NULL;
    for (i64 p = 0; p < s->n; p++)
        for (i64 k = MAX(from, sparse_col(s)[p]); k < MIN(from + n, sparse_col(s)[p + 1]); k++) {
            ((double *)i->data)[k - from] = (double)(sparse_row(s)[k] + 1 + (j ? 0 : p * s->m));
            if (j)
                ((double *)j->data)[k - from] = (double)(p + 1);
        }
    result_tensor(c, 0, i);
    if (j)
        result_tensor(c, 1, j);
    if (wants(c, 2)) {
        struct tensor *x = tensor_new(s->dtype, 2, dim);
        memcpy(x->data, (char *)sparse_x(s) + (size_t)from * sparse_size(s), (size_t)n * sparse_size(s));
        result_tensor(c, 2, x);
    }
}

/* The entries that `keep` lets through, moved to (row, column); both order-preserving within a column. */
static value from_entries(struct sparse *s, i64 m, i64 n, i64 nz, const i64 *i, const i64 *j, const void *x)
{
    return sparse_value(sparse_triplets(s->dtype, m, n, nz, i, j, x, true));
}

static void diag(struct call *c, struct sparse *s)
{
    i64 k = has_arg(c, 1) ? arg_int(c, 1, -((i64)1 << 40), (i64)1 << 40) : 0;
    size_t size = sparse_size(s);
    if (c->nargin > 2)
        fail("Octave:undefined-function", "diag: with sizes m and n the vector must be full\nhint: full(S) is the full "
                                          "matrix");
    i64 *i = scratch((size_t)(s->nz + 1) * sizeof *i), *j = scratch((size_t)(s->nz + 1) * sizeof *j), at = 0;
    if (s->m == 1 || s->n == 1) {             /* a vector on a diagonal */
        i64 n = (s->m && s->n ? MAX(s->m, s->n) : 0) + (k < 0 ? -k : k);
        for (i64 p = 0; p < s->n; p++)
            for (i64 e = sparse_col(s)[p]; e < sparse_col(s)[p + 1]; e++) {
                i64 q = p + sparse_row(s)[e];
                i[at] = q + (k < 0 ? -k : 0);
                j[at++] = q + (k > 0 ? k : 0);
            }
        result(c, 0, from_entries(s, n, n, at, i, j, sparse_x(s)));
        return;
    }
    i64 n = k >= 0 ? MIN(s->m, s->n - k) : MIN(s->m + k, s->n);
    char *x = scratch((size_t)(s->nz + 1) * size);
    for (i64 p = 0; p < s->n; p++) {
        i64 e = p - k >= 0 && p - k < s->m ? sparse_find(s, p - k, p) : -1;
        if (e < 0)
            continue;
        i[at] = k >= 0 ? p - k : p;
        j[at] = 0;
        memcpy(x + (size_t)at++ * size, (char *)sparse_x(s) + (size_t)e * size, size);
    }
    result(c, 0, from_entries(s, MAX(n, 0), 1, at, i, j, x));
}

static void triangle(struct call *c, struct sparse *s)
{
    i64 k = has_arg(c, 1) ? arg_int(c, 1, -((i64)1 << 40), (i64)1 << 40) : 0, at = 0;
    if (c->nargin > 2)
        fail("Octave:undefined-function", "%s: with 'pack' the matrix must be full\nhint: full(S) is the full matrix",
             c->fn->name);
    bool upper = c->fn->name[3] == 'u';
    struct sparse *r = sparse_new(s->dtype, s->m, s->n, s->nz);
    size_t size = sparse_size(s);
    sparse_col(r)[0] = 0;
    memset(sparse_x(r), 0, (size_t)s->nz * size);
    for (i64 j = 0; j < s->n; j++) {
        for (i64 e = sparse_col(s)[j]; e < sparse_col(s)[j + 1]; e++) {
            bool in = upper ? j - sparse_row(s)[e] >= k : j - sparse_row(s)[e] <= k;
            sparse_row(r)[at] = sparse_row(s)[e];
            if (in)
                memcpy((char *)sparse_x(r) + (size_t)at * size, (char *)sparse_x(s) + (size_t)e * size, size);
            at++;
        }
        sparse_col(r)[j + 1] = at;
    }
    result(c, 0, sparse_value(sparse_tidy(r)));
}

static void reshape(struct call *c, struct sparse *s)
{
    i64 dim[MAX_DIMS], all = s->m * s->n;
    char a[128], b[128];
    int open = -1, nd = c->nargin - 1;
    i64 known = 1;
    for (int i = 1; i < c->nargin; i++)
        if (nd > 1 && is_tensor_like(c->arg[i]) && value_numel(c->arg[i]) == 0)
            open = i;
    if (open > 0) {
        for (int i = 1; i < c->nargin; i++)
            if (i != open)
                known *= dim[i - 1] = arg_int(c, i, 0, (i64)1 << 60);
        dim[open - 1] = known ? all / known : 0;
        nd = dims_trim(nd, dim);
    } else {
        nd = arg_dims(c, 1, c->nargin, dim);
    }
    if (nd > 2)
        fail("Octave:undefined-function",
             "reshape: a sparse matrix has two dimensions, not %d\nhint: full(S) is the full matrix", nd);
    if (dim[0] * dim[1] != all)
        fail("Octave:nonconformant-args", "reshape: %s has not as many elements as %s", value_shape(sparse_value(s), a),
             dims_text(2, dim, b));
    result(c, 0, sparse_reshape(s, dim[0], dim[1]));
}

static void vec(struct call *c, struct sparse *s)
{
    if (c->nargin > 1 && arg_int(c, 1, 1, MAX_DIMS) != 1)
        fail("Octave:undefined-function", "vec: a sparse matrix becomes a column only");
    result(c, 0, s->m > 0 && s->n > 0 ? sparse_reshape(s, s->m * s->n, 1) : sparse_value(sparse_zeros(s->dtype, 0, 1)));
}

static void repmat(struct call *c, struct sparse *s)
{
    i64 dim[MAX_DIMS];
    if (c->arg[0].kind != K_SPARSE)
        fail_arg(c, 1, "a full matrix of sizes");
    if (arg_dims(c, 1, c->nargin, dim) > 2)
        fail("Octave:undefined-function", "repmat: a sparse matrix has two dimensions\nhint: full(S) is the full matrix");
    i64 all[2] = { dims_numel(2, (i64[]){ s->m, dim[0] }), dims_numel(2, (i64[]){ s->n, dim[1] }) };
    i64 *rows = scratch((size_t)(all[0] + 1) * sizeof *rows), *cols = scratch((size_t)(all[1] + 1) * sizeof *cols);
    for (i64 i = 0; i < all[0]; i++)
        rows[i] = i % s->m;
    for (i64 j = 0; j < all[1]; j++)
        cols[j] = j % s->n;
    result(c, 0, sparse_rows_cols(s, dim[0] == 1 ? NULL : rows, all[0], dim[1] == 1 ? NULL : cols, all[1]));
}

static void kron(struct call *c, struct sparse *s)
{
    (void)s;
    struct sparse *a = sparse_arg(c, 0);
    for (int q = 1; q < c->nargin; q++) {
        struct sparse *b = sparse_arg(c, q);
        i64 dim[2] = { dims_numel(2, (i64[]){ a->m, b->m }), dims_numel(2, (i64[]){ a->n, b->n }) }, at = 0;
        int dt = a->dtype == D_CDOUBLE || b->dtype == D_CDOUBLE ? D_CDOUBLE : D_DOUBLE;
        a = sparse_cast(a, dt);
        b = sparse_cast(b, dt);
        struct sparse *r = sparse_new(dt, dim[0], dim[1], dims_numel(2, (i64[]){ a->nz, b->nz }));
        sparse_col(r)[0] = 0;
        for (i64 ja = 0; ja < a->n; ja++)
            for (i64 jb = 0; jb < b->n; jb++) {
                for (i64 p = sparse_col(a)[ja]; p < sparse_col(a)[ja + 1]; p++)
                    for (i64 e = sparse_col(b)[jb]; e < sparse_col(b)[jb + 1]; e++) {
                        poll_each(at);
                        sparse_row(r)[at] = sparse_row(a)[p] * b->m + sparse_row(b)[e];
                        if (dt == D_DOUBLE)
                            sparse_d(r)[at++] = sparse_d(a)[p] * sparse_d(b)[e];
                        else
                            ((double _Complex *)sparse_x(r))[at++] = sparse_at(a, p) * sparse_at(b, e);
                    }
                sparse_col(r)[ja * b->n + jb + 1] = at;
            }
        a = sparse_clean(sparse_tidy(r));
    }
    result(c, 0, sparse_value(a));
}

static void permute(struct call *c, struct sparse *s)
{
    struct tensor *t = arg_double(c, 1);
    const double *p = (const double *)t->data;
    if (t->numel != 2 || !((p[0] == 1 && p[1] == 2) || (p[0] == 2 && p[1] == 1)))
        fail("Octave:undefined-function", "%s: of a sparse matrix the order is [1 2] or [2 1]\nhint: full(S) is "
                                          "the full matrix", c->fn->name);
    result(c, 0, sparse_value(p[0] == 1 ? s : sparse_turn(s, false)));
}

static void shiftdim(struct call *c, struct sparse *s)
{
    i64 n = has_arg(c, 1) ? arg_int(c, 1, -MAX_DIMS, 1 << 30) : s->m == 1;
    if (n < 0)
        fail("Octave:undefined-function", "shiftdim: a sparse matrix has two dimensions, none can be put in front\n"
                                          "hint: full(S) is the full matrix");
    result(c, 0, sparse_value(n % 2 ? sparse_turn(s, false) : s));
    result_num(c, 1, (double)n);
}

static void turn(struct call *c, struct sparse *s) { result(c, 0, sparse_value(sparse_turn(s, c->fn->name[0] == 'c'))); }

static void matrix(struct call *c, struct sparse *s)
{
    (void)s;
    static const char *const names[] = { "mtimes", "mrdivide", "mldivide",
                                         "mpower" }; /* in the order of enum matrix_op */
    int op = 0;
    while (strcmp(names[op], c->fn->name))
        op++;
    value r = c->arg[0];
    for (int i = 1; i < c->nargin; i++)
        r = matrix_apply(op, r, c->arg[i]);
    result(c, 0, r);
}

static void flips(struct call *c, struct sparse *s)
{
    int dim = c->fn->name[4] == 'l' ? 2 : c->fn->name[4] == 'u' ? 1 : arg_dim(c, 1, s->m == 1 ? 2 : 1);
    result(c, 0, dim == 1 ? sparse_rows_cols(s, counted(s->m, s->m - 1, -1), s->m, NULL, 0) :
                 dim == 2 ? sparse_rows_cols(s, NULL, 0, counted(s->n, s->n - 1, -1), s->n) : sparse_value(s));
}

static void rot90(struct call *c, struct sparse *s)
{
    i64 k = has_arg(c, 1) ? arg_int(c, 1, -((i64)1 << 40), (i64)1 << 40) : 1;
    k = (k % 4 + 4) % 4;
    struct sparse *t = k % 2 ? sparse_turn(s, false) : s;
    bool rows = k == 1 || k == 2, cols = k == 3 || k == 2;
    result(c, 0,
           sparse_rows_cols(t, rows ? counted(t->m, t->m - 1, -1) : NULL, t->m,
                            cols ? counted(t->n, t->n - 1, -1) : NULL, t->n));
}

static void circshift(struct call *c, struct sparse *s)
{
    i64 by[2] = { 0, 0 };
    if (c->nargin > 2) {
        int dim = arg_dim(c, 2, 1);
        if (dim <= 2)
            by[dim - 1] = arg_int(c, 1, -((i64)1 << 40), (i64)1 << 40);
    } else {
        struct tensor *t = arg_double(c, 1);
        for (i64 k = 0; k < MIN(t->numel, 2); k++)
            by[t->numel == 1 && s->m == 1 ? 1 : k] = (i64)((double *)t->data)[k];
    }
    const i64 *list[2] = { NULL, NULL };
    i64 n[2] = { s->m, s->n };
    for (int d = 0; d < 2; d++) {
        if (!n[d] || by[d] % n[d] == 0)
            continue;
        i64 *at = counted(n[d], 0, 1);
        for (i64 i = 0; i < n[d]; i++)
            at[(i + by[d] % n[d] + n[d]) % n[d]] = i;
        list[d] = at;
    }
    result(c, 0, sparse_rows_cols(s, list[0], s->m, list[1], s->n));
}

static void as_double(struct call *c, struct sparse *s)
{
    result(c, 0, sparse_value(s->dtype == D_LOGICAL ? sparse_cast(s, D_DOUBLE) : s));
}
static void as_logical(struct call *c, struct sparse *s)
{
    for (i64 k = 0; k < s->nz && s->dtype == D_DOUBLE; k++)
        if (isnan(sparse_d(s)[k]))
            fail("Octave:undefined-function", "logical: NaN cannot become logical");
    if (s->dtype == D_CDOUBLE)
        fail_arg(c, 0, "real");
    result(c, 0, sparse_value(sparse_cast(s, D_LOGICAL)));
}

static void cast(struct call *c, struct sparse *s)
{
    int dt;
    if (c->nargin < 3) {
        dt = dtype_named(arg_text(c, 1, NULL));
    } else {
        arg_option(c, 1, (const char *const[]){ "like", NULL });
        dt = value_dtype(c->arg[2]);
    }
    if (dt == D_LOGICAL)
        as_logical(c, s);
    else if (dt == D_DOUBLE || dt == D_CDOUBLE)
        result(c, 0, sparse_value(sparse_cast(s, s->dtype == D_LOGICAL ? dt : MAX(dt, s->dtype))));
    else
        fail("Octave:invalid-input-arg", "cast: a sparse matrix is double, complex or logical; full(S) can be of every "
                                         "class");
}

static void trace(struct call *c, struct sparse *s)
{
    if (s->m != s->n)
        fail("Octave:nonconformant-args", "trace: only valid on square matrix\nhint: it is %lldx%lld", (long long)s->m,
             (long long)s->n);
    double _Complex sum = 0;
    for (i64 j = 0; j < s->n; j++) {
        i64 k = sparse_find(s, j, j);
        sum += k >= 0 ? sparse_at(s, k) : 0;
    }
    i64 one[2] = { 1, 1 };
    struct tensor *t = tensor_new(D_CDOUBLE, 2, one);
    *(double _Complex *)t->data = sum;
    result_tensor(c, 0, tensor_narrow(t));
}

static void norm(struct call *c, struct sparse *s)
{
    double p = 2, y = 0;
    bool fro = false;
    if (c->nargin > 1 && arg_is_text(c, 1)) {
        static const char *const names[] = { "fro", "inf", NULL };
        fro = arg_option(c, 1, names) == 0;
        p = INFINITY;
    } else if (has_arg(c, 1)) {
        p = arg_num(c, 1);
    }
    if (s->m == 1 || s->n == 1 || (c->nargin > 2) || (!fro && p != 1 && p != INFINITY)) {
        if ((double)s->m * (double)s->n > 4e6)
            fail("Octave:undefined-function",
                 "norm: of a sparse %lldx%lld matrix only the norms 1, Inf and 'fro' are computed\nhint: normest(S) "
                 "estimates "
                 "the 2-norm",
                 (long long)s->m, (long long)s->n);
        run_with(c, full_arguments(c));
        return;
    }
    double scale = 0;
    if (fro) {
        for (i64 k = 0; k < s->nz; k++) {
            double a = cabs(sparse_at(s, k));
            scale = a > scale || isnan(a) ? a : scale;
        }
        for (i64 k = 0; k < s->nz && scale > 0 && isfinite(scale); k++) {
            double a = cabs(sparse_at(s, k)) / scale;
            y += a * a;
        }
        result_num(c, 0, isfinite(scale) ? scale * sqrt(y) : scale);
        return;
    }
    if (p == INFINITY)
        s = sparse_turn(s, false);
    for (i64 j = 0; j < s->n; j++) {
        double sum = 0;
        for (i64 k = sparse_col(s)[j]; k < sparse_col(s)[j + 1]; k++)
            sum += cabs(sparse_at(s, k));
        y = sum > y || isnan(sum) ? sum : y;
    }
    result_num(c, 0, y);
}

static void shape_test(struct call *c, struct sparse *s)
{
    bool upper = true, lower = true;
    for (i64 j = 0; j < s->n; j++)
        if (sparse_col(s)[j] < sparse_col(s)[j + 1]) {
            upper = upper && sparse_row(s)[sparse_col(s)[j + 1] - 1] <= j;
            lower = lower && sparse_row(s)[sparse_col(s)[j]] >= j;
        }
    const char *name = c->fn->name;
    result_bool(c, 0, !strcmp(name, "istriu") ? upper : !strcmp(name, "istril") ? lower : upper && lower);
}

static void symmetric(struct call *c, struct sparse *s)
{
    bool conj_ = c->fn->name[2] == 'h';
    if (c->nargin > 1 && !arg_is_text(c, 1) && arg_num(c, 1) != 0) {
        run_with(c, full_arguments(c));
        return;
    }
    result_bool(c, 0, s->m == s->n && sparse_equal(sparse_value(s), sparse_value(sparse_turn(s, conj_))));
}

static void extreme(struct call *c, struct sparse *s)
{
    (void)s;
    if (c->nargout < 2 || (c->nargin > 1 && value_numel(c->arg[1]))) {
        c->fn->run(c);
        return;
    }
    run_with(c, full_arguments(c));
    again(c);
}

static void inv(struct call *c, struct sparse *s)
{
    extern const struct builtin builtin_speye;
    if (s->m != s->n)
        fail("Octave:nonconformant-args", "inverse: argument must be a square matrix, but is %lldx%lld",
             (long long)s->m, (long long)s->n);
    if (c->nargout > 1) {
        run_with(c, full_arguments(c));
        again(c);
        return;
    }
    result(c, 0, sparse_solve(sparse_value(s), call1(&builtin_speye, 1, num((double)s->n))));
}

/* ---- what the plugin has under a name of its own */
extern const struct builtin builtin_sparse_lu, builtin_sparse_qr, builtin_sparse_chol, builtin_sparse_det;
static void other(struct call *c, const struct builtin *b)
{
    struct call inner = *c;
    inner.fn = b;
    call_run(&inner);
}
static void det(struct call *c, struct sparse *s)
{
    (void)s;
    other(c, &builtin_sparse_det);
}
static void plugin(struct call *c, struct sparse *s)
{
    (void)s;
    other(c, c->fn->name[0] == 'l' ? &builtin_sparse_lu : c->fn->name[0] == 'q' ? &builtin_sparse_qr : &builtin_sparse_chol);
}

static void blkdiag(struct call *c, struct sparse *s)
{
    (void)s;
    i64 m = 0, n = 0, nz = 0, at = 0;
    struct sparse **part = scratch(sizeof *part * (size_t)(c->nargin + 1));
    int dt = D_DOUBLE;
    for (int i = 0; i < c->nargin; i++) {
        part[i] = sparse_arg(c, i);
        if (part[i]->dtype == D_CDOUBLE)
            dt = D_CDOUBLE;
        m += part[i]->m, n += part[i]->n, nz += part[i]->nz;
    }
    struct sparse *r = sparse_new(dt, m, n, nz);
    sparse_col(r)[0] = m = n = 0;
    for (int i = 0; i < c->nargin; i++) {
        struct sparse *p = sparse_cast(part[i], dt);
        for (i64 j = 0; j < p->n; j++) {
            for (i64 k = sparse_col(p)[j]; k < sparse_col(p)[j + 1]; k++)
                sparse_row(r)[at + k] = sparse_row(p)[k] + m;
            sparse_col(r)[++n] = at + sparse_col(p)[j + 1];
        }
        memcpy((char *)sparse_x(r) + (size_t)at * sparse_size(r), sparse_x(p), (size_t)p->nz * sparse_size(r));
        at += p->nz;
        m += p->m;
    }
    result(c, 0, sparse_value(r));
}

/* ---- the table */
static void by_class(struct call *c, struct sparse *s)
{
    value *arg = scratch(sizeof *arg * (size_t)(c->nargin + 1));
    (void)s;
    for (int i = 0; i < c->nargin; i++)
        arg[i] = c->arg[i].kind == K_SPARSE ? tensor_box(tensor_2d(sparse_see(c->arg[i])->dtype, 0, 0)) : c->arg[i];
    run_with(c, arg);
}
static void by_full(struct call *c, struct sparse *s)
{
    (void)s;
    run_with(c, full_arguments(c));
}
static void by_full_again(struct call *c, struct sparse *s)
{
    (void)s;
    run_with(c, full_arguments(c));
    again(c);
}

static const struct { const char *name; handler *run; } rows[] = {
#define S(name, function) { #name, function },
#define C(name) { #name, by_class },
#define F(name) { #name, by_full },
#define R(name) { #name, by_full_again },
#include "sparse.def"
};

bool sparse_call(struct call *c)
{
    int which = 0;
    while (which < c->nargin && c->arg[which].kind != K_SPARSE)
        which++;
    if (which == c->nargin || !c->fn->help)   /* without help: a body that such a row has called */
        return false;
    for (int i = 0; i < COUNT(rows); i++)
        if (!strcmp(rows[i].name, c->fn->name)) {
            if (RECORDING)
                for (int k = 0; k < c->nargin; k++)
                    if (is_tensor_like(c->arg[k]) && (c->arg[k].kind == K_TENSOR && c->arg[k].t->mark))
                        return false;         /* the tape's business */
            rows[i].run(c, sparse_see(c->arg[which]));
            return true;
        }
    return false;
}
