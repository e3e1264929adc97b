/* SPDX-License-Identifier: BSD-3-Clause */
/* device_index.c: reading, writing and joining by index on a device.
 *
 * Indices are looked at on the CPU (one that lies on a device comes home first: a wait), so errors are the ones everybody
 * knows.  What runs say becomes a header on the same memory and is copied as any strided operand is; only lists of indices
 * go to the device, as int64 from 0, for `gather` and `scatter`.  A mask of the operand's own size that lies on the device
 * stays there: it is counted, the count comes home, and the elements are selected. */
#include "config.h"
#include "context.h"
#include "aim.h"
#include "gpu.h"

/* ---- indices come home */
static const value *at_home(int n, const value *idx)
{
    value *home = scratch(sizeof *home * (size_t)(n + 1));
    for (int k = 0; k < n; k++)
        home[k] = gpu_read_value(idx[k], "an index");
    return home;
}

value gpu_index_home(value base, int n, const value *idx) { return index_paren(base, n, at_home(n, idx)); }

value gpu_index_add_home(value like, int n, const value *idx, value g) { return index_add(like, n, at_home(n, idx), g); }

static struct dev_arg index_list(int device, const struct ix *x)
{
    struct tensor *t = tensor_new(D_INT64, 2, (i64[]){ x->n, 1 });
    for (i64 i = 0; i < x->n; i++)
        ((i64 *)t->data)[i] = ix_at(x, i);
    return gpu_vector(gpu_put(device, t));
}

/* A header with n dimensions over what the runs among the indices select of t; lists keep their dimension whole.  True:
 * there are lists. */
struct view { struct tensor t; i64 dim[MAX_DIMS], stride[MAX_DIMS]; };
static bool view_of(struct view *w, struct tensor *t, int n, const struct ix *x, const i64 *len)
{
    i64 at = 0;
    bool lists = false;
    if (!fold_strides(t, n, w->stride)) {
        t = gpu_dense(t);
        dense_strides(n, len, w->stride);
    }
    w->t = *t;
    for (int k = 0; k < n; k++) {
        lists |= x[k].list != NULL;
        w->dim[k] = x[k].list ? len[k] : x[k].n;
        if (x[k].list)
            continue;
        at += x[k].n ? x[k].first * w->stride[k] : 0;
        w->stride[k] *= x[k].step;
    }
    if (n == 1) {
        w->dim[1] = 1;
        w->stride[1] = 0;
    }
    w->t.nd = (uint8_t)MAX(n, 2);
    w->t.dim = w->dim;
    w->t.stride = w->stride;
    w->t.numel = dims_numel(w->t.nd, w->dim);
    w->t.flags = 0;
    w->t.data = t->data + at * dtypes[t->dtype].size;
    return lists;
}

/* Dense elements, seen as the indices count them. */
static struct dev_arg counted(struct tensor *t, int n, const struct ix *x)
{
    struct dev_arg a = { .p = t->data, .dtype = t->dtype, .nd = n };
    for (int k = 0; k < n; k++)
        a.dim[k] = x[k].n;
    dense_strides(n, a.dim, a.stride);
    return a;
}

static void few(int n)
{
    if (n > DEV_DIMS)
        fail("tl:device", "on a gpu at most %d indices may be lists, masks or runs together, not %d", DEV_DIMS, n);
}

/* ---- reading */
static struct tensor *masked(struct tensor *t, value mask)
{
    i64 dim[MAX_DIMS], n = 0;
    struct tensor *m = gpu_dense(tensor_any(mask)), *count = gpu_new(t->device, D_INT64, 2, (i64[]){ 1, 1 });
    struct dev_arg to = gpu_vector(count), in[2] = { gpu_vector(m) };
    if (m->numel) {
        gpu_do(t->device, DEV_count, &to, in, NULL);
        n = *(i64 *)gpu_read(count, "x(mask)")->data;
    }
    struct ix x = { .n = n, .step = 1, .mask = true, .from = tensor_box(m) };
    int nd = index_shape_of_one(&x, t->nd, t->dim, dim);
    struct tensor *r = gpu_new(t->device, t->dtype, nd, dim);
    if (!n)
        return r;
    to = gpu_vector(r);
    in[0] = gpu_vector(gpu_dense(t));
    in[0].dim[0] = m->numel;
    in[1] = gpu_vector(m);
    gpu_do(t->device, DEV_select, &to, in, NULL);
    return r;
}

