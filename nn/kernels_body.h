/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels_body.h: the loops of kernels.c for one type: T, I an integer of its size, S the suffix of names. */
#define L (VB / (int)sizeof(T))
#define V CAT(vec, S)
#define VI CAT(veci, S)
typedef T V __attribute__((vector_size(VB), aligned(sizeof(T)), may_alias));
typedef I VI __attribute__((vector_size(VB), aligned(sizeof(T)), may_alias));
#define LOAD(p) (*(const V *)(p))

INLINE V CAT(spread, S)(T x)
{
    return x - (V){ 0 };                      /* 0 + x would be an addition: it turns -0 into 0 */
}

/* n of the lanes of a vector, as all ones */
INLINE VI CAT(first, S)(i64 n)
{
    VI i;
    for (int j = 0; j < L; j++)
        i[j] = j;
    return i < (VI){ 0 } + (I)n;
}

INLINE void CAT(put, S)(T *q, V v, int n)
{
    if (n == L)
        *(V *)q = v;
    else
        for (int j = 0; j < n; j++)
            q[j] = v[j];
}

#if VARIANT == 512
#define LANES(n) ((n) >= L ? (unsigned)-1 : (1u << (n)) - 1)
INLINE void CAT(put_lanes, S)(T *q, V v, int n)
{
    _Static_assert(sizeof(T) == 4 || sizeof(T) == 8, "");
    if (sizeof(T) == 4)
        _mm512_mask_storeu_ps(q, (__mmask16)LANES(n), (__m512)v);
    else
        _mm512_mask_storeu_pd(q, (__mmask8)LANES(n), (__m512d)v);
}
#define PUT CAT(put_lanes, S)
#else
#define PUT CAT(put, S)
#endif

/* ---- the convolution: G outputs at P vectors of places */
#define BLOCK(G)                                                                                                \
    __attribute__((noinline)) static void CAT3(block, G, S)(const T *const *p, T *const *q, const int *n,       \
                                                            const struct conv_tile *c, const T *w, const T *b)  \
    {                                                                                                           \
        enum { P = PLACES(G) };                                                                                 \
        V a[G][P];                                                                                              \
        UNROLL for (int g = 0; g < G; g++)                                                                      \
            UNROLL for (int j = 0; j < P; j++)                                                                  \
                a[g][j] = b ? CAT(spread, S)(b[g]) : LOAD(q[j] + g * c->dst_channel);                           \
        const i64 *off = c->off;                                                                                \
        for (int t = 0; t < c->taps; t++, w += G) {                                                             \
            V v[P];                                                                                             \
            UNROLL for (int j = 0; j < P; j++)                                                                  \
                v[j] = LOAD(p[j] + off[t]);                                                                     \
            UNROLL for (int g = 0; g < G; g++) {                                                                \
                V x = CAT(spread, S)(w[g]);                                                                     \
                UNROLL for (int j = 0; j < P; j++)                                                              \
                    a[g][j] += x * v[j];                                                                        \
            }                                                                                                   \
        }                                                                                                       \
        UNROLL for (int j = 0; j < P; j++)                                                                      \
            if (n[j])                                                                                           \
                UNROLL for (int g = 0; g < G; g++)                                                              \
                    PUT(q[j] + g * c->dst_channel, a[g][j], n[j]);                                              \
    }
BLOCK(1)
BLOCK(2)
BLOCK(3)
BLOCK(4)
WITH_WIDE(BLOCK)
#undef BLOCK

