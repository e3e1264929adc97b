/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse_ops.c: operators and reductions of sparse matrices.
 *
 * The one idea: what an operator does to zeros decides how it goes.  Where f(0, 0) is 0 (or f(0, y) for every y of a full
 * operand) only places with an entry count: the values there are laid out as columns and go through the elementwise
 * program that full matrices use, and what becomes zero is dropped.  Else the result has next to no zeros and is computed
 * full.  So op(S, T) is op(full(S), full(T)) always, NaN and Inf included, which Octave promises only for finite numbers;
 * whether the result is sparse follows Octave 7.3. */
#include "config.h"
#include "ew.h"
#include "clones.h"
#include "linalg.h"
#include "sparse.h"
#include <complex.h>
#include <math.h>
#include <stdlib.h>

enum { HALVES = 1000000 };                    /* entries above which work is done in two halves, one a thread */

bool sparse_among(int n, const value *v)
{
    for (int i = 0; i < n; i++)
        if (v[i].kind == K_SPARSE)
            return true;
    return false;
}

/* ---- elementwise */
static struct tensor *column(struct tensor *t)
{
    i64 dim[2] = { t->numel, 1 };
    return tensor_reshape(t, 2, dim);
}
static struct tensor *op_on(int op, int nargin, const value *arg) { return column(tensor_of(ew_apply(op, nargin, arg))); }
static value values(const struct sparse *s) { return tensor_box(sparse_values(s)); }
static bool is_zero(value v)
{
    struct tensor *t = tensor_of(v);
    double re, im = 0;
    if (dtype_is(t->dtype, DT_C)) {
        double _Complex z = t->dtype == D_CDOUBLE ? *(double _Complex *)t->data : (double _Complex)*(float _Complex *)t->data;
        re = creal(z), im = cimag(z);
    } else {
        re = element_double(t, 0);
    }
    return re == 0 && im == 0;
}
static value zero_like(value v)
{
    int dt = v.kind == K_SPARSE ? sparse_see(v)->dtype : value_dtype(v);
    return dt == D_LOGICAL ? boolean(false) : num(0);
}
static value again(value full) { return sparse_value(sparse_of_full(tensor_of(full))); }

static i64 rows_of(value v)
{
    i64 d[MAX_DIMS];
    value_dims(v, d);
    return d[0];
}
static i64 cols_of(value v)
{
    i64 d[MAX_DIMS];
    value_dims(v, d);
    return d[1];
}

/* A row or column repeated to m x n. */
static struct sparse *expanded(struct sparse *s, i64 m, i64 n)
{
    if (s->m == m && s->n == n)
        return s;
    i64 times = s->n == n ? 1 : n;
    if (s->n != n) {                          /* a column, or an element */
        i64 *cols = scratch((size_t)(times + 1) * sizeof *cols);
        memset(cols, 0, (size_t)times * sizeof *cols);
        s = sparse_see(sparse_rows_cols(s, NULL, 0, cols, times));
    }
    if (s->m != m) {
        i64 *rows = scratch((size_t)(m + 1) * sizeof *rows);
        memset(rows, 0, (size_t)m * sizeof *rows);
        s = sparse_see(sparse_rows_cols(s, rows, m, NULL, 0));
    }
    return s;
}

/* a + b or a - b of doubles, merged in two parts side by side.  Room is taken for the entries of both; what was too much
   goes afterwards.  Column j ends at end[j]; false: something has become 0. */
