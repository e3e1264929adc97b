/* SPDX-License-Identifier: BSD-3-Clause */
/* printf.c: templates, and the functions that print.
 *
 * The one idea: the arguments are one stream of items – each element of each array, but for %s what is left of a text
 * or of a run of character codes, and an empty array as one item that prints as nothing.  The template is run again
 * until the stream is used up; it stops at the first conversion that finds no item.  What a conversion gets need not be
 * of its kind: %d with 3.5 prints as %g does, %s with 65 prints 'A', with 3.5 prints 3.5. */
#include "decimal.h"
#include "files.h"
#include "print.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>

enum { WIDEST = 1000000 };

/* ---- the stream of items */
struct stream {
    const char *who;
    int n, k;                                 /* arguments, the running one */
    const value *arg;
    struct tensor *t;                         /* the running argument; NULL: take the next */
    i64 i;                                    /* its next element */
};
struct item { enum { NOTHING, EMPTY, TEXT, NUMBER } kind; const char *s; size_t len; value v; };

static bool more(struct stream *st)
{
    return st->k < st->n;
}

static void open_argument(struct stream *st)
{
    value v = st->arg[st->k];
    char d[160];
    if (!is_tensor_like(v))
        fail("Octave:invalid-input-arg", "%s: argument %d is a %s and cannot be printed by a template%s", st->who, st->k + 2,
             value_describe(v, d), v.kind == K_CELL ? "; give its contents: c{:}" : "");
    if (dtype_is(value_dtype(v), DT_C))
        fail("Octave:invalid-input-arg", "%s: argument %d is complex: print real(x) and imag(x), or num2str(x)",
             st->who, st->k + 2);
    st->t = tensor_dense(tensor_of(v));
    st->i = 0;
}

static bool is_code(double x)
{
    return x == floor(x) && x >= 0 && x < 256;
}

static struct item next_item(struct stream *st, bool text)
{
    if (!more(st))
        return (struct item){ .kind = NOTHING };
    if (!st->t)
        open_argument(st);
    struct tensor *t = st->t;
    struct item it = { .kind = NUMBER };
    if (t->numel == 0) {
        it.kind = EMPTY;
        st->i = 0;
    } else if (text && t->dtype == D_CHAR) {
        it = (struct item){ .kind = TEXT, .s = t->data + st->i, .len = (size_t)(t->numel - st->i) };
        st->i = t->numel;
    } else if (text && is_code(element_double(t, st->i))) {
        char *s = scratch((size_t)(t->numel - st->i));
        it = (struct item){ .kind = TEXT, .s = s };
        for (double x; st->i < t->numel && is_code(x = element_double(t, st->i)); st->i++)
            s[it.len++] = (char)(unsigned char)x;
    } else {
        it.v = t->dtype == D_DOUBLE ? num(((double *)t->data)[st->i]) : element_value(t, st->i);
        st->i++;
    }
    if (st->i >= t->numel) {
        st->t = NULL;
        st->k++;
    }
    return it;
}

/* ---- one conversion */
struct spec { char flags[8]; int width, prec; char conv; };       /* prec -1: none */

static void pad(struct buf *b, const struct spec *p, const char *s, size_t n)
{
    if (n >= (size_t)p->width) {
        buf_add(b, s, n);
        return;
    }
    bool left = p->flags[0] && strchr(p->flags, '-') != NULL;
    for (size_t k = n; !left && k < (size_t)p->width; k++)
        buf_putc(b, ' ');
    buf_add(b, s, n);
    for (size_t k = n; left && k < (size_t)p->width; k++)
        buf_putc(b, ' ');
}

static void c_format(char *f, const struct spec *p, const char *length, char conv, bool with_prec)
{
    sprintf(f, "%%%s*%s%s%c", p->flags, with_prec ? ".*" : "", length, conv);
}

