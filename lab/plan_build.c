/* SPDX-License-Identifier: BSD-3-Clause */
/* plan_build.c: gives a plan types: from the dtypes and classes of its leaves to a program, or to cuts.
 *
 * First straight-line code over values, one for each conversion, op and saturation; then slots by last use: numbers get
 * cells, and the code that has only numbers comes first and runs once; the others get buffers.  What may leave the reals,
 * or changes the size of an element, does not overwrite its operands. */
#include "config.h"
#include "lab/ew.h"
#include <stdlib.h>

/* A number as the first element of its cell, in the type that its class computes in. */
void ew_home_cell(char *cell, int home, value v)
{
    int dt = value_dtype(v);
    const struct tensor *t = v.kind == K_NUM ? NULL : tensor_of(v);
    switch (home) {
    case T_D: *(double *)cell = t ? element_double(t, 0) : v.num; break;
    case T_F: *(float *)cell = (float)(t ? element_double(t, 0) : v.num); break;
    case T_B: *cell = (t ? element_double(t, 0) : v.num) != 0; break;
    case T_L:
        *(long double *)cell = dt == D_INT64 ? (long double)(t ? *(const i64 *)t->data : v.i)
                                             : (long double)(t ? *(const uint64_t *)t->data : v.u);
        break;
    default: memcpy(cell, t->data, ew_size[home]);
    }
}

/* ---- classes of results */
int ew_compute_type(int dt)
{
    switch (dtypes[dt].compute) {
    case D_SINGLE: return T_F;
    case D_INT64: case D_UINT64: return T_L;
    case D_CDOUBLE: return T_C;
    case D_CSINGLE: return T_G;
    default: return T_D;
    }
}

/* False: two integer classes that do not mix, or a function that does not know complex numbers. */
bool ew_typing(int op, int a, int b, struct ew_typing *t)
{
    const struct ew_row *row = &ew_rows[op];
    if (row->args < 2)
        b = a;
    int r = promote(a, b);
    bool complex = dtype_is(a, DT_C) || dtype_is(b, DT_C), integer = r >= 0 && dtype_is(r, DT_I);
    *t = (struct ew_typing){ .pre = 255 };
    if (complex && !row->complex)
        return false;
    switch (row->class) {
    case BYTE:
        t->out = D_LOGICAL;
        t->type = T_B;
        return true;
    case TEST:
        t->out = D_LOGICAL;
        if (complex)
            t->type = promote(dtype_is(a, DT_I) ? D_DOUBLE : a, dtype_is(b, DT_I) ? D_DOUBLE : b) == D_CSINGLE ? T_G : T_C;
        else if (ew_compute_type(a) == T_L || ew_compute_type(b) == T_L)
            t->type = T_L;
        else
            t->type = dtype_is(a, DT_I) || dtype_is(b, DT_I) ? T_D : ew_compute_type(r);
        return true;
    case FLOAT: case PARTF:
        if (r < 0 || integer)                 /* integers become double, or single beside one */
            r = (dtype_is(a, DT_I) && dtype_real(b) == D_SINGLE) || (dtype_is(b, DT_I) && dtype_real(a) == D_SINGLE)
                    ? D_SINGLE
                    : D_DOUBLE;
        if (complex)
            r = dtype_complex(r);
        t->out = row->class == PARTF ? dtype_real(r) : r;
        break;
    case MAKEC:
        if (r < 0)
            return false;
        r = dtype_complex(r);
        t->out = r;
        break;
    default:
        if (r < 0)
            return false;
        t->out = row->class == PART ? dtype_real(r) : r;
        if ((row->class == EXTREME || row->class == BITS) && a == D_LOGICAL && b == D_LOGICAL)
            t->out = D_LOGICAL;
        if (integer && (row->class == KEEP || row->class == BITS || row->class == EXTREME))
            t->pre = r;
        t->saturate = integer;
    }
    t->type = ew_compute_type(r);
    return true;
}

