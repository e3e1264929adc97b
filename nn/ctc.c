/* SPDX-License-Identifier: BSD-3-Clause */
/* ctc.c: connectionist temporal classification: the loss of a sequence of labels whose places in time are unknown
 * (Graves, Fernández, Gomez, Schmidhuber, ICML 2006).
 *
 * The labels stand between blanks, 2S + 1 states; ahead[t][s] is the log-probability of all ways to be in state s at
 * step t that begin at the start, behind[t][s] of all that lead from there to an end, step t not counted.  Their
 * product over all states is the probability at every t, and its share by class the gradient. */
#include "nn.h"
#include "criterion.h"
#include "nn/prim.h"
#include <math.h>

extern const struct builtin builtin_nn_ctcloss, builtin_nn_ctcshares, builtin_nn_ctccurvature;

static double log_add(double a, double b)
{
    double most = fmax(a, b);
    return most == -INFINITY ? most : most + log1p(exp(fmin(a, b) - most));
}

struct ctc { struct tensor *x; i64 n, steps, classes, blank; bool zero_infinity; const i64 *length; };

/* The labels of sample i with blanks around; their number. */
static i64 states_of(struct call *c, const struct ctc *q, i64 i, i64 **state)
{
    value t = c->arg[1];
    i64 most, k = 0, stride = 1, from = 0;
    struct tensor *v;
    if (t.kind == K_CELL) {
        value e = t.cell->v[i];
        if (!is_tensor_like(e) || dtype_is(value_dtype(e), DT_C | DT_T))
            fail_arg(c, 1, "a cell of vectors of class numbers, or a matrix with a row for each sample, ended by 0");
        v = tensor_dense(tensor_of(e));
        most = v->numel;
    } else {
        v = tensor_dense(tensor_of(t));
        bool rows = q->x->nd > 2;             /* one sequence: a vector of either orientation */
        most = rows ? v->dim[1] : v->numel;
        stride = rows ? v->dim[0] : 1;
        from = rows ? i : 0;
    }
    i64 *s = *state = scratch(sizeof *s * (size_t)(2 * most + 1));
    s[k++] = q->blank;
    for (i64 j = 0; j < most; j++) {
        double l = element_double(v, from + j * stride);
        if (l == 0)
            break;
        if (!(l >= 1 && l <= (double)q->classes) || l != floor(l) || (i64)l == q->blank)
            fail("Octave:index-out-of-bounds",
                 "nn.ctcloss: label %lld of sample %lld is %g; labels are class numbers from 1 to %lld, but not that "
                 "of the blank, %lld, and 0 ends them",
                 (long long)j + 1, (long long)i + 1, l, (long long)q->classes, (long long)q->blank);
        s[k++] = (i64)l;
        s[k++] = q->blank;
    }
    return k;
}

/* The loss of sample i; its gradient, steps x classes, into g if there is one. */
static double ctc_sample(const struct ctc *q, i64 i, const i64 *state, i64 n, double *g)
{
    i64 c = q->classes, steps = q->length[i], at = i * q->steps * c;
    double *x = scratch(sizeof *x * (size_t)MAX(1, steps * c)), *ahead = scratch(sizeof *ahead * (size_t)(n * MAX(1, steps)));
    convert_run(D_DOUBLE, x, q->x->dtype, q->x->data + at * (i64)dtypes[q->x->dtype].size, steps * c);
    if (!steps)
        return n == 1 ? 0 : INFINITY;
    for (i64 s = 0; s < n; s++)
        ahead[s] = s < 2 ? x[state[s] - 1] : -INFINITY;
    for (i64 t = 1; t < steps; t++) {
        const double *was = ahead + (t - 1) * n;
        poll();
        for (i64 s = 0; s < n; s++) {
            double a = was[s];
            if (s > 0)
                a = log_add(a, was[s - 1]);
            if (s > 1 && state[s] != q->blank && state[s] != state[s - 2])
                a = log_add(a, was[s - 2]);
            ahead[t * n + s] = a + x[t * c + state[s] - 1];
        }
    }
    const double *last = ahead + (steps - 1) * n;
    double p = n > 1 ? log_add(last[n - 1], last[n - 2]) : last[0];
    if (!g || (p == -INFINITY && q->zero_infinity))
        return p == -INFINITY && q->zero_infinity ? 0 : -p;
    double *behind = scratch(sizeof *behind * (size_t)n), *next = scratch(sizeof *next * (size_t)n);
    for (i64 s = 0; s < n; s++)
        behind[s] = s >= n - 2 ? 0 : -INFINITY;
    for (i64 t = steps; t-- > 0;) {
        poll();
        for (i64 s = 0; s < n; s++)
            g[t * c + state[s] - 1] -= exp(ahead[t * n + s] + behind[s] - p);
        for (i64 s = 0; s < n; s++)
            next[s] = behind[s] + x[t * c + state[s] - 1];
        for (i64 s = 0; s < n; s++) {
            double b = next[s];
            if (s + 1 < n)
                b = log_add(b, next[s + 1]);
            if (s + 2 < n && state[s + 2] != q->blank && state[s + 2] != state[s])
                b = log_add(b, next[s + 2]);
            behind[s] = b;
        }
    }
    return -p;
}

