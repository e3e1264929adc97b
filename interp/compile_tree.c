/* SPDX-License-Identifier: BSD-3-Clause */
/* compile_tree.c: operators and conditions.
 *
 * Operators are gathered into the largest trees (tree): first the code of all leaves, then the plain scalar
 * instructions, which are right for numbers and fall back to the tree's plan for everything else.  An operand that may
 * run user code is a cut: what stands left of it is computed before. */
#include "compile.h"
#include <stdlib.h>

/* ---- what an operand may do */
static bool writes_name(const char *name) { size_t n = strlen(name); return n > 1 && name[n - 1] == '_'; }

struct scan { struct comp *c; bool impure, writes; };
static void scan_node(struct node *n, void *arg);
static void scan_list(struct list l, struct scan *s)
{
    for (int i = 0; i < l.n; i++)
        scan_node(l.v[i], s);
}
/* Functions that only look at their arguments: computing them early changes nothing. */
static bool is_pure_name(const char *name)
{
    static const char *const names[] = { "numel",    "size", "rows",   "columns", "length", "ndims",  "zeros",
                                         "ones",     "eye",  "repmat", "reshape", "double", "single", "isempty",
                                         "linspace", "diag", "std",    "var",     "median", "norm",   "cumsum",
                                         "cumprod",  "kron", "trace",  "pi",      "e",      "Inf",    "NaN",
                                         "eps",      "true", "false",  "inf",     "nan" };
    for (int i = 0; i < COUNT(names); i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}
static void scan_node(struct node *n, void *arg)
{
    struct scan *s = arg;
    if (!n || (s->impure && s->writes))
        return;
    switch (n->kind) {
    case NODE_ASSIGN:
        s->impure = s->writes = true;
        break;
    case NODE_CLOSURE:
        return;
    case NODE_NAME:
        if (!is_sure(s->c, n->name.slot) && !is_pure_name(n->name.name))
            s->impure = true;
        break;
    case NODE_INDEX: {
        const struct node *b = n->index.base;
        int first = 0;
        if (b->kind == NODE_NAME && !is_sure(s->c, b->name.slot)) {
            int nargs = links(n) && link_at(n, 0)->kind == NODE_PAREN ? link_at(n, 0)->link.args.n : 0;
            sym name = code_sym(b->name.name);
            if (b->name.slot >= 0 ||
                (ew_find(name, nargs) < 0 && reduce_find(name, nargs) < 0 && !is_pure_name(b->name.name)) ||
                resolve(name, s->c->unit).code)
                s->impure = true;
        } else {
            scan_node((struct node *)b, s);
        }
        for (int i = first; i < links(n); i++) {
            const struct node *l = link_at(n, i);
            if (l->kind == NODE_FIELD) {
                if (i + 1 < links(n) && link_at(n, i + 1)->kind == NODE_PAREN)
                    s->impure = true;
                if (writes_name(l->link.name))
                    s->writes = true;
            } else if (l->kind == NODE_DYNFIELD) {
                scan_node(l->link.expr, s);
            } else {
                scan_list(l->link.args, s);
            }
        }
        break;
    }
    case NODE_NAMED:
        scan_node(n->named.value, s);
        break;
    case NODE_MATRIX:
    case NODE_CELL:
    case NODE_ROW:
        scan_list(n->list, s);
        break;
    case NODE_RANGE:
        scan_node(n->range.a, s);
        scan_node(n->range.step, s);
        scan_node(n->range.b, s);
        break;
    case NODE_PARENS:
    case NODE_UNARY:
    case NODE_POSTFIX:
        scan_node(n->unary.a, s);
        break;
    case NODE_BINARY:
    case NODE_SHORT:
        scan_node(n->binary.a, s);
        scan_node(n->binary.b, s);
        break;
    }
}
bool impure(struct comp *c, const struct node *n)
{
    struct scan s = { c, false, false };
    scan_node((struct node *)n, &s);
    return s.impure;
}
bool writes(struct comp *c, const struct node *n)
{
    struct scan s = { c, false, false };
    scan_node((struct node *)n, &s);
    return s.writes || (s.impure && c->code->dynamic);
}

/* ---- trees of operators */
static const struct { uint8_t ew, mx; bool matrix;
} op_rows[OPERATORS] = {
    [OP_OR] = { EW_or, 0, 0 },
    [OP_AND] = { EW_and, 0, 0 },
    [OP_LT] = { EW_lt, 0, 0 },
    [OP_LE] = { EW_le, 0, 0 },
    [OP_EQ] = { EW_eq, 0, 0 },
    [OP_NE] = { EW_ne, 0, 0 },
    [OP_GE] = { EW_ge, 0, 0 },
    [OP_GT] = { EW_gt, 0, 0 },
    [OP_PLUS] = { EW_plus, 0, 0 },
    [OP_MINUS] = { EW_minus, 0, 0 },
    [OP_MTIMES] = { EW_times, MX_MTIMES, 1 },
    [OP_MRDIV] = { EW_rdivide, MX_MRDIVIDE, 1 },
    [OP_MLDIV] = { EW_ldivide, MX_MLDIVIDE, 1 },
    [OP_TIMES] = { EW_times, 0, 0 },
    [OP_RDIV] = { EW_rdivide, 0, 0 },
    [OP_LDIV] = { EW_ldivide, 0, 0 },
    [OP_MPOWER] = { EW_power, MX_MPOWER, 1 },
    [OP_POWER] = { EW_power, 0, 0 },
    [OP_UPLUS] = { EW_uplus, 0, 0 },
    [OP_UMINUS] = { EW_uminus, 0, 0 },
    [OP_NOT] = { EW_not, 0, 0 },
    [OP_CTRANS] = { 0, MX_CTRANSPOSE, 1 },
    [OP_TRANS] = { 0, MX_TRANSPOSE, 1 },
};

/* instruction of an elementwise row for numbers; 0 (MOVE): EW1, EW2 */
static int row_instruction(int ew)
{
    static const struct { int ew, op;
    } rows[] = { { EW_plus, I_ADD },     { EW_minus, I_SUB }, { EW_times, I_MUL },  { EW_rdivide, I_DIV },
                 { EW_ldivide, I_LDIV }, { EW_power, I_POW }, { EW_uminus, I_NEG }, { EW_uplus, I_PLUS },
                 { EW_not, I_NOT },      { EW_lt, I_LT },     { EW_le, I_LE },      { EW_eq, I_EQ },
                 { EW_ne, I_NE },        { EW_ge, I_GE },     { EW_gt, I_GT },      { EW_and, I_AND },
                 { EW_or, I_OR } };
    for (int i = 0; i < COUNT(rows); i++)
        if (rows[i].ew == ew)
            return rows[i].op;
    return 0;
}

enum { BUILD_MAX = 4000 };
struct build {
    struct plan_node *node;
    struct where *where;
    const struct node **from;
    int *reg;                                 /* of leaves */
    int n, room;
};
static int build_add(struct build *t, struct plan_node p, const struct node *from, int reg)
{
    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 16;
        t->node = realloc(t->node, sizeof *t->node * (size_t)t->room);
        t->where = realloc(t->where, sizeof *t->where * (size_t)t->room);
        t->from = realloc(t->from, sizeof *t->from * (size_t)t->room);
        t->reg = realloc(t->reg, sizeof *t->reg * (size_t)t->room);
        if (!t->node || !t->where || !t->from || !t->reg)
            fail_memory(1 << 20);
    }
    t->node[t->n] = p;
    t->from[t->n] = from;
    t->reg[t->n] = reg;
    t->where[t->n] = (struct where){ .at = from->at, .begin = from->begin, .end = from->end };
    return t->n++;
}
static void build_operands(struct build *t, int i, const struct node *a, const struct node *b)
{
    if (a) {
        t->where[i].b1 = a->begin;
        t->where[i].e1 = a->end;
    }
    if (b) {
        t->where[i].b2 = b->begin;
        t->where[i].e2 = b->end;
    }
}

