/* SPDX-License-Identifier: BSD-3-Clause */
/* place_cut.c: x(i) = [], and lists on the left: [c{1:2}] = …, [s.f] = ….
 *
 * A delete leaves the elements that stay where they are relative to each other: in cells and struct arrays they are
 * moved, not copied, so windows on them stay tied.  A list on the left is one write of a cell, or of a field of many
 * structs, so it too is done as a whole or not at all. */
#include "aim.h"
#include "call.h"
#include "gpu.h"
#include "sparse.h"
#include "tape.h"

/* ---- deleting */

NORETURN static void fail_delete(int k, int n, i64 i, i64 len, int nd, const i64 *dim)
{
    fail_bound(k, n, i, len, nd, dim);
}

/* What stays along the one dimension that is cut.  A range that goes leaves at most three parts, the elements before
   it, those between its steps and those behind it, and is never laid out; of anything else there is a byte for each
   position. */
struct stay {
    i64 len, n;                               /* positions there are, positions that stay */
    i64 first, step, count;                   /* those that go, ascending */
    const bool *gone;                         /* or these */
};

static void stay_of(struct stay *s, const struct ix *x, i64 len, bool bytes)
{
    *s = (struct stay){.len = len, .first = x->first, .step = x->step, .count = x->n};
    if (!x->list && x->step < 0)
        s->first = x->first + (x->n - 1) * x->step, s->step = -x->step;
    if (x->list || bytes) {
        bool *gone = scratch((size_t)len + 1);
        memset(gone, 0, (size_t)len + 1);
        s->count = 0;
        for (i64 i = 0; i < x->n; i++) {
            bool *at = &gone[ix_at(x, i)];
            s->count += !*at;
            *at = true;
        }
        s->gone = gone;
    }
    s->n = len - s->count;
}

/* Whether Octave sees a run in the only index: a range upwards, a number, a mask that is true up to its last (one that is
   true nearly nowhere becomes a list there). */
static bool run_of(const struct ix *x)
{
    i64 n = value_numel(x->from);
    return x->mask ? x->n == x->extent && x->n > n / 16 : n == 1 || (x->from.kind == K_RANGE && (x->n == 1 || x->step == 1));
}

/* The next run of positions that stay, from *at on; false: there is no more. */
static bool stay_next(const struct stay *s, i64 *at, i64 *n)
{
    i64 i = *at, end = s->len, last = s->first + (s->count - 1) * s->step;
    if (s->gone) {
        while (i < s->len && s->gone[i])
            i++;
        for (end = i; end < s->len && !s->gone[end];)
            end++;
    } else if (i <= last) {
        if (i >= s->first && (i - s->first) % s->step == 0)
            i = s->step == 1 ? last + 1 : i + 1;
        if (i <= last)
            end = i < s->first ? s->first : last - (last - i) / s->step * s->step;
    }
    *at = i, *n = end - i;
    return end > i;
}

enum { SHORT = 4096 }; /* below, bytes for positions are cheaper than reads of parts for each outer position */

/* Which elements go: returns the dimension that is cut and what stays along it, -1 when nothing goes; len: the sizes that the
   indices see, for a linear index that of the vector it becomes. */
static int cut(int nd, const i64 *dim, int n, const value *idx, int *out_nd, i64 *out, i64 *len, struct stay *stay)
{
    struct ix x[MAX_DIMS];
    bool nothing = false, whole[MAX_DIMS];
    int part = -1, parts = 0, first = -1;     /* a dimension of which less than all goes, and how many there are */
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
        out[0] = out[1] = 0, *out_nd = 2;
        *stay = (struct stay){.len = len[0], .step = 1, .count = len[0]};
        return 0;
    }
    for (int k = n - 1; k >= 0; k--) {
        struct stay s;
        whole[k] = x[k].colon || (x[k].list ? (stay_of(&s, &x[k], len[k], true), s.n == 0) : x[k].n == len[k]);
        if (!whole[k])
            part = k, parts++;
        if (!x[k].colon)
            first = k;
    }
    if (parts > 1)
        fail("Octave:undefined-function", "\2 = []: only one index may select less than all\nhint: \1(i, :) = [] "
                                          "deletes rows, \1(:, j) = [] columns");
    int d = parts ? part : first < 0 ? 0 : first;        /* all of it goes: along the first index that is no colon */
    stay_of(stay, &x[d], len[d], n > 1 && len[d] < SHORT);
    if (n == 1) {
        bool column = nd != 2 || dim[0] != 1;
        if (column && (nd != 2 || dim[1] != 1))
            column = !run_of(&x[0]);
        out[0] = column ? stay->n : 1, out[1] = column ? 1 : stay->n, *out_nd = 2;
    } else {
        memcpy(out, len, sizeof(i64) * (size_t)n);
        out[d] = stay->n;
        *out_nd = dims_trim(n, out);
    }
    return d;
}

