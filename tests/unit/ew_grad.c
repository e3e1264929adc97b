/* SPDX-License-Identifier: BSD-3-Clause */
/* The derivative columns of ops.def and reduce.def: every row, every operand, against central differences; of complex
 * numbers too, with g = dL/d conj(z), that is dL/dRe + i dL/dIm; and the derivative of the derivative. */
#include "lab/ew.h"
#include "unit.h"
#include <math.h>

static uint64_t seed = 7;
static double uniform(double lo, double hi)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return lo + (hi - lo) * (double)(seed >> 40) / (1 << 24);
}

/* where a row is smooth: the range of each operand */
static const struct { int op; double lo, hi, lo2, hi2; } ranges[] = {
    { EW_sqrt, 0.2, 4, 0, 0 }, { EW_log, 0.2, 4, 0, 0 }, { EW_log1p, -0.8, 3, 0, 0 }, { EW_log2, 0.2, 4, 0, 0 }, { EW_log10, 0.2, 4, 0, 0 },
    { EW_realsqrt, 0.2, 4, 0, 0 }, { EW_reallog, 0.2, 4, 0, 0 }, { EW_realpow, 0.2, 3, -2, 2 }, { EW_power, 0.2, 3, -2, 2 }, { EW_nthroot, 0.5, 3, 1.5, 4 },
    { EW_asin, -0.8, 0.8, 0, 0 }, { EW_acos, -0.8, 0.8, 0, 0 }, { EW_asind, -0.8, 0.8, 0, 0 }, { EW_acosd, -0.8, 0.8, 0, 0 }, { EW_atanh, -0.8, 0.8, 0, 0 },
    { EW_acosh, 1.3, 4, 0, 0 }, { EW_asec, 1.3, 3, 0, 0 }, { EW_acsc, 1.3, 3, 0, 0 }, { EW_acoth, 1.3, 3, 0, 0 }, { EW_asech, 0.2, 0.8, 0, 0 },
    { EW_csc, 0.3, 2.8, 0, 0 }, { EW_cot, 0.3, 2.8, 0, 0 }, { EW_csch, 0.3, 2, 0, 0 }, { EW_coth, 0.3, 2, 0, 0 }, { EW_acot, 0.3, 3, 0, 0 }, { EW_acsch, 0.3, 3, 0, 0 },
    { EW_gamma, 0.5, 4, 0, 0 }, { EW_gammaln, 0.5, 6, 0, 0 }, { EW_psi, 0.5, 6, 0, 0 }, { EW_polygamma, 1, 1, 0.5, 4 }, { EW_erfinv, -0.8, 0.8, 0, 0 }, { EW_mod, 3.2, 3.8, 1.4, 1.5 }, { EW_rem, 3.2, 3.8, 1.4, 1.5 },
    { EW_tan, -1.2, 1.2, 0, 0 }, { EW_sec, -1.2, 1.2, 0, 0 }, { EW_tand, -60, 60, 0, 0 }, { EW_sind, -170, 170, 0, 0 }, { EW_cosd, -170, 170, 0, 0 } };

static value complex_number(double re, double im)
{
    struct tensor *t = tensor_2d(D_CDOUBLE, 1, 1);
    ((double *)t->data)[0] = re;
    ((double *)t->data)[1] = im;
    return tensor_box(t);
}
static void parts(value v, double z[2])
{
    struct tensor *t = tensor_cast(tensor_of(v), D_CDOUBLE);
    memcpy(z, t->data, 16);
}

/* L = re(conj(w) * f(a, b)) */
static double objective(struct plan *p, value *reg, const double w[2])
{
    double y[2];
    parts(keep(plan_run(p, reg)), y);
    return w[0] * y[0] + w[1] * y[1];
}

