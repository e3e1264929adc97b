/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels.cu: what is no elementwise program, a kernel a section, in the common subset of C and CUDA C++ (see prelude.cu).
 *
 * A section begins with a line of its name in double equal signs.  T is the element's type; what else a kernel takes for a
 * constant is defined before it.  Every result is the same whatever the order of threads. */

/*== fill: n words of 64 bits */
typedef struct { i64 *to; i64 n, x; } args;

KERNEL(256) tl(const args A)
{
    for (i64 i = (i64)blockIdx.x * 256 + threadIdx.x; i < A.n; i += (i64)gridDim.x * 256)
        A.to[i] = A.x;
}

/*== gather: out = x(i1, …, ik), an index beyond its dimension is noted and clamped */
typedef struct { view out; const T *x; indices ix; u64 status; i64 tag; } args;

KERNEL(256) tl(const args A)
{
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < A.out.n; e += (i64)gridDim.x * 256) {
        i64 rest = e, o = 0;
        UNROLL for (int k = 0; k < 8; k++)
            if (k < A.ix.nd) {
                i64 q = rest / A.ix.count[k], i = rest - q * A.ix.count[k];
                rest = q;
                if (A.ix.list[k])
                    i = clamped(((const i64 *)A.ix.list[k])[i * A.ix.step[k]], A.ix.dim[k], A.status, OP, A.tag);
                o += i * A.ix.stride[k];
            }
        ((T *)A.out.p)[offset(A.out, e)] = A.x[o];
    }
}

/*== owner: of each index the last place that names it */
typedef struct { i64 *owner; const i64 *list; i64 n, step, dim; } args;

KERNEL(256) tl(const args A)
{
    for (i64 i = (i64)blockIdx.x * 256 + threadIdx.x; i < A.n; i += (i64)gridDim.x * 256) {
        i64 v = A.list[i * A.step];
        MAX_LONG(&A.owner[v < 0 ? 0 : v >= A.dim ? A.dim - 1 : v], i);
    }
}

/*== scatter: out(i1, …, ik) = x; of several for one place the last */
typedef struct { view x; T *out; indices ix; u64 owner[8]; i64 n; u64 status; i64 tag; } args;

KERNEL(256) tl(const args A)
{
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < A.n; e += (i64)gridDim.x * 256) {
        i64 rest = e, o = 0;
        int last = 1;
        UNROLL for (int k = 0; k < 8; k++)
            if (k < A.ix.nd) {
                i64 q = rest / A.ix.count[k], i = rest - q * A.ix.count[k], v = i;
                rest = q;
                if (A.ix.list[k]) {
                    v = clamped(((const i64 *)A.ix.list[k])[i * A.ix.step[k]], A.ix.dim[k], A.status, OP, A.tag);
                    last &= ((const i64 *)A.owner[k])[v] == i;
                }
                o += v * A.ix.stride[k];
            }
        if (last)
            A.out[o] = ((const T *)A.x.p)[A.x.n == 1 ? 0 : offset(A.x, e)];
    }
}

/*== clamp: an index list, dense, each index noted and clamped */
typedef struct { i64 *to; const i64 *list; i64 n, step, dim; u64 status; i64 tag; } args;

KERNEL(256) tl(const args A)
{
    for (i64 i = (i64)blockIdx.x * 256 + threadIdx.x; i < A.n; i += (i64)gridDim.x * 256)
        A.to[i] = clamped(A.list[i * A.step], A.dim, A.status, OP, A.tag);
}

/*== segments: where each value begins and ends among sorted ones */
typedef struct { i64 *begin, *end; const i64 *key; i64 n; } args;

KERNEL(256) tl(const args A)
{
    for (i64 i = (i64)blockIdx.x * 256 + threadIdx.x; i < A.n; i += (i64)gridDim.x * 256) {
        if (i == 0 || A.key[i - 1] != A.key[i])
            A.begin[A.key[i]] = i;
        if (i == A.n - 1 || A.key[i + 1] != A.key[i])
            A.end[A.key[i]] = i + 1;
    }
}

