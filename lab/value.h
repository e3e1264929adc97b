/* SPDX-License-Identifier: BSD-3-Clause */
/* value.h: what a variable can hold: 16 bytes, a kind, and a real scalar or a reference.
 *
 * The rule of ownership, in one line each:
 *   - a `value` passed as argument is borrowed;
 *   - `copy(v)` is the only way to a second reference, `drop(v)` the only way to give one up;
 *   - a new object is born in the pool of the running call and belongs to it: the pool is dropped when the call
 *     returns or fails.  Whoever stores a value (a container, a variable, `result`) stores copy(v).
 * So code never frees and never leaks: make, use, hand over with a copying setter, return.
 *
 * Counts: `owners` are the places that hold a thing; `pins` of a tensor are the windows on it, of a cell or
 * struct 1 if a view was taken of something below (LANGUAGE.md section 1, "Views").  What is pinned has at most
 * one owner: copying it makes a header (tensor) or a container one level deep of its own.  Only the interpreter
 * thread counts. */
#ifndef TL_VALUE_H
#define TL_VALUE_H
#include "base.h"
#include "fail.h"

enum kind {
#define K(name, counted) K_##name,
#include "kinds.def"
#undef K
    KINDS
};

enum { DT_I = 1, DT_S = 2, DT_F = 4, DT_C = 8, DT_L = 16, DT_T = 32 };
enum dtype {
#define D(name, ...) D_##name,
#include "dtypes.def"
#undef D
    DTYPES
};
struct dtype_row { const char *class; uint8_t size, flags, compute, accumulate; };
extern const struct dtype_row dtypes[DTYPES];
#define dtype_is(dt, f) ((dtypes[dt].flags & (f)) != 0)

struct object { uint32_t owners, pins; };
typedef struct value {
    union {
        struct { uint8_t kind, dtype; uint16_t a; uint32_t b; };
        uint64_t tag;                         /* 0: a real double scalar */
    };
    union {
        double num;                           /* NUM of every dtype but the two 64-bit integers */
        int64_t i;                            /* NUM of INT64 */
        uint64_t u;                           /* NUM of UINT64 */
        struct object *o;
        struct range *range;
        struct tensor *t;
        struct window *w;
        struct cell *cell;
        struct record *rec;
        struct func *func;
        struct instance *inst;
    };
} value;
_Static_assert(sizeof(value) == 16, "a value is two words");

static inline bool is_counted(value v) { return v.kind >= K_RANGE; }
static inline bool is_double_scalar(value v) { return v.tag == 0; }
static inline value num(double x) { return (value){ .tag = 0, .num = x }; }
static inline value num_of(int dtype, double x)
{
    return (value){ .kind = K_NUM, .dtype = (uint8_t)dtype, .num = x };
} /* x already converted; not the 64-bit integers */
static inline value boolean(bool x) { return num_of(D_LOGICAL, x); }
static inline value nil(void) { return (value){ .kind = K_NIL }; }
static inline value colon(void) { return (value){ .kind = K_COLON }; }
static inline bool is_nil(value v) { return v.kind == K_NIL; }
static inline value object_value(enum kind k, void *p) { return (value){ .kind = (uint8_t)k, .o = p }; }

/* ---- counts */
value copy_pinned(value v);
void destroy(value v);                        /* the last owner has gone; no recursion on nested values */
static inline value copy(value v)
{
    if (!is_counted(v))
        return v;
    if (likely(v.o->pins == 0)) {
        v.o->owners++;
        return v;
    }
    return copy_pinned(v);
}
static inline void drop(value v)
{
    if (is_counted(v) && --v.o->owners == 0)
        destroy(v);
}
static inline void replace(value *slot, value v)          /* v is owned; the old content goes after the new is in */
{
    value old = *slot;
    *slot = v;
    drop(old);
}
value clone(value v);                         /* every leaf anew; pooled */
value value_shell(value v); /* a cell or struct: a pooled one of its own, one level deep, the children copied */
bool isshared(value v);                       /* a window, or has any */

/* ---- the pool */
value keep(value v);                          /* an owned value joins the pool of the running call; returns it, borrowed */
int pool_mark(void);
void pool_release(int mark);
bool pool_holds(int mark, value v);           /* is this very object in the pool above mark? */

/* ---- cells: dim[0] x dim[1] x …, v in column-major order */
struct cell { struct object h; int nd; i64 numel, cap; i64 *dim; value *v; i64 inline_dim[4]; };
struct cell *cell_new(int nd, const i64 *dim);            /* pooled; all elements [](0x0) */
struct cell *cell_2d(i64 rows, i64 cols);
void cell_set(struct cell *c, i64 i, value v);            /* stores copy(v); c must have one owner (a new one has) */
void cell_reserve(struct cell *c, i64 cap);               /* room for cap elements in all; those beyond numel are [](0x0) */
void cell_resize(struct cell *c, int nd,
                 const i64 *dim); /* keeps elements at their places; new ones are [](0x0), others dropped */
static inline value cell_value(struct cell *c) { return object_value(K_CELL, c); }
value cell_of_texts(int n, const char *const *text);      /* 1 x n, pooled */

