/* SPDX-License-Identifier: BSD-3-Clause */
/* textscan.c: columns of numbers and words from a text.
 *
 * A reader walks over the text once.  The format is a list of elements, run again and again, a run for each row; behind every
 * element one delimiter is taken, and the end of a line is always one.  A number that does not stand there is an empty field if a
 * delimiter does, else the end of everything.  Ends, delimiters and blanks are as in Octave 7.3. */
#include "files.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>

struct word { const char *s; size_t n; };
struct words { struct word *w; int n; };
struct reader {
    const char *p, *end;
    bool fail, white[256], delim[256], many, parted;  /* parted: delimiters were given */
    int eol1, eol2;                                    /* -1: lines do not end */
    i64 lines;                                         /* that have ended */
    struct words delims, empties;                      /* delims: of several characters */
    struct word open, close;                           /* of a comment; close empty: the end of the line */
    double empty;
};
struct column {                                        /* what one conversion has read */
    int dtype;                                         /* -1: words */
    double *re, *im;
    struct word *word;
    bool complex;
    i64 n, cap;
};
struct element {
    char conv;                                         /* f d (integers) s q c [ ^ (not in the set), or L, a literal */
    bool skip, set[256];
    int dtype, digits;                                 /* digits behind the point at most */
    i64 width;
    struct word literal;
};
struct format { struct element *e; int n, kept; };

/* ---- characters */
static bool is_eol(const struct reader *r, char ch) { return ch == r->eol1 || ch == r->eol2; }
static bool starts(const char *p, const char *end, struct word w) { return w.n && (size_t)(end - p) >= w.n && !memcmp(p, w.s, w.n); }

static bool take_eol(struct reader *r)                   /* \r\n is one */
{
    if (r->p == r->end || !is_eol(r, *r->p))
        return false;
    bool two = *r->p++ == r->eol1 && r->eol1 != r->eol2;
    if (two && r->p < r->end && *r->p == r->eol2)
        r->p++;
    r->lines++;
    return true;
}

static void skip_white(struct reader *r, bool stop)     /* and comments */
{
    for (;;) {
        while (r->p < r->end && (r->white[(unsigned char)*r->p] || (!stop && is_eol(r, *r->p))))
            if (stop || !take_eol(r))
                r->p++;
        if (!starts(r->p, r->end, r->open))
            return;
        r->p += r->open.n;
        while (r->p < r->end && !(r->close.n ? starts(r->p, r->end, r->close) : is_eol(r, *r->p)))
            r->p++;
        if (r->close.n)
            r->p += r->p < r->end ? r->close.n : 0;
        else
            take_eol(r);
    }
}

static size_t delimiter(const struct reader *r)         /* the length of the longest one that stands here */
{
    size_t best = r->p < r->end && r->delim[(unsigned char)*r->p];
    for (int i = 0; i < r->delims.n; i++)
        if (r->delims.w[i].n > best && starts(r->p, r->end, r->delims.w[i]))
            best = r->delims.w[i].n;
    return best;
}

/* True when the delimiter was the last that was looked at: whether the text ends behind it is not known yet. */
static bool skip_delimiter(struct reader *r)
{
    skip_white(r, true);
    size_t n = delimiter(r);
    if (!n)
        return false;
    if (!take_eol(r))
        r->p += n;
    while (r->many) {
        skip_white(r, false);
        if (!(n = delimiter(r)))
            return false;
        r->p += n;
    }
    return true;
}

/* ---- conversions: what they read is behind p afterwards, or fail is set */
static double read_double(struct reader *r, const struct element *e)
{
    const char *p = r->p, *end = e->width < r->end - p ? p + e->width : r->end;
    char s[440];
    int n = 0, digits = 0, behind = -1;
    if (p < end && (*p == '+' || *p == '-'))
        s[n++] = *p++;
    if (end - p >= 3 && (!strncasecmp(p, "inf", 3) || !strncasecmp(p, "nan", 3))) {
        r->p = p + 3;
        double x = (*p | 32) == 'i' ? INFINITY : NAN;
        return n && s[0] == '-' ? -x : x;
    }
    for (; p < end && ((*p >= '0' && *p <= '9') || (*p == '.' && behind < 0)); p++) {
        behind += *p == '.' || behind >= 0;
        digits += *p != '.';
        if (n < 48 || behind < 0)                       /* more digits behind the point tell nothing */
            if (n < 400)
                s[n++] = *p;
    }
    r->fail = digits == 0;
    if (r->fail)
        return 0;
    const char *q = p + 1;
    if (q < end && strchr("eEdD", *p) && (q += *q == '+' || *q == '-') < end && *q >= '0' && *q <= '9') {
        s[n++] = 'e';
        for (p++; p < end && (p < q || (*p >= '0' && *p <= '9')); p++)
            if (n < 420)
                s[n++] = *p;
    }
    r->p = p;
    size_t used;
    double x = text_number(s, (size_t)n, &used), scale = pow(10, e->digits);
    return behind > e->digits && fabs(x) < 1e15 / scale ? round(x * scale) / scale : x;
}

