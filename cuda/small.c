/* SPDX-License-Identifier: BSD-3-Clause */
/* small.c: short programs and kernels that the library wrappers put before and behind a library's call.
 *
 * The programs are those of lab/device.h, so that copies with strides, conversions and scalings are the emitter's; the
 * kernels are texts in its subset.  Those that walk along pivots do it in one thread: n steps beside n^3 of the
 * factorisation. */
#include "small.h"
#include "text.h"

enum dev_type small_type(int dtype)
{
    return dtype == DT_DOUBLE ? DEV_D : dtype == DT_SINGLE ? DEV_F : dtype == DT_CDOUBLE ? DEV_C : DEV_G;
}
struct dev_arg small_arg(void *p, int dtype, int64_t m, int64_t n, int64_t ld)
{
    return (struct dev_arg){ .p = p, .dtype = dtype, .nd = 2, .dim = { m, n }, .stride = { 1, ld } };
}
struct dev_arg small_turned(const struct dev_arg *x)
{
    struct dev_arg y = *x;
    y.nd = 2;
    y.dim[0] = x->nd > 1 ? x->dim[1] : 1, y.dim[1] = x->dim[0];
    y.stride[0] = x->nd > 1 ? x->stride[1] : x->dim[0], y.stride[1] = x->stride[0];
    return y;
}

/* ---- programs */
static bool empty(const struct dev_arg *x)
{
    for (int i = 0; i < x->nd; i++)
        if (!x->dim[i])
            return true;
    return false;
}
static struct dev_ins ins(enum dev_what what, enum dev_type type, int dtype, int op, int a, int b)
{
    return (struct dev_ins){ (uint8_t)what, (uint8_t)type, (uint8_t)dtype, (uint8_t)op, (int16_t)a, (int16_t)b };
}
int small_map(struct gpu *g, struct dev_arg *out, const struct dev_arg *in, int row, int tag)
{
    enum dev_type from = small_type(in->dtype), to = small_type(out->dtype);
    struct dev_prog p = { .nin = 1, .dtype = (uint8_t)out->dtype, .in_dtype = { (uint8_t)in->dtype } };
    struct dev_arg x = *in;
    double none = 0;
    if (empty(out))
        return DEV_OK;
    x.nd = out->nd;
    for (int i = 0; i < out->nd; i++) {
        x.stride[i] = i < in->nd && in->dim[i] > 1 ? in->stride[i] : 0;
        x.dim[i] = out->dim[i];
    }
    p.ins[p.n++] = ins(DI_IN, from, in->dtype, 0, 0, -1);
    if (row >= 0) {
        enum dev_type t = row == OPS_real ? (from == DEV_C ? DEV_D : DEV_F) : from;
        p.ins[p.n++] = ins(DI_OP, t, row == OPS_real ? out->dtype : in->dtype, row, 0, -1);
        from = t;
    }
    if (from != to) {
        p.ins[p.n] = ins(DI_TO, to, out->dtype, 0, p.n - 1, -1);
        p.n++;
    }
    return launch_program(g, &p, out, &x, &none, tag);
}
int small_fill(struct gpu *g, struct dev_arg *out, double x, int tag)
{
    enum dev_type type = small_type(out->dtype);
    struct dev_prog p = { .n = 1, .nnum = type == DEV_C || type == DEV_G ? 2 : 1, .dtype = (uint8_t)out->dtype };
    p.ins[0] = ins(DI_NUM, type, out->dtype, 0, 0, -1);
    return empty(out) ? DEV_OK : launch_program(g, &p, out, NULL, (double[]){ x, 0 }, tag);
}
int small_scale(struct gpu *g, struct dev_arg *x, double by, int tag)
{
    enum dev_type type = small_type(x->dtype);
    struct dev_prog p = { .n = 3,
                          .nin = 1,
                          .nnum = type == DEV_C || type == DEV_G ? 2 : 1,
                          .dtype = (uint8_t)x->dtype,
                          .in_dtype = { (uint8_t)x->dtype } };
    p.ins[0] = ins(DI_IN, type, x->dtype, 0, 0, -1);
    p.ins[1] = ins(DI_NUM, type, x->dtype, 0, 0, -1);
    p.ins[2] = ins(DI_OP, type, x->dtype, OPS_times, 0, 1);
    return empty(x) ? DEV_OK : launch_program(g, &p, x, x, (double[]){ by, 0 }, tag);
}

/* ---- scratch */
int scratch_get(struct scratch *s, size_t bytes, void **p)
{
    if (s->n == COUNT(s->at))
        return gpu_refuse(s->g, DEV_REFUSED, "more pieces of scratch memory than were thought of");
    TRY(memory_get(s->g, bytes, p));
    s->at[s->n].p = *p;
    s->at[s->n++].bytes = bytes;
    return DEV_OK;
}
void scratch_end(struct scratch *s)
{
    while (s->n--)
        memory_put(s->g, s->at[s->n].p, s->at[s->n].bytes);
}

/* ---- kernels.  T is the class of an element; of complex ones what is copied is a pair. */
#define LOOP "    for (i64 i = (i64)blockIdx.x * 256 + threadIdx.x; i < A.m * A.n; i += (i64)gridDim.x * 256) {\n" \
             "        i64 r = i % A.m, c = i / A.m;\n"
