/* SPDX-License-Identifier: BSD-3-Clause */
/* print.c: display of every kind of value.
 *
 * The one idea: `show(v, name)` prints `name = …` and disp is the same without a name.  Containers raise the
 * indentation and show their contents under names like [1,2]; a class shows itself.  Lines are put together in a
 * buffer and leave through the sink, so that memory stays small however large the value. */
#include "numfmt.h"
#include "gpu.h"
#include "sparse.h"
#include <math.h>
#include <stdlib.h>

enum {
    ELIDE = 1000 /* elements; then the prompt shows */,
    SOME = 20 /* rows */,
    TAIL = 5 /* of them from the end */,
    DEEPEST = 256 /* levels of containers */
};

static void state_free(void)
{
    void **room = context_room(ROOM_PRINT);
    free(*room);
    *room = NULL;
}

struct print_state *print_state(void)
{
    void **room = context_room(ROOM_PRINT);
    if (!*room) {
        struct print_state *s = calloc(1, sizeof *s);
        if (!s)
            fail_memory(sizeof *s);
        s->precision = 5;
        s->width = PRINT_WIDTH;
        s->levels = 2;
        *room = s;
        context_at_exit(state_free);
    }
    return *room;
}

int print_indent(void)
{
    return print_state()->indent;
}

void print_elide(bool on)
{
    print_state()->elide = on;
}

void print_width(int columns)
{
    print_state()->width = columns;
}

void print_blanks(int n)
{
    for (; n > 0; n -= 16)
        out_text("                ", (size_t)MIN(n, 16));
}

static void indent(struct buf *o)
{
    for (int i = print_state()->indent; i > 0; i--)
        buf_putc(o, ' ');
}

static void line_out(struct buf *o)           /* the buffer as a line; it is empty then */
{
    buf_putc(o, '\n');
    out_text(o->s, o->n);
    o->n = 0;
    o->s[0] = 0;
}

static void blank_line(void)
{
    out_text("\n", 1);
}

static void blank_unless_compact(void)
{
    if (!print_state()->compact)
        blank_line();
}

void print_after(void)
{
    if (!print_state()->compact || !print_indent())
        blank_line();
}

void print_header(const char *name)
{
    print_blanks(print_indent());
    outf("%s =\n", name);
    blank_unless_compact();
}

static void one_line(const char *name, const char *s, size_t n)
{
    print_blanks(print_indent());
    if (name)
        outf("%s = ", name);
    out_text(s, n);
    blank_line();
}

/* ---- integers and truth values: columns as wide as the widest magnitude, plus one if anything is negative */
static int integer_text(char *s, const struct tensor *t, i64 i, bool *negative)
{
    value v = element_value(t, i);
    if (t->dtype == D_INT64) {
        *negative = v.i < 0;
        return sprintf(s, "%lld", (long long)v.i);
    }
    if (t->dtype == D_UINT64)
        return sprintf(s, "%llu", (unsigned long long)v.u);
    *negative = v.num < 0;
    return sprintf(s, "%.0f", v.num);
}

/* As in Octave zeros have no digits, and the least number of a class counts for nothing: its magnitude overflows. */
static int integer_width(const struct tensor *t)
{
    int w = 0;
    char least[32];
    snprintf(least, sizeof least, "-%llu", 1ULL << (8 * dtypes[t->dtype].size - 1));
    bool any = false;
    for (i64 i = 0; i < t->numel; i++) {
        char s[32];
        bool neg = false;
        int n = integer_text(s, t, i, &neg) - neg;
        if ((n == 1 && s[0] == '0') || (neg && !strcmp(s, least)))
            continue;
        any |= neg;
        w = MAX(w, n);
    }
    return w + any;
}

