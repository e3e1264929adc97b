/* SPDX-License-Identifier: BSD-3-Clause */
/* compile_stmt.c: statements.
 *
 * Every way out of a block (break, continue, return) emits what the blocks it leaves need on the way: the cleanup of
 * unwind_protect, loop state that may hold values.  While such code is emitted, the error ranges of the blocks that
 * are being left are closed, so that an error in a cleanup does not run it again. */
#include "compile.h"
#include <stdlib.h>

static void set_target(struct comp *c, struct block_in *b, int target);

/* ---- error ranges */
static void handler_add(struct comp *c, struct block_in *b, int level)
{
    struct code *k = c->code;
    if (b->from >= here(c))
        return;
    if (k->nhandler % 8 == 0 && !(k->handler = realloc(k->handler, sizeof *k->handler * (size_t)(k->nhandler + 8))))
        fail_memory(64);
    k->handler[k->nhandler++] = (struct handler){ b->from, here(c), -b->id, level, c->depth, b->kind == BLOCK_UNWIND };
}
static bool has_range(const struct block_in *b) { return b->kind == BLOCK_TRY || b->kind == BLOCK_UNWIND; }

/* Leaves all blocks inside `stop` (NULL: all). */
static void leave(struct comp *c, struct block_in *stop, bool with_stop_state)
{
    struct block_in *all = c->block;
    int top = c->top, depth = c->depth;
    for (struct block_in *b = all; b != stop; b = b->up)
        if (has_range(b)) {
            handler_add(c, b, b->reg);
            c->depth--;
        }
    for (struct block_in *b = all; b != stop; b = b->up) {
        c->block = b->up;
        if (b->kind == BLOCK_UNWIND)
            block(c, b->cleanup);
        else if (b->reg >= 0 && !has_range(b))
            emit(c, NULL, I_CLEAR, b->reg, 1, 0);
    }
    if (with_stop_state && stop && stop->reg >= 0)
        emit(c, NULL, I_CLEAR, stop->reg, 1, 0);
    c->block = all;
    c->top = top;
    c->depth = depth;
}
/* after the jump that followed leave() */
static void reopen(struct comp *c, struct block_in *stop)
{
    for (struct block_in *b = c->block; b != stop; b = b->up)
        if (has_range(b))
            b->from = here(c);
}

static struct block_in *loop_around(struct comp *c)
{
    struct block_in *b = c->block;
    while (b && b->kind != BLOCK_LOOP)
        b = b->up;
    return b;
}

/* ---- assignment */
static void display(struct comp *c, const struct node *n, const char *name, int slot)
{
    int r = reg_of(c, slot);
    if (is_outer(c, slot)) {
        r = temps(c, 1);
        emit(c, n, I_XLOAD, r, 0, outer_of(c, slot));
    }
    emits(c, n, I_DISPLAY, r, 0, 0, site_new(c, name));
    if (is_outer(c, slot))
        emit(c, n, I_CLEAR, r, 1, 0);
}
static void display_target(struct comp *c, const struct node *t)
{
    int top = c->top;
    if (t->kind == NODE_INDEX)
        t = t->index.base;
    if (t->kind == NODE_NAME)
        display(c, t, t->name.name, t->name.slot);
    c->top = top;
}

static bool is_empty_literal(const struct node *n)
{
    n = strip(n);
    return (n->kind == NODE_MATRIX && n->list.n == 0) || (n->kind == NODE_STRING && n->string.len == 0);
}

static struct node binary_node(const struct node *n, struct node *a, struct node *b)
{
    struct node s = *n;
    s.kind = NODE_BINARY;
    s.flags = 0;
    s.binary.a = a;
    s.binary.b = b;
    return s;
}

/* x = [x, …], x = [x; …], x = [x; a b …] */
static bool append(struct comp *c, const struct node *target, const struct node *v)
{
    v = strip(v);
    if (v->kind != NODE_MATRIX || v->list.n < 1)
        return false;
    int rows = v->list.n, count = rows == 1 ? v->list.v[0]->list.n : rows;
    enum { BELOW, BESIDE, ROW } dim = rows == 1 ? BESIDE : rows == 2 && v->list.v[1]->list.n > 1 ? ROW : BELOW;
    if (count < 2)
        return false;
    for (int i = 0; i < (dim == BELOW ? rows : dim == ROW); i++)
        if (v->list.v[i]->list.n != 1)
            return false;
    if (dim == ROW)
        count = 1 + v->list.v[1]->list.n;
#define ELEMENT(i) \
    (dim == BESIDE ? v->list.v[0]->list.v[i] \
     : dim == ROW  ? (i == 0 ? v->list.v[0]->list.v[0] : v->list.v[1]->list.v[(i) - 1]) \
                   : v->list.v[i]->list.v[0])
    for (int i = 0; i < count; i++) {
        const struct node *e = strip(ELEMENT(i));
        if (i == 0 ? e->kind != NODE_NAME || e->name.slot != target->name.slot : may_be_list(e) || e->kind == NODE_ASSIGN)
            return false;
    }
    int base = temps(c, count - 1);
    for (int i = 1; i < count; i++) {
        int top = c->top;
        expr(c, ELEMENT(i), base + i - 1);
        c->top = top;
    }
#undef ELEMENT
    emit3(c, v, I_APPEND, reg_of(c, target->name.slot), base, count - 1, dim, 0);
    return true;
}

