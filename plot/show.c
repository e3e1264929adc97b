/* SPDX-License-Identifier: BSD-3-Clause */
/* show.c: pictures made: into files, onto the screen, onto the terminal.
 *
 * One job at a time: a script, its data and what comes out are three files without a name (spool.c); gnuplot loads the first,
 * reads the second and writes the third, and tl writes the user's file itself when all is well, so no half picture is left and
 * gnuplot never hears the user's file name.  drawnow in a loop does not wait: a frame that finds the one before still being
 * drawn is left out, so a live curve costs the loop what it takes to write the numbers down. */
#include "plot.h"
#include "gnuplot.h"
#include "lab/files.h"
#include "lab/nearest.h"
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIXELS, INCHES, CHARACTERS };
struct terminal { const char *name, *extensions, *driver; int size; const char *options, *magic; };
static const struct terminal terminals[] = {
#define T(...) { __VA_ARGS__ },
#include "terminals.def"
#undef T
};

struct job { struct spool script, data, out; const struct terminal *t; char *file; bool active; };
struct show {
    struct gnuplot files;                     /* the process that makes files */
    struct job job;
    const struct terminal *chosen;            /* by graphics() */
    bool told[64];                            /* figures whose files have been told of */
};

static __thread char folder[PATH_MAX];        /* of the script, "" the current one: set before there is any picture */

