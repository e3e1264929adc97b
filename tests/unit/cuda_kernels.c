/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernels beside programs, run on the CPU in both orders of lanes: indexing and products against the CPU's own table,
 * sorts, scans and extremes against plain loops, random numbers against lab's Philox and the known answer; and whether the
 * way of running them finds what it is there to find: a missing barrier, an overrun, a barrier that some never reach. */
#include "lab/ew.h"
#include "lab/gpu.h"
#include "lab/rand.h"
#include "cuda/shim.h"
#include "cuda_args.h"
#include "unit.h"
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct context *context;
static struct dev_status status;
static struct work work;
static bool collecting;
static int wrong, checked;

static struct tensor *operand(int dt, int nd, const i64 *dim)
{
    struct tensor *t = tensor_new(dt, nd, dim);
    double *x = (double *)t->data;
    for (i64 i = 0; i < t->numel * (dtype_is(dt, DT_C) ? 2 : 1); i++) {
        double v = dt == D_LOGICAL ? below(2) : floor((dice() - 0.3) * 40) + (dtype_is(dt, DT_F) ? 0.25 * below(4) : 0);
        if (dtype_real(dt) == D_DOUBLE)
            x[i] = i % 29 == 7 && !dtype_is(dt, DT_C) ? NAN : i % 13 == 5 ? -0. : v;
        else if (dtype_real(dt) == D_SINGLE)
            ((float *)t->data)[i] = i % 29 == 7 && !dtype_is(dt, DT_C) ? NAN : (float)v;
        else
            convert_run(dt, t->data + i * dtypes[dt].size, D_DOUBLE, &v, 1);
    }
    return t;
}
static struct tensor *copy_of(struct tensor *t)
{
    struct tensor *c = tensor_new(t->dtype, t->nd, t->dim);
    memcpy(c->data, t->data, (size_t)(t->numel * dtypes[t->dtype].size));
    return c;
}
static void note(bool right, const char *what, int dt)
{
    checked++;
    if (!right && !collecting && wrong++ < 20)
        printf("%s, class %s %d\n", what, dtypes[dt].class, dt);
}
static bool equal(struct tensor *a, struct tensor *b)
{
    return !memcmp(a->data, b->data, (size_t)(a->numel * dtypes[a->dtype].size));
}
static void run(enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    memset(&status, 0, sizeof status);
    int e = work_run(&work, what, out, in, num, 5);
    ck_assert_msg(!e, "call %d: error %d, %s", (int)what, e, shim_trouble() ? shim_trouble() : "");
}
static void run_cpu(enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct device *d = cpu_device();
    memset((void *)(uintptr_t)d->status, 0, sizeof *d->status);
    ck_assert(!d->run(d, what, out, in, num, 5));
}

/* ---- indexing */
static struct tensor *list(i64 n, i64 most, bool bad)
{
    struct tensor *t = tensor_2d(D_INT64, n, 1);
    for (i64 i = 0; i < n; i++)
        ((i64 *)t->data)[i] = bad && i % 17 == 3 ? most + 3 : below((int)most);
    return t;
}
static void indexing(int dt, bool bad)
{
    struct tensor *x = operand(dt, 3, (i64[]){ 12, 9, 5 }), *i1 = list(30, 12, bad), *i3 = list(7, 5, false), *got[2];
    x = tensor_alias(x, 3, (i64[]){ 12, 9, 5 }, (i64[]){ 1, 12, 108 }, 0);
    struct dev_arg in[9] = { arg_of(x), arg_of(i1), { 0 }, arg_of(i3) }, out;
    in[1].nd = in[3].nd = 1;
    for (int k = 0; k < 2; k++) {
        got[k] = tensor_new(dt, 3, (i64[]){ 30, 9, 7 });
        out = arg_of(got[k]);
        (k ? run_cpu : run)(DEV_gather, &out, in, (double[]){ 3 });
    }
    note(equal(got[0], got[1]), "gather", dt);
    if (!collecting) {
        ck_assert_int_eq(status.code, bad ? DEV_INDEX : 0);
        if (bad)
            ck_assert(status.at == 15 && status.bound == 12 && status.tag == 5 && status.op == DEV_gather);
    }
    for (int add = 0; add < (dtype_is(dt, DT_F) ? 2 : 1); add++)
        for (int one = 0; one < 2; one++) {
            struct tensor *y = one ? operand(dt, 2, (i64[]){ 1, 1 }) : operand(dt, 3, (i64[]){ 30, 9, 7 }), *from = operand(dt, 3, (i64[]){ 12, 9, 5 });
            in[0] = arg_of(y);
            for (int k = 0; k < 2; k++) {
                got[k] = copy_of(from);
                out = arg_of(got[k]);
                (k ? run_cpu : run)(DEV_scatter, &out, in, (double[]){ 3, add });
            }
            note(equal(got[0], got[1]), add ? "sums by index" : "scatter", dt);
        }
}

