/* SPDX-License-Identifier: BSD-3-Clause */
/* The prompt: reads lines until the parser has a whole text, runs it, keeps the history. The line editor is GNU readline or
   libedit or nothing but getline; all that differs between them stands in `edit_…`. */
#include "config.h"
#include "interp/complete.h"
#include "interp/lex.h"
#include "interp/program.h"
#include "interp/session.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if HAVE_READLINE
#include <readline/history.h>
#include <readline/readline.h>
#elif HAVE_LIBEDIT
#include <editline/readline.h>
#endif
#define HAVE_EDITOR (HAVE_READLINE || HAVE_LIBEDIT)

enum { HISTORY_MOST = 5000, HISTORY_BYTES = 4 << 20 };

/* --- history: "#seconds", newline, the entry with its newlines; appended and locked entry by entry --- */

static char *history_file;
static char *last_entry;

static void make_folders(char *file)
{
    for (char *s = file + 1; (s = strchr(s, '/')); s++) {
        *s = 0;
        mkdir(file, 0700);
        *s = '/';
    }
}

static void history_name(void)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = state && *state ? asprintf(&history_file, "%s/tl/history", state) :
            home && *home ? asprintf(&history_file, "%s/.local/state/tl/history", home) : -1;
    if (n < 0)
        history_file = NULL;
    else
        make_folders(history_file);
}

