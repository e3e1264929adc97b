/* SPDX-License-Identifier: BSD-3-Clause */
/* attention.c: nn.MultiHeadAttention.
 *
 * `record` says what is computed in functions that record themselves: all samples are projected in one product each of
 * queries, keys and values, all heads of all samples go through the products of heads.c.  Beside it stand forward and
 * backward of their own for sequences that look at themselves, which is most of what is trained (attention_run.c). */
#include "nn.h"
#include "lab/gpu.h"
#include "nn/attention.h"
#include "lab/rand.h"
#include <math.h>

enum { EMBED, HEADS, DROPOUT, WITH_BIAS, CAUSAL, KEY_DIM, VALUE_DIM };
enum {
    IN_WEIGHT,
    Q_WEIGHT,
    K_WEIGHT,
    V_WEIGHT,
    IN_BIAS,
    OUT_WEIGHT,
    OUT_BIAS
}; /* one weight for all three, or one each */

static i64 features(struct module *m, int which)
{
    return option_int(m, which == 0 ? EMBED : which == 1 ? KEY_DIM : VALUE_DIM);
}
static bool apart(struct module *m) { return features(m, 1) != features(m, 0) || features(m, 2) != features(m, 0); }

static void attention_init(struct module *m)
{
    i64 e = option_int(m, EMBED);
    double p = option_num(m, DROPOUT);
    if (e % option_int(m, HEADS))
        fail("Octave:invalid-input-arg",
             "nn.MultiHeadAttention: embedDim must be a multiple of numHeads, but %lld is not one of %lld",
             (long long)e, (long long)option_int(m, HEADS));
    if (!(p >= 0 && p < 1))
        fail("Octave:invalid-input-arg", "nn.MultiHeadAttention: dropout must be from 0 on and less than 1, but is %g", p);
    for (int i = IN_WEIGHT; i <= V_WEIGHT; i++)
        if ((i == IN_WEIGHT) == apart(m))
            nn_no_param(m, i);
        else
            nn_param(m, i, 2, (i64[]){ i == IN_WEIGHT ? 3 * e : e, i == IN_WEIGHT ? e : features(m, i - Q_WEIGHT) });
    nn_param(m, OUT_WEIGHT, 2, (i64[]){ e, e });
    for (int i = IN_BIAS; i <= OUT_BIAS; i += OUT_BIAS - IN_BIAS)
        if (option_bool(m, WITH_BIAS))
            nn_param(m, i, 2, (i64[]){ 1, i == IN_BIAS ? 3 * e : e });
        else
            nn_no_param(m, i);
}

static void attention_reset(struct module *m, double stdv)   /* PyTorch: Xavier for the first product */
{
    double e = option_num(m, EMBED), out = isnan(stdv) ? 1 / sqrt(e) : stdv * sqrt(3);
    for (int i = IN_WEIGHT; i <= V_WEIGHT; i++)
        if (has_param(m, i)) {
            double in = isnan(stdv) ? sqrt(6 / (i == IN_WEIGHT ? 4 * e : e + (double)features(m, i - Q_WEIGHT)))
                                    : stdv * sqrt(3);
            nn_uniform(PARAM(m, i), -in, in);
        }
    nn_uniform(PARAM(m, OUT_WEIGHT), -out, out);
    for (int i = IN_BIAS; i <= OUT_BIAS; i += OUT_BIAS - IN_BIAS)
        if (has_param(m, i))
            nn_fill(PARAM(m, i), 0);
}

static void attention_show(struct module *m, struct buf *b)
{
    buff(b, "%lld, %lld heads%s", (long long)option_int(m, EMBED), (long long)option_int(m, HEADS),
         option_bool(m, CAUSAL) ? ", causal" : "");
}

/* Rows whose elements follow one another are the columns of the transpose: what goes element by element, and products,
   take that, for programs write columns. */
static value turned(value x) { return tape_matrix(MX_TRANSPOSE, x, nil()); }

/* w * x plus a bias, x by columns; the result by rows. */
static value rows_of_product(value w, value x, value bias)
{
    value y = tape_matrix(MX_MTIMES, w, x);
    return turned(is_nil(bias) ? y : g_op(EW_plus, y, turned(bias)));
}

