/* SPDX-License-Identifier: BSD-3-Clause */
/* colormap.c: colours for numbers.
 *
 * A colormap is a row of colormaps.def: a few colours at equal distances, and what lies between is interpolated.  viridis and
 * its kin were made so that equal steps look equal, in print without colours as well. */
#include "plot.h"
#include "lab/nearest.h"
#include <math.h>
#include <strings.h>

/* ---- colormaps by formula: colour j (0 red, 1 green, 2 blue) of row i of n, x = i / (n - 1) */
static double hsv(int j, i64 i, i64 n, double x)
{
    (void)x;
    double h = 6.0 * (double)i / (double)n, k = fmod(h + (j == 0 ? 0 : j == 1 ? 4 : 2), 6);
    return fmin(1, fmax(0, fabs(k - 3) - 1));
}

static double jet(int j, i64 i, i64 n, double x)          /* a trapezium, moved by a quarter from colour to colour */
{
    (void)x;
    i64 q = (n + 3) / 4, at = i - ((q + 1) / 2 - (n % 4 == 1)) - (1 - j) * q, k = at + 1;
    return k < 1 || k > 3 * q - 1 ? 0 : k <= q ? (double)k / (double)q : k < 2 * q ? 1 : (double)(3 * q - k) / (double)q;
}

static double hot(int j, i64 i, i64 n, double x)
{
    (void)x;
    i64 q = 3 * n / 8, from = j * q, length = j < 2 ? q : n - 2 * q, k = i - from + 1;
    return k < 1 ? 0 : k >= length ? 1 : (double)k / (double)length;
}

static double bone(int j, i64 i, i64 n, double x)         /* seven parts of grey and one of hot turned round */
{
    return (7 * x + hot(2 - j, i, n, x)) / 8;
}

static double copper(int j, i64 i, i64 n, double x)
{
    (void)i;
    (void)n;
    return fmin(1, (j == 0 ? 1.25 : j == 1 ? 0.7812 : 0.4975) * x);
}

static double pink(int j, i64 i, i64 n, double x)         /* the root of two parts of grey and one of hot */
{
    return sqrt((2 * x + hot(j, i, n, x)) / 3);
}

static double lines(int j, i64 i, i64 n, double x)        /* the colours that lines take, in turn */
{
    (void)n;
    (void)x;
    struct tensor *order = colour_order();
    return ((double *)order->data)[i % order->dim[0] + j * order->dim[0]];
}

static double in_turn(const double (*map)[3], int m, int j, i64 i)
{
    return map[i % m][j];
}

static double prism(int j, i64 i, i64 n, double x)
{
    static const double map[6][3] = { { 1, 0, 0 }, { 1, 0.5, 0 }, { 1, 1, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 2.0 / 3, 0, 1 } };
    (void)n;
    (void)x;
    return in_turn(map, 6, j, i);
}

static double flag(int j, i64 i, i64 n, double x)
{
    static const double map[4][3] = { { 1, 0, 0 }, { 1, 1, 1 }, { 0, 0, 1 }, { 0, 0, 0 } };
    (void)n;
    (void)x;
    return in_turn(map, 4, j, i);
}

static double white(int j, i64 i, i64 n, double x)
{
    (void)j;
    (void)i;
    (void)n;
    (void)x;
    return 1;
}

static double cubehelix(int j, i64 i, i64 n, double x)    /* D. A. Green 2011: start 0.5, -1.5 turns, hue 1, gamma 1 */
{
    static const double by_cos[3] = { -0.14861, -0.29227, 1.97294 }, by_sin[3] = { 1.78277, -0.90649, 0 };
    double angle = 2 * M_PI * (0.5 / 3 + 1 - 1.5 * x), wide = x * (1 - x) / 2;
    (void)i;
    (void)n;
    return fmin(1, fmax(0, x + wide * (by_cos[j] * cos(angle) + by_sin[j] * sin(angle))));
}

static double ocean(int j, i64 i, i64 n,
                    double x) /* black over blue to white: green from a third on, red from two thirds */
{
    i64 from = lround((double)(2 - j) * (double)n / 3);
    return j == 2 ? x : i > from ? (double)(i - from) / (double)(n - 1 - from) : 0;
}

static double rainbow(int j, i64 i, i64 n, double x)      /* straight pieces between fifths */
{
    (void)i;
    (void)n;
    if (j == 0)
        return x < 0.4 ? 1 : x < 0.6 ? 3 - 5 * x : x < 0.8 ? 0 : (10 * x - 8) / 3;
    if (j == 1)
        return x < 0.4 ? 2.5 * x : x < 0.6 ? 1 : x < 0.8 ? 4 - 5 * x : 0;
    return x < 0.6 ? 0 : x < 0.8 ? 5 * x - 3 : 1;
}

static const struct { const char *name; double (*by)(int j, i64 i, i64 n, double x); int n; uint32_t rgb[33]; } maps[] = {
#define M(name, ...) { #name, NULL, COUNT(((uint32_t[]){ __VA_ARGS__ })), { __VA_ARGS__ } },
#define F(name) { #name, name, 0, { 0 } },
#include "colormaps.def"
#undef M
#undef F
};

void colormap_offer(void (*offer)(const char *name, void *arg), void *arg)
{
    for (int k = 0; k < COUNT(maps); k++)
        offer(maps[k].name, arg);
}

struct tensor *colormap_named(const char *name, i64 n)
{
    for (int k = 0; k < COUNT(maps); k++)
        if (!strcasecmp(maps[k].name, name)) {
            struct tensor *t = tensor_2d(D_DOUBLE, n, 3);
            for (i64 i = 0; i < n; i++) {
                double part = n > 1 ? (double)i / (double)(n - 1) : 0;
                for (int j = 0; j < 3 && maps[k].by; j++)
                    ((double *)t->data)[i + j * n] = maps[k].by(j, i, n, part);
                if (maps[k].by)
                    continue;
                double x = part * (maps[k].n - 1), f = x - floor(x);
                int a = (int)floor(x), b = MIN(a + 1, maps[k].n - 1);
                for (int j = 0; j < 3; j++)
                    ((double *)t->data)[i + j * n] = ((1 - f) * (maps[k].rgb[a] >> (16 - 8 * j) & 255) +
                                                      f * (maps[k].rgb[b] >> (16 - 8 * j) & 255)) /
                                                     255;
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
    fail("Octave:invalid-input-arg", "%s: there is no colormap '%s'%s%s%s%s", who, name, s ? "; did you mean '" : "",
         s ? s : "", s ? "'?" : "", b->s);
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
