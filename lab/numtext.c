/* SPDX-License-Identifier: BSD-3-Clause */
/* numtext.c: numbers as text and texts as numbers.
 *
 * The one idea of num2str: a width and a number of digits for the whole matrix, rows of equally wide columns, and then
 * the blanks at the left that all rows have are taken off. */
#include "decimal.h"
#include "numfmt.h"
#include "text.h"
#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* ---- reading a number: up to 19 digits and a small power of ten are exact in one operation (Clinger 1990), else
 * decimal.c, else strtod */
static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

static double by_strtod(const char *s, size_t n)
{
    char small[128], *t = n < sizeof small ? small : scratch(n + 1);
    memcpy(t, s, n);
    t[n] = 0;
    for (char *p = t; *p; p++)
        if (*p == 'd' || *p == 'D')
            *p = 'e';
    return strtod(t, NULL);
}

static size_t word_number(const char *s, size_t n, double *x)
{
    static const struct {
        const char *word;
        size_t n;
        double x;
    } rows[] = { { "infinity", 8, INFINITY }, { "inf", 3, INFINITY }, { "nan", 3, NAN } };
    for (int i = 0; i < COUNT(rows); i++)
        if (n >= rows[i].n && !strncasecmp(s, rows[i].word, rows[i].n)) {
            *x = rows[i].x;
            return rows[i].n;
        }
    if (n >= 2 && s[0] == 'N' && s[1] == 'A') {
        uint64_t na = MISSING_BITS;
        memcpy(x, &na, 8);
        return 2;
    }
    return 0;
}

/* Eight digits at once, where eight bytes are digits: each step joins neighbours, digits to pairs, to fours, to all. */
static inline bool eight_digits(const char *s, uint64_t *v)
{
    uint64_t b;
    memcpy(&b, s, 8);
    if (((b & 0xf0f0f0f0f0f0f0f0u) | ((b + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) >> 4) != 0x3333333333333333u)
        return false;
    b = (b & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    b = (b & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    *v = (b & 0x0000ffff0000ffffu) * 42949672960001u >> 32;
    return true;
}

double text_number(const char *s, size_t n, size_t *used)
{
    size_t i = 0;
    bool minus = false;
    *used = 0;
    if (i < n && (s[i] == '-' || s[i] == '+'))
        minus = s[i++] == '-';
    uint64_t m = 0;
    int digits = 0, scale = 0, seen = 0;
    for (; i < n && s[i] >= '0' && s[i] <= '9'; i++, seen++)
        if (digits < 19) {
            m = m * 10 + (uint64_t)(s[i] - '0');
            digits += m != 0;
        } else {
            digits++;
        }
    if (i < n && s[i] == '.') {
        i++;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        for (uint64_t v; digits <= 11 && n - i >= 8 && eight_digits(s + i, &v); i += 8, seen += 8, scale -= 8) {
            m = m * 100000000 + v;
            digits += m ? 8 : 0; /* zeros in front are counted too: at worst strtod reads what need not go there */
        }
#endif
        for (; i < n && s[i] >= '0' && s[i] <= '9'; i++, seen++)
            if (digits < 19) {
                m = m * 10 + (uint64_t)(s[i] - '0');
                digits += m != 0;
                scale--;
            } else {
                digits++;
            }
    }
    if (!seen) {
        double x = 0;
        size_t k = i && s[i - 1] == '.' ? 0 : word_number(s + i, n - i, &x);
        if (k)
            *used = i + k;
        return minus ? -x : x;
    }
    size_t end = i;
    if (i < n && ((s[i] | 32) == 'e' || (s[i] | 32) == 'd')) {
        size_t k = i + 1;
        bool neg = false;
        int e = 0;
        if (k < n && (s[k] == '-' || s[k] == '+'))
            neg = s[k++] == '-';
        size_t first = k;
        for (; k < n && s[k] >= '0' && s[k] <= '9'; k++)
            e = MIN(e * 10 + (s[k] - '0'), 100000);
        if (k > first) {
            end = k;
            scale += neg ? -e : e;
        }
    }
    *used = end;
    if (digits <= 19 && m <= (uint64_t)1 << 53 && scale >= -22 && scale <= 22) {
        double x = (double)m;
        x = scale < 0 ? x / powers[-scale] : x * powers[scale];
        return minus ? -x : x;
    }
    double x;
    if (digits <= 19 && decimal_read(m, scale, &x))
        return minus ? -x : x;
    return by_strtod(s, end);
}

/* ---- str2double */
static const char *skip(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || (*p >= 9 && *p <= 13)))
        p++;
    return p;
}

static bool imaginary_unit(const char **p, const char *end)
{
    const char *q = skip(*p, end);
    if (q < end && strchr("ijIJ", *q) && *q) {
        *p = q + 1;
        return true;
    }
    return false;
}

/* A term: [sign] number [[*] i], or [sign] i [* number]; false if there is none. */
static bool term(const char **p, const char *end, bool sign_needed, double *x, bool *imaginary)
{
    const char *q = skip(*p, end);
    double sign = 1, v = 1;
    size_t used;
    if (q < end && (*q == '+' || *q == '-'))
        sign = *q++ == '-' ? -1 : 1;
    else if (sign_needed)
        return false;
    q = skip(q, end);
    if (q < end && (*q == '+' || *q == '-'))
        return false;
    v = text_number(q, (size_t)(end - q), &used);
    *imaginary = false;
    if (used) {
        q += used;
        const char *r = skip(q, end);
        if (r < end && *r == '*') {
            r++;
            if (!imaginary_unit(&r, end))
                return false;
            *imaginary = true;
            q = r;
        } else if (imaginary_unit(&q, end)) {
            *imaginary = true;
        }
    } else if (imaginary_unit(&q, end)) {
        *imaginary = true;
        v = 1;
        const char *r = skip(q, end);
        if (r < end && *r == '*') {
            r = skip(r + 1, end);
            v = text_number(r, (size_t)(end - r), &used);
            if (!used)
                return false;
            q = r + used;
        }
    } else {
        return false;
    }
    *x = is_na(v) ? v : sign * v;
    *p = q;
    return true;
}

static bool parse_complex(const char *s, size_t n, double z[2])
{
    const char *end = s + n, *p = s;
    double x;
    bool im;
    z[0] = z[1] = 0;
    if (!term(&p, end, false, &x, &im))
        return false;
    z[im] = x;
    p = skip(p, end);
    if (p < end) {
        bool second;
        if (!term(&p, end, true, &x, &second) || second == im)
            return false;
        z[second] = x;
        p = skip(p, end);
    }
    return p == end;
}

static void read_one(value v, double z[2])
{
    i64 dim[MAX_DIMS];
    z[0] = NAN;
    z[1] = 0;
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR || value_dims(v, dim) != 2 || dim[0] > 1)
        return;
    struct tensor *t = tensor_dense(tensor_of(v));
    char *s = scratch((size_t)t->numel + 1);
    size_t n = 0;
    for (i64 i = 0; i < t->numel; i++)
        if (t->data[i] != ',')
            s[n++] = t->data[i];
    while (n > 0 && s[n - 1] == 0)
        n--;
    if (!parse_complex(s, n, z)) {
        z[0] = NAN;
        z[1] = 0;
    }
}

