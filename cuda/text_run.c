/* SPDX-License-Identifier: BSD-3-Clause */
/* text_run.c: the rows of device.def that are kernels of our own: which launches a call is.
 *
 * A kernel is a section of kernels.cu or layers.cu behind the constants that it is made for, and its words.  Operands
 * may have any strides: a `view` counts their elements with the first dimension fastest; along a dimension means that
 * this one is put first.  Every result is the same on every run: sums by index follow the order of the indices, sorts
 * are stable, of several values for one place the last stays. */
#include "text.h"
#include "cuda/texts.inc"

static char *section_text(const struct kernel *k, size_t *len)
{
    const struct section *s = k->spec;
    struct text t = { 0 };
    char name[64];
    snprintf(name, sizeof name, "/*== %s", s->section);
    const char *files[] = { text_kernels, text_layers }, *from = NULL;
    size_t n = strlen(name);
    for (int i = 0; i < COUNT(files) && !from; i++)
        for (from = files[i]; (from = strstr(from, name)) && from[n] != ' ' && from[n] != ':'; from += n)
            ;
    if (!from)
        return NULL;
    const char *end = strstr(from + 1, "/*==");
    put(&t, "%s", s->constants);
    put_n(&t, from, end ? (size_t)(end - from) : strlen(from));
    return text_with_words(&t, len);
}

/* ---- a launch: begin, words, go */
void section_begin(struct kernel *k, struct section *s, const char *section, const char *constants)
{
    key_start(k, section);
    key_add(k, constants, strlen(constants));
    *s = (struct section){ section, constants };
    k->text = section_text;
    k->spec = s;
}
int section_go(struct work *w, struct kernel *k, int64_t items, int each)
{
    int64_t need = (items + each - 1) / each;
    if (items <= 0)
        return DEV_OK;
    k->grid[0] = (unsigned)MAX(1, MIN(need, 8 * (int64_t)w->units));
    return w->launch(w, k);
}

int64_t arg_size(const struct dev_arg *a)
{
    int64_t n = 1;
    for (int d = 0; d < a->nd; d++)
        n *= a->dim[d];
    return n;
}
void arg_view(struct kernel *k, const struct dev_arg *a)        /* 20 words */
{
    struct layout l = { .n = 1 };
    int64_t n = a->p ? arg_size(a) : 0;
    for (int d = 0; a->p && d < a->nd; d++)
        if (a->dim[d] != 1) {
            l.dim[l.nd] = a->dim[d];
            l.stride[0][l.nd++] = a->stride[d];
        }
    layout_merge(&l, 0, l.nd);
    arg_pointer(k, a->p);
    arg_word(k, n);
    arg_word(k, l.nd);
    arg_word(k, l.nd == 0 || (l.nd == 1 && l.stride[0][0] == 1));
    for (int d = 0; d < DEV_DIMS; d++)
        arg_word(k, d < l.nd ? l.dim[d] : 1);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_word(k, d < l.nd ? l.stride[0][d] : 0);
}
static struct dev_arg dense(void *p, int dtype, int64_t n) { return (struct dev_arg){ p, dtype, 1, { n }, { 1 } }; }
struct dev_arg arg_first(const struct dev_arg *a, int d)   /* dimension d as the first one */
{
    struct dev_arg b = *a;
    for (int k = d; k > 0 && d < a->nd; k--) {
        b.dim[k] = a->dim[k - 1];
        b.stride[k] = a->stride[k - 1];
    }
    if (d < a->nd) {
        b.dim[0] = a->dim[d];
        b.stride[0] = a->stride[d];
    }
    return b;
}
static const char *word_of_size(int bytes)    /* what moves elements of that size; none of it is calculated with */
{
    return bytes == 1 ? "u8" : bytes == 2 ? "u16" : bytes == 4 ? "u32" : bytes == 8 ? "u64" : "complex_d";
}

/* ---- indexing */