static void put_double(struct buf *b, const struct spec *p, double x, char conv, int prec)
{
    char f[32];
    if (!isfinite(x)) {
        const char *s = x > 0 ? "Inf" : x < 0 ? "-Inf" : is_na(x) ? "NA" : "NaN";
        if (strchr(p->flags, '+') && !(x < 0))
            s = x > 0 ? "+Inf" : is_na(x) ? "+NA" : "+NaN";
        pad(b, p, s, strlen(s));
        return;
    }
    if (!p->flags[0] || !strcmp(p->flags, "-")) {
        char text[DECIMAL_ROOM];
        size_t n = conv >= 'e' && conv <= 'g' ? decimal_write(text, x, conv, prec < 0 ? 6 : prec) : 0;
        if (n) {
            pad(b, p, text, n);
            return;
        }
    }
    c_format(f, p, "", conv, prec >= 0);
    if (prec >= 0)
        buff(b, f, p->width, prec, x);
    else
        buff(b, f, p->width, x);
}

/* A whole number that %d prints as an integer. */
static bool is_integer(double x)
{
    if (fabs(x) < 0x1p62)
        return x == (double)(int64_t)x;       /* floor is a call where the processor is any */
    return x >= -0x1p63 && x < 0x1p64;
}

/* A double by a conversion without flags and width, straight into the text; false: not decided here. */
static bool put_plain(struct buf *b, const struct spec *p, double x)
{
    char *to = buf_room(b, DECIMAL_ROOM), conv = p->conv;
    size_t n;
    if (!(conv >= 'e' && conv <= 'g')) {      /* %d, %i */
        if (is_integer(x)) {
            if (p->prec >= 0)
                return false;
            n = decimal_write_integer(to, x < 0, (uint64_t)fabs(x));
            goto wrote;
        }
        conv = 'g';
    }
    n = decimal_write(to, x, conv, p->prec < 0 ? 6 : p->prec);
wrote:
    b->s[b->n += n] = 0;
    return n > 0;
}

static void put_integer(struct buf *b, const struct spec *p, bool negative, uint64_t u)
{
    char f[32];
    char conv = p->conv == 'i' ? 'd' : p->conv;
    if (conv == 'd' && p->prec < 0 && !*p->flags) {
        char digits[DECIMAL_ROOM];
        pad(b, p, digits, decimal_write_integer(digits, negative, u));
        return;
    }
    bool is_signed = conv == 'd' || negative;
    c_format(f, p, "ll", is_signed && u <= INT64_MAX + (uint64_t)negative ? 'd' : conv == 'd' ? 'u' : conv, p->prec >= 0);
    unsigned long long bits = negative ? -u : u;
    if (p->prec >= 0)
        buff(b, f, p->width, p->prec, bits);
    else
        buff(b, f, p->width, bits);
}

static double number_of(value v)
{
    return v.dtype == D_INT64 ? (double)v.i : v.dtype == D_UINT64 ? (double)v.u : v.num;
}

/* What the conversion cannot show as an integer, a fraction or below zero in an unsigned one, is shown by %g. */
static void put_as_integer(struct buf *b, const struct spec *p, value v)
{
    bool negative = v.dtype == D_INT64 ? v.i < 0 : v.dtype != D_UINT64 && v.num < 0;
    if (negative && p->conv != 'd' && p->conv != 'i') {
        put_double(b, p, number_of(v), 'g', p->prec);
        return;
    }
    if (v.dtype == D_INT64)
        put_integer(b, p, v.i < 0, v.i < 0 ? -(uint64_t)v.i : (uint64_t)v.i);
    else if (v.dtype == D_UINT64)
        put_integer(b, p, false, v.u);
    else if (is_integer(v.num))
        put_integer(b, p, v.num < 0, (uint64_t)fabs(v.num));
    else
        put_double(b, p, v.num, 'g', p->prec);
}

static void put_as_text(struct buf *b, const struct spec *p, value v)
{
    double x = number_of(v);
    if (is_code(x)) {
        char ch = (char)(unsigned char)x;
        pad(b, p, &ch, p->prec == 0 && p->conv == 's' ? 0 : 1);
    } else if (x == floor(x) && fabs(x) < 1e15) {
        put_double(b, p, x, 'f', 0);
    } else {
        put_double(b, p, x, 'g', p->prec);
    }
}