/* ---- specialising.  First straight-line code over values (one value per result), then slots by last use. */
struct val {
    uint8_t type, dtype, layout;
    bool vec, root;
    int16_t slot, last;
}; /* layout: as which dtype it lies in its slot */
struct code { ew_kernel *k; int16_t d, a, b; uint8_t node, flag; };
struct build {
    struct plan *p;
    struct ew_prog *g;
    int nval, ncode, of[EW_NODES], conv[EW_NODES * 3][EW_TYPES];
    struct val val[EW_NODES * 3];
    struct code code[EW_INS];
    bool fits;
};

static int new_val(struct build *u, int type, int dtype, int layout, bool vec)
{
    if (u->nval >= EW_NODES * 3 - 1) {
        u->fits = false;
        return 0;
    }
    memset(u->conv[u->nval], -1, sizeof u->conv[0]);
    u->val[u->nval] = (struct val){
        .type = (uint8_t)type, .dtype = (uint8_t)dtype, .layout = (uint8_t)layout, .vec = vec, .slot = -1, .last = -1
    };
    return u->nval++;
}
static void emit(struct build *u, ew_kernel *k, int d, int a, int b, int node, int flag)
{
    if (u->ncode >= EW_INS || !k) {
        u->fits = false;
        return;
    }
    u->code[u->ncode++] = (struct code){ k, (int16_t)d, (int16_t)a, (int16_t)b, (uint8_t)node, (uint8_t)flag };
}
static int layout_of(int type)
{
    static const uint8_t l[EW_TYPES] = { D_DOUBLE, D_SINGLE, D_LOGICAL, 255, D_CDOUBLE, D_CSINGLE };
    return l[type];
}

/* v as compute type `type`; quiet: NaN as a truth value is no error */
static int as_type(struct build *u, int v, int type, int node, bool quiet)
{
    struct val *x = &u->val[v];
    if (x->layout == layout_of(type) || (x->type == T_L && type == T_L && x->layout == 255))
        return v;
    if (type == T_B && x->layout == D_LOGICAL)
        return v;
    if (u->conv[v][type] >= 0 && !quiet)
        return u->conv[v][type];
    ew_kernel *k = x->layout == 255 ? ew_from_long[type]
                   : type <= T_F    ? ew_simd->load[x->layout][type]
                   : type == T_B    ? ew_simd->truth[x->layout]
                                    : ew_load_plain[x->layout][type - T_L];
    int c = new_val(u, type, x->dtype, layout_of(type), x->vec);
    emit(u, k, c, v, v, node, type == T_B && !quiet ? 2 : 0);
    if (!quiet)
        u->conv[v][type] = c;
    return c;
}

static int saturated(struct build *u, int v, int dtype, int node)      /* of T_D or T_L */
{
    struct val *x = &u->val[v];
    int c = new_val(u, x->type, dtype, x->layout, x->vec);
    emit(u, x->type == T_L ? ew_saturate64[dtype == D_UINT64] : ew_simd->saturate[dtype], c, v, v, node, 0);
    return c;
}

static int as_stored(struct build *u, int v, int dt) /* a number of T_D as one of class dt */
{
    int c = new_val(u, T_D, dt, dt, false);
    emit(u, ew_simd->store[dt], c, v, v, 0, 0);
    return c;
}

static ew_kernel *kernel_of(int op, int type, int form)
{
    if (form == SS && type > T_F)             /* bytes and plain C: one element is the vector */
        form = VV;
    if (type >= T_C && ew_parts[op][type - T_C])
        return ew_parts[op][type - T_C];
    return type <= T_B ? ew_simd->k[op][type][form] : ew_plain[op][type - T_L][form];
}

static bool small_integer(value v) { return v.kind == K_NUM && v.num == (int)v.num && v.num >= -64 && v.num <= 64; }

static bool is_one(const struct plan_node *q) { return q->kind == PN_NUM && q->num.tag == 0 && q->num.num == 1; }
static bool is_op(const struct plan_node *q, int op) { return q->kind == PN_OP && q->op == op; }

/* 1 ./ (1 + exp(-x)) of floats is the row sigmoid, with the same bits: one kernel hides the division behind the
   exponential.  Takes the code of the parts back and returns x, or -1. */
