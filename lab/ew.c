/* SPDX-License-Identifier: BSD-3-Clause */
/* ew.c: the rows of ops.def as functions: by name, on values, on scalars, as builtins with their help.
 *
 * What a row's name does beyond the row stands here: plus, times, and, or of many arguments; log2 with two results;
 * pow2 and psi with two arguments; idivide with a rounding; round-offs of names (angle, lgamma). */
#include "config.h"
#include "lab/ew.h"
#include "lab/gpu.h"
#include <math.h>

static const struct { const char *other; int op; } aliases[] = {
#define OP1(...)
#define OP2(...)
#define TEST1(...)
#define TEST2(...)
#define BYTE1(...)
#define BYTE2(...)
#define ALIAS(other, name) { #other, EW_##name },
#include "ops.def"
};

const char *ew_name(int op) { return ew_rows[op].name; }
int ew_args(int op) { return ew_rows[op].args; }
bool ew_real_of_complex(int op) { return ew_rows[op].class == PART || ew_rows[op].class == PARTF; }
bool ew_scalar_logical(int op) { return ew_rows[op].class == TEST || ew_rows[op].class == BYTE; }

static int row_named(const char *name)
{
    for (int i = 0; i < EW_OPS; i++)
        if (!strcmp(name, ew_rows[i].name))
            return i;
    for (int i = 0; i < COUNT(aliases); i++)
        if (!strcmp(name, aliases[i].other))
            return aliases[i].op;
    return -1;
}

int ew_find(sym name, int nargin)
{
    int op = row_named(name->text);
    return op >= 0 && ew_rows[op].args == nargin && (ew_rows[op].help[0] || op == EW_max || op == EW_min) &&
                   op != EW_idivide
               ? op
               : -1;
}

static bool many(int op)                      /* rows that take any number of arguments */
{
    return op == EW_plus || op == EW_times || op == EW_and || op == EW_or || op == EW_xor || op == EW_gcd || op == EW_lcm ||
           op == EW_bitand || op == EW_bitor || op == EW_bitxor;
}

value ew_apply(int op, int nargin, const value *arg)
{
    const struct ew_row *row = &ew_rows[op];
    if (nargin < row->args || (nargin > row->args && !many(op)))
        fail("Octave:invalid-fun-call", "%s: takes %d argument%s, not %d", row->name, row->args,
             row->args > 1 ? "s" : "", nargin);
    value y = keep(ew_op(op, nargin, arg));
    for (int i = 2; i < nargin; i++)
        y = keep(ew_op(op, 2, (value[]){ y, arg[i] }));
    return y;
}

/* ---- scalars: one vector of equal lanes through the kernel */
double ew_scalar1(int op, double x, bool *ok)
{
    return ew_scalar2(op, x, x, ok);
}

double ew_scalar2(int op, double x, double y, bool *ok)
{
    double r[8] __attribute__((aligned(64)));
    const struct ew_row *row = &ew_rows[op];
    if (row->class == MAKEC) {
        *ok = false;
        return 0;
    }
    if (row->class == BYTE) {
        bool p = x != 0, q = y != 0;
        *ok = x == x && y == y;
        return op == EW_and ? p & q : op == EW_or ? p | q : op == EW_xor ? p ^ q : !p;
    }
    if (op == EW_power || op == EW_realpow) {
        if (y == 2) {
            *ok = true;
            return x * x;
        }
    }
    if (x > 0 && y > 0 && x < 0x1p53 && y < 0x1p53) {         /* whole numbers: the bits of the vector's lane, without it */
        int64_t i = (int64_t)x, j = (int64_t)y;
        if ((double)i == x && (double)j == y) {
            *ok = true;
            switch (op) {
            case EW_mod: case EW_rem: return (i | j) >> 32 ? (double)(i % j) : (double)((uint32_t)i % (uint32_t)j);
            case EW_bitand: return (double)(i & j);
            case EW_bitor: return (double)(i | j);
            case EW_bitxor: return (double)(i ^ j);
            }
        }
    }
    *ok = !ew_simd->k[op][T_D][SS](r, &x, &y, 1);
    return row->class == TEST ? *(uint8_t *)r : r[0];
}

