/* SPDX-License-Identifier: BSD-3-Clause */
/* Types at the prompt on a pseudo terminal: blocks, errors, Ctrl-C, history, editing, pasting, completion, colour, help, the
   shell, the log, terminals of all kinds, the end; and what must not be lost when the end comes at the wrong time. */
#include "folders.h"
#include "interp/ast.h"
#include "pty.h"

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

static void put_file(const char *name, const char *text)      /* in the session's folder */
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", state, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

static bool file_has(const char *name, const char *what)
{
    static char text[1 << 20];
    char path[200];
    snprintf(path, sizeof path, "%s/%s", state, name);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = 0;
    return strstr(text, what) != NULL;
}

static void end_with_ctrl_d(void)
{
    type("\004");
    ck_assert_int_eq(leave(), 0);
}

START_TEST(a_block_is_edited_as_a_block)
{
    start(NULL);
    expect(">> ");
    line("for k = 1:2");
    expect(".. ");
    line("v = 100 * k");
    expect(".. ");
    line("end");
    expect("v = 200");
    expect(">> ");
    ask("ww9 = 1", "ww9 = 1");
    type("\033[A\033[A");                     /* the block, the cursor on its first line */
    expect("end");
    type("\033[B\001u = 5,\033[A\r");         /* down into it, at the line's start; Enter takes the whole from any line */
    expect("u = 5");
    expect("v = 200");
    expect(">> ");
    type("ww\033[A\033[A\033[B9 + 41\r");     /* by prefix: only `ww9 = 1`; no more above; down is what was typed */
    expect("ans = 42");
    expect(">> ");
    type("\022v = 1");                        /* Ctrl-R */
    type("\r");
    expect("v = 200");
    expect(">> ");
    type("q = 3\033\rq + 4\r");               /* Alt-Enter: a line more */
    expect("q = 3");
    expect("ans = 7");
    expect(">> ");
    end_with_ctrl_d();
}
END_TEST

START_TEST(what_is_pasted)
{
    start(NULL);
    expect(">> ");
    type("\033[200~for i = 1:2\n  disp(i * 11)\n\nend\nz = 4\n\033[201~\r");            /* one unit, its lines untouched */
    expect("11\r\n22\r\nz = 4\r\n");
    expect(">> ");
    type("\033[200~>> x = 4\nx = 8\n>> for i = 1:2\n.. disp(i * 100)\n.. end\n100\n200\n>> x + 1\nans = 0\n\033[201~\r");
    expect("x = 4\r\n100\r\n200\r\nans = 5\r\n");             /* a whole session: answers are left out */
    expect(">> ");
    type("\033[200~if true\n  y = 6\033[201~\r");             /* half of a block: the rest is asked for */
    expect(".. ");
    line("end");
    expect("y = 6");
    expect(">> ");
    end_with_ctrl_d();
}
END_TEST

START_TEST(more_is_completed)
{
    put_file("some data.csv", "1,2\n3,4\n");
    put_file("table_one.csv", "5,6\n");
    start(NULL);
    expect(">> ");
    ask("csvread('table_o\t)", "5   6");      /* a file in quotes, the quote closed */
    ask("csvread(\"some\t)", "3   4");        /* with a blank in its name */
    ask("type table_o\x15" "1;", NULL);
    line("delete table_o\t");
    expect("delete table_one.csv");
    expect(">> ");
    ask("exist('table_one.csv')", "ans = 0");
    ask("function r = scale(x, multiplier = 2), r = multiplier * x; end", NULL);
    ask("scale(21, multip\t3)", "ans = 63");     /* the parameters of a function of one's own, of a builtin */
    ask("sort([4 2; 3 1], dim\t2)", "2   4");
    ask("A = [1 2; 3 4];", NULL);
    ask("A.transp\t)", "1   3");              /* methods */
    ask("p.q.inner = 9;", NULL);
    ask("p.q.in\t", "ans = 9");
    ask("f = @() error('this must not run');", NULL);
    type("f().in\t");
    ck_assert(!comes("must not run", 0.3));
    type("\003");
    expect(">> ");
    type("sort\t\t");                         /* several: shown */
    expect("sortrows");
    expect(">> sort");
    type("\003");
    expect(">> ");
    end_with_ctrl_d();
}
END_TEST

