/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine from C: two interpreters side by side, values in and out, C functions, failures that leave nothing behind. */
#include "interp/tl.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double number(tl *t, const char *name)
{
    tl_value *v = tl_get(t, name);
    double x = v ? tl_to_number(v) : NAN;
    tl_release(v);
    return x;
}

START_TEST(statements_and_variables)
{
    tl *t = tl_new();
    ck_assert_int_eq(tl_eval(t, "function r = sq(x), r = x^2; end\nA = [1 2; 3 4]; s = sq(sum(A(:)));"), 0);
    ck_assert_double_eq(number(t, "s"), 100);
    tl_value *a = tl_get(t, "A");
    double m[4];
    ck_assert_uint_eq(tl_rows(a), 2);
    ck_assert_uint_eq(tl_columns(a), 2);
    ck_assert_int_eq(tl_to_matrix(a, m), 0);
    ck_assert_double_eq(m[1], 3);
    ck_assert_int_eq(tl_set(t, "B", a), 0);
    ck_assert_int_eq(tl_eval(t, "B(1) = 9;"), 0);
    ck_assert_int_eq(tl_to_matrix(a, m), 0);
    ck_assert_double_eq(m[0], 1);
    ck_assert_ptr_null(tl_get(t, "nothing"));
    tl_release(a);
    tl_free(t);
}
END_TEST

START_TEST(two_interpreters_share_nothing)
{
    tl *a = tl_new(), *b = tl_new();
    ck_assert_int_eq(tl_eval(a, "function r = f(), r = 1; end\nx = 1; warning('off', 'my:id');"), 0);
    ck_assert_int_eq(tl_eval(b, "function r = f(), r = 2; end\nx = 2;"), 0);
    ck_assert_int_eq(tl_eval(a, "y = f();"), 0);
    ck_assert_int_eq(tl_eval(b, "y = f();"), 0);
    ck_assert_double_eq(number(a, "y"), 1);
    ck_assert_double_eq(number(b, "y"), 2);
    tl_free(a);
    ck_assert_int_eq(tl_eval(b, "x += 1;"), 0);
    ck_assert_double_eq(number(b, "x"), 3);
    tl_free(b);
}
END_TEST

START_TEST(failures_are_told)
{
    tl *t = tl_new();
    ck_assert_int_ne(tl_eval(t, "x = 1; error('my:id', 'bad %d', 3); x = 2;"), 0);
    ck_assert_str_eq(tl_error(t), "bad 3");
    ck_assert_str_eq(tl_error_id(t), "my:id");
    ck_assert_double_eq(number(t, "x"), 1);
    ck_assert_int_ne(tl_eval(t, "x = ("), 0);
    ck_assert_int_eq(tl_eval(t, "x = 5;"), 0);
    ck_assert_double_eq(number(t, "x"), 5);
    tl_free(t);
}
END_TEST

static int twice(tl *t, void *user, int nargin, tl_value *const *arg, int nargout, tl_value **out)
{
    (void)nargout;
    if (nargin < 1 || strcmp(tl_class(arg[0]), "double"))
        return tl_fail(t, "c:class", "a number is wanted");
    ++*(int *)user;
    out[0] = tl_number(t, 2 * tl_to_number(arg[0]));
    return 0;
}

START_TEST(functions_both_ways)
{
    tl *t = tl_new();
    int count = 0;
    ck_assert_int_eq(tl_register(t, "twice", 1, 1, twice, &count, "y = twice(x)\n\nTwo times x."), 0);
    ck_assert_int_eq(tl_eval(t, "y = twice(4) + 1; z = cellfun(@twice, {1, 2, 3});"), 0);
    ck_assert_double_eq(number(t, "y"), 9);
    ck_assert_int_eq(count, 4);
    ck_assert_int_eq(tl_eval(t, "try, twice('a'); catch e, k = strcmp(e.identifier, 'c:class'); end"), 0);
    ck_assert_double_eq(number(t, "k"), 1);
    tl_value *x = tl_matrix(t, 1, 3, (double[]){ 3, 1, 2 }), *out[2];
    ck_assert_int_eq(tl_call(t, "max", 1, &x, 2, out), 0);
    ck_assert_double_eq(tl_to_number(out[0]), 3);
    ck_assert_double_eq(tl_to_number(out[1]), 1);
    tl_release(out[0]);
    tl_release(out[1]);
    ck_assert_int_ne(tl_call(t, "no_such_function", 1, &x, 1, out), 0);
    tl_release(x);
    tl_value *s = tl_text(t, "hello", 5);
    char buf[4];
    ck_assert_uint_eq(tl_to_text(s, buf, sizeof buf), 5);
    ck_assert_str_eq(buf, "hel");
    tl_release(s);
    tl_free(t);
}
END_TEST

static void collect(void *to, const char *s, size_t n) { strncat(to, s, n); }
START_TEST(output_goes_where_it_is_told)
{
    tl *t = tl_new();
    char text[100] = "";
    tl_output(t, collect, text);
    ck_assert_int_eq(tl_eval(t, "x = 3\ndisp('a')"), 0);
    ck_assert_str_eq(text, "x = 3\na\n");
    tl_output(t, NULL, NULL);
    tl_free(t);
}
END_TEST

int main(void)
{
    TCase *c = tcase_create("api");
    tcase_add_test(c, statements_and_variables);
    tcase_add_test(c, two_interpreters_share_nothing);
    tcase_add_test(c, failures_are_told);
    tcase_add_test(c, functions_both_ways);
    tcase_add_test(c, output_goes_where_it_is_told);
    return unit_run("vm_api", c, 60, CK_FORK_GETENV);
}
