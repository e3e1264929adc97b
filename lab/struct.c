/* SPDX-License-Identifier: BSD-3-Clause */
/* struct.c: structs and struct arrays as values: made, asked, changed by functions.
 *
 * A struct array is one rectangle of elements with one list of field names, so what makes a new array copies the list
 * once and the values element by element.  Reading and writing below a struct (getfield, setfield, subsref, subsasgn)
 * are the same walks that the language's own s.a{3}(2) = v uses: index.h and place.h. */
#include "call.h"
#include "context.h"
#include "index.h"
#include "place.h"
#include <stdlib.h>

static sym name_of(struct call *c, int i, value v)           /* a text as a field name */
{
    i64 dim[MAX_DIMS];
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR || value_dims(v, dim) != 2 || (dim[0] != 1 && dim[0] * dim[1] != 0))
        fail_arg(c, i, "a field name or a cell of field names");
    struct tensor *t = tensor_dense(tensor_of(v));
    return symbol_n(t->data, (size_t)t->numel);
}

static sym name_arg(struct call *c, int i)
{
    if (i >= c->nargin)
        fail_arg(c, i, "a field name");
    return name_of(c, i, c->arg[i]);
}

static NORETURN void fail_field(struct call *c, sym name)
{
    fail("Octave:invalid-input-arg", "%s: structure does not contain field %s", c->fn->name, name->text);
}

/* ---- making */
BUILTIN(struct, 0, ANY, 1, grad_pass,
  "s = struct()\ns = struct(name, value, ...)\n\n"
  "A struct with these fields.  A value that is a cell makes an array of structs of its size, one for each element (a "
  "1x1 cell: the same in all); to store a cell itself, put it into another one.\n\n"
  "Example:\n  s = struct('a', 1, 'b', 'text')\n  s =\n\n    scalar structure containing the fields:\n\n      a = 1\n  "
  "    b = text\n\n\n"
  "  size(struct('a', {1, 2, 3}))\n  ans =\n\n     1   3\n\n\n"
  "See also: fieldnames, isfield, cell2struct")
{
    if (c->nargin == 1 && c->arg[0].kind == K_STRUCT) {
        result(c, 0, c->arg[0]);
        return;
    }
    if (c->nargin == 1 && is_tensor_like(c->arg[0]) && value_numel(c->arg[0]) == 0) {        /* struct([]): none */
        result(c, 0, record_value(record_new(2, (i64[]){ 0, 0 }, 0, NULL)));
        return;
    }
    if (c->nargin % 2)
        fail("Octave:invalid-fun-call", "struct: additional arguments must occur as \"field\", VALUE pairs\nhint: there are %d arguments", c->nargin);
    int nd = 2, first = 0;
    i64 one[2] = { 1, 1 }, *dim = one;
    for (int i = 1; i < c->nargin; i += 2) {
        value v = c->arg[i];
        if (v.kind != K_CELL || v.cell->numel == 1)
            continue;
        char s1[128], s2[128];
        if (dim == one)
            nd = v.cell->nd, dim = v.cell->dim, first = i + 1;
        else if (!dims_equal(nd, dim, v.cell->nd, v.cell->dim))
            fail("Octave:nonconformant-args",
                 "struct: dimensions of parameter %d do not match those of parameter %d\nhint: they are %s and %s",
                 first, i + 1, dims_text(nd, dim, s2), value_shape(v, s1));
    }
    sym *name = scratch(sizeof(sym) * (c->nargin / 2 + 1));
    int n = 0, *at = scratch(sizeof(int) * (c->nargin / 2 + 1));
    for (int i = 0; i < c->nargin; i += 2) {
        sym s = name_arg(c, i);
        int k = 0;
        while (k < n && name[k] != s)
            k++;
        if (k == n)
            name[n++] = s;
        at[i / 2] = k;
    }
    struct record *r = record_new(nd, dim, n, name);
    for (int i = 0; i < c->nargin; i += 2) {
        value v = c->arg[i + 1];
        for (i64 e = 0; e < r->numel; e++)
            record_put(r, e, at[i / 2], v.kind != K_CELL ? v : v.cell->v[v.cell->numel == 1 ? 0 : e]);
    }
    result(c, 0, record_value(r));
}

/* ---- asking */
static struct cell *names_cell(int n, const sym *name)
{
    struct cell *y = cell_2d(n, 1);
    for (int i = 0; i < n; i++)
        cell_set(y, i, tensor_value(tensor_text(name[i]->text, name[i]->len)));
    return y;
}

