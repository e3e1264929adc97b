/* SPDX-License-Identifier: BSD-3-Clause */
/* cpu.c: the table of device.h filled by the CPU.
 *
 * The one idea: what a device does is by definition what lab does, so an operand becomes a header on foreign memory and the
 * function of lab that a user would call is called on it; the result is laid where it is wanted.  Elementwise programs go
 * block by block through the kernels of ew_simd and ew_plain, the same that plans run.  This is the table's meaning, against
 * which devices are tested (mock.c hides its memory), not a fast path: plans on the CPU do not come here.
 *
 * Nothing of the table may jump: what fails in lab is caught here and becomes an error number and a sentence. */
#include "config.h"
#include "context.h"
#include "cpu.h"
#include "ew.h"
#include "gpu.h"
#include "index.h"
#include "rand.h"
#include "sort.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

static __thread char words[256];
static struct dev_status status;

/* ---- memory */
static int get(struct device *d, size_t bytes, void **p)
{
    (void)d;
    *p = aligned_alloc(256, (bytes + SPARE + 255) & ~(size_t)255);
    return *p ? DEV_OK : DEV_NO_MEMORY;
}
static void put(struct device *d, void *p, size_t bytes)
{
    (void)d, (void)bytes;
    free(p);
}
static int nothing(struct device *d)
{
    (void)d;
    return DEV_OK;
}
static int copy_bytes(struct device *d, void *to, const void *from, size_t bytes, enum dev_way way)
{
    (void)d, (void)way;
    memmove(to, from, bytes);
    return DEV_OK;
}
static int mark(struct device *d, uint64_t *ticket)
{
    (void)d;
    *ticket = 0;
    return DEV_OK;
}
static int done(struct device *d, uint64_t ticket)
{
    (void)d, (void)ticket;
    return 1;
}
static int wait_for(struct device *d, volatile sig_atomic_t *stop)
{
    (void)d, (void)stop;
    return DEV_OK;
}
static const char *why(struct device *d, int error)
{
    (void)d, (void)error;
    return words[0] ? words : "it failed";
}

/* ---- programs */
enum { BLOCK = 256, LINE = (BLOCK + 8) * 16 };            /* elements; a buffer with room for a whole vector behind */

static void trouble(int code, int op, int tag)
{
    if (status.code == DEV_FINE) {
        status.op = op;
        status.tag = tag;
        status.code = code;
    }
}

static void load(const struct dev_arg *a, const i64 *dim, int nd, i64 at, i64 n, char *to)
{
    int size = dtypes[a->dtype].size;
    for (i64 i = 0; i < n; i++)
        memcpy(to + i * size, (const char *)a->p + cpu_offset(a, dim, nd, at + i) * size, (size_t)size);
    for (i64 i = n; i < n + 8; i++)           /* spare lanes hold what a lane holds: no false trouble */
        memcpy(to + i * size, to + (n - 1) * size, (size_t)size);
}

static int layout(int type)
{
    static const uint8_t l[DEV_TYPES] = { D_DOUBLE, D_SINGLE, D_LOGICAL, D_INT64, D_CDOUBLE, D_CSINGLE };
    return l[type];
}

static int widen(int type, int dtype, char *to, const char *from, long n)      /* storage to compute type */
{
    ew_kernel *k = type == DEV_B   ? ew_simd->truth[dtype]
                   : type <= DEV_F ? ew_simd->load[dtype][type]
                                   : ew_load_plain[dtype][type - T_L];
    if (k)
        return k(to, from, from, n);
    memcpy(to, from, (size_t)n * ew_size[type]);
    return 0;
}

