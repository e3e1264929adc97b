/* SPDX-License-Identifier: BSD-3-Clause */
/* unpool.c: the way back from a max pooling: values return to the places where the pooling found its largest.
 *
 * The layer refers to the pooling, which stands elsewhere in the same net; size and places are those of the pooling's
 * last forward.  As in Torch the last of several values for one place stays, and backward hands each value the gradient
 * at its place. */
#include "nn.h"
#include "nn/there.h"
#include "lab/gpu.h"

#define SEE "\n\nSee also: nn.SpatialMaxPooling, nn.VolumetricMaxPooling, nn.unpool"
extern const struct builtin builtin_nn_unpool, builtin_nn_pick;

static i64 planes_of(struct module *m)
{
    const struct layout *l = &module_of(OPTION(m, 0))->pooled;
    return l->n * l->channels;
}
static bool is_volume(struct module *m) { return layer_of(m)->class.name[3] == 'V'; }
static void unpooling_check(struct module *m)
{
    const char *name = layer_of(module_of(OPTION(m, 0)))->class.name, *want = is_volume(m) ? "nn.Volumetric" : "nn.Spatial";
    if (strncmp(name, want, strlen(want)) || !strstr(name, "MaxPooling"))
        fail("Octave:invalid-input-arg", "%s: the pooling must be an %sMaxPooling, but is an %s",
             layer_of(m)->class.name, want, name);
}

/* The places that the pooling has found, for values x; dim gets the size of the result. */
static value found(struct module *m, value x, i64 dim[5], int *nd)
{
    struct module *pool = module_of(OPTION(m, 0));
    char a[128], b[192];
    value at = is_nil(pool->kept_x) ? pool->aux : pool->kept_x;
    if (!is_tensor_like(at))
        nn_fail(m, "its pooling has not run yet; it must stand before this layer in the net");
    struct tensor *t = tensor_any(x), *places = tensor_any(at);
    if (!dims_equal(t->nd, t->dim, places->nd, places->dim)) {
        snprintf(b, sizeof b, "an input like the output of its pooling, %s,", tensor_shape(places, a));
        nn_fail_shape(m, b, x);
    }
    *nd = layout_dims(&pool->pooled, pool->pooled.channels, pool->pooled.size, dim);
    return at;
}

static value unpooling_forward(struct module *m, value x)
{
    i64 dim[5];
    int nd;
    struct tensor *t = rows_of(nn_float(m, x)), *at = rows_of(tensor_of(found(m, x, dim, &nd)));
    struct tensor *y = nn_buffer(&m->output, t->dtype, nd, dim);
    i64 planes = planes_of(m), in = planes ? y->numel / planes : 0, n = planes ? t->numel / planes : 0;
    const int32_t *place = (const int32_t *)at->data;
    size_t size = dtypes[t->dtype].size;
    memset(y->data, 0, (size_t)y->numel * size);
    for (i64 p = 0; p < planes; p++)
        for (i64 i = p * n; i < (p + 1) * n; i++)
            if (place[i] >= 1 && place[i] <= in)
                memcpy(y->data + (size_t)(p * in + place[i] - 1) * size, t->data + (size_t)i * size, size);
    nn_set_rank(nd);
    return tensor_box(y);
}

static value places_number(struct module *m) { return num(is_volume(m) ? 3 : 2); }
static value unpooling_backward(struct module *m, value x, value g, int want, double scale)
{
    i64 dim[5];
    int nd;
    value at = found(m, x, dim, &nd);
    (void)scale;
    nd = dims_trim(nd, dim);
    struct tensor shape = { .nd = (uint8_t)nd, .dim = dim, .dtype = nn_float(m, x)->dtype };
    value like = nn_grad_like(m, g, &shape);
    return want & WANT_INPUT ? g_call(&builtin_nn_pick, 3, like, at, places_number(m)) : nil();
}

static value unpooling_record(struct module *m, value x, const value *w)
{
    i64 dim[5];
    int nd;
    (void)w;
    value at = found(m, x, dim, &nd);
    struct tensor *size = tensor_of_dims(nd, dim), *places = rows_of(tensor_any(at)), *stays;
    i64 in = 1, planes = planes_of(m), n = planes ? places->numel / planes : 0;
    for (int d = 0; d < nd; d++)
        in *= dim[d];
    in = planes ? in / planes : 0;
    nn_set_rank(nd);
    if (places->device) {
        stays = last_there(places, planes, in);
        return g_call(&builtin_nn_unpool, 4, g_op(EW_times, x, tensor_box(stays)), at, tensor_box(size), places_number(m));
    }
    stays = rows_new(D_DOUBLE, places->nd, places->dim);
    char *taken = scratch((size_t)MAX(1, in));
    for (i64 p = 0; p < planes; p++) {        /* of several values for one place the last counts */
        memset(taken, 0, (size_t)in);
        for (i64 i = (p + 1) * n; i-- > p * n;) {
            i64 k = ((const int32_t *)places->data)[i] - 1;
            ((double *)stays->data)[i] = k >= 0 && k < in && !taken[k];
            if (k >= 0 && k < in)
                taken[k] = 1;
        }
    }
    return g_call(&builtin_nn_unpool, 4, g_op(EW_times, x, tensor_box(stays)), at, tensor_box(size), places_number(m));
}

#define UNPOOLING .refers = true, .check = unpooling_check, .forward = unpooling_forward, .backward = unpooling_backward, .record = unpooling_record
LAYER(SpatialMaxUnpooling,
  "m = nn.SpatialMaxUnpooling(pooling)\n\n"
  "Images of the size that the nn.SpatialMaxPooling pooling has got last, 0 but where it found its largest values: "
  "there stand the elements of the input, which is like the pooling's output. The pooling is a module of the same net, "
  "further up.\n\n"
  "Example:\n"
  "  p = nn.SpatialMaxPooling(2, 2); net = nn.Sequential(p, nn.SpatialMaxUnpooling(p));\n"
  "  y = net.forward(reshape([1 5 2 0; 3 4 8 7], 1, 2, 4)); reshape(y, 2, 4)\n"
  "  ans =\n"
  "     0   5   0   0\n"
  "     0   0   8   0" SEE,
  .options = "pooling:m", UNPOOLING)
LAYER(VolumetricMaxUnpooling,
  "m = nn.VolumetricMaxUnpooling(pooling)\n\n"
  "nn.SpatialMaxUnpooling for volumes; pooling is an nn.VolumetricMaxPooling.\n\n"
  "Example:\n"
  "  p = nn.VolumetricMaxPooling(2, 2, 2); x = zeros(1, 2, 2, 2); x(1, 2, 1, 2) = 3;\n"
  "  y = nn.VolumetricMaxUnpooling(p).forward(p.forward(x)); isequal(y, x)\n"
  "  ans = 1" SEE,
  .options = "pooling:m", UNPOOLING)
