/* SPDX-License-Identifier: BSD-3-Clause */
/* show.c: pictures made: into files, onto the screen, onto the terminal.
 *
 * One job at a time: a script, its data and what comes out are three files without a name (spool.c); gnuplot loads the
 * first, reads the second and writes the third, and tl writes the user's file itself when all is well, so no half
 * picture is left and gnuplot never hears the user's file name.  drawnow in a loop does not wait: a frame that finds
 * the one before still being drawn, or not yet a twentieth of a second old, is left out, and the process that draws
 * them stands back behind all others; so a live curve costs the loop 3 % (bench row live_cost), most of it what it
 * takes to write the numbers down: 0.7 ms a picture of 1000 points, 1.4 % of a core at 20 a second (plot and print
 * together 0.8 ms, of a million points 29 ms, drawn in 230 ms in all; the rest is gnuplot's time).  Windows have a
 * process of their own, and their numbers stay as long as they do, for zooming. */
#include "plot.h"
#include "terminal.h"
#include "lab/files.h"
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct job { struct spool script, data, out; const struct terminal *t; struct gnuplot *by; char *file; bool active; };
struct pane { struct pane *next; int figure; struct spool script, data; };
struct show {
    struct gnuplot files, screen,
        live; /* the process that makes files, the one that has the windows, the one for pictures nobody waits for */
    bool waiting;                             /* somebody waits for the picture */
    double last;                              /* when the last one began for which nobody waits */
    struct job job;
    struct pane *windows;
    const struct terminal *chosen;
};

/* Of the script, as it was named and from the root on, since a script may change the folder; "": the current one. */
static __thread char folder[PATH_MAX], whole_folder[PATH_MAX];

static struct show *show(void)
{
    struct plot *p = plot_state();
    if (!p->show) {
        struct show *s = memory_get(sizeof *s);
        memset(s, 0, sizeof *s);
        s->job.script.fd = s->job.data.fd = s->job.out.fd = -1;
        s->live.nice = 10;                    /* what computes comes first */
        s->waiting = true;
        p->show = s;
    }
    return p->show;
}

struct gnuplot *show_process(void)
{
    return &show()->files;
}

const struct terminal *show_chosen(void)
{
    return show()->chosen;
}

void show_choose(const struct terminal *t)
{
    show()->chosen = t;
}

static void job_end(struct job *j)
{
    spool_close(&j->script);
    spool_close(&j->data);
    spool_close(&j->out);
    free(j->file);
    j->file = NULL;
    j->active = false;
}

static void pane_end(struct pane **at)
{
    struct pane *w = *at;
    *at = w->next;
    spool_close(&w->script);
    spool_close(&w->data);
    memory_free(w, sizeof *w);
}

void show_free(struct plot *p)
{
    struct show *s = p->show;
    if (!s)
        return;
    gnuplot_stop(&s->files, false);
    gnuplot_stop(&s->live, false);
    gnuplot_stop(&s->screen, true);           /* windows of a script stay until the user closes them */
    free(s->files.note);
    free(s->live.note);
    free(s->screen.note);
    job_end(&s->job);
    while (s->windows)
        pane_end(&s->windows);
    memory_free(s, sizeof *s);
    p->show = NULL;
}

void show_closed(struct graphic *fig)
{
    struct show *s = plot_state()->show;
    for (struct pane **w = s ? &s->windows : NULL; w && *w; w = &(*w)->next)
        if ((*w)->figure == (int)fig->handle) {
            char line[64];
            snprintf(line, sizeof line, "set term %s %d close",
                     s->chosen && s->chosen->kind == WINDOW ? s->chosen->driver : "unknown", (*w)->figure);
            gnuplot_tell(&s->screen, line);
            pane_end(w);
            return;
        }
}

