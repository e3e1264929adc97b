/* SPDX-License-Identifier: BSD-3-Clause */
/* stochastic.c: nn.StochasticGradient: one example, one step, straight into the parameters. */
#include "nn.h"
#include "lab/rand.h"
#include <math.h>

enum { MODULE, CRITERION, RATE, DECAY, ITERATIONS, SHUFFLE, VERBOSE, HOOK_EXAMPLE, HOOK_ITERATION };

struct data { value x, t; struct cell *pairs; i64 n; };
static struct data data_of(value v)
{
    struct data d = { .x = nil() };
    char s[160];
    if (v.kind != K_CELL || !v.cell->numel)
        fail("Octave:invalid-input-arg",
             "nn.StochasticGradient.train: the data must be {X, y} with samples along dimension 1, or a cell of {x, y} "
             "pairs, but is a %s",
             value_describe(v, s));
    struct cell *c = v.cell;
    if (c->v[0].kind == K_CELL) {
        d.pairs = c;
        d.n = c->numel;
        for (i64 i = 0; i < d.n; i++)
            if (c->v[i].kind != K_CELL || c->v[i].cell->numel != 2)
                fail("Octave:invalid-input-arg",
                     "nn.StochasticGradient.train: example %lld must be a pair {x, y}, but is a %s", (long long)i + 1,
                     value_describe(c->v[i], s));
        return d;
    }
    i64 dim[MAX_DIMS];
    if (c->numel != 2 || !is_tensor_like(c->v[0]) || !is_tensor_like(c->v[1]))
        fail("Octave:invalid-input-arg", "nn.StochasticGradient.train: the data must be {X, y} with samples along "
                                         "dimension 1, or a cell of {x, y} pairs");
    d.x = c->v[0];
    d.t = c->v[1];
    value_dims(d.x, dim);
    d.n = dim[0];
    int nd = value_dims(d.t, dim);
    if (dim[0] != d.n && !(nd == 2 && dim[0] == 1 && dim[1] == d.n))
        fail("Octave:nonconformant-args", "nn.StochasticGradient.train: there are %lld samples, but the targets are %s",
             (long long)d.n, dims_text(nd, dim, s));
    return d;
}

static value sample(value x, i64 i)           /* a row of a matrix; of more dimensions the first goes */
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(x, dim);
    return nd > 2 ? nn_select(x, 1, i) : nn_slice(x, 1, i, 1);
}

static void set_updates(struct module *m, void *arg) { m->updates = *(bool *)arg; }
struct training { struct module *self; struct data d; };
static void train_body(void *arg)
{
    struct training *q = arg;
    struct module *s = q->self, *m = module_of(OPTION(s, MODULE)), *c = module_of(OPTION(s, CRITERION));
    i64 n = q->d.n, *order = scratch(sizeof *order * (size_t)MAX(1, n)), td[MAX_DIMS];
    double rate = option_num(s, RATE), error = 0;
    for (i64 i = 0; i < n; i++)
        order[i] = i;
    for (i64 i = n - 1; option_bool(s, SHUFFLE) && i > 0; i--) {
        i64 k = rand_below(i + 1), was = order[i];
        order[i] = order[k];
        order[k] = was;
    }
    if (option_bool(s, VERBOSE))
        outf("# StochasticGradient: training\n");
    for (i64 it = 1; it <= option_int(s, ITERATIONS); it++) {
        error = 0;
        for (i64 i = 0; i < n; i++) {
            int mark = pool_mark();
            poll();
            value pair[2], hook_out = nil();
            if (q->d.pairs) {
                pair[0] = q->d.pairs->v[order[i]].cell->v[0];
                pair[1] = q->d.pairs->v[order[i]].cell->v[1];
            } else {
                pair[0] = sample(q->d.x, order[i]);
                pair[1] = value_dims(q->d.t, td) == 2 && td[0] == 1 && n != 1 ? nn_slice(q->d.t, 2, order[i], 1)
                                                                              : sample(q->d.t, order[i]);
            }
            value y = nn_outer(m, 0, pair[0], nil(), 0, 1);
            value l = nn_outer(c, 2, y, pair[1], 0, 1), g = nn_outer(c, 3, y, pair[1], 0, 1);
            error += element_double(tensor_of(l), 0);
            nn_outer(m, 1, pair[0], g, WANT_PARAMS, -rate);
            if (OPTION(s, HOOK_EXAMPLE).kind == K_FUNC) {
                struct cell *example = cell_2d(1, 2);
                cell_set(example, 0, pair[0]);
                cell_set(example, 1, pair[1]);
                call_function(OPTION(s, HOOK_EXAMPLE), 2, (value[]){ module_value(s), cell_value(example) }, 0, &hook_out);
            }
            pool_release(mark);
        }
        error /= (double)MAX(1, n);
        if (option_bool(s, VERBOSE))
            outf("# current error = %g\n", error);
        value out = nil();
        if (OPTION(s, HOOK_ITERATION).kind == K_FUNC)
            call_function(OPTION(s, HOOK_ITERATION), 3, (value[]){ module_value(s), num((double)it), num(error) }, 0, &out);
        rate = option_num(s, RATE) / (1 + (double)it * option_num(s, DECAY));
    }
    if (option_bool(s, VERBOSE))
        outf("# StochasticGradient: you have reached the maximum number of iterations\n# training error = %g\n", error);
    replace(&STATE(s, 0), num(error));
}

static bool train_method(struct module *m, const char *name, struct call *c)
{
    bool on = true, off = false;
    if (strcmp(name, "train"))
        return false;
    if (c->nargin < 2)
        fail("Octave:invalid-fun-call", "nn.StochasticGradient.train: the data are needed");
    struct training q = { m, data_of(c->arg[1]) };
    struct module *net = module_of(keep(copy(OPTION(m, MODULE))));       /* a hook may set others */
    keep(copy(OPTION(m, CRITERION)));
    module_each(net, set_updates, &on);
    int bad = protect(train_body, &q);
    nn_state()->depth = 0;
    module_each(net, set_updates, &off);
    if (bad)
        fail_again();
    result(c, 0, STATE(m, 0));
    return true;
}
static value no_forward(struct module *m, value x)
{
    (void)x;
    nn_fail(m, "is no layer; s.train(data) trains its module");
}
static void train_init(struct module *m) { replace(&STATE(m, 0), num(0)); }

LAYER(StochasticGradient,
      "s = nn.StochasticGradient(module, criterion)\n\n"
      "Trains a module example by example: s.train(data), data {X, y} with samples along dimension 1, or a cell of {x, "
      "y} "
      "pairs; the mean loss of the last round comes back. Fields: learningRate 0.01, learningRateDecay 0, maxIteration "
      "25 "
      "(rounds), shuffleIndices, verbose, hookExample(s, example), hookIteration(s, round, error).\n\n"
      "Example:\n"
      "  net = nn.Linear(1, 1); s = nn.StochasticGradient(net, nn.MSECriterion()); s.verbose = false; s.maxIteration = "
      "200; s.learningRate = 0.1;\n"
      "  s.train({[0; 1; 2], [1; 3; 5]}); abs(net.forward(10) - 21) < 1e-3\n  ans = 1\n\n"
      "See also: nn.Sequential, optim.sgd",
      .options = "module:m criterion:c learningRate:x=0.01 learningRateDecay:x=0 maxIteration:n=25 shuffleIndices:b=1 "
                 "verbose:b=1 hookExample:v= hookIteration:v=",
      .state = "error", .init = train_init, .forward = no_forward, .method = train_method, .methods = "train")
