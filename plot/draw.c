/* SPDX-License-Identifier: BSD-3-Clause */
/* draw.c: a figure, its axes and their words as a script.
 *
 * Each axes are one plot command behind their settings; several share a page through multiplot.  Everything is said anew for
 * each of them, so nothing of one picture is left for the next. */
#include "plot.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

/* What stands from the next line of the script on is of g: so a complaint about a line finds the user's. */
void draw_note(struct drawing *d, struct graphic *g)
{
    for (; d->counted < d->s->n; d->counted++)
        d->line += d->s->s[d->counted] == '\n';
    if (d->nnotes < COUNT(d->note))
        d->note[d->nnotes++] = (struct note){ d->line + 1, g->handle };
}

/* ---- pieces */
double pen(double points)                     /* gnuplot's line of width 1 is a dot of a hundredth of an inch wide here */
{
    return points * 100 / 72;
}

void draw_colour(struct buf *b, const double rgb[3])
{
    buff(b, "rgb '#%02x%02x%02x'", (int)lround(255 * rgb[0]), (int)lround(255 * rgb[1]), (int)lround(255 * rgb[2]));
}

static void draw_font_sized(struct buf *b, struct graphic *g, double size)
{
    struct buf *f = buf_new();
    buf_puts(f, prop_text(g, P_FontName));
    for (char *p = f->s; *p; p++)             /* a comma or colon would begin something else */
        if (*p == ',' || *p == ':')
            *p = ' ';
    if (prop_is(g, P_FontWeight, "bold") || prop_is(g, P_FontWeight, "demi"))
        buf_puts(f, ":Bold");
    if (!prop_is(g, P_FontAngle, "normal"))
        buf_puts(f, ":Italic");
    buff(f, ",%.4g", size);
    buf_puts(b, " font ");
    quote(b, f->s, f->n);
}

void draw_font(struct buf *b, struct graphic *g)
{
    draw_font_sized(b, g, prop_num(g, P_FontSize));
}

/* textcolor, when it is a colour */
static void draw_textcolour(struct buf *b, struct graphic *g, int prop)
{
    double rgb[3];
    if (prop_colour(g, prop, rgb)) {
        buf_puts(b, " textcolor ");
        draw_colour(b, rgb);
    }
}

static bool has_words(struct graphic *g)
{
    return value_numel(prop_get(g, P_String)) > 0;
}

struct buf *draw_item(struct drawing *d)
{
    if (d->items++)
        buf_puts(d->item, ", \\\n  ");
    return d->item;
}

static void draw_columns(struct drawing *d, int columns)
{
    for (int k = 0; k < columns; k++)
        buff(d->item, "%s%d", k ? ":" : "", k + 1);
    if (d->right)
        buf_puts(d->item, " axes x1y2");
}

void draw_data(struct drawing *d, int columns, i64 n, const double *const *col)
{
    enum { ROWS = 4096 };
    if (d->blocks) {
        buff(d->blocks, "$data%d << EOD\n", ++d->nblocks);
        for (i64 i = 0; i < n; i++)
            for (int k = 0; k < columns; k++)
                if (isfinite(col[k][i]))
                    buff(d->blocks, "%.17g%s", col[k][i], k + 1 < columns ? " " : "\n");
                else
                    buff(d->blocks, "NaN%s", k + 1 < columns ? " " : "\n");
        buf_puts(d->blocks, "EOD\n");
        buff(d->item, "$data%d using ", d->nblocks);
        draw_columns(d, columns);
        return;
    }
    double *row = scratch((size_t)(ROWS * columns) * sizeof *row);
    i64 start = d->data->bytes;
    for (i64 i = 0; i < n; i += ROWS) {
        i64 m = MIN(n - i, ROWS);
        poll();
        for (int k = 0; k < columns; k++)
            for (i64 j = 0; j < m; j++) {
                double x = col[k][i + j];
                row[j * columns + k] = isfinite(x) ? x : NAN;
            }
        spool_write(d->data, row, (size_t)(m * columns) * sizeof *row);
    }
    buff(d->item, "'%s' binary skip=%lld record=%lld format='", d->data->path, (long long)start, (long long)n);
    for (int k = 0; k < columns; k++)
        buf_puts(d->item, "%float64");
    buf_puts(d->item, "' using ");
    draw_columns(d, columns);
}

void draw_title(struct drawing *d, struct graphic *g)
{
    struct graphic *legend = axes_owned(d->ax, G_LEGEND);
    value name = prop_get(g, P_DisplayName);
    if (!legend || value_numel(name) == 0 || !prop_on(g, P_HandleVisibility)) {
        buf_puts(d->item, " notitle");
        return;
    }
    buf_puts(d->item, " title ");
    quote_words(d, d->item, name, prop_is(legend, P_Interpreter, "tex"));
    d->legend_items++;
}

const struct marker_row *marker_of(struct graphic *g)
{
    const char *s = prop_text(g, P_Marker);
    for (const struct marker_row *m = marker_rows; m->name; m++)
        if (!strcmp(m->name, s))
            return m;
    return NULL;
}

/* Dashes in gnuplot's units; the eye reads them as dashes, dots, dash and dot at every width. */
static const char *dash(const char *style)
{
    return !strcmp(style, "--")   ? " dt (9,6)"
           : !strcmp(style, ":")  ? " dt (2,4)"
           : !strcmp(style, "-.") ? " dt (9,5,2,5)"
                                  : " dt solid";
}

void draw_line_style(struct drawing *d, struct graphic *g, const double rgb[3])
{
    buff(d->item, " lw %.4g%s lc ", pen(prop_num(g, P_LineWidth)), dash(prop_text(g, P_LineStyle)));
    draw_colour(d->item, rgb);
}

