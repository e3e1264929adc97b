/* SPDX-License-Identifier: BSD-3-Clause */
/* table.c: layers whose input or output is a cell of tensors. */
#include "nn.h"
#include "lab/gpu.h"
#include <math.h>

#define SEE "\n\nSee also: nn.ParallelTable, nn.ConcatTable, nn.JoinTable, nn.CAddTable"

/* ---- elementwise over the elements of a cell */
#define TABLE(id, fold, text, example, out, ...)                                                                          \
  LAYER(id, "m = nn." #id "(inplace)\n\n" text " inplace says nothing here: no input is changed.\n\nExample:\n  " example "\n  ans =\n" out SEE, .table = true, .options = "inplace:b=0",        \
    .expr = "@(x) begin if !iscell(x) || isempty(x), error('nn." #id " wants a cell of tensors and got a %s', class(x)), end; y = x{1};"   \
            " for i = 2:numel(x), y = " fold "; end; return y + 0 end", __VA_ARGS__)
#define LAYER_TABLE TABLE
/* The sum of what lies alike, which is the end of every branch of a residual net: by hand, 20 us less a call than the
 * expression. */
static bool alike(value x)
{
    struct cell *c = x.kind == K_CELL ? x.cell : NULL;
    for (i64 i = 0; c && i < c->numel; i++)
        if (c->v[i].kind != K_TENSOR || c->v[i].t->numel < 2 || !rows_alike(c->v[0].t, c->v[i].t))
            return false;
    return c && c->numel > 1;
}
static value sum_forward(struct module *m, value x)
{
    if (!alike(x))
        return nn_run_kept(m, x);
    const value *v = x.cell->v;
    struct tensor *y = nn_buffer(&m->output, v[0].t->dtype, v[0].t->nd, v[0].t->dim);
    rows_plus(y, v[0].t, v[1].t);
    for (i64 i = 2; i < x.cell->numel; i++)
        rows_plus(y, y, v[i].t);
    return tensor_box(y);
}
static value sum_backward(struct module *m, value x, value g, int want, double scale)
{
    if (!alike(x))
        return nn_back_kept(m, x, g, want, scale);
    value gx = nn_cells((int)x.cell->numel), same = tensor_box(rows_of(nn_grad_like(m, g, x.cell->v[0].t).t));
    for (i64 i = 0; i < x.cell->numel; i++)
        cell_set(gx.cell, i, same);
    return gx;
}
LAYER_TABLE(CAddTable, "y + x{i}", "The sum of the elements of the input, a cell.", "nn.CAddTable().forward({[1 2], [3 4]})", "     4   6",
  .forward = sum_forward, .backward = sum_backward)
LAYER_TABLE(CSubTable, "y - x{i}", "The first element of the input less the second.", "nn.CSubTable().forward({[1 2], [3 5]})", "    -2  -3")
LAYER_TABLE(CMulTable, "y .* x{i}", "The product of the elements of the input, elementwise.", "nn.CMulTable().forward({[1 2], [3 4]})", "     3   8")
LAYER_TABLE(CDivTable, "y ./ x{i}", "The first element of the input divided by the second, elementwise.", "nn.CDivTable().forward({[6 8], [3 4]})", "     2   2")
LAYER_TABLE(CMaxTable, "max(y, x{i})", "The largest over the elements of the input, elementwise.", "nn.CMaxTable().forward({[1 5], [3 4]})", "     3   5")
LAYER_TABLE(CMinTable, "min(y, x{i})", "The smallest over the elements of the input, elementwise.", "nn.CMinTable().forward({[1 5], [3 4]})", "     1   4")
LAYER(CAddTensorTable,
      "m = nn.CAddTensorTable()\n\nFor {v, {a, b, …}}: a cell {v + a, v + b, …}.\n\n"
      "Example:\n  nn.CAddTensorTable().forward({[1 1], {[1 2], [3 4]}}){2}\n  ans =\n     4   5" SEE,
      .wants = "{v, {a}}", .table = true,
      .expr = "@(x) begin y = cell(1, numel(x{2})); for i = 1:numel(y), y{i} = x{1} + x{2}{i}; end; return y end")

