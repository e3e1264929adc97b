/* SPDX-License-Identifier: BSD-3-Clause */
/* Decimal digits to doubles and back, letter by letter and bit by bit as strtod and snprintf do it. */
#include "lab/decimal.h"
#include "unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;
static uint64_t any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int read_one(uint64_t m, int scale)    /* 1: decided */
{
    char text[64];
    double x, y;
    sprintf(text, "%llue%d", (unsigned long long)m, scale);
    y = strtod(text, NULL);
    if (!decimal_read(m, scale, &x))
        return 0;
    ck_assert_msg(!memcmp(&x, &y, 8), "%s: %a, strtod %a", text, x, y);
    return 1;
}

static int write_one(double x, char conv, int prec)
{
    char want[400], got[DECIMAL_ROOM], f[] = { '%', '.', '*', conv, 0 };
    int n = snprintf(want, sizeof want, f, prec, x);
    size_t k = decimal_write(got, x, conv, prec);
    if (!k)
        return 0;
    ck_assert_msg((int)k == n && !memcmp(got, want, k), "%a %s %d: '%.*s', printf '%s'", x, f, prec, (int)k, got, want);
    return 1;
}

START_TEST(reading)
{
    int decided = 0, n = 100000;
    for (int i = 0; i < n; i++) {
        uint64_t m = any() >> any() % 64;
        decided += read_one(i % 5 ? m : m % 100000, (int)(i & 1 ? any() % 50 : any() % 700) - (i & 1 ? 25 : 350));
    }
    ck_assert_int_gt(decided, n / 10 * 8);
    for (int q = -342; q <= 342; q++)         /* powers themselves, and what is just beside them */
        for (int d = -1; d <= 1; d++)
            read_one(10000000000000000000u + (uint64_t)d, q - 19), read_one(1, q);
    for (int k = 0; k < 64; k++)              /* halfway between two doubles */
        for (int d = -1; d <= 1; d++)
            read_one(((uint64_t)1 << 53) + 1 + (uint64_t)d, 0), read_one(((uint64_t)1 << 63) + ((uint64_t)1 << 10) + (uint64_t)d, 0);
}
END_TEST

START_TEST(writing)
{
    int decided = 0, n = 100000;
    for (int i = 0; i < n; i++) {
        uint64_t b = any();
        double x;
        switch (i % 6) {
        case 0: memcpy(&x, &b, 8); break;
        case 1: x = (double)(b >> 11) * 0x1p-53; break;
        case 2: x = (double)(int64_t)(b % 2000001) - 1000000; break;
        case 3: x = (double)(b % 100000) / 1000; break;
        case 4: x = ldexp((double)(b >> 11), -(int)(any() % 80)); break;
        default: x = (double)(b % 4096) / 64;                  /* ties */
        }
        if (isfinite(x))
            decided += write_one(x, "efg"[any() % 3], (int)(any() % 19));
    }
    ck_assert_int_gt(decided, n / 2);
    static const double edges[] = { 0, -0.0, 1, 9.5, 9.9999995, 99999.95, 999999.5, 9999999, 0.5, 1.5, 2.5, 0.1, 0.00001, 0.0001, 1e-5, 1e15, 1e16, 1e17,
                                    1e22, 1e23, 1e-300, 2.2250738585072014e-308, 1.7976931348623157e308, 5e-324, 0.3, 2. / 3, 123456789, 4503599627370497.5 };
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        for (int prec = 0; prec < 20; prec++)
            for (int c = 0; c < 3; c++)
                write_one(edges[i], "efg"[c], prec), write_one(-edges[i], "efg"[c], prec);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("decimal");
    tcase_add_test(t, reading);
    tcase_add_test(t, writing);
    return unit_run("decimal", t, 300, CK_NOFORK);
}
