/* SPDX-License-Identifier: BSD-3-Clause */
/* recurrent.c: nn.RNN, nn.GRU and nn.LSTM over sequences N x T x F, in Torch's order.
 *
 * A layer may read its input in both directions; dropout stands between layers.  Given {x, h0} or {x, h0, c0} the
 * states before the first step are those, and the last ones come back beside the output.
 *
 * The inputs of all steps are one product; a step multiplies only the state before it.  `record` says what is computed
 * in functions that record themselves.  nn.LSTM has forward and backward of its own beside it: there the gates of a
 * step lie as four blocks (input, forget and output gates, then the candidates), so sigmoid and tanh are one kernel
 * call each, the weights that multiply the state are packed once for all steps, and the gradient of the recurrent
 * weights is one product after the last step.  Blocks are rounded up to whole vectors, which kernels may write. */
#include "lab/gpu.h"
#include "lab/ew.h"
#include "nn.h"
#include "lab/clones.h"
#include "lab/index.h"
#include "lab/rand.h"
#include "nn/product.h"
#include <math.h>

enum { INPUT, HIDDEN, LAYERS };
enum { BOTH_WAYS = 1, DROPOUT, BATCH_FIRST, WITH_BIAS };      /* options from the end */
enum { W_IH, W_HH, B_IH, B_HH, W_HR };        /* of one way of one layer; the last of nn.LSTM alone */
#define WAY(end) "weight_ih_l#" end " weight_hh_l#" end " bias_ih_l#" end " bias_hh_l#" end

static bool is_lstm(struct module *m) { return layer_of(m)->class.name[3] == 'L'; }
static bool is_gru(struct module *m) { return layer_of(m)->class.name[3] == 'G'; }
static bool is_rnn(struct module *m) { return layer_of(m)->class.name[3] == 'R'; }
static i64 gates(struct module *m) { return is_lstm(m) ? 4 : is_gru(m) ? 3 : 1; }
static int per_way(struct module *m) { return is_lstm(m) ? W_HR + 1 : W_HR; }
static int per_layer(struct module *m) { return 2 * per_way(m); }
static int from_end(struct module *m, int k) { return m->info->no - k - is_lstm(m); }
static i64 projected(struct module *m) { return is_lstm(m) ? option_int(m, m->info->no - 1) : 0; }      /* 0: not */
static i64 wide(struct module *m)
{
    return projected(m) ? projected(m) : option_int(m, HIDDEN);
} /* features of a state h */
static bool has_bias(struct module *m) { return option_bool(m, from_end(m, WITH_BIAS)); }
static int ways(struct module *m) { return option_bool(m, from_end(m, BOTH_WAYS)) ? 2 : 1; }
static bool batch_first(struct module *m) { return option_bool(m, from_end(m, BATCH_FIRST)); }
static double dropout(struct module *m) { return option_num(m, from_end(m, DROPOUT)); }
static i64 features(struct module *m, i64 layer) { return layer ? wide(m) * ways(m) : option_int(m, INPUT); }

static bool relu(struct module *m)            /* of nn.RNN */
{
    char text[16];
    if (!is_rnn(m))
        return false;
    value v = OPTION(m, 3);
    i64 n = value_numel(v);
    struct tensor *t = tensor_of(v);
    for (i64 i = 0; i < n && i < 15; i++)
        text[i] = (char)element_double(t, i);
    text[MIN(n, 15)] = 0;
    if (strcmp(text, "tanh") && strcmp(text, "relu"))
        fail("Octave:invalid-input-arg", "nn.RNN: nonlinearity must be \"tanh\" or \"relu\", but is \"%s\"", text);
    return text[0] == 'r';
}

static void recurrent_check(struct module *m)
{
    double p = dropout(m);
    (void)relu(m);                            /* complains */
    if (!(p >= 0 && p < 1))
        fail("Octave:invalid-input-arg", "%s: dropout must be from 0 on and less than 1, but is %g",
             layer_of(m)->class.name, p);
    if (m->f[0].kind == K_WINDOW && has_param(m, per_way(m)) != (ways(m) == 2))
        fail("tl:nn", "%s: bidirectional is fixed when the layer is made, for its parameters fit it",
             layer_of(m)->class.name);
    if (projected(m) >= option_int(m, HIDDEN))
        fail("Octave:invalid-input-arg", "%s: projSize must be less than hiddenSize, %lld, but is %lld",
             layer_of(m)->class.name, (long long)option_int(m, HIDDEN), (long long)projected(m));
    if (m->f[0].kind == K_WINDOW && has_param(m, B_IH) != has_bias(m))
        fail("tl:nn", "%s: the bias is fixed when the layer is made", layer_of(m)->class.name);
}