static void CAT(forward, S)(const struct conv_tile *c)
{
    typedef void block(const T *const *p, T *const *q, const int *n, const struct conv_tile *c, const T *w, const T *b);
#define ROW(G) [G] = { CAT3(block, G, S), PLACES(G) },
    static const struct { block *run; int places; } blocks[MOST + 1] = { ROW(1) ROW(2) ROW(3) ROW(4) WITH_WIDE(ROW) };
#undef ROW
    const T *w = c->w;
    for (int o = 0, i = 0; o < c->outputs; i++) {
        int g = conv_split(c->outputs, MOST, i), P = blocks[g].places;
        const T *p[8], *from = c->src;
        T *q[8], *to = (T *)c->dst + o * c->dst_channel;
        int n[8], k = 0;
        for (i64 row = c->row0; row < c->row1; row++) {
            const T *s = from + row / c->plane_rows * c->src_plane + row % c->plane_rows * c->src_row;
            T *d = to + row * c->dst_row;
            for (i64 x = 0; x < c->width; x += L) {
                p[k] = s + x;
                q[k] = d + x;
                n[k] = (int)MIN(L, c->width - x);
                if (++k == P) {
                    blocks[g].run(p, q, n, c, w, c->start ? (const T *)c->start + o : NULL);
                    k = 0;
                }
            }
        }
        if (k) {
            for (int j = k; j < P; j++) {
                p[j] = p[0];
                q[j] = q[0];
                n[j] = 0;
            }
            blocks[g].run(p, q, n, c, w, c->start ? (const T *)c->start + o : NULL);
        }
        w += (i64)g * c->taps;
        o += g;
    }
}

/* ---- the weights' gradient: R outputs by K taps, each sum a vector over places */
INLINE T CAT(total, S)(V v)
{
#if VARIANT == 512
    return sizeof(T) == 4 ? (T)_mm512_reduce_add_ps((__m512)v) : (T)_mm512_reduce_add_pd((__m512d)v);
#else
    T s[L], r;
    memcpy(s, &v, sizeof s);
    for (int n = L / 2; n; n /= 2)
        for (int j = 0; j < n; j++)
            s[j] += s[j + n];
    r = s[0];
    return r;
#endif
}

INLINE V CAT(some, S)(const T *p, VI mask)
{
    return (V)((VI)LOAD(p) & mask);
}

