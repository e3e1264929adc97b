/* SPDX-License-Identifier: BSD-3-Clause */
/* figure.h: the picture as tl remembers it: figures hold axes, axes hold series, all of them `struct graphic`.
 *
 * A graphic is a kind (a row of series.def), a place in the tree, and the properties that were set; all others have the
 * default of their row in properties.def.  Data are properties as well (XData, YData, …), values like any other, so a series
 * holds its data by reference.  Nothing here draws: draw.h turns a figure into a script for gnuplot whenever it is
 * asked, so that print, subplot, a later title and another terminal are all the same walk over the tree.
 *
 * Handles are numbers, as in Octave: of a figure 1, 2, …; of all else -(k + 1/2), given once in a session; 0 is the root. */
#ifndef TL_FIGURE_H
#define TL_FIGURE_H
#include "lab/call.h"

struct drawing;
struct graphic;
struct reach;
enum graphic_kind {
#define S(NAME, ...) G_##NAME,
#include "series.def"
#undef S
    GRAPHICS
};
enum {
    G_SERIES = 1 /* drawn inside axes */,
    G_LEGENDED = 2 /* may have a line in the legend */,
    G_COLOURED = 4 /* takes the next colour of the axes */,
    G_SOLID = 8 /* makes its axes three-dimensional, also without ZData */,
    G_MAPPED = 16 /* its CData may go through the colormap */,
    G_FILLING = 32 /* alone, it fills its axes to the edges */
};
struct series_row {
    const char *type;
    unsigned flags;
    void (*draw)(struct drawing *d, struct graphic *g);      /* adds its part of the script, draw.h */
    void (*reach)(struct graphic *g, struct reach *e);     /* what the limits must hold, limits.c */
    const char *defaults;                     /* "Name=value Name=value": where it differs from properties.def */
};
extern const struct series_row series_rows[GRAPHICS];

enum prop {
#define P(name, ...) P_##name,
#include "properties.def"
#undef P
    PROPS
};

struct setting { uint16_t prop; value v; };
enum graphic_role { R_CHILD, R_Title, R_XLabel, R_YLabel, R_ZLabel };      /* texts that axes own are no children of theirs */
struct graphic {
    uint8_t kind, role;
    bool dirty;                               /* a figure: changed since it was last drawn on the screen */
    bool printed;                             /* a figure: unchanged since print wrote it into a file */
    bool told;                                /* a figure: where its file is has been said */
    double handle;
    void *where;                              /* the line that made or last changed it, hooks()->place */
    bool spreading;                           /* a value is on its way to those tied to it */
    struct graphic *up, *first, *last, *next, *prev, *current;           /* current: axes of a figure, figure of the root */
    struct graphic *
        group; /* a series of a group (hggroup): it stands in the axes beside it, so drawing knows no groups; or NULL */
    int nset, cap;
    struct setting *set;
};

/* ---- the tree, figure.c */
struct graphic *root_graphic(void);
struct graphic *graphic_new(int kind, struct graphic *up);               /* the last child of up */
void graphic_delete(struct graphic *g);                                  /* and all below it */
struct graphic *graphic_of(value handle);                                /* NULL: no handle */
struct graphic *graphic_up(struct graphic *g, int kind);                 /* g itself or the one above it of that kind; NULL */
void graphic_touch(struct graphic *g);                                   /* its figure is to be drawn again */
struct graphic *figure_numbered(int n);                                  /* NULL: there is none */
struct graphic *figure_new(int n);                                       /* n 0: the first free number; becomes current */
struct graphic *current_figure(void);                                    /* made when there is none */
struct graphic *current_axes(void);
void axes_clear(struct graphic *ax, bool reset);                         /* children go; reset: properties too */
struct graphic *axes_text(struct graphic *ax, int role);                 /* its title …, made when there is none */
struct graphic *axes_owned(struct graphic *ax, int kind);                /* its legend or colorbar, or NULL */
/* yyaxis: axes with a scale of their own on the right stand in those on the left, and share all with them but y, its
 * words and their colours */
struct graphic *axes_main(struct graphic *ax); /* those on the left; ax itself when there is but one scale */
struct graphic *axes_right(struct graphic *ax);                          /* NULL: there are none */
void graphic_move(struct graphic *g, struct graphic *to);                 /* a series: into other axes, or into a group */
bool series_shown(struct graphic *g);                                    /* it and its groups are visible */
struct graphic *series_new(int kind, struct graphic *ax);                /* with the next colour where its row says so */
static inline bool is_child(const struct graphic *g) { return g->role == R_CHILD; }
static inline bool is_series(const struct graphic *g)
{
    return g->role == R_CHILD && (series_rows[g->kind].flags & G_SERIES);
}

