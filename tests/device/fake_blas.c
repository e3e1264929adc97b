/* SPDX-License-Identifier: BSD-3-Clause */
/* fake_blas.c: libcublas.so.12 and libcublasLt.so.12 over plain loops, strict about what they are given: sizes, leading
 * dimensions, strides of batches, that all of it lies in the device's memory.  So the wrapper's arguments are tried. */
#include "fake.h"
#include <complex.h>
#include <stdbool.h>

enum { F = 0, D = 1, G = 4, C = 5, BAD = 7 };
static int size_of(int type) { return type == F ? 4 : type == C ? 16 : 8; }

/* ---- C = activation(alpha op(A) op(B) + beta C + bias) */
struct product {
    int ta, tb, type, epilogue;
    int64_t m, n, k, batch, lda, ldb, ldc, sa, sb, sc;
    const char *a, *b, *bias;
    char *c;
    double complex alpha, beta;
};
static double complex get(const char *p, int64_t i, int type)
{
    switch (type) {
    case F: return ((const float *)p)[i];
    case D: return ((const double *)p)[i];
    case G: return ((const float complex *)p)[i];
    default: return ((const double complex *)p)[i];
    }
}
static void set(char *p, int64_t i, int type, double complex x)
{
    switch (type) {
    case F: ((float *)p)[i] = (float)creal(x); break;
    case D: ((double *)p)[i] = creal(x); break;
    case G: ((float complex *)p)[i] = (float complex)x; break;
    default: ((double complex *)p)[i] = x;
    }
}
static double complex element(const char *p, int64_t at, int64_t i, int64_t j, int64_t ld, int trans, int type)
{
    double complex x = get(p, at + (trans ? j + i * ld : i + j * ld), type);
    return trans == 2 ? conj(x) : x;
}
static void run_product(void *data)
{
    struct product p;
    memcpy(&p, data, sizeof p);
    for (int64_t z = 0; z < p.batch; z++)
        for (int64_t j = 0; j < p.n; j++)
            for (int64_t i = 0; i < p.m; i++) {
                double complex s = 0, x;
                for (int64_t l = 0; l < p.k; l++)
                    s += element(p.a, z * p.sa, i, l, p.lda, p.ta, p.type) * element(p.b, z * p.sb, l, j, p.ldb, p.tb, p.type);
                int64_t at = z * p.sc + i + j * p.ldc;
                x = p.alpha * s + (p.beta != 0 ? p.beta * get(p.c, at, p.type) : 0);     /* beta 0: C is not read */
                if (p.type == F)
                    x = (float)creal(x);      /* the bias is added to a sum of singles */
                if (p.epilogue & 4)
                    x += get(p.bias, i, p.type);
                if (p.epilogue & 2)
                    x = creal(x) > 0 ? x : 0;
                set(p.c, at, p.type, x);
            }
}
static bool wrong(const struct product *p)
{
    int64_t ra = p->ta ? p->k : p->m, ca = p->ta ? p->m : p->k, rb = p->tb ? p->n : p->k, cb = p->tb ? p->k : p->n, s = size_of(p->type);
    if (p->m < 0 || p->n < 0 || p->k < 0 || p->batch < 1 || p->lda < ra || p->ldb < rb || p->ldc < p->m || p->lda < 1 || p->ldb < 1 || p->ldc < 1)
        return true;
    if (p->batch > 1 && p->sc < p->ldc * (p->n - 1) + p->m)
        return true;
    if (!p->m || !p->n)
        return false;
    fake_range(p->a, (size_t)(s * ((p->batch - 1) * p->sa + p->lda * (ca - 1) + ra)), "a product's first factor");
    fake_range(p->b, (size_t)(s * ((p->batch - 1) * p->sb + p->ldb * (cb - 1) + rb)), "a product's second factor");
    fake_range(p->c, (size_t)(s * ((p->batch - 1) * p->sc + p->ldc * (p->n - 1) + p->m)), "a product");
    if (p->epilogue & 4)
        fake_range(p->bias, (size_t)(s * p->m), "a product's bias");
    return false;
}
static double complex scalar(const void *x, int type) { return get(x, 0, type); }

