/* SPDX-License-Identifier: BSD-3-Clause */
/* place.c: writing into places.
 *
 * One walk goes down the path as far as it exists, making each container its own; where it ends, what is missing is
 * built from the leaf up (`build`) and put in with one store.  So there is one commit point per write: everything
 * before it may fail and changes nothing that can be seen.  Stores after it only move counted references: the right side
 * has been copied into the pool at the start, and a copy of that cannot fail any more.
 *
 * Writing an element, growing and deleting share `struct target`: the parsed indices, what they select, and the size
 * that the thing will have. */
#include "place.h"
#include "tape.h"
#include "call.h"
#include <complex.h>
#include <math.h>

static void store(value *slot, int n, const struct step *s, value rhs);
static value build(int n, const struct step *s, value rhs);

/* ---- what the indices of a write select */

struct target {
    int n, nd;
    i64 numel;                                /* elements selected */
    bool grows;
    i64 len[MAX_DIMS], dim[MAX_DIMS];         /* as seen by the indices; the new size */
    struct ix x[MAX_DIMS];
};

NORETURN static void fail_resize(int nd, const i64 *dim)
{
    char shape[128];
    fail("Octave:invalid-resize", "\2 = …: \1 is %s, and this does not say in which direction it shall grow; write all of its indices",
         dims_text(nd, dim, shape));
}

NORETURN static void fail_counts(const struct target *g, int rnd, const i64 *rdim, i64 rnumel)
{
    if (g->n == 1)
        fail("Octave:nonconformant-args", "\2 = …: %lld elements on the left, %lld on the right", (long long)g->numel, (long long)rnumel);
    i64 l[MAX_DIMS];
    char a[128], b[128];
    for (int k = 0; k < g->n; k++)
        l[k] = g->x[k].n;
    fail("Octave:nonconformant-args", "\2 = …: %s on the left, %s on the right", dims_text(dims_trim(g->n, l), l, a), dims_text(rnd, rdim, b));
}

/* Sizes without ones; a thing of zero elements keeps its zeros. */
static int long_dims(int nd, const i64 *dim, i64 *to)
{
    int n = 0;
    for (int i = 0; i < nd; i++)
        if (dim[i] != 1)
            to[n++] = dim[i];
    return n;
}

/* When all sizes of the left are zero a colon takes its length from the right: one by one when as many indices are no
   scalars as the right has dimensions, else from the right's sizes that are not one. */
static void inquire(struct target *g, int rnd, const i64 *rdim)
{
    i64 shorter[MAX_DIMS];
    int open = 0, colons = 0, m = rnd, j = 0;
    const i64 *from = rdim;
    for (int k = 0; k < g->n; k++) {
        open += g->x[k].colon || g->x[k].n != 1;
        colons += g->x[k].colon;
    }
    if (colons != g->n && open != rnd) {
        m = long_dims(rnd, rdim, shorter);
        from = shorter;
    }
    for (int k = 0; k < g->n; k++) {
        struct ix *x = &g->x[k];
        if (x->colon)
            x->n = x->extent = j < m ? from[j] : 1;
        if (x->colon || (x->n != 1 && open == rnd))
            j++;
    }
    if (colons == g->n)                       /* A(:,:) = B of more dimensions: the last takes the rest, which must be one */
        for (; j < m; j++)
            g->x[g->n - 1].n *= from[j], g->x[g->n - 1].extent = g->x[g->n - 1].n;
}

/* Parses the indices of a write of something of size rdim into something of size dim.  rnd 0: nothing is written (a delete or a count). */
static void aim(struct target *g, int nd, const i64 *dim, int n, const value *idx, int rnd, const i64 *rdim)
{
    if (n > MAX_DIMS)
        fail("Octave:index-out-of-bounds", "\1: %d indices, but a tensor has at most %d dimensions", n, MAX_DIMS);
    bool none = true;
    g->n = n;
    g->grows = false;
    fold_dims(nd, dim, n, g->len);
    for (int k = 0; k < n; k++)
        index_parse(&g->x[k], idx[k], g->len[k], k, n);
    for (int i = 0; i < nd; i++)
        none = none && dim[i] == 0;
    i64 rnumel = 1;
    for (int i = 0; i < rnd; i++)
        rnumel *= rdim[i];
    if (none && n > 1 && rnd)
        inquire(g, rnd, rdim);

    i64 l[MAX_DIMS], r[MAX_DIMS];
    for (int k = 0; k < n; k++)
        l[k] = g->x[k].n;
    g->numel = dims_numel(n, l);
    if (rnd && rnumel != 1) {
        if (n == 1) {
            if (g->numel != rnumel)
                fail_counts(g, rnd, rdim, rnumel);
        } else {
            int a = long_dims(n, l, l), b = long_dims(rnd, rdim, r);
            if (!dims_equal(a, l, b, r) && (g->numel || rnumel))
                fail_counts(g, rnd, rdim, rnumel);
        }
    }
    g->nd = nd;
    memcpy(g->dim, dim, sizeof(i64) * (size_t)nd);
    if (n == 1) {
        i64 most = g->x[0].extent;
        if (most > g->len[0] && g->x[0].n) {
            g->grows = true;
            if (nd != 2 || (dim[0] > 1 && dim[1] != 1))
                fail_resize(nd, dim);
            g->dim[0] = dim[0] > 1 ? most : 1;
            g->dim[1] = dim[0] > 1 ? 1 : most;
        }
        return;
    }
    for (int k = 0; k < n; k++)
        g->grows = g->grows || (g->x[k].extent > g->len[k] && g->numel) || (none && rnd && g->numel);
    if (!g->grows)
        return;
    if (n < nd)
        fail_resize(nd, dim);
    for (int k = 0; k < n; k++)
        g->dim[k] = MAX(g->len[k], g->x[k].extent);
    g->nd = dims_trim(n, g->dim);
    dims_numel(g->nd, g->dim);
}

/* The nest of g over a dense thing of the new size. */
static void dense_nest(const struct target *g, struct nest *w)
{
    i64 len[MAX_DIMS], stride[MAX_DIMS];
    fold_dims(g->nd, g->dim, g->n, len);
    dense_strides(g->n, len, stride);
    nest_of(w, g->n, g->x, stride);
}

/* ---- tensors */

/* The class of x after x(i) = y, as Octave's: floating and integer left sides keep theirs, logical and text give way. */
static int assign_class(int a, int b)
{
    if (dtype_is(b, DT_C)) {
        if (dtype_is(a, DT_F))
            return dtype_complex(a);
        return dtype_is(a, DT_I) ? b : D_CDOUBLE;
    }
    if (a == D_LOGICAL)
        return b == D_CHAR ? D_CHAR : b == D_SINGLE ? D_DOUBLE : a;
    if (a == D_CHAR)
        return b == D_CHAR || b == D_DOUBLE || b == D_LOGICAL ? a : D_DOUBLE;
    return a;
}