BUILTIN(str2double, 1, 1, 1, grad_zero,
  "x = str2double(s)\n\n"
  "The number that a text shows, real or complex; NaN if it is none. Commas are left out. Of a cell array, or a char "
  "matrix, an array\n"
  "with one number for each text, or row. Unlike str2num it runs nothing.\n\n"
  "Example:\n  str2double({'1e3', 'abc'})\n  ans =\n     1000    NaN\n\n"
  "See also: str2num, num2str, sscanf")
{
    value v = c->arg[0];
    i64 nd = 2, dim[MAX_DIMS] = { 1, 1 };
    bool text = is_tensor_like(v) && value_dtype(v) == D_CHAR && value_dims(v, dim) == 2;
    if (v.kind == K_TENSOR && v.t->dtype == D_CHAR && v.t->nd == 2 && v.t->dim[0] == 1) {      /* one text */
        double one[2];
        read_one(v, one);
        if (one[1] == 0) {
            result_num(c, 0, one[0]);
            return;
        }
    }
    if (v.kind == K_CELL)
        nd = value_dims(v, dim);
    else if (!text && is_tensor_like(v) && value_numel(v) > 0)
        nd = value_dims(v, dim);
    else
        dim[1] = 1, dim[0] = text && dim[0] > 1 ? dim[0] : 1;
    struct tensor *r = tensor_zeros(D_CDOUBLE, (int)nd, dim);
    double *z = (double *)r->data;
    for (i64 i = 0; i < r->numel; i++, z += 2) {
        if (v.kind == K_CELL) {
            read_one(v.cell->v[i], z);
        } else if (text) {
            struct tensor *t = tensor_of(v);
            i64 row[2] = { 1, t->dim[1] };
            read_one(t->numel ? tensor_box(tensor_alias(t, 2, row, t->stride, i * t->stride[0])) : v, z);
        } else {
            z[0] = NAN;
        }
        poll();
    }
    result_tensor(c, 0, tensor_narrow(r));
}

/* ---- num2str */
struct shape { bool ints, nonfinite; double max; };       /* of the numbers; real and imaginary parts alike */

static struct shape look(const double *x, i64 n)
{
    struct shape s = { true, false, 0 };
    for (i64 i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            s.nonfinite = true;
            continue;
        }
        s.ints &= x[i] == floor(x[i]);
        s.max = fmax(s.max, fabs(x[i]));
    }
    return s;
}

static void put_number(struct buf *b, double x, int width, int prec, bool sign, bool left)
{
    char s[400], f[32];
    size_t quick = isfinite(x) && !sign && prec <= 17 ? decimal_write(s, x, 'g', prec) : 0;
    if (quick) {
        s[quick] = 0;
    } else if (isfinite(x)) {
        sprintf(f, sign ? "%%+.%dg" : "%%.%dg", MIN(prec, 50));
        snprintf(s, sizeof s, f, x);                  /* -0 too, as Octave has it */
    } else {
        sprintf(s, "%s%s", sign && !(x < 0) ? "+" : "", is_na(x) ? "NA" : isnan(x) ? "NaN" : x < 0 ? "-Inf" : "Inf");
    }
    int n = (int)strlen(s);
    for (int i = n; i < width && !left; i++)
        buf_putc(b, ' ');
    buf_add(b, s, (size_t)n);
}

