/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c: what all functions on text share, and those that look at characters one by one: comparison, case, classes of
 * characters, trimming, joining.
 *
 * Text is bytes.  Letters are those of ASCII; bytes above 127 (UTF-8) count as letters of no case, so they pass through
 * everything unharmed.  A function of one text takes a cell array of texts too, by map_texts. */
#include "text.h"
#include <locale.h>
#include <wctype.h>
#include <math.h>
#include <stdlib.h>

/* ---- one text or many */
value text_value(const char *s, size_t n)
{
    return tensor_value(tensor_text(s, n));
}

static bool is_char(value v)
{
    return is_tensor_like(v) && value_dtype(v) == D_CHAR;
}

static bool is_text(value v)                  /* a row, or nothing */
{
    i64 dim[MAX_DIMS];
    if (v.kind == K_TENSOR)
        return v.t->dtype == D_CHAR && v.t->nd == 2 && (v.t->dim[0] == 1 || v.t->numel == 0);
    return is_char(v) && value_dims(v, dim) == 2 && (dim[0] == 1 || dim[0] * dim[1] == 0);
}

static const char *text_of(value v, size_t *n)
{
    if (v.kind == K_NUM && v.dtype == D_CHAR) {                /* a letter: one of a table, not a tensor of its own */
#define L4(c) { (char)(c) }, { (char)(c + 1) }, { (char)(c + 2) }, { (char)(c + 3) }
#define L16(c) L4(c), L4(c + 4), L4(c + 8), L4(c + 12)
#define L64(c) L16(c), L16(c + 16), L16(c + 32), L16(c + 48)
        static const char letter[256][2] = { L64(0), L64(64), L64(128), L64(192) };
        *n = 1;
        return letter[(uint8_t)v.num];
    }
    struct tensor *t = tensor_dense(tensor_of(v));
    *n = (size_t)t->numel;
    return t->data;
}

static bool all_texts(value v)
{
    if (v.kind != K_CELL)
        return is_char(v) && tensor_of(v)->nd == 2;
    for (i64 i = 0; i < v.cell->numel; i++)
        if (!is_text(v.cell->v[i]))
            return false;
    return true;
}

bool arg_is_texts(struct call *c, int i)
{
    return i < c->nargin && all_texts(c->arg[i]);
}

struct texts arg_texts(struct call *c, int i)
{
    if (!arg_is_texts(c, i))
        fail_arg(c, i, "text or a cell array of texts");
    if (c->arg[i].kind == K_CELL)
        return (struct texts){ c->arg[i].cell->numel, true, NULL, c->arg[i].cell };
    struct tensor *t = tensor_of(c->arg[i]);
    return (struct texts){ t->numel ? t->dim[0] : 1, false, t, NULL };
}

const char *texts_at(const struct texts *x, i64 k, size_t *len)
{
    if (x->cell)
        return text_of(x->c->v[k], len);
    if (x->n == 1) {
        struct tensor *d = tensor_dense(x->t);
        *len = (size_t)d->numel;
        return d->data;
    }
    size_t n = *len = (size_t)x->t->dim[1];
    char *s = scratch(n + 1);
    for (size_t j = 0; j < n; j++)
        s[j] = x->t->data[k * x->t->stride[0] + (i64)j * x->t->stride[1]];
    s[n] = 0;
    return s;
}

void map_texts(struct call *c, text_map *f, const void *with)
{
    value v = c->arg[0];
    size_t n;
    const char *s;
    if (v.kind == K_CELL) {
        struct cell *r = cell_new(v.cell->nd, v.cell->dim);
        for (i64 i = 0; i < v.cell->numel; i++) {
            if (!is_text(v.cell->v[i])) {
                char d[160];
                fail("Octave:invalid-input-arg", "%s: element %lld of the cell must be text, but is a %s", c->fn->name,
                     (long long)i + 1, value_describe(v.cell->v[i], d));
            }
            s = text_of(v.cell->v[i], &n);
            cell_set(r, i, f(c, with, s, n));
            poll();
        }
        result(c, 0, cell_value(r));
        return;
    }
    if (!is_text(v))
        fail_arg(c, 0, "text or a cell array of texts");
    s = text_of(v, &n);
    result(c, 0, f(c, with, s, n));
}

/* ---- escapes */
static const char escapes[] = "a\ab\bf\fn\nr\rt\tv\v\\\\''\"\"";

void text_unescape(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] != '\\' || i + 1 >= n) {
            buf_putc(b, s[i]);
            continue;
        }
        char ch = s[++i];
        const char *e = NULL;
        for (const char *p = escapes; *p && !e; p += 2)
            if (*p == ch)
                e = p + 1;
        if (e) {
            buf_putc(b, *e);
        } else if (ch >= '0' && ch <= '7') {
            int x = 0;
            for (size_t end = MIN(n, i + 3); i < end && s[i] >= '0' && s[i] <= '7'; i++)
                x = x * 8 + (s[i] - '0');
            i--;
            buf_putc(b, (char)x);
        } else if (ch == 'x' && i + 1 < n && strchr("0123456789abcdefABCDEF", s[i + 1]) && s[i + 1]) {
            char hex[3] = { s[i + 1], 0, 0 };
            i++;
            if (i + 1 < n && s[i + 1] && strchr("0123456789abcdefABCDEF", s[i + 1]))
                hex[1] = s[++i];
            buf_putc(b, (char)strtol(hex, NULL, 16));
        } else {
            buf_putc(b, ch);
        }
    }
}

