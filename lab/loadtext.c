/* SPDX-License-Identifier: BSD-3-Clause */
/* loadtext.c: reading Octave's text format, as Octave 3 to 7 write it.
 *
 * The whole text is in memory, with a NUL behind it.  As in load.c every size is held against what is left of it. Blank
 * lines and lines of comment that are no key we wait for count for nothing, so files edited by hand are read too. */
#include "save.h"
#include "sparse.h"
#include "text.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

struct in { const char *who, *file, *name, *start, *p, *end; int depth; };

static NORETURN void wrong(struct in *r, const char *what)
{
    i64 line = 1;
    for (const char *s = r->start; s < r->p && s < r->end; s++)
        line += *s == '\n';
    fail("Octave:load-error", "%s: '%s', line %lld, in '%s': %s", r->who, r->file, (long long)line, r->name, what);
}

/* ---- lines */
static const char *line_end(const struct in *r)
{
    const char *e = r->p < r->end ? memchr(r->p, '\n', (size_t)(r->end - r->p)) : NULL;
    return e ? e : r->end;
}

static void next_line(struct in *r)
{
    const char *e = line_end(r);
    r->p = e < r->end ? e + 1 : e;
}

static void skip_blank(struct in *r)
{
    while (r->p < r->end && isspace((unsigned char)*r->p))
        r->p++;
}

/* A line `# key: value` here: where the value begins, else NULL. */
static const char *key_at(const struct in *r, const char *key)
{
    const char *s = r->p, *e = line_end(r);
    size_t n = strlen(key);
    while (s < e && (*s == '#' || *s == '%' || *s == ' '))
        s++;
    if (s == r->p || (*r->p != '#' && *r->p != '%') || (size_t)(e - s) <= n || memcmp(s, key, n) || s[n] != ':')
        return NULL;
    for (s += n + 1; s < e && (*s == ' ' || *s == '\t'); s++)
        ;
    return s;
}

/* The value of the key that must come now (or may: then NULL and nothing is passed), in the pool. */
static const char *maybe_key(struct in *r, const char *key, size_t *n)
{
    skip_blank(r);
    const char *s = key_at(r, key), *e = line_end(r);
    if (!s)
        return NULL;
    while (e > s && isspace((unsigned char)e[-1]))
        e--;
    char *t = scratch((size_t)(e - s) + 1);
    memcpy(t, s, (size_t)(e - s));
    t[e - s] = 0;
    if (n)
        *n = (size_t)(e - s);
    next_line(r);
    return t;
}

static const char *key(struct in *r, const char *name)
{
    const char *s = maybe_key(r, name, NULL);
    char what[80];
    snprintf(what, sizeof what, "a line '# %s: …' is missing", name);
    if (!s)
        wrong(r, what);
    return s;
}

static i64 size_from(struct in *r, const char *s, const char **behind)
{
    char *e;
    errno = 0;
    long long n = strtoll(s, &e, 10);
    if (e == s || errno || n < 0)
        wrong(r, "a size must be a whole number");
    if (behind)
        *behind = e;
    return n;
}

static i64 size_key(struct in *r, const char *name)
{
    return size_from(r, key(r, name), NULL);
}

/* ---- shapes */
static i64 held(struct in *r, int nd, const i64 *dim)      /* number of elements, each of which takes a byte at least */
{
    uint64_t n = 1;
    for (int d = 0; d < nd; d++)
        if (dim[d] == 0)
            return 0;
    for (int d = 0; d < nd; d++)
        if (__builtin_mul_overflow(n, (uint64_t)dim[d], &n) || n > (uint64_t)(r->end - r->p))
            wrong(r, "a size is larger than the file");
    return (i64)n;
}

static int get_dims(struct in *r, const char *count, i64 *dim)
{
    i64 nd = size_from(r, count, NULL);
    if (nd < 2 || nd > MAX_DIMS)
        wrong(r, "the number of dimensions must be from 2 to 32");
    for (int d = 0; d < nd; d++) {
        const char *e;
        dim[d] = size_from(r, r->p, &e);
        r->p = e;
    }
    next_line(r);
    return (int)nd;
}

static int get_shape(struct in *r, i64 *dim, bool *rows)   /* # ndims:, or # rows: and # columns: */
{
    const char *s = maybe_key(r, "ndims", NULL);
    if (rows)
        *rows = !s;
    if (s)
        return get_dims(r, s, dim);
    dim[0] = size_key(r, "rows");
    dim[1] = size_key(r, "columns");
    return 2;
}