/* A projection of the columns of x by third `which` of the weight. */
static value projected(struct module *m, value x, const value *w, int which)
{
    i64 e = option_int(m, EMBED);
    return rows_of_product(apart(m) ? w[Q_WEIGHT + which] : nn_slice(w[IN_WEIGHT], 1, which * e, e), x,
                           has_param(m, IN_BIAS) ? nn_slice(w[IN_BIAS], 2, which * e, e) : nil());
}

static value causal_mask(i64 l, i64 s, int dtype)            /* 0, and -Inf for places after the own one */
{
    struct tensor *t = tensor_zeros(D_DOUBLE, 2, (i64[]){ l, s });
    for (i64 j = 0; j < s; j++)
        for (i64 i = 0; i < l && i < j; i++)
            ((double *)t->data)[i + j * l] = -INFINITY;
    return tensor_box(tensor_cast(t, dtype));
}

/* Of head k of all; aux keeps what was drawn. */
static value dropout_mask(struct module *m, i64 k, i64 all, i64 l, i64 s, double p, int dtype)
{
    if (m->aux.kind != K_CELL || m->aux.cell->numel != all)
        replace(&m->aux, copy(nn_cells((int)all)));
    value had = m->aux.cell->v[k];
    if (m->again && is_tensor_like(had) && dims_equal(tensor_any(had)->nd, tensor_any(had)->dim, 2, (i64[]){ l, s }))
        return had;
    value mask = nn_dropped(value_device(PARAM(m, OUT_WEIGHT)), dtype, 2, (i64[]){ l, s }, false, p, 1 / (1 - p));
    cell_set(m->aux.cell, k, mask);
    return mask;
}

/* A mask of rows x cols, or of each x rows x cols, or NIL for []: numbers are added to the scores, true in a logical
 * one takes the place away. */
static value given_mask(struct module *m, struct cell *c, i64 k, const char *what, i64 each, i64 rows, i64 cols)
{
    i64 dim[MAX_DIMS];
    char shape[128], wants[192];
    if (!c || c->numel <= k || (is_tensor_like(c->v[k]) && value_numel(c->v[k]) == 0))
        return nil();
    value v = c->v[k];
    i64 full[3] = { each, rows, cols };
    int nd = is_tensor_like(v) && !dtype_is(value_dtype(v), DT_C | DT_T) ? value_dims(v, dim) : 0;
    if (!nd || (!dims_equal(nd, dim, 2, full + 1) && !(each && dims_equal(nd, dim, dims_trim(3, full), full)))) {
        snprintf(wants, sizeof wants, "a %s of %s, or [],", what, dims_text(2, (i64[]){ rows, cols }, shape));
        nn_fail_shape(m, wants, v);
    }
    if (value_dtype(v) != D_LOGICAL)
        return tape_plain(nn_box(v));
    struct tensor *t = tensor_of(v), *y = tensor_zeros(D_DOUBLE, nd, dim);
    for (i64 i = 0; i < t->numel; i++)
        ((double *)y->data)[i] = element_double(t, i) != 0 ? -INFINITY : 0;
    return tensor_box(tensor_cast(y, nn_dtype(m)));
}

/* Query, key and value.  N x 1 x 1 has come as N x 1, which might be one sequence: where another one is a batch, this
 * is one too. */
static bool three_sequences(struct module *m, const value *x, i64 *n, i64 *t)
{
    bool batch[3], any = false;
    for (int i = 0; i < 3; i++)
        any |= batch[i] = nn_sequences(m, x[i], features(m, i), &n[i], &t[i]);
    for (int i = 0; i < 3 && any; i++)
        if (!batch[i] && features(m, i) == 1) {
            n[i] = t[i];
            t[i] = 1;
        }
    if (n[1] != n[0] || n[2] != n[0] || t[2] != t[1])
        nn_fail(m,
                "query, key and value must have as many samples, and key and value as many steps, but they are %s, %s "
                "and %s",
                value_shape(x[0], (char[128]){ 0 }), value_shape(x[1], (char[128]){ 0 }),
                value_shape(x[2], (char[128]){ 0 }));
    return any;
}

