/* SPDX-License-Identifier: BSD-3-Clause */
/* Clock and medians for the C side of the benchmarks. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static inline double median(double *t, int n)
{
    qsort(t, n, sizeof *t, by_size);
    return n & 1 ? t[n / 2] : .5 * (t[n / 2 - 1] + t[n / 2]);
}

/* MEDIAN(out, reps, prepare, statement): median time of the statement, after one run that is not counted. */
#define MEDIAN(out, reps, prepare, ...) do { \
    double t_[64]; \
    for (int r_ = -1; r_ < (reps); r_++) { \
        prepare; \
        double a_ = now(); \
        __VA_ARGS__; \
        if (r_ >= 0) t_[r_] = now() - a_; \
    } \
    out = median(t_, reps); } while (0)

/* REPEAT(out, seconds, statement): so often that a sample takes that long; median of 5 samples, time of one. */
#define REPEAT(out, seconds, ...) do { \
    { __VA_ARGS__; } \
    double a_ = now(); \
    { __VA_ARGS__; } \
    double d_ = now() - a_; \
    long k_ = d_ < (seconds) ? (long)((seconds) / (d_ < 1e-8 ? 1e-8 : d_)) : 1; \
    MEDIAN(out, 5, , for (long i_ = 0; i_ < k_; i_++) { __VA_ARGS__; __asm__ volatile("" ::: "memory"); }); \
    out /= k_; } while (0)
