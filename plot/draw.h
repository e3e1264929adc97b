/* SPDX-License-Identifier: BSD-3-Clause */
/* draw.h: from a figure to a script for gnuplot.
 *
 * A drawing is one walk over a figure: the text of the script grows in `s`, the parts of the running plot command in `item`,
 * and the numbers go in binary into one anonymous file, from which the script reads them with `skip`.  So no number and no
 * name of the user's passes through gnuplot's parser, and every text passes through quote(). */
#ifndef TL_DRAW_H
#define TL_DRAW_H
#include "figure.h"

/* ---- spool.c: a file without a name (memfd, else a file of ours under TMPDIR), which gnuplot opens by path */
struct spool { int fd; char path[96]; i64 bytes; bool named; };          /* fd -1: not open */
void spool_open(struct spool *f);
void spool_write(struct spool *f, const void *p, size_t n);
void spool_close(struct spool *f);
char *spool_read(struct spool *f, size_t *n);                            /* what gnuplot wrote into it, pooled */

/* ---- quote.c: the only ways in which text gets into a script */
void quote(struct buf *b, const char *s, size_t n); /* a gnuplot string that means these bytes, whatever they are */
struct drawing;
void quote_words(const struct drawing *d, struct buf *b, value words,
                 bool tex); /* a text or a cell of lines; with TeX's signs, or with " noenhanced" behind */

struct marker_row { const char *name, *words, *outline, *filled; double scale; };
extern const struct marker_row marker_rows[];                            /* ends with a row without name */

struct note { int line; double handle; };
struct drawing {
    struct buf *s, *item;
    int items, legend_items, labels, objects, boxes;
    double box[3][3];                         /* gnuplot has three styles of boxes behind words: their colours */
    struct spool *data;
    struct buf *blocks; /* not NULL: a script on its own, the numbers go into these named blocks as text */
    int nblocks;
    struct graphic *fig, *ax;
    bool solid, plain;                        /* axes in three dimensions; a terminal of characters */
    double lim[3][2];
    bool right;                               /* the series of the scale on the right are drawn: y is gnuplot's y2 */
    const char *who;
    size_t counted;
    int line, nnotes;
    struct note note[400];                    /* whose lines these are, draw_note */
};
void draw_figure(struct drawing *d);                                     /* the whole script but terminal and output */
void draw_note(struct drawing *d, struct graphic *g);
void draw_box_pixels(struct drawing *d, double px[2]); /* how wide and high the box of the axes is on the page, about */
struct buf *draw_item(struct drawing *d);                                /* begins one more part of the plot command */
void draw_data(struct drawing *d, int columns, i64 n,
               const double *const *col); /* 'file' binary …, into item; infinite becomes missing */
void draw_title(struct drawing *d, struct graphic *g);                   /* its line in the legend, or notitle */
double pen(double points);                                                /* a width in gnuplot's units */
void draw_colour(struct buf *b, const double rgb[3]);                    /* rgb "#rrggbb" */
void draw_line_style(struct drawing *d, struct graphic *g, const double rgb[3]);         /* lw, dt, lc */
const struct marker_row *marker_of(struct graphic *g);                   /* NULL: none */
void draw_legend(struct drawing *d);                                     /* legend.c; after all series */
void draw_label(struct drawing *d, struct graphic *g);                   /* a text at a place */
int draw_box_style(struct drawing *d,
                   const double rgb[3]); /* the number of the style of that colour, of the nearest when all are taken */
void draw_font(struct buf *b, struct graphic *g);                        /* font "…" */

/* ---- colormap.c */
struct tensor *colormap_named(const char *name, i64 n);                  /* m x 3, pooled; NULL: there is none of that name */
NORETURN void colormap_unknown(const char *who, const char *name);
struct tensor *colour_order(void);

/* Numbers into colours: through the colormap of the axes, between the limits of its colours. */
struct mapper { struct tensor *map; double lim[2], from; bool direct; };
struct mapper map_begin(struct graphic *g);
bool part_colour(const struct mapper *m, struct tensor *c, i64 n, i64 i, double rgb[3]); /* of part i of n by CData */
bool map_colour(const struct mapper *m, double x, double rgb[3]);         /* false: NaN has none */

/* ---- limits.c and the functions of series.def */
int series_columns(struct drawing *d, struct graphic *g, i64 *n,
                   const double **col); /* XData, YData, in three dimensions ZData; how many */
void draw_marks(struct drawing *d, struct graphic *g, int columns, i64 n,
                const double *const *col); /* the markers alone */
void draw_curve(struct drawing *d, struct graphic *g, int columns, i64 n, const double *const *col, const char *style);
typedef void draw_function(struct drawing *d, struct graphic *g);
draw_function draw_line, draw_rule, draw_stairs, draw_stem, draw_errorbar, draw_scatter, draw_bar, draw_area,
    draw_patch, draw_image, draw_rectangle, draw_contour, draw_surface, draw_quiver;
void reach_xyz(struct graphic *g, struct reach *e);
void reach_text(struct graphic *g, struct reach *e);
void reach_rule(struct graphic *g, struct reach *e);
void reach_bar(struct graphic *g, struct reach *e);
void reach_area(struct graphic *g, struct reach *e);
void reach_stem(struct graphic *g, struct reach *e);
void reach_errorbar(struct graphic *g, struct reach *e);
void reach_image(struct graphic *g, struct reach *e);
void reach_rectangle(struct graphic *g, struct reach *e);
void reach_contour(struct graphic *g, struct reach *e);
void reach_quiver(struct graphic *g, struct reach *e);
void draw_faces(struct drawing *d, struct graphic *g);                   /* polygons in three dimensions */
void draw_view(struct drawing *d); /* draw_solid.c: the eye, hidden lines, the order of faces */

/* ---- draw_grid.c */
struct outlines;
double *contour_levels(struct graphic *g, i64 *n);                       /* finite, rising, each once */
void contour_lines(struct graphic *g, bool closed, struct outlines *o);

#endif
