/* SPDX-License-Identifier: BSD-3-Clause */
/* cells.c: functions over all elements (cellfun, arrayfun, structfun), and cells made of arrays and back.
 *
 * The three maps are one loop: how to take element i of an input is the only difference.  Results are collected either
 * in a tensor whose class the first result decides, or in a cell; each turn of the loop gives its pool back, so a
 * million calls need no more memory than one. */
#include "call.h"
#include "cat.h"
#include "gpu.h"
#include "index.h"
#include "tape.h"
#include <strings.h>

/* ---- the loop */
struct source {
    int kind;
    value v;
    struct tensor *t;
    bool one;
}; /* kind: 'c' contents of a cell, 'd' dense doubles, 't' other elements, 'f' fields of a struct, 'i' by index, '1'
      itself */
struct map {
    struct call *c;
    value f, handler;                         /* handler NIL: none */
    bool uniform;
    int nin, nout;
    struct source *in;
    int nd;
    i64 n, dim[MAX_DIMS];
    struct cell *hold;                        /* the collected results: tensors of the uniform kind, or cells */
    struct cell *parts; /* under autograd: for each result a cell of its numbers, of which some may be tracked */
    char *one;                                /* of uniform results: 'c' cells of one element, 's' structs, else 0 */
    i64 at;                                   /* element in work, from 0 */
    value *arg, *out;
};

static value element(struct source *s, i64 i)
{
    value k;
    switch (s->kind) {
    case 'c': return s->v.cell->v[i];
    case 'd': return num(((const double *)s->t->data)[i]);
    case 't': return element_value(s->t, i);
    case 'f': return s->v.rec->v[i];
    case 'i': return k = num(i + 1), index_paren(s->v, 1, &k);
    default: return s->v;
    }
}

static void call_handler(struct map *m)       /* the failed call's stand-in */
{
    struct failure *e = failure();
    struct record *r = record_scalar();
    record_set(r, 0, symbol_of("identifier"), tensor_value(tensor_text(e->id ? e->id : "", e->id ? strlen(e->id) : 0)));
    record_set(r, 0, symbol_of("message"), tensor_value(tensor_text(e->message, strlen(e->message))));
    record_set(r, 0, symbol_of("index"), num(m->at + 1));
    value *arg = scratch(sizeof(value) * (m->nin + 1));
    arg[0] = record_value(r);
    memcpy(arg + 1, m->arg, sizeof(value) * m->nin);
    call_function(m->handler, m->nin + 1, arg, m->c->nargout, m->out);
}

static void widen(struct map *m, int k, int dtype)           /* real results so far, now a complex one */
{
    struct tensor *t = m->hold->v[k].t;
    cell_set(m->hold, k, tensor_box(tensor_cast(t, dtype)));
}

static void put_number(struct map *m, int k, value v)
{
    const char *who = m->c->fn->name;
    bool number = is_tensor_like(v);
    char d[160], one = number ? 0 : v.kind == K_CELL ? 'c' : v.kind == K_STRUCT ? 's' : '?';
    if (one == '?' || value_numel(v) != 1)
        fail("Octave:invalid-fun-call",
             "%s: all values must be scalars when UniformOutput = true\n"
             "hint: for element %lld result %d is a %s; %s(…, UniformOutput=false) collects results of any kind in a cell",
             who, (long long)m->at + 1, k + 1, value_describe(v, d), who);
    if (unlikely(m->hold->v[k].kind == K_NIL)) {
        cell_set(m->hold, k,
                 number ? tensor_box(tensor_zeros(value_dtype(v), m->nd, m->dim))
                        : cell_value(cell_new(m->nd, m->dim)));
        m->one[k] = one;
    }
    if (unlikely(one != m->one[k]))
        fail("Octave:invalid-fun-call", "%s: the kinds of result %d differ: for element %lld it is a %s\n"
             "hint: %s(…, UniformOutput=false) collects results of any kind in a cell", who, k + 1, (long long)m->at + 1, value_describe(v, d), who);
    if (unlikely(!number)) {
        cell_set(m->hold->v[k].cell, m->at, one == 'c' ? v.cell->v[0] : v);
        return;
    }
    if (unlikely(m->parts != NULL))
        cell_set(m->parts->v[k].cell, m->at, tape_plain(v));
    v = gpu_read_value(v, who);
    int dt = value_dtype(v);
    struct tensor *t = m->hold->v[k].t;
    if (unlikely(t->dtype != dt) && dtype_is(dt, DT_C) &&
        !dtype_is(t->dtype, DT_C)) { /* else the first result's class counts */
        if (!dtype_is(t->dtype, DT_F))
            fail("Octave:invalid-fun-call",
                 "%s: the classes of result %d differ: %s for element 1, complex for element %lld\n"
                 "hint: convert in the function, or use UniformOutput=false",
                 who, k + 1, dtypes[t->dtype].class, (long long)m->at + 1);
        widen(m, k, dtype_complex(t->dtype));
        t = m->hold->v[k].t;
    }
    if (likely(v.tag == 0 && t->dtype == D_DOUBLE)) {
        ((double *)t->data)[m->at] = v.num;
        return;
    }
    size_t size = dtypes[t->dtype].size;
    struct tensor *x = tensor_cast(tensor_of(v), t->dtype);
    memcpy(t->data + m->at * size, x->data, size);
}

