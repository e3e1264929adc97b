/* SPDX-License-Identifier: BSD-3-Clause */
/* blas.c: matrix products by cuBLASLt and cuBLAS.
 *
 * The one idea: a product is a struct of words that says all about it, so that it can be recorded (graph.c) and its
 * plan, with the algorithm that cuBLASLt's heuristic chose, found again by comparing them.  Strides become
 * transposition flags and leading dimensions; what has neither, and small products, are our own kernel's.  Real
 * products go through cuBLASLt, with a column of biases and relu in its epilogue, complex ones through cuBLAS; another
 * activation, a row of biases, and an epilogue for which there is no algorithm are a program behind it. TF32 is used only when it was asked for. */
#include "blas.h"
#include "small.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL = 16 };                          /* up to here m, n and k are our own kernel's */
static const size_t room = 32 << 20;          /* workspace of the libraries */

#define ROW(name) ((uint8_t)OPS_##name)
int cuda_type(int dtype)
{
    switch (dtype) {
    case DT_DOUBLE: return CUDA_D;
    case DT_SINGLE: return CUDA_F;
    case DT_CDOUBLE: return CUDA_C;
    case DT_CSINGLE: return CUDA_G;
    default: return -1;
    }
}

/* ---- a product as words: C = alpha op(A) op(B) + beta C, then bias and relu */
struct product {
    uint64_t a, b, c, bias;
    int64_t m, n, k, batch, lda, ldb, ldc, sa, sb, sc;
    double alpha, beta;
    int32_t ta, tb, type, relu, tf32, aligned;        /* aligned: all addresses to so many bytes */
};
enum { WORDS = sizeof(struct product) / 8 };
_Static_assert(sizeof(struct product) % 8 == 0, "a product is words");

struct plan {
    struct product of;                        /* with addresses and numbers 0 */
    lt_desc desc;
    lt_layout la, lb, lc;
    struct lt_algo algo;
    bool none;                                /* there is no algorithm */
    struct plan *next;
};
enum { PLANS = 256 };
struct blas_state {
    lt_handle lt;
    blas_handle h;
    void *room;
    struct plan *plan[PLANS];
};

static int state_of(struct gpu *g, struct blas_state **s)
{
    if (!g->blas && !(g->blas = calloc(1, sizeof *g->blas)))
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    *s = g->blas;
    return (*s)->room ? DEV_OK : memory_get(g, room, &(*s)->room);
}
static int took(struct gpu *g, int status, const char *what)
{
    if (!status)
        return DEV_OK;
    if (status == 3)
        return gpu_refuse(g, DEV_NO_MEMORY, "%s had no memory", what);
    int e = gpu_took(g, cuda.EventQuery(g->waiter), what);     /* a context that is lost says so there */
    return e == DEV_LOST ? e : gpu_refuse(g, DEV_REFUSED, "%s failed with status %d", what, status);
}
static int lt_of(struct gpu *g, struct blas_state **s, const struct blaslt **t)
{
    const char *why;
    if (!(*t = cuda_library(LIB_blaslt, &why)))
        return gpu_refuse(g, DEV_NOT_HERE, "%s", why);
    TRY(state_of(g, s));
    return (*s)->lt ? DEV_OK : took(g, (*t)->Create(&(*s)->lt), "cuBLASLt");
}
static int blas_of(struct gpu *g, struct blas_state **s, const struct blas **t)
{
    const char *why;
    if (!(*t = cuda_library(LIB_blas, &why)))
        return gpu_refuse(g, DEV_NOT_HERE, "%s", why);
    TRY(state_of(g, s));
    if ((*s)->h)
        return DEV_OK;
    TRY(took(g, (*t)->Create(&(*s)->h), "cuBLAS"));
    TRY(took(g, (*t)->SetStream((*s)->h, g->work), "cuBLAS"));
    return took(g, (*t)->SetWorkspace((*s)->h, (*s)->room, room), "cuBLAS");
}

