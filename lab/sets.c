/* SPDX-License-Identifier: BSD-3-Clause */
/* sets.c: unique, union, intersect, setdiff, setxor, ismember, lookup.
 *
 * One idea: the elements (numbers, rows or texts) of one or two arguments are put in order together and numbered, equal
 * ones alike; after that every set operation only reads, for each number, where it stands first and last in a and in
 * b.  NaN equals nothing, so each is an element of its own. */
#include "sort.h"
#include <complex.h>
#include <math.h>

struct items {                                /* one list: a's elements, then b's */
    struct tensor *t;                         /* numbers, or rows of a matrix */
    const value *text;                        /* texts of cells, when t is NULL */
    bool rows;
    i64 n, na;
};

struct groups {                               /* by rank g in the order; NONE where there is none */
    i64 n;
    i64 *id;                                  /* of element i */
    i64 *first, *last;                        /* in a */
    i64 *other, *end;                         /* first and last in b, counted from b's start */
};
enum { NONE = -1 };

static bool equal_items(const struct items *s, i64 i, i64 j)
{
    if (!s->t)
        return compare_texts(s->text[i], s->text[j]) == 0;
    i64 cols = s->rows ? s->t->dim[1] : 1, step = s->rows ? s->t->dim[0] : 0;
    for (i64 c = 0; c < cols; c++, i += step, j += step) {
        bool same;
        switch (s->t->dtype) {
        case D_DOUBLE: same = ((double *)s->t->data)[i] == ((double *)s->t->data)[j]; break;
        case D_SINGLE: same = ((float *)s->t->data)[i] == ((float *)s->t->data)[j]; break;
        case D_CDOUBLE: same = ((double _Complex *)s->t->data)[i] == ((double _Complex *)s->t->data)[j]; break;
        case D_CSINGLE: same = ((float _Complex *)s->t->data)[i] == ((float _Complex *)s->t->data)[j]; break;
        default: {
            size_t size = dtypes[s->t->dtype].size;
            same = !memcmp(s->t->data + i * (i64)size, s->t->data + j * (i64)size, size);
        }
        }
        if (!same)
            return false;
    }
    return true;
}

static i64 *numbers(i64 n)
{
    i64 *p = scratch((size_t)n * sizeof *p + 8);
    for (i64 i = 0; i < n; i++) {
        poll_each(i);
        p[i] = NONE;
    }
    return p;
}

static struct groups group(const struct items *s)
{
    i64 *order = !s->t ? sort_order_texts(s->n, s->text, false) : s->rows ? sort_order_rows(s->t, 0, NULL) :
                 sort_order(s->t->dtype, s->t->data, s->n, false);
    struct groups g = { 0, numbers(s->n), numbers(s->n), numbers(s->n), numbers(s->n), numbers(s->n) };
    for (i64 k = 0; k < s->n; k++) {
        i64 i = order[k];
        poll_each(k);
        if (k == 0 || !equal_items(s, order[k - 1], i))
            g.n++;
        i64 r = g.n - 1;
        g.id[i] = r;
        if (i < s->na) {
            if (g.first[r] == NONE)
                g.first[r] = i;
            g.last[r] = i;
        } else {
            if (g.other[r] == NONE)
                g.other[r] = i - s->na;
            g.end[r] = i - s->na;
        }
    }
    return g;
}

/* ---- arguments */
extern const struct builtin builtin_cellstr;
static value one_text(value v)                /* a text is one element beside a cell, a char matrix one for each row */
{
    i64 dim[MAX_DIMS];
    if (value_dims(v, dim) == 2 && dim[0] > 1)
        return call1(&builtin_cellstr, 1, v);
    struct cell *c = cell_2d(1, 1);
    cell_set(c, 0, v);
    return cell_value(c);
}

static bool is_row(value v)
{
    i64 dim[MAX_DIMS];
    return value_dims(v, dim) == 2 && dim[0] == 1;
}

