/* SPDX-License-Identifier: BSD-3-Clause */
/* layers.cu: kernels of networks, a section each, as in kernels.cu; text_layers.c says which launches a call is. */

/*== conv: MODE 0 convolution, 1 the gradient of its input, 2 of its weight: products whose left factor is read out of images
   (implicit GEMM).  A block makes TM x TN elements, a thread RM x RN of them; both factors pass through shared memory, 16 of
   the inner dimension at a time.  Kernel, strides, padding and dilation are constants. */
typedef struct {
    const T *a, *b, *bias;
    T *c;
    i64 n, channels, outputs, groups, parts, part;        /* channels, outputs: of a group; part: of the inner dimension, for each of the parts */
    i64 in[3], out[3];                        /* places, W H T */
    i64 sx[5], sw[5], sy[5];                  /* strides: W H T channel sample; W H T channel output */
} args;
#define KERNEL_PLACES (KW * KH * KT)
#define TM (16 * RM)
#define TN (16 * RN)
typedef struct { i64 sample, w, h, t; } spot;

DEV spot spot_of(IX i, IX w, IX h, IX t)
{
    spot s;
    IX q = i / w, r = q / h, u = r / t;
    s.w = i - q * w;
    s.h = q - r * h;
    s.t = r - u * t;
    s.sample = u;
    return s;
}
/* x under tap (channel, kernel place) k of the window at s, or 0 in the padding */
DEV T under(const args A, i64 group, spot s, IX k)
{
    IX c = k / KERNEL_PLACES, p = k - c * KERNEL_PLACES, kt = p / (KW * KH), q = p - kt * (KW * KH), kh = q / KW, kw = q - kh * KW;
    i64 w = s.w * SW - PW + kw * DW, h = s.h * SH - PH + kh * DH, t = s.t * ST - PT + kt * DT;
    if (w < 0 || h < 0 || t < 0 || w >= A.in[0] || h >= A.in[1] || t >= A.in[2])
        return 0;
    return A.a[w * A.sx[0] + h * A.sx[1] + t * A.sx[2] + (group * A.channels + c) * A.sx[3] + s.sample * A.sx[4]];
}
/* the gradient of y that place s of x got by tap (output, kernel place) k, or 0 */
DEV T over(const args A, i64 group, spot s, IX k)
{
    IX o = k / KERNEL_PLACES, p = k - o * KERNEL_PLACES, kt = p / (KW * KH), q = p - kt * (KW * KH), kh = q / KW, kw = q - kh * KW;
    i64 w = s.w + PW - kw * DW, h = s.h + PH - kh * DH, t = s.t + PT - kt * DT;
    if (w < 0 || h < 0 || t < 0 || w % SW || h % SH || t % ST || w / SW >= A.out[0] || h / SH >= A.out[1] || t / ST >= A.out[2])
        return 0;
    return A.a[w / SW * A.sy[0] + h / SH * A.sy[1] + t / ST * A.sy[2] + (group * A.outputs + o) * A.sy[3] + s.sample * A.sy[4]];
}
/* weight of channel c and output o at a place of the kernel */
DEV i64 weight_at(const args A, i64 group, IX c, IX o, IX p)
{
    IX kt = p / (KW * KH), q = p - kt * (KW * KH), kh = q / KW, kw = q - kh * KW;
    return kw * A.sw[0] + kh * A.sw[1] + kt * A.sw[2] + c * A.sw[3] + (group * A.outputs + o) * A.sw[4];
}

