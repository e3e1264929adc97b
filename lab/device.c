/* SPDX-License-Identifier: BSD-3-Clause */
/* device.c: opens devices, and moves memory and errors between them and the CPU.
 *
 * The one idea: what the plugin tl_cuda.so (or the mock, under tests) hands over is one table, and everything that can go
 * wrong with it becomes one sentence here.  Devices belong to the process and stay open until it ends; the first
 * interpreter that asks has them.  Memory there hangs on a block as the CPU's does; a block remembers the epoch of its
 * device, so what was born before the context was lost says so instead of being read.
 *
 * Assumes that the interpreter thread alone calls the table, as it alone counts references. */
#include "config.h"
#include "context.h"
#include "ew.h"
#include "gpu.h"
#include "index.h"
#include <dlfcn.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

__thread bool gpu_traced;

/* ---- which there are */
static struct {
    bool looked;
    const struct tl_devices *from;
    int n;
    const char *why;
    struct context *owner;
    struct device *open[DEV_MOST];
} all;

static const struct tl_devices *plugin(const char **why)
{
    const char *file = getenv("TL_CUDA_PLUGIN");
    if (!file)
        file = hooks()->plugin_file ? hooks()->plugin_file("cuda") : NULL;
    void *so = file ? dlopen(file, RTLD_NOW | RTLD_LOCAL) : NULL;
    const struct tl_devices *d = so ? dlsym(so, "tl_devices") : NULL;
    static char said[300];
    if (!file)
        *why = "this tl has no plugin tl_cuda.so; everything works on the CPU";
    else if (!so || !d) {
        snprintf(said, sizeof said, "the plugin tl_cuda.so does not load (%s); everything works on the CPU",
                 so ? "it is none" : dlerror());
        *why = said;
    }
    if (d && (d->version != TL_DEVICES_VERSION || d->size != sizeof(struct device))) {
        *why = "the plugin tl_cuda.so is of another version of tl; everything works on the CPU";
        return NULL;
    }
    return d;
}
static const struct tl_devices *find(const char **why)
{
    const char *wanted = getenv("TL_DEVICE");
    return wanted && !strcmp(wanted, "mock") ? &mock_devices : plugin(why);
}
char *gpu_listing(const struct dev_prog *p)
{
    const char *why = "the plugin makes no text";
    const struct tl_devices *d = plugin(&why);
    if (!d || !d->listing)
        fail("tl:no-plugin", "code: no text for a gpu: %s", why);
    return d->listing(p);
}

int gpu_count(const char **why)
{
    if (!all.looked) {
        all.looked = true;
        all.from = find(&all.why);
        all.n = all.from ? MIN(all.from->count(&all.why), DEV_MOST - 1) : 0;
    }
    if (why)
        *why = all.why;
    return all.n;
}

struct device *gpu_at(int index)
{
    const char *why = NULL;
    int n = gpu_count(&why);
    if (likely(index >= 1 && index <= n && all.open[index] && all.owner == cx))
        return all.open[index];
    if (!n)
        fail("tl:device", "gpu: %s", why ? why : "there is none");
    if (index < 1 || index > n)
        fail("tl:device", "gpu: there is no gpu %d, the last is gpu %d", index, n);
    if (all.owner && all.owner != cx)
        fail("tl:device", "gpu: another interpreter of this process has the devices");
    all.owner = cx;
    if (!all.open[index]) {
        struct device *d = all.from->open(index, &why);
        if (!d)
            fail("tl:device", "gpu %d: %s", index, why ? why : "cannot be opened");
        d->stop = &interrupt_flag;
        all.open[index] = device_fused(d);
    }
    return all.open[index];
}

int device_busy;
void gpu_step(void)
{
    device_busy = 0;
    for (int i = 1; i < DEV_MOST && all.owner == cx; i++) {
        struct device *d = all.open[i];
        int e = d && d->step ? d->step(d) : DEV_OK;
        if (e)
            gpu_fail(d, "queued work", e);
    }
}

/* Small tables that calls make anew each time (where windows begin, weights of neighbours): what was brought there once
 * is there still. */