/* The same with every logarithm a pair, the second its derivative along v: what the gradient changes by along v, into
   h.  The gradient is that of one number, so this is also the derivative of <gradient, v>. */
struct pair { double x, d; };
static struct pair pair_add(struct pair a, struct pair b)
{
    double r = log_add(a.x, b.x);
    return (struct pair){ r, r == -INFINITY ? 0 : exp(a.x - r) * a.d + exp(b.x - r) * b.d };
}
static void ctc_turn(const struct ctc *q, i64 i, const i64 *state, i64 n, const double *v, double *h)
{
    i64 c = q->classes, steps = q->length[i], at = i * q->steps * c;
    double *x = scratch(sizeof *x * (size_t)MAX(1, steps * c));
    struct pair none = { -INFINITY, 0 }, *ahead = scratch(sizeof *ahead * (size_t)(n * MAX(1, steps))),
                *behind = scratch(sizeof *behind * (size_t)(2 * n)), *next = behind + n;
    convert_run(D_DOUBLE, x, q->x->dtype, q->x->data + at * (i64)dtypes[q->x->dtype].size, steps * c);
    if (!steps)
        return;
    for (i64 t = 0; t < steps; t++) {
        poll();
        for (i64 s = 0; s < n; s++) {
            const struct pair *was = ahead + (t - 1) * n;
            i64 k = t * c + state[s] - 1;
            struct pair a = t || s < 2 ? (t ? was[s] : (struct pair){ 0, 0 }) : none;
            if (t && s > 0)
                a = pair_add(a, was[s - 1]);
            if (t && s > 1 && state[s] != q->blank && state[s] != state[s - 2])
                a = pair_add(a, was[s - 2]);
            ahead[t * n + s] = (struct pair){ a.x + x[k], a.d + v[k] };
        }
    }
    const struct pair *last = ahead + (steps - 1) * n;
    struct pair p = n > 1 ? pair_add(last[n - 1], last[n - 2]) : last[0];
    if (p.x == -INFINITY)
        return;
    for (i64 s = 0; s < n; s++)
        behind[s] = s >= n - 2 ? (struct pair){ 0, 0 } : none;
    for (i64 t = steps; t-- > 0;) {
        poll();
        for (i64 s = 0; s < n; s++) {
            const struct pair a = ahead[t * n + s], b = behind[s];
            h[t * c + state[s] - 1] -= exp(a.x + b.x - p.x) * (a.d + b.d - p.d);
            next[s] = (struct pair){ b.x + x[t * c + state[s] - 1], b.d + v[t * c + state[s] - 1] };
        }
        for (i64 s = 0; s < n; s++) {
            struct pair b = next[s];
            if (s + 1 < n)
                b = pair_add(b, next[s + 1]);
            if (s + 2 < n && state[s + 2] != q->blank && state[s + 2] != state[s])
                b = pair_add(b, next[s + 2]);
            behind[s] = b;
        }
    }
}