static void recurrent_init(struct module *m)
{
    i64 h = option_int(m, HIDDEN), layers = option_int(m, LAYERS), rows = gates(m) * h;
    for (i64 l = 0; l < layers; l++)
        for (int i = 0; i < per_layer(m); i++) {
            int k = (int)l * per_layer(m) + i, which = i % per_way(m);
            if (i / per_way(m) >= ways(m) || (which == W_HR ? !projected(m) : which >= B_IH && !has_bias(m)))
                nn_no_param(m, k);
            else if (which == W_HR)
                nn_param(m, k, 2, (i64[]){ projected(m), h });
            else if (which >= B_IH)
                nn_param(m, k, 2, (i64[]){ 1, rows });
            else
                nn_param(m, k, 2, (i64[]){ rows, which == W_IH ? features(m, l) : wide(m) });
        }
}

static void recurrent_reset(struct module *m, double stdv)
{
    nn_uniform_params(m, nn_spread(stdv, 1 / sqrt((double)option_int(m, HIDDEN))));
}

static void recurrent_show(struct module *m, struct buf *b)
{
    buff(b, "%lld -> %lld", (long long)option_int(m, INPUT), (long long)option_int(m, HIDDEN));
    if (option_int(m, LAYERS) > 1)
        buff(b, ", %lld layers", (long long)option_int(m, LAYERS));
    if (ways(m) > 1)
        buf_puts(b, ", both ways");
    if (projected(m))
        buff(b, ", projected to %lld", (long long)projected(m));
    if (!has_bias(m))
        buf_puts(b, " without bias");
}

bool nn_sequences(struct module *m, value x, i64 f, i64 *n, i64 *t)
{
    char wants[64];
    i64 dim[MAX_DIMS];
    int nd = is_tensor_like(x) ? value_dims(x, dim) : 0;
    bool batch = nd == 3 && dim[2] == f, thin = nd == 2 && f == 1 && (m->rank == 3 || dim[1] != 1);
    if (!batch && !thin && (nd != 2 || dim[1] != f)) {
        snprintf(wants, sizeof wants, "N x T x %lld, or T x %lld", (long long)f, (long long)f);
        nn_fail_shape(m, wants, x);
    }
    *n = batch || thin ? dim[0] : 1;
    *t = batch || thin ? dim[1] : dim[0];
    if (*n < 1 || *t < 1)
        nn_fail_shape(m, "at least one sequence of at least one step", x);
    return batch || thin;
}
/* The input alone, of {x, h0, c0} or x; n samples of t steps. */
static value sequence_in(value x) { return x.kind == K_CELL && x.cell->numel ? x.cell->v[0] : x; }
/* N x 1 x 1 has come as N x 1, which might be one sequence: a first state for a batch says which. */
static bool states_are_a_batch(struct module *m, value x, i64 n)
{
    if (x.kind != K_CELL || x.cell->numel < 2)
        return false;
    value h = x.cell->v[1].kind == K_CELL && x.cell->v[1].cell->numel ? x.cell->v[1].cell->v[0] : x.cell->v[1];
    i64 dim[MAX_DIMS], all[3] = { option_int(m, LAYERS) * ways(m), n, wide(m) }, one[2] = { all[0], all[2] };
    int nd = is_tensor_like(h) ? value_dims(h, dim) : 0;
    return nd && dims_equal(nd, dim, dims_trim(3, all), all) && !dims_equal(nd, dim, 2, one);
}
static bool sequences(struct module *m, value x, i64 *n, i64 *t)
{
    bool batch = nn_sequences(m, sequence_in(x), option_int(m, INPUT), n, t);
    if (!batch && option_int(m, INPUT) == 1 && states_are_a_batch(m, x, batch_first(m) ? *t : 1)) {
        batch = true;
        *n = *t;
        *t = 1;
    }
    if (batch && !batch_first(m)) {
        i64 steps = *n;
        *n = *t;
        *t = steps;
    }
    return batch;
}

static int result_dims(struct module *m, bool batch, i64 n, i64 t, i64 *dim)
{
    int nd = 0;
    if (batch)
        dim[nd++] = batch_first(m) ? n : t;
    dim[nd++] = batch && !batch_first(m) ? n : t;
    dim[nd++] = wide(m) * ways(m);
    return nd;
}

/* ---- in functions that record themselves */
static value times_turned(value x, value w) { return tape_matrix(MX_MTIMES, x, tape_matrix(MX_TRANSPOSE, w, nil())); }
static value part(value x, i64 k, i64 h) { return nn_slice(x, 2, k * h, h); }

