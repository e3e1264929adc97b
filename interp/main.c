/* SPDX-License-Identifier: BSD-3-Clause */
/* The program: options, scripts, exit status (LANGUAGE.md section 8). What it runs, it runs through interp.h. */
#include "config.h"
#include "interp/program.h"
#include "lab/files.h"
#include "lab/plugin.h"
#include "lab/wait.h"
#include "plot/figure.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Threads that wait for work spin, by default for milliseconds, and where any third process runs a spinning thread keeps the
   one it waits for from running: scripts/examples/digits.tl beside a busy compiler took 21 s so, under 1 s when waiting ends
   after some 0.2 ms, which costs LAPACK nothing (1000: svd of 500 takes 27 ms for 21).  libgomp reads its environment in its
   constructor, so what it shall find stands there before any constructor runs, in the place of the first variable that no
   library reads so early; main puts that one back (starting the program a second time instead cost 3 of 8 ms). */
static char **borrowed, *lender;

static void wait_briefly(int argc, char **argv, char **environment)
{
    static char briefly[] = "GOMP_SPINCOUNT=5000";
    (void)argc, (void)argv;
    for (char **e = environment; *e; e++) {
        if (!strncmp(*e, "GOMP_SPINCOUNT=", 15) || !strncmp(*e, "OMP_WAIT_POLICY=", 16)) {
            borrowed = NULL;                                     /* the user's own word */
            return;
        }
        if (!borrowed && !strstr(*e, "OMP_") && !strstr(*e, "BLAS") && !strstr(*e, "SAN_OPTIONS") && !strstr(*e, "LD_"))
            borrowed = e;
    }
    if (borrowed) {
        lender = *borrowed;
        *borrowed = briefly;
    }
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = wait_briefly;

static const char usage[] =
    "Usage: tl [OPTION]... [FILE [ARGUMENT]...]\n"
    "       tl COMMAND [ARGUMENT]...\n"
    "Without FILE: the prompt, or the script that is piped in. FILE may be - for that.\n"
    "\n"
    "  -e, --eval TEXT      evaluate TEXT, then end (may be given several times)\n"
    "  -i, --interactive    open the prompt after that\n"
    "      --functions      list the functions of the library, one a line\n"
    "      --json           serve requests, one JSON object a line (for notebooks and editors)\n"
    "      --check FILE...  only read the files, tell syntax errors and unknown names\n"
    "  -q, --quiet          no greeting at the prompt\n"
    "      --no-startup     do not run startup.tl before the prompt\n"
    "      --test FILE...   run test files, answer in TAP\n"
    "      --test-help [NAME]...  run the examples in help texts, answer in TAP\n"
    "      --help           show this\n"
    "      --version        show the version, the libraries and the licence\n"
    "\n"
    "Exit status: 0; 1 after an error; 2 after a wrong option; 130 after Ctrl-C; or what exit(n) says.\n"
    "At the prompt, `help` leads on.\n";

/* --- version --- */

static const char *ask(const char *name)                 /* a text from a function of the BLAS, if it has it */
{
    const char *(*f)(void) = (const char *(*)(void))dlsym(RTLD_DEFAULT, name);
    return f ? f() : NULL;
}

static void say_plugin(const char *name, const char *library, bool built)
{
    printf("%-8s %s%s\n", name, library, built ? ", a plugin" : ": not built");
}

static void version(void)
{
    printf("tl %s\n", PACKAGE_VERSION);
    const char *config = ask("openblas_get_config"), *core = ask("openblas_get_corename");
    int (*parallel)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "openblas_get_parallel");
    if (config) {
        static const char *const builds[] = { "sequential build", "pthread build", "OpenMP build" };
        int words = 0, n = 0;                            /* "OpenBLAS 0.3.21 …flags" */
        while (config[n] && (config[n] != ' ' || ++words < 2))
            n++;
        printf("BLAS     %.*s, %s, kernels for %s\n", n, config, parallel ? builds[parallel() % 3] : "?", core ? core : "?");
    } else
        printf("BLAS     %s\n", TL_BLAS);
    printf("maths    SLEEF\n");
    printf("editor   %s\n", TL_EDITOR);
    printf("CUDA     %s\n", TL_CUDA);
    plugin_versions(say_plugin);
    printf("compiler %s\n", TL_COMPILER);
    printf("licence  of this binary: %s; of its sources: BSD-3-Clause\n", TL_LICENCE);
}

/* --- running --- */

