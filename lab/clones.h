/* SPDX-License-Identifier: BSD-3-Clause */
/* clones.h: CLONES before a function compiles it for plain x86-64, AVX2 and AVX-512; the machine's own is taken at start.
 * Nothing is contracted (-ffp-contract=off), so all of them give the same bits.  Loops that must become vectors say
 * SIMD, since gcc's -O2 alone does not do it (clang's does).
 * SIMD promises that iterations do not hang on each other but by reading ahead of what is written. */
#ifndef TL_CLONES_H
#define TL_CLONES_H

#if defined __x86_64__ && defined __gnu_linux__ && !defined __clang__ && !defined __SANITIZE_ADDRESS__
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#ifdef __clang__
#define SIMD
#else
#define SIMD _Pragma("omp simd safelen(16)")
#endif

#endif