/* The states before the first step, numLayers*ways x N x hiddenSize, or without N for one sequence; NIL: zeros. */
struct states { bool given, nested, flat; value h, c; };
static struct states states_of(struct module *m, value x, bool batch, i64 n)
{
    struct states s = { .h = nil(), .c = nil() };
    i64 parts = x.kind == K_CELL ? x.cell->numel : 0, all = option_int(m, LAYERS) * ways(m), dim[MAX_DIMS];
    char wants[192];
    if (x.kind != K_CELL)
        return s;
    s.given = true;
    s.nested = parts == 2 && x.cell->v[1].kind == K_CELL;
    struct cell *c = s.nested ? x.cell->v[1].cell : x.cell;
    int first = s.nested ? 0 : 1, most = is_lstm(m) ? 2 : 1;
    if (parts < 1 || c->numel - first > most || (s.nested && c->numel != most))
        nn_fail_shape(m, is_lstm(m) ? "{x}, {x, h0, c0} or {x, {h0, c0}}" : "{x} or {x, h0}", x);
    for (i64 i = first; i < c->numel; i++) {
        value v = c->v[i];
        i64 h = i == first ? wide(m) : option_int(m, HIDDEN);
        if (is_tensor_like(v) && value_numel(v) == 0 && h * n > 0)
            continue;
        int nd = is_tensor_like(v) && !dtype_is(value_dtype(v), DT_C | DT_T) ? value_dims(v, dim) : 0;
        i64 full[3] = { all, batch ? n : h, h };
        int fd = dims_trim(batch ? 3 : 2, full);
        bool flat = all == 1 && nd == 2 && dim[0] == n && dim[1] == h && batch;
        bool whole = nd && dims_equal(nd, dim, fd, full);
        if (!whole && !flat) {
            char shape[128];
            snprintf(wants, sizeof wants, "%s as first state %s,",
                     dims_text(batch ? 3 : 2, (i64[]){ all, batch ? n : h, h }, shape), i == first ? "h0" : "c0");
            nn_fail_shape(m, wants, v);
        }
        s.flat |= flat && !whole;
        *(i == first ? &s.h : &s.c) = tape_plain(nn_box(v));
    }
    return s;
}
static value state_at(struct module *m, value all, i64 k, i64 n, i64 h)
{
    i64 total = option_int(m, LAYERS) * ways(m);
    if (is_nil(all))
        return tensor_box(zeros_beside(m->info->np ? PARAM(m, 0) : nil(), nn_dtype(m), 2, (i64[]){ n, h }));
    return nn_view(nn_slice(nn_view(all, 2, (i64[]){ total, n * h }), 1, k, 1), 2, (i64[]){ n, h });
}
/* Some elements 0, the others larger: after layer l - 1.  aux keeps what was drawn. */
static value dropped(struct module *m, i64 l, value x)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(x, dim);
    double p = dropout(m);
    int layers = (int)option_int(m, LAYERS);
    if (m->aux.kind != K_CELL || m->aux.cell->numel != layers)
        replace(&m->aux, copy(nn_cells(layers)));
    value had = m->aux.cell->v[l];
    if (m->again && is_tensor_like(had) && dims_equal(tensor_any(had)->nd, tensor_any(had)->dim, nd, dim))
        return g_op(EW_times, x, had);
    value mask = nn_dropped(value_device(x), nn_dtype(m), nd, dim, false, p, 1 / (1 - p));
    cell_set(m->aux.cell, l, mask);
    return g_op(EW_times, x, mask);
}

/* One layer in one direction: all is (n t) x features, the result (n t) x hidden; *state and *cell are the first and
 * become the last. */
static value one_way(struct module *m, value all, const value *w, i64 n, i64 t, bool back_to_front, value *state_,
                     value *cell_)
{
    i64 h = option_int(m, HIDDEN);
    bool lstm = is_lstm(m), gru = is_gru(m), bias = has_bias(m), flat = relu(m), first = batch_first(m);
    value *out = scratch(sizeof *out * (size_t)t), pre = times_turned(all, w[W_IH]), state = *state_, cell = *cell_;
    if (bias)
        pre = g_op(EW_plus, pre, w[B_IH]);
    if (bias && !gru)
        pre = g_op(EW_plus, pre, w[B_HH]);
    for (i64 j = 0; j < t; j++) {             /* the rows of step k are k, k + t, k + 2t …, of steps outermost nk, nk + 1 … */
        i64 k = back_to_front ? t - 1 - j : j;
        value idx[2] = { first ? range_new((double)(k + 1), (double)t, (double)(n * t))
                               : range_new((double)(k * n + 1), 1, (double)(k * n + n)),
                         colon() };
        value in = index_paren(pre, 2, idx), back = times_turned(state, w[W_HH]);
        if (gru) {
            if (bias)
                back = g_op(EW_plus, back, w[B_HH]);
            value r = g_fn(EW_sigmoid, g_op(EW_plus, part(in, 0, h), part(back, 0, h)));
            value z = g_fn(EW_sigmoid, g_op(EW_plus, part(in, 1, h), part(back, 1, h)));
            value c = g_fn(EW_tanh, g_op(EW_plus, part(in, 2, h), g_op(EW_times, r, part(back, 2, h))));
            state = g_op(EW_plus, c, g_op(EW_times, z, g_op(EW_minus, state, c)));
        } else if (lstm) {
            value a = g_op(EW_plus, in, back);
            value i = g_fn(EW_sigmoid, part(a, 0, h)), f = g_fn(EW_sigmoid, part(a, 1, h));
            value c = g_fn(EW_tanh, part(a, 2, h)), o = g_fn(EW_sigmoid, part(a, 3, h));
            cell = g_op(EW_plus, g_op(EW_times, f, cell), g_op(EW_times, i, c));
            state = g_op(EW_times, o, g_fn(EW_tanh, cell));
            if (projected(m))
                state = times_turned(state, w[W_HR]);
        } else {
            value a = g_op(EW_plus, in, back);
            state = flat ? g_op(EW_max, num(0), a) : g_fn(EW_tanh, a);
        }
        out[k] = state;
    }
    *state_ = state;
    *cell_ = cell;
    return nn_view(t > 1 ? nn_join(m, first ? 2 : 1, (int)t, out) : out[0], 2, (i64[]){ n * t, wide(m) });
}

