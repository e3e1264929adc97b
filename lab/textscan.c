/* SPDX-License-Identifier: BSD-3-Clause */
/* textscan.c: columns of numbers and words from a text or a file.
 *
 * The format is a ring of elements, conversions and words that must stand there; the text is run through it, and behind each
 * element at most one delimiter is taken.  A field that is empty is the empty value; what cannot be read ends all, and the
 * columns that the last row did not reach are one shorter.  Which of two ends it was is told by the states of a stream as C++
 * has them: `eof`, somebody asked beyond the last character, and `failed`, the last element read nothing. */
#include "files.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>

enum { END = -1 };

struct element {
    char kind;                                /* d u f, s q c [ ^ as in the template, l: a literal */
    bool skip;
    int dtype;
    i64 width, precision;                     /* -1: any */
    const char *set;                          /* of [ and ^: its characters; of l: the word */
    size_t nset;
    i64 column;
};

struct column { struct element *e; double *re, *im; struct cell *text; i64 n, cap; bool complex; };

struct reader {
    struct call *c;
    const char *s, *end, *p, *stuck;          /* stuck: what could not be read */
    bool eof, failed;
    struct element *e;
    int n, conversions;
    struct column *col;
    int cols;
    bool from_first;                          /* an empty format: as many numbers as the first line has */
    bool has_text;
    bool delimiter[256], white[256], delimited;
    const char **word;                        /* delimiters of several characters */
    size_t *word_len;
    int words;
    int eol1, eol2;                           /* END: not said yet */
    const char *exponents, *open, *close;
    const char **as_empty;
    int as_empties;
    double empty;
    i64 headers, lines;
    bool together, collect, go_on;
};

/* ---- the stream */
static int get(struct reader *r)
{
    if (r->eof) {
        r->failed = true;
        return END;
    }
    if (r->p < r->end)
        return (unsigned char)*r->p++;
    r->eof = true;
    return END;
}

static void back(struct reader *r)
{
    if (!r->eof)
        r->p--;
}

static int peek(struct reader *r)
{
    int ch = get(r);
    back(r);
    return ch;
}

static void clear(struct reader *r) { r->eof = r->failed = false; }

static bool is_eol(const struct reader *r, int ch) { return ch != END && (ch == r->eol1 || ch == r->eol2); }

static bool is_delimiter(const struct reader *r, int ch)
{
    if (ch == END)
        return false;
    return is_eol(r, ch) || (r->delimited ? r->delimiter : r->white)[ch];
}

static size_t word_at(const struct reader *r)              /* the length of a long delimiter here, the longest */
{
    size_t best = 0;
    for (int i = 0; i < r->words; i++)
        if (r->word_len[i] > best && r->word_len[i] <= (size_t)(r->end - r->p) && !memcmp(r->p, r->word[i], r->word_len[i]))
            best = r->word_len[i];
    return best;
}

static bool delimiter_here(struct reader *r)
{
    return is_delimiter(r, r->p < r->end ? (unsigned char)*r->p : END) || word_at(r) > 0;
}

static bool text_at(const struct reader *r, const char *s, bool any_case)
{
    size_t n = strlen(s);
    return n && n <= (size_t)(r->end - r->p) && !(any_case ? strncasecmp(r->p, s, n) : strncmp(r->p, s, n));
}

/* Blanks and comments; over the ends of lines too if that is said. */
static void skip_white(struct reader *r, bool over_lines)
{
    for (;;) {
        int ch, before = END;
        while ((ch = get(r)) != END && ((is_eol(r, ch) && over_lines) || r->white[ch])) {
            if (is_eol(r, ch) && !(before == r->eol1 && r->eol1 != r->eol2 && ch == r->eol2))
                r->lines++;
            before = ch;
        }
        if (ch == END)
            return;
        back(r);
        if (!r->open || !text_at(r, r->open, false))
            return;
        if (r->close) {
            const char *q = memmem(r->p, (size_t)(r->end - r->p), r->close, strlen(r->close));
            r->p = q ? q + strlen(r->close) : r->end;
        } else {
            while (r->p < r->end && !is_eol(r, (unsigned char)*r->p))
                r->p++;
            if (over_lines || r->p == r->end || r->p[-1] == '\n')
                continue;
            /* a comment that began the line takes the line's end with it */
            const char *q = r->p;
            while (q > r->s && !is_eol(r, (unsigned char)q[-1]))
                q--;
            while (q < r->end && r->white[(unsigned char)*q])
                q++;
            if (!strncmp(q, r->open, strlen(r->open))) {
                int first = get(r);
                if (first == r->eol1 && r->eol1 != r->eol2 && r->p < r->end && (unsigned char)*r->p == r->eol2)
                    r->p++;
            }
        }
    }
}