START_TEST(colour_only_where_it_is_wanted)
{
    start_with(NULL, "TERM", "xterm", "NO_COLOR", (char *)NULL, NULL);
    expect("\033[1;34m>>");
    line("[1 2] + [1 2 3]");
    expect("\033[1;31merror:");
    expect(">>");
    line("evalc('try, error(\"abc\"), catch e, disp(e.message), end')");         /* what is kept has none */
    expect("ans = abc");
    expect(">>");
    end_with_ctrl_d();
    static const char *const plain[][2] = { { "xterm", "1" }, { "dumb", NULL }, { "", NULL } };
    for (int i = 0; i < 3; i++) {
        start_with(NULL, "TERM", plain[i][0], "NO_COLOR", plain[i][1], NULL);
        expect(">> ");
        line("[1 2] + [1 2 3]");
        ck_assert_msg(!comes("\033[1;31m", 0.2), "TERM=%s is coloured", plain[i][0]);
        expect("error:");
        expect(">> ");
        end_with_ctrl_d();
    }
}
END_TEST

START_TEST(what_is_asked_often)
{
    start(NULL);
    expect(">> ");
    ask("help cumsum", "Example:");
    ask("? cumsum", "See also:");
    ask("apropos eigenvalue", "eig");
    ask("help cumsun", "did you mean 'cumsum'");
    ask("5;", NULL);
    ask("value = 3", "value = 3");
    ask("ans", "ans = 5");                    /* printing a name leaves ans alone */
    ask("who", "value");
    ask("whos", "double");
    ask("which cumsum", "built-in");
    ask("exist('value')", "ans = 1");
    ask("clear value", NULL);
    ask("value", "'value' is undefined");
    ask("tic; toc", "Elapsed time is");
    ask("t = timeit(@() 1 + 1); t < 1", "ans = 1");
    ask("time on", NULL);
    ask("1 + 1", " s, +");
    ask("time off", NULL);
    ask("big = 1:1001", "1001\r\n\r\n  1x1001 in all");     /* the beginning and the end; what is asked for with disp is whole */
    ask("small = 1:1000", " 1000\r\n");
    ask("disp(big)", " 1001\r\n");
    ask("ls", NULL);
    ask("pwd", "tl-prompt-");
    ask("cd /", NULL);
    ask("pwd", "ans = /\r\n");
    ask("!echo $((6 * 7))", "42");
    ask("!cat /dev/null", NULL);              /* a program, though cat is a function as well */
    ask("!isempty(3)", "ans = 1");
    ask("!true", "ans = 0");
    ask("[status, text] = system('echo abc');", NULL);
    ask("strtrim(text)", "ans = abc");
    end_with_ctrl_d();
}
END_TEST

START_TEST(startup_and_diary)
{
    char folder[200];
    snprintf(folder, sizeof folder, "%s/tl", state);
    mkdir(folder, 0700);
    put_file("tl/startup.tl", "from_startup = 33;\n");
    start(NULL);
    expect(">> ");
    ask("from_startup", "from_startup = 33");
    ask("diary log.txt", NULL);
    ask("7 * 6", "ans = 42");
    ck_assert(file_has("log.txt", ">> 7 * 6\nans = 42\n"));   /* while it is on */
    ask("diary off", NULL);
    ask("1 + 1", "ans = 2");
    ck_assert(!file_has("log.txt", "1 + 1"));
    ask("history 2", "history 2");
    ask("history -w all.tl", NULL);
    ck_assert(file_has("all.tl", "7 * 6\n"));
    ask("diary /dev/full", NULL);
    ask("8 * 8", "cannot write '/dev/full'");
    ask("9 * 9", "ans = 81");
    ask("history -w /dev/full", "cannot write '/dev/full'");
    ask("history -w /", "Is a directory");
    end_with_ctrl_d();
    put_file("tl/startup.tl", "x = = 1\n");   /* a bad one is told, the prompt comes */
    start(NULL);
    expect("startup.tl:1");
    expect(">> ");
    end_with_ctrl_d();
    start("--no-startup");
    expect(">> ");
    end_with_ctrl_d();
    put_file("tl/startup.tl", "");
}
END_TEST

