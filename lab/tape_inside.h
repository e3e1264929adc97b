/* SPDX-License-Identifier: BSD-3-Clause */
/* tape_inside.h: the tape as tape.c (which writes it) and autograd.c (which reads it backwards) know it. */
#ifndef TL_TAPE_INSIDE_H
#define TL_TAPE_INSIDE_H
#include "tape.h"

enum rule { R_LEAF, R_CALL, R_PLAN, R_MATRIX, R_INDEX, R_INDEX_ADD, R_ASSIGN, R_CAT };
struct entry {
    uint8_t rule;
    bool owns_plan;
    int nin, nout, first;                     /* results are nodes first, first + 1, … */
    int op;                                   /* R_MATRIX: operator; R_CAT: dimension; R_INDEX…: number of indices */
    const struct builtin *fn;
    struct plan *plan;
    value *in; /* copies; R_PLAN: the registers; R_INDEX: base, indices; R_ASSIGN: old, rhs, indices */
    int *parent;                              /* node of each input, -1: not tracked */
    value *out;                               /* R_CALL: copies of the results */
};
struct tape {
    struct entry *e;
    int n, cap, nodes, level;
    int *owner, owner_cap;                    /* entry of each node */
    bool *wide; /* of each node: would be complex where its imaginary part is not zero, so its adjoint may be */
    struct entry *current;                    /* in a rule: its entry and the adjoints */
    value *adjoint;
    struct { const struct plan *single[EW_OPS][3]; } cache;
};

extern const struct recorder tape_recorder;
struct tape *tape_new(void);
void tape_give_back(struct tape *t);
void tape_clear(struct tape *t);
uint32_t tape_generation(void);               /* a new one begins; marks from before are void */
value tape_variable(value v);                 /* the same value with leaves tracked; pooled */
value tape_gradient(value var,
                    const value *adjoint); /* of the shape of the variable; [] where a leaf is not floating point */
void tape_backward(struct tape *t, int from, int to);     /* entries from - 1 down to `to`; adjoints in t->adjoint */
struct tape *tape_state(void);
int tape_node(value v);
value tape_marked(value v, int node);
struct entry *tape_record(enum rule rule, int nin, const value *in, int nout);
bool tape_takes(int n, const value *v);
bool tape_carries(value v);
value tape_run_plain(struct plan *p, value *reg);
bool tape_reads_operand(int op);
value tape_record_plan(struct plan *p, bool owns, int nreg, const value *reg);

#endif
