/* SPDX-License-Identifier: BSD-3-Clause */
/* registry.c: what a name means as a function.
 *
 * Looked for in this order: functions of the same file; functions that were typed or that a script defined; files beside
 * the script, in the current folder and on the path; builtins; the library's files.  The library itself sees only its
 * own file and the last two.  Whenever a name may mean another function than before, function_epoch rises; what the
 * machine remembers at a call is right only for its own epoch. */
#include "vm.h"
#include "lab/plugin.h"
#include <math.h>
#include <stdlib.h>

#define B(name) extern const struct builtin builtin_##name;
#include "builtins.inc"
#undef B
static const struct builtin *const builtins[] = {
#define B(name) &builtin_##name,
#include "builtins.inc"
#undef B
    NULL
};

/* BUILTIN(nn_Linear, …) is nn.Linear: builtins of these packages */
static const char *const packages[] = { "nn", "optim", "containers", "image", "openmp", "cuda", "cudnn" };
/* Torch's packages whose functions are those of ours; what such a package has itself comes first */
static const struct { const char *package, *is; } renamed[] = { { "cutorch", "cuda" }, { "cunn", "nn" }, { "cudnn", "nn" } };

__thread uint32_t function_epoch;

struct typed { sym name; struct code *code; struct unit *unit; };
struct loaded { const char *file; uint64_t stamp; struct unit *unit; };
struct registry {
    struct builtin *all;                      /* copies, with their package's dot */
    int n;
    const struct builtin **sorted;
    struct { sym name; const struct builtin *b; } *table;      /* open addressing, a power of two */
    uint32_t mask;
    struct typed *typed;
    int ntyped;
    struct loaded *loaded;
    int nloaded;
    uint32_t path_seen;
    const struct plugin **plugin;             /* whose functions are here */
    int nplugin;
    struct { sym name; const struct unit *from; uint32_t epoch; struct callee is; } found[256];   /* lately, by resolve */
};
#define reg (vm->registry)

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct builtin *const *)a)->name, (*(const struct builtin *const *)b)->name);
}
static void table_put(sym name, const struct builtin *b);
static void table_reserve(void);

/* b stays the caller's; it must live as long as the context. */
void registry_add(const struct builtin *b)
{
    const struct builtin **sorted = realloc(reg->sorted, sizeof *sorted * (size_t)(reg->n + 1));
    if (!sorted)
        fail_memory(sizeof *sorted);
    reg->sorted = sorted;
    table_reserve();
    sym name = symbol_of(b->name);
    if (!find_builtin(name))
        reg->sorted[reg->n++] = b;
    else
        for (int i = 0; i < reg->n; i++)
            if (!strcmp(reg->sorted[i]->name, b->name))
                reg->sorted[i] = b;
    table_put(name, b);
    qsort(reg->sorted, (size_t)reg->n, sizeof *reg->sorted, by_name);
    function_epoch++;
}

static void table_reserve(void)               /* for one more */
{
    if (2 * (uint32_t)reg->n + 2 <= reg->mask)
        return;
    uint32_t size = 2 * (reg->mask + 1);
    void *table = calloc(size, sizeof *reg->table);
    if (!table)
        fail_memory(size * sizeof *reg->table);
    free(reg->table);
    reg->table = table;
    reg->mask = size - 1;
    for (int i = 0; i < reg->n; i++)
        table_put(symbol_of(reg->sorted[i]->name), reg->sorted[i]);
}

static void table_put(sym name, const struct builtin *b)
{
    uint32_t i = name->hash & reg->mask;
    while (reg->table[i].name && reg->table[i].name != name)
        i = (i + 1) & reg->mask;
    reg->table[i].name = name;
    reg->table[i].b = b;
}
const struct builtin *find_builtin(sym name)
{
    if (!name)
        return NULL;
    for (uint32_t i = name->hash & reg->mask; reg->table[i].name; i = (i + 1) & reg->mask)
        if (reg->table[i].name == name)
            return reg->table[i].b;
    return NULL;
}