static value rows_value(struct call *c, struct cell *rows)
{                                             /* a char matrix without the blanks that all rows have at an end */
    i64 n = rows->numel, width = 0, lead = INT64_MAX;
    for (i64 i = 0; i < n; i++) {
        struct tensor *t = tensor_of(rows->v[i]);
        i64 a = 0, z = t->numel;
        while (z > 0 && strchr(" \n\t", t->data[z - 1]))
            z--;
        while (a < z && t->data[a] == ' ')
            a++;
        if (z > 0)
            lead = MIN(lead, a);
        width = MAX(width, z);
    }
    (void)c;
    if (lead > width)
        lead = width;
    struct tensor *r = tensor_2d(D_CHAR, width > lead ? n : 0, width - lead);
    memset(r->data, ' ', (size_t)r->numel);
    for (i64 i = 0; i < n && r->numel; i++) {
        struct tensor *t = tensor_of(rows->v[i]);
        for (i64 j = lead; j < MIN(t->numel, width); j++)
            r->data[i + (j - lead) * n] = t->data[j];
    }
    return tensor_value(r);
}

/* The lines of a text that are not empty. */
static struct cell *lines_of(const char *s, size_t n)
{
    i64 k = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        count += s[i] != '\n' && (i == 0 || s[i - 1] == '\n');
    struct cell *r = cell_2d(count, 1);
    for (size_t i = 0, e; i < n; i = e + 1) {
        for (e = i; e < n && s[e] != '\n'; e++)
            ;
        if (e > i)
            cell_set(r, k++, text_value(s + i, e - i));
    }
    return r;
}

static value escaped(struct buf *b)                          /* a template whose escapes are done */
{
    value v = buf_value(b);
    tensor_of(v)->flags |= T_DQ;
    return v;
}

/* The template for the columns of a row: one that takes a single number is repeated, others say themselves where a line
 * ends. */
static value row_template(struct call *c, i64 cols)
{
    size_t n;
    const char *s = arg_text(c, 1, &n);
    struct buf *one = buf_new(), *b = buf_new();
    if (!(tensor_of(c->arg[1])->flags & T_DQ))
        text_unescape(one, s, n);
    else
        buf_add(one, s, n);
    int signs = 0;
    for (size_t i = 0; i < one->n; i++)
        if (one->s[i] == '%') {
            bool two = i + 1 < one->n && one->s[i + 1] == '%';
            signs += !two;
            i += two;
        }
    if (signs > 1 || !strcmp(one->s, "%s") || !strcmp(one->s, "%c"))
        return escaped(one);
    for (i64 j = 0; j < cols; j++)
        buf_add(b, one->s, one->n);
    while (b->n > 0 && (strchr(" \t\n\v\f\r", b->s[b->n - 1]) || !b->s[b->n - 1]))
        b->n--;
    buf_putc(b, '\n');
    return escaped(b);
}

static struct cell *format_rows(struct call *c, struct tensor *t)
{
    struct tensor *d = tensor_dense(t);
    i64 rows = d->dim[0], cols = d->numel / MAX(rows, 1);
    struct buf *b = buf_new();
    value *x = scratch((size_t)d->numel * sizeof *x), tmpl = row_template(c, cols);
    for (i64 i = 0; i < rows; i++)
        for (i64 j = 0; j < cols; j++)
            x[i * cols + j] = element_value(d, i + j * rows);
    format_args(b, c->fn->name, tmpl, (int)d->numel, x);
    return lines_of(b->s, b->n);
}

static struct cell *complex_rows(struct call *c, struct tensor *t, value tmpl)          /* each part by the template */
{
    struct tensor *d = tensor_dense(t);
    i64 rows = d->dim[0], cols = d->numel / MAX(rows, 1);
    struct cell *r = cell_2d(rows, 1);
    for (i64 i = 0; i < rows; i++) {
        struct buf *b = buf_new();
        for (i64 j = 0; j < cols; j++) {
            const double *z = (const double *)tensor_cast(d, D_CDOUBLE)->data + 2 * (i + j * rows);
            value re = num(z[0]), im = num(z[1]);
            struct buf *one = buf_new();
            format_args(b, c->fn->name, tmpl, 1, &re);
            while (b->n > 0 && b->s[b->n - 1] == ' ')
                b->n--;
            format_args(one, c->fn->name, tmpl, 1, &im);
            size_t a = 0, n = one->n;
            while (a < n && one->s[a] == ' ')
                a++;
            while (n > a && one->s[n - 1] == ' ')
                n--;
            if (one->s[a] != '-' && one->s[a] != '+')
                buf_putc(b, '+');
            buf_add(b, one->s + a, n - a);
            buf_putc(b, 'i');
            if (n < one->n)
                buf_add(b, one->s + n, one->n - n);
        }
        cell_set(r, i, buf_value(b));
    }
    return r;
}

