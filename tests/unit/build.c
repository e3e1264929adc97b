/* SPDX-License-Identifier: BSD-3-Clause */
/* What the build promises to all other files: LAPACK and CBLAS are there, SLEEF has the family that the kernels use, and
 * nothing was compiled with flags that change what NaN or a denormal means. */
#include "config.h"
#include <cblas.h>
#include "unit.h"
#include <float.h>
#include <math.h>
#include <sleef.h>

extern void dgesv_(const int *n, const int *m, double *a, const int *lda, int *pivot, double *b, const int *ldb, int *info);

START_TEST(lapack_solves)
{
    int n = 2, one = 1, pivot[2], info;
    double a[] = {2, 0, 0, 4}, b[] = {2, 8};
    dgesv_(&n, &one, a, &n, pivot, b, &n, &info);
    ck_assert_int_eq(info, 0);
    ck_assert_double_eq(b[0], 1);
    ck_assert_double_eq(cblas_ddot(2, b, 1, b, 1), 5);
}
END_TEST

START_TEST(arithmetic_is_not_loosened)
{
    volatile double nan = NAN, tiny = DBL_MIN, big = 1e16;
    ck_assert(nan != nan);
    ck_assert(tiny / 2 > 0);
    ck_assert_double_eq((big + 1) - big, 0);
    ck_assert_double_eq(Sleef_exp_u10(0), 1);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("build");
    tcase_add_test(t, lapack_solves);
    tcase_add_test(t, arithmetic_is_not_loosened);
    return unit_run("build", t, 60, CK_FORK_GETENV);
}