void registry_free(void)
{
    functions_free();
    free(reg->all);
    free(reg->sorted);
    free(reg->table);
    free(reg->plugin);
    free(reg);
    reg = NULL;
}

void registry_setup(void)
{
    int n = COUNT(builtins) - 1 + ew_builtin_count + reduce_builtin_count, k = 0;
    uint32_t size = 64;
    while ((int)size < 3 * n + 64)
        size *= 2;
    reg = calloc(1, sizeof *reg);
    if (!reg || !(reg->all = calloc((size_t)n + 1, sizeof *reg->all)) ||
        !(reg->sorted = calloc((size_t)n + 1, sizeof *reg->sorted)) || !(reg->table = calloc(size, sizeof *reg->table)))
        fail_memory((size_t)n * sizeof *reg->all);
    reg->mask = size - 1;
    for (int i = 0; i < ew_builtin_count; i++)
        reg->all[k++] = ew_builtins[i];
    for (int i = 0; i < reduce_builtin_count; i++)
        reg->all[k++] = reduce_builtins[i];
    for (int i = 0; i < COUNT(builtins) - 1; i++)
        reg->all[k++] = *builtins[i];
    for (int i = 0; i < k; i++) {
        struct builtin *b = &reg->all[i];
        for (int p = 0; p < COUNT(packages); p++) {
            size_t len = strlen(packages[p]);
            if (!strncmp(b->name, packages[p], len) && b->name[len] == '_') {
                char full[128];
                snprintf(full, sizeof full, "%s.%s", packages[p], b->name + len + 1);
                b->name = symbol_of(full)->text;
            }
        }
        if (!find_builtin(symbol_of(b->name)))
            reg->sorted[reg->n++] = b;
        table_put(symbol_of(b->name), b);
    }
    qsort(reg->sorted, (size_t)reg->n, sizeof *reg->sorted, by_name);
    reg->path_seen = path_epoch();
}

const struct builtin *registry_find(const char *name)
{
    sym s = symbol_find(name, strlen(name));
    return s ? find_builtin(s) : NULL;
}
int registry_count(void) { return reg->n; }
const struct builtin *registry_at(int i) { return reg->sorted[i]; }
void registry_each(void (*visit)(const struct builtin *b, void *arg), void *arg)
{
    for (int i = 0; i < reg->n; i++)
        visit(reg->sorted[i], arg);
}

/* ---- functions that were typed */
void functions_each(void (*visit)(struct code *c, void *arg), void *arg)
{
    for (int i = 0; i < reg->ntyped; i++)
        visit(reg->typed[i].code, arg);
}
static struct typed *typed_find(sym name)
{
    for (int i = 0; i < reg->ntyped; i++)
        if (reg->typed[i].name == name)
            return &reg->typed[i];
    return NULL;
}
static void shadow(sym name, bool on)
{
    double x;
    for (int n = 1; n <= 2; n++) {
        int op = ew_find(name, n), red = reduce_find(name, n);
        if (op >= 0)
            ew_shadowed[op] = on;
        if (red >= 0)
            reduce_shadowed[red] = on;
        if (op >= 0 || red >= 0)
            vm->shadows++;
    }
    if (is_constant(name, &x) || !strcmp(name->text, "true") || !strcmp(name->text, "false"))
        vm->shadows++;
}

/* Elementwise functions and constants became instructions when a unit was compiled.  When such a name has come to mean a
   user's function, or no longer does, typed functions are compiled again from their source before they are next called.
   What runs now, and closures that were made, go on as they are. */
