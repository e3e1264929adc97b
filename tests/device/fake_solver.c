/* SPDX-License-Identifier: BSD-3-Clause */
/* fake_solver.c: libcusolver.so.11 over LAPACK; its answers are those of the CPU, so what is tried is how it is called. */
#include "fake.h"
#include <stdbool.h>

enum { F = 0, D = 1, G = 4, C = 5, BAD = 3 };
struct handle { void *stream; };
static int size_of(int type) { return type == F ? 4 : type == C ? 16 : 8; }
static int real_of(int type) { return type == C ? D : type == G ? F : type; }

/* spotrf_ dpotrf_ cpotrf_ zpotrf_ by the type */
#define FOUR(name, params) extern void s##name##_ params; extern void d##name##_ params; extern void c##name##_ params; extern void z##name##_ params;
#define BY(type, name) ((type) == F ? s##name##_ : (type) == D ? d##name##_ : (type) == G ? c##name##_ : z##name##_)
FOUR(getrf, (const int *, const int *, void *, const int *, int *, int *))
FOUR(getrs, (const char *, const int *, const int *, const void *, const int *, const int *, void *, const int *, int *))
FOUR(potrf, (const char *, const int *, void *, const int *, int *))
FOUR(potrs, (const char *, const int *, const int *, const void *, const int *, void *, const int *, int *))
FOUR(geqrf, (const int *, const int *, void *, const int *, void *, void *, const int *, int *))
extern void sorgqr_(const int *, const int *, const int *, void *, const int *, const void *, void *, const int *, int *);
extern void dorgqr_(const int *, const int *, const int *, void *, const int *, const void *, void *, const int *, int *);
extern void cungqr_(const int *, const int *, const int *, void *, const int *, const void *, void *, const int *, int *);
extern void zungqr_(const int *, const int *, const int *, void *, const int *, const void *, void *, const int *, int *);
typedef void multiply(const char *, const char *, const int *, const int *, const int *, const void *, const int *, const void *, void *, const int *, void *,
    const int *, int *);
extern multiply sormqr_, dormqr_, cunmqr_, zunmqr_;
typedef void svd_real(const char *, const char *, const int *, const int *, void *, const int *, void *, void *, const int *, void *, const int *, void *,
    const int *, int *);
typedef void svd_complex(const char *, const char *, const int *, const int *, void *, const int *, void *, void *, const int *, void *, const int *, void *,
    const int *, void *, int *);
extern svd_real sgesvd_, dgesvd_;
extern svd_complex cgesvd_, zgesvd_;
typedef void eig_real(const char *, const char *, const int *, void *, const int *, void *, void *, const int *, int *);
typedef void eig_complex(const char *, const char *, const int *, void *, const int *, void *, void *, const int *, void *, int *);
extern eig_real ssyev_, dsyev_;
extern eig_complex cheev_, zheev_;

