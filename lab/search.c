/* SPDX-License-Identifier: BSD-3-Clause */
/* search.c: finding, replacing, splitting and joining texts by plain patterns (regexp.c has the others).
 *
 * All of them stand on one search for the next place of a pattern, memmem. */
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <strings.h>

static const char *find(const char *s, size_t n, const char *pat, size_t m)
{
    return m == 0 || n < m ? NULL : memmem(s, n, pat, m);
}

static value one_text(struct call *c, value v, int i, const char **s, size_t *n)
{
    i64 dim[MAX_DIMS];
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR || value_dims(v, dim) != 2 || (dim[0] > 1 && dim[1] > 0))
        fail_arg(c, i, "text or a cell array of texts");
    struct tensor *t = tensor_dense(tensor_of(v));
    *s = t->data;
    *n = (size_t)t->numel;
    return v;
}

static bool option_bool(struct call *c, int from, const char *name, bool otherwise)      /* a trailing pair "name", value */
{
    for (int i = from; i + 1 < c->nargin; i += 2) {
        const char *s = arg_text(c, i, NULL);
        if (!strcasecmp(s, name))
            otherwise = arg_bool(c, i + 1);
    }
    return otherwise;
}

/* ---- strfind, strrep */
static value places(const char *s, size_t n, const char *pat, size_t m, bool overlaps)
{
    i64 count = 0;
    for (int pass = 0;; pass++) {
        struct tensor *t = pass ? tensor_2d(D_DOUBLE, 1, count) : NULL;
        i64 k = 0;
        for (const char *p = s, *end = s + n; (p = find(p, (size_t)(end - p), pat, m)); p += overlaps ? 1 : m, k++) {
            if (pass)
                ((double *)t->data)[k] = (double)(p - s + 1);
            if (m > 64)
                poll();
            else
                poll_each(k);
        }
        if (pass)
            return tensor_value(t);
        if (!(count = k))
            return tensor_value(tensor_2d(D_DOUBLE, 0, 0));
    }
}

/* Arguments from..to-1 with cells of patterns among them: the same call for every element, a cell of results. */
static bool each_pattern(struct call *c, int from, int to)
{
    struct cell *like = NULL;
    bool cells = false;
    for (int i = from; i < to; i++)
        cells |= c->arg[i].kind == K_CELL;
    if (!cells)
        return false;
    for (int i = 0; i < to; i++) {
        struct cell *x = c->arg[i].cell;
        if (c->arg[i].kind != K_CELL)
            continue;
        if (like && x->numel != 1 && like->numel != 1 && !dims_equal(x->nd, x->dim, like->nd, like->dim))
            fail("Octave:nonconformant-args", "%s: texts and patterns in cells must have the same size", c->fn->name);
        if (!like || like->numel == 1)
            like = x;
    }
    struct cell *r = cell_new(like->nd, like->dim);
    value *arg = scratch(sizeof *arg * (size_t)c->nargin);
    for (i64 k = 0; k < r->numel; k++) {
        memcpy(arg, c->arg, sizeof *arg * (size_t)c->nargin);
        for (int i = 0; i < to; i++)
            if (arg[i].kind == K_CELL)
                arg[i] = arg[i].cell->v[arg[i].cell->numel == 1 ? 0 : k];
        value y = nil();
        call_builtin(c->fn, c->nargin, arg, 1, &y);
        cell_set(r, k, y);
    }
    result(c, 0, cell_value(r));
    return true;
}

