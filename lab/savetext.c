/* SPDX-License-Identifier: BSD-3-Clause */
/* savetext.c: writing Octave's text format, as Octave 7 does.
 *
 * A value is `# name: …`, `# type: …`, then lines that depend on the type, then two empty ones; cells and structs hold
 * such values again.  Every number is written with 17 digits, so it reads back as it was.  What the format has no word
 * for (objects, blocks that Octave could not read) is an error that names the variable; windows become plain arrays. */
#include "save.h"
#include "gpu.h"
#include "sparse.h"
#include "text.h"
#include <complex.h>
#include <errno.h>
#include <math.h>

struct out { FILE *f; const char *who, *file, *name; int depth; };

static void put_named(struct out *w, const char *name, value v);

static void put_real(struct out *w, double x)
{
    if (isfinite(x))
        fprintf(w->f, "%.17g", x);
    else
        fputs(is_na(x) ? "NA" : isnan(x) ? "NaN" : x < 0 ? "-Inf" : "Inf", w->f);
}

static void put_element(struct out *w, const struct tensor *t, i64 i)      /* of a dense tensor */
{
    switch (t->dtype) {
    case D_INT64: fprintf(w->f, "%lld", (long long)((const int64_t *)t->data)[i]); break;
    case D_UINT64: fprintf(w->f, "%llu", (unsigned long long)((const uint64_t *)t->data)[i]); break;
    case D_CDOUBLE:
    case D_CSINGLE: {
        double _Complex z =
            t->dtype == D_CDOUBLE ? ((const double _Complex *)t->data)[i] : ((const float _Complex *)t->data)[i];
        fputc('(', w->f);
        put_real(w, creal(z));
        fputc(',', w->f);
        put_real(w, cimag(z));
        fputc(')', w->f);
        break;
    }
    default: put_real(w, element_double(t, i)); break;
    }
}

static void put_ndims(struct out *w, int nd, const i64 *dim)
{
    fprintf(w->f, "# ndims: %d\n", nd);
    for (int d = 0; d < nd; d++)
        fprintf(w->f, " %lld", (long long)dim[d]);
    fputc('\n', w->f);
}

static void put_rows(struct out *w, i64 rows, i64 cols)
{
    fprintf(w->f, "# rows: %lld\n# columns: %lld\n", (long long)rows, (long long)cols);
}

static void put_text(struct out *w, struct tensor *t)
{
    i64 rows = t->dim[0], cols = t->dim[1];
    fprintf(w->f, "# type: %s\n", t->flags & T_DQ ? "string" : "sq_string");
    if (t->nd > 2) {
        put_ndims(w, t->nd, t->dim);
        fwrite(t->data, 1, (size_t)t->numel, w->f);
        fputc('\n', w->f);
        return;
    }
    fprintf(w->f, "# elements: %lld\n", (long long)rows);
    for (i64 i = 0; i < rows; i++) {
        fprintf(w->f, "# length: %lld\n", (long long)cols);
        for (i64 j = 0; j < cols; j++)
            fputc(t->data[i + j * rows], w->f);
        fputc('\n', w->f);
    }
}

static void put_tensor(struct out *w, struct tensor *t)
{
    char type[64];
    int dt = t->dtype;
    if (dt == D_CHAR) {
        put_text(w, t);
        return;
    }
    bool integer = dtype_is(dt, DT_I);
    snprintf(type, sizeof type, "%s%s%s",
             integer                      ? dtypes[dt].class
             : dt == D_LOGICAL            ? "bool"
             : dtype_real(dt) == D_SINGLE ? "float"
                                          : "",
             integer || dt == D_LOGICAL || dtype_real(dt) == D_SINGLE ? " " : "", dtype_is(dt, DT_C) ? "complex " : "");
    if (t->numel == 1 && t->nd == 2) {
        if (dt == D_LOGICAL)
            fputs("# type: bool\n", w->f);
        else
            fprintf(w->f, "# type: %sscalar\n", type);
        put_element(w, t, 0);
        fputc('\n', w->f);
        return;
    }
    fprintf(w->f, "# type: %smatrix\n", type);
    if (integer || t->nd > 2) {
        put_ndims(w, t->nd, t->dim);
        for (i64 i = 0; i < t->numel; i++) {
            if ((i & 4095) == 0)
                poll();
            fputc(' ', w->f);
            put_element(w, t, i);
            fputc('\n', w->f);
        }
        return;
    }
    put_rows(w, t->dim[0], t->dim[1]);
    for (i64 i = 0; i < t->dim[0]; i++) {
        poll();
        for (i64 j = 0; j < t->dim[1]; j++) {
            fputc(' ', w->f);
            put_element(w, t, i + j * t->dim[0]);
        }
        fputc('\n', w->f);
    }
}

