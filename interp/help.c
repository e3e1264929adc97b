/* SPDX-License-Identifier: BSD-3-Clause */
/* help, apropos, which, type: read from the texts that stand beside the functions (BUILTIN blocks, comments of functions in
 * tl) and from words.def for what is no function. Paragraphs are filled here; indented lines stay as they are. */
#include "interp/interp.h"
#include "interp/lex.h"
#include "interp/session.h"
#include "lab/nearest.h"
#include "nn/nn.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct { const char *names, *page; } words[] = {
#define WORD(names, page) { names, page },
#include "words.def"
};

const char *help_word(int i, const char **names)
{
    if (i >= COUNT(words))
        return NULL;
    *names = words[i].names;
    return words[i].page;
}

static int width(void)
{
    struct winsize w;
    return isatty(1) && !ioctl(1, TIOCGWINSZ, &w) && w.ws_col >= 40 ? MIN(w.ws_col, 100) : 80;
}

const char *help_word_page(const char *name)
{
    size_t n = strlen(name);
    for (int i = 0; i < COUNT(words) && n; i++)
        for (const char *s = words[i].names; s; s = strchr(s, ' ')) {
            s += *s == ' ';
            if (strcspn(s, " ") == n && !strncmp(s, name, n))
                return words[i].page;
        }
    return NULL;
}

/* The end of the first n bytes of s that fill at most so many columns: UTF-8 counts its characters. */
static size_t reach(const char *s, size_t n, int columns)
{
    size_t k = 0;
    for (; k < n; k++)
        if (((unsigned char)s[k] & 0xC0) != 0x80 && !columns--)
            break;
    return k;
}

static void wrap(struct buf *out, const char *s, size_t n, int columns)
{
    size_t at = 0, end;
    while ((end = at + reach(s + at, n - at, columns)) < n) {
        while (end > at && s[end] != ' ')
            end--;
        if (end == at)
            break;
        buf_add(out, s + at, end - at);
        buf_putc(out, '\n');
        at = end;
        while (at < n && s[at] == ' ')
            at++;
    }
    buf_add(out, s + at, n - at);
    buf_putc(out, '\n');
}

/* A paragraph: lines that neither are empty nor begin with a blank.  When one is longer than the screen all are filled
 * anew as one text, else they stay. */
static size_t paragraph(struct buf *out, const char *s, int columns)
{
    struct buf *all = buf_new();
    bool fits = true;
    size_t at = 0;
    do {
        size_t n = strcspn(s + at, "\n"), m = n;
        const char *line = s + at;
        while (m && line[m - 1] == ' ')
            m--;
        fits = fits && reach(line, m, columns) == m;
        if (at)
            buf_putc(all, ' ');
        buf_add(all, line, m);
        at += n + (s[at + n] == '\n');
    } while (s[at] && !isspace((unsigned char)s[at]));
    if (fits)
        buf_add(out, s, at);
    else
        wrap(out, all->s, all->n, columns);
    if (fits && s[at - 1] != '\n')
        buf_putc(out, '\n');
    return at;
}

static const char see_also[] = "See also: ";

/* The names behind See also without the page's own, since many pages share one list. */
static const char *others(const char *s, size_t *n, const char *name)
{
    size_t from = strlen(see_also), own = strlen(name);
    struct buf *b = buf_new();
    buf_puts(b, see_also);
    for (size_t k = from; k < *n;) {
        size_t end = k;
        while (end < *n && s[end] != ',')
            end++;
        if (end - k != own || strncmp(s + k, name, own)) {
            if (b->n > from)
                buf_puts(b, ", ");
            buf_add(b, s + k, end - k);
        }
        k = end + strspn(s + end, ", ");
    }
    *n = b->n;
    return b->s;
}