/* ---- words */
/* x,y[,z] in the axes' numbers, or parts of the axes; false: not to be seen on these axes. */
static bool draw_place(struct drawing *d, struct graphic *g)
{
    struct tensor *t = prop_data(g, P_Position);
    const double *x = (const double *)t->data;
    bool parts = prop_is(g, P_Units, "normalized");
    for (int a = 0; a < (d->solid ? 3 : 2); a++) {
        double v = a < t->numel ? x[a] : 0;
        if (!isfinite(v) || (!parts && axes_log(d->ax, a) && v <= 0))
            return false;
        buff(d->s, "%s%s %.17g", a ? "," : " at ", parts ? "graph" : a == 1 && d->right ? "second" : "first", v);
    }
    return true;
}

int draw_box_style(struct drawing *d, const double rgb[3])
{
    int best = 0;
    double least = INFINITY;
    for (int k = 0; k < d->boxes; k++) {
        double far = fabs(rgb[0] - d->box[k][0]) + fabs(rgb[1] - d->box[k][1]) + fabs(rgb[2] - d->box[k][2]);
        if (far < least) {
            least = far;
            best = k;
        }
    }
    if (least > 0 && d->boxes < COUNT(d->box)) {
        best = d->boxes++;
        memcpy(d->box[best], rgb, sizeof d->box[best]);
        buff(d->s, "set style textbox %d opaque noborder fillcolor ", best + 1);
        draw_colour(d->s, rgb);
        buf_putc(d->s, '\n');
    }
    return best + 1;
}

void draw_label(struct drawing *d, struct graphic *g)
{
    double rgb[3];
    bool boxed = prop_colour(g, P_BackgroundColor, rgb);
    int style = 0;
    if (!has_words(g) || !series_shown(g))
        return;
    draw_note(d, g);
    if (boxed)
        style = draw_box_style(d, rgb);
    size_t start = d->s->n;
    buff(d->s, "set label %d ", ++d->labels);
    quote_words(d, d->s, prop_get(g, P_String), !prop_is(g, P_Interpreter, "none"));
    bool plain = d->plain || prop_is(g, P_Interpreter, "none");
    if (plain)                                /* the word goes behind the place */
        d->s->s[d->s->n -= strlen(" noenhanced")] = 0;
    if (!draw_place(d, g)) {
        d->s->s[d->s->n = start] = 0;
        return;
    }
    buff(d->s, " %s rotate by %g", prop_text(g, P_HorizontalAlignment), prop_num(g, P_Rotation));
    const char *up = prop_text(g, P_VerticalAlignment);      /* gnuplot centres words at their point */
    if (strcmp(up, "middle"))
        buff(d->s, " offset character 0,%s", !strcmp(up, "top") || !strcmp(up, "cap") ? "-0.5" : "0.5");
    draw_font(d->s, g);
    draw_textcolour(d->s, g, P_Color);
    if (boxed)
        buff(d->s, " boxed bs %d", style);
    buff(d->s, "%s front\n", plain ? " noenhanced" : "");
}

/* The longest of its lines, in letters; marks of TeX's count as one each. */
static double longest_line(value v)
{
    double longest = 0;
    for (i64 i = 0; i < (v.kind == K_CELL ? v.cell->numel : 1); i++) {
        value line = v.kind == K_CELL ? v.cell->v[i] : v;
        struct tensor *t = is_tensor_like(line) && value_dtype(line) == D_CHAR ? tensor_dense(tensor_of(line)) : NULL;
        const unsigned char *s = t ? (const unsigned char *)t->data : NULL, *end = t ? s + t->numel : NULL;
        double n = 0;
        for (; s < end; s++) {
            if (*s == '\\')
                while (s + 1 < end && isalpha(s[1]))
                    s++;
            n += (*s & 0xc0) != 0x80 && (*s == 0 || !strchr("{}^_", *s));
        }
        longest = fmax(longest, n);
    }
    return longest;
}

static double longest_tick(struct graphic *ax, int axis);
static double title_room(struct drawing *d)   /* how wide words over the middle of the axes may be in their cell, in pixels */
{
    double wide = ((const double *)prop_data(d->ax, P_OuterPosition)->data)[2] *
                  ((const double *)prop_data(d->fig, P_Position)->data)[2];
    return fmax(0.5 * wide, wide - (d->solid ? 10 : 9 * (longest_tick(d->ax, 1) + 2)));
}

static void draw_words(struct drawing *d, const char *what, int role)
{
    for (struct graphic *g = d->ax->first; g; g = g->next)
        if (g->role == role && has_words(g) && prop_on(g, P_Visible)) {
            draw_note(d, g);
            buff(d->s, "set %s ", what);
            quote_words(d, d->s, prop_get(g, P_String), !prop_is(g, P_Interpreter, "none"));
            double size = prop_num(g, P_FontSize), room = title_room(d), letters = longest_line(prop_get(g, P_String));
            if (role == R_Title && !d->plain &&
                0.62 * letters * size > room) /* a long title becomes smaller, as far as it can be read */
                draw_font_sized(d->s, g, fmax(0.6 * size, room / (0.62 * letters)));
            else
                draw_font(d->s, g);
            bool as_axis = role != R_Title && !prop_given(g, P_Color);
            draw_textcolour(d->s, as_axis ? d->ax : g, as_axis ? P_XColor + role - R_XLabel : P_Color);
            if (role != R_Title && prop_num(g, P_Rotation) != 0)
                buff(d->s, " rotate by %g", prop_num(g, P_Rotation));
            else if (role == R_ZLabel)
                buf_puts(d->s, " rotate by 90 offset 2.5,0");
            else if (role == R_Title && d->solid)
                buf_puts(d->s, " offset 0,0.7");
            buf_putc(d->s, '\n');
        }
}

