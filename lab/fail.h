/* SPDX-License-Identifier: BSD-3-Clause */
/* fail.h: the one way out of an error.
 *
 * fail() formats the message into the context and jumps to the nearest `protect`.  Nobody writes cleanup
 * code: what is new sits in the pool (value.h) and is dropped on the way.  Kernels, OpenMP regions, and
 * callbacks of foreign code must not be jumped over: they return codes.
 *
 * A message starts with the function or operator concerned, names what was given and what is wanted, has
 * no "error:" and no newline.  "\1" and "\2" in it stand for the texts of the first and second operand
 * (of the indexed thing, for an index), which only the interpreter knows:
 *     fail("Octave:nonconformant-args", "\1 * \2: inner dimensions differ, \1 is %s and \2 is %s", …)
 * A second line "hint: …" after a newline is allowed and printed after the place. */
#ifndef TL_FAIL_H
#define TL_FAIL_H
#include "base.h"

enum fail_kind { FAIL_ERROR, FAIL_INTERRUPT, FAIL_EXIT, FAIL_QUIT /* what the debugger was told to leave */ };

struct failure {
    enum fail_kind kind;
    char *id, *message;                       /* malloc'd, owned by the context; id may be "" */
    int node; /* plan node that failed (plan.h), -1 unknown; set by the evaluator, reset by fail() */
    int status;                               /* FAIL_EXIT: the exit status */
};
struct failure *failure(void);                /* the last one */

extern __thread int fail_node_hint; /* node of the running plan, -1: none; the next fail() takes it and sets it to -1 */
extern __thread int fail_node_outer; /* the same of a plan that is run in parts, each a plan of its own (tape.c); it
                                        goes before the hint */
NORETURN void fail(const char *id, const char *fmt, ...) PRINTF(2, 3);
NORETURN void fail_memory(size_t bytes);      /* "out of memory: …" with what is free */
NORETURN void fail_again(void);               /* go on failing with failure() as it is */
NORETURN void fail_exit(int status);
NORETURN void fail_quit(void);
void warn(const char *id, const char *fmt, ...) PRINTF(2, 3);   /* through the hook the interpreter sets; may be off by id */

/* At each step down a nested value, where code recurses: fails before the C stack ends. */
void descend(const char *who);

/* Runs body(arg); 0 if it returned, 1 if it failed (then failure() says why and the pool is as it was at the start).
   setjmp stands in this function alone. */
int protect(void (*body)(void *), void *arg);

#endif
