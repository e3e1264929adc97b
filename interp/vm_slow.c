/* SPDX-License-Identifier: BSD-3-Clause */
/* vm_slow.c: what instructions do when it is not the plain case for numbers.
 *
 * Operands that are temporaries are given up here (release): an instruction is their last use.  No value in the pool
 * outlives an instruction. */
#include "vm.h"
#include "../lab/gpu.h"
#include "../lab/tape.h"
#include <math.h>
#include <stdlib.h>

void release(value *v)
{
    value old = *v;
    v->tag = 0;
    v->num = 0;
    drop(old);
}
static inline void release_temp(value *R, int reg)
{
    if (reg >= vm->frame->code->nlocal)
        release(&R[reg]);
}
static void put(value *slot, value pooled) { replace(slot, copy(pooled)); }

/* ---- trees */
static void unbind(struct frame *f)
{
    while (f->nbound) {
        value *r = &f->base[f->bound[--f->nbound]];
        value old = *r;
        *r = nil();
        drop(old);
    }
}

const struct ins *arith_miss(const struct ins *i, value *R)
{
    struct frame *f = vm->frame;
    struct code *c = f->code;
    value v;
    bool jump;
    if (quick_arith(i, R, &v, &jump)) {
        if (v.kind != K_NIL)
            replace(&R[i->a], v);
        else if (jump)
            return f->pc + (i->op >= I_JNLTK && i->op <= I_JGTK ? (int32_t)(i->b | (uint32_t)i->c << 16) : i->d);
        return f->pc;
    }
    struct tree *t = c->tree[c->tree_at[f->pc - c->ins - 1]];   /* i may be a copy: BREAK */
    int mark = pool_mark();
    for (int k = 0; k < t->nleaf; k++)
        if (R[t->leaf[k]].kind == K_NIL) {
            v = named_value(register_name(c, t->leaf[k]));
            if (f->nbound == COUNT(f->bound))
                fail_undefined(register_name(c, t->leaf[k]));
            put(&R[t->leaf[k]], v);
            f->bound[f->nbound++] = (uint16_t)t->leaf[k];
        }
    if (!quick_complex(t->plan, R, &v))
        v = plan_run(t->plan, R);
    if (f->nbound)
        unbind(f);
    for (int k = 0; k < t->ntemp; k++) {
        value *r = &R[t->temp[k]];
        if (r->kind >= K_RANGE)
            drop(*r);
        r->tag = 0;
    }
    if (t->dest >= 0) {
        if (unlikely(t->hint && R[t->dest].kind == K_WINDOW)) {
            if (is_counted(v)) {
                keep(v);
                v = copy(v);
            }
            place_hint_opassign(R[t->dest], v, t->hint);
        }
        replace(&R[t->dest], v);
        pool_release(mark);
        return c->ins + t->resume;
    }
    if (is_counted(v))
        keep(v);
    bool yes = value_true(v);
    pool_release(mark);
    return c->ins + (yes == t->jump_if ? t->target : t->resume);
}

bool truth(value *v, int reg)
{
    int mark = pool_mark();
    value x = *v;
    if (x.kind == K_NIL)
        x = named_value(register_name(vm->frame->code, reg));
    bool yes = value_true(x);
    if (reg >= vm->frame->code->nlocal)
        release(v);
    pool_release(mark);
    return yes;
}

/* ---- loops.  State s[0..2]: numbers: value, step, how many are left; else s[0] the thing, s[1].i next, s[2].i count. */
static bool whole(double x) { return x == rint(x) && fabs(x) < 9007199254740992.0; }

static bool for_range_value(value *s)                          /* s[0] is a range */
{
    struct range *r = s->range;
    if (r->n <= 0) {
        release(s);
        return false;
    }
    if (whole(r->base) && whole(r->inc)) {
        double base = r->base, inc = r->inc;
        i64 n = r->n;
        release(s);
        s[0] = num(base);
        s[1] = num(inc);
        s[2] = (value){ .tag = 0, .i = n };
        return true;
    }
    s[1] = (value){ .tag = 0, .i = 0 };
    s[2] = (value){ .tag = 0, .i = r->n };
    return true;
}

static value range_of(value a, value step, value b);

