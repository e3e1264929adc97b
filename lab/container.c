/* SPDX-License-Identifier: BSD-3-Clause */
/* container.c: cells and structs: making them, their elements and fields, changing their size.
 *
 * A container is born in the pool with all its elements one shared [](0x0).  What can fail (memory) fails before the
 * container changes: new room is owned by a cell of the pool until it is put in. */
#include "context.h"

/* ---- sizes of containers */
static i64 *dims_keep(int *nd, const i64 *dim, i64 *inline_dim)
{
    *nd = dims_trim(*nd, dim);
    i64 *d = *nd <= 4 ? inline_dim : memory_get(sizeof(i64) * *nd);
    memcpy(d, dim, sizeof(i64) * *nd);
    return d;
}

static value empty_matrix(void)               /* [](0x0), owned */
{
    i64 zero[2] = { 0, 0 };
    return tensor_box(tensor_make(D_DOUBLE, 2, zero));
}

static void fill_with(value *v, i64 from, i64 to, value e)
{
    for (i64 i = from; i < to; i++)
        v[i] = copy(e);
}

static void fill_empty(value *v, i64 n)       /* one empty matrix, shared */
{
    if (!n)
        return;
    value e = empty_matrix();
    fill_with(v, 0, n, e);
    drop(e);
}

/* ---- cells */
struct cell *cell_make(int nd, const i64 *dim, i64 cap)    /* owned; elements are 0 up to numel */
{
    i64 n = dims_numel(nd, dim);
    if (n > (i64)1 << 40)
        fail_memory((size_t)n * sizeof(value));
    cap = MAX(cap, n);
    struct cell *c = memory_get(sizeof *c);
    *c = (struct cell){ .h.owners = 1, .nd = 2, .dim = c->inline_dim };
    int mark = pool_mark();
    value self = keep(cell_value(c));
    if (cap) {
        c->v = memory_get(sizeof(value) * cap);
        c->cap = cap;
    }
    c->nd = nd;
    c->dim = dims_keep(&c->nd, dim, c->inline_dim);
    if (n)
        memset(c->v, 0, sizeof(value) * n);
    c->numel = n;
    self.o->owners++;
    pool_release(mark);
    return c;
}

struct cell *cell_new(int nd, const i64 *dim)
{
    struct cell *c = cell_make(nd, dim, 0);
    keep(cell_value(c));
    fill_empty(c->v, c->numel);
    return c;
}

struct cell *cell_2d(i64 rows, i64 cols)
{
    return cell_new(2, (i64[]){ rows, cols });
}

void cell_set(struct cell *c, i64 i, value v)
{
    replace(&c->v[i], copy(v));
}

void cell_reserve(struct cell *c, i64 cap)
{
    if (cap <= c->cap)
        return;
    c->v = memory_grow(c->v, sizeof(value) * c->cap, sizeof(value) * cap);
    c->cap = cap;
}

/* Moves element e of the old rectangle to its place in the new one.  `unit` values an element. */
static void remap(value *to, int nd, const i64 *dim, value *from, int ond, const i64 *odim, i64 on, int unit)
{
    i64 at[MAX_DIMS] = { 0 };
    for (i64 e = 0; e < on; e++) {
        i64 p = 0, step = 1;
        bool inside = true;
        for (int d = 0; d < MAX(nd, ond); d++) {
            i64 size = d < nd ? dim[d] : 1;
            if (at[d] >= size)
                inside = false;
            p += at[d] * step;
            step *= size;
        }
        for (int k = 0; k < unit; k++) {
            if (inside)
                replace(&to[p * unit + k], from[e * unit + k]);
            else
                drop(from[e * unit + k]);
        }
        for (int d = 0; d < ond && ++at[d] == odim[d]; d++)
            at[d] = 0;
    }
}

static bool grows_at_end(int nd, const i64 *dim, int ond,
                         const i64 *odim) /* only the last dimension changes: nothing moves */
{
    if (nd != ond)
        return false;
    int d = 0;
    while (d < nd - 1 && dim[d] == odim[d])
        d++;
    if (d == nd - 1)
        return true;
    for (int k = d + 1; k < nd; k++)          /* a column grows in its first dimension */
        if (dim[k] != 1 || odim[k] != 1)
            return false;
    return true;
}

/* What cells and struct arrays share when their size changes: values *v (cap of them), `unit` an element. */
static void resize(value **v, i64 *cap, int unit, i64 *numel, int *nd, i64 **dim, i64 *inline_dim, int to_nd,
                   const i64 *to_dim)
{
    i64 n = dims_numel(to_nd, to_dim), old = *numel;
    to_nd = dims_trim(to_nd, to_dim);
    value *w = *v;
    i64 wcap = *cap;
    bool in_place = n >= old && grows_at_end(to_nd, to_dim, *nd, *dim);
    int mark = pool_mark();
    struct cell *hold = cell_2d(0, 0);        /* owns the new values until nothing can fail */
    if (!in_place || n * unit > *cap) {
        cell_reserve(hold, in_place ? n * unit + n * unit / 2 : n * unit);
        w = hold->v;
        wcap = hold->cap;
    }
    if (n > old || !in_place)
        keep(empty_matrix());
    i64 *more = to_nd > 4 ? memory_get(sizeof(i64) * to_nd) : NULL;
    if (more)
        memcpy(more, to_dim, sizeof(i64) * to_nd);
    hold->v = NULL;
    hold->cap = 0;
    value blank = n > old || !in_place ? cx->pool[cx->npool - 1] : nil();
    if (in_place) {
        if (w != *v) {
            if (old)
                memcpy(w, *v, sizeof(value) * old * unit);
            memory_free(*v, sizeof(value) * *cap);
        }
        *v = w;
        *cap = wcap;
        fill_with(w, old * unit, n * unit, blank);
    } else {
        fill_with(w, 0, n * unit, blank);
        remap(w, to_nd, to_dim, *v, *nd, *dim, old, unit);
        memory_free(*v, sizeof(value) * *cap);
        *v = w;
        *cap = wcap;
    }
    if (*dim != inline_dim)
        memory_free(*dim, sizeof(i64) * *nd);
    *numel = n;
    *nd = to_nd;
    *dim = more ? more : inline_dim;
    if (!more)
        memmove(inline_dim, to_dim, sizeof(i64) * to_nd);
    pool_release(mark);
}

