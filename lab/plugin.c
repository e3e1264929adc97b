/* SPDX-License-Identifier: BSD-3-Clause */
/* plugin.c: loads tl_NAME.so, and the table of functions that plugins are given.
 *
 * The one idea: nothing of a plugin is run before its version is known to be ours, and every way in which loading can go
 * wrong is one sentence.  A plugin stays loaded until the process ends; the list of them is the only state of tl that
 * interpreters share, and a mutex guards it. */
#include "config.h"
#include "plugin.h"
#include "sparse.h"
#include "tape.h"
#include "tl_plugin.h"

#include <ctype.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <threads.h>

#define TL_SAME(name, n) _Static_assert(D_##name == n, "tl_plugin.h numbers classes as dtypes.def does");
TL_DTYPES(TL_SAME)

/* ---- what the table has that lab/ has not under a name of its own */
static int nargin(struct call *c) { return c->nargin; }
static int nargout(struct call *c) { return c->nargout; }
static const char *name_of(struct call *c) { return c->fn->name; }
static value arg(struct call *c, int i)
{
    if (i < 0 || i >= c->nargin)
        fail_arg(c, i, "a value");
    return c->arg[i];
}
static bool interrupted(void) { return interrupt_flag; }
static value number(double x) { return num(x); }
static value boolean_value(bool x) { return boolean(x); }
static struct array array_of(struct tensor *t)
{
    t = tensor_dense(t);
    return (struct array){ (enum dtype)t->dtype, t->nd, t->numel, t->dim, t->data };
}
static enum tl_kind kind_of(value v)
{
    switch (v.kind) {
    case K_NIL: case K_COLON: return TL_NOTHING;
    case K_CELL: return TL_CELL;
    case K_STRUCT: return TL_STRUCT;
    case K_FUNC: return TL_FUNCTION_VALUE;
    case K_OBJECT: return TL_OBJECT;
    case K_SPARSE: return TL_SPARSE;
    default: return TL_ARRAY;
    }
}
static void in_range(const char *what, i64 i, i64 n)
{
    if (i < 0 || i >= n)
        fail("tl:plugin", "%s: element %lld of %lld", what, (long long)i, (long long)n);
}
static value cell_get(struct cell *x, int64_t i)
{
    in_range("cell_get", i, x->numel);
    return x->v[i];
}
static void cell_put(struct cell *x, int64_t i, value v)
{
    in_range("cell_set", i, x->numel);
    cell_set(x, i, v);
}
static void wrong_kind(value v, const char *what)
{
    char d[160];
    fail("Octave:invalid-input-arg", "%s is wanted, but this is a %s", what, value_describe(v, d));
}
static struct cell *value_cell(value v)
{
    if (v.kind != K_CELL)
        wrong_kind(v, "a cell array");
    return v.cell;
}
static struct record *value_struct(value v)
{
    if (v.kind != K_STRUCT)
        wrong_kind(v, "a struct");
    return v.rec;
}
static struct record *struct_new(int nd, const int64_t *dim) { return record_new(nd, dim, 0, NULL); }
static int struct_fields(struct record *s) { return s->f->n; }
static const char *struct_field(struct record *s, int f)
{
    in_range("struct_field", f, s->f->n);
    return s->f->name[f]->text;
}
static value struct_get(struct record *s, int64_t i, const char *field, bool *found)
{
    in_range("struct_get", i, s->numel);
    sym name = symbol_find(field, strlen(field));
    value v = name ? record_get(s, i, name) : nil();
    if (found)
        *found = !is_nil(v);
    return v;
}
static void struct_set(struct record *s, int64_t i, const char *field, value v)
{
    in_range("struct_set", i, s->numel);
    record_set(s, i, symbol_of(field), v);
}
static value struct_value(struct record *s) { return record_value(s); }
static bool sparse_read(value v, struct sparse_array *s)
{
    if (v.kind != K_SPARSE)
        return false;
    struct sparse *x = sparse_see(v);
    *s = (struct sparse_array){ (enum dtype)x->dtype, x->m, x->n, x->nz, sparse_col(x), sparse_row(x), sparse_x(x) };
    return true;
}
static value sparse_make(const struct sparse_array *s)
{
    if ((s->dtype != D_DOUBLE && s->dtype != D_CDOUBLE && s->dtype != D_LOGICAL) || s->m < 0 || s->n < 0 || s->nz < 0)
        fail("tl:plugin", "sparse_make: a class or size that no sparse matrix has");
    struct sparse *x = sparse_new(s->dtype, s->m, s->n, s->nz);
    bool rising = true;
    memcpy(sparse_col(x), s->col, (size_t)(s->n + 1) * 8);
    memcpy(sparse_row(x), s->row, (size_t)s->nz * 8);
    memcpy(sparse_x(x), s->x, (size_t)s->nz * sparse_size(x));
    in_range("sparse_make", s->n ? s->col[s->n] : 0, s->nz + 1);
    for (i64 j = 0; j < s->n; j++)
        for (i64 k = s->col[j]; k < s->col[j + 1]; k++) {
            in_range("sparse_make", s->row[k], s->m);
            rising = rising && (k == s->col[j] || s->row[k - 1] < s->row[k]);
        }
    return sparse_value(sparse_clean(sparse_tidy(rising ? x : sparse_turn(sparse_turn(x, false), false))));
}
static value call(const char *builtin, int n, ...)
{
    const struct builtin *b = hooks()->builtin_named ? hooks()->builtin_named(builtin) : NULL;
    if (!b)
        fail("Octave:undefined-function", "tl has no function '%s'", builtin);
    value *v = scratch(sizeof *v * (size_t)(n + 1)), out;
    va_list ap;
    va_start(ap, n);
    for (int i = 0; i < n; i++)
        v[i] = va_arg(ap, value);
    va_end(ap);
    call_builtin(b, n, v, 1, &out);
    return out;
}
/* `static inline` in the headers, or another name there */
static bool has_argument(struct call *c, int i) { return has_arg(c, i); }
static void poll_here(void) { poll(); }
static value value_of_cell(struct cell *x) { return cell_value(x); }
#define has_arg has_argument
#define poll poll_here
#define cell_value value_of_cell
#define cell_set cell_put

