/* SPDX-License-Identifier: BSD-3-Clause */
/* collect.c: handles, and the collector of the cycles that only they can close. */
#include "context.h"
#include <stdlib.h>

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
struct census {
    struct object **key;
    uint32_t *inside;
    uint8_t *kind, *alive;
    i64 n, cap;
    value *queue;
    i64 nqueue, queue_cap;
    bool full;
};

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
    if (s->nqueue == s->queue_cap) {
        i64 cap = s->queue_cap ? 2 * s->queue_cap : 256;
        value *p = realloc(s->queue, (size_t)cap * sizeof *p);
        if (!p) {
            s->full = true;
            return;
        }
        s->queue = p;
        s->queue_cap = cap;
    }
    s->queue[s->nqueue++] = v;
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
        while (s.nqueue && !s.full)
            value_children(s.queue[--s.nqueue], count_child, &s);
    }
    s.nqueue = 0;
    for (i64 i = 0; i < s.cap && !s.full; i++)
        if (s.key[i] && s.key[i]->owners > s.inside[i] && !s.alive[i]) {
            s.alive[i] = 1;
            census_push(&s, object_value(s.kind[i], s.key[i]));
            while (s.nqueue && !s.full)
                value_children(s.queue[--s.nqueue], enliven, &s);
        }
    if (!s.full) {
        s.nqueue = 0;
        for (i64 i = 0; i < cx->nhandle; i++)
            if (!s.alive[census_find(&s, &cx->handle[i]->h)])
                census_push(&s, object_value(K_OBJECT, cx->handle[i]));
        if (!s.full) {
            for (i64 i = 0; i < s.nqueue; i++)
                s.queue[i].o->owners++;
            for (i64 i = 0; i < s.nqueue; i++) {
                value_children(s.queue[i], value_cut, NULL);          /* cuts the cycle; what dies is buried below */
            }
            for (i64 i = 0; i < s.nqueue; i++)
                drop(s.queue[i]);
            value_buried();                   /* a handle held by a cell alone that a handle held */
        }
    }
    free(s.queue);
    census_free(&s);
}