static bool imaginary(struct reader *r)
{
    if (r->p == r->end || (*r->p != 'i' && *r->p != 'j'))
        return false;
    r->p++;
    return true;
}

static bool as_empty(struct reader *r, const char *from)
{
    for (int i = 0; i < r->empties.n; i++)
        if (starts(from, r->end, r->empties.w[i])) {
            struct reader q = *r;
            q.p = from + r->empties.w[i].n;
            if (q.p < q.end && !q.white[(unsigned char)*q.p] && !delimiter(&q))
                continue;
            r->p = q.p;
            return true;
        }
    return false;
}

static double read_number(struct reader *r, const struct element *e, double *im)
{
    const char *from = r->p;
    double re = read_double(r, e);
    *im = 0;
    if ((r->fail || isnan(re)) && as_empty(r, from)) {
        r->fail = false;
        return r->empty;
    }
    if (r->fail && e->conv == 'f' && r->p < r->end && (*r->p == '+' || *r->p == '-')) {      /* -i */
        r->p++;
        r->fail = !imaginary(r);
        if (r->fail)
            r->p = from;
        else
            *im = *from == '-' ? -1 : 1;
        return 0;
    }
    if (r->fail || e->conv == 'd' || !isfinite(re))
        return re;
    if (imaginary(r)) {
        *im = re;
        return 0;
    }
    if (r->p < r->end && (*r->p == '+' || *r->p == '-')) {
        from = r->p;
        double x = read_double(r, e);
        if (r->fail) {
            x = *from == '-' ? -1 : 1;
            r->p = from + 1;
            r->fail = false;
        }
        if (imaginary(r))
            *im = x;
        else
            r->p = from;
    }
    return re;
}

static struct word read_word(struct reader *r, const struct element *e)
{
    const char *from = r->p, *end = e->width < r->end - from ? from + e->width : r->end;
    r->fail = from == r->end;
    if (e->conv == 'q' && from < r->end && *from == '"') {
        struct buf *b = buf_new();
        for (r->p++; r->p < r->end; r->p++) {
            if (*r->p == '"' && (r->p + 1 == r->end || r->p[1] != '"'))
                break;
            r->p += *r->p == '"';
            buf_putc(b, *r->p);
        }
        r->p += r->p < r->end;
        return (struct word){ b->s, b->n };
    }
    if (e->conv == 'c')
        r->p = end;
    else
        while (r->p < end && (e->conv == '[' ? e->set[(unsigned char)*r->p] : e->conv == '^' ? !e->set[(unsigned char)*r->p] : !delimiter(r)))
            r->p++;
    return (struct word){ from, (size_t)(r->p - from) };
}

/* ---- columns */
static void grow(struct column *c)
{
    i64 cap = MAX(2 * c->cap, 64);
    double *re = NULL, *im = NULL;
    struct word *word = NULL;
    if (c->dtype < 0) {
        word = scratch((size_t)cap * sizeof *word);
        if (c->n)
            memcpy(word, c->word, (size_t)c->n * sizeof *word);
    } else {
        re = scratch((size_t)cap * sizeof *re);
        im = scratch((size_t)cap * sizeof *im);
        if (c->n) {
            memcpy(re, c->re, (size_t)c->n * sizeof *re);
            memcpy(im, c->im, (size_t)c->n * sizeof *im);
        }
    }
    c->re = re, c->im = im, c->word = word;
    c->cap = cap;
}