static void page(struct buf *out, const char *text, const char *name)
{
    int columns = width();
    bool head = true;                                         /* signatures, up to the first blank line, are indented */
    for (const char *s = text; *s; ) {
        size_t n = strcspn(s, "\n");
        if (!n)
            head = false;
        if (head)
            buff(out, "  %.*s\n", (int)n, s);
        else if (isspace((unsigned char)*s) || !n) {
            buf_add(out, s, n);
            buf_putc(out, '\n');
        } else if (!strncmp(s, see_also, sizeof see_also - 1)) {
            size_t m = n;
            const char *line = others(s, &m, name);
            wrap(out, line, m, columns);
        } else {
            s += paragraph(out, s, columns);
            continue;
        }
        s += n + (s[n] == '\n');
    }
    buf_putc(out, '\n');
}

static void plain_page(struct buf *out, const char *text)    /* the user's comment stays as it was written */
{
    for (const char *s = text; *s; ) {
        size_t n = strcspn(s, "\n");
        buff(out, "  %.*s\n", (int)n, s);
        s += n + (s[n] == '\n');
    }
    buf_putc(out, '\n');
}

static const char *first_line(const char *doc, size_t *n)    /* of the meaning */
{
    const char *s = strstr(doc, "\n\n");
    s = s ? s + 2 : doc;
    *n = strcspn(s, "\n");
    for (size_t i = 0; i + 1 < *n; i++)
        if (s[i] == '.' && s[i + 1] == ' ') {
            *n = i + 1;
            break;
        }
    return s;
}

static void try_name(const char *name, void *arg)
{
    if (name[strlen(name) - 1] != '.')                        /* that is a folder of a package */
        nearest_try(arg, name);
}

static void try_package(const char *name, void *arg)         /* of optim.sgd, or optim. as the path tells a folder */
{
    const char *dot = strchr(name, '.');
    if (dot)
        nearest_try(arg, symbol_n(name, (size_t)(dot - name))->text);
}

static void unknown(struct buf *out, const char *name)
{
    struct nearest near;
    nearest_begin(&near, name);
    interp_each_function(try_name, &near);
    path_each(NULL, false, try_name, &near);
    path_each(NULL, true, try_name, &near);
    interp_each_function(try_package, &near);
    path_each(NULL, false, try_package, &near);
    path_each(NULL, true, try_package, &near);
    for (int i = 0; i < KEYWORDS; i++)
        nearest_try(&near, keyword_info[i].text);
    buff(out, "There is no function '%s'", name);
    if (nearest_found(&near))
        buff(out, "; did you mean '%s'?\n", nearest_found(&near));
    else
        buff(out, ". `lookfor %s` searches all help texts.\n", name);
}

/* --- packages: the names in them with their first lines --- */

struct members { const char *package; size_t len; char **v; int nv, room; };

static void add_member(const char *name, void *arg)
{
    struct members *m = arg;
    if (strncmp(name, m->package, m->len) || name[m->len] != '.')
        return;
    if (m->nv == m->room) {
        char **v = realloc(m->v, sizeof *v * (size_t)(m->room = 2 * m->room + 32));
        if (!v)
            return;
        m->v = v;
    }
    if ((m->v[m->nv] = strdup(name)))
        m->nv++;
}

