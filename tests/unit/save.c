/* SPDX-License-Identifier: BSD-3-Clause */
/* save.c: files that load is given by somebody who means harm: every byte changed, every length, sizes that no machine has,
 * and a loop of random changes with the digest made right again, so that they come through to the parser.  Whatever happens, load fails
 * or succeeds, and gives back all memory.  TL_FUZZ=n makes the loop n rounds long (make check: 20000; a night: a billion). */
#include "unit.h"
#undef fail                                   /* an old name of libcheck */
#include "interp/interp.h"
#include "lab/context.h"
#include "lab/save.h"
#include <stdlib.h>
#include <unistd.h>

static struct context *c;
static char file[64];
static char *seed;                            /* a file with every kind of value */
static size_t nseed;

static const char program[] =
    "d = [1 2.5; -Inf NaN]; z = [1+2i 3]; sg = single([.1 .2]); sz = single(2i); i8 = int8([1 -2]); u64 = intmax('uint64'); b = [true false];\n"
    "t = 'text'; q = \"a\\nb\"; r = 0:0.25:1; n4 = reshape(1:16, 2, 2, 2, 2); n5 = ones(1, 2, 1, 1, 3); e = zeros(3, 0); x = 3;\n"
    "k = {1, 'a'; [1 2 3], {}}; s.a = 1; s.b = {s}; sa = struct('p', {1, 2, 3}, 'o', 'x'); c2 = {k, k};\n"
    "A = magic(4); w = A.select(2, 1); v = A.t(); ex = A.select(1, 2).expand(3, 4); s2.M = ones(2); s2.w = s2.M.t();\n"
    "m = containers.Map(); m('one') = 1; m('self') = m; m('k') = {m}; mn = containers.Map('KeyType', 'int32', 'ValueType', 'any'); mn(3) = 'x';\n"
    "f = @sin; y = 7; g = @(x, p = 2) x + y * p; h = @(x) begin persistent n = 0; n += x; return n end; h(2); m('f') = @() m.Count + y;\n";

static void run(const char *text)
{
    int failed = interp_run("test", text, strlen(text), 0, 1);
    if (failed)
        interp_report(2);
    ck_assert_int_eq(failed, 0);
}

static char *slurp(const char *name, size_t *n)
{
    FILE *f = fopen(name, "rb");
    ck_assert_ptr_nonnull(f);
    char *s = malloc(1 << 20);
    *n = fread(s, 1, 1 << 20, f);
    fclose(f);
    return s;
}

static void setup(void)
{
    char text[200];
    c = context_new();
    context_enter(c);
    interp_start();
    snprintf(file, sizeof file, "/tmp/tl-unit-save-%ld", (long)getpid());
    run(program);
    snprintf(text, sizeof text, "save('%s'); save('-text', '%s.txt', '-struct', 's')", file, file);
    run(text);
    seed = slurp(file, &nseed);
}

static void teardown(void)
{
    char text[100];
    snprintf(text, sizeof text, "%s.txt", file);
    unlink(text);
    unlink(file);
    free(seed);
    run("clear -all");
    context_free(c);
}

struct try { const char *s; size_t n; bool text; FILE *f; i64 variables; };
static void try_body(void *arg)
{
    struct try *t = arg;
    if (t->text) {
        t->variables = load_text("load", "it", t->s, t->n).n;
        return;
    }
    t->f = fmemopen((char *)t->s, t->n, "rb");
    ck_assert_ptr_nonnull(t->f);
    t->variables = load_binary("load", "it", t->f, t->n).n;
}

/* Loads n bytes; -1: it failed, else the number of variables.  Nothing stays behind. */
static i64 try_load(const char *s, size_t n, bool text)
{
    struct try t = { s, n, text, NULL, -1 };
    collect_cycles();
    run("");                                  /* what waits to be freed between statements goes */
    i64 live = c->live;
    int mark = pool_mark(), failed = protect(try_body, &t);
    if (!text)
        fclose(t.f);
    if (failed) {
        ck_assert_int_eq(failure()->kind, FAIL_ERROR);
        ck_assert_int_gt((int)strlen(failure()->message), 10);
        if (getenv("TL_SAY"))
            fprintf(stderr, "%s\n", failure()->message);
    }
    pool_release(mark);
    collect_cycles();
    run("");
    ck_assert_int_eq(c->live, live);
    return failed ? -1 : t.variables;
}

static void sealed(char *s, size_t n)
{
    struct digest d;
    if (n < 29)
        return;
    uint64_t length = n - 16;
    memcpy(s + n - 16, &length, 8);
    digest_start(&d);
    digest_add(&d, s, n - 8);
    length = digest_end(&d);
    memcpy(s + n - 8, &length, 8);
}

START_TEST(whole_file_is_read)
{
    ck_assert_int_eq(try_load(seed, nseed, false), 30);
}
END_TEST