static struct items items_of(struct call *c, int nset, bool rows,
                             bool exact) /* exact: numbers are compared as they are, not as [a, b] would hold them */
{
    struct items s = { .rows = rows };
    value v[2] = { c->arg[0], nset > 1 ? c->arg[1] : nil() };
    if (v[0].kind == K_CELL || v[1].kind == K_CELL) {
        if (rows && nset > 1)
            fail("Octave:invalid-input-arg", "%s: \"rows\" is for matrices, not for cells", c->fn->name);
        if (rows)
            warn("Octave:unique-rows", "unique: \"rows\" is ignored for cells");
        i64 n = 0;
        for (int k = 0; k < nset; k++) {
            if (is_tensor_like(v[k]) && value_dtype(v[k]) == D_CHAR)
                v[k] = one_text(v[k]);
            else if (is_tensor_like(v[k]) && value_numel(v[k]) == 0)
                v[k] = cell_value(cell_2d(0, 0));
            if (!is_cellstr(v[k]))
                fail_arg(c, k, "a cell of texts, as the other one is a cell");
            n += v[k].cell->numel;
        }
        value *text = scratch((size_t)n * sizeof *text + 8);
        i64 at = 0;
        for (int k = 0; k < nset; k++) {
            for (i64 i = 0; i < v[k].cell->numel; i++)
                text[at + i] = v[k].cell->v[i];
            at += v[k].cell->numel;
        }
        s.text = text;
        s.n = n;
        s.na = v[0].cell->numel;
        return s;
    }
    struct tensor *a = arg_dense(c, 0), *b = nset > 1 ? arg_dense(c, 1) : NULL;
    if (rows) {
        char x[128], y[128];
        if (a->nd > 2)
            fail_arg(c, 0, "a matrix (two dimensions)");
        if (b && b->nd > 2)
            fail_arg(c, 1, "a matrix (two dimensions)");
        if (b && a->numel && b->numel && a->dim[1] != b->dim[1])
            fail("Octave:nonconformant-args", "%s: the numbers of columns differ, the arguments are %s and %s",
                 c->fn->name, tensor_shape(a, x), tensor_shape(b, y));
        s.na = a->dim[0];
        if (b && a->numel == 0 && b->dim[1] != a->dim[1])
            s.na = 0;
        s.n = s.na + (b && (b->numel || b->dim[1] == a->dim[1]) ? b->dim[0] : 0);
    } else {
        s.na = a->numel;
        s.n = s.na + (b ? b->numel : 0);
    }
    if (!b) {
        s.t = a;
        return s;
    }
    int dt = promote_cat(a->dtype, b->dtype);
    if (dt < 0)
        dt = a->dtype;
    if (exact && a->dtype != b->dtype)
        dt = dtype_is(a->dtype, DT_C) || dtype_is(b->dtype, DT_C) ? D_CDOUBLE : D_DOUBLE;
    a = tensor_cast(a, dt);
    b = tensor_cast(b, dt);
    size_t size = dtypes[dt].size;
    if (!rows) {
        s.t = tensor_2d(dt, s.n, 1);
        memcpy(s.t->data, a->data, (size_t)s.na * size);
        memcpy(s.t->data + s.na * (i64)size, b->data, (size_t)(s.n - s.na) * size);
        return s;
    }
    i64 nb = s.n - s.na;
    s.t = tensor_2d(dt, s.n, s.na ? a->dim[1] : b->dim[1]);
    for (i64 j = 0; j < s.t->dim[1]; j++) {
        memcpy(s.t->data + j * s.n * (i64)size, a->data + j * s.na * (i64)size, (size_t)s.na * size);
        memcpy(s.t->data + (j * s.n + s.na) * (i64)size, b->data + j * nb * (i64)size, (size_t)nb * size);
    }
    return s;
}

struct options { bool rows, stable, sorted, first, last, legacy; };
static struct options options(struct call *c, int from)
{
    struct options o = { 0 };
    for (int i = from; i < c->nargin; i++) {
        int k = arg_option(c, i, (const char *const[]){ "rows", "stable", "sorted", "first", "last", "legacy", NULL });
        o.rows |= k == 0;
        o.stable |= k == 1;
        o.sorted |= k == 2;
        o.first |= k == 3;
        o.last |= k == 4;
        o.legacy |= k == 5;
    }
    if (o.stable + o.sorted + o.legacy > 1 || (o.first && o.last))
        fail("Octave:invalid-input-arg", "%s: only one of %s may be asked for", c->fn->name,
            o.first && o.last ? "\"first\" and \"last\"" : "\"sorted\", \"stable\" and \"legacy\"");
    return o;
}

