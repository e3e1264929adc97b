/* SPDX-License-Identifier: BSD-3-Clause */
/* regexp.c: regular expressions, by PCRE2.
 *
 * The one idea: a compiled pattern with room for its matches is kept in a small cache, so a loop over texts compiles
 * once and nothing is lost when something fails in between.  Text is bytes; where pattern and text are both valid UTF-8
 * and one of them is not ASCII, a character may have several bytes, and places are still bytes.  A match that tries too
 * much ends in an error, so no pattern can hang. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text.h"
#include <pcre2.h>
#include <stdlib.h>
#include <strings.h>

enum { KEPT = 16, MATCH_LIMIT = 20000000, HEAP_LIMIT = 512 * 1024 /* KiB */ };

struct pattern {
    char *text;
    size_t n;
    uint32_t options;
    uint64_t used;                            /* when, to find the one used longest ago */
    pcre2_code *code;
    pcre2_match_data *match;
    uint32_t groups, names, entry; /* numbers of groups and named groups, bytes of an entry in the table of names */
    PCRE2_SPTR table;
};
struct cache { struct pattern kept[KEPT]; uint64_t clock; pcre2_match_context *context; };

static void pattern_clear(struct pattern *p)
{
    pcre2_match_data_free(p->match);
    pcre2_code_free(p->code);
    free(p->text);
    memset(p, 0, sizeof *p);
}

static void cache_free(void)
{
    struct cache *c = *context_room(ROOM_TEXT);
    for (int i = 0; i < KEPT; i++)
        pattern_clear(&c->kept[i]);
    pcre2_match_context_free(c->context);
    free(c);
}

static struct cache *cache(void)
{
    void **room = context_room(ROOM_TEXT);
    if (!*room) {
        struct cache *c = calloc(1, sizeof *c);
        if (!c)
            fail_memory(sizeof *c);
        c->context = pcre2_match_context_create(NULL);
        if (c->context) {
            pcre2_set_match_limit(c->context, MATCH_LIMIT);
            pcre2_set_heap_limit(c->context, HEAP_LIMIT);
        }
        *room = c;
        context_at_exit(cache_free);
    }
    return *room;
}

/* Octave's \< and \> are the beginning and the end of a word. */
static void translate(struct buf *b, const char *s, size_t n)
{
    bool in_class = false;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\' && i + 1 < n) {
            i++;
            if (!in_class && s[i] == '<')
                buf_puts(b, "(?<=\\W|^)");
            else if (!in_class && s[i] == '>')
                buf_puts(b, "(?=\\W|$)");
            else {
                buf_putc(b, '\\');
                buf_putc(b, s[i]);
            }
            continue;
        }
        if (s[i] == '[' && !in_class) {
            in_class = true;
            buf_putc(b, s[i]);
            if (i + 1 < n && s[i + 1] == '^')
                buf_putc(b, s[++i]);
            if (i + 1 < n && s[i + 1] == ']')
                buf_putc(b, s[++i]);
            continue;
        }
        if (s[i] == ']')
            in_class = false;
        buf_putc(b, s[i]);
    }
}

static struct pattern *compile(struct call *c, const char *s, size_t n, uint32_t options)
{
    struct cache *k = cache();
    struct pattern *p = &k->kept[0];
    for (int i = 0; i < KEPT; i++) {
        struct pattern *q = &k->kept[i];
        if (q->code && q->n == n && q->options == options && !memcmp(q->text, s, n)) {
            q->used = ++k->clock;
            return q;
        }
        if (q->used < p->used)
            p = q;
    }
    struct buf *b = buf_new();
    translate(b, s, n);
    int error = 0;
    PCRE2_SIZE at = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)b->s, b->n, options, &error, &at, NULL);
    if (!code) {
        char message[160];
        pcre2_get_error_message(error, (PCRE2_UCHAR *)message, sizeof message);
        fail("Octave:invalid-regexp", "%s: %s at character %zu of the pattern '%.*s'", c->fn->name, message, (size_t)at,
             (int)MIN(n, 200), s);
    }
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);          /* where there is none, the interpreter does it */
    struct pattern new = { .text = malloc(n + 1), .n = n, .options = options, .code = code };
    new.match = pcre2_match_data_create_from_pattern(code, NULL);
    if (!new.text || !new.match) {
        pattern_clear(&new);
        fail_memory(n);
    }
    memcpy(new.text, s, n);
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &new.groups);
    pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &new.names);
    pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &new.entry);
    pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &new.table);
    pattern_clear(p);
    *p = new;
    p->used = ++k->clock;
    return p;
}