static bool merge(const struct sparse *a, const struct sparse *b, double sign, struct sparse *c, i64 first, i64 last,
                  i64 *end)
{
    const i64 *ac = sparse_col(a), *bc = sparse_col(b), *ar = sparse_row(a), *br = sparse_row(b);
    const double *ax = sparse_d(a), *bx = sparse_d(b);
    i64 *row = sparse_row(c), at = ac[first] + bc[first];
    double *x = sparse_d(c);
    bool full = true;
    for (i64 j = first; j < last && !interrupt_flag; j++) {
        i64 p = ac[j], q = bc[j], pe = ac[j + 1], qe = bc[j + 1];
        while (p + q <
               pe + qe) { /* one branch a step, and that is easy to foresee; blocks may be read behind their end */
            i64 r = p < pe ? ar[p] : INT64_MAX, t = q < qe ? br[q] : INT64_MAX;
            bool of_a = r <= t, of_b = t <= r;
            double u = ax[p], w = sign * bx[q], sum = of_a && of_b ? u + w : of_a ? u : w;
            row[at] = of_a ? r : t;
            x[at++] = sum;
            full &= sum != 0;
            p += of_a;
            q += of_b;
        }
        end[j] = at;
    }
    return full;
}
static value summed(struct sparse *a, struct sparse *b, double sign)
{
    if (a->part[0].t == b->part[0].t && a->part[1].t == b->part[1].t)      /* one pattern */
        return sparse_value(sparse_with(a, op_on(sign > 0 ? EW_plus : EW_minus, 2, (value[]){ values(a), values(b) })));
    i64 n = a->n, most = a->nz + b->nz, half[3] = { 0, n, n };
    int parts = most > HALVES ? 2 : 1;
    for (i64 j = 0; parts == 2 && j < n; j++)
        if (sparse_col(a)[j] + sparse_col(b)[j] >= most / 2) {
            half[1] = j;
            break;
        }
    struct sparse *c = sparse_new(D_DOUBLE, a->m, n, most);
    i64 *col = sparse_col(c);
    bool full[2] = { true, true };
    col[0] = 0;
    _Pragma("omp parallel for num_threads(MIN(ew_threads, 2)) schedule(static) if(parts == 2)")
    for (int h = 0; h < parts; h++)
        full[h] = merge(a, b, sign, c, half[h], half[h + 1], col + 1);
    poll();
    i64 from = sparse_col(a)[half[1]] + sparse_col(b)[half[1]], gap = from - col[half[1]],
        nz = col[n] - (half[1] < n ? gap : 0);
    if (half[1] < n && gap) {                 /* the second part moves up to the first */
        memmove(sparse_row(c) + col[half[1]], sparse_row(c) + from, (size_t)(col[n] - from) * sizeof(i64));
        memmove(sparse_d(c) + col[half[1]], sparse_d(c) + from, (size_t)(col[n] - from) * sizeof(double));
        for (i64 j = half[1] + 1; j <= n; j++)
            col[j] -= gap;
    }
    sparse_shorten(c, nz);
    if (nz < most - most / 8) {               /* no block much larger than its entries */
        struct sparse *d = sparse_new(D_DOUBLE, a->m, n, nz);
        memcpy(sparse_col(d), col, (size_t)(n + 1) * sizeof *col);
        memcpy(sparse_row(d), sparse_row(c), (size_t)nz * sizeof(i64));
        memcpy(sparse_d(d), sparse_d(c), (size_t)nz * sizeof(double));
        c = d;
    }
    return sparse_value(full[0] && full[1] ? c : sparse_tidy(c));
}

/* The places of either, and both operands' values there. */
static value joined(int op, struct sparse *a, struct sparse *b)
{
    if ((op == EW_plus || op == EW_minus) && a->dtype == D_DOUBLE && b->dtype == D_DOUBLE)
        return summed(a, b, op == EW_plus ? 1 : -1);
    i64 n = a->n, at = 0;
    const i64 *ac = sparse_col(a), *bc = sparse_col(b), *ar = sparse_row(a), *br = sparse_row(b);
    size_t as = sparse_size(a), bs = sparse_size(b);
    for (i64 j = 0; j < n; j++) {
        poll_each(j);
        i64 p = ac[j], q = bc[j];
        while (p < ac[j + 1] && q < bc[j + 1]) {
            i64 r = ar[p], t = br[q];
            p += r <= t, q += t <= r, at++;
        }
        at += ac[j + 1] - p + bc[j + 1] - q;
    }
    i64 dim[2] = { at, 1 };
    struct tensor *x = tensor_new(a->dtype, 2, dim), *y = tensor_new(b->dtype, 2, dim);
    struct sparse *u = sparse_new(D_DOUBLE, a->m, n, at);                 /* the pattern; its values are not looked at */
    i64 *row = sparse_row(u);
    memset(x->data, 0, (size_t)at * as);
    memset(y->data, 0, (size_t)at * bs);
    at = sparse_col(u)[0] = 0;
    for (i64 j = 0; j < n; j++) {
        poll_each(j);
        i64 p = ac[j], q = bc[j];
        while (p < ac[j + 1] || q < bc[j + 1]) {
            i64 r = p < ac[j + 1] ? ar[p] : INT64_MAX, t = q < bc[j + 1] ? br[q] : INT64_MAX;
            row[at] = MIN(r, t);
            if (r <= t)
                memcpy(x->data + (size_t)at * as, (char *)sparse_x(a) + (size_t)p++ * as, as);
            if (t <= r)
                memcpy(y->data + (size_t)at * bs, (char *)sparse_x(b) + (size_t)q++ * bs, bs);
            at++;
        }
        sparse_col(u)[j + 1] = at;
    }
    return sparse_value(sparse_with(u, op_on(op, 2, (value[]){ tensor_box(x), tensor_box(y) })));
}