/* ---- one cell from another: values are handed on, gradients handed back */
static value empty_like(value v)              /* zeros, through cells */
{
    if (v.kind == K_CELL) {
        struct cell *c = cell_new(v.cell->nd, v.cell->dim);
        for (i64 i = 0; i < c->numel; i++)
            cell_set(c, i, empty_like(v.cell->v[i]));
        return cell_value(c);
    }
    if (v.kind == K_STRUCT && v.rec->numel == 1) {
        struct record *r = record_scalar();
        for (int i = 0; i < v.rec->f->n; i++)
            record_set(r, 0, v.rec->f->name[i], empty_like(record_get(v.rec, 0, v.rec->f->name[i])));
        return record_value(r);
    }
    if (!is_tensor_like(v))
        return v;
    struct tensor *t = tensor_any(v);
    return tensor_box(zeros_beside(v, dtype_is(t->dtype, DT_F) ? t->dtype : D_DOUBLE, t->nd, t->dim));
}
static struct cell *cells_in(struct module *m, value x) { return nn_cell(m, x, 1, "a cell of inputs"); }
static i64 whole_place(struct module *m, struct cell *c, i64 i)
{
    i64 at = i < 0 ? c->numel + i + 1 : i;
    if (at < 1 || at > c->numel)
        nn_fail(m, "wants element %lld of its input, which has %lld", (long long)i, (long long)c->numel);
    return at;
}
/* The key of nn.SelectTable: NULL when it is a place. */
static sym key_of(struct module *m)
{
    value v = OPTION(m, 0);
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR || !value_numel(v))
        return NULL;
    struct tensor *t = tensor_dense(tensor_of(v));
    return symbol_n(t->data, (size_t)t->numel);
}
static void select_check(struct module *m)
{
    value v = OPTION(m, 0);
    double x = is_tensor_like(v) && value_numel(v) == 1 && !dtype_is(value_dtype(v), DT_C | DT_T)
                   ? element_double(tensor_of(v), 0)
                   : NAN;
    if (!key_of(m) && !(x == floor(x) && fabs(x) <= INT32_MAX))
        fail("Octave:invalid-input-arg",
             "nn.SelectTable: index must be an integer, or the name of a field, but is a %s",
             value_describe(v, (char[160]){ 0 }));
}
static i64 select_place(struct module *m) { return (i64)element_double(tensor_of(OPTION(m, 0)), 0); }
static value keyed(struct module *m, value x, sym key)
{
    value v = x.kind == K_STRUCT ? record_get(x.rec, 0, key) : nil();
    if (x.kind != K_STRUCT)
        nn_fail(m, "wants a struct with the field '%s' and got a %s", key->text, value_describe(x, (char[160]){ 0 }));
    if (!is_nil(v))
        return v;
    struct buf *b = buf_new();
    for (int i = 0; i < x.rec->f->n; i++)
        buff(b, "%s%s", i ? ", " : "", x.rec->f->name[i]->text);
    nn_fail(m, "its input has no field '%s'; the fields are %s", key->text, b->s);
}
static value select_table_forward(struct module *m, value x)
{
    sym key = key_of(m);
    if (key)
        return keyed(m, x, key);
    struct cell *c = cells_in(m, x);
    return c->v[whole_place(m, c, select_place(m)) - 1];
}
static value select_table_backward(struct module *m, value x, value g, int want, double scale)
{
    sym key = key_of(m);
    value gx = empty_like(x);
    (void)want, (void)scale;
    if (key) {
        (void)keyed(m, x, key);
        record_set(gx.rec, 0, key, g);
        return gx;
    }
    cell_set(gx.cell, whole_place(m, cells_in(m, x), select_place(m)) - 1, g);
    return gx;
}
static void select_show(struct module *m, struct buf *b)
{
    sym key = key_of(m);
    if (key)
        buff(b, "'%s'", key->text);
    else
        buff(b, "%lld", (long long)select_place(m));
}
LAYER(SelectTable,
      "m = nn.SelectTable(index)\n\n"
      "That element of the input, a cell; negative from the end. With a name in place of the number the input is a "
      "struct, "
      "and the output that field of it.\n\n"
      "Example:\n  nn.SelectTable(-1).forward({1, 2, 3})\n  ans = 3\n  nn.SelectTable('b').forward(struct('a', 1, 'b', "
      "2))\n  ans = 2" SEE,
      .options = "index:v", .anywhere = true, .check = select_check, .forward = select_table_forward,
      .backward = select_table_backward, .table = true, .show = select_show)