/* the value in register r (a temporary) goes to a variable */
static void store_variable(struct comp *c, const struct node *n, int slot, int r)
{
    if (is_outer(c, slot))
        emit(c, n, I_XSTORE, r, 0, outer_of(c, slot));
    else if (r != reg_of(c, slot))
        emit(c, n, is_temp(c, r) ? I_TAKE : I_MOVE, reg_of(c, slot), r, 0);
}

/* A = A.t(): the name becomes a window on what it was; most often its value is meant */
static void view_hint(struct comp *c, const struct node *n, const struct node *t, const struct node *v)
{
    if (v->kind != NODE_INDEX || v->index.base->kind != NODE_NAME || v->index.base->name.slot != t->name.slot ||
        v->index.links.n < 2)
        return;
    const struct node *l = v->index.links.v[v->index.links.n - 2];
    if (l->kind != NODE_FIELD || !is_view_method(code_sym(l->link.name)) ||
        v->index.links.v[v->index.links.n - 1]->kind != NODE_PAREN)
        return;
    char text[300];
    int k = snprintf(text, sizeof text, "%s = %s.%s(…) makes %s a window; %s.' or reshape(%s, …) gives a value",
                     t->name.name, t->name.name, l->link.name, t->name.name, t->name.name, t->name.name);
    emit(c, n, I_HINT, reg_of(c, t->name.slot), 0, constant_text(c, text, (size_t)MIN(k, (int)sizeof text - 1)));
}

static int assign_name(struct comp *c, const struct node *n, bool statement)
{
    struct node *t = n->assign.targets.v[0], *v = n->assign.value;
    int slot = t->name.slot, top = c->top;
    bool outer = is_outer(c, slot);
    int reg = outer ? temps(c, 1) : reg_of(c, slot);
    if (n->op == OP_NONE) {
        const struct node *s = strip(v);
        if (!outer && append(c, t, v))
            ;
        else if (!outer && (s->kind == NODE_BINARY || s->kind == NODE_UNARY || s->kind == NODE_POSTFIX) &&
                 s->kind != NODE_NUMBER)
            tree(c, v, reg, reg);
        else
            expr(c, v, reg);
        if (!outer)
            view_hint(c, n, t, s);
    } else {
        struct node both = binary_node(n, t, v);
        tree(c, &both, reg, outer ? -1 : reg);
        c->code->where[here(c) - 1].at = n->at;
        if (!(n->flags & NODE_INCDEC))
            c->code->tree[c->code->ntree - 1]->hint = operator_info[n->op].symbol;
    }
    if (outer) {
        if (!statement) {
            int r = temps(c, 1);
            emit(c, n, I_MOVE, r, reg, 0);
            emit(c, n, I_XSTORE, reg, 0, outer_of(c, slot));
            return r;
        }
        emit(c, n, I_XSTORE, reg, 0, outer_of(c, slot));
    }
    if (statement)
        c->top = top;
    return reg;
}

/* A target with an index: its indices are evaluated first, then `store` writes the value in register v.  `aside`: they must
   survive that other targets are written, so variables among them are copied. */
struct aim { int kind; int i, j, path; };
enum { AIM_ONE, AIM_TWO, AIM_PATH, AIM_OBJECT };

static int index_value(struct comp *c, const struct node *n, bool aside)
{
    return expr(c, n, aside ? temps(c, 1) : -1);
}

static struct aim aim_at(struct comp *c, const struct node *t, bool aside)
{
    const struct node *b = t->index.base;
    const struct list *ls = &t->index.links;
    struct aim a = { .kind = AIM_PATH };
    if (b->kind != NODE_NAME)
        compile_fail(c, t, "only a variable and its parts can be assigned to");
    int slot = b->name.slot, k = 0;
    const struct node *p = ls->v[0];
    if (ls->n == 1 && p->kind == NODE_PAREN && !is_outer(c, slot) && p->link.args.n >= 1 && p->link.args.n <= 2) {
        bool plain = true;
        for (int i = 0; i < p->link.args.n; i++) {
            int arg = p->link.args.v[i]->kind;
            if (arg == NODE_COLON || arg == NODE_NAMED || may_be_list(p->link.args.v[i]))
                plain = false;
        }
        if (plain) {
            struct endbase eb = { .link = p, .kind = END_REG, .reg = reg_of(c, slot), .up = c->ends };
            c->ends = &eb;
            a.kind = p->link.args.n == 1 ? AIM_ONE : AIM_TWO;
            a.i = index_value(c, p->link.args.v[0], aside);
            if (a.kind == AIM_TWO)
                a.j = index_value(c, p->link.args.v[1], aside);
            c->ends = eb.up;
            return a;
        }
    }
    /* an object's method in the middle yields the object that is written: net.get(1).weight = W */
    while (k + 2 < ls->n &&
           !(ls->v[k]->kind == NODE_FIELD && ls->v[k + 1]->kind == NODE_PAREN && ls->v[k + 2]->kind != NODE_PAREN))
        k++;
    if (k + 2 < ls->n && !is_outer(c, slot))
        return (struct aim){ .kind = AIM_OBJECT, .i = k };    /* evaluated when it is written */
    a.path = path_of(c, t, ls->n);
    return a;
}

