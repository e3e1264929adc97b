/* SPDX-License-Identifier: BSD-3-Clause */
/* text_layers.c: the rows of device.def for networks: convolution, pooling, means and enlarging, softmax, normalised rows.
 *
 * Sections of layers.cu.  What a layer is made with (kernel, strides, padding) are constants of its text; sizes, which
 * change with the input, are arguments.  A gradient of weights has a long inner dimension and few results, so it is cut into
 * parts, which are added up in their order: the same on every run. */
#include "text.h"

static int64_t stride_of(const struct dev_arg *a, int d) { return d < a->nd && a->dim[d] != 1 ? a->stride[d] : 0; }
static int64_t dim_of(const struct dev_arg *a, int d) { return d < a->nd ? a->dim[d] : 1; }

/* x, w, y of the convolution; mode: which of the three is the result. */
static int run_conv(struct work *w, int mode, struct dev_arg *out, const struct dev_arg *x,
                    const struct dev_arg *weight, const struct dev_arg *bias, const struct dev_arg *y,
                    const double *num)
{
    static const char *const active[] = { "(x)", "((x) > 0 ? (x) : 0)", "tanh(x)", "(1 / (1 + exp(-(x))))" };
    struct kernel k;
    struct section s;
    char c[900];
    int64_t groups = (int64_t)num[9], channels = dim_of(x, 3) / groups, outputs = dim_of(y, 3) / groups,
            n = dim_of(x, 4), kernel = 1, P = 1, Q = 1, far = 1;
    for (int d = 0; d < 3; d++) {
        kernel *= dim_of(weight, d);
        P *= dim_of(y, d);
        Q *= dim_of(x, d);
    }
    int64_t rows = mode == 0 ? P * n : mode == 1 ? Q * n : channels * kernel, columns = mode == 1 ? channels : outputs;
    int64_t inner = mode == 0 ? channels * kernel : mode == 1 ? outputs * kernel : P * n, parts = 1;
    int rm = rows > 16 ? 4 : 1, rn = columns > 32 ? 4 : columns > 16 ? 2 : 1;
    int64_t tiles = (rows + 16 * rm - 1) / (16 * rm) * ((columns + 16 * rn - 1) / (16 * rn)) * groups;
    if (mode == 2 && tiles < 2 * w->units && inner > 512) {
        parts = (2 * w->units + tiles - 1) / tiles;
        parts = MIN(parts, (inner + 255) / 256);
    }
    far = MAX(MAX(rows, columns), inner);
    snprintf(c, sizeof c,
             "#define T %s\n#define MODE %d\n#define IX %s\n#define RM %d\n#define RN %d\n#define KW %d\n#define KH "
             "%d\n#define KT %d\n#define ST %d\n#define SH %d\n#define SW %d\n"
             "#define PT %d\n#define PH %d\n#define PW %d\n#define DT %d\n#define DH %d\n#define DW %d\n#define "
             "ACTIVE(x) %s\n",
             text_class[out->dtype].name, mode, far + 64 < INT32_MAX ? "int" : "i64", rm, rn, (int)dim_of(weight, 0),
             (int)dim_of(weight, 1), (int)dim_of(weight, 2), (int)num[0], (int)num[1], (int)num[2], (int)num[3],
             (int)num[4], (int)num[5], (int)num[6], (int)num[7], (int)num[8], mode == 0 ? active[(int)num[10]] : "(x)");
    int64_t part = (inner + parts - 1) / parts, all = kernel * channels * outputs * groups;
    part = (part + 15) / 16 * 16;
    parts = MAX(1, (inner + part - 1) / MAX(1, part));
    void *found = parts > 1 ? w->get(w, (size_t)(parts * all) * (size_t)text_class[out->dtype].size) : NULL;
    if (parts > 1 && !found)
        return DEV_NO_MEMORY;
    section_begin(&k, &s, "conv", c);
    arg_pointer(&k, mode == 1 ? y->p : x->p);
    arg_pointer(&k, mode == 2 ? y->p : weight->p);
    arg_pointer(&k, bias ? bias->p : NULL);
    arg_pointer(&k, parts > 1 ? found : out->p);
    int64_t words[] = { n, channels, outputs, groups, parts, MAX(16, part) };
    for (int i = 0; i < COUNT(words); i++)
        arg_word(&k, words[i]);
    for (int d = 0; d < 3; d++)
        arg_word(&k, dim_of(x, d));
    for (int d = 0; d < 3; d++)
        arg_word(&k, dim_of(y, d));
    for (int d = 0; d < 5; d++)
        arg_word(&k, stride_of(x, d));
    for (int d = 0; d < 5; d++)
        arg_word(&k, stride_of(weight, d));
    for (int d = 0; d < 5; d++)
        arg_word(&k, stride_of(y, d));
    TRY(section_go(w, &k, tiles * parts, 1));
    if (parts < 2)
        return DEV_OK;
    char t[40];
    snprintf(t, sizeof t, "#define T %s\n", text_class[out->dtype].name);
    section_begin(&k, &s, "fold", t);
    arg_pointer(&k, found);
    arg_view(&k, out);
    arg_word(&k, parts);
    return section_go(w, &k, all, 256);
}

