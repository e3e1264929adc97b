/* SPDX-License-Identifier: BSD-3-Clause */
/* Table C, the limit: one fused loop each, into memory that is there already, by the fastest vector functions at hand
 * (-O3 -ffast-math lets gcc call libmvec; SLEEF beside it where that is not faster).  On column-major data, row means and
 * deviations in blocks of 64 rows.  c_ops.inc holds the loops, once for double and once for single. */
#include "bench.h"
#include <math.h>
#include <omp.h>

static int quick, threads;

#define T double
#define TYPE "f64"
#define F(name) name##_f64
#define M(name) name
#include "c_ops.inc"
#undef T
#undef TYPE
#undef F
#undef M
#define T float
#define TYPE "f32"
#define F(name) name##_f32
#define M(name) name##f
#include "c_ops.inc"

int main(void)
{
    const char *q = getenv("QUICK"), *t = getenv("THREADS");
    quick = q && *q;
    threads = t ? atoi(t) : 1;
    for (long n = 1000; n <= 10000000; n *= 100) {
        run_f64(n);
        if (!quick || n < 10000000)
            run_f32(n);
    }
    return 0;
}
