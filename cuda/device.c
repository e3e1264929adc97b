/* SPDX-License-Identifier: BSD-3-Clause */
/* device.c: the table of lab/device.h for one GPU: opening, context, queue, errors.
 *
 * The one idea: each device has one stream of work in its primary context, which the libraries share, and everything that can
 * go wrong is a number and a sentence.  A driver's error that leaves the context unusable raises the epoch at once; the
 * next piece of work makes a new context.  Waits poll an event, so that Ctrl-C is seen; at most 1024 launches are queued, so
 * that it does not take long.
 *
 * Assumes one thread at a time for a device; each `open` makes one of its own. */
#include "gpu.h"
#include "compile.h"
#include "blas.h"
#include "solver.h"
#include "fft.h"
#include "dnn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
static __thread cu_context current;
static struct dev_status nowhere;             /* the status word of a device without context */

/* ---- errors */
int gpu_refuse(struct gpu *g, int error, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(g->said, sizeof g->said, fmt, ap);
    va_end(ap);
    return error;
}
/* After these nothing works in the context any more. */
static bool fatal(cu_result e)
{
    switch (e) {
    case 4:
    case 201:
    case 214:
    case 220:
    case 226:
    case 700:
    case 702:
    case 709:
    case 710:
    case 714:
    case 715:
    case 716:
    case 717:
    case 718:
    case 719:
    case 999:
        return true; /* deinitialized, invalid context, ECC, NVLink, contained, illegal address, time-out, destroyed, assert,
                        stack, instruction, alignment, address space, program counter, launch failed, unknown */
    default:
        return false;
    }
}
int gpu_took(struct gpu *g, cu_result e, const char *what)
{
    const char *text = NULL;
    if (!e)
        return DEV_OK;
    cuda.GetErrorString(e, &text);
    text = text ? text : "an unknown error";
    if (fatal(e)) {
        if (!g->lost) {
            g->lost = true;
            g->d.epoch++;
        }
        return gpu_refuse(g, DEV_LOST, "%s", text);
    }
    int n = (int)strcspn(what, "(");
    if (e == CU_OUT_OF_MEMORY)
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory (%.*s)", n, what);
    return gpu_refuse(g, DEV_REFUSED, "%s (error %d of %.*s)", text, e, n, what);
}
static const char *why_of(struct device *d, int error)
{
    struct gpu *g = gpu_of(d);
    switch (error) {
    case DEV_OK: return "nothing is wrong";
    case DEV_STOPPED: return "stopped";
    case DEV_LATER: return "an earlier piece of work found trouble";
    case DEV_NOT_HERE: return g->said[0] ? g->said : NULL;     /* nothing more to say */
    default: return g->said[0] ? g->said : error == DEV_NO_MEMORY ? "out of memory" : "the driver refused";
    }
}

/* ---- the context */
static int attribute(struct gpu *g, int which)
{
    int x = 0;
    return cuda.DeviceGetAttribute(&x, which, g->dev) ? 0 : x;
}
static int begin(struct gpu *g)
{
    g->context = NULL;
    CU_TRY(g, DevicePrimaryCtxRetain(&g->context, g->dev));
    CU_TRY(g, CtxSetCurrent(g->context));
    current = g->context;
    CU_TRY(g, StreamCreate(&g->work, CU_NON_BLOCKING));
    CU_TRY(g, StreamCreate(&g->up, CU_NON_BLOCKING));
    CU_TRY(g, EventCreate(&g->waiter, CU_NO_TIMING));
    CU_TRY(g, EventCreate(&g->order, CU_NO_TIMING));
    for (int i = 0; i < GATES; i++)
        CU_TRY(g, EventCreate(&g->gate[i], CU_NO_TIMING));
    void *p = NULL;
    CU_TRY(g, MemHostAlloc(&p, sizeof(struct dev_status), CU_MAPPED));
    memset(p, 0, sizeof(struct dev_status));
    g->d.status = p;
    CU_TRY(g, MemHostGetDevicePointer(&g->seen_there, p, 0));
    g->pools = attribute(g, CU_POOLS);
    if (g->pools) {
        cu_pool pool;
        uint64_t all = UINT64_MAX;
        CU_TRY(g, DeviceGetDefaultMemPool(&pool, g->dev));
        CU_TRY(g, MemPoolSetAttribute(pool, CU_POOL_THRESHOLD, &all));
    }
    g->launched = g->finished = g->calls = 0;
    memset(g->mark, 0, sizeof g->mark);
    return DEV_OK;
}
/* What hung on a context that is gone is forgotten, not freed: the driver has done that. */
static void forget(struct gpu *g, bool lost)
{
    graph_forget(g, lost);
    blas_forget(g, lost);
    solver_forget(g, lost);
    fft_forget(g, lost);
    dnn_forget(g, lost);
    launch_forget(g, lost);
    staging_forget(g, lost);
    memory_forget(g);
    if (lost)
        return;
    for (int i = 0; i < GATES; i++)
        cuda.EventDestroy(g->gate[i]);
    for (int i = 0; i < TICKETS; i++)
        if (g->mark[i].e)
            cuda.EventDestroy(g->mark[i].e);
    cuda.EventDestroy(g->waiter);
    cuda.EventDestroy(g->order);
    cuda.StreamSynchronize(g->up);            /* memory that goes back is queued too */
    cuda.StreamSynchronize(g->work);
    cuda.StreamDestroy(g->up);
    cuda.StreamDestroy(g->work);
    cuda.MemFreeHost(g->d.status);
    g->d.status = &nowhere;
}
int gpu_enter(struct gpu *g)
{
    if (g->lost) {
        g->d.status = &nowhere;
        forget(g, true);
        current = NULL;
        if (g->context)
            cuda.DevicePrimaryCtxRelease(g->dev);         /* as often as it was retained, so that the last one ends it */
        g->context = NULL;
        cu_result e = cuda.DevicePrimaryCtxReset(g->dev);
        g->lost = false;
        int error = e ? gpu_took(g, e, "DevicePrimaryCtxReset") : begin(g);
        if (error) {
            g->lost = true;                   /* tried again at the next call */
            return error;
        }
    } else if (current != g->context) {
        CU_TRY(g, CtxSetCurrent(g->context));
        current = g->context;
    }
    return DEV_OK;
}