static int integer_bits(char *s, const struct tensor *t, i64 i, char form)
{
    int size = dtypes[t->dtype].size;
    uint64_t u = 0;
    memcpy(&u, t->data + tensor_offset(t, i) * size, (size_t)size);
    if (form == 'x')
        return sprintf(s, "%0*llx", 2 * size, (unsigned long long)u);
    for (int b = 0; b < 8 * size; b++)
        s[b] = '0' + (u >> (8 * size - 1 - b) & 1);
    return 8 * size;
}

/* ---- one page of a matrix, as something that can write its element (i, j) */
struct page {
    const struct tensor *t;                   /* 2-d */
    struct numfmt f;
    const double *x;                          /* parts of a float: column-major, complex interleaved */
    int column;                               /* width with the gap before, for the splitting of long rows */
    bool range, cents;                        /* cents: integers as amounts, 5.00 */
};

static char raw_form(void)                    /* hex and bits show integers too */
{
    enum form f = print_state()->form;
    return f == FORM_HEX ? 'x' : f == FORM_BIT ? '1' : 0;
}

static struct page page_of(struct tensor *t, int flags, int intwidth)
{
    struct page p = { .t = t };
    int fl = dtypes[t->dtype].flags;
    if (fl & DT_F) {
        struct tensor *d = tensor_dense(tensor_cast(t, fl & DT_C ? D_CDOUBLE : D_DOUBLE));
        p.x = (const double *)d->data;
        flags |= dtype_real(t->dtype) == D_SINGLE ? FMT_SINGLE : 0;
        bool near = !(flags & FMT_SCALAR);
        struct extent re = EXTENT_0(near), im = EXTENT_0(near);
        if (fl & DT_C) {
            extent_add(&re, p.x, t->numel, 2);
            extent_add(&im, p.x + 1, t->numel, 2);
            p.f = numfmt_complex(re, im, flags);
        } else {
            extent_add(&re, p.x, t->numel, 1);
            p.f = numfmt_real(re, flags);
        }
        p.column = numfmt_column(&p.f);
    } else {
        char form = raw_form();
        p.f = (struct numfmt){ .form = form ? form : 'i' };
        p.f.w = form ? dtypes[t->dtype].size * (form == 'x' ? 2 : 8) : intwidth >= 0 ? intwidth : integer_width(t);
        p.cents = !form && print_state()->form == FORM_BANK;
        p.f.w += p.cents ? 3 : 0;
        p.column = 2 + p.f.w;
    }
    return p;
}

static void page_put(struct buf *o, const struct page *p, i64 i, bool padded)
{
    if (dtype_is(p->t->dtype, DT_C)) {
        numfmt_put_complex(o, &p->f, p->x[2 * i], p->x[2 * i + 1]);
    } else if (p->x) {
        numfmt_put(o, &p->f, p->x[i], padded ? p->f.w : 0);
    } else {
        char s[80];
        bool neg;
        int n = p->f.form == 'i' ? integer_text(s, p->t, i, &neg) : integer_bits(s, p->t, i, p->f.form);
        if (p->cents)
            n += sprintf(s + n, ".00");
        for (int k = n; padded && k < p->f.w; k++)
            buf_putc(o, ' ');
        buf_add(o, s, (size_t)n);
    }
}

static void columns_header(struct buf *o, i64 from, i64 to)
{
    indent(o);
    if (to - from == 1)
        buff(o, " Column %lld:", (long long)from + 1);
    else
        buff(o, " Columns %lld %s %lld:", (long long)from + 1, to - from == 2 ? "and" : "through", (long long)to);
    line_out(o);
    blank_unless_compact();
}

/* below, beside: the prompt has left out rows and columns of the matrix */
/* gap: before this row stands a mark that some are left out (0: none); beside: columns are; skip: so many between the first
   line of columns and the next. */