KERNEL(256) tl(const args A)
{
    SHARED T left[16][TM + 1];
    SHARED T right[16][TN + 1];
    int x = threadIdx.x % 16, y = threadIdx.x / 16;
    i64 P = A.out[0] * A.out[1] * A.out[2], Q = A.in[0] * A.in[1] * A.in[2];
    i64 m = MODE == 0 ? P * A.n : MODE == 1 ? Q * A.n : A.channels * KERNEL_PLACES;
    i64 n = MODE == 1 ? A.channels : A.outputs;
    i64 inner = MODE == 0 ? A.channels * KERNEL_PLACES : MODE == 1 ? A.outputs * KERNEL_PLACES : P * A.n;
    i64 down = (m + TM - 1) / TM, across = (n + TN - 1) / TN;
    for (i64 tile = blockIdx.x; tile < down * across * A.groups * A.parts; tile += gridDim.x) {
        i64 i0 = tile % down * TM, j0 = tile / down % across * TN, group = tile / (down * across) % A.groups, part = tile / (down * across * A.groups);
        i64 from = part * A.part, to = from + A.part < inner ? from + A.part : inner;
        T sum[RM][RN];
        spot mine = spot_of(0, 1, 1, 1);
        for (int i = 0; i < RM; i++)
            for (int j = 0; j < RN; j++)
                sum[i][j] = 0;
        if (MODE != 2) {                      /* a thread reads one row: where it stands is known once */
            i64 i = i0 + threadIdx.x % TM;
            mine = MODE == 0 ? spot_of(i < m ? i : 0, A.out[0], A.out[1], A.out[2]) : spot_of(i < m ? i : 0, A.in[0], A.in[1], A.in[2]);
        }
        for (i64 k0 = from; k0 < to; k0 += 16) {
            for (int e = threadIdx.x; e < 16 * TM; e += 256) {
                int i = MODE == 2 ? e / 16 : e % TM, k = MODE == 2 ? e % 16 : e / TM;
                T v = 0;
                if (i0 + i < m && k0 + k < to)
                    v = MODE == 0 ? under(A, group, mine, k0 + k) : MODE == 1 ? over(A, group, mine, k0 + k)
                        : under(A, group, spot_of(k0 + k, A.out[0], A.out[1], A.out[2]), i0 + i);
                left[k][i] = v;
            }
            for (int e = threadIdx.x; e < 16 * TN; e += 256) {
                int k = e % 16, j = e / 16;
                T v = 0;
                if (j0 + j < n && k0 + k < to) {
                    if (MODE == 2) {
                        spot s = spot_of(k0 + k, A.out[0], A.out[1], A.out[2]);
                        v = A.b[s.w * A.sy[0] + s.h * A.sy[1] + s.t * A.sy[2] + (group * A.outputs + j0 + j) * A.sy[3] + s.sample * A.sy[4]];
                    } else {
                        IX c = (k0 + k) / KERNEL_PLACES, p = k0 + k - c * KERNEL_PLACES;
                        v = A.b[MODE == 0 ? weight_at(A, group, c, j0 + j, p) : weight_at(A, group, j0 + j, c, p)];
                    }
                }
                right[k][j] = v;
            }
            SYNC();
            for (int k = 0; k < 16; k++) {
                T r[RM], s[RN];
                for (int i = 0; i < RM; i++)
                    r[i] = left[k][x + 16 * i];
                for (int j = 0; j < RN; j++)
                    s[j] = right[k][y + 16 * j];
                for (int i = 0; i < RM; i++)
                    for (int j = 0; j < RN; j++)
                        sum[i][j] += r[i] * s[j];
            }
            SYNC();
        }
        for (int i = 0; i < RM; i++) {
            i64 row = i0 + x + 16 * i;
            spot s = MODE == 0 ? spot_of(row, A.out[0], A.out[1], A.out[2]) : spot_of(row, A.in[0], A.in[1], A.in[2]);
            for (int j = 0; j < RN; j++) {
                i64 column = j0 + y + 16 * j;
                if (row >= m || column >= n)
                    continue;
                if (MODE == 2) {              /* dense in parts, or where it belongs */
                    IX c = row / KERNEL_PLACES, p = row - c * KERNEL_PLACES;
                    i64 to = A.parts > 1 ? part * (A.groups * n * m) + (group * n + column) * m + row : weight_at(A, group, c, column, p);
                    A.c[to] = sum[i][j];
                    continue;
                }
                i64 plane = group * n + column;
                T v = A.bias ? sum[i][j] + A.bias[plane] : sum[i][j];
                if (MODE == 0)
                    A.c[s.w * A.sy[0] + s.h * A.sy[1] + s.t * A.sy[2] + plane * A.sy[3] + s.sample * A.sy[4]] = ACTIVE(v);
                else
                    A.c[s.w * A.sx[0] + s.h * A.sx[1] + s.t * A.sx[2] + plane * A.sx[3] + s.sample * A.sx[4]] = v;
            }
        }
    }
}

/*== fold: what parts have found, added up part after part */
typedef struct { const T *part; view to; i64 parts; } args;

