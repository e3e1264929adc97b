/* SPDX-License-Identifier: BSD-3-Clause */
/* arpack.c: some eigenvalues of a large matrix by ARPACK (implicitly restarted Lanczos and Arnoldi); BSD-3-Clause.
 *
 * ARPACK asks for products with vectors, and a function of the language answers: scripts/eigs.tl says what that is (A * x,
 * or a solution by factors for eigenvalues near a number).  ARPACK keeps state in static variables, so one run at a time. */
#include "lab/tl_plugin.h"
#include <arpack.h>
#include <stdatomic.h>
#include <string.h>

TL_PLUGIN("eigenvalues of large matrices")

static atomic_flag busy = ATOMIC_FLAG_INIT;

struct run {
    struct call *c;
    a_int n, k, p, max, symmetric;
    bool wide;                                /* complex */
    double tol;
    char which[3];
    value f;
};

static void product(struct run *r, const void *x, void *y)
{
    int mark = lab->pool_mark();
    enum dtype dt = r->wide ? D_CDOUBLE : D_DOUBLE;
    size_t bytes = (size_t)r->n * (r->wide ? 16 : 8);
    struct tensor *t = lab->tensor_new(dt, 2, (int64_t[]){ r->n, 1 });
    value arg, out;
    memcpy(lab->array_of(t).data, x, bytes);
    arg = lab->tensor_value(r->wide ? lab->tensor_narrow(t) : t);
    lab->call_function(r->f, 1, &arg, 1, &out);
    if (lab->kind_of(out) == TL_SPARSE)
        out = lab->call("full", 1, out);
    struct array a = lab->array_of(lab->tensor_cast(lab->tensor_of(out), dt));
    if (a.numel != r->n)
        lab->fail("Octave:nonconformant-args", "%s: the function must give a column of %lld numbers, not %lld",
                  lab->name_of(r->c), (long long)r->n, (long long)a.numel);
    memcpy(y, a.data, bytes);
    lab->pool_release(mark);
}

static void fails(struct run *r, a_int info)
{
    lab->fail("tl:arpack", "%s: ARPACK fails with status %d%s", lab->name_of(r->c), (int)info,
              info == -9 ? ", the first vector is zero" : "");
}

/* The first vector, which must be as long as the matrix has rows. */
static const void *first_vector(struct run *r)
{
    struct array start = lab->array_of(lab->tensor_cast(lab->arg_float(r->c, 8), r->wide ? D_CDOUBLE : D_DOUBLE));
    if (start.numel != r->n)
        lab->fail("Octave:nonconformant-args", "%s: the first vector must have %lld elements, not %lld",
                  lab->name_of(r->c), (long long)r->n, (long long)start.numel);
    return start.data;
}

static void run_complex(void *arg)
{
    struct run *r = arg;
    size_t n = (size_t)r->n, p = (size_t)r->p;
    a_int param[11] = { 1, 0, r->max, 1, 0, 0, 1 }, at[14] = { 0 }, ido = 0, info = 1,
          room = (a_int)(3 * p * p + 5 * p), bad = 0;
    double _Complex *resid = lab->scratch(n * 16), *v = lab->scratch(n * (p + 1) * 16),
                    *work = lab->scratch(3 * n * 16), *more = lab->scratch((size_t)room * 16);
    double *real = lab->scratch(p * 8 + 8);
    memcpy(resid, first_vector(r), n * 16);
    for (;;) {
        znaupd_c(&ido, "I", r->n, r->which, r->k, r->tol, resid, r->p, v, r->n, param, at, work, more, room, real, &info);
        lab->poll();
        if (ido != 1 && ido != -1)
            break;
        product(r, work + at[0] - 1, work + at[1] - 1);
    }
    if (info < 0 && info != -9999)
        fails(r, info);
    a_int found = param[4], *select = lab->scratch((p + 1) * sizeof *select);
    memset(select, 0, (p + 1) * sizeof *select);
    double _Complex *d = lab->scratch((p + 2) * 16), *two = lab->scratch(2 * (p + 1) * 16);
    if (found > 0) {
        zneupd_c(1, "A", select, d, v, r->n, 0, two, "I", r->n, r->which, r->k, r->tol, resid, r->p, v, r->n, param, at,
                 work, more, room, real, &bad);
        if (bad)
            fails(r, bad);
        found = param[4];
    }
    int64_t many = found;
    struct tensor *e = lab->tensor_new(D_CDOUBLE, 2, (int64_t[]){ many, 1 }),
                  *x = lab->tensor_new(D_CDOUBLE, 2, (int64_t[]){ r->n, many });
    memcpy(lab->array_of(e).data, d, (size_t)many * 16);
    memcpy(lab->array_of(x).data, v, n * (size_t)many * 16);
    lab->result_tensor(r->c, 0, lab->tensor_narrow(x));
    lab->result_tensor(r->c, 1, lab->tensor_narrow(e));
    lab->result_num(r->c, 2, found < r->k);
}