static const struct lab table = { TL_PLUGIN_VERSION, sizeof(struct lab),
#define ENTRY(returns, name, parameters, attribute) name,
    TL_LAB(ENTRY)
};

/* ---- loading */
static struct plugin *_Atomic loaded;
static mtx_t loading;                         /* recursive: a plugin's start may load another */
static once_flag loading_made = ONCE_FLAG_INIT;
static void make_loading(void) { mtx_init(&loading, mtx_recursive); }

static const struct { const char *name, *library; bool built; const char *to_build, *to_run; } tree[] = {
#define P(name, library, built, to_build, to_run) { #name, library, built, to_build, to_run },
#include "plugins.def"
};
static int tree_row(const char *name)
{
    for (int i = 0; i < COUNT(tree); i++)
        if (!strcmp(tree[i].name, name))
            return i;
    return -1;
}
bool plugin_of_tree(const char *name) { return tree_row(name) >= 0; }
void plugin_versions(void (*say)(const char *name, const char *library, bool built))
{
    for (int i = 0; i < COUNT(tree); i++)
        say(tree[i].name, tree[i].library, tree[i].built);
}
const struct plugin *plugin_loaded(const char *name)
{
    for (struct plugin *p = loaded; p; p = p->next)
        if (!strcmp(p->name, name))
            return p;
    return NULL;
}

/* The loader maps a file that was cut off and dies at its first missing page, so sizes are compared before. */
static bool cut_off(const char *file)
{
    Elf64_Ehdr h;
    Elf64_Phdr p;
    struct stat s;
    bool cut = false;
    FILE *f = fopen(file, "rb");
    if (!f)
        return false;
    if (!fstat(fileno(f), &s) && fread(&h, sizeof h, 1, f) == 1 && !memcmp(h.e_ident, ELFMAG, SELFMAG) &&
        h.e_ident[EI_CLASS] == ELFCLASS64 && h.e_phentsize == sizeof p) {
        cut = h.e_shoff + (uint64_t)h.e_shnum * h.e_shentsize > (uint64_t)s.st_size;
        for (int i = 0; i < h.e_phnum && !cut; i++)
            cut = fseek(f, (long)(h.e_phoff + (uint64_t)i * sizeof p), SEEK_SET) || fread(&p, sizeof p, 1, f) != 1 ||
                  p.p_filesz > (uint64_t)s.st_size || p.p_offset > (uint64_t)s.st_size - p.p_filesz;
    }
    fclose(f);
    return cut;
}

struct attempt { const char *name, *file; const struct tl_plugin *t; char *why; size_t room; const char *said; };
static void start(void *arg)
{
    struct attempt *a = arg;
    a->said = a->t->start(&table);
}

static bool good_name(const char *s)
{
    if (!s || !(isalpha((unsigned char)*s) || *s == '_'))
        return false;
    while (isalnum((unsigned char)*s) || *s == '_')
        s++;
    return !*s;
}

/* The functions as rows; NULL, with a->why: they will not do. */
static struct plugin *rows(struct attempt *a)
{
    i64 n = a->t->last - a->t->first;
    struct plugin *p = calloc(1, sizeof *p);
    struct builtin *row = calloc((size_t)n + 1, sizeof *row);
    const struct builtin **serves = calloc((size_t)n + 1, sizeof *serves);
    char *name = strdup(a->name), *file = strdup(a->file);
    int k = 0, m = 0;
    bool good = p && row && serves && name && file;
    if (!good)
        snprintf(a->why, a->room, "there is no memory for it");
    for (i64 i = 0; i < n && good; i++) {
        const struct builtin *b = a->t->first[i];
        if (!good_name(b->name) || !b->run ||
            (b->help && (b->min < 0 || b->out < ANY || (b->max != ANY && b->max < b->min)))) {
            snprintf(a->why, a->room, "its function %lld ('%.40s') has no proper row", (long long)i + 1,
                     b->name ? b->name : "");
            good = false;
        } else if (!b->help) {
            serves[m++] = b;
        } else {
            char *full = NULL;
            row[k] = *b;
            good = asprintf(&full, "%s.%s", a->name, b->name) >= 0;
            row[k++].name = good ? full : "";
        }
    }
    if (!good) {
        for (int i = 0; i < k; i++)
            if (*row[i].name)
                free((char *)row[i].name);
        free(p);
        free(row);
        free(serves);
        free(name);
        free(file);
        return NULL;
    }
    *p = (struct plugin){ name, file, a->t->about ? a->t->about : "", k, row, serves, NULL };
    return p;
}