static int run_pool(struct work *w, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct kernel k;
    struct section s;
    char c[80];
    snprintf(c, sizeof c, "#define T %s\n#define AT %s\n", text_class[out[0].dtype].name, text_class[out[1].dtype].name);
    section_begin(&k, &s, "pool", c);
    arg_pointer(&k, in[0].p);
    arg_pointer(&k, out[0].p);
    arg_pointer(&k, out[1].p);
    arg_pointer(&k, in[1].p);
    for (int i = 0; i < 10; i++)
        arg_word(&k, (int64_t)num[i]);
    return section_go(w, &k, arg_size(&out[0]), 256);
}

static int run_taps(struct work *w, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct kernel k;
    struct section s;
    char c[40];
    snprintf(c, sizeof c, "#define T %s\n", text_class[out->dtype].name);
    section_begin(&k, &s, "taps", c);
    arg_pointer(&k, in[0].p);
    arg_pointer(&k, out->p);
    arg_pointer(&k, in[1].p);
    arg_pointer(&k, in[2].p);
    for (int i = 0; i < 10; i++)
        arg_word(&k, (int64_t)num[i]);
    return section_go(w, &k, arg_size(out), 256);
}

/* Where a column's elements lie one after another a warp reads it, else as many threads read columns side by side. */
static int run_softmax(struct work *w, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct kernel k;
    struct section s;
    char c[80];
    int d = (int)num[0];
    int64_t len = dim_of(&in[0], d), columns = len ? arg_size(&in[0]) / len : 0;
    struct dev_arg x = arg_first(&in[0], d), y = arg_first(out, d);
    bool together = d < in[0].nd && in[0].stride[d] == 1 && len > 4;
    snprintf(c, sizeof c, "#define T %s\n#define LOG %d\n", text_class[out->dtype].name, num[1] != 0);
    section_begin(&k, &s, together ? "softmax" : "softmax_short", c);
    arg_view(&k, &x);
    arg_view(&k, &y);
    arg_word(&k, len);
    arg_word(&k, columns);
    return section_go(w, &k, columns, together ? 8 : 256);
}

static int run_norm(struct work *w, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct kernel k;
    struct section s;
    char c[80];
    int d = (int)num[0];
    int64_t len = dim_of(&in[0], d);
    struct dev_arg x = arg_first(&in[0], d), y = arg_first(out, d),
                   g = in[3].p ? arg_first(&in[3], d) : (struct dev_arg){ 0 };
    snprintf(c, sizeof c, "#define T %s\n#define BACK %d\n", text_class[out->dtype].name, in[3].p != NULL);
    section_begin(&k, &s, "norm", c);
    arg_view(&k, &x);
    arg_view(&k, &g);
    arg_view(&k, &y);
    arg_pointer(&k, in[1].p);
    arg_pointer(&k, in[2].p);
    arg_word(&k, len);
    arg_word(&k, len ? arg_size(&in[0]) / len : 0);
    arg_double(&k, num[1]);
    return section_go(w, &k, len ? arg_size(&in[0]) / len : 0, 8);
}

