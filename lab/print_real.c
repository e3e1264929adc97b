/* SPDX-License-Identifier: BSD-3-Clause */
/* print_real.c: which digits of a number are shown, and in which width.
 *
 * The one idea, Octave's: a matrix has one format.  The numbers of digits before the point of its largest and its
 * smallest element (of the magnitudes, infinities left out) give the decimals that show `precision` significant digits
 * of both; when these make the numbers wider than a number in e-form is worth, all are printed in e-form.  The limit
 * (digits in all beyond 1.5 times the precision, or beyond what the class holds) was found by trying Octave 7.3. */
#include "numfmt.h"
#include "text.h"
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

static int digits_of(double x)                /* before the point; 0 for 0.5, -1 for 0.05 */
{
    static const double tens[] = { 1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                                   1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16 };
    if (x == 0)
        return 0;
    int d = (int)floor(log10(x)) + 1;
    return d > 0 && d <= 17 && x < tens[d - 1] ? d - 1 : d;   /* log10(999999999999999) rounds to 15 */
}

void extent_add(struct extent *e, const double *x, i64 n, int step)
{
    for (i64 i = 0; i < n; i++, x += step) {
        double a = fabs(*x);
        if (!isfinite(a)) {
            e->nonfinite = true;
            continue;
        }
        if (a > e->max)
            e->max = a;
        if (a < e->min)
            e->min = a;
        if (a != floor(a) && !(e->near && a < 999999.5 && (float)a == floorf((float)a) && a > 0.5))
            e->ints = false;
    }
}

bool is_na(double x)
{
    uint64_t u;
    memcpy(&u, &x, 8);
    return (u & INT64_MAX) == MISSING_BITS;
}

/* ---- choosing */
static void split(int x, int prec, int *ld, int *rd)
{
    *ld = x > 0 ? x : 1;
    *rd = x == 0 ? MAX(prec - 1, 1) : prec > x ? prec - x : prec;
}

static int precision_for(int flags)
{
    int p = print_state()->precision;
    return flags & FMT_SINGLE ? MIN(p, 8) : p;
}

static bool too_long(int ld, int rd, int prec, int flags)
{
    return ld + rd > MIN(prec * 3 / 2, flags & FMT_SINGLE ? 8 : 16);
}

static int exponent_width(struct extent a)
{
    double lo = a.min > 0 ? a.min : a.max;
    return a.max >= 1e100 || (lo > 0 && lo < 1e-99) ? 5 : 4;
}

/* The forms that do not look at the numbers; false when the numbers decide. */
static bool settled(struct numfmt *f, int prec, int flags, int expw)
{
    bool one = flags & FMT_SCALAR;
    switch (print_state()->form) {
    case FORM_E:
        *f = (struct numfmt){ .form = 'e', .w = 2 + (prec > 1 ? prec : 0) + expw, .digits = prec - 1 };
        break;
    case FORM_G:
        *f = (struct numfmt){ .form = 'g', .w = one && !f->complex ? prec : prec + 6, .digits = prec };
        break;
    case FORM_ENG:
        *f = (struct numfmt){ .form = 'E', .w = 4 + (prec > 1 ? prec : 0) + expw, .digits = prec - 1 };
        break;
    case FORM_RAT:
        *f = (struct numfmt){ .form = 'r', .w = 9 };
        break;
    case FORM_HEX:
        *f = (struct numfmt){ .form = 'x', .w = flags & FMT_SINGLE ? 8 : 16 };
        break;
    case FORM_BIT:
        *f = (struct numfmt){ .form = '1', .w = flags & FMT_SINGLE ? 32 : 64 };
        break;
    case FORM_PLUS:
        *f = (struct numfmt){ .form = '+', .w = 1 };
        break;
    default:
        return false;
    }
    return true;
}

static struct numfmt choose(struct extent all, int xmax, int xmin, int flags, bool complex)
{
    int prec = precision_for(flags), top = MAX(xmax, xmin), ld1, rd1, ld2, rd2;
    struct numfmt f = { .complex = complex };
    if (settled(&f, prec, flags, exponent_width(all))) {
        f.iw = f.form == 'g' ? f.w : f.w - (f.form == 'e' || f.form == 'E');
    } else if (print_state()->form == FORM_BANK) {
        f = (struct numfmt){ .form = 'b', .w = MAX(top, 1) + 4, .iw = MAX(top, 1) + 3, .digits = 2 };
        if (all.nonfinite && f.iw < 3)
            f.iw = 3, f.w = 4;
    } else {
        if (all.ints) { /* whatever the precision: integers are shown in full while a double holds them all */
            f.form = 'd';
            f.iw = MAX(top, 1);
            ld1 = top, rd1 = 0;
        } else {
            split(xmax, prec, &ld1, &rd1);
            split(xmin, prec, &ld2, &rd2);
            ld1 = MAX(ld1, ld2);
            rd1 = MAX(rd1, rd2);
            f.form = 'f';
            f.iw = ld1 + 1 + rd1;
            f.digits = rd1;
        }
        if (all.ints ? top > 15 : too_long(ld1, rd1, prec, flags)) {
            f.form = 'e';
            f.iw = 1 + (prec > 1 ? prec : 0) + exponent_width(all);
            f.digits = prec - 1;
        }
        if (all.nonfinite && f.iw < 3)
            f.iw = 3;
        f.w = f.iw + 1;
    }
    f.complex = complex;
    f.single = flags & FMT_SINGLE;
    f.scalar = flags & FMT_SCALAR;
    if (flags & FMT_RANGE && (!all.ints || print_state()->form == FORM_E) && f.form != 'g' && f.form != 'r' &&
        f.form != 'b' && f.form != 'x' && f.form != '1' && f.form != '+')
        f.w++;                                /* room for the sign of the step */
    return f;
}