bool for_range(value *s)
{
    if ((s[0].tag | s[1].tag | s[2].tag) == 0) {
        double lo = s[0].num, inc = s[1].num, hi = s[2].num;
        if (isinf(hi) && isfinite(lo) && inc * hi > 0 && isfinite(inc)) {   /* for k = 1:Inf ends by a break */
            int mark = pool_mark();
            value r = range_new(lo, inc, lo);
            r.range->limit = hi, r.range->n = (i64)1 << 62;
            replace(s, copy(r));
            pool_release(mark);
            return for_range_value(s) && s->tag == 0;
        }
        if (whole(lo) && whole(inc) && fabs(hi) < 9007199254740992.0) {
            double n = inc == 0 ? 0 : floor((hi - lo) / inc) + 1;
            if (!(n > 0))
                return false;
            s[2].i = (i64)n;
            return true;
        }
    }
    int mark = pool_mark();
    value r = copy(range_of(s[0], s[1], s[2]));
    pool_release(mark);
    release(&s[1]);
    release(&s[2]);
    replace(s, r);
    if (!for_start(s))
        return false;
    return s->tag == 0;
}

/* A loop that does not run leaves its variable as what it did not run over. */
void for_empty(value over, value *var)
{
    if (is_counted(over) && over.kind <= K_STRUCT && value_numel(over) == 0)
        replace(var, copy(over));
}

bool for_start(value *s)
{
    value v = *s;
    switch (v.kind) {
    case K_NUM:
        if (v.tag == 0) {
            s[1] = num(1);
            s[2] = (value){ .tag = 0, .i = 1 };
            return true;
        }
        s[2] = (value){ .tag = 0, .i = 1 };
        break;
    case K_RANGE:
        return for_range_value(s);
    case K_WINDOW: {                                           /* the loop runs over what it holds now */
        int mark = pool_mark();
        put(s, RECORDING && tracked(v) ? tape_plain(v) : clone(v));
        pool_release(mark);
        return for_start(s);
    }
    case K_TENSOR:
    case K_SPARSE:
    case K_CELL: {
        i64 dim[MAX_DIMS];
        value_dims(v, dim);
        i64 n = value_numel(v);
        if (n == 0) {
            release(s);
            return false;
        }
        s[2] = (value){ .tag = 0, .i = n / dim[0] };
        break;
    }
    case K_STRUCT: {
        i64 dim[MAX_DIMS];
        value_dims(v, dim);
        s[2] = (value){ .tag = 0, .i = dim[0] ? value_numel(v) / dim[0] : 0 };
        if (s[2].i == 0) {
            release(s);
            return false;
        }
        break;
    }
    default:
        s[2] = (value){ .tag = 0, .i = 1 };
    }
    s[1] = (value){ .tag = 0, .i = 0 };
    return true;
}

bool for_next(value *s, value *var)
{
    i64 k = s[1].i;
    if (k >= s[2].i) {
        release(s);
        return false;
    }
    value v = *s;
    s[1].i++;
    if (v.kind == K_RANGE) {
        replace(var, num(range_at(v.range, k)));
        return true;
    }
    int mark = pool_mark();
    if (v.kind == K_TENSOR && v.t->nd == 2 && v.t->dim[0] == 1 && !v.t->device && !(RECORDING && tracked(v))) {
        put(var, element_value(v.t, k));
    } else if (v.kind == K_TENSOR || v.kind == K_SPARSE || v.kind == K_CELL || (v.kind == K_STRUCT && s[2].i > 1)) {
        value ix[2] = { colon(), num((double)(k + 1)) };
        put(var, index_paren(v, 2, ix));
    } else {
        put(var, v);
    }
    pool_release(mark);
    return true;
}

/* ---- ranges */
static value range_of(value a, value step, value b)
{
    if (unlikely(RECORDING != NULL) && (tracked(a) || tracked(step))) {   /* its numbers depend on a and step */
        extern const struct builtin builtin_colon;
        return call1(&builtin_colon, 3, a, step, b);
    }
    if (a.kind == K_NIL || step.kind == K_NIL || b.kind == K_NIL)
        fail("Octave:undefined-function", "a range needs three numbers, but one of its variables has no value");
    return range_between((value[]){ gpu_read_value(a, "a range"), gpu_read_value(step, "a range"),
                                    gpu_read_value(b, "a range") });
}
void range_op(const struct ins *i, value *R)
{
    int mark = pool_mark();
    value r[3] = { R[i->b], R[i->c], R[i->d] };
    for (int k = 0; k < 3; k++)
        if (r[k].kind == K_NIL)
            r[k] = named_value(register_name(vm->frame->code, k == 0 ? i->b : k == 1 ? i->c : i->d));
    value v = copy(range_of(r[0], r[1], r[2]));
    release_temp(R, i->b);
    release_temp(R, i->c);
    release_temp(R, i->d);
    replace(&R[i->a], v);
    pool_release(mark);
}

