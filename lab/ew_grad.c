/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_grad.c: the derivative of a plan is a plan.
 *
 * The backward plan holds the nodes of the forward one (what lies between the kept inputs and the result is computed
 * again, in cache) and behind them the adjoints, made by the da and db columns of ops.def and reduce.def.  What the
 * wanted adjoint does not need is left out.  So gradients fuse, run wherever plans run, and differentiate again. */
#include "ew.h"
#include "plan.h"

struct maker { struct plan_node *node; int n; bool complex; };

static int add(struct maker *w, struct plan_node q)
{
    w->node[w->n] = q;
    return w->n++;
}
static int number(struct maker *w, double x)
{
    return add(w, (struct plan_node){ .kind = PN_NUM, .a = -1, .b = -1, .num = num(x) });
}
static int imaginary_unit(struct maker *w)
{
    struct tensor *i = tensor_2d(D_CDOUBLE, 1, 1);
    memcpy(i->data, (double[2]){ 0, 1 }, 2 * sizeof(double));
    return add(w, (struct plan_node){ .kind = PN_NUM, .a = -1, .b = -1, .num = tensor_box(i) });
}
static int one(struct maker *w, int op, int a)
{
    return add(w, (struct plan_node){ .kind = PN_OP, .op = (uint16_t)op, .a = a, .b = -1 });
}
static int two(struct maker *w, int op, int a, int b)
{
    return add(w, (struct plan_node){ .kind = PN_OP, .op = (uint16_t)op, .a = a, .b = b });
}

/* The columns' vocabulary (ops.def). */
#define N(x) number(w, x)
#define NI imaginary_unit(w)
#define C(x) (w->complex ? one(w, EW_conj, x) : (x))
#define NEG(x) one(w, EW_uminus, x)
#define ADD(x, z) two(w, EW_plus, x, z)
#define SUB(x, z) two(w, EW_minus, x, z)
#define MUL(x, z) two(w, EW_times, x, z)
#define DIV(x, z) two(w, EW_rdivide, x, z)
#define POWER(x, z) two(w, EW_power, x, z)
#define F1(name, x) one(w, EW_##name, x)
#define F2(name, x, z) two(w, EW_##name, x, z)
#define NOGRAD -1
#define IF_COMPLEX(x) (w->complex ? (x) : NOGRAD)
enum { MOST_NODES = 24 };                     /* that one column makes */

static int derivative(struct maker *w, int op, bool second, int a, int b, int y, int g)
{
    (void)a, (void)b, (void)y, (void)g;
    switch (op) {
#define OP1(name, class, body, cbody, domain, da, help) case EW_##name: return da;
#define OP2(name, class, body, cbody, domain, da, db, help) case EW_##name: return second ? (db) : (da);
#define TEST1(...)
#define TEST2(...)
#define BYTE1(...)
#define BYTE2(...)
#define ALIAS(...)
#include "ops.def"
    }
    return -1;
}

static int derivative_of_reduction(struct maker *w, int op, int a, int y, int g, int n)
{
    (void)a, (void)y, (void)n;
    switch (op) {
#define RED(name, map, take, after, da, help) case RED_##name: return da;
#include "reduce.def"
    }
    return -1;
}

/* How many elements the reducer joins into one: the sizes of what it reads follow from the leaves. */
static double joined(const struct plan_node *q, int n, const value *reg)
{
    i64 dim[MAX_DIMS], d[MAX_DIMS];
    int nd = 2, along = 0;
    dim[0] = dim[1] = 1;
    for (int i = 0; i < n - 1; i++) {
        if (q[i].kind != PN_LEAF || i == q[n - 1].b)
            continue;
        int k = value_dims(reg[q[i].a], d);
        for (int j = nd; j < k; j++)
            dim[j] = 1;
        nd = MAX(nd, k);
        for (int j = 0; j < k; j++)
            if (d[j] != 1)
                dim[j] = d[j];
    }
    if (q[n - 1].b >= 0) {
        const struct plan_node *z = &q[q[n - 1].b];
        along = (int)element_double(tensor_of(z->kind == PN_NUM ? z->num : reg[z->a]), 0) - 1;
    } else {
        while (along < nd - 1 && dim[along] == 1)
            along++;
        if (dim[along] == 1)
            along = 0;
    }
    return along < nd ? (double)dim[along] : 1;
}