static value last_states(struct module *m, const value *state, i64 n, i64 h, bool batch, bool flat)
{
    i64 all = option_int(m, LAYERS) * ways(m);
    value *part_ = scratch(sizeof *part_ * (size_t)all);
    for (i64 k = 0; k < all; k++)
        part_[k] = nn_view(state[k], 2, (i64[]){ 1, n * h });
    value y = all > 1 ? nn_join(m, 1, (int)all, part_) : part_[0];
    return flat ? nn_view(y, 2, (i64[]){ n, h }) : batch ? nn_view(y, 3, (i64[]){ all, n, h }) : y;
}

static value recurrent_record(struct module *m, value x, const value *w)
{
    i64 n, t, dim[3], layers = option_int(m, LAYERS);
    bool batch = sequences(m, x, &n, &t);
    int both = ways(m);
    struct states s = states_of(m, x, batch, n);
    value all = nn_view(sequence_in(x), 2, (i64[]){ n * t, option_int(m, INPUT) });
    value *state = scratch(2 * sizeof *state * (size_t)(layers * both)), *cell = state + layers * both;
    for (i64 l = 0; l < layers; l++, w += per_layer(m)) {
        value way[2];
        if (l && m->train && dropout(m) > 0)
            all = dropped(m, l, all);
        for (int d = 0; d < both; d++) {
            i64 k = l * both + d;
            state[k] = state_at(m, s.h, k, n, wide(m));
            cell[k] = is_lstm(m) ? state_at(m, s.c, k, n, option_int(m, HIDDEN)) : nil();
            way[d] = one_way(m, all, w + d * per_way(m), n, t, d == 1, &state[k], &cell[k]);
        }
        all = both > 1 ? nn_join(m, 2, 2, way) : way[0];
    }
    int nd = result_dims(m, batch, n, t, dim);
    value y = nn_view(all, nd, dim);
    nn_set_rank(s.given ? 0 : nd);
    if (!s.given)
        return y;
    value hn = last_states(m, state, n, wide(m), batch, s.flat),
          cn = is_lstm(m) ? last_states(m, cell, n, option_int(m, HIDDEN), batch, s.flat) : nil(),
          out = nn_cells(is_lstm(m) && !s.nested ? 3 : 2);
    cell_set(out.cell, 0, y);
    if (s.nested) {
        value inner = nn_cells(is_lstm(m) ? 2 : 1);
        cell_set(inner.cell, 0, hn);
        if (is_lstm(m))
            cell_set(inner.cell, 1, cn);
        cell_set(out.cell, 1, inner);
        return out;
    }
    cell_set(out.cell, 1, hn);
    if (is_lstm(m))
        cell_set(out.cell, 2, cn);
    return out;
}

/* The gradient of {y, hn, cn} may be that of y alone, or have [] where nothing depends. */
static value whole_gradient(struct module *m, value g, value y)
{
    if (y.kind == K_CELL) {
        struct cell *c = cell_new(y.cell->nd, y.cell->dim);
        bool list = g.kind == K_CELL;
        if (list && g.cell->numel > y.cell->numel)
            nn_fail(m, "gradOutput has %lld elements, the output %lld", (long long)g.cell->numel, (long long)y.cell->numel);
        for (i64 i = 0; i < c->numel; i++)
            cell_set(c, i,
                     whole_gradient(m,
                                    list ? (i < g.cell->numel ? g.cell->v[i] : nil())
                                    : i  ? nil()
                                         : g,
                                    y.cell->v[i]));
        return cell_value(c);
    }
    struct tensor *t = tensor_any(y);
    if (is_nil(g) || (is_tensor_like(g) && value_numel(g) == 0 && t->numel))
        return tensor_box(zeros_beside(y, t->dtype, t->nd, t->dim));
    return nn_grad_like(m, g, t);
}

static value recurrent_backward(struct module *m, value x, value g, int want, double scale)
{
    if (x.kind == K_CELL && (!m->kept || m->kept_x.kind != K_CELL ||
                             m->kept_x.cell != x.cell)) /* the output says what the gradient is like */
        replace(&m->output, copy(nn_run_kept(m, x)));
    return nn_back_kept(m, x, x.kind == K_CELL ? whole_gradient(m, g, m->output) : g, want, scale);
}
static value recurrent_forward(struct module *m, value x) { return nn_run_kept(m, x); }

