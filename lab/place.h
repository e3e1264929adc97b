/* SPDX-License-Identifier: BSD-3-Clause */
/* place.h: writing into places: x(i) = v, s.a{3}(2).b(:, end+1) = v, x(i) = [], and the methods that view or write a place.
 *
 * A place is a root (a variable's slot) and steps below it.  Everything here evaluates nothing: indices and right sides are
 * values already.  The place is walked once; what can fail (indices, sizes, classes, memory) fails before anything changes.
 * In messages \1 is the text of the place without its last step (`v` of v(1:2)), \2 that of the whole place (`v(1:2)`). */
#ifndef TL_PLACE_H
#define TL_PLACE_H
#include "index.h"

enum { STEP_PAREN, STEP_BRACE, STEP_FIELD };
struct step { int kind, n; const value *idx; sym name; };

value place_get(value *root, int nstep,
                const struct step *step); /* read without unsharing; borrowed or pooled; fails when there is nothing */
void place_assign(value *root, int nstep, const struct step *step, value rhs);       /* root may be NIL */
void place_delete(value *root, int nstep, const struct step *step);  /* = [] written as such; the last step is PAREN */
int place_count(value *root, int nstep, const struct step *step);    /* how many values [c{1:2}] or [s.f] takes */
void place_list_assign(value *root, int nstep, const struct step *step, int nrhs, const value *rhs);
void place_hint_opassign(value old, value new,
                         const char *op); /* before `p OP= x` stores: warns when p is a window that is being rebound */

/* What a write along the steps will change beyond the root's own value: windows' elements, elements and fields of
   objects.  A pooled cell that place_put_back takes, NIL when there is nothing.  Of the root's value itself: place_was
   (owned), and place_restore, which writes into what has windows instead of putting another in its place. */
value place_hold(value root, int nstep, const struct step *step);
void place_put_back(value held);
value place_was(value v);
void place_restore(value *slot, value was);

/* The slot of an existing place, its path (containers) made its own; NULL when it is none: an index of a tensor, a map's
   element, what an object does not let be viewed.  box[0..*nbox-1] are the containers passed, for pins; room for nstep. */
value *place_walk(value *root, int nstep, const struct step *step, value *box, int *nbox);
/* Gives t, which one owner holds, this size where it stands, zeros in what is new; spare room grows by halves.  False
   when that cannot be: windows, another shape inside.  Its elements must not be moved by the new size. */
bool place_grow(struct tensor *t, int nd, const i64 *dim);
bool place_grow_rows(struct tensor *t, i64 rows);         /* the same for more rows of a matrix: its columns are moved */
/* x(i,:) = v and x(:,j) = v, also one behind the last: x a matrix alone on its memory, v as long, or a number, of its class.
   False: not so, nothing done. */
bool place_line(value *slot, value i, value j, value rhs);
/* Writes r (its shape already right, or one element) into the slot's tensor or window: converts, keeps size and class. */
void place_write(value *slot, struct tensor *r);

/* ---- methods of tensors in places.  `is` tests by name only, so the machine can tell a method from a function. */
bool is_view_method(sym name);                /* select narrow t transpose view expand unfold diagonal storage … */
bool is_inplace_method(sym name);             /* fill_ add_ exp_ apply_ … */
value place_view(value *root, int nstep, const struct step *step, sym method, int nargin,
                 const value *arg); /* a window, pooled */
value view_method(
    value v, sym method, int nargin,
    const value *arg); /* of a computed value: a window on memory of its own (a window: on its base); pooled */
/* True when the method wrote.  The place stays where it is.  apply_ calls its function first, while nothing of the
   place is held: root must stay valid during that call (a frame's slot that may move: call views_apply, then
   place_inplace with copy_). */
bool place_inplace(value *root, int nstep, const struct step *step, sym method, int nargin, const value *arg);
value inplace_method(value v, sym method, int nargin,
                     const value *arg);       /* of a computed value or window; returns what it wrote, pooled */
value views_apply(value receiver, value f);   /* all results of f over the elements, same size and class; pooled */

/* ---- the common writes, inline: A(i) = x and A(i, j) = x, doubles, A alone on its memory; false: take the general way */
static inline double *place_element1(const value *slot, value i)
{
    if (unlikely(slot->kind != K_TENSOR || i.tag != 0))
        return NULL;
    struct tensor *t = slot->t;
    double x = i.num;
    if (unlikely(!(x >= 1 && x <= (double)t->numel)))
        return NULL;
    i64 k = (i64)x;
    if (unlikely((double)k != x || t->h.owners != 1 || t->dtype != D_DOUBLE || !(t->flags & T_DENSE) || t->mark ||
                 t->device || (t->block && t->block->owners != 1)))
        return NULL;
    t->version++;
    return (double *)t->data + (k - 1);
}
static inline double *place_element2(const value *slot, value i, value j)
{
    if (unlikely(slot->kind != K_TENSOR || (i.tag | j.tag) != 0))
        return NULL;
    struct tensor *t = slot->t;
    double x = i.num, y = j.num;
    if (unlikely(t->nd != 2 || !(x >= 1 && x <= (double)t->dim[0] && y >= 1 && y <= (double)t->dim[1])))
        return NULL;
    i64 k = (i64)x, l = (i64)y;
    if (unlikely((double)k != x || (double)l != y || t->h.owners != 1 || t->dtype != D_DOUBLE || t->mark || t->device ||
                 (t->block && t->block->owners != 1)))
        return NULL;
    t->version++;
    return (double *)t->data + (k - 1) * t->stride[0] + (l - 1) * t->stride[1];
}
static inline bool place_set1(value *slot, value i, value x)
{
    double *p = x.tag == 0 ? place_element1(slot, i) : NULL;
    if (unlikely(!p))
        return false;
    *p = x.num;
    return true;
}
static inline bool place_set2(value *slot, value i, value j, value x)
{
    double *p = x.tag == 0 ? place_element2(slot, i, j) : NULL;
    if (unlikely(!p))
        return false;
    *p = x.num;
    return true;
}

#endif
