/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel text of every row of ops.def, for every class of its operands and every way they lie, run on the CPU against
 * lab's own result: equal where only operators take part, within 4 ulp where functions do. */
#include "lab/ew.h"
#include "cuda/shim.h"
#include "cuda_lower.h"
#include "cuda_args.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

static struct context *context;
static void in(void) { context_enter(context = context_new()); }
static void out(void) { context_free(context); }

static const char *class_name(int dt)
{
    static const char *const names[] = {
#define D(NAME, ...) #NAME,
#include "lab/dtypes.def"
#undef D
    };
    return names[dt];
}

/* ---- operands */
static const double wild[] = { 0, -0., 1, -1, 0.5, -0.5, 1.5, 2, -2, 2.5, 3, -3, 4, 5, 1e300, -1e300, INFINITY, -INFINITY, NAN, 1e-310, 700, -745, 30, 1e6, -3e9, 0x1p63, -0x1p63, 0.3, 127.5, 1e10 };
enum { N = 203 };
static struct tensor *operand(int dt, int which)
{
    struct tensor *t = tensor_new(D_DOUBLE, 2, (i64[]){ N, 1 });
    double *x = (double *)t->data;
    for (int i = 0; i < N; i++) {
        int k = which ? i / 15 % COUNT(wild) + i % 7 : i;
        x[i] = k % 2 == 0 && k / 2 < 2 * COUNT(wild) ? wild[k / 2 % COUNT(wild)] : dice() < 0.5 ? (dice() - 0.5) * 20 : floor((dice() - 0.5) * 300);
    }
    struct tensor *u = tensor_cast(t, dt);
    if (dt == D_CDOUBLE || dt == D_CSINGLE)
        for (int i = 0; i < N; i++) {
            double y = (dice() - 0.5) * 12, z = (dice() - 0.5) * 12;
            if (i % 5 == 0)
                y = 0;
            if (dt == D_CDOUBLE)
                ((double *)u->data)[2 * i] = z, ((double *)u->data)[2 * i + 1] = y;
            else
                ((float *)u->data)[2 * i] = (float)z, ((float *)u->data)[2 * i + 1] = (float)y;
        }
    static const i64 ends[] = { INT64_MAX, INT64_MIN, INT64_MAX - 1, INT64_MIN + 1, (i64)1 << 53, ((i64)1 << 53) + 1, 3037000500, 6, 7, -7 };
    for (int i = 0; i < 60 && (dt == D_INT64 || dt == D_UINT64); i++)
        ((i64 *)u->data)[i] = ends[(which ? i / 10 : i) % COUNT(ends)];
    return u;
}

/* ---- comparison */
static double ulps(double a, double b, bool single)
{
    if ((a != a && b != b) || a == b)
        return 0;
    if (!isfinite(a) || !isfinite(b))
        return INFINITY;
    double m = fmax(fabs(a), fabs(b));
    if (single && m < 0x1p-126)               /* the vector library overflows a little early: sech(89) is 0 there */
        return 0;
    double e = single ? m * 0x1p-23 : fmax(m * 0x1p-52, 0x1p-1074);
    return fabs(a - b) / e;
}
static double off_by(const struct tensor *x, const struct tensor *y, i64 i)
{
    switch (x->dtype) {
    case D_DOUBLE: return ulps(((double *)x->data)[i], ((double *)y->data)[i], false);
    case D_SINGLE: return ulps(((float *)x->data)[i], ((float *)y->data)[i], true);
    case D_CDOUBLE: case D_CSINGLE: {
        bool s = x->dtype == D_CSINGLE;
        double a = s ? ((float *)x->data)[2 * i] : ((double *)x->data)[2 * i], b = s ? ((float *)x->data)[2 * i + 1] : ((double *)x->data)[2 * i + 1];
        double c = s ? ((float *)y->data)[2 * i] : ((double *)y->data)[2 * i], d = s ? ((float *)y->data)[2 * i + 1] : ((double *)y->data)[2 * i + 1];
        double u = fmax(ulps(a, c, s), ulps(b, d, s));
        if (u <= 4 || !isfinite(hypot(c, d)) || !isfinite(hypot(a, b)))
            return u;
        return hypot(a - c, b - d) / fmax(hypot(c, d) * (s ? 0x1p-23 : 0x1p-52), s ? 0x1p-149 : 0x1p-1074);
    }
    default: return memcmp(x->data + i * dtypes[x->dtype].size, y->data + i * dtypes[x->dtype].size, (size_t)dtypes[x->dtype].size) ? INFINITY : 0;
    }
}