START_TEST(terminals_of_all_kinds)
{
    struct winsize w = { .ws_row = 24, .ws_col = 40 };
    start_with(NULL, "LC_ALL", "C", NULL);
    expect(">> ");
    ask("1:25", "Columns 1 through");         /* 100 columns */
    ck_assert_int_eq(ioctl(fd, TIOCSWINSZ, &w), 0);
    ask("10:20", "Columns 1 through 8:");     /* 40 of them */
    w.ws_col = 300;
    ck_assert_int_eq(ioctl(fd, TIOCSWINSZ, &w), 0);
    line("1:25");
    expect("25\r\n");
    expect(">> ");
    ask("s = 'größe €', numel(s)", "s = größe €\r\nans = 11\r\n");
    type("z = 'aé");                          /* a character is deleted whole */
    ask("\177b'", "z = ab\r\n");
    static char text[24000];                  /* a line of 20,000 characters */
    strcpy(text, "x = [");
    for (int i = 0; i < 5000; i++)
        strcat(text, "123 ");
    strcat(text, "]; sum(x)");
    ask(text, "ans = 615000");
    end_with_ctrl_d();
    static const char *const terms[] = { "dumb", "", "nosuchterminal" };
    for (int i = 0; i < 3; i++) {
        start_with(NULL, "TERM", terms[i], NULL);
        expect(">> ");
        ask("6 * 7", "ans = 42");
        line("if true");
        expect(".. ");
        line("y = 3");
        expect(".. ");
        ask("end", "y = 3");
        end_with_ctrl_d();
    }
    char rc[200];
    put_file("inputrc", "$if tl\n\"\\C-xq\": \"6 * 9\"\n$endif\n");
    snprintf(rc, sizeof rc, "%s/inputrc", state);
    start_with(NULL, "INPUTRC", rc, NULL);
    expect(">> ");
    ask("\030q", "ans = 54");
    end_with_ctrl_d();
}
END_TEST

START_TEST(history_is_not_lost)
{
    char file[200], command[600];
    snprintf(file, sizeof file, "%s/tl/history", state);
    start(NULL);                              /* the terminal goes away in the middle of work */
    expect(">> ");
    ask("kept_by_hangup = 1;", NULL);
    ask("diary hangup.log", NULL);
    ask("f = fopen('hangup.txt', 'w'); fprintf(f, 'whole');", NULL);
    line("while true, end");
    ck_assert(!comes(">> ", 0.2));
    kill(child, SIGHUP);
    ck_assert_int_eq(leave(), 128 + SIGHUP);
    ck_assert(file_has("tl/history", "kept_by_hangup"));
    ck_assert(file_has("hangup.log", "while true"));
    ck_assert(file_has("hangup.txt", "whole"));
    start(NULL);                              /* and at the prompt */
    expect(">> ");
    ask("kept_by_term = 1;", NULL);
    ask("f = fopen('term.txt', 'w'); fprintf(f, 'whole');", NULL);
    type("half a li");
    expect("half a li");
    kill(child, SIGTERM);
    ck_assert_int_eq(leave(), 128 + SIGTERM);
    ck_assert(file_has("tl/history", "kept_by_term"));
    ck_assert(file_has("term.txt", "whole"));
    start(NULL);
    expect(">> ");
    ask("kept_by_close = 1;", NULL);
    close(fd);                                /* the terminal itself */
    int status;
    waitpid(child, &status, 0);
    ck_assert(file_has("tl/history", "kept_by_close"));
    start(NULL);                              /* killed outright */
    expect(">> ");
    ask("kept_by_kill = 1;", NULL);
    kill(child, SIGKILL);
    leave();
    ck_assert(file_has("tl/history", "kept_by_kill"));
    /* something else wrote into the file */
    snprintf(command, sizeof command, "head -c 3000 /dev/urandom >>%s; printf '\\n#12\\nafter_garbage = 5\\n#99999999999999999999\\n' >>%s", file, file);
    ck_assert_int_eq(system(command), 0);
    start(NULL);
    expect(">> ");
    type("after_g\033[A\r");
    expect("after_garbage = 5\r\n");
    expect("after_garbage = 5\r\n");
    expect(">> ");
    type("kept_by_k\033[A\r");
    expect("kept_by_kill = 1;");
    expect(">> ");
    end_with_ctrl_d();
    /* it cannot be written */
    static const char *const bad[] = { "ln -s /dev/full %s", "mkdir %s", "ln -s /nonexistent/folder/file %s" };
    for (int i = 0; i < 3; i++) {
        char make[300];
        snprintf(make, sizeof make, bad[i], file);
        snprintf(command, sizeof command, "rm -rf %s && %s", file, make);
        ck_assert_int_eq(system(command), 0);
        start(NULL);
        expect(">> ");
        ask("a_line = 9", "is not kept for the next session");
        ask("1;", NULL);
        type("a_l\033[A\r");                  /* this session knows it */
        expect("a_line = 9\r\n");
        expect(">> ");
        end_with_ctrl_d();
    }
    snprintf(command, sizeof command, "rm -rf %s", file);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { blocks_and_errors, interrupts_keep_everything, history_lives_on, names_are_completed,
        help_and_the_shell, a_block_is_edited_as_a_block, what_is_pasted, more_is_completed, colour_only_where_it_is_wanted,
        what_is_asked_often, startup_and_diary, terminals_of_all_kinds, history_is_not_lost };
    return pty_main("prompt", sizeof tests / sizeof *tests, tests, 120);
}