static void masks(int dt, i64 n)
{
    struct tensor *x = operand(dt, 2, (i64[]){ n, 1 }), *m = operand(D_LOGICAL, 2, (i64[]){ n, 1 }), *count = tensor_2d(D_INT64, 1, 1), *got[2];
    i64 some = 0;
    for (i64 i = 0; i < n; i++)
        some += ((uint8_t *)m->data)[i];
    struct dev_arg in[2] = { arg_of(m), arg_of(x) }, out = arg_of(count);
    *(i64 *)count->data = -1;
    run(DEV_count, &out, in, NULL);
    note(*(i64 *)count->data == some, "count", dt);
    for (int what = 0; what < 3; what++) {
        struct tensor *y = operand(dt, 2, (i64[]){ some, 1 });
        enum dev_call call[] = { DEV_find, DEV_select, DEV_replace };
        if (what)
            in[what == 1 ? 0 : 1] = arg_of(what == 1 ? x : y), in[what == 1 ? 1 : 0] = arg_of(m);
        for (int k = 0; k < 2; k++) {
            got[k] = what == 2 ? copy_of(x) : tensor_new(what ? dt : D_INT64, 2, (i64[]){ some, 1 });
            out = arg_of(got[k]);
            (k ? run_cpu : run)(call[what], &out, in, NULL);
        }
        note(equal(got[0], got[1]), what == 0 ? "find" : what == 1 ? "select" : "replace", dt);
    }
}