static int logistic(struct build *u, int i, int out, int *node_of_exp)
{
    const struct plan_node *node = u->p->node, *q = &node[i], *sum, *e, *m;
    int part[3], at[3];
    if (q->kind != PN_OP || q->op != EW_rdivide || !is_one(&node[q->a]) || !is_op(sum = &node[q->b], EW_plus))
        return -1;
    part[0] = q->b;
    part[1] = is_one(&node[sum->a]) ? sum->b : is_one(&node[sum->b]) ? sum->a : -1;
    if (part[1] < 0 || !is_op(e = &node[part[1]], EW_exp) || !is_op(m = &node[e->a], EW_uminus))
        return -1;
    part[2] = e->a;
    *node_of_exp = part[1];
    int x = u->of[m->a];
    if (!u->val[x].vec || u->val[x].dtype != out || (out != D_DOUBLE && out != D_SINGLE))
        return -1;
    for (int k = 0; k < 3; k++) {             /* where each is computed; read by the next alone */
        at[k] = -1;
        int users = 0;
        for (int c = 0; c < u->ncode; c++)
            if (u->code[c].d == u->of[part[k]])
                at[k] = c;
        for (int c = 0; c < u->p->n; c++)     /* plans of gradients use a node more than once */
            users += node[c].kind > PN_NUM && (node[c].a == part[k] || node[c].b == part[k]);
        if (at[k] < 0 || users != 1)
            return -1;
    }
    for (int k = 0; k < 3; k++) {             /* the last first */
        memmove(&u->code[at[k]], &u->code[at[k] + 1], sizeof u->code[0] * (size_t)(u->ncode - at[k] - 1));
        u->ncode--;
    }
    return x;
}

/* v as an operand that lies as integers of class dt lie: a vector that does, or a number that is one; or -1. */
static int as_whole(struct build *u, int v, int dt, const struct plan_node *q)
{
    const struct val *x = &u->val[v];
    bool number = q->kind == PN_NUM && q->num.tag == 0 && dtypes[dt].flags & DT_I && saturate(dt, q->num.num) == q->num.num;
    if (x->vec ? x->layout == dt : x->layout == dt && x->dtype == dt)
        return v;
    if (x->vec || x->layout != D_DOUBLE || (x->dtype != dt && !number))
        return -1;
    return as_stored(u, v, dt);
}

/* The op on integers of one class as they are stored, d; or -1: by way of doubles. */
static int build_whole(struct build *u, int i, int op, int va, int vb, int out)
{
    const struct plan_node *node = u->p->node, *q = &node[i];
    if (!ew_simd->whole[op][out][VV] || (!u->val[va].vec && !u->val[vb].vec))
        return -1;
    int at = u->ncode, nval = u->nval;
    int a = as_whole(u, va, out, &node[q->a]), b = a < 0 ? -1 : as_whole(u, vb, out, &node[q->b]);
    if (b < 0) {
        u->ncode = at;
        u->nval = nval;
        return -1;
    }
    int d = new_val(u, T_D, out, out, true);
    emit(u, ew_simd->whole[op][out][!u->val[b].vec ? VS : u->val[a].vec ? VV : SV], d, a, b, i, 0);
    return d;
}