KERNEL(256) tl(const args A)
{
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < A.to.n; e += (i64)gridDim.x * 256) {
        T s = A.part[e];
        for (i64 k = 1; k < A.parts; k++)
            s += A.part[k * A.to.n + e];
        ((T *)A.to.p)[offset(A.to, e)] = s;
    }
}

/*== pool: the largest of windows and its place in the plane, from 1; NaN counts as largest, of equals the first */
typedef struct { const T *x; T *y; AT *at; const i64 *list; i64 planes, in[3], out[3], step[3]; } args;       /* T H W; list: from and to of each dimension */

KERNEL(256) tl(const args A)
{
    const i64 *t0 = A.list, *t1 = t0 + A.out[0], *h0 = t1 + A.out[0], *h1 = h0 + A.out[1], *w0 = h1 + A.out[1], *w1 = w0 + A.out[2];
    i64 all = A.planes * A.out[0] * A.out[1] * A.out[2];
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < all; e += (i64)gridDim.x * 256) {
        i64 q = e / A.out[2], w = e - q * A.out[2], r = q / A.out[1], h = q - r * A.out[1], plane = r / A.out[0], t = r - plane * A.out[0], best = -1;
        const T *x = A.x + plane * A.in[0] * A.in[1] * A.in[2];
        T most = -INFINITY;
        for (i64 a = t0[t]; a < t1[t]; a += A.step[0])
            for (i64 b = h0[h]; b < h1[h]; b += A.step[1])
                for (i64 c = w0[w]; c < w1[w]; c += A.step[2]) {
                    i64 i = (a * A.in[1] + b) * A.in[2] + c;
                    T v = x[i];
                    if (best < 0 || v > most || v != v) {
                        most = v;
                        best = i;
                    }
                }
        A.y[e] = most;
        A.at[e] = (AT)(best + 1);
    }
}

/*== taps: planes through a sparse matrix along each of three dimensions.  list, weight: for each that is not left as it is (n < 0),
   where the entries of each row begin and their columns; and their values */
typedef struct { const T *x; T *y; const i64 *list; const double *weight; i64 planes, in[3], out[3], n[3]; } args;

KERNEL(256) tl(const args A)
{
    const i64 *start[3], *at[3], *list = A.list;
    const double *weight[3], *w = A.weight;
    for (int d = 0; d < 3; d++) {
        start[d] = list;
        at[d] = list + A.out[d] + 1;
        weight[d] = w;
        list += A.n[d] < 0 ? 0 : A.out[d] + 1 + A.n[d];
        w += A.n[d] < 0 ? 0 : A.n[d];
    }
    i64 all = A.planes * A.out[0] * A.out[1] * A.out[2];
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < all; e += (i64)gridDim.x * 256) {
        i64 o[3], from[3], to[3], q = e / A.out[2], r = q / A.out[1], plane = r / A.out[0];
        o[2] = e - q * A.out[2];
        o[1] = q - r * A.out[1];
        o[0] = r - plane * A.out[0];
        for (int d = 0; d < 3; d++) {
            from[d] = A.n[d] < 0 ? o[d] : start[d][o[d]];
            to[d] = A.n[d] < 0 ? o[d] + 1 : start[d][o[d] + 1];
        }
        const T *x = A.x + plane * A.in[0] * A.in[1] * A.in[2];
        T sum = 0;
        for (i64 k = from[2]; k < to[2]; k++) {
            i64 c = A.n[2] < 0 ? k : at[2][k];
            T line = 0;
            int first = 1;
            for (i64 i = from[0]; i < to[0]; i++)
                for (i64 j = from[1]; j < to[1]; j++) {
                    i64 a = A.n[0] < 0 ? i : at[0][i], b = A.n[1] < 0 ? j : at[1][j];
                    double by = (A.n[0] < 0 ? 1.0 : weight[0][i]) * (A.n[1] < 0 ? 1.0 : weight[1][j]);
                    T v = (T)by * x[(a * A.in[1] + b) * A.in[2] + c];
                    line = first ? v : line + v;
                    first = 0;
                }
            sum += (A.n[2] < 0 ? (T)1 : (T)weight[2][k]) * line;
        }
        A.y[e] = sum;
    }
}

/*== softmax: of each column, LOG 1 its logarithm; a warp a column */
typedef struct { view x, y; i64 len, columns; } args;