static void warn_truth(const struct tensor *r)      /* numbers that become logical */
{
    if (r->dtype == D_LOGICAL)
        return;
    for (i64 i = 0; i < r->numel; i++) {
        double x = element_double(r, i);
        if (isnan(x))
            fail("Octave:undefined-function", "\2 = …: NaN cannot become logical");
        if (x != 0 && x != 1) {
            warn("tl:logical-conversion", "a number that is neither 0 nor 1 becomes logical 1");
            return;
        }
    }
}

/* The header of what a slot holds, to look at; 0x0 double for nothing. */
static struct tensor *see_slot(const value *slot, struct tensor *view)
{
    return slot->kind == K_NIL ? tensor_2d(D_DOUBLE, 0, 0) : tensor_see(*slot, view);
}

static struct tensor *window_gathered(const struct window *w)
{
    struct tensor view, *t = tensor_see(object_value(K_WINDOW, (void *)w), &view);
    struct tensor *r = tensor_new(t->dtype, t->nd, t->dim);
    gather(t, r->data);
    return r;
}

/* The right side, dense and of class dt.  A window is gathered, so it cannot overlap what is written; a tensor on the same
   block makes own_block move the left side away. */
static struct tensor *source(value rhs, int dt)
{
    struct tensor *r = rhs.kind == K_WINDOW ? window_gathered(rhs.w) : tensor_of(rhs);
    return tensor_dense(tensor_cast(r, dt));
}

static void unbox(value *slot)                /* a number in a variable stands there as such */
{
    if (slot->kind == K_TENSOR && slot->t->numel == 1) {
        value v = tensor_value(slot->t);
        if (v.kind == K_NUM)
            replace(slot, v);
    }
}

static void try_narrow(void *slot)
{
    value *s = slot;
    struct tensor *t = tensor_narrow(s->t);
    if (t != s->t)
        replace(s, copy(tensor_value(t)));
}

static bool real_valued(const struct tensor *r)
{
    if (!dtype_is(r->dtype, DT_C))
        return true;
    for (i64 i = 0; i < r->numel; i++)
        if (r->dtype == D_CDOUBLE ? cimag(((const double _Complex *)r->data)[i]) != 0 : cimagf(((const float _Complex *)r->data)[i]) != 0)
            return false;
    return true;
}

static void put(const struct nest *w, const struct target *g, void *to, const struct tensor *src, size_t size)
{
    if (src->numel == 1 && g->numel != 1)
        nest_fill(w, to, src->data, size);
    else
        nest_write(w, to, src->data, size);
}

/* Offsets of a linear index in a window whose dimensions do not follow each other. */
static void scatter_linear(struct target *g, const struct window *w, struct nest *nest)
{
    struct ix *x = &g->x[0];
    struct tensor view;
    tensor_see(object_value(K_WINDOW, (void *)w), &view);
    i64 *list = scratch((size_t)(x->n + 1) * sizeof *list), one = 1;
    for (i64 i = 0; i < x->n; i++)
        list[i] = tensor_offset(&view, ix_at(x, i));
    x->list = list;
    nest_of(nest, 1, x, &one);
}

static void write_window(struct window *w, int n, const value *idx, value rhs)
{
    int dt = w->base->dtype;
    struct target g;
    struct nest nest;
    i64 rdim[MAX_DIMS], stride[MAX_DIMS];
    if (dtype_is(value_dtype(rhs), DT_C) && !dtype_is(dt, DT_C)) {
        struct tensor *r = tensor_narrow(source(rhs, value_dtype(rhs)));
        if (dtype_is(r->dtype, DT_C))
            fail("Octave:nonconformant-args", "\2 = …: \1 is a window on real numbers and cannot take a complex one");
        rhs = tensor_box(r);
    }
    int rnd = value_dims(rhs, rdim);
    aim(&g, w->nd, w->dim, n, idx, rnd, rdim);
    if (g.grows) {
        char shape[128];
        fail("Octave:index-out-of-bounds", "\2 = …: \1 is a window (%s) and cannot grow; clone(\1) can", dims_text(w->nd, w->dim, shape));
    }
    struct tensor view, *src = source(rhs, dt);
    if (dt == D_LOGICAL && value_dtype(rhs) != D_LOGICAL)
        warn_truth(tensor_of(rhs));
    tensor_see(object_value(K_WINDOW, w), &view);
    if (fold_strides(&view, n, stride)) {
        nest_of(&nest, n, g.x, stride);
    } else if (n == 1) {
        scatter_linear(&g, w, &nest);
    } else {                                  /* A(i, j) of an N-d window: positions among the folded sizes, then offsets */
        dense_nest(&g, &nest);
        const i64 *at = nest_positions(&nest);
        i64 *list = scratch((size_t)(nest.numel + 1) * sizeof *list), one = 1;
        for (i64 i = 0; i < nest.numel; i++)
            list[i] = tensor_offset(&view, at[i]);
        struct ix x = {.n = nest.numel, .list = list};
        nest_of(&nest, 1, &x, &one);
    }
    own_block(w->base);
    put(&nest, &g, window_data(w), src, dtypes[dt].size);
    w->base->version++;
}

bool place_grow(struct tensor *t, int nd, const i64 *dim)
{
    i64 n = dims_numel(nd, dim);
    if (t->h.pins || t->mark || t->device || nd > 4 || t->dim != t->inline_dim || n < t->numel)
        return false;
    if (t->numel) {
        if (!(t->flags & T_DENSE))
            return false;
        bool column = nd == 2 && t->nd == 2 && t->dim[1] == 1 && dim[1] == 1;
        for (int k = 0; k < nd - 1 && !column; k++)
            if (dim[k] != (k < t->nd ? t->dim[k] : 1))
                return false;
    }
    size_t size = dtypes[t->dtype].size;
    i64 old = t->numel;
    bool room = t->block ? t->block->owners == 1 && (size_t)(t->data - t->block->data) + (size_t)n * size <= t->block->bytes
                         : (size_t)n * size + SPARE <= t->small * (size_t)64;
    if (!room || !(t->flags & T_DENSE))
        own_block_spare(t, n + n / 2);
    memset(t->data + (size_t)old * size, 0, (size_t)(n - old) * size);
    t->nd = (uint8_t)nd;
    memcpy(t->dim, dim, sizeof(i64) * (size_t)nd);
    dense_strides(t->nd, t->dim, t->stride);
    t->numel = n;
    t->flags |= T_DENSE;
    return true;
}

static void warn_pinned(const value *slot, const char *what)
{
    if (slot->kind == K_TENSOR && slot->t->h.pins)
        warn("tl:window-detached", "what has windows %s here: it gets new memory, and its windows keep the old", what);
}

static void write_tensor(value *slot, int n, const value *idx, value rhs);

/* The same while autograd looks on: the write is the plain one, between a copy of what was and an entry on the tape. */
struct taped { value *slot; int n; const value *idx; value rhs; struct tensor *r; };
static void taped_write(void *arg)
{
    struct taped *a = arg;
    if (a->r)
        place_write(a->slot, a->r);
    else
        write_tensor(a->slot, a->n, a->idx, a->rhs);
}

