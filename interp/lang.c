/* SPDX-License-Identifier: BSD-3-Clause */
/* lang.c: builtins that are about the running program: eval and feval, names and functions, arguments of the caller. */
#include "session.h"
#include "breaks.h"
#include "lab/wait.h"
#include "lab/print.h"
#include "lex.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static value text(const char *s)
{
    struct buf *b = buf_new();
    buf_puts(b, s);
    return buf_value(b);
}
static sym arg_sym(struct call *c, int i)
{
    size_t n;
    const char *s = arg_text(c, i, &n);
    return symbol_n(s, n);
}

/* ---- eval */
struct eval { const char *text; size_t len; struct frame *host; int nargout; value out[16]; };

static void eval_body(void *arg)
{
    struct eval *e = arg;
    run_text(e->text, e->len, "", e->host, 0, 1);
}
/* With results, the text is an expression: its values go through a hidden variable. */
static void eval_values(struct eval *e)
{
    struct buf *b = buf_new();
    size_t n = e->len;
    while (n && (isspace((unsigned char)e->text[n - 1]) || e->text[n - 1] == ';' || e->text[n - 1] == ','))
        n--;
    buf_putc(b, '[');
    for (int i = 0; i < e->nargout; i++)
        buff(b, "%s__eval%d__", i ? ", " : "", i + 1);
    buf_puts(b, "] = ");
    buf_add(b, e->text, n);
    buf_putc(b, ';');
    run_text(b->s, b->n, "", e->host, 0, 1);
    for (int i = 0; i < e->nargout; i++) {
        char name[32];
        snprintf(name, sizeof name, "__eval%d__", i + 1);
        value *v = frame_variable(e->host, symbol_of(name), false);
        e->out[i] = nil();
        if (v) {
            e->out[i] = *v;
            *v = nil();
            if (is_counted(e->out[i]))
                keep(e->out[i]);
        }
    }
}
value expression_value(const char *text, struct frame *host)
{
    struct eval e = { .text = text, .len = strlen(text), .host = host, .nargout = 1 };
    eval_values(&e);
    return e.out[0];
}
static void eval_values_body(void *arg) { eval_values(arg); }

static void eval_in(struct call *c, int i, struct frame *host)
{
    struct eval e = { .host = host, .nargout = MIN(c->nargout, 16) };
    e.text = arg_text(c, i, &e.len);
    void (*body)(void *) = c->nargout > 0 ? eval_values_body : eval_body;
    if (!has_arg(c, i + 1)) {
        body(&e);
    } else {
        vm->guarded++;
        int failed = protect(body, &e);
        vm->guarded--;
        if (failed) {
            if (failure()->kind != FAIL_ERROR)
                fail_again();
            error_locate();
            e.text = arg_text(c, i + 1, &e.len);
            body(&e);
        }
    }
    for (int k = 0; k < e.nargout; k++)
        result(c, k, e.out[k]);
}

BUILTIN(eval, 1, 2, ANY, grad_pass,
  "eval(try)\n"
  "eval(try, catch)\n"
  "[a, b, …] = eval(expression)\n\n"
  "Runs a text with the variables of the caller. If it fails, the text catch is run instead.\n\n"
  "Example:\n  eval('x = 1 + 2'); eval('y = (', 'disp(''no'')')\n  x = 3\n  no\n\n"
  "See also: evalc, evalin, feval, try")
{
    eval_in(c, 0, vm->frame);
}

