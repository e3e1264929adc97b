/* SPDX-License-Identifier: BSD-3-Clause */
/* criterion_more.c: losses that are expressions of the language, and losses made of others. */
#include "nn.h"
#include "lab/gpu.h"
#include "criterion.h"
#include <math.h>

#define SEE "\n\nSee also: nn.MSECriterion, nn.ClassNLLCriterion, nn.CrossEntropyCriterion"
#define TARGETS " t = t(:);"
#define ALL(e) "sum(sum(" e ", 1)(:))"
#define EACH(e, n) LOSS_OVER(e, e, n)
/* Targets 1 and -1, nothing else. */
#define SIGNS(name) " if any(t(:) != 1 & t(:) != -1), error('" name ": targets are 1 or -1, but one is %g', t(find(t != 1 & t != -1, 1))), end;"

LAYER(BCECriterion,
      "c = nn.BCECriterion(weights, sizeAverage, reduction)\n\n"
      "Mean of -(t.*log(x) + (1-t).*log(1-x)) for probabilities x and targets t from 0 to 1, each term times its "
      "weight." REDUCTION_TEXT "\n\n"
      "Example:\n  nn.BCECriterion().forward([0.5 0.5], [0 1])\n  ans = 0.6931\n\n"
      "See also: nn.BCEWithLogitsCriterion, nn.Sigmoid, nn.CrossEntropyCriterion",
      .alike = true, .options = "weights:v= " AVERAGE, .criterion = true,
      .expr = "@(x, t, weights, sizeAverage, reduction) begin if any(x(:) < 0 | x(:) > 1), error('nn.BCECriterion: the "
              "input must be probabilities, from 0 to 1, but one is %g (nn.Sigmoid makes some of any numbers; "
              "nn.BCEWithLogitsCriterion does both)',"
              " x(find(x < 0 | x > 1, 1))), end; e = t .* reallog(x + 1e-12) + (1 - t) .* reallog(1 - x + 1e-12); if "
              "!isempty(weights), e = e .* weights; end;" EACH("-e", "numel(x)"))
LAYER(BCEWithLogitsCriterion,
      "c = nn.BCEWithLogitsCriterion(weights, sizeAverage, reduction, posWeight)\n\n"
      "nn.Sigmoid and nn.BCECriterion in one, in a form that does not overflow: for any numbers x and targets t from 0 "
      "to "
      "1 the mean of -(posWeight.*t.*log(sigmoid(x)) + (1-t).*log(1-sigmoid(x))), "
      "each term times its weight. posWeight (1) is a number, or one for each column." REDUCTION_TEXT "\n\n"
      "Example:\n  nn.BCEWithLogitsCriterion().forward([0 0], [0 1])\n  ans = 0.6931\n\n"
      "See also: nn.BCECriterion, nn.CrossEntropyCriterion",
      .alike = true, .options = "weights:v= " AVERAGE " posWeight:v=1", .criterion = true,
      .expr = "@(x, t, weights, sizeAverage, reduction, posWeight) begin e = (1 - t) .* x + (1 + (posWeight - 1) .* t) "
              ".* (log1p(exp(-abs(x))) + max(0, -x)); if !isempty(weights), e = e .* weights; end;" EACH("e", "numel("
                                                                                                              "x)"))
LAYER(WeightedMSECriterion,
  "c = nn.WeightedMSECriterion(weight, sizeAverage, reduction)\n\n"
  "Mean of (x - weight.*t).^2: the target is weighted, element by element." REDUCTION_TEXT "\n\n"
  "Example:\n  nn.WeightedMSECriterion([1 0.5]).forward([1 2], [1 8])\n  ans = 2" SEE,
  .alike = true, .options = "weight:v " AVERAGE, .criterion = true,
  .expr = "@(x, t, weight, sizeAverage, reduction) begin e = (x - weight .* t).^2;" EACH("e", "numel(x)"))
