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

/*== nll: losses of samples at places, -x of the class times its weight; x holds log-probabilities.  BACK 1: the gradient of x, an
   element a thread; else what each costs, and in `share` its weight.  T the class of x, Y that of class numbers */
typedef struct {
    const T *x;
    const Y *t;
    const double *weight, *total;
    double *each, *share;
    T *out;
    i64 n, classes, places, sx[3], so[3];     /* strides of samples, classes, places, in x and of a gradient */
    double ignore;
    u64 status;
    i64 tag;
} args;

DEV i64 class_at(const args A, i64 i)         /* from 1; 0: left out */
{
    double t = (double)A.t[i];
    if (t == A.ignore)
        return 0;
    if (t >= 1.0 && t <= (double)A.classes && t == floor(t))
        return (i64)t;
    trouble(A.status, 7, 0, t > -1e15 && t < 1e15 ? (i64)floor(t) : 0, A.classes, A.tag);
    return 0;
}

KERNEL(256) tl(const args A)
{
    i64 samples = A.n * A.places, all = BACK ? samples * A.classes : samples;
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < all; e += (i64)gridDim.x * 256) {
        i64 i = BACK ? e / A.classes : e, k = class_at(A, i), s = i / A.places, p = i - s * A.places;
        double w = k == 0 ? 0.0 : A.weight ? A.weight[k - 1] : 1.0;
        if (BACK) {
            i64 c = e - i * A.classes;
            double by = A.total && A.total[0] != 0.0 ? A.total[0] : 1.0;
            A.out[s * A.so[0] + c * A.so[1] + p * A.so[2]] = (T)(c + 1 == k ? -w / by : 0.0);
        } else {
            double cost = k == 0 ? 0.0 : -(double)A.x[s * A.sx[0] + (k - 1) * A.sx[1] + p * A.sx[2]] * w;
            if (A.out)
                A.out[i] = (T)cost;
            else {
                A.each[i] = cost;
                A.share[i] = w;
            }
        }
    }
}

/*== cross: the same for scores x, whose log-probabilities z it makes, and shares of the classes smoothed by `smooth`; a warp a sample */
typedef struct {
    const T *x;
    const Y *t;
    const double *weight, *total;
    double *each, *share;
    T *out;
    i64 n, classes, places, sx[3], so[3];
    double ignore;
    u64 status;
    i64 tag;
    double smooth;
} args;

DEV i64 class_at(const args A, i64 i)
{
    double t = (double)A.t[i];
    if (t == A.ignore)
        return 0;
    if (t >= 1.0 && t <= (double)A.classes && t == floor(t))
        return (i64)t;
    trouble(A.status, 7, 0, t > -1e15 && t < 1e15 ? (i64)floor(t) : 0, A.classes, A.tag);
    return 0;
}

KERNEL(256) tl(const args A)
{
    int lane = threadIdx.x % 32;
    for (i64 i = (i64)blockIdx.x * 8 + threadIdx.x / 32; i < A.n * A.places; i += (i64)gridDim.x * 8) {
        i64 t = class_at(A, i), s = i / A.places, p = i - s * A.places;
        const T *x = A.x + s * A.sx[0] + p * A.sx[2];
        T most = x[0];
        double sum = 0.0, cost = 0.0, shares = 0.0, by = A.total && A.total[0] != 0.0 ? 1.0 / A.total[0] : 1.0;
        for (i64 k = lane; k < A.classes; k += 32) {
            T v = x[k * A.sx[1]];
            most = v > most || v != v ? v : most;
        }
        for (int h = 16; h; h /= 2) {
            T v = SHFL_XOR(most, h);
            most = v > most || v != v ? v : most;
        }
        for (i64 k = lane; k < A.classes; k += 32)
            sum += (double)exp(x[k * A.sx[1]] - most);
        double last = log(warp_sum(sum)) + (double)most;
        for (i64 k = lane; k < A.classes; k += 32) {
            double b = ((k + 1 == t ? 1.0 - A.smooth : 0.0) + A.smooth / (double)A.classes) * (A.weight ? A.weight[k] : 1.0);
            if (b != 0.0)
                cost -= b * ((double)x[k * A.sx[1]] - last);
            shares += b;
        }
        shares = warp_sum(shares);
        if (BACK) {
            for (i64 k = lane; k < A.classes; k += 32) {
                double b = ((k + 1 == t ? 1.0 - A.smooth : 0.0) + A.smooth / (double)A.classes) * (A.weight ? A.weight[k] : 1.0);
                double g = (shares * (double)exp((T)((double)x[k * A.sx[1]] - last)) - b) * by;
                A.out[s * A.so[0] + k * A.so[1] + p * A.so[2]] = (T)(t == 0 ? 0.0 : g);
            }
        } else {
            cost = warp_sum(cost);
            if (lane == 0 && A.out)
                A.out[i] = (T)(t == 0 ? 0.0 : cost);
            if (lane == 0 && !A.out) {
                A.each[i] = t == 0 ? 0.0 : cost;
                A.share[i] = t == 0 ? 0.0 : A.weight ? A.weight[t - 1] : 1.0;
            }
        }
    }
}