extern const struct builtin builtin_nn_softmax, builtin_nn_headscores, builtin_nn_headmix;
static value attention_record(struct module *m, value x, const value *w)
{
    i64 n, l, s, e = option_int(m, EMBED), heads = option_int(m, HEADS), d = e / heads;
    bool self = x.kind != K_CELL;
    if (self && apart(m))
        nn_fail_shape(m, "{query, key, value, attnMask, keyPaddingMask}, for kdim or vdim differ from embedDim,", x);
    struct cell *c = self ? NULL : nn_cell(m, x, 3, "a tensor, or {query, key, value, attnMask, keyPaddingMask}");
    i64 samples[3], steps[3];
    bool batch = self ? nn_sequences(m, x, e, &n, &l) : three_sequences(m, c->v, samples, steps);
    value q, k, v;
    int dtype = nn_dtype(m);
    if (self) {
        s = l;
        value columns = turned(
            nn_view(x, 2, (i64[]){ n * l, e })); /* three products: slices of one would cost more on the way back */
        q = projected(m, columns, w, 0), k = projected(m, columns, w, 1), v = projected(m, columns, w, 2);
    } else {
        n = samples[0], l = steps[0], s = steps[1];
        q = projected(m, turned(nn_view(c->v[0], 2, (i64[]){ n * l, e })), w, 0);
        k = projected(m, turned(nn_view(c->v[1], 2, (i64[]){ n * s, features(m, 1) })), w, 1);
        v = projected(m, turned(nn_view(c->v[2], 2, (i64[]){ n * s, features(m, 2) })), w, 2);
    }
    value mask = option_bool(m, CAUSAL) ? causal_mask(l, s, dtype) : nil(), root = num(1 / sqrt((double)d)),
          nh = num((double)heads), nn = num((double)n);
    value attn = given_mask(m, c, 3, "mask", n * heads, l, s), padding = given_mask(m, c, 4, "keyPaddingMask", 0, n, s);
    bool one = is_nil(attn) || value_numel(attn) == l * s;        /* mask for all heads of all samples */
    if (!is_nil(mask))
        mask = nn_view(mask, 4, (i64[]){ 1, 1, l, s });
    if (!is_nil(attn)) {
        attn = nn_view(attn, 4, (i64[]){ one ? 1 : n, one ? 1 : heads, l, s });
        mask = is_nil(mask) ? attn : g_op(EW_plus, mask, attn);
    }
    double p = m->train ? option_num(m, DROPOUT) : 0;
    value score = turned(g_op(EW_times, turned(g_call(&builtin_nn_headscores, 4, q, k, nh, nn)), root));
    if (!is_nil(mask) || !is_nil(padding)) {  /* as samples x heads x steps x steps */
        score = nn_view(score, 4, (i64[]){ n, heads, l, s });
        if (!is_nil(mask))
            score = g_op(EW_plus, score, mask);
        if (!is_nil(padding))
            score = g_op(EW_plus, score, nn_view(padding, 4, (i64[]){ n, 1, 1, s }));
        score = nn_view(score, 2, (i64[]){ n * heads * l, s });
    }
    value weight = g_call(&builtin_nn_softmax, 2, score, num(2));
    if (p > 0) {
        value *drawn = scratch(sizeof *drawn * (size_t)(n * heads));
        for (i64 i = 0; i < n * heads; i++)
            drawn[i] = dropout_mask(m, i, n * heads, l, s, p, dtype);
        weight = g_op(EW_times, weight, nn_join(m, 1, (int)(n * heads), drawn));
    }
    value y = rows_of_product(w[OUT_WEIGHT], turned(g_call(&builtin_nn_headmix, 5, weight, v, nh, nn, num(0))),
                              has_param(m, OUT_BIAS) ? w[OUT_BIAS] : nil());
    nn_set_rank(batch ? 3 : 2);
    return batch ? nn_view(y, 3, (i64[]){ n, l, e }) : y;
}

/* ---- a sequence's attention to itself, without dropout, by hand */
enum { QKV, WEIGHTS, MIXED, KEPT };           /* in aux */

