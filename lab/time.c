/* SPDX-License-Identifier: BSD-3-Clause */
/* time.c: clocks, dates, and dates as text.
 *
 * A date is a number of days: 1 is the first of January of the year 0 in the calendar of today carried backwards, the
 * fraction is the time of day.  Days and civil dates are turned into each other over eras of 400 years (146097 days),
 * counted from the first of March, so that the leap day is the last of its year.  What datestr writes and datevec reads
 * is one list of fields (yyyy, mmm, HH …) walked by both. */
#include "call.h"
#include "wait.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double unix_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static i64 monotonic_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (i64)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- days and civil dates; y, m, d are whole, m from 1 to 12, d any */
enum { EPOCH = 719529 };                      /* the day number of 1970-01-01 */

static double day_number(double y, int m, double d)
{
    y -= m <= 2;
    double era = floor(y / 400), yoe = y - era * 400;
    int doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5;
    return era * 146097 + yoe * 365 + floor(yoe / 4) - floor(yoe / 100) + doy + d - 1 - 719468 + EPOCH;
}

static void civil(double day, double *y, int *m, int *d)
{
    double z = day - EPOCH + 719468, era = floor(z / 146097), doe = z - era * 146097;
    double yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365);
    int doy = (int)(doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))), mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = yoe + era * 400 + (*m <= 2);
}

static bool leap(double y) { return fmod(y, 4) == 0 && (fmod(y, 100) != 0 || fmod(y, 400) == 0); }
static int month_days(double y, int m)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    return m == 2 && leap(y) ? 29 : days[m - 1];
}

static double datenum_of(const double v[6])   /* any numbers: month 13 is January of the next year, and so on */
{
    for (int k = 0; k < 6; k++)
        if (!isfinite(v[k]))
            return v[k] - v[k] + NAN;
    double y = v[0], m = floor(v[1]), part = v[1] - m;
    if (m < 1)                                /* month 0 is January, as in Octave */
        m = 1;
    y += floor((m - 1) / 12);
    m -= 12 * floor((m - 1) / 12);
    double whole = floor(y);
    double d = day_number(whole, (int)m, 0) + v[2] + (y - whole) * (leap(whole) ? 366 : 365) +
               part * month_days(whole, (int)m);
    return d + (v[3] + (v[4] + v[5] / 60) / 60) / 24;
}

static void datevec_of(double n, double v[6])
{
    if (!isfinite(n) || fabs(n) > 1e11) {
        for (int k = 0; k < 6; k++)
            v[k] = NAN;
        return;
    }
    double day = floor(n), step = fabs(0x1p-52 * 86400 * n);
    double grid = exp2(floor(-log2(step > 0 ? step : 1)));   /* seconds no finer than the number holds */
    double s = round(86400 * (n - day) * grid) / grid;
    if (s >= 86400)
        s -= 86400, day++;
    int m, d;
    civil(day, &v[0], &m, &d);
    v[1] = m;
    v[2] = d;
    v[3] = floor(s / 3600);
    s -= 3600 * v[3];
    v[4] = floor(s / 60);
    v[5] = s - 60 * v[4];
}

/* ---- fields of a date as text */
enum field { YYYY, YY, MMMM, MMM, MM, M, DDDD, DDD, DD, D, HH, MI, SS, FFF, AMPM, QQ, FIELDS };
static const struct { const char *text; bool fold;
} fields[FIELDS] = {
    { "yyyy", 1 }, { "yy", 1 }, { "mmmm", 0 }, { "mmm", 0 }, { "mm", 0 }, { "m", 0 },   { "dddd", 1 }, { "ddd", 1 },
    { "dd", 1 },   { "d", 1 },  { "HH", 1 },   { "MM", 0 },  { "SS", 1 }, { "FFF", 1 }, { "AM", 0 },   { "QQ", 1 },
};
static const char *const months[] = { "January", "February", "March",     "April",   "May",      "June",
                                      "July",    "August",   "September", "October", "November", "December" };
static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
static const char *const styles[] = {
    "dd-mmm-yyyy HH:MM:SS", "dd-mmm-yyyy", "mm/dd/yy", "mmm", "m", "mm", "mm/dd", "dd", "ddd", "d", "yyyy", "yy", "mmmyy", "HH:MM:SS",
    "HH:MM:SS PM", "HH:MM", "HH:MM PM", "QQ-YY", "QQ", "dd/mm", "dd/mm/yy", "mmm.dd,yyyy HH:MM:SS", "mmm.dd,yyyy", "mm/dd/yyyy", "dd/mm/yyyy",
    "yy/mm/dd", "yyyy/mm/dd", "QQ-YYYY", "mmmyyyy", "yyyy-mm-dd", "yyyymmddTHHMMSS", "yyyy-mm-dd HH:MM:SS",
};

static int field_at(const char *s)            /* the field that begins here, -1: none; its length is that of its text */
{
    for (int f = 0; f < FIELDS; f++) {
        size_t n = strlen(fields[f].text);
        if (fields[f].fold ? !strncasecmp(s, fields[f].text, n) : !strncmp(s, fields[f].text, n))
            return f;
    }
    return !strncmp(s, "PM", 2) ? AMPM : -1;
}

static bool has_ampm(const char *f)
{
    for (; *f; f++)
        if (field_at(f) == AMPM)
            return true;
    return false;
}