static void convert(const struct dev_ins *z, int was, char *to, const char *from, long n)
{
    char t[LINE] __attribute__((aligned(64)));
    if (was != z->type) {
        if (was == DEV_L)
            ew_from_long[z->type](t, from, from, n);
        else
            widen(z->type, layout(was), t, from, n);
        from = t;
    }
    ew_kernel *k = !dtype_is(z->dtype, DT_I | DT_T) || z->type > DEV_L ? NULL        /* integers in complex numbers are whole */
                   : z->type == DEV_L               ? ew_saturate64[z->dtype == D_UINT64]
                                                    : ew_simd->saturate[z->dtype];
    if (k)
        k(to, from, from, n);
    else
        memcpy(to, from, (size_t)(n + 8) * ew_size[z->type]);
}

static void store(int type, int dtype, char *to, const char *from, long n)
{
    if (type == DEV_L)
        ew_store64[dtype == D_UINT64](to, from, from, n);
    else if (layout(type) == dtype)
        memcpy(to, from, (size_t)n * dtypes[dtype].size);
    else
        ew_simd->store[dtype](to, from, from, n);
}

static void spread(const struct dev_arg *out, const i64 *dim, int nd, i64 at, long n,
                   const char *line) /* a block's results to their places */
{
    int size = dtypes[out->dtype].size;
    for (long i = 0; i < n; i++)
        memcpy((char *)out->p + cpu_offset(out, dim, nd, at + i) * size, line + i * size, (size_t)size);
}

/* Elements at .. at + n through the program; the last instruction's values, stored, at `out`. */
static void block(const struct dev_prog *p, const struct dev_arg *in, const i64 *dim, int nd, const double *num, i64 at,
                  long n, char *buf, char *out, int tag)
{
    char raw[LINE] __attribute__((aligned(64)));
    for (int i = 0; i < p->n; i++) {
        const struct dev_ins *z = &p->ins[i];
        char *to = buf + (size_t)i * LINE, *a = z->a >= 0 ? buf + (size_t)z->a * LINE : NULL,
             *b = z->b >= 0 ? buf + (size_t)z->b * LINE : a;
        switch (z->what) {
        case DI_IN:
            load(&in[z->a], dim, nd, at, n, raw);
            widen(z->type, in[z->a].dtype, to, raw, n + 8);
            break;
        case DI_NUM:
            for (int k = 0; k < n + 8; k++)
                switch (z->type) {
                case DEV_D: ((double *)to)[k] = num[z->a]; break;
                case DEV_F: ((float *)to)[k] = (float)num[z->a]; break;
                case DEV_B: to[k] = num[z->a] != 0; break;
                case DEV_L: ((long double *)to)[k] = (long double)num[z->a]; break;
                case DEV_C: memcpy(to + 16 * k, &num[z->a], 16); break;
                default: ((float *)to)[2 * k] = (float)num[z->a], ((float *)to)[2 * k + 1] = (float)num[z->a + 1];
                }
            break;
        case DI_TO:
            convert(z, p->ins[z->a].type, to, a, n);
            for (int k = (int)n; k < n + 8; k++)
                memcpy(to + k * ew_size[z->type], to + (n - 1) * ew_size[z->type], ew_size[z->type]);
            break;
        case DI_TRUTH: {
            int was = p->ins[z->a].type;
            if (was == DEV_L)
                ew_from_long[T_B](to, a, a, n + 8);
            else if (ew_simd->truth[layout(was)](to, a, a, n))
                trouble(DEV_NAN, z->op, tag);
            memset(to + n, to[n - 1], 8);
            break;
        }
        default: {
            int type = p->ins[z->a].type, one = ew_rows[z->op].args < 2;
            ew_kernel *k = type <= T_B                                ? ew_simd->k[z->op][type][VV]
                           : type >= T_C && ew_parts[z->op][type - T_C] ? ew_parts[z->op][type - T_C]
                                                                      : ew_plain[z->op][type - T_L][VV];
            int wide = ew_size[type];
            long up = (n + 64 / wide - 1) / (64 / wide) *
                      (64 / wide); /* whole vectors: so no lane holds what was there before */
            for (long q = n; q < up; q++) {
                memcpy(a + q * wide, a + (n - 1) * wide, (size_t)wide);
                if (!one)
                    memcpy(b + q * wide, b + (n - 1) * wide, (size_t)wide);
            }
            if (k && k(to, a, b, n) && ew_rows[z->op].domain && type <= T_L)
                trouble(DEV_DOMAIN, z->op, tag);
        }
        }
    }
    store(p->ins[p->n - 1].type, p->dtype, out, buf + (size_t)(p->n - 1) * LINE, n);
}

