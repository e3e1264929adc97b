/* SPDX-License-Identifier: BSD-3-Clause */
/* Elementwise programs: every row of ops.def, for every class and layout of its operands, against the same row on single
 * elements; fused against op by op; one thread against two; AVX2 against AVX-512; kernels against libm.  A NaN is a NaN. */
#include "lab/ew.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

static uint64_t seed = 1;
static uint32_t dice(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}
static const double wild[] = { 0, -0., 1, -1, 0.5, 2, -2, 3, 1e300, -1e300, INFINITY, -INFINITY, NAN, 5e-324, 1e-310, 700, -745, 1e6, -3e9, 2.5 };

static struct context *context;
static void in(void) { context_enter(context = context_new()); }
static void out(void) { context_free(context); }

/* ---- values to compute on */
static double sample(int dt, int how)
{
    if (dtype_is(dt, DT_I | DT_T))
        return (double)(int)dice(how ? 300 : 12) - (dtype_is(dt, DT_S) ? (how ? 150 : 5) : 0);
    if (dt == D_LOGICAL)
        return dice(2);
    if (how && dice(3) == 0)
        return wild[dice(COUNT(wild))];
    return ((double)dice(1 << 24) / (1 << 24) - (how ? 0.5 : 0)) * (how ? 20 : 1);
}

static struct tensor *random_tensor(int dt, int nd, const i64 *dim, int how)
{
    struct tensor *t = tensor_new(D_DOUBLE, nd, dim), *u;
    for (i64 i = 0; i < t->numel; i++)
        ((double *)t->data)[i] = sample(dt, how);
    u = tensor_cast(t, dt);
    if (dt == D_CDOUBLE)
        for (i64 i = 0; i < t->numel; i++)
            ((double *)u->data)[2 * i + 1] = sample(D_DOUBLE, how);
    if (dt == D_CSINGLE)
        for (i64 i = 0; i < t->numel; i++)
            ((float *)u->data)[2 * i + 1] = (float)sample(D_DOUBLE, how);
    return u;
}

/* the same size as dim, but with strides: every second row, or transposed */
static struct tensor *strided(int dt, i64 r, i64 c, int how)
{
    if (dice(2)) {
        struct tensor *t = random_tensor(dt, 2, (i64[]){ c, MAX(r, 60) }, how);
        return tensor_alias(t, 2, (i64[]){ r, c }, (i64[]){ c, 1 }, 0);
    }
    struct tensor *t = random_tensor(dt, 2, (i64[]){ 2 * r, MAX(c, 60) }, how);
    return tensor_alias(t, 2, (i64[]){ r, c }, (i64[]){ 2, 2 * r }, 0);
}

static bool same_part(double a, double b) { return (a == b && signbit(a) == signbit(b)) || (a != a && b != b); }
static bool same_element(value a, value b)
{
    if (a.kind == K_NUM && b.kind == K_NUM) {
        if (a.dtype != b.dtype)
            return false;
        return a.dtype == D_INT64 || a.dtype == D_UINT64 ? a.i == b.i : same_part(a.num, b.num);
    }
    struct tensor *x = tensor_of(a), *y = tensor_of(b);
    int dt = promote(x->dtype, y->dtype);
    x = tensor_cast(x, dt), y = tensor_cast(y, dt);
    if (dt == D_CDOUBLE)
        return same_part(((double *)x->data)[0], ((double *)y->data)[0]) && same_part(((double *)x->data)[1], ((double *)y->data)[1]);
    if (dt == D_CSINGLE)
        return same_part(((float *)x->data)[0], ((float *)y->data)[0]) && same_part(((float *)x->data)[1], ((float *)y->data)[1]);
    return false;
}
static bool same_value(value a, value b)
{
    struct tensor *x = tensor_of(a), *y = tensor_of(b);
    if (!dims_equal(x->nd, x->dim, y->nd, y->dim) || x->dtype != y->dtype)
        return false;
    for (i64 i = 0; i < x->numel; i++)
        if (!same_element(element_value(x, i), element_value(y, i)))
            return false;
    return true;
}
static const char *text_of(value v)
{
    static char s[4][300];
    static int k;
    char *p = s[k++ & 3];
    struct tensor *t = tensor_of(v);
    int n = snprintf(p, 300, "%s %d%s:", tensor_shape(t, (char[128]){ 0 }), t->dtype, dtypes[t->dtype].class);
    for (i64 i = 0; i < t->numel && i < 8 && n < 250; i++)
        n += snprintf(p + n, 300 - (size_t)n, " %.17g", element_double(t, i));
    return p;
}