BUILTIN(strfind, 2, ANY, 1, NO_GRAD,
  "i = strfind(s, pattern)\n"
  "i = strfind(s, pattern, 'overlaps', tf)\n"
  "i = strfind(s, pattern, 'forcecelloutput', tf)\n\n"
  "Where the pattern begins in the text, as a row; empty when it does not occur. Of a cell array of texts, or of "
  "patterns, a cell array.\n\n"
  "Example:\n  strfind('abcabc', 'bc')\n  ans =\n     2   5\n\n"
  "See also: strrep, regexp, index, strsplit")
{
    static const char *const names[] = { "overlaps", "forcecelloutput", NULL };
    size_t m, n;
    const char *s;
    if (each_pattern(c, 1, 2))
        return;
    const char *pat = arg_text(c, 1, &m);
    if (c->nargin % 2)
        fail("Octave:invalid-fun-call", "strfind: option \"%s\" needs a value", arg_text(c, c->nargin - 1, NULL));
    for (int i = 2; i < c->nargin; i += 2)
        arg_option(c, i, names);
    bool overlaps = option_bool(c, 2, "overlaps", true), force = option_bool(c, 2, "forcecelloutput", false);
    value v = c->arg[0];
    if (v.kind != K_CELL) {
        one_text(c, v, 0, &s, &n);
        value r = places(s, n, pat, m, overlaps);
        if (force) {
            struct cell *one = cell_2d(1, 1);
            cell_set(one, 0, r);
            r = cell_value(one);
        }
        result(c, 0, r);
        return;
    }
    struct cell *r = cell_new(v.cell->nd, v.cell->dim);
    for (i64 i = 0; i < r->numel; i++) {
        one_text(c, v.cell->v[i], 0, &s, &n);
        cell_set(r, i, places(s, n, pat, m, overlaps));
    }
    result(c, 0, cell_value(r));
}

extern const struct builtin builtin_cellstr, builtin_char;
struct replacement { const char *pat, *rep; size_t m, r; bool apart; };

static value strrep_map(struct call *c, const void *with, const char *s, size_t n)
{
    struct buf *b = buf_new();
    size_t k = 0;                             /* what stands before k is done */
    const struct replacement *rp = with;
    (void)c;
    for (const char *p = s; (p = find(p, (size_t)(s + n - p), rp->pat, rp->m)); p++) {
        size_t i = (size_t)(p - s);
        if (i > k)
            buf_add(b, s + k, i - k);
        buf_add(b, rp->rep, rp->r);
        k = i + rp->m;
        if (rp->apart && rp->m)
            p += rp->m - 1;
        if ((b->n & 0xffff) < rp->r)
            poll();
    }
    buf_add(b, s + k, n - k);
    return buf_value(b);
}

BUILTIN(strrep, 3, 5, 1, NO_GRAD,
  "s = strrep(s, pattern, replacement)\n"
  "s = strrep(s, pattern, replacement, 'overlaps', tf)\n\n"
  "Replace every occurrence of a text by another; occurrences that overlap count each, unless tf is false. A cell "
  "array gives a cell array, a char matrix one; patterns and replacements in cells belong to each other, and to the "
  "texts.\n\n"
  "Example:\n  strrep('one two one', 'one', '1')\n  ans = 1 two 1\n\n"
  "See also: regexprep, strfind")
{
    struct replacement rp;
    if (each_pattern(c, 1, 3))
        return;
    rp.pat = arg_text(c, 1, &rp.m);
    rp.rep = arg_text(c, 2, &rp.r);
    rp.apart = false;
    if (c->nargin > 3) {
        arg_option(c, 3, (const char *const[]){ "overlaps", NULL });
        rp.apart = !arg_bool(c, 4);
    }
    i64 dim[MAX_DIMS];
    if (c->arg[0].kind != K_CELL && is_tensor_like(c->arg[0]) && value_dtype(c->arg[0]) == D_CHAR &&
        value_dims(c->arg[0], dim) == 2 && dim[0] > 1) {
        value rows = call1(&builtin_cellstr, 1, c->arg[0]);       /* as the rows they are, padded again */
        struct cell *x = rows.cell, *y = cell_new(x->nd, x->dim);
        for (i64 i = 0; i < x->numel; i++) {
            struct tensor *t = tensor_dense(tensor_of(x->v[i]));
            cell_set(y, i, strrep_map(c, &rp, t->data, (size_t)t->numel));
        }
        result(c, 0, call1(&builtin_char, 1, cell_value(y)));
        return;
    }
    map_texts(c, strrep_map, &rp);
}

