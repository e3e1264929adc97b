/* SPDX-License-Identifier: BSD-3-Clause */
/* place.c: writing into places.
 *
 * One walk goes down the path as far as it exists, making each container its own; where it ends, what is missing is
 * built from the leaf up (`build`) and put in with one store.  So there is one commit point per write: everything
 * before it may fail and changes nothing that can be seen.  Stores after it only move counted references: the right side
 * has been copied into the pool at the start, and a copy of that cannot fail any more.
 *
 * aim.h says what indices select and what size follows. */
#include "aim.h"
#include "gpu.h"
#include "tape.h"
#include "call.h"
#include "sparse.h"
#include <complex.h>
#include <math.h>

static void store(value *slot, int n, const struct step *s, value rhs);
static value build(int n, const struct step *s, value rhs);

/* ---- tensors */

/* The class of x after x(i) = y, as Octave's: floating and integer left sides keep theirs, logical and text give way. */
int place_class(int a, int b)
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
        if (r->dtype == D_CDOUBLE ? cimag(((const double _Complex *)r->data)[i]) != 0
                                  : cimagf(((const float _Complex *)r->data)[i]) != 0)
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
        fail("Octave:index-out-of-bounds", "\2 = …: \1 is a window (%s) and cannot grow; clone(\1) can",
             dims_text(w->nd, w->dim, shape));
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
    window_left(w);
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

/* A matrix gets more rows.  A small one stays dense: its columns move up within the spare room, the last first.  A larger one
   gets room below each column, so its columns lie apart (stride[1] is that room) and most calls only clear the new elements;
   tensor_settle moves them together again, in place. */
bool place_grow_rows(struct tensor *t, i64 rows)
{
    enum { MOVED = 1024 };                    /* bytes that are rather moved than kept apart */
    if (t->h.pins || t->mark || t->device || t->nd != 2 || t->dim != t->inline_dim || !t->numel || rows <= t->dim[0] ||
        t->dim[1] < 2 || t->stride[0] != 1 || t->stride[1] < t->dim[0])
        return false;
    bool alone = !t->block || (t->block->owners == 1 && !t->block->foreign), dense = t->flags & T_DENSE;
    if (!alone && !dense)
        return false;
    i64 cols = t->dim[1], n = dims_numel(2, (i64[]){ rows, cols }), apart = t->stride[1];
    size_t size = dtypes[t->dtype].size, old = (size_t)t->dim[0] * size;
    size_t bytes = t->block ? t->block->bytes - (size_t)(t->data - t->block->data) : t->small * (size_t)64 - SPARE;
    if (!t->block && !t->small)
        bytes = 0;
    if (!alone || rows > apart) {
        char *from = t->data;
        i64 was = apart;
        struct block *b = NULL;
        if (alone && (size_t)n * size <= MOVED && (size_t)n * size <= bytes) {
            apart = rows;
        } else if (!alone || (size_t)(n + n / 8) * size > bytes) {
            b = block_new((size_t)(n + n / 2) * size);
            bytes = b->bytes;
            t->data = b->data;
            apart = (i64)(bytes / size) / cols;
        } else {
            apart = (i64)(bytes / size) / cols;
        }
        for (i64 j = cols; j-- > 0;)
            memmove(t->data + (size_t)(j * apart) * size, from + (size_t)(j * was) * size, old);
        if (b) {
            if (t->block)
                block_drop(t->block);
            t->block = b;
        }
    }
    t->dim[0] = rows;
    t->stride[1] = apart;
    t->numel = n;
    t->flags = (uint8_t)(apart == rows ? t->flags | T_DENSE : t->flags & ~T_DENSE) & 15;
    for (i64 j = 0; j < cols; j++)
        memset(t->data + (size_t)(j * apart) * size + old, 0, (size_t)rows * size - old);
    return true;
}

#define LINE(T)                                                                                                        \
    do {                                                                                                               \
        T *to_ = (T *)to;                                                                                              \
        const T *from_ = (const T *)from;                                                                              \
        for (i64 k_ = 0; k_ < n; k_++)                                                                                 \
            to_[k_ * apart] = from_[k_ * each];                                                                        \
    } while (0)

