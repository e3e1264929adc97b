/* SPDX-License-Identifier: BSD-3-Clause */
/* rows.c: tensors whose last dimension is the fastest, and loops over them on several threads. */
#include "nn/rows.h"
#include "lab/clones.h"
#include "lab/ew.h"
#include "lab/gpu.h"
#include "lab/plan.h"

static void rows_strides(int nd, const i64 *dim, i64 *stride)
{
    i64 s = 1;
    for (int d = nd - 1; d >= 0; d--) {
        stride[d] = s;
        s = (i64)((uint64_t)s * (uint64_t)dim[d]);
    }
}

/* One dimension that is not 1 at most: rows and columns are the same memory. */
static bool is_line(const struct tensor *t)
{
    int more = 0;
    for (int d = 0; d < t->nd; d++)
        more += t->dim[d] != 1;
    return more < 2;
}

struct tensor *rows_new(int dtype, int nd, const i64 *dim)
{
    struct tensor *t = tensor_new(dtype, nd, dim);
    if (!is_line(t) && t->numel) {
        rows_strides(t->nd, t->dim, t->stride);
        t->flags &= (uint8_t)~T_DENSE & 15;
    }
    return t;
}

struct tensor *rows_zeros(int dtype, int nd, const i64 *dim)
{
    struct tensor *t = rows_new(dtype, nd, dim);
    memset(t->data, 0, (size_t)t->numel * dtypes[dtype].size);
    return t;
}

bool rows_already(const struct tensor *t)
{
    if (t->block && t->block->foreign && !t->device)
        return false;
    if (t->flags & T_DENSE && (is_line(t) || !t->numel))
        return true;
    i64 want[MAX_DIMS];
    bool same = true;
    rows_strides(t->nd, t->dim, want);
    for (int d = 0; same && d < t->nd; d++)
        same = t->dim[d] == 1 || t->stride[d] == want[d];
    return same;
}

struct tensor *rows_of(struct tensor *t)
{
    if (rows_already(t))
        return t;
    if (t->device) {                          /* dense with its dimensions in reverse, seen the other way round */
        i64 turned[MAX_DIMS], want[MAX_DIMS];
        rows_strides(t->nd, t->dim, want);
        for (int d = 0; d < t->nd; d++)
            turned[d] = t->dim[t->nd - 1 - d];
        struct tensor *y = tensor_alias(gpu_new(t->device, t->dtype, t->nd, turned), t->nd, t->dim, want, 0);
        gpu_copy(y, t);
        return y;
    }
    struct tensor *u = rows_new(t->dtype, t->nd, t->dim), back = *t;
    i64 dim[MAX_DIMS], stride[MAX_DIMS];      /* gathered with its dimensions in reverse */
    for (int d = 0; d < t->nd; d++) {
        dim[d] = t->dim[t->nd - 1 - d];
        stride[d] = t->stride[t->nd - 1 - d];
    }
    back.dim = dim;
    back.stride = stride;
    back.flags = 0;
    gather(&back, u->data);
    return u;
}

struct tensor *rows_as(struct tensor *t, int nd, const i64 *dim)
{
    i64 stride[MAX_DIMS];
    nd = dims_trim(nd, dim);
    rows_strides(nd, dim, stride);
    if (t->block)
        return tensor_alias(t, nd, dim, stride, 0);
    struct tensor *u = rows_new(t->dtype, nd, dim);
    memcpy(u->data, t->data, (size_t)t->numel * dtypes[t->dtype].size);
    return u;
}

struct tensor *rows_like(struct call *c, int i, int dtype)
{
    struct tensor *t = arg_tensor(c, i);
    if (dtype_is(t->dtype, DT_C))
        fail_arg(c, i, "real");
    t = rows_of(t);
    if (t->dtype == dtype)
        return t;
    if (t->device)
        return rows_of(gpu_clone(t, dtype));
    struct tensor *u = rows_new(dtype, t->nd, t->dim);
    convert_run(dtype, u->data, t->dtype, t->data, t->numel);
    return u;
}

