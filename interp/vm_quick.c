/* SPDX-License-Identifier: BSD-3-Clause */
/* vm_quick.c: the frequent cases of instructions that are not about two doubles, without the pool.
 *
 * c{k}, s.name, s(k).name, x(2:5), c{end+1} = v, s.list(k) = v, q(1) = [], int32 scalars: each function looks whether it can
 * do all of its instruction with what lies there, and returns false, having changed nothing, when it cannot; then
 * vm_slow.c does it the general way, which also words the errors.  What has windows (pins), is tracked or lies on a device
 * is never for here. */
#include "vm.h"
#include "../lab/context.h"
#include "../lab/ew.h"
#include <complex.h>
#include <math.h>

static inline void release_temp(value *R, int reg)
{
    if (reg >= vm->frame->code->nlocal)
        release(&R[reg]);
}

/* ---- scalars of any class */
static bool plain(value v) { return v.kind == K_NUM && (v.dtype == D_DOUBLE || v.dtype == D_LOGICAL || v.dtype == D_CHAR); }
static bool comparable(value a, value b)      /* as doubles; a single with a double compares as single */
{
    return a.kind == K_NUM && b.kind == K_NUM && a.dtype != D_INT64 && a.dtype != D_UINT64 && b.dtype != D_INT64 &&
           b.dtype != D_UINT64 && (a.dtype == D_SINGLE) == (b.dtype == D_SINGLE);
}

/* Integers of up to 32 bits, with each other or with doubles: in double, rounded and saturated after; singles in single. */
static bool class_arith(int op, value x, value y, value *out)
{
    static const char kind_of[DTYPES] = { [D_DOUBLE] = 'd',  [D_LOGICAL] = 'd', [D_CHAR] = 'd',   [D_SINGLE] = 's',
                                          [D_INT8] = 'i',    [D_INT16] = 'i',   [D_INT32] = 'i',  [D_UINT8] = 'i',
                                          [D_UINT16] = 'i',  [D_UINT32] = 'i' };
    if (x.kind != K_NUM || y.kind != K_NUM)
        return false;
    char p = kind_of[x.dtype], q = kind_of[y.dtype];
    double b = x.num, c = y.num;
    if ((p == 'i' && (q == 'd' || x.dtype == y.dtype)) || (p == 'd' && q == 'i')) {
        int dt = p == 'i' ? x.dtype : y.dtype;
        double r = op == I_ADD ? b + c : op == I_SUB ? b - c : op == I_MUL ? b * c : op == I_DIV ? b / c : c / b;
        *out = num_of(dt, saturate(dt, r));
        return true;
    }
    if ((p == 's' && (q == 's' || q == 'd')) || (p == 'd' && q == 's')) {
        float f = (float)b, g = (float)c;
        *out = num_of(D_SINGLE, op == I_ADD ? f + g : op == I_SUB ? f - g : op == I_MUL ? f * g : op == I_DIV ? f / g : g / f);
        return true;
    }
    return false;
}

static bool complex_scalar(value v, double _Complex *z)
{
    if (v.tag == 0)
        *z = v.num;
    else if (v.kind == K_TENSOR && v.t->dtype == D_CDOUBLE && v.t->numel == 1 && v.t->nd == 2 && !v.t->device && !v.t->mark)
        *z = *(const double _Complex *)v.t->data;
    else
        return false;
    return true;
}

/* A whole tree on scalars of which some are complex: node by node, by the kernels of the rows, real again where nothing
   imaginary is left.  False: another tree, or other leaves. */