/* s at its entries with the elements of t that stand there; t may be a row, a column or all. */
static struct tensor *beside(const struct sparse *s, struct tensor *t)
{
    t = tensor_dense(t);
    i64 dim[2] = { s->nz, 1 }, dr = t->dim[0] == 1 ? 0 : 1, dc = t->dim[1] == 1 ? 0 : t->dim[0];
    struct tensor *y = tensor_new(t->dtype, 2, dim);
    size_t size = dtypes[t->dtype].size;
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    for (i64 j = 0; j < s->n; j++)
        for (i64 k = col[j]; k < col[j + 1]; k++)
            memcpy(y->data + (size_t)k * size, t->data + (size_t)(row[k] * dr + j * dc) * size, size);
    return y;
}

static bool all_zero(value v)
{
    struct tensor *t = tensor_of(v);
    for (i64 i = 0; i < t->numel; i++) {
        if (dtype_is(t->dtype, DT_C) ? ((double _Complex *)t->data)[i] != 0
            : t->dtype == D_LOGICAL  ? t->data[i] != 0
                                     : element_double(t, i) != 0)
            return false;
    }
    return true;
}

/* Is the result sparse in Octave? */
static bool stays(int op, value a, value b)
{
    bool one_a = a.kind != K_SPARSE && value_numel(a) == 1, one_b = b.kind != K_SPARSE && value_numel(b) == 1;
    switch (op) {
    case EW_plus:
    case EW_minus: return a.kind == b.kind;
    case EW_rdivide: return !one_a;
    case EW_ldivide: return !one_b;
    case EW_power: return !one_a && (!one_b || is_zero(ew_apply(op, 2, (value[]){ num(0), b })));
    default: return true;
    }
}

static void check_class(int op, value v)
{
    char d[160];
    if (v.kind == K_SPARSE)
        return;
    if (!is_tensor_like(v))
        fail("Octave:undefined-function", "%s: not defined for a sparse matrix and a %s", ew_rows[op].name,
             value_describe(v, d));
    if (dtype_is(value_dtype(v), DT_I) || dtype_real(value_dtype(v)) == D_SINGLE)
        fail("Octave:undefined-function",
             "%s: a sparse matrix and a %s do not mix\nhint: double(x) converts, full(S) makes the sparse matrix full",
             ew_rows[op].name, value_describe(v, d));
}

static value unary(int op, value v)
{
    struct sparse *s = sparse_see(v);
    value zero = zero_like(v);
    if (is_zero(ew_apply(op, 1, &zero)))
        return sparse_value(sparse_with(s, op_on(op, 1, (value[]){ values(s) })));
    return again(ew_apply(op, 1, (value[]){ tensor_box(sparse_full(s)) }));
}