/* ---- results: elements of the list by place */
static value take(const struct items *s, i64 n, const i64 *at, bool row)
{
    if (!s->t) {
        struct cell *r = cell_2d(row ? 1 : n, row ? n : 1);
        for (i64 i = 0; i < n; i++)
            cell_set(r, i, s->text[at[i]]);
        return cell_value(r);
    }
    size_t size = dtypes[s->t->dtype].size;
    i64 cols = s->rows ? s->t->dim[1] : 1, m = s->t->dim[0];
    struct tensor *r = s->rows ? tensor_2d(s->t->dtype, n, cols) : tensor_2d(s->t->dtype, row ? 1 : n, row ? n : 1);
    for (i64 j = 0; j < cols; j++)
        for (i64 i = 0; i < n; i++) {
            poll_each(i);
            memcpy(r->data + (j * n + i) * (i64)size, s->t->data + (at[i] + (s->rows ? j * m : 0)) * (i64)size, size);
        }
    return tensor_value(r);
}

static void result_places(struct call *c, int i, i64 n, const i64 *at, bool row)       /* from 1; NONE becomes 0 */
{
    struct tensor *t = tensor_2d(D_DOUBLE, row ? 1 : n, row ? n : 1);
    for (i64 k = 0; k < n; k++) {
        poll_each(k);
        ((double *)t->data)[k] = (double)(at[k] + 1);
    }
    result_tensor(c, i, t);
}

static void by_first(i64 n, i64 *g, const i64 *first)     /* groups in the order of their first element */
{
    double *key = scratch((size_t)n * sizeof *key + 8);
    i64 *old = scratch((size_t)n * sizeof *old + 8);
    for (i64 i = 0; i < n; i++)
        key[i] = (double)first[g[i]];
    memcpy(old, g, (size_t)n * sizeof *g);
    i64 *o = sort_order(D_DOUBLE, key, n, false);
    for (i64 i = 0; i < n; i++)
        g[i] = old[o[i]];
}

BUILTIN(unique, 1, ANY, 3, grad_form,
    "u = unique(x)\n"
    "[u, i, j] = unique(x)\n"
    "u = unique(A, 'rows')\n"
    "u = unique(x, 'stable')\n\n"
    "The different elements of x (numbers, text, or texts in a cell) in rising order, or with 'rows' the different "
    "rows of a matrix; with 'stable' in the order in which they first occur. u is a row when x is one, else a column. "
    "x(i) is u and u(j) is x(:); i has the first places where an element stands, with 'last' the last ones; with "
    "'legacy' the last ones too, and i and j are rows when x is one. Each NaN is an element of its own.\n\n"
    "Example:\n"
    "  unique([3 1 1 2])\n"
    "  ans =\n     1   2   3\n\n"
    "See also: union, ismember, sort, accumarray")
{
    struct options o = options(c, 1);
    value v = c->arg[0];
    bool ignored = o.rows && v.kind == K_CELL;
    bool row = !o.rows && is_row(v);
    struct items s = items_of(c, 1, o.rows, false);
    if (ignored) {
        o.rows = s.rows = false;
        row = is_row(v);
    }
    if (s.n == 0) {
        i64 dim[MAX_DIMS], none[] = { 0, 1 };
        if (o.rows || (value_dims(v, dim) == 2 && dim[0] == 0 && dim[1] == 0))
            result(c, 0, v);
        else
            result(c, 0,
                   v.kind == K_CELL ? cell_value(cell_new(2, none))
                                    : tensor_value(tensor_new(value_dtype(v), 2, none)));
        result_tensor(c, 1, tensor_zeros(D_DOUBLE, 2, (i64[]){ 0, 0 }));
        result_tensor(c, 2, tensor_zeros(D_DOUBLE, 2, (i64[]){ 0, 0 }));
        return;
    }
    if (s.t && !o.rows && !o.stable && c->nargout < 2 && !dtype_is(s.t->dtype, DT_C)) {
        struct tensor *u = tensor_clone(s.t);
        sort_values(u->dtype, u->data, s.n, false);
        struct items sorted = { .t = u, .n = s.n, .na = s.n };
        size_t size = dtypes[u->dtype].size;
        i64 n = 0;
        if (u->dtype == D_DOUBLE) {
            double *x = (double *)u->data;
            for (i64 i = 0; i < s.n; i++)
                if (i == 0 || x[i] != x[n - 1])
                    x[n++] = x[i];
        } else {
            for (i64 i = 0; i < s.n; i++)
                if (i == 0 || !equal_items(&sorted, i, n - 1)) {
                    memmove(u->data + n * (i64)size, u->data + i * (i64)size, size);
                    n++;
                }
        }
        struct tensor *r = tensor_2d(u->dtype, row ? 1 : n, row ? n : 1);
        memcpy(r->data, u->data, (size_t)n * size);
        result_tensor(c, 0, r);
        return;
    }
    struct groups g = group(&s);
    i64 *rank = numbers(g.n), *place = numbers(g.n), *which = numbers(g.n);
    for (i64 k = 0; k < g.n; k++)
        which[k] = k;
    if (o.stable)
        by_first(g.n, which, g.first);
    for (i64 k = 0; k < g.n; k++) {
        poll_each(k);
        rank[which[k]] = k;
        place[k] = o.last || o.legacy ? g.last[which[k]] : g.first[which[k]];
    }
    result(c, 0, take(&s, g.n, place, row));
    result_places(c, 1, g.n, place, o.legacy && row);
    if (wants(c, 2)) {
        for (i64 i = 0; i < s.n; i++) {
            poll_each(i);
            g.id[i] = rank[g.id[i]];
        }
        result_places(c, 2, s.n, g.id, o.legacy && row);
    }
}

