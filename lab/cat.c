/* SPDX-License-Identifier: BSD-3-Clause */
/* cat.c: [a, b; c], {a, b; c}, horzcat, vertcat, cat, and appending in place.
 *
 * All kinds go the same way: `line_up` finds the size of the result and who takes part (a 0x0 operand does not, nor a 1x0
 * or 0x1 one between brackets), then the parts are copied as runs along the dimension.  Tensors are copied as bytes after
 * conversion, cells and struct arrays value by value. */
#include "cat.h"
#include "tape.h"
#include "call.h"
#include "gpu.h"
#include "sparse.h"
#include "place.h"

/* ---- sizes */

struct parts {
    int n, nd, dim_at;                        /* operands; of the result; the dimension along which */
    bool brackets;                            /* [ ], horzcat, vertcat: lenient with empty vectors */
    const char *who;                          /* NULL: [ ] */
    const value *v;
    i64 dim[MAX_DIMS];
    bool *takes_part;
};

NORETURN static void fail_parts(const struct parts *p, int nd, const i64 *dim, int i)
{
    char a[128], b[128];
    i64 d[MAX_DIMS];
    int n = value_dims(p->v[i], d);
    dims_text(nd, dim, a);
    dims_text(n, d, b);
    bool text = p->v[i].kind >= K_RANGE && is_tensor_like(p->v[i]) && value_dtype(p->v[i]) == D_CHAR &&
                value_dtype(p->v[0]) == D_CHAR;
    if (!p->who && p->dim_at < 2)
        fail("Octave:nonconformant-args", "%s dimensions mismatch (%s vs %s)\nhint: the numbers of %s must agree%s",
             p->dim_at ? "horizontal" : "vertical", a, b, p->dim_at ? "rows" : "columns",
             p->dim_at == 0 && text              ? "; char(…) pads texts with blanks"
             : nd == 2 && n == 2 && dim[!p->dim_at] == d[p->dim_at] ? "; transposed by ' the second would fit"
                                                                    : "");
    if (p->dim_at == 0 && text && nd == 2 && n == 2)
        fail("Octave:nonconformant-args",
             "%s: texts of %lld and %lld characters cannot stand above each other; char(…) pads with blanks", p->who,
             (long long)dim[1], (long long)d[1]);
    if (p->dim_at > 1)
        fail("Octave:nonconformant-args", "%s: a %s and a %s array differ not only in dimension %d", p->who, a, b,
             p->dim_at + 1);
    if (p->dim_at == 0)
        fail("Octave:nonconformant-args", "%s: %s above %s, the numbers of columns must agree%s",
             p->who, a, b,
             nd == 2 && n == 2 && dim[1] == d[0] ? "\nhint: transposed by ' the second would fit" : "");
    fail("Octave:nonconformant-args", "%s: %s beside %s, the numbers of rows must agree%s", p->who, a, b,
         nd == 2 && n == 2 && dim[0] == d[1] ? "\nhint: transposed by ' the second would fit" : "");
}

static bool empty_vector(int nd, const i64 *d) { return nd == 2 && d[0] + d[1] == 1; }
static bool nothing(int nd, const i64 *d) { return nd == 2 && d[0] == 0 && d[1] == 0; }

static bool fits(const struct parts *p, int nd, const i64 *d)
{
    for (int k = 0; k < MAX(MAX(nd, p->nd), 2); k++)
        if (k != p->dim_at && (k < nd ? d[k] : 1) != (k < p->nd ? p->dim[k] : 1))
            return false;
    return true;
}

