/* SPDX-License-Identifier: BSD-3-Clause */
/* compile_expr.c: expressions.
 *
 * Operators are gathered into the largest trees (tree): first the code of all leaves, then the plain scalar
 * instructions, which are right for numbers and fall back to the tree's plan for everything else.  An operand that may
 * run user code is a cut: what stands left of it is computed before.  A chain `a.b{2}(3)` goes link by link through a
 * temporary; only writing and methods that view or write need the place itself (path_of). */
#include "compile.h"
#include <stdlib.h>

const struct node *strip(const struct node *n)
{
    while (n->kind == NODE_PARENS)
        n = n->unary.a;
    return n;
}

static const struct node *link_at(const struct node *n, int i) { return n->index.links.v[i]; }
static int links(const struct node *n) { return n->index.links.n; }

/* May n stand for any number of values? */
bool may_be_list(const struct node *n)
{
    if (n->kind != NODE_INDEX)
        return false;
    int k = link_at(n, links(n) - 1)->kind;
    return k == NODE_BRACE || k == NODE_FIELD || k == NODE_DYNFIELD;
}

static bool any_list(const struct list *l)
{
    for (int i = 0; i < l->n; i++)
        if (may_be_list(l->v[i]))
            return true;
    return false;
}

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
    static const char *const names[] = { "numel", "size", "rows", "columns", "length", "ndims", "zeros", "ones", "eye", "repmat", "reshape",
        "double", "single", "isempty", "linspace", "diag", "pi", "e", "Inf", "NaN", "eps", "true", "false", "inf", "nan" };
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
            if (b->name.slot >= 0 || (ew_find(name, nargs) < 0 && reduce_find(name, nargs) < 0 && !is_pure_name(b->name.name)) ||
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
static bool impure(struct comp *c, const struct node *n)
{
    struct scan s = { c, false, false };
    scan_node((struct node *)n, &s);
    return s.impure;
}
static bool writes(struct comp *c, const struct node *n)
{
    struct scan s = { c, false, false };
    scan_node((struct node *)n, &s);
    return s.writes || (s.impure && c->code->dynamic);
}

/* ---- trees of operators */
static const struct { uint8_t ew, mx; bool matrix; } op_rows[OPERATORS] = {
    [OP_OR] = { EW_or, 0, 0 }, [OP_AND] = { EW_and, 0, 0 }, [OP_LT] = { EW_lt, 0, 0 }, [OP_LE] = { EW_le, 0, 0 }, [OP_EQ] = { EW_eq, 0, 0 },
    [OP_NE] = { EW_ne, 0, 0 }, [OP_GE] = { EW_ge, 0, 0 }, [OP_GT] = { EW_gt, 0, 0 }, [OP_PLUS] = { EW_plus, 0, 0 }, [OP_MINUS] = { EW_minus, 0, 0 },
    [OP_MTIMES] = { EW_times, MX_MTIMES, 1 }, [OP_MRDIV] = { EW_rdivide, MX_MRDIVIDE, 1 }, [OP_MLDIV] = { EW_ldivide, MX_MLDIVIDE, 1 },
    [OP_TIMES] = { EW_times, 0, 0 }, [OP_RDIV] = { EW_rdivide, 0, 0 }, [OP_LDIV] = { EW_ldivide, 0, 0 }, [OP_MPOWER] = { EW_power, MX_MPOWER, 1 },
    [OP_POWER] = { EW_power, 0, 0 }, [OP_UPLUS] = { EW_uplus, 0, 0 }, [OP_UMINUS] = { EW_uminus, 0, 0 }, [OP_NOT] = { EW_not, 0, 0 },
    [OP_CTRANS] = { 0, MX_CTRANSPOSE, 1 }, [OP_TRANS] = { 0, MX_TRANSPOSE, 1 },
};

/* instruction of an elementwise row for numbers; 0 (MOVE): EW1, EW2 */
static int row_instruction(int ew)
{
    static const struct { int ew, op; } rows[] = {
        { EW_plus, I_ADD }, { EW_minus, I_SUB }, { EW_times, I_MUL }, { EW_rdivide, I_DIV }, { EW_ldivide, I_LDIV }, { EW_power, I_POW },
        { EW_uminus, I_NEG }, { EW_uplus, I_PLUS }, { EW_not, I_NOT }, { EW_lt, I_LT }, { EW_le, I_LE }, { EW_eq, I_EQ }, { EW_ne, I_NE },
        { EW_ge, I_GE }, { EW_gt, I_GT }, { EW_and, I_AND }, { EW_or, I_OR } };
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
static int call_row(struct comp *c, const struct node *n, int *reduce)
{
    *reduce = -1;
    if (n->kind != NODE_INDEX || links(n) != 1 || link_at(n, 0)->kind != NODE_PAREN || n->index.base->kind != NODE_NAME)
        return -1;
    const struct node *b = n->index.base;
    const struct list *args = &link_at(n, 0)->link.args;
    if (b->name.slot >= 0 || args->n < 1 || args->n > 2)
        return -1;
    for (int i = 0; i < args->n; i++)
        if (args->v[i]->kind == NODE_NAMED || args->v[i]->kind == NODE_COLON || args->v[i]->kind == NODE_STRING || may_be_list(args->v[i]))
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

static bool is_plain_number(const struct node *n, double *x)
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
static int expr_any(struct comp *c, const struct node *n, int want, int lists);

static int build_leaf(struct comp *c, struct build *t, const struct node *n, int dying)
{
    double x;
    const struct node *s = strip(n);
    if (is_plain_number(s, &x))
        return build_add(t, (struct plan_node){ .kind = PN_NUM, .a = -1, .b = -1, .num = num(x) }, n, -1);
    if (s->kind == NODE_NAME && s->name.slot < 0 && is_constant(code_sym(s->name.name), &x) && !resolve(code_sym(s->name.name), c->unit).code)
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
        static const int map[MX_OPS] = { [MX_MTIMES] = I_MUL, [MX_MRDIVIDE] = I_DIV, [MX_MLDIVIDE] = I_LDIV, [MX_MPOWER] = I_POW,
                                         [MX_CTRANSPOSE] = I_TRANS, [MX_TRANSPOSE] = I_TRANS };
        op = map[p->op];
    } else {
        op = row_instruction(p->op);
    }
    int a = -1, b = -1;
    bool ka = p->a >= 0 && t->node[p->a].kind == PN_NUM, kb = p->b >= 0 && t->node[p->b].kind == PN_NUM;
    bool with_k = p->b >= 0 && op && ((kb && konst(op)) || (ka && !kb && (op == I_ADD || op == I_MUL || op == I_SUB || op == I_DIV)));
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
        pc = emitk(c, n, swapped[op] == I_ADD ? I_ADDK : swapped[op] == I_MUL ? I_MULK : swapped[op], r, a, t->node[p->a].num.num);
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
static int tree_full(struct comp *c, const struct node *n, int want, int dying, int reduce)
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
static int mirrored(int op) { return op == OP_LT ? OP_GT : op == OP_LE ? OP_GE : op == OP_GT ? OP_LT : op == OP_GE ? OP_LE : op; }

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

/* ---- names */
void outer_take(struct comp *c, const struct node *n, int slot)
{
    if (slot >= 0 && is_outer(c, slot))
        emit(c, n, I_XTAKE, reg_of(c, slot), 0, outer_of(c, slot));
}
void outer_put(struct comp *c, const struct node *n, int slot)
{
    if (slot >= 0 && is_outer(c, slot))
        emit(c, n, I_XPUT, reg_of(c, slot), 0, outer_of(c, slot));
}

static int want_or_temp(struct comp *c, int want) { return want >= 0 ? want : temps(c, 1); }

static struct site *call_site(struct comp *c, const char *name, int nargs, int nargout, int dest)
{
    struct site *s = site_new(c, name);
    s->nargs = (uint16_t)nargs;
    s->nargout = (uint16_t)nargout;
    s->dest = dest;
    return s;
}

/* a name alone, as a value */
static int name_value(struct comp *c, const struct node *n, int want)
{
    int slot = n->name.slot;
    const char *name = n->name.name;
    double x;
    if (slot >= 0 && is_outer(c, slot)) {
        int r = want_or_temp(c, want);
        emit(c, n, I_XLOAD, r, 0, outer_of(c, slot));
        return r;
    }
    if (is_sure(c, slot)) {
        if (want < 0)
            return reg_of(c, slot);
        emit(c, n, I_MOVE, want, reg_of(c, slot), 0);
        return want;
    }
    int r = want_or_temp(c, want);
    if (slot < 0 && !c->code->script && (!strcmp(name, "nargin") || !strcmp(name, "nargout"))) {
        emit(c, n, name[4] == 'i' ? I_NARGIN : I_NARGOUT, r, 0, 0);
        return r;
    }
    if (slot < 0 && !resolve(code_sym(name), c->unit).code) {
        if (is_constant(code_sym(name), &x)) {
            emitk(c, n, I_LOADK, r, 0, x);
            return r;
        }
        if (!strcmp(name, "true") || !strcmp(name, "false")) {
            emit(c, n, I_LOADB, r, name[0] == 't', 0);
            return r;
        }
    }
    if (slot >= 0) {
        emits(c, n, I_LOADNAME, r, reg_of(c, slot), 0, call_site(c, name, 0, 1, r));
    } else {
        int base = c->top;                                     /* the callee's registers begin above */
        temps(c, 1);
        emits(c, n, I_CALL, base, 0, 0, call_site(c, name, 0, 1, r));
        c->top = base;
    }
    return r;
}

/* ---- arguments */
static void args_to(struct comp *c, const struct list *l, int base, struct site *s, const struct node *link, struct endbase *eb)
{
    if (eb) {
        eb->link = link;
        eb->up = c->ends;
        c->ends = eb;
    }
    int mark = c->top, nn = 0;
    c->top = base;
    if (l->n)
        temps(c, l->n);
    for (int i = 0; i < l->n; i++) {
        const struct node *n = l->v[i];
        int top = c->top;
        if (n->kind == NODE_NAMED) {
            if (!s)
                compile_fail(c, n, "a named argument (%s = …) is for calls; an index has none", n->named.name);
            s->argname = realloc(s->argname, sizeof *s->argname * (size_t)(nn + 1));
            s->argname[nn++] = code_sym(n->named.name);
            s->named = true;
            expr(c, n->named.value, base + i);
        } else if (n->kind == NODE_COLON) {
            emit(c, n, I_LOADC, base + i, 0, constant(c, colon()));
            if (s)
                s->colons = true;
        } else {
            if (may_be_list(n) && s)
                s->lists = true;
            if (s && may_be_list(n))
                expr_list(c, n, base + i);
            else
                expr(c, n, base + i);
        }
        c->top = top;
    }
    if (s)
        s->nnamed = nn;
    if (eb)
        c->ends = eb->up;
    c->top = MAX(mark, base + l->n);
}

static int end_value(struct comp *c, const struct node *n, int want)
{
    const struct node *link = n->endof.link;
    int arg = n->endof.arg, r = want_or_temp(c, want), found = 0;
    int *done = NULL, ndone = 0;
    while (link) {
        struct endbase *e = c->ends;
        while (e && e->link != link)
            e = e->up;
        int nargs = link->link.args.n;
        if (e && e->kind == END_REG) {
            int skip = e->maybe ? emit(c, n, I_JFUNC, e->reg, 0, 0) : -1;
            emit3(c, n, I_END, r, e->reg, arg, nargs, 0);
            found = 1;
            if (skip < 0)
                break;
            push_jump(&done, &ndone, emit(c, n, I_JMP, 0, 0, 0));
            patch(c, skip, here(c));
            found = 2;
        } else if (e && e->kind == END_PATH) {
            outer_take(c, n, e->slot);
            emit3(c, n, I_PEND, r, arg, nargs, e->path, e->nstep);
            outer_put(c, n, e->slot);
            found = 1;
            break;
        }
        const struct node *up = link->link.outer;
        arg = link->link.outer_arg;
        link = up;
    }
    if (!found)
        compile_fail(c, n, "'end' has nothing to count here: it belongs inside an index");
    if (found == 2)
        emit(c, n, I_FAIL, 0, 0, constant_text(c, "'end' has nothing to count here: what is indexed is a function", 62));
    for (int i = 0; i < ndone; i++)
        patch(c, done[i], here(c));
    free(done);
    return r;
}

/* ---- chains */
/* Steps of n's first `nlink` links as a path from its base variable.  Their arguments stay in temporaries. */
static int path_from(struct comp *c, const struct node *n, int first, int nlink, int root, int slot)
{
    int path = path_new(c, root);
    for (int i = first; i < nlink; i++) {
        const struct node *l = link_at(n, i);
        struct path_step st = { .reg = -1 };
        switch (l->kind) {
        case NODE_FIELD:
            st.kind = STEP_FIELD;
            st.name = code_sym(l->link.name);
            break;
        case NODE_DYNFIELD:
            st.kind = STEP_FIELD;
            st.reg = temps(c, 1);
            expr(c, l->link.expr, st.reg);
            break;
        default: {
            st.kind = l->kind == NODE_PAREN ? STEP_PAREN : STEP_BRACE;
            st.n = l->link.args.n;
            st.reg = c->top;
            struct site lists = { 0 };
            struct endbase eb = { .kind = END_PATH, .path = path, .nstep = i - first, .slot = slot };
            args_to(c, &l->link.args, st.reg, &lists, l, &eb);
            if (lists.named)
                compile_fail(c, l, "a named argument is for calls; an index has none");
            st.lists = lists.lists;
            break;
        }
        }
        *path_step(c, path) = st;
    }
    return path;
}
int path_of(struct comp *c, const struct node *n, int nlink)
{
    int slot = n->index.base->name.slot;
    return path_from(c, n, 0, nlink, reg_of(c, slot), slot);
}

int path_rest(struct comp *c, const struct node *n, int root) { return path_from(c, n, 0, links(n), root, -1); }

static bool place_method(const char *name) { return is_view_method(code_sym(name)) || is_inplace_method(code_sym(name)); }

/* `pkg.name` at the head of a chain: number of links that are part of the name */
static int package_links(struct comp *c, const struct node *n)
{
    const struct node *b = n->index.base;
    if (b->kind != NODE_NAME || is_sure(c, b->name.slot) || link_at(n, 0)->kind != NODE_FIELD || !package_known(b->name.name, c->unit))
        return 0;
    return 1;
}

struct chain { struct comp *c; const struct node *n; int nargout; int want; bool statement; int count; uint64_t ignored; int lists; };

static struct site *last_site(struct chain *x, const char *name, int nargs, bool last, int dest)
{
    struct site *s = call_site(x->c, name, nargs, last ? x->nargout : 1, dest);
    if (last) {
        s->ignored = x->ignored;
        s->statement = x->statement;
        if (x->count >= 0)
            s->aux = x->count;
    }
    return s;
}

/* where the result of a link goes */
static int link_dest(struct chain *x, bool last, int base) { return last && x->want >= 0 && x->nargout <= 1 ? x->want : base; }

/* a call by name; base is a fresh temporary */
static int chain_call(struct chain *x, const char *name, const struct node *paren, const struct node *where, bool last, int base, int slot)
{
    struct comp *c = x->c;
    static const struct list none;
    const struct list *args = paren ? &paren->link.args : &none;
    int dest = link_dest(x, last, base);
    struct site *s = last_site(x, name, args->n, last, dest);
    struct endbase eb = { .kind = slot >= 0 ? END_REG : END_NONE, .reg = slot >= 0 ? reg_of(c, slot) : -1, .maybe = true };
    c->top = base;
    temps(c, 1);
    if (paren)
        args_to(c, args, base, s, paren, &eb);
    s->slot = slot >= 0 ? reg_of(c, slot) : -1;
    int pc = emits(c, where, slot >= 0 ? I_CALLV : I_CALL, base, 0, 0, s);
    operands(c, pc, x->n->index.base, NULL);
    c->top = base;
    temps(c, 1);
    return dest;
}

/* Methods that view or write want the place itself, from the variable down.  The number of the link with the first such
   method when all before it is part of a place; -1: none. */
static int place_link(struct comp *c, const struct node *n)
{
    const struct node *b = n->index.base;
    if (b->kind != NODE_NAME || !is_sure(c, b->name.slot))
        return -1;
    int i = 0;
    while (i + 1 < links(n) && !(link_at(n, i)->kind == NODE_FIELD && link_at(n, i + 1)->kind == NODE_PAREN))
        i++;
    if (i + 1 >= links(n) || !place_method(link_at(n, i)->link.name))
        return -1;
    if (i > 0 && link_at(n, i - 1)->kind == NODE_PAREN && !is_inplace_method(code_sym(link_at(n, i)->link.name)))
        return -1;                                             /* A(1,:).t(): of a value */
    return i;
}

/* The methods on a place from link i on, chained while they write in place.  Returns the register; *next the link behind. */
static int place_chain(struct chain *x, int i, int base, int *next)
{
    struct comp *c = x->c;
    const struct node *n = x->n, *b = n->index.base;
    int slot = b->name.slot, nl = links(n), first = i;
    int path = path_from(c, n, 0, i, reg_of(c, slot), slot);
    int ab = temps(c, 1);
    for (bool more = true, fresh = true; more; fresh = false) {
        const struct node *l = link_at(n, i), *p = link_at(n, i + 1);
        bool last = i + 2 == nl;
        more = i + 3 < nl && link_at(n, i + 2)->kind == NODE_FIELD && link_at(n, i + 3)->kind == NODE_PAREN &&
               is_inplace_method(code_sym(l->link.name)) && place_method(link_at(n, i + 2)->link.name);
        struct site *s = last_site(x, l->link.name, p->link.args.n, last, ab);
        s->aux = path;
        s->chained = more;
        s->slot = fresh ? -1 : ab;                             /* a value that came out of the method before */
        if (fresh)
            emit(c, l, I_CLEAR, ab, 1, 0);
        struct endbase eb = { .kind = END_NONE };
        c->top = ab + 1;
        args_to(c, &p->link.args, ab + 1, s, p, &eb);
        outer_take(c, l, slot);
        int pc = emits(c, l, I_PMETHOD, ab, 0, 0, s);
        outer_put(c, l, slot);
        c->code->where[pc].begin = n->begin;
        operands(c, pc, b, NULL);
        c->code->where[pc].e1 = first ? link_at(n, first - 1)->end : b->end;
        i += 2;
        if (is_inplace_method(code_sym(l->link.name)) && first && link_at(n, first - 1)->kind == NODE_PAREN)
            c->code->where[pc].b2 = 1;                         /* on an indexed value: a copy is changed, with a warning */
    }
    *next = i;
    if (i < nl || (x->count < 0 && x->nargout <= 1)) {
        int dest = link_dest(x, i == nl, base);
        emit(c, n, I_TAKENIL, dest, ab, 0);
        c->top = base + 1;
        return dest;
    }
    return ab;
}

/* isshared(x) asks the place itself, not a copy of it: compiled as x.isshared(). */
struct asked { struct node chain, field, paren; struct node *link[64]; };
static bool asks_place(struct comp *c, const struct node *n, struct asked *a)
{
    const struct node *b = n->index.base, *p = links(n) == 1 ? link_at(n, 0) : NULL;
    if (b->kind != NODE_NAME || b->name.slot >= 0 || strcmp(b->name.name, "isshared") || !p || p->kind != NODE_PAREN || p->link.args.n != 1)
        return false;
    const struct node *arg = p->link.args.v[0], *root = arg->kind == NODE_INDEX ? arg->index.base : arg;
    int nl = arg->kind == NODE_INDEX ? links(arg) : 0;
    if (root->kind != NODE_NAME || !is_sure(c, root->name.slot) || nl > 60)
        return false;
    a->chain = *n, a->field = *p, a->paren = *p;
    a->field.kind = NODE_FIELD;
    a->field.link.name = b->name.name;
    a->paren.link.args.n = 0;
    for (int i = 0; i < nl; i++)
        a->link[i] = arg->index.links.v[i];
    a->link[nl] = &a->field, a->link[nl + 1] = &a->paren;
    a->chain.index.base = (struct node *)root;
    a->chain.index.links.v = a->link;
    a->chain.index.links.n = nl + 2;
    return place_link(c, &a->chain) == nl;
}

/* Is there an `end` that belongs to link? */
static void has_end_node(struct node *n, void *arg)
{
    const struct node **link = arg;
    if (n->kind == NODE_END && n->endof.link == *link)
        *link = NULL;
    else if (*link && n->kind != NODE_CLOSURE)
        ast_each(n, has_end_node, arg);
}
static bool has_end(const struct node *link)
{
    const struct node *l = link;
    for (int i = 0; i < link->link.args.n && l; i++)
        has_end_node(link->link.args.v[i], &l);
    return !l;
}

/* All of a chain.  Returns the register of the (first) result. */
static int chain(struct chain *x)
{
    struct comp *c = x->c;
    struct asked asked;
    if (asks_place(c, x->n, &asked))
        x->n = &asked.chain;
    const struct node *n = x->n, *b = n->index.base;
    int nl = links(n), i = 0, cur = -1;                        /* cur: register of the value so far */
    int base = c->top;
    int slot = b->kind == NODE_NAME ? b->name.slot : -1;
    temps(c, 1);
    int pm = place_link(c, n);
    if (pm >= 0) {
        cur = place_chain(x, pm, base, &i);
    } else if (b->kind == NODE_NAME) {
        int pl = nl ? package_links(c, n) : 0;
        if (pl) {
            char full[256];
            snprintf(full, sizeof full, "%s.%s", b->name.name, link_at(n, 0)->link.name);
            const struct node *paren = nl > 1 && link_at(n, 1)->kind == NODE_PAREN ? link_at(n, 1) : NULL;
            i = paren ? 2 : 1;
            cur = chain_call(x, full, paren, n, i == nl, base, -1);
        } else if (slot < 0) {
            const struct node *paren = link_at(n, 0)->kind == NODE_PAREN ? link_at(n, 0) : NULL;
            i = paren ? 1 : 0;
            if (!paren) {
                cur = name_value(c, b, base);
            } else {
                cur = chain_call(x, b->name.name, paren, b, i == nl, base, -1);
            }
        } else if (is_outer(c, slot)) {
            emit(c, b, I_XLOAD, base, 0, outer_of(c, slot));
            cur = base;
        } else if (link_at(n, 0)->kind == NODE_PAREN) {
            const struct node *p = link_at(n, 0);
            const struct list *args = &p->link.args;
            bool plain = args->n >= 1 && args->n <= 2 && !any_list(args) && is_sure(c, slot) && !(nl == 1 && x->nargout != 1);
            for (int k = 0; k < args->n && plain; k++)
                if (args->v[k]->kind == NODE_COLON || args->v[k]->kind == NODE_NAMED)
                    plain = false;
            i = 1;
            if (plain) {
                struct endbase eb = { .link = p, .kind = END_REG, .reg = reg_of(c, slot), .maybe = true, .up = c->ends };
                c->ends = &eb;
                int dest = link_dest(x, nl == 1, base);
                struct site *s = call_site(c, b->name.name, args->n, 1, dest);
                int site = c->code->nsite - 1;
                s->slot = reg_of(c, slot);
                int r1, r2 = 0;
                if (args->n == 2 && writes(c, args->v[1]))
                    r1 = expr(c, args->v[0], temps(c, 1));
                else
                    r1 = expr(c, args->v[0], -1);
                if (args->n == 2)
                    r2 = expr(c, args->v[1], -1);
                c->ends = eb.up;
                int pc = args->n == 1 ? emits(c, n, I_IDX1, dest, reg_of(c, slot), r1, s)
                                      : emit3(c, n, I_IDX2, dest, reg_of(c, slot), r1, r2, site);
                c->code->where[pc].at = p->at;
                operands(c, pc, b, NULL);
                c->top = base + 1;
                cur = dest;
            } else {
                cur = chain_call(x, b->name.name, p, n, nl == 1, base, slot);
                c->code->where[c->code->n - 1].at = p->at;
            }
        } else {
            cur = -1;                                          /* the variable itself */
        }
    } else {
        cur = expr(c, b, base);
    }
    for (; i < nl; i++) {
        const struct node *l = link_at(n, i);
        bool last = i + 1 == nl;
        int pc;
        if (l->kind == NODE_FIELD && i + 1 < nl && link_at(n, i + 1)->kind == NODE_PAREN && !has_end(link_at(n, i + 1))) {
            const struct node *p = link_at(n, i + 1);
            last = i + 2 == nl;
            if (cur < 0) {
                emits(c, b, I_LOADNAME, base, reg_of(c, slot), 0, call_site(c, b->name.name, 0, 1, base));
                cur = base;
            }
            if (cur != base)
                emit(c, b, I_TAKE, base, cur, 0);
            int dest = link_dest(x, last, base);
            struct site *s = last_site(x, l->link.name, p->link.args.n, last, dest);
            struct endbase eb = { .kind = END_NONE };
            c->top = base + 1;
            args_to(c, &p->link.args, base + 1, s, p, &eb);
            pc = emits(c, l, I_METHOD, base, 0, 0, s);
            c->code->where[pc].at = l->at;
            operands(c, pc, n, NULL);
            c->code->where[pc].e1 = i ? link_at(n, i - 1)->end : b->end;
            cur = dest;
            c->top = base + 1;
            i++;
            continue;
        }
        if (l->kind == NODE_PAREN) {
            if (cur != base)
                emit(c, b, I_TAKE, base, cur, 0);
            int dest = link_dest(x, last, base);
            struct site *s = last_site(x, NULL, l->link.args.n, last, dest);
            struct endbase eb = { .kind = END_REG, .reg = base, .maybe = true };
            c->top = base + 1;
            args_to(c, &l->link.args, base + 1, s, l, &eb);
            pc = emits(c, n, I_CALLT, base, 0, 0, s);
            cur = dest;
        } else if (l->kind == NODE_BRACE) {
            int listok = last ? x->lists : 0;
            const struct list *args = &l->link.args;
            int dest = link_dest(x, last, base);
            int subject = cur < 0 ? reg_of(c, slot) : cur;
            struct endbase eb = { .kind = END_REG, .reg = subject, .maybe = false };
            if (args->n == 1 && !may_be_list(args->v[0]) && args->v[0]->kind != NODE_COLON && args->v[0]->kind != NODE_NAMED) {
                eb.link = l;
                eb.up = c->ends;
                c->ends = &eb;
                int r = expr(c, args->v[0], -1);
                c->ends = eb.up;
                pc = emit3(c, n, I_BRACE1, dest, subject, r, listok, 0);
            } else {
                struct site lists = { 0 };
                int ab = c->top;
                args_to(c, args, ab, &lists, l, &eb);
                pc = emit3(c, n, I_BRACE, dest, ab, args->n, listok | (lists.lists ? 2 : 0), subject);
            }
            cur = dest;
        } else if (l->kind == NODE_FIELD) {
            int dest = link_dest(x, last, base);
            pc = emits(c, n, I_FIELD, dest, cur < 0 ? reg_of(c, slot) : cur, last ? x->lists : 0, site_new(c, l->link.name));
            cur = dest;
        } else {
            int dest = link_dest(x, last, base);
            int subject = cur < 0 ? reg_of(c, slot) : cur;
            int r = expr(c, l->link.expr, -1);
            pc = emit3(c, n, I_DYNFIELD, dest, subject, r, last ? x->lists : 0, 0);
            cur = dest;
        }
        c->code->where[pc].at = l->at;
        operands(c, pc, n, NULL);
        c->code->where[pc].e1 = i ? link_at(n, i - 1)->end : b->end;
        c->top = base + 1;
    }
    return cur;
}

static int chain_value(struct comp *c, const struct node *n, int want, int lists)
{
    int base = c->top;
    struct chain x = { .c = c, .n = n, .nargout = 1, .want = want, .count = -1, .lists = lists };
    int r = chain(&x);
    if (want >= 0) {
        if (r != want)
            emit(c, n, I_TAKE, want, r, 0);
        c->top = base;
        return want;
    }
    c->top = base + 1;
    return r;
}

/* ---- literals */
static int shape_new(struct comp *c, const struct list *rows)
{
    struct code *k = c->code;
    if (k->nshape % 8 == 0 && !(k->shape = realloc(k->shape, sizeof *k->shape * (size_t)(k->nshape + 8))))
        fail_memory(64);
    struct shape *s = &k->shape[k->nshape++];
    *s = (struct shape){ .rows = rows->n, .cols = calloc((size_t)rows->n + 1, sizeof(int)) };
    for (int i = 0; i < rows->n; i++) {
        s->cols[i] = rows->v[i]->list.n;
        s->lists = s->lists || any_list(&rows->v[i]->list);
    }
    return k->nshape - 1;
}

/* numbers only, real doubles: a constant */
static bool constant_matrix(struct comp *c, const struct node *n, value *v)
{
    const struct list *rows = &n->list;
    int m = rows->n, w = m ? rows->v[0]->list.n : 0;
    double x;
    if (m * w < 2)
        return false;
    for (int i = 0; i < m; i++) {
        if (rows->v[i]->list.n != w)
            return false;
        for (int j = 0; j < w; j++)
            if (!is_plain_number(strip(rows->v[i]->list.v[j]), &x))
                return false;
    }
    i64 dim[2] = { m, w };
    struct tensor *t = tensor_new(D_DOUBLE, 2, dim);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < w; j++) {
            is_plain_number(strip(rows->v[i]->list.v[j]), &x);
            ((double *)t->data)[i + (i64)j * m] = x;
        }
    *v = tensor_box(t);
    (void)c;
    return true;
}

static int literal(struct comp *c, const struct node *n, int want)
{
    value v;
    int mark = pool_mark();
    if (n->kind == NODE_MATRIX && constant_matrix(c, n, &v)) {
        int r = want_or_temp(c, want);
        emit(c, n, I_LOADC, r, 0, constant(c, v));
        pool_release(mark);
        return r;
    }
    int r = want_or_temp(c, want), base = c->top, k = 0, total = 0;
    for (int i = 0; i < n->list.n; i++)
        total += n->list.v[i]->list.n;
    temps(c, total);
    for (int i = 0; i < n->list.n; i++) {
        const struct list *row = &n->list.v[i]->list;
        for (int j = 0; j < row->n; j++, k++) {
            int top = c->top;
            if (may_be_list(row->v[j]))
                expr_list(c, row->v[j], base + k);
            else
                expr(c, row->v[j], base + k);
            c->top = top;
        }
    }
    emit(c, n, n->kind == NODE_MATRIX ? I_CAT : I_CELL, r, base, shape_new(c, &n->list));
    c->top = base;
    return r;
}

static int closure(struct comp *c, const struct node *n, int want)
{
    int index = c->code->nclosure;
    struct code *k = compile_function(c, c->unit, c->ast, n->function, NULL, c->flags);
    k->text = ast_text(n);
    int r = want_or_temp(c, want);
    for (int i = 0; i < n->function->scope.captures; i++) {
        int from = n->function->scope.capture[i].from;
        if (is_outer(c, from))
            emit(c, n, I_XLOAD, reg_of(c, from), 1, outer_of(c, from));
    }
    emit(c, n, I_CLOSURE, r, 0, index);
    for (int i = 0; i < n->function->scope.captures; i++) {
        int from = n->function->scope.capture[i].from;
        if (is_outer(c, from))
            emit(c, n, I_CLEAR, reg_of(c, from), 1, 0);
    }
    return r;
}

static value number_value(const struct node *n)
{
    if (n->flags & NODE_IMAG) {
        i64 one[2] = { 1, 1 };
        struct tensor *t = tensor_new(D_CDOUBLE, 2, one);
        ((double *)t->data)[0] = 0;
        ((double *)t->data)[1] = n->number.value;
        return tensor_box(t);
    }
    switch (n->number.cls) {
    case -8: return num_of(D_INT8, (double)(int8_t)n->number.bits);
    case -16: return num_of(D_INT16, (double)(int16_t)n->number.bits);
    case -32: return num_of(D_INT32, (double)(int32_t)n->number.bits);
    case -64: return (value){ .kind = K_NUM, .dtype = D_INT64, .i = (int64_t)n->number.bits };
    case 8: return num_of(D_UINT8, (double)n->number.bits);
    case 16: return num_of(D_UINT16, (double)n->number.bits);
    case 32: return num_of(D_UINT32, (double)n->number.bits);
    case 64: return (value){ .kind = K_NUM, .dtype = D_UINT64, .u = n->number.bits };
    }
    return num(n->number.value);
}

/* ---- any expression */
static int expr_any(struct comp *c, const struct node *n, int want, int lists)
{
    int r, reduce;
    double x;
    switch (n->kind) {
    case NODE_PARENS:
        return expr(c, n->unary.a, want);
    case NODE_NUMBER: {
        r = want_or_temp(c, want);
        if (is_plain_number(n, &x)) {
            emitk(c, n, I_LOADK, r, 0, x);
        } else {
            int mark = pool_mark();
            emit(c, n, I_LOADC, r, 0, constant(c, number_value(n)));
            pool_release(mark);
        }
        return r;
    }
    case NODE_STRING: {
        r = want_or_temp(c, want);
        int k = constant_text(c, n->string.text, n->string.len);
        if ((n->flags & NODE_DOUBLE) && c->code->k[k].kind == K_TENSOR)
            c->code->k[k].t->flags |= T_DQ;
        emit(c, n, I_LOADC, r, 0, k);
        return r;
    }
    case NODE_NAME:
        return name_value(c, n, want);
    case NODE_TILDE:                                           /* made by assign: a register */
        if (want < 0)
            return n->name.slot;
        emit(c, n, I_MOVE, want, n->name.slot, 0);
        return want;
    case NODE_COLON:
        r = want_or_temp(c, want);
        emit(c, n, I_LOADC, r, 0, constant_text(c, ":", 1));
        return r;
    case NODE_END:
        return end_value(c, n, want);
    case NODE_RANGE: {
        int mark = c->top;
        bool cut = n->range.step ? impure(c, n->range.step) || impure(c, n->range.b) : impure(c, n->range.b);
        int a = expr(c, n->range.a, cut ? temps(c, 1) : -1), s, b;
        if (n->range.step) {
            s = expr(c, n->range.step, impure(c, n->range.b) ? temps(c, 1) : -1);
        } else {
            s = temps(c, 1);
            emitk(c, n, I_LOADK, s, 0, 1);
        }
        b = expr(c, n->range.b, -1);
        r = want >= 0 ? want : mark;
        int pc = emit3(c, n, I_RANGE, r, a, s, b, 0);
        operands(c, pc, n->range.a, n->range.b);
        c->top = mark;
        if (want < 0)
            temps(c, 1);
        return r;
    }
    case NODE_UNARY:
        if (is_plain_number(n, &x)) {
            r = want_or_temp(c, want);
            emitk(c, n, I_LOADK, r, 0, x);
            return r;
        }
        /* fall through */
    case NODE_BINARY:
    case NODE_POSTFIX:
        return tree_full(c, n, want, -1, -1);
    case NODE_SHORT: {
        int mark = c->top, *no = NULL, nno = 0;
        condition(c, n, false, &no, &nno);
        c->top = mark;
        r = want_or_temp(c, want);
        emit(c, n, I_LOADB, r, 1, 0);
        int done = emit(c, n, I_JMP, 0, 0, 0);
        for (int i = 0; i < nno; i++)
            patch(c, no[i], here(c));
        free(no);
        emit(c, n, I_LOADB, r, 0, 0);
        patch(c, done, here(c));
        return r;
    }
    case NODE_INDEX:
        if (call_row(c, n, &reduce) >= 0 || reduce >= 0)
            return tree_full(c, n, want, -1, reduce);
        return chain_value(c, n, want, lists);
    case NODE_MATRIX:
    case NODE_CELL:
        return literal(c, n, want);
    case NODE_CLOSURE:
        return closure(c, n, want);
    case NODE_HANDLE:
        r = want_or_temp(c, want);
        emits(c, n, I_HANDLE, r, 0, 0, site_new(c, n->name.name));
        return r;
    case NODE_ASSIGN: {
        int mark = c->top;
        r = assign(c, n, false, false);
        if (want >= 0) {
            emit(c, n, is_temp(c, r) ? I_TAKE : I_MOVE, want, r, 0);
            c->top = mark;
            return want;
        }
        if (is_temp(c, r) && r != mark) {
            emit(c, n, I_TAKE, mark, r, 0);
            r = mark;
        }
        c->top = is_temp(c, r) ? mark + 1 : mark;
        return r;
    }
    }
    compile_fail(c, n, "%s cannot stand here", node_words[n->kind]);
}
int expr(struct comp *c, const struct node *n, int want) { return expr_any(c, n, want, LISTS_FIRST); }
int expr_list(struct comp *c, const struct node *n, int want) { return expr_any(c, n, want, LISTS_WELCOME); }

/* nargout values into registers from base (the top).  countreg >= 0: their number is in that register. */
void expr_multi(struct comp *c, const struct node *n, int base, int nargout, int countreg, uint64_t ignored)
{
    const struct node *s = strip(n);
    if (s->kind == NODE_NAME && !is_sure(c, s->name.slot)) {
        struct site *site = call_site(c, s->name.name, 0, nargout, base);
        site->ignored = ignored;
        site->slot = s->name.slot >= 0 ? reg_of(c, s->name.slot) : -1;
        if (countreg >= 0)
            site->aux = countreg;
        c->top = base;
        temps(c, nargout < ALL - 1 ? MAX(nargout, 1) : 1);
        emits(c, s, s->name.slot >= 0 ? I_CALLV : I_CALL, base, 0, 0, site);
        return;
    }
    if (s->kind == NODE_INDEX) {
        struct chain x = { .c = c, .n = s, .nargout = nargout, .want = -1, .count = countreg, .ignored = ignored, .lists = LISTS_WELCOME };
        c->top = base;
        int r = chain(&x);
        c->top = base;
        temps(c, nargout < ALL - 1 ? MAX(nargout, 1) : 1);
        if (r != base)
            emit(c, s, I_TAKENIL, base, r, 0);
        if (may_be_list(s) && !(links(s) == 1 && package_links(c, s)))
            emit3(c, s, I_SPREAD, base, nargout < ALL - 1 ? nargout : nargout == ALL ? ALL : ALL - 1, countreg < 0 ? 0 : countreg, 0, 0);
        return;
    }
    expr(c, n, base);
    if (nargout > 1)
        emit3(c, s, I_SPREAD, base, nargout, countreg < 0 ? 0 : countreg, 0, 0);
}

/* As a statement: nargout 0. */
int expr_statement(struct comp *c, const struct node *n)
{
    const struct node *s = strip(n);
    int reduce;
    if (s->kind == NODE_INDEX && call_row(c, s, &reduce) < 0 && reduce < 0) {
        int base = c->top;
        struct chain x = { .c = c, .n = s, .nargout = 0, .want = -1, .count = -1, .statement = true, .lists = LISTS_WELCOME };
        int r = chain(&x);
        if (r != base) {
            emit(c, s, I_TAKENIL, base, r, 0);
            r = base;
        }
        c->top = base + 1;
        return r;
    }
    return expr(c, n, temps(c, 1));
}