static void put_name(const char *name, void *arg)
{
    struct cell *y = arg;
    cell_resize(y, 2, (i64[]){ y->numel + 1, 1 });
    cell_set(y, y->numel - 1, tensor_value(tensor_text(name, strlen(name))));
}

BUILTIN(fieldnames, 1, 1, 1, grad_pass,
  "c = fieldnames(s)\n\n"
  "A column of the names of the fields of s in their order; of an object, what it lets you read and call.\n\n"
  "Example:\n  fieldnames(struct('a', 1, 'b', 2))\n  ans =\n  {\n    [1,1] = a\n    [2,1] = b\n  }\n\n\n"
  "See also: isfield, numfields, orderfields")
{
    value v = c->arg[0];
    if (v.kind == K_OBJECT && v.inst->class->names) {
        struct cell *y = cell_2d(0, 1);
        for (int i = 0; v.inst->class->names[i]; i++)
            put_name(v.inst->class->names[i], y);
        if (v.inst->class->own_names)
            v.inst->class->own_names(v, put_name, y);
        result(c, 0, cell_value(y));
        return;
    }
    struct record *r = arg_struct(c, 0);
    result(c, 0, cell_value(names_cell(r->f->n, r->f->name)));
}

BUILTIN(numfields, 1, 1, 1, grad_zero,
  "n = numfields(s)\n\n"
  "The number of fields of the struct s; 0 for anything else.\n\n"
  "Example:\n  numfields(struct('a', 1, 'b', 2))\n  ans = 2\n\n"
  "See also: fieldnames")
{
    result_num(c, 0, c->arg[0].kind == K_STRUCT ? c->arg[0].rec->f->n : 0);
}

static bool has_field(value s, value name)
{
    if (s.kind != K_STRUCT || !is_tensor_like(name) || value_dtype(name) != D_CHAR)
        return false;
    struct tensor *t = tensor_dense(tensor_of(name));
    sym n = symbol_find(t->data, (size_t)t->numel);
    return n && record_find(s.rec, n) >= 0;
}

BUILTIN(isfield, 2, 2, 1, grad_pass,
  "tf = isfield(s, name)\n\n"
  "True when s is a struct that has a field of that name; with a cell of names the result has its size.\n\n"
  "Example:\n  isfield(struct('a', 1), {'a', 'b'})\n  ans =\n\n    1  0\n\n\n"
  "See also: fieldnames, rmfield")
{
    if (c->arg[1].kind != K_CELL || (c->arg[0].kind != K_STRUCT && c->arg[0].kind != K_OBJECT)) {
        result_bool(c, 0, has_field(c->arg[0], c->arg[1]));
        return;
    }
    struct cell *n = c->arg[1].cell;
    struct tensor *y = tensor_new(D_LOGICAL, n->nd, n->dim);
    for (i64 i = 0; i < n->numel; i++)
        y->data[i] = has_field(c->arg[0], n->v[i]);
    result_tensor(c, 0, y);
}

/* ---- other fields, another order */
static struct record *pick(const struct record *r, int n, const int *field)          /* the fields of these numbers */
{
    sym *name = scratch(sizeof(sym) * (n + 1));
    for (int k = 0; k < n; k++)
        name[k] = r->f->name[field[k]];
    struct record *y =
        record_make(r->nd, r->dim, NULL, n, name); /* with zeros, which nobody owns: so values are only put */
    keep(record_value(y));
    for (i64 e = 0; e < r->numel; e++)
        for (int k = 0; k < n; k++)
            y->v[e * n + k] = copy(r->v[e * r->f->n + field[k]]);
    return y;
}

BUILTIN(rmfield, 2, 2, 1, grad_pass,
  "t = rmfield(s, name)\n\n"
  "s without that field, or without those in a cell of names; each must be there.\n\n"
  "Example:\n  rmfield(struct('a', 1, 'b', 2), 'a')\n  ans =\n\n    scalar structure containing the fields:\n\n      b "
  "= 2\n\n\n"
  "See also: isfield, orderfields")
{
    struct record *r = arg_struct(c, 0);
    value v = c->arg[1];
    i64 n = v.kind == K_CELL ? v.cell->numel : 1;
    bool *gone = scratch(r->f->n + 1);
    memset(gone, 0, r->f->n + 1);
    for (i64 i = 0; i < n; i++) {
        sym s = name_of(c, 1, v.kind == K_CELL ? v.cell->v[i] : v);
        int f = record_find(r, s);
        if (f < 0)
            fail_field(c, s);
        gone[f] = true;
    }
    int *field = scratch(sizeof(int) * (r->f->n + 1)), k = 0;
    for (int f = 0; f < r->f->n; f++)
        if (!gone[f])
            field[k++] = f;
    result(c, 0, record_value(pick(r, k, field)));
}