static void write_date(struct buf *b, double n, const char *f)
{
    double v[6];
    datevec_of(n, v);
    double ms = round(1000 * (v[5] - floor(v[5])));
    if (ms >= 1000) {                         /* .9995 s and more: the next second */
        datevec_of(floor(n) + (v[3] + (v[4] + (floor(v[5]) + 1) / 60) / 60) / 24, v);
        ms = 0;
    }
    if (isnan(v[0])) {
        buf_puts(b, "NaN");
        return;
    }
    bool ampm = has_ampm(f);
    int weekday = (int)fmod(fmod(floor(n) - 1, 7) + 13, 7), m = (int)v[1], h = (int)v[3];
    while (*f) {
        int k = field_at(f);
        switch (k) {
        case YYYY: buff(b, "%04.0f", v[0]); break;
        case YY: buff(b, "%02.0f", fmod(fabs(v[0]), 100)); break;
        case MMMM: buf_puts(b, months[m - 1]); break;
        case MMM: buf_add(b, months[m - 1], 3); break;
        case MM: buff(b, "%02d", m); break;
        case M: buf_add(b, months[m - 1], 1); break;
        case DDDD: buf_puts(b, days[weekday]); break;
        case DDD: buf_add(b, days[weekday], 3); break;
        case DD: buff(b, "%02.0f", v[2]); break;
        case D: buf_add(b, days[weekday], 1); break;
        case HH:
            if (ampm)
                buff(b, "%2d", (h + 11) % 12 + 1);
            else
                buff(b, "%02d", h);
            break;
        case MI: buff(b, "%02.0f", v[4]); break;
        case SS: buff(b, "%02.0f", floor(v[5])); break;
        case FFF: buff(b, "%03.0f", ms); break;
        case AMPM: buf_puts(b, h < 12 ? "AM" : "PM"); break;
        case QQ: buff(b, "Q%d", (m + 2) / 3); break;
        default: buf_putc(b, *f++); continue;
        }
        f += k == AMPM ? 2 : strlen(fields[k].text);
    }
}

/* Which name s begins with, as it is or by three letters, whatever the format's word is (as strptime). */
static int word_in(const char **s, const char *const *names, int count)
{
    for (int k = 0; k < count; k++) {
        size_t n = strlen(names[k]);
        if (strncasecmp(*s, names[k], n))
            n = 3;
        if (!strncasecmp(*s, names[k], n)) {
            *s += n;
            return k;
        }
    }
    return -1;
}

static bool digits(const char **s, int least, int most, double *x)
{
    int n = 0;
    *x = 0;
    while (n < most && **s >= '0' && **s <= '9')
        *x = 10 * *x + (*(*s)++ - '0'), n++;
    return n >= least;
}

static double this_year(void)
{
    time_t t = time(NULL);
    struct tm tm;
    localtime_r(&t, &tm);
    return tm.tm_year + 1900;
}

static bool read_date(const char *s, const char *f, double v[6])
{
    double x, ms = 0;
    int pm = -1, k;
    bool any = false;
    v[0] = this_year();
    v[1] = v[2] = 1;
    v[3] = v[4] = v[5] = 0;
    while (*s == ' ')
        s++;
    while (*f) {
        int w = field_at(f);
        bool ok = true;
        const char *rest = f + (w < 0 ? 1 : w == AMPM ? 2 : strlen(fields[w].text));
        bool tight = field_at(rest) >= 0;     /* 20200728: exactly as many digits as letters */
        switch (w) {
        case YYYY: ok = digits(&s, 4, 4, &v[0]); break;
        case YY:
            if ((ok = digits(&s, 2, 2, &x))) {
                double y = this_year(), c = 100 * floor((y - 50) / 100);
                v[0] = c + x < y - 50 ? c + x + 100 : c + x;
            }
            break;
        case MMMM:
        case MMM: ok = (k = word_in(&s, months, 12)) >= 0; v[1] = k + 1; break;
        case MM: ok = digits(&s, tight ? 2 : 1, 2, &v[1]) && v[1] >= 1 && v[1] <= 12; break;
        case DDDD:
        case DDD: ok = word_in(&s, days, 7) >= 0; break;
        case DD: ok = digits(&s, tight ? 2 : 1, 2, &v[2]) && v[2] >= 1 && v[2] <= 31; break;
        case HH: ok = digits(&s, tight ? 2 : 1, 2, &v[3]) && v[3] <= 24; break;
        case MI: ok = digits(&s, tight ? 2 : 1, 2, &v[4]) && v[4] < 60; break;
        case SS: ok = digits(&s, tight ? 2 : 1, 2, &v[5]) && v[5] < 61; break;
        case FFF: {                           /* a fraction: .2 is 200 ms */
            const char *first = s;
            ok = digits(&s, 1, 3, &ms);
            for (; ok && s - first < 3; first--)
                ms *= 10;
            break;
        }
        case AMPM:
            ok = !strncasecmp(s, "AM", 2) || !strncasecmp(s, "PM", 2);
            pm = ok && (*s == 'P' || *s == 'p');
            s += ok ? 2 : 0;
            break;
        case M: case D: case QQ: ok = false; break;
        default: ok = *s == *f; s += ok; break;
        }
        if (!ok)
            return false;
        any |= w >= 0;
        f = rest;
    }
    while (*s == ' ')
        s++;
    if (*s || !any)
        return false;
    if (pm >= 0)
        v[3] = fmod(v[3], 12) + 12 * pm;
    v[5] += ms / 1000;
    return true;
}

