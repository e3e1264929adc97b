/* SPDX-License-Identifier: BSD-3-Clause */
/* job.h: long calls of foreign code that Ctrl-C can leave behind. */
#ifndef TL_JOB_H
#define TL_JOB_H
#include "tensor.h"

/* Runs body(state).  Short work (seconds, estimated) runs here.  Long work runs on a helper thread on a copy of state
   (size bytes, copied back when done), while this thread polls; the job holds an owner of each tensor it touches.  body
   must not touch the context: no allocation but malloc, no failure, no counts.  It may write tensors that nobody but the
   caller knows; what it reads may be anybody's. */
void job_run(void (*body)(void *), void *state, size_t size, int n, struct tensor *const *touched, double seconds);
int job_left(void);                           /* abandoned jobs still running */

#endif
