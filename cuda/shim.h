/* SPDX-License-Identifier: BSD-3-Clause */
/* shim.h: runs kernel texts on the CPU, for tests and for a device that is none. */
#ifndef TL_CUDA_SHIM_H
#define TL_CUDA_SHIM_H
#include "kernel.h"

/* For struct work: compiles the text (cc, or what CC says; once per key) and runs it.  After shim_collect(true) texts are
   only gathered; shim_collect(false) compiles all of them at once: many times faster than one by one. */
int shim_launch(struct work *, const struct kernel *);
bool shim_collect(bool on); /* false: the compiler refused a text, which stands on stderr; true of `on` always */
void shim_work(struct work *w, struct dev_status *s);     /* a work that runs here; `get` gives memory until shim_forget */
void shim_forget(void);                       /* the scratch memory of the calls so far */
void shim_close(void);
const char *shim_trouble(void);               /* what the last launch did wrong: a barrier not reached by all …; or NULL */

extern bool shim_backwards;                   /* lanes run in reversed order */
extern bool shim_spoil;                       /* shared memory is NaN at the start of each block; on by default */
extern char *(*shim_edit)(char *text);        /* for tests that plant a bug: may change a text before it is compiled */
extern const char *shim_flags;                /* more flags for the compiler */
#endif