/* ---- builtins */
static void run_row(struct call *c, int op)
{
    value v = c->arg[0];                      /* of what is real the real part and the conjugate are itself */
    if ((op == EW_conj || op == EW_real) && c->nargin == 1 && v.kind == K_TENSOR && !v.t->mark && !v.t->device &&
        dtype_is(v.t->dtype, DT_F | DT_I) && !dtype_is(v.t->dtype, DT_C)) {
        result(c, 0, v);
        return;
    }
    result(c, 0, ew_apply(op, c->nargin, c->arg));
}

static void run_log2(struct call *c)
{
    if (c->nargout < 2) {
        run_row(c, EW_log2);
        return;
    }
    struct tensor *x = arg_double(c, 0), *f = tensor_new(D_DOUBLE, x->nd, x->dim), *e = tensor_new(D_DOUBLE, x->nd, x->dim);
    for (i64 i = 0; i < x->numel; i++) {
        int k = 0;
        ((double *)f->data)[i] = frexp(((double *)x->data)[i], &k);
        ((double *)e->data)[i] = k;
    }
    result_tensor(c, 0, f);
    result_tensor(c, 1, e);
}

/* [g, v1, v2] = gcd(a, b): g = v1 .* a + v2 .* b, by the signs of a and b */
static void run_gcd(struct call *c)
{
    if (c->nargout < 2 || c->nargin != 2) {
        if (c->nargout > 1)
            fail("Octave:invalid-fun-call", "gcd: the factors are found for two numbers, but there are %d arguments",
                 (int)c->nargin);
        run_row(c, EW_gcd);
        return;
    }
    value g = ew_apply(EW_gcd, 2, c->arg), zero = ew_apply(EW_times, 2, (value[]){ g, num(0) });
    struct tensor *x[2], *r[2], *like = tensor_of(g);
    for (int k = 0; k < 2; k++) {
        x[k] = tensor_dense(tensor_cast(
            tensor_of(ew_apply(EW_plus, 2, (value[]){ ew_apply(EW_times, 2, (value[]){ c->arg[k], num(1) }), zero })),
            D_DOUBLE));
        r[k] = tensor_new(D_DOUBLE, like->nd, like->dim);
    }
    for (i64 i = 0; i < like->numel; i++) {
        double a = ((double *)x[0]->data)[i], b = ((double *)x[1]->data)[i], u = 1, v = 0, u1 = 0, v1 = 1, p = fabs(a),
               q = fabs(b);
        while (q > 0) {
            double n = floor(p / q), t = p - n * q;
            p = q, q = t;
            t = u - n * u1, u = u1, u1 = t;
            t = v - n * v1, v = v1, v1 = t;
        }
        ((double *)r[0]->data)[i] = a < 0 ? -u : u;
        ((double *)r[1]->data)[i] = b < 0 ? -v : v;
    }
    result(c, 0, g);
    for (int k = 0; k < 2; k++)
        result_tensor(c, k + 1, tensor_cast(r[k], like->dtype));
}

static void run_pow2(struct call *c)
{
    if (c->nargin < 2) {
        run_row(c, EW_pow2);
        return;
    }
    value p = ew_apply(EW_pow2, 1, &c->arg[1]);
    result(c, 0, ew_apply(EW_times, 2, (value[]){ c->arg[0], p }));
}

static void run_psi(struct call *c)           /* psi(k, x): k is checked here, since a row can only answer NaN */
{
    if (c->nargin < 2) {
        run_row(c, EW_psi);
        return;
    }
    struct tensor *k = value_device(c->arg[0]) ? tensor_cast(tensor_of(gpu_read_value(c->arg[0], "psi")), D_DOUBLE) : arg_double(c, 0);
    for (i64 i = 0; i < k->numel; i++) {
        double x = ((double *)k->data)[i];
        if (!(x >= 0 && x <= 170 && x == floor(x)))
            fail("Octave:bad-input", "psi: k must be a whole number from 0 to 170, but is %g", x);
    }
    result(c, 0, ew_apply(EW_polygamma, 2, c->arg));
}