/* ---- rows */
struct attempt { int op, nargin; value arg[2], y; };
static void attempt_body(void *p)
{
    struct attempt *a = p;
    a->y = ew_apply(a->op, a->nargin, a->arg);
}
static bool attempt(struct attempt *a) { return !protect(attempt_body, a); }

static i64 broadcast_offset(const struct tensor *t, const struct tensor *y, i64 i)
{
    i64 o = 0, step = 1;
    for (int d = 0; d < y->nd; d++) {
        i64 k = i % y->dim[d];
        i /= y->dim[d];
        if (d < t->nd) {
            o += (t->dim[d] == 1 ? 0 : k) * step;
            step *= t->dim[d];
        }
    }
    return o;
}

static int layouts;
static void check_row(int op, int da, int db, int layout, int how)
{
    int mark = pool_mark(), args = ew_rows[op].args;
    static const i64 shapes[][2] = { { 3, 5 }, { 1, 9 }, { 35, 3 }, { 1, 1 }, { 0, 4 }, { 67, 2 }, { 17, 1 } };
    const i64 *s = shapes[dice(COUNT(shapes))];
    struct tensor *x, *y = NULL;
    i64 r = s[0], c = s[1];
    switch (layout) {
    case 0: x = random_tensor(da, 2, s, how); y = random_tensor(db, 2, s, how); break;
    case 1: x = strided(da, r, c, how); y = strided(db, r, c, how); break;
    case 2: x = random_tensor(da, 2, (i64[]){ r, 1 }, how); y = random_tensor(db, 2, (i64[]){ r, c }, how); break;
    case 3: x = random_tensor(da, 2, (i64[]){ r, c }, how); y = random_tensor(db, 2, (i64[]){ 1, c }, how); break;
    case 4: x = random_tensor(da, 2, (i64[]){ r, 1 }, how); y = random_tensor(db, 2, (i64[]){ 1, c }, how); break;
    case 5: x = random_tensor(da, 3, (i64[]){ 3, 1, 4 }, how); y = random_tensor(db, 3, (i64[]){ 3, 5, 4 }, how); break;
    case 6: x = random_tensor(da, 2, (i64[]){ 1, 1 }, how); y = random_tensor(db, 2, s, how); break;
    case 7: x = random_tensor(da, 2, s, how); y = random_tensor(db, 2, (i64[]){ 1, 1 }, how); break;
    default: x = random_tensor(da, 4, (i64[]){ 2, 3, 1, 2 }, how); y = random_tensor(db, 3, (i64[]){ 1, 3, 2 }, how); break;
    }
    if (args < 2)
        y = x;
    struct attempt whole = { op, args, { tensor_value(x), tensor_value(y) }, nil() };
    bool ok = attempt(&whole);
    struct tensor *dx = tensor_dense(x), *dy = tensor_dense(y), *z = ok ? tensor_of(whole.y) : NULL;
    if (ok) {
        for (i64 i = 0; i < z->numel; i++) {
            struct attempt one = { op, args, { element_value(dx, broadcast_offset(dx, z, i)), element_value(dy, broadcast_offset(dy, z, i)) }, nil() };
            if (!attempt(&one))
                ck_abort_msg("%s: an element fails, the whole does not: %s", ew_name(op), failure()->message);
            /* Complex is a property of the whole: a real element among complex ones, or beside one that left the reals, was
               computed in complex too, and may differ from what it is alone. */
            bool other = dtype_is(z->dtype, DT_C) && one.arg[0].kind == K_NUM && one.arg[1].kind == K_NUM;
            for (int k = 0; k < 2; k++)
                other |= dtype_is((k ? dy : dx)->dtype, DT_C) && one.arg[k].kind == K_NUM;
            if (other || op == EW_complex)
                continue;
            value w = element_value(z, i);
            if (!same_element(w, one.y))
                ck_abort_msg("%s(%s, %s) layout %d element %d: %s but alone %s; of %s and %s", ew_name(op), dtypes[da].class, dtypes[db].class, layout, (int)i,
                             text_of(w), text_of(one.y), text_of(one.arg[0]), text_of(one.arg[1]));
        }
    }
    layouts++;
    pool_release(mark);
}