LAYER(PoissonNLLCriterion,
      "c = nn.PoissonNLLCriterion(logInput, full, eps, sizeAverage, reduction)\n\n"
      "The negative log-likelihood of counts t that are Poisson with rate exp(x), with logInput=false with rate x: the "
      "mean of exp(x) - t.*x, or x - t.*log(x + eps) with eps 1e-8. full adds Stirling's "
      "approximation of log(t!) for t > 1." REDUCTION_TEXT " As PyTorch's.\n\n"
      "Example:\n  nn.PoissonNLLCriterion().forward([0 0], [1 3])\n  ans = 1" SEE,
      .alike = true, .options = "logInput:b=1 full:b=0 eps_:x=1e-8 " AVERAGE, .criterion = true,
      .expr = "@(x, t, logInput, full, eps_, sizeAverage, reduction) begin if logInput, e = exp(x) - t .* x; else, e = "
              "x - t .* reallog(x + eps_); end;"
              " if full, s = max(t, 1); e = e + (t > 1) .* (s .* log(s) - s + 0.5 * log(2 * pi * s)); end;" EACH("e",
                                                                                                                 "numel"
                                                                                                                 "(x)"))
LAYER(GaussianNLLCriterion,
      "c = nn.GaussianNLLCriterion(full, eps, sizeAverage, reduction)\n\n"
      "The negative log-likelihood of t that is normal with a mean and a variance, the input {mean, var}: the mean of "
      "(log(v) + (t - mean).^2./v)/2 with v = max(var, eps), eps 1e-6. full adds log(2*pi)/2." REDUCTION_TEXT " As "
                                                                                                              "PyTorch'"
                                                                                                              "s.\n\n"
      "Example:\n  nn.GaussianNLLCriterion().forward({[0 1], [1 4]}, [2 1])\n  ans = 1.3466" SEE,
      .wants = "{mean, var}", .table = true, .options = "full:b=0 eps_:x=1e-6 " AVERAGE, .criterion = true,
      .expr = "@(x, t, full, eps_, sizeAverage, reduction) begin m = x{1}; if !isequal(size(m), size(t)), "
              "error('nn.GaussianNLLCriterion: the target must be like the mean, %s, but is %s', mat2str(size(m)), "
              "mat2str(size(t))), end;"
              " if any(x{2}(:) < 0), error('nn.GaussianNLLCriterion: a variance is %g; none may be negative', "
              "min(x{2}(:))), end;"
              " v = max(x{2}, eps_); e = 0.5 * (reallog(v) + (m - t).^2 ./ v) + full * 0.5 * log(2 * pi);" EACH("e",
                                                                                                                "numel("
                                                                                                                "m)"))
LAYER(SpatialClassNLLCriterion,
      "c = nn.SpatialClassNLLCriterion(weights, sizeAverage, ignoreIndex, reduction)\n\n"
      "nn.ClassNLLCriterion for every place of images: log-probabilities N x C x H x W (or C x H x W), targets N x H x "
      "W (or H x W). Places of class ignoreIndex (-100) are left out." REDUCTION_TEXT "\n\n"
      "Example:\n  nn.SpatialClassNLLCriterion().forward(-ones(2, 2, 2), ones(2, 2))\n  ans = 1" SEE,
      .options = "weights:v= sizeAverage:b=1 ignoreIndex:z=-100 reduction:r=", .criterion = true,
      .expr = "@(x, t, weights, sizeAverage, ignoreIndex, reduction) begin s = size(x); if numel(s) < 4, s = [1 s 1]; "
              "s = s(1:4); x = reshape(x, s); end; c = s(2); if numel(t) * c != numel(x),"
              " error('nn.SpatialClassNLLCriterion: the input is %s, so there must be %d class numbers, but there are "
              "%d', "
              "mat2str(s), numel(x)/c, numel(t)), end; if !isempty(weights) && numel(weights) != c, "
              "error('nn.SpatialClassNLLCriterion: there are %d weights for %d classes', numel(weights), c), end;"
              " z = reshape(permute(x, [1 3 4 2]), [numel(t) c]); st = size(t);" TARGETS
              " k = t != ignoreIndex; t(!k) = 1; if any(t < 1 | t > c | t != fix(t)), "
              "error('nn.SpatialClassNLLCriterion: class numbers are from 1 to %d', c), end;"
              " n = numel(t); p = z((1:n)' + (t - 1) * n); w = k + 0; if !isempty(weights), w = k .* "
              "reshape(weights(t), [n 1]); end; e = -(p .* w);" LOSS_OVER("reshape(e, st)", "e",
                                                                          "(sum(w) + (sum(w) == 0))"))