static struct cell *number_rows(struct tensor *t, int prec /* -1: none given */)
{
    bool complex = dtype_is(t->dtype, DT_C), exact = t->dtype == D_INT64 || t->dtype == D_UINT64;
    struct tensor *d = tensor_dense(tensor_cast(t, complex ? D_CDOUBLE : D_DOUBLE)), *ints = exact ? tensor_dense(t) : NULL;
    const double *x = (const double *)d->data;
    i64 rows = d->dim[0], cols = d->numel / MAX(rows, 1);
    struct shape s = look(x, d->numel * (complex ? 2 : 1));
    int log = s.max > 0 ? (int)floor(log10(s.max)) : 0, width, digits;
    if (prec >= 0 && !dtype_is(t->dtype, DT_F)) {         /* integer classes take a precision as the width, as in Octave */
        digits = 16;
        width = prec;
    } else if (prec >= 0) {
        digits = prec;
        width = prec + 7;
    } else if (s.ints && (s.max < 1e16 || exact)) {
        digits = 16;
        width = MAX(log + 1, s.nonfinite ? 3 : 1) + 2;
    } else {
        digits = MIN(MAX(log + 5, 5), 16);
        width = digits + 7;
    }
    struct cell *r = cell_2d(rows, 1);
    for (i64 i = 0; i < rows; i++) {
        struct buf *b = buf_new();
        for (i64 j = 0; j < cols; j++) {
            i64 k = i + j * rows;
            if (exact) {
                value v = element_value(ints, k);
                char f[32];
                if (t->dtype == D_INT64)
                    snprintf(f, sizeof f, "%*lld", width, (long long)v.i);
                else
                    snprintf(f, sizeof f, "%*llu", width, (unsigned long long)v.u);
                buf_puts(b, f);
            } else if (complex) {
                put_number(b, x[2 * k], width, digits, false, false);
                size_t start = b->n;
                put_number(b, x[2 * k + 1], width, digits, true, true);
                buf_putc(b, 'i');
                while (b->n - start < (size_t)width + 1)
                    buf_putc(b, ' ');
            } else {
                put_number(b, x[k], width, digits, false, false);
            }
        }
        cell_set(r, i, buf_value(b));
        poll();
    }
    return r;
}

/* The text of one finite number, digits as for a matrix of it; false: the general way. */
static bool scalar_text(struct call *c, value v, bool rounded)
{
    char s[DECIMAL_ROOM];
    if (v.kind != K_NUM || c->nargin != 1 || !dtype_is(v.dtype, DT_F | DT_I) || v.dtype == D_INT64 || v.dtype == D_UINT64)
        return false;
    double x = rounded ? round(v.num) : v.num;
    size_t n = 0;
    if (!(fabs(x) < 1e15) || (x == 0 && signbit(x)))
        return false;
    if (x == (double)(i64)x)
        n = decimal_write_integer(s, x < 0, (uint64_t)fabs(x));
    else
        n = decimal_write(s, x, 'g', MIN(MAX((int)floor(log10(fabs(x))) + 5, 5), 16));
    if (n)
        result(c, 0, text_value(s, n));
    return n > 0;
}

BUILTIN(num2str, 1, 2, 1, NO_GRAD,
  "s = num2str(x)\n"
  "s = num2str(x, precision)\n"
  "s = num2str(x, template)\n\n"
  "A number, or the rows of a matrix, as text: integers in full, others with four digits behind the point's place, or "
  "with precision\n"
  "significant digits, or each row by a template as in sprintf. Text stays as it is.\n\n"
  "Example:\n  num2str(pi)\n  ans = 3.1416\n  num2str([1 2 3])\n  ans = 1  2  3\n  num2str(pi, 8)\n  ans = 3.1415927\n\n"
  "See also: sprintf, mat2str, int2str, str2double")
{
    if (scalar_text(c, c->arg[0], false))
        return;
    if (is_tensor_like(c->arg[0]) && value_dtype(c->arg[0]) == D_CHAR) {
        result(c, 0, c->arg[0]);
        return;
    }
    struct tensor *t = arg_tensor(c, 0);
    if (t->numel == 0)
        result(c, 0, text_value("", 0));
    else if (has_arg(c, 1) && arg_is_text(c, 1))
        result(c, 0, rows_value(c, dtype_is(t->dtype, DT_C) ? complex_rows(c, t, c->arg[1]) : format_rows(c, t)));
    else
        result(c, 0, rows_value(c, number_rows(t, has_arg(c, 1) ? (int)arg_int(c, 1, 0, 1000) : -1)));
}

BUILTIN(int2str, 1, 1, 1, NO_GRAD,
  "s = int2str(x)\n\n"
  "num2str of the numbers rounded to integers.\n\n"
  "Example:\n  int2str(2.7)\n  ans = 3\n\n"
  "See also: num2str, round")
{
    if (scalar_text(c, c->arg[0], true))
        return;
    struct tensor *t = arg_dense(c, 0);
    if (t->dtype == D_CHAR) {
        result(c, 0, c->arg[0]);
        return;
    }
    if (dtype_is(t->dtype, DT_C))
        fail_arg(c, 0, "real");
    if (dtype_is(t->dtype, DT_F)) {
        t = tensor_clone(tensor_cast(t, D_DOUBLE));
        double *x = (double *)t->data;
        for (i64 i = 0; i < t->numel; i++)
            x[i] = round(x[i]);
    }
    result(c, 0, t->numel ? rows_value(c, number_rows(t, -1)) : text_value("", 0));
}

/* ---- mat2str */
static void put_literal(struct buf *b, struct tensor *t, i64 i, int prec, int prec_im)
{
    if (t->dtype == D_LOGICAL) {
        buf_puts(b, element_double(t, i) != 0 ? "true" : "false");
    } else if (t->dtype == D_INT64) {
        buff(b, "%lld", (long long)element_value(t, i).i);
    } else if (t->dtype == D_UINT64) {
        buff(b, "%llu", (unsigned long long)element_value(t, i).u);
    } else if (dtype_is(t->dtype, DT_C)) {
        double z[2];
        convert_run(D_CDOUBLE, z, t->dtype, t->data + tensor_offset(t, i) * dtypes[t->dtype].size, 1);
        put_number(b, z[0], 0, prec, false, false);
        put_number(b, z[1], 0, prec_im, true, false);
        buf_putc(b, 'i');
    } else {
        put_number(b, element_double(t, i), 0, prec, false, false);
    }
}