static void turn(struct map *m)
{
    int nout = MAX(1, m->c->nargout);
    for (int k = 0; k < nout; k++)
        m->out[k] = nil();
    for (int k = 0; k < m->nin; k++)
        m->arg[k] = element(&m->in[k], m->in[k].one ? 0 : m->at);
    if (is_nil(m->handler)) {
        call_function(m->f, m->nin, m->arg, m->c->nargout, m->out);
    } else if (!try_function(m->f, m->nin, m->arg, m->c->nargout, m->out)) {
        for (int k = 0; k < nout; k++)
            m->out[k] = nil();
        call_handler(m);
    }
    for (int k = 0; k < nout; k++) {
        if (is_nil(m->out[k])) {
            if (m->c->nargout == 0 && m->at == 0)
                m->nout = 0;                  /* the function is one that returns nothing */
            if (m->c->nargout == 0 && m->nout == 0)
                return;
            fail("Octave:undefined-function", "%s: the function returned no value %d for element %lld", m->c->fn->name,
                 k + 1, (long long)m->at + 1);
        }
        if (m->nout == 0)
            return;
        if (m->uniform)
            put_number(m, k, m->out[k]);
        else
            cell_set(m->hold->v[k].cell, m->at, m->out[k]);
    }
}

static void map_run(struct map *m)            /* fills m->hold with nout results */
{
    int nout = MAX(1, m->c->nargout);
    m->nout = nout;
    m->arg = scratch(sizeof(value) * (m->nin + 1));
    m->out = scratch(sizeof(value) * nout);
    m->one = memset(scratch((size_t)nout), 0, (size_t)nout);
    m->hold = cell_2d(1, nout);
    for (int k = 0; k < nout; k++)
        cell_set(m->hold, k, m->uniform ? nil() : cell_value(cell_new(m->nd, m->dim)));
    if (RECORDING && m->uniform) {
        m->parts = cell_2d(1, nout);
        for (int k = 0; k < nout; k++)
            cell_set(m->parts, k, cell_value(cell_2d(1, m->n)));
    }
    for (m->at = 0; m->at < m->n; m->at++) {
        int mark = pool_mark();
        poll();
        turn(m);
        pool_release(mark);
    }
    for (int k = 0; k < m->nout; k++)
        if (is_nil(m->hold->v[k]))            /* nothing to call it on */
            cell_set(m->hold, k, tensor_box(tensor_zeros(D_DOUBLE, m->nd, m->dim)));
}

static value one_record(struct map *m, struct cell *x)       /* structs of one element each as an array */
{
    const struct fields *f = x->v[0].rec->f;
    struct record *r = record_new(x->nd, x->dim, f->n, f->name);
    for (i64 i = 0; i < x->numel; i++) {
        struct record *from = x->v[i].rec;
        for (int k = 0; k < f->n; k++) {
            int at = from->f->n == f->n ? record_find(from, f->name[k]) : -1;
            if (at < 0)
                fail("Octave:invalid-fun-call", "%s: the structs for elements 1 and %lld have different fields",
                     m->c->fn->name, (long long)i + 1);
            record_set(r, i, f->name[k], from->v[at]);
        }
    }
    return record_value(r);
}