struct tensor *rows_arg(struct call *c, int i)
{
    return rows_like(c, i, arg_tensor(c, i)->dtype == D_SINGLE ? D_SINGLE : D_DOUBLE);
}

bool rows_alike(const struct tensor *a, const struct tensor *b)
{
    return !a->device && !b->device && a->dtype == b->dtype && dtype_is(a->dtype, DT_F) && !dtype_is(a->dtype, DT_C) &&
           dims_equal(a->nd, a->dim, b->nd, b->dim);
}

enum { STRETCH = 1 << 14 };                   /* elements at a time, whole vectors */
struct plus { char *y; const char *a, *b; i64 n; bool single; };
static void plus_task(void *arg, i64 i, int thread)
{
    const struct plus *q = arg;
    i64 from = i * STRETCH, size = q->single ? 4 : 8;
    (void)thread;
    ew_simd->k[EW_plus][q->single][VV](q->y + from * size, q->a + from * size, q->b + from * size, MIN(STRETCH, q->n - from));
}

void rows_plus(struct tensor *y, struct tensor *a, struct tensor *b)
{
    a = rows_of(a);
    b = rows_of(b);
    struct plus q = { y->data, a->data, b->data, y->numel, y->dtype == D_SINGLE };
    rows_each((q.n + STRETCH - 1) / STRETCH, rows_threads((double)q.n), plus_task, &q);
}

#define ADD_COLUMNS(T)                                                                                          \
    CLONES static void add_columns_##T(T *to, const T *from, i64 rows, i64 n, T scale)                          \
    {                                                                                                           \
        for (i64 r = 0; r < rows; r++, from += n)                                                               \
            SIMD for (i64 i = 0; i < n; i++)                                                                    \
                to[i] += scale * from[i];                                                                       \
    }
ADD_COLUMNS(float)
ADD_COLUMNS(double)

void rows_add_columns(int dtype, void *to, const void *from, i64 rows, i64 n, double scale)
{
    if (dtype == D_SINGLE)
        add_columns_float(to, from, rows, n, (float)scale);
    else
        add_columns_double(to, from, rows, n, scale);
}

bool layout_of(const struct tensor *t, int places, i64 channels, struct layout *l)
{
    i64 dim[MAX_DIMS];
    for (int d = 0; d < MAX_DIMS; d++)
        dim[d] = d < t->nd ? t->dim[d] : 1;
    *l = (struct layout){ .n = 1, .places = places, .size = { 1, 1, 1 } };
    bool batch = t->nd <= places + 1 && nn_image_rank() == places + 2 && (channels < 0 || dim[1] == channels);
    if (!batch && t->nd <= places + 1 && (channels < 0 || dim[0] == channels))
        l->batch = false;
    else if (t->nd <= places + 2 && (channels < 0 || dim[1] == channels))
        l->batch = true;
    else
        return false;
    const i64 *d = dim;
    if (l->batch)
        l->n = *d++;
    l->channels = *d++;
    memcpy(l->size + 3 - places, d, sizeof(i64) * (size_t)places);
    return true;
}

int layout_dims(const struct layout *l, i64 channels, const i64 *size, i64 dim[5])
{
    int nd = 0;
    if (l->batch)
        dim[nd++] = l->n;
    dim[nd++] = channels;
    for (int d = 3 - l->places; d < 3; d++)
        dim[nd++] = size[d];
    return nd;
}

/* Waking a thread that sleeps costs up to 50 us, one that spins 1; below some 20 us of work nothing is gained. */
int rows_threads(double work)
{
    return work < 1e6 ? 1 : (int)MIN((double)ew_threads, work / 5e5);
}

void rows_each(i64 n, int threads, void (*f)(void *arg, i64 i, int thread), void *arg)
{
    threads = (int)MIN(threads, n);
    if (threads <= 1) {
        for (i64 i = 0; i < n; i++) {
            f(arg, i, 0);
            poll();
        }
        return;
    }
#ifdef _OPENMP
    extern int omp_get_thread_num(void);
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (i64 i = 0; i < n; i++)
        if (!interrupt_flag)                  /* nothing is thrown across threads */
            f(arg, i, omp_get_thread_num());
#endif
    poll();
}
