/* SPDX-License-Identifier: BSD-3-Clause */
/* product_body.h: matrix products for one type, included at the end of kernels_body.h with its names.
 *
 * A tile is G rows by P vectors of columns, its sums in registers: 8 x 3 are 24 of 32, with 11 loads for 24 multiply-adds
 * (4 x 3 of 16 registers, 7 loads for 12).
 * The left factor is read where it lies, an element broadcast from each of G rows; the right one as vectors, from a
 * panel or where it lies.  Each sum runs over k from its first term on, whatever the tile. */
/* Of a row's end, so many lanes. */
INLINE V CAT(some_lanes, S)(const T *p, int n)
{
#if VARIANT == 512
    return sizeof(T) == 4 ? (V)_mm512_maskz_loadu_ps((__mmask16)LANES(n), p)
                          : (V)_mm512_maskz_loadu_pd((__mmask8)LANES(n), p);
#else
    return n >= L ? LOAD(p) : CAT(some, S)(p, CAT(first, S)(n));
#endif
}
INLINE void CAT(put_some, S)(T *p, V v, int n)
{
#if VARIANT == 512
    PUT(p, v, n);
#else
    if (n >= L)
        *(V *)p = v;
    else
        for (int j = 0; j < n; j++)
            p[j] = v[j];
#endif
}

