/* SPDX-License-Identifier: BSD-3-Clause */
/* base.h: the ground everything stands on: integer names, the context, memory, polling.
 *
 * The one idea: all state hangs on one `struct context` behind the thread-local pointer `cx`, so two
 * interpreters in two threads share nothing.  Memory has two floors: objects (headers, small data,
 * containers) come from free lists in steps of 64 bytes, blocks (data of tensors) from a caching
 * allocator.  Every piece of either kind ends in SPARE bytes that kernels may read and write, so no
 * kernel needs a scalar tail. */
#ifndef TL_BASE_H
#define TL_BASE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1                         /* so base.h comes before the system's headers */
#endif
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef int64_t i64;
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define NORETURN __attribute__((noreturn, cold))
#define PRINTF(a, b) __attribute__((format(printf, a, b)))
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

enum { SPARE = 64, MAX_DIMS = 32 };

struct context;
extern __thread struct context *cx
    __attribute__((tls_model("initial-exec"))); /* the running interpreter; set by context_enter */

/* What every room looks at: the head of the context.  `recorder` is set while autograd looks on (tape.h); `generation`
   numbers the tapes, windows and handles remember the one they were born under. */
struct builtin;
struct call;
struct plan;
struct value;
struct recorder {
    void (*call)(struct call *c);                         /* runs a builtin with its rule on the tape */
    void (*window)(struct value *w); /* a window to be read becomes a tracked, pooled tensor if its base is tracked */
    /* the three ways of an operator; false: nothing is tracked, go the plain way.  *y is owned after plan, else pooled
     */
    bool (*plan)(struct plan *p, struct value *reg, struct value *y);
    bool (*reduce)(int op, const struct value *x, int dim, struct value *y);
    bool (*matrix)(int op, const struct value *ab, struct value *y);
};
struct context_head {
    const struct recorder *recorder;
    uint32_t generation, generations;         /* …, the last number given */
    union {
        struct {
            int32_t sparse, boards;
        }; /* sparse matrices, and blocks on devices, that live: while there are none no call looks for one */
        int64_t odd;
    };
    const struct builtin *running;            /* that was called with an argument on a device */
    bool mixes; /* tensors of the CPU are brought to the device beside them: inside a layer's own expression */
    bool door;                                /* tensor_of hands out tensors on devices too: gpu.h */
};
static inline struct context_head *context_head(void) { return (struct context_head *)cx; }
#define RECORDING (context_head()->recorder)

/* ---- objects: from free lists; never NULL, fails with "out of memory".  memory_free must be told the same size. */
void *memory_get(size_t bytes);
void memory_free(void *p, size_t bytes);
void *memory_grow(void *p, size_t old, size_t bytes);     /* moves; on failure p is as before */

/* ---- buffers of C code: freed when the running call ends or fails (they join the pool) */
void *scratch(size_t bytes);                  /* 64-byte aligned, SPARE bytes behind it, not cleared */

/* ---- interned names: one pointer per spelling, so names compare by == */
typedef const struct symbol *sym;
struct symbol { uint32_t hash, len; sym next; char text[]; };
sym symbol_of(const char *text);
sym symbol_n(const char *text, size_t len);
sym symbol_find(const char *text, size_t len);            /* NULL when nobody has asked for it yet */

/* ---- Ctrl-C.  Loops, calls and blocks poll; a hit fails with kind FAIL_INTERRUPT. */
extern volatile sig_atomic_t interrupt_flag;
void poll_slow(void);
#ifdef TL_HARD
extern i64 poll_at;                           /* hostile build: the n-th poll from here is a Ctrl-C; 0 never */
#endif
static inline void poll(void)
{
#ifdef TL_HARD
    if (poll_at && --poll_at == 0)
        interrupt_flag = 1;
#endif
    if (unlikely(interrupt_flag))
        poll_slow();
}
static inline void poll_each(i64 i)           /* in loops of cheap steps: polls at every 65,536th */
{
    if (unlikely(!(i & 0xffff)))
        poll();
}

/* ---- the context: created empty, entered before use.  Rooms keep their own state behind typed pointers,
   set up at first use and freed by the function they register. */
struct context *context_new(void);
void context_free(struct context *c);
struct context *context_enter(struct context *c);         /* makes c current; returns the one before */
void context_at_exit(void (*f)(void));                    /* called (last first) when the context goes, cx still current */
enum room {
    ROOM_EW,
    ROOM_TAPE,
    ROOM_RAND,
    ROOM_PRINT,
    ROOM_BLAS,
    ROOM_TEXT,
    ROOM_FILES,
    ROOM_NN,
    ROOM_OPTIM,
    ROOM_PLOT,
    ROOM_DEVICE,
    ROOM_INTERP,
    ROOM_PATH,
    ROOM_TIME,
    ROOM_ATEXIT,
    ROOM_SPARE2,
    ROOMS
};
void **context_room(enum room r);             /* the place for a room's state; NULL at first */

#endif
