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
static int run_conv(struct work *w, int mode, struct dev_arg *out, const struct dev_arg *x, const struct dev_arg *weight, const struct dev_arg *bias, const struct dev_arg *y, const double *num)
{
    static const char *const active[] = { "(x)", "((x) > 0 ? (x) : 0)", "tanh(x)", "(1 / (1 + exp(-(x))))" };
    struct kernel k;
    struct section s;
    char c[900];
    int64_t groups = (int64_t)num[9], channels = dim_of(x, 3) / groups, outputs = dim_of(y, 3) / groups, n = dim_of(x, 4), kernel = 1, P = 1, Q = 1, far = 1;
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
    snprintf(c, sizeof c, "#define T %s\n#define MODE %d\n#define IX %s\n#define RM %d\n#define RN %d\n#define KW %d\n#define KH %d\n#define KT %d\n#define ST %d\n#define SH %d\n#define SW %d\n"
             "#define PT %d\n#define PH %d\n#define PW %d\n#define DT %d\n#define DH %d\n#define DW %d\n#define ACTIVE(x) %s\n", text_class[out->dtype].name, mode,
             far + 64 < INT32_MAX ? "int" : "i64", rm, rn, (int)dim_of(weight, 0), (int)dim_of(weight, 1), (int)dim_of(weight, 2), (int)num[0], (int)num[1], (int)num[2],
             (int)num[3], (int)num[4], (int)num[5], (int)num[6], (int)num[7], (int)num[8], mode == 0 ? active[(int)num[10]] : "(x)");
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
    struct dev_arg x = arg_first(&in[0], d), y = arg_first(out, d), g = in[3].p ? arg_first(&in[3], d) : (struct dev_arg){ 0 };
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

int layers_can(enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    bool real = text_class[out->dtype].floating && !text_class[out->dtype].complex && in[0].dtype == out->dtype;
    (void)num;
    switch (what) {
    case DEV_conv: case DEV_conv_input: case DEV_conv_weight: case DEV_pool: case DEV_taps: case DEV_softmax: case DEV_norm:
        return real ? DEV_OK : DEV_NOT_HERE;
    default:
        return DEV_NOT_HERE;
    }
}

int layers_run(struct work *w, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    switch (what) {
    case DEV_conv: return run_conv(w, 0, out, &in[0], &in[1], &in[2], out, num);
    case DEV_conv_input: return run_conv(w, 1, out, out, &in[1], &in[2], &in[0], num);
    case DEV_conv_weight: return run_conv(w, 2, out, &in[0], out, NULL, &in[1], num);
    case DEV_pool: return run_pool(w, out, in, num);
    case DEV_taps: return run_taps(w, out, in, num);
    case DEV_softmax: return run_softmax(w, out, in, num);
    case DEV_norm: return run_norm(w, out, in, num);
    default: return DEV_NOT_HERE;
    }
}
