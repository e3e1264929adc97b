/* SPDX-License-Identifier: BSD-3-Clause */
/* json.c: values to JSON and back.
 *
 * The one idea: writing walks the value and fills a buffer; reading lets Jansson check and parse the text, then turns its
 * tree into values: a list of numbers becomes a column, a list of lists of one size a matrix, a list of objects with the
 * same fields a struct array, anything else a cell. */
#include "call.h"
#include "decimal.h"
#include "text.h"
#include "fail.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* ---- writing */
struct writer { struct buf *b; bool null_for_nan, pretty; int depth; };

static void line(struct writer *w)
{
    if (!w->pretty)
        return;
    buf_putc(w->b, '\n');
    for (int i = 0; i < 4 * w->depth; i++)
        buf_putc(w->b, ' ');
}

static void open_list(struct writer *w, char bracket)
{
    buf_putc(w->b, bracket);
    if (++w->depth > 1000)
        fail("tl:json-depth", "jsonencode: the value nests deeper than 1000 levels");
    line(w);
}

static void next(struct writer *w, bool first)
{
    if (first)
        return;
    buf_putc(w->b, ',');
    line(w);
}

static void close_list(struct writer *w, char bracket)
{
    w->depth--;
    line(w);
    buf_putc(w->b, bracket);
}

static void write_text(struct writer *w, const char *s, i64 n, i64 step)
{
    static const char short_form[128] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'
    };
    buf_putc(w->b, '"');
    for (i64 i = 0, plain; i < n; i++) {
        for (plain = i;
             plain < n && (unsigned char)s[plain * step] >= 32 && s[plain * step] != '"' && s[plain * step] != '\\';
             plain++)
            if (step != 1)
                buf_putc(w->b, s[plain * step]);
        if (step == 1)
            buf_add(w->b, s + i, (size_t)(plain - i));
        if ((i = plain) == n)
            break;
        unsigned char ch = (unsigned char)s[i * step];
        if (short_form[ch])
            buff(w->b, "\\%c", short_form[ch]);
        else
            buff(w->b, "\\u%04x", ch);
    }
    buf_putc(w->b, '"');
}

/* The fewest digits that read the same number again, laid out as RapidJSON and so Octave does: 1500000.0, 0.000015, 1.5e-7,
 * 1e21; integers of up to six digits stand without a point. */
static void write_real(struct buf *b, double x, bool single)
{
    char s[DECIMAL_ROOM], d[20];
    size_t used;
    int n = 0;
    if (x == floor(x) && fabs(x) <= 999999) {
        buf_add(b, s, decimal_write_integer(s, x < 0, (uint64_t)fabs(x)));
        return;
    }
    for (int digits = single ? 6 : 15; digits <= (single ? 9 : 17); digits++) {
        size_t length = decimal_write(s, x, 'g', digits);
        if (length)
            s[length] = 0;
        else
            snprintf(s, sizeof s, "%.*g", digits, x);
        if (single ? strtof(s, NULL) == (float)x : text_number(s, strlen(s), &used) == x)
            break;
    }
    int point = 0;                                         /* x = 0.ddd * 10^point */
    bool whole = true;
    const char *q = s + (*s == '-');
    for (; *q && *q != 'e'; q++)
        if (*q == '.') {
            whole = false;
        } else if (n || *q != '0') {
            d[n++] = *q;
            point += whole;
        } else {
            point -= !whole;
        }
    if (*q)
        point += atoi(q + 1);
    while (n > 1 && d[n - 1] == '0')
        n--;
    if (x < 0)
        buf_putc(b, '-');
    static const char zeros[] = "000000000000000000000";
    if (point > 21 || point < -5) {
        buf_putc(b, d[0]);
        if (n > 1) {
            buf_putc(b, '.');
            buf_add(b, d + 1, (size_t)n - 1);
        }
        buff(b, "e%d", point - 1);
    } else if (point >= n) {
        buf_add(b, d, (size_t)n);
        buf_add(b, zeros, (size_t)(point - n));
        buf_puts(b, ".0");
    } else {
        buf_add(b, point > 0 ? d : "0", (size_t)MAX(point, 1));
        buf_putc(b, '.');
        buf_add(b, zeros, (size_t)MAX(-point, 0));
        buf_add(b, d + MAX(point, 0), (size_t)(n - MAX(point, 0)));
    }
}

