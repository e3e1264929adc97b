/* SPDX-License-Identifier: BSD-3-Clause */
/* convert.c: from one class to another.
 *
 * Conversion by value is one function of a dtype: it rounds to nearest (halves away from zero) and saturates, as every
 * store into an integer class does.  A floating class keeps imaginary parts, all others refuse them.  typecast looks at
 * the same bytes with another class. */
#include "call.h"
#include "gpu.h"
#include "rules.h"
#include <math.h>

static void convert(struct call *c, int to)
{
    value v = c->arg[0];
    if (v.kind == K_NUM && to != D_INT64 && to != D_UINT64 && v.dtype != D_INT64 && v.dtype != D_UINT64) {
        result(c, 0, num_of(to, saturate(to, v.num)));
        return;
    }
    struct tensor *t = arg_tensor(c, 0);
    if (dtype_is(t->dtype, DT_C)) {
        if (!dtype_is(to, DT_F))
            fail_arg(c, 0, "real");
        to = dtype_complex(to);
    }
    result_tensor(c, 0, tensor_cast(t, to));
}

#define CLASS(name, NAME, range, more)                                                                           \
  "y = " #name "(x)\n\n"                                                                                         \
  "x converted to class " #name ": " range "\n\n"                                                                \
  "Example:\n" more "\n"                                                                                         \
  "See also: class, cast, isa"

BUILTIN(double, 1, 1, 1, convert_grad, CLASS(double, DOUBLE, "53 bits of precision; of text, the codes of its bytes.",
  "  double('a')\n  ans = 97\n"))
{
    convert(c, D_DOUBLE);
}
BUILTIN(single, 1, 1, 1, convert_grad, CLASS(single, SINGLE, "24 bits of precision.",
  "  class(single(3) + 1)\n  ans = single\n"))
{
    convert(c, D_SINGLE);
}
BUILTIN(int8, 1, 1, 1, NO_GRAD, CLASS(int8, INT8, "rounded, and -128 or 127 where it does not fit; NaN becomes 0.",
  "  int8([2.5 300])\n  ans =\n\n      3  127\n\n"))
{
    convert(c, D_INT8);
}
BUILTIN(int16, 1, 1, 1, NO_GRAD, CLASS(int16, INT16, "rounded, and -32768 or 32767 where it does not fit; NaN becomes 0.",
  "  int16(1e6)\n  ans = 32767\n"))
{
    convert(c, D_INT16);
}
BUILTIN(int32, 1, 1, 1, NO_GRAD, CLASS(int32, INT32, "rounded, and the nearest end of -2^31 … 2^31-1 where it does not fit; NaN becomes 0.",
  "  int32(7) / 2\n  ans = 4\n"))
{
    convert(c, D_INT32);
}
BUILTIN(int64, 1, 1, 1, NO_GRAD, CLASS(int64, INT64, "rounded, and the nearest end of -2^63 … 2^63-1 where it does not fit; NaN becomes 0.",
  "  int64(2)^62\n  ans = 4611686018427387904\n"))
{
    convert(c, D_INT64);
}
BUILTIN(uint8, 1, 1, 1, NO_GRAD, CLASS(uint8, UINT8, "rounded, and 0 or 255 where it does not fit; NaN becomes 0.",
  "  uint8(200) + 100\n  ans = 255\n"))
{
    convert(c, D_UINT8);
}
BUILTIN(uint16, 1, 1, 1, NO_GRAD, CLASS(uint16, UINT16, "rounded, and 0 or 65535 where it does not fit; NaN becomes 0.",
  "  uint16(-5)\n  ans = 0\n"))
{
    convert(c, D_UINT16);
}
BUILTIN(uint32, 1, 1, 1, NO_GRAD, CLASS(uint32, UINT32, "rounded, and 0 or 2^32-1 where it does not fit; NaN becomes 0.",
  "  uint32(2.5)\n  ans = 3\n"))
{
    convert(c, D_UINT32);
}
BUILTIN(uint64, 1, 1, 1, NO_GRAD, CLASS(uint64, UINT64, "rounded, and 0 or 2^64-1 where it does not fit; NaN becomes 0.",
  "  uint64(Inf)\n  ans = 18446744073709551615\n"))
{
    convert(c, D_UINT64);
}

BUILTIN(logical, 1, 1, 1, NO_GRAD,
  "y = logical(x)\n\n"
  "True where x is not zero.  NaN is neither true nor false: an error.\n\n"
  "Example:\n  logical([2 0 -1])\n  ans =\n\n    1  0  1\n\n\n"
  "See also: true, false, islogical")
{
    struct tensor *t = arg_tensor(c, 0);
    if (dtype_is(t->dtype, DT_L)) {
        result_tensor(c, 0, t);
        return;
    }
    if (dtype_is(t->dtype, DT_C | DT_T))
        fail_arg(c, 0, "real numbers");
    t = tensor_dense(t);
    struct tensor *y = tensor_new(D_LOGICAL, t->nd, t->dim);
    for (i64 i = 0; i < t->numel; i++) {
        double x = element_double(t, i);
        if (isnan(x))
            fail("Octave:invalid-input-arg", "logical: NaN is neither true nor false (element %lld)", (long long)i + 1);
        y->data[i] = x != 0;
    }
    result_tensor(c, 0, y);
}