/* ---- numbers */
static double get_real(struct in *r)
{
    size_t used;
    skip_blank(r);
    const char *s = r->p;
    bool minus = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    if (!strncmp(s, "Inf", 3)) {
        r->p = s + 3;
        return minus ? -INFINITY : INFINITY;
    }
    if (!strncmp(s, "NaN", 3)) {
        r->p = s + 3;
        return NAN;
    }
    double x = text_number(r->p, (size_t)(r->end - r->p), &used);      /* NA too */
    if (!used)
        wrong(r, "a number is missing");
    r->p += used;
    return x;
}

static void expect(struct in *r, char ch)
{
    skip_blank(r);
    if (*r->p != ch)
        wrong(r, "a complex number must be written (1,2)");
    r->p++;
}

static void get_element(struct in *r, struct tensor *t, i64 i)
{
    char *to = t->data + i * dtypes[t->dtype].size;
    if (dtype_is(t->dtype, DT_C)) {
        double z[2];
        expect(r, '(');
        z[0] = get_real(r);
        expect(r, ',');
        z[1] = get_real(r);
        expect(r, ')');
        convert_run(t->dtype, to, D_CDOUBLE, z, 1);
    } else if (t->dtype == D_INT64 || t->dtype == D_UINT64) {
        char *e;
        skip_blank(r);
        bool minus = *r->p == '-';
        int64_t x = t->dtype == D_INT64 ? strtoll(r->p, &e, 10)
                    : minus             ? (strtoll(r->p, &e, 10), 0)
                                        : (int64_t)strtoull(r->p, &e, 10);
        if (e == r->p)
            wrong(r, "a whole number is missing");
        r->p = e;
        memcpy(to, &x, 8);
    } else {
        double x = get_real(r);
        convert_run(t->dtype, to, D_DOUBLE, &x, 1);
    }
}

static value get_matrix(struct in *r, int dt)
{
    i64 dim[MAX_DIMS];
    bool rows;
    int nd = get_shape(r, dim, &rows);
    i64 n = held(r, nd, dim);
    struct tensor *t = tensor_new(dt, nd, dim);
    for (i64 i = 0; i < n; i++) {
        if ((i & 4095) == 0)
            poll();
        get_element(r, t, rows ? i / dim[1] + i % dim[1] * dim[0] : i);
    }
    return tensor_value(t);
}

static value get_scalar(struct in *r, int dt)
{
    struct tensor *t = tensor_2d(dt, 1, 1);
    get_element(r, t, 0);
    return tensor_value(t);
}

static value get_diagonal(struct in *r, int dt)
{
    i64 dim[2] = { size_key(r, "rows"), size_key(r, "columns") };
    i64 n = held(r, 1, &(i64){ MIN(dim[0], dim[1]) });
    struct tensor *d = tensor_2d(dt, n, 1), *t = tensor_zeros(dt, 2, dim);
    size_t size = dtypes[dt].size;
    for (i64 i = 0; i < n; i++) {
        get_element(r, d, i);
        memcpy(t->data + (i + i * dim[0]) * (i64)size, d->data + i * (i64)size, size);
    }
    return tensor_value(t);
}

static value get_permutation(struct in *r)
{
    i64 n = held(r, 1, &(i64){ size_key(r, "size") });
    bool columns = !strcmp(key(r, "orient"), "c");
    struct tensor *t = tensor_zeros(D_DOUBLE, 2, (i64[]){ n, n });
    for (i64 i = 0; i < n; i++) {
        double k = get_real(r);
        if (!(k >= 1 && k <= (double)n) || k != floor(k))
            wrong(r, "a permutation must hold numbers from 1 to its size");
        ((double *)t->data)[columns ? (i64)k - 1 + i * n : i + ((i64)k - 1) * n] = 1;
    }
    return tensor_value(t);
}

static value get_range(struct in *r)
{
    double x[3];
    skip_blank(r);
    while (*r->p == '#' || *r->p == '%')
        next_line(r);
    for (int i = 0; i < 3; i++)
        x[i] = get_real(r);
    return range_new(x[0], x[2], x[1]);
}

/* ---- text */
static value get_text(struct in *r, bool dq)
{
    i64 dim[MAX_DIMS];
    const char *s = maybe_key(r, "ndims", NULL);
    struct tensor *t;
    if (s) {
        int nd = get_dims(r, s, dim);
        i64 n = held(r, nd, dim);
        t = tensor_new(D_CHAR, nd, dim);
        memcpy(t->data, r->p, (size_t)n);
        r->p += n;
    } else {
        i64 rows = held(r, 1, &(i64){ size_key(r, "elements") });
        t = tensor_2d(D_CHAR, 0, 0);
        for (i64 i = 0; i < rows; i++) {
            i64 n = held(r, 1, &(i64){ size_key(r, "length") });
            if (i == 0) {
                held(r, 2, (i64[]){ rows, n });
                t = tensor_2d(D_CHAR, rows, n);
            }
            if (n != t->dim[1])
                wrong(r, "the rows of a text must be of one length");
            for (i64 j = 0; j < n; j++)
                t->data[i + j * rows] = r->p[j];
            r->p += n;
            next_line(r);
        }
        if (rows == 0 && maybe_key(r, "length", NULL))
            next_line(r);
    }
    if (dq)
        t->flags |= T_DQ;
    return tensor_value(t);
}