struct fold { const struct dev_prog *p; struct dev_arg *out; const i64 *dim; int nd; char *x; };
static struct tensor *foreign(const struct dev_arg *a);
static void place(const struct dev_arg *out, struct tensor *t);
static void fold(void *arg)                   /* the values of the program, reduced */
{
    struct fold *f = arg;
    i64 dim[DEV_DIMS + 1];
    memcpy(dim, f->dim, sizeof *dim * (size_t)f->nd);
    dim[f->nd] = 1;
    int first = -1, last = -1;
    for (int d = 0; d < f->nd; d++)
        if (dim[d] != 1 && f->out->dim[d] == 1) {
            first = first < 0 ? d : first;
            last = d;
        }
    struct dev_arg all = { .p = f->x, .dtype = f->p->dtype, .nd = MAX(f->nd, 2) };
    memcpy(all.dim, dim, sizeof *dim * (size_t)f->nd + (f->nd < 2 ? sizeof *dim : 0));
    dense_strides(all.nd, all.dim, all.stride);
    value y = tensor_box(foreign(&all));
    for (int d = last; d >= first && d >= 0; d--)
        if (f->out->dim[d] == 1)
            y = reduce_apply(f->p->red - 1, y, d + 1);
    if (first < 0)
        y = reduce_apply(f->p->red - 1, y, MAX_DIMS);     /* of one element each */
    place(f->out, tensor_of(y));
}

static int caught(void (*body)(void *), void *arg)
{
    int failed = protect(body, arg);
    if (!failed)
        return DEV_OK;
    if (failure()->kind != FAIL_ERROR) {
        interrupt_flag |= failure()->kind == FAIL_INTERRUPT;
        return DEV_STOPPED;
    }
    snprintf(words, sizeof words, "%s", failure()->message);
    return !strcmp(failure()->id, "Octave:out-of-memory") ? DEV_NO_MEMORY : DEV_REFUSED;
}

static int program(struct device *d, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in,
                   const double *num, int tag)
{
    (void)d;
    i64 dim[DEV_DIMS], n = 1;
    int nd = out->nd, size = dtypes[p->dtype].size;
    for (int k = 0; k < nd; k++)
        n *= dim[k] = p->nin ? in[0].dim[k] : out->dim[k];
    char *buf = aligned_alloc(64, (size_t)p->n * LINE), line[LINE] __attribute__((aligned(64)));
    /* a reducer's operand keeps the class that the program computes, which `dtype`, the result's, need not be */
    struct dev_prog whole = *p;
    if (p->red) {
        const struct dev_ins *z = &p->ins[p->n - 1];
        whole.dtype = (uint8_t)(z->type == DEV_D && !dtype_is(z->dtype, DT_I | DT_T) ? D_DOUBLE : z->dtype);
        size = dtypes[whole.dtype].size;
    }
    char *x = p->red ? malloc((size_t)n * (size_t)size + SPARE) : NULL;
    if (!buf || (p->red && !x)) {
        free(buf);
        free(x);
        return DEV_NO_MEMORY;
    }
    for (i64 at = 0; at < n; at += BLOCK) {
        long m = (long)MIN(BLOCK, n - at);
        block(&whole, in, dim, nd, num, at, m, buf, line, tag);
        if (p->red)
            memcpy(x + at * size, line, (size_t)(m * size));
        else
            spread(out, dim, nd, at, m, line);
        for (int o = 0; o < p->more; o++) {
            store(p->ins[p->also[o].ins].type, p->also[o].dtype, line, buf + (size_t)p->also[o].ins * LINE, m);
            spread(&out[1 + o], dim, nd, at, m, line);
        }
    }
    free(buf);
    int e = DEV_OK;
    if (p->red) {
        struct fold f = { &whole, out, dim, nd, x };
        e = caught(fold, &f);
        free(x);
    }
    return e;
}

