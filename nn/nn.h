/* SPDX-License-Identifier: BSD-3-Clause */
/* nn.h: what a layer is, and what the files of nn/ share.
 *
 * A layer is a block, like a builtin:
 *
 *     LAYER(Linear,
 *       "m = nn.Linear(inputSize, outputSize, bias)\n\n…",     help; its signature names the arguments
 *       .options = "inputSize:n outputSize:n bias:b=1",        arguments, their kinds and defaults: fields of the module
 *       .params = "weight bias",                               learned; gradWeight and gradBias follow from them
 *       .init = linear_init, .forward = linear_forward, .backward = linear_backward, .record = linear_record)
 *
 * It begins in column 1: the build collects names from these lines (LAYER and LAYER_…, in .c and .def).  From the block
 * follow the constructor with its errors, fields, printing, clone, share, save and load, conversion, getParameters, and
 * its turn in tests/nn/every-layer.tl, which fails for a layer without a row there.
 *
 * Four ways to say what a layer computes:
 *   .expr      a closure in the language, "@(x, weight, bias) x * weight' + bias"; further parameters are fields, by
 *              name.  The module keeps the tape of the run, backward walks it.  One line, and enough for most layers.
 *   .record    C in terms of functions that record themselves (g_op, g_call … of tape.h); kept on a tape likewise.
 *   .call      one builtin with a derivative, as nn.conv2d: its rule is asked without a tape.
 *   .forward and .backward in C, where speed counts; they are not seen by autograd, so .record or .expr stands beside
 *              them for a module that is called under an outer autograd (and the test compares the two).
 *
 * Values inside a net are float tensors.  Images and sequences lie in Torch's order (last dimension fastest): nn_buffer
 * makes such tensors.  `rank` (nn_rank) is the number of dimensions with the trailing ones that tensors drop. */
#ifndef TL_NN_H
#define TL_NN_H
#include "lab/tape.h"
#include "nn/rows.h"
#include <math.h>

struct module;
struct layer;
enum { WANT_INPUT = 1, WANT_PARAMS = 2 };     /* what backward is to compute: gradInput; the gradients of parameters */