/* ---- a call as it is queued */
enum what { GETRF, GETRS, POTRF, POTRS, GEQRF, GQR, MQR, GESVD, SYEVD };
struct job { enum what what; int type, trans, upper; char ju, jv; int64_t m, n, k, lda, ldb, ldu, ldv; void *a, *b, *s, *u, *v; int64_t *pivot; int *info; };
static void run(void *data)
{
    struct job j;
    memcpy(&j, data, sizeof j);
    int m = (int)j.m, n = (int)j.n, k = (int)j.k, lda = (int)j.lda, ldb = (int)j.ldb, ldu = (int)j.ldu, ldv = (int)j.ldv, least = m < n ? m : n;
    int info = 0, room = 64 * (m + n + k) + 1000, *p = malloc(sizeof(int) * (size_t)(m + n + 1));
    void *work = malloc((size_t)room * 16), *more = malloc((size_t)(10 * (m + n) + 100) * 8);
    const char *trans = j.trans == 2 ? "C" : j.trans ? "T" : "N", *uplo = j.upper ? "U" : "L";
    char ju[2] = { j.ju, 0 }, jv[2] = { j.jv, 0 };
    switch (j.what) {
    case GETRF:
        BY(j.type, getrf)(&m, &n, j.a, &lda, p, &info);
        for (int i = 0; i < least; i++)
            j.pivot[i] = p[i];
        break;
    case GETRS:
        for (int i = 0; i < n; i++)
            p[i] = (int)j.pivot[i];
        BY(j.type, getrs)(trans, &n, &k, j.a, &lda, p, j.b, &ldb, &info);
        break;
    case POTRF: BY(j.type, potrf)(uplo, &n, j.a, &lda, &info); break;
    case POTRS: BY(j.type, potrs)(uplo, &n, &k, j.a, &lda, j.b, &ldb, &info); break;
    case GEQRF: BY(j.type, geqrf)(&m, &n, j.a, &lda, j.s, work, &room, &info); break;
    case GQR: (j.type == F ? sorgqr_ : j.type == D ? dorgqr_ : j.type == G ? cungqr_ : zungqr_)(&m, &n, &k, j.a, &lda, j.s, work, &room, &info); break;
    case MQR: (j.type == F ? sormqr_ : j.type == D ? dormqr_ : j.type == G ? cunmqr_ : zunmqr_)("L", trans, &m, &n, &k, j.a, &lda, j.s, j.b, &ldb, work, &room, &info); break;
    case GESVD:
        if (j.type == F || j.type == D)
            (j.type == F ? sgesvd_ : dgesvd_)(ju, jv, &m, &n, j.a, &lda, j.s, j.u, &ldu, j.v, &ldv, work, &room, &info);
        else
            (j.type == G ? cgesvd_ : zgesvd_)(ju, jv, &m, &n, j.a, &lda, j.s, j.u, &ldu, j.v, &ldv, work, &room, more, &info);
        break;
    case SYEVD:
        if (j.type == F || j.type == D)
            (j.type == F ? ssyev_ : dsyev_)(ju, uplo, &n, j.a, &lda, j.s, work, &room, &info);
        else
            (j.type == G ? cheev_ : zheev_)(ju, uplo, &n, j.a, &lda, j.s, work, &room, more, &info);
    }
    *j.info = info;
    free(p);
    free(work);
    free(more);
}
static void matrix(const void *a, int64_t ld, int64_t m, int64_t n, int type, const char *what)
{
    if (m && n)
        fake_range(a, (size_t)((n - 1) * ld + m) * (size_t)size_of(type), what);
}
static int queue(struct handle *h, const struct job *j)
{
    fake_range(j->info, 4, "cuSOLVER's info");
    fake_queue(h->stream, run, j, sizeof *j);
    return 0;
}
static bool workspace(void *device, size_t nd, void *host, size_t nh)
{
    fake_range(device, nd, "cuSOLVER's workspace");
    return nd == 512 && host && nh == 64;
}
static int room(size_t *nd, size_t *nh) { *nd = 512; *nh = 64; return 0; }

