/* SPDX-License-Identifier: BSD-3-Clause */
/* conv.c: convolution and its two gradients against naive loops, at random: one to three places, strides, padding, dilation,
 * groups, odd sizes, both classes, the kernels of every instruction set; one thread against two, bit for bit. */
#include "config.h"
#include "lab/plan.h"
#include "nn/conv.h"
#include "nn/kernels.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

static uint64_t seed = 1;
static i64 dice(i64 n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (i64)(seed >> 33) % n;
}

static struct context *here;
static void begin(void)
{
    context_enter(here = context_new());
}
static void finish(void)
{
    context_free(here);
}

static i64 product(const i64 *d)
{
    return d[0] * d[1] * d[2];
}

/* Calls f for every output, tap and the input it reads: offsets of y, w, x. */
static void walk(const struct conv *g, void (*f)(i64 y, i64 w, i64 x, void *arg), void *arg)
{
    i64 ig = g->channels_in / g->groups, og = g->channels_out / g->groups;
    for (i64 n = 0; n < g->n; n++)
        for (i64 o = 0; o < g->channels_out; o++)
            for (i64 j = 0; j < product(g->out); j++)
                for (i64 c = 0; c < ig; c++)
                    for (i64 k = 0; k < product(g->kernel); k++) {
                        i64 at[3], jj = j, kk = k;
                        bool inside = true;
                        for (int d = 2; d >= 0; d--) {
                            at[d] = jj % g->out[d] * g->stride[d] + kk % g->kernel[d] * g->dilation[d] - g->pad[d];
                            jj /= g->out[d];
                            kk /= g->kernel[d];
                            inside &= at[d] >= 0 && at[d] < g->in[d];
                        }
                        if (inside)
                            f((n * g->channels_out + o) * product(g->out) + j, (o * ig + c) * product(g->kernel) + k,
                              (n * g->channels_in + o / og * ig + c) * product(g->in) + (at[0] * g->in[1] + at[1]) * g->in[2] + at[2], arg);
                    }
}

struct sums { const double *x, *w, *dy; double *y, *dx, *dw; };
static void add(i64 y, i64 w, i64 x, void *arg)
{
    struct sums *s = arg;
    s->y[y] += s->w[w] * s->x[x];
    s->dx[x] += s->w[w] * s->dy[y];
    s->dw[w] += s->dy[y] * s->x[x];
}

static double *noise(i64 n)
{
    double *x = scratch(sizeof *x * (size_t)(n + 1));
    for (i64 i = 0; i < n; i++)
        x[i] = (double)dice(2001) / 1000 - 1;
    return x;
}
static double *zeros(i64 n)
{
    return memset(scratch(sizeof(double) * (size_t)(n + 1)), 0, sizeof(double) * (size_t)n);
}
static void *as(int dtype, const double *x, i64 n)
{
    void *p = scratch((size_t)(n + 1) * 8);
    convert_run(dtype, p, D_DOUBLE, x, n);
    return p;
}

static void compare(int dtype, const double *want, const void *have, i64 n, const char *what, double scale)
{
    for (i64 i = 0; i < n; i++) {
        double h = dtype == D_SINGLE ? (double)((const float *)have)[i] : ((const double *)have)[i];
        if (!(fabs(h - want[i]) <= scale * (dtype == D_SINGLE ? 1e-5 : 1e-13)))
            ck_abort_msg("%s %s, element %lld: %g is not %g", nn_kernels->name, what, (long long)i, h, want[i]);
    }
}

static const struct nn_kernels *kernels(int i)            /* NULL: not on this machine */
{
    static const struct nn_kernels *best;
    if (!best)
        best = nn_kernels;
    if (i == 0)
        return &nn_kernels128;
#ifdef HAVE_EW_256
    if (i == 1)
        return best != &nn_kernels128 ? &nn_kernels256 : NULL;
#endif
    return i == 2 ? best : NULL;
}

