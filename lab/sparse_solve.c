/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse_solve.c: S \ b. */
#include "sparse.h"

value sparse_solve(value a, value b)
{
    char s[160], t[160];
    fail("Octave:undefined-function", "\1 \\ \2: a %s and a %s are not solved without a sparse solver\nhint: full(S) is the full matrix",
         value_describe(a, s), value_describe(b, t));
}
