/* SPDX-License-Identifier: BSD-3-Clause */
/* expression.h: the words in which rows of transfer.def and criterion.def are written, and what runs them.  A row's
 * expression becomes the body of a function that enters nodes into a plan (lab/plan.h) and returns the root. */
#ifndef TL_NN_EXPRESSION_H
#define TL_NN_EXPRESSION_H
#include "nn.h"

enum { MOST_NODES = 64 };
struct maker { struct plan_node node[MOST_NODES]; int n, x, t, first_option; };
typedef int expression(struct maker *w);
int expr_node(struct maker *w, int kind, int op, int a, int b, double x);

#define X w->x
#define T w->t
#define N(v) expr_node(w, PN_NUM, 0, -1, -1, v)
#define P(i) expr_node(w, PN_LEAF, 0, w->first_option + (i), -1, 0)
#define F1(name, a) expr_node(w, PN_OP, EW_##name, a, -1, 0)
#define F2(name, a, b) expr_node(w, PN_OP, EW_##name, a, b, 0)
#define NEG(a) F1(uminus, a)
#define ADD(a, b) F2(plus, a, b)
#define SUB(a, b) F2(minus, a, b)
#define MUL(a, b) F2(times, a, b)
#define DIV(a, b) F2(rdivide, a, b)

/* The plan of a row: registers are the input, with target the target, the options, then g and y for `back`. */
struct plan *expr_plan(const struct layer_info *info, expression *f, bool target);
struct plan *expr_back(const struct layer_info *info, int registers, const value *reg);
/* Operands in one memory order, so that a program reads them as they lie; *turned says that dimensions stand the other
 * way round. */
value expr_order(value v, bool *turned, bool first);
value expr_turn_back(value v, bool turned);

#endif