/* The elementwise row that n calls, if that is what it does; its arguments. */
int call_row(struct comp *c, const struct node *n, int *reduce)
{
    *reduce = -1;
    if (n->kind != NODE_INDEX || links(n) != 1 || link_at(n, 0)->kind != NODE_PAREN || n->index.base->kind != NODE_NAME)
        return -1;
    const struct node *b = n->index.base;
    const struct list *args = &link_at(n, 0)->link.args;
    if (b->name.slot >= 0 || args->n < 1 || args->n > 2)
        return -1;
    for (int i = 0; i < args->n; i++)
        if (args->v[i]->kind == NODE_NAMED || args->v[i]->kind == NODE_COLON || args->v[i]->kind == NODE_STRING ||
            may_be_list(args->v[i]))
            return -1;
    sym name = code_sym(b->name.name);
    int row = ew_find(name, args->n);
    if (row < 0)
        *reduce = reduce_find(name, args->n);
    if ((row >= 0 || *reduce >= 0) && resolve(name, c->unit).code) {
        *reduce = -1;
        return -1;
    }
    return row;
}

bool is_plain_number(const struct node *n, double *x)
{
    if (n->kind == NODE_NUMBER && !n->number.cls && !(n->flags & NODE_IMAG)) {
        *x = n->number.value;
        return true;
    }
    if (n->kind == NODE_UNARY && n->op == OP_UMINUS && is_plain_number(strip(n->unary.a), x)) {
        *x = -*x;
        return true;
    }
    return false;
}