/* ---- losses of classes */
static void arg_strides(struct kernel *k, const struct dev_arg *a)
{
    for (int d = 0; d < 3; d++)
        arg_word(k, a ? stride_of(a, d) : 0);
}
static int run_loss(struct work *w, bool back, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag)
{
    struct kernel k;
    struct section s;
    char c[160], one[160];
    const struct dev_arg *x = &in[0];
    int64_t n = dim_of(x, 0), classes = dim_of(x, 1), places = dim_of(x, 2), samples = n * places;
    bool scores = num[0] != 0, mean = num[2] == 0, each = num[2] == 2;
    double *cost = each || back ? NULL : w->get(w, (size_t)samples * 16 + 16), *total = back && mean ? w->get(w, 8) : NULL;
    if ((!cost && !back && !each) || (!total && back && mean))
        return DEV_NO_MEMORY;
    snprintf(c, sizeof c, "#define T %s\n#define Y %s\n#define BACK %d\n", text_class[x->dtype].name,
             text_class[in[1].dtype].name, back);
    snprintf(one, sizeof one, "#define T %s\n#define Y %s\n#define MEAN %d\n", text_class[x->dtype].name,
             text_class[in[1].dtype].name, mean);
    for (int turn = 0; turn < 2; turn++)
        if (turn == back) {
            section_begin(&k, &s, scores ? "cross" : "nll", c);
            arg_pointer(&k, x->p);
            arg_pointer(&k, in[1].p);
            arg_pointer(&k, in[2].p);
            arg_pointer(&k, total);
            arg_pointer(&k, cost);
            arg_pointer(&k, cost ? cost + samples : NULL);
            arg_pointer(&k, back || each ? out->p : NULL);
            arg_word(&k, n);
            arg_word(&k, classes);
            arg_word(&k, places);
            arg_strides(&k, x);
            arg_strides(&k, back ? out : NULL);
            arg_double(&k, num[1]);
            arg_pointer(&k, w->status);
            arg_word(&k, tag);
            if (scores)
                arg_double(&k, num[3]);
            TRY(section_go(w, &k, back && !scores ? samples * classes : samples, scores ? 8 : 256));
        } else if (cost || total) {
            section_begin(&k, &s, "total", one);
            arg_pointer(&k, cost);
            arg_pointer(&k, cost ? cost + samples : NULL);
            arg_pointer(&k, in[1].p);
            arg_pointer(&k, in[2].p);
            arg_pointer(&k, total);
            arg_pointer(&k, back ? NULL : out->p);
            arg_word(&k, samples);
            arg_word(&k, classes);
            arg_double(&k, num[1]);
            k.block = 1024;
            TRY(section_go(w, &k, 1, 1));
        }
    return DEV_OK;
}

