/* SPDX-License-Identifier: BSD-3-Clause */
/* cpu_layers.c: the rows of device.def for networks in plain loops: what they mean, number by number, against which
 * kernels are tested. Sums are of doubles whatever the class.  nn/ computes the same for tensors of the CPU, faster and
 * elsewhere. */
#include "config.h"
#include "cpu.h"
#include "ew.h"
#include "fail.h"
#include "gpu.h"
#include <math.h>
#include <string.h>

static double number_at(const struct dev_arg *a, i64 o)
{
    return a->dtype == D_SINGLE ? ((const float *)a->p)[o] : ((const double *)a->p)[o];
}
static void number_put(const struct dev_arg *a, i64 o, double x)
{
    if (a->dtype == D_SINGLE)
        ((float *)a->p)[o] = (float)x;
    else
        ((double *)a->p)[o] = x;
}
static i64 stride_at(const struct dev_arg *a, int d) { return d < a->nd ? a->stride[d] : 0; }
static i64 dim_at(const struct dev_arg *a, int d) { return d < a->nd ? a->dim[d] : 1; }

/* Each product of a convolution is one of x, w and y; the result, the first of the three by `mode` (0 y, 1 x, 2 w),
 * gets all that it is in. */
static void convolve(struct job *j, int mode, const struct dev_arg *x, const struct dev_arg *w, const struct dev_arg *y,
                     const struct dev_arg *bias)
{
    const double *stride = j->num, *pad = j->num + 3, *dilation = j->num + 6;         /* t h w */
    i64 groups = (i64)j->num[9], channels = dim_at(x, 3) / groups, outputs = dim_at(y, 3) / groups, k[3], o[3];
    const struct dev_arg *to = mode == 0 ? y : mode == 1 ? x : w;
    double *sum = scratch(sizeof *sum * (size_t)MAX(1, cpu_size(to)));
    i64 n = 0, dim[5], all = cpu_size(y);
    memset(sum, 0, sizeof *sum * (size_t)MAX(1, cpu_size(to)));
    for (int d = 0; d < 5; d++)
        dim[d] = dim_at(y, d);
    for (i64 e = 0; e < all; e++) {
        i64 r = e / (dim[0] * dim[1] * dim[2]), plane = r % dim[3], sample = r / dim[3], group = plane / outputs,
            yo = cpu_offset(y, y->dim, y->nd, e);
        o[0] = e % dim[0], o[1] = e / dim[0] % dim[1], o[2] = e / dim[0] / dim[1] % dim[2];
        for (i64 c = 0; c < channels; c++)
            for (k[2] = 0; k[2] < dim_at(w, 2); k[2]++)
                for (k[1] = 0; k[1] < dim_at(w, 1); k[1]++)
                    for (k[0] = 0; k[0] < dim_at(w, 0); k[0]++) {
                        i64 xo = (group * channels + c) * stride_at(x, 3) + sample * stride_at(x, 4),
                            wo = c * stride_at(w, 3) + plane * stride_at(w, 4), xe = 0, we = 0;
                        bool inside = true;
                        for (int d = 2; d >= 0; d--) {
                            i64 i = o[d] * (i64)stride[2 - d] - (i64)pad[2 - d] + k[d] * (i64)dilation[2 - d];
                            inside &= i >= 0 && i < dim_at(x, d);
                            xo += i * stride_at(x, d);
                            wo += k[d] * stride_at(w, d);
                            xe = xe * dim_at(x, d) + i;
                            we = we * dim_at(w, d) + k[d];
                        }
                        if (!inside)
                            continue;
                        xe += (group * channels + c + sample * dim_at(x, 3)) * dim_at(x, 0) * dim_at(x, 1) * dim_at(x, 2);
                        we += (c + plane * channels) * dim_at(w, 0) * dim_at(w, 1) * dim_at(w, 2);
                        if (mode == 0)
                            sum[e] += number_at(x, xo) * number_at(w, wo);
                        else if (mode == 1)
                            sum[xe] += number_at(y, yo) * number_at(w, wo);
                        else
                            sum[we] += number_at(y, yo) * number_at(x, xo);
                    }
        poll();
    }
    for (n = 0; n < cpu_size(to); n++) {
        double v = sum[n];
        if (bias && bias->p)
            v += number_at(bias, n / (dim_at(to, 0) * dim_at(to, 1) * dim_at(to, 2)) % dim_at(to, 3) * bias->stride[0]);
        if (mode == 0)
            v = j->num[10] == 1 ? fmax(v, 0) : j->num[10] == 2 ? tanh(v) : j->num[10] == 3 ? 1 / (1 + exp(-v)) : v;
        number_put(to, cpu_offset(to, to->dim, to->nd, n), v);
    }
}
void cpu_conv(struct job *j) { convolve(j, 0, &j->in[0], &j->in[1], j->out, &j->in[2]); }
void cpu_conv_input(struct job *j) { convolve(j, 1, j->out, &j->in[1], &j->in[0], &j->in[2]); }
void cpu_conv_weight(struct job *j) { convolve(j, 2, &j->in[0], j->out, &j->in[1], NULL); }

