/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.c: keeps plans, gives them types, cuts them into programs, and chooses how a run goes.
 *
 * A plan is untyped.  At a run every leaf has a dtype and a class (number, same size, column, row, other); for each such
 * key there is one ew_prog: FUSED (one elementwise program, all real), CUT (matrix operators in it: smaller plans and
 * calls in order), or STEPS (op by op: complex numbers, 64-bit integers, errors, and whatever left the reals on the way).
 * One op is a plan of its own, kept for all, and goes through the same program, so fused and op by op give the same bits.
 *
 * Commit point: nothing is written before sizes, memory and classes are known to be right; only then may a result take
 * over a dying operand, and never if the program could still leave the reals. */
#include "config.h"
#include "lab/ew.h"
#include <stdlib.h>

const struct ew_simd *ew_simd = &ew_simd128;
int ew_threads = 1;
bool ew_fused = true;
uint8_t ew_shadowed[EW_OPS], reduce_shadowed[RED_OPS];

__attribute__((constructor)) static void choose(void)
{
#ifdef HAVE_EW_256
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
        ew_simd = &ew_simd256;
#endif
#ifdef HAVE_EW_512
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
        ew_simd = &ew_simd512;
#endif
#ifdef TL_OPENMP
    extern int omp_get_max_threads(void);   /* OMP_NUM_THREADS, else cores */
    ew_threads = omp_get_max_threads();
#endif
}

struct plan {
    int n, nleaf, red;                        /* red: row + 1 */
    bool big;                                 /* too large for one program */
    bool one;                                 /* a single op on leaves: every compute type is allowed */
    bool product;                             /* one matrix operator on two leaves: A * b, A \ b */
    int *origin;                              /* numbers of the nodes in the plan this one was cut from */
    struct ew_prog *last, *progs;
    struct plan_node *node;
    int leaf[EW_LEAVES];                      /* nodes of the leaves, in order */
};

struct cut {                                  /* steps in order; each makes the value of one node */
    int n, room;
    struct { int node; struct plan *plan; } step[];       /* plan NULL: a matrix operator on earlier nodes */
};

/* ---- making */
struct plan *plan_new(int n, const struct plan_node *node)
{
    struct plan *p = memory_get(sizeof *p + (sizeof *node + sizeof(int)) * (size_t)n);    /* one piece: nothing is lost when it fails */
    memset(p, 0, sizeof *p);
    p->n = n;
    p->node = (struct plan_node *)(p + 1);
    p->origin = (int *)(p->node + n);
    memcpy(p->node, node, sizeof *node * (size_t)n);
    for (int i = 0; i < n; i++) {
        p->origin[i] = i;
        if (node[i].kind == PN_NUM)
            p->node[i].num = copy(node[i].num);
        if (node[i].kind == PN_LEAF && p->nleaf++ < EW_LEAVES)
            p->leaf[p->nleaf - 1] = i;
    }
    p->big = n > EW_NODES || p->nleaf > EW_LEAVES;
    p->red = node[n - 1].kind == PN_REDUCE ? node[n - 1].op + 1 : 0;
    p->one = node[n - 1].kind == PN_OP && p->nleaf == n - 1 && n <= 3;
    return p;
}

static void prog_empty(struct ew_prog *g)
{
    if (g->cut) {
        for (int i = 0; i < g->cut->n; i++)
            plan_free(g->cut->step[i].plan);
        memory_free(g->cut, sizeof *g->cut + sizeof g->cut->step[0] * (size_t)g->cut->room);
    }
    memory_free(g->cell, 64 * (size_t)g->nnum);
    g->cut = NULL;
    g->cell = NULL;
}
static void prog_free(struct ew_prog *g)
{
    prog_empty(g);
    memory_free(g, sizeof *g);
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    for (struct ew_prog *g = p->progs, *next; g; g = next) {
        next = g->next;
        prog_free(g);
    }
    for (int i = 0; i < p->n; i++)
        if (p->node[i].kind == PN_NUM)
            drop(p->node[i].num);
    memory_free(p, sizeof *p + (sizeof *p->node + sizeof(int)) * (size_t)p->n);
}

int plan_nodes(const struct plan *p, const struct plan_node **node)
{
    *node = p->node;
    return p->n;
}

static int origin(const struct plan *p, int node) { return p->origin[node]; }

/* ---- classes of results */
struct typing { uint8_t out, type, pre, saturate; };      /* dtype of the result; compute type; class operands are brought to before, or 255 */