LAYER(MultiMarginCriterion,
      "c = nn.MultiMarginCriterion(p, weights, margin, sizeAverage, reduction)\n\n"
      "For scores x, N x C, and class numbers t: the mean over samples of sum over i != t of max(0, margin - x(t) + "
      "x(i)).^p / C; p is 1 or 2." REDUCTION_TEXT "\n\n"
      "Example:\n  nn.MultiMarginCriterion().forward([0 0.5], 1)\n  ans = 0.7500" SEE,
      .options = "p:n=1 weights:v= margin:x=1 " AVERAGE, .criterion = true,
      .expr = "@(x, t, p, weights, margin, sizeAverage, reduction) begin [n, c] = size(x); st = size(t);" TARGETS
              " if numel(t) != n || any(t < 1 | t > c | t != fix(t)),"
              " error('nn.MultiMarginCriterion: the target must be %d class numbers from 1 to %d', n, c), end; k = "
              "(1:n)' "
              "+ (t - 1) * n; h = max(0, margin - x(k) + x);"
              " if p == 2, h = h.^2; end; m = ones(n, c); m(k) = 0; if !isempty(weights), m = m .* reshape(weights(t), "
              "[n 1]); end; e = sum(h .* m, 2) / c;" LOSS_OVER("reshape(e, st)", "e", "n"))
LAYER(MultiLabelMarginCriterion,
      "c = nn.MultiLabelMarginCriterion(sizeAverage, reduction)\n\n"
      "For scores x and rows t of class numbers ended by 0: the sum over classes j in the row and i outside of max(0, "
      "1 - x(j) + x(i)), divided by the number of classes." REDUCTION_TEXT "\n\n"
      "Example:\n  nn.MultiLabelMarginCriterion().forward([0.1 0.2 0.4 0.8], [4 1 0 0])\n  ans = 0.8500" SEE,
      .options = AVERAGE, .criterion = true,
      .expr = "@(x, t, sizeAverage, reduction) begin [n, c] = size(x); if size(t, 1) != n, "
              "error('nn.MultiLabelMarginCriterion: the target must have a row of class numbers for each of %d "
              "samples, but has %d', n, size(t, 1)), end;"
              " e = cell(n, 1); for k = 1:n, e{k} = sum(x(k, :), 2) * 0; j = t(k, :); z = find(j == 0, 1); if "
              "!isempty(z), "
              "j = j(1:z-1); end; j = reshape(j, 1, []); if any(j > c | j < 1), error('nn.MultiLabelMarginCriterion: "
              "class "
              "numbers are from 1 to %d', c), end; if isempty(j), continue, end;"
              " i = setdiff(1:c, j); if isempty(i), continue, end; e{k} = sum(sum(max(0, 1 - reshape(x(k, j), [], 1) + "
              "x(k, i)), 1), 2) / c; end; e = cat(1, e{:});" EACH("e", "n"))
LAYER(MultiLabelSoftMarginCriterion,
      "c = nn.MultiLabelSoftMarginCriterion(weights, sizeAverage, reduction)\n\n"
      "nn.BCECriterion of sigmoid(x), in a form that does not overflow: targets t are 0 or 1. sizeAverage=false sums "
      "over "
      "all; reduction='none' gives each sample's mean, 'sum' adds those up.\n\n"
      "Example:\n  nn.MultiLabelSoftMarginCriterion().forward([0 0], [0 1])\n  ans = 0.6931" SEE,
      .alike = true, .options = "weights:v= " AVERAGE, .criterion = true,
      .expr = "@(x, t, weights, sizeAverage, reduction) begin e = max(0, x) - x .* t + log1p(exp(-abs(x))); if "
              "!isempty(weights), e = e .* weights; end;"
              " if isempty(reduction), n = numel(x); else, e = mean(e, ndims(x)); n = numel(e); end;" EACH("e", "n"))