static void add_file(const char *name, void *arg)
{
    struct members *m = arg;
    char full[256];
    if (snprintf(full, sizeof full, "%s.%s", m->package, name) < (int)sizeof full)
        add_member(full, arg);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void line_of(struct buf *out, const char *name, const char *doc)
{
    size_t n = 0;
    const char *s = doc ? first_line(doc, &n) : "";
    buff(out, "  %-22s %.*s\n", name, (int)MIN(n, (size_t)width() - 26), s);
}

static const char *doc_of(struct function_info f)
{
    return f.kind == FN_BUILTIN ? f.builtin->help : f.doc;
}

static bool package_page(struct buf *out, const char *name)
{
    if (!interp_is_package(name))
        return false;
    const char *about = interp_package_about(name);
    struct members m = { .package = name, .len = strlen(name) };
    interp_each_function(add_member, &m);
    path_each(name, false, add_file, &m);
    path_each(name, true, add_file, &m);
    buff(out, "'%s' is a package%s%s%s\n", name, about && *about ? ", " : "", about ? about : "", m.nv ? ":\n" : ".");
    if (m.nv)
        qsort(m.v, (size_t)m.nv, sizeof *m.v, by_text);
    for (int i = 0; i < m.nv; i++) {
        if (!i || strcmp(m.v[i], m.v[i - 1])) {
            const char *doc = doc_of(interp_function(m.v[i]));
            line_of(out, m.v[i], doc);
        }
    }
    for (int i = 0; i < m.nv; i++)
        free(m.v[i]);
    free(m.v);
    buff(out, "\n`help %s.NAME` tells more.\n", name);
    return true;
}

/* --- pages --- */

static const char overview[] =
    "tl works with numbers in rectangles. Some things to type:\n\n"
    "  A = [4 1; 2 3]            a matrix; a semicolon at the end of a line keeps it silent\n"
    "  [V, D] = eig(A)           functions as in MATLAB and Octave\n"
    "  f = @(x) x.^2 - 2         a function; f(3), f(A)\n"
    "  v = A.select(1, 2)        a view: v.fill_(0) writes into A\n"
    "  plot(sin(0:0.1:6))        a picture; print('a.png') writes it\n\n"
    "  lesson, demo              linear algebra and networks step by step; programs step by step\n"
    "  help NAME, ?NAME          the page of a function, keyword, operator or package\n"
    "  doc NAME                  the manual at that place, in a browser or in info\n"
    "  lookfor WORD              functions whose help has that word\n"
    "  ??NAME                    the source of a function\n"
    "  example NAME              the example of a page, run\n"
    "  who, whos, clear          the variables\n"
    "  !COMMAND                  the shell\n"
    "  exit, Ctrl-D              leave\n\n"
    "Pages on the language: if for while switch try function return @ operators comparison\n"
    "assignment range index matrix string comment debugging\n"
    "Packages: nn optim data unsup image nngraph gnuplot\n";

/* A layer's help tells its defaults, which stand in its table of options, before the example. */
static void builtin_page(struct buf *out, const char *help, const char *name)
{
    struct buf *whole = buf_new(), *defaults = buf_new();
    nn_defaults(name, help, defaults);
    const char *example = strstr(help, "Example:");
    if (!defaults->n || !example) {
        page(out, help, name);
        return;
    }
    buf_add(whole, help, (size_t)(example - help));
    buf_add(whole, defaults->s, defaults->n);
    buf_puts(whole, example);
    page(out, whole->s, name);
}

bool help_text(struct buf *out, const char *name)
{
    if (!*name) {
        buf_puts(out, overview);
        return true;
    }
    const char *text = help_word_page(name);
    struct function_info f = interp_function(name);
    bool builtin = f.kind == FN_BUILTIN && *f.builtin->help;     /* what has no help is for the library itself */
    if (builtin) {
        buff(out, "'%s' is a built-in function\n\n", name);
        builtin_page(out, f.builtin->help, name);
        if (text)                                                /* `range` is both */
            buf_puts(out, "And in the language:\n\n");
    }
    if (text)
        page(out, text, name);
    if (builtin || text) {
        package_page(out, name);                                 /* `image` is one, too */
        return true;
    }
    if (f.kind == FN_BUILTIN) {
        unknown(out, name);
        return false;
    }
    if (f.kind != FN_NONE) {
        if (f.file && *f.file)
            buff(out, "'%s' is a function from %s\n\n", name, f.file);
        else
            buff(out, "'%s' is a function that was typed\n\n", name);
        if (f.doc && f.file && path_owns(f.file))
            page(out, f.doc, name);
        else if (f.doc)
            plain_page(out, f.doc);
        else
            buf_puts(out, "It has no help text. A comment before or behind its first line would be one.\n");
        return true;
    }
    if (package_page(out, name))
        return true;
    if (interp_is_variable(NULL, name)) {
        char buf[160];
        buff(out, "'%s' is a variable, %s\n", name, value_describe(interp_variable(name), buf));
        return true;
    }
    unknown(out, name);
    return false;
}

void help_source(struct buf *out, const char *name)
{
    struct function_info f = interp_function(name);
    if (f.kind == FN_BUILTIN)
        buff(out, "'%s' is a built-in function\n", name);
    else if (f.kind != FN_NONE && f.source) {
        buff(out, "'%s' is a function from %s\n\n", name, f.file && *f.file ? f.file : "the prompt");
        buf_add(out, f.source->text + f.begin, f.end - f.begin);
        buf_puts(out, "\n");
    } else if (interp_is_variable(NULL, name)) {
        char buf[160];
        buff(out, "'%s' is a variable, %s\n", name, value_describe(interp_variable(name), buf));
    } else if (help_word_page(name))
        buff(out, "'%s' belongs to the language; `help %s` tells more\n", name, name);
    else
        unknown(out, name);
}

/* --- search --- */

struct search { char **v; int n, room; };

static bool has_word(const char *text, const char *word)
{
    return text && strcasestr(text, word);
}

/* Only collects: what asks for a help text may read a file, and list anew the folder that is walked. */
static void search_one(const char *name, void *arg)
{
    struct search *s = arg;
    if (s->n == s->room) {
        char **v = realloc(s->v, sizeof *v * (size_t)(s->room = 2 * s->room + 32));
        if (!v)
            return;
        s->v = v;
    }
    if ((s->v[s->n] = strdup(name)))
        s->n++;
}

static void search_file(const char *name, void *arg)
{
    if (!strchr(name, '.'))
        search_one(name, arg);
}

struct page_of { const char *name, *doc; };
static void fetch_page(void *arg)
{
    struct page_of *p = arg;
    p->doc = doc_of(interp_function(p->name));
}

static void apropos(struct buf *out, const char *word)
{
    struct search s = { 0 };
    path_refresh();                           /* files that were made in this line too */
    interp_each_function(search_one, &s);
    path_each(NULL, false, search_file, &s);
    path_each(NULL, true, search_file, &s);
    bool any = false;
    if (s.n)
        qsort(s.v, (size_t)s.n, sizeof *s.v, by_text);
    for (int i = 0; i < s.n; i++) {
        if (i && !strcmp(s.v[i], s.v[i - 1]))
            continue;
        struct page_of p = { s.v[i], NULL };
        if (protect(fetch_page, &p) && failure()->kind != FAIL_ERROR) {       /* a file with a mistake in it has no page */
            for (int k = 0; k < s.n; k++)
                free(s.v[k]);
            free(s.v);
            fail_again();
        }
        if (has_word(p.name, word) || has_word(p.doc, word)) {
            line_of(out, p.name, p.doc ? p.doc : "");
            any = true;
        }
    }
    for (int i = 0; i < COUNT(words); i++)
        if (has_word(words[i].page, word)) {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)strcspn(words[i].names, " "), words[i].names);
            line_of(out, name, words[i].page);
            any = true;
        }
    if (!any)
        buff(out, "Nothing about '%s' in the help texts.\n", word);
    for (int i = 0; i < s.n; i++)
        free(s.v[i]);
    free(s.v);
}

