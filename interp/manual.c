/* SPDX-License-Identifier: BSD-3-Clause */
/* manual.c: `doc`, the manual at a function: in a browser, in info, else the text of `help`. Each function has a file
 * of its own in the HTML (doc/functions.tl gives it an anchor, for which makeinfo writes one), so that no fragment of
 * an address is needed, which xdg-open drops. */
#include "interp/interp.h"
#include "interp/path.h"
#include "interp/session.h"
#include "lab/files.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What stands for a name in the manual: its node, and its file as makeinfo calls it. */
static void node_of(const char *name, struct buf *node, struct buf *file)
{
    struct function_info f = interp_function(name);
    if (!*name) {
        buf_puts(node, "Top");
        buf_puts(file, "index");
    } else if (help_word_page(name)) {
        buf_puts(node, "Keywords and operators");
        buf_puts(file, "Keywords-and-operators");
    } else if (f.kind == FN_NONE) {
        buff(node, "Package %s", name);
        buff(file, "Package-%s", name);
    } else {
        for (const char *s = name; *s; s++) {
            buf_putc(node, *s == '.' ? ' ' : *s);
            buff(file, isalnum((unsigned char)*s) ? "%c" : *s == '.' ? "-" : "_%04x", (unsigned char)*s);
        }
        buf_puts(node, " function");
        buf_puts(file, "-function");
    }
    buf_puts(file, ".html");
}

/* Runs a program; behind us, silently, when we shall not wait for it. False: it could not be run. */
static bool run_program(char *const *word, bool wait)
{
    out_flush();
    void (*before)(int) = signal(SIGINT, SIG_IGN);
    pid_t pid = fork();
    if (!pid) {
        signal(SIGINT, SIG_DFL);
        if (!wait) {
            int null = open("/dev/null", O_RDWR);
            for (int i = 0; i < 3; i++)
                dup2(null, i);
            setsid();
            if (fork())
                _exit(0);
        }
        execvp(word[0], word);
        _exit(127);
    }
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0)
        ;
    signal(SIGINT, before);
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool has_text(const char *variable)
{
    const char *s = getenv(variable);
    return s && *s;
}

BUILTIN(doc, 0, 1, 1, NO_GRAD,
  "doc name\n"
  "doc\n\n"
  "The manual at a function, keyword, operator or package: in the browser where there is a display and the manual was "
  "built as HTML, else in info, else the text that `help` shows. At no terminal, and where a result is wanted, it is "
  "that text, too.\n\n"
  "Example:\n"
  "  t = doc('pi'); strcmp(t, help('pi'))\n"
  "  ans = 1\n\n"
  "See also: help, lookfor")
{
    const char *name = c->nargin ? arg_text(c, 0, NULL) : "";
    struct buf *text = buf_new(), *node = buf_new(), *page = buf_new(), *file = buf_new();
    bool known = help_text(text, name);
    if (known && c->nargout == 0 && isatty(0) && isatty(1) && !interp_is_variable(NULL, name)) {
        node_of(name, node, page);
        buff(file, "%s/html/%s", path_manual(), page->s);
        const char *browser = has_text("BROWSER") && path_program(getenv("BROWSER")) ? getenv("BROWSER") : "xdg-open";
        if ((has_text("DISPLAY") || has_text("WAYLAND_DISPLAY")) && !access(file->s, R_OK) && path_program(browser)) {
            if (run_program((char *[]){ (char *)browser, file->s, NULL }, false)) {
                out_puts("doc: ");
                out_puts(file->s);
                out_puts("\n");
                return;
            }
        }
        file->n = 0;
        buff(file, "%s/tl.info", path_manual());
        if (!access(file->s, R_OK) && path_program("info") &&
            run_program((char *[]){ "info", "-f", file->s, "-n", node->s, NULL }, true))
            return;
    }
    help_show(c, text);
}
