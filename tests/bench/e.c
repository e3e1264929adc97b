/* SPDX-License-Identifier: BSD-3-Clause */
/* Table E, the limit: simple C for one thing each, results in memory that is there before the clock starts. */
#include "bench.h"
#include <math.h>
#include <stdint.h>
#include <sys/mman.h>

static const char *threads;
static int nt;

static void *memory(size_t bytes)             /* in huge pages, touched */
{
    bytes = (bytes + (2 << 20)) & ~(size_t)((2 << 20) - 1);
    void *p = aligned_alloc(2 << 20, bytes);
    madvise(p, bytes, MADV_HUGEPAGE);
    memset(p, 1, bytes);
    return p;
}

#define OUT(name, size, reps, prepare, ...) do { \
    double took; \
    MEDIAN(took, reps, prepare, __VA_ARGS__); \
    printf("E." name ";C;%s;%.6g\n", size, threads, took); \
    fflush(stdout); } while (0)

/* By radix of 11 bits; NaN-free. */
static void radix(uint64_t *x, uint64_t *y, long n)
{
    static long count[6][2048];
    memset(count, 0, sizeof count);
    for (long i = 0; i < n; i++) {
        uint64_t u = x[i] ^ (-(x[i] >> 63) | (uint64_t)1 << 63);
        x[i] = u;
        for (int d = 0; d < 6; d++)
            count[d][u >> 11 * d & 2047]++;
    }
    for (int d = 0; d < 6; d++) {
        long sum = 0, same = 0;
        for (int j = 0; j < 2048; j++) {
            long c = count[d][j];
            same |= c == n;
            count[d][j] = sum;
            sum += c;
        }
        if (same)
            continue;
        for (long i = 0; i < n; i++)
            y[count[d][x[i] >> 11 * d & 2047]++] = x[i];
        uint64_t *w = x;
        x = y;
        y = w;
    }
    for (long i = 0; i < n; i++)
        x[i] ^= ((x[i] >> 63) - 1) | (uint64_t)1 << 63;
}

static void transpose(const double *a, double *b, long n)
{
    #pragma omp parallel for num_threads(nt)
    for (long I = 0; I < n; I += 16)
        for (long J = 0; J < n; J += 64)
            for (long j = J; j < (J + 64 < n ? J + 64 : n); j++)
                for (long i = I; i < (I + 16 < n ? I + 16 : n); i++)
                    b[j + i * n] = a[i + j * n];
}

static void gather(const double *a, const int *at, double *b, long m, long k, long n)
{
    #pragma omp parallel for num_threads(nt)
    for (long j = 0; j < n; j++)
        for (long i = 0; i < k; i++)
            b[i + j * k] = a[at[i] + j * m];
}

static double total(const double *x, long n)
{
    double s = 0;
    #pragma omp parallel for simd reduction(+: s) num_threads(nt)
    for (long i = 0; i < n; i++)
        s += x[i];
    return s;
}

static void uniform(uint64_t s[4][8], double *x, long n)      /* xoshiro256+ in eight lanes */
{
    for (long i = 0; i < n; i += 8)
        for (int j = 0; j < 8; j++) {
            uint64_t r = s[0][j] + s[3][j], t = s[1][j] << 17;
            s[2][j] ^= s[0][j];
            s[3][j] ^= s[1][j];
            s[1][j] ^= s[2][j];
            s[0][j] ^= s[3][j];
            s[2][j] ^= t;
            s[3][j] = s[3][j] << 45 | s[3][j] >> 19;
            x[i + j] = (double)(r >> 11) * 0x1p-53;
        }
}

int main(void)
{
    const char *q = getenv("QUICK");
    int quick = q && *q;
    long n = quick ? 1000000 : 10000000, m = n / 10, t = quick ? 1000 : 4000;
    const char *N = quick ? "1e+06" : "1e+07", *M = quick ? "1e+05" : "1e+06", *T = quick ? "1000" : "4000";
    threads = getenv("THREADS") ? getenv("THREADS") : "1";
    nt = atoi(threads);
    double *v = memory(8 * n + 64), *x = memory(8 * n + 64), *y = memory(8 * n + 64);
    uint8_t *mask = memory(n);
    for (long i = 0; i < n; i++) {
        v[i] = drand48();
        mask[i] = v[i] > 0.5;
    }
    if (nt == 1) {
        OUT("sort%s", N, 3, memcpy(x, v, 8 * n), radix((uint64_t *)x, (uint64_t *)y, n));
        OUT("unique%s", M, 5, for (long i = 0; i < m; i++) x[i] = floor(v[i] * (double)m / 10), ({
            radix((uint64_t *)x, (uint64_t *)y, m);
            long k = 1;
            for (long i = 1; i < m; i++)
                if (x[i] != x[i - 1])
                    y[k++] = x[i];
        }));
        OUT("find%s", N, 5, , { long k = 0; for (long i = 0; i < n; i++) { x[k] = (double)(i + 1); k += mask[i]; } });
        OUT("mask%s", N, 5, , { long k = 0; for (long i = 0; i < n; i++) { x[k] = v[i]; k += mask[i]; } });
        OUT("cumsum%s", N, 5, , { double s = 0; for (long i = 0; i < n; i++) { s += v[i]; x[i] = s; } });
        uint64_t s[4][8];
        for (int j = 0; j < 32; j++)
            s[0][j] = (uint64_t)lrand48() << 32 ^ (uint64_t)lrand48();
        OUT("rand%s", N, 5, , uniform(s, x, n));
    }
    volatile double r;
    OUT("sum%s", N, 5, , r = total(v, n));
    (void)r;
    double *a = memory(8 * (t > 3000 ? t * t : 10000 * t)), *b = memory(8 * (t > 3000 ? t * t : 10000 * t));
    OUT("transpose%s", T, 5, , transpose(a, b, t));
    int at[5000];
    for (int i = 0; i < 5000; i++)
        at[i] = (int)(lrand48() % 10000);
    OUT("gather5000x%s", quick ? "250" : "1000", 5, , gather(a, at, b, 10000, 5000, t / 4));
    FILE *f = nt == 1 && getenv("CSV") ? fopen(getenv("CSV"), "r") : NULL;
    if (f) {
        fseek(f, 0, SEEK_END);
        long bytes = ftell(f), k = 0;
        char *text = calloc(1, (size_t)bytes + 1);
        rewind(f);
        OUT("csvread%s", "", 3, , ({
            rewind(f);
            if (fread(text, 1, (size_t)bytes, f) != (size_t)bytes)
                return 1;
            k = 0;
            for (char *p = text, *e; x[k] = strtod(p, &e), e > p; k++)
                p = e + (*e == ',' || *e == '\n');
        }));
    }
    return 0;
}