/* --- the functions --- */

void help_show(struct call *c, struct buf *b)
{
    if (c->nargout > 0)
        result(c, 0, buf_value(b));
    else
        session_page(b->s, b->n);
}

BUILTIN(help, 0, 1, 1, NO_GRAD,
  "help name\n"
  "help\n"
  "text = help(name)\n\n"
  "The page of a function, keyword, operator or package; at the prompt ?name is short for it. Functions of your own "
  "are documented by the comment before or behind their first line.\n\n"
  "Example:\n"
  "  t = help('pi'); ischar(t)\n"
  "  ans = 1\n\n"
  "See also: doc, lookfor, which, type")
{
    struct buf *b = buf_new();
    help_text(b, c->nargin ? arg_text(c, 0, NULL) : "");
    help_show(c, b);
}

BUILTIN(lookfor, 1, 1, 1, NO_GRAD,
  "lookfor word\n\n"
  "The functions, keywords and operators whose name or help text has the word in it, with their first lines.\n\n"
  "Example:\n"
  "  t = lookfor('cumulative'); ischar(t)\n"
  "  ans = 1\n\n"
  "See also: help, which")
{
    struct buf *b = buf_new();
    apropos(b, arg_text(c, 0, NULL));
    help_show(c, b);
}

BUILTIN(apropos, 1, 1, 1, NO_GRAD,
  "apropos word\n\n"
  "The same as lookfor.\n\n"
  "Example:\n  t = apropos('cumulative'); ischar(t)\n  ans = 1\n\n"
  "See also: lookfor")
{
    struct buf *b = buf_new();
    apropos(b, arg_text(c, 0, NULL));
    help_show(c, b);
}

