/* SPDX-License-Identifier: BSD-3-Clause */
/* A session of tl on a pseudo terminal: typing into it and waiting for what it answers. */
#ifndef TL_TEST_PTY_H
#define TL_TEST_PTY_H
#include "unit.h"
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int fd;
static pid_t child;
static char seen[1 << 16];                    /* what came since the last expectation was met */
static size_t nseen;
static char state[] = "/tmp/tl-prompt-XXXXXX";      /* XDG_STATE_HOME, XDG_CONFIG_HOME, and the folder the session starts in */
static int columns = 100;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* `more`: one more argument of tl or NULL; then pairs of a variable of the environment and its value, at last NULL. */
static void start_with(const char *more, ...)
{
    struct winsize w = { .ws_row = 24, .ws_col = (unsigned short)columns };
    const char *tl = getenv("TL") ? getenv("TL") : TL_BUILDDIR "/tl";
    nseen = 0;
    child = forkpty(&fd, NULL, NULL, &w);
    if (!child) {
        setenv("XDG_STATE_HOME", state, 1);
        setenv("XDG_CONFIG_HOME", state, 1);
        setenv("TERM", "vt100", 1);
        setenv("INPUTRC", "/dev/null", 1);
        setenv("NO_COLOR", "1", 1);
        va_list ap;
        va_start(ap, more);
        for (const char *name; (name = va_arg(ap, const char *)); ) {
            const char *to = va_arg(ap, const char *);
            if (to)
                setenv(name, to, 1);
            else
                unsetenv(name);
        }
        if (!chdir(state))
            execl(tl, "tl", "-q", more, NULL);
        _exit(127);
    }
    ck_assert_int_gt(child, 0);
}

static void start(const char *more)
{
    start_with(more, NULL);
}

/* Reads what is there within `seconds`; false: nothing came, or the other side has gone. */
static bool listen_for(double seconds)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    if (seconds <= 0 || poll(&p, 1, (int)(1000 * seconds) + 1) <= 0)
        return false;
    if (nseen > sizeof seen / 2) {                            /* only the end can still be of interest */
        memmove(seen, seen + nseen - 4096, 4096);
        nseen = 4096;
    }
    ssize_t n = read(fd, seen + nseen, sizeof seen - nseen - 1);
    if (n <= 0)
        return false;
    for (ssize_t i = 0; i < n; i++)
        if (!seen[nseen + (size_t)i])
            seen[nseen + (size_t)i] = '?';
    nseen += (size_t)n;
    return true;
}

/* Waits until `what` has come; drops all up to and with it. */
static bool comes(const char *what, double seconds)
{
    double end = now() + seconds;
    for (;;) {
        seen[nseen] = 0;
        char *at = strstr(seen, what);
        if (at) {
            size_t used = (size_t)(at - seen) + strlen(what);
            memmove(seen, seen + used, nseen - used + 1);
            nseen -= used;
            return true;
        }
        if (!listen_for(end - now()))
            return false;
    }
}

static void expect(const char *what)
{
    ck_assert_msg(comes(what, 20), "'%s' did not come; there was: %s", what, seen);
}

static void type(const char *text)
{
    for (size_t n = strlen(text); n > 0; ) {                  /* a terminal takes 4096 bytes at a time */
        size_t part = n < 1024 ? n : 1024;
        ck_assert_int_eq(write(fd, text, part), (ssize_t)part);
        text += part;
        n -= part;
        if (n > 0)
            while (listen_for(0.02))
                ;
    }
}

static void line(const char *text)            /* at a prompt */
{
    type(text);
    type("\r");
}

/* Types a line, waits for the answer and the next prompt. */
static inline void ask(const char *text, const char *answer)
{
    line(text);
    if (answer)
        expect(answer);
    expect(">> ");
}

static int leave(void)
{
    int status;
    double end = now() + 20;
    while (now() < end) {
        if (waitpid(child, &status, WNOHANG) == child) {
            close(fd);
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        comes("\1never\1", 0.02);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
}

/* Runs the tests; the whole main of a program. */
static int pty_main(const char *name, int n, const TTest *const *tests, double seconds)
{
    int a, b;
    if (openpty(&a, &b, NULL, NULL, NULL)) {
        puts("1..0 # SKIP no pseudo terminal is to be had here (is /dev/pts mounted?)");
        return 0;
    }
    close(a);
    close(b);
    if (!mkdtemp(state))
        return 1;
    TCase *t = tcase_create(name);
    for (int i = 0; i < n; i++)
        tcase_add_test(t, tests[i]);
    int failed = unit_run(name, t, seconds, CK_FORK_GETENV);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", state);
    return system(command) || failed;
}

#endif