static void map_results(struct map *m)
{
    if (m->c->nargout == 0 && m->n == 0 && m->uniform && m->c->fn->name[0] != 's')
        return;                               /* a statement that called nothing shows nothing, as in Octave */
    for (int k = 0; k < m->nout; k++) {
        value v = m->hold->v[k];
        if (m->parts && m->n && v.kind == K_TENSOR && tracked_below(m->parts->v[k])) {
            extern const struct builtin builtin_reshape;
            i64 dim[2] = { m->n, 1 };
            struct tensor *size = tensor_2d(D_DOUBLE, 1, m->nd);
            for (int d = 0; d < m->nd; d++)
                ((double *)size->data)[d] = (double)m->dim[d];
            value column = tape_cat(1, (int)m->n, m->parts->v[k].cell->v, tensor_box(tensor_reshape(v.t, 2, dim)));
            result(m->c, k, call1(&builtin_reshape, 2, column, tensor_value(size)));
            continue;
        }
        if (m->uniform && m->one[k] == 's')
            v = one_record(m, v.cell);
        result(m->c, k, v.kind == K_TENSOR ? tensor_value(tensor_narrow(v.t)) : v);
    }
}

/* Takes trailing 'UniformOutput', tf and 'ErrorHandler', h off the arguments; returns how many are left. */
static int map_options(struct map *m, int first)
{
    struct call *c = m->c;
    int n = c->nargin;
    m->uniform = true;
    m->handler = nil();
    while (n >= first + 2 && arg_is_text(c, n - 2)) {
        const char *s = arg_text(c, n - 2, NULL);
        size_t len = MAX(strlen(s), 2);
        if (!strncasecmp(s, "UniformOutput", len))
            m->uniform = arg_bool(c, n - 1);
        else if (!strncasecmp(s, "ErrorHandler", len))
            m->handler = arg_func(c, n - 1);
        else
            break;
        n -= 2;
    }
    return n;
}

static void map_sizes(struct map *m, int k,
                      value v) /* all inputs have one size, but those of one element go with all */
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(v, dim);
    m->in[k].one = value_numel(v) == 1;
    if (m->in[k].one && k)
        return;
    bool first = true;
    for (int j = 0; j < k; j++)
        first &= m->in[j].one || m->in[j].kind == '1';
    if (first) {
        m->nd = nd;
        memcpy(m->dim, dim, sizeof(i64) * nd);
        m->n = value_numel(v);
    } else if (!dims_equal(m->nd, m->dim, nd, dim)) {
        char s1[128], s2[128];
        fail("Octave:invalid-fun-call",
             "%s: all inputs must have the same size (or one element), but there is %s and number %d is %s",
             m->c->fn->name, dims_text(m->nd, m->dim, s1), k + 1, dims_text(nd, dim, s2));
    }
}

/* ---- cellfun: what old programs write as a name is done here without a call */
static bool is_empty(value v) { return value_numel(v) == 0; }
static double length_of(value v)
{
    i64 dim[MAX_DIMS], most = 0;
    int nd = value_dims(v, dim);
    for (int d = 0; d < nd; d++) {
        if (dim[d] == 0)
            return 0;
        most = MAX(most, dim[d]);
    }
    return most;
}
static double ndims_of(value v) { i64 dim[MAX_DIMS]; return value_dims(v, dim); }
static bool is_real(value v) { return is_tensor_like(v) && !dtype_is(value_dtype(v), DT_C); }