/* ---- cuBLASLt */
static uint64_t hash(const void *p, size_t n)
{
    const unsigned char *s = p;
    uint64_t h = 0xcbf29ce484222325u;
    while (n--)
        h = (h ^ *s++) * 0x100000001b3u;
    return h;
}
static void plan_free(const struct blaslt *t, struct plan *p)
{
    if (p->desc) t->DescDestroy(p->desc);
    if (p->la) t->LayoutDestroy(p->la);
    if (p->lb) t->LayoutDestroy(p->lb);
    if (p->lc) t->LayoutDestroy(p->lc);
    free(p);
}
static int layout(const struct blaslt *t, lt_layout *l, int type, int64_t rows, int64_t cols, int64_t ld, int64_t batch,
                  int64_t stride)
{
    int32_t n = (int32_t)batch;
    int e = t->LayoutCreate(l, type, (uint64_t)rows, (uint64_t)cols, ld);
    if (!e && batch > 1) {
        e = t->LayoutSet(*l, 5, &n, sizeof n);
        e = e ? e : t->LayoutSet(*l, 6, &stride, sizeof stride);
    }
    return e;
}
static const char no_algorithm[] = "cuBLASLt has no algorithm for this product";
static int plan_fill(struct gpu *g, const struct blaslt *t, struct plan *p)
{
    const struct product *x = &p->of;
    int scale = x->type, compute = x->type == CUDA_D ? 70 : x->tf32 ? 77 : 68, got = 0;
    int32_t ta = x->ta, tb = x->tb, epilogue = x->bias ? x->relu ? 6 : 4 : x->relu ? 2 : 1;
    uint32_t aligned = (uint32_t)x->aligned;
    const void *some = (const void *)256;     /* the heuristic only wants to see that there will be one */
    uint64_t most = room;
    lt_pref pref = NULL;
    struct lt_choice choice;
    int e = t->DescCreate(&p->desc, compute, scale);
    e = e ? e : t->DescSet(p->desc, 3, &ta, sizeof ta);
    e = e ? e : t->DescSet(p->desc, 4, &tb, sizeof tb);
    e = e ? e : t->DescSet(p->desc, 7, &epilogue, sizeof epilogue);
    if (x->bias)
        e = e ? e : t->DescSet(p->desc, 8, &some, sizeof some);
    e = e ? e : layout(t, &p->la, x->type, x->ta ? x->k : x->m, x->ta ? x->m : x->k, x->lda, x->batch, x->sa);
    e = e ? e : layout(t, &p->lb, x->type, x->tb ? x->n : x->k, x->tb ? x->k : x->n, x->ldb, x->batch, x->sb);
    e = e ? e : layout(t, &p->lc, x->type, x->m, x->n, x->ldc, x->batch, x->sc);
    e = e ? e : t->PrefCreate(&pref);
    e = e ? e : t->PrefSet(pref, 1, &most, sizeof most);
    for (int i = 5; i <= 8; i++)
        e = e ? e : t->PrefSet(pref, i, &aligned, sizeof aligned);
    e = e ? e : t->Heuristic(g->blas->lt, p->desc, p->la, p->lb, p->lc, p->lc, pref, 1, &choice, &got);
    if (pref)
        t->PrefDestroy(pref);
    if (e || !got)
        return e == 15 || !e ? gpu_refuse(g, DEV_NOT_HERE, "%s", no_algorithm)
                             : took(g, e, "cuBLASLt");
    p->algo = choice.algo;
    return DEV_OK;
}
static int plan_of(struct gpu *g, const struct blaslt *t, const struct product *x, struct plan **to)
{
    struct product key = *x;
    key.a = key.b = key.c = 0;
    key.bias = x->bias != 0;
    key.alpha = 0;
    key.beta = x->beta != 0;
    struct plan **at = &g->blas->plan[hash(&key, sizeof key) % PLANS], *p;
    for (p = *at; p; p = p->next)
        if (!memcmp(&p->of, &key, sizeof key)) {
            *to = p;
            return p->none ? gpu_refuse(g, DEV_NOT_HERE, "%s", no_algorithm) : DEV_OK;
        }
    if (!(p = calloc(1, sizeof *p)))
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    p->of = key;
    int e = plan_fill(g, t, p);
    if (e && e != DEV_NOT_HERE) {
        plan_free(t, p);
        return e;
    }
    p->none = e != DEV_OK;
    p->next = *at;
    *to = *at = p;
    return e;
}
static void *pointer(uint64_t p) { return (void *)(uintptr_t)p; }
static int run_lt(struct gpu *g, const uint64_t *word)
{
    struct product x;
    struct blas_state *s;
    const struct blaslt *t;
    struct plan *p;
    memcpy(&x, word, sizeof x);
    TRY(lt_of(g, &s, &t));
    TRY(plan_of(g, t, &x, &p));
    float alpha = (float)x.alpha, beta = (float)x.beta;
    bool single = x.type == CUDA_F;
    if (x.bias)
        TRY(took(g, t->DescSet(p->desc, 8, &x.bias, sizeof x.bias), "cuBLASLt"));
    return took(g,
                t->Matmul(s->lt, p->desc, single ? (void *)&alpha : (void *)&x.alpha, pointer(x.a), p->la, pointer(x.b),
                          p->lb, single ? (void *)&beta : (void *)&x.beta, pointer(x.c), p->lc, pointer(x.c), p->lc,
                          &p->algo, s->room, room, g->work),
                "cuBLASLt");
}