static bool ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] >= 128)
            return false;
    return true;
}

static bool utf8(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned char ch = (unsigned char)s[i];
        int more = ch < 0x80                 ? 0
                   : ch >= 0xC2 && ch < 0xE0 ? 1
                   : ch >= 0xE0 && ch < 0xF0 ? 2
                   : ch >= 0xF0 && ch < 0xF5 ? 3
                                             : -1;
        if (more < 0 || (size_t)more >= n - i)
            return false;
        uint32_t x = more == 0 ? ch : ch & (0x3Fu >> more);
        for (int k = 1; k <= more; k++) {
            if (((unsigned char)s[i + k] & 0xC0) != 0x80)
                return false;
            x = x << 6 | ((unsigned char)s[i + k] & 0x3F);
        }
        if ((more == 2 && (x < 0x800 || (x >= 0xD800 && x < 0xE000))) || (more == 3 && (x < 0x10000 || x > 0x10FFFF)))
            return false;
        i += 1 + (size_t)more;
    }
    return true;
}

static uint32_t utf_option(const char *pat, size_t m, const char *s, size_t n)
{
    if (ascii(pat, m) && ascii(s, n))
        return 0;
    return utf8(pat, m) && utf8(s, n) ? PCRE2_UTF | PCRE2_NO_UTF_CHECK : 0;
}

/* The next match at or behind `from`; false when there is none. */
static bool match_next(struct call *c, struct pattern *p, const char *s, size_t n, size_t from)
{
    int rc = pcre2_match(p->code, (PCRE2_SPTR)s, n, from, PCRE2_NO_UTF_CHECK, p->match, cache()->context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
        rc = pcre2_match(p->code, (PCRE2_SPTR)s, n, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, p->match, cache()->context);
    if (rc == PCRE2_ERROR_NOMATCH)
        return false;
    if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT)
        fail("Octave:regexp-limit",
             "%s: the pattern '%.*s' tries too many ways to match; make it more definite, such as [^x]* for .*",
             c->fn->name, (int)MIN(p->n, 200), p->text);
    if (rc < 0) {
        char message[160];
        pcre2_get_error_message(rc, (PCRE2_UCHAR *)message, sizeof message);
        fail("Octave:invalid-regexp", "%s: %s", c->fn->name, message);
    }
    return true;
}

static size_t step(const struct pattern *p, const char *s, size_t n, size_t i)           /* one character on */
{
    for (i++; (p->options & PCRE2_UTF) && i < n && ((unsigned char)s[i] & 0xC0) == 0x80;)
        i++;
    return i;
}

/* ---- options */
enum { R_START, R_END, R_EXTENTS, R_MATCH, R_TOKENS, R_NAMES, R_SPLIT, RESULTS };
struct request { uint32_t options; bool once, empty; int n, order[RESULTS]; };