static const char *const readable[] = {       /* tried in this order */
    "dd-mmm-yyyy HH:MM:SS", "dd-mmm-yyyy", "mm/dd/yyyy", "mm/dd/yy", "mm/dd", "HH:MM:SS PM", "HH:MM:SS", "HH:MM PM", "HH:MM", "yyyy/mm/dd", "yyyy-mm-dd",
    "yyyy-mm-dd HH:MM:SS", "yyyy-mm-ddTHH:MM:SS", "yyyy-mm-dd HH:MM", "yyyy/mm/dd HH:MM:SS", "yyyymmddTHHMMSS", "mmm-dd-yyyy HH:MM:SS", "mmm-dd-yyyy", "dd mmm yyyy HH:MM:SS",
    "dd mmm yyyy", "mmm dd yyyy HH:MM:SS", "mmm dd yyyy", "mmm.dd,yyyy HH:MM:SS", "mmm.dd,yyyy", "mm/dd/yyyy HH:MM:SS", "mm/dd/yyyy HH:MM", "mmmyy", "mmmyyyy",
    "dd-mmm-yyyy HH:MM:SS.FFF", "yyyy-mm-dd HH:MM:SS.FFF", "HH:MM:SS.FFF", NULL
};

/* ---- arguments */
static const char *style_arg(struct call *c, int i)
{
    if (arg_is_text(c, i))
        return arg_text(c, i, NULL);
    return styles[arg_int(c, i, 0, COUNT(styles) - 1)];
}

static bool is_text(value v) { return is_tensor_like(v) && value_dtype(v) == D_CHAR; }

static void text_dates(struct call *c, struct tensor *y, i64 row, value v, const char *format)      /* y is n x 6 */
{
    struct tensor *t = tensor_dense(tensor_of(v));
    char *s = scratch(t->numel + 1);
    double d[6];
    i64 rows = y->dim[0];
    memcpy(s, t->data, t->numel);
    s[t->numel] = 0;
    bool ok = format && read_date(s, format, d);
    for (int k = 0; !format && !ok && readable[k]; k++)
        ok = read_date(s, readable[k], d);
    if (!ok)
        fail("Octave:invalid-input-arg", "%s: '%s' is no date that can be read%s%s%s", c->fn->name, s,
             format ? " as '" : "", format ? format : "", format ? "'" : "");
    for (int k = 0; k < 6; k++)
        ((double *)y->data)[row + k * rows] = d[k];
}

/* n x 6 rows of year … second from what datestr, datevec, datenum take: text, a cell of texts, day numbers, or rows
 * already. */
static struct tensor *date_rows(struct call *c, int i, const char *format, bool rows_too)
{
    value v = c->arg[i];
    if (is_text(v)) {
        struct tensor *t = tensor_dense(tensor_of(v));
        i64 n = t->numel ? t->dim[0] : 0;
        struct tensor *y = tensor_2d(D_DOUBLE, n, 6);
        char *s = scratch(t->dim[1] + 1);
        for (i64 r = 0; r < n; r++) {
            for (i64 k = 0; k < t->dim[1]; k++)
                s[k] = t->data[r + k * n];
            text_dates(c, y, r, tensor_box(tensor_text(s, t->dim[1])), format);
        }
        return y;
    }
    if (v.kind == K_CELL) {
        struct tensor *y = tensor_2d(D_DOUBLE, v.cell->numel, 6);
        for (i64 r = 0; r < v.cell->numel; r++) {
            if (!is_text(v.cell->v[r]))
                fail_arg(c, i, "dates as text or as numbers");
            text_dates(c, y, r, v.cell->v[r], format);
        }
        return y;
    }
    struct tensor *t = arg_double(c, i);
    const double *x = (const double *)t->data;
    if (rows_too && t->nd == 2 && (t->dim[1] == 6 || t->dim[1] == 3)) {
        bool like_dates = t->numel > 0;       /* years, and months 1 … 12: rows; else a list of day numbers */
        for (i64 r = 0; r < t->dim[0]; r++)
            like_dates = like_dates && x[r] == floor(x[r]) && x[r + t->dim[0]] == floor(x[r + t->dim[0]]) &&
                         x[r + t->dim[0]] >= 1 && x[r + t->dim[0]] <= 12;
        if (like_dates) {
            struct tensor *y = tensor_zeros(D_DOUBLE, 2, (i64[]){ t->dim[0], 6 });
            memcpy(y->data, t->data, sizeof(double) * t->numel);
            return y;
        }
    }
    struct tensor *y = tensor_2d(D_DOUBLE, t->numel, 6);
    for (i64 r = 0; r < t->numel; r++) {
        double d[6];
        poll_each(r);
        datevec_of(x[r], d);
        for (int k = 0; k < 6; k++)
            ((double *)y->data)[r + k * t->numel] = d[k];
    }
    return y;
}

static double row_number(const struct tensor *y, i64 r)
{
    double d[6];
    for (int k = 0; k < 6; k++)
        d[k] = ((const double *)y->data)[r + k * y->dim[0]];
    return datenum_of(d);
}