static void page_rows(const struct page *p, i64 gap, bool beside, i64 skip)
{
    struct buf *o = buf_new();
    i64 rows = p->t->dim[0], cols = p->t->dim[1], each = cols;
    int width = print_state()->width - print_indent();
    bool tight = p->f.form == '+', cut = (double)cols * p->column > width;
    if (cut)                                  /* as Octave: a range is split where it stands without indentation */
        each = MAX((p->range ? print_state()->width : width) / p->column, 1);
    for (i64 j = 0; j < cols; j += each) {
        i64 end = MIN(j + each, cols);
        if (cut) {
            if (j > 0)
                blank_unless_compact();
            columns_header(o, j ? j + skip : 0, j ? end + skip : end);
        }
        for (i64 i = 0; i < rows; i++) {
            poll();
            if (gap && i == gap) {
                indent(o);
                buf_puts(o, "  …");
                line_out(o);
            }
            indent(o);
            for (i64 k = j; k < end; k++) {
                if (!tight)
                    buf_puts(o, "  ");
                page_put(o, p, k * rows + i, true);
            }
            if (beside && end == cols)
                buf_puts(o, "  …");
            line_out(o);
        }
    }
}

static void page_text(const struct tensor *t)  /* rows of characters, never indented */
{
    struct buf *o = buf_new();
    for (i64 i = 0; i < t->dim[0]; i++) {
        for (i64 j = 0; j < t->dim[1]; j++)
            buf_putc(o, t->data[i * t->stride[0] + j * t->stride[1]]);
        line_out(o);
    }
}

/* ---- scalars */
void print_scalar(struct buf *b, value v)
{
    struct page p = page_of(tensor_of(v), FMT_SCALAR, 0);
    page_put(b, &p, 0, false);
}

static void show_scalar(struct tensor *t, const char *name)
{
    struct buf *o = buf_new();
    struct page p = page_of(t, FMT_SCALAR, 0);
    if (p.f.form != 'g' && !dtype_is(t->dtype, DT_C) && dtype_is(t->dtype, DT_F) && is_na(element_double(t, 0)))
        buf_putc(o, ' ');                     /* as Octave, which gives it the width of NaN */
    bool zero = !dtype_is(t->dtype, DT_C) &&
                element_double(t, 0) == 0; /* as Octave, which gives it the width of a number there */
    bool padded = p.f.form == 'g' || (zero && (p.f.form == 'e' || p.f.form == 'E'));
    p.f.w -= !zero ? 0 : p.f.form == 'E' ? 2 : p.f.form == 'e';
    page_put(o, &p, 0, padded);
    one_line(name, o->s, o->n);
}

/* ---- tensors of any shape */
static void show_empty(int nd, const i64 *dim, const char *name, const char *brackets)
{
    char d[128], s[160];
    int n = snprintf(s, sizeof s, "%s(%s)", brackets, dims_text(nd, dim, d));
    one_line(name, s, (size_t)n);
}

bool print_elides(i64 n) { return print_state()->elide && n > ELIDE; }
static bool elided(i64 numel)
{
    return print_state()->elide && numel > ELIDE;
}

static void show_page(struct tensor *t, int flags, int intwidth)
{
    if (t->dtype == D_CHAR) {
        page_text(t);
        return;
    }
    struct page p = page_of(t, flags, intwidth);
    page_rows(&p, 0, false, 0);
}

/* The first `head` and the last `tail` rows (d 0) or columns (d 1), joined. */
static struct tensor *ends_of(const struct tensor *t, int d, i64 head, i64 tail)
{
    i64 dim[2] = { t->dim[0], t->dim[1] }, left_out[2] = { 0, 0 };
    left_out[d] = dim[d] - head - tail;
    dim[d] = head + tail;
    struct tensor *y = tensor_new(t->dtype, 2, dim);
    i64 size = dtypes[t->dtype].size;
    for (i64 j = 0; j < dim[1]; j++)
        for (i64 i = 0; i < dim[0]; i++) {
            i64 row = i + (i >= head ? left_out[0] : 0), col = j + (j >= head ? left_out[1] : 0);
            memcpy(y->data + (i + j * dim[0]) * size, t->data + (row * t->stride[0] + col * t->stride[1]) * size,
                   (size_t)size);
        }
    return y;
}

