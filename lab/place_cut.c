/* SPDX-License-Identifier: BSD-3-Clause */
/* place_cut.c: x(i) = [], and lists on the left: [c{1:2}] = …, [s.f] = ….
 *
 * A delete leaves the elements that stay where they are relative to each other: in cells and struct arrays they are
 * moved, not copied, so windows on them stay tied.  A list on the left is one write of a cell, or of a field of many
 * structs, so it too is done as a whole or not at all. */
#include "aim.h"
#include "call.h"
#include "tape.h"

/* ---- deleting */

NORETURN static void fail_delete(int k, int n, i64 i, i64 len, int nd, const i64 *dim)
{
    fail_bound(k, n, i, len, nd, dim);
}

/* Which elements stay: runs along one dimension.  Returns the dimension (-1: nothing goes) and the positions kept along it;
   for a linear index the thing is seen as the vector it becomes. */
static int cut(int nd, const i64 *dim, int n, const value *idx, int *out_nd, i64 *out, i64 *folded, const i64 **stay, i64 *nstay)
{
    struct ix x[MAX_DIMS];
    i64 len[MAX_DIMS];
    int d = -1;
    bool nothing = false;
    if (n < 1)
        fail("Octave:index-out-of-bounds", "\1(…) = []: an index is needed between the brackets; : takes every element");
    if (n > MAX_DIMS)
        fail("Octave:index-out-of-bounds", "\1: %d indices, but a tensor has at most %d dimensions", n, MAX_DIMS);
    fold_dims(nd, dim, n, len);
    for (int k = 0; k < n; k++) {
        index_parse(&x[k], idx[k], len[k], k, n);
        nothing = nothing || (x[k].n == 0 && !x[k].colon);
    }
    *out_nd = nd;
    memcpy(out, dim, sizeof(i64) * (size_t)nd);
    if (nothing)
        return -1;
    for (int k = 0; k < n; k++)
        if (x[k].extent > len[k])
            fail_delete(k, n, x[k].extent, len[k], nd, dim);
    if (n == 1 && x[0].colon) {
        out[0] = out[1] = 0, *out_nd = 2, *nstay = 0, *stay = NULL;
        memcpy(folded, len, sizeof(i64));
        return 0;
    }
    for (int pass = 0; pass < 2 && d < 0; pass++)              /* first the index that is no colon, then what selects less than all */
        for (int k = 0; k < n; k++) {
            if (pass == 0 ? x[k].colon : false)
                continue;
            bool all = true;
            for (int j = 0; j < n && all; j++) {
                if (j == k || x[j].colon)
                    continue;
                bool *seen = scratch((size_t)len[j] + 1);
                memset(seen, 0, (size_t)len[j] + 1);
                for (i64 i = 0; i < x[j].n; i++)
                    seen[ix_at(&x[j], i)] = true;
                for (i64 i = 0; i < len[j]; i++)
                    all = all && seen[i];
            }
            if (all) {
                d = k;
                break;
            }
        }
    if (d < 0)
        fail("Octave:undefined-function", "\2 = []: only one index may select less than all\nhint: \1(i, :) = [] deletes rows, \1(:, j) = [] columns");
    bool *gone = scratch((size_t)len[d] + 1);
    memset(gone, 0, (size_t)len[d] + 1);
    for (i64 i = 0; i < x[d].n; i++)
        gone[ix_at(&x[d], i)] = true;
    i64 *list = scratch((size_t)(len[d] + 1) * sizeof *list), m = 0;
    for (i64 i = 0; i < len[d]; i++)
        if (!gone[i])
            list[m++] = i;
    *stay = list, *nstay = m;
    if (n == 1) {
        bool column = nd == 2 && dim[1] == 1 && dim[0] != 1;
        out[0] = column ? m : 1, out[1] = column ? 1 : m, *out_nd = 2;
    } else {
        memcpy(out, len, sizeof(i64) * (size_t)n);
        out[d] = m;
        *out_nd = dims_trim(n, out);
    }
    memcpy(folded, len, sizeof(i64) * (size_t)n);
    return d;
}