static void run_idivide(struct call *c)
{
    static const char *const names[] = { "fix", "round", "floor", "ceil", NULL };
    int how = c->nargin > 2 ? arg_option(c, 2, names) : 0, dt[2];
    for (int i = 0; i < 2; i++)
        dt[i] = is_tensor_like(c->arg[i]) ? value_dtype(c->arg[i]) : D_DOUBLE;
    if (!dtype_is(dt[0], DT_I) && !dtype_is(dt[1], DT_I))
        fail("Octave:bad-input", "idivide: at least one of a and b must be of an integer class, but they are %s and %s",
             class_of(c->arg[0]), class_of(c->arg[1]));
    if (how == 0) {
        result(c, 0, ew_apply(EW_idivide, 2, c->arg));
        return;
    }
    if (how == 1) {
        result(c, 0, ew_apply(EW_rdivide, 2, c->arg));
        return;
    }
    /* floor and ceil: from the quotient towards zero, one step where the signs ask for it and something is left */
    value q = ew_apply(EW_idivide, 2, c->arg), left = ew_apply(EW_rem, 2, c->arg), zero = num(0);
    value rest = ew_apply(EW_ne, 2, (value[]){ left, zero }), na = ew_apply(EW_lt, 2, (value[]){ c->arg[0], zero });
    value nb = ew_apply(EW_lt, 2, (value[]){ c->arg[1], zero }), x = ew_apply(EW_xor, 2, (value[]){ na, nb });
    if (how == 3)
        x = ew_apply(EW_not, 1, &x);
    value nonzero = ew_apply(EW_ne, 2, (value[]){ c->arg[1], zero });
    value step = ew_apply(EW_and, 3, (value[]){ rest, x, nonzero });
    result(c, 0, ew_apply(how == 2 ? EW_minus : EW_plus, 2, (value[]){ q, step }));
}

static void run_complex(struct call *c)
{
    if (c->nargin == 1 && is_tensor_like(c->arg[0]) && dtype_is(tensor_of(c->arg[0])->dtype, DT_C))
        result(c, 0, c->arg[0]);
    else if (c->nargin == 1)
        result(c, 0, ew_apply(EW_complex, 2, (value[]){ c->arg[0], num(0) }));
    else
        run_row(c, EW_complex);
}

#define OWN_(name) EW_##name == EW_log2 ? run_log2 : EW_##name == EW_pow2 ? run_pow2 : EW_##name == EW_gcd ? run_gcd : EW_##name == EW_psi ? run_psi : EW_##name == EW_idivide ? run_idivide : EW_##name == EW_complex ? run_complex : name##_run
#define OP1(name, ...) static void name##_run(struct call *c) { run_row(c, EW_##name); }
#define OP2 OP1
#define TEST1 OP1
#define TEST2 OP1
#define BYTE1 OP1
#define BYTE2 OP1
#define ALIAS(other, name)
#include "ops.def"

#define MOST_(name, args) (EW_##name == EW_plus || EW_##name == EW_times || EW_##name == EW_and || EW_##name == EW_or || EW_##name == EW_xor ||                \
                           EW_##name == EW_gcd || EW_##name == EW_lcm || EW_##name == EW_bitand || EW_##name == EW_bitor || EW_##name == EW_bitxor ? ANY :     \
                           EW_##name == EW_pow2 || EW_##name == EW_psi ? 2 : EW_##name == EW_idivide ? 3 : args)
#define LEAST_(name, args) (EW_##name == EW_complex ? 1 : args)
#define ROW_(name, args, help) { #name, LEAST_(name, args), MOST_(name, args), EW_##name == EW_log2 ? 2 : EW_##name == EW_gcd ? 3 : 1, OWN_(name), grad_pass, help },
const struct builtin ew_builtins[] = {
#define OP1(name, class, body, cbody, domain, da, help) ROW_(name, 1, help)
#define OP2(name, class, body, cbody, domain, da, db, help) ROW_(name, 2, help)
#define TEST1(name, body, cbody, help) ROW_(name, 1, help)
#define TEST2(name, body, cbody, help) ROW_(name, 2, help)
#define BYTE1(name, body, help) ROW_(name, 1, help)
#define BYTE2(name, body, help) ROW_(name, 2, help)
#define ALIAS(other, name) { #other, 1, 1, 1, name##_run, grad_pass, "y = " #other "(x)\n\nThe same as " #name ".\n\nExample:\n  " #other "(1) - " #name "(1)\n  ans = 0\n\nSee also: " #name },
#include "ops.def"
};
const int ew_builtin_count = COUNT(ew_builtins);
