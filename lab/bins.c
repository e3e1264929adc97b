/* SPDX-License-Identifier: BSD-3-Clause */
/* bins.c: counting and collecting by index: accumarray, histc, hist. */
#include "bins.h"
#include "clones.h"
#include "plan.h"
#include "sort.h"
#include "rules.h"
#include <math.h>

/* ---- accumarray: subscripts become one linear index for each value; the default sum needs no groups */
static i64 subscript(struct call *c, double s)
{
    if (s != s)
        fail("Octave:index-out-of-bounds", "%s: indices must be positive integers, but one is NaN", c->fn->name);
    if (!(s >= 1) || s != floor(s))
        fail("Octave:index-out-of-bounds", "%s: indices must be positive integers, but one is %g", c->fn->name, s);
    if (s > 0x1p48)
        fail("Octave:out-of-memory", "%s: index %g is too large", c->fn->name, s);
    return (i64)s;
}

/* The largest of n subscripts; 0: one of them is none, or n is 0. */
CLONES static i64 largest(const double *s, i64 n)
{
    double most[8] = { 0 }, low[8], off[8] = { 0 };
    for (int k = 0; k < 8; k++)
        low[k] = 1;
    for (i64 i = 0; i + 8 <= n; i += 8) {
        SIMD
        for (int k = 0; k < 8; k++) {
            double x = s[i + k], d = x - (double)(i64)x;
            most[k] = x > most[k] ? x : most[k];
            low[k] = x < low[k] ? x : low[k];
            off[k] = d == 0 ? off[k] : 1;     /* NaN as well */
        }
    }
    for (i64 i = n & ~(i64)7; i < n; i++) {
        double x = s[i];
        most[0] = x > most[0] ? x : most[0];
        low[0] = x < low[0] ? x : low[0];
        off[0] = x == floor(x) ? off[0] : 1;
    }
    bool bad = false;
    for (int k = 0; k < 8; k++)
        bad |= !(low[k] >= 1) | (most[k] > 0x1p48) | (off[k] != 0);
    for (int k = 1; k < 8; k++)
        most[0] = most[k] > most[0] ? most[k] : most[0];
    return bad ? 0 : (i64)most[0];
}

/* The place of each of n subscripts, counted from 1; the result is the largest.  0: one of them is none, or too large
   for 32 bits. */
CLONES static i64 places(int32_t *at, const double *s, i64 n)
{
    int32_t most[16] = { 0 }, least[16];
    double off[16] = { 0 };
    for (int k = 0; k < 16; k++)
        least[k] = 1;
    for (i64 i = 0; i + 16 <= n; i += 16) {
        SIMD
        for (int k = 0; k < 16; k++) {
            double x = s[i + k];
            int32_t j = (int32_t)x;           /* the least of all when x is too large, or NaN */
            at[i + k] = j;
            most[k] = j > most[k] ? j : most[k];
            least[k] = j < least[k] ? j : least[k];
            off[k] = (double)j == x ? off[k] : 1;
        }
    }
    for (i64 i = n & ~(i64)15; i < n; i++) {
        at[i] = (int32_t)s[i];
        most[0] = MAX(most[0], at[i]);
        least[0] = MIN(least[0], at[i]);
        off[0] = (double)at[i] == s[i] ? off[0] : 1;
    }
    bool bad = false;
    for (int k = 0; k < 16; k++) {
        bad |= (least[k] < 1) | (off[k] != 0);
        most[0] = MAX(most[0], most[k]);
    }
    return bad ? 0 : most[0];
}

/* y(at(i)) += e(i * step).  Eight places are known before the first sum is written (a third faster), and the memory
   that comes next is asked for meanwhile: 1e6 sums in 0.9 ms, not 1.3. */
