/* SPDX-License-Identifier: BSD-3-Clause */
/* deep.c: what goes through whole values: clone and isequal.
 *
 * Values nest as deep as memory lasts (a list of lists of lists), so both work off a list of what is still to be done,
 * not the C stack.  Whoever must recurse, since it has something to do on the way back, asks `descend` at each step. */
#include "context.h"
#include "gpu.h"
#include "sparse.h"
#include <stdlib.h>

/* ---- clone */
struct twins { struct object **key; value *twin; i64 n, cap; };          /* handles met, and what became of them */

static i64 twin_find(const struct twins *t, struct object *o)
{
    i64 i = (i64)((((uintptr_t)o >> 6) * 0x9E3779B97F4A7C15u) & (uint64_t)(t->cap - 1));
    while (t->key[i] && t->key[i] != o)
        i = (i + 1) & (t->cap - 1);
    return i;
}

static void twin_add(struct twins *t, struct object *o, value twin)
{
    if (2 * t->n >= t->cap) {
        struct twins u = { .n = t->n, .cap = t->cap ? 2 * t->cap : 16 };
        u.key = scratch((size_t)u.cap * sizeof *u.key);
        u.twin = scratch((size_t)u.cap * sizeof *u.twin);
        memset(u.key, 0, (size_t)u.cap * sizeof *u.key);
        for (i64 i = 0; i < t->cap; i++)
            if (t->key[i]) {
                i64 k = twin_find(&u, t->key[i]);
                u.key[k] = t->key[i];
                u.twin[k] = t->twin[i];
            }
        *t = u;
    }
    i64 i = twin_find(t, o);
    t->key[i] = o;
    t->twin[i] = twin;
    t->n++;
}

struct todo { value **slot; i64 n, cap; };               /* places of ours whose content is still another's */

static void todo_push(value *child, void *arg)
{
    struct todo *d = arg;
    if (child->kind < K_RANGE)
        return;
    if (d->n == d->cap) {
        i64 cap = d->cap ? 2 * d->cap : 64;
        value **slot = scratch((size_t)cap * sizeof *slot);
        if (d->n)
            memcpy(slot, d->slot, (size_t)d->n * sizeof *slot);
        d->slot = slot;
        d->cap = cap;
    }
    d->slot[d->n++] = child;
}

static void clone_slot(value *slot, struct todo *d, struct twins *t)
{
    value v = *slot;
    if (v.kind == K_TENSOR || v.kind == K_WINDOW || v.kind == K_RANGE) {
        int mark = pool_mark();
        value u = tensor_box(tensor_clone(tensor_any(v)));
        u.o->owners++;
        pool_release(mark);
        replace(slot, u);
    } else if (v.kind == K_CELL || v.kind == K_STRUCT) {
        replace(slot, container_copy(v));
        value_children(*slot, todo_push, d);
    } else if (v.kind == K_OBJECT && v.inst->class->clone) {
        i64 k = t->cap ? twin_find(t, v.o) : 0;
        if (!t->cap || !t->key[k]) {
            value u = v.inst->class->clone(v);            /* stays in the pool, as v does, until all is done */
            keep(copy(v));
            twin_add(t, v.o, u);
            k = twin_find(t, v.o);
            if (v.inst->class->clone == map_clone)
                value_children(u, todo_push, d);
        }
        replace(slot, copy(t->twin[k]));
    }
}

value clone(value v)
{
    struct todo d = { 0 };
    struct twins t = { 0 };
    if (v.kind == K_TENSOR || v.kind == K_WINDOW || v.kind == K_RANGE)
        return tensor_box(tensor_clone(tensor_any(v)));
    if (v.kind < K_CELL || v.kind == K_FUNC)
        return keep(copy(v));
    int mark = pool_mark();
    struct cell *root = cell_2d(1, 1);
    replace(&root->v[0], copy(v));
    todo_push(&root->v[0], &d);
    while (d.n) {
        poll();
        clone_slot(d.slot[--d.n], &d, &t);
    }
    value u = copy(root->v[0]);
    pool_release(mark);
    return keep(u);
}

value value_shell(value v)
{
    return keep(container_copy(v));
}