/* ---- along a dimension, against plain loops over a 3-dimensional array */
static double at_(const struct tensor *t, i64 i) { return element_double(t, i); }
static bool down_;
static const struct tensor *sorting;
static i64 base, step_;
static int by_value(const void *a, const void *b)
{
    i64 i = *(const i64 *)a, j = *(const i64 *)b;
    double x = at_(sorting, base + i * step_), y = at_(sorting, base + j * step_);
    int c = x != x || y != y ? (x != x) - (y != y) : (x > y) - (x < y);
    c = down_ ? -c : c;
    return c ? c : (i > j) - (i < j);
}
static void along(int dt, int d, const i64 *dim)
{
    struct tensor *x = operand(dt, 3, dim), *y = tensor_new(dt, 3, dim), *k = tensor_new(D_INT64, 3, dim);
    i64 inner = 1, len = dim[d], *order = scratch((size_t)len * 8), all = x->numel;
    for (int q = 0; q < d; q++)
        inner *= dim[q];
    bool right;
    struct dev_arg in = arg_of(x), out[2] = { arg_of(y), arg_of(k) };
    for (down_ = false;; down_ = true) {
        run(DEV_sort, out, &in, (double[]){ d, down_ });
        right = true;
        sorting = x;
        step_ = inner;
        for (i64 c = 0; c < all / len && !collecting; c++) {
            base = c / inner * inner * len + c % inner;
            for (i64 i = 0; i < len; i++)
                order[i] = i;
            qsort(order, (size_t)len, 8, by_value);
            for (i64 i = 0; i < len; i++)
                right &= ((i64 *)k->data)[base + i * inner] == order[i] &&
                         !memcmp(y->data + (base + i * inner) * dtypes[dt].size, x->data + (base + order[i] * inner) * dtypes[dt].size, (size_t)dtypes[dt].size);
        }
        note(right, "sort", dt);
        if (down_)
            break;
    }
    /* the three largest are the first of that order */
    i64 few = MIN(len, 3), small[3] = { dim[0], dim[1], dim[2] };
    small[d] = few;
    struct tensor *ty = tensor_new(dt, 3, small), *tk = tensor_new(D_INT64, 3, small), *m = NULL, *mk;
    struct dev_arg top[2] = { arg_of(ty), arg_of(tk) };
    run(DEV_topk, top, &in, (double[]){ d, (double)few, 1 });
    right = true;
    for (i64 c = 0; c < all / len; c++)
        for (i64 i = 0; i < few; i++)
            right &= ((i64 *)tk->data)[c / inner * inner * few + c % inner + i * inner] == ((i64 *)k->data)[c / inner * inner * len + c % inner + i * inner];
    note(right, "topk", dt);
    for (int smallest = 0; smallest < 2; smallest++) {
        small[d] = 1;
        m = tensor_new(dt, 3, small);
        mk = tensor_new(D_INT64, 3, small);
        struct dev_arg ext[2] = { arg_of(m), arg_of(mk) };
        ext[0].nd = ext[1].nd = 3;
        for (int q = 0; q < 3; q++)
            ext[0].dim[q] = ext[1].dim[q] = small[q], ext[0].stride[q] = ext[1].stride[q] = q == 0 ? 1 : q == 1 ? small[0] : small[0] * small[1];
        run(DEV_extreme, ext, &in, (double[]){ d, smallest });
        right = true;
        for (i64 c = 0; c < all / len; c++) {
            i64 from = c / inner * inner * len + c % inner, best = 0;
            for (i64 i = 1; i < len; i++) {
                double a = at_(x, from + best * inner), b = at_(x, from + i * inner);
                if ((a != a && b == b) || (smallest ? b < a : b > a))
                    best = i;
            }
            double v = at_(x, from + best * inner);
            right &= ((i64 *)mk->data)[c] == (v == v ? best : 0) && (v != v || at_(m, c) == v);
        }
        note(right, "extreme", dt);
    }
    for (int kind = 0; kind < 4; kind++) {
        struct tensor *s = tensor_new(kind > 1 ? dt : dt == D_SINGLE ? D_SINGLE : D_DOUBLE, 3, dim), *z = x;
        if (kind < 2) {                       /* no NaN; numbers whose sums are exact */
            z = copy_of(x);
            for (i64 i = 0; i < all; i++)
                if (at_(z, i) != at_(z, i) || kind)
                    convert_run(dt, z->data + i * dtypes[dt].size, D_DOUBLE, &(double){ kind ? 1 + (i % 50 == 3) : 1 }, 1);
        }
        struct dev_arg so = arg_of(s), si = arg_of(z);
        run(DEV_scan, &so, &si, (double[]){ d, kind });
        right = true;
        for (i64 c = 0; c < all / len; c++) {
            i64 from = c / inner * inner * len + c % inner;
            double a = kind == 1;
            for (i64 i = 0; i < len; i++) {
                double b = at_(z, from + i * inner), g = at_(s, from + i * inner);
                a = kind == 0 ? a + b : kind == 1 ? a * b : i == 0 || (a != a && b == b) || (kind == 2 ? b > a : b < a) ? b : a;
                if (dt == D_SINGLE)
                    a = (float)a;
                right &= a == g || (a != a && g != g);
            }
        }
        note(right, kind == 0 ? "running sum" : kind == 1 ? "running product" : "running extreme", dt);
    }
}

