/* SPDX-License-Identifier: BSD-3-Clause */
/* legend.c: the legend and where it stands.
 *
 * 'best', the default, is the corner or the middle of a side where fewest points lie, found by counting them: gnuplot's own
 * corner would often cover the data. */
#include "plot.h"
#include <math.h>
#include <strings.h>

static const struct place {
    const char *name, *key;
    double x, y;
} places[] = {
    /* x, y: left/bottom 0, middle 0.5 … of the box inside */
    { "northeast", "inside right top", 1, 1 },
    { "northwest", "inside left top", 0, 1 },
    { "southeast", "inside right bottom", 1, 0 },
    { "southwest", "inside left bottom", 0, 0 },
    { "east", "inside right center", 1, 0.5 },
    { "west", "inside left center", 0, 0.5 },
    { "north", "inside center top", 0.5, 1 },
    { "south", "inside center bottom", 0.5, 0 },
    { "northeastoutside", "outside right top", -1, 0 },
    { "eastoutside", "outside right center", -1, 0 },
    { "southeastoutside", "outside right bottom", -1, 0 },
    { "northwestoutside", "outside left top", -1, 0 },
    { "westoutside", "outside left center", -1, 0 },
    { "southwestoutside", "outside left bottom", -1, 0 },
    { "northoutside", "outside center top horizontal", -1, 0 },
    { "southoutside", "outside center bottom horizontal", -1, 0 },
    { "bestoutside", "outside right top", -1, 0 },
};
enum { INSIDE = 8 };

struct scale { struct graphic *ax; double lim[2][2]; };
static double part(const struct scale *s, int axis, double x)     /* 0 … 1 along the axis */
{
    const double *lim = s->lim[axis];
    double p = axes_log(s->ax, axis) ? log(x / lim[0]) / log(lim[1] / lim[0]) : (x - lim[0]) / (lim[1] - lim[0]);
    return prop_is(s->ax, axis_prop(axis, DIR), "reverse") ? 1 - p : p;
}

/* The place with the fewest points in a box of w x h; lines between points count by up to 40 steps. */
static void count(struct graphic *ax, double w, double h, double hits[INSIDE])
{
    struct scale s = { .ax = ax }, *d = &s;
    for (int a = 0; a < 2; a++)
        axes_limits(ax, a, s.lim[a]);
    for (struct graphic *g = ax->first; g; g = g->next) {
        if (!is_series(g) || prop_find("YData", g->kind) < 0)
            continue;
        struct tensor *x = prop_data(g, P_XData), *y = prop_data(g, P_YData);
        i64 n = MIN(x->numel, y->numel), step = MAX(1, n / 4000);
        bool standing = prop_find("BaseValue", g->kind) >= 0, lying = g->kind == G_BAR && prop_on(g, P_Horizontal);
        double beside = 0, wide = INFINITY;   /* a bar of a group stands beside the middle of its group */
        if (g->kind == G_BAR) {
            const double *group = (const double *)prop_data(g, P_BarGroup)->data;
            for (i64 i = 1; i < n; i++)
                wide = fmin(wide, fabs(((double *)x->data)[i] - ((double *)x->data)[i - 1]));
            beside = (isfinite(wide) ? wide : 1) * prop_num(g, P_BarWidth) * ((group[0] - 0.5) / group[1] - 0.5);
        }
        struct tensor *low = prop_find("LData", g->kind) >= 0 ? prop_data(g, P_LData) : y;
        double px = NAN, py = NAN;
        for (i64 i = 0; i < n; i += step) {
            double vx = ((double *)x->data)[i] + beside, vy = ((double *)y->data)[i];
            if (standing) {                   /* what stands on a base: from there to the top */
                double base = low != y && i < low->numel ? ((double *)low->data)[i] : prop_num(g, P_BaseValue),
                       top = low != y && i < low->numel ? base + vy : vy;
                px = part(d, 0, lying ? base : vx);
                py = part(d, 1, lying ? vx : base);
                if (lying)
                    vy = vx, vx = top;
                else
                    vy = top;
            }
            double qx = part(d, 0, vx), qy = part(d, 1, vy);
            int between = isfinite(px + py + qx + qy) ? (int)fmin(40, 1 + 40 * hypot(qx - px, qy - py)) : 1;
            for (int k = 1; k <= between; k++) {
                double a = between == 1 ? qx : px + (qx - px) * k / between,
                       b = between == 1 ? qy : py + (qy - py) * k / between;
                for (int p = 0; p < INSIDE; p++) {
                    double left = places[p].x * (1 - w), bottom = places[p].y * (1 - h);
                    hits[p] += a >= left && a <= left + w && b >= bottom && b <= bottom + h;
                }
            }
            px = qx;
            py = qy;
        }
    }
}

static int best(struct drawing *d, double w, double h)
{
    double hits[INSIDE] = { 0 };
    count(d->ax, w, h, hits);
    if (axes_right(d->ax))
        count(axes_right(d->ax), w, h, hits);
    int k = 0;
    for (int p = 1; p < INSIDE; p++)
        if (hits[p] < hits[k])
            k = p;
    return k;
}

/* gnuplot gives all characters of an entry the same room: small letters need a fifth less, capitals some more. */
static double spare(struct graphic *s)
{
    struct tensor *t = tensor_of(prop_get(s, P_DisplayName));
    double n = 0;
    for (i64 i = 0; i < t->numel; i++) {
        double c = element_double(t, i);
        n += c >= 'A' && c <= 'Z' ? -0.08 : c == 'm' || c == 'w' ? 0 : (c >= 'a' && c <= 'z') || c == ' ' ? 0.18 : 0;
    }
    return n;
}

void draw_legend(struct drawing *d)
{
    struct graphic *g = axes_owned(d->ax, G_LEGEND);
    if (!g || !prop_on(g, P_Visible) || d->legend_items == 0)
        return;
    const char *where = prop_text(g, P_Location);
    size_t longest = 4;
    double over = 0;
    for (struct graphic *s = d->ax->first; s; s = s->next)
        if (is_series(s) && prop_find("DisplayName", s->kind) >= 0) {
            size_t n = (size_t)value_numel(prop_get(s, P_DisplayName));
            if (n > longest)
                over = spare(s);
            longest = MAX(longest, n);
        }
    const struct place *p = NULL;
    for (int k = 0; k < COUNT(places); k++)
        if (!strcasecmp(places[k].name, where))
            p = &places[k];
    bool flat = prop_is(g, P_Orientation, "horizontal");
    const double *cell = (const double *)prop_data(d->ax, P_OuterPosition)->data;
    double rows = flat ? 1 : d->legend_items, columns = flat ? d->legend_items : 1;
    if (!p)
        p = &places[best(d, fmin(0.9, columns * (0.012 * (double)longest + 0.1) / cell[2]),
                         fmin(0.9, (0.045 * rows + 0.03) / cell[3]))];
    if (p->x < 0 && !prop_given(d->ax, P_Position))          /* room beside the axes */
        buf_puts(d->s, "unset rmargin\n");
    buff(d->s, "set key %s%s Left reverse samplen 2 spacing 1.15 width %d%s", p->key,
         flat && !strstr(p->key, "horizontal") ? " horizontal" : "", 1 - (int)floor(over),
         prop_on(g, P_Box) ? " opaque box lw 0.75 lc rgb '#bfbfbf'" : " noopaque nobox");
    draw_font(d->s, g);
    buf_putc(d->s, '\n');
}