BUILTIN(which, 1, ANY, 1, NO_GRAD,
  "which name\n"
  "file = which(name)\n\n"
  "What a name means here: a variable, a function that was typed, one from a file, or a built-in one.\n\n"
  "Example:\n"
  "  which pi\n"
  "  'pi' is a built-in function\n\n"
  "See also: help, type, exist")
{
    struct buf *b = buf_new();
    for (int i = 0; i < c->nargin; i++) {
        const char *name = arg_text(c, i, NULL);
        struct function_info f = interp_function(name);
        if (c->nargout > 0)
            buf_puts(b, f.kind == FN_BUILTIN ? "built-in function" : f.kind != FN_NONE && f.file ? f.file : "");
        else if (interp_is_variable(NULL, name))
            buff(b, "'%s' is a variable\n", name);
        else if (f.kind == FN_BUILTIN)
            buff(b, "'%s' is a built-in function\n", name);
        else if (f.kind != FN_NONE)
            buff(b, f.file && *f.file ? "'%s' is a function from %s\n" : "'%s' is a function that was typed\n", name, f.file);
        else if (is_keyword(name))
            buff(b, "'%s' is a keyword\n", name);
        else if (interp_is_package(name))
            buff(b, "'%s' is a package\n", name);
        else if (help_word_page(name))
            buff(b, "'%s' belongs to the language\n", name);
        else
            unknown(b, name);
    }
    help_show(c, b);
}

BUILTIN(type, 1, ANY, 1, NO_GRAD,
  "type name\n"
  "text = type(name)\n\n"
  "The source of a function; at the prompt ??name is short for it.\n\n"
  "Example:\n"
  "  type pi\n"
  "  'pi' is a built-in function\n\n"
  "See also: help, which")
{
    struct buf *b = buf_new();
    for (int i = 0; i < c->nargin; i++)
        help_source(b, arg_text(c, i, NULL));
    help_show(c, b);
}

BUILTIN(iskeyword, 0, 1, 1, NO_GRAD,
  "t = iskeyword(name)\n"
  "c = iskeyword()\n\n"
  "Whether a name is a keyword of the language; without a name, a cell of all of them.\n\n"
  "Example:\n"
  "  iskeyword('for')\n"
  "  ans = 1\n\n"
  "See also: isvarname")
{
    if (c->nargin) {
        result_bool(c, 0, is_keyword(arg_text(c, 0, NULL)));
        return;
    }
    const char *all[KEYWORDS];
    for (int i = 0; i < KEYWORDS; i++)
        all[i] = keyword_info[i].text;
    result(c, 0, cell_of_texts(KEYWORDS, all));
}
