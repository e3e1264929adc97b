/* SPDX-License-Identifier: BSD-3-Clause */
/* device.h: the only door to a device.
 *
 * A device is memory, a queue of work and one table of functions.  The CPU fills the same table (cpu.c), the plugin
 * tl_cuda.so fills it with the driver's, and tests fill it with a mock.  Device 0 is the CPU; a tensor whose `device`
 * is not 0 has its data in the memory of that device, and nobody but the table's functions may touch it.
 *
 * Every function returns 0, or an error number of which `why` makes a sentence; none fails by longjmp, allocates values
 * or knows the language.  A NULL in the table, and DEV_NOT_HERE, mean "not on this device".  Work is queued in one
 * order: what is queued later sees what was queued before; `put` gives memory back to work that is queued later.  The
 * host counts references, devices never do.
 *
 * This header includes nothing of tl but base types, so that a plugin needs nothing else. */
#ifndef TL_DEVICE_H
#define TL_DEVICE_H
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DEV_DIMS = 8, DEV_ARGS = 16, DEV_NUMS = 32, DEV_MORE = 8, DEV_MOST = 16 /* devices, the CPU included */ };

/* A rectangle on a device.  Strides in elements, 0 where it broadcasts; dimensions are merged as far as they go. */
struct dev_arg {
    void *p;                                  /* of its first element; NULL: an argument left out */
    int dtype, nd;                            /* numbers of dtypes.def */
    int64_t dim[DEV_DIMS], stride[DEV_DIMS];
};

/* ---- elementwise programs: straight-line code, an instruction makes one number an element.
   Types are compute types, as in ew.h: D double, F single, B truth value, L 64-bit integer, C and G complex. */
enum dev_type { DEV_D, DEV_F, DEV_B, DEV_L, DEV_C, DEV_G, DEV_TYPES };
enum dev_what {
    DI_IN,   /* operand a, widened from its dtype to `type` */
    DI_NUM,  /* number a of the call: a new value is no new program.  Of C and G: a and a + 1 */
    DI_OP,   /* row `op` of ops.def on instructions a and b (b: -1) */
    DI_TO,   /* instruction a in another type; to an integer dtype it rounds and saturates, staying in `type` */
    DI_TRUTH /* instruction a as truth value; a NaN is DEV_NAN */
};
struct dev_ins { uint8_t what, type, dtype, op; int16_t a, b; };
struct dev_prog {
    int n, nin, nnum;
    uint8_t dtype;                            /* of the result: of the last instruction, stored as this */
    uint8_t red;                              /* row of reduce.def + 1, or 0 */
    uint8_t more; /* further results, without a reducer: they follow the first in `out`, operands and results are
                     DEV_ARGS at most. A result may lie where an operand does, element by element */
    struct { int16_t ins; uint8_t dtype; } also[DEV_MORE];
    uint8_t in_dtype[DEV_ARGS];
    struct dev_ins ins[128];
};
/* A row of ops.def whose domain is left is DEV_DOMAIN with that row: there is no run in complex on a device. */

/* ---- trouble that is found while work runs: the kernel writes it once, the host reads it before the next launch and
 * after each wait */
enum dev_trouble {
    DEV_FINE,
    DEV_DOMAIN,
    DEV_NAN,
    DEV_INDEX,
    DEV_SINGULAR,
    DEV_NOT_POSITIVE,
    DEV_NO_CONVERGENCE,
    DEV_CLASS,
    DEV_TROUBLES
};
struct dev_status { volatile int32_t code, op; volatile int64_t at, bound; volatile int32_t tag; };
/* op: row of ops.def or primitive; at, bound: an index and its limit; tag: as given to the call */

enum dev_error {
    DEV_OK,
    DEV_NO_MEMORY,
    DEV_NOT_HERE,
    DEV_STOPPED /* by Ctrl-C; of `program`: before anything was queued */,
    DEV_LOST,
    DEV_LATER /* a deferred trouble: see status */,
    DEV_REFUSED
};

/* ---- everything else that runs: one row each in device.def */
enum dev_call {
#define DEV(name, outs, ins, nums, what) DEV_##name,
#include "device.def"
    DEV_CALLS
};
struct dev_row { const char *name; int outs, ins, nums; const char *what; };

struct dev_memory {
    uint64_t total, free, used, kept, peak, taken;
}; /* bytes; taken: pieces asked of the driver so far */
struct dev_facts {
    char name[128];
    int major, minor, units, version;
    uint64_t memory;
    double clock, memory_clock;
    int bus, warp, shared;
};
enum dev_way { DEV_TO, DEV_FROM, DEV_WITHIN };

struct device {
    int kind, index;                          /* kind: 0 CPU, 1 CUDA, 2 mock */
    unsigned epoch;                           /* rises when the context was lost: what was born before is gone */
    struct dev_status *status;
    volatile sig_atomic_t
        *stop; /* set by the host, may be NULL: a call that has to wait ends with DEV_STOPPED when it is not 0 */
    /* memory */
    int (*get)(struct device *, size_t bytes, void **p);      /* aligned to 256 bytes; SPARE bytes behind it belong to it */
    void (*put)(struct device *, void *p,
                size_t bytes);                /* bytes as they were got; not what was got in an earlier epoch */
    int (*trim)(struct device *);             /* gives what it keeps back to the driver */
    int (*memory)(struct device *, struct dev_memory *);
    int (*facts)(struct device *, struct dev_facts *);
    int (*copy)(struct device *, void *to, const void *from, size_t bytes,
                enum dev_way way); /* dense bytes; FROM waits */
    /* the queue */
    int (*mark)(struct device *, uint64_t *ticket);
    int (*done)(struct device *, uint64_t ticket);            /* 1: yes, 0: not yet, < 0: minus an error */
    int (*wait)(struct device *,
                volatile sig_atomic_t *stop); /* for all that is queued; DEV_STOPPED when *stop was set meanwhile */
    int (*step)(struct device *);             /* a boundary: the end of an optimiser's step, the back edge of a loop */
    const char *(*why)(struct device *, int error);
    /* work */
    int (*program)(struct device *, const struct dev_prog *, struct dev_arg *out, const struct dev_arg *in,
                   const double *num, int tag);
    /* every operand has the dimensions of the index space, stride 0 where it broadcasts; out too, but
       with a reducer it has size 1 where the space has not: those dimensions are reduced */
    int (*run)(struct device *, enum dev_call, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag);
    int (*can)(struct device *, enum dev_call, const struct dev_arg *out, const struct dev_arg *in,
               const double *num); /* 0, or DEV_NOT_HERE */
    int (*option)(struct device *, const char *name, double *x,
                  bool set); /* tf32, trace, graph, pin, cache …: DEV_NOT_HERE for an unknown one */
    void (*close)(struct device *);
};

/* What a plugin with devices hands back in the data symbol `tl_devices`. */
enum { TL_DEVICES_VERSION = 3 };
struct tl_devices {
    uint32_t version, size;                   /* TL_DEVICES_VERSION, sizeof(struct device) */
    int (*count)(const char **why);           /* how many; 0: *why says why */
    struct device *(*open)(int index, const char **why);      /* from 1; NULL: *why says why */
    char *(*listing)(const struct dev_prog *); /* the kernels of a program with dense operands as text, by malloc; no
                                                  device is needed.  NULL: none */
};
#endif