struct layer {
    struct class class;
    const char *options; /* "name:kind=default …": n integer >= 1, k >= 0, z any integer, d dimension 1 … 32, e one that
                            may be negative, x number, b boolean, s text, r how losses are put together ('mean', 'sum',
                            'none'; R: 'batchmean' too), v any value, m module, c criterion; without default it must be
                            given; a default may be another option, or nothing ("=": []) */
    const char *params;  /* names; tensors made by init with nn_param.  In a layer with .stacked # is the number of the
                            layer, from 0 on */
    const char *stacked; /* the option (kind n) that says how many layers lie in it: params stand there as often */
    const char *state;                        /* other fields that are saved: running_mean, modules … */
    const char *wants; /* what its input must be, checked before it runs (shapes.c): "N x inputSize or …", "{N x F, N x
                          F}", "... x n" */
    bool alike;                               /* a criterion whose target must be like its input … */
    bool alone;                               /* … or that looks at its input alone, so that the target may be left out */
    const char *expr;
    void (*init)(struct module *m);           /* options are set and checked; makes parameters and state */
    void (*reset)(struct module *m,
                  double stdv); /* fills parameters; stdv NAN: the layer's own.  NULL: uniform in ±1/sqrt(fan in) */
    value (*forward)(struct module *m, value x);              /* pooled or borrowed */
    value (*backward)(struct module *m, value x, value g, int want, double scale);    /* gradInput, or NIL when not wanted */
    value (*there)(
        struct module *m, value x,
        value t); /* forward, or the loss, on a device by calls of its own; NIL: by record or expr after all */
    value (*there_back)(
        struct module *m, value x, value g, int want,
        double scale); /* … and backward, g the target of a criterion; NIL likewise, or nothing wanted */
    value (*record)(struct module *m, value x, const value *w);            /* w[i]: parameter i, perhaps tracked */
    int (*call)(struct module *m, value x, const value *w, const struct builtin **b,
                value *arg);                  /* one builtin with a rule: its arguments, x first; their number */
    int results;                              /* of that builtin that its rule wants to see; 0 is 1 */
    value (*loss)(struct module *m, value x, value t);        /* criterions: a scalar … */
    value (*loss_grad)(struct module *m, value x, value t);   /* … and the gradient of the input */
    void (*show)(struct module *m, struct buf *b);            /* what stands in its parentheses: "10 -> 25" */
    int places;                               /* dimensions behind the channels: 2 images, 3 volumes; 0 others.  The rank
                                                 of its input is handed on, and says what N x C x H is (layout_of) */
    const char *tree;                         /* a container: how its children hang: "chain", "concat", "parallel", "graph" */
    bool anywhere; /* forward and backward look at headers alone, or call what knows devices: they run on any */
    bool again; /* gradInput follows from the input and gradOutput alone, and lies in memory of its own: a container may
                   hand it on and have it computed again when asked */
    bool over;                                /* backward may write gradInput over gradOutput when nn_state()->over is that */
    bool criterion, table,
        view;    /* table: input or output may be a cell; view: the output may share the input's memory */
    bool refers; /* its options that are modules stand elsewhere in the net: they are no children */
    bool keeps_class;                         /* m.single() and m.double() of a net leave its children as they are */
    bool children_apart; /* the children's parameters are not those of the net: they are made of this module's */
    value (*get)(struct module *m, sym field);                /* fields that are no slots; NIL: none of that name */
    bool (*put)(struct module *m, sym field, value v);        /* … that can be set; false: none of that name */
    bool (*method)(struct module *m, const char *name,
                   struct call *c);           /* methods of this layer alone; false: none of that name */
    const char *methods;                      /* their names, for completion */
    void (*settle)(struct module *m); /* writes the gradients that the layer owes; with it zeroGradParameters may leave
                                         them unwritten */
    void (*learn)(struct module *m, double rate); /* updateParameters with the gradients owed, which stay unwritten */
    void (*forget)(struct module *m);         /* clearState beyond output and gradInput */
    void (*check)(struct module *m); /* fails when options and state do not fit together: before init, after load, and
                                        with a field's new value before it is kept */
    bool (*changed)(struct module *m, int field,
                    value v); /* a field is about to be set from outside: false, or an error, when that cannot be */
};

#define MODULE_CLASS(label)                                                                                                           \
    { .name = label, .free = module_free, .children = module_children, .print = module_print, .get = module_get, .set = module_set,   \
      .place = module_place, .method = module_method, .paren = module_paren, .numel = module_numel, .clone = module_clone, .move = module_move, \
      .save = module_save, .blank = module_blank, .load = module_load, .names = module_names, .operate = nn_operate, .own_names = module_own_names }
#define LAYER(id, help, ...)                                                                             \
    extern const struct layer layer_##id;                                                                \
    const struct layer layer_##id = { .class = MODULE_CLASS("nn." #id), __VA_ARGS__ };                   \
    static void nn_##id##_run(struct call *c) { module_construct(c, &layer_##id); }                      \
    extern const struct builtin builtin_nn_##id;                                                         \
    const struct builtin builtin_nn_##id = { "nn_" #id, 0, ANY, 1, nn_##id##_run, grad_pass, help };