static void write_number(struct writer *w, const struct tensor *t, i64 i)
{
    value v = element_value((struct tensor *)t, i);
    if (t->dtype == D_LOGICAL) {
        buf_puts(w->b, v.num != 0 ? "true" : "false");
    } else if (t->dtype == D_INT64) {
        buff(w->b, "%lld", (long long)v.i);
    } else if (t->dtype == D_UINT64) {
        buff(w->b, "%llu", (unsigned long long)v.u);
    } else if (!isfinite(v.num)) {
        buf_puts(w->b, w->null_for_nan ? "null" : isnan(v.num) ? "NaN" : v.num > 0 ? "Infinity" : "-Infinity");
    } else {
        write_real(w->b, v.num, t->dtype == D_SINGLE);
    }
}

/* The elements from `at` on, over the dimensions from d on. */
static void write_dims(struct writer *w, const struct tensor *t, int d, i64 at, i64 stride)
{
    bool text = t->dtype == D_CHAR;
    if (text && d == t->nd - 1) {
        write_text(w, (const char *)t->data + at, t->dim[d], stride);
        return;
    }
    if (d == t->nd) {
        write_number(w, t, at);
        return;
    }
    open_list(w, '[');
    for (i64 i = 0; i < t->dim[d]; i++) {
        next(w, i == 0);
        poll();
        write_dims(w, t, d + 1, at + i * stride, stride * t->dim[d]);
    }
    close_list(w, ']');
}

static void write_value(struct writer *w, value v);

static void write_tensor(struct writer *w, struct tensor *t)
{
    if (dtype_is(t->dtype, DT_C))
        fail("Octave:invalid-input-arg", "jsonencode: JSON has no complex numbers");
    t = tensor_dense(t);
    if (t->dtype == D_CHAR && t->nd == 2 && (t->dim[0] == 1 || t->numel == 0)) {
        write_text(w, (const char *)t->data, t->numel, 1);
    } else if (t->numel == 0) {
        buf_puts(w->b, "[]");
    } else if (t->numel == 1) {
        write_number(w, t, 0);
    } else if (t->nd == 2 && t->dim[0] != 1 && t->dim[1] == 1 && t->dtype != D_CHAR) {
        write_dims(w, tensor_reshape(t, 2, (i64[]){ 1, t->numel }), 1, 0, 1);
    } else {
        write_dims(w, t, t->nd == 2 && t->dim[0] == 1, 0, 1);
    }
}

static void write_record(struct writer *w, const struct record *r, i64 e)
{
    open_list(w, '{');
    for (int f = 0; f < r->f->n; f++) {
        next(w, f == 0);
        write_text(w, r->f->name[f]->text, (i64)r->f->name[f]->len, 1);
        buf_puts(w->b, w->pretty ? ": " : ":");
        write_value(w, r->v[e * r->f->n + f]);
    }
    close_list(w, '}');
}

extern const struct builtin builtin_keys, builtin_values;

static void write_map(struct writer *w, value v)
{
    struct cell *k = call1(&builtin_keys, 1, v).cell, *c = call1(&builtin_values, 1, v).cell;
    open_list(w, '{');
    for (i64 i = 0; i < k->numel; i++) {
        struct tensor *t = tensor_dense(tensor_of(k->v[i]));
        if (t->dtype != D_CHAR)
            fail("Octave:invalid-input-arg", "jsonencode: the keys of a map must be text");
        next(w, i == 0);
        write_text(w, (const char *)t->data, t->numel, 1);
        buf_puts(w->b, w->pretty ? ": " : ":");
        write_value(w, c->v[i]);
    }
    close_list(w, '}');
}