static const char *const exact[] = { "plus", "minus", "times", "rdivide", "ldivide", "square", "uminus", "uplus", "sqrt", "realsqrt", "abs", "sign", "round",
    "fix", "floor", "ceil", "real", "imag", "conj", "mod", "rem", "max", "min", "idivide", "bitand", "bitor", "bitxor", "gcd", "lcm", "deg2rad", "rad2deg", "complex" };
static bool is_exact(int op, bool complex)
{
    const char *name = ew_rows[op].name;
    if (ew_rows[op].class >= TEST)
        return true;
    for (int i = 0; i < COUNT(exact); i++)
        if (!strcmp(name, exact[i]))
            return !complex || (strcmp(name, "sqrt") && strcmp(name, "abs") && strcmp(name, "sign"));
    return false;
}

/* ---- one row */
static struct dev_status status;
static struct work work;
static double worst;
static int checked, wrong;
static bool collecting;


/* Where real operands leave the reals, lab goes on in complex numbers; a device says so. */
static void keep_inside(int op, struct tensor *a, struct tensor *b, int way)
{
    bool whole = !strcmp(ew_rows[op].name, "gcd") || !strcmp(ew_rows[op].name, "lcm");
    if (!ew_rows[op].domain || dtype_is(a->dtype, DT_C) || (b && dtype_is(b->dtype, DT_C)))
        return;
    for (i64 i = 0; i < N; i++) {
        bool ok;
        ew_scalar2(op, element_double(a, i), b ? element_double(b, i) : 0, &ok);
        if (b && way) {                       /* other pairs meet */
            double x = fabs(element_double(a, i)), y = fabs(element_double(b, i));
            if (whole)
                x = isfinite(x) ? trunc(x) : 1, y = isfinite(y) ? trunc(y) : 2;
            convert_run(a->dtype, a->data + i * dtypes[a->dtype].size, D_DOUBLE, &x, 1);
            if (whole)
                convert_run(b->dtype, b->data + i * dtypes[b->dtype].size, D_DOUBLE, &y, 1);
            continue;
        }
        if (!ok) {
            convert_run(a->dtype, a->data + i * dtypes[a->dtype].size, D_DOUBLE, &(double){ strcmp(ew_rows[op].name, "acosh") && strcmp(ew_rows[op].name, "asec") && strcmp(ew_rows[op].name, "acoth") ? 1 : 2 }, 1);
            if (b && whole)
                convert_run(b->dtype, b->data + i * dtypes[b->dtype].size, D_DOUBLE, &(double){ 3 }, 1);
        }
    }
}

