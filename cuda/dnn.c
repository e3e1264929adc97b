/* SPDX-License-Identifier: BSD-3-Clause */
/* dnn.c: convolutions by cuDNN, where cuda.option('cudnn', true) asks for it.
 *
 * The one idea is that of blas.c: a call is words that say all about it, with which its plan – descriptors, the
 * algorithm that the library's heuristic puts first among those that give the same bits each time, a workspace of its
 * own – is found again, and which graph.c can record.  What cuDNN does not take (weights with gaps, sizes beyond an
 * int, an activation) stays our own text's. */
#include "dnn.h"
#include "small.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { PLANS = 64, CHOICES = 8, FMA_MATH = 3, DEFAULT_MATH = 0, CROSS_CORRELATION = 1 };
static const size_t most_room = 256 << 20;

struct shape {
    int32_t what, type, nd, groups, tf32, bias, n[3][5], stride[2][5], conv[3][3];
}; /* x, w, y; strides of x and y; padding, stride, dilation */
struct call { uint64_t x, w, y, bias; struct shape s; };
_Static_assert(sizeof(struct call) % 8 == 0, "a call is words");
struct plan {
    struct shape s;
    dnn_tensor x, y, bias;
    dnn_filter w;
    dnn_conv conv;
    struct dnn_choice choice;
    void *room;
    struct plan *next;
};
struct dnn_state { dnn_handle h; struct plan *plan[PLANS]; };

static int took(struct gpu *g, int status)
{
    if (!status)
        return DEV_OK;
    int e = gpu_took(g, cuda.EventQuery(g->waiter), "cuDNN");
    return e == DEV_LOST
               ? e
               : gpu_refuse(g, status / 1000 == 3 ? DEV_NOT_HERE : DEV_REFUSED, "cuDNN failed with status %d", status);
}
static int open_state(struct gpu *g, const struct dnn **t)
{
    const char *why;
    if (!(*t = cuda_library(LIB_dnn, &why)))
        return gpu_refuse(g, DEV_NOT_HERE, "%s", why);
    if (!g->dnn && !(g->dnn = calloc(1, sizeof *g->dnn)))
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    if (g->dnn->h)
        return DEV_OK;
    TRY(took(g, (*t)->Create(&g->dnn->h)));
    return took(g, (*t)->SetStream(g->dnn->h, g->work));
}

/* ---- plans */
static void plan_free(struct gpu *g, const struct dnn *t, struct plan *p)
{
    if (p->x) t->TensorDestroy(p->x);
    if (p->y) t->TensorDestroy(p->y);
    if (p->bias) t->TensorDestroy(p->bias);
    if (p->w) t->FilterDestroy(p->w);
    if (p->conv) t->ConvDestroy(p->conv);
    if (p->room) memory_release(g, p->room);
    free(p);
}
static int plan_fill(struct gpu *g, const struct dnn *t, struct plan *p)
{
    const struct shape *s = &p->s;
    const dnn_handle h = g->dnn->h;
    struct dnn_choice r[CHOICES];
    int got = 0, one[5] = { 1, s->n[s->what == DEV_conv_input ? 0 : 2][1], 1, 1, 1 }, flat[5] = { one[1], 1, 1, 1, 1 };
    int e = t->TensorCreate(&p->x);
    e = e ? e : t->TensorSet(p->x, s->type, s->nd, s->n[0], s->stride[0]);
    e = e ? e : t->FilterCreate(&p->w);
    e = e ? e : t->FilterSet(p->w, s->type, 0, s->nd, s->n[1]);
    e = e ? e : t->TensorCreate(&p->y);
    e = e ? e : t->TensorSet(p->y, s->type, s->nd, s->n[2], s->stride[1]);
    e = e ? e : t->TensorCreate(&p->bias);
    e = e ? e : t->TensorSet(p->bias, s->type, s->nd, one, flat);
    e = e ? e : t->ConvCreate(&p->conv);
    e = e ? e : t->ConvSet(p->conv, s->nd - 2, s->conv[0], s->conv[1], s->conv[2], CROSS_CORRELATION, s->type);
    e = e ? e : t->ConvGroups(p->conv, s->groups);
    e = e ? e : t->ConvMath(p->conv, s->tf32 ? DEFAULT_MATH : FMA_MATH);
    e = e ? e : s->what == DEV_conv ? t->ForwardAlgo(h, p->x, p->w, p->conv, p->y, CHOICES, &got, r)
              : s->what == DEV_conv_input ? t->InputAlgo(h, p->w, p->y, p->conv, p->x, CHOICES, &got, r)
              : t->WeightAlgo(h, p->x, p->y, p->conv, p->w, CHOICES, &got, r);
    if (e)
        return took(g, e);
    int i = 0; /* the fastest that gives the same bits each time, in the arithmetic that was asked for */
    while (i < got && (r[i].status || r[i].determinism != 1 || r[i].memory > most_room ||
                       (!s->tf32 && r[i].math != FMA_MATH && r[i].math != DEFAULT_MATH)))
        i++;
    if (i >= got)
        return gpu_refuse(g, DEV_NOT_HERE, "cuDNN has no algorithm for this convolution");
    p->choice = r[i];
    return p->choice.memory ? memory_reserve(g, p->choice.memory, &p->room) : DEV_OK;
}
static int plan_of(struct gpu *g, const struct dnn *t, const struct shape *s, struct plan **to)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < sizeof *s; i++)
        h = (h ^ ((const unsigned char *)s)[i]) * 0x100000001b3u;
    struct plan **at = &g->dnn->plan[h % PLANS], *p;
    for (p = *at; p; p = p->next)
        if (!memcmp(&p->s, s, sizeof *s)) {
            *to = p;
            return DEV_OK;
        }
    if (!(p = calloc(1, sizeof *p)))
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    p->s = *s;
    int e = plan_fill(g, t, p);
    if (e) {
        plan_free(g, t, p);
        return e;
    }
    p->next = *at;
    *to = *at = p;
    return DEV_OK;
}