/* Arguments of one size (or scalars) from `from` on, taken side by side. */
struct aligned { struct tensor *t[6], *shape; i64 n; };
static struct aligned align(struct call *c, int from, int n)
{
    struct aligned a = { .n = 1 };
    for (int k = 0; k < n; k++) {
        a.t[k] = arg_double(c, from + k);
        if (k == 0 || (a.shape->numel == 1 && a.t[k]->numel != 1))
            a.shape = a.t[k];
    }
    a.n = a.shape->numel;
    for (int k = 0; k < n; k++) {
        char s1[128], s2[128];
        if (a.t[k]->numel != 1 && !dims_equal(a.t[k]->nd, a.t[k]->dim, a.shape->nd, a.shape->dim))
            fail("Octave:nonconformant-args",
                 "%s: arguments must be scalars or of one size, but argument %d is %s and another %s", c->fn->name,
                 from + k + 1, tensor_shape(a.t[k], s1), tensor_shape(a.shape, s2));
    }
    return a;
}
static double aligned_at(const struct aligned *a, int k, i64 i)
{
    return ((const double *)a->t[k]->data)[a->t[k]->numel == 1 ? 0 : i];
}

/* ---- dates */
BUILTIN(datenum, 1, 6, 1, NO_GRAD,
  "n = datenum(year, month, day, hour, minute, second)\nn = datenum(rows)\nn = datenum(text, format)\n\n"
  "The number of a day, with the time as its fraction; day 1 is the first of January of the year 0.  Arguments may be "
  "arrays of one size; what is missing is month 1, day 1, 0 h; month 13 is January of the next year.  rows has the "
  "columns year, month, day or six up to the seconds.\n\n"
  "Example:\n  datenum(2024, 2, 29)\n  ans = 739311\n\n"
  "See also: datestr, datevec, now")
{
    if (is_text(c->arg[0]) || c->arg[0].kind == K_CELL) {
        struct tensor *y = date_rows(c, 0, c->nargin > 1 ? style_arg(c, 1) : NULL, false),
                      *n = tensor_2d(D_DOUBLE, y->dim[0], 1);
        for (i64 r = 0; r < y->dim[0]; r++)
            ((double *)n->data)[r] = row_number(y, r);
        result_tensor(c, 0, n);
        return;
    }
    struct tensor *t = arg_double(c, 0);
    if (c->nargin == 1 && t->nd == 2 && t->dim[1] >= 3 && t->dim[1] <= 6) {
        struct tensor *n = tensor_2d(D_DOUBLE, t->dim[0], 1);
        for (i64 r = 0; r < t->dim[0]; r++) {
            double d[6] = { 0 };
            for (i64 k = 0; k < t->dim[1]; k++)
                d[k] = ((double *)t->data)[r + k * t->dim[0]];
            ((double *)n->data)[r] = datenum_of(d);
        }
        result_tensor(c, 0, n);
        return;
    }
    struct aligned a = align(c, 0, c->nargin);
    struct tensor *n = tensor_new(D_DOUBLE, a.shape->nd, a.shape->dim);
    for (i64 i = 0; i < a.n; i++) {
        double d[6] = { 0, 1, 1, 0, 0, 0 };
        for (int k = 0; k < c->nargin; k++)
            d[k] = aligned_at(&a, k, i);
        ((double *)n->data)[i] = datenum_of(d);
    }
    result_tensor(c, 0, n);
}

BUILTIN(datevec, 1, 2, 6, NO_GRAD,
  "v = datevec(n)\nv = datevec(text, format)\n[y, m, d, h, mi, s] = datevec(n)\n\n"
  "Year, month, day, hour, minute and second of day numbers, or of dates as text; a row for each date.  Without a "
  "format the usual ones are tried.\n\n"
  "Example:\n  datevec('2024-02-29 12:30:00')\n  ans =\n\n     2024      2     29     12     30      0\n\n\n"
  "See also: datenum, datestr, clock")
{
    struct tensor *y = date_rows(c, 0, c->nargin > 1 ? style_arg(c, 1) : NULL, false);
    if (c->nargout <= 1) {
        result_tensor(c, 0, y);
        return;
    }
    for (int k = 0; k < c->nargout; k++) {
        struct tensor *t = tensor_2d(D_DOUBLE, y->dim[0], 1);
        i64 dim[MAX_DIMS];
        int nd = value_dims(c->arg[0], dim);
        if (is_tensor_like(c->arg[0]) && value_dtype(c->arg[0]) != D_CHAR &&
            value_numel(c->arg[0]) == t->numel) /* day numbers keep their shape */
            t = tensor_new(D_DOUBLE, nd, dim);
        memcpy(t->data, y->data + k * y->dim[0] * sizeof(double), y->dim[0] * sizeof(double));
        result_tensor(c, k, t);
    }
}

BUILTIN(datestr, 0, 2, 1, NO_GRAD,
  "s = datestr(n)\ns = datestr(n, format)\n\n"
  "Day numbers (or rows of datevec, or dates as text) as text, a row for each.  format is a text of the fields yyyy yy "
  "mmmm mmm mm m dddd ddd dd d HH MM SS FFF AM QQ, or a number from 0 to 31 for a usual one: 0 is dd-mmm-yyyy "
  "HH:MM:SS, 1 without the time, 29 yyyy-mm-dd.\n\n"
  "Example:\n  datestr(739311.5)\n  ans = 29-Feb-2024 12:00:00\n  datestr(739311, 'yyyy-mm-dd')\n  ans = 2024-02-29\n\n"
  "See also: datenum, datevec, strftime")
{
    struct tensor *y;
    if (c->nargin == 0) {
        y = tensor_2d(D_DOUBLE, 1, 6);
        time_t t = time(NULL);
        struct tm tm;
        localtime_r(&t, &tm);
        double v[6] = { tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec };
        memcpy(y->data, v, sizeof v);
    } else {
        y = date_rows(c, 0, NULL, true);
    }
    i64 n = y->dim[0], width = 0;
    const char *format = has_arg(c, 1) && value_numel(c->arg[1]) ? style_arg(c, 1) : NULL;
    if (!format) {
        bool time = false;
        for (i64 i = 3 * n; i < 6 * n; i++)
            time |= ((double *)y->data)[i] != 0;
        format = styles[time ? 0 : 1];
    }
    struct buf **line = scratch(sizeof *line * (n + 1));
    for (i64 r = 0; r < n; r++) {
        poll();
        write_date(line[r] = buf_new(), row_number(y, r), format);
        width = MAX(width, (i64)line[r]->n);
    }
    if (n == 1) {
        result(c, 0, buf_value(line[0]));
        return;
    }
    struct tensor *s = tensor_2d(D_CHAR, n, width);
    for (i64 r = 0; r < n; r++, poll_each(r))
        for (i64 k = 0; k < width; k++)
            s->data[r + k * n] = k < (i64)line[r]->n ? line[r]->s[k] : ' ';
    result_tensor(c, 0, s);
}

