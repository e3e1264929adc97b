/* SPDX-License-Identifier: BSD-3-Clause */
/* What the prompt leaves out of large values, numbers read to the last bit, random templates and patterns that must end
 * in a result or a message, and nothing kept at the end. */
#include "lab/context.h"
#include "lab/print.h"
#include "lab/text.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

extern const struct builtin builtin_sprintf, builtin_regexp, builtin_regexprep, builtin_sscanf, builtin_num2str, builtin_str2double, builtin_strsplit;


static char shown[1 << 16];
static size_t nshown;
static void take(void *to, const char *s, size_t n)
{
    (void)to;
    n = n < sizeof shown - 1 - nshown ? n : sizeof shown - 1 - nshown;
    memcpy(shown + nshown, s, n);
    nshown += n;
    shown[nshown] = 0;
}
static int lines(void)
{
    int n = 0;
    for (const char *p = shown; (p = strchr(p, '\n')); p++)
        n++;
    return n;
}
static void show(value v, bool prompt)
{
    nshown = 0;
    shown[0] = 0;
    struct sink old = out_redirect((struct sink){ take, NULL });
    print_elide(prompt);
    print_display(v, "x");
    print_elide(false);
    out_redirect(old);
}

START_TEST(the_prompt_shows_the_beginning)
{
    i64 d3[3] = { 30, 30, 9 };
    struct tensor *t = tensor_zeros(D_DOUBLE, 2, (i64[]){ 100, 100 });
    show(tensor_box(t), true);
    ck_assert_ptr_nonnull(strstr(shown, "100x100 in all; disp(x) shows every element\n"));
    ck_assert_int_lt(lines(), 30);
    show(tensor_box(t), false);
    ck_assert_int_gt(lines(), 400);
    show(range_new(1, 1, 5000), true);
    ck_assert_ptr_nonnull(strstr(shown, "1x5000 in all"));
    ck_assert_int_lt(lines(), 15);
    show(tensor_box(tensor_zeros(D_UINT8, 3, d3)), true);
    ck_assert_ptr_nonnull(strstr(shown, "and 6 more pages"));
    ck_assert_int_lt(lines(), 90);
    show(cell_value(cell_2d(1, 3000)), true);
    ck_assert_ptr_nonnull(strstr(shown, "2000 more"));
    show(tensor_box(tensor_zeros(D_DOUBLE, 2, (i64[]){ 25, 40 })), true);
    ck_assert_ptr_null(strstr(shown, "in all"));
}
END_TEST

START_TEST(numbers_are_read_to_the_last_bit)
{
    srandom(7);
    for (int i = 0; i < 200000; i++) {
        uint64_t u = (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
        double x, y;
        char s[400];
        memcpy(&x, &u, 8);
        if (i & 1)
            x = (double)(random() % 1000000) / 1000;
        if (!isfinite(x))
            continue;
        int n = snprintf(s, sizeof s, i % 3 ? "%.17g" : "%.25e", x);
        size_t used;
        y = text_number(s, (size_t)n, &used);
        ck_assert_uint_eq(used, (size_t)n);
        ck_assert_msg(y == x, "%s is read as %.17g", s, y);
        n = snprintf(s, sizeof s, "%.5g", x);
        ck_assert(text_number(s, (size_t)n, &used) == strtod(s, NULL));
    }
}
END_TEST

static value random_text(const char *const *piece, int n)
{
    char s[64] = "";
    for (int i = (int)(random() % 7); i > 0; i--)
        strcat(s, piece[random() % n]);
    return tensor_value(tensor_text(s, strlen(s)));
}
static void run(void *p)
{
    value *v = p, out[8] = { nil(), nil(), nil(), nil(), nil(), nil(), nil(), nil() };
    static const struct builtin *const f[] = { &builtin_sprintf, &builtin_regexp, &builtin_regexprep, &builtin_sscanf, &builtin_strsplit, &builtin_num2str, &builtin_str2double };
    static const int nargin[] = { 3, 2, 3, 2, 2, 2, 1 };
    int k = (int)v[3].num;
    value arg[3] = { v[0], v[1], v[2] };
    call_builtin(f[k], nargin[k], arg, k == 1 ? 7 : 1, out);
}

START_TEST(anything_ends_in_a_result_or_a_message)
{
    static const char *const tmpl[] = { "%", "d", "%s", "5", ".", "*", "-", "%g", "\\n", "%99999999d", "%[", "a-z", "]", " " };
    static const char *const pat[] = { "(", ")", "[", "]", "a", "b", "*", "+", "?", "{2}", "|", "^", "$", ".", "\\", "(?<n>", "(?=", "(?<!", "\\1", "\xff", "\xc3\xa4" };
    static const char *const txt[] = { "a", "b", "aab", "\n", "\xff", "\xc3\xa4", "1", " ", "-", ".5", "i" };
    srandom(11);
    for (int i = 0; i < 60000; i++) {
        int m = pool_mark(), k = (int)(random() % 7);
        value a = random_text(txt, COUNT(txt)), p = random_text(pat, COUNT(pat)), t = random_text(tmpl, COUNT(tmpl));
        value v[4] = { a, k == 3 ? t : p, random_text(txt, COUNT(txt)), num(k) };
        if (k == 0)
            v[0] = t, v[1] = random() & 1 ? a : num((double)(random() % 100) / 4 - 5);
        if (k == 5)
            v[0] = num((double)(random() % 1000) / 7), v[1] = random() & 1 ? t : num((double)(random() % 20));
        if (protect(run, v))
            ck_assert(failure()->message[0] != 0);
        pool_release(m);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("print");
    tcase_add_checked_fixture(t, unit_begin, unit_end);
    tcase_add_test(t, the_prompt_shows_the_beginning);
    tcase_add_test(t, numbers_are_read_to_the_last_bit);
    tcase_add_test(t, anything_ends_in_a_result_or_a_message);
    return unit_run("print", t, 60, CK_FORK_GETENV);
}
