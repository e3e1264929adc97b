/* SPDX-License-Identifier: BSD-3-Clause */
/* vm_space.c: variables by name, workspaces, and texts that run in them.
 *
 * Statements typed at the prompt, scripts and eval texts are codes of their own, compiled against the names of the
 * workspace or frame they run in.  Their frame is a guest: it takes the variables into its registers when it starts
 * and brings them home when it ends, however it ends.  So the machine knows nothing but registers, and a failed line
 * leaves every variable whole. */
#include "vm.h"
#include <errno.h>
#include <stdlib.h>

__thread struct machine *vm;
struct machine *machine(void) { return vm; }

void space_free(struct space *s)
{
    for (int i = 0; i < s->room; i++)
        drop(s->v[i]);
    free(s->v);
    for (int i = 0; i < s->scope.n; i++)
        free((char *)s->scope.var[i].name);
    free(s->scope.var);
    free(s->scope.index);
    free(s);
}

static value *space_place(struct space *s, int slot)
{
    if (slot >= s->room) {
        int room = MAX(slot + 1, 2 * s->room);
        value *v = realloc(s->v, sizeof *v * (size_t)room);
        if (!v)
            fail_memory(sizeof *v * (size_t)room);
        for (int i = s->room; i < room; i++)
            v[i] = nil();
        s->v = v;
        s->room = room;
    }
    return &s->v[slot];
}

/* where variable `slot` of a space is when frame f (NULL: nobody) has it */
static value *place_at(struct space *s, struct frame *f, int slot)
{
    if (f && slot < f->code->nslot)
        return &f->base[slot + f->code->shift];
    return space_place(s, slot);
}

/* The names of f as a space, made when first asked for. */
static struct space *frame_space(struct frame *f)
{
    if (!f)
        return &vm->base;
    if (f->more && f->more->space)
        return f->more->space;
    struct space *s = calloc(1, sizeof *s);
    if (!f->more)
        f->more = calloc(1, sizeof *f->more);
    if (!s || !f->more)
        fail_memory(sizeof *s);
    for (int i = 0; i < f->code->nslot; i++) {
        const char *name = f->code->slot_name[i]->text;
        /* a package that the function names has a place too, empty: eval('nn.Tanh()') means the package */
        unsigned flags = is_nil(f->base[i + f->code->shift]) && package_known(name, NULL) ? 0 : VAR_ASSIGNED;
        for (int k = 0; k < f->code->nouter; k++)
            if (f->code->outer[k].name == f->code->slot_name[i] && !f->code->outer[k].persistent && !outer_let_go(f, k))
                flags |= VAR_GLOBAL;
        scope_add(&s->scope, name, flags);
    }
    f->more->space = s;
    f->more->own = true;
    return s;
}

void frame_home(struct frame *f)
{
    struct frame_more *m = f->more;
    for (int i = 0; i < f->code->nslot; i++) {
        value *r = &f->base[i], v = *r;
        *r = nil();
        *place_at(m->space, m->host, i) = v;                   /* empty since we took it; room is there */
    }
    if (m->space == &vm->base)
        vm->base_host = m->host;
    m->guest = false;
}

static void prepare_statements(struct entering *e)
{
    struct machine *m = vm;
    struct code *c = e->code;
    struct frame *host = e->host;
    struct space *s = host ? frame_space(host) : &m->base;
    value *top = frame_top(m->frame), *base = m->sp > top ? m->sp : top;
    static __thread value nowhere;
    space_place(s, s->scope.n);
    enter_code(c, NULL, base, 0, 0, &nowhere, false, 0);       /* failures leave no frame: too deep, no room, Ctrl-C */
    struct frame *f = m->frame;
    struct frame_more *more = calloc(1, sizeof *more);
    if (!more) {
        frame_pop(f);
        fail_memory(sizeof *more);
    }
    *more = (struct frame_more){ .space = s, .host = host, .guest = true, .unit = unit_hold(e->unit) };
    f->more = more;
    for (int i = 0; i < c->nslot; i++) {
        value *p = place_at(s, host, i);
        f->base[i] = *p;
        *p = nil();
    }
    if (s == &m->base)
        m->base_host = f;
}