static void put_item(struct buf *b, const struct spec *p, struct item it)
{
    if (it.kind == EMPTY) {                   /* only %s and %c keep their width */
        if (p->conv == 's' || p->conv == 'c')
            pad(b, p, "", 0);
    } else if (it.kind == TEXT)
        pad(b, p, it.s, p->prec >= 0 && (size_t)p->prec < it.len ? (size_t)p->prec : it.len);
    else
        switch (p->conv) {
        case 's': case 'c': put_as_text(b, p, it.v); break;
        case 'd': case 'i': case 'u': case 'x': case 'X': case 'o': put_as_integer(b, p, it.v); break;
        default: put_double(b, p, number_of(it.v), p->conv, p->prec);
        }
}

/* ---- the template */
static int spec_number(const char **s, const char *end, const char *who)
{
    i64 n = 0;
    for (; *s < end && **s >= '0' && **s <= '9'; ++*s) {
        n = n * 10 + (**s - '0');
        if (n > WIDEST)
            fail("Octave:invalid-input-arg", "%s: a width or precision above %d in the template", who, WIDEST);
    }
    return (int)n;
}

static int star(struct stream *st, bool *stop)
{
    struct item it = next_item(st, false);
    if (it.kind != NUMBER) {
        *stop = true;
        return 0;
    }
    double x = number_of(it.v);
    if (x != floor(x) || fabs(x) > WIDEST)
        fail("Octave:invalid-input-arg", "%s: the width or precision for * must be an integer up to %d, but is %g",
             st->who, WIDEST, x);
    return (int)x;
}

/* Reads the conversion behind '%' at *s; false: it wants a * and no item is left. */
static bool read_spec(struct spec *p, const char **s, const char *end, struct stream *st)
{
    const char *start = *s - 1;
    bool stop = false;
    int nflag = 0;
    *p = (struct spec){ .prec = -1 };
    for (; *s < end && strchr("-+ 0#", **s) && **s; ++*s)
        if (!strchr(p->flags, **s) && nflag < 5)
            p->flags[nflag++] = **s;
    if (*s < end && **s == '*') {
        ++*s;
        p->width = star(st, &stop);
        if (p->width < 0) {
            p->width = -p->width;
            if (!strchr(p->flags, '-'))
                p->flags[nflag++] = '-';
        }
    } else {
        p->width = spec_number(s, end, st->who);
    }
    if (*s < end && **s == '.') {
        ++*s;
        if (*s < end && **s == '*') {
            ++*s;
            p->prec = star(st, &stop);
            if (p->prec < 0)
                p->prec = -1;
        } else {
            p->prec = spec_number(s, end, st->who);
        }
    }
    while (*s < end && **s && strchr("lhLqjzt", **s))
        ++*s;
    if (*s < end && **s && strchr("diouxXcsfFeEgGaA%", **s)) {
        p->conv = *(*s)++;
        if (p->conv == 's' || p->conv == 'c') {           /* these take no other flags */
            bool left = strchr(p->flags, '-') != NULL;
            strcpy(p->flags, left ? "-" : "");
        }
        return !stop;
    }
    int n = (int)MIN(end - start, 20);
    fail("Octave:invalid-input-arg", "%s: '%.*s' in the template is no conversion (write %%%% for a percent sign)",
         st->who, *s < end ? (int)MIN(*s + 1 - start, 20) : n, start);
}

/* What stands before a conversion, and this; kept, since the template runs again and again, unless there is a * in it. */
struct piece { const char *at, *percent, *next; bool plain; struct spec p; };

static bool read_piece(struct piece *w, const char *s, const char *end, struct stream *st)
{
    const char *q = memchr(s, '%', (size_t)(end - s));
    *w = (struct piece){ .at = s, .percent = q ? q : end, .next = end };
    if (!q)
        return true;
    s = q + 1;
    bool going = read_spec(&w->p, &s, end, st);
    w->next = s;
    w->plain = !w->p.flags[0] && !w->p.width && strchr("difeg", w->p.conv);
    if (memchr(q, '*', (size_t)(s - q)))
        w->at = NULL;
    return going;
}

