/* SPDX-License-Identifier: BSD-3-Clause */
/* What editors colour is what the lexer reads. Every byte of every script of the library, of the language tests and of the
 * texts below gets a class from the lexer – Comment, String, Number, Keyword or none – and the same class must come from the
 * TextMate grammar (VS Code), applied here with PCRE2, and from the Vim syntax, asked of `vim -es` where there is one.
 * Words of commands (`hold on`) have no class of their own in editors; only their quotes are looked at. */
#include "interp/ast.h"
#include "interp/lex.h"
#include "unit.h"
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Each hard for a grammar of regular expressions. */
static const char *const hard[] = {
    "a = b'; c = 'it''s'; d = [a' 'b' a'; 'c']; e = {a', 'x'}; f = x.'; g = \"a\"\"b\\\"c\"; h = s.t';\n",
    "x = A(end, end-1)'; y = c{end}(1); if x(end) > 1, y = x([1 end]); end, z = s.end + s.if;\n",
    "f = @(x) begin\n  if x, y = 1; end\n  for k = 1:3, y(end + 1) = k; end\nend;\ng = cellfun(@(t) begin t + 1; end, {1}); k = 2;\n",
    "%{\nblock\n  %{\n  nested 'a\n  %}\nstill\n%}\nx = 1 % 'not a text\ny = [1 2 ... a \"continuation\n  3];\n",
    "a = 1e3 + .5 - 2. + 3.^2 + 1./x + 0x1Fu8 + 0b101 + 2i + 1.5e-3j + x.y.^.5 + 1:3;\nb = [1 -2 - 3 .5]; c = 1...\n+2;\n",
    "do\n  x--;\nuntil x < 0\nunwind_protect\n  a = 1;\nunwind_protect_cleanup\n  b = 2;\nend_unwind_protect\n",
    "switch a\n  case 'x', b = 1;\n  case {'y', 'z'}\n    b = 2;\n  otherwise\n    b = 3;\nendswitch\nwhile true, break, endwhile\n",
    "disp 'hello % world' % comment\nhold on # comment\nformat long\nprintf(\"%5.2f 100%%\\n\", pi); % done\n",
    "function r = f(a, b)\n  r = a.b(1).c{2}';\nendfunction\nfunction g, x = 1; end\n#{\n hash\n#}\n",
    "s = {@(x) x', 'text', @() begin 'in'; end}; t = [s{1}(2)' 'u']; v = ~isempty(s) && !true;\n",
    "m = containers.Map(); m('end') = 1; q = {'if', \"end\"}; n = numel(q{end}); w = x.do + x.while(1);\n",
};

/* --- classes of bytes --- */

static char *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *s = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&s, &n);
    for (int c; (c = getc(f)) != EOF; )
        putc(c, out);
    fclose(f);
    fclose(out);
    *len = n;
    return s;
}

struct map { char *class; const char *text; size_t len; uint32_t seen; bool command; };

static void see(void *user, const struct token *t)
{
    struct map *m = user;
    const char *text = m->text;
    for (uint32_t i = m->seen; i < t->begin; i++)             /* what stands between tokens is comment */
        m->class[i] = 'C';
    m->seen = t->end > m->seen ? t->end : m->seen;
    bool begin = t->type == T_NAME && t->len == 5 && !memcmp(text + t->begin, "begin", 5) && t->begin && m->command;
    char class = t->type == T_NUMBER ? 'N' : t->type == T_KEYWORD || begin ? 'K' : t->type != T_STRING ? '.' :
                 text[t->begin] == '\'' || text[t->begin] == '"' ? 'S' : '?';
    memset(m->class + t->begin, class, t->end - t->begin);
    m->command = t->type == T_RPAREN;                          /* `begin` right after it opens a block */
}