static void read_options(struct call *c, int from, bool fold, bool replacing, struct request *r)
{
    static const struct { const char *name; int result; uint32_t set, clear; } rows[] = {
        { "start", R_START, 0, 0 }, { "end", R_END, 0, 0 }, { "tokenExtents", R_EXTENTS, 0, 0 }, { "match", R_MATCH, 0, 0 },
        { "matches", R_MATCH, 0, 0 }, { "tokens", R_TOKENS, 0, 0 }, { "names", R_NAMES, 0, 0 }, { "split", R_SPLIT, 0, 0 },
        { "ignorecase", -1, PCRE2_CASELESS, 0 }, { "matchcase", -1, 0, PCRE2_CASELESS },
        { "lineanchors", -1, PCRE2_MULTILINE, 0 }, { "stringanchors", -1, 0, PCRE2_MULTILINE },
        { "freespacing", -1, PCRE2_EXTENDED, 0 }, { "literalspacing", -1, 0, PCRE2_EXTENDED },
        { "dotall", -1, PCRE2_DOTALL, 0 }, { "dotexceptnewline", -1, 0, PCRE2_DOTALL },
        { "once", -2, 0, 0 }, { "emptymatch", -3, 0, 0 }, { "noemptymatch", -4, 0, 0 }, { "warnings", -1, 0, 0 },
    };
    *r = (struct request){ .options = PCRE2_DOTALL | PCRE2_DUPNAMES | (fold ? PCRE2_CASELESS : 0) };
    bool given[RESULTS] = { 0 };
    for (int i = from; i < c->nargin; i++) {
        const char *s = arg_text(c, i, NULL);
        int k = 0;
        while (k < COUNT(rows) && strcasecmp(rows[k].name, s))
            k++;
        if (k == COUNT(rows) || (replacing && rows[k].result >= 0)) {
            struct buf *b = buf_new();
            for (k = 0; k < COUNT(rows); k++)
                if (!replacing || rows[k].result < 0)
                    buff(b, " %s", rows[k].name);
            fail("Octave:invalid-input-arg", "%s: unknown option \"%s\"; it may be one of%s", c->fn->name, s, b->s);
        }
        r->options = (r->options | rows[k].set) & ~rows[k].clear;
        int what = rows[k].result;
        r->once |= what == -2;
        r->empty = what == -3 ? true : what == -4 ? false : r->empty;
        if (what >= 0 && !given[what]) {
            given[what] = true;
            r->order[r->n++] = what;
        }
    }
    for (int k = 0; k < RESULTS; k++)         /* then the others, as they come without options */
        if (!given[k])
            r->order[r->n++] = k;
}

/* ---- one text, one pattern */
struct found { size_t n, cap; size_t (*at)[2]; };         /* groups + 1 pairs for each match; SIZE_MAX: did not take part */

/* The next match from *from on, empty ones only where they are asked for; *from is then where the one behind it is sought. */
static bool match_from(struct call *c, struct pattern *p, const char *s, size_t n, size_t *from, const struct request *r)
{
    while (*from <= n && match_next(c, p, s, n, *from)) {
        PCRE2_SIZE *o = pcre2_get_ovector_pointer(p->match);
        bool empty = o[1] <= o[0];
        *from = !empty ? o[1] + (o[1] == n)   /* nothing follows the last character, as in Octave */
                       : step(p, s, n, r->empty ? o[1] : MAX(o[0], *from));
        poll();
        if (!empty || r->empty)
            return true;
    }
    return false;
}

static void find_all(struct call *c, struct pattern *p, const char *s, size_t n, const struct request *r, struct found *f)
{
    const size_t unset = SIZE_MAX, per = p->groups + 1;
    size_t from = 0;
    while (match_from(c, p, s, n, &from, r)) {
        PCRE2_SIZE *o = pcre2_get_ovector_pointer(p->match);
        if ((f->n + 1) * per > f->cap) {
            size_t cap = MAX(f->cap * 2, 16 * per);
            size_t (*at)[2] = scratch(cap * sizeof *at);
            if (f->n)
                memcpy(at, f->at, f->n * per * sizeof *at);
            f->at = at;
            f->cap = cap;
        }
        uint32_t got = pcre2_get_ovector_count(p->match);
        for (size_t g = 0; g < per; g++) {
            bool in = g < got && o[2 * g] != PCRE2_UNSET && o[2 * g] <= o[2 * g + 1];
            f->at[f->n * per + g][0] = in ? o[2 * g] : unset;
            f->at[f->n * per + g][1] = in ? o[2 * g + 1] : unset;
        }
        f->n++;
        if (r->once)
            return;
    }
}