void format_args(struct buf *b, const char *who, value tmpl, int nargin, const value *arg)
{
    if (!is_tensor_like(tmpl) || value_dtype(tmpl) != D_CHAR) {
        char d[160];
        fail("Octave:invalid-input-arg", "%s: the template must be text, but is a %s", who, value_describe(tmpl, d));
    }
    struct tensor *t = tensor_dense(tensor_of(tmpl));
    struct stream st = { .who = who, .n = nargin, .arg = arg };
    const char *s = t->data, *end = s + t->numel;
    if (!(t->flags & T_DQ) && memchr(s, '\\', (size_t)t->numel)) {
        struct buf *e = buf_new();
        text_unescape(e, s, (size_t)t->numel);
        s = e->s;
        end = s + e->n;
    }
    const char *start = s;
    struct piece known[8] = { 0 }, other;
    for (;;) {
        bool took = false, going = true;
        for (int k = 0; s < end; k++) {
            struct piece *w = k < COUNT(known) ? &known[k] : &other;
            if (w == &other || w->at != s)
                going = read_piece(w, s, end, &st);
            if (s < w->percent) {
                char *to = buf_room(b, (size_t)(w->percent - s));
                b->n += (size_t)(w->percent - s);
                do
                    *to++ = *s++;
                while (s < w->percent);
                *to = 0;
            }
            if ((s = w->next) == end && w->percent == end)
                break;
            if (w->p.conv == '%') {
                buf_putc(b, '%');
                continue;
            }
            took = true;
            if (w->plain && going && st.t && st.t->dtype == D_DOUBLE && st.i + 1 < st.t->numel &&
                put_plain(b, &w->p, ((double *)st.t->data)[st.i])) {
                st.i++;
                poll();
                continue;
            }
            struct item it = going ? next_item(&st, w->p.conv == 's') : (struct item){ .kind = NOTHING };
            if (it.kind == NOTHING)
                return;
            put_item(b, &w->p, it);
            poll();
        }
        if (!took || !more(&st))
            return;
        s = start;
    }
}

/* ---- the functions */
static void print_template(struct call *c, int from, struct file *f)
{
    struct buf *b = buf_new();
    format_args(b, c->fn->name, c->arg[from], c->nargin - from - 1, c->arg + from + 1);
    file_write(c, f, b->s, b->n);
}

BUILTIN(printf, 1, ANY, 0, NO_GRAD,
  "printf(template, x1, ...)\n\n"
  "Print the arguments by a template. %d %i %u print integers, %f %e %g reals, %x %o other bases, %s text, %c "
  "characters, %% a\n"
  "percent sign; a width and a precision may stand between, as in %5.2f, %-10s, %*d. All elements of all arguments are "
  "used one\n"
  "after another, and the template is repeated as long as any are left. A number that does not fit %d is printed as by "
  "%g.\n\n"
  "Example:\n  printf('%d %s\\n', 1, 'a', 2, 'b')\n  1 a\n  2 b\n\n"
  "See also: sprintf, fprintf, disp, num2str")
{
    print_template(c, 0, file_stdout());
}

BUILTIN(fprintf, 1, ANY, 1, NO_GRAD,
  "fprintf(fid, template, x1, ...)\n"
  "fprintf(template, x1, ...)\n"
  "n = fprintf(...)\n\n"
  "Print by a template (see printf) to an open file; 1 is standard output, the default, and 2 standard error. The "
  "result is the\n"
  "number of bytes.\n\n"
  "Example:\n  fprintf('%5.2f|', [1 2.5])\n   1.00| 2.50|\n\n"
  "See also: printf, sprintf, fopen, fputs")
{
    bool named = c->nargin > 1 && !arg_is_text(c, 0);
    struct file *f = named ? file_arg(c, 0) : file_stdout();
    struct buf *b = buf_new();
    if (!named && !arg_is_text(c, 0))
        fail_arg(c, 0, "a template");
    format_args(b, c->fn->name, c->arg[named], c->nargin - named - 1, c->arg + named + 1);
    file_write(c, f, b->s, b->n);
    if (c->nargout > 0)
        result_num(c, 0, (double)b->n);
}