/* ---- handles as arguments and results */
struct graphic *arg_graphic(struct call *c, int i);                      /* fails unless a handle */
struct graphic *arg_axes(struct call *c,
                         int *first); /* a leading axes handle is taken and *first moved; else the current axes */
struct graphic *plot_axes(struct call *c, int *first); /* the same for what draws: cleared unless hold is on */
void result_graphics(struct call *c, int n, struct graphic *const *g);   /* a column of handles, when results are wanted */

/* ---- properties, property.c */
int prop_find(const char *name, int kind);                               /* -1 */
void prop_set(struct graphic *g, int prop, value v); /* checks and normalises; "who: …" comes from the running call */
void prop_set_named(struct call *c, struct graphic *g, const char *name, value v);
void prop_set_pairs(struct call *c, int from, int n,
                    struct graphic *const *g);      /* name, value, … from argument `from` on */
bool prop_is_pair(struct call *c, int i, int kind); /* argument i is a text that names a property of the kind */
void prop_put(struct graphic *g, int prop, value v);                     /* as it is, unchecked */
void prop_unset(struct graphic *g, int prop);                            /* back to the default */
void prop_inherit(struct graphic *g); /* what the defaults above it say, unless it is set */
bool prop_given(const struct graphic *g, int prop);                      /* set by somebody */
value prop_get(struct graphic *g, int prop); /* borrowed or pooled; the default if it is not set */
double prop_num(struct graphic *g, int prop);
const char *prop_text(struct graphic *g, int prop);                      /* pooled; "" unless text */
bool prop_is(struct graphic *g, int prop, const char *word);             /* is that text, whatever its case */
bool prop_on(struct graphic *g, int prop);
struct tensor *prop_data(struct graphic *g, int prop);                   /* dense real double, 0x0 when there is none */
bool prop_colour(struct graphic *g, int prop, double rgb[3]);            /* false: none, auto, flat … */
void prop_set_text(struct graphic *g, int prop, const char *s);
void prop_set_row(struct graphic *g, int prop, int n, const double *x);
const char *const *kind_names(int kind);                                 /* NULL-terminated, pooled: its properties */
bool colour_of(const char *s, size_t n, double rgb[3]); /* a letter, a name of colours.def, #rgb or #rrggbb */

/* For the tabulator key: what may stand in quotes as an argument of a function that takes properties, whose first
   argument is `first` (a handle, or NIL), behind the text `before` (the name of a property: its values; else the
   names).  false: not known. */
bool prop_offer(const char *function, value first, const char *before, void (*offer)(const char *name, void *arg), void *arg);
void colormap_offer(void (*offer)(const char *name, void *arg), void *arg);

/* ---- limits, limits.c: lo > hi when there is nothing; least: smallest positive number, for logarithmic axes */
struct reach { double lo[3], hi[3], least[3]; };
void reach_add(struct reach *e, int axis, double x);
void reach_data(struct reach *e, int axis, struct tensor *x);
void axes_limits(struct graphic *ax, int axis,
                 double lim[2]); /* axis 0 x, 1 y, 2 z: as set, else round numbers around the data */
bool axes_beyond(struct graphic *ax, int axis);                          /* there are numbers that cannot be drawn */
void axes_reach(struct graphic *ax, struct reach *e);
void axes_clim(struct graphic *ax, double lim[2]);                       /* what the ends of the colormap mean */
double axes_link(struct graphic *ax, int axis); /* axes with the same number above 0 have the same limits */
bool axes_solid(struct graphic *ax);                                     /* three-dimensional */
bool axes_log(struct graphic *ax, int axis);
double nice_step(double span, int parts); /* 1, 2 or 5 times a power of ten, about span / parts */
enum { LIM = 0, SCALE, DIR, TICK, TICKLABEL, GRID, MINORGRID, MINORTICK, ROTATION, AXIS_PROPS };
int axis_prop(int axis, int what);                                       /* P_XLim … */

/* ---- pictures, show.c */
struct terminal;
void figure_print(const char *who, struct graphic *fig, const char *file, const struct terminal *t, double dpi,
                  const double size[2]); /* size NULL: its own */
void plot_drawnow(bool wait);            /* what has changed is drawn on the screen, whatever that is */
void plot_folder(const char *script);    /* pictures of a script without a screen go beside it */
void plot_changed(void);                 /* before a prompt, at the end of a script: the same, if anything has */

#endif