struct named { sym name; int f; };
static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name->text, ((const struct named *)b)->name->text);
}

BUILTIN(orderfields, 1, 2, 2, grad_pass,
  "[t, p] = orderfields(s)\n[t, p] = orderfields(s, order)\n\n"
  "s with its fields in alphabetical order, or in the order of another struct, of a cell of names, or of a vector of "
  "numbers; p are the numbers.\n\n"
  "Example:\n  fieldnames(orderfields(struct('z', 1, 'a', 2)))\n  ans =\n  {\n    [1,1] = a\n    [2,1] = z\n  }\n\n\n"
  "See also: fieldnames")
{
    struct record *r = arg_struct(c, 0);
    int n = r->f->n, *field = scratch(sizeof(int) * (n + 1));
    if (!has_arg(c, 1)) {
        struct named *x = scratch(sizeof *x * (n + 1));
        for (int f = 0; f < n; f++)
            x[f] = (struct named){ r->f->name[f], f };
        qsort(x, n, sizeof *x, by_name);
        for (int f = 0; f < n; f++)
            field[f] = x[f].f;
    } else {
        value v = c->arg[1];
        i64 m = v.kind == K_STRUCT ? v.rec->f->n : value_numel(v);
        if (m != n)
            fail("Octave:invalid-input-arg", "orderfields: s has %d fields, but the order names %lld", n, (long long)m);
        bool *seen = scratch(n + 1);
        memset(seen, 0, n + 1);
        struct tensor *p = v.kind == K_STRUCT || v.kind == K_CELL ? NULL : arg_double(c, 1);
        for (int k = 0; k < n; k++) {
            int f;
            if (p) {
                double x = ((double *)p->data)[k];
                if (!(x >= 1 && x <= n && x == (int)x))
                    fail_arg(c, 1, "a permutation of the field numbers");
                f = (int)x - 1;
            } else {
                sym s = v.kind == K_STRUCT ? v.rec->f->name[k] : name_of(c, 1, v.cell->v[k]);
                f = record_find(r, s);
                if (f < 0)
                    fail_field(c, s);
            }
            if (seen[f])
                fail("Octave:invalid-input-arg", "orderfields: field '%s' is named twice", r->f->name[f]->text);
            seen[f] = true;
            field[k] = f;
        }
    }
    result(c, 0, record_value(pick(r, n, field)));
    struct tensor *p = tensor_2d(D_DOUBLE, n, 1);
    for (int k = 0; k < n; k++)
        ((double *)p->data)[k] = field[k] + 1;
    result_tensor(c, 1, p);
}

/* ---- cells of values */
BUILTIN(struct2cell, 1, 1, 1, grad_pass,
  "c = struct2cell(s)\n\n"
  "The values of the fields in a cell: a column for one struct, n x (size of s) for an array.\n\n"
  "Example:\n  struct2cell(struct('a', 1, 'b', 'x'))\n  ans =\n  {\n    [1,1] = 1\n    [2,1] = x\n  }\n\n\n"
  "See also: cell2struct, fieldnames")
{
    struct record *r = arg_struct(c, 0);
    i64 dim[MAX_DIMS + 1] = { r->f->n };
    if (r->nd == MAX_DIMS && r->numel != 1)
        fail("tl:too-many-dimensions", "struct2cell: the result would have %d dimensions, %d is the most", MAX_DIMS + 1,
             MAX_DIMS);
    memcpy(dim + 1, r->dim, sizeof(i64) * r->nd);
    struct cell *y = cell_new(r->nd + 1, dim);
    for (i64 i = 0; i < y->numel; i++)
        cell_set(y, i, r->v[i]);
    result(c, 0, cell_value(y));
}