static void keep_nest(struct nest *w, int n, const i64 *len, int d, const i64 *stay, i64 nstay)
{
    struct ix x[MAX_DIMS];
    i64 stride[MAX_DIMS];
    dense_strides(n, len, stride);
    for (int k = 0; k < n; k++)
        x[k] = (struct ix){.n = len[k], .step = 1};
    x[d].list = stay, x[d].n = nstay;
    nest_of(w, n, x, stride);
}

/* Moves the elements that stay to the front; those that go are handed to the pool, which drops them later. */
static void compact(value *v, i64 numel, int unit, const i64 *at, i64 nstay)
{
    i64 k = 0;
    for (i64 e = 0; e < numel; e++) {
        bool stays = k < nstay && at[k] == e;
        for (int u = 0; u < unit; u++) {
            if (stays)
                v[k * unit + u] = v[e * unit + u];
            else
                drop(v[e * unit + u]);
        }
        k += stays;
    }
}

/* New sizes of a container; more has room for them when they are more than four. */
static void dims_set(int *nd, i64 **dim, i64 *inline_dim, int out_nd, const i64 *out, i64 *more)
{
    if (*dim != inline_dim)
        memory_free(*dim, sizeof(i64) * (size_t)*nd);
    *dim = more ? more : inline_dim;
    *nd = out_nd;
    memcpy(*dim, out, sizeof(i64) * (size_t)out_nd);
}

static void delete_elements(value *slot, int n, const value *idx)
{
    i64 dim[MAX_DIMS], out[MAX_DIMS], len[MAX_DIMS], nstay = 0;
    const i64 *stay = NULL;
    struct nest w;
    char what[160];
    int out_nd;
    if (slot->kind == K_OBJECT && slot->inst->class->paren_set) {
        slot->inst->class->paren_set(*slot, n, idx, tensor_box(tensor_2d(D_DOUBLE, 0, 0)));
        return;
    }
    if (slot->kind == K_WINDOW)
        fail("Octave:index-out-of-bounds", "\2 = []: \1 is a window (%s), and nothing can be deleted from it; clone(\1) can", value_shape(*slot, what));
    if (!is_tensor_like(*slot) && slot->kind != K_CELL && slot->kind != K_STRUCT)
        fail("Octave:undefined-function", "\2 = []: a %s has no elements to delete", value_describe(*slot, what));
    int nd = value_dims(*slot, dim), d = cut(nd, dim, n, idx, &out_nd, out, len, &stay, &nstay);
    if (d < 0)
        return;
    if (n == 1 && nstay == 0)
        w.numel = 0, w.nd = 0, w.offset = 0;
    else
        keep_nest(&w, n, len, d, stay, nstay);
    if (slot->kind == K_CELL || slot->kind == K_STRUCT) {
        const i64 *at = nest_positions(&w);
        i64 *more = NULL;
        if (slot->kind == K_CELL) {
            struct cell *c = own_cell(slot);
            if (out_nd > 4)
                more = memory_get(sizeof(i64) * (size_t)out_nd);
            compact(c->v, c->numel, 1, at, w.numel);
            c->numel = w.numel;
            dims_set(&c->nd, &c->dim, c->inline_dim, out_nd, out, more);
        } else {
            struct record *r = own_record(slot);
            if (out_nd > 4)
                more = memory_get(sizeof(i64) * (size_t)out_nd);
            compact(r->v, r->numel, r->f->n, at, w.numel);
            r->numel = w.numel;
            dims_set(&r->nd, &r->dim, r->inline_dim, out_nd, out, more);
        }
        return;
    }
    if (unlikely(RECORDING && tracked(*slot))) {          /* what stays is read by its positions, and reading is on the tape */
        struct tensor *all = tensor_new(D_DOUBLE, nd, dim);
        for (i64 i = 0; i < all->numel; i++)
            ((double *)all->data)[i] = (double)(i + 1);
        struct tensor *at = tensor_new(D_DOUBLE, out_nd, out);
        nest_read(&w, at->data, all->data, sizeof(double));
        value left = tensor_box(at);
        replace(slot, copy(index_paren(*slot, 1, &left)));
        return;
    }
    struct tensor *t = tensor_of(*slot);
    if (slot->kind == K_TENSOR && t->h.owners == 1 && !t->h.pins && !t->mark && t->nd == 2 && out_nd == 2 && t->dim == t->inline_dim &&
        (t->flags & T_DENSE) && nstay && stay[nstay - 1] == nstay - 1 && (n == 1 ? t->dim[0] == 1 || t->dim[1] == 1 : d == 1) && w.numel > 1) {
        t->dim[0] = out[0], t->dim[1] = out[1];           /* the end goes: v(end) = [] costs nothing */
        dense_strides(2, t->dim, t->stride);
        t->numel = w.numel;
        t->version++;
        return;
    }
    struct tensor *from = tensor_dense(t), *u = tensor_new(t->dtype, out_nd, out);
    nest_read(&w, u->data, from->data, dtypes[t->dtype].size);
    u->flags |= t->flags & T_DQ;
    replace(slot, copy(tensor_value(u)));
}

