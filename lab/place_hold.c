/* SPDX-License-Identifier: BSD-3-Clause */
/* place_hold.c: what a write changes beyond the variable it stands in, held and put back: [m('a'), x(0)] = … leaves m
 * as it was.
 *
 * A copy of a variable is enough for all that are values.  Not so for what others look at: a window's elements, the
 * element or field of an object.  These are found by walking the path as the write will, and each is held as {where,
 * which, what it was}. What a write makes before it comes there (an object that another target of the same list stores)
 * is not known then. */
#include "aim.h"

static bool stays(value v)                    /* a place that others look at */
{
    return v.kind == K_WINDOW || (v.kind == K_TENSOR && v.t->h.pins);
}

value place_was(value v) { return copy(stays(v) ? clone(v) : v); }

struct walk { value v; int n; const struct step *step; struct cell *held; };

static void hold(struct cell *held, value where, value which, const value *was)
{
    struct cell *e = cell_2d(1, was ? 3 : 2);
    cell_set(e, 0, where);
    cell_set(e, 1, which);
    if (was)
        cell_set(e, 2, stays(*was) ? clone(*was) : *was);
    cell_reserve(held, held->numel + 1);
    value row = cell_value(e);
    cell_resize(held, 2, (i64[]){ 1, held->numel + 1 });
    cell_set(held, held->numel - 1, row);
}

struct reading { value self, v; const struct step *s; };
static void read_element(void *arg)
{
    struct reading *r = arg;
    r->v = index_paren(r->self, r->s->n, r->s->idx);
}

static bool serious(void) { return failure()->kind != FAIL_ERROR || !strcmp(failure()->id, "Octave:out-of-memory"); }

/* One step of the walk; false: the path ends here, or leads to what does not exist yet. */
static bool walk_step(struct walk *w, int *k)
{
    const struct step *s = &w->step[*k];
    i64 dim[MAX_DIMS];
    struct target g;
    value *list;
    switch (w->v.kind) {
    case K_WINDOW:
        if (s->kind == STEP_PAREN && *k + 1 == w->n)
            hold(w->held, w->v, nil(), &w->v);
        return false;
    case K_OBJECT: {
        const struct class *class = w->v.inst->class;
        if (s->kind == STEP_FIELD && class->get && class->set) {
            value v = class->get(w->v, s->name);
            if (is_nil(v))
                return false;
            hold(w->held, w->v, tensor_box(tensor_text(s->name->text, s->name->len)), &v);
            w->v = v;
            return true;
        }
        if (s->kind != STEP_PAREN || !class->paren_set || !class->paren_unset)
            return false;
        struct cell *key = cell_2d(1, s->n);
        for (int i = 0; i < s->n; i++)
            cell_set(key, i, s->idx[i]);
        struct reading r = { w->v, nil(), s };
        bool there = !protect(read_element, &r);
        if (!there && serious())
            fail_again();
        hold(w->held, w->v, cell_value(key), there ? &r.v : NULL);
        w->v = r.v;
        return there;
    }
    case K_STRUCT:
    case K_CELL:
        if (element_field(w->v, w->n - *k, s, &w->v)) {
            ++*k;
            return true;
        }
        if (s->kind == STEP_FIELD) {
            if (w->v.kind != K_STRUCT || w->v.rec->numel != 1 || record_find(w->v.rec, s->name) < 0)
                return false;
            index_field(w->v, s->name, &list);
        } else {
            if (w->v.kind != K_CELL || s->kind != STEP_BRACE)
                return false;
            aim(&g, value_dims(w->v, dim), dim, s->n, s->idx, 0, NULL);
            if (g.grows || g.numel != 1)
                return false;
            index_brace(w->v, s->n, s->idx, &list);
        }
        w->v = *list;
        return true;
    default:
        return false;
    }
}

static void walk(void *arg)
{
    struct walk *w = arg;
    for (int k = 0; k < w->n && walk_step(w, &k); k++)
        ;
}

value place_hold(value root, int nstep, const struct step *step)
{
    struct walk w = { root, nstep, step, cell_2d(1, 0) };
    if (protect(walk, &w) && serious())       /* another error is the write's own, which will say so */
        fail_again();
    return w.held->numel ? cell_value(w.held) : nil();
}

static void put_back(void *arg)
{
    const struct cell *e = arg;
    value where = e->v[0], which = e->v[1];
    if (where.kind == K_WINDOW)
        place_write(&where, tensor_of(e->v[2]));
    else if (which.kind != K_CELL)
        where.inst->class->set(where, symbol_n(which.t->data, (size_t)which.t->numel), e->v[2]);
    else if (e->numel == 3)
        where.inst->class->paren_set(where, (int)which.cell->numel, which.cell->v, e->v[2]);
    else
        where.inst->class->paren_unset(where, (int)which.cell->numel, which.cell->v);
}

void place_put_back(value held)
{
    for (i64 k = held.kind == K_CELL ? held.cell->numel : 0;
         k-- > 0;) /* each by itself, so that none keeps the others */
        for (int tries = 2; tries && protect(put_back, held.cell->v[k].cell); tries--)
            ;                                 /* what ended it (no memory, Ctrl-C) has given back what it took: once more */
}

void place_restore(value *slot, value was)
{
    if (stays(*slot) && was.kind == K_TENSOR && value_numel(*slot) == was.t->numel)
        place_write(slot, was.t);
    else if (slot->kind == K_CELL && was.kind == K_CELL && slot->o->pins && slot->cell->numel == was.cell->numel)
        for (i64 i = 0; i < was.cell->numel; i++)
            place_restore(&slot->cell->v[i], was.cell->v[i]);
    else if (slot->kind == K_STRUCT && was.kind == K_STRUCT && slot->o->pins && slot->rec->f == was.rec->f &&
             slot->rec->numel == was.rec->numel)
        for (i64 i = 0; i < was.rec->numel * was.rec->f->n; i++)
            place_restore(&slot->rec->v[i], was.rec->v[i]);
    else
        replace(slot, copy(was));
}