void machine_run(struct unit *u, struct frame *host)
{
    struct entering e = { .prepare = prepare_statements, .code = u->main, .unit = u, .host = host ? host : vm->base_host };
    if (u->main)
        run_entry(&e);
}

/* ---- names */
struct frame *frame_user(void) { return vm->frame; }

struct frame *frame_caller(struct frame *f)
{
    while (f > vm->frames && f->more && f->more->guest && f->more->host)
        f = f->more->host;
    return f - 1 > vm->frames ? f - 1 : NULL;
}

struct frame *frame_holder(struct frame *f)
{
    for (struct frame *g = f ? f + 1 : vm->frame + 1; g <= vm->frame; g++)
        if (g->more && g->more->guest && g->more->host == f)
            f = g;
    return f;
}

value *frame_variable(struct frame *f, sym name, bool create)
{
    if (!f || f == vm->frames)
        f = vm->base_host;
    if (f) {
        for (int i = 0; i < f->code->nouter; i++)
            if (f->code->outer[i].name == name)
                return outer_place(f, i);
        for (int i = 0; i < f->code->nslot && !(f->more && f->more->space); i++)
            if (f->code->slot_name[i] == name)
                return &f->base[i + f->code->shift];
        if (!(f->more && f->more->space) && !create)
            return NULL;
    }
    struct space *s = f ? frame_space(f) : &vm->base;
    int slot = scope_find(&s->scope, name->text);
    if (slot < 0 && create)
        slot = scope_add(&s->scope, name->text, VAR_ASSIGNED);
    if (slot < 0)
        return NULL;
    if (s->scope.var[slot].flags & VAR_GLOBAL) {
        for (struct global *g = vm->globals; g; g = g->next)
            if (g->name == name)
                return &g->v;
    }
    return place_at(s, f, slot);
}

void frame_each(struct frame *f, void (*visit)(sym name, value *v, unsigned flags, void *arg), void *arg)
{
    if (!f || f == vm->frames)
        f = vm->base_host;
    int n = f && !(f->more && f->more->space) ? f->code->nslot : frame_space(f)->scope.n;
    struct space *s = f && !(f->more && f->more->space) ? NULL : frame_space(f);
    for (int i = 0; i < n; i++) {
        sym name = s ? symbol_of(s->scope.var[i].name) : f->code->slot_name[i];
        value *v = frame_variable(f, name, false);
        unsigned flags = s ? s->scope.var[i].flags : 0;
        for (int d = 0; !s && d < f->code->nouter; d++)
            if (f->code->outer[d].name == name && !f->code->outer[d].persistent && !outer_let_go(f, d))
                flags = VAR_GLOBAL;
        if (v && v->kind != K_NIL)
            visit(name, v, flags, arg);
    }
}

/* A global name is only let go, here and in the frames whose variables ours are; its value stays. */
void frame_forget(struct frame *f, sym name)
{
    if (!f || f == vm->frames)
        f = vm->base_host;
    bool was_global = false;
    for (struct frame *h = f; h; h = h->more && h->more->guest ? h->more->host : NULL)
        for (int d = 0; d < MIN(h->code->nouter, 64); d++)
            if (h->code->outer[d].name == name && !h->code->outer[d].persistent && !outer_let_go(h, d)) {
                h->let_go |= (uint64_t)1 << d;
                was_global = true;
            }
    struct space *s = f && !(f->more && f->more->space) ? NULL : frame_space(f);
    int slot = s ? scope_find(&s->scope, name->text) : -1;
    if (slot >= 0 && (s->scope.var[slot].flags & VAR_GLOBAL)) {
        s->scope.var[slot].flags &= ~(unsigned)VAR_GLOBAL;
        return;
    }
    if (was_global)
        return;
    value *v = frame_variable(f, name, false);
    if (v) {
        value old = *v;
        *v = nil();
        drop(old);
    }
}

void frame_take_back(struct frame *f, sym name)
{
    for (struct frame *h = f; h; h = h->more && h->more->guest ? h->more->host : NULL)
        for (int d = 0; d < MIN(h->code->nouter, 64); d++)
            if (h->code->outer[d].name == name)
                h->let_go &= ~((uint64_t)1 << d);
    struct space *s = f->more ? f->more->space : NULL;
    int slot = s ? scope_find(&s->scope, name->text) : -1;
    if (slot >= 0)
        s->scope.var[slot].flags |= VAR_GLOBAL;
}

