/* SPDX-License-Identifier: BSD-3-Clause */
/* workspace.c: builtins about variables and functions by name: who, whos, clear, functions, onCleanup … */
#include "interp/path.h"
#include "vm.h"
#include "lab/gpu.h"
#include "lab/sparse.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

static value text(const char *s)
{
    struct buf *b = buf_new();
    buf_puts(b, s ? s : "");
    return buf_value(b);
}

/* ---- listing */
struct found { sym name; value v; unsigned flags; };
struct listing { struct found *v; int n, room; struct call *c; int from; bool regexp; };

static bool wanted(struct listing *l, const char *name)
{
    if (l->c->nargin <= l->from)
        return true;
    for (int i = l->from; i < l->c->nargin; i++) {
        extern const struct builtin builtin_regexp;
        if (l->regexp ? value_numel(call1(&builtin_regexp, 3, text(name), l->c->arg[i], text("once"))) > 0
                      : !fnmatch(arg_text(l->c, i, NULL), name, 0))
            return true;
    }
    return false;
}
static void add(sym name, value *v, unsigned flags, void *arg)
{
    struct listing *l = arg;
    if (!wanted(l, name->text) || !strncmp(name->text, "__eval", 6) || name->text[0] == '.')
        return;
    if (l->n == l->room) {
        int room = l->room ? 2 * l->room : 32;
        struct found *all = scratch(sizeof *all * (size_t)room);
        if (l->n)
            memcpy(all, l->v, sizeof *all * (size_t)l->n);
        l->v = all;
        l->room = room;
    }
    l->v[l->n++] = (struct found){ name, *v, flags };
}
static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->name->text, ((const struct found *)b)->name->text);
}
static struct listing variables_by(struct call *c, int from, bool regexp)
{
    struct listing l = { .c = c, .from = from, .regexp = regexp };
    frame_each(vm->frame, add, &l);
    if (l.n)
        qsort(l.v, (size_t)l.n, sizeof *l.v, by_name);
    return l;
}
static struct listing variables(struct call *c, int from) { return variables_by(c, from, false); }

/* Off a list, since values nest as deep as memory lasts; pooled. */
struct size { i64 bytes; value *todo; int n, cap; };
static void add_bytes(value *v, void *arg)
{
    struct size *s = arg;
    switch (v->kind) {
    case K_NUM: s->bytes += dtypes[v->dtype].size; break;
    case K_RANGE: s->bytes += 24; break;
    case K_TENSOR: s->bytes += v->t->numel * dtypes[v->t->dtype].size; break;
    case K_WINDOW: s->bytes += v->w->numel * dtypes[v->w->base->dtype].size; break;
    case K_SPARSE: s->bytes += sparse_bytes(sparse_see(*v)); break;
    case K_CELL:
    case K_STRUCT:
        if (s->n == s->cap) {
            s->cap = s->cap ? 2 * s->cap : 64;
            value *all = scratch(sizeof *all * (size_t)s->cap);
            if (s->n)
                memcpy(all, s->todo, sizeof *all * (size_t)s->n);
            s->todo = all;
        }
        s->todo[s->n++] = *v;
    }
}
static i64 bytes_of(value v)
{
    struct size s = { 0 };
    int mark = pool_mark();
    add_bytes(&v, &s);
    while (s.n)
        value_children(s.todo[--s.n], add_bytes, &s);
    pool_release(mark);
    return s.bytes;
}

BUILTIN(who, 0, ANY, 1, NO_GRAD,
  "who\n"
  "who pattern …\n"
  "c = who(…)\n\n"
  "The names of the variables, those that match a pattern with * and ?; as a cell of texts if a result is wanted.\n\n"
  "Example:\n  clear; ab = 1; ac = 2; b = 3; c = who('a*')\n  c =\n  {\n    [1,1] = ab\n    [2,1] = ac\n  }\n\n\n"
  "See also: whos, clear, exist")
{
    struct listing l = variables(c, 0);
    if (c->nargout > 0) {
        struct cell *r = cell_2d(l.n, l.n ? 1 : 0);
        for (int i = 0; i < l.n; i++)
            cell_set(r, i, text(l.v[i].name->text));
        result(c, 0, cell_value(r));
        return;
    }
    if (!l.n)
        return;
    int width = 0;
    for (int i = 0; i < l.n; i++)
        width = MAX(width, (int)l.v[i].name->len);
    int per = MAX(1, 80 / (width + 2)), rows = (l.n + per - 1) / per;
    out_puts("Variables visible from the current scope:\n\n");
    for (int r = 0; r < rows; r++) {
        for (int i = r; i < l.n; i += rows)
            outf(i + rows < l.n ? "%-*s  " : "%.0d%s", i + rows < l.n ? width : 0, l.v[i].name->text);
        out_puts("\n");
    }
    out_puts("\n");
}

