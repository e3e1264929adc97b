/* SPDX-License-Identifier: BSD-3-Clause */
/* Functions of the session: asking, the diary, the history, the screen. */
#include "session.h"
#include "lab/call.h"
#include "lab/files.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct session_hooks session_hooks;

/* --- asking --- */

char *session_read(const char *prompt)
{
    char *line = NULL;
    size_t room = 0;
    if (session_hooks.read && (session_hooks.remote || isatty(0))) {
        out_flush();
        line = session_hooks.read(prompt);
    } else {
        out_puts(prompt);
        out_flush();
        ssize_t n = getline(&line, &room, stdin);
        if (n < 0) {
            free(line);
            line = NULL;
            clearerr(stdin);                  /* an interrupted read is no end */
        }
        while (line && n && (line[n - 1] == '\n' || line[n - 1] == '\r'))
            line[--n] = 0;
    }
    if (interrupt_flag) {
        free(line);
        poll();
    }
    if (!line)
        return NULL;
    size_t n = strlen(line) + 1;
    char *s = scratch(n);
    memcpy(s, line, n);
    free(line);
    return s;
}

/* --- the diary: what is typed and shown also goes to a file --- */

static __thread struct { FILE *file; char *name; struct sink before; bool bad; } diary;

/* Line by line into the file, so that it is there whatever happens; a file that cannot be written is said once. */
static void diary_add(const char *s, size_t n)
{
    if (diary.bad || (fwrite(s, 1, n, diary.file) == n && !fflush(diary.file)))
        return;
    diary.bad = true;
    fprintf(stderr, "warning: diary: cannot write '%s': %s\n", diary.name, strerror(errno));
}

static void diary_write(void *unused, const char *s, size_t n)
{
    (void)unused;
    diary_add(s, n);
    if (diary.before.write)
        diary.before.write(diary.before.to, s, n);
    else
        fwrite(s, 1, n, stdout);
}

static void diary_off(void)
{
    if (!diary.file)
        return;
    struct sink now = out_redirect(diary.before);
    if (now.write != diary_write)             /* inside evalc: leave its sink alone */
        out_redirect(now);
    fclose(diary.file);
    diary.file = NULL;
}

static void diary_end(void)
{
    diary_off();
    free(diary.name);
    diary.name = NULL;
}

static void diary_on(const char *name)
{
    diary_off();
    FILE *f = fopen(name, "a");
    if (!f)
        fail("Octave:diary", "diary: %s: %s", name, strerror(errno));
    if (!diary.name)
        context_at_exit(diary_end);
    char *copy = strdup(name);
    free(diary.name);
    diary.name = copy;
    diary.file = f;
    diary.bad = false;
    diary.before = out_redirect((struct sink){ diary_write, NULL });
}

void session_typed(const char *text)
{
    if (diary.file) {
        diary_add(">> ", 3);
        diary_add(text, strlen(text));
        diary_add("\n", 1);
    }
}

BUILTIN(diary, 0, 1, 2, NO_GRAD,
  "diary on\n"
  "diary off\n"
  "diary file\n"
  "[state, file] = diary()\n\n"
  "Writes what is typed and shown also to a file, by default `diary`; without an argument it is switched on or off.\n\n"
  "Example:\n"
  "  diary off\n\n"
  "See also: history")
{
    if (c->nargout > 0) {
        result_text(c, 0, diary.file ? "on" : "off");
        result_text(c, 1, diary.name ? diary.name : "");
        return;
    }
    const char *what = c->nargin ? arg_text(c, 0, NULL) : diary.file ? "off" : "on";
    if (!strcmp(what, "off"))
        diary_off();
    else
        diary_on(!strcmp(what, "on") ? diary.name ? diary.name : "diary" : what);
}

/* --- history, the screen --- */

static void write_history(FILE *f, void *arg)
{
    for (int i = 0; i < *(int *)arg; i++)
        fprintf(f, "%s\n", session_hooks.history_entry(i));
}

BUILTIN(history, 0, 2, 1, NO_GRAD,
  "history\n"
  "history n\n"
  "history -w file\n\n"
  "What was typed, oldest first: all of it or the last n, shown or written to a file as a script.\n\n"
  "Example:\n  t = history(2); ischar(t) || iscell(t)\n  ans = 1\n\n"
  "See also: diary")
{
    int n = session_hooks.history_count ? session_hooks.history_count() : 0;
    if (c->nargin && arg_is_text(c, 0) && !strcmp(arg_text(c, 0, NULL), "-w")) {
        file_replace("history", c->nargin > 1 ? arg_text(c, 1, NULL) : "history.tl", false, write_history, &n);
        return;
    }
    int last = n;
    if (c->nargin) {
        char *end = NULL;
        double x = arg_is_text(c, 0) ? strtod(arg_text(c, 0, NULL), &end) : arg_num(c, 0);
        if ((end && *end) || !(x >= 0))
            fail("Octave:history", "history: how many entries must be a number of 0 or more");
        last = x < n ? (int)x : n;
    }
    struct buf *b = buf_new();
    for (int i = n - last; i < n; i++) {
        if (c->nargout > 0)
            buff(b, "%s\n", session_hooks.history_entry(i));
        else
            buff(b, "%5d  %s\n", i + 1, session_hooks.history_entry(i));
    }
    if (c->nargout > 0)
        result(c, 0, buf_value(b));
    else
        out_text(b->s, b->n);
}

BUILTIN(clc, 0, 0, 0, NO_GRAD,
  "clc\n\n"
  "Clears the screen of the terminal.\n\n"
  "See also: more")
{
    (void)c;
    out_flush();
    if (isatty(1))
        out_puts("\033[H\033[2J");
}

BUILTIN(beep, 0, 0, 0, NO_GRAD,
  "beep\n\n"
  "Rings the bell of the terminal.\n\n"
  "See also: clc")
{
    (void)c;
    if (isatty(1))
        out_puts("\a");
}

static __thread bool paging;

BUILTIN(more, 0, 1, 1, NO_GRAD,
  "more on\n"
  "more off\n\n"
  "Whether help at a terminal is shown page by page; off at the start.\n\n"
  "Example:\n"
  "  more off\n\n"
  "See also: help, clc")
{
    static const char *const names[] = { "off", "on", NULL };
    if (c->nargout > 0)
        result_bool(c, 0, paging);
    paging = c->nargin ? arg_option(c, 0, names) : c->nargout > 0 ? paging : !paging;
}

/* Long output of help: through the pager when that is on and we talk to a terminal. */
void session_page(const char *s, size_t n)
{
    const char *pager = getenv("PAGER");
    FILE *to = NULL;
    if (paging && isatty(0) && isatty(1)) {
        out_flush();
        to = popen(pager && *pager ? pager : "less -RFX", "w");
    }
    if (!to) {
        out_text(s, n);
        return;
    }
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);           /* the reader may leave early */
    fwrite(s, 1, n, to);
    pclose(to);
    signal(SIGPIPE, before);
}