/* ---- cuBLAS: complex products */
static int run_blas(struct gpu *g, const uint64_t *word)
{
    struct product x;
    struct blas_state *s;
    const struct blas *t;
    memcpy(&x, word, sizeof x);
    TRY(blas_of(g, &s, &t));
    float f[4] = { (float)x.alpha, 0, (float)x.beta, 0 };
    double d[4] = { x.alpha, 0, x.beta, 0 };
    bool single = x.type == CUDA_F || x.type == CUDA_G;
    return took(g,
                t->Gemm(s->h, x.ta, x.tb, x.m, x.n, x.k, single ? (void *)f : (void *)d, pointer(x.a), x.type, x.lda,
                        x.sa, pointer(x.b), x.type, x.ldb, x.sb, single ? (void *)(f + 2) : (void *)(d + 2),
                        pointer(x.c), x.type, x.ldc, x.sc, x.batch, single ? x.tf32 ? 77 : 68 : 70, -1),
                "cuBLAS");
}
int blas_trsm(struct gpu *g, int type, bool upper, int trans, int64_t m, int64_t n, const void *a, int64_t lda, void *b,
              int64_t ldb)
{
    static const float one_f[2] = { 1, 0 };
    static const double one[2] = { 1, 0 };
    struct blas_state *s;
    const struct blas *t;
    TRY(blas_of(g, &s, &t));
    int fill = upper ? 1 : 0;                 /* CUBLAS_FILL_MODE_UPPER, LOWER; side left, diagonal not all ones */
    switch (type) {
    case CUDA_F: return took(g, t->Strsm(s->h, 0, fill, trans, 0, m, n, one_f, a, lda, b, ldb), "cuBLAS");
    case CUDA_D: return took(g, t->Dtrsm(s->h, 0, fill, trans, 0, m, n, one, a, lda, b, ldb), "cuBLAS");
    case CUDA_G: return took(g, t->Ctrsm(s->h, 0, fill, trans, 0, m, n, one_f, a, lda, b, ldb), "cuBLAS");
    default: return took(g, t->Ztrsm(s->h, 0, fill, trans, 0, m, n, one, a, lda, b, ldb), "cuBLAS");
    }
}

