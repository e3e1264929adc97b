/* SPDX-License-Identifier: BSD-3-Clause */
/* device_ew.c: elementwise programs and reductions on a device.
 *
 * A plan becomes a dev_prog: one instruction a node and one for each conversion, with the classes that plan_build.c finds for
 * the CPU, so that the same rows run on the same types and results have the same bits.  The dimensions of the operands are
 * merged as far as all of them allow.  Copies with strides, conversions and filling are programs of one instruction.
 *
 * Real stays real: where a row leaves the reals the device says so later (DEV_DOMAIN); nothing is run again in complex. */
#include "config.h"
#include "context.h"
#include "ew.h"
#include "gpu.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>

struct make {
    struct dev_prog g;
    struct tensor *t[DEV_ARGS];
    double num[DEV_NUMS];
    bool fits;
};

static int emit(struct make *m, int what, int type, int dtype, int op, int a, int b)
{
    if (m->g.n >= COUNT(m->g.ins)) {
        m->fits = false;
        return 0;
    }
    m->g.ins[m->g.n] = (struct dev_ins){ (uint8_t)what, (uint8_t)type, (uint8_t)dtype, (uint8_t)op, (int16_t)a, (int16_t)b };
    return m->g.n++;
}

static int home_of(int dtype) { return dtype == D_LOGICAL ? DEV_B : ew_compute_type(dtype); }

static int operand(struct make *m, struct tensor *t)
{
    int k = 0;
    while (k < m->g.nin && m->t[k] != t)
        k++;
    if (k == m->g.nin) {
        if (k == DEV_ARGS) {
            m->fits = false;
            return 0;
        }
        m->t[k] = t;
        m->g.in_dtype[m->g.nin++] = t->dtype;
    }
    return emit(m, DI_IN, home_of(t->dtype), t->dtype, 0, k, -1);
}

static int number(struct make *m, int dtype, double re, double im)
{
    int two = dtype_is(dtype, DT_C) ? 2 : 1, at = m->g.nnum;
    if (at + two > DEV_NUMS) {
        m->fits = false;
        return 0;
    }
    m->num[at] = re;
    if (two > 1)
        m->num[at + 1] = im;
    m->g.nnum = at + two;
    return emit(m, DI_NUM, home_of(dtype), dtype, 0, at, -1);
}

static int as_type(struct make *m, int v, int type)
{
    const struct dev_ins *i = &m->g.ins[v];
    if (i->type == type)
        return v;
    return type == DEV_B ? emit(m, DI_TRUTH, DEV_B, D_LOGICAL, 0, v, -1) : emit(m, DI_TO, type, i->dtype, 0, v, -1);
}

static int rounded(struct make *m, int v, int dtype) { return emit(m, DI_TO, ew_compute_type(dtype), dtype, 0, v, -1); }

/* A row on instructions va and vb, as plan_build.c does it; -1: these classes do not mix. */
static int row(struct make *m, int op, int va, int vb, bool square)
{
    struct ew_typing t;
    int args = ew_rows[op].args;
    if (!ew_typing(op, m->g.ins[va].dtype, m->g.ins[vb].dtype, &t))
        return -1;
    if ((op == EW_power || op == EW_realpow) && square && t.pre == 255) {
        op = EW_square;
        args = 1;
    }
    if (args < 2)
        vb = va;
    if (t.pre != 255) {
        va = m->g.ins[va].dtype == t.pre ? va : rounded(m, as_type(m, va, t.type), t.pre);
        vb = args < 2 ? va : m->g.ins[vb].dtype == t.pre ? vb : rounded(m, as_type(m, vb, t.type), t.pre);
    }
    va = as_type(m, va, t.type);
    vb = args < 2 ? va : as_type(m, vb, t.type);
    int type = t.type;
    if (ew_rows[op].class == TEST || ew_rows[op].class == BYTE)
        type = DEV_B;
    else if (type >= DEV_C && (ew_rows[op].class == PART || ew_rows[op].class == PARTF))
        type = type == DEV_C ? DEV_D : DEV_F;
    int d = emit(m, DI_OP, type, t.out, op, va, args > 1 ? vb : -1);
    if (t.saturate)
        d = rounded(m, d, t.out);
    else if (t.out == D_LOGICAL && type != DEV_B)
        d = emit(m, DI_TRUTH, DEV_B, D_LOGICAL, 0, d, -1);
    return d;
}

