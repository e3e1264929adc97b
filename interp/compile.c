/* SPDX-License-Identifier: BSD-3-Clause */
/* compile.c: from the tree to code: units, functions, emission.
 *
 * A unit is compiled whole, at once, so the tree can go afterwards; nothing of it is kept but the counted source.
 * Registers: parameters arrive in 0, 1, …; when scope.c has put them elsewhere all slots are shifted up and the
 * prologue moves them. */
#include "compile.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

static void *grow(void *p, size_t bytes)
{
    void *q = realloc(p, bytes ? bytes : 1);
    if (!q)
        fail_memory(bytes);
    return q;
}
static void *zeroed(size_t bytes)
{
    void *q = calloc(1, bytes ? bytes : 1);
    if (!q)
        fail_memory(bytes);
    return q;
}
#define PUSH(array, n) ((n) % 8 ? 0 : ((array) = grow((array), ((size_t)(n) + 8) * sizeof *(array)), 0), (n)++)

sym code_sym(const char *name) { return name ? symbol_of(name) : NULL; }

/* ---- instructions */
static int emit_ins(struct comp *c, const struct node *n, struct ins i)
{
    struct code *k = c->code;
    if (k->n == k->room) {
        int room = k->room ? 2 * k->room : 32;
        k->ins = grow(k->ins, sizeof *k->ins * (size_t)room);
        k->where = grow(k->where, sizeof *k->where * (size_t)room);
        k->tree_at = grow(k->tree_at, sizeof *k->tree_at * (size_t)room);
        k->room = room;
    }
    k->ins[k->n] = i;
    k->where[k->n] = n ? (struct where){ .at = n->at, .begin = n->begin, .end = n->end } : (struct where){ 0 };
    k->tree_at[k->n] = -1;
    return k->n++;
}
int emit(struct comp *c, const struct node *n, int op, int a, int b, int d)
{
    return emit_ins(c, n, (struct ins){ .op = (uint16_t)op, .a = (uint16_t)a, .b = (uint16_t)b, .d = d });
}
int emit3(struct comp *c, const struct node *n, int op, int a, int b, int cc, int d, int e)
{
    return emit_ins(
        c, n,
        (struct ins){ .op = (uint16_t)op, .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)cc, .d = d, .e = e });
}
int emitk(struct comp *c, const struct node *n, int op, int a, int b, double k)
{
    return emit_ins(c, n, (struct ins){ .op = (uint16_t)op, .a = (uint16_t)a, .b = (uint16_t)b, .k = k });
}
int emits(struct comp *c, const struct node *n, int op, int a, int b, int cc, struct site *s)
{
    return emit_ins(c, n, (struct ins){ .op = (uint16_t)op, .a = (uint16_t)a, .b = (uint16_t)b, .c = (uint16_t)cc, .s = s });
}
void operands(struct comp *c, int pc, const struct node *a, const struct node *b)
{
    struct where *w = &c->code->where[pc];
    if (a) {
        w->b1 = a->begin;
        w->e1 = a->end;
    }
    if (b) {
        w->b2 = b->begin;
        w->e2 = b->end;
    }
}
static bool far_jump(int op) { return op >= I_JNLTK && op <= I_JGTK; }
void patch(struct comp *c, int pc, int target)
{
    struct ins *i = &c->code->ins[pc];
    int d = target - (pc + 1);
    if (far_jump(i->op)) {
        i->b = (uint16_t)d;
        i->c = (uint16_t)((uint32_t)d >> 16);
    } else {
        i->d = d;
    }
    int t = c->code->tree_at[pc];
    if (t >= 0 && c->code->tree[t]->dest < 0)
        c->code->tree[t]->target = target;
}

int temps(struct comp *c, int n)
{
    int r = c->top;
    c->top += n;
    if (c->top > MAX_REGISTERS)
        compile_fail(c, NULL, "this function needs more than %d values at once", MAX_REGISTERS);
    if (c->top > c->code->nreg)
        c->code->nreg = c->top;
    return r;
}

