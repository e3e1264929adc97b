/* SPDX-License-Identifier: BSD-3-Clause */
/* vm.c: the loop.
 *
 * Only what is done for numbers and elements stands here; everything else is a call into vm_slow.c or vm_call.c after
 * the frame's pc was saved, so that an error knows where it happened.  Code that pushes or pops a frame is followed by
 * RELOAD.  Numbers are written by W: the register's old value is dropped if it is counted, which is one predicted test
 * (measured 0-6 % on PERFORMANCE.md table A). */
#include "vm.h"
#include "lab/gpu.h"
#include "lab/index.h"
#include <math.h>

#define NUMBERS(a, b) likely(((a).tag | (b).tag) == 0)

static inline bool alone(struct tensor *t) { return t->h.owners == 1 && (!t->block || t->block->owners == 1); }

static inline bool set1_logical(value *slot, value i, value x)
{
    if (slot->kind != K_TENSOR || i.tag != 0 || x.kind != K_NUM || x.dtype != D_LOGICAL)
        return false;
    struct tensor *t = slot->t;
    double d = i.num;
    if (!(d >= 1 && d <= (double)t->numel) || (double)(i64)d != d || t->h.owners != 1 || t->dtype != D_LOGICAL ||
        !(t->flags & T_DENSE) || t->device || t->mark || (t->block && t->block->owners != 1))
        return false;
    t->version++;
    ((uint8_t *)t->data)[(i64)d - 1] = x.num != 0;
    return true;
}

static NORETURN void too_deep(void)
{
    if (vm->frame + 1 >= vm->frame_limit)
        fail("Octave:undefined-function",
             "max_recursion_depth exceeded: %d calls are in progress; max_recursion_depth(n) allows more\n"
             "hint: a function that calls itself needs a case in which it does not",
             vm->max_depth);
    fail("Octave:undefined-function", "out of stack space: this call needs more registers than are left");
}

/* A temporary's value moves to the pool: the instruction is its last use. */
static value take_temp(value *R, int reg, const struct code *code)
{
    value v = R[reg];
    if (reg >= code->nlocal) {
        if (is_counted(v)) {
            keep(v);
            R[reg].tag = 0;
        }
        return v;
    }
    return v.kind == K_NIL ? named_value(register_name(code, reg)) : v;
}

/* The back edge of a loop: a boundary for devices, and Ctrl-C. */
static __attribute__((cold, noinline)) void back_edge(void)
{
    if (device_busy)
        gpu_step();
    if (interrupt_flag)
        poll_slow();
}

