/* SPDX-License-Identifier: BSD-3-Clause */
/* fft.c: discrete Fourier transforms by FFTW.
 *
 * The one idea: every function is a transform along a set of dimensions, and FFTW's guru interface takes dimensions with
 * their strides, so no data is moved around it.  A real array gives the half of its spectrum that FFTW computes, and the
 * rest by symmetry; a spectrum with exactly that symmetry goes back to a real array.  Plans are estimated (measuring takes
 * a thousand times longer than the transform) and the last few are kept.  Where many transforms are done, the longest
 * dimension that is not transformed is cut into pieces, and between them Ctrl-C is looked for.
 *
 * FFTW's planner is the process's: a mutex is held around it.  Executing needs none. */
#include "lab/tl_plugin.h"
#include <complex.h>
#include <fftw3.h>
#include <pthread.h>
#include <string.h>

TL_PLUGIN("Fourier transforms by FFTW (GPL-2.0-or-later)")

enum kind { FORWARD, BACKWARD, FROM_REAL, TO_REAL };
struct job {                                  /* what a plan depends on, compared byte by byte */
    int kind, single, nd, aligned;
    unsigned along;                           /* bit d: dimension d is transformed */
    int64_t n[MAX_DIMS];                      /* sizes; in the one that is cut, of the piece */
    int64_t stride[MAX_DIMS];
};
struct plan { struct job job; fftw_plan d; fftwf_plan s; int users; unsigned long used; };
enum { KEPT = 32, PIECE = 1 << 21 };          /* elements between looks for Ctrl-C: some 20 ms */
static struct plan *kept[KEPT];
static unsigned long clock_of_use;
static pthread_mutex_t planner = PTHREAD_MUTEX_INITIALIZER;

static void plan_free(struct plan *p)
{
    if (p->d)
        fftw_destroy_plan(p->d);
    if (p->s)
        fftwf_destroy_plan(p->s);
    fftw_free(p);
}

static struct plan *plan_make(const struct job *j, void *in, void *out)
{
    fftw_iodim64 dim[MAX_DIMS], many[MAX_DIMS];
    int rank = 0, batch = 0;
    unsigned flags = FFTW_ESTIMATE | (j->aligned ? 0 : FFTW_UNALIGNED);
    for (int d = j->nd; d-- > 0;) {                       /* FFTW halves the last dimension, which is our first */
        fftw_iodim64 x = { j->n[d], j->stride[d], j->stride[d] };
        if (j->along >> d & 1)
            dim[rank++] = x;
        else if (j->n[d] != 1)
            many[batch++] = x;
    }
    struct plan *p = fftw_malloc(sizeof *p);
    if (!p)
        return NULL;
    *p = (struct plan){ .job = *j };
    int sign = j->kind == BACKWARD ? FFTW_BACKWARD : FFTW_FORWARD;
    if (j->single)
        p->s =
            j->kind == FROM_REAL
                ? fftwf_plan_guru64_dft_r2c(rank, (fftwf_iodim64 *)dim, batch, (fftwf_iodim64 *)many, in, out, flags)
            : j->kind == TO_REAL
                ? fftwf_plan_guru64_dft_c2r(rank, (fftwf_iodim64 *)dim, batch, (fftwf_iodim64 *)many, in, out, flags)
                : fftwf_plan_guru64_dft(rank, (fftwf_iodim64 *)dim, batch, (fftwf_iodim64 *)many, in, out, sign, flags);
    else
        p->d = j->kind == FROM_REAL ? fftw_plan_guru64_dft_r2c(rank, dim, batch, many, in, out, flags) :
               j->kind == TO_REAL ? fftw_plan_guru64_dft_c2r(rank, dim, batch, many, in, out, flags) :
               fftw_plan_guru64_dft(rank, dim, batch, many, in, out, sign, flags);
    if (p->d || p->s)
        return p;
    fftw_free(p);
    return NULL;
}

static struct plan *plan_take(const struct job *j, void *in, void *out)
{
    struct plan *p = NULL;
    int oldest = 0;
    pthread_mutex_lock(&planner);
    for (int i = 0; i < KEPT && !p; i++)
        if (kept[i] && !memcmp(&kept[i]->job, j, sizeof *j))
            p = kept[i];
    if (!p && (p = plan_make(j, in, out))) {
        for (int i = 0; i < KEPT; i++)
            if (!kept[i] || (kept[oldest] && kept[i]->used < kept[oldest]->used))
                oldest = i;
        struct plan *old = kept[oldest];
        if (old && --old->users == 0)
            plan_free(old);
        kept[oldest] = p;
        p->users = 1;
    }
    if (p) {
        p->users++;
        p->used = ++clock_of_use;
    }
    pthread_mutex_unlock(&planner);
    return p;
}
static void plan_give(struct plan *p)
{
    pthread_mutex_lock(&planner);
    if (--p->users == 0)
        plan_free(p);
    pthread_mutex_unlock(&planner);
}

