/* SPDX-License-Identifier: BSD-3-Clause */
/* Names to slots. A name is a variable of a function if some statement of it can assign it, and of a closure if it also
   has a slot around the closure when the tree is read. Two passes over each function: what is assigned, then what is
   named; closures are resolved where they stand, so that what is outside is known. */
#include "ast.h"
#include "interp.h"

#include <stdlib.h>
#include <string.h>

struct resolver {
    struct ast *a;
    struct function *fn;
    struct scope *scope;         /* of fn; for main the workspace's, if there is one */
    struct scope *top;
    struct resolver *outer;
    bool closes;                 /* has closures */
    const char *alone[16];       /* names that are statements by themselves: may be scripts */
    int nalone;
};

/* --- the hash table of a scope with many names --- */

enum { FEW = 24 };

static unsigned hash(const char *s)
{
    unsigned h = 2166136261u;
    while (*s)
        h = (h ^ (unsigned char)*s++) * 16777619u;
    return h;
}

static void index_put(struct scope *s, int slot)
{
    unsigned k = hash(s->var[slot].name);
    while (s->index[k &= (unsigned)s->index_room - 1])
        k++;
    s->index[k] = slot + 1;
}

/* Room for one more name: `memory` gives zeroed bytes for a table of twice the size. */
static void index_grow(struct scope *s, int *(*memory)(void *from, int n), void *from, bool freed)
{
    if (s->n < FEW || 2 * s->n < s->index_room)
        return;
    int room = 64;
    while (room < 4 * s->n)
        room *= 2;
    int *v = memory(from, room);
    if (freed)
        free(s->index);
    s->index = v;
    s->index_room = v ? room : 0;
    for (int i = 0; v && i < s->n; i++)
        index_put(s, i);
}

static int *from_malloc(void *unused, int n)
{
    (void)unused;
    return calloc((size_t)n, sizeof(int));
}

static int *from_arena(void *a, int n)
{
    return ast_alloc(a, (size_t)n * sizeof(int));
}

int scope_find(const struct scope *s, const char *name)
{
    if (s->index) {
        unsigned k = hash(name);
        for (int slot; (slot = s->index[k &= (unsigned)s->index_room - 1]); k++)
            if (!strcmp(s->var[slot - 1].name, name))
                return slot - 1;
        return -1;
    }
    for (int i = 0; i < s->n; i++)
        if (s->var[i].name == name || !strcmp(s->var[i].name, name))
            return i;
    return -1;
}

/* --- malloc'd scopes --- */

int scope_add(struct scope *s, const char *name, unsigned flags)
{
    int i = scope_find(s, name);
    if (i >= 0) {
        s->var[i].flags |= flags;
        return i;
    }
    if (s->n == s->room) {
        int room = s->room ? 2 * s->room : 32;
        struct var *v = realloc(s->var, (size_t)room * sizeof *v);
        if (!v)
            return -1;
        s->var = v;
        s->room = room;
    }
    char *copy = strdup(name);
    if (!copy)
        return -1;
    s->var[s->n++] = (struct var){ copy, flags };
    if (s->index)
        index_put(s, s->n - 1);
    index_grow(s, from_malloc, NULL, true);
    return s->n - 1;
}

struct scope *scope_copy(const struct scope *s)
{
    struct scope *c = calloc(1, sizeof *c);
    for (int i = 0; c && s && i < s->n; i++)
        if (scope_add(c, s->var[i].name, s->var[i].flags) < 0) {
            scope_free(c);
            return NULL;
        }
    return c;
}

void scope_clear(struct scope *s)
{
    for (int i = 0; i < s->n; i++)
        free((char *)s->var[i].name);
    free(s->var);
    free(s->index);
    *s = (struct scope){ 0 };
}

void scope_free(struct scope *s)
{
    if (s)
        scope_clear(s);
    free(s);
}

/* --- scopes in the tree --- */

static int add(struct resolver *r, const char *name, unsigned flags)
{
    struct scope *s = r->scope;
    if (s == r->top)
        return scope_add(s, name, flags);
    int i = scope_find(s, name);
    if (i >= 0) {
        s->var[i].flags |= flags;
        return i;
    }
    if (s->n == s->room) {
        int room = s->room ? 2 * s->room : 8;
        struct var *v = ast_alloc(r->a, (size_t)room * sizeof *v);
        if (!v)
            return -1;
        if (s->n)
            memcpy(v, s->var, (size_t)s->n * sizeof *v);
        s->var = v;
        s->room = room;
    }
    s->var[s->n++] = (struct var){ name, flags };
    if (s->index)
        index_put(s, s->n - 1);
    index_grow(s, from_arena, r->a, false);
    return s->n - 1;
}

static void capture(struct resolver *r, int from, int to)
{
    struct scope *s = r->scope;
    if (s->captures == s->capture_room) {
        int room = s->capture_room ? 2 * s->capture_room : 4;
        struct capture *v = ast_alloc(r->a, (size_t)room * sizeof *v);
        if (!v)
            return;
        if (s->captures)
            memcpy(v, s->capture, (size_t)s->captures * sizeof *v);
        s->capture = v;
        s->capture_room = room;
    }
    s->capture[s->captures++] = (struct capture){ from, to };
}

