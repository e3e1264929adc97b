/* SPDX-License-Identifier: BSD-3-Clause */
/* lambda.c: layers of one's own from a function. */
#include "nn.h"
#include <math.h>

enum { F, WEIGHTS, MOST = 8 };

static void lambda_check(struct module *m)
{
    value w = OPTION(m, WEIGHTS), f = OPTION(m, F);
    i64 n = w.kind == K_CELL ? w.cell->numel : 0;
    if (f.kind != K_FUNC)
        fail("Octave:invalid-input-arg", "nn.Lambda: argument 1 must be a function, but is a %s", class_of(f));
    if (w.kind != K_CELL && !(is_tensor_like(w) && value_numel(w) == 0))
        fail("Octave:invalid-input-arg", "nn.Lambda: argument 2 must be a cell of parameters, but is a %s", class_of(w));
    if (n > MOST)
        fail("Octave:invalid-input-arg", "nn.Lambda: at most %d parameters, not %lld", MOST, (long long)n);
    for (i64 i = 0; i < n; i++)
        if (!is_tensor_like(w.cell->v[i]) || dtype_is(value_dtype(w.cell->v[i]), DT_C | DT_T))
            fail("Octave:invalid-input-arg", "nn.Lambda: parameter %lld must be a real tensor, but is a %s",
                 (long long)i + 1, class_of(w.cell->v[i]));
}

static void lambda_init(struct module *m)
{
    value w = OPTION(m, WEIGHTS);
    i64 n = w.kind == K_CELL ? w.cell->numel : 0;
    for (int i = 0; i < MOST; i++) {
        i64 dim[MAX_DIMS];
        if (i >= n) {
            nn_no_param(m, i);
            continue;
        }
        int nd = value_dims(w.cell->v[i], dim);
        nn_param(m, i, nd, dim);
    }
}

static void lambda_reset(struct module *m, double stdv)      /* the values that were given */
{
    value w = OPTION(m, WEIGHTS);
    (void)stdv;
    for (int i = 0; w.kind == K_CELL && i < w.cell->numel && i < MOST; i++) {
        struct window *to = PARAM(m, i).w;
        if (!has_param(m, i) || !is_tensor_like(w.cell->v[i]) || value_numel(w.cell->v[i]) != to->numel)
            continue;
        struct tensor *t = rows_of(tensor_of(w.cell->v[i]));
        own_block(to->base);
        to->base->version++;
        convert_run(to->base->dtype, window_data(to), t->dtype, t->data, to->numel);
    }
}

static value lambda_record(struct module *m, value x, const value *w)
{
    value arg[1 + MOST], y;
    int n = 1;
    arg[0] = x;
    for (int i = 0; i < MOST && has_param(m, i); i++)
        arg[n++] = w[i];
    call_function(OPTION(m, F), n, arg, 1, &y);
    return y;
}

LAYER(Lambda,
      "m = nn.Lambda(f)\nm = nn.Lambda(f, weights)\n\n"
      "A layer of one's own: y = f(x), or y = f(x, w1, w2, …) with learned parameters, whose first values are in the "
      "cell "
      "weights. Its gradients come from autograd. x and y may be cells.\n\n"
      "Example:\n  m = nn.Lambda(@(x, w) x .* w, {[2 3]}); m.forward([1 1]), dx = m.backward([1 1], [1 1])\n  ans =\n  "
      "   "
      "2   3\n  dx =\n     2   3\n\n"
      "See also: autograd, nn.Sequential",
      .options = "f:v weights:v=", .params = "weight weight2 weight3 weight4 weight5 weight6 weight7 weight8",
      .check = lambda_check, .init = lambda_init, .reset = lambda_reset, .record = lambda_record, .table = true)