static struct plugin *try_load(struct attempt *a)
{
    void *so = cut_off(a->file) ? NULL : dlopen(a->file, RTLD_NOW | RTLD_LOCAL);
    if (!so) {
        const char *e = cut_off(a->file) ? "the file is cut off" : dlerror();
        size_t n = strlen(a->file);
        if (e && !strncmp(e, a->file, n) && !strncmp(e + n, ": ", 2))
            e += n + 2;                       /* the name is said already */
        snprintf(a->why, a->room, "%s", e ? e : "it is no library");
        return NULL;
    }
    struct plugin *p = NULL;
    a->t = dlsym(so, "tl_plugin");
    if (!a->t)
        snprintf(a->why, a->room, "it is no plugin of tl: it has no tl_plugin");
    else if (a->t->version != TL_PLUGIN_VERSION)
        snprintf(a->why, a->room,
                 "it was made for version %u of plugins, and this tl has version %u; compile it again with this tl's "
                 "tl_plugin.h",
                 a->t->version, TL_PLUGIN_VERSION);
    else if (a->t->lab_size > sizeof(struct lab))
        snprintf(a->why, a->room, "it was made for a newer tl than this one");
    else if (!a->t->start || !a->t->first || a->t->last < a->t->first)
        snprintf(a->why, a->room, "its table is not filled in");
    else if ((p = rows(a))) {
        int failed = protect(start, a);
        if (!failed && !a->said)
            return p;
        snprintf(a->why, a->room, "%s", failed ? failure()->message ? failure()->message : "it failed" : a->said);
        for (int i = 0; i < p->n; i++)
            free((char *)p->row[i].name);
        free((char *)p->name);
        free((char *)p->file);
        free((void *)p->row);
        free((void *)p->serves);
        free(p);
    }
    dlclose(so);
    return NULL;
}

const struct plugin *plugin_load(const char *name, const char *file)
{
    const struct plugin *have = plugin_loaded(name);
    if (have)
        return have;
    char why[512] = "";
    struct attempt a = { .name = name, .file = file, .why = why, .room = sizeof why };
    call_once(&loading_made, make_loading);
    mtx_lock(&loading);
    struct plugin *p = (struct plugin *)plugin_loaded(name);
    if (!p && (p = try_load(&a))) {
        p->next = loaded;
        loaded = p;
    }
    mtx_unlock(&loading);
    if (p)
        return p;
    int i = tree_row(name);
    bool library = i >= 0 && strstr(why, "cannot open shared object");
    fail("tl:bad-plugin", "the plugin %s cannot be loaded: %s%s%s", file, why, library ? "\nhint: sudo apt-get install " : "",
         library ? tree[i].to_run : "");
}

/* ---- functions of tl with their body in a plugin */
static const struct builtin *body(struct plugin_row *r, struct call *c)
{
    const struct builtin *b = r->body;
    if (likely(b != NULL))
        return b;
    const char *file = hooks()->plugin_file ? hooks()->plugin_file(r->plugin) : NULL;
    int i = tree_row(r->plugin);
    if (!file && (i < 0 || tree[i].built))
        fail("tl:no-plugin", "%s: needs the plugin tl_%s.so, which is not where this tl looks for it", c->fn->name,
             r->plugin);
    if (!file)
        fail("tl:no-plugin",
             "%s: needs %s, without which this tl was built\nhint: sudo apt-get install %s, then build tl again",
             c->fn->name, tree[i].library, tree[i].to_build);
    const struct plugin *p = plugin_load(r->plugin, file);
    for (int k = 0; p->serves[k]; k++)
        if (!strcmp(p->serves[k]->name, r->name)) {
            r->body = b = p->serves[k];
            return b;
        }
    fail("tl:bad-plugin", "%s: the plugin %s does not have it", c->fn->name, file);
}
void plugin_run(struct plugin_row *r, struct call *c) { body(r, c)->run(c); }
void plugin_grad(struct plugin_row *r, struct call *c)
{
    const struct builtin *b = body(r, c);
    if (!b->grad)
        fail("tl:not-differentiable", "%s: has no derivative, but its argument depends on a variable of autograd",
             c->fn->name);
    b->grad(c);
}
