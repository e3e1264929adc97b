/* SPDX-License-Identifier: BSD-3-Clause */
/* device_linalg.c: products, solving and factors on a device, and what goes along a dimension there.
 *
 * Transposes go as strides, sizes and classes have been looked at by the callers in linalg_*.c, which say the same sentences
 * for every device.  What a factorisation finds out on the way (singular, not positive definite) is read later: gpu_check. */
#include "config.h"
#include "context.h"
#include "ew.h"
#include "gpu.h"
#include "linalg.h"

static struct tensor *turned(struct tensor *t, int how)   /* op(t): a header, but for conjugates */
{
    if (how == CTRANSPOSED && dtype_is(t->dtype, DT_C))
        t = tensor_any(ew_apply(EW_conj, 1, (value[]){ tensor_box(t) }));
    return how == AS_IS ? t : tensor_transpose(t);
}

struct tensor *gpu_product(struct tensor *a, int ta, struct tensor *b, int tb)
{
    int dt = promote(a->dtype, b->dtype), device = gpu_common("*", 2, (value[]){ tensor_box(a), tensor_box(b) });
    a = turned(tensor_cast(gpu_operand(device, tensor_box(a)), dt), ta);
    b = turned(tensor_cast(gpu_operand(device, tensor_box(b)), dt), tb);
    i64 dim[2] = { a->dim[0], b->dim[1] };
    if (!a->dim[1])
        return gpu_filled(device, dt, 2, dim, 0);
    struct tensor *c = gpu_new(device, dt, 2, dim);
    struct dev_arg out = gpu_arg(c), in[3] = { gpu_arg(a), gpu_arg(b) };
    if (c->numel)
        gpu_do(device, DEV_gemm, &out, in, (double[]){ 1, 0, 0 });
    return c;
}

struct tensor *gpu_solve(struct tensor *a, int ta, struct tensor *b)
{
    int device = gpu_common("\\", 2, (value[]){ tensor_box(a), tensor_box(b) });
    a = gpu_operand(device, tensor_box(a));
    b = gpu_dense(gpu_operand(device, tensor_box(b)));
    if (ta == TRANSPOSED || (ta && !dtype_is(a->dtype, DT_C)))
        a = tensor_transpose(a), ta = AS_IS;
    a = gpu_dense(a);
    i64 dim[2] = { ta ? a->dim[0] : a->dim[1], b->dim[1] };
    if (!a->numel || !dim[1])
        return gpu_filled(device, a->dtype, 2, dim, 0);
    if (dim[0] > b->dim[0]) {                 /* the shortest of many solutions: the CPU finds it */
        value home =
            matrix_apply(MX_MLDIVIDE, tensor_box(gpu_read(ta ? gpu_dense(tensor_transpose(a)) : a, "least squares")),
                         tensor_box(gpu_read(b, "least squares")));
        return gpu_put(device, tensor_of(home));
    }
    struct tensor *x = gpu_new(device, a->dtype, 2, dim);
    struct dev_arg out = gpu_arg(x), in[2] = { gpu_arg(a), gpu_arg(b) };
    gpu_do(device, DEV_solve, &out, in, (double[]){ a->dim[0] == a->dim[1] ? 0 : 4, ta != AS_IS });
    return x;
}

struct tensor *gpu_inverse(struct tensor *a)
{
    struct tensor *x = gpu_new(a->device, a->dtype, 2, a->dim);
    a = gpu_dense(a);
    struct dev_arg out = gpu_arg(x), in = gpu_arg(a);
    if (a->numel)
        gpu_do(a->device, DEV_inv, &out, &in, NULL);
    return x;
}

struct tensor *gpu_identity(int device, int dtype, i64 m, i64 n)
{
    struct tensor *t = gpu_filled(device, dtype, 2, (i64[]){ m, n }, 0), one = *t;
    i64 dim[2] = { MIN(m, n), 1 }, stride[2] = { m + 1, 0 };
    one.dim = dim;
    one.stride = stride;
    one.flags = 0;
    one.numel = dim[0];
    if (one.numel)
        gpu_copy(&one, gpu_filled(device, dtype, 2, (i64[]){ 1, 1 }, 1));
    return t;
}

/* ---- along a dimension, counted from 1; 0: the first that is not 1 */
value gpu_extreme(bool max, struct tensor *t, int dim, value *index)
{
    struct along a;
    int d = dim ? dim : first_long_dim(t);
    bool some = reduce_along(max ? RED_max : RED_min, t->nd, t->dim, dim, &a);
    struct tensor *m = gpu_new(t->device, t->dtype, a.nd, a.dim), *i = gpu_new(t->device, D_INT64, a.nd, a.dim);
    if (some && m->numel && d <= t->nd) {
        struct dev_arg out[2] = { gpu_arg(m), gpu_arg(i) }, in = gpu_arg(t);
        for (int k = 0; k < 2; k++) {         /* with the operand's dimensions: 1 where they were */
            out[k].nd = t->nd;
            for (int q = m->nd; q < t->nd; q++)
                out[k].dim[q] = 1, out[k].stride[q] = 0;
        }
        gpu_do(t->device, DEV_extreme, out, &in, (double[]){ d - 1, !max });
    } else if (m->numel) {                    /* along a dimension of size 1 */
        gpu_copy(m, t);
        i = gpu_filled(t->device, D_INT64, a.nd, a.dim, 0);
    }
    if (index)
        *index = ew_apply(EW_plus, 2, (value[]){ tensor_box(gpu_clone(i, D_DOUBLE)), num(1) });
    int class = reduce_class(max ? RED_max : RED_min, t->dtype);
    return tensor_box(class == m->dtype ? m : gpu_clone(m, class));
}