enum { TABLES = 64, TABLE_MOST = 1 << 20 };
struct table { uint64_t used; value home, there; };
struct devices { int current; uint64_t calls; struct table table[TABLES]; };
static void devices_free(void)                /* what still lies there goes with the device: dispose() */
{
    struct devices *s = *context_room(ROOM_DEVICE);
    for (int i = 0; i < TABLES; i++) {
        drop(s->table[i].home);
        drop(s->table[i].there);
    }
    for (int i = 1; i < DEV_MOST && all.owner == cx; i++)
        if (all.open[i]) {
            struct device *d = all.open[i];
            all.open[i] = NULL;
            if (d->close)
                d->close(d);
        }
    if (all.owner == cx)
        all.owner = NULL;
    memory_free(s, sizeof *s);
}
static struct devices *state(void)
{
    void **room = context_room(ROOM_DEVICE);
    if (!*room) {
        struct devices *d = memory_get(sizeof *d);
        *d = (struct devices){ .current = 1 };
        *room = d;
        context_at_exit(devices_free);
    }
    return *room;
}
int gpu_current(void)
{
    gpu_at(state()->current);
    return state()->current;
}
void gpu_set(int index)
{
    gpu_at(index);
    state()->current = index;
}

/* ---- what goes wrong */
static void bytes_text(double b, char s[static 32])
{
    static const char *const unit[] = { "bytes", "kB", "MB", "GB", "TB" };
    int u = 0;
    for (; b >= 1000 && u < COUNT(unit) - 1; b /= 1000)
        u++;
    snprintf(s, 32, u ? "%.1f %s" : "%.0f %s", b, unit[u]);
}

static int line_here(void) { return hooks()->line ? hooks()->line() : 0; }
static void after_line(int tag, char s[static 40])
{
    if (tag > 0)
        snprintf(s, 40, " after line %d", tag);
    else
        s[0] = 0;
}

static const char *const call_names[DEV_CALLS] = {
#define DEV(name, ...) [DEV_##name] = #name,
#include "device.def"
};

void gpu_check(struct device *d)
{
    struct dev_status *s = d->status;
    if (likely(!s || s->code == DEV_FINE))
        return;
    struct dev_status was = { s->code, s->op, s->at, s->bound, s->tag };
    char after[40];
    s->code = DEV_FINE;
    after_line(was.tag, after);
    const char *op = was.op >= 0 && was.op < EW_OPS ? ew_rows[was.op].name : "an operator";
    switch (was.code) {
    case DEV_DOMAIN:
        fail("tl:device", "%s: the result is complex (found on gpu %d%s)\nhint: %s(complex(x)) has complex results", op,
             d->index, after, op);
    case DEV_NAN:
        fail("Octave:bad-input", "NaN is neither true nor false (found on gpu %d%s)", d->index, after);
    case DEV_INDEX:
        fail("Octave:index-out-of-bounds", "index %lld out of bound %lld (found on gpu %d%s)", (long long)was.at + 1,
             (long long)was.bound, d->index, after);
    case DEV_CLASS:
        fail("tl:nn", "a class number must be an integer from 1 to %lld, but one is %lld%s (found on gpu %d%s)",
             (long long)was.bound, (long long)was.at,
             was.at == 0                         ? ", or none (classes that count from 0 become t + 1)"
             : was.at > 0 && was.at <= was.bound ? " and a part"
                                                 : "",
             d->index, after);
    case DEV_SINGULAR:
        warn("Octave:singular-matrix", "matrix singular to machine precision (found on gpu %d%s)", d->index, after);
        return;
    case DEV_NOT_POSITIVE:
        fail("Octave:undefined-function", "chol: the matrix is not positive definite (found on gpu %d%s)", d->index, after);
    default:
        fail("tl:device", "%s: no convergence (found on gpu %d%s)",
             was.op >= 0 && was.op < DEV_CALLS ? call_names[was.op] : "svd", d->index, after);
    }
}