static void put_elements(struct out *w, int nd, const i64 *dim, i64 n, const value *v,
                         i64 step) /* of a cell, or one field of a struct array */
{
    if (nd > 2)
        put_ndims(w, nd, dim);
    else
        put_rows(w, dim[0], dim[1]);
    for (i64 i = 0; i < n; i++) {
        put_named(w, "<cell-element>", v[i * step]);
        if (nd == 2 && (i + 1) % dim[0] == 0)
            fputc('\n', w->f);
    }
}

static void put_struct(struct out *w, const struct record *r)
{
    bool scalar = r->numel == 1 && r->nd == 2;
    fprintf(w->f, "# type: %s\n", scalar ? "scalar struct" : "struct");
    put_ndims(w, r->nd, r->dim);
    fprintf(w->f, "# length: %d\n", r->f->n);
    for (int f = 0; f < r->f->n; f++) {
        if (scalar) {
            put_named(w, r->f->name[f]->text, r->v[f]);
            continue;
        }
        fprintf(w->f, "# name: %s\n# type: cell\n", r->f->name[f]->text);
        put_elements(w, r->nd, r->dim, r->numel, r->v + f, r->f->n);
        fputs("\n\n", w->f);
    }
}

static void put_function(struct out *w, value v)
{
    struct function_parts p = { 0 };
    if (hooks()->function_parts)
        p = hooks()->function_parts(v);
    if (!p.text || strchr(p.text, '\n'))
        fail("Octave:save-error", "%s: -text: '%s' holds a function of several lines; the binary format can keep it",
             w->who, w->name);
    fputs("# type: function handle\n", w->f);
    if (!p.closure) {
        fprintf(w->f, "# subtype: simple\n%s\n", p.text);
        return;
    }
    fprintf(w->f, "@<anonymous>\n%s\n", p.text);
    if (p.n)
        fprintf(w->f, "# length: %d\n", p.n);
    for (int i = 0; i < p.n; i++)
        put_named(w, p.name[i]->text, p.v[i]);
}

static void put_value(struct out *w, value v)
{
    switch (v.kind) {
    case K_RANGE:
        if (v.range->n > 1) {
            fputs("# type: double_range\n# base, limit, increment\n", w->f);
            put_real(w, v.range->base);
            fputc(' ', w->f);
            put_real(w, v.range->limit);
            fputc(' ', w->f);
            put_real(w, v.range->inc);
            fputc('\n', w->f);
            break;
        }
        /* fallthrough */
    case K_NUM:
    case K_TENSOR:
    case K_WINDOW: put_tensor(w, tensor_dense(tensor_of(gpu_read_value(v, "save")))); break;
    case K_SPARSE: {
        struct sparse *s = sparse_see(v);
        fprintf(w->f, "# type: sparse %smatrix\n# nnz: %lld\n# rows: %lld\n# columns: %lld\n",
                s->dtype == D_LOGICAL   ? "bool "
                : s->dtype == D_CDOUBLE ? "complex "
                                        : "",
                (long long)s->nz, (long long)s->m, (long long)s->n);
        for (i64 j = 0; j < s->n; j++)
            for (i64 k = sparse_col(s)[j]; k < sparse_col(s)[j + 1]; k++) {
                poll_each(k);
                fprintf(w->f, "%lld %lld ", (long long)sparse_row(s)[k] + 1, (long long)j + 1);
                put_element(w, sparse_values(s), k);
                fputc('\n', w->f);
            }
        break;
    }
    case K_CELL:
        fputs("# type: cell\n", w->f);
        put_elements(w, v.cell->nd, v.cell->dim, v.cell->numel, v.cell->v, 1);
        break;
    case K_STRUCT: put_struct(w, v.rec); break;
    case K_FUNC: put_function(w, v); break;
    default:
        fail("Octave:save-error",
             "%s: -text: '%s' holds a value of class %s, for which the text format has no word; the binary format may",
             w->who, w->name, class_of(v));
    }
}

static void put_named(struct out *w, const char *name, value v)
{
    int mark = pool_mark();
    if (++w->depth > SAVE_DEPTH)
        fail("Octave:save-error", "%s: '%s' is nested more than %d levels deep", w->who, w->name, SAVE_DEPTH);
    if (strchr(name, '\n'))
        fail("Octave:save-error", "%s: -text: a field of '%s' has a newline in its name", w->who, w->name);
    fprintf(w->f, "# name: %s\n", name);
    put_value(w, v);
    fputs("\n\n", w->f);
    w->depth--;
    pool_release(mark);
}

void save_text(const char *who, const char *name, FILE *f, struct named_list v)
{
    struct out w = { f, who, name, NULL, 0 };
    for (i64 i = 0; i < v.n; i++) {
        w.name = v.v[i].sym->text;
        put_named(&w, w.name, v.v[i].v);
        if (ferror(f))
            fail("Octave:write-error", "%s: cannot write '%s': %s", who, name, strerror(errno));
    }
    if (fflush(f))
        fail("Octave:write-error", "%s: cannot write '%s': %s", who, name, strerror(errno));
}