bool quick_complex(struct plan *p, const value *R, value *out)
{
    enum { MOST = 24 };
    const struct plan_node *node;
    double _Complex z[MOST];
    bool whole[MOST], any = false;            /* is it complex? */
    int n = plan_nodes(p, &node);
    if (n > MOST)
        return false;
    for (int k = 0; k < n; k++) {
        const struct plan_node *d = &node[k];
        if (d->kind == PN_LEAF || d->kind == PN_NUM) {
            value v = d->kind == PN_LEAF ? R[d->a] : d->num;
            if (!complex_scalar(v, &z[k]))
                return false;
            any |= whole[k] = v.tag != 0;
            continue;
        }
        int row = d->kind == PN_OP ? d->op : d->kind != PN_MATRIX ? -1 :
                  d->op == MX_MTIMES ? EW_times : d->op == MX_MRDIVIDE ? EW_rdivide : -1;
        double _Complex x = z[d->a], y = d->b >= 0 ? z[d->b] : 0;
        bool both = whole[d->a] || (d->b >= 0 && whole[d->b]);
        whole[k] = false;
        switch (row) {
        case EW_abs: z[k] = both ? cabs(x) : fabs(creal(x)); continue;
        case EW_real: z[k] = creal(x); continue;
        case EW_imag: z[k] = cimag(x); continue;
        case EW_lt: case EW_le: case EW_gt: case EW_ge: {
            double a = creal(x), b = creal(y);
            if (both || k != n - 1 || !any)
                return false;
            *out = boolean(row == EW_lt ? a < b : row == EW_le ? a <= b : row == EW_gt ? a > b : a >= b);
            return true;
        }
        case EW_plus: case EW_minus: case EW_times: case EW_rdivide: break;
        default: return false;
        }
        if (!both) {
            double a = creal(x), b = creal(y);
            z[k] = row == EW_plus ? a + b : row == EW_minus ? a - b : row == EW_times ? a * b : a / b;
            continue;
        }
        if (ew_plain[row][T_C - T_L][VV](&z[k], &x, &y, 1))
            return false;
        whole[k] = cimag(z[k]) != 0;
        if (!whole[k])
            z[k] = creal(z[k]);               /* not with an imaginary part of -0 */
    }
    if (!any)
        return false;
    if (!whole[n - 1]) {
        *out = num(creal(z[n - 1]));
        return true;
    }
    struct tensor *t = tensor_make(D_CDOUBLE, 2, (i64[]){ 1, 1 });
    *(double _Complex *)t->data = z[n - 1];
    *out = tensor_box(t);
    return true;
}

/* An operator on scalars whose classes need no plan; logical and char ones compute as doubles.  False: none of those;
   *out is its value, or NIL when it is a jump, taken if *jump. */
bool quick_arith(const struct ins *i, value *R, value *out, bool *jump)
{
    double b, c;
    *jump = false;
    switch (i->op) {
    case I_ADD: case I_SUB: case I_MUL: case I_DIV: case I_LDIV:
        if (!plain(R[i->b]) || !plain(R[i->c]))
            return class_arith(i->op, R[i->b], R[i->c], out);
        b = R[i->b].num;
        c = R[i->c].num;
        *out = num(i->op == I_ADD ? b + c : i->op == I_SUB ? b - c : i->op == I_MUL ? b * c : i->op == I_DIV ? b / c : c / b);
        return true;
    case I_ADDK: case I_SUBK: case I_MULK: case I_DIVK: case I_KSUB: case I_KDIV:
        if (!plain(R[i->b])) {
            static const int plainly[] = { [I_ADDK] = I_ADD, [I_SUBK] = I_SUB, [I_MULK] = I_MUL, [I_DIVK] = I_DIV,
                                           [I_KSUB] = I_SUB, [I_KDIV] = I_DIV };
            bool first = i->op == I_KSUB || i->op == I_KDIV;
            return class_arith(plainly[i->op], first ? num(i->k) : R[i->b], first ? R[i->b] : num(i->k), out);
        }
        b = R[i->b].num;
        c = i->k;
        *out = num(i->op == I_ADDK ? b + c : i->op == I_SUBK ? b - c : i->op == I_MULK ? b * c : i->op == I_DIVK ? b / c :
                   i->op == I_KSUB ? c - b : c / b);
        return true;
    case I_NEG: case I_PLUS:
        if (!plain(R[i->b]))
            return false;
        *out = num(i->op == I_NEG ? -R[i->b].num : R[i->b].num);
        return true;
    case I_TRANS:
        if (R[i->b].kind != K_NUM)
            return false;
        *out = R[i->b];
        return true;
    case I_LT: case I_LE: case I_EQ: case I_NE: case I_GE: case I_GT:
        if (!comparable(R[i->b], R[i->c]))
            return false;
        b = R[i->b].num;
        c = R[i->c].num;
        *out = boolean(i->op == I_LT ? b < c : i->op == I_LE ? b <= c : i->op == I_EQ ? b == c : i->op == I_NE ? b != c :
                       i->op == I_GE ? b >= c : b > c);
        return true;
    }
    bool k = i->op >= I_JNLTK && i->op <= I_JGTK;
    if (!k && !(i->op >= I_JNLT && i->op <= I_JGT))
        return false;
    value x = k ? R[i->a] : R[i->b], y = k ? num(i->k) : R[i->c];
    if (!comparable(x, y))
        return false;
    int op = i->op - (k ? I_JNLTK : I_JNLT);
    b = x.num;
    c = y.num;
    bool yes[6] = { b < c, b <= c, b == c, b != c, b >= c, b > c };
    *jump = yes[op % 6] == (op >= 6);
    *out = nil();
    return true;
}

