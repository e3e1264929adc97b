/* SPDX-License-Identifier: BSD-3-Clause */
/* dlm.c: matrices in files of numbers with delimiters.
 *
 * Reading: one pass over the whole file in memory, numbers by text_number, into one growing list with the place where each
 * row begins; then the list is laid out in columns. */
#include "files.h"
#include "print.h"
#include "text.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* ---- reading */
struct list { double *x; i64 n, cap; };

static void list_add(struct list *l, double x)
{
    if (l->n == l->cap) {
        i64 cap = MAX(2 * l->cap, 1024);
        double *y = scratch((size_t)cap * sizeof *y);
        if (l->n)
            memcpy(y, l->x, (size_t)l->n * sizeof *y);
        l->x = y;
        l->cap = cap;
    }
    l->x[l->n++] = x;
}

struct reading {
    const char *who, *name, *sep;
    size_t nsep;
    bool blanks, guess;                       /* blanks delimit: any number of them; find out from the first line */
    i64 r0, c0, r1, c1;
    double empty;
    bool words;                               /* a field that is no number counts as empty */
    bool comments;                            /* what follows % or # does not count */
};

static bool is_blank(char ch) { return ch == ' ' || ch == '\t'; }

static void guess_separator(struct reading *r, const char *s, const char *end)
{
    static const char *const seps[] = { ",", ";", ":", "\t" };
    const char *nl = memchr(s, '\n', (size_t)(end - s));
    r->blanks = true;
    for (int i = 0; i < COUNT(seps); i++)
        if (memchr(s, *seps[i], (size_t)((nl ? nl : end) - s))) {
            r->sep = seps[i];
            r->nsep = 1;
            r->blanks = false;
            return;
        }
}

/* One line into the list; fields outside the wanted columns are passed over. */
static void read_line(const struct reading *r, struct list *l, const char *s, const char *end, i64 line)
{
    for (i64 col = 0; col <= r->c1; col++) {
        bool at_sep = false;
        while (s < end && is_blank(*s) && !(!r->blanks && *s == *r->sep))
            s++;
        if (r->blanks && s == end && col > 0)
            return;
        const char *stop = s;
        if (col >= r->c0) {
            size_t used;
            double x = text_number(s, (size_t)(end - s), &used);
            stop = s + used;
            while (stop < end && is_blank(*stop) && !(!r->blanks && *stop == *r->sep))
                stop++;
            at_sep = !r->blanks && stop < end && *stop == *r->sep &&
                     (r->nsep == 1 || ((size_t)(end - stop) >= r->nsep && !memcmp(stop, r->sep, r->nsep)));
            bool at_end = stop == end || (r->blanks ? used && is_blank(stop[-1]) : at_sep);
            if (!used)
                x = r->empty;
            if (!at_end) {
                if (!r->words) {
                    const char *e = s;
                    while (e < end &&
                           (r->blanks ? !is_blank(*e) : !((size_t)(end - e) >= r->nsep && !memcmp(e, r->sep, r->nsep))))
                        e++;
                    fail("Octave:invalid-input-arg",
                         "%s: line %lld of '%s', field %lld: '%.*s' is no number (a row offset skips header lines: "
                         "%s(name, %s1, 0))",
                         r->who, (long long)line, r->name, (long long)col + 1, (int)MIN(e - s, 60), s, r->who,
                         r->who[0] == 'd' ? "',', " : "");
                }
                x = r->empty;
            }
            list_add(l, x);
        }
        if (r->blanks) {
            if (stop == s || !is_blank(stop[-1]))          /* passed over, or a word */
                while (stop < end && !is_blank(*stop))
                    stop++;
            s = stop;
            while (s < end && is_blank(*s))
                s++;
            if (s == end)
                return;
        } else {
            const char *p = at_sep                            ? stop
                            : (size_t)(end - stop) >= r->nsep ? memmem(stop, (size_t)(end - stop), r->sep, r->nsep)
                                                              : NULL;
            if (!p)
                return;
            s = p + r->nsep;
        }
    }
}