void place_delete(value *root, int nstep, const struct step *step)
{
    if (nstep == 0 || step[nstep - 1].kind != STEP_PAREN) {
        place_assign(root, nstep, step, tensor_box(tensor_2d(D_DOUBLE, 0, 0)));
        return;
    }
    int mark = pool_mark(), nbox;
    value *box = scratch((size_t)nstep * sizeof *box);
    place_get(root, nstep - 1, step);         /* says what is missing before anything is unshared */
    value *slot = place_walk(root, nstep - 1, step, box, &nbox);
    if (!slot)
        fail("Octave:undefined-function", "\2 = []: \1 is no place whose elements could be deleted");
    delete_elements(slot, step[nstep - 1].n, step[nstep - 1].idx);
    pool_release(mark);
}

/* ---- lists on the left: [c{1:2}] = …, [s.f] = … */

/* The container that the last step works on, without unsharing; NIL when it does not exist. */
static value peek_parent(value *root, int nstep, const struct step *s)
{
    value v = *root, *list;
    for (int k = 0; k < nstep; k++) {
        if (element_field(v, nstep - k, s + k, &v)) {
            k++;
            continue;
        }
        if (v.kind == K_STRUCT && s[k].kind == STEP_FIELD) {
            if (record_find(v.rec, s[k].name) < 0)
                return nil();
            if (index_field(v, s[k].name, &list) != 1)
                return nil();
            v = *list;
        } else if ((v.kind == K_CELL && s[k].kind == STEP_BRACE) || ((v.kind == K_CELL || v.kind == K_STRUCT) && s[k].kind == STEP_PAREN)) {
            i64 dim[MAX_DIMS];
            struct target g;
            aim(&g, value_dims(v, dim), dim, s[k].n, s[k].idx, 0, NULL);
            if (g.grows || (s[k].kind == STEP_BRACE && g.numel != 1))
                return nil();
            if (s[k].kind == STEP_PAREN) {
                v = index_paren(v, s[k].n, s[k].idx);
            } else {
                index_brace(v, s[k].n, s[k].idx, &list);
                v = *list;
            }
        } else {
            return nil();
        }
    }
    return v;
}

static i64 aimed_count(value v, const struct step *s)
{
    i64 dim[MAX_DIMS] = {0, 0};
    int nd = v.kind != (s->kind == STEP_BRACE ? K_CELL : K_STRUCT) ? 2 : value_dims(v, dim);      /* what is blank becomes one */
    struct target g;
    aim(&g, nd, dim, s->n, s->idx, 0, NULL);
    return g.numel;
}

int place_count(value *root, int nstep, const struct step *step)
{
    int mark = pool_mark();
    i64 n = 1;
    const struct step *last = step + nstep - 1;
    if (nstep && last->kind == STEP_BRACE)
        n = aimed_count(peek_parent(root, nstep - 1, step), last);
    else if (nstep > 1 && last->kind == STEP_FIELD && last[-1].kind == STEP_PAREN) {
        value v = peek_parent(root, nstep - 2, step);
        if (v.kind != K_OBJECT && v.kind != K_FUNC)
            n = aimed_count(v, last - 1);
    } else if (nstep && last->kind == STEP_FIELD) {
        value v = peek_parent(root, nstep - 1, step);
        if (v.kind == K_STRUCT && v.rec->numel != 0)
            n = v.rec->numel;
    }
    pool_release(mark);
    if (n > INT32_MAX)
        fail("Octave:index-out-of-bounds", "\2 = …: a list of %lld values is too long", (long long)n);
    return (int)n;
}