void cell_resize(struct cell *c, int nd, const i64 *dim)
{
    resize(&c->v, &c->cap, 1, &c->numel, &c->nd, &c->dim, c->inline_dim, nd, dim);
}

value cell_of_texts(int n, const char *const *text)
{
    struct cell *c = cell_2d(1, n);
    for (int i = 0; i < n; i++)
        cell_set(c, i, tensor_value(tensor_text(text[i], strlen(text[i]))));
    return cell_value(c);
}

/* ---- structs */
static struct fields *fields_new(int cap, int n, const sym *name)
{
    struct fields *f = memory_get(fields_bytes(cap));
    f->owners = 1;
    f->n = n;
    f->cap = cap;
    if (n)
        memcpy(f->name, name, sizeof(sym) * n);
    return f;
}

struct record *record_make(int nd, const i64 *dim, struct fields *f, int nfield, const sym *name)
{                                             /* owned; shares f, or makes fields of these names; all values 0 */
    i64 n = dims_numel(nd, dim), cap = n * MAX(nfield, 1);
    if (n > (i64)1 << 36)
        fail_memory((size_t)n * sizeof(value));
    struct record *r = memory_get(sizeof *r);
    *r = (struct record){ .h.owners = 1, .nd = 2, .dim = r->inline_dim };
    int mark = pool_mark();
    value self = keep(record_value(r));
    if (f) {
        r->f = f;
        f->owners++;
    } else {
        r->f = fields_new(MAX(nfield, 4), nfield, name);
    }
    if (cap) {
        r->v = memory_get(sizeof(value) * cap);
        r->cap = cap;
    }
    r->nd = nd;
    r->dim = dims_keep(&r->nd, dim, r->inline_dim);
    if (n)
        memset(r->v, 0, sizeof(value) * n * nfield);
    r->numel = n;
    self.o->owners++;
    pool_release(mark);
    return r;
}

struct record *record_new(int nd, const i64 *dim, int nfield, const sym *name)
{
    struct record *r = record_make(nd, dim, NULL, nfield, name);
    keep(record_value(r));
    fill_empty(r->v, r->numel * nfield);
    return r;
}

struct record *record_scalar(void)
{
    return record_new(2, (i64[]){ 1, 1 }, 0, NULL);
}

int record_find(const struct record *r, sym name)
{
    for (int i = 0; i < r->f->n; i++)
        if (r->f->name[i] == name)
            return i;
    return -1;
}

int record_add(struct record *r, sym name)
{
    int f = record_find(r, name), n = r->f->n;
    if (f >= 0)
        return f;
    i64 need = r->numel * (n + 1);
    if (need > r->cap) {
        i64 cap = r->numel * (n + 1 + n / 2);
        r->v = memory_grow(r->v, sizeof(value) * r->cap, sizeof(value) * cap);
        r->cap = cap;
    }
    value e = r->numel ? keep(empty_matrix()) : nil();
    if (r->f->owners > 1 || n == r->f->cap) {
        struct fields *g = fields_new(n + 1 + n / 2, n, r->f->name);
        fields_drop(r->f);
        r->f = g;
    }
    r->f->name[r->f->n++] = name;
    for (i64 i = r->numel; i-- > 0;) {        /* from the end, so that nothing is overwritten before it has moved */
        memmove(r->v + i * (n + 1), r->v + i * n, sizeof(value) * n);
        r->v[i * (n + 1) + n] = copy(e);
    }
    return n;
}

void record_remove(struct record *r, int f)
{
    int n = r->f->n;
    if (r->f->owners > 1) {
        struct fields *g = fields_new(r->f->cap, n, r->f->name);
        fields_drop(r->f);
        r->f = g;
    }
    int mark = pool_mark();
    for (i64 i = 0; i < r->numel; i++)
        keep(r->v[i * n + f]);                /* they go after the record is whole again */
    for (i64 i = 0; i < r->numel; i++) {
        memmove(r->v + i * (n - 1), r->v + i * n, sizeof(value) * f);
        memmove(r->v + i * (n - 1) + f, r->v + i * n + f + 1, sizeof(value) * (n - 1 - f));
    }
    memmove(r->f->name + f, r->f->name + f + 1, sizeof(sym) * (n - 1 - f));
    r->f->n--;
    pool_release(mark);
}

void record_put(struct record *r, i64 e, int f, value v)
{
    replace(&r->v[e * r->f->n + f], copy(v));
}

void record_set(struct record *r, i64 e, sym name, value v)
{
    record_put(r, e, record_add(r, name), v);
}

value record_get(const struct record *r, i64 e, sym name)
{
    int f = record_find(r, name);
    return f < 0 ? nil() : r->v[e * r->f->n + f];
}

void record_resize(struct record *r, int nd, const i64 *dim)
{
    resize(&r->v, &r->cap, r->f->n, &r->numel, &r->nd, &r->dim, r->inline_dim, nd, dim);
}