static void run(void *arg)
{
    struct run *r = arg;
    struct call *c = r->c;
    size_t n = (size_t)r->n, p = (size_t)r->p;
    a_int param[11] = { 1, 0, r->max, 1, 0, 0, 1 }, at[14] = { 0 }, ido = 0, info = 1,
          room = r->symmetric ? (a_int)(p * (p + 8)) : (a_int)(3 * p * (p + 2));
    double *resid = lab->scratch(n * 8), *v = lab->scratch(n * (p + 1) * 8), *work = lab->scratch(3 * n * 8),
           *more = lab->scratch((size_t)room * 8);
    memcpy(resid, first_vector(r), n * 8);
    for (;;) {
        if (r->symmetric)
            dsaupd_c(&ido, "I", r->n, r->which, r->k, r->tol, resid, r->p, v, r->n, param, at, work, more, room, &info);
        else
            dnaupd_c(&ido, "I", r->n, r->which, r->k, r->tol, resid, r->p, v, r->n, param, at, work, more, room, &info);
        lab->poll();
        if (ido != 1 && ido != -1)
            break;
        product(r, work + at[0] - 1, work + at[1] - 1);
    }
    if (info < 0 && info != -9999)
        fails(r, info);
    a_int found = param[4], *select = lab->scratch((p + 1) * sizeof *select), bad = 0;
    memset(select, 0, (p + 1) * sizeof *select);
    double *d = lab->scratch((p + 2) * 16), *im = lab->scratch((p + 2) * 8), *three = lab->scratch(3 * (p + 1) * 8);
    memset(im, 0, (p + 2) * 8);
    if (found > 0) {
        if (r->symmetric)
            dseupd_c(1, "A", select, d, v, r->n, 0, "I", r->n, r->which, r->k, r->tol, resid, r->p, v, r->n, param, at,
                     work, more, room, &bad);
        else
            dneupd_c(1, "A", select, d, im, v, r->n, 0, 0, three, "I", r->n, r->which, r->k, r->tol, resid, r->p, v,
                     r->n, param, at, work, more, room, &bad);
        if (bad)
            fails(r, bad);
        found = param[4];
    }
    int64_t many = found, column[2] = { many, 1 }, all[2] = { r->n, many };
    if (r->symmetric) {
        struct tensor *e = lab->tensor_new(D_DOUBLE, 2, column), *x = lab->tensor_new(D_DOUBLE, 2, all);
        memcpy(lab->array_of(e).data, d, (size_t)many * 8);
        memcpy(lab->array_of(x).data, v, n * (size_t)many * 8);
        lab->result_tensor(c, 0, x);
        lab->result_tensor(c, 1, e);
    } else {                                  /* pairs: the real parts in one column, the imaginary ones in the next */
        struct tensor *e = lab->tensor_new(D_CDOUBLE, 2, column), *x = lab->tensor_new(D_CDOUBLE, 2, all);
        double *ed = lab->array_of(e).data, *xd = lab->array_of(x).data;
        for (int64_t j = 0; j < many; j++) {
            ed[2 * j] = d[j], ed[2 * j + 1] = im[j];
            int64_t re = im[j] < 0 && j > 0 ? j - 1 : j, sign = im[j] == 0 ? 0 : im[j] < 0 && j > 0 ? -1 : 1;
            for (int64_t i = 0; i < r->n; i++) {
                xd[2 * (j * r->n + i)] = v[re * r->n + i];
                xd[2 * (j * r->n + i) + 1] = sign ? (double)sign * v[(re + 1) * r->n + i] : 0;
            }
        }
        lab->result_tensor(c, 0, lab->tensor_narrow(x));
        lab->result_tensor(c, 1, lab->tensor_narrow(e));
    }
    lab->result_num(c, 2, found < r->k);
}

TL_SERVES(arnoldi, NO_GRAD)
{
    struct run r = { .c = c, .f = lab->arg_func(c, 0) };
    r.n = (a_int)lab->arg_int(c, 1, 3, INT32_MAX);
    r.k = (a_int)lab->arg_int(c, 2, 1, r.n - 2);
    size_t len;
    const char *which = lab->arg_text(c, 3, &len);
    if (len != 2)
        lab->fail_arg(c, 3, "two letters, as 'LM'");
    memcpy(r.which, which, 2);
    r.symmetric = lab->arg_bool(c, 4);
    r.wide = lab->array_of(lab->arg_float(c, 8)).dtype == D_CDOUBLE;
    r.tol = lab->arg_num(c, 5);
    r.max = (a_int)lab->arg_int(c, 6, 1, INT32_MAX);
    r.p = (a_int)lab->arg_int(c, 7, r.k + (r.symmetric && !r.wide ? 1 : 2), r.n);
    if (atomic_flag_test_and_set(&busy))
        lab->fail("tl:arpack", "%s: ARPACK is at work already; the function cannot call it again", lab->name_of(c));
    int failed = lab->protect(r.wide ? run_complex : run, &r);
    atomic_flag_clear(&busy);
    if (failed)
        lab->fail_again();
}