/* ---- reading */
/* x as the number of one of n elements, from 0; -1: it is none */
static inline i64 element_number(value x, i64 n)
{
    return x.tag == 0 && x.num >= 1 && x.num <= (double)n && x.num == (double)(i64)x.num ? (i64)x.num - 1 : -1;
}
static inline bool pinned(value v) { return is_counted(v) && v.o->pins; }
static inline bool marked_list(value v) { return v.kind == K_CELL && v.a == LIST; }

/* v takes the place of register a; b, where it was read, is given up if it is a temporary. */
static inline bool give(value *R, int a, int b, value v)
{
    if (pinned(v))
        return false;
    v = copy(v);
    if (b != a)
        release_temp(R, b);
    replace(&R[a], v);
    return true;
}

bool quick_brace(const struct ins *i, value *R)               /* BRACE1 */
{
    value c = R[i->b];
    if (c.kind != K_CELL || c.a == LIST)
        return false;
    i64 k = element_number(R[i->c], c.cell->numel);
    return k >= 0 && give(R, i->a, i->b, c.cell->v[k]);
}

/* A text's symbol if it is a row that can be read as it lies, or NULL. */
static sym quick_sym(value v)
{
    if (v.kind == K_NUM && v.dtype == D_CHAR)
        return symbol_find((char[]){ (char)(uint8_t)v.num }, 1);
    if (v.kind != K_TENSOR || v.t->dtype != D_CHAR || v.t->nd != 2 || v.t->dim[0] != 1 || !(v.t->flags & T_DENSE) ||
        v.t->device)
        return NULL;
    return symbol_find(v.t->data, (size_t)v.t->numel);
}

bool quick_field(const struct ins *i, value *R)               /* FIELD, DYNFIELD */
{
    value s = R[i->b];
    if (s.kind != K_STRUCT || s.rec->numel != 1)
        return false;
    bool dynamic = i->op == I_DYNFIELD;
    sym name = dynamic ? quick_sym(R[i->c]) : i->s->name;
    int f = name ? record_find(s.rec, name) : -1;
    if (f < 0 || pinned(s.rec->v[f]))
        return false;
    value v = copy(s.rec->v[f]);
    if (i->b != i->a)
        release_temp(R, i->b);
    if (dynamic && i->c != i->a)
        release_temp(R, i->c);
    replace(&R[i->a], v);
    return true;
}

/* IDX1 whose result the next instruction, FIELD, takes a field of: s(k).name.  Both are done then. */
bool quick_element_field(const struct ins *i, const struct ins *next, value *R)
{
    if (next->op != I_FIELD || next->b != i->a || i->a < vm->frame->code->nlocal)
        return false;
    struct record *r = R[i->b].rec;
    i64 k = element_number(R[i->c], r->numel);
    int f = k < 0 ? -1 : record_find(r, next->s->name);
    return f >= 0 && give(R, next->a, i->b, r->v[k * r->f->n + f]);
}