static struct ctc ctc_of(struct call *c)
{
    struct ctc q = { .x = rows_arg(c, 0) };
    char d[128];
    if (q.x->nd > 3 || q.x->nd < 2)
        fail("Octave:nonconformant-args", "nn.ctcloss: log-probabilities are T x C or N x T x C, but these are %s",
             tensor_shape(q.x, d));
    bool batch = q.x->nd == 3;
    q.n = batch ? q.x->dim[0] : 1;
    q.steps = q.x->dim[batch];
    q.classes = q.x->dim[batch + 1];
    q.blank = has_arg(c, 3) ? arg_int(c, 3, 1, MAX(1, q.classes)) : 1;
    q.zero_infinity = has_arg(c, 4) && arg_bool(c, 4);
    value t = c->arg[1];
    if (t.kind == K_CELL ? t.cell->numel != q.n
                         : !is_tensor_like(t) || dtype_is(value_dtype(t), DT_C | DT_T) ||
                               (batch && tensor_of(t)->dim[0] != q.n) || tensor_of(t)->nd > 2)
        fail("Octave:nonconformant-args",
             "nn.ctcloss: for %lld sequence%s the targets must be %s, or a cell of %lld vectors, but are a %s",
             (long long)q.n, q.n == 1 ? "" : "s",
             batch ? "a matrix with a row of class numbers for each, ended by 0" : "a vector of class numbers",
             (long long)q.n, value_describe(t, (char[160]){ 0 }));
    i64 *length = scratch(sizeof *length * (size_t)MAX(1, q.n));
    struct tensor *k = has_arg(c, 2) && value_numel(c->arg[2]) ? arg_double(c, 2) : NULL;
    if (k && k->numel != q.n)
        fail("Octave:nonconformant-args",
             "nn.ctcloss: for %lld sequences there must be as many lengths, but there are %lld", (long long)q.n,
             (long long)k->numel);
    for (i64 i = 0; i < q.n; i++) {
        double l = k ? ((double *)k->data)[i] : (double)q.steps;
        if (!(l >= 0 && l <= (double)q.steps) || l != floor(l))
            fail("Octave:nonconformant-args",
                 "nn.ctcloss: the length of sequence %lld is %g, but must be an integer from 0 to %lld",
                 (long long)i + 1, l, (long long)q.steps);
        length[i] = (i64)l;
    }
    q.length = length;
    return q;
}

static void ctcloss_grad(struct call *c)
{
    i64 dim[MAX_DIMS] = { 1, 1, 1 };
    value v[5] = { nil(), nil(), nil(), nil(), nil() };
    for (int i = 0; i < c->nargin; i++)
        v[i] = c->arg[i];
    value shares = g_call(&builtin_nn_ctcshares, 5, v[0], v[1], v[2], v[3], v[4]), g = grad_of(c, 0);
    dim[0] = value_numel(g);
    result(c, 0, g_op(EW_times, shares, nn_sized(g, 3, dim)));
}

BUILTIN(nn_ctcloss, 2, 5, 1, ctcloss_grad,
    "l = nn.ctcloss(x, targets, lengths, blank, zeroInfinity)\n\n"
    "Connectionist temporal classification: minus the logarithm of the probability that a sequence, read without "
    "blanks and repetitions, gives its labels. x are log-probabilities (of nn.logsoftmax), N x T x C, or T x C for one "
    "sequence; targets are class numbers, a row for each sequence, ended by 0 where it is shorter, or a cell of "
    "vectors. lengths ([]: T) are the steps that count; blank (1) is the class that stands for none. l has a loss for "
    "each sequence, Inf where the labels do not fit into the steps; with zeroInfinity 0.\n\n"
    "Example:\n"
    "  nn.ctcloss(log([0.5 0.5; 0.5 0.5]), 2)\n"
    "  ans = 0.2877\n\n"
    "See also: nn.CTCCriterion, nn.logsoftmax")
{
    struct ctc q = ctc_of(c);
    struct tensor *y = tensor_2d(q.x->dtype, q.n, 1);
    for (i64 i = 0; i < q.n; i++) {
        i64 *state, n = states_of(c, &q, i, &state);
        double l = ctc_sample(&q, i, state, n, NULL);
        convert_run(y->dtype, y->data + i * (i64)dtypes[y->dtype].size, D_DOUBLE, &l, 1);
    }
    result_tensor(c, 0, y);
}

static void ctcshares_grad(struct call *c)
{
    value v[6] = { nil(), nil(), nil(), nil(), nil(), grad_of(c, 0) };
    for (int i = 0; i < c->nargin; i++)
        v[i] = c->arg[i];
    result(c, 0, g_call(&builtin_nn_ctccurvature, 6, v[0], v[1], v[2], v[3], v[4], v[5]));
}