/* malloc'd, one character a byte; NULL when the text is no program. */
static char *lexer_classes(const char *text, size_t len)
{
    struct map m = { .class = malloc(len + 1), .text = text, .len = len };
    memset(m.class, 'C', len);
    m.class[len] = 0;
    struct parse_error e;
    struct parse_options o = { .name = "t.tl", .on_token = see, .user = &m };
    struct ast *a = parse_text(text, len, &o, &e);
    if (!a) {
        source_free(e.source);
        free(m.class);
        return NULL;
    }
    ast_free(a);
    return m.class;
}

/* What a blank is called matters to nobody, nor the words of a command. */
static void compare(const char *who, const char *file, const char *text, size_t len, const char *want, const char *got)
{
    int line = 1;
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
        if (strchr(" \t\r\n\f\v", text[i]) || want[i] == '?' || want[i] == got[i])
            continue;
        size_t end = start;
        while (end < len && text[end] != '\n')
            end++;
        ck_abort_msg("%s, line %d: %.*s\n  lexer %.*s\n  %5s %.*s", file, line, (int)(end - start), text + start,
                     (int)(end - start), want + start, who, (int)(end - start), got + start);
    }
}

/* --- a TextMate grammar --- */

struct rule {
    pcre2_code *match, *end;              /* begin is in match */
    char class, capture[10];              /* 0: that of the rule around; captures of match or begin */
    char end_capture[10];
    struct rule *part;                    /* of begin … end, or of a group */
    int parts;
    bool group;
};

static json_t *grammar;
static struct { const char *name; struct rule *r; } known[64];
static int knowns;

static char class_of(json_t *name)
{
    const char *s = json_string_value(name);
    static const struct { const char *scope; char class; } is[] = {
        { "comment", 'C' }, { "string", 'S' }, { "constant.character", 'S' }, { "constant.other", 'S' },
        { "constant.numeric", 'N' }, { "keyword.control", 'K' },
    };
    for (size_t i = 0; s && i < sizeof is / sizeof *is; i++)
        if (!strncmp(s, is[i].scope, strlen(is[i].scope)))
            return is[i].class;
    return s ? '.' : 0;
}

static pcre2_code *regex(json_t *j)
{
    int code;
    PCRE2_SIZE at;
    const char *s = json_string_value(j);
    pcre2_code *c = s ? pcre2_compile((PCRE2_SPTR)s, PCRE2_ZERO_TERMINATED, 0, &code, &at, NULL) : NULL;
    ck_assert_msg(!s || c, "the grammar's pattern is wrong at %zu: %s", s ? at : 0, s ? s : "");
    return c;
}

static void captures(json_t *j, char *out)
{
    const char *key;
    json_t *v;
    json_object_foreach(j, key, v)
        out[atoi(key) % 10] = class_of(json_object_get(v, "name"));
}

static void read_rule(json_t *j, struct rule *r);
static void read_parts(json_t *list, struct rule *r)
{
    r->parts = (int)json_array_size(list);
    r->part = calloc((size_t)r->parts + 1, sizeof *r->part);
    for (int i = 0; i < r->parts; i++) {
        json_t *p = json_array_get(list, (size_t)i);
        const char *include = json_string_value(json_object_get(p, "include"));
        if (!include) {
            read_rule(p, &r->part[i]);
            continue;
        }
        ck_assert_int_eq(include[0], '#');
        int k = 0;
        while (k < knowns && strcmp(known[k].name, include + 1))
            k++;
        if (k == knowns) {
            json_t *target = json_object_get(json_object_get(grammar, "repository"), include + 1);
            ck_assert_msg(target != NULL, "%s is included but is not in the repository", include);
            ck_assert_int_lt(knowns, 64);
            known[knowns].name = include + 1;
            struct rule *made = known[knowns++].r = calloc(1, sizeof *made);
            read_rule(target, made);
        }
        r->part[i] = (struct rule){ .group = true, .parts = -1, .part = known[k].r };
    }
}