NORETURN void gpu_fail(struct device *d, const char *who, int error)
{
    const char *why = d->why ? d->why(d, error) : NULL;
    switch (error) {
    case DEV_NOT_HERE:
        if (why)                              /* a library that is missing, say */
            fail("tl:device", "%s: not on gpu %d: %s", who, d->index, why);
        fail("tl:device", "%s: not defined on gpu %d; use cpu(x)", who, d->index);
    case DEV_STOPPED:
        interrupt_flag = 1;
        poll();
        break;
    case DEV_LATER:
        gpu_check(d);
        break;
    case DEV_LOST:
        fail("tl:device", "%s: gpu %d lost its context%s%s; what was on it is gone, the session goes on", who, d->index,
             why ? ": " : "", why ? why : "");
    }
    fail("tl:device", "%s: gpu %d: %s", who, d->index, why ? why : "refused");
}

static NORETURN void fail_full(struct device *d, size_t bytes)
{
    struct dev_memory m = { 0 };
    char want[32], free_[32], total[32];
    d->memory(d, &m);
    bytes_text((double)bytes, want);
    bytes_text((double)m.free, free_);
    bytes_text((double)m.total, total);
    fail("Octave:out-of-memory", "out of memory on gpu %d: wanted %s, %s free of %s", d->index, want, free_, total);
}

void gpu_wait(struct device *d, const char *why)
{
    if (gpu_traced) {
        int line = line_here();
        char at[40] = "";
        if (line > 0)
            snprintf(at, sizeof at, ", line %d", line);
        outf("gpu %d: wait for %s%s\n", d->index, why, at);
    }
    int e = d->wait(d, &interrupt_flag);
    if (e)
        gpu_fail(d, why, e);
    gpu_check(d);
}

void gpu_wait_all(const char *why)
{
    for (int i = 1; i < DEV_MOST; i++)
        if (all.open[i] && all.owner == cx)
            gpu_wait(all.open[i], why);
}

/* ---- memory */
static void dispose(struct block *b)
{
    context_head()->boards--;
    struct device *d = all.open[b->device];
    if (d && b->class == (uint16_t)d->epoch)
        d->put(d, b->data, b->bytes);
}

struct block *gpu_block(int device, size_t bytes)
{
    struct device *d = gpu_at(device);
    struct block *b = memory_get(sizeof *b);
    void *p = NULL;
    bytes = MAX(bytes, 1);
    int e = d->get(d, bytes, &p);
    if (e == DEV_NO_MEMORY) {
        d->trim(d);
        e = d->wait(d, &interrupt_flag);
        d->trim(d);
        e = e ? e : d->get(d, bytes, &p);
    }
    if (e) {
        memory_free(b, sizeof *b);
        if (e == DEV_NO_MEMORY)
            fail_full(d, bytes);
        gpu_fail(d, "gpu", e);
    }
    *b = (struct block){ .owners = 1,
                         .device = (uint8_t)device,
                         .foreign = 1,
                         .class = (uint16_t)d->epoch,
                         .bytes = bytes,
                         .data = p,
                         .dispose = dispose };
    context_head()->boards++;
    return b;
}

struct tensor *gpu_new(int device, int dtype, int nd, const i64 *dim)
{
    nd = dims_trim(nd, dim);
    i64 n = dims_numel(nd, dim);
    if (dtype == D_CHAR)
        fail("tl:device", "text lives on the CPU, these numbers on gpu %d; use num2str(x) or char(cpu(x))", device);
    if (n > (i64)1 << 58)
        fail_full(gpu_at(device), (size_t)1 << 62);
    return tensor_on(gpu_block(device, (size_t)n * dtypes[dtype].size), dtype, nd, dim);
}

void gpu_own(struct tensor *t, i64 numel)
{
    size_t size = dtypes[t->dtype].size, from = (size_t)(t->data - t->block->data);
    if (t->flags & T_DENSE && t->block->owners == 1 && from + (size_t)numel * size <= t->block->bytes)
        return;
    struct block *b = gpu_block(t->device, (size_t)MAX(numel, t->numel) * size);
    b->owners++;                              /* the header below gives one back with the pool */
    struct tensor *u = tensor_on(b, t->dtype, t->nd, t->dim);
    gpu_copy(u, t);
    block_drop(t->block);
    t->block = b;
    t->data = b->data;
    dense_strides(t->nd, t->dim, t->stride);
    t->flags |= T_DENSE;
}