static int compute_type(int dt)
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
static bool typing_of(int op, int a, int b, struct typing *t)
{
    const struct ew_row *row = &ew_rows[op];
    if (row->args < 2)
        b = a;
    int r = promote(a, b);
    bool complex = dtype_is(a, DT_C) || dtype_is(b, DT_C), integer = r >= 0 && dtype_is(r, DT_I);
    *t = (struct typing){ .pre = 255 };
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
        else if (compute_type(a) == T_L || compute_type(b) == T_L)
            t->type = T_L;
        else
            t->type = dtype_is(a, DT_I) || dtype_is(b, DT_I) ? T_D : compute_type(r);
        return true;
    case FLOAT: case PARTF:
        if (r < 0 || integer)                 /* integers become double, or single beside one */
            r = (dtype_is(a, DT_I) && dtype_real(b) == D_SINGLE) || (dtype_is(b, DT_I) && dtype_real(a) == D_SINGLE) ? D_SINGLE : D_DOUBLE;
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
        if (integer && (row->class == KEEP || row->class == BITS))
            t->pre = r;
        t->saturate = integer;
    }
    t->type = compute_type(r);
    return true;
}

/* ---- specialising.  First straight-line code over values (one value per result), then slots by last use. */
struct val { uint8_t type, dtype, layout; bool vec, root; int16_t slot, last; };     /* layout: as which dtype it lies in its slot */
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
    u->val[u->nval] = (struct val){ .type = (uint8_t)type, .dtype = (uint8_t)dtype, .layout = (uint8_t)layout, .vec = vec, .slot = -1, .last = -1 };
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
static int layout_of(int type) { static const uint8_t l[EW_TYPES] = { D_DOUBLE, D_SINGLE, D_LOGICAL, 255, D_CDOUBLE, D_CSINGLE }; return l[type]; }

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
    ew_kernel *k = x->layout == 255 ? ew_from_long[type] : type <= T_F ? ew_simd->load[x->layout][type] : type == T_B ? ew_simd->truth[x->layout] : ew_load_plain[x->layout][type - T_L];
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

static ew_kernel *kernel_of(int op, int type, int form)
{
    if (form == SS && type > T_F)             /* bytes and plain C: one element is the vector */
        form = VV;
    return type <= T_B ? ew_simd->k[op][type][form] : ew_plain[op][type - T_L][form];
}

