/* SPDX-License-Identifier: BSD-3-Clause */
/* cuda_lower.h: one row of ops.def on operands of two classes as a program of a device: the classes as in plan_build.c. */
#ifndef CUDA_LOWER_H
#define CUDA_LOWER_H
#include "lab/ew.h"
#include "lab/device.h"

static inline int lower_type(int dt)
{
    switch (dtypes[dt].compute) {
    case D_SINGLE: return DEV_F;
    case D_INT64: case D_UINT64: return DEV_L;
    case D_CDOUBLE: return DEV_C;
    case D_CSINGLE: return DEV_G;
    default: return DEV_D;
    }
}
static inline int lower_add(struct dev_prog *p, int what, int type, int dtype, int op, int a, int b)
{
    p->ins[p->n] = (struct dev_ins){ (uint8_t)what, (uint8_t)type, (uint8_t)dtype, (uint8_t)op, (int16_t)a, (int16_t)b };
    return p->n++;
}
/* false: lab does not define it */
static inline bool lower_row(struct dev_prog *p, int op, int a, int b)
{
    const struct ew_row *row = &ew_rows[op];
    if (row->args < 2)
        b = a;
    int r = promote(a, b), dt[2] = { a, b }, v[2] = { -1, -1 }, type, out;
    bool complex = dtype_is(a, DT_C) || dtype_is(b, DT_C), integer = r >= 0 && dtype_is(r, DT_I), pre = false;
    bool wide = lower_type(a) == DEV_L || lower_type(b) == DEV_L;
    *p = (struct dev_prog){ .nin = row->args };
    if ((complex && !row->complex) || (r < 0 && row->class != TEST && row->class != BYTE && row->class != FLOAT))
        return false;
    out = r;
    switch (row->class) {
    case BYTE:
        out = D_LOGICAL;
        type = DEV_B;
        break;
    case TEST:
        out = D_LOGICAL;
        type = complex ? (r == D_CSINGLE ? DEV_G : DEV_C) : wide ? DEV_L : dtype_is(a, DT_I) || dtype_is(b, DT_I) ? DEV_D : lower_type(r);
        break;
    case FLOAT: case PARTF:
        if (r < 0 || integer)
            r = (dtype_is(a, DT_I) && dtype_real(b) == D_SINGLE) || (dtype_is(b, DT_I) && dtype_real(a) == D_SINGLE) ? D_SINGLE : D_DOUBLE;
        if (complex)
            r = dtype_complex(r);
        out = row->class == PARTF ? dtype_real(r) : r;
        type = lower_type(r);
        break;
    case MAKEC:
        if (integer)
            return false;
        out = r = dtype_complex(r);
        type = lower_type(r);
        break;
    default:
        out = row->class == PART ? dtype_real(r) : r;
        if ((row->class == EXTREME || row->class == BITS) && a == D_LOGICAL && b == D_LOGICAL)
            out = D_LOGICAL;
        pre = integer && (row->class == KEEP || row->class == BITS);
        type = lower_type(r);
    }
    for (int k = 0; k < row->args; k++) {
        p->in_dtype[k] = (uint8_t)dt[k];
        if (type == DEV_B) {
            int home = dt[k] == D_LOGICAL ? DEV_B : lower_type(dt[k]);
            v[k] = lower_add(p, DI_IN, home, dt[k], 0, k, -1);
            if (home != DEV_B)
                v[k] = lower_add(p, DI_TRUTH, DEV_B, D_LOGICAL, 0, v[k], -1);
            continue;
        }
        v[k] = lower_add(p, DI_IN, type, dt[k], 0, k, -1);
        if (pre && dt[k] != r)
            v[k] = lower_add(p, DI_TO, type, r, 0, v[k], -1);
    }
    int rtype = row->class == TEST || row->class == BYTE ? DEV_B : type >= DEV_C && (row->class == PART || row->class == PARTF) ? (type == DEV_C ? DEV_D : DEV_F) : type;
    int y = lower_add(p, DI_OP, rtype, out, op, v[0], v[1]);
    if (dtype_is(out, DT_I) && row->class != TEST)
        lower_add(p, DI_TO, rtype, out, 0, y, -1);
    p->dtype = (uint8_t)out;
    return true;
}
#endif
