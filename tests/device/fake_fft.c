/* SPDX-License-Identifier: BSD-3-Clause */
/* fake_fft.c: libcufft.so.11 by the definition of the Fourier transform. */
#include "fake.h"
#include <complex.h>
#include <math.h>

enum { G = 4, C = 5, INVALID_PLAN = 1, INVALID_VALUE = 4 };
static struct plan { int used, type; long long n, stride, dist, batch; void *stream, *room; size_t bytes; } plan[512];
static struct plan *plan_at(int i) { return i >= 0 && i < 512 && plan[i].used ? &plan[i] : NULL; }

API int cufftCreate(int *p)
{
    for (*p = 0; *p < 512; ++*p)
        if (!plan[*p].used) {
            plan[*p] = (struct plan){ .used = 1 };
            return 0;
        }
    return 2;
}
API int cufftDestroy(int p) { return plan_at(p) ? plan[p].used = 0 : INVALID_PLAN; }
API int cufftSetStream(int p, void *s) { return plan_at(p) ? plan[p].stream = s, 0 : INVALID_PLAN; }
API int cufftSetAutoAllocation(int p, int yes) { return plan_at(p) && !yes ? 0 : INVALID_PLAN; }
API int cufftSetWorkArea(int p, void *room)
{
    if (!plan_at(p))
        return INVALID_PLAN;
    fake_range(room, plan[p].bytes, "cuFFT's work area");
    plan[p].room = room;
    return 0;
}
API int cufftXtMakePlanMany(int p, int rank, long long *n, long long *ie, long long is, long long id, int it, long long *oe, long long os, long long od, int ot,
    long long batch, size_t *room, int type)
{
    if (!plan_at(p) || rank != 1 || !ie || !oe || is != os || id != od || it != ot || it != type || (type != G && type != C) || *n < 1 || batch < 1 || is < 1 || id < 1)
        return INVALID_VALUE;
    plan[p].n = *n, plan[p].stride = is, plan[p].dist = id, plan[p].batch = batch, plan[p].type = type;
    *room = plan[p].bytes = 1000;
    return 0;
}
struct job { struct plan p; char *x; int sign; };
static void run(void *data)
{
    struct job j;
    memcpy(&j, data, sizeof j);
    long long n = j.p.n;
    double complex *y = malloc((size_t)n * sizeof *y);
    for (long long b = 0; b < j.p.batch; b++) {
        for (long long k = 0; k < n; k++) {
            y[k] = 0;
            for (long long i = 0; i < n; i++) {
                long long at = b * j.p.dist + i * j.p.stride;
                double t = 2 * M_PI * (double)((i * k) % n) / (double)n;
                y[k] += (j.p.type == C ? ((double complex *)(void *)j.x)[at] : ((float complex *)(void *)j.x)[at]) * (cos(t) + j.sign * I * sin(t));
            }
        }
        for (long long k = 0; k < n; k++) {
            long long at = b * j.p.dist + k * j.p.stride;
            if (j.p.type == C)
                ((double complex *)(void *)j.x)[at] = y[k];
            else
                ((float complex *)(void *)j.x)[at] = (float complex)y[k];
        }
    }
    free(y);
}
API int cufftXtExec(int p, void *in, void *out, int direction)
{
    if (!plan_at(p) || in != out || !plan[p].room || (direction != 1 && direction != -1))
        return INVALID_VALUE;
    fake_range(in, (size_t)((plan[p].batch - 1) * plan[p].dist + (plan[p].n - 1) * plan[p].stride + 1) * (plan[p].type == C ? 16 : 8), "a Fourier transform");
    struct job j = { plan[p], in, direction };
    fake_queue(plan[p].stream, run, &j, sizeof j);
    return 0;
}