/* ---- cuBLAS */
struct handle { void *stream; };
API int cublasCreate_v2(struct handle **h) { *h = calloc(1, sizeof **h); return 0; }
API int cublasDestroy_v2(struct handle *h) { free(h); return 0; }
API int cublasSetStream_v2(struct handle *h, void *s) { h->stream = s; return 0; }
API int cublasSetWorkspace_v2(struct handle *h, void *p, size_t n) { (void)h; fake_range(p, n, "cuBLAS's workspace"); return 0; }
API int cublasSetMathMode(struct handle *h, int mode) { (void)h, (void)mode; return 0; }
API int cublasGemmStridedBatchedEx_64(struct handle *h, int ta, int tb, int64_t m, int64_t n, int64_t k, const void *alpha, const void *a, int at, int64_t lda,
    long long sa, const void *b, int bt, int64_t ldb, long long sb, const void *beta, void *c, int ct, int64_t ldc, long long sc, int64_t batch, int compute, int algo)
{
    bool twice = at == D || at == C;
    if (at != bt || at != ct || algo != -1 || (twice ? compute != 70 : compute != 68 && compute != 77))
        return BAD;
    struct product p = { ta, tb, at, 1, m, n, k, batch, lda, ldb, ldc, sa, sb, sc, a, b, NULL, c, scalar(alpha, at), scalar(beta, at) };
    if (wrong(&p))
        return BAD;
    fake_queue(h->stream, run_product, &p, sizeof p);
    return 0;
}
struct triangle { int upper, trans, type; int64_t m, n, lda, ldb; const char *a; char *b; double complex alpha; };
static void run_triangle(void *data)
{
    struct triangle t;
    memcpy(&t, data, sizeof t);
    bool up = t.trans ? !t.upper : t.upper;   /* op(A)'s triangle */
    for (int64_t j = 0; j < t.n; j++)
        for (int64_t q = 0; q < t.m; q++) {
            int64_t i = up ? t.m - 1 - q : q;
            double complex x = t.alpha * get(t.b, i + j * t.ldb, t.type);
            for (int64_t l = up ? i + 1 : 0; l < (up ? t.m : i); l++)
                x -= element(t.a, 0, i, l, t.lda, t.trans, t.type) * get(t.b, l + j * t.ldb, t.type);
            set(t.b, i + j * t.ldb, t.type, x / element(t.a, 0, i, i, t.lda, t.trans, t.type));
        }
}
static int trsm(struct handle *h, int type, int side, int uplo, int trans, int diag, int64_t m, int64_t n, const void *alpha, const void *a, int64_t lda,
    void *b, int64_t ldb)
{
    if (side || diag || lda < m || ldb < m)
        return BAD;
    struct triangle t = { uplo == 1, trans, type, m, n, lda, ldb, a, b, scalar(alpha, type) };
    fake_queue(h->stream, run_triangle, &t, sizeof t);
    return 0;
}
#define TRSM(name, type) API int name(struct handle *h, int side, int uplo, int trans, int diag, int64_t m, int64_t n, const void *alpha, const void *a, \
    int64_t lda, void *b, int64_t ldb) { return trsm(h, type, side, uplo, trans, diag, m, n, alpha, a, lda, b, ldb); }
TRSM(cublasStrsm_v2_64, F)
TRSM(cublasDtrsm_v2_64, D)
TRSM(cublasCtrsm_v2_64, G)
TRSM(cublasZtrsm_v2_64, C)

