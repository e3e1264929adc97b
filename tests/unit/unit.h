/* SPDX-License-Identifier: BSD-3-Clause */
/* unit.h: what the tests in C share: the end of main, and a context for a test that must give everything back. */
#ifndef TL_UNIT_H
#define TL_UNIT_H
#include <check.h>
#undef fail

/* Runs the tests of one case, each stopped after `seconds` (0: never); the status of main. */
static inline int unit_run(const char *name, TCase *t, double seconds, enum fork_status fork)
{
    Suite *s = suite_create(name);
    tcase_set_timeout(t, seconds);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_set_fork_status(r, fork);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}

#ifdef TL_CONTEXT_H                           /* lab/context.h stands before this header */
static struct context *unit_context;
static i64 unit_live;
static int unit_mark;
__attribute__((unused)) static void unit_begin(void)
{
    unit_context = context_new();
    context_enter(unit_context);
    unit_live = unit_context->live;
    unit_mark = pool_mark();
}
__attribute__((unused)) static void unit_end(void)
{
    pool_release(unit_mark);
    ck_assert_int_eq(unit_context->live, unit_live);
    context_free(unit_context);
}
#endif
#endif