/* ---- the index space: the result's sizes, neighbours that every operand and the result run through as one merged */
static void spaces(struct dev_arg *out, struct dev_arg *in, struct make *m, struct tensor *r, int nd, const i64 *dim)
{
    const i64 *os = r->stride;
    i64 *at[DEV_ARGS + 1], full[DEV_DIMS];
    int n = 0;
    *out = (struct dev_arg){ .p = r->data, .dtype = r->dtype };
    for (int k = 0; k < m->g.nin; k++) {
        in[k] = (struct dev_arg){ .p = m->t[k]->data, .dtype = m->t[k]->dtype };
        at[k] = in[k].stride;
    }
    at[m->g.nin] = out->stride;
    for (int d = 0; d < nd; d++) {
        if (dim[d] == 1)
            continue;
        bool kept = d < r->nd && r->dim[d] == dim[d], joins = n > 0 && (out->dim[n - 1] != 1) == kept;
        i64 s[DEV_ARGS + 1];
        for (int k = 0; k < m->g.nin; k++)
            s[k] = d < m->t[k]->nd && m->t[k]->dim[d] != 1 ? m->t[k]->stride[d] : 0;
        s[m->g.nin] = kept ? os[d] : 0;
        i64 size = n ? full[n - 1] : 0;
        for (int k = 0; k <= m->g.nin && joins; k++)
            joins = at[k][n - 1] * (k == m->g.nin && !kept ? 0 : size) == s[k];
        if (!joins) {
            if (n == DEV_DIMS)
                fail("tl:device", "on a gpu operands may go through memory in at most %d different dimensions", DEV_DIMS);
            for (int k = 0; k <= m->g.nin; k++)
                at[k][n] = s[k];
            for (int k = 0; k < m->g.nin; k++)
                in[k].dim[n] = 1;
            full[n] = 1;
            out->dim[n++] = 1;
        }
        full[n - 1] *= dim[d];
        for (int k = 0; k < m->g.nin; k++)
            in[k].dim[n - 1] *= dim[d];
        if (kept)
            out->dim[n - 1] *= dim[d];
    }
    if (!n) {
        n = 1;
        out->dim[0] = 1;
        out->stride[0] = 0;
        for (int k = 0; k < m->g.nin; k++)
            in[k].dim[0] = 1, in[k].stride[0] = 0;
    }
    out->nd = n;
    for (int k = 0; k < m->g.nin; k++)
        in[k].nd = n;
}

static int line_here(void) { return hooks()->line ? hooks()->line() : 0; }

static void run(struct make *m, struct tensor *r, int nd, const i64 *dim)
{
    struct dev_arg out, in[DEV_ARGS];
    struct device *d = gpu_at(r->device);
    for (int k = 0; k < m->g.nin; k++)
        gpu_vector(m->t[k]);                  /* fails when it was lost */
    gpu_check(d);
    poll();
    spaces(&out, in, m, r, nd, dim);
    m->g.dtype = r->dtype;
    device_busy = 1;
    int e = d->program ? d->program(d, &m->g, &out, in, m->num, line_here()) : DEV_NOT_HERE;
    if (e)
        gpu_fail(d, "a program", e);
}

/* ---- copies, filling */
static int stored(struct make *m, int v, int dtype)       /* as what lies in memory as dtype */
{
    const struct dev_ins *i = &m->g.ins[v];
    if (i->dtype == dtype && i->type == home_of(dtype))
        return v;
    if (dtype == D_LOGICAL)
        return as_type(m, v, DEV_B);
    int type = ew_compute_type(dtype), from = i->type;
    if (from >= DEV_C && type < DEV_C)        /* the real part */
        v = emit(m, DI_OP, from == DEV_C ? DEV_D : DEV_F, dtype_real(i->dtype), EW_real, v, -1);
    if (dtype_is(dtype, DT_I | DT_T) && type != DEV_L && m->g.ins[v].type != DEV_L)
        return rounded(m, as_type(m, v, DEV_D), dtype);
    return emit(m, DI_TO, type, dtype, 0, v, -1);
}

void gpu_copy(struct tensor *to, struct tensor *from)
{
    struct make m = { .fits = true };
    if (!to->numel)
        return;
    stored(&m, operand(&m, from), to->dtype);
    run(&m, to, to->nd, to->dim);
}

struct tensor *gpu_clone(struct tensor *t, int dtype)
{
    struct tensor *u = gpu_new(t->device, dtype, t->nd, t->dim);
    u->flags |= t->flags & T_DQ;
    gpu_copy(u, t);
    return u;
}

struct tensor *gpu_filled(int device, int dtype, int nd, const i64 *dim, double x)
{
    struct tensor *u = gpu_new(device, dtype, nd, dim);
    gpu_fill(u, x);
    return u;
}