static void store_path(struct comp *c, const struct node *n, const struct node *t, int path, int v)
{
    const struct node *b = t->index.base;
    const struct list *ls = &t->index.links;
    outer_take(c, n, b->name.slot);
    int pc = emit(c, n, I_PSET, v, 0, path);
    operands(c, pc, b, t);
    int named = ls->n - 1; /* in messages the variable is what the last index stands behind */
    while (named > 0 && ls->v[named]->kind == NODE_FIELD)
        named--;
    if (ls->v[named]->kind == NODE_FIELD)
        named = ls->n - 1;
    c->code->where[pc].e1 = named > 0 ? ls->v[named - 1]->end : b->end;
    c->code->where[pc].at = ls->v[ls->n - 1]->at;
    outer_put(c, n, b->name.slot);
}

static void store(struct comp *c, const struct node *n, const struct node *t, struct aim a, int v)
{
    const struct node *b = t->index.base;
    int top = c->top, slot = b->name.slot;
    if (a.kind == AIM_ONE || a.kind == AIM_TWO) {
        int pc = a.kind == AIM_ONE ? emit3(c, n, I_SETIX1, reg_of(c, slot), a.i, v, 0, 0)
                                   : emit3(c, n, I_SETIX2, reg_of(c, slot), a.i, a.j, v, 0);
        operands(c, pc, b, t);
        c->code->where[pc].at = t->index.links.v[0]->at;
    } else if (a.kind == AIM_OBJECT) {
        int other = emit(c, t, I_JOBJ, reg_of(c, slot), 0, 0);
        struct node head = *t;
        head.index.links.n = a.i + 2;
        head.end = t->index.links.v[a.i + 1]->end;
        int r = expr(c, &head, temps(c, 1));
        struct node rest = *t;
        rest.index.links.v += a.i + 2;
        rest.index.links.n -= a.i + 2;
        int path = path_rest(c, &rest, r);
        int pc = emit(c, n, I_PSET, v, 0, path);
        operands(c, pc, t, t);
        emit(c, t, I_CLEAR, r, 1, 0);
        int done = emit(c, t, I_JMP, 0, 0, 0);
        patch(c, other, here(c));
        c->top = top;
        path = path_of(c, t, t->index.links.n);
        store_path(c, n, t, path, v);
        patch(c, done, here(c));
    } else {
        store_path(c, n, t, a.path, v);
    }
    c->top = top;
}

static void assign_index(struct comp *c, const struct node *n, const struct node *t, int v)
{
    int top = c->top;
    struct aim a = aim_at(c, t, false);
    store(c, n, t, a, v);
    c->top = top;
}

static int assign_place(struct comp *c, const struct node *n, bool statement)
{
    struct node *t = n->assign.targets.v[0], *v = n->assign.value;
    const struct node *b = t->index.base;
    int top = c->top, r;
    if (b->kind != NODE_NAME)
        compile_fail(c, t, "only a variable and its parts can be assigned to");
    int slot = b->name.slot;
    if (n->op == OP_NONE && is_empty_literal(v) && t->index.links.v[t->index.links.n - 1]->kind == NODE_PAREN) {
        int path = path_of(c, t, t->index.links.n);
        outer_take(c, n, slot);
        int pc = emit(c, n, I_PDEL, 0, 0, path);
        operands(c, pc, b, t);
        if (t->index.links.n > 1)
            c->code->where[pc].e1 = t->index.links.v[t->index.links.n - 2]->end;
        outer_put(c, n, slot);
        c->top = top;
        if (statement)
            return -1;
        return expr(c, v, temps(c, 1));
    }
    if (n->op != OP_NONE) {                                    /* the indices are evaluated once */
        int old = temps(c, 1);
        int path = path_of(c, t, t->index.links.n);
        outer_take(c, n, slot);
        int pc = emit3(c, n, I_PGET, old, 0, 0, path, 0);
        operands(c, pc, t, NULL);
        outer_put(c, n, slot);
        struct node left = { .kind = NODE_TILDE, .begin = t->begin, .end = t->end, .at = t->at };
        left.name.slot = old;
        struct node both = binary_node(n, &left, v);
        r = tree(c, &both, old, -1);
        outer_take(c, n, slot);
        pc = emit(c, n, I_PSET, r, 0, path);
        operands(c, pc, t, t);
        outer_put(c, n, slot);
        if (!statement)
            return expr(c, t, temps(c, 1));
        c->top = top;
        return -1;
    }
    r = expr(c, v, statement ? -1 : temps(c, 1));
    if (!statement) {
        int keep = r;
        r = temps(c, 1);
        emit(c, n, I_MOVE, r, keep, 0);
        assign_index(c, n, t, r);
        c->top = keep + 1;
        return keep;
    }
    assign_index(c, n, t, r);
    c->top = top;
    return -1;
}