static bool take_delimiter(struct reader *r)
{
    size_t n = r->p < r->end ? word_at(r) : 0;
    if (n) {
        r->p += n;
        return true;
    }
    int ch = peek(r);
    if (!is_delimiter(r, ch))
        return false;
    get(r);
    if (is_eol(r, ch)) {
        r->lines++;
        if (ch == r->eol1 && r->eol1 != r->eol2 && r->p < r->end && (unsigned char)*r->p == r->eol2)
            r->p++;
    }
    return true;
}

static void skip_delimiter(struct reader *r)
{
    skip_white(r, false);
    if (take_delimiter(r) && r->together)
        do
            skip_white(r, false);
        while (take_delimiter(r));
}

/* ---- numbers */
static bool digit(int ch) { return ch >= '0' && ch <= '9'; }

/* A decimal number of at most width characters, rounded to `precision` digits behind the point. */
static double read_number(struct reader *r, const struct element *e)
{
    static const char *const names[] = { "inf", "nan" };
    char text[400];
    size_t n = 0;
    i64 left = e->width < 0 ? INT64_MAX : e->width;
    bool valid = false, minus = false;
    const char *p = r->p;
    if (left && p < r->end && (*p == '-' || *p == '+')) {
        minus = *p++ == '-';
        left--;
    }
    for (; left && p < r->end && digit(*p); p++, left--, valid = true)
        if (n < 300)
            text[n++] = *p;
    if (left && p < r->end && *p == '.') {
        const char *dot = p++;
        i64 places = 0;
        left--;
        text[n++] = '.';
        while (left && p < r->end && digit(*p) && (e->precision < 0 || places < e->precision)) {
            if (n < 360)
                text[n++] = *p;
            p++, left--, places++;
        }
        valid |= places > 0;
        if (valid && (places == e->precision || !left) && p < r->end && digit(*p)) {      /* what is cut off rounds */
            text[n++] = *p >= '5' ? '5' : '0';
            text[n] = 0;
            if (*p >= '5') {
                double unit = pow(10, -(double)places), x = strtod(text, NULL);
                snprintf(text, sizeof text, "%.*f", (int)MIN(places, 300), x + unit * 1e-3);
                n = strlen(text);
            }
            if (places == e->precision)                    /* and is gone, with what the width covers */
                for (p++; left && p < r->end && digit(*p); p++)
                    left--;
        }
        if (!valid)
            p = dot;
    }
    if (valid && left > 1 && p + 1 < r->end && *p && strchr(r->exponents, *p) &&
        (digit(p[1]) || p[1] == '-' || p[1] == '+')) {
        const char *q = p + 1;
        left--;
        text[n++] = 'e';
        if (!digit(*q)) {
            text[n++] = *q++;
            left--;
        }
        valid = false;
        for (; left && q < r->end && digit(*q); q++, left--, valid = true)
            if (n < 390)
                text[n++] = *q;
        p = q;
    }
    text[n] = 0;
    r->p = p;
    clear(r);
    double x = strtod(text, NULL);
    if (!valid)
        for (int i = 0; i < 2 && !valid; i++)
            if (left >= (i64)strlen(names[i]) && text_at(r, names[i], true)) {
                r->p += strlen(names[i]);
                x = i ? NAN : INFINITY;
                valid = true;
            }
    r->failed = !valid;
    if (valid && r->p == r->end && left)
        r->eof = true;
    return minus ? -x : x;
}

static bool read_as_empty(struct reader *r)
{
    for (int i = 0; i < r->as_empties; i++)
        if (text_at(r, r->as_empty[i], false)) {
            r->p += strlen(r->as_empty[i]);
            return true;
        }
    return false;
}

