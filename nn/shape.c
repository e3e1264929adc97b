/* SPDX-License-Identifier: BSD-3-Clause */
/* shape.c: layers that move elements and compute nothing, and nn.reshape, the reshape in Torch's order that they share.
 *
 * A tensor in Torch's order is reshaped without a copy. */
#include "nn.h"
#include "lab/gpu.h"
#include "lab/index.h"
#include <math.h>

/* ---- nn.reshape */
static int sizes_of(struct call *c, int at, i64 numel, i64 *dim)         /* one may be -1 */
{
    struct tensor *s = arg_double(c, at);
    int nd = (int)s->numel, rest = -1;
    i64 known = 1;
    if (s->numel < 1 || s->numel > MAX_DIMS)
        fail_arg(c, at, "a row of sizes");
    for (int d = 0; d < nd; d++) {
        double x = ((double *)s->data)[d];
        if (x != (double)(i64)x || x < -1 || (x == -1 && rest >= 0))
            fail_arg(c, at, "sizes, integers from 0 on, one of them -1 for the rest");
        dim[d] = (i64)x;
        if (x == -1)
            rest = d;
        else
            known *= dim[d];
    }
    if (rest >= 0)
        dim[rest] = known ? numel / known : 0;
    if (nd == 1)
        dim[1] = dim[0], dim[0] = 1, nd = 2;
    if (dims_numel(nd, dim) != numel)
        fail("Octave:nonconformant-args", "nn.reshape: %lld elements do not make %s", (long long)numel,
             dims_text(nd, dim, (char[128]){ 0 }));
    return nd;
}

extern const struct builtin builtin_nn_reshape;
value nn_view(value v, int nd, const i64 *dim)
{
    if (!RECORDING && is_tensor_like(v))
        return tensor_box(nn_reshape(tensor_any(v), nd, dim));
    return g_call(&builtin_nn_reshape, 2, v, tensor_box(tensor_of_dims(nd, dim)));
}

static void nn_reshape_grad(struct call *c)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(c->arg[0], dim);
    result(c, 0, nn_view(grad_of(c, 0), nd, dim));
}

BUILTIN(nn_reshape, 2, 2, 1, nn_reshape_grad,
  "y = nn.reshape(x, size)\n\n"
  "The elements of x in Torch's order (last dimension fastest) with other sizes; one size may be -1 for the rest. The "
  "language's own reshape is column-major.\n\n"
  "Example:\n  nn.reshape([1 2 3; 4 5 6], [3 2])\n  ans =\n     1   2\n     3   4\n     5   6\n\n"
  "See also: reshape, nn.View")
{
    i64 dim[MAX_DIMS];
    struct tensor *x = arg_tensor(c, 0);
    int nd = sizes_of(c, 1, x->numel, dim);
    result_tensor(c, 0, nn_reshape(x, nd, dim));
}

/* ---- layers that give other sizes to the same elements */
typedef int sizes_rule(struct module *m, value x, int nd, const i64 *dim, i64 *to);
static value resized(struct module *m, value x, sizes_rule *f)
{
    i64 dim[MAX_DIMS], to[MAX_DIMS];
    int nd = value_dims(x, dim);
    while (nd < m->rank)
        dim[nd++] = 1;
    int n = f(m, x, nd, dim, to);
    if (n == 1)
        to[1] = to[0], to[0] = 1, n = 2;
    nn_set_rank(n);
    return nn_view(x, n, to);
}
static value resized_back(struct module *m, value x, value g, int want, double scale)
{
    i64 dim[MAX_DIMS];
    (void)m, (void)scale;
    if (!(want & WANT_INPUT))
        return nil();
    if (!is_tensor_like(g) || value_numel(g) != value_numel(x))
        nn_fail(m, "gradOutput must have %lld elements, as the output, but is a %s", (long long)value_numel(x),
                value_describe(g, (char[160]){ 0 }));
    int nd = value_dims(x, dim);
    return nn_view(g, nd, dim);
}