static int checked;
static void check_row(int op, bool complex)
{
    int args = ew_rows[op].args;
    double lo[2] = { -2, -2 }, hi[2] = { 2, 2 };
    for (int i = 0; i < COUNT(ranges); i++)
        if (ranges[i].op == op) {
            lo[0] = ranges[i].lo, hi[0] = ranges[i].hi;
            if (args > 1)
                lo[1] = ranges[i].lo2, hi[1] = ranges[i].hi2;
        }
    struct plan_node q[3] = { { .kind = PN_LEAF, .a = 0, .b = -1 }, { .kind = PN_LEAF, .a = 1, .b = -1 } };
    q[args] = (struct plan_node){ .kind = PN_OP, .op = (uint16_t)op, .a = 0, .b = args > 1 ? 1 : -1 };
    struct plan *p = plan_new(args + 1, q);
    for (int k = 0; k < 10; k++)
        for (int to = 0; to < args; to++) {
            int mark = pool_mark();
            double x[2][2], w[2] = { uniform(-1, 1), complex ? uniform(-1, 1) : 0 };
            value reg[4];
            for (int i = 0; i < 2; i++) {
                x[i][0] = uniform(lo[i], hi[i]);
                x[i][1] = complex ? uniform(0.2, 1) : 0;
                if (args == 2 && i && (op == EW_max || op == EW_min) && fabs(x[1][0] - x[0][0]) < 0.01)
                    x[1][0] += 0.1;
                reg[i] = complex ? complex_number(x[i][0], x[i][1]) : num(x[i][0]);
            }
            reg[3] = keep(plan_run(p, reg));
            bool complex_result = complex && dtype_is(value_dtype(reg[3]), DT_C);
            reg[2] = complex_result ? complex_number(w[0], w[1]) : num(w[0]);
            if (!complex_result)
                w[1] = 0;
            struct plan *back = plan_grad(p, to, 2, 3, reg);
            if (!back) {
                pool_release(mark);
                continue;
            }
            double g[2], d[2] = { 0, 0 };
            parts(keep(plan_run(back, reg)), g);
            for (int part = 0; part <= complex; part++) {
                double h = 1e-5, f[2];
                for (int s = 0; s < 2; s++) {
                    double z[2] = { x[to][0], x[to][1] };
                    z[part] += s ? h : -h;
                    value r[4] = { reg[0], reg[1], reg[2], reg[3] };
                    r[to] = complex ? complex_number(z[0], z[1]) : num(z[0]);
                    f[s] = objective(p, r, w);
                }
                d[part] = (f[1] - f[0]) / (2 * h);
            }
            if (!complex)
                g[1] = 0;
            for (int part = 0; part < 2; part++)
                if (!(fabs(g[part] - d[part]) <= 1e-5 * (1 + fabs(d[part]))))
                    ck_abort_msg("%s, operand %d of (%g%+gi, %g%+gi), %s part: gradient %.9g, differences %.9g", ew_name(op), to + 1, x[0][0], x[0][1], x[1][0], x[1][1],
                                 part ? "imaginary" : "real", g[part], d[part]);
            checked++;
            plan_free(back);
            pool_release(mark);
        }
    plan_free(p);
}

static bool smooth(int op)
{
    int c = ew_rows[op].class;
    return c != TEST && c != BYTE && c != BITS;
}

START_TEST(rows_differentiate)
{
    struct context *c = context_new();
    context_enter(c);
    for (int op = 0; op < EW_OPS; op++)
        if (smooth(op))
            check_row(op, false);
    ck_assert_int_gt(checked, 600);
    context_free(c);
}
END_TEST

START_TEST(rows_differentiate_in_the_complex_plane)
{
    struct context *c = context_new();
    context_enter(c);
    for (int op = 0; op < EW_OPS; op++)
        if (smooth(op) && ew_rows[op].complex && op != EW_gammaln && op != EW_complex && op != EW_max && op != EW_min)
            check_row(op, true);
    ck_assert_int_gt(checked, 350);
    context_free(c);
}
END_TEST

