/* SPDX-License-Identifier: BSD-3-Clause */
/* call.c: arguments and results of builtins, calls up and down, growing text, the print sink.
 *
 * Every getter says in its error which argument of which function was wrong, what was wanted and what was given,
 * so that no builtin words such a message itself. */
#include "context.h"
#include "gpu.h"
#include "sparse.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <strings.h>

/* ---- arguments */
NORETURN void fail_arg(struct call *c, int i, const char *what)
{
    char d[160];
    if (i >= c->nargin)
        fail("Octave:invalid-fun-call", "%s: argument %d (%s) is missing", c->fn->name, i + 1, what);
    fail("Octave:invalid-input-arg", "%s: argument %d must be %s, but is a %s%s", c->fn->name, i + 1, what,
         value_describe(c->arg[i], d), c->arg[i].kind == K_SPARSE ? "\nhint: full(S) is the full matrix" : "");
}

static value arg(struct call *c, int i, const char *what)
{
    if (i >= c->nargin || c->arg[i].kind == K_NIL)
        fail_arg(c, i, what);
    return c->arg[i];
}

struct tensor *arg_tensor(struct call *c, int i)
{
    value v = arg(c, i, "a numeric, logical or char array");
    if (!is_tensor_like(v))
        fail_arg(c, i, "a numeric, logical or char array");
    return tensor_of(v);
}

static struct tensor *settled(struct tensor *t)
{
    return t->flags & T_DENSE || tensor_settle(t) ? t : tensor_clone(t);
}

struct tensor *arg_dense(struct call *c, int i)
{
    return settled(arg_tensor(c, i));
}

struct tensor *arg_double(struct call *c, int i)
{
    struct tensor *t = arg_tensor(c, i);
    if (dtype_is(t->dtype, DT_C))
        fail_arg(c, i, "real");
    return settled(tensor_cast(t, D_DOUBLE));
}

struct tensor *arg_float(struct call *c, int i)
{
    struct tensor *t = arg_tensor(c, i);
    return settled(dtype_is(t->dtype, DT_F) ? t : tensor_cast(t, D_DOUBLE));
}

struct tensor *arg_matrix(struct call *c, int i)
{
    struct tensor *t = arg_float(c, i);
    if (t->nd > 2)
        fail_arg(c, i, "a matrix (two dimensions)");
    return t;
}

static double scalar(struct call *c, int i, const char *what)
{
    value v = arg(c, i, what);
    if (v.kind == K_NUM)
        return v.dtype == D_INT64 ? (double)v.i : v.dtype == D_UINT64 ? (double)v.u : v.num;
    if ((!is_tensor_like(v) && v.kind != K_SPARSE) || value_numel(v) != 1)
        fail_arg(c, i, what);
    struct tensor *t = tensor_of(sparse_full_value(gpu_read_value(v, c->fn->name)));
    if (dtype_is(t->dtype, DT_C))
        fail_arg(c, i, what);
    return element_double(t, 0);
}

double arg_num(struct call *c, int i)
{
    return scalar(c, i, "a real scalar");
}

i64 arg_int(struct call *c, int i, i64 lo, i64 hi)
{
    double x = scalar(c, i, "an integer");
    if (x != floor(x) || x < (double)lo || x > (double)hi) {
        if (hi >= (i64)1 << 53 && lo <= -((i64)1 << 53))
            fail("Octave:invalid-input-arg", "%s: argument %d must be an integer, but is %g", c->fn->name, i + 1, x);
        if (hi >= (i64)1 << 53)
            fail("Octave:invalid-input-arg", "%s: argument %d must be an integer of at least %lld, but is %g",
                 c->fn->name, i + 1, (long long)lo, x);
        fail("Octave:invalid-input-arg", "%s: argument %d must be an integer from %lld to %lld, but is %g", c->fn->name,
             i + 1, (long long)lo, (long long)hi, x);
    }
    return (i64)x;
}

bool arg_bool(struct call *c, int i)
{
    return scalar(c, i, "true or false") != 0;
}

int arg_dim(struct call *c, int i, int otherwise)
{
    if (!has_arg(c, i) || value_numel(c->arg[i]) == 0)
        return otherwise;
    double x = scalar(c, i, "a dimension (1, 2, …)");
    if (x != floor(x) || x < 1 || x > MAX_DIMS)           /* so that sizes with that dimension fit into arrays of MAX_DIMS */
        fail("Octave:invalid-input-arg", "%s: DIM must be a valid dimension (1, 2, … %d), but is %g", c->fn->name,
             MAX_DIMS, x);
    return (int)x;
}