static struct show *show(void)
{
    struct plot *p = plot_state();
    if (!p->show) {
        struct show *s = memory_get(sizeof *s);
        memset(s, 0, sizeof *s);
        s->job.script.fd = s->job.data.fd = s->job.out.fd = -1;
        p->show = s;
    }
    return p->show;
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

void show_free(struct plot *p)
{
    if (!p->show)
        return;
    gnuplot_stop(&p->show->files, false);
    job_end(&p->show->job);
    memory_free(p->show, sizeof *p->show);
}

void show_closed(struct graphic *fig)
{
    (void)fig;
}

/* ---- terminals */
static bool has_word(const char *words, const char *s)
{
    size_t n = strlen(s);
    for (const char *p = words; *p; p += strspn(p, " ")) {
        size_t k = strcspn(p, " ");
        if (k == n && !strncasecmp(p, s, n))
            return true;
        p += k;
    }
    return false;
}

const struct terminal *terminal_for(const char *name, bool extension)
{
    for (int i = 0; i < COUNT(terminals); i++)
        if (extension ? has_word(terminals[i].extensions, name) : has_word(terminals[i].name, name))
            return &terminals[i];
    return NULL;
}

const struct terminal *terminal_named(const char *who, const char *name, bool extension)
{
    const struct terminal *t = terminal_for(name, extension);
    if (t)
        return t;
    struct nearest near;
    struct buf *all = buf_new();
    nearest_begin(&near, name);
    for (int i = 0; i < COUNT(terminals); i++) {
        if (!extension)
            nearest_try(&near, terminals[i].name);
        buff(all, "%s%s%.*s", i ? ", " : "", extension ? "." : "", (int)strcspn(extension ? terminals[i].extensions : terminals[i].name, " "), extension ? terminals[i].extensions : terminals[i].name);
    }
    if (nearest_found(&near))
        fail("Octave:invalid-input-arg", "%s: there is no format '%s'; did you mean '%s'?", who, name, nearest_found(&near));
    fail("Octave:invalid-input-arg", "%s: %s '%s' is no format of pictures; there are %s", who, extension ? "the extension" : "the format", name, all->s);
}

/* ---- one picture */
static void terminal_lines(struct buf *b, const struct terminal *t, const double size[2], double dpi)
{
    buff(b, "set term %s %s ", t->driver, t->options);
    if (t->size == CHARACTERS)
        buff(b, "size %d,%d\n", (int)size[0], (int)size[1]);
    else if (t->size == INCHES)
        buff(b, "size %.4gin,%.4gin font \"Sans,14\" fontscale 1 background '#ffffff'\n", size[0] / 100, size[1] / 100);
    else
        buff(b, "size %d,%d font \"Sans,14\" %s %.4g linewidth %.4g %s background '#ffffff'\n", (int)lround(size[0] * dpi / 100), (int)lround(size[1] * dpi / 100),
             "fontscale", dpi / 100, dpi / 100, "");
}

/* Writes down what is to be drawn and hands it to gnuplot; `file` is a copy of our own or NULL. */
static void begin(struct graphic *fig, const char *who, const struct terminal *t, const double size[2], double dpi, const char *file)
{
    struct show *s = show();
    struct job *j = &s->job;
    struct drawing d = { .s = buf_new(), .fig = fig, .data = &j->data, .plain = t->size == CHARACTERS, .who = who };
    job_end(j);
    spool_open(&j->script);
    spool_open(&j->data);
    spool_open(&j->out);
    buf_puts(d.s, "set encoding utf8\n");
    terminal_lines(d.s, t, size, dpi);
    buff(d.s, "set output '%s'\n", j->out.path);
    draw_figure(&d);
    buf_puts(d.s, "unset output\n");
    if (getenv("TL_PLOT_DEBUG"))
        fwrite(d.s->s, 1, d.s->n, stderr);
    spool_write(&j->script, d.s->s, d.s->n);
    j->t = t;
    j->file = file ? strdup(file) : NULL;
    gnuplot_load(&s->files, who, &j->script);
    j->active = true;
}

struct bytes { const char *s; size_t n; };
static void write_bytes(FILE *f, void *arg)
{
    struct bytes *b = arg;
    fwrite(b->s, 1, b->n, f);               /* file_replace looks whether all is well */
}

/* Waits for the running picture and puts it where it belongs. */
static void finish(const char *who)
{
    struct show *s = show();
    struct job *j = &s->job;
    if (!j->active)
        return;
    j->active = false;                        /* whatever comes, it is over */
    gnuplot_wait(&s->files, who);
    struct bytes b;
    b.s = spool_read(&j->out, &b.n);
    size_t m = strlen(j->t->magic);
    if (b.n == 0 || b.n < m || memcmp(b.s, j->t->magic, m))
        fail("tl:gnuplot", "%s: gnuplot made no %s picture of this figure", who, j->t->name);
    if (j->file)
        file_replace(who, j->file, false, write_bytes, &b);
    else if (hooks()->show && j->t->size != CHARACTERS)
        hooks()->show(strcmp(j->t->name, "svg") ? "image/png" : "image/svg+xml", b.s, b.n);
    else
        out_text(b.s, b.n);
    job_end(j);
}

void figure_print(const char *who, struct graphic *fig, const char *file, const struct terminal *t, double dpi, const double size[2])
{
    double wanted[2];
    finish(who);
    const double *p = (const double *)prop_data(fig, P_Position)->data;
    for (int k = 0; k < 2; k++)
        wanted[k] = size ? size[k] : t->size == CHARACTERS ? (k ? 24 : 79) : p[2 + k];
    begin(fig, who, t, wanted, dpi, file);
    finish(who);
    fig->printed = true;
}

/* ---- a notebook: a picture of vectors, unless it has so many that dots are shorter */
static void show_inline(struct graphic *f)
{
    enum { NUMBERS = 4000 };
    const double *p = (const double *)prop_data(f, P_Position)->data;
    double size[2] = { p[2], p[3] };
    struct show *s = show();
    begin(f, "drawnow", terminal_for("svg", false), size, 100, NULL);
    struct stat st;
    if (!fstat(s->job.data.fd, &st) && st.st_size > NUMBERS * (off_t)sizeof(double)) {
        gnuplot_wait(&s->files, "drawnow");
        begin(f, "drawnow", terminal_for("png", false), size, 100, NULL);
    }
    finish("drawnow");
}

/* ---- the screen */
static const struct terminal *screen(void)
{
    struct show *s = show();
    const char *name = getenv("TL_TERM");
    if (s->chosen)
        return s->chosen;
    if (name && *name)
        return terminal_named("TL_TERM", name, false);
    return terminal_for(isatty(1) ? "txt" : "png", false);
}

void plot_drawnow(bool wait)
{
    struct show *s = show();
    (void)wait;
    for (struct graphic *f = root_graphic()->first; f; f = f->next) {
        if (!f->dirty || !prop_on(f, P_Visible) || !f->first)
            continue;
        if (f->printed && !hooks()->show && screen()->size != CHARACTERS)      /* the user has a file of it */
            continue;
        if (!wait && gnuplot_busy(&s->files) && s->job.active)
            return;
        finish("drawnow");
        f->dirty = false;
        if (hooks()->show) {
            show_inline(f);
            continue;
        }
        const struct terminal *t = screen();
        const double *p = (const double *)prop_data(f, P_Position)->data;
        double size[2] = { p[2], p[3] };
        char file[PATH_MAX + 32];
        if (t->size == CHARACTERS) {
            struct winsize w;
            bool known = !ioctl(1, TIOCGWINSZ, &w) && w.ws_col > 20 && w.ws_row > 8;
            size[0] = known ? w.ws_col - 1 : 79;
            size[1] = known ? MIN(w.ws_row - 2, 40) : 24;
            begin(f, "drawnow", t, size, 100, NULL);
            finish("drawnow");
            continue;
        }
        int n = (int)f->handle;
        snprintf(file, sizeof file, "%sfigure%d.%.*s", folder, n, (int)strcspn(t->extensions, " "), t->extensions);
        begin(f, "drawnow", t, size, 100, file);
        if (n >= COUNT(s->told) || !s->told[n]) {
            if (n < COUNT(s->told))
                s->told[n] = true;
            out_flush();
            fprintf(stderr, "figure %d: %s\n", n, file);
        }
    }
    if (wait)
        finish("drawnow");
}

void plot_folder(const char *script)
{
    const char *slash = strrchr(script, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - script + 1) : 0, script);
}