value gpu_index(value base, int n, const value *idx)
{
    struct tensor *t = tensor_any(base);
    struct ix x[MAX_DIMS];
    i64 len[MAX_DIMS], out[MAX_DIMS];
    if (n == 1 && value_device(*idx) == t->device && value_dtype(*idx) == D_LOGICAL && value_numel(*idx) <= t->numel)
        return tensor_box(masked(t, *idx));
    if (t->dtype == D_CHAR)
        return index_paren(base, n, at_home(n, idx));
    int nd = index_parse_read(x, n, at_home(n, idx), t->nd, t->dim, len, out);
    bool all = true;
    for (int k = 0; k < n && all; k++)
        all = !x[k].list && x[k].n == len[k] && x[k].first == 0 && (x[k].step == 1 || len[k] <= 1);
    if (all && n >= t->nd)
        return tensor_box(t);
    if (all)
        return tensor_box(tensor_reshape(gpu_dense(t), nd, out));
    struct tensor *r = gpu_new(t->device, t->dtype, nd, out);
    struct view w;
    if (!r->numel)
        return tensor_box(r);
    if (!view_of(&w, t, n, x, len)) {
        struct tensor as = *r;                /* the result, seen as the indices count */
        struct view seen = { .t = as };
        memcpy(seen.dim, w.dim, sizeof w.dim);
        dense_strides(w.t.nd, seen.dim, seen.stride);
        seen.t.dim = seen.dim;
        seen.t.stride = seen.stride;
        seen.t.nd = w.t.nd;
        gpu_copy(&seen.t, &w.t);
        return tensor_box(r);
    }
    few(n);
    struct dev_arg to = counted(r, n, x), in[9] = { gpu_arg(&w.t) };
    in[0].nd = n;
    for (int k = 0; k < n; k++)
        if (x[k].list)
            in[k + 1] = index_list(t->device, &x[k]);
    gpu_do(t->device, DEV_gather, &to, in, (double[]){ n });
    return tensor_box(r);
}

/* ---- writing: into t, whose block is its own, seen by the strides of `t`; src has one element or as many as are selected */
static void write_into(struct tensor *t, int n, const struct ix *x, const i64 *len, struct tensor *src, bool add)
{
    struct view w;
    i64 count = 1;
    for (int k = 0; k < n; k++)
        count *= x[k].n;
    if (!count)
        return;
    bool lists = view_of(&w, t, n, x, len);
    if (!lists && !add) {
        struct view from = { .t = *src };
        if (src->numel == 1 && count != 1) {
            for (int k = 0; k < w.t.nd; k++)
                from.dim[k] = 1, from.stride[k] = 0;
        } else {
            from.t = *gpu_dense(src);
            memcpy(from.dim, w.dim, sizeof w.dim);
            dense_strides(w.t.nd, from.dim, from.stride);
        }
        from.t.flags = 0;
        from.t.dim = from.dim;
        from.t.stride = from.stride;
        from.t.nd = w.t.nd;
        gpu_copy(&w.t, &from.t);
        return;
    }
    few(n);
    src = gpu_dense(src);
    struct dev_arg to = gpu_arg(&w.t), in[9] = { src->numel == 1 ? gpu_vector(src) : counted(src, n, x) };
    to.nd = n;
    for (int k = 0; k < n; k++)
        if (x[k].list)
            in[k + 1] = index_list(t->device, &x[k]);
    gpu_do(t->device, DEV_scatter, &to, in, (double[]){ n, add });
}

static struct tensor *source(int device, value rhs, int dtype, int was)
{
    if (dtype_is(value_dtype(rhs), DT_C) && !dtype_is(dtype, DT_C)) {
        char s[160];
        fail("Octave:nonconformant-args",
             "\2 = …: \1 is a %s on gpu %d, which stays real; complex(\1) can take a complex number",
             gpu_describe(tensor_box(tensor_2d(was, 0, 0)), s), device);
    }
    struct tensor *t = gpu_operand(device, rhs);
    return t->dtype == dtype ? t : gpu_clone(t, dtype);
}