static value unescape_map(struct call *c, const void *with, const char *s, size_t n)
{
    struct buf *b = buf_new();
    (void)c, (void)with;
    text_unescape(b, s, n);
    return buf_value(b);
}

static value escape_map(struct call *c, const void *with, const char *s, size_t n)
{
    struct buf *b = buf_new();
    (void)c, (void)with;
    for (size_t i = 0; i < n; i++) {
        const char *e = NULL;
        for (const char *p = escapes; *p && !e; p += 2)
            if (p[1] == s[i] && s[i] != '\'')
                e = p;
        if (s[i] == 0)
            buf_puts(b, "\\0");
        else if (e) {
            buf_putc(b, '\\');
            buf_putc(b, *e);
        } else
            buf_putc(b, s[i]);
    }
    return buf_value(b);
}

BUILTIN(do_string_escapes, 1, 1, 1, NO_GRAD,
  "s = do_string_escapes(s)\n\n"
  "Turn \\n, \\t, \\\\, \\x41, \\101 and the like into the characters they stand for, as in double quotes.\n\n"
  "Example:\n  double(do_string_escapes('a\\n'))\n  ans =\n     97   10\n\n"
  "See also: undo_string_escapes")
{
    map_texts(c, unescape_map, NULL);
}

BUILTIN(undo_string_escapes, 1, 1, 1, NO_GRAD,
  "s = undo_string_escapes(s)\n\n"
  "Write special characters as in double quotes: a newline becomes \\n.\n\n"
  "Example:\n  undo_string_escapes(\"a\\tb\")\n  ans = a\\tb\n\n"
  "See also: do_string_escapes")
{
    map_texts(c, escape_map, NULL);
}

/* ---- comparing */
struct comparison { bool fold; i64 first; };  /* case does not count; only so many characters count (-1: all) */

static char fold_char(char ch)
{
    return (unsigned char)(ch - 'A') < 26 ? (char)(ch + 32) : ch;
}

static bool same_bytes(const char *a, const char *b, size_t n, bool fold)
{
    if (!fold)
        return !memcmp(a, b, n);
    for (size_t i = 0; i < n; i++)
        if (fold_char(a[i]) != fold_char(b[i]))
            return false;
    return true;
}

static bool same(value a, value b, const struct comparison *how)
{
    if (a.kind == K_TENSOR && b.kind == K_TENSOR && a.t->dtype == D_CHAR && b.t->dtype == D_CHAR) {
        const struct tensor *x = a.t, *y = b.t;             /* the usual rows of text */
        i64 n = x->numel;
        if (how->first < 0 ? n != y->numel : MIN(n, how->first) != MIN(y->numel, how->first))
            return false;
        if (x->nd == 2 && y->nd == 2 && x->dim[0] == 1 && y->dim[0] == 1 && x->flags & y->flags & T_DENSE &&
            !x->device && !y->device) {
            n = how->first < 0 ? n : MIN(n, how->first);
            return n == 0 || ((x->data[n - 1] == y->data[n - 1] || how->fold) &&
                              same_bytes(x->data, y->data, (size_t)n, how->fold));
        }
    }
    if (!is_char(a) || !is_char(b))
        return false;
    struct tensor *x = tensor_dense(tensor_of(a)), *y = tensor_dense(tensor_of(b));
    if (how->first >= 0)
        return MIN(x->numel, how->first) == MIN(y->numel, how->first) &&
               same_bytes(x->data, y->data, (size_t)MIN(x->numel, how->first), how->fold);
    if (!dims_equal(x->nd, x->dim, y->nd, y->dim) && (x->numel || y->numel))
        return false;
    return same_bytes(x->data, y->data, (size_t)x->numel, how->fold);
}

static value row_of(value v, i64 i)           /* row i of a char matrix */
{
    struct tensor *t = tensor_of(v);
    i64 dim[2] = { 1, t->dim[1] };
    return tensor_box(tensor_alias(t, 2, dim, t->stride, i * t->stride[0]));
}