static void compile_again(struct unit *old)
{
    struct parse_options opt = { .name = old->source->name, .flags = PARSE_FILE, .first_line = old->source->first_line };
    struct parse_error err = { 0 };
    old->shadows = vm->shadows;
    struct ast *a = parse_text(old->source->text, old->source->len, &opt, &err);
    if (!a) {
        source_free(err.source);
        return;
    }
    scope_resolve(a, NULL);
    struct unit *u = compile(a, NULL, COMPILE_FUNCTIONS);
    ast_free(a);
    for (int i = 0; i < u->functions && i < old->functions; i++) {
        struct code *was = old->function[i], *is = u->function[i];
        struct typed *t = typed_find(is->name);
        if (!t || t->code != was)
            continue;
        if (was->npersist == is->npersist) {
            value *v = is->persist;
            is->persist = was->persist;
            was->persist = v;
        }
        t->code = is;
        t->unit = unit_hold(u);
        unit_drop(old);
    }
    unit_drop(u);
    function_epoch++;
}
void define_functions(struct unit *u)
{
    for (int i = 0; i < u->functions; i++) {
        struct code *c = u->function[i];
        struct typed *t = typed_find(c->name);
        if (t) {
            unit_drop(t->unit);
        } else {
            struct typed *all = realloc(reg->typed, sizeof *all * (size_t)(reg->ntyped + 1));
            if (!all)
                fail_memory(sizeof *all);
            reg->typed = all;
            t = &reg->typed[reg->ntyped++];
        }
        *t = (struct typed){ c->name, c, unit_hold(u) };
        shadow(c->name, true);
    }
    if (u->functions)
        function_epoch++;
}
static bool running(const struct unit *u)
{
    for (struct frame *f = vm->frame; f && f > vm->frames; f--)
        if (f->code && f->code->unit == u)
            return true;
    return false;
}

/* All (NULL) are those but of the script that runs: `clear all` at its head leaves it its functions, which stand below
 * in Octave. */
void function_remove(sym name)
{
    for (int i = reg->ntyped; i-- > 0;)
        if (name ? reg->typed[i].name == name : !running(reg->typed[i].unit)) {
            shadow(reg->typed[i].name, false);
            unit_drop(reg->typed[i].unit);
            reg->typed[i] = reg->typed[--reg->ntyped];
            function_epoch++;
        }
}
void functions_free(void)
{
    for (int i = 0; i < reg->ntyped; i++)
        unit_forget(reg->typed[i].unit);
    for (int i = 0; i < reg->nloaded; i++)
        unit_forget(reg->loaded[i].unit);
    for (int i = 0; i < reg->ntyped; i++)
        unit_drop(reg->typed[i].unit);
    for (int i = 0; i < reg->nloaded; i++)
        unit_drop(reg->loaded[i].unit);
    free(reg->typed);
    free(reg->loaded);
    reg->typed = NULL;
    reg->loaded = NULL;
    reg->ntyped = reg->nloaded = 0;
}

/* ---- files */
static struct code *from_file(const char *file, uint64_t stamp, unsigned flags)
{
    struct loaded *l = NULL;
    for (int i = 0; i < reg->nloaded; i++)
        if (!strcmp(reg->loaded[i].file, file))
            l = &reg->loaded[i];
    if (!l || l->stamp != stamp) {
        struct unit *u = unit_load(file, flags);
        if (!l) {
            struct loaded *all = realloc(reg->loaded, sizeof *all * (size_t)(reg->nloaded + 1));
            if (!all)
                fail_memory(sizeof *all);
            reg->loaded = all;
            l = &reg->loaded[reg->nloaded++];
            *l = (struct loaded){ file, 0, NULL };
        }
        unit_drop(l->unit);
        l->unit = u;
        l->stamp = stamp;
        function_epoch++;
    }
    struct unit *u = l->unit;
    return u->script || !u->functions ? u->main : u->function[0];
}

void functions_look(void)
{
    uint32_t now = path_epoch();
    if (now != reg->path_seen) {
        reg->path_seen = now;
        function_epoch++;
    }
}

bool package_renamed(const char *name)
{
    for (int i = 0; i < COUNT(renamed); i++)
        if (!strcmp(renamed[i].package, name))
            return true;
    return false;
}

/* ---- plugins: tl_NAME.so is a package NAME.  Its functions join the builtins when its name is first met with a dot
 * behind. */