static void run(const struct job *j, char *in, char *out)
{
    struct job key = *j;
    key.aligned = ((uintptr_t)in | (uintptr_t)out) % 64 == 0;
    struct plan *p = plan_take(&key, in, out);
    if (!p)
        lab->fail("tl:fft", "fft: FFTW has no plan for this transform");
    if (j->single)
        j->kind == FROM_REAL ? fftwf_execute_dft_r2c(p->s, (float *)in, (fftwf_complex *)out) :
        j->kind == TO_REAL ? fftwf_execute_dft_c2r(p->s, (fftwf_complex *)in, (float *)out) :
        fftwf_execute_dft(p->s, (fftwf_complex *)in, (fftwf_complex *)out);
    else
        j->kind == FROM_REAL ? fftw_execute_dft_r2c(p->d, (double *)in, (fftw_complex *)out) :
        j->kind == TO_REAL ? fftw_execute_dft_c2r(p->d, (fftw_complex *)in, (double *)out) :
        fftw_execute_dft(p->d, (fftw_complex *)in, (fftw_complex *)out);
    plan_give(p);
}

/* The whole transform, piece by piece.  isize and osize are bytes an element. */
static void run_pieces(struct job *j, char *in, char *out, int64_t numel, int isize, int osize)
{
    int cut = -1;
    for (int d = 0; d < j->nd; d++)
        if (!(j->along >> d & 1) && j->n[d] > 1 && (cut < 0 || j->n[d] > j->n[cut]))
            cut = d;
    if (cut < 0 || numel <= PIECE) {
        run(j, in, out);
        return;
    }
    int64_t all = j->n[cut], step = PIECE / (numel / all), stride = j->stride[cut];
    step = step < 1 ? 1 : step;
    for (int64_t i = 0; i < all; i += step) {
        lab->poll();
        j->n[cut] = step < all - i ? step : all - i;
        run(j, in + i * stride * isize, out + i * stride * osize);
    }
    j->n[cut] = all;
}

/* Walks over all elements but those of one dimension; at[] counts. */
static bool next(const struct job *j, int64_t *at, int but)
{
    for (int d = 0; d < j->nd; d++) {
        if (d == but)
            continue;
        if (++at[d] < j->n[d])
            return true;
        at[d] = 0;
    }
    return false;
}
/* Where the elements at[] and its mirror image begin: transformed dimensions run backwards in the second. */
static void mirror(const struct job *j, const int64_t *at, int but, int64_t *here, int64_t *there)
{
    *here = *there = 0;
    for (int d = 0; d < j->nd; d++)
        if (d != but) {
            *here += at[d] * j->stride[d];
            *there += (j->along >> d & 1 ? (j->n[d] - at[d]) % j->n[d] : at[d]) * j->stride[d];
        }
}
static int first_along(const struct job *j)
{
    int h = 0;
    while (!(j->along >> h & 1))
        h++;
    return h;
}
#define SYMMETRY(T, name, conj_) \
    static void fill_##name(const struct job *j, T *y)    /* the other half of a real array's spectrum */ \
    { \
        int h = first_along(j); \
        int64_t at[MAX_DIMS] = { 0 }, n = j->n[h], s = j->stride[h], a, b; \
        do { \
            mirror(j, at, h, &a, &b); \
            for (int64_t k = n / 2 + 1; k < n; k++) \
                y[a + k * s] = conj_(y[b + (n - k) * s]); \
        } while (next(j, at, h)); \
    } \
    static bool symmetric_##name(const struct job *j, const T *y) \
    { \
        int h = first_along(j); \
        int64_t at[MAX_DIMS] = { 0 }, n = j->n[h], s = j->stride[h], a, b; \
        do { \
            mirror(j, at, h, &a, &b); \
            for (int64_t k = 0; k <= n / 2; k++) \
                if (y[a + k * s] != conj_(y[b + (n - k) % n * s])) \
                    return false; \
        } while (next(j, at, h)); \
        return true; \
    }
SYMMETRY(double complex, d, conj)
SYMMETRY(float complex, s, conjf)