static void remember(const char *entry, bool keep)
{
    if (!*entry || (last_entry && !strcmp(entry, last_entry)))
        return;
    free(last_entry);
    last_entry = strdup(entry);
#if HAVE_READLINE
    for (int i = history_length - 1; i >= 0; i--) {           /* an entry stands once, where it was used last */
        HIST_ENTRY *h = history_get(history_base + i);
        if (h && !strcmp(h->line, entry)) {
            free_history_entry(remove_history(i));
            break;
        }
    }
#endif
#if HAVE_EDITOR
    add_history(entry);
#endif
    if (!keep || !history_file)
        return;
    int fd = open(history_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    char *text = NULL;
    if (fd < 0)
        return;
    int n = asprintf(&text, "#%lld\n%s\n", (long long)time(NULL), entry);
    flock(fd, LOCK_EX);
    if (n > 0 && write(fd, text, (size_t)n) != n)
        n = 0;                                                /* a full disk: the session goes on */
    close(fd);
    free(text);
}

static bool is_stamp(const char *s)
{
    return s[0] == '#' && isdigit((unsigned char)s[1]) && strspn(s + 1, "0123456789") == strcspn(s + 1, "\n");
}

static void history_load(void)
{
    size_t len;
    char *text = history_file ? program_read_file(history_file, &len) : NULL;
    if (!text)
        return;
    char *end = text + len, *s = text;
    if (len > HISTORY_BYTES / 2)                              /* old ones are left, and in the file cut off below */
        for (s = end - HISTORY_BYTES / 4; s < end && !(is_stamp(s) && s[-1] == '\n'); s++)
            ;
    if (len > HISTORY_BYTES) {
        char *tmp = NULL;
        if (asprintf(&tmp, "%s.new", history_file) >= 0) {
            FILE *out = fopen(tmp, "w");
            if (out && fwrite(s, 1, (size_t)(end - s), out) == (size_t)(end - s) && !fclose(out))
                rename(tmp, history_file);
            free(tmp);
        }
    }
    while (s < end) {
        char *entry = s;
        if (is_stamp(s))
            entry = s = memchr(s, '\n', (size_t)(end - s)) ? (char *)memchr(s, '\n', (size_t)(end - s)) + 1 : end;
        while (s < end && !(s > entry && is_stamp(s))) {
            char *eol = memchr(s, '\n', (size_t)(end - s));
            s = eol ? eol + 1 : end;
        }
        size_t n = (size_t)(s - entry);
        if (n && entry[n - 1] == '\n')
            n--;
        char *copy = strndup(entry, n);
        if (copy)
            remember(copy, false);
        free(copy);
    }
    free(text);
}

/* --- the line editor --- */

#if HAVE_EDITOR

static char **completions;
static int completion_at;

static char *next_completion(const char *word, int state)
{
    (void)word;
    if (!state)
        completion_at = 0;
    return completions && completions[completion_at] ? strdup(completions[completion_at++]) : NULL;
}

static char **edit_complete(const char *word, int start, int end)
{
    size_t from = 0;
    int files = 0;
    (void)word;
    char **all = complete(rl_line_buffer, (size_t)end, &from, &files);
    if (files)
        return NULL;                                          /* readline completes file names itself */
    rl_attempted_completion_over = 1;
    if (!all || from != (size_t)start) {
        complete_free(all);
        return NULL;
    }
    complete_free(completions);
    completions = all;
    char **m = rl_completion_matches(word, next_completion);
    rl_completion_append_character = 0;
    return m;
}

#endif

#if HAVE_READLINE

/* A key. Ctrl-C leaves the line: what was typed is dropped, and Enter is what readline gets to see. Signals are let in only
   while we wait, so that none can come between the test and the wait. */
static int edit_key(FILE *in)
{
    int fd = fileno(in);
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    for (;;) {
        fd_set ready;
        int n = -1;
        FD_ZERO(&ready);
        FD_SET(fd, &ready);
        sigprocmask(SIG_BLOCK, &block, &before);
        errno = EINTR;
        if (!rl_pending_signal() && !interrupt_flag)
            n = pselect(fd + 1, &ready, NULL, NULL, NULL, &before);
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (n <= 0) {
            rl_check_signals();                               /* Ctrl-C, Ctrl-Z, a window of another size */
            if (interrupt_flag) {
                rl_replace_line("", 0);
                return '\n';
            }
            if (n < 0 && errno != EINTR)
                return READERR;
            continue;
        }
        unsigned char c;
        ssize_t got = read(fd, &c, 1);
        if (got == 1)
            return c;
        if (got == 0)
            return EOF;
        if (errno != EINTR)
            return READERR;
    }
}

static int history_count(void) { return history_length; }
static const char *history_entry(int i)
{
    HIST_ENTRY *h = history_get(history_base + i);
    return h ? h->line : "";
}

static char *edit_line(const char *prompt);

static void bind_if(const char *keys, rl_command_func_t *was, rl_command_func_t *now)
{
    if (rl_function_of_keyseq(keys, NULL, NULL) == was)
        rl_bind_keyseq(keys, now);
}

#endif

static bool terminal;                                         /* lines are typed, not piped in */

static void edit_start(void)
{
    terminal = isatty(0);
#if HAVE_READLINE
    rl_readline_name = "tl";
    rl_basic_word_break_characters = " \t\n\"'`@$><=;|&{(,+-*/\\^~!:[])}%#?";
    rl_completer_quote_characters = "'\"";
    rl_attempted_completion_function = edit_complete;
    rl_getc_function = edit_key;
    rl_initialize();
    bind_if("\033[A", rl_get_previous_history, rl_history_search_backward);      /* prefix and Up */
    bind_if("\033[B", rl_get_next_history, rl_history_search_forward);
    bind_if("\033OA", rl_get_previous_history, rl_history_search_backward);
    bind_if("\033OB", rl_get_next_history, rl_history_search_forward);
    stifle_history(HISTORY_MOST);
    session_hooks = (struct session_hooks){ edit_line, history_count, history_entry };
#elif HAVE_LIBEDIT
    rl_readline_name = "tl";
    rl_basic_word_break_characters = " \t\n\"'`@$><=;|&{(,+-*/\\^~!:[])}%#?";
    rl_attempted_completion_function = edit_complete;
    rl_initialize();
    stifle_history(HISTORY_MOST);
#endif
}

/* malloc'd; NULL at the end of input or, with interrupt_flag set, after Ctrl-C. */
static char *edit_line(const char *prompt)
{
#if HAVE_EDITOR
    if (terminal) {
        char *s = readline(prompt);
        if (interrupt_flag) {
            free(s);
            return NULL;
        }
        return s;
    }
#endif
    char *s = NULL;
    size_t room = 0;
    if (terminal) {
        fputs(prompt, stdout);
        fflush(stdout);
    }
    ssize_t n = getline(&s, &room, stdin);
    if (n < 0) {
        if (interrupt_flag && terminal)
            fputs("\n", stdout);
        free(s);
        clearerr(stdin);
        return NULL;
    }
    if (n && s[n - 1] == '\n')
        s[n - 1] = 0;
    return s;
}

/* --- one text --- */

/* Pasted from a session: lines begin with the prompt. */
static void strip_prompts(char *text)
{
    if (strncmp(text, ">> ", 3))
        return;
    char *to = text;
    for (char *s = text; *s; ) {
        if (!strncmp(s, ">> ", 3) || !strncmp(s, ".. ", 3))
            s += 3;
        while (*s && (*to++ = *s++) != '\n')
            ;
    }
    *to = 0;
}

static bool is_incomplete(const char *text)
{
    struct parse_error e;
    struct parse_options o = { .flags = PARSE_MORE, .is_variable = interp_is_variable };
    struct ast *a = parse_text(text, strlen(text), &o, &e);
    if (a) {
        ast_free(a);
        return false;
    }
    source_free(e.source);
    return e.incomplete;
}

/* A whole text, asking for lines until the parser is content. NULL: end of input, or Ctrl-C. */
static char *read_text(void)
{
    char *text = edit_line(">> ");
    if (!text)
        return NULL;
    strip_prompts(text);
    while (text[0] != '!' && text[0] != '?' && is_incomplete(text)) {
        char *line = edit_line(".. ");
        if (!line) {
            if (interrupt_flag) {
                free(text);
                return NULL;
            }
            break;                                            /* run says what is missing */
        }
        char *both = NULL;
        if (asprintf(&both, "%s\n%s", text, line) < 0)
            both = NULL;
        free(text);
        free(line);
        if (!(text = both))
            return NULL;
    }
    return text;
}

static void shell(const char *command)
{
    fflush(stdout);
    int status = system(command);
    if (status == -1)
        fprintf(stderr, "!: %s\n", strerror(errno));
    interrupt_flag = 0;
}

/* `!word` is for the shell if word means nothing here; `! word` always is. */
static bool is_shell(const char *text)
{
    char word[128];
    size_t n = 0;
    if (text[0] != '!' || !text[1])
        return false;
    if (isspace((unsigned char)text[1]))
        return true;
    const char *s = text + 1;
    while (n + 1 < sizeof word && (isalnum((unsigned char)s[n]) || s[n] == '_'))
        n++;
    if (!n)
        return s[0] == '.' || s[0] == '/' || s[0] == '~';
    memcpy(word, s, n);
    word[n] = 0;
    if (isdigit((unsigned char)word[0]) || is_keyword(word) || interp_is_variable(NULL, word))
        return false;
    return interp_function(word).kind == FN_NONE;
}

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    size_t n = strlen(s);
    while (n && (isspace((unsigned char)s[n - 1]) || s[n - 1] == ';'))
        s[--n] = 0;
    return s;
}

