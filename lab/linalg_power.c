/* SPDX-License-Identifier: BSD-3-Clause */
/* linalg_power.c: powers and functions of matrices.
 *
 * Integer powers by repeated squaring, all else through an eigenvalue or Schur decomposition; expm by scaling and a
 * diagonal Pade approximant of degree 13 (Higham 2005), sqrtm and logm through the complex Schur form. */
#include "linalg.h"
#include "plan.h"
#include <complex.h>
#include <math.h>

struct tensor *linalg_identity(int dtype, i64 n)
{
    struct tensor *t = tensor_zeros(D_DOUBLE, 2, (i64[]){ n, n });
    for (i64 i = 0; i < n; i++)
        ((double *)t->data)[i * (n + 1)] = 1;
    return tensor_cast(t, dtype);
}

static struct tensor *integer_power(struct tensor *a, uint64_t n)
{
    struct tensor *r = NULL;
    for (; n; n >>= 1) {
        poll();
        if (n & 1)
            r = r ? linalg_product(r, AS_IS, a, AS_IS) : a;
        if (n > 1)
            a = linalg_product(a, AS_IS, a, AS_IS);
    }
    return r;
}

value linalg_mpower(value a, value b)
{
    char s[160], u[160];
    if (!is_tensor_like(a) || !is_tensor_like(b))
        fail("Octave:undefined-function", "\1 ^ \2: there is no operator '^' for a %s and a %s", value_describe(a, s), value_describe(b, u));
    i64 na = value_numel(a), nb = value_numel(b);
    if (na == 1 && nb == 1)
        return ew_apply(EW_power, 2, (value[]){ a, b });
    if (na != 1 && nb != 1)
        fail("Octave:nonconformant-args", "\1 ^ \2: one of the two must be a scalar, but \1 is a %s and \2 a %s\nhint: \1 .^ \2 is the power element by element", value_describe(a, s), value_describe(b, u));
    struct tensor *t = tensor_of(nb == 1 ? a : b);
    if (dtype_is(t->dtype, DT_I))
        fail("Octave:undefined-function", "\1 ^ \2: there is no matrix power for a %s\nhint: .^ is the power element by element", value_describe(nb == 1 ? a : b, s));
    if (t->nd > 2 || t->dim[0] != t->dim[1])
        fail("Octave:nonconformant-args", "\1 ^ \2: the matrix must be square, but is a %s\nhint: .^ is the power element by element", value_describe(nb == 1 ? a : b, s));
    t = linalg_float(t);
    struct tensor *p = tensor_of(nb == 1 ? b : a);
    double x = element_double(p, 0);
    if (nb == 1 && !dtype_is(p->dtype, DT_C) && x == floor(x) && fabs(x) < 0x1p53) {
        int dt = promote(t->dtype, dtype_is(p->dtype, DT_I) ? D_DOUBLE : p->dtype);
        t = tensor_dense(tensor_cast(t, dt));
        if (t->numel == 0 || x == 0)
            return tensor_value(linalg_identity(dt, t->dim[0]));
        if (x < 0)
            t = linalg_solve(t, AS_IS, linalg_identity(dt, t->dim[0]));
        return tensor_value(tensor_narrow(integer_power(t, (uint64_t)fabs(x))));
    }
    return linalg_eig_power(t, nb == 1 ? b : a, nb == 1);
}
