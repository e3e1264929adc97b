/* SPDX-License-Identifier: BSD-3-Clause */
/* conv_run.c: convolution, its gradient for the input and for the weights, as sums over taps.
 *
 * The idea: all three read an image at a list of offsets (taps), one for each channel and place of the kernel, so one
 * kernel of sums (kernels.h) serves every stride, padding, dilation, group and number of dimensions.  What makes that
 * true is how the image lies: padding is really there, and for a stride s along the width each row is taken apart into s
 * rows of every s-th element, so that neighbouring outputs read neighbouring elements.  An image without padding and
 * stride is read where it is.
 *
 * The gradient for the input is such a sum over the gradient of the output, with the taps mirrored; with a stride it is
 * one sum for each phase (the inputs that the same taps reach), scattered into place afterwards.
 *
 * Direct sums beat unfolding (im2col) and a matrix product for few channels by 1.5 to 4; for many channels taps are taken in
 * blocks that stay in the first-level cache, as a matrix product would.  Each output is summed in the same order however
 * the work is split, and the weights' gradient is split by sizes alone: the same bits for any number of threads. */
#include "nn/conv.h"
#include "nn/kernels.h"
#include <math.h>

enum { TILE_BYTES = 1 << 19, WEIGHT_BYTES = 16384, DOT_BYTES = 1 << 16, PARTS = 8 };

static const struct conv_kernels *kernels_for(int dtype)
{
    return &nn_kernels->conv[dtype == D_SINGLE];
}

void conv_out(struct conv *g)
{
    for (int d = 0; d < 3; d++) {
        i64 room = g->in[d] + 2 * g->pad[d] - g->dilation[d] * (g->kernel[d] - 1) - 1;
        g->out[d] = room < 0 ? 0 : room / g->stride[d] + 1;
    }
}

/* ---- an image as the kernels read it */
struct laid {
    i64 channels, in[3], low[3], size[3];     /* size: with padding */
    i64 phases, pitch, row, plane, channel, elements;     /* of an image */
    size_t bytes;
    bool in_place;
};

static struct laid laid_new(int dtype, i64 channels, const i64 *in, const i64 *low, const i64 *high, i64 phases)
{
    struct laid l = { .channels = channels, .phases = phases };
    l.in_place = phases == 1;
    for (int d = 0; d < 3; d++) {
        l.in[d] = in[d];
        l.low[d] = low[d];
        l.size[d] = in[d] + low[d] + high[d];
        l.in_place &= l.size[d] == in[d];
    }
    l.pitch = (l.size[2] + phases - 1) / phases;
    l.row = phases * l.pitch;
    l.plane = l.size[1] * l.row;
    l.channel = l.size[0] * l.plane;
    l.elements = channels * l.channel;
    l.bytes = ((size_t)l.elements * dtypes[dtype].size + SPARE + 63) & ~(size_t)63;
    return l;
}

#define SPLIT(T)                                                                                                \
    static void split_##T(const T *x, T *to, i64 n, i64 at, i64 phases, i64 pitch)                              \
    {                                                                                                           \
        for (i64 i = 0; i < n && i < phases; i++) {                                                             \
            T *q = to + (at + i) % phases * pitch + (at + i) / phases;                                          \
            for (i64 j = i; j < n; j += phases)                                                                 \
                *q++ = x[j];                                                                                    \
        }                                                                                                       \
    }
SPLIT(float)
SPLIT(double)

/* Channels c0 .. c1 of one image; the padding in `to` is zero already. */
static void lay(const struct laid *l, int dtype, const char *x, char *to, i64 c0, i64 c1)
{
    i64 size = dtypes[dtype].size, w = l->in[2];
    for (i64 c = c0; c < c1; c++)
        for (i64 t = 0; t < l->in[0]; t++)
            for (i64 h = 0; h < l->in[1]; h++) {
                const char *from = x + ((c * l->in[0] + t) * l->in[1] + h) * w * size;
                char *q = to + (c * l->channel + (t + l->low[0]) * l->plane + (h + l->low[1]) * l->row) * size;
                if (l->phases == 1)
                    memcpy(q + l->low[2] * size, from, (size_t)(w * size));
                else if (dtype == D_SINGLE)
                    split_float((const float *)from, (float *)q, w, l->low[2], l->phases, l->pitch);
                else
                    split_double((const double *)from, (double *)q, w, l->low[2], l->phases, l->pitch);
            }
}