/* The operations of two sets: which groups belong to the result, by whether they stand in a and in b. */
enum { UNION, INTERSECT, SETDIFF, SETXOR };
static void combine(struct call *c, int op)
{
    struct options o = options(c, 2);
    struct items s = items_of(c, 2, o.rows, op == SETDIFF);
    struct groups g = group(&s);
    i64 dim[MAX_DIMS];
    bool ra = is_row(c->arg[0]), rb = is_row(c->arg[1]), ea = value_numel(c->arg[0]) == 0, eb = value_numel(c->arg[1]) == 0;
    bool columns = value_dims(c->arg[0], dim) == 2 && dim[1] == 1 && value_dims(c->arg[1], dim) == 2 && dim[1] == 1;
    bool row = op == SETDIFF ? ra : (ra && rb) || (op != UNION && ((ra && eb) || (ea && rb)));
    if (c->arg[0].kind == K_CELL && is_tensor_like(c->arg[1]) && !(op == UNION && eb))
        row = ra;
    if (c->arg[1].kind == K_CELL && is_tensor_like(c->arg[0]) && !(op == UNION && ea))
        row = rb;
    if (o.legacy && !(op == SETDIFF && eb) && !(op == SETXOR && (ea || eb)))
        row = !columns;
    i64 *which = numbers(g.n), *place = numbers(g.n), *pa = numbers(g.n), *pb = numbers(g.n), n = 0, na = 0, nb = 0;
    for (i64 k = 0; k < g.n; k++) {
        bool a = g.first[k] != NONE, b = g.other[k] != NONE;
        if (op == UNION || (op == INTERSECT && a && b) || (op == SETDIFF && a && !b) || (op == SETXOR && a != b))
            which[n++] = k;
    }
    if (o.stable) {
        i64 *first = numbers(g.n);
        for (i64 k = 0; k < g.n; k++)
            first[k] = g.first[k] != NONE ? g.first[k] : s.na + g.other[k];
        by_first(n, which, first);
    }
    for (i64 k = 0; k < n; k++) {
        i64 a = (o.legacy ? g.last : g.first)[which[k]], b = (o.legacy ? g.end : g.other)[which[k]];
        place[k] = a != NONE ? a : s.na + b;
        if (o.legacy && op == UNION && b != NONE)
            a = NONE;                         /* the last place of all is b's */
        if (a != NONE)
            pa[na++] = a;
        if (b != NONE && (a == NONE || op == INTERSECT))
            pb[nb++] = b;
    }
    bool nothing = op == INTERSECT
                       ? ea || eb
                       : op == SETDIFF && ea && value_dims(c->arg[0], dim) == 2 && dim[0] == 0 && dim[1] == 0;
    nothing |= op == SETXOR && ea && eb;
    bool pair =
        op == INTERSECT && s.n == 2 && s.na == 1 && !o.rows; /* of two numbers nothing has no direction, as in Octave */
    nothing |= pair;
    value r;
    if (n == 0 && nothing && !o.rows)
        r = s.t ? tensor_value(tensor_2d(
                      op == INTERSECT && !pair && dtype_is(s.t->dtype, DT_I | DT_F) ? D_DOUBLE : s.t->dtype, 0, 0))
                : cell_value(cell_2d(0, 0));
    else
        r = take(&s, n, place, row && !(op == UNION && n == 0) && !(op == SETDIFF && ea));
    if (op == SETDIFF && s.t)                 /* of a's class */
        r = tensor_value(tensor_cast(tensor_of(r), value_dtype(c->arg[0])));
    result(c, 0, r);
    bool places_row = o.legacy && row && !o.rows;
    struct tensor *none = tensor_2d(D_DOUBLE, 0, 0);
    if (na == 0 && ((op == INTERSECT && (ea || eb || pair)) || (op != UNION && ea)))
        result_tensor(c, 1, none);
    else
        result_places(c, 1, na, pa, places_row || (op == SETDIFF && na == 0 && s.na == 1));
    if (nb == 0 && ((op == INTERSECT && (ea || eb || pair)) || (op == SETXOR && eb)))
        result_tensor(c, 2, none);
    else
        result_places(c, 2, nb, pb, places_row);
}