/* ---- tables of the code */
int constant(struct comp *c, value v)
{
    struct code *k = c->code;
    v = copy(v);
    PUSH(k->k, k->nk);
    k->k[k->nk - 1] = v;
    return k->nk - 1;
}
int constant_text(struct comp *c, const char *s, size_t len)
{
    i64 dim[2] = { len ? 1 : 0, (i64)len };
    int mark = pool_mark();
    struct tensor *t = tensor_new(D_CHAR, 2, dim);
    if (len)
        memcpy(t->data, s, len);
    int k = constant(c, tensor_value(t));
    pool_release(mark);
    return k;
}
struct site *site_new(struct comp *c, const char *name)
{
    struct code *k = c->code;
    struct site *s = zeroed(sizeof *s);
    s->slot = s->aux = -1;
    s->name = code_sym(name);
    PUSH(k->site, k->nsite);
    k->site[k->nsite - 1] = s;
    return s;
}
void mark_here(struct comp *c, uint32_t at, unsigned flags)
{
    struct code *k = c->code;
    if (!k->nmark || k->mark[k->nmark - 1].pc != k->n)         /* else the statement before is empty */
        PUSH(k->mark, k->nmark);
    k->mark[k->nmark - 1] = (struct mark){ .pc = k->n, .at = at, .flags = (uint8_t)flags };
}
/* All is emitted: the marks learn their instructions, and returns that begin no statement get theirs. */
static void marks_end(struct code *k)
{
    int extra = 0, n = k->nmark;
    while (n && k->mark[n - 1].pc >= k->n)
        n--;
    for (int pc = 0, m = 0; pc < k->n; pc++) {
        bool returns = k->ins[pc].op == I_RET || k->ins[pc].op == I_RETV || k->ins[pc].op == I_HALT;
        while (m < n && k->mark[m].pc < pc)
            m++;
        if (m < n && k->mark[m].pc == pc) {
            k->mark[m].op = k->ins[pc].op;
            k->mark[m].flags |= returns ? MARK_RETURN : 0;
        } else {
            extra += returns;
        }
    }
    struct mark *all = zeroed(sizeof *all * (size_t)(n + extra));
    uint32_t at = k->begin;
    for (int pc = 0, m = 0, to = 0; pc < k->n; pc++)
        if (m < n && k->mark[m].pc == pc) {
            at = k->mark[m].at;
            all[to++] = k->mark[m++];
        } else if (k->ins[pc].op == I_RET || k->ins[pc].op == I_RETV || k->ins[pc].op == I_HALT) {
            all[to++] = (struct mark){ .pc = pc, .at = at, .op = k->ins[pc].op, .flags = MARK_RETURN };
        }
    free(k->mark);
    k->mark = all;
    k->nmark = n + extra;
}
int path_new(struct comp *c, int root)
{
    struct code *k = c->code;
    PUSH(k->path, k->npath);
    k->path[k->npath - 1] = (struct path){ .root = root };
    return k->npath - 1;
}
int hold_new(struct comp *c, bool same)
{
    struct code *k = c->code;
    PUSH(k->hold, k->nhold);
    k->hold[k->nhold - 1] = (struct hold){ .same = same };
    return k->nhold - 1;
}
void hold_add(struct comp *c, int hold, struct hold_target t)
{
    struct hold *h = &c->code->hold[hold];
    PUSH(h->t, h->n);
    h->t[h->n - 1] = t;
}
struct path_step *path_step(struct comp *c, int path)
{
    struct path *p = &c->code->path[path];
    PUSH(p->step, p->n);
    p->step[p->n - 1] = (struct path_step){ 0 };
    return &p->step[p->n - 1];
}