/* does a target take several values: c{1:2}, s.f */
static bool target_list(const struct node *t)
{
    if (t->kind != NODE_INDEX)
        return false;
    const struct node *l = t->index.links.v[t->index.links.n - 1];
    if (l->kind == NODE_BRACE) {
        for (int i = 0; i < l->link.args.n; i++) {
            int k = l->link.args.v[i]->kind;
            if (k != NODE_NUMBER && k != NODE_END)
                return true;
        }
        return false;
    }
    return l->kind == NODE_FIELD;
}

/* [a, b(i), c{1:n}] = …  In this order: the indices, the right side, whether it has a value for each, the indexed
   places, the names.  Names alone take what there is, as in Octave, before a value that is missing is an error.
   vm_hold.c says how it comes that all of them are written or none. */
struct goal { const struct node *t; struct aim aim; int reg; };          /* reg: its value */

static bool has_root(const struct goal *g, int n, const struct node *name, const struct goal *but)
{
    for (int i = 0; i < n; i++)
        if (&g[i] != but && g[i].t->kind == NODE_INDEX && g[i].t->index.base->name.slot == name->name.slot)
            return true;
    return false;
}

static void write_goal(struct comp *c, const struct node *n, const struct goal *g, int list, int count)
{
    if (g->t->kind == NODE_NAME) {
        store_variable(c, g->t, g->t->name.slot, g->reg);
    } else if (list) {
        outer_take(c, n, g->t->index.base->name.slot);
        int pc = emit3(c, n, I_PLIST, g->reg, count, n->assign.targets.n == 1, g->aim.path, 0);
        operands(c, pc, g->t, g->t);
        outer_put(c, n, g->t->index.base->name.slot);
    } else if (g->t->kind == NODE_INDEX) {
        store(c, n, g->t, g->aim, g->reg);
    }
}

/* list: the target that takes several values, or -1; how many stands in register count */
static void write_goals(struct comp *c, const struct node *n, struct goal *g, int ng, int list, int count, int held,
                        bool print)
{
    bool mixed = false, same = false; /* a name is a variable of which a part is written too: all in the order given */
    int risks = 0;
    for (int i = 0; i < ng; i++) {
        const struct node *t = g[i].t;
        if (t->kind == NODE_NAME)
            mixed |= has_root(g, ng, t, NULL);
        else if (t->kind == NODE_INDEX) {
            same |= has_root(g, ng, t->index.base, &g[i]);
            risks++;
        }
    }
    struct block_in b;
    bool each = same || mixed || !risks;      /* shown as soon as it is written: what follows may change it, or not come */
    int hold = -1, jump;
    if (risks > 1 || mixed || (list >= 0 && ng > 1)) {         /* mixed: names are held as well */
        hold = hold_new(c, same || mixed);
        if (list >= 0) {
            c->code->hold[hold].list = g[list].reg;
            c->code->hold[hold].count = count;
        }
        emit(c, n, I_HOLD, held, 0, hold);
        b = (struct block_in){ .kind = BLOCK_UNWIND };
        b.id = ++c->handlers + 1;
        b.from = here(c);
        c->depth++;
    }
    for (int pass = 0; pass < 3; pass++) {    /* the list, whose values stand above all registers; places; names */
        for (int i = 0; i < ng && pass == 1 && risks; i++)
            if (i != list && g[i].t->kind != NODE_TILDE)
                emit3(c, g[i].t, I_NEED, g[i].reg, i + 1, 0, 0, 0);
        for (int i = 0; i < ng; i++) {
            const struct node *t = g[i].t;
            int its = i == list ? 0 : t->kind == NODE_NAME && !mixed ? 2 : 1;
            if (t->kind == NODE_TILDE || pass != its)
                continue;
            if (!risks)
                emit3(c, t, I_NEED, g[i].reg, i + 1, 0, 0, 0);
            write_goal(c, n, &g[i], i == list, count);
            if (hold >= 0 && its < 2) {
                int slot = t->kind == NODE_NAME ? t->name.slot : t->index.base->name.slot, pc = here(c) - 1;
                while (c->code->ins[pc].op == I_XPUT)
                    pc--;
                if (t->kind == NODE_INDEX && g[i].aim.kind == AIM_OBJECT)
                    pc = -1;
                hold_add(c, hold, (struct hold_target){ reg_of(c, slot), is_outer(c, slot) ? outer_of(c, slot) : -1, pc });
            }
            if (print && each)
                display_target(c, t);
        }
    }
    if (hold >= 0) {
        handler_add(c, &b, held + ng);
        c->depth--;
        emit(c, n, I_CLEAR, held, ng, 0);
        jump = emit(c, n, I_JMP, 0, 0, 0);
        set_target(c, &b, here(c));
        emit(c, n, I_UNDO, held, 0, hold);
        patch(c, jump, here(c));
    }
    for (int i = 0; print && !each && i < ng; i++)
        display_target(c, g[i].t);
}