static value narrow_table_forward(struct module *m, value x)
{
    struct cell *c = cells_in(m, x);
    i64 from = whole_place(m, c, option_int(m, 0)),
        n = option_int(m, 1) < 0 ? c->numel - from + 2 + option_int(m, 1) : option_int(m, 1);
    if (n < 1 || from + n - 1 > c->numel)
        nn_fail(m, "wants elements %lld to %lld of its input, which has %lld", (long long)from,
                (long long)(from + n - 1), (long long)c->numel);
    struct cell *y = cell_2d(1, n);
    for (i64 i = 0; i < n; i++)
        cell_set(y, i, c->v[from - 1 + i]);
    return cell_value(y);
}
static value narrow_table_backward(struct module *m, value x, value g, int want, double scale)
{
    struct cell *c = cells_in(m, x), *gx = empty_like(x).cell;
    i64 from = whole_place(m, c, option_int(m, 0));
    (void)want, (void)scale;
    for (i64 i = 0; g.kind == K_CELL && i < g.cell->numel && from - 1 + i < gx->numel; i++)
        cell_set(gx, from - 1 + i, g.cell->v[i]);
    return cell_value(gx);
}
LAYER(NarrowTable,
      "m = nn.NarrowTable(offset, length)\n\nlength (1) elements of the input, a cell, from offset on.\n\nExample:\n  "
      "numel(nn.NarrowTable(2, 2).forward({1, 2, 3}))\n  ans = 2" SEE,
      .options = "offset:z length:z=1", .anywhere = true, .forward = narrow_table_forward,
      .backward = narrow_table_backward, .table = true, .show = nn_show_options)

static i64 count_leaves(value v)
{
    i64 n = 0;
    if (v.kind != K_CELL)
        return 1;
    for (i64 i = 0; i < v.cell->numel; i++)
        n += count_leaves(v.cell->v[i]);
    return n;
}
static void put_leaves(value v, struct cell *to, i64 *at)
{
    if (v.kind != K_CELL) {
        cell_set(to, (*at)++, v);
        return;
    }
    for (i64 i = 0; i < v.cell->numel; i++)
        put_leaves(v.cell->v[i], to, at);
}
static value flatten_forward(struct module *m, value x)
{
    i64 at = 0;
    struct cell *y = cell_2d(1, count_leaves(cell_value(cells_in(m, x))));
    put_leaves(x, y, &at);
    return cell_value(y);
}
static value unflatten(value like, struct cell *from, i64 *at)
{
    if (like.kind != K_CELL)
        return from->v[(*at)++];
    struct cell *c = cell_new(like.cell->nd, like.cell->dim);
    for (i64 i = 0; i < c->numel; i++)
        cell_set(c, i, unflatten(like.cell->v[i], from, at));
    return cell_value(c);
}
static value flatten_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 at = 0;
    (void)want, (void)scale;
    if (g.kind != K_CELL || g.cell->numel != count_leaves(x))
        nn_fail(m, "gradOutput must be a cell of %lld tensors, like the output", (long long)count_leaves(x));
    return unflatten(x, g.cell, &at);
}
LAYER(FlattenTable,
  "m = nn.FlattenTable()\n\nAll tensors of a cell of cells in one cell.\n\nExample:\n  numel(nn.FlattenTable().forward({1, {2, {3, 4}}}))\n  ans = 4" SEE,
  .anywhere = true, .forward = flatten_forward, .backward = flatten_backward, .table = true)
