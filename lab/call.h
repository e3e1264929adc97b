/* SPDX-License-Identifier: BSD-3-Clause */
/* call.h: how a builtin is written, called, and calls back.
 *
 * One block per builtin says everything: name, how many arguments and results, derivative, help, code.
 *
 *     BUILTIN(cumsum, 1, 2, 1, NO_GRAD,
 *       "y = cumsum(x)\n"
 *       "y = cumsum(x, dim)\n\n"
 *       "Running sum along dim, by default the first dimension longer than one.\n\n"
 *       "Example:\n  cumsum([1 2; 3 4])\n  ans =\n     1   2\n     4   6\n\n"
 *       "See also: sum, cumprod")
 *     {
 *         struct tensor *x = arg_tensor(c, 0);
 *         int dim = arg_dim(c, 1, first_long_dim(x));
 *         result_tensor(c, 0, scan(x, dim));
 *     }
 *
 * It starts in column 1: the build collects the names from these lines.  Parameter names for named arguments are
 * read from the longest signature in the help.  Arguments are borrowed; results are copied by `result`. */
#ifndef TL_CALL_H
#define TL_CALL_H
#include "tensor.h"

struct builtin;
struct call {
    const struct builtin *fn;
    int nargin, nargout;                      /* nargout 0: a statement; the first result is still welcome */
    value *arg;                               /* nargin, borrowed */
    value *out;                               /* max(1, nargout) places, NIL at the start; owned by the caller */
};
typedef void run_builtin(struct call *c);
typedef void builtin_grad(struct call *c);    /* see tape.h */
enum { ANY = -1 };
#define NO_GRAD NULL                          /* not differentiable: an error when its floating-point result would be needed */
builtin_grad grad_zero;                       /* its results do not change with its arguments: size, find, comparisons … */
builtin_grad grad_form; /* under autograd another form of it is called, made of differentiable functions:
                           scripts/differentiable_form.tl */
builtin_grad
    grad_pass; /* it hands values on, or calls functions, which record for themselves: struct, deal, cellfun … */
struct builtin {
    const char *name;
    int min, max, out;                        /* max ANY: any number; out ANY: any number of results */
    run_builtin *run;
    builtin_grad *grad;                       /* NO_GRAD: not differentiable */
    const char *help;
};
#define BUILTIN(name, min, max, out, grad, help)                                            \
    static run_builtin name##_run;                                                          \
    extern const struct builtin builtin_##name;                                             \
    const struct builtin builtin_##name = { #name, min, max, out, name##_run, grad, help }; \
    static void name##_run(struct call *c)

/* ---- arguments, i from 0.  All fail with "name: …" that says which argument and what was given. */
static inline bool has_arg(struct call *c, int i) { return i < c->nargin && c->arg[i].kind != K_NIL; }
struct tensor *arg_tensor(struct call *c, int i);         /* numeric, logical or char; may be strided */
struct tensor *arg_dense(struct call *c, int i);          /* the same, column-major */
struct tensor *arg_double(struct call *c, int i);         /* dense, converted to real double */
struct tensor *arg_float(struct call *c, int i);          /* dense; single and complex stay, all else becomes double */
struct tensor *arg_matrix(struct call *c, int i);         /* arg_float and 2-d */
double arg_num(struct call *c, int i);                    /* a real scalar */
i64 arg_int(struct call *c, int i, i64 lo, i64 hi);       /* an integer-valued scalar within lo..hi */
bool arg_bool(struct call *c, int i);
int arg_dim(struct call *c, int i, int otherwise);        /* 1-based dimension; otherwise when absent or [] */
const char *arg_text(struct call *c, int i, size_t *len); /* char row; NUL-terminated copy in the pool; len may be NULL */
int arg_option(struct call *c, int i,
               const char *const *names); /* index in names (NULL-terminated), case ignored; fails with the list */
bool arg_is_text(struct call *c, int i);                  /* a char row (or empty char) */
struct cell *arg_cell(struct call *c, int i);
struct record *arg_struct(struct call *c, int i);
value arg_func(struct call *c, int i);                    /* a function value; a name is looked up */
int arg_dims(
    struct call *c, int from, int to,
    i64 dim[MAX_DIMS]); /* sizes as in zeros(n), zeros(m, n, …), zeros([m n …]); nd; negative counts as 0; none: 1x1 */
int arg_class(struct call *c,
              int *nargin); /* strips a trailing class name ('int8', or 'like', x) off *nargin; its dtype, else -1 */
NORETURN void fail_arg(struct call *c, int i, const char *what);      /* "name: argument i must be WHAT, but is a 2x3 cell" */

