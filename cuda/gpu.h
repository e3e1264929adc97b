/* SPDX-License-Identifier: BSD-3-Clause */
/* gpu.h: one GPU as the plugin's files see it: struct device first, then what the driver gave.
 *
 * Work goes to one stream, in the order of the calls; large uploads have a second one, so that they overlap with work.  A
 * second copy stream for downloads would have nothing to overlap with: the caller waits for them.  Functions return 0 or a
 * number of enum dev_error, with the sentence in `said`. */
#ifndef CUDA_GPU_H
#define CUDA_GPU_H
#include "lab/device.h"
#include "driver.h"
#include "kernel.h"

struct memory;
struct staging;
struct graphs;
struct kernels;
struct blas_state;
struct solver_state;
struct fft_state;
struct dnn_state;

enum { GATES = 4, GATE_EVERY = 256, TICKETS = 64 };
enum gpu_option {
    OPT_GRAPH,
    OPT_TF32,
    OPT_CACHE,
    OPT_PIN,
    OPT_POISON,
    OPT_CUDNN,
    OPTIONS
}; /* switches; the counters beside them are read only */
enum gpu_count {
    COUNT_LAUNCHES,
    COUNT_GRAPHS,
    COUNT_GRAPH_RUNS,
    COUNT_HELD,
    COUNT_RELEASED,
    COUNT_LOADED,
    COUNT_COMPILED,
    COUNT_STEPPED,
    COUNT_UPLOADS,
    COUNT_WAITS,
    COUNT_DNN,
    COUNTS
};
struct gpu {
    struct device d;                          /* first: a struct device * is a struct gpu * */
    cu_device dev;
    cu_context context;
    cu_stream work, up;
    int ordinal, arch, units, shared_most;    /* arch: 90 for 9.0 */
    bool lost, pools;
    char said[600];
    /* the queue */
    uint64_t calls;                           /* pieces of work so far, those that graph.c holds back included */
    uint64_t finished;                        /* all up to this one are known to be done */
    uint64_t launched;                        /* what has been given to the driver */
    cu_event gate[GATES];                     /* behind every GATE_EVERY-th launch */
    uint64_t ticket;
    struct { cu_event e; uint64_t ticket; } mark[TICKETS];
    cu_event waiter, order;
    cu_ptr seen_there;                        /* the status word, for kernels */
    /* parts, each in its file */
    struct memory *memory;
    struct staging *staging;
    struct kernels *kernels;
    struct graphs *graphs;
    struct blas_state *blas;
    struct solver_state *solver;
    struct fft_state *fft;
    struct dnn_state *dnn;
    double option[OPTIONS];
    uint64_t count[COUNTS];
};
static inline struct gpu *gpu_of(struct device *d) { return (struct gpu *)(void *)d; }

/* device.c */
int gpu_took(struct gpu *g, cu_result e, const char *what);    /* a driver's result as enum dev_error; notes a lost context */
int gpu_refuse(struct gpu *g, int error, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int gpu_enter(struct gpu *g); /* before every call of the driver: the context current, made anew after a loss */
int gpu_poll(struct gpu *g, cu_event e);      /* waits for an event, or until the host's stop word is set */
int gpu_settle(struct gpu *g);                /* waits for all work */
int gpu_gate(struct gpu *g, int n);           /* behind n launches: at most GATES * GATE_EVERY are queued */
#define CU_TRY(g, call) do { int cu_e_ = cuda.call; if (cu_e_ && (cu_e_ = gpu_took(g, cu_e_, #call))) return cu_e_; } while (0)

/* memory.c */
int memory_get(struct gpu *g, size_t bytes, void **p);
void memory_put(struct gpu *g, void *p, size_t bytes);
int memory_trim(struct gpu *g);
int memory_facts(struct gpu *g, struct dev_memory *m);
bool memory_idle(struct gpu *g, const void *p); /* this block was handed out last, and nothing that is queued uses it */
int memory_reserve(struct gpu *g, size_t bytes, void **p);      /* from the driver itself, so that no list changes */
void memory_release(struct gpu *g, void *p);
void memory_forget(struct gpu *g);                     /* the context is gone, and all of it */

/* staging.c: copies between the host's memory and the device's */
int staging_up(struct gpu *g, void *to, const void *from, size_t bytes);
int staging_down(struct gpu *g, void *to, const void *from, size_t bytes);     /* waits */
void staging_forget(struct gpu *g, bool lost);

/* launch.c: the kernels of text.c (kernel.h) on the driver */
int launch_program(struct gpu *g, const struct dev_prog *, struct dev_arg *out, const struct dev_arg *in,
                   const double *num, int tag);
int launch_run(struct gpu *g, enum dev_call, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag);
int launch_kernel(struct gpu *g, const struct kernel *k);
int launch_rows(struct gpu *g, const struct dev_prog *, struct dev_arg *out, const struct dev_arg *in, const double *num,
                int tag);                     /* a program that is waited for, never split */
bool launch_quick(struct gpu *g, const struct dev_prog *, struct dev_arg *out, const struct dev_arg *in,
                  const double *num);         /* are its kernels there, so that NVRTC has nothing to do? */
void launch_forget(struct gpu *g, bool lost);

/* steps.c: a program row by row, while its kernel is being made; DEV_NOT_HERE: it cannot, and nothing was queued */
bool steps_may(const struct dev_prog *p);
int steps_run(struct gpu *g, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in, const double *num,
              int tag);

/* graph.c: everything that is queued in order passes here */
struct record_kernel { cu_function f; unsigned grid[3], block; int words; const uint64_t *arg; };
struct record_call {
    int (*run)(struct gpu *, const uint64_t *word);    /* queues it; words hold all that it needs */
    int words;
    const uint64_t *word;
    int ins; /* operands that are only read, and a dense result that is only written: where in `word` their address is, and
                how many bytes they span */
    struct { int at; size_t bytes; bool result; } in[4];
};
int graph_kernel(struct gpu *g, const struct record_kernel *k);
int graph_copy(struct gpu *g, cu_ptr to, cu_ptr from, size_t bytes);
int graph_call(struct gpu *g, const struct record_call *c);
int graph_cut(struct gpu *g);                 /* a boundary, a wait or anything that is no record: what is held back runs */
void graph_forget(struct gpu *g, bool lost);
#endif