static struct global *global_named(sym name)
{
    for (struct global *g = vm->globals; g; g = g->next)
        if (g->name == name)
            return g;
    struct global *g = zeroed(sizeof *g);
    *g = (struct global){ .name = name, .v = nil(), .next = vm->globals };
    return vm->globals = g;
}
int outer_of(struct comp *c, int slot)
{
    struct code *k = c->code;
    sym name = code_sym(c->scope->var[slot].name);
    for (int i = 0; i < k->nouter; i++)
        if (k->outer[i].name == name)
            return i;
    PUSH(k->outer, k->nouter);
    struct outer *o = &k->outer[k->nouter - 1];
    *o = (struct outer){ .name = name, .persistent = (var_flags(c, slot) & VAR_PERSISTENT) != 0, .index = -1 };
    if (o->persistent)
        o->index = k->npersist++;
    else
        o->global = global_named(name);
    return k->nouter - 1;
}

NORETURN void compile_fail(struct comp *c, const struct node *n, const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (n) {
        error_place_next(source_hold(c->unit->source), n->at);
        fail("Octave:undefined-function", "%s", text);
    }
    fail("Octave:undefined-function", "%s", text);
}

/* ---- functions */
static void find_ans(struct comp *c, struct scope *top)
{
    int slot = scope_find(c->scope, "ans");
    if (slot < 0 && top)
        slot = scope_add(top, "ans", 0);
    c->ans = slot;
}

static void prologue(struct comp *c)
{
    struct code *k = c->code;
    struct function *f = c->fn;
    if (k->shift)
        for (int i = 0; i < f->params; i++)
            if (f->param[i].name)
                emit(c, NULL, I_TAKENIL, reg_of(c, f->param[i].slot), i, 0);
    for (int i = 0; i < f->params; i++)
        if (f->param[i].init) {
            int r = k->param[i].reg;
            int jump = emit(c, f->param[i].init, I_DEFAULT, r, 0, 0);
            int top = c->top;
            expr(c, f->param[i].init, r);
            c->top = top;
            patch(c, jump, here(c));
        }
}

static void interface(struct comp *c)
{
    struct code *k = c->code;
    struct function *f = c->fn;
    bool straight = true;
    for (int i = 0; i < f->params; i++)
        straight = straight && f->param[i].name && f->param[i].slot == i;
    k->nslot = c->scope->n;
    k->shift = straight ? 0 : f->params;
    k->nlocal = k->nslot + k->shift;
    k->nparam = f->params;
    k->param = zeroed(sizeof *k->param * (size_t)f->params);
    k->varargin = f->varargin;
    k->varargout = f->varargout;
    k->simple = !f->varargin && !f->varargout;
    for (int i = 0; i < f->params; i++) {
        struct param *p = &f->param[i];
        k->param[i] = (struct param_info){ code_sym(p->name), p->name ? reg_of(c, p->slot) : i, p->init != NULL };
    }
    k->nout = f->outs;
    k->out = zeroed(sizeof *k->out * (size_t)f->outs);
    for (int i = 0; i < f->outs; i++)
        k->out[i] = reg_of(c, f->out[i].slot);
    k->ncapture = f->scope.captures;
    k->capture = zeroed(sizeof *k->capture * (size_t)k->ncapture);
    for (int i = 0; i < k->ncapture; i++)
        k->capture[i] =
            (struct capture){ c->up ? reg_of(c->up, f->scope.capture[i].from) : -1, reg_of(c, f->scope.capture[i].to) };
}

/* where `end` stands, or the last character of a function without one */
static uint32_t end_of(const struct function *f, const struct ast *a)
{
    const char *s = a->source->text;
    uint32_t at = f->end;
    while (at > f->begin && (at >= a->source->len || strchr(" \t\r\n;,", s[at]) || !s[at]))
        at--;
    while (at > f->begin && isalpha((unsigned char)s[at - 1]) && isalpha((unsigned char)s[at]))
        at--;
    return at;
}