static void assign_multi(struct comp *c, const struct node *n, bool print)
{
    const struct list *ts = &n->assign.targets;
    int top = c->top, list = -1, lists = 0, ng = ts->n, count = -1, total = -1, after = -1, held = temps(c, ng), base;
    struct goal *g = scratch((size_t)ng * sizeof *g);
    uint64_t ignored = 0;
    for (int i = 0; i < ng; i++) {
        if (target_list(ts->v[i])) {
            list = i;
            lists++;
        }
        if (ts->v[i]->kind == NODE_TILDE && i < 64)
            ignored |= (uint64_t)1 << i;
    }
    if (lists > 1)                            /* s.f of one struct each, as in [s.a, s.b] = f(): one value each is meant */
        list = -1;
    if (list >= 0) {
        after = temps(c, MAX(1, ng - list - 1));
        count = temps(c, 1);
        total = temps(c, 1);
    }
    for (int i = 0; i < ng; i++) {
        const struct node *t = ts->v[i];
        g[i] = (struct goal){ .t = t };
        if (i == list) {
            int slot = t->index.base->name.slot;
            g[i].aim = (struct aim){ .kind = AIM_PATH, .path = path_of(c, t, t->index.links.n) };
            outer_take(c, n, slot);
            emit(c, n, I_PCOUNT, count, 0, g[i].aim.path);
            outer_put(c, n, slot);
            emitk(c, n, I_ADDK, total, count, ng - 1);
        } else if (t->kind == NODE_INDEX) {
            g[i].aim = aim_at(c, t, true);
        }
    }
    if (list >= 0) {                          /* the results stand in a row; those behind the list go below it first */
        base = temps(c, list + 1);
        expr_multi(c, n->assign.value, base, ALL - 1, total, 0);
        for (int i = list + 1; i < ng; i++)
            emit3(c, n, I_PICK, after + i - list - 1, base + list, count, i - list - 1, 0);
        c->top = base + list + 1;
    } else {
        base = c->top;
        expr_multi(c, n->assign.value, base, ng, -1, ignored);
        c->top = base + ng;
        if (c->top > c->code->nreg)
            c->code->nreg = c->top;
    }
    for (int i = 0; i < ng; i++) {
        g[i].reg = list >= 0 && i > list ? after + i - list - 1 : base + i;
        if (g[i].t->kind == NODE_TILDE)
            emit(c, g[i].t, I_CLEAR, g[i].reg, 1, 0);
    }
    write_goals(c, n, g, ng, list, count, held, print);
    c->top = top;
}

int assign(struct comp *c, const struct node *n, bool statement, bool print)
{
    const struct node *t = n->assign.targets.v[0];
    if (n->flags & NODE_MULTI) {
        if (!statement)
            compile_fail(c, n, "[…] = … cannot stand inside an expression");
        assign_multi(c, n, print);
        return -1;
    }
    int r = t->kind == NODE_NAME ? assign_name(c, n, statement) : t->kind == NODE_INDEX ? assign_place(c, n, statement) : -1;
    if (r < 0 && t->kind == NODE_TILDE)
        compile_fail(c, n, "'~' stands for an output only in [~, x] = …");
    return r;
}

/* ---- the last value, as `ans` */
static void to_ans(struct comp *c, const struct node *n, int r, bool print)
{
    emit3(c, n, I_ANS, c->ans, r, print, 0, 0);
}

static bool inplace_statement(struct comp *c, const struct node *e)
{
    if (e->kind != NODE_INDEX || e->index.base->kind != NODE_NAME || !is_sure(c, e->index.base->name.slot) ||
        e->index.links.n < 2)
        return false;
    const struct node *l = e->index.links.v[e->index.links.n - 2];
    return l->kind == NODE_FIELD && is_inplace_method(code_sym(l->link.name));
}

static void command(struct comp *c, const struct node *n, bool print)
{
    int top = c->top, base = temps(c, MAX(1, n->command.args.n));
    struct site *s = site_new(c, n->command.name);
    if (n->command.args.n == 1 && ew_find(s->name, 1) >= 0) {   /* sin x: the word, where a variable is meant */
        const struct node *word = n->command.args.v[0];
        if (word->kind == NODE_STRING && scope_find(c->scope, word->string.text) >= 0)
            warn("tl:command", "%s %s is %s('%s'), a function of the letters\nhint: %s(%s) is the one of the variable",
                 n->command.name, word->string.text, n->command.name, word->string.text, n->command.name,
                 word->string.text);
    }
    s->nargs = (uint16_t)n->command.args.n;
    s->dest = base;
    s->statement = true;
    for (int i = 0; i < n->command.args.n; i++)
        expr(c, n->command.args.v[i], base + i);
    emits(c, n, I_CALL, base, 0, 0, s);
    to_ans(c, n, base, print);
    c->top = top;
}

