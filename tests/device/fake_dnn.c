/* SPDX-License-Identifier: BSD-3-Clause */
/* fake_dnn.c: libcudnn.so.9, convolutions in plain loops, strict about descriptors, sizes and memory. */
#include "fake.h"

enum { BAD = 2000, ROOM = 1000 };
struct tensor { int type, n, dim[5], stride[5]; };
struct conv { int n, pad[3], stride[3], dilation[3], groups, math, type; };
struct handle { void *stream; };
struct choice { int algo, status; float time; size_t memory; int determinism, math, reserved[3]; };

API int cudnnCreate(struct handle **h) { *h = calloc(1, sizeof **h); return 0; }
API int cudnnDestroy(struct handle *h) { free(h); return 0; }
API int cudnnSetStream(struct handle *h, void *s) { h->stream = s; return 0; }
API int cudnnCreateTensorDescriptor(struct tensor **t) { *t = calloc(1, sizeof **t); return 0; }
API int cudnnDestroyTensorDescriptor(struct tensor *t) { free(t); return 0; }
API int cudnnCreateFilterDescriptor(struct tensor **t) { *t = calloc(1, sizeof **t); return 0; }
API int cudnnDestroyFilterDescriptor(struct tensor *t) { free(t); return 0; }
API int cudnnCreateConvolutionDescriptor(struct conv **c) { *c = calloc(1, sizeof **c); return 0; }
API int cudnnDestroyConvolutionDescriptor(struct conv *c) { free(c); return 0; }
API int cudnnSetTensorNdDescriptor(struct tensor *t, int type, int n, const int *dim, const int *stride)
{
    t->type = type, t->n = n;
    for (int i = 0; i < n; i++) {
        t->dim[i] = dim[i], t->stride[i] = stride[i];
        if (dim[i] < 1 || stride[i] < 1)
            return BAD;
    }
    return type > 1 || n < 4 || n > 5 ? BAD : 0;
}
API int cudnnSetFilterNdDescriptor(struct tensor *t, int type, int format, int n, const int *dim)
{
    int stride[5], s = 1;
    for (int i = n; i-- > 0; s *= dim[i])
        stride[i] = s;
    return format ? BAD : cudnnSetTensorNdDescriptor(t, type, n, dim, stride);
}
API int cudnnSetConvolutionNdDescriptor(struct conv *c, int n, const int *pad, const int *stride, const int *dilation, int mode, int type)
{
    c->n = n, c->type = type, c->groups = 1;
    for (int i = 0; i < n; i++)
        c->pad[i] = pad[i], c->stride[i] = stride[i], c->dilation[i] = dilation[i];
    return mode != 1 || n < 2 || n > 3 ? BAD : 0;
}
API int cudnnSetConvolutionGroupCount(struct conv *c, int n) { c->groups = n; return n < 1 ? BAD : 0; }
API int cudnnSetConvolutionMathType(struct conv *c, int math) { c->math = math; return 0; }

static int fits(const struct tensor *x, const struct tensor *w, const struct conv *c, const struct tensor *y)
{
    if (x->n != w->n || x->n != y->n || c->n != x->n - 2 || x->type != w->type || x->type != y->type || c->type != x->type || x->dim[0] != y->dim[0] || y->dim[1] != w->dim[0] ||
        x->dim[1] != w->dim[1] * c->groups || w->dim[0] % c->groups)
        return 0;
    for (int d = 0; d < c->n; d++)
        if ((x->dim[2 + d] + 2 * c->pad[d] - c->dilation[d] * (w->dim[2 + d] - 1) - 1) / c->stride[d] + 1 != y->dim[2 + d])
            return 0;
    return 1;
}
static int choose(int good, const struct conv *c, int *got, struct choice *r)
{
    memset(r, 0, 2 * sizeof *r);
    r[0] = (struct choice){ .algo = 7, .determinism = 0, .math = c->math };        /* fast, and another result each time */
    r[1] = (struct choice){ .algo = 1, .determinism = 1, .math = c->math, .memory = ROOM };
    *got = 2;
    return good ? 0 : BAD;
}
API int cudnnGetConvolutionForwardAlgorithm_v7(void *h, struct tensor *x, struct tensor *w, struct conv *c, struct tensor *y, int want, int *got, struct choice *r)
{ (void)h, (void)want; return choose(fits(x, w, c, y), c, got, r); }
API int cudnnGetConvolutionBackwardDataAlgorithm_v7(void *h, struct tensor *w, struct tensor *y, struct conv *c, struct tensor *x, int want, int *got, struct choice *r)
{ (void)h, (void)want; return choose(fits(x, w, c, y), c, got, r); }
API int cudnnGetConvolutionBackwardFilterAlgorithm_v7(void *h, struct tensor *x, struct tensor *y, struct conv *c, struct tensor *w, int want, int *got, struct choice *r)
{ (void)h, (void)want; return choose(fits(x, w, c, y), c, got, r); }

