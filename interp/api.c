/* SPDX-License-Identifier: BSD-3-Clause */
/* api.c: tl.h.  Every entry makes its interpreter current, works under protect, and goes back. */
#include "tl.h"
#include "vm.h"
#include <math.h>
#include <stdlib.h>

struct tl {
    struct context *c;
    char *error, *id;
    struct given *given;                      /* functions in C */
    char *pending, *pending_id;               /* of tl_fail */
};
struct tl_value { tl *owner; value v; };
struct given { struct builtin b; tl *owner; tl_function *f; void *user; struct given *next; };

struct before { struct context *c; struct machine *m; };
static struct before enter(tl *t)
{
    struct before b = { NULL, vm };
    b.c = context_enter(t->c);
    vm = *context_room(ROOM_INTERP);
    return b;
}
static void leave(struct before b)
{
    context_enter(b.c);
    vm = b.m;
}
static void remember(tl *t, int failed)
{
    if (!failed)
        return;
    struct failure *f = failure();
    free(t->error);
    free(t->id);
    t->error = strdup(f->kind == FAIL_EXIT ? "exit" : f->message ? f->message : "out of memory");
    t->id = strdup(f->id ? f->id : "");
}

static void start(void *arg)
{
    (void)arg;
    interp_start();
}
tl *tl_new(void)
{
    tl *t = calloc(1, sizeof *t);
    if (!t || !(t->c = context_new())) {
        free(t);
        return NULL;
    }
    struct context *old = context_enter(t->c);
    struct machine *m = vm;
    int failed = protect(start, NULL);
    leave((struct before){ old, m });
    if (failed) {
        context_free(t->c);
        free(t);
        return NULL;
    }
    return t;
}

void tl_free(tl *t)
{
    if (!t)
        return;
    struct before b = enter(t);
    context_free(t->c);
    leave(b);
    for (struct given *g = t->given, *next; g; g = next) {
        next = g->next;
        free((char *)g->b.name);
        free((char *)g->b.help);
        free(g);
    }
    free(t->error);
    free(t->id);
    free(t->pending);
    free(t->pending_id);
    free(t);
}

int tl_eval(tl *t, const char *text)
{
    struct before b = enter(t);
    int failed = interp_run("", text, strlen(text), 0, 1);
    remember(t, failed);
    leave(b);
    return failed;
}
const char *tl_error(tl *t) { return t->error ? t->error : ""; }
const char *tl_error_id(tl *t) { return t->id ? t->id : ""; }

static void to_stdout(void *to, const char *s, size_t n)
{
    (void)to;
    fwrite(s, 1, n, stdout);
}
void tl_output(tl *t, void (*write)(void *to, const char *s, size_t n), void *to)
{
    struct before b = enter(t);
    out_redirect(write ? (struct sink){ write, to } : (struct sink){ to_stdout, NULL });
    leave(b);
}

/* ---- values */
static tl_value *wrap(tl *t, value owned)
{
    tl_value *v = malloc(sizeof *v);
    if (!v) {
        drop(owned);
        return NULL;
    }
    *v = (tl_value){ t, owned };
    return v;
}
void tl_release(tl_value *v)
{
    if (!v)
        return;
    struct before b = enter(v->owner);
    drop(v->v);
    leave(b);
    free(v);
}

struct making {
    tl *t;
    const char *name, *s;
    size_t n, m;
    const double *data;
    const tl_value *from;
    value out;
    char *to;
    double *numbers;
};
static tl_value *make(tl *t, void (*body)(void *), struct making *x)
{
    struct before b = enter(t);
    int mark = pool_mark(), failed = protect(body, x);
    remember(t, failed);
    tl_value *v = failed || x->out.kind == K_NIL ? NULL : wrap(t, x->out);
    pool_release(mark);
    leave(b);
    return v;
}
static void get_body(void *arg)
{
    struct making *x = arg;
    x->out = copy(interp_variable(x->name));
}
tl_value *tl_get(tl *t, const char *name) { return make(t, get_body, &(struct making){ .name = name, .out = nil() }); }
tl_value *tl_number(tl *t, double x) { return wrap(t, num(x)); }
static void text_body(void *arg)
{
    struct making *x = arg;
    x->out = copy(tensor_value(tensor_text(x->s, x->n)));
}
tl_value *tl_text(tl *t, const char *s, size_t n)
{
    return make(t, text_body, &(struct making){ .s = s, .n = n, .out = nil() });
}
static void matrix_body(void *arg)
{
    struct making *x = arg;
    i64 dim[2] = { (i64)x->n, (i64)x->m };
    struct tensor *t = tensor_zeros(D_DOUBLE, 2, dim);
    if (x->data)
        memcpy(t->data, x->data, sizeof(double) * x->n * x->m);
    x->out = copy(tensor_value(t));
}
tl_value *tl_matrix(tl *t, size_t rows, size_t columns, const double *data)
{
    return make(t, matrix_body, &(struct making){ .n = rows, .m = columns, .data = data, .out = nil() });
}

static void set_body(void *arg)
{
    struct making *x = arg;
    value v = copy(x->from->v);
    if (is_counted(v))
        keep(v);
    replace(frame_variable(NULL, symbol_of(x->name), true), copy(v));
}
int tl_set(tl *t, const char *name, const tl_value *v)
{
    struct before b = enter(t);
    struct making x = { .name = name, .from = v };
    int mark = pool_mark(), failed = protect(set_body, &x);
    remember(t, failed);
    pool_release(mark);
    leave(b);
    return failed;
}

