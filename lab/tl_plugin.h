/* SPDX-License-Identifier: BSD-3-Clause */
/* tl_plugin.h: functions written in C (or C++) outside the program: a plugin tl_NAME.so, loaded at the first `NAME.`.
 *
 *     #include <tl_plugin.h>
 *     TL_PLUGIN("circle areas")
 *     TL_FUNCTION(area, 1, 1, 1, NO_GRAD,
 *       "a = geo.area(r)\n\n"
 *       "Area of a circle with radius r.")
 *     {
 *         double r = lab->arg_num(c, 0);
 *         if (r < 0)
 *             lab->fail("geo:radius", "%s: a radius is not negative, but this one is %g", lab->name_of(c), r);
 *         lab->result_num(c, 0, 3.141592653589793 * r * r);
 *     }
 *
 *     cc -shared -fPIC -o tl_geo.so geo.c
 *
 * A plugin links nothing of tl.  It is handed the table `lab` of functions below, and hands back, in the data symbol
 * `tl_plugin` that TL_PLUGIN makes, its version, its name for people and its functions, which the linker collects.
 * This header includes nothing of tl and is all that a plugin needs; functions bear the names they have inside tl.
 *
 * Rules.  Arguments are borrowed, never freed and never written to.  What `lab` makes belongs to the running call and goes
 * with it, so nothing is freed; results are copies.  Where a function of `lab` fails it does not come back: it jumps out of
 * the plugin's function, so memory of malloc, locks and open files are held only where nothing of `lab` is called, or
 * between `protect` and `fail_again`.  Callbacks that a foreign library calls, and threads of the plugin's own, call nothing
 * of `lab` but `interrupted`, and do not jump over the library; C++ exceptions end inside the plugin.
 * One process may hold several interpreters in several threads: what a plugin keeps between calls it guards by itself.
 *
 * Versions.  TL_PLUGIN_VERSION rises when something here changes its meaning; a plugin of another version is refused.
 * Functions are added at the end of the list only, and then the table has grown: an older plugin does not care, and a newer
 * one is refused by an older tl. */
#ifndef TL_PLUGIN_H
#define TL_PLUGIN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TL_PLUGIN_VERSION 1u

/* ---- things.  Inside tl the same names stand for the real ones; here they are opaque. */
#define TL_DTYPES(D) D(DOUBLE, 0) D(SINGLE, 1) D(INT8, 2) D(INT16, 3) D(INT32, 4) D(INT64, 5) D(UINT8, 6) D(UINT16, 7) \
    D(UINT32, 8) D(UINT64, 9) D(LOGICAL, 10) D(CHAR, 11) D(CDOUBLE, 12) D(CSINGLE, 13)
#ifndef TL_CALL_H
typedef struct value {                        /* any value: a number, an array, text, a cell, a function … */
    uint64_t tag;                             /* 0: a real double, in num.  All else is tl's business */
    union { double num; int64_t i; uint64_t u; void *object; } is;
} value;
struct tensor;                                /* an array of numbers, logicals or characters */
struct cell;                                  /* a cell array */
struct record;                                /* a struct or an array of structs */
struct call;                                  /* the call that runs: its arguments and results */
typedef void run_builtin(struct call *c);
typedef void builtin_grad(struct call *c);
struct builtin {
    const char *name;
    int min, max, out;                        /* arguments, and results at most; max and out may be ANY */
    run_builtin *run;
    builtin_grad *grad;                       /* how gradients go back through it, see below; NO_GRAD: they do not */
    const char *help;                         /* signatures, a blank line, meaning, "Example:", "See also:": `help NAME.f` */
};
enum { ANY = -1, MAX_DIMS = 32 };
#define NO_GRAD NULL
/* classes of elements; a complex number is two of its class, real part first */
enum dtype {
#define TL_DTYPE_CODE(name, n) D_##name = n,
    TL_DTYPES(TL_DTYPE_CODE)
};
#endif
enum tl_kind { TL_NOTHING, TL_ARRAY, TL_CELL, TL_STRUCT, TL_FUNCTION_VALUE, TL_OBJECT, TL_SPARSE };

struct array {                                /* a tensor seen from outside: column-major, without gaps */
    enum dtype dtype;
    int nd;                                   /* at least 2 */
    int64_t numel;
    const int64_t *dim;
    void *data;                               /* written to only while the tensor is new */
};

struct sparse_array {                         /* a sparse matrix: rows rise within a column, nothing is zero */
    enum dtype dtype;                         /* DOUBLE, CDOUBLE or LOGICAL */
    int64_t m, n, nz;
    const int64_t *col, *row;                 /* entries of column j: col[j] … col[j + 1] - 1; rows from 0 */
    const void *x;
};