/* ---- values that hold others */
static value get_named(struct in *r, const char **name, size_t *len);

static value get_cell(struct in *r)
{
    i64 dim[MAX_DIMS];
    const char *name;
    size_t len;
    int nd = get_shape(r, dim, NULL);
    i64 n = held(r, nd, dim);
    struct cell *c = cell_new(nd, dim);
    for (i64 i = 0; i < n; i++)
        cell_set(c, i, get_named(r, &name, &len));
    return cell_value(c);
}

static value get_struct(struct in *r, bool scalar)
{
    i64 dim[MAX_DIMS] = { 1, 1 };
    int nd = 2;
    const char *s = maybe_key(r, "ndims", NULL);
    if (s)
        nd = get_dims(r, s, dim);
    i64 n = held(r, 1, &(i64){ size_key(r, "length") });
    struct record *y = record_new(nd, dim, 0, NULL);
    if (scalar && y->numel != 1)
        wrong(r, "a scalar struct has one element");
    if (n > 0)
        held(r, nd, dim);
    for (i64 i = 0; i < n; i++) {
        const char *name;
        size_t len;
        value v = get_named(r, &name, &len);
        sym field = symbol_n(name, len);
        if (scalar) {
            record_set(y, 0, field, v);
            continue;
        }
        if (v.kind != K_CELL || (v.cell->numel != y->numel && (i || s)))
            wrong(r, "a field of a struct array must be a cell of its size");
        if (i == 0 && !s)                     /* before Octave 3.4 the cells alone told the size */
            record_resize(y, v.cell->nd, v.cell->dim);
        int f = record_add(y, field);
        for (i64 k = 0; k < y->numel; k++)
            record_put(y, k, f, v.cell->v[k]);
    }
    return record_value(y);
}

static const char *word_line(struct in *r, size_t *n)      /* the next line with something in it, without blanks around */
{
    skip_blank(r);
    const char *s = r->p, *e = line_end(r);
    while (e > s && isspace((unsigned char)e[-1]))
        e--;
    next_line(r);
    *n = (size_t)(e - s);
    return s;
}

static value get_function(struct in *r)
{
    size_t n;
    maybe_key(r, "octaveroot", NULL);
    maybe_key(r, "subtype", NULL);
    const char *s = word_line(r, &n);
    bool closure = n == 12 && !memcmp(s, "@<anonymous>", 12);
    if (closure)
        s = word_line(r, &n);
    const char *count = closure ? maybe_key(r, "length", NULL) : NULL;
    i64 held_n = count ? held(r, 1, &(i64){ size_from(r, count, NULL) }) : 0;
    sym *name = scratch((size_t)(held_n + 1) * sizeof *name);
    value *v = scratch((size_t)(held_n + 1) * sizeof *v), f = nil();
    for (i64 i = 0; i < held_n; i++) {
        const char *t;
        size_t len;
        v[i] = get_named(r, &t, &len);
        name[i] = symbol_n(t, len);
    }
    if (hooks()->function_made && !memchr(s, 0, n))
        f = hooks()->function_made(s, n, closure, (int)held_n, name);
    if (f.kind != K_FUNC)
        wrong(r, "the text of a function is not that of one");
    for (i64 i = 0; i < held_n; i++) {
        value *place = hooks()->function_slot(f, name[i]);
        if (place)
            replace(place, copy(v[i]));
    }
    return f;
}

static value get_sparse(struct in *r, int dt)
{
    i64 nz = size_key(r, "nnz"), m = size_key(r, "rows"), n = size_key(r, "columns");
    if (nz > r->end - r->p)
        wrong(r, "a size is larger than the file");
    if (m >= (i64)1 << 53 || n >= (i64)1 << 53 || (double)m * (double)n >= 0x1p62)
        wrong(r, "a size is too large");
    i64 *i = scratch((size_t)(nz + 1) * sizeof *i), *j = scratch((size_t)(nz + 1) * sizeof *j);
    struct tensor *x = tensor_2d(dt, nz, 1);
    for (i64 k = 0; k < nz; k++) {
        double p = get_real(r), q = get_real(r);
        poll_each(k);
        if (!(p >= 1 && p <= (double)m && q >= 1 && q <= (double)n) || p != floor(p) || q != floor(q))
            wrong(r, "an index of a sparse matrix is out of bound");
        i[k] = (i64)p - 1, j[k] = (i64)q - 1;
        get_element(r, x, k);
    }
    return sparse_value(sparse_triplets(dt, m, n, nz, i, j, x->data, true));
}