/* Node i, an op: its code; false if it cannot stand in this program. */
static bool build_op(struct build *u, int i)
{
    struct plan *p = u->p;
    const struct plan_node *q = &p->node[i];
    int op = q->op, args = ew_rows[op].args;
    if (q->kind == PN_MATRIX) {
        static const uint8_t same[] = { EW_times, EW_rdivide, EW_ldivide, EW_power, EW_conj, EW_uplus };
        op = same[q->op];
        args = ew_rows[op].args;
    }
    int va = u->of[q->a], vb = args > 1 ? u->of[q->b] : va;
    struct ew_typing t;
    if (!ew_typing(op, u->val[va].dtype, u->val[vb].dtype, &t))
        return false;
    if (!p->one && t.type > T_B)
        return false;
    bool domain =
        ew_rows[op].domain && !(t.saturate && ew_rows[op].class == ARITH) && t.type <= T_L; /* integers stay integers */
    if ((op == EW_power || op == EW_realpow) && p->node[q->b].kind == PN_NUM && small_integer(p->node[q->b].num)) {
        domain = false;
        if (p->node[q->b].num.num == 2 && t.pre == 255) {
            op = EW_square;
            args = 1;
            vb = va;
        }
    }
    int whole = args == 2 && t.saturate && t.type == T_D ? build_whole(u, i, op, va, vb, t.out) : -1;
    if (whole >= 0) {
        u->of[i] = whole;
        return u->fits;
    }
    if (t.pre != 255) {                       /* mod, bitand … of integers: operands of other classes round first */
        int *v[2] = { &va, &vb };
        for (int s = 0; s < args; s++)
            if (u->val[*v[s]].dtype != t.pre)
                *v[s] = saturated(u, as_type(u, *v[s], t.type, i, false), t.pre, i);
        if (args < 2)
            vb = va;
    }
    int at = i, x = t.type <= T_F ? logistic(u, i, t.out, &at) : -1;
    if (x >= 0) {
        u->of[i] = new_val(u, t.type, t.out, layout_of(t.type), true);
        emit(u, kernel_of(EW_sigmoid, t.type, VV), u->of[i], x, x, at, 0);
        return u->fits;
    }
    va = as_type(u, va, t.type, i, false);
    vb = args > 1 ? as_type(u, vb, t.type, i, false) : va;
    bool xa = u->val[va].vec, xb = u->val[vb].vec;
    int form = !xa && !xb ? SS : args == 1 || xa == xb ? VV : xa ? VS : SV, rtype = t.type;
    if (ew_rows[op].class == TEST || ew_rows[op].class == BYTE)
        rtype = T_B;
    else if (t.type >= T_C && (ew_rows[op].class == PART || ew_rows[op].class == PARTF))
        rtype = t.type == T_C ? T_D : T_F;
    int d = new_val(u, rtype, t.out, layout_of(rtype), xa || xb);
    ew_kernel *k = kernel_of(op, t.type, form);
    if (form == VS && t.type <= T_F && (op == EW_power || op == EW_realpow))
        k = ew_simd->power_by[t.type];
    if (form == SV && t.type <= T_F && op == EW_rdivide)
        k = ew_simd->quotient_of[t.type];
    emit(u, k, d, va, vb, i, domain);
    u->g->domain |= domain;
    if (t.saturate)
        d = saturated(u, d, t.out, i);
    else if (t.out == D_LOGICAL && rtype != T_B) {
        d = as_type(u, d, T_B, i, true);
        u->val[d].dtype = D_LOGICAL;
    }
    u->of[i] = d;
    return u->fits;
}

static bool is_elementwise(const struct plan_node *q, const bool *vec)         /* a matrix operator with these operands */
{
    switch (q->op) {
    case MX_MTIMES: return !vec[q->a] || !vec[q->b];
    case MX_MRDIVIDE: return !vec[q->b];
    case MX_MLDIVIDE: return !vec[q->a];
    case MX_MPOWER: return !vec[q->a] && !vec[q->b];
    default: return !vec[q->a];
    }
}

static int weight_of(const struct plan *p, int node)
{
    const struct plan_node *q = &p->node[node];
    if (q->kind != PN_OP)
        return 1;
    return q->op == EW_power || ew_rows[q->op].class == FLOAT || ew_rows[q->op].class == BITS ? 6 : 1;
}

