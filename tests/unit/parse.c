/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser: a table of texts and their trees or errors; hostile texts; every prefix and many mutations of good texts,
 * which must give a tree or an error and nothing else. */
#include "interp/ast.h"
#include "lab/context.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static const struct { const char *text, *want; } cases[] = {
#include "parse_cases.inc"
};
enum { CASES = sizeof cases / sizeof *cases };

static struct context *context;                           /* scopes ask which names are the library's */
static void in(void) { context_enter(context = context_new()); }
static void out(void) { context_free(context); }

static bool is_x(void *user, const char *name)
{
    (void)user;
    return !strcmp(name, "x");
}

/* malloc'd dump, or "! 1:2 message" */
static char *tree_of(const char *text, size_t len, unsigned flags)
{
    struct parse_error e;
    struct parse_options o = { .name = "t.tl", .flags = flags, .is_variable = is_x };
    struct ast *a = parse_text(text, len, &o, &e);
    char *s = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&s, &n);
    if (a) {
        scope_resolve(a, NULL);
        ast_dump(out, a);
        ast_free(a);
    } else {
        ck_assert(*e.message);
        ck_assert_int_ge(e.line, 1);
        ck_assert_int_ge(e.column, 1);
        fprintf(out, "%c %d:%d %s", e.incomplete ? '?' : '!', e.line, e.column, e.message);
        source_free(e.source);
    }
    fclose(out);
    return s;
}

static void expect(const char *text, unsigned flags, const char *want)
{
    char *got = tree_of(text, strlen(text), flags);
    ck_assert_msg(!strcmp(got, want), "text:  %s\ngot:   %s\nwanted: %s", text, got, want);
    free(got);
}

/* Text with `part` repeated n times in the middle. */
static char *many(const char *before, const char *part, int n, const char *after)
{
    size_t m = strlen(part);
    char *s = malloc(strlen(before) + m * (size_t)n + strlen(after) + 1), *p = stpcpy(s, before);
    for (int i = 0; i < n; i++, p += m)
        memcpy(p, part, m);
    strcpy(p, after);
    return s;
}

static void expect_many(const char *before, const char *part, int n, const char *after, const char *want)
{
    char *text = many(before, part, n, after), *got = tree_of(text, strlen(text), PARSE_FILE);
    ck_assert_msg(strstr(got, want), "%s… gave %.200s", part, got);
    free(text);
    free(got);
}

START_TEST(texts_have_their_trees)
{
    expect(cases[_i].text, 0, cases[_i].want);
}
END_TEST

START_TEST(files_may_leave_out_the_end_of_functions)
{
    expect("function a\nx = 1;\nfunction b\ny", PARSE_FILE, "(function a () (block (= x 1))) (function b () (block y!))");
    expect("function a\nx = 1;\n", 0, "? 1:1 'function' opened at line 1 is not closed");
    expect("function a\nend\nfunction b\ny", PARSE_FILE, "? 3:1 'function' opened at line 3 is not closed");
    expect("function a\nif y\nfunction b\nend", PARSE_FILE,
           "! 3:1 expected 'end' or 'endif' for the 'if' opened at line 2 but found the keyword 'function'");
}
END_TEST

START_TEST(expressions_alone)
{
    expect("x.^2 + 1", PARSE_EXPRESSION, "(+ (.^ x 2) 1)");
    expect("x; y", PARSE_EXPRESSION, "! 1:2 expected the end of the expression but found ';'");
}
END_TEST

