/* SPDX-License-Identifier: BSD-3-Clause */
/* Completion. A word without dots is a variable, keyword, function or package, or an argument of the call around it; behind
   a dot come the fields of a variable, found by walking values that are there, or the names in a package. Nothing is
   evaluated: `f().x<Tab>` offers nothing. */
#include "complete.h"
#include "interp/interp.h"
#include "lex.h"
#include "plot/figure.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct found { char **v; int n, room; const char *word; size_t len; const char *prefix; };

static void offer(const char *name, void *arg)
{
    struct found *f = arg;
    if (strncmp(name, f->word, f->len) || name[0] == '.')
        return;
    if (f->n + 1 >= f->room) {
        char **v = realloc(f->v, sizeof *v * (size_t)(f->room = 2 * f->room + 32));
        if (!v)
            return;
        f->v = v;
    }
    char *s = NULL;
    if (asprintf(&s, "%s%s", f->prefix, name) >= 0)
        f->v[f->n++] = s;
}

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* Is text[at] inside quotes? Looks at its line only. */
static bool in_quotes(const char *text, size_t at, size_t *from)
{
    size_t line = at;
    char quote = 0;
    while (line > 0 && text[line - 1] != '\n')
        line--;
    for (size_t i = line; i < at; i++) {
        char c = text[i], before = i > line ? text[i - 1] : ' ';
        if (quote) {
            if (c == quote)
                quote = 0;
        } else if (c == '"' || (c == '\'' && !isalnum((unsigned char)before) && !strchr("_)]}'.", before))) {
            quote = c;
            *from = i + 1;
        } else if (c == '%' || c == '#')
            return false;
    }
    return quote != 0;
}

static void offer_names(const char *const *names, struct found *f)
{
    for (; names && *names; names++)
        offer(*names, f);
}

static void offer_own(const char *name, void *arg) { offer(name, arg); }
static void offer_fields(value v, struct found *f)
{
    if (v.kind == K_STRUCT)
        for (int i = 0; i < v.rec->f->n; i++)
            offer(v.rec->f->name[i]->text, f);
    else if (v.kind == K_OBJECT) {
        offer_names(v.inst->class->names, f);
        if (v.inst->class->own_names)
            v.inst->class->own_names(v, offer_own, f);
    } else {
        static const char *const methods[] = { "abs()",      "add_(",   "apply_(",   "copy_(",   "diagonal()",
                                               "expand(",    "fill_(",  "max(",      "mean(",    "min(",
                                               "mul_(",      "narrow(", "numel()",   "reshape(", "select(",
                                               "size()",     "sort(",   "storage()", "sum(",     "t()",
                                               "transpose(", "unfold(", "view(",     "zero_()",  NULL };
        if (v.kind != K_NIL && v.kind != K_CELL && v.kind != K_FUNC)
            offer_names(methods, f);
    }
}

/* The value of `a.b` as far as it lies in structs. */
static value walk(const char *word, size_t n)
{
    char name[128];
    size_t part = strcspn(word, ".");
    if (part >= sizeof name)
        return nil();
    memcpy(name, word, part);
    name[part] = 0;
    value v = interp_variable(name);
    while (part < n) {
        const char *s = word + part + 1;
        size_t m = strcspn(s, ".");
        if (v.kind != K_STRUCT || v.rec->numel != 1 || part + 1 + m > n)
            return nil();
        sym field = symbol_find(s, m);
        v = field ? record_get(v.rec, 0, field) : nil();
        part += 1 + m;
    }
    return v;
}

struct in_package { struct found *f; const char *package; size_t len; };

static void offer_member(const char *name, void *arg)          /* of all functions: those called package.name */
{
    struct in_package *p = arg;
    if (!strncmp(name, p->package, p->len) && name[p->len] == '.')
        offer(name + p->len + 1, p->f);
}

/* (name, name = default, …) from its parenthesis or a comma on */
static void offer_parameters(const char *open, struct found *f)
{
    for (const char *s = open ? open + 1 : ""; *s && *s != ')'; s += *s == ',') {
        s += strspn(s, " .\n");
        size_t n = 0;
        char arg[64];
        while (n + 2 < sizeof arg && (isalnum((unsigned char)s[n]) || s[n] == '_')) {
            arg[n] = s[n];
            n++;
        }
        arg[n] = '=';
        arg[n + 1] = 0;
        if (n > 0 && strcmp(arg, "varargin="))
            offer(arg, f);
        int depth = 0;
        for (s += n; *s && (depth > 0 || (*s != ',' && *s != ')')); s++)
            depth += strchr("([{", *s) ? 1 : strchr(")]}", *s) ? -1 : 0;
    }
}