/* ---- one sum over taps: all of the forward pass, or one phase of the gradient for the input */
struct pass {
    i64 taps, *off, *from; /* where a tap is read, from the start of its place and from the weights of output 0 */
    i64 first, step[3], count[3];             /* places: of the first, between them (step[2] is 1), how many */
    i64 at[3];                                /* where the first goes in the result, whose places are `every` apart */
    char *packed;                             /* weights of all groups */
};
struct job {
    int dtype;
    i64 size, n, groups, every[3];
    struct laid l;
    const char *src;
    i64 src_image, src_group, src_laid_group;
    char *dst;
    i64 dst_image, dst_size[3], dst_channels; /* of a group */
    const char *start, *zeros;                /* zeros: as many as a group has outputs */
    struct pass *pass;
    int passes;
    i64 chunks, block;                        /* parts of an image that are separate work; taps at a time */
    char *laid, *scattered;
    size_t scatter_bytes;
    bool whole, shared;                       /* results go straight into place; all images are laid already */
};

static size_t packed_bytes(const struct job *j, const struct pass *p)
{
    return (size_t)(p->taps * j->dst_channels * j->size * j->groups) + SPARE;
}

#define PACK(T)                                                                                                 \
    static void pack_##T(T *to, const T *w, i64 outputs, i64 between, int most, const i64 *from, i64 taps)      \
    {                                                                                                           \
        for (i64 o = 0, i = 0; o < outputs; i++) {                                                              \
            int g = conv_split((int)outputs, most, (int)i);                                                     \
            for (i64 t = 0; t < taps; t++)                                                                      \
                for (int k = 0; k < g; k++)                                                                     \
                    *to++ = w[(o + k) * between + from[t]];                                                     \
            o += g;                                                                                             \
        }                                                                                                       \
    }
PACK(float)
PACK(double)

/* The weights of every group: for each block of taps, [outputs in groups of the kernel][tap][output]. */
static void pack(const struct job *j, struct pass *p, const char *w, i64 group_step, i64 between)
{
    int most = kernels_for(j->dtype)->most;
    char *to = p->packed = scratch(packed_bytes(j, p));
    for (i64 g = 0; g < j->groups; g++, w += group_step * j->size)
        for (i64 t = 0; t < p->taps; t += j->block) {
            i64 k = MIN(j->block, p->taps - t);
            if (j->dtype == D_SINGLE)
                pack_float((float *)to, (const float *)w, j->dst_channels, between, most, p->from + t, k);
            else
                pack_double((double *)to, (const double *)w, j->dst_channels, between, most, p->from + t, k);
            to += k * j->dst_channels * j->size;
        }
}

#define SCATTER(T)                                                                                              \
    static void scatter_##T(const T *x, T *to, i64 n, i64 step)                                                 \
    {                                                                                                           \
        for (i64 i = 0; i < n; i++)                                                                             \
            to[i * step] = x[i];                                                                                \
    }
SCATTER(float)
SCATTER(double)

static void sum_rows(const struct job *j, const struct pass *p, const char *src, char *dst, i64 group, i64 row0,
                     i64 row1, bool place)
{
    struct conv_tile c = {
        .src_row = p->step[1], .src_plane = p->step[0], .plane_rows = p->count[1],
        .outputs = (int)j->dst_channels, .width = p->count[2], .dst = dst,
        .dst_channel = place ? j->dst_size[0] * j->dst_size[1] * j->dst_size[2] : p->count[0] * p->count[1] * p->count[2],
        .dst_row = p->count[2], .src = src + p->first * j->size,
    };
    i64 touched = j->l.channels / j->groups * p->step[1] * j->size, step = MAX(1, TILE_BYTES / MAX(1, touched));
    for (i64 r = row0; r < row1 && !interrupt_flag; r += step) {
        c.row0 = r;
        c.row1 = MIN(r + step, row1);
        const char *w = p->packed + group * p->taps * j->dst_channels * j->size;
        c.start = j->start ? j->start + group * j->dst_channels * j->size : j->zeros;
        i64 t = 0;
        do {
            c.off = p->off + t;
            c.taps = (int)MIN(j->block, p->taps - t);
            c.w = w;
            kernels_for(j->dtype)->forward(&c);
            c.start = NULL;
            w += c.taps * j->dst_channels * j->size;
            t += c.taps;
        } while (t < p->taps);
    }
}