static i64 number(const struct job *j, int i) { return (i64)j->num[i]; }
static i64 place_in(const struct job *j, int from, const i64 *at)
{
    return (at[0] * number(j, from + 1) + at[1]) * number(j, from + 2) + at[2];
}
void cpu_pool(struct job *j)
{
    const i64 *list = j->in[1].p, *from[3], *to[3];
    i64 o[3], i[3], in = number(j, 1) * number(j, 2) * number(j, 3), e = 0;
    for (int d = 0; d < 3; d++) {
        from[d] = list;
        to[d] = list += number(j, 4 + d);
        list += number(j, 4 + d);
    }
    for (i64 plane = 0; plane < number(j, 0); plane++)
        for (o[0] = 0; o[0] < number(j, 4); o[0]++)
            for (o[1] = 0; o[1] < number(j, 5); o[1]++)
                for (o[2] = 0; o[2] < number(j, 6); o[2]++, e++) {
                    i64 best = -1;
                    double most = -INFINITY;
                    for (i[0] = from[0][o[0]]; i[0] < to[0][o[0]]; i[0] += number(j, 7))
                        for (i[1] = from[1][o[1]]; i[1] < to[1][o[1]]; i[1] += number(j, 8))
                            for (i[2] = from[2][o[2]]; i[2] < to[2][o[2]]; i[2] += number(j, 9)) {
                                double v = number_at(&j->in[0], plane * in + place_in(j, 1, i));
                                if (best < 0 || v > most || v != v)
                                    most = v, best = place_in(j, 1, i);
                            }
                    number_put(&j->out[0], e, most);
                    if (j->out[1].p)
                        ((int32_t *)j->out[1].p)[e] = (int32_t)(best + 1);
                }
}

void cpu_taps(struct job *j)           /* one dimension after the other */
{
    const i64 *list = j->in[1].p;
    const double *w = j->in[2].p;
    i64 dim[3] = { number(j, 1), number(j, 2), number(j, 3) }, planes = number(j, 0), n = planes * dim[0] * dim[1] * dim[2];
    double *x = scratch(sizeof *x * (size_t)MAX(1, n));
    for (i64 e = 0; e < n; e++)
        x[e] = number_at(&j->in[0], e);
    for (int d = 0; d < 3; d++) {
        i64 outer = planes, inner = 1, rows = number(j, 4 + d), entries = number(j, 7 + d);
        if (entries < 0)
            continue;
        for (int q = 0; q < 3; q++)
            *(q < d ? &outer : &inner) *= q == d ? 1 : dim[q];
        double *y = scratch(sizeof *y * (size_t)MAX(1, outer * rows * inner));
        const i64 *at = list + rows + 1;
        for (i64 a = 0; a < outer; a++)
            for (i64 r = 0; r < rows; r++)
                for (i64 b = 0; b < inner; b++) {
                    double s = 0;
                    for (i64 k = list[r]; k < list[r + 1]; k++)
                        s += w[k] * x[(a * dim[d] + at[k]) * inner + b];
                    y[(a * rows + r) * inner + b] = s;
                }
        x = y;
        dim[d] = rows;
        list = at + entries;
        w += entries;
    }
    for (i64 e = 0; e < planes * dim[0] * dim[1] * dim[2]; e++)
        number_put(j->out, e, x[e]);
}