static void read_complex(struct reader *r, const struct element *e, double *re, double *im)
{
    *re = *im = 0;
    const char *p = r->p;
    if (p + 1 < r->end && (*p == '+' || *p == '-') &&
        (p[1] == 'i' || p[1] == 'j')) { /* no coefficient; -inf is a number */
        bool infinite = p + 3 < r->end && p[2] == 'n' && p[3] == 'f';
        r->p += infinite ? 4 : 2;
        *(infinite ? re : im) = (*p == '-' ? -1 : 1) * (infinite ? INFINITY : 1);
        return;
    }
    *re = read_number(r, e);
    if (r->as_empties && r->failed) {
        r->p = p;
        if (read_as_empty(r)) {
            r->failed = false;
            *re = r->empty;
            return;
        }
    }
    if (r->eof || r->p == r->end)
        return;
    if (*r->p == 'i' || *r->p == 'j') {
        r->p++;
        *im = *re;
        *re = 0;
    } else if (!r->failed && (*r->p == '+' || *r->p == '-')) {
        const char *here = r->p;
        double x = read_number(r, e);
        if (r->failed)
            x = *here == '-' ? -1 : 1;
        if (r->p < r->end && (*r->p == 'i' || *r->p == 'j')) {
            r->p++;
            *im = x;
        } else {
            r->p = here;
        }
        clear(r);
    }
}

/* ---- texts */
static void read_word(struct reader *r, const struct element *e, struct buf *b)
{
    i64 left = e->width < 0 ? INT64_MAX : e->width;
    while (left-- && r->p < r->end && !delimiter_here(r))
        buf_putc(b, (char)get(r));
    if (r->p == r->end && left > 0) {
        r->eof = true;
        r->failed = b->n == 0;
    }
}

static void read_quoted(struct reader *r, const struct element *e, struct buf *b)
{
    if (r->p == r->end || *r->p != '"') {
        read_word(r, e, b);
        return;
    }
    for (r->p++; r->p < r->end; r->p++) {
        if (*r->p == '"') {
            r->p++;
            if (r->p == r->end || *r->p != '"')
                return;
        }
        buf_putc(b, *r->p);
    }
    r->eof = true;
}

static void read_set(struct reader *r, const struct element *e, struct buf *b)
{
    i64 left = e->width < 0 ? INT64_MAX : e->width;
    while (left-- && r->p < r->end && (memchr(e->set, *r->p, e->nset) != NULL) == (e->kind == '['))
        buf_putc(b, (char)get(r));
    if (r->p == r->end && left > 0)
        r->eof = true;
}

/* ---- columns */
static void keep_number(struct reader *r, struct column *k, i64 row, double re, double im)
{
    if (row >= k->cap) {
        i64 cap = MAX(2 * k->cap, 64);
        for (int part = 0; part < 2; part++) {
            double **at = part ? &k->im : &k->re, *x = scratch((size_t)cap * sizeof *x);
            if (k->n)
                memcpy(x, *at, (size_t)k->n * sizeof *x);
            *at = x;
        }
        k->cap = cap;
    }
    for (; k->n <= row; k->n++) {
        k->re[k->n] = r->empty;
        k->im[k->n] = 0;
    }
    k->re[row] = re;
    k->im[row] = im;
    k->complex |= im != 0;
}

static void keep_text(struct column *k, i64 row, const char *s, size_t n)
{
    if (row >= k->cap)
        cell_reserve(k->text, k->cap = MAX(2 * k->cap, 64));
    if (row >= k->n)
        cell_resize(k->text, 2, (i64[]){ k->n = row + 1, 1 });
    cell_set(k->text, row, n ? text_value(s, n) : tensor_value(tensor_2d(D_CHAR, 0, 0)));
}

