/* SPDX-License-Identifier: BSD-3-Clause */
/* threads.c: how many threads our loops and the BLAS library use.  Our own loops give the same bits for any number; the
 * library does not, but with one thread, which is what `deterministic on` gives it. */
#include "blas.h"
#include "call.h"
#include "plan.h"
#include <unistd.h>

static int cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 1024 ? 1024 : (int)n;
}

static void set_threads(int n)
{
    ew_threads = n;
    blas_threads_apply();
}

BUILTIN(maxNumCompThreads, 0, 1, 1, NO_GRAD,
    "n = maxNumCompThreads()\n"
    "old = maxNumCompThreads(n)\n"
    "old = maxNumCompThreads('automatic')\n\n"
    "The number of threads that computations use at most; with an argument it is set, 'automatic' to the number of cores.\n\n"
    "Example:\n"
    "  maxNumCompThreads() >= 1\n"
    "  ans = 1\n\n"
    "See also: openmp.setNumThreads, deterministic")
{
    int old = ew_threads;
    if (has_arg(c, 0)) {
        if (arg_is_text(c, 0)) {
            arg_option(c, 0, (const char *const[]){ "automatic", NULL });
            set_threads(cores());
        } else {
            set_threads((int)arg_int(c, 0, 1, 1024));
        }
        if (c->nargout == 0)
            return;
    }
    result_num(c, 0, old);
}

BUILTIN(openmp_setNumThreads, 1, 1, 0, NO_GRAD,
    "openmp.setNumThreads(n)\n\n"
    "Sets the number of threads that computations use at most.\n\n"
    "Example:\n"
    "  openmp.setNumThreads(openmp.getNumThreads())\n\n"
    "See also: openmp.getNumThreads, maxNumCompThreads")
{
    set_threads((int)arg_int(c, 0, 1, 1024));
}

BUILTIN(openmp_getNumThreads, 0, 0, 1, NO_GRAD,
    "n = openmp.getNumThreads()\n\n"
    "The number of threads that computations use at most.\n\n"
    "Example:\n"
    "  openmp.getNumThreads() >= 1\n"
    "  ans = 1\n\n"
    "See also: openmp.setNumThreads")
{
    result_num(c, 0, ew_threads);
}

BUILTIN(openmp_enable, 0, 0, 0, NO_GRAD,
    "openmp.enable()\n\n"
    "Lets computations use as many threads as there are cores.\n\n"
    "Example:\n"
    "  openmp.enable()\n\n"
    "See also: openmp.disable, openmp.setNumThreads")
{
    (void)c;
    set_threads(cores());
}

BUILTIN(openmp_disable, 0, 0, 0, NO_GRAD,
    "openmp.disable()\n\n"
    "Lets computations use one thread only.\n\n"
    "Example:\n"
    "  openmp.disable(), openmp.enable()\n\n"
    "See also: openmp.enable")
{
    (void)c;
    set_threads(1);
}

BUILTIN(deterministic, 0, 1, 1, NO_GRAD,
    "deterministic on\n"
    "deterministic off\n"
    "tf = deterministic()\n\n"
    "With on, matrix products and factorizations run on one thread, so that the same program gives the same bits "
    "whatever the number of threads; all else does so anyway.\n\n"
    "Example:\n"
    "  deterministic()\n"
    "  ans = 0\n\n"
    "See also: maxNumCompThreads, rng")
{
    if (!has_arg(c, 0)) {
        result_bool(c, 0, blas_deterministic(-1));
        return;
    }
    bool old = blas_deterministic(arg_is_text(c, 0) ? arg_option(c, 0, (const char *const[]){ "off", "on", NULL })
                                                    : arg_bool(c, 0));
    if (c->nargout > 0)
        result_bool(c, 0, old);
}