/* ---- the queue */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
int gpu_poll(struct gpu *g, cu_event event)
{
    double start = 0;
    for (int i = 0;; i++) {
        cu_result e = cuda.EventQuery(event);
        if (e != CU_NOT_READY)
            return gpu_took(g, e, "waiting for the GPU");
        if (g->d.stop && *g->d.stop)
            return gpu_refuse(g, DEV_STOPPED, "stopped");
        if (!i)
            start = now();
        double waited = now() - start;
        if (waited > 100e-6) {                /* a short wait spins; a long one sleeps for a tenth of what it has waited */
            long ns = (long)(1e8 * waited);
            nanosleep(&(struct timespec){ 0, ns < 1000000 ? ns : 1000000 }, NULL);
        }
    }
}
int gpu_settle(struct gpu *g)
{
    TRY(graph_cut(g));
    g->count[COUNT_WAITS]++;
    uint64_t calls = g->calls;
    CU_TRY(g, EventRecord(g->waiter, g->work));
    TRY(gpu_poll(g, g->waiter));
    g->finished = calls;
    return DEV_OK;
}
int gpu_gate(struct gpu *g, int n)
{
    uint64_t before = g->launched / GATE_EVERY, i = (g->launched += (uint64_t)n) / GATE_EVERY;
    g->count[COUNT_LAUNCHES] += (uint64_t)n;
    if (i == before)
        return DEV_OK;
    if (i >= GATES) {                         /* Ctrl-C does not undo what is queued: who called sees it at its next look */
        int e = gpu_poll(g, g->gate[i % GATES]);
        if (e && e != DEV_STOPPED)
            return e;
    }
    CU_TRY(g, EventRecord(g->gate[i % GATES], g->work));
    return DEV_OK;
}
static int wait_all(struct device *d, volatile sig_atomic_t *stop)
{
    struct gpu *g = gpu_of(d);
    volatile sig_atomic_t *before = d->stop;
    d->stop = stop;
    int e = gpu_enter(g);
    e = e ? e : gpu_settle(g);
    d->stop = before;
    return e;
}
static int mark(struct device *d, uint64_t *ticket)
{
    struct gpu *g = gpu_of(d);
    TRY(gpu_enter(g));
    TRY(graph_cut(g));
    int i = (int)(g->ticket + 1) % TICKETS;
    if (!g->mark[i].e)
        CU_TRY(g, EventCreate(&g->mark[i].e, CU_NO_TIMING));
    CU_TRY(g, EventRecord(g->mark[i].e, g->work));
    *ticket = g->mark[i].ticket = ++g->ticket;
    return DEV_OK;
}
/* Of tickets whose event has been taken for a newer one, the oldest event that is left knows. */
static int done(struct device *d, uint64_t ticket)
{
    struct gpu *g = gpu_of(d);
    if (!ticket || ticket > g->ticket)
        return 1;
    int i = (int)(g->ticket - ticket < TICKETS ? ticket : g->ticket + 1) % TICKETS, e = gpu_enter(g);
    if (e)
        return -e;
    if (!g->mark[i].e)
        return 1;                             /* of a context that is gone */
    cu_result r = cuda.EventQuery(g->mark[i].e);
    return r == CU_NOT_READY ? 0 : r ? -gpu_took(g, r, "looking at a mark") : 1;
}
static int step(struct device *d)
{
    struct gpu *g = gpu_of(d);
    return g->lost ? DEV_OK : graph_cut(g);
}

