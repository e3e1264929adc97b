/* SPDX-License-Identifier: BSD-3-Clause */
/* The prompt: reads lines until the parser has a whole text, runs it, keeps the history. The line editor is GNU readline or
   libedit or nothing but getline; all that differs between them stands in `edit_…`. */
#include "config.h"
#include "interp/complete.h"
#include "interp/debug.h"
#include "interp/lex.h"
#include "interp/program.h"
#include "interp/session.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
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
#if HAVE_READLINE || HAVE_LIBEDIT
#define HAVE_EDITOR 1
#else
#define HAVE_EDITOR 0
#endif

enum { HISTORY_MOST = 5000, HISTORY_BYTES = 4 << 20, HISTORY_ENTRY = 1 << 18 };

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

static void add_entry(const char *entry)
{
    free(last_entry);
    last_entry = strdup(entry);
#if HAVE_EDITOR
    add_history(entry);
#endif
}

/* Said once: the session goes on, its lines are known until its end. */
static void no_history(int why)
{
    fprintf(stderr, "warning: what is typed is not kept for the next session: %s: %s\n", history_file, strerror(why));
    free(history_file);
    history_file = NULL;
}

static void remember(const char *entry)
{
    if (!*entry || (last_entry && !strcmp(entry, last_entry)))
        return;
#if HAVE_READLINE
    for (int i = history_length - 1; i >= 0; i--) {           /* an entry stands once, where it was used last */
        HIST_ENTRY *h = history_get(history_base + i);
        if (h && !strcmp(h->line, entry)) {
            free_history_entry(remove_history(i));
            break;
        }
    }
#endif
    add_entry(entry);
    if (!history_file)
        return;
    int fd = open(history_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600), why = errno;
    char *text = NULL;
    struct stat st;
    if (fd < 0) {
        no_history(why);
        return;
    }
    int n = asprintf(&text, "#%lld\n%s\n", (long long)time(NULL), entry);
    flock(fd, LOCK_EX);
    bool plain = !fstat(fd, &st) && S_ISREG(st.st_mode);
    errno = ENOSPC;
    if (n > 0 && write(fd, text, (size_t)n) != n) {           /* a full disk: no half entry */
        why = errno;
        if (plain && ftruncate(fd, st.st_size))
            why = errno;
        n = -1;
    }
    close(fd);
    free(text);
    if (n < 0)
        no_history(why);
}

static bool is_stamp(const char *s)
{
    return s[0] == '#' && isdigit((unsigned char)s[1]) && strspn(s + 1, "0123456789") == strcspn(s + 1, "\n");
}

/* A file that something else wrote into may hold anything: how much of an entry, in whole lines, could have been typed. */
static size_t typed_part(const char *s, size_t n)
{
    size_t line = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '\n')
            line = i + 1;
        else if ((c < ' ' && c != '\t') || c == 127)
            return line;
    }
    return n;
}

/* Of equal entries only the last stays; the others become NULL. */
static void keep_last(char **entry, int n)
{
    size_t slots = 64;
    while (slots < 2 * (size_t)n)
        slots *= 2;
    char **table = calloc(slots, sizeof *table);
    for (int i = n - 1; table && i >= 0; i--) {
        size_t at = 5381;
        for (const char *s = entry[i]; s && *s; s++)
            at = at * 33 + (unsigned char)*s;
        for (at &= slots - 1; table[at] && entry[i] && strcmp(table[at], entry[i]); at = (at + 1) & (slots - 1))
            ;
        if (table[at]) {
            free(entry[i]);
            entry[i] = NULL;
        } else {
            table[at] = entry[i];
        }
    }
    free(table);
}