void place_list_assign(value *root, int nstep, const struct step *step, int nrhs, const value *rhs)
{
    const struct step *last = step + nstep - 1;
    if (nstep == 0 || (last->kind == STEP_PAREN && nrhs == 1)) {
        place_assign(root, nstep, step, rhs[0]);
        return;
    }
    int mark = pool_mark(), want = place_count(root, nstep, step);
    if (want != nrhs)
        fail("Octave:nonconformant-args", "[\2] = …: %d places on the left, %d values on the right", want, nrhs);
    for (int i = 0; i < nrhs; i++)
        if (is_nil(rhs[i]))
            fail("Octave:undefined-function", "[\2] = …: value %d of the right side is missing", i + 1);
    if (last->kind == STEP_BRACE) {           /* the same as c(…) = {values} */
        struct step *copy_of = scratch((size_t)nstep * sizeof *copy_of);
        memcpy(copy_of, step, (size_t)nstep * sizeof *copy_of);
        copy_of[nstep - 1].kind = STEP_PAREN;
        value parent = peek_parent(root, nstep - 1, step);
        i64 dim[MAX_DIMS] = {0, 0}, l[MAX_DIMS];
        int nd = parent.kind != K_CELL ? 2 : value_dims(parent, dim);
        struct target g;
        if (!is_nil(parent) && parent.kind != K_CELL && !is_blank(parent))
            fail_step(parent, last, 1);
        aim(&g, nd, dim, last->n, last->idx, 0, NULL);
        for (int k = 0; k < g.n; k++)
            l[k] = g.x[k].n;
        struct cell *c = g.n == 1 ? cell_2d(1, nrhs) : cell_new(g.n, l);
        for (int i = 0; i < nrhs; i++)
            cell_set(c, i, rhs[i]);
        place_assign(root, nstep, copy_of, cell_value(c));
    } else if (want == 1) {
        place_assign(root, nstep, step, rhs[0]);
    } else {
        bool indexed = nstep > 1 && last[-1].kind == STEP_PAREN;
        int up = nstep - 1 - indexed, nbox, f;
        value *box = scratch((size_t)nstep * sizeof *box);
        value parent = peek_parent(root, up, step);
        if (parent.kind != K_STRUCT && is_blank(parent)) {   /* [s(1:2).a] = … where there is no s */
            i64 none[2] = {0, 0};
            struct target g;
            struct nest w;
            aim(&g, 2, none, last[-1].n, last[-1].idx, 0, NULL);
            dense_nest(&g, &w);
            const i64 *at = nest_positions(&w);
            struct record *r = record_new(g.nd, g.dim, 1, &last->name);
            for (int i = 0; i < nrhs; i++)
                record_put(r, at[i], 0, rhs[i]);
            place_assign(root, up, step, record_value(r));
            pool_release(mark);
            return;
        }
        value *slot = place_walk(root, up, step, box, &nbox);
        value *all = scratch((size_t)nrhs * sizeof *all);
        for (int i = 0; i < nrhs; i++)
            all[i] = keep(copy(rhs[i]));
        if (!slot || slot->kind != K_STRUCT)
            fail("Octave:undefined-function", "[\2] = …: not a struct array");
        struct record *r = slot->rec;
        struct target g = {.grows = false};
        const i64 *at = NULL;
        if (indexed) {
            struct nest w;
            aim(&g, r->nd, r->dim, last[-1].n, last[-1].idx, 0, NULL);
            dense_nest(&g, &w);
            at = nest_positions(&w);
        }
        r = record_extend(slot, g.grows, g.nd, g.dim, last->name, &f);
        for (int i = 0; i < nrhs; i++)
            record_put(r, at ? at[i] : i, f, all[i]);
    }
    pool_release(mark);
}

void place_hint_opassign(value old, value new, const char *op)
{
    if (old.kind == K_WINDOW && new.kind != K_WINDOW && (op[0] == '+' || op[0] == '-' || op[0] == '*' || op[0] == '/'))
        warn("tl:window-rebound", "\1 %s= … gives \1 new memory and leaves what it was a window on; \1.%s…) writes through it", op,
             op[0] == '+' ? "add_(" : op[0] == '-' ? "add_(-1, " : op[0] == '*' ? "mul_(" : "div_(");
}