/* The element reads; false when it failed.  A failed number leaves an empty value in its column, a failed word an empty text. */
static bool run_element(struct reader *r, const struct element *e, struct column *c)
{
    r->fail = false;
    if (e->conv == 'L') {
        skip_white(r, false);
        if (!starts(r->p, r->end, e->literal)) {
            r->fail = true;
            return false;
        }
        r->p += e->literal.n;
        return true;
    }
    skip_white(r, true);
    double re = 0, im = 0;
    struct word w = { NULL, 0 };
    if (e->dtype < 0)
        w = read_word(r, e);
    else
        re = read_number(r, e, &im);
    if (e->skip)
        return !r->fail;
    if (c->n == c->cap)
        grow(c);
    if (e->dtype < 0) {
        c->word[c->n++] = w;
    } else {
        c->re[c->n] = r->fail ? r->empty : re;
        c->im[c->n++] = r->fail ? 0 : im;
        c->complex |= !r->fail && im != 0;
    }
    return !r->fail;
}

/* One row.  Returns how many elements ended well before the text did or one did not fit: all of them, when the row is whole. */
static int run_row(struct reader *r, const struct format *f, struct column *col, bool *failed)
{
    int whole = -1, kept = 0;
    for (int k = 0; k < f->n; k++) {
        const struct element *e = &f->e[k];
        bool ok = run_element(r, e, &col[kept]);
        kept += !e->skip;
        bool stuck = !ok && r->p < r->end && !delimiter(r);
        bool open = false;
        const char *at = r->p;
        if (!(k + 1 < f->n && f->e[k + 1].conv == 'L' && starts(r->p, r->end, f->e[k + 1].literal)))
            open = skip_delimiter(r);
        if (whole < 0 && r->p == r->end && !open)
            whole = k + 1;
        if (stuck && r->p == at) {
            *failed = true;
            if (whole < 0)
                whole = k;
        }
    }
    return whole < 0 ? f->n : whole;
}

/* ---- the format */
static int size_of_kind(struct call *c, char conv, const char **s, const char *end)
{
    static const struct { const char *bits; int i, u; } size[] = { { "8", D_INT8, D_UINT8 }, { "16", D_INT16, D_UINT16 },
        { "32", D_INT32, D_UINT32 }, { "64", D_INT64, D_UINT64 } };
    (void)c;
    for (int k = 0; k < COUNT(size); k++) {
        size_t n = strlen(size[k].bits);
        if ((size_t)(end - *s) < n || memcmp(*s, size[k].bits, n) || (conv == 'f' && k < 2))
            continue;
        *s += n;
        return conv == 'f' ? k == 2 ? D_SINGLE : D_DOUBLE : conv == 'd' ? size[k].i : size[k].u;
    }
    return conv == 'd' ? D_INT32 : conv == 'u' ? D_UINT32 : D_DOUBLE;
}

static struct element conversion(struct call *c, const char **at, const char *end)       /* behind the % */
{
    struct element e = { .width = INT64_MAX, .digits = 1 << 20 };
    const char *s = *at, *from = s - 1;
    if (s < end && *s == '*') {
        e.skip = true;
        s++;
    }
    i64 n = 0;
    for (; s < end && *s >= '0' && *s <= '9'; s++)
        n = MIN(n * 10 + (*s - '0'), (i64)1 << 40);
    if (n)
        e.width = n;
    if (s < end && *s == '.')
        for (s++, e.digits = 0; s < end && *s >= '0' && *s <= '9'; s++)
            e.digits = MIN(e.digits * 10 + (*s - '0'), 1 << 20);
    e.conv = s < end ? *s++ : 0;
    e.dtype = -1;
    switch (e.conv) {
    case 'd': case 'u':
        e.dtype = size_of_kind(c, e.conv, &s, end);
        e.conv = 'd';
        break;
    case 'f': case 'n':
        e.dtype = e.conv == 'f' ? size_of_kind(c, 'f', &s, end) : D_DOUBLE;
        e.conv = 'f';
        break;
    case 'c':
        e.width = n ? n : 1;
        break;
    case '[':
        if (s < end && *s == '^') {
            e.conv = '^';
            s++;
        }
        for (bool first = true; s < end && (first || *s != ']'); first = false, s++)
            if (s + 2 < end && s[1] == '-' && s[2] != ']') {
                for (int ch = (unsigned char)*s; ch <= (unsigned char)s[2]; ch++)
                    e.set[ch] = true;
                s += 2;
            } else
                e.set[(unsigned char)*s] = true;
        if (s < end) {
            s++;
            break;
        }
        __attribute__((fallthrough));
    default:
        if (e.conv != 's' && e.conv != 'q')
            fail("Octave:invalid-input-arg", "%s: '%.*s' in the format is no conversion", c->fn->name, (int)MIN(s - from, 20), from);
    }
    *at = s;
    return e;
}