/* RANGE whose value the next instruction, IDX1, is an index of: x(lo:hi), c(lo:hi).  Both are done then. */
bool quick_slice(const struct ins *i, const struct ins *next, value *R)
{
    if (next->op != I_IDX1 || next->c != i->a || i->a < vm->frame->code->nlocal ||
        (R[i->b].tag | R[i->c].tag | R[i->d].tag) != 0 || R[i->c].num != 1)
        return false;
    value from = R[next->b];
    if (from.kind == K_RANGE) {
        i64 lo = element_number(R[i->b], from.range->n), hi = element_number(R[i->d], from.range->n), m = hi - lo + 1;
        if (lo < 0 || m < 2 || (size_t)m * sizeof(double) > TENSOR_SMALL)
            return false;
        struct tensor *t = tensor_make(D_DOUBLE, 2, (i64[]){ 1, m });
        for (i64 k = 0; k < m; k++)
            ((double *)t->data)[k] = range_at(from.range, lo + k);
        if (next->b != next->a)
            release_temp(R, next->b);
        replace(&R[next->a], tensor_box(t));
        return true;
    }
    bool cell = from.kind == K_CELL && from.a != LIST && !from.cell->h.pins && from.cell->nd == 2;
    if (!cell && (from.kind != K_TENSOR || from.t->nd != 2 || !(from.t->flags & T_DENSE) || from.t->device || from.t->mark ||
                  dtype_is(from.t->dtype, DT_C)))
        return false;
    i64 n = cell ? from.cell->numel : from.t->numel, lo = element_number(R[i->b], n), hi = element_number(R[i->d], n);
    if (lo < 0 || hi < lo)
        return false;
    i64 m = hi - lo + 1, *dim = cell ? from.cell->dim : from.t->dim;
    bool column = dim[1] == 1 && dim[0] != 1;
    i64 size[2] = { column ? m : 1, column ? 1 : m };
    value v;
    if (cell) {
        for (i64 k = lo; k <= hi; k++)
            if (pinned(from.cell->v[k]))
                return false;
        struct cell *c = cell_make(2, size, 0);
        for (i64 k = 0; k < m; k++)
            c->v[k] = copy(from.cell->v[lo + k]);
        v = cell_value(c);
    } else if (m == 1) {
        if (!index_get1(from, R[i->b], &v))
            return false;
    } else {
        size_t unit = dtypes[from.t->dtype].size;
        if ((size_t)m * unit > TENSOR_SMALL)
            return false;                     /* large ones go where threads and memory are looked after */
        struct tensor *t = tensor_make(from.t->dtype, 2, size);
        memcpy(t->data, from.t->data + (size_t)lo * unit, (size_t)m * unit);
        v = tensor_box(t);
    }
    if (next->b != next->a)
        release_temp(R, next->b);
    replace(&R[next->a], v);
    return true;
}

/* CALLT, CALLV: base[0] is x, base[1..] numbers: an element that is a number */
bool quick_element(value x, const struct site *s, const value *idx, value *dest)
{
    if (s->nargout > 1 || s->lists || s->named)
        return false;
    value v;
    if (s->nargs == 1) {
        if (!index_get1(x, idx[0], &v))
            return false;
    } else {
        const double *p = s->nargs == 2 ? element2(x, idx[0], idx[1]) : NULL;
        if (!p)
            return false;
        v = num(*p);
    }
    replace(dest, v);
    return true;
}

/* ---- writing */
/* x(end+1) = a number, x a row: room behind it is kept */
bool quick_push(value *slot, value i, value x)
{
    if (slot->kind != K_TENSOR || (i.tag | x.tag) != 0 || i.num != (double)(slot->t->numel + 1))
        return false;
    struct tensor *t = slot->t;
    if (t->dtype != D_DOUBLE || t->nd != 2 || t->dim[0] != 1 || t->numel == 0 || t->mark)
        return false;
    size_t n = (size_t)(t->numel + 1) * sizeof(double);
    bool room = t->block ? t->block->owners == 1 && (size_t)(t->data - t->block->data) + n <= t->block->bytes
                         : n + SPARE <= t->small * (size_t)64;
    if (!room || t->h.owners != 1 || t->h.pins || t->device || !(t->flags & T_DENSE) || t->dim != t->inline_dim)
        return cat_append(slot, 1, 1, &x);
    ((double *)t->data)[t->numel++] = x.num;
    t->dim[1] = t->numel;
    t->version++;
    return true;
}