bool place_line(value *slot, value i, value j, value rhs)
{
    bool row = j.kind == K_COLON;
    value at = row ? i : j;
    if (slot->kind != K_TENSOR || (i.kind == K_COLON) == row || at.tag != 0 || RECORDING)
        return false;
    struct tensor *t = slot->t, *r = rhs.kind == K_TENSOR ? rhs.t : NULL;
    i64 n = t->dim[row], last = t->dim[!row], k = at.num >= 1 && at.num <= (double)last + 1 ? (i64)at.num : 0;
    if (t->h.owners != 1 || t->nd != 2 || t->mark || t->device || !t->numel || (double)k != at.num ||
        dtype_is(t->dtype, DT_C) || (t->block && t->block->owners != 1))
        return false;
    if (r ? r->dtype != t->dtype || r == t || r->numel != n || r->nd != 2 || !(r->flags & T_DENSE) || r->mark || r->device ||
                (r->dim[0] != 1 && r->dim[1] != 1)
          : rhs.kind != K_NUM || rhs.dtype != t->dtype)
        return false;
    if (k == 0 || (k > last && !(row ? place_grow_rows(t, k) : place_grow(t, 2, (i64[]){ t->dim[0], k }))))
        return false;
    size_t size = dtypes[t->dtype].size;
    char one[8], *to = t->data + (size_t)((k - 1) * t->stride[!row]) * size;
    const char *from = r ? r->data : one;
    i64 apart = t->stride[row], each = r != NULL;
    if (!r)
        convert_run(t->dtype, one, rhs.dtype == D_INT64 || rhs.dtype == D_UINT64 ? rhs.dtype : D_DOUBLE, &rhs.num, 1);
    if (apart == 1 && r)
        memcpy(to, from, (size_t)n * size);
    else if (size == 8)
        LINE(uint64_t);
    else if (size == 4)
        LINE(uint32_t);
    else if (size == 2)
        LINE(uint16_t);
    else
        LINE(uint8_t);
    t->version++;
    return true;
}
#undef LINE

static void warn_pinned(const value *slot, const char *what)
{
    if (slot->kind == K_TENSOR && slot->t->h.pins)
        warn("tl:window-detached", "what has windows %s here: it gets new memory, and its windows keep the old", what);
}

void place_detached(value *slot, bool grows) { warn_pinned(slot, grows ? "grows" : "changes its class"); }

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
        rhs = tensor_box(tensor_any(rhs));
    value old = keep(copy(w ? tensor_box(w->base) : *slot));
    tape_untracked(taped_write, &(struct taped){slot, n, idx, rhs, r});
    tape_assign(w ? w->base : own_tensor(slot), old, w, n, idx, rhs);
    return true;
}

