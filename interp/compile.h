/* SPDX-License-Identifier: BSD-3-Clause */
/* compile.h: what the three files of the compiler share. */
#ifndef INTERP_COMPILE_H
#define INTERP_COMPILE_H
#include "code.h"
#include "vm.h"

struct endbase {                              /* what `end` inside a link means */
    const struct node *link;
    int kind;                                 /* END_NONE: a function is called */
    int reg;                                  /* END_REG */
    int path, nstep, slot;                    /* END_PATH; slot of an outer variable or -1 */
    bool maybe;                               /* END_REG: may turn out to be a function */
    struct endbase *up;
};
enum { END_NONE, END_REG, END_PATH };

enum { BLOCK_LOOP, BLOCK_SWITCH, BLOCK_TRY, BLOCK_UNWIND };
struct block_in {                             /* statements we are inside of, innermost first */
    int kind;
    int reg;                                  /* LOOP, SWITCH: first register of its state, -1 none */
    int *breaks, nbreak, *continues, ncontinue;
    int from, id;                             /* TRY, UNWIND: where the open part of the range begins */
    const struct node *cleanup;
    struct block_in *up;
};

struct comp {
    struct comp *up;
    struct unit *unit;
    struct code *code;
    struct function *fn;
    struct scope *scope;
    struct ast *ast;
    int top;                                  /* next free temporary */
    int ans;                                  /* register of ans or -1 */
    int handlers;                             /* ids given */
    int depth;                                /* of TRY and UNWIND blocks */
    struct endbase *ends;
    struct block_in *block;
    unsigned flags;
};

/* compile.c */
int emit(struct comp *c, const struct node *n, int op, int a, int b,
         int d); /* returns the pc; b and c fields via emit3 */
int emit3(struct comp *c, const struct node *n, int op, int a, int b, int cc, int d, int e);
int emitk(struct comp *c, const struct node *n, int op, int a, int b, double k);
int emits(struct comp *c, const struct node *n, int op, int a, int b, int cc, struct site *s);
void operands(struct comp *c, int pc, const struct node *a, const struct node *b); /* for \1 and \2 */
void patch(struct comp *c, int pc, int target);
static inline int here(struct comp *c) { return c->code->n; }
int temps(struct comp *c, int n);             /* n consecutive ones */
int constant(struct comp *c, value v);
int constant_text(struct comp *c, const char *s, size_t len);
struct site *site_new(struct comp *c, const char *name);
void mark_here(struct comp *c, uint32_t at, unsigned flags);        /* what is emitted next begins a statement */
int path_new(struct comp *c, int root);
int hold_new(struct comp *c, bool same);
void hold_add(struct comp *c, int hold, struct hold_target t);
struct path_step *path_step(struct comp *c, int path);
int outer_of(struct comp *c, int slot);       /* number of the outer place of a global or persistent variable */
NORETURN void compile_fail(struct comp *c, const struct node *n, const char *format, ...) PRINTF(3, 4);
struct code *compile_function(struct comp *up, struct unit *u, struct ast *a, struct function *f, struct scope *top,
                              unsigned flags);
static inline int reg_of(struct comp *c, int slot) { return slot + c->code->shift; }
static inline unsigned var_flags(struct comp *c, int slot) { return slot >= 0 ? c->scope->var[slot].flags : 0; }
static inline bool is_outer(struct comp *c, int slot) { return (var_flags(c, slot) & (VAR_GLOBAL | VAR_PERSISTENT)) != 0; }
static inline bool is_sure(struct comp *c, int slot)           /* certainly meant as a variable */
{
    return (var_flags(c, slot) & (VAR_ASSIGNED | VAR_PARAM | VAR_OUT | VAR_GLOBAL | VAR_PERSISTENT | VAR_CAPTURED)) != 0;
}
static inline bool is_temp(struct comp *c, int reg) { return reg >= c->code->nlocal; }

static inline const struct node *link_at(const struct node *n, int i) { return n->index.links.v[i]; }
static inline int links(const struct node *n) { return n->index.links.n; }

/* compile_expr.c */
int expr_any(struct comp *c, const struct node *n, int want,
             int lists); /* lists: what is done with a comma list, LISTS_… */
int expr(struct comp *c, const struct node *n,
         int want); /* register of the value: want, or where it is when want is -1 */
int expr_list(struct comp *c, const struct node *n, int want); /* the same, a comma list is welcome */
void expr_multi(struct comp *c, const struct node *n, int base, int nargout, int countreg, uint64_t ignored);
int expr_statement(
    struct comp *c,
    const struct node *n); /* nargout 0; the register, empty if there was no value; -1: a name that was shown */
int path_of(struct comp *c, const struct node *n, int nlink);
int path_rest(struct comp *c, const struct node *n, int root);  /* all links, from the value in register root */
bool may_be_list(const struct node *n);
const struct node *strip(const struct node *n);                /* without parentheses */
void outer_take(struct comp *c, const struct node *n, int slot);
void outer_put(struct comp *c, const struct node *n, int slot);
int assign(struct comp *c, const struct node *n, bool statement, bool print);

/* compile_tree.c */
bool impure(struct comp *c, const struct node *n);             /* may run user code */
bool writes(struct comp *c, const struct node *n);             /* may write to a variable of ours */
bool is_plain_number(const struct node *n, double *x);
int call_row(struct comp *c, const struct node *n,
             int *reduce); /* the elementwise row n calls, or -1; *reduce the reducer */
int tree_full(struct comp *c, const struct node *n, int want, int dying, int reduce);
int tree(struct comp *c, const struct node *n, int want,
         int dying); /* an operator; dying: a register whose value it replaces */
void condition(struct comp *c, const struct node *n, bool jump_if, int **jumps, int *njump);
void push_jump(int **jumps, int *n, int pc);

/* compile_stmt.c */
void statement(struct comp *c, const struct node *n);
void block(struct comp *c, const struct node *n);
void return_values(struct comp *c, const struct node *n, int base);    /* single expression: passes on what is wanted */

#endif