/* ---- random numbers */
static void randoms(void)
{
    for (i64 n = 1; n < 5000; n = n * 7 + 4) {
        double *x = scratch((size_t)(n + 8) * 8);
        struct tensor *t = tensor_2d(D_DOUBLE, n, 1), *f = tensor_2d(D_SINGLE, n, 1), *k = tensor_2d(D_INT64, n, 1);
        struct dev_arg o = arg_of(t), of = arg_of(f), ok = arg_of(k);
        rand_seed(123456789, true);
        rand_uniform(x, n);
        run(DEV_uniform, &o, NULL, (double[]){ 123456789, 0, 0, 1 });
        run(DEV_uniform, &of, NULL, (double[]){ 123456789, 0, 0, 1 });
        bool right = !memcmp(t->data, x, (size_t)n * 8), in = true;
        for (i64 i = 0; i < n; i++)
            in &= ((float *)f->data)[i] == (float)(floor(x[i] * 0x1p24) * 0x1p-24);
        note(right && in, "uniform", D_DOUBLE);
        rand_seed(99, true);
        rand_normal(x, n);
        run(DEV_normal, &o, NULL, (double[]){ 99, 0, 0, 1 });
        note(!memcmp(t->data, x, (size_t)n * 8), "normal", D_DOUBLE);
        run(DEV_integers, &ok, NULL, (double[]){ 99, 3, -2, 7 });
        rand_seed(99, true);
        rand_uniform(x, 6);
        rand_uniform(x, n);
        right = true;
        for (i64 i = 0; i < n; i++)
            right &= ((i64 *)k->data)[i] == -2 + (i64)floor(x[i] * 10);
        note(right, "integers", D_INT64);
        run(DEV_permutation, &ok, NULL, (double[]){ 5, 0, (double)n });
        char *seen = scratch((size_t)n);
        memset(seen, 0, (size_t)n);
        for (i64 i = 0; i < n && !collecting; i++)
            seen[((i64 *)k->data)[i]]++;
        right = true;
        for (i64 i = 0; i < n; i++)
            right &= seen[i] == 1;
        note(right, "permutation", D_INT64);
    }
    struct tensor *t = tensor_2d(D_DOUBLE, 2, 1);         /* Random123's known answer for counter 0 and key 0 */
    struct dev_arg o = arg_of(t);
    run(DEV_uniform, &o, NULL, (double[]){ 0, 0, 0, 1 });
    note(((double *)t->data)[0] == ((0x6627e8d5u >> 5) * 67108864.0 + (0xe169c58du >> 6)) * 0x1p-53 &&
         ((double *)t->data)[1] == ((0xbc57ac4cu >> 5) * 67108864.0 + (0x9b00dbd8u >> 6)) * 0x1p-53, "known answer", D_DOUBLE);
}

static void products(int dt)
{
    static const i64 sizes[][3] = { { 1, 1, 1 }, { 5, 3, 4 }, { 16, 16, 16 }, { 33, 20, 47 } };
    for (int i = 0; i < COUNT(sizes); i++)
        for (int act = 0; act < (dtype_is(dt, DT_C) ? 1 : 4); act++) {
            i64 m = sizes[i][0], n = sizes[i][1], k = sizes[i][2];
            struct tensor *a = operand(dt, 2, (i64[]){ k, m }), *b = operand(dt, 2, (i64[]){ k, n }), *bias = operand(dt, 2, (i64[]){ 1, n }), *c = operand(dt, 2, (i64[]){ m, n }), *got[2];
            for (i64 q = 0; q < 4; q++) {
                struct tensor *t[] = { a, b, bias, c };
                for (i64 e = 0; e < t[q]->numel; e++)
                    if (element_double(t[q], e) != element_double(t[q], e))
                        convert_run(dt, t[q]->data + e * dtypes[dt].size, D_DOUBLE, &(double){ 1 }, 1);
            }
            struct dev_arg in[3] = { arg_of(tensor_alias(a, 2, (i64[]){ m, k }, (i64[]){ k, 1 }, 0)), arg_of(b), arg_of(bias) }, out;
            for (int q = 0; q < 2; q++) {
                got[q] = copy_of(c);
                out = arg_of(got[q]);
                (q ? run_cpu : run)(DEV_gemm, &out, in, (double[]){ act ? 1.0 / 4096 : 1, i % 2 * 0.5, act });
            }
            bool right = true;
            for (i64 e = 0; e < got[0]->numel; e++)
                right &= fabs(element_double(got[0], e) - element_double(got[1], e)) <= 2e-6 * (1 + fabs(element_double(got[1], e)));
            note(right, "gemm", dt);
        }
}

