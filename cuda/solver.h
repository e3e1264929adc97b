/* SPDX-License-Identifier: BSD-3-Clause */
/* solver.h: what of cuSOLVER is used (solver.def), and the LAPACK family on a device. */
#ifndef CUDA_SOLVER_H
#define CUDA_SOLVER_H
#include "gpu.h"

typedef struct cusolverDnContext *solver_handle;
typedef struct cusolverDnParams *solver_params;
struct solver {
#define FN(name, symbol, returns, params) returns (*name) params;
#include "solver.def"
};
int solver_can(struct gpu *g, enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num);
int solver_run(struct gpu *g, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag);
void solver_forget(struct gpu *g, bool lost);
#endif
