/* SPDX-License-Identifier: BSD-3-Clause */
/* planes.c: what is linear along each dimension of a plane: padding, averages, enlarging.
 *
 * Each is, for every dimension of places, a sparse matrix with few entries a row (struct map); a plane goes through them
 * one after another: rows of the input are added up with their weights, whole rows at a time, then each is mapped along its
 * width.  The adjoint of them all is one builtin, nn.adjoint, which turns the matrices round; its own rule is the function
 * itself. */
#include "nn/prim.h"
#include "nn/there.h"
#include "lab/clones.h"
#include "lab/tape.h"

extern const struct builtin builtin_nn_adjoint;

static struct map map_new(i64 in, i64 out, i64 entries)
{
    return (struct map){ in, out, scratch(sizeof(i64) * (size_t)(out + 1)), scratch(sizeof(i64) * (size_t)entries),
                         scratch(sizeof(double) * (size_t)entries) };
}

static struct map map_turned(const struct map *m)
{
    i64 n = m->start[m->out];
    struct map t = map_new(m->out, m->in, n);
    memset(t.start, 0, sizeof(i64) * (size_t)(t.out + 1));
    for (i64 k = 0; k < n; k++)
        t.start[m->at[k] + 1]++;
    for (i64 i = 0; i < t.out; i++)
        t.start[i + 1] += t.start[i];
    i64 *next = scratch(sizeof(i64) * (size_t)(t.out + 1));
    memcpy(next, t.start, sizeof(i64) * (size_t)(t.out + 1));
    for (i64 o = 0; o < m->out; o++)
        for (i64 k = m->start[o]; k < m->start[o + 1]; k++) {
            i64 to = next[m->at[k]]++;
            t.at[to] = o;
            t.w[to] = m->w[k];
        }
    return t;
}

static struct map map_same(i64 n)
{
    struct map m = map_new(n, n, n);
    for (i64 i = 0; i <= n; i++)
        m.start[i] = i;
    for (i64 i = 0; i < n; i++) {
        m.at[i] = i;
        m.w[i] = 1;
    }
    return m;
}

/* ---- running */
struct planes { struct map m[3]; i64 n; const char *x; char *y; char *row; size_t row_bytes; };

#define RUN(T)                                                                                                  \
    CLONES static void add_row_##T(T *restrict to, const T *restrict x, T w, i64 n, bool first)                 \
    {                                                                                                           \
        if (first)                                                                                              \
            SIMD for (i64 i = 0; i < n; i++)                                                                    \
                to[i] = w * x[i];                                                                               \
        else                                                                                                    \
            SIMD for (i64 i = 0; i < n; i++)                                                                    \
                to[i] += w * x[i];                                                                              \
    }                                                                                                           \
    static void plane_##T(void *arg, i64 plane, int thread)                                                     \
    {                                                                                                           \
        const struct planes *q = arg;                                                                           \
        const struct map *a = &q->m[0], *b = &q->m[1], *e = &q->m[2];                                           \
        const T *x = (const T *)q->x + plane * a->in * b->in * e->in;                                           \
        T *y = (T *)q->y + plane * a->out * b->out * e->out, *row = (T *)(q->row + (size_t)thread * q->row_bytes); \
        for (i64 t = 0; t < a->out; t++)                                                                        \
            for (i64 h = 0; h < b->out; h++, y += e->out) {                                                     \
                bool first = true;                                                                              \
                for (i64 i = a->start[t]; i < a->start[t + 1]; i++)                                             \
                    for (i64 j = b->start[h]; j < b->start[h + 1]; j++, first = false)                          \
                        add_row_##T(row, x + (a->at[i] * b->in + b->at[j]) * e->in, (T)(a->w[i] * b->w[j]), e->in, first); \
                if (first)                                                                                      \
                    memset(row, 0, (size_t)e->in * sizeof(T));                                                  \
                for (i64 o = 0; o < e->out; o++) {                                                              \
                    T s = 0;                                                                                    \
                    for (i64 k = e->start[o]; k < e->start[o + 1]; k++)                                         \
                        s += (T)e->w[k] * row[e->at[k]];                                                        \
                    y[o] = s;                                                                                   \
                }                                                                                               \
            }                                                                                                   \
    }
RUN(float)
RUN(double)