static void on_interrupt(int sig)
{
    (void)sig;
    interrupt_flag = 1;
}

volatile sig_atomic_t program_ended;

static void on_end(int sig)                   /* as Ctrl-C, and then we leave; asked again, at once */
{
    program_ended = sig;
    interrupt_flag = 1;
}

static void on_limit(int sig) /* a file beyond ulimit -f: the write fails and says so.  A handler, since what is ignored
                                 stays so in programs we start */
{
    (void)sig;
}

static void catch_signals(void)
{
    struct sigaction a = { .sa_handler = on_interrupt };      /* no SA_RESTART: a read ends with EINTR */
    static const int ends[] = { SIGHUP, SIGTERM };
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    a.sa_handler = on_limit;
    sigaction(SIGXFSZ, &a, NULL);
    a.sa_handler = on_end;
    a.sa_flags = SA_RESETHAND;
    for (int i = 0; i < 2; i++) {
        struct sigaction was;
        if (!sigaction(ends[i], NULL, &was) && was.sa_handler != SIG_IGN)       /* nohup */
            sigaction(ends[i], &a, NULL);
    }
}

/* 0, or the status to end with: what a text that ran or failed means for the program. */
static int status_after(int failed)
{
    if (!failed)
        return 0;
    struct failure *f = failure();
    if (f->kind == FAIL_EXIT)
        return f->status;
    if (!program_ended)
        interp_report(2);
    return f->kind == FAIL_INTERRUPT ? 130 : 1;
}

static void draw_changed(void *unused)
{
    (void)unused;
    plot_changed();
}

int program_draw(void)
{
    if (program_ended || !protect(draw_changed, NULL))
        return 0;
    interp_locate();
    out_flush();
    if (failure()->kind == FAIL_INTERRUPT)
        fputs("\n", stderr);
    else
        interp_report(2);
    return 1;
}

/* `ended`: exit() was called, so that nothing more is to be run. */
static int run(const char *name, const char *text, size_t len, bool *ended)
{
    int failed = interp_run(name, text, len, RUN_FILE, 0);
    *ended = failed && failure()->kind == FAIL_EXIT;
    return status_after(failed);
}

/* A file of functions runs nothing; where they have no `end`, what was meant to run has become part of the last one. */
static void functions_alone(const char *file, const char *text, size_t len)
{
    struct parse_error e = { 0 };
    struct ast *a = parse_text(text, len, &(struct parse_options){ .name = file, .flags = PARSE_FILE }, &e);
    if (!a) {
        source_free(e.source);
        return;
    }
    if (!a->script && a->functions) {
        const struct function *f = a->function[a->functions - 1];
        bool open = f->end < 3 || f->end > a->source->len || memcmp(a->source->text + f->end - 3, "end", 3);
        out_flush();
        fprintf(stderr, "tl: %s only defines functions (%s%s): nothing has run\n", file, a->function[0]->name,
                a->functions > 1 ? ", …" : "");
        if (open)
            fprintf(stderr,
                    "  hint: %s, begun at line %d, goes on to the end of the file; an 'end' behind its last statement "
                    "closes it\n",
                    f->name, source_line(a->source, f->begin, NULL));
    }
    ast_free(a);
}

static void name_what_was_meant(void *file)
{
    file_fail_open("tl", file);
}
static int cannot_read(const char *file)
{
    if (errno == ENOENT && protect(name_what_was_meant, (void *)file)) {
        const char *m = failure()->message, *hint = strstr(m, "\nhint: ");
        fprintf(stderr, "%.*s\n%s%s%s", (int)strcspn(m, "\n"), m, hint ? "  " : "", hint ? hint + 1 : "", hint ? "\n" : "");
    } else
        fprintf(stderr, "tl: cannot read '%s': %s\n", file, strerror(errno));
    return 1;
}

static int run_file(const char *file, bool *ended)
{
    size_t len;
    char *text = program_read_file(file, &len);
    if (!text)
        return cannot_read(file);
    path_script(file);
    plot_folder(file);
    int status = run(file, text, len, ended);
    if (!status && !*ended)
        functions_alone(file, text, len);
    free(text);
    return status;
}

static int run_pipe(bool *ended)
{
    size_t len;
    char *text = program_read(stdin, &len);
    if (!text) {
        fprintf(stderr, "tl: cannot read the input: %s\n", interrupt_flag ? "interrupted" : strerror(errno));
        return interrupt_flag ? 130 : 1;
    }
    int status = run("stdin", text, len, ended);
    free(text);
    return status;
}

