/* SPDX-License-Identifier: BSD-3-Clause */
/* init.c: ways to set the parameters of a whole net at first.
 *
 * A rule is a row: from which law numbers come, and what its scale is made of.  What is set are the weights of layers
 * that mix their inputs (they say so by their first option); scales of normalisations, nn.PReLU, nn.CMul keep theirs.
 * Fans are counted as in PyTorch: of a weight out x in x k… the elements behind dimension 1, and those but dimension 2. */
#include "nn.h"
#include "lab/call.h"
#include "lab/rand.h"
#include <math.h>

enum law { UNIFORM, NORMAL, TRUNCATED, CONSTANT, ORTHOGONAL, SPARSE, DIRAC };
enum base { PLAIN, FAN, BOTH_FANS };          /* the variance is gain^2; over the fan; over the mean of both */
static const struct rule { const char *name; enum law law; enum base base; double gain; } rules[] = {
    { "kaiming", UNIFORM, FAN, 1.4142135623730951 },
    { "kaiming_uniform", UNIFORM, FAN, 1.4142135623730951 },
    { "kaiming_normal", NORMAL, FAN, 1.4142135623730951 },
    { "xavier", UNIFORM, BOTH_FANS, 1 },
    { "xavier_uniform", UNIFORM, BOTH_FANS, 1 },
    { "xavier_normal", NORMAL, BOTH_FANS, 1 },
    { "lecun", NORMAL, FAN, 1 },
    { "uniform", UNIFORM, PLAIN, 1 },
    { "normal", NORMAL, PLAIN, 0.01 },
    { "truncated", TRUNCATED, PLAIN, 0.02 },
    { "orthogonal", ORTHOGONAL, PLAIN, 1 },
    { "sparse", SPARSE, PLAIN, 0.01 },
    { "dirac", DIRAC, PLAIN, 1 },
    { "constant", CONSTANT, PLAIN, 0 },
};
enum { RULES = sizeof rules / sizeof *rules };
static const struct { const char *name; double gain; } gains[] = {        /* of what follows the layer, as in PyTorch */
    { "linear", 1 }, { "sigmoid", 1 }, { "tanh", 5.0 / 3 }, { "relu", 1.4142135623730951 },
    { "leaky_relu", 1.4141428569978354 }, { "selu", 0.75 },
};
enum { GAINS = sizeof gains / sizeof *gains, FAN_IN = 0, FAN_OUT, FAN_MEAN };
struct setting { const struct rule *rule; double gain, share; int mode; };

extern const struct builtin builtin_qr;
/* Rows or columns, whichever are fewer, at right angles and of one length: Q of normal numbers, R's diagonal positive. */
static void orthogonal(value w, i64 rows, i64 cols, double gain)
{
    i64 n = MAX(rows, cols), k = MIN(rows, cols);
    struct tensor *a = tensor_2d(D_DOUBLE, n, k);
    double *x = scratch(sizeof *x * (size_t)MAX(1, rows * cols));
    value out[2];
    rand_normal((double *)a->data, n * k);
    call_builtin(&builtin_qr, 2, (value[]){ tensor_box(a), num(0) }, 2, out);
    struct tensor *q = tensor_of(out[0]), *r = tensor_of(out[1]);
    for (i64 i = 0; i < n; i++)
        for (i64 j = 0; j < k; j++) {
            double v = gain * element_double(q, i + j * n) * (element_double(r, j + j * k) < 0 ? -1 : 1);
            x[rows >= cols ? i * cols + j : j * cols + i] = v;
        }
    nn_put(w, x);
}

/* Of every column the share of its elements that is 0, the others normal. */
static void sparse(value w, i64 rows, i64 cols, double gain, double share)
{
    double *x = scratch(sizeof *x * (size_t)MAX(1, rows * cols)), *u = scratch(sizeof *u * (size_t)MAX(1, rows));
    i64 zeros = (i64)ceil(share * (double)rows), *at = scratch(sizeof *at * (size_t)MAX(1, rows));
    rand_normal(x, rows * cols);
    for (i64 j = 0; j < cols; j++) {
        rand_uniform(u, rows);
        for (i64 i = 0; i < rows; i++)
            at[i] = i, x[i * cols + j] *= gain;
        for (i64 i = 0; i < zeros; i++) {     /* the first of a shuffle */
            i64 k = i + MIN((i64)(u[i] * (double)(rows - i)), rows - i - 1), t = at[k];
            at[k] = at[i];
            x[t * cols + j] = 0;
        }
    }
    nn_put(w, x);
}

static void truncated(value w, double sd)     /* normal, but never further than two deviations */
{
    i64 n = w.w->numel;
    double *x = scratch(sizeof *x * (size_t)MAX(1, n));
    rand_normal(x, n);
    for (i64 i = 0; i < n; i++) {
        while (fabs(x[i]) > 2)
            rand_normal(x + i, 1);
        x[i] *= sd;
    }
    nn_put(w, x);
}

static void dirac(value w, double gain)       /* output c is input or channel c, as far as there are */
{
    const struct window *v = w.w;
    i64 places = 1, middle = 0;
    double *x = scratch(sizeof *x * (size_t)MAX(1, v->numel));
    for (int d = 2; d < v->nd; d++) {
        middle = middle * v->dim[d] + v->dim[d] / 2;
        places *= v->dim[d];
    }
    memset(x, 0, sizeof *x * (size_t)v->numel);
    for (i64 c = 0; c < MIN(v->dim[0], v->dim[1]); c++)
        x[(c * v->dim[1] + c) * places + middle] = gain;
    nn_put(w, x);
}