static bool build_fused(struct plan *p, struct ew_prog *g)
{
    struct build *u = scratch(sizeof *u);
    u->p = p;
    u->g = g;
    u->nval = u->ncode = 0;
    u->fits = true;
    int last_node = p->red ? p->n - 2 : p->n - 1, k = 0;
    int dim_node = p->red ? p->node[p->n - 1].b : -1;
    if (p->red)
        last_node = p->node[p->n - 1].a;
    g->nleaf = (uint8_t)p->nleaf;
    for (int i = 0; i < p->n; i++)
        if (p->node[i].kind == PN_LEAF) {                 /* leaf k has slot k, value k */
            int cls = g->class[k] & 7, dt = g->home[k], cdt = g->class[k] & LC_COMPLEX ? dtype_complex(dt) : dt;
            bool vec = cls != LC_NUM;
            int home = dt == D_LOGICAL ? T_B : ew_compute_type(dt);
            u->of[i] = new_val(u, home, cdt, vec ? dt : layout_of(home), vec);
            u->val[u->of[i]].slot = (int16_t)k;
            g->class[k] = (uint8_t)cls;
            g->size[k] = vec ? dtypes[dt].size : 0;
            if (!vec)
                g->home[k] = (uint8_t)home;
            if (vec)
                g->vec[g->nvec++] = (uint8_t)k;
            k++;
        }
    int nnum = 0;
    for (int i = 0; i < p->n; i++)
        nnum += p->node[i].kind == PN_NUM && i != dim_node;
    g->cell = nnum ? memory_get(64 * (size_t)nnum) : NULL;
    g->nnum = (uint8_t)nnum;
    nnum = 0;
    for (int i = 0; i < p->n; i++) {
        const struct plan_node *q = &p->node[i];
        if (q->kind == PN_NUM && i != dim_node) {
            int dt = value_dtype(q->num), home = dt == D_LOGICAL ? T_B : ew_compute_type(dt);
            u->of[i] = new_val(u, home, dt, layout_of(home), false);
            u->val[u->of[i]].slot = (int16_t)(p->nleaf + nnum);
            ew_home_cell(g->cell + 64 * nnum++, home, q->num);
        }
        if ((q->kind == PN_OP || q->kind == PN_MATRIX) && !build_op(u, i))
            return false;
    }
    int root = u->of[last_node];
    const struct val *rv = &u->val[root];
    g->all_numbers = !rv->vec;
    g->root_dtype = rv->dtype;
    if (!p->one && dtype_is(rv->dtype, DT_C))
        return false;
    if (!p->one && ew_compute_type(rv->dtype) == T_L && rv->type != T_B)
        return false;
    if (p->red) {
        const struct reduce_row *row = &reduce_rows[p->red - 1];
        g->red = p->red;
        g->take = row->take;
        if (row->map && rv->layout != D_LOGICAL) {
            int f = as_type(u, root, rv->layout == D_SINGLE ? T_F : T_D, last_node, false);
            if (row->map == NONZERO) {
                root = new_val(u, T_B, D_LOGICAL, D_LOGICAL, u->val[f].vec);
                emit(u, kernel_of(EW_nonzero, u->val[f].type, u->val[f].vec ? VV : SS), root, f, f, last_node, 0);
            } else {
                root = as_type(u, f, T_B, last_node, true);
            }
        } else if (!row->map) {
            if (rv->layout == D_LOGICAL && (g->take == TAKE_SUM || g->take == TAKE_SUMSQ))
                g->take = TAKES;
            else
                root = as_type(u, root, rv->layout == D_SINGLE ? T_F : T_D, last_node, false);
        }
        g->root_dtype = u->val[root].dtype;
    } else if (!g->all_numbers) {             /* the result in its class */
        int t = rv->type, want = rv->dtype;
        if (u->ncode && u->code[u->ncode - 1].d == root && dtype_is(want, DT_I) && t == T_D &&
            u->code[u->ncode - 1].k == ew_simd->saturate[want])                 /* storing does that too */
            root = u->code[--u->ncode].a;
        if (rv->layout != want || root < g->nleaf) {
            int d = new_val(u, t, want, want, true);
            ew_kernel *store = t == T_L            ? ew_store64[want == D_UINT64]
                               : want == D_LOGICAL ? ew_simd->truth[rv->layout]
                                                   : ew_simd->store[want];
            if (rv->layout == want)
                store = t == T_F ? ew_simd->copy[1] : t == T_D ? ew_simd->copy[0] : NULL;
            emit(u, store, d, root, root, last_node, 0);
            root = d;
        }
    }
    if (!u->fits)
        return false;

    /* slots: numbers get cells, their code comes first and runs once; the others buffers, freed at their last use */
    int ncell = p->nleaf + g->nnum, used[EW_BUFS] = { 0 };
    u->val[root].root = true;
    for (int i = 0; i < u->ncode; i++)
        u->val[u->code[i].a].last = u->val[u->code[i].b].last = (int16_t)i;
    u->val[root].last = INT16_MAX;
    g->shift = 0;
    for (int i = 0; i < u->nval; i++) {
        const struct val *v = &u->val[i];
        if (!v->vec || (v->slot >= 0 && v->slot < p->nleaf && g->class[v->slot] == LC_VEC && i != root))
            continue;                         /* leaves read in place take no room */
        int size = v->layout == 255 ? 16 : dtypes[v->layout].size;
        while (1 << g->shift < size)
            g->shift++;
    }
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < u->ncode; i++) {
            const struct code *c = &u->code[i];
            struct val *d = &u->val[c->d], *a = &u->val[c->a], *b = &u->val[c->b];
            if (d->vec != (pass == 1))
                continue;
            bool two = c->a != c->b;
            if (!pass) {
                d->slot = (int16_t)ncell++;
                g->nscalar++;
                if (ncell > EW_CELLS)
                    return false;
            } else {
                struct val *of[2] = { a, b };
                bool apart = c->flag == 1 || d->layout != a->layout || d->layout != b->layout;
                for (int when = 0; when < 2; when++) {
                    if (when == apart)        /* what may leave the reals or changes sizes does not overwrite its operands */
                        for (int s = 0; s <= two; s++)
                            if (of[s]->slot >= EW_CELLS && of[s]->slot < EW_OUT && of[s]->last == i)
                                used[of[s]->slot - EW_CELLS] = 0;
                    if (when == 0) {
                        if (d->root && !p->red) {
                            d->slot = EW_OUT;
                            continue;
                        }
                        int t = 0;
                        while (t < EW_BUFS - 1 && used[t])
                            t++;
                        if (t == EW_BUFS - 1)
                            return false;
                        used[t] = 1;
                        d->slot = (int16_t)(EW_CELLS + t);
                        g->nbuf = (uint8_t)MAX(g->nbuf, t + 1);
                    }
                }
            }
            g->weight = (uint16_t)(g->weight + (pass ? weight_of(p, c->node) : 0));
            g->ins[g->nins++] =
                (struct ew_ins){ c->k,
                                 (uint8_t)d->slot,
                                 (uint8_t)a->slot,
                                 (uint8_t)b->slot,
                                 (uint8_t)(a->vec || !pass ? (a->layout == 255 ? 16 : dtypes[a->layout].size) : 0),
                                 (uint8_t)(b->vec || !pass ? (b->layout == 255 ? 16 : dtypes[b->layout].size) : 0),
                                 c->node,
                                 c->flag };
        }
    g->weight = (uint16_t)(g->weight + g->nvec + 1);
    g->in_place = true;
    for (int i = 0; i < g->nvec; i++)
        g->in_place &= g->class[g->vec[i]] <= LC_COL;
    g->first_buf = (uint8_t)ncell;
    g->root = (uint8_t)u->val[root].slot;
    g->root_type = u->val[root].type;
    if (g->red && g->take == TAKE_SUM && g->nins > g->nscalar &&
        !g->all_numbers) { /* the last op adds to the accumulators itself */
        const struct ew_ins *z = &g->ins[g->nins - 1];
        if (z->d == g->root && z->sa && z->sb && g->root_type <= T_F)
            for (int op = 0; op < EW_OPS; op++)
                if (z->k == ew_simd->k[op][g->root_type][VV] && ew_simd->k[op][g->root_type][ACC] && !z->flag)
                    g->acc = ew_simd->k[op][g->root_type][ACC];
    }
    for (int i = g->nscalar; i < g->nins && ew_simd->by_column; i++)
        if (g->ins[i].k == ew_simd->k[EW_rdivide][T_D][VV] && g->ins[i].b < g->nleaf && g->class[g->ins[i].b] == LC_COL)
            g->quotient = (uint8_t)(i + 1);
    g->mode = EW_FUSED;
    return true;
}