/* ---- texts */
static bool is_variable_here(void *user, const char *name)
{
    sym s = symbol_find(name, strlen(name));
    value *v = s ? frame_variable(user, s, false) : NULL;
    return v && v->kind != K_NIL;
}

NORETURN void fail_parse(struct parse_error *e)
{
    char *text = debug_parse_message(e);
    char *s = scratch(strlen(text) + 1);
    strcpy(s, text);
    free(text);
    struct source *source = e->source;
    uint32_t at = e->at;
    error_place_next(source, at);                              /* takes the source */
    fail("Octave:syntax-error", "%s", s);
}

struct running { struct ast *a; struct frame *host; struct unit *u; };
static void compile_it(void *arg)
{
    struct running *r = arg;
    scope_resolve(r->a, &frame_space(r->host)->scope);
    r->u = compile(r->a, &frame_space(r->host)->scope, 0);
}
static void run_it(void *arg)
{
    struct running *r = arg;
    machine_run(r->u, r->host);
}

void run_tree(struct ast *a, struct frame *host)
{
    if (!host)
        host = vm->base_host;
    struct running r = { a, host, NULL };
    int failed = protect(compile_it, &r);
    ast_free(a);
    if (failed)
        fail_again();
    define_functions(r.u);
    failed = protect(run_it, &r);
    unit_drop(r.u);
    if (failed)
        fail_again();
}

void run_text(const char *text, size_t len, const char *name, struct frame *host, int flags, int first_line)
{
    struct parse_error err = { 0 };
    struct parse_options opt = { .name = name,
                                 .flags = (unsigned)flags & (PARSE_FILE | PARSE_EXPRESSION),
                                 .first_line = first_line,
                                 .is_variable = is_variable_here,
                                 .user = host };
    struct ast *a = parse_text(text, len, &opt, &err);
    if (!a)
        fail_parse(&err);
    run_tree(a, host);
}

static char *read_whole(const char *file, size_t *len)
{
    FILE *in = fopen(file, "rb");
    if (!in)
        return NULL;
    char *s = NULL;
    size_t n = 0, room = 0;
    while (1) {
        if (n + 4096 > room) {
            room = room ? 2 * room : 16384;
            char *t = realloc(s, room);
            if (!t)
                break;
            s = t;
        }
        size_t k = fread(s + n, 1, room - n - 1, in);
        if (!k)
            break;
        n += k;
    }
    if (ferror(in)) {                         /* a folder, a broken disk */
        int why = errno;
        free(s);
        fclose(in);
        errno = why;
        return NULL;
    }
    fclose(in);
    if (s)
        s[n] = 0;
    *len = n;
    return s;
}

struct file_text { const char *file; char *text; size_t len; struct frame *host; struct unit *u; unsigned flags; };
static void run_file_body(void *arg)
{
    struct file_text *f = arg;
    run_text(f->text, f->len, f->file, f->host, PARSE_FILE, 1);
}
void run_file(const char *file, struct frame *host)
{
    struct file_text f = { .file = file, .host = host };
    f.text = read_whole(file, &f.len);
    if (!f.text)
        fail("Octave:undefined-function", "cannot read '%s': %s", file, strerror(errno));
    int failed = protect(run_file_body, &f);
    free(f.text);
    if (failed)
        fail_again();
}

static void load_body(void *arg)
{
    struct file_text *f = arg;
    struct parse_error err = { 0 };
    struct parse_options opt = { .name = f->file, .flags = PARSE_FILE, .first_line = 1 };
    struct ast *a = parse_text(f->text, f->len, &opt, &err);
    if (!a)
        fail_parse(&err);
    scope_resolve(a, NULL);
    f->u = compile(a, NULL, f->flags); /* on failure the tree stays until exit: no more than a file's size */
    ast_free(a);
}
/* A file of functions (or a script: then it is compiled again for each workspace it runs in). */
struct unit *unit_load(const char *file, unsigned flags)
{
    struct file_text f = { .file = file, .flags = flags };
    f.text = read_whole(file, &f.len);
    if (!f.text)
        fail("Octave:undefined-function", "cannot read '%s': %s", file, strerror(errno));
    int failed = protect(load_body, &f);
    free(f.text);
    if (failed)
        fail_again();
    return f.u;
}