static void write_tensor(value *slot, int n, const value *idx, value rhs)
{
    if (unlikely(RECORDING != NULL) && write_taped(slot, n, idx, rhs, NULL))
        return;
    if (unlikely(context_head()->boards != 0) && (value_device(*slot) || value_device(rhs) || gpu_among(n, idx))) {
        gpu_assign(slot, n, idx, rhs);
        return;
    }
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
    int dt = slot->kind == K_NIL ? rd : place_class(t->dtype, rd);
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
        if (g.numel == 0 && !g.grows)
            return;
        t = own_tensor(slot);
        bool fits = !g.grows || place_grow(t, g.nd, g.dim) ||
                    (g.nd == 2 && t->nd == 2 && g.dim[1] == t->dim[1] && place_grow_rows(t, g.dim[0]));
        if (fits) {
            if (!(t->flags & T_DENSE) && t->nd == 2 && g.n == 2 && t->block && t->block->owners == 1)
                nest_of(&nest, 2, g.x, t->stride);             /* columns that lie apart stay so */
            else
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
    if (t->dtype != rhs.dtype &&
        (!dtype_is(t->dtype, DT_F | DT_I) || dtype_is(t->dtype, DT_C) || rhs.dtype == D_INT64 || rhs.dtype == D_UINT64))
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
    if (slot->kind == K_WINDOW)
        window_left(slot->w);
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
    value *all =
        scratch((size_t)(g.numel + 1) * sizeof *all); /* copied before anything changes: the copies cannot fail */
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

/* A field or element that is a plain [] takes the class of what is written into it, as if it were not there yet. */
static void store_child(value *slot, int n, const struct step *s, value rhs)
{
    if (n && s->kind == STEP_PAREN && slot->kind == K_TENSOR && slot->t->dtype == D_DOUBLE && slot->t->nd == 2 &&
        slot->t->dim[0] == 0 && slot->t->dim[1] == 0 && !slot->t->h.pins && !slot->t->mark)
        replace(slot, copy(build(n, s, rhs)));
    else
        store(slot, n, s, rhs);
}

/* What has a target of its own stays out of the frame of store: a path a.b.b.b… takes one of those a step. */
#define OWN_FRAME __attribute__((noinline))

static OWN_FRAME void store_content(value *slot, int n, const struct step *s, value rhs)      /* s is BRACE, slot a cell */
{
    struct cell *c = slot->cell;
    struct target g;
    i64 p = aim_one(&g, c->nd, c->dim, c->numel, s->n, s->idx, "elements");
    if (p >= 0) {
        store_child(&own_cell(slot)->v[p], n - 1, s + 1, rhs);
        return;
    }
    value v = build(n - 1, s + 1, rhs);
    c = own_cell(slot);
    cell_resize(c, g.nd, g.dim);
    cell_set(c, -1 - p, v);
}

static OWN_FRAME bool store_only(value *slot, int n, const struct step *s,
                                 value rhs) /* c(i){1} is c{i}; false: there is none */
{
    struct target g;
    i64 p = aim_one(&g, slot->cell->nd, slot->cell->dim, slot->cell->numel, s->n, s->idx, "elements");
    if (p >= 0)
        store(&own_cell(slot)->v[p], n - 2, s + 2, rhs);
    return p >= 0;
}

/* ---- structs */

/* The slot's struct array alone, of this size and with this field; one of both may be missing in the old one.  All or
 * nothing. */
struct resizing { struct record *r; int nd; const i64 *dim; };
static void resize_record(void *arg)
{
    struct resizing *a = arg;
    record_resize(a->r, a->nd, a->dim);
}

struct record *record_extend(value *slot, bool grows, int nd, const i64 *dim, sym name, int *f)
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
    fail("Octave:undefined-function", "\2 = …: the fields differ, %s on the left, %s on the right",
         l->n ? l->s : "none", r->n ? r->s : "none");
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

static OWN_FRAME void store_element_field(value *slot, int n, const struct step *s,
                                          value rhs) /* x(i).name…; s[0] PAREN, s[1] FIELD, slot a struct */
{
    struct record *r = slot->rec;
    struct target g;
    i64 p = aim_one(&g, r->nd, r->dim, r->numel, s->n, s->idx, "structs");
    int f = record_find(r, s[1].name);
    if (p >= 0 && f >= 0) {
        r = own_record(slot);
        store_child(&r->v[p * r->f->n + f], n - 2, s + 2, rhs);
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
        if (!class->set || !class->set(self, s->name, rhs)) {
            fail("Octave:undefined-function", "\2 = …: a %s has no field '%s' to be set%s", class->name, s->name->text,
                 field_meant(self, s->name->text));
        }
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
        fail("Octave:undefined-function",
             s->kind == STEP_FIELD ? "\2 = …: a %s has no field '%s'" : "\2 = …: a %s cannot be indexed so%s",
             class->name, s->kind == STEP_FIELD ? s->name->text : "");
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

bool is_blank(value v)                 /* may become a cell or a struct by being written so */
{
    if (v.kind == K_NIL)
        return true;
    if (v.kind == K_TENSOR)
        return v.t->numel == 0 && !v.t->h.pins;
    return v.kind == K_CELL && v.cell->numel == 0;
}

NORETURN void fail_step(value v, const struct step *s, int n)
{
    char what[160];
    value_describe(v, what);
    const struct step *field = s->kind == STEP_FIELD ? s : n > 1 ? s + 1 : s;
    const char *habit = field->kind == STEP_FIELD && hooks()->habit ? hooks()->habit(field->name->text) : NULL;
    if (s->kind == STEP_FIELD || (n > 1 && s->kind == STEP_PAREN && s[1].kind == STEP_FIELD))
        fail("Octave:undefined-function",
             "\2 = …: a %s has no fields\nhint: %s", what, habit ? habit : "only a struct has fields; clear \1 first, or use another name");
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
    if (unlikely(context_head()->sparse != 0) && (slot->kind == K_SPARSE || rhs.kind == K_SPARSE || sparse_among(n, idx))) {
        value *full = scratch(sizeof *full * (size_t)n);
        for (int k = 0; k < n; k++)
            full[k] = sparse_mask_positions(idx[k]);
        if (slot->kind == K_SPARSE || (rhs.kind == K_SPARSE && slot->kind == K_NIL))
            sparse_assign(slot, n, full, rhs);
        else
            write_elements(slot, n, full, sparse_full_value(rhs));
        return;
    }
    if (is_tensor_like(rhs))
        write_tensor(slot, n, idx, rhs);
    else if (rhs.kind == K_CELL && is_blank(*slot))
        write_cell(slot, n, idx, rhs);
    else if (rhs.kind == K_STRUCT && is_blank(*slot))
        write_struct(slot, n, idx, rhs);
    else if (slot->kind == K_NIL)
        fail("Octave:undefined-function", "\2 = …: a %s cannot be an element of an array; use \1{…}",
             value_describe(rhs, what));
    else
        fail("Octave:undefined-function", "\2 = …: \1 is a %s and cannot take a %s", value_describe(*slot, what),
             value_describe(rhs, from));
}

/* What a place that does not exist yet becomes when rhs is stored along the steps; pooled. */
static value build(int n, const struct step *s, value rhs)
{
    if (n == 0)
        return rhs;
    descend("assignment");
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
    if (n > 1)
        descend("assignment");
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
    if (slot->kind == K_CELL && s->kind == STEP_PAREN && s[1].kind == STEP_BRACE && s[1].n == 1 && s[1].idx->tag == 0 &&
        s[1].idx->num == 1 && store_only(slot, n, s, rhs))
        return;
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
            store_child(&own_record(slot)->v[f], n - 1, s + 1, rhs);
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
        rhs = keep(copy(rhs)); /* from here on a copy of it cannot fail, and a part of the root stays what it was */
    store(root, nstep, step, rhs);
    pool_release(mark);
}

/* ---- reading a place */

/* s(i).name of one element that exists, without copying the element. */
bool element_field(value v, int n, const struct step *s, value *out)
{
    if (v.kind != K_STRUCT || n < 2 || s->kind != STEP_PAREN || s[1].kind != STEP_FIELD || s->n == 0)
        return false;
    struct record *r = v.rec;
    int f = record_find(r, s[1].name);
    i64 p;
    if (s->n == 1 && s->idx->tag == 0 && s->idx->num >= 1 && s->idx->num <= (double)r->numel &&
        s->idx->num == trunc(s->idx->num)) {
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
        int n = step[k].kind == STEP_BRACE ? index_brace(v, step[k].n, step[k].idx, &list)
                                           : index_field(v, step[k].name, &list);
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
        if (slot->kind == K_STRUCT &&
            (s[k].kind == STEP_FIELD || (s[k].kind == STEP_PAREN && k + 1 < nstep && s[k + 1].kind == STEP_FIELD))) {
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
    if (unlikely(r->device | value_device(*slot))) {
        gpu_write(slot, r);
        return;
    }
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
        window_left(w);
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