static bool plain_case(struct module *m, value x)
{
    return x.kind != K_CELL && !apart(m) && !(m->train && option_num(m, DROPOUT) > 0);
}

static struct attention heads_of(struct module *m, i64 n, i64 l, int dtype)
{
    i64 e = option_int(m, EMBED), heads = option_int(m, HEADS);
    return (struct attention){ .dtype = dtype,
                               .n = n,
                               .l = l,
                               .heads = heads,
                               .e = e,
                               .scale = 1 / sqrt((double)(e / heads)),
                               .causal = option_bool(m, CAUSAL),
                               .exp = ew_simd->k[EW_exp][dtype == D_SINGLE][VV] };
}
static const char *bias_data(struct module *m, int i) { return has_param(m, i) ? param_data(m, i) : NULL; }

static value attention_forward(struct module *m, value x)
{
    if (!plain_case(m, x))
        return nn_run_kept(m, x);
    i64 n, l, e = option_int(m, EMBED), dim[MAX_DIMS];
    bool batch = nn_sequences(m, x, e, &n, &l);
    struct tensor *t = rows_of(nn_float(m, x));
    struct attention q = heads_of(m, n, l, t->dtype);
    if (m->aux.kind != K_CELL || m->aux.cell->numel != KEPT)
        replace(&m->aux, copy(nn_cells(KEPT)));
    value *kept = m->aux.cell->v;
    int nd = 0;
    if (batch)
        dim[nd++] = n;
    dim[nd++] = l;
    dim[nd++] = e;
    char *qkv = nn_buffer(&kept[QKV], q.dtype, 2, (i64[]){ n * l, 3 * e })->data;
    q.qkv = qkv;
    q.weights = nn_buffer(&kept[WEIGHTS], q.dtype, 2, (i64[]){ n * q.heads * l, l })->data;
    q.mixed = nn_buffer(&kept[MIXED], q.dtype, 2, (i64[]){ n * l, e })->data;
    struct tensor *y = nn_buffer(&m->output, q.dtype, nd, dim);
    product(&(struct product){ .dtype = q.dtype, .m = n * l, .n = 3 * e, .k = e, .scale = 1, .a = { t->data, e, 1, false },
        .b = { param_data(m, IN_WEIGHT), 1, e, false }, .c = qkv, .ldc = 3 * e, .start = bias_data(m, IN_BIAS) });
    attention_heads(&q);
    product(&(struct product){ .dtype = q.dtype, .m = n * l, .n = e, .k = e, .scale = 1, .a = { q.mixed, e, 1, false },
        .b = { param_data(m, OUT_WEIGHT), 1, e, false }, .c = y->data, .ldc = e, .start = bias_data(m, OUT_BIAS) });
    nn_set_rank(nd);
    return tensor_box(y);
}

static bool forward_fits(struct module *m, int dtype, i64 n, i64 l)      /* aux is of such an input */
{
    i64 e = option_int(m, EMBED), heads = option_int(m, HEADS);
    i64 want[KEPT][2] = { { n * l, 3 * e }, { n * heads * l, l }, { n * l, e } };
    if (m->aux.kind != K_CELL || m->aux.cell->numel != KEPT || is_nil(m->output))
        return false;
    for (int i = 0; i < KEPT; i++) {
        value v = m->aux.cell->v[i];
        if (v.kind != K_TENSOR || v.t->dtype != dtype || !dims_equal(v.t->nd, v.t->dim, 2, want[i]))
            return false;
    }
    return true;
}

/* gw += scale g' x and gb += scale times the sums of g's columns, over so many rows. */
static void accumulate(struct module *m, int weight, int bias, int dtype, const char *g, i64 out, const char *x, i64 in,
                       i64 rows, double scale)
{
    product(&(struct product){ .dtype = dtype,
                               .m = out,
                               .n = in,
                               .k = rows,
                               .scale = scale,
                               .a = { g, 1, out, false },
                               .b = { x, in, 1, false },
                               .c = grad_data(m, weight),
                               .ldc = in,
                               .add = true });
    if (has_param(m, bias))
        rows_add_columns(dtype, grad_data(m, bias), g, rows, out, scale);
}