START_TEST(rows_are_elementwise)
{
    in();
    for (int op = 0; op < EW_OPS; op++)
        for (int da = 0; da < DTYPES; da++)
            for (int db = 0; db < DTYPES; db++) {
                if (ew_rows[op].args < 2 ? db > 0 : op > EW_xor && dice(4))          /* rare rows: a quarter of the pairs */
                    continue;
                for (int layout = 0; layout < 9; layout += ew_rows[op].args < 2 ? 1 : 1 + (int)dice(3))
                    check_row(op, da, ew_rows[op].args < 2 ? da : db, layout, layout & 1);
            }
    ck_assert_int_gt(layouts, 10000);
    out();
}
END_TEST

/* ---- trees */
enum { TREE = 12 };
static struct plan *random_plan(struct plan_node *q, int *leaves, bool reduce)
{
    static const int real[] = { EW_plus, EW_minus, EW_times, EW_rdivide, EW_exp, EW_sin, EW_tanh, EW_abs, EW_uminus, EW_gt, EW_le, EW_and, EW_not,
                                EW_max, EW_floor, EW_sqrt, EW_power, EW_atan, EW_isnan, EW_mod, EW_log, EW_sign, EW_sigmoid, EW_hypot, EW_square };
    int n = 0, top = 0, stack[TREE];
    *leaves = 0;
    for (int k = 0; k < TREE - 2 || top > 1; k++) {
        int op = real[dice(COUNT(real))], args = ew_args(op);
        if (top < args || (k < TREE - 2 && dice(3) == 0 && top < TREE - 1)) {
            if (k >= TREE - 2)
                continue;
            q[n] = dice(4) ? (struct plan_node){ .kind = PN_LEAF, .a = (int)dice(4), .b = -1 }
                           : (struct plan_node){ .kind = PN_NUM, .num = num((double)dice(8) / 2 - 1), .b = -1 };
            *leaves += q[n].kind == PN_LEAF;
            stack[top++] = n++;
            continue;
        }
        top -= args;
        q[n] = (struct plan_node){ .kind = PN_OP, .op = (uint16_t)op, .a = stack[top], .b = args > 1 ? stack[top + 1] : -1 };
        stack[top++] = n++;
    }
    if (reduce) {
        static const int reds[] = { RED_sum, RED_mean, RED_max, RED_min, RED_any, RED_all, RED_sumsq, RED_prod };
        int dim = -1;
        if (dice(2)) {
            q[n] = (struct plan_node){ .kind = PN_NUM, .num = num(1 + dice(2)), .b = -1 };
            dim = n++;
        }
        q[n] = (struct plan_node){ .kind = PN_REDUCE, .op = (uint16_t)reds[dice(COUNT(reds))], .a = stack[0], .b = dim };
        n++;
    }
    return plan_new(n, q);
}

struct run { struct plan *p; value *reg, y; };
static void run_body(void *v)
{
    struct run *r = v;
    r->y = plan_run(r->p, r->reg);
}

