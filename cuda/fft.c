/* SPDX-License-Identifier: BSD-3-Clause */
/* fft.c: Fourier transforms by cuFFT.
 *
 * The one idea: operand and result go through a dense complex block, which is padded or cut to the wanted length and
 * transformed in place along any dimension; plans are kept by length, distance and number.  Plans have no memory of their
 * own: it is got and put back around each call. */
#include "fft.h"
#include "blas.h"
#include "small.h"

#include <stdlib.h>
#include <string.h>

struct plan { int type, handle; long long n, stride, dist, batch; size_t room; uint64_t used; };
enum { PLANS = 64 };
struct fft_state { struct plan plan[PLANS]; int plans; uint64_t clock; };

static int took(struct gpu *g, int status)
{
    if (!status)
        return DEV_OK;
    int e = gpu_took(g, cuda.EventQuery(g->waiter), "cuFFT");
    return e == DEV_LOST
               ? e
               : gpu_refuse(g, status == 2 ? DEV_NO_MEMORY : DEV_REFUSED, "cuFFT failed with status %d", status);
}
static int plan_of(struct gpu *g, const struct cufft *t, struct plan want, struct plan **to)
{
    struct fft_state *s = g->fft;
    if (!s && !(s = g->fft = calloc(1, sizeof *s)))
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    int at = 0;
    for (int i = 0; i < s->plans; i++) {
        struct plan *p = &s->plan[i];
        if (p->type == want.type && p->n == want.n && p->stride == want.stride && p->dist == want.dist &&
            p->batch == want.batch) {
            p->used = ++s->clock;
            *to = p;
            return DEV_OK;
        }
        at = s->plan[i].used < s->plan[at].used ? i : at;
    }
    TRY(took(g, t->Create(&want.handle)));
    int e = took(g, t->SetAutoAllocation(want.handle, 0));
    e = e ? e : took(g, t->SetStream(want.handle, g->work));
    e = e ? e
          : took(g, t->MakePlan(want.handle, 1, &want.n, &want.n, want.stride, want.dist, want.type, &want.n,
                                want.stride, want.dist, want.type, want.batch, &want.room, want.type));
    if (e) {
        t->Destroy(want.handle);
        return e;
    }
    if (s->plans < PLANS)
        at = s->plans++;
    else {
        TRY(gpu_settle(g));                   /* it may be running */
        t->Destroy(s->plan[at].handle);
    }
    want.used = ++s->clock;
    s->plan[at] = want;
    *to = &s->plan[at];
    return DEV_OK;
}

int fft_can(struct gpu *g, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    const char *why;
    (void)out, (void)num;
    if (cuda_type(in->dtype) < 0)
        return DEV_NOT_HERE;
    return cuda_library(LIB_fft, &why) ? DEV_OK : gpu_refuse(g, DEV_NOT_HERE, "%s", why);
}
int fft_run(struct gpu *g, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag)
{
    const char *why;
    const struct cufft *t = cuda_library(LIB_fft, &why);
    if (!t)
        return gpu_refuse(g, DEV_NOT_HERE, "%s", why);
    bool inverse = num[1] != 0;
    int d = (int)num[0], single = out->dtype == DT_SINGLE || out->dtype == DT_CSINGLE,
        dtype = single ? DT_CSINGLE : DT_CDOUBLE;
    struct scratch s = { .g = g };
    struct dev_arg z = { .dtype = dtype, .nd = out->nd }, part, from = *in;
    int64_t n = 1;
    for (int i = 0; i < z.nd; i++) {
        z.dim[i] = out->dim[i];
        z.stride[i] = n;
        n *= z.dim[i];
    }
    if (!n)
        return DEV_OK;
    if (d >= z.nd || d < 0 || cuda_type(in->dtype) < 0)
        return gpu_refuse(g, DEV_NOT_HERE, "fft: only of floating numbers");
    for (int i = in->nd; i < z.nd; i++)
        from.dim[i] = 1, from.stride[i] = 0;
    from.nd = z.nd;
    TRY(graph_cut(g));
    int e = scratch_get(&s, (size_t)n * (single ? 8 : 16), &z.p);
    part = z;
    part.dim[d] = from.dim[d] = from.dim[d] < z.dim[d] ? from.dim[d] : z.dim[d];
    if (!e && part.dim[d] < z.dim[d])
        e = small_fill(g, &z, 0, tag);
    if (!e && part.dim[d])
        e = small_map(g, &part, &from, -1, tag);
    e = e ? e : graph_cut(g);
    long long len = z.dim[d], inner = z.stride[d], outer = n / (len * inner);
    struct plan want = { .type = single ? CUDA_G : CUDA_C,
                         .n = len,
                         .stride = inner,
                         .dist = inner == 1 ? len : 1,
                         .batch = inner == 1 ? outer : inner };
    struct plan *p = NULL;
    void *room = NULL;
    e = e ? e : plan_of(g, t, want, &p);
    e = e ? e : scratch_get(&s, p->room + 1, &room);
    e = e ? e : took(g, t->SetWorkArea(p->handle, room));
    for (long long i = 0; i < (inner == 1 ? 1 : outer) && !e; i++) {
        char *at = (char *)z.p + (size_t)(i * len * inner) * (single ? 8 : 16);
        e = took(g, t->Exec(p->handle, at, at, inverse ? 1 : -1));
        e = e ? e : gpu_gate(g, 1);
    }
    if (!e && inverse)
        e = small_scale(g, &z, 1.0 / (double)len, tag);
    e = e ? e : small_map(g, out, &z, out->dtype == dtype ? -1 : OPS_real, tag);
    scratch_end(&s);
    return e;
}
void fft_forget(struct gpu *g, bool lost)
{
    const char *why;
    const struct cufft *t = g->fft && g->fft->plans ? cuda_library(LIB_fft, &why) : NULL;
    for (int i = 0; t && i < g->fft->plans && !lost; i++)
        t->Destroy(g->fft->plan[i].handle);
    free(g->fft);
    g->fft = NULL;
}