static bool is_operator(struct comp *c, const struct node *n)
{
    int reduce;
    double x;
    n = strip(n);
    if (is_plain_number(n, &x))
        return false;
    if (n->kind == NODE_UNARY || n->kind == NODE_POSTFIX || n->kind == NODE_BINARY)
        return true;
    return call_row(c, n, &reduce) >= 0;
}

static int build(struct comp *c, struct build *t, const struct node *n, int dying);

static int build_leaf(struct comp *c, struct build *t, const struct node *n, int dying)
{
    double x;
    const struct node *s = strip(n);
    if (is_plain_number(s, &x))
        return build_add(t, (struct plan_node){ .kind = PN_NUM, .a = -1, .b = -1, .num = num(x) }, n, -1);
    if (s->kind == NODE_NAME && s->name.slot < 0 && is_constant(code_sym(s->name.name), &x) &&
        !resolve(code_sym(s->name.name), c->unit).code)
        return build_add(t, (struct plan_node){ .kind = PN_NUM, .a = -1, .b = -1, .num = num(x) }, n, -1);
    int r = expr_any(c, s, -1, LISTS_NONE);
    bool dies = is_temp(c, r) || r == dying;
    return build_add(t, (struct plan_node){ .kind = PN_LEAF, .a = r, .b = -1, .dies = dies }, n, r);
}

/* an operand; `right` is what is computed after it */
static int build_operand(struct comp *c, struct build *t, const struct node *n, const struct node *right, int dying)
{
    if (right && t->n < BUILD_MAX && impure(c, right)) {
        if (is_operator(c, n)) {                               /* a cut: this side is a tree of its own */
            int r = tree(c, n, temps(c, 1), -1);
            return build_add(t, (struct plan_node){ .kind = PN_LEAF, .a = r, .b = -1, .dies = 1 }, n, r);
        }
        const struct node *s = strip(n);
        if (s->kind == NODE_NAME && is_sure(c, s->name.slot) && !is_outer(c, s->name.slot) && writes(c, right)) {
            int r = temps(c, 1);
            expr(c, n, r);
            return build_add(t, (struct plan_node){ .kind = PN_LEAF, .a = r, .b = -1, .dies = 1 }, n, r);
        }
    }
    return build(c, t, n, dying);
}