/* ---- axes */
struct margins { double left, below, above; int others; };      /* in letters; how many other axes have a say */
static struct margins margins_of(struct drawing *d);
void draw_box_pixels(struct drawing *d, double px[2])
{
    const double *page = (const double *)prop_data(d->fig, P_Position)->data + 2;
    bool exact = prop_given(d->ax, P_Position);
    const double *cell = (const double *)prop_data(d->ax, exact ? P_Position : P_OuterPosition)->data + 2;
    struct margins m = margins_of(d);
    double left = 9 * fmax(m.left, longest_tick(d->ax, 1) + 2.5) + 25;
    struct graphic *legend = axes_owned(d->ax, G_LEGEND), *right = axes_right(d->ax);
    const char *where = legend ? prop_text(legend, P_Location) : "";
    double beside = axes_owned(d->ax, G_COLORBAR)                                  ? 85
                    : strstr(where, "eastoutside") || strstr(where, "westoutside") ? 110
                    : right                                                        ? 9 * longest_tick(right, 1) + 50
                                                                                   : 0;
    const double words[2] = { exact ? 0 : left + beside, exact ? 0 : fmax(75, 19 * (m.below + m.above) + 15) };
    for (int a = 0; a < 2; a++)
        px[a] = fmax(30, cell[a] * page[a] - words[a]);
    if (!d->solid && prop_given(d->ax, P_DataAspectRatio)) {
        const double *r = (const double *)prop_data(d->ax, P_DataAspectRatio)->data;
        double lim[2][2];
        axes_limits(d->ax, 0, lim[0]);
        axes_limits(d->ax, 1, lim[1]);
        double shape = (lim[1][1] - lim[1][0]) / r[1] / ((lim[0][1] - lim[0][0]) / r[0]);
        if (shape > 0 && isfinite(shape)) {
            double wide = fmin(px[0], px[1] / shape);
            px[1] = fmin(px[1], px[0] * shape);
            px[0] = fmax(30, wide);
        }
    }
}

/* Digits that tell the ticks apart; gnuplot shows six, also where no sixteen would. */
static int digits_of(const double lim[2], double step)
{
    double most = fmax(fabs(lim[0]), fabs(lim[1]));
    int digits = step > 0 && isfinite(most / step) ? MAX(6, (int)ceil(log10(most / step) + 1e-9) + 1) : 6;
    return digits < 16 ? digits : 6;
}

/* How many letters a number at a tick is wide; with a power of ten it has a cross and small digits. */
static int tick_letters(int digits, double x)
{
    char s[40];
    int n = snprintf(s, sizeof s, "%.*g", digits, x);
    return strchr(s, 'e') ? n + 2 : n;
}

/* The step of ticks at which their numbers stand beside each other; 0: as gnuplot puts them, which is about ten. */
static double tick_step(struct drawing *d, int axis)
{
    double px[2], lim[2], letter = 0.68 * prop_num(d->ax, P_FontSize);
    axes_limits(d->ax, axis, lim);
    double span = lim[1] - lim[0], step = nice_step(span, 5);
    if (axis > 1 || d->solid || d->plain || !(span > 0) || !isfinite(span) || !isfinite(step))
        return 0;
    draw_box_pixels(d, px);
    double crowd = 10;
    for (int k = 0; k < 4; k++) {             /* as many letters as the step wants, as few ticks as the letters want */
        int letters = 1;
        for (int e = 0; e < 5; e++)
            letters = MAX(letters, tick_letters(digits_of(lim, step), (ceil(lim[0] / step) + e) * step));
        crowd = fmax(1, floor(axis ? px[1] / (1.25 * prop_num(d->ax, P_FontSize)) : px[0] / (letters * letter + 9)));
        double least = span / crowd, ten = pow(10, floor(log10(least))), r = least / ten;
        double wider = ten * (r <= 1 ? 1 : r <= 2 ? 2 : r <= 5 ? 5 : 10);
        if (wider <= step)
            break;
        step = wider;
    }
    return crowd >= 10 && digits_of(lim, step) == 6 ? 0 : step;
}

static const char axis_letter[] = "xyz";

static const char *axis_name(const struct drawing *d, int axis)           /* gnuplot's */
{
    static const char *const names[] = { "x", "y", "z" };
    return axis == 1 && d->right ? "y2" : names[axis];
}

/* Words below an axis that would run into each other lean, by so many degrees that lines of them stand apart; 0: they
 * stand upright. */
static double leans(struct drawing *d, struct graphic *ax)
{
    value v = prop_get(ax, P_XTickLabel);
    i64 n = v.kind == K_CELL ? v.cell->numel : 0;
    double wide = ((const double *)prop_data(ax, P_OuterPosition)->data)[2] *
                  ((const double *)prop_data(d->fig, P_Position)->data)[2],
           lim[2], least = INFINITY;
    if (d->plain || n < 2 || prop_given(ax, P_XTickLabelRotation) || axes_solid(ax) || prop_given(ax, P_Position))
        return 0;
    struct tensor *at = prop_data(ax, P_XTick);
    axes_limits(ax, 0, lim);
    for (i64 i = 1; i < n && prop_given(ax, P_XTick) && i < at->numel; i++)
        least = fmin(least, fabs(((double *)at->data)[i] - ((double *)at->data)[i - 1]));
    least = isfinite(least) ? least : 1;
    double room = fmax(30, wide - 130) * least / (lim[1] - lim[0]), size = prop_num(ax, P_FontSize);
    if (longest_tick(ax, 0) * 0.75 * size + 6 <= room)
        return 0;
    return fmax(30, round(asin(fmin(1, 1.15 * size / room)) * 180 / M_PI));
}