static void scatter(const struct job *j, const struct pass *p, const char *from, char *to)
{
    for (i64 c = 0; c < j->dst_channels; c++)
        for (i64 t = 0; t < p->count[0]; t++)
            for (i64 h = 0; h < p->count[1]; h++, from += p->count[2] * j->size) {
                i64 row = (c * j->dst_size[0] + p->at[0] + t * j->every[0]) * j->dst_size[1] + p->at[1] + h * j->every[1];
                char *q = to + (row * j->dst_size[2] + p->at[2]) * j->size;
                if (j->dtype == D_SINGLE)
                    scatter_float((const float *)from, (float *)q, p->count[2], j->every[2]);
                else
                    scatter_double((const double *)from, (double *)q, p->count[2], j->every[2]);
            }
}

static void run_task(void *arg, i64 task, int thread)
{
    const struct job *j = arg;
    i64 image = task / j->chunks, chunk = task % j->chunks,
        group_image = j->dst_size[0] * j->dst_size[1] * j->dst_size[2] * j->dst_channels;
    const char *src = j->src + image * j->src_image * j->size;
    i64 group_step = j->src_group;
    if (!j->l.in_place) {
        char *mine = j->laid + (size_t)(j->shared ? image : thread) * j->l.bytes;
        if (!j->shared)
            lay(&j->l, j->dtype, src, mine, 0, j->l.channels);
        src = mine;
        group_step = j->src_laid_group;
    }
    for (i64 g = 0; g < j->groups && !interrupt_flag; g++) {
        const char *s = src + g * group_step * j->size;
        char *d = j->dst + (image * j->dst_image + g * group_image) * j->size;
        if (j->whole) {
            i64 rows = j->pass->count[0] * j->pass->count[1];
            sum_rows(j, j->pass, s, d, g, rows * chunk / j->chunks, rows * (chunk + 1) / j->chunks, true);
            continue;
        }
        i64 p0 = j->chunks > 1 ? chunk : 0, p1 = j->chunks > 1 ? chunk + 1 : j->passes;
        for (i64 i = p0; i < p1; i++) {
            const struct pass *p = &j->pass[i];
            char *to = j->scattered + (size_t)thread * j->scatter_bytes;
            sum_rows(j, p, s, to, g, 0, p->count[0] * p->count[1], false);
            scatter(j, p, to, d);
        }
    }
}

static void lay_task(void *arg, i64 task, int thread)
{
    struct job *j = arg;
    (void)thread;
    i64 image = task / j->l.channels, c = task % j->l.channels;
    lay(&j->l, j->dtype, j->src + image * j->src_image * j->size, j->laid + (size_t)image * j->l.bytes, c, c + 1);
}