/* ---- nn.LSTM by hand.  Inside, steps are outermost: t x n x f.  What forward leaves for backward stands in aux, a cell: */
enum { GATES, CELLS, TANH_CELLS, OUTPUT, PER_AUX };       /* of each layer; then the input and the gradient of the gates */
static i64 block_of(i64 n, i64 h) { return (n * h + 15) / 16 * 16; }
static void pack(struct product *p)           /* for the products of all steps */
{
    size_t bytes = product_packed_bytes(p);
    if (bytes)
        product_pack(p, (char *)(p->packed = scratch(bytes)));
}

#define STEPS(T)                                                                                                                  \
    static void turn_##T(T *to, const T *from, i64 a, i64 b, i64 n)       /* b x a x n of a x b x n */                            \
    {                                                                                                                             \
        for (i64 i = 0; i < a; i++)                                                                                               \
            for (i64 k = 0; k < b; k++)                                                                                           \
                memcpy(to + (k * a + i) * n, from + (i * b + k) * n, (size_t)n * sizeof(T));                                      \
    }                                                                                                                             \
    /* in: preactivations n x 4h; to: blocks i f o g */                                                                           \
    static void blocks_##T(T *to, const T *in, i64 n, i64 h, i64 block)                                                           \
    {                                                                                                                             \
        static const int place[] = { 0, 1, 3, 2 };                                                                                \
        for (i64 s = 0; s < n; s++)                                                                                               \
            for (int k = 0; k < 4; k++)                                                                                           \
                memcpy(to + place[k] * block + s * h, in + (s * 4 + k) * h, (size_t)h * sizeof(T));                               \
    }                                                                                                                             \
    static T *sum_##T(const T *a, const T *b, i64 n)                                                                              \
    {                                                                                                                             \
        T *y = scratch((size_t)n * sizeof(T));                                                                                    \
        for (i64 i = 0; i < n; i++)                                                                                               \
            y[i] = a[i] + b[i];                                                                                                   \
        return y;                                                                                                                 \
    }                                                                                                                             \
    CLONES static void cell_##T(T *c, const T *before, const T *a, i64 n, i64 block)                                              \
    {                                                                                                                             \
        const T *f = a + block, *g = a + 3 * block;                                                                               \
        if (before) {                                                                                                             \
            SIMD for (i64 i = 0; i < n; i++)                                                                                      \
                c[i] = f[i] * before[i] + a[i] * g[i];                                                                            \
        } else {                                                                                                                  \
            SIMD for (i64 i = 0; i < n; i++)                                                                                      \
                c[i] = a[i] * g[i];                                                                                               \
        }                                                                                                                         \
    }                                                                                                                             \
    CLONES static void out_##T(T *y, const T *o, const T *tc, i64 n)                                                              \
    {                                                                                                                             \
        SIMD for (i64 i = 0; i < n; i++)                                                                                          \
            y[i] = o[i] * tc[i];                                                                                                  \
    }                                                                                                                             \
    /* dh, dc come with what later steps add, and leave dc for the step before; d: the four gates in PyTorch's order */           \
    CLONES static void back_##T(T *d, const T *gy, const T *dh, T *dc, const T *a, const T *before, const T *tc, i64 n, i64 h,    \
                                i64 block)                                                                                        \
    {                                                                                                                             \
        for (i64 s = 0; s < n; s++) {                                                                                             \
            const T *ig = a + s * h, *fg = ig + block, *og = fg + block, *cg = og + block, *u = tc + s * h;                       \
            const T *gg = gy + s * h, *hh = dh + s * h, *p = before ? before + s * h : NULL;                                      \
            T *to = d + s * 4 * h, *c = dc + s * h;                                                                               \
            SIMD for (i64 i = 0; i < h; i++) {                                                                                    \
                T g = gg[i] + hh[i], all = c[i] + g * og[i] * (1 - u[i] * u[i]);                                                  \
                to[i] = all * cg[i] * ig[i] * (1 - ig[i]);                                                                        \
                to[h + i] = all * fg[i] * (1 - fg[i]);                                                                            \
                to[2 * h + i] = all * ig[i] * (1 - cg[i] * cg[i]);                                                                \
                to[3 * h + i] = g * u[i] * og[i] * (1 - og[i]);                                                                   \
                c[i] = all * fg[i];                                                                                               \
            }                                                                                                                     \
            if (p) {                                                                                                              \
                SIMD for (i64 i = 0; i < h; i++)                                                                                  \
                    to[h + i] *= p[i];                                                                                            \
            } else {                                                                                                              \
                memset(to + h, 0, (size_t)h * sizeof(T));                                                                         \
            }                                                                                                                     \
        }                                                                                                                         \
    }                                                                                                                             \
    CLONES static void columns_##T(T *to, T *to2, const T *d, T scale, i64 rows, i64 n)                                           \
    {                                                                                                                             \
        for (i64 r = 0; r < rows; r++, d += n)                                                                                    \
            SIMD for (i64 i = 0; i < n; i++) {                                                                                    \
                to[i] += scale * d[i];                                                                                            \
                to2[i] += scale * d[i];                                                                                           \
            }                                                                                                                     \
    }                                                                                                                             \
    static void forward_##T(struct module *m, int l, i64 n, i64 t, i64 f, const T *x, T *y, T *a, T *c, T *tc, T *pre)            \
    {                                                                                                                             \
        int dtype = nn_dtype(m), single = dtype == D_SINGLE, at = l * per_layer(m);                                               \
        i64 h = option_int(m, HIDDEN), block = block_of(n, h), h4 = 4 * h;                                                        \
        bool bias = has_param(m, at + B_IH);                                                                                      \
        struct product by = { .dtype = dtype, .m = n, .n = h4, .k = h, .scale = 1, .a = { NULL, h, 1, false }, .ldc = h4,         \
            .b = { param_data(m, at + W_HH), 1, h, false }, .add = true };                                                        \
        pack(&by);                                                                                                                \
        product(&(struct product){ .dtype = dtype, .m = n * t, .n = h4, .k = f, .scale = 1, .a = { x, f, 1, false }, .c = pre,    \
            .b = { param_data(m, at + W_IH), 1, f, false }, .ldc = h4,                                                            \
            .start = bias ? sum_##T((const T *)param_data(m, at + B_IH), (const T *)param_data(m, at + B_HH), h4) : NULL });      \
        for (i64 k = 0; k < t; k++, a += 4 * block, c += block, tc += block, pre += n * h4, y += n * h) {                         \
            by.a.data = y - n * h;                                                                                                \
            by.c = pre;                                                                                                           \
            if (k)                                                                                                                \
                product(&by);                                                                                                     \
            blocks_##T(a, pre, n, h, block);                                                                                      \
            ew_simd->k[EW_sigmoid][single][VV](a, a, NULL, 3 * block);                                                            \
            ew_simd->k[EW_tanh][single][VV](a + 3 * block, a + 3 * block, NULL, block);                                           \
            cell_##T(c, k ? c - block : NULL, a, n * h, block);                                                                   \
            ew_simd->k[EW_tanh][single][VV](tc, c, NULL, block);                                                                  \
            out_##T(y, a + 2 * block, tc, n * h);                                                                                 \
            poll();                                                                                                               \
        }                                                                                                                         \
    }                                                                                                                             \
    /* d: the gradient of the gates of all steps; gx NULL: not wanted */                                                          \
    static void backward_##T(struct module *m, int l, i64 n, i64 t, i64 f, const T *x, const T *y, const T *gy, const T *a,       \
                             const T *c, const T *tc, T *d, T *gx, bool params, double scale)                                     \
    {                                                                                                                             \
        int dtype = nn_dtype(m), at = l * per_layer(m);                                                                           \
        i64 h = option_int(m, HIDDEN), block = block_of(n, h), h4 = 4 * h;                                                        \
        T *dh = scratch((size_t)(n * h) * sizeof(T)), *dc = scratch((size_t)(n * h) * sizeof(T));                                 \
        struct product by = { .dtype = dtype, .m = n, .n = h, .k = h4, .scale = 1, .a = { NULL, h4, 1, false }, .c = dh,          \
            .ldc = h, .b = { param_data(m, at + W_HH), h, 1, false } };                                                           \
        pack(&by);                                                                                                                \
        memset(dh, 0, (size_t)(n * h) * sizeof(T));                                                                               \
        memset(dc, 0, (size_t)(n * h) * sizeof(T));                                                                               \
        for (i64 k = t; k-- > 0;) {                                                                                               \
            by.a.data = d + (k + 1) * n * h4;                                                                                     \
            if (k < t - 1)                                                                                                        \
                product(&by);                                                                                                     \
            back_##T(d + k * n * h4, gy + k * n * h, dh, dc, a + 4 * k * block, k ? c + (k - 1) * block : NULL, tc + k * block,   \
                     n, h, block);                                                                                                \
            poll();                                                                                                               \
        }                                                                                                                         \
        if (gx)                                                                                                                   \
            product(&(struct product){ .dtype = dtype, .m = n * t, .n = f, .k = h4, .scale = 1, .a = { d, h4, 1, false }, .c = gx, \
                .ldc = f, .b = { param_data(m, at + W_IH), f, 1, false } });                                                      \
        if (!params)                                                                                                              \
            return;                                                                                                               \
        product(&(struct product){ .dtype = dtype, .m = h4, .n = f, .k = n * t, .scale = scale, .a = { d, 1, h4, false },         \
            .b = { x, f, 1, false }, .c = grad_data(m, at + W_IH), .ldc = f, .add = true });                                      \
        product(&(struct product){ .dtype = dtype, .m = h4, .n = h, .k = n * (t - 1), .scale = scale,                             \
            .a = { d + n * h4, 1, h4, false }, .b = { y, h, 1, false }, .c = grad_data(m, at + W_HH), .ldc = h, .add = true });   \
        if (has_param(m, at + B_IH))                                                                                              \
            columns_##T((T *)grad_data(m, at + B_IH), (T *)grad_data(m, at + B_HH), d, (T)scale, n * t, h4);                      \
    }