struct code *compile_function(struct comp *up, struct unit *u, struct ast *a, struct function *f, struct scope *top,
                              unsigned flags)
{
    struct code *k = zeroed(sizeof *k);
    struct comp *c = &(struct comp){ .up = f->closure ? up : NULL, .unit = u, .code = k, .fn = f, .ast = a, .flags = flags };
    c->scope = f->script && top ? top : &f->scope;
    /* known to its owner at once, so that a failure frees it */
    if (f->closure) {
        PUSH(up->code->closure, up->code->nclosure);
        up->code->closure[up->code->nclosure - 1] = k;
    } else if (f->script) {
        u->main = k;
    } else {
        PUSH(u->function, u->functions);
        u->function[u->functions - 1] = k;
    }
    k->unit = u;
    k->name = code_sym(f->name);
    k->script = f->script;
    k->closure_body = f->closure;
    k->block = f->block;
    k->dynamic = f->scope.dynamic;
    k->library = (flags & COMPILE_LIBRARY) != 0;
    k->begin = f->begin;
    k->end = f->end;
    k->doc = f->doc ? strdup(f->doc) : NULL;
    find_ans(c, f->script ? top : NULL);
    interface(c);
    if (c->ans >= 0) {
        c->ans = reg_of(c, c->ans);
    } else {
        c->ans = k->nlocal++;
    }
    k->nreg = c->top = k->nlocal;
    prologue(c);
    if (f->closure && !f->block) {
        int base = c->top;
        mark_here(c, f->body->begin, MARK_LINE);
        return_values(c, f->body, base);
        emit(c, f->body, I_RETV, base, ALL, 0);
    } else {
        block(c, f->body);
        if (!f->script)
            mark_here(c, end_of(f, a), MARK_LINE | MARK_END);
        emit(c, NULL, f->script ? I_HALT : I_RET, k->nout ? k->out[0] : 0, 0, 0);
        if (!f->script)
            k->where[k->n - 1] = (struct where){ .at = f->begin, .begin = f->begin, .end = f->begin };
    }
    marks_end(k);
    k->ndrop = k->nlocal;
    k->slot_name = zeroed(sizeof *k->slot_name * (size_t)(k->nslot + 1));
    for (int i = 0; i < k->nslot; i++)
        k->slot_name[i] = code_sym(c->scope->var[i].name);
    if (!f->closure && k->npersist) {
        k->persist = zeroed(sizeof *k->persist * (size_t)k->npersist);
        for (int i = 0; i < k->npersist; i++)
            k->persist[i] = nil();
    }
    return k;
}

/* ---- units */
static void code_free(struct code *k)
{
    if (!k)
        return;
    for (int i = 0; i < k->nclosure; i++)
        code_free(k->closure[i]);
    for (int i = 0; i < k->ntree; i++) {
        plan_free(k->tree[i]->plan);
        free(k->tree[i]->where);
        free(k->tree[i]->leaf);
        free(k->tree[i]->temp);
        free(k->tree[i]);
    }
    for (int i = 0; i < k->nsite; i++) {
        free(k->site[i]->argname);
        free(k->site[i]);
    }
    for (int i = 0; i < k->npath; i++)
        free(k->path[i].step);
    for (int i = 0; i < k->nhold; i++)
        free(k->hold[i].t);
    for (int i = 0; i < k->nshape; i++)
        free(k->shape[i].cols);
    for (int i = 0; i < k->nk; i++)
        drop(k->k[i]);
    for (int i = 0; i < k->npersist && k->persist; i++)
        drop(k->persist[i]);
    void *piece[] = { k->ins,       k->where,   k->tree_at, k->tree,  k->site,    k->path,  k->hold,
                      k->shape,     k->k,       k->closure, k->outer, k->handler, k->param, k->out,
                      k->slot_name, k->capture, k->persist, k->text,  k->doc,     k->mark };
    for (int i = 0; i < COUNT(piece); i++)
        free(piece[i]);
    free(k);
}

static void unit_free(struct unit *u)
{
    if (u->after)
        u->after->before = u->before;
    if (u->before)
        u->before->after = u->after;
    else if (vm && vm->units == u)
        vm->units = u->after;
    code_free(u->main);
    for (int i = 0; i < u->functions; i++)
        code_free(u->function[i]);
    free(u->function);
    free(u->doc);
    source_free(u->source);
    free(u);
}

/* Persistent variables go: they may hold handles of the unit's own functions, which hold the unit. */
void unit_forget(struct unit *u)
{
    for (int i = 0; u && i < u->functions; i++)
        for (int j = 0; j < u->function[i]->npersist && u->function[i]->persist; j++) {
            value v = u->function[i]->persist[j];
            u->function[i]->persist[j] = nil();
            drop(v);
        }
}