static void write_value(struct writer *w, value v)
{
    poll();
    if (is_tensor_like(v)) {
        write_tensor(w, tensor_of(v));
    } else if (v.kind == K_CELL) {
        if (v.cell->numel == 0) {
            buf_puts(w->b, "[]");
            return;
        }
        open_list(w, '[');
        for (i64 i = 0; i < v.cell->numel; i++) {
            next(w, i == 0);
            write_value(w, v.cell->v[i]);
        }
        close_list(w, ']');
    } else if (v.kind == K_STRUCT) {
        if (v.rec->numel == 1) {
            write_record(w, v.rec, 0);
        } else if (v.rec->numel == 0) {
            buf_puts(w->b, "[]");
        } else {
            open_list(w, '[');
            for (i64 i = 0; i < v.rec->numel; i++) {
                next(w, i == 0);
                write_record(w, v.rec, i);
            }
            close_list(w, ']');
        }
    } else if (!strcmp(class_of(v), "containers.Map")) {
        write_map(w, v);
    } else {
        fail("Octave:invalid-input-arg", "jsonencode: a %s cannot be written as JSON", class_of(v));
    }
}

BUILTIN(jsonencode, 1, 5, 1, NO_GRAD,
    "s = jsonencode(x)\n"
    "s = jsonencode(x, \"ConvertInfAndNaN\", false, \"PrettyPrint\", true)\n\n"
    "x as JSON text: a vector as a list, a matrix as a list of its rows, a struct or map as an object, a cell as a "
    "list of what it holds. NaN and Inf\n"
    "become null unless ConvertInfAndNaN is false; PrettyPrint breaks lines.\n\n"
    "Example:\n  jsonencode(struct('a', [1 2], 'b', 'text'))\n  ans = {\"a\":[1,2],\"b\":\"text\"}\n\n"
    "See also: jsondecode, save")
{
    static const char *const names[] = { "ConvertInfAndNaN", "PrettyPrint", NULL };
    struct writer w = { buf_new(), true, false, 0 };
    if (c->nargin % 2 == 0)
        fail("Octave:invalid-fun-call", "jsonencode: an option stands without a value");
    for (int i = 1; i + 1 < c->nargin; i += 2) {
        bool on = arg_bool(c, i + 1);
        if (arg_option(c, i, names) == 0)
            w.null_for_nan = on;
        else
            w.pretty = on;
    }
    write_value(&w, c->arg[0]);
    result(c, 0, buf_value(w.b));
}

/* ---- reading */
enum style { UNDERSCORE, DELETE, HEX };
struct reader { json_t *root; bool valid_names; int style; const char *prefix; value out; };

/* JSON has no NaN and Infinity, but Octave, Python and JavaScript's neighbours write them.  They go through Jansson as strings
   that begin with a NUL: no text that has such a string of its own is changed. */
static const struct { const char *word; double x; } unnumbers[] = {
    { "NaN", NAN }, { "Infinity", INFINITY }, { "Inf", INFINITY }, { "-Infinity", -INFINITY }, { "-Inf", -INFINITY },
};

static const char *with_unnumbers(const char *s, size_t *len)
{
    if ((!strstr(s, "NaN") && !strstr(s, "Inf")) || strstr(s, "\\u0000"))
        return s;
    struct buf *b = buf_new();
    bool text = false;
    for (size_t i = 0; i < *len; i++) {
        int k = 0;
        size_t n = 0;
        for (; !text && k < COUNT(unnumbers); k++) {
            n = strlen(unnumbers[k].word);
            if (n <= *len - i && !memcmp(s + i, unnumbers[k].word, n) && !isalnum((unsigned char)s[i + n]))
                break;
        }
        if (!text && k < COUNT(unnumbers)) {
            buf_puts(b, "\"\\u0000");
            buf_puts(b, unnumbers[k].word);
            buf_putc(b, '"');
            i += n - 1;
            continue;
        }
        if (text && s[i] == '\\' && i + 1 < *len)
            buf_putc(b, s[i++]);
        else if (s[i] == '"')
            text = !text;
        buf_putc(b, s[i]);
    }
    *len = b->n;
    return b->s;
}

static bool is_unnumber(const json_t *j)
{
    return json_is_string(j) && json_string_length(j) > 1 && !json_string_value(j)[0];
}

static bool is_number(const json_t *j) { return json_is_number(j) || is_unnumber(j); }

static double number_of(const json_t *j)
{
    for (int k = 0; k < COUNT(unnumbers) && is_unnumber(j); k++)
        if (!strcmp(json_string_value(j) + 1, unnumbers[k].word))
            return unnumbers[k].x;
    return json_number_value(j);
}