void hint_op(const struct ins *i)
{
    int mark = pool_mark();
    struct tensor *t = vm->frame->code->k[i->d].t;
    struct buf *b = buf_new();
    buf_add(b, t->data, (size_t)t->numel);
    warn("tl:window-of-itself", "%s", b->s);
    pool_release(mark);
}

/* ---- comma lists */
value list_value(int n, const value *v)                        /* owned; marked unless it is one value */
{
    if (n == 1)
        return copy(v[0]);
    int mark = pool_mark();
    struct cell *c = cell_2d(1, n);
    for (int i = 0; i < n; i++)
        cell_set(c, i, v[i]);
    value r = copy(cell_value(c));
    r.a = LIST;
    pool_release(mark);
    return r;
}
static bool is_list(value v) { return v.kind == K_CELL && v.a == LIST; }

/* n values with their lists laid out; borrowed, scratch.  *out is how many. */
static const value *flat(const value *v, int n, int *out)
{
    i64 total = 0;
    bool any = false;
    for (int i = 0; i < n; i++) {
        total += is_list(v[i]) ? v[i].cell->numel : 1;
        any = any || is_list(v[i]);
    }
    *out = (int)total;
    if (!any)
        return v;
    value *r = scratch((size_t)total * sizeof *r);
    int k = 0;
    for (int i = 0; i < n; i++)
        if (is_list(v[i]))
            for (i64 j = 0; j < v[i].cell->numel; j++)
                r[k++] = v[i].cell->v[j];
        else
            r[k++] = v[i];
    return r;
}

static void give_list(value *dest, int n, const value *list, int lists, const char *what)
{
    if ((lists & LISTS_WELCOME) || n == 1) {
        replace(dest, list_value(n, list));
    } else if (n == 0) {
        fail("Octave:index-out-of-bounds", "%s gives no value, but one is needed here", what);
    } else if (lists & LISTS_NONE) {
        fail("Octave:undefined-function",
             "%s gives %d values (a comma list), but an operator needs one\nhint: [s.a] is a row of all of them, "
             "s(1).a and c{1} are the first",
             what, n);
    } else {
        replace(dest, copy(list[0]));
    }
}

void spread_op(const struct ins *i, value *R)
{
    int n = i->b == ALL ? (int)MAX(1u, vm->frame->nargout) : i->b == ALL - 1 ? (int)R[i->c].num : i->b;
    value v = R[i->a];
    if (!is_list(v)) {
        for (int k = 1; k < n; k++)
            R[i->a + k] = nil();
        return;
    }
    R[i->a].tag = 0;
    keep((v.a = 0, v));
    int mark = pool_mark() - 1;
    for (int k = 0; k < n; k++)
        R[i->a + k] = k < v.cell->numel ? copy(v.cell->v[k]) : nil();
    pool_release(mark);
}

/* ---- literals */
void cat_op(const struct ins *i, value *R)
{
    struct shape *s = &vm->frame->code->shape[i->d];
    int total = 0, mark = pool_mark();
    for (int k = 0; k < s->rows; k++)
        total += s->cols[k];
    const value *v = R + i->b;
    int *cols = s->cols, rows = s->rows;
    value r;
    bool numbers = i->op == I_CAT && rows == 1;
    for (int k = 0; k < total && numbers; k++)
        numbers = v[k].tag == 0;
    if (numbers && total > 0) {
        i64 dim[2] = { 1, total };
        struct tensor *t = tensor_new(D_DOUBLE, 2, dim);
        for (int k = 0; k < total; k++)
            ((double *)t->data)[k] = v[k].num;
        r = tensor_value(t);
        replace(&R[i->a], copy(r));
        pool_release(mark);
        return;
    }
    if (s->lists) {
        cols = scratch(sizeof(int) * (size_t)(rows + 1));
        int at = 0;
        for (int k = 0; k < rows; k++) {
            flat(v + at, s->cols[k], &cols[k]);
            at += s->cols[k];
        }
        int n;
        v = flat(v, total, &n);
    }
    r = i->op == I_CAT ? cat_rows(rows, cols, v) : cell_rows(rows, cols, v);
    r = copy(r);
    for (int k = 0; k < total; k++)
        release(&R[i->b + k]);
    replace(&R[i->a], r);
    pool_release(mark);
}