static void run(struct call *c, const struct tensor *x, const struct layout *l, struct planes *q)
{
    i64 size[3], dim[5];
    double work = (double)l->n * (double)l->channels;
    for (int d = 0; d < 3; d++) {
        size[d] = q->m[d].out;
        work *= d < 2 ? (double)MAX(q->m[d].start[size[d]], size[d]) : (double)(q->m[d].start[size[d]] + q->m[d].in);
    }
    struct tensor *y = rows_beside((struct tensor *)x, x->dtype, layout_dims(l, l->channels, size, dim), dim);
    if (x->device) {
        if (y->numel)
            taps_there(q->m, l->n * l->channels, (struct tensor *)x, y);
        result_tensor(c, 0, y);
        return;
    }
    q->x = x->data;
    q->y = y->data;
    int threads = rows_threads(work);
    q->row_bytes = ((size_t)q->m[2].in * 8 + 127) & ~(size_t)63;
    q->row = scratch(q->row_bytes * (size_t)threads);
    if (y->numel)
        rows_each(l->n * l->channels, threads, x->dtype == D_SINGLE ? plane_float : plane_double, q);
    result_tensor(c, 0, y);
}

/* ---- the maps; `first` is the argument behind the image */
typedef void build(struct call *c, int first, const struct layout *l, struct map m[3]);

static const char *const pad_modes[] = { "zero", "reflect", "replicate", "circular", NULL };
static void build_pad(struct call *c, int first, const struct layout *l,
                      struct map m[3]) /* left right top bottom front back */
{
    struct tensor *t = arg_double(c, first);
    int mode = has_arg(c, first + 1) ? arg_option(c, first + 1, pad_modes) : 0;
    if (t->numel != 1 && t->numel != 2 * l->places)
        fail("Octave:invalid-input-arg", "%s: the padding must be one number or %s, but has %lld numbers", nn_name(c),
             l->places == 3 ? "[left right top bottom front back]" : "[left right top bottom]", (long long)t->numel);
    for (int d = 0; d < 3; d++) {
        i64 n = l->size[d], p[2] = { 0, 0 };
        for (int k = 0; k < 2 && d >= 3 - l->places; k++) {
            double v = ((double *)t->data)[t->numel == 1 ? 0 : 2 * (2 - d) + k];
            if (v != (double)(i64)v || v > 1e9 || v < -1e9)
                fail("Octave:invalid-input-arg", "%s: the padding must be integers, but %g is not one", nn_name(c), v);
            p[k] = (i64)v;
        }
        if (n + p[0] + p[1] < 0 || (mode && n == 0 && p[0] + p[1] > 0))
            fail("Octave:nonconformant-args", "%s: padding by %lld and %lld leaves nothing of a dimension of %lld",
                 nn_name(c), (long long)p[0], (long long)p[1], (long long)n);
        if (mode == 3 && (p[0] > n || p[1] > n))
            fail("Octave:nonconformant-args",
                 "%s: a dimension of %lld goes round once at most, not %lld and %lld further", nn_name(c), (long long)n,
                 (long long)p[0], (long long)p[1]);
        if (mode == 1 && (p[0] >= MAX(n, 1) || p[1] >= MAX(n, 1)))
            fail("Octave:nonconformant-args", "%s: reflection by %lld and %lld needs a larger dimension than %lld",
                 nn_name(c), (long long)p[0], (long long)p[1], (long long)n);
        m[d] = map_new(n, n + p[0] + p[1], n + p[0] + p[1]);
        i64 k = 0;
        for (i64 o = 0; o < m[d].out; o++) {
            i64 i = o - p[0];
            m[d].start[o] = k;
            if (mode == 1)
                i = i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
            if (mode == 2)
                i = i < 0 ? 0 : i >= n ? n - 1 : i;
            if (mode == 3)
                i = i < 0 ? i + n : i >= n ? i - n : i;
            if (i < 0 || i >= n)
                continue;
            m[d].at[k] = i;
            m[d].w[k++] = 1;
        }
        m[d].start[m[d].out] = k;
    }
}