struct unit *unit_hold(struct unit *u)
{
    u->refs++;
    return u;
}

/* The code may be running: it is freed when the machine is at rest. */
void unit_drop(struct unit *u)
{
    if (!u || --u->refs > 0)
        return;
    if (vm && vm->runs > 0) {
        u->next = vm->dead;
        vm->dead = u;
    } else {
        unit_free(u);
    }
}

struct compiling { struct ast *a; struct scope *top; unsigned flags; struct unit *u; };
static void compile_body(void *arg)
{
    struct compiling *x = arg;
    for (int i = 0; i < x->a->functions; i++)
        compile_function(NULL, x->u, x->a, x->a->function[i], NULL, x->flags);
    if (!(x->flags & COMPILE_FUNCTIONS) && (x->a->script || !x->a->functions))
        compile_function(NULL, x->u, x->a, x->a->main, x->top, x->flags);
}

struct unit *compile(struct ast *a, struct scope *top, unsigned flags)
{
    struct unit *u = zeroed(sizeof *u);
    u->refs = 1;
    u->shadows = vm->shadows;
    u->source = source_hold(a->source);
    u->script = a->script;
    u->library = (flags & COMPILE_LIBRARY) != 0;
    u->file = (flags & COMPILE_FILE) != 0 && !a->script;
    u->doc = a->doc ? strdup(a->doc) : NULL;
    struct compiling x = { a, top, flags, u };
    if (protect(compile_body, &x)) {
        unit_free(u);
        fail_again();
    }
    u->after = vm->units;
    if (u->after)
        u->after->before = u;
    vm->units = u;
    if (WATCHED)
        breaks_unit(u);
    return u;
}

struct mark *code_mark(const struct code *k, int pc)
{
    int lo = 0, hi = k->nmark;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (k->mark[mid].pc <= pc)
            lo = mid;
        else
            hi = mid;
    }
    return &k->mark[lo];
}

/* ---- listing */
static const struct { const char *name, *format; } opcode_info[OPCODES] = {
#define OP(name, format, meaning) { #name, format },
#include "opcodes.def"
};

void code_list(const struct code *k)
{
    outf("%s: %d registers, %d variables\n", k->name ? k->name->text : k->script ? "script" : "closure", k->nreg, k->nslot);
    for (int pc = 0; pc < k->n; pc++) {
        struct ins i = k->ins[pc];
        if (i.op == I_BREAK)
            i.op = code_mark(k, pc)->op;
        outf("%5d  %-9s", pc, opcode_info[i.op].name);
        for (const char *f = opcode_info[i.op].format; *f; f++)
            switch (*f) {
            case 'a': outf(" r%d", i.a); break;
            case 'b': outf(" r%d", i.b); break;
            case 'c': outf(" r%d", i.c); break;
            case 'B': outf(" %d", i.b); break;
            case 'C': outf(" %d", i.c); break;
            case 'd': outf(" %d", i.d); break;
            case 'e': outf(" %d", i.e); break;
            case 'D': outf(" r%d", i.d); break;
            case 'E': outf(" r%d", i.e); break;
            case 'k': outf(" %.17g", i.k); break;
            case 'j': outf(" ->%d", pc + 1 + i.d); break;
            case 'J': outf(" ->%d", pc + 1 + (int32_t)(i.b | (uint32_t)i.c << 16)); break;
            case 's':
                outf(" %s/%d", i.s->name ? i.s->name->text : "value", i.s->nargs);
                outf(i.s->nargout == ALL ? " wanted" : " %d", i.s->nargout);
                if (i.s->dest)
                    outf(" to r%d", i.s->dest);
                break;
            }
        if (k->tree_at[pc] >= 0)
            outf("   [plan %d]", k->tree_at[pc]);
        outf("\n");
    }
    for (int i = 0; i < k->nclosure; i++)
        code_list(k->closure[i]);
}