static void history_load(void)
{
    size_t len;
    struct stat st;
    bool plain = history_file && !stat(history_file, &st) && S_ISREG(st.st_mode);
    char *text = plain ? program_read_file(history_file, &len) : NULL;
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
            bool good = out && fwrite(s, 1, (size_t)(end - s), out) == (size_t)(end - s);
            if ((out && fclose(out)) || !good || rename(tmp, history_file))
                unlink(tmp);
            free(tmp);
        }
    }
    char **entry = NULL;
    int n = 0, room = 0;
    while (s < end) {
        char *from = s;
        if (is_stamp(s))
            from = s = memchr(s, '\n', (size_t)(end - s)) ? (char *)memchr(s, '\n', (size_t)(end - s)) + 1 : end;
        while (s < end && !(s > from && is_stamp(s))) {
            char *eol = memchr(s, '\n', (size_t)(end - s));
            s = eol ? eol + 1 : end;
        }
        size_t len = typed_part(from, (size_t)(s - from));
        if (!len || len > HISTORY_ENTRY)
            continue;
        if (n == room) {
            char **v = realloc(entry, sizeof *v * (size_t)(room = 2 * room + 256));
            if (!v)
                break;
            entry = v;
        }
        entry[n++] = strndup(from, from[len - 1] == '\n' ? len - 1 : len);
    }
    free(text);
    keep_last(entry, n);
    for (int i = n > HISTORY_MOST ? n - HISTORY_MOST : 0; i < n; i++)
        if (entry[i])
            add_entry(entry[i]);
    for (int i = 0; i < n; i++)
        free(entry[i]);
    free(entry);
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
    rl_completion_append_character = 0;
    if (files)
        return NULL;                                          /* readline completes file names itself */
    rl_attempted_completion_over = 1;
    if (!all || from != (size_t)start) {
        complete_free(all);
        return NULL;
    }
    complete_free(completions);
    completions = all;
    return rl_completion_matches(word, next_completion);
}

#endif

#if HAVE_READLINE

/* The terminal once more, as a file of our own that never waits: Ctrl-C makes the system drop what was typed, also what
   pselect has just promised, and a plain read would then wait with the signal gone by. */
static int never_waiting(int fd)
{
    static int own = -2;
    if (own == -2) {
        const char *name = ttyname(fd);
        own = name ? open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
    }
    return own >= 0 ? own : fd;
}

/* A key. Ctrl-C leaves the line: what was typed is dropped, and Enter is what readline gets to see. Signals are let in only
   while we wait, so that none can come between the test and the wait. */
