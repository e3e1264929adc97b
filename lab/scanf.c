/* SPDX-License-Identifier: BSD-3-Clause */
/* scanf.c: texts taken apart by a template.
 *
 * The mirror of printf.c: the template is run again and again over the text, what it reads becomes one stream of
 * elements (a text its codes), and the stream a column, a matrix of the size that was asked for, or a text when only
 * texts were read.  The first thing that does not fit ends it. */
#include "files.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>

struct element {
    enum { WHITE, LITERAL, CONVERSION } kind;
    char ch, conv;                            /* conv: d i o x f s c [ */
    bool skip;                                /* %*d: read, not kept */
    int bits;                                 /* of the C type that an integer is read as: %hd 16, %d 32, %ld 64 */
    bool is_unsigned;
    i64 width;                                /* 0: any */
    const char *set;                          /* of [: its characters, "a-z" written out */
    size_t nset;
    bool negated;
};
struct template { struct element *e; int n, conversions, kept; bool numbers; };
struct stream { const char *s, *end, *p; double *x; i64 n, cap, count; };

static void bad_template(struct call *c, const char *from, const char *end)
{
    fail("Octave:invalid-input-arg", "%s: '%.*s' in the template is no conversion", c->fn->name,
         (int)MIN(end - from, 20), from);
}

const char *format_set(struct buf *b, const char *s, const char *end, bool *negated)
{
    *negated = s < end && *s == '^';
    s += *negated;
    for (bool first = true; s < end && (first || *s != ']'); first = false, s++)
        if (s + 2 < end && s[1] == '-' && s[2] != ']' && (unsigned char)s[2] >= (unsigned char)s[0]) {
            for (int ch = (unsigned char)s[0]; ch <= (unsigned char)s[2]; ch++)
                buf_putc(b, (char)ch);
            s += 2;
        } else {
            buf_putc(b, *s);
        }
    return s < end ? s + 1 : NULL;
}

static const char *read_set(struct call *c, struct element *e, const char *s, const char *end)
{
    struct buf *b = buf_new();
    const char *behind = format_set(b, s, end, &e->negated);
    if (!behind)
        fail("Octave:invalid-input-arg", "%s: '%%[%.*s' in the template has no ]", c->fn->name, (int)MIN(end - s, 20), s);
    e->set = b->s;
    e->nset = b->n;
    return behind;
}

static bool is_number(const struct element *e) { return !strchr("sc[", e->conv); }

static struct template read_template(struct call *c, int i)
{
    size_t n;
    const char *s = arg_text(c, i, &n);
    if (!(tensor_of(c->arg[i])->flags & T_DQ)) {
        struct buf *b = buf_new();
        text_unescape(b, s, n);
        s = b->s;
        n = b->n;
    }
    const char *end = s + n;
    struct template t = { .e = scratch((n + 1) * sizeof *t.e) };
    while (s < end) {
        struct element e = { .kind = LITERAL, .ch = *s };
        const char *from = s++;
        if (strchr(" \t\n\r\f\v", e.ch) && e.ch) {
            e.kind = WHITE;
        } else if (e.ch == '%' && s < end && *s == '%') {
            s++;
        } else if (e.ch == '%') {
            e.kind = CONVERSION;
            if (s < end && *s == '*') {
                e.skip = true;
                s++;
            }
            for (; s < end && *s >= '0' && *s <= '9'; s++)
                e.width = MIN(e.width * 10 + (*s - '0'), (i64)1 << 40);
            e.bits = 32;
            for (; s < end && *s && strchr("lhLq", *s); s++)
                e.bits = *s == 'h' ? 16 : 64;
            if (s == end || !*s || !strchr("diuoxXfeEgGaAsc[", *s))
                bad_template(c, from, end);
            char ch = *s++;
            e.is_unsigned = strchr("uoxX", ch) != NULL;
            e.conv = strchr("du", ch) ? 'd' : strchr("xX", ch) ? 'x' : strchr("feEgGaA", ch) ? 'f' : ch;
            if (ch == '[')
                s = read_set(c, &e, s, end);
            t.conversions++;
            t.kept += !e.skip;
            t.numbers |= is_number(&e);
        }
        t.e[t.n++] = e;
    }
    return t;
}

static void keep_number(struct stream *st, double x)
{
    if (st->n == st->cap) {
        i64 cap = MAX(2 * st->cap, 256);
        double *y = scratch((size_t)cap * sizeof *y);
        if (st->n)
            memcpy(y, st->x, (size_t)st->n * sizeof *y);
        st->x = y;
        st->cap = cap;
    }
    st->x[st->n++] = x;
}

static bool white(char ch) { return ch == ' ' || (ch >= 9 && ch <= 13); }