/* ---- memory and work */
static int get(struct device *d, size_t bytes, void **p)
{
    struct gpu *g = gpu_of(d);
    if (g->lost)
        TRY(gpu_enter(g));
    TRY(memory_get(g, bytes, p));
    if (!g->option[OPT_POISON])
        return DEV_OK;
    TRY(gpu_enter(g));                        /* NaN, so that a check sees what was not written */
    TRY(graph_cut(g));
    CU_TRY(g, MemsetD8Async((cu_ptr)(uintptr_t)*p, 0xff, bytes, g->work));
    g->calls++;
    return gpu_gate(g, 1);
}
static void put(struct device *d, void *p, size_t bytes)
{
    if (!gpu_of(d)->lost)
        memory_put(gpu_of(d), p, bytes);
}
static int trim(struct device *d)
{
    TRY(gpu_enter(gpu_of(d)));
    return memory_trim(gpu_of(d));
}
static int memory(struct device *d, struct dev_memory *m) { return memory_facts(gpu_of(d), m); }
static int facts(struct device *d, struct dev_facts *f)
{
    struct gpu *g = gpu_of(d);
    size_t total = 0;
    *f = (struct dev_facts){ .major = g->arch / 10,
                             .minor = g->arch % 10,
                             .units = g->units,
                             .version = cuda.version,
                             .clock = attribute(g, CU_CLOCK) * 1e3,
                             .memory_clock = attribute(g, CU_MEMORY_CLOCK) * 1e3,
                             .bus = attribute(g, CU_BUS_WIDTH),
                             .warp = attribute(g, CU_WARP),
                             .shared = attribute(g, CU_SHARED_MOST) };
    CU_TRY(g, DeviceGetName(f->name, sizeof f->name, g->dev));
    CU_TRY(g, DeviceTotalMem(&total, g->dev));
    f->memory = total;
    return DEV_OK;
}
static int copy(struct device *d, void *to, const void *from, size_t bytes, enum dev_way way)
{
    struct gpu *g = gpu_of(d);
    TRY(gpu_enter(g));
    if (!bytes)
        return DEV_OK;
    if (way == DEV_WITHIN)
        return graph_copy(g, (cu_ptr)(uintptr_t)to, (cu_ptr)(uintptr_t)from, bytes);
    TRY(graph_cut(g));
    return way == DEV_TO ? staging_up(g, to, from, bytes) : staging_down(g, to, from, bytes);
}
static int program(struct device *d, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in,
                   const double *num, int tag)
{
    TRY(gpu_enter(gpu_of(d)));
    gpu_of(d)->said[0] = 0;
    return launch_program(gpu_of(d), p, out, in, num, tag);
}
/* Large matrices are the libraries' work, all else our own kernels'; each is asked where the other one is missing. */
static int run(struct device *d, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num,
               int tag)
{
    struct gpu *g = gpu_of(d);
    TRY(gpu_enter(g));
    g->said[0] = 0;
    int e = what == DEV_gemm       ? blas_gemm(g, out, in, num, tag, false)
            : g->option[OPT_CUDNN] ? dnn_run(g, what, out, in, num)
                                   : DEV_NOT_HERE;
    if (e == DEV_NOT_HERE)
        e = launch_run(g, what, out, in, num, tag);
    if (e == DEV_NOT_HERE && what == DEV_gemm)
        e = blas_gemm(g, out, in, num, tag, true);
    if (e == DEV_NOT_HERE && what == DEV_fft)
        e = fft_run(g, out, in, num, tag);
    if (e == DEV_NOT_HERE)
        e = solver_run(g, what, out, in, num, tag);
    return e;
}
static int can(struct device *d, enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct gpu *g = gpu_of(d);
    g->said[0] = 0;
    int e = work_can(what, out, in, num);
    if (e && what == DEV_gemm)
        e = blas_can(g, out, in, num);
    if (e && what == DEV_fft)
        e = fft_can(g, out, in, num);
    return e ? solver_can(g, what, out, in, num) : DEV_OK;
}