/* ---- isequal */
static bool tensors_equal(value a, value b)
{
    int mark = pool_mark();
    struct tensor *x = tensor_of(a), *y = tensor_of(b);
    bool same = dims_equal(x->nd, x->dim, y->nd, y->dim);
    if (same) {
        if (x->dtype == y->dtype &&
            dtype_is(x->dtype, DT_I | DT_T | DT_L)) { /* of one class, none of which has two forms of a value */
            x = tensor_dense(x), y = tensor_dense(y);
            same = !memcmp(x->data, y->data, (size_t)x->numel * dtypes[x->dtype].size);
        } else if (dtype_is(x->dtype, DT_C) || dtype_is(y->dtype, DT_C)) {
            x = tensor_dense(tensor_cast(x, D_CDOUBLE)), y = tensor_dense(tensor_cast(y, D_CDOUBLE));
            for (i64 i = 0; i < x->numel && same; i++)
                same = ((double _Complex *)x->data)[i] == ((double _Complex *)y->data)[i];
        } else {
            if (x->dtype == D_SINGLE || y->dtype == D_SINGLE)         /* as == does */
                x = tensor_cast(x, D_SINGLE), y = tensor_cast(y, D_SINGLE);
            x = tensor_dense(tensor_cast(x, D_DOUBLE)), y = tensor_dense(tensor_cast(y, D_DOUBLE));
            for (i64 i = 0; i < x->numel && same; i++)
                same = ((double *)x->data)[i] == ((double *)y->data)[i];
        }
    }
    pool_release(mark);
    return same;
}

static bool leaf_equal(value a, value b)
{
    if (is_tensor_like(a) && is_tensor_like(b))
        return tensors_equal(a, b);
    if (a.kind == K_SPARSE || b.kind == K_SPARSE)
        return sparse_equal(a, b);
    if (a.kind != b.kind)
        return false;
    if (a.kind == K_FUNC || a.kind == K_OBJECT) {
        bool (*equal)(value, value) = a.kind == K_FUNC ? a.func->class->equal : a.inst->class->equal;
        if (a.o == b.o || !equal)
            return a.o == b.o;
        descend("isequal");
        return equal(a, b);
    }
    return true;
}

struct pair { value a, b; };
struct pairs { struct pair *v; i64 n, cap; bool (*leaf)(value a, value b); };

static bool same_below(struct pairs *p, value a, value b) /* a and b without their containers: those come later */
{
    if (a.kind != b.kind || (a.kind != K_CELL && a.kind != K_STRUCT))
        return p->leaf(a, b);
    if (p->n == p->cap) {
        i64 cap = p->cap ? 2 * p->cap : 64;
        struct pair *v = scratch((size_t)cap * sizeof *v);
        if (p->n)
            memcpy(v, p->v, (size_t)p->n * sizeof *v);
        p->v = v;
        p->cap = cap;
    }
    p->v[p->n++] = (struct pair){ a, b };
    return true;
}

static bool cells_equal(struct pairs *p, const struct cell *a, const struct cell *b)
{
    bool same = dims_equal(a->nd, a->dim, b->nd, b->dim);
    for (i64 i = 0; same && i < a->numel; i++)
        same = same_below(p, a->v[i], b->v[i]);
    return same;
}

static bool structs_equal(struct pairs *p, const struct record *a, const struct record *b)
{
    int n = a->f->n;
    if (!dims_equal(a->nd, a->dim, b->nd, b->dim) || n != b->f->n)
        return false;
    for (int f = 0; f < n; f++) {
        int g = record_find(b, a->f->name[f]);
        if (g < 0)
            return false;
        for (i64 e = 0; e < a->numel; e++)
            if (!same_below(p, a->v[e * n + f], b->v[e * n + g]))
                return false;
    }
    return true;
}

bool value_equal_by(value a, value b, bool (*leaf)(value a, value b))
{
    struct pairs p = { .leaf = leaf };
    int mark = pool_mark();
    bool same = same_below(&p, a, b);
    while (same && p.n) {
        struct pair q = p.v[--p.n];
        poll();
        same = q.a.kind == K_CELL ? cells_equal(&p, q.a.cell, q.b.cell) : structs_equal(&p, q.a.rec, q.b.rec);
    }
    pool_release(mark);
    return same;
}

bool value_equal(value a, value b)
{
    return value_equal_by(a, b, leaf_equal);
}