static value attention_backward(struct module *m, value x, value g, int want, double scale)
{
    if (!plain_case(m, x))
        return nn_back_kept(m, x, g, want, scale);
    i64 n, l, e = option_int(m, EMBED);
    (void)nn_sequences(m, x, e, &n, &l);
    struct tensor *t = rows_of(nn_float(m, x)), *from = x.kind == K_TENSOR ? x.t : tensor_of(x);
    struct attention q = heads_of(m, n, l, t->dtype);
    if (!forward_fits(m, q.dtype, n, l))
        replace(&m->output, copy(attention_forward(m, x)));
    const char *go = rows_of(nn_grad_like(m, g, tensor_of(m->output)).t)->data;
    size_t size = dtypes[q.dtype].size;
    char *gmixed = scratch((size_t)(n * l * e) * size), *dqkv = scratch((size_t)(n * l * 3 * e) * size);
    q.qkv = m->aux.cell->v[QKV].t->data;
    q.weights = m->aux.cell->v[WEIGHTS].t->data;
    q.mixed = m->aux.cell->v[MIXED].t->data;
    product(&(struct product){ .dtype = q.dtype, .m = n * l, .n = e, .k = e, .scale = 1, .a = { go, e, 1, false },
        .b = { param_data(m, OUT_WEIGHT), e, 1, false }, .c = gmixed, .ldc = e });
    attention_heads_back(&q, gmixed, dqkv);
    if (want & WANT_PARAMS) {
        accumulate(m, OUT_WEIGHT, OUT_BIAS, q.dtype, go, e, q.mixed, e, n * l, scale);
        accumulate(m, IN_WEIGHT, IN_BIAS, q.dtype, dqkv, 3 * e, t->data, e, n * l, scale);
    }
    if (!(want & WANT_INPUT))
        return nil();
    struct tensor *gx = nn_buffer(&m->grad_input, q.dtype, from->nd, from->dim);
    product(&(struct product){ .dtype = q.dtype, .m = n * l, .n = e, .k = 3 * e, .scale = 1, .a = { dqkv, 3 * e, 1, false },
        .b = { param_data(m, IN_WEIGHT), e, 1, false }, .c = gx->data, .ldc = e });
    return tensor_box(gx);
}

LAYER(MultiHeadAttention,
      "m = nn.MultiHeadAttention(embedDim, numHeads, dropout, bias, causal, kdim, vdim)\n\n"
      "Attention of sequences N x T x embedDim (or T x embedDim) to themselves, or for {query, key, value} of the "
      "query's "
      "steps to those of the key. As PyTorch's MultiheadAttention: in_proj_weight is 3*embedDim x embedDim, "
      "out_proj_weight embedDim x embedDim, in_proj_bias and out_proj_bias rows; bias=false leaves them out. dropout "
      "(0) "
      "is the part of the attention weights that training drops. With causal a step sees itself and those before it. "
      "{query, key, value, attnMask, keyPaddingMask}: true in attnMask (steps of the query x steps of the key) or "
      "keyPaddingMask (N x steps of the key) takes a place away, numbers are added to the scores; an attnMask of "
      "numHeads*N x steps x steps is one for each head of each sample. Where key or value have other features, kdim or "
      "vdim, the weights are q_proj_weight, k_proj_weight and v_proj_weight in the place of in_proj_weight.\n\n"
      "Example:\n  size(nn.MultiHeadAttention(8, 2).forward(randn(3, 5, 8)))\n  ans =\n     3   5   8\n\n"
      "See also: nn.LayerNorm, nn.LSTM, nn.GELU",
      .options = "embedDim:n numHeads:n dropout:x=0 hasBias:b=1 causal:b=0 kdim:n=embedDim vdim:n=embedDim",
      .params = "in_proj_weight q_proj_weight k_proj_weight v_proj_weight in_proj_bias out_proj_weight out_proj_bias",
      .init = attention_init, .reset = attention_reset, .forward = attention_forward, .backward = attention_backward,
      .record = attention_record, .show = attention_show, .table = true)