/* c{i} = x, c{end+1} = x and s.name = x when the container is ours alone and nobody looks below it */
bool quick_child(value *root, const struct step *st, value x)
{
    if (is_counted(x) && is_counted(*root) && x.o == root->o)
        return false;                                          /* s.x = s: a copy of s */
    if (root->kind == K_CELL && st->kind == STEP_BRACE && st->n == 1 && st->idx[0].tag == 0 && root->o->owners == 1 &&
        root->o->pins == 0) {
        struct cell *c = root->cell;
        double d = st->idx[0].num;
        if (!(d >= 1 && d <= (double)c->numel + 1) || d != floor(d))
            return false;
        i64 k = (i64)d - 1;
        if (k == c->numel) {
            if (c->nd != 2 || (c->dim[0] != 1 && c->numel))
                return false;
            if (k >= c->cap)
                cell_reserve(c, k + k / 2 + 4);
        }
        value v = copy(x);
        if (k < c->numel) {
            replace(&c->v[k], v);
        } else {
            c->v[k] = v;
            c->numel++;
            c->dim[0] = 1;
            c->dim[1] = c->numel;
        }
        return true;
    }
    if (root->kind == K_STRUCT && st->kind == STEP_FIELD && root->rec->numel == 1 && root->o->owners == 1 &&
        root->o->pins == 0) {
        int f = record_find(root->rec, st->name);
        if (f < 0)
            return false;
        value v = copy(x);
        replace(&root->rec->v[f], v);
        return true;
    }
    return false;
}

/* The slot of the place that the first n steps of p lead to, if it is there; `own`: and every container on the way is held
   by nobody else. */
static value *quick_place(const struct path *p, int n, value *R, bool own)
{
    value *v = &R[p->root];
    for (int k = 0; k < n; k++) {
        const struct path_step *s = &p->step[k];
        if (v->kind != K_STRUCT && v->kind != K_CELL)
            return NULL;
        if (own && (v->o->owners != 1 || v->o->pins))
            return NULL;
        if (v->kind == K_CELL) {
            if (s->kind != STEP_BRACE || s->n != 1 || s->lists || v->a == LIST)
                return NULL;
            i64 e = element_number(R[s->reg], v->cell->numel);
            if (e < 0)
                return NULL;
            v = &v->cell->v[e];
            continue;
        }
        struct record *r = v->rec;
        i64 e = 0;
        if (s->kind == STEP_PAREN && k + 1 < n && s->n == 1 && !s->lists) {
            e = element_number(R[s->reg], r->numel);
            s = &p->step[++k];
        } else if (r->numel != 1) {
            return NULL;
        }
        if (e < 0 || s->kind != STEP_FIELD)
            return NULL;
        sym name = s->reg >= 0 ? quick_sym(R[s->reg]) : s->name;
        int f = name ? record_find(r, name) : -1;
        if (f < 0)
            return NULL;
        v = &r->v[e * r->f->n + f];
    }
    return v;
}

static void quick_release(const struct path *p, value *R)      /* the indices */
{
    for (int k = 0; k < p->n; k++) {
        const struct path_step *s = &p->step[k];
        for (int m = 0; m < (s->kind == STEP_FIELD ? s->reg >= 0 : s->n); m++)
            release(&R[s->reg + m]);
    }
}

bool quick_get(const struct ins *i, value *R)                  /* PGET */
{
    const struct path *p = &vm->frame->code->path[i->d];
    if (p->n == 0)
        return false;
    const struct path_step *last = &p->step[p->n - 1];
    if (last->kind == STEP_PAREN && last->lists)
        return false;
    value *v = quick_place(p, last->kind == STEP_PAREN ? p->n - 1 : p->n, R, false), x;
    if (!v)
        return false;
    if (last->kind != STEP_PAREN) {
        x = *v;
        if (x.kind == K_NIL || pinned(x))
            return false;
    } else if (last->n == 1) {
        if (!index_get1(*v, R[last->reg], &x))
            return false;
    } else {
        const double *e = last->n == 2 ? element2(*v, R[last->reg], R[last->reg + 1]) : NULL;
        if (!e)
            return false;
        x = num(*e);
    }
    replace(&R[i->a], copy(x));
    return true;
}

static bool grow_record(value *slot, value i)                  /* s(end+1), s a row */
{
    if (slot->kind != K_STRUCT || slot->o->owners != 1 || slot->o->pins)
        return false;
    struct record *r = slot->rec;
    if (r->nd != 2 || (r->dim[0] != 1 && r->dim[0] + r->dim[1] != 0) || i.tag != 0 || i.num != (double)(r->numel + 1))
        return false;
    record_resize(r, 2, (i64[]){ 1, r->numel + 1 });
    return true;
}