static void arg_indices(struct kernel *k, int nd, const struct dev_arg *x, const struct dev_arg *list,
                        void *const *dense_list)
{
    arg_word(k, nd);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_word(k, d >= nd ? 1 : list[d].p ? list[d].dim[0] : x->dim[d]);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_word(k, d >= nd ? 1 : x->dim[d]);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_word(k, d >= nd ? 0 : x->stride[d]);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_pointer(k, d >= nd || !list[d].p ? NULL : dense_list ? dense_list[d] : list[d].p);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_word(k, d >= nd || !list[d].p || dense_list ? 1 : list[d].dim[0] == 1 ? 0 : list[d].stride[0]);
}
static void arg_trouble(struct work *w, struct kernel *k, int tag)
{
    arg_pointer(k, w->status);
    arg_word(k, tag);
}

static int run_gather(struct work *w, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag)
{
    struct kernel k;
    struct section s;
    char c[100];
    snprintf(c, sizeof c, "#define T %s\n#define OP %d\n", word_of_size(text_class[out->dtype].size), DEV_gather);
    section_begin(&k, &s, "gather", c);
    arg_view(&k, out);
    arg_pointer(&k, in[0].p);
    arg_indices(&k, (int)num[0], &in[0], in + 1, NULL);
    arg_trouble(w, &k, tag);
    return section_go(w, &k, arg_size(out), 256);
}

static int fill_words(struct work *w, void *p, int64_t n, int64_t x)
{
    struct kernel k;
    struct section s;
    section_begin(&k, &s, "fill", "");
    arg_pointer(&k, p);
    arg_word(&k, n);
    arg_word(&k, x);
    return section_go(w, &k, n, 256);
}

static int sort_columns(struct work *w, const struct dev_arg *x, int dtype, int64_t len, bool down, void **key, void **index);

static const char *sums(int dtype)            /* PLUS, for the class; NULL: no sums of it */
{
    switch (dtype) {
    case D_DOUBLE: case D_SINGLE: return "#define PLUS(a, b) ((a) + (b))\n";
    case D_CDOUBLE: return "#define PLUS(a, b) z_add_d(a, b)\n";
    case D_CSINGLE: return "#define PLUS(a, b) z_add_f(a, b)\n";
    }
    return NULL;
}

static int scatter_add(struct work *w, struct dev_arg *out, const struct dev_arg *x, const struct dev_arg *list, int nd,
                       int tag)
{
    struct kernel k;
    struct section s;
    char c[160], op[40];
    void *order[DEV_DIMS] = { 0 }, *from[DEV_DIMS] = { 0 }, *to[DEV_DIMS] = { 0 };
    int64_t n = 1;
    snprintf(op, sizeof op, "#define OP %d\n", DEV_scatter);
    for (int d = 0; d < nd; d++) {
        n *= out->dim[d];
        if (!list[d].p)
            continue;
        int64_t m = list[d].dim[0];
        void *clear = w->get(w, (size_t)m * 8), *key;
        from[d] = w->get(w, (size_t)out->dim[d] * 16);
        if (!clear || !from[d])
            return DEV_NO_MEMORY;
        to[d] = (char *)from[d] + out->dim[d] * 8;
        section_begin(&k, &s, "clamp", op);
        arg_pointer(&k, clear);
        arg_pointer(&k, list[d].p);
        arg_word(&k, m);
        arg_word(&k, m == 1 ? 0 : list[d].stride[0]);
        arg_word(&k, out->dim[d]);
        arg_trouble(w, &k, tag);
        TRY(section_go(w, &k, m, 256));
        struct dev_arg v = dense(clear, D_INT64, m);
        TRY(sort_columns(w, &v, D_INT64, m, false, &key, &order[d]));
        TRY(fill_words(w, from[d], 2 * out->dim[d], 0));
        section_begin(&k, &s, "segments", "");
        arg_pointer(&k, from[d]);
        arg_pointer(&k, to[d]);
        arg_pointer(&k, key);
        arg_word(&k, m);
        TRY(section_go(w, &k, m, 256));
    }
    snprintf(c, sizeof c, "#define T %s\n%s", text_class[out->dtype].name, sums(out->dtype));
    section_begin(&k, &s, "add", c);
    arg_view(&k, x);
    arg_pointer(&k, out->p);
    arg_indices(&k, nd, out, list, order);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_pointer(&k, order[d]);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_pointer(&k, from[d]);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_pointer(&k, to[d]);
    arg_word(&k, n);
    return section_go(w, &k, n, 256);
}