STEPS(double)
STEPS(float)

static char *aux_data(struct module *m, int i, int dtype, i64 n)
{
    i64 dim[2] = { 1, n };
    return nn_buffer(&m->aux.cell->v[i], dtype, 2, dim)->data;
}
static char *aux_now(struct module *m, int i) { return m->aux.cell->v[i].t->data; }
static void turn(int dtype, void *to, const void *from, i64 a, i64 b, i64 n)
{
    if (dtype == D_SINGLE)
        turn_float(to, from, a, b, n);
    else
        turn_double(to, from, a, b, n);
}

static bool plain_case(struct module *m, value x)              /* what the hand-made functions know */
{
    return x.kind != K_CELL && ways(m) == 1 && !projected(m) && batch_first(m) &&
           !(m->train && dropout(m) > 0 && option_int(m, LAYERS) > 1);
}

static value lstm_forward(struct module *m, value x)
{
    if (!plain_case(m, x))
        return nn_run_kept(m, x);
    i64 n, t, h = option_int(m, HIDDEN), f = option_int(m, INPUT), dim[3];
    bool batch = sequences(m, x, &n, &t);
    int layers = (int)option_int(m, LAYERS), dtype = nn_dtype(m), nd = result_dims(m, batch, n, t, dim);
    struct tensor *in = rows_of(nn_float(m, x));
    i64 block = block_of(n, h);
    if (m->aux.kind != K_CELL || m->aux.cell->numel != PER_AUX * layers + 2)
        replace(&m->aux, copy(nn_cells(PER_AUX * layers + 2)));
    struct tensor *y = nn_buffer(&m->output, dtype, nd, dim);
    char *from = aux_data(m, PER_AUX * layers, dtype, n * t * f),
         *pre = aux_data(m, PER_AUX * layers + 1, dtype, n * t * 4 * h);
    turn(dtype, from, in->data, n, t, f);
    for (int l = 0; l < layers; l++) {
        char *a = aux_data(m, PER_AUX * l + GATES, dtype, 4 * t * block),
             *c = aux_data(m, PER_AUX * l + CELLS, dtype, t * block);
        char *tc = aux_data(m, PER_AUX * l + TANH_CELLS, dtype, t * block),
             *to = aux_data(m, PER_AUX * l + OUTPUT, dtype, n * t * h);
        if (dtype == D_SINGLE)
            forward_float(m, l, n, t, features(m, l), (float *)from, (float *)to, (float *)a, (float *)c, (float *)tc,
                          (float *)pre);
        else
            forward_double(m, l, n, t, features(m, l), (double *)from, (double *)to, (double *)a, (double *)c,
                           (double *)tc, (double *)pre);
        from = to;
    }
    turn(dtype, y->data, from, t, n, h);
    nn_set_rank(nd);
    return tensor_box(y);
}