/* The beginning and the end of a page: rows that fit a screen, columns that fit a line; of a row its first line and its
 * last. */
static void show_some(struct tensor *t, int flags, int intwidth)
{
    int width = print_state()->width;
    i64 rows = t->dim[0], cols = t->dim[1], gap = rows > SOME ? SOME - TAIL : 0;
    if (rows == 1 && t->dtype != D_CHAR) {
        i64 each = MIN(cols / 2, width);
        struct page p = page_of(ends_of(t, 1, each, each), flags, intwidth);
        each = MIN(each, MAX(1, (width - print_indent()) / p.column));
        p = page_of(ends_of(t, 1, each, each), flags, intwidth);
        page_rows(&p, 0, false, cols - 2 * each);
        return;
    }
    struct tensor *some = tensor_alias(t, 2, (i64[]){ rows, MIN(cols, width) }, t->stride, 0);
    if (gap)
        some = ends_of(some, 0, gap, TAIL);
    if (t->dtype == D_CHAR) {
        page_text(some);
        return;
    }
    struct page p = page_of(some, flags, intwidth);
    i64 shown = MIN(some->dim[1], MAX(1, (width - 3) / p.column));
    p = page_of(tensor_alias(some, 2, (i64[]){ some->dim[0], shown }, some->stride, 0), flags, intwidth);
    page_rows(&p, gap, shown < cols, 0);
}

static i64 page_count(const struct tensor *t)
{
    i64 n = 1;
    for (int d = 2; d < t->nd; d++)
        n *= t->dim[d];
    return n;
}

static void page_name(struct buf *o, const struct tensor *t, i64 k)
{
    buf_puts(o, "ans(:,:");
    for (int d = 2; d < t->nd; k /= t->dim[d++])
        buff(o, ",%lld", (long long)(k % t->dim[d]) + 1);
    buf_putc(o, ')');
}

static void show_pages(struct tensor *t, const char *name)
{
    bool whole = dtype_is(t->dtype, DT_I),
         one = (t->dim[0] * t->dim[1] == 1 && !whole) || (t->dtype == D_CHAR && t->dim[0] == 1);
    int intwidth = whole ? integer_width(t) : -1;
    i64 n = page_count(t), shown = n;
    bool brief = elided(t->numel);
    if (brief)
        shown = MIN(n, 3);
    for (i64 k = 0, offset; k < shown; k++) {
        int mark = pool_mark();
        offset = tensor_offset(t, k * t->dim[0] * t->dim[1]);
        struct tensor *p = tensor_narrow(tensor_alias(t, 2, t->dim, t->stride, offset));
        struct buf *o = buf_new();
        page_name(o, t, k);
        if (one && t->dtype == D_CHAR) {
            p = tensor_dense(p);
            print_blanks(name && k == 0 ? 0 : print_indent());
            outf("%s = ", o->s);
            out_text(p->data, (size_t)p->numel);
            blank_line();
        } else if (one) {
            show_scalar(p, o->s);
        } else {
            int base = print_state()->indent;
            print_state()->indent = whole ? 0 : base;           /* as Octave, also inside a cell or struct */
            print_header(o->s);
            print_state()->indent = base;
            (brief ? show_some : show_page)(p, 0, intwidth);
            if (k < shown - 1)
                (whole ? blank_line : blank_unless_compact)();
        }
        pool_release(mark);
    }
    if (shown < n) {
        blank_line();
        print_blanks(print_indent());
        outf("… and %lld more pages\n", (long long)(n - shown));
    }
}