/* ---- the table.  F(what it returns, name, (parameters), attribute)
   i counts arguments and results from 0. */
#define TL_JUMPS __attribute__((noreturn, format(printf, 2, 3)))
#define TL_LAB(F) \
    /* arguments.  They fail with "NAME: argument i must be …, but is a …" */ \
    F(int, nargin, (struct call *c), ) \
    F(int, nargout, (struct call *c), )                   /* 0: a statement; its first result is still welcome */ \
    F(const char *, name_of, (struct call *c), )          /* of the function, for messages */ \
    F(value, arg, (struct call *c, int i), )              /* as it is */ \
    F(bool, has_arg, (struct call *c, int i), )           /* false too for a named argument that was left out */ \
    F(bool, arg_is_text, (struct call *c, int i), ) \
    F(double, arg_num, (struct call *c, int i), )         /* a real scalar */ \
    F(int64_t, arg_int, (struct call *c, int i, int64_t lo, int64_t hi), ) \
    F(bool, arg_bool, (struct call *c, int i), ) \
    F(int, arg_dim, (struct call *c, int i, int otherwise), )              /* from 1; otherwise when absent or [] */ \
    F(int, arg_dims, (struct call *c, int from, int to, int64_t *dim), )   /* sizes as in zeros(…); dim has MAX_DIMS places */ \
    F(const char *, arg_text, (struct call *c, int i, size_t *len), )      /* with a NUL; len may be NULL */ \
    F(int, arg_option, (struct call *c, int i, const char *const *names), )/* index in names, which end with NULL */ \
    F(struct tensor *, arg_tensor, (struct call *c, int i), )              /* any class */ \
    F(struct tensor *, arg_float, (struct call *c, int i), )               /* single and complex stay, all else becomes double */ \
    F(struct tensor *, arg_double, (struct call *c, int i), )              /* converted to real double */ \
    F(struct cell *, arg_cell, (struct call *c, int i), ) \
    F(struct record *, arg_struct, (struct call *c, int i), ) \
    F(value, arg_func, (struct call *c, int i), )         /* a function, or the name of one */ \
    F(void, fail_arg, (struct call *c, int i, const char *what), __attribute__((noreturn))) \
    /* results; more than the caller wants are ignored */ \
    F(void, result, (struct call *c, int i, value v), ) \
    F(void, result_tensor, (struct call *c, int i, struct tensor *t), ) \
    F(void, result_num, (struct call *c, int i, double x), ) \
    F(void, result_bool, (struct call *c, int i, bool x), ) \
    F(void, result_text, (struct call *c, int i, const char *s), ) \
    /* errors.  A message begins with name_of(c); a second line "hint: …" may follow a newline */ \
    F(void, fail, (const char *id, const char *format, ...), TL_JUMPS) \
    F(void, warn, (const char *id, const char *format, ...), __attribute__((format(printf, 2, 3)))) \
    F(int, protect, (void (*body)(void *), void *arg), )  /* runs body; 1: it failed, and all that it made is gone */ \
    F(void, fail_again, (void), __attribute__((noreturn)))/* … and go on failing */ \
    F(void, poll, (void), )                               /* in long loops: fails after Ctrl-C */ \
    F(bool, interrupted, (void), )                        /* the same question, from any thread */ \
    F(void *, scratch, (size_t bytes), )                  /* memory for the running call, aligned to 64 bytes, not cleared */ \
    F(void, out_text, (const char *s, size_t n), )        /* prints */ \
    /* arrays */ \
    F(struct tensor *, tensor_new, (int dtype, int nd, const int64_t *dim), )      /* elements not set */ \
    F(struct tensor *, tensor_zeros, (int dtype, int nd, const int64_t *dim), ) \
    F(struct tensor *, tensor_text, (const char *s, size_t n), ) \
    F(struct tensor *, tensor_cast, (struct tensor *t, int dtype), )               /* rounds and saturates; itself if it is that */ \
    F(struct tensor *, tensor_narrow, (struct tensor *t), )                        /* complex without imaginary part: real */ \
    F(struct tensor *, tensor_reshape, (struct tensor *t, int nd, const int64_t *dim), ) \
    F(struct tensor *, tensor_of, (value v), )                                     /* fails unless v is an array */ \
    F(value, tensor_value, (struct tensor *t), ) \
    F(struct array, array_of, (struct tensor *t), ) \
    /* values of any kind */ \
    F(enum tl_kind, kind_of, (value v), ) \
    F(const char *, class_of, (value v), )                                         /* "double", "cell" … */ \
    F(int, value_dims, (value v, int64_t *dim), )                                  /* nd; dim has MAX_DIMS places */ \
    F(value, number, (double x), ) \
    F(value, boolean_value, (bool x), ) \
    F(struct cell *, cell_new, (int nd, const int64_t *dim), )                     /* of empty matrices */ \
    F(value, cell_get, (struct cell *x, int64_t i), ) \
    F(void, cell_set, (struct cell *x, int64_t i, value v), )                      /* of a new cell */ \
    F(value, cell_value, (struct cell *x), ) \
    F(struct cell *, value_cell, (value v), )                                      /* fails unless v is one; so the next */ \
    F(struct record *, value_struct, (value v), ) \
    F(struct record *, struct_new, (int nd, const int64_t *dim), ) \
    F(int, struct_fields, (struct record *s), )                                    /* how many */ \
    F(const char *, struct_field, (struct record *s, int f), )                     /* name of field f, from 0 */ \
    F(value, struct_get, (struct record *s, int64_t i, const char *field, bool *found), )  /* found may be NULL */ \
    F(void, struct_set, (struct record *s, int64_t i, const char *field, value v), )       /* of a new struct */ \
    F(value, struct_value, (struct record *s), ) \
    /* calls: out has max(1, nargout) places */ \
    F(void, call_function, (value f, int nargin, const value *arg, int nargout, value *out), ) \
    F(bool, try_function, (value f, int nargin, const value *arg, int nargout, value *out), )  /* false: it failed */ \
    F(value, call, (const char *builtin, int nargin, ...), )                       /* one of tl's own, arguments are values */ \
    /* gradients: for a rule, void NAME_grad(struct call *c), arg(c, i) are the arguments of the call that was, and \
       result(c, i, g) says the gradient of argument i.  A rule made of `call` can be differentiated again. */ \
    F(value, grad_of, (struct call *c, int k), )          /* gradient of result k */ \
    F(value, grad_result, (struct call *c, int k), )      /* result k itself */ \
    F(bool, grad_wanted, (struct call *c, int i), ) \
    F(void, grad_zero, (struct call *c), )                /* a rule for results that do not change with the arguments */ \
    /* sparse matrices */ \
    F(bool, sparse_read, (value v, struct sparse_array *s), )                      /* false: v is none; s is borrowed */ \
    F(value, sparse_make, (const struct sparse_array *s), )                        /* copied; rows may stand in any order, zeros go */ \
    /* in long loops: what was made since the mark goes */ \
    F(int, pool_mark, (void), ) \
    F(void, pool_release, (int mark), )

