/* SPDX-License-Identifier: BSD-3-Clause */
/* fake_driver.c: a libcuda.so.1 that is none, so that the whole plugin runs where no GPU is.
 *
 * The one idea: device memory is host memory that is readable only while a piece of queued work runs, streams are lists of such
 * pieces, and kernels are the texts themselves (fake_nvrtc.c hands them through), run by the shim.  So results are right or
 * wrong as on a GPU, and what a GPU would punish only sometimes is found always: memory that was freed or is not the device's,
 * host memory that is not pinned, a slot that the host writes again before its copy has run, a missing wait between streams, a
 * call without context.  Such a thing ends the program with a line that begins "fake driver:".
 *
 * The variable TL_FAKE holds words, looked at again whenever it changes (setenv works in a script):
 *   late          work runs only when somebody waits for it (otherwise at once)
 *   slow=S        an event takes S seconds to pass
 *   alloc=N       the N-th allocation from now fails
 *   compile=S, norc       the fake NVRTC takes S seconds, compiles nothing
 *   noepilogue            cuBLASLt has no algorithm with an epilogue
 *   lost=N        the N-th launch from now breaks the context
 *   nograph       graphs cannot be made
 *   memory=MB     of the device, at the start (256)
 *   nopools, devices=N, old, nodevice, notallowed    at the start too */
#include "cuda/driver.h"
#include "cuda/shim.h"
#include "cuda/texts.inc"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define API __attribute__((visibility("default")))
enum { GAP = 512, INVALID = 1, NOT_INITIALIZED = 3, ILLEGAL_ADDRESS = 700 };