static void line_up(struct parts *p)
{
    i64 d[MAX_DIMS];
    bool have = false;
    p->nd = 2, p->dim[0] = p->dim[1] = 0;
    p->takes_part = scratch((size_t)p->n + 1);
    for (int i = 0; i < p->n; i++) {
        int nd = value_dims(p->v[i], d);
        p->takes_part[i] = !nothing(nd, d);
        if (!p->takes_part[i])
            continue;
        if (!have || (p->brackets && nd == 2 && empty_vector(p->nd, p->dim) && !fits(p, nd, d))) {
            if (have && empty_vector(nd, d)) {               /* 1x0 beside 0x1: nothing */
                p->nd = 2, p->dim[0] = p->dim[1] = 0;
                memset(p->takes_part, 0, (size_t)i + 1);
                have = false;
                continue;
            }
            if (have)
                memset(p->takes_part, 0, (size_t)i);
            have = true;
            memcpy(p->dim, d, sizeof(i64) * (size_t)nd);
            for (p->nd = nd; p->nd <= p->dim_at; p->nd++)
                p->dim[p->nd] = 1;
            continue;
        }
        if (!fits(p, nd, d)) {
            if (!p->brackets || p->nd != 2 || !empty_vector(nd, d))
                fail_parts(p, p->nd, p->dim, i);
            p->takes_part[i] = false;
            continue;
        }
        if (__builtin_add_overflow(p->dim[p->dim_at], p->dim_at < nd ? d[p->dim_at] : 1, &p->dim[p->dim_at]))
            fail_memory((size_t)1 << 62);
    }
    if (!have && p->dim_at > 1 && p->n) {     /* nothing but 0x0 behind each other */
        for (; p->nd <= p->dim_at; p->nd++)
            p->dim[p->nd] = 1;
        p->dim[p->dim_at] = p->n;
    }
    p->nd = dims_trim(p->nd, p->dim);
    dims_numel(p->nd, p->dim);
}

/* Runs: elements of a part that follow each other in the result, and how often such a run comes. */
static void runs(const struct parts *p, int nd, const i64 *d, i64 *run, i64 *times)
{
    *run = *times = 1;
    for (int k = 0; k < nd; k++)
        *(k <= p->dim_at ? run : times) *= d[k];
}

/* ---- tensors */

static int cat_class(const struct parts *p)
{
    int dt = value_dtype(p->v[0]);
    bool text = dt == D_CHAR, number = !text, odd = false;
    for (int i = 1; i < p->n; i++) {
        int b = value_dtype(p->v[i]);
        odd = odd || (dtype_is(dt, DT_C) && dtype_is(b, DT_I | DT_T)) || (dtype_is(b, DT_C) && dtype_is(dt, DT_I | DT_T));
        text = text || b == D_CHAR;
        number = number || b != D_CHAR;
        dt = promote_cat(dt, b);
    }
    if (odd)
        fail("Octave:undefined-function", "%s: complex numbers and %s cannot stand in one array", p->who ? p->who : "[…]",
             text ? "text" : "integers of an integer class");
    if (text && number) {
        bool real = false;                    /* an empty [] beside text converts nothing */
        for (int i = 0; i < p->n; i++)
            real = real || (value_dtype(p->v[i]) != D_CHAR && value_numel(p->v[i]));
        if (real)
            warn("Octave:num-to-str", "numbers beside text become characters; char(…) says that this is meant");
    }
    return dt;
}

static void copy_number(int dt, char *to, value v)
{
    if (v.dtype == D_INT64 || v.dtype == D_UINT64)
        convert_run(dt, to, v.dtype, &v.i, 1);
    else
        convert_run(dt, to, D_DOUBLE, &v.num, 1);
}

static value cat_tensors(struct parts *p)
{
    line_up(p);
    int dt = cat_class(p);
    bool dq = dt == D_CHAR;
    if (unlikely(context_head()->boards != 0) && gpu_among(p->n, p->v))
        return gpu_cat(p->who ? p->who : "[…]", p->dim_at, p->nd, p->dim, dt, p->n, p->v, p->takes_part);
    struct tensor *r = tensor_new(dt, p->nd, p->dim);
    size_t size = dtypes[dt].size;
    i64 run, times, whole;
    char *to = r->data;
    runs(p, p->nd, p->dim, &whole, &times);
    for (int i = 0; i < p->n; i++) {
        value v = p->v[i];
        dq = dq && (v.kind == K_NUM || (v.kind == K_TENSOR && (v.t->flags & T_DQ)) || value_dtype(v) != D_CHAR);
        if (!p->takes_part[i])
            continue;
        if (v.kind == K_NUM && times == 1) {
            copy_number(dt, to, v);
            to += size;
            continue;
        }
        struct tensor view, *t = tensor_see(v, &view);
        runs(p, t->nd, t->dim, &run, &times);
        poll();
        if (times == 1 && t->dtype == dt) {
            gather(t, to);
        } else {
            t = tensor_dense(t);
            for (i64 k = 0; k < times; k++)
                convert_run(dt, to + (size_t)(k * whole) * size, t->dtype,
                            t->data + (size_t)(k * run) * dtypes[t->dtype].size, run);
        }
        to += (size_t)run * size;
    }
    if (dq)
        for (int i = 0; i < p->n; i++)
            if (p->v[i].kind == K_TENSOR && (p->v[i].t->flags & T_DQ)) {     /* at least one says so */
                r->flags |= T_DQ;
                break;
            }
    return tensor_value(dtype_is(dt, DT_C) ? tensor_narrow(r) : r);
}