/* x with sizes n: what is beyond is lost, what is new is zero. */
static void lay_out(const struct array *x, int nd, const int64_t *n, int size, char *out, int64_t numel)
{
    int64_t at[MAX_DIMS] = { 0 }, have[MAX_DIMS], step[MAX_DIMS], s = 1;
    for (int d = 0; d < nd; d++) {
        have[d] = d < x->nd ? x->dim[d] : 1;
        step[d] = s;
        s *= have[d];
    }
    memset(out, 0, (size_t)(numel * size));
    int64_t run = have[0] < n[0] ? have[0] : n[0], to = 0;
    if (!x->numel || !numel)
        return;
    for (;;) {
        int64_t from = 0;
        bool inside = true;
        for (int d = 1; d < nd; d++) {
            from += at[d] * step[d];
            inside &= at[d] < have[d];
        }
        if (inside)
            memcpy(out + to * size, (char *)x->data + from * size, (size_t)(run * size));
        to += n[0];
        int d = 1;
        for (; d < nd; d++) {
            if (++at[d] < n[d])
                break;
            at[d] = 0;
        }
        if (d == nd)
            return;
    }
}

static int64_t scaled(void *y, bool single, int64_t count, double by)      /* count real numbers */
{
    if (single)
        for (int64_t i = 0; i < count; i++)
            ((float *)y)[i] *= (float)by;
    else
        for (int64_t i = 0; i < count; i++)
            ((double *)y)[i] *= by;
    return count;
}

/* The transform of x along the dimensions in `along`, laid out with sizes n first. */
static struct tensor *transform(struct tensor *t, bool back, unsigned along, int nd, const int64_t *n)
{
    struct array x = lab->array_of(t);
    bool single = x.dtype == D_SINGLE || x.dtype == D_CSINGLE, real = x.dtype == D_DOUBLE || x.dtype == D_SINGLE;
    int part = single ? 4 : 8, full = single ? D_CSINGLE : D_CDOUBLE, half = single ? D_SINGLE : D_DOUBLE;
    struct job j = { .single = single, .nd = nd };
    int64_t numel = 1, points = 1;
    bool same = true;
    for (int d = 0; d < nd; d++) {
        j.n[d] = n[d];
        j.stride[d] = numel;
        numel *= n[d];
        same &= n[d] == (d < x.nd ? x.dim[d] : 1);
        if ((along >> d & 1) && n[d] > 1) {
            j.along |= 1u << d;
            points *= n[d];
        }
    }
    if (!same || !x.numel) {
        struct tensor *u = lab->tensor_zeros(x.dtype, nd, n);
        struct array y = lab->array_of(u);
        lay_out(&x, nd, n, real ? part : 2 * part, y.data, numel);
        t = u;
        x = y;
    }
    if (!numel || !j.along)                   /* nothing, or transforms of one point each */
        return t;
    struct tensor *out;
    struct array y;
    double by = 1.0 / (double)points;
    if (real) {
        out = lab->tensor_new(full, nd, n);
        y = lab->array_of(out);
        j.kind = FROM_REAL;
        run_pieces(&j, x.data, y.data, numel, part, 2 * part);
        if (back) {                           /* the conjugate of the forward transform, over the number of points */
            scaled(y.data, single, 2 * numel, by);
            for (int64_t i = 0; i < numel; i++)
                if (single)
                    ((float *)y.data)[2 * i + 1] = 0 - ((float *)y.data)[2 * i + 1];       /* 0 stays 0, never -0 */
                else
                    ((double *)y.data)[2 * i + 1] = 0 - ((double *)y.data)[2 * i + 1];
        }
        single ? fill_s(&j, y.data) : fill_d(&j, y.data);
    } else if (back && (single ? symmetric_s(&j, x.data) : symmetric_d(&j, x.data))) {
        char *in = lab->scratch((size_t)(numel * 2 * part));          /* FFTW spoils its input here */
        memcpy(in, x.data, (size_t)(numel * 2 * part));
        out = lab->tensor_new(half, nd, n);
        y = lab->array_of(out);
        j.kind = TO_REAL;
        run_pieces(&j, in, y.data, numel, 2 * part, part);
        scaled(y.data, single, numel, by);
        return out;
    } else {
        out = lab->tensor_new(full, nd, n);
        y = lab->array_of(out);
        j.kind = back ? BACKWARD : FORWARD;
        run_pieces(&j, x.data, y.data, numel, 2 * part, 2 * part);
        if (back)
            scaled(y.data, single, 2 * numel, by);
    }
    return lab->tensor_narrow(out);
}

/* ---- the functions: which dimensions, and sizes */
struct task { unsigned along; int nd; int64_t n[MAX_DIMS]; double points; };

static struct task sizes_of(struct call *c)
{
    struct task k = { 0 };
    k.nd = lab->value_dims(lab->arg(c, 0), k.n);
    k.points = 1;
    return k;
}
static int64_t length_arg(struct call *c, int i) { return lab->arg_int(c, i, 0, (int64_t)1 << 40); }
static bool given(struct call *c, int i)
{
    int64_t dim[MAX_DIMS];
    if (!lab->has_arg(c, i))
        return false;
    int nd = lab->value_dims(lab->arg(c, i), dim);
    for (int d = 0; d < nd; d++)
        if (!dim[d])
            return false;
    return true;
}

