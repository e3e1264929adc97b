/* SPDX-License-Identifier: BSD-3-Clause */
/* bytes.c: copying and clearing large pieces of memory on all threads: one core moves half of what the memory can. */
#include "plan.h"
#include "tensor.h"

enum { PIECE = 1 << 18, MANY = 1 << 21 };     /* bytes a turn; from where a second thread pays */

void bytes_copy(void *to, const void *from, size_t n)
{
    if (n < MANY || ew_threads < 2) {
        memcpy(to, from, n);
        return;
    }
    #pragma omp parallel for schedule(static) num_threads(ew_threads)
    for (size_t i = 0; i < n; i += PIECE)
        memcpy((char *)to + i, (const char *)from + i, MIN(n - i, PIECE));
}

void bytes_zero(void *to, size_t n)
{
    if (n < MANY || ew_threads < 2) {
        memset(to, 0, n);
        return;
    }
    #pragma omp parallel for schedule(static) num_threads(ew_threads)
    for (size_t i = 0; i < n; i += PIECE)
        memset((char *)to + i, 0, MIN(n - i, PIECE));
}