static void convert(struct reader *r, const struct element *e, i64 row)
{
    skip_white(r, false);
    clear(r);
    if (strchr("duf", e->kind)) {
        double re, im = 0;
        if (e->kind == 'f') {
            read_complex(r, e, &re, &im);
        } else {
            const char *p = r->p;
            re = read_number(r, e);
            if (r->failed && r->as_empties) {
                r->p = p;
                if (read_as_empty(r)) {
                    r->failed = false;
                    re = r->empty;
                }
            }
        }
        if (r->p == r->end && r->failed)
            r->eof = true;
        if (!e->skip)
            keep_number(r, &r->col[e->column], row, r->failed ? r->empty : re, r->failed ? 0 : im);
        return;
    }
    struct buf *b = buf_new();
    switch (e->kind) {
    case 's': read_word(r, e, b); break;
    case 'q': read_quoted(r, e, b); break;
    case 'c':
        for (i64 left = MAX(e->width, 1); left-- && r->p < r->end;)
            buf_putc(b, (char)get(r));
        if (b->n == 0) {
            buf_putc(b, ' ');
            r->eof = true;
        }
        break;
    default: read_set(r, e, b);
    }
    if (!e->skip)
        keep_text(&r->col[e->column], row, b->s, b->n);
}

static void match(struct reader *r, const struct element *e)
{
    skip_white(r, true);
    clear(r);
    for (size_t i = 0; i < e->nset; i++)
        if (get(r) != (unsigned char)e->set[i]) {
            back(r);
            r->failed = true;
            return;
        }
}

enum { NOTHING_KEPT = 1, AT_END = 2, STOPPED = 4, NOTHING_READ = 8 };

static int read_row(struct reader *r, i64 row, i64 *done_after)
{
    bool nothing_kept = true, done = false, stopped = false, nothing_read = true;
    for (int i = 0; i < r->n; i++) {
        const struct element *e = &r->e[i], *next = &r->e[(i + 1) % r->n];
        bool stuck = false;
        clear(r);
        if (e->kind == 'l')
            match(r, e);
        else
            convert(r, e, row);
        if (!r->failed) {
            nothing_kept &= e->skip || e->kind == 'l';
        } else {
            r->failed = false;
            stuck = !r->eof && !delimiter_here(r);
        }
        const char *p = r->p;
        if (next->kind != 'l' ||
            !is_delimiter(r, (unsigned char)next->set[0])) /* a word that begins with a delimiter matches it */
            skip_delimiter(r);
        if (r->eof) {
            if (!done)
                *done_after = i + 1;
            done = true;
        }
        if (stuck && r->p == p && !stopped) {
            *done_after = i;
            r->stuck = p;
            stopped = true;
        } else if (!stuck && !done && !stopped) {
            nothing_read = false;
        }
    }
    return nothing_kept * NOTHING_KEPT + done * AT_END + stopped * STOPPED + nothing_read * NOTHING_READ;
}

/* ---- format and options */
static void add_element(struct reader *r, struct element e)
{
    if (e.kind != 'l') {
        e.column = e.skip ? -1 : r->cols++;
        r->conversions++;
        r->has_text |= strchr("sqc[^", e.kind) != NULL;
    }
    r->e[r->n++] = e;
}

static const char *read_conversion(struct reader *r, const char *s, const char *end)
{
    const char *from = s++;
    struct element e = { .width = -1, .precision = -1, .dtype = D_DOUBLE };
    if (s < end && *s == '*') {
        e.skip = true;
        s++;
    }
    for (; s < end && digit(*s); s++)
        e.width = MIN(MAX(e.width, 0) * 10 + (*s - '0'), (i64)1 << 40);
    if (s < end && *s == '.')
        for (s++, e.precision = 0; s < end && digit(*s); s++)
            e.precision = MIN(e.precision * 10 + (*s - '0'), 400);
    if (s == end || !*s || !strchr("dufnsqc[", *s))
        fail("Octave:invalid-input-arg", "textscan: '%.*s' in the format is no conversion",
             (int)MIN(MAX(s - from + 1, 2), end - from), from);
    e.kind = *s++;
    if (strchr("duf", e.kind)) {
        static const struct { const char *bits; int d, u, f; } sizes[] = {
            { "8", D_INT8, D_UINT8, -1 }, { "16", D_INT16, D_UINT16, -1 }, { "32", D_INT32, D_UINT32, D_SINGLE },
            { "64", D_INT64, D_UINT64, D_DOUBLE } };
        e.dtype = e.kind == 'd' ? D_INT32 : e.kind == 'u' ? D_UINT32 : D_DOUBLE;
        for (size_t i = 0; i < 4; i++) {
            size_t n = strlen(sizes[i].bits);
            int dtype = e.kind == 'd' ? sizes[i].d : e.kind == 'u' ? sizes[i].u : sizes[i].f;
            if (dtype >= 0 && (size_t)(end - s) >= n && !strncmp(s, sizes[i].bits, n)) {
                e.dtype = dtype;
                s += n;
                break;
            }
        }
    } else if (e.kind == 'n') {
        e.kind = 'f';
    } else if (e.kind == '[') {
        struct buf *b = buf_new();
        bool negated;
        if (!(s = format_set(b, s, end, &negated)))
            fail("Octave:invalid-input-arg", "textscan: '%.*s' in the format has no ]", (int)MIN(end - from, 20), from);
        if (negated)
            e.kind = '^';
        e.set = b->s;
        e.nset = b->n;
    }
    add_element(r, e);
    return s;
}