static int run_scatter(struct work *w, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag)
{
    struct kernel k;
    struct section s;
    char c[100];
    int nd = (int)num[0];
    const struct dev_arg *list = in + 1;
    int64_t n = 1;
    void *owner[DEV_DIMS] = { 0 };
    for (int d = 0; d < nd; d++)
        n *= list[d].p ? list[d].dim[0] : out->dim[d];
    if (!n)
        return DEV_OK;
    if (num[1] != 0)
        return scatter_add(w, out, &in[0], list, nd, tag);
    for (int d = 0; d < nd; d++) {
        if (!list[d].p)
            continue;
        if (!(owner[d] = w->get(w, (size_t)out->dim[d] * 8)))
            return DEV_NO_MEMORY;
        TRY(fill_words(w, owner[d], out->dim[d], -1));
        section_begin(&k, &s, "owner", "");
        arg_pointer(&k, owner[d]);
        arg_pointer(&k, list[d].p);
        arg_word(&k, list[d].dim[0]);
        arg_word(&k, list[d].dim[0] == 1 ? 0 : list[d].stride[0]);
        arg_word(&k, out->dim[d]);
        TRY(section_go(w, &k, list[d].dim[0], 256));
    }
    snprintf(c, sizeof c, "#define T %s\n#define OP %d\n", word_of_size(text_class[out->dtype].size), DEV_scatter);
    section_begin(&k, &s, "scatter", c);
    arg_view(&k, &in[0]);
    arg_pointer(&k, out->p);
    arg_indices(&k, nd, out, list, NULL);
    for (int d = 0; d < DEV_DIMS; d++)
        arg_pointer(&k, owner[d]);
    arg_word(&k, n);
    arg_trouble(w, &k, tag);
    return section_go(w, &k, n, 256);
}

static int run_count(struct work *w, struct dev_arg *out, const struct dev_arg *in)
{
    struct dev_prog p = { .n = 1,
                          .nin = 1,
                          .dtype = D_INT64,
                          .red = 1,
                          .in_dtype = { D_LOGICAL },
                          .ins = { { DI_IN, DEV_B, D_LOGICAL, 0, 0, -1 } } };
    struct dev_arg one = { out->p, D_INT64, 1, { 1 }, { 0 } };
    return work_reduce(w, &p, &one, in, NULL, 0);
}

/* find, select, replace: counts by 1024 elements, their running sum, then every element knows its place */
static int run_masked(struct work *w, int kind, const struct dev_arg *mask, const struct dev_arg *x,
                      const struct dev_arg *out)
{
    struct kernel k;
    struct section s;
    char c[100];
    int64_t n = arg_size(mask), blocks = (n + 1023) / 1024;
    int64_t *count = n ? w->get(w, (size_t)blocks * 8) : NULL;
    if (!n)
        return DEV_OK;
    if (!count)
        return DEV_NO_MEMORY;
    section_begin(&k, &s, "mark_count", "");
    arg_view(&k, mask);
    arg_pointer(&k, count);
    arg_word(&k, blocks);
    TRY(section_go(w, &k, blocks, 8));
    section_begin(&k, &s, "running_count", "");
    k.block = 1024;
    arg_pointer(&k, count);
    arg_word(&k, blocks);
    TRY(section_go(w, &k, 1, 1));
    int size = text_class[out->dtype].size;
    snprintf(c, sizeof c, "#define T %s\n#define KIND %d\n", kind ? word_of_size(size) : "i64", kind);
    if (size == 16)                           /* a struct: no number becomes one */
        snprintf(c, sizeof c, "#define T complex_d\n#define KIND %d\n#define PLACE(i) make_d((double)(i), 0)\n", kind);
    else
        strcat(c, "#define PLACE(i) ((T)(i))\n");
    section_begin(&k, &s, "mark_write", c);
    arg_view(&k, mask);
    arg_view(&k, x ? x : &(struct dev_arg){ 0 });
    arg_view(&k, out);
    arg_pointer(&k, count);
    arg_word(&k, blocks);
    return section_go(w, &k, blocks, 8);
}