/* The name of the call whose parentheses are open at `at`, and whose arguments the help names: f(x, dim=<Tab> */
static void offer_arguments(const char *text, size_t at, struct found *f)
{
    int depth = 0;
    size_t i = at;
    while (i > 0 && !(text[i - 1] == '(' && depth == 0)) {
        i--;
        if (strchr(")]}", text[i]))
            depth++;
        else if (strchr("([{", text[i])) {
            if (--depth < 0)
                return;
        } else if (depth == 0 && (text[i] == '\n' || text[i] == ';'))
            return;
    }
    if (!i)
        return;
    size_t end = i - 1, begin = end;
    while (begin > 0 && word_char(text[begin - 1]))
        begin--;
    char name[128];
    if (begin == end || end - begin >= sizeof name)
        return;
    memcpy(name, text + begin, end - begin);
    name[end - begin] = 0;
    struct function_info info = interp_function(name);
    if (info.kind == FN_BUILTIN) {
        /* of each signature, `y = name(a, b, …)`, the parameters but the first are worth naming */
        for (const char *s = info.builtin->help; s && *s && *s != '\n'; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL) {
            const char *open = memchr(s, '(', strcspn(s, "\n"));
            offer_parameters(open ? strchr(open, ',') : NULL, f);
        }
    } else if (info.kind != FN_NONE && info.source) {
        const char *open = strchr(info.source->text + info.begin, '(');
        if (open < info.source->text + info.end)
            offer_parameters(open, f);
    }
}

/* The call around an open quote at text[quote]: its name, its first argument when that is a name, and the text argument right
   before this one. */
struct call_seen { char name[64], first[64], before[64], now[64]; bool none; };
static void copy_part(char to[64], const char *from, size_t n)
{
    n = n < 63 ? n : 63;
    memcpy(to, from, n);
    to[n] = 0;
}

static bool call_around(const char *text, size_t quote, struct call_seen *seen)
{
    enum { DEEP = 16 };
    struct call_seen open[DEEP];
    size_t start[DEEP], line = quote;
    int depth = 0;
    while (line > 0 && text[line - 1] != '\n')
        line--;
    for (size_t i = line; i < quote; i++) {
        char c = text[i];
        if (c == '"' ||
            (c == '\'' && (i == line || (!isalnum((unsigned char)text[i - 1]) && !strchr("_)]}'.", text[i - 1]))))) {
            size_t end = i + 1;
            while (end < quote && text[end] != c)
                end++;
            if (depth)
                copy_part(open[depth - 1].now, text + i + 1, end - i - 1);
            i = end;
        } else if (strchr("([{", c)) {
            if (depth == DEEP)
                return false;
            size_t b = i;
            while (c == '(' && b > line && word_char(text[b - 1]))
                b--;
            open[depth] = (struct call_seen){ .none = true };
            copy_part(open[depth].name, text + b, i - b);
            start[depth++] = i + 1;
        } else if (strchr(")]}", c))
            depth -= depth > 0;
        else if (c == ';' && !depth)
            continue;
        else if (c == ',' && depth) {
            struct call_seen *o = &open[depth - 1];
            memcpy(o->before, o->now, sizeof o->before);
            o->now[0] = 0;
            if (o->none)
                copy_part(o->first, text + start[depth - 1], i - start[depth - 1]);
            o->none = false;
        }
    }
    if (!depth || !*open[depth - 1].name)
        return false;
    *seen = open[depth - 1];
    return true;
}

static void offer_any_case(const char *name, void *arg)
{
    struct found *f = arg;
    if (strncasecmp(name, f->word, f->len))
        return;
    const char *word = f->word;
    f->word = name;                           /* what is typed takes the name's own letters */
    offer(name, f);
    f->word = word;
}