void append_op(const struct ins *i, value *R)
{
    int mark = pool_mark(), n = i->c;
    value *slot = &R[i->a];
    if (slot->kind == K_NIL)
        put(slot, named_value(register_name(vm->frame->code, i->a)));
    if (!cat_append(slot, i->d, n, R + i->b)) {
        int one = n + 1, *ones = &one, rows = 1;
        value *v = scratch((size_t)(n + 1) * sizeof *v);
        v[0] = *slot;
        memcpy(v + 1, R + i->b, (size_t)n * sizeof *v);
        if (i->d != 1) {
            rows = i->d == 2 ? 2 : n + 1;
            ones = scratch(sizeof(int) * (size_t)rows);
            for (int k = 0; k < rows; k++)
                ones[k] = 1;
            if (i->d == 2)
                ones[1] = n;
        }
        put(slot, cat_rows(rows, ones, v));
    }
    for (int k = 0; k < n; k++)
        release(&R[i->b + k]);
    pool_release(mark);
}

/* ---- c{…}, s.name */
static value subject_of(value *R, int reg)
{
    value v = R[reg];
    if (v.kind == K_NIL)
        v = named_value(register_name(vm->frame->code, reg));
    if (is_list(v))
        fail("Octave:index out of bound; value N out of bound MAX", "a comma list cannot be indexed further: several "
                                                                    "values stand here");
    return v;
}

void brace_op(const struct ins *i, value *R)
{
    if (i->op == I_BRACE1 && quick_brace(i, R))
        return;
    int mark = pool_mark(), n;
    bool one = i->op == I_BRACE1;
    value base = subject_of(R, one ? i->b : i->e), *list;
    if (one) {
        value x = R[i->c];
        if (likely(base.kind == K_CELL && x.tag == 0 && x.num >= 1 && x.num <= (double)base.cell->numel &&
                   x.num == floor(x.num))) {
            value v = copy(base.cell->v[(i64)x.num - 1]);
            if (i->b != i->a)
                release_temp(R, i->b);
            replace(&R[i->a], v);
            pool_release(mark);
            return;
        }
        n = index_brace(base, 1, &x, &list);
    } else {
        int k;
        const value *x = flat(R + i->b, i->c, &k);
        n = index_brace(base, k, x, &list);
    }
    value *out = scratch((size_t)(n + 1) * sizeof *out);       /* the destination may be the subject */
    memcpy(out, list, (size_t)n * sizeof *out);
    value old = R[i->a];
    if (i->a >= vm->frame->code->nlocal && is_counted(old)) {
        keep(old);
        R[i->a].tag = 0;
    }
    give_list(&R[i->a], n, out, i->d, "the index");
    int subject = one ? i->b : i->e;
    if (subject != i->a)
        release_temp(R, subject);
    if (one) {
        if (i->c != i->a)
            release_temp(R, i->c);
    } else {
        for (int k = 0; k < i->c; k++)
            if (i->b + k != i->a)
                release(&R[i->b + k]);
    }
    pool_release(mark);
}

static sym text_sym(value v)
{
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR)
        fail("Octave:undefined-function", "dynamic structure field names must be strings, but this is a %s", class_of(v));
    struct tensor *t = tensor_of(v);
    char *s = scratch((size_t)t->numel + 1);
    gather(t, s);
    return symbol_n(s, (size_t)t->numel);
}