static bool legacy(struct call *c)
{
    static const char *const names[] = { "isempty",   "length", "numel",     "prodofsize", "ndims", "isreal",
                                         "islogical", "ischar", "isnumeric", "isclass",    "size",  NULL };
    int which = 0;
    if (arg_is_text(c, 0)) {
        const char *name = arg_text(c, 0, NULL);
        while (names[which] && strcmp(names[which], name))
            which++;
    } else {                                  /* the same by handle, where it means the builtin */
        while (which < 9 && !function_is(c->arg[0], names[which]))
            which++;
        if (which < 9 && c->nargout == 0 && c->nargin > 1 && c->arg[1].kind == K_CELL && c->arg[1].cell->numel == 0)
            return false;
        for (i64 i = 0; which < 9 && c->nargin > 1 && c->arg[1].kind == K_CELL && i < c->arg[1].cell->numel; i++)
            if (c->arg[1].cell->v[i].kind == K_OBJECT)      /* its class may answer */
                return false;
        if (which == 9)
            return false;
    }
    if (!names[which] || c->nargin != (which >= 9 ? 3 : 2) || c->nargout > 1 || c->arg[1].kind != K_CELL)
        return false;
    struct cell *x = c->arg[1].cell;
    bool truth = which == 0 || (which >= 5 && which <= 9);
    struct tensor *y = tensor_new(truth ? D_LOGICAL : D_DOUBLE, x->nd, x->dim);
    const char *class = which == 9 ? arg_text(c, 2, NULL) : NULL;
    i64 k = which == 10 ? arg_int(c, 2, 1, MAX_DIMS) : 0;
    for (i64 i = 0; i < x->numel; i++) {
        value v = x->v[i];
        i64 dim[MAX_DIMS];
        double r;
        switch (which) {
        case 0: r = is_empty(v); break;
        case 1: r = length_of(v); break;
        case 2: case 3: r = value_numel(v); break;
        case 4: r = ndims_of(v); break;
        case 5: r = is_real(v); break;
        case 6: r = is_tensor_like(v) && value_dtype(v) == D_LOGICAL; break;
        case 7: r = is_tensor_like(v) && value_dtype(v) == D_CHAR; break;
        case 8: r = is_tensor_like(v) && dtype_is(value_dtype(v), DT_F | DT_I); break;
        case 9: r = !strcmp(class_of(v), class); break;
        default: r = k <= value_dims(v, dim) ? dim[k - 1] : 1; break;
        }
        if (truth)
            y->data[i] = r;
        else
            ((double *)y->data)[i] = r;
    }
    result_tensor(c, 0, y);
    return true;
}

BUILTIN(cellfun, 2, ANY, ANY, grad_pass,
  "y = cellfun(f, c1, ...)\n"
  "[y1, y2, ...] = cellfun(f, c1, c2, ..., UniformOutput=true, ErrorHandler=h)\n\n"
  "Calls f(c1{i}, c2{i}, ...) for every element of cells of one size; a cell of one element goes with all.  f is a "
  "function or its name.  The results, one number each, make arrays of the cells' size; with UniformOutput=false they "
  "may be anything and make cells.  When a call fails and there is an ErrorHandler, its results are h(e, c1{i}, ...), "
  "where e has the fields message, identifier and index.\n\n"
  "Example:\n  cellfun(@numel, {1, [1 2], 'abc'})\n  ans =\n\n     1   2   3\n\n"
  "  cellfun(@(x) 2 * x, {1, [2 3]}, 'UniformOutput', false)\n  ans =\n  {\n    [1,1] = 2\n    [1,2] =\n\n       4   "
  "6\n\n  }\n\n\n"
  "See also: arrayfun, structfun, cell2mat")
{
    if (!RECORDING && legacy(c))
        return;
    struct map m = { .c = c, .f = arg_func(c, 0) };
    m.nin = map_options(&m, 2) - 1;
    m.in = scratch(sizeof *m.in * (m.nin + 1));
    for (int k = 0; k < m.nin; k++) {
        arg_cell(c, k + 1);
        m.in[k] = (struct source){ 'c', c->arg[k + 1], NULL, false };
        map_sizes(&m, k, c->arg[k + 1]);
    }
    map_run(&m);
    map_results(&m);
}

BUILTIN(arrayfun, 2, ANY, ANY, grad_pass,
  "y = arrayfun(f, x1, ...)\n"
  "[y1, y2, ...] = arrayfun(f, x1, x2, ..., UniformOutput=true, ErrorHandler=h)\n\n"
  "Calls f(x1(i), x2(i), ...) for every element of arrays of one size: numbers, text, structs, cells (then x(i) is a "
  "1x1 cell).  Results and options as in cellfun.\n\n"
  "Example:\n  arrayfun(@(x) x^2, [1 2 3])\n  ans =\n\n     1   4   9\n\n\n"
  "See also: cellfun, structfun")
{
    struct map m = { .c = c, .f = arg_func(c, 0) };
    m.nin = map_options(&m, 2) - 1;
    m.in = scratch(sizeof *m.in * (m.nin + 1));
    for (int k = 0; k < m.nin; k++) {
        value v = c->arg[k + 1];
        struct source *s = &m.in[k];
        *s = (struct source){ 'i', v, NULL, false };
        if (is_tensor_like(v)) {
            s->t = tensor_dense(tensor_of(v));
            s->kind = s->t->mark ? 'i' : s->t->dtype == D_DOUBLE ? 'd' : 't';
        } else if (v.kind != K_CELL && v.kind != K_STRUCT) {
            s->kind = '1';
        }
        if (s->kind == '1') {
            if (k == 0)
                m.nd = 2, m.dim[0] = m.dim[1] = m.n = 1;
        } else {
            map_sizes(&m, k, v);
        }
    }
    map_run(&m);
    map_results(&m);
}