/* What stands at the ticks: words at given places, or numbers. */
static void draw_ticks(struct drawing *d, int axis)
{
    struct graphic *ax = d->ax;
    const char *a = axis_name(d, axis);
    int tick = axis_prop(axis, TICK), label = axis_prop(axis, TICKLABEL);
    struct tensor *at = prop_given(ax, tick) ? prop_data(ax, tick) : NULL;
    bool tex = !prop_is(ax, P_TickLabelInterpreter, "none"), labelled = prop_given(ax, label);
    value labels = prop_get(ax, label);
    struct cell *words = labels.kind == K_CELL ? labels.cell : NULL;
    bool given = prop_given(ax, tick);
    for (struct graphic *g = ax->first; g && !given && !labelled; g = g->next)
        if (is_series(g) && g->kind == G_BAR && axis == prop_on(g, P_Horizontal) && value_numel(prop_get(g, P_XData)) <= 15) {
            at = prop_data(g, P_XData);       /* few bars: a tick at each */
            given = at->numel > 0 && prop_num(g, P_BarWidth) < 1;
        }
    i64 n = given ? at->numel : words ? words->numel : 0;
    double rgb[3];
    if (!prop_on(ax, P_Visible) || (prop_given(ax, tick) && n == 0)) {
        buff(d->s, "unset %stics\n", a);
        return;
    }
    bool top = axis == 0 && prop_is(ax, P_XAxisLocation, "top"), right = axis == 1 && prop_is(ax, P_YAxisLocation, "right");
    if (top || right) {
        buff(d->s, "unset %stics\n", a);
        buff(d->s, "set link %s2\n", a);
    }
    buff(d->s, "set %s%stics %s nomirror scale %.4g", a, top || right ? "2" : "", prop_is(ax, P_TickDir, "in") ? "in" : "out",
         75 * ((const double *)prop_data(ax, P_TickLength)->data)[0]);
    double lean = axis == 0 ? leans(d, ax) : 0;
    if (lean > 0)
        buff(d->s, " rotate by %g right", lean);
    double turned = prop_num(ax, axis_prop(axis, ROTATION));
    if (turned != 0)
        buff(d->s, " rotate by %g%s", turned, turned < 0 && axis == 0 ? "" : " right");
    draw_font(d->s, ax);
    if (d->solid && axis > 0)                 /* the words of two axes meet in a corner */
        buf_puts(d->s, axis == 1 ? " offset 0,-0.3" : " offset 0,0.3");
    if (prop_colour(ax, P_XColor + axis, rgb)) {
        buf_puts(d->s, " textcolor ");
        draw_colour(d->s, rgb);
    }
    if (labelled && !words)
        buf_puts(d->s, " format ''");
    const double *cell = (const double *)prop_data(ax, P_OuterPosition)->data + 2;
    bool few = fmin(cell[0], cell[1]) < 0.6, equal = prop_given(ax, P_DataAspectRatio);
    double lim[2], step = n == 0 && !labelled && !axes_log(ax, axis) ? tick_step(d, axis) : 0;
    axes_limits(ax, axis, lim);
    if (step > 0 && isfinite(step))
        buff(d->s, " %.17g", step);
    if (n == 0 && !labelled &&
        !axes_log(ax,
                  axis)) { /* by itself gnuplot shows nine decimals of what is small, and a blank before each number */
        int digits = digits_of(lim, step > 0 ? step : nice_step(lim[1] - lim[0], 5));
        buff(d->s, digits > 6 ? " format '%%.%dh'" : " format '%%h'", digits);
    }
    if (d->solid && n == 0 && !axes_log(ax, axis) &&
        (few || equal)) { /* a small body, or one that may be flat: few ticks */
        double longest = 0, span = lim[1] - lim[0];
        for (int k = 0; k < 3; k++) {
            double all[2];
            axes_limits(ax, k, all);
            longest = fmax(longest, equal ? all[1] - all[0] : span);
        }
        int most = !few ? 5 : cell[0] < 0.4 ? 3 : 4;
        double parts = fmax(1, (double)lround(most * span / longest)), ten = pow(10, floor(log10(span / parts))),
               r = span / parts / ten;
        if (isfinite(span) && ten > 0 && r > 0)
            buff(d->s, " %.17g", ten * (r <= 1 ? 1 : r <= 2 ? 2 : r <= 5 ? 5 : 10));
    }
    if (n > 0) {
        buf_puts(d->s, " (");
        for (i64 i = 0; i < n; i++) {
            buf_puts(d->s, i ? ", " : "");
            if (labelled && words && i < words->numel) {
                quote_words(d, d->s, words->v[i], tex);
                if (!tex || d->plain)
                    d->s->s[d->s->n -= strlen(" noenhanced")] = 0;
            } else if (labelled)
                buf_puts(d->s, "''");
            if (!labelled)
                buff(d->s, "'%.5g'", ((double *)at->data)[i]);
            buff(d->s, " %.17g", given ? ((double *)at->data)[i] : (double)(i + 1));
        }
        buf_putc(d->s, ')');
        if (labelled && (!tex || d->plain))
            buf_puts(d->s, " noenhanced");
    }
    buf_putc(d->s, '\n');
}

