/* SPDX-License-Identifier: BSD-3-Clause */
/* decimal.h: doubles from decimal digits and back, exactly rounded, without the C library where that is quick. */
#ifndef TL_DECIMAL_H
#define TL_DECIMAL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* *x = m * 10^scale rounded to nearest, ties to even; false: not decided here (too close to a tie, subnormal, too large). */
bool decimal_read(uint64_t m, int scale, double *x);

/* Finite x as printf's "%.*e", "%.*f" or "%.*g" (conv) writes it, with its '-'; the length, or 0: not decided here. */
enum { DECIMAL_ROOM = 64 };
size_t decimal_write_integer(char to[DECIMAL_ROOM], bool negative, uint64_t u);    /* its length; no NUL */
size_t decimal_write(char to[DECIMAL_ROOM], double x, char conv, int prec);

#endif