static void show_tensor(value v, const char *name)
{
    struct tensor *t = tensor_of(v);
    int flags = v.kind == K_RANGE ? FMT_RANGE : 0;
    bool text = t->dtype == D_CHAR;
    if (t->numel == 0 && !(text && t->nd == 2 && (t->dim[0] > 0 || t->dim[1] >= 0))) {
        show_empty(t->nd, t->dim, name, "[]");
        return;
    }
    if (text && t->nd == 2 && (t->dim[0] == 1 || t->dim[0] == 0)) {
        t = tensor_dense(t);
        one_line(name, t->data, (size_t)t->numel);
        return;
    }
    if (t->numel == 1) {
        show_scalar(t, name);
        return;
    }
    bool rows = text && t->nd > 2 && t->dim[0] == 1;
    if (name && rows) {
        print_blanks(print_indent());
        outf("%s = ", name);                  /* as Octave: the first page goes on in this line */
    } else if (name)
        print_header(name);
    if (t->nd > 2) {
        show_pages(t, name);
    } else if (name && elided(t->numel)) {
        show_some(t, flags, -1);
        char d[128];
        blank_line();
        print_blanks(print_indent());
        outf("  %s in all; disp(%s) shows every element\n", tensor_shape(t, d), name);
    } else if (v.kind == K_RANGE && dtype_is(t->dtype, DT_F)) {
        /* the format follows the limit as it was written, not the last element */
        struct page p = page_of(t, flags, -1);
        double ends[2] = { v.range->base, v.range->limit };
        struct extent e = EXTENT_0(true), in = EXTENT_0(true);
        extent_add(&e, ends, 2, 1);
        extent_add(&in, p.x, t->numel, 1);
        e.ints = in.ints;
        p.f = numfmt_real(e, flags);
        p.column = numfmt_column(&p.f);
        p.range = true;
        page_rows(&p, 0, false, 0);
    } else {
        show_page(t, flags, -1);
    }
    if (name && !rows)
        print_after();
}

/* ---- containers */
static void show(value v, const char *name, int levels);

static void show_cell(struct cell *c, const char *name, int levels)
{
    char s[160];
    if (c->nd > 2) {
        char d[128];
        int n = snprintf(s, sizeof s, "{%s Cell Array}", dims_text(c->nd, c->dim, d));
        one_line(name, s, (size_t)n);
        return;
    }
    if (c->numel == 0) {
        show_empty(c->nd, c->dim, name, "{}");
        return;
    }
    struct print_state *st = print_state();
    if (name) {
        print_blanks(st->indent);
        outf("%s =\n", name);
    }
    print_blanks(st->indent);
    out_text("{\n", 2);
    st->indent += 2;
    for (i64 j = 0, i; j < c->dim[1]; j++)
        for (i = 0; i < c->dim[0]; i++) {
            if (name && elided(c->numel) && i + j * c->dim[0] >= ELIDE)
                goto cut;
            snprintf(s, sizeof s, "[%lld,%lld]", (long long)i + 1, (long long)j + 1);
            show(c->v[i + j * c->dim[0]], s, levels);
        }
    if (0) {
    cut:
        print_blanks(st->indent);
        outf("… %lld more\n", (long long)(c->numel - ELIDE));
    }
    st->indent -= 2;
    print_blanks(st->indent);
    out_text("}\n", 2);
    if (name)
        print_after();
}

static const char *type_words(value v)         /* what a field holds, where the levels end */
{
    if (!is_tensor_like(v))
        return v.kind == K_CELL ? "cell" : v.kind == K_STRUCT ? v.rec->numel == 1 ? "scalar struct" : "struct"
             : v.kind == K_FUNC ? "function handle" : class_of(v);
    if (v.kind == K_RANGE)
        return "double_range";
    int dt = value_dtype(v);
    bool one = value_numel(v) == 1;
    static char words[64];
    if (dt == D_CHAR)                         /* Octave's words for texts by their quotes */
        return v.kind == K_TENSOR && v.t->flags & T_DQ ? "string" : "sq_string";
    if (dt == D_LOGICAL)
        return one ? "bool" : "bool matrix";
    snprintf(words, sizeof words, "%s%s%s%s", dtype_is(dt, DT_I) ? dtypes[dt].class : "",
             dtype_real(dt) == D_SINGLE ? "float " : "",
             dtype_is(dt, DT_C)   ? "complex "
             : dtype_is(dt, DT_I) ? " "
                                  : "",
             one ? "scalar" : "matrix");
    return words;
}