BUILTIN(mat2str, 1, 3, 1, NO_GRAD,
  "s = mat2str(x)\n"
  "s = mat2str(x, precision, 'class')\n\n"
  "The text of an expression whose value is the matrix x, with 15 significant digits or as many as precision says (two "
  "numbers: of\n"
  "real and of imaginary parts). With 'class' the class of what is no double is written too.\n\n"
  "Example:\n  mat2str([1 2; 3 4.5])\n  ans = [1 2;3 4.5]\n\n"
  "See also: num2str, sprintf, disp")
{
    struct tensor *t = arg_tensor(c, 0);
    int prec = 15, prec_im = 15, n = c->nargin;
    bool named = n > 1 && arg_is_text(c, n - 1);
    if (named) {
        static const char *const names[] = { "class", NULL };
        arg_option(c, --n, names);
    }
    if (n > 1) {
        struct tensor *p = arg_double(c, 1);
        const double *d = (const double *)p->data;
        if (p->numel < 1 || p->numel > 2 || !(d[0] >= 1 && d[0] <= 50) || !(d[p->numel - 1] >= 1 && d[p->numel - 1] <= 50))
            fail("Octave:invalid-input-arg", "mat2str: the precision must be one or two numbers from 1 to 50");
        prec = (int)d[0];
        prec_im = (int)d[p->numel - 1];
    }
    if (t->nd > 2)
        fail_arg(c, 0, "a matrix (two dimensions)");
    struct buf *b = buf_new();
    i64 rows = t->dim[0], cols = t->dim[1];
    if (t->dtype == D_CHAR) {
        if (rows != 1 && t->numel)
            buf_putc(b, '[');
        for (i64 i = 0; i < MAX(rows, t->numel ? 0 : 1); i++) {
            buf_puts(b, i ? ";\"" : "\"");
            for (i64 j = 0; j < (t->numel ? cols : 0); j++) {
                char ch = t->data[i * t->stride[0] + j * t->stride[1]];
                static const char special[] = "\nn\tt\rr\aa\bb\ff\vv\\\\\"\"";
                const char *e = ch ? strchr(special, ch) : NULL;
                if (ch == 0)
                    buf_puts(b, "\\0");
                else if (e && (e - special) % 2 == 0) {
                    buf_putc(b, '\\');
                    buf_putc(b, e[1]);
                } else
                    buf_putc(b, ch);
            }
            buf_putc(b, '"');
            if (!t->numel)
                break;
        }
        if (rows != 1 && t->numel)
            buf_putc(b, ']');
        result(c, 0, buf_value(b));
        return;
    }
    if (named)
        buff(b, "%s(", dtypes[t->dtype].class);
    if (t->numel == 0) {
        buf_puts(b, "[]");
    } else {
        if (t->numel > 1)
            buf_putc(b, '[');
        for (i64 i = 0; i < rows; i++) {
            for (i64 j = 0; j < cols; j++) {
                if (i || j)
                    buf_putc(b, j ? ' ' : ';');
                put_literal(b, t, i + j * rows, prec, prec_im);
            }
            poll();
        }
        if (t->numel > 1)
            buf_putc(b, ']');
    }
    if (named)
        buf_putc(b, ')');
    result(c, 0, buf_value(b));
}