/* The columns stand where Octave has them: the sizes below each other at their first x, `front` columns before it. */
static int whos_front(value v)
{
    char shape[128];
    return (int)strcspn(value_shape(v, shape), "x");
}

static i64 whos_line(const struct found *f, int width, int front)
{
    value v = f->v;
    char shape[128], attr[6] = "     ";
    const struct code *k = vm->frame->code;
    if (is_tensor_like(v) && dtype_is(value_dtype(v), DT_C))
        attr[0] = 'c';
    if (v.kind == K_SPARSE)
        attr[1] = 's';
    else if (v.kind == K_WINDOW)
        attr[1] = 'w';
    else if (isshared(v))
        attr[1] = 'v';
    for (int i = 0; i < k->nparam && !k->script; i++)
        if (k->param[i].name == f->name)
            attr[2] = 'f';
    if (f->flags & VAR_GLOBAL)
        attr[3] = 'g';
    if (f->flags & VAR_PERSISTENT)
        attr[4] = 'p';
    const char *x = strchr(value_shape(v, shape), 'x');
    if (!x)
        x = shape + strlen(shape);
    i64 bytes = bytes_of(v);
    outf("  %s  %-*s %*.*s%s %*lld  %s", attr, width, f->name->text, front, (int)(x - shape), shape, x,
         MAX(1, 28 - (int)strlen(x)), (long long)bytes, class_of(v));
    if (value_device(v))
        outf("  gpu%d", value_device(v));
    out_puts("\n");
    return bytes;
}

BUILTIN(whos, 0, ANY, 1, NO_GRAD,
  "whos\n"
  "whos pattern …\n\n"
  "The variables with size, bytes and class. Attributes: c complex, s sparse, f a parameter of the function, g global, "
  "p persistent, w a window, v has windows. What lies on a GPU is followed by its name, as gpu1.\n\n"
  "Example:\n  clear; A = ones(2, 3); whos\n  Variables visible from the current scope:\n  \n"
  "  variables in scope: top scope\n  \n"
  "  Attr   Name        Size                     Bytes  Class\n"
  "  ====   ====        ====                     =====  =====\n"
  "         A           2x3                         48  double\n  \n"
  "  Total is 6 elements using 48 bytes\n  \n\n"
  "See also: who, size, class")
{
    struct listing l = variables(c, 0);
    if (!l.n)
        return;
    int width = 6, front = 6;
    for (int i = 0; i < l.n; i++) {
        width = MAX(width, (int)l.v[i].name->len);
        front = MAX(front, whos_front(l.v[i].v));
    }
    i64 elements = 0, bytes = 0;
    const struct code *k = vm->frame->code;
    out_puts("Variables visible from the current scope:\n\n");
    outf("variables in scope: %s", k->script || !k->name ? "top scope" : k->name->text);
    if (!k->script && k->name && k->unit && k->unit->source && *k->unit->source->name)
        outf(": %s", k->unit->source->name);
    outf("\n\n  Attr   %-*s%*s%26s  Class\n", width, "Name", front + 4, "Size", "Bytes");
    outf("  ====   %-*s%*s%26s  =====\n", width, "====", front + 4, "====", "=====");
    for (int i = 0; i < l.n; i++) {
        elements += value_numel(l.v[i].v);
        bytes += whos_line(&l.v[i], width, front);
    }
    outf("\nTotal is %lld element%s using %lld byte%s\n\n", (long long)elements, elements == 1 ? "" : "s",
         (long long)bytes, bytes == 1 ? "" : "s");
}

/* ---- clear */
static void clear_function_name(struct code *k, void *arg)
{
    struct listing *l = arg;
    for (int i = l->from; i < l->c->nargin; i++)
        if (!fnmatch(arg_text(l->c, i, NULL), k->name->text, 0)) {
            for (int p = 0; p < k->npersist; p++) {
                value old = k->persist[p];
                k->persist[p] = nil();
                drop(old);
            }
        }
}