static void read_format(struct reader *r, const char *s, size_t n)
{
    const char *end = s + n;
    r->e = scratch((n + 2) * sizeof *r->e);
    while (s < end) {
        if (*s == ' ' || (*s >= 9 && *s <= 13)) {
            s++;
        } else if (*s == '%' && !(s + 1 < end && s[1] == '%')) {
            s = read_conversion(r, s, end);
        } else {
            struct buf *b = buf_new();
            while (s < end && *s != ' ' && !(*s >= 9 && *s <= 13) && (*s != '%' || (s + 1 < end && s[1] == '%'))) {
                s += *s == '%';
                buf_putc(b, *s++);
            }
            add_element(r, (struct element){ .kind = 'l', .set = b->s, .nset = b->n });
        }
    }
    if (!r->conversions)
        fail("Octave:invalid-input-arg", "textscan: the format '%.*s' has no conversion", (int)MIN(n, 40), end - n);
}

static const char *unescaped(value v, size_t *n)
{
    struct tensor *t = tensor_of(v);
    *n = (size_t)t->numel;
    struct buf *b = buf_new();
    if (t->flags & T_DQ)
        buf_add(b, t->data, *n);
    else
        text_unescape(b, t->data, *n);
    *n = b->n;
    return b->s;
}

static bool is_text(value v) { return is_tensor_like(v) && value_dtype(v) == D_CHAR; }

static value text_option(const char *name, value v)
{
    if (!is_text(v))
        fail("Octave:invalid-input-arg", "textscan: %s must be text", name);
    struct tensor *t = tensor_dense(tensor_of(v));
    return tensor_box(t);
}

/* A text, or a cell array of texts. */
static int text_list(struct call *c, int i, const char *name, const char ***list, size_t **len)
{
    bool many = c->arg[i].kind == K_CELL;
    struct cell *k = many ? arg_cell(c, i) : NULL;
    int n = many ? (int)k->numel : 1;
    *list = scratch(sizeof **list * (size_t)MAX(n, 1));
    *len = scratch(sizeof **len * (size_t)MAX(n, 1));
    for (int j = 0; j < n; j++)
        (*list)[j] = unescaped(text_option(name, many ? k->v[j] : c->arg[i]), &(*len)[j]);
    return n;
}

static double number_option(struct call *c, int i, const char *name)
{
    if (arg_is_text(c, i) || c->arg[i].kind == K_CELL)
        fail("Octave:invalid-input-arg", "textscan: %s must be numeric", name);
    return arg_num(c, i);
}