/* ---- operands and results as tensors */
static void leave(struct block *b) { (void)b; }

static struct tensor *foreign(const struct dev_arg *a)
{
    struct block *b = memory_get(sizeof *b);
    *b = (struct block){ .owners = 1, .foreign = 1, .data = a->p, .dispose = leave };
    i64 dim[DEV_DIMS + 1], stride[DEV_DIMS + 1];
    int nd = MAX(a->nd, 2);
    for (int d = 0; d < nd; d++) {
        dim[d] = d < a->nd ? a->dim[d] : 1;
        stride[d] = d < a->nd ? a->stride[d] : 0;
    }
    struct tensor *t = tensor_on(b, a->dtype, 2, (i64[]){ 0, 0 });
    return tensor_alias(t, dims_trim(nd, dim), dim, stride, 0);
}

static void place(const struct dev_arg *out,
                  struct tensor *t) /* t's elements, in the result's class, where they belong */
{
    i64 n = 1;
    for (int d = 0; d < out->nd; d++)
        n *= out->dim[d];
    if (t->numel != n)
        fail("tl:device", "a result has %lld elements, but %lld are wanted", (long long)t->numel, (long long)n);
    t = tensor_dense(tensor_cast(t, out->dtype));
    int size = dtypes[out->dtype].size;
    for (i64 i = 0; i < n; i++)
        memcpy((char *)out->p + cpu_offset(out, out->dim, out->nd, i) * size, t->data + i * size, (size_t)size);
}

/* ---- the rows of device.def */
typedef void primitive(struct job *j);
static value operand(const struct job *j, int k) { return tensor_box(foreign(&j->in[k])); }

static value builtin(const char *name, int n, ...)        /* one result of a function of the language */
{
    const struct builtin *b = hooks()->builtin_named ? hooks()->builtin_named(name) : NULL;
    value arg[8], y;
    va_list ap;
    va_start(ap, n);
    for (int i = 0; i < n; i++)
        arg[i] = va_arg(ap, value);
    va_end(ap);
    if (!b)
        fail("tl:device", "there is no %s", name);
    call_builtin(b, n, arg, 1, &y);
    return y;
}
static void builtins(const char *name, int n, const value *arg, int nout, value *out)
{
    const struct builtin *b = hooks()->builtin_named ? hooks()->builtin_named(name) : NULL;
    if (!b)
        fail("tl:device", "there is no %s", name);
    call_builtin(b, n, arg, nout, out);
}

static struct dev_arg plane_of(const struct dev_arg *a, i64 k)         /* matrix k of a batch; one matrix serves all */
{
    struct dev_arg m = *a;
    m.nd = 2;
    for (int d = a->nd; d < 2; d++)
        m.dim[d] = 1, m.stride[d] = 0;
    if (a->p && a->nd > 2 && a->dim[2] > 1)
        m.p = (char *)a->p + k * a->stride[2] * dtypes[a->dtype].size;
    return m;
}