/* A program with several results of other classes, one of them written over an operand: with vectors and their rest, and with strides. */
static void several(int dt)
{
    int type = dt == D_SINGLE ? DEV_F : DEV_D;
    struct dev_prog p = { .n = 6, .nin = 2, .nnum = 1, .dtype = (uint8_t)dt, .in_dtype = { (uint8_t)dt, (uint8_t)dt }, .more = 2, .also = { { 2, (uint8_t)dt }, { 4, D_LOGICAL } },
                          .ins = { { DI_IN, (uint8_t)type, (uint8_t)dt, 0, 0, -1 }, { DI_IN, (uint8_t)type, (uint8_t)dt, 0, 1, -1 }, { DI_OP, (uint8_t)type, (uint8_t)dt, EW_plus, 0, 1 },
                                   { DI_NUM, (uint8_t)type, (uint8_t)dt, 0, 0, -1 }, { DI_OP, DEV_B, D_LOGICAL, EW_gt, 2, 3 }, { DI_OP, (uint8_t)type, (uint8_t)dt, EW_times, 2, 0 } } };
    for (int way = 0; way < 3; way++) {
        struct tensor *x = operand(dt, 2, (i64[]){ 40, 33 }), *y = operand(dt, 2, (i64[]){ 40, 33 }), *got[2][3];
        for (int k = 0; k < 2; k++) {
            struct dev_arg in[2] = { arg_of(x), arg_of(y) }, out[3];
            for (int r = 0; r < 3; r++) {
                got[k][r] = r ? tensor_new(r == 2 ? D_LOGICAL : dt, 2, (i64[]){ 40, 33 }) : copy_of(x);
                out[r] = arg_of(got[k][r]);
            }
            in[0].p = out[0].p;               /* the first result takes the place of the first operand */
            for (int r = 0; r < 5; r++) {
                struct dev_arg *a = r < 3 ? &out[r] : &in[r - 3];
                if (way == 0)
                    a->nd = 1, a->dim[0] = 1319;
                if (way == 2)
                    a->dim[0] = 13, a->stride[0] = 3;
            }
            memset(&status, 0, sizeof status);
            int e = k ? cpu_device()->program(cpu_device(), &p, out, in, (double[]){ 2 }, 5) : work_program(&work, &p, out, in, (double[]){ 2 }, 5);
            ck_assert(!e);
        }
        i64 step = way == 2 ? 3 : 1;
        bool right = true;
        for (i64 i = 0; i < 1319 && !collecting; i += 1)
            for (int r = 0; r < 3; r++) {
                int size = dtypes[got[0][r]->dtype].size;
                right &= (way && (i % 40 % step || i % 40 / step >= 13) && step > 1) || !memcmp(got[0][r]->data + i * size, got[1][r]->data + i * size, (size_t)size);
            }
        note(right, "several results", dt);
    }
}

START_TEST(kernels_are_right)
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
            int mark = pool_mark();
            indexing(dt, false);
            indexing(dt, true);
            masks(dt, 5);
            masks(dt, 3000);
            if (!dtype_is(dt, DT_C) && dt != D_UINT64 && dt != D_INT64) {
                along(dt, 0, (i64[]){ 10, 3, 2 });
                along(dt, 1, (i64[]){ 3, 20, 2 });
                if (dt == D_DOUBLE || dt == D_SINGLE || dt == D_INT8) {
                    along(dt, 0, (i64[]){ 5000, 2, 1 });
                    along(dt, 1, (i64[]){ 2, 2500, 1 });
                }
            }
            if (dtype_is(dt, DT_F))
                products(dt);
            if (dt == D_DOUBLE || dt == D_SINGLE)
                several(dt);
            pool_release(mark);
            shim_forget();
        }
        randoms();
        shim_forget();
    }
    printf("%d comparisons\n", checked);
    ck_assert_int_eq(wrong, 0);
    shim_backwards = false;
    shim_close();
    context_free(context);
}
END_TEST