static bool any_dirty(void)
{
    if (!*context_room(ROOM_PLOT))
        return false;
    for (struct graphic *f = root_graphic()->first; f; f = f->next)
        if (f->dirty)
            return true;
    return plot_state()->show && plot_state()->show->job.active;
}

void plot_changed(void)
{
    if (any_dirty())
        plot_drawnow(true);
}

/* ---- functions */
BUILTIN(drawnow, 0, 1, 0, grad_zero,
  "drawnow\n\n"
  "Draws the figures that have changed, now. At the prompt and at the end of a script this happens by itself. In a loop it does not wait: while the last picture is still being drawn, the call does nothing.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); drawnow\n\n"
  "See also: figure, print, refresh")
{
    if (c->nargin)
        arg_option(c, 0, (const char *const[]){ "limitrate", "expose", "nocallbacks", "update", NULL });
    plot_drawnow(false);
}

/* The extension of a name, lower case; NULL: none. */
static const char *extension_of(const char *file)
{
    const char *dot = strrchr(file, '.'), *slash = strrchr(file, '/');
    return dot && dot > file && (!slash || dot > slash + 1) && dot[1] ? dot + 1 : NULL;
}

/* format NULL: the extension says what it becomes; size in dots, 0: the figure's. */
static void print_figure(const char *who, struct graphic *fig, const char *file, const char *format, double dpi, double size[2])
{
    const char *ext = extension_of(file);
    const struct terminal *t = NULL;
    struct stat st;
    if (format)
        t = terminal_named(who, format, false);
    else if (ext)
        t = terminal_named(who, ext, true);
    else
        fail("Octave:invalid-input-arg", "%s: '%s' has no extension that says what it is to be, such as .png, .svg or .pdf", who, file);
    if (!ext && (stat(file, &st) || S_ISREG(st.st_mode))) {
        struct buf *b = buf_new();
        buff(b, "%s.%.*s", file, (int)strcspn(t->extensions, " "), t->extensions);
        file = b->s;
    }
    for (int k = 0; size[0] > 0 && t->size != CHARACTERS && k < 2; k++)
        size[k] *= 100 / dpi;
    figure_print(who, fig, file, t, dpi, size[0] > 0 ? size : NULL);
}