static void expression(struct comp *c, const struct node *n)
{
    const struct node *e = n->unary.a, *s = strip(e);
    bool print = n->flags & NODE_PRINT;
    int top = c->top;
    if (e->kind == NODE_COMMAND) {
        command(c, e, print);
    } else if (e->kind == NODE_ASSIGN && print && (e->flags & NODE_INCDEC)) {
        to_ans(c, e, expr(c, e, -1), print);                   /* what x++ was, what ++x is */
    } else if (e->kind == NODE_ASSIGN) {
        assign(c, e, true, print);
        if (print && !(e->flags & NODE_MULTI))
            display_target(c, e->assign.targets.v[0]);
    } else if (s->kind == NODE_NAME) {
        int slot = s->name.slot, base = temps(c, 1);
        if (slot >= 0 && is_outer(c, slot)) {
            emit(c, s, I_XLOAD, base, 0, outer_of(c, slot));
            if (print)
                emits(c, s, I_DISPLAY, base, 0, 0, site_new(c, s->name.name));
            emit(c, s, I_CLEAR, base, 1, 0);
        } else {
            struct site *site = site_new(c, s->name.name);
            site->dest = base;
            site->statement = true;
            if (slot >= 0) {
                site->slot = reg_of(c, slot);
                emits(c, s, I_STMT, base, reg_of(c, slot), print, site);
            } else {
                emits(c, s, I_CALL, base, 0, 0, site);
            }
            to_ans(c, s, base, print);
        }
    } else {
        int r = expr_statement(c, e);
        if (inplace_statement(c, s)) {
            int has = emit(c, s, I_JHAVE, r, 0, 0);
            if (print)
                display_target(c, s);
            int done = emit(c, s, I_JMP, 0, 0, 0);
            patch(c, has, here(c));
            to_ans(c, s, r, print);
            patch(c, done, here(c));
        } else {
            to_ans(c, s, r, print);
        }
    }
    c->top = top;
}

/* ---- control flow */
static void patch_all(struct comp *c, int *jumps, int n, int target)
{
    for (int i = 0; i < n; i++)
        patch(c, jumps[i], target);
    free(jumps);
}

static void if_statement(struct comp *c, const struct node *n)
{
    int *done = NULL, ndone = 0;
    for (int i = 0; i < n->list.n; i++) {
        const struct node *k = n->list.v[i];
        int *no = NULL, nno = 0;
        if (i && k->clause.cond)
            mark_here(c, k->clause.cond->begin, MARK_LINE);
        if (k->clause.cond)
            condition(c, k->clause.cond, false, &no, &nno);
        block(c, k->clause.body);
        if (i + 1 < n->list.n)
            push_jump(&done, &ndone, emit(c, NULL, I_JMP, 0, 0, 0));
        patch_all(c, no, nno, here(c));
    }
    patch_all(c, done, ndone, here(c));
}

static void open_block(struct comp *c, struct block_in *b, int kind, int reg)
{
    *b = (struct block_in){ .kind = kind, .reg = reg, .up = c->block };
    c->block = b;
}

static void while_statement(struct comp *c, const struct node *n)
{
    struct block_in b;
    int *out = NULL, nout = 0, start = here(c);
    if (n->kind == NODE_WHILE)
        condition(c, n->loop.cond, false, &out, &nout);
    open_block(c, &b, BLOCK_LOOP, -1);
    block(c, n->loop.body);
    c->block = b.up;
    int again = n->kind == NODE_WHILE ? start : here(c);
    if (n->kind == NODE_UNTIL) {
        mark_here(c, n->loop.cond->begin, MARK_LINE);
        condition(c, n->loop.cond, true, &out, &nout);
    }
    patch(c, emit(c, n, I_LOOP, 0, 0, 0), start);
    patch_all(c, b.continues, b.ncontinue, again);
    patch_all(c, b.breaks, b.nbreak, here(c));
    patch_all(c, out, nout, here(c));
}