static struct conv some_conv(bool large)
{
    struct conv g = { .n = 1 + dice(4), .groups = 1 + dice(3) };
    int places = 1 + (int)dice(3);
    g.channels_in = g.groups * (1 + dice(large ? 16 : 3));
    g.channels_out = g.groups * (1 + dice(large ? 20 : 11));
    if (large) {
        g.groups = 1;
        g.n = 1 + dice(6);
    }
    for (int d = 0; d < 3; d++) {
        bool used = d >= 3 - places;
        g.kernel[d] = used ? 1 + dice(places == 3 ? 3 : 5) : 1;
        g.stride[d] = used ? 1 + dice(3) : 1;
        g.pad[d] = used ? dice(4) : 0;
        g.dilation[d] = used ? 1 + dice(3) : 1;
        i64 least = MAX(1, g.dilation[d] * (g.kernel[d] - 1) + 1 - 2 * g.pad[d]);
        g.in[d] = used ? least + dice(d == 2 ? (large && places < 3 ? 60 : 40) : places == 3 ? 3 : large ? 20 : 9) : 1;
    }
    if (large && places == 2)
        for (int d = 0; d < 3; d++)
            g.stride[d] = 1;
    conv_out(&g);
    return g;
}

START_TEST(naive)
{
    for (int round = 0; round < (_i ? 12 : 250); round++) {
        int mark = pool_mark();
        struct conv g = some_conv(_i);
        i64 nx = g.n * g.channels_in * product(g.in), ny = g.n * g.channels_out * product(g.out), nw = g.channels_out * (g.channels_in / g.groups) * product(g.kernel);
        double *b = noise(g.channels_out), *bx = noise(g.channels_in);
        struct sums s = { noise(nx), noise(nw), noise(ny), zeros(ny), zeros(nx), zeros(nw) };
        walk(&g, add, &s);
        for (i64 i = 0; i < ny; i++)
            s.y[i] += b[i / product(g.out) % g.channels_out];
        for (i64 i = 0; i < nx; i++)
            s.dx[i] += bx[i / product(g.in) % g.channels_in];
        double deep = sqrt((double)nw), wide = sqrt((double)ny) + 1;
        for (int v = 0; v < 3; v++)
            for (int single = 0; single < 2; single++) {
                const struct nn_kernels *best = kernels(2);
                if (!kernels(v))
                    continue;
                nn_kernels = kernels(v);
                g.dtype = single ? D_SINGLE : D_DOUBLE;
                size_t size = single ? 4 : 8;
                void *x = as(g.dtype, s.x, nx), *w = as(g.dtype, s.w, nw), *dy = as(g.dtype, s.dy, ny), *bb = as(g.dtype, b, g.channels_out);
                void *bbx = as(g.dtype, bx, g.channels_in);
                char *got[2][3];
                for (int threads = 1; threads <= 2; threads++) {
                    char **r = got[threads - 1];
                    r[0] = scratch((size_t)(ny + 1) * 8);
                    r[1] = scratch((size_t)(nx + 1) * 8);
                    r[2] = scratch((size_t)(nw + 1) * 8);
                    ew_threads = threads;
                    conv_forward(&g, x, w, bb, r[0]);
                    conv_input(&g, dy, w, bbx, r[1]);
                    conv_weight(&g, x, dy, r[2]);
                    compare(g.dtype, s.y, r[0], ny, "forward", deep);
                    compare(g.dtype, s.dx, r[1], nx, "gradient for the input", deep);
                    compare(g.dtype, s.dw, r[2], nw, "gradient for the weights", wide);
                }
                ck_assert(!memcmp(got[0][0], got[1][0], (size_t)ny * size));
                ck_assert(!memcmp(got[0][1], got[1][1], (size_t)nx * size));
                ck_assert(!memcmp(got[0][2], got[1][2], (size_t)nw * size));
                nn_kernels = best;
            }
        pool_release(mark);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("conv");
    tcase_add_checked_fixture(t, begin, finish);
    tcase_add_loop_test(t, naive, 0, 2);
    return unit_run("conv", t, 300, CK_NOFORK);
}