static void run_job(struct job *j, const char *w, i64 group_step, i64 between, double work)
{
    int threads = rows_threads(work);
    const struct conv_kernels *k = kernels_for(j->dtype);
    j->block = WEIGHT_BYTES / (k->most * j->size);
    for (int i = 0; i < j->passes; i++)
        pack(j, &j->pass[i], w, group_step, between);
    j->zeros = memset(scratch((size_t)(j->dst_channels * j->size)), 0, (size_t)(j->dst_channels * j->size));
    j->whole = j->every[0] == 1 && j->every[1] == 1 && j->every[2] == 1;
    bool split = threads > 1 && j->n < 2 * threads;       /* images are split, too */
    j->chunks = !split ? 1 : j->whole ? MIN(j->pass->count[0] * j->pass->count[1], 4 * threads) : j->passes;
    if (!j->whole) {
        size_t most = 0;
        for (int i = 0; i < j->passes; i++)
            most = MAX(most, (size_t)(j->pass[i].count[0] * j->pass[i].count[1] * j->pass[i].count[2]));
        j->scatter_bytes = (most * (size_t)(j->dst_channels * j->size) + SPARE + 63) & ~(size_t)63;
        j->scattered = scratch(j->scatter_bytes * (size_t)threads);
    }
    if (!j->l.in_place) {
        j->shared = j->chunks > 1;
        size_t bytes = j->l.bytes * (size_t)(j->shared ? j->n : threads);
        j->laid = memset(scratch(bytes), 0, bytes);
        if (j->shared)
            rows_each(j->n * j->l.channels, threads, lay_task, j);
    }
    rows_each(j->n * j->chunks, threads, run_task, j);
}

static double work_of(const struct conv *g)
{
    double w = (double)g->n * (double)g->channels_out * (double)(g->channels_in / g->groups);
    for (int d = 0; d < 3; d++)
        w *= (double)g->kernel[d] * (double)g->out[d];
    return w;
}

static i64 product(const i64 *d)
{
    return d[0] * d[1] * d[2];
}

static struct laid laid_input(const struct conv *g)
{
    return laid_new(g->dtype, g->channels_in, g->in, g->pad, g->pad, g->stride[2]);
}

/* Offsets of the taps of one group of inputs, in the order of the weights. */
static i64 *input_taps(const struct conv *g, const struct laid *l)
{
    i64 *off = scratch(sizeof(i64) * (size_t)(g->channels_in / g->groups * product(g->kernel))), *o = off;
    for (i64 c = 0; c < g->channels_in / g->groups; c++)
        for (i64 t = 0; t < g->kernel[0]; t++)
            for (i64 h = 0; h < g->kernel[1]; h++)
                for (i64 w = 0; w < g->kernel[2]; w++) {
                    i64 x = w * g->dilation[2];
                    *o++ = c * l->channel + t * g->dilation[0] * l->plane + h * g->dilation[1] * l->row +
                           x % l->phases * l->pitch + x / l->phases;
                }
    return off;
}

void conv_forward(const struct conv *g, const void *x, const void *w, const void *b, void *y)
{
    i64 taps = g->channels_in / g->groups * product(g->kernel);
    struct pass p = { .taps = taps, .from = scratch(sizeof(i64) * (size_t)taps) };
    struct job j = {
        .dtype = g->dtype,
        .size = dtypes[g->dtype].size,
        .n = g->n,
        .groups = g->groups,
        .every = { 1, 1, 1 },
        .l = laid_input(g),
        .src = x,
        .src_image = g->channels_in * product(g->in),
        .dst = y,
        .dst_image = g->channels_out * product(g->out),
        .dst_channels = g->channels_out / g->groups,
        .start = b,
        .pass = &p,
        .passes = 1,
    };
    j.src_group = g->channels_in / g->groups * product(g->in);
    j.src_laid_group = g->channels_in / g->groups * j.l.channel;
    memcpy(j.dst_size, g->out, sizeof g->out);
    memcpy(p.count, g->out, sizeof g->out);
    p.step[0] = g->stride[0] * j.l.plane;
    p.step[1] = g->stride[1] * j.l.row;
    p.off = input_taps(g, &j.l);
    for (i64 t = 0; t < taps; t++)
        p.from[t] = t;
    run_job(&j, w, j.dst_channels * taps, taps, work_of(g));
}

static i64 floor_div(i64 a, i64 b)
{
    return a / b - (a % b < 0);
}

/* Input i has phase f when i + pad = m * stride + f.  The tap k reaches it when f - k * dilation is a multiple e * stride,
   and then reads output m + e. */
