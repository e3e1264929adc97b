/* SPDX-License-Identifier: BSD-3-Clause */
/* predicates.c: what is x?  Classes, kinds and shapes of values, and equality.
 *
 * A predicate of the kind or class looks at the value's two words alone; one of the shape at its sizes.  None of them
 * touches an element but isequal, isequaln and iscellstr, and none fails for a value it does not know: it says false. */
#include "call.h"
#include <math.h>

static bool is_real(value v) { return is_tensor_like(v) && !dtype_is(value_dtype(v), DT_C); }
static bool is_class(value v, int flags) { return is_tensor_like(v) && dtype_is(value_dtype(v), flags); }
static inline bool is_char(value v)
{
    return v.kind == K_TENSOR ? v.t->dtype == D_CHAR : is_tensor_like(v) && value_dtype(v) == D_CHAR;
}
static bool is_text_row(value v)
{
    i64 dim[MAX_DIMS];
    return is_char(v) && value_dims(v, dim) == 2 && (dim[0] == 1 || dim[0] * dim[1] == 0);
}

static bool all_text(value v)
{
    if (v.kind != K_CELL)
        return false;
    for (i64 i = 0; i < v.cell->numel; i++)
        if (!is_char(v.cell->v[i]))
            return false;
    return true;
}

/* ---- classes */
BUILTIN(class, 1, 1, 1, NO_GRAD,
  "s = class(x)\n\n"
  "The name of the class of x: double, single, int8 … uint64, logical, char, cell, struct, function_handle, or the "
  "name that a package gives its objects.\n\n"
  "Example:\n  class(int8(5))\n  ans = int8\n  class({})\n  ans = cell\n\n"
  "See also: isa, cast")
{
    result_text(c, 0, class_of(c->arg[0]));
}

BUILTIN(isnumeric, 1, 1, 1, NO_GRAD,
  "tf = isnumeric(x)\n\n"
  "True when x is of a floating or integer class; logical and char are not numeric.\n\n"
  "Example:\n  isnumeric(single(1))\n  ans = 1\n  isnumeric('a')\n  ans = 0\n\n"
  "See also: isreal, isfloat, isinteger, isa")
{
    result_bool(c, 0, is_class(c->arg[0], DT_F | DT_I));
}

BUILTIN(isreal, 1, 1, 1, NO_GRAD,
  "tf = isreal(x)\n\n"
  "True when x is numeric, logical or char and has no imaginary part, not even one of zeros.\n\n"
  "Example:\n  isreal(3)\n  ans = 1\n  isreal(complex(3, 0))\n  ans = 0\n\n"
  "See also: iscomplex, isnumeric, complex")
{
    result_bool(c, 0, is_real(c->arg[0]));
}

BUILTIN(iscomplex, 1, 1, 1, NO_GRAD,
  "tf = iscomplex(x)\n\n"
  "True when x has an imaginary part.  Results whose imaginary parts are all zero become real; complex(a, b) keeps them.\n\n"
  "Example:\n  iscomplex(1 + 2i)\n  ans = 1\n  iscomplex(1i * 1i)\n  ans = 0\n\n"
  "See also: isreal, complex")
{
    result_bool(c, 0, is_class(c->arg[0], DT_C));
}

BUILTIN(isfloat, 1, 1, 1, NO_GRAD,
  "tf = isfloat(x)\n\n"
  "True when x is of class double or single.\n\n"
  "Example:\n  isfloat(1:3)\n  ans = 1\n  isfloat(int8(1))\n  ans = 0\n\n"
  "See also: isinteger, isnumeric")
{
    result_bool(c, 0, is_class(c->arg[0], DT_F));
}

BUILTIN(isinteger, 1, 1, 1, NO_GRAD,
  "tf = isinteger(x)\n\n"
  "True when x is of an integer class (int8 … uint64).  For integer-valued numbers of any class: x == fix(x).\n\n"
  "Example:\n  isinteger(uint8(3))\n  ans = 1\n  isinteger(3)\n  ans = 0\n\n"
  "See also: isfloat, isnumeric")
{
    result_bool(c, 0, is_class(c->arg[0], DT_I));
}

BUILTIN(islogical, 1, 1, 1, NO_GRAD,
  "tf = islogical(x)\n\n"
  "True when x is of class logical.\n\n"
  "Example:\n  islogical(1 > 0)\n  ans = 1\n  islogical(1)\n  ans = 0\n\n"
  "See also: isbool, logical")
{
    result_bool(c, 0, is_class(c->arg[0], DT_L));
}

BUILTIN(isbool, 1, 1, 1, NO_GRAD,
  "tf = isbool(x)\n\n"
  "The same as islogical(x).\n\n"
  "Example:\n  isbool(true)\n  ans = 1\n\n"
  "See also: islogical")
{
    result_bool(c, 0, is_class(c->arg[0], DT_L));
}