/* In quotes: names of properties and their values. */
static bool offer_properties(const char *text, size_t from, struct found *f)
{
    struct call_seen c;
    if (!call_around(text, from - 1, &c))
        return false;
    value first = nil();
    int mark = pool_mark();
    size_t n = strspn(c.first, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    c.first[n] = 0;
    if (n)
        first = interp_variable(c.first);
    if (n && first.kind == K_NIL) {
        struct buf *b = buf_new();
        buf_puts(b, c.first);
        first = buf_value(b);
    }
    bool known = prop_offer(c.name, first, c.before, offer_any_case, f);
    pool_release(mark);
    return known && f->n;
}

/* Words that take file names as they are: `load da<Tab>`, `cd sub<Tab>`, and what follows `!`. */
static bool wants_file(const char *text, size_t at)
{
    static const char *const words[] = { "addpath", "cat",    "cd",   "chdir", "delete", "diary",
                                         "dir",     "edit",   "less", "load",  "ls",     "mkdir",
                                         "rmdir",   "rmpath", "run",  "save",  "source", NULL };
    size_t begin = at;
    while (begin > 0 && !strchr("\n;,", text[begin - 1]))
        begin--;
    begin += strspn(text + begin, " \t");
    if (begin >= at)
        return false;
    size_t n = strcspn(text + begin, " \t");
    if (begin + n >= at)
        return false;                                         /* still the first word */
    if (text[begin] == '!')
        return true;
    char next = text[begin + n + strspn(text + begin + n, " \t")];
    if (begin + n + strspn(text + begin + n, " \t") < at && (next == '=' || next == '('))
        return false;
    for (const char *const *w = words; *w; w++)
        if (strlen(*w) == n && !strncmp(text + begin, *w, n))
            return interp_variable(*w).kind == K_NIL;
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **complete(const char *text, size_t at, size_t *from, int *files)
{
    struct found f = { 0 };
    char prefix[256];
    *files = 0;
    bool quoted = in_quotes(text, at, from);
    if (quoted) {
        f = (struct found){ .word = text + *from, .len = at - *from, .prefix = "" };
        if (offer_properties(text, *from, &f)) {
            qsort(f.v, (size_t)f.n, sizeof *f.v, by_text);
            f.v[f.n] = NULL;
            return f.v;
        }
        free(f.v);
        f = (struct found){ 0 };
    }
    if (quoted || wants_file(text, at)) {
        *files = 1;
        return NULL;
    }
    size_t begin = at;
    while (begin > 0 && word_char(text[begin - 1]))
        begin--;
    if (isdigit((unsigned char)text[begin]))
        return NULL;
    *from = begin;
    size_t dot = at;
    while (dot > begin && text[dot - 1] != '.')
        dot--;
    size_t head = dot > begin ? dot - begin : 0;              /* up to and with the last dot */
    if (head >= sizeof prefix)
        return NULL;
    memcpy(prefix, text + begin, head);
    prefix[head] = 0;
    f.prefix = prefix;
    f.word = text + dot;
    f.len = at - dot;
    int variables = 0;
    if (head) {
        char package[256];
        memcpy(package, prefix, head - 1);
        package[head - 1] = 0;
        value v = begin > 0 && (text[begin - 1] == ')' || text[begin - 1] == '}') ? nil() : walk(package, head - 1);
        if (v.kind != K_NIL)
            offer_fields(v, &f);
        else {
            struct in_package p = { &f, package, head - 1 };
            interp_package_about(package);                    /* a plugin tells its functions when it is loaded */
            interp_each_function(offer_member, &p);
            if (!strchr(package, '.')) {
                path_each(package, false, offer, &f);
                path_each(package, true, offer, &f);
            }
        }
    } else {
        interp_each_variable(offer, &f);
        offer_arguments(text, begin, &f);
        variables = f.n;                                      /* and options: what is nearest comes first */
        for (int i = 0; i < KEYWORDS; i++)
            offer(keyword_info[i].text, &f);
        interp_each_function(offer, &f);
        path_each(NULL, false, offer, &f);
        path_each(NULL, true, offer, &f);
    }
    if (!f.n)
        return NULL;
    if (variables > 1)
        qsort(f.v, (size_t)variables, sizeof *f.v, by_text);
    qsort(f.v + variables, (size_t)(f.n - variables), sizeof *f.v, by_text);
    int n = 0;
    for (int i = 0; i < f.n; i++) {                           /* each once; a.b of packages as `a.` at first */
        char *s = f.v[i], *d = head ? NULL : strchr(s, '.');
        if (d && d[1])
            d[1] = 0;
        bool twice = false;
        for (int k = 0; i >= variables && k < variables && !twice; k++)        /* dim= here, not the function dim */
            twice = !strncmp(f.v[k], s, strlen(s)) && !strcmp(f.v[k] + strlen(s), "=");
        for (int k = n - 1; k >= 0 && !twice && (k >= n - 2 || k < variables); k--)
            twice = !strcmp(f.v[k], s);
        if (twice)
            free(s);
        else
            f.v[n++] = s;
    }
    f.v[n] = NULL;
    return f.v;
}

void complete_free(char **v)
{
    for (char **p = v; p && *p; p++)
        free(*p);
    free(v);
}