/* ---- along a dimension */
static const char *order_of(int dtype,
                            bool down) /* `before`: by value, then by index; NaN behind, or first going down */
{
    if (text_class[dtype].floating)
        return down ? "DEV int before(T a, i64 i, T b, i64 j) { return a != a || b != b ? (b == b || (a != a && i < "
                      "j)) : a != b ? a > b : i < j; }\n"
                    : "DEV int before(T a, i64 i, T b, i64 j) { return a != a || b != b ? (a == a || (b != b && i < "
                      "j)) : a != b ? a < b : i < j; }\n";
    return down ? "DEV int before(T a, i64 i, T b, i64 j) { return a != b ? a > b : i < j; }\n"
                : "DEV int before(T a, i64 i, T b, i64 j) { return a != b ? a < b : i < j; }\n";
}

/* The columns of x, `len` long, sorted: dense keys and indices in scratch memory. */
static int sort_columns(struct work *w, const struct dev_arg *x, int dtype, int64_t len, bool down, void **key, void **index)
{
    struct kernel k;
    struct section s;
    char c[260];
    int64_t n = arg_size(x), columns = n / len, size = text_class[dtype].size;
    char *a = w->get(w, (size_t)(n * size)), *b = w->get(w, (size_t)n * 8), *a2 = a, *b2 = b;
    if (len > 1024) {
        a2 = w->get(w, (size_t)(n * size));
        b2 = w->get(w, (size_t)n * 8);
    }
    if (!a || !b || !a2 || !b2)
        return DEV_NO_MEMORY;
    snprintf(c, sizeof c, "#define T %s\n%s", text_class[dtype].name, order_of(dtype, down));
    section_begin(&k, &s, "sort_block", c);
    k.block = 512;
    arg_view(&k, x);
    arg_pointer(&k, a);
    arg_pointer(&k, b);
    arg_word(&k, len);
    arg_word(&k, columns);
    TRY(section_go(w, &k, (len + 1023) / 1024 * columns, 1));
    for (int64_t width = 1024; width < len; width *= 2) {
        section_begin(&k, &s, "sort_merge", c);
        arg_pointer(&k, a);
        arg_pointer(&k, b);
        arg_pointer(&k, a2);
        arg_pointer(&k, b2);
        arg_word(&k, len);
        arg_word(&k, columns);
        arg_word(&k, width);
        TRY(section_go(w, &k, n, 256));
        char *t = a;
        a = a2, a2 = t;
        t = b, b = b2, b2 = t;
    }
    *key = a;
    *index = b;
    return DEV_OK;
}

static int run_sort(struct work *w, struct dev_arg *out, const struct dev_arg *in, int d, int64_t most, bool down)
{
    struct kernel k;
    struct section s;
    char c[60];
    void *key, *index;
    struct dev_arg x = arg_first(&in[0], d), y = arg_first(&out[0], d),
                   at = out[1].p ? arg_first(&out[1], d) : (struct dev_arg){ 0 };
    int64_t len = d < in[0].nd ? in[0].dim[d] : 1;
    if (!arg_size(&x) || !arg_size(&y))
        return DEV_OK;
    TRY(sort_columns(w, &x, in[0].dtype, len, down, &key, &index));
    snprintf(c, sizeof c, "#define T %s\n", text_class[in[0].dtype].name);
    section_begin(&k, &s, "sort_store", c);
    arg_pointer(&k, key);
    arg_pointer(&k, index);
    arg_view(&k, &y);
    arg_view(&k, &at);
    arg_word(&k, len);
    arg_word(&k, MIN(most, len));
    return section_go(w, &k, arg_size(&y), 256);
}