BUILTIN(print, 0, ANY, 0, grad_zero,
  "print(file)\n"
  "print('-dpng', file)\n"
  "print(fig, '-dpdf', '-r150', '-S800,600', file)\n\n"
  "Write the current figure, or figure fig, into a file. Its extension, or -d and a format, says what it becomes: png, svg, pdf, eps, txt. A file without an extension gets that of the format. "
  "-rN is the resolution in dots per inch, 100 at first, -SW,H the size in dots at that resolution (letters and lines, for txt).\n\n"
  "Example:\n  figure('visible', 'off'); plot([1 3 2]);\n  f = [tempname() '.png']; print('-dpng', f)\n  unlink(f)\n  ans = 0\n\n"
  "See also: saveas, figure, drawnow")
{
    struct graphic *fig = NULL;
    const char *file = NULL, *format = NULL;
    double dpi = 100, size[2] = { 0, 0 };
    for (int i = 0; i < c->nargin; i++) {
        char *e;
        if (!arg_is_text(c, i)) {
            if (!graphic_of(c->arg[i]))
                fail("Octave:invalid-input-arg", "print: argument %d must be the handle of a figure, axes or series\nhint: disp(x) shows a value, "
                     "printf('%%g\\n', x) writes by a template", i + 1);
            struct graphic *g = graphic_up(arg_graphic(c, i), G_FIGURE);
            if (!g || fig)
                fail_arg(c, i, "a figure");
            fig = g;
            continue;
        }
        const char *s = arg_text(c, i, NULL);
        if (!strncmp(s, "-f", 2) && s[2] >= '0' && s[2] <= '9') {
            if (!(fig = figure_numbered(atoi(s + 2))))
                fail("Octave:invalid-input-arg", "print: there is no figure %s", s + 2);
        } else if (!strncmp(s, "-d", 2) && s[2])
            format = s + 2;
        else if (!strncmp(s, "-r", 2) && s[2]) {
            dpi = strtod(s + 2, &e);
            if (*e || !(dpi >= 10 && dpi <= 2400))
                fail("Octave:invalid-input-arg", "print: %s: the resolution is a number from 10 to 2400", s);
        } else if (!strncmp(s, "-S", 2)) {
            if (sscanf(s + 2, "%lf,%lf", &size[0], &size[1]) != 2 || !(size[0] >= 1 && size[1] >= 1 && size[0] <= 20000 && size[1] <= 20000))
                fail("Octave:invalid-input-arg", "print: %s: the size is -Swidth,height, each from 1 to 20000", s);
        } else if (*s == '-')
            fail("Octave:invalid-input-arg", "print: there is no option '%s'; there are -dFORMAT, -rDPI, -SWIDTH,HEIGHT and -fFIGURE", s);
        else if (file)
            fail("Octave:invalid-fun-call", "print: two files are named, '%s' and '%s'", file, s);
        else
            file = s;
    }
    if (!fig) {
        fig = root_graphic()->current;
        if (!fig)
            fail("Octave:invalid-fun-call", "print: there is no figure yet\nhint: disp(x) shows a value, printf('%%g\\n', x) writes by a template");
    }
    if (!file || !*file)
        fail("Octave:invalid-fun-call", "print: the file is missing: print('-dpng', 'name.png')");
    print_figure("print", fig, file, format, dpi, size);
}

BUILTIN(saveas, 2, 3, 0, grad_zero,
  "saveas(h, file)\n"
  "saveas(h, file, format)\n\n"
  "Write the figure h, or the one that h stands in, into a file; its extension or the format says what it becomes, as in print.\n\n"
  "Example:\n  h = figure('visible', 'off'); plot([1 3 2]);\n  f = [tempname() '.svg']; saveas(h, f)\n  unlink(f)\n  ans = 0\n\n"
  "See also: print")
{
    struct graphic *fig = graphic_up(arg_graphic(c, 0), G_FIGURE);
    if (!fig)
        fail_arg(c, 0, "a figure or something in it");
    print_figure("saveas", fig, arg_text(c, 1, NULL), has_arg(c, 2) ? arg_text(c, 2, NULL) : NULL, 100, (double[2]){ 0, 0 });
}

BUILTIN(refresh, 0, 1, 0, grad_zero,
  "refresh\n"
  "refresh(fig)\n\n"
  "Draws the current figure, or figure fig, anew, changed or not.\n\n"
  "Example:\n  figure('visible', 'off'); plot(1:3); refresh\n\n"
  "See also: drawnow")
{
    struct graphic *fig = has_arg(c, 0) ? graphic_up(arg_graphic(c, 0), G_FIGURE) : root_graphic()->current;
    if (fig)
        graphic_touch(fig);
    plot_drawnow(false);
}

BUILTIN(graphics, 0, 1, 1, grad_zero,
  "graphics(terminal)\n"
  "name = graphics()\n\n"
  "Where figures are shown: 'png', 'svg', 'pdf' and so on write figure1.png … instead of opening windows, 'txt' draws with letters; 'auto' is what fits best. Asked, it says which one is in use. "
  "The environment variable TL_TERM does the same.\n\n"
  "Example:\n  graphics('svg')\n  graphics()\n  ans = svg\n  graphics('auto')\n\n"
  "See also: figure, drawnow, print")
{
    if (c->nargin == 0) {
        const char *s = screen()->name;
        result(c, 0, text_value(s, strcspn(s, " ")));
        return;
    }
    const char *s = arg_text(c, 0, NULL);
    show()->chosen = strcasecmp(s, "auto") ? terminal_named("graphics", s, false) : NULL;
    for (struct graphic *f = root_graphic()->first; f; f = f->next)
        f->dirty = true;
}