static bool mixes(const struct module *m)     /* has weights from inputs to outputs */
{
    static const char *const first[] = { "inputSize", "inputSize1", "nInputPlane", "inputFrameSize", "nIndex", "embedDim", NULL };
    const char *s = m->info->no ? m->info->name[2 * m->info->np]->text : "";
    for (int i = 0; first[i]; i++)
        if (!strcmp(s, first[i]))
            return !strstr(layer_of(m)->class.name, "SubSampling") && !strstr(layer_of(m)->class.name, "Norm");
    return false;
}

static void set_first(struct module *m, void *arg)
{
    const struct setting *s = arg;
    int frames = module_field(m, "inputFrameSize") < 0 ? -1 : module_field(m, "kW");
    for (int i = 0; mixes(m) && i < m->info->np; i++) {
        const char *name = m->info->name[i]->text;
        value w = PARAM(m, i);
        if (!has_param(m, i))
            continue;
        if (strstr(name, "bias"))
            nn_fill(w, 0);
        if (!strstr(name, "weight") || w.w->nd < 2 || w.w->dim[0] < 1 || w.w->dim[1] < 1)
            continue;
        i64 rows = w.w->dim[0], cols = w.w->numel / rows;
        double in = (double)cols, out = (double)rows * (in / (double)w.w->dim[1]) * (frames < 0 ? 1 : m->f[frames].num),
               fan = s->rule->base == BOTH_FANS || s->mode == FAN_MEAN ? (in + out) / 2 : s->mode == FAN_OUT ? out : in,
               sd = s->rule->base == PLAIN ? s->gain : s->gain / sqrt(MAX(fan, 1)), half = s->rule->base == PLAIN ? sd : sd * sqrt(3);
        switch (s->rule->law) {
        case UNIFORM: nn_uniform(w, -half, half); break;
        case NORMAL: nn_normal(w, 0, sd); break;
        case TRUNCATED: truncated(w, sd); break;
        case CONSTANT: nn_fill(w, s->gain); break;
        case ORTHOGONAL: orthogonal(w, rows, cols, s->gain); break;
        case SPARSE: sparse(w, rows, cols, s->gain, s->share); break;
        case DIRAC: dirac(w, s->gain); break;
        }
    }
}

BUILTIN(nn_init, 2, 5, 1, NO_GRAD,
  "net = nn.init(net, rule, gain, mode, share)\n\n"
  "Sets the weights of a net anew (those that mix inputs; scales of normalisations stay) and the biases beside them to "
  "0. The rules:\n\n"
  "  'kaiming'     uniform with variance gain^2/fan; gain is sqrt(2), for ReLU; also 'kaiming_normal'\n"
  "  'xavier'      uniform, gain^2*2/(fanIn + fanOut), gain 1; also 'xavier_normal'\n"
  "  'lecun'       normal, gain^2/fan, gain 1, for SELU\n"
  "  'orthogonal'  rows (columns, if those are fewer) at right angles, each gain (1) long\n"
  "  'normal'      deviation gain (0.01); 'truncated': no further than two deviations, of 0.02\n"
  "  'uniform'     in ±gain (1)\n"
  "  'sparse'      of each column the share (0.1) is 0, the others normal with deviation gain (0.01)\n"
  "  'dirac'       output k is input k (in a convolution the channel, unmoved) times gain (1)\n"
  "  'constant'    gain (0)\n\n"
  "fan is the number of inputs of an output; mode 'fan_out' takes that of outputs of an input, 'fan_avg' the mean. gain "
  "may be the name of what follows: 'linear', 'sigmoid', 'tanh' (5/3), 'relu', 'leaky_relu', 'selu' (3/4).\n\n"
  "Example:\n  net = nn.init(nn.Linear(6, 3), 'kaiming'); all(abs(net.weight(:)) <= 1)\n  ans = 1\n"
  "  w = nn.init(nn.Linear(6, 3), 'orthogonal').weight; norm(w*w' - eye(3)) < 1e-12\n  ans = 1\n\n"
  "See also: nn.Linear")
{
    const char *rule[RULES + 1] = { NULL }, *gain[GAINS + 1] = { NULL };
    static const char *const modes[] = { "fan_in", "fan_out", "fan_avg", NULL };
    struct module *m = arg_module(c, 0);
    for (int i = 0; i < RULES; i++)
        rule[i] = rules[i].name;
    for (int i = 0; i < GAINS; i++)
        gain[i] = gains[i].name;
    struct setting s = { .rule = &rules[arg_option(c, 1, rule)], .share = 0.1 };
    s.gain = !has_arg(c, 2) ? s.rule->gain : arg_is_text(c, 2) ? gains[arg_option(c, 2, gain)].gain : arg_num(c, 2);
    s.mode = has_arg(c, 3) ? arg_option(c, 3, modes) : FAN_IN;
    s.share = has_arg(c, 4) ? arg_num(c, 4) : 0.1;
    if (!(s.share >= 0 && s.share <= 1))
        fail("Octave:invalid-input-arg", "nn.init: the share of zeros must be from 0 to 1, but is %g", s.share);
    module_each(m, set_first, &s);
    result(c, 0, c->arg[0]);
}