static bool write_taped(value *slot, int n, const value *idx, value rhs, struct tensor *r)
{
    if (!RECORDING || (!tracked(*slot) && !tracked(rhs)))
        return false;
    struct window *w = slot->kind == K_WINDOW ? slot->w : NULL;
    if (w)
        tape_check_outside(w, NULL, rhs);
    if (rhs.kind == K_WINDOW)
        rhs = tensor_box(tensor_of(rhs));
    value old = keep(copy(w ? tensor_box(w->base) : *slot));
    tape_untracked(taped_write, &(struct taped){slot, n, idx, rhs, r});
    tape_assign(w ? w->base : own_tensor(slot), old, w, n, idx, rhs);
    return true;
}

static void write_tensor(value *slot, int n, const value *idx, value rhs)
{
    if (unlikely(RECORDING != NULL) && write_taped(slot, n, idx, rhs, NULL))
        return;
    if (slot->kind == K_WINDOW) {
        write_window(slot->w, n, idx, rhs);
        return;
    }
    struct tensor view, *t = see_slot(slot, &view);
    struct target g;
    struct nest nest;
    i64 rdim[MAX_DIMS];
    int rnd = value_dims(rhs, rdim), rd = value_dtype(rhs);
    if (dtype_is(rd, DT_C)) {
        struct tensor *r = tensor_narrow(source(rhs, rd));
        if (!dtype_is(r->dtype, DT_C))
            rhs = tensor_box(r), rd = r->dtype;
    }
    aim(&g, t->nd, t->dim, n, idx, rnd, rdim);
    int dt = slot->kind == K_NIL ? rd : assign_class(t->dtype, rd);
    if (dt == D_CHAR && t->dtype == D_LOGICAL && t->numel)
        fail("Octave:undefined-function", "\2 = …: text cannot become logical");
    if (dt == D_LOGICAL && rd != D_LOGICAL)
        warn_truth(tensor_of(rhs));
    struct tensor *src = source(rhs, dt);
    size_t size = dtypes[dt].size;
    dense_nest(&g, &nest);
    bool same = dt == t->dtype && slot->kind != K_NIL;
    poll();

    if (same && (!g.grows || (slot->kind == K_TENSOR && slot->t->h.owners == 1))) {
        if (g.numel == 0)
            return;
        t = own_tensor(slot);
        bool fits = !g.grows || place_grow(t, g.nd, g.dim);
        if (fits) {
            own_block(t);
            put(&nest, &g, t->data, src, size);
            t->version++;
            if (dtype_is(dt, DT_C) && !t->h.pins && real_valued(src))
                protect(try_narrow, slot);    /* out of memory there: it stays complex */
            unbox(slot);
            return;
        }
    }
    if (!g.grows && g.numel == 0 && slot->kind != K_NIL)
        return;                               /* nothing written: no change of class either */
    struct tensor *u = g.grows ? tensor_zeros(dt, g.nd, g.dim) : tensor_new(dt, g.nd, g.dim);
    if (t->numel) {
        struct tensor *old = tensor_dense(tensor_cast(t, dt));
        struct nest part;
        struct ix x[MAX_DIMS];
        for (int k = 0; k < g.nd; k++)
            x[k] = (struct ix){.n = k < t->nd ? t->dim[k] : 1, .step = 1};
        nest_of(&part, g.nd, x, u->stride);
        nest_write(&part, u->data, old->data, size);
    }
    put(&nest, &g, u->data, src, size);
    if (t->dtype == D_CHAR && dt == D_CHAR)
        u->flags |= t->flags & T_DQ;
    warn_pinned(slot, g.grows ? "grows" : "changes its class");
    value v = tensor_value(dtype_is(dt, DT_C) ? tensor_narrow(u) : u);
    replace(slot, copy(v));
}

/* One number into one element of a tensor or window of the same class, any number of indices: no parsing, no allocation. */
static bool write_number(value *slot, int n, const value *idx, value rhs)
{
    struct tensor *t;
    struct tensor view;
    if (rhs.kind != K_NUM || n > 4)
        return false;
    if (slot->kind == K_TENSOR && slot->t->h.owners == 1)
        t = slot->t;
    else if (slot->kind == K_WINDOW)
        t = tensor_see(*slot, &view);
    else
        return false;
    if (t->dtype != rhs.dtype && (!dtype_is(t->dtype, DT_F | DT_I) || dtype_is(t->dtype, DT_C) || rhs.dtype == D_INT64 || rhs.dtype == D_UINT64))
        return false;
    i64 at = 0;
    if (n != 1 && n != t->nd)
        return false;
    for (int k = 0; k < n; k++) {
        i64 len = n == 1 ? t->numel : t->dim[k];
        if (idx[k].tag != 0 || !(idx[k].num >= 1 && idx[k].num <= (double)len) || idx[k].num != trunc(idx[k].num))
            return false;
        if (n > 1)
            at += ((i64)idx[k].num - 1) * t->stride[k];
    }
    if (n == 1)
        at = tensor_offset(t, (i64)idx[0].num - 1);
    struct tensor *base = slot->kind == K_WINDOW ? slot->w->base : t;
    if (base->mark || base->device || (base->block && base->block->owners > 1))
        return false;
    char *p = t->data + at * dtypes[t->dtype].size;
    if (t->dtype == D_DOUBLE)
        *(double *)p = rhs.num;
    else if (rhs.dtype == D_INT64 || rhs.dtype == D_UINT64)
        *(i64 *)p = rhs.i;
    else
        convert_run(t->dtype, p, D_DOUBLE, &rhs.num, 1);
    base->version++;
    return true;
}

/* ---- cells */

static void write_cell(value *slot, int n, const value *idx, value rhs)
{
    struct cell *c = slot->kind == K_CELL ? slot->cell : cell_2d(0, 0);
    struct target g;
    struct nest w;
    i64 one[2] = {1, 1};
    bool list = rhs.kind == K_CELL;
    aim(&g, c->nd, c->dim, n, idx, list ? rhs.cell->nd : 2, list ? rhs.cell->dim : one);
    dense_nest(&g, &w);
    const i64 *at = nest_positions(&w);
    value *all = scratch((size_t)(g.numel + 1) * sizeof *all);       /* copied before anything changes: the copies cannot fail */
    for (i64 i = 0; i < g.numel; i++)
        all[i] = keep(copy(!list ? rhs : rhs.cell->numel == 1 ? rhs.cell->v[0] : rhs.cell->v[i]));
    if (slot->kind == K_CELL) {
        c = own_cell(slot);
    }
    if (g.grows)
        cell_resize(c, g.nd, g.dim);
    for (i64 i = 0; i < g.numel; i++)
        cell_set(c, at[i], all[i]);
    if (slot->kind != K_CELL)
        replace(slot, copy(cell_value(c)));
}