static int numbers(struct module *m, value v, i64 *to)        /* sizes given as v{1}, v{2} … or one row */
{
    int n = 0;
    bool rest = false;
    struct cell *c = v.kind == K_CELL ? v.cell : NULL;
    for (i64 i = 0; i < (c ? c->numel : 1); i++) {
        value e = c ? c->v[i] : v;
        if (!is_tensor_like(e) || dtype_is(value_dtype(e), DT_T | DT_C))
            nn_fail(m, "sizes must be integers");
        struct tensor *t = tensor_of(e);
        for (i64 k = 0; k < t->numel; k++) {
            double x = element_double(t, k);
            if (n == MAX_DIMS - 1 || !(x >= -1 && x <= INT32_MAX) || x != floor(x) || (x == -1 && rest))
                nn_fail(m, "sizes must be integers from 0 on, one of them perhaps -1 for the rest");
            rest |= x == -1;
            to[n++] = (i64)x;
        }
    }
    return n;
}

static i64 product(int n, const i64 *dim)
{
    i64 p = 1;
    for (int i = 0; i < n; i++)
        if (__builtin_mul_overflow(p, dim[i], &p))
            return INT64_MAX;                 /* more than any tensor has */
    return p;
}

/* View and Reshape: sizes of a sample; what is left over is the batch. */
enum { SIZES, INPUT_DIMS };
static int view_rule(struct module *m, value x, int nd, const i64 *dim, i64 *to)
{
    i64 total = product(nd, dim), size[MAX_DIMS], known = 1;
    int n = numbers(m, OPTION(m, SIZES), size), rest = -1;
    for (int i = 0; i < n; i++) {
        if (size[i] == -1)
            rest = i;
        else
            known = product(2, (i64[]){ known, size[i] });
    }
    double per = value_numel(OPTION(m, INPUT_DIMS)) ? option_num(m, INPUT_DIMS) : -1;
    i64 batch = 1;
    bool batched = false;
    if (per >= 0 && nd > per) {
        batch = product(nd - (int)per, dim);
        batched = true;
    } else if (per < 0 && rest < 0 && total != known && known && total % known == 0) {
        batch = total / known;
        batched = true;
    }
    if (rest >= 0 && known && batch && total / batch % known == 0)
        size[rest] = total / batch / known;
    if (product(n, size) != (batch ? total / batch : 0) || (batch && total % batch)) {
        char wants[160];
        snprintf(wants, sizeof wants, "samples of %lld elements", (long long)known);
        nn_fail_shape(m, wants, x);
    }
    int k = 0;
    if (batched)
        to[k++] = batch;
    for (int i = 0; i < n; i++)
        to[k++] = size[i];
    return k;
}
static int reshape_rule(struct module *m, value x, int nd, const i64 *dim, i64 *to)
{
    i64 total = product(nd, dim), size[MAX_DIMS];
    int n = numbers(m, OPTION(m, SIZES), size), k = 0;
    i64 one = product(n, size);
    bool mode = value_numel(OPTION(m, INPUT_DIMS)) > 0,
         batch = mode ? option_bool(m, INPUT_DIMS) : total != one || (nd > n && dim[0] == 1);
    if (one <= 0 || total % one || (!batch && total != one) || (batch && dim[0] != total / one && mode)) {
        char wants[160];
        snprintf(wants, sizeof wants, "samples of %lld elements", (long long)one);
        nn_fail_shape(m, wants, x);
    }
    if (batch)
        to[k++] = total / one;
    for (int i = 0; i < n; i++)
        to[k++] = size[i];
    return k;
}
static value view_forward(struct module *m, value x) { return resized(m, x, view_rule); }
static value reshape_forward(struct module *m, value x) { return resized(m, x, reshape_rule); }
static void sizes_show(struct module *m, struct buf *b)
{
    value v = OPTION(m, SIZES);
    for (i64 i = 0; i < (v.kind == K_CELL ? v.cell->numel : 1); i++) {        /* never fails: errors call this */
        value e = v.kind == K_CELL ? v.cell->v[i] : v;
        for (i64 k = 0; is_tensor_like(e) && k < value_numel(e); k++)
            buff(b, "%s%g", b->n ? ", " : "", element_double(tensor_of(e), k));
    }
}
static bool view_method(struct module *m, const char *name, struct call *c)
{
    if (!strcmp(name, "setNumInputDims"))
        replace(&OPTION(m, INPUT_DIMS), num((double)arg_int(c, 1, 0, MAX_DIMS)));
    else if (!strcmp(name, "resetSize")) {
        struct cell *s = cell_2d(1, c->nargin - 1);
        for (int i = 1; i < c->nargin; i++)
            cell_set(s, i - 1, c->arg[i]);
        replace(&OPTION(m, SIZES), copy(cell_value(s)));
    } else {
        return false;
    }
    result(c, 0, c->arg[0]);
    return true;
}

