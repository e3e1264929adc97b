/* SPDX-License-Identifier: BSD-3-Clause */
/* nearest.h: did you mean?  Begin with what was typed, offer every name that would have been good, ask for the best. */
#ifndef TL_NEAREST_H
#define TL_NEAREST_H
#include "base.h"

struct nearest { const char *typed; size_t len; int best; char found[64]; };
void nearest_begin(struct nearest *n, const char *typed);
void nearest_try(struct nearest *n, const char *name);
const char *nearest_found(const struct nearest *n);       /* NULL when nothing is near enough */

#endif