static void draw_axis(struct drawing *d, int axis)
{
    struct graphic *ax = d->ax;
    const char *a = axis_name(d, axis);
    bool log = axes_log(ax, axis), back = prop_is(ax, axis_prop(axis, DIR), "reverse");
    double *lim = d->lim[axis];
    axes_limits(ax, axis, lim);
    double beyond = d->solid && axis < 2 && !log ? 1e-6 * (lim[1] - lim[0]) : 0;         /* draw_frame */
    buff(d->s, "set %srange [%.17g:%.17g] noextend\n", a, lim[back] - (back ? -beyond : beyond),
         lim[!back] + (back ? -beyond : beyond));
    if (log) {
        buff(d->s, "set logscale %s\n", a);
        if (lim[1] / lim[0] >= 100 || log10(lim[0]) == floor(log10(lim[0])))
            buff(d->s, "set format %s \"10^{%%T}\"\nset m%stics 10\n", a, a);
        double px[2], decades = log10(lim[1] / lim[0]);
        draw_box_pixels(d, px);
        if (axis == 0 && !d->solid && !d->plain && decades > 2 && isfinite(decades) &&
            decades * 3 * prop_num(ax, P_FontSize) > px[0])
            buff(d->s, "set %stics %.17g\nunset m%stics\n", a,
                 pow(10, ceil(decades * 3 * prop_num(ax, P_FontSize) / px[0])), a);
        else if (decades > 12)                /* marks between would crowd at the tens that have a number */
            buff(d->s, "unset m%stics\n", a);
    }
    draw_ticks(d, axis);
    char label[8];
    snprintf(label, sizeof label, "%slabel", a);
    draw_words(d, label, R_XLabel + axis);
}

static void draw_grid(struct drawing *d)
{
    struct graphic *ax = d->ax;
    struct buf *which = buf_new();
    double rgb[3] = { 0 };
    for (int a = 0; a < (d->solid ? 3 : 2); a++) {
        if (prop_on(ax, axis_prop(a, GRID)))
            buff(which, " %ctics", axis_letter[a]);
        if (prop_on(ax, axis_prop(a, MINORGRID)))
            buff(which, " m%ctics", axis_letter[a]);
        if ((prop_on(ax, axis_prop(a, MINORGRID)) || prop_on(ax, axis_prop(a, MINORTICK))) && !axes_log(ax, a))
            buff(d->s, "set m%ctics 5\n", axis_letter[a]);
    }
    if (!which->n || !prop_on(ax, P_Visible))
        return;
    prop_colour(ax, P_GridColor, rgb);
    buff(d->s, "set grid%s%s %s lt 1 lw 1%s lc ", which->s, d->solid ? " vertical" : "",
         prop_is(ax, P_Layer, "top") ? "front" : "back", dash(prop_text(ax, P_GridLineStyle)));
    draw_colour(d->s, rgb);
    buf_puts(d->s, ", lt 1 lw 0.5 dt solid lc ");
    draw_colour(d->s, rgb);
    buf_putc(d->s, '\n');
}

static void draw_border(struct drawing *d)
{
    struct graphic *ax = d->ax;
    double rgb[3] = { 0 };
    if (!prop_on(ax, P_Visible)) {
        buf_puts(d->s, "unset border\n");
        return;
    }
    int x = prop_is(ax, P_XAxisLocation, "top") ? 4 : 1, y = axes_right(ax)                          ? 10
                                                             : prop_is(ax, P_YAxisLocation, "right") ? 8
                                                                                                     : 2;
    prop_colour(ax, P_XColor, rgb);
    const double *eye = (const double *)prop_data(ax, P_View)->data;
    bool above = eye[0] == 0 && eye[1] == 90;
    buff(d->s, "set border %d front lw %g lc ",
         d->solid && !above   ? 31
         : prop_on(ax, P_Box) ? 15
                              : x + y,
         prop_num(ax, P_LineWidth));
    draw_colour(d->s, rgb);
    buf_putc(d->s, '\n');
}

/* Each side in its colour, where there are two. */
static void draw_sides(struct drawing *d)
{
    struct graphic *side[2] = { d->ax, axes_right(d->ax) };
    for (int k = 0; k < 2 && prop_on(d->ax, P_Visible); k++) {
        double rgb[3] = { 0 };
        prop_colour(side[k], P_YColor, rgb);
        buff(d->s, "set arrow from graph %d,0 to graph %d,1 nohead front lw %g lc ", k, k, prop_num(d->ax, P_LineWidth));
        draw_colour(d->s, rgb);
        buf_putc(d->s, '\n');
    }
}

/* The edges with ticks, which gnuplot's grid would cover; and no lines from the corners of a surface down to the floor, which
   gnuplot draws where the data end within `zero` of the axes. */
static void draw_frame(struct drawing *d)
{
    const double *eye = (const double *)prop_data(d->ax, P_View)->data;
    double turn = eye[0] * M_PI / 180, rgb[3] = { 0 };
    int left = 0, front = 0;
    double least = INFINITY, most = -INFINITY;
    if (!prop_on(d->ax, P_Visible) || (eye[0] == 0 && eye[1] == 90) || eye[1] < 0)
        return;
    buf_puts(d->s, "set zero 1e-100\n");
    for (int k = 0; k < 4;
         k++) { /* bit 0: the far end of x, bit 1: of y; on the screen, ends exchanged where an axis falls */
        double u = (k & 1) != prop_is(d->ax, P_XDir, "reverse") ? 1 : -1,
               v = (k >> 1) != prop_is(d->ax, P_YDir, "reverse") ? 1 : -1;
        double across = u * cos(turn) + v * sin(turn), near = u * sin(turn) - v * cos(turn);
        if (across < least - 1e-9)
            least = across, left = k;
        if (near > most + 1e-9)
            most = near, front = k;
    }
    prop_colour(d->ax, P_XColor, rgb);
    const double (*l)[2] = (const double (*)[2])d->lim;
    int floor = prop_is(d->ax, P_ZDir, "reverse");
    double grey[3];
    prop_colour(d->ax, P_GridColor, grey);
    for (int k = 0; k < 5; k++) { /* two edges in front, one on the left; with a grid the walls behind end at the top */
        int from = k == 2 ? left : k < 2 ? front : front ^ 3, to = k == 2 ? left : from ^ (1 << (k < 2 ? k : k - 3));
        if (k > 2 && !prop_on(d->ax, P_ZGrid))
            break;
        buff(d->s, "set arrow from first %.17g,%.17g,%.17g to first %.17g,%.17g,%.17g nohead %s lw %g lc ",
             l[0][from & 1], l[1][from >> 1], l[2][k > 2 ? !floor : floor], l[0][to & 1], l[1][to >> 1],
             l[2][k >= 2 ? !floor : floor], k > 2 ? "back" : "front", k > 2 ? 1 : prop_num(d->ax, P_LineWidth));
        draw_colour(d->s, k > 2 ? grey : rgb);
        buf_putc(d->s, '\n');
    }
}