/* ---- batches: sums of channels in parts, what follows for each channel, and each element */
static int run_batchnorm(struct work *w, bool back, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct kernel k;
    struct section s;
    char c[2][160];
    const struct dev_arg *x = &in[back ? 1 : 0], *g = back ? &in[0] : NULL, *weight = &in[back ? 2 : 1],
                         *bias = back ? NULL : &in[2], *mean = &in[3], *var = &in[4];
    int64_t n = dim_of(x, 0), channels = dim_of(x, 1), places = dim_of(x, 2), each = n * places, parts = 1;
    bool train = num[0] != 0, fast = stride_of(x, 0) == 1 && stride_of(x, 2) != 1;
    const char *T = text_class[x->dtype].name;
    while (parts < 64 && channels * parts < 2 * w->units && each / (parts * 2) >= 1024)
        parts *= 2;
    double *by = w->get(w, (size_t)channels * 32), *sum = train || back ? w->get(w, (size_t)(channels * parts) * 32) : NULL;
    if (!by || ((train || back) && !sum))
        return DEV_NO_MEMORY;
    int running = mean->p ? mean->dtype : D_DOUBLE;
    snprintf(c[0], sizeof c[0], "#define T %s\n#define BACK %d\n#define FAST %d\n", T, back, fast);
    snprintf(c[1], sizeof c[1], "#define T %s\n#define R %s\n#define BACK %d\n#define TRAIN %d\n", T,
             text_class[running].name, back, train);
    if (sum) {
        section_begin(&k, &s, "moments", c[0]);
        arg_pointer(&k, x->p);
        arg_pointer(&k, g ? g->p : NULL);
        arg_pointer(&k, sum);
        arg_word(&k, n);
        arg_word(&k, channels);
        arg_word(&k, places);
        arg_strides(&k, x);
        arg_strides(&k, g);
        arg_word(&k, parts);
        arg_word(&k, (each + parts - 1) / parts);
        TRY(section_go(w, &k, channels * parts, 1));
    }
    section_begin(&k, &s, "channels", c[1]);
    arg_pointer(&k, x->p);
    arg_pointer(&k, sum);
    arg_pointer(&k, by);
    arg_pointer(&k, weight->p);
    arg_pointer(&k, bias ? bias->p : NULL);
    arg_pointer(&k, mean->p);
    arg_pointer(&k, var->p);
    for (int i = 1; i < 3; i++)
        arg_pointer(&k, back ? NULL : out[i].p);
    for (int i = 1; i < 3; i++)
        arg_pointer(&k, back ? out[i].p : NULL);
    arg_word(&k, channels);
    arg_word(&k, stride_of(x, 1));
    arg_word(&k, parts);
    arg_double(&k, (double)each);
    arg_double(&k, back ? 0 : num[1]);
    arg_double(&k, num[back ? 1 : 2]);
    TRY(section_go(w, &k, channels, 256));
    if (!out[0].p)
        return DEV_OK;
    section_begin(&k, &s, "batchnorm", c[0]);
    arg_pointer(&k, x->p);
    arg_pointer(&k, g ? g->p : NULL);
    arg_pointer(&k, out[0].p);
    arg_pointer(&k, by);
    arg_word(&k, n);
    arg_word(&k, channels);
    arg_word(&k, places);
    arg_strides(&k, x);
    arg_strides(&k, g);
    arg_strides(&k, &out[0]);
    return section_go(w, &k, each * channels, 256);
}

int layers_can(enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    bool real = text_class[out->dtype].floating && !text_class[out->dtype].complex && in[0].dtype == out->dtype;
    (void)num;
    switch (what) {
    case DEV_conv: case DEV_conv_input: case DEV_conv_weight: case DEV_pool: case DEV_taps: case DEV_softmax: case DEV_norm:
        return real ? DEV_OK : DEV_NOT_HERE;
    case DEV_loss: case DEV_loss_back:
        return real && !text_class[in[1].dtype].complex && (!in[2].p || in[2].dtype == D_DOUBLE) ? DEV_OK : DEV_NOT_HERE;
    case DEV_batchnorm: case DEV_batchnorm_back:
        return real && in[3].dtype == in[4].dtype ? DEV_OK : DEV_NOT_HERE;
    default:
        return DEV_NOT_HERE;
    }
}

int layers_run(struct work *w, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag)
{
    switch (what) {
    case DEV_conv: return run_conv(w, 0, out, &in[0], &in[1], &in[2], out, num);
    case DEV_conv_input: return run_conv(w, 1, out, out, &in[1], &in[2], &in[0], num);
    case DEV_conv_weight: return run_conv(w, 2, out, &in[0], out, NULL, &in[1], num);
    case DEV_pool: return run_pool(w, out, in, num);
    case DEV_taps: return run_taps(w, out, in, num);
    case DEV_softmax: return run_softmax(w, out, in, num);
    case DEV_norm: return run_norm(w, out, in, num);
    case DEV_loss: case DEV_loss_back: return run_loss(w, what == DEV_loss_back, out, in, num, tag);
    case DEV_batchnorm: case DEV_batchnorm_back: return run_batchnorm(w, what == DEV_batchnorm_back, out, in, num);
    default: return DEV_NOT_HERE;
    }
}
