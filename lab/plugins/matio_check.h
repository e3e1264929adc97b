/* SPDX-License-Identifier: BSD-3-Clause */
/* matio_check.h: what is wrong with a .mat file, before libmatio sees it. */
#ifndef MATIO_CHECK_H
#define MATIO_CHECK_H
#include <stdint.h>

enum { DEEPEST = 500 };                       /* cells and structs in one another */
/* NULL: nothing, else words.  *n: how many variables it holds, -1 for HDF5, which is not looked into. */
const char *mat_check(const char *file, int64_t *n);

#endif
