/* SPDX-License-Identifier: BSD-3-Clause */
/* vm_hold.c: [a(i), b.x, c] = f(): all targets are written, or none.
 *
 * Right sides and indices are values before the first write, and names are stored last, so with one indexed target
 * nothing can go wrong in between.  With several, HOLD looks at those that come later: plain writes in place, which
 * cannot fail, cost nothing more.  Else it holds what the places were: a copy, which shares all memory until it is
 * written; of a window and of a tensor with windows the elements, since their place must stay what it is; and what lies
 * behind a handle or a window on the way (lab/place_hold.c).  An error or Ctrl-C in one of the writes lands at UNDO,
 * which puts them back and lets the failure go on. What an object of a call's result had (`net.get(1).weight = …`) is
 * not known before that call, and stays written. */
#include "vm.h"

static bool sure_step(value *slot, const struct step *s, value x)       /* one step, in place, no memory: cannot fail */
{
    if (s->kind == STEP_FIELD)
        return slot->kind == K_STRUCT && slot->o->owners == 1 && slot->o->pins == 0 && slot->rec->numel == 1 &&
               record_find(slot->rec, s->name) >= 0;
    if (s->kind == STEP_PAREN)
        return x.tag == 0 && (s->n == 1 ? place_element1(slot, s->idx[0]) != NULL
                                        : s->n == 2 && place_element2(slot, s->idx[0], s->idx[1]) != NULL);
    return slot->kind == K_CELL && slot->o->owners == 1 && slot->o->pins == 0 && s->n == 1 && s->idx[0].tag == 0 &&
           s->idx[0].num >= 1 && s->idx[0].num <= (double)slot->cell->numel &&
           s->idx[0].num == (double)(i64)s->idx[0].num;
}

static bool sure_write(const struct code *code, const struct hold_target *t, value *R, bool same)
{
    value idx[2], x;
    if (t->pc < 0)
        return false;
    const struct ins *i = &code->ins[t->pc];
    if (i->op == I_SETIX1 || i->op == I_SETIX2) {
        idx[0] = R[i->b];
        idx[1] = i->op == I_SETIX2 ? R[i->c] : nil();
        x = i->op == I_SETIX2 ? R[i->d] : R[i->c];
        return sure_step(&R[i->a], &(struct step){ .kind = STEP_PAREN, .n = i->op == I_SETIX2 ? 2 : 1, .idx = idx }, x);
    }
    if (i->op != I_PSET || t->outer >= 0)
        return false;
    const struct path *p = &code->path[i->d];
    x = R[i->a];
    if (p->n > 2 || (p->n == 2 && (same || p->step[0].kind != STEP_FIELD)) || (is_counted(x) && x.o->pins) ||
        x.kind == K_NIL || (x.kind == K_CELL && x.a == LIST))
        return false;
    value *slot = &R[p->root];
    for (int k = 0; k < p->n; k++) {
        const struct path_step *s = &p->step[k];
        struct step st = { .kind = s->kind, .n = s->n, .idx = s->reg >= 0 ? R + s->reg : NULL, .name = s->name };
        if (s->lists || (s->kind == STEP_FIELD && s->reg >= 0))
            return false;
        if (k + 1 == p->n)
            return sure_step(slot, &st, x);
        if (!sure_step(slot, &st, x))
            return false;
        slot = &slot->rec->v[record_find(slot->rec, s->name)];
    }
    return false;
}

static value *hold_root(struct frame *f, const struct hold_target *t)
{
    return t->outer >= 0 ? outer_place(f, t->outer) : &f->base[t->reg];
}

/* What the write of a target will change beyond its variable; pooled. */
static value behind(const struct code *code, const struct hold_target *t, value *R, value root)
{
    const struct ins *i = t->pc >= 0 ? &code->ins[t->pc] : NULL;
    if (!i || !is_counted(root) || root.kind == K_WINDOW || root.kind == K_TENSOR)
        return nil();
    if (i->op == I_SETIX1 || i->op == I_SETIX2) {
        value idx[2] = { R[i->b], R[i->c] };
        return place_hold(root, 1, &(struct step){ .kind = STEP_PAREN, .n = i->op == I_SETIX2 ? 2 : 1, .idx = idx });
    }
    if (i->op != I_PSET && i->op != I_PLIST)
        return nil();
    const struct path *p = &code->path[i->d];
    struct step st[p->n + 1];
    return place_hold(root, path_steps(p, R, st), st);
}

enum { HELD = 2 }; /* tag.a of a cell {what the variable was, what lies behind it} in a register of HOLD */

/* Behind the last write nothing can fail; behind a list there is still the question whether all others have values. */
static int holds(const struct hold *h) { return h->count ? h->n : h->n - 1; }

struct holding { const struct hold *h; value *reg, *R; };
static void hold_body(void *arg)
{
    struct holding *x = arg;
    const struct hold *h = x->h;
    int mark = pool_mark();
    bool sure = true;
    for (int k = h->same ? 0 : 1; k < h->n && sure; k++)
        sure = sure_write(vm->frame->code, &h->t[k], x->R, h->same);
    for (int k = 0; k < holds(h); k++) {
        value v = nil();
        if (!sure) {
            value root = *hold_root(vm->frame, &h->t[k]), more = behind(vm->frame->code, &h->t[k], x->R, root);
            struct cell *both = more.kind == K_NIL ? NULL : cell_2d(1, 2);
            v = root.kind == K_NIL ? colon() : place_was(root);
            if (both) {
                replace(&both->v[0], v);
                cell_set(both, 1, more);
                v = copy(cell_value(both));
                v.a = HELD;
            }
        }
        replace(&x->reg[k], v);
    }
    pool_release(mark);
}

void hold_op(const struct ins *i, value *R)
{
    const struct hold *h = &vm->frame->code->hold[i->d];
    struct holding x = { h, &R[i->a], R };
    if (!h->count) {
        hold_body(&x);
    } else if (protect(hold_body, &x)) {
        list_lose(&R[h->list], (int)R[h->count].num);
        fail_again();
    }
}

/* The values of a comma list, which may stand above the frame's registers where nothing counted may be left. */
void list_lose(value *from, int n)
{
    for (int k = 0; k < n; k++)
        release(&from[k]);
}

void undo_op(const struct ins *i, value *R)
{
    const struct hold *h = &vm->frame->code->hold[i->d];
    int mark = pool_mark();
    for (int k = holds(h); k-- > 0;) {
        value *root = hold_root(vm->frame, &h->t[k]), was = R[i->a + k];
        R[i->a + k] = nil();
        if (was.kind == K_NIL)
            continue;
        keep(was);
        if (was.kind == K_CELL && was.a == HELD) {
            place_put_back(was.cell->v[1]);
            was = was.cell->v[0];
        }
        if (was.kind == K_COLON)
            replace(root, nil());
        else
            place_restore(root, was);
    }
    pool_release(mark);
    fail_again();
}