BUILTIN(clear, 0, ANY, 0, NO_GRAD,
  "clear\n"
  "clear pattern …\n"
  "clear -all | -global | -functions | -variables\n"
  "clear -x pattern …\n"
  "clear -regexp pattern …\n\n"
  "Removes variables: all, or those that match a pattern with * and ?, with -regexp a regular expression; with -x "
  "those that do not. -global removes the values of global variables too, -functions the functions that were typed.\n\n"
  "Example:\n  x = 1; clear x; exist('x')\n  ans = 0\n\n"
  "See also: who, exist")
{
    int from = 0;
    bool all = false, global = false, functions = false, except = false, regexp = false;
    for (int i = 0; i < c->nargin; i++)
        if (!arg_is_text(c, i))
            fail("Octave:invalid-fun-call",
                 "clear: argument %d is a value, where the name of a variable is wanted\nhint: clear x, or clear('x')",
                 i + 1);
    while (from < c->nargin) {
        const char *s = arg_text(c, from, NULL);
        if (*s != '-' && !(c->nargin == 1 && (!strcmp(s, "all") || !strcmp(s, "variables") || !strcmp(s, "functions") ||
                                              !strcmp(s, "global"))))
            break;
        s += *s == '-';
        if (!strcmp(s, "all") || !strcmp(s, "a"))
            all = global = functions = true;
        else if (!strcmp(s, "global") || !strcmp(s, "g"))
            global = true;
        else if (!strcmp(s, "functions") || !strcmp(s, "f"))
            functions = true;
        else if (!strcmp(s, "x") || !strcmp(s, "exclusive"))
            except = true;
        else if (!strcmp(s, "regexp") || !strcmp(s, "r"))
            regexp = true;
        else if (strcmp(s, "variables") && strcmp(s, "v"))
            fail("Octave:invalid-fun-call",
                 "clear: there is no option '-%s'; there are -all, -variables, -global, -functions, -x, -regexp", s);
        from++;
    }
    struct listing l = variables_by(c, except ? c->nargin : from, regexp);
    if (functions && !all) {
        if (from == c->nargin)
            function_remove(NULL);
        for (int i = from; i < c->nargin; i++)
            function_remove(symbol_of(arg_text(c, i, NULL)));
        return;
    }
    struct listing keep_these = { .c = c, .from = from, .regexp = regexp };
    for (int i = 0; i < l.n; i++) {
        if (except && wanted(&keep_these, l.v[i].name->text))
            continue;
        if (global && (l.v[i].flags & VAR_GLOBAL) && (!all || vm->frame->code->script)) { /* a function's `clear all` lets go */
            value *v = frame_variable(vm->frame, l.v[i].name, false), old = *v;
            *v = nil();
            drop(old);
            for (struct global *g = vm->globals; g; g = g->next)
                if (g->name == l.v[i].name)
                    g->set = false;
        }
        if (!global || all || (l.v[i].flags & VAR_GLOBAL))
            frame_forget(vm->frame, l.v[i].name);
    }
    if (all && from == c->nargin)
        function_remove(NULL);
    if (!l.n && !except && !global && !regexp)
        for (int i = from; i < c->nargin; i++)
            function_remove(symbol_of(arg_text(c, i, NULL)));
    if (from < c->nargin && !except && !regexp)
        functions_each(clear_function_name, &keep_these);
}

BUILTIN(clearvars, 0, ANY, 0, NO_GRAD,
  "clearvars\n"
  "clearvars pattern …\n"
  "clearvars pattern … -except pattern …\n\n"
  "Removes variables: all, or those that match a pattern with * and ?, but not what matches a pattern behind -except.\n\n"
  "Example:\n  x = 1; y = 2; clearvars -except y; exist('x'), exist('y')\n  ans = 0\n  ans = 1\n\n"
  "See also: clear")
{
    int except = 0;
    while (except < c->nargin && strcmp(arg_text(c, except, NULL), "-except"))
        except++;
    struct call gone = *c;
    gone.nargin = except;
    struct listing l = variables(&gone, 0), keep_these = { .c = c, .from = except + 1 };
    for (int i = 0; i < l.n; i++)
        if (except >= c->nargin - 1 || !wanted(&keep_these, l.v[i].name->text))
            frame_forget(vm->frame, l.v[i].name);
}