void field_op(const struct ins *i, value *R)
{
    if (quick_field(i, R))
        return;
    int mark = pool_mark(), n;
    value base = subject_of(R, i->b), *list;
    bool dynamic = i->op == I_DYNFIELD;
    sym name = dynamic ? text_sym(R[i->c]) : i->s->name;
    int welcome = dynamic ? i->d : i->c;
    if (base.kind == K_STRUCT && base.rec->numel == 1) {
        value v = record_get(base.rec, 0, name);
        if (likely(v.kind != K_NIL)) {
            v = copy(v);
            if (i->b != i->a)
                release_temp(R, i->b);
            if (dynamic && i->c != i->a)
                release_temp(R, i->c);
            replace(&R[i->a], v);
            pool_release(mark);
            return;
        }
    }
    if (base.kind != K_STRUCT && base.kind != K_OBJECT) {
        struct callee f = resolve(name, vm->frame->code->unit);
        if (f.code || f.builtin || is_view_method(name) || is_inplace_method(name)) {
            char what[160];
            fail("Octave:undefined-function", "\1.%s: \1 is a %s and has no field '%s'; \1.%s() calls the function",
                 name->text, value_describe(base, what), name->text, name->text);
        }
        const char *habit = habit_hint(name->text);
        if (habit) {
            char what[160];
            fail("Octave:undefined-function", "\1.%s: \1 is a %s and has no field '%s'\nhint: %s", name->text,
                 value_describe(base, what), name->text, habit);
        }
    }
    n = index_field(base, name, &list);
    value *out = scratch((size_t)(n + 1) * sizeof *out);
    memcpy(out, list, (size_t)n * sizeof *out);
    value old = R[i->a];
    if (i->a >= vm->frame->code->nlocal && is_counted(old)) {
        keep(old);
        R[i->a].tag = 0;
    }
    give_list(&R[i->a], n, out, welcome, "the field of a struct array");
    if (i->b != i->a)
        release_temp(R, i->b);
    if (dynamic && i->c != i->a)
        release_temp(R, i->c);
    pool_release(mark);
}

/* ---- writing */
void set_index(const struct ins *i, value *R)
{
    int mark = pool_mark();
    value idx[2] = { R[i->b], nil() }, *v;
    struct step st = { .kind = STEP_PAREN, .n = 1, .idx = idx };
    if (i->op == I_SETIX2) {
        idx[1] = R[i->c];
        st.n = 2;
        v = &R[i->d];
    } else {
        v = &R[i->c];
    }
    int vreg = (int)(v - R);
    value x = *v;
    for (int k = 0; k < st.n; k++)
        if (idx[k].kind == K_NIL)
            idx[k] = named_value(register_name(vm->frame->code, k ? i->c : i->b));
    if (x.kind == K_NIL)
        x = named_value(register_name(vm->frame->code, vreg));
    if (x.kind == K_CELL && x.a == LIST)
        x.a = 0;
    if (!(i->op == I_SETIX1 ? quick_push(&R[i->a], idx[0], x) : place_line(&R[i->a], idx[0], idx[1], x)))
        place_assign(&R[i->a], 1, &st, x);
    release_temp(R, vreg);
    release_temp(R, i->b);
    if (i->op == I_SETIX2)
        release_temp(R, i->c);
    pool_release(mark);
}

int path_steps(const struct path *p, value *R, struct step *st)
{
    for (int i = 0; i < p->n; i++) {
        const struct path_step *s = &p->step[i];
        st[i] = (struct step){ .kind = s->kind, .name = s->name };
        if (s->kind == STEP_FIELD) {
            if (s->reg >= 0)
                st[i].name = text_sym(R[s->reg]);
        } else {
            int n = s->n;
            st[i].idx = s->lists ? flat(R + s->reg, s->n, &n) : R + s->reg;
            st[i].n = n;
        }
    }
    return p->n;
}
static void path_release(const struct path *p, value *R)
{
    for (int i = 0; i < p->n; i++) {
        const struct path_step *s = &p->step[i];
        for (int k = 0; k < (s->kind == STEP_FIELD ? s->reg >= 0 : s->n); k++)
            release(&R[s->reg + k]);
    }
}

struct list_room { int n; value *v; };
static void list_room(void *arg)
{
    struct list_room *r = arg;
    r->v = scratch((size_t)r->n * sizeof *r->v);
}