/* ---- where on the page */
static i64 lines_of(struct graphic *ax, int role)
{
    for (struct graphic *g = ax->first; g; g = g->next)
        if (g->role == role && has_words(g) && prop_on(g, P_Visible)) {
            value v = prop_get(g, P_String);
            return v.kind == K_CELL ? v.cell->numel : 1;
        }
    return 0;
}

/* The longest word at the ticks of an axis, in letters. */
static double longest_tick(struct graphic *ax, int axis)
{
    double longest = 1;
    value words = prop_get(ax, axis_prop(axis, TICKLABEL));
    if (prop_given(ax, axis_prop(axis, TICKLABEL)))
        for (i64 i = 0; words.kind == K_CELL && i < words.cell->numel; i++)
            longest = fmax(longest, (double)value_numel(words.cell->v[i]));
    else if (axes_log(ax, axis))
        longest = 4;
    else {
        struct tensor *t = prop_data(ax, axis_prop(axis, TICK));
        double lim[2];
        axes_limits(ax, axis, lim);
        int digits = prop_given(ax, axis_prop(axis, TICK)) ? 5 : digits_of(lim, nice_step(lim[1] - lim[0], 5));
        for (i64 i = 0; i < t->numel; i++)
            longest = fmax(longest, tick_letters(digits > 6 ? digits : 5, ((double *)t->data)[i]));
    }
    return longest;
}

/* The word at the right end of the abscissa, in letters; half of it stands beyond the box. */
static double last_tick(struct graphic *ax)
{
    double lim[2];
    value words = prop_get(ax, P_XTickLabel);
    if (prop_given(ax, P_XTickLabel) || axes_log(ax, 0))
        return words.kind == K_CELL && words.cell->numel > 0 && prop_num(ax, P_XTickLabelRotation) == 0
                   ? fmin(12, (double)value_numel(words.cell->v[words.cell->numel - 1]))
                   : 3;
    axes_limits(ax, 0, lim);
    return tick_letters(digits_of(lim, nice_step(lim[1] - lim[0], 5)), lim[1]);
}

/* Axes of one column begin at one place, those of one row end at one height: as wide margins as the widest needs.  What has
   words elsewhere keeps the margins that gnuplot finds. */
static bool is_plain_cell(struct graphic *ax)
{
    return !axes_solid(ax) && !prop_given(ax, P_Position) && prop_on(ax, P_Visible) &&
           !prop_given(ax, P_XTickLabelRotation) && prop_is(ax, P_XAxisLocation, "bottom") &&
           prop_is(ax, P_YAxisLocation, "left") && !prop_given(ax, P_DataAspectRatio) &&
           !prop_given(ax, P_PlotBoxAspectRatio) &&
           (!axes_owned(ax, G_COLORBAR) || prop_is(axes_owned(ax, G_COLORBAR), P_Location, "eastoutside")) &&
           (!axes_owned(ax, G_LEGEND) || !strstr(prop_text(axes_owned(ax, G_LEGEND), P_Location), "outside"));
}

static struct margins margins_of(struct drawing *d)
{
    const double *p = (const double *)prop_data(d->ax, P_OuterPosition)->data;
    struct margins m = { 0 };
    for (struct graphic *ax = d->fig->first; ax; ax = ax->next) {
        if (ax->kind != G_AXES || !is_plain_cell(ax))
            continue;
        const double *q = (const double *)prop_data(ax, P_OuterPosition)->data;
        m.others += ax != d->ax;
        if (fabs(q[0] - p[0]) < 1e-6)
            m.left = fmax(m.left, longest_tick(ax, 1) + 2.5 + 2.2 * (double)lines_of(ax, R_YLabel));
        if (fabs(q[1] - p[1]) < 1e-6)
            m.below = fmax(m.below, 2.2 + 1.3 * (double)lines_of(ax, R_XLabel) +
                                        0.38 * sin(leans(d, ax) * M_PI / 180) * longest_tick(ax, 0));
        if (fabs(q[1] + q[3] - p[1] - p[3]) < 1e-6)
            m.above = fmax(m.above, 1 + 1.4 * (double)lines_of(ax, R_Title));
    }
    return m;
}

/* The part of its cell that the bar of colours beside a body takes with its words, which in a small cell are no smaller. */
static double bar_room(struct drawing *d)
{
    struct graphic *g = axes_owned(d->ax, G_COLORBAR);
    double wide = ((const double *)prop_data(d->ax, P_OuterPosition)->data)[2] *
                  ((const double *)prop_data(d->fig, P_Position)->data)[2];
    double words = 30 + 50 * prop_num(g, P_FontSize) / 14 + (value_numel(prop_get(g, P_Label)) > 0 ? 25 : 0);
    return fmin(0.5, fmax(0.11, words / fmax(wide, 1)));
}

/* How far, in letters, a leaning word at the left end of the abscissa reaches out of the box. */
static double first_leans_out(struct graphic *ax)
{
    double lim[2];
    value words = prop_get(ax, P_XTickLabel);
    struct tensor *at = prop_data(ax, P_XTick);
    axes_limits(ax, 0, lim);
    if (words.kind != K_CELL || words.cell->numel == 0 || !prop_given(ax, P_XTick) || at->numel == 0 ||
        ((double *)at->data)[0] - lim[0] > 0.05 * (lim[1] - lim[0]))
        return 0;
    return 0.95 * (double)value_numel(words.cell->v[0]) + 1.5;
}