static void for_statement(struct comp *c, const struct node *n)
{
    struct block_in b;
    int top = c->top, state = temps(c, 3), jump;
    const struct node *t = n->loop.target, *over = strip(n->loop.cond);
    bool direct = t->kind == NODE_NAME && !is_outer(c, t->name.slot);
    int var = direct ? reg_of(c, t->name.slot) : temps(c, 1);
    if (over->kind == NODE_RANGE) {
        expr(c, over->range.a, state);
        if (over->range.step)
            expr(c, over->range.step, state + 1);
        else
            emitk(c, over, I_LOADK, state + 1, 0, 1);
        expr(c, over->range.b, state + 2);
        jump = emit(c, over, I_FORRANGE, state, var, 0);
        operands(c, jump, over->range.a, over->range.b);
    } else {
        expr(c, n->loop.cond, state);
        jump = emit(c, over, I_FORITER, state, var, 0);
    }
    open_block(c, &b, BLOCK_LOOP, state);
    int start = here(c);
    if (!direct) {
        if (t->kind == NODE_NAME)
            store_variable(c, t, t->name.slot, var);
        else
            assign_index(c, t, t, var);
    }
    block(c, n->loop.body);
    c->block = b.up;
    int again = emit(c, n, I_FORLOOP, state, var, 0);
    patch(c, again, start);
    patch_all(c, b.continues, b.ncontinue, again);
    if (b.nbreak) {
        int over_clear = emit(c, n, I_JMP, 0, 0, 0);
        patch_all(c, b.breaks, b.nbreak, here(c));
        emit(c, n, I_CLEAR, state, 1, 0);
        patch(c, over_clear, here(c));
    }
    patch(c, jump, here(c));
    c->top = top;
}

/* {…} of literals in one row: a case for each of them, so that no cell is made. */
static bool literals(const struct node *n)
{
    if (n->kind != NODE_CELL || n->list.n != 1 || n->list.v[0]->kind != NODE_ROW)
        return false;
    const struct node *row = n->list.v[0];
    for (int i = 0; i < row->list.n; i++)
        if (row->list.v[i]->kind != NODE_NUMBER && row->list.v[i]->kind != NODE_STRING)
            return false;
    return row->list.n > 0;
}

static void switch_statement(struct comp *c, const struct node *n)
{
    struct block_in b;
    int top = c->top, v = expr(c, n->select.value, temps(c, 1));
    int *done = NULL, ndone = 0;
    open_block(c, &b, BLOCK_SWITCH, v);
    for (int i = 0; i < n->select.cases.n; i++) {
        const struct node *k = n->select.cases.v[i];
        int next = -1;
        const struct node *cond = k->clause.cond;
        int *body = NULL, nbody = 0;
        if (cond) {
            bool many = literals(cond);
            for (int m = 0, count = many ? cond->list.v[0]->list.n : 1; m < count; m++) {
                const struct node *one = many ? cond->list.v[0]->list.v[m] : cond;
                if (m)
                    patch(c, next, here(c));
                int mark = c->top, r = expr(c, one, -1);
                next = emit(c, one, I_JCASE, v, r, 0);
                c->top = mark;
                if (m + 1 < count)
                    push_jump(&body, &nbody, emit(c, NULL, I_JMP, 0, 0, 0));
            }
        }
        patch_all(c, body, nbody, here(c));
        block(c, k->clause.body);
        push_jump(&done, &ndone, emit(c, NULL, I_JMP, 0, 0, 0));
        if (next >= 0)
            patch(c, next, here(c));
    }
    c->block = b.up;
    patch_all(c, done, ndone, here(c));
    emit(c, NULL, I_CLEAR, v, 1, 0);
    c->top = top;
}

/* handler ranges of block b get their target */
static void set_target(struct comp *c, struct block_in *b, int target)
{
    for (int i = 0; i < c->code->nhandler; i++)
        if (c->code->handler[i].target == -b->id)
            c->code->handler[i].target = target;
}

static void try_statement(struct comp *c, const struct node *n)
{
    struct block_in b;
    bool unwind = n->kind == NODE_UNWIND;
    int top = c->top;
    emit(c, n, I_TRY, 0, 0, 0);
    open_block(c, &b, unwind ? BLOCK_UNWIND : BLOCK_TRY, top);
    b.id = ++c->handlers + 1;                                  /* never 0 or 1: targets are pcs, these are negative */
    b.from = here(c);
    b.cleanup = n->try.handler;
    c->depth++;
    block(c, n->try.body);
    handler_add(c, &b, top);
    c->depth--;
    c->block = b.up;
    if (unwind) {
        block(c, n->try.handler);
        int done = emit(c, NULL, I_JMP, 0, 0, 0);
        set_target(c, &b, here(c));
        int e = temps(c, 1);
        emit(c, n, I_ERRVAL, e, 1, 0);
        block(c, n->try.handler);
        emit(c, n, I_RERAISE, e, 0, 0);
        patch(c, done, here(c));
    } else {
        int done = emit(c, NULL, I_JMP, 0, 0, 0);
        set_target(c, &b, here(c));
        int e = temps(c, 1);
        emit(c, n, I_ERRVAL, e, 0, 0);
        if (n->try.name)
            store_variable(c, n, n->try.name->name.slot, e);
        else
            emit(c, n, I_CLEAR, e, 1, 0);
        c->top = top;
        if (n->try.handler)
            block(c, n->try.handler);
        patch(c, done, here(c));
    }
    c->top = top;
}