static void compare(struct call *c, struct comparison how)
{
    value a = c->arg[0], b = c->arg[1];
    if (a.kind != K_CELL && b.kind != K_CELL) {
        i64 d1[MAX_DIMS], d2[MAX_DIMS];       /* alone a 1x0 text is not a 0x0 one; in a cell it is */
        bool alike = how.first >= 0 || !is_char(a) || !is_char(b) ||
                     dims_equal(value_dims(a, d1), d1, value_dims(b, d2), d2);
        result_bool(c, 0, alike && same(a, b, &how));
        return;
    }
    if (a.kind != K_CELL) {
        value t = a;
        a = b;
        b = t;
    }
    struct cell *x = a.cell, *y = b.kind == K_CELL ? b.cell : NULL;
    if (!y && !is_char(b)) {                  /* no text at all beside a cell */
        result_bool(c, 0, false);
        return;
    }
    if (y && x->numel == 1 && y->numel != 1) {
        struct cell *t = x;
        x = y;
        y = t;
    }
    if (y && y->numel != 1 && !dims_equal(x->nd, x->dim, y->nd, y->dim)) {
        char d1[128], d2[128];
        fail("Octave:nonconformant-args", "%s: the cell arrays must have the same shape, but are %s and %s", c->fn->name,
             dims_text(x->nd, x->dim, d1), dims_text(y->nd, y->dim, d2));
    }
    bool rows = !y && is_char(b) && tensor_of(b)->nd == 2 && tensor_of(b)->dim[0] > 1;
    bool one = rows && x->numel == 1;         /* one text beside each row of a char matrix */
    if (rows && !one && tensor_of(b)->dim[0] != x->numel) {
        result_bool(c, 0, false);
        return;
    }
    struct tensor *r =
        one ? tensor_zeros(D_LOGICAL, 2, (i64[]){ tensor_of(b)->dim[0], 1 }) : tensor_zeros(D_LOGICAL, x->nd, x->dim);
    if (!y && b.kind == K_TENSOR && b.t->dtype == D_CHAR && b.t->nd == 2 && b.t->dim[0] == 1 && b.t->flags & T_DENSE &&
        !b.t->device && how.first < 0 && !how.fold) {
        const char *s = b.t->data;            /* a row of text beside each: most differ in length or in the first character */
        i64 n = b.t->numel;
        uint8_t *to = (uint8_t *)r->data;
        for (i64 i = 0; i < r->numel; i++) {
            const value v = x->v[i];
            const struct tensor *t = v.t;
            if (n > 0 && v.kind == K_TENSOR && t->dtype == D_CHAR && t->nd == 2 && t->dim[0] == 1 &&
                t->flags & T_DENSE && !t->device)
                to[i] = t->numel == n && t->data[0] == s[0] && t->data[n - 1] == s[n - 1] && !memcmp(t->data, s, (size_t)n);
            else
                to[i] = same(v, b, &how);
        }
        result_tensor(c, 0, r);
        return;
    }
    for (i64 i = 0; i < r->numel; i++)
        ((uint8_t *)r->data)[i] = same(x->v[one ? 0 : i], y ? y->v[y->numel == 1 ? 0 : i] : rows ? row_of(b, i) : b, &how);
    result_tensor(c, 0, r);
}

#define COMPARE_HELP(name, extra, what, example, also)                                                         \
    "tf = " name "(a, b" extra ")\n\n"                                                                         \
    "True where texts are equal" what ". With a cell array each of its texts is compared, with those of\n"     \
    "another one of the same shape, or with one text. What is no text equals none.\n\n"                        \
    "Example:\n  " example "\n\nSee also: " also

BUILTIN(strcmp, 2, 2, 1, NO_GRAD, COMPARE_HELP("strcmp", "", "", "strcmp('a', {'a', 'b'})\n  ans =\n    1  0", "strcmpi, strncmp, isequal"))
{
    compare(c, (struct comparison){ false, -1 });
}

BUILTIN(strcmpi, 2, 2, 1, NO_GRAD, COMPARE_HELP("strcmpi", "", ", upper case or not", "strcmpi('A', 'a')\n  ans = 1", "strcmp, strncmpi"))
{
    compare(c, (struct comparison){ true, -1 });
}

BUILTIN(strncmp, 3, 3, 1, NO_GRAD, COMPARE_HELP("strncmp", ", n", " in their first n characters", "strncmp('abc', 'abd', 2)\n  ans = 1", "strcmp, strncmpi, startsWith"))
{
    compare(c, (struct comparison){ false, arg_int(c, 2, 1, INT64_MAX) });
}

BUILTIN(strncmpi, 3, 3, 1, NO_GRAD, COMPARE_HELP("strncmpi", ", n", " in their first n characters, upper case or not", "strncmpi('ABc', 'abd', 2)\n  ans = 1", "strncmp, strcmpi"))
{
    compare(c, (struct comparison){ true, arg_int(c, 2, 1, INT64_MAX) });
}

/* ---- letters beyond ASCII: a row of text is UTF-8, and the C library knows the letters of C.UTF-8 where it has that
 * locale; else they stay as they are.  What is no UTF-8 stays as it is, byte by byte. */
static locale_t unicode(void)
{
    static locale_t l;
    if (!l)
        l = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    return l;
}

/* The character at s and its length in bytes, 1 for a byte that begins none. */
static int utf8_at(const uint8_t *s, i64 left, wint_t *ch)
{
    int n = *s < 0xC2 ? 1 : *s < 0xE0 ? 2 : *s < 0xF0 ? 3 : *s < 0xF5 ? 4 : 1;
    *ch = n == 1 ? *s : *s & (0x7F >> n);
    for (int i = 1; i < n; i++) {
        if (i >= left || (s[i] & 0xC0) != 0x80) {
            *ch = *s;
            return 1;
        }
        *ch = *ch << 6 | (s[i] & 0x3F);
    }
    return n;
}

static void utf8_add(struct buf *b, wint_t c)
{
    if (c < 0x80)
        buff(b, "%c", (int)c);
    else if (c < 0x800)
        buff(b, "%c%c", (int)(0xC0 | c >> 6), (int)(0x80 | (c & 0x3F)));
    else if (c < 0x10000)
        buff(b, "%c%c%c", (int)(0xE0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3F)), (int)(0x80 | (c & 0x3F)));
    else
        buff(b, "%c%c%c%c", (int)(0xF0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3F)), (int)(0x80 | (c >> 6 & 0x3F)),
             (int)(0x80 | (c & 0x3F)));
}

