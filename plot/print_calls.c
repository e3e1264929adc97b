/* SPDX-License-Identifier: BSD-3-Clause */
/* print_calls.c: functions that make pictures of figures: print, saveas, drawnow, refresh, graphics. */
#include "plot.h"
#include "terminal.h"
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

/* ---- functions */
BUILTIN(drawnow, 0, 1, 0, grad_zero,
  "drawnow\n\n"
  "Draws the figures that have changed, now. At the prompt and at the end of a script this happens by itself. In a "
  "loop it does not wait: while the last picture is still being drawn, the call does nothing.\n\n"
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
static void print_figure(const char *who, struct graphic *fig, const char *file, const char *format, double dpi,
                         double size[2])
{
    const char *ext = extension_of(file);
    const struct terminal *t = NULL;
    struct stat st;
    if (format)
        t = terminal_named(who, format, false);
    else if (ext)
        t = terminal_named(who, ext, true);
    else
        fail("Octave:invalid-input-arg",
             "%s: '%s' has no extension that says what it is to be, such as .png, .svg or .pdf", who, file);
    if (!ext && (stat(file, &st) || S_ISREG(st.st_mode))) {
        struct buf *b = buf_new();
        buff(b, "%s.%.*s", file, (int)strcspn(t->extensions, " "), t->extensions);
        file = b->s;
    }
    for (int k = 0; size[0] > 0 && t->kind != CHARACTERS && k < 2; k++)
        size[k] *= 100 / dpi;
    figure_print(who, fig, file, t, dpi, size[0] > 0 ? size : NULL);
}

BUILTIN(print, 0, ANY, 0, grad_zero,
  "print(file)\n"
  "print('-dpng', file)\n"
  "print(fig, '-dpdf', '-r150', '-S800,600', file)\n\n"
  "Write the current figure, or figure fig, into a file. Its extension, or -d and a format, says what it becomes: png, "
  "jpg, gif, svg, html, pdf, eps, tex (tikz), txt, gp (a script for gnuplot with the numbers in it). A file without an "
  "extension gets that of the format. -rN is the resolution in dots per inch, 100 at first, -SW,H the size in dots at "
  "that resolution (letters and lines, for txt).\n\n"
  "Example:\n  figure('visible', 'off'); plot([1 3 2]);\n  f = [tempname() '.png']; print('-dpng', f)\n  unlink(f)\n\n"
  "See also: saveas, figure, drawnow")
{
    struct graphic *fig = NULL;
    const char *file = NULL, *format = NULL;
    double dpi = 100, size[2] = { 0, 0 };
    for (int i = 0; i < c->nargin; i++) {
        char *e;
        if (!arg_is_text(c, i)) {
            if (!graphic_of(c->arg[i]))
                fail("Octave:invalid-input-arg",
                     "print: argument %d must be the handle of a figure, axes or series\nhint: disp(x) shows a value, "
                     "printf('%%g\\n', x) writes by a template",
                     i + 1);
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
            if (sscanf(s + 2, "%lf,%lf", &size[0], &size[1]) != 2 ||
                !(size[0] >= 1 && size[1] >= 1 && size[0] <= 20000 && size[1] <= 20000))
                fail("Octave:invalid-input-arg", "print: %s: the size is -Swidth,height, each from 1 to 20000", s);
        } else if (*s == '-')
            fail("Octave:invalid-input-arg",
                 "print: there is no option '%s'; there are -dFORMAT, -rDPI, -SWIDTH,HEIGHT and -fFIGURE", s);
        else if (file)
            fail("Octave:invalid-fun-call", "print: two files are named, '%s' and '%s'", file, s);
        else
            file = s;
    }
    if (!fig) {
        fig = root_graphic()->current;
        if (!fig)
            fail("Octave:invalid-fun-call", "print: there is no figure yet\nhint: disp(x) shows a value, "
                                            "printf('%%g\\n', x) writes by a template");
    }
    if (!file || !*file)
        fail("Octave:invalid-fun-call", "print: the file is missing: print('-dpng', 'name.png')");
    print_figure("print", fig, file, format, dpi, size);
}

BUILTIN(saveas, 2, 3, 0, grad_zero,
  "saveas(h, file)\n"
  "saveas(h, file, format)\n\n"
  "Write the figure h, or the one that h stands in, into a file; its extension or the format says what it becomes, as "
  "in print.\n\n"
  "Example:\n  h = figure('visible', 'off'); plot([1 3 2]);\n  f = [tempname() '.svg']; saveas(h, f)\n  unlink(f)\n\n"
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
  "Where figures are shown: 'qt', 'wxt' and 'x11' are windows, 'sixel' and 'kitty' pictures in terminals that can, "
  "'txt' and 'ansi' letters; 'png', 'svg', 'pdf' and so on write figure1.png …; 'auto' is what fits best. Asked, it "
  "says which one is in use. The environment variable TL_TERM does the same.\n\n"
  "Example:\n  graphics('svg')\n  graphics()\n  ans = svg\n  graphics('auto')\n\n"
  "See also: figure, drawnow, print")
{
    if (c->nargin == 0) {
        const char *s = terminal_screen()->name;
        result(c, 0, text_value(s, strcspn(s, " ")));
        return;
    }
    const char *s = arg_text(c, 0, NULL);
    terminal_choose(strcasecmp(s, "auto") ? terminal_named("graphics", s, false) : NULL);
    for (struct graphic *f = root_graphic()->first; f; f = f->next)
        f->dirty = true;
}