void gpu_fill(struct tensor *t, double x)
{
    struct make m = { .fits = true };
    if (!t->numel)
        return;
    stored(&m, number(&m, dtype_real(t->dtype) == D_SINGLE ? D_SINGLE : D_DOUBLE, x, 0), t->dtype);
    run(&m, t, t->nd, t->dim);
}

struct tensor *zeros_beside(value like, int dtype, int nd, const i64 *dim)
{
    int d = value_device(like);
    return d ? gpu_filled(d, dtype, nd, dim, 0) : tensor_zeros(dtype, nd, dim);
}

/* ---- plans */
static int leaf(struct make *m, int device, value v)
{
    if (value_device(v))
        return operand(m, tensor_any(v));
    int dt = value_dtype(v);
    if (v.kind == K_NUM && dt != D_INT64 && dt != D_UINT64)
        return number(m, dt, v.num, 0);
    if (value_numel(v) == 1 && dt != D_INT64 && dt != D_UINT64) {
        struct tensor *t = tensor_of(v);
        if (t->dtype == D_CDOUBLE)
            return number(m, dt, ((double *)t->data)[0], ((double *)t->data)[1]);
        if (t->dtype == D_CSINGLE)
            return number(m, dt, ((float *)t->data)[0], ((float *)t->data)[1]);
        return number(m, dt, element_double(t, 0), 0);
    }
    return operand(m, gpu_operand(device, v));
}

/* A result in the order of its operands: where all of its size lie with the last dimension fastest, as layers leave
 * them, so does it. */
static struct tensor *result_of(const struct make *m, int device, int dt, int nd, const i64 *dim)
{
    i64 turned[MAX_DIMS], stride[MAX_DIMS], n = dims_numel(nd, dim), s = 1;
    bool rows = false, other = false;
    for (int d = nd; d-- > 0; s *= dim[d]) {
        turned[nd - 1 - d] = dim[d];
        stride[d] = s;
    }
    for (int k = 0; k < m->g.nin && n > 1; k++) {
        const struct tensor *t = m->t[k];
        if (t->numel != n)
            continue;
        bool same = !(t->flags & T_DENSE) && t->nd == nd;
        for (int d = 0; same && d < nd; d++)
            same = dim[d] == 1 || t->stride[d] == stride[d];
        *(same ? &rows : &other) = true;
    }
    if (!rows || other)
        return gpu_new(device, dt, nd, dim);
    return tensor_alias(gpu_new(device, dt, nd, turned), nd, dim, stride, 0);
}

value gpu_plan(struct plan *p, value *reg, int nd, const i64 *dim)
{
    struct make *m = scratch(sizeof *m);
    int *of = scratch(sizeof *of * (size_t)p->n), root = p->n - 1, device = 0, along = 0;
    memset(m, 0, sizeof *m);
    m->fits = true;
    const struct plan_node *last = &p->node[root];
    value *v = scratch(sizeof *v * (size_t)(p->nleaf + 1));
    int n = 0, dim_node = p->red ? last->b : -1;
    for (int i = 0; i < p->n; i++)
        if (p->node[i].kind == PN_LEAF && i != dim_node)
            v[n++] = reg[p->node[i].a];
    if (p->one) {
        device = gpu_common(ew_sign(last->op) ? ew_sign(last->op) : ew_rows[last->op].name, n, v);
    } else {
        bool mixed = false;
        for (int i = 0; i < n; i++) {
            int d = value_device(v[i]);
            mixed |= d ? device && d != device : value_numel(v[i]) > 1 && v[i].kind != K_RANGE && !gpu_mixes();
            device = d ? d : device;
        }
        if (mixed)
            return nil();                     /* op by op: there the operands have names */
    }
    if (!device)                              /* a dimension alone is there */
        return nil();
    if (p->red) {
        root = last->a;
        if (last->b >= 0) {
            value d = p->node[last->b].kind == PN_NUM ? p->node[last->b].num : reg[p->node[last->b].a];
            along = reduce_dim(last->op, gpu_read_value(d, "a dimension"));
        }
    }
    for (int i = 0; i <= root; i++) {
        const struct plan_node *q = &p->node[i];
        if (q->kind == PN_LEAF) {
            of[i] = leaf(m, device, reg[q->a]);
        } else if (q->kind == PN_NUM) {
            of[i] = leaf(m, device, q->num);
        } else {
            static const uint8_t same[] = { EW_times, EW_rdivide, EW_ldivide, EW_power, EW_conj, EW_uplus };
            int op = q->kind == PN_MATRIX ? same[q->op] : q->op;
            bool square = q->b >= 0 && p->node[q->b].kind == PN_NUM && p->node[q->b].num.kind == K_NUM &&
                          p->node[q->b].num.num == 2;
            of[i] = row(m, op, of[q->a], ew_rows[op].args > 1 ? of[q->b] : of[q->a], square);
        }
        if (of[i] < 0)
            return nil();
        if (!m->fits) {
            if (p->one)
                fail("tl:device", "a program is too long for a gpu");
            return nil();
        }
    }
    int dt = m->g.ins[of[root]].dtype;
    struct along a;
    if (p->red) {
        int class = reduce_class(last->op, dt);
        if (!reduce_along(last->op, nd, dim, along, &a))
            return copy(tensor_box(gpu_new(device, class, a.nd, a.dim)));
        struct tensor *r = gpu_new(device, class, a.nd, a.dim);
        if (a.len == 0) {                     /* of nothing: what the CPU says of one empty column */
            value none = reduce_apply(last->op, tensor_box(tensor_zeros(dt, 2, (i64[]){ 0, 1 })), 1);
            r = gpu_filled(device, class, a.nd, a.dim, element_double(tensor_of(none), 0));
        } else if (r->numel) {
            m->g.red = (uint8_t)(last->op + 1);
            run(m, r, nd, dim);
        }
        return copy(tensor_box(r));
    }
    stored(m, of[root], dt);
    struct tensor *r = result_of(m, device, dt, nd, dim);
    if (r->numel)
        run(m, r, nd, dim);
    return copy(tensor_box(r));
}

