/* SPDX-License-Identifier: BSD-3-Clause */
/* gpu.h: tensors on devices, from lab's side of the door (device.h).
 *
 * The one idea: a tensor on a device is a tensor like any other whose `device` is not 0, so headers, windows, sharing and
 * the tape are the same code; but `tensor_of`, through which all code that reads numbers gets its operands, refuses it with
 * a sentence.  Code that knows devices asks `tensor_any`; code that looks at headers alone is run with the door open
 * (gpu_calls.def).  So what has not been made to know devices says so, and nobody touches their memory.
 *
 * Nothing here is a silent copy: numbers come to the CPU by gpu_read, which waits, and only where the manual says so. */
#ifndef TL_GPU_H
#define TL_GPU_H
#include "device.h"
#include "plan.h"

/* ---- devices: 0 is the CPU, from 1 on what the plugin has.  All fail in a sentence. */
int gpu_count(const char **why);              /* devices beside the CPU; never fails */
struct device *gpu_at(int index);
int gpu_current(void);                        /* the one that gpu(x) uses; opens it */
void gpu_set(int index);
struct device *cpu_device(void);              /* the table filled by the CPU: cpu.c */
struct device *device_fused(struct device *real);         /* the same device, which joins programs: device_fuse.c */
struct tl_devices;
extern const struct tl_devices mock_devices;  /* mock.c */
NORETURN void gpu_fail(struct device *d, const char *who, int error);
void gpu_check(struct device *d);             /* a deferred error, if there is one, becomes an error now */
void gpu_wait_all(const char *why);
extern int device_busy;                       /* work was queued since the last boundary */
void gpu_step(void);                          /* a boundary: the back edge of a loop */
void gpu_wait(struct device *d, const char *why);         /* for all that is queued; `why` is what cuda.trace says */
extern __thread bool gpu_traced;

/* ---- tensors there; pooled */
struct block *gpu_block(int device, size_t bytes);
struct tensor *gpu_new(int device, int dtype, int nd, const i64 *dim);
struct tensor *gpu_filled(int device, int dtype, int nd, const i64 *dim, double x);
void gpu_fill(struct tensor *t, double x);    /* all elements of a header of any strides */
struct tensor *zeros_beside(value like, int dtype, int nd, const i64 *dim); /* on the device of `like`, also the CPU */
struct tensor *gpu_clone(struct tensor *t, int dtype);    /* dense, of this class */
void gpu_own(struct tensor *t, i64 numel);    /* as own_block_spare */
struct tensor *gpu_put(int device, struct tensor *t);     /* a CPU tensor there */
struct tensor *
gpu_table(int device,
          struct tensor *t); /* the same, kept there for the next call with equal numbers; not to be written */
struct tensor *gpu_read(struct tensor *t, const char *why);           /* back on the CPU; waits.  t itself when it is there */
void gpu_copy(struct tensor *to, struct tensor *from);    /* all elements, converted; from may broadcast; sizes agree */
value gpu_moved(value v, int device);         /* cells, structs, maps, objects whole; pooled */
value gpu_read_value(value v, const char *why);           /* a tensor-like value on the CPU; v itself when it is there */

/* ---- asking */
static inline int value_device(value v)
{
    return v.kind == K_TENSOR ? v.t->device : v.kind == K_WINDOW ? v.w->base->device : 0;
}
static inline bool gpu_among(int n, const value *v)
{
    for (int i = 0; i < n; i++)
        if (value_device(v[i]))
            return true;
    return false;
}
bool gpu_mixes(void); /* tensors of the CPU are brought to the device beside them: in layers and in the library's own functions */
void gpu_door(value v);                       /* fails unless the door is open */
struct tensor *tensor_any(value v);           /* as tensor_of, on any device */
const char *gpu_describe(value v, char s[static 160]);    /* "single 3x4" */
int gpu_common(
    const char *sign, int n,
    const value *v); /* the device of those that are on one; fails when two, or a device and tensors of the CPU, meet */
struct tensor *gpu_operand(int device,
                           value v); /* as a tensor there: numbers, ranges and 1x1 of the CPU are brought there */
struct tensor *gpu_dense(struct tensor *t);

/* ---- work */
struct dev_arg gpu_arg(struct tensor *t);     /* all dimensions as they are; more than DEV_DIMS become dense first */
struct dev_arg gpu_vector(struct tensor *t);  /* dense, as one dimension */
void gpu_do(int device, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num);
bool gpu_can(int device, enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num);
value gpu_text(
    const struct plan *p,
    int dtype); /* the kernel text of a plan's elementwise part, its leaves of class dtype; pooled.  NIL: it has none */
char *gpu_listing(const struct dev_prog *p); /* the plugin's text of it, by malloc, or NULL; no device is needed */
value gpu_plan(struct plan *p, value *reg, int nd,
               const i64 *dim); /* a plan whose result, before a reducer, has these sizes; owned.  NIL: op by op */
value gpu_extreme(bool max, struct tensor *t, int dim, value *index);          /* index NULL: not wanted */
struct tensor *gpu_product(struct tensor *a, int ta, struct tensor *b, int tb);       /* as linalg_product, linalg_solve */
struct tensor *gpu_solve(struct tensor *a, int ta, struct tensor *b);
struct tensor *gpu_inverse(struct tensor *a);
struct tensor *gpu_identity(int device, int dtype, i64 m, i64 n);
value gpu_index(value base, int n, const value *idx);
value gpu_index_add(value like, int n, const value *idx, value g);
value gpu_index_add_home(value like, int n, const value *idx, value g);
void gpu_assign(value *slot, int n, const value *idx, value rhs);
value gpu_index_home(value base, int n, const value *idx);           /* of something on the CPU by an index that is not */
void gpu_place(struct tensor *t, int n, const value *idx,
               struct tensor *src); /* t(idx…) = src of a new t; idx on the CPU */
void gpu_write(value *slot, struct tensor *r);
value gpu_cat(const char *who, int dim, int nd, const i64 *size, int dtype, int n, const value *v, const bool *takes_part);
bool gpu_call(struct call *c);                /* a builtin with an argument on a device: true when it is done */
bool gpu_created(struct call *c);             /* zeros(…, 'gpu'), rand(…, 'like', G): computed by the CPU and brought there */
/* The call of a function that makes arrays, with its numbers on the CPU; *device: where its result is to be born, 0 the CPU.
   False: it is an ordinary one, and `in` is not set. */
bool gpu_born_call(struct call *c, struct call *in, int *device);
void gpu_draw(struct tensor *t, enum dev_call what, double a,
              double b); /* DEV_uniform, normal, integers in the order of t's memory, which has no gaps */

#endif