static void run_gemm(struct job *j)
{
    i64 batch = j->out->nd > 2 ? j->out->dim[2] : 1;
    for (i64 k = 0; k < batch; k++) {
        struct dev_arg to = plane_of(j->out, k), part[3];
        for (int i = 0; i < 3; i++)
            part[i] = plane_of(&j->in[i], k);
        value a = tensor_box(foreign(&part[0])), b = tensor_box(foreign(&part[1]));
        value y = matrix_apply(MX_MTIMES, a, b);
        if (j->num[0] != 1)
            y = ew_apply(EW_times, 2, (value[]){ y, num(j->num[0]) });
        if (j->num[1] != 0)
            y = ew_apply(EW_plus, 2,
                         (value[]){ y, ew_apply(EW_times, 2, (value[]){ tensor_box(foreign(&to)), num(j->num[1]) }) });
        if (part[2].p)
            y = ew_apply(EW_plus, 2, (value[]){ y, tensor_box(foreign(&part[2])) });
        if (j->num[2] == 1)
            y = ew_apply(EW_max, 2, (value[]){ y, num(0) });
        else if (j->num[2] == 2 || j->num[2] == 3)
            y = ew_apply(j->num[2] == 2 ? EW_tanh : EW_sigmoid, 1, &y);
        place(&to, tensor_of(y));
    }
}

static void run_solve(struct job *j)
{
    value a = operand(j, 0);
    if (j->num[1])
        a = matrix_apply(MX_CTRANSPOSE, a, nil());
    place(&j->out[0], tensor_of(matrix_apply(MX_MLDIVIDE, a, operand(j, 1))));
}

static void place_some(struct job *j, int n, const value *y)           /* those that are wanted */
{
    for (int k = 0; k < n; k++)
        if (j->out[k].p)
            place(&j->out[k], tensor_of(y[k]));
}
static void counted_from_0(value *v) { *v = ew_apply(EW_minus, 2, (value[]){ *v, num(1) }); }

static void run_lu(struct job *j)
{
    value arg[2] = { operand(j, 0), tensor_value(tensor_text("vector", 6)) }, y[3];
    builtins("lu", 2, arg, 3, y);
    counted_from_0(&y[2]);
    place_some(j, 3, y);
}
static void run_chol(struct job *j)
{
    value y[2], x = operand(j, 0);
    builtins("chol", 1, &x, 2, y);
    struct tensor *p = tensor_of(y[1]);
    if (element_double(p, 0) != 0) {
        trouble(DEV_NOT_POSITIVE, DEV_chol, j->tag);
        return;
    }
    place(&j->out[0], tensor_of(j->num[0] == 1 ? matrix_apply(MX_CTRANSPOSE, y[0], nil()) : y[0]));
}
static void run_qr(struct job *j)
{
    value arg[2] = { operand(j, 0), num(0) }, y[2];
    builtins("qr", j->num[0] ? 2 : 1, arg, 2, y);
    place_some(j, 2, y);
}
static void run_svd(struct job *j)
{
    value arg[2] = { operand(j, 0), tensor_box(tensor_text("econ", 4)) }, y[3];
    if (!j->out[0].p) {
        builtins("svd", 1, arg, 1, &y[1]);
        place(&j->out[1], tensor_of(y[1]));
        return;
    }
    builtins("svd", j->num[0] ? 2 : 1, arg, 3, y);
    y[1] = builtin("diag", 1, y[1]);
    place_some(j, 3, y);
}
static void run_eig(struct job *j)
{
    value x = operand(j, 0), y[2];
    if (!j->out[0].p) {
        builtins("eig", 1, &x, 1, &y[1]);
        place(&j->out[1], tensor_of(y[1]));
        return;
    }
    builtins("eig", 1, &x, 2, y);
    y[1] = builtin("diag", 1, y[1]);
    place_some(j, 2, y);
}
static void run_inv(struct job *j) { place(j->out, tensor_of(builtin("inv", 1, operand(j, 0)))); }
static void run_det(struct job *j) { place(j->out, tensor_of(builtin("det", 1, operand(j, 0)))); }