static void read_options(struct reader *r, struct call *c, int from)
{
    static const char *const names[] = { "delimiter",     "whitespace",
                                         "headerlines",   "commentstyle",
                                         "emptyvalue",    "multipledelimsasone",
                                         "collectoutput", "treatasempty",
                                         "endofline",     "returnonerror",
                                         "expchars",      "bufsize",
                                         "datelocale",    NULL };
    enum { DELIMITER, WHITESPACE, HEADERS, COMMENT, EMPTY, TOGETHER, COLLECT, AS_EMPTY, EOL, GO_ON, EXPONENTS };
    const char *white = " \b\t";
    size_t nwhite = 3, n, *len;
    const char **list;
    if ((c->nargin - from) % 2)
        fail("Octave:invalid-input-arg", "textscan: the option '%s' stands without a value",
             arg_text(c, c->nargin - 1, NULL));
    for (int i = from; i < c->nargin; i += 2) {
        if (!arg_is_text(c, i))
            fail_arg(c, i, "the name of an option");
        const char *name = arg_text(c, i, NULL);
        int k = 0;
        while (names[k] && strcasecmp(names[k], name))
            k++;
        int v = i + 1;
        if (!names[k])
            fail("Octave:invalid-input-arg", "textscan: unknown option '%s'", name);
        if (k == DELIMITER) {
            bool one = c->arg[v].kind != K_CELL;
            int many = text_list(c, v, "Delimiter", &list, &len);
            r->delimited = many > 0 && !(one && len[0] == 0);
            r->word = scratch(sizeof *r->word * (size_t)MAX(many, 1));
            r->word_len = scratch(sizeof *r->word_len * (size_t)MAX(many, 1));
            memset(r->delimiter, 0, sizeof r->delimiter);
            r->words = 0;
            for (int j = 0; j < many; j++)
                if (one || len[j] == 1) {
                    for (size_t q = 0; q < len[j]; q++)
                        r->delimiter[(unsigned char)list[j][q]] = true;
                } else if (len[j]) {
                    r->word[r->words] = list[j];
                    r->word_len[r->words++] = len[j];
                }
        } else if (k == WHITESPACE) {
            white = unescaped(text_option("Whitespace", c->arg[v]), &nwhite);
        } else if (k == HEADERS) {
            r->headers = (i64)fmax(0, fmin(number_option(c, v, "HeaderLines"), 1e15));
        } else if (k == COMMENT) {
            int many = text_list(c, v, "CommentStyle", &list, &len);
            if (many < 1 || many > 2)
                fail("Octave:invalid-input-arg", "textscan: CommentStyle must be a text, or one or two texts in a cell "
                                                 "array");
            r->open = len[0] ? list[0] : NULL;
            r->close = many == 2 && len[1] ? list[1] : NULL;
        } else if (k == EMPTY) {
            r->empty = number_option(c, v, "EmptyValue");
        } else if (k == TOGETHER) {
            r->together = arg_bool(c, v);
        } else if (k == COLLECT) {
            r->collect = arg_bool(c, v);
        } else if (k == AS_EMPTY) {
            r->as_empties = text_list(c, v, "TreatAsEmpty", &r->as_empty, &len);
        } else if (k == EOL) {
            const char *s = arg_is_text(c, v) ? unescaped(text_option("EndOfLine", c->arg[v]), &n) : NULL;
            if (!s || n > 2 || (n == 2 && strcmp(s, "\r\n")))
                fail("Octave:invalid-input-arg", "textscan: EndOfLine must be at most one character or '\\r\\n'");
            r->eol1 = n ? (unsigned char)s[0] : -2;
            r->eol2 = n == 2 ? (unsigned char)s[1] : r->eol1;
        } else if (k == GO_ON) {
            r->go_on = arg_bool(c, v);
        } else if (k == EXPONENTS) {
            r->exponents = unescaped(text_option("ExpChars", c->arg[v]), &n);
        }
    }
    for (size_t i = 0; i < nwhite; i++)
        r->white[(unsigned char)white[i]] = !r->delimiter[(unsigned char)white[i]];
    if (nwhite || !r->has_text)
        r->white[' '] = true;
}

static void find_eol(struct reader *r)
{
    if (r->eol1 != END)
        return;
    r->eol1 = r->eol2 = '\n';
    for (const char *s = r->p; s < r->end; s++)
        if (*s == '\n')
            return;
        else if (*s == '\r') {
            r->eol1 = '\r';
            r->eol2 = s + 1 < r->end && s[1] == '\n' ? '\n' : '\r';
            return;
        }
}

static void skip_line(struct reader *r)
{
    while (r->p < r->end && (unsigned char)*r->p != r->eol2)
        r->p++;
    r->p += r->p < r->end;
}