/* One expression whose call passes on what is wanted; results from base, which is the top. */
void return_values(struct comp *c, const struct node *n, int base)
{
    const struct node *s = n;
    int reduce = -1, row = s->kind == NODE_INDEX ? call_row(c, s, &reduce) : -1;
    const struct builtin *b = row >= 0 || reduce >= 0 ? registry_find(s->index.base->name.name) : NULL;
    if (b && b->out == 1) {                   /* sqrt(…), sum(…) have one result: they stay in their tree, and fuse */
        temps(c, 1);
        expr(c, s, base);
        emit3(c, s, I_SPREAD, base, ALL, 0, 0, 0);
    } else {
        expr_multi(c, n, base, ALL, -1, 0);
    }
    c->top = base + 1;
}

static void return_statement(struct comp *c, const struct node *n)
{
    int top = c->top;
    if (!(n->flags & NODE_VALUES)) {
        leave(c, NULL, false);
        emit(c, n, c->code->script ? I_HALT : I_RET, c->code->nout ? c->code->out[0] : 0, 0, 0);
    } else {
        int base = c->top, count = n->list.n;
        c->code->returns = true;
        if (c->code->script)
            compile_fail(c, n, "a script has no results: 'return' with values belongs in a function");
        if (count == 1) {
            return_values(c, n->list.v[0], base);
            count = ALL;
        } else {
            temps(c, count);
            for (int i = 0; i < count; i++) {
                int t = c->top;
                expr_list(c, n->list.v[i], base + i);
                c->top = t;
            }
        }
        leave(c, NULL, false);
        emit(c, n, I_RETV, base, count, 0);
    }
    reopen(c, NULL);
    c->top = top;
}

static void jump_out(struct comp *c, const struct node *n)
{
    struct block_in *l = loop_around(c);
    if (!l)
        compile_fail(c, n, "'%s' must stand inside a loop", n->kind == NODE_BREAK ? "break" : "continue");
    leave(c, l, false);
    int pc = emit(c, n, I_JMP, 0, 0, 0);
    if (n->kind == NODE_BREAK)
        push_jump(&l->breaks, &l->nbreak, pc);
    else
        push_jump(&l->continues, &l->ncontinue, pc);
    reopen(c, l);
}

static void declaration(struct comp *c, const struct node *n)
{
    for (int i = 0; i < n->list.n; i++) {
        const struct node *d = n->list.v[i];
        int slot = d->named.slot, outer = outer_of(c, slot), kind = n->kind == NODE_PERSISTENT;
        if (kind && (var_flags(c, slot) & VAR_PARAM)) {             /* of a global the common value holds */
            char text[200];
            int len = snprintf(text, sizeof text, "can't make function parameter %.100s persistent", d->named.name);
            emit(c, d, I_FAIL, 0, 0, constant_text(c, text, (size_t)len));
        }
        emit3(c, d, I_BIND, reg_of(c, slot), kind, 0, outer, 0);
        if (d->named.value) {
            int top = c->top, jump = emit3(c, d, I_JINIT, outer, kind, 0, 0, 0);
            int r = expr(c, d->named.value, temps(c, 1));
            emit(c, d, I_XSTORE, r, 0, outer);
            patch(c, jump, here(c));
            c->top = top;
        }
        emit3(c, d, I_BIND, reg_of(c, slot), kind, 1, outer, 0);
    }
}

void statement(struct comp *c, const struct node *n)
{
    if (n->kind != NODE_BLOCK && n->kind != NODE_UNTIL && n->kind != NODE_TRY && n->kind != NODE_UNWIND &&
        n->kind != NODE_FUNCTION)
        mark_here(c, n->begin, MARK_LINE);
    switch (n->kind) {
    case NODE_EXPR: expression(c, n); break;
    case NODE_COMMAND: command(c, n, (n->flags & NODE_PRINT) != 0); break;
    case NODE_BLOCK: block(c, n); break;
    case NODE_IF: if_statement(c, n); break;
    case NODE_WHILE:
    case NODE_UNTIL: while_statement(c, n); break;
    case NODE_FOR: for_statement(c, n); break;
    case NODE_SWITCH: switch_statement(c, n); break;
    case NODE_TRY:
    case NODE_UNWIND: try_statement(c, n); break;
    case NODE_BREAK:
    case NODE_CONTINUE: jump_out(c, n); break;
    case NODE_RETURN: return_statement(c, n); break;
    case NODE_GLOBAL:
    case NODE_PERSISTENT: declaration(c, n); break;
    case NODE_FUNCTION: break;
    default: compile_fail(c, n, "%s is no statement", node_words[n->kind]);
    }
}

void block(struct comp *c, const struct node *n)
{
    if (!n)
        return;
    if (n->kind != NODE_BLOCK) {
        statement(c, n);
        return;
    }
    for (int i = 0; i < n->list.n; i++) {
        int top = c->top;
        statement(c, n->list.v[i]);
        c->top = top;
    }
}