bool arg_is_text(struct call *c, int i)
{
    if (i >= c->nargin)
        return false;
    value v = c->arg[i];
    if (v.kind == K_TENSOR)
        return v.t->dtype == D_CHAR && v.t->nd == 2 && (v.t->dim[0] == 1 || v.t->numel == 0);
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR)
        return false;
    i64 dim[MAX_DIMS];
    int nd = value_dims(v, dim);
    return nd == 2 && (dim[0] == 1 || dim[0] * dim[1] == 0);
}

const char *arg_text(struct call *c, int i, size_t *len)
{
    arg(c, i, "text");
    if (!arg_is_text(c, i))
        fail_arg(c, i, "text");
    value v = c->arg[i];
    bool letter = v.kind == K_NUM;
    struct tensor *t = letter ? NULL : tensor_dense(tensor_of(v));
    size_t n = letter ? 1 : (size_t)t->numel;
    char *s = scratch(n + 1);
    if (letter)
        s[0] = (char)(uint8_t)v.num;
    else
        memcpy(s, t->data, n);
    s[n] = 0;
    if (len)
        *len = n;
    return s;
}

int arg_option(struct call *c, int i, const char *const *names)
{
    const char *s = arg_text(c, i, NULL);
    for (int k = 0; names[k]; k++)
        if (!strcasecmp(s, names[k]))
            return k;
    struct buf *list = buf_new();
    for (int k = 0; names[k]; k++)
        buff(list, "%s\"%s\"", k ? ", " : "", names[k]);
    fail("Octave:invalid-input-arg", "%s: unknown option \"%s\"; it may be %s", c->fn->name, s, list->s);
}

struct cell *arg_cell(struct call *c, int i)
{
    if (arg(c, i, "a cell array").kind != K_CELL)
        fail_arg(c, i, "a cell array");
    return c->arg[i].cell;
}

struct record *arg_struct(struct call *c, int i)
{
    if (arg(c, i, "a struct").kind != K_STRUCT)
        fail_arg(c, i, "a struct");
    return c->arg[i].rec;
}

value arg_func(struct call *c, int i)
{
    value v = arg(c, i, "a function");
    if (v.kind == K_FUNC || (v.kind == K_OBJECT && v.inst->class->paren))
        return v;
    if (!arg_is_text(c, i))
        fail_arg(c, i, "a function or the name of one");
    const char *name = arg_text(c, i, NULL);
    value f = hooks()->function_named ? hooks()->function_named(name) : nil();
    if (is_nil(f))
        fail("Octave:undefined-function", "%s: there is no function '%s'", c->fn->name, name);
    return f;
}

bool function_is(value f, const char *builtin)
{
    const struct builtin *b = hooks()->function_builtin ? hooks()->function_builtin(f) : NULL;
    return b && !strcmp(b->name, builtin);
}

bool call_carried_on(struct call *c, const char *name, int nargin)
{
    value f = hooks()->function_named ? hooks()->function_named(name) : nil();
    if (is_nil(f))
        return false;
    int nout = MAX(1, c->nargout);
    value *arg = scratch(sizeof *arg * (size_t)(nargin + 1)), *out = scratch(sizeof *out * (size_t)nout);
    arg[0] = tensor_value(tensor_text(c->fn->name, strlen(c->fn->name)));
    memcpy(arg + 1, c->arg, sizeof *arg * (size_t)nargin);
    call_function(f, nargin + 1, arg, nout, out);
    for (int k = 0; k < nout; k++)
        result(c, k, out[k]);
    return true;
}

bool call_steps(struct call *c)
{
    if (c->nargin != 2 || !arg_is_text(c, 1) || strcasecmp(arg_text(c, 1, NULL), "steps"))
        return false;
    if (!call_carried_on(c, "row_steps", 1))
        fail("Octave:undefined-function", "%s: the steps need the function row_steps of the library", c->fn->name);
    return true;
}

static i64 size_of(struct call *c, double x)
{
    if (isnan(x))
        fail("Octave:invalid-input-arg", "%s: a size must not be NaN", c->fn->name);
    if (x > 0x1p62)
        fail("Octave:out-of-memory", "%s: out of memory or dimension too large: %g", c->fn->name, x);
    if (x != floor(x))
        fail("Octave:invalid-input-arg", "%s: a size must be an integer, but is %g", c->fn->name, x);
    return x < 0 ? 0 : (i64)x;
}