/* ---- results, i from 0; more than the caller wants are ignored */
static inline bool wants(struct call *c, int i) { return i < c->nargout || i == 0; }
void result(struct call *c, int i, value v);              /* copy(v) */
void result_tensor(struct call *c, int i, struct tensor *t);          /* 1x1 real becomes a scalar */
void result_num(struct call *c, int i, double x);
void result_bool(struct call *c, int i, bool x);
void result_text(struct call *c, int i, const char *s);

/* The one way to run a builtin's code, arguments checked: */
bool odd_call(struct call *c);                /* a builtin with a sparse argument or one on a device: true when it is done */
static inline void call_run(struct call *c)
{
    if (unlikely(context_head()->odd != 0) && odd_call(c))
        return;
    if (unlikely(RECORDING != NULL))
        RECORDING->call(c);
    else
        c->fn->run(c);
}

/* ---- calling functions from here; results are pooled.  call_function is the one upward call: interp/ sets the hook. */
void call_builtin(const struct builtin *b, int nargin, const value *arg, int nargout, value *out);
value call1(const struct builtin *b, int nargin, ...);    /* values as arguments; one result */
void call_function(value f, int nargin, const value *arg, int nargout, value *out);
value call_function1(value f, int nargin, const value *arg);
/* False when f failed: failure() says why.  Ctrl-C and exit go on.  protect() alone around a call will not do: the
 * machine has frames to leave. */
bool try_function(value f, int nargin, const value *arg, int nargout, value *out);

/* Function NAME of the library, in tl, does the call: NAME(own name, the first nargin arguments…), its results are the
 * call's.  False: there is no NAME. */
bool call_carried_on(struct call *c, const char *name, int nargin);
/* f(A, 'steps'): the script row_steps shows how, and its results are f's.  False: that was not asked for. */
bool call_steps(struct call *c);
bool function_is(value f, const char *builtin);           /* f is a handle that means this builtin now */

/* A function value in parts, for files: the text of a closure and what it holds, or the name of a handle. */
struct function_parts {
    const char *text;
    bool closure;
    int n;
    sym *name;
    value *v;
}; /* v as they stand in f, not copied */

struct hooks {                                /* what lab/ needs from above; interp/ sets them, a bare lab has defaults */
    void (*call)(value f, int nargin, const value *arg, int nargout, value *out);    /* fills out with pooled values */
    bool (*try)(value f, int nargin, const value *arg, int nargout,
                value *out);                              /* the same; false: it failed, see try_function */
    value (*function_named)(const char *name);            /* a FUNC value or NIL */
    const struct builtin *(*function_builtin)(value f);   /* the builtin that a handle means now, or NULL */
    struct function_parts (*function_parts)(value f);
    value (*function_made)(const char *text, size_t len, bool closure, int n,
                           const sym *name);              /* the same back, runs nothing; NIL: not a name,
                     not the text of exactly one closure.  n names are variables, without value yet */
    value *(*function_slot)(value f, sym name);           /* where a closure holds that variable, or NULL */
    const struct builtin *(*builtin_named)(const char *name);       /* whatever the user's functions are; NULL: none */
    const char *(*plugin_file)(const char *name);         /* where tl_NAME.so of this tl is, or NULL */
    const char *(*data_file)(const char *name);           /* a file of that name in a folder where functions are looked up, or NULL */
    const struct class *(*class_named)(const char *name); /* of the rooms above lab/, or NULL */
    void (*warning)(const char *id, const char *message);
    const char *(*habit)(const char *name);               /* what a word of another language is called here, or NULL */
    int (*line)(void);                                    /* where the program stands now; 0: nowhere */
    const char *(*library)(void);                         /* the library's function, in tl, that the user called and that runs; NULL: none */
    void *(*place)(void *old); /* a note of the user's line that runs, in place of an old one; NULL: none runs */
    void (*place_drop)(void *place);
    void (*place_fail)(void *place);                      /* the next failure is told to be there */
    void (*show)(const char *mime, const void *data,
                 size_t n); /* a picture or page to whoever reads us; NULL: there is nobody */
};
struct hooks *hooks(void);

/* ---- printing goes to a sink: stdout, or a buffer (evalc, tests) */
struct sink { void (*write)(void *to, const char *s, size_t n); void *to; };
struct sink out_redirect(struct sink s);                  /* returns the one before */
void out_text(const char *s, size_t n);
void out_puts(const char *s);
void outf(const char *fmt, ...) PRINTF(1, 2);
void out_flush(void);

/* ---- growing text, freed with the pool */
struct buf { char *s; size_t n, cap; };       /* s is always NUL-terminated */
struct buf *buf_new(void);
void buf_add(struct buf *b, const char *s, size_t n);
char *
buf_room(struct buf *b,
         size_t n); /* where n more bytes and a NUL may be written; n and the NUL are then the writer's business */
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char ch);
void buff(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
value buf_value(struct buf *b);               /* char row */

extern __thread bool time_shown;              /* `time on`: the prompt tells what each command took */

#endif