static void build_average(struct call *c, int first, const struct layout *l,
                          struct map m[3]) /* k, stride, padding, ceil, include */
{
    i64 k[3], s[3], p[3];
    nn_places(c, first, l->places, 1, 1, "the window", k);
    nn_places(c, first + 1, l->places, 1, 1, "the stride", s);
    if (!has_arg(c, first + 1) || value_numel(c->arg[first + 1]) == 0)
        memcpy(s, k, sizeof k);
    nn_places(c, first + 2, l->places, 0, 0, "the padding", p);
    bool up = has_arg(c, first + 3) && arg_bool(c, first + 3), include = !has_arg(c, first + 4) || arg_bool(c, first + 4);
    char a[128], b[128];
    for (int d = 0; d < 3; d++) {
        i64 n = l->size[d], out = nn_pool_out(c, n, k[d], s[d], p[d], 1, up);
        if (out < 0)
            fail("Octave:nonconformant-args", "%s: a window of %s, padding counted, does not fit into planes (H x W) of %s",
                 nn_name(c), dims_text(l->places, k + 3 - l->places, a),
                 dims_text(l->places, l->size + 3 - l->places, b));
        m[d] = map_new(n, out, out * MIN(k[d], n));
        i64 at = 0;
        for (i64 o = 0; o < out; o++) {
            i64 from = o * s[d] - p[d], to = MIN(from + k[d], n + p[d]), all = to - from;
            m[d].start[o] = at;
            from = MAX(from, 0);
            to = MIN(to, n);
            for (i64 i = from; i < to; i++) {
                m[d].at[at] = i;
                m[d].w[at++] = 1 / (double)(include ? all : to - from);
            }
        }
        m[d].start[out] = at;
    }
}

/* [height width], or one number for all of them */
static void build_adaptive(struct call *c, int first, const struct layout *l, struct map m[3])
{
    i64 size[3];
    if (!has_arg(c, first))
        fail_arg(c, first, "the size of the result");
    nn_places(c, first, l->places, 1, 1, "the size of the result", size);
    for (int d = 0; d < 3; d++) {
        i64 n = l->size[d], out = d < 3 - l->places ? n : size[d], at = 0;
        m[d] = map_new(n, out, out * (n / MAX(out, 1) + 2));
        for (i64 o = 0; o < out; o++) {
            i64 from = o * n / out, to = ((o + 1) * n + out - 1) / out;
            m[d].start[o] = at;
            for (i64 i = from; i < to; i++) {
                m[d].at[at] = i;
                m[d].w[at++] = 1 / (double)(to - from);
            }
        }
        m[d].start[out] = at;
    }
}

static const char *const scale_modes[] = { "nearest", "linear", "bilinear", NULL };
static void build_scale(struct call *c, int first, const struct layout *l,
                        struct map m[3]) /* factor or size, mode, aligned */
{
    i64 size[3];
    if (!has_arg(c, first))
        fail_arg(c, first, "a factor or the size of the result");
    nn_places(c, first, l->places, 1, 1, "the size of the result", size);
    bool factor = value_numel(c->arg[first]) == 1,
         linear = has_arg(c, first + 1) && arg_option(c, first + 1, scale_modes) > 0;
    bool aligned = !has_arg(c, first + 2) || arg_bool(c, first + 2);
    for (int d = 0; d < 3; d++) {
        i64 n = l->size[d], out = d < 3 - l->places ? n : factor ? n * size[d] : size[d], at = 0;
        if (n == 0)
            out = 0;
        if (out == n) {
            m[d] = map_same(n);
            continue;
        }
        m[d] = map_new(n, out, 2 * out);
        for (i64 o = 0; o < out; o++) {
            m[d].start[o] = at;
            if (!linear) {
                m[d].at[at] = (i64)((__int128)o * n / out);
                m[d].w[at++] = 1;
                continue;
            }
            double x = aligned ? (out > 1 ? (double)o * (double)(n - 1) / (double)(out - 1) : 0)
                               : ((double)o + 0.5) * (double)n / (double)out - 0.5;
            x = x < 0 ? 0 : x;
            i64 i = MIN((i64)x, n - 1);
            double f = x - (double)i;
            m[d].at[at] = i;
            m[d].w[at++] = 1 - f;
            if (f > 0 && i + 1 < n) {
                m[d].at[at] = i + 1;
                m[d].w[at++] = f;
            } else {
                m[d].w[at - 1] = 1;
            }
        }
        m[d].start[out] = at;
    }
}

/* ---- the functions, one row each */
#define FUNCTIONS(F)                                                                                            \
    F(pad2d, 2, build_pad)                                                                                      \
    F(pad3d, 3, build_pad)                                                                                      \
    F(avgpool2d, 2, build_average)                                                                              \
    F(avgpool3d, 3, build_average)                                                                              \
    F(adaptiveavgpool2d, 2, build_adaptive)                                                                     \
    F(upsample2d, 2, build_scale)                                                                               \
    F(upsample3d, 3, build_scale)
#define F(name, places, build) extern const struct builtin builtin_nn_##name;
FUNCTIONS(F)
#undef F
static const struct function { const char *name; int places; build *build; const struct builtin *fn; } functions[] = {
#define F(name, places, build) { #name, places, build, &builtin_nn_##name },
    FUNCTIONS(F)
#undef F
};

