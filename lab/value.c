/* SPDX-License-Identifier: BSD-3-Clause */
/* value.c: counts, the pool, containers, ranges, the cycle collector.
 *
 * What each kind does when it is freed, walked or copied stands in the functions named in kinds.def.  Freeing
 * works off a list, not the C stack, so {{{{…}}}} nested a million deep is freed like anything else. */
#include "context.h"
#include <math.h>
#include <stdlib.h>

const struct dtype_row dtypes[DTYPES] = {
#define D(name, ctype, class, flags, compute, accumulate) [D_##name] = { class, sizeof(ctype), flags, D_##compute, D_##accumulate },
#include "dtypes.def"
#undef D
};

/* ---- the pool */
value keep(value v)
{
    if (unlikely(cx->npool == cx->pool_cap)) {
        int cap = cx->pool_cap ? 2 * cx->pool_cap : 256;
        value *p = realloc(cx->pool, (size_t)cap * sizeof *p);
        if (!p) {
            drop(v);
            fail_memory((size_t)cap * sizeof *p);
        }
        cx->pool = p;
        cx->pool_cap = cap;
    }
    cx->pool[cx->npool++] = v;
    return v;
}

int pool_mark(void)
{
    return cx->npool;
}

bool pool_holds(int mark, value v)
{
    for (int i = cx->npool; i-- > mark;)
        if (cx->pool[i].o == v.o && cx->pool[i].kind == v.kind)
            return true;
    return false;
}

void pool_release(int mark)
{
    while (cx->npool > mark) {
        value v = cx->pool[--cx->npool];
        if (v.kind == POOL_SCRATCH)
            data_put(v.o, v.a);
        else
            drop(v);
    }
}

/* ---- freeing */
static void tensor_release(struct tensor *t)
{
    i64 *dims = t->dim == t->inline_dim ? NULL : t->dim;
    if (dims)
        memory_free(dims, 2 * sizeof(i64) * t->nd);
    if (t->block)
        block_drop(t->block);
    memory_free(t, sizeof *t + t->small * (size_t)64);
}

static void RANGE_free(value v) { memory_free(v.range, sizeof *v.range); }
static void RANGE_children(value v, void (*visit)(value *, void *), void *arg) { (void)v; (void)visit; (void)arg; }

static void TENSOR_free(value v)
{
    if (!v.t->h.pins)                         /* else its windows keep it */
        tensor_release(v.t);
}
static void TENSOR_children(value v, void (*visit)(value *, void *), void *arg) { (void)v; (void)visit; (void)arg; }

static void WINDOW_free(value v)
{
    struct window *w = v.w;
    struct tensor *t = w->base;
    if (w->dim != w->inline_dim)
        memory_free(w->dim, 2 * sizeof(i64) * w->nd);
    memory_free(w, sizeof *w);
    if (--t->h.pins == 0 && t->h.owners == 0)
        tensor_release(t);
}
static void WINDOW_children(value v, void (*visit)(value *, void *), void *arg) { (void)v; (void)visit; (void)arg; }

static void CELL_free(value v)
{
    struct cell *c = v.cell;
    if (c->dim != c->inline_dim)
        memory_free(c->dim, sizeof(i64) * c->nd);
    memory_free(c->v, sizeof(value) * c->cap);
    memory_free(c, sizeof *c);
}
static void CELL_children(value v, void (*visit)(value *, void *), void *arg)
{
    for (i64 i = 0; i < v.cell->numel; i++)
        visit(&v.cell->v[i], arg);
}

static size_t fields_bytes(int cap) { return sizeof(struct fields) + (size_t)cap * sizeof(sym); }
static void fields_drop(struct fields *f)
{
    if (--f->owners == 0)
        memory_free(f, fields_bytes(f->cap));
}

static void STRUCT_free(value v)
{
    struct record *r = v.rec;
    if (r->f)
        fields_drop(r->f);
    if (r->dim != r->inline_dim)
        memory_free(r->dim, sizeof(i64) * r->nd);
    memory_free(r->v, sizeof(value) * r->cap);
    memory_free(r, sizeof *r);
}
static void STRUCT_children(value v, void (*visit)(value *, void *), void *arg)
{
    for (i64 i = 0; v.rec->f && i < v.rec->numel * v.rec->f->n; i++)       /* without fields while it is being made */
        visit(&v.rec->v[i], arg);
}

