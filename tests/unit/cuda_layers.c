/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernels of networks, run on the CPU in both orders of lanes, against the plain loops of the CPU's own table: convolution
 * and its two gradients with strides, padding, dilation, groups, other layouts and inner dimensions cut into parts; windows,
 * sparse matrices along dimensions, softmax, normalised rows and batches, losses of classes.  A convolution's sums are of 1/64ths, so they are exact. */
#include "lab/ew.h"
#include "lab/gpu.h"
#include "cuda/shim.h"
#include "cuda_args.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

static struct context *context;
static struct dev_status status;
static struct work work;
static bool collecting;
static int wrong, checked;

static struct dev_arg filled(int dt, int nd, const i64 *dim)           /* dense, of small numbers */
{
    struct tensor *t = tensor_new(dt, nd, dim);
    struct dev_arg a = { .p = t->data, .dtype = dt, .nd = nd };
    i64 n = 1;
    for (int d = 0; d < nd; n *= dim[d], d++) {
        a.dim[d] = dim[d];
        a.stride[d] = n;
    }
    for (i64 i = 0; i < n; i++)
        if (dt == D_SINGLE)
            ((float *)t->data)[i] = (float)(below(33) - 16) / 8;
        else
            ((double *)t->data)[i] = (double)(below(33) - 16) / 8;
    return a;
}
static i64 count(const struct dev_arg *a)
{
    i64 n = 1;
    for (int d = 0; d < a->nd; d++)
        n *= a->dim[d];
    return n;
}
static double at(const struct dev_arg *a, i64 i) { return a->dtype == D_SINGLE ? ((float *)a->p)[i] : ((double *)a->p)[i]; }

/* Both ways; results are dense in memory whatever their strides. */
static void same(const char *name, enum dev_call what, int outs, const struct dev_arg *out, const struct dev_arg *in, const double *num, double most)
{
    struct dev_arg got[2][3];
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < outs; i++) {
            got[k][i] = out[i];
            if (!out[i].p && out[i].dtype != D_INT32)
                continue;
            size_t bytes = (size_t)count(&out[i]) * dtypes[out[i].dtype].size;
            memset(got[k][i].p = scratch(bytes + SPARE), 0x7f, bytes);
        }
        memset(&status, 0, sizeof status);
        int e = k ? cpu_device()->run(cpu_device(), what, got[k], in, num, 0) : work_run(&work, what, got[k], in, num, 0);
        ck_assert_msg(!e, "%s: error %d, %s", name, e, shim_trouble() ? shim_trouble() : "");
    }
    for (int i = 0; i < outs && !collecting; i++) {
        double far = 0;
        if (!got[0][i].p)
            continue;
        if (out[i].dtype == D_INT32) {
            far = memcmp(got[0][i].p, got[1][i].p, (size_t)count(&out[i]) * 4) ? INFINITY : 0;
        } else {
            for (i64 e = 0; e < count(&out[i]); e++) {
                double a = at(&got[0][i], e), b = at(&got[1][i], e);
                if (!(a == b || (a != a && b != b)))
                    far = fmax(far, a != a || b != b ? INFINITY : fabs(a - b) / (1 + fabs(b)));
            }
        }
        checked++;
        if (far > most && wrong++ < 20)
            printf("%s, class %s: %g apart\n", name, dtypes[out[i].dtype].class, far);
    }
}
static double close_to(int dt) { return dt == D_SINGLE ? 4e-6 : 1e-14; }

