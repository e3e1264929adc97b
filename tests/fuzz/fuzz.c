/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz.c: texts that nobody would write, given to what reads text: the lexer and parser with the check of names, templates
 * of printf and scanf, regular expressions, indices, numbers, files of load.  In process, one interpreter: a failure is
 * fine, a crash, a leak that a sanitizer sees, or a value left behind is not.
 *
 *   tests/fuzz/fuzz [COUNT [SEED [TARGET]]]     own mutator over the seeds below; COUNT for each target
 *   make fuzz                                    the same code under libFuzzer (clang), which is led by coverage
 * The first byte of libFuzzer's input chooses the target, or TL_FUZZ_TARGET=NAME does. */
#include "interp/interp.h"
#include "interp/lex.h"
#include "lab/context.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void nowhere(void *to, const char *s, size_t n) { (void)to; (void)s; (void)n; }
static value text(const char *s, size_t n) { return tensor_value(tensor_text(s, n)); }
static void builtin(const char *name, int n, const value *arg, int nout)
{
    value out[8];
    const struct builtin *b = registry_find(name);
    if (b)
        call_builtin(b, n, arg, nout, out);
}

static void t_parse(const char *s, size_t n)
{
    static const int flags[] = { PARSE_FILE, 0 };
    for (int i = 0; i < 2; i++) {
        struct parse_error e = { 0 };
        struct parse_options o = { .name = "fuzz", .flags = flags[i] };
        struct ast *a = parse_text(s, n, &o, &e);
        if (a) {
            check_names(a, buf_new());
            ast_free(a);
        } else
            source_free(e.source);
    }
}
static void t_printf(const char *s, size_t n)
{
    struct tensor *m = tensor_2d(D_DOUBLE, 1, 3);
    double x[] = { -1.5, 3, 1e300 };
    memcpy(m->data, x, sizeof x);
    value arg[] = { text(s, n), num(3), text("abc", 3), tensor_box(m), boolean(true) };
    if (n < 200)                              /* a width may be a hundred million */
        builtin("sprintf", 5, arg, 1);
}
static void t_scanf(const char *s, size_t n)
{
    size_t k = n ? (unsigned char)s[0] % n : 0;
    builtin("sscanf", 2, (value[]){ text(s, k), text(s + k, n - k) }, 1);
}
static void t_number(const char *s, size_t n)
{
    builtin("str2double", 1, (value[]){ text(s, n) }, 1);
    builtin("sscanf", 2, (value[]){ text(s, n), text("%f", 2) }, 1);
}
static void t_regexp(const char *s, size_t n)
{
    size_t k = n ? (unsigned char)s[0] % n : 0;
    value v[] = { text(s, k), text(s + k, n - k), text("<$1>", 4) };
    builtin("regexp", 2, v, 6);
    builtin("regexprep", 3, v, 1);
}
static void t_index(const char *s, size_t n)  /* only marks and digits: it is run */
{
    char line[300] = "A=reshape(1:24,2,3,4);C={1,'a',[3 4]};s.f=A;";
    static const char *const form[] = { "A(%s);", "A(%s)=7;", "A(%s)=[];", "C{%s};", "C(%s)=[];", "s.f(%s)=1;", "[C{%s}]=deal(2);", "A(1:2,%s)=A(1,%s);" };
    static const char good[] = "0123456789:,+-*()[] '~;ed.n";
    char in[64];
    size_t k = 0;
    for (size_t i = 1; i < n && k < 24; i++) {
        char ch = good[(unsigned char)s[i] % (sizeof good - 1)];
        if (ch == 'e' || ch == 'd' || ch == 'n') {        /* `end`, no other word; nothing is raised to a power */
            if (k + 5 < sizeof in)
                memcpy(in + k, "end", 3), k += 3;
        } else if (ch != '.' && !(k > 1 && ch >= '0' && ch <= '9' && in[k - 1] >= '0' && in[k - 1] <= '9' && in[k - 2] >= '0' && in[k - 2] <= '9'))
            in[k++] = ch;
    }
    in[k] = 0;
    size_t at = strlen(line);
    snprintf(line + at, sizeof line - at, form[n ? (unsigned char)s[0] % COUNT(form) : 0], in, in);
    interp_run("fuzz", line, strlen(line), 0, 1);
}
static void t_load(const char *s, size_t n)
{
    static int fd = -1;
    char name[40];
    if (fd < 0)
        fd = memfd_create("fuzz", 0);
    if (ftruncate(fd, 0) || pwrite(fd, s, n, 0) != (ssize_t)n)
        return;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    builtin("load", 1, (value[]){ text(name, strlen(name)) }, 1);
}