/* The position that indices of one element select in a container of size dim; -1 and the new size in g when it is to grow. */
static i64 aim_one(struct target *g, int nd, const i64 *dim, i64 numel, int n, const value *idx, const char *what)
{
    if (n == 1 && idx->tag == 0 && idx->num >= 1 && idx->num <= (double)numel && idx->num == trunc(idx->num))
        return (i64)idx->num - 1;
    i64 one[2] = {1, 1};
    struct nest w;
    aim(g, nd, dim, n, idx, 2, one);
    if (g->numel != 1)
        fail("Octave:nonconformant-args", "\2 = …: the index selects %lld %s, one is needed here", (long long)g->numel, what);
    dense_nest(g, &w);
    if (g->grows)
        return -1 - *nest_positions(&w);
    return *nest_positions(&w);
}

static void store_content(value *slot, int n, const struct step *s, value rhs)      /* s is BRACE, slot a cell */
{
    struct cell *c = slot->cell;
    struct target g;
    i64 p = aim_one(&g, c->nd, c->dim, c->numel, s->n, s->idx, "elements");
    if (p >= 0) {
        store(&own_cell(slot)->v[p], n - 1, s + 1, rhs);
        return;
    }
    value v = build(n - 1, s + 1, rhs);
    c = own_cell(slot);
    cell_resize(c, g.nd, g.dim);
    cell_set(c, -1 - p, v);
}

/* ---- structs */

/* The slot's struct array alone, of this size and with this field; one of both may be missing in the old one.  All or nothing. */
struct resizing { struct record *r; int nd; const i64 *dim; };
static void resize_record(void *arg)
{
    struct resizing *a = arg;
    record_resize(a->r, a->nd, a->dim);
}

static struct record *record_extend(value *slot, bool grows, int nd, const i64 *dim, sym name, int *f)
{
    struct record *r = own_record(slot);
    bool new = (*f = record_find(r, name)) < 0;
    if (new)
        *f = record_add(r, name);
    if (grows && protect(resize_record, &(struct resizing){r, nd, dim})) {
        if (new)
            record_remove(r, *f);
        fail_again();
    }
    return r;
}

NORETURN static void fail_fields(const struct record *a, const struct record *b)
{
    struct buf *l = buf_new(), *r = buf_new();
    for (int i = 0; i < a->f->n; i++)
        buff(l, "%s%s", i ? ", " : "", a->f->name[i]->text);
    for (int i = 0; i < b->f->n; i++)
        buff(r, "%s%s", i ? ", " : "", b->f->name[i]->text);
    fail("Octave:undefined-function", "\2 = …: the fields differ, %s on the left, %s on the right", l->n ? l->s : "none", r->n ? r->s : "none");
}

static void write_struct(value *slot, int n, const value *idx, value rhs)
{
    struct record *s = rhs.rec, *r = slot->kind == K_STRUCT ? slot->rec : NULL;
    i64 none[2] = {0, 0};
    struct target g;
    struct nest w;
    aim(&g, r ? r->nd : 2, r ? r->dim : none, n, idx, s->nd, s->dim);
    dense_nest(&g, &w);
    const i64 *at = nest_positions(&w);
    int nf = s->f->n;
    i64 total = r ? r->numel : 0;
    bool fresh = !r || (total == 0 && r->f->n == 0);
    int *to = scratch((size_t)(nf + 1) * sizeof *to);
    if (!fresh && r->f->n != nf)
        fail_fields(r, s);
    for (int f = 0; f < nf; f++) {
        to[f] = fresh ? f : record_find(r, s->f->name[f]);
        if (to[f] < 0)
            fail_fields(r, s);
    }
    value *all = scratch((size_t)(g.numel * nf + 1) * sizeof *all);
    for (i64 i = 0; i < g.numel * nf; i++)
        all[i] = keep(copy(s->v[s->numel == 1 ? i % nf : i]));
    if (fresh)
        r = record_new(g.nd, g.dim, nf, s->f->name);
    else
        r = own_record(slot);
    if (!fresh && g.grows)
        record_resize(r, g.nd, g.dim);
    for (i64 i = 0; i < g.numel; i++)
        for (int f = 0; f < nf; f++)
            record_put(r, at[i], to[f], all[i * nf + f]);
    if (fresh)
        replace(slot, copy(record_value(r)));
}

static void store_element_field(value *slot, int n, const struct step *s, value rhs)      /* x(i).name…; s[0] PAREN, s[1] FIELD, slot a struct */
{
    struct record *r = slot->rec;
    struct target g;
    i64 p = aim_one(&g, r->nd, r->dim, r->numel, s->n, s->idx, "structs");
    int f = record_find(r, s[1].name);
    if (p >= 0 && f >= 0) {
        r = own_record(slot);
        store(&r->v[p * r->f->n + f], n - 2, s + 2, rhs);
        return;
    }
    value v = build(n - 2, s + 2, rhs);
    r = record_extend(slot, p < 0, g.nd, g.dim, s[1].name, &f);
    record_put(r, p < 0 ? -1 - p : p, f, v);
}

/* ---- objects: through their class */

static value call_paren(value self, const struct step *s)
{
    return index_paren(self, s->n, s->idx);
}

static void store_object(value *slot, int n, const struct step *s, value rhs)
{
    value self = *slot;
    const struct class *class = self.inst->class;
    if (s->kind == STEP_PAREN && n == 1) {
        if (!class->paren_set)
            fail("Octave:undefined-function", "\2 = …: a %s takes no indexed assignment", class->name);
        class->paren_set(self, s->n, s->idx, rhs);
        return;
    }
    if (s->kind == STEP_FIELD && n == 1) {
        if (!class->set || !class->set(self, s->name, rhs))
            fail("Octave:undefined-function", "\2 = …: a %s has no field '%s' to be set", class->name, s->name->text);
        return;
    }
    if (s->kind == STEP_FIELD && class->place) {
        value *p = class->place(self, s->name);
        if (p) {
            store(p, n - 1, s + 1, rhs);
            return;
        }
    }
    struct cell *hold = cell_2d(1, 1);        /* a place of its own for what the class hands out */
    value v = nil();
    if (s->kind == STEP_PAREN && class->paren && class->paren_set)
        v = call_paren(self, s);
    else if (s->kind == STEP_FIELD && class->get)
        v = class->get(self, s->name);
    if (is_nil(v))
        fail("Octave:undefined-function", s->kind == STEP_FIELD ? "\2 = …: a %s has no field '%s'" : "\2 = …: a %s cannot be indexed so%s", class->name,
             s->kind == STEP_FIELD ? s->name->text : "");
    cell_set(hold, 0, v);
    bool handle = v.kind == K_OBJECT;
    store(&hold->v[0], n - 1, s + 1, rhs);
    if (handle)
        return;
    if (s->kind == STEP_PAREN)
        class->paren_set(self, s->n, s->idx, hold->v[0]);
    else if (!class->set || !class->set(self, s->name, hold->v[0]))
        fail("Octave:undefined-function", "\2 = …: the field '%s' of a %s cannot be set", s->name->text, class->name);
}

/* ---- the walk */

static bool is_blank(value v)                 /* may become a cell or a struct by being written so */
{
    if (v.kind == K_NIL)
        return true;
    if (v.kind == K_TENSOR)
        return v.t->numel == 0 && !v.t->h.pins;
    return v.kind == K_CELL && v.cell->numel == 0;
}

