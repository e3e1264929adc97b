/* SPDX-License-Identifier: BSD-3-Clause */
/* The debugger typed at on a pseudo terminal: its prompt is the prompt, with the variables of the frame. */
#include "folders.h"
#include "interp/ast.h"
#include "pty.h"

static void script(const char *name, const char *text)
{
    char file[200];
    snprintf(file, sizeof file, "%s/%s", state, name);
    FILE *f = fopen(file, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static void debug(const char *text, const char *answer)
{
    line(text);
    if (answer)
        expect(answer);
    expect("debug> ");
}

static const char work[] =
    "function r = inner(x)\n"
    "  y = x * 2;\n"
    "  r = y + 1;\n"
    "end\n"
    "function r = outer(count)\n"
    "  r = 0;\n"
    "  for k = 1:count\n"
    "    r = r + inner(k);\n"
    "  end\n"
    "end\n"
    "total = outer(3);\n";

START_TEST(a_session)
{
    script("work.tl", work);
    start(NULL);
    expect(">> ");
    ask("before = 77;", NULL);
    ask("dbstop in work at 8 if k == 2", "work.tl:8, if k == 2");
    line("work");
    expect("work.tl:8, in outer: breakpoint 1, k == 2");
    expect("8 |     r = r + inner(k);");
    expect("debug> ");
    debug("who", "count  k      r");
    debug("k", "k = 2");
    line("if k == 2");                        /* blocks, as at the prompt */
    expect(".. ");
    line("disp(k * 1000)");
    expect(".. ");
    line("end");
    expect("2000");
    expect("debug> ");
    line("if true");
    expect(".. ");
    type("\003");                             /* Ctrl-C drops a block and stays */
    expect("debug> ");
    debug("coun\t", "count = 3");             /* the frame's names are completed */
    debug("nosuch", "error: 'nosuch' is undefined");
    debug("[1 2] + [1 2 3]", "1x2");
    line("while true, end");
    expect("end\r\n");
    ck_assert(!comes("debug> ", 0.2));
    type("\003");                             /* and ends what was asked */
    expect("interrupted");
    expect("debug> ");
    debug("bt", "work.tl:8");
    debug("s", "work.tl:2, in inner");
    debug("x", "x = 2");
    debug("x = 50;", NULL);
    debug("up", "work.tl:8, in outer");
    debug("r", "r = 3");
    debug("up", "work.tl:11");
    debug("before", "before = 77");
    debug("down", NULL);
    debug("dbstep out", "work.tl:8, in outer");
    debug("r", "r = 104");                    /* 3 + 2*50 + 1 */
    debug("?dbcont", "Lets a stopped run go on");
    debug("!echo out$((1+1))side", "out2side");
    line("c");
    expect(">> ");
    ask("total", "total = 111");              /* 104 + 7 */
    ask("dbstep", "nothing is stopped");
    line("work");
    expect("debug> ");
    type("\004");                             /* Ctrl-D ends the run */
    expect(">> ");
    ask("exist('r'), before", "before = 77");
    ask("dbstatus", "work.tl:8, if k == 2");
    ask("dbclear all, total = 0; work, total", "total = 15");
    line("exit(4)");
    ck_assert_int_eq(leave(), 4);
}
END_TEST

START_TEST(after_an_error)
{
    script("fails.tl", "function r = f(a)\n  b = a(2, 2);\n  r = b;\nend\nq = 3;\nf([1 2 3]);\n");
    start_with(NULL, "TL_DEBUG_ON_ERROR", "1", NULL);
    expect(">> ");
    ask("1 + [1 2] * [3 4]", "error: ");       /* what was typed has nothing to look into */
    line("fails");
    expect("out of bound");
    expect("stopped: ");
    expect("debug> ");
    debug("a", "1   2   3");
    debug("up", "fails.tl:6");
    debug("q", "q = 3");
    debug("a = g(1)", "'g' is undefined");    /* an error there is no new stop */
    line("q1 = 9;");
    expect("debug> ");
    line("dbquit");
    expect(">> ");
    ask("q1, 1+1", "ans = 2");
    type("\004");
    ck_assert_int_eq(leave(), 0);
}
END_TEST

START_TEST(stops_within_stops)
{
    script("work.tl", work);
    start(NULL);
    expect(">> ");
    ask("dbstop work.tl:2", "work.tl:2");
    line("work");
    expect("in inner");
    expect("debug> ");
    line("outer(1)");                         /* a run within, which stops as well */
    expect("work.tl:2, in inner");
    expect("debug> ");
    debug("bt", "work.tl:2");
    line("q");                                /* ends the inner one */
    expect("debug> ");
    debug("x", "x = 1");
    line("outer(1)");
    expect("debug> ");
    line("dbquit all");
    expect(">> ");
    ask("f = @() keyboard('look> ');", NULL);
    line("f()");
    expect("look> ");
    line("1 + 1");
    expect("ans = 2");
    expect("look> ");
    line("return");
    expect(">> ");
    line("work");
    expect("debug> ");
    kill(child, SIGTERM);                     /* asked to leave, it leaves */
    ck_assert_int_eq(leave(), 128 + SIGTERM);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { a_session, after_an_error, stops_within_stops };
    return pty_main("debugger", 3, tests, 60);
}