/* Where on the page: the box itself when its place was set, else a cell, with the margins that the words need. */
static void draw_place_on_page(struct drawing *d)
{
    struct graphic *ax = d->ax;
    if (prop_given(ax, P_Position)) {
        const double *p = (const double *)prop_data(ax, P_Position)->data;
        buff(d->s,
             "set origin 0,0\nset size 1,1\nset lmargin at screen %g\nset rmargin at screen %g\nset bmargin at screen "
             "%g\nset tmargin at screen %g\n",
             p[0], p[0] + p[2], p[1], p[1] + p[3]);
    } else {
        const double *p = (const double *)prop_data(ax, P_OuterPosition)->data;
        double tall = ((const double *)prop_data(d->fig, P_Position)->data)[3];
        double high = value_numel(prop_get(d->fig, P_SuperTitle)) > 0 ? 1 - fmax(0.04, 28 / tall)
                                                                      : 1; /* room for the words above all axes */
        double bar =
            d->solid && axes_owned(ax, G_COLORBAR) ? 1.03 - bar_room(d) : 1; /* room for the colours beside a body */
        buff(d->s, "set origin %g,%g\nset size %g,%g\n", p[0],
             high * p[1] - (d->solid && ((const double *)prop_data(ax, P_View)->data)[1] < 35 ? 0.02 * p[3] : 0),
             bar * p[2], high * p[3]);
        if (!d->plain && !axes_owned(ax, G_COLORBAR) && !d->solid && !axes_right(ax))
            buff(d->s, "set rmargin %.3g\n", fmax(3, 0.5 * last_tick(ax) + 1));
        struct margins m = margins_of(d);
        if (!d->plain && is_plain_cell(ax) && m.others > 0)
            buff(d->s, "set lmargin %.4g\nset bmargin %.4g\nset tmargin %.4g\n", m.left, m.below, m.above);
        else if (!d->plain && leans(d, ax) > 0 && first_leans_out(ax) > m.left)
            buff(d->s, "set lmargin %.4g\n", first_leans_out(ax));
    }
    if (!d->solid) {
        if (prop_given(ax, P_DataAspectRatio)) {
            const double *r = (const double *)prop_data(ax, P_DataAspectRatio)->data;
            if (d->lim[0][1] > d->lim[0][0])
                buff(d->s, "set size ratio %.9g\n",
                     (d->lim[1][1] - d->lim[1][0]) / r[1] / ((d->lim[0][1] - d->lim[0][0]) / r[0]));
        } else if (prop_given(ax, P_PlotBoxAspectRatio)) {
            const double *r = (const double *)prop_data(ax, P_PlotBoxAspectRatio)->data;
            buff(d->s, "set size ratio %.9g\n", r[1] / r[0]);
        }
    }
}

/* gnuplot's own palette, for the bar of colours and for surfaces; few colours are steps, many a ramp. */
static void draw_palette(struct drawing *d)
{
    struct graphic *ax = d->ax;
    struct tensor *map = prop_data(ax, P_Colormap);
    i64 m = map->dim[0];
    double lim[2];
    bool steps = m < 65;
    axes_clim(ax, lim);
    buff(d->s, "set cbrange [%.17g:%.17g] noextend\nset palette defined (", lim[0], lim[1]);
    for (i64 i = 0; i < m; i++)
        for (int k = 0; k <= steps; k++) {
            double rgb[3];
            for (int j = 0; j < 3; j++)
                rgb[j] = ((double *)map->data)[i + j * m];
            buff(d->s, "%s%lld '#%02x%02x%02x'", i + k ? ", " : "", (long long)(i + k), (int)lround(255 * rgb[0]),
                 (int)lround(255 * rgb[1]), (int)lround(255 * rgb[2]));
        }
    if (m == 1 && !steps)
        buf_puts(d->s, ", 1 '#000000'");
    buf_puts(d->s, ")\n");
}