static void trees(int rounds, i64 most)
{
    for (int k = 0; k < rounds; k++) {
        int mark = pool_mark(), leaves;
        struct plan_node q[64];
        struct plan *p = random_plan(q, &leaves, k & 1);
        i64 r = 1 + dice((uint32_t)most), c = 1 + dice(dice(4) ? 6 : 90);
        value reg[4];
        static const int classes[] = { D_DOUBLE, D_DOUBLE, D_SINGLE, D_UINT8, D_LOGICAL, D_INT16, D_CHAR };
        for (int i = 0; i < 4; i++) {
            int dt = classes[dice(COUNT(classes))], how = dice(4) == 0;
            switch (dice(8)) {
            case 0: reg[i] = num(sample(D_DOUBLE, 0)); break;
            case 1: reg[i] = tensor_value(random_tensor(dt, 2, (i64[]){ r, 1 }, how)); break;
            case 2: reg[i] = tensor_value(random_tensor(dt, 2, (i64[]){ 1, c }, how)); break;
            case 3: reg[i] = tensor_value(strided(dt, r, c, how)); break;
            default: reg[i] = tensor_value(random_tensor(dt, 2, (i64[]){ r, c }, how)); break;
            }
        }
        struct run one = { p, reg, nil() };
        value got[4];
        bool failed[4];
        for (int way = 0; way < 4; way++) {   /* op by op; fused; two threads; small blocks */
            ew_fused = way != 0;
            ew_threads = way == 2 ? 2 : 1;
            ew_grain = way == 2 ? 512 : 1 << 30;
            ew_block = way == 3 ? 512 : 0;
            failed[way] = protect(run_body, &one);
            got[way] = failed[way] ? nil() : keep(one.y);
            if (failed[way] != failed[0])
                ck_abort_msg("round %d way %d: fails one way only: %s", k, way, failure()->message);
            if (!failed[way] && !same_value(got[way], got[0]))
                ck_abort_msg("round %d way %d: %s but op by op %s\n%s", k, way, text_of(got[way]), text_of(got[0]), plan_text(p).t->data);
        }
        ew_block = 0;
        plan_free(p);
        pool_release(mark);
    }
    ew_fused = true;
    ew_threads = 1;
    ew_grain = 200000;
}

START_TEST(fusing_is_invisible)
{
    in();
    trees(3000, 40);
    trees(150, 3000);
    out();
}
END_TEST

/* ---- instruction sets */
START_TEST(avx2_and_avx512_agree)
{
#if defined __x86_64__
    if (!__builtin_cpu_supports("avx512f") || ew_simd != &ew_simd512)
        return;
    enum { N = 4096 };
    static double a[N + 16], b[N + 16], x[N + 16], y[N + 16];
    static float fa[N + 16], fb[N + 16], fx[N + 16], fy[N + 16];
    for (int i = 0; i < N; i++) {
        a[i] = dice(8) ? ((double)dice(1 << 30) / (1 << 30) - 0.4) * (dice(2) ? 2 : 200) : wild[dice(COUNT(wild))];
        b[i] = dice(8) ? ((double)dice(1 << 30) / (1 << 30) - 0.4) * (dice(2) ? 2 : 20) : wild[dice(COUNT(wild))];
        fa[i] = (float)a[i], fb[i] = (float)b[i];
    }
    for (int op = 0; op < EW_OPS; op++)
        for (int form = VV; form <= SV; form++) {
            ew_kernel *p = ew_simd256.k[op][T_D][form], *q = ew_simd512.k[op][T_D][form];
            if (p) {
                p(x, a, b, N), q(y, a, b, N);
                for (int i = 0; i < N; i++)
                    if (ew_rows[op].class == TEST ? ((char *)x)[i] != ((char *)y)[i] : !same_part(x[i], y[i]))
                        ck_abort_msg("%s double form %d: %.17g %.17g: AVX2 %.17g, AVX-512 %.17g", ew_name(op), form, a[i], b[i], x[i], y[i]);
            }
            p = ew_simd256.k[op][T_F][form], q = ew_simd512.k[op][T_F][form];
            if (p) {
                p(fx, fa, fb, N), q(fy, fa, fb, N);
                for (int i = 0; i < N; i++)
                    if (ew_rows[op].class == TEST ? ((char *)fx)[i] != ((char *)fy)[i] : !same_part(fx[i], fy[i]))
                        ck_abort_msg("%s single form %d: %.9g %.9g: AVX2 %.9g, AVX-512 %.9g", ew_name(op), form, fa[i], fb[i], fx[i], fy[i]);
            }
        }
#endif
}
END_TEST