BUILTIN(cell2struct, 2, 3, 1, grad_pass,
  "s = cell2struct(c, names, dim)\n\n"
  "Structs whose fields have these names (a cell of texts, or the rows of a char matrix) and the values of c along "
  "dim, by default the first.  The other dimensions of c become those of s.\n\n"
  "Example:\n  cell2struct({1; 'x'}, {'a'; 'b'}, 1)\n  ans =\n\n    scalar structure containing the fields:\n\n      a "
  "= 1\n      b = x\n\n\n"
  "See also: struct2cell, struct")
{
    struct cell *x = arg_cell(c, 0);
    int d = arg_dim(c, 2, 1) - 1;
    value v = c->arg[1];
    sym *name;
    i64 n;
    if (v.kind == K_CELL) {
        n = v.cell->numel;
        name = scratch(sizeof(sym) * (n + 1));
        for (i64 i = 0; i < n; i++)
            name[i] = name_of(c, 1, v.cell->v[i]);
    } else {
        struct tensor *t = arg_dense(c, 1);
        if (t->dtype != D_CHAR || t->nd > 2)
            fail_arg(c, 1, "field names");
        n = t->numel ? t->dim[0] : 0;
        name = scratch(sizeof(sym) * (n + 1));
        char *s = scratch(t->dim[1] + 1);
        for (i64 i = 0; i < n; i++) {
            i64 len = t->dim[1];
            for (i64 j = 0; j < len; j++)
                s[j] = t->data[i + j * n];
            while (len && s[len - 1] == ' ')
                len--;
            name[i] = symbol_n(s, len);
        }
    }
    i64 size = d < x->nd ? x->dim[d] : 1;
    if (n != size)
        fail("Octave:invalid-input-arg",
             "cell2struct: number of FIELDS does not match dimension\nhint: there are %lld names, but the cell has %lld "
             "values along dimension %d", (long long)n,
             (long long)size, d + 1);
    i64 dim[MAX_DIMS], below = 1;
    int nd = 0;
    for (int e = 0; e < x->nd; e++) {
        if (e < d)
            below *= x->dim[e];
        if (e != d)
            dim[nd++] = x->dim[e];
    }
    while (nd < 2)
        dim[nd++] = 1;
    struct record *r = record_new(nd, dim, 0, NULL);
    int *field = scratch(sizeof(int) * (n + 1));
    for (i64 k = 0; k < n; k++)
        field[k] = record_add(r, name[k]);
    for (i64 e = 0; e < r->numel; e++)
        for (i64 k = 0; k < n; k++)
            record_put(r, e, field[k], x->v[e % below + below * (k + n * (e / below))]);
    result(c, 0, record_value(r));
}

/* ---- paths: getfield(s, 'a', {2}, 'b') is s.a(2).b */
static struct step *path(struct call *c, int from, int to)
{
    struct step *s = scratch(sizeof *s * (to - from + 1));
    for (int i = from; i < to; i++)
        s[i - from] = c->arg[i].kind == K_CELL
                          ? (struct step){ STEP_PAREN, (int)c->arg[i].cell->numel, c->arg[i].cell->v, NULL }
                          : (struct step){ STEP_FIELD, 0, NULL, name_arg(c, i) };
    return s;
}

static value follow(struct call *c, value v, int n, const struct step *s)
{
    for (int i = 0; i < n; i++) {
        value *list;
        int count = 1;
        if (s[i].kind == STEP_PAREN) {
            if (v.kind == K_FUNC) {
                value out = nil();
                call_function(v, s[i].n, s[i].idx, 1, &out);
                v = out;
            } else {
                v = index_paren(v, s[i].n, s[i].idx);
            }
            continue;
        }
        count = s[i].kind == STEP_BRACE ? index_brace(v, s[i].n, s[i].idx, &list) : index_field(v, s[i].name, &list);
        if (count < 1)
            fail("Octave:index-out-of-bounds", "%s: step %d of the path selects nothing", c->fn->name, i + 1);
        v = list[0];
    }
    return v;
}

BUILTIN(getfield, 2, ANY, 1, grad_pass,
  "v = getfield(s, name)\nv = getfield(s, step, ...)\n\n"
  "What s.name is; with several steps, where a cell {i, j} stands for an index, getfield(s, 'a', {2}, 'b') is s.a(2).b.\n\n"
  "Example:\n  getfield(struct('a', [5 6]), 'a', {2})\n  ans = 6\n\n"
  "See also: setfield, isfield")
{
    result(c, 0, follow(c, c->arg[0], c->nargin - 1, path(c, 1, c->nargin)));
}

static void changed(struct call *c, int n, const struct step *s,
                    value v) /* the result is argument 0 with v at that path */
{
    struct cell *root = cell_2d(1, 1);        /* owns the place */
    cell_set(root, 0, c->arg[0]);
    place_assign(&root->v[0], n, s, v);
    result(c, 0, root->v[0]);
}

BUILTIN(setfield, 3, ANY, 1, grad_pass,
  "t = setfield(s, name, v)\nt = setfield(s, step, ..., v)\n\n"
  "s after s.name = v; the steps are those of getfield.\n\n"
  "Example:\n  setfield(struct('a', 1), 'a', 5)\n  ans =\n\n    scalar structure containing the fields:\n\n      a = 5\n\n\n"
  "See also: getfield, rmfield")
{
    if (((is_tensor_like(c->arg[0]) || c->arg[0].kind == K_CELL) && value_numel(c->arg[0])) ||
        !strcmp(class_of(c->arg[0]), "function_handle"))
        fail_arg(c, 0, "a struct");
    changed(c, c->nargin - 2, path(c, 1, c->nargin - 1), c->arg[c->nargin - 1]);
}