enum { DENSE, ROWS, STRIDED, WAYS };
static void row(int op, int da, int db, int way)
{
    struct dev_prog p;
    int args = ew_rows[op].args, mark = pool_mark();
    if (!lower_row(&p, op, da, db))
        return;
    struct tensor *x[2] = { operand(da, 0), args > 1 ? operand(db, 1) : NULL };
    if (ew_rows[op].class == BYTE || !strcmp(ew_rows[op].name, "polygamma"))          /* NaN is no truth value; k is whole and small */
        for (int k = 0; k < args; k++)
            for (i64 i = 0; i < N; i++)
                if (ew_rows[op].class == BYTE ? element_double(x[k], i) != element_double(x[k], i) : k == 0)
                    convert_run(x[k]->dtype, x[k]->data + i * dtypes[x[k]->dtype].size, D_DOUBLE, &(double){ ew_rows[op].class == BYTE ? 1 : i % 5 }, 1);
    keep_inside(op, x[0], x[1], way);
    value v[2];
    struct dev_arg a[2], o;
    i64 R = N / 7;
    for (int k = 0; k < args; k++) {
        struct tensor *t = x[k];
        if (way == ROWS)                      /* 29 x 7 and a column of 29; from the second element, so vectors are not aligned */
            t = k ? tensor_alias(t, 2, (i64[]){ R, 1 }, (i64[]){ 1, R }, 0) : tensor_alias(t, 2, (i64[]){ R - 1, 7 }, (i64[]){ 1, R }, 1);
        if (way == ROWS && k)
            t = tensor_alias(x[k], 2, (i64[]){ R - 1, 1 }, (i64[]){ 1, R }, 1);
        if (way == STRIDED)                   /* 3 x 7 x 9, permuted, and one number of each row */
            t = k ? tensor_alias(t, 3, (i64[]){ 3, 1, 9 }, (i64[]){ 20, 1, 2 }, 0) : tensor_alias(t, 3, (i64[]){ 3, 7, 9 }, (i64[]){ 1, 27, 3 }, 0);
        v[k] = tensor_box(t);
        a[k] = arg_of(t);
    }
    struct tensor *want = tensor_dense(tensor_of(keep(ew_op(op, args, v))));
    if (p.dtype != want->dtype) {
        ck_assert_msg(dtype_is(p.dtype, DT_C) && dtype_real(p.dtype) == want->dtype, "%s of %s and %s: lab gives %s", ew_rows[op].name, class_name(da), class_name(db), class_name(want->dtype));
        want = tensor_cast(want, p.dtype);
    }
    struct tensor *got = tensor_new(p.dtype, want->nd, want->dim);
    memset(got->data, 0xff, (size_t)(got->numel * dtypes[p.dtype].size));
    o = arg_of(got);
    memset(&status, 0, sizeof status);
    int bad = work_program(&work, &p, &o, a, NULL, 7);
    ck_assert_msg(!bad, "%s of %s, %s, way %d: error %d", ew_rows[op].name, class_name(da), class_name(db), way, bad);
    if (way < 0 || shim_trouble()) {
        pool_release(mark);
        return;
    }
    bool whole_power = (op == EW_power || op == EW_realpow) && (p.dtype == D_INT64 || p.dtype == D_UINT64);
    bool ex = is_exact(op, dtype_is(da, DT_C) || dtype_is(db, DT_C));
    for (i64 i = 0; i < got->numel && !collecting; i++) {
        double u = off_by(got, want, i);
        checked++;
        if (u > worst && u < 1e6 && !ex)
            worst = u;
        if (whole_power && u > 4)             /* a fractional power of 64-bit integers is taken in double */
            u = fabs(element_double(got, i) - element_double(want, i)) / (fabs(element_double(want, i)) * 0x1p-52 + 1);
        if (!(u <= (ex ? 0 : dtype_is(p.dtype, DT_C) ? 8 : 4))) {
            wrong++;
            printf("%s(%s, %s) way %d, element %lld: %g ulp: ", ew_rows[op].name, class_name(da), class_name(db), way, (long long)i, u);
            printf("got %.17g want %.17g\n", element_double(got, i), element_double(want, i));
            break;
        }
    }
    pool_release(mark);
    if (status.code && ++wrong)
        printf("%s(%s, %s) way %d: status %d\n", ew_rows[op].name, class_name(da), class_name(db), way, status.code);
}

START_TEST(rows_are_right)
{
    in();
    shim_work(&work, &status);
    for (int pass = 0; pass < 2; pass++) {
        seed = 1;
        collecting = !pass;
        if (pass)
            ck_assert(shim_collect(false));
        else
            shim_collect(true);
        for (int op = 0; op < EW_OPS; op++)
            for (int da = 0; da < DTYPES; da++)
                for (int way = 0; way < WAYS; way++) {
                    if (way && da != D_DOUBLE && da != D_CSINGLE && da != D_INT16)
                        continue;
                    row(op, da, da, way);
                    if (ew_rows[op].args > 1 && da != D_DOUBLE)
                        row(op, da, D_DOUBLE, way);
                }
    }
    ck_assert_int_eq(wrong, 0);
    printf("%d elements, functions within %.2f ulp\n", checked, worst);
    shim_close();
    out();
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("cuda_rows");
    tcase_add_test(t, rows_are_right);
    return unit_run("cuda_rows", t, 600, CK_FORK_GETENV);
}