static value row_of_numbers(const struct found *f, size_t per, int end)
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, (i64)f->n);
    for (size_t i = 0; i < f->n; i++)
        ((double *)t->data)[i] = (double)f->at[i * per][end] + !end;
    return tensor_value(t);
}

static value extents(const struct found *f, size_t per, size_t i)
{
    i64 n = 0;
    for (size_t g = 1; g < per; g++)
        n += f->at[i * per + g][0] != SIZE_MAX;
    struct tensor *t = tensor_2d(D_DOUBLE, n, 2);
    i64 k = 0;
    for (size_t g = 1; g < per; g++)
        if (f->at[i * per + g][0] != SIZE_MAX) {
            ((double *)t->data)[k] = (double)f->at[i * per + g][0] + 1;
            ((double *)t->data)[n + k++] = (double)f->at[i * per + g][1];
        }
    return tensor_value(t);
}

static value tokens(const struct found *f, size_t per, size_t i, const char *s, bool column)
{
    i64 n = 0, k = 0;
    for (size_t g = 1; g < per; g++)
        n += f->at[i * per + g][0] != SIZE_MAX;
    struct cell *r = column && n ? cell_2d(n, 1) : cell_2d(column ? 0 : 1, n);
    for (size_t g = 1; g < per; g++) {
        const size_t *at = f->at[i * per + g];
        if (at[0] != SIZE_MAX)
            cell_set(r, k++, text_value(s + at[0], at[1] - at[0]));
    }
    return cell_value(r);
}

static value named(const struct pattern *p, const struct found *f, size_t per, const char *s)
{
    i64 dim[2] = { f->n > 0, (i64)f->n };
    sym *name = scratch((p->names + 1) * sizeof *name);
    int n = 0;
    for (uint32_t k = 0; k < p->names; k++) {             /* the table is sorted: the same names stand together */
        sym x = symbol_of((const char *)p->table + k * p->entry + 2);
        if (n == 0 || name[n - 1] != x)
            name[n++] = x;
    }
    sym *ordered = scratch((p->names + 1) * sizeof *name);                /* by the group's number, as they are written */
    int m = 0;
    for (uint32_t g = 1; g <= p->groups; g++)
        for (uint32_t k = 0; k < p->names; k++) {
            PCRE2_SPTR e = p->table + k * p->entry;
            if ((uint32_t)(e[0] << 8 | e[1]) != g)
                continue;
            sym x = symbol_of((const char *)e + 2);
            bool had = false;
            for (int j = 0; j < m; j++)
                had |= ordered[j] == x;
            if (!had)
                ordered[m++] = x;
        }
    struct record *r = record_new(2, dim, m, ordered);
    for (size_t i = 0; i < f->n; i++)
        for (uint32_t k = 0; k < p->names; k++) {
            PCRE2_SPTR e = p->table + k * p->entry;
            const size_t *at = f->at[i * per + (size_t)(e[0] << 8 | e[1])];
            sym x = symbol_of((const char *)e + 2);
            if (at[0] != SIZE_MAX)
                record_set(r, (i64)i, x, text_value(s + at[0], at[1] - at[0]));
            else if (value_dtype(record_get(r, (i64)i, x)) != D_CHAR)
                record_set(r, (i64)i, x, text_value("", 0));
        }
    return record_value(r);
}

static value split(const struct found *f, size_t per, const char *s, size_t n)
{
    struct cell *r = cell_2d(1, (i64)f->n + 1);
    size_t from = 0;
    for (size_t i = 0; i < f->n; i++) {
        cell_set(r, (i64)i, text_value(s + from, f->at[i * per][0] - from));
        from = f->at[i * per][1];
    }
    cell_set(r, (i64)f->n, text_value(s + from, n - from));
    return cell_value(r);
}

static value list_of(const struct found *f, size_t per, const char *s, int what)
{
    struct cell *r = cell_2d(1, (i64)f->n);
    for (size_t i = 0; i < f->n; i++) {
        poll_each((i64)i);
        cell_set(r, (i64)i, what == R_EXTENTS ? extents(f, per, i) : what == R_TOKENS ? tokens(f, per, i, s, false)
                 : text_value(s + f->at[i * per][0], f->at[i * per][1] - f->at[i * per][0]));
    }
    return cell_value(r);
}