/*== add: out(i1, …, ik) += x, a thread a place; the order of a sum is that of the indices */
typedef struct { view x; T *out; indices ix; u64 order[8], begin[8], end[8]; i64 n; } args;

KERNEL(256) tl(const args A)
{
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < A.n; e += (i64)gridDim.x * 256) {
        i64 rest = e, o = 0, at[8], from[8], to[8];
        int some = 1;
        UNROLL for (int k = 0; k < 8; k++) {
            from[k] = 0;
            to[k] = 1;
            if (k < A.ix.nd) {
                i64 q = rest / A.ix.dim[k], v = rest - q * A.ix.dim[k];
                rest = q;
                o += v * A.ix.stride[k];
                from[k] = A.ix.list[k] ? ((const i64 *)A.begin[k])[v] : v;
                to[k] = A.ix.list[k] ? ((const i64 *)A.end[k])[v] : v + 1;
                some &= from[k] < to[k];
            }
            at[k] = from[k];
        }
        if (!some)
            continue;
        T sum = A.out[o];
        for (int more = 1; more;) {
            i64 i = 0, by = 1;
            UNROLL for (int k = 0; k < 8; k++)
                if (k < A.ix.nd) {
                    i += by * (A.ix.list[k] ? ((const i64 *)A.order[k])[at[k]] : at[k]);
                    by *= A.ix.count[k];
                }
            sum = PLUS(sum, ((const T *)A.x.p)[A.x.n == 1 ? 0 : offset(A.x, i)]);
            more = 0;
            for (int k = 0; k < 8 && !more; k++)
                if (++at[k] < to[k])
                    more = 1;
                else
                    at[k] = from[k];
        }
        A.out[o] = sum;
    }
}

/*== mark_count: how many are true in each 1024 elements of a mask */
typedef struct { view mask; i64 *count; i64 blocks; } args;

KERNEL(256) tl(const args A)
{
    int lane = threadIdx.x % 32;
    for (i64 b = (i64)blockIdx.x * 8 + threadIdx.x / 32; b < A.blocks; b += (i64)gridDim.x * 8) {
        int n = 0;
        for (int j = 0; j < 32; j++) {
            i64 i = b * 1024 + 32 * j + lane;
            n += i < A.mask.n && ((const u8 *)A.mask.p)[offset(A.mask, i)];
        }
        for (int h = 16; h; h /= 2)
            n += SHFL_XOR(n, h);
        if (lane == 0)
            A.count[b] = n;
    }
}

/*== running_count: each count becomes the sum of those before it; one block */
typedef struct { i64 *count; i64 n; } args;

KERNEL(1024) tl(const args A)
{
    SHARED i64 s[1024];
    i64 before = 0;
    int t = threadIdx.x;
    for (i64 b = 0; b < A.n; b += 1024) {
        i64 own = b + t < A.n ? A.count[b + t] : 0, sum = own;
        s[t] = sum;
        SYNC();
        for (int d = 1; d < 1024; d *= 2) {
            i64 left = t >= d ? s[t - d] : 0;
            SYNC();
            sum += left;
            s[t] = sum;
            SYNC();
        }
        if (b + t < A.n)
            A.count[b + t] = before + sum - own;
        before += s[1023];
        SYNC();
    }
}

/*== mark_write: KIND 0 places of the true ones, 1 elements of x there, 2 out(mask) = x */
typedef struct { view mask, x, out; const i64 *before; i64 blocks; } args;