/* ---- convolution */
struct shape { const char *name; i64 in[3], kernel[3], stride[3], pad[3], dilation[3], channels, outputs, groups, n; };         /* W H T */
static const struct shape shapes[] = {
    { "one row, few channels", { 19, 1, 1 }, { 4, 1, 1 }, { 2, 1, 1 }, { 0, 0, 0 }, { 1, 1, 1 }, 3, 5, 1, 2 },
    { "image", { 9, 8, 1 }, { 3, 3, 1 }, { 1, 1, 1 }, { 1, 1, 0 }, { 1, 1, 1 }, 2, 20, 1, 3 },
    { "image, all different", { 11, 9, 1 }, { 3, 2, 1 }, { 2, 3, 1 }, { 1, 2, 0 }, { 2, 3, 1 }, 4, 6, 2, 2 },
    { "volume", { 6, 5, 4 }, { 3, 2, 2 }, { 1, 2, 1 }, { 1, 0, 1 }, { 1, 1, 2 }, 2, 3, 1, 2 },
    { "many outputs", { 5, 5, 1 }, { 2, 2, 1 }, { 1, 1, 1 }, { 0, 0, 0 }, { 1, 1, 1 }, 18, 40, 1, 1 },
    { "many samples", { 8, 8, 1 }, { 3, 3, 1 }, { 1, 1, 1 }, { 0, 0, 0 }, { 1, 1, 1 }, 1, 2, 1, 20 },
    { "one by one", { 7, 7, 1 }, { 1, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 }, { 1, 1, 1 }, 5, 7, 1, 2 },
};
static void turned(struct dev_arg *a)         /* channels fastest, as frames of a sequence lie */
{
    i64 n = a->dim[3];
    a->stride[3] = 1;
    for (int d = 0; d < 3; n *= a->dim[d], d++)
        a->stride[d] = n;
}
static void convolutions(int dt)
{
    for (int i = 0; i < COUNT(shapes); i++) {
        const struct shape *s = &shapes[i];
        i64 out[3], xd[5], wd[5], yd[5];
        double num[11] = { 0 };
        for (int d = 0; d < 3; d++) {
            out[d] = (s->in[d] + 2 * s->pad[d] - s->dilation[d] * (s->kernel[d] - 1) - 1) / s->stride[d] + 1;
            num[2 - d] = (double)s->stride[d];
            num[5 - d] = (double)s->pad[d];
            num[8 - d] = (double)s->dilation[d];
        }
        num[9] = (double)s->groups;
        memcpy(xd, (i64[]){ s->in[0], s->in[1], s->in[2], s->channels, s->n }, sizeof xd);
        memcpy(wd, (i64[]){ s->kernel[0], s->kernel[1], s->kernel[2], s->channels / s->groups, s->outputs }, sizeof wd);
        memcpy(yd, (i64[]){ out[0], out[1], out[2], s->outputs, s->n }, sizeof yd);
        struct dev_arg x = filled(dt, 5, xd), w = filled(dt, 5, wd), y = filled(dt, 5, yd), b = filled(dt, 1, &s->outputs), bx = filled(dt, 1, &s->channels), none = { .p = NULL };
        if (i == 0) {
            turned(&x);
            turned(&w);
            turned(&y);
        }
        for (int act = 0; act < (i < 2 ? 4 : 1); act++) {
            num[10] = act;
            same(s->name, DEV_conv, 1, &y, (struct dev_arg[]){ x, w, i % 2 ? none : b }, num, act > 1 ? close_to(dt) : 0);
        }
        num[10] = 0;
        same(s->name, DEV_conv_input, 1, &x, (struct dev_arg[]){ y, w, i % 2 ? bx : none }, num, 0);
        same(s->name, DEV_conv_weight, 1, &w, (struct dev_arg[]){ x, y }, num, 0);
    }
}

/* ---- windows and planes */
static void pools(int dt)
{
    i64 in[3] = { 3, 6, 7 }, out[3] = { 2, 3, 4 }, all = in[0] * in[1] * in[2] * 4;
    struct dev_arg x = filled(dt, 1, &all), y[2] = { filled(dt, 1, (i64[]){ 2 * 3 * 4 * 4 }), { .dtype = D_INT32, .nd = 1, .dim = { 96 }, .stride = { 1 } } };
    i64 *list = scratch(18 * 8), *l = list, step[3] = { 1, 2, 1 };
    for (int i = 0; i < 40; i++)              /* equal ones are there anyway; some NaN */
        if (dt == D_SINGLE)
            ((float *)x.p)[i * 11] = NAN;
        else
            ((double *)x.p)[i * 11] = NAN;
    for (int d = 0; d < 3; d++, l += 2 * out[d - 1])
        for (i64 o = 0; o < out[d]; o++) {
            l[o] = o * in[d] / out[d];
            l[out[d] + o] = MIN(in[d], l[o] + 1 + d);
        }
    struct dev_arg where = { list, D_INT64, 1, { 18 }, { 1 } };
    same("largest of windows", DEV_pool, 2, y, (struct dev_arg[]){ x, where },
         (double[]){ 4, 3, 6, 7, 2, 3, 4, (double)step[0], (double)step[1], (double)step[2] }, 0);
}
static void planes(int dt)
{
    i64 in[3] = { 3, 5, 6 }, out[3] = { 3, 7, 4 }, n[3] = { -1, 0, 0 }, all = in[0] * in[1] * in[2] * 5, *list = scratch(400), *l = list;
    double *w = scratch(400), *v = w;
    for (int d = 1; d < 3; d++) {             /* the first dimension stays; rows of none, one, two entries */
        i64 *at_ = l + out[d] + 1, k = 0;
        for (i64 o = 0; o < out[d]; o++) {
            l[o] = k;
            for (i64 i = 0; i < (o + d) % 3; i++) {
                at_[k++] = (o + i) % in[d];
                *v++ = (double)(1 + i) / 4;
            }
        }
        l[out[d]] = n[d] = k;
        l = at_ + k;
    }
    struct dev_arg x = filled(dt, 1, &all), y = filled(dt, 1, (i64[]){ 3 * 7 * 4 * 5 }), ix = { list, D_INT64, 1, { l - list }, { 1 } }, by = { w, D_DOUBLE, 1, { v - w }, { 1 } };
    double num[10] = { 5, 3, 5, 6, 3, 7, 4, (double)n[0], (double)n[1], (double)n[2] };
    same("sparse matrices along dimensions", DEV_taps, 1, &y, (struct dev_arg[]){ x, ix, by }, num, 0);
}