static void run_loop(void)
{
    static const void *const jump[OPCODES] = {
#define OP(name, format, meaning) &&op_##name,
#include "opcodes.def"
    };
    struct machine *const m = vm;
    struct frame *fr;
    const struct ins *pc, *I;
    struct code *code;
    value *R, v;                              /* v: a result on its way */
#ifndef TL_NO_HOOKS
    struct ins broken;                        /* the instruction that BREAK stands for */
#endif

#define RELOAD (fr = m->frame, pc = fr->pc, code = fr->code, R = fr->base)
#define SAVE (fr->pc = pc)
#define NEXT do { I = pc++; goto *jump[I->op]; } while (0)
#define W(reg, x) do { double w_ = (x); value *r_ = &R[reg]; if (unlikely(r_->kind >= K_RANGE)) drop(*r_); r_->tag = 0; r_->num = w_; } while (0)
#define WB(reg, x) do { bool w_ = (x); value *r_ = &R[reg]; if (unlikely(r_->kind >= K_RANGE)) drop(*r_); *r_ = boolean(w_); } while (0)
#define SLOW(call) do { SAVE; call; NEXT; } while (0)
#define MISS do { SAVE; pc = arith_miss(I, R); NEXT; } while (0)
#define ENTER(call) do { SAVE; call; RELOAD; NEXT; } while (0)
#define FAR ((int32_t)(I->b | (uint32_t)I->c << 16))
#define POLL do { if (unlikely(interrupt_flag | device_busy)) { SAVE; back_edge(); } } while (0)

    RELOAD;
    NEXT;

    /* ---- moving */
op_MOVE: {
        value v = R[I->b];
        if (likely(v.kind == K_NUM)) {
            value *r = &R[I->a];
            if (unlikely(r->kind >= K_RANGE))
                drop(*r);
            *r = v;
            NEXT;
        }
        SAVE;
        if (v.kind == K_NIL)
            v = copy(named_value(register_name(code, I->b)));
        else
            v = copy(v);
        replace(&R[I->a], v);
        NEXT;
    }
op_TAKE: {
        value v = R[I->b];
        if (unlikely(v.kind == K_NIL)) {
            SAVE;
            fail("Octave:undefined-function", "value on the right hand side of the assignment not available: the call "
                                              "has no result");
        }
        R[I->b].tag = 0;
        value *r = &R[I->a];
        if (unlikely(r->kind >= K_RANGE))
            replace(r, v);
        else
            *r = v;
        NEXT;
    }
op_TAKENIL: {
        value v = R[I->b];
        R[I->b].tag = 0;
        replace(&R[I->a], v);
        NEXT;
    }
op_LOADK:
    W(I->a, I->k);
    NEXT;
op_LOADB:
    WB(I->a, I->b);
    NEXT;
op_LOADC: {
        value v = copy(code->k[I->d]);
        replace(&R[I->a], v);
        NEXT;
    }
op_CLEAR:
    for (int i = 0; i < I->b; i++) {
        value v = R[I->a + i];
        R[I->a + i] = nil();
        drop(v);
    }
    NEXT;
op_LOADNAME: {
        value v = R[I->b];
        if (likely(v.kind != K_NIL)) {
            SAVE;
            v = copy(v);
            replace(&R[I->a], v);
            NEXT;
        }
        ENTER(index_call(I->s, v, 0, NULL, &R[I->a]));
    }
op_NEED:
    if (unlikely(R[I->a].kind == K_NIL)) {
        SAVE;
        if (I->b == 1)
            fail("Octave:undefined-function", "value on the right hand side of the assignment not available: the call "
                                              "has no result");
        fail("Octave:undefined-function", "element number %d undefined in return list", I->b);
    }
    NEXT;
op_SPREAD:
    SLOW(spread_op(I, R));
op_XLOAD:
op_XSTORE:
op_XTAKE:
op_XPUT:
    SLOW(outer_op(I, R));

    /* ---- arithmetic */
#define ARITH(name, x)                                                                           \
    op_##name:                                                                                   \
    if (NUMBERS(R[I->b], R[I->c])) {                                                             \
        double b = R[I->b].num, c = R[I->c].num;                                                 \
        W(I->a, x);                                                                              \
        NEXT;                                                                                    \
    }                                                                                            \
    MISS;
#define ARITHK(name, x)                                                                          \
    op_##name:                                                                                   \
    if (likely(R[I->b].tag == 0)) {                                                              \
        double b = R[I->b].num, k = I->k;                                                        \
        W(I->a, x);                                                                              \
        NEXT;                                                                                    \
    }                                                                                            \
    MISS;
    ARITH(ADD, b + c)
    ARITH(SUB, b - c)
    ARITH(MUL, b * c)
    ARITH(DIV, b / c)
    ARITH(LDIV, c / b)
    ARITHK(ADDK, b + k)
    ARITHK(SUBK, b - k)
    ARITHK(MULK, b * k)
    ARITHK(DIVK, b / k)
    ARITHK(KSUB, k - b)
    ARITHK(KDIV, k / b)
op_POW:
    if (NUMBERS(R[I->b], R[I->c])) {
        bool ok = true;
        double x = ew_scalar2(EW_power, R[I->b].num, R[I->c].num, &ok);
        if (likely(ok)) {
            W(I->a, x);
            NEXT;
        }
    }
    MISS;
op_POWK:
    if (likely(R[I->b].tag == 0)) {
        double b = R[I->b].num;
        if (I->k == 2) {
            W(I->a, b * b);
            NEXT;
        }
        bool ok = true;
        double x = ew_scalar2(EW_power, b, I->k, &ok);
        if (likely(ok)) {
            W(I->a, x);
            NEXT;
        }
    }
    MISS;
op_NEG:
    if (likely(R[I->b].tag == 0)) {
        W(I->a, -R[I->b].num);
        NEXT;
    }
    MISS;
op_PLUS:
op_TRANS:
    if (likely(R[I->b].tag == 0)) {
        W(I->a, R[I->b].num);
        NEXT;
    }
    MISS;
op_NOT:
    if (likely(R[I->b].kind == K_NUM && (R[I->b].dtype == D_DOUBLE || R[I->b].dtype == D_LOGICAL) &&
               R[I->b].num == R[I->b].num)) {
        WB(I->a, R[I->b].num == 0);
        NEXT;
    }
    MISS;
#define COMPARE(name, op)                                                                        \
    op_##name:                                                                                   \
    if (NUMBERS(R[I->b], R[I->c])) {                                                             \
        WB(I->a, R[I->b].num op R[I->c].num);                                                    \
        NEXT;                                                                                    \
    }                                                                                            \
    MISS;
    COMPARE(LT, <)
    COMPARE(LE, <=)
    COMPARE(EQ, ==)
    COMPARE(NE, !=)
    COMPARE(GE, >=)
    COMPARE(GT, >)
#define PLAIN_TRUTH(v) ((v).kind == K_NUM && ((v).dtype == D_DOUBLE || (v).dtype == D_LOGICAL) && (v).num == (v).num)
op_AND:
    if (likely(PLAIN_TRUTH(R[I->b]) && PLAIN_TRUTH(R[I->c]))) {
        WB(I->a, R[I->b].num != 0 && R[I->c].num != 0);
        NEXT;
    }
    MISS;
op_OR:
    if (likely(PLAIN_TRUTH(R[I->b]) && PLAIN_TRUTH(R[I->c]))) {
        WB(I->a, R[I->b].num != 0 || R[I->c].num != 0);
        NEXT;
    }
    MISS;
op_EW1:
    if (likely(R[I->b].tag == 0)) {
        bool ok = true;
        double x = ew_scalar1(I->c, R[I->b].num, &ok);
        if (likely(ok)) {
            if (I->d)
                WB(I->a, x != 0);
            else
                W(I->a, x);
            NEXT;
        }
    }
    MISS;
op_EW2:
    if (NUMBERS(R[I->b], R[I->c])) {
        bool ok = true;
        double x = ew_scalar2(I->d, R[I->b].num, R[I->c].num, &ok);
        if (likely(ok)) {
            if (I->e)
                WB(I->a, x != 0);
            else
                W(I->a, x);
            NEXT;
        }
    }
    MISS;
op_TREE:
    MISS;

    /* ---- jumps */
op_JMP:
    pc += I->d;
    NEXT;
op_LOOP:
    POLL;
    pc += I->d;
    NEXT;
op_JF: {
        value *v = &R[I->a];
        if (likely(PLAIN_TRUTH(*v))) {
            if (v->num == 0)
                pc += I->d;
            NEXT;
        }
        SAVE;
        if (!truth(v, I->a))
            pc += I->d;
        NEXT;
    }
op_JT: {
        value *v = &R[I->a];
        if (likely(PLAIN_TRUTH(*v))) {
            if (v->num != 0)
                pc += I->d;
            NEXT;
        }
        SAVE;
        if (truth(v, I->a))
            pc += I->d;
        NEXT;
    }
#define BRANCH(name, op, on)                                                                     \
    op_##name:                                                                                   \
    if (NUMBERS(R[I->b], R[I->c])) {                                                             \
        if ((R[I->b].num op R[I->c].num) == on)                                                  \
            pc += I->d;                                                                          \
        NEXT;                                                                                    \
    }                                                                                            \
    MISS;
#define BRANCHK(name, op, on)                                                                    \
    op_##name:                                                                                   \
    if (likely(R[I->a].tag == 0)) {                                                              \
        if ((R[I->a].num op I->k) == on)                                                         \
            pc += FAR;                                                                           \
        NEXT;                                                                                    \
    }                                                                                            \
    MISS;
    BRANCH(JNLT, <, 0)
    BRANCH(JNLE, <=, 0)
    BRANCH(JNEQ, ==, 0)
    BRANCH(JNNE, !=, 0)
    BRANCH(JNGE, >=, 0)
    BRANCH(JNGT, >, 0)
    BRANCH(JLT, <, 1)
    BRANCH(JLE, <=, 1)
    BRANCH(JEQ, ==, 1)
    BRANCH(JNE, !=, 1)
    BRANCH(JGE, >=, 1)
    BRANCH(JGT, >, 1)
    BRANCHK(JNLTK, <, 0)
    BRANCHK(JNLEK, <=, 0)
    BRANCHK(JNEQK, ==, 0)
    BRANCHK(JNNEK, !=, 0)
    BRANCHK(JNGEK, >=, 0)
    BRANCHK(JNGTK, >, 0)
    BRANCHK(JLTK, <, 1)
    BRANCHK(JLEK, <=, 1)
    BRANCHK(JEQK, ==, 1)
    BRANCHK(JNEK, !=, 1)
    BRANCHK(JGEK, >=, 1)
    BRANCHK(JGTK, >, 1)
op_JCASE: {
        SAVE;
        bool yes = case_matches(R[I->a], R[I->b]);
        if (I->b >= code->nlocal)
            release(&R[I->b]);
        if (!yes)
            pc += I->d;
        NEXT;
    }
op_JHAVE:
    if (R[I->a].kind != K_NIL)
        pc += I->d;
    NEXT;
op_JOBJ:
    if (R[I->a].kind != K_OBJECT)
        pc += I->d;
    NEXT;
op_JFUNC:
    if (R[I->a].kind == K_NIL || R[I->a].kind == K_FUNC)
        pc += I->d;
    NEXT;

    /* ---- loops */
op_FORRANGE: {
        SAVE;
        value *s = &R[I->a];
        if (for_range(s)) {
            if (s->tag == 0)
                W(I->b, s->num);
            NEXT;
        }
        if (s->tag == 0) {
            int mark = pool_mark();
            i64 none[2] = { 1, 0 };
            replace(&R[I->b], copy(tensor_box(tensor_new(D_DOUBLE, 2, none))));
            pool_release(mark);
        }
        if (s->tag != 0 && for_next(s, &R[I->b]))
            NEXT;
        pc += I->d;
        NEXT;
    }
op_FORITER: {
        SAVE;
        value *s = &R[I->a];
        if (R[I->a].kind != K_NUM)
            for_empty(s[0], &R[I->b]);
        if (for_start(s)) {
            if (s->tag == 0) {
                W(I->b, s->num);
                NEXT;
            }
            if (for_next(s, &R[I->b]))
                NEXT;
        }
        pc += I->d;
        NEXT;
    }
op_FORLOOP: {
        value *s = &R[I->a];
        if (likely(s->tag == 0)) {
            if (likely(--s[2].i > 0)) {
                double x = s->num + s[1].num;
                s->num = x;
                W(I->b, x);
                POLL;
                pc += I->d;
            }
            NEXT;
        }
        POLL;
        SAVE;
        if (for_next(s, &R[I->b]))
            pc += I->d;
        NEXT;
    }

    /* ---- making values */
op_RANGE:
    SAVE;
    if (quick_slice(I, pc, R)) {
        pc++;
        NEXT;
    }
    range_op(I, R);
    NEXT;
op_CAT:
op_CELL:
    SLOW(cat_op(I, R));
op_APPEND:
    SLOW(append_op(I, R));
op_CLOSURE: {
        SAVE;
        int mark = pool_mark();
        value v = copy(function_closure(code->closure[I->d], R));
        pool_release(mark);
        replace(&R[I->a], v);
        NEXT;
    }
op_HANDLE: {
        SAVE;
        int mark = pool_mark();
        value v = copy(function_handle(I->s->name, code->unit));
        pool_release(mark);
        replace(&R[I->a], v);
        NEXT;
    }

    /* ---- indexing */
op_IDX1: {
        value v;
        double *p = element1(R[I->b], R[I->c]);
        if (likely(p != NULL)) {
            W(I->a, *p);
            NEXT;
        }
        if (likely(index_get1(R[I->b], R[I->c], &v))) {
            value *r = &R[I->a];
            if (unlikely(r->kind >= K_RANGE))
                drop(*r);
            *r = v;
            NEXT;
        }
        SAVE;
        if (R[I->b].kind == K_STRUCT && quick_element_field(I, pc, R)) {
            pc++;
            NEXT;
        }
        value x[1];
        int mark = pool_mark();
        x[0] = take_temp(R, I->c, code);
        index_call(I->s, R[I->b], 1, x, &R[I->a]);
        pool_release(mark);
        RELOAD;
        NEXT;
    }
op_IDX2: {
        double *p = element2(R[I->b], R[I->c], R[I->d]);
        if (likely(p != NULL)) {
            W(I->a, *p);
            NEXT;
        }
        SAVE;
        value x[2];
        int mark = pool_mark();
        x[0] = take_temp(R, I->c, code);
        x[1] = take_temp(R, I->d, code);
        index_call(code->site[I->e], R[I->b], 2, x, &R[I->a]);
        pool_release(mark);
        RELOAD;
        NEXT;
    }
op_BRACE1:
op_BRACE:
    SLOW(brace_op(I, R));
op_FIELD:
op_DYNFIELD:
    SLOW(field_op(I, R));
op_SETIX1: {
        double *p = element1(R[I->a], R[I->b]);
        if (likely(p && R[I->c].tag == 0 && alone(R[I->a].t))) {
            R[I->a].t->version++;
            *p = R[I->c].num;
            NEXT;
        }
    }
    if (likely(place_set1(&R[I->a], R[I->b], R[I->c])) || set1_logical(&R[I->a], R[I->b], R[I->c]))
        NEXT;
    SLOW(set_index(I, R));
op_SETIX2: {
        double *p = element2(R[I->a], R[I->b], R[I->c]);
        if (likely(p && R[I->d].tag == 0 && alone(R[I->a].t))) {
            R[I->a].t->version++;
            *p = R[I->d].num;
            NEXT;
        }
    }
    if (likely(place_set2(&R[I->a], R[I->b], R[I->c], R[I->d])))
        NEXT;
    SLOW(set_index(I, R));
op_PGET:
op_PSET:
op_PDEL:
op_PCOUNT:
op_PLIST:
    SLOW(place_op(I, R));
op_HOLD:
    SLOW(hold_op(I, R));
op_UNDO:
    SLOW(undo_op(I, R));
op_PICK: {
        value *from = &R[I->b + (int)R[I->c].num + I->d];
        value v = *from;
        from->tag = 0;
        replace(&R[I->a], v);
        NEXT;
    }
op_END:
    if (likely(R[I->b].kind == K_TENSOR && I->d == 1)) {
        W(I->a, (double)R[I->b].t->numel);
        NEXT;
    }
    SLOW(end_op(I, R));
op_PEND:
    SLOW(end_op(I, R));

    /* ---- calls */
op_CALL: {
        struct site *s = I->s;
        if (likely(s->fast && s->epoch == function_epoch)) {
            struct code *k = s->code;
            value *base = R + I->a;
            SAVE;
            if (unlikely(fr + 1 >= m->frame_limit || base + k->nreg > m->stack_end))
                too_deep();
            if (unlikely(interrupt_flag))
                poll_slow();
            value *r = base + s->nargs, *end = base + k->nlocal;
            while (r < end)
                *r++ = nil();
            value *dest = R + s->dest;
            fr++;
            fr->base = base;
            fr->dest = dest;
            fr->code = k;
            fr->self = NULL;
            fr->more = NULL;
            fr->nargin = s->nargs;
            fr->nargout = s->nargout;
            fr->bits = 0;
            m->frame = fr;
            R = base;
            code = k;
            pc = k->ins;
            NEXT;
        }
        ENTER(call_site_run(s, R + I->a));
    }
op_CALLV:
    ENTER(call_variable(I->s, R + I->a));
op_CALLT:
    ENTER(call_top(I->s, R + I->a));
op_METHOD:
    ENTER(call_method(I->s, R + I->a));
op_PMETHOD:
    ENTER(call_place_method(I->s, R + I->a));
op_RET:
    if (likely(fr->bits == 0 && !fr->more && code->nout && fr->nargout <= 1 && R[I->a].kind != K_NIL && code->simple)) {
        v = R[I->a];
quick_return:
        R[I->a].tag = 0;
        for (value *r = R, *end = R + code->nlocal; r < end; r++)
            if (unlikely(r->kind >= K_RANGE)) {
                value old = *r;
                r->tag = 0;
                drop(old);
            }
        value *dest = fr->dest;
        if (fr->self)
            drop(object_value(K_FUNC, fr->self));
        m->frame = --fr;
        pc = fr->pc;
        code = fr->code;
        R = fr->base;
        if (unlikely(v.kind >= K_RANGE && v.o->pins)) {
            keep(v);                                           /* a result is a copy: what its windows see stays theirs */
            int mark = pool_mark() - 1;
            v = copy(v);
            pool_release(mark);
        }
        value *r = dest;
        if (unlikely(r->kind >= K_RANGE))
            replace(r, v);
        else
            *r = v;
        if (unlikely(m->ncleanup))
            ENTER(cleanup_run());
        NEXT;
    }
    SAVE;
    {
        bool entry = fr->entry;
        return_outputs();
        if (entry)
            return;
    }
    RELOAD;
    NEXT;
op_RETV: {
    if (fr->bits == 0 && !fr->more && fr->nargout <= 1 && (I->b == 1 || I->b == ALL) && R[I->a].kind != K_NIL &&
        !(R[I->a].kind == K_CELL && R[I->a].a)) {
        v = R[I->a];
        goto quick_return;
    }
        SAVE;
        bool entry = fr->entry;
        return_list(R + I->a, I->b == ALL ? -1 : I->b);
        if (entry)
            return;
        RELOAD;
        NEXT;
    }
op_HALT:
    SAVE;
    {
        bool entry = fr->entry;
        return_list(NULL, 0);
        if (entry)
            return;
    }
    RELOAD;
    NEXT;
op_DEFAULT:
    if (R[I->a].kind != K_NIL)
        pc += I->d;
    NEXT;
op_NARGIN:
    W(I->a, fr->nargin);
    NEXT;
op_NARGOUT:
    W(I->a, fr->nargout);
    NEXT;

    /* ---- statements */
op_DISPLAY: {
        SAVE;
        value v = R[I->a];
        if (v.kind == K_NIL)
            fail_undefined(I->s->name);
        int mark = pool_mark();
        print_display(v, I->s->name->text);
        pool_release(mark);
        NEXT;
    }
op_ANS:
    if (R[I->b].kind == K_NIL)
        NEXT;
    SLOW(ans_op(I, R));
op_STMT: {
        value v = R[I->b];
        if (v.kind == K_NIL)
            ENTER(index_call(I->s, v, 0, NULL, &R[I->a]));
        R[I->a] = nil();
        if (I->c) {
            SAVE;
            int mark = pool_mark();
            print_display(v, I->s->name->text);
            pool_release(mark);
        }
        NEXT;
    }
op_TRY:
    NEXT;
op_ERRVAL: {
        SAVE;
        int mark = pool_mark();
        value v = copy(error_value());
        pool_release(mark);
        if (I->b) {                                            /* of unwind_protect: what kind of failure, for RERAISE */
            struct failure *f = failure();
            v.a = (uint16_t)(f->kind == FAIL_ERROR ? 0 : f->kind == FAIL_INTERRUPT ? 1 : f->kind == FAIL_EXIT ? 2 : 3);
            v.b = (uint32_t)f->status;
        }
        replace(&R[I->a], v);
        NEXT;
    }
op_RERAISE: {
        SAVE;
        value v = R[I->a];
        R[I->a].tag = 0;
        uint16_t kind = v.a;
        uint32_t status = v.b;
        v.a = 0;
        v.b = 0;
        keep(v);
        if (kind == 2)
            fail_exit((int)status);
        if (kind == 1)
            poll_slow();
        if (kind == 3)
            fail_quit();
        error_raise(v);
    }
op_BIND:
    SLOW(bind_op(I, R));
op_JINIT: {
        struct outer *o = &code->outer[I->a];
        if (o->persistent ? outer_place(fr, I->a)->kind != K_NIL : o->global->set)
            pc += I->d;
        NEXT;
    }
op_FAIL:
    SAVE;
    {
        size_t n = (size_t)code->k[I->d].t->numel;
        char *s = scratch(n + 1);
        memcpy(s, code->k[I->d].t->data, n);
        s[n] = 0;
        fail("Octave:undefined-function", "%s", s);
    }
op_BREAK:
#ifndef TL_NO_HOOKS
    SAVE;
    broken = *I;
    broken.op = breaks_hit();
    I = &broken;
    goto *jump[broken.op];
#endif
op_HINT:
    if (R[I->a].kind == K_WINDOW)
        SLOW(hint_op(I));
    NEXT;
}