/*== total: the sum of what samples cost, divided by that of their weights where MEAN is 1; or, without `each`, the weights' sum alone,
   which the class numbers say.  One block, so that the order of the sums is one */
typedef struct { const double *each, *share; const Y *t; const double *weight; double *total; T *out; i64 n, classes; double ignore; } args;

KERNEL(1024) tl(const args A)
{
    SHARED double all[2][1024];
    double s = 0.0, w = 0.0;
    for (i64 i = threadIdx.x; i < A.n; i += 1024) {
        if (A.each) {
            s += A.each[i];
            w += A.share[i];
        } else {
            double t = (double)A.t[i];
            if (t != A.ignore && t >= 1.0 && t <= (double)A.classes)
                w += A.weight ? A.weight[(i64)t - 1] : 1.0;
        }
    }
    all[0][threadIdx.x] = s;
    all[1][threadIdx.x] = w;
    SYNC();
    for (int h = 512; h; h /= 2) {
        if ((int)threadIdx.x < h) {
            all[0][threadIdx.x] += all[0][threadIdx.x + h];
            all[1][threadIdx.x] += all[1][threadIdx.x + h];
        }
        SYNC();
    }
    if (threadIdx.x == 0) {
        if (A.out)
            A.out[0] = (T)(MEAN && all[1][0] != 0.0 ? all[0][0] / all[1][0] : all[0][0]);
        if (A.total)
            A.total[0] = all[1][0];
    }
}

/*== moments: of each channel, in parts: the sums of d and d*d with d = x - its first element, and with BACK 1 of g and g*d.  A block a part;
   FAST 1: samples lie side by side, else places.  Sums are of doubles */
typedef struct { const T *x, *g; double *sum; i64 n, channels, places, sx[3], sg[3], parts, part; } args;

KERNEL(256) tl(const args A)
{
    SHARED double all[4][256];
    int sums = BACK ? 4 : 2;
    for (i64 b = blockIdx.x; b < A.channels * A.parts; b += gridDim.x) {
        i64 c = b / A.parts, from = b % A.parts * A.part, to = from + A.part < A.n * A.places ? from + A.part : A.n * A.places;
        double first = (double)A.x[c * A.sx[1]], s[4] = { 0.0, 0.0, 0.0, 0.0 };
        for (i64 e = from + threadIdx.x; e < to; e += 256) {
            i64 q = FAST ? e / A.n : e / A.places, r = FAST ? e - q * A.n : e - q * A.places, i = FAST ? r : q, p = FAST ? q : r;
            double d = (double)A.x[i * A.sx[0] + c * A.sx[1] + p * A.sx[2]] - first;
            s[0] += d;
            s[1] += d * d;
            if (BACK) {
                double g = (double)A.g[i * A.sg[0] + c * A.sg[1] + p * A.sg[2]];
                s[2] += g;
                s[3] += g * d;
            }
        }
        for (int k = 0; k < sums; k++)
            all[k][threadIdx.x] = s[k];
        SYNC();
        for (int h = 128; h; h /= 2) {
            for (int k = 0; k < sums && (int)threadIdx.x < h; k++)
                all[k][threadIdx.x] += all[k][threadIdx.x + h];
            SYNC();
        }
        if ((int)threadIdx.x < sums)
            A.sum[4 * b + threadIdx.x] = all[threadIdx.x][0];
        SYNC();
    }
}