int arg_dims(struct call *c, int from, int to, i64 dim[MAX_DIMS])
{
    int nd = to - from;
    dim[0] = dim[1] = 1;
    if (nd <= 0)
        return 2;
    if (nd > MAX_DIMS)
        fail("tl:too-many-dimensions", "%s: a tensor has at most %d dimensions, not %d", c->fn->name, MAX_DIMS, nd);
    if (nd > 1) {
        for (int d = 0; d < nd; d++)
            dim[d] = size_of(c, scalar(c, from + d, "a size"));
        return dims_trim(nd, dim);
    }
    if (c->arg[from].kind == K_NUM) {
        dim[0] = dim[1] = size_of(c, scalar(c, from, "a size"));
        return 2;
    }
    struct tensor *t = arg_double(c, from);
    if (t->nd > 2 || (t->dim[0] != 1 && t->dim[1] != 1 && t->numel) )
        fail_arg(c, from, "a size or a vector of sizes");
    if (t->numel > MAX_DIMS)
        fail("tl:too-many-dimensions", "%s: a tensor has at most %d dimensions, not %lld", c->fn->name, MAX_DIMS,
             (long long)t->numel);
    const double *x = (const double *)t->data;
    if (t->numel == 0) {
        dim[0] = dim[1] = 0;
        return 2;
    }
    for (i64 d = 0; d < t->numel; d++)
        dim[d] = size_of(c, x[d]);
    if (t->numel == 1) {
        dim[1] = dim[0];
        return 2;
    }
    return dims_trim((int)t->numel, dim);
}

int arg_class(struct call *c, int *nargin)
{
    int n = *nargin;
    if (n >= 2 && arg_is_text(c, n - 2) && !strcasecmp(arg_text(c, n - 2, NULL), "like") && is_tensor_like(c->arg[n - 1])) {
        *nargin = n - 2;
        return value_dtype(c->arg[n - 1]);
    }
    if (n >= 1 && arg_is_text(c, n - 1)) {
        const char *s = arg_text(c, n - 1, NULL);
        int dt = dtype_named(s);
        if (dt < 0)
            fail("Octave:invalid-input-arg", "%s: \"%s\" is not the name of a numeric class", c->fn->name, s);
        *nargin = n - 1;
        return dt;
    }
    return -1;
}

/* ---- results */
void result(struct call *c, int i, value v)
{
    if (i < MAX(1, c->nargout))
        replace(&c->out[i], copy(v));
}

void result_tensor(struct call *c, int i, struct tensor *t)
{
    result(c, i, tensor_value(dtype_is(t->dtype, DT_C) && !t->mark ? tensor_narrow(t) : t));
}
void result_num(struct call *c, int i, double x) { result(c, i, num(x)); }
void result_bool(struct call *c, int i, bool x) { result(c, i, boolean(x)); }
void result_text(struct call *c, int i, const char *s) { result(c, i, tensor_value(tensor_text(s, strlen(s)))); }

/* ---- calls */
static void first_line(const char *help, char *s, size_t n)
{
    size_t k = strcspn(help, "\n");
    snprintf(s, n, "%.*s", (int)MIN(k, n - 1), help);
}

/* Fails if b does not take nargin arguments or give nargout results. */
void call_refuse(const struct builtin *b, int nargin, int nargout);
void call_refuse(const struct builtin *b, int nargin, int nargout)
{
    char usage[160];
    if (nargin < b->min || (b->max != ANY && nargin > b->max)) {
        first_line(b->help, usage, sizeof usage);
        static const struct { const char *name, *hint;
        } words[] = { { "not", "\nhint: ~x is true when x is not" },
                      { "and", "\nhint: between conditions write a && b" },
                      { "or", "\nhint: between conditions write a || b" } };
        for (int i = 0; i < COUNT(words) && nargin < b->min; i++)
            if (!strcmp(words[i].name, b->name))
                fail("Octave:invalid-fun-call", "Invalid call to %s: called with too few inputs (%d); usage: %s%s", b->name,
                     nargin, usage, words[i].hint);
        static const struct { const char *name, *hint;
        } more[] = { { "disp", "\nhint: printf('x is %g\\n', x) writes text and numbers" },
                     { "round", "\nhint: round(x * 100) / 100 rounds to two digits" },
                     { "log", "\nhint: log(x) / log(b) is the logarithm to base b; log2 and log10 are there" },
                     { "sqrt", "\nhint: nthroot(x, n) is the n-th root" },
                     { "numel", "\nhint: size(x, dim) is the size along a dimension" },
                     { "length", "\nhint: size(x, dim) is the size along a dimension" },
                     { "abs", "\nhint: max(abs(x), abs(y)) and hypot(x, y) take two" },
                     { "isempty", "\nhint: isempty(x) || isempty(y)" } };
        for (int i = 0; i < COUNT(more) && nargin > b->min; i++)
            if (!strcmp(more[i].name, b->name) && nargin == 2)
                fail("Octave:invalid-fun-call", "Invalid call to %s: called with too many inputs (%d); usage: %s%s", b->name,
                     nargin, usage, more[i].hint);
        fail("Octave:invalid-fun-call", "Invalid call to %s: called with too %s inputs (%d); usage: %s%s%s%s",
             b->name, nargin < b->min ? "few" : "many", nargin, usage, nargin ? "" : "\nhint: @", nargin ? "" : b->name,
             nargin ? "" : " is the function itself, as an argument for another");
    }
    if (b->out != ANY && nargout > MAX(b->out, 0)) {
        if (b->out == 0)
            fail("Octave:invalid-fun-call", "%s: returns no value", b->name);
        fail("Octave:invalid-fun-call", "Invalid call to %s: called with too many outputs: %d asked for, it has %d",
             b->name, nargout, b->out);
    }
}