/* ---- as text */
value gpu_text(const struct plan *p, int dtype)
{
    struct make *m = scratch(sizeof *m);
    struct tensor *leaf = scratch(sizeof *leaf * (size_t)p->n);
    int *of = scratch(sizeof *of * (size_t)p->n), root = p->n - 1;
    memset(m, 0, sizeof *m);
    m->fits = true;
    const struct plan_node *last = &p->node[root];
    root = p->red ? last->a : root;
    static const uint8_t same[] = { EW_times, EW_rdivide, EW_ldivide, EW_power };
    bool *made = scratch(sizeof *made * (size_t)p->n), *needed = scratch(sizeof *needed * (size_t)p->n);
    memset(needed, 0, sizeof *needed * (size_t)p->n);
    needed[root] = true;
    for (int i = root; i >= 0; i--) {         /* made: an operand, which is a variable or what a matrix operator makes */
        const struct plan_node *q = &p->node[i];
        made[i] = q->kind == PN_LEAF || (q->kind == PN_NUM && q->num.kind != K_NUM) ||
                  (q->kind == PN_MATRIX &&
                   (q->op >= COUNT(same) || (p->node[q->a].kind != PN_NUM && p->node[q->b].kind != PN_NUM)));
        if (!needed[i] || made[i] || q->kind == PN_NUM)
            continue;
        needed[q->a] = true;
        if (q->b >= 0)
            needed[q->b] = true;
    }
    if (made[root] && !p->red)
        return nil();
    for (int i = 0; i <= root; i++) {
        const struct plan_node *q = &p->node[i];
        if (!needed[i])
            continue;
        int one = 0, op = q->kind == PN_MATRIX && !made[i] ? same[q->op] : q->op;
        leaf[i] = (struct tensor){ .dtype = (uint8_t)dtype };
        while (one < i && !(q->kind == PN_LEAF && p->node[one].kind == PN_LEAF && needed[one] && p->node[one].a == q->a))
            one++;
        if (made[i])
            of[i] = operand(m, &leaf[one]);
        else if (q->kind == PN_NUM)
            of[i] = number(m, value_dtype(q->num), q->num.num, 0);
        else {
            bool square = q->b >= 0 && p->node[q->b].kind == PN_NUM && p->node[q->b].num.kind == K_NUM &&
                          p->node[q->b].num.num == 2;
            of[i] = row(m, op, of[q->a], ew_rows[op].args > 1 ? of[q->b] : of[q->a], square);
        }
        if (of[i] < 0 || !m->fits)
            return nil();
    }
    int dt = m->g.ins[of[root]].dtype;
    if (p->red)
        m->g.red = (uint8_t)(last->op + 1);
    else
        stored(m, of[root], dt);
    m->g.dtype = (uint8_t)(p->red ? reduce_class(last->op, dt) : dt);
    char *s = gpu_listing(&m->g);
    if (!s)
        return nil();
    value v = text_value(s, strlen(s));
    free(s);
    return v;
}