static bool
built_in(const char *package) /* tl_cuda.so brings devices (lab/device.h), the functions of cuda are our own */
{
    for (int i = 0; i < COUNT(packages); i++)
        if (!strcmp(packages[i], package))
            return true;
    return package_renamed(package);
}
static bool is_plugin(const char *name) { return !plugin_of_tree(name) && !built_in(name) && path_plugin(name) != NULL; }
static void use_plugin(const char *name)      /* fails */
{
    for (int i = 0; i < reg->nplugin; i++)
        if (!strcmp(reg->plugin[i]->name, name))
            return;
    const struct plugin *p = plugin_load(name, path_plugin(name));
    const struct plugin **all = realloc(reg->plugin, sizeof *all * (size_t)(reg->nplugin + 1));
    if (!all)
        fail_memory(sizeof *all);
    reg->plugin = all;
    for (int i = 0; i < p->n; i++)
        registry_add(&p->row[i]);
    reg->plugin[reg->nplugin++] = p;
}
static bool plugin_before_dot(const char *name, char *buf, size_t room)
{
    size_t n = strcspn(name, ".");
    if (!name[n] || n >= room)
        return false;
    memcpy(buf, name, n);
    buf[n] = 0;
    return is_plugin(buf);
}
static void use_body(void *name) { use_plugin(name); }
const char *interp_package_about(const char *name)
{
    for (int i = 0; i < COUNT(renamed); i++)
        if (!strcmp(renamed[i].package, name)) {
            struct buf *b = buf_new();
            buff(b, "Torch's name for %s, whose functions it has too", renamed[i].is);
            return b->s;
        }
    if (!is_plugin(name))
        return NULL;
    if (protect(use_body, (void *)name))
        return failure()->message;
    return plugin_loaded(name)->about;
}

static sym renamed_function(sym name)         /* cutorch.f: cuda.f, else NULL */
{
    for (int i = 0; i < COUNT(renamed); i++) {
        size_t n = strlen(renamed[i].package);
        if (!strncmp(name->text, renamed[i].package, n) && name->text[n] == '.') {
            struct buf *b = buf_new();
            buff(b, "%s%s", renamed[i].is, name->text + n);
            return symbol_n(b->s, b->n);
        }
    }
    return NULL;
}
static struct callee look(sym name, const struct unit *from)
{
    char package[256];
    struct callee none = { 0 };
    uint64_t stamp = 0;
    const char *file;
    if (from && from->file)
        for (int i = 0; i < from->functions; i++)
            if (from->function[i]->name == name)
                return (struct callee){ from->function[i], NULL };
    if (from && from->file && !from->library && (file = path_private(name->text, from->source->name, &stamp)))
        return (struct callee){ from_file(file, stamp, COMPILE_FILE), NULL };
    if (!from || !from->library) {
        struct typed *t = typed_find(name);
        if (t && unlikely(t->unit->shadows != vm->shadows)) {
            compile_again(t->unit);
            t = typed_find(name);
        }
        if (t)
            return (struct callee){ t->code, NULL };
        file = path_find(name->text, &stamp);
        if (file && file != path_library(name->text, NULL))
            return (struct callee){ from_file(file, stamp, COMPILE_FILE), NULL };
    }
    const struct builtin *b = find_builtin(name);
    if (b)
        return (struct callee){ NULL, b };
    file = path_library(name->text, &stamp);
    if (file)
        return (struct callee){ from_file(file, stamp, COMPILE_FILE | COMPILE_LIBRARY), NULL };
    if (plugin_before_dot(name->text, package, sizeof package)) {
        use_plugin(package);
        if ((b = find_builtin(name)))
            return (struct callee){ NULL, b };
    }
    sym other = renamed_function(name);
    return other ? look(other, from) : none;
}
/* What was found in this epoch is found again: @numel in a loop looks along the path once. */
struct callee resolve(sym name, const struct unit *from)
{
    int slot = (int)(name->hash % COUNT(reg->found));
    const struct unit *home = from && (from->file || from->library) ? from : NULL;       /* all others see the same */
    if (reg->found[slot].name == name && reg->found[slot].epoch == function_epoch && reg->found[slot].from == home)
        return reg->found[slot].is;
    struct callee c = look(name, from);
    if (!c.code && !c.builtin && path_refresh()) {
        functions_look();
        c = look(name, from);
    }
    if (c.code || c.builtin) {
        reg->found[slot].name = name;
        reg->found[slot].from = home;
        reg->found[slot].epoch = function_epoch;
        reg->found[slot].is = c;
    }
    return c;
}