API int cusolverDnCreate(struct handle **h) { *h = calloc(1, sizeof **h); return 0; }
API int cusolverDnDestroy(struct handle *h) { free(h); return 0; }
API int cusolverDnSetStream(struct handle *h, void *s) { h->stream = s; return 0; }
API int cusolverDnCreateParams(void **p) { *p = malloc(1); return 0; }
API int cusolverDnDestroyParams(void *p) { free(p); return 0; }
API int cusolverDnXgetrf_bufferSize(struct handle *h, void *p, int64_t m, int64_t n, int type, const void *a, int64_t lda, int compute, size_t *nd, size_t *nh)
{
    (void)h, (void)p, (void)n, (void)a;
    return type != compute || lda < m ? BAD : room(nd, nh);
}
API int cusolverDnXgetrf(struct handle *h, void *p, int64_t m, int64_t n, int type, void *a, int64_t lda, int64_t *pivot, int compute, void *d, size_t nd,
    void *host, size_t nh, int *info)
{
    (void)p;
    if (type != compute || lda < m || !workspace(d, nd, host, nh))
        return BAD;
    matrix(a, lda, m, n, type, "lu");
    fake_range(pivot, (size_t)(m < n ? m : n) * 8, "lu's pivots");
    return queue(h, &(struct job){ .what = GETRF, .type = type, .m = m, .n = n, .lda = lda, .a = a, .pivot = pivot, .info = info });
}
API int cusolverDnXgetrs(struct handle *h, void *p, int trans, int64_t n, int64_t k, int type, const void *a, int64_t lda, const int64_t *pivot, int btype,
    void *b, int64_t ldb, int *info)
{
    (void)p;
    if (type != btype || lda < n || ldb < n)
        return BAD;
    matrix(a, lda, n, n, type, "solve");
    matrix(b, ldb, n, k, type, "solve");
    return queue(h, &(struct job){ .what = GETRS, .type = type, .trans = trans, .n = n, .k = k, .lda = lda, .ldb = ldb, .a = (void *)a, .b = b,
        .pivot = (int64_t *)pivot, .info = info });
}
API int cusolverDnXpotrf_bufferSize(struct handle *h, void *p, int uplo, int64_t n, int type, const void *a, int64_t lda, int compute, size_t *nd, size_t *nh)
{
    (void)h, (void)p, (void)uplo, (void)a;
    return type != compute || lda < n ? BAD : room(nd, nh);
}
API int cusolverDnXpotrf(struct handle *h, void *p, int uplo, int64_t n, int type, void *a, int64_t lda, int compute, void *d, size_t nd, void *host, size_t nh,
    int *info)
{
    (void)p;
    if (type != compute || lda < n || !workspace(d, nd, host, nh))
        return BAD;
    matrix(a, lda, n, n, type, "chol");
    return queue(h, &(struct job){ .what = POTRF, .type = type, .upper = uplo == 1, .n = n, .lda = lda, .a = a, .info = info });
}
API int cusolverDnXpotrs(struct handle *h, void *p, int uplo, int64_t n, int64_t k, int type, const void *a, int64_t lda, int btype, void *b, int64_t ldb, int *info)
{
    (void)p;
    if (type != btype || lda < n || ldb < n)
        return BAD;
    matrix(b, ldb, n, k, type, "solve");
    return queue(h, &(struct job){ .what = POTRS, .type = type, .upper = uplo == 1, .n = n, .k = k, .lda = lda, .ldb = ldb, .a = (void *)a, .b = b, .info = info });
}
API int cusolverDnXgeqrf_bufferSize(struct handle *h, void *p, int64_t m, int64_t n, int type, const void *a, int64_t lda, int ttype, const void *tau, int compute,
    size_t *nd, size_t *nh)
{
    (void)h, (void)p, (void)n, (void)a, (void)tau;
    return type != compute || type != ttype || lda < m ? BAD : room(nd, nh);
}
API int cusolverDnXgeqrf(struct handle *h, void *p, int64_t m, int64_t n, int type, void *a, int64_t lda, int ttype, void *tau, int compute, void *d, size_t nd,
    void *host, size_t nh, int *info)
{
    (void)p;
    if (type != compute || type != ttype || lda < m || !workspace(d, nd, host, nh))
        return BAD;
    matrix(a, lda, m, n, type, "qr");
    return queue(h, &(struct job){ .what = GEQRF, .type = type, .m = m, .n = n, .lda = lda, .a = a, .s = tau, .info = info });
}
#define QR(letter, kind, T) \
    API int cusolverDn##letter##kind##gqr_bufferSize(struct handle *h, int m, int n, int k, const void *a, int lda, const void *tau, int *room) \
    { (void)h, (void)a, (void)tau; *room = 128; return m < n || n < k || lda < m ? BAD : 0; } \
    API int cusolverDn##letter##kind##gqr(struct handle *h, int m, int n, int k, void *a, int lda, const void *tau, void *work, int room, int *info) \
    { if (m < n || n < k || lda < m || room != 128) return BAD; \
      fake_range(work, 128 * (size_t)size_of(T), "qr's workspace"); \
      matrix(a, lda, m, n, T, "qr"); \
      return queue(h, &(struct job){ .what = GQR, .type = T, .m = m, .n = n, .k = k, .lda = lda, .a = a, .s = (void *)tau, .info = info }); } \
    API int cusolverDn##letter##kind##mqr_bufferSize(struct handle *h, int side, int trans, int m, int n, int k, const void *a, int lda, const void *tau, \
        const void *c, int ldc, int *room) \
    { (void)h, (void)trans, (void)n, (void)a, (void)tau, (void)c; *room = 128; return side || k > m || lda < m || ldc < m ? BAD : 0; } \
    API int cusolverDn##letter##kind##mqr(struct handle *h, int side, int trans, int m, int n, int k, const void *a, int lda, const void *tau, void *c, int ldc, \
        void *work, int room, int *info) \
    { if (side || k > m || lda < m || ldc < m || room != 128) return BAD; \
      fake_range(work, 128 * (size_t)size_of(T), "qr's workspace"); \
      matrix(c, ldc, m, n, T, "qr"); \
      return queue(h, &(struct job){ .what = MQR, .type = T, .trans = trans, .m = m, .n = n, .k = k, .lda = lda, .ldb = ldc, .a = (void *)a, .b = c, \
          .s = (void *)tau, .info = info }); }