static void ask_help(char *text)
{
    bool source = text[1] == '?' && text[strspn(text, "? \t\n")];
    char *name = trim(text + 1 + (text[1] == '?'));
    int mark = pool_mark();
    struct buf *b = buf_new();
    if (source)
        help_source(b, name);
    else
        help_text(b, name);
    session_page(b->s, b->n);
    pool_release(mark);
}

static void greet(void)
{
    printf("tl %s. Type `help` for help, `exit` or Ctrl-D to leave.\n", PACKAGE_VERSION);
}

/* What must be said inside protect, since looking up a name may read and parse a file. */
struct step { char *text; int kind; };
enum { STEP_RUN, STEP_SHELL, STEP_HELP };

static void decide(void *arg)
{
    struct step *s = arg;
    s->kind = s->text[0] == '?' ? STEP_HELP : is_shell(s->text) ? STEP_SHELL : STEP_RUN;
    if (s->kind == STEP_HELP)
        ask_help(s->text);
}

int repl(bool quiet)
{
    int status = 0;
    edit_start();
    if (terminal) {
        history_name();
        history_load();
        if (!quiet)
            greet();
    }
    for (;;) {
        out_flush();
        interrupt_flag = 0;
        char *text = read_text();
        if (!text) {
            if (interrupt_flag)
                continue;
            if (terminal)
                fputs("\n", stdout);
            break;
        }
        if (terminal && text[strspn(text, " \t\n")])
            remember(text, true);
        session_typed(text);
        path_refresh();
        struct step step = { text, STEP_RUN };
        int failed = protect(decide, &step);
        if (failed)
            interp_report(2);
        else if (step.kind == STEP_SHELL)
            shell(text + 1);
        else if (step.kind == STEP_RUN)
            failed = interp_run("", text, strlen(text), isatty(1) ? RUN_PROMPT : 0, 0);
        free(text);
        out_flush();
        if (!failed)
            continue;
        struct failure *f = failure();
        if (f->kind == FAIL_EXIT) {
            status = f->status;
            break;
        }
        if (f->kind == FAIL_INTERRUPT)
            fputs("\n", stderr);
        interp_report(2);
    }
#if HAVE_EDITOR
    complete_free(completions);
#endif
#if HAVE_READLINE
    clear_history();
#endif
    free(last_entry);
    free(history_file);
    return status;
}
