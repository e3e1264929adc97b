/* SPDX-License-Identifier: BSD-3-Clause */
/* Types at the prompt on a pseudo terminal: blocks, errors, Ctrl-C, history, completion, help, the shell, the end. */
#include "folders.h"
#include "interp/ast.h"
#include <check.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int fd;
static pid_t child;
static char seen[1 << 16];                    /* what came since the last expectation was met */
static size_t nseen;
static char state[] = "/tmp/tl-prompt-XXXXXX";

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void start(const char *more)
{
    struct winsize w = { .ws_row = 24, .ws_col = 100 };
    const char *tl = getenv("TL") ? getenv("TL") : TL_BUILDDIR "/tl";
    nseen = 0;
    child = forkpty(&fd, NULL, NULL, &w);
    if (!child) {
        setenv("XDG_STATE_HOME", state, 1);
        setenv("XDG_CONFIG_HOME", state, 1);
        setenv("TERM", "vt100", 1);
        setenv("INPUTRC", "/dev/null", 1);
        setenv("NO_COLOR", "1", 1);
        execl(tl, "tl", "-q", more, NULL);
        _exit(127);
    }
    ck_assert_int_gt(child, 0);
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
        struct pollfd p = { .fd = fd, .events = POLLIN };
        double left = end - now();
        if (left <= 0 || poll(&p, 1, (int)(1000 * left) + 1) <= 0)
            return false;
        ssize_t n = read(fd, seen + nseen, sizeof seen - nseen - 1);
        if (n <= 0)
            return false;
        for (ssize_t i = 0; i < n; i++)
            if (!seen[nseen + (size_t)i])
                seen[nseen + (size_t)i] = '?';
        nseen += (size_t)n;
    }
}

static void expect(const char *what)
{
    ck_assert_msg(comes(what, 20), "'%s' did not come; there was: %s", what, seen);
}

static void type(const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void line(const char *text)            /* at a prompt */
{
    type(text);
    type("\r");
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

START_TEST(blocks_and_errors)
{
    start(NULL);
    expect(">> ");
    line("x = 3");
    expect("x = 3\r\n");
    expect("x = 3\r\n");
    expect(">> ");
    line("for k = 1:2");
    expect(".. ");
    line("printf('<%d>', k*7)");
    expect(".. ");
    line("end");
    expect("<7><14>");
    expect(">> ");
    line("y = [1, 2");
    expect(".. ");
    line("3, 4]");
    expect("3   4\r\n");
    expect(">> ");
    line("[1 2] + [1 2 3]");
    expect("error: ");
    expect("1x2");
    expect("^");
    expect(">> ");
    line("x = = 4");
    expect("error: ");
    expect(">> ");
    line("nosuchname");
    expect("error: 'nosuchname'");
    expect(">> ");
    line("x + 39");
    expect("ans = 42");
    expect(">> ");
    type("\004");
    ck_assert_int_eq(leave(), 0);
}
END_TEST

START_TEST(interrupts_keep_everything)
{
    start(NULL);
    expect(">> ");
    line("x = 5; n = 0;");
    expect(">> ");
    line("while true, n += 1; end");
    expect("end\r\n");
    ck_assert(!comes(">> ", 0.3));
    double before = now();
    type("\003");
    expect(">> ");
    ck_assert_msg(now() - before < 2, "Ctrl-C took %g s", now() - before);
    line("x, n > 1000");
    expect("x = 5");
    expect("ans = 1");
    expect(">> ");
    type("this is left");                     /* a line that is not wanted any more */
    type("\003");
    expect(">> ");
    line("if true");                          /* and a block */
    expect(".. ");
    type("\003");
    expect(">> ");
    line("x");
    expect("x = 5");
    expect(">> ");
    line("exit(3)");
    ck_assert_int_eq(leave(), 3);
}
END_TEST

START_TEST(history_lives_on)
{
    start(NULL);
    expect(">> ");
    line("if true");
    expect(".. ");
    line("disp(111 + 1)");
    expect(".. ");
    line("end");
    expect("112");
    expect(">> ");
    line("a1 = 77;");
    expect(">> ");
    type("\033[A");
    expect("a1 = 77;");
    line(" a1");
    expect("a1 = 77\r\n");
    expect(">> ");
    type("\004");
    ck_assert_int_eq(leave(), 0);
    start(NULL);                              /* the next session knows it, a block as one entry */
    expect(">> ");
    type("if\033[A\r");
    expect("112");
    expect(">> ");
    type("\004");
    ck_assert_int_eq(leave(), 0);
}
END_TEST

START_TEST(names_are_completed)
{
    start(NULL);
    expect(">> ");
    line("my_long_variable = 8; s.field_one = 1; s.field_two = 2;");
    expect(">> ");
    line("my_lon\t + 1");
    expect("my_long_variable + 1");
    expect("ans = 9");
    expect(">> ");
    line("s.field_t\t");
    expect("s.field_two");
    expect("ans = 2");
    expect(">> ");
    line("reha\t; 17");
    expect("rehash; 17");
    expect("ans = 17");
    expect(">> ");
    type("\004");
    ck_assert_int_eq(leave(), 0);
}
END_TEST

START_TEST(help_and_the_shell)
{
    start(NULL);
    expect(">> ");
    line("?while");
    expect("while condition");
    expect(">> ");
    line("?lookfor");
    expect("lookfor word");
    expect(">> ");
    line("?lokfor");
    expect("did you mean 'lookfor'");
    expect(">> ");
    line("function r = twice(x), r = 2*x; end");
    expect(">> ");
    line("??twice");
    expect("r = 2*x;");
    expect(">> ");
    line("!echo shell $((40 + 2))");
    expect("shell 42");
    expect(">> ");
    line("t = true; !t");
    expect("ans = 0");
    expect(">> ");
    line("!t");
    expect("ans = 0");
    expect(">> ");
    type("\033[200~>> q = 1;\n>> q + 1\033[201~\r");          /* pasted from a session */
    expect("ans = 2");
    expect(">> ");
    type("\004");
    ck_assert_int_eq(leave(), 0);
}
END_TEST

int main(void)
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
    Suite *s = suite_create("prompt");
    TCase *t = tcase_create("prompt");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, blocks_and_errors);
    tcase_add_test(t, interrupts_keep_everything);
    tcase_add_test(t, history_lives_on);
    tcase_add_test(t, names_are_completed);
    tcase_add_test(t, help_and_the_shell);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", state);
    return system(command) || failed > 0;
}