LAYER(HingeEmbeddingCriterion,
      "c = nn.HingeEmbeddingCriterion(margin, sizeAverage, reduction)\n\n"
      "For distances x and targets 1 or -1: x where t is 1, max(0, margin - x) where it is -1; the mean." REDUCTION_TEXT
      "\n\n"
      "Example:\n  nn.HingeEmbeddingCriterion().forward([0.3 0.4], [1 -1])\n  ans = 0.4500" SEE,
      .options = "margin:x=1 " AVERAGE, .criterion = true,
      .expr = "@(x, t, margin, sizeAverage, reduction) begin" SIGNS("nn.HingeEmbeddingCriterion") " t = reshape(t + "
                                                                                                  "zeros(size(x)), "
                                                                                                  "size(x)); e = x .* "
                                                                                                  "(t == 1) + max(0, "
                                                                                                  "margin - x) .* (t "
                                                                                                  "== -1);" EACH("e",
                                                                                                                 "numel"
                                                                                                                 "(x)"))
LAYER(L1HingeEmbeddingCriterion,
  "c = nn.L1HingeEmbeddingCriterion(margin)\n\n"
  "For {a, b} and a target 1 or -1: their L1 distance d, or max(0, margin - d).\n\n"
  "Example:\n  nn.L1HingeEmbeddingCriterion().forward({[1 2], [1 4]}, 1)\n  ans = 2" SEE,
  .wants = "{a, b}", .options = "margin:x=1", .criterion = true, .table = true,
  .expr = "@(x, t, margin) begin d = " ALL("abs(x{1} - x{2})") "; if t == 1, return d, end; return max(0, margin - d) end")
LAYER(CosineEmbeddingCriterion,
      "c = nn.CosineEmbeddingCriterion(margin, sizeAverage, reduction)\n\n"
      "For {a, b}, N x F, and targets 1 or -1: 1 - cos(a, b), or max(0, cos(a, b) - margin); the mean." REDUCTION_TEXT
      "\n\n"
      "Example:\n  nn.CosineEmbeddingCriterion().forward({[1 0], [0 1]}, 1)\n  ans = 1" SEE,
      .wants = "{N x F, N x F}", .options = "margin:x=0 " AVERAGE, .criterion = true, .table = true,
      .expr = "@(x, t, margin, sizeAverage, reduction) begin" SIGNS(
          "nn.CosineEmbeddingCriterion") " a = x{1}; b = x{2}; n = size(a, 1); st = size(t); t = reshape(t, [numel(t) "
                                         "1]);"
                                         " c = sum(a .* b, 2) ./ sqrt((sum(a.^2, 2) + 1e-12) .* (sum(b.^2, 2) + "
                                         "1e-12)); e = (1 - c) .* (t == 1) + max(0, c - margin) .* (t == -1); if "
                                         "prod(st) != n, st = [n 1]; end;" LOSS_OVER("reshape(e, st)", "e", "n"))
LAYER(MarginRankingCriterion,
      "c = nn.MarginRankingCriterion(margin, sizeAverage, reduction)\n\n"
      "For {a, b} and targets 1 (a ranks higher) or -1: the mean of max(0, -t.*(a - b) + margin)." REDUCTION_TEXT "\n\n"
      "Example:\n  nn.MarginRankingCriterion(1).forward({2, 1.5}, 1)\n  ans = 0.5000" SEE,
      .wants = "{a, b}", .options = "margin:x=1 " AVERAGE, .criterion = true, .table = true,
      .expr = "@(x, t, margin, sizeAverage, reduction) begin d = x{1} - x{2};" SIGNS(
          "nn.MarginRankingCriterion") " e = max(0, -t .* d + margin);" EACH("e", "numel(d)"))
