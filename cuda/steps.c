/* SPDX-License-Identifier: BSD-3-Clause */
/* steps.c: a program row by row, while the kernel of all of it is being made, or where there is no NVRTC to make it.
 *
 * The one idea: an instruction is a program of its own, whose kernel the pack holds (pack.c) or an earlier call has left;
 * what lies between two of them is memory of the compute type, so the bits are those of the whole kernel.  First every
 * kernel is looked for, and only when all are there is anything queued.  Results are stored last, since they may lie where
 * operands do. */
#include "gpu.h"
#include "small.h"
#include "text.h"

struct value { struct dev_arg at; size_t bytes; int last; };  /* last: the instruction that reads it last */
struct steps {
    struct gpu *g;
    const struct dev_prog *p;
    struct dev_arg *out;
    const struct dev_arg *in;
    const double *num;
    int tag, results;
    bool only_look;
    enum dev_type type[COUNT(((struct dev_prog *)0)->ins)];
    struct value value[COUNT(((struct dev_prog *)0)->ins)];
};

static const int8_t held_as[DEV_TYPES] = { DT_DOUBLE, DT_SINGLE, DT_LOGICAL, -1, DT_CDOUBLE, DT_CSINGLE };
static bool computes(const struct dev_ins *z) { return z->what >= DI_OP; }

bool steps_may(const struct dev_prog *p)      /* two pieces at least, none in 64-bit integers, which memory would round */
{
    int n = p->red != 0;
    for (int i = 0; i < p->n; i++) {
        n += computes(&p->ins[i]);
        if (p->ins[i].type == DEV_L)
            return false;
    }
    for (int o = 0; o < p->more; o++)
        if (!computes(&p->ins[p->also[o].ins]) || p->also[o].ins == p->n - 1)
            return false;
    return n > 1 && p->nin > 0 && computes(&p->ins[p->n - 1]);
}

static int one(struct steps *s, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    if (s->only_look)
        return launch_quick(s->g, p, out, in, num) ? DEV_OK : DEV_NOT_HERE;
    return launch_rows(s->g, p, out, in, num, s->tag);
}
/* Instruction a as operand number k of `p`: what was stored, or a number. */
static void operand(const struct steps *s, int a, struct dev_prog *p, struct dev_arg *in, double *num)
{
    const struct dev_ins *z = &s->p->ins[a];
    struct dev_ins *to = &p->ins[p->n++];
    if (z->what == DI_NUM) {
        *to = *z;
        to->a = (int16_t)p->nnum;
        num[p->nnum++] = s->num[z->a];
        if (z->type == DEV_C || z->type == DEV_G)
            num[p->nnum++] = s->num[z->a + 1];
        return;
    }
    bool here = z->what == DI_IN;
    int dtype = here ? s->p->in_dtype[z->a] : held_as[s->type[a]];
    in[p->nin] = here ? s->in[z->a] : s->value[a].at;
    *to = (struct dev_ins){ DI_IN, here ? z->type : (uint8_t)s->type[a], here ? z->dtype : (uint8_t)dtype, 0, (int16_t)p->nin, -1 };
    p->in_dtype[p->nin++] = (uint8_t)dtype;
}
static int place(struct steps *s, int i)      /* dense memory over the index space for instruction i */
{
    struct value *v = &s->value[i];
    int64_t n = 1;
    v->at = (struct dev_arg){ .p = (void *)(uintptr_t)4096, .dtype = held_as[s->type[i]], .nd = s->out->nd };
    for (int d = 0; d < v->at.nd; d++) {
        int64_t most = s->out->dim[d];
        for (int k = 0; k < s->p->nin; k++)
            if (d < s->in[k].nd && s->in[k].dim[d] > most)
                most = s->in[k].dim[d];
        v->at.dim[d] = most;
        v->at.stride[d] = most == 1 ? 0 : n;
        n *= most;
    }
    v->bytes = (size_t)n * (size_t)text_class[v->at.dtype].size;
    return s->only_look ? DEV_OK : memory_get(s->g, v->bytes, &v->at.p);
}
static void away(struct steps *s, int i)
{
    if (!s->only_look && s->value[i].bytes)
        memory_put(s->g, s->value[i].at.p, s->value[i].bytes);
    s->value[i].bytes = 0;
}
static int store(struct steps *s, int i, struct dev_arg *out, int dtype, int red)   /* the value as a result */
{
    struct dev_prog p = { .dtype = (uint8_t)dtype, .red = (uint8_t)red };
    struct dev_arg in[1];
    double none = 0;
    operand(s, i, &p, in, &none);
    return one(s, &p, out, in, &none);
}
static int walk(struct steps *s)
{
    const struct dev_prog *whole = s->p;
    int last = whole->n - 1;
    for (int i = 0; i <= last; i++) {
        const struct dev_ins *z = &whole->ins[i];
        if (!computes(z))
            continue;
        struct dev_prog p = { .dtype = whole->dtype };
        struct dev_arg in[2], *out = s->out;
        double num[4];
        if (i < last || whole->red) {
            TRY(place(s, i));
            out = &s->value[i].at;
            p.dtype = (uint8_t)out->dtype;
        }
        operand(s, z->a, &p, in, num);
        if (z->what == DI_OP && z->b >= 0)
            operand(s, z->b, &p, in, num);
        if (!p.nin)
            return DEV_NOT_HERE;
        struct dev_ins *to = &p.ins[p.n];
        *to = *z;
        to->a = 0;
        to->b = (int16_t)(p.n++ > 1 ? 1 : -1);
        TRY(one(s, &p, out, in, num));
        for (int k = 0; k < i; k++)
            if (s->value[k].last == i)
                away(s, k);
    }
    for (int o = 0; o < whole->more; o++)
        TRY(store(s, whole->also[o].ins, &s->out[1 + o], whole->also[o].dtype, 0));
    return whole->red ? store(s, last, s->out, whole->dtype, whole->red) : DEV_OK;
}

int steps_run(struct gpu *g, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in, const double *num,
              int tag)
{
    struct steps s = { .g = g, .p = p, .out = out, .in = in, .num = num, .tag = tag, .only_look = true };
    if (!program_types(p, s.type))
        return DEV_NOT_HERE;
    for (int i = 0; i < p->n; i++) {
        s.value[i].last = p->n;
        if (s.type[i] == DEV_L)
            return DEV_NOT_HERE;
        if (computes(&p->ins[i])) {
            s.value[p->ins[i].a].last = i;
            if (p->ins[i].what == DI_OP && p->ins[i].b >= 0)
                s.value[p->ins[i].b].last = i;
        }
    }
    for (int o = 0; o < p->more; o++)
        s.value[p->also[o].ins].last = p->n;
    TRY(walk(&s));
    for (int i = 0; i < p->n; i++)
        s.value[i].bytes = 0;
    s.only_look = false;
    int e = walk(&s);
    for (int i = 0; i < p->n; i++)
        away(&s, i);
    if (!e)
        g->count[COUNT_STEPPED]++;
    return e == DEV_NO_MEMORY ? DEV_NOT_HERE : e;         /* no result has been touched: the whole kernel needs less */
}
