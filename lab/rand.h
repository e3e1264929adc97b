/* SPDX-License-Identifier: BSD-3-Clause */
/* rand.h: the one generator of all random functions.  The same seed gives the same numbers on every machine. */
#ifndef TL_RAND_H
#define TL_RAND_H
#include "base.h"

void rand_seed(uint64_t seed, bool philox);   /* seed 0 of the twister is 5489, as MATLAB's */
double rand_one(void);                        /* uniform in [0, 1), 53 bits */
double randn_one(void);
void rand_uniform(double *x, i64 n);
void rand_normal(double *x, i64 n);
/* The same on devices, from counters of their own: key and number of the next n uniform numbers.  After rng(seed,
 * 'philox') they are the CPU's. */
void rand_there(i64 n, uint64_t *key, uint64_t *at);
void rand_philox(uint64_t key, uint64_t at, double *x, i64 n, bool normal);
i64 rand_below(i64 n);                        /* 0 .. n-1 */

#endif