static void FUNC_free(value v) { v.func->class->free(v.o); }
static void FUNC_children(value v, void (*visit)(value *, void *), void *arg)
{
    if (v.func->class->children)
        v.func->class->children(v.o, visit, arg);
}

static void OBJECT_free(value v)
{
    struct instance *x = v.inst, *last = cx->handle[--cx->nhandle];
    cx->handle[x->place] = last;
    last->place = x->place;
    x->class->free(v.o);
}
static void OBJECT_children(value v, void (*visit)(value *, void *), void *arg)
{
    if (v.inst->class->children)
        v.inst->class->children(v.o, visit, arg);
}

static void none_free(value v) { (void)v; }
static void none_children(value v, void (*visit)(value *, void *), void *arg) { (void)v; (void)visit; (void)arg; }
#define NUM_free none_free
#define NIL_free none_free
#define COLON_free none_free
#define NUM_children none_children
#define NIL_children none_children
#define COLON_children none_children

static const struct {
    void (*free)(value v);                    /* gives back the memory; the children are gone by then */
    void (*children)(value v, void (*visit)(value *child, void *arg), void *arg);
} kinds[KINDS] = {
#define K(name, counted) [K_##name] = { name##_free, name##_children },
#include "kinds.def"
#undef K
};

void value_children(value v, void (*visit)(value *child, void *arg), void *arg)
{
    kinds[v.kind].children(v, visit, arg);
}

static void bury(value v)
{
    if (cx->ndead == cx->dead_cap) {
        int cap = cx->dead_cap ? 2 * cx->dead_cap : 256;
        value *p = realloc(cx->dead, (size_t)cap * sizeof *p);
        if (!p)
            return;                           /* out of memory while freeing: lose the piece rather than the session */
        cx->dead = p;
        cx->dead_cap = cap;
    }
    cx->dead[cx->ndead++] = v;
}

static void drop_child(value *child, void *arg)
{
    (void)arg;
    value v = *child;
    child->tag = 0;
    if (is_counted(v) && --v.o->owners == 0 && !(v.kind == K_TENSOR && v.t->h.pins))      /* a viewed one goes with its last window */
        bury(v);
}

void destroy(value v)
{
    if (v.kind <= K_WINDOW) {                 /* no children: at once */
        kinds[v.kind].free(v);
        return;
    }
    bury(v);
    if (cx->burying)
        return;
    cx->burying = true;
    while (cx->ndead) {
        v = cx->dead[--cx->ndead];
        kinds[v.kind].children(v, drop_child, NULL);
        kinds[v.kind].free(v);
    }
    cx->burying = false;
}

/* ---- copying what is pinned */
static bool holds_pinned(value v);
static void find_pinned(value *child, void *arg)
{
    if (!*(bool *)arg && holds_pinned(*child))
        *(bool *)arg = true;
}

static bool holds_pinned(value v)             /* is a window on something below alive?  clears stale pins of containers */
{
    if (v.kind == K_TENSOR)
        return v.t->h.pins != 0;
    if ((v.kind != K_CELL && v.kind != K_STRUCT) || !v.o->pins)
        return false;
    bool any = false;
    value_children(v, find_pinned, &any);
    if (!any)
        v.o->pins = 0;
    return any;
}

static struct cell *cell_make(int nd, const i64 *dim, i64 cap);
static struct record *record_make(int nd, const i64 *dim, struct fields *f, int nfield, const sym *name);

static value container_copy(value v)          /* one level deep, the children copied; owned */
{
    int mark = pool_mark();
    value to, *src, *dst;
    i64 n;
    if (v.kind == K_CELL) {
        struct cell *c = cell_make(v.cell->nd, v.cell->dim, v.cell->numel);
        to = keep(cell_value(c));
        src = v.cell->v, dst = c->v, n = c->numel;
    } else {
        struct record *r = record_make(v.rec->nd, v.rec->dim, v.rec->f, v.rec->f->n, NULL);
        to = keep(record_value(r));
        src = v.rec->v, dst = r->v, n = r->numel * r->f->n;
    }
    for (i64 i = 0; i < n; i++)
        replace(&dst[i], copy(src[i]));
    to.o->owners++;
    pool_release(mark);
    return to;
}