static void read_rule(json_t *j, struct rule *r)
{
    r->class = class_of(json_object_get(j, "name"));
    r->match = regex(json_object_get(j, json_object_get(j, "begin") ? "begin" : "match"));
    r->end = regex(json_object_get(j, "end"));
    captures(json_object_get(j, "captures"), r->capture);
    captures(json_object_get(j, "beginCaptures"), r->capture);
    captures(json_object_get(j, "endCaptures"), r->end_capture);
    r->group = !r->match;
    read_parts(json_object_get(j, "patterns"), r);
}

struct found { const struct rule *r; size_t begin, end; PCRE2_SIZE at[20]; int n; };

static bool search(pcre2_code *c, const char *line, size_t len, size_t from, struct found *f)
{
    pcre2_match_data *d = pcre2_match_data_create(10, NULL);
    int n = pcre2_match(c, (PCRE2_SPTR)line, len, from, 0, d, NULL);
    PCRE2_SIZE *o = pcre2_get_ovector_pointer(d);
    if (n > 0) {
        f->begin = o[0];
        f->end = o[1];
        f->n = n;
        memcpy(f->at, o, (size_t)n * 2 * sizeof *o);
    }
    pcre2_match_data_free(d);
    return n > 0;
}

/* The first match of any part, earlier rules before later ones. */
static void first_of(const struct rule *r, const char *line, size_t len, size_t from, struct found *best)
{
    if (r->group && r->parts < 0) {
        r = r->part;
        if (!r->group) {
            struct found f;
            if (search(r->match, line, len, from, &f) && f.begin < best->begin) {
                *best = f;
                best->r = r;
            }
            return;
        }
    }
    for (int i = 0; i < r->parts; i++) {
        const struct rule *p = &r->part[i];
        struct found f;
        if (p->group)
            first_of(p, line, len, from, best);
        else if (search(p->match, line, len, from, &f) && f.begin < best->begin) {
            *best = f;
            best->r = p;
        }
    }
}

static void paint(char *class, const struct found *f, char whole, const char *capture)
{
    memset(class + f->begin, whole, f->end - f->begin);
    for (int i = 1; i < f->n; i++)
        if (capture[i] && f->at[2 * i] != PCRE2_UNSET)
            memset(class + f->at[2 * i], capture[i], f->at[2 * i + 1] - f->at[2 * i]);
}

static void grammar_classes(const struct rule *top, const char *text, size_t len, char *class)
{
    enum { DEEP = 200 };
    const struct rule *stack[DEEP] = { top };
    char inside[DEEP] = { '.' };
    int depth = 0;
    memset(class, '.', len);
    for (size_t start = 0, stop; start < len; start = stop + 1) {
        for (stop = start; stop < len && text[stop] != '\n'; stop++)
            ;
        const char *line = text + start;
        size_t n = stop - start, pos = 0;
        for (int still = 0; still < 20; ) {                   /* empty matches move nothing */
            struct found f, e;
            f.begin = (size_t)-1;
            f.r = NULL;
            first_of(stack[depth], line, n, pos, &f);
            bool ends = depth && search(stack[depth]->end, line, n, pos, &e);
            size_t to = n;
            if (ends && e.begin <= f.begin)
                to = e.begin;
            else if (f.r)
                to = f.begin;
            memset(class + start + pos, inside[depth], to - pos);
            if (ends && e.begin <= f.begin) {
                paint(class + start, &e, inside[depth], stack[depth]->end_capture);
                still = e.end > pos ? 0 : still + 1;
                pos = e.end;
                depth--;
            } else if (f.r) {
                char around = inside[depth], own = f.r->class ? f.r->class : around;
                paint(class + start, &f, own, f.r->capture);
                still = f.end > pos ? 0 : still + 1;
                pos = f.end;
                if (f.r->end) {
                    ck_assert_int_lt(depth + 1, DEEP);
                    stack[++depth] = f.r;
                    inside[depth] = own;
                } else if (f.begin == f.end && pos < n)
                    pos++;
            } else
                break;
        }
    }
}

/* --- the texts --- */

static glob_t files;