/* ---- random numbers */
static void run_random(struct job *j)
{
    i64 n = cpu_size(j->out);
    double *x = scratch(sizeof *x * (size_t)MAX(1, n)), low = j->num[2], high = j->num[3];
    rand_philox((uint64_t)j->num[0], (uint64_t)j->num[1], x, n, j->what == DEV_normal);
    for (i64 i = 0; i < n; i++) {
        if (j->what == DEV_uniform && j->out->dtype == D_SINGLE)
            x[i] = floor(x[i] * 0x1p24) * 0x1p-24;
        if (j->what == DEV_integers)
            x[i] = fmin(low + floor(x[i] * (high - low + 1)), high);
        else if (low != 0 || high != 1)
            x[i] = j->what == DEV_normal ? low + high * x[i] : low + (high - low) * x[i];
    }
    struct dev_arg all = { x, D_DOUBLE, 1, { n }, { 1 } };
    place(j->out, foreign(&all));
}

static void run_permutation(struct job *j)    /* the order of as many uniform numbers */
{
    i64 n = cpu_size(j->out);
    double *x = scratch(sizeof *x * (size_t)MAX(1, n));
    rand_philox((uint64_t)j->num[0], (uint64_t)j->num[1], x, n, false);
    struct dev_arg all = { sort_order(D_DOUBLE, x, n, false), D_INT64, 1, { n }, { 1 } };
    place(j->out, foreign(&all));
}

static void run_fft(struct job *j)
{
    int d = (int)j->num[0];
    i64 n = j->out->dim[d];
    value y = builtin(j->num[1] ? "ifft" : "fft", 3, operand(j, 0), num((double)n), num(d + 1));
    if (j->num[2])
        y = ew_apply(EW_real, 1, &y);
    place(j->out, tensor_of(y));
}

/* ---- along a dimension */
static void run_scan(struct job *j)
{
    static const char *const names[] = { "cumsum", "cumprod", "cummax", "cummin" };
    place(j->out, tensor_of(builtin(names[(int)j->num[1]], 2, operand(j, 0), num(j->num[0] + 1))));
}
static void run_extreme(struct job *j)
{
    value arg[3] = { operand(j, 0), tensor_box(tensor_2d(D_DOUBLE, 0, 0)), num(j->num[0] + 1) }, y[2];
    builtins(j->num[1] ? "min" : "max", 3, arg, 2, y);
    counted_from_0(&y[1]);
    place_some(j, 2, y);
}
static void run_sort(struct job *j)
{
    value arg[3] = { operand(j, 0), num(j->num[0] + 1),
                     tensor_value(tensor_text(j->num[1] ? "descend" : "ascend", j->num[1] ? 7 : 6)) },
          y[2];
    builtins("sort", 3, arg, 2, y);
    counted_from_0(&y[1]);
    place_some(j, 2, y);
}
static void run_topk(struct job *j)
{
    value arg[3] = { operand(j, 0), num(j->num[0] + 1),
                     tensor_value(tensor_text(j->num[2] ? "descend" : "ascend", j->num[2] ? 7 : 6)) },
          y[2], all[DEV_DIMS];
    builtins("sort", 3, arg, 2, y);
    counted_from_0(&y[1]);
    for (int d = 0; d < DEV_DIMS; d++)
        all[d] = colon();
    all[(int)j->num[0]] = range_new(1, 1, j->num[1]);
    int nd = MAX(j->in[0].nd, 2);
    for (int k = 0; k < 2; k++)
        y[k] = index_paren(y[k], nd, all);
    place_some(j, 2, y);
}

/* ---- indexing */
static bool at_index(const struct job *j, const struct dev_arg *x, int k, i64 *at,
                     i64 *offset) /* the place that index numbers *at of k dimensions mean */
{
    *offset = 0;
    for (int d = 0; d < k; d++) {
        const struct dev_arg *ix = &j->in[d + 1];
        i64 i = at[d];
        if (ix->p)
            i = *(const i64 *)((const char *)ix->p + i * ix->stride[0] * 8);
        if (i < 0 || i >= x->dim[d]) {
            if (status.code == DEV_FINE) {
                status.at = i;
                status.bound = x->dim[d];
            }
            trouble(DEV_INDEX, j->what, j->tag);
            i = i < 0 ? 0 : x->dim[d] - 1;    /* clamped, as on a device: the error is read later */
        }
        *offset += i * x->stride[d];
    }
    return true;
}