static void home_meets(value slot, value rhs)             /* x(i) = G with x on the CPU, or the other way round */
{
    char a[160], b[160];
    int here = value_device(slot), there = value_device(rhs);
    if (here == there || value_dtype(rhs) == D_CHAR || (!there && (rhs.kind == K_NUM || rhs.kind == K_RANGE || value_numel(rhs) <= 1)) ||
        gpu_mixes())
        return;
    gpu_describe(slot, a);
    gpu_describe(rhs, b);
    if (!here)
        fail("tl:device", "\2 = …: \1 (%s) is on the CPU, the right side (%s) on gpu %d; use gpu(\1) or cpu(…)", a, b, there);
    if (!there)
        fail("tl:device", "\2 = …: \1 (%s) is on gpu %d, the right side (%s) on the CPU; use gpu(…) or cpu(\1)", a, here, b);
    fail("tl:device", "\2 = …: \1 (%s) is on gpu %d, the right side (%s) on gpu %d", a, here, b, there);
}

static void write_window(struct window *w, int n, const value *idx, value rhs)
{
    struct target g;
    i64 rdim[MAX_DIMS];
    int rnd = value_dims(rhs, rdim), dt = w->base->dtype;
    aim(&g, w->nd, w->dim, n, idx, rnd, rdim);
    if (g.grows) {
        char shape[128];
        fail("Octave:index-out-of-bounds", "\2 = …: \1 is a window (%s) and cannot grow; clone(\1) can",
             dims_text(w->nd, w->dim, shape));
    }
    struct tensor *src = source(w->base->device, rhs, dt, dt);
    if (src->block == w->base->block)
        src = gpu_clone(src, dt);
    i64 stride[MAX_DIMS];
    window_left(w);
    own_block(w->base);
    struct tensor t = *w->base;
    t.nd = w->nd;
    t.flags = 0;
    t.numel = w->numel;
    t.dim = w->dim;
    t.stride = w->stride;
    t.data = window_data(w);
    if (!fold_strides(
            &t, n, stride)) { /* the last index folds dimensions that do not follow each other: through a dense copy */
        struct tensor *all = gpu_clone(&t, dt);
        write_into(all, n, g.x, g.len, src, false);
        gpu_copy(&t, all);
    } else {
        write_into(&t, n, g.x, g.len, src, false);
    }
    w->base->version++;
}

void gpu_assign(value *slot, int n, const value *idx, value rhs)
{
    idx = at_home(n, idx);
    bool blank =
        slot->kind == K_NIL || (slot->kind == K_TENSOR && !slot->t->device && slot->t->numel == 0 && !slot->t->h.pins);
    if (!blank)
        home_meets(*slot, rhs);
    if (!value_device(*slot) && !value_device(rhs)) {     /* an index alone was there */
        struct step s = { STEP_PAREN, n, idx, NULL };
        place_assign(slot, 1, &s, rhs);
        return;
    }
    if (!blank && !value_device(*slot)) {     /* where tensors mix: what it is written into goes there first */
        value there = copy(tensor_box(gpu_put(value_device(rhs), tensor_of(*slot))));
        keep(*slot);                          /* an index may be what it was: x(x) = g */
        *slot = there;
    }
    if (slot->kind == K_WINDOW) {
        write_window(slot->w, n, idx, rhs);
        return;
    }
    int device = value_device(blank ? rhs : *slot), rd = value_dtype(rhs);
    i64 none[2] = { 0, 0 }, rdim[MAX_DIMS];
    struct tensor *t = blank ? NULL : slot->t;
    struct target g;
    int rnd = value_dims(rhs, rdim);
    aim(&g, t ? t->nd : 2, t ? t->dim : none, n, idx, rnd, rdim);
    int dt = t ? place_class(t->dtype, rd) : slot->kind == K_NIL ? rd : place_class(slot->t->dtype, rd);
    if (t && !g.grows && g.numel == 0)
        return;
    struct tensor *src = source(device, rhs, dt, t ? t->dtype : dt);
    if (t && !g.grows && dt == t->dtype) {
        if (src->block == t->block)
            src = gpu_clone(src, dt);
        t = own_tensor(slot);
        own_block(t);
        write_into(t, n, g.x, g.len, src, false);
        t->version++;
        return;
    }
    struct tensor *u = gpu_filled(device, dt, g.nd, g.dim, 0);
    if (t && t->numel) {
        struct ix all[MAX_DIMS];
        i64 size[MAX_DIMS];
        for (int k = 0; k < g.nd; k++) {
            all[k] = (struct ix){ .n = k < t->nd ? t->dim[k] : 1, .step = 1 };
            size[k] = g.dim[k];
        }
        write_into(u, g.nd, all, size, gpu_clone(t, dt), false);
    }
    i64 len[MAX_DIMS];
    fold_dims(g.nd, g.dim, n, len);
    write_into(u, n, g.x, len, src, false);
    place_detached(slot, g.grows);
    replace(slot, copy(tensor_box(u)));
}