static struct device *of(struct tensor *t)
{
    struct device *d = gpu_at(t->device);
    if (unlikely(t->block->class != (uint16_t)d->epoch)) {
        char s[160];
        fail("tl:device", "the %s value was lost when gpu %d lost its context", gpu_describe(tensor_box(t), s), d->index);
    }
    return d;
}

/* ---- between devices and the CPU */
struct tensor *gpu_put(int device, struct tensor *t)
{
    struct device *d = gpu_at(device);
    gpu_check(d);
    t = tensor_dense(t);
    struct tensor *u = gpu_new(device, t->dtype, t->nd, t->dim);
    u->flags |= t->flags & T_DQ;
    size_t bytes = (size_t)t->numel * dtypes[t->dtype].size;
    int e = bytes ? d->copy(d, u->data, t->data, bytes, DEV_TO) : 0;
    if (e)
        gpu_fail(d, "gpu", e);
    return u;
}

struct tensor *gpu_table(int device, struct tensor *t)
{
    struct devices *s = state();
    struct table *old = &s->table[0];
    size_t bytes = (size_t)t->numel * dtypes[t->dtype].size;
    t = tensor_dense(t);
    for (int i = 0; i < TABLES; i++) {
        struct table *k = &s->table[i];
        if (k->home.kind == K_TENSOR && k->home.t->dtype == t->dtype && k->home.t->numel == t->numel &&
            k->there.t->device == device && k->there.t->block->class == (uint16_t)gpu_at(device)->epoch &&
            !memcmp(k->home.t->data, t->data, bytes)) {
            k->used = ++s->calls;
            return k->there.t;
        }
        if (k->used < old->used)
            old = k;
    }
    struct tensor *there = gpu_put(device, t);
    if (bytes <= TABLE_MOST) {
        replace(&old->home, copy(tensor_box(tensor_clone(t))));
        replace(&old->there, copy(tensor_box(there)));
        old->used = ++s->calls;
    }
    return there;
}

struct tensor *gpu_read(struct tensor *t, const char *why)
{
    if (!t->device)
        return t;
    t = gpu_dense(t);
    struct device *d = of(t);
    struct tensor *u = tensor_new(t->dtype, t->nd, t->dim);
    u->flags |= t->flags & T_DQ;
    gpu_wait(d, why);
    size_t bytes = (size_t)t->numel * dtypes[t->dtype].size;
    int e = bytes ? d->copy(d, u->data, t->data, bytes, DEV_FROM) : 0;
    if (e)
        gpu_fail(d, why, e);
    gpu_check(d);
    return u;
}

value gpu_read_value(value v, const char *why)
{
    if (!value_device(v))
        return v;
    struct tensor *t = gpu_read(tensor_any(v), why);
    return tensor_value(tensor_narrow(t));
}

struct tensor *tensor_any(value v)
{
    struct context_head *h = context_head();
    bool before = h->door;
    h->door = true;                           /* a failure on the way closes it: protect() */
    struct tensor *t = tensor_of(v);
    h->door = before;
    return t;
}

struct tensor *gpu_dense(struct tensor *t)
{
    return t->flags & T_DENSE ? t : gpu_clone(t, t->dtype);
}

/* ---- who is where */
const char *gpu_describe(value v, char s[static 160])
{
    char shape[128];
    snprintf(s, 160, "%s%s %s", dtype_is(value_dtype(v), DT_C) ? "complex " : "", class_of(v), value_shape(v, shape));
    return s;
}

static const char *library(void) { return hooks()->library ? hooks()->library() : NULL; }

bool gpu_mixes(void) { return context_head()->mixes || library(); }