static value once(const struct found *f, size_t per, const char *s, int what)
{
    bool any = f->n > 0;
    switch (what) {
    case R_START:   return any ? num((double)f->at[0][0] + 1) : tensor_value(tensor_2d(D_DOUBLE, 0, 0));
    case R_END:     return any ? num((double)f->at[0][1]) : tensor_value(tensor_2d(D_DOUBLE, 0, 0));
    case R_EXTENTS: return any ? extents(f, per, 0) : tensor_value(tensor_2d(D_DOUBLE, 0, 0));
    case R_MATCH:   return any ? text_value(s + f->at[0][0], f->at[0][1] - f->at[0][0]) : text_value("", 0);
    default:        return any ? tokens(f, per, 0, s, true) : cell_value(cell_2d(0, 0));
    }
}

static void match_one(struct call *c, value text, value pat, const struct request *r, value *out)
{
    struct tensor *ts = tensor_dense(tensor_of(text)), *tp = tensor_dense(tensor_of(pat));
    const char *s = ts->data;
    size_t n = (size_t)ts->numel;
    struct pattern *p = compile(c, tp->data, (size_t)tp->numel, r->options | utf_option(tp->data, (size_t)tp->numel, s, n));
    struct found f = { 0 };
    size_t per = p->groups + 1;
    find_all(c, p, s, n, r, &f);
    for (int i = 0; i < RESULTS; i++) {
        if (!wants(c, i))
            continue;
        int what = r->order[i];
        if (what == R_NAMES)
            out[i] = named(p, &f, per, s);
        else if (what == R_SPLIT)
            out[i] = r->once && f.n == 0 ? text : split(&f, per, s, n);
        else if (r->once)
            out[i] = once(&f, per, s, what);
        else if (what == R_START || what == R_END)
            out[i] = row_of_numbers(&f, per, what == R_END);
        else
            out[i] = list_of(&f, per, s, what);
    }
}

static value text_in(struct call *c, int i, i64 k)         /* the k-th text of a cell array, or the text */
{
    value v = c->arg[i].kind == K_CELL ? c->arg[i].cell->v[c->arg[i].cell->numel == 1 ? 0 : k] : c->arg[i];
    i64 dim[MAX_DIMS];
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR || value_dims(v, dim) != 2 || (dim[0] > 1 && dim[1] > 0))
        fail_arg(c, i, "text or a cell array of texts");
    return v;
}

static void match_all(struct call *c, bool fold)
{
    struct request r;
    struct cell *a = c->arg[0].kind == K_CELL ? c->arg[0].cell : NULL, *b = c->arg[1].kind == K_CELL ? c->arg[1].cell : NULL;
    value out[RESULTS] = { nil(), nil(), nil(), nil(), nil(), nil(), nil() };
    read_options(c, 2, fold, false, &r);
    if (!a && !b) {
        match_one(c, text_in(c, 0, 0), text_in(c, 1, 0), &r, out);
        for (int i = 0; i < RESULTS && wants(c, i); i++)
            result(c, i, out[i]);
        return;
    }
    struct cell *shape = a && (!b || a->numel != 1) ? a : b, *lists[RESULTS];
    if (a && b && a->numel != 1 && b->numel != 1 && !dims_equal(a->nd, a->dim, b->nd, b->dim)) {
        char d1[128], d2[128];
        fail("Octave:nonconformant-args",
             "%s: the cell arrays of texts and patterns must have the same shape, but are %s and %s", c->fn->name,
             dims_text(a->nd, a->dim, d1), dims_text(b->nd, b->dim, d2));
    }
    for (int i = 0; i < RESULTS; i++)
        lists[i] = cell_new(shape->nd, shape->dim);
    for (i64 k = 0; k < shape->numel; k++) {
        int mark = pool_mark();
        match_one(c, text_in(c, 0, k), text_in(c, 1, k), &r, out);
        for (int i = 0; i < RESULTS && wants(c, i); i++)
            cell_set(lists[i], k, out[i]);
        pool_release(mark);
    }
    for (int i = 0; i < RESULTS && wants(c, i); i++)
        result(c, i, cell_value(lists[i]));
}