/* Reads what stays of outer x len x inner elements into a dense run: the parts of a range one after the other, for all outer
   positions at once where that is one part. */
static void stay_read(const struct stay *s, i64 inner, i64 outer, char *to, const char *from, size_t size)
{
    struct ix x[4];                           /* inner; a part's own run and, between the steps, its repetitions; outer */
    i64 stride[4] = {1, inner, inner * s->step, inner * s->len};
    struct nest w;
    if (inner == 0 || outer == 0 || s->n == 0)
        return;
    i64 last = s->first + (s->count - 1) * s->step;
    struct { i64 first, n, times; } part[] = {
        {0, s->first, 1}, {s->first + 1, s->step - 1, s->count - 1}, {last + 1, s->len - 1 - last, 1},
    };
    int one = -1, parts = 0;
    for (int p = 0; p < 3; p++)
        if (part[p].n && part[p].times)
            one = p, parts++;
    x[0] = (struct ix){.n = inner, .step = 1};
    if (s->gone) {
        i64 *list = scratch((size_t)(s->n + 1) * sizeof *list), m = 0;
        for (i64 i = 0; i < s->len; i++) {    /* without a branch: a mask's order is nobody's guess */
            list[m] = i;
            m += !s->gone[i];
        }
        x[1] = (struct ix){.n = m, .list = list};
        x[2] = (struct ix){.n = 1};
        x[3] = (struct ix){.n = outer, .step = 1};
        nest_of(&w, 4, x, stride);
        nest_read(&w, to, from, size);
        return;
    }
    i64 times = parts > 1 ? outer : 1;
    for (i64 o = 0; o < times; o++)
        for (int p = parts > 1 ? 0 : one; p <= (parts > 1 ? 2 : one); p++) {
            if (!part[p].n || !part[p].times)
                continue;
            x[1] = (struct ix){.n = part[p].n, .first = part[p].first, .step = 1};
            x[2] = (struct ix){.n = part[p].times, .step = 1};
            x[3] = (struct ix){.n = parts > 1 ? 1 : outer, .first = o, .step = 1};
            nest_of(&w, 4, x, stride);
            nest_read(&w, to, from, size);
            to += (size_t)w.numel * size;
        }
}