NORETURN static void fail_step(value v, const struct step *s, int n)
{
    char what[160];
    value_describe(v, what);
    if (s->kind == STEP_FIELD || (n > 1 && s->kind == STEP_PAREN && s[1].kind == STEP_FIELD))
        fail("Octave:undefined-function", "\2 = …: a %s has no fields", what);
    if (s->kind == STEP_BRACE)
        fail("Octave:undefined-function", "\2 = …: a %s has no contents to be set by { }; only a cell has", what);
    if (n > 1 && s[1].kind == STEP_PAREN)
        fail("Octave:undefined-function", "\2 = …: an index behind an index can be read, not assigned");
    fail("Octave:undefined-function", "\2 = …: a %s cannot be indexed so", what);
}

static void write_elements(value *slot, int n, const value *idx, value rhs)       /* the last step is PAREN */
{
    char what[160], from[160];
    if (n == 0)
        fail("Octave:undefined-function", "\2 = …: an index is needed between the parentheses");
    switch (slot->kind) {
    case K_CELL:
        write_cell(slot, n, idx, rhs);
        return;
    case K_STRUCT:
        if (rhs.kind != K_STRUCT)
            fail("Octave:undefined-function", "\2 = …: \1 is a struct, the right side a %s", value_describe(rhs, what));
        write_struct(slot, n, idx, rhs);
        return;
    case K_FUNC:
        fail("Octave:undefined-function", "\2 = …: \1 is a function and has no elements");
    case K_OBJECT:
        fail("Octave:undefined-function", "\2 = …: \1 is an object and has no elements");
    default:
        break;
    }
    if (is_tensor_like(rhs))
        write_tensor(slot, n, idx, rhs);
    else if (rhs.kind == K_CELL && is_blank(*slot))
        write_cell(slot, n, idx, rhs);
    else if (rhs.kind == K_STRUCT && is_blank(*slot))
        write_struct(slot, n, idx, rhs);
    else if (slot->kind == K_NIL)
        fail("Octave:undefined-function", "\2 = …: a %s cannot be an element of an array; use \1{…}", value_describe(rhs, what));
    else
        fail("Octave:undefined-function", "\2 = …: \1 is a %s and cannot take a %s", value_describe(*slot, what), value_describe(rhs, from));
}

/* What a place that does not exist yet becomes when rhs is stored along the steps; pooled. */
static value build(int n, const struct step *s, value rhs)
{
    if (n == 0)
        return rhs;
    struct cell *hold = cell_2d(1, 1);
    value *slot = &hold->v[0];
    replace(slot, nil());
    struct target g;
    i64 none[2] = {0, 0};
    if (s->kind == STEP_FIELD) {
        value v = build(n - 1, s + 1, rhs);
        struct record *r = record_scalar();
        record_set(r, 0, s->name, v);
        return record_value(r);
    }
    if (s->kind == STEP_PAREN && n == 1) {
        write_elements(slot, s->n, s->idx, rhs);
        return *slot;
    }
    if (s->kind == STEP_BRACE || (s[1].kind == STEP_BRACE && s[1].n == 1 && s[1].idx->tag == 0 && s[1].idx->num == 1)) {
        int skip = s->kind == STEP_BRACE ? 1 : 2;
        struct cell *c = cell_2d(0, 0);
        i64 p = aim_one(&g, 2, none, 0, s->n, s->idx, "elements");
        value v = build(n - skip, s + skip, rhs);
        cell_resize(c, g.nd, g.dim);
        cell_set(c, -1 - p, v);
        return cell_value(c);
    }
    if (s[1].kind == STEP_FIELD) {
        i64 p = aim_one(&g, 2, none, 0, s->n, s->idx, "structs");
        value v = build(n - 2, s + 2, rhs);
        struct record *r = record_new(g.nd, g.dim, 1, &s[1].name);
        record_put(r, -1 - p, 0, v);
        return record_value(r);
    }
    fail_step(nil(), s, n);
}

static void store(value *slot, int n, const struct step *s, value rhs)
{
    if (n == 0) {
        replace(slot, copy(rhs));
        return;
    }
    if (slot->kind == K_OBJECT) {
        store_object(slot, n, s, rhs);
        return;
    }
    if (s->kind == STEP_PAREN && n == 1) {
        if (!write_number(slot, s->n, s->idx, rhs))
            write_elements(slot, s->n, s->idx, rhs);
        return;
    }
    if (slot->kind == K_CELL && s->kind == STEP_BRACE) {
        store_content(slot, n, s, rhs);
        return;
    }
    if (slot->kind == K_CELL && s->kind == STEP_PAREN && s[1].kind == STEP_BRACE && s[1].n == 1 && s[1].idx->tag == 0 && s[1].idx->num == 1) {
        struct step one = {.kind = STEP_BRACE, .n = s->n, .idx = s->idx};            /* c(i){1} is c{i} */
        struct target g;
        i64 p = aim_one(&g, slot->cell->nd, slot->cell->dim, slot->cell->numel, one.n, one.idx, "elements");
        if (p >= 0) {
            store(&own_cell(slot)->v[p], n - 2, s + 2, rhs);
            return;
        }
    }
    if (slot->kind == K_STRUCT && s->kind == STEP_PAREN && s[1].kind == STEP_FIELD) {
        store_element_field(slot, n, s, rhs);
        return;
    }
    if (slot->kind == K_STRUCT && s->kind == STEP_FIELD) {
        struct record *r = slot->rec;
        if (r->numel > 1) {
            char shape[128];
            fail("Octave:undefined-function", "\2 = …: \1 is a %s struct array; write \1(k)… = … or [\2] = …",
                 dims_text(r->nd, r->dim, shape));
        }
        int f = record_find(r, s->name);
        if (r->numel == 1 && f >= 0) {
            store(&own_record(slot)->v[f], n - 1, s + 1, rhs);
            return;
        }
        value v = build(n - 1, s + 1, rhs);
        i64 one[2] = {1, 1};
        r = record_extend(slot, r->numel == 0, 2, one, s->name, &f);
        record_put(r, 0, f, v);
        return;
    }
    if (is_blank(*slot)) {
        replace(slot, copy(build(n, s, rhs)));
        return;
    }
    fail_step(*slot, s, n);
}

void place_assign(value *root, int nstep, const struct step *step, value rhs)
{
    if (!is_counted(rhs) && nstep == 1 && step->kind == STEP_PAREN && write_number(root, step->n, step->idx, rhs))
        return;
    int mark = pool_mark();
    if (is_nil(rhs))
        fail("Octave:undefined-function", "\2 = …: the right side has no value");
    if (is_counted(rhs))
        rhs = keep(copy(rhs));                /* from here on a copy of it cannot fail, and a part of the root stays what it was */
    store(root, nstep, step, rhs);
    pool_release(mark);
}

/* ---- reading a place */