void call_builtin(const struct builtin *b, int nargin, const value *arg, int nargout, value *out)
{
    int n = MAX(1, nargout), mark = pool_mark();
    call_refuse(b, nargin, nargout);
    struct cell *hold = cell_2d(0, 0);        /* owns the results while the call may still fail */
    cell_reserve(hold, n);
    for (int i = 0; i < n; i++)
        hold->v[i] = nil();
    hold->numel = n;
    struct call c = { b, nargin, nargout, (value *)arg, hold->v };
    call_run(&c);
    memcpy(out, hold->v, sizeof(value) * n);
    hold->numel = 0;
    pool_release(mark);
    for (int i = 0; i < n; i++)
        if (is_counted(out[i]))
            keep(out[i]);
}

value call1(const struct builtin *b, int nargin, ...)
{
    value arg[8], out;
    va_list ap;
    va_start(ap, nargin);
    for (int i = 0; i < nargin; i++)
        arg[i] = va_arg(ap, value);
    va_end(ap);
    call_builtin(b, nargin, arg, 1, &out);
    return out;
}

struct hooks *hooks(void)
{
    return &cx->hooks;
}

void call_function(value f, int nargin, const value *arg, int nargout, value *out)
{
    if (!cx->hooks.call)
        fail("tl:no-interpreter", "a function cannot be called without the interpreter");
    cx->hooks.call(f, nargin, arg, nargout, out);
}

bool try_function(value f, int nargin, const value *arg, int nargout, value *out)
{
    if (!cx->hooks.try)
        fail("tl:no-interpreter", "a function cannot be called without the interpreter");
    return cx->hooks.try(f, nargin, arg, nargout, out);
}

value call_function1(value f, int nargin, const value *arg)
{
    value out = nil();
    call_function(f, nargin, arg, 1, &out);
    return out;
}

/* ---- printing */
struct sink out_redirect(struct sink s)
{
    struct sink before = cx->sink;
    cx->sink = s;
    return before;
}

void out_text(const char *s, size_t n)
{
    if (cx->sink.write)
        cx->sink.write(cx->sink.to, s, n);
    else
        fwrite(s, 1, n, stdout);
}

void out_puts(const char *s)
{
    out_text(s, strlen(s));
}

void outf(const char *fmt, ...)
{
    char line[512], *s = line;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof line) {
        s = scratch((size_t)n + 1);
        va_start(ap, fmt);
        vsnprintf(s, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    out_text(s, (size_t)MAX(n, 0));
}

void out_flush(void)
{
    fflush(stdout);
}

/* ---- growing text: the struct and its text are scratch; a longer text is a new piece, the old one waits for the pool */
struct buf *buf_new(void)
{
    struct buf *b = scratch(sizeof *b + 256);
    b->s = (char *)(b + 1);
    b->n = 0;
    b->cap = 256;
    b->s[0] = 0;
    return b;
}

static void buf_reserve(struct buf *b, size_t n)
{
    if (b->n + n + 1 <= b->cap)
        return;
    size_t cap = MAX(2 * b->cap, b->n + n + 1);
    char *s = scratch(cap);
    memcpy(s, b->s, b->n + 1);
    b->s = s;
    b->cap = cap;
}

char *buf_room(struct buf *b, size_t n)
{
    buf_reserve(b, n);
    return b->s + b->n;
}

void buf_add(struct buf *b, const char *s, size_t n)
{
    buf_reserve(b, n);
    memcpy(b->s + b->n, s, n);
    b->n += n;
    b->s[b->n] = 0;
}

void buf_puts(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char ch)
{
    buf_add(b, &ch, 1);
}

void buff(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    size_t room = b->cap - b->n;
    va_start(ap, fmt);
    int n = vsnprintf(b->s + b->n, room, fmt, ap);
    va_end(ap);
    if (n > 0 && (size_t)n >= room) {
        b->s[b->n] = 0;
        buf_reserve(b, (size_t)n);
        va_start(ap, fmt);
        vsnprintf(b->s + b->n, (size_t)n + 1, fmt, ap);
        va_end(ap);
    }
    if (n > 0)
        b->n += (size_t)n;
}

value buf_value(struct buf *b)
{
    return tensor_value(tensor_text(b->s, b->n));
}