void cpu_norm(struct job *j)
{
    int d = (int)j->num[0];
    const struct dev_arg *x = &j->in[0], *w = &j->in[1], *b = &j->in[2], *g = &j->in[3];
    i64 n = dim_at(x, d), lines = n ? cpu_size(x) / n : 0, inner = 1;
    for (int q = 0; q < d; q++)
        inner *= dim_at(x, q);
#define AT(a, k) cpu_offset(a, (a)->dim, (a)->nd, c / inner * inner * n + c % inner + (k) * inner)
    for (i64 c = 0; c < lines; c++) {
        double mean = 0, var = 0, s = 0, t = 0;
        for (i64 k = 0; k < n; k++)
            mean += number_at(x, AT(x, k)) / (double)n;
        for (i64 k = 0; k < n; k++)
            var += (number_at(x, AT(x, k)) - mean) * (number_at(x, AT(x, k)) - mean) / (double)n;
        double f = 1 / sqrt(var + j->num[1]);
        for (i64 k = 0; k < n && g->p; k++) {
            double h = number_at(g, AT(g, k)) * (w->p ? number_at(w, k) : 1);
            s += h / (double)n;
            t += h * (number_at(x, AT(x, k)) - mean) * f / (double)n;
        }
        for (i64 k = 0; k < n; k++) {
            double h = (number_at(x, AT(x, k)) - mean) * f, by = w->p ? number_at(w, k) : 1;
            number_put(j->out, AT(j->out, k),
                       g->p ? f * (number_at(g, AT(g, k)) * by - s - h * t) : h * by + (b->p ? number_at(b, k) : 0));
        }
    }
#undef AT
}

/* ---- losses of classes: x is samples x classes x places */
static i64 true_class(struct job *j, i64 i, i64 classes)      /* from 1; 0: left out */
{
    const struct dev_arg *t = &j->in[1];
    double v;
    convert_run(D_DOUBLE, &v, t->dtype, (const char *)t->p + i * (i64)dtypes[t->dtype].size, 1);
    if (v == j->num[1])
        return 0;
    if (v >= 1 && v <= (double)classes && v == floor(v))
        return (i64)v;
    struct dev_status *s = cpu_device()->status;
    if (!s->code) {
        s->at = fabs(v) < 1e15 ? (i64)floor(v) : 0;
        s->bound = classes;
        s->tag = j->tag;
        s->code = DEV_CLASS;
    }
    return 0;
}
static void losses(struct job *j, bool back)
{
    const struct dev_arg *x = &j->in[0], *w = &j->in[2];
    i64 n = dim_at(x, 0), classes = dim_at(x, 1), places = dim_at(x, 2);
    double sum = 0, total = 0, *z = scratch(sizeof *z * (size_t)MAX(1, classes)),
           *b = scratch(sizeof *b * (size_t)MAX(1, classes));
    for (int pass = back ? 0 : 1; pass < 2; pass++)
        for (i64 i = 0; i < n * places; i++) {
            i64 t = true_class(j, i, classes), s = i / places, p = i % places;
            double most = -INFINITY, all = 0, cost = 0, exps = 0, weight = !t ? 0 : w->p ? ((double *)w->p)[t - 1] : 1;
            if (!pass || !back)
                total += weight;
            if (!pass)
                continue;
            for (i64 k = 0; k < classes; k++) {
                z[k] = number_at(x, s * stride_at(x, 0) + k * stride_at(x, 1) + p * stride_at(x, 2));
                b[k] = j->num[0] ? ((k + 1 == t) * (1 - j->num[3]) + j->num[3] / (double)classes) *
                                       (w->p ? ((double *)w->p)[k] : 1)
                       : k + 1 == t ? weight
                                    : 0;
                most = fmax(most, z[k]);
                all += b[k];
            }
            for (i64 k = 0; k < classes; k++)
                exps += exp(z[k] - most);
            for (i64 k = 0; k < classes; k++) {
                z[k] -= j->num[0] ? log(exps) + most : 0;
                cost -= t && b[k] != 0 ? b[k] * z[k] : 0;
            }
            double by = j->num[2] == 0 && total != 0 ? total : 1;
            for (i64 k = 0; k < classes && back; k++)
                number_put(j->out, s * stride_at(j->out, 0) + k * stride_at(j->out, 1) + p * stride_at(j->out, 2),
                           t ? ((j->num[0] ? all * exp(z[k]) : 0) - b[k]) / by : 0);
            if (!back && j->num[2] == 2)
                number_put(j->out, i, cost);
            sum += cost;
        }
    if (!back && j->num[2] != 2)
        number_put(j->out, 0, j->num[2] == 0 && total != 0 ? sum / total : sum);
}
void cpu_loss(struct job *j) { losses(j, false); }
void cpu_loss_back(struct job *j) { losses(j, true); }

