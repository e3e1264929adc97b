/* SPDX-License-Identifier: BSD-3-Clause */
/* numtheory.c: primes, factors, factorials, choices and orders.
 *
 * primes is a sieve of odd numbers in pieces that fit the cache; isprime the Miller-Rabin test with the first twelve
 * primes as bases, which decides all 64-bit numbers; factor divides by small primes and splits the rest by Pollard's rho. */
#include "plan.h"
#include "sort.h"
#include <math.h>
#include <stdlib.h>

/* ---- 64-bit arithmetic */
typedef unsigned __int128 wide;

static uint64_t power_mod(uint64_t b, uint64_t e, uint64_t m)
{
    uint64_t r = 1 % m;
    for (b %= m; e; e >>= 1) {
        if (e & 1)
            r = (uint64_t)((wide)r * b % m);
        b = (uint64_t)((wide)b * b % m);
    }
    return r;
}

static bool is_prime(uint64_t n)
{
    static const uint8_t base[] = { 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37 };
    if (n < 2)
        return false;
    for (int i = 0; i < COUNT(base); i++)
        if (n % base[i] == 0)
            return n == base[i];
    if (n < 41 * 41)
        return true;
    int s = __builtin_ctzll(n - 1), most = n < 3215031751u ? 4 : COUNT(base);
    for (int i = 0; i < most; i++) {
        uint64_t x = power_mod(base[i], (n - 1) >> s, n);
        int k = 1;
        if (x == 1 || x == n - 1)
            continue;
        for (; k < s && x != n - 1; k++)
            x = (uint64_t)((wide)x * x % n);
        if (x != n - 1)
            return false;
    }
    return true;
}