#define REGEXP_HELP(name, what)                                                                                             \
    "[start, finish, extents, match, tokens, names, pieces] = " name "(s, pattern)\n"                                       \
    "[...] = " name "(s, pattern, option, ...)\n\n"                                                                         \
    "Match a regular expression" what ": where each match begins and ends, the extents of its tokens (groups in parentheses),\n" \
    "its text, the texts of its tokens, those of named tokens (?<name>...) as a struct, and what lies between the matches. The\n" \
    "options 'start', 'end', 'tokenExtents', 'match', 'tokens', 'names', 'split' choose results and their order; 'once' gives the\n" \
    "first match alone, not in a cell. Further 'ignorecase', 'lineanchors' (^ and $ at every line), 'dotexceptnewline',\n"      \
    "'freespacing', 'emptymatch'. The expressions are Perl's (PCRE2); \\< and \\> stand at the ends of a word. Cell arrays of\n" \
    "texts or patterns give cell arrays.\n\n"                                                                               \
    "Example:\n  " name "('ab12', '\\d+', 'match', 'once')\n  ans = 12\n\n"                                                 \
    "See also: regexprep, strfind, strsplit, regexptranslate"

BUILTIN(regexp, 2, ANY, 7, NO_GRAD, REGEXP_HELP("regexp", ""))
{
    match_all(c, false);
}

BUILTIN(regexpi, 2, ANY, 7, NO_GRAD, REGEXP_HELP("regexpi", ", upper case or not"))
{
    match_all(c, true);
}

/* ---- replacing */
static void add_replacement(struct buf *b, const char *rep, size_t m, bool literal, const struct pattern *p, const char *s)
{
    PCRE2_SIZE *o = pcre2_get_ovector_pointer(p->match);
    uint32_t got = pcre2_get_ovector_count(p->match);
    for (size_t i = 0; i < m; i++) {
        if (rep[i] == '\\' && i + 1 < m) {
            char next = rep[i + 1];
            if (next == '$' || next == '\\') {
                buf_putc(b, next);
                i++;
            } else if (literal) {
                buf_putc(b, '\\');
            } else {                          /* an escape as in double quotes */
                size_t len = 2;
                if (next == 'x')
                    while (len < 4 && i + len < m && strchr("0123456789abcdefABCDEF", rep[i + len]) && rep[i + len])
                        len++;
                while (next >= '0' && next <= '7' && len < 4 && i + len < m && rep[i + len] >= '0' && rep[i + len] <= '7')
                    len++;
                text_unescape(b, rep + i, len);
                i += len - 1;
            }
        } else if (rep[i] == '$' && i + 1 < m && rep[i + 1] >= '0' && rep[i + 1] <= '9') {
            uint32_t g = (uint32_t)(rep[++i] - '0');
            if (g > 0 && i + 1 < m && rep[i + 1] >= '0' && rep[i + 1] <= '9' &&
                g * 10 + (uint32_t)(rep[i + 1] - '0') <= p->groups)
                g = g * 10 + (uint32_t)(rep[++i] - '0');
            if (g < got && g <= p->groups && o[2 * g] != PCRE2_UNSET && o[2 * g] < o[2 * g + 1])
                buf_add(b, s + o[2 * g], o[2 * g + 1] - o[2 * g]);
        } else {
            buf_putc(b, rep[i]);
        }
    }
}