void conv_input(const struct conv *g, const void *dy, const void *w, const void *b, void *dx)
{
    i64 low[3], high[3], og = g->channels_out / g->groups, ig = g->channels_in / g->groups, K = product(g->kernel);
    for (int d = 0; d < 3; d++) {
        low[d] = g->dilation[d] * (g->kernel[d] - 1) / g->stride[d];
        high[d] = MAX(0, (g->in[d] - 1 + g->pad[d]) / g->stride[d] - (g->out[d] - 1));
    }
    struct job j = {
        .dtype = g->dtype, .size = dtypes[g->dtype].size, .n = g->n, .groups = g->groups,
        .l = laid_new(g->dtype, g->channels_out, g->out, low, high, 1),
        .src = dy, .src_image = g->channels_out * product(g->out), .src_group = og * product(g->out), .dst = dx,
        .dst_image = g->channels_in * product(g->in), .dst_channels = ig, .start = b,
    };
    j.src_laid_group = og * j.l.channel;
    memcpy(j.dst_size, g->in, sizeof g->in);
    memcpy(j.every, g->stride, sizeof g->stride);
    i64 phases = product(g->stride);
    if (phases > 1 << 20)
        fail("tl:too-large", "a convolution has strides of %lld x %lld x %lld, which is too far apart",
             (long long)g->stride[0], (long long)g->stride[1], (long long)g->stride[2]);
    j.pass = scratch(sizeof *j.pass * (size_t)phases);
    for (i64 f = 0; f < phases; f++) {
        i64 phase[3] = { f / (g->stride[1] * g->stride[2]), f / g->stride[2] % g->stride[1], f % g->stride[2] }, m[3];
        struct pass p = { .step = { j.l.plane, j.l.row, 1 } };
        for (int d = 0; d < 3; d++) {
            m[d] = -floor_div(phase[d] - g->pad[d], g->stride[d]);        /* the first i >= 0 */
            p.at[d] = m[d] * g->stride[d] + phase[d] - g->pad[d];
            p.count[d] = p.at[d] >= g->in[d] ? 0 : (g->in[d] - 1 - p.at[d]) / g->stride[d] + 1;
        }
        if (!product(p.count))
            continue;
        p.first = (m[0] + low[0]) * j.l.plane + (m[1] + low[1]) * j.l.row + m[2] + low[2];
        p.off = scratch(sizeof(i64) * (size_t)(og * K));
        p.from = scratch(sizeof(i64) * (size_t)(og * K));
        for (i64 o = 0; o < og; o++)
            for (i64 k = 0; k < K; k++) {
                i64 at[3] = { k / (g->kernel[1] * g->kernel[2]), k / g->kernel[2] % g->kernel[1], k % g->kernel[2] }, e[3];
                bool reached = true;
                for (int d = 0; d < 3; d++) {
                    i64 r = phase[d] - at[d] * g->dilation[d];
                    e[d] = floor_div(r, g->stride[d]);
                    reached &= r == e[d] * g->stride[d];
                }
                if (!reached)
                    continue;
                p.off[p.taps] = o * j.l.channel + e[0] * j.l.plane + e[1] * j.l.row + e[2];
                p.from[p.taps++] = o * ig * K + k;
            }
        j.pass[j.passes++] = p;
    }
    if (j.passes)
        run_job(&j, w, og * ig * K, K, work_of(g));
}

/* ---- the weights' gradient.  Samples, or rows of large images, are taken in tiles; tiles are cut into parts with a sum
   each, outputs into slices, all by sizes alone. */
struct dots {
    const struct conv *g;
    i64 size, tiles, samples, rows, row_tiles, parts, slices, taps;
    struct laid l;
    const i64 *off;
    const char *x, *dy;
    char *laid;
    double *sum;                              /* parts x outputs x taps */
};