static void broken(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fflush(stdout);
    fputs("fake driver: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputs("\n", stderr);
    va_end(ap);
    abort();
}

/* ---- wishes */
static struct { char text[200]; bool late, nograph, nopools, old, nodevice, notallowed; double slow; int devices; long alloc, lost; size_t memory; } wish;
static void look(void)
{
    const char *s = getenv("TL_FAKE");
    s = s ? s : "";
    if (wish.memory && !strcmp(s, wish.text))
        return;
    size_t memory = wish.memory;
    memset(&wish, 0, sizeof wish);
    snprintf(wish.text, sizeof wish.text, "%s", s);
    wish.devices = 1;
    wish.memory = (size_t)256 << 20;
    for (; *s; s += strcspn(s, " ,"), s += strspn(s, " ,")) {
        int n = (int)strcspn(s, " ,=");
        const char *x = s[n] == '=' ? s + n + 1 : "1";
#define IS(word) (n == sizeof word - 1 && !strncmp(s, word, sizeof word - 1))
        if (IS("late")) wish.late = true;
        else if (IS("nograph")) wish.nograph = true;
        else if (IS("nopools")) wish.nopools = true;
        else if (IS("old")) wish.old = true;
        else if (IS("nodevice")) wish.nodevice = true;
        else if (IS("notallowed")) wish.notallowed = true;
        else if (IS("slow")) wish.slow = atof(x);
        else if (IS("devices")) wish.devices = atoi(x);
        else if (IS("alloc")) wish.alloc = atol(x);
        else if (IS("lost")) wish.lost = atol(x);
        else if (IS("compile") || IS("norc") || IS("noepilogue")) continue;       /* of fake_nvrtc.c, fake_blas.c */
        else if (IS("memory")) wish.memory = (size_t)(atof(x) * (1 << 20));
        else broken("TL_FAKE has no word '%.*s'", n, s);
    }
    wish.memory = memory ? memory : wish.memory;
}

/* ---- device memory */
struct piece { char *p; size_t n; };
static char *arena;
static size_t arena_size;
static struct piece *piece;                   /* by address */
static int pieces, piece_room;
static int open_count;                        /* work that runs now */

static void open_memory(bool yes)
{
    if (yes ? open_count++ == 0 : --open_count == 0)
        if (arena && mprotect(arena, arena_size, yes ? PROT_READ | PROT_WRITE : PROT_NONE))
            broken("mprotect failed");
}
static bool in_arena(const void *p) { return arena && (const char *)p >= arena && (const char *)p < arena + arena_size; }
static struct piece *piece_at(const void *p)
{
    for (int i = 0; i < pieces; i++)
        if ((const char *)p >= piece[i].p && (const char *)p < piece[i].p + piece[i].n)
            return &piece[i];
    return NULL;
}
static void device_range(const void *p, size_t n, const char *what)
{
    struct piece *x = piece_at(p);
    if (!x)
        broken("%s uses %p, which is no memory of the device%s", what, p, in_arena(p) ? " any more" : "");
    if ((const char *)p + n > x->p + x->n)
        broken("%s uses %zu bytes at %p, but only %zu are there", what, n, p, (size_t)(x->p + x->n - (const char *)p));
}
/* Pages that were written cost time at every change of protection: of a large piece only the ends are. */
static void fill(char *p, int x, size_t n)
{
    size_t end = n > 4 << 20 ? 256 << 10 : n;
    open_memory(true);
    memset(p, x, end);
    memset(p + n - end, x, end);
    open_memory(false);
}
static char *piece_new(size_t n)
{
    char *at = arena;
    size_t used = 0;
    int i;
    if (!arena) {
        arena_size = wish.memory;
        arena = at = mmap(NULL, arena_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (arena == MAP_FAILED)
            broken("no memory to play the device's");
    }
    n = (n + 511) & ~(size_t)511;
    for (i = 0; i < pieces; i++)
        used += piece[i].n;
    if (used + n > arena_size)
        return NULL;
    for (i = 0; i < pieces && (size_t)(piece[i].p - at) < n + GAP; i++)
        at = piece[i].p + piece[i].n + GAP;
    if (at + n > arena + arena_size)
        return NULL;
    if (pieces == piece_room)
        piece = realloc(piece, sizeof *piece * (size_t)(piece_room = 2 * piece_room + 64));
    memmove(&piece[i + 1], &piece[i], sizeof *piece * (size_t)(pieces - i));
    pieces++;
    piece[i] = (struct piece){ at, n };
    fill(at, 0xee, n);                        /* fresh memory holds no zeros */
    return at;
}
static void piece_drop(char *p)
{
    for (int i = 0; i < pieces; i++)
        if (piece[i].p == p) {
            fill(p, 0xdd, piece[i].n);
            memmove(&piece[i], &piece[i + 1], sizeof *piece * (size_t)(--pieces - i));
            return;
        }
    broken("%p is freed, but was not allocated or is free already", (void *)p);
}

/* pinned host memory */
static struct piece pinned[64];
static struct piece *pinned_at(const void *p)
{
    for (int i = 0; i < 64; i++)
        if (pinned[i].p && (const char *)p >= pinned[i].p && (const char *)p < pinned[i].p + pinned[i].n)
            return &pinned[i];
    return NULL;
}
static void pinned_range(const void *p, size_t n, const char *what)
{
    struct piece *x = pinned_at(p);
    if (!x || (const char *)p + n > x->p + x->n)
        broken("%s of %zu bytes goes to or from host memory that is not pinned", what, n);
}

/* ---- contexts, modules */
static bool started, broken_context;
static struct CUctx_st { int device; } context[8];
static __thread struct CUctx_st *current;
static cu_result here(void)
{
    look();
    if (!started)
        return NOT_INITIALIZED;
    if (!current)
        broken("a call without a current context");
    return broken_context ? ILLEGAL_ADDRESS : CU_SUCCESS;
}
#define HERE do { cu_result here_ = here(); if (here_) return here_; } while (0)

struct CUmod_st { char *text; struct CUfunc_st *f; };
struct CUfunc_st { struct CUmod_st *m; uint64_t key[2]; int words; };

/* ---- work */
enum what { KERNEL, TO, FROM, WITHIN, SET, CALL, RECORD, WAIT, FREE };
struct op {
    enum what what;
    struct CUfunc_st *f;
    unsigned grid[3], block;
    uint64_t *word;                           /* of a kernel; the data of a CALL */
    void *to;
    const void *from;
    size_t n;
    uint64_t sum;                             /* of what a copy from the host will read */
    unsigned char x;
    void (*call)(void *);
    struct CUevent_st *event;
    uint64_t version;
};
struct CUstream_st { struct op *op; size_t n, room, done; struct CUgraph_st *capture; bool dead; };
struct CUevent_st { struct CUstream_st *stream; size_t at; uint64_t version, passed; struct timespec when; bool dead; };
struct CUgraph_st { struct op *op; int n, room; struct CUgraphNode_st **node; };
struct CUgraphNode_st { int at; enum what what; };
struct CUgraphExec_st { struct op *op; int n; };

static uint64_t sum_of(const void *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const unsigned char *)p)[i]) * 0x100000001b3u;
    return h;
}
static struct op *op_copy(struct op *to, const struct op *from)
{
    *to = *from;
    if (from->word) {
        to->word = malloc(from->n + 8);
        memcpy(to->word, from->word, from->n);
    }
    return to;
}
static char *kernel_text(const struct kernel *k, size_t *len)
{
    char *s = strdup(((struct CUmod_st *)(uintptr_t)k->spec)->text);
    *len = strlen(s);
    return s;
}
static void run_stream(struct CUstream_st *s, size_t upto);
static void run_op(struct op *o)
{
    open_memory(true);
    switch (o->what) {
    case KERNEL: {
        struct kernel k = { .key = { o->f->key[0], o->f->key[1] }, .text = kernel_text, .spec = o->f->m, .grid = { o->grid[0], o->grid[1], o->grid[2] },
            .block = o->block, .words = o->f->words };
        memcpy(k.arg, o->word, o->n);
        for (int i = 0; i < k.words; i++)
            if (in_arena((void *)(uintptr_t)k.arg[i]) && !piece_at((void *)(uintptr_t)k.arg[i]))
                broken("a kernel is given %p, which was freed", (void *)(uintptr_t)k.arg[i]);
        if (shim_launch(NULL, &k))
            broken("a kernel failed: %s", shim_trouble() ? shim_trouble() : "its text does not compile");
        break;
    }
    case TO:
        if (sum_of(o->from, o->n) != o->sum)
            broken("the host wrote into memory of which a copy to the device was still to be made");
        device_range(o->to, o->n, "a copy to the device");
        memcpy(o->to, o->from, o->n);
        break;
    case FROM:
        device_range(o->from, o->n, "a copy from the device");
        memcpy(o->to, o->from, o->n);
        break;
    case WITHIN:
        device_range(o->from, o->n, "a copy");
        device_range(o->to, o->n, "a copy");
        memmove(o->to, o->from, o->n);
        break;
    case SET:
        device_range(o->to, o->n, "a memset");
        memset(o->to, o->x, o->n);
        break;
    case CALL: o->call(o->word); break;
    case RECORD: o->event->passed = o->version > o->event->passed ? o->version : o->event->passed; break;
    case WAIT: run_stream(o->to, o->n); break;
    case FREE: piece_drop(o->to); break;
    }
    open_memory(false);
    free(o->word);
    o->word = NULL;
}
static void run_stream(struct CUstream_st *s, size_t upto)
{
    bool some = s->done < upto && s->done < s->n;
    if (some)
        open_memory(true);
    while (s->done < upto && s->done < s->n) {
        struct op o = s->op[s->done++];
        run_op(&o);
    }
    if (some)
        open_memory(false);
    if (s->done == s->n && s->n > 4096)
        s->done = s->n;                       /* positions stay, events name them */
}
static cu_result queue(struct CUstream_st *s, const struct op *o)
{
    if (!s)
        broken("work is queued to the default stream");
    if (s->dead)
        broken("work is queued to a stream that was destroyed");
    if (s->capture) {
        struct CUgraph_st *g = s->capture;
        if (g->n == g->room) {
            g->op = realloc(g->op, sizeof *g->op * (size_t)(g->room = 2 * g->room + 16));
            g->node = realloc(g->node, sizeof *g->node * (size_t)g->room);
        }
        if (o->what == RECORD || o->what == WAIT || o->what == FREE || o->what == TO || o->what == FROM)
            broken("what cannot be part of a graph is queued while one is captured");
        op_copy(&g->op[g->n], o);
        g->node[g->n] = malloc(sizeof **g->node);
        *g->node[g->n] = (struct CUgraphNode_st){ g->n, o->what };
        g->n++;
        return CU_SUCCESS;
    }
    if (s->n == s->room)
        s->op = realloc(s->op, sizeof *s->op * (s->room = 2 * s->room + 64));
    op_copy(&s->op[s->n++], o);
    if (!wish.late)
        run_stream(s, s->n);
    return CU_SUCCESS;
}
/* For the fake libraries. */
API void fake_call(struct CUstream_st *s, void (*call)(void *), const void *data, size_t n)
{
    look();
    uint64_t *w = malloc(n + 8);
    memcpy(w, data, n);
    queue(s, &(struct op){ .what = CALL, .call = call, .word = w, .n = n });
    free(w);
}
API void fake_device_range(const void *p, size_t n, const char *what) { device_range(p, n, what); }
API bool fake_may_fail_alloc(void)
{
    look();
    return wish.alloc && --wish.alloc == 0;
}