/* ---- index, rindex */
static void index_of(struct call *c, bool last)
{
    size_t m, n;
    const char *s, *pat = arg_text(c, 1, &m);
    static const char *const names[] = { "first", "last", NULL };
    if (has_arg(c, 2))
        last = arg_option(c, 2, names) == 1;
    value v = c->arg[0];
    struct texts x = arg_texts(c, 0);         /* a char matrix has a text in each row */
    i64 dim[2] = { MAX(x.n, 1), 1 };
    struct tensor *r = v.kind == K_CELL ? tensor_zeros(D_DOUBLE, v.cell->nd, v.cell->dim) : tensor_zeros(D_DOUBLE, 2, dim);
    for (i64 i = 0; i < MIN(r->numel, x.n); i++) {
        s = texts_at(&x, i, &n);
        const char *at = NULL;
        for (const char *p = s; (p = find(p, (size_t)(s + n - p), pat, m)) && (last || !at); p++)
            at = p;
        ((double *)r->data)[i] = at ? (double)(at - s + 1) : 0;
    }
    result_tensor(c, 0, r);
}

BUILTIN(index, 2, 3, 1, NO_GRAD,
  "i = index(s, t)\n"
  "i = index(s, t, direction)\n\n"
  "Where t first occurs in s ('last': last occurs); 0 if it does not.\n\n"
  "Example:\n  index('abcabc', 'b')\n  ans = 2\n\n"
  "See also: rindex, strfind")
{
    index_of(c, false);
}

BUILTIN(rindex, 2, 2, 1, NO_GRAD,
  "i = rindex(s, t)\n\n"
  "Where t last occurs in s; 0 if it does not.\n\n"
  "Example:\n  rindex('abcabc', 'b')\n  ans = 5\n\n"
  "See also: index, strfind")
{
    index_of(c, true);
}

BUILTIN(strchr, 2, 4, 1, NO_GRAD,
  "i = strchr(s, chars)\n"
  "i = strchr(s, chars, n, direction)\n\n"
  "Where characters of s are among chars; at most n of them, the 'first' or the 'last'.\n\n"
  "Example:\n  strchr('hello', 'lo')\n  ans =\n     3   4   5\n\n"
  "See also: index, strfind, strtok")
{
    static const char *const names[] = { "first", "last", NULL };
    size_t n, m;
    const char *s = arg_text(c, 0, &n), *set = arg_text(c, 1, &m);
    i64 limit = has_arg(c, 2) ? arg_int(c, 2, 1, INT64_MAX) : INT64_MAX, count = 0;
    bool last = has_arg(c, 3) && arg_option(c, 3, names) == 1;
    double *at = scratch((n + 1) * sizeof *at);
    for (size_t i = 0; i < n; i++)
        if (memchr(set, s[i], m))
            at[count++] = (double)i + 1;
    i64 k = MIN(count, limit);
    struct tensor *t = tensor_2d(D_DOUBLE, k ? 1 : 0, k);
    memcpy(t->data, last ? at + count - k : at, (size_t)k * sizeof *at);
    result_tensor(c, 0, t);
}

BUILTIN(substr, 2, 3, 1, NO_GRAD,
  "t = substr(s, offset, len)\n\n"
  "The len characters of s that begin at offset; without len all up to the end. An offset below 0 counts from the end, "
  "a len below 0\n"
  "says how many at the end are left out.\n\n"
  "Example:\n  substr('hello', 2, 3)\n  ans = ell\n\n"
  "See also: strfind, regexp")
{
    size_t n;
    const char *s = arg_text(c, 0, &n);
    i64 from = arg_int(c, 1, -(i64)n, MAX((i64)n, 1));
    if (from == 0)
        fail("Octave:invalid-input-arg",
             "substr: argument 2 must be an integer from 1 to %lld, or counted from the end from -%lld to -1, but is 0",
             (long long)n, (long long)n);
    from += from < 0 ? (i64)n + 1 : 0;
    i64 most = (i64)n - from + 1, len = has_arg(c, 2) ? arg_int(c, 2, -most + 1, most) : most;
    len += len < 0 ? most : 0;
    result(c, 0, text_value(s + from - 1, (size_t)MAX(len, 0)));
}

