/* SPDX-License-Identifier: BSD-3-Clause */
/* text.h: what the makers of kernel text share: a growing string, the words of words.cu, rows of ops.def as expressions. */
#ifndef TL_CUDA_TEXT_H
#define TL_CUDA_TEXT_H
#include "kernel.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

struct text { char *s; size_t n, room; bool failed; };
void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_n(struct text *t, const char *s, size_t n);
/* The words that the text names before it, itself behind them; made by malloc, NULL when memory ran out. */
char *text_with_words(struct text *t, size_t *len);

/* ---- element classes */
enum text_dtype {
#define D(NAME, ...) D_##NAME,
#include "lab/dtypes.def"
#undef D
    DTYPES
};
struct text_class { const char *name; int size; bool integer, floating, complex; double low, high; };
extern const struct text_class text_class[DTYPES];
static inline bool is_wide(int dt) { return dt == D_INT64 || dt == D_UINT64; }
enum dev_type compute_of(int dtype);          /* double for 8 to 32-bit integers, truth values for logical */
extern const char *const type_name[DEV_TYPES];

/* ---- rows */
enum row_class { ARITH, FLOAT, KEEP, PART, PARTF, EXTREME, BITS, MAKEC, TEST, BYTE };
enum { OPS_MAX = 160 };
struct text_row { const char *name, *body, *cbody, *domain; uint8_t args, class; };
extern const struct text_row text_row[];
extern const int text_rows, text_reducers;
/* Row `op` on the names a and b of compute type `type` as an expression of type *result; NULL: not for this type.
   The string lives until room_free. */
struct room { struct piece_of_room *first; bool failed; };
char *row_expression(struct room *m, int op, enum dev_type type, const char *a, const char *b, enum dev_type *result);
char *row_domain(struct room *m, int op, enum dev_type type, const char *a, const char *b);      /* or NULL: everywhere */
void room_free(struct room *m);

/* ---- a program as a function of one element */
struct function {
    bool trouble;                             /* it may have some: the last parameter is int *bad */
    enum dev_type type;                       /* of its last instruction */
    struct text params;                       /* ", n0, n1f" for the call */
};
/* "DEV R f(…)"; `to` is the dtype it returns, or -1: the compute type of the last instruction. */
bool program_function(struct text *t, const struct dev_prog *p, int to, struct function *f);
bool program_types(const struct dev_prog *p, enum dev_type *type);     /* of each instruction; false: of one there is none */
/* s of type `from` stored as class dt; `done`: it is a value of that class already */
void put_stored(struct text *t, const char *s, int from, int dt, bool done);
void program_numbers(struct text *t, const struct dev_prog *p, const char *indent);       /* their locals in the kernel */
void program_members(struct text *t, const struct dev_prog *p, bool trouble); /* the numbers among the arguments */
bool program_troubles(const struct dev_prog *p);

/* ---- layout: all operands of a call over one set of dimensions, merged as far as they go */
enum { OPERANDS = DEV_ARGS + 1 };
struct layout { int nd, n; int64_t numel, dim[DEV_DIMS], stride[OPERANDS][DEV_DIMS]; };      /* operand 0 is the result */
bool layout_of(struct layout *l, const struct dev_arg *out, int n, const struct dev_arg *in);

void layout_merge(struct layout *l, int from,
                  int to); /* dimensions from … to - 1 as far as they go; those behind move up */

/* ---- launches */
void key_start(struct kernel *k, const char *name);
void key_add(struct kernel *k, const void *p, size_t n);
void key_program(struct kernel *k, const struct dev_prog *p);
static inline void arg_word(struct kernel *k, int64_t x) { k->arg[k->words++] = (uint64_t)x; }
static inline void arg_pointer(struct kernel *k, const void *p) { k->arg[k->words++] = (uint64_t)(uintptr_t)p; }
static inline void arg_double(struct kernel *k, double x) { memcpy(&k->arg[k->words++], &x, 8); }

/* ---- a section of kernels.cu or layers.cu as a launch: begin, words, go */
struct section { const char *section, *constants; };          /* of one launch: both live as long as it */
void section_begin(struct kernel *k, struct section *s, const char *section, const char *constants);
int section_go(struct work *w, struct kernel *k, int64_t items, int each);      /* blocks of `each` items; none, no launch */
int64_t arg_size(const struct dev_arg *a);
void arg_view(struct kernel *k, const struct dev_arg *a);  /* 20 words */
struct dev_arg arg_first(const struct dev_arg *a, int d);  /* dimension d as the first one */
int layers_run(struct work *w, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag);
int layers_can(enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num);
int work_reduce(struct work *, const struct dev_prog *, struct dev_arg *out, const struct dev_arg *in,
                const double *num, int tag);
#endif