BUILTIN(ischar, 1, 1, 1, NO_GRAD,
  "tf = ischar(x)\n\n"
  "True when x is of class char.\n\n"
  "Example:\n  ischar('abc')\n  ans = 1\n  ischar({'abc'})\n  ans = 0\n\n"
  "See also: iscellstr, char")
{
    result_bool(c, 0, is_char(c->arg[0]));
}

BUILTIN(iscell, 1, 1, 1, NO_GRAD,
  "tf = iscell(x)\n\n"
  "True when x is a cell.\n\n"
  "Example:\n  iscell({1, 2})\n  ans = 1\n\n"
  "See also: iscellstr, isstruct")
{
    result_bool(c, 0, c->arg[0].kind == K_CELL);
}

BUILTIN(iscellstr, 1, 1, 1, NO_GRAD,
  "tf = iscellstr(c)\n\n"
  "True when c is a cell and everything in it is text; an empty cell is.\n\n"
  "Example:\n  iscellstr({'a', 'bc'})\n  ans = 1\n  iscellstr({'a', 1})\n  ans = 0\n\n"
  "See also: iscell, ischar")
{
    result_bool(c, 0, all_text(c->arg[0]));
}

BUILTIN(isstruct, 1, 1, 1, NO_GRAD,
  "tf = isstruct(x)\n\n"
  "True when x is a struct or an array of structs.\n\n"
  "Example:\n  isstruct(struct('a', 1))\n  ans = 1\n\n"
  "See also: isfield, iscell")
{
    result_bool(c, 0, c->arg[0].kind == K_STRUCT);
}

BUILTIN(is_function_handle, 1, 1, 1, NO_GRAD,
  "tf = is_function_handle(x)\n\n"
  "True when x is a function: @name or @(x) ….\n\n"
  "Example:\n  is_function_handle(@sin)\n  ans = 1\n  is_function_handle('sin')\n  ans = 0\n\n"
  "See also: func2str, feval")
{
    result_bool(c, 0, c->arg[0].kind == K_FUNC);
}

BUILTIN(isobject, 1, 1, 1, NO_GRAD,
  "tf = isobject(x)\n\n"
  "True when x is an object of a package: a map, a network layer, a file ….  Objects are handles: a copy is the same "
  "object.\n\n"
  "Example:\n  isobject(containers.Map())\n  ans = 1\n  isobject(5)\n  ans = 0\n\n"
  "See also: isa, class")
{
    result_bool(c, 0, c->arg[0].kind == K_OBJECT);
}

static bool isa(value v, const char *class)
{
    if (!strcmp(class, class_of(v)))
        return true;
    if (!strcmp(class, "numeric"))
        return is_class(v, DT_F | DT_I);
    if (!strcmp(class, "float"))
        return is_class(v, DT_F);
    if (!strcmp(class, "integer"))
        return is_class(v, DT_I);
    return !strcmp(class, "handle") && v.kind == K_OBJECT;
}

BUILTIN(isa, 2, 2, 1, NO_GRAD,
  "tf = isa(x, class)\n\n"
  "True when x is of that class, or of one of the groups \"numeric\", \"float\", \"integer\", \"handle\".  With a cell "
  "of names the result has its size.\n\n"
  "Example:\n  isa(1, 'float')\n  ans = 1\n  isa(int8(1), {'int8', 'float', 'integer'})\n  ans =\n\n    1  0  1\n\n\n"
  "See also: class, isnumeric")
{
    if (c->arg[1].kind != K_CELL) {
        result_bool(c, 0, isa(c->arg[0], arg_text(c, 1, NULL)));
        return;
    }
    struct cell *names = c->arg[1].cell;
    struct tensor *t = tensor_zeros(D_LOGICAL, names->nd, names->dim);
    for (i64 i = 0; i < names->numel; i++) {
        if (!is_text_row(names->v[i]))
            fail_arg(c, 1, "text or a cell of texts");
        struct tensor *s = tensor_dense(tensor_of(names->v[i]));
        t->data[i] = isa(c->arg[0], symbol_n(s->data, s->numel)->text);
    }
    result_tensor(c, 0, t);
}

/* ---- shapes */
struct sizes { int nd; i64 d[MAX_DIMS]; };
static struct sizes sizes_of(value v)
{
    struct sizes s;
    s.nd = value_dims(v, s.d);
    return s;
}

BUILTIN(isscalar, 1, 1, 1, NO_GRAD,
  "tf = isscalar(x)\n\n"
  "True when x has exactly one element.\n\n"
  "Example:\n  isscalar(5)\n  ans = 1\n  isscalar([1 2])\n  ans = 0\n\n"
  "See also: isvector, ismatrix, numel")
{
    struct sizes s = sizes_of(c->arg[0]);
    result_bool(c, 0, s.nd == 2 && s.d[0] == 1 && s.d[1] == 1);
}