/* ---- startsWith, endsWith */
static void affix(struct call *c, bool end)
{
    struct texts pat = arg_texts(c, 1);
    arg_texts(c, 0);
    size_t n3 = 0;
    const char *word = c->nargin > 2 ? arg_text(c, 2, &n3) : "";
    if (c->nargin == 3 || (c->nargin > 3 && (n3 == 0 || strncasecmp(word, "IgnoreCase", n3))))
        fail("Octave:invalid-fun-call", "%s: the option is \"IgnoreCase\" and true or false", c->fn->name);
    if (c->nargin > 3 && arg_is_text(c, 3))
        fail_arg(c, 3, "true or false");
    bool fold = c->nargin > 3 && arg_bool(c, 3);
    value v = c->arg[0];
    i64 dim[2] = { 1, 1 };
    struct tensor *r = v.kind == K_CELL ? tensor_zeros(D_LOGICAL, v.cell->nd, v.cell->dim) : tensor_zeros(D_LOGICAL, 2, dim);
    for (i64 i = 0; i < r->numel; i++) {
        size_t n, m;
        const char *s;
        one_text(c, v.kind == K_CELL ? v.cell->v[i] : v, 0, &s, &n);
        for (i64 k = 0; k < pat.n && !r->data[i]; k++) {
            const char *p = texts_at(&pat, k, &m);
            const char *at = end ? s + n - m : s;
            r->data[i] = m <= n && (fold ? !strncasecmp(at, p, m) : !memcmp(at, p, m));
        }
    }
    result_tensor(c, 0, r);
}

BUILTIN(startsWith, 2, 4, 1, NO_GRAD,
  "tf = startsWith(s, pattern)\n"
  "tf = startsWith(s, pattern, 'IgnoreCase', true)\n\n"
  "True where a text begins with the pattern, or with one of several in a cell array.\n\n"
  "Example:\n  startsWith({'hello', 'world'}, 'he')\n  ans =\n    1  0\n\n"
  "See also: endsWith, strncmp, regexp")
{
    affix(c, false);
}

BUILTIN(endsWith, 2, 4, 1, NO_GRAD,
  "tf = endsWith(s, pattern)\n"
  "tf = endsWith(s, pattern, 'IgnoreCase', true)\n\n"
  "True where a text ends with the pattern, or with one of several in a cell array.\n\n"
  "Example:\n  endsWith('hello', 'lo')\n  ans = 1\n\n"
  "See also: startsWith, regexp")
{
    affix(c, true);
}

/* ---- strsplit, ostrsplit, strtok, strjoin */
static void piece(struct cell *row, const char *s, size_t n)   /* one more at its end */
{
    if (row->numel == row->cap)
        cell_reserve(row, MAX(2 * row->numel, 8));
    struct tensor *t = tensor_make(D_CHAR, 2, (i64[]){ n ? 1 : 0, (i64)n });
    memcpy(t->data, s, n);
    row->v[row->numel] = tensor_box(t);
    row->dim[0] = 1;
    row->dim[1] = ++row->numel;
}