/* The constructors take sizes one by one; the last argument of Reshape may be the batch mode, a logical. */
static void with_sizes(struct call *c, const struct layer *l, bool mode)
{
    value arg[2] = { nil(), nil() };
    int n = c->nargin;
    if (mode && n > 2 && nn_text_is(c->arg[n - 2], "batchMode")) {       /* batchMode=true comes as a name and a value */
        arg[1] = c->arg[n - 1];
        n -= 2;
    } else if (mode && n > 1 && c->arg[n - 1].kind == K_NUM && c->arg[n - 1].dtype == D_LOGICAL) {
        arg[1] = c->arg[--n];
    }
    struct cell *s = cell_2d(1, n);
    if (n < 1)
        fail("Octave:invalid-fun-call", "%s: sizes are needed", l->class.name);
    for (int i = 0; i < n; i++)
        cell_set(s, i, c->arg[i]);
    arg[0] = cell_value(s);
    struct module *m = module_make(l, 2, arg);
    i64 size[MAX_DIMS];
    (void)numbers(m, arg[0], size);
    result(c, 0, module_value(m));
}
#define LAYER_SIZES(id, help, mode, ...)                                                                   \
    extern const struct layer layer_##id;                                                                  \
    const struct layer layer_##id = { .class = MODULE_CLASS("nn." #id), .view = true, __VA_ARGS__ };       \
    static void nn_##id##_run(struct call *c) { with_sizes(c, &layer_##id, mode); }                        \
    extern const struct builtin builtin_nn_##id;                                                           \
    const struct builtin builtin_nn_##id = { "nn_" #id, 0, ANY, 1, nn_##id##_run, grad_pass, help };
#define SEE "\n\nSee also: nn.View, nn.Reshape, nn.Flatten, nn.reshape"

LAYER_SIZES(View,
            "m = nn.View(size1, size2, ...)\n\n"
            "Samples with other sizes, elements in Torch's order; one size may be -1 for the rest. What is more than "
            "one sample "
            "is a batch; m.setNumInputDims(n) says how many dimensions a sample has.\n\n"
            "Example:\n  nn.View(4).forward([1 2; 3 4])\n  ans =\n     1   2   3   4" SEE,
            false, .options = "sizes:v numInputDims:k=", .forward = view_forward, .backward = resized_back,
            .show = sizes_show, .method = view_method, .methods = "setNumInputDims resetSize")

LAYER_SIZES(Reshape,
  "m = nn.Reshape(size1, size2, ..., batchMode)\n\n"
  "Samples with other sizes, elements in Torch's order. Without batchMode what has more elements than one sample is a "
  "batch; true says that dimension 1 is the batch, false that there is none.\n\n"
  "Example:\n  nn.Reshape(1, 4).forward([1 2; 3 4])\n  ans =\n     1   2   3   4" SEE,
  true, .options = "sizes:v batchMode:b=", .forward = reshape_forward, .backward = resized_back, .show = sizes_show)

static int flatten_rule(struct module *m, value x, int nd, const i64 *dim, i64 *to)
{
    (void)m, (void)x;
    to[0] = dim[0];
    to[1] = product(nd - 1, dim + 1);
    return 2;
}
static value flatten_forward(struct module *m, value x) { return resized(m, x, flatten_rule); }
LAYER(Flatten,
  "m = nn.Flatten()\n\n"
  "N x … becomes N x F: dimension 1 is kept, the elements of each sample stand in Torch's order.\n\n"
  "Example:\n  size(nn.Flatten().forward(ones(2, 3, 4)))\n  ans =\n      2   12" SEE,
  .forward = flatten_forward, .backward = resized_back, .view = true)