static int run_extreme(struct work *w, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct kernel k;
    struct section s;
    char c[60];
    int d = (int)num[0];
    int64_t len = d < in[0].nd ? in[0].dim[d] : 1, columns = len ? arg_size(&in[0]) / len : 0;
    struct dev_arg x = arg_first(&in[0], d), y = arg_first(&out[0], d),
                   at = out[1].p ? arg_first(&out[1], d) : (struct dev_arg){ 0 };
    if (!columns)
        return DEV_OK;
    bool few = len > 256 && columns < 2048 * (int64_t)w->units;
    snprintf(c, sizeof c, "#define T %s\n#define DOWN %d\n", text_class[in[0].dtype].name, num[1] == 0);
    section_begin(&k, &s, few ? "extreme" : "extreme_short", c);
    arg_view(&k, &x);
    arg_view(&k, &y);
    arg_view(&k, &at);
    arg_word(&k, len);
    arg_word(&k, columns);
    return section_go(w, &k, columns, few ? 1 : 256);
}

/* Running sums in double (single stays single), as the CPU; many columns: each by itself, with the CPU's bits. */
static int run_scan(struct work *w, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct kernel k;
    struct section s;
    char c[900], store[120];
    int d = (int)num[0], kind = (int)num[1], dt = in[0].dtype, to = out->dtype;
    int64_t len = d < in[0].nd ? in[0].dim[d] : 1, columns = len ? arg_size(&in[0]) / len : 0, chunk = len, chunks = 1;
    if (!columns)
        return DEV_OK;
    bool z = text_class[dt].complex, same = kind > 1;
    const char *acc = same || text_class[dt].floating ? text_class[dt].name : "double", *zc = dt == D_CSINGLE ? "f" : "d";
    const char *step = kind == 0   ? (z ? "return z_add_#(a, b);" : "return a + b;")
                       : kind == 1 ? (z ? "return z_mul_#(a, b);" : "return a * b;")
                       : kind == 2 ? "return a != a || b > a ? b : a;"
                                   : "return a != a || b < a ? b : a;";
    const struct text_class *t = &text_class[to];
    if (same || (t->floating && !z))
        snprintf(store, sizeof store, "((%s)(x))", t->name);
    else if (z)
        snprintf(store, sizeof store, to == dt ? "(x)" : to == D_CDOUBLE ? "widen(x)" : "narrow(x)");
    else if (is_wide(to))
        snprintf(store, sizeof store, "to_%s(x)", t->name);
    else
        snprintf(store, sizeof store, "((%s)saturate(x, %.1f, %.1f))", t->name, t->low, t->high);
    char body[60] = "";
    for (const char *q = step; *q; q++)
        snprintf(body + strlen(body), sizeof body - strlen(body), "%c", *q == '#' ? *zc : *q);
    char zero[40];
    snprintf(zero, sizeof zero, z ? "make_%s(%d, 0)" : "((ACC)%s%d)", z ? zc : "", kind == 1);
    snprintf(c, sizeof c,
             "#define T %s\n#define ACC %s\n#define RESULT %s\n#define KIND %d\n#define START %s\n#define LOAD(x) "
             "(%s(x))\n#define STORE(x) %s\n"
             "DEV ACC step(ACC a, ACC b) { %s }\n",
             text_class[dt].name, acc, t->name, kind, zero, z ? "" : "(ACC)", store, body);
    struct dev_arg x = arg_first(&in[0], d), y = arg_first(out, d);
    if (len > 4096 && columns < 512 * (int64_t)w->units)
        for (chunk = 256; (len + chunk - 1) / chunk > 65536; chunk *= 2)
            ;
    chunks = (len + chunk - 1) / chunk;
    void *sum = NULL;
    if (chunks > 1) {
        if (!(sum = w->get(w, (size_t)(chunks * columns) * 16)))
            return DEV_NO_MEMORY;
        section_begin(&k, &s, "scan_sum", c);
        arg_view(&k, &x);
        arg_pointer(&k, sum);
        arg_word(&k, len);
        arg_word(&k, columns);
        arg_word(&k, chunk);
        arg_word(&k, chunks);
        TRY(section_go(w, &k, chunks * columns, 256));
        section_begin(&k, &s, "scan_sums", c);
        arg_pointer(&k, sum);
        arg_word(&k, columns);
        arg_word(&k, chunks);
        TRY(section_go(w, &k, columns, 256));
    }
    section_begin(&k, &s, "scan_part", c);
    arg_view(&k, &x);
    arg_view(&k, &y);
    arg_pointer(&k, sum);
    arg_word(&k, len);
    arg_word(&k, columns);
    arg_word(&k, chunk);
    arg_word(&k, chunks);
    return section_go(w, &k, chunks * columns, 256);
}