/* A name as a field can have: blanks go and the next letter is large, what is no letter, digit or _ becomes _ (or goes, or its
   code), and the prefix, x, stands before what cannot begin a name. */
static sym field_name(const struct reader *r, const char *key)
{
    if (!r->valid_names)
        return symbol_of(key);
    struct buf *b = buf_new();
    bool large = false;
    for (const char *s = key; *s; s++) {
        unsigned char ch = (unsigned char)*s;
        if (isspace(ch)) {
            large = true;
            continue;
        }
        if (large && b->n)
            ch = (unsigned char)toupper(ch);
        large = false;
        bool good = ch < 128 && (isalnum(ch) || ch == '_');
        if (!good && r->style == DELETE)
            continue;
        if (b->n == 0 && !isalpha(ch) && ch != '_')
            buf_puts(b, r->prefix);
        if (!good && r->style == HEX) {
            char code[8];
            snprintf(code, sizeof code, "0x%02X", ch);
            buf_puts(b, code);
        } else {
            buf_putc(b, good ? (char)ch : '_');
        }
    }
    if (b->n == 0)
        buf_puts(b, r->prefix);
    return symbol_of(b->s);
}

static value read_value(struct reader *r, json_t *j);

static value column(json_t *list, int dtype)
{
    i64 n = (i64)json_array_size(list);
    struct tensor *t = tensor_2d(dtype, n, 1);
    for (i64 i = 0; i < n; i++) {
        json_t *e = json_array_get(list, (size_t)i);
        if (dtype == D_LOGICAL)
            ((uint8_t *)t->data)[i] = json_is_true(e);
        else
            ((double *)t->data)[i] = json_is_null(e) ? NAN : number_of(e);
    }
    return tensor_value(t);
}

/* Lists of one size and class, as the slices of an array along a new first dimension; else NIL. */
static value stacked(struct cell *c)
{
    struct tensor *first = NULL;
    for (i64 i = 0; i < c->numel; i++) {
        if (!is_tensor_like(c->v[i]))
            return nil();
        struct tensor *t = tensor_of(c->v[i]);
        if (t->dtype == D_CHAR || t->numel == 0 ||
            (first && (t->dtype != first->dtype || !dims_equal(t->nd, t->dim, first->nd, first->dim))))
            return nil();
        first = first ? first : t;
    }
    bool is_column = first->nd == 2 && first->dim[1] == 1;
    i64 dim[MAX_DIMS] = { c->numel };
    int nd = is_column ? 1 : first->nd;
    if (nd + 1 > MAX_DIMS)
        return nil();
    for (int d = 0; d < nd; d++)
        dim[d + 1] = first->dim[d];
    struct tensor *r = tensor_new(first->dtype, nd + 1, dim);
    size_t size = (size_t)dtypes[first->dtype].size;
    for (i64 i = 0; i < c->numel; i++) {
        struct tensor *t = tensor_dense(tensor_of(c->v[i]));
        for (i64 k = 0; k < t->numel; k++)
            memcpy((char *)r->data + (size_t)(i + k * c->numel) * size, (char *)t->data + (size_t)k * size, size);
    }
    return tensor_value(r);
}

static bool same_fields(const struct record *a, const struct record *b)
{
    bool same = a->f->n == b->f->n;
    for (int f = 0; same && f < a->f->n; f++)
        same = a->f->name[f] == b->f->name[f];
    return same;
}

static value struct_array(struct cell *c)
{
    struct record *first = c->v[0].rec;
    for (i64 i = 0; i < c->numel; i++)
        if (c->v[i].kind != K_STRUCT || c->v[i].rec->numel != 1 || !same_fields(first, c->v[i].rec))
            return nil();
    struct record *r = record_new(2, (i64[]){ c->numel, 1 }, first->f->n, first->f->name);
    for (i64 i = 0; i < c->numel; i++)
        for (int f = 0; f < first->f->n; f++)
            record_put(r, i, f, record_get(c->v[i].rec, 0, first->f->name[f]));
    return record_value(r);
}