static value tensor_split(struct tensor *t)   /* a header of its own on the same block (small data is copied); owned */
{
    struct tensor *u;
    if (!t->block) {
        u = tensor_make(t->dtype, t->nd, t->dim);
        memcpy(u->data, t->data, (size_t)t->numel * dtypes[t->dtype].size);
    } else {
        u = tensor_alias(t, t->nd, t->dim, t->stride, 0);
        u->h.owners++;
        pool_release(pool_mark() - 1);
    }
    u->flags = t->flags;
    u->mark = t->mark;
    return tensor_box(u);
}

value copy_pinned(value v)
{
    if (v.kind == K_TENSOR)
        return tensor_split(v.t);
    if ((v.kind == K_CELL || v.kind == K_STRUCT) && holds_pinned(v))
        return container_copy(v);
    v.o->owners++;
    return v;
}

/* ---- making a place its own */
struct tensor *own_tensor(value *slot)
{
    if (slot->kind == K_TENSOR && slot->t->h.owners == 1)
        return slot->t;
    value v;
    if (slot->kind == K_TENSOR) {
        v = tensor_split(slot->t);
    } else {
        int mark = pool_mark();
        v = tensor_box(tensor_clone(tensor_of(*slot)));
        v.o->owners++;
        pool_release(mark);
    }
    replace(slot, v);
    return v.t;
}

static void own_container(value *slot)
{
    if (slot->o->owners > 1)
        replace(slot, container_copy(*slot));
}

struct cell *own_cell(value *slot)
{
    own_container(slot);
    return slot->cell;
}

struct record *own_record(value *slot)
{
    own_container(slot);
    return slot->rec;
}

static value clone_value(value v)             /* owned; nesting is as deep as the display of it, so recursion will do */
{
    if (v.kind == K_TENSOR || v.kind == K_WINDOW || v.kind == K_RANGE) {
        int mark = pool_mark();
        value u = tensor_box(tensor_clone(tensor_of(v)));
        u.o->owners++;
        pool_release(mark);
        return u;
    }
    if (v.kind == K_CELL || v.kind == K_STRUCT) {
        int mark = pool_mark();
        value u = keep(container_copy(v));
        i64 n = v.kind == K_CELL ? u.cell->numel : u.rec->numel * u.rec->f->n;
        value *e = v.kind == K_CELL ? u.cell->v : u.rec->v;
        for (i64 i = 0; i < n; i++)
            replace(&e[i], clone_value(e[i]));
        u.o->owners++;
        pool_release(mark);
        return u;
    }
    if (v.kind == K_OBJECT && v.inst->class->clone)
        return copy(v.inst->class->clone(v));
    return copy(v);
}

value clone(value v)
{
    return keep(clone_value(v));
}

bool isshared(value v)
{
    return v.kind == K_WINDOW || (v.kind == K_TENSOR && v.t->h.pins);
}

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
static struct cell *cell_make(int nd, const i64 *dim, i64 cap)    /* owned; elements are 0 up to numel */
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

static bool grows_at_end(int nd, const i64 *dim, int ond, const i64 *odim)     /* only the last dimension changes: nothing moves */
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
static void resize(value **v, i64 *cap, int unit, i64 *numel, int *nd, i64 **dim, i64 *inline_dim, int to_nd, const i64 *to_dim)
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

static struct record *record_make(int nd, const i64 *dim, struct fields *f, int nfield, const sym *name)
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

/* ---- handles and their collector */
value instance_new(const struct class *class, size_t bytes)
{
    if (cx->nhandle >= cx->collect_at) {
        collect_cycles();
        cx->collect_at = MAX(1024, 2 * cx->nhandle);
    }
    if (cx->nhandle == cx->handle_cap) {
        i64 cap = cx->handle_cap ? 2 * cx->handle_cap : 64;
        struct instance **p = realloc(cx->handle, (size_t)cap * sizeof *p);
        if (!p)
            fail_memory((size_t)cap * sizeof *p);
        cx->handle = p;
        cx->handle_cap = cap;
    }
    struct instance *x = memory_get(bytes);
    memset(x, 0, bytes);
    x->h.owners = 1;
    x->class = class;
    x->born = context_head()->generation;
    x->place = cx->nhandle;
    cx->handle[cx->nhandle++] = x;
    return keep(object_value(K_OBJECT, x));
}

/* Counts, for everything that a handle reaches, how many references come from things that handles reach.  What has
   more owners than that is held from outside and lives, with all that it reaches; handles left over are a cycle's. */
struct census { struct object **key; uint32_t *inside; uint8_t *kind, *alive; i64 n, cap; value *todo; i64 ntodo, todo_cap; bool full; };