BUILTIN(strsplit, 1, ANY, 2, NO_GRAD,
  "c = strsplit(s)\n"
  "c = strsplit(s, delimiter)\n"
  "[c, matches] = strsplit(s, delimiter, 'collapsedelimiters', tf, 'delimitertype', type)\n\n"
  "Split a text at a delimiter (white space if none is given) or at each of several in a cell array, into a row of "
  "texts. Delimiters\n"
  "that follow each other count as one, unless collapsedelimiters is false. type is 'simple', in which escapes like "
  "\\t count, or\n"
  "'regularexpression'.\n\n"
  "Example:\n  strsplit('a,,b', ',')\n  ans =\n  {\n    [1,1] = a\n    [1,2] = b\n  }\n\n"
  "See also: strjoin, ostrsplit, regexp, strtok")
{
    static const char *const names[] = { "collapsedelimiters", "delimitertype", NULL };
    static const char *const types[] = { "simple", "regularexpression", "legacy", NULL };
    size_t n;
    const char *s = arg_text(c, 0, &n);
    bool collapse = true, own = false;
    int type = 0, from = 1;
    if (c->nargin > 1 && !arg_is_text(c, 1) && c->arg[1].kind != K_CELL) {
        collapse = arg_bool(c, 1);            /* strsplit(s, collapse, …) and strsplit(s, delimiter, collapse, …) */
        from = 2;
    } else {
        bool third = c->nargin > 2 && !arg_is_text(c, 2);
        if (third)
            collapse = arg_bool(c, 2);
        own = third || c->nargin % 2 == 0;
        from = 1 + own + third;
    }
    for (int i = from; i < c->nargin; i += 2) {
        if (i + 1 == c->nargin)
            fail("Octave:invalid-fun-call", "strsplit: option \"%s\" needs a value", arg_text(c, i, NULL));
        if (arg_option(c, i, names) == 0) {
            collapse = arg_bool(c, i + 1);
            continue;
        }
        size_t m;
        const char *s = arg_text(c, i + 1, &m);
        type = m && !strncasecmp(s, types[1], m) ? 1 : m && !strncasecmp(s, types[0], m) ? 0 : arg_option(c, i + 1, types);
    }
    if (type == 1) {
        extern const struct builtin builtin_regexp;
        struct buf *b = buf_new();
        buff(b, "(?:");
        if (own) {
            struct texts x = arg_texts(c, 1);
            for (i64 k = 0; k < x.n; k++) {
                size_t m;
                const char *pat = texts_at(&x, k, &m);
                buff(b, "%s", k ? "|" : "");
                buf_add(b, pat, m);
            }
        } else {
            buff(b, "\\s");
        }
        buff(b, "%s", collapse ? ")+" : ")");
        value arg[4] = { c->arg[0], buf_value(b), text_value("split", 5), text_value("match", 5) }, out[2] = { nil(), nil() };
        call_builtin(&builtin_regexp, 4, arg, 2, out);
        result(c, 0, out[0]);
        if (wants(c, 1))
            result(c, 1, out[1]);
        return;
    }
    i64 nd = 6;
    const char *white[] = { " ", "\f", "\n", "\r", "\t", "\v" };
    const char **d = white;
    size_t wl[6] = { 1, 1, 1, 1, 1, 1 }, *dl = wl;
    if (own) {
        struct texts x = arg_texts(c, 1);
        nd = x.n;
        d = scratch((size_t)nd * sizeof *d + 1);
        dl = scratch((size_t)nd * sizeof *dl + 1);
        for (i64 k = 0; k < nd; k++) {
            d[k] = texts_at(&x, k, &dl[k]);
            if (memchr(d[k], '\\', dl[k])) {
                struct buf *b = buf_new();
                text_unescape(b, d[k], dl[k]);
                d[k] = b->s;
                dl[k] = b->n;
            }
        }
    }
    struct cell *text = cell_2d(0, 0), *between = wants(c, 1) ? cell_2d(0, 0) : NULL;
    bool letter = nd == 1 && dl[0] == 1;
    size_t start = 0, i = 0;
    while (i < n) {
        size_t sep = 0;
        if (letter) {
            const char *next = memchr(s + i, d[0][0], n - i);
            if (!next)
                break;
            i = (size_t)(next - s);
            sep = 1;
        }
        for (i64 k = 0; k < nd && !letter; k++)                /* the longest delimiter that stands here */
            if (dl[k] > sep && dl[k] <= n - i && !memcmp(s + i, d[k], dl[k]))
                sep = dl[k];
        if (!sep) {
            i++;
            continue;
        }
        size_t end = i + sep;
        for (bool on = collapse; on && end < n;) {
            on = false;
            for (i64 k = 0; k < nd; k++)
                if (dl[k] && dl[k] <= n - end && !memcmp(s + end, d[k], dl[k])) {
                    end += dl[k];
                    on = true;
                }
        }
        piece(text, s + start, i - start);
        if (between)
            piece(between, s + i, end - i);
        start = i = end;
        poll();
    }
    piece(text, s + start, n - start);
    result(c, 0, cell_value(text));
    if (between) {
        cell_resize(between, 2, (i64[]){ 1, between->numel });
        result(c, 1, cell_value(between));
    }
}

