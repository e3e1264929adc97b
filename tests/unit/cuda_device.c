/* SPDX-License-Identifier: BSD-3-Clause */
/* The plugin tl_cuda.so, whole, over the fake driver and libraries of tests/device: what it computes is compared with loops, and
 * what it does to memory, streams and graphs is watched by the fake driver, which ends the program at the first wrong call. */
#include "config.h"
#include "folders.h"
#include "lab/context.h"
#include "lab/gpu.h"
#include <complex.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include "unit.h"

enum { OPS_start = -1,
#define OP(name, ...) OPS_##name,
#include "lab/ops.def"
#undef OP
};
enum { DOUBLE = 0, SINGLE = 1, INT64 = 5, CDOUBLE = 12, CSINGLE = 13 };
static const size_t size_of[] = { 8, 4, 1, 2, 4, 8, 1, 2, 4, 8, 1, 1, 16, 8 };
static struct device *d;
static const struct tl_devices *all;
static const char *why;

static void load(const char *fake)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/device", TL_BUILDDIR);
    setenv("TL_CUDA_PATH", path, 1);
    setenv("TL_FAKE", fake, 1);
    ck_assert(getcwd(path, sizeof path - 6) != NULL);
    setenv("XDG_CACHE_HOME", strcat(path, "/cache"), 1);
    snprintf(path, sizeof path, "%s/tests/device/kernels", TL_BUILDDIR);
    setenv("TL_SHIM_CACHE", path, 1);
    setenv("TL_CUDA_PACK", "/nowhere", 1);    /* one that lies in the build is for GPUs */
    void *so = dlopen(TL_BUILDDIR "/tl_cuda.so", RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(so != NULL, "%s", dlerror());
    all = dlsym(so, "tl_devices");
    ck_assert(all && all->version == TL_DEVICES_VERSION && all->size == sizeof(struct device));
}
static void begin(const char *fake)
{
    load(fake);
    ck_assert_int_eq(all->count(&why), 1);
    d = all->open(1, &why);
    ck_assert_msg(d != NULL, "%s", why);
}
static void ok(int e)
{
    ck_assert_msg(e == DEV_OK, "error %d: %s", e, d->why(d, e));
}
static double option(const char *name)
{
    double x = -1;
    ok(d->option(d, name, &x, false));
    return x;
}
static void *there(const void *x, size_t n)
{
    void *p;
    ok(d->get(d, n, &p));
    if (x)
        ok(d->copy(d, p, x, n, DEV_TO));
    return p;
}
static void back(void *x, const void *p, size_t n) { ok(d->copy(d, x, p, n, DEV_FROM)); }
static struct dev_arg arg(void *p, int dtype, int64_t m, int64_t n, int64_t s, int64_t t)
{
    return (struct dev_arg){ .p = p, .dtype = dtype, .nd = 2, .dim = { m, n }, .stride = { s, t } };
}
static struct dev_arg matrix(const void *x, int dtype, int64_t m, int64_t n)
{
    return arg(there(x, (size_t)(m * n) * size_of[dtype]), dtype, m, n, 1, m);
}
static double *numbers(size_t n, unsigned seed)
{
    double *x = malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (double)((seed = seed * 1664525u + 1013904223u) >> 8) / (1 << 23) - 1;
    return x;
}
static struct dev_ins ins(int what, int type, int dtype, int op, int a, int b)
{
    return (struct dev_ins){ (uint8_t)what, (uint8_t)type, (uint8_t)dtype, (uint8_t)op, (int16_t)a, (int16_t)b };
}
/* y = num * x + z */
static int scaled_into(struct device *to, struct dev_arg y, struct dev_arg x, struct dev_arg z, double by)
{
    struct dev_prog p = { .n = 5, .nin = 2, .nnum = 1, .dtype = DOUBLE, .in_dtype = { DOUBLE, DOUBLE } };
    struct dev_arg in[2] = { x, z };
    p.ins[0] = ins(DI_IN, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[1] = ins(DI_NUM, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[2] = ins(DI_OP, DEV_D, DOUBLE, OPS_times, 0, 1);
    p.ins[3] = ins(DI_IN, DEV_D, DOUBLE, 0, 1, -1);
    p.ins[4] = ins(DI_OP, DEV_D, DOUBLE, OPS_plus, 2, 3);
    return to->program(to, &p, &y, in, &by, 7);
}
static void scaled_sum(struct dev_arg *y, struct dev_arg x, struct dev_arg z, double by) { ok(scaled_into(d, *y, x, z, by)); }
static void *fake_nvrtc(const char *symbol)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/tests/device/libnvrtc.so.12", TL_BUILDDIR);
    void *so = dlopen(path, RTLD_NOW), *f = so ? dlsym(so, symbol) : NULL;
    ck_assert_msg(f != NULL, "%s", dlerror());
    return f;
}

/* ---- what is missing is a sentence */
#define REFUSED(test, fake, text) START_TEST(test) { load(fake); ck_assert_int_eq(all->count(&why), 0); ck_assert_msg(why && strstr(why, text), "%s", why); } END_TEST
REFUSED(driver_too_old, "old", "too old: it knows CUDA 11.4, and 12.0 is wanted")
REFUSED(no_device, "nodevice", "no GPU that it shows")
REFUSED(not_allowed, "notallowed", "operation not permitted (CUDA_ERROR_NOT_PERMITTED)")
START_TEST(no_driver)
{
    load("");
    setenv("TL_CUDA_PATH", "/nowhere", 1);
    if (!dlopen("libcuda.so.1", RTLD_NOW))
        ck_assert_msg(!all->count(&why) && !strcmp(why, "no NVIDIA driver here; everything works on the CPU"), "%s", why);
}
END_TEST
START_TEST(several_devices)
{
    load("devices=3");
    ck_assert_int_eq(all->count(&why), 3);
    ck_assert(!all->open(4, &why) && strstr(why, "there is no gpu 4, the last is gpu 3"));
    d = all->open(2, &why);
    ck_assert_int_eq(d->index, 2);
    struct dev_facts f;
    ok(d->facts(d, &f));
    ck_assert(f.major == 9 && f.units == 2 && f.version == 12040 && strstr(f.name, "fake GPU (1)"));
    d->close(d);
}
END_TEST

/* ---- copies */
static const char *const moods[] = { "", "late", "nopools late" };
START_TEST(copies_of_all_sizes)
{
    static const size_t size[] = { 1, 1000, (8 << 20) - 1, (9 << 20) + 3, 45 << 20 };
    begin(moods[_i]);
    for (int i = 0; i < 5; i++) {
        size_t n = size[i];
        char *x = malloc(n), *y = calloc(n, 1), *same = malloc(n);
        for (size_t k = 0; k < n; k++)
            x[k] = same[k] = (char)(k * 7 + k / 251);
        void *p = there(x, n), *q = there(NULL, n);
        ok(d->copy(d, q, p, n, DEV_WITHIN));
        memset(x, 0, n);                      /* the caller's memory is done with */
        back(y, q, n);
        ck_assert(!memcmp(y, same, n));
        d->put(d, p, n);
        d->put(d, q, n);
        free(x);
        free(y);
        free(same);
    }
    d->close(d);
}
END_TEST
START_TEST(many_small_copies)
{
    begin("late");
    double x[64], y[64];
    void *p[3000];
    for (int i = 0; i < 3000; i++) {
        for (int k = 0; k < 64; k++)
            x[k] = i + k;
        p[i] = there(x, sizeof x);
    }
    for (int i = 0; i < 3000; i += 100) {
        back(y, p[i], sizeof y);
        ck_assert(y[0] == i && y[63] == i + 63);
    }
    d->close(d);
}
END_TEST
/* An upload into memory that queued work still reads waits for it; one into memory that is idle need not. */
START_TEST(uploads_keep_the_order)
{
    enum { N = 1 << 18 };
    begin("late");
    double *x = numbers(N, 1), *y = numbers(N, 2), *z = malloc(N * 8);
    struct dev_arg a = matrix(x, DOUBLE, N, 1), r = matrix(NULL, DOUBLE, N, 1);
    scaled_sum(&r, a, a, 2);
    d->put(d, a.p, N * 8);
    void *again = there(y, N * 8);
    ck_assert_ptr_eq(again, a.p);
    back(z, r.p, N * 8);
    for (int i = 0; i < N; i++)
        ck_assert(z[i] == 2 * x[i] + x[i]);
    back(z, again, N * 8);
    ck_assert(!memcmp(z, y, N * 8));
    d->close(d);
}
END_TEST

/* ---- memory */
START_TEST(addresses_repeat)
{
    static const size_t size[] = { 8, 100, 4000, 300000, 70000, 5000000 };
    begin(moods[_i]);
    void *first[6], *p;
    struct dev_memory m, n;
    for (int step = 0; step < 5; step++) {
        for (int i = 0; i < 6; i++) {
            ok(d->get(d, size[i], &p));
            ck_assert_int_eq((uintptr_t)p % 256, 0);
            if (step)
                ck_assert_ptr_eq(p, first[i]);
            first[i] = p;
        }
        for (int i = 0; i < 6; i++)
            d->put(d, first[i], size[i]);
        ok(d->memory(d, step ? &n : &m));
        if (step)
            ck_assert(n.taken == m.taken && n.kept == m.kept && n.used == 0 && n.peak == m.peak);
    }
    ok(d->trim(d));
    ok(d->memory(d, &n));
    ck_assert(n.kept == 0 && n.free == n.total);
    ok(d->get(d, 1000, &p));
    ok(d->trim(d));                           /* a slab with a live block stays */
    ok(d->copy(d, p, size, sizeof size, DEV_TO));
    d->close(d);
}
END_TEST
START_TEST(memory_is_full)
{
    begin("memory=64");
    void *p, *q;
    ok(d->get(d, 40 << 20, &p));
    ck_assert_int_eq(d->get(d, 40 << 20, &q), DEV_NO_MEMORY);
    ck_assert_msg(strstr(d->why(d, DEV_NO_MEMORY), "wanted 42 MB, ") && strstr(d->why(d, DEV_NO_MEMORY), "free of 67 MB"), "%s", d->why(d, DEV_NO_MEMORY));
    d->put(d, p, 40 << 20);
    ok(d->get(d, 50 << 20, &q));              /* what was kept is given back for it */
    d->put(d, q, 50 << 20);
    setenv("TL_FAKE", "alloc=1", 1);
    ok(d->get(d, 20 << 20, &p));              /* one failure: trimmed, and asked again */
    ck_assert_int_eq(d->get(d, (size_t)1 << 60, &q), DEV_NO_MEMORY);
    d->close(d);
}
END_TEST

/* ---- work */
START_TEST(a_program_and_its_numbers)
{
    begin(moods[_i]);
    double *x = numbers(1000, 1), *z = numbers(1000, 2), y[1000];
    struct dev_arg a = matrix(x, DOUBLE, 100, 10), b = matrix(z, DOUBLE, 100, 10), c = matrix(NULL, DOUBLE, 100, 10);
    for (int k = 1; k < 4; k++) {
        scaled_sum(&c, a, b, 0.5 * k);
        back(y, c.p, sizeof y);
        for (int i = 0; i < 1000; i++)
            ck_assert(y[i] == 0.5 * k * x[i] + z[i]);
    }
    ck_assert(option("loaded") == 1 && option("launches") == 3);
    d->close(d);
}
END_TEST
START_TEST(trouble_is_written_down)
{
    begin("late");
    double x[4] = { 1, 4, -9, 16 };
    struct dev_arg a = matrix(x, DOUBLE, 4, 1), y = matrix(NULL, DOUBLE, 4, 1);
    struct dev_prog p = { .n = 2, .nin = 1, .dtype = DOUBLE, .in_dtype = { DOUBLE } };
    double none = 0;
    p.ins[0] = ins(DI_IN, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[1] = ins(DI_OP, DEV_D, DOUBLE, OPS_sqrt, 0, -1);
    ok(d->program(d, &p, &y, &a, &none, 42));
    ok(d->wait(d, NULL));
    ck_assert_int_eq(d->status->code, DEV_DOMAIN);
    ck_assert_int_eq(d->status->op, OPS_sqrt);
    ck_assert_int_eq(d->status->tag, 42);
    d->close(d);
}
END_TEST
START_TEST(thousands_of_launches)
{
    begin("late");
    double x[8] = { 0 }, one[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    struct dev_arg a = matrix(x, DOUBLE, 8, 1), b = matrix(one, DOUBLE, 8, 1);
    for (int i = 0; i < 3000; i++)
        scaled_sum(&a, a, b, 1);
    back(x, a.p, sizeof x);
    ck_assert(x[0] == 3000 && x[7] == 3000);
    uint64_t t;
    ok(d->mark(d, &t));
    int looks = 0, r;
    while (!(r = d->done(d, t)))
        looks++;
    ck_assert(r == 1 && looks > 0 && d->done(d, t - 1) == 1);
    d->close(d);
}
END_TEST
static volatile sig_atomic_t stop;
static void on_alarm(int s) { stop = s; }
START_TEST(ctrl_c_ends_a_wait)
{
    begin("late slow=30");
    struct timespec from, to;
    double x[8] = { 0 };
    struct dev_arg a = matrix(x, DOUBLE, 8, 1);
    scaled_sum(&a, a, a, 1);
    signal(SIGALRM, on_alarm);
    alarm(1);
    clock_gettime(CLOCK_MONOTONIC, &from);
    ck_assert_int_eq(d->wait(d, &stop), DEV_STOPPED);
    clock_gettime(CLOCK_MONOTONIC, &to);
    ck_assert_int_lt(to.tv_sec - from.tv_sec, 3);
    d->stop = &stop;
    ck_assert_int_eq(d->copy(d, x, a.p, sizeof x, DEV_FROM), DEV_STOPPED);
    setenv("TL_FAKE", "late", 1);
    stop = 0;
    back(x, a.p, sizeof x);
    d->close(d);
}
END_TEST
static void interrupted(int (*f)(void *), void *arg)      /* by Ctrl-C, after a tenth of a second */
{
    struct itimerval soon = { .it_value = { 0, 100000 } };
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &soon, NULL);
    ck_assert_int_eq(f(arg), DEV_STOPPED);
    ck_assert(stop);
    stop = 0;
}
struct there { struct device *d; struct dev_arg a; double x[8]; };
static int scale(void *p) { struct there *t = p; return scaled_into(t->d, t->a, t->a, t->a, 1); }
static int read_back(void *p) { struct there *t = p; return t->d->copy(t->d, t->x, t->a.p, sizeof t->x, DEV_FROM); }
START_TEST(ctrl_c_ends_the_wait_for_a_kernel)
{
    char cache[] = "/tmp/tl-cache-XXXXXX", command[80];
    begin("late compile=0.6");
    ck_assert(mkdtemp(cache) != NULL);
    setenv("XDG_CACHE_HOME", cache, 1);
    int (*count)(void) = fake_nvrtc("nvrtcFakeCount");
    struct there t = { .d = d, .x = { 1, 2, 3, 4, 5, 6, 7, 8 } };
    t.a = matrix(t.x, DOUBLE, 8, 1);
    d->stop = &stop;
    interrupted(scale, &t);
    ck_assert(option("launches") == 0 && count() == 0);
    ok(scale(&t));                            /* the thread went on: its kernel is waited for and taken */
    ok(d->wait(d, NULL));
    ck_assert(option("compiled") == 1 && option("loaded") == 1 && option("launches") == 1 && count() == 1);
    ok(read_back(&t));
    for (int i = 0; i < 8; i++)
        ck_assert(t.x[i] == 2 * (i + 1));
    /* behind the table that joins programs: what was kept back is there afterwards */
    unit_begin();
    struct there f = { .d = device_fused(d), .a = t.a };
    ok(scaled_into(f.d, f.a, f.a, f.a, 1));
    ok(scaled_into(f.d, f.a, f.a, f.a, 0.5));
    interrupted(read_back, &f);
    ok(read_back(&f));
    for (int i = 0; i < 8; i++)
        ck_assert(f.x[i] == 2 * (i + 1) * 2 * 1.5);
    ck_assert(option("compiled") == 2);
    ok(scaled_into(f.d, f.a, f.a, f.a, 1));
    ok(scaled_into(f.d, f.a, f.a, f.a, 1));
    ok(scaled_into(f.d, f.a, f.a, f.a, 1));
    interrupted(read_back, &f);
    f.d->close(f.d);                          /* while the thread compiles */
    unit_end();
    snprintf(command, sizeof command, "rm -rf %s", cache);
    ck_assert(!system(command));
}
END_TEST
/* With slow NVRTC a program runs by its rows' kernels: tanh(x) .* 3 + x, several results of which one lies where an operand
 * does, and a sum; then by its own, and the bits are the same. */
static struct dev_prog several(int more, int red)
{
    struct dev_prog p = { .n = 5, .nin = 1, .nnum = 1, .dtype = DOUBLE, .in_dtype = { DOUBLE }, .more = (uint8_t)more,
                          .red = (uint8_t)red, .also = { { 1, DOUBLE }, { 3, DOUBLE } } };
    p.ins[0] = ins(DI_IN, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[1] = ins(DI_OP, DEV_D, DOUBLE, OPS_tanh, 0, -1);
    p.ins[2] = ins(DI_NUM, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[3] = ins(DI_OP, DEV_D, DOUBLE, OPS_times, 1, 2);
    p.ins[4] = ins(DI_OP, DEV_D, DOUBLE, OPS_plus, 3, 0);
    return p;
}
START_TEST(rows_run_until_the_kernel_is_there)
{
    enum { N = 5000 };
    char cache[] = "/tmp/tl-cache-XXXXXX", command[80];
    begin("");
    ck_assert(mkdtemp(cache) != NULL);
    setenv("XDG_CACHE_HOME", cache, 1);
    int (*count)(void) = fake_nvrtc("nvrtcFakeCount");
    double *x = numbers(N, 1), *was = malloc(N * 8), *is = malloc(N * 8), three = 3;
    struct dev_arg a = matrix(x, DOUBLE, N, 1), y = matrix(x, DOUBLE, N, 1), z = matrix(x, DOUBLE, N, 1), s = matrix(x, DOUBLE, 1, 1);
    struct dev_prog p = { .n = 2, .nin = 1, .dtype = DOUBLE, .in_dtype = { DOUBLE } }, q = several(0, 0);
    /* nothing is there yet: the kernel is waited for */
    ok(d->program(d, &q, &y, &a, (double[]){ 4 }, 1));
    ck_assert(option("stepped") == 0 && option("compiled") == 1);
    /* the rows, one by one */
    p.ins[0] = ins(DI_IN, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[1] = ins(DI_OP, DEV_D, DOUBLE, OPS_tanh, 0, -1);
    ok(d->program(d, &p, &y, &a, NULL, 1));
    p = (struct dev_prog){ .n = 3, .nin = 1, .nnum = 1, .dtype = DOUBLE, .in_dtype = { DOUBLE } };
    p.ins[0] = ins(DI_IN, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[1] = ins(DI_NUM, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[2] = ins(DI_OP, DEV_D, DOUBLE, OPS_times, 0, 1);
    ok(d->program(d, &p, &y, &a, &three, 1));
    p = (struct dev_prog){ .n = 3, .nin = 2, .dtype = DOUBLE, .in_dtype = { DOUBLE, DOUBLE } };
    p.ins[0] = ins(DI_IN, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[1] = ins(DI_IN, DEV_D, DOUBLE, 0, 1, -1);
    p.ins[2] = ins(DI_OP, DEV_D, DOUBLE, OPS_plus, 0, 1);
    ok(d->program(d, &p, &y, (struct dev_arg[]){ a, a }, NULL, 1));
    p = (struct dev_prog){ .n = 1, .nin = 1, .dtype = DOUBLE, .in_dtype = { DOUBLE } };      /* copies, and a sum */
    p.ins[0] = ins(DI_IN, DEV_D, DOUBLE, 0, 0, -1);
    ok(d->program(d, &p, &y, &a, NULL, 1));
    p.red = 1;
    s.stride[0] = s.stride[1] = 0;
    ok(d->program(d, &p, &s, &a, NULL, 1));
    ok(d->wait(d, NULL));
    setenv("TL_FAKE", "compile=2", 1);
    static const struct { int more, red; } kind[] = { { 2, 0 }, { 0, 1 } };
    for (int k = 0; k < 2; k++) {
        q = several(kind[k].more, kind[k].red);
        int before = count(), stepped = (int)option("stepped");
        struct dev_arg out[3] = { k ? s : y, a, z };      /* further results: one over the operand */
        size_t n = k ? 8 : N * 8;
        ok(d->copy(d, a.p, x, N * 8, DEV_TO));
        ok(d->program(d, &q, out, &a, &three, 1));
        back(was, out[0].p, n);
        ck_assert_msg(count() == before && option("stepped") == stepped + 1, "%d %g", count() - before, option("stepped") - stepped);
        double sum = 0;
        for (int i = 0; i < N; i++)
            sum += tanh(x[i]) * 3 + x[i];
        ck_assert_double_eq_tol(was[0], k ? sum : tanh(x[0]) * 3 + x[0], 1e-9);
        if (!k) {
            back(is, a.p, n);
            ck_assert(is[7] == tanh(x[7]));
        }
        while (count() == before)
            usleep(20000);
        usleep(200000);                       /* the thread writes what it made */
        double loaded = option("loaded");
        ok(d->copy(d, a.p, x, N * 8, DEV_TO));
        ok(d->program(d, &q, out, &a, &three, 1));
        back(is, out[0].p, n);
        ck_assert(option("stepped") == stepped + 1 && option("loaded") >= loaded + 1 && !memcmp(was, is, n));
    }
    d->close(d);
    snprintf(command, sizeof command, "rm -rf %s", cache);
    ck_assert(!system(command));
}
END_TEST
START_TEST(a_lost_context)
{
    begin(moods[_i]);
    double x[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, y[8];
    struct dev_arg a = matrix(x, DOUBLE, 8, 1);
    unsigned epoch = d->epoch;
    struct dev_prog p = { .n = 2, .nin = 1, .dtype = DOUBLE, .in_dtype = { DOUBLE } };
    double none = 0;
    p.ins[0] = ins(DI_IN, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[1] = ins(DI_OP, DEV_D, DOUBLE, OPS_uminus, 0, -1);
    setenv("TL_FAKE", "lost=1", 1);
    ck_assert_int_eq(d->program(d, &p, &a, &a, &none, 0), DEV_LOST);
    ck_assert(strstr(d->why(d, DEV_LOST), "illegal memory access"));
    ck_assert_int_eq(d->epoch, epoch + 1);
    a = matrix(x, DOUBLE, 8, 1);              /* a context anew */
    ok(d->program(d, &p, &a, &a, &none, 0));
    back(y, a.p, sizeof y);
    ck_assert(y[0] == -1 && y[7] == -8);
    ck_assert_int_eq(d->epoch, epoch + 1);
    d->close(d);
}
END_TEST

/* ---- products.  in: memory with room around it, read through strides. */
static double complex at(const void *x, int dtype, int64_t i)
{
    switch (dtype) {
    case DOUBLE: return ((const double *)x)[i];
    case SINGLE: return ((const float *)x)[i];
    case CDOUBLE: return ((const double complex *)x)[i];
    default: return ((const float complex *)x)[i];
    }
}
static void *typed(int dtype, int64_t n, unsigned seed)
{
    double *x = numbers(2 * (size_t)n, seed);
    char *y = malloc((size_t)n * size_of[dtype]);
    for (int64_t i = 0; i < n; i++)
        switch (dtype) {
        case DOUBLE: ((double *)(void *)y)[i] = x[i]; break;
        case SINGLE: ((float *)(void *)y)[i] = (float)x[i]; break;
        case CDOUBLE: ((double complex *)(void *)y)[i] = x[i] + I * x[n + i]; break;
        default: ((float complex *)(void *)y)[i] = (float complex)(x[i] + I * x[n + i]); break;
        }
    free(x);
    return y;
}
static void product(int dtype, int64_t m, int64_t n, int64_t k, bool ta, bool tb, int64_t batch, int bias, int activation, double alpha, double beta)
{
    int64_t lda = (ta ? k : m) + 3, ldb = (tb ? n : k) + 1, ldc = m + 2, na = lda * (ta ? m : k), nb = ldb * (tb ? k : n), nc = ldc * n;
    int64_t bias_n = bias == 1 ? m : n;
    void *a = typed(dtype, na * batch, 1), *b = typed(dtype, nb * batch, 2), *c = typed(dtype, nc * batch, 3), *h = typed(dtype, bias_n, 4);
    void *got = malloc((size_t)(nc * batch) * size_of[dtype]);
    struct dev_arg in[3] = { arg(there(a, (size_t)(na * batch) * size_of[dtype]), dtype, m, k, ta ? lda : 1, ta ? 1 : lda),
        arg(there(b, (size_t)(nb * batch) * size_of[dtype]), dtype, k, n, tb ? ldb : 1, tb ? 1 : ldb) };
    struct dev_arg out = arg(there(c, (size_t)(nc * batch) * size_of[dtype]), dtype, m, n, 1, ldc);
    if (batch > 1) {
        in[0].nd = in[1].nd = out.nd = 3;
        in[0].dim[2] = in[1].dim[2] = out.dim[2] = batch;
        in[0].stride[2] = na, in[1].stride[2] = nb, out.stride[2] = nc;
    }
    if (bias == 1)
        in[2] = arg(there(h, (size_t)m * size_of[dtype]), dtype, m, 1, 1, m);
    else if (bias == 2)
        in[2] = arg(there(h, (size_t)n * size_of[dtype]), dtype, 1, n, 1, 1);
    ok(d->run(d, DEV_gemm, &out, in, (double[]){ alpha, beta, activation }, 0));
    back(got, out.p, (size_t)(nc * batch) * size_of[dtype]);
    for (int64_t z = 0; z < batch; z++)
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = 0; i < m; i++) {
                double complex s = 0;
                for (int64_t l = 0; l < k; l++)
                    s += at(a, dtype, z * na + i * in[0].stride[0] + l * in[0].stride[1]) * at(b, dtype, z * nb + l * in[1].stride[0] + j * in[1].stride[1]);
                s = alpha * s + beta * at(c, dtype, z * nc + i + j * ldc) + (bias == 1 ? at(h, dtype, i) : bias == 2 ? at(h, dtype, j) : 0);
                s = activation == 1 ? fmax(creal(s), 0) : activation == 2 ? ctanh(s) : activation == 3 ? 1 / (1 + cexp(-s)) : s;
                double error = cabs(s - at(got, dtype, z * nc + i + j * ldc));
                ck_assert_msg(error < (size_of[dtype] == 4 || dtype == CSINGLE ? 2e-5 : 1e-13) * (double)k, "dtype %d %ldx%ldx%ld ta %d tb %d batch %ld bias %d act %d: %g",
                    dtype, (long)m, (long)n, (long)k, ta, tb, (long)batch, bias, activation, error);
            }
    free(a); free(b); free(c); free(h); free(got);
}
START_TEST(products)
{
    begin("late");
    static const int type[] = { DOUBLE, SINGLE, CDOUBLE, CSINGLE };
    for (int t = 0; t < 4; t++)
        for (int ta = 0; ta < 2; ta++)
            for (int tb = 0; tb < 2; tb++)
                product(type[t], 20, 33, 17, ta, tb, 1 + ta * tb, 0, 0, 1, 0);
    product(DOUBLE, 40, 18, 5, false, true, 3, 0, 0, 0.5, 2);
    product(SINGLE, 33, 1, 64, false, false, 1, 0, 0, 1, 0);
    product(SINGLE, 1, 40, 64, false, false, 1, 0, 0, 1, 1);
    product(SINGLE, 30, 20, 10, false, false, 1, 1, 0, 1, 0);
    product(SINGLE, 30, 20, 10, false, false, 1, 1, 1, 1, 0);
    product(SINGLE, 30, 20, 10, true, false, 1, 2, 0, 1, 0);
    product(SINGLE, 30, 20, 10, false, true, 1, 2, 2, 1, 0);
    product(SINGLE, 30, 20, 10, false, false, 1, 1, 3, 1, 0);
    product(SINGLE, 30, 20, 10, false, false, 1, 0, 1, 1, 0);
    setenv("TL_FAKE", "late noepilogue", 1);  /* other shapes: plans are kept */
    product(DOUBLE, 31, 20, 10, false, false, 1, 1, 0, 1, 0);
    product(DOUBLE, 31, 20, 10, false, false, 1, 1, 1, 1, 0);
    product(SINGLE, 31, 20, 10, true, false, 1, 0, 1, 1, 0);
    double yes = 1;
    ok(d->option(d, "tf32", &yes, true));
    product(SINGLE, 30, 20, 10, false, false, 1, 0, 0, 1, 0);
    d->close(d);
}
END_TEST

/* ---- the LAPACK family: each result is put together again */
static double complex *square(const void *x, int dtype, int64_t n)      /* as complex doubles */
{
    double complex *y = malloc((size_t)n * sizeof *y);
    for (int64_t i = 0; i < n; i++)
        y[i] = at(x, dtype, i);
    return y;
}
static double complex *fetch(struct dev_arg *x)
{
    int64_t n = x->dim[0] * x->dim[1];
    char *y = malloc((size_t)n * size_of[x->dtype]);
    back(y, x->p, (size_t)n * size_of[x->dtype]);
    double complex *z = square(y, x->dtype, n);
    free(y);
    return z;
}
static void near(const double complex *x, const double complex *y, int64_t n, double most, const char *what)
{
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(cabs(x[i] - y[i]) < most, "%s: element %ld is %g%+gi, should be %g%+gi", what, (long)i, creal(x[i]), cimag(x[i]), creal(y[i]), cimag(y[i]));
}
static double complex *times(const double complex *a, const double complex *b, int64_t m, int64_t k, int64_t n, bool turned)      /* a b or a b' */
{
    double complex *c = calloc((size_t)(m * n), sizeof *c);
    for (int64_t j = 0; j < n; j++)
        for (int64_t l = 0; l < k; l++)
            for (int64_t i = 0; i < m; i++)
                c[i + j * m] += a[i + l * m] * (turned ? conj(b[j + l * n]) : b[l + j * k]);
    return c;
}
static void family(int dtype)
{
    enum { M = 7, N = 5 };
    int real = dtype == CDOUBLE || dtype == DOUBLE ? DOUBLE : SINGLE;
    double eps = real == DOUBLE ? 1e-11 : 2e-4;
    for (int wide = 0; wide < 2; wide++) {
        int64_t m = wide ? N : M, n = wide ? M : N, k = N;
        void *a0 = typed(dtype, M * N, 5);
        double complex *a = square(a0, dtype, M * N);
        struct dev_arg x = matrix(a0, dtype, m, n), out[3];
        out[0] = matrix(NULL, dtype, m, k), out[1] = matrix(NULL, dtype, k, n), out[2] = matrix(NULL, INT64, m, 1);
        ok(d->run(d, DEV_lu, out, &x, NULL, 0));
        int64_t p[M];
        back(p, out[2].p, (size_t)m * 8);
        double complex *l = fetch(&out[0]), *u = fetch(&out[1]), *lu = times(l, u, m, k, n, false), pa[M * N];
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = 0; i < m; i++)
                pa[i + j * m] = a[p[i] + j * m];
        near(lu, pa, m * n, eps, "L U against A(p, :)");
        ck_assert(l[0] == 1 && l[m] == 0 && u[1] == 0);

        for (int thin = 0; thin < 2; thin++) {
            int64_t c = thin ? k : m;
            out[0] = matrix(NULL, dtype, m, c), out[1] = matrix(NULL, dtype, c, n);
            ok(d->run(d, DEV_qr, out, &x, (double[]){ thin }, 0));
            double complex *q = fetch(&out[0]), *r = fetch(&out[1]), *qr = times(q, r, m, c, n, false), *qq = times(q, q, m, c, m, true);
            near(qr, a, m * n, eps, "Q R against A");
            for (int64_t i = 0; i < m && c == m; i++)
                ck_assert(cabs(qq[i + i * m] - 1) < eps);
            int64_t uc = thin ? k : m, vc = thin ? k : n;
            out[0] = matrix(NULL, dtype, m, uc), out[1] = matrix(NULL, real, k, 1), out[2] = matrix(NULL, dtype, n, vc);
            ok(d->run(d, DEV_svd, out, &x, (double[]){ thin }, 0));
            double complex *U = fetch(&out[0]), *s = fetch(&out[1]), *V = fetch(&out[2]);
            for (int64_t j = 0; j < k; j++)
                for (int64_t i = 0; i < m; i++)
                    U[i + j * m] *= s[j];
            double complex *usv = times(U, V, m, k, n, true);
            near(usv, a, m * n, eps, "U S V' against A");
        }
        if (!wide) {                          /* least squares: A' (A x - b) = 0 */
            void *b0 = typed(dtype, M * 2, 9);
            double complex *b = square(b0, dtype, M * 2);
            struct dev_arg in[2] = { x, matrix(b0, dtype, m, 2) }, y = matrix(NULL, dtype, n, 2);
            ok(d->run(d, DEV_solve, &y, in, (double[]){ 4, 0 }, 0));
            double complex *xs = fetch(&y), *ax = times(a, xs, m, n, 2, false);
            for (int64_t j = 0; j < 2; j++)
                for (int64_t i = 0; i < n; i++) {
                    double complex r = 0;
                    for (int64_t q = 0; q < m; q++)
                        r += conj(a[q + i * m]) * (ax[q + j * m] - b[q + j * m]);
                    ck_assert(cabs(r) < 20 * eps);
                }
        }
    }
    /* square ones */
    void *a0 = typed(dtype, N * N, 11), *b0 = typed(dtype, N * 3, 12);
    double complex *a = square(a0, dtype, N * N), *b = square(b0, dtype, N * 3), *aa = times(a, a, N, N, N, true), at_[N * N];
    for (int i = 0; i < N; i++)
        aa[i + i * N] += 1;
    for (int i = 0; i < N * N; i++)
        at_[i] = conj(a[i / N + i % N * N]);
    struct dev_arg x = matrix(a0, dtype, N, N), rhs = matrix(b0, dtype, N, 3), y = matrix(NULL, dtype, N, 3), s, out[3];
    for (int turned = 0; turned < 2; turned++) {
        ok(d->run(d, DEV_solve, &y, (struct dev_arg[]){ x, rhs }, (double[]){ 0, turned }, 0));
        near(times(turned ? at_ : a, fetch(&y), N, N, 3, false), b, N * 3, 20 * eps, "A x against b");
        for (int upper = 0; upper < 2; upper++) {
            double complex t[N * N];
            for (int i = 0; i < N * N; i++)
                t[i] = (upper ? i % N <= i / N : i % N >= i / N) ? a[i] + (i % (N + 1) ? 0 : 3) : 0;
            char *t0 = malloc(N * N * size_of[dtype]);
            for (int i = 0; i < N * N; i++)
                switch (dtype) {
                case DOUBLE: ((double *)(void *)t0)[i] = creal(t[i]); break;
                case SINGLE: ((float *)(void *)t0)[i] = (float)creal(t[i]); break;
                case CDOUBLE: ((double complex *)(void *)t0)[i] = t[i]; break;
                default: ((float complex *)(void *)t0)[i] = (float complex)t[i];
                }
            struct dev_arg tri = matrix(t0, dtype, N, N);
            ok(d->run(d, DEV_solve, &y, (struct dev_arg[]){ tri, rhs }, (double[]){ upper ? 1 : 2, turned }, 0));
            double complex tt[N * N];
            for (int i = 0; i < N * N; i++)
                tt[i] = turned ? conj(t[i / N + i % N * N]) : t[i];
            near(times(tt, fetch(&y), N, N, 3, false), b, N * 3, eps, "T x against b");
        }
    }
    struct dev_arg inv = matrix(NULL, dtype, N, N);
    ok(d->run(d, DEV_inv, &inv, &x, NULL, 0));
    double complex *one = times(a, fetch(&inv), N, N, N, false), eye[N * N] = { 0 };
    for (int i = 0; i < N; i++)
        eye[i * (N + 1)] = 1;
    near(one, eye, N * N, 50 * eps, "A inv(A)");
    s = matrix(NULL, dtype, N, N);            /* a positive definite one, made there */
    ok(d->run(d, DEV_gemm, &s, (struct dev_arg[]){ x, arg(x.p, dtype, N, N, N, 1), { 0 } }, (double[]){ 1, 0, 0 }, 0) && 0);
    char *s0 = malloc(N * N * size_of[dtype]);
    for (int i = 0; i < N * N; i++)
        switch (dtype) {
        case DOUBLE: ((double *)(void *)s0)[i] = creal(aa[i]); break;
        case SINGLE: ((float *)(void *)s0)[i] = (float)creal(aa[i]); break;
        case CDOUBLE: ((double complex *)(void *)s0)[i] = aa[i]; break;
        default: ((float complex *)(void *)s0)[i] = (float complex)aa[i];
        }
    s = matrix(s0, dtype, N, N);
    struct dev_arg r = matrix(NULL, dtype, N, N);
    for (int lower = 0; lower < 2; lower++) {
        ok(d->run(d, DEV_chol, &r, &s, (double[]){ lower }, 0));
        double complex *f = fetch(&r), g[N * N];
        for (int i = 0; i < N * N; i++)
            g[i] = lower ? f[i] : conj(f[i / N + i % N * N]);
        near(times(g, g, N, N, N, true), aa, N * N, 10 * eps, "R' R against A");
    }
    ok(d->run(d, DEV_solve, &y, (struct dev_arg[]){ s, rhs }, (double[]){ 3, 0 }, 0));
    near(times(aa, fetch(&y), N, N, 3, false), b, N * 3, 10 * eps, "a positive definite system");
    out[0] = matrix(NULL, dtype, N, N), out[1] = matrix(NULL, real, N, 1);
    ok(d->run(d, DEV_eig, out, &s, (double[]){ 0 }, 0));
    double complex *v = fetch(&out[0]), *w = fetch(&out[1]), vd[N * N], det = 1, got;
    for (int i = 0; i < N * N; i++)
        vd[i] = v[i] * w[i / N];
    near(times(vd, v, N, N, N, true), aa, N * N, 10 * eps, "V D V' against A");
    for (int i = 0; i < N; i++)
        det *= w[i];
    struct dev_arg e = matrix(NULL, dtype, 1, 1);
    ok(d->run(d, DEV_det, &e, &s, NULL, 0));
    got = fetch(&e)[0];
    ck_assert_msg(cabs(got / det - 1) < 100 * eps, "det %g, product of the eigenvalues %g", creal(got), creal(det));
    ck_assert_int_eq(d->status->code, DEV_FINE);
}
START_TEST(lapack_family)
{
    static const int type[] = { DOUBLE, SINGLE, CDOUBLE, CSINGLE };
    begin("late");
    family(type[_i]);
    if (!_i) {
        double bad[4] = { 1, 2, 2, 1 }, zero[4] = { 0 };
        struct dev_arg x = matrix(bad, DOUBLE, 2, 2), y = matrix(NULL, DOUBLE, 2, 2);
        ok(d->run(d, DEV_chol, &y, &x, (double[]){ 0 }, 3));
        ok(d->wait(d, NULL));
        ck_assert(d->status->code == DEV_NOT_POSITIVE && d->status->op == DEV_chol && d->status->tag == 3);
        memset(d->status, 0, sizeof *d->status);
        x = matrix(zero, DOUBLE, 2, 2);
        ok(d->run(d, DEV_inv, &y, &x, NULL, 4));
        ok(d->wait(d, NULL));
        ck_assert(d->status->code == DEV_SINGULAR && d->status->tag == 4);
    }
    d->close(d);
}
END_TEST

/* ---- Fourier */
START_TEST(fourier)
{
    begin("late");
    enum { A = 3, B = 4, C = 5 };
    for (int dim = 0; dim < 3; dim++)
        for (int inverse = 0; inverse < 2; inverse++)
            for (int longer = -1; longer < 2; longer++) {
                int64_t from[3] = { A, B, C }, to[3] = { A, B, C };
                to[dim] += longer;
                double complex *x = typed(CDOUBLE, A * B * C, 3);
                int64_t n = to[0] * to[1] * to[2];
                struct dev_arg in = { there(x, A * B * C * 16), CDOUBLE, 3, { A, B, C }, { 1, A, A * B } };
                struct dev_arg out = { there(NULL, (size_t)n * 16), CDOUBLE, 3, { to[0], to[1], to[2] }, { 1, to[0], to[0] * to[1] } };
                ok(d->run(d, DEV_fft, &out, &in, (double[]){ dim, inverse, 0 }, 0));
                double complex *y = malloc((size_t)n * 16);
                back(y, out.p, (size_t)n * 16);
                for (int64_t at = 0; at < n; at++) {
                    int64_t i[3] = { at % to[0], at / to[0] % to[1], at / (to[0] * to[1]) }, k = i[dim];
                    double complex s = 0;
                    for (int64_t t = 0; t < to[dim] && t < from[dim]; t++) {
                        i[dim] = t;
                        s += x[i[0] + i[1] * A + i[2] * A * B] * cexp((inverse ? 2 : -2) * I * M_PI * (double)(t * k) / (double)to[dim]);
                    }
                    s /= inverse ? (double)to[dim] : 1;
                    ck_assert_msg(cabs(s - y[at]) < 1e-12, "along %d, element %ld", dim, (long)at);
                }
                d->put(d, in.p, A * B * C * 16);
                d->put(d, out.p, (size_t)n * 16);
            }
    float x[6] = { 1, 2, 3, 4, 5, 7 }, y[6];
    struct dev_arg a = matrix(x, SINGLE, 6, 1), f = matrix(NULL, CSINGLE, 6, 1), r = matrix(NULL, SINGLE, 6, 1);
    ok(d->run(d, DEV_fft, &f, &a, (double[]){ 0, 0, 0 }, 0));
    ok(d->run(d, DEV_fft, &r, &f, (double[]){ 0, 1, 1 }, 0));
    back(y, r.p, sizeof y);
    for (int i = 0; i < 6; i++)
        ck_assert(fabsf(x[i] - y[i]) < 1e-5f);
    d->close(d);
}
END_TEST

/* ---- graphs.  A step of "training": w = w - rate x' (x w - t), of which x may lie elsewhere each time. */
static void step(struct dev_arg w, struct dev_arg x, struct dev_arg t, struct dev_arg e, struct dev_arg g, double rate)
{
    struct dev_arg xt = arg(x.p, DOUBLE, x.dim[1], x.dim[0], x.dim[0], 1);
    ok(d->run(d, DEV_gemm, &e, (struct dev_arg[]){ x, w, { 0 } }, (double[]){ 1, 0, 0 }, 0));
    scaled_sum(&e, t, e, -1);
    ok(d->run(d, DEV_gemm, &g, (struct dev_arg[]){ xt, e, { 0 } }, (double[]){ 1, 0, 0 }, 0));
    scaled_sum(&w, g, w, -rate);
}
enum { ROWS = 40, COLS = 20 };
static double graph_run(int steps, bool moving, double rate, double decay, bool reads)
{
    double *x0 = numbers(ROWS * COLS, 1), *t0 = numbers(ROWS, 2), *w = calloc(COLS, 8), *v = calloc(COLS, 8), e0[ROWS];
    struct dev_arg W = matrix(w, DOUBLE, COLS, 1), T = matrix(t0, DOUBLE, ROWS, 1), E[3], G = matrix(NULL, DOUBLE, COLS, 1), X[3];
    for (int i = 0; i < 3; i++) {
        E[i] = matrix(NULL, DOUBLE, ROWS, 1);
        X[i] = matrix(x0, DOUBLE, ROWS, COLS);
        x0[i] += moving;
    }
    x0[0] -= moving, x0[1] -= moving, x0[2] -= moving;
    double worst = 0, r = rate;
    for (int s = 0; s < steps; s++, r *= decay) {
        step(W, X[moving ? s % 3 : 0], T, E[moving ? s / 2 % 3 : 0], G, r);
        if (reads)
            back(e0, E[0].p, sizeof e0);
        ok(d->step(d));
    }
    back(w, W.p, COLS * 8);
    r = rate;
    for (int s = 0; s < steps; s++, r *= decay) {
        double e[ROWS], old[3] = { x0[0], x0[1], x0[2] };
        for (int i = 0; moving && i < s % 3; i++)
            x0[i] += 1;
        for (int i = 0; i < ROWS; i++) {
            e[i] = -t0[i];
            for (int j = 0; j < COLS; j++)
                e[i] += x0[i + j * ROWS] * v[j];
        }
        for (int j = 0; j < COLS; j++) {
            double g = 0;
            for (int i = 0; i < ROWS; i++)
                g += x0[i + j * ROWS] * e[i];
            v[j] -= r * g;
        }
        memcpy(x0, old, sizeof old);
    }
    for (int j = 0; j < COLS; j++)
        worst = fmax(worst, fabs(w[j] - v[j]));
    for (int i = 0; i < 3; i++) {
        d->put(d, X[i].p, ROWS * COLS * 8);
        d->put(d, E[i].p, ROWS * 8);
    }
    d->put(d, W.p, COLS * 8); d->put(d, T.p, ROWS * 8); d->put(d, G.p, COLS * 8);
    free(x0); free(t0); free(w); free(v);
    return worst;
}
START_TEST(steps_become_graphs)
{
    begin(moods[_i]);
    ck_assert(graph_run(20, false, 0.01, 1, false) < 1e-12);
    ck_assert_msg(option("graphs") == 1 && option("graph_runs") == 18, "%g graphs, run %g times", option("graphs"), option("graph_runs"));
    ck_assert(option("held") == 18 * 4 && option("released") == 0);
    d->close(d);
}
END_TEST
START_TEST(graphs_follow_what_changes)
{
    begin("late");
    ck_assert(graph_run(20, false, 0.01, 0.9, false) < 1e-12);           /* the rate, in every step */
    ck_assert_msg(option("graphs") == 1 && option("graph_runs") == 18, "%g graphs, run %g times", option("graphs"), option("graph_runs"));
    ck_assert(graph_run(30, true, 0.01, 1, false) < 1e-12);              /* where data and a product lie: copied to a fixed place, and from one */
    ck_assert_msg(option("graph_runs") > 40, "%g graphs, run %g times", option("graphs"), option("graph_runs"));
    d->close(d);
}
END_TEST
START_TEST(reading_ends_a_batch)
{
    begin("late");
    ck_assert(graph_run(20, false, 0.01, 1, true) < 1e-12);
    ck_assert_msg(option("graph_runs") >= 17, "%g graphs, run %g times", option("graphs"), option("graph_runs"));
    d->close(d);
}
END_TEST
START_TEST(no_graphs_where_none_are_wanted)
{
    begin(_i ? "late nograph" : "late");
    double no = 0;
    if (!_i)
        ok(d->option(d, "graph", &no, true));
    ck_assert(graph_run(20, false, 0.01, 1, false) < 1e-12);
    ck_assert(option("graph_runs") == 0);
    d->close(d);
}
END_TEST
START_TEST(what_differs_is_released)
{
    begin("late");
    double x[64] = { 0 }, one[64], y[64];
    for (int i = 0; i < 64; i++)
        one[i] = 1;
    struct dev_arg a = matrix(x, DOUBLE, 64, 1), b = matrix(one, DOUBLE, 64, 1), half = arg(a.p, DOUBLE, 32, 1, 1, 32), other = arg(b.p, DOUBLE, 32, 1, 1, 32);
    double sum = 0;
    for (int s = 0; s < 12; s++) {
        for (int k = 0; k < 5; k++)
            scaled_sum(&a, b, a, k);
        sum += 10;
        if (s % 4 == 3) {                     /* now and then a step goes on, or ends, otherwise */
            scaled_sum(&half, other, half, 100);
            sum += 100;
        }
        ok(d->step(d));
        if (s % 5 == 4) {
            scaled_sum(&a, b, a, 1);
            sum += 1;
        }
    }
    back(y, a.p, sizeof y);
    ck_assert_msg(y[0] == sum && y[63] == sum - 300, "%g and %g, should be %g", y[0], y[63], sum);
    ck_assert(option("graph_runs") > 0 && option("released") > 0);
    d->close(d);
}
END_TEST
START_TEST(a_context_lost_with_graphs)
{
    begin("late");
    ck_assert(graph_run(10, false, 0.01, 1, false) < 1e-12);
    double x[64] = { 0 };
    struct dev_arg a = matrix(x, DOUBLE, 64, 1);
    setenv("TL_FAKE", "late lost=1", 1);
    struct dev_prog p = { .n = 2, .nin = 1, .dtype = DOUBLE, .in_dtype = { DOUBLE } };
    p.ins[0] = ins(DI_IN, DEV_D, DOUBLE, 0, 0, -1);
    p.ins[1] = ins(DI_OP, DEV_D, DOUBLE, OPS_uminus, 0, -1);
    double none = 0;
    ck_assert_int_eq(d->program(d, &p, &a, &a, &none, 0), DEV_LOST);
    ck_assert(graph_run(10, false, 0.01, 1, false) < 1e-12);
    d->close(d);
}
END_TEST

int main(void)
{
    if (access(TL_BUILDDIR "/tl_cuda.so", R_OK)) {
        puts("skip: this build has no tl_cuda.so");
        return 77;
    }
    TCase *t = tcase_create("all");
    tcase_add_test(t, driver_too_old);
    tcase_add_test(t, no_device);
    tcase_add_test(t, not_allowed);
    tcase_add_test(t, no_driver);
    tcase_add_test(t, several_devices);
    tcase_add_loop_test(t, copies_of_all_sizes, 0, 3);
    tcase_add_test(t, many_small_copies);
    tcase_add_test(t, uploads_keep_the_order);
    tcase_add_loop_test(t, addresses_repeat, 0, 3);
    tcase_add_test(t, memory_is_full);
    tcase_add_loop_test(t, a_program_and_its_numbers, 0, 3);
    tcase_add_test(t, trouble_is_written_down);
    tcase_add_test(t, thousands_of_launches);
    tcase_add_test(t, ctrl_c_ends_a_wait);
    tcase_add_test(t, ctrl_c_ends_the_wait_for_a_kernel);
    tcase_add_test(t, rows_run_until_the_kernel_is_there);
    tcase_add_loop_test(t, a_lost_context, 0, 3);
    tcase_add_test(t, products);
    tcase_add_loop_test(t, lapack_family, 0, 4);
    tcase_add_test(t, fourier);
    tcase_add_loop_test(t, steps_become_graphs, 0, 3);
    tcase_add_test(t, graphs_follow_what_changes);
    tcase_add_test(t, reading_ends_a_batch);
    tcase_add_loop_test(t, no_graphs_where_none_are_wanted, 0, 2);
    tcase_add_test(t, what_differs_is_released);
    tcase_add_test(t, a_context_lost_with_graphs);
    return unit_run("cuda_device", t, 100, CK_FORK);
}