bool quick_set(const struct ins *i, value *R)                  /* PSET */
{
    const struct path *p = &vm->frame->code->path[i->d];
    value x = R[i->a], *root = &R[p->root];
    if (p->n == 0 || x.kind == K_NIL || marked_list(x) || x.kind == K_WINDOW ||
        (is_counted(x) && (x.o->pins || (is_counted(*root) && x.o == root->o))))
        return false;
    const struct path_step *last = &p->step[p->n - 1];
    bool pair = p->n > 1 && p->step[p->n - 2].kind == STEP_PAREN;     /* s(k).name */
    if (last->kind == STEP_PAREN) {
        value *slot = quick_place(p, p->n - 1, R, true);
        if (!slot || last->lists || last->n > 2 || last->n < 1 || (x.kind != K_NUM && (x.kind != K_TENSOR || last->n == 1)))
            return false;
        const value *at = R + last->reg;
        if (!(last->n == 2 ? place_set2(slot, at[0], at[1], x) : place_set1(slot, at[0], x))) {
            int mark = pool_mark();
            bool done = last->n == 1 ? quick_push(slot, at[0], x) : place_line(slot, at[0], at[1], x);
            pool_release(mark);
            if (!done)
                return false;
        }
    } else if (pair) {
        value *slot = quick_place(p, p->n, R, true);
        if (!slot) {
            const struct path_step *element = &p->step[p->n - 2];
            value *array = element->n == 1 && !element->lists && last->kind == STEP_FIELD && last->reg < 0
                               ? quick_place(p, p->n - 2, R, true) : NULL;
            if (!array || array->kind != K_STRUCT || record_find(array->rec, last->name) < 0 ||
                !grow_record(array, R[element->reg]))
                return false;
            slot = quick_place(p, p->n, R, true);
        }
        replace(slot, copy(x));
    } else {
        value *parent = quick_place(p, p->n - 1, R, true);
        sym name = last->kind == STEP_FIELD && last->reg >= 0 ? quick_sym(R[last->reg]) : last->name;
        if (!parent || last->lists || (last->kind == STEP_FIELD && !name))
            return false;
        struct step st = { .kind = last->kind, .n = last->n, .name = name,
                           .idx = last->kind == STEP_FIELD ? NULL : R + last->reg };
        if (!quick_child(parent, &st, x))
            return false;
    }
    release_temp(R, i->a);
    quick_release(p, R);
    return true;
}

bool quick_delete(const struct ins *i, value *R)               /* PDEL: x(k) = [], x a row of more than two elements */
{
    const struct path *p = &vm->frame->code->path[i->d];
    if (p->n == 0)
        return false;
    const struct path_step *last = &p->step[p->n - 1];
    if (last->kind != STEP_PAREN || last->n != 1 || last->lists)
        return false;
    value *slot = quick_place(p, p->n - 1, R, true), at = R[last->reg];
    if (!slot || (slot->kind != K_TENSOR && slot->kind != K_CELL) || slot->o->owners != 1 || slot->o->pins)
        return false;
    if (slot->kind == K_CELL) {
        struct cell *c = slot->cell;
        i64 k = element_number(at, c->numel);
        if (k < 0 || c->nd != 2 || c->dim[0] != 1 || c->numel < 3)
            return false;
        value gone = c->v[k];
        memmove(c->v + k, c->v + k + 1, (size_t)(c->numel - k - 1) * sizeof *c->v);
        c->dim[1] = --c->numel;
        drop(gone);
    } else {
        struct tensor *t = slot->t;
        i64 k = element_number(at, t->numel);
        if (k < 0 || t->nd != 2 || t->dim[0] != 1 || t->numel < 3 || !(t->flags & T_DENSE) || t->device || t->mark ||
            t->dim != t->inline_dim || (t->block && t->block->owners != 1))
            return false;
        size_t unit = dtypes[t->dtype].size;
        memmove(t->data + (size_t)k * unit, t->data + (size_t)(k + 1) * unit, (size_t)(t->numel - k - 1) * unit);
        t->dim[1] = --t->numel;
        t->version++;
    }
    quick_release(p, R);
    return true;
}

bool quick_end(const struct ins *i, value *R)                  /* PEND */
{
    const struct path *p = &vm->frame->code->path[i->d];
    value *v = quick_place(p, i->e, R, false);
    if (!v || (v->kind != K_CELL && v->kind != K_TENSOR && v->kind != K_STRUCT))
        return false;
    replace(&R[i->a], num((double)index_end(*v, i->b, i->c)));
    return true;
}