/* ---- the driver */
API cu_result cuInit(unsigned flags)
{
    look();
    (void)flags;
    if (wish.nodevice) return CU_NO_DEVICE;
    if (wish.notallowed) return CU_NOT_PERMITTED;
    started = true;
    return CU_SUCCESS;
}
API cu_result cuDriverGetVersion(int *v) { look(); *v = wish.old ? 11040 : 12040; return CU_SUCCESS; }
static const struct { int e; const char *name, *text; } error[] = {
    { 0, "CUDA_SUCCESS", "no error" }, { 1, "CUDA_ERROR_INVALID_VALUE", "invalid argument" }, { 2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory" },
    { 3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error" }, { 100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected" },
    { 200, "CUDA_ERROR_INVALID_IMAGE", "device kernel image is invalid" }, { 500, "CUDA_ERROR_NOT_FOUND", "named symbol not found" },
    { 700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered" }, { 800, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted" },
    { 901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture" } };
API cu_result cuGetErrorString(cu_result e, const char **s)
{
    for (size_t i = 0; i < sizeof error / sizeof *error; i++)
        if (error[i].e == e) { *s = error[i].text; return CU_SUCCESS; }
    *s = NULL;
    return INVALID;
}
API cu_result cuGetErrorName(cu_result e, const char **s)
{
    for (size_t i = 0; i < sizeof error / sizeof *error; i++)
        if (error[i].e == e) { *s = error[i].name; return CU_SUCCESS; }
    *s = NULL;
    return INVALID;
}
API cu_result cuDeviceGetCount(int *n) { look(); *n = wish.devices; return started ? CU_SUCCESS : NOT_INITIALIZED; }
API cu_result cuDeviceGet(cu_device *d, int i) { *d = i; return i >= 0 && i < wish.devices ? CU_SUCCESS : INVALID; }
API cu_result cuDeviceGetName(char *s, int room, cu_device d) { snprintf(s, (size_t)room, "a fake GPU (%d)", d); return CU_SUCCESS; }
API cu_result cuDeviceGetAttribute(int *x, int which, cu_device d)
{
    (void)d;
    switch (which) {
    case CU_WARP: *x = 32; break;
    case CU_UNITS: *x = 2; break;
    case CU_MAJOR: *x = 9; break;
    case CU_MINOR: *x = 0; break;
    case CU_CLOCK: *x = 1000000; break;
    case CU_MEMORY_CLOCK: *x = 1000000; break;
    case CU_BUS_WIDTH: *x = 64; break;
    case CU_SHARED_MOST: *x = 48 << 10; break;
    case CU_POOLS: *x = !wish.nopools; break;
    default: return INVALID;
    }
    return CU_SUCCESS;
}
API cu_result cuDeviceTotalMem_v2(size_t *n, cu_device d) { (void)d; *n = wish.memory; return CU_SUCCESS; }
API cu_result cuDevicePrimaryCtxRetain(cu_context *c, cu_device d)
{
    if (!started) return NOT_INITIALIZED;
    *c = &context[d];
    return CU_SUCCESS;
}
API cu_result cuDevicePrimaryCtxRelease_v2(cu_device d) { (void)d; return CU_SUCCESS; }
API cu_result cuDevicePrimaryCtxReset_v2(cu_device d)
{
    (void)d;
    while (pieces)
        piece_drop(piece[0].p);
    broken_context = false;
    return CU_SUCCESS;
}
API cu_result cuCtxSetCurrent(cu_context c) { current = c; return CU_SUCCESS; }

API cu_result cuMemGetInfo_v2(size_t *left, size_t *total)
{
    HERE;
    size_t used = 0;
    for (int i = 0; i < pieces; i++)
        used += piece[i].n;
    *total = wish.memory;
    *left = wish.memory - used;
    return CU_SUCCESS;
}
API cu_result cuMemAlloc_v2(cu_ptr *p, size_t n)
{
    HERE;
    if (fake_may_fail_alloc())
        return CU_OUT_OF_MEMORY;
    char *at = piece_new(n);
    *p = (cu_ptr)(uintptr_t)at;
    return at ? CU_SUCCESS : CU_OUT_OF_MEMORY;
}
API cu_result cuMemFree_v2(cu_ptr p) { HERE; piece_drop((char *)(uintptr_t)p); return CU_SUCCESS; }
API cu_result cuMemAllocAsync(cu_ptr *p, size_t n, cu_stream s)
{
    if (s && s->capture)
        broken("memory is allocated while a graph is captured");
    return cuMemAlloc_v2(p, n);
}
API cu_result cuMemFreeAsync(cu_ptr p, cu_stream s) { HERE; return queue(s, &(struct op){ .what = FREE, .to = (void *)(uintptr_t)p }); }
API cu_result cuDeviceGetDefaultMemPool(cu_pool *p, cu_device d) { (void)d; *p = (cu_pool)&arena; return CU_SUCCESS; }
API cu_result cuMemPoolSetAttribute(cu_pool p, int a, void *x) { (void)p, (void)x; return a == CU_POOL_THRESHOLD ? CU_SUCCESS : INVALID; }
API cu_result cuMemPoolTrimTo(cu_pool p, size_t keep) { HERE; (void)p, (void)keep; return CU_SUCCESS; }
API cu_result cuMemHostAlloc(void **p, size_t n, unsigned flags)
{
    HERE;
    (void)flags;
    for (int i = 0; i < 64; i++)
        if (!pinned[i].p) {
            pinned[i].p = aligned_alloc(4096, (n + 4095) & ~(size_t)4095);
            memset(pinned[i].p, 0xee, n);
            pinned[i].n = n;
            *p = pinned[i].p;
            return CU_SUCCESS;
        }
    return CU_OUT_OF_MEMORY;
}
API cu_result cuMemFreeHost(void *p)
{
    struct piece *x = pinned_at(p);
    if (!x || x->p != p)
        broken("host memory is freed that was not pinned");
    free(x->p);
    x->p = NULL;
    return CU_SUCCESS;
}
API cu_result cuMemHostGetDevicePointer_v2(cu_ptr *d, void *p, unsigned flags) { HERE; (void)flags; *d = (cu_ptr)(uintptr_t)p; return pinned_at(p) ? CU_SUCCESS : INVALID; }
API cu_result cuMemcpyHtoDAsync_v2(cu_ptr to, const void *from, size_t n, cu_stream s)
{
    HERE;
    pinned_range(from, n, "a copy to the device");
    device_range((void *)(uintptr_t)to, n, "a copy to the device");
    return queue(s, &(struct op){ .what = TO, .to = (void *)(uintptr_t)to, .from = from, .n = n, .sum = sum_of(from, n) });
}
API cu_result cuMemcpyDtoHAsync_v2(void *to, cu_ptr from, size_t n, cu_stream s)
{
    HERE;
    pinned_range(to, n, "a copy from the device");
    device_range((void *)(uintptr_t)from, n, "a copy from the device");
    memset(to, 0xee, n);
    return queue(s, &(struct op){ .what = FROM, .to = to, .from = (void *)(uintptr_t)from, .n = n });
}
API cu_result cuMemcpyDtoDAsync_v2(cu_ptr to, cu_ptr from, size_t n, cu_stream s)
{
    HERE;
    return queue(s, &(struct op){ .what = WITHIN, .to = (void *)(uintptr_t)to, .from = (void *)(uintptr_t)from, .n = n });
}
API cu_result cuMemsetD8Async(cu_ptr to, unsigned char x, size_t n, cu_stream s)
{
    HERE;
    return queue(s, &(struct op){ .what = SET, .to = (void *)(uintptr_t)to, .x = x, .n = n });
}

API cu_result cuStreamCreate(cu_stream *s, unsigned flags) { HERE; *s = calloc(1, sizeof **s); return flags == CU_NON_BLOCKING ? CU_SUCCESS : INVALID; }
API cu_result cuStreamDestroy_v2(cu_stream s)
{
    if (s->done < s->n)
        broken("a stream is destroyed with work in it");
    s->dead = true;                           /* kept, so that a use of it is found */
    return CU_SUCCESS;
}
API cu_result cuStreamSynchronize(cu_stream s)
{
    HERE;
    if (s->capture)
        broken("a wait while a graph is captured");
    run_stream(s, s->n);
    return CU_SUCCESS;
}
API cu_result cuStreamWaitEvent(cu_stream s, cu_event e, unsigned flags)
{
    HERE;
    (void)flags;
    if (e->dead)
        broken("an event is used that was destroyed");
    return e->stream ? queue(s, &(struct op){ .what = WAIT, .to = e->stream, .n = e->at }) : CU_SUCCESS;
}
API cu_result cuEventCreate(cu_event *e, unsigned flags) { HERE; (void)flags; *e = calloc(1, sizeof **e); return CU_SUCCESS; }
API cu_result cuEventDestroy_v2(cu_event e)
{
    if (e->dead)
        broken("an event is destroyed twice");
    e->dead = true;
    return CU_SUCCESS;
}
API cu_result cuEventRecord(cu_event e, cu_stream s)
{
    HERE;
    if (e->dead)
        broken("an event is used that was destroyed");
    e->stream = s;
    e->version++;
    clock_gettime(CLOCK_MONOTONIC, &e->when);
    cu_result r = queue(s, &(struct op){ .what = RECORD, .event = e, .version = e->version });
    e->at = s->n;
    return r;
}
static double since(const struct timespec *t)
{
    struct timespec n;
    clock_gettime(CLOCK_MONOTONIC, &n);
    return (double)(n.tv_sec - t->tv_sec) + 1e-9 * (double)(n.tv_nsec - t->tv_nsec);
}
API cu_result cuEventQuery(cu_event e)
{
    HERE;
    if (e->dead)
        broken("an event is used that was destroyed");
    if (!e->stream)
        return CU_SUCCESS;
    if (wish.slow && since(&e->when) < wish.slow)
        return CU_NOT_READY;
    if (e->passed < e->version) {
        static unsigned times;
        if (++times % 3)
            return CU_NOT_READY;              /* it takes a moment */
        run_stream(e->stream, e->at);
    }
    return CU_SUCCESS;
}
API cu_result cuEventSynchronize(cu_event e)
{
    HERE;
    if (e->stream)
        run_stream(e->stream, e->at);
    return CU_SUCCESS;
}
API cu_result cuEventElapsedTime(float *ms, cu_event a, cu_event b)
{
    *ms = (float)(1e3 * ((double)(b->when.tv_sec - a->when.tv_sec) + 1e-9 * (double)(b->when.tv_nsec - a->when.tv_nsec)));
    return CU_SUCCESS;
}

/* ---- code: an image is the word TLFAKE and the text that NVRTC was given */
/* The 8-byte members of "typedef struct { … } NAME;", of which some may be such structs themselves. */
static int count_words(const char *text, const char *name, int len)
{
    char end[80];
    snprintf(end, sizeof end, "} %.*s;", len, name);
    const char *e = strstr(text, end), *s = e;
    int n = 0;
    while (s && s > text && *s != '{')
        s--;
    if (!e)
        broken("a kernel's text has no struct %.*s", len, name);
    for (s++; s < e; ) {                      /* a declaration: words of its type, then names with lengths */
        s += strspn(s, " \n");
        if (!strncmp(s, "/*", 2)) {
            s = strstr(s, "*/") + 2;
            continue;
        }
        if (s >= e)
            break;
        if (!strncmp(s, "const ", 6))
            s += 6;
        int word = (int)strcspn(s, " *"), of = 1;
        const char *stop = strchr(s, ';');
        snprintf(end, sizeof end, "} %.*s;", word, s);
        if (!memchr(s, '*', (size_t)(stop - s)) && strstr(text, end))
            of = count_words(text, s, word);
        for (int k = of; s <= stop; s++) {
            if (*s == '[')
                k *= atoi(s + 1);
            else if (*s == ',' || *s == ';') {
                n += k;
                k = of;
            }
        }
    }
    return n;
}
API cu_result cuModuleLoadData(cu_module *m, const void *image)
{
    HERE;
    const char *s = image;
    if (strncmp(s, "TLFAKE", 6))
        return 200;
    s += 6;
    size_t n = strlen(text_prelude);
    *m = calloc(1, sizeof **m);
    (*m)->text = strdup(!strncmp(s, text_prelude, n) ? s + n : s);
    return CU_SUCCESS;
}
API cu_result cuModuleUnload(cu_module m) { (void)m; return CU_SUCCESS; }
API cu_result cuModuleGetFunction(cu_function *f, cu_module m, const char *name)
{
    HERE;
    if (strcmp(name, KERNEL_ENTRY) || !strstr(m->text, "KERNEL("))
        return CU_NOT_FOUND;
    *f = m->f = calloc(1, sizeof **f);
    **f = (struct CUfunc_st){ m, { sum_of(m->text, strlen(m->text)), strlen(m->text) }, count_words(m->text, "args", 4) };
    return CU_SUCCESS;
}
API cu_result cuFuncSetAttribute(cu_function f, int a, int x) { (void)f, (void)a, (void)x; return CU_SUCCESS; }
API cu_result cuFuncGetAttribute(int *x, int a, cu_function f) { (void)f, (void)a; *x = 0; return CU_SUCCESS; }
static struct op kernel_op(cu_function f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, void **args)
{
    struct op o = { .what = KERNEL, .f = f, .grid = { gx, gy, gz }, .block = bx, .n = (size_t)f->words * 8 };
    o.word = malloc(o.n + 8);
    memcpy(o.word, args[0], o.n);
    for (int i = 0; i < f->words; i++)
        if (in_arena((void *)(uintptr_t)o.word[i]) && !piece_at((void *)(uintptr_t)o.word[i]))
            broken("a kernel is given %p, which was freed", (void *)(uintptr_t)o.word[i]);
    return o;
}
API cu_result cuLaunchKernel(cu_function f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, cu_stream s,
    void **args, void **extra)
{
    HERE;
    (void)shared;
    if (!gx || !gy || !gz || gy > 65535 || gz > 65535 || !bx || bx > 1024 || by != 1 || bz != 1 || extra)
        return INVALID;
    if (wish.lost && --wish.lost == 0) {
        broken_context = true;
        return ILLEGAL_ADDRESS;
    }
    struct op o = kernel_op(f, gx, gy, gz, bx, args);
    cu_result r = queue(s, &o);
    free(o.word);
    return r;
}

/* ---- graphs */
API cu_result cuStreamBeginCapture_v2(cu_stream s, int mode)
{
    HERE;
    (void)mode;
    if (wish.nograph)
        return 901;
    s->capture = calloc(1, sizeof *s->capture);
    return CU_SUCCESS;
}
API cu_result cuStreamEndCapture(cu_stream s, cu_graph *g)
{
    HERE;
    *g = s->capture;
    s->capture = NULL;
    return *g ? CU_SUCCESS : 901;
}
API cu_result cuStreamGetCaptureInfo_v2(cu_stream s, int *status, uint64_t *id, cu_graph *g, const cu_node **last, size_t *n)
{
    HERE;
    (void)id;
    *status = s->capture != NULL;
    *g = s->capture;
    *n = s->capture && s->capture->n;
    *last = *n ? (const cu_node *)&s->capture->node[s->capture->n - 1] : NULL;
    return CU_SUCCESS;
}
API cu_result cuGraphInstantiateWithFlags(cu_exec *e, cu_graph g, unsigned long long flags)
{
    HERE;
    (void)flags;
    *e = calloc(1, sizeof **e);
    (*e)->op = calloc((size_t)g->n + 1, sizeof *(*e)->op);
    for (int i = 0; i < g->n; i++)
        op_copy(&(*e)->op[(*e)->n++], &g->op[i]);
    return CU_SUCCESS;
}
API cu_result cuGraphLaunch(cu_exec e, cu_stream s)
{
    HERE;
    for (int i = 0; i < e->n; i++)
        queue(s, &e->op[i]);
    return CU_SUCCESS;
}
API cu_result cuGraphExecKernelNodeSetParams_v2(cu_exec e, cu_node n, const struct cu_kernel_node *p)
{
    HERE;
    struct op *o = &e->op[n->at];
    if (n->what != KERNEL || p->f != o->f || p->extra)
        return INVALID;
    free(o->word);
    *o = kernel_op(p->f, p->gx, p->gy, p->gz, p->bx, p->args);
    return CU_SUCCESS;
}
API cu_result cuGraphExecMemcpyNodeSetParams(cu_exec e, cu_node n, const void *params, cu_context c)
{
    HERE;
    struct { struct { size_t x, y, z, lod; int type; const void *host; cu_ptr device; void *array, *none; size_t pitch, height; } from, to; size_t width, height, depth; } p;
    memcpy(&p, params, sizeof p);
    if (n->what != WITHIN || c != current || p.from.type != 2 || p.to.type != 2 || p.height != 1 || p.depth != 1 || p.from.pitch < p.width || p.to.pitch < p.width || p.width != e->op[n->at].n)
        return INVALID;
    e->op[n->at].from = (void *)(uintptr_t)p.from.device;
    e->op[n->at].to = (void *)(uintptr_t)p.to.device;
    return CU_SUCCESS;
}
API cu_result cuGraphExecDestroy(cu_exec e)
{
    for (int i = 0; i < e->n; i++)
        free(e->op[i].word);
    free(e->op);
    free(e);
    return CU_SUCCESS;
}
API cu_result cuGraphDestroy(cu_graph g)
{
    for (int i = 0; i < g->n; i++) {
        free(g->op[i].word);
        free(g->node[i]);
    }
    free(g->op);
    free(g->node);
    free(g);
    return CU_SUCCESS;
}