static int build(struct comp *c, struct build *t, const struct node *n, int dying)
{
    const struct node *s = strip(n);
    struct plan_node p = { .a = -1, .b = -1 };
    int reduce;
    if (t->n >= BUILD_MAX && is_operator(c, n)) {
        int r = tree(c, n, temps(c, 1), -1);
        return build_add(t, (struct plan_node){ .kind = PN_LEAF, .a = r, .b = -1, .dies = 1 }, n, r);
    }
    if (!is_operator(c, n))
        return build_leaf(c, t, n, dying);
    if (s->kind == NODE_INDEX) {
        p.kind = PN_OP;
        p.op = (uint16_t)call_row(c, s, &reduce);
        const struct list *args = &link_at(s, 0)->link.args;
        p.a = build_operand(c, t, args->v[0], args->n > 1 ? args->v[1] : NULL, dying);
        if (args->n > 1)
            p.b = build(c, t, args->v[1], dying);
        int i = build_add(t, p, s, -1);
        t->where[i].at = s->begin;
        build_operands(t, i, args->v[0], args->n > 1 ? args->v[1] : NULL);
        return i;
    }
    p.kind = op_rows[s->op].matrix ? PN_MATRIX : PN_OP;
    p.op = op_rows[s->op].matrix ? op_rows[s->op].mx : op_rows[s->op].ew;
    if (s->kind == NODE_BINARY) {
        p.a = build_operand(c, t, s->binary.a, s->binary.b, dying);
        p.b = build(c, t, s->binary.b, dying);
    } else {
        p.a = build(c, t, s->unary.a, dying);
    }
    int i = build_add(t, p, s, -1);
    if (s->kind == NODE_BINARY)
        build_operands(t, i, s->binary.a, s->binary.b);
    else
        build_operands(t, i, s->unary.a, NULL);
    return i;
}

/* The tree's record; instructions from pc `from` on belong to it. */
static struct tree *tree_finish(struct comp *c, struct build *t, int from, int dest)
{
    struct code *k = c->code;
    struct tree *r = calloc(1, sizeof *r);
    if (!r || (k->ntree % 8 == 0 && !(k->tree = realloc(k->tree, sizeof *k->tree * (size_t)(k->ntree + 8)))))
        fail_memory(sizeof *r);
    k->tree[k->ntree++] = r;
    r->dest = dest;
    r->n = t->n;
    r->where = t->where;
    t->where = NULL;
    r->leaf = calloc((size_t)t->n + 1, sizeof(int));
    r->temp = calloc((size_t)t->n + 1, sizeof(int));
    /* a register read twice dies in neither leaf */
    for (int i = 0; i < t->n; i++)
        if (t->node[i].kind == PN_LEAF) {
            r->leaf[r->nleaf++] = t->node[i].a;
            if (is_temp(c, t->node[i].a))
                r->temp[r->ntemp++] = t->node[i].a;
            for (int j = 0; j < t->n; j++)
                if (j != i && t->node[j].kind == PN_LEAF && t->node[j].a == t->node[i].a)
                    t->node[i].dies = 0;
        }
    r->plan = plan_new(t->n, t->node);
    for (int pc = from; pc < k->n; pc++)
        k->tree_at[pc] = k->ntree - 1;
    r->resume = k->n;
    return r;
}
static void build_free(struct build *t)
{
    free(t->node);
    free(t->where);
    free(t->from);
    free(t->reg);
}

static const uint8_t swapped[] = { [I_ADD] = I_ADD, [I_MUL] = I_MUL, [I_SUB] = I_KSUB, [I_DIV] = I_KDIV };
static int konst(int op)
{
    switch (op) {
    case I_ADD: return I_ADDK;
    case I_SUB: return I_SUBK;
    case I_MUL: return I_MULK;
    case I_DIV: return I_DIVK;
    case I_POW: return I_POWK;
    }
    return 0;
}

/* The register of node i as an operand; constants are loaded. */
static int operand_reg(struct comp *c, struct build *t, int i)
{
    if (t->node[i].kind == PN_NUM && t->reg[i] < 0) {
        int r = temps(c, 1);
        emitk(c, t->from[i], I_LOADK, r, 0, t->node[i].num.num);
        return r;
    }
    return t->reg[i];
}

