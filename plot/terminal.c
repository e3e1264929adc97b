/* SPDX-License-Identifier: BSD-3-Clause */
/* terminal.c: the formats of pictures, and which of them is the screen.
 *
 * What the user said wins, then a window where there is a desktop and gnuplot can open one, a picture in a terminal
 * that is known to show them, letters in any other terminal, and files where nobody looks on. */
#include "plot.h"
#include "terminal.h"
#include "lab/nearest.h"
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

static const struct terminal terminals[] = {
#define T(...) { __VA_ARGS__ },
#include "terminals.def"
#undef T
};

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
        if (has_word(extension ? terminals[i].extensions : terminals[i].name, name))
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
        const char *s = extension ? terminals[i].extensions : terminals[i].name;
        int k = (int)strcspn(s, " ");
        char one[32];
        snprintf(one, sizeof one, "%.*s", k, s);
        if (k == 0)
            continue;
        nearest_try(&near, one);
        buff(all, "%s%s%s", all->n ? ", " : "", extension ? "." : "", one);
    }
    if (!extension && nearest_found(&near))
        fail("Octave:invalid-input-arg", "%s: there is no format '%s'; did you mean '%s'?", who, name, nearest_found(&near));
    fail("Octave:invalid-input-arg", "%s: %s '%s' is no format of pictures; there are %s", who,
         extension ? "the extension" : "the format", name, all->s);
}

static bool is_set(const char *name)
{
    const char *s = getenv(name);
    return s && *s;
}

static bool begins(const char *name, const char *const *words) /* an environment variable with one of these words */
{
    const char *s = getenv(name);
    for (; s && *words; words++)
        if (!strncmp(s, *words, strlen(*words)))
            return true;
    return false;
}

/* The window that gnuplot can open, or NULL. */
static const struct terminal *window(void)
{
    static const char *const best[] = { "qt", "wxt", "x11" };
    const char *have = gnuplot_ask(show_process(), "plot", "GPVAL_TERMINALS");
    for (int i = 0; i < COUNT(best); i++)
        if (has_word(have, best[i]) && (strcmp(best[i], "x11") || is_set("DISPLAY")))
            return terminal_for(best[i], false);
    return NULL;
}

static const struct terminal *fitting(void)
{
    static const char *const kitty[] = { "xterm-kitty", "xterm-ghostty", NULL },
                             *const sixel[] = { "foot", "mlterm", "contour", "yaft", NULL },
                             *const programs[] = { "WezTerm", "ghostty", NULL };
    if (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")) {
        const struct terminal *t = window();
        if (t)
            return t;
    }
    if (!isatty(1))
        return terminal_for("png", false);
    if (is_set("KITTY_WINDOW_ID") || begins("TERM", kitty) || begins("TERM_PROGRAM", programs))
        return terminal_for("kitty", false);
    if (begins("TERM", sixel))
        return terminal_for("sixel", false);
    static const char *const plain[] = { "dumb", "vt", NULL };
    return terminal_for(is_set("NO_COLOR") || begins("TERM", plain) ? "txt" : "ansi", false);
}

const struct terminal *terminal_screen(void)
{
    const char *name = getenv("TL_TERM");
    if (show_chosen())
        return show_chosen();
    const struct terminal *t = name && *name ? terminal_named("TL_TERM", name, false) : fitting();
    show_choose(t);
    return t;
}

void terminal_choose(const struct terminal *t)
{
    show_choose(t);
}