enum { PIECE = 512 };
static inline void add_piece(double *y, const int32_t *at, const double *s, const double *e, i64 step, i64 n)
{
    i64 i = 0;
    for (y--; i + 8 <= n; i += 8, e += 8 * step) {
        __builtin_prefetch(s + i + PIECE);
        __builtin_prefetch(e + PIECE / 2 * step);
        i64 p0 = at[i], p1 = at[i + 1], p2 = at[i + 2], p3 = at[i + 3];
        i64 p4 = at[i + 4], p5 = at[i + 5], p6 = at[i + 6], p7 = at[i + 7];
        y[p0] += e[0];
        y[p1] += e[step];
        y[p2] += e[2 * step];
        y[p3] += e[3 * step];
        y[p4] += e[4 * step];
        y[p5] += e[5 * step];
        y[p6] += e[6 * step];
        y[p7] += e[7 * step];
    }
    for (; i < n; i++, e += step)
        y[at[i]] += *e;
}

/* The sums of one column of subscripts, in one pass over memory: looking at 1e6 of them before adding took a third of
   the time.  Room for the sums grows as larger subscripts come, or is `room`.  NULL: a subscript is none, or does not
   fit. */
static struct tensor *sums(const double *s, const double *e, i64 step, i64 n, i64 room)
{
    int32_t at[PIECE];
    struct tensor *y = room ? tensor_zeros(D_DOUBLE, 2, (i64[]){ room, 1 }) : NULL;
    i64 most = room;
    for (i64 i = 0; i < n; i += PIECE) {
        i64 here = MIN(PIECE, n - i), top = places(at, s + i, here);
        poll();
        if (!top || (room && top > room))
            return NULL;
        if (!y || top > y->numel) {
            struct tensor *old = y;
            y = tensor_zeros(D_DOUBLE, 2, (i64[]){ old && top < 2 * old->numel ? 2 * old->numel : top, 1 });
            if (old)
                memcpy(y->data, old->data, (size_t)most * sizeof(double));
        }
        most = MAX(most, top);
        if (step)
            add_piece((double *)y->data, at, s + i, e + i, 1, here);
        else
            add_piece((double *)y->data, at, s + i, e, 0, here);
    }
    return tensor_alias(y, 2, (i64[]){ most, 1 }, y->stride, 0);
}

/* y(at(i)) gets e(i * step): added, or where it is larger (smaller); at NULL: s(i) - 1.  got, with y -Inf (Inf) before
   LARGER (SMALLER): 1 where NaN came, 2 where a number. */
enum { ADD, LARGER, SMALLER };
static inline void collect(int how, double *y, uint8_t *got, const double *s, const i64 *at, const double *e, i64 step,
                           i64 n)
{
    for (i64 i = 0; i < n; i++) {
        i64 k = at ? at[i] : (i64)s[i] - 1;
        double x = e[i * step];
        if (how == ADD) {
            y[k] += x;
        } else {
            y[k] = (how == LARGER ? x > y[k] : x < y[k]) ? x : y[k];
            got[k] |= (uint8_t)(1 + (x == x));
        }
    }
}

static struct tensor *subscripts(struct call *c)          /* n x d doubles, from a matrix or a cell of columns */
{
    if (c->arg[0].kind != K_CELL) {
        struct tensor *s = arg_double(c, 0);
        if (s->nd > 2)
            fail_arg(c, 0, "a matrix with a row of subscripts for each value, or a cell of columns");
        return s->dim[0] == 1 && s->dim[1] > 1 && value_numel(c->arg[1]) == s->dim[1]
                   ? tensor_reshape(s, 2, (i64[]){ s->dim[1], 1 })
                   : s;
    }
    struct cell *cell = c->arg[0].cell;
    struct tensor *all = NULL;
    for (i64 j = 0; j < cell->numel; j++) {
        if (!is_tensor_like(cell->v[j]))
            fail_arg(c, 0, "a matrix with a row of subscripts for each value, or a cell of columns");
        struct tensor *s = tensor_dense(tensor_cast(tensor_of(cell->v[j]), D_DOUBLE));
        if (!all)
            all = tensor_2d(D_DOUBLE, s->numel, cell->numel);
        if (s->numel != all->dim[0])
            fail("Octave:nonconformant-args",
                 "accumarray: the columns of subscripts must be equally long, but have %lld and %lld elements",
                 (long long)all->dim[0], (long long)s->numel);
        memcpy(all->data + j * s->numel * 8, s->data, (size_t)s->numel * 8);
    }
    return all ? all : tensor_2d(D_DOUBLE, 0, 1);
}

