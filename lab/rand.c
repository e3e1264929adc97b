/* SPDX-License-Identifier: BSD-3-Clause */
/* rand.c: random numbers.
 *
 * One primitive: uniform doubles of 53 bits, two draws of the Mersenne twister each, so that rng(1); rand gives the
 * numbers of MATLAB and of NumPy's seed(1); or Philox 4x32-10, two doubles of one counter.  Everything else is made of
 * these by arithmetic that is exact on every machine: + * / sqrt and the logarithm, exponential, sine and cosine below,
 * polynomials without contraction, so no C library decides a bit.  The twister's step, its tempering and the normal
 * numbers run on whole vectors (1e7 uniform ones: 25 ms with the memory, NumPy's twister 70).
 * Formulas: Matsumoto and Nishimura 1998; Salmon et al. 2011 (Philox); Box and Muller 1958; Marsaglia and Tsang 2000
 * (gamma); Hoermann 1993, PTRS (Poisson). */
#include "gpu.h"
#include "rand.h"
#include "call.h"
#include "clones.h"
#include "sort.h"
#include <math.h>
#include <time.h>

enum { N = 624, M = 397, DOUBLES = N / 2 };
struct rng {
    uint32_t mt[N + 16];                      /* 16: vectors may read beyond */
    int at;                                   /* words used of mt; N: all */
    bool philox, has_spare;
    double spare;                             /* the second of a pair of normal numbers */
    uint64_t seed, counter;
    struct {
        bool own;
        uint64_t key, at;
    } there; /* devices draw by Philox: own: cuda.manualSeed was called since rng */
};

/* ---- Mersenne twister */
static void twister_init(uint32_t *mt, uint32_t s)
{
    mt[0] = s;
    for (uint32_t i = 1; i < N; i++)
        mt[i] = 1812433253u * (mt[i - 1] ^ (mt[i - 1] >> 30)) + i;
}

static void twister_init_array(uint32_t *mt, const uint32_t *key, int n)
{
    int i = 1, j = 0;
    twister_init(mt, 19650218u);
    for (int k = MAX(N, n); k; k--) {
        mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1664525u)) + key[j] + (uint32_t)j;
        if (++i >= N) {
            mt[0] = mt[N - 1];
            i = 1;
        }
        if (++j >= n)
            j = 0;
    }
    for (int k = N - 1; k; k--) {
        mt[i] = (mt[i] ^ ((mt[i - 1] ^ (mt[i - 1] >> 30)) * 1566083941u)) - (uint32_t)i;
        if (++i >= N) {
            mt[0] = mt[N - 1];
            i = 1;
        }
    }
    mt[0] = 0x80000000u;
}

static inline uint32_t twist(uint32_t far, uint32_t a, uint32_t b)
{
    uint32_t y = (a & 0x80000000u) | (b & 0x7fffffffu);
    return far ^ (y >> 1) ^ (-(y & 1u) & 0x9908b0dfu);
}

CLONES static void twister_step(uint32_t *mt)
{
    SIMD
    for (int i = 0; i < N - M; i++)
        mt[i] = twist(mt[i + M], mt[i], mt[i + 1]);
    SIMD
    for (int i = N - M; i < N - 1; i++)
        mt[i] = twist(mt[i + M - N], mt[i], mt[i + 1]);
    mt[N - 1] = twist(mt[M - 1], mt[N - 1], mt[0]);
}