/* ---- against libm: every kernel within 2 ulp (SLEEF promises 1) on each instruction set */
START_TEST(kernels_are_right)
{
    static const struct { int op; double (*f)(double); double lo, hi; } f[] = {
        { EW_exp, exp, -700, 700 }, { EW_log, log, 0, 1e3 }, { EW_sin, sin, -100, 100 }, { EW_cos, cos, -100, 100 }, { EW_tan, tan, -10, 10 },
        { EW_tanh, tanh, -20, 20 }, { EW_sqrt, sqrt, 0, 1e6 }, { EW_cbrt, cbrt, -1e6, 1e6 }, { EW_expm1, expm1, -1, 1 }, { EW_log1p, log1p, -0.9, 10 },
        { EW_log2, log2, 0, 1e3 }, { EW_log10, log10, 0, 1e3 }, { EW_asin, asin, -1, 1 }, { EW_acos, acos, -1, 1 }, { EW_atan, atan, -10, 10 },
        { EW_sinh, sinh, -10, 10 }, { EW_cosh, cosh, -10, 10 }, { EW_asinh, asinh, -10, 10 }, { EW_acosh, acosh, 1, 10 }, { EW_atanh, atanh, -1, 1 },
        { EW_erf, erf, -3, 3 }, { EW_erfc, erfc, -3, 10 }, { EW_gamma, tgamma, 0.1, 100 }, { EW_gammaln, lgamma, 3, 1e3 }, { EW_pow2, exp2, -10, 10 },
        { EW_round, round, -10, 10 }, { EW_fix, trunc, -10, 10 }, { EW_floor, floor, -10, 10 }, { EW_ceil, ceil, -10, 10 } };
    const struct ew_simd *of[] = { &ew_simd128, ew_simd };
    for (int v = 0; v < 2; v++)
        for (int i = 0; i < COUNT(f); i++)
            for (int k = 0; k < 2000; k++) {
                double x[8], y[8];
                for (int j = 0; j < 8; j++)
                    x[j] = f[i].lo + (f[i].hi - f[i].lo) * ((double)dice(1 << 30) / (1 << 30));
                of[v]->k[f[i].op][T_D][VV](y, x, x, 8);
                for (int j = 0; j < 8; j++) {
                    double w = f[i].f(x[j]), ulp = fabs(nextafter(w, INFINITY) - w);
                    if (!(fabs(y[j] - w) <= (f[i].op == EW_gamma ? 10 : f[i].op == EW_erfc ? 4 : 2.5) * ulp))       /* glibc's tgamma errs by several */
                        ck_abort_msg("%s of %.17g: %.17g, libm %.17g (%s)", ew_name(f[i].op), x[j], y[j], w, of[v]->name);
                }
            }
    const struct ew_simd *ours[] = { ew_simd, &ew_simd128 };
    for (int v = 0; v < 2; v++) {             /* singles: roots are the instruction's, in both octaves; the rest against double */
        static float x[1024 + 16], y[1024 + 16];
        for (uint32_t b = 0x3F800000; b < 0x40800000; b += 1024) {
            for (uint32_t i = 0; i < 1024; i++)
                memcpy(&x[i], &(uint32_t){ b + i }, 4);
            ours[v]->k[EW_sqrt][T_F][VV](y, x, x, 1024);
            for (int i = 0; i < 1024; i++)
                if (y[i] != sqrtf(x[i]))
                    ck_abort_msg("sqrt of single %a: %a (%s)", x[i], y[i], ours[v]->name);
        }
        static const float edge[] = { 0, 1e-45f, 1e-38f, 7e-31f, 1e-20f, 1e19f, 3e38f, INFINITY, NAN };
        for (int i = 0; i < 1024; i++)
            x[i] = edge[i % COUNT(edge)];
        ours[v]->k[EW_sqrt][T_F][VV](y, x, x, 1024);
        for (int i = 0; i < 1024; i++)
            ck_assert(same_part(y[i], sqrtf(x[i])));
        static const struct { int op; double e, lo, hi; } g[] = { { EW_exp, 0, -87, 88 }, { EW_tanh, 0, -10, 10 }, { EW_sigmoid, 0, -20, 20 },
            { EW_erf, 0, -5, 5 }, { EW_erf, 0, -0.1, 0.1 }, { EW_power, 2.5, 1e-6, 1e6 }, { EW_power, 1.5, 1e-6, 1e6 }, { EW_power, 3, -1e6, 1e6 }, { EW_power, 2.5, 1e14, 1e16 } };
        for (int f = 0; f < COUNT(g); f++)
            for (int k = 0; k < 100; k++) {
                float e = (float)g[f].e;
                for (int i = 0; i < 1024; i++)
                    x[i] = (float)(g[f].lo + (g[f].hi - g[f].lo) * ((double)dice(1 << 30) / (1 << 30)));
                (g[f].op == EW_power ? ours[v]->power_by[T_F] : ours[v]->k[g[f].op][T_F][VV])(y, x, &e, 1024);
                for (int i = 0; i < 1024; i++) {
                    double a = x[i], w = g[f].op == EW_erf ? erf(a) :
                        g[f].op == EW_exp ? exp(a) : g[f].op == EW_tanh ? tanh(a) : g[f].op == EW_sigmoid ? 1 / (1 + exp(-a)) : pow(a, e);
                    if ((float)w != y[i] && !(fabs(y[i] - w) <= 2.5 * fabs(nextafterf((float)w, 0) - (double)(float)w)))
                        ck_abort_msg("%s of single %a: %a, not %a (%s)", ew_name(g[f].op), x[i], y[i], w, ours[v]->name);
                }
            }
    }
    bool ok;
    ck_assert(!signbit(ew_scalar2(EW_power, -0., 0.5, &ok)));
    for (int e = -20; e <= 22; e++) {         /* what is an integer or a power comes out so */
        if (e >= 0) {
            double p = 1;
            for (int i = 0; i < e; i++)
                p *= 10;
            ck_assert_double_eq(ew_scalar2(EW_power, 10, e, &ok), p);
            ck_assert_double_eq(ew_scalar1(EW_log10, p, &ok), e);
        }
        ck_assert_double_eq(ew_scalar2(EW_power, 2, e, &ok), ldexp(1, e));
        ck_assert_double_eq(ew_scalar1(EW_log2, ldexp(1, e), &ok), e);
        ck_assert_double_eq(ew_scalar1(EW_pow2, e, &ok), ldexp(1, e));
    }
    for (int i = 1; i < 20; i++) {
        ck_assert_double_eq(ew_scalar1(EW_cbrt, i * i * i, &ok), cbrt(i * i * i));       /* the C library's, as Octave */
        ck_assert_double_eq(ew_scalar2(EW_nthroot, i * i * i, 3, &ok), cbrt(i * i * i));
        ck_assert_double_eq(ew_scalar2(EW_power, i, 3, &ok), i * i * i);
        ck_assert_double_eq(ew_scalar2(EW_hypot, 3 * i, 4 * i, &ok), 5 * i);
    }
    ew_scalar1(EW_sqrt, -1, &ok);
    ck_assert(!ok);
    ew_scalar2(EW_power, -8, 1.0 / 3, &ok);
    ck_assert(!ok);
    ck_assert_double_eq(ew_scalar2(EW_power, -2, 3, &ok), -8);
    ck_assert(ok);
}
END_TEST