/* ---- a module */
enum { NN_FIELDS = 80, NN_STACK = 10000 };    /* most fields of a layer that is an expression; most layers in one */
struct layer_info {                           /* a layer as this context knows it */
    const struct layer *layer;
    int np, no, ns, n;                        /* fields: params, their gradients, options, state */
    int stack;                                /* with .stacked: for so many layers */
    sym *name;
    char *kind;                               /* of options; 0 for the others */
    char (*fallback)[24];                     /* default; "" with must: none */
    bool *must;
    value closure;                            /* of .expr */
    int nclosure, closure_field[NN_FIELDS];   /* fields that follow x (and t) */
    struct plan *plan, *back;                 /* of an elementwise row (transfer.c, criterion.c) */
};
struct module {
    struct instance i;
    const struct layer_info *info;            /* gone before the last modules go: children and free must not read it */
    int n;                                    /* fields */
    struct kept *kept;                        /* the tape of the last forward, of a layer with .expr or .record */
    bool again;          /* .record or .expr runs once more for backward: what was drawn at random stays */
    bool train, updates; /* updates: backward writes into the parameters themselves, not their gradients */
    uint8_t rank;                             /* of the input at the last forward; 0 unknown */
    value output, grad_input;
    value aux;                                /* the second result of .call; what else a layer must remember for backward */
    value kept_x; /* what the kept tape ran on; of .call with two results: the second one of the last call under
                     autograd */
    struct layout pooled;                     /* of a pooling: its last input */
    value lazy_x, lazy_g;                     /* gradInput has not been computed yet */
    enum {
        OWES_NOTHING,
        OWES_ZEROS,
        OWES_PRODUCT
    } owes; /* the gradients are zero, or that of the first parameter is owed_scale owed_g' owed_x, and their
memory does not say so yet: see nn_settle */
    value owed_x, owed_g;
    double owed_scale;
    bool due;                                 /* while updateParameters runs */
    value *f;
};
static inline const struct layer *layer_of(const struct module *m) { return m->info->layer; }
#define PARAM(m, i) ((m)->f[i])
#define GRAD(m, i) ((m)->f[(m)->info->np + (i)])
#define OPTION(m, i) ((m)->f[2 * (m)->info->np + (i)])
#define STATE(m, i) ((m)->f[2 * (m)->info->np + (m)->info->no + (i)])
static inline double option_num(const struct module *m, int i)
{
    return OPTION(m, i).num;
} /* kinds n k z x b: plain scalars */
static inline i64 option_int(const struct module *m, int i) { return (i64)OPTION(m, i).num; }
static inline bool option_bool(const struct module *m, int i) { return OPTION(m, i).num != 0; }
bool nn_text_is(value v, const char *word);
int module_field(const struct module *m, const char *name);            /* number in f, or -1 */

bool is_module(value v);                      /* also a criterion */
static inline value module_value(struct module *m) { return object_value(K_OBJECT, m); }
static inline struct module *module_of(value v) { return (struct module *)v.inst; }
struct module *arg_module(struct call *c, int i);
struct module *module_new(const struct layer_info *p);                 /* pooled, fields []; options not set */
struct module *module_make(const struct layer *l, int n, const value *options);       /* as the constructor does */
void module_construct(struct call *c, const struct layer *l);

/* ---- running.  For containers and criterions; values borrowed or pooled. */
value module_forward(struct module *m, value x);
value module_backward(struct module *m, value x, value g, int want, double scale);
void nn_forget_lazy(struct module *m);        /* the gradInput that has not been computed never will be */
value module_loss(struct module *m, value x, value t);
value module_loss_grad(struct module *m, value x, value t);
enum { REDUCE_MEAN, REDUCE_SUM, REDUCE_NONE, REDUCE_BATCH_MEAN };
int nn_reduction(const struct module *m);     /* of a criterion: option reduction, else what sizeAverage says */
void nn_note_nan(bool on); /* the first layer that makes NaN or Inf is noted from now on (dbstop if naninf) … */
const char *nn_noted_nan(void);               /* … and told once; scratch, or NULL */
bool nn_has_nan(value v);                     /* tensors and cells of them */
void nn_look_for_bad(struct module *m, value in, value out, const char *what);       /* after a layer or criterion has run (nan.c) */
value nn_outer(struct module *m, int what, value x, value g, int want,
               double scale); /* a call from outside any net: 0 forward, 1 backward, 2 loss, 3 its gradient; errors name
                                 the place */
value nn_run_kept(struct module *m,
                  value x); /* forward and backward by .record or .expr, of a layer that has others for special cases */
value nn_back_kept(struct module *m, value x, value g, int want, double scale);
void nn_accumulate(struct module *m, int i, value g,
                   double scale); /* scale g to the gradient of parameter i, on any device */