BUILTIN(substruct, 2, ANY, 1, NO_GRAD,
  "s = substruct(type, subs, ...)\n\n"
  "The path that subsref and subsasgn take: pairs of a type, '()', '{}' or '.', and a cell of indices or a field name.\n\n"
  "Example:\n  subsref({1, [5 6]}, substruct('{}', {2}, '()', {1}))\n  ans = 5\n\n"
  "See also: subsref, subsasgn")
{
    static const char *const types[] = { "()", "{}", ".", NULL };
    if (c->nargin % 2)
        fail("Octave:invalid-fun-call", "substruct: types and subscripts come in pairs, but there are %d arguments",
             c->nargin);
    sym name[2] = { symbol_of("type"), symbol_of("subs") };
    struct record *r = record_new(2, (i64[]){ 1, c->nargin / 2 }, 2, name);
    for (int i = 0; i < c->nargin; i += 2) {
        int kind = arg_option(c, i, types);
        if (kind == 2)
            name_arg(c, i + 1);
        else if (c->arg[i + 1].kind != K_CELL && !arg_is_text(c, i + 1))
            fail_arg(c, i + 1, "a cell of indices or \":\"");
        record_put(r, i / 2, 0, c->arg[i]);
        record_put(r, i / 2, 1, c->arg[i + 1]);
    }
    result(c, 0, record_value(r));
}

static struct step *path_struct(struct call *c, int i, int *n)
{
    struct record *r = arg_struct(c, i);
    int type = record_find(r, symbol_of("type")), subs = record_find(r, symbol_of("subs"));
    if (type < 0 || subs < 0)
        fail_arg(c, i, "a struct with the fields type and subs, as substruct makes it");
    struct step *s = scratch(sizeof *s * (r->numel + 1));
    *n = (int)r->numel;
    for (int e = 0; e < *n; e++) {
        sym t = name_of(c, i, r->v[e * r->f->n + type]);
        value v = r->v[e * r->f->n + subs];
        if (!strcmp(t->text, ".")) {
            s[e] = (struct step){ STEP_FIELD, 0, NULL, name_of(c, i, v) };
        } else if (!strcmp(t->text, "()") || !strcmp(t->text, "{}")) {
            value *one = scratch(sizeof *one);
            *one = v;
            s[e] = (struct step){ t->text[0] == '(' ? STEP_PAREN : STEP_BRACE,
                                  v.kind == K_CELL ? (int)v.cell->numel : 1, v.kind == K_CELL ? v.cell->v : one, NULL };
        } else {
            fail("Octave:invalid-input-arg", "%s: the type of step %d is \"%s\", but must be \"()\", \"{}\" or \".\"",
                 c->fn->name, e + 1, t->text);
        }
    }
    return s;
}

BUILTIN(subsref, 2, 2, 1, NO_GRAD,
  "v = subsref(x, path)\n\n"
  "What stands in x at a path made by substruct.\n\n"
  "Example:\n  subsref([1 2; 3 4], substruct('()', {2, ':'}))\n  ans =\n\n     3   4\n\n\n"
  "See also: substruct, subsasgn, getfield")
{
    int n;
    struct step *s = path_struct(c, 1, &n);
    result(c, 0, follow(c, c->arg[0], n, s));
}

BUILTIN(subsasgn, 3, 3, 1, NO_GRAD,
  "y = subsasgn(x, path, v)\n\n"
  "x after v has been assigned at a path made by substruct.\n\n"
  "Example:\n  subsasgn([1 2], substruct('()', {2}), 9)\n  ans =\n\n     1   9\n\n\n"
  "See also: substruct, subsref, setfield")
{
    int n;
    struct step *s = path_struct(c, 1, &n);
    i64 dim[MAX_DIMS];
    value v = c->arg[2];
    if (n && s[n - 1].kind == STEP_PAREN && v.kind == K_TENSOR && v.t->dtype == D_DOUBLE && value_dims(v, dim) == 2 &&
        dim[0] == 0 && dim[1] == 0) {
        struct cell *root = cell_2d(1, 1);
        cell_set(root, 0, c->arg[0]);
        place_delete(&root->v[0], n, s);      /* [] deletes */
        result(c, 0, root->v[0]);
        return;
    }
    changed(c, n, s, v);
}
