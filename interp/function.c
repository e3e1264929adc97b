/* SPDX-License-Identifier: BSD-3-Clause */
/* function.c: function values: closures with what they captured, and handles, which are names. */
#include "vm.h"
#include <ctype.h>
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

const struct builtin *function_builtin(value v)
{
    struct function_value *f = (struct function_value *)v.func;
    if (v.kind != K_FUNC || f->h.class != &function_class || !f->h.name)
        return NULL;
    struct callee c = f->epoch == function_epoch && (f->code || f->builtin) ? (struct callee){ f->code, f->builtin }
                                                                            : resolve(f->h.name, f->home);
    return c.code ? NULL : c.builtin;
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
        print_header(name);
        outf("%s\n", s);
        print_after();
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
    .name = "function_handle",
    .equal = function_equal,
    .free = function_free,
    .children = function_children,
    .print = function_print,
};

bool is_function(value v) { return v.kind == K_FUNC; }

/* ---- in parts, for files (lab/call.h) */
struct function_parts function_parts(value v)
{
    struct function_value *f = (struct function_value *)v.func;
    if (v.func->class != &function_class)
        return (struct function_parts){ 0 };
    if (f->h.name)
        return (struct function_parts){ .text = f->h.name->text };
    size_t room = (size_t)(f->ncapture + f->npersist + 1);
    struct function_parts p = { f->code->text, true, 0, scratch(room * sizeof *p.name), scratch(room * sizeof *p.v) };
    for (int i = 0; i < f->ncapture; i++)
        if (f->v[i].kind != K_NIL) {
            p.name[p.n] = register_name(f->code, f->code->capture[i].to);
            p.v[p.n++] = f->v[i];
        }
    for (int i = 0; i < f->code->nouter; i++) {
        const struct outer *o = &f->code->outer[i];
        if (o->persistent && f->v[f->ncapture + o->index].kind != K_NIL) {
            p.name[p.n] = o->name;
            p.v[p.n++] = f->v[f->ncapture + o->index];
        }
    }
    return p;
}

value *function_slot(value v, sym name)
{
    struct function_value *f = (struct function_value *)v.func;
    for (int i = 0; i < f->ncapture; i++)
        if (register_name(f->code, f->code->capture[i].to) == name)
            return &f->v[i];
    for (int i = 0; f->code && i < f->code->nouter; i++)
        if (f->code->outer[i].persistent && f->code->outer[i].name == name)
            return &f->v[f->ncapture + f->code->outer[i].index];
    return NULL;
}

struct making { struct ast *a; struct scope *scope; struct unit *u; value f; int flags; };
static void make_closure(void *arg)
{
    struct making *m = arg;
    scope_resolve(m->a, m->scope);
    m->u = compile(m->a, m->scope, m->flags);
    struct code *c = m->u->main->nclosure == 1 ? m->u->main->closure[0] : NULL;
    if (c)
        m->f = object_value(K_FUNC, function_new(NULL, c, m->u, c->ncapture, c->npersist));
}

/* Compiled, never run: the statements around the closure are thrown away.  n < 0: the closure is the library's own and
 * sees no user's function. */
value function_made(const char *text, size_t len, bool closure, int n, const sym *name)
{
    if (!closure) {
        bool good = len > 0 && !isdigit((unsigned char)*text) && *text != '.' && text[len - 1] != '.';
        for (size_t i = 0; i < len && good; i++)
            good = isalnum((unsigned char)text[i]) || text[i] == '_' || text[i] == '.';
        return good ? function_handle(symbol_n(text, len), NULL) : nil();
    }
    struct parse_error err = { 0 };
    struct parse_options opt = { .name = "", .flags = PARSE_EXPRESSION, .first_line = 1 };
    struct scope scope = { 0 };
    struct making m = { parse_text(text, len, &opt, &err), &scope, NULL, nil(), n < 0 ? COMPILE_LIBRARY : 0 };
    if (!m.a) {
        source_free(err.source);
        return nil();
    }
    const struct list *body = &m.a->main->body->list;
    int failed = 0;
    if (m.a->functions == 0 && body->n == 1 && body->v[0]->kind == NODE_EXPR && body->v[0]->unary.a->kind == NODE_CLOSURE) {
        for (int i = 0; i < n; i++)
            scope_add(&scope, name[i]->text, VAR_ASSIGNED);
        failed = protect(make_closure, &m);
    }
    ast_free(m.a);
    scope_clear(&scope);
    if (m.u)
        unit_drop(m.u);                       /* the function holds it */
    if (failed && failure()->kind != FAIL_ERROR)
        fail_again();
    return failed ? nil() : m.f;
}