/* The first line says how many numbers a row has; it is the first row.  False: it has something else too. */
static bool read_first(struct reader *r)
{
    const char *end = r->end, *line = r->p;
    skip_line(r);
    const char *behind = r->p;
    bool cut = behind > line && is_eol(r, (unsigned char)behind[-1]);
    r->end = behind - cut;
    if (cut && r->eol1 != r->eol2 && r->end > line && (unsigned char)r->end[-1] == r->eol1)
        r->end--;
    r->p = line;
    i64 most = r->end - line + 2;
    r->e = scratch((size_t)most * sizeof *r->e);
    r->col = scratch((size_t)most * sizeof *r->col);
    bool good = true;
    while (r->n < most - 1) {
        struct element e = { .kind = 'f', .width = -1, .precision = -1, .dtype = D_DOUBLE };
        double re, im;
        skip_white(r, false);
        clear(r);
        const char *p = r->p;
        read_complex(r, &e, &re, &im);
        bool nothing = r->failed;
        if (nothing && (r->p == r->end || !delimiter_here(r))) {
            good = r->p == r->end;
            break;
        }
        clear(r);
        r->col[r->cols] = (struct column){ 0 };
        add_element(r, e);
        keep_number(r, &r->col[r->cols - 1], 0, nothing ? r->empty : re, nothing ? 0 : im);
        skip_delimiter(r);
        if (r->eof || r->p == p)
            break;
    }
    if (!r->n)
        fail("Octave:invalid-input-arg", "textscan: the first line has no numbers; give a format");
    for (int k = 0; k < r->cols; k++)
        r->col[k].e = &r->e[k];
    r->lines = 1;
    r->end = end;
    r->p = behind;
    clear(r);
    return good;
}

static value column_value(struct reader *r, struct column *k, i64 rows)
{
    if (k->text) {
        cell_resize(k->text, 2, (i64[]){ rows, 1 });
        return cell_value(k->text);
    }
    while (k->n < rows)
        keep_number(r, k, k->n, r->empty, 0);
    struct tensor *re = tensor_2d(D_DOUBLE, rows, 1);
    if (rows)
        memcpy(re->data, k->re, (size_t)rows * sizeof(double));
    if (k->complex && k->e->dtype >= 0 && k->e->kind == 'f') {
        struct tensor *y = tensor_2d(D_CDOUBLE, rows, 1);
        double *z = (double *)y->data;
        for (i64 i = 0; i < rows; i++) {
            z[2 * i] = k->re[i];
            z[2 * i + 1] = k->im[i];
        }
        return tensor_value(k->e->dtype == D_SINGLE ? tensor_cast(y, D_CSINGLE) : y);
    }
    return tensor_value(tensor_cast(re, k->e->dtype));
}

extern const struct builtin builtin_horzcat;

static void scan(struct reader *r, i64 times)
{
    struct call *c = r->c;
    bool nothing = r->p == r->end;
    find_eol(r);
    for (i64 i = 0; i < r->headers && r->p < r->end; i++)
        skip_line(r);
    i64 row = 0, done_after;
    int state = 0;
    if (r->from_first) {
        nothing = !read_first(r) || r->p == r->end;
        row = 1;
        if (nothing)
            state = NOTHING_KEPT | AT_END | NOTHING_READ;
    } else {
        r->col = scratch((size_t)MAX(r->cols, 1) * sizeof *r->col);
        for (int i = 0; i < r->n; i++)
            if (r->e[i].kind != 'l' && !r->e[i].skip)
                r->col[r->e[i].column] =
                    (struct column){ .e = &r->e[i], .text = strchr("sqc[^", r->e[i].kind) ? cell_2d(0, 1) : NULL };
        if (nothing)
            state = NOTHING_KEPT | AT_END | NOTHING_READ;
    }
    done_after = r->n + 1;
    if (r->together && !nothing)               /* what parts no two fields */
        do
            skip_white(r, false);
        while (take_delimiter(r));
    if (!nothing)
        for (; times < 0 || row < times; row++) {
            poll();
            const char *p = r->p;
            state = read_row(r, row, &done_after);
            if (!(state & ~NOTHING_KEPT) && r->p == p) {         /* an empty set matches here for ever: Octave never returns */
                r->stuck = p;
                state = STOPPED | NOTHING_KEPT | NOTHING_READ;
            }
            if ((state & ~NOTHING_KEPT) || (times >= 0 && r->lines >= times))
                break;
        }
    if ((state & STOPPED) && !r->go_on)
        fail("Octave:invalid-input-arg", "textscan: row %lld does not fit the format at '%.*s'", (long long)row + 1,
             (int)MIN(r->end - r->stuck, 20), r->stuck);
    i64 rows = row == times && times >= 0 ? times : (state & NOTHING_KEPT) && (state & NOTHING_READ) ? row : row + 1;
    bool uneven = (state & STOPPED) || ((state & AT_END) && r->end > r->s && !is_eol(r, (unsigned char)r->end[-1]));
    struct cell *out = cell_2d(1, r->cols);
    int n = 0;
    for (int k = 0; k < r->cols; k++) {
        bool cut = !r->collect && uneven && k >= done_after && !((state & NOTHING_KEPT) && (state & NOTHING_READ));
        value v = column_value(r, &r->col[k], cut ? MAX(rows - 1, 0) : rows);
        bool text = r->col[k].text != NULL;
        if (r->collect && k && text == (r->col[k - 1].text != NULL) && (text || r->col[k].e->dtype == r->col[k - 1].e->dtype))
            cell_set(out, n - 1, call1(&builtin_horzcat, 2, out->v[n - 1], v));
        else
            cell_set(out, n++, v);
    }
    cell_resize(out, 2, (i64[]){ 1, n });
    result(c, 0, cell_value(out));
}