/* A memory stream, not a buf: what is printed from deeper calls would lie in their pools. */
__thread struct sink *evalc_outer;
static void collect(void *to, const char *s, size_t n) { fwrite(s, 1, n, to); }
BUILTIN(evalc, 1, 2, ANY, grad_pass,
  "s = evalc(try)\n"
  "s = evalc(try, catch)\n"
  "[s, a, b, …] = evalc(expression)\n\n"
  "Runs a text as eval does and returns what it prints, warnings too, and the values of an expression.\n\n"
  "Example:\n  s = evalc('x = 1'); disp(strtrim(s))\n  x = 1\n\n"
  "See also: eval")
{
    struct eval e = { .host = vm->frame, .nargout = MIN(MAX(c->nargout - 1, 0), 16) };
    void (*body)(void *) = e.nargout > 0 ? eval_values_body : eval_body;
    e.text = arg_text(c, 0, &e.len);
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        fail_memory(256);
    struct sink old = out_redirect((struct sink){ collect, f }), *outer = evalc_outer;
    if (!outer)
        evalc_outer = &old;
    vm->guarded += has_arg(c, 1);
    int failed = protect(body, &e);
    vm->guarded -= has_arg(c, 1);
    if (failed && has_arg(c, 1) && failure()->kind == FAIL_ERROR) {
        error_locate();
        e.text = arg_text(c, 1, &e.len);
        failed = protect(body, &e);
    }
    evalc_outer = outer;
    out_redirect(old);
    fclose(f);
    if (failed) {
        free(text);
        fail_again();
    }
    result(c, 0, buf_value(buf_of_malloc(text, len)));
    for (int k = 0; k < e.nargout; k++)
        result(c, k + 1, e.out[k]);
}