static const char triangle_text[] =
    "typedef struct { T *out; const T *a; i64 m, n, s0, s1, ld, what; } args;\n\n"
    "KERNEL(256) tl(const args A)\n{\n" LOOP
    "        T zero, one;\n        MAKE(zero, 0);\n        MAKE(one, 1);\n"
    "        int in = A.what == 0 ? r <= c : A.what == 1 ? r >= c : A.what == 2 ? r > c : 0;\n"
    "        T x = zero;\n        if (in)\n            x = A.a[r + c * A.ld];\n        else if (r == c && A.what >= "
    "2)\n            x = one;\n"
    "        A.out[r * A.s0 + c * A.s1] = x;\n    }\n}\n";
static const char permutation_text[] =
    "typedef struct { i64 *out; const i64 *pivot; i64 m, n, s; } args;\n\n"
    "KERNEL(32) tl(const args A)\n{\n    if (blockIdx.x != 0 || threadIdx.x != 0)\n        return;\n"
    "    for (i64 i = 0; i < A.m; i++)\n        A.out[i * A.s] = i;\n"
    "    for (i64 i = 0; i < A.n; i++) {\n        i64 j = A.pivot[i] - 1, t = A.out[i * A.s];\n"
    "        A.out[i * A.s] = A.out[j * A.s];\n        A.out[j * A.s] = t;\n    }\n}\n";
static const char det_text[] =
    "typedef struct { T *out; const T *a; const i64 *pivot; i64 n, ld; } args;\n\n"
    "KERNEL(32) tl(const args A)\n{\n    if (blockIdx.x != 0 || threadIdx.x != 0)\n        return;\n"
    "    T d;\n    MAKE(d, 1);\n"
    "    for (i64 i = 0; i < A.n; i++) {\n        T x = A.a[i + i * A.ld];\n        d = TIMES(d, x);\n        if "
    "(A.pivot[i] != i + 1)\n            d = MINUS(d);\n    }\n"
    "    A.out[0] = d;\n}\n";
static const char info_text[] =
    "typedef struct { const int *info; u64 status; i64 code, op, tag; } args;\n\n"
    "KERNEL(32) tl(const args A)\n{\n    if (blockIdx.x == 0 && threadIdx.x == 0 && A.info[0] > 0)\n"
    "        trouble(A.status, (int)A.code, (int)A.op, 0, 0, A.tag);\n}\n";

struct spec { const char *text; int dtype; };
static char *make_text(const struct kernel *k, size_t *len)
{
    static const struct { const char *type, *make, *times, *minus; } form[] = {
        [DEV_D] = { "double", "x = (T)(v)", "a * b", "-(a)" }, [DEV_F] = { "float", "x = (T)(v)", "a * b", "-(a)" },
        [DEV_C] = { "complex_d", "x = make_d(v, 0)", "z_mul_d(a, b)", "z_neg_d(a)" },
        [DEV_G] = { "complex_f", "x = make_f(v, 0)", "z_mul_f(a, b)", "z_neg_f(a)" } };
    const struct spec *s = k->spec;
    struct text t = { 0 };
    if (s->dtype >= 0) {
        enum dev_type type = small_type(s->dtype);
        put(&t, "typedef %s T;\n#define MAKE(x, v) %s\n#define TIMES(a, b) (%s)\n#define MINUS(a) (%s)\n\n",
            form[type].type, form[type].make, form[type].times, form[type].minus);
    }
    put(&t, "%s", s->text);
    return text_with_words(&t, len);
}
static int launch_text(struct gpu *g, const char *name, const char *text, int dtype, int64_t threads, unsigned block,
                       int words, const uint64_t *word)
{
    struct kernel k = { 0 };
    struct spec s = { text, dtype };
    key_start(&k, name);
    key_add(&k, &dtype, sizeof dtype);
    int64_t grid = (threads + block - 1) / block, cap = 8 * (int64_t)g->units;
    k.text = make_text;
    k.spec = &s;
    k.grid[0] = (unsigned)(grid < cap ? grid : cap);
    k.grid[1] = k.grid[2] = 1;
    k.block = block;
    k.words = words;
    memcpy(k.arg, word, (size_t)words * 8);
    return launch_kernel(g, &k);
}
static uint64_t at(const void *p) { return (uint64_t)(uintptr_t)p; }
int small_triangle(struct gpu *g, struct dev_arg *out, const void *a, int64_t ld, enum triangle what)
{
    int64_t m = out->dim[0], n = out->nd > 1 ? out->dim[1] : 1;
    if (!m || !n)
        return DEV_OK;
    return launch_text(g, "triangle", triangle_text, out->dtype, m * n, 256, 8,
                       (uint64_t[]){ at(out->p), at(a), (uint64_t)m, (uint64_t)n, (uint64_t)out->stride[0],
                                     out->nd > 1 ? (uint64_t)out->stride[1] : 0, (uint64_t)ld, what });
}
int small_permutation(struct gpu *g, struct dev_arg *out, const int64_t *pivot, int64_t n)
{
    if (empty(out))
        return DEV_OK;
    return launch_text(
        g, "permutation", permutation_text, -1, 1, 32, 5,
        (uint64_t[]){ at(out->p), at(pivot), (uint64_t)out->dim[0], (uint64_t)n, (uint64_t)out->stride[0] });
}
int small_det(struct gpu *g, struct dev_arg *out, const void *lu, int64_t ld, const int64_t *pivot, int64_t n)
{
    return launch_text(g, "det", det_text, out->dtype, 1, 32, 5,
                       (uint64_t[]){ at(out->p), at(lu), at(pivot), (uint64_t)n, (uint64_t)ld });
}
int small_info(struct gpu *g, const int *info, int trouble, int op, int tag)
{
    return launch_text(g, "info", info_text, -1, 1, 32, 5,
                       (uint64_t[]){ at(info), g->seen_there, (uint64_t)trouble, (uint64_t)op, (uint64_t)tag });
}