/* ---- cells and struct arrays */

static value cat_cells(struct parts *p)
{
    value *w = scratch((size_t)(p->n + 1) * sizeof *w);      /* what is no cell becomes one, what is empty none */
    for (int i = 0; i < p->n; i++) {
        w[i] = p->v[i];
        if (w[i].kind == K_CELL)
            continue;
        bool empty = is_tensor_like(w[i]) && value_numel(w[i]) == 0;
        struct cell *c = empty ? cell_2d(0, 0) : cell_2d(1, 1);
        if (!empty)
            cell_set(c, 0, w[i]);
        w[i] = cell_value(c);
    }
    p->v = w;
    line_up(p);
    struct cell *r = cell_new(p->nd, p->dim);
    i64 run, times, whole, at = 0;
    runs(p, p->nd, p->dim, &whole, &times);
    for (int i = 0; i < p->n; i++) {
        if (!p->takes_part[i])
            continue;
        struct cell *c = w[i].cell;
        runs(p, c->nd, c->dim, &run, &times);
        for (i64 k = 0; k < times; k++)
            for (i64 e = 0; e < run; e++)
                cell_set(r, at + k * whole + e, c->v[k * run + e]);
        at += run;
    }
    return cell_value(r);
}

static value cat_structs(struct parts *p)
{
    const char *who = p->who ? p->who : "[…]";
    value *w = scratch((size_t)(p->n + 1) * sizeof *w);
    int n = 0;
    char what[160];
    for (int i = 0; i < p->n; i++) {
        if (p->v[i].kind == K_STRUCT)
            w[n++] = p->v[i];
        else if (!is_tensor_like(p->v[i]) || value_numel(p->v[i]))
            fail("Octave:undefined-function", "%s: a struct and a %s cannot stand in one array", who,
                 value_describe(p->v[i], what));
    }
    p->v = w, p->n = n;
    line_up(p);
    struct fields *f = w[0].rec->f;
    for (int i = 0; i < n; i++)               /* an empty struct array without fields says nothing about them */
        if (w[i].rec->numel || w[i].rec->f->n) {
            f = w[i].rec->f;
            break;
        }
    struct record *r = record_new(p->nd, p->dim, f->n, f->name);
    i64 run, times, whole, at = 0;
    runs(p, p->nd, p->dim, &whole, &times);
    for (int i = 0; i < n; i++) {
        struct record *s = w[i].rec;
        int *to = scratch((size_t)(s->f->n + 1) * sizeof *to);
        if (!p->takes_part[i])
            continue;
        for (int k = 0; k < s->f->n; k++)
            if ((to[k] = record_find(r, s->f->name[k])) < 0 || s->f->n != f->n) {
                fail("Octave:undefined-function",
                     "%s: structs with different fields cannot stand in one array; '%s' is not in all of them", who,
                     s->f->n < f->n ? f->name[f->n - 1]->text : s->f->name[k]->text);
            }
        if (s->f->n != f->n)
            fail("Octave:undefined-function", "%s: structs with different fields cannot stand in one array", who);
        runs(p, s->nd, s->dim, &run, &times);
        for (i64 k = 0; k < times; k++)
            for (i64 e = 0; e < run; e++)
                for (int q = 0; q < s->f->n; q++)
                    record_put(r, at + k * whole + e, to[q], s->v[(k * run + e) * s->f->n + q]);
        at += run;
    }
    return record_value(r);
}