/* Matrix operators: the elementwise trees around them become plans of their own, whose leaves are node numbers. */
static void build_cut(struct plan *p, struct ew_prog *g, const bool *cut)
{
    int steps = 0, n = MAX(p->n, 0);
    for (int i = 0; i < n; i++)
        steps += cut[i] ? 3 : 0;
    steps += 1;
    struct cut *c = memory_get(sizeof *g->cut + sizeof g->cut->step[0] * (size_t)steps);
    c->n = 0;
    c->room = steps;
    g->cut = c;
    bool *done = scratch(sizeof(bool) * (size_t)n);
    int *map = scratch(sizeof(int) * (size_t)n);
    char *in = scratch((size_t)n);
    struct plan_node *sub = scratch(sizeof *sub * (size_t)n);
    memset(done, 0, (size_t)n);
    for (int i = 0; i < n; i++) {
        int want[3], nwant = 0;
        if (cut[i]) {
            want[nwant++] = p->node[i].a;
            if (p->node[i].b >= 0)
                want[nwant++] = p->node[i].b;
        } else if (i == n - 1)
            want[nwant++] = i;
        for (int w = 0; w < nwant; w++) {
            int r = want[w];
            if (p->node[r].kind <= PN_NUM || cut[r] || done[r])
                continue;
            done[r] = true;
            memset(in, 0, (size_t)n);
            in[r] = 1;
            int m = 0, *from = scratch(sizeof(int) * (size_t)n);
            for (int k = r; k >= 0; k--)      /* the tree below r, down to leaves and cuts */
                if (in[k] && p->node[k].kind > PN_NUM && (k == r || (!cut[k] && !done[k]))) {
                    in[p->node[k].a] = 1;
                    if (p->node[k].b >= 0)
                        in[p->node[k].b] = 1;
                }
            for (int k = 0; k <= r; k++)
                if (in[k]) {
                    struct plan_node q = p->node[k];
                    if (q.kind == PN_LEAF || (k != r && (cut[k] || (done[k] && q.kind > PN_NUM)))) {
                        q = (struct plan_node){ .kind = PN_LEAF, .dies = cut[k], .a = k, .b = -1 };
                    } else if (q.kind > PN_NUM) {
                        q.a = map[q.a];
                        if (q.b >= 0)
                            q.b = map[q.b];
                    }
                    map[k] = m;
                    from[m] = p->origin[k];
                    sub[m++] = q;
                }
            c->step[c->n].node = r;
            c->step[c->n].plan = plan_new(m, sub);
            memcpy(c->step[c->n++].plan->origin, from, sizeof(int) * (size_t)m);
        }
        if (cut[i]) {
            c->step[c->n].node = i;
            c->step[c->n++].plan = NULL;
        }
    }
    g->mode = EW_CUT;
}