BUILTIN(isglobal, 1, 1, 1, NO_GRAD,
  "tf = isglobal(name)\n\n"
  "Whether the variable of that name is declared global here.\n\n"
  "Example:\n  global G1; isglobal('G1')\n  ans = 1\n\n"
  "See also: exist")
{
    sym name = symbol_of(arg_text(c, 0, NULL));
    value *v = frame_variable(vm->frame, name, false);
    bool yes = false;
    for (struct global *g = vm->globals; g; g = g->next)
        yes = yes || (g->name == name && v == &g->v);
    result_bool(c, 0, yes);
}

/* ---- functions */
BUILTIN(mfilename, 0, 1, 1, NO_GRAD,
  "s = mfilename()\n"
  "s = mfilename('fullpath' | 'fullpathext')\n\n"
  "The name of the file whose code is running, without folder and ending; with its folder, and with its ending.\n\n"
  "Example:\n  ischar(mfilename())\n  ans = 1\n\n"
  "See also: which")
{
    static const char *const kinds[] = { "fullpath", "fullpathext", NULL };
    int kind = has_arg(c, 0) ? arg_option(c, 0, kinds) : -1;
    const char *name = vm->frame->code->unit->source->name;
    if (path_running() && (!name || !*name || access(name, R_OK)))       /* `--test` runs a file piece by piece */
        name = path_running();
    char *full = name && *name && kind >= 0 ? realpath(name, NULL) : NULL;
    const char *s = full ? full : name ? name : "";
    char *t = scratch(strlen(s) + 1);
    strcpy(t, s);
    free(full);
    if (kind < 0 && strrchr(t, '/'))
        t = strrchr(t, '/') + 1;
    char *dot = strrchr(t, '.');
    if (kind != 1 && dot && !strchr(dot, '/'))
        *dot = 0;
    result_text(c, 0, t);
}

BUILTIN(functions, 1, 1, 1, NO_GRAD,
  "s = functions(f)\n\n"
  "What a function value is made of: fields function, type, file, and workspace with what a closure captured.\n\n"
  "Example:\n  a = 2; f = @(x) x + a; functions(f).workspace{1}.a\n  ans = 2\n\n"
  "See also: func2str")
{
    if (c->arg[0].kind != K_FUNC || c->arg[0].func->class != &function_class)
        fail_arg(c, 0, "a function");
    struct function_value *f = (struct function_value *)c->arg[0].func;
    struct record *r = record_scalar();
    char *s = function_text(c->arg[0]);
    value t = text(s);
    free(s);
    record_set(r, 0, symbol_of("function"), t);
    record_set(r, 0, symbol_of("type"), text(f->h.name ? "simple" : "anonymous"));
    record_set(r, 0, symbol_of("file"), text(""));
    if (!f->h.name) {
        struct record *w = record_scalar();
        for (int i = 0; i < f->ncapture; i++)
            if (f->v[i].kind != K_NIL)
                record_set(w, 0, register_name(f->code, f->code->capture[i].to), f->v[i]);
        struct cell *one = cell_2d(1, 1);
        cell_set(one, 0, record_value(w));
        record_set(r, 0, symbol_of("workspace"), cell_value(one));
    }
    result(c, 0, record_value(r));
}

BUILTIN(code, 1, 3, 1, NO_GRAD,
  "code(f)\n"
  "s = code(f)\n"
  "s = code(f, 'cuda', class)\n\n"
  "The elementwise programs that a function's expressions became, as text; with 'cuda' the kernels that they would be "
  "on a GPU for variables of the class ('double' or 'single'), in CUDA C++. No GPU is needed for that. Operands x0, x1 "
  "… are the variables in their order, and what a matrix product made.\n\n"
  "Example:\n  s = code(@(x) tanh(x + 1)); ischar(s)\n  ans = 1\n\n"
  "See also: disassemble, func2str")
{
    if (c->arg[0].kind != K_FUNC || c->arg[0].func->class != &function_class)
        fail_arg(c, 0, "a function");
    struct function_value *f = (struct function_value *)c->arg[0].func;
    struct code *k = f->h.name ? resolve_value(f).code : f->code;
    if (!k)
        fail("Octave:undefined-function", "code: '%s' is a built-in function", f->h.name->text);
    struct buf *b = buf_new();
    bool cuda = has_arg(c, 1), single = has_arg(c, 2) && !strcmp(arg_text(c, 2, NULL), "single");
    if (cuda && strcmp(arg_text(c, 1, NULL), "cuda"))
        fail_arg(c, 1, "'cuda'");
    if (has_arg(c, 2) && !single && strcmp(arg_text(c, 2, NULL), "double"))
        fail_arg(c, 2, "'double' or 'single'");
    for (int i = 0; i < k->ntree; i++) {
        value v = cuda ? gpu_text(k->tree[i]->plan, single ? D_SINGLE : D_DOUBLE) : plan_text(k->tree[i]->plan);
        if (is_nil(v))
            continue;
        struct tensor *t = tensor_dense(tensor_of(v));
        buf_add(b, t->data, (size_t)t->numel);
        if (b->n && b->s[b->n - 1] != '\n')
            buf_putc(b, '\n');
    }
    if (cuda && !b->n)
        fail("Octave:undefined-function", "code: nothing in this function becomes a kernel: its expressions are no "
                                          "elementwise programs");
    if (c->nargout > 0)
        result(c, 0, buf_value(b));
    else
        out_text(b->s, b->n);
}