static struct tensor *read_matrix(struct reading *r, const char *s, size_t n)
{
    const char *end = s + n;
    if (n >= 3 && !memcmp(s, "\xEF\xBB\xBF", 3))
        s += 3;
    struct list l = { 0 }, start = { 0 };
    i64 line = 0, cols = 0;
    for (; s < end && line <= r->r1; line++) {
        const char *nl = memchr(s, '\n', (size_t)(end - s)), *e = nl ? nl : end, *next = nl ? nl + 1 : end;
        if (e > s && e[-1] == '\r')
            e--;
        if (line >= r->r0) {
            const char *first = s;
            while (first < e && is_blank(*first))
                first++;
            for (const char *p = first; r->comments && p < e; p++)
                if (*p == '%' || *p == '#')
                    e = p;
            if (first < e) {                  /* an empty line is no row */
                if (r->guess) {
                    guess_separator(r, s, e);
                    r->guess = false;
                }
                list_add(&start, (double)l.n);
                read_line(r, &l, s, e, line + 1);
                cols = MAX(cols, l.n - (i64)start.x[start.n - 1]);
            }
        }
        s = next;
        if ((line & 255) == 0)
            poll();
    }
    i64 rows = cols ? start.n : 0;
    list_add(&start, (double)l.n);
    struct tensor *t = tensor_2d(D_DOUBLE, rows, cols);
    double *x = (double *)t->data;
    for (i64 i = 0; i < rows; i++) {
        i64 from = (i64)start.x[i], have = (i64)start.x[i + 1] - from;
        for (i64 j = 0; j < cols; j++)
            x[i + j * rows] = j < have ? l.x[from + j] : r->empty;
    }
    return t;
}

static const char *cell_name(const char *s, i64 *row, i64 *col)         /* "B3" of a spreadsheet; NULL: is none */
{
    i64 c = 0, r = 0;
    const char *start = s;
    for (; (*s | 32) >= 'a' && (*s | 32) <= 'z' && c < 100000; s++)
        c = c * 26 + ((*s | 32) - 'a' + 1);
    if (s == start)
        return NULL;
    for (start = s; *s >= '0' && *s <= '9' && r < 1000000000; s++)
        r = r * 10 + (*s - '0');
    *row = r - 1;
    *col = c - 1;
    return s == start || r == 0 ? NULL : s;
}

static void read_range(struct call *c, int i, struct reading *r)
{
    if (arg_is_text(c, i)) {
        const char *s = cell_name(arg_text(c, i, NULL), &r->r0, &r->c0);
        if (s && !*s)
            r->r1 = r->r0, r->c1 = r->c0;
        else if (!s || (*s != ':' && strncmp(s, "..", 2)) || !(s = cell_name(s + (*s == ':' ? 1 : 2), &r->r1, &r->c1)) || *s)
            fail_arg(c, i, "a range such as 'A2..C10'");
        return;
    }
    struct tensor *t = arg_double(c, i);
    const double *x = (const double *)t->data;
    if (t->numel != 4)
        fail_arg(c, i, "a range [row0 col0 row1 col1] counted from 0");
    for (int k = 0; k < 4; k++)
        if (!(x[k] >= 0))
            fail_arg(c, i, "a range [row0 col0 row1 col1] counted from 0");
    r->r0 = (i64)x[0], r->c0 = (i64)x[1];
    r->r1 = (i64)fmin(x[2], 1e15), r->c1 = (i64)fmin(x[3], 1e15);
}

static void read_dlm(struct call *c, const char *sep)
{
    struct reading r = { .who = c->fn->name, .name = arg_text(c, 0, NULL), .r1 = INT64_MAX - 1, .c1 = INT64_MAX - 1 };
    int i = 1, n = c->nargin;
    while (n >= 3 && arg_is_text(c, n - 2) && !strcasecmp(arg_text(c, n - 2, NULL), "emptyvalue")) {
        r.empty = arg_num(c, n - 1);
        r.words = true;
        n -= 2;
    }
    if (!sep && i < n && arg_is_text(c, i)) {
        struct buf *b = buf_new();
        size_t k;
        const char *s = arg_text(c, i++, &k);
        text_unescape(b, s, k);
        if (b->n > 0)
            sep = b->s;
    }
    r.guess = !sep;
    r.sep = sep ? sep : ",";
    r.nsep = strlen(r.sep);
    if (!strcmp(r.sep, " "))
        r.blanks = true;
    if (n - i == 1) {
        read_range(c, i, &r);
    } else if (n - i >= 2) {
        r.r0 = arg_int(c, i, 0, INT64_MAX / 2);
        r.c0 = arg_int(c, i + 1, 0, INT64_MAX / 2);
        if (n - i > 2)
            read_range(c, i + 2, &r);
    }
    size_t len;
    const char *text = file_slurp(r.who, r.name, &len);
    result_tensor(c, 0, read_matrix(&r, text, len));
}