/* structfun of an array of structs: f of every field of every element, a column for each. */
static void structs_fun(struct call *c, struct map *m, struct record *r)
{
    i64 dim[MAX_DIMS];
    int nf = r->f->n, nd = MIN(r->nd, MAX_DIMS - 1);
    struct cell *all = cell_new(2, (i64[]){ nf * r->numel, 1 });
    for (i64 i = 0; i < r->numel; i++)
        for (int f = 0; f < nf; f++)
            cell_set(all, i * nf + f, r->v[i * nf + f]);
    struct source in = { 'c', cell_value(all), NULL, false };
    m->nin = 1;
    m->in = &in;
    m->n = nf * r->numel;
    m->nd = nd + 1;
    m->dim[0] = nf;
    memcpy(m->dim + 1, r->dim, (size_t)nd * sizeof *dim);
    map_run(m);
    if (m->uniform) {
        map_results(m);
        return;
    }
    for (int k = 0; k < m->nout; k++) {
        struct record *y = record_new(r->nd, r->dim, nf, r->f->name);
        for (i64 i = 0; i < r->numel; i++)
            for (int f = 0; f < nf; f++)
                record_put(y, i, f, m->hold->v[k].cell->v[i * nf + f]);
        result(c, k, record_value(y));
    }
}

BUILTIN(structfun, 2, ANY, ANY, grad_pass,
  "y = structfun(f, s)\n"
  "[y1, ...] = structfun(f, s, UniformOutput=true, ErrorHandler=h)\n\n"
  "Calls f(s.name) for every field of the struct s.  The results, one number each, make a column; with "
  "UniformOutput=false they make a struct with the fields of s.\n\n"
  "Example:\n  structfun(@(x) 2 * x, struct('a', 1, 'b', 2))\n  ans =\n\n     2\n     4\n\n\n"
  "See also: cellfun, arrayfun")
{
    struct map m = { .c = c, .f = arg_func(c, 0) };
    int n = map_options(&m, 2);
    if (n > 2)
        fail_arg(c, 2, "an option: UniformOutput or ErrorHandler");
    struct record *r = arg_struct(c, 1);
    if (r->numel != 1) {
        structs_fun(c, &m, r);
        return;
    }
    struct source in = { 'f', c->arg[1], NULL, false };
    m.nin = 1;
    m.in = &in;
    m.nd = 2;
    m.n = m.dim[0] = r->f->n;
    m.dim[1] = 1;
    map_run(&m);
    if (m.uniform) {
        map_results(&m);
        return;
    }
    for (int k = 0; k < m.nout; k++) {
        struct record *y = record_new(2, (i64[]){ 1, 1 }, r->f->n, r->f->name);
        for (int f = 0; f < r->f->n; f++)
            record_put(y, 0, f, m.hold->v[k].cell->v[f]);
        result(c, k, record_value(y));
    }
}