/* ---- structs and struct arrays: element-major, v[e * fields + f] */
struct fields { uint32_t owners; int n, cap; sym name[]; };
struct record {
    struct object h;
    int nd;
    i64 numel, cap /* values */;
    i64 *dim;
    struct fields *f;
    value *v;
    i64 inline_dim[4];
};
struct record *record_new(int nd, const i64 *dim, int nfield, const sym *name);      /* pooled; all values [](0x0) */
struct record *record_scalar(void);           /* 1x1 without fields */
int record_find(const struct record *r, sym name);        /* field number or -1 */
int record_add(struct record *r, sym name);               /* number of the field, new or old */
void record_remove(struct record *r, int f);
void record_put(struct record *r, i64 e, int f, value v);      /* stores copy(v); r has one owner */
void record_set(struct record *r, i64 e, sym name, value v);   /* the same by name; adds the field if need be */
value record_get(const struct record *r, i64 e, sym name);     /* borrowed; NIL if there is no such field */
void record_resize(struct record *r, int nd, const i64 *dim);
static inline value record_value(struct record *r) { return object_value(K_STRUCT, r); }

/* ---- what functions and objects are made of: a class is a table of behaviours; NULL = has none.
   Handles (OBJECT) compare by identity; functions (FUNC) are values that never change. */
struct call;
struct class {
    const char *name;                                     /* class(x) */
    void (*free)(struct object *o); /* gives back the memory; children are dropped before, through `children` */
    void (*children)(struct object *o, void (*visit)(value *child, void *arg), void *arg);
    void (*print)(value v, const char *name);             /* display; name NULL: disp */
    value (*get)(value self, sym field);                  /* self.field: pooled or borrowed; NIL: no such field */
    bool (*set)(value self, sym field, value v);          /* self.field = v; false: no such field */
    value *(*place)(value self, sym field);               /* a field that can be viewed and written below, or NULL */
    bool (*method)(value self, sym name, struct call *c); /* self.name(args…), self is argument 0; false: none of that name */
    void (*paren)(value self, struct call *c);            /* self(args…): argument 0 is self */
    void (*paren_set)(value self, int n, const value *index, value v);       /* self(index…) = v */
    void (*paren_unset)(value self, int n, const value *index); /* takes an element that paren_set made out again */
    i64 (*numel)(value self);
    value (*clone)(value self); /* pooled; all that it owns anew, ties among it kept (maps: one level, deep.c) */
    value (*move)(value self, int device);     /* itself, converted to a device (0: the CPU), or a pooled copy there */
    value (*save)(value self);                 /* a pooled struct of plain values; NULL: cannot be written into files */
    value (*blank)(const struct class *class); /* an empty one, pooled, which load fills with what save gave: two steps,
                                                  so that it may hold itself */
    void (*load)(value self, value saved);                /* fails unless saved is such a struct: files may hold anything */
    bool (*equal)(value a, value b);                      /* isequal; NULL: the same thing */
    const char *const *names;                             /* fields and methods for completion, NULL-terminated */
    value (*operate)(
        int op, int nargin,
        const value *arg); /* a row of ops.def on operands of which one is such an object: pooled, or NIL */
    void (*own_names)(value self, void (*offer)(const char *name, void *arg),
                      void *arg); /* those of this object alone */
};
struct func { struct object h; const struct class *class; sym name; };       /* interp/ puts more behind it */
struct instance {
    struct object h;
    const struct class *class;
    i64 place /* the collector's */;
    uint32_t born /* tensor.h, window */;
};
value instance_new(const struct class *class,
                   size_t bytes); /* pooled, zeroed behind the header; counted for the collector */

/* ---- ranges: base : inc : limit, n elements, a row vector that `for` and indexing never lay out */
struct range { struct object h; double base, inc, limit; i64 n; };
value range_new(double base, double inc, double limit);   /* pooled; n as in Octave, never past the limit */
value range_between(const value part[3]);   /* base, step, limit of any classes; a tensor unless all are double */
i64 range_count(double base, double inc, double limit, double eps);   /* eps of the class it is computed in */
double range_at(const struct range *r, i64 i);            /* i from 0 */

/* ---- asking */
const char *class_of(value v);                /* "double", "cell", "function_handle", "nn.Linear" … */
int value_dims(value v, i64 dim[MAX_DIMS]);   /* nd >= 2 */
i64 value_numel(value v);
bool value_true(value v);                     /* as a condition: non-empty and all non-zero; fails on cells etc. */
const char *value_shape(value v, char buf[static 128]);   /* "2x3", for messages */
const char *dims_text(int nd, const i64 *dim, char buf[static 128]);
const char *value_describe(value v, char buf[static 160]);     /* "2x3 double", "1x1 cell", "function handle", for messages */
bool value_equal(value a, value b);           /* isequal */
bool value_equal_by(value a, value b,
                    bool (*leaf)(value a, value b)); /* leaf: of all that is not two cells or two structs */

/* ---- the cycle collector: frees handles that only cycles hold; runs by itself when their number has doubled */
void collect_cycles(void);
void value_children(value v, void (*visit)(value *child, void *arg), void *arg);   /* every value that v holds directly */

#endif
