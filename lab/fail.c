/* SPDX-License-Identifier: BSD-3-Clause */
/* fail.c: errors: format the message, jump to the nearest protect.
 *
 * The only setjmp of the program stands in protect().  What the failing code had made is in the pool above the
 * mark and goes when protect() lands. */
#define clone libc_clone                      /* sched.h has a clone() under GNU names, value.h another */
#include <pthread.h>
#undef clone
#include "context.h"
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static char out_of_words[] = "out of memory";

struct failure *failure(void)
{
    return &cx->failure;
}

int protect(void (*body)(void *), void *arg)
{
    struct protect_frame f;
    f.mark = pool_mark();
    f.up = cx->top;
    const struct recorder *recorder = RECORDING;
    bool door = context_head()->door, mixes = context_head()->mixes;
    const struct builtin *running = context_head()->running;
    cx->top = &f;
    if (!setjmp(f.env)) {
        body(arg);
        cx->top = f.up;
        return 0;
    }
    cx->top = f.up;
    RECORDING = recorder;
    context_head()->door = door;
    context_head()->mixes = mixes;
    context_head()->running = running;
    pool_release(f.mark);
    return 1;
}

NORETURN void fail_again(void)
{
    if (!cx->top) {
        fprintf(stderr, "error: %s\n", cx->failure.message ? cx->failure.message : out_of_words);
        exit(1);
    }
    longjmp(cx->top->env, 1);
}

__thread int fail_node_hint = -1, fail_node_outer = -1;

static NORETURN void fail_with(enum fail_kind kind, const char *id, char *message)
{
    struct failure *f = &cx->failure;
    free(f->id);
    free(f->message);
    *f = (struct failure){ .kind = kind,
                           .id = strdup(id ? id : ""),
                           .message = message,
                           .node = fail_node_outer >= 0 ? fail_node_outer : fail_node_hint };
    fail_node_hint = fail_node_outer = -1;
    fail_again();
}

NORETURN void fail(const char *id, const char *fmt, ...)
{
    va_list ap;
    char *message;
    va_start(ap, fmt);
    if (vasprintf(&message, fmt, ap) < 0)
        message = NULL;
    va_end(ap);
    fail_with(FAIL_ERROR, id, message);
}

NORETURN void fail_exit(int status)
{
    struct failure *f = &cx->failure;
    free(f->id);
    free(f->message);
    *f = (struct failure){ .kind = FAIL_EXIT, .id = strdup(""), .message = strdup("exit"), .node = -1, .status = status };
    fail_again();
}

void fail_quit(void)
{
    fail_with(FAIL_QUIT, "tl:quit", strdup("the run was ended by dbquit"));
}

void descend(const char *who)
{
    char here;
    if (!cx->stack_low) {                     /* of the thread that runs: an eighth is left to what comes below */
        pthread_attr_t attr;
        void *low = NULL;
        size_t bytes = 0;
        if (!pthread_getattr_np(pthread_self(), &attr)) {
            pthread_attr_getstack(&attr, &low, &bytes);
            pthread_attr_destroy(&attr);
        }
        cx->stack_low = (uintptr_t)low + bytes / 8 + 1;
        cx->stack_bytes = bytes;
    }
    if ((uintptr_t)&here < cx->stack_low)
        fail("tl:nested", "%s: a value is nested too deep: the stack of %zu MB ends", who, cx->stack_bytes >> 20);
}

void poll_slow(void)
{
    interrupt_flag = 0;
    fail_with(FAIL_INTERRUPT, "tl:interrupted", strdup("interrupted"));
}

static void bytes_text(double b, char *s, size_t n)
{
    static const char *const unit[] = { "bytes", "kB", "MB", "GB", "TB", "PB", "EB" };
    int u = 0;
    while (b >= 1000 && u < COUNT(unit) - 1) {
        b /= 1000;
        u++;
    }
    snprintf(s, n, u ? "%.3g %s" : "%.0f %s", b, unit[u]);
}

NORETURN void fail_memory(size_t bytes)
{
    char want[32], have[32];
    bytes_text((double)bytes, want, sizeof want);
    bytes_text((double)sysconf(_SC_AVPHYS_PAGES) * (double)sysconf(_SC_PAGESIZE), have, sizeof have);
    fail("Octave:out-of-memory", "out of memory: %s needed, %s free", want, have);
}

void warn(const char *id, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *message = scratch((size_t)MAX(n, 0) + 1);       /* not ours to free: the hook may fail (a warning made an error) */
    message[0] = 0;
    vsnprintf(message, (size_t)MAX(n, 0) + 1, fmt, again);
    va_end(again);
    va_end(ap);
    if (cx->hooks.warning) {
        cx->hooks.warning(id, message);
    } else {
        out_flush();
        fprintf(stderr, "warning: %s\n", message);
    }
}