BUILTIN(dlmread, 1, ANY, 1, NO_GRAD,
  "x = dlmread(name)\n"
  "x = dlmread(name, sep, row, col)\n"
  "x = dlmread(name, sep, range)\n"
  "x = dlmread(..., 'emptyvalue', v)\n\n"
  "Read a matrix from a file of numbers with a separator between them; without sep it is found from the first line. "
  "row and col are\n"
  "how many lines and fields to skip, range is [row0 col0 row1 col1] counted from 0, or text as in a spreadsheet, "
  "'A2..C10'. Missing\n"
  "fields are 0, or v. A field that is no number is an error, but with 'emptyvalue' counts as missing.\n\n"
  "Example:\n  dlmread('/dev/null')\n  ans = [](0x0)\n\n"
  "See also: csvread, dlmwrite, fopen, load")
{
    read_dlm(c, NULL);
}

BUILTIN(csvread, 1, ANY, 1, NO_GRAD,
  "x = csvread(name)\n"
  "x = csvread(name, row, col)\n"
  "x = csvread(name, range)\n\n"
  "Read a matrix from a file of numbers with commas between them. row and col, counted from 0, say where it begins, range where it begins and ends: [row0 col0 row1 col1], or 'A2..C10'; see dlmread.\n\n"
  "Example:\n  csvread('/dev/null')\n  ans = [](0x0)\n\n"
  "See also: dlmread, csvwrite")
{
    read_dlm(c, ",");
}

struct tensor *text_matrix(const char *who, const char *name, const char *s, size_t n)
{
    struct reading r = { .who = who,
                         .name = name,
                         .r1 = INT64_MAX - 1,
                         .c1 = INT64_MAX - 1,
                         .guess = true,
                         .sep = ",",
                         .nsep = 1,
                         .comments = true };
    return read_matrix(&r, s, n);
}

/* ---- writing */
struct writing {
    FILE *f;
    const char *who, *name, *sep, *newline, *template;
    size_t nsep, nnewline;
    struct tensor *x;
    i64 r0, c0;
};

static void shortest(char *s, size_t size, double x)       /* the fewest digits, from 15 on, that read back as x */
{
    if (!isfinite(x)) {
        snprintf(s, size, "%s", is_na(x) ? "NA" : isnan(x) ? "NaN" : x < 0 ? "-Inf" : "Inf");
        return;
    }
    for (int p = 15; p <= 17; p++) {
        snprintf(s, size, "%.*g", p, x);
        if (p == 17 || strtod(s, NULL) == x)
            return;
    }
}

static void put(struct writing *w, const char *s, size_t n)
{
    if (fwrite(s, 1, n, w->f) < n)
        fail("Octave:write-error", "%s: cannot write '%s': %s", w->who, w->name, strerror(errno));
}

static void write_body(FILE *f, void *p)
{
    struct writing *w = p;
    w->f = f;
    struct tensor *t = tensor_dense(w->x);
    i64 rows = t->dim[0], cols = t->numel / MAX(rows, 1);
    bool complex = dtype_is(t->dtype, DT_C), single = dtype_real(t->dtype) == D_SINGLE;
    struct tensor *z = complex ? tensor_dense(tensor_cast(t, D_CDOUBLE)) : NULL;
    for (i64 i = 0; i < w->r0; i++) {
        for (i64 j = 0; j + 1 < w->c0 + cols; j++)
            put(w, w->sep, w->nsep);
        put(w, w->newline, w->nnewline);
    }
    for (i64 i = 0; i < rows; i++) {
        int mark = pool_mark();
        for (i64 j = 0; j < w->c0; j++)
            put(w, w->sep, w->nsep);
        for (i64 j = 0; j < cols; j++) {
            char s[512];
            value v = complex ? num(0) : element_value(t, i + j * rows);
            if (j)
                put(w, w->sep, w->nsep);
            if (complex) {
                const double *e = (const double *)z->data + 2 * (i + j * rows);
                shortest(s, 200, e[0]);
                size_t n = strlen(s);
                if (!(e[1] < 0))
                    s[n++] = '+';
                shortest(s + n, 200, e[1]);
                strcat(s, "i");
            } else if (w->template) {
                struct buf *b = buf_new();
                format_args(b, w->who, text_value(w->template, strlen(w->template)), 1, &v);
                put(w, b->s, b->n);
                continue;
            } else if (t->dtype == D_INT64)
                snprintf(s, sizeof s, "%lld", (long long)v.i);
            else if (t->dtype == D_UINT64)
                snprintf(s, sizeof s, "%llu", (unsigned long long)v.u);
            else if (single && isfinite(v.num))
                snprintf(s, sizeof s, "%.9g", v.num);
            else
                shortest(s, sizeof s, v.num);
            put(w, s, strlen(s));
        }
        put(w, w->newline, w->nnewline);
        pool_release(mark);
        poll();
    }
    if (fflush(w->f))
        fail("Octave:write-error", "%s: cannot write '%s': %s", w->who, w->name, strerror(errno));
}