LAYER(ZipTable,
      "m = nn.ZipTable()\n\n{{a1, a2}, {b1, b2}} becomes {{a1, b1}, {a2, b2}}.\n\nExample:\n  "
      "nn.ZipTable().forward({{1, 2}, {3, 4}}){2}{1}\n  ans = 2" SEE,
      .wants = "{{a}}", .table = true,
      .expr = "@(x) begin n = numel(x{1}); y = cell(1, n); for i = 1:n, z = cell(1, numel(x)); for k = 1:numel(x), "
              "z{k} = x{k}{i} + 0; end; y{i} = z; end; return y end")
LAYER(ZipTableOneToMany,
      "m = nn.ZipTableOneToMany()\n\n{v, {a, b}} becomes {{v, a}, {v, b}}.\n\nExample:\n  "
      "nn.ZipTableOneToMany().forward({1, {3, 4}}){2}{2}\n  ans = 4" SEE,
      .wants = "{v, {a}}", .table = true,
      .expr = "@(x) begin y = cell(1, numel(x{2})); for i = 1:numel(y), y{i} = {x{1} + 0, x{2}{i} + 0}; end; return y "
              "end")

static int shifted(struct module *m, value x, int dim)        /* a dimension of a sample, in a batch one further */
{
    i64 size[MAX_DIMS];
    int nd = value_dims(x, size);
    if (dim < 0)
        return nd + dim + 1;
    return value_numel(OPTION(m, 1)) && nd > option_num(m, 1) ? dim + 1 : dim;
}
static value split_record(struct module *m, value x, const value *w)
{
    i64 size[MAX_DIMS];
    (void)w;
    if (!is_tensor_like(x))
        nn_fail_shape(m, "a tensor", x);
    int nd = value_dims(x, size), d = shifted(m, x, (int)option_int(m, 0));
    if (d < 1 || d > nd)
        nn_fail(m, "the input has %d dimensions (%s)", nd, value_shape(x, (char[128]){ 0 }));
    struct cell *y = cell_2d(1, size[d - 1]);
    for (i64 i = 0; i < y->numel; i++)
        cell_set(y, i, nd == 2 ? nn_slice(x, d, i, 1) : nn_select(x, d, i));
    return cell_value(y);
}
LAYER(SplitTable,
  "m = nn.SplitTable(dimension, nInputDims)\n\n"
  "A cell of the slices along the dimension, which goes; of a matrix it stays with size 1. With nInputDims, the number "
  "of dimensions of a sample, a batch may stand before it; negative dimensions count from the end.\n\n"
  "Example:\n  nn.SplitTable(2).forward([1 2; 3 4]){2}\n  ans =\n     2\n     4" SEE,
  .options = "dimension:e nInputDims:d=", .record = split_record, .table = true, .show = nn_show_options)
static value join_record(struct module *m, value x, const value *w)
{
    struct cell *c = cells_in(m, x);
    (void)w;
    return nn_join(m, shifted(m, c->v[0], (int)option_int(m, 0)), (int)c->numel, c->v);
}
LAYER(JoinTable,
  "m = nn.JoinTable(dimension, nInputDims)\n\n"
  "The elements of the input, a cell, joined along the dimension. With nInputDims, the number of dimensions of a "
  "sample, a batch may stand before it.\n\n"
  "Example:\n  nn.JoinTable(2).forward({[1 2], 3})\n  ans =\n     1   2   3" SEE,
  .options = "dimension:e nInputDims:d=", .record = join_record, .table = true, .show = nn_show_options)