BUILTIN(nn_ctcshares, 2, 5, 1, ctcshares_grad,
    "g = nn.ctcshares(x, targets, lengths, blank, zeroInfinity)\n\n"
    "The gradient of nn.ctcloss: less the probability that step t of a sequence is of class k, given its labels; of "
    "the size of x.\n\n"
    "Example:\n"
    "  nn.ctcshares(log([0.5 0.5; 0.5 0.5]), 2)\n"
    "  ans =\n"
    "    -0.3333  -0.6667\n"
    "    -0.3333  -0.6667\n\n"
    "See also: nn.ctcloss")
{
    struct ctc q = ctc_of(c);
    struct tensor *y = rows_new(q.x->dtype, q.x->nd, q.x->dim);
    i64 each = q.steps * q.classes;
    double *g = scratch(sizeof *g * (size_t)MAX(1, each));
    for (i64 i = 0; i < q.n; i++) {
        i64 *state, n = states_of(c, &q, i, &state);
        memset(g, 0, sizeof *g * (size_t)each);
        (void)ctc_sample(&q, i, state, n, g);
        convert_run(y->dtype, y->data + i * each * (i64)dtypes[y->dtype].size, D_DOUBLE, g, each);
    }
    result_tensor(c, 0, y);
}

BUILTIN(nn_ctccurvature, 6, 6, 1, NO_GRAD,
    "h = nn.ctccurvature(x, targets, lengths, blank, zeroInfinity, v)\n\n"
    "The second derivatives of nn.ctcloss, added over its losses, times v, which is of the size of x: what "
    "nn.ctcshares changes by along v.\n\n"
    "Example:\n"
    "  x = log([0.5 0.5; 0.5 0.5]); v = [1 0; 0 0];\n"
    "  h = nn.ctccurvature(x, 2, [], 1, false, v);\n"
    "  d = (nn.ctcshares(x + 1e-6*v, 2) - nn.ctcshares(x - 1e-6*v, 2)) / 2e-6; max(abs(h - d)(:)) < 1e-8\n"
    "  ans = 1\n\n"
    "See also: nn.ctcloss, nn.ctcshares")
{
    struct ctc q = ctc_of(c);
    struct tensor *v = rows_like(c, 5, D_DOUBLE), *y = rows_new(q.x->dtype, q.x->nd, q.x->dim);
    i64 each = q.steps * q.classes;
    char a[128], b[128];
    if (!dims_equal(v->nd, v->dim, q.x->nd, q.x->dim))
        fail("Octave:nonconformant-args", "nn.ctccurvature: v must be of the size of x, %s, but is %s",
             tensor_shape(q.x, a), tensor_shape(v, b));
    double *h = scratch(sizeof *h * (size_t)MAX(1, each));
    for (i64 i = 0; i < q.n; i++) {
        i64 *state, n = states_of(c, &q, i, &state);
        memset(h, 0, sizeof *h * (size_t)each);
        ctc_turn(&q, i, state, n, (const double *)v->data + i * each, h);
        convert_run(y->dtype, y->data + i * each * (i64)dtypes[y->dtype].size, D_DOUBLE, h, each);
    }
    result_tensor(c, 0, y);
}

LAYER(CTCCriterion,
      "c = nn.CTCCriterion(blank, zeroInfinity, sizeAverage, reduction)\n\n"
      "Connectionist temporal classification of sequences whose labels stand at unknown steps: nn.ctcloss of "
      "log-probabilities x (nn.LogSoftMax), N x T x C or T x C, or of {x, lengths}; the target is a row of class "
      "numbers "
      "for each sequence, ended by 0, or a cell of vectors. blank (1) is the class of none. The mean divides the loss "
      "of "
      "each sequence by its number of labels first, as "
      "PyTorch's." REDUCTION_TEXT "\n\n"
      "Example:\n  nn.CTCCriterion().forward(log([0.5 0.5; 0.5 0.5]), 2)\n  ans = 0.2877\n\n"
      "See also: nn.ctcloss, nn.LogSoftMax, nn.LSTM",
      .options = "blank:n=1 zeroInfinity:b=0 " AVERAGE, .criterion = true, .table = true,
      .expr = "@(x, t, blank, zeroInfinity, sizeAverage, reduction) begin k = []; if iscell(x), if numel(x) != 2, "
              "error('nn.CTCCriterion wants log-probabilities or {log-probabilities, lengths}, and got a cell of %d', "
              "numel(x)), end;"
              " k = x{2}; x = x{1}; end; e = nn.ctcloss(x, t, k, blank, zeroInfinity); if strcmp(reduction, 'none'), "
              "return e, end; if !(isempty(reduction) && sizeAverage || strcmp(reduction, 'mean')), return sum(e, 1), "
              "end; "
              "if iscell(t), n = cellfun(@numel, t(:)); elseif ndims(x) < 3, n = numel(t); else, n = sum(cumsum(t == "
              "0, 2) "
              "== 0, 2); end; return sum(e ./ max(1, n), 1) / numel(e) end")