/* ---- options: what can be switched, and counters to look at */
static const char *const option_name[OPTIONS] = { "graph", "tf32", "cache", "pin", "poison", "cudnn" };
static const char *const count_name[COUNTS] = { "launches", "graphs",  "graph_runs", "held",  "released",  "loaded",
                                                "compiled", "stepped", "uploads",    "waits", "cudnn_runs" };
static int option(struct device *d, const char *name, double *x, bool set)
{
    struct gpu *g = gpu_of(d);
    for (int i = 0; i < OPTIONS; i++)
        if (!strcmp(name, option_name[i])) {
            if (set && i == OPT_GRAPH && *x == 0 && !g->lost) {
                TRY(gpu_enter(g));
                TRY(graph_cut(g));
            }
            if (set && i == OPT_PIN && *x != 1)
                return gpu_refuse(g, DEV_REFUSED, "copies always go through pinned memory");
            const char *why;
            if (set && i == OPT_CUDNN && *x && !cuda_library(LIB_dnn, &why))
                return gpu_refuse(g, DEV_REFUSED, "%s", why);
            if (set)
                g->option[i] = *x;
            else
                *x = g->option[i];
            if (set && i == OPT_CACHE)
                compile_cache_most = *x >= 1 ? (uint64_t)*x : 0;
            return DEV_OK;
        }
    for (int i = 0; i < COUNTS; i++)
        if (!strcmp(name, count_name[i])) {
            if (set)
                return gpu_refuse(g, DEV_REFUSED, "'%s' is a counter, it cannot be set", name);
            *x = (double)g->count[i];
            return DEV_OK;
        }
    return gpu_refuse(g, DEV_NOT_HERE, "there is no option '%s'", name);
}

/* ---- opening */
static void close_device(struct device *d)
{
    struct gpu *g = gpu_of(d);
    compile_stop();
    if (!g->lost && !gpu_enter(g)) {
        gpu_settle(g);
        memory_trim(g);
        if (!g->lost)
            forget(g, false);
    }
    if (g->lost)
        forget(g, true);
    if (g->context)
        cuda.DevicePrimaryCtxRelease(g->dev);
    current = NULL;
    free(g);
}
static int count(const char **why)
{
    int n = 0;
    *why = cuda_start();
    if (*why)
        return 0;
    cu_result e = cuda.DeviceGetCount(&n);
    if (e || n < 1)
        *why = "there is an NVIDIA driver, but no GPU that it shows to this program";
    return e ? 0 : n < DEV_MOST ? n : DEV_MOST - 1;
}
static struct device *open_device(int index, const char **why)
{
    static char said[600];
    int n = count(why);
    if (index < 1 || index > n) {
        if (n) {
            snprintf(said, sizeof said, "there is no gpu %d, the last is gpu %d", index, n);
            *why = said;
        }
        return NULL;
    }
    struct gpu *g = calloc(1, sizeof *g);
    if (!g) {
        *why = "out of memory on the CPU";
        return NULL;
    }
    g->d = (struct device){ .kind = 1,
                            .index = index,
                            .status = &nowhere,
                            .get = get,
                            .put = put,
                            .trim = trim,
                            .memory = memory,
                            .facts = facts,
                            .copy = copy,
                            .mark = mark,
                            .done = done,
                            .wait = wait_all,
                            .step = step,
                            .why = why_of,
                            .program = program,
                            .run = run,
                            .can = can,
                            .option = option,
                            .close = close_device };
    g->ordinal = index - 1;
    g->option[OPT_GRAPH] = g->option[OPT_PIN] = 1;
    g->option[OPT_CACHE] = 256e6;
    cu_result e = cuda.DeviceGet(&g->dev, g->ordinal);
    int error = e ? gpu_took(g, e, "DeviceGet") : DEV_OK;
    if (!error) {
        g->arch = 10 * attribute(g, CU_MAJOR) + attribute(g, CU_MINOR);
        g->units = attribute(g, CU_UNITS);
        g->shared_most = attribute(g, CU_SHARED_MOST);
        error = begin(g);
    }
    if (error) {
        snprintf(said, sizeof said, "%s", g->said);
        *why = said;
        if (g->context)
            cuda.DevicePrimaryCtxRelease(g->dev);
        current = NULL;
        free(g);
        return NULL;
    }
    *why = NULL;
    return &g->d;
}
EXPORT const struct tl_devices tl_devices = { TL_DEVICES_VERSION, sizeof(struct device), count, open_device, work_listing };