/* ---- one picture */
/* The first lines of a script: the terminal, as large as `size` in hundredths of an inch, or characters. */
static void terminal_lines(struct buf *b, const struct terminal *t, const double size[2], double dpi, struct graphic *fig)
{
    double fine = dpi / 100;
    if (t->kind == WINDOW) {
        struct buf *title = buf_new();
        if (prop_on(fig, P_NumberTitle))
            buff(title, "Figure %d%s", (int)fig->handle, *prop_text(fig, P_Name) ? ": " : "");
        buf_puts(title, prop_text(fig, P_Name));
        buff(b, "set term %s %d %s size %d,%d font 'Sans,14' %s title ", t->driver, (int)fig->handle, t->options,
             (int)lround(size[0]), (int)lround(size[1]), "noraise persist");
        quote(b, title->s, title->n);
        buf_putc(b, '\n');
        return;
    }
    double rgb[3] = { 1, 1, 1 };
    prop_colour(fig, P_Color, rgb);
    buff(b, "set term %s %s ", t->driver, t->options);
    if (t->kind == CHARACTERS)
        buff(b, "size %d,%d", (int)size[0], (int)size[1]);
    else if (!strcmp(t->driver, "tikz"))
        buff(b, "size %.4gin,%.4gin", size[0] / 100, size[1] / 100);
    else if (t->kind == INCHES)
        buff(b, "size %.4gin,%.4gin font 'Sans,14' background ", size[0] / 100, size[1] / 100);
    else
        buff(b, "size %d,%d font 'Sans,14' fontscale %.4g linewidth %.4g background ", (int)lround(size[0] * fine),
             (int)lround(size[1] * fine), fine, fine);
    if (t->kind != CHARACTERS && strcmp(t->driver, "tikz"))
        draw_colour(b, rgb);
    buf_putc(b, '\n');
}

static void debug(struct buf *s)
{
    if (getenv("TL_PLOT_DEBUG"))
        fwrite(s->s, 1, s->n, stderr);
}

/* Writes down what is to be drawn and hands it to gnuplot; `file` is a copy of our own or NULL. */
static void begin(struct graphic *fig, const char *who, const struct terminal *t, const double size[2], double dpi,
                  const char *file)
{
    struct show *s = show();
    struct job *j = &s->job;
    for (int k = 0; k < 2; k++)
        if (!(size[k] >= (t->kind == CHARACTERS ? 2 : 16) && size[k] * dpi / 100 <= 20000))
            fail("Octave:invalid-input-arg",
                 "%s: a figure of %g by %g cannot be drawn; its size is in Position, [left bottom width height]", who,
                 size[0], size[1]);
    struct drawing d = { .s = buf_new(), .fig = fig, .data = &j->data, .plain = t->kind == CHARACTERS, .who = who };
    job_end(j);
    spool_open(&j->script);
    spool_open(&j->data);
    spool_open(&j->out);
    buf_puts(d.s, "set encoding utf8\n");
    terminal_lines(d.s, t, size, dpi, fig);
    buff(d.s, "set output '%s'\n", j->out.path);
    draw_figure(&d);
    buf_puts(d.s, "unset output\n");
    debug(d.s);
    spool_write(&j->script, d.s->s, d.s->n);
    j->t = t;
    j->file = file ? strdup(file) : NULL;
    j->by = s->waiting ? &s->files : &s->live;
    gnuplot_load(j->by, who, &j->script, &d);
    j->active = true;
}

struct bytes { const char *s; size_t n; const char *before, *after; };
static void write_bytes(FILE *f, void *arg)   /* file_replace looks whether all is well */
{
    struct bytes *b = arg;
    fputs(b->before, f);
    fwrite(b->s, 1, b->n, f);
    fputs(b->after, f);
}

/* A picture as kitty's terminal takes it: a PNG in base 64, in pieces. */
static void out_kitty(const char *s, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct buf *b = buf_new();
    for (size_t i = 0; i < n; i += 3) {
        uint32_t x = (uint32_t)(uint8_t)s[i] << 16 | (uint32_t)(i + 1 < n ? (uint8_t)s[i + 1] : 0) << 8 |
                     (i + 2 < n ? (uint8_t)s[i + 2] : 0);
        for (int k = 0; k < 4; k++)
            buf_putc(b, i + (size_t)k > n ? '=' : digit[x >> (18 - 6 * k) & 63]);
    }
    for (size_t i = 0; i < b->n; i += 4096) {
        outf("\033_G%sm=%d;", i ? "" : "a=T,f=100,", i + 4096 < b->n);
        out_text(b->s + i, MIN(b->n - i, 4096));
        out_puts("\033\\");
    }
    out_puts("\n");
}