static bool forward_fits(struct module *m, int dtype, i64 n, i64 t, int nd, const i64 *dim)   /* aux is of such an input */
{
    struct tensor *y = m->output.kind == K_TENSOR ? m->output.t : NULL;
    if (m->aux.kind != K_CELL || m->aux.cell->numel != PER_AUX * option_int(m, LAYERS) + 2 || !y || y->dtype != dtype ||
        !dims_equal(y->nd, y->dim, nd, dim))
        return false;
    value a = m->aux.cell->v[GATES];
    return a.kind == K_TENSOR && a.t->dtype == dtype && a.t->numel == 4 * t * block_of(n, option_int(m, HIDDEN));
}

static value lstm_backward(struct module *m, value x, value g, int want, double scale)
{
    if (!plain_case(m, x))
        return recurrent_backward(m, x, g, want, scale);
    i64 n, t, h = option_int(m, HIDDEN), f = option_int(m, INPUT), dim[3];
    bool batch = sequences(m, x, &n, &t), params = want & WANT_PARAMS;
    int layers = (int)option_int(m, LAYERS), dtype = nn_dtype(m), nd = dims_trim(result_dims(m, batch, n, t, dim), dim);
    struct tensor *from = x.kind == K_TENSOR ? x.t : tensor_of(x), *gx = NULL;
    struct tensor shape = { .nd = (uint8_t)nd, .dim = dim, .dtype = (uint8_t)dtype };
    size_t size = dtypes[dtype].size;
    value like = nn_grad_like(m, g, &shape);
    if (!forward_fits(m, dtype, n, t, nd, dim))
        lstm_forward(m, x);
    char *grad = scratch((size_t)(n * t * h) * size), *below = NULL,
         *d = aux_data(m, PER_AUX * layers + 1, dtype, n * t * 4 * h);
    turn(dtype, grad, rows_of(like.t)->data, n, t, h);
    for (int l = layers; l-- > 0;) {
        int at = PER_AUX * l;
        char *xl = aux_now(m, l ? at - PER_AUX + OUTPUT : PER_AUX * layers), *y = aux_now(m, at + OUTPUT);
        below = l || (want & WANT_INPUT) ? scratch((size_t)(n * t * features(m, l)) * size) : NULL;
        if (dtype == D_SINGLE)
            backward_float(m, l, n, t, features(m, l), (float *)xl, (float *)y, (float *)grad,
                           (float *)aux_now(m, at + GATES), (float *)aux_now(m, at + CELLS),
                           (float *)aux_now(m, at + TANH_CELLS), (float *)d, (float *)below, params, scale);
        else
            backward_double(m, l, n, t, features(m, l), (double *)xl, (double *)y, (double *)grad,
                            (double *)aux_now(m, at + GATES), (double *)aux_now(m, at + CELLS),
                            (double *)aux_now(m, at + TANH_CELLS), (double *)d, (double *)below, params, scale);
        grad = below;
    }
    if (!(want & WANT_INPUT))
        return nil();
    gx = nn_buffer(&m->grad_input, dtype, from->nd, from->dim);
    turn(dtype, gx->data, below, t, n, f);
    return tensor_box(gx);
}