static const struct target { const char *name; void (*run)(const char *s, size_t n); const char *seed[12]; } target[] = {
    { "parse", t_parse, { "for i = 1:3, x(i).y{2} = @(a, b=2) a + b'; end", "function [a, varargout] = f(x, varargin)\n% help\n  a = x{:}; end\nf(1, k=2)",
        "if a && !b || ~c, disp 'x y', elseif d, else, end", "switch x, case {1, 'a'}, otherwise, end", "try, error('x'), catch e, end_try_catch",
        "A = [1 -2, 3 - 4; 'a' \"b\\n\" ...\n 5']; A(end, :) += 1e-3i;", "while true, break, endwhile % c\n%{ block\n%}\ndo x++; until x > 3",
        "x.f(1).('g') = y.'; unwind_protect, z; unwind_protect_cleanup, w; end", "s = xs.map() { |t| t .^ 2 }\nhold on\n!ls", "0x1F + 1e400 + 0b101 + .5e-3",
        "x = f'v {3}'; y = (int) 3.5, z = [i for i in 1:3], if (a) { b; } w(:2) = v(1:); try: end = 3, not x; 2 in y",
        "a, b = 1; f(x) = x => 1; s.1 = 1_0 + 1e; switch x, default, case 1, end, printf(%d, 3), \"a\" 'b' @ c |> d <- e ? 1 : 2\xff\xfe" } },
    { "printf", t_printf, { "%d %5.2f %s\\n", "%-+ #010.3e%%", "%*.*f", "%x %o %c %g %i %u", "\\x41\\101\\q %5$d", "%ld%hd%a" } },
    { "scanf", t_scanf, { " 12 3.5 abc%d %f %s", "\x06""a,b,1 2%[a-z],%*c%3d", "\x05""1e5 x%g%n%c", "\x03""%5%%d" } },
    { "number", t_number, { "1e3", "-1.5e-10 + 2i", "0x1p-3", "Inf", "1,000.5", "i*3", "  .5  ", "1e999", "123456789012345678901234567890", "NA", "1d2" } },
    { "regexp", t_regexp, { "\x05""aXbYc(?<n>[A-Z])(.)", "\x04""abab(ab)*?$", "\x03""aaa(a+)+b", "\x06""\xc3\xa4 x y\\w+\\s(?=y)", "\x05""1-2-3(\\d)-(?!3)|[[:alpha:]]" } },
    { "index", t_index, { "0:,1", "1end,:,2", "2[1 2],end", "3~(1:3)", "4end+1", "5:", "6-1" } },
    { "load", t_load, { "# name: x\n# type: matrix\n# rows: 2\n# columns: 2\n 1 2\n 3 4\n", "# name: s\n# type: string\n# elements: 1\n# length: 3\nabc\n",
        "# name: c\n# type: cell\n# rows: 1\n# columns: 1\n# name: <cell-element>\n# type: scalar\n5\n", "# name: z\n# type: complex scalar\n(1,2)\n",
        "# name: t\n# type: scalar struct\n# ndims: 2\n 1 1\n# length: 1\n# name: a\n# type: scalar\n1\n", "1 2 3\n4 5 6\n", "# name: b\n# type: bool\n1\n" } },
};

struct one { const struct target *t; const char *s; size_t n; };
static void body(void *arg)
{
    struct one *o = arg;
    o->t->run(o->s, o->n);
}
static void once(const struct target *t, const char *s, size_t n)
{
    struct one o = { t, s, n };
    int mark = pool_mark();
    struct sink old = out_redirect((struct sink){ nowhere, NULL });
    protect(body, &o);
    out_redirect(old);
    pool_release(mark);
}
static void quiet(const char *message) { (void)message; }
static void begin(void)
{
    context_enter(context_new());
    interp_start();
    warning_say = quiet;
}

