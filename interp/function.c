/* SPDX-License-Identifier: BSD-3-Clause */
/* function.c: function values: closures with what they captured, and handles, which are names. */
#include "vm.h"
#include <stdlib.h>

static struct function_value *function_new(sym name, struct code *c, struct unit *home, int ncapture, int npersist)
{
    size_t bytes = sizeof(struct function_value) + sizeof(value) * (size_t)(ncapture + npersist);
    struct function_value *f = memory_get(bytes);
    memset(f, 0, bytes);
    f->h.h.owners = 1;
    f->h.class = &function_class;
    f->h.name = name;
    f->code = c;
    f->home = home ? unit_hold(home) : NULL;
    f->ncapture = ncapture;
    f->npersist = npersist;
    for (int i = 0; i < ncapture + npersist; i++)
        f->v[i] = nil();
    keep(object_value(K_FUNC, f));
    return f;
}

value function_closure(struct code *c, const value *base)
{
    struct function_value *f = function_new(NULL, c, c->unit, c->ncapture, c->npersist);
    for (int i = 0; i < c->ncapture; i++)
        f->v[i] = copy(base[c->capture[i].from]);
    return object_value(K_FUNC, f);
}

value function_handle(sym name, struct unit *home) { return object_value(K_FUNC, function_new(name, NULL, home, 0, 0)); }

struct callee resolve_value(struct function_value *f)
{
    if (f->epoch == function_epoch && (f->code || f->builtin))
        return (struct callee){ f->code, f->builtin };
    struct callee c = resolve(f->h.name, f->home);
    if (!c.code && !c.builtin)
        fail_undefined(f->h.name);
    f->code = c.code;
    f->builtin = c.builtin;
    f->epoch = function_epoch;
    return c;
}

char *function_text(value v)
{
    struct function_value *f = (struct function_value *)v.func;
    char *s = strdup(f->h.name ? f->h.name->text : f->code->text ? f->code->text : "@<anonymous>");
    if (!s)
        fail_memory(64);
    return s;
}

static void function_free(struct object *o)
{
    struct function_value *f = (struct function_value *)o;
    unit_drop(f->home);
    memory_free(f, sizeof *f + sizeof(value) * (size_t)(f->ncapture + f->npersist));
}

static void function_children(struct object *o, void (*visit)(value *child, void *arg), void *arg)
{
    struct function_value *f = (struct function_value *)o;
    for (int i = 0; i < f->ncapture + f->npersist; i++)
        visit(&f->v[i], arg);
}

/* `f = @sin` on one line; the text of a closure stands alone between blank lines, also inside cells and structs. */
static void function_print(value v, const char *name)
{
    struct function_value *f = (struct function_value *)v.func;
    int indent = print_indent();
    char *text = function_text(v);
    char *s = scratch(strlen(text) + 1);
    strcpy(s, text);
    free(text);
    if (f->h.name) {
        if (name) {
            print_blanks(indent);
            outf("%s = ", name);
        }
        outf("@%s\n", s);
    } else if (name) {
        print_blanks(indent);
        outf("%s =\n\n%s\n\n", name, s);
    } else {
        outf("%s\n", s);
    }
}

/* Handles are their names; closures the same code with equal captures. */
static bool function_equal(value a, value b)
{
    struct function_value *f = (struct function_value *)a.func, *g = (struct function_value *)b.func;
    if (b.func->class != &function_class || f->h.name != g->h.name)
        return false;
    if (f->h.name)
        return true;
    if (f->code != g->code)
        return false;
    for (int i = 0; i < f->ncapture; i++)
        if (!value_equal(f->v[i], g->v[i]))
            return false;
    return true;
}

const struct class function_class = {
    .name = "function_handle", .equal = function_equal, .free = function_free, .children = function_children, .print = function_print,
};

bool is_function(value v) { return v.kind == K_FUNC; }