BUILTIN(textscan, 1, ANY, 3, NO_GRAD,
  "c = textscan(text, format)\n"
  "c = textscan(fid, format, repeat, option, value, ...)\n"
  "[c, position, message] = textscan(...)\n\n"
  "Columns of numbers and words from a text or an open file: a cell with one column for every conversion of the format that\n"
  "is not skipped. Conversions: %f %n %f32 %f64, %d %d8 ... %u64, %s, %q (a word or a text in double quotes), %c "
  "characters, %[a-z] and\n"
  "%[^a-z] those of a set; %*f and so on to skip; %5d and %5.2f say how many characters and decimals at most. Other "
  "text in the\n"
  "format must stand in the input. An empty format reads as many numbers as the first line has. At most repeat rows "
  "are read.\n"
  "position is where the text or the file then stands.\n\n"
  "Options: Delimiter (a text, a character of which parts fields, or a cell of texts; white space when there is none),\n"
  "MultipleDelimsAsOne, Whitespace (what is skipped before a field, \" \\b\\t\"), EndOfLine, HeaderLines, CommentStyle "
  "(a text, or a cell\n"
  "of how it begins and ends), EmptyValue (NaN), TreatAsEmpty, CollectOutput, ReturnOnError (true), ExpChars (\"edED\").\n\n"
  "Example:\n  c = textscan(\"a 1\\nb 2\", '%s %f');\n  c{2}\n  ans =\n     1\n     2\n\n"
  "See also: strread, sscanf, dlmread, importdata")
{
    struct reader r = { .c = c, .eol1 = END, .eol2 = END, .exponents = "edED", .empty = NAN, .go_on = true };
    size_t n;
    bool text = is_text(c->arg[0]);
    int i = 1;
    i64 times = -1;
    const char *format = "%f";
    size_t nformat = 2;
    if (c->nargin > 1 && arg_is_text(c, 1)) {
        format = unescaped(text_option("the format", c->arg[1]), &nformat);
        i = 2;
    } else if (c->nargin > 1) {
        fail_arg(c, 1, "a text, the format");
    }
    if (nformat)
        read_format(&r, format, nformat);
    else
        r.from_first = true;
    if (c->nargin > i && !arg_is_text(c, i)) {
        double x = has_arg(c, i) && tensor_of(c->arg[i])->numel == 0 ? -1 : arg_num(c, i);
        times = x >= 0 && x < 1e15 ? (i64)x : -1;
        i++;
    }
    read_options(&r, c, i);
    if (text) {
        struct tensor *t = tensor_dense(tensor_of(c->arg[0]));
        r.s = (const char *)t->data;
        n = (size_t)t->numel;
    } else {
        r.s = file_rest(c, 0, &n);
    }
    r.p = r.s;
    r.end = r.s + n;
    scan(&r, times);
    size_t used = (size_t)(r.p - r.s);
    if (!text)
        file_back(c, 0, n - used);
    if (wants(c, 1))
        result_num(c, 1, (double)used);
    if (wants(c, 2))
        result_text(c, 2, "");
}