#define DOT(R, K)                                                                                               \
    __attribute__((noinline)) static void CAT3(dot, R##K, S)(const struct weight_tile *c, int o, int t)         \
    {                                                                                                           \
        V a[R][K];                                                                                              \
        UNROLL for (int r = 0; r < R; r++)                                                                      \
            UNROLL for (int k = 0; k < K; k++)                                                                  \
                a[r][k] = (V){ 0 };                                                                             \
        const T *y = (const T *)c->dy + o * c->dy_channel, *src = c->src;                                       \
        i64 at[K], full = c->width - c->width % L;                                                              \
        VI tail = CAT(first, S)(c->width - full);                                                               \
        UNROLL for (int k = 0; k < K; k++)                                                                      \
            at[k] = c->off[t + k];                                                                              \
        for (i64 s = 0; s < c->samples; s++, y += c->dy_sample, src += c->src_sample)                           \
            for (i64 row = c->row0; row < c->row1; row++) {                                                     \
                const T *p = src + row / c->plane_rows * c->src_plane + row % c->plane_rows * c->src_row;       \
                const T *d = y + row * c->dy_row;                                                               \
                V u[R];                                                                                         \
                i64 x = 0;                                                                                      \
                for (; x < full; x += L) {                                                                      \
                    UNROLL for (int r = 0; r < R; r++)                                                          \
                        u[r] = LOAD(d + r * c->dy_channel + x);                                                 \
                    UNROLL for (int k = 0; k < K; k++) {                                                        \
                        V v = LOAD(p + at[k] + x);                                                              \
                        UNROLL for (int r = 0; r < R; r++)                                                      \
                            a[r][k] += u[r] * v;                                                                \
                    }                                                                                           \
                }                                                                                               \
                if (x == c->width)                                                                              \
                    continue;                                                                                   \
                UNROLL for (int r = 0; r < R; r++)                                                              \
                    u[r] = CAT(some, S)(d + r * c->dy_channel + x, tail);                                       \
                UNROLL for (int k = 0; k < K; k++) {                                                            \
                    V v = CAT(some, S)(p + at[k] + x, tail);                                                    \
                    UNROLL for (int r = 0; r < R; r++)                                                          \
                        a[r][k] += u[r] * v;                                                                    \
                }                                                                                               \
            }                                                                                                   \
        UNROLL for (int r = 0; r < R; r++)                                                                      \
            UNROLL for (int k = 0; k < K; k++)                                                                  \
                c->dw[(o + r) * c->dw_output + t + k] += CAT(total, S)(a[r][k]);                                \
    }
#define DOTS(R) DOT(R, 1) DOT(R, 2) DOT(R, 3) DOTS_WIDE(R)
#if VARIANT == 512
#define DOTS_WIDE(R) DOT(R, 4) DOT(R, 5) DOT(R, 6)
#define WIDE_DOT(R) CAT3(dot, R##4, S), CAT3(dot, R##5, S), CAT3(dot, R##6, S)
#else
#define DOTS_WIDE(R)
#define WIDE_DOT(R)
#endif
DOTS(1)
DOTS(2)
DOTS(3)
#if VARIANT == 512
DOTS(4)
#endif
#undef DOT

static void CAT(weight, S)(const struct weight_tile *c)
{
    typedef void dot(const struct weight_tile *c, int o, int t);
#define ROW(R) [R] = { NULL, CAT3(dot, R##1, S), CAT3(dot, R##2, S), CAT3(dot, R##3, S), WIDE_DOT(R) },
    static dot *const dots[MOST_ROWS + 1][MOST_TAPS + 1] = {
        ROW(1) ROW(2) ROW(3)
#if VARIANT == 512
        ROW(4)
#endif
    };
#undef ROW
    for (int o = 0, i = 0; o < c->outputs; i++) {
        int r = conv_split(c->outputs, MOST_ROWS, i);
        for (int t = 0, j = 0; t < c->taps; j++) {
            int k = conv_split(c->taps, MOST_TAPS, j);
            dots[r][k](c, o, t);
            t += k;
        }
        o += r;
    }
}
static double CAT(sum, S)(const void *x, i64 n)          /* four vectors at a time, their totals in double */
{
    const T *p = x;
    double r = 0;
    for (i64 i = 0; i < n;) {
        V a[4] = { { 0 } };
        i64 end = MIN(n, i + 256 * L);
        for (; i + 4 * L <= end; i += 4 * L)
            for (int k = 0; k < 4; k++)
                a[k] += LOAD(p + i + k * L);
        for (; i < end; i += L)
            a[0] += end - i >= L ? LOAD(p + i) : CAT(some, S)(p + i, CAT(first, S)(end - i));
        i = end;
        r += CAT(total, S)((a[0] + a[1]) + (a[2] + a[3]));
    }
    return r;
}

static void CAT(columns, S)(const void *x, i64 row, i64 plane, int planes, int rows, i64 n, void *most, int32_t *at)
{
    for (i64 i = 0; i < n; i += L) {          /* beyond n as well: there is room */
        V m = LOAD((const T *)x + i);
        VI w = { 0 };
        for (int t = 0; t < planes; t++)
            for (int h = t == 0; h < rows; h++) {
                i64 o = t * plane + h * row;
                V v = LOAD((const T *)x + o + i);
                VI take = (v > m) | (v != v);
                m = (V)(((VI)v & take) | ((VI)m & ~take));
                w = (take & (I)o) | (w & ~take);
            }
        *(V *)((T *)most + i) = m;
        if (sizeof(I) == 4)
            memcpy(at + i, &w, sizeof w);
        else
            for (int j = 0; j < L; j++)
                at[i + j] = (int32_t)w[j];
    }
}

#if VARIANT > 128
#include "nn/product_body.h"
#endif

#undef DOTS
#undef DOTS_WIDE
#undef WIDE_DOT
#undef PUT
#undef LANES
#undef LOAD
#undef V
#undef VI
#undef L
#undef T
#undef I
#undef S