static struct plan *pruned(struct plan_node *node, int root)          /* only what root needs, root last */
{
    int *at = scratch(sizeof(int) * (size_t)(root + 1)), n = 0;
    bool *used = scratch((size_t)(root + 1));
    memset(used, 0, (size_t)(root + 1));
    used[root] = true;
    for (int i = root; i >= 0; i--)
        if (used[i] && node[i].kind > PN_NUM) {
            used[node[i].a] = true;
            if (node[i].b >= 0)
                used[node[i].b] = true;
        }
    for (int i = 0; i <= root; i++) {
        if (!used[i])
            continue;
        struct plan_node q = node[i];
        if (q.kind > PN_NUM) {
            q.a = at[q.a];
            q.b = q.b >= 0 ? at[q.b] : -1;
        }
        at[i] = n;
        node[n++] = q;
    }
    return plan_new(n, node);
}

struct plan *plan_grad(const struct plan *p, int want, int g, int y, const value *reg)
{
    const struct plan_node *q;
    int n = plan_nodes(p, &q), root = n - 1, mark = pool_mark();
    struct maker w = { .node = scratch(sizeof *q * (size_t)(n + 4 + n * (2 * MOST_NODES + 2))) };
    int *adjoint = scratch(sizeof(int) * (size_t)n);
    bool *leads = scratch((size_t)n), leaves_reals = false;       /* leads to the wanted leaf */
    for (int i = 0; i < n; i++) {
        adjoint[i] = -1;
        leads[i] = i == want || (q[i].kind > PN_NUM && (leads[q[i].a] || (q[i].b >= 0 && leads[q[i].b])));
        if (q[i].kind == PN_LEAF)
            w.complex |= dtype_is(value_dtype(reg[q[i].a]), DT_C);
        else if (q[i].kind == PN_NUM)
            w.complex |= dtype_is(value_dtype(q[i].num), DT_C);
        struct plan_node z = q[i];
        z.dies = 0;
        add(&w, z);
        if (q[i].kind == PN_OP) { /* a step inside may be complex though nothing outside is: real(log(complex(a, b))),
                                     imag(sqrt(a)) */
            w.complex |= q[i].op == EW_complex || (leaves_reals && ew_real_of_complex(q[i].op));
            leaves_reals |= ew_rows[q[i].op].domain;
        }
    }
    w.complex |= dtype_is(value_dtype(reg[g]), DT_C);
    /* the result is kept: read it instead of computing it again */
    w.node[root] = (struct plan_node){ .kind = PN_LEAF, .a = y, .b = -1 };
    adjoint[root] = add(&w, (struct plan_node){ .kind = PN_LEAF, .a = g, .b = -1 });
    for (int i = root; i >= 0 && leads[root]; i--) {
        if (!leads[i] || adjoint[i] < 0 || q[i].kind <= PN_NUM)
            continue;
        for (int k = 0; k < 2; k++) {
            int to = k ? q[i].b : q[i].a;
            if (to < 0 || !leads[to] || (k && q[i].kind == PN_REDUCE))
                continue;
            int d = q[i].kind == PN_REDUCE
                        ? derivative_of_reduction(&w, q[i].op, q[i].a, i, adjoint[i], number(&w, joined(q, n, reg)))
                        : derivative(&w, q[i].op, k, q[i].a, q[i].b, i, adjoint[i]);
            if (d >= 0)
                adjoint[to] = adjoint[to] < 0 ? d : two(&w, EW_plus, adjoint[to], d);
        }
    }
    struct plan *back = NULL;
    if (adjoint[want] >= 0) {
        int last = adjoint[want];
        if (w.node[last].kind != PN_OP)       /* the gradient is g itself: a plan ends in an operator */
            last = one(&w, EW_uplus, last);
        back = pruned(w.node, last);
    }
    pool_release(mark);
    return back;
}