BUILTIN(weekday, 1, 2, 2, grad_zero,
  "[n, s] = weekday(d)\n[n, s] = weekday(d, \"long\")\n\n"
  "The day of the week of day numbers or dates as text: 1 is Sunday; s is its name, short or long.\n\n"
  "Example:\n  [n, s] = weekday(739311)\n  n = 5\n  s = Thu\n\n"
  "See also: eomday, datenum")
{
    static const char *const forms[] = { "short", "long", NULL };
    int form = c->nargin > 1 ? arg_option(c, 1, forms) : 0;
    struct tensor *d;
    if (is_text(c->arg[0]) || c->arg[0].kind == K_CELL) {
        struct tensor *y = date_rows(c, 0, NULL, false);
        d = tensor_2d(D_DOUBLE, y->dim[0], 1);
        for (i64 r = 0; r < y->dim[0]; r++)
            ((double *)d->data)[r] = row_number(y, r);
    } else {
        d = arg_double(c, 0);
    }
    struct tensor *n = tensor_new(D_DOUBLE, d->nd, d->dim);
    i64 width = 0;
    for (i64 i = 0; i < d->numel; i++) {
        double x = floor(((double *)d->data)[i]);
        if (!isfinite(x))
            fail_arg(c, 0, "finite day numbers");
        x = fmod(fmod(x - 1, 7) + 13, 7);
        ((double *)n->data)[i] = x + 1;
        width = MAX(width, form ? (i64)strlen(days[(int)x]) : 3);
    }
    result_tensor(c, 0, n);
    if (!wants(c, 1))
        return;
    struct tensor *s = tensor_2d(D_CHAR, d->numel, width);
    for (i64 i = 0; i < d->numel; i++) {
        const char *name = days[(int)((double *)n->data)[i] - 1];
        for (i64 k = 0; k < width; k++)
            s->data[i + k * d->numel] = k < (i64)strlen(name) ? name[k] : ' ';
    }
    result_tensor(c, 1, s);
}

BUILTIN(eomday, 2, 2, 1, NO_GRAD,
  "d = eomday(year, month)\n\n"
  "The last day of a month: its number of days.  Arrays of one size, or scalars.\n\n"
  "Example:\n  eomday(2024, 2)\n  ans = 29\n\n"
  "See also: weekday, is_leap_year")
{
    struct aligned a = align(c, 0, 2);
    struct tensor *y = tensor_new(D_DOUBLE, a.shape->nd, a.shape->dim);
    for (i64 i = 0; i < a.n; i++) {
        double m = aligned_at(&a, 1, i);
        if (!(m >= 1 && m <= 12 && m == floor(m)))
            fail("Octave:invalid-input-arg", "eomday: a month is a number from 1 to 12, not %g", m);
        ((double *)y->data)[i] = month_days(aligned_at(&a, 0, i), (int)m);
    }
    result_tensor(c, 0, y);
}

BUILTIN(is_leap_year, 0, 1, 1, NO_GRAD,
  "tf = is_leap_year(year)\n\n"
  "True for the years of 366 days; without a year, this one.\n\n"
  "Example:\n  is_leap_year([1900 2000 2024])\n  ans =\n\n    0  1  1\n\n\n"
  "See also: eomday")
{
    if (c->nargin == 0) {
        result_bool(c, 0, leap(this_year()));
        return;
    }
    struct tensor *t = arg_double(c, 0), *y = tensor_new(D_LOGICAL, t->nd, t->dim);
    for (i64 i = 0; i < t->numel; i++)
        y->data[i] = leap(((double *)t->data)[i]);
    result_tensor(c, 0, y);
}

BUILTIN(addtodate, 3, 3, 1, NO_GRAD,
  "d = addtodate(d, q, unit)\n\n"
  "Day numbers moved by q units: \"year\", \"month\", \"day\", \"hour\", \"minute\", \"second\" or \"millisecond\".  "
  "Months and years keep the day of the month, or take the last when it is shorter.\n\n"
  "Example:\n  datestr(addtodate(datenum(2024, 1, 31), 1, 'month'))\n  ans = 29-Feb-2024\n\n"
  "See also: datenum")
{
    static const char *const units[] = { "year", "month", "day", "hour", "minute", "second", "millisecond", NULL };
    static const double per_day[] = { 0, 0, 1, 24, 1440, 86400, 86400000 };
    int unit = arg_option(c, 2, units);
    struct aligned a = align(c, 0, 2);
    struct tensor *y = tensor_new(D_DOUBLE, a.shape->nd, a.shape->dim);
    for (i64 i = 0; i < a.n; i++) {
        double d = aligned_at(&a, 0, i), q = aligned_at(&a, 1, i), *r = (double *)y->data + i;
        if (unit >= 2) {
            *r = d + q / per_day[unit];
            continue;
        }
        double v[6];
        datevec_of(floor(d), v);
        double m = v[1] - 1 + (unit ? q : 12 * q);
        v[0] += floor(m / 12);
        m -= 12 * floor(m / 12);
        if (isnan(m) || isnan(v[0])) {
            *r = NAN;
            continue;
        }
        v[1] = floor(m) + 1;
        v[2] = MIN(v[2], month_days(v[0], (int)v[1]));
        *r = datenum_of(v) + (d - floor(d));
    }
    result_tensor(c, 0, y);
}