BUILTIN(union, 2, ANY, 3, grad_form,
    "c = union(a, b)\n"
    "[c, ia, ib] = union(a, b)\n"
    "c = union(A, B, 'rows')\n"
    "c = union(a, b, 'stable')\n\n"
    "The different elements that are in a or in b, in rising order ('stable': as they occur); a and b are numbers, "
    "texts in cells, or with 'rows' matrices. A row when both are rows. a(ia) and b(ib) are the elements of c. "
    "'legacy': ia and ib are the last places, rows where c is one; c is a row unless both are columns.\n\n"
    "Example:\n"
    "  union([3 1], [2 1])\n"
    "  ans =\n     1   2   3\n\n"
    "See also: intersect, setdiff, setxor, unique")
{
    combine(c, UNION);
}

BUILTIN(intersect, 2, ANY, 3, grad_form,
    "c = intersect(a, b)\n"
    "[c, ia, ib] = intersect(a, b)\n"
    "c = intersect(A, B, 'rows')\n"
    "c = intersect(a, b, 'stable')\n\n"
    "The different elements that are in a and in b, in rising order; c is a(ia) and b(ib). Arguments as for union.\n\n"
    "Example:\n"
    "  intersect([3 1 2], [2 3 5])\n"
    "  ans =\n     2   3\n\n"
    "See also: union, setdiff, ismember")
{
    combine(c, INTERSECT);
}

BUILTIN(setdiff, 2, ANY, 2, grad_form,
    "c = setdiff(a, b)\n"
    "[c, ia] = setdiff(a, b)\n"
    "c = setdiff(A, B, 'rows')\n"
    "c = setdiff(a, b, 'stable')\n\n"
    "The different elements of a that are not in b, in rising order; c is a(ia). Arguments as for union.\n\n"
    "Example:\n"
    "  setdiff([5 3 1 1], [1 2])\n"
    "  ans =\n     3   5\n\n"
    "See also: union, intersect, setxor")
{
    combine(c, SETDIFF);
}

BUILTIN(setxor, 2, ANY, 3, grad_form,
    "c = setxor(a, b)\n"
    "[c, ia, ib] = setxor(a, b)\n"
    "c = setxor(A, B, 'rows')\n\n"
    "The different elements that are in one of a and b but not in both, in rising order. Arguments as for union.\n\n"
    "Example:\n"
    "  setxor([3 1], [2 1])\n"
    "  ans =\n     2   3\n\n"
    "See also: union, setdiff")
{
    combine(c, SETXOR);
}

/* One number in a vector, one text in a cell of texts: the last place where it stands, 0 none.  False: something else. */
static bool text_row(value v) { return v.kind == K_TENSOR && v.t->dtype == D_CHAR && v.t->nd == 2 && v.t->dim[0] == 1 &&
                                       v.t->flags & T_DENSE && !v.t->device; }
static bool member_of_few(value x, value set, i64 *at)
{
    *at = 0;
    if (x.tag == 0 && set.kind == K_TENSOR && set.t->dtype == D_DOUBLE && set.t->flags & T_DENSE && !set.t->device &&
        !set.t->mark) {
        const double *s = (const double *)set.t->data;
        for (*at = set.t->numel; *at && s[*at - 1] != x.num;)
            --*at;
        return true;
    }
    if (!text_row(x) || set.kind != K_CELL)
        return false;
    for (i64 k = 0; k < set.cell->numel; k++) {
        value s = set.cell->v[k];
        if (!text_row(s))
            return false;
        if (s.t->numel == x.t->numel && !memcmp(s.t->data, x.t->data, (size_t)x.t->numel))
            *at = k + 1;
    }
    return true;
}