LAYER(TripletMarginCriterion,
      "c = nn.TripletMarginCriterion(margin, p, eps, swap, sizeAverage, reduction)\n\n"
      "For {anchor, positive, negative}, N x F each: the mean of max(0, d(anchor, positive) - d(anchor, negative) + "
      "margin) with the p-norm (2) of differences plus eps (1e-6); swap takes the lesser of "
      "d(anchor, negative) and d(positive, negative). margin is 1. There is no target: c.forward(x), c.backward(x)." REDUCTION_TEXT " As "
                                                                                                               "PyTorch"
                                                                                                               "'s.\n\n"
      "Example:\n  nn.TripletMarginCriterion().forward({[0 0], [0 2], [1.5 0]})\n  ans = 1.5000\n\n"
      "See also: nn.CosineEmbeddingCriterion, nn.PairwiseDistance",
      .wants = "{N x F, N x F, N x F}", .alone = true, .options = "margin:x=1 p:x=2 eps_:x=1e-6 swap:b=0 " AVERAGE, .criterion = true,
      .table = true,
      .expr = "@(x, t, margin, p, eps_, swap, sizeAverage, reduction) begin d = @(a, b) realpow(sum(realpow(abs(a - b "
              "+ eps_), p), 2), 1 / p); n = d(x{1}, x{3}); if swap, n = min(n, d(x{2}, x{3})); end;"
              " e = max(0, d(x{1}, x{2}) - n + margin);" EACH("e", "numel(e)"))
LAYER(DistanceRatioCriterion,
  "c = nn.DistanceRatioCriterion(sizeAverage, reduction)\n\n"
  "For distances {d1, d2} of samples to one like them and one unlike: the mean of -log(exp(-d1) ./ (exp(-d1) + exp(-d2))). There is no target." REDUCTION_TEXT "\n\n"
  "Example:\n  nn.DistanceRatioCriterion().forward({1, 1})\n  ans = 0.6931" SEE,
  .wants = "{d1, d2}", .alone = true, .options = AVERAGE, .criterion = true, .table = true,
  .expr = "@(x, t, sizeAverage, reduction) begin d = x{1} - x{2}; e = max(0, d) + log1p(exp(-abs(d)));" EACH("e", "numel(d)"))
LAYER(L1Cost,
  "c = nn.L1Cost()\n\nThe sum of abs(x); there is no target.\n\nExample:\n  nn.L1Cost().forward([1 -2])\n  ans = 3" SEE,
  .criterion = true, .alone = true, .expr = "@(x, t) " ALL("abs(x)"))
/* Corners of a regular simplex around 0 at distance 1, row by row: each new coordinate makes the rows before it as far from
   the later ones as those are from each other. */
static void simplex_init(struct module *m)
{
    i64 n = option_int(m, 0);
    struct tensor *t = tensor_zeros(D_DOUBLE, 2, (i64[]){ n, n });
    double *a = (double *)t->data, d = (double)n - 1;
    for (i64 k = 0; k + 1 < n; k++) {
        double s = 1;
        for (i64 i = 0; i < k; i++)
            s -= a[k + i * n] * a[k + i * n];
        a[k + k * n] = sqrt(s);
        for (i64 r = k + 1; r < n; r++)
            a[r + k * n] = (a[k + k * n] * a[k + k * n] - 1 - 1 / d) / a[k + k * n];
    }
    replace(&STATE(m, 0), copy(tensor_box(t)));
}
static bool simplex_method(struct module *m, const char *name, struct call *c)
{
    if (strcmp(name, "getPredictions") && strcmp(name, "getTopPrediction"))
        return false;
    if (c->nargin < 2)
        fail("Octave:invalid-fun-call", "nn.ClassSimplexCriterion.%s: the input is needed", name);
    value y = tape_matrix(MX_MTIMES, c->arg[1], tape_matrix(MX_TRANSPOSE, STATE(m, 0), nil()));
    if (name[3] == 'P') {
        result(c, 0, y);
        return true;
    }
    struct tensor *t = tensor_dense(tensor_of(y)), *top = tensor_2d(D_DOUBLE, t->dim[0], 1);
    for (i64 i = 0; i < t->dim[0]; i++) {
        i64 best = 0;
        for (i64 k = 1; k < t->dim[1]; k++)
            if (element_double(t, i + k * t->dim[0]) > element_double(t, i + best * t->dim[0]))
                best = k;
        ((double *)top->data)[i] = (double)best + 1;
    }
    result_tensor(c, 0, top);
    return true;
}
LAYER(ClassSimplexCriterion,
      "c = nn.ClassSimplexCriterion(nClasses)\n\n"
      "Mean squared distance of x, N x nClasses, to the corner of a regular simplex that stands for each sample's "
      "class; "
      "c.getPredictions(x), c.getTopPrediction(x).\n\n"
      "Example:\n  size(nn.ClassSimplexCriterion(3).simplex)\n  ans =\n     3   3" SEE,
      .wants = "N x nClasses", .options = "nClasses:n", .state = "simplex", .criterion = true, .init = simplex_init,
      .method = simplex_method, .methods = "getPredictions getTopPrediction",
      .expr = "@(x, t, simplex) begin d = x - simplex(t(:), :); return " ALL("d.^2") " / numel(x) end")