/* ---- clocks */
__thread bool time_shown;

BUILTIN(time, 0, 1, 1, grad_zero,
  "t = time()\n"
  "time on\n"
  "time off\n\n"
  "Seconds since the first of January 1970, 0 h in Greenwich, with their fraction.\n\n"
  "After `time on` the prompt tells behind each command how long it took and how much more memory the program holds: "
  "[0.0123 s, +4.0 MB].\n\n"
  "Example:\n  time() > 1.7e9\n  ans = 1\n\n"
  "See also: now, clock, tic, timeit, localtime")
{
    static const char *const switches[] = { "off", "on", NULL };
    if (c->nargin) {
        time_shown = arg_option(c, 0, switches);
        return;
    }
    result_num(c, 0, unix_time());
}

static void local_now(double v[6])
{
    double t = unix_time();
    time_t s = (time_t)floor(t);
    struct tm tm;
    localtime_r(&s, &tm);
    v[0] = tm.tm_year + 1900;
    v[1] = tm.tm_mon + 1;
    v[2] = tm.tm_mday;
    v[3] = tm.tm_hour;
    v[4] = tm.tm_min;
    v[5] = tm.tm_sec + (t - floor(t));
}

BUILTIN(now, 0, 0, 1, grad_zero,
  "n = now()\n\n"
  "The day number of this moment in local time.\n\n"
  "Example:\n  now() > datenum(2024, 1, 1)\n  ans = 1\n\n"
  "See also: clock, date, datestr")
{
    double v[6];
    local_now(v);
    result_num(c, 0, datenum_of(v));
}

BUILTIN(clock, 0, 0, 1, grad_zero,
  "v = clock()\n\n"
  "Year, month, day, hour, minute and second of this moment in local time.\n\n"
  "Example:\n  size(clock())\n  ans =\n\n     1   6\n\n\n"
  "See also: now, tic, etime")
{
    struct tensor *y = tensor_2d(D_DOUBLE, 1, 6);
    local_now((double *)y->data);
    result_tensor(c, 0, y);
}

BUILTIN(date, 0, 0, 1, NO_GRAD,
  "s = date()\n\n"
  "Today as dd-mmm-yyyy.\n\n"
  "Example:\n  length(date())\n  ans = 11\n\n"
  "See also: datestr, now")
{
    double v[6];
    local_now(v);
    struct buf *b = buf_new();
    write_date(b, datenum_of(v), styles[1]);
    result(c, 0, buf_value(b));
}

BUILTIN(etime, 2, 2, 1, NO_GRAD,
  "s = etime(t1, t0)\n\n"
  "Seconds from the time t0 to the later t1, both as clock gives them; or of many times, one in each row, a column.\n\n"
  "Example:\n  etime([2024 1 1 0 1 5], [2024 1 1 0 0 0])\n  ans = 65\n\n"
  "See also: clock, tic, toc")
{
    struct tensor *t[2];
    i64 m[2];
    for (int i = 0; i < 2; i++) {
        t[i] = arg_double(c, i);
        m[i] = t[i]->numel == 6 ? 1 : t[i]->dim[0];
        if (t[i]->numel != 6 && (t[i]->nd > 2 || t[i]->dim[1] != 6))
            fail_arg(c, i, "six numbers, as clock gives them, or rows of them");
    }
    if (m[0] != m[1] && m[0] != 1 && m[1] != 1)
        fail("Octave:nonconformant-args", "etime: there are %lld and %lld times", (long long)m[0], (long long)m[1]);
    struct tensor *r = tensor_2d(D_DOUBLE, m[0] == 1 ? m[1] : m[0], 1);
    for (i64 k = 0; k < r->numel; k++) {
        double n[2], s[2];
        for (int i = 0; i < 2; i++) {
            double v[6];
            for (int j = 0; j < 6; j++)
                v[j] = ((double *)t[i]->data)[m[i] == 1 ? j : k + j * m[i]];
            s[i] = (v[3] * 60 + v[4]) * 60 + v[5];
            v[3] = v[4] = v[5] = 0;
            n[i] = datenum_of(v);
        }
        ((double *)r->data)[k] = 86400 * (n[0] - n[1]) + (s[0] - s[1]);
    }
    result_tensor(c, 0, r);
}

BUILTIN(cputime, 0, 0, 3, grad_zero,
  "[total, user, system] = cputime()\n\n"
  "Seconds of processor time that this program has used.\n\n"
  "Example:\n  cputime() >= 0\n  ans = 1\n\n"
  "See also: tic, clock")
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    double user = u.ru_utime.tv_sec + 1e-6 * u.ru_utime.tv_usec, system = u.ru_stime.tv_sec + 1e-6 * u.ru_stime.tv_usec;
    result_num(c, 0, user + system);
    result_num(c, 1, user);
    result_num(c, 2, system);
}