/* ---- random numbers */
static int run_random(struct work *w, int kind, struct dev_arg *out, double key, double at, double low, double high)
{
    struct kernel k;
    struct section s;
    char c[100];
    snprintf(c, sizeof c, "#define T %s\n#define KIND %d\n#define SINGLE %d\n", text_class[out->dtype].name, kind,
             out->dtype == D_SINGLE);
    section_begin(&k, &s, "random", c);
    arg_view(&k, out);
    arg_word(&k, (int64_t)(uint64_t)key);
    arg_word(&k, (int64_t)(uint64_t)at);
    arg_double(&k, low);
    arg_double(&k, high);
    return section_go(w, &k, (arg_size(out) + 1) / 2, 256);
}
static int run_permutation(struct work *w, struct dev_arg *out, double key,
                           double at) /* the order of as many uniform numbers */
{
    int64_t n = arg_size(out);
    void *u = n ? w->get(w, (size_t)n * 8) : NULL;
    if (!n)
        return DEV_OK;
    if (!u)
        return DEV_NO_MEMORY;
    struct dev_arg x = dense(u, D_DOUBLE, n), y[2] = { x, *out };
    struct dev_arg flat = dense(w->get(w, (size_t)n * 8), D_DOUBLE, n);
    if (!flat.p)
        return DEV_NO_MEMORY;
    y[0] = flat;
    TRY(run_random(w, 0, &x, key, at, 0, 1));
    return run_sort(w, y, &x, 0, n, false);
}

/* ---- products without a library */
static int run_gemm(struct work *w, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct kernel k;
    struct section s;
    char c[500];
    int dt = out->dtype, act = (int)num[2];
    bool f = dt == D_SINGLE || dt == D_CSINGLE, z = text_class[dt].complex;
    const char *suffix = f ? "f" : "d";
    const char *active = act == 1 ? (f ? "((x) > 0.0f ? (x) : 0.0f)" : "((x) > 0.0 ? (x) : 0.0)") : act == 2 ? "tanh(x)"
                       : act == 3 ? (f ? "(1.0f / (1.0f + exp(-(x))))" : "(1.0 / (1.0 + exp(-(x))))") : "(x)";
    if (z)
        snprintf(c, sizeof c,
                 "#define T complex_%s\n#define ZERO make_%s(0, 0)\n#define PLUS(a, b) z_add_%s(a, b)\n#define "
                 "TIMES(a, b) z_mul_%s(a, b)\n"
                 "#define SCALED(a, b) z_by_%s(a, (%s)(b))\n#define ACTIVE(x) (x)\n",
                 suffix, suffix, suffix, suffix, suffix, f ? "float" : "double");
    else
        snprintf(c, sizeof c,
                 "#define T %s\n#define ZERO ((T)0)\n#define PLUS(a, b) ((a) + (b))\n#define TIMES(a, b) ((a) * "
                 "(b))\n#define SCALED(a, b) ((a) * (T)(b))\n#define ACTIVE(x) %s\n",
                 text_class[dt].name, active);
    section_begin(&k, &s, "gemm", c);
    int64_t m = out->dim[0], n = out->nd > 1 ? out->dim[1] : 1, inner = in[0].nd > 1 ? in[0].dim[1] : 1,
            batch = out->nd > 2 ? out->dim[2] : 1;
    arg_pointer(&k, out->p);
    for (int i = 0; i < 3; i++)
        arg_pointer(&k, in[i].p);
    arg_word(&k, m);
    arg_word(&k, n);
    arg_word(&k, inner);
    for (int i = -1; i < 3; i++) {
        const struct dev_arg *a = i < 0 ? out : &in[i];
        for (int d = 0; d < (i == 2 ? 2 : 3); d++)
            arg_word(&k, !a->p || d >= a->nd || a->dim[d] == 1 ? 0 : a->stride[d]);
    }
    arg_word(&k, batch);
    arg_double(&k, num[0]);
    arg_double(&k, num[1]);
    arg_word(&k, act);
    return section_go(w, &k, (m + 15) / 16 * ((n + 15) / 16) * batch, 1);
}