static void show_fields(struct record *r, int levels)
{
    for (int f = 0; f < r->f->n; f++) {
        const char *name = r->f->name[f]->text;
        value v = r->v[f];
        if (levels > 0) {
            show(v, name, levels);
        } else {
            char d[128];
            print_blanks(print_indent());
            outf("%s: %s %s\n", name, value_shape(v, d), type_words(v));
        }
    }
}

static void show_struct(struct record *r, const char *name, int levels)
{
    struct print_state *st = print_state();
    char d[128];
    int base = st->indent;
    if (name)
        print_header(name);
    if (r->numel != 1) {
        print_blanks(base + 2);
        outf("%s struct array containing the fields:\n", dims_text(r->nd, r->dim, d));
        blank_unless_compact();
        for (int f = 0; f < r->f->n; f++) {
            print_blanks(base + 4);
            outf("%s\n", r->f->name[f]->text);
        }
    } else {
        if (name) {
            print_blanks(base + 2);
            out_puts("scalar structure containing the fields:\n");
            blank_unless_compact();
        }
        st->indent = base + 4;
        show_fields(r, levels);
        st->indent = base;
    }
    if (name)
        print_after();
}

static void show_object(value v, const char *name)
{
    const struct class *k = v.kind == K_FUNC ? v.func->class : v.inst->class;
    char s[128];
    if (k->print) {
        k->print(v, name);
        return;
    }
    int n = snprintf(s, sizeof s, "<%s>", class_of(v));
    one_line(name, s, (size_t)n);
}

static void show_there(value v, const char *name)         /* on a device: it says so, then as everywhere */
{
    char s[128];
    int n = snprintf(s, sizeof s, "(on gpu %d)", value_device(v));
    if (name)
        one_line(name, s, (size_t)n);
    show_tensor(gpu_read_value(v, "display"), NULL);
    if (name)
        blank_line();
}

/* levels: how many more levels of structs show their fields' contents */
static void show(value v, const char *name, int levels)
{
    int mark = pool_mark();
    poll();
    if (print_indent() > 4 * DEEPEST) {
        one_line(name, "…", 3);
        return;
    }
    switch (v.kind) {
    case K_CELL:   show_cell(v.cell, name, levels); break;
    case K_STRUCT: show_struct(v.rec, name, v.rec->numel == 1 ? levels - 1 : levels); break;
    case K_FUNC:
    case K_OBJECT: show_object(v, name); break;
    case K_SPARSE: sparse_print(v, name); break;
    case K_COLON:  one_line(name, ":", 1); break;
    case K_NIL:    break;
    default:
        if (value_device(v))
            show_there(v, name);
        else
            show_tensor(v, name);
    }
    pool_release(mark);
}

struct showing { value v; const char *name; };

static void show_protected(void *p)
{
    struct showing *s = p;
    show(s->v, s->name, print_state()->levels + 1);
}

static void show_from(value v, const char *name, bool elide)
{
    struct print_state *st = print_state(), before = *st;
    struct showing s = { v, name };
    st->elide = elide;
    int failed = protect(show_protected, &s);               /* Ctrl-C in the middle of a cell */
    st->indent = before.indent;
    st->elide = before.elide;
    if (failed)
        fail_again();
}

void print_display(value v, const char *name)
{
    show_from(v, name, print_state()->elide);
}

void print_disp(value v)
{
    show_from(v, NULL, false);
}