/* ---- the summation tree, written out */
static double tree(double *x, i64 n)
{
    while (n > 1) {
        i64 m = (n + 1023) / 1024;
        for (i64 b = 0; b < m; b++) {
            double a[64] = { 0 };
            for (i64 i = b * 1024; i < n && i < b * 1024 + 1024; i++)
                a[i & 63] += x[i];
            for (int h = 32; h; h /= 2)
                for (int i = 0; i < h; i++)
                    a[i] += a[i + h];
            x[b] = a[0];
        }
        n = m;
    }
    return n ? x[0] : 0;
}
START_TEST(sums_follow_the_tree)
{
    in();
    static const i64 sizes[] = { 1, 2, 3, 63, 64, 65, 127, 128, 129, 500, 1023, 1024, 1025, 2000, 4096, 5000, 70000, 1100000 };
    for (int k = 0; k < COUNT(sizes); k++) {
        int mark = pool_mark();
        i64 n = sizes[k];
        struct tensor *t = random_tensor(D_DOUBLE, 2, (i64[]){ n, 1 }, 0);
        double *x = malloc(8 * (size_t)n);
        memcpy(x, t->data, 8 * (size_t)n);
        double want = tree(x, n);
        for (int threads = 1; threads <= 2; threads++) {
            ew_threads = threads;
            ck_assert_double_eq(reduce_apply(RED_sum, tensor_value(t), 0).num, want);
            ck_assert_double_eq(reduce_apply(RED_sum, tensor_value(tensor_reshape(t, 2, (i64[]){ 1, n })), 2).num, want);
        }
        if (n > 1 && n < 5000) {              /* columns of a matrix: each its own tree; along the rows runs of 64, pairwise */
            struct tensor *m = random_tensor(D_DOUBLE, 2, (i64[]){ n, 5 }, 0), *s = tensor_of(reduce_apply(RED_sum, tensor_value(m), 0));
            for (int c = 0; c < 5; c++) {
                memcpy(x, (double *)m->data + c * n, 8 * (size_t)n);
                ck_assert_double_eq(((double *)s->data)[c], tree(x, n));
            }
            m = random_tensor(D_DOUBLE, 2, (i64[]){ 3, n }, 0);
            s = tensor_of(reduce_apply(RED_sum, tensor_value(m), 2));
            for (int r = 0; r < 3; r++) {
                double stack[20];
                int top = 0;
                for (i64 run = 0, c = 0; c < n; run++) {
                    stack[top] = 0;
                    for (i64 e = MIN(c + 64, n); c < e; c++)
                        stack[top] += ((double *)m->data)[c * 3 + r];
                    top++;
                    for (i64 q = run; q & 1; q >>= 1, top--)
                        stack[top - 2] += stack[top - 1];
                }
                for (; top > 1; top--)
                    stack[top - 2] += stack[top - 1];
                ck_assert_double_eq(((double *)s->data)[r], stack[0]);
            }
        }
        free(x);
        pool_release(mark);
    }
    out();
}
END_TEST