static int collapse_rule(struct module *m, value x, int nd, const i64 *dim, i64 *to)
{
    int n = (int)option_int(m, 0), lead = nd - n;
    if (lead < 0)
        nn_fail(m, "wants at least %d dimensions and got %s", n, value_shape(x, (char[128]){ 0 }));
    for (int d = 0; d < lead; d++)
        to[d] = dim[d];
    to[lead] = product(n, dim + lead);
    return lead + 1;
}
static value collapse_forward(struct module *m, value x) { return resized(m, x, collapse_rule); }
LAYER(Collapse,
  "m = nn.Collapse(nInputDim)\n\n"
  "The last nInputDim dimensions as one; those before stay.\n\n"
  "Example:\n  size(nn.Collapse(2).forward(ones(2, 3, 4)))\n  ans =\n      2   12" SEE,
  .options = "nInputDim:d", .forward = collapse_forward, .backward = resized_back, .view = true)

static int squeeze_rule(struct module *m, value x, int nd, const i64 *dim, i64 *to)
{
    bool all = !value_numel(OPTION(m, 0));
    int at = all ? -1 : (int)option_int(m, 0) - 1, k = 0;
    (void)x;
    if (!all && value_numel(OPTION(m, 1)) && nd > option_num(m, 1))
        at++;
    for (int d = 0; d < nd; d++)
        if (!(dim[d] == 1 && (all || d == at)))
            to[k++] = dim[d];
    if (k == 0)
        to[k++] = 1;
    return k;
}
static value squeeze_forward(struct module *m, value x) { return resized(m, x, squeeze_rule); }
LAYER(Squeeze,
  "m = nn.Squeeze(dim, numInputDims)\n\n"
  "Without dimensions of size 1, or without that one; with numInputDims a batch may stand before it.\n\n"
  "Example:\n  size(nn.Squeeze().forward(ones(2, 1, 4)))\n  ans =\n     2   4" SEE,
  .options = "dim:d= numInputDims:d=", .forward = squeeze_forward, .backward = resized_back, .view = true)

static int unsqueeze_rule(struct module *m, value x, int nd, const i64 *dim, i64 *to)
{
    int at = (int)option_int(m, 0) - 1, k = 0;
    if (value_numel(OPTION(m, 1)) && nd > option_num(m, 1))
        at += nd - (int)option_int(m, 1);
    if (at > nd)
        nn_fail(m, "pos %d is beyond the dimensions of %s", at + 1, value_shape(x, (char[128]){ 0 }));
    for (int d = 0; d <= nd; d++) {
        if (k == MAX_DIMS)
            nn_fail(m, "a tensor has at most %d dimensions", MAX_DIMS);
        if (d == at)
            to[k++] = 1;
        if (d < nd)
            to[k++] = dim[d];
    }
    return k;
}
static value unsqueeze_forward(struct module *m, value x) { return resized(m, x, unsqueeze_rule); }
LAYER(Unsqueeze,
  "m = nn.Unsqueeze(pos, numInputDims)\n\n"
  "With a dimension of size 1 at place pos; with numInputDims a batch may stand before it.\n\n"
  "Example:\n  size(nn.Unsqueeze(1).forward(ones(2, 4)))\n  ans =\n     1   2   4" SEE,
  .options = "pos:d numInputDims:d=", .forward = unsqueeze_forward, .backward = resized_back, .view = true)

/* ---- parts */
#define PART_SEE "\n\nSee also: nn.Narrow, nn.Select, nn.Index"
static int place_of(struct module *m, value x, i64 dimension, int *nd,
                    i64 *dim) /* a dimension, negative from the end */
{
    *nd = value_dims(x, dim);
    int d = dimension < 0 ? *nd + (int)dimension + 1 : (int)dimension;
    if (d < 1 || d > *nd)
        nn_fail(m, "the input has %d dimensions (%s)", *nd, value_shape(x, (char[128]){ 0 }));
    return d;
}
static value narrow_record(struct module *m, value x, const value *w)
{
    i64 dim[MAX_DIMS], from = option_int(m, 1), n = option_int(m, 2);
    int nd, d = place_of(m, x, option_int(m, 0), &nd, dim);
    (void)w;
    if (from < 0)
        from = dim[d - 1] + from + 1;
    if (n < 0)
        n = dim[d - 1] - from + 2 + n;
    if (from < 1 || n < 1 || from + n - 1 > dim[d - 1])
        nn_fail(m, "wants elements %lld to %lld of dimension %d and got %s", (long long)from, (long long)(from + n - 1),
                d, value_shape(x, (char[128]){ 0 }));
    return nn_slice(x, d, from - 1, n);
}
LAYER(Narrow,
  "m = nn.Narrow(dimension, offset, length)\n\n"
  "length (1) elements along the dimension, from offset on. Negative: counted from the end.\n\n"
  "Example:\n  nn.Narrow(2, 2, 2).forward([1 2 3 4])\n  ans =\n     2   3" PART_SEE,
  .options = "dimension:e offset:z length:z=1", .record = narrow_record, .show = nn_show_options)

