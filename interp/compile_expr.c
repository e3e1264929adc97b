/* SPDX-License-Identifier: BSD-3-Clause */
/* compile_expr.c: names, chains, literals, calls; operators are in compile_tree.c.
 *
 * A chain `a.b{2}(3)` goes link by link through a
 * temporary; only writing and methods that view or write need the place itself (path_of). */
#include "compile.h"
#include <ctype.h>
#include <stdlib.h>

const struct node *strip(const struct node *n)
{
    while (n->kind == NODE_PARENS)
        n = n->unary.a;
    return n;
}

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
static void args_to(struct comp *c, const struct list *l, int base, struct site *s, const struct node *link,
                    struct endbase *eb)
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

/* Can it be but a package?  A name without slot is never a variable; what is no function now may be a package by the time it
   is called, when addpath has run. */
static bool package_expected(struct comp *c, const struct node *b)
{
    for (int i = 0; i < c->ast->functions; i++)
        if (c->ast->function[i]->name == b->name.name)
            return false;
    struct callee f = b->name.slot < 0 ? resolve(code_sym(b->name.name), c->unit) : (struct callee){ 0 };
    return b->name.slot < 0 && !f.code && !f.builtin;
}

/* `pkg.name` at the head of a chain: number of links that are part of the name */
static int package_links(struct comp *c, const struct node *n)
{
    const struct node *b = n->index.base;
    if (b->kind != NODE_NAME || is_sure(c, b->name.slot) || link_at(n, 0)->kind != NODE_FIELD)
        return 0;
    return package_known(b->name.name, c->unit) || package_expected(c, b);
}

struct chain {
    struct comp *c;
    const struct node *n;
    int nargout;
    int want;
    bool statement;
    int count;
    uint64_t ignored;
    int lists;
};

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
static int link_dest(struct chain *x, bool last, int base)
{
    return last && x->want >= 0 && x->nargout <= 1 ? x->want : base;
}

/* a call by name; base is a fresh temporary */
static int chain_call(struct chain *x, const char *name, const struct node *paren, const struct node *where, bool last,
                      int base, int slot)
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

/* Is there an `end` that belongs to link?  Around an `end` calls of functions do not count: s.v(min(end, 3)). */
static void has_end_node(struct node *n, void *arg)
{
    const struct node **link = arg;
    const struct node *l = n->kind == NODE_END ? n->endof.link : NULL;
    while (l && l != *link && l->kind == NODE_PAREN && l->link.chain && l->link.chain->index.base->kind == NODE_NAME &&
           l->link.chain->index.base->name.slot < 0)
        l = l->link.outer;
    if (l && l == *link)
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
    if (has_end(link_at(n, i + 1)))
        return -1;                                             /* s.t(end): methods do not count, so t is a field */
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
    if (b->kind != NODE_NAME || is_sure(c, b->name.slot) || strcmp(b->name.name, "isshared") || !p ||
        p->kind != NODE_PAREN || p->link.args.n != 1)
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

/* All of a chain.  Returns the register of the (first) result. */
/* int64(9007199254740993): a literal beyond 2^53 is exact where a 64-bit class is asked for, as in Octave. */
static void exact_literal(const struct node *n)
{
    const struct node *f = n->index.base, *l = n->index.links.n ? n->index.links.v[0] : NULL;
    if (f->kind != NODE_NAME || f->name.slot >= 0 || !l || l->kind != NODE_PAREN || l->link.args.n != 1)
        return;
    bool whole = !strcmp(f->name.name, "int64");
    if (!whole && strcmp(f->name.name, "uint64"))
        return;
    struct node *x = l->link.args.v[0];
    bool minus = whole && x->kind == NODE_UNARY && x->op == OP_UMINUS;
    if (minus)
        x = x->unary.a;
    if (x->kind != NODE_NUMBER || x->number.cls || (x->flags & NODE_IMAG) ||
        !(x->number.value >= 9007199254740992.0 && x->number.value < 9223372036854775808.0 * (whole ? 1 : 2)))
        return;
    uint64_t bits = 0;
    for (const char *s = x->number.text; isdigit((unsigned char)*s) || *s == '_' || *s == '.' || *s == 'e' || *s == 'E';
         s++) {
        if (!isdigit((unsigned char)*s))
            return;
        bits = bits * 10 + (uint64_t)(*s - '0');
    }
    x->number.cls = whole ? -64 : 64;
    x->number.bits = bits;
}

static int chain(struct chain *x)
{
    struct comp *c = x->c;
    struct asked asked;
    if (asks_place(c, x->n, &asked))
        x->n = &asked.chain;
    const struct node *n = x->n, *b = n->index.base;
    exact_literal(n);
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
            if (args->n == 1 && !may_be_list(args->v[0]) && args->v[0]->kind != NODE_COLON &&
                args->v[0]->kind != NODE_NAMED) {
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
    if (n->flags & NODE_IMAG && n->number.value != 0) {      /* 0i is the number 0 */
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
int expr_any(struct comp *c, const struct node *n, int want, int lists)
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
        if ((n->flags & (NODE_INCDEC | NODE_PREFIX)) == NODE_INCDEC) {    /* k++ is what k was */
            r = want_or_temp(c, want);
            expr(c, n->assign.targets.v[0], r);
            assign(c, n, true, false);
            return r;
        }
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
        struct chain x = { .c = c,
                           .n = s,
                           .nargout = nargout,
                           .want = -1,
                           .count = countreg,
                           .ignored = ignored,
                           .lists = LISTS_WELCOME };
        c->top = base;
        int r = chain(&x);
        c->top = base;
        temps(c, nargout < ALL - 1 ? MAX(nargout, 1) : 1);
        if (r != base)
            emit(c, s, I_TAKENIL, base, r, 0);
        if (may_be_list(s) && !(links(s) == 1 && package_links(c, s)))
            emit3(c, s, I_SPREAD, base,
                  nargout < ALL - 1 ? nargout
                  : nargout == ALL  ? ALL
                                    : ALL - 1,
                  countreg < 0 ? 0 : countreg, 0, 0);
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