struct timer { i64 start; };                  /* of the last plain tic; microseconds + 1, 0: none */
static void timer_free(void)
{
    void **room = context_room(ROOM_TIME);
    memory_free(*room, sizeof(struct timer));
    *room = NULL;
}
static struct timer *timer(void)
{
    void **room = context_room(ROOM_TIME);
    if (!*room) {
        struct timer *t = memory_get(sizeof *t);
        t->start = 0;
        *room = t;
        context_at_exit(timer_free);
    }
    return *room;
}

BUILTIN(tic, 0, 0, 1, grad_zero,
  "tic\nid = tic()\n\n"
  "Starts the stop watch.  With a result it starts one of its own, which toc(id) reads; any number may run.\n\n"
  "Example:\n  id = tic(); toc(id) >= 0\n  ans = 1\n\n"
  "See also: toc, clock, cputime")
{
    i64 now = monotonic_us() + 1;
    if (c->nargout == 0) {
        timer()->start = now;
        return;
    }
    result(c, 0, (value){ .kind = K_NUM, .dtype = D_UINT64, .u = (uint64_t)now });
}

BUILTIN(toc, 0, 1, 1, grad_zero,
  "toc\ns = toc()\ns = toc(id)\n\n"
  "Seconds since tic; without a result they are printed.\n\n"
  "Example:\n  tic; s = toc(); s < 10\n  ans = 1\n\n"
  "See also: tic")
{
    i64 start = timer()->start;
    if (c->nargin) {
        value v = c->arg[0];
        if (v.kind != K_NUM || v.dtype != D_UINT64)
            fail_arg(c, 0, "what tic has returned");
        start = (i64)v.u;
    } else if (!start) {
        fail("Octave:error", "toc: the stop watch has not been started; tic starts it");
    }
    double s = 1e-6 * (double)(monotonic_us() + 1 - start);
    if (c->nargout > 0)
        result_num(c, 0, s);
    else
        outf("Elapsed time is %g seconds.\n", s);
}

void (*before_wait)(void);

BUILTIN(pause, 0, 1, 0, NO_GRAD,
  "pause(s)\npause\n\n"
  "Waits s seconds, or until the Return key is pressed.  Ctrl-C ends it.\n\n"
  "Example:\n  pause(0.01)\n\n"
  "See also: tic, input")
{
    if (before_wait)
        before_wait();
    out_flush();
    if (c->nargin == 0) {
        if (!isatty(0))
            return;
        for (;;) {
            fd_set in;
            struct timeval slice = { 0, 50000 };
            FD_ZERO(&in);
            FD_SET(0, &in);
            poll();
            if (select(1, &in, NULL, NULL, &slice) > 0) {
                char line[256];
                if (read(0, line, sizeof line) >= 0)
                    return;
            }
        }
    }
    double s = arg_num(c, 0);
    if (isnan(s) || s < 0)
        fail("Octave:invalid-input-arg", "pause: a time of at least 0 seconds is wanted, not %g", s);
    double end = 1e-6 * (double)monotonic_us() + s;
    for (;;) {
        double left = end - 1e-6 * (double)monotonic_us();
        poll();
        if (left <= 0)
            return;
        left = MIN(left, 0.05);
        struct timespec t = { 0, (long)(left * 1e9) };
        nanosleep(&t, NULL);
    }
}

/* ---- broken-down time, as in C */
static const char *const tm_names[] = { "usec", "sec",  "min",  "hour",  "mday",   "mon",
                                        "year", "wday", "yday", "isdst", "gmtoff", "zone" };

static value tm_value(double t, const struct tm *tm)
{
    struct record *r = record_scalar();
    double x[] = { round((t - floor(t)) * 1e6),
                   tm->tm_sec,
                   tm->tm_min,
                   tm->tm_hour,
                   tm->tm_mday,
                   tm->tm_mon,
                   tm->tm_year,
                   tm->tm_wday,
                   tm->tm_yday,
                   tm->tm_isdst,
                   (double)tm->tm_gmtoff };
    for (int k = 0; k < COUNT(x); k++)
        record_set(r, 0, symbol_of(tm_names[k]), num(x[k]));
    const char *zone = tm->tm_zone ? tm->tm_zone : "";
    record_set(r, 0, symbol_of("zone"), tensor_value(tensor_text(zone, strlen(zone))));
    return record_value(r);
}

static struct tm tm_arg(struct call *c, int i, double *usec)
{
    struct record *r = arg_struct(c, i);
    struct tm tm = { 0 };
    int *to[] = { NULL,       &tm.tm_sec,  &tm.tm_min,  &tm.tm_hour, &tm.tm_mday,
                  &tm.tm_mon, &tm.tm_year, &tm.tm_wday, &tm.tm_yday, &tm.tm_isdst };
    *usec = 0;
    for (int k = 0; k < COUNT(to); k++) {
        value v = r->numel == 1 ? record_get(r, 0, symbol_of(tm_names[k])) : nil();
        if (is_nil(v) && k != 0 && k < 7)
            fail("Octave:invalid-input-arg",
                 "%s: argument %d must be a time as localtime makes it; its field '%s' is missing", c->fn->name, i + 1,
                 tm_names[k]);
        if (is_nil(v))
            continue;
        double x = is_tensor_like(v) && value_numel(v) == 1 ? element_double(tensor_of(v), 0) : NAN;
        if (!(fabs(x) < 1e9))
            fail("Octave:invalid-input-arg", "%s: the field '%s' of the time must be a number", c->fn->name, tm_names[k]);
        if (to[k])
            *to[k] = (int)x;
        else
            *usec = x;
    }
    return tm;
}