/*== channels: from the sums of parts what batchnorm does to each element, the running mean and variance, and with BACK 1 the gradients of weight
   and bias.  TRAIN 1: mean and variance are the batch's.  R the class of the running ones; a thread a channel */
typedef struct {
    const T *x;
    const double *sum;
    double *by;                               /* four for each channel: see batchnorm */
    const T *weight, *bias;
    const R *mean, *var;
    R *new_mean, *new_var;
    T *gweight, *gbias;
    i64 channels, step, parts;
    double m, momentum, eps;
} args;

KERNEL(256) tl(const args A)
{
    for (i64 c = (i64)blockIdx.x * 256 + threadIdx.x; c < A.channels; c += (i64)gridDim.x * 256) {
        double s[4] = { 0.0, 0.0, 0.0, 0.0 }, first = (double)A.x[c * A.step], mean, var;
        for (i64 b = c * A.parts; (TRAIN || BACK) && b < (c + 1) * A.parts; b++)
            for (int k = 0; k < (BACK ? 4 : 2); k++)
                s[k] += A.sum[4 * b + k];
        if (TRAIN) {
            mean = s[0] / A.m;
            var = s[1] / A.m - mean * mean;
            var = var < 0.0 ? 0.0 : var;
            mean += first;
        } else {
            mean = (double)A.mean[c];
            var = (double)A.var[c];
        }
        double f = 1.0 / sqrt(var + A.eps), w = A.weight ? (double)A.weight[c] : 1.0, away = s[3] - (mean - first) * s[2];
        A.by[4 * c] = mean;
        A.by[4 * c + 1] = w * f;
        if (BACK) {
            A.by[4 * c + 2] = TRAIN ? s[2] / A.m : 0.0;
            A.by[4 * c + 3] = TRAIN ? away * f * f / A.m : 0.0;
            if (A.gweight)
                A.gweight[c] = (T)(away * f);
            if (A.gbias)
                A.gbias[c] = (T)s[2];
        } else {
            double was = A.mean ? (double)A.mean[c] : 0.0, vary = A.var ? (double)A.var[c] : 1.0;
            A.by[4 * c + 2] = A.bias ? (double)A.bias[c] : 0.0;
            if (A.new_mean)
                A.new_mean[c] = (R)(TRAIN ? was + A.momentum * (mean - was) : was);
            if (A.new_var)
                A.new_var[c] = (R)(TRAIN ? vary + A.momentum * (var * A.m / (A.m - 1.0) - vary) : vary);
        }
    }
}

/*== batchnorm: (x - by[0]) * by[1] + by[2], or the gradient by[1] * (g - by[2] - (x - by[0]) * by[3]), with four numbers for each channel */
typedef struct { const T *x, *g; T *y; const double *by; i64 n, channels, places, sx[3], sg[3], sy[3]; } args;

KERNEL(256) tl(const args A)
{
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < A.n * A.channels * A.places; e += (i64)gridDim.x * 256) {
        i64 size = FAST ? A.n : A.places, q = e / size, r = e - q * size, u = q / A.channels, c = q - u * A.channels, i = FAST ? r : u, p = FAST ? u : r;
        const double *by = A.by + 4 * c;
        double d = (double)A.x[i * A.sx[0] + c * A.sx[1] + p * A.sx[2]] - by[0];
        if (BACK)
            d = by[1] * ((double)A.g[i * A.sg[0] + c * A.sg[1] + p * A.sg[2]] - by[2] - d * by[3]);
        else
            d = d * by[1] + by[2];
        A.y[i * A.sy[0] + c * A.sy[1] + p * A.sy[2]] = (T)d;
    }
}