START_TEST(closures_print_as_in_octave)
{
    static const char *const pairs[][2] = {
        { "@(x) x.^2+1", "@(x) x .^ 2 + 1" },
        { "@(x)x.'+x'*-x.^2+~x(:,end)&&1", "@(x) x.' + x' * -x .^ 2 + !x (:, end) && 1" },
        { "@(varargin) varargin{:}", "@(varargin) varargin {:}" },
        { "@(x) x.a.(x)(1:end)", "@(x) x.a.(x) (1:end)" },
        { "@() {1,'a';\"b\\n\",[]}", "@() {1, 'a'; \"b\\n\", []}" },
        { "@(~, x) 1e10+.5+5.+0xFF+2i", "@(~, x) 1e10 + .5 + 5. + 0xFF + 2i" },
        { "@(x)@(y) x+y", "@(x) @(y)x + y" },
        { "@(x) [x(1) 2, -x(2)]", "@(x) [x(1), 2, -x(2)]" },
        { "@() [f(x(1)) g{x(2)}]", "@() [f(x (1)), g{x (2)}]" },
        { "@(x) [x.a(1) x', (x+1)(2)]", "@(x) [x.a(1), x', (x + 1)(2)]" },
        { "@(s) s~=1&!s", "@(s) s != 1 & !s" },
        { "@() cellfun(@numel, c, 'UniformOutput', false)", "@() cellfun (@numel, c, 'UniformOutput', false)" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct parse_error e;
        struct parse_options o = { .flags = PARSE_EXPRESSION };
        struct ast *a = parse_text(pairs[i][0], strlen(pairs[i][0]), &o, &e);
        ck_assert_msg(a, "%s: %s", pairs[i][0], e.message);
        char *got = ast_text(a->main->body->list.v[0]->unary.a);
        ck_assert_str_eq(got, pairs[i][1]);
        free(got);
        ast_free(a);
    }
}
END_TEST

START_TEST(variables_are_no_commands)
{
    expect("a = 1; a -1", 0, "(= a 1) (- a 1)!");
    expect("[a, b] = f; b -1", 0, "(multi= a b f) (- b 1)!");
    expect("for k = 1:2, k -1, end", 0, "(for k (range 1 2) (block (- k 1)!))");
    expect("function f(a), a -1, x -1, end", 0, "(function f (a) (block (- a 1)! (command x '-1')!))");
    expect("c = 1; g = @(a) begin a -1, c -1, end", 0, "(= c 1) (= g (closure (a) (block (- a 1)! (- c 1)!)))!");
    expect("try, f, catch err, err -1, end", 0, "(try (block f!) err (block (- err 1)!))");
}
END_TEST

START_TEST(hostile_texts_get_an_error)
{
    expect_many("", "(", 100000, "", "nested more than");
    expect_many("x = ", "[", 100000, "1", "nested more than");
    expect_many("x = ", "{", 100000, "1", "nested more than");
    expect_many("x", "(x", 100000, "", "nested more than");
    expect_many("", "if 1\n", 100000, "", "nested more than");
    expect_many("f = ", "@(x) ", 100000, "1", "nested more than");
    expect_many("f = ", "@(x) begin ", 100000, "1", "nested more than");
    expect_many("x = ", "-", 100000, "1", "nested more than");
    expect_many("x = 2", "^-", 100000, "1", "expected an expression");
    expect_many("x = 2^", "-", 100000, "1", "nested more than");
    expect_many("x = 1", "+1", 100000, "", "split it");
    expect_many("x = x", "'", 100000, "", "split it");
    expect_many("x = 1", ":1", 100000, "", "split it");
    expect_many("", "a = ", 100000, "1", "nested more than");
    expect_many("%{\n", "%{\n", 100000, "", "block comment");
    expect_many("x = [", "1 2;\n", 100000, "]", "(row 1 2)");
    expect_many("x = 1", "+1", 1000, "", "(+ 1 1)");
    expect_many("x", ".a", 100000, "", ".a .a");
    expect_many("", "x=1;\n", 100000, "", "(= x 1)");
    expect_many("x = '", "''", 100000, "'", "(= x '''");
    expect_many("if 1, elseif 2", ", elseif 3", 10000, ", end", "(clause 3");
    expect_many("x = [", "'a' ", 20000, "]", "'a' 'a'");
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
    static const char *const bad[] = { "x = \x80", "x = \xff\xfe", "\xc3", "x\xe2\x82", "x = 1 \x01", "$", "x = `a`" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *got = tree_of(bad[i], strlen(bad[i]), 0);
        ck_assert_msg(got[0] == '!', "%s gave %s", bad[i], got);
        free(got);
    }
    char *got = tree_of("a = 1\0 2", 8, 0);
    ck_assert_str_eq(got, "! 1:6 the text contains a NUL byte");
    free(got);
    got = tree_of("a = 'x\0y'; b", 12, 0);
    ck_assert_int_eq(got[0], '(');          /* a NUL in a text is one of its characters */
    free(got);
    got = tree_of("\xef\xbb\xbfx", 4, 0);
    ck_assert_str_eq(got, "x!");
    free(got);
}
END_TEST

START_TEST(every_prefix_is_a_tree_or_an_error)
{
    size_t n = strlen(cases[_i].text);
    for (size_t k = 0; k <= n; k++) {
        char *copy = malloc(k + 1);            /* so that a sanitizer sees every byte read too far */
        memcpy(copy, cases[_i].text, k);
        copy[k] = 0;
        free(tree_of(copy, k, k & 1 ? PARSE_FILE : 0));
        free(copy);
    }
}
END_TEST

START_TEST(mutations_are_a_tree_or_an_error)
{
    static const char *const parts[] = { "(", ")", "[", "]", "{", "}", "'", "\"", "\n", " ", "end", "@(x) ", "begin ", "%{\n",
        "...", ".", ",", ";", "=", "==", "+", "++", "~", "1", "1e", "0x", "function ", "if ", "\\", "\xc3\xa9", ":", "^" };
    unsigned seed = 12345;
    for (int round = 0; round < 20000; round++) {
        char text[1024];
        seed = seed * 1103515245 + 12345;
        const char *from = cases[seed / 65536 % CASES].text;
        size_t n = strlen(from);
        if (n > 500)
            continue;
        memcpy(text, from, n + 1);
        for (int k = 0; k < 3; k++) {
            seed = seed * 1103515245 + 12345;
            const char *part = parts[seed / 65536 % (sizeof parts / sizeof *parts)];
            seed = seed * 1103515245 + 12345;
            size_t at = n ? seed / 65536 % n : 0, m = strlen(part);
            if (round % 3 == k)
                memmove(text + at, text + at + (n > 0), n - at + (n == 0)), n -= n > 0;
            else {
                memmove(text + at + m, text + at, n - at + 1);
                memcpy(text + at, part, m);
                n += m;
            }
        }
        free(tree_of(text, n, round & 1 ? PARSE_FILE : 0));
    }
}
END_TEST

static int slot_of(struct ast *a, const struct function *f, const char *name)
{
    (void)a;
    return scope_find(&f->scope, name);
}

START_TEST(names_get_slots)
{
    struct parse_error e;
    static const char text[] = "function r = f(a, b)\n c = sin(a); g = @(x) x + c + k; h = @(y) begin c = y; d = 1; "
                               "return @() c + d end; r = c;\nend\nfunction g\n eval('q = 1'); q\nend\nt = 1; u(t)";
    struct ast *a = parse_text(text, strlen(text), NULL, &e);
    ck_assert_ptr_nonnull(a);
    struct scope *top = scope_copy(NULL);
    scope_resolve(a, top);
    struct function *f = a->function[0], *g = a->function[1];
    ck_assert_int_eq(slot_of(a, f, "a"), 0);
    ck_assert_int_eq(slot_of(a, f, "r"), 2);
    ck_assert_int_ge(slot_of(a, f, "c"), 0);
    ck_assert_int_eq(slot_of(a, f, "sin"), -1);
    ck_assert_int_eq(slot_of(a, f, "d"), -1);
    ck_assert_int_ge(slot_of(a, g, "q"), 0);
    ck_assert(g->scope.dynamic);
    ck_assert(!f->scope.dynamic);
    struct function *x = f->body->list.v[1]->unary.a->assign.value->function;
    ck_assert_int_eq(x->scope.captures, 1);
    ck_assert_int_eq(x->scope.capture[0].from, slot_of(a, f, "c"));
    ck_assert_int_eq(slot_of(a, x, "k"), -1);
    struct function *y = f->body->list.v[2]->unary.a->assign.value->function;
    ck_assert_int_eq(y->scope.captures, 1);
    ck_assert_int_ge(slot_of(a, y, "d"), 0);
    ck_assert_int_ge(scope_find(top, "t"), 0);
    ck_assert_int_ge(scope_find(top, "ans"), 0);
    ck_assert_int_eq(scope_find(top, "u"), -1);
    ast_free(a);
    scope_free(top);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("parse");
    tcase_add_checked_fixture(t, in, out);
    tcase_add_loop_test(t, texts_have_their_trees, 0, CASES);
    tcase_add_test(t, files_may_leave_out_the_end_of_functions);
    tcase_add_test(t, expressions_alone);
    tcase_add_test(t, closures_print_as_in_octave);
    tcase_add_test(t, variables_are_no_commands);
    tcase_add_test(t, hostile_texts_get_an_error);
    tcase_add_test(t, bytes_that_are_no_text);
    tcase_add_loop_test(t, every_prefix_is_a_tree_or_an_error, 0, CASES);
    tcase_add_test(t, mutations_are_a_tree_or_an_error);
    tcase_add_test(t, names_get_slots);
    return unit_run("parse", t, 60, CK_FORK_GETENV);
}