struct lab {
    uint32_t version, size;                   /* TL_PLUGIN_VERSION, sizeof(struct lab) */
#define TL_MEMBER(returns, name, parameters, attribute) returns (*name) parameters attribute;
    TL_LAB(TL_MEMBER)
#undef TL_MEMBER
};

/* ---- what a plugin hands back */
struct tl_plugin {
    uint32_t version, lab_size;               /* as it was compiled with */
    const char *about;                        /* in a few words, for `help NAME` */
    const char *(*start)(const struct lab *l);     /* once a process, before any function; NULL, or a sentence why not */
    const struct builtin *const *first, *const *last;      /* its functions: up to, without, last */
};

/* A function: name, least and most arguments, results, rule for gradients, help; then its body, which gets `struct call
 * *c`. */
#define TL_FUNCTION(name, min, max, out, grad, help) \
    static void name##_run(struct call *c); \
    static const struct builtin name##_builtin = { #name, min, max, out, name##_run, grad, help }; \
    __attribute__((used, section("tl_functions"))) static const struct builtin *const name##_listed = &name##_builtin; \
    static void name##_run(struct call *c)

/* The body of a function whose row (arity, help) stands in tl itself: lab/plugin.h. */
#define TL_SERVES(name, grad) TL_FUNCTION(name, 0, 0, 0, grad, NULL)

/* Once in a plugin, in the file with its functions.  TL_PLUGIN_START names a function that is asked first. */
#define TL_PLUGIN(about) TL_PLUGIN_START(about, NULL)
#define TL_PLUGIN_START(about, ask) \
    __attribute__((visibility("hidden"))) const struct lab *lab; \
    extern __attribute__((visibility("hidden"))) const struct builtin *const __start_tl_functions[]; \
    extern __attribute__((visibility("hidden"))) const struct builtin *const __stop_tl_functions[]; \
    static const char *tl_start(const struct lab *l) \
    { \
        const char *(*first)(void) = ask; \
        lab = l; \
        return first ? first() : NULL; \
    } \
    extern __attribute__((visibility("default"))) const struct tl_plugin tl_plugin; \
    const struct tl_plugin tl_plugin = { TL_PLUGIN_VERSION, sizeof(struct lab), about, tl_start, \
                                         __start_tl_functions, __stop_tl_functions };
extern __attribute__((visibility("hidden"))) const struct lab *lab;

#ifdef __cplusplus
}
#endif
#endif