static int edit_key(FILE *in)
{
    int fd = never_waiting(fileno(in));
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
        if (!rl_pending_signal() && !interrupt_flag && !program_ended)
            n = pselect(fd + 1, &ready, NULL, NULL, NULL, &before);
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (n <= 0) {
            rl_check_signals();                               /* Ctrl-C, Ctrl-Z, a window of another size */
            if (interrupt_flag || program_ended) {
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
        if (errno != EINTR && errno != EAGAIN)
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

/* Up and Down: between the lines of a block; from its first and last line on, to the entries that begin as the text before
   the cursor did when the search began. */
static struct { char *prefix, *typed; int at; } found;
static int edit_up(int count, int key), edit_down(int count, int key);

static void search_end(void)
{
    free(found.prefix);
    free(found.typed);
    found.prefix = found.typed = NULL;
}

static void search(int step)
{
    if (!found.prefix) {
        found.prefix = strndup(rl_line_buffer, (size_t)rl_point);
        found.typed = strdup(rl_line_buffer);
        found.at = history_length;
        if (!found.prefix || !found.typed)
            return;
    }
    size_t n = strlen(found.prefix);
    for (int i = found.at + step; i >= 0 && i <= history_length; i += step) {
        const char *s = i < history_length ? history_entry(i) : found.typed;
        if (strncmp(s, found.prefix, n) || (i < history_length && !strcmp(s, rl_line_buffer)))
            continue;
        found.at = i;
        rl_replace_line(s, 1);
        rl_point = step < 0 ? (int)strcspn(s, "\n") : rl_end;         /* so that the same key leads on */
        return;
    }
    rl_ding();
}

static bool move_line(int step)
{
    const char *s = rl_line_buffer;
    int begin = rl_point, column, to;
    while (begin > 0 && s[begin - 1] != '\n')
        begin--;
    column = rl_point - begin;
    if (step < 0) {
        if (!begin)
            return false;
        to = begin - 1;
        while (to > 0 && s[to - 1] != '\n')
            to--;
    } else {
        const char *eol = strchr(s + begin, '\n');
        if (!eol)
            return false;
        to = (int)(eol - s) + 1;
    }
    int len = (int)strcspn(s + to, "\n");
    rl_point = to + (column < len ? column : len);
    while (rl_point > to && (s[rl_point] & 0xc0) == 0x80)     /* to the start of a character */
        rl_point--;
    return true;
}

static void up_or_down(int step)
{
    if (rl_last_func != edit_up && rl_last_func != edit_down)
        search_end();
    if (!move_line(step))
        search(step);
}

static int edit_up(int count, int key)
{
    (void)count, (void)key;
    up_or_down(-1);
    return 0;
}

static int edit_down(int count, int key)
{
    (void)count, (void)key;
    up_or_down(1);
    return 0;
}

static int edit_newline(int count, int key)
{
    (void)count, (void)key;
    rl_insert_text("\n");
    return 0;
}

static void bind_if(const char *keys, rl_command_func_t *was, rl_command_func_t *now)
{
    rl_command_func_t *f = rl_function_of_keyseq(keys, NULL, NULL);
    if (!f || f == was)
        rl_bind_keyseq(keys, now);
}

#endif

static bool terminal;                                         /* lines are typed, not piped in */

static void edit_start(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    terminal = isatty(0);
#if HAVE_READLINE
    rl_readline_name = "tl";
    rl_basic_word_break_characters = " \t\n\"'`@$><=;|&{(,+-*/\\^~!:[])}%#?";
    rl_completer_quote_characters = "'\"";
    rl_attempted_completion_function = edit_complete;
    rl_getc_function = edit_key;
    if (MB_CUR_MAX > 1 &&
        getenv("LC_ALL")) /* readline asks the environment before each line; main.c chose a locale that */
        setenv("LC_ALL", setlocale(LC_CTYPE, NULL), 1);       /* knows UTF-8 even if that one does not */
    else if (MB_CUR_MAX > 1)
        setenv("LC_CTYPE", setlocale(LC_CTYPE, NULL), 1);
    rl_initialize();
    static const char *const up[] = { "\033[A", "\033OA" }, *const down[] = { "\033[B", "\033OB" };
    for (int i = 0; i < 2; i++) {
        bind_if(up[i], rl_get_previous_history, edit_up);
        bind_if(down[i], rl_get_next_history, edit_down);
    }
    bind_if("\033\r", rl_vi_editing_mode, edit_newline);      /* Alt-Enter: a line more, where Enter would end the block */
    stifle_history(HISTORY_MOST);
    session_hooks.read = edit_line;
    session_hooks.history_count = history_count;
    session_hooks.history_entry = history_entry;
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
        if (interrupt_flag || program_ended) {
#if HAVE_LIBEDIT
            fputs("\n", stdout);                              /* readline has ended the line itself */
#endif
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

bool prompt_incomplete(const char *text)
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

/* Pasted from a session: lines begin with the prompt.  What stands between them is what was answered, unless a block
 * goes on. */
static void strip_prompts(char *text)
{
    if (strncmp(text, ">> ", 3))
        return;
    char *to = text, *statement = text;
    for (char *s = text; *s; ) {
        bool prompt = !strncmp(s, ">> ", 3) || !strncmp(s, ".. ", 3);
        char *eol = s + strcspn(s, "\n"), *next = *eol ? eol + 1 : eol;
        if (prompt && *s == '>')
            statement = to;
        bool wanted = prompt;
        if (!prompt) {
            char was = *to;
            *to = 0;
            wanted = prompt_incomplete(statement);
            *to = was;
        }
        if (wanted) {
            s += prompt ? 3 : 0;
            memmove(to, s, (size_t)(next - s));
            to += next - s;
        }
        s = next;
    }
    *to = 0;
}

static const char *prompts[2] = { ">> ", ".. " };

/* A whole text, asking for lines until the parser is content. NULL: end of input, or Ctrl-C. */
static char *read_text(const char *prompt)
{
    char *text = edit_line(prompt);
    if (!text)
        return NULL;
    strip_prompts(text);
    while (text[0] != '!' && text[0] != '?' && prompt_incomplete(text)) {
        char *line = edit_line(prompts[1]);
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

/* `! words` is for the shell.  `!word` is if word means nothing here, or if it is a program and what follows is no
   operand of a function: `!ls -l`, `!cat file`, but `!isempty(x)`, `!any (x)`, `!rand > 0.5`, `!true`. */
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
    if (interp_function(word).kind == FN_NONE)
        return true;
    if (!strcmp(word, "true") || !strcmp(word, "false") || !path_program(word))
        return false;
    const char *rest = s + n, *t = rest + strspn(rest, " \t");
    if (!*t || *t == '\n')
        return true;
    size_t ops = strspn(t, "+-*/\\^<>=~!&|.,:;'");
    return t > rest && *t != '(' && *t != ';' && *t != ',' && !(ops && isspace((unsigned char)t[ops]));
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

/* --- `time on`: what each command took --- */

struct used { double seconds, bytes; };

static struct used used_now(void)
{
    struct timespec t;
    double pages = 0;
    if (time_shown) {
        FILE *in = fopen("/proc/self/statm", "r");
        if (in && fscanf(in, "%*f %lf", &pages) != 1)
            pages = 0;
        if (in)
            fclose(in);
    }
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct used){ (double)t.tv_sec + 1e-9 * (double)t.tv_nsec, pages * (double)sysconf(_SC_PAGESIZE) };
}

static void show_used(struct used before)
{
    struct used now = used_now();
    if (before.bytes > 0)                                     /* it was on before */
        printf("[%.4f s, %+.1f MB]\n", now.seconds - before.seconds, (now.bytes - before.bytes) / 1e6);
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

/* The debugger's prompt: a text to be run. */
static char *ask_text(const char *prompt)
{
    edit_start();
    for (;;) {
        char *text = program_ended ? NULL : read_text(prompt);
        session_hooks.ended = program_ended != 0;
        if (!text)
            return NULL;
        if (terminal && text[strspn(text, " \t\n")])
            remember(text);
        session_typed(text);
        struct step step = { text, STEP_RUN };
        if (protect(decide, &step))
            interp_report(2);
        else if (step.kind == STEP_RUN)
            return text;
        else if (step.kind == STEP_SHELL)
            shell(text + 1);
        free(text);
        out_flush();
    }
}

void repl_hooks(void)
{
    session_hooks.ask = ask_text;
}

int prompt_run(char *text, int flags)
{
    struct step step = { text, STEP_RUN };
    path_refresh();
    int failed = protect(decide, &step);
    if (!failed && step.kind == STEP_SHELL)
        shell(text + 1);
    else if (!failed && step.kind == STEP_RUN)
        failed = interp_run("", text, strlen(text), flags, 0);
    return failed;
}

int repl(bool quiet)
{
    int status = 0;
    edit_start();
    if (terminal) {
        if (HAVE_EDITOR && debug_colour(1)) {
            prompts[0] = "\001\033[1;34m\002>>\001\033[0m\002 ";       /* \1 and \2: not to be counted as columns */
            prompts[1] = "\001\033[1;34m\002..\001\033[0m\002 ";
        }
        history_name();
        history_load();
        if (!quiet)
            greet();
    }
    for (;;) {
        program_draw();
        out_flush();
        interrupt_flag = 0;
        char *text = program_ended ? NULL : read_text(prompts[0]);
        if (!text) {
            if (interrupt_flag && !program_ended)
                continue;
            if (terminal)
                fputs("\n", stdout);
            break;
        }
        if (terminal && text[strspn(text, " \t\n")])
            remember(text);
        session_typed(text);
        struct used before = used_now();
        int failed = prompt_run(text, isatty(1) ? RUN_PROMPT : 0);
        free(text);
        out_flush();
        if (time_shown)
            show_used(before);
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
    search_end();
#endif
    free(last_entry);
    free(history_file);
    return status;
}