static int check_file(const char *file)
{
    size_t len;
    char *text = program_read_file(file, &len);
    if (!text)
        return cannot_read(file);
    struct parse_error e;
    struct parse_options o = { .name = file, .flags = PARSE_FILE };
    struct ast *a = parse_text(text, len, &o, &e);
    free(text);
    int mark = pool_mark();
    struct buf *b = buf_new();
    if (a) {
        path_script(file);
        check_names(a, b);
        ast_free(a);
    } else {
        debug_parse_error(b, &e, debug_colour(2));
        source_free(e.source);
    }
    fputs(b->s, stderr);
    pool_release(mark);
    return !a;
}

static void print_function(const char *name, void *arg)
{
    (void)arg;
    if (name[strlen(name) - 1] != '.')
        puts(name);
}

static int list_functions(void)
{
    for (int i = 0; i < registry_count(); i++)
        if (*registry_find(registry_at(i)->name)->help)       /* what has no help is for the library itself */
            puts(registry_at(i)->name);
    path_each(NULL, true, print_function, NULL);
    return 0;
}

/* $XDG_CONFIG_HOME/tl/startup.tl, before the prompt. */
static int run_startup(bool *ended)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *file = NULL;
    int n = config && *config ? asprintf(&file, "%s/tl/startup.tl", config) :
            home ? asprintf(&file, "%s/.config/tl/startup.tl", home) : -1;
    if (n < 0)
        return 0;
    size_t len;
    char *text = program_read_file(file, &len);
    int status = text ? run(file, text, len, ended) : 0;
    free(text);
    free(file);
    return *ended ? status : 0;
}

/* ./.tlrc, if it is trusted */
static int run_rc(bool *ended)
{
    size_t len;
    char *text = trust_startup(&len);
    int status = text ? run(".tlrc", text, len, ended) : 0;
    free(text);
    return *ended ? status : 0;
}

/* `tl example life`, `tl demo life`: the functions of that name */
static int run_function(const char *name, int argc, char **argv)
{
    bool ended;
    char *text = NULL;
    int status = 2;
    if (argc > 1 || (argc && strpbrk(argv[0], "'\n")))
        fprintf(stderr, "Usage: tl %s [NAME]\n", name);
    else if (asprintf(&text, argc ? "%s('%s')" : "%s", name, argc ? argv[0] : "") >= 0)
        status = run("-e", text, strlen(text), &ended);
    free(text);
    return status;
}

static int example_command(int n, char **word) { return run_function("example", n, word); }
static int demo_command(int n, char **word) { return run_function("demo", n, word); }

/* Words that are commands where a script would stand. */
static const struct command { const char *name; int (*run)(int n, char **word); const char *usage, *help;
} commands[] = {
    { "example", example_command, "example [NAME]",
      "run a program of scripts/examples or the example in a function's help; or list them" },
    { "demo", demo_command, "demo [NAME]", "the same step by step" },
    { "trust", trust_command, "trust [FOLDER]",
      "let .tlrc in the folder run before the prompt there; also --list, --remove" },
    { "notebook", notebook_command, "notebook FILE [OUT]",
      "a script with cells (%% title) as a Jupyter notebook, or back" },
    { "kernel", kernel_command, "kernel install|remove|path",
      "make tl known to Jupyter; --user, --sys-prefix or --prefix FOLDER" },
};

static int wrong(const char *what, const char *word)
{
    fprintf(stderr, "tl: %s '%s'\nTry 'tl --help'.\n", what, word);
    return 2;
}

static void new_context(void)
{
    context_enter(context_new());
    interp_start();
    before_wait = plot_changed;
}