static struct frame *context_arg(struct call *c, int i)
{
    static const char *const names[] = { "caller", "base", NULL };
    return arg_option(c, i, names) == 0 ? frame_caller(vm->frame) : NULL;
}
BUILTIN(evalin, 2, 3, ANY, NO_GRAD,
  "evalin(context, try)\n"
  "evalin(context, try, catch)\n\n"
  "Runs a text with the variables of the calling function ('caller') or of the workspace ('base').\n\n"
  "Example:\n  evalin('base', 'disp(1)')\n  1\n\n"
  "See also: eval, assignin")
{
    eval_in(c, 1, context_arg(c, 0));
}
static bool is_name(const char *s)
{
    if (!isalpha((unsigned char)*s) && *s != '_')
        return false;
    for (const char *p = s; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_')
            return false;
    return !is_keyword(s);
}
BUILTIN(assignin, 3, 3, 0, NO_GRAD,
  "assignin(context, name, value)\n\n"
  "Sets a variable of the calling function ('caller') or of the workspace ('base').\n\n"
  "Example:\n  assignin('base', 'q', 4); q\n  q = 4\n\n"
  "See also: evalin")
{
    struct frame *f = context_arg(c, 0);
    sym name = arg_sym(c, 1);
    if (!is_name(name->text))
        fail("Octave:invalid-fun-call", "assignin: '%s' is not the name of a variable", name->text);
    value v = copy(c->arg[2]);
    replace(frame_variable(f, name, true), v);
}

/* ---- files */
static void run_named(struct call *c, const char *name)
{
    uint64_t stamp;
    if (!access(name, R_OK)) {
        run_file(name, vm->frame);
        return;
    }
    const char *file = path_find(name, &stamp);
    if (!file)
        fail("Octave:undefined-function", "%s: there is no file '%s'", c->fn->name, name);
    run_file(file, vm->frame);
}
BUILTIN(run, 1, 1, 0, NO_GRAD,
  "run(script)\n\n"
  "Runs a file of statements with the variables of the caller. The name may lack its ending .tl or .m.\n\n"
  "Example:\n  f = [tempname() '.tl']; h = fopen(f, 'w'); fputs(h, 'y = 6 * x;'); fclose(h);\n  x = 7; run(f), y\n  y "
  "= 42\n  delete(f)\n\n"
  "See also: source, eval")
{
    const char *s = arg_text(c, 0, NULL);
    static const char *const ends[] = { "", ".tl", ".m" };
    for (int i = 0; i < 3; i++) {
        char *full = scratch(strlen(s) + 4);
        sprintf(full, "%s%s", s, ends[i]);
        if (!access(full, R_OK)) {
            run_file(full, vm->frame);
            return;
        }
    }
    run_named(c, s);
}
BUILTIN(source, 1, 1, 0, NO_GRAD,
  "source(file)\n\n"
  "Runs a file of statements with the variables of the caller.\n\n"
  "Example:\n  f = tempname(); h = fopen(f, 'w'); fputs(h, 'disp(6 * 7)'); fclose(h);\n  source(f)\n  42\n  delete(f)\n\n"
  "See also: run, eval")
{
    run_named(c, arg_text(c, 0, NULL));
}

/* ---- functions */
BUILTIN(feval, 1, ANY, ANY, grad_pass,
  "[y, …] = feval(f, x, …)\n\n"
  "Calls a function that is given as a value or by name.\n\n"
  "Example:\n  feval('plus', 1, 2), feval(@(x) x + 1, 1)\n  ans = 3\n  ans = 2\n\n"
  "See also: cellfun, func2str, eval")
{
    value f = c->arg[0];
    int n = MAX(1, c->nargout);
    value *out = scratch(sizeof(value) * (size_t)n);
    for (int i = 0; i < n; i++)
        out[i] = nil();
    if (f.kind != K_FUNC) {
        sym name = arg_sym(c, 0);
        struct callee k = resolve(name, vm->frame->code->unit);
        if (!k.code && !k.builtin)
            fail_undefined(name);
        if (k.code)
            machine_call_code(k.code, NULL, c->nargin - 1, c->arg + 1, c->nargout, out);
        else
            call_builtin(k.builtin, c->nargin - 1, c->arg + 1, c->nargout, out);
    } else {
        machine_call(f, c->nargin - 1, c->arg + 1, c->nargout, out);
    }
    for (int i = 0; i < n; i++)
        if (out[i].kind != K_NIL)
            result(c, i, out[i]);
}

BUILTIN(func2str, 1, 1, 1, grad_pass,
  "s = func2str(f)\n\n"
  "The text of a function value: its name, or the source of a closure.\n\n"
  "Example:\n  func2str(@(x) x.^2)\n  ans = @(x) x .^ 2\n\n"
  "See also: str2func")
{
    if (c->arg[0].kind != K_FUNC || c->arg[0].func->class != &function_class)
        fail_arg(c, 0, "a function");
    char *s = function_text(c->arg[0]);
    char *t = scratch(strlen(s) + 1);
    strcpy(t, s);
    free(s);
    result_text(c, 0, t);
}

BUILTIN(str2func, 1, 2, 1, NO_GRAD,
  "f = str2func(s)\n\n"
  "The function value that a text describes: a name, or the source of a closure.\n\n"
  "Example:\n  f = str2func('@(x) x + 1'); f(2)\n  ans = 3\n\n"
  "See also: func2str, feval")
{
    size_t n;
    const char *s = arg_text(c, 0, &n);
    while (n && isspace((unsigned char)*s)) {
        s++;
        n--;
    }
    if (!n || *s != '@') {
        bool good = n && *s != '.' && s[n - 1] != '.';
        for (size_t i = 0; i < n && good; i++)
            good = isalnum((unsigned char)s[i]) || s[i] == '_' || s[i] == '.';
        if (!good || isdigit((unsigned char)*s))
            fail("Octave:invalid-input-arg", "str2func: '%s' is neither the name of a function nor a closure @(…) …", s);
        result(c, 0, function_handle(symbol_n(s, n), vm->frame->code->unit->file ? vm->frame->code->unit : NULL));
        return;
    }
    struct eval e = { .text = s, .len = n, .host = vm->frame, .nargout = 1 };
    eval_values(&e);
    result(c, 0, e.out[0]);
}

BUILTIN(isvarname, 1, 1, 1, NO_GRAD,
  "tf = isvarname(name)\n\n"
  "Whether a text could be the name of a variable.\n\n"
  "Example:\n  isvarname('x1'), isvarname('if')\n  ans = 1\n  ans = 0\n\n"
  "See also: exist")
{
    result_bool(c, 0, arg_is_text(c, 0) && is_name(arg_text(c, 0, NULL)));
}

BUILTIN(exist, 1, 2, 1, NO_GRAD,
  "k = exist(name)\n"
  "k = exist(name, kind)\n\n"
  "What a name is: 1 a variable, 2 a file, 5 a built-in function, 7 a folder, 103 a function that was typed, 0 nothing. "
  "kind is 'var', 'builtin', 'file' or 'dir' and asks only for that; every function of the library counts as a file "
  "then.\n\n"
  "Example:\n  x = 1; exist('x'), exist('sin'), exist('no_such_thing')\n  ans = 1\n  ans = 5\n  ans = 0\n\n"
  "See also: isvarname, who, which")
{
    static const char *const kinds[] = { "var", "builtin", "file", "dir", NULL };
    const char *s = arg_text(c, 0, NULL);
    int kind = has_arg(c, 1) ? arg_option(c, 1, kinds) : -1;
    sym name = symbol_of(s);
    double k = 0;
    value *v = frame_variable(vm->frame, name, false);
    if (v && v->kind != K_NIL && (kind < 0 || kind == 0))
        k = 1;
    if (!k && kind != 0) {
        struct callee f = *s ? resolve(name, vm->frame->code->unit) : (struct callee){ 0 };
        if (f.builtin && (kind < 0 || kind == 1))
            k = 5;
        else if (f.code && kind < 0)
            k = f.code->unit->file || f.code->script ? 2 : 103;
        else if (kind == 2 && (f.builtin || (f.code && (f.code->unit->file || f.code->script))))
            k = 2;
        if (!k && kind != 1) {
            bool dir = !access(s, F_OK) && *s;
            if (dir) {
                char *slash = scratch(strlen(s) + 3);
                sprintf(slash, "%s/.", s);
                k = !access(slash, F_OK) ? 7 : 2;
                if ((kind == 3 && k != 7))
                    k = 0;
            }
        }
    }
    result_num(c, 0, k);
}

/* ---- the caller's arguments */
static struct frame *user_function(void)
{
    struct frame *f = vm->frame;
    while (f->more && f->more->guest && f->more->host)
        f = f->more->host;
    return f;
}
static struct code *code_of(struct call *c, int i, const struct builtin **b)
{
    *b = NULL;
    if (c->arg[i].kind == K_FUNC) {
        struct function_value *f = (struct function_value *)c->arg[i].func;
        struct callee k = { f->code, NULL };
        if (f->h.name)
            k = resolve_value(f);
        *b = k.builtin;
        return k.code;
    }
    sym name = arg_sym(c, i);
    struct callee k = resolve(name, vm->frame->code->unit);
    if (!k.code && !k.builtin)
        fail("Octave:undefined-function", "%s: there is no function '%s'", c->fn->name, name->text);
    *b = k.builtin;
    return k.code;
}
BUILTIN(nargin, 0, 1, 1, grad_zero,
  "n = nargin\n"
  "n = nargin(f)\n\n"
  "In a function: the number of arguments it was called with. Of a function: how many it takes, negative if the last "
  "ones may be any number.\n\n"
  "Example:\n  nargin(@(x, y) x + y)\n  ans = 2\n\n"
  "See also: nargout, narginchk")
{
    const struct builtin *b;
    if (c->nargin == 0) {
        result_num(c, 0, user_function()->nargin);
        return;
    }
    struct code *k = code_of(c, 0, &b);
    if (k)
        result_num(c, 0, k->varargin ? -k->nparam : k->nparam);
    else
        result_num(c, 0, b->max == ANY ? -(b->min + 1) : b->max);
}
BUILTIN(nargout, 0, 1, 1, NO_GRAD,
  "n = nargout\n"
  "n = nargout(f)\n\n"
  "In a function: the number of results that are wanted. Of a function: how many it gives, negative if any number.\n\n"
  "Example:\n  nargout('size')\n  ans = -1\n\n"
  "See also: nargin, isargout")
{
    const struct builtin *b;
    if (c->nargin == 0) {
        result_num(c, 0, user_function()->nargout);
        return;
    }
    struct code *k = code_of(c, 0, &b);
    if (k)
        result_num(c, 0, k->closure_body ? 1 : k->varargout ? -k->nout : k->nout);
    else
        result_num(c, 0, b->out == ANY ? -1 : b->out);
}
static void check_count(struct call *c, int given, const char *what)
{
    double lo = arg_num(c, 0), hi = arg_num(c, 1);
    if (user_function()->code->script)
        fail("Octave:invalid-fun-call", "%s: this is for functions; here nobody gives arguments", c->fn->name);
    if (lo > hi)
        fail("Octave:invalid-fun-call", "%s: the least number, %g, is greater than the most, %g", c->fn->name, lo, hi);
    if (given < lo)
        fail("", "%s: %s enough %s arguments\nhint: %d given, at least %g are needed", c->fn->name,
             *what == 'i' ? "not" : "Not", what, given, lo);
    if (given > hi)
        fail("", "%s: %s many %s arguments\nhint: %d given, at most %g are taken", c->fn->name,
             *what == 'i' ? "too" : "Too", what, given, hi);
}
BUILTIN(narginchk, 2, 2, 0, NO_GRAD,
  "narginchk(least, most)\n\n"
  "In a function: fails unless it was called with least to most arguments.\n\n"
  "Example:\n  f = @(varargin) narginchk(0, 1); f(1)\n\n"
  "See also: nargin, nargoutchk")
{
    check_count(c, (int)user_function()->nargin, "input");
}
BUILTIN(nargoutchk, 2, 2, 0, NO_GRAD,
  "nargoutchk(least, most)\n\n"
  "In a function: fails unless least to most results are wanted.\n\n"
  "Example:\n  function varargout = two(), nargoutchk(2, 2); varargout = {1, 2}; end\n  [a, b] = two()\n  a = 1\n  b = 2\n\n"
  "See also: nargout, narginchk")
{
    check_count(c, (int)user_function()->nargout, "output");
}
BUILTIN(isargout, 1, 1, 1, grad_zero,
  "tf = isargout(k)\n\n"
  "In a function: whether its result number k is used, not dropped by ~ or not asked for.\n\n"
  "Example:\n  function [a, b] = asked(), a = isargout(1); b = isargout(2); printf('%d %d\\n', a, b); end\n  [~, b] = "
  "asked();\n  0 1\n\n"
  "See also: nargout")
{
    struct frame *f = user_function();
    struct tensor *t = arg_double(c, 0);
    struct tensor *r = tensor_new(D_LOGICAL, t->nd, t->dim);
    for (i64 i = 0; i < t->numel; i++) {
        double k = ((double *)t->data)[i];
        if (!(k >= 1) || k != floor(k))
            fail("Octave:invalid-fun-call", "isargout: k must be a positive integer, but is %g", k);
        ((uint8_t *)r->data)[i] = (k <= MAX(1u, f->nargout)) && !(k <= 16 && (f->ignored >> ((int)k - 1) & 1));
    }
    result_tensor(c, 0, r);
}
/* The variable that is argument k of the call at which a frame stands, "" if it is none: the text between the call's
 * commas. */
static const char *argument_name(const struct frame *caller, i64 k)
{
    int pc = (int)(caller->pc - caller->code->ins) - 1;
    const struct where *w = &caller->code->where[pc];
    const struct source *s = caller->code->unit->source;
    uint32_t p = w->begin, depth = 0, from = 0, end = (uint32_t)s->len;
    i64 at = 0;
    while (p < end && (isalnum((unsigned char)s->text[p]) || strchr("_. ", s->text[p])))
        p++;
    if (p == end || s->text[p] != '(')
        return "";
    for (; p < end; p++) {
        char ch = s->text[p];
        if (ch == '(' || ch == '[' || ch == '{') {
            if (++depth == 1) {
                at = 1;
                from = p + 1;
            }
        } else if (ch == ')' || ch == ']' || ch == '}' || (ch == ',' && depth == 1)) {
            if (depth == 1 && (at == k || ch != ','))
                break;
            if (ch == ',') {
                at++;
                from = p + 1;
            } else {
                depth--;
            }
        }
    }
    if (at != k)
        return "";
    struct buf *name = buf_new();
    for (uint32_t i = from; i < p; i++)
        if (!isspace((unsigned char)s->text[i]))
            buf_putc(name, s->text[i]);
    return is_name(name->s) ? name->s : "";
}
BUILTIN(inputname, 1, 2, 1, NO_GRAD,
  "s = inputname(k)\n\n"
  "In a function: the name of the variable that was given as argument k, '' if it was no variable.\n\n"
  "Example:\n  function told(x), disp(inputname(1)), end\n  width = 3; told(width)\n  width\n\n"
  "See also: nargin")
{
    struct frame *f = user_function();
    i64 k = arg_int(c, 0, 1, 1 << 16);
    bool called = f > vm->frames + 1 && !f->entry;
    if (called && k > (i64)f->nargin)
        fail("Octave:invalid-fun-call", "inputname: there is no argument %lld, only %u", (long long)k, f->nargin);
    result_text(c, 0, called ? argument_name(f - 1, k) : "");
}
BUILTIN(display, 1, 1, 0, NO_GRAD,
  "display(x)\n\n"
  "Display a variable as a statement without a semicolon does, any other value as disp does.\n\n"
  "Example:\n  x = 5;\n  display(x)\n  x = 5\n\n"
  "See also: disp, format")
{
    const char *name = vm->frame ? argument_name(vm->frame, 1) : "";
    if (*name)
        print_display(c->arg[0], name);
    else
        print_disp(c->arg[0]);
}

BUILTIN(max_recursion_depth, 0, 1, 1, NO_GRAD,
  "n = max_recursion_depth()\n"
  "old = max_recursion_depth(n)\n\n"
  "How many calls of functions may be in progress at once; 256 unless it is set.\n\n"
  "Example:\n  max_recursion_depth()\n  ans = 256\n\n"
  "See also: error")
{
    struct machine *m = vm;
    result_num(c, 0, m->max_depth);
    if (has_arg(c, 0)) {
        m->max_depth = (int)arg_int(c, 0, 1, 100000);
        m->frame_limit = m->frames + m->max_depth + 1;
    }
}

/* ---- the program */
BUILTIN(argv, 0, 0, 1, NO_GRAD,
  "c = argv()\n\n"
  "The arguments that the script was started with, as a column of texts.\n\n"
  "Example:\n  iscellstr(argv())\n  ans = 1\n\n"
  "See also: program_name")
{
    struct cell *r = cell_2d(vm->argc, vm->argc ? 1 : 0);
    for (int i = 0; i < vm->argc; i++)
        cell_set(r, i, text(vm->argv[i]));
    result(c, 0, cell_value(r));
}
BUILTIN(program_name, 0, 0, 1, NO_GRAD,
  "s = program_name()\n\n"
  "The name of this program.\n\n"
  "Example:\n  program_name()\n  ans = tl\n\n"
  "See also: argv, version")
{
    result_text(c, 0, "tl");
}
static void leave(struct call *c)
{
    int status = 0;
    if (has_arg(c, 0) && arg_is_text(c, 0) && strcmp(arg_text(c, 0, NULL), "force"))
        fail("Octave:invalid-input-arg", "%s: the status must be a number from 0 to 255, but is '%s'", c->fn->name,
             arg_text(c, 0, NULL));
    if (has_arg(c, 0) && !arg_is_text(c, 0))
        status = (int)arg_int(c, 0, 0, 255);
    fail_exit(status);
}
BUILTIN(exit, 0, 2, 0, NO_GRAD,
  "exit\n"
  "exit(status)\n\n"
  "Ends the program; status, from 0 to 255, is what it tells the system.\n\n"
  "See also: quit")
{
    leave(c);
}
BUILTIN(quit, 0, 2, 0, NO_GRAD,
  "quit\n"
  "quit(status)\n\n"
  "Ends the program; status, from 0 to 255, is what it tells the system.\n\n"
  "See also: exit")
{
    leave(c);
}
BUILTIN(input, 1, 2, 1, NO_GRAD,
  "x = input(prompt)\n"
  "s = input(prompt, 's')\n\n"
  "Prints the prompt and reads a line: an expression whose value is returned, or with 's' the text as it is.\n\n"
  "See also: keyboard, eval")
{
    const char *prompt = arg_text(c, 0, NULL);
    if (before_wait)
        before_wait();
    char *s = session_read(prompt);
    if (!s)
        fail("Octave:undefined-function", "input: the input has ended");
    if (has_arg(c, 1)) {
        result_text(c, 0, s);
        return;
    }
    if (!*s) {
        i64 none[2] = { 0, 0 };
        result_tensor(c, 0, tensor_new(D_DOUBLE, 2, none));
        return;
    }
    struct eval e = { .text = s, .len = strlen(s), .host = vm->frame, .nargout = 1 };
    eval_values(&e);
    result(c, 0, e.out[0]);
}
BUILTIN(disassemble, 1, 1, 0, NO_GRAD,
  "disassemble(f)\n\n"
  "Prints the instructions that a function became.\n\n"
  "Example:\n  s = evalc('disassemble(@(x) x + 1)'); ischar(s)\n  ans = 1\n\n"
  "See also: func2str, code")
{
    const struct builtin *b;
    struct code *k = code_of(c, 0, &b);
    if (!k)
        fail("Octave:undefined-function", "disassemble: '%s' is a built-in function", b->name);
    code_list(k);
}
