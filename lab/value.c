/* SPDX-License-Identifier: BSD-3-Clause */
/* value.c: counts, the pool, freeing, copying what is pinned, ranges, and what is asked of any value.
 *
 * What each kind does when it is freed, walked or copied stands in the functions named in kinds.def.  Freeing
 * works off a list, not the C stack, so {{{{…}}}} nested a million deep is freed like anything else. */
#include "context.h"
#include "gpu.h"
#include "sparse.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

const struct dtype_row dtypes[DTYPES] = {
#define D(name, ctype, class, flags, compute, accumulate) [D_##name] = { class, sizeof(ctype), flags, D_##compute, D_##accumulate },
#include "dtypes.def"
#undef D
};

/* ---- the pool */
static __attribute__((cold, noinline)) void pool_grow(value v)     /* v is given up if there is no memory */
{
    int cap = cx->pool_cap ? 2 * cx->pool_cap : 256;
    value *p = realloc(cx->pool, (size_t)cap * sizeof *p);
    if (!p) {
        drop(v);
        fail_memory((size_t)cap * sizeof *p);
    }
    cx->pool = p;
    cx->pool_cap = cap;
}

value keep(value v)
{
    if (unlikely(cx->npool == cx->pool_cap))
        pool_grow(v);
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

void fields_drop(struct fields *f)
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

static void SPARSE_free(value v)
{
    context_head()->sparse--;
    memory_free(v.o, sizeof(struct sparse));
}
static void SPARSE_children(value v, void (*visit)(value *, void *), void *arg)
{
    for (int k = 0; k < 6; k++)
        visit(&sparse_see(v)->part[k], arg);
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

void value_cut(value *child, void *arg)
{
    (void)arg;
    value v = *child;
    child->tag = 0;
    if (!is_counted(v) || --v.o->owners)
        return;
    if (v.kind <= K_WINDOW)                   /* no children: at once */
        kinds[v.kind].free(v);
    else
        bury(v);
}

void destroy(value v)
{
    if (v.kind <= K_WINDOW) {                 /* no children: at once */
        kinds[v.kind].free(v);
        return;
    }
    bury(v);
    value_buried();
}

void value_buried(void)
{
    if (cx->burying)
        return;
    cx->burying = true;
    while (cx->ndead) {
        value v = cx->dead[--cx->ndead];
        kinds[v.kind].children(v, value_cut, NULL);
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


value container_copy(value v)                 /* one level deep, the children copied; owned */
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
        v = tensor_box(tensor_clone(tensor_any(*slot)));
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

bool isshared(value v)
{
    return v.kind == K_WINDOW || (v.kind == K_TENSOR && v.t->h.pins);
}

/* ---- ranges */
double range_at(const struct range *r, i64 i)
{
    double x = i ? r->base + (double)i * r->inc : r->base;                /* -0 + 0 is 0 */
    return r->inc > 0 ? MIN(x, r->limit) : MAX(x, r->limit);
}

/* The number of elements as Octave counts them: (limit - base) / inc may miss a whole number by 3 eps, and so may an
   element miss the limit, as the last of 0:0.1:1 and of 100:0.001:100.345 do; range_at holds the last element to the
   limit.  A NaN anywhere makes one element, NaN. */
static bool meets(double x, double limit, double eps)
{
    return fabs(x - limit) < 3 * eps * MAX(fabs(x), fabs(limit));
}

i64 range_count(double base, double inc, double limit, double eps)
{
    if (isnan(base) || isnan(inc) || isnan(limit))
        return 1;
    if (inc == 0 || (inc > 0 && base > limit) || (inc < 0 && base < limit))
        return 0;
    double k = (limit - base) / inc, n = floor(k), tolerance = 3 * eps * MAX(1, fabs(k));
    if (isnan(k))
        return 1;
    if (k - n >= 1 - tolerance)
        n += 1;
    if (!(n < 0x1p62))
        fail("Octave:out-of-memory", "out of memory: the range %g:%g:%g has too many elements", base, inc, limit);
    if (!meets(base + n * inc, limit, eps)) {
        if (n > 0 && meets(base + (n - 1) * inc, limit, eps))
            n -= 1;
        else if (meets(base + (n + 1) * inc, limit, eps))
            n += 1;
    }
    return (i64)n + 1;
}

value range_new(double base, double inc, double limit)
{
    i64 n = range_count(base, inc, limit, DBL_EPSILON);
    if (isnan(base) || isnan(inc) || isnan(limit) || (n == 1 && (isinf(base) || (isinf(inc) && isinf(limit)))))
        base = limit = NAN, inc = 1;
    else if (isinf(inc))
        limit = base, inc = copysign(1, inc);
    if (base == 0 && signbit(base) && inc > 0) {            /* base + i * inc would lose the sign of -0 */
        struct tensor *t = tensor_2d(D_DOUBLE, 1, n);
        for (i64 i = 0; i < n; i++)
            ((double *)t->data)[i] = i ? MIN((double)i * inc, limit) : base;
        return tensor_value(t);
    }
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
    case K_SPARSE: return sparse_see(v)->dtype == D_LOGICAL ? "logical" : "double";
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
    case K_SPARSE: dim[0] = sparse_see(v)->m, dim[1] = sparse_see(v)->n; break;
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
    case K_SPARSE: return sparse_see(v)->m * sparse_see(v)->n;
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
    if (v.kind == K_SPARSE) {
        const struct sparse *s = sparse_see(v);
        for (i64 k = 0; k < s->nz && s->dtype == D_DOUBLE; k++)
            if (isnan(sparse_d(s)[k]))
                fail_nan_condition();
        return s->nz > 0 && s->nz == s->m * s->n;
    }
    if (v.kind != K_TENSOR && v.kind != K_WINDOW) {
        char d[160];
        fail("Octave:undefined-function", "a condition must be numeric, logical or text, but is a %s%s", value_describe(v, d),
             v.kind == K_CELL ? "\nhint: c(i) of a cell is a cell again, c{i} is its content" : "");
    }
    int mark = pool_mark();
    v = gpu_read_value(v, "a condition");
    if (v.kind == K_NUM) {
        bool one = value_true(v);
        pool_release(mark);
        return one;
    }
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
    else if (v.kind == K_SPARSE)
        snprintf(buf, 160, "%s sparse %s", value_shape(v, shape), class_of(v));
    else if (is_tensor_like(v) && dtype_is(value_dtype(v), DT_C))
        snprintf(buf, 160, "%s complex %s", value_shape(v, shape), class_of(v));
    else
        snprintf(buf, 160, "%s %s", value_shape(v, shape), class_of(v));
    return buf;
}