static void skip_white(struct stream *st)
{
    while (st->p < st->end && white(*st->p))
        st->p++;
}

static int digit_of(char ch)
{
    return ch >= '0' && ch <= '9'   ? ch - '0'
           : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
           : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
                                    : 99;
}

static bool integer(const char **p, const char *end, int base, double *x)
{
    const char *s = *p;
    bool minus = false;
    if (s < end && (*s == '-' || *s == '+'))
        minus = *s++ == '-';
    if ((base == 0 || base == 16) && s + 1 < end && s[0] == '0' && (s[1] | 32) == 'x' && s + 2 < end && digit_of(s[2]) < 16) {
        s += 2;
        base = 16;
    } else if (base == 0) {
        base = s < end && *s == '0' ? 8 : 10;
    }
    const char *first = s;
    double v = 0;
    for (; s < end && digit_of(*s) < base; s++)
        v = v * base + digit_of(*s);
    if (s == first)
        return false;
    *x = minus ? -v : v;
    *p = s;
    return true;
}

/* As C's scanf: beyond the type is its end; what is negative for an unsigned type counts from above. */
static double clipped(const struct element *e, double x)
{
    double top = ldexp(1, e->is_unsigned ? e->bits : e->bits - 1);
    if (!e->is_unsigned)
        return MAX(MIN(x, top - 1), -top);
    x = x < 0 && x >= -top ? x + top : x;
    return x < 0 || x > top - 1 ? top - 1 : x;
}

static bool convert(struct stream *st, const struct element *e)
{
    if (e->conv != 'c' && e->conv != '[')
        skip_white(st);
    if (st->p == st->end)
        return false;
    const char *p = st->p, *end = e->width && e->width < st->end - p ? p + e->width : st->end;
    double x;
    switch (e->conv) {
    case 'd': case 'i': case 'o': case 'x':
        if (!integer(&p, end, e->conv == 'd' ? 10 : e->conv == 'o' ? 8 : e->conv == 'x' ? 16 : 0, &x))
            return false;
        x = clipped(e, x);
        break;
    case 'f': {
        size_t used;
        x = text_number(p, (size_t)(end - p), &used);
        if (!used)
            return false;
        p += used;
        break;
    }
    default:
        if (e->conv == 's')
            while (p < end && !white(*p))
                p++;
        else if (e->conv == 'c')
            p = e->width ? end : p + 1;
        else
            while (p < end && (memchr(e->set, *p, e->nset) != NULL) != e->negated)
                p++;
        if (p == st->p)
            return false;
        if (!e->skip) {
            for (const char *q = st->p; q < p; q++)
                keep_number(st, (unsigned char)*q);
            st->count++;
        }
        st->p = p;
        return true;
    }
    st->p = p;
    if (!e->skip) {
        keep_number(st, x);
        st->count++;
    }
    return true;
}

/* Runs the template once; false when it ends here.  The limit is one of conversions: a word counts once. */
static bool run_once(struct stream *st, const struct template *t, i64 limit)
{
    for (int k = 0; k < t->n; k++) {
        const struct element *e = &t->e[k];
        if (e->kind == WHITE) {
            skip_white(st);
        } else if (e->kind == LITERAL) {
            if (st->p == st->end || *st->p != e->ch)
                return false;
            st->p++;
        } else {
            if (st->count >= limit || !convert(st, e))
                return false;
        }
    }
    return st->count < limit && st->p < st->end;
}

/* A text of characters is a row, everything else a column; [rows cols] with as many columns as there are elements. */
static value shaped(struct stream *st, bool text, i64 rows, bool matrix)
{
    i64 dim[2] = { st->n, 1 };
    if (text && !matrix)
        dim[0] = 1, dim[1] = st->n;
    else if (rows > 0 && st->n > rows)
        dim[0] = rows, dim[1] = (st->n + rows - 1) / rows;
    struct tensor *t = tensor_zeros(text ? D_CHAR : D_DOUBLE, 2, dim);
    convert_run(t->dtype, t->data, D_DOUBLE, st->x, st->n);
    return tensor_value(t);
}

static const char *mismatch(struct call *c)
{
    struct buf *b = buf_new();
    buff(b, "%s: format failed to match", c->fn->name);
    return b->s;
}

static void scan_list(struct call *c, struct stream *st,
                      const struct template *t) /* "C": one result for each conversion */
{
    int out = 0;
    for (int k = 0; k < t->n; k++) {
        const struct element *e = &t->e[k];
        bool ok = true;
        if (e->kind == WHITE)
            skip_white(st);
        else if (e->kind == LITERAL)
            ok = st->p < st->end && *st->p++ == e->ch;
        else {
            st->n = 0;
            ok = convert(st, e);
            if (ok && !e->skip) {
                if (wants(c, out))
                    result(c, out, shaped(st, !is_number(e), -1, false));
                out++;
            }
        }
        if (!ok)
            break;
    }
    for (int i = out; i < t->kept; i++)
        if (wants(c, i))
            result(c, i, tensor_value(tensor_2d(D_DOUBLE, 0, 0)));
    if (wants(c, t->kept))
        result_num(c, t->kept, (double)st->count);
    if (wants(c, t->kept + 1))
        result_text(c, t->kept + 1, out < t->kept ? mismatch(c) : "");
}