static bool beyond_ascii(const struct tensor *t)               /* a row with a byte of that kind, and a locale to read it */
{
    if (t->nd != 2 || t->dim[0] != 1)
        return false;
    uint8_t any = 0;
    for (i64 i = 0; i < t->numel; i++)
        any |= (uint8_t)t->data[i];
    return any >= 0x80 && unicode();
}

/* ---- case */
static value change_case_unicode(const struct tensor *t, bool up)
{
    struct buf *b = buf_new();
    wint_t ch;
    for (i64 i = 0, n; i < t->numel; i += n) {
        n = utf8_at((const uint8_t *)t->data + i, t->numel - i, &ch);
        if (n == 1 && ch >= 0x80)
            buf_add(b, t->data + i, 1);
        else if (up && ch == 0xDF)                             /* sharp s has no capital of its own */
            buf_add(b, "SS", 2);
        else
            utf8_add(b, up ? towupper_l(ch, unicode()) : towlower_l(ch, unicode()));
    }
    return buf_value(b);
}

static value change_case(struct call *c, value v, char from, char to)
{
    if (v.kind == K_CELL) {
        struct cell *r = cell_new(v.cell->nd, v.cell->dim);
        descend(c->fn->name);
        for (i64 i = 0; i < v.cell->numel; i++)
            cell_set(r, i, change_case(c, v.cell->v[i], from, to));
        return cell_value(r);
    }
    if (!is_tensor_like(v))
        fail_arg(c, 0, "text or a cell array of texts");
    if (value_dtype(v) != D_CHAR)
        return value_dtype(v) == D_LOGICAL ? tensor_value(tensor_cast(tensor_of(v), D_DOUBLE)) : v;
    struct tensor *t = tensor_clone(tensor_of(v));
    if (beyond_ascii(t))
        return change_case_unicode(t, to == 'A');
    for (i64 at = 0; at < t->numel; at += 1 << 20) {          /* in pieces, for the loop below is one of vectors */
        poll();
        for (i64 i = at, end = MIN(at + (1 << 20), t->numel); i < end; i++)
            if (t->data[i] >= from && t->data[i] < from + 26)
                t->data[i] = (char)(t->data[i] - from + to);
    }
    return tensor_value(t);
}

#define CASE_HELP(name, what, example)                                                                          \
    "s = " name "(s)\n\n"                                                                                       \
    "The text, or each text of a cell array, in " what " case. Numbers stay as they are.\n\n"                   \
    "Example:\n  " example "\n\nSee also: upper, lower, strcmpi"
BUILTIN(upper, 1, 1, 1, NO_GRAD, CASE_HELP("upper", "upper", "upper('aBc')\n  ans = ABC")) { result(c, 0, change_case(c, c->arg[0], 'a', 'A')); }
BUILTIN(toupper, 1, 1, 1, NO_GRAD, CASE_HELP("toupper", "upper", "toupper('aBc')\n  ans = ABC")) { result(c, 0, change_case(c, c->arg[0], 'a', 'A')); }
BUILTIN(lower, 1, 1, 1, NO_GRAD, CASE_HELP("lower", "lower", "lower('aBc')\n  ans = abc")) { result(c, 0, change_case(c, c->arg[0], 'A', 'a')); }
BUILTIN(tolower, 1, 1, 1, NO_GRAD, CASE_HELP("tolower", "lower", "tolower('aBc')\n  ans = abc")) { result(c, 0, change_case(c, c->arg[0], 'A', 'a')); }