/* ---- strides */
/* A matrix as BLAS sees it: false where neither dimension has stride 1, or columns overlap. */
static bool seen(const struct dev_arg *x, int32_t *trans, int64_t *ld)
{
    int64_t m = x->dim[0], n = x->nd > 1 ? x->dim[1] : 1, s = x->stride[0], t = x->nd > 1 ? x->stride[1] : m;
    *trans = 0;
    if ((s == 1 || m == 1) && (t >= m || n == 1)) {
        *ld = n == 1 || t < m ? m : t;
        return true;
    }
    *trans = 1;
    *ld = t == 1 && m == 1 ? n : s;
    return (t == 1 || n == 1) && (s >= n || m == 1);
}
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static bool describe(const struct dev_arg *out, const struct dev_arg *in, struct product *x)
{
    const struct dev_arg *a = &in[0], *b = &in[1];
    int32_t tc;
    memset(x, 0, sizeof *x);
    x->type = cuda_type(out->dtype);
    if (x->type < 0 || a->dtype != out->dtype || b->dtype != out->dtype || out->nd > 3 || a->nd > 3 || b->nd > 3)
        return false;
    x->m = out->dim[0], x->n = out->nd > 1 ? out->dim[1] : 1, x->k = a->nd > 1 ? a->dim[1] : 1;
    x->batch = out->nd > 2 ? out->dim[2] : 1;
    if (!x->m || !x->n || !x->k || !x->batch || x->batch > INT32_MAX)
        return false;
    if (!seen(a, &x->ta, &x->lda) || !seen(b, &x->tb, &x->ldb) || !seen(out, &tc, &x->ldc) || tc)
        return false;
    x->lda = most(x->lda, x->ta ? x->k : x->m), x->ldb = most(x->ldb, x->tb ? x->n : x->k), x->ldc = most(x->ldc, x->m);
    if (x->batch > 1) {
        x->sa = a->nd > 2 && a->dim[2] > 1 ? a->stride[2] : 0;
        x->sb = b->nd > 2 && b->dim[2] > 1 ? b->stride[2] : 0;
        x->sc = out->stride[2];
    }
    return true;
}
static bool small(const struct product *x) { return x->m <= SMALL && x->n <= SMALL && x->k <= SMALL; }
static size_t span(const struct dev_arg *x)
{
    static const uint8_t size[] = { 8, 4, 1, 2, 4, 8, 1, 2, 4, 8, 1, 1, 16, 8 };
    int64_t n = 1;
    for (int i = 0; i < x->nd; i++)
        n += (x->dim[i] - 1) * x->stride[i];
    return (size_t)n * size[x->dtype];
}
int blas_can(struct gpu *g, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct product x;
    const char *why;
    (void)num;
    if (!describe(out, in, &x))
        return DEV_NOT_HERE;
    if (cuda_library(x.type == CUDA_F || x.type == CUDA_D ? LIB_blaslt : LIB_blas, &why))
        return DEV_OK;
    return gpu_refuse(g, DEV_NOT_HERE, "%s", why);
}

/* C = activation(C + bias) as a program. */
static int finish(struct gpu *g, struct dev_arg *out, const struct dev_arg *bias, int activation, int tag)
{
    uint8_t type = (uint8_t)small_type(out->dtype);
    struct dev_prog p = { .nin = 1, .dtype = (uint8_t)out->dtype, .in_dtype = { (uint8_t)out->dtype, (uint8_t)out->dtype } };
    struct dev_arg in[2] = { *out };
    double zero[2] = { 0, 0 };
    p.ins[p.n++] = (struct dev_ins){ .what = DI_IN, .type = type, .dtype = (uint8_t)out->dtype, .a = 0, .b = -1 };
    if (bias) {
        struct dev_arg *r = &in[p.nin];
        *r = *out;
        r->p = bias->p;
        for (int i = 0; i < out->nd; i++)
            r->stride[i] = i < bias->nd && bias->dim[i] > 1 ? bias->stride[i] : 0;
        p.ins[p.n++] = (struct dev_ins){
            .what = DI_IN, .type = type, .dtype = (uint8_t)out->dtype, .a = (int16_t)p.nin++, .b = -1
        };
        p.ins[p.n++] = (struct dev_ins){
            .what = DI_OP, .type = type, .dtype = (uint8_t)out->dtype, .op = ROW(plus), .a = 0, .b = 1
        };
    }
    int16_t last = (int16_t)(p.n - 1);
    switch (activation) {
    case 1: /* max(0, x): a NaN is kept by the row's order of operands as nn's relu has it */
        p.ins[p.n++] = (struct dev_ins){ .what = DI_NUM, .type = type, .dtype = (uint8_t)out->dtype, .a = 0, .b = -1 };
        p.nnum = 1;
        p.ins[p.n++] = (struct dev_ins){ .what = DI_OP,
                                         .type = type,
                                         .dtype = (uint8_t)out->dtype,
                                         .op = ROW(max),
                                         .a = (int16_t)(last + 1),
                                         .b = last };
        break;
    case 2:
        p.ins[p.n++] = (struct dev_ins){
            .what = DI_OP, .type = type, .dtype = (uint8_t)out->dtype, .op = ROW(tanh), .a = last, .b = -1
        };
        break;
    case 3:
        p.ins[p.n++] = (struct dev_ins){
            .what = DI_OP, .type = type, .dtype = (uint8_t)out->dtype, .op = ROW(sigmoid), .a = last, .b = -1
        };
        break;
    }
    return launch_program(g, &p, out, in, zero, tag);
}