BUILTIN(ostrsplit, 2, 3, 1, NO_GRAD,
  "c = ostrsplit(s, separators)\n"
  "c = ostrsplit(s, separators, stripempty)\n\n"
  "Split a text at each character that is among the separators; with a true third argument empty pieces are left out.\n\n"
  "Example:\n  ostrsplit('a:b;c', ':;')\n  ans =\n  {\n    [1,1] = a\n    [1,2] = b\n    [1,3] = c\n  }\n\n"
  "See also: strsplit, strtok")
{
    size_t n, m;
    struct texts x = arg_texts(c, 0);
    const char *sep = arg_text(c, 1, &m);
    bool strip = has_arg(c, 2) && arg_bool(c, 2);
    struct cell *row = cell_2d(0, 0);
    for (i64 k = 0; k < x.n; k++) {
        const char *s = texts_at(&x, k, &n);
        size_t start = 0;
        for (size_t i = 0; i <= n; i++)
            if (i == n || memchr(sep, s[i], m)) {
                if (i > start || !strip)
                    piece(row, s + start, i - start);
                if (i == start && !strip)     /* 1x0, as Octave has it */
                    cell_set(row, row->numel - 1, tensor_value(tensor_2d(D_CHAR, 1, 0)));
                start = i + 1;
            }
    }
    cell_resize(row, 2, (i64[]){ 1, row->numel });
    result(c, 0, cell_value(row));
}

static void token(const char *s, size_t n, const char *d, size_t m, size_t *from, size_t *to)
{
    size_t i = 0;
    while (i < n && memchr(d, s[i], m))
        i++;
    *from = i;
    while (i < n && !memchr(d, s[i], m))
        i++;
    *to = i;
}

BUILTIN(strtok, 1, 2, 2, NO_GRAD,
  "[token, rest] = strtok(s)\n"
  "[token, rest] = strtok(s, delimiters)\n\n"
  "The first piece of a text between characters of delimiters (white space if none are given), and what follows it. Of "
  "a cell array\n"
  "cell arrays.\n\n"
  "Example:\n  [t, r] = strtok('hello world')\n  t = hello\n  r =  world\n\n"
  "See also: strsplit, ostrsplit, regexp")
{
    static const char white[] = { ' ', '\f', '\n', '\r', '\t', '\v', 0 };
    size_t m = sizeof white, n, from, to;
    const char *d = white, *s;
    if (has_arg(c, 1) && value_numel(c->arg[1])) {
        struct tensor *t = tensor_dense(tensor_cast(arg_tensor(c, 1), D_CHAR));
        d = t->data;
        m = (size_t)t->numel;
    }
    value v = c->arg[0];
    if (v.kind != K_CELL) {
        i64 dim[MAX_DIMS];
        bool column = is_tensor_like(v) && value_dtype(v) == D_CHAR && value_dims(v, dim) == 2 && dim[0] > 1 && dim[1] == 1;
        if (column)
            v = tensor_value(tensor_reshape(tensor_dense(tensor_of(v)), 2, (i64[]){ 1, dim[0] }));
        one_text(c, v, 0, &s, &n);
        token(s, n, d, m, &from, &to);
        value part[2] = { text_value(s + from, to - from), text_value(s + to, n - to) };
        for (int k = 0; k < 2; k++)
            result(c, k,
                   column ? tensor_value(tensor_reshape(tensor_of(part[k]), 2, (i64[]){ value_numel(part[k]), 1 }))
                          : part[k]);
        return;
    }
    struct cell *a = cell_new(v.cell->nd, v.cell->dim), *b = cell_new(v.cell->nd, v.cell->dim);
    for (i64 i = 0; i < a->numel; i++) {
        one_text(c, v.cell->v[i], 0, &s, &n);
        token(s, n, d, m, &from, &to);
        cell_set(a, i, text_value(s + from, to - from));
        cell_set(b, i, text_value(s + to, n - to));
    }
    result(c, 0, cell_value(a));
    if (wants(c, 1))
        result(c, 1, cell_value(b));
}

