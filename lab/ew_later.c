/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_later.c: weak definitions of what linear algebra asks of elementwise programs, so that lab/ links before they are there.
 * The real ones win; this file goes with their arrival. */
#include "plan.h"

__attribute__((weak)) int ew_threads = 2;
__attribute__((weak)) value ew_apply(int op, int nargin, const value *arg)
{
    (void)op, (void)nargin, (void)arg;
    fail("tl:not-there", "elementwise operators are not linked in");
}
__attribute__((weak)) int ew_find(sym name, int nargin)
{
    (void)name, (void)nargin;
    return -1;
}
__attribute__((weak)) value matrix_apply(int op, value a, value b)
{
    (void)op, (void)a, (void)b;
    fail("tl:not-there", "matrix operators are not linked in");
}