BUILTIN(sprintf, 1, ANY, 3, NO_GRAD,
  "s = sprintf(template, x1, ...)\n"
  "[s, message, length] = sprintf(template, x1, ...)\n\n"
  "The text that printf would print; the message is empty.\n\n"
  "Example:\n  sprintf('%d-', [1 2 3])\n  ans = 1-2-3-\n\n"
  "See also: printf, num2str, mat2str")
{
    struct buf *b = buf_new();
    format_args(b, c->fn->name, c->arg[0], c->nargin - 1, c->arg + 1);
    result(c, 0, b->n ? buf_value(b) : tensor_value(tensor_2d(D_CHAR, 1, 0)));
    if (wants(c, 1))
        result_text(c, 1, "");
    if (wants(c, 2))
        result_num(c, 2, (double)b->n);
}

static void put_text(struct call *c, int i, struct file *f)
{
    size_t n;
    const char *s = arg_text(c, i, &n);
    file_write(c, f, s, n);
    result_num(c, 0, 0);
}

BUILTIN(puts, 1, 1, 1, NO_GRAD,
  "puts(s)\n\n"
  "Print text as it is, without a newline behind it.\n\n"
  "Example:\n  puts(\"one\\n\");\n  one\n\n"
  "See also: fputs, disp, printf")
{
    put_text(c, 0, file_stdout());
}

BUILTIN(fputs, 2, 2, 1, NO_GRAD,
  "fputs(fid, s)\n\n"
  "Write text as it is to an open file.\n\n"
  "Example:\n  fputs(stdout, \"one\\n\");\n  one\n\n"
  "See also: puts, fprintf, fopen")
{
    put_text(c, 1, file_arg(c, 0));
}

static void to_stream(void *to, const char *s, size_t n)
{
    fwrite(s, 1, n, to);
}

static void disp_body(void *v)
{
    print_disp(*(value *)v);
}

struct taken { char *s; size_t n; struct buf *b; };

static void take_body(void *p)
{
    struct taken *t = p;
    t->b = buf_new();
    buf_add(t->b, t->s, t->n);
}

struct buf *buf_of_malloc(char *s, size_t n)   /* takes s over, also when it fails */
{
    struct taken t = { s, n, NULL };
    int failed = protect(take_body, &t);
    free(s);
    if (failed)
        fail_again();
    return t.b;
}

struct buf *print_to_buf(value v) /* a memory stream, for display releases pools that a growing buf would be in */
{
    char *s = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&s, &n);
    if (!f)
        fail_memory(256);
    struct sink old = out_redirect((struct sink){ to_stream, f });
    int failed = protect(disp_body, &v);
    out_redirect(old);
    fclose(f);
    if (failed) {
        free(s);
        fail_again();
    }
    return buf_of_malloc(s, n);
}

BUILTIN(disp, 1, 1, 1, grad_pass,
  "disp(x)\n"
  "s = disp(x)\n\n"
  "Display a value without its name; with a result, the text instead.\n\n"
  "Example:\n  disp([1 2; 3 4])\n     1   2\n     3   4\n\n"
  "See also: display, printf, fdisp, format")
{
    if (c->nargout > 0)
        result(c, 0, buf_value(print_to_buf(c->arg[0])));
    else
        print_disp(c->arg[0]);
}

BUILTIN(fdisp, 2, 2, 0, NO_GRAD,
  "fdisp(fid, x)\n\n"
  "Display a value, as disp does, in an open file.\n\n"
  "Example:\n  fdisp(stdout, [1 2])\n     1   2\n\n"
  "See also: disp, fprintf")
{
    struct file *f = file_arg(c, 0);
    struct buf *b = print_to_buf(c->arg[1]);
    file_write(c, f, b->s, b->n);
}