START_TEST(every_changed_byte_is_an_error)
{
    static const uint8_t change[] = { 0x01, 0x80, 0xff };
    for (size_t i = 0; i < nseed; i++)
        for (int k = 0; k < COUNT(change); k++) {
            seed[i] ^= (char)change[k];
            ck_assert_int_eq(try_load(seed, nseed, false), -1);
            seed[i] ^= (char)change[k];
        }
}
END_TEST

START_TEST(every_truncation_is_an_error)
{
    for (size_t n = 1; n < nseed; n++)
        ck_assert_int_eq(try_load(seed, n, false), -1);
    char *s = malloc(nseed + 1);
    memcpy(s, seed, nseed);
    s[nseed] = 0;
    ck_assert_int_eq(try_load(s, nseed + 1, false), -1);
    for (size_t n = 30; n < nseed; n++) {     /* and with a trailer that fits */
        memcpy(s, seed, n);
        sealed(s, n);
        try_load(s, n, false);
    }
    free(s);
}
END_TEST

START_TEST(every_changed_byte_under_a_right_digest)
{
    char *s = malloc(nseed);
    for (size_t i = 0; i < nseed - 16; i++)
        for (int b = 0; b < 256; b += b < 16 || b > 238 ? 1 : 13) {
            memcpy(s, seed, nseed);
            s[i] = (char)b;
            sealed(s, nseed);
            try_load(s, nseed, false);
        }
    free(s);
}
END_TEST

/* One variable x whose value is these bytes. */
static i64 with_value(const char *value, size_t n)
{
    char s[300] = { 0 };
    size_t at = 12;
    memcpy(s, seed, 12);
    s[at++] = 1, s[at++] = 1, s[at++] = 'x';
    memcpy(s + at, value, n);
    sealed(s, at + n + 16);
    return try_load(s, at + n + 16, false);
}
#define WITH(text) with_value(text, sizeof text - 1)
#define MAX64 "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"

START_TEST(sizes_that_no_file_has)
{
    ck_assert_int_eq(WITH("Nl\1"), 1);
    ck_assert_int_eq(WITH("Td\0\2\0\0"), 1);
    ck_assert_int_eq(WITH("Td\0\2" MAX64 "\0"), -1);                     /* 2^63 - 1 rows */
    ck_assert_int_eq(WITH("Td\0\2\x80\x80\x80\x80\x80\x80\x80\x80\x10\x80\x80\x80\x80\x80\x80\x80\x80\x10"), -1);
    ck_assert_int_eq(WITH("Td\0\2\x80\x80\x80\x80\x10\1"), -1);          /* 2^32 rows */
    ck_assert_int_eq(WITH("Td\0\2\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f\1"), -1);
    ck_assert_int_eq(WITH("Td\0\1\1"), -1);
    ck_assert_int_eq(WITH("Td\0\x21\1"), -1);
    ck_assert_int_eq(WITH("Tx\0\2\1\1"), -1);
    ck_assert_int_eq(WITH("C\2\x80\x80\x80\x80\x10\1"), -1);
    ck_assert_int_eq(WITH("C\2\2\1@\0"), -1);                            /* a cell in itself */
    ck_assert_int_eq(WITH("C\2\2\1@\1@\1"), -1);
    ck_assert_int_eq(WITH("C\2\2\1C\2\0\0@\1"), 1);
    ck_assert_int_eq(WITH("S\2\1\1\2\1a\1aC\2\0\0@\1"), -1);             /* a field twice */
    ck_assert_int_eq(WITH("S\2\1\1\x80\x80\x80\x80\x10"), -1);
    ck_assert_int_eq(WITH("W\2\1\1\0\0\1Tl\0\2\1\1\1"), -1);             /* beyond the end */
    ck_assert_int_eq(WITH("W\2\1\1\0\0\0Tl\0\2\1\1\1"), 1);
    ck_assert_int_eq(WITH("W\2\3\1\1\0\0Tl\0\2\1\1\1"), -1);             /* stride -1 */
    ck_assert_int_eq(WITH("W\2\3\1\2\0\0Tl\0\2\1\2\1\1"), -1);
    ck_assert_int_eq(WITH("W\2" MAX64 "\1" MAX64 "\0\0Tl\0\2\1\2\1\1"), -1);
    ck_assert_int_eq(WITH("W\2\1\1\0\0\0C\2\0\0"), -1);
    ck_assert_int_eq(WITH("W\2\1\1\0\0\0@\0"), -1);                      /* a window on itself */
    ck_assert_int_eq(WITH("C\2\3\1Tl\0\2\1\1\1@\1W\2\1\1\0\0\0@\1"), -1);     /* a viewed tensor in two places */
    ck_assert_int_eq(WITH("C\2\2\1Tl\0\2\1\1\1W\2\1\1\0\0\0@\1"), 1);
    ck_assert_int_eq(WITH("C\2\2\1C\2\2\1Tl\0\2\1\1\1W\2\1\1\0\0\0@\2@\1"), -1);   /* or in a shared container */
    ck_assert_int_eq(WITH("H\3sin"), 1);
    ck_assert_int_eq(WITH("H\6sin(1)"), -1);
    ck_assert_int_eq(WITH("F\6@(x) x\0"), 1);
    ck_assert_int_eq(WITH("F\x0d" "disp('ran')+1\0"), -1);               /* no closure */
    ck_assert_int_eq(WITH("F\x12" "{@(x) x, disp(1)}{\0"), -1);
    ck_assert_int_eq(WITH("F\x0b" "(@() 3)()+1\0"), -1);
    ck_assert_int_eq(WITH("F\x0a" "@() 3;q=1;\0"), -1);
    ck_assert_int_eq(WITH("F\x07" "@() a+b\1\1a@\0"), -1);               /* holds itself */
    ck_assert_int_eq(WITH("F\x07" "@() a+b\1\1aNl\1"), 1);
    ck_assert_int_eq(WITH("O\x0e" "containers.MapS\2\1\1\0"), -1);       /* not what a map saves */
    ck_assert_int_eq(WITH("O\x0e" "containers.Map@\0"), -1);
    ck_assert_int_eq(WITH("O\x04nopeS\2\1\1\0"), -1);
    ck_assert_int_eq(WITH("Q"), -1);
    ck_assert_int_eq(WITH("R" "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\xf0\x3f" "\0\0\0\0\0\0\x08\x40" "\4"), 1);
    ck_assert_int_eq(WITH("R" "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\xf0\x3f" "\0\0\0\0\0\0\x08\x40" "\5"), -1);
    ck_assert_int_eq(WITH("R" "\0\0\0\0\0\0\0\0" "\1\0\0\0\0\0\0\0" "\0\0\0\0\0\0\x08\x40" "\5"), -1);
}
END_TEST