/* ---- runs */
enum {
    MAX_RUNS = 1500
}; /* C recursion: a run, the builtin that called back and what lies between take less than 5 KiB */

static void run_body(void *arg)
{
    struct entering *e = arg;
    if (e->prepare) {
        void (*prepare)(struct entering *) = e->prepare;
        e->prepare = NULL;
        prepare(e);
        e->entry = vm->frame;
        vm->frame->entry = true;
    }
    run_loop();
}

/* Pushes a frame (prepare) and runs it until it returns.  On a failure everything is as before, but for failure(). */
void run_entry(struct entering *e)
{
    struct machine *m = vm;
    struct frame *before = m->frame;
    value *sp = m->sp, *top = frame_top(before) > sp ? frame_top(before) : sp;
    int runs = m->runs;
    if (runs >= MAX_RUNS)
        fail("Octave:undefined-function",
             "functions that call back (cellfun, arrayfun, …) are nested more than %d deep", MAX_RUNS);
    e->entry = NULL;
    m->runs = runs + 1;
    while (protect(run_body, e)) {
        m->runs = runs + 1;
        if (!land(before + 1, top)) {
            m->runs = runs;
            m->sp = sp;
            if (unlikely(m->ncleanup))
                cleanup_after_failure();
            fail_again();
        }
        m->sp = NULL;
        if (unlikely(m->ncleanup))
            cleanup_after_failure();
    }
    m->runs = runs;
    m->sp = sp;
}