static void dots_task(void *arg, i64 task, int thread)
{
    struct dots *q = arg;
    const struct conv *g = q->g;
    i64 part = task / q->slices, slice = task % q->slices, og = g->channels_out / g->groups, ig = g->channels_in / g->groups;
    i64 out_rows = g->out[0] * g->out[1], in_place = q->l.in_place;
    struct weight_tile c = {
        .src_row = g->stride[1] * q->l.row,
        .src_plane = g->stride[0] * q->l.plane,
        .plane_rows = g->out[1],
        .off = q->off,
        .taps = (int)q->taps,
        .dy_channel = product(g->out),
        .dy_row = g->out[2],
        .width = g->out[2],
        .dw_output = q->taps,
        .src_sample = in_place ? g->channels_in * product(g->in) : (i64)q->l.bytes / q->size,
        .dy_sample = g->channels_out * product(g->out),
    };
    char *mine = in_place ? NULL : q->laid + (size_t)thread * q->l.bytes * (size_t)q->samples;
    i64 have = -1;                            /* the first sample that is laid */
    for (i64 tile = q->tiles * part / q->parts; tile < q->tiles * (part + 1) / q->parts && !interrupt_flag; tile++) {
        i64 s0 = tile / q->row_tiles * q->samples;
        c.samples = MIN(q->samples, g->n - s0);
        c.row0 = tile % q->row_tiles * q->rows;
        c.row1 = MIN(c.row0 + q->rows, out_rows);
        const char *x = q->x + s0 * g->channels_in * product(g->in) * q->size;
        for (i64 s = 0; !in_place && have != s0 && s < c.samples; s++)
            lay(&q->l, g->dtype, x + s * g->channels_in * product(g->in) * q->size, mine + (size_t)s * q->l.bytes, 0,
                g->channels_in);
        have = s0;
        if (!in_place)
            x = mine;
        for (i64 group = 0; group < g->groups; group++) {
            i64 o0 = og * slice / q->slices, o1 = og * (slice + 1) / q->slices, o = group * og + o0;
            c.src = x + group * ig * (in_place ? product(g->in) : q->l.channel) * q->size;
            c.dy = q->dy + (s0 * c.dy_sample + o * c.dy_channel) * q->size;
            c.outputs = (int)(o1 - o0);
            c.dw = q->sum + (part * g->channels_out + o) * q->taps;
            kernels_for(g->dtype)->weight(&c);
        }
    }
}

void conv_weight(const struct conv *g, const void *x, const void *dy, void *dw)
{
    struct dots q = { .g = g, .size = dtypes[g->dtype].size, .l = laid_input(g), .x = x, .dy = dy };
    i64 out_rows = g->out[0] * g->out[1], og = g->channels_out / g->groups;
    q.taps = g->channels_in / g->groups * product(g->kernel);
    q.off = input_taps(g, &q.l);
    i64 row_bytes =
        (4 * g->out[2] + q.l.row) * q.size; /* what stays in cache while the taps go by: 4 outputs and a channel */
    q.rows = MAX(1, MIN(out_rows, DOT_BYTES / row_bytes));
    q.row_tiles = (out_rows + q.rows - 1) / q.rows;
    q.samples = q.row_tiles > 1 ? 1 : MAX(1, MIN(g->n, DOT_BYTES / (row_bytes * out_rows)));
    q.tiles = (g->n + q.samples - 1) / q.samples * q.row_tiles;
    i64 elements = g->channels_out * q.taps;
    q.parts = MAX(1, MIN(MIN(q.tiles, PARTS), (1 << 21) / MAX(1, elements)));
    if (work_of(g) < 1e6)
        q.parts = 1;
    q.slices = q.parts >= PARTS ? 1 : MAX(1, MIN(PARTS / q.parts, og / 4));
    int threads = (int)MIN(rows_threads(work_of(g)), q.parts * q.slices);
    q.sum = memset(scratch(sizeof(double) * (size_t)(q.parts * elements)), 0, sizeof(double) * (size_t)(q.parts * elements));
    if (!q.l.in_place) {
        size_t bytes = q.l.bytes * (size_t)q.samples * (size_t)threads;
        q.laid = memset(scratch(bytes), 0, bytes);
    }
    rows_each(q.parts * q.slices, threads, dots_task, &q);
    for (i64 e = 0; e < elements; e++) {
        double s = 0;
        for (i64 p = 0; p < q.parts; p++)
            s += q.sum[p * elements + e];
        if (g->dtype == D_SINGLE)
            ((float *)dw)[e] = (float)s;
        else
            ((double *)dw)[e] = s;
    }
}
