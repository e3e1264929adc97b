/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs tests that are written in the language and answers in TAP. A file is taken piece by piece as the prompt takes
 * lines: a piece is as many lines as the parser needs. What it prints, its warnings ("warning: …") and the error that
 * ends it ("error: …") make one text, which is compared line by line with the lines behind "%!". So an error is one
 * more line of output, and a test of several things is one expectation. Examples in help texts are the same but for the
 * marks: a line of code is run, and the lines below it, as many as it printed, must be those. */
#include "config.h"
#include "interp/program.h"
#include "lab/context.h"
#include "lab/fail.h"
#include "lab/print.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tests, failures;
struct text { char *s; size_t n, cap; };
static struct text said;                                     /* what the running piece has printed */

static void say(void *to, const char *s, size_t n)
{
    struct text *t = to;
    if (t->n + n + 1 > t->cap) {
        t->cap = 2 * (t->n + n + 1);
        t->s = realloc(t->s, t->cap);
        if (!t->s)
            abort();
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

static void say_line(const char *kind, const char *text)
{
    say(&said, kind, strlen(kind));
    say(&said, text, strlen(text));
    say(&said, "\n", 1);
}

static void say_warning(const char *message)
{
    say_line("warning: ", message);
}

/* ---- lines */

struct line { const char *s; int n; };
struct lines { struct line *v; int n, room; };

static void push(struct lines *l, const char *s, int n)
{
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 64;
        l->v = realloc(l->v, l->room * sizeof *l->v);
        if (!l->v)
            abort();
    }
    l->v[l->n++] = (struct line){ s, n };
}

static struct line trimmed(struct line l)
{
    while (l.n && isspace((unsigned char)l.s[l.n - 1]))
        l.n--;
    while (l.n && isspace((unsigned char)*l.s))
        l.s++, l.n--;
    return l;
}

/* The lines of a text: all of them, or trimmed and without the blank ones. */
static struct lines split(const char *s, size_t n, bool compared)
{
    struct lines l = { 0 };
    for (const char *end = s + n; s < end; ) {
        const char *e = memchr(s, '\n', end - s);
        if (!e)
            e = end;
        struct line x = { s, e - s };
        if (compared)
            x = trimmed(x);
        if (x.n || !compared)
            push(&l, x.s, x.n);
        s = e + 1;
    }
    return l;
}

/* "…" in a stands for any text. */
static bool line_matches(const char *a, int n, const char *b, int m)
{
    static const char any[] = "…";
    enum { ANY_LEN = sizeof any - 1 };
    for (; n; a++, b++, n--, m--) {
        if (n >= ANY_LEN && !memcmp(a, any, ANY_LEN)) {
            for (int skip = 0; skip <= m; skip++)
                if (line_matches(a + ANY_LEN, n - ANY_LEN, b + skip, m - skip))
                    return true;
            return false;
        }
        if (!m || *a != *b)
            return false;
    }
    return !m;
}

/* A line that is only "…" stands for any number of lines. */
static bool lines_match(const struct line *a, int n, const struct line *b, int m)
{
    for (; n; a++, b++, n--, m--) {
        if (a->n == sizeof "…" - 1 && !memcmp(a->s, "…", a->n)) {
            for (int skip = 0; skip <= m; skip++)
                if (lines_match(a + 1, n - 1, b + skip, m - skip))
                    return true;
            return false;
        }
        if (!m || !line_matches(a->s, a->n, b->s, b->n))
            return false;
    }
    return !m;
}

static bool begins(struct line l, const char *s)
{
    return (size_t)l.n >= strlen(s) && !memcmp(l.s, s, strlen(s));
}

/* ---- verdicts */

static void print_lines(const char *title, const struct line *v, int n)
{
    enum { MOST = 60 };
    printf("#   %s:%s\n", title, n ? "" : " nothing");
    for (int i = 0; i < n && i < MOST; i++)
        printf("#     %.*s\n", v[i].n, v[i].s);
    if (n > MOST)
        printf("#     … %d lines more\n", n - MOST);
}

static void verdict(bool good, const char *where, int line, struct line code)
{
    code = trimmed(code);
    int n = code.n > 70 ? 70 : code.n;
    while (n < code.n && ((unsigned char)code.s[n] & 0xC0) == 0x80)
        n++;                                                /* not within a character */
    printf("%sok %d - ", good ? "" : "not ", ++tests);
    if (line)
        printf("%s:%d: ", where, line);
    else
        printf("%s: ", where);
    for (int i = 0; i < n; i++)                              /* an unescaped # would begin a TAP directive */
        if (code.s[i] == '#')
            fputs("\\#", stdout);
        else
            putchar(code.s[i]);
    printf("%s\n", n < code.n ? " …" : "");
    failures += !good;
}

/* Compares what was said with the lines wanted. "hint: …" behind an error counts only where it is wanted. */
static bool compare(const struct lines *want, const char *where, int line, struct line code)
{
    struct lines got = split(said.s, said.n, true);
    bool hints = false;
    for (int i = 0; i < want->n; i++)
        hints |= begins(want->v[i], "hint:");
    int n = 0;
    for (int i = 0; i < got.n; i++)
        if (hints || !begins(got.v[i], "hint:"))
            got.v[n++] = got.v[i];
    got.n = n;
    bool good = lines_match(want->v, want->n, got.v, got.n);
    verdict(good, where, line, code);
    if (!good) {
        print_lines("expected", want->v, want->n);
        print_lines("got", got.v, got.n);
    }
    free(got.v);
    return good;
}

/* ---- pieces */

enum outcome { PIECE_RAN, PIECE_FAILED, PIECE_EXIT };

struct piece {
    int lines;                       /* how many of the text's lines it takes */
    bool empty;                      /* nothing to run */
    struct ast *tree;                /* to run, or NULL: a syntax error, in said */
    const char *behind;              /* in its text: what follows the last statement */
};

/* The piece that begins at `from`: lines are added until the parser wants no more. */
static struct piece piece_next(const char *text, const char *end, const char *from, int first_line)
{
    struct piece p = { 0 };
    (void)text;
    for (const char *to = from;;) {
        const char *e = memchr(to, '\n', end - to);
        to = e ? e + 1 : end;
        p.lines++;
        struct parse_options o = {
            .name = "", .flags = PARSE_MORE, .first_line = first_line, .is_variable = interp_is_variable
        };
        struct parse_error err = { 0 };
        p.tree = parse_text(from, to - from, &o, &err);
        if (p.tree) {
            uint32_t last = 0;
            struct function *m = p.tree->main;
            bool any = p.tree->script || p.tree->functions;
            if (m && m->body)
                for (int i = 0; i < m->body->list.n; i++)
                    if (m->body->list.v[i]->end > last)
                        last = m->body->list.v[i]->end;
            for (int i = 0; i < p.tree->functions; i++)
                if (p.tree->function[i]->end > last)
                    last = p.tree->function[i]->end;
            p.empty = !any;
            p.behind = from + last;
            return p;
        }
        bool more = err.incomplete && to < end;
        if (!more) {
            say_line("error: ", err.message);
            if (*err.hint)
                say_line("hint: ", err.hint);
            p.behind = to;                                   /* of a line with an error: its last "%!" */
            const char *last = from;
            for (const char *s = to - 1; s > from; s--)
                if (s[-1] == '\n') {
                    last = s;
                    break;
                }
            for (const char *s = last; s + 1 < to; s++)
                if (s[0] == '%' && s[1] == '!')
                    p.behind = s;
        }
        source_free(err.source);
        if (!more)
            return p;
    }
}

static void say_failure(void)
{
    const struct failure *f = failure();
    if (f->kind == FAIL_EXIT)
        return;
    say_line("error: ", f->kind == FAIL_INTERRUPT ? "interrupted" : f->message ? f->message : "");
}

static enum outcome piece_run(struct piece *p)
{
    if (!p->tree)
        return PIECE_FAILED;
    struct sink mine = { say, &said }, before = out_redirect(mine);
    int failed = interp_run_tree(p->tree, 0);
    out_flush();
    out_redirect(before);
    p->tree = NULL;
    if (!failed)
        return PIECE_RAN;
    say_failure();
    return failure()->kind == FAIL_EXIT ? PIECE_EXIT : PIECE_FAILED;
}

static void said_nothing(void)
{
    said.n = 0;
    say(&said, "", 0);
}

/* ---- the hostile build: TL_TEST=memory, TL_TEST=interrupt
   A piece that is one plain statement is run with its n-th allocation failing (or its n-th poll a Ctrl-C), for n = 1,
   2, … until none is left to fail; that run is the one that counts. After each failure every variable must be as
   before. Its display is turned off, since that comes when the work is done, and outputs are not compared: the other
   tests do that. */
static enum { CALM, MEMORY, INTERRUPT } hostile;

#ifdef TL_HARD
/* A large tensor is told by sizes and a hash (FNV-1a by words), a large range by its ends: the text of a million
   numbers at every step would take minutes, that of a thousand million more memory than there is. */
static bool said_in_short(struct text *t, value v, const char *name)
{
    enum { LARGE = 4096 };
    char line[160];
    if (v.kind == K_RANGE && v.range->n > LARGE) {
        say(t, name, strlen(name));
        say(t, line,
            (size_t)snprintf(line, sizeof line, ": %lld from %a by %a to %a\n", (long long)v.range->n, v.range->base,
                             v.range->inc, v.range->limit));
        return true;
    }
    if (v.kind != K_TENSOR || v.t->numel <= LARGE || !(v.t->flags & T_DENSE))
        return false;
    size_t size = dtypes[v.t->dtype].size;
    uint64_t h = 14695981039346656037u;
    for (i64 i = 0; i < v.t->numel; i++) {
        uint64_t x[2] = { 0, 0 };
        memcpy(x, v.t->data + (size_t)i * size, size);
        h = ((h ^ x[0]) * 1099511628211u ^ x[1]) * 1099511628211u;
    }
    say(t, name, strlen(name));
    say(t, line,
        (size_t)snprintf(line, sizeof line, ": %s, %d dimensions, hash %llx, sizes", dtypes[v.t->dtype].class, v.t->nd,
                         (unsigned long long)h));
    for (int i = 0; i < v.t->nd; i++)
        say(t, line, (size_t)snprintf(line, sizeof line, " %lld", (long long)v.t->dim[i]));
    say(t, "\n", 1);
    return true;
}

static void snapshot(struct text *t)
{
    struct sink mine = { say, t }, before = out_redirect(mine);
    struct scope *names = interp_scope();
    t->n = 0;
    say(t, "", 0);
    for (int i = 0; i < names->n; i++) {
        value v = interp_variable(names->var[i].name);
        if (v.kind == K_NIL)
            continue;
        out_flush();
        if (!said_in_short(t, v, names->var[i].name))
            print_display(v, names->var[i].name);
    }
    out_flush();
    out_redirect(before);
}

/* One statement without a body, which counts nothing, calls no function of the test's own and nothing that leaves traces
   elsewhere; of in-place methods at most one, since what the first of a chain has done stays done. */
static bool is_plain(const struct ast *a, const char *s, const char *end)
{
    static const char *const not_these[] = { "eval",    "evalc",    "evalin", "assignin", "rand", "randn",
                                             "randi",   "randperm", "rng",    "tic",      "toc",  "clear",
                                             "fopen",   "fclose",   "delete", "exit",     "quit", "warning",
                                             "lasterr", "format",   "run",    "source" };
    const struct list *body = &a->main->body->list;
    if (a->functions || body->n != 1 || body->v[0]->kind != NODE_EXPR)
        return false;
    int in_place = 0;
    while (s < end) {
        if (s + 1 < end && (*s == '+' || *s == '-') && s[1] == *s)          /* k++ stays counted */
            return false;
        if (!isalpha((unsigned char)*s) && *s != '_') {
            s++;
            continue;
        }
        char name[64];
        int n = 0;
        for (; s < end && (isalnum((unsigned char)*s) || *s == '_'); s++)
            if (n < (int)sizeof name - 1)
                name[n++] = *s;
        name[n] = 0;
        in_place += name[n - 1] == '_';
        for (int i = 0; i < COUNT(not_these); i++)
            if (!strcmp(name, not_these[i]))
                return false;
        struct function_info f = interp_function(name);
        if (f.kind == FN_USER || f.kind == FN_FILE || interp_variable(name).kind == K_FUNC)
            return false;
    }
    return in_place < 2;
}

static enum outcome piece_suffer(struct piece *p, const char *text, const char *end, const char *name, int line)
{
    static struct text before, after;
    const char *e = text;
    for (int i = 0; i < p->lines; i++) {
        e = memchr(e, '\n', end - e);
        e = e ? e + 1 : end;
    }
    struct line code = { text, (int)strcspn(text, "\n") };
    for (long n = 1;; n += 1 + n / 16) {
        for (int i = 0; i < p->tree->main->body->list.n; i++)
            p->tree->main->body->list.v[i]->flags &= ~NODE_PRINT;
        snapshot(&before);
        said_nothing();
        *(hostile == MEMORY ? &cx->fail_at : &poll_at) = n;
        enum outcome o = piece_run(p);
        bool hit = (hostile == MEMORY ? cx->fail_at : poll_at) == 0;
        cx->fail_at = poll_at = 0;
        interrupt_flag = 0;
        if (!hit || o == PIECE_EXIT || o == PIECE_RAN) {     /* it ran through, or went another way */
            verdict(true, name, line, code);
            return o;
        }
        snapshot(&after);
        if (strcmp(before.s, after.s)) {
            verdict(false, name, line, code);
            printf("#   after %s %ld of this statement failed, variables are not as before\n",
                   hostile == MEMORY ? "allocation" : "poll", n);
            struct lines x = split(before.s, before.n, true), y = split(after.s, after.n, true);
            int i = 0;
            while (i < x.n && i < y.n && x.v[i].n == y.v[i].n && !memcmp(x.v[i].s, y.v[i].s, x.v[i].n))
                i++;
            i = i > 3 ? i - 3 : 0;
            print_lines("before", x.v + i, x.n - i > 12 ? 12 : x.n - i);
            print_lines("after", y.v + i, y.n - i > 12 ? 12 : y.n - i);
            free(x.v);
            free(y.v);
            return o;
        }
        *p = piece_next(text, end, text, line);
        if (!p->tree)
            return PIECE_FAILED;
    }
}
#endif

/* ---- a file */

static const char *after_line(const char *s, const char *end)
{
    const char *e = memchr(s, '\n', end - s);
    return e ? e + 1 : end;
}

/* Is the line, after blanks, "%!…"? Then what is behind the mark, up to its newline. */
static bool is_expectation(const char *s, const char *end, struct line *rest)
{
    while (s < end && (*s == ' ' || *s == '\t'))
        s++;
    if (end - s < 2 || s[0] != '%' || s[1] != '!')
        return false;
    const char *e = memchr(s, '\n', end - s);
    *rest = (struct line){ s + 2, (int)((e ? e : end) - s - 2) };
    return true;
}

/* Functions may stand below their first use: all are defined before anything runs. */
static void define_functions(const char *text, const char *end)
{
    int line = 1;
    for (const char *s = text; s < end; s = after_line(s, end), line++) {
        if (strncmp(s, "function", 8) || (s[8] != ' ' && s[8] != '\t'))
            continue;
        said_nothing();
        struct piece p = piece_next(text, end, s, line);
        if (p.tree)
            piece_run(&p);
        for (int i = 1; i < p.lines; i++, line++)
            s = after_line(s, end);
    }
}

static bool is_assertion(const char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    return !strncmp(s, "assert", 6) && (s[6] == ' ' || s[6] == '(');
}

static void test_text(const char *name, const char *text, size_t len)
{
    const char *end = text + len;
    define_functions(text, end);
    int line = 1;
    for (const char *s = text; s < end; ) {
        struct line rest;
        int first = line;
        if (is_expectation(s, end, &rest)) {
            verdict(false, name, line, rest);
            puts("#   an expectation with no statement right above it");
            s = after_line(s, end), line++;
            continue;
        }
        said_nothing();
        struct piece p = piece_next(text, end, s, line);
        const char *from = s;
        for (int i = 0; i < p.lines; i++, line++)
            s = after_line(s, end);
        if (p.tree && p.empty) {
            ast_free(p.tree);
            continue;
        }
        /* The expectation: behind the last statement, and the marked lines below. */
        struct lines want = { 0 };
        bool wanted = false;
        for (const char *q = p.behind; q && q < s && *q != '\n'; q++)
            if (*q == '%' || *q == '#') {
                if (q[0] == '%' && q + 1 < s && q[1] == '!' && is_expectation(q, s, &rest)) {
                    wanted = true;
                    rest = trimmed(rest);
                    if (rest.n)
                        push(&want, rest.s, rest.n);
                }
                break;
            }
        for (; s < end && is_expectation(s, end, &rest); s = after_line(s, end), line++) {
            wanted = true;
            rest = trimmed(rest);
            if (rest.n)
                push(&want, rest.s, rest.n);
        }
        int run_lines = p.lines;
#ifdef TL_HARD
        if (hostile && p.tree && is_plain(p.tree, from, s)) {
            enum outcome o = piece_suffer(&p, from, end, name, first);
            free(want.v);
            if (o == PIECE_EXIT)
                break;
            continue;
        }
#endif
        enum outcome o = piece_run(&p);
        const char *e = memchr(from, '\n', end - from);
        struct line code = { from, (int)((e ? e : end) - from) };
        struct lines got = split(said.s, said.n, true);
        bool skip = false;
        for (int i = 0; i < got.n && !skip; i++)
            if (begins(got.v[i], "skip:") && !(want.n && lines_match(want.v, want.n, got.v, got.n))) {
                struct line why = trimmed((struct line){ got.v[i].s + 5, got.v[i].n - 5 });
                printf("ok %d - %s:%d # SKIP %.*s\n", ++tests, name, first, why.n, why.s);
                skip = true;
            }
        if (skip || hostile)
            ;
        else if (wanted)
            compare(&want, name, first, code);
        else if (o == PIECE_FAILED) {
            verdict(false, name, first, code);
            print_lines("failed", got.v, got.n);
            if (run_lines > 1)
                printf("#   in lines %d to %d\n", first, first + run_lines - 1);
        } else if (is_assertion(from))
            verdict(true, name, first, code);
        free(got.v);
        free(want.v);
        if (skip || o == PIECE_EXIT)
            break;
    }
}

/* A file of a function: the lines "%! …" are the test. They become the text, at their own line numbers. */
static char *marked_lines(const char *text, size_t len, size_t *n)
{
    char *out = malloc(len + 2);
    const char *end = text + len;
    *n = 0;
    if (!out)
        abort();
    for (const char *s = text; s < end; s = after_line(s, end)) {
        struct line rest;
        if (is_expectation(s, end, &rest)) {
            memcpy(out + *n, rest.s, rest.n);
            *n += rest.n;
        }
        out[(*n)++] = '\n';
    }
    out[*n] = 0;
    return out;
}

static int done(void)
{
    printf("1..%d\n", tests);
    free(said.s);
    memset(&said, 0, sizeof said);
    return failures != 0;
}

static void quietly(const char *text)
{
    struct sink mine = { say, &said }, before = out_redirect(mine);
    interp_run("", text, strlen(text), 0, 1);
    out_redirect(before);
}

static int test_file(const char *path)
{
    size_t n, m;
    char *text = program_read_file(path, &n);
    if (!text) {
        fprintf(stderr, "tl: cannot read '%s': %s\n", path, strerror(errno));
        return 2;
    }
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    path_script(path);
    struct parse_options o = { .name = path, .flags = PARSE_FILE };
    struct parse_error err = { 0 };
    struct ast *a = parse_text(text, n, &o, &err);
    bool function_file = a && a->functions && !a->script;
    if (a)
        ast_free(a);
    else
        source_free(err.source);
    int before = tests;
    if (function_file) {
        char *marked = marked_lines(text, n, &m);
        define_functions(text, text + n);
        test_text(name, marked, m);
        free(marked);
    } else
        test_text(name, text, n);
    if (tests == before)
        verdict(true, name, 0, (struct line){ "runs to its end", 15 });
    free(text);
    return 0;
}

int test_files(int n, char **file)
{
    int status = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    warning_say = say_warning;
    const char *mode = getenv("TL_TEST");
    if (mode && *mode) {
        hostile = !strcmp(mode, "interrupt") ? INTERRUPT : MEMORY;
#ifndef TL_HARD
        puts("1..0 # SKIP TL_TEST is for a program that was configured with --enable-hard");
        return 0;
#endif
    }
    for (int i = 0; i < n && !status; i++) {
        if (i)
            quietly("clear\nformat short\n");
        status = test_file(file[i]);
    }
    return status ? status : done();
}

/* ---- examples in help texts */

/* The example's lines: from "Example:" to "See also:" or a line that is not indented. */
static struct lines example_lines(const char *help)
{
    struct lines l = { 0 };
    for (const char *s = strstr(help, "Example:"); s; ) {
        const char *e = strchr(s, '\n');
        if (!e)
            break;
        s = e + 1;
        size_t n = strcspn(s, "\n");
        struct line x = { s, (int)n };
        if (trimmed(x).n && *s != ' ' && *s != '\t')
            break;
        push(&l, s, n);
    }
    return l;
}

static void test_example(const char *name, const char *help)
{
    struct lines all = example_lines(help);
    quietly("clear\nformat short\n");
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    for (int i = 0; i < all.n; i++)
        fprintf(f, "%.*s\n", all.v[i].n, all.v[i].s);
    fclose(f);
    const char *end = text + len;
    bool any = false;
    for (const char *s = text; s < end; ) {
        said_nothing();
        struct piece p = piece_next(text, end, s, 1);
        const char *from = s;
        for (int i = 0; i < p.lines; i++)
            s = after_line(s, end);
        if (p.tree && p.empty) {
            ast_free(p.tree);
            continue;
        }
        any = true;
        if (piece_run(&p) == PIECE_FAILED && failure()->id &&
            (!strcmp(failure()->id, "tl:no-plugin") || !strcmp(failure()->id, "tl:no-gnuplot"))) {
            printf("ok %d - %s # SKIP what it needs is not here\n", ++tests, name);
            break;
        }
        struct lines got = split(said.s, said.n, true), want = { 0 };
        const char *q = s;
        while (want.n < got.n && q < end) {                  /* as many lines as were printed */
            const char *next = after_line(q, end);
            struct line x = trimmed((struct line){ q, (int)(next - q) });
            if (x.n)
                push(&want, x.s, x.n);
            q = next;
        }
        s = q;
        free(got.v);
        bool good = compare(&want, name, 0, (struct line){ from, (int)strcspn(from, "\n") });
        free(want.v);
        if (!good)
            break;                                           /* what is code and what output is lost */
    }
    if (!any) {
        verdict(false, name, 0, (struct line){ "Example: holds nothing to run", 29 });
    }
    free(text);
    free(all.v);
}

/* The help in a file of a function: the comment lines from the first that is not the licence's, without their mark;
 * NULL: none. */
static char *help_in_file(const char *file)
{
    FILE *f = fopen(file, "r");
    char *text = NULL, *line = NULL;
    size_t len = 0, cap = 0;
    if (!f)
        return NULL;
    FILE *to = open_memstream(&text, &len);
    bool begun = false;
    for (ssize_t k; (k = getline(&line, &cap, f)) >= 0;) {
        bool comment = *line == '%' && line[1] != '!' && !strstr(line, "SPDX-License-Identifier");
        if (begun && !comment)
            break;
        if (comment)
            fputs(line[1] == ' ' ? line + 2 : line + 1, to);
        begun |= comment;
    }
    free(line);
    fclose(f);
    fclose(to);
    return text;
}

/* Of all functions in C and words, or of those named, or of the files named. */
int test_help(int n, char **name)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    warning_say = say_warning;
    for (int i = 0; i < registry_count(); i++) {
        const struct builtin *b = registry_at(i);
        bool asked = !n;
        for (int k = 0; k < n && !asked; k++)
            asked = !strcmp(name[k], b->name);
        if (asked && b->help && strstr(b->help, "Example:"))
            test_example(b->name, b->help);
    }
    for (int k = 0; k < n; k++) {
        size_t m = strlen(name[k]);
        char *help = m > 3 && !strcmp(name[k] + m - 3, ".tl") ? help_in_file(name[k]) : NULL;
        const char *slash = strrchr(name[k], '/');
        if (help && strstr(help, "Example:"))
            test_example(slash ? slash + 1 : name[k], help);
        free(help);
    }
    const char *names, *page;
    for (int i = 0; !n && (page = help_word(i, &names)); i++)
        if (strstr(page, "Example:"))
            test_example(names, page);
    return done();
}