/* ---- reductions against the plainest loop, every class, every dimension */
START_TEST(reductions_reduce)
{
    in();
    for (int round = 0; round < 2000; round++) {
        int mark = pool_mark(), op = (int)dice(RED_OPS), dt = (int)dice(D_CDOUBLE);
        i64 dim[4] = { dice(5), dice(70), dice(4), 1 };
        int nd = 2 + (int)dice(2), d = 1 + (int)dice(4);
        struct tensor *t = random_tensor(dt, nd, dim, dice(2) && (op == RED_max || op == RED_min || op == RED_any || op == RED_all));
        if (dice(3) == 0 && nd == 2)
            t = strided(dt, dim[0], dim[1], 0);
        nd = t->nd;
        value y = reduce_apply(op, tensor_value(t), d);
        struct tensor *r = tensor_of(y), *x = tensor_dense(t);
        i64 inner = 1, len = d <= nd ? t->dim[d - 1] : 1;
        for (int k = 0; k < d - 1 && k < nd; k++)
            inner *= t->dim[k];
        if (len)
            ck_assert_int_eq(r->numel, t->numel / len);
        for (i64 k = 0; len && k < r->numel; k++) {
            i64 at = k / inner * inner * len + k % inner;
            int take = reduce_rows[op].take, after = reduce_rows[op].after;
            double s = take == TAKE_PROD ? 1 : take == TAKE_MAX || take == TAKE_MIN ? NAN : after == AFTER_ALL;
            for (i64 i = 0; i < len; i++) {
                double v = element_double(x, at + i * inner);
                switch (take) {
                case TAKE_SUM: s += v; break;
                case TAKE_PROD: s *= v; break;
                case TAKE_SUMSQ: s += v * v; break;
                case TAKE_MAX: s = v > s || s != s ? v : s; break;
                case TAKE_MIN: s = v < s || s != s ? v : s; break;
                default: s = after == AFTER_ANY ? s || (v != 0 && v == v) : s && v != 0;
                }
            }
            if (after == AFTER_MEAN)
                s /= (double)len;
            double g = element_double(r, k), tol = r->dtype == D_SINGLE ? 1e-5 : 1e-12;
            if (!(fabs(g - s) <= tol * (1 + fabs(s)) || same_part(g, s) || g == s))
                ck_abort_msg("%s of %s along %d: %.17g, not %.17g", reduce_rows[op].name, text_of(tensor_value(t)), d, g, s);
        }
        pool_release(mark);
    }
    out();
}
END_TEST