/* Waits for the running picture and puts it where it belongs. */
static void finish(const char *who)
{
    struct show *s = show();
    struct job *j = &s->job;
    if (!j->active)
        return;
    j->active = false;                        /* whatever comes, it is over */
    gnuplot_wait(j->by, who);
    struct bytes b = { .before = "", .after = "" };
    b.s = spool_read(&j->out, &b.n);
    size_t m = strlen(j->t->magic);
    if (b.n == 0 || b.n < m || memcmp(b.s, j->t->magic, m))
        fail("tl:gnuplot", "%s: gnuplot made no %.*s picture of this figure", who, (int)strcspn(j->t->name, " "), j->t->name);
    if (!strncmp(j->t->name, "html",
                 4)) { /* a page with the drawing in it, behind the line that is for files of their own */
        const char *e = memmem(b.s, b.n, "<svg", 4);
        b.n -= e ? (size_t)(e - b.s) : 0;
        b.s = e ? e : b.s;
        b.before = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>figure</title></head>\n<body>\n";
        b.after = "\n</body></html>\n";
    }
    while (j->t->kind == CHARACTERS && b.n && (*b.s == '\f' || *b.s == '\n'))       /* a page feed first */
        b.s++, b.n--;
    if (j->file)
        file_replace(who, j->file, false, write_bytes, &b);
    else if (hooks()->show && j->t->kind != CHARACTERS)
        hooks()->show(strcmp(j->t->name, "svg") ? "image/png" : "image/svg+xml", b.s, b.n);
    else if (!strcmp(j->t->name, "kitty"))
        out_kitty(b.s, b.n);
    else
        out_text(b.s, b.n);
    job_end(j);
}

/* A script for gnuplot with the numbers in it. */
static void print_script(const char *who, struct graphic *fig, const char *file)
{
    struct drawing d = { .s = buf_new(), .blocks = buf_new(), .fig = fig, .who = who };
    draw_figure(&d);
    struct bytes b = { d.s->s, d.s->n, d.blocks->s, "" };
    file_replace(who, file, false, write_bytes, &b);
}

void figure_print(const char *who, struct graphic *fig, const char *file, const struct terminal *t, double dpi,
                  const double size[2])
{
    double wanted[2];
    finish(who);
    show()->waiting = true;
    const double *p = (const double *)prop_data(fig, P_Position)->data;
    for (int k = 0; k < 2; k++)
        wanted[k] = size ? size[k] : t->kind == CHARACTERS ? (k ? 24 : 79) : p[2 + k];
    if (!size && prop_given(fig, P_PaperPosition) && t->kind != CHARACTERS) {
        const double *paper = (const double *)prop_data(fig, P_PaperPosition)->data;
        double unit = prop_is(fig, P_PaperUnits, "centimeters") ? 100 / 2.54
                      : prop_is(fig, P_PaperUnits, "points")    ? 100.0 / 72
                                                                : 100;
        for (int k = 0; k < 2; k++)
            wanted[k] = fmin(fmax(paper[2 + k] * unit, 1), 20000);
    }
    if (!*t->driver)
        print_script(who, fig, file);
    else {
        begin(fig, who, t, wanted, dpi, file);
        finish(who);
    }
    fig->printed = true;
}

/* ---- the screen */
/* A notebook: a picture of vectors, unless it has so many that dots are shorter. */
static void show_inline(struct graphic *f, const double size[2])
{
    enum { NUMBERS = 4000 };
    struct show *s = show();
    begin(f, "drawnow", terminal_for("svg", false), size, 100, NULL);
    struct stat st;
    if (!fstat(s->job.data.fd, &st) && st.st_size > NUMBERS * (off_t)sizeof(double)) {
        gnuplot_wait(s->job.by, "drawnow");
        begin(f, "drawnow", terminal_for("png", false), size, 100, NULL);
    }
    finish("drawnow");
}

/* x11 takes clicks in a picture of UTF-8 for the end of its window where the display has no fonts for all of it; so the
   encoding is said only where it matters. */
static void ascii_alone(struct buf *b)
{
    static const char line[] = "set encoding utf8\n";
    for (size_t i = 0; i < b->n; i++)
        if ((uint8_t)b->s[i] >= 0x80 || (b->s[i] == '\\' && (b->s[i + 1] == '2' || b->s[i + 1] == '3')))
            return;
    for (char *p = b->s; (p = strstr(p, line));)
        memset(p, ' ', sizeof line - 2);
}

/* Draws into the figure's window, or opens it. */
static void show_window(struct graphic *f, const struct terminal *t, const double size[2])
{
    struct show *s = show();
    struct pane *w = memory_get(sizeof *w);
    memset(w, 0, sizeof *w);
    w->script.fd = w->data.fd = -1;
    w->figure = (int)f->handle;
    w->next = s->windows;
    s->windows = w;                           /* first in the list: whatever fails, somebody closes its files */
    struct drawing d = { .s = buf_new(), .fig = f, .data = &w->data, .who = "drawnow" };
    spool_open(&w->script);
    spool_open(&w->data);
    buf_puts(d.s, "set encoding utf8\n");
    terminal_lines(d.s, t, size, 100, f);
    draw_figure(&d);
    if (!strcmp(t->driver, "x11"))
        ascii_alone(d.s);
    debug(d.s);
    spool_write(&w->script, d.s->s, d.s->n);
    gnuplot_wait(&s->screen, "drawnow");
    gnuplot_load(&s->screen, "drawnow", &w->script, &d);
    for (struct pane **old = &w->next; *old;)               /* what it showed before */
        if ((*old)->figure == w->figure) {
            gnuplot_wait(&s->screen, "drawnow");
            pane_end(old);
        } else
            old = &(*old)->next;
}