value nn_dropped(int device, int dtype, int nd, const i64 *dim, bool rows, double p,
                 double kept); /* 0 with probability p, else kept; drawn where it is, in Torch's order or not */
int nn_rank(void);                            /* of the value that is passed on; 0: unknown, or cells */
void nn_set_rank(int rank);                   /* by a layer, for its output */
void nn_enter(struct module *container, int child);                    /* for errors: "In module 3 of nn.Sequential: …" */
void nn_leave(void);
void nn_idle(
    struct module *m); /* fails while m runs: a function inside it (nn.Lambda, a hook) may not take its modules away */
void nn_check_input(struct module *m, value x);          /* against .wants (shapes.c) */
void nn_check_target(struct module *m, value x, value t);               /* against .alike */
void nn_show_options(struct module *m, struct buf *b);                  /* .show: the numbers among the options, 10, 5, 2 */
NORETURN void nn_fail(struct module *m, const char *fmt, ...) PRINTF(2, 3);      /* "nn.Linear(4 -> 3): …" */
NORETURN void nn_fail_shape(struct module *m, const char *wants,
                            value x); /* "nn.Linear(4 -> 3) wants N x 4 and got 3x5" */

/* ---- parameters */
void nn_param(struct module *m, int i, int nd,
              const i64 *dim); /* parameter i and its gradient: zeros, in Torch's order */
void nn_no_param(struct module *m, int i);                             /* without bias: [] */
static inline bool has_param(const struct module *m, int i) { return PARAM(m, i).kind == K_WINDOW; }
void nn_uniform(value w, double from, double to);                      /* fills a window, rows first, from the generator */
void nn_uniform_params(struct module *m, double s);                    /* all of them in ±s */
static inline double nn_spread(double stdv, double otherwise)
{
    return isnan(stdv) ? otherwise : stdv * 1.7320508075688772;
} /* of a uniform law with this deviation */
void nn_normal(value w, double mean, double sd);
void nn_fill(value w, double x);
void nn_put(value w, const double *x);        /* numbers in Torch's order */
int nn_dtype(const struct module *m);                                  /* of its parameters; D_DOUBLE without any */
static inline const char *param_data(const struct module *m, int i) { return window_data(PARAM(m, i).w); }
static inline void nn_settle(struct module *m)               /* before anybody but the layer looks at its gradients */
{
    if (unlikely(m->owes != OWES_NOTHING))
        layer_of(m)->settle(m);
}
char *grad_data(struct module *m,
                int i); /* where backward adds: the gradient, or the parameter itself; memory of its own */
struct tensor *param_tensor(const struct module *m, int i);            /* a plain header, pooled */

/* ---- tensors */
struct tensor *nn_buffer(value *slot, int dtype, int nd,
                         const i64 *dim); /* in Torch's order; the slot's own when nobody else holds it */
struct tensor *nn_float(struct module *m,
                        value x); /* of the class the module computes in; fails for what is no tensor */
struct tensor *nn_reshape(struct tensor *t, int nd,
                          const i64 *dim); /* elements in Torch's order; the same memory where it lies so */
value nn_grad_like(struct module *m, value g, struct tensor *y);       /* gradOutput checked against y, in its class */
value nn_box(value v);                        /* a scalar as a 1x1 tensor */
value nn_cells(int n);                        /* 1 x n cell */
struct cell *nn_cell(struct module *m, value x, int least, const char *what);    /* the input as cells, or fails */

/* Pieces of tensors; they record themselves.  dim counts from 1, places from 0. */
value nn_slice(value x, int dim, i64 from, i64 n);
value nn_select(value x, int dim, i64 i);     /* the dimension goes; of a matrix a row remains */
value nn_join(struct module *m, int dim, int n, const value *part);
value nn_add(struct module *m, value a, value b);         /* tensors or cells alike; NIL is nothing */
value nn_sized(value v, int nd, const i64 *dim);          /* reshape, column-major */
value nn_view(value v, int nd, const i64 *dim);           /* reshape in Torch's order: nn.reshape */
/* Sequences as n samples of t steps of f features, or fails.  False: one sequence, T x F.  N x T x 1 has lost its last
 * dimension. */