/* s(i).name of one element that exists, without copying the element. */
static bool element_field(value v, int n, const struct step *s, value *out)
{
    if (v.kind != K_STRUCT || n < 2 || s->kind != STEP_PAREN || s[1].kind != STEP_FIELD || s->n == 0)
        return false;
    struct record *r = v.rec;
    int f = record_find(r, s[1].name);
    i64 p;
    if (s->n == 1 && s->idx->tag == 0 && s->idx->num >= 1 && s->idx->num <= (double)r->numel && s->idx->num == trunc(s->idx->num)) {
        p = (i64)s->idx->num - 1;
    } else {
        struct target g;
        struct nest w;
        aim(&g, r->nd, r->dim, s->n, s->idx, 0, NULL);
        if (g.grows || g.numel != 1)
            return false;
        dense_nest(&g, &w);
        p = *nest_positions(&w);
    }
    if (f >= 0)
        *out = r->v[p * r->f->n + f];
    return f >= 0;
}

value place_get(value *root, int nstep, const struct step *step)
{
    value v = *root, *list;
    for (int k = 0; k < nstep; k++) {
        if (is_nil(v))
            fail("Octave:undefined-function", "'\1' is undefined");
        if (element_field(v, nstep - k, step + k, &v)) {
            k++;
            continue;
        }
        if (step[k].kind == STEP_PAREN) {
            v = index_paren(v, step[k].n, step[k].idx);
            continue;
        }
        int n = step[k].kind == STEP_BRACE ? index_brace(v, step[k].n, step[k].idx, &list) : index_field(v, step[k].name, &list);
        if (n != 1)
            fail("Octave:undefined-function", "\2: %d values where one is needed", n);
        v = *list;
    }
    if (is_nil(v))
        fail("Octave:undefined-function", "'\1' is undefined");
    return v;
}

value *place_walk(value *root, int nstep, const struct step *s, value *box, int *nbox)
{
    value *slot = root;
    *nbox = 0;
    for (int k = 0; k < nstep; k++) {
        if (slot->kind == K_STRUCT && (s[k].kind == STEP_FIELD || (s[k].kind == STEP_PAREN && k + 1 < nstep && s[k + 1].kind == STEP_FIELD))) {
            i64 p = 0;
            struct record *r = slot->rec;
            if (s[k].kind == STEP_PAREN) {
                struct target g;
                p = aim_one(&g, r->nd, r->dim, r->numel, s[k].n, s[k].idx, "structs");
                if (p < 0)
                    fail("Octave:index-out-of-bounds", "\2: index out of bound");
                k++;
            } else if (r->numel != 1) {
                return NULL;
            }
            int f = record_find(r, s[k].name);
            if (f < 0) {
                value *list;
                index_field(*slot, s[k].name, &list);                /* says so */
            }
            r = own_record(slot);
            box[(*nbox)++] = *slot;
            slot = &r->v[p * r->f->n + f];
        } else if (slot->kind == K_CELL && s[k].kind == STEP_BRACE) {
            struct target g;
            struct cell *c = slot->cell;
            i64 p = aim_one(&g, c->nd, c->dim, c->numel, s[k].n, s[k].idx, "elements");
            if (p < 0)
                fail("Octave:index-out-of-bounds", "\2: index out of bound; \1 has %lld elements", (long long)c->numel);
            c = own_cell(slot);
            box[(*nbox)++] = *slot;
            slot = &c->v[p];
        } else if (slot->kind == K_OBJECT && s[k].kind == STEP_FIELD && slot->inst->class->place) {
            slot = slot->inst->class->place(*slot, s[k].name);
            if (!slot)
                return NULL;
            *nbox = 0;                        /* a handle is nobody's copy: containers above it need no pin */
        } else {
            return NULL;
        }
    }
    return slot;
}

void place_write(value *slot, struct tensor *r)
{
    value all = colon();
    if (unlikely(RECORDING != NULL) && write_taped(slot, 1, &all, tensor_box(r), r))
        return;
    if (slot->kind == K_NUM) {
        replace(slot, copy(tensor_value(tensor_cast(r, slot->dtype))));
        return;
    }
    if (slot->kind == K_WINDOW) {
        struct window *w = slot->w;
        int dt = w->base->dtype;
        struct tensor *src = tensor_dense(tensor_cast(r, dt));
        struct nest nest;
        struct ix x[MAX_DIMS];
        if (src == w->base)                   /* v = A.t(); v.copy_(A) */
            src = tensor_clone(src);
        for (int k = 0; k < w->nd; k++)
            x[k] = (struct ix){.n = w->dim[k], .step = 1};
        nest_of(&nest, w->nd, x, w->stride);
        own_block(w->base);
        (src->numel == 1 ? nest_fill : nest_write)(&nest, window_data(w), src->data, dtypes[dt].size);
        w->base->version++;
        return;
    }
    struct tensor *t = own_tensor(slot);
    struct tensor *src = tensor_dense(tensor_cast(r, t->dtype));
    size_t size = dtypes[t->dtype].size;
    own_block(t);
    if (src->numel == 1 && t->numel != 1) {
        struct nest all = {.nd = 1, .numel = t->numel, .n = {t->numel}, .stride = {1}};
        nest_fill(&all, t->data, src->data, size);
    } else {
        memmove(t->data, src->data, (size_t)t->numel * size);
    }
    t->version++;
    unbox(slot);
}

/* ---- deleting */

NORETURN static void fail_delete(int k, int n, i64 i, i64 len, int nd, const i64 *dim)
{
    fail_bound(k, n, i, len, nd, dim);
}

/* Which elements stay: runs along one dimension.  Returns the dimension (-1: nothing goes) and the positions kept along it;
   for a linear index the thing is seen as the vector it becomes. */
static int cut(int nd, const i64 *dim, int n, const value *idx, int *out_nd, i64 *out, i64 *folded, const i64 **stay, i64 *nstay)
{
    struct ix x[MAX_DIMS];
    i64 len[MAX_DIMS];
    int d = -1;
    bool nothing = false;
    if (n < 1 || n > MAX_DIMS)
        fail("Octave:index-out-of-bounds", "\1: %d indices, but a tensor has at most %d dimensions", n, MAX_DIMS);
    fold_dims(nd, dim, n, len);
    for (int k = 0; k < n; k++) {
        index_parse(&x[k], idx[k], len[k], k, n);
        nothing = nothing || (x[k].n == 0 && !x[k].colon);
    }
    *out_nd = nd;
    memcpy(out, dim, sizeof(i64) * (size_t)nd);
    if (nothing)
        return -1;
    for (int k = 0; k < n; k++)
        if (x[k].extent > len[k])
            fail_delete(k, n, x[k].extent, len[k], nd, dim);
    if (n == 1 && x[0].colon) {
        out[0] = out[1] = 0, *out_nd = 2, *nstay = 0, *stay = NULL;
        memcpy(folded, len, sizeof(i64));
        return 0;
    }
    for (int pass = 0; pass < 2 && d < 0; pass++)              /* first the index that is no colon, then what selects less than all */
        for (int k = 0; k < n; k++) {
            if (pass == 0 ? x[k].colon : false)
                continue;
            bool all = true;
            for (int j = 0; j < n && all; j++) {
                if (j == k || x[j].colon)
                    continue;
                bool *seen = scratch((size_t)len[j] + 1);
                memset(seen, 0, (size_t)len[j] + 1);
                for (i64 i = 0; i < x[j].n; i++)
                    seen[ix_at(&x[j], i)] = true;
                for (i64 i = 0; i < len[j]; i++)
                    all = all && seen[i];
            }
            if (all) {
                d = k;
                break;
            }
        }
    if (d < 0)
        fail("Octave:undefined-function", "\2 = []: only one index may select less than all");
    bool *gone = scratch((size_t)len[d] + 1);
    memset(gone, 0, (size_t)len[d] + 1);
    for (i64 i = 0; i < x[d].n; i++)
        gone[ix_at(&x[d], i)] = true;
    i64 *list = scratch((size_t)(len[d] + 1) * sizeof *list), m = 0;
    for (i64 i = 0; i < len[d]; i++)
        if (!gone[i])
            list[m++] = i;
    *stay = list, *nstay = m;
    if (n == 1) {
        bool column = nd == 2 && dim[1] == 1 && dim[0] != 1;
        out[0] = column ? m : 1, out[1] = column ? 1 : m, *out_nd = 2;
    } else {
        memcpy(out, len, sizeof(i64) * (size_t)n);
        out[d] = m;
        *out_nd = dims_trim(n, out);
    }
    memcpy(folded, len, sizeof(i64) * (size_t)n);
    return d;
}