/* What the other results tell; the number of characters that were read. */
static size_t scanned(struct call *c, struct stream *st, const char *why, bool position)
{
    if (wants(c, 1))
        result_num(c, 1, (double)st->count);
    if (wants(c, 2))
        result_text(c, 2, why);
    if (position && wants(c, 3))
        result_num(c, 3, (double)(st->p - st->s) + 1);
    return (size_t)(st->p - st->s);
}

/* The text is there; the rest of the arguments are at 1 (template) and 2 (size).  Returns where it ended. */
static size_t scan(struct call *c, const char *s, size_t n, bool position)
{
    struct template t = read_template(c, 1);
    struct stream st = { .s = s, .p = s, .end = s + n };
    i64 rows = -1, cols = -2, limit = INT64_MAX;                /* -1: as many as there are */
    bool matrix = false;
    if (has_arg(c, 2) && arg_is_text(c, 2)) {
        static const char *const names[] = { "C", NULL };
        arg_option(c, 2, names);
        scan_list(c, &st, &t);
        return (size_t)(st.p - s);
    }
    if (has_arg(c, 2)) {
        struct tensor *d = arg_double(c, 2);
        const double *x = (const double *)d->data;
        if (d->numel < 1 || d->numel > 2 || !(x[0] >= 0) || (d->numel == 2 && (!(x[1] >= 0) || isinf(x[0]))))
            fail("Octave:invalid-input-arg", "%s: the size must be n, Inf, [m n] or [m Inf]", c->fn->name);
        matrix = d->numel == 2;
        if (!isinf(x[0]))
            rows = (i64)fmin(x[0], 1e15);
        if (d->numel == 2)
            cols = isinf(x[1]) ? -1 : (i64)fmin(x[1], 1e15);
        limit = rows < 0 || cols == -1 ? INT64_MAX : cols == -2 ? rows : dims_numel(2, (i64[]){ rows, cols });
        if (rows == 0) {                                        /* nothing is asked for */
            result(c, 0, tensor_value(tensor_2d(D_DOUBLE, 0, MAX(cols, 0))));
            return scanned(c, &st, "", position);
        }
    }
    if (t.conversions > 0)
        while (run_once(&st, &t, limit))
            poll();
    else
        run_once(&st, &t, limit);
    const char *why = "";
    const char *p = st.p;
    while (p < st.end && white(*p))
        p++;
    if (p < st.end && st.count < limit)
        why = mismatch(c);
    result(c, 0, shaped(&st, !t.numbers, rows, matrix));
    return scanned(c, &st, why, position);
}

BUILTIN(sscanf, 2, 3, ANY, NO_GRAD,
  "[x, count, message, position] = sscanf(s, template, size)\n"
  "[x1, x2, ...] = sscanf(s, template, 'C')\n\n"
  "Read numbers and texts from a text by a template: %d %i %x %o read integers, %f %e %g reals, %s a word, %c "
  "characters, %[a-z] those\n"
  "of a set; %*d reads without keeping, a number is a width, white space stands for any white space, other characters "
  "for themselves.\n"
  "The template is repeated until the text ends or does not fit. The elements make a column, or a matrix of the size "
  "n, [m n] or\n"
  "[m Inf]; a text if the template reads texts only. With 'C' each conversion gives a result of its own.\n\n"
  "Example:\n  sscanf('10:20:30', '%d:%d:%d')'\n  ans =\n     10   20   30\n\n"
  "See also: fscanf, str2double, sprintf, regexp")
{
    size_t n;
    const char *s = arg_text(c, 0, &n);
    scan(c, s, n, true);
}

BUILTIN(fscanf, 2, 3, ANY, NO_GRAD,
  "[x, count, message] = fscanf(fid, template, size)\n"
  "[x1, x2, ...] = fscanf(fid, template, 'C')\n\n"
  "Read numbers and texts from an open file by a template, as sscanf does from a text. The file then stands behind "
  "what was read.\n\n"
  "Example:\n  f = fopen('/dev/null');\n  fscanf(f, '%d')\n  ans = [](0x1)\n  fclose(f);\n\n"
  "See also: sscanf, fgetl, fread")
{
    size_t n;
    const char *s = file_rest(c, 0, &n);
    file_back(c, 0, n - scan(c, s, n, false));
}