START_TEST(nested_too_deep)
{
    enum { DEEP = 100000 };
    char *s = calloc(1, 15 + 4 * DEEP + 16);
    memcpy(s, seed, 12);
    memcpy(s + 12, "\1\1x", 3);
    for (size_t i = 0; i < DEEP; i++)
        memcpy(s + 15 + 4 * i, "C\2\1\1", 4);
    sealed(s, 15 + 4 * DEEP + 16);
    ck_assert_int_eq(try_load(s, 15 + 4 * DEEP + 16, false), -1);
    free(s);
}
END_TEST

/* ---- the loop */
static uint64_t state = 88172645463325252u;
static uint64_t dice(uint64_t n)              /* 0 … n-1; xorshift */
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

static size_t changed(char *s, size_t n, size_t room)        /* one random change; the new length */
{
    size_t i = dice(n), k = 1 + dice(8), from = dice(n);
    k = MIN(k, n - MAX(i, from));
    switch (dice(6)) {
    case 0: s[i] = (char)dice(256); break;
    case 1: s[i] ^= (char)(1 << dice(8)); break;
    case 2: memmove(s + i, s + from, k); break;
    case 3:
        memmove(s + i, s + i + k, n - i - k);
        return n - k;
    case 4:
        if (n + k > room)
            break;
        memmove(s + i + k, s + i, n - i);
        return n + k;
    default: s[i] = "NTRWCSHFO@\0\1\2\x7f\x80\xff"[dice(16)]; break;
    }
    return n;
}

static void fuzz(const char *from, size_t n, bool text)
{
    const char *rounds = getenv("TL_FUZZ");
    i64 good = 0, all = rounds ? atoll(rounds) : 20000;
    size_t room = n + 256;
    char *s = malloc(room + 1);
    for (i64 r = 0; r < all; r++) {
        memcpy(s, from, n);
        size_t len = n;
        for (uint64_t k = 1 + dice(4); k > 0 && len > 32; k--)
            len = changed(s, len, room);
        if (!text)
            sealed(s, len);
        s[len] = 0;
        good += try_load(s, len, text) >= 0;
    }
    ck_assert_int_gt(good, 0);                /* some changes are of data only */
    free(s);
}

START_TEST(random_changes_of_a_binary_file) { fuzz(seed, nseed, false); }
END_TEST
START_TEST(random_changes_of_a_text_file)
{
    size_t n;
    run("clear m mn ex h");
    char text[200], *s;
    snprintf(text, sizeof text, "save('-text', '%s.txt')", file);
    run("clear c2");
    run(text);
    snprintf(text, sizeof text, "%s.txt", file);
    s = slurp(text, &n);
    fuzz(s, n, true);
    free(s);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("files");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, whole_file_is_read);
    tcase_add_test(t, every_changed_byte_is_an_error);
    tcase_add_test(t, every_truncation_is_an_error);
    tcase_add_test(t, every_changed_byte_under_a_right_digest);
    tcase_add_test(t, sizes_that_no_file_has);
    tcase_add_test(t, nested_too_deep);
    tcase_add_test(t, random_changes_of_a_binary_file);
    tcase_add_test(t, random_changes_of_a_text_file);
    return unit_run("save", t, 0, CK_FORK_GETENV);
}