static value concatenate(struct parts *p)
{
    bool cells = false, structs = false, sparse = false;
    char what[160];
    if (p->n == 0)
        return tensor_box(tensor_2d(D_DOUBLE, 0, 0));
    for (int i = 0; i < p->n; i++) {
        cells = cells || p->v[i].kind == K_CELL;
        structs = structs || p->v[i].kind == K_STRUCT;
        sparse = sparse || p->v[i].kind == K_SPARSE;
    }
    if (p->n == 1) { /* [x] is x, as a value of its own; complex(1, 0) becomes 1 there as in every result */
        value v = p->v[0];
        if (v.kind == K_TENSOR && dtype_is(v.t->dtype, DT_C) && !v.t->mark)
            return tensor_value(tensor_narrow(v.t));
        if (v.kind == K_WINDOW || v.kind == K_RANGE)
            return tensor_value(tensor_any(v));
        return v;
    }
    if (cells)
        return cat_cells(p);
    if (sparse && !structs) {
        line_up(p);
        if (p->nd > 2)
            fail("Octave:undefined-function",
                 "%s: a sparse matrix has two dimensions, but the result would have %d\nhint: full(S) is the full "
                 "matrix",
                 p->who ? p->who : "[…]", p->nd);
        return sparse_cat(p->dim_at, p->dim[0], p->dim[1], p->n, p->v, p->takes_part);
    }
    if (p->dim_at == 0 && p->v[0].kind == K_OBJECT) {
        value map = map_joined(p->n, p->v);
        if (!is_nil(map))
            return map;
    }
    for (int i = 0; i < p->n; i++)
        if (p->v[i].kind != K_STRUCT && !is_tensor_like(p->v[i]))
            fail("Octave:undefined-function", "%s: a %s cannot stand in an array; a cell {…} can hold it",
                 p->who ? p->who : "[…]", value_describe(p->v[i], what));
    return structs ? cat_structs(p) : cat_tensors(p);
}

/* Rows and scalars of one class beside each other, [x 's']: what texts are built of, at half the instructions of the
 * way for all. NULL: not such. */
static struct tensor *cat_rows_alike(int n, const value *v)
{
    int dt = n ? value_dtype(v[0]) : -1;
    i64 total = 0;
    bool dq = true, said = false;
    for (int i = 0; i < n; i++) {
        const struct tensor *t = v[i].kind == K_TENSOR ? v[i].t : NULL;
        if (t ? t->dtype != dt || t->device || t->nd != 2 || t->dim[0] != 1 || !t->numel || !(t->flags & T_DENSE)
              : v[i].kind != K_NUM || v[i].dtype != dt)
            return NULL;
        dq = dq && (!t || (t->flags & T_DQ));
        said = said || t;
        total += t ? t->numel : 1;
    }
    if (n < 2 || dtype_is(dt, DT_C))
        return NULL;
    size_t size = dtypes[dt].size;
    i64 dim[2] = {1, total};
    struct tensor *r = tensor_new(dt, 2, dim);
    char *to = r->data;
    for (int i = 0; i < n; i++) {
        size_t bytes = size * (size_t)(v[i].kind == K_TENSOR ? v[i].t->numel : 1);
        if (v[i].kind == K_TENSOR)
            memcpy(to, v[i].t->data, bytes);
        else
            copy_number(dt, to, v[i]);
        to += bytes;
    }
    if (dt == D_CHAR && dq && said)
        r->flags |= T_DQ;
    return r;
}

value cat_dim(const char *who, int dim, int n, const value *v)
{
    struct tensor *row = dim == 1 && !RECORDING ? cat_rows_alike(n, v) : NULL;
    if (row)
        return tensor_value(row);
    if (dim >= MAX_DIMS)
        fail("tl:too-many-dimensions", "%s: a tensor has at most %d dimensions", who ? who : "[…]", MAX_DIMS);
    struct parts p = {.n = n, .dim_at = dim, .v = v, .who = who, .brackets = !who || strcmp(who, "cat")};
    value y = concatenate(&p);
    return unlikely(RECORDING != NULL) ? tape_cat(dim + 1, n, v, y) : y;
}

value cat_rows(int nrow, const int *ncol, const value *v)
{
    int total = 0, wide = 0;
    bool numbers = true, cells = false, even = true;
    for (int r = 0; r < nrow; r++) {
        total += ncol[r];
        wide = MAX(wide, ncol[r]);
        even = even && ncol[r] == ncol[0];
    }
    for (int i = 0; i < total; i++) {
        numbers = numbers && v[i].tag == 0;
        cells = cells || v[i].kind == K_CELL;
    }
    if (numbers && even && total > 1) {       /* a literal of numbers */
        struct tensor *t = tensor_2d(D_DOUBLE, nrow, ncol[0]);
        double *to = (double *)t->data;
        for (int r = 0; r < nrow; r++)
            for (int k = 0; k < ncol[0]; k++)
                to[r + k * nrow] = v[r * ncol[0] + k].num;
        return tensor_box(t);
    }
    if (nrow == 1)
        return cat_dim(NULL, 1, total, v);
    if (wide == 1)
        return cat_dim(NULL, 0, total, v);
    value *w = scratch((size_t)(total + nrow + 1) * sizeof *w), *row = w + total;
    memcpy(w, v, (size_t)total * sizeof *w);
    for (int i = 0; i < total && cells; i++) {
        if (w[i].kind == K_CELL)
            continue;
        bool empty = is_tensor_like(w[i]) && value_numel(w[i]) == 0;
        struct cell *c = empty ? cell_2d(0, 0) : cell_2d(1, 1);
        if (!empty)
            cell_set(c, 0, w[i]);
        w[i] = cell_value(c);
    }
    for (int r = 0, at = 0; r < nrow; at += ncol[r++])
        row[r] = cat_dim(NULL, 1, ncol[r], w + at);
    return cat_dim(NULL, 0, nrow, row);
}