static value select_record(struct module *m, value x, const value *w)
{
    i64 dim[MAX_DIMS], i = option_int(m, 1);
    int nd, d = place_of(m, x, option_int(m, 0), &nd, dim);
    (void)w;
    i64 at = i < 0 ? dim[d - 1] + i + 1 : i;
    if (at < 1 || at > dim[d - 1])
        nn_fail(m, "wants element %lld of dimension %d and got %s", (long long)i, d, value_shape(x, (char[128]){ 0 }));
    if (nd == 2)
        return nn_slice(x, d, at - 1, 1);
    return nn_select(x, d, at - 1);
}
LAYER(Select,
  "m = nn.Select(dimension, index)\n\n"
  "The slice at index of the dimension, which goes; of a matrix it stays with size 1. Negative: counted from the end.\n\n"
  "Example:\n  nn.Select(1, 2).forward([1 2; 3 4])\n  ans =\n     3   4" PART_SEE,
  .options = "dimension:e index:z", .record = select_record, .show = nn_show_options)

static value index_record(struct module *m, value x, const value *w)
{
    struct cell *c = nn_cell(m, x, 2, "{tensor, indices}");
    i64 dim[MAX_DIMS];
    int nd, d = place_of(m, c->v[0], option_int(m, 0), &nd, dim);
    value idx[MAX_DIMS], at = c->v[1].kind == K_TENSOR ? tensor_box(tensor_any(c->v[1])) : c->v[1];
    (void)w;
    if (RECORDING && tracked(at))             /* class numbers have no gradient */
        at = tensor_box(tensor_clone(tensor_any(at)));
    for (int k = 0; k < nd; k++)
        idx[k] = k == d - 1 ? at : colon();
    return index_paren(c->v[0], nd, idx);
}
LAYER(Index,
  "m = nn.Index(dimension)\n\n"
  "For {x, i}: the slices of x at the indices i of the dimension.\n\n"
  "Example:\n  nn.Index(2).forward({[10 20 30], [3 1]})\n  ans =\n     30   10" PART_SEE,
  .wants = "{x, index}", .options = "dimension:d", .record = index_record, .show = nn_show_options, .table = true)

LAYER(MaskedSelect,
      "m = nn.MaskedSelect()\n\n"
      "For {x, mask}: a row of the elements of x where the mask is not zero, in Torch's order.\n\n"
      "Example:\n  nn.MaskedSelect().forward({[1 2; 3 4], [1 0; 0 1]})\n  ans =\n     1   4" PART_SEE,
      .expr = "@(x) begin a = nn.reshape(x{1}, [1 -1]); b = nn.reshape(double(x{2}), [1 -1]); return a(find(b)) end",
      .wants = "{x, mask}", .table = true)

LAYER(Replicate,
  "m = nn.Replicate(nFeatures, dim, ndim)\n\n"
  "nFeatures copies of the input along a new dimension dim (1). With ndim, the number of dimensions of a sample, a "
  "batch may stand before it.\n\n"
  "Example:\n  size(nn.Replicate(3).forward(ones(2, 4)))\n  ans =\n     3   2   4" PART_SEE,
  .options = "nFeatures:n dim:d=1 ndim:d=", .show = nn_show_options,
  .expr = "@(x, nFeatures, dim, ndim) begin s = size(x); d = dim; if !isempty(ndim) && numel(s) > ndim, d = d + 1; end;"
          " y = nn.reshape(x, [s(1:d-1) 1 s(d:end)]); r = ones(1, numel(s) + 1); r(d) = nFeatures; return repmat(y, r) end")