/* Not contracted with what follows. */
#define ROUNDED(x) ({ V v_ = x; __asm__("" : "+v"(v_)); v_; })
#define TILE(G, P)                                                                                                          \
    __attribute__((noinline)) static void CAT3(tile, G##P, S)(const struct product_tile *q, const T *a, T *c)               \
    {                                                                                                                       \
        V s[G][P];                                                                                                          \
        UNROLL for (int g = 0; g < G; g++)                                                                                  \
            UNROLL for (int j = 0; j < P; j++)                                                                              \
                s[g][j] = (V){ 0 };                                                                                         \
        const T *b = q->b;                                                                                                  \
        i64 ra = q->ra, ka = q->ka, kb = q->kb;                                                                             \
        for (i64 k = q->k; k; k--, a += ka, b += kb) {                                                                      \
            V v[P];                                                                                                         \
            UNROLL for (int j = 0; j < P; j++)                                                                              \
                v[j] = LOAD(b + j * L);                                                                                     \
            UNROLL for (int g = 0; g < G; g++) {                                                                            \
                V x = CAT(spread, S)(a[g * ra]);                                                                            \
                UNROLL for (int j = 0; j < P; j++)                                                                          \
                    s[g][j] += x * v[j];                                                                                    \
            }                                                                                                               \
        }                                                                                                                   \
        V f = CAT(spread, S)((T)q->scale);                                                                                  \
        if (q->minus != 0) {                                                                                                \
            V by = CAT(spread, S)((T)q->minus);                                                                             \
            UNROLL for (int j = 0; j < P; j++)                                                                              \
                UNROLL for (int g = 0; g < G; g++) {                                                                        \
                    T *to = c + g * q->ldc + j * L;                                                                         \
                    V d = ROUNDED(ROUNDED(s[g][j] * f) * by);                                                               \
                    CAT(put_some, S)(to, CAT(some_lanes, S)(to, q->n - j * L) - d, q->n - j * L);                           \
                }                                                                                                           \
            return;                                                                                                         \
        }                                                                                                                   \
        UNROLL for (int j = 0; j < P; j++) {                                                                                \
            int n = q->n - j * L;                                                                                           \
            V from = q->start ? CAT(some_lanes, S)((const T *)q->start + j * L, n) : (V){ 0 };                              \
            UNROLL for (int g = 0; g < G; g++) {                                                                            \
                T *to = c + g * q->ldc + j * L;                                                                             \
                if (q->add)                                                                                                 \
                    from = CAT(some_lanes, S)(to, n);                                                                       \
                CAT(put_some, S)(to, s[g][j] * f + from, n);                                                                \
            }                                                                                                               \
        }                                                                                                                   \
    }
#if VARIANT == 512
#define TILES(P) TILE(1, P) TILE(2, P) TILE(3, P) TILE(4, P) TILE(5, P) TILE(6, P) TILE(7, P) TILE(8, P)
#define WIDE_TILES(P) CAT3(tile, 5##P, S), CAT3(tile, 6##P, S), CAT3(tile, 7##P, S), CAT3(tile, 8##P, S)
#else
#define TILES(P) TILE(1, P) TILE(2, P) TILE(3, P) TILE(4, P)
#define WIDE_TILES(P)
#endif
TILES(1)
TILES(2)
TILES(3)
#undef TILE
#undef ROUNDED
#undef TILES

static void CAT(tiles, S)(const struct product_tile *q)
{
    typedef void tile(const struct product_tile *q, const T *a, T *c);
#define ROW(P) { NULL, CAT3(tile, 1##P, S), CAT3(tile, 2##P, S), CAT3(tile, 3##P, S), CAT3(tile, 4##P, S), WIDE_TILES(P) }
    static tile *const all[3][MOST + 1] = { ROW(1), ROW(2), ROW(3) };
#undef ROW
#undef WIDE_TILES
    tile *const *run = all[(q->n + L - 1) / L - 1];
    const T *a = q->a;
    T *c = q->c;
    for (int r = 0, i = 0, g; r < q->rows; r += g, i++) {
        g = conv_split(q->rows, MOST, i);
        run[g](q, a + r * q->ra, c + r * q->ldc);
    }
}

/* A square of L x L elements turned: rows of `to` are columns of `from`, which are `ld` and `step` apart. */
INLINE void CAT(turn, S)(T *to, i64 step, const T *from, i64 ld)
{
#if VARIANT == 256
    if (sizeof(T) == 4) {
        __m256 r[8], t[8];
        UNROLL for (int i = 0; i < 8; i++)
            r[i] = _mm256_loadu_ps((const float *)from + i * ld);
        UNROLL for (int i = 0; i < 8; i += 2) {
            t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
            t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
        }
        UNROLL for (int i = 0; i < 8; i += 4)
            UNROLL for (int k = 0; k < 2; k++) {
                r[i + 2 * k] = (__m256)_mm256_unpacklo_pd((__m256d)t[i + k], (__m256d)t[i + 2 + k]);
                r[i + 2 * k + 1] = (__m256)_mm256_unpackhi_pd((__m256d)t[i + k], (__m256d)t[i + 2 + k]);
            }
        UNROLL for (int k = 0; k < 4; k++) {
            _mm256_storeu_ps((float *)to + k * step, _mm256_permute2f128_ps(r[k], r[4 + k], 0x20));
            _mm256_storeu_ps((float *)to + (k + 4) * step, _mm256_permute2f128_ps(r[k], r[4 + k], 0x31));
        }
    } else {
        __m256d r[4], t[4];
        UNROLL for (int i = 0; i < 4; i++)
            r[i] = _mm256_loadu_pd((const double *)from + i * ld);
        UNROLL for (int i = 0; i < 4; i += 2) {
            t[i] = _mm256_unpacklo_pd(r[i], r[i + 1]);
            t[i + 1] = _mm256_unpackhi_pd(r[i], r[i + 1]);
        }
        UNROLL for (int k = 0; k < 2; k++) {
            _mm256_storeu_pd((double *)to + k * step, _mm256_permute2f128_pd(t[k], t[2 + k], 0x20));
            _mm256_storeu_pd((double *)to + (k + 2) * step, _mm256_permute2f128_pd(t[k], t[2 + k], 0x31));
        }
    }
#else
    if (sizeof(T) == 4) {
        __m512 r[16], t[16];
        UNROLL for (int i = 0; i < 16; i++)
            r[i] = _mm512_loadu_ps(from + i * ld);
        UNROLL for (int i = 0; i < 16; i += 2) {
            t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
            t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
        }
        UNROLL for (int i = 0; i < 16; i += 4)
            UNROLL for (int k = 0; k < 2; k++) {
                r[i + 2 * k] = (__m512)_mm512_unpacklo_pd((__m512d)t[i + k], (__m512d)t[i + 2 + k]);
                r[i + 2 * k + 1] = (__m512)_mm512_unpackhi_pd((__m512d)t[i + k], (__m512d)t[i + 2 + k]);
            }
        /* r[4 g + k]: element 4 q + k of rows 4 g … 4 g + 3 in quarter q */
        UNROLL for (int k = 0; k < 4; k++) {
            __m512 a = _mm512_shuffle_f32x4(r[k], r[4 + k], 0x88), b = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0x88);
            __m512 c = _mm512_shuffle_f32x4(r[k], r[4 + k], 0xdd), d = _mm512_shuffle_f32x4(r[8 + k], r[12 + k], 0xdd);
            _mm512_storeu_ps(to + k * step, _mm512_shuffle_f32x4(a, b, 0x88));
            _mm512_storeu_ps(to + (k + 8) * step, _mm512_shuffle_f32x4(a, b, 0xdd));
            _mm512_storeu_ps(to + (k + 4) * step, _mm512_shuffle_f32x4(c, d, 0x88));
            _mm512_storeu_ps(to + (k + 12) * step, _mm512_shuffle_f32x4(c, d, 0xdd));
        }
    } else {
        __m512d r[8], t[8];
        UNROLL for (int i = 0; i < 8; i++)
            r[i] = _mm512_loadu_pd(from + i * ld);
        UNROLL for (int i = 0; i < 8; i += 2) {
            t[i] = _mm512_unpacklo_pd(r[i], r[i + 1]);
            t[i + 1] = _mm512_unpackhi_pd(r[i], r[i + 1]);
        }
        UNROLL for (int k = 0; k < 2; k++) {
            __m512d a = _mm512_shuffle_f64x2(t[k], t[2 + k], 0x88), b = _mm512_shuffle_f64x2(t[4 + k], t[6 + k], 0x88);
            __m512d c = _mm512_shuffle_f64x2(t[k], t[2 + k], 0xdd), d = _mm512_shuffle_f64x2(t[4 + k], t[6 + k], 0xdd);
            _mm512_storeu_pd(to + k * step, _mm512_shuffle_f64x2(a, b, 0x88));
            _mm512_storeu_pd(to + (k + 4) * step, _mm512_shuffle_f64x2(a, b, 0xdd));
            _mm512_storeu_pd(to + (k + 2) * step, _mm512_shuffle_f64x2(c, d, 0x88));
            _mm512_storeu_pd(to + (k + 6) * step, _mm512_shuffle_f64x2(c, d, 0xdd));
        }
    }
#endif
}

/* k x n elements, `ks` and `cs` apart, as k rows of the vectors that hold n, with zeros behind. */
static void CAT(panel, S)(const void *from_, i64 ks, i64 cs, i64 k, i64 n, void *to_)
{
    const T *from = from_;
    T *to = to_;
    i64 w = (n + L - 1) / L * L, turned = cs == 1 ? 0 : ks == 1 ? k / L * L : 0;
    if (cs == 1) {
        for (i64 i = 0; i < k; i++, from += ks, to += w)
            for (i64 c = 0; c < w; c += L)
                *(V *)(to + c) = CAT(some_lanes, S)(from + c, (int)(n - c));
        return;
    }
    i64 whole = n / L * L;
    for (i64 i = 0; i < turned; i += L)
        for (i64 c = 0; c < whole; c += L)
            CAT(turn, S)(to + i * w + c, w, from + i + c * cs, cs);
    for (i64 i = 0; i < k; i++)
        for (i64 c = i < turned ? whole : 0; c < w; c++)
            to[i * w + c] = c < n ? from[i * ks + c * cs] : 0;
}