/* The size asked for and its number of elements; -1: none is. */
static i64 size_asked(struct call *c, i64 d, i64 *want)
{
    if (!has_arg(c, 2) || !value_numel(c->arg[2]))
        return -1;
    struct tensor *sz = arg_double(c, 2);
    if (sz->numel != d && !(d == 1 && sz->numel == 2))
        fail("Octave:nonconformant-args", "accumarray: the size must have %lld elements, but has %lld",
             (long long)MAX(d, 2), (long long)sz->numel);
    for (i64 j = 0; j < MAX_DIMS; j++) {
        double x = j < sz->numel ? ((double *)sz->data)[j] : 1;
        if (!(x >= 0) || x != floor(x) || x > 0x1p48)
            fail_arg(c, 2, "a row of whole numbers from 0, the size of the result");
        want[j] = (i64)x;
    }
    return dims_numel((int)MAX(d, 2), want);
}

extern const struct builtin builtin_sparse, builtin_accumarray;
BUILTIN(accumarray, 2, 6, 1, accumarray_grad,
    "A = accumarray(subs, vals)\n"
    "A = accumarray(subs, vals, sz)\n"
    "A = accumarray(subs, vals, sz, f, fill)\n"
    "S = accumarray(subs, vals, sz, f, fill, true)\n\n"
    "Collects values by subscript: A(subs(k,:)) is the sum of the vals(k) that have these subscripts, or f (a function "
    "of a column: @max, @(x) {x}, ...) of them. subs has a row for each value (a column of indices for a vector A), or "
    "is a cell of columns; vals is a vector or a number for all. sz is the size of A, by default as large as needed; "
    "places without values are fill, by default 0. With true as the sixth argument the result is sparse.\n\n"
    "Example:\n"
    "  accumarray([1; 2; 1], [10; 20; 30])\n"
    "  ans =\n     40\n     20\n\n"
    "See also: histc, unique, sum")
{
    if (has_arg(c, 5) && arg_num(c, 5) != 0) {
        result(c, 0,
               call1(&builtin_sparse, 1,
                     call1(&builtin_accumarray, 5, c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4])));
        return;
    }
    struct tensor *subs = subscripts(c), *v = arg_tensor(c, 1);
    i64 n = subs->dim[0], d = subs->dim[1], dim[MAX_DIMS] = { 0, 1 }, stride[MAX_DIMS];
    const double *s = (const double *)subs->data;
    if (d > MAX_DIMS || d < 1)
        fail("tl:too-many-dimensions", "accumarray: from 1 to %d subscripts for each value, not %lld", MAX_DIMS,
             (long long)d);
    if (v->numel != n && v->numel != 1)
        fail("Octave:nonconformant-args", "accumarray: there are %lld rows of subscripts, but %lld values",
             (long long)n, (long long)v->numel);
    bool f = has_arg(c, 3) && !(is_tensor_like(c->arg[3]) && value_numel(c->arg[3]) == 0);
    double fill = has_arg(c, 4) && value_numel(c->arg[4]) ? arg_num(c, 4) : 0;
    bool sum = !f && fill == 0 && !dtype_is(v->dtype, DT_C);
    int sum_dtype = v->dtype == D_SINGLE ? D_SINGLE : D_DOUBLE, nd = (int)MAX(d, 2);
    i64 want[MAX_DIMS], room = size_asked(c, d, want), step = v->numel == 1 ? 0 : 1;
    if (sum && d == 1 && n > 0 && room != 0) {
        struct tensor *r = sums(s, (double *)tensor_dense(tensor_cast(v, D_DOUBLE))->data, step, n, MAX(room, 0));
        if (r) {
            result_tensor(c, 0, tensor_cast(room > 0 ? tensor_reshape(r, 2, want) : r, sum_dtype));
            return;
        }
    }
    for (i64 j = 0; j < d; j++) {
        poll();
        i64 most = largest(s + j * n, n);
        for (i64 i = 0; !most && i < n; i++)  /* to say which */
            subscript(c, s[i + j * n]);
        dim[j] = most;
        if (room >= 0 && most > (d == 1 ? room : want[j]))
            fail("Octave:index-out-of-bounds", "accumarray: subscript %lld is out of the size asked for (%lld)",
                 (long long)most, (long long)(d == 1 ? room : want[j]));
    }
    if (room >= 0)
        memcpy(dim, want, sizeof want);
    dense_strides(nd, dim, stride);
    i64 *at = d == 1 ? NULL : scratch((size_t)n * sizeof *at + 8), count = dims_numel(nd, dim);
    for (i64 j = 0; at && j < d; j++)
        for (i64 i = 0; i < n; i++)
            at[i] = (j ? at[i] : 0) + ((i64)s[i + j * n] - 1) * stride[j];
    int how = !f                               ? sum ? ADD : -1
              : v->dtype != D_DOUBLE || n == 0 ? -1
              : function_is(c->arg[3], "max")  ? LARGER
              : function_is(c->arg[3], "min")  ? SMALLER
                                               : -1;
    if (how >= 0) {
        enum { BETWEEN = 1 << 20 };           /* looks at Ctrl-C */
        struct tensor *x = tensor_dense(tensor_cast(v, D_DOUBLE)), *r = tensor_zeros(D_DOUBLE, nd, dim);
        double *y = (double *)r->data, first = how == LARGER ? -INFINITY : INFINITY;
        uint8_t *got = how == ADD ? NULL : scratch((size_t)count + 1);
        if (got)
            memset(got, 0, (size_t)count);
        for (i64 i = 0; got && i < count; i++)
            y[i] = first;
        for (i64 i = 0; i < n; i += BETWEEN) {
            const double *e = (double *)x->data + i * step;
            i64 here = MIN(BETWEEN, n - i), *index = at ? at + i : NULL;
            poll();
            if (how == ADD)
                collect(ADD, y, got, s + i, index, e, step, here);
            else if (how == LARGER)
                collect(LARGER, y, got, s + i, index, e, step, here);
            else
                collect(SMALLER, y, got, s + i, index, e, step, here);
        }
        for (i64 i = 0; got && i < count; i++)
            y[i] = got[i] == 0 ? fill : got[i] == 1 ? NAN : y[i];
        result_tensor(c, 0, tensor_cast(r, sum_dtype));
        return;
    }
    /* groups: values in the order of their places, each group a column */
    double *key = scratch((size_t)n * sizeof *key + 8);
    if (!at) {
        at = scratch((size_t)n * sizeof *at + 8);
        for (i64 i = 0; i < n; i++)
            at[i] = (i64)s[i] - 1;
    }
    for (i64 i = 0; i < n; i++)
        key[i] = (double)at[i];
    i64 *order = sort_order(D_DOUBLE, key, n, false);
    value fun = f ? arg_func(c, 3) : nil();
    struct tensor *r = NULL;
    struct cell *cells = NULL;
    v = tensor_dense(v);
    size_t size = dtypes[v->dtype].size;
    for (i64 i = 0, e; i < n; i = e) {
        for (e = i; e < n && at[order[e]] == at[order[i]]; e++)
            ;
        int mark = pool_mark();
        poll();
        struct tensor *column = tensor_2d(v->dtype, e - i, 1);
        for (i64 k = i; k < e; k++)
            memcpy(column->data + (k - i) * (i64)size, v->data + (v->numel == 1 ? 0 : order[k]) * (i64)size, size);
        value arg = tensor_value(column), y = f ? call_function1(fun, 1, &arg) : reduce_apply(RED_sum, arg, 1);
        if (y.kind == K_CELL && (i == 0 || cells)) {
            if (y.cell->numel != 1)
                fail("Octave:invalid-fun-call",
                     "accumarray: the function must return one value, but returned a cell of %lld",
                     (long long)y.cell->numel);
            if (!cells) {
                value kept = copy(y);
                pool_release(mark);
                keep(kept);
                y = kept;
                cells = cell_new(nd, dim);
            }
            cell_set(cells, at[order[i]], y.cell->v[0]);
            continue;
        }
        if (!is_tensor_like(y) || value_numel(y) != 1 || cells) {
            char text[160];
            fail("Octave:invalid-fun-call",
                 "accumarray: the function must return a number for each group, or a cell for each, but returned a %s",
                 value_describe(y, text));
        }
        struct tensor *t = tensor_of(y);
        if (!r || (t->dtype != r->dtype && promote_cat(t->dtype, r->dtype) != r->dtype)) {
            value kept = copy(tensor_box(t));
            pool_release(mark);
            keep(kept);
            t = kept.t;
            if (!r) {
                r = tensor_new(t->dtype, nd, dim);
                struct tensor *zero = tensor_2d(D_DOUBLE, 1, 1);
                *(double *)zero->data = fill;
                zero = tensor_cast(zero, t->dtype);
                for (i64 k = 0; k < count; k++)
                    memcpy(r->data + k * (i64)dtypes[t->dtype].size, zero->data, dtypes[t->dtype].size);
            } else {
                r = tensor_clone(tensor_cast(r, promote_cat(t->dtype, r->dtype)));
            }
            mark = pool_mark();
        }
        t = tensor_cast(t, r->dtype);
        memcpy(r->data + at[order[i]] * (i64)dtypes[r->dtype].size, t->data, dtypes[r->dtype].size);
        pool_release(mark);
    }
    if (cells)
        result(c, 0, cell_value(cells));
    else
        result_tensor(c, 0, r ? r : tensor_zeros(D_DOUBLE, nd, dim));
}