/* ---- cuBLASLt */
struct desc { int compute, scale; int32_t ta, tb, epilogue; const char *bias; };
struct layout { int type; int64_t rows, cols, ld, stride; int32_t batch; };
struct choice { uint64_t algo[8]; size_t room; int state; float waves; int reserved[4]; };
API int cublasLtCreate(void **h) { *h = malloc(1); return 0; }
API int cublasLtDestroy(void *h) { free(h); return 0; }
API int cublasLtMatmulDescCreate(struct desc **d, int compute, int scale)
{
    *d = calloc(1, sizeof **d);
    **d = (struct desc){ .compute = compute, .scale = scale, .epilogue = 1 };
    return 0;
}
API int cublasLtMatmulDescDestroy(struct desc *d) { free(d); return 0; }
API int cublasLtMatmulDescSetAttribute(struct desc *d, int what, const void *x, size_t n)
{
    switch (what) {
    case 3: memcpy(&d->ta, x, 4); return n == 4 ? 0 : BAD;
    case 4: memcpy(&d->tb, x, 4); return n == 4 ? 0 : BAD;
    case 7: memcpy(&d->epilogue, x, 4); return n == 4 ? 0 : BAD;
    case 8: memcpy(&d->bias, x, 8); return n == 8 ? 0 : BAD;
    default: return BAD;
    }
}
API int cublasLtMatrixLayoutCreate(struct layout **l, int type, uint64_t rows, uint64_t cols, int64_t ld)
{
    *l = calloc(1, sizeof **l);
    **l = (struct layout){ type, (int64_t)rows, (int64_t)cols, ld, 0, 1 };
    return ld >= (int64_t)rows ? 0 : BAD;
}
API int cublasLtMatrixLayoutDestroy(struct layout *l) { free(l); return 0; }
API int cublasLtMatrixLayoutSetAttribute(struct layout *l, int what, const void *x, size_t n)
{
    switch (what) {
    case 5: memcpy(&l->batch, x, 4); return n == 4 ? 0 : BAD;
    case 6: memcpy(&l->stride, x, 8); return n == 8 ? 0 : BAD;
    default: return BAD;
    }
}
API int cublasLtMatmulPreferenceCreate(void **p) { *p = calloc(1, 64); return 0; }
API int cublasLtMatmulPreferenceDestroy(void *p) { free(p); return 0; }
API int cublasLtMatmulPreferenceSetAttribute(void *p, int what, const void *x, size_t n)
{
    (void)p, (void)x;
    return what == 1 ? n == 8 ? 0 : BAD : what >= 5 && what <= 8 ? n == 4 ? 0 : BAD : BAD;
}
static int product_of(struct product *p, const struct desc *d, const struct layout *a, const struct layout *b, const struct layout *c)
{
    if (a->type != c->type || b->type != c->type || d->scale != c->type || (c->type == D ? d->compute != 70 : c->type == F ? d->compute != 68 && d->compute != 77 : 1))
        return BAD;
    *p = (struct product){ .ta = d->ta, .tb = d->tb, .type = c->type, .epilogue = d->epilogue, .m = c->rows, .n = c->cols, .k = d->ta ? a->rows : a->cols,
        .batch = c->batch, .lda = a->ld, .ldb = b->ld, .ldc = c->ld, .sa = a->stride, .sb = b->stride, .sc = c->stride, .bias = d->bias };
    if ((d->ta ? a->cols : a->rows) != p->m || (d->tb ? b->cols : b->rows) != p->k || (d->tb ? b->rows : b->cols) != p->n || a->batch != c->batch || b->batch != c->batch)
        return BAD;
    return 0;
}
API int cublasLtMatmulAlgoGetHeuristic(void *h, struct desc *d, struct layout *a, struct layout *b, struct layout *c, struct layout *to, void *pref, int want,
    struct choice *r, int *got)
{
    struct product p;
    (void)h, (void)to, (void)pref;
    if (product_of(&p, d, a, b, c) || want < 1 || ((d->epilogue & 4) && !d->bias))
        return BAD;
    const char *wish = getenv("TL_FAKE");
    if (d->epilogue != 1 && wish && strstr(wish, "noepilogue"))
        return 15;                            /* not supported */
    memset(r, 0, sizeof *r);
    r->algo[0] = 0x7465737466616b65u;
    *got = 1;
    return 0;
}
API int cublasLtMatmul(void *h, struct desc *d, const void *alpha, const void *a, struct layout *la, const void *b, struct layout *lb, const void *beta,
    const void *c, struct layout *lc, void *to, struct layout *lto, const uint64_t *algo, void *work, size_t room, void *stream)
{
    struct product p;
    (void)h;
    if (product_of(&p, d, la, lb, lc) || c != to || lc != lto || algo[0] != 0x7465737466616b65u)
        return BAD;
    fake_range(work, room, "cuBLASLt's workspace");
    p.a = a, p.b = b, p.c = to;
    p.alpha = scalar(alpha, p.type), p.beta = scalar(beta, p.type);
    if (wrong(&p))
        return BAD;
    fake_queue(stream, run_product, &p, sizeof p);
    return 0;
}