static void show_letters(struct graphic *f, const struct terminal *t)
{
    struct winsize w;
    bool known = !ioctl(1, TIOCGWINSZ, &w) && w.ws_col > 20 && w.ws_row > 8;
    double size[2] = { known ? w.ws_col - 1 : 79, known ? MIN(w.ws_row - 2, 40) : 24 };
    begin(f, "drawnow", t, size, 100, NULL);
    finish("drawnow");
}

static void show_file(struct graphic *f, const struct terminal *t, const double size[2])
{
    char name[32], file[PATH_MAX + 32];
    int n = (int)f->handle;
    snprintf(name, sizeof name, "figure%d.%.*s", n, (int)strcspn(t->extensions, " "), t->extensions);
    snprintf(file, sizeof file, "%s%s", whole_folder, name);
    if (*t->driver)
        begin(f, "drawnow", t, size, 100, file);
    else
        print_script("drawnow", f, file);
    if (f->told)
        return;
    f->told = true;
    out_flush();
    fprintf(stderr, "figure %d: %s%s\n", n, folder, name);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void plot_drawnow(bool wait)
{
    enum { MOST_A_SECOND = 20 };              /* files that drawnow writes; the last picture is always written */
    struct show *s = show();
    const struct terminal *t = NULL;
    for (struct graphic *f = root_graphic()->first; f; f = f->next) {
        if (!f->dirty || !prop_on(f, P_Visible) || !f->first)
            continue;
        if (!hooks()->show && !t)
            t = terminal_screen();
        if (f->printed && t && makes_files(t))                /* the user has a file of it */
            continue;
        if (!wait && (s->job.active ? gnuplot_busy(s->job.by) : gnuplot_busy(&s->screen)))
            return;
        if (!wait && t && makes_files(t) && seconds() - s->last < 1.0 / MOST_A_SECOND)
            return;
        finish("drawnow");
        s->last = seconds();
        s->waiting = wait || !t || !makes_files(t);
        f->dirty = false;
        const double *p = (const double *)prop_data(f, P_Position)->data, size[2] = { p[2], p[3] };
        if (hooks()->show)
            show_inline(f, size);
        else if (t->kind == WINDOW)
            show_window(f, t, size);
        else if (t->kind == CHARACTERS)
            show_letters(f, t);
        else if (t->kind == INLINE) {
            begin(f, "drawnow", t, size, 100, NULL);
            finish("drawnow");
        } else
            show_file(f, t, size);
    }
    s->waiting = true;
    if (wait) {
        finish("drawnow");
        if (s->windows)
            gnuplot_wait(&s->screen, "drawnow");
    }
}

bool show_click(const char *who, struct graphic *fig, double at[3])
{
    struct show *s = show();
    bool there = false;
    for (struct pane *w = s->windows; w; w = w->next)
        there = there || w->figure == (int)fig->handle;
    if (!there)
        fig->dirty = true;
    plot_drawnow(true);
    const char *said = NULL;
    double asked;
    int times = 0;
    do {                                      /* x11 tells at once, and more than once, of windows that were closed before */
        asked = seconds();
        said = strstr(gnuplot_mouse(&s->screen, who), "TLAT ");
    } while (!said && seconds() - asked < 0.2 && ++times < 20);
    return said && sscanf(said, "TLAT %lf %lf %lf", &at[0], &at[1], &at[2]) == 3 && at[2] > 0;
}

void plot_folder(const char *script)
{
    const char *slash = strrchr(script, '/');
    char name[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - script + 1) : 0, script);
    if (!realpath(*folder ? folder : ".", name) || strlen(name) + 2 > sizeof whole_folder)
        strcpy(name, ".");
    snprintf(whole_folder, sizeof whole_folder, "%s/", name);
}

void plot_changed(void)
{
    bool any = false;
    if (!*context_room(ROOM_PLOT))
        return;
    for (struct graphic *f = root_graphic()->first; f; f = f->next)
        any = any || f->dirty;
    if (any || (plot_state()->show && plot_state()->show->job.active))
        plot_drawnow(true);
}