/* ---- a call */
static void *pointer(uint64_t p) { return (void *)(uintptr_t)p; }
static int run(struct gpu *g, const uint64_t *word)
{
    static const float one_f = 1, zero_f = 0;
    static const double one_d = 1, zero_d = 0;
    const struct dnn *t;
    struct call c;
    struct plan *p;
    memcpy(&c, word, sizeof c);
    TRY(open_state(g, &t));
    TRY(plan_of(g, t, &c.s, &p));
    const void *one = c.s.type ? (const void *)&one_d : &one_f, *zero = c.s.type ? (const void *)&zero_d : &zero_f;
    const dnn_handle h = g->dnn->h;
    int e = c.s.what == DEV_conv ? t->Forward(h, one, p->x, pointer(c.x), p->w, pointer(c.w), p->conv, p->choice.algo,
                                              p->room, p->choice.memory, zero, p->y, pointer(c.y))
            : c.s.what == DEV_conv_input
                ? t->BackInput(h, one, p->w, pointer(c.w), p->y, pointer(c.y), p->conv, p->choice.algo, p->room,
                               p->choice.memory, zero, p->x, pointer(c.x))
                : t->BackWeight(h, one, p->x, pointer(c.x), p->y, pointer(c.y), p->conv, p->choice.algo, p->room,
                                p->choice.memory, zero, p->w, pointer(c.w));
    if (!e && c.bias)
        e = c.s.what == DEV_conv ? t->AddTensor(h, one, p->bias, pointer(c.bias), one, p->y, pointer(c.y))
                                 : t->AddTensor(h, one, p->bias, pointer(c.bias), one, p->x, pointer(c.x));
    g->count[COUNT_DNN]++;
    return took(g, e);
}
static int64_t dim(const struct dev_arg *a, int d) { return d < a->nd ? a->dim[d] : 1; }
/* W H T channel sample as sample channel T H W; T is left out where nothing has any. */
static bool described(struct shape *s, int k, const struct dev_arg *a, int strides)
{
    for (int d = 0; d < 5; d++) {
        int to = s->nd - 1 - (d < 2 ? d : d - (5 - s->nd));
        int64_t n = dim(a, d), step = d < a->nd ? a->stride[d] : 1;
        if (d == 2 && s->nd == 4)
            continue;
        if (n < 1 || n > INT_MAX || step < 0 || step > INT_MAX)
            return false;
        s->n[k][to] = (int32_t)n;
        if (strides >= 0)
            s->stride[strides][to] = n == 1 && !step ? 1 : (int32_t)step;
    }
    return true;
}
static bool packed(const struct dev_arg *a)
{
    int64_t n = 1;
    for (int d = 0; d < 5; n *= dim(a, d), d++)
        if (dim(a, d) != 1 && a->stride[d] != n)
            return false;
    return true;
}
static size_t span(const struct dev_arg *a)
{
    int64_t n = 1;
    for (int d = 0; d < a->nd; d++)
        n += (a->dim[d] - 1) * a->stride[d];
    return (size_t)n * (a->dtype == DT_SINGLE ? 4 : 8);
}
int dnn_run(struct gpu *g, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    const struct dev_arg *x = what == DEV_conv_input ? out : &in[0], *w = what == DEV_conv_weight ? out : &in[1];
    const struct dev_arg *y = what == DEV_conv         ? out
                              : what == DEV_conv_input ? &in[0]
                                                       : &in[1],
                         *bias = what == DEV_conv_weight ? NULL : &in[2];
    struct call c;
    const struct dnn *t;
    struct plan *p;
    memset(&c, 0, sizeof c);
    if (what != DEV_conv && what != DEV_conv_input && what != DEV_conv_weight)
        return DEV_NOT_HERE;
    if ((out->dtype != DT_SINGLE && out->dtype != DT_DOUBLE) || num[10] != 0 || !packed(w))
        return DEV_NOT_HERE;
    c.s.what = (int32_t)what;
    c.s.type = out->dtype == DT_DOUBLE;
    c.s.nd = dim(x, 2) == 1 && dim(w, 2) == 1 && dim(y, 2) == 1 && num[3] == 0 ? 4 : 5;
    c.s.groups = (int32_t)num[9];
    c.s.tf32 = !c.s.type && g->option[OPT_TF32] != 0;
    c.s.bias = bias && bias->p;
    if (!described(&c.s, 0, x, 0) || !described(&c.s, 1, w, -1) || !described(&c.s, 2, y, 1))
        return DEV_NOT_HERE;
    for (int d = 0; d < 3; d++)
        for (int k = 0; k < 3 && d >= 5 - c.s.nd; k++)
            c.s.conv[k][d - (5 - c.s.nd)] = (int32_t)num[3 * (k == 0 ? 1 : k == 1 ? 0 : 2) + d];
    c.x = (uint64_t)(uintptr_t)x->p, c.w = (uint64_t)(uintptr_t)w->p, c.y = (uint64_t)(uintptr_t)y->p;
    c.bias = bias ? (uint64_t)(uintptr_t)bias->p : 0;
    TRY(open_state(g, &t));
    TRY(plan_of(g, t, &c.s, &p));             /* before anything is queued: what has no algorithm is our own text's */
    uint64_t word[sizeof c / 8];
    memcpy(word, &c, sizeof c);
    struct record_call r = { .run = run, .words = sizeof c / 8, .word = word, .ins = c.bias ? 3 : 2 };
    r.in[0].at = what == DEV_conv_input ? 1 : 0, r.in[0].bytes = what == DEV_conv_input ? span(w) : span(x);
    r.in[1].at = what == DEV_conv ? 1 : 2, r.in[1].bytes = what == DEV_conv ? span(w) : span(y);
    r.in[2].at = 3, r.in[2].bytes = c.bias ? span(bias) : 0;
    int64_t n = 1;
    for (int i = 0; i < out->nd; i++)
        n *= out->dim[i];
    if (span(out) == (size_t)n * (out->dtype == DT_SINGLE ? 4 : 8)) {
        r.in[r.ins].at = what == DEV_conv ? 2 : what == DEV_conv_input ? 0 : 1, r.in[r.ins].bytes = span(out);
        r.in[r.ins++].result = true;
    }
    return graph_call(g, &r);
}
void dnn_forget(struct gpu *g, bool lost)
{
    const char *why;
    const struct dnn *t = g->dnn ? cuda_library(LIB_dnn, &why) : NULL;
    for (int i = 0; t && i < PLANS; i++)
        while (g->dnn->plan[i]) {
            struct plan *p = g->dnn->plan[i];
            g->dnn->plan[i] = p->next;
            if (lost)
                p->room = NULL;               /* it went with the context */
            plan_free(g, t, p);
        }
    if (t && g->dnn->h && !lost)
        t->Destroy(g->dnn->h);
    free(g->dnn);
    g->dnn = NULL;
}