/* ---- histograms */
static i64 bin_of(const double *edge, i64 n,
                  double x) /* k with edge[k] <= x < edge[k+1], the last edge for itself; -1 outside */
{
    if (!(n > 0 && x >= edge[0] && x <= edge[n - 1]))
        return -1;
    i64 lo = 0, hi = n;
    while (hi - lo > 1) {
        i64 mid = (lo + hi) / 2;
        if (edge[mid] <= x)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

BUILTIN(histc, 2, 3, 2, grad_zero,
    "n = histc(x, edges)\n"
    "[n, i] = histc(x, edges, dim)\n\n"
    "How many elements of x along dim lie between edges: n(k) counts edges(k) <= x < edges(k+1), the last bin x == "
    "edges(end). i is the bin of each element, 0 outside.\n\n"
    "Example:\n"
    "  histc([1 2 2 3 5], 1:5)\n"
    "  ans =\n     1   2   1   0   1\n\n"
    "See also: hist, lookup, accumarray")
{
    struct tensor *x = arg_double(c, 0), *edge = arg_double(c, 1);
    const double *e = (const double *)edge->data;
    i64 k = edge->numel, size[MAX_DIMS];
    if (k == 0)
        fail("Octave:invalid-input-arg", "histc: edges must not be empty");
    for (i64 i = 1; i < k; i++)
        if (!(e[i] >= e[i - 1]))
            fail("Octave:invalid-input-arg", "histc: edges must rise, but %g follows %g", e[i], e[i - 1]);
    int dim = arg_dim(c, 2, first_long_dim(x)), nd = MAX(x->nd, dim);
    for (int d = 0; d < nd; d++)
        size[d] = d == dim - 1 ? k : d < x->nd ? x->dim[d] : 1;
    struct runs r = runs_along(x, dim);
    struct tensor *n = tensor_zeros(D_DOUBLE, nd, size), *at = tensor_new(D_DOUBLE, x->nd, x->dim);
    for (i64 j = 0; j < r.count; j++) {
        i64 from = run_start(&r, j), to = j % r.before + j / r.before * r.before * k;
        poll();
        for (i64 i = 0; i < r.n; i++) {
            poll_each(i);
            i64 b = bin_of(e, k, ((double *)x->data)[from + i * r.before]);
            if (b >= 0)
                ((double *)n->data)[to + b * r.before]++;
            ((double *)at->data)[from + i * r.before] = (double)(b + 1);
        }
    }
    result_tensor(c, 0, n);
    result_tensor(c, 1, at);
}

void histogram(struct call *c)
{
    struct tensor *y = arg_double(c, 0);
    if (y->nd > 2)
        fail_arg(c, 0, "a vector or a matrix");
    bool row = y->dim[0] == 1 || y->dim[1] == 1;
    if (row)
        y = tensor_reshape(y, 2, (i64[]){ y->numel, 1 });
    i64 m = y->dim[0], cols = y->dim[1], k = 10;
    const double *v = (const double *)y->data;
    double lo = INFINITY, hi = -INFINITY;
    for (i64 i = 0; i < y->numel; i++)
        if (isfinite(v[i])) {
            lo = fmin(lo, v[i]);
            hi = fmax(hi, v[i]);
        }
    struct tensor *center = has_arg(c, 1) ? arg_double(c, 1) : NULL;
    if (center && center->numel != 1) {
        center = tensor_clone(center);
        sort_values(D_DOUBLE, center->data, center->numel, false);
        k = center->numel;
        if (k == 0)
            fail("Octave:invalid-input-arg", "hist: centers must not be empty");
    } else {
        if (center) {
            double b = *(double *)center->data;
            if (!(b >= 1) || b != floor(b) || b > 1e9)
                fail("Octave:invalid-input-arg", "hist: the number of bins must be a positive integer, but is %g", b);
            k = (i64)b;
        }
        if (!(lo <= hi))
            fail("Octave:invalid-input-arg", "hist: there is no finite element to count");
        double half = (hi - lo) / (double)k / 2;
        center = tensor_2d(D_DOUBLE, 1, k);
        for (i64 i = 0; i < k; i++)           /* of equal elements: one apart around them, as Octave */
            ((double *)center->data)[i] = lo == hi ? lo + (double)(i - (k - 1) / 2) : lo + half * (double)(2 * i + 1);
    }
    double *x = (double *)center->data, *cut = scratch((size_t)(k + 1) * sizeof *cut);
    cut[0] = -INFINITY;
    for (i64 i = 1; i < k; i++)
        cut[i] = (x[i - 1] + x[i]) / 2;
    struct tensor *n = tensor_zeros(D_DOUBLE, 2, row ? (i64[]){ 1, k } : (i64[]){ k, cols });
    for (i64 j = 0; j < cols; j++) {
        double *to = (double *)n->data + j * k, total = 0;
        for (i64 i = 0; i < m; i++) {
            double e = v[i + j * m];
            if (e != e)
                continue;
            i64 a = 0, b = k; /* the last cut below e: what lies between two centers belongs to the lower one */
            while (b - a > 1) {
                i64 mid = (a + b) / 2;
                if (cut[mid] < e)
                    a = mid;
                else
                    b = mid;
            }
            to[a]++;
            total++;
        }
        if (has_arg(c, 2)) {
            double norm = arg_num(c, 2);
            for (i64 i = 0; i < k; i++)
                to[i] = to[i] / total * norm;
        }
    }
    result_tensor(c, 0, n);
    result_tensor(c, 1, tensor_reshape(center, 2, row ? (i64[]){ 1, k } : (i64[]){ k, 1 }));
}
