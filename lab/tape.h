/* SPDX-License-Identifier: BSD-3-Clause */
/* tape.h: what was computed from what, while autograd looks on.
 *
 * Tracked values are boxed tensors that carry a mark: the number of a node on the tape.  A step that reads a tracked
 * value records an entry: how it was made, its inputs (copies, so a later write to a local copies its memory) and
 * the nodes of its results.  Going backwards, each entry asks its rule for the gradients of its inputs.  Rules are
 * written with builtins, plans and the functions below, all of which record themselves while an outer autograd looks
 * on: so derivatives of derivatives need no further line.
 *
 * Recording costs nothing when off: one test of RECORDING where a value is made the slow way; the machine's fast
 * paths know scalars, which are never tracked, and unmarked tensors. */
#ifndef TL_TAPE_H
#define TL_TAPE_H
#include "plan.h"

bool tracked(value v);                        /* depends on an argument of the autograd that is running */
bool tracked_below(value v);                  /* the same for anything inside a cell or struct */

/* ---- recording.  Each is called only while RECORDING and does its work itself, the plain way, when nothing is tracked. */
void tape_call(struct call *c);               /* runs c->fn->run with its rule on the tape */
bool tape_form(struct call *c);               /* a builtin with grad_form; false: nothing is tracked, run it */
bool tape_plan(struct plan *p, value *reg, value *y);     /* false: no leaf is tracked; else *y is the owned, marked result */
value tape_op(int op, int nargin, const value *arg);      /* ew_apply, reduce_apply, matrix_apply, recorded; pooled */
value tape_reduce(int op, value x, int dim);
value tape_matrix(int op, value a, value b);
void tape_untracked(void (*f)(void *arg), void *arg);     /* runs f without recording */
value tape_window(value w);                   /* reading a window on a tracked tensor: a tracked tensor, pooled */
value tape_plain(value v);                    /* a window on tracked memory becomes a tracked tensor; pooled or as given */
value tape_index(value base, int n, const value *idx, value y);       /* y = base(idx…), just read; marked, pooled */
/* t was just written: t(idx…) = rhs, or, with w, w(idx…) = rhs where w is a window on t.  `old` is t's value before,
 * with its mark. */
void tape_assign(struct tensor *t, value old, const struct window *w, int n, const value *idx, value rhs);
value tape_cat(int dim, int n, const value *part, value y);           /* y = cat(dim, part…); marked, pooled */
void tape_check_outside(const struct window *w, const struct instance *x,
                        value v); /* fails when v is tracked and w or x was there before */

/* ---- a run on a tape of its own, kept from forward to backward: what nn's layers are made of.  f gives y (pooled), a
   tensor or cells of tensors, of x[0] … x[n - 1]; leaves of floating point are followed. */
struct kept;
struct kept *kept_run(void (*f)(void *arg, int n, const value *x, value *y), void *arg, int n, const value *x,
                      value *y); /* y pooled */
void kept_backward(struct kept *k, value g,
                   value *gx); /* g as y; gx[0 … n - 1] pooled, zeros where y does not depend on x */
void kept_free(struct kept *k);
/* The rule of one builtin without a tape: out[0 … nout - 1] are its results for in[], g[] their gradients (NIL: none);
 * gx[i] pooled, where want[i]. */
void rule_alone(const struct builtin *fn, int nin, const value *in, const bool *want, int nout, const value *out,
                const value *g, value *gx);

/* ---- for a builtin's rule, `void NAME_grad(struct call *c)`: c->arg are the arguments of the forward call, and
   result(c, i, g) gives the gradient of argument i */
value grad_of(struct call *c, int k);         /* of result k; zeros when nothing depends on it */
bool grad_given(struct call *c, int k);       /* does anything depend on result k? */
value grad_result(struct call *c, int k);     /* result k itself */
bool grad_wanted(struct call *c, int i);

/* ---- short names for rules: every one records itself */
value g_op(int ew_op, value a, value b);      /* binary row of ops.def */
value g_fn(int ew_op, value a);               /* unary row */
value g_mul(value a, value b);                /* matrix product */
value g_t(value a);                           /* conjugate transpose */
value g_sum(value a, int dim);
bool g_has_zero(value x);                     /* false on a device */
value g_solve(value a, value b);              /* a \ b */
value g_call(const struct builtin *b, int n, ...);        /* a builtin with one result */
value g_reshape_like(value g, value like);
value g_index_add(value like, int n, const value *idx, value g);      /* the adjoint of reading like(idx…) */

#endif