/* g belongs to the plan from the start, so nothing is lost when this fails on the way; then it stays EW_NEW. */
struct ew_prog *plan_specialise(struct plan *p, struct ew_prog *g, const uint64_t *key)
{
    int mark = pool_mark(), k = 0;
    if (!g) {
        g = memory_get(sizeof *g);
        memset(g, 0, sizeof *g);
        g->next = p->progs;
        p->progs = g;
    }
    prog_empty(g);
    struct ew_prog *next = g->next;
    memset(g, 0, sizeof *g);
    g->next = next;
    g->key[0] = key[0];
    g->key[1] = key[1];
    bool *vec = scratch(sizeof(bool) * (size_t)p->n), *cut = scratch(sizeof(bool) * (size_t)p->n), any_cut = false;
    for (int i = 0; i < p->n; i++) {
        const struct plan_node *q = &p->node[i];
        cut[i] = vec[i] = false;
        if (q->kind == PN_LEAF) {
            if (!p->big) {
                unsigned b = key[k / 8] >> (8 * (k % 8)) & 255;
                g->class[k] = b & 15;
                g->home[k] = b >> 4;          /* the dtype, until build_fused knows better */
                vec[i] = (b & 7) != LC_NUM;
            }
            k++;
        } else if (q->kind == PN_NUM) {
            vec[i] = value_numel(q->num) != 1;
        } else if (q->kind != PN_REDUCE) {
            vec[i] = vec[q->a] || (q->b >= 0 && vec[q->b]);
            if (q->kind == PN_MATRIX && (!is_elementwise(q, vec) || cut[q->a] || (q->b >= 0 && cut[q->b]))) {
                any_cut = cut[i] = true;
                vec[i] = true;
            }
            if (q->kind == PN_MATRIX && q->op >= MX_CTRANSPOSE && !cut[i] && vec[q->a])
                any_cut = cut[i] = vec[i] = true;
        }
    }
    if (any_cut && !p->big) {
        build_cut(p, g, cut);
    } else if (p->big || !build_fused(p, g)) {
        g->mode = EW_STEPS;
    }
    pool_release(mark);
    return g;
}