/* ---- arrays to cells and back */
BUILTIN(num2cell, 1, 2, 1, grad_form,
  "c = num2cell(A)\nc = num2cell(A, dims)\n\n"
  "A cell of A's size that holds its elements.  The dimensions in dims stay together: num2cell(A, 1) holds the columns.\n\n"
  "Example:\n  num2cell([1 2])\n  ans =\n  {\n    [1,1] = 1\n    [1,2] = 2\n  }\n\n  num2cell([1 2; 3 4], 1){2}\n  ans "
  "=\n\n     2\n     4\n\n\n"
  "See also: mat2cell, cell2mat")
{
    value v = c->arg[0];
    i64 dim[MAX_DIMS], at[MAX_DIMS] = { 0 };
    bool whole[MAX_DIMS] = { false };
    int nd = value_dims(v, dim);
    if (!is_tensor_like(v) && v.kind != K_CELL && v.kind != K_STRUCT)
        fail_arg(c, 0, "an array");
    if (has_arg(c, 1)) {
        struct tensor *t = arg_double(c, 1);
        for (i64 i = 0; i < t->numel; i++) {
            double d = ((double *)t->data)[i];
            if (!(d >= 1) || d != (int)d)
                fail_arg(c, 1, "a list of dimensions");
            if (d <= nd) {
                whole[(int)d - 1] = true;
                dim[(int)d - 1] = 1;
            }
        }
    }
    struct cell *y = cell_new(nd, dim);
    if (is_tensor_like(v) && !has_arg(c, 1)) {
        struct tensor *t = tensor_dense(tensor_of(v));
        for (i64 i = 0; i < y->numel; i++) {
            int mark = pool_mark();
            cell_set(y, i, element_value(t, i));
            pool_release(mark);
        }
    } else {
        value idx[MAX_DIMS];
        for (i64 i = 0; i < y->numel; i++) {
            int mark = pool_mark();
            for (int d = 0; d < nd; d++)
                idx[d] = whole[d] ? colon() : num(at[d] + 1);
            cell_set(y, i, index_paren(v, nd, idx));
            pool_release(mark);
            for (int d = 0; d < nd && ++at[d] == dim[d]; d++)
                at[d] = 0;
        }
    }
    result(c, 0, cell_value(y));
}

/* Joins a cell along one dimension after the other; columns first, so that rows of a ragged cell fit together. */
BUILTIN(cell2mat, 1, 1, 1, NO_GRAD,
  "A = cell2mat(c)\n\n"
  "The arrays in the cell c, all of one class, joined to one as they stand in it.\n\n"
  "Example:\n  cell2mat({[1 2], 3; [4 5], 6})\n  ans =\n\n     1   2   3\n     4   5   6\n\n\n"
  "See also: num2cell, mat2cell, cat")
{
    if (is_tensor_like(c->arg[0]) && value_numel(c->arg[0]) == 0) {
        result(c, 0, c->arg[0]);
        return;
    }
    struct cell *x = arg_cell(c, 0);
    if (x->numel == 0) {
        result_tensor(c, 0, tensor_new(D_DOUBLE, x->nd, x->dim));
        return;
    }
    char d1[160], d2[160];
    for (i64 i = 0; i < x->numel; i++) {
        value v = x->v[i];
        if (!is_tensor_like(v) && v.kind != K_CELL && v.kind != K_STRUCT)
            fail("Octave:invalid-input-type", "cell2mat: element %lld of the cell is a %s, which cannot be joined",
                 (long long)i + 1, value_describe(v, d1));
        if (strcmp(class_of(v), class_of(x->v[0])))
            fail("Octave:invalid-input-type",
                 "cell2mat: all elements must be of one class, but element 1 is a %s and element %lld a %s",
                 value_describe(x->v[0], d1), (long long)i + 1, value_describe(v, d2));
    }
    i64 dim[MAX_DIMS];
    int nd = x->nd;
    memcpy(dim, x->dim, sizeof(i64) * nd);
    value *v = scratch(sizeof(value) * x->numel), *part = scratch(sizeof(value) * x->numel);
    memcpy(v, x->v, sizeof(value) * x->numel);
    for (int k = 0; k < nd; k++) {
        int d = k < 2 ? 1 - k : k;            /* 2, 1, 3, 4, … */
        i64 below = 1, above = 1;
        for (int e = 0; e < d; e++)
            below *= dim[e];
        for (int e = d + 1; e < nd; e++)
            above *= dim[e];
        for (i64 a = 0; a < above; a++)
            for (i64 b = 0; b < below; b++) {
                for (i64 i = 0; i < dim[d]; i++)
                    part[i] = v[b + below * (i + dim[d] * a)];
                v[b + below * a] = cat_dim("cell2mat", d, dim[d], part);
            }
        dim[d] = 1;
    }
    result(c, 0, v[0]);
}

