/* SPDX-License-Identifier: BSD-3-Clause */
/* interp.c: an interpreter comes and goes, and runs texts for the program. */
#include "vm.h"
#include "nn/nn.h"
#include "optim/optim.h"
#include <sys/ioctl.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { STACK_VALUES = 1 << 23, FRAMES = 1 << 17 };            /* 128 and 13 MiB of address space; pages come when touched */

static struct code ground_code;               /* below all frames: no registers */

static void dead_free(void)
{
    while (vm->dead) {
        struct unit *u = vm->dead;
        vm->dead = u->next;
        u->refs = 1;
        unit_drop(u);
    }
}

static void interp_free(void)
{
    struct machine *m = vm = *context_room(ROOM_INTERP);
    for (int i = 0; i < m->base.room; i++) {
        value old = m->base.v[i];
        m->base.v[i] = nil();
        drop(old);
    }
    free(m->base.v);
    for (int i = 0; i < m->base.scope.n; i++)
        free((char *)m->base.scope.var[i].name);
    free(m->base.scope.var);
    free(m->base.scope.index);
    for (struct global *g = m->globals, *next; g; g = next) {
        next = g->next;
        drop(g->v);
        free(g);
    }
    drop(m->last_stack);
    for (int i = 0; i < m->trace.n; i++)
        source_free((struct source *)m->trace.place[i].source);
    error_place_next(NULL, 0);
    m->runs = 0;
    breaks_free();
    registry_free();
    dead_free();
    for (int i = 0; i < m->ncleanup; i++)
        drop(m->cleanup[i]);
    free(m->cleanup);
    free(m->last_error);
    free(m->last_id);
    free(m->last_warning);
    free(m->last_warning_id);
    for (int i = 0; i < m->argc; i++)
        free(m->argv[i]);
    free(m->argv);
    warnings_free();
    munmap(m->stack, sizeof(value) * STACK_VALUES);
    munmap(m->frames, sizeof(struct frame) * FRAMES);
    free(m);
    *context_room(ROOM_INTERP) = NULL;
    vm = NULL;
}

static value function_named(const char *name)
{
    sym s = symbol_of(name);
    struct callee c = resolve(s, vm->frame > vm->frames ? vm->frame->code->unit : NULL);
    if (!c.code && !c.builtin)
        return nil();
    return function_handle(s, vm->frame > vm->frames && vm->frame->code->unit->file ? vm->frame->code->unit : NULL);
}

static const struct builtin *builtin_named(const char *name)
{
    return find_builtin(symbol_of(name));
}

static const struct class *class_named(const char *name)
{
    static const struct class *const others[] = { &confusion_class, &logger_class };
    for (int i = 0; i < COUNT(others); i++)
        if (!strcmp(others[i]->name, name))
            return others[i];
    return nn_class_named(name);
}

void interp_start(void)
{
    struct machine *m = calloc(1, sizeof *m);
    int prot = PROT_READ | PROT_WRITE, how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    if (!m)
        fail_memory(sizeof *m);
    m->stack = mmap(NULL, sizeof(value) * STACK_VALUES, prot, how, -1, 0);
    m->frames = mmap(NULL, sizeof(struct frame) * FRAMES, prot, how, -1, 0);
    if (m->stack == MAP_FAILED || m->frames == MAP_FAILED)
        fail_memory(sizeof(value) * STACK_VALUES);
    m->stack_end = m->stack + STACK_VALUES - 256;
    m->max_depth = 256;
    m->warning_all = 'o';
    m->frame_limit = m->frames + m->max_depth + 1;
    m->frame = m->frames;
    m->frames[0] = (struct frame){ .base = m->stack, .code = &ground_code };
    m->last_stack = nil();
    vm = m;
    *context_room(ROOM_INTERP) = m;
    scope_add(&m->base.scope, "ans", VAR_ASSIGNED);
    registry_setup();
    context_at_exit(interp_free);
    struct hooks *h = hooks();
    h->call = machine_call;
    h->try = machine_try;
    h->function_named = function_named;
    h->function_builtin = function_builtin;
    h->builtin_named = builtin_named;
    h->plugin_file = path_plugin_own;
    h->data_file = path_data_file;
    h->warning = warning_hook;
    place_hooks();
    h->function_parts = function_parts;
    h->function_made = function_made;
    h->function_slot = function_slot;
    h->class_named = class_named;
    h->line = stop_line;
}

/* ---- running texts */
struct job { const char *name, *text; size_t len; int flags, first_line; struct ast *a; };
static void job_body(void *arg)
{
    struct job *j = arg;
    functions_look();
    if (j->a)
        run_tree(j->a, NULL);
    else
        run_text(j->text, j->len, j->name, NULL, j->flags & PARSE_FILE, j->first_line);
}
static int run_job(struct job *j)
{
    struct machine *m = vm;
    bool prompt = (j->flags & RUN_PROMPT) != 0;
    if (prompt) {
        struct winsize w;
        print_elide(true);
        if (!ioctl(1, TIOCGWINSZ, &w) && w.ws_col >= 20)
            print_width(w.ws_col);
    }
    int failed = protect(job_body, j);
    if (prompt) {
        print_elide(false);
        print_width(PRINT_WIDTH);
    }
    if (failed)
        error_locate();
    if (m->runs == 0) {
        breaks_rest();
        dead_free();
    }
    return failed;
}
int interp_run(const char *name, const char *text, size_t len, int flags, int first_line)
{
    return run_job(&(struct job){ .name = name, .text = text, .len = len, .flags = flags, .first_line = first_line });
}
int interp_run_tree(struct ast *a, int flags) { return run_job(&(struct job){ .flags = flags, .a = a }); }

void interp_set_args(int argc, char **argv)
{
    struct machine *m = vm;
    m->argv = calloc((size_t)argc + 1, sizeof *m->argv);
    if (!m->argv)
        fail_memory(64);
    for (int i = 0; i < argc; i++)
        m->argv[i] = strdup(argv[i]);
    m->argc = argc;
}

/* ---- what the prompt asks */
struct scope *interp_scope(void) { return &vm->base.scope; }
value interp_variable(const char *name)
{
    sym s = symbol_find(name, strlen(name));
    value *v = s ? frame_variable(frame_holder(vm->focus), s, false) : NULL;
    return v ? *v : nil();
}
bool interp_is_variable(void *unused, const char *name)
{
    (void)unused;
    return interp_variable(name).kind != K_NIL;
}
struct each { void (*f)(const char *name, void *arg); void *arg; };
static void each_variable(sym name, value *v, unsigned flags, void *arg)
{
    (void)v;
    (void)flags;
    ((struct each *)arg)->f(name->text, ((struct each *)arg)->arg);
}
void interp_each_variable(void (*f)(const char *name, void *arg), void *arg)
{
    struct each e = { f, arg };
    frame_each(frame_holder(vm->focus), each_variable, &e);
}
