/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel text of every reducer, for every class and many shapes, run on the CPU: the bits of lab's own result, whatever
 * the order of the lanes. */
#include "lab/ew.h"
#include "cuda/shim.h"
#include "cuda_lower.h"
#include "cuda_args.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

static struct context *context;
static struct dev_status status;
static struct work work;
static bool collecting;
static int checked, wrong;

static struct tensor *operand(int dt, int nd, const i64 *dim, bool special)
{
    struct tensor *t = tensor_new(dt, nd, dim);
    for (i64 i = 0; i < t->numel; i++) {
        double x = dt == D_LOGICAL ? dice() < 0.9 : special && i % 37 == 5 ? NAN : special && i % 11 == 3 ? -0. : special && i % 11 == 4 ? 0 : (dice() - 0.5) * (dtype_is(dt, DT_I | DT_T) ? 200 : 3);
        if (dt == D_CDOUBLE)
            ((double *)t->data)[2 * i] = x, ((double *)t->data)[2 * i + 1] = dice();
        else if (dt == D_CSINGLE)
            ((float *)t->data)[2 * i] = (float)x, ((float *)t->data)[2 * i + 1] = (float)dice();
        else
            convert_run(dt, t->data + i * dtypes[dt].size, D_DOUBLE, &x, 1);
    }
    return t;
}

static void same(struct tensor *got, struct tensor *want, const char *what, int op, int dt)
{
    const char *z = got->data, *w = want->data;
    int size = dtypes[dtype_real(got->dtype)].size, part = dtype_is(got->dtype, DT_C) ? 2 : 1;
    for (i64 i = 0; i < got->numel * part && !collecting; i++, checked++) {
        bool nan = dtype_real(got->dtype) == D_DOUBLE ? isnan(((double *)z)[i]) && isnan(((double *)w)[i])
                 : dtype_real(got->dtype) == D_SINGLE ? isnan(((float *)z)[i]) && isnan(((float *)w)[i]) : false;
        if (!nan && memcmp(z + i * size, w + i * size, (size_t)size)) {
            printf("%s %s of dtype %d, element %lld of %lld: got %.17g want %.17g\n", reduce_rows[op].name, what, dt, (long long)i, (long long)got->numel,
                   element_double(got, i / part), element_double(want, i / part));
            wrong++;
            return;
        }
    }
}

/* op over dimension d (1 …) of x; inside: of (x - y).^2 */
static void check(int op, struct tensor *x, int d, bool inside, const char *what)
{
    struct dev_prog p = { .nin = 1, .red = (uint8_t)(op + 1) };
    int dt = x->dtype;
    value v = tensor_box(x), e = v;
    struct tensor *y = NULL;
    if (inside) {
        y = operand(dt, x->nd, x->dim, false);
        p.nin = 2;
        int a = lower_add(&p, DI_IN, lower_type(dt), dt, 0, 0, -1), b = lower_add(&p, DI_IN, lower_type(dt), dt, 0, 1, -1);
        int m = lower_add(&p, DI_OP, lower_type(dt), dt, EW_minus, a, b);
        lower_add(&p, DI_OP, lower_type(dt), dt, EW_square, m, -1);
        e = ew_apply(EW_minus, 2, (value[]){ v, tensor_box(y) });
        e = ew_apply(EW_square, 1, &e);
    } else
        lower_add(&p, DI_IN, dt == D_LOGICAL ? DEV_B : lower_type(dt), dt, 0, 0, -1);
    p.in_dtype[0] = p.in_dtype[1] = (uint8_t)dt;
    struct tensor *want = tensor_dense(tensor_of(reduce_apply(op, e, d)));
    if (dtype_is(dt, DT_C) && dtype_real(want->dtype) == want->dtype && want->dtype != D_LOGICAL && op != RED_sumsq)
        want = tensor_cast(want, dt);
    p.dtype = want->dtype;
    struct tensor *got = tensor_new(want->dtype, want->nd, want->dim);
    memset(got->data, 0xff, (size_t)(got->numel * dtypes[got->dtype].size));
    struct dev_arg o = arg_of(got), a[2] = { arg_of(x), y ? arg_of(y) : arg_of(x) };
    memset(&status, 0, sizeof status);
    int bad = work_program(&work, &p, &o, a, NULL, 0);
    ck_assert_msg(!bad, "%s %s of dtype %d: error %d%s%s", reduce_rows[op].name, what, dt, bad, shim_trouble() ? ", " : "", shim_trouble() ? shim_trouble() : "");
    same(got, want, what, op, dt);
}