#define SHAPES(k, states)                                                                                                                  \
    "Sequences N x T x inputSize give N x T x hiddenSize; one sequence T x inputSize gives T x hiddenSize. The state before the first step is 0, or given: {" states "} gives a "        \
    "cell with the output and the last states; states are numLayers x N x hiddenSize (one sequence: numLayers x hiddenSize). With numLayers (1) "                \
    "each layer reads the one below, of which training drops the part dropout (0). bidirectional: every layer reads both ways, its output is 2*hiddenSize wide, states are " \
    "2*numLayers. batchFirst=false: sequences are T x N x inputSize. Layer l from 0 on has weight_ih_l (" k "hiddenSize rows), weight_hh_l, bias_ih_l and bias_hh_l, and such with _reverse, " \
    "as in PyTorch, at first uniform in ±1/sqrt(hiddenSize); bias=false leaves the biases out.\n\n"
#define SEE "\n\nSee also: nn.RNN, nn.GRU, nn.LSTM, nn.MultiHeadAttention, nn.gModule"
#define RECURRENT .stacked = "numLayers", .check = recurrent_check, .init = recurrent_init, .reset = recurrent_reset, .record = recurrent_record, .show = recurrent_show, .table = true
#define MORE "hasBias:b=1 batchFirst:b=1 dropout:x=0 bidirectional:b=0"
LAYER(RNN,
      "m = nn.RNN(inputSize, hiddenSize, numLayers, nonlinearity, bias, batchFirst, dropout, bidirectional)\n\n"
      "A recurrent network: at each step h = tanh(x*weight_ih' + bias_ih + h*weight_hh' + bias_hh). nonlinearity is "
      "\"tanh\" or \"relu\".\n\n" SHAPES("", "x, h0") "Example:\n  size(nn.RNN(3, 5).forward(randn(2, 7, 3)))\n  ans "
                                                      "=\n     2   7   5" SEE,
      .options = "inputSize:n hiddenSize:n numLayers:n=1 nonlinearity:s=tanh " MORE,
      .params = WAY("") " " WAY("_reverse"), RECURRENT, .forward = recurrent_forward, .backward = recurrent_backward)
LAYER(GRU,
      "m = nn.GRU(inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional)\n\n"
      "Gated recurrent units, gates in PyTorch's order: r = sigmoid(x*Wr' + h*Ur'), z = sigmoid(x*Wz' + h*Uz'), n = "
      "tanh(x*Wn' + r.*(h*Un')), h = (1 - z).*n + z.*h, each product with its "
      "bias.\n\n" SHAPES("3*", "x, h0") "Example:\n  size(nn.GRU(3, 5).forward(randn(2, 7, 3)))\n  ans =\n     2   7   "
                                        "5" SEE,
      .options = "inputSize:n hiddenSize:n numLayers:n=1 " MORE, .params = WAY("") " " WAY("_reverse"), RECURRENT,
      .forward = recurrent_forward, .backward = recurrent_backward)
LAYER(LSTM,
      "m = nn.LSTM(inputSize, hiddenSize, numLayers, bias, batchFirst, dropout, bidirectional, projSize)\n\n"
      "Long short-term memory, gates in PyTorch's order i, f, g, o: c = f.*c + i.*g, h = o.*tanh(c), where i, f, o are "
      "sigmoid and g is tanh of x*W' + h*U' with "
      "their biases.\n\n" SHAPES("4*", "x, h0, c0") "With projSize the state h of a step is projected to so many "
                                                    "features by weight_hr_l, projSize x hiddenSize, which "
                                                    "then are the output; c keeps hiddenSize.\n\n"
                                                    "Example:\n  m = nn.LSTM(3, 5, bidirectional=true);\n  z = "
                                                    "m.forward({randn(2, 7, 3)}); size(z{1}), size(z{2})\n  ans =\n    "
                                                    "  2    7   10\n  ans =\n     2   2   5" SEE,
      .options = "inputSize:n hiddenSize:n numLayers:n=1 " MORE " projSize:k=0",
      .params = WAY("") " weight_hr_l# " WAY("_reverse") " weight_hr_l#_reverse", RECURRENT, .forward = lstm_forward,
      .backward = lstm_backward)