void gpu_door(value v)
{
    char s[160];
    if (context_head()->door)
        return;
    int d = value_device(v);
    const char *name = context_head()->running ? context_head()->running->name : NULL, *in = library();
    gpu_describe(v, s);
    if (in && name && strcmp(in, name))
        fail("tl:device", "%s: x (%s) is on gpu %d, and %s, which %s calls, is not defined there; use cpu(x)", in, s, d, name, in);
    if (name)
        fail("tl:device", "%s: x (%s) is on gpu %d, and %s is not defined there; use cpu(x)", name, s, d, name);
    fail("tl:device", "x (%s) is on gpu %d, and what is wanted of it is not defined there; use cpu(x)", s, d);
}

static bool mixes(value v)                    /* of the CPU, but as good as a number */
{
    return v.kind == K_NUM || v.kind == K_RANGE || value_numel(v) <= 1 || gpu_mixes();
}

int gpu_common(const char *sign, int n, const value *v)
{
    char a[160], b[160];
    int at = -1;
    for (int i = 0; i < n && at < 0; i++)
        if (value_device(v[i]))
            at = i;
    if (at < 0)
        return 0;
    for (int i = 0; i < n; i++) {
        int d = value_device(v[i]), e = value_device(v[at]);
        if (d == e || !is_tensor_like(v[i]) || (!d && mixes(v[i])))
            continue;
        gpu_describe(v[i], a);
        gpu_describe(v[at], b);
        bool operator = n == 2 && sign && !(sign[0] >= 'A' && sign[0] <= 'z' && sign[0] != '\\' && sign[0] != '^');
        if (!d && operator && i < at)
            fail("tl:device", "\1 %s \2: \1 (%s) is on the CPU, \2 (%s) on gpu %d; use gpu(\1) or cpu(\2)", sign, a, b, e);
        if (!d && operator)
            fail("tl:device", "\1 %s \2: \1 (%s) is on gpu %d, \2 (%s) on the CPU; use gpu(\2) or cpu(\1)", sign, b, e, a);
        const char *what = sign && isalpha((unsigned char)sign[0]) && strcmp(sign, "cat") ? "argument" : "part"; /* of a function, of [ ] */
        if (!d)
            fail("tl:device", "%s: %s %d (%s) is on the CPU, %s %d (%s) on gpu %d; use gpu(x) or cpu(x)", sign, what,
                 i + 1, a, what, at + 1, b, e);
        if (operator)
            fail("tl:device", "\1 %s \2: \1 (%s) is on gpu %d, \2 (%s) on gpu %d; cpu(x) brings one home", sign, b, e, a, d);
        fail("tl:device", "%s: %s %d (%s) is on gpu %d, %s %d (%s) on gpu %d; cpu(x) brings one home", sign, what, at + 1,
             b, e, what, i + 1, a, d);
    }
    return value_device(v[at]);
}

struct tensor *gpu_operand(int device, value v)
{
    struct tensor *t = tensor_any(v);
    return t->device ? t : gpu_put(device, t);
}

/* ---- work */
struct dev_arg gpu_arg(struct tensor *t)
{
    if (t->nd > DEV_DIMS)
        fail("tl:device", "on a gpu a tensor has at most %d dimensions here, not %d", DEV_DIMS, t->nd);
    if (t->device)
        of(t);
    struct dev_arg a = { .p = t->data, .dtype = t->dtype, .nd = t->nd };
    memcpy(a.dim, t->dim, sizeof(i64) * t->nd);
    memcpy(a.stride, t->stride, sizeof(i64) * t->nd);
    return a;
}

struct dev_arg gpu_vector(struct tensor *t)
{
    if (t->device)
        of(t);
    return (struct dev_arg){ .p = t->data, .dtype = t->dtype, .nd = 1, .dim = { t->numel }, .stride = { 1 } };
}

void gpu_do(int device, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct device *d = gpu_at(device);
    gpu_check(d);
    poll();
    device_busy = 1;
    int e = d->run ? d->run(d, what, out, in, num, line_here()) : DEV_NOT_HERE;
    if (e)
        gpu_fail(d, context_head()->running ? context_head()->running->name : call_names[what], e);
}

bool gpu_can(int device, enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct device *d = gpu_at(device);
    return d->run && (!d->can || !d->can(d, what, out, in, num));
}