static inline uint32_t temper(uint32_t y)
{
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

static inline double join53(uint32_t a, uint32_t b)
{
    return ((double)(int32_t)(a >> 5) * 67108864.0 + (double)(int32_t)(b >> 6)) * 0x1p-53;
}

CLONES static void twister_doubles(const uint32_t *mt, double *x, int n)      /* mt: 2n words */
{
    uint32_t t[N];
    SIMD
    for (int i = 0; i < 2 * n; i++)
        t[i] = temper(mt[i]);
    SIMD
    for (int i = 0; i < n; i++)
        x[i] = join53(t[2 * i], t[2 * i + 1]);
}

static void twister_fill(struct rng *g, double *x, i64 n)
{
    while (n > 0) {
        if (g->at >= N) {
            poll();
            twister_step(g->mt);
            g->at = 0;
        }
        int have = (int)MIN(n, (i64)(N - g->at) / 2);
        twister_doubles(g->mt + g->at, x, have);
        g->at += 2 * have;
        x += have;
        n -= have;
    }
}

/* ---- Philox: counter q gives doubles 2i and 2i + 1 of a call that began at q - i, as on the GPU */
CLONES static void philox_fill(uint64_t seed, uint64_t at, double *x, i64 n)
{
    i64 pairs = (n + 1) / 2;
    SIMD
    for (i64 i = 0; i < pairs; i++) {
        uint64_t q = at + (uint64_t)i;
        uint32_t c0 = (uint32_t)q, c1 = (uint32_t)(q >> 32), c2 = 0, c3 = 0, k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
        for (int r = 0; r < 10; r++) {
            uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
            uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
            c1 = (uint32_t)p1;
            c3 = (uint32_t)p0;
            c0 = n0;
            c2 = n2;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        x[2 * i] = join53(c0, c1);
        x[2 * i + 1] = join53(c2, c3);        /* may stand one beyond n */
    }
}

/* ---- the generator of the context */
static void seed_with(struct rng *g, uint64_t seed, bool philox)
{
    g->philox = philox;
    g->seed = g->there.key = seed;
    g->counter = g->there.at = 0;
    g->there.own = false;
    g->has_spare = false;
    g->at = N;
    if (!philox)
        twister_init(g->mt, seed ? (uint32_t)seed : 5489u);
}

static void forget(void)
{
    memory_free(*context_room(ROOM_RAND), sizeof(struct rng));
}

static struct rng *rng_state(void)
{
    void **room = context_room(ROOM_RAND);
    if (unlikely(!*room)) {
        struct rng *g = memory_get(sizeof *g);
        memset(g, 0, sizeof *g);
        seed_with(g, 0, false);
        *room = g;
        context_at_exit(forget);
    }
    return *room;
}

void rand_seed(uint64_t seed, bool philox)
{
    seed_with(rng_state(), seed, philox);
}

void rand_uniform(double *x, i64 n)
{
    struct rng *g = rng_state();
    enum { PIECE = 1 << 14 };
    if (!g->philox) {
        twister_fill(g, x, n);
        return;
    }
    double piece[PIECE];
    for (i64 at = 0; at < n; at += PIECE) {   /* through a buffer, for the pair that may stand beyond */
        i64 m = MIN(n - at, PIECE);
        poll();
        philox_fill(g->seed, g->counter, piece, m);
        memcpy(x + at, piece, (size_t)m * sizeof *x);
        g->counter += (uint64_t)(m + 1) / 2;
    }
}

void rand_there(i64 n, uint64_t *key, uint64_t *at)
{
    struct rng *g = rng_state();
    bool same = g->philox && !g->there.own;
    uint64_t *from = same ? &g->counter : &g->there.at;
    *key = same ? g->seed : g->there.key;
    *at = *from;
    *from += (uint64_t)(n + 1) / 2;
}

double rand_one(void)
{
    struct rng *g = rng_state();
    if (g->philox || g->at > N - 2) {
        double x;
        rand_uniform(&x, 1);
        return x;
    }
    g->at += 2;
    return join53(temper(g->mt[g->at - 2]), temper(g->mt[g->at - 1]));
}

i64 rand_below(i64 n)
{
    return MIN((i64)(rand_one() * (double)n), n - 1);
}

/* ---- functions without the C library */
#define LN2_HI 0x1.62e42fefa3800p-1
#define LN2_LO 0x1.ef35793c76730p-45
typedef uint32_t u32;
typedef uint64_t u64;
typedef struct { double a, b; } pair;
#define DEV static inline
#define BITS(x) ((union { double d; u64 u; }){ .d = (x) }.u)
#define FROM_BITS(x) ((union { u64 u; double d; }){ .u = (x) }.d)
#include "lab/normal.cu"

static double exp_own(double x)
{
    if (x < -740)
        return 0;
    if (x > 709)
        return INFINITY;
    double k = floor(x * 0x1.71547652b82fep0 + 0.5), r = (x - k * LN2_HI) - k * LN2_LO, p = 1;
    for (int i = 14; i > 0; i--)
        p = p * r / i + 1;
    int e = (int)k;
    uint64_t b = (uint64_t)(1023 + (e < -1000 ? e + 100 : e)) << 52;
    double scale;
    memcpy(&scale, &b, 8);
    return e < -1000 ? p * scale * 0x1p-100 : p * scale;
}

CLONES static void box_muller(const double *u, double *x, int n)       /* n pairs */
{
    SIMD
    for (int i = 0; i < n; i++) {
        pair y = normal_pair((pair){ u[2 * i], u[2 * i + 1] });
        x[2 * i] = y.a;
        x[2 * i + 1] = y.b;
    }
}

void rand_normal(double *x, i64 n)
{
    struct rng *g = rng_state();
    enum { PIECE = DOUBLES };
    double u[PIECE + 8];
    if (n > 0 && g->has_spare) {
        *x++ = g->spare;
        n--;
        g->has_spare = false;
    }
    while (n > 0) {
        i64 m = MIN(n, PIECE), even = (m + 1) & ~(i64)1;
        rand_uniform(u, even);
        if (m == even) {
            box_muller(u, x, (int)(m / 2));
        } else {
            double z[PIECE + 8];
            box_muller(u, z, (int)(even / 2));
            memcpy(x, z, (size_t)m * sizeof *x);
            g->spare = z[m];
            g->has_spare = true;
        }
        x += m;
        n -= m;
    }
}

void rand_philox(uint64_t key, uint64_t at, double *x, i64 n, bool normal)
{
    double u[2];
    for (i64 i = 0; i < n; i += 2, at++) {
        philox_fill(key, at, u, 2);
        if (normal)
            box_muller(u, u, 1);
        memcpy(x + i, u, sizeof *u * (size_t)MIN(2, n - i));
    }
}

double randn_one(void)
{
    double x;
    rand_normal(&x, 1);
    return x;
}

CLONES static void exponential(double *x, i64 n)
{
    SIMD
    for (i64 i = 0; i < n; i++)
        x[i] = -random_log(1 - x[i]);
}

static void rand_exponential(double *x, i64 n)
{
    rand_uniform(x, n);
    exponential(x, n);
}

static double exponential_one(void)
{
    double x;
    rand_exponential(&x, 1);
    return x;
}

struct parameter { double at, kept; };         /* with what was computed from it */

static double gamma_one(struct parameter *q)  /* shape a, scale 1 */
{
    double a = q->at;
    if (!(a > 0) || isinf(a))
        return NAN;
    double boost = a < 1 ? exp_own(random_log(1 - rand_one()) / a) : 1, d = (a < 1 ? a + 1 : a) - 1. / 3, k = 1 / sqrt(9 * d);
    for (;;) {
        double z = randn_one(), v = 1 + k * z;
        if (v <= 0)
            continue;
        v = v * v * v;
        double u = 1 - rand_one();
        if (u < 1 - 0.0331 * z * z * z * z || random_log(u) < 0.5 * z * z + d * (1 - v + random_log(v)))
            return boost * d * v;
    }
}

static double log_factorial(double k)
{
    double s = 0;
    for (; k < 16; k++)                       /* up to where the series is exact */
        s -= random_log(k + 1);
    double z = 1 / ((k + 1) * (k + 1)), x = k + 1;
    return s + (x - 0.5) * random_log(x) - x + 0.91893853320467274178 +
           (1. / 12 - (1. / 360 - (1. / 1260 - z / 1680) * z) * z) / x;
}

static double poisson_one(struct parameter *q)
{
    double mean = q->at;
    if (!(mean >= 0) || isinf(mean))
        return NAN;
    if (mean == 0)
        return 0;
    if (mean < 12) {                          /* inversion */
        if (q->kept < 0)
            q->kept = exp_own(-mean);
        double p = q->kept, u = rand_one(), k = 0;
        while (u > p && k < 1000) {
            u -= p;
            k++;
            p *= mean / k;
        }
        return k;
    }
    if (mean > 1e8)
        return floor(fmax(0, mean + sqrt(mean) * randn_one() + 0.5));
    double slog = random_log(mean), b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b,
           inv = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        double u = rand_one() - 0.5, v = 1 - rand_one(), us = 0.5 - fabs(u), k = floor((2 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= vr)
            return k;
        if (k < 0 || (us < 0.013 && v > us))
            continue;
        if (random_log(v * inv / (a / (us * us) + b)) <= -mean + k * slog - log_factorial(k))
            return k;
    }
}

/* ---- saving and restoring */
static value state_vector(const struct rng *g)
{
    uint32_t w[N + 8];
    int n = 0;
    if (g->philox) {
        w[n++] = (uint32_t)g->seed;
        w[n++] = (uint32_t)(g->seed >> 32);
        w[n++] = (uint32_t)g->counter;
        w[n++] = (uint32_t)(g->counter >> 32);
    } else {
        memcpy(w, g->mt, N * sizeof *w);
        n = N;
        w[n++] = (uint32_t)g->at;
    }
    w[n++] = g->has_spare;
    memcpy(w + n, &g->spare, 8);
    n += 2;
    struct tensor *t = tensor_2d(D_UINT32, n, 1);
    memcpy(t->data, w, (size_t)n * sizeof *w);
    return tensor_value(t);
}

static bool state_restore(struct rng *g, struct tensor *t)
{
    t = tensor_dense(tensor_cast(t, D_UINT32));
    const uint32_t *w = (const uint32_t *)t->data;
    int tail = t->numel == 7 ? 4 : N + 1;
    if (t->numel != 7 && t->numel != N + 4)
        return false;
    if (tail == 4) {
        g->philox = true;
        g->seed = w[0] | (uint64_t)w[1] << 32;
        g->counter = w[2] | (uint64_t)w[3] << 32;
    } else {
        if (w[N] > N)
            return false;
        g->philox = false;
        memcpy(g->mt, w, N * sizeof *w);
        g->at = (int)w[N];
    }
    g->has_spare = w[tail] != 0;
    memcpy(&g->spare, w + tail + 1, 8);
    return true;
}

static value settings(const struct rng *g)
{
    struct record *r = record_scalar();
    const char *type = g->philox ? "philox" : "twister";
    record_set(r, 0, symbol_of("Type"), tensor_value(tensor_text(type, strlen(type))));
    record_set(r, 0, symbol_of("Seed"), num((double)g->seed));
    record_set(r, 0, symbol_of("State"), state_vector(g));
    return record_value(r);
}

static uint64_t clock_seed(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return ((uint64_t)t.tv_sec * 1000003u + (uint64_t)t.tv_nsec) & 0xffffffffu;
}

static uint64_t arg_seed(struct call *c, int i)
{
    return (uint64_t)arg_int(c, i, 0, ((i64)1 << 32) - 1);
}

BUILTIN(rng, 0, 2, 1, NO_GRAD,
    "rng(seed)\n"
    "rng(seed, generator)\n"
    "rng('shuffle')\n"
    "rng('default')\n"
    "s = rng\n"
    "rng(s)\n\n"
    "Starts the generator of all random functions (rand, randn, randi, randperm, ...) from a seed, an integer from 0 "
    "to 2^32 - 1: the same seed gives the same numbers on every machine. The generator is 'twister' (Mersenne twister, "
    "the default; uniform numbers as MATLAB's and NumPy's) or 'philox' (counter-based). 'shuffle' takes the seed from "
    "the clock, 'default' is rng(0), as a session starts. s = rng is a struct with the state, rng(s) goes back to it; "
    "a call with a result returns the settings before it.\n\n"
    "Example:\n"
    "  rng(1); rand(1, 2)\n"
    "  ans =\n     0.4170   0.7203\n\n"
    "See also: rand, randn, randi, manualSeed")
{
    struct rng *g = rng_state();
    if (c->nargin == 0 || c->nargout > 0)
        result(c, 0, settings(g));
    if (c->nargin == 0)
        return;
    bool philox = g->philox;
    if (has_arg(c, 1))
        philox = arg_option(c, 1, (const char *const[]){ "twister", "philox", NULL }) == 1;
    if (arg_is_text(c, 0)) {
        int o = arg_option(c, 0, (const char *const[]){ "shuffle", "default", "twister", "philox", NULL });
        seed_with(g, o == 0 ? clock_seed() : 0, o == 1 ? false : o == 2 ? false : o == 3 ? true : philox);
    } else if (c->arg[0].kind == K_STRUCT) {
        value s = record_get(c->arg[0].rec, 0, symbol_of("State")), seed = record_get(c->arg[0].rec, 0, symbol_of("Seed"));
        if (is_nil(s) || !is_tensor_like(s) || !state_restore(g, tensor_of(s)))
            fail("Octave:invalid-input-arg", "rng: the struct is not one that s = rng gives");
        if (is_double_scalar(seed) && !g->philox)
            g->seed = (uint64_t)seed.num;
    } else {
        seed_with(g, arg_seed(c, 0), philox);
    }
}

BUILTIN(manualSeed, 1, 1, 0, NO_GRAD,
    "manualSeed(n)\n\n"
    "Starts the generator of all random functions from the seed n: the same as rng(n).\n\n"
    "Example:\n"
    "  manualSeed(1); rand\n"
    "  ans = 0.4170\n\n"
    "See also: rng")
{
    seed_with(rng_state(), arg_seed(c, 0), rng_state()->philox);
}

/* ---- the numbers that devices draw */
BUILTIN(cuda_manualSeed, 1, 1, 0, NO_GRAD,
    "cuda.manualSeed(n)\n\n"
    "Starts the generator of GPUs (Philox) from the seed n, an integer from 0 to 2^32 - 1; that of the CPU goes on. "
    "rng(n) starts both; after rng(n, 'philox') both draw from one stream: uniform numbers are the same wherever they "
    "are drawn.\n\n"
    "Example:\n  cuda.manualSeed(1)\n\n"
    "See also: rng, cuda.getRNGState, rand")
{
    struct rng *g = rng_state();
    g->there.key = arg_seed(c, 0);
    g->there.at = 0;
    g->there.own = true;
}

BUILTIN(cuda_seed, 0, 0, 1, NO_GRAD,
    "n = cuda.seed()\n\n"
    "Starts the generator of GPUs from a seed of chance, and returns it.\n\n"
    "Example:\n  n = cuda.seed();\n  n == cuda.initialSeed()\n  ans = 1\n\n"
    "See also: cuda.manualSeed, cuda.initialSeed")
{
    struct rng *g = rng_state();
    g->there.key = clock_seed();
    g->there.at = 0;
    g->there.own = true;
    result_num(c, 0, (double)g->there.key);
}

BUILTIN(cuda_initialSeed, 0, 0, 1, NO_GRAD,
    "n = cuda.initialSeed()\n\n"
    "The seed from which the generator of GPUs was started.\n\n"
    "Example:\n  cuda.manualSeed(5); cuda.initialSeed()\n  ans = 5\n\n"
    "See also: cuda.manualSeed")
{
    struct rng *g = rng_state();
    result_num(c, 0, (double)(g->philox && !g->there.own ? g->seed : g->there.key));
}

BUILTIN(cuda_getRNGState, 0, 0, 1, NO_GRAD,
    "s = cuda.getRNGState()\n\n"
    "The state of the generator of GPUs, for cuda.setRNGState: five numbers, uint32.\n\n"
    "Example:\n  s = cuda.getRNGState(); class(s)\n  ans = uint32\n\n"
    "See also: cuda.setRNGState, cuda.manualSeed")
{
    struct rng *g = rng_state();
    bool same = g->philox && !g->there.own;
    uint64_t key = same ? g->seed : g->there.key, at = same ? g->counter : g->there.at;
    struct tensor *t = tensor_2d(D_UINT32, 5, 1);
    memcpy(t->data,
           (uint32_t[]){ (uint32_t)key, (uint32_t)(key >> 32), (uint32_t)at, (uint32_t)(at >> 32), g->there.own }, 20);
    result_tensor(c, 0, t);
}

BUILTIN(cuda_setRNGState, 1, 1, 0, NO_GRAD,
    "cuda.setRNGState(s)\n\n"
    "Goes back to a state that cuda.getRNGState gave: the same numbers are drawn again.\n\n"
    "Example:\n  s = cuda.getRNGState(); cuda.setRNGState(s)\n\n"
    "See also: cuda.getRNGState, cuda.manualSeed")
{
    struct tensor *t = tensor_of(c->arg[0]);
    if (t->dtype != D_UINT32 || t->numel != 5)
        fail_arg(c, 0, "a state that cuda.getRNGState gave");
    struct rng *g = rng_state();
    const uint32_t *w = (const uint32_t *)tensor_dense(t)->data;
    uint64_t at = w[2] | (uint64_t)w[3] << 32;
    g->there.key = w[0] | (uint64_t)w[1] << 32;
    g->there.at = at;
    g->there.own = true;
    if (!w[4] && g->philox && g->there.key == g->seed) {      /* one stream with the CPU's */
        g->counter = at;
        g->there.own = false;
    }
}

/* rand('seed', n), rand('state', v), rand('twister') …; true when the call was one of these */
static bool seed_call(struct call *c)
{
    struct rng *g = rng_state();
    if (c->nargin == 0 || !arg_is_text(c, 0))
        return false;
    const char *s = arg_text(c, 0, NULL);
    if (strcmp(s, "seed") && strcmp(s, "state") && strcmp(s, "twister"))
        return false;
    if (c->nargin == 1) {
        result(c, 0, strcmp(s, "seed") ? state_vector(g) : num((double)g->seed));
        return true;
    }
    if (arg_is_text(c, 1)) {
        arg_option(c, 1, (const char *const[]){ "reset", NULL });
        seed_with(g, clock_seed(), false);
        return true;
    }
    struct tensor *t = arg_double(c, 1);
    const double *x = (const double *)t->data;
    if (t->numel > 1 && state_restore(g, t))
        return true;
    if (t->numel == 0)
        fail_arg(c, 1, "a number, a vector of numbers or \"reset\"");
    if (t->numel == 1) {
        double y = fmod(floor(fabs(x[0])), 4294967296.);
        seed_with(g, y == y ? (uint64_t)y : 0, false);
        return true;
    }
    int n = (int)MIN(t->numel, N);
    uint32_t *key = scratch((size_t)n * sizeof *key);
    for (int i = 0; i < n; i++) {
        double y = fmod(floor(fabs(x[i])), 4294967296.);
        key[i] = y == y ? (uint32_t)y : 0;
    }
    seed_with(g, 0, false);
    twister_init_array(g->mt, key, n);
    return true;
}

static struct tensor *sized(struct call *c, int from,
                            int *dtype) /* a new double tensor of the sizes and class asked for */
{
    i64 dim[MAX_DIMS];
    int nargin = c->nargin, dt = arg_class(c, &nargin);
    if (dt >= 0 && dt != D_DOUBLE && dt != D_SINGLE)
        fail("Octave:invalid-input-arg", "%s: the class must be \"double\" or \"single\", not \"%s\"", c->fn->name,
             dtypes[dt].class);
    *dtype = dt < 0 ? D_DOUBLE : dt;
    int nd = arg_dims(c, from, nargin, dim);
    return tensor_new(D_DOUBLE, nd, dim);
}

static void result_class(struct call *c, struct tensor *t, int dtype)
{
    result_tensor(c, 0, tensor_cast(t, dtype));
}

/* The same of numbers that are born on a device; false: they are not. */
static bool drawn_there(struct call *c, int from, enum dev_call what, double a, double b)
{
    struct call in;
    int device;
    if (!gpu_born_call(c, &in, &device) || !device)
        return false;
    i64 dim[MAX_DIMS];
    int nargin = in.nargin, dt = arg_class(&in, &nargin);
    if (what != DEV_integers && dt >= 0 && dt != D_DOUBLE && dt != D_SINGLE)
        fail("Octave:invalid-input-arg", "%s: the class must be \"double\" or \"single\", not \"%s\"", c->fn->name,
             dtypes[dt].class);
    int nd = arg_dims(&in, from, nargin, dim);
    struct tensor *t = gpu_new(device, dt < 0 ? D_DOUBLE : dt, nd, dim);
    gpu_draw(t, what, a, b);
    result(c, 0, tensor_box(t));
    return true;
}

/* rand, randn, rande: numbers of the sizes and class asked for, or an order to the generator */
static void draw(struct call *c, double (*one)(void), void (*fill)(double *x, i64 n))
{
    if (c->nargin == 0) {
        result_num(c, 0, one());
        return;
    }
    if (fill != rand_exponential && drawn_there(c, 0, fill == rand_normal ? DEV_normal : DEV_uniform, 0, 1))
        return;
    if (gpu_created(c) || seed_call(c))
        return;
    int dt;
    struct tensor *t = sized(c, 0, &dt);
    double *x = (double *)t->data;
    fill(x, t->numel);
    if (dt == D_SINGLE && fill == rand_uniform)       /* cut to 24 bits, so that 1 is never reached */
        for (i64 i = 0; i < t->numel; i++)
            x[i] = floor(x[i] * 0x1p24) * 0x1p-24;
    result_class(c, t, dt);
}

BUILTIN(rand, 0, ANY, 1, grad_zero,
    "x = rand(n)\n"
    "x = rand(m, n, ...)\n"
    "x = rand([m n ...], class)\n"
    "rand('seed', n)\n"
    "s = rand('state')\n\n"
    "Random numbers, uniform in [0, 1), as a tensor of the given sizes (none: a number). class is 'double' (default) "
    "or 'single'. 'seed', 'state' or 'twister' with a number or vector starts the generator, as rng does.\n\n"
    "Example:\n"
    "  rng(1); rand(2, 1)\n"
    "  ans =\n     0.4170\n     0.7203\n\n"
    "See also: rng, randn, randi, randperm")
{
    draw(c, rand_one, rand_uniform);
}

BUILTIN(randn, 0, ANY, 1, grad_zero,
    "x = randn(n)\n"
    "x = randn(m, n, ...)\n"
    "x = randn([m n ...], class)\n\n"
    "Random numbers of the normal distribution with mean 0 and variance 1; sizes, class and seeds as in rand.\n\n"
    "Example:\n"
    "  size(randn(2, 3))\n"
    "  ans =\n     2   3\n\n"
    "See also: rng, rand, rande")
{
    draw(c, randn_one, rand_normal);
}

BUILTIN(rande, 0, ANY, 1, grad_zero,
    "x = rande(n)\n"
    "x = rande(m, n, ...)\n"
    "x = rande([m n ...], class)\n\n"
    "Random numbers of the exponential distribution with mean 1; sizes, class and seeds as in rand.\n\n"
    "Example:\n"
    "  all(rande(1, 5) >= 0)\n"
    "  ans = 1\n\n"
    "See also: rng, rand, randg, randp")
{
    draw(c, exponential_one, rand_exponential);
}

/* randg and randp: a parameter, scalar or tensor, and sizes that must agree with it */
static void with_parameter(struct call *c, double (*draw)(struct parameter *))
{
    if (seed_call(c))
        return;
    struct tensor *a = arg_double(c, 0), *t;
    int dt = value_dtype(c->arg[0]) == D_SINGLE ? D_SINGLE : D_DOUBLE, given;
    char s[128], u[128];
    if (c->nargin == 1) {
        t = tensor_new(D_DOUBLE, a->nd, a->dim);
    } else {
        t = sized(c, 1, &given);
        dt = given;
        if (c->nargin == 2 && arg_is_text(c, 1))
            t = tensor_new(D_DOUBLE, a->nd, a->dim);
        if (a->numel != 1 && !dims_equal(a->nd, a->dim, t->nd, t->dim))
            fail("Octave:nonconformant-args", "%s: the parameter is %s, but the size asked for is %s", c->fn->name,
                 tensor_shape(a, s), tensor_shape(t, u));
    }
    struct parameter q = { .kept = -1 };
    for (i64 i = 0; i < t->numel; i++) {
        poll();
        if (i == 0 || a->numel > 1)
            q = (struct parameter){ ((double *)a->data)[i], -1 };
        ((double *)t->data)[i] = draw(&q);
    }
    result_class(c, t, dt);
}

BUILTIN(randg, 1, ANY, 1, NO_GRAD,
    "x = randg(a)\n"
    "x = randg(a, n)\n"
    "x = randg(a, m, n, ...)\n\n"
    "Random numbers of the gamma distribution with shape a > 0 (a number or a tensor of the result's size) and scale "
    "1; NaN for other a.\n\n"
    "Example:\n"
    "  all(randg(2, 1, 5) > 0)\n"
    "  ans = 1\n\n"
    "See also: rng, rande, randp")
{
    with_parameter(c, gamma_one);
}

BUILTIN(randp, 1, ANY, 1, NO_GRAD,
    "x = randp(l)\n"
    "x = randp(l, n)\n"
    "x = randp(l, m, n, ...)\n\n"
    "Random numbers of the Poisson distribution with mean l >= 0 (a number or a tensor of the result's size); NaN for "
    "other l.\n\n"
    "Example:\n"
    "  x = randp(3, 1, 5); all(x == round(x))\n"
    "  ans = 1\n\n"
    "See also: rng, rande, randg")
{
    with_parameter(c, poisson_one);
}

BUILTIN(randi, 1, ANY, 1, grad_zero,
    "x = randi(hi)\n"
    "x = randi([lo hi], m, n, ...)\n"
    "x = randi([lo hi], [m n ...], class)\n\n"
    "Random integers from 1 to hi, or from lo to hi, each as likely as the others; the class may be any numeric one.\n\n"
    "Example:\n"
    "  rng(1); randi(6, 1, 4)\n"
    "  ans =\n     3   5   1   2\n\n"
    "See also: rng, rand, randperm")
{
    if (!is_tensor_like(c->arg[0]))
        fail_arg(c, 0, "an upper limit or [lower upper]");
    struct tensor *lim = tensor_of(gpu_read_value(c->arg[0], "limits"));
    lim = tensor_dense(dtype_is(lim->dtype, DT_C | DT_T) ? arg_double(c, 0) : tensor_cast(lim, D_DOUBLE));
    const double *l = (const double *)lim->data;
    if (lim->numel < 1 || lim->numel > 2)
        fail_arg(c, 0, "an upper limit or [lower upper]");
    double lo = lim->numel == 2 ? l[0] : 1, hi = lim->numel == 2 ? l[1] : l[0];
    if (lo != floor(lo) || hi != floor(hi) || isinf(lo) || isinf(hi))
        fail("Octave:invalid-input-arg", "randi: the limits must be integers, but are %g and %g", lo, hi);
    if (hi < lo)
        fail("Octave:invalid-input-arg", "randi: the upper limit must not be below the lower, but they are %g and %g",
             hi, lo);
    if (hi > 0x1p53 - 1)
        fail("Octave:invalid-input-arg", "randi: the upper limit must be at most flintmax - 1, but is %g", hi);
    if (hi - lo + 1 > 0x1p53)
        fail("Octave:invalid-input-arg", "randi: the limits may be at most 2^53 apart, but are %g and %g", lo, hi);
    struct call in = *c;
    int device = 0;
    (void)gpu_born_call(c, &in, &device);
    i64 dim[MAX_DIMS];
    int nargin = in.nargin, dt = arg_class(&in, &nargin);
    if (dt >= 0 && (dtype_is(dt, DT_C) || saturate(dt, lo) != lo || saturate(dt, hi) != hi))
        fail("Octave:invalid-input-arg", "randi: limits %g and %g are beyond the class \"%s\"", lo, hi, dtypes[dt].class);
    int nd = arg_dims(&in, 1, nargin, dim);
    if (device) {
        struct tensor *there = gpu_new(device, dt < 0 ? D_DOUBLE : dt, nd, dim);
        gpu_draw(there, DEV_integers, lo, hi);
        result(c, 0, tensor_box(there));
        return;
    }
    struct tensor *t = tensor_new(D_DOUBLE, nd, dim);
    double *x = (double *)t->data, n = hi - lo + 1;
    rand_uniform(x, t->numel);
    for (i64 i = 0; i < t->numel; i++)
        x[i] = fmin(lo + floor(x[i] * n), hi);
    result_class(c, t, dt < 0 ? D_DOUBLE : dt);
}

BUILTIN(randperm, 1, 3, 1, grad_zero,
    "p = randperm(n)\n"
    "p = randperm(n, m)\n\n"
    "Random permutation of 1 to n as a row, or its first m elements: m different numbers, every choice as likely as "
    "the others. After rng(seed, 'philox') it is the order of n uniform numbers, the same on the CPU and, with 'gpu' as the last "
    "argument, on a GPU.\n\n"
    "Example:\n"
    "  sort(randperm(4))\n"
    "  ans =\n     1   2   3   4\n\n"
    "See also: rng, randi, perms")
{
    struct call in = *c;
    int device = 0;
    (void)gpu_born_call(c, &in, &device);
    i64 n = arg_int(&in, 0, 0, (i64)1 << 40), m = has_arg(&in, 1) ? arg_int(&in, 1, 0, (i64)1 << 40) : n;
    if (m > n)
        fail("Octave:invalid-input-arg", "randperm: m must be at most n, but m is %lld and n is %lld", (long long)m,
             (long long)n);
    if (n >= (i64)1 << 32)
        fail("Octave:out-of-memory", "randperm: n must be below 2^32, but is %lld", (long long)n);
    if (device) {
        struct tensor *all = gpu_new(device, D_INT64, 2, (i64[]){ n, 1 });
        gpu_draw(all, DEV_permutation, (double)n, 0);
        all = gpu_clone(tensor_alias(all, 2, (i64[]){ m, 1 }, (i64[]){ 1, m }, 0), D_DOUBLE);
        result_tensor(c, 0, tensor_transpose(tensor_any(ew_apply(EW_plus, 2, (value[]){ tensor_box(all), num(1) }))));
        return;
    }
    struct tensor *t = tensor_2d(D_DOUBLE, 1, m);
    double *to = (double *)t->data;
    if (rng_state()->philox) {                /* as a device does it */
        double *key = scratch((size_t)n * sizeof *key + 1);
        rand_uniform(key, n);
        const i64 *order = sort_order(D_DOUBLE, key, n, false);
        for (i64 i = 0; i < m; i++)
            to[i] = (double)(order[i] + 1);
        result_tensor(c, 0, t);
        return;
    }
    uint32_t *p = scratch((size_t)n * sizeof *p + 1);
    enum { PIECE = 1024 };
    double u[PIECE];
    for (i64 i = 0; i < n; i++)
        p[i] = (uint32_t)i + 1;
    for (i64 at = 0; at < m; at += PIECE) {   /* Fisher and Yates, the places drawn ahead so that they can be fetched */
        int k = (int)MIN(m - at, PIECE);
        poll();
        rand_uniform(u, k);
        uint32_t j[PIECE];
        for (int i = 0; i < k; i++) {
            i64 left = n - at - i;
            j[i] = (uint32_t)(at + i + MIN((i64)(u[i] * (double)left), left - 1));
        }
        for (int i = 0; i < k; i++) {
            if (i + 16 < k)
                __builtin_prefetch(p + j[i + 16], 1);
            uint32_t w = p[at + i];
            p[at + i] = p[j[i]];
            p[j[i]] = w;
        }
    }
    for (i64 i = 0; i < m; i++)
        to[i] = p[i];
    result_tensor(c, 0, t);
}