/* ---- work: every product of x, w and y, added to the one of them that is the result */
struct job { struct tensor x, w, y; struct conv c; char *px, *pw, *py; int result; };
static double get(const char *p, long i, int type) { return type ? ((const double *)p)[i] : ((const float *)p)[i]; }
static void set(char *p, long i, int type, double v) { if (type) ((double *)p)[i] = v; else ((float *)p)[i] = (float)v; }
static long place(const struct tensor *t, long e)
{
    long o = 0;
    for (int d = t->n; d-- > 0; e /= t->dim[d])
        o += e % t->dim[d] * t->stride[d];
    return o;
}
static long size(const struct tensor *t)
{
    long n = 1;
    for (int d = 0; d < t->n; d++)
        n *= t->dim[d];
    return n;
}
static size_t span(const struct tensor *t)
{
    long n = 1;
    for (int d = 0; d < t->n; d++)
        n += (long)(t->dim[d] - 1) * t->stride[d];
    return (size_t)n * (t->type ? 8 : 4);
}
static void run(void *data)
{
    struct job j;
    memcpy(&j, data, sizeof j);
    const struct tensor *to = j.result == 0 ? &j.y : j.result == 1 ? &j.x : &j.w;
    char *p = j.result == 0 ? j.py : j.result == 1 ? j.px : j.pw;
    long room = (long)(span(to) / (to->type ? 8 : 4)), kernel = 1, each = j.y.dim[1] / j.c.groups;
    double *sum = calloc((size_t)room, sizeof *sum);
    for (int d = 0; d < j.c.n; d++)
        kernel *= j.w.dim[2 + d];
    for (long e = 0; e < size(&j.y); e++) {
        long q = e, at[5];
        for (int d = j.y.n; d-- > 0; q /= j.y.dim[d])
            at[d] = q % j.y.dim[d];
        long yo = place(&j.y, e);
        for (long c = 0; c < j.w.dim[1]; c++)
            for (long k = 0; k < kernel; k++) {
                long xo = at[0] * j.x.stride[0] + (at[1] / each * j.w.dim[1] + c) * j.x.stride[1], wo = at[1] * j.w.stride[0] + c * j.w.stride[1], r = k, inside = 1;
                for (int d = j.c.n; d-- > 0; r /= j.w.dim[2 + d]) {
                    long i = at[2 + d] * j.c.stride[d] - j.c.pad[d] + r % j.w.dim[2 + d] * j.c.dilation[d];
                    inside &= i >= 0 && i < j.x.dim[2 + d];
                    xo += i * j.x.stride[2 + d];
                    wo += r % j.w.dim[2 + d] * j.w.stride[2 + d];
                }
                if (!inside)
                    continue;
                if (j.result == 0) sum[yo] += get(j.px, xo, j.x.type) * get(j.pw, wo, j.x.type);
                else if (j.result == 1) sum[xo] += get(j.py, yo, j.x.type) * get(j.pw, wo, j.x.type);
                else sum[wo] += get(j.py, yo, j.x.type) * get(j.px, xo, j.x.type);
            }
    }
    for (long e = 0; e < size(to); e++)
        set(p, place(to, e), to->type, sum[place(to, e)]);
    free(sum);
}
static int go(struct handle *h, int result, const void *alpha, const void *beta, struct tensor *x, const void *px, struct tensor *w, const void *pw, struct tensor *y, const void *py, struct conv *c,
    int algo, void *room, size_t bytes)
{
    if (!fits(x, w, c, y) || algo != 1 || bytes < ROOM || get(alpha, 0, x->type) != 1 || get(beta, 0, x->type) != 0)
        return BAD;
    struct job j = { *x, *w, *y, *c, (char *)(uintptr_t)px, (char *)(uintptr_t)pw, (char *)(uintptr_t)py, result };
    fake_range(room, bytes, "cuDNN's workspace");
    fake_range(px, span(x), "a convolution's input");
    fake_range(pw, span(w), "a convolution's weights");
    fake_range(py, span(y), "a convolution's result");
    fake_queue(h->stream, run, &j, sizeof j);
    return 0;
}
API int cudnnConvolutionForward(struct handle *h, const void *alpha, struct tensor *xd, const void *x, struct tensor *wd, const void *w, struct conv *c, int algo, void *room, size_t bytes,
    const void *beta, struct tensor *yd, void *y) { return go(h, 0, alpha, beta, xd, x, wd, w, yd, y, c, algo, room, bytes); }
API int cudnnConvolutionBackwardData(struct handle *h, const void *alpha, struct tensor *wd, const void *w, struct tensor *yd, const void *y, struct conv *c, int algo, void *room, size_t bytes,
    const void *beta, struct tensor *xd, void *x) { return go(h, 1, alpha, beta, xd, x, wd, w, yd, y, c, algo, room, bytes); }
API int cudnnConvolutionBackwardFilter(struct handle *h, const void *alpha, struct tensor *xd, const void *x, struct tensor *yd, const void *y, struct conv *c, int algo, void *room, size_t bytes,
    const void *beta, struct tensor *wd, void *w) { return go(h, 2, alpha, beta, xd, x, wd, w, yd, y, c, algo, room, bytes); }

struct sum { struct tensor a, c; const char *pa; char *pc; };
static void add(void *data)
{
    struct sum s;
    memcpy(&s, data, sizeof s);
    for (long e = 0; e < size(&s.c); e++) {
        long q = e, o = 0;
        for (int d = s.c.n; d-- > 0; q /= s.c.dim[d])
            o += s.a.dim[d] == 1 ? 0 : q % s.c.dim[d] * s.a.stride[d];
        set(s.pc, place(&s.c, e), s.c.type, get(s.pc, place(&s.c, e), s.c.type) + get(s.pa, o, s.a.type));
    }
}
API int cudnnAddTensor(struct handle *h, const void *alpha, struct tensor *ad, const void *a, const void *beta, struct tensor *cd, void *c)
{
    if (ad->type != cd->type || ad->n != cd->n || get(alpha, 0, ad->type) != 1 || get(beta, 0, ad->type) != 1)
        return BAD;
    for (int d = 0; d < ad->n; d++)
        if (ad->dim[d] != 1 && ad->dim[d] != cd->dim[d])
            return BAD;
    struct sum s = { *ad, *cd, a, c };
    fake_range(a, span(ad), "a bias");
    fake_range(c, span(cd), "what a bias is added to");
    fake_queue(h->stream, add, &s, sizeof s);
    return 0;
}