/* Counts through the index space of `count` sizes. */
static bool next(int k, const i64 *count, i64 *at)
{
    for (int d = 0; d < k; d++) {
        if (++at[d] < count[d])
            return true;
        at[d] = 0;
    }
    return false;
}
static bool counts(const struct job *j, const struct dev_arg *x, int k, i64 *count)
{
    i64 n = 1;
    for (int d = 0; d < k; d++)
        n *= count[d] = j->in[d + 1].p ? j->in[d + 1].dim[0] : x->dim[d];
    return n > 0;
}

static void run_gather(struct job *j)
{
    const struct dev_arg *x = &j->in[0];
    int k = (int)j->num[0], size = dtypes[x->dtype].size;
    i64 at[DEV_DIMS] = { 0 }, count[DEV_DIMS], o, e = 0;
    if (!counts(j, x, k, count))
        return;
    do {
        at_index(j, x, k, at, &o);
        memcpy((char *)j->out->p + cpu_offset(j->out, j->out->dim, j->out->nd, e++) * size,
               (const char *)x->p + o * size, (size_t)size);
    } while (next(k, count, at));
}

static void add_to(int dtype, void *to, const void *from)
{
    switch (dtype) {
    case D_DOUBLE: *(double *)to += *(const double *)from; break;
    case D_SINGLE: *(float *)to += *(const float *)from; break;
    case D_CDOUBLE: *(double _Complex *)to += *(const double _Complex *)from; break;
    case D_CSINGLE: *(float _Complex *)to += *(const float _Complex *)from; break;
    default: fail("tl:device", "sums by index are of floating point numbers");
    }
}

static void run_scatter(struct job *j)
{
    const struct dev_arg *x = &j->in[0];
    struct dev_arg *to = j->out;
    int k = (int)j->num[0], size = dtypes[to->dtype].size;
    i64 at[DEV_DIMS] = { 0 }, count[DEV_DIMS], o, e = 0, n = 1;
    for (int d = 0; d < x->nd; d++)
        n *= x->dim[d];
    if (!counts(j, to, k, count))
        return;
    do {
        at_index(j, to, k, at, &o);
        const char *from = (const char *)x->p + (n == 1 ? 0 : cpu_offset(x, x->dim, x->nd, e++)) * size;
        char *place_ = (char *)to->p + o * size;
        if (j->num[1])
            add_to(to->dtype, place_, from);
        else
            memcpy(place_, from, (size_t)size);
    } while (next(k, count, at));
}

static bool true_at(const struct dev_arg *m, i64 i) { return ((const uint8_t *)m->p)[cpu_offset(m, m->dim, m->nd, i)] != 0; }
static void run_count(struct job *j)
{
    i64 n = 0;
    for (i64 i = 0, all = cpu_size(&j->in[0]); i < all; i++)
        n += true_at(&j->in[0], i);
    *(i64 *)j->out->p = n;
}
static void run_find(struct job *j)
{
    i64 e = 0, room = cpu_size(j->out);
    for (i64 i = 0, all = cpu_size(&j->in[0]); i < all && e < room; i++)
        if (true_at(&j->in[0], i))
            ((i64 *)j->out->p)[cpu_offset(j->out, j->out->dim, j->out->nd, e++)] = i;
}
static void run_select(struct job *j)
{
    const struct dev_arg *x = &j->in[0];
    i64 e = 0, room = cpu_size(j->out), size = dtypes[x->dtype].size;
    for (i64 i = 0, all = cpu_size(&j->in[1]); i < all && e < room; i++)
        if (true_at(&j->in[1], i))
            memcpy((char *)j->out->p + cpu_offset(j->out, j->out->dim, j->out->nd, e++) * size,
                   (const char *)x->p + cpu_offset(x, x->dim, x->nd, i) * size, (size_t)size);
}
static void run_replace(struct job *j)
{
    const struct dev_arg *x = &j->in[1];
    i64 e = 0, n = cpu_size(x), size = dtypes[x->dtype].size;
    for (i64 i = 0, all = cpu_size(&j->in[0]); i < all; i++)
        if (true_at(&j->in[0], i))
            memcpy((char *)j->out->p + cpu_offset(j->out, j->out->dim, j->out->nd, i) * size,
                   (const char *)x->p + cpu_offset(x, x->dim, x->nd, n == 1 ? 0 : e++) * size, (size_t)size);
}