static bool small_integer(value v) { return v.kind == K_NUM && v.num == (int)v.num && v.num >= -64 && v.num <= 64; }

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
    struct typing t;
    if (!typing_of(op, u->val[va].dtype, u->val[vb].dtype, &t))
        return false;
    if (!p->one && t.type > T_B)
        return false;
    bool domain = ew_rows[op].domain && !(t.saturate && ew_rows[op].class == ARITH) && t.type <= T_L;      /* integers stay integers */
    if ((op == EW_power || op == EW_realpow) && p->node[q->b].kind == PN_NUM && small_integer(p->node[q->b].num)) {
        domain = false;
        if (p->node[q->b].num.num == 2 && t.pre == 255) {
            op = EW_square;
            args = 1;
            vb = va;
        }
    }
    if (t.pre != 255) {                       /* mod, bitand … of integers: operands of other classes round first */
        int *v[2] = { &va, &vb };
        for (int s = 0; s < args; s++)
            if (u->val[*v[s]].dtype != t.pre)
                *v[s] = saturated(u, as_type(u, *v[s], t.type, i, false), t.pre, i);
        if (args < 2)
            vb = va;
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

static void home_cell(char *cell, int home, value v);

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
            int home = dt == D_LOGICAL ? T_B : compute_type(dt);
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
            int dt = value_dtype(q->num), home = dt == D_LOGICAL ? T_B : compute_type(dt);
            u->of[i] = new_val(u, home, dt, layout_of(home), false);
            u->val[u->of[i]].slot = (int16_t)(p->nleaf + nnum);
            home_cell(g->cell + 64 * nnum++, home, q->num);
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
    if (!p->one && compute_type(rv->dtype) == T_L && rv->type != T_B)
        return false;
    if (p->red) {
        static const struct { uint8_t map, take; } how[RED_OPS] = {
#define IDENTITY 0
#define NONZERO 1
#define UNEQUAL0 2
#define TAKE_COUNT TAKES
#define RED(name, map, take, ...) [RED_##name] = { map, TAKE_##take },
#include "reduce.def"
        };
        int r = p->red - 1;
        g->red = (uint8_t)(r + 1);
        g->take = how[r].take;
        if (how[r].map && rv->layout != D_LOGICAL) {
            int f = as_type(u, root, rv->layout == D_SINGLE ? T_F : T_D, last_node, false);
            if (how[r].map == NONZERO) {
                root = new_val(u, T_B, D_LOGICAL, D_LOGICAL, u->val[f].vec);
                emit(u, kernel_of(EW_nonzero, u->val[f].type, u->val[f].vec ? VV : SS), root, f, f, last_node, 0);
            } else {
                root = as_type(u, f, T_B, last_node, true);
            }
        } else if (!how[r].map) {
            if (rv->layout == D_LOGICAL && (g->take == TAKE_SUM || g->take == TAKE_SUMSQ))
                g->take = TAKES;
            else
                root = as_type(u, root, rv->layout == D_SINGLE ? T_F : T_D, last_node, false);
        }
        g->root_dtype = u->val[root].dtype;
    } else if (!g->all_numbers) {             /* the result in its class */
        int t = rv->type, want = rv->dtype;
        if (rv->layout != want || root < g->nleaf) {
            int d = new_val(u, t, want, want, true);
            ew_kernel *store = t == T_L ? ew_store64[want == D_UINT64] : want == D_LOGICAL ? ew_simd->truth[rv->layout] : ew_simd->store[want];
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
            g->ins[g->nins++] = (struct ew_ins){ c->k, (uint8_t)d->slot, (uint8_t)a->slot, (uint8_t)b->slot,
                                                 (uint8_t)(a->vec || !pass ? (a->layout == 255 ? 16 : dtypes[a->layout].size) : 0),
                                                 (uint8_t)(b->vec || !pass ? (b->layout == 255 ? 16 : dtypes[b->layout].size) : 0), c->node, c->flag };
        }
    g->weight = (uint16_t)(g->weight + g->nvec + 1);
    g->in_place = true;
    for (int i = 0; i < g->nvec; i++)
        g->in_place &= g->class[g->vec[i]] <= LC_COL;
    g->first_buf = (uint8_t)ncell;
    g->root = (uint8_t)u->val[root].slot;
    g->root_type = u->val[root].type;
    if (g->red && g->take == TAKE_SUM && g->nins > g->nscalar && !g->all_numbers) {      /* the last op adds to the accumulators itself */
        const struct ew_ins *z = &g->ins[g->nins - 1];
        if (z->d == g->root && z->sa && z->sb && g->root_type <= T_F)
            for (int op = 0; op < EW_OPS; op++)
                if (z->k == ew_simd->k[op][g->root_type][VV] && ew_simd->k[op][g->root_type][ACC] && !z->flag)
                    g->acc = ew_simd->k[op][g->root_type][ACC];
    }
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
                    from[m] = origin(p, k);
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
static struct ew_prog *specialise(struct plan *p, struct ew_prog *g, const uint64_t *key)
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

/* ---- numbers in cells */
static void home_cell(char *cell, int home, value v)
{
    int dt = value_dtype(v);
    const struct tensor *t = v.kind == K_NUM ? NULL : tensor_of(v);
    switch (home) {
    case T_D: *(double *)cell = t ? element_double(t, 0) : v.num; break;
    case T_F: *(float *)cell = (float)(t ? element_double(t, 0) : v.num); break;
    case T_B: *cell = (t ? element_double(t, 0) : v.num) != 0; break;
    case T_L:
        *(long double *)cell = dt == D_INT64 ? (long double)(t ? *(const i64 *)t->data : v.i) : (long double)(t ? *(const uint64_t *)t->data : v.u);
        break;
    default: memcpy(cell, t->data, ew_size[home]);
    }
}

static value number_value(const struct ew_prog *g, const char *cell, bool keep_complex)      /* owned */
{
    switch (g->root_type) {
    case T_D: return num_of(g->root_dtype, *(const double *)cell);
    case T_F: return num_of(g->root_dtype, *(const float *)cell);
    case T_B: return boolean(*cell);
    case T_L: {
        long double x = *(const long double *)cell;
        value v = { .kind = K_NUM, .dtype = g->root_dtype };
        if (g->root_dtype == D_INT64)
            v.i = (i64)x;
        else
            v.u = (uint64_t)x;
        return v;
    }
    }
    double re, im;
    if (g->root_type == T_C)
        re = ((const double *)cell)[0], im = ((const double *)cell)[1];
    else
        re = ((const float *)cell)[0], im = ((const float *)cell)[1];
    if (im == 0 && !keep_complex)
        return num_of(dtype_real(g->root_dtype), re);
    struct tensor *t = tensor_make(g->root_dtype, 2, (i64[]){ 1, 1 });
    memcpy(t->data, cell, ew_size[g->root_type]);
    return tensor_box(t);
}

/* ---- failures */
static const char *sign_of(int op)
{
    switch (op) {
    case EW_plus: return "+";
    case EW_minus: return "-";
    case EW_times: return ".*";
    case EW_rdivide: return "./";
    case EW_ldivide: return ".\\";
    case EW_power: return ".^";
    case EW_eq: return "==";
    case EW_ne: return "!=";
    case EW_lt: return "<";
    case EW_le: return "<=";
    case EW_gt: return ">";
    case EW_ge: return ">=";
    case EW_and: return "&";
    case EW_or: return "|";
    case EW_uminus: return "-";
    case EW_uplus: return "+";
    case EW_not: return "!";
    }
    return NULL;
}

NORETURN void ew_fail_dims(int op, value a, value b)
{
    char sa[128], sb[128];
    const char *sign = sign_of(op);
    value_shape(a, sa);
    value_shape(b, sb);
    if (sign)
        fail("Octave:nonconformant-args", "\1 %s \2: \1 is %s and \2 is %s but sizes must agree or be 1", sign, sa, sb);
    fail("Octave:nonconformant-args", "%s: \1 is %s and \2 is %s but sizes must agree or be 1", ew_rows[op].name, sa, sb);
}

static NORETURN void fail_kinds(int op, int nargin, const value *arg)
{
    const char *sign = sign_of(op);
    char a[160], b[160];
    value_describe(arg[0], a);
    if (nargin < 2) {
        if (sign)
            fail("Octave:undefined-function", "%s\1: not defined for a %s", sign, a);
        fail("Octave:undefined-function", "%s: not defined for a %s", ew_rows[op].name, a);
    }
    value_describe(arg[1], b);
    if (is_tensor_like(arg[0]) && is_tensor_like(arg[1]) && promote(value_dtype(arg[0]), value_dtype(arg[1])) < 0) {
        const char *one = class_of(arg[0]), *other = class_of(arg[1]);
        if (sign)
            fail("Octave:undefined-function", "\1 %s \2: %s and %s do not mix, convert one of them", sign, one, other);
        fail("Octave:undefined-function", "%s: %s and %s do not mix, convert one of them", ew_rows[op].name, one, other);
    }
    if (sign)
        fail("Octave:undefined-function", "\1 %s \2: not defined for a %s and a %s", sign, a, b);
    fail("Octave:undefined-function", "%s: not defined for a %s and a %s", ew_rows[op].name, a, b);
}

/* ---- running */
struct leaf_info { const struct tensor *t; struct tensor view; const struct range *range; };

static int broadcast(int nd, i64 *dim, int nt, const i64 *td)          /* the new nd, or -1 */
{
    for (int d = 0; d < nt; d++) {
        if (d >= nd) {
            dim[nd++] = td[d];
            continue;
        }
        if (dim[d] == td[d] || td[d] == 1)
            continue;
        if (dim[d] != 1)
            return -1;
        dim[d] = td[d];
    }
    return nd;
}

static int class_of_leaf(const struct tensor *t, int nd, const i64 *dim, bool foreign)
{
    if (t->numel == 1)
        return LC_NUM;
    if (foreign || !(t->flags & T_DENSE))
        return LC_ANY;
    if (dims_equal(t->nd, t->dim, nd, dim))
        return LC_VEC;
    int d = 0;
    while (d < t->nd && t->dim[d] == dim[d])
        d++;
    int rest = d;
    while (rest < t->nd && t->dim[rest] == 1)
        rest++;
    if (d > 0 && rest == t->nd)
        return LC_COL;
    for (d = 0; d < t->nd && t->dim[d] == 1; d++)
        ;
    for (rest = d; rest < nd && rest < t->nd && t->dim[rest] == dim[rest]; rest++)
        ;
    return t->nd == nd && rest == nd ? LC_ROW : LC_ANY;
}

/* What is left of a complex result when all imaginary parts are zero. */
static value narrowed(value v)
{
    if (v.kind != K_TENSOR || !dtype_is(v.t->dtype, DT_C))
        return v;
    int mark = pool_mark();
    struct tensor *t = tensor_narrow(v.t);
    if (t == v.t)
        return v;
    value r = copy(tensor_box(t));
    drop(v);
    pool_release(mark);
    if (r.t->numel == 1) {
        value s = copy(tensor_value(r.t));
        drop(r);
        return s;
    }
    return r;
}

/* A complex part is not to be taken over: a result that narrows is dropped, while the pool has it still. */
static void hold_complex(value v)
{
    if (v.kind == K_TENSOR && dtype_is(v.t->dtype, DT_C))
        keep(copy(v));
}

static value run_steps(struct plan *p, value *reg);
static value run_cut(struct plan *p, struct ew_prog *g, value *reg);
static NORETURN void fail_op(struct plan *p, const value *reg);

/* The numbers of a run, and the part of the program that has only numbers: it runs once, one vector long. */
int ew_cells(const struct plan *p, const struct ew_prog *g, const value *reg, char *cells)
{
    for (int i = 0; i < g->nleaf; i++)
        if ((g->class[i] & 7) == LC_NUM) {
            const value *v = &reg[p->node[p->leaf[i]].a];
            if (likely(v->tag == 0 && g->home[i] == T_D))
                *(double *)(cells + 64 * i) = v->num;
            else
                home_cell(cells + 64 * i, g->home[i], *v);
        }
    if (g->nscalar) {
        char *r[EW_SLOTS];
        for (int i = 0; i < g->first_buf; i++)
            r[i] = cells + 64 * i;
        for (int i = 0; i < g->nnum; i++)
            r[g->nleaf + i] = g->cell + 64 * i;
        for (const struct ew_ins *z = g->ins; z < g->ins + g->nscalar; z++)
            if (unlikely(z->k(r[z->d], r[z->a], r[z->b], 1)) && z->flag)
                return z->flag | z->node << 8;
    }
    return 0;
}

static const char *number_of(const struct ew_prog *g, const char *cells)       /* the cell of a result that is a number */
{
    return g->root >= g->nleaf && g->root < g->nleaf + g->nnum ? g->cell + 64 * (g->root - g->nleaf) : cells + 64 * g->root;
}

/* The commit point lies between the last thing that may fail and ew_run.  Returns an owned value; *bad as ew_run. */
static inline value execute(struct plan *p, struct ew_prog *g, value *reg, struct ew_job *j, int nd, const i64 *dim, int dying, int *bad)
{
    char cells[EW_CELLS * 64] __attribute__((aligned(64)));
    j->p = g;
    j->cells = cells;
    if (unlikely(*bad = ew_cells(p, g, reg, cells)))
        return nil();
    if (unlikely(g->all_numbers))
        return number_value(g, number_of(g, cells), p->one && p->node[p->n - 1].kind == PN_OP && ew_rows[p->node[p->n - 1].op].class == MAKEC);
    j->tail = j->whole = false;
    poll();
    value res;
    if (dying >= 0 && !g->domain && g->in_place && reg[dying].t->dtype == g->root_dtype && dims_equal(reg[dying].t->nd, reg[dying].t->dim, nd, dim)) {
        res = reg[dying];
        reg[dying] = nil();
        res.t->version++;
        j->whole = true;
    } else {
        res = tensor_box(tensor_make(g->root_dtype, nd, dim));
    }
    j->out = res.t->data;
    *bad = ew_run(j);
    if (unlikely(*bad == EW_NO_MEMORY || *bad == EW_STOPPED)) {
        keep(res);
        ew_stop(*bad);
    }
    return res;
}

static value plan_run_any(struct plan *p, value *reg, bool complex);

/* A * b with two tensors that are no scalars: at once.  A 3x3 product spent more on the way than in the loop. */
static bool run_product(struct plan *p, const value *reg, value *y)
{
    const struct plan_node *q = &p->node[2];
    value a = reg[p->node[q->a].a], b = reg[p->node[q->b].a];
    if (a.kind != K_TENSOR || b.kind != K_TENSOR || a.t->numel == 1 || b.t->numel == 1 || a.t->mark || b.t->mark)
        return false;
    int mark = pool_mark();
    fail_node_hint = origin(p, 2);
    *y = copy(matrix_ops[q->op].run(a, b));
    fail_node_hint = -1;
    pool_release(mark);
    return true;
}

value plan_run(struct plan *p, value *reg)
{
    value y;
    if (p->product && run_product(p, reg, &y))
        return y;
    uint64_t key[2] = { 0, 0 };
    struct ew_job j;
    const struct tensor *ref = NULL;
    bool odd = p->big;
    int dying = -1;
    for (int k = 0; k < p->nleaf && !odd; k++) {          /* the plain case in one pass: numbers, dense tensors of one size */
        const struct plan_node *q = &p->node[p->leaf[k]];
        const value v = reg[q->a];
        unsigned b;
        if (v.tag == 0) {
            b = LC_NUM | D_DOUBLE << 4;
        } else if (likely(v.kind == K_TENSOR)) {
            const struct tensor *t = v.t;
            if (t->mark || !(t->flags & T_DENSE) || t->numel == 1 || (t->block && t->block->foreign)) {
                odd = true;
                break;
            }
            if (!ref)
                ref = t;
            else if (t->nd != ref->nd || t->dim[0] != ref->dim[0] || t->dim[1] != ref->dim[1] || (t->nd > 2 && !dims_equal(t->nd, t->dim, ref->nd, ref->dim))) {
                odd = true;
                break;
            }
            b = LC_VEC | t->dtype << 4;
            j.leaf[k].base = t->data;
            if (q->dies && t->h.owners == 1 && t->h.pins == 0 && (!t->block || t->block->owners == 1))
                dying = q->a;
        } else {
            odd = true;
            break;
        }
        key[k / 8] |= (uint64_t)b << (8 * (k % 8));
    }
    if (odd || !ref || p->red || !ew_fused)
        return plan_run_any(p, reg, false);
    struct ew_prog *g = p->last;
    if (unlikely(!g || g->key[0] != key[0] || g->key[1] != key[1]))
        return plan_run_any(p, reg, false);
    if (unlikely(g->mode != EW_FUSED))
        return plan_run_any(p, reg, false);
    int bad = 0;
    j.n = ref->numel;
    value r = execute(p, g, reg, &j, ref->nd, ref->dim, dying, &bad);
    if (unlikely(bad)) {
        drop(r);
        return plan_run_any(p, reg, false);   /* finds the same again, and does what is to be done */
    }
    if (unlikely(g->root_type >= T_C) && ew_rows[p->node[p->n - 1].op].class != MAKEC)
        return narrowed(r);
    return r;
}

/* Every other case. */
static value plan_run_any(struct plan *p, value *reg, bool complex)
{
    int mark = pool_mark(), nd = 2, dying = -1;
    struct ew_job j;
    const struct tensor *leaf[EW_LEAVES];
    i64 dim[MAX_DIMS] = { 1, 1 }, *strides = NULL;
    uint64_t key[2] = { 0, 0 };
    bool clash = false, tracked = false;
    for (int i = 0; i < p->n; i++)
        if (p->node[i].kind == PN_LEAF) {
            const value v = reg[p->node[i].a];
            if ((v.kind == K_TENSOR && v.t->mark) || (v.kind == K_WINDOW && v.w->base->mark))
                tracked = true;
            if (!is_tensor_like(v) && !p->big)
                clash = true;
        }
    value taped;
    if (tracked && RECORDING && RECORDING->plan(p, reg, &taped))
        return taped;
    if (p->big || clash || (!ew_fused && !p->one && p->n > 3))
        return run_steps(p, reg);
    for (int k = 0; k < p->nleaf; k++) {
        const struct plan_node *q = &p->node[p->leaf[k]];
        value v = reg[q->a];
        leaf[k] = NULL;
        j.leaf[k].range = NULL;
        if (v.kind == K_NUM)
            continue;
        if (v.kind == K_RANGE) {
            j.leaf[k].range = v.range;
            nd = broadcast(nd, dim, 2, (i64[]){ 1, v.range->n });
        } else {
            leaf[k] = v.kind == K_TENSOR ? v.t : tensor_of(v);
            nd = broadcast(nd, dim, leaf[k]->nd, leaf[k]->dim);
        }
        if (nd < 0) {
            pool_release(mark);
            return run_steps(p, reg);         /* finds the operator and names its operands; or a matrix operator makes it right */
        }
    }
    i64 n = dims_numel(nd, dim);
    for (int k = 0; k < p->nleaf; k++) {
        const struct plan_node *q = &p->node[p->leaf[k]];
        value v = reg[q->a];
        unsigned b = 0;
        if (v.kind == K_NUM) {
            b = LC_NUM | v.dtype << 4;
        } else if (j.leaf[k].range) {
            const struct range *r = j.leaf[k].range;
            if (r->n == n && n != 1 && nd == 2 && dim[0] == 1) {
                b = LC_RANGE | D_DOUBLE << 4;
            } else {
                leaf[k] = tensor_of(v);
                j.leaf[k].range = NULL;
            }
        }
        if (leaf[k]) {
            const struct tensor *t = leaf[k];
            int c = class_of_leaf(t, nd, dim, t->block && t->block->foreign);
            b = (unsigned)c | t->dtype << 4;
            if (c == LC_VEC && q->dies && v.kind == K_TENSOR && t->h.owners == 1 && t->h.pins == 0 && !t->mark && (!t->block || (t->block->owners == 1 && !t->block->foreign)))
                dying = q->a;
        }
        key[k / 8] |= (uint64_t)(b | (complex ? LC_COMPLEX : 0)) << (8 * (k % 8));
    }
    struct ew_prog *g = p->last;
    if (!g || g->key[0] != key[0] || g->key[1] != key[1]) {
        for (g = p->progs; g && (g->key[0] != key[0] || g->key[1] != key[1]); g = g->next)
            ;
        if (!g || g->mode == EW_NEW)
            g = specialise(p, g, key);
        p->last = g;
    }
    if (g->mode == EW_CUT) {
        value r = run_cut(p, g, reg);
        pool_release(mark);
        return r;
    }
    if (g->mode == EW_STEPS) {
        pool_release(mark);
        return run_steps(p, reg);
    }
    j.n = n;
    if (n && !g->all_numbers)
        for (int i = 0; i < g->nvec; i++) {
            int v = g->vec[i], c = g->class[v] & 7;
            struct ew_leaf *l = &j.leaf[v];
            const struct tensor *t = leaf[v];
            if (!t)
                continue;
            l->base = t->data;
            if (c == LC_COL) {
                enum { WRAP = 4096 + 256 };
                size_t R = (size_t)t->numel * g->size[v], len = R + WRAP;
                char *m = scratch(len);
                memcpy(m, t->data, R);
                for (size_t at = R; at < len; at += R)
                    memcpy(m + at, m, MIN(R, len - at));
                l->base = m;
                l->period = t->numel;
            } else if (c == LC_ROW) {
                l->period = n / t->numel;
            } else if (c == LC_ANY) {
                /* the result's sizes and this leaf's strides; neighbours that go on are merged */
                strides = scratch(2 * sizeof(i64) * MAX_DIMS);
                i64 *md = strides, *ms = strides + MAX_DIMS;
                int m = 0;
                for (int d = 0; d < nd; d++) {
                    i64 s = d < t->nd && t->dim[d] != 1 ? t->stride[d] : 0;
                    if (dim[d] == 1 && m)
                        continue;
                    if (m && ms[m - 1] * md[m - 1] == s) {
                        md[m - 1] *= dim[d];
                    } else {
                        md[m] = dim[d];
                        ms[m++] = s;
                    }
                }
                l->dim = md;
                l->stride = ms;
                l->nd = m;
            }
        }
    int bad = 0;
    value r;
    if (g->red) {
        const struct plan_node *q = &p->node[p->n - 1];
        int along = 0;
        if (q->b >= 0) {
            value d = p->node[q->b].kind == PN_NUM ? p->node[q->b].num : reg[p->node[q->b].a];
            along = reduce_dim(q->op, d);
        }
        r = ew_reduced(p, g, &j, reg, nd, dim, along, &bad);
    } else {
        r = execute(p, g, reg, &j, nd, dim, dying, &bad);
    }
    if (!bad) {
        if (!g->red && ew_rows[p->node[p->n - 1].op].class != MAKEC)
            r = narrowed(r);
        pool_release(mark);
        return r;
    }
    drop(r);
    pool_release(mark);
    if (!p->one)
        return run_steps(p, reg);
    int op = p->node[p->n - 1].op;
    if ((bad & 255) == 2)
        fail("Octave:bad-input", "%s: NaN is neither true nor false", sign_of(op) ? sign_of(op) : ew_rows[op].name);
    if (!ew_rows[op].complex) {
        if (op == EW_nthroot)
            fail("Octave:bad-input", "nthroot: n must be an odd integer where x is negative");
        if (op == EW_gcd || op == EW_lcm)
            fail("Octave:bad-input", "%s: all values must be integers", ew_rows[op].name);
        fail("Octave:bad-input", "%s: the result is complex", ew_rows[op].name);
    }
    if (!p->nleaf) {                          /* constants alone: no leaf whose key could say that this is the complex run */
        const struct plan_node *q = &p->node[p->n - 1];
        value arg[2] = { p->node[q->a].num, q->b >= 0 ? p->node[q->b].num : nil() };
        value r = copy(ew_apply(op, q->b >= 0 ? 2 : 1, arg));
        pool_release(mark);
        return r;
    }
    return plan_run_any(p, reg, true);
}

/* ---- op by op */
struct state { struct plan *single[EW_OPS], *reduce[RED_OPS][2]; };

static void state_free(void)
{
    struct state *s = *context_room(ROOM_EW);
    for (int i = 0; i < EW_OPS; i++)
        plan_free(s->single[i]);
    for (int i = 0; i < RED_OPS; i++)
        for (int k = 0; k < 2; k++)
            plan_free(s->reduce[i][k]);
    memory_free(s, sizeof *s);
}

static struct state *state(void)
{
    void **room = context_room(ROOM_EW);
    if (!*room) {
        *room = memset(memory_get(sizeof(struct state)), 0, sizeof(struct state));
        context_at_exit(state_free);
    }
    return *room;
}

value ew_op(int op, int nargin, const value *arg)
{
    struct state *s = state();
    if (!s->single[op]) {
        struct plan_node node[3] = { { .kind = PN_LEAF, .a = 0, .b = -1 }, { .kind = PN_LEAF, .a = 1, .b = -1 } };
        int n = ew_rows[op].args;
        node[n] = (struct plan_node){ .kind = PN_OP, .op = (uint16_t)op, .a = 0, .b = n > 1 ? 1 : -1 };
        s->single[op] = plan_new(n + 1, node);
    }
    value reg[2] = { arg[0], nargin > 1 ? arg[1] : nil() };
    return plan_run(s->single[op], reg);
}

struct plan *ew_reducer(int op, bool dim)     /* the plan of a reducer alone */
{
    struct state *s = state();
    if (!s->reduce[op][dim]) {
        struct plan_node node[3] = { { .kind = PN_LEAF, .a = 0, .b = -1 }, { .kind = PN_LEAF, .a = 1, .b = -1 } };
        node[1 + dim] = (struct plan_node){ .kind = PN_REDUCE, .op = (uint16_t)op, .a = 0, .b = dim ? 1 : -1 };
        s->reduce[op][dim] = plan_new(2 + dim, node);
    }
    return s->reduce[op][dim];
}

/* Why a single op cannot be done. */
static NORETURN void fail_op(struct plan *p, const value *reg)
{
    const struct plan_node *q = &p->node[p->n - 1];
    int op = q->op, args = ew_rows[op].args;
    value arg[2];
    for (int i = 0; i < args; i++) {
        const struct plan_node *z = &p->node[i ? q->b : q->a];
        arg[i] = z->kind == PN_NUM ? z->num : reg[z->a];
    }
    for (int i = 0; i < args; i++)
        if (!is_tensor_like(arg[i]))
            fail_kinds(op, args, arg);
    if (args == 2) {
        i64 dim[MAX_DIMS], other[MAX_DIMS];
        int nd = value_dims(arg[0], dim), no = value_dims(arg[1], other);
        if (broadcast(nd, dim, no, other) < 0)
            ew_fail_dims(op, arg[0], arg[1]);
    }
    for (int i = 0; i < args; i++)
        if (dtype_is(value_dtype(arg[i]), DT_C) && !ew_rows[op].complex)
            fail("Octave:undefined-function", "%s: not defined for complex numbers", ew_rows[op].name);
    fail_kinds(op, args, arg);
}

static value run_steps(struct plan *p, value *reg)
{
    if (p->one)
        fail_op(p, reg);
    int mark = pool_mark();
    value *v = scratch(sizeof *v * (size_t)p->n), arg[2];
    for (int i = 0; i < p->n; i++) {
        const struct plan_node *q = &p->node[i];
        if (q->kind == PN_LEAF) {
            v[i] = reg[q->a];
            continue;
        }
        if (q->kind == PN_NUM) {
            v[i] = q->num;
            continue;
        }
        arg[0] = v[q->a];
        arg[1] = q->b >= 0 ? v[q->b] : nil();
        poll();
        fail_node_hint = origin(p, i);
        if (q->kind == PN_OP)
            v[i] = keep(ew_op(q->op, ew_rows[q->op].args, arg));
        else if (q->kind == PN_MATRIX)
            v[i] = matrix_apply(q->op, arg[0], arg[1]);
        else
            v[i] = reduce_apply(q->op, arg[0], q->b >= 0 ? reduce_dim(q->op, arg[1]) : 0);
        fail_node_hint = -1;
    }
    value r = copy(v[p->n - 1]);
    pool_release(mark);
    return r;
}

static value run_cut(struct plan *p, struct ew_prog *g, value *reg)
{
    int mark = pool_mark();
    value *v = scratch(sizeof *v * (size_t)p->n);
    for (int i = 0; i < p->n; i++)
        v[i] = p->node[i].kind == PN_LEAF ? reg[p->node[i].a] : p->node[i].kind == PN_NUM ? p->node[i].num : nil();
    for (int s = 0; s < g->cut->n; s++) {
        int i = g->cut->step[s].node;
        struct plan *sub = g->cut->step[s].plan;
        poll();
        if (sub) {
            v[i] = plan_run(sub, v);
            if (is_counted(v[i]) && !pool_holds(mark, v[i]))          /* it may have taken over a product, which the pool has */
                keep(v[i]);
            hold_complex(v[i]);
            continue;
        }
        fail_node_hint = origin(p, i);
        v[i] = matrix_apply(p->node[i].op, v[p->node[i].a], p->node[i].b >= 0 ? v[p->node[i].b] : nil());
        fail_node_hint = -1;
        hold_complex(v[i]);
    }
    value r = copy(v[p->n - 1]);
    pool_release(mark);
    return r;
}

/* ---- matrix operators */
value matrix_apply(int op, value a, value b)
{
    bool sa = is_tensor_like(a) && value_numel(a) == 1, sb = is_tensor_like(b) && value_numel(b) == 1;
    value arg[2] = { a, b }, taped;
    if (unlikely(RECORDING && RECORDING->matrix(op, arg, &taped)))
        return taped;
    switch (op) {
    case MX_MTIMES:
        if (!sa && !sb)
            break;
        return keep(ew_op(EW_times, 2, arg));
    case MX_MRDIVIDE:
        if (!sb)
            break;
        return keep(ew_op(EW_rdivide, 2, arg));
    case MX_MLDIVIDE:
        if (!sa)
            break;
        return keep(ew_op(EW_ldivide, 2, arg));
    case MX_MPOWER:
        if (!sa || !sb)
            break;
        return keep(ew_op(EW_power, 2, arg));
    default:
        if (sa)
            return dtype_is(value_dtype(a), DT_C) && op == MX_CTRANSPOSE ? keep(ew_op(EW_conj, 1, arg)) : a;
    }
    return matrix_ops[op].run(a, b);
}