void place_op(const struct ins *i, value *R)
{
    struct path *p = &vm->frame->code->path[i->d];
    if ((i->op == I_PSET && quick_set(i, R)) || (i->op == I_PGET && quick_get(i, R)) || (i->op == I_PDEL && quick_delete(i, R)))
        return;
    struct step st[p->n + 1];
    int mark = pool_mark(), n = path_steps(p, R, st);
    value *root = &R[p->root];
    switch (i->op) {
    case I_PGET:
        if (root->kind == K_NIL)
            fail_undefined(register_name(vm->frame->code, p->root));
        put(&R[i->a], place_get(root, n, st));
        pool_release(mark);
        return;
    case I_PSET: {
        value x = R[i->a];
        if (x.kind == K_NIL)
            x = named_value(register_name(vm->frame->code, i->a));
        if (x.kind == K_CELL && x.a == LIST)
            x = x.cell->numel ? x.cell->v[0] : nil();
        if (unlikely(root->kind == K_NIL) && st[0].kind == STEP_FIELD && p->root < vm->frame->code->nlocal &&
            package_renamed(register_name(vm->frame->code, p->root)->text))
            fail("Octave:undefined-function", "\2 = …: %s is a package; what Torch sets there is a function here: %s.%s(true)",
                 register_name(vm->frame->code, p->root)->text, register_name(vm->frame->code, p->root)->text, st[0].name->text);
        if (n != 1 || !quick_child(root, st, x))
            place_assign(root, n, st, x);
        release_temp(R, i->a);
        break;
    }
    case I_PDEL:
        place_delete(root, n, st);
        break;
    case I_PCOUNT:
        replace(&R[i->a], num(place_count(root, n, st)));
        pool_release(mark);
        return;
    case I_PLIST: {
        int count = (int)R[i->b].num;
        value one = num(1);
        if (i->c && count == 0 && n && st[n - 1].kind == STEP_BRACE && R[i->a].kind != K_NIL) {
            st[n - 1].n = 1;                   /* [c{1:0}] = f(): asked for nothing, f gave something, and c{1} takes it */
            st[n - 1].idx = &one;
            count = 1;
        }
        struct list_room room = { .n = count + 1 };
        if (protect(list_room, &room)) {
            list_lose(&R[i->a], count);
            fail_again();
        }
        value *v = room.v;
        for (int k = 0; k < count; k++) {
            v[k] = R[i->a + k];
            R[i->a + k].tag = 0;
            if (is_counted(v[k]))
                keep(v[k]);
        }
        for (int k = 0; k < count; k++)
            if (v[k].kind == K_NIL)
                fail("Octave:undefined-function", "element number %d undefined in return list", k + 1);
        place_list_assign(root, n, st, count, v);
        break;
    }
    }
    path_release(p, R);
    pool_release(mark);
}

struct peek { value *root; int n; struct step *st; value v; };
static void peek_body(void *arg)
{
    struct peek *p = arg;
    p->v = place_get(p->root, p->n, p->st);
    if (is_counted(p->v))
        p->v = copy(p->v);
}

void end_op(const struct ins *i, value *R)
{
    if (i->op == I_PEND && quick_end(i, R))
        return;
    int mark = pool_mark();
    i64 n;
    if (i->op == I_END) {
        value v = R[i->b];
        n = v.kind == K_NIL ? 0 : index_end(v, i->c, i->d);
    } else {
        struct path *p = &vm->frame->code->path[i->d];
        struct step st[p->n + 1];
        path_steps(p, R, st);
        struct peek k = { &R[p->root], i->e, st, nil() };
        if (k.root->kind == K_NIL) {
            n = 0;
        } else if (i->e == 0) {
            n = index_end(*k.root, i->b, i->c);
        } else if (protect(peek_body, &k)) {
            if (failure()->kind != FAIL_ERROR)
                fail_again();
            n = 0;                                             /* nothing is there yet */
        } else {
            if (is_counted(k.v))
                keep(k.v);
            n = index_end(k.v, i->b, i->c);
        }
    }
    pool_release(mark);
    replace(&R[i->a], num((double)n));
}