static void run_softmax(struct job *j)
{
    int d = (int)j->num[0] + 1;
    value x = operand(j, 0), y = ew_apply(EW_minus, 2, (value[]){ x, reduce_apply(RED_max, x, d) }),
          e = ew_apply(EW_exp, 1, &y), s = reduce_apply(RED_sum, e, d);
    place(j->out, tensor_of(j->num[1] ? ew_apply(EW_minus, 2, (value[]){ y, ew_apply(EW_reallog, 1, &s) })
                                      : ew_apply(EW_rdivide, 2, (value[]){ e, s })));
}

static primitive *const primitives[DEV_CALLS] = {
    [DEV_gemm] = run_gemm,
    [DEV_solve] = run_solve,
    [DEV_lu] = run_lu,
    [DEV_chol] = run_chol,
    [DEV_qr] = run_qr,
    [DEV_svd] = run_svd,
    [DEV_eig] = run_eig,
    [DEV_inv] = run_inv,
    [DEV_det] = run_det,
    [DEV_fft] = run_fft,
    [DEV_uniform] = run_random,
    [DEV_normal] = run_random,
    [DEV_integers] = run_random,
    [DEV_permutation] = run_permutation,
    [DEV_scan] = run_scan,
    [DEV_extreme] = run_extreme,
    [DEV_sort] = run_sort,
    [DEV_topk] = run_topk,
    [DEV_gather] = run_gather,
    [DEV_scatter] = run_scatter,
    [DEV_count] = run_count,
    [DEV_find] = run_find,
    [DEV_select] = run_select,
    [DEV_replace] = run_replace,
    [DEV_conv] = cpu_conv,
    [DEV_conv_input] = cpu_conv_input,
    [DEV_conv_weight] = cpu_conv_weight,
    [DEV_pool] = cpu_pool,
    [DEV_taps] = cpu_taps,
    [DEV_softmax] = run_softmax,
    [DEV_norm] = cpu_norm,
    [DEV_loss] = cpu_loss,
    [DEV_loss_back] = cpu_loss_back,
    [DEV_batchnorm] = cpu_batchnorm,
    [DEV_batchnorm_back] = cpu_batchnorm_back,
};

static void perform(void *arg)
{
    struct job *j = arg;
    bool door = context_head()->door;
    const struct recorder *r = RECORDING;
    context_head()->door = false;
    RECORDING = NULL;
    int mark_ = pool_mark();
    primitives[j->what](j);
    pool_release(mark_);
    RECORDING = r;
    context_head()->door = door;
}

static int run(struct device *d, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num,
               int tag)
{
    (void)d;
    struct job j = { what, out, in, num, tag };
    return primitives[what] ? caught(perform, &j) : DEV_NOT_HERE;
}
static int can(struct device *d, enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    (void)d, (void)out, (void)in, (void)num;
    return primitives[what] ? DEV_OK : DEV_NOT_HERE;
}

struct device *cpu_device(void)
{
    static struct device d = { .status = &status,
                               .get = get,
                               .put = put,
                               .trim = nothing,
                               .copy = copy_bytes,
                               .mark = mark,
                               .done = done,
                               .wait = wait_for,
                               .step = nothing,
                               .why = why,
                               .program = program,
                               .run = run,
                               .can = can };
    return &d;
}