QR(S, or, F)
QR(D, or, D)
QR(C, un, G)
QR(Z, un, C)
API int cusolverDnXgesvd_bufferSize(struct handle *h, void *p, signed char ju, signed char jv, int64_t m, int64_t n, int type, const void *a, int64_t lda, int stype,
    const void *s, int utype, const void *u, int64_t ldu, int vtype, const void *v, int64_t ldv, int compute, size_t *nd, size_t *nh)
{
    (void)h, (void)p, (void)ju, (void)jv, (void)a, (void)s, (void)u, (void)v;
    return m < n || lda < m || stype != real_of(type) || utype != type || vtype != type || compute != type || ldu < m || ldv < n ? BAD : room(nd, nh);
}
API int cusolverDnXgesvd(struct handle *h, void *p, signed char ju, signed char jv, int64_t m, int64_t n, int type, void *a, int64_t lda, int stype, void *s,
    int utype, void *u, int64_t ldu, int vtype, void *v, int64_t ldv, int compute, void *d, size_t nd, void *host, size_t nh, int *info)
{
    size_t x, y;
    if (cusolverDnXgesvd_bufferSize(h, p, ju, jv, m, n, type, a, lda, stype, s, utype, u, ldu, vtype, v, ldv, compute, &x, &y) || !workspace(d, nd, host, nh))
        return BAD;
    matrix(a, lda, m, n, type, "svd");
    if (ju != 'N')
        matrix(u, ldu, m, ju == 'A' ? m : n, type, "svd's U");
    if (jv != 'N')
        matrix(v, ldv, n, n, type, "svd's V");
    return queue(h, &(struct job){ .what = GESVD, .type = type, .ju = (char)ju, .jv = (char)jv, .m = m, .n = n, .lda = lda, .ldu = ldu, .ldv = ldv, .a = a, .s = s,
        .u = u, .v = v, .info = info });
}
API int cusolverDnXsyevd_bufferSize(struct handle *h, void *p, int job, int uplo, int64_t n, int type, const void *a, int64_t lda, int wtype, const void *w, int compute,
    size_t *nd, size_t *nh)
{
    (void)h, (void)p, (void)job, (void)uplo, (void)a, (void)w;
    return lda < n || wtype != real_of(type) || compute != type ? BAD : room(nd, nh);
}
API int cusolverDnXsyevd(struct handle *h, void *p, int job, int uplo, int64_t n, int type, void *a, int64_t lda, int wtype, void *w, int compute, void *d, size_t nd,
    void *host, size_t nh, int *info)
{
    (void)p;
    if (lda < n || wtype != real_of(type) || compute != type || !workspace(d, nd, host, nh))
        return BAD;
    matrix(a, lda, n, n, type, "eig");
    return queue(h, &(struct job){ .what = SYEVD, .type = type, .ju = job ? 'V' : 'N', .upper = uplo == 1, .n = n, .lda = lda, .a = a, .s = w, .info = info });
}