static uint64_t gcd64(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static uint64_t rho(uint64_t n)               /* a true divisor of an odd n that is not prime (Brent's form) */
{
    for (uint64_t c = 1;; c++) {
        uint64_t x = 2, y = 2, d = 1, q = 1, from = 2;
        for (uint64_t len = 1; d == 1; len *= 2) {
            x = y;
            for (uint64_t done = 0; done < len && d == 1; done += 128) {
                from = y;
                poll();
                for (uint64_t i = 0; i < MIN(128, len - done); i++) {
                    y = (uint64_t)(((wide)y * y + c) % n);
                    q = (uint64_t)((wide)q * (x > y ? x - y : y - x) % n);
                }
                d = gcd64(q, n);
            }
        }
        if (d == n)                           /* went past it: one by one */
            do {
                from = (uint64_t)(((wide)from * from + c) % n);
                d = gcd64(x > from ? x - from : from - x, n);
            } while (d == 1);
        if (d != n)
            return d;
    }
}

static int factors(uint64_t n, uint64_t *f)   /* in rising order; at most 64 */
{
    int k = 0;
    for (uint64_t p = 2; p < 1000 && p * p <= n; p += p == 2 ? 1 : 2)
        for (; n % p == 0; n /= p)
            f[k++] = p;
    uint64_t todo[64];
    int left = 0;
    if (n > 1)
        todo[left++] = n;
    while (left) {
        uint64_t m = todo[--left];
        if (is_prime(m)) {
            f[k++] = m;
        } else {
            uint64_t d = rho(m);
            todo[left++] = d;
            todo[left++] = m / d;
        }
    }
    for (int i = 1; i < k; i++)
        for (int j = i; j > 0 && f[j] < f[j - 1]; j--) {
            uint64_t w = f[j];
            f[j] = f[j - 1];
            f[j - 1] = w;
        }
    return k;
}

/* ---- elements as whole numbers; fails for what is none */
static uint64_t whole(struct call *c, const struct tensor *t, i64 i, bool negative_ok)
{
    if (t->dtype == D_UINT64)
        return ((uint64_t *)t->data)[i];
    if (t->dtype == D_INT64) {
        int64_t x = ((int64_t *)t->data)[i];
        if (x < 0 && !negative_ok)
            fail("Octave:invalid-input-arg", "%s: the argument must not be negative, but is %lld", c->fn->name, (long long)x);
        return x < 0 ? -(uint64_t)x : (uint64_t)x;
    }
    double x = element_double(t, i);
    if (x != floor(x) || isinf(x) || dtype_is(t->dtype, DT_C))
        fail("Octave:invalid-input-arg", "%s: the argument must be a whole number, but is %g", c->fn->name, x);
    if (x < 0 && !negative_ok)
        fail("Octave:invalid-input-arg", "%s: the argument must not be negative, but is %g", c->fn->name, x);
    if (fabs(x) > 0x1p53)
        fail("Octave:invalid-input-arg", "%s: %g is too large for a double to be exact; use uint64", c->fn->name, x);
    return (uint64_t)fabs(x);
}

static void put_whole(struct tensor *t, i64 i, uint64_t x)            /* of any real class */
{
    if (t->dtype == D_UINT64)
        ((uint64_t *)t->data)[i] = x;
    else if (t->dtype == D_INT64)
        ((int64_t *)t->data)[i] = (int64_t)x;
    else
        convert_run(t->dtype, t->data + i * (i64)dtypes[t->dtype].size, D_DOUBLE, &(double){ (double)x }, 1);
}

static int number_class(int dtype) { return dtype_is(dtype, DT_I | DT_F) && !dtype_is(dtype, DT_C) ? dtype : D_DOUBLE; }

/* ---- primes */
static struct tensor *sieve(i64 n)            /* all primes up to n, a row of doubles */
{
    enum { PIECE = 1 << 18 };                 /* odd numbers a piece */
    i64 most = n < 2 ? 0 : n < 60 ? 20 : (i64)(1.26 * (double)n / log((double)n)) + 10, found = 0;
    struct tensor *t = tensor_2d(D_DOUBLE, 1, most);
    double *p = (double *)t->data;
    if (n >= 2)
        p[found++] = 2;
    i64 root = (i64)sqrt((double)n) + 1, nsmall = 0;
    uint8_t *small = scratch((size_t)root + 8), *mark = scratch(PIECE);
    i64 *prime = scratch((size_t)root * sizeof *prime + 8), *next = scratch((size_t)root * sizeof *next + 8);
    memset(small, 1, (size_t)root + 1);
    for (i64 i = 3; i <= root; i += 2)
        if (small[i]) {
            prime[nsmall] = i;
            next[nsmall++] = (i * i - 3) / 2;             /* place of i^2 among 3, 5, 7, … */
            for (i64 j = i * i; j <= root; j += 2 * i)
                small[j] = 0;
        }
    i64 total = n < 3 ? 0 : (n - 1) / 2;
    for (i64 at = 0; at < total; at += PIECE) {
        i64 len = MIN(PIECE, total - at);
        poll();
        memset(mark, 1, (size_t)len);
        for (i64 k = 0; k < nsmall; k++) {
            i64 j = next[k];
            for (; j < at + len; j += prime[k])
                mark[j - at] = 0;
            next[k] = j;
        }
        for (i64 i = 0; i < len; i++) {
            p[found] = (double)(2 * (at + i) + 3);        /* may stand one beyond for a moment: memory has spare room */
            found += mark[i];
        }
    }
    return tensor_clone(tensor_alias(t, 2, (i64[]){ 1, found }, t->stride, 0));
}

BUILTIN(primes, 1, 1, 1, NO_GRAD,
    "p = primes(n)\n\n"
    "All primes up to n, in a row.\n\n"
    "Example:\n"
    "  primes(20)\n"
    "  ans =\n      2    3    5    7   11   13   17   19\n\n"
    "See also: isprime, factor, list_primes")
{
    double n = arg_num(c, 0);
    if (n != n || n > 1e11)
        fail("Octave:invalid-input-arg", "primes: n must be a number up to 1e11, but is %g", n);
    result_tensor(c, 0, tensor_cast(sieve(n < 2 ? 0 : (i64)n), number_class(value_dtype(c->arg[0]))));
}

BUILTIN(list_primes, 0, 1, 1, NO_GRAD,
    "p = list_primes(n)\n\n"
    "The first n primes (default 25), in a row.\n\n"
    "Example:\n"
    "  list_primes(5)\n"
    "  ans =\n      2    3    5    7   11\n\n"
    "See also: primes, isprime")
{
    i64 n = has_arg(c, 0) ? arg_int(c, 0, 0, 1000000000) : 25;
    double most = n < 6 ? 13 : (double)n * (log((double)n) + log(log((double)n))) + 1;
    struct tensor *t = sieve((i64)most);
    result_tensor(c, 0, tensor_clone(tensor_alias(t, 2, (i64[]){ 1, n }, t->stride, 0)));
}

BUILTIN(isprime, 1, 1, 1, NO_GRAD,
    "tf = isprime(x)\n\n"
    "For each element: is it a prime? The elements must be whole numbers; of negative ones the absolute value is "
    "taken, and complex ones are asked among the Gaussian integers.\n\n"
    "Example:\n"
    "  isprime([1 2 3 4 97])\n"
    "  ans =\n    0  1  1  0  1\n\n"
    "See also: primes, factor")
{
    struct tensor *x = arg_dense(c, 0), *r = tensor_new(D_LOGICAL, x->nd, x->dim);
    bool complex_ = dtype_is(x->dtype, DT_C);
    struct tensor *part = complex_ ? tensor_2d(D_DOUBLE, 1, 2) : NULL;
    x = complex_ ? tensor_cast(x, D_CDOUBLE) : x;
    for (i64 i = 0; i < x->numel; i++) {
        poll_each(i);
        if (!complex_) {
            r->data[i] = is_prime(whole(c, x, i, true));
            continue;
        }
        memcpy(part->data, x->data + i * 16, 16);
        uint64_t a = whole(c, part, 0, true), b = whole(c, part, 1, true);
        if ((a | b) >> 31)
            fail("Octave:invalid-input-arg",
                 "isprime: the parts of a complex number must be below 2^31, but one is %g%+gi", (double)a, (double)b);
        r->data[i] = a && b ? is_prime(a * a + b * b) : (a + b) % 4 == 3 && is_prime(a + b);
    }
    result_tensor(c, 0, r);
}

BUILTIN(factor, 1, 1, 2, NO_GRAD,
    "p = factor(q)\n"
    "[p, n] = factor(q)\n\n"
    "Prime factors of a whole number in rising order, or each only once with its power n.\n\n"
    "Example:\n"
    "  factor(60)\n"
    "  ans =\n     2   2   3   5\n\n"
    "See also: primes, isprime, gcd")
{
    struct tensor *x = arg_dense(c, 0);
    if (x->numel != 1)
        fail_arg(c, 0, "one whole number");
    uint64_t q = whole(c, x, 0, false), f[64];
    int dt = number_class(x->dtype), k = 0, n[64];
    if (q < 4)
        f[k++] = q;
    else
        k = factors(q, f);
    if (c->nargout > 1) {
        int m = 0;
        for (int i = 0; i < k; i++) {
            if (m && f[m - 1] == f[i]) {
                n[m - 1]++;
            } else {
                f[m] = f[i];
                n[m++] = 1;
            }
        }
        k = m;
        struct tensor *powers = tensor_2d(D_DOUBLE, 1, k);
        for (int i = 0; i < k; i++)
            ((double *)powers->data)[i] = n[i];
        result_tensor(c, 1, powers);
    }
    struct tensor *p = tensor_2d(dt, 1, k);
    for (int i = 0; i < k; i++)
        put_whole(p, i, f[i]);
    result_tensor(c, 0, p);
}

/* ---- factorials and choices */
BUILTIN(factorial, 1, 1, 1, NO_GRAD,
    "y = factorial(n)\n\n"
    "n! = 1 * 2 * ... * n for each element, whole numbers that are not negative; Inf beyond 170.\n\n"
    "Example:\n"
    "  factorial([0 1 5])\n"
    "  ans =\n       1     1   120\n\n"
    "See also: gamma, nchoosek, prod")
{
    struct tensor *x = arg_dense(c, 0), *r = tensor_new(D_DOUBLE, x->nd, x->dim);
    for (i64 i = 0; i < x->numel; i++) {
        double n = element_double(x, i);
        if (!(n >= 0) || n != floor(n) || dtype_is(x->dtype, DT_C))
            fail("Octave:invalid-input-arg", "factorial: all N must be real non-negative integers\nhint: one is %g", n);
        long double f = 1;
        for (int k = 2; k <= n && k <= 171; k++)
            f *= k;
        ((double *)r->data)[i] = n > 170 ? INFINITY : (double)f;
    }
    result_tensor(c, 0, tensor_cast(r, x->dtype == D_SINGLE ? D_SINGLE : D_DOUBLE));   /* integers too, as in Octave */
}

static value take_columns(value from, struct tensor *v, i64 rows, i64 cols,
                          const i64 *at) /* element at[i] of the cell or struct array from, else of v, to place i */
{
    if (from.kind == K_CELL) {
        struct cell *all = cell_2d(rows, cols);
        for (i64 i = 0; i < all->numel; i++) {
            cell_set(all, i, from.cell->v[at[i]]);
            poll_each(i);
        }
        return cell_value(all);
    }
    if (from.kind == K_STRUCT) {
        struct record *x = from.rec, *all = record_new(2, (i64[]){ rows, cols }, x->f->n, x->f->name);
        for (i64 i = 0; i < all->numel; i++) {
            for (int f = 0; f < x->f->n; f++)
                record_put(all, i, f, x->v[at[i] * x->f->n + f]);
            poll_each(i);
        }
        return record_value(all);
    }
    struct tensor *r = tensor_2d(v->dtype, rows, cols);
    size_t size = dtypes[v->dtype].size;
    if (size == 8) {
        for (i64 i = 0; i < r->numel; i++)
            ((uint64_t *)r->data)[i] = ((const uint64_t *)v->data)[at[i]];
        return tensor_value(r);
    }
    for (i64 i = 0; i < r->numel; i++) {
        memcpy(r->data + i * (i64)size, v->data + at[i] * (i64)size, size);
        poll_each(i);
    }
    return tensor_value(r);
}

static i64 choices(i64 n, i64 k)              /* fails beyond what memory could hold */
{
    double x = 1;
    for (i64 i = 1; i <= MIN(k, n - k); i++)
        x = x * (double)(n - i + 1) / (double)i;
    if (x * (double)MAX(k, 1) > 1e11)
        fail("Octave:out-of-memory", "out of memory or dimension too large: there are %g choices", x);
    return (i64)(x + 0.5);
}

BUILTIN(nchoosek, 2, 2, 1, NO_GRAD,
    "c = nchoosek(n, k)\n"
    "C = nchoosek(v, k)\n\n"
    "The binomial coefficient, how many choices of k out of n there are; or, for a vector v, all choices of k of its "
    "elements (numbers, text or a cell), one in each row.\n\n"
    "Example:\n"
    "  nchoosek(5, 2)\n"
    "  ans = 10\n"
    "  nchoosek(1:3, 2)\n"
    "  ans =\n     1   2\n     1   3\n     2   3\n\n"
    "See also: perms, factorial")
{
    struct tensor *v = c->arg[0].kind == K_CELL || c->arg[0].kind == K_STRUCT ? NULL : arg_dense(c, 0);
    i64 k = arg_int(c, 1, 0, (i64)1 << 53);
    if (v && v->numel == 1) {
        uint64_t n = whole(c, v, 0, false);
        if ((uint64_t)k > n)
            fail("Octave:invalid-input-arg", "nchoosek: N must be a non-negative integer >= K\nhint: n is %llu and k is %lld",
                 (unsigned long long)n, (long long)k);
        uint64_t m = MIN((uint64_t)k, n - (uint64_t)k);
        wide exact = 1;
        bool fits = true;
        double x = 1;
        for (uint64_t i = 1; i <= m && x < INFINITY; i++) {
            x = x * ((double)(n - m + i) / (double)i);
            if (fits && exact < (wide)1 << 64)
                exact = exact * (n - m + i) / i;          /* always whole: it is a coefficient itself */
            else
                fits = false;
        }
        fits &= exact < (wide)1 << 64;
        if (fits)
            x = (double)(uint64_t)exact;
        if (x > 0x1p53 && !dtype_is(v->dtype, DT_I))
            warn("Octave:nchoosek:large-output", "nchoosek: possible loss of precision");
        struct tensor *r = tensor_2d(number_class(v->dtype), 1, 1);
        if (fits && dtype_is(r->dtype, DT_I))
            put_whole(r, 0, r->dtype == D_INT64 && exact > INT64_MAX ? (uint64_t)INT64_MAX : (uint64_t)exact);
        else
            convert_run(r->dtype, r->data, D_DOUBLE, &x, 1);
        result_tensor(c, 0, r);
        return;
    }
    i64 dim[MAX_DIMS], n = value_numel(c->arg[0]);
    if (value_dims(c->arg[0], dim) > 2 || (n && dim[0] != 1 && dim[1] != 1))
        fail_arg(c, 0, "a number or a vector");
    i64 m = k > n ? 0 : choices(n, k);
    i64 *at = scratch((size_t)(m * k + 1) * sizeof *at), *pick = scratch((size_t)(k + 1) * sizeof *pick);
    for (i64 i = 0; i < k; i++)
        pick[i] = i;
    for (i64 r = 0; r < m; r++) {             /* in lexicographic order */
        for (i64 i = 0; i < k; i++)
            at[r + i * m] = pick[i];
        i64 i = k - 1;
        while (i >= 0 && pick[i] == n - k + i)
            i--;
        if (i >= 0)
            pick[i]++;
        for (i64 j = i + 1; i >= 0 && j < k; j++)
            pick[j] = pick[j - 1] + 1;
        if (!(r & 65535))
            poll();
    }
    result(c, 0, take_columns(c->arg[0], v, m, k, at));
}

extern const struct builtin builtin_sort;
BUILTIN(perms, 1, 1, 1, NO_GRAD,
    "P = perms(v)\n\n"
    "All orders of the elements of v (numbers, text, a cell or structs), one in each row, the last first: of numbers "
    "and text the largest elements stand first, whatever their order in v.\n\n"
    "Example:\n"
    "  perms([1 2 3])\n"
    "  ans =\n     3   2   1\n     3   1   2\n     2   3   1\n     2   1   3\n     1   3   2\n     1   2   3\n\n"
    "See also: nchoosek, randperm")
{
    bool values = c->arg[0].kind == K_CELL || c->arg[0].kind == K_STRUCT;
    struct tensor *v = values ? NULL : arg_dense(c, 0);
    if (v && v->dtype != D_LOGICAL)
        v = tensor_dense(tensor_of(call1(&builtin_sort, 1, tensor_value(tensor_reshape(v, 2, (i64[]){ 1, v->numel })))));
    i64 n = values ? value_numel(c->arg[0]) : v->numel, m = 1;
    for (i64 i = 2; i <= n; i++) {
        m *= i;
        if (i > 12)
            fail("Octave:out-of-memory",
                 "out of memory or dimension too large: there are more than 12! orders of %lld elements", (long long)n);
    }
    i64 *at = scratch((size_t)(m * n + 1) * sizeof *at), p[16];
    for (i64 i = 0; i < n; i++)
        p[i] = n - 1 - i;
    for (i64 r = 0; r < m; r++) {
        for (i64 i = 0; i < n; i++)
            at[r + i * m] = p[i];
        i64 i = n - 2;                        /* the order before p */
        while (i >= 0 && p[i] < p[i + 1])
            i--;
        if (i >= 0) {
            i64 j = n - 1;
            while (p[j] > p[i])
                j--;
            i64 w = p[i];
            p[i] = p[j];
            p[j] = w;
            for (i64 a = i + 1, b = n - 1; a < b; a++, b--) {
                w = p[a];
                p[a] = p[b];
                p[b] = w;
            }
        }
        if (!(r & 65535))
            poll();
    }
    result(c, 0, take_columns(c->arg[0], v, m, n, at));
}