const char *tl_class(const tl_value *v) { return class_of(v->v); }
size_t tl_rows(const tl_value *v)
{
    i64 dim[MAX_DIMS];
    value_dims(v->v, dim);
    return (size_t)dim[0];
}
size_t tl_columns(const tl_value *v)
{
    i64 dim[MAX_DIMS], n = 1;
    int nd = value_dims(v->v, dim);
    for (int i = 1; i < nd; i++)
        n *= dim[i];
    return (size_t)n;
}
static void numbers_body(void *arg)
{
    struct making *x = arg;
    struct tensor *t = tensor_of(x->from->v);
    if (dtype_is(t->dtype, DT_C))
        fail("Octave:undefined-function", "tl_to_matrix: the numbers are complex");
    for (i64 i = 0; i < (x->n ? MIN(t->numel, (i64)x->n) : t->numel); i++)
        x->numbers[i] = element_double(t, i);
}
static int numbers(const tl_value *v, double *data, size_t most)
{
    struct before b = enter(v->owner);
    struct making x = { .from = v, .numbers = data, .n = most };
    int mark = pool_mark(), failed = protect(numbers_body, &x);
    remember(v->owner, failed);
    pool_release(mark);
    leave(b);
    return failed;
}
double tl_to_number(const tl_value *v)
{
    double x = NAN;
    numbers(v, &x, 1);
    return x;
}
int tl_to_matrix(const tl_value *v, double *data) { return numbers(v, data, 0); }
static void chars_body(void *arg)
{
    struct making *x = arg;
    struct tensor *t = tensor_of(x->from->v);
    if (t->dtype != D_CHAR)
        fail("Octave:undefined-function", "tl_to_text: a %s is no text", class_of(x->from->v));
    char *s = scratch((size_t)t->numel + 1);
    gather(t, s);
    x->n = (size_t)t->numel;
    if (x->m) {
        size_t k = MIN(x->n, x->m - 1);
        memcpy(x->to, s, k);
        x->to[k] = 0;
    }
}
size_t tl_to_text(const tl_value *v, char *s, size_t room)
{
    struct before b = enter(v->owner);
    struct making x = { .from = v, .to = s, .m = room };
    if (room)
        *s = 0;
    int mark = pool_mark(), failed = protect(chars_body, &x);
    remember(v->owner, failed);
    pool_release(mark);
    leave(b);
    return failed ? 0 : x.n;
}

/* ---- calls */
struct calling { const char *name; int nargin, nargout; tl_value *const *arg; value *out; };
static void call_body(void *arg)
{
    struct calling *x = arg;
    value *in = scratch(sizeof(value) * (size_t)(x->nargin + 1));
    for (int i = 0; i < x->nargin; i++)
        in[i] = x->arg[i]->v;
    call_function(hooks()->function_named(x->name), x->nargin, in, x->nargout, x->out);
    for (int i = 0; i < MAX(1, x->nargout); i++)
        x->out[i] = copy(x->out[i]);
}
int tl_call(tl *t, const char *function, int nargin, tl_value *const *arg, int nargout, tl_value **out)
{
    struct before b = enter(t);
    int n = MAX(1, nargout), mark = pool_mark();
    value *v = calloc((size_t)n, sizeof *v);
    for (int i = 0; i < n; i++) {
        out[i] = NULL;
        if (v)
            v[i] = nil();
    }
    struct calling x = { function, nargin, nargout, arg, v };
    int failed = !v || protect(call_body, &x);
    remember(t, failed);
    for (int i = 0; i < n && !failed; i++)
        if (v[i].kind != K_NIL)
            out[i] = wrap(t, v[i]);
    free(v);
    pool_release(mark);
    leave(b);
    return failed;
}

/* The language calls C.  The C function must not be jumped over: it runs between two protected pieces. */
static void given_run(struct call *c)
{
    struct given *g = (struct given *)c->fn;
    int n = MAX(1, c->nargout);
    tl_value *arg = scratch(sizeof *arg * (size_t)(c->nargin + 1)), **args = scratch(sizeof *args * (size_t)(c->nargin + 1));
    tl_value **out = scratch(sizeof *out * (size_t)n);
    for (int i = 0; i < c->nargin; i++) {
        arg[i] = (tl_value){ g->owner, c->arg[i] };
        args[i] = &arg[i];
    }
    for (int i = 0; i < n; i++)
        out[i] = NULL;
    int failed = g->f(g->owner, g->user, c->nargin, args, c->nargout, out);
    for (int i = 0; i < n; i++)
        if (out[i]) {
            if (is_counted(out[i]->v))
                keep(out[i]->v);
            if (!failed)
                result(c, i, out[i]->v);
            free(out[i]);
        }
    if (failed) {
        tl *t = g->owner;
        char *s = scratch(strlen(t->pending ? t->pending : "it failed") + 1),
             *id = scratch(strlen(t->pending_id ? t->pending_id : "") + 1);
        strcpy(s, t->pending ? t->pending : "it failed");
        strcpy(id, t->pending_id ? t->pending_id : "");
        fail(id, "%s: %s", c->fn->name, s);
    }
}
int tl_fail(tl *t, const char *id, const char *message)
{
    free(t->pending);
    free(t->pending_id);
    t->pending = strdup(message ? message : "");
    t->pending_id = strdup(id ? id : "");
    return 1;
}
struct registering { const struct builtin *b; };
static void register_body(void *arg) { registry_add(((struct registering *)arg)->b); }
int tl_register(tl *t, const char *name, int least, int most, tl_function *f, void *user, const char *help)
{
    struct given *g = calloc(1, sizeof *g);
    if (!g)
        return 1;
    *g = (struct given){ { strdup(name), least, most < 0 ? ANY : most, ANY, given_run, NULL, strdup(help ? help : "") },
                         t,
                         f,
                         user,
                         t->given };
    t->given = g;
    struct before b = enter(t);
    struct registering x = { &g->b };
    int failed = protect(register_body, &x);
    remember(t, failed);
    leave(b);
    return failed;
}