/* Plain instructions for all nodes but the root, then the root into dest (or, for a branch, nothing). */
static void tree_code(struct comp *c, struct build *t, int i, int dest)
{
    struct plan_node *p = &t->node[i];
    const struct node *n = t->from[i];
    if (p->kind == PN_LEAF || p->kind == PN_NUM)
        return;
    int mark = c->top;
    if (p->a >= 0)
        tree_code(c, t, p->a, -1);
    if (p->b >= 0)
        tree_code(c, t, p->b, -1);
    int op, pc;
    if (p->kind == PN_REDUCE) {
        op = I_TREE;
    } else if (p->kind == PN_MATRIX) {
        static const int map[MX_OPS] = { [MX_MTIMES] = I_MUL, [MX_MRDIVIDE] = I_DIV,     [MX_MLDIVIDE] = I_LDIV,
                                         [MX_MPOWER] = I_POW, [MX_CTRANSPOSE] = I_TRANS, [MX_TRANSPOSE] = I_TRANS };
        op = map[p->op];
    } else {
        op = row_instruction(p->op);
    }
    int a = -1, b = -1;
    bool ka = p->a >= 0 && t->node[p->a].kind == PN_NUM, kb = p->b >= 0 && t->node[p->b].kind == PN_NUM;
    bool with_k = p->b >= 0 && op &&
                  ((kb && konst(op)) || (ka && !kb && (op == I_ADD || op == I_MUL || op == I_SUB || op == I_DIV)));
    if (op == I_TREE) {
    } else if (with_k) {
        a = operand_reg(c, t, kb ? p->a : p->b);
    } else {
        a = operand_reg(c, t, p->a);
        if (p->b >= 0)
            b = operand_reg(c, t, p->b);
    }
    c->top = mark;
    int r = dest >= 0 ? dest : temps(c, 1);
    if (op == I_TREE)
        pc = emit(c, n, op, r, 0, 0);
    else if (with_k && kb)
        pc = emitk(c, n, konst(op), r, a, t->node[p->b].num.num);
    else if (with_k)
        pc = emitk(c, n,
                   swapped[op] == I_ADD   ? I_ADDK
                   : swapped[op] == I_MUL ? I_MULK
                                          : swapped[op],
                   r, a, t->node[p->a].num.num);
    else if (op)
        pc = emit3(c, n, op, r, a, b < 0 ? 0 : b, 0, 0);
    else if (b < 0)
        pc = emit3(c, n, I_EW1, r, a, p->op, ew_scalar_logical(p->op), 0);
    else
        pc = emit3(c, n, I_EW2, r, a, b, p->op, ew_scalar_logical(p->op));
    c->code->where[pc] = t->where[i];
    t->reg[i] = r;
}

/* n is an operator or a call of an elementwise function (or of a reducer): into want.  dying: a register whose value is
   being replaced by this. */
int tree_full(struct comp *c, const struct node *n, int want, int dying, int reduce)
{
    struct build t = { 0 };
    int mark = c->top;
    const struct node *s = strip(n);
    if (reduce < 0 && !is_operator(c, n))                      /* x = -1: a number, no tree */
        return expr(c, n, want);
    if (reduce >= 0) {
        const struct list *args = &link_at(s, 0)->link.args;
        struct plan_node p = { .kind = PN_REDUCE, .op = (uint16_t)reduce, .a = -1, .b = -1 };
        p.a = build_operand(c, &t, args->v[0], args->n > 1 ? args->v[1] : NULL, dying);
        if (args->n > 1)
            p.b = build_leaf(c, &t, args->v[1], dying);
        int i = build_add(&t, p, s, -1);
        t.where[i].at = s->begin;
        build_operands(&t, i, args->v[0], args->n > 1 ? args->v[1] : NULL);
    } else {
        build(c, &t, n, dying);
    }
    int from = here(c);
    int dest = want >= 0 ? want : mark;
    if (reduce >= 0)                                           /* no plain code: straight to the plan */
        emit(c, n, I_TREE, dest, 0, 0);
    else
        tree_code(c, &t, t.n - 1, dest);
    c->top = mark;
    if (want < 0)
        temps(c, 1);
    tree_finish(c, &t, from, dest);
    build_free(&t);
    return dest;
}
int tree(struct comp *c, const struct node *n, int want, int dying)
{
    int reduce;
    double x;
    if (is_plain_number(strip(n), &x))                         /* -7 is a number, not a tree */
        return expr(c, n, want);
    call_row(c, strip(n), &reduce);
    return tree_full(c, n, want, dying, reduce);
}