void gpu_place(struct tensor *t, int n, const value *idx, struct tensor *src)
{
    struct ix x[MAX_DIMS];
    i64 len[MAX_DIMS], out[MAX_DIMS];
    index_parse_read(x, n, idx, t->nd, t->dim, len, out);
    write_into(t, n, x, len, src, false);
}

/* The adjoint of reading. */
value gpu_index_add(value like, int n, const value *idx, value g)
{
    struct tensor *b = tensor_any(like);
    int device = value_device(like) ? value_device(like) : value_device(g),
        dtype = dtype_is(b->dtype, DT_F) ? b->dtype : D_DOUBLE;
    if (dtype_is(value_dtype(g), DT_C))
        dtype = dtype_complex(dtype);
    struct tensor *r = gpu_filled(device, dtype, b->nd, b->dim, 0), *d = gpu_operand(device, g);
    struct ix x[MAX_DIMS];
    i64 len[MAX_DIMS], out[MAX_DIMS];
    index_parse_read(x, n, at_home(n, idx), b->nd, b->dim, len, out);
    bool lists = false;
    for (int k = 0; k < n; k++)
        lists |= x[k].list != NULL;
    write_into(r, n, x, len, d->dtype == dtype ? d : gpu_clone(d, dtype), lists);
    return tensor_box(r);
}

/* ---- windows as wholes: r, of the window's size or one element, into what the place shows */
void gpu_write(value *slot, struct tensor *r)
{
    value all = colon();
    home_meets(*slot, tensor_box(r));
    if (r->device && slot->kind == K_TENSOR && slot->t->block == r->block)
        r = gpu_clone(r, r->dtype);
    gpu_assign(slot, 1, &all,
               tensor_box(r->numel == 1
                              ? r
                              : tensor_reshape(r->device ? gpu_dense(r) : tensor_dense(r), 2, (i64[]){ r->numel, 1 })));
}

/* ---- joining: sizes are the result's, those that take part lie one after another along dim */
value gpu_cat(const char *who, int dim, int nd, const i64 *size, int dtype, int n, const value *v, const bool *takes_part)
{
    char what[160];
    for (int i = 0; i < n && dtype == D_CHAR; i++)
        if (value_device(v[i]))
            fail("tl:device", "%s: text lives on the CPU, part %d (%s) on gpu %d; use num2str(x) or char(cpu(x))", who, i + 1,
                 value_describe(v[i], what), value_device(v[i]));
    int device = gpu_common(who, n, v);
    struct tensor *r = gpu_new(device, dtype, nd, size);
    i64 at = 0;
    for (int i = 0; i < n; i++) {
        if (!takes_part[i])
            continue;
        struct tensor *t = gpu_operand(device, v[i]);
        struct view w = { .t = *r };
        for (int d = 0; d < MAX(nd, dim + 1); d++) {
            w.dim[d] = d < t->nd ? t->dim[d] : 1;
            w.stride[d] = d < r->nd ? r->stride[d] : 0;
        }
        i64 step = dim < r->nd ? r->stride[dim] : 0;
        w.t.nd = (uint8_t)MAX(nd, 2);
        w.t.dim = w.dim;
        w.t.stride = w.stride;
        w.t.flags = 0;
        w.t.numel = t->numel;
        w.t.data = r->data + at * step * dtypes[dtype].size;
        gpu_copy(&w.t, t);
        at += dim < t->nd ? t->dim[dim] : 1;
    }
    return tensor_box(r);
}