/* ---- planted bugs */
static char *without(char *s, const char *what, const char *instead)
{
    char *at = strstr(s, what);
    ck_assert(at != NULL);
    size_t n = strlen(what), m = strlen(instead);
    char *t = malloc(strlen(s) + m + 1);
    memcpy(t, s, (size_t)(at - s));
    strcpy(t + (at - s), instead);
    strcat(t, at + n);
    free(s);
    return t;
}
static char *no_barrier(char *s) { return without(s, "        SYNC();\n        for (int h = 128", "        for (int h = 128"); }
static char *some_barrier(char *s) { return without(s, "        SYNC();\n        for (int h = 128", "        if (t < 8) SYNC();\n        for (int h = 128"); }
static char *one_too_many(char *s) { return without(s, "last < A.n", "last <= A.n"); }

static bool extreme_is_right(bool backwards)
{
    struct tensor *x = operand(D_DOUBLE, 2, (i64[]){ 3000, 1 }), *m = tensor_2d(D_DOUBLE, 1, 1), *k = tensor_2d(D_INT64, 1, 1);
    ((double *)x->data)[907] = 1e6;      /* in the upper half of the threads */
    struct dev_arg in = arg_of(x), out[2] = { arg_of(m), arg_of(k) };
    shim_backwards = backwards;
    int e = work_run(&work, DEV_extreme, out, &in, (double[]){ 0, 0 }, 0);
    shim_backwards = false;
    return !e && *(double *)m->data == 1e6 && *(i64 *)k->data == 907;
}

static sigjmp_buf caught;
static void hit(int s) { (void)s, siglongjmp(caught, 1); }

START_TEST(planted_bugs_are_found)
{
    context_enter(context = context_new());
    shim_work(&work, &status);
    ck_assert(extreme_is_right(false) && extreme_is_right(true));
    shim_close();
    shim_edit = no_barrier;
    ck_assert(!extreme_is_right(false) || !extreme_is_right(true));
    shim_close();
    shim_edit = some_barrier;
    ck_assert(!extreme_is_right(false) && shim_trouble());
    shim_close();
    /* an element too many, at the end of a page behind which there is nothing */
    long page = sysconf(_SC_PAGESIZE);
    char *p = mmap(NULL, (size_t)(3 * page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(p + page, (size_t)page, PROT_NONE);
    i64 n = page / 8 - 1;                     /* an odd number, so that there is a tail */
    struct dev_prog prog = { .n = 1, .nin = 1, .ins = { { DI_IN, DEV_D, D_DOUBLE, 0, 0, -1 } } };
    struct dev_arg in = { p + 16, D_DOUBLE, 1, { n - 1 }, { 1 } }, out = { p + page * 2, D_DOUBLE, 1, { n - 1 }, { 1 } };
    in.p = p + page - (n - 1) * 8;
    for (int bug = 0; bug < 2; bug++) {
        struct sigaction a = { .sa_handler = hit, .sa_flags = SA_NODEFER }, was[2];
        shim_close();
        shim_edit = bug ? one_too_many : NULL;
        sigaction(SIGSEGV, &a, &was[0]);
        sigaction(SIGBUS, &a, &was[1]);
        int found = sigsetjmp(caught, 1);
        if (!found)
            (void)work_program(&work, &prog, &out, &in, NULL, 0);
        sigaction(SIGSEGV, &was[0], NULL);
        sigaction(SIGBUS, &was[1], NULL);
        ck_assert_int_eq(found, bug);
    }
    munmap(p, (size_t)(3 * page));
    shim_edit = NULL;
    shim_close();
    context_free(context);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("cuda_kernels");
    tcase_add_test(t, kernels_are_right);
    tcase_add_test(t, planted_bugs_are_found);
    return unit_run("cuda_kernels", t, 600, CK_FORK_GETENV);
}