static value replace_one(struct call *c, value text, value pat, value rep, const struct request *r)
{
    struct tensor *ts = tensor_dense(tensor_of(text)), *tp = tensor_dense(tensor_of(pat)), *tr = tensor_dense(tensor_of(rep));
    const char *s = ts->data;
    size_t n = (size_t)ts->numel, from = 0, done = 0;
    struct pattern *p = compile(c, tp->data, (size_t)tp->numel, r->options | utf_option(tp->data, (size_t)tp->numel, s, n));
    struct buf *b = buf_new();
    bool any = false;
    while (match_from(c, p, s, n, &from, r)) {
        PCRE2_SIZE *o = pcre2_get_ovector_pointer(p->match);
        size_t a = o[0], e = o[1];
        buf_add(b, s + done, a - done);
        add_replacement(b, tr->data, (size_t)tr->numel, tr->flags & T_DQ, p, s);
        done = e;
        any = true;
        if (r->once)
            break;
    }
    if (!any)
        return text;
    buf_add(b, s + done, n - done);
    return buf_value(b);
}

BUILTIN(regexprep, 3, ANY, 1, NO_GRAD,
  "s = regexprep(s, pattern, replacement)\n"
  "s = regexprep(s, pattern, replacement, option, ...)\n\n"
  "Replace what matches a regular expression (see regexp); $1, $2, ... in the replacement stand for the tokens, $0 for "
  "the match,\n"
  "\\$ for a dollar sign. Options: 'once', 'ignorecase', 'lineanchors', 'dotexceptnewline', 'emptymatch'. A cell array "
  "of texts gives\n"
  "a cell array; several patterns, with one replacement or as many, are applied one after another.\n\n"
  "Example:\n  regexprep('hello world', '(\\w+) (\\w+)', '$2 $1')\n  ans = world hello\n\n"
  "See also: regexp, strrep")
{
    struct request r;
    read_options(c, 3, false, true, &r);
    struct cell *pats = c->arg[1].kind == K_CELL ? c->arg[1].cell : NULL,
                *reps = c->arg[2].kind == K_CELL ? c->arg[2].cell : NULL;
    i64 np = pats ? pats->numel : 1;
    if (reps && reps->numel != 1 && reps->numel != np)
        fail("Octave:invalid-input-arg",
             "regexprep: there must be one replacement or one for each pattern, but there are %lld patterns and %lld "
             "replacements",
             (long long)np, (long long)reps->numel);
    struct cell *texts = c->arg[0].kind == K_CELL ? c->arg[0].cell : NULL;
    struct cell *out = texts ? cell_new(texts->nd, texts->dim) : NULL;
    for (i64 k = 0; k < (texts ? texts->numel : 1); k++) {
        int mark = pool_mark();
        value v = text_in(c, 0, k);
        if (texts && texts->numel == 1)
            v = text_in(c, 0, 0);
        for (i64 i = 0; i < np; i++)
            v = replace_one(c, v, text_in(c, 1, i), text_in(c, 2, i), &r);
        if (out) {
            cell_set(out, k, v);
            pool_release(mark);
        } else {
            result(c, 0, v);
        }
    }
    if (out)
        result(c, 0, cell_value(out));
}

static value translate_map(struct call *c, const void *with, const char *s, size_t n)
{
    struct buf *b = buf_new();
    bool wild = *(const int *)with == 1;
    (void)c;
    for (size_t i = 0; i < n; i++) {
        if (wild && s[i] == '*')
            buf_puts(b, ".*");
        else if (wild && s[i] == '?')
            buf_putc(b, '.');
        else {
            if (s[i] && strchr(wild ? "." : "[](){}.*+?^$|\\", s[i]))
                buf_putc(b, '\\');
            buf_putc(b, s[i]);
        }
    }
    return buf_value(b);
}

BUILTIN(regexptranslate, 2, 2, 1, NO_GRAD,
  "pattern = regexptranslate(op, s)\n\n"
  "A regular expression for a text: with 'escape' one that matches the text itself, with 'wildcard' one in which * and "
  "? stand for any\n"
  "characters and any one.\n\n"
  "Example:\n  regexptranslate('escape', 'a.b')\n  ans = a\\.b\n\n"
  "See also: regexp, regexprep")
{
    static const char *const ops[] = { "escape", "wildcard", NULL };
    int op = arg_option(c, 0, ops);
    struct call shifted = { .fn = c->fn, .nargin = 1, .nargout = c->nargout, .arg = c->arg + 1, .out = c->out };
    map_texts(&shifted, translate_map, &op);
}