BUILTIN(isvector, 1, 1, 1, NO_GRAD,
  "tf = isvector(x)\n\n"
  "True when x is 1 x n or n x 1, n may be 0.\n\n"
  "Example:\n  isvector(1:3)\n  ans = 1\n  isvector([1 2; 3 4])\n  ans = 0\n\n"
  "See also: isrow, iscolumn, isscalar")
{
    struct sizes s = sizes_of(c->arg[0]);
    result_bool(c, 0, s.nd == 2 && (s.d[0] == 1 || s.d[1] == 1));
}

BUILTIN(isrow, 1, 1, 1, NO_GRAD,
  "tf = isrow(x)\n\n"
  "True when x is 1 x n, n may be 0.\n\n"
  "Example:\n  isrow(1:3)\n  ans = 1\n  isrow((1:3)')\n  ans = 0\n\n"
  "See also: iscolumn, isvector")
{
    struct sizes s = sizes_of(c->arg[0]);
    result_bool(c, 0, s.nd == 2 && s.d[0] == 1);
}

BUILTIN(iscolumn, 1, 1, 1, NO_GRAD,
  "tf = iscolumn(x)\n\n"
  "True when x is n x 1, n may be 0.\n\n"
  "Example:\n  iscolumn([1; 2])\n  ans = 1\n\n"
  "See also: isrow, isvector")
{
    struct sizes s = sizes_of(c->arg[0]);
    result_bool(c, 0, s.nd == 2 && s.d[1] == 1);
}

BUILTIN(ismatrix, 1, 1, 1, NO_GRAD,
  "tf = ismatrix(x)\n\n"
  "True when x has two dimensions; scalars, vectors and empty matrices have.\n\n"
  "Example:\n  ismatrix(zeros(2, 3))\n  ans = 1\n  ismatrix(zeros(2, 3, 4))\n  ans = 0\n\n"
  "See also: issquare, isvector, ndims")
{
    result_bool(c, 0, sizes_of(c->arg[0]).nd == 2);
}

BUILTIN(issquare, 1, 1, 1, NO_GRAD,
  "tf = issquare(x)\n\n"
  "True when x is a matrix with as many rows as columns.\n\n"
  "Example:\n  issquare(ones(3))\n  ans = 1\n  issquare(ones(2, 3))\n  ans = 0\n\n"
  "See also: ismatrix, isvector")
{
    struct sizes s = sizes_of(c->arg[0]);
    result_bool(c, 0, s.nd == 2 && s.d[0] == s.d[1]);
}

/* ---- equality */
BUILTIN(isequal, 2, ANY, 1, NO_GRAD,
  "tf = isequal(x, y, ...)\n\n"
  "True when all arguments have the same size and the same contents.  The numeric class does not matter, nor the order "
  "of the fields of structs; NaN equals nothing.\n\n"
  "Example:\n  isequal([1 2], int8([1 2]))\n  ans = 1\n  isequal({1, 'a'}, {1, 'b'})\n  ans = 0\n\n"
  "See also: isequaln, strcmp, eq")
{
    bool same = true;
    for (int i = 1; i < c->nargin && same; i++)
        same = value_equal(c->arg[0], c->arg[i]);
    result_bool(c, 0, same);
}

static bool same_dims(value a, value b)
{
    struct sizes s = sizes_of(a), t = sizes_of(b);
    return dims_equal(s.nd, s.d, t.nd, t.d);
}

static bool leaf_equaln(value a, value b)     /* NaN equals NaN */
{
    if (!is_tensor_like(a) || !is_tensor_like(b) || !is_class(a, DT_F) || !is_class(b, DT_F))
        return value_equal(a, b);
    if (!same_dims(a, b))
        return false;
    int mark = pool_mark();
    struct tensor *x = tensor_dense(tensor_cast(tensor_of(a), D_CDOUBLE)),
                  *y = tensor_dense(tensor_cast(tensor_of(b), D_CDOUBLE));
    const double *p = (const double *)x->data, *q = (const double *)y->data;
    bool same = true;
    for (i64 i = 0; i < 2 * x->numel && same; i++)
        same = p[i] == q[i] || (isnan(p[i]) && isnan(q[i]));
    pool_release(mark);
    return same;
}

BUILTIN(isequaln, 2, ANY, 1, NO_GRAD,
  "tf = isequaln(x, y, ...)\n\n"
  "As isequal, but NaN equals NaN.\n\n"
  "Example:\n  isequaln([1 NaN], [1 NaN])\n  ans = 1\n\n"
  "See also: isequal")
{
    bool same = true;
    for (int i = 1; i < c->nargin && same; i++)
        same = value_equal_by(c->arg[0], c->arg[i], leaf_equaln);
    result_bool(c, 0, same);
}