/* Many doubles in a set of doubles: a table of the set's numbers, 1 + the last place of each, open addressing, at most half
   full.  NaN is in no set. */
static uint64_t spot_of(double x)
{
    uint64_t u;
    x += 0.0;                                 /* -0 and 0 are one number */
    memcpy(&u, &x, 8);
    u ^= u >> 32;
    return (u * 0x9E3779B97F4A7C15u) >> 20;
}
static bool members_by_hash(struct call *c)
{
    for (int k = 0; k < 2; k++) {
        value v = c->arg[k];
        if (v.tag != 0 && v.kind != K_RANGE &&
            (v.kind != K_TENSOR || v.t->dtype != D_DOUBLE || !(v.t->flags & T_DENSE) || v.t->device))
            return false;
        if (value_numel(v) > INT32_MAX / 4)
            return false;
    }
    const struct tensor *a = tensor_of(c->arg[0]), *s = tensor_of(c->arg[1]);
    const double *x = (const double *)a->data, *set = (const double *)s->data;
    i64 slots = 16;
    while (slots < 2 * s->numel)
        slots *= 2;
    uint64_t mask = (uint64_t)slots - 1;
    int32_t *slot = scratch((size_t)slots * sizeof *slot);
    memset(slot, 0, (size_t)slots * sizeof *slot);
    for (i64 i = 0; i < s->numel; i++) {
        uint64_t p = spot_of(set[i]) & mask;
        if (set[i] != set[i])
            continue;
        while (slot[p] && set[slot[p] - 1] != set[i])
            p = (p + 1) & mask;
        slot[p] = (int32_t)i + 1;
    }
    poll();
    struct tensor *tf = tensor_new(D_LOGICAL, a->nd, a->dim), *loc = tensor_new(D_DOUBLE, a->nd, a->dim);
    for (i64 i = 0; i < a->numel; i++) {
        uint64_t p = spot_of(x[i]) & mask;
        while (slot[p] && set[slot[p] - 1] != x[i])
            p = (p + 1) & mask;
        tf->data[i] = slot[p] != 0;
        ((double *)loc->data)[i] = slot[p];
    }
    result_tensor(c, 0, tf);
    result_tensor(c, 1, loc);
    return true;
}

BUILTIN(ismember, 2, 3, 2, NO_GRAD,
    "tf = ismember(a, s)\n"
    "[tf, loc] = ismember(a, s)\n"
    "tf = ismember(A, S, 'rows')\n\n"
    "For each element of a: is it in s? loc is its place there, of several the last, 0 if there is none. a may be a "
    "text or a cell of texts when s is a cell of texts. With 'rows' rows of matrices are looked for.\n\n"
    "Example:\n"
    "  [tf, loc] = ismember([1 5 2], [2 1 0])\n"
    "  tf =\n    1  0  1\n"
    "  loc =\n     2   0   1\n\n"
    "See also: unique, intersect, lookup")
{
    i64 one;
    if (c->nargin == 2 && member_of_few(c->arg[0], c->arg[1], &one)) {
        result_bool(c, 0, one > 0);
        result_num(c, 1, (double)one);
        return;
    }
    if (c->nargin == 2 && members_by_hash(c))
        return;
    struct options o = options(c, 2);
    struct items s = items_of(c, 2, o.rows, true);
    struct groups g = group(&s);
    i64 dim[MAX_DIMS] = { s.na, 1 };
    int nd = 2;
    if (c->arg[1].kind == K_CELL && is_tensor_like(c->arg[0]))
        dim[0] = s.na;
    else if (!o.rows)
        nd = value_dims(c->arg[0], dim);
    struct tensor *tf = tensor_new(D_LOGICAL, nd, dim), *loc = tensor_new(D_DOUBLE, nd, dim);
    for (i64 i = 0; i < s.na; i++) {
        i64 at = g.end[g.id[i]];              /* of several places the last */
        tf->data[i] = at != NONE;
        ((double *)loc->data)[i] = (double)(at + 1);
    }
    result_tensor(c, 0, tf);
    result_tensor(c, 1, loc);
}