BUILTIN(mat2cell, 2, ANY, 1, NO_GRAD,
  "c = mat2cell(A, rows)\nc = mat2cell(A, d1, d2, ...)\n\n"
  "Cuts A into a cell of blocks.  Each dk lists the block lengths along dimension k, whose sum is size(A, k); "
  "dimensions not mentioned stay whole.\n\n"
  "Example:\n  mat2cell(1:4, 1, [1 3])\n  ans =\n  {\n    [1,1] = 1\n    [1,2] =\n\n       2   3   4\n\n  }\n\n\n"
  "See also: num2cell, cell2mat")
{
    value v = c->arg[0];
    i64 size[MAX_DIMS], dim[MAX_DIMS], at[MAX_DIMS] = { 0 };
    int nd = value_dims(v, size), n = MAX(nd, c->nargin - 1);
    if (n > MAX_DIMS)
        fail("tl:too-many-dimensions", "mat2cell: a tensor has at most %d dimensions", MAX_DIMS);
    if (!is_tensor_like(v) && v.kind != K_CELL && v.kind != K_STRUCT)
        fail_arg(c, 0, "an array");
    struct cell *block = cell_2d(1, n);       /* the ranges of each dimension, as cells */
    for (int d = 0; d < n; d++) {
        i64 whole = d < nd ? size[d] : 1, sum = 0;
        if (d >= c->nargin - 1) {
            dim[d] = 1;
            continue;
        }
        struct tensor *t = arg_double(c, d + 1);
        const double *x = (const double *)t->data;
        dim[d] = t->numel;
        struct cell *ranges = cell_2d(1, t->numel);
        for (i64 i = 0; i < t->numel; i++) {
            if (!(x[i] >= 0) || x[i] != (double)(i64)x[i])
                fail_arg(c, d + 1, "a list of lengths");
            cell_set(ranges, i, range_new(sum + 1, 1, sum + x[i]));
            sum += (i64)x[i];
        }
        if (sum != whole)
            fail("Octave:invalid-input-arg",
                 "mat2cell: the lengths along dimension %d add up to %lld, but A has %lld there", d + 1, (long long)sum,
                 (long long)whole);
        cell_set(block, d, cell_value(ranges));
    }
    struct cell *y = cell_new(n, dim);
    value idx[MAX_DIMS];
    for (i64 i = 0; i < y->numel; i++) {
        int mark = pool_mark();
        for (int d = 0; d < n; d++)
            idx[d] = d < c->nargin - 1 ? block->v[d].cell->v[at[d]] : colon();
        cell_set(y, i, index_paren(v, n, idx));
        pool_release(mark);
        for (int d = 0; d < n && ++at[d] == dim[d]; d++)
            at[d] = 0;
    }
    result(c, 0, cell_value(y));
}

BUILTIN(cellslices, 3, 4, 1, NO_GRAD,
  "c = cellslices(x, lower, upper, dim)\n\n"
  "A cell of the slices lower(i):upper(i) of x along dim, by default the first dimension longer than one.\n\n"
  "Example:\n  cellslices(1:4, [1 3], [2 4]){2}\n  ans =\n\n     3   4\n\n\n"
  "See also: mat2cell")
{
    struct tensor *lo = arg_double(c, 1), *hi = arg_double(c, 2);
    i64 size[MAX_DIMS];
    int nd = value_dims(c->arg[0], size), dim = 1;
    while (dim < nd && size[dim - 1] == 1)
        dim++;
    if (size[dim - 1] == 1)
        dim = 1;
    dim = arg_dim(c, 3, dim);
    if (dim > MAX_DIMS)
        fail_arg(c, 3, "a dimension of the array");
    if (lo->numel != hi->numel)
        fail("Octave:nonconformant-args", "cellslices: there are %lld lower and %lld upper ends", (long long)lo->numel,
             (long long)hi->numel);
    nd = MAX(nd, dim);
    struct cell *y = cell_2d(1, lo->numel);
    value idx[MAX_DIMS];
    for (int d = 0; d < nd; d++)
        idx[d] = colon();
    for (i64 i = 0; i < y->numel; i++) {
        int mark = pool_mark();
        idx[dim - 1] = range_new(((double *)lo->data)[i], 1, ((double *)hi->data)[i]);
        cell_set(y, i, index_paren(c->arg[0], nd, idx));
        pool_release(mark);
    }
    result(c, 0, cell_value(y));
}