/* ---- types */
static bool starts(const char **s, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*s, word, n))
        return false;
    *s += n;
    return true;
}

static value get_value(struct in *r, const char *type)
{
    if (!strcmp(type, "string") || !strcmp(type, "sq_string") || !strcmp(type, "null_string") ||
        !strcmp(type, "null_sq_string"))
        return get_text(r, !strcmp(type, "string") || !strcmp(type, "null_string"));
    if (!strcmp(type, "cell"))
        return get_cell(r);
    if (!strcmp(type, "struct") || !strcmp(type, "scalar struct"))
        return get_struct(r, *type == 's' && type[1] == 'c');
    if (!strcmp(type, "range") || !strcmp(type, "double_range"))
        return get_range(r);
    if (!strcmp(type, "function handle"))
        return get_function(r);
    if (!strcmp(type, "permutation matrix"))
        return get_permutation(r);
    if (!strncmp(type, "sparse ", 7))
        return !strcmp(type + 7, "matrix")        ? get_sparse(r, D_DOUBLE)
               : !strcmp(type + 7, "bool matrix") ? get_sparse(r, D_LOGICAL)
               : !strcmp(type + 7, "complex matrix")
                   ? get_sparse(r, D_CDOUBLE)
                   : (wrong(r, "this kind of sparse matrix is not known here"), nil());
    const char *s = type;
    int dt = starts(&s, "float ") ? D_SINGLE : D_DOUBLE;
    if (starts(&s, "complex "))
        dt = dtype_complex(dt);
    if (s == type) {
        const char *space = strchr(s, ' ');
        char class[16] = "";
        if (space && space - s < (int)sizeof class)
            memcpy(class, s, (size_t)(space - s));
        int named = dtype_named(class);
        if (!strcmp(type, "bool"))
            return get_scalar(r, D_LOGICAL);
        if (!strcmp(class, "bool"))
            dt = D_LOGICAL, s = space + 1;
        else if (named >= 0 && dtype_is(named, DT_I))
            dt = named, s = space + 1;
    }
    if (!strcmp(s, "scalar"))
        return get_scalar(r, dt);
    if (!strcmp(s, "matrix") || !strcmp(s, "null_matrix"))
        return get_matrix(r, dt);
    if (!strcmp(s, "diagonal matrix"))
        return get_diagonal(r, dt);
    char what[120];
    snprintf(what, sizeof what, "the type '%.40s' is not known here", type);
    wrong(r, what);
}

static value get_named(struct in *r, const char **name, size_t *len)
{
    if (++r->depth > SAVE_DEPTH)
        wrong(r, "values are nested too deep");
    skip_blank(r);
    const char *s = maybe_key(r, "name", len);
    if (!s)
        wrong(r, "a line '# name: …' is missing");
    if (memchr(s, 0, *len) || *len > 65535)
        wrong(r, "a name is not one");
    *name = s;
    if (maybe_key(r, "attribute", NULL))      /* global */
        poll();
    value v = get_value(r, key(r, "type"));
    r->depth--;
    return v;
}

/* ---- the file */
static bool to_name(struct in *r, bool comments) /* the next line `# name:`; only lines of comment may lie before it */
{
    for (skip_blank(r); r->p < r->end; next_line(r), skip_blank(r)) {
        if (key_at(r, "name"))
            return true;
        if (comments && *r->p != '#' && *r->p != '%')
            return false;
    }
    return false;
}

bool load_is_text(const char *s, size_t n)
{
    struct in r = { .p = s, .start = s, .end = s + n };
    return to_name(&r, true);
}

struct named_list load_text(const char *who, const char *file, const char *s, size_t n)
{
    struct in r = { who, file, "", s, s, s + n, 0 };
    struct named_list l = { 0, NULL };
    i64 room = 0;
    while (to_name(&r, true)) {
        const char *name;
        size_t len;
        const char *at = r.p;
        const char *shown = maybe_key(&r, "name", &len);
        r.p = at;
        if (!load_is_name(shown, len))
            wrong(&r, "a variable's name is not one");
        r.name = shown;
        value v = get_named(&r, &name, &len);
        if (l.n == room) {
            room = MAX(32, 2 * room);
            struct named *more = scratch((size_t)room * sizeof *more);
            if (l.n)
                memcpy(more, l.v, (size_t)l.n * sizeof *more);
            l.v = more;
        }
        l.v[l.n++] = (struct named){ symbol_n(name, len), v };
    }
    if (r.p < r.end)
        wrong(&r, "what stands here is no '# name: …'");
    return l;
}