static void write_file(struct writing *w, bool append)
{
    file_replace(w->who, w->name, append, write_body, w);
}

static const char *unescaped(struct call *c, int i, size_t *n)
{
    struct buf *b = buf_new();
    const char *s = arg_text(c, i, n);
    text_unescape(b, s, *n);
    *n = b->n;
    return b->s;
}

static void write_dlm(struct call *c, bool csv)
{
    static const char *const names[] = { "append",  "delimiter", "newline", "roffset",
                                         "coffset", "precision", "-append", NULL };
    struct writing w = {
        .who = c->fn->name, .name = arg_text(c, 0, NULL), .sep = ",", .nsep = 1, .newline = "\n", .nnewline = 1
    };
    bool append = false;
    int i = 2, place = csv;                   /* csvwrite has no separator argument */
    w.x = arg_tensor(c, 1);
    for (; i < c->nargin; i++) {
        bool option = false;
        if (arg_is_text(c, i)) {
            const char *s = arg_text(c, i, NULL);
            for (int k = 0; names[k]; k++)
                option |= !strcasecmp(s, names[k]);
        }
        if (!option) {
            if (place == 0)
                w.sep = unescaped(c, i, &w.nsep);
            else if (place == 1)
                w.r0 = arg_int(c, i, 0, 1000000);
            else if (place == 2)
                w.c0 = arg_int(c, i, 0, 1000000);
            else
                fail("Octave:invalid-fun-call", "%s: argument %d is too much", w.who, i + 1);
            place++;
            continue;
        }
        int k = arg_option(c, i, names);
        if (k == 6) {
            append = true;
            continue;
        }
        if (++i >= c->nargin)
            fail("Octave:invalid-fun-call", "%s: option \"%s\" needs a value", w.who, names[k]);
        if (k == 0) {
            static const char *const onoff[] = { "off", "on", NULL };
            append = arg_is_text(c, i) ? arg_option(c, i, onoff) : arg_bool(c, i);
        } else if (k == 1) {
            w.sep = unescaped(c, i, &w.nsep);
        } else if (k == 2) {
            static const char *const kinds[] = { "unix", "pc", "mac", NULL };
            const char *s = arg_text(c, i, NULL);
            w.newline = unescaped(c, i, &w.nnewline);
            for (int j = 0; kinds[j]; j++)
                if (!strcasecmp(s, kinds[j])) {
                    w.newline = (const char *const[]){ "\n", "\r\n", "\r" }[j];
                    w.nnewline = strlen(w.newline);
                }
        } else if (k == 3) {
            w.r0 = arg_int(c, i, 0, 1000000);
        } else if (k == 4) {
            w.c0 = arg_int(c, i, 0, 1000000);
        } else if (arg_is_text(c, i)) {
            w.template = arg_text(c, i, NULL);
        } else {
            struct buf *b = buf_new();
            buff(b, "%%.%dg", (int)arg_int(c, i, 1, 50));
            w.template = b->s;
        }
    }
    write_file(&w, append);
}

BUILTIN(dlmwrite, 2, ANY, 0, NO_GRAD,
  "dlmwrite(name, x)\n"
  "dlmwrite(name, x, sep, row, col)\n"
  "dlmwrite(name, x, 'delimiter', sep, 'newline', nl, 'roffset', row, 'coffset', col, 'precision', p, '-append')\n\n"
  "Write a matrix into a file, with sep (a comma if none is given) between the numbers. row and col are empty rows and "
  "fields before\n"
  "it; p is a number of digits or a template; without it the digits are enough to read the same numbers again. newline "
  "is 'unix',\n"
  "'pc' or a text. The file is replaced when all is written.\n\n"
  "Example:\n  f = tempname();\n  dlmwrite(f, [1 2.5; 3 4], ';')\n  fileread(f)\n  ans = 1;2.5\n  3;4\n\n  delete(f)\n\n"
  "See also: csvwrite, dlmread")
{
    write_dlm(c, false);
}

BUILTIN(csvwrite, 2, ANY, 0, NO_GRAD,
  "csvwrite(name, x)\n"
  "csvwrite(name, x, row, col)\n\n"
  "Write a matrix into a file with commas between the numbers; row and col say how many empty lines and columns stand before it; see dlmwrite.\n\n"
  "Example:\n  f = tempname();\n  csvwrite(f, [1 2; 3 4])\n  csvread(f)\n  ans =\n     1   2\n     3   4\n  delete(f)\n\n"
  "See also: dlmwrite, csvread")
{
    write_dlm(c, true);
}