/* ---- lookup */
struct table { bool falling; i64 n; const double *x; const value *text; };
static i64 place_of_text(const struct table *t, value text)      /* how many entries do not stand after it */
{
    i64 lo = 0, hi = t->n;
    while (lo < hi) {
        i64 mid = (lo + hi) / 2;
        if (compare_texts(t->text[mid], text) > 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

static i64 place_of(const struct table *t,
                    double y) /* NaN stand at the end of a rising table; no jumps: y come in any order */
{
    i64 n = t->n, at = 0;
    if (y != y)
        return t->falling ? 0 : n;
    for (; n > 1; n -= n / 2)
        at += (t->falling ? !(t->x[at + n / 2 - 1] < y) : t->x[at + n / 2 - 1] <= y) ? n / 2 : 0;
    return at + (n && (t->falling ? !(t->x[at] < y) : t->x[at] <= y));
}

static bool stands(const struct table *t, i64 k, double y)     /* is place_of(t, y) k?  Rising tables only */
{
    return !t->falling && k <= t->n && (k == 0 || t->x[k - 1] <= y) && (k == t->n ? k > 0 && y == y : y < t->x[k]);
}

BUILTIN(lookup, 2, 3, 1, grad_zero,
    "i = lookup(table, y)\n"
    "i = lookup(table, y, opt)\n\n"
    "For each y the place of the last entry of the sorted table (rising or falling; numbers, or texts in a cell) that "
    "does not stand after y; 0 before all entries. opt is made of letters: 'm' gives 0 unless the entry equals y, 'b' "
    "only whether it does, 'l' and 'r' extend the leftmost and rightmost interval, so that the result is at least 1 "
    "and at most numel(table) - 1.\n\n"
    "Example:\n"
    "  lookup([1 2 3], [0.5 2 2.5])\n"
    "  ans =\n     0   2   2\n\n"
    "See also: ismember, interp1, histc")
{
    const char *opt = has_arg(c, 2) ? arg_text(c, 2, NULL) : "";
    for (const char *p = opt; *p; p++)
        if (!strchr("mblr", *p))
            fail("Octave:invalid-input-arg", "lookup: an option is one of the letters m, b, l, r, not '%c'", *p);
    bool match = strchr(opt, 'm'), only = strchr(opt, 'b');
    struct table t = { 0 };
    i64 dim[MAX_DIMS], n;
    int nd;
    const value *ytext = NULL;
    struct tensor *y = NULL;
    if (c->arg[0].kind == K_CELL) {
        if (!is_cellstr(c->arg[0]))
            fail_arg(c, 0, "a sorted cell of texts, or sorted numbers");
        t.n = c->arg[0].cell->numel;
        t.text = c->arg[0].cell->v;
        value v = c->arg[1].kind == K_CELL ? c->arg[1] : one_text(c->arg[1]);
        if (!is_cellstr(v))
            fail_arg(c, 1, "a text or a cell of texts");
        nd = value_dims(v, dim);
        n = v.cell->numel;
        ytext = v.cell->v;
    } else {
        struct tensor *x = arg_double(c, 0);
        y = arg_double(c, 1);
        t.n = x->numel;
        t.x = (const double *)x->data;
        t.falling = t.n > 1 && t.x[0] > t.x[t.n - 1];
        nd = y->nd;
        memcpy(dim, y->dim, sizeof(i64) * nd);
        n = y->numel;
    }
    bool left = strchr(opt, 'l'), right = strchr(opt, 'r');
    struct tensor *r = tensor_new(only ? D_LOGICAL : D_DOUBLE, nd, dim);
    i64 last = 0;                             /* where the one before stood: what comes in order stands there or one on */
    for (i64 i = 0; i < n; i++) {
        i64 k = ytext                                          ? place_of_text(&t, ytext[i])
                : stands(&t, last, ((double *)y->data)[i])     ? last
                : stands(&t, last + 1, ((double *)y->data)[i]) ? last + 1
                                                               : place_of(&t, ((double *)y->data)[i]);
        last = k;
        bool equal = k > 0 && (ytext ? compare_texts(t.text[k - 1], ytext[i]) == 0 : t.x[k - 1] == ((double *)y->data)[i]);
        if (left)
            k = MAX(k, 1);
        if (right)
            k = MIN(k, t.n - 1);
        if (only)
            r->data[i] = equal;
        else
            ((double *)r->data)[i] = match && !equal ? 0 : (double)k;
    }
    result_tensor(c, 0, r);
}