KERNEL(256) tl(const args A)
{
    int lane = threadIdx.x % 32;
    for (i64 b = (i64)blockIdx.x * 8 + threadIdx.x / 32; b < A.blocks; b += (i64)gridDim.x * 8) {
        i64 at = A.before[b];
        for (int j = 0; j < 32; j++) {
            i64 i = b * 1024 + 32 * j + lane;
            int set = i < A.mask.n && ((const u8 *)A.mask.p)[offset(A.mask, i)];
            u32 all = BALLOT(set);
            i64 e = at + POPC(all & ((1u << lane) - 1));
            at += POPC(all);
            if (!set)
                continue;
            if (KIND == 2)
                ((T *)A.out.p)[offset(A.out, i)] = ((const T *)A.x.p)[A.x.n == 1 ? 0 : offset(A.x, e)];
            else if (e < A.out.n)
                ((T *)A.out.p)[offset(A.out, e)] = KIND == 1 ? ((const T *)A.x.p)[offset(A.x, i)] : PLACE(i);
        }
    }
}

/*== sort_block: 1024 elements of each column of x, sorted with their indices */
typedef struct { view x; T *key; i64 *index; i64 len, columns; } args;

KERNEL(512) tl(const args A)
{
    SHARED T key[1024];
    SHARED i64 index[1024];
    i64 blocks = (A.len + 1023) / 1024;
    int t = threadIdx.x;
    for (i64 b = blockIdx.x; b < blocks * A.columns; b += gridDim.x) {
        i64 c = b / blocks, from = b % blocks * 1024, m = A.len - from < 1024 ? A.len - from : 1024;
        for (int i = t; i < 1024; i += 512) {
            index[i] = i < m ? from + i : A.len + i;
            key[i] = ((const T *)A.x.p)[offset(A.x, c * A.len + from + (i < m ? i : 0))];
        }
        for (int k = 2; k <= 1024; k *= 2)
            for (int j = k / 2; j; j /= 2) {
                SYNC();
                int p = 2 * t - (t & (j - 1)), q = p + j, up = !(p & k);
                int wrong = index[q] >= A.len ? index[p] >= A.len && index[q] < index[p]
                          : index[p] >= A.len || before(key[q], index[q], key[p], index[p]);
                if (wrong == up) {
                    T x = key[p];
                    i64 i = index[p];
                    key[p] = key[q];
                    index[p] = index[q];
                    key[q] = x;
                    index[q] = i;
                }
            }
        SYNC();
        for (int i = t; i < m; i += 512) {
            A.key[c * A.len + from + i] = key[i];
            A.index[c * A.len + from + i] = index[i];
        }
        SYNC();
    }
}

/*== sort_merge: pairs of sorted runs of `width` become one: an element's place is its own and how many of the other run come before */
typedef struct { const T *key; const i64 *index; T *to_key; i64 *to_index; i64 len, columns, width; } args;

KERNEL(256) tl(const args A)
{
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < A.len * A.columns; e += (i64)gridDim.x * 256) {
        i64 c = e / A.len, r = e - c * A.len, both = r / (2 * A.width) * (2 * A.width), second = both + A.width;
        const T *key = A.key + c * A.len;
        const i64 *index = A.index + c * A.len;
        T x = key[r];
        i64 i = index[r];
        i64 from = r < second ? second : both, a = from < A.len ? from : A.len, b = from + A.width < A.len ? from + A.width : A.len, base = a;
        while (a < b) {
            i64 m = a + (b - a) / 2;
            if (before(key[m], index[m], x, i))
                a = m + 1;
            else
                b = m;
        }
        i64 to = c * A.len + both + (r < second ? r - both : r - second) + (a - base);
        A.to_key[to] = x;
        A.to_index[to] = i;
    }
}

/*== sort_store: the first of each column to where they belong */
typedef struct { const T *key; const i64 *index; view out, at; i64 len, most; } args;

KERNEL(256) tl(const args A)
{
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < A.out.n; e += (i64)gridDim.x * 256) {
        i64 c = e / A.most, i = c * A.len + e - c * A.most;
        ((T *)A.out.p)[offset(A.out, e)] = A.key[i];
        if (A.at.p)
            ((i64 *)A.at.p)[offset(A.at, e)] = A.index[i];
    }
}

