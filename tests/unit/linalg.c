/* SPDX-License-Identifier: BSD-3-Clause */
/* linalg.c: products with every transpose against a loop, small and large solves against their residual, sorting against a
 * comparison, and a job that Ctrl-C leaves behind. */
#define clone libc_clone                      /* sched.h has a clone() under GNU names, value.h another */
#include <pthread.h>
#undef clone
#include "lab/job.h"
#include "lab/linalg.h"
#include "lab/rand.h"
#include "lab/sort.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <time.h>

static struct context *here;
static void begin(void)
{
    here = context_new();
    context_enter(here);
    rand_seed(7, false);
}
static void finish(void)
{
    context_free(here);
}

static struct tensor *noise(i64 m, i64 n)
{
    struct tensor *t = tensor_2d(D_DOUBLE, m, n);
    rand_normal((double *)t->data, t->numel);
    return t;
}

static double at(const struct tensor *t, i64 i, i64 j)
{
    return ((double *)t->data)[i * t->stride[0] + j * t->stride[1]];
}

static void products(void *unused)
{
    (void)unused;
    for (int round = 0; round < 2000; round++) {
        int mark = pool_mark(), ta = (int)rand_below(3), tb = (int)rand_below(3);
        i64 most = round % 40 ? 11 : 90, m = rand_below(most), k = rand_below(most), n = rand_below(most);
        struct tensor *a = ta ? noise(k, m) : noise(m, k), *b = tb ? noise(n, k) : noise(k, n);
        struct tensor *x = ta ? tensor_transpose(a) : a, *y = tb ? tensor_transpose(b) : b;
        struct tensor *c = round & 1 ? linalg_product(a, ta, b, tb) : linalg_product(x, AS_IS, y, AS_IS);
        for (i64 i = 0; i < m; i++)
            for (i64 j = 0; j < n; j++) {
                double s = 0;
                for (i64 p = 0; p < k; p++)
                    s += at(x, i, p) * at(y, p, j);
                ck_assert_double_le(fabs(s - at(c, i, j)), 1e-12);
            }
        pool_release(mark);
    }
}

static void gram(void *unused)                /* A' * A is symmetric to the bit */
{
    (void)unused;
    struct tensor *a = noise(70, 50), *c = linalg_product(a, CTRANSPOSED, a, AS_IS);
    for (i64 i = 0; i < 50; i++)
        for (i64 j = 0; j < 50; j++)
            ck_assert(at(c, i, j) == at(c, j, i));
}

static void solves(void *unused)
{
    (void)unused;
    for (int round = 0; round < 1500; round++) {
        int mark = pool_mark(), ta = (int)rand_below(2), shape = (int)rand_below(4);
        i64 n = 1 + rand_below(round % 30 ? 20 : 60), k = 1 + rand_below(6);
        struct tensor *a = noise(n, n), *b = noise(n, k);
        for (i64 i = 0; i < n; i++)
            ((double *)a->data)[i * (n + 1)] += shape == 3 ? 0 : (double)n;
        for (i64 i = 0; i < n && shape; i++)
            for (i64 j = 0; j < i; j++) {     /* 1 upper, 2 symmetric */
                if (shape == 1)
                    ((double *)a->data)[i + j * n] = 0;
                if (shape == 2)
                    ((double *)a->data)[i + j * n] = ((double *)a->data)[j + i * n];
            }
        struct tensor *x = linalg_solve(a, ta, b), *r = linalg_product(a, ta, x, AS_IS);
        double big = 1;
        for (i64 i = 0; i < x->numel; i++)
            big = fmax(big, fabs(((double *)x->data)[i]));
        for (i64 i = 0; i < r->numel; i++)
            ck_assert_double_le(fabs(((double *)r->data)[i] - ((double *)b->data)[i]), 1e-11 * big);
        pool_release(mark);
    }
}

static void sorts(void *unused)
{
    (void)unused;
    for (int round = 0; round < 300; round++) {
        int mark = pool_mark();
        i64 n = rand_below(round % 20 ? 1000 : 300000);
        bool descend = round & 1;
        double *x = scratch((size_t)n * 8 + 8), *y = scratch((size_t)n * 8 + 8);
        rand_normal(x, n);
        for (i64 i = 0; i < n && round % 3 == 0; i++)
            x[i] = floor(3 * x[i]);           /* many equal ones, -0 among them */
        for (i64 i = 0; i < n && round % 7 == 0; i += 5)
            x[i] = NAN;
        memcpy(y, x, (size_t)n * 8);
        i64 *o = sort_order(D_DOUBLE, x, n, descend);
        for (i64 i = 1; i < n; i++) {
            double p = x[o[i - 1]], q = x[o[i]];
            bool same = p == q || (p != p && q != q), less = p < q || (p == p && q != q);
            ck_assert(same ? o[i - 1] < o[i] : less != descend);
        }
        sort_values(D_DOUBLE, y, n, descend);
        for (i64 i = 0; i < n; i++)
            ck_assert(y[i] == x[o[i]] ? signbit(y[i]) == signbit(x[o[i]]) : y[i] != y[i] && x[o[i]] != x[o[i]]);
        pool_release(mark);
    }
}

/* A job of its own that takes a second and writes into a tensor. */
struct slow { double *to; };
static void slow(void *arg)
{
    struct slow *s = arg;
    nanosleep(&(struct timespec){ 0, 300 * 1000 * 1000 }, NULL);
    s->to[0] = 42;
}

static void *press(void *unused)
{
    (void)unused;
    nanosleep(&(struct timespec){ 0, 60 * 1000 * 1000 }, NULL);
    interrupt_flag = 1;
    return NULL;
}

static struct tensor *kept;
static void left_behind(void *unused)
{
    (void)unused;
    struct tensor *t = noise(100, 1);
    struct slow s = { (double *)t->data };
    job_run(slow, &s, sizeof s, 1, &t, 1);
}

static void waited_for(void *unused)
{
    (void)unused;
    kept = noise(100, 1);
    struct slow s = { (double *)kept->data };
    job_run(slow, &s, sizeof s, 1, &kept, 1);
    ck_assert(((double *)kept->data)[0] == 42);
    ck_assert_int_eq((int)kept->h.owners, 1);
}

#define RUN(name) START_TEST(test_##name) { ck_assert_msg(!protect(name, NULL), "%s", failure()->message); } END_TEST
RUN(products)
RUN(gram)
RUN(solves)
RUN(sorts)
RUN(waited_for)

START_TEST(test_left_behind)
{
    pthread_t t;
    pthread_create(&t, NULL, press, NULL);
    ck_assert_int_eq(protect(left_behind, NULL), 1);
    ck_assert_int_eq((int)failure()->kind, FAIL_INTERRUPT);
    pthread_join(t, NULL);
    ck_assert_int_eq(job_left(), 1);
    for (int i = 0; i < 100 && job_left(); i++)
        nanosleep(&(struct timespec){ 0, 20 * 1000 * 1000 }, NULL);
    ck_assert_int_eq(job_left(), 0);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("linalg");
    tcase_add_checked_fixture(t, begin, finish);
    tcase_add_test(t, test_products);
    tcase_add_test(t, test_gram);
    tcase_add_test(t, test_solves);
    tcase_add_test(t, test_sorts);
    tcase_add_test(t, test_waited_for);
    tcase_add_test(t, test_left_behind);
    return unit_run("linalg", t, 120, CK_FORK_GETENV);
}