bool nn_sequences(struct module *m, value x, i64 f, i64 *n, i64 *t);

/* Any walk over the modules of a net, m first, in order. */
void module_each(struct module *m, void (*visit)(struct module *m, void *arg), void *arg);
bool nn_holds(value v, struct module *m);     /* m is v or below it */
bool nn_children_changed(struct module *m, int field, value v); /* .changed of what has others in a cell of its state */
value modules_of(value v);                    /* cell of the module and all below, in order */
void nn_leave_parameters(
    struct module *m); /* the windows got by getParameters are no longer all that m learns: writing into them warns */
value nn_parameters(struct module *m, bool grads);                     /* cell of windows, each once */

/* ---- what struct class wants (module_*.c) */
void module_free(struct object *o);
void module_children(struct object *o, void (*visit)(value *child, void *arg), void *arg);
void module_print(value v, const char *name);
value module_get(value self, sym field);
bool module_set(value self, sym field, value v);
value *module_place(value self, sym field);
bool module_method(value self, sym name, struct call *c);
void module_paren(value self, struct call *c);
value nn_operate(int op, int nargin, const value *arg);
bool nn_node_call(value self, struct call *c);                         /* m(), m(node), m({node, …}) of a graph (graph.c) */
const char *nn_graph_name(struct module *m, int i);
void nn_graph_text(struct module *m, i64 i, struct buf *before, struct buf *behind);
i64 module_numel(value self);
value module_move(value self, int device);
value module_clone(value self);
value module_save(value self);
value module_blank(const struct class *class);
void module_load(value self, value saved);
extern const char *const module_names[];
const char *nn_next_name(const char *s, char *name);                  /* of a list of words; what follows, NULL at its end */
void module_own_names(value self, void (*offer)(const char *name, void *arg), void *arg);
void module_label(struct module *m, struct buf *b);                    /* nn.Linear(4 -> 3) */
const struct class *nn_class_named(const char *name);                  /* for files */
void nn_defaults(const char *class, const char *help,
                 struct buf *b); /* a paragraph for help: the options of a layer that have defaults */
void nn_options_set(struct module *m, int n, const value *arg);
void module_run_method(struct module *m, int what, struct call *c);
value module_grad_input(struct module *m);
void nn_init(struct module *m);               /* init and the first reset */
void nn_reset(struct module *m, double stdv);
bool nn_alike(value have, value v);           /* v may stand in a field where have stands: same kind and size */
value nn_window(struct tensor *base, i64 offset, int nd, const i64 *dim);        /* in Torch's order */

struct at_work {
    struct module *m;
    bool cell;
    int nd;
    i64 dim[MAX_DIMS];
}; /* the layer that computes, and the size of its input: for errors */
struct nn_state {
    struct at_work now;
    struct layer_info **info;
    int ninfo;
    int rank;
    int image_rank; /* of the input of the image layer at work, trailing singletons counted; 0 unknown */
    struct { struct module *container; int child; } place[64];
    bool flattened;                           /* getParameters was called */
    bool stop_at_nan;                         /* the first layer that makes a NaN fails: nn.stopAtNaN */
    bool note_nan;                            /* the first that makes NaN or Inf is noted: dbstop if naninf */
    char note[768];
    struct tensor *over; /* a gradOutput that nobody else reads any more, on its way to the layer it is for */
    int depth, running;                       /* places entered; nesting of outermost calls */
    sym method[64];                           /* names of methods (module_method.c) */
};
struct nn_state *nn_state(void);
size_t nn_place_text(const struct nn_state *st, int from, char *where, size_t size);  /* "In module 2 of nn.Sequential, module 1 of …" */
const struct layer_info *nn_info(const struct layer *l);
const struct layer_info *nn_info_stack(const struct layer *l, int stack);
value nn_closure(const struct layer_info *info);
extern const struct layer *const nn_layers[]; /* all, NULL at the end */

#endif