BUILTIN(strjoin, 1, 2, 1, NO_GRAD,
  "s = strjoin(c)\n"
  "s = strjoin(c, delimiter)\n\n"
  "Join the texts of a cell array with a delimiter (a blank if none is given, escapes like \\n count) between them, or "
  "with those of\n"
  "a cell array that has one less.\n\n"
  "Example:\n  strjoin({'a', 'b', 'c'}, '-')\n  ans = a-b-c\n\n"
  "See also: strsplit, strcat, sprintf")
{
    arg_cell(c, 0);
    struct texts x = arg_texts(c, 0), d = { 0 };
    size_t n, m = 1;
    const char *sep = " ";
    if (has_arg(c, 1)) {
        d = arg_texts(c, 1);
        if (d.cell && d.n != x.n - 1)
            fail("Octave:invalid-input-arg",
                 "strjoin: there must be one delimiter less than texts, but there are %lld texts and %lld delimiters",
                 (long long)x.n, (long long)d.n);
        if (!d.cell) {
            struct buf *e = buf_new();
            sep = texts_at(&d, 0, &m);
            text_unescape(e, sep, m);
            sep = e->s;
            m = e->n;
        }
    }
    struct buf *b = buf_new();
    for (i64 k = 0; k < x.n; k++) {
        const char *s = texts_at(&x, k, &n);
        buf_add(b, s, n);
        if (k < x.n - 1) {
            if (d.cell)
                sep = texts_at(&d, k, &m);
            buf_add(b, sep, m);
        }
    }
    result(c, 0, buf_value(b));
}

/* ---- one of several words */
BUILTIN(validatestring, 2, 5, 1, NO_GRAD,
  "s = validatestring(s, choices)\n"
  "s = validatestring(s, choices, function, variable, position)\n\n"
  "The one of the texts in the cell array that begins with s, upper case or not; an error that lists them if there is "
  "none, or if\n"
  "several do and none of them is the beginning of all others.\n\n"
  "Example:\n  validatestring('app', {'apple', 'banana'})\n  ans = apple\n\n"
  "See also: strncmpi, inputParser")
{
    size_t n, m, k;
    const char *s = arg_text(c, 0, &n), *found = NULL, *fn = "", *var = NULL;
    struct texts x = arg_texts(c, 1);
    int at = 2;
    size_t best = 0;
    bool several = false;
    arg_cell(c, 1);
    if (at < c->nargin && arg_is_text(c, at))
        fn = arg_text(c, at++, NULL);
    if (at < c->nargin && arg_is_text(c, at))
        var = arg_text(c, at++, NULL);
    struct buf *list = buf_new(), *what = buf_new();
    if (var)
        buff(what, "variable %s", var);
    if (at < c->nargin)
        buff(what, "%sargument #%lld", var ? ", " : "", (long long)arg_int(c, at, 1, 1 << 20));
    for (i64 i = 0; i < x.n; i++) {
        const char *w = texts_at(&x, i, &m);
        buff(list, "%s'%.*s'", i ? ", " : "", (int)MIN(m, 200), w);
        if (m < n || strncasecmp(w, s, n))
            continue;
        if (!found || m < best) {             /* the shortest so far must begin all others */
            several |= found && strncasecmp(found, w, m);
            found = w;
            best = m;
        } else {
            k = best;
            several |= strncasecmp(found, w, k) != 0;
        }
    }
    if (!found || several)
        fail("", "%s: '%s'%s%s%s %s\n%s", *fn ? fn : "validatestring", s, what->n ? " (" : "", what->s, what->n ? ")" : "",
             found ? "matches multiple possible values:" : "does not match any of", list->s);
    result(c, 0, text_value(found, best));
}