value cell_rows(int nrow, const int *ncol, const value *v)
{
    int rows = 0, cols = 0;
    for (int r = 0; r < nrow; r++) {
        if (!ncol[r])
            continue;
        if (rows && ncol[r] != cols)
            fail("Octave:nonconformant-args", "{…; …}: a row of %d and a row of %d elements", cols, ncol[r]);
        cols = ncol[r];
        rows++;
    }
    struct cell *c = cell_2d(rows, cols);
    for (int r = 0, row = 0, at = 0; r < nrow; r++) {
        for (int k = 0; k < ncol[r]; k++)
            cell_set(c, row + (i64)k * rows, v[at + k]);
        row += ncol[r] > 0;
        at += ncol[r];
    }
    return cell_value(c);
}

/* ---- appending */

/* Numbers of t's class as one row below its rows. */
static bool append_row(value *slot, int n, const value *v)
{
    struct tensor *t = slot->t;
    if (slot->kind != K_TENSOR || t->h.owners != 1 || t->nd != 2 || t->dim[1] != n || !t->numel || t->mark || t->device)
        return false;
    for (int i = 0; i < n; i++)
        if (v[i].kind != K_NUM || v[i].dtype != t->dtype)
            return false;
    if (!place_grow_rows(t, t->dim[0] + 1))
        return false;
    size_t unit = dtypes[t->dtype].size;
    for (i64 j = 0; j < n; j++)
        copy_number(t->dtype, t->data + (size_t)(t->dim[0] - 1 + j * t->stride[1]) * unit, v[j]);
    t->version++;
    return true;
}