LAYER(MixtureTable,
  "m = nn.MixtureTable(dim)\n\n"
  "For {gates, experts}: the experts' outputs (a cell, or a tensor with the experts along dim) weighted by the gates, "
  "N x experts, and added up.\n\n"
  "Example:\n  nn.MixtureTable().forward({[0.25 0.75], {[4 8], [0 4]}})\n  ans =\n     1   5" SEE,
  .wants = "{gate, experts} or {gate, {expert}}", .options = "dim:d=2", .table = true, .show = nn_show_options,
  .expr = "@(x, dim) begin g = x{1}; e = x{2}; y = 0; k = size(g, 2);"
          " if iscell(e), for i = 1:k, y = y + e{i} .* g(:, i); end; return y, end;"
          " s = size(e); s(end+1:dim) = 1; i = repmat({':'}, 1, numel(s)); t = s; t(dim) = []; t(end+1:2) = 1;"
          " for j = 1:k, i{dim} = j; y = y + reshape(e(i{:}), t) .* g(:, j); end; return y end")
LAYER(PairwiseDistance,
      "m = nn.PairwiseDistance(p)\n\n"
      "For {a, b}, vectors or rows: their p-norm distances (p = 2), N x 1.\n\n"
      "Example:\n  nn.PairwiseDistance(1).forward({[1 2 3], [4 5 6]})\n  ans = 9" SEE,
      .wants = "{N x F, N x F}", .options = "norm:x=2", .table = true, .show = nn_show_options,
      .expr = "@(x, norm) begin d = abs(x{1} - x{2}); if norm == 1, return sum(d, 2), end; s = sum(d .^ norm, 2); "
              "return realpow(s + (s == 0), 1 / norm) .* (s != 0) end")
LAYER(DotProduct,
  "m = nn.DotProduct()\n\nFor {a, b}, vectors or rows: their dot products, N x 1.\n\nExample:\n  nn.DotProduct().forward({[1 2 3], [4 5 6]})\n  ans = 32" SEE,
  .wants = "{N x F, N x F}", .table = true, .expr = "@(x) sum(x{1} .* x{2}, 2)")
LAYER(CosineDistance,
      "m = nn.CosineDistance()\n\nFor {a, b}, vectors or rows: the cosines between them, N x 1.\n\nExample:\n  "
      "nn.CosineDistance().forward({[1 2 3], [4 5 6]})\n  ans = 0.9746" SEE,
      .wants = "{N x F, N x F}", .table = true,
      .expr = "@(x) sum(x{1} .* x{2}, 2) ./ sqrt((sum(x{1}.^2, 2) + 1e-12) .* (sum(x{2}.^2, 2) + 1e-12))")

static value criterion_table_forward(struct module *m, value x)
{
    struct cell *c = nn_cell(m, x, 2, "{input, target}");
    nn_enter(m, 1);
    value y = module_loss(module_of(OPTION(m, 0)), c->v[0], c->v[1]);
    nn_leave();
    return y;
}
static value criterion_table_backward(struct module *m, value x, value g, int want, double scale)
{
    struct cell *c = nn_cell(m, x, 2, "{input, target}");
    (void)want, (void)scale;
    nn_enter(m, 1);
    value gx = module_loss_grad(module_of(OPTION(m, 0)), c->v[0], c->v[1]);
    nn_leave();
    if (is_tensor_like(g) && value_numel(g) == 1)
        gx = g_op(EW_times, gx, g);
    struct cell *y = cell_2d(1, 2);
    cell_set(y, 0, gx);
    cell_set(y, 1, empty_like(c->v[1]));
    return cell_value(y);
}
LAYER(CriterionTable,
      "m = nn.CriterionTable(criterion)\n\nA criterion as a module: for {x, target} the loss.\n\nExample:\n  "
      "nn.CriterionTable(nn.MSECriterion()).forward({[1 2], [1 4]})\n  ans = 2" SEE,
      .options = "criterion:c", .anywhere = true, .forward = criterion_table_forward,
      .backward = criterion_table_backward, .table = true)
LAYER(ModuleFromCriterion,
      "m = nn.ModuleFromCriterion(criterion)\n\nnn.CriterionTable by nngraph's name: for {x, target} the "
      "loss.\n\nExample:\n  nn.ModuleFromCriterion(nn.MSECriterion()).forward({[1 2], [1 4]})\n  ans = 2" SEE,
      .options = "criterion:c", .anywhere = true, .forward = criterion_table_forward,
      .backward = criterion_table_backward, .table = true)