/* ---- rows */
static void lines(int dt)
{
    static const i64 sizes[][3] = { { 3, 4, 2 }, { 50, 6, 2 }, { 7, 300, 1 }, { 1, 5, 3 }, { 2000, 1, 1 } };
    for (int i = 0; i < COUNT(sizes); i++)
        for (int d = 0; d < 3; d++) {
            struct dev_arg x = filled(dt, 3, sizes[i]), y = x, g = filled(dt, 3, sizes[i]), w = filled(dt, 1, &sizes[i][d]), b = filled(dt, 1, &sizes[i][d]), none = { .p = NULL };
            if (i == 1) {                     /* as rows lie */
                struct dev_arg *turn[] = { &x, &y, &g };
                for (int k = 0; k < 3; k++) {
                    turn[k]->stride[2] = 1;
                    turn[k]->stride[1] = 2;
                    turn[k]->stride[0] = 12;
                }
            }
            for (int log = 0; log < 2; log++)
                same(log ? "log-softmax" : "softmax", DEV_softmax, 1, &y, &x, (double[]){ d, log }, close_to(dt));
            if (sizes[i][d] < 2)
                continue;
            for (int k = 0; k < 3; k++)
                same(k == 2 ? "gradient of normalised rows" : "normalised rows", DEV_norm, 1, &y, (struct dev_arg[]){ x, k ? w : none, k == 1 ? b : none, k == 2 ? g : none }, (double[]){ d, 1e-3 },
                     8 * close_to(dt));
        }
}