/* Moves the elements that stay to the front; those that go are dropped.  A position of dimension d is `unit` values. */
static void compact(value *v, const struct stay *s, i64 outer, i64 unit)
{
    value *to = v;
    for (i64 o = 0; o < outer; o++, v += s->len * unit)
        for (i64 at = 0, from = 0, n; from < s->len; from = at += n) {
            if (!stay_next(s, &at, &n))
                at = s->len, n = 0;
            for (i64 i = from * unit; i < at * unit; i++)
                drop(v[i]);
            if (n * unit > 0)
                memmove(to, v + at * unit, sizeof *v * (size_t)(n * unit));
            to += n * unit;
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
    i64 dim[MAX_DIMS], out[MAX_DIMS], len[MAX_DIMS], inner = 1, outer = 1;
    struct stay stay;
    char what[160];
    int out_nd;
    if (slot->kind == K_OBJECT && slot->inst->class->paren_set) {
        slot->inst->class->paren_set(*slot, n, idx, tensor_box(tensor_2d(D_DOUBLE, 0, 0)));
        return;
    }
    if (slot->kind == K_WINDOW)
        fail("Octave:index-out-of-bounds",
             "\2 = []: \1 is a window (%s), and nothing can be deleted from it; clone(\1) can",
             value_shape(*slot, what));
    if (unlikely(context_head()->sparse != 0) && sparse_among(n, idx)) {
        value *full = scratch(sizeof *full * (size_t)n);
        for (int k = 0; k < n; k++)
            full[k] = sparse_mask_positions(idx[k]);
        idx = full;
    }
    if (unlikely(context_head()->boards != 0) && gpu_among(n, idx)) {
        value *home = scratch(sizeof *home * (size_t)n);
        for (int k = 0; k < n; k++)
            home[k] = gpu_read_value(idx[k], "an index");
        idx = home;
    }
    if (!is_tensor_like(*slot) && slot->kind != K_CELL && slot->kind != K_STRUCT && slot->kind != K_SPARSE)
        fail("Octave:undefined-function", "\2 = []: a %s has no elements to delete", value_describe(*slot, what));
    int nd = value_dims(*slot, dim), d = cut(nd, dim, n, idx, &out_nd, out, len, &stay);
    if (d < 0)
        return;
    for (int k = 0; k < n; k++)
        inner *= k < d ? len[k] : 1, outer *= k > d ? len[k] : 1;
    i64 left = inner * stay.n * outer;
    if (slot->kind == K_SPARSE) {
        struct sparse *s = sparse_see(*slot);
        i64 *list = scratch((size_t)(stay.n + 1) * sizeof *list), m = 0;
        if (n > 2)
            fail("Octave:index-out-of-bounds", "\2 = []: a sparse matrix has two dimensions");
        for (i64 at = 0, run; stay_next(&stay, &at, &run); at += run)
            for (i64 i = 0; i < run; i++)
                list[m++] = at + i;
        value v = n == 1 ? sparse_elements(s, list, out[0], out[1]) : d == 0 ? sparse_rows_cols(s, list, m, NULL, 0) :
                  sparse_rows_cols(s, NULL, 0, list, m);
        replace(slot, copy(v));
        return;
    }
    if (slot->kind == K_CELL || slot->kind == K_STRUCT) {
        i64 *more = NULL;
        if (slot->kind == K_CELL) {
            struct cell *c = own_cell(slot);
            if (out_nd > 4)
                more = memory_get(sizeof(i64) * (size_t)out_nd);
            compact(c->v, &stay, outer, inner);
            c->numel = left;
            dims_set(&c->nd, &c->dim, c->inline_dim, out_nd, out, more);
        } else {
            struct record *r = own_record(slot);
            if (out_nd > 4)
                more = memory_get(sizeof(i64) * (size_t)out_nd);
            compact(r->v, &stay, outer, inner * r->f->n);
            r->numel = left;
            dims_set(&r->nd, &r->dim, r->inline_dim, out_nd, out, more);
        }
        return;
    }
    if (unlikely((RECORDING && tracked(*slot)) ||
                 value_device(*slot))) { /* what stays is read by its positions, and reading is on the tape */
        struct tensor *all = tensor_new(D_DOUBLE, nd, dim);
        for (i64 i = 0; i < all->numel; i++)
            ((double *)all->data)[i] = (double)(i + 1);
        struct tensor *at = tensor_new(D_DOUBLE, out_nd, out);
        stay_read(&stay, inner, outer, at->data, all->data, sizeof(double));
        value left_at = tensor_box(at);
        replace(slot, copy(index_paren(*slot, 1, &left_at)));
        return;
    }
    struct tensor *t = tensor_of(*slot);
    i64 head = 0, run = 0;
    if (slot->kind == K_TENSOR && t->h.owners == 1 && !t->h.pins && !t->mark && t->nd == 2 && out_nd == 2 &&
        t->dim == t->inline_dim && (t->flags & T_DENSE) && left > 1 && !dtype_is(t->dtype, DT_C) &&
        (n == 1 ? t->dim[0] == 1 || t->dim[1] == 1 : d == 1) && stay_next(&stay, &head, &run) && head == 0 &&
        run == stay.n) {
        t->dim[0] = out[0], t->dim[1] = out[1];           /* the end goes: v(end) = [] costs nothing */
        dense_strides(2, t->dim, t->stride);
        t->numel = left;
        t->version++;
        return;
    }
    struct tensor *from = tensor_dense(t), *u = tensor_new(t->dtype, out_nd, out);
    stay_read(&stay, inner, outer, u->data, from->data, dtypes[t->dtype].size);
    u->flags |= t->flags & T_DQ;
    replace(slot, copy(tensor_value(tensor_narrow(u))));    /* what stays of complex numbers may be real */
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
        } else if ((v.kind == K_CELL && s[k].kind == STEP_BRACE) ||
                   ((v.kind == K_CELL || v.kind == K_STRUCT) && s[k].kind == STEP_PAREN)) {
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
    int nd =
        v.kind != (s->kind == STEP_BRACE ? K_CELL : K_STRUCT) ? 2 : value_dims(v, dim); /* what is blank becomes one */
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
        warn("tl:window-rebound",
             "\1 %s= … gives \1 new memory and leaves what it was a window on; \1.%s…) writes through it", op,
             op[0] == '+'   ? "add_("
             : op[0] == '-' ? "add_(-1, "
             : op[0] == '*' ? "mul_("
                            : "div_(");
}
