/* SPDX-License-Identifier: BSD-3-Clause */
/* Products of nn/product.c: against a naive loop for every order of the factors, packed, with a bias, added, of all
 * small sizes and beyond the terms that go at a time; the same bits on one and two threads, alone and packed. */
#include "lab/ew.h"
#include "lab/plan.h"
#include "nn/kernels.h"
#include "nn/product.h"
#include <check.h>
#include <math.h>

static uint64_t seed = 11;
static double number(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 40) / (1 << 23) - 1;
}
static void put(int dtype, void *to, i64 i, double x)
{
    if (dtype == D_SINGLE)
        ((float *)to)[i] = (float)x;
    else
        ((double *)to)[i] = x;
}
static double get(int dtype, const void *from, i64 i) { return dtype == D_SINGLE ? ((const float *)from)[i] : ((const double *)from)[i]; }

static void *numbers(int dtype, i64 n)
{
    char *p = scratch((size_t)n * dtypes[dtype].size);
    for (i64 i = 0; i < n; i++)
        put(dtype, p, i, number());
    return p;
}

static void check_size(int dtype, i64 m, i64 n, i64 k, int form)
{
    int mark = pool_mark();
    bool at = form & 1, bt = form & 2, add = form & 4, start = !add && form & 8;
    i64 gap = form & 16 ? 3 : 0, lda = (at ? m : k) + gap, ldb = (bt ? k : n) + gap, ldc = n + gap, size = (i64)dtypes[dtype].size;
    char *a = numbers(dtype, lda * (at ? k : m) + 1), *b = numbers(dtype, ldb * (bt ? n : k) + 1), *row = numbers(dtype, n), *before = numbers(dtype, ldc * m);
    char *c = scratch((size_t)(ldc * m * size)), *again = scratch((size_t)(ldc * m * size));
    memcpy(c, before, (size_t)(ldc * m * size));
    struct product p = { .dtype = dtype, .m = m, .n = n, .k = k, .scale = form & 32 ? 1 : -0.75, .c = c, .ldc = ldc, .add = add, .start = start ? row : NULL,
        .a = at ? (struct mat){ a, 1, lda, false } : (struct mat){ a, lda, 1, false }, .b = bt ? (struct mat){ b, 1, ldb, false } : (struct mat){ b, ldb, 1, false } };
    ew_threads = 1;
    product(&p);
    for (i64 i = 0; i < m; i++)
        for (i64 j = 0; j < ldc; j++) {
            double want = get(dtype, before, i * ldc + j), got = get(dtype, c, i * ldc + j), bound = 0;
            if (j < n) {
                double sum = 0;
                for (i64 t = 0; t < k; t++) {
                    double x = get(dtype, a, i * p.a.rs + t * p.a.cs) * get(dtype, b, t * p.b.rs + j * p.b.cs);
                    sum += x;
                    bound += fabs(x);
                }
                want = p.scale * sum + (add ? want : start ? get(dtype, row, j) : 0);
                bound = (bound + fabs(want) + 1) * (dtype == D_SINGLE ? 1e-6 : 2e-15);
            }
            if (!(fabs(got - want) <= bound))
                ck_abort_msg("%lld x %lld x %lld, form %d: element %lld, %lld is %.9g, not %.9g", (long long)m, (long long)n, (long long)k, form, (long long)i,
                             (long long)j, got, want);
        }
    for (int how = 0; how < 3; how++) {       /* two threads; this one alone; packed */
        memcpy(again, before, (size_t)(ldc * m * size));
        struct product q = p;
        q.c = again;
        ew_threads = 2;
        if (how == 2 && product_packed_bytes(&q)) {
            char *to = scratch(product_packed_bytes(&q));
            product_pack(&q, to);
            q.packed = to;
        }
        if (how == 1)
            product_alone(&q, scratch(product_room(&q)));
        else
            product(&q);
        if (nn_kernels->product[dtype == D_SINGLE].lanes && memcmp(c, again, (size_t)(ldc * m * size)))
            ck_abort_msg("%lld x %lld x %lld, form %d: other bits the %d. way", (long long)m, (long long)n, (long long)k, form, how);
    }
    pool_release(mark);
}

START_TEST(products_are_those_of_a_naive_loop)
{
    struct context *c = context_new();
    context_enter(c);
    static const i64 sizes[] = { 1, 2, 7, 8, 17, 48, 50, 99 };
    for (int dtype = 0; dtype < 2; dtype++)
        for (int i = 0; i < COUNT(sizes); i++)
            for (int j = 0; j < COUNT(sizes); j++)
                for (int k = 0; k < COUNT(sizes); k++)
                    check_size(dtype ? D_SINGLE : D_DOUBLE, sizes[i], sizes[j], sizes[k], (i * 5 + j * 3 + k * 7) % 64);
    for (int form = 0; form < 64; form++) {
        check_size(D_SINGLE, 70, 100, 1100, form);
        check_size(D_DOUBLE, 300, 60, 513, form);
        check_size(form & 1 ? D_SINGLE : D_DOUBLE, 5, 20, 0, form);
        check_size(D_SINGLE, 300, 300, 20, form);
    }
    context_free(c);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("product");
    TCase *t = tcase_create("product");
    tcase_set_timeout(t, 100);
    tcase_add_test(t, products_are_those_of_a_naive_loop);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