value sparse_elementwise(int op, int nargin, const value *arg)
{
    if (nargin == 1)
        return unary(op, arg[0]);
    value a = arg[0], b = arg[1];
    check_class(op, a);
    check_class(op, b);
    i64 d[MAX_DIMS];
    if (value_dims(a, d) > 2 || value_dims(b, d) > 2)
        ew_fail_dims(op, a, b);
    i64 am = rows_of(a), an = cols_of(a), bm = rows_of(b), bn = cols_of(b), m = am == 1 ? bm : am, n = an == 1 ? bn : an;
    if ((am != bm && am != 1 && bm != 1) || (an != bn && an != 1 && bn != 1))
        ew_fail_dims(op, a, b);
    bool sparse = stays(op, a, b), sa = a.kind == K_SPARSE, sb = b.kind == K_SPARSE;
    if (!sparse)
        return ew_apply(op, 2, (value[]){ sparse_full_value(a), sparse_full_value(b) });
    if (sa && sb && value_numel(a) == 1 && (am != bm || an != bn))        /* a sparse scalar beside a matrix */
        a = sparse_full_value(a), sa = false;
    else if (sa && sb && value_numel(b) == 1 && (am != bm || an != bn))
        b = sparse_full_value(b), sb = false;
    if (sa && sb) {
        if (is_zero(ew_apply(op, 2, (value[]){ zero_like(a), zero_like(b) })))
            return joined(op, expanded(sparse_see(a), m, n), expanded(sparse_see(b), m, n));
    } else {
        value pair[2] = { sa ? zero_like(a) : a, sa ? b : zero_like(b) };
        if (all_zero(ew_apply(op, 2, pair))) {                  /* zeros stay zeros */
            struct sparse *s = expanded(sparse_see(sa ? a : b), m, n);
            value other = sa ? b : a, at = value_numel(other) == 1 ? other : tensor_box(beside(s, tensor_of(other)));
            return sparse_value(sparse_with(s, op_on(op, 2, (value[]){ sa ? values(s) : at, sa ? at : values(s) })));
        }
    }
    return again(ew_apply(op, 2, (value[]){ sparse_full_value(a), sparse_full_value(b) }));
}

/* ---- reductions */
static value by_full(int op, const struct sparse *s, int dim)
{
    return again(reduce_apply(op, tensor_box(sparse_full(s)), dim));
}

static double column_of(int op, const struct sparse *s, i64 j)
{
    const i64 *col = sparse_col(s);
    const double *x = sparse_d(s);
    i64 from = col[j], to = col[j + 1], n = to - from;
    bool zeros = n < s->m;
    double y;
    switch (reduce_rows[op].take) {
    case TAKE_SUM:
        y = 0;
        for (i64 k = from; k < to; k++)
            y += x[k];
        return reduce_rows[op].after == AFTER_MEAN ? y / (double)s->m : y;
    case TAKE_SUMSQ:
        y = 0;
        for (i64 k = from; k < to; k++)
            y += x[k] * x[k];
        return reduce_rows[op].after == AFTER_MEAN ? y / (double)s->m : y;
    case TAKE_PROD:
        y = zeros ? 0 : 1;
        for (i64 k = from; k < to; k++)
            y *= x[k];
        return y;
    case TAKES:                               /* any, all */
        if (reduce_rows[op].after == AFTER_ALL)
            return !zeros;
        for (i64 k = from; k < to; k++)       /* NaN is not true here, as in Octave */
            if (!isnan(x[k]))
                return 1;
        return 0;
    }
    y = zeros ? 0 : NAN;                      /* max, min: NaN counts only when there is nothing else */
    for (i64 k = from; k < to; k++)
        if (isnan(y) || (reduce_rows[op].take == TAKE_MAX ? x[k] > y : x[k] < y))
            y = x[k];
    return y;
}

value sparse_reduce(int op, value v, int dim)
{
    struct sparse *s = sparse_see(v);
    if (dim == 0)
        dim = s->m == 1 || (op == RED_mean && s->m == 0 && s->n > 1) ? 2 : 1;
    bool logical = op == RED_any || op == RED_all || (s->dtype == D_LOGICAL && (op == RED_max || op == RED_min));
    if (s->m == 0 || s->n == 0 || dim > 2 ||
        (s->dtype == D_CDOUBLE && op != RED_any && op != RED_all && op != RED_sum && op != RED_mean))
        return by_full(op, s, dim);
    if (dim == 2 && op == RED_sum && s->dtype == D_DOUBLE) {          /* along rows without turning */
        i64 size[2] = { s->m, 1 };
        struct tensor *t = tensor_zeros(D_DOUBLE, 2, size);
        double *y = (double *)t->data;
        for (i64 k = 0; k < s->nz; k++)
            y[sparse_row(s)[k]] += sparse_d(s)[k];
        return sparse_value(sparse_of_full(t));
    }
    struct sparse *w = dim == 2 ? sparse_turn(s, false) : s;
    i64 size[2] = { 1, w->n };
    if (s->dtype == D_CDOUBLE && !logical) {
        struct tensor *t = tensor_zeros(D_CDOUBLE, 2, size);
        double _Complex *y = (double _Complex *)t->data, *x = sparse_x(w);
        for (i64 j = 0; j < w->n; j++) {
            for (i64 k = sparse_col(w)[j]; k < sparse_col(w)[j + 1]; k++)
                y[j] += x[k];
            if (op == RED_mean)
                y[j] /= (double)w->m;
        }
        w = sparse_clean(sparse_of_full(t));
    } else {
        if (w->dtype == D_LOGICAL)
            w = sparse_cast(w, D_DOUBLE);
        struct tensor *t = tensor_new(logical ? D_LOGICAL : D_DOUBLE, 2, size);
        for (i64 j = 0; j < w->n; j++) {
            poll_each(j);
            double y = column_of(op, w, j);
            if (logical)
                t->data[j] = y != 0;
            else
                ((double *)t->data)[j] = y;
        }
        w = sparse_of_full(t);
    }
    return sparse_value(dim == 2 ? sparse_turn(w, false) : w);
}