static int lookup(struct resolver *r, const char *name)
{
    int i = scope_find(r->scope, name);
    if (i >= 0)
        return i;
    if (r->outer) {
        int from = lookup(r->outer, name);
        if (from >= 0) {
            /* what only an eval or a script may have made is perhaps no variable, but a function or a package */
            i = add(r, name, r->outer->scope->var[from].flags ? VAR_CAPTURED : 0);
            if (i >= 0)
                capture(r, from, i);
            return i;
        }
    }
    if (!strcmp(name, "ans") && !r->fn->closure)
        return add(r, name, VAR_ASSIGNED);
    return r->fn->scope.dynamic ? add(r, name, 0) : -1;
}

/* A closure's own variable; it starts from the one outside, if there is one. */
static int assign(struct resolver *r, const char *name, unsigned flags)
{
    int had = scope_find(r->scope, name), i = add(r, name, flags | VAR_ASSIGNED);
    if (had < 0 && i >= 0 && r->outer && !(flags & (VAR_PARAM | VAR_GLOBAL | VAR_PERSISTENT))) {
        int from = lookup(r->outer, name);
        if (from >= 0) {
            r->scope->var[i].flags |= VAR_CAPTURED;
            capture(r, from, i);
        }
    }
    return i;
}

/* --- first pass: what is assigned, and whether names can appear unseen --- */

static bool is_dynamic(const char *name)
{
    static const char *const names[] = { "eval", "evalc", "evalin", "assignin", "run", "source" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

static void declare_target(struct resolver *r, const struct node *n)
{
    if (n->kind == NODE_INDEX)
        n = n->index.base;
    if (n->kind == NODE_NAME)
        assign(r, n->name.name, 0);
}

static void declare(struct node *n, void *arg)
{
    struct resolver *r = arg;
    switch (n->kind) {
    case NODE_ASSIGN:
        for (int i = 0; i < n->assign.targets.n; i++)
            declare_target(r, n->assign.targets.v[i]);
        break;
    case NODE_FOR:
        declare_target(r, n->loop.target);
        break;
    case NODE_TRY:
        if (n->try.name)
            assign(r, n->try.name->name.name, 0);
        break;
    case NODE_GLOBAL:
    case NODE_PERSISTENT:
        for (int i = 0; i < n->list.n; i++)
            n->list.v[i]->named.slot =
                assign(r, n->list.v[i]->named.name, n->kind == NODE_GLOBAL ? VAR_GLOBAL : VAR_PERSISTENT);
        break;
    case NODE_NAME:
        if (is_dynamic(n->name.name))
            r->fn->scope.dynamic = true;
        break;
    case NODE_HANDLE:
        if (is_dynamic(n->name.name))
            r->fn->scope.dynamic = true;
        break;
    case NODE_EXPR: {                                    /* load without a result makes variables */
        const struct node *e = n->unary.a;
        if (e->kind == NODE_INDEX)
            e = e->index.base;
        if ((e->kind == NODE_NAME && !strcmp(e->name.name, "load")) ||
            (e->kind == NODE_COMMAND && (is_dynamic(e->command.name) || !strcmp(e->command.name, "load"))))
            r->fn->scope.dynamic = true;
        else if (e->kind == NODE_NAME && r->nalone < (int)(sizeof r->alone / sizeof *r->alone) &&
                 scope_find(r->scope, e->name.name) < 0 && !registry_find(e->name.name))
            r->alone[r->nalone++] = e->name.name;
        break;
    }
    case NODE_CLOSURE:
        r->closes = true;
        return;
    case NODE_FUNCTION:
        return;
    }
    ast_each(n, declare, r);
}

/* --- second pass: what is named --- */

static void resolve_function(struct ast *a, struct function *f, struct scope *top, struct resolver *outer);

static void name_slots(struct node *n, void *arg)
{
    struct resolver *r = arg;
    switch (n->kind) {
    case NODE_NAME:
        n->name.slot = lookup(r, n->name.name);
        break;
    case NODE_COMMAND:
        n->command.slot = scope_find(r->scope, n->command.name);
        break;
    case NODE_CLOSURE:
        resolve_function(r->a, n->function, r->top, r);
        return;
    case NODE_FUNCTION:
        return;
    }
    ast_each(n, name_slots, r);
}

static void resolve_function(struct ast *a, struct function *f, struct scope *top, struct resolver *outer)
{
    struct resolver r = { .a = a, .fn = f, .top = top, .outer = outer };
    r.scope = f->script && top ? top : &f->scope;
    if (r.scope == top && f->script)
        scope_add(top, "ans", VAR_ASSIGNED);
    for (int i = 0; i < f->params; i++)
        if (f->param[i].name)
            f->param[i].slot = assign(&r, f->param[i].name, VAR_PARAM);
    for (int i = 0; i < f->outs; i++)
        f->out[i].slot = assign(&r, f->out[i].name, VAR_OUT);
    for (int i = 0; i < f->params; i++)
        if (f->param[i].init)
            declare(f->param[i].init, &r);
    declare(f->body, &r);
    for (int i = 0; r.closes && i < r.nalone; i++) /* closures keep what a script made that was called by its name */
        if (scope_find(r.scope, r.alone[i]) < 0)
            f->scope.dynamic = true;
    for (int i = 0; i < f->params; i++)
        if (f->param[i].init)
            name_slots(f->param[i].init, &r);
    name_slots(f->body, &r);
}

void scope_resolve(struct ast *a, struct scope *top)
{
    for (int i = 0; i < a->functions; i++)
        resolve_function(a, a->function[i], NULL, NULL);
    resolve_function(a, a->main, top, NULL);
}