static struct task task_1(struct call *c)     /* fft(x, n, dim) */
{
    struct task k = sizes_of(c);
    int d = 1;
    while (d < k.nd && k.n[d - 1] == 1)
        d++;
    if (k.n[d - 1] == 1)
        d = 1;
    d = lab->arg_dim(c, 2, d);
    while (k.nd < d)
        k.n[k.nd++] = 1;
    if (given(c, 1))
        k.n[d - 1] = length_arg(c, 1);
    k.along = 1u << (d - 1);
    k.points = (double)k.n[d - 1];
    return k;
}
static struct task task_2(struct call *c)     /* fft2(x, m, n) */
{
    struct task k = sizes_of(c);
    if (given(c, 1) != given(c, 2))
        lab->fail("Octave:invalid-fun-call", "%s: both sizes are wanted, rows and columns, or none", lab->name_of(c));
    for (int d = 0; d < 2 && given(c, 1); d++)
        k.n[d] = length_arg(c, d + 1);
    k.along = 3;
    k.points = (double)k.n[0] * (double)k.n[1];
    return k;
}
static struct task task_n(struct call *c)     /* fftn(x, sizes) */
{
    struct task k = sizes_of(c);
    if (given(c, 1)) {
        struct array s = lab->array_of(lab->arg_double(c, 1));
        if (s.numel != k.nd)
            lab->fail("Octave:invalid-input-arg", "%s: x has %d dimensions, but %lld sizes are given", lab->name_of(c),
                      k.nd, (long long)s.numel);
        for (int d = 0; d < k.nd; d++) {
            double x = ((double *)s.data)[d];
            if (!(x >= 0) || x != (double)(int64_t)x || x > 0x1p40)
                lab->fail("Octave:invalid-input-arg", "%s: sizes are integers from 0 on, but one is %g", lab->name_of(c), x);
            k.n[d] = (int64_t)x;
        }
    }
    for (int d = 0; d < k.nd; d++)
        k.points *= (double)k.n[d];
    k.along = k.nd < 32 ? (1u << k.nd) - 1 : ~0u;
    return k;
}

static void forth(struct call *c, bool back, struct task (*what)(struct call *))
{
    struct tensor *x = lab->arg_float(c, 0);
    struct task k = what(c);
    lab->result_tensor(c, 0, transform(x, back, k.along, k.nd, k.n));
}

/* y = F x with x padded or cut: the gradient is F^H g, cut or padded.  F^H is `points` times the inverse, of which the
   adjoint is in turn F over `points`. */
static void gradient(struct call *c, const char *other, bool back, struct task (*what)(struct call *))
{
    struct task k = what(c);
    int64_t none[2] = { 0, 0 }, dim[MAX_DIMS], row[2] = { 1, 0 };
    value g = lab->grad_of(c, 0), empty = lab->tensor_value(lab->tensor_zeros(D_DOUBLE, 2, none));
    int d = 1;
    while (!(k.along >> (d - 1) & 1))
        d++;
    if (k.points == 0)
        g = lab->call("times", 2, g, lab->number(0));
    else {
        g = what == task_1 ? lab->call(other, 3, g, empty, lab->number(d)) : lab->call(other, 1, g);
        g = lab->call("times", 2, g, lab->number(back ? 1 / k.points : k.points));
    }
    int nd = lab->value_dims(lab->arg(c, 0), dim);
    bool same = true;
    for (int i = 0; i < k.nd; i++)
        same &= k.n[i] == (i < nd ? dim[i] : 1);
    if (!same) {
        row[1] = nd;
        struct tensor *s = lab->tensor_new(D_DOUBLE, 2, row);
        for (int i = 0; i < nd; i++)
            ((double *)lab->array_of(s).data)[i] = (double)dim[i];
        g = lab->call("resize", 2, g, lab->tensor_value(s));
    }
    lab->result(c, 0, g);
}

#define TRANSFORM(name, other, back, what) \
    static void name##_grad(struct call *c) { gradient(c, other, back, what); } \
    TL_SERVES(name, name##_grad) { forth(c, back, what); }
TRANSFORM(fft, "ifft", false, task_1)
TRANSFORM(ifft, "fft", true, task_1)
TRANSFORM(fft2, "ifft2", false, task_2)
TRANSFORM(ifft2, "fft2", true, task_2)
TRANSFORM(fftn, "ifftn", false, task_n)
TRANSFORM(ifftn, "fftn", true, task_n)