/* ---- products */
static struct tensor *turned(struct tensor *t) { return tensor_dense(tensor_transpose(t)); }

/* S * T: column j is the sum of columns of S, in a full column of which the rows that it has are noted, put in order
   and picked. Parts of the columns go to threads, each with a full column of its own; first all are counted, then
   filled. */
enum { RANKED = 48 }; /* up to so many rows are put in order by counting those below each: vectors, no branches */
typedef uint32_t ranks __attribute__((vector_size(64)));
CLONES static void order_rows(i64 *r, i64 n)
{
    union { uint32_t one[RANKED]; ranks run[RANKED / 16]; } u, rank;
    for (i64 i = 0; i < n; i++)
        u.one[i] = (uint32_t)r[i];
    for (i64 w = 0; 16 * w < n; w++) {
        ranks x = u.run[w], below = { 0 };
        for (i64 k = 0; k < n; k++)
            below -= (ranks)(x > u.one[k]);
        rank.run[w] = below;
    }
    for (i64 i = 0; i < n; i++)
        r[rank.one[i]] = u.one[i];
}
static int by_row(const void *a, const void *b)
{
    i64 p = *(const i64 *)a, q = *(const i64 *)b;
    return (p > q) - (p < q);
}
static void sort_rows(i64 *r, i64 n, bool narrow)         /* narrow: rows fit 32 bits */
{
    if (n <= RANKED && narrow)
        order_rows(r, n);
    else
        qsort(r, (size_t)n, sizeof *r, by_row);
}