static i64 census_find(const struct census *s, struct object *o)
{
    uint64_t h = ((uintptr_t)o >> 6) * 0x9E3779B97F4A7C15u;
    i64 i = (i64)(h & (uint64_t)(s->cap - 1));
    while (s->key[i] && s->key[i] != o)
        i = (i + 1) & (s->cap - 1);
    return i;
}

static void census_push(struct census *s, value v)
{
    if (s->ntodo == s->todo_cap) {
        i64 cap = s->todo_cap ? 2 * s->todo_cap : 256;
        value *p = realloc(s->todo, (size_t)cap * sizeof *p);
        if (!p) {
            s->full = true;
            return;
        }
        s->todo = p;
        s->todo_cap = cap;
    }
    s->todo[s->ntodo++] = v;
}

static bool census_alloc(struct census *s, i64 cap)
{
    s->cap = cap;
    s->key = calloc((size_t)cap, sizeof *s->key);
    s->inside = calloc((size_t)cap, sizeof *s->inside);
    s->kind = calloc((size_t)cap, 1);
    s->alive = calloc((size_t)cap, 1);
    return s->key && s->inside && s->kind && s->alive;
}

static void census_free(struct census *s)
{
    free(s->key);
    free(s->inside);
    free(s->kind);
    free(s->alive);
}

static i64 census_add(struct census *s, value v)          /* its place; enters it on the first meeting */
{
    i64 i = census_find(s, v.o);
    if (s->key[i])
        return i;
    if (2 * s->n >= s->cap) {
        struct census t = *s;
        if (!census_alloc(&t, 2 * s->cap)) {
            census_free(&t);
            s->full = true;
            return i;
        }
        for (i64 k = 0; k < s->cap; k++)
            if (s->key[k]) {
                i64 j = census_find(&t, s->key[k]);
                t.key[j] = s->key[k];
                t.inside[j] = s->inside[k];
                t.kind[j] = s->kind[k];
            }
        census_free(s);
        *s = t;
        i = census_find(s, v.o);
    }
    s->key[i] = v.o;
    s->kind[i] = v.kind;
    s->n++;
    census_push(s, v);
    return i;
}

static void count_child(value *child, void *arg)
{
    struct census *s = arg;
    if (child->kind >= K_CELL && !s->full) {
        i64 i = census_add(s, *child);
        if (!s->full)
            s->inside[i]++;
    }
}

static void enliven(value *child, void *arg)
{
    struct census *s = arg;
    if (child->kind < K_CELL)
        return;
    i64 i = census_find(s, child->o);
    if (s->key[i] && !s->alive[i]) {
        s->alive[i] = 1;
        census_push(s, *child);
    }
}

void collect_cycles(void)
{
    struct census s = { 0 };
    if (!cx->nhandle || !census_alloc(&s, 1024)) {
        census_free(&s);
        return;
    }
    for (i64 i = 0; i < cx->nhandle && !s.full; i++) {
        census_add(&s, object_value(K_OBJECT, cx->handle[i]));
        while (s.ntodo && !s.full)
            value_children(s.todo[--s.ntodo], count_child, &s);
    }
    s.ntodo = 0;
    for (i64 i = 0; i < s.cap && !s.full; i++)
        if (s.key[i] && s.key[i]->owners > s.inside[i] && !s.alive[i]) {
            s.alive[i] = 1;
            census_push(&s, object_value(s.kind[i], s.key[i]));
            while (s.ntodo && !s.full)
                value_children(s.todo[--s.ntodo], enliven, &s);
        }
    if (!s.full) {
        s.ntodo = 0;
        for (i64 i = 0; i < cx->nhandle; i++)
            if (!s.alive[census_find(&s, &cx->handle[i]->h)])
                census_push(&s, object_value(K_OBJECT, cx->handle[i]));
        if (!s.full) {
            for (i64 i = 0; i < s.ntodo; i++)
                s.todo[i].o->owners++;
            for (i64 i = 0; i < s.ntodo; i++) {
                value_children(s.todo[i], drop_child, NULL);          /* cuts the cycle; what dies is buried below */
            }
            for (i64 i = 0; i < s.ntodo; i++)
                drop(s.todo[i]);
        }
    }
    free(s.todo);
    census_free(&s);
}

/* ---- ranges */
double range_at(const struct range *r, i64 i)
{
    double x = r->base + (double)i * r->inc;
    return r->inc > 0 ? MIN(x, r->limit) : MAX(x, r->limit);
}

