/* SPDX-License-Identifier: BSD-3-Clause */
/* colormap.c: colours for numbers.
 *
 * A colormap is a row of colormaps.def: a few colours at equal distances, and what lies between is interpolated.  viridis and
 * its kin were made so that equal steps look equal, in print without colours as well. */
#include "plot.h"
#include "lab/nearest.h"
#include <math.h>
#include <strings.h>

static const struct { const char *name; int n; uint32_t rgb[33]; } maps[] = {
#define M(name, ...) { #name, COUNT(((uint32_t[]){ __VA_ARGS__ })), { __VA_ARGS__ } },
#include "colormaps.def"
#undef M
};

struct tensor *colormap_named(const char *name, i64 n)
{
    for (int k = 0; k < COUNT(maps); k++)
        if (!strcasecmp(maps[k].name, name)) {
            struct tensor *t = tensor_2d(D_DOUBLE, n, 3);
            for (i64 i = 0; i < n; i++) {
                double x = n > 1 ? (double)i * (maps[k].n - 1) / (double)(n - 1) : 0, f = x - floor(x);
                int a = (int)floor(x), b = MIN(a + 1, maps[k].n - 1);
                for (int j = 0; j < 3; j++)
                    ((double *)t->data)[i + j * n] = ((1 - f) * (maps[k].rgb[a] >> (16 - 8 * j) & 255) + f * (maps[k].rgb[b] >> (16 - 8 * j) & 255)) / 255;
            }
            return t;
        }
    return NULL;
}

void colormap_unknown(const char *who, const char *name)
{
    struct nearest near;
    nearest_begin(&near, name);
    for (int k = 0; k < COUNT(maps); k++)
        nearest_try(&near, maps[k].name);
    const char *s = nearest_found(&near);
    struct buf *b = buf_new();
    for (int k = 0; !s && k < COUNT(maps); k++)
        buff(b, "%s%s", k ? " " : "; there are ", maps[k].name);
    fail("Octave:invalid-input-arg", "%s: there is no colormap '%s'%s%s%s%s", who, name, s ? "; did you mean '" : "", s ? s : "", s ? "'?" : "", b->s);
}

/* Okabe and Ito's colours, that all eyes tell apart, the dark ones first and yellow, too light for lines, last. */
struct tensor *colour_order(void)
{
    static const uint32_t rgb[] = { 0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000 };
    struct tensor *t = tensor_2d(D_DOUBLE, COUNT(rgb), 3);
    for (int i = 0; i < COUNT(rgb); i++)
        for (int j = 0; j < 3; j++)
            ((double *)t->data)[i + j * COUNT(rgb)] = (rgb[i] >> (16 - 8 * j) & 255) / 255.0;
    return t;
}