/* ---- onCleanup: a function that runs when its last holder lets go */
struct cleanup { struct instance h; value f; };
static void cleanup_free(struct object *o)
{
    struct cleanup *x = (struct cleanup *)o;
    memory_free(x, sizeof *x);
}
/* The children are visited to be dropped when the object goes: then the function is put by, to run at the next safe point. */
static void cleanup_children(struct object *o, void (*visit)(value *child, void *arg), void *arg)
{
    struct cleanup *x = (struct cleanup *)o;
    if (o->owners == 0 && x->f.kind == K_FUNC)
        cleanup_later(copy(x->f));
    visit(&x->f, arg);
}
static const struct class cleanup_class = { .name = "onCleanup", .free = cleanup_free, .children = cleanup_children };

BUILTIN(onCleanup, 1, 1, 1, NO_GRAD,
  "h = onCleanup(f)\n\n"
  "An object that calls f, without arguments, when the variable that holds it goes: at the end of the function, after an "
  "error too, or by clear.\n\n"
  "Example:\n  h = onCleanup(@() disp('gone')); clear h\n  gone\n\n"
  "See also: unwind_protect")
{
    value f = arg_func(c, 0), v = instance_new(&cleanup_class, sizeof(struct cleanup));
    ((struct cleanup *)v.inst)->f = copy(f);
    result(c, 0, v);
}

/* ---- errors as values */
BUILTIN(MException, 2, ANY, 1, NO_GRAD,
  "err = MException(id, template, arg, …)\n\n"
  "An error as a value, the struct that catch gives; error(err) or throw(err) raises it.\n\n"
  "Example:\n  e = MException('a:b', 'no %d', 3); try, throw(e), catch err, disp(err.message), end\n  no 3\n\n"
  "See also: error, rethrow")
{
    struct record *r = record_scalar();
    struct buf *b = buf_new();
    format_args(b, "MException", c->arg[1], c->nargin - 2, c->arg + 2);
    const char *id = arg_text(c, 0, NULL);
    record_set(r, 0, symbol_of("message"), buf_value(b));
    record_set(r, 0, symbol_of("identifier"), text(id));
    i64 none[2] = { 0, 1 };
    sym names[4] = { symbol_of("file"), symbol_of("name"), symbol_of("line"), symbol_of("column") };
    record_set(r, 0, symbol_of("stack"), record_value(record_new(2, none, 4, names)));
    result(c, 0, record_value(r));
}
BUILTIN(throw, 1, 1, 0, NO_GRAD,
  "throw(err)\n\n"
  "Raises the error err, a struct with fields message and identifier.\n\n"
  "Example:\n  try, throw(MException('a:b', 'oh')), catch err, disp(err.identifier), end\n  a:b\n\n"
  "See also: rethrow, MException")
{
    error_raise(c->arg[0]);
}
BUILTIN(getReport, 1, 1, 1, NO_GRAD,
  "s = getReport(err)\n\n"
  "The text of an error: 'error: ' and its message.\n\n"
  "Example:\n  try, error('oh'), catch err, disp(err.getReport()), end\n  error: oh\n\n"
  "See also: error")
{
    struct record *r = arg_struct(c, 0);
    value m = record_get(r, 0, symbol_of("message"));
    if (m.kind == K_NIL)
        fail_arg(c, 0, "an error, with the field message");
    struct buf *b = buf_new();
    buf_puts(b, "error: ");
    struct call t = { c->fn, 1, 0, &m, NULL };
    buf_puts(b, arg_text(&t, 0, NULL));
    result(c, 0, buf_value(b));
}