static const struct function *function_of(const char *name)
{
    name = !strncmp(name, "nn_", 3) || !strncmp(name, "nn.", 3) ? name + 3 : name;
    for (int i = 0; i < COUNT(functions); i++)
        if (!strcmp(functions[i].name, name))
            return &functions[i];
    return NULL;
}

static void forward(struct call *c)
{
    const struct function *f = function_of(c->fn->name);
    struct tensor *x = rows_arg(c, 0);
    struct planes q;
    struct layout l;
    char a[128];
    if (!layout_of(x, f->places, -1, &l))
        fail("Octave:nonconformant-args", "%s: the input must be %s, but is %s", nn_name(c),
             f->places == 3 ? "C x T x H x W or N x C x T x H x W" : "C x H x W or N x C x H x W", tensor_shape(x, a));
    f->build(c, 1, &l, q.m);
    run(c, x, &l, &q);
}

static void forward_grad(struct call *c)
{
    value arg[10] = { nil(), grad_of(c, 0), nn_sizes(c->arg[0]) }, out;
    const char *name = function_of(c->fn->name)->name;
    arg[0] = tensor_box(tensor_text(name, strlen(name)));
    for (int i = 1; i < c->nargin; i++)
        arg[i + 2] = c->arg[i];
    call_builtin(&builtin_nn_adjoint, c->nargin + 2, arg, 1, &out);
    result(c, 0, out);
}

static void nn_adjoint_grad(struct call *c)
{
    value arg[10] = { grad_of(c, 0) }, out;
    for (int i = 3; i < c->nargin; i++)
        arg[i - 2] = c->arg[i];
    call_builtin(function_of(arg_text(c, 0, NULL))->fn, c->nargin - 2, arg, 1, &out);
    result(c, 1, out);
}

BUILTIN(nn_adjoint, 3, 9, 1, nn_adjoint_grad,
    "dx = nn.adjoint(name, dy, size, …)\n\n"
    "The gradient for the input of nn.pad2d, nn.pad3d, nn.avgpool2d, nn.avgpool3d, nn.adaptiveavgpool2d, nn.upsample2d "
    "or nn.upsample3d: dy is the gradient for the result, size that of the input; the function's other arguments "
    "follow.\n\n"
    "Example:\n"
    "  dx = nn.adjoint('upsample2d', ones(1, 4, 4), [1 2 2], 2);\n"
    "  reshape(dx, 2, 2)\n"
    "  ans =\n"
    "     4   4\n"
    "     4   4\n\n"
    "See also: nn.avgpool2d, nn.pad2d, nn.upsample2d")
{
    const char *name = arg_text(c, 0, NULL);
    const struct function *f = function_of(name);
    char a[128], b[128];
    if (!f)
        fail("Octave:invalid-input-arg", "nn.adjoint: knows no function '%s'", name);
    struct tensor *g = rows_arg(c, 1), *t = arg_double(c, 2);
    struct planes q;
    struct map m[3];
    struct layout l;
    i64 dim[5], size[3];
    if (t->numel < 2 || t->numel > 5)
        fail_arg(c, 2, "a size");
    for (i64 d = 0; d < t->numel; d++) {
        double x = ((double *)t->data)[d];
        if (!(x >= 0 && x < 1e15) || x != (double)(i64)x)
            fail_arg(c, 2, "a size");
        dim[d] = (i64)x;
    }
    struct tensor fake = { .nd = (uint8_t)dims_trim((int)t->numel, dim), .dim = dim };
    if (!layout_of(&fake, f->places, -1, &l))
        fail_arg(c, 2, "a size of images");
    f->build(c, 3, &l, m);
    for (int d = 0; d < 3; d++) {
        size[d] = m[d].out;
        q.m[d] = map_turned(&m[d]);
    }
    int nd = dims_trim(layout_dims(&l, l.channels, size, dim), dim);
    if (!dims_equal(g->nd, g->dim, nd, dim))
        fail("Octave:nonconformant-args", "nn.adjoint: the gradient of the result of nn.%s must be %s, but is %s",
             f->name, dims_text(nd, dim, a), tensor_shape(g, b));
    run(c, g, &l, &q);
}

