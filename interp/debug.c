/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports of errors and warnings. A text without a name was typed at the prompt: there the line is shown without a place,
   for the user just typed it. Long lines are shown around the caret, which stands under a character, not a byte. */
#include "debug.h"
#include "path.h"

#include <stdlib.h>
#include <unistd.h>

enum { SHOWN = 88 };                 /* characters of a source line */

static const char red[] = "\033[1;31m", yellow[] = "\033[1;33m", plain[] = "\033[0m";

bool debug_colour(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && !(no && *no) && term && *term && strcmp(term, "dumb");
}

static bool typed(const struct source *s)
{
    return !s || !s->name[0];
}

/* Bytes that are no text are shown as '?': a file may hold anything, and a terminal obeys some of it. */
static void put_line(struct buf *out, const char *text, int n)
{
    for (int i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        int more = c >= 0xf0 && c < 0xf5 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 0;
        bool whole = c >= 0xc2 && c < 0xf5 && i + more < n;
        for (int k = 1; whole && k <= more; k++)
            whole = (text[i + k] & 0xc0) == 0x80;
        if (c == 0xc2 && whole && (unsigned char)text[i + 1] < 0xa0)         /* controls beyond ASCII */
            whole = false;
        if (whole) {
            buf_add(out, text + i, (size_t)more + 1);
            i += more;
        } else if (c >= 128 && (c & 0xc0) == 0x80 && i && ((unsigned char)text[i - 1] & 0x80)) {
            continue;                                          /* the caret counts characters */
        } else {
            buf_putc(out, c == '\t' ? ' ' : c < 32 || c >= 127 ? '?' : (char)c);
        }
    }
}

static int back(const char *text, int at)                 /* to the start of a character */
{
    while (at > 0 && (text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

/* The line with its number, and the caret below. */
static void put_source(struct buf *out, const struct source *s, uint32_t at, bool colour)
{
    int len, line = source_line(s, at, NULL);
    const char *text = source_line_text(s, line, &len);
    int pos = (int)(text - s->text) > (int)at ? 0 : (int)(at - (uint32_t)(text - s->text));
    if (pos > len)
        pos = len;
    int from = 0, to = len;
    if (len > SHOWN) {
        from = back(text, pos > SHOWN / 2 ? pos - SHOWN / 2 : 0);
        to = back(text, from + SHOWN < len ? from + SHOWN : len);
    }
    char margin[32];
    int number = typed(s) && s->lines - (s->len > 0 && s->text[s->len - 1] == '\n') <= 1 ? 0 : line;
    snprintf(margin, sizeof margin, number ? "%7d | " : "%7.0d | ", number);
    buf_puts(out, margin);
    if (from)
        buf_puts(out, "…");
    put_line(out, text + from, to - from);
    if (to < len)
        buf_puts(out, "…");
    buf_puts(out, "\n        | ");
    if (from)
        buf_putc(out, ' ');
    for (int i = from; i < pos; i++)
        if ((text[i] & 0xc0) != 0x80)
            buf_putc(out, ' ');
    buff(out, "%s^%s\n", colour ? red : "", colour ? plain : "");
}

static void put_place(struct buf *out, const char *word, const struct report_place *p)
{
    buff(out, "  %s ", word);
    int line = source_line(p->source, p->at, NULL);
    if (typed(p->source))
        buff(out, "line %d", line);
    else
        buff(out, "%s:%d", p->source->name, line);
    if (p->function)
        buff(out, ", in %s", p->function);
    buf_putc(out, '\n');
}

static bool is_library(const struct report_place *p) { return p->source && p->source->name && path_owns(p->source->name); }

/* "fzero: …", "image.crop: …" */
static bool names_it(const char *message, const char *function)
{
    size_t word = strcspn(message, ": \n"), n = strlen(function);
    return message[word] == ':' && word >= n && !strncmp(message + word - n, function, n) &&
           (word == n || message[word - n - 1] == '.');
}

/* What goes wrong inside tl's own functions is about the user's call, so the report begins there.  How many frames to
   leave out; 0 when there is nobody else's. */
static int library_frames(const struct report_place *place, int n)
{
    int k = 0;
    while (k < n && is_library(&place[k]))
        k++;
    return k < n && place[k].source ? k : 0;
}

void debug_report(struct buf *out, const char *message, const struct report_place *place, int n, int more, bool colour)
{
    const char *hint = strstr(message, "\nhint: ");
    int len = hint ? (int)(hint - message) : (int)strlen(message);
    buff(out, "%serror:%s %.*s\n", colour ? red : "", colour ? plain : "", len, message);
    int inside = library_frames(place, n);
    const struct report_place *within = inside ? place : NULL;
    for (int i = 0; i < inside && within; i++)            /* "fzero: …" names the call; where in fzero is of no interest */
        if (place[i].function && names_it(message, place[i].function))
            within = NULL;
    place += inside;
    n -= inside;
    if (n && place->source) {
        if (!typed(place->source) || place->function)
            put_place(out, "at", place);
        put_source(out, place->source, place->at, colour);
    }
    if (within)
        put_place(out, "inside", within);
    for (int i = 1; i < n; i++) {
        if (!place[i].source || (typed(place[i].source) && !place[i].function))
            continue;
        int same = 1;                                     /* recursion: one line for equal frames */
        while (i + same < n && place[i + same].source == place[i].source && place[i + same].at == place[i].at)
            same++;
        put_place(out, "called from", &place[i]);
        if (same > 2) {
            buff(out, "    … %d times\n", same);
            i += same - 1;
        }
    }
    if (more)
        buff(out, "  … and %d more\n", more);
    if (hint)
        buff(out, "  %s\n", hint + 1);
}

void debug_stopped(struct buf *out, const char *why, const struct report_place *p, bool colour)
{
    if (typed(p->source) && !p->function)
        buff(out, "stopped%s%s\n", *why ? ": " : "", why);
    else if (typed(p->source))
        buff(out, "stopped in %s, line %d%s%s\n", p->function, source_line(p->source, p->at, NULL), *why ? ": " : "", why);
    else
        buff(out, "stopped at %s:%d%s%s%s%s\n", p->source->name, source_line(p->source, p->at, NULL),
             p->function ? ", in " : "", p->function ? p->function : "", *why ? ": " : "", why);
    if (!typed(p->source) || p->function)
        put_source(out, p->source, p->at, colour);
}

char *debug_parse_message(const struct parse_error *e)
{
    char *s = NULL;
    if (asprintf(&s, "syntax error: %s%s%s", e->message, e->hint[0] ? "\nhint: " : "", e->hint) < 0)
        return NULL;
    return s;
}

void debug_parse_error(struct buf *out, const struct parse_error *e, bool colour)
{
    struct report_place p = { e->source, e->at, NULL };
    char *s = debug_parse_message(e);
    debug_report(out, s ? s : e->message, &p, e->source != NULL, 0, colour);
    free(s);
}

void debug_warning(struct buf *out, const char *message, bool colour)
{
    const char *hint = strstr(message, "\nhint: ");
    int len = hint ? (int)(hint - message) : (int)strlen(message);
    buff(out, "%swarning:%s %.*s\n", colour ? yellow : "", colour ? plain : "", len, message);
    if (hint)
        buff(out, "  %s\n", hint + 1);
}

__thread void (*debug_warning_out)(const char *message);

void debug_print_warning(const char *message)
{
    if (debug_warning_out) {
        debug_warning_out(message);
        return;
    }
    int mark = pool_mark();
    struct buf *b = buf_new();
    debug_warning(b, message, debug_colour(2));
    out_flush();
    fputs(b->s, stderr);
    pool_release(mark);
}