/* ---- batches: x is samples x channels x places */
static i64 three(const struct dev_arg *a, i64 i, i64 c, i64 p)
{
    return i * stride_at(a, 0) + c * stride_at(a, 1) + p * stride_at(a, 2);
}
static void batches(struct job *j, bool back)
{
    const struct dev_arg *x = &j->in[back ? 1 : 0], *g = &j->in[0], *w = &j->in[back ? 2 : 1], *b = &j->in[2],
                         *rm = &j->in[3], *rv = &j->in[4];
    i64 n = dim_at(x, 0), channels = dim_at(x, 1), places = dim_at(x, 2);
    double m = (double)(n * places), eps = j->num[back ? 1 : 2];
    bool training = j->num[0] != 0;
#define EACH for (i64 i = 0; i < n; i++) for (i64 p = 0; p < places; p++)
    for (i64 c = 0; c < channels; c++) {
        double mean = 0, var = 0, sg = 0, sx = 0, weight = w->p ? number_at(w, c) : 1,
               was = rm->p ? number_at(rm, c) : 0, vary = rv->p ? number_at(rv, c) : 1;
        if (training) {
            EACH mean += number_at(x, three(x, i, c, p)) / m;
            EACH var += (number_at(x, three(x, i, c, p)) - mean) * (number_at(x, three(x, i, c, p)) - mean) / m;
        } else {
            mean = was;
            var = vary;
        }
        double f = 1 / sqrt(var + eps);
        if (!back) {
            EACH number_put(&j->out[0], three(&j->out[0], i, c, p),
                            (number_at(x, three(x, i, c, p)) - mean) * f * weight + (b->p ? number_at(b, c) : 0));
            if (j->out[1].p)
                number_put(&j->out[1], c, training ? was + j->num[1] * (mean - was) : was);
            if (j->out[2].p)
                number_put(&j->out[2], c, training ? vary + j->num[1] * (var * m / (m - 1) - vary) : vary);
            continue;
        }
        EACH sg += number_at(g, three(g, i, c, p));
        EACH sx += number_at(g, three(g, i, c, p)) * (number_at(x, three(x, i, c, p)) - mean) * f;
        if (j->out[0].p)
            EACH {
                double h = (number_at(x, three(x, i, c, p)) - mean) * f;
                number_put(&j->out[0], three(&j->out[0], i, c, p),
                           weight * f * (number_at(g, three(g, i, c, p)) - (training ? (sg + h * sx) / m : 0)));
            }
        if (j->out[1].p)
            number_put(&j->out[1], c, sx);
        if (j->out[2].p)
            number_put(&j->out[2], c, sg);
    }
#undef EACH
}
void cpu_batchnorm(struct job *j) { batches(j, false); }
void cpu_batchnorm_back(struct job *j) { batches(j, true); }