/* The number of elements allows for 3 eps of rounding in (limit - base) / inc, as every Matlab does since the
   0:0.1:1 of the first week; the last element is held to the limit by range_at. */
static i64 range_count(double base, double inc, double limit)
{
    if (isnan(base) || isnan(inc) || isnan(limit) || inc == 0 || (inc > 0 && base > limit) || (inc < 0 && base < limit))
        return 0;
    double k = (limit - base) / inc, n = floor(k), tolerance = 3 * 2.220446049250313e-16 * MAX(1, fabs(k));
    if (k - n >= 1 - tolerance)
        n += 1;
    if (!(n < 0x1p62))
        fail("Octave:out-of-memory", "range %g:%g:%g: has too many elements", base, inc, limit);
    return (i64)n + 1;
}

value range_new(double base, double inc, double limit)
{
    i64 n = range_count(base, inc, limit);
    struct range *r = memory_get(sizeof *r);
    *r = (struct range){ { 1, 0 }, base, inc, limit, n };
    return keep(object_value(K_RANGE, r));
}

/* ---- asking */
const char *class_of(value v)
{
    switch (v.kind) {
    case K_NUM: return dtypes[v.dtype].class;
    case K_RANGE: return "double";
    case K_TENSOR: return dtypes[v.t->dtype].class;
    case K_WINDOW: return dtypes[v.w->base->dtype].class;
    case K_CELL: return "cell";
    case K_STRUCT: return "struct";
    case K_FUNC: return "function_handle";
    case K_OBJECT: return v.inst->class->name;
    case K_COLON: return "magic-colon";
    default: return "undefined";
    }
}

int value_dims(value v, i64 dim[MAX_DIMS])
{
    const i64 *d = NULL;
    int nd = 2;
    dim[0] = dim[1] = 1;
    switch (v.kind) {
    case K_RANGE: dim[1] = v.range->n; break;
    case K_TENSOR: nd = v.t->nd, d = v.t->dim; break;
    case K_WINDOW: nd = v.w->nd, d = v.w->dim; break;
    case K_CELL: nd = v.cell->nd, d = v.cell->dim; break;
    case K_STRUCT: nd = v.rec->nd, d = v.rec->dim; break;
    case K_OBJECT:
        if (v.inst->class->numel)
            dim[0] = v.inst->class->numel(v);
        break;
    case K_NIL: dim[0] = dim[1] = 0; break;
    default: break;
    }
    if (d)
        memcpy(dim, d, sizeof(i64) * nd);
    return nd;
}

i64 value_numel(value v)
{
    switch (v.kind) {
    case K_RANGE: return v.range->n;
    case K_TENSOR: return v.t->numel;
    case K_WINDOW: return v.w->numel;
    case K_CELL: return v.cell->numel;
    case K_STRUCT: return v.rec->numel;
    case K_OBJECT: return v.inst->class->numel ? v.inst->class->numel(v) : 1;
    case K_NIL: return 0;
    default: return 1;
    }
}

static NORETURN void fail_nan_condition(void)
{
    fail("Octave:undefined-function", "a condition must not be NaN");
}

bool value_true(value v)
{
    if (v.kind == K_NUM) {
        if (v.dtype == D_INT64 || v.dtype == D_UINT64)
            return v.u != 0;
        if (isnan(v.num))
            fail_nan_condition();
        return v.num != 0;
    }
    if (v.kind == K_RANGE) {
        for (i64 i = 0; i < v.range->n; i++)
            if (range_at(v.range, i) == 0)
                return false;
        return v.range->n > 0;
    }
    if (v.kind != K_TENSOR && v.kind != K_WINDOW) {
        char d[160];
        fail("Octave:undefined-function", "a condition must be numeric, logical or text, but is a %s", value_describe(v, d));
    }
    int mark = pool_mark();
    struct tensor *t = tensor_dense(tensor_of(v));
    bool all = t->numel > 0;
    i64 i = 0, n = t->numel;
    switch (t->dtype) {
#define SCAN(T, test) for (const T *x = (const T *)t->data; i < n && all; i++) { if (test) all = false; }
    case D_DOUBLE:
        SCAN(double, (isnan(x[i]) ? fail_nan_condition() : (void)0, x[i] == 0))
        break;
    case D_SINGLE:
        SCAN(float, (isnan(x[i]) ? fail_nan_condition() : (void)0, x[i] == 0))
        break;
    case D_CDOUBLE:
        SCAN(double _Complex, x[i] == 0)
        break;
    case D_CSINGLE:
        SCAN(float _Complex, x[i] == 0)
        break;
    default:
        switch (dtypes[t->dtype].size) {
        case 1: SCAN(uint8_t, x[i] == 0) break;
        case 2: SCAN(uint16_t, x[i] == 0) break;
        case 4: SCAN(uint32_t, x[i] == 0) break;
        default: SCAN(uint64_t, x[i] == 0) break;
        }
#undef SCAN
    }
    pool_release(mark);
    return all;
}