static value read_list(struct reader *r, json_t *list)
{
    i64 n = (i64)json_array_size(list), numbers = 0, truths = 0, lists = 0, objects = 0;
    if (n == 0)
        return tensor_value(tensor_2d(D_DOUBLE, 0, 0));
    for (i64 i = 0; i < n; i++) {
        json_t *e = json_array_get(list, (size_t)i);
        numbers += is_number(e) || json_is_null(e);
        truths += json_is_boolean(e);
        lists += json_is_array(e);
        objects += json_is_object(e);
    }
    if (numbers == n)
        return column(list, D_DOUBLE);
    if (truths == n)
        return column(list, D_LOGICAL);
    struct cell *c = cell_2d(n, 1);
    for (i64 i = 0; i < n; i++) {
        poll();
        cell_set(c, i, read_value(r, json_array_get(list, (size_t)i)));
    }
    value v = lists == n ? stacked(c) : objects == n ? struct_array(c) : nil();
    return is_nil(v) ? cell_value(c) : v;
}

static value read_value(struct reader *r, json_t *j)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT: {
        struct record *rec = record_scalar();
        const char *key;
        json_t *e;
        json_object_foreach(j, key, e)
            record_set(rec, 0, field_name(r, key), read_value(r, e));
        return record_value(rec);
    }
    case JSON_ARRAY:
        return read_list(r, j);
    case JSON_STRING: {
        if (is_unnumber(j))
            return num(number_of(j));
        struct buf *b = buf_new();
        buf_add(b, json_string_value(j), json_string_length(j));
        return buf_value(b);
    }
    case JSON_TRUE:
    case JSON_FALSE:
        return boolean(json_is_true(j));
    case JSON_NULL:
        return tensor_value(tensor_2d(D_DOUBLE, 0, 0));
    default:
        return num(json_number_value(j));
    }
}

static void read_body(void *arg)
{
    struct reader *r = arg;
    r->out = read_value(r, r->root);
}

BUILTIN(jsondecode, 1, 7, 1, NO_GRAD,
    "x = jsondecode(s)\n"
    "x = jsondecode(s, \"makeValidName\", false)\n"
    "x = jsondecode(s, \"replacementStyle\", style, \"prefix\", text)\n\n"
    "The value that JSON text s describes: an object becomes a struct, a list of numbers (null is NaN) or truth values "
    "a column, a list of lists of one\n"
    "size a matrix, a list of objects with the same fields a struct array, any other list a cell; null alone is [].  "
    "NaN, Infinity and -Infinity, which JSON has not, are read too. Names that no field can have are\n"
    "changed unless makeValidName is false: the prefix, x, stands before what is no letter, and what a name cannot hold "
    "becomes _ (\"underscore\"), its code in hexadecimal (\"hex\") or nothing (\"delete\").\n\n"
    "Example:\n  jsondecode('[[1,2],[3,null]]')\n  ans =\n       1     2\n       3   NaN\n\n"
    "See also: jsonencode, load")
{
    static const char *const names[] = { "makeValidName", "replacementStyle", "prefix", NULL };
    static const char *const styles[] = { "underscore", "delete", "hex", NULL };
    struct reader r = { .valid_names = true, .prefix = "x" };
    if (c->nargin % 2 == 0)
        fail("Octave:invalid-fun-call", "jsondecode: an option stands without a value");
    for (int i = 1; i + 1 < c->nargin; i += 2) {
        int which = arg_option(c, i, names);
        if (which == 0)
            r.valid_names = arg_bool(c, i + 1);
        else if (which == 1)
            r.style = arg_option(c, i + 1, styles);
        else
            r.prefix = arg_text(c, i + 1, NULL);
    }
    const char *p = r.prefix;
    for (bool first = true; *p || first; first = false, p++)
        if (!(isalpha((unsigned char)*p) || *p == '_' || (!first && isdigit((unsigned char)*p))))
            fail("Octave:invalid-input-arg", "jsondecode: the prefix '%s' cannot begin a name", r.prefix);
    size_t len;
    const char *s = arg_text(c, 0, &len);
    s = with_unnumbers(s, &len);
    json_error_t e;
    r.root = json_loadb(s, len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &e);
    if (!r.root)
        fail("Octave:parse-error", "jsondecode: %s, in line %d, column %d of the text", e.text, e.line, e.column);
    int failed = protect(read_body, &r);
    json_decref(r.root);
    if (failed)
        fail_again();
    result(c, 0, r.out);
}