KERNEL(256) tl(const args A)
{
    int lane = threadIdx.x % 32;
    for (i64 c = (i64)blockIdx.x * 8 + threadIdx.x / 32; c < A.columns; c += (i64)gridDim.x * 8) {
        const T *x = (const T *)A.x.p;
        T most = x[offset(A.x, c * A.len)], sum = 0;
        for (i64 k = lane; k < A.len; k += 32) {
            T v = x[offset(A.x, c * A.len + k)];
            most = v > most ? v : most;
        }
        for (int h = 16; h; h /= 2) {
            T v = SHFL_XOR(most, h);
            most = v > most ? v : most;
        }
        for (i64 k = lane; k < A.len; k += 32)
            sum += exp(x[offset(A.x, c * A.len + k)] - most);
        for (int h = 16; h; h /= 2)
            sum += SHFL_XOR(sum, h);
        T last = LOG ? log(sum) : sum;
        for (i64 k = lane; k < A.len; k += 32) {
            T v = x[offset(A.x, c * A.len + k)] - most;
            ((T *)A.y.p)[offset(A.y, c * A.len + k)] = LOG ? v - last : exp(v) / last;
        }
    }
}

/*== softmax_short: the same, a thread a column */
typedef struct { view x, y; i64 len, columns; } args;

KERNEL(256) tl(const args A)
{
    for (i64 c = (i64)blockIdx.x * 256 + threadIdx.x; c < A.columns; c += (i64)gridDim.x * 256) {
        const T *x = (const T *)A.x.p;
        T most = x[offset(A.x, c * A.len)], sum = 0;
        for (i64 k = 1; k < A.len; k++) {
            T v = x[offset(A.x, c * A.len + k)];
            most = v > most ? v : most;
        }
        for (i64 k = 0; k < A.len; k++)
            sum += exp(x[offset(A.x, c * A.len + k)] - most);
        T last = LOG ? log(sum) : sum;
        for (i64 k = 0; k < A.len; k++) {
            T v = x[offset(A.x, c * A.len + k)] - most;
            ((T *)A.y.p)[offset(A.y, c * A.len + k)] = LOG ? v - last : exp(v) / last;
        }
    }
}

/*== norm: each column with its mean taken off, divided by its deviation, times weight plus bias; with g the gradient of x from it.
   Sums are of doubles.  A warp a column */
typedef struct { view x, g, y; const T *weight, *bias; i64 len, columns; double eps; } args;

DEV double warp_sum(double s)
{
    for (int h = 16; h; h /= 2)
        s += SHFL_XOR(s, h);
    return s;
}

KERNEL(256) tl(const args A)
{
    int lane = threadIdx.x % 32;
    for (i64 c = (i64)blockIdx.x * 8 + threadIdx.x / 32; c < A.columns; c += (i64)gridDim.x * 8) {
        const T *x = (const T *)A.x.p, *g = (const T *)A.g.p;
        T *y = (T *)A.y.p;
        double s = 0, n = (double)A.len;
        for (i64 k = lane; k < A.len; k += 32)
            s += (double)x[offset(A.x, c * A.len + k)];
        double mean = warp_sum(s) / n;
        s = 0;
        for (i64 k = lane; k < A.len; k += 32) {
            double d = (double)x[offset(A.x, c * A.len + k)] - mean;
            s += d * d;
        }
        double f = 1.0 / sqrt(warp_sum(s) / n + A.eps), a = 0, b = 0;
        if (BACK) {
            for (i64 k = lane; k < A.len; k += 32) {
                i64 i = c * A.len + k;
                double h = (double)g[offset(A.g, i)] * (A.weight ? (double)A.weight[k] : 1.0);
                a += h;
                b += h * ((double)x[offset(A.x, i)] - mean);
            }
            a = warp_sum(a) / n;
            b = warp_sum(b) * f * f / n;
        }
        for (i64 k = lane; k < A.len; k += 32) {
            i64 i = c * A.len + k;
            T away = x[offset(A.x, i)] - (T)mean, w = A.weight ? A.weight[k] : (T)1;
            y[offset(A.y, i)] = BACK ? (T)f * (g[offset(A.g, i)] * w - (T)a - away * (T)b) : away * (T)f * w + (A.bias ? A.bias[k] : (T)0);
        }
    }
}