static struct extent settle(struct extent e)
{
    if (e.max < 0)
        e.max = e.min = 0;
    return e;
}

struct numfmt numfmt_real(struct extent e, int flags)
{
    e = settle(e);
    return choose(e, digits_of(e.max), digits_of(e.min), flags, false);
}

struct numfmt numfmt_complex(struct extent re, struct extent im, int flags)
{
    re = settle(re);
    im = settle(im);
    struct extent all = { fmax(re.max, im.max), fmin(re.min, im.min), re.nonfinite || im.nonfinite, re.ints && im.ints,
                          false };
    int d1 = digits_of(re.min),
        d2 = digits_of(im.min); /* a lone number shows both parts well, a matrix its larger ones */
    return choose(all, digits_of(all.max), flags & FMT_SCALAR ? MIN(d1, d2) : MAX(d1, d2), flags, true);
}

int numfmt_column(const struct numfmt *f)
{
    if (f->form == '+')
        return 1;
    if (f->form == 'r' && f->complex)
        return 2 + f->w + f->iw;
    return 2 + f->w +
           (f->complex && f->form != 'b' ? f->iw + 5
                                         : 0); /* complex: one more than is printed, so lines break as Octave's do */
}

/* ---- writing */
static int put_bits(char *s, double x, const struct numfmt *f)
{
    uint64_t u;
    float y = (float)x;
    uint32_t u4;
    memcpy(&u, &x, 8);
    memcpy(&u4, &y, 4);
    if (f->single)
        u = u4;
    if (f->form == 'x')
        return sprintf(s, "%0*llx", f->single ? 8 : 16, (unsigned long long)u);
    int n = f->single ? 32 : 64;
    for (int i = 0; i < n; i++)
        s[i] = '0' + (u >> (n - 1 - i) & 1);
    s[n] = 0;
    return n;
}

static int put_eng(char *s, double x, const struct numfmt *f)
{
    int e = (int)floor(log10(fabs(x)) / 3) * 3;
    return sprintf(s, f->scalar && !f->complex ? "%.*fe%c%03d" : "%.*fe%c%02d", f->digits, x / pow(10, e),
                   e < 0 ? '-' : '+', abs(e));
}

/* The last fraction of the nearest integers' continued fraction that fits.  len 0, a scalar: ten characters with the
   sign, or the integer; else fewer than len without it, an integer n counting as n/1.  What fits not at all is a *. */
void rational_text(double x, int len, char *s, size_t size)
{
    if (isnan(x) || isinf(x)) {
        snprintf(s, size, is_na(x) ? "NA" : isnan(x) ? "0/0" : x > 0 ? "1/0" : "-1/0");
        return;
    }
    double n = round(x), d = 1, n1 = 1, d1 = 0, frac = x - n;
    int k = snprintf(s, size, "%.0f", n == 0 ? 0.0 : n);
    if ((n == 0 && x != 0) || (len && k - (s[0] == '-') + 2 >= len && frac != 0))
        snprintf(s, size, "*");
    while (frac != 0) {
        double flip = 1 / frac, step = round(flip);
        if (fabs(flip) > INT_MAX)
            break;
        double n2 = n, d2 = d;
        frac = flip - step;
        n = n * step + n1;
        d = d * step + d1;
        n1 = n2;
        d1 = d2;
        char t[64];
        k = snprintf(t, sizeof t, "%.0f/%.0f", d < 0 ? -n : n, fabs(d));
        if ((len ? k - (t[0] == '-') >= len : k > 10) || fabs(n) > INT_MAX || fabs(d) > INT_MAX)
            break;
        snprintf(s, size, "%s", t);
    }
}

void numfmt_put(struct buf *o, const struct numfmt *f, double x, int w)
{
    char s[400];
    int n;
    if (f->form == 'x' || f->form == '1')
        n = put_bits(s, x, f);
    else if (f->form == '+')
        n = sprintf(s, "%c", x > 0 ? '+' : x < 0 ? '-' : ' ');
    else if (f->form == 'r') {
        rational_text(x, w, s, sizeof s);
        n = (int)strlen(s);
        if (w && n > w)
            n = sprintf(s, "*");
    } else if (isnan(x))
        n = sprintf(s, is_na(x) ? "NA" : "NaN");
    else if (isinf(x))
        n = sprintf(s, x < 0 ? "-Inf" : "Inf");
    else if (x == 0)
        n = sprintf(s, "0");
    else if (f->form == 'd')
        n = snprintf(s, sizeof s, "%.0f", x);
    else if (f->form == 'e')
        n = snprintf(s, sizeof s, "%.*e", f->digits, x);
    else if (f->form == 'g')
        n = snprintf(s, sizeof s, "%.*g", f->digits, x);
    else if (f->form == 'E')
        n = put_eng(s, x, f);
    else
        n = snprintf(s, sizeof s, "%.*f", f->digits, x);
    for (int i = n; i < w; i++)
        buf_putc(o, ' ');
    buf_add(o, s, (size_t)n);
}

void numfmt_put_complex(struct buf *o, const struct numfmt *f, double re, double im)
{
    bool bits = f->form == 'x' || f->form == '1', tight = f->form == 'r' && f->scalar;
    numfmt_put(o, f, re, tight ? 0 : f->w);
    if (f->form == '+' || f->form == 'b')     /* an amount is real */
        return;
    if (bits)
        buf_puts(o, "  ");
    else {
        bool minus = !isnan(im) && signbit(im);
        buf_puts(o, minus ? " - " : " + ");
        im = minus ? -im : im;
    }
    numfmt_put(o, f, im, tight ? 0 : f->iw);
    buf_putc(o, 'i');
}