/* ---- taking over what dies */
START_TEST(dying_operands_are_taken_over_only_when_safe)
{
    in();
    struct plan_node add[] = { { .kind = PN_LEAF, .dies = 1, .a = 0, .b = -1 }, { .kind = PN_NUM, .num = num(1), .b = -1 }, { .kind = PN_OP, .op = EW_plus, .a = 0, .b = 1 } };
    struct plan_node root[] = { { .kind = PN_LEAF, .dies = 1, .a = 0, .b = -1 }, { .kind = PN_OP, .op = EW_sqrt, .a = 0, .b = -1 } };
    struct plan *p = plan_new(3, add), *q = plan_new(2, root);
    value reg[1] = { copy(tensor_box(tensor_2d(D_DOUBLE, 3, 1))) };
    pool_release(0);
    struct tensor *t = reg[0].t;
    memcpy(t->data, (double[]){ 1, 2, 3 }, 24);
    value y = plan_run(p, reg);
    ck_assert(is_nil(reg[0]) && y.t == t && ((double *)t->data)[2] == 4);
    reg[0] = copy(y);                         /* two owners: nothing is taken over */
    value z = plan_run(p, reg);
    ck_assert(z.t != t && ((double *)t->data)[2] == 4 && reg[0].t == t);
    drop(reg[0]);
    drop(z);
    reg[0] = y;
    z = plan_run(q, reg);                     /* may leave the reals: never */
    ck_assert(z.t != t && reg[0].t == t);
    drop(z);
    drop(reg[0]);
    plan_free(p);
    plan_free(q);
    out();
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("ew");
    tcase_add_test(t, kernels_are_right);
    tcase_add_test(t, avx2_and_avx512_agree);
    tcase_add_test(t, sums_follow_the_tree);
    tcase_add_test(t, reductions_reduce);
    tcase_add_test(t, rows_are_elementwise);
    tcase_add_test(t, fusing_is_invisible);
    tcase_add_test(t, dying_operands_are_taken_over_only_when_safe);
    return unit_run("ew", t, 300, CK_FORK_GETENV);
}