int main(int argc, char **argv)
{
    if (borrowed)
        *borrowed = lender;
    enum { RUN, CHECK, TEST, TEST_HELP, FUNCTIONS, JSON } what = RUN;
    const char *eval[64];
    int evals = 0, i = 1;
    bool prompt = false, quiet = false, startup = true, ended = false;
    if (!setlocale(LC_CTYPE, "") ||
        !strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968")) /* the line editor must know UTF-8 */
        setlocale(LC_CTYPE, "C.UTF-8");
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        const char *a = argv[i];
        if (!strcmp(a, "--")) {
            i++;
            break;
        }
        if (!strcmp(a, "--help") || !strcmp(a, "-h")) {
            fputs(usage, stdout);
            puts("\nCommands (a script of such a name is tl ./NAME):");
            for (size_t k = 0; k < sizeof commands / sizeof *commands; k++)
                printf("  %-26s %s\n", commands[k].usage, commands[k].help);
            return fflush(stdout) ? 1 : 0;
        } else if (!strcmp(a, "--version") || !strcmp(a, "-V")) {
            version();
            return fflush(stdout) ? 1 : 0;
        } else if (!strcmp(a, "-i") || !strcmp(a, "--interactive") || !strcmp(a, "--persist"))
            prompt = true;
        else if (!strcmp(a, "-q") || !strcmp(a, "--quiet"))
            quiet = true;
        else if (!strcmp(a, "--no-startup"))
            startup = false;
        else if (!strcmp(a, "--functions"))
            what = FUNCTIONS;
        else if (!strcmp(a, "--json"))
            what = JSON;
        else if (!strcmp(a, "--check"))
            what = CHECK;
        else if (!strcmp(a, "--test"))
            what = TEST;
        else if (!strcmp(a, "--test-help"))
            what = TEST_HELP;
        else if (!strncmp(a, "-e", 2) || !strncmp(a, "--eval", 6)) {
            const char *text = !strcmp(a, "-e") || !strcmp(a, "--eval") ? i + 1 < argc ? argv[++i] : NULL :
                               !strncmp(a, "--eval=", 7) ? a + 7 : a[1] == 'e' ? a + 2 : "";
            if (!text)
                return wrong("a text is missing after", a);
            if (!*text && a[1] == '-' && strncmp(a, "--eval=", 7) && strcmp(a, "--eval"))
                return wrong("unknown option", a);
            if (evals == (int)(sizeof eval / sizeof *eval))
                return wrong("too many options", a);
            eval[evals++] = text;
        } else
            return wrong("unknown option", a);
    }
    const struct command *command = NULL;     /* the first word, when no option stands before it */
    for (size_t k = 0; k < sizeof commands / sizeof *commands && argc > 1 && i == 1; k++)
        if (!strcmp(argv[1], commands[k].name))
            command = &commands[k];
    if (what == CHECK || what == TEST) {
        if (i >= argc)
            return wrong("a file is missing after", argv[i - 1]);
    }
    catch_signals();
    int status = 0;
    new_context();
    const char *on_error = getenv("TL_DEBUG_ON_ERROR");
    if (what == RUN)
        repl_hooks();
    if (what == RUN && on_error && *on_error && strcmp(on_error, "0"))
        debug_on_error();
    if (what == TEST || what == TEST_HELP) {
        status = what == TEST ? test_files(argc - i, argv + i) : test_help(argc - i, argv + i);
        context_free(cx);
        return status;
    }
    if (what == CHECK) {
        for (; i < argc; i++)
            status |= check_file(argv[i]);
    } else if (what == FUNCTIONS) {
        status = list_functions();
    } else if (command) {
        status = command->run(argc - 2, argv + 2);
    } else if (what == JSON) {
        status = startup ? run_startup(&ended) : 0;
        if (!ended)
            status = json_serve();
    } else {
        bool from_pipe = i < argc ? !strcmp(argv[i], "-") : !evals && !prompt && !isatty(0);
        interp_set_args(i < argc ? argc - i - 1 : 0, argv + (i < argc ? i + 1 : argc));
        for (int k = 0; k < evals && !status && !ended; k++)
            status = run("-e", eval[k], strlen(eval[k]), &ended);
        if (!status && !ended) {
            if (from_pipe)
                status = run_pipe(&ended);
            else if (i < argc)
                status = run_file(argv[i], &ended);
            else if (!evals)
                prompt = true;
        }
        if (prompt && !ended) {
            status = startup ? run_startup(&ended) : 0;
            if (startup && !ended)
                status = run_rc(&ended);
            if (!ended)
                status = repl(quiet || evals || i < argc);
        }
    }
    char last[256];
    for (bool out; what == RUN && atexit_next(last, sizeof last);)
        status |= run("atexit", last, strlen(last), &out);
    if (what == RUN && status != 130)
        status |= program_draw();
    out_flush();
    context_free(cx);
    if (program_ended) {                                      /* all is closed and written: now as the signal says */
        fflush(stdout);
        signal(program_ended, SIG_DFL);
        raise(program_ended);
    }
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "tl: cannot write the output: %s\n", strerror(errno));
        return status ? status : 1;
    }
    return status;
}