/* ---- conditions */
void push_jump(int **jumps, int *n, int pc)
{
    if (*n % 8 == 0 && !(*jumps = realloc(*jumps, sizeof **jumps * (size_t)(*n + 8))))
        fail_memory(64);
    (*jumps)[(*n)++] = pc;
}

static int compare_jump(int op, bool jump_if, bool k)
{
    static const int plain[] = { OP_LT, OP_LE, OP_EQ, OP_NE, OP_GE, OP_GT };
    for (int i = 0; i < 6; i++)
        if (plain[i] == op)
            return (k ? I_JNLTK : I_JNLT) + (jump_if ? 6 : 0) + i;
    return -1;
}
static int mirrored(int op)
{
    return op == OP_LT ? OP_GT : op == OP_LE ? OP_GE : op == OP_GT ? OP_LT : op == OP_GE ? OP_LE : op;
}

static void compare_branch(struct comp *c, const struct node *s, bool jump_if, int **jumps, int *njump)
{
    struct build t = { 0 };
    int mark = c->top;
    build(c, &t, s, -1);
    int from = here(c), root = t.n - 1, a = t.node[root].a, b = t.node[root].b, pc;
    tree_code(c, &t, a, -1);
    tree_code(c, &t, b, -1);
    if (t.node[b].kind == PN_NUM) {
        pc = emitk(c, s, compare_jump(s->op, jump_if, true), operand_reg(c, &t, a), 0, t.node[b].num.num);
    } else if (t.node[a].kind == PN_NUM) {
        pc = emitk(c, s, compare_jump(mirrored(s->op), jump_if, true), operand_reg(c, &t, b), 0, t.node[a].num.num);
    } else {
        pc = emit3(c, s, compare_jump(s->op, jump_if, false), 0, operand_reg(c, &t, a), operand_reg(c, &t, b), 0, 0);
    }
    c->code->where[pc] = t.where[root];
    c->top = mark;
    struct tree *r = tree_finish(c, &t, from, -1);
    r->jump_if = jump_if;
    build_free(&t);
    push_jump(jumps, njump, pc);
}

/* Code that jumps when n is (jump_if) true or false, else falls through; the jumps are left to be patched. */
void condition(struct comp *c, const struct node *n, bool jump_if, int **jumps, int *njump)
{
    const struct node *s = strip(n);
    if (s->kind == NODE_SHORT) {
        bool both = s->op == OP_ANDAND;                        /* the word of && is false, of || true */
        if (both != jump_if) {
            condition(c, s->binary.a, jump_if, jumps, njump);
            condition(c, s->binary.b, jump_if, jumps, njump);
        } else {
            int *out = NULL, nout = 0;
            condition(c, s->binary.a, !jump_if, &out, &nout);
            condition(c, s->binary.b, jump_if, jumps, njump);
            for (int i = 0; i < nout; i++)
                patch(c, out[i], here(c));
            free(out);
        }
        return;
    }
    if (s->kind == NODE_BINARY && compare_jump(s->op, jump_if, false) >= 0) {
        compare_branch(c, s, jump_if, jumps, njump);
        return;
    }
    int mark = c->top, r = expr(c, n, -1);
    int pc = emit(c, n, jump_if ? I_JT : I_JF, r, 0, 0);
    operands(c, pc, n, NULL);
    c->top = mark;
    push_jump(jumps, njump, pc);
}