const char *dims_text(int nd, const i64 *dim, char buf[static 128])
{
    int n = 0;
    for (int d = 0; d < nd && n < 110; d++)
        n += snprintf(buf + n, 128 - n, d ? "x%lld" : "%lld", (long long)dim[d]);
    return buf;
}

const char *value_shape(value v, char buf[static 128])
{
    i64 dim[MAX_DIMS];
    return dims_text(value_dims(v, dim), dim, buf);
}

const char *value_describe(value v, char buf[static 160])
{
    char shape[128];
    if (v.kind == K_FUNC)
        snprintf(buf, 160, "function handle");
    else if (v.kind == K_NIL)
        snprintf(buf, 160, "missing value");
    else if (v.kind == K_COLON)
        snprintf(buf, 160, "colon");
    else if (v.kind == K_OBJECT)
        snprintf(buf, 160, "%s object", class_of(v));
    else if (is_tensor_like(v) && dtype_is(value_dtype(v), DT_C))
        snprintf(buf, 160, "%s complex %s", value_shape(v, shape), class_of(v));
    else
        snprintf(buf, 160, "%s %s", value_shape(v, shape), class_of(v));
    return buf;
}

/* ---- isequal */
static bool tensors_equal(value a, value b)
{
    int mark = pool_mark();
    struct tensor *x = tensor_of(a), *y = tensor_of(b);
    bool same = dims_equal(x->nd, x->dim, y->nd, y->dim);
    if (same) {
        bool wide = x->dtype == D_INT64 || x->dtype == D_UINT64 || y->dtype == D_INT64 || y->dtype == D_UINT64;
        if (wide && x->dtype == y->dtype) {
            x = tensor_dense(x), y = tensor_dense(y);
            same = !memcmp(x->data, y->data, (size_t)x->numel * 8);
        } else if (dtype_is(x->dtype, DT_C) || dtype_is(y->dtype, DT_C)) {
            x = tensor_dense(tensor_cast(x, D_CDOUBLE)), y = tensor_dense(tensor_cast(y, D_CDOUBLE));
            for (i64 i = 0; i < x->numel && same; i++)
                same = ((double _Complex *)x->data)[i] == ((double _Complex *)y->data)[i];
        } else {
            x = tensor_dense(tensor_cast(x, D_DOUBLE)), y = tensor_dense(tensor_cast(y, D_DOUBLE));
            for (i64 i = 0; i < x->numel && same; i++)
                same = ((double *)x->data)[i] == ((double *)y->data)[i];
        }
    }
    pool_release(mark);
    return same;
}

bool value_equal(value a, value b)
{
    if (is_tensor_like(a) && is_tensor_like(b))
        return tensors_equal(a, b);
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case K_CELL:
        if (!dims_equal(a.cell->nd, a.cell->dim, b.cell->nd, b.cell->dim))
            return false;
        for (i64 i = 0; i < a.cell->numel; i++)
            if (!value_equal(a.cell->v[i], b.cell->v[i]))
                return false;
        return true;
    case K_STRUCT:
        if (!dims_equal(a.rec->nd, a.rec->dim, b.rec->nd, b.rec->dim) || a.rec->f->n != b.rec->f->n)
            return false;
        for (int f = 0; f < a.rec->f->n; f++) {
            int g = record_find(b.rec, a.rec->f->name[f]);
            if (g < 0)
                return false;
            for (i64 e = 0; e < a.rec->numel; e++)
                if (!value_equal(a.rec->v[e * a.rec->f->n + f], b.rec->v[e * b.rec->f->n + g]))
                    return false;
        }
        return true;
    case K_FUNC:
        return a.o == b.o || (a.func->class->equal && a.func->class->equal(a, b));
    case K_OBJECT:
        return a.o == b.o || (a.inst->class->equal && a.inst->class->equal(a, b));
    default:
        return true;
    }
}