static void keep_nest(struct nest *w, int n, const i64 *len, int d, const i64 *stay, i64 nstay)
{
    struct ix x[MAX_DIMS];
    i64 stride[MAX_DIMS];
    dense_strides(n, len, stride);
    for (int k = 0; k < n; k++)
        x[k] = (struct ix){.n = len[k], .step = 1};
    x[d].list = stay, x[d].n = nstay;
    nest_of(w, n, x, stride);
}

/* Moves the elements that stay to the front; those that go are handed to the pool, which drops them later. */
static void compact(value *v, i64 numel, int unit, const i64 *at, i64 nstay)
{
    i64 k = 0;
    for (i64 e = 0; e < numel; e++) {
        bool stays = k < nstay && at[k] == e;
        for (int u = 0; u < unit; u++) {
            if (stays)
                v[k * unit + u] = v[e * unit + u];
            else
                drop(v[e * unit + u]);
        }
        k += stays;
    }
}

/* New sizes of a container; more has room for them when they are more than four. */
static void dims_set(int *nd, i64 **dim, i64 *inline_dim, int out_nd, const i64 *out, i64 *more)
{
    if (*dim != inline_dim)
        memory_free(*dim, sizeof(i64) * (size_t)*nd);
    *dim = more ? more : inline_dim;
    *nd = out_nd;
    memcpy(*dim, out, sizeof(i64) * (size_t)out_nd);
}

static void delete_elements(value *slot, int n, const value *idx)
{
    i64 dim[MAX_DIMS], out[MAX_DIMS], len[MAX_DIMS], nstay = 0;
    const i64 *stay = NULL;
    struct nest w;
    char what[160];
    int out_nd;
    if (slot->kind == K_OBJECT && slot->inst->class->paren_set) {
        slot->inst->class->paren_set(*slot, n, idx, tensor_box(tensor_2d(D_DOUBLE, 0, 0)));
        return;
    }
    if (slot->kind == K_WINDOW)
        fail("Octave:index-out-of-bounds", "\2 = []: \1 is a window (%s), and nothing can be deleted from it; clone(\1) can", value_shape(*slot, what));
    if (!is_tensor_like(*slot) && slot->kind != K_CELL && slot->kind != K_STRUCT)
        fail("Octave:undefined-function", "\2 = []: a %s has no elements to delete", value_describe(*slot, what));
    int nd = value_dims(*slot, dim), d = cut(nd, dim, n, idx, &out_nd, out, len, &stay, &nstay);
    if (d < 0)
        return;
    if (n == 1 && nstay == 0)
        w.numel = 0, w.nd = 0, w.offset = 0;
    else
        keep_nest(&w, n, len, d, stay, nstay);
    if (slot->kind == K_CELL || slot->kind == K_STRUCT) {
        const i64 *at = nest_positions(&w);
        i64 *more = NULL;
        if (slot->kind == K_CELL) {
            struct cell *c = own_cell(slot);
            if (out_nd > 4)
                more = memory_get(sizeof(i64) * (size_t)out_nd);
            compact(c->v, c->numel, 1, at, w.numel);
            c->numel = w.numel;
            dims_set(&c->nd, &c->dim, c->inline_dim, out_nd, out, more);
        } else {
            struct record *r = own_record(slot);
            if (out_nd > 4)
                more = memory_get(sizeof(i64) * (size_t)out_nd);
            compact(r->v, r->numel, r->f->n, at, w.numel);
            r->numel = w.numel;
            dims_set(&r->nd, &r->dim, r->inline_dim, out_nd, out, more);
        }
        return;
    }
    if (unlikely(RECORDING && tracked(*slot))) {          /* what stays is read by its positions, and reading is on the tape */
        struct tensor *all = tensor_new(D_DOUBLE, nd, dim);
        for (i64 i = 0; i < all->numel; i++)
            ((double *)all->data)[i] = (double)(i + 1);
        struct tensor *at = tensor_new(D_DOUBLE, out_nd, out);
        nest_read(&w, at->data, all->data, sizeof(double));
        value left = tensor_box(at);
        replace(slot, copy(index_paren(*slot, 1, &left)));
        return;
    }
    struct tensor *t = tensor_of(*slot);
    if (slot->kind == K_TENSOR && t->h.owners == 1 && !t->h.pins && !t->mark && t->nd == 2 && out_nd == 2 && t->dim == t->inline_dim &&
        (t->flags & T_DENSE) && nstay && stay[nstay - 1] == nstay - 1 && (n == 1 ? t->dim[0] == 1 || t->dim[1] == 1 : d == 1) && w.numel > 1) {
        t->dim[0] = out[0], t->dim[1] = out[1];           /* the end goes: v(end) = [] costs nothing */
        dense_strides(2, t->dim, t->stride);
        t->numel = w.numel;
        t->version++;
        return;
    }
    struct tensor *from = tensor_dense(t), *u = tensor_new(t->dtype, out_nd, out);
    nest_read(&w, u->data, from->data, dtypes[t->dtype].size);
    u->flags |= t->flags & T_DQ;
    replace(slot, copy(tensor_value(u)));
}

void place_delete(value *root, int nstep, const struct step *step)
{
    if (nstep == 0 || step[nstep - 1].kind != STEP_PAREN) {
        place_assign(root, nstep, step, tensor_box(tensor_2d(D_DOUBLE, 0, 0)));
        return;
    }
    int mark = pool_mark(), nbox;
    value *box = scratch((size_t)nstep * sizeof *box);
    place_get(root, nstep - 1, step);         /* says what is missing before anything is unshared */
    value *slot = place_walk(root, nstep - 1, step, box, &nbox);
    if (!slot)
        fail("Octave:undefined-function", "\2 = []: \1 is no place whose elements could be deleted");
    delete_elements(slot, step[nstep - 1].n, step[nstep - 1].idx);
    pool_release(mark);
}