static struct format read_format(struct call *c, const char *s, size_t n)
{
    const char *end = s + n;
    struct format f = { .e = scratch((n + 1) * sizeof *f.e) };
    while (s < end) {
        if (*s == ' ' || (*s >= 9 && *s <= 13)) {
            s++;
        } else if (*s == '%' && !(s + 1 < end && s[1] == '%')) {
            s++;
            f.e[f.n] = conversion(c, &s, end);
            f.kept += !f.e[f.n++].skip;
        } else {
            struct buf *b = buf_new();
            while (s < end && !(*s == ' ' || (*s >= 9 && *s <= 13)) && !(*s == '%' && !(s + 1 < end && s[1] == '%'))) {
                s += *s == '%';
                buf_putc(b, *s++);
            }
            f.e[f.n++] = (struct element){ .conv = 'L', .skip = true, .dtype = -1, .literal = { b->s, b->n } };
        }
    }
    bool any = false;
    for (int k = 0; k < f.n; k++)
        any |= f.e[k].conv != 'L';
    if (!any)
        fail("Octave:invalid-input-arg", "%s: the format '%.*s' has no conversion", c->fn->name, (int)MIN(n, 40), end - n);
    return f;
}

/* No format: as many numbers as the first line has. */
static struct format format_of_line(struct call *c, const struct reader *r)
{
    struct reader q = *r;
    struct element number = { .conv = 'f', .dtype = D_DOUBLE, .width = INT64_MAX, .digits = 1 << 20 };
    skip_white(&q, false);
    for (q.end = q.p; q.end < r->end && !is_eol(r, *q.end); q.end++)
        ;
    int n = 0;
    while (q.p < q.end) {
        const char *from = q.p;
        double im;
        skip_white(&q, true);
        q.fail = false;
        read_number(&q, &number, &im);
        if (q.fail && !delimiter(&q))
            break;
        n++;
        skip_delimiter(&q);
        if (q.p == from)
            break;
    }
    if (n == 0 && r->p < r->end)
        fail("Octave:invalid-input-arg", "%s: the first line has no numbers; give a format", c->fn->name);
    n = MAX(n, 1);
    struct format f = { .e = scratch((size_t)n * sizeof *f.e), .n = n, .kept = n };
    for (int k = 0; k < n; k++)
        f.e[k] = number;
    return f;
}

/* ---- options */
static struct words words_of(struct call *c, int i)
{
    struct texts x = arg_texts(c, i);
    struct words w = { scratch((size_t)MAX(x.n, 1) * sizeof *w.w), 0 };
    for (i64 k = 0; k < x.n; k++) {
        size_t n;
        const char *s = texts_at(&x, k, &n);
        struct buf *b = buf_new();
        text_unescape(b, s, n);
        w.w[w.n++] = (struct word){ b->s, b->n };
    }
    return w;
}

static void set_white(struct reader *r, struct word w)
{
    memset(r->white, 0, sizeof r->white);
    for (size_t k = 0; k < w.n; k++)
        r->white[(unsigned char)w.s[k]] = true;
}

static void set_delimiters(struct reader *r, struct words w, bool cell)
{
    r->parted = false;
    for (int i = 0; i < w.n; i++)
        r->parted |= w.w[i].n > 0;
    for (int i = 0; i < w.n; i++)
        for (size_t k = 0; k < w.w[i].n; k++)
            if (!cell || w.w[i].n == 1) {
                r->delim[(unsigned char)w.w[i].s[k]] = true;
                if (w.w[i].s[k] != ' ')
                    r->white[(unsigned char)w.w[i].s[k]] = false;
            }
    if (cell)
        r->delims = w;
}

static void find_ends(struct reader *r)                      /* what ends the first line ends all */
{
    for (const char *p = r->p; p < r->end; p++)
        if (*p == '\r') {
            r->eol1 = '\r';
            r->eol2 = p + 1 < r->end && p[1] == '\n' ? '\n' : '\r';
            return;
        } else if (*p == '\n')
            return;
}