/* ---- criterions of criterions */
enum { CRITERIONS, WEIGHTS };
static struct cell *parts(struct module *m) { return STATE(m, CRITERIONS).cell; }
static double weight_at(struct module *m, i64 i)
{
    return element_double(tensor_of(gpu_read_value(STATE(m, WEIGHTS), "weights")), i);
}
static void parts_init(struct module *m)
{
    replace(&STATE(m, CRITERIONS), copy(nn_cells(0)));
    replace(&STATE(m, WEIGHTS), copy(tensor_box(tensor_2d(D_DOUBLE, 1, 0))));
}
static bool parts_method(struct module *m, const char *name, struct call *c)
{
    if (strcmp(name, "add"))
        return false;
    if (c->nargin < 2 || !is_module(c->arg[1]) || !layer_of(module_of(c->arg[1]))->criterion || nn_holds(c->arg[1], m))
        fail("Octave:invalid-input-arg", "%s.add: a criterion is wanted", layer_of(m)->class.name);
    nn_idle(m);
    double w = has_arg(c, 2) ? arg_num(c, 2) : 1;
    i64 n = parts(m)->numel;
    struct cell *all = cell_2d(1, n + 1);
    struct tensor *t = tensor_2d(D_DOUBLE, 1, n + 1);
    for (i64 i = 0; i <= n; i++) {
        cell_set(all, i, i < n ? parts(m)->v[i] : c->arg[1]);
        ((double *)t->data)[i] = i < n ? weight_at(m, i) : w;
    }
    replace(&STATE(m, CRITERIONS), copy(cell_value(all)));
    replace(&STATE(m, WEIGHTS), copy(tensor_box(t)));
    result(c, 0, c->arg[0]);
    return true;
}
static void parts_check(struct module *m)
{
    value w = STATE(m, WEIGHTS);
    if (STATE(m, CRITERIONS).kind != K_CELL)  /* not made yet */
        return;
    if (!is_tensor_like(w) || value_numel(w) != parts(m)->numel)
        fail("Octave:invalid-input-arg", "%s: there must be a weight for each of its %lld criterions",
             layer_of(m)->class.name, (long long)parts(m)->numel);
}
static value part_of(struct module *m, value v, i64 i, bool repeat)
{
    if (repeat)
        return v;
    if (v.kind != K_CELL || v.cell->numel != parts(m)->numel)
        nn_fail(m, "has %lld criterions and wants a cell of as many inputs and targets", (long long)parts(m)->numel);
    return v.cell->v[i];
}
static value parts_loss(struct module *m, value x, value t)
{
    bool one = m->info->no == 0;
    value s = num(0);
    for (i64 i = 0; i < parts(m)->numel; i++) {
        nn_enter(m, (int)i + 1);
        value y = module_loss(module_of(parts(m)->v[i]), part_of(m, x, i, one), part_of(m, t, i, one || option_bool(m, 0)));
        nn_leave();
        s = g_op(EW_plus, s, g_op(EW_times, y, num(weight_at(m, i))));
    }
    return s;
}
static value parts_gradient(struct module *m, value x, value t)
{
    bool one = m->info->no == 0;
    value sum = nil();
    struct cell *all = cell_2d(1, parts(m)->numel);
    for (i64 i = 0; i < parts(m)->numel; i++) {
        nn_enter(m, (int)i + 1);
        value g = module_loss_grad(module_of(parts(m)->v[i]), part_of(m, x, i, one),
                                   part_of(m, t, i, one || option_bool(m, 0)));
        nn_leave();
        if (one || g.kind != K_CELL)
            g = g_op(EW_times, g, num(weight_at(m, i)));
        if (one)
            sum = nn_add(m, sum, g);
        else
            cell_set(all, i, g);
    }
    return one ? sum : cell_value(all);
}
LAYER(MultiCriterion,
      "c = nn.MultiCriterion()\n\n"
      "A weighted sum of criterions of the same input and target: c.add(criterion, weight).\n\n"
      "Example:\n  c = nn.MultiCriterion(); c.add(nn.MSECriterion(), 0.5); c.add(nn.AbsCriterion()); c.forward([1 2], "
      "[1 4])\n  ans = 2" SEE,
      .state = "criterions weights", .init = parts_init, .method = parts_method, .methods = "add", .check = parts_check,
      .changed = nn_children_changed, .criterion = true, .table = true, .loss = parts_loss, .loss_grad = parts_gradient)