BUILTIN(cellstr, 1, 1, 1, NO_GRAD,
  "c = cellstr(s)\n\n"
  "A column of the rows of the char matrix s as texts without trailing blanks; a cell of texts stays as it is.\n\n"
  "Example:\n  cellstr(['ab '; 'c  '])\n  ans =\n  {\n    [1,1] = ab\n    [2,1] = c\n  }\n\n\n"
  "See also: char, iscellstr")
{
    value v = c->arg[0];
    if (v.kind == K_CELL) {
        for (i64 i = 0; i < v.cell->numel; i++)
            if (!is_tensor_like(v.cell->v[i]) || value_dtype(v.cell->v[i]) != D_CHAR)
                fail_arg(c, 0, "a char matrix or a cell of texts");
        result(c, 0, v);
        return;
    }
    struct tensor *t = arg_dense(c, 0);
    if (t->nd > 2 || (t->dtype != D_CHAR && t->numel))
        fail_arg(c, 0, "a char matrix or a cell of texts");
    i64 rows = t->numel ? t->dim[0] : 1, cols = t->numel ? t->dim[1] : 0;
    struct cell *y = cell_2d(rows, 1);
    char *s = scratch(cols + 1);
    for (i64 i = 0; i < rows; i++) {
        i64 n = cols;
        for (i64 j = 0; j < cols; j++)
            s[j] = t->data[i + j * rows];
        while (n && (s[n - 1] == ' ' || s[n - 1] == 0))
            n--;
        cell_set(y, i, tensor_value(tensor_text(s, n)));
    }
    result(c, 0, cell_value(y));
}

/* ---- lists */
BUILTIN(deal, 1, ANY, ANY, grad_pass,
  "[y1, y2, ...] = deal(x)\n[y1, y2, ...] = deal(x1, x2, ...)\n\n"
  "Hands one x to every result, or each x to its own.\n\n"
  "Example:\n  [a, b] = deal(1, 2)\n  a = 1\n  b = 2\n\n"
  "See also: swap, cell, struct")
{
    int nout = MAX(1, c->nargout);
    if (c->nargin > 1 && c->nargin != nout)
        fail("Octave:invalid-fun-call",
             "deal: %d values cannot be dealt to %d results; give one value, or one for each", c->nargin, nout);
    for (int k = 0; k < nout; k++)
        result(c, k, c->arg[c->nargin == 1 ? 0 : k]);
}

BUILTIN(swap, 2, 2, 2, grad_pass,
  "[b, a] = swap(a, b)\n\n"
  "The second argument, then the first.\n\n"
  "Example:\n  a = 1; b = 2; [a, b] = swap(a, b)\n  a = 2\n  b = 1\n\n"
  "See also: deal")
{
    result(c, 0, c->arg[1]);
    result(c, 1, c->arg[0]);
}

BUILTIN(nthargout, 2, ANY, 1, grad_pass,
  "y = nthargout(n, f, ...)\ny = nthargout(n, ntot, f, ...)\n\n"
  "Result number n of f(...), called for max(n) or ntot results; a cell of several when n is a vector.\n\n"
  "Example:\n  nthargout(2, @max, [1 9 3])\n  ans = 2\n\n"
  "See also: deal, isargout")
{
    struct tensor *which = arg_double(c, 0);
    const double *n = (const double *)which->data;
    int from = 1;
    double most = 0;
    for (i64 i = 0; i < which->numel; i++) {
        if (!(n[i] >= 1 && n[i] <= 1e4 && n[i] == (int)n[i]))
            fail_arg(c, 0, "numbers of results (1, 2, …)");
        most = MAX(most, n[i]);
    }
    if (is_tensor_like(c->arg[1]) && !arg_is_text(c, 1))
        most = arg_int(c, from++, (i64)MAX(1, most), 10000);
    value f = arg_func(c, from++);
    int nout = (int)MAX(1, most);
    value *out = scratch(sizeof(value) * nout);
    for (int k = 0; k < nout; k++)
        out[k] = nil();
    call_function(f, c->nargin - from, c->arg + from, nout, out);
    for (i64 i = 0; i < which->numel; i++)
        if (is_nil(out[(int)n[i] - 1]))
            fail("Octave:undefined-function", "nthargout: the function returned no value %d", (int)n[i]);
    if (which->numel == 1) {
        result(c, 0, out[(int)n[0] - 1]);
        return;
    }
    struct cell *y = cell_2d(1, which->numel);
    for (i64 i = 0; i < which->numel; i++)
        cell_set(y, i, out[(int)n[i] - 1]);
    result(c, 0, cell_value(y));
}