/* ---- switch, ans, outer variables */
static bool is_text(value v) { return is_tensor_like(v) && value_dtype(v) == D_CHAR; }
bool case_matches(value v, value k)
{
    if (k.kind == K_CELL) {
        descend("switch");
        for (i64 i = 0; i < k.cell->numel; i++)
            if (case_matches(v, k.cell->v[i]))
                return true;
        return false;
    }
    if (v.tag == 0 && k.tag == 0)
        return v.num == k.num;
    if (v.kind == K_TENSOR && k.kind == K_TENSOR && v.t->dtype == D_CHAR && k.t->dtype == D_CHAR && v.t->nd == 2 &&
        k.t->nd == 2 && v.t->dim[0] == 1 && k.t->dim[0] == 1 && v.t->flags & k.t->flags & T_DENSE && !v.t->device &&
        !k.t->device && v.t->numel && k.t->numel)              /* the usual rows of text */
        return v.t->numel == k.t->numel && !memcmp(v.t->data, k.t->data, (size_t)v.t->numel);
    if (v.kind == K_FUNC)                     /* a handle is no case, but may be otherwise */
        return false;
    if (!is_tensor_like(v))
        fail("Octave:undefined-function", "switch: the value must be a number or a text, but is a %s", class_of(v));
    if (!is_tensor_like(k))
        return false;
    int mark = pool_mark();
    bool yes;
    v = gpu_read_value(v, "switch");
    k = gpu_read_value(k, "switch");
    i64 nv = value_numel(v), nk = value_numel(k);
    if (nv == 0 && nk == 0)
        yes = true;
    else if (is_text(v) && is_text(k))
        yes = value_equal(v, k);
    else if (nv == 0 || nk == 0)
        yes = false;
    else if (nk == 1 && nv == 1)
        yes = element_double(tensor_of(v), 0) == element_double(tensor_of(k), 0);
    else
        yes = value_equal(v, k);
    pool_release(mark);
    return yes;
}

void ans_op(const struct ins *i, value *R)
{
    value v = R[i->b];
    R[i->b].tag = 0;
    int mark = pool_mark();
    if (is_list(v)) {
        v.a = 0;
        keep(v);
        for (i64 k = 0; k < v.cell->numel; k++) {
            replace(&R[i->a], copy(v.cell->v[k]));
            if (i->c)
                print_display(R[i->a], "ans");
        }
    } else {
        replace(&R[i->a], v);
        if (i->c)
            print_display(v, "ans");
    }
    pool_release(mark);
}

value *outer_place(struct frame *f, int d)
{
    struct outer *o = &f->code->outer[d];
    if (unlikely(outer_let_go(f, d)))
        for (int k = 0; k < f->code->nslot; k++)
            if (f->code->slot_name[k] == o->name)
                return &f->base[k + f->code->shift];
    if (!o->persistent)
        return &o->global->v;
    if (f->self)
        return &f->self->v[f->self->ncapture + o->index];
    return &f->code->persist[o->index];
}

void outer_op(const struct ins *i, value *R)
{
    struct frame *f = vm->frame;
    value *p = outer_place(f, i->d);
    switch (i->op) {
    case I_XLOAD: {
        int mark = pool_mark();
        value v = *p;
        if (v.kind == K_NIL && !i->b)
            v = named_value(f->code->outer[i->d].name);
        put(&R[i->a], v);
        pool_release(mark);
        break;
    }
    case I_XSTORE: {
        value v = R[i->a];
        if (v.kind == K_NIL)
            fail("Octave:undefined-function", "value on the right hand side of the assignment not available: the call "
                                              "has no result");
        R[i->a].tag = 0;
        replace(p, v);
        if (!f->code->outer[i->d].persistent && !outer_let_go(f, i->d))
            f->code->outer[i->d].global->set = true;
        break;
    }
    case I_XTAKE:
        replace(&R[i->a], *p);
        *p = nil();
        f->taken = (uint16_t)(i->a + 1);
        f->taken_from = i->d;
        break;
    case I_XPUT:
        *p = R[i->a];
        R[i->a] = nil();
        f->taken = 0;
        if (!f->code->outer[i->d].persistent && p->kind != K_NIL && !outer_let_go(f, i->d))
            f->code->outer[i->d].global->set = true;
        break;
    }
}

void bind_op(const struct ins *i, value *R)
{
    struct frame *f = vm->frame;
    struct outer *o = &f->code->outer[i->d];
    if (!o->persistent && (outer_let_go(f, i->d) || (f->more && f->more->guest)))
        frame_take_back(f, o->name);
    value *p = outer_place(f, i->d);
    if (R[i->a].kind != K_NIL) {                               /* the name had a value here before it was declared */
        if (p->kind == K_NIL) {
            *p = R[i->a];
            R[i->a] = nil();
            if (!o->persistent)
                o->global->set = true;
        } else {
            value old = R[i->a];
            R[i->a] = nil();
            drop(old);
        }
    }
    if (i->c && p->kind == K_NIL) {
        int mark = pool_mark();
        i64 none[2] = { 0, 0 };
        put(p, tensor_box(tensor_new(D_DOUBLE, 2, none)));
        pool_release(mark);
    }
    if (i->c && !o->persistent)
        o->global->set = true;
}