/* ---- losses and batches: samples x channels x places, samples or places side by side */
static void by_rows(struct dev_arg *a)
{
    a->stride[2] = 1;
    a->stride[1] = a->dim[2];
    a->stride[0] = a->dim[1] * a->dim[2];
}
static void losses(int dt)
{
    static const i64 sizes[][3] = { { 7, 3, 1 }, { 5, 40, 6 }, { 1, 4, 1 }, { 300, 5, 4 } };
    static const int classes[] = { D_DOUBLE, D_SINGLE, D_UINT8, D_INT64 };
    for (int i = 0; i < COUNT(sizes); i++)
        for (int way = 0; way < 3; way++) {
            const i64 *n = sizes[i], samples = n[0] * n[2];
            struct dev_arg x = filled(dt, 3, n), g = x, one = filled(dt, 1, (i64[]){ 1 }), each = filled(dt, 1, &samples), w = filled(D_DOUBLE, 1, &n[1]), none = { .p = NULL };
            struct tensor *t = tensor_new(classes[(i + way) % COUNT(classes)], 2, (i64[]){ samples, 1 });
            for (i64 k = 0; k < samples; k++)
                convert_run(t->dtype, t->data + k * dtypes[t->dtype].size, D_DOUBLE, (double[]){ k % 9 == 5 ? 77 : 1 + below((int)n[1]) }, 1);
            if (i % 2) {
                by_rows(&x);
                by_rows(&g);
            }
            for (i64 k = 0; k < n[1]; k++)
                ((double *)w.p)[k] = 0.5 + fabs(((double *)w.p)[k]);
            for (int cross = 0; cross < 2; cross++) {
                struct dev_arg in[3] = { x, { t->data, t->dtype, 1, { samples }, { 1 } }, way == 1 ? w : none };
                double num[4] = { cross, way == 2 ? -100 : 77, way, cross && way ? 0.1 : 0 };
                if (way == 2)                 /* all are classes */
                    for (i64 k = 0; k < samples; k++)
                        convert_run(t->dtype, t->data + k * dtypes[t->dtype].size, D_DOUBLE, (double[]){ 1 + below((int)n[1]) }, 1);
                same(cross ? "cross entropy" : "negative log-likelihood", DEV_loss, 1, way == 2 ? &each : &one, in, num, 8 * close_to(dt));
                same(cross ? "gradient of cross entropy" : "gradient of a likelihood", DEV_loss_back, 1, &g, in, num, 8 * close_to(dt));
                ck_assert_int_eq(status.code, 0);
            }
        }
    i64 n[3] = { 4, 3, 1 }, four = 4;         /* a number that is no class is told, and where */
    struct dev_arg x = filled(dt, 3, n), y = filled(dt, 1, (i64[]){ 1 }), t = filled(D_DOUBLE, 1, &four), in[3] = { x, t, { .p = NULL } };
    for (int i = 0; i < 4; i++)
        ((double *)t.p)[i] = i == 2 ? 9 : 1;
    memset(&status, 0, sizeof status);
    ck_assert(!work_run(&work, DEV_loss, &y, in, (double[]){ 0, -100, 0, 0 }, 12));
    ck_assert(collecting || (status.code == DEV_CLASS && status.at == 9 && status.bound == 3 && status.tag == 12));
}
static void batches(int dt)
{
    static const i64 sizes[][3] = { { 9, 3, 1 }, { 4, 5, 6 }, { 2, 1, 1500 }, { 1100, 2, 3 }, { 2, 300, 1 } };
    for (int i = 0; i < COUNT(sizes); i++)
        for (int way = 0; way < 3; way++) {
            const i64 *n = sizes[i];
            struct dev_arg x = filled(dt, 3, n), g = filled(dt, 3, n), y = x, none = { .p = NULL }, w = filled(dt, 1, &n[1]), b = filled(dt, 1, &n[1]);
            struct dev_arg mean = filled(way ? D_DOUBLE : dt, 1, &n[1]), var = filled(mean.dtype, 1, &n[1]), gw = w, gb = b;
            for (i64 k = 0; k < n[1]; k++)
                if (var.dtype == D_SINGLE)
                    ((float *)var.p)[k] = 0.5f + fabsf(((float *)var.p)[k]);
                else
                    ((double *)var.p)[k] = 0.5 + fabs(((double *)var.p)[k]);
            if (i % 2) {
                by_rows(&x);
                by_rows(&y);
                by_rows(&g);
            }
            for (int train = 0; train < 2; train++) {
                struct dev_arg out[3] = { y, train && way < 2 ? mean : none, train && way < 2 ? var : none }, back[3] = { y, gw, gb };
                same("batches", DEV_batchnorm, 3, out, (struct dev_arg[]){ x, way ? w : none, way > 1 ? b : none, mean, var }, (double[]){ train, 0.1, 1e-3 }, 30 * close_to(dt));
                same("gradients of batches", DEV_batchnorm_back, 3, back, (struct dev_arg[]){ g, x, way ? w : none, mean, var }, (double[]){ train, 1e-3 }, 30 * close_to(dt));
            }
        }
}

START_TEST(kernels_of_networks_are_right)
{
    context_enter(context = context_new());
    shim_work(&work, &status);
    for (int pass = 0; pass < 3; pass++) {
        seed = 7;
        collecting = pass == 0;
        shim_backwards = pass == 2;
        if (pass < 2)
            ck_assert(shim_collect(pass == 0));
        for (int dt = 0; dt < DTYPES; dt++) {
            if (!dtype_is(dt, DT_F) || dtype_is(dt, DT_C))
                continue;
            int mark = pool_mark();
            convolutions(dt);
            pools(dt);
            planes(dt);
            lines(dt);
            losses(dt);
            batches(dt);
            pool_release(mark);
            shim_forget();
        }
    }
    printf("%d comparisons\n", checked);
    ck_assert_int_eq(wrong, 0);
    shim_backwards = false;
    shim_close();
    context_free(context);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("cuda_layers");
    tcase_add_test(t, kernels_of_networks_are_right);
    return unit_run("cuda_layers", t, 300, CK_FORK_GETENV);
}