/* ---- which calls are ours */
int work_can(enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    switch (what) {
    case DEV_gather: case DEV_count: case DEV_find: case DEV_select: case DEV_replace: case DEV_permutation:
        return DEV_OK;
    case DEV_scatter:
        return num[1] == 0 || sums(out->dtype) ? DEV_OK : DEV_NOT_HERE;
    case DEV_uniform: case DEV_normal: case DEV_integers:
        return text_class[out->dtype].complex ? DEV_NOT_HERE : DEV_OK;
    case DEV_sort: case DEV_topk: case DEV_extreme:
        return text_class[in[0].dtype].complex || in[0].dtype != out->dtype ? DEV_NOT_HERE : DEV_OK;
    case DEV_scan:
        return (text_class[in[0].dtype].complex && (num[1] > 1 || !text_class[out->dtype].complex)) ||
                       (num[1] > 1 && in[0].dtype != out->dtype)
                   ? DEV_NOT_HERE
                   : DEV_OK;
    case DEV_gemm:
        return text_class[out->dtype].floating && in[0].dtype == out->dtype && in[1].dtype == out->dtype &&
                       (!in[2].p || in[2].dtype == out->dtype) && !(text_class[out->dtype].complex && num[2] != 0)
                   ? DEV_OK
                   : DEV_NOT_HERE;
    default:
        return layers_can(what, out, in, num);
    }
}

int work_run(struct work *w, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag)
{
    TRY(work_can(what, out, in, num));
    switch (what) {
    case DEV_gather: return run_gather(w, out, in, num, tag);
    case DEV_scatter: return run_scatter(w, out, in, num, tag);
    case DEV_count: return run_count(w, out, in);
    case DEV_find: return run_masked(w, 0, &in[0], NULL, out);
    case DEV_select: return run_masked(w, 1, &in[1], &in[0], out);
    case DEV_replace: return run_masked(w, 2, &in[0], &in[1], out);
    case DEV_uniform: return run_random(w, 0, out, num[0], num[1], num[2], num[3]);
    case DEV_normal: return run_random(w, 1, out, num[0], num[1], num[2], num[3]);
    case DEV_integers: return run_random(w, 2, out, num[0], num[1], num[2], num[3]);
    case DEV_permutation: return run_permutation(w, out, num[0], num[1]);
    case DEV_scan: return run_scan(w, out, in, num);
    case DEV_extreme: return run_extreme(w, out, in, num);
    case DEV_sort: return run_sort(w, out, in, (int)num[0], INT64_MAX, num[1] != 0);
    case DEV_topk: return run_sort(w, out, in, (int)num[0], (int64_t)num[1], num[2] != 0);
    case DEV_gemm: return run_gemm(w, out, in, num);
    default: return layers_run(w, what, out, in, num, tag);
    }
}