static const char *source(void)
{
    const char *s = getenv("SRCDIR");
    return s ? s : "..";
}

static void find_files(void)
{
    static const char *const where[] = { "scripts/*.tl", "scripts/+*/*.tl", "scripts/examples/*.tl", "tests/language/*.tl" };
    for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
        char pattern[4096];
        snprintf(pattern, sizeof pattern, "%s/%s", source(), where[i]);
        glob(pattern, i ? GLOB_APPEND : 0, NULL, &files);
    }
    ck_assert_int_gt((int)files.gl_pathc, 100);
}

static void each(void (*check)(const char *name, const char *text, size_t len, const char *want))
{
    char name[40];
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        snprintf(name, sizeof name, "text %zu", i + 1);
        char *want = lexer_classes(hard[i], strlen(hard[i]));
        ck_assert_msg(want != NULL, "%s is no program", name);
        check(name, hard[i], strlen(hard[i]), want);
        free(want);
    }
    int read = 0;
    for (size_t i = 0; i < files.gl_pathc; i++) {
        size_t len;
        char *text = slurp(files.gl_pathv[i], &len), *want = text ? lexer_classes(text, len) : NULL;
        if (want) {                                            /* a test of syntax errors is no program */
            check(files.gl_pathv[i], text, len, want);
            read++;
        }
        free(want);
        free(text);
    }
    ck_assert_int_gt(read, 100);
}

static struct rule top;
static void check_grammar(const char *name, const char *text, size_t len, const char *want)
{
    char *got = malloc(len + 1);
    grammar_classes(&top, text, len, got);
    compare("VS Code", name, text, len, want, got);
    free(got);
}

START_TEST(the_grammar_colours_as_the_lexer_reads)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/scripts/editors/vscode/syntaxes/tl.tmLanguage.json", source());
    json_error_t e;
    grammar = json_load_file(path, 0, &e);
    ck_assert_msg(grammar != NULL, "%s:%d: %s", path, e.line, e.text);
    read_rule(grammar, &top);
    top.group = true;
    find_files();
    each(check_grammar);
}
END_TEST

/* Vim writes the classes of each file that is named in `list` to NAME.class beside it. */
static const char vim_script[] =
    "set nocompatible\nsyntax on\n"
    "let s:class = {'tlComment': 'C', 'tlContinued': 'C', 'tlBlockComment': 'C', 'tlTodo': 'C', 'tlString': 'S', 'tlEscape': 'S',"
    " 'tlFormat': 'S', 'tlNumber': 'N', 'tlKeyword': 'K'}\n"
    "for s:file in readfile('list')\n"
    "  execute 'edit!' fnameescape(s:file)\n"
    "  set syntax=tl\n"
    "  syntax sync fromstart\n"
    "  let s:out = []\n"
    "  for s:l in range(1, line('$'))\n"
    "    let s:text = getline(s:l) | let s:row = ''\n"
    "    for s:c in range(1, len(s:text))\n"
    "      let s:row .= get(s:class, synIDattr(synID(s:l, s:c, 1), 'name'), '.')\n"
    "    endfor\n"
    "    call add(s:out, s:row)\n"
    "  endfor\n"
    "  call writefile(s:out, s:file . '.class')\n"
    "endfor\nqall!\n";

/* Runs what `script` says in Vim, on our files for it. */
static bool have_vim(void)
{
    if (system("vim --version 2>/dev/null | grep -q '[+]syntax'") == 0)
        return true;
    puts("# skipped: there is no vim with syntax here");
    return false;
}

static void run_vim(const char *script)
{
    char command[9000];
    FILE *f = fopen("test.vim", "w");
    fputs(script, f);
    fclose(f);
    snprintf(command, sizeof command,
             "HOME=/nonexistent vim -N -u NONE -i NONE -es --cmd 'set rtp^=%s/scripts/editors/vim' -S test.vim </dev/null >vim.out 2>&1", source());
    ck_assert_int_eq(system(command), 0);
    unlink("test.vim");
    unlink("vim.out");
}

