/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.c: keeps plans and chooses how a run goes.
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
#include "gpu.h"
#include "sparse.h"
#include <math.h>
#include <stdlib.h>

const struct ew_simd *ew_simd = &ew_simd128;
int ew_threads = 1;
bool ew_fused = true;
uint8_t ew_shadowed[EW_OPS], reduce_shadowed[RED_OPS];

int simd_bits(void)
{
    const char *most = getenv("TL_SIMD");
    int bits = most ? atoi(most) : 512;
    (void)bits;
#ifdef HAVE_EW_512
    if (bits >= 512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
        return 512;
#endif
#ifdef HAVE_EW_256
    if (bits >= 256 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
        return 256;
#endif
    return 128;
}

__attribute__((constructor)) static void choose(void)
{
    int bits = simd_bits();
    (void)bits;
#ifdef HAVE_EW_256
    if (bits == 256)
        ew_simd = &ew_simd256;
#endif
#ifdef HAVE_EW_512
    if (bits == 512)
        ew_simd = &ew_simd512;
#endif
#ifdef TL_OPENMP
    extern int omp_get_max_threads(void);   /* OMP_NUM_THREADS, else cores */
    ew_threads = omp_get_max_threads();
#endif
}

/* ---- making */
struct plan *plan_new(int n, const struct plan_node *node)
{
    struct plan *p =
        memory_get(sizeof *p + (sizeof *node + sizeof(int)) * (size_t)n); /* one piece: nothing is lost when it fails */
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
    p->product = n == 3 && node[2].kind == PN_MATRIX && node[0].kind == PN_LEAF && node[1].kind == PN_LEAF;
    return p;
}

void prog_empty(struct ew_prog *g)
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

/* ---- numbers in cells */
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
const char *ew_sign(int op)
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

static bool is_text(value v) { return is_tensor_like(v) && value_dtype(v) == D_CHAR; }

/* Would the transpose of b go with a?  Two vectors that would make a matrix do not count. */
static bool fits_turned(value a, value b)
{
    i64 d[MAX_DIMS], e[MAX_DIMS];
    if (value_dims(a, d) != 2 || value_dims(b, e) != 2)
        return false;
    bool grows_a = (d[0] == 1 && e[1] != 1) || (d[1] == 1 && e[0] != 1),
         grows_b = (e[1] == 1 && d[0] != 1) || (e[0] == 1 && d[1] != 1);
    return (d[0] == e[1] || d[0] == 1 || e[1] == 1) && (d[1] == e[0] || d[1] == 1 || e[0] == 1) && !(grows_a && grows_b);
}

NORETURN void ew_fail_dims(int op, value a, value b)
{
    char sa[128], sb[128];
    const char *sign = ew_sign(op);
    value_shape(a, sa);
    value_shape(b, sb);
    char hint[80] = "";
    if (op == EW_plus && is_text(a) && is_text(b))
        strcpy(hint, "\nhint: [\1, \2] joins texts");
    else if ((op == EW_eq || op == EW_ne) && is_text(a) && is_text(b))
        snprintf(hint, sizeof hint, "\nhint: %sstrcmp(\1, \2) compares texts as a whole", op == EW_ne ? "!" : "");
    else if (sign && fits_turned(a, b))
        snprintf(hint, sizeof hint, "\nhint: \1 %s \2' fits", sign);
    else if (sign && fits_turned(b, a))
        snprintf(hint, sizeof hint, "\nhint: \1' %s \2 fits", sign);
    if (sign)
        fail("Octave:nonconformant-args", "\1 %s \2: \1 is %s and \2 is %s but sizes must agree or be 1%s", sign, sa,
             sb, hint);
    fail("Octave:nonconformant-args", "%s: \1 is %s and \2 is %s but sizes must agree or be 1", ew_rows[op].name, sa, sb);
}

static NORETURN void fail_kinds(int op, int nargin, const value *arg)
{
    const char *sign = ew_sign(op);
    char a[160], b[160], said[120];
    value_describe(arg[0], a);
    if (nargin < 2) {
        if (sign)
            fail("Octave:undefined-function", "%s\1: not defined for a %s", sign, a);
        if (arg[0].kind == K_CELL)
            fail("Octave:undefined-function",
                 "%s: not defined for a %s\nhint: c{i} is the content of a cell; cellfun(@%s, c) goes through all",
                 ew_rows[op].name, a, ew_rows[op].name);
        fail("Octave:undefined-function", "%s: not defined for a %s", ew_rows[op].name, a);
    }
    value_describe(arg[1], b);
    if (is_tensor_like(arg[0]) && is_tensor_like(arg[1]) && promote(value_dtype(arg[0]), value_dtype(arg[1])) < 0) {
        const char *one = class_of(arg[0]), *other = class_of(arg[1]);
        if (sign)
            fail("Octave:undefined-function", "\1 %s \2: %s and %s do not mix, convert one of them", sign, one, other);
        fail("Octave:undefined-function", "%s: %s and %s do not mix, convert one of them", ew_rows[op].name, one, other);
    }
    static const struct { uint8_t kind; const char *hint; } meant[] = {
        { K_CELL, "c(i) of a cell is a cell again, c{i} is its content" }, { K_STRUCT, "s.name is a struct's field" },
        { K_FUNC, "f(x) calls a function, and @(x) f(x) + 1 makes a new one" } };
    const char *hint = "";
    for (int i = 0; i < COUNT(meant); i++)
        if (arg[0].kind == meant[i].kind || arg[1].kind == meant[i].kind) {
            snprintf(said, sizeof said, "\nhint: %s", meant[i].hint);
            hint = said;
            break;
        }
    if (sign)
        fail("Octave:undefined-function", "\1 %s \2: not defined for a %s and a %s%s", sign, a, b, hint);
    fail("Octave:undefined-function", "%s: not defined for a %s and a %s", ew_rows[op].name, a, b);
}

/* ---- running */
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
    bool ours = !pool_holds(0, v);            /* else it was taken over from a product, whose owner is the pool */
    if (ours)
        keep(v);                              /* narrowing may fail */
    struct tensor *t = tensor_narrow(v.t);
    value r = v;
    if (t != v.t)
        r = copy(t->numel == 1 ? tensor_value(t) : tensor_box(t));
    else if (ours)
        v.o->owners++;
    pool_release(mark);
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
                ew_home_cell(cells + 64 * i, g->home[i], *v);
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
static inline value execute(struct plan *p, struct ew_prog *g, value *reg, struct ew_job *j, int nd, const i64 *dim,
                            int dying, int *bad)
{
    char cells[EW_CELLS * 64] __attribute__((aligned(64)));
    j->p = g;
    j->cells = cells;
    if (unlikely(*bad = ew_cells(p, g, reg, cells)))
        return nil();
    if (unlikely(g->all_numbers))
        return number_value(g, number_of(g, cells),
                            p->one && p->node[p->n - 1].kind == PN_OP && ew_rows[p->node[p->n - 1].op].class == MAKEC);
    j->tail = j->whole = false;
    poll();
    value res;
    if (dying >= 0 && !g->domain && g->in_place && reg[dying].t->dtype == g->root_dtype &&
        dims_equal(reg[dying].t->nd, reg[dying].t->dim, nd, dim)) {
        res = reg[dying];
        reg[dying] = nil();
        res.t->version++;
        j->whole = true;
    } else if (unlikely(p->into != NULL) && !g->domain && g->in_place && p->into->dtype == g->root_dtype &&
               dims_equal(p->into->nd, p->into->dim, nd, dim)) {
        res = copy(tensor_box(p->into));
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
            else if (t->nd != ref->nd || t->dim[0] != ref->dim[0] || t->dim[1] != ref->dim[1] ||
                     (t->nd > 2 && !dims_equal(t->nd, t->dim, ref->nd, ref->dim))) {
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

value plan_run_into(struct plan *p, value *reg, struct tensor *into)
{
    p->into = into && (into->flags & T_DENSE) ? into : NULL;       /* what an error left there is gone */
    value y = plan_run(p, reg);
    p->into = NULL;
    return y;
}

static void wrap(char *m, size_t R, size_t len)          /* what stands in the first R bytes again and again */
{
    for (size_t at = R; at < len; at += R)
        memcpy(m + at, m, MIN(R, len - at));
}

static void reciprocals(const double *b, double *y,
                        i64 n) /* for by_column: NaN where the quotient might leave the normal range */
{
    for (i64 i = 0; i < n; i++)
        y[i] = fabs(b[i]) >= 0x1p-100 && fabs(b[i]) <= 0x1p100 ? 1 / b[i] : NAN;
}

/* Every other case. */
static value plan_run_any(struct plan *p, value *reg, bool complex)
{
    int mark = pool_mark(), nd = 2, dying = -1;
    struct ew_job j;
    const struct tensor *leaf[EW_LEAVES];
    i64 dim[MAX_DIMS] = { 1, 1 }, *strides = NULL;
    uint64_t key[2] = { 0, 0 };
    bool clash = false, tracked = false, there = false;
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
            leaf[k] = v.kind == K_TENSOR ? v.t : tensor_any(v);
            there |= leaf[k]->device;
            nd = broadcast(nd, dim, leaf[k]->nd, leaf[k]->dim);
        }
        if (nd < 0) {
            pool_release(mark);
            return run_steps(p,
                             reg); /* finds the operator and names its operands; or a matrix operator makes it right */
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
            if (c == LC_VEC && q->dies && v.kind == K_TENSOR && t->h.owners == 1 && t->h.pins == 0 && !t->mark &&
                (!t->block || (t->block->owners == 1 && !t->block->foreign)))
                dying = q->a;
        }
        key[k / 8] |= (uint64_t)(b | (complex ? LC_COMPLEX : 0)) << (8 * (k % 8));
    }
    struct ew_prog *g = p->last;
    if (!g || g->key[0] != key[0] || g->key[1] != key[1]) {
        for (g = p->progs; g && (g->key[0] != key[0] || g->key[1] != key[1]); g = g->next)
            ;
        if (!g || g->mode == EW_NEW)
            g = plan_specialise(p, g, key);
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
    if (unlikely(there)) {
        value r = gpu_plan(p, reg, nd, dim);
        pool_release(mark);
        return is_nil(r) ? run_steps(p, reg) : r;
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
                enum { WRAP = EW_WIDEST + 256 };
                size_t R = (size_t)t->numel * g->size[v], len = R + WRAP;
                bool quotient = g->quotient && g->ins[g->quotient - 1].b == v && len <= EW_BESIDE && n / t->numel >= 8;
                char *m = scratch(quotient ? EW_BESIDE + len : len);
                memcpy(m, t->data, R);
                wrap(m, R, len);
                if (g->quotient && g->ins[g->quotient - 1].b == v)
                    g->ins[g->quotient - 1].k = quotient ? ew_simd->by_column : ew_simd->k[EW_rdivide][T_D][VV];
                if (quotient) {
                    reciprocals((const double *)m, (double *)(m + EW_BESIDE), t->numel);
                    wrap(m + EW_BESIDE, R, len);
                }
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
        fail("Octave:bad-input", "%s: NaN is neither true nor false", ew_sign(op) ? ew_sign(op) : ew_rows[op].name);
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
struct state { struct plan *single[EW_OPS], *reduce[RED_OPS][2], *deviation; };

static void state_free(void)
{
    struct state *s = *context_room(ROOM_EW);
    for (int i = 0; i < EW_OPS; i++)
        plan_free(s->single[i]);
    for (int i = 0; i < RED_OPS; i++)
        for (int k = 0; k < 2; k++)
            plan_free(s->reduce[i][k]);
    plan_free(s->deviation);
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

struct plan *ew_deviation(void)
{
    struct state *s = state();
    if (!s->deviation)
        s->deviation = plan_new(5, (struct plan_node[]){ { .kind = PN_LEAF, .a = 0, .b = -1 },
                                                         { .kind = PN_LEAF, .a = 1, .b = -1 },
                                                         { .kind = PN_OP, .op = EW_minus, .a = 0, .b = 1 },
                                                         { .kind = PN_LEAF, .a = 2, .b = -1 },
                                                         { .kind = PN_REDUCE, .op = RED_sumsq, .a = 2, .b = 3 } });
    return s->deviation;
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

/* Functions of complex numbers that are written in the language, without derivatives; NIL: there is none, or the
 * argument is not complex. */
static value complex_by_script(int op, value x)
{
    static const struct {
        int op;
        const char *script;
    } known[] = { { EW_erf, "erf_complex" }, { EW_erfc, "erfc_complex" }, { EW_psi, "psi_complex" } };
    for (int i = 0; i < COUNT(known) && hooks()->function_named && !RECORDING && is_tensor_like(x) &&
                    dtype_is(value_dtype(x), DT_C);
         i++)
        if (known[i].op == op) {
            value f = hooks()->function_named(known[i].script);
            return is_nil(f) ? f : call_function1(f, 1, &x);
        }
    return nil();
}

static value run_steps(struct plan *p, value *reg)
{
    if (p->one) {
        const struct plan_node *q = &p->node[p->n - 1], *a = &p->node[q->a], *b = q->b >= 0 ? &p->node[q->b] : NULL;
        value arg[2] = { a->kind == PN_NUM ? a->num : reg[a->a], !b ? nil() : b->kind == PN_NUM ? b->num : reg[b->a] };
        if (sparse_among(2, arg))
            return copy(sparse_elementwise(q->op, ew_rows[q->op].args, arg));
        for (int i = 0; i < ew_rows[q->op].args; i++)
            if (arg[i].kind == K_OBJECT && arg[i].inst->class->operate) {
                value y = arg[i].inst->class->operate(q->op, ew_rows[q->op].args, arg);
                if (!is_nil(y))
                    return copy(y);
            }
        if (ew_rows[q->op].args == 1) {
            value y = complex_by_script(q->op, arg[0]);
            if (!is_nil(y))
                return copy(y);
        }
        fail_op(p, reg);
    }
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
        poll();
        fail_node_hint = origin(p, i);
        if (q->kind == PN_MATRIX && q->op >= MX_CTRANSPOSE && v[q->a].kind == K_SPARSE) {
            v[i] = nil();                     /* S' waits for its use: S' * x goes through the columns of S */
            fail_node_hint = -1;
            continue;
        }
        if (q->kind == PN_MATRIX && q->op == MX_MTIMES && is_nil(v[q->a]) &&
            sparse_takes_turned(v[p->node[q->a].a], v[q->b])) {
            v[i] = sparse_turned_times(v[p->node[q->a].a], p->node[q->a].op == MX_CTRANSPOSE, v[q->b]);
            fail_node_hint = -1;
            continue;
        }
        for (int k = 0; k < 2; k++) {
            int from = k ? q->b : q->a;
            if (from >= 0 && is_nil(v[from]) && p->node[from].kind == PN_MATRIX)
                v[from] = matrix_apply(p->node[from].op, v[p->node[from].a], nil());
            arg[k] = from >= 0 ? v[from] : nil();
        }
        if (q->kind == PN_OP)
            v[i] = keep(ew_op(q->op, ew_rows[q->op].args, arg));
        else if (q->kind == PN_MATRIX)
            v[i] = matrix_apply(q->op, arg[0], arg[1]);
        else
            v[i] = reduce_apply(q->op, arg[0], q->b >= 0 ? reduce_dim(q->op, arg[1]) : 0);
        fail_node_hint = -1;
    }
    if (is_nil(v[p->n - 1]))
        v[p->n - 1] = matrix_apply(p->node[p->n - 1].op, v[p->node[p->n - 1].a], nil());
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
            if (is_counted(v[i]) && !pool_holds(mark, v[i])) /* it may have taken over a product, which the pool has */
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
    bool sparse = a.kind == K_SPARSE || b.kind == K_SPARSE;
    if (unlikely(RECORDING && RECORDING->matrix(op, arg, &taped)))
        return taped;
    if (unlikely(sparse))
        return sparse_matrix(op, a, b);
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