/* ---- other bases */
static const char digits36[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static value in_base(struct call *c, struct tensor *t, i64 base, const char *symbols, i64 min_len)
{
    struct cell *r = cell_2d(t->numel, 1);
    i64 longest = min_len;
    for (i64 i = 0; i < t->numel; i++) {
        poll_each(i);
        value v = element_value(t, i);
        char s[1100];
        size_t k = sizeof s;
        bool zero = false;
        if (v.dtype == D_UINT64 || (v.dtype == D_INT64 && v.i >= 0) ||
            (v.kind == K_NUM && v.num >= 0 && v.num < 9e15 && v.num == floor(v.num))) {
            uint64_t u = v.dtype == D_UINT64 ? v.u : v.dtype == D_INT64 ? (uint64_t)v.i : (uint64_t)v.num;
            zero = u == 0;
            for (; u; u /= (uint64_t)base)
                s[--k] = symbols[u % (uint64_t)base];
        } else if (v.dtype != D_INT64 && isfinite(v.num) && v.num >= 0 && v.num == floor(v.num)) {
            for (double x = v.num; x >= 1 && k > 0; x = floor(x / (double)base))
                s[--k] = symbols[(int)fmod(x, (double)base)];
        } else {
            fail("Octave:invalid-input-arg", "%s: the numbers must be non-negative integers, but element %lld is %g",
                 c->fn->name, (long long)i + 1, v.dtype == D_INT64 ? (double)v.i : v.num);
        }
        if (zero || k == sizeof s)
            s[--k] = symbols[0];
        longest = MAX(longest, (i64)(sizeof s - k));
        cell_set(r, i, text_value(s + k, sizeof s - k));
    }
    struct tensor *m = tensor_2d(D_CHAR, t->numel, t->numel ? longest : 0);
    memset(m->data, symbols[0], (size_t)m->numel);
    for (i64 i = 0; i < t->numel; i++) {
        struct tensor *s = tensor_of(r->v[i]);
        poll_each(i);
        for (i64 j = 0; j < s->numel; j++)
            m->data[i + (longest - s->numel + j) * t->numel] = s->data[j];
    }
    return tensor_value(m);
}

static struct tensor *numbers_of(struct call *c)           /* a numeric array, or a cell array of numbers */
{
    if (c->nargin > 0 && c->arg[0].kind == K_CELL) {
        struct cell *x = c->arg[0].cell;
        struct tensor *t = tensor_2d(D_DOUBLE, x->numel, 1);
        for (i64 i = 0; i < x->numel; i++) {
            if (!is_tensor_like(x->v[i]) || value_numel(x->v[i]) != 1)
                fail_arg(c, 0, "numeric, or a cell array of numbers");
            ((double *)t->data)[i] = element_double(tensor_of(x->v[i]), 0);
        }
        return t;
    }
    struct tensor *t = arg_dense(c, 0);
    if (dtype_is(t->dtype, DT_C | DT_T))
        fail_arg(c, 0, "real numbers");
    return t;
}

static void two_power_base(struct call *c,
                           i64 base) /* negative numbers: the two's complement in 8, 16, 32 or 64 bits */
{
    struct tensor *t = numbers_of(c);
    double least = 0;
    for (i64 i = 0; i < t->numel; i++)
        poll_each(i), least = fmin(least, element_double(t, i));
    if (least < 0) {
        static const struct {
            double least;
            int dtype, to;
        } rows[] = { { -128, D_INT8, D_UINT8 },
                     { -32768, D_INT16, D_UINT16 },
                     { -2147483648.0, D_INT32, D_UINT32 },
                     { -9223372036854775808.0, D_INT64, D_UINT64 } };
        int k = 0;
        while (k < 4 && least < rows[k].least)
            k++;
        struct tensor *u = tensor_new(D_UINT64, t->nd, t->dim);
        for (i64 i = 0; i < t->numel; i++) {
            value v = element_value(t, i);
            double x = v.dtype == D_INT64 ? 0 : v.num;
            if (k == 4 || (v.dtype != D_INT64 && x != floor(x)))
                fail("Octave:invalid-input-arg", "%s: the numbers must be integers, but element %lld is %g",
                     c->fn->name, (long long)i + 1, x);
            i64 n = v.dtype == D_INT64 ? v.i : (i64)x;
            uint64_t mask = k == 3 ? UINT64_MAX : ((uint64_t)1 << 8 * dtypes[rows[k].to].size) - 1;
            ((uint64_t *)u->data)[i] = n < 0 ? (uint64_t)n & mask : (uint64_t)n;
        }
        t = u;
    }
    result(c, 0, in_base(c, t, base, digits36, has_arg(c, 1) ? arg_int(c, 1, 0, 1000) : 0));
}

BUILTIN(dec2bin, 1, 2, 1, NO_GRAD,
  "s = dec2bin(n, len)\n\n"
  "Integers as binary numbers, a row of text for each, at least len digits long; negative ones as two's complement.\n\n"
  "Example:\n  dec2bin(5)\n  ans = 101\n  dec2bin(5, 8)\n  ans = 00000101\n\n"
  "See also: bin2dec, dec2hex, dec2base")
{
    two_power_base(c, 2);
}

BUILTIN(dec2hex, 1, 2, 1, NO_GRAD,
  "s = dec2hex(n, len)\n\n"
  "Integers as hexadecimal numbers, a row of text for each, at least len digits long; negative ones as two's complement.\n\n"
  "Example:\n  dec2hex(255)\n  ans = FF\n\n"
  "See also: hex2dec, dec2bin, dec2base")
{
    two_power_base(c, 16);
}

static i64 arg_base(struct call *c, int i, const char **symbols)
{
    if (!arg_is_text(c, i)) {
        *symbols = digits36;
        return arg_int(c, i, 2, 36);
    }
    size_t n;
    const char *s = *symbols = arg_text(c, i, &n);
    for (size_t k = 0; k < n; k++)
        if (memchr(s + k + 1, s[k], n - k - 1) || s[k] == ' ')
            fail("Octave:invalid-input-arg", "%s: the digits of a base must all differ, and none may be a blank",
                 c->fn->name);
    if (n < 2)
        fail("Octave:invalid-input-arg", "%s: a base needs two digits at least", c->fn->name);
    return (i64)n;
}

BUILTIN(dec2base, 2, 3, 1, NO_GRAD,
  "s = dec2base(n, base, len)\n\n"
  "Non-negative integers in a base from 2 to 36, or one whose digits are the characters of a text; a row of text for "
  "each, at least\n"
  "len digits long.\n\n"
  "Example:\n  dec2base(10, 3)\n  ans = 101\n\n"
  "See also: base2dec, dec2bin, dec2hex")
{
    const char *symbols;
    i64 base = arg_base(c, 1, &symbols);
    result(c, 0, in_base(c, numbers_of(c), base, symbols, has_arg(c, 2) ? arg_int(c, 2, 0, 1000) : 0));
}

static void from_base(struct call *c, i64 base, const char *symbols)
{
    struct texts x = arg_texts(c, 0);
    bool fold = symbols == digits36;
    i64 rows = !x.cell && x.t->numel == 0 ? 0 : x.n;
    struct tensor *r = tensor_2d(D_DOUBLE, rows, 1);
    for (i64 k = 0; k < rows; k++) {
        size_t n, seen = 0;
        const char *s = texts_at(&x, k, &n);
        double v = 0;
        for (size_t i = 0; i < n; i++) {
            if (s[i] == ' ')
                continue;
            char ch = fold && s[i] >= 'a' && s[i] <= 'z' ? (char)(s[i] - 32) : s[i];
            const char *p = memchr(symbols, ch, (size_t)base);
            v = p ? v * (double)base + (double)(p - symbols) : NAN;
            seen++;
        }
        ((double *)r->data)[k] = seen ? v : NAN;
    }
    result_tensor(c, 0, r);
}

BUILTIN(bin2dec, 1, 1, 1, NO_GRAD,
  "n = bin2dec(s)\n\n"
  "The numbers that binary digits mean, one for each row or each text of a cell array; NaN for what is none.\n\n"
  "Example:\n  bin2dec('101')\n  ans = 5\n\n"
  "See also: dec2bin, hex2dec, base2dec")
{
    from_base(c, 2, digits36);
}

BUILTIN(hex2dec, 1, 1, 1, NO_GRAD,
  "n = hex2dec(s)\n\n"
  "The numbers that hexadecimal digits mean, one for each row or each text of a cell array; NaN for what is none.\n\n"
  "Example:\n  hex2dec({'A', 'ff'})\n  ans =\n      10\n     255\n\n"
  "See also: dec2hex, bin2dec, base2dec")
{
    from_base(c, 16, digits36);
}

BUILTIN(base2dec, 2, 2, 1, NO_GRAD,
  "n = base2dec(s, base)\n\n"
  "The numbers that digits in a base mean: from 2 to 36, or one whose digits are the characters of a text. NaN for "
  "what is none.\n\n"
  "Example:\n  base2dec('11', 3)\n  ans = 4\n\n"
  "See also: dec2base, bin2dec, hex2dec")
{
    const char *symbols;
    i64 base = arg_base(c, 1, &symbols);
    from_base(c, base, symbols);
}

/* ---- fractions */
BUILTIN(rats, 1, 2, 1, NO_GRAD,
  "s = rats(x, len)\n\n"
  "The numbers as fractions, each at most len characters wide (9 if none is given); a row of text for each row.\n\n"
  "Example:\n  strtrim(rats(0.75))\n  ans = 3/4\n\n"
  "See also: format, num2str")
{
    struct tensor *t = arg_double(c, 0);
    i64 len = has_arg(c, 1) ? arg_int(c, 1, 1, 100) : 9;
    if (t->numel == 1 && *(const double *)t->data == 0) {
        result_text(c, 0, "0");
        return;
    }
    i64 rows = t->dim[0], cols = t->numel / MAX(rows, 1), gap = t->numel > 1 ? 2 : 0, each = len + gap;
    struct tensor *r = tensor_2d(D_CHAR, rows, cols * each);
    memset(r->data, ' ', (size_t)r->numel);
    for (i64 i = 0; i < rows; i++)
        for (i64 j = 0; j < cols; j++) {
            char s[160];
            rational_text(((const double *)t->data)[i + j * rows], (int)len, s, sizeof s);
            i64 n = (i64)strlen(s);
            if (n > len) {
                strcpy(s, "*");
                n = 1;
            }
            for (i64 k = 0; k < n; k++)
                r->data[i + (j * each + each - n + k) * rows] = s[k];
        }
    result_tensor(c, 0, r);
}

struct fraction { double n, d, step[64]; int steps; };

static struct fraction expand(double x,
                              double tol) /* the continued fraction of nearest integers, until it is within tol */
{
    struct fraction f = { .n = round(x), .d = 1 };
    double n1 = 1, d1 = 0, frac = x - f.n;
    if (!isfinite(x)) {
        f.d = isnan(x) ? 1 : 0;
        f.n = isnan(x) ? x : x > 0 ? 1 : -1;
        return f;
    }
    while (fabs(x - f.n / f.d) >= tol && f.steps < COUNT(f.step)) {
        double flip = 1 / frac, step = round(flip), n = f.n, d = f.d;
        if (!isfinite(flip))
            break;
        frac = flip - step;
        f.n = f.n * step + n1;
        f.d = f.d * step + d1;
        n1 = n;
        d1 = d;
        f.step[f.steps++] = step;
    }
    return f;
}

BUILTIN(rat, 1, 2, 2, NO_GRAD,
  "[n, d] = rat(x, tolerance)\n"
  "s = rat(x)\n\n"
  "Integers n and d with n./d within the tolerance of x (1e-6 of the sum of all magnitudes if none is given), found by "
  "continued\n"
  "fractions; with one result those fractions as text, a row for each element.\n\n"
  "Example:\n  [n, d] = rat(0.75)\n  n = 3\n  d = 4\n  rat(pi)\n  ans = 3 + 1/(7 + 1/16)\n\n"
  "See also: rats, format")
{
    struct tensor *t = arg_double(c, 0);
    const double *x = (const double *)t->data;
    double tol = 0;
    for (i64 i = 0; i < t->numel; i++)
        tol += isfinite(x[i]) ? fabs(x[i]) : 0;
    tol = has_arg(c, 1) ? arg_num(c, 1) : 1e-6 * tol;
    tol = fmax(tol, 1e-300);
    struct tensor *n = tensor_new(D_DOUBLE, t->nd, t->dim), *d = tensor_new(D_DOUBLE, t->nd, t->dim);
    struct cell *rows = cell_2d(t->numel, 1);
    for (i64 i = 0; i < t->numel; i++) {
        struct fraction f = expand(x[i], tol);
        ((double *)n->data)[i] = f.d < 0 ? -f.n : f.n;
        ((double *)d->data)[i] = fabs(f.d);
        if (c->nargout > 1)
            continue;
        struct buf *b = buf_new();
        put_number(b, round(x[i]), 0, 17, false, false);
        for (int k = 0; k < f.steps; k++) {
            bool last = k == f.steps - 1;
            buff(b, last && f.step[k] >= 0 ? " + 1/%.0f" : " + 1/(%.0f", f.step[k]);
        }
        for (int k = 0; k < f.steps - (f.steps > 0 && f.step[f.steps - 1] >= 0); k++)
            buf_putc(b, ')');
        cell_set(rows, i, buf_value(b));
    }
    if (c->nargout > 1) {
        result_tensor(c, 0, n);
        result_tensor(c, 1, d);
    } else {
        result(c, 0, t->numel ? rows_value(c, rows) : text_value("", 0));
    }
}

/* ---- str2num */

BUILTIN(str2num, 1, 1, 2, NO_GRAD,
  "[x, ok] = str2num(s)\n\n"
  "The value of the expression that a text is, which is run; [] and false if that fails. str2double reads plain "
  "numbers and runs\n"
  "nothing.\n\n"
  "Example:\n  str2num('[1 2 3]')\n  ans =\n     1   2   3\n\n"
  "See also: str2double, eval")
{
    struct texts x = arg_texts(c, 0);
    struct buf *b = buf_new();
    if (x.cell)
        fail_arg(c, 0, "text");
    buf_putc(b, '[');
    for (i64 k = 0; k < x.n; k++) {
        size_t n;
        const char *s = texts_at(&x, k, &n);
        if (k)
            buf_putc(b, '\n');
        buf_add(b, s, n);
    }
    buf_puts(b, "];");
    value f = hooks()->function_named ? hooks()->function_named("eval") : nil(), text = buf_value(b), y = nil();
    if (is_nil(f))
        fail("Octave:undefined-function", "str2num: there is no eval here");
    bool ok = try_function(f, 1, &text, 1, &y);
    result(c, 0, ok ? y : tensor_value(tensor_2d(D_DOUBLE, 0, 0)));
    if (wants(c, 1))
        result_bool(c, 1, ok);
}

/* ---- the bits of floating point numbers */
BUILTIN(num2hex, 1, 1, 1, NO_GRAD,
  "s = num2hex(x)\n\n"
  "The bits of each number as hexadecimal digits, a row of text for each.\n\n"
  "Example:\n  num2hex(1)\n  ans = 3ff0000000000000\n\n"
  "See also: hex2num, dec2hex")
{
    struct tensor *t = arg_dense(c, 0);
    if (dtype_is(t->dtype, DT_C))
        fail_arg(c, 0, "real");
    int size = dtypes[t->dtype].size;
    struct tensor *r = tensor_2d(D_CHAR, t->numel, t->numel ? 2 * size : 0);
    for (i64 i = 0; i < t->numel; i++)
        for (int k = 0; k < 2 * size; k++) {
            uint64_t u = 0;
            memcpy(&u, t->data + i * size, (size_t)size);
            r->data[i + k * t->numel] = "0123456789abcdef"[u >> 4 * (2 * size - 1 - k) & 15];
        }
    result_tensor(c, 0, r);
}

BUILTIN(hex2num, 1, 2, 1, NO_GRAD,
  "x = hex2num(s, class)\n\n"
  "The number whose bits are given as hexadecimal digits (zeros are added at the right), one for each row or each text "
  "of a cell\n"
  "array; a double, or of another class.\n\n"
  "Example:\n  hex2num('4005bf0a8b145769')\n  ans = 2.7183\n\n"
  "See also: num2hex, hex2dec")
{
    struct texts x = arg_texts(c, 0);
    int dt = has_arg(c, 1) ? dtype_named(arg_text(c, 1, NULL)) : D_DOUBLE;
    if (dt < 0)
        fail_arg(c, 1, "the name of a class");
    int size = dtypes[dt].size;
    struct tensor *r = tensor_2d(dt, x.n, 1);
    for (i64 i = 0; i < x.n; i++) {
        size_t n;
        const char *s = texts_at(&x, i, &n);
        uint64_t u = 0;
        while (n > 0 && s[n - 1] == ' ')
            n--;
        for (size_t k = 0; k < 2 * (size_t)size; k++) {
            const char *p = k < n && s[k] ? strchr("0123456789abcdef", s[k] >= 'A' && s[k] <= 'F' ? s[k] + 32 : s[k]) : "0";
            if (!p || n > 2 * (size_t)size)
                fail("Octave:invalid-input-arg", "hex2num: '%.*s' is not up to %d hexadecimal digits", (int)MIN(n, 50),
                     s, 2 * size);
            u = u << 4 | (uint64_t)(k < n ? strchr("0123456789abcdef", *p) - "0123456789abcdef" : 0);
        }
        memcpy(r->data + i * size, &u, (size_t)size);
    }
    result_tensor(c, 0, r);
}