static time_t seconds_arg(struct call *c, int i, double *t)
{
    *t = arg_num(c, i);
    if (!(fabs(*t) < 1e15))
        fail_arg(c, i, "a time in seconds");
    return (time_t)floor(*t);
}

BUILTIN(localtime, 1, 1, 1, NO_GRAD,
  "tm = localtime(t)\n\n"
  "A struct with the fields usec, sec, min, hour, mday, mon (from 0), year (since 1900), wday (Sunday is 0), yday "
  "(from 0), isdst, gmtoff and zone of the time t (seconds since 1970) where this computer is.\n\n"
  "Example:\n  localtime(0).year >= 69\n  ans = 1\n\n"
  "See also: gmtime, mktime, strftime, time")
{
    double t;
    time_t s = seconds_arg(c, 0, &t);
    struct tm tm;
    if (!localtime_r(&s, &tm))
        fail_arg(c, 0, "a time in the reach of the calendar");
    result(c, 0, tm_value(t, &tm));
}

BUILTIN(gmtime, 1, 1, 1, NO_GRAD,
  "tm = gmtime(t)\n\n"
  "As localtime, in Greenwich.\n\n"
  "Example:\n  gmtime(0).hour\n  ans = 0\n\n"
  "See also: localtime, mktime, strftime")
{
    double t;
    time_t s = seconds_arg(c, 0, &t);
    struct tm tm;
    if (!gmtime_r(&s, &tm))
        fail_arg(c, 0, "a time in the reach of the calendar");
    result(c, 0, tm_value(t, &tm));
}

BUILTIN(mktime, 1, 1, 1, NO_GRAD,
  "t = mktime(tm)\n\n"
  "The seconds since 1970 of a local time as localtime makes it.\n\n"
  "Example:\n  mktime(localtime(1e9))\n  ans = 1000000000\n\n"
  "See also: localtime, strftime")
{
    double usec;
    struct tm tm = tm_arg(c, 0, &usec);
    result_num(c, 0, (double)mktime(&tm) + 1e-6 * usec);
}

BUILTIN(strptime, 2, 2, 2, NO_GRAD,
  "[tm, n] = strptime(s, format)\n\n"
  "The time that stands in the text s in the form that format tells, in strftime's words, as a struct like that of "
  "localtime. n is the place behind the last character that was read; 0 when s does not fit, and then all is zero.\n\n"
  "Example:\n  tm = strptime('2024-02-29 12:30', '%Y-%m-%d %H:%M'); [tm.mday, tm.hour, tm.yday]\n  ans =\n     29   12 "
  "  59\n\n"
  "See also: strftime, datenum, mktime")
{
    const char *s = arg_text(c, 0, NULL), *format = arg_text(c, 1, NULL);
    struct tm tm = { 0 };
    const char *rest = strptime(s, format, &tm);
    if (!rest)
        tm = (struct tm){ 0 };
    result(c, 0, tm_value(0, &tm));
    result_num(c, 1, rest ? (double)(rest - s) + 1 : 0);
}

BUILTIN(strftime, 2, 2, 1, NO_GRAD,
  "s = strftime(format, tm)\n\n"
  "A time as text; %Y %m %d %H %M %S %A %B … in format stand for its parts, as in C.\n\n"
  "Example:\n  strftime('%Y-%m-%d %H:%M', gmtime(0))\n  ans = 1970-01-01 00:00\n\n"
  "See also: localtime, gmtime, datestr")
{
    const char *format = arg_text(c, 0, NULL);
    double usec;
    struct tm tm = tm_arg(c, 1, &usec);
    if (!*format) {
        result_text(c, 0, "");
        return;
    }
    char *f = scratch(strlen(format) + 2);    /* a blank more, so that an empty result is told from too little room */
    sprintf(f, "%s ", format);
    for (size_t size = 256;; size *= 2) {
        char *s = scratch(size);
        size_t n = strftime(s, size, f, &tm);
        if (n || size > 1 << 20) {
            result(c, 0, tensor_value(tensor_text(s, n ? n - 1 : 0)));
            return;
        }
    }
}

BUILTIN(asctime, 1, 1, 1, NO_GRAD,
  "s = asctime(tm)\n\n"
  "A time as localtime makes it, in the form of C, with a newline.\n\n"
  "Example:\n  strtrim(asctime(gmtime(0)))\n  ans = Thu Jan 01 00:00:00 1970\n\n"
  "See also: ctime, strftime")
{
    double usec;
    struct tm tm = tm_arg(c, 0, &usec);
    char s[128];
    strftime(s, sizeof s, "%a %b %d %H:%M:%S %Y\n", &tm);
    result_text(c, 0, s);
}

BUILTIN(ctime, 1, 1, 1, NO_GRAD,
  "s = ctime(t)\n\n"
  "The same as asctime(localtime(t)).\n\n"
  "Example:\n  length(ctime(0))\n  ans = 25\n\n"
  "See also: asctime, strftime")
{
    double t;
    time_t s = seconds_arg(c, 0, &t);
    struct tm tm;
    char text[128];
    if (!localtime_r(&s, &tm))
        fail_arg(c, 0, "a time in the reach of the calendar");
    strftime(text, sizeof text, "%a %b %d %H:%M:%S %Y\n", &tm);
    result_text(c, 0, text);
}
