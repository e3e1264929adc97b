/* SPDX-License-Identifier: BSD-3-Clause */
/* nearest.c: the name most like one that was typed wrongly.  Distance counts insertions, deletions, replacements and
 * swaps of neighbours; a change of case costs half of one.  At most 2 apart, 1 below six letters, the case of a single
 * one, so that no wild guesses are printed; of equals the first offered wins, so offer the likeliest table first. */
#include "nearest.h"

#include <ctype.h>

enum { LONGEST = 63 };

void nearest_begin(struct nearest *n, const char *typed)
{
    n->typed = typed;
    n->len = strlen(typed);
    n->best = n->len < 2 ? 2 : n->len < 6 ? 3 : 5;       /* in halves, plus one */
    n->found[0] = 0;
    if (n->len > LONGEST)
        n->best = 0;
}

/* In half steps. */
static int distance(const char *a, size_t na, const char *b, size_t nb)
{
    int row[3][LONGEST + 2];
    int *before = row[0], *last = row[1], *now = row[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = 2 * (int)j;
    for (size_t i = 1; i <= na; i++) {
        now[0] = 2 * (int)i;
        for (size_t j = 1; j <= nb; j++) {
            int same = a[i - 1] == b[j - 1] ? 0 :
                       tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]) ? 1 : 2;
            int d = last[j - 1] + same;
            d = MIN(d, last[j] + 2);
            d = MIN(d, now[j - 1] + 2);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d = MIN(d, before[j - 2] + 2);
            now[j] = d;
        }
        int *t = before;
        before = last;
        last = now;
        now = t;
    }
    return last[nb];
}

void nearest_try(struct nearest *n, const char *name)
{
    size_t len = strlen(name);
    if (n->best <= 0 || len > LONGEST || len + 2 < n->len || n->len + 2 < len)
        return;
    int d = distance(n->typed, n->len, name, len);
    if (d > 0 && d < n->best && d < 2 * (int)MIN(len, n->len)) {
        n->best = d;
        memcpy(n->found, name, len + 1);
    }
}

const char *nearest_found(const struct nearest *n)
{
    return n->found[0] ? n->found : NULL;
}