static void constant(struct call *c, int x)
{
    if (gpu_created(c))
        return;
    i64 dim[MAX_DIMS];
    int n = c->nargin, dt = arg_class(c, &n), nd = arg_dims(c, 0, n, dim);
    if (dt >= 0 && dt != D_LOGICAL)
        fail("Octave:invalid-input-arg", "%s: the class can only be logical, not %s", c->fn->name, dtypes[dt].class);
    struct tensor *t = tensor_zeros(D_LOGICAL, nd, dim);
    memset(t->data, x, t->numel);
    result_tensor(c, 0, t);
}

BUILTIN(true, 0, ANY, 1, NO_GRAD,
  "y = true\ny = true(n)\ny = true(m, n, ...)\n\n"
  "Logical 1, or an array of that size filled with it.\n\n"
  "Example:\n  true(1, 3)\n  ans =\n\n    1  1  1\n\n\n"
  "See also: false, logical")
{
    constant(c, 1);
}
BUILTIN(false, 0, ANY, 1, NO_GRAD,
  "y = false\ny = false(n)\ny = false(m, n, ...)\n\n"
  "Logical 0, or an array of that size filled with it.\n\n"
  "Example:\n  false(2, 1)\n  ans =\n\n    0\n    0\n\n\n"
  "See also: true, logical")
{
    constant(c, 0);
}

/* ---- text from everything: rows padded with blanks to the longest */
struct rows { struct call *c; i64 n, width; struct { const char *s; i64 n; } *row; i64 cap; };

static void row_add(struct rows *r, const char *s, i64 n)
{
    if (r->n == r->cap) {
        void *old = r->row;
        i64 cap = MAX(16, 2 * r->cap);
        r->row = scratch(cap * sizeof *r->row);
        if (r->n)
            memcpy(r->row, old, r->n * sizeof *r->row);
        r->cap = cap;
    }
    r->row[r->n].s = s;
    r->row[r->n++].n = n;
    r->width = MAX(r->width, n);
}

static struct tensor *as_char(struct call *c, value v)
{
    if (!is_tensor_like(v) || dtype_is(value_dtype(v), DT_C))
        fail("Octave:invalid-input-arg", "%s: text, numbers (codes) or cells of these are wanted, not a %s",
             c->fn->name, value_describe(v, scratch(160)));
    struct tensor *t = tensor_of(v);
    if (t->nd > 2)
        fail("Octave:invalid-input-arg", "%s: an array of %d dimensions cannot be joined with others; take its pages",
             c->fn->name, t->nd);
    return t;
}

static void rows_add(struct rows *r, value v, bool skip_empty)
{
    if (v.kind == K_CELL) {
        descend(r->c->fn->name);
        for (i64 i = 0; i < v.cell->numel; i++)
            rows_add(r, v.cell->v[i], skip_empty);
        return;
    }
    struct tensor *t = as_char(r->c, v);
    if (t->numel == 0) {
        if (!skip_empty)
            row_add(r, "", 0);
        return;
    }
    t = tensor_dense(tensor_transpose(tensor_cast(t, D_CHAR)));       /* its columns are the rows */
    for (i64 i = 0; i < t->dim[1]; i++)
        row_add(r, t->data + i * t->dim[0], t->dim[0]);
}

static void text_rows(struct call *c, bool skip_empty)
{
    struct rows r = { .c = c };
    for (int i = 0; i < c->nargin; i++)
        rows_add(&r, c->arg[i], skip_empty);
    struct tensor *t = r.n == 1 || (r.n == 0 && skip_empty) ? tensor_text(r.n ? r.row[0].s : "", r.width)
                                                            : tensor_2d(D_CHAR, r.n, r.width);
    if (r.n > 1)
        for (i64 i = 0; i < r.n; i++)
            for (i64 j = 0; j < r.width; j++)
                t->data[i + j * r.n] = j < r.row[i].n ? r.row[i].s[j] : ' ';
    result_tensor(c, 0, t);
}

BUILTIN(char, 0, ANY, 1, NO_GRAD,
  "s = char(x)\ns = char(x, y, ...)\n\n"
  "Numbers as characters of these codes; several texts, or the texts of a cell, as rows of a char matrix, padded with "
  "blanks to the longest.\n\n"
  "Example:\n  char([72 105])\n  ans = Hi\n  size(char('a', 'bcd'))\n  ans =\n\n     2   3\n\n\n"
  "See also: strvcat, cellstr, double")
{
    if (c->nargin == 0)
        result_text(c, 0, "");
    else if (c->nargin == 1 && c->arg[0].kind != K_CELL)
        convert(c, D_CHAR);
    else
        text_rows(c, false);
}

BUILTIN(strvcat, 1, ANY, 1, NO_GRAD,
  "s = strvcat(x, y, ...)\n\n"
  "As char, but empty texts make no row.\n\n"
  "Example:\n  strvcat('a', '', 'bc')\n  ans =\n\n  a\n  bc\n\n\n"
  "See also: char, cellstr")
{
    text_rows(c, true);
}