/*== extreme: largest (DOWN 1) or smallest of each column with its index, a block a column */
typedef struct { view x, out, at; i64 len, columns; } args;

KERNEL(256) tl(const args A)
{
    SHARED T best[256];
    SHARED i64 where[256];
    int t = threadIdx.x;
    for (i64 c = blockIdx.x; c < A.columns; c += gridDim.x) {
        i64 w = A.len;                        /* no number yet */
        T v = ((const T *)A.x.p)[offset(A.x, c * A.len)];
        for (i64 k = t; k < A.len; k += 256) {
            T x = ((const T *)A.x.p)[offset(A.x, c * A.len + k)];
            if (x == x && (w == A.len || (DOWN ? x > v : x < v))) {
                v = x;
                w = k;
            }
        }
        best[t] = v;
        where[t] = w;
        SYNC();
        for (int h = 128; h; h /= 2) {
            if (t < h && where[t + h] < A.len &&
                (where[t] == A.len || (DOWN ? best[t + h] > best[t] : best[t + h] < best[t]) || (best[t + h] == best[t] && where[t + h] < where[t]))) {
                best[t] = best[t + h];
                where[t] = where[t + h];
            }
            SYNC();
        }
        if (t == 0) {
            ((T *)A.out.p)[offset(A.out, c)] = best[0];
            if (A.at.p)
                ((i64 *)A.at.p)[offset(A.at, c)] = where[0] == A.len ? 0 : where[0];
        }
        SYNC();
    }
}

/*== extreme_short: the same, a thread a column */
typedef struct { view x, out, at; i64 len, columns; } args;

KERNEL(256) tl(const args A)
{
    for (i64 c = (i64)blockIdx.x * 256 + threadIdx.x; c < A.columns; c += (i64)gridDim.x * 256) {
        i64 w = 0;
        T v = ((const T *)A.x.p)[offset(A.x, c * A.len)];
        for (i64 k = 1; k < A.len; k++) {
            T x = ((const T *)A.x.p)[offset(A.x, c * A.len + k)];
            if (x == x && (v != v || (DOWN ? x > v : x < v))) {
                v = x;
                w = k;
            }
        }
        ((T *)A.out.p)[offset(A.out, c)] = v;
        if (A.at.p)
            ((i64 *)A.at.p)[offset(A.at, c)] = w;
    }
}

/*== scan_part: KIND 0 sum, 1 product, 2 largest, 3 smallest, in ACC; a thread a chunk of a column, begun with what stands before it */
typedef struct { view x, out; const ACC *before; i64 len, columns, chunk, chunks; } args;

KERNEL(256) tl(const args A)
{
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < A.chunks * A.columns; e += (i64)gridDim.x * 256) {
        i64 c = e / A.chunks, b = e - c * A.chunks, from = b * A.chunk, to = from + A.chunk < A.len ? from + A.chunk : A.len;
        ACC s = b ? A.before[e - 1] : START;
        for (i64 k = from; k < to; k++) {
            i64 i = c * A.len + k;
            ACC x = LOAD(((const T *)A.x.p)[offset(A.x, i)]);
            s = k || KIND < 2 ? step(s, x) : x;
            ((RESULT *)A.out.p)[offset(A.out, i)] = STORE(s);
        }
    }
}

/*== scan_sum: what each chunk of a column joins to */
typedef struct { view x; ACC *sum; i64 len, columns, chunk, chunks; } args;

KERNEL(256) tl(const args A)
{
    for (i64 e = (i64)blockIdx.x * 256 + threadIdx.x; e < A.chunks * A.columns; e += (i64)gridDim.x * 256) {
        i64 c = e / A.chunks, from = (e - c * A.chunks) * A.chunk, to = from + A.chunk < A.len ? from + A.chunk : A.len;
        ACC s = START;
        for (i64 k = from; k < to; k++) {
            ACC x = LOAD(((const T *)A.x.p)[offset(A.x, c * A.len + k)]);
            s = k > from || KIND < 2 ? step(s, x) : x;
        }
        A.sum[e] = s;
    }
}