static void skip_lines(struct reader *r, i64 n)
{
    for (; n > 0 && r->p < r->end; n--) {
        while (r->p < r->end && !is_eol(r, *r->p))
            r->p++;
        take_eol(r);
    }
    r->lines = 0;
}

struct options { bool collect, all; i64 header; };

static struct options read_options(struct call *c, int i, struct reader *r)
{
    static const char *const names[] = { "Delimiter", "HeaderLines", "CommentStyle", "EmptyValue", "MultipleDelimsAsOne", "CollectOutput",
        "TreatAsEmpty", "EndOfLine", "Whitespace", "ReturnOnError", "BufSize", "ExpChars", "DateLocale", NULL };
    struct options o = { 0 };
    struct words delims = { 0 };
    int at = -1;
    find_ends(r);
    set_white(r, (struct word){ " \b\t", 3 });
    for (; i < c->nargin; i += 2) {
        int k = arg_option(c, i, names);
        if (i + 1 >= c->nargin)
            fail("Octave:invalid-input-arg", "%s: the option '%s' stands without a value", c->fn->name, names[k]);
        struct words w;
        switch (k) {
        case 0:
            delims = words_of(c, at = i + 1);
            break;
        case 1: o.header = arg_int(c, i + 1, 0, INT64_MAX); break;
        case 2:
            w = words_of(c, i + 1);
            if (w.n > 0)
                r->open = w.w[0];
            if (w.n > 1)
                r->close = w.w[1];
            break;
        case 3: r->empty = arg_num(c, i + 1); break;
        case 4: r->many = arg_bool(c, i + 1); break;
        case 5: o.collect = arg_bool(c, i + 1); break;
        case 6: r->empties = words_of(c, i + 1); break;
        case 7:
            w = words_of(c, i + 1);
            r->eol1 = w.n && w.w[0].n ? (unsigned char)w.w[0].s[0] : -1;
            r->eol2 = w.n && w.w[0].n > 1 ? (unsigned char)w.w[0].s[1] : r->eol1;
            break;
        case 8:
            w = words_of(c, i + 1);
            set_white(r, w.n ? w.w[0] : (struct word){ "", 0 });
            break;
        case 9: o.all = !arg_bool(c, i + 1); break;
        }
    }
    if (at >= 0)
        set_delimiters(r, delims, c->arg[at].kind == K_CELL);
    if (!r->parted)
        memcpy(r->delim, r->white, sizeof r->delim);
    if (r->eol1 >= 0)
        r->delim[r->eol1] = r->delim[r->eol2] = true;
    return o;
}

/* ---- the result */
static value column_value(const struct reader *r, const struct column *c, int many, i64 rows)        /* many columns of one class, filled up to rows */
{
    if (c->dtype < 0) {
        struct cell *x = cell_2d(rows, many);
        for (int j = 0; j < many; j++)
            for (i64 i = 0; i < rows; i++)
                cell_set(x, j * rows + i, i < c[j].n ? text_value(c[j].word[i].s, c[j].word[i].n) : text_value("", 0));
        return cell_value(x);
    }
    bool complex = false;
    for (int j = 0; j < many; j++)
        complex |= c[j].complex;
    struct tensor *d = tensor_2d(complex ? D_CDOUBLE : D_DOUBLE, rows, many);
    double *x = (double *)d->data;
    for (int j = 0; j < many; j++)
        for (i64 i = 0; i < rows; i++) {
            *x++ = i < c[j].n ? c[j].re[i] : r->empty;
            if (complex)
                *x++ = i < c[j].n ? c[j].im[i] : 0;
        }
    if (complex)
        return tensor_value(c->dtype == D_SINGLE ? tensor_cast(d, D_CSINGLE) : d);
    struct tensor *t = tensor_2d(c->dtype, rows, many);
    convert_run(t->dtype, t->data, D_DOUBLE, d->data, d->numel);
    return tensor_value(t);
}