struct product { const struct sparse *a, *b; struct sparse *c; i64 *count; };
static void count_part(const struct product *p, i64 first, i64 last,
                       uint32_t *seen) /* seen: the low half of the column is enough within a part */
{
    const i64 *ac = sparse_col(p->a), *ar = sparse_row(p->a), *bc = sparse_col(p->b), *br = sparse_row(p->b);
    for (i64 j = first; j < last && !interrupt_flag; j++) {
        i64 n = 0;
        for (i64 q = bc[j]; q < bc[j + 1]; q++)
            for (i64 k = ac[br[q]], end = ac[br[q] + 1]; k < end; k++) {
                i64 r = ar[k];
                n += seen[r] != (uint32_t)(j - first);
                seen[r] = (uint32_t)(j - first);
            }
        p->count[j + 1] = n;
    }
}
#define FILL_PART(T, name) \
    struct name##_slot { i64 seen; T sum; };  /* together: one miss of the cache, not two */ \
    static bool name(const struct product *p, i64 first, i64 last, struct name##_slot *full)        /* false: something has become 0 */ \
    { \
        const i64 *ac = sparse_col(p->a), *ar = sparse_row(p->a), *bc = sparse_col(p->b), *br = sparse_row(p->b); \
        const T *ax = sparse_x(p->a), *bx = sparse_x(p->b); \
        i64 *row = sparse_row(p->c); \
        T *x = sparse_x(p->c); \
        bool narrow = p->a->m < (1LL << 32), whole = true; \
        for (i64 j = first; j < last && !interrupt_flag; j++) { \
            i64 from = sparse_col(p->c)[j], at = from; \
            for (i64 q = bc[j]; q < bc[j + 1]; q++) { \
                T f = bx[q]; \
                for (i64 k = ac[br[q]], end = ac[br[q] + 1]; k < end; k++) { \
                    i64 r = ar[k]; \
                    T term = ax[k] * f; \
                    if (full[r].seen != j) { \
                        full[r].seen = j; \
                        row[at++] = r; \
                        full[r].sum = term; \
                    } else { \
                        full[r].sum += term; \
                    } \
                } \
            } \
            sort_rows(row + from, at - from, narrow); \
            for (i64 k = from; k < at; k++) { \
                x[k] = full[row[k]].sum; \
                whole &= x[k] != 0; \
            } \
        } \
        return whole; \
    }
FILL_PART(double, fill_part_d)
FILL_PART(double _Complex, fill_part_c)

static value sparse_product(struct sparse *a, struct sparse *b)
{
    int dt = a->dtype == D_CDOUBLE || b->dtype == D_CDOUBLE ? D_CDOUBLE : D_DOUBLE;
    a = sparse_cast(a, dt);
    b = sparse_cast(b, dt);
    if (!sparse_finite(a) || !sparse_finite(b))
        return again(tensor_value(linalg_product(sparse_full(a), AS_IS, sparse_full(b), AS_IS)));
    enum { PARTS = 8 };
    i64 n = b->n, cut[PARTS + 1], *count = scratch((size_t)(n + 1) * sizeof *count);
    int parts = b->nz > HALVES / 10 ? MIN(MAX(ew_threads, 1), PARTS) : 1;
    size_t slot = dt == D_DOUBLE ? sizeof(struct fill_part_d_slot) : sizeof(struct fill_part_c_slot);
    void *full[PARTS];
    bool whole[PARTS];
    if (n >= UINT32_MAX)
        fail("tl:sparse-size", "\1 * \2: a product of 2^32 or more columns is too large");
    for (int t = 0; t <= parts; t++) {
        i64 lo = 0, hi = n, want = b->nz / parts * t;
        while (lo < hi) {
            i64 mid = (lo + hi) / 2;
            if (sparse_col(b)[mid] < want)
                lo = mid + 1;
            else
                hi = mid;
        }
        cut[t] = t == parts ? n : t ? lo : 0;
    }
    for (int t = 0; t < parts; t++) {
        full[t] = scratch((size_t)(a->m + 1) * slot);
        memset(full[t], 0xff, (size_t)a->m * sizeof(uint32_t));
    }
    struct product p = { a, b, NULL, count };
    count[0] = 0;
    _Pragma("omp parallel for num_threads(parts) schedule(static) if(parts > 1)")
    for (int t = 0; t < parts; t++)
        count_part(&p, cut[t], cut[t + 1], full[t]);
    poll();
    for (i64 j = 0; j < n; j++)
        count[j + 1] += count[j];
    p.c = sparse_new(dt, a->m, n, count[n]);
    memcpy(sparse_col(p.c), count, (size_t)(n + 1) * sizeof *count);
    _Pragma("omp parallel for num_threads(parts) schedule(static) if(parts > 1)")
    for (int t = 0; t < parts; t++) {
        memset(full[t], 0xff, (size_t)a->m * slot);
        if (dt == D_DOUBLE)
            whole[t] = fill_part_d(&p, cut[t], cut[t + 1], full[t]);
        else
            whole[t] = fill_part_c(&p, cut[t], cut[t + 1], full[t]);
    }
    poll();
    bool zeros = false;
    for (int t = 0; t < parts; t++)
        zeros |= !whole[t];
    return sparse_value(sparse_clean(zeros ? sparse_tidy(p.c) : p.c));
}

static NORETURN void fail_product(value a, value b)
{
    char s[128], t[128];
    fail("Octave:nonconformant-args", "\1 * \2: inner dimensions differ, \1 is %s and \2 is %s", value_shape(a, s),
         value_shape(b, t));
}

static value product(value a, value b)
{
    if (cols_of(a) != rows_of(b))
        fail_product(a, b);
    if (a.kind == K_SPARSE && b.kind == K_SPARSE)
        return sparse_product(sparse_see(a), sparse_see(b));
    if (a.kind == K_SPARSE)
        return tensor_value(tensor_narrow(sparse_times_full(sparse_see(a), false, tensor_of(b))));
    /* X * S = (S.' * X.').' */
    return tensor_value(tensor_narrow(turned(sparse_times_full(sparse_see(b), true, turned(tensor_of(a))))));
}

bool sparse_takes_turned(value s, value x)
{
    i64 d[MAX_DIMS];
    return s.kind == K_SPARSE && is_tensor_like(x) && !dtype_is(value_dtype(x), DT_I) &&
           dtype_real(value_dtype(x)) != D_SINGLE && value_numel(x) != 1 && value_numel(s) != 1 &&
           value_dims(x, d) == 2 && d[0] == sparse_see(s)->m && !RECORDING;
}
value sparse_turned_times(value v, bool conj_, value x)
{
    struct sparse *s = sparse_see(v);
    if (!conj_ || s->dtype != D_CDOUBLE)
        return tensor_value(tensor_narrow(sparse_times_full(s, true, tensor_of(x))));
    value y = tensor_value(sparse_times_full(s, true, tensor_of(ew_apply(EW_conj, 1, &x)))); /* conj(S.' * conj(x)) */
    return tensor_value(tensor_narrow(tensor_of(ew_apply(EW_conj, 1, &y))));
}

static value power(value a, value b)
{
    if (value_numel(a) != 1 && value_numel(b) != 1)
        fail("Octave:undefined-function", "\1 ^ \2: one of them must be a scalar");
    if (b.kind == K_SPARSE || cols_of(a) != rows_of(a))
        return linalg_mpower(sparse_full_value(a), sparse_full_value(b));
    struct tensor *t = tensor_of(b);
    double e = dtype_is(t->dtype, DT_C) ? NAN : element_double(t, 0);
    if (!(e == floor(e)) || fabs(e) > 1e9)
        return linalg_mpower(sparse_full_value(a), b);
    struct sparse *s = sparse_see(a), *y = NULL;
    if (s->dtype == D_LOGICAL)
        s = sparse_cast(s, D_DOUBLE);
    if (e < 0) {
        extern const struct builtin builtin_speye;
        s = sparse_of(sparse_solve(sparse_value(s), call1(&builtin_speye, 1, num((double)s->n))));
        e = -e;
    }
    for (i64 k = (i64)e; k; k >>= 1) {
        if (k & 1)
            y = y ? sparse_of(sparse_product(y, s)) : s;
        if (k > 1)
            s = sparse_of(sparse_product(s, s));
    }
    if (y)
        return sparse_value(y);
    extern const struct builtin builtin_speye;
    return call1(&builtin_speye, 1, num((double)s->n));
}

value sparse_matrix(int op, value a, value b)
{
    bool two = op < MX_CTRANSPOSE;
    if (!two) {
        if (!sparse_see(a)->nz)
            return sparse_value(sparse_zeros(sparse_see(a)->dtype, sparse_see(a)->n, sparse_see(a)->m));
        return sparse_value(sparse_turn(sparse_see(a), op == MX_CTRANSPOSE));
    }
    static const int elementwise[] = {
        [MX_MTIMES] = EW_times, [MX_MRDIVIDE] = EW_rdivide, [MX_MLDIVIDE] = EW_ldivide, [MX_MPOWER] = EW_power
    };
    check_class(elementwise[op], a);
    check_class(elementwise[op], b);
    i64 d[MAX_DIMS];
    if (value_dims(a, d) > 2 || value_dims(b, d) > 2)
        ew_fail_dims(elementwise[op], a, b);
    bool one_a = value_numel(a) == 1, one_b = value_numel(b) == 1;
    switch (op) {
    case MX_MTIMES:
        return one_a || one_b ? ew_apply(EW_times, 2, (value[]){ a, b }) : product(a, b);
    case MX_MLDIVIDE:
        return one_a ? ew_apply(EW_ldivide, 2, (value[]){ a, b }) : sparse_solve(a, b);
    case MX_MRDIVIDE: {
        if (one_b)
            return ew_apply(EW_rdivide, 2, (value[]){ a, b });
        char s[128], t[128];
        if (cols_of(a) != cols_of(b))
            fail("Octave:nonconformant-args", "\1 / \2: the numbers of columns differ, \1 is %s and \2 is %s",
                 value_shape(a, s), value_shape(b, t));
        return matrix_apply(MX_TRANSPOSE,
                            sparse_solve(matrix_apply(MX_TRANSPOSE, b, nil()), matrix_apply(MX_TRANSPOSE, a, nil())),
                            nil());
    }
    default:
        return one_a && one_b ? ew_apply(EW_power, 2, (value[]){ a, b }) : power(a, b);
    }
}