/*== scan_sums: and those one after the other */
typedef struct { ACC *sum; i64 columns, chunks; } args;

KERNEL(256) tl(const args A)
{
    for (i64 c = (i64)blockIdx.x * 256 + threadIdx.x; c < A.columns; c += (i64)gridDim.x * 256)
        for (i64 b = 1; b < A.chunks; b++)
            A.sum[c * A.chunks + b] = step(A.sum[c * A.chunks + b - 1], A.sum[c * A.chunks + b]);
}

/*== random: two numbers of one counter; KIND 0 uniform, 1 normal, 2 integers */
typedef struct { view out; u64 key, at; double low, high; } args;

KERNEL(256) tl(const args A)
{
    for (i64 i = (i64)blockIdx.x * 256 + threadIdx.x; i < (A.out.n + 1) / 2; i += (i64)gridDim.x * 256) {
        pair u = philox(A.key, A.at + (u64)i);
        if (KIND == 1)
            u = normal_pair(u);
        for (int k = 0; k < 2 && 2 * i + k < A.out.n; k++) {
            double x = k ? u.b : u.a;
            if (KIND == 0) {
                if (SINGLE)                   /* cut to 24 bits, so that 1 is never reached */
                    x = floor(x * 16777216.0) * (1.0 / 16777216.0);
                x = A.low == 0.0 && A.high == 1.0 ? x : A.low + (A.high - A.low) * x;
            } else if (KIND == 1) {
                x = A.low == 0.0 && A.high == 1.0 ? x : A.low + A.high * x;
            } else {
                x = A.low + floor(x * (A.high - A.low + 1.0));
                x = x > A.high ? A.high : x;
            }
            ((T *)A.out.p)[offset(A.out, 2 * i + k)] = (T)x;
        }
    }
}

/*== gemm: C = alpha A B + beta C + bias, then an activation; a tile of 16 x 16 a block */
typedef struct { T *c; const T *a, *b, *bias; i64 m, n, k, sc[3], sa[3], sb[3], sbias[2], batch; double alpha, beta; i64 act; } args;

KERNEL(256) tl(const args A)
{
    SHARED T p[16][17];
    SHARED T q[16][17];
    int x = threadIdx.x % 16, y = threadIdx.x / 16;
    i64 tiles = (A.m + 15) / 16, across = (A.n + 15) / 16;
    for (i64 e = blockIdx.x; e < tiles * across * A.batch; e += gridDim.x) {
        i64 z = e / (tiles * across), i0 = e % tiles * 16, j0 = e / tiles % across * 16;
        T sum = ZERO;
        for (i64 k0 = 0; k0 < A.k; k0 += 16) {
            p[y][x] = i0 + x < A.m && k0 + y < A.k ? A.a[(i0 + x) * A.sa[0] + (k0 + y) * A.sa[1] + z * A.sa[2]] : ZERO;
            q[y][x] = k0 + x < A.k && j0 + y < A.n ? A.b[(k0 + x) * A.sb[0] + (j0 + y) * A.sb[1] + z * A.sb[2]] : ZERO;
            SYNC();
            for (int k = 0; k < 16; k++)
                sum = PLUS(sum, TIMES(p[k][x], q[y][k]));
            SYNC();
        }
        if (i0 + x < A.m && j0 + y < A.n) {
            T *to = A.c + (i0 + x) * A.sc[0] + (j0 + y) * A.sc[1] + z * A.sc[2];
            if (A.alpha != 1.0)
                sum = SCALED(sum, A.alpha);
            if (A.beta != 0.0)
                sum = PLUS(sum, SCALED(*to, A.beta));
            if (A.bias)
                sum = PLUS(sum, A.bias[(i0 + x) * A.sbias[0] + (j0 + y) * A.sbias[1]]);
            *to = ACTIVE(sum);
        }
    }
}