static void textscan(struct call *c, struct reader *r)
{
    const char *start = r->p, *format = NULL;
    size_t n = 0;
    int i = 1;
    i64 limit = INT64_MAX;
    if (has_arg(c, i) && arg_is_text(c, i)) {
        struct buf *b = buf_new();
        format = arg_text(c, i, &n);
        if (!(tensor_of(c->arg[i])->flags & T_DQ)) {
            text_unescape(b, format, n);
            format = b->s;
            n = b->n;
        }
        i++;
    }
    if (has_arg(c, i) && !arg_is_text(c, i)) {
        struct tensor *t = arg_double(c, i++);
        double x = t->numel ? *(double *)t->data : -1;
        if (x >= 0 && x < 1e15)
            limit = (i64)x;
    }
    struct options o = read_options(c, i, r);
    skip_lines(r, o.header);
    struct format f = !format ? read_format(c, "%f", 2) : n ? read_format(c, format, n) : format_of_line(c, r);
    if (!r->parted && !n && format)
        r->many = false;
    struct column *col = scratch((size_t)(f.kept + 1) * sizeof *col);
    for (int k = 0, j = 0; k < f.n; k++)
        if (!f.e[k].skip)
            col[j++] = (struct column){ .dtype = f.e[k].dtype };
    if (r->many)
        skip_delimiter(r);
    i64 rows = 0;
    int whole = f.n;
    bool failed = false;
    while (rows < limit && r->lines < limit && !failed) {
        struct reader q = *r;
        skip_white(&q, true);
        if (q.p == q.end) {
            r->p = q.p;
            break;
        }
        const char *at = r->p;
        whole = run_row(r, &f, col, &failed);
        rows++;
        failed |= r->p == at;
        poll();
    }
    if (failed && o.all)
        fail("Octave:invalid-input-arg", "%s: row %lld does not fit the format at '%.*s'", c->fn->name, (long long)rows, (int)MIN(r->end - r->p, 20), r->p);
    bool uneven = failed || (r->p == r->end && r->end > start && !is_eol(r, r->end[-1]));
    for (int k = 0, j = 0; k < f.n; k++)
        if (!f.e[k].skip) {
            if (uneven && k >= whole && rows > 0 && (!o.collect || whole == 0))
                col[j].n = MIN(col[j].n, rows - 1);
            j++;
        }
    int count = 0;
    struct cell *all = cell_2d(1, f.kept);
    for (int j = 0, many; j < f.kept; j += many) {
        many = 1;
        i64 tall = col[j].n;
        for (; o.collect && j + many < f.kept && col[j + many].dtype == col[j].dtype; many++)
            tall = MAX(tall, col[j + many].n);
        cell_set(all, count++, column_value(r, &col[j], many, tall));
    }
    struct cell *result_cell = cell_2d(1, count);
    for (int k = 0; k < count; k++)
        cell_set(result_cell, k, all->v[k]);
    result(c, 0, cell_value(result_cell));
    if (wants(c, 1))
        result_num(c, 1, (double)(r->p - start));
}

BUILTIN(textscan, 1, ANY, 2, NO_GRAD,
  "c = textscan(text, format)\n"
  "c = textscan(fid, format, repeat, option, value, ...)\n"
  "[c, position] = textscan(...)\n\n"
  "Columns of numbers and words from a text or an open file: a cell with one column for every conversion of the format that\n"
  "is not skipped. Conversions: %f %n %f32 %f64, %d %d8 ... %u64, %s, %q (a word or a text in double quotes), %c, %5c, %[a-z], %[^,],\n"
  "a width and digits as in %5.2f; %*f and so on to skip; other text in the format must stand in the input. An empty format stands for\n"
  "as many numbers as the first line has. repeat says how often the format is used, or how many lines are read, at most. The end of a line parts fields like any\n"
  "delimiter; where a number is missing between two, it is the empty value, and what fits not at all ends the reading.\n\n"
  "Options: Delimiter (a text, a character of which parts fields, or a cell of texts; white space when there is none),\n"
  "HeaderLines, CommentStyle, EmptyValue (NaN), MultipleDelimsAsOne, CollectOutput, TreatAsEmpty, EndOfLine, Whitespace, ReturnOnError.\n\n"
  "Example:\n  c = textscan(\"a 1\\nb 2\", '%s %f');\n  c{2}\n  ans =\n     1\n     2\n\n"
  "See also: strread, sscanf, dlmread, importdata")
{
    struct reader r = { .eol1 = '\n', .eol2 = '\n', .empty = NAN };
    size_t n;
    bool text = arg_is_text(c, 0);
    r.p = text ? arg_text(c, 0, &n) : file_rest(c, 0, &n);
    r.end = r.p + n;
    textscan(c, &r);
    if (!text)
        file_back(c, 0, (size_t)(r.end - r.p));
}