static void align(struct product *x)
{
    int size = x->type == CUDA_F ? 4 : 8;
    uint64_t low = x->a | x->b | x->c | x->bias | 256;
    x->aligned = (int)(low & -low);
    x->aligned = x->aligned < size ? size : x->aligned;
}
int blas_gemm(struct gpu *g, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag, bool any)
{
    struct product x;
    const char *why;
    if (!describe(out, in, &x) || (small(&x) && !any))
        return DEV_NOT_HERE;
    bool lt = x.type == CUDA_F || x.type == CUDA_D;
    if (!cuda_library(lt ? LIB_blaslt : LIB_blas, &why))
        return gpu_refuse(g, DEV_NOT_HERE, "%s", why);
    const struct dev_arg *bias = in[2].p ? &in[2] : NULL;
    int activation = (int)num[2];
    x.alpha = num[0], x.beta = num[1];
    x.tf32 = x.type == CUDA_F && g->option[OPT_TF32] != 0;
    x.a = (uint64_t)(uintptr_t)in[0].p, x.b = (uint64_t)(uintptr_t)in[1].p, x.c = (uint64_t)(uintptr_t)out->p;
    const struct dev_arg *const had = bias;   /* if there is no algorithm with an epilogue */
    if (lt && bias && bias->dim[0] == x.m && x.m > 1 && bias->stride[0] == 1 && (bias->nd < 2 || bias->dim[1] == 1)) {
        x.bias = (uint64_t)(uintptr_t)bias->p;
        bias = NULL;
    }
    if (lt && activation == 1 && !bias) {
        x.relu = 1;
        activation = 0;
    }
    if (lt) { /* known before anything is queued: a product without algorithm is our kernel's */
        struct blas_state *s;
        const struct blaslt *t;
        struct plan *p;
        TRY(lt_of(g, &s, &t));
        align(&x);
        int e = plan_of(g, t, &x, &p);
        if (e == DEV_NOT_HERE && (x.bias || x.relu)) {
            x.bias = 0, x.relu = 0;
            bias = had, activation = (int)num[2];
            align(&x);
            e = plan_of(g, t, &x, &p);
        }
        TRY(e);
    }
    struct record_call c = { .run = lt ? run_lt : run_blas, .words = WORDS, .ins = x.bias ? 3 : 2,
        .in = { { 0, span(&in[0]), false }, { 1, span(&in[1]), false }, { 3, x.bias ? span(&in[2]) : 0, false } } };
    if (x.beta == 0 && x.ldc == x.m && (x.batch == 1 || x.sc == x.m * x.n)) {
        c.in[c.ins].at = 2, c.in[c.ins].bytes = span(out), c.in[c.ins].result = true;
        c.ins++;
    }
    uint64_t word[WORDS];
    memcpy(word, &x, sizeof x);
    c.word = word;
    TRY(graph_call(g, &c));
    return bias || activation ? finish(g, out, bias, activation, tag) : DEV_OK;
}

void blas_forget(struct gpu *g, bool lost)
{
    struct blas_state *s = g->blas;
    const char *why;
    if (!s)
        return;
    const struct blaslt *t = s->lt ? cuda_library(LIB_blaslt, &why) : NULL;
    for (int i = 0; i < PLANS; i++)
        while (s->plan[i]) {
            struct plan *p = s->plan[i];
            s->plan[i] = p->next;
            plan_free(t, p);
        }
    if (!lost) {
        if (s->lt)
            t->Destroy(s->lt);
        if (s->h)
            ((const struct blas *)cuda_library(LIB_blas, &why))->Destroy(s->h);
        memory_put(g, s->room, room);
    }
    free(s);
    g->blas = NULL;
}