static void all(void)
{
    static const struct { i64 dim[3]; int d; } shapes[] = {
        { { 1, 1, 1 }, 1 }, { { 5, 1, 1 }, 1 }, { { 64, 1, 1 }, 1 }, { { 256, 1, 1 }, 1 }, { { 257, 1, 1 }, 1 }, { { 1023, 1, 1 }, 1 }, { { 1024, 1, 1 }, 1 }, { { 1025, 1, 1 }, 1 },
        { { 5003, 1, 1 }, 1 }, { { 65636, 1, 1 }, 1 }, { { 100, 7, 1 }, 1 }, { { 300, 7, 1 }, 1 }, { { 1500, 3, 1 }, 1 }, { { 66, 3, 5 }, 1 },
        { { 7, 3, 1 }, 2 }, { { 7, 64, 1 }, 2 }, { { 7, 65, 1 }, 2 }, { { 3, 1000, 1 }, 2 }, { { 33, 300, 2 }, 2 }, { { 300, 5, 2 }, 2 }, { { 4, 3, 700 }, 3 }, { { 2, 20000, 1 }, 2 }, { { 0, 4, 1 }, 1 }, { { 4, 0, 1 }, 2 },
    };
    for (int op = 0; op < RED_OPS; op++)
        for (int dt = 0; dt < DTYPES; dt++)
            for (int i = 0; i < COUNT(shapes); i++) {
                bool extreme = op == RED_max || op == RED_min, complex = dtype_is(dt, DT_C), empty = !shapes[i].dim[0] || !shapes[i].dim[1];
                int mark = pool_mark();
                char what[80];
                /* of 64-bit integers lab makes doubles first; products of complex numbers it takes one after the other */
                if ((extreme && (complex || empty)) || (complex && op == RED_prod) || (!extreme && (dt == D_INT64 || dt == D_UINT64)) || (dt > D_INT8 && dt < D_LOGICAL && dt != D_INT64 && i % 4) ||
                    (dt != D_DOUBLE && (shapes[i].dim[1] > 5000 || shapes[i].dim[0] > 10000)))
                    continue;
                snprintf(what, sizeof what, "along %d of %lldx%lldx%lld", shapes[i].d, (long long)shapes[i].dim[0], (long long)shapes[i].dim[1], (long long)shapes[i].dim[2]);
                struct tensor *x = operand(dt, 3, shapes[i].dim, extreme || op == RED_any || op == RED_all);
                check(op, x, shapes[i].d, false, what);
                if ((dt == D_DOUBLE || dt == D_SINGLE) && !extreme && op != RED_any && op != RED_all)
                    check(op, x, shapes[i].d, true, what);
                pool_release(mark);
            }
    /* operands that do not lie densely: every second row, transposed, permuted */
    for (int op = 0; op < RED_OPS; op++)
        for (int d = 1; d <= 3; d++) {
            int mark = pool_mark();
            struct tensor *x = operand(D_DOUBLE, 2, (i64[]){ 40, 400 }, false);
            check(op, tensor_alias(x, 3, (i64[]){ 20, 40, 10 }, (i64[]){ 2, 40, 1600 }, 1), d, false, "of every second row");
            check(op, tensor_alias(x, 2, (i64[]){ 400, 40 }, (i64[]){ 40, 1 }, 0), d < 3 ? d : 1, false, "of a transpose");
            check(op, tensor_alias(x, 3, (i64[]){ 10, 40, 40 }, (i64[]){ 1600, 40, 1 }, 0), d, true, "of a permuted array");
            pool_release(mark);
        }
}

START_TEST(reductions_are_the_cpus)
{
    context_enter(context = context_new());
    shim_work(&work, &status);
    for (int pass = 0; pass < 3; pass++) {
        seed = 1;
        collecting = pass == 0;
        shim_backwards = pass == 2;
        if (pass < 2)
            ck_assert(shim_collect(pass == 0));
        all();
        shim_forget();
    }
    printf("%d results\n", checked);
    ck_assert_int_eq(wrong, 0);
    shim_close();
    context_free(context);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("cuda_reduce");
    tcase_add_test(t, reductions_are_the_cpus);
    return unit_run("cuda_reduce", t, 600, CK_FORK_GETENV);
}