bool package_known(const char *name, const struct unit *from)
{
    (void)from;
    return built_in(name) || path_is_package(name) || is_plugin(name);
}
bool interp_is_package(const char *name) { return package_known(name, NULL); }

/* ---- what a help text says of parameters: the names of the signature with most of them.  *fixed: those before `...`;
   the names behind it are options, which the builtin takes as a name and a value each. `[]`, as in max(x, [], dim), is
   a place without a name. */
int builtin_params(const struct builtin *b, sym *name, int most, int *fixed)
{
    int best = 0;
    *fixed = 0;
    const char *line = b->help ? b->help : "";
    while (*line && *line != '\n') {
        const char *end = strchr(line, '\n'), *open = memchr(line, '(', end ? (size_t)(end - line) : strlen(line));
        sym found[64];
        int n = 0, before = -1;
        if (open) {
            const char *p = open + 1;
            while (*p && *p != ')' && *p != '\n' && n < most && n < 64) {
                while (*p == ' ' || *p == ',' || (*p == '[' && p[1] != ']'))
                    p++;
                const char *from = p;
                if (*p == '[')
                    found[n++] = NULL;
                while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_')
                    p++;
                if (p > from)
                    found[n++] = symbol_n(from, (size_t)(p - from));
                else if (before < 0 && (!strncmp(p, "...", 3) || !strncmp(p, "…", strlen("…"))))
                    before = n;
                if (p == from)
                    while (*p && *p != ',' && *p != ')' && *p != '\n')
                        p++;
                while (*p && *p != ',' && *p != ')' && *p != '\n')
                    p++;
            }
        }
        if (n > best) {
            best = n;
            *fixed = before < 0 ? n : before;
            memcpy(name, found, sizeof *name * (size_t)n);
        }
        if (!end)
            break;
        line = end + 1;
    }
    return best;
}

bool is_constant(sym name, double *x)
{
    static const struct {
        const char *name;
        double x;
    } row[] = { { "pi", M_PI }, { "Inf", INFINITY }, { "inf", INFINITY },
                { "NaN", NAN }, { "nan", NAN },      { "eps", 2.220446049250313e-16 },
                { "e", M_E } };
    for (int i = 0; i < COUNT(row); i++)
        if (!strcmp(row[i].name, name->text)) {
            *x = row[i].x;
            return true;
        }
    return false;
}

/* ---- for the program */
struct function_info interp_function(const char *name)
{
    struct function_info f = { .kind = FN_NONE };
    sym s = symbol_of(name);
    struct callee c = resolve(s, NULL);
    if (c.builtin)
        return (struct function_info){ .kind = FN_BUILTIN, .builtin = c.builtin };
    if (c.code) {
        struct unit *u = c.code->unit;
        f.kind = u->file || c.code->script ? FN_FILE : FN_USER;
        f.file = u->source->name && *u->source->name ? u->source->name : NULL;
        f.doc = c.code->doc ? c.code->doc : u->doc;
        f.source = u->source;
        f.begin = c.code->begin;
        f.end = c.code->end;
    }
    return f;
}

struct each { void (*f)(const char *name, void *arg); void *arg; };
static void each_code(struct code *c, void *arg) { ((struct each *)arg)->f(c->name->text, ((struct each *)arg)->arg); }
void interp_each_function(void (*f)(const char *name, void *arg), void *arg)
{
    struct each e = { f, arg };
    functions_each(each_code, &e);
    for (int i = 0; i < reg->n; i++)
        f(reg->sorted[i]->name, arg);
}