BUILTIN(nn_pad2d, 2, 3, 1, forward_grad,
    "y = nn.pad2d(x, n)\n"
    "y = nn.pad2d(x, n, mode)\n\n"
    "Images x (C x H x W or N x C x H x W) with n = [left right top bottom] more columns and rows, or one number for "
    "all; negative numbers take away. mode 'zero' (default) fills in zeros, 'reflect' mirrors at the outermost pixel, "
    "'replicate' repeats it, 'circular' goes on at the other side.\n\n"
    "Example:\n"
    "  y = nn.pad2d(reshape(1:3, 1, 1, 3), [2 1 0 0], 'reflect');\n"
    "  y(:)'\n"
    "  ans =\n"
    "     3   2   1   2   3   2\n\n"
    "See also: nn.pad3d, nn.conv2d")
{
    forward(c);
}

BUILTIN(nn_pad3d, 2, 3, 1, forward_grad,
    "y = nn.pad3d(x, n)\n"
    "y = nn.pad3d(x, n, mode)\n\n"
    "As nn.pad2d, for volumes; n is one number or [left right top bottom front back].\n\n"
    "Example:\n"
    "  size(nn.pad3d(ones(2, 3, 4, 5), 1))\n"
    "  ans =\n"
    "     2   5   6   7\n\n"
    "See also: nn.pad2d")
{
    forward(c);
}

BUILTIN(nn_avgpool2d, 2, 6, 1, forward_grad,
    "y = nn.avgpool2d(x, k, stride, padding, ceil, include)\n\n"
    "The mean of every window of k places (one number, or [height width]) of x, C x H x W or N x C x H x W. stride is "
    "k by default, padding 0; with ceil windows that reach beyond the right and lower edge count as well. The "
    "padding's zeros count in the mean unless include is false.\n\n"
    "Example:\n"
    "  y = nn.avgpool2d(reshape([1 5 2 0; 3 4 8 7], 1, 2, 4), 2);\n"
    "  y(:)'\n"
    "  ans =\n"
    "     3.2500   4.2500\n\n"
    "See also: nn.maxpool2d, nn.adaptiveavgpool2d, nn.avgpool3d")
{
    forward(c);
}

BUILTIN(nn_avgpool3d, 2, 6, 1, forward_grad,
    "y = nn.avgpool3d(x, k, stride, padding, ceil, include)\n\n"
    "As nn.avgpool2d, for volumes C x T x H x W or N x C x T x H x W; k, stride and padding are one number or [time "
    "height width].\n\n"
    "Example:\n"
    "  nn.avgpool3d(ones(1, 2, 2, 2), 2)\n"
    "  ans = 1\n\n"
    "See also: nn.avgpool2d, nn.maxpool3d")
{
    forward(c);
}

BUILTIN(nn_adaptiveavgpool2d, 2, 2, 1, forward_grad,
    "y = nn.adaptiveavgpool2d(x, size)\n\n"
    "Means of windows such that the result has the given size, one number or [height width]: window i of n goes from "
    "floor((i-1)*H/n) + 1 to ceil(i*H/n).\n\n"
    "Example:\n"
    "  y = nn.adaptiveavgpool2d(reshape(1:4, 1, 1, 4), [1 2]);\n"
    "  y(:)'\n"
    "  ans =\n"
    "     1.5000   3.5000\n\n"
    "See also: nn.adaptivemaxpool2d, nn.avgpool2d")
{
    forward(c);
}

BUILTIN(nn_upsample2d, 2, 4, 1, forward_grad,
    "y = nn.upsample2d(x, size, mode, aligned)\n\n"
    "Images x enlarged: size is a factor, or [height width] of the result. mode 'nearest' (default) repeats pixels, "
    "'bilinear' interpolates; then the corners of input and result are aligned (as in Torch) unless aligned is "
    "false.\n\n"
    "Example:\n"
    "  y = nn.upsample2d(reshape([1 2], 1, 1, 2), [1 4], 'bilinear', false);\n"
    "  y(:)'\n"
    "  ans =\n"
    "     1.0000   1.2500   1.7500   2.0000\n\n"
    "See also: nn.upsample3d, nn.pixelshuffle")
{
    forward(c);
}

BUILTIN(nn_upsample3d, 2, 4, 1, forward_grad,
    "y = nn.upsample3d(x, size, mode, aligned)\n\n"
    "As nn.upsample2d, for volumes; size is a factor or [time height width].\n\n"
    "Example:\n"
    "  size(nn.upsample3d(ones(2, 3, 4, 5), 2))\n"
    "  ans =\n"
    "      2    6    8   10\n\n"
    "See also: nn.upsample2d")
{
    forward(c);
}