static FILE *list;
static int told;
static bool reading;
static void check_vim(const char *name, const char *text, size_t len, const char *want)
{
    char file[40], class[50];
    snprintf(file, sizeof file, "%d.tl", ++told);
    if (!reading) {
        FILE *f = fopen(file, "w");
        fwrite(text, 1, len, f);
        fclose(f);
        fprintf(list, "%s\n", file);
        return;
    }
    snprintf(class, sizeof class, "%s.class", file);
    size_t n;
    char *got = slurp(class, &n);
    ck_assert_msg(got != NULL, "vim wrote no classes for %s", name);
    ck_assert_uint_ge(n + 1, len);
    compare("Vim", name, text, len, want, got);
    free(got);
    unlink(file);
    unlink(class);
}

START_TEST(vim_colours_as_the_lexer_reads)
{
    if (!have_vim())
        return;
    find_files();
    list = fopen("list", "w");
    each(check_vim);
    fclose(list);
    run_vim(vim_script);
    unlink("list");
    told = 0;
    reading = true;
    each(check_vim);
}
END_TEST

/* The examples, every line moved to the left edge, come back as they were written. */
START_TEST(vim_indents_the_examples)
{
    if (!have_vim())
        return;
    char pattern[4096];
    snprintf(pattern, sizeof pattern, "%s/scripts/examples/*.tl", source());
    glob_t g;
    ck_assert_int_eq(glob(pattern, 0, NULL, &g), 0);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        size_t len, n;
        char *text = slurp(g.gl_pathv[i], &len);
        FILE *f = fopen("flat.tl", "w");
        bool edge = true;
        for (size_t k = 0; k < len; k++) {
            edge = edge && text[k] == ' ';
            if (!edge)
                putc(text[k], f);
            edge = edge || text[k] == '\n';
        }
        fclose(f);
        run_vim("filetype plugin indent on\nedit flat.tl\nset ft=tl\nnormal gg=G\nwrite! flat.out\nqa!\n");
        char *got = slurp("flat.out", &n);
        ck_assert_msg(got != NULL, "vim wrote nothing for %s", g.gl_pathv[i]);
        size_t k = 0;
        int line = 1;
        for (; k < len && k < n && text[k] == got[k]; k++)
            line += text[k] == '\n';
        ck_assert_msg(k == len && k == n, "%s, line %d is indented otherwise", g.gl_pathv[i], line);
        free(got);
        free(text);
        unlink("flat.tl");
        unlink("flat.out");
    }
    globfree(&g);
}
END_TEST

/* :make finds the place of an error. */
START_TEST(vim_finds_the_error)
{
    if (!have_vim())
        return;
    const char *tl = getenv("TL");
    FILE *f = fopen("bad.tl", "w");
    fputs("x = [1 2 3];\nx(7)\n", f);
    fclose(f);
    char script[9000];
    snprintf(script, sizeof script,
             "set nomore\nfiletype plugin on\nedit bad.tl\nset ft=tl\nlet &makeprg = '%s %%:S'\nsilent! make\n"
             "call writefile(map(getqflist(), 'bufname(v:val.bufnr) . v:val.lnum . v:val.type . v:val.text'), 'list')\nqa!\n", tl ? tl : "./tl");
    run_vim(script);
    size_t n;
    char *got = slurp("list", &n);
    ck_assert_msg(got && !strncmp(got, "bad.tl2Ex(7): out of bound 3", 28), "the list says: %s", got ? got : "nothing");
    free(got);
    unlink("bad.tl");
    unlink("list");
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("colours");
    tcase_add_test(t, the_grammar_colours_as_the_lexer_reads);
    tcase_add_test(t, vim_colours_as_the_lexer_reads);
    tcase_add_test(t, vim_indents_the_examples);
    tcase_add_test(t, vim_finds_the_error);
    return unit_run("editors", t, 280, CK_FORK_GETENV);
}