/* ---- by name, and by bytes */
static int class_arg(struct call *c, int i)
{
    const char *s = arg_text(c, i, NULL);
    int dt = dtype_named(s);
    if (dt < 0)
        fail("Octave:invalid-input-arg",
             "%s: \"%s\" is not the name of a class of numbers; double, single, int8 … uint64, logical and char are",
             c->fn->name, s);
    return dt;
}

BUILTIN(cast, 2, 3, 1, grad_form,
  "y = cast(x, class)\n"
  "y = cast(x, 'like', z)\n\n"
  "x converted to the class of that name, or to that of z; complex where z is.\n\n"
  "Example:\n  class(cast(5, 'uint8'))\n  ans = uint8\n\n"
  "See also: typecast, class")
{
    if (c->nargin < 3) {
        convert(c, class_arg(c, 1));
        return;
    }
    arg_option(c, 1, (const char *const[]){ "like", NULL });
    int dt = value_dtype(tensor_value(arg_tensor(c, 2)));
    if (dtype_is(dt, DT_C))
        result_tensor(c, 0, tensor_cast(arg_tensor(c, 0), dt));
    else
        convert(c, dt);
}

BUILTIN(typecast, 2, 2, 1, NO_GRAD,
  "y = typecast(x, class)\n\n"
  "The bytes of the vector x read as numbers of another class; their number must fit.  A row gives a row, a column a "
  "column.\n\n"
  "Example:\n  typecast(single(1), 'uint32')\n  ans = 1065353216\n\n"
  "See also: cast, bitshift")
{
    struct tensor *t = arg_dense(c, 0);
    int to = class_arg(c, 1);
    size_t from_size = dtypes[t->dtype].size, size = dtypes[to].size;
    if (t->nd > 2 || (t->dim[0] != 1 && t->dim[1] != 1 && t->numel))
        fail_arg(c, 0, "a vector");
    i64 bytes = t->numel * from_size;
    if (bytes % size)
        fail("Octave:invalid-input-arg", "typecast: %lld bytes are no whole number of %s (%zu bytes each)",
             (long long)bytes, dtypes[to].class, size);
    i64 n = bytes / size;
    struct tensor *y =
        t->numel && t->dim[1] == 1 && t->dim[0] != 1 ? tensor_2d(to, n, 1) : tensor_2d(to, t->numel ? 1 : 0, n);
    memcpy(y->data, t->data, bytes);
    result_tensor(c, 0, y);
}

BUILTIN(merge, 3, 3, 1, grad_form,
  "y = merge(mask, a, b)\n\n"
  "For one truth value a or b whole; for a logical array the elements of a where it is true and of b elsewhere; a and "
  "b have its size or are scalars.\n\n"
  "Example:\n  merge([true false], [1 2], [3 4])\n  ans =\n\n     1   4\n\n\n"
  "See also: ifelse, find")
{
    value m = c->arg[0];
    if (!is_tensor_like(m) || value_dtype(m) != D_LOGICAL)
        fail_arg(c, 0, "logical");
    if (value_numel(m) == 1) {
        result(c, 0, value_true(m) ? c->arg[1] : c->arg[2]);
        return;
    }
    struct tensor *k = arg_dense(c, 0), *a = arg_dense(c, 1), *b = arg_dense(c, 2);
    for (int i = 1; i < 3; i++) {
        struct tensor *t = i == 1 ? a : b;
        char s1[128], s2[128];
        if (t->numel != 1 && !dims_equal(t->nd, t->dim, k->nd, k->dim))
            fail("Octave:nonconformant-args", "%s: argument %d must be a scalar or of the mask's size %s, but is %s",
                 c->fn->name, i + 1, tensor_shape(k, s1), tensor_shape(t, s2));
    }
    int dt = promote_cat(a->dtype, b->dtype);
    size_t size = dtypes[dt].size;
    a = tensor_dense(tensor_cast(a, dt));
    b = tensor_dense(tensor_cast(b, dt));
    struct tensor *y = tensor_new(dt, k->nd, k->dim);
    i64 as = a->numel != 1, bs = b->numel != 1;
    switch (size) {
#define CHOOSE(T)                                                                                \
    for (i64 i = 0; i < k->numel; i++)                                                           \
        ((T *)y->data)[i] = k->data[i] ? ((const T *)a->data)[i * as] : ((const T *)b->data)[i * bs];
    case 1: CHOOSE(uint8_t) break;
    case 2: CHOOSE(uint16_t) break;
    case 4: CHOOSE(uint32_t) break;
    case 8: CHOOSE(uint64_t) break;
    default: CHOOSE(double _Complex) break;
#undef CHOOSE
    }
    result_tensor(c, 0, y);
}

BUILTIN(ifelse, 3, 3, 1, grad_form,
  "y = ifelse(mask, a, b)\n\n"
  "The same as merge.\n\n"
  "Example:\n  ifelse(true, 'yes', 'no')\n  ans = yes\n\n"
  "See also: merge")
{
    merge_run(c);
}