LAYER(Padding,
      "m = nn.Padding(dim, pad, nInputDim, value, index)\n\n"
      "pad elements of value (0) along dim: before the input when pad is negative, else behind it. With nInputDim, the "
      "number of dimensions of a sample, a batch may stand before it. index: the place at which they stand, 1 at the "
      "edge.\n\n"
      "Example:\n  nn.Padding(2, 2, 2, -1).forward([1 2])\n  ans =\n     1   2  -1  -1" PART_SEE,
      .options = "dim:d pad:z nInputDim:d= value:x=0 index:n=1", .show = nn_show_options,
      .expr = "@(x, dim, pad, nInputDim, value, index) begin d = dim; if !isempty(nInputDim) && ndims(x) > nInputDim, "
              "d = d + 1; end;"
              " s = size(x); s(end+1:d) = 1; n = s(d); z = s; z(d) = abs(pad); p = value * ones(z, 'like', x); i = "
              "repmat({':'}, 1, numel(s)); a = i; b = i; if pad < 0, k = index - 1; else, k = n - index + 1; end; a{d} "
              "= "
              "1:k; b{d} = k+1:n; return cat(d, x(a{:}), p, x(b{:})) end")

static bool transpose_method(struct module *m, const char *name, struct call *c)
{
    if (strcmp(name, "setNumInputDims"))
        return false;
    replace(&OPTION(m, 3), num((double)arg_int(c, 1, 1, MAX_DIMS)));
    result(c, 0, c->arg[0]);
    return true;
}
LAYER(Transpose,
      "m = nn.Transpose(dims, ...)\n\n"
      "Exchanges dimensions: each argument is a pair, [1 2] or {1, 2}, taken in order; m.setNumInputDims(n), the "
      "number of "
      "dimensions of a sample, lets a batch stand before.\n\n"
      "Example:\n  nn.Transpose([1 2]).forward([1 2; 3 4])\n  ans =\n     1   3\n     2   4" PART_SEE,
      .options = "dims:v dims2:v= dims3:v= numInputDims:d=", .method = transpose_method, .methods = "setNumInputDims",
      .expr = "@(x, dims, dims2, dims3, numInputDims) begin k = 0; if !isempty(numInputDims) && ndims(x) > "
              "numInputDims, k = 1; end;"
              " pairs = {dims, dims2, dims3}; n = ndims(x); for i = 1:3, q = pairs{i}; if isempty(q), continue, end; "
              "if "
              "iscell(q), q = [q{:}]; end; n = max([n q + k]); end; p = 1:n; for i = 1:3, q = pairs{i}; if isempty(q), "
              "continue, end; if iscell(q), q = [q{:}]; end; p(q + k) = p(fliplr(q + k)); end; return permute(x, p) "
              "end")

LAYER(Contiguous,
  "m = nn.Contiguous()\n\n"
  "The input.\n\nExample:\n  nn.Contiguous().forward(3)\n  ans = 3" PART_SEE, .expr = "@(x) x + 0")
LAYER(Copy,
  "m = nn.Copy(inputType, outputType, forceCopy, dontCast)\n\n"
  "The input, converted to the class outputType if that is given. Another class than the net's lasts up to the next layer with parameters.\n\nExample:\n  class(nn.Copy('double', 'single').forward(3))\n  ans = single" PART_SEE,
  .options = "inputType:v= outputType:v= forceCopy:b=0 dontCast:b=0",
  .expr = "@(x, inputType, outputType) begin if strcmp(outputType, 'single'), return single(x), end;"
          " if strcmp(outputType, 'double'), return double(x), end; return x + 0 end")
LAYER(PixelShuffle,
      "m = nn.PixelShuffle(upscaleFactor)\n\n"
      "(C*r^2) x H x W becomes C x rH x rW: each r^2 maps are one with r times the resolution.\n\n"
      "Example:\n  size(nn.PixelShuffle(2).forward(ones(4, 3, 3)))\n  ans =\n     1   6   6" PART_SEE,
      .places = 2, .options = "upscaleFactor:n", .show = nn_show_options, .expr = "@(x, upscaleFactor) nn.pixelshuffle(x, upscaleFactor)")