#ifdef LIBFUZZER
/* The seeds go into the corpus, the last argument where it is a folder.  TL_FUZZ_TARGET=NAME keeps to one target. */
static int only = -1;
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("TL_FUZZ_TARGET"), *folder = (*argv)[*argc - 1];
    for (int i = 0; i < COUNT(target); i++) {
        if (name && !strcmp(name, target[i].name))
            only = i;
        for (int k = 0; k < COUNT(target[i].seed) && target[i].seed[k]; k++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/seed-%s-%d", folder, target[i].name, k);
            FILE *f = fopen(path, "wb");
            if (f) {
                putc(i, f);
                fputs(target[i].seed[k], f);
                fclose(f);
            }
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *s, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *s, size_t n)
{
    static bool begun;
    if (!begun)
        begin();
    begun = true;
    char *copied = malloc(n + 1);             /* exactly as long as it is: a sanitizer sees a read behind it */
    if (n > 1) {
        memcpy(copied, s + 1, n - 1);
        once(&target[only >= 0 ? only : s[0] % COUNT(target)], copied, n - 1);
    }
    free(copied);
    return 0;
}
#else
static uint64_t state;
static uint32_t rnd(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % (n ? n : 1);
}
enum { LONGEST = 400 };
static size_t mutate(const struct target *t, int seeds, char *s)
{
    static const char *const word[] = { "end", "%", "..", "(", ")", "[", "]", "{", "}", "'", "\"", "@", "=", ":", ",", ";", "\n", "1e308", "-1", "NaN", "#", "\\", "*", "99999999", "function", "0" };
    const char *from = t->seed[rnd((uint32_t)seeds)];
    size_t n = strlen(from);
    memcpy(s, from, n);
    for (uint32_t k = 1 + rnd(6); k--;) {
        size_t i = rnd((uint32_t)n + 1), m;
        switch (rnd(6)) {
        case 0: if (n) s[i % n] = (char)rnd(256); break;
        case 1: if (n) s[i % n] ^= (char)(1 << rnd(8)); break;
        case 2: m = n > i ? 1 + rnd((uint32_t)(n - i)) : 0; memmove(s + i, s + i + m, n - i - m); n -= m; break;
        case 3: from = word[rnd(COUNT(word))], m = strlen(from); goto insert;
        case 4: from = t->seed[rnd((uint32_t)seeds)], m = 1 + rnd((uint32_t)strlen(from)), from += strlen(from) - m; goto insert;
        default:
            m = n > i ? 1 + rnd((uint32_t)MIN(n - i, 20)) : 0, from = s + i;
        insert:
            if (n + m <= LONGEST) {
                char piece[LONGEST];
                memcpy(piece, from, m);
                memmove(s + i + m, s + i, n - i);
                memcpy(s + i, piece, m);
                n += m;
            }
        }
    }
    return n;
}
int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 3000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    begin();
    for (int i = 0; i < COUNT(target); i++) {
        const struct target *t = &target[i];
        if (argc > 3 && strcmp(argv[3], t->name))
            continue;
        int seeds = 0;
        while (seeds < COUNT(t->seed) && t->seed[seeds])
            seeds++;
        state = (seed + 1) * 0x9E3779B97F4A7C15u + (uint64_t)i;
        int last = open("fuzz.last", O_RDWR | O_CREAT | O_TRUNC, 0600);       /* the text at which it died */
        for (long k = 0; k < count; k++) {
            char s[LONGEST + 64];
            size_t n = k < seeds ? strlen(t->seed[k]) : mutate(t, seeds, s);
            char *exact = malloc(n + 1);
            memcpy(exact, k < seeds ? t->seed[k] : s, n);
            if (last >= 0 && (ftruncate(last, 0) || pwrite(last, exact, n, 0) < 0))
                perror("fuzz.last");
            once(t, exact, n);
            free(exact);
        }
        close(last);
        printf("%s: %ld\n", t->name, count);
        fflush(stdout);
    }
    unlink("fuzz.last");
    context_free(cx);
    return 0;
}
#endif
