/* SPDX-License-Identifier: BSD-3-Clause */
/* bins.h: counting in bins, for functions elsewhere. */
#ifndef TL_BINS_H
#define TL_BINS_H
#include "call.h"

void histogram(struct call *c);               /* [n, x] = hist(y, bins, norm), which plot/ also draws */

#endif
