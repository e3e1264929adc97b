/* SPDX-License-Identifier: BSD-3-Clause */
/* tl --check: names that are neither variables nor functions. A text that evaluates texts (eval, load, run …) may define
   anything, so its names are not looked at. */
#include "interp/interp.h"
#include "lab/nearest.h"

#include <stdlib.h>

struct checker { struct ast *a; const struct function *fn; struct buf *out; int found; const char **seen; int nseen, room; };

static bool defined(struct checker *c, const char *name)
{
    static const char *const inside[] = { "nargin", "nargout", "varargin", "varargout", "end", "ans" };
    for (size_t i = 0; i < sizeof inside / sizeof *inside; i++)
        if (!strcmp(name, inside[i]))
            return true;
    for (int i = 0; i < c->a->functions; i++)
        if (c->a->function[i]->name == name)
            return true;
    return interp_function(name).kind != FN_NONE || interp_is_package(name) || path_is_package(name);
}

static void offer(const char *name, void *near)
{
    nearest_try(near, name);
}

static void report(struct checker *c, const struct node *n, const char *name)
{
    for (int i = 0; i < c->nseen; i++)
        if (c->seen[i] == name)
            return;
    if (c->nseen == c->room) {
        const char **v = realloc(c->seen, sizeof *v * (size_t)(c->room = 2 * c->room + 16));
        if (!v)
            return;
        c->seen = v;
    }
    c->seen[c->nseen++] = name;
    if (defined(c, name))
        return;
    struct nearest near;
    nearest_begin(&near, name);
    for (const struct function *f = c->fn; f; f = f->outer)
        for (int i = 0; i < f->scope.n; i++)
            nearest_try(&near, f->scope.var[i].name);
    for (int i = 0; i < c->a->functions; i++)
        nearest_try(&near, c->a->function[i]->name);
    interp_each_function(offer, &near);
    int column, line = source_line(c->a->source, n->begin, &column);
    buff(c->out, "%s:%d:%d: warning: '%s' is neither a variable nor a function here", c->a->source->name, line, column, name);
    if (nearest_found(&near))
        buff(c->out, "; did you mean '%s'?", nearest_found(&near));
    buf_putc(c->out, '\n');
    c->found++;
}

static void look(struct node *n, void *arg)
{
    struct checker *c = arg;
    if (n->kind == NODE_NAME && n->name.slot < 0)
        report(c, n, n->name.name);
    else if (n->kind == NODE_COMMAND && n->command.slot < 0)
        report(c, n, n->command.name);
    else if (n->kind == NODE_CLOSURE) {
        const struct function *outer = c->fn;
        c->fn = n->function;
        if (!n->function->scope.dynamic)
            look(n->function->body, c);
        c->fn = outer;
        return;
    }
    ast_each(n, look, c);
}

int check_names(struct ast *a, struct buf *out)
{
    struct checker c = { .a = a, .out = out };
    scope_resolve(a, NULL);
    bool dynamic = a->main->scope.dynamic;
    for (int i = -1; i < a->functions; i++) {
        c.fn = i < 0 ? a->main : a->function[i];
        c.nseen = 0;
        if (!c.fn->scope.dynamic && !(i < 0 && dynamic))
            look(c.fn->body, &c);
    }
    free(c.seen);
    return c.found;
}