LAYER(ParallelCriterion,
      "c = nn.ParallelCriterion(repeatTarget)\n\n"
      "A weighted sum of criterions, each of its own element of the input and target, both cells: c.add(criterion, "
      "weight). With repeatTarget one target is for all.\n\n"
      "Example:\n  c = nn.ParallelCriterion(); c.add(nn.MSECriterion()); c.add(nn.AbsCriterion()); c.forward({1, 2}, "
      "{1, 4})\n  ans = 2" SEE,
      .options = "repeatTarget:b=0", .state = "criterions weights", .init = parts_init, .method = parts_method,
      .methods = "add", .check = parts_check, .changed = nn_children_changed, .criterion = true, .table = true,
      .loss = parts_loss, .loss_grad = parts_gradient)

/* Its modules are numbered as its arguments: 1 the criterion, 2 that of the input, 3 that of the target. */
enum { MC_CRITERION, MC_INPUT, MC_TARGET };
static value maybe(struct module *m, int i, value v)
{
    if (!is_module(OPTION(m, i)))
        return v;
    nn_enter(m, i + 1);
    v = module_forward(module_of(OPTION(m, i)), v);
    nn_leave();
    return v;
}
static value inner_loss(struct module *m, value x, value t, value (*f)(struct module *m, value x, value t))
{
    nn_enter(m, 1);
    value y = f(module_of(OPTION(m, MC_CRITERION)), x, t);
    nn_leave();
    return y;
}
static value module_criterion_loss(struct module *m, value x, value t)
{
    return inner_loss(m, maybe(m, MC_INPUT, x), maybe(m, MC_TARGET, t), module_loss);
}
static value module_criterion_gradient(struct module *m, value x, value t)
{
    value g = inner_loss(m, maybe(m, MC_INPUT, x), maybe(m, MC_TARGET, t), module_loss_grad);
    if (!is_module(OPTION(m, MC_INPUT)))
        return g;
    nn_enter(m, MC_INPUT + 1);
    g = module_backward(module_of(OPTION(m, MC_INPUT)), x, g, WANT_INPUT, 1);
    nn_leave();
    return g;
}
LAYER(ModuleCriterion,
      "c = nn.ModuleCriterion(criterion, inputModule, targetModule, castTarget)\n\n"
      "The criterion, with modules that change its input and target first. A target is converted as the criterion "
      "needs "
      "it, whatever castTarget says.\n\n"
      "Example:\n  nn.ModuleCriterion(nn.MSECriterion(), nn.Square()).forward(2, 4)\n  ans = 0" SEE,
      .options = "criterion:c inputModule:m= targetModule:m= castTarget:b=1", .criterion = true, .table = true,
      .loss = module_criterion_loss, .loss_grad = module_criterion_gradient)