/* ---- classes of characters */
static bool is_alpha(int ch) { return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z'); }
static bool is_digit(int ch) { return ch >= '0' && ch <= '9'; }
static bool is_upper(int ch) { return ch >= 'A' && ch <= 'Z'; }
static bool is_lower(int ch) { return ch >= 'a' && ch <= 'z'; }
static bool is_alnum(int ch) { return is_alpha(ch) || is_digit(ch); }
static bool is_graph(int ch) { return ch > 32 && ch < 127; }
static bool is_print(int ch) { return ch >= 32 && ch < 127; }
static bool is_punct(int ch) { return is_graph(ch) && !is_alnum(ch); }
static bool is_cntrl(int ch) { return (ch >= 0 && ch < 32) || ch == 127; }
static bool is_space(int ch) { return ch == ' ' || (ch >= 9 && ch <= 13); }
static bool is_hex(int ch) { return is_digit(ch) || (ch >= 'a' && ch <= 'f') || (ch >= 'A' && ch <= 'F'); }
static bool is_ascii(int ch) { return ch >= 0 && ch < 128; }

typedef bool char_class(int ch);
/* The classes that letters beyond ASCII can be in; every byte of such a letter gets its answer. */
static const struct { char_class *f; int (*wide)(wint_t, locale_t); } wide_classes[] = {
    { is_alpha, iswalpha_l }, { is_upper, iswupper_l }, { is_lower, iswlower_l }, { is_alnum, iswalnum_l },
    { is_graph, iswgraph_l }, { is_print, iswprint_l }, { is_punct, iswpunct_l }, { is_space, iswspace_l },
};

static value classify(struct call *c, value v, char_class *f)
{
    if (v.kind == K_CELL) {
        struct cell *r = cell_new(v.cell->nd, v.cell->dim);
        descend(c->fn->name);
        for (i64 i = 0; i < v.cell->numel; i++)
            cell_set(r, i, classify(c, v.cell->v[i], f));
        return cell_value(r);
    }
    if (!is_tensor_like(v))
        fail_arg(c, 0, "text or a cell array of texts");
    struct tensor *t = tensor_dense(tensor_of(v)), *r = tensor_zeros(D_LOGICAL, t->nd, t->dim);
    for (i64 i = 0; i < t->numel; i++) {
        double x = element_double(t, i);
        r->data[i] = x == floor(x) && x >= 0 && x < 256 && f((int)x);
    }
    for (int k = 0; k < COUNT(wide_classes) && t->dtype == D_CHAR; k++) {
        wint_t ch;
        if (wide_classes[k].f != f || !beyond_ascii(t))
            continue;
        for (i64 i = 0, n; i < t->numel; i += n) {
            n = utf8_at((const uint8_t *)t->data + i, t->numel - i, &ch);
            if (n > 1)
                memset(r->data + i, wide_classes[k].wide(ch, unicode()) != 0, (size_t)n);
        }
    }
    return tensor_value(r);
}

#define CLASS_HELP(name, what, example, answer)                                                                 \
    "tf = " name "(s)\n\n"                                                                                      \
    "True where a character of s is " what "; of a cell array, a cell array of such results.\n\n"               \
    "Example:\n  " name "(" example ")\n  ans =\n  " answer "\n\n"                                              \
    "See also: isalpha, isdigit, isalnum, isupper, islower, isspace, ispunct, isstrprop"
BUILTIN(isalpha, 1, 1, 1, NO_GRAD, CLASS_HELP("isalpha", "a letter", "'a1 B'", "  1  0  0  1")) { result(c, 0, classify(c, c->arg[0], is_alpha)); }
BUILTIN(isletter, 1, 1, 1, NO_GRAD, CLASS_HELP("isletter", "a letter", "'a1 B'", "  1  0  0  1")) { result(c, 0, classify(c, c->arg[0], is_alpha)); }
BUILTIN(isdigit, 1, 1, 1, NO_GRAD, CLASS_HELP("isdigit", "a decimal digit", "'a1'", "  0  1")) { result(c, 0, classify(c, c->arg[0], is_digit)); }
BUILTIN(isupper, 1, 1, 1, NO_GRAD, CLASS_HELP("isupper", "a letter in upper case", "'aB'", "  0  1")) { result(c, 0, classify(c, c->arg[0], is_upper)); }
BUILTIN(islower, 1, 1, 1, NO_GRAD, CLASS_HELP("islower", "a letter in lower case", "'aB'", "  1  0")) { result(c, 0, classify(c, c->arg[0], is_lower)); }
BUILTIN(isalnum, 1, 1, 1, NO_GRAD, CLASS_HELP("isalnum", "a letter or a digit", "'a_1'", "  1  0  1")) { result(c, 0, classify(c, c->arg[0], is_alnum)); }
BUILTIN(isspace, 1, 1, 1, NO_GRAD, CLASS_HELP("isspace", "white space", "'a b'", "  0  1  0")) { result(c, 0, classify(c, c->arg[0], is_space)); }
BUILTIN(ispunct, 1, 1, 1, NO_GRAD, CLASS_HELP("ispunct", "printed, but no letter, digit or blank", "'a,b'", "  0  1  0")) { result(c, 0, classify(c, c->arg[0], is_punct)); }
BUILTIN(iscntrl, 1, 1, 1, NO_GRAD, CLASS_HELP("iscntrl", "a control character", "\"a\\n\"", "  0  1")) { result(c, 0, classify(c, c->arg[0], is_cntrl)); }
BUILTIN(isgraph, 1, 1, 1, NO_GRAD, CLASS_HELP("isgraph", "printed and no blank", "'a b'", "  1  0  1")) { result(c, 0, classify(c, c->arg[0], is_graph)); }
BUILTIN(isprint, 1, 1, 1, NO_GRAD, CLASS_HELP("isprint", "printed, a blank too", "\"a \\n\"", "  1  1  0")) { result(c, 0, classify(c, c->arg[0], is_print)); }
BUILTIN(isxdigit, 1, 1, 1, NO_GRAD, CLASS_HELP("isxdigit", "a hexadecimal digit", "'fg0'", "  1  0  1")) { result(c, 0, classify(c, c->arg[0], is_hex)); }
BUILTIN(isascii, 1, 1, 1, NO_GRAD, CLASS_HELP("isascii", "one of ASCII's 128", "'ab'", "  1  1")) { result(c, 0, classify(c, c->arg[0], is_ascii)); }

BUILTIN(isstrprop, 2, 2, 1, NO_GRAD,
  "tf = isstrprop(s, class)\n\n"
  "True where a character of s is of the class: 'alpha', 'digit', 'alphanum', 'lower', 'upper', 'wspace', 'punct', "
  "'cntrl', 'graph',\n"
  "'print', 'xdigit' or 'ascii'.\n\n"
  "Example:\n  isstrprop('a1 ', 'alpha')\n  ans =\n    1  0  0\n\n"
  "See also: isalpha, isdigit")
{
    static const char *const names[] = { "alpha", "alnum", "alphanum", "digit",   "lower", "upper",  "wspace", "space",
                                         "punct", "cntrl", "graph",    "graphic", "print", "xdigit", "ascii",  NULL };
    static char_class *const f[] = { is_alpha, is_alnum, is_alnum, is_digit, is_lower, is_upper, is_space, is_space,
                                     is_punct, is_cntrl, is_graph, is_graph, is_print, is_hex,   is_ascii };
    result(c, 0, classify(c, c->arg[0], f[arg_option(c, 1, names)]));
}

/* ---- trimming */
static void trim_ends(const struct texts *x, bool front, bool nul_too, size_t *from, size_t *to)
{                                             /* what all rows can lose */
    size_t n = 0, lo = SIZE_MAX, hi = 0;
    for (i64 k = 0; k < x->n; k++) {
        const char *s = texts_at(x, k, &n);
        size_t a = 0, b = n;
        while (b > 0 && (is_space(s[b - 1]) || (nul_too && !s[b - 1])))
            b--;
        while (a < b && (is_space(s[a]) || (nul_too && !s[a])))
            a++;
        if (b > 0)
            lo = MIN(lo, a);
        hi = MAX(hi, b);
    }
    *from = front && lo < hi ? lo : 0;
    *to = hi;
}

static value strtrim_map(struct call *c, const void *with, const char *s, size_t n)
{
    (void)c, (void)with;
    while (n > 0 && (is_space(s[n - 1]) || !s[n - 1]))
        n--;
    for (; n > 0 && (is_space(*s) || !*s); n--)
        s++;
    return text_value(s, n);
}

static value deblank_map(struct call *c, const void *with, const char *s, size_t n)
{
    (void)c, (void)with;
    while (n > 0 && (is_space(s[n - 1]) || !s[n - 1]))
        n--;
    return text_value(s, n);
}

static value trimmed_cell(struct call *c, struct cell *x, bool front)        /* cells in cells too */
{
    struct cell *r = cell_new(x->nd, x->dim);
    descend(c->fn->name);
    for (i64 i = 0; i < r->numel; i++) {
        value v = x->v[i];
        size_t n;
        char d[160];
        if (v.kind == K_CELL) {
            v = trimmed_cell(c, v.cell, front);
        } else if (is_text(v)) {
            const char *s = text_of(v, &n);
            v = (front ? strtrim_map : deblank_map)(c, NULL, s, n);
        } else if (!is_char(v) && !(!front && value_numel(v) == 0)) {
            fail("Octave:invalid-input-arg", "%s: element %lld of the cell must be text, but is a %s", c->fn->name,
                 (long long)i + 1, value_describe(v, d));
        }
        cell_set(r, i, v);
        poll();
    }
    return cell_value(r);
}

static void trim(struct call *c, bool front)
{
    if (c->arg[0].kind == K_CELL) {
        result(c, 0, trimmed_cell(c, c->arg[0].cell, front));
        return;
    }
    if (is_text(c->arg[0])) {
        map_texts(c, front ? strtrim_map : deblank_map, NULL);
        return;
    }
    if (is_tensor_like(c->arg[0]) && value_numel(c->arg[0]) == 0) {
        result(c, 0, c->arg[0]);
        return;
    }
    struct texts x = arg_texts(c, 0);         /* a char matrix loses the columns that are blank in every row */
    size_t from, to;
    trim_ends(&x, front, true, &from, &to);
    i64 dim[2] = { x.n, (i64)(to - from) };
    result_tensor(c, 0, tensor_clone(tensor_alias(x.t, 2, dim, x.t->stride, (i64)from * x.t->stride[1])));
}

BUILTIN(strtrim, 1, 1, 1, NO_GRAD,
  "s = strtrim(s)\n\n"
  "The text, or each text of a cell array, without white space at both ends; a char matrix loses columns that are "
  "blank in every row.\n\n"
  "Example:\n  strtrim('  a b ')\n  ans = a b\n\n"
  "See also: deblank, strsplit")
{
    trim(c, true);
}

BUILTIN(deblank, 1, 1, 1, NO_GRAD,
  "s = deblank(s)\n\n"
  "The text, or each text of a cell array, without white space at its end.\n\n"
  "Example:\n  length(deblank('a  '))\n  ans = 1\n\n"
  "See also: strtrim")
{
    trim(c, false);
}

BUILTIN(blanks, 1, 1, 1, NO_GRAD,
  "s = blanks(n)\n\n"
  "A text of n blanks.\n\n"
  "Example:\n  ['a' blanks(2) 'b']\n  ans = a  b\n\n"
  "See also: repmat")
{
    i64 n = arg_int(c, 0, 0, (i64)1 << 40);
    struct tensor *t = tensor_2d(D_CHAR, n > 0, n);
    memset(t->data, ' ', (size_t)n);
    result_tensor(c, 0, t);
}

/* ---- joining side by side */
static value with_cells(struct call *c)       /* any argument a cell array: the others are repeated */
{
    struct cell *shape = NULL;
    for (int i = 0; i < c->nargin; i++) {
        struct cell *x = c->arg[i].kind == K_CELL ? c->arg[i].cell : NULL;
        if (!x || (shape && x->numel == 1))
            continue;
        if (shape && shape->numel != 1 && !dims_equal(shape->nd, shape->dim, x->nd, x->dim)) {
            char d1[128], d2[128];
            fail("Octave:nonconformant-args", "strcat: the cell arrays must have the same shape, but are %s and %s",
                 dims_text(shape->nd, shape->dim, d1), dims_text(x->nd, x->dim, d2));
        }
        shape = x;
    }
    struct cell *r = cell_new(shape->nd, shape->dim);
    struct texts *x = scratch((size_t)c->nargin * sizeof *x);
    for (int i = 0; i < c->nargin; i++) {
        x[i] = arg_texts(c, i);
        if (!x[i].cell && x[i].n > 1 && r->numel == 1)        /* one text beside the rows of a char matrix */
            r = cell_2d(x[i].n, 1);
    }
    for (int i = 0; i < c->nargin; i++)
        if (!x[i].cell && x[i].n > 1 && x[i].n != r->numel)
            fail_arg(c, i, "one text, or a char matrix with a row for each text of the cell array,");
    struct buf *b = buf_new();
    for (i64 k = 0; k < r->numel; k++) {
        int mark = pool_mark();
        poll_each(k);
        b->n = 0;
        for (int i = 0; i < c->nargin; i++) {
            size_t n;
            const char *s = texts_at(&x[i], x[i].n == 1 ? 0 : k, &n);
            while (!x[i].cell && n > 0 && (is_space(s[n - 1]) || !s[n - 1]))
                n--;
            buf_add(b, s, n);
        }
        cell_set(r, k, text_value(b->s, b->n));
        pool_release(mark);
    }
    return cell_value(r);
}

static void side_by_side(struct call *c, bool trimmed)
{
    i64 rows = 1, cols = 0;
    for (int i = 0; i < c->nargin; i++) {
        struct tensor *t = arg_tensor(c, i);
        if (t->numel == 0)
            continue;
        if (t->nd > 2)
            fail_arg(c, i, "text in at most two dimensions");
        if (rows != 1 && t->dim[0] != 1 && t->dim[0] != rows)
            fail("Octave:nonconformant-args",
                 "%s: the texts must have as many rows, but argument %d has %lld and one before has %lld", c->fn->name,
                 i + 1, (long long)t->dim[0], (long long)rows);
        rows = MAX(rows, t->dim[0]);
    }
    struct buf **line = scratch((size_t)rows * sizeof *line);
    for (i64 r = 0; r < rows; r++) {
        line[r] = buf_new();
        for (int i = 0; i < c->nargin; i++) {
            struct tensor *t = tensor_dense(tensor_cast(arg_tensor(c, i), D_CHAR));
            if (t->numel == 0)
                continue;
            struct texts x = { t->dim[0], false, t, NULL };
            size_t n;
            const char *s = texts_at(&x, x.n == 1 ? 0 : r, &n);
            while (trimmed && value_dtype(c->arg[i]) == D_CHAR && n > 0 && (is_space(s[n - 1]) || !s[n - 1]))
                n--;
            buf_add(line[r], s, n);
        }
        cols = MAX(cols, (i64)line[r]->n);
    }
    struct tensor *t = tensor_2d(D_CHAR, cols ? rows : 0, cols);
    memset(t->data, ' ', (size_t)t->numel);
    for (i64 r = 0; r < rows && cols; r++)
        for (size_t j = 0; j < line[r]->n; j++)
            t->data[r + (i64)j * rows] = line[r]->s[j];
    result_tensor(c, 0, t);
}

BUILTIN(strcat, 0, ANY, 1, NO_GRAD,
  "s = strcat(s1, s2, ...)\n\n"
  "Join texts side by side. A char argument loses the white space at its end, texts in cells do not; with a cell array "
  "among the\n"
  "arguments the result is a cell array.\n\n"
  "Example:\n  strcat('a ', 'b')\n  ans = ab\n  strcat({'a '}, 'b')\n  ans =\n  {\n    [1,1] = a b\n  }\n\n"
  "See also: cstrcat, strjoin, char")
{
    for (int i = 0; i < c->nargin; i++)
        if (c->arg[i].kind == K_CELL) {
            result(c, 0, with_cells(c));
            return;
        }
    side_by_side(c, true);
}

BUILTIN(cstrcat, 0, ANY, 1, NO_GRAD,
  "s = cstrcat(s1, s2, ...)\n\n"
  "Join texts side by side as they are.\n\n"
  "Example:\n  cstrcat('a ', 'b')\n  ans = a b\n\n"
  "See also: strcat")
{
    side_by_side(c, false);
}

/* ---- filling and moving */
BUILTIN(strjust, 1, 2, 1, NO_GRAD,
  "s = strjust(s, side)\n\n"
  "Move the text in each row of a char matrix to the 'right' (the default), the 'left' or the 'center'.\n\n"
  "Example:\n  strjust(['a  '; 'bb '], 'right')\n  ans =\n    a\n   bb\n\n"
  "See also: strtrim")
{
    static const char *const sides[] = { "right", "left", "center", NULL };
    int side = has_arg(c, 1) ? arg_option(c, 1, sides) : 0;
    struct texts x = arg_texts(c, 0);
    if (x.cell)
        fail_arg(c, 0, "text");
    struct tensor *r = tensor_clone(x.t);
    memset(r->data, ' ', (size_t)r->numel);
    for (i64 k = 0; r->numel && k < x.n; k++) {
        size_t n, a = 0, b;
        const char *s = texts_at(&x, k, &n);
        for (b = n; b > 0 && (s[b - 1] == ' ' || !s[b - 1]); b--) {}
        for (; a < b && (s[a] == ' ' || !s[a]); a++) {}
        size_t to = side == 0 ? n - (b - a) : side == 1 ? 0 : (n - (b - a)) / 2;
        for (size_t j = a; j < b; j++)
            r->data[k + (i64)(to + j - a) * x.n] = s[j];
    }
    result_tensor(c, 0, r);
}

BUILTIN(untabify, 1, 3, 1, NO_GRAD,
  "s = untabify(s)\n"
  "s = untabify(s, width, deblank)\n\n"
  "Replace each tab by blanks up to the next multiple of width (8); with a true third argument the result is deblanked.\n\n"
  "Example:\n  untabify(\"a\\tb\", 4)\n  ans = a   b\n\n"
  "See also: strjust, deblank")
{
    i64 width = has_arg(c, 1) ? arg_int(c, 1, 1, 1000) : 8;
    bool blanks_too = has_arg(c, 2) && arg_bool(c, 2);
    struct texts x = arg_texts(c, 0);
    struct cell *r = cell_2d(x.n, 1);
    i64 longest = 0;
    for (i64 k = 0; k < x.n; k++) {
        size_t n;
        const char *s = texts_at(&x, k, &n);
        struct buf *b = buf_new();
        for (size_t i = 0; i < n; i++)
            do
                buf_putc(b, s[i] == '\t' ? ' ' : s[i]);
            while (s[i] == '\t' && b->n % (size_t)width);
        while (blanks_too && b->n > 0 && is_space(b->s[b->n - 1]))
            b->n--;
        longest = MAX(longest, (i64)b->n);
        cell_set(r, k, buf_value(b));
    }
    if (x.cell) {
        struct cell *shaped = cell_new(x.c->nd, x.c->dim);
        for (i64 k = 0; k < x.n; k++)
            cell_set(shaped, k, r->v[k]);
        result(c, 0, cell_value(shaped));
        return;
    }
    struct tensor *t = tensor_2d(D_CHAR, x.n, longest);
    memset(t->data, ' ', (size_t)t->numel);
    for (i64 k = 0; k < x.n; k++) {
        size_t n;
        const char *s = text_of(r->v[k], &n);
        for (size_t j = 0; j < n; j++)
            t->data[k + (i64)j * x.n] = s[j];
    }
    result_tensor(c, 0, t);
}

BUILTIN(toascii, 1, 1, 1, NO_GRAD,
  "x = toascii(s)\n\n"
  "The codes of the characters; the same as double(s).\n\n"
  "Example:\n  toascii('a')\n  ans = 97\n\n"
  "See also: char, double")
{
    result_tensor(c, 0, tensor_cast(arg_tensor(c, 0), D_DOUBLE));
}

/* ---- UTF-8 and Latin-1 */
static bool latin1(struct call *c, int i)
{
    static const char *const names[] = { "utf-8", "utf8", "iso-8859-1", "latin1", "us-ascii", "ascii", NULL };
    return has_arg(c, i) && arg_option(c, i, names) >= 2;
}

BUILTIN(unicode2native, 1, 2, 1, NO_GRAD,
  "bytes = unicode2native(s, codepage)\n\n"
  "The bytes (uint8) of a text in a code page: 'utf-8', the default, or 'iso-8859-1'.\n\n"
  "Example:\n  unicode2native('a')\n  ans = 97\n\n"
  "See also: native2unicode, double")
{
    size_t n;
    const char *s = arg_text(c, 0, &n);
    bool latin = latin1(c, 1);
    struct buf *b = buf_new();
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];
        if (latin && ch >= 0xC2 && ch <= 0xC3 && i + 1 < n && ((unsigned char)s[i + 1] & 0xC0) == 0x80)
            buf_putc(b, (char)((ch & 3) << 6 | ((unsigned char)s[++i] & 63)));
        else if (latin && ch >= 0x80)
            fail("Octave:invalid-input-arg", "unicode2native: byte %zu of the text has no place in that code page", i + 1);
        else
            buf_putc(b, (char)ch);
    }
    struct tensor *t = tensor_2d(D_UINT8, b->n > 0, (i64)b->n);
    memcpy(t->data, b->s, b->n);
    result_tensor(c, 0, t);
}

BUILTIN(native2unicode, 1, 2, 1, NO_GRAD,
  "s = native2unicode(bytes, codepage)\n\n"
  "The text that bytes in a code page stand for: 'utf-8', the default, or 'iso-8859-1'.\n\n"
  "Example:\n  native2unicode(uint8([72 105]))\n  ans = Hi\n\n"
  "See also: unicode2native, char")
{
    struct tensor *t = tensor_dense(tensor_cast(arg_tensor(c, 0), D_UINT8));
    bool latin = latin1(c, 1);
    struct buf *b = buf_new();
    for (i64 i = 0; i < t->numel; i++) {
        unsigned char ch = ((const unsigned char *)t->data)[i];
        if (latin && ch >= 0x80) {
            buf_putc(b, (char)(0xC0 | ch >> 6));
            buf_putc(b, (char)(0x80 | (ch & 63)));
        } else {
            buf_putc(b, (char)ch);
        }
    }
    result(c, 0, buf_value(b));
}