/* ---- lists on the left: [c{1:2}] = …, [s.f] = … */

/* The container that the last step works on, without unsharing; NIL when it does not exist. */
static value peek_parent(value *root, int nstep, const struct step *s)
{
    value v = *root, *list;
    for (int k = 0; k < nstep; k++) {
        if (element_field(v, nstep - k, s + k, &v)) {
            k++;
            continue;
        }
        if (v.kind == K_STRUCT && s[k].kind == STEP_FIELD) {
            if (record_find(v.rec, s[k].name) < 0)
                return nil();
            if (index_field(v, s[k].name, &list) != 1)
                return nil();
            v = *list;
        } else if ((v.kind == K_CELL && s[k].kind == STEP_BRACE) || ((v.kind == K_CELL || v.kind == K_STRUCT) && s[k].kind == STEP_PAREN)) {
            i64 dim[MAX_DIMS];
            struct target g;
            aim(&g, value_dims(v, dim), dim, s[k].n, s[k].idx, 0, NULL);
            if (g.grows || (s[k].kind == STEP_BRACE && g.numel != 1))
                return nil();
            if (s[k].kind == STEP_PAREN) {
                v = index_paren(v, s[k].n, s[k].idx);
            } else {
                index_brace(v, s[k].n, s[k].idx, &list);
                v = *list;
            }
        } else {
            return nil();
        }
    }
    return v;
}

static i64 aimed_count(value v, const struct step *s)
{
    i64 dim[MAX_DIMS] = {0, 0};
    int nd = v.kind != (s->kind == STEP_BRACE ? K_CELL : K_STRUCT) ? 2 : value_dims(v, dim);      /* what is blank becomes one */
    struct target g;
    aim(&g, nd, dim, s->n, s->idx, 0, NULL);
    return g.numel;
}

int place_count(value *root, int nstep, const struct step *step)
{
    int mark = pool_mark();
    i64 n = 1;
    const struct step *last = step + nstep - 1;
    if (nstep && last->kind == STEP_BRACE)
        n = aimed_count(peek_parent(root, nstep - 1, step), last);
    else if (nstep > 1 && last->kind == STEP_FIELD && last[-1].kind == STEP_PAREN) {
        value v = peek_parent(root, nstep - 2, step);
        if (v.kind != K_OBJECT && v.kind != K_FUNC)
            n = aimed_count(v, last - 1);
    } else if (nstep && last->kind == STEP_FIELD) {
        value v = peek_parent(root, nstep - 1, step);
        if (v.kind == K_STRUCT && v.rec->numel != 0)
            n = v.rec->numel;
    }
    pool_release(mark);
    if (n > INT32_MAX)
        fail("Octave:index-out-of-bounds", "\2 = …: a list of %lld values is too long", (long long)n);
    return (int)n;
}

void place_list_assign(value *root, int nstep, const struct step *step, int nrhs, const value *rhs)
{
    const struct step *last = step + nstep - 1;
    if (nstep == 0 || (last->kind == STEP_PAREN && nrhs == 1)) {
        place_assign(root, nstep, step, rhs[0]);
        return;
    }
    int mark = pool_mark(), want = place_count(root, nstep, step);
    if (want != nrhs)
        fail("Octave:nonconformant-args", "[\2] = …: %d places on the left, %d values on the right", want, nrhs);
    for (int i = 0; i < nrhs; i++)
        if (is_nil(rhs[i]))
            fail("Octave:undefined-function", "[\2] = …: value %d of the right side is missing", i + 1);
    if (last->kind == STEP_BRACE) {           /* the same as c(…) = {values} */
        struct step *copy_of = scratch((size_t)nstep * sizeof *copy_of);
        memcpy(copy_of, step, (size_t)nstep * sizeof *copy_of);
        copy_of[nstep - 1].kind = STEP_PAREN;
        value parent = peek_parent(root, nstep - 1, step);
        i64 dim[MAX_DIMS] = {0, 0}, l[MAX_DIMS];
        int nd = parent.kind != K_CELL ? 2 : value_dims(parent, dim);
        struct target g;
        if (!is_nil(parent) && parent.kind != K_CELL && !is_blank(parent))
            fail_step(parent, last, 1);
        aim(&g, nd, dim, last->n, last->idx, 0, NULL);
        for (int k = 0; k < g.n; k++)
            l[k] = g.x[k].n;
        struct cell *c = g.n == 1 ? cell_2d(1, nrhs) : cell_new(g.n, l);
        for (int i = 0; i < nrhs; i++)
            cell_set(c, i, rhs[i]);
        place_assign(root, nstep, copy_of, cell_value(c));
    } else if (want == 1) {
        place_assign(root, nstep, step, rhs[0]);
    } else {
        bool indexed = nstep > 1 && last[-1].kind == STEP_PAREN;
        int up = nstep - 1 - indexed, nbox, f;
        value *box = scratch((size_t)nstep * sizeof *box);
        value parent = peek_parent(root, up, step);
        if (parent.kind != K_STRUCT && is_blank(parent)) {   /* [s(1:2).a] = … where there is no s */
            i64 none[2] = {0, 0};
            struct target g;
            struct nest w;
            aim(&g, 2, none, last[-1].n, last[-1].idx, 0, NULL);
            dense_nest(&g, &w);
            const i64 *at = nest_positions(&w);
            struct record *r = record_new(g.nd, g.dim, 1, &last->name);
            for (int i = 0; i < nrhs; i++)
                record_put(r, at[i], 0, rhs[i]);
            place_assign(root, up, step, record_value(r));
            pool_release(mark);
            return;
        }
        value *slot = place_walk(root, up, step, box, &nbox);
        value *all = scratch((size_t)nrhs * sizeof *all);
        for (int i = 0; i < nrhs; i++)
            all[i] = keep(copy(rhs[i]));
        if (!slot || slot->kind != K_STRUCT)
            fail("Octave:undefined-function", "[\2] = …: not a struct array");
        struct record *r = slot->rec;
        struct target g = {.grows = false};
        const i64 *at = NULL;
        if (indexed) {
            struct nest w;
            aim(&g, r->nd, r->dim, last[-1].n, last[-1].idx, 0, NULL);
            dense_nest(&g, &w);
            at = nest_positions(&w);
        }
        r = record_extend(slot, g.grows, g.nd, g.dim, last->name, &f);
        for (int i = 0; i < nrhs; i++)
            record_put(r, at ? at[i] : i, f, all[i]);
    }
    pool_release(mark);
}

void place_hint_opassign(value old, value new, const char *op)
{
    if (old.kind == K_WINDOW && new.kind != K_WINDOW && (op[0] == '+' || op[0] == '-' || op[0] == '*' || op[0] == '/'))
        warn("tl:window-rebound", "\1 %s= … gives \1 new memory and leaves what it was a window on; \1.%s…) writes through it", op,
             op[0] == '+' ? "add_(" : op[0] == '-' ? "add_(-1, " : op[0] == '*' ? "mul_(" : "div_(");
}