static void draw_colorbar(struct drawing *d)
{
    struct graphic *g = axes_owned(d->ax, G_COLORBAR);
    if (!g || !prop_on(g, P_Visible))
        return;
    static const struct { const char *where, *box;
    } places[] = { { "eastoutside", "vertical user origin graph 1.03,0 size graph 0.045,1" },
                   { "westoutside", "vertical user origin graph -0.2,0 size graph 0.045,1" },
                   { "southoutside", "horizontal user origin graph 0,-0.24 size graph 1,0.045" },
                   { "northoutside", "horizontal user origin graph 0,1.12 size graph 1,0.045" },
                   { "east", "vertical user origin graph 0.86,0.05 size graph 0.04,0.9" },
                   { "west", "vertical user origin graph 0.05,0.05 size graph 0.04,0.9" },
                   { "south", "horizontal user origin graph 0.05,0.14 size graph 0.9,0.04" },
                   { "north", "horizontal user origin graph 0.05,0.9 size graph 0.9,0.04" } };
    const double *p = (const double *)prop_data(d->ax, P_OuterPosition)->data;
    char beside[128];
    snprintf(beside, sizeof beside, "vertical user origin screen %g,%g size screen %g,%g",
             p[0] + (1 - bar_room(d)) * p[2], p[1] + 0.2 * p[3], 0.03 * p[2], 0.6 * p[3]);
    const char *box = d->solid ? beside : "vertical default";
    for (int k = 1; k < COUNT(places); k++)
        if (prop_is(g, P_Location, places[k].where))
            box = places[k].box;
    if (prop_is(g, P_Location, "southoutside"))
        buf_puts(d->s, "set bmargin 7\n");
    if (prop_is(g, P_Location, "northoutside"))
        buf_puts(d->s, "set tmargin 6\n");
    buff(d->s, "set colorbox %s border\nset cbtics out nomirror scale 0.5", box);
    draw_font(d->s, g);
    struct tensor *at = prop_data(g, P_Ticks);
    value words = prop_get(g, P_TickLabels);
    for (i64 i = 0; prop_given(g, P_Ticks) && i < at->numel; i++) {
        buf_puts(d->s, i ? ", " : " (");
        if (words.kind == K_CELL && i < words.cell->numel)
            quote(d->s, tensor_dense(tensor_of(words.cell->v[i]))->data, (size_t)value_numel(words.cell->v[i]));
        buff(d->s, " %.17g%s", ((double *)at->data)[i], i + 1 == at->numel ? ")" : "");
    }
    bool lies = strstr(box, "horizontal") != NULL;
    double px[2], lim[2], letter = prop_num(g, P_FontSize);
    axes_clim(d->ax, lim);
    draw_box_pixels(d, px);
    double length = lies ? px[0] : d->solid ? 0.6 * p[3] * ((const double *)prop_data(d->fig, P_Position)->data)[3] : px[1];
    double span = lim[1] - lim[0], most = fmax(1, floor(length / (lies ? 4 * letter : 1.6 * letter)));
    if (!prop_given(g, P_Ticks) && !d->plain && most < 10 && span > 0 &&
        isfinite(span)) { /* no more numbers than there is room for */
        double ten = pow(10, floor(log10(span / most))), r = span / most / ten;
        buff(d->s, " %.17g", ten * (r <= 1 ? 1 : r <= 2 ? 2 : r <= 5 ? 5 : 10));
    }
    buf_putc(d->s, '\n');
    if (value_numel(prop_get(g, P_Label)) > 0) {
        buf_puts(d->s, "set cblabel ");
        quote_words(d, d->s, prop_get(g, P_Label), true);
        draw_font(d->s, g);
        buf_putc(d->s, '\n');
    }
    buf_puts(draw_item(d), "NaN with points palette notitle");
}

/* What gnuplot.raw was given; the user's own commands, the one text that is not quoted. */
static void draw_raw(struct drawing *d)
{
    for (struct graphic *g = d->ax->first; g; g = g->next)
        if (g->kind == G_RAW) {
            draw_note(d, g);
            buff(d->s, "%s\n", prop_text(g, P_Raw));
        }
}

static void draw_all_series(struct drawing *d)
{
    for (struct graphic *g = d->ax->first; g; g = g->next)
        if (is_series(g)) {
            poll();
            if (g->kind == G_TEXT)
                draw_label(d, g);
            else if (series_shown(g) && series_rows[g->kind].draw)
                series_rows[g->kind].draw(d, g);
        }
}

static void draw_axes(struct drawing *d)
{
    struct graphic *ax = d->ax;
    d->solid = axes_solid(ax);
    d->item = buf_new();
    d->items = d->legend_items = d->labels = d->objects = d->boxes = 0;
    draw_note(d, ax);
    buf_puts(d->s, "reset\nset encoding utf8\nset clip two\nunset key\nunset colorbox\n");
    if (d->plain)
        buf_puts(d->s, "set style increment user\n");
    for (int a = 0; a < (d->solid ? 3 : 2); a++) {
        if (axes_beyond(ax, a))
            warn("tl:plot-limits", "plot: numbers beyond 8.9e307 along %c cannot be drawn and are left out; divide them first", "xyz"[a]);
        draw_axis(d, a);
    }
    draw_place_on_page(d);
    if (d->solid)
        draw_view(d);
    draw_grid(d);
    draw_border(d);
    if (d->solid)
        draw_frame(d);
    draw_words(d, "title", R_Title);
    if (d->solid || axes_owned(ax, G_COLORBAR))
        draw_palette(d);
    draw_all_series(d);
    struct graphic *right = d->solid ? NULL : axes_right(ax);
    if (right) {
        double left[2] = { d->lim[1][0], d->lim[1][1] };
        d->ax = right;
        d->right = true;
        draw_axis(d, 1);
        draw_all_series(d);
        d->ax = ax;
        d->right = false;
        memcpy(d->lim[1], left, sizeof left);
        draw_sides(d);
    }
    draw_colorbar(d);
    draw_legend(d);
    draw_raw(d);
    struct graphic *last = ax;
    for (struct graphic *g = ax->first; g; g = g->next)
        if (is_series(g))
            last = g;
    draw_note(d, last);
    if (d->items == 0)
        buf_puts(draw_item(d), "NaN notitle");
    buff(d->s, "%s %s\n", d->solid ? "splot" : "plot", d->item->s);
}

void draw_figure(struct drawing *d)
{
    int n = 0;
    for (struct graphic *ax = d->fig->first; ax; ax = ax->next)
        n += ax->kind == G_AXES;
    bool headed = value_numel(prop_get(d->fig, P_SuperTitle)) > 0;
    if (headed) {
        buf_puts(d->s, "set multiplot title ");
        quote_words(d, d->s, prop_get(d->fig, P_SuperTitle), !d->plain);
        if (!d->plain)
            buf_puts(d->s, " font ',17'");
        buf_putc(d->s, '\n');
    } else if (n != 1)
        buf_puts(d->s, "set multiplot\n");
    for (struct graphic *ax = d->fig->first; ax; ax = ax->next)
        if (ax->kind == G_AXES) {
            d->ax = ax;
            draw_axes(d);
        }
    if (n == 0) {                             /* an empty page */
        buf_puts(d->s, "reset\nunset border\nunset tics\nunset key\nset xrange [0:1]\nset yrange [0:1]\nplot NaN notitle\n");
    }
    if (n != 1 || headed)
        buf_puts(d->s, "unset multiplot\n");
}