/* every row a gradient is made of must itself be differentiable, or be a comparison */
START_TEST(derivatives_differentiate)
{
    struct context *c = context_new();
    context_enter(c);
    for (int op = 0; op < EW_OPS; op++) {
        if (!smooth(op) || ew_rows[op].args != 1)
            continue;
        int mark = pool_mark();
        double lo = -2, hi = 2;
        for (int i = 0; i < COUNT(ranges); i++)
            if (ranges[i].op == op)
                lo = ranges[i].lo, hi = ranges[i].hi;
        struct plan_node q[2] = { { .kind = PN_LEAF, .a = 0, .b = -1 }, { .kind = PN_OP, .op = (uint16_t)op, .a = 0, .b = -1 } };
        struct plan *p = plan_new(2, q);
        value reg[6] = { num(uniform(lo, hi)) };
        reg[2] = num(1);
        reg[3] = keep(plan_run(p, reg));
        struct plan *d1 = plan_grad(p, 0, 2, 3, reg), *d2 = NULL;
        if (d1) {
            /* the derivative reads x from register 0 and y from 3, which depends on x as well */
            const struct plan_node *n;
            int k = plan_nodes(d1, &n);
            double total = 0, h = 1e-5, f[2];
            reg[4] = num(1);
            reg[5] = keep(plan_run(d1, reg));
            for (int i = 0; i < k; i++)
                if (n[i].kind == PN_LEAF && n[i].a != 2) {
                    d2 = plan_grad(d1, i, 4, 5, reg);
                    if (d2) {
                        double part = keep(plan_run(d2, reg)).num;
                        total += n[i].a == 0 ? part : part * reg[5].num;
                    }
                    plan_free(d2);
                }
            for (int s = 0; s < 2; s++) {
                value r[6] = { num(reg[0].num + (s ? h : -h)), nil(), num(1) };
                r[3] = keep(plan_run(p, r));
                f[s] = keep(plan_run(d1, r)).num;
            }
            double want = (f[1] - f[0]) / (2 * h);
            if (!(fabs(total - want) <= 1e-4 * (1 + fabs(want))))
                ck_abort_msg("%s: second derivative at %g: %.9g, differences %.9g", ew_name(op), reg[0].num, total, want);
        }
        plan_free(d1);
        plan_free(p);
        pool_release(mark);
    }
    context_free(c);
}
END_TEST

START_TEST(reductions_differentiate)
{
    struct context *c = context_new();
    context_enter(c);
    for (int op = 0; op < RED_OPS; op++)
        for (int d = 0; d < 3; d++) {
            int mark = pool_mark();
            struct plan_node q[3] = { { .kind = PN_LEAF, .a = 0, .b = -1 }, { .kind = PN_NUM, .num = num(d), .b = -1 } };
            int n = d ? 2 : 1;
            q[n] = (struct plan_node){ .kind = PN_REDUCE, .op = (uint16_t)op, .a = 0, .b = d ? 1 : -1 };
            struct plan *p = plan_new(n + 1, q);
            struct tensor *x = tensor_2d(D_DOUBLE, 3, 4);
            for (int i = 0; i < 12; i++)
                ((double *)x->data)[i] = uniform(0.5, 2);
            value reg[4] = { tensor_box(x) };
            reg[3] = keep(plan_run(p, reg));
            struct tensor *y = tensor_of(reg[3]), *w = tensor_new(D_DOUBLE, y->nd, y->dim);
            for (int i = 0; i < w->numel; i++)
                ((double *)w->data)[i] = uniform(-1, 1);
            reg[2] = tensor_value(w);
            struct plan *back = plan_grad(p, 0, 2, 3, reg);
            if (back) {
                value g = keep(plan_run(back, reg));
                g = ew_apply(EW_plus, 2, (value[]){ g, ew_apply(EW_times, 2, (value[]){ reg[0], num(0) }) });         /* repeated where it was joined */
                for (int i = 0; i < 12; i++) {
                    double f[2] = { 0, 0 }, h = 1e-6, keep_x = ((double *)x->data)[i];
                    for (int s = 0; s < 2; s++) {
                        ((double *)x->data)[i] = keep_x + (s ? h : -h);
                        struct tensor *z = tensor_of(keep(plan_run(p, reg)));
                        for (int k = 0; k < z->numel; k++)
                            f[s] += element_double(z, k) * ((double *)w->data)[k];
                    }
                    ((double *)x->data)[i] = keep_x;
                    double want = (f[1] - f[0]) / (2 * h), got = element_double(tensor_of(g), i);
                    if (!(fabs(got - want) <= 1e-5 * (1 + fabs(want))))
                        ck_abort_msg("%s along %d, element %d: gradient %.9g, differences %.9g", reduce_rows[op].name, d, i, got, want);
                }
            }
            plan_free(back);
            plan_free(p);
            pool_release(mark);
        }
    context_free(c);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("ew_grad");
    tcase_add_test(t, rows_differentiate);
    tcase_add_test(t, rows_differentiate_in_the_complex_plane);
    tcase_add_test(t, derivatives_differentiate);
    tcase_add_test(t, reductions_differentiate);
    return unit_run("ew_grad", t, 100, CK_FORK_GETENV);
}