static bool append(value *slot, int dim, int n, const value *v)
{
    if (dim == 2)
        return append_row(slot, n, v);
    i64 d[MAX_DIMS], size[MAX_DIMS];
    int nd = 0;
    if (slot->kind == K_TENSOR) {
        struct tensor *t = slot->t;
        if (t->h.owners != 1 || t->h.pins || t->mark || t->device || t->nd != 2 ||
            (dim && !(t->flags & T_DENSE)) || dtype_is(t->dtype, DT_C))
            return false;
        size[0] = t->dim[0], size[1] = t->dim[1];
        if (t->numel == 0)
            return false;
        i64 more = 0;
        for (int i = 0; i < n; i++) {
            if (!is_tensor_like(v[i]) || value_device(v[i]) || (v[i].kind == K_TENSOR && v[i].t == t) ||
                promote_cat(t->dtype, value_dtype(v[i])) != t->dtype ||
                (t->dtype == D_CHAR) != (value_dtype(v[i]) == D_CHAR) || dtype_is(value_dtype(v[i]), DT_C))
                return false;
            nd = value_dims(v[i], d);
            if (nd != 2)
                return false;
            if (d[0] == 0 && d[1] == 0)
                continue;
            if (d[1 - dim] != size[1 - dim])
                return false;
            if (t->dtype == D_CHAR && (t->flags & T_DQ) && !(v[i].kind == K_TENSOR && (v[i].t->flags & T_DQ)) &&
                v[i].kind != K_NUM)
                return false;
            more += d[dim];
        }
        i64 old = t->numel;
        size[dim] += more;
        size_t unit = dtypes[t->dtype].size;
        struct tensor **from = scratch((size_t)(n + 1) * sizeof *from);
        for (int i = 0; i < n; i++)           /* converted before anything changes */
            from[i] = v[i].kind == K_NUM
                          ? NULL
                          : tensor_dense(tensor_cast(
                                v[i].kind == K_WINDOW ? tensor_clone(tensor_of(v[i])) : tensor_of(v[i]), t->dtype));
        i64 rows = t->dim[0];
        if (dim == 0 && old && size[1] > 1 && size[0] > rows && place_grow_rows(t, size[0])) {
            for (int i = 0; i < n; i++) {
                i64 more = from[i] ? from[i]->dim[0] : 0;
                for (i64 j = 0; j < size[1] && more; j++)
                    memcpy(t->data + (size_t)(j * t->stride[1] + rows) * unit, from[i]->data + (size_t)(j * more) * unit,
                           (size_t)more * unit);
                rows += more;
            }
            t->version++;
            return true;
        }
        if (!place_grow(t, 2, size))
            return false;
        char *to = t->data + (size_t)old * unit;
        for (int i = 0; i < n; i++) {
            if (from[i])
                memcpy(to, from[i]->data, (size_t)from[i]->numel * unit);
            else
                copy_number(t->dtype, to, v[i]);
            to += (size_t)(from[i] ? from[i]->numel : 1) * unit;
        }
        t->version++;
        return true;
    }
    if (slot->kind != K_CELL || slot->o->owners != 1 || slot->o->pins)
        return false;
    struct cell *c = slot->cell;
    if (c->nd != 2 || c->numel == 0 || c->dim[1 - dim] != 1)
        return false;
    i64 more = 0;
    for (int i = 0; i < n; i++) {
        if (v[i].kind == K_CELL) {
            if (v[i].cell == c || v[i].cell->nd != 2)
                return false;
            if (v[i].cell->numel && v[i].cell->dim[1 - dim] != 1)
                return false;
            more += v[i].cell->numel;
        } else if (!(is_tensor_like(v[i]) && value_numel(v[i]) == 0)) {
            more++;
        }
    }
    value *all = scratch((size_t)(more + 1) * sizeof *all);
    i64 k = 0;
    for (int i = 0; i < n; i++) {
        if (v[i].kind == K_CELL)
            for (i64 e = 0; e < v[i].cell->numel; e++)
                all[k++] = keep(copy(v[i].cell->v[e]));
        else if (!(is_tensor_like(v[i]) && value_numel(v[i]) == 0))
            all[k++] = keep(copy(v[i]));
    }
    i64 at = c->numel;
    size[0] = c->dim[0], size[1] = c->dim[1];
    size[dim] += more;
    cell_resize(c, 2, size);
    for (i64 e = 0; e < more; e++)
        cell_set(c, at + e, all[e]);
    return true;
}

bool cat_append(value *slot, int dim, int n, const value *v)
{
    if (unlikely(RECORDING != NULL))
        return false;
    int mark = pool_mark();
    bool done = append(slot, dim, n, v);
    pool_release(mark);
    return done;
}

/* ---- functions */

BUILTIN(horzcat, 0, ANY, 1, grad_pass,
    "y = horzcat(a, b, …)\n\n"
    "The arrays side by side, as [a, b, …] does. They must have the same number of rows (and the same other sizes); [] "
    "takes no part.\n\n"
    "Example:\n  horzcat([1; 2], [3 4; 5 6])\n  ans =\n     1   3   4\n     2   5   6\n\n"
    "See also: vertcat, cat, repmat")
{
    result(c, 0, cat_dim("horzcat", 1, c->nargin, c->arg));
}

BUILTIN(vertcat, 0, ANY, 1, grad_pass,
    "y = vertcat(a, b, …)\n\n"
    "The arrays above each other, as [a; b; …] does. They must have the same number of columns (and the same other "
    "sizes); [] takes no part.\n\n"
    "Example:\n  vertcat([1 2], [3 4; 5 6])\n  ans =\n     1   2\n     3   4\n     5   6\n\n"
    "See also: horzcat, cat, char")
{
    result(c, 0, cat_dim("vertcat", 0, c->nargin, c->arg));
}

BUILTIN(cat, 1, ANY, 1, grad_pass,
    "y = cat(dim, a, b, …)\n\n"
    "The arrays one after another along dimension dim; all other sizes must agree. A 0x0 array takes no part.\n\n"
    "Example:\n  size(cat(3, [1 2], [3 4]))\n  ans =\n     1   2   2\n\n"
    "See also: horzcat, vertcat, permute")
{
    int dim = (int)arg_int(c, 0, 1, MAX_DIMS);
    result(c, 0, cat_dim("cat", dim - 1, c->nargin - 1, c->arg + 1));
}
