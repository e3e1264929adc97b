/* SPDX-License-Identifier: BSD-3-Clause */
/* `tl --json`: the prompt for programs – a Jupyter kernel, an editor, a test. One JSON object a line in, one a line
 * out:
 *
 *   {"id":7,"op":"execute","code":"x = 2"}      {"ev":"stream","name":"stdout","text":"x = 2\n"} …
 * {"ev":"done","id":7,"ok":true}
 *   {"id":8,"op":"complete","code":…,"pos":…}   {"ev":"done","id":8,"matches":[…],"start":…}      positions count
 * characters
 *   {"id":9,"op":"help","code":…,"pos":…}       {"ev":"done","id":9,"text":…}                     of the name at pos;
 * "" if none
 *   {"id":1,"op":"is_complete","code":…} {"ev":"done","id":1,"state":"complete"|"incomplete"|"invalid","indent":…}
 *   {"id":2,"op":"workspace"}                   {"ev":"done","id":2,"variables":[{"name":…,"class":…,"size":…}]}
 *   {"id":3,"op":"interrupt"}                   as Ctrl-C, at once, also while another request runs
 *   {"id":4,"op":"input","text":…}              the answer to {"ev":"input","prompt":…}, which `input` and `keyboard`
 * send
 *   {"id":5,"op":"quit"}                        or the end of the input
 *
 * An execute that fails sends {"ev":"error","ename","evalue","traceback":[…]} before its done (then "ok":false);
 * pictures come as
 * {"ev":"display","data":{MIME: text or base64}}. What is no request is answered by {"ev":"error"} and changes nothing.
 *
 * The real output is kept on a descriptor of its own, and what anybody prints – libraries and started programs too –
 * goes through two pipes that a second thread turns into stream events; that thread also reads the requests, so that an
 * interrupt is seen at once. `done` is sent only after the pipes are empty: the main thread asks for that through a
 * third pipe and waits. */
#define clone libc_clone                      /* sched.h has a clone() under GNU names, value.h another */
#include <pthread.h>
#undef clone
#include "config.h"
#include "interp/complete.h"
#include "interp/lex.h"
#include "interp/program.h"
#include "interp/session.h"
#include "plot/figure.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <unistd.h>

enum { LINE_MOST = 1 << 28 };

static int real_in, real_out, stream[2], ask[2];             /* stream: read ends of what was fd 1 and 2 */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER, queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER, drained = PTHREAD_COND_INITIALIZER;
static struct request { json_t *j; struct request *next; } *first, **last = &first;
static bool ended;                                            /* nothing more comes */
static unsigned asked, answered;                              /* drains */
static pthread_t main_thread;
static bool running;                                          /* an execute, so that SIGINT means something */

/* --- out --- */

static void send_event(json_t *e)
{
    char *s = json_dumps(e, JSON_COMPACT | JSON_ENSURE_ASCII);
    size_t n = s ? strlen(s) : 0, at = 0;
    json_decref(e);
    if (!s)
        return;
    s[n++] = '\n';                                            /* in the place of the final NUL */
    pthread_mutex_lock(&writing);
    while (at < n) {
        ssize_t k = write(real_out, s + at, n - at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;                                            /* nobody listens: the end of the input follows */
        at += (size_t)k;
    }
    pthread_mutex_unlock(&writing);
    free(s);
}

/* How many bytes the character at s takes; 0: it goes on behind the end, -1: no UTF-8. */
static int utf8_length(const unsigned char *s, size_t n)
{
    int len = *s < 0x80 ? 1 : *s < 0xc2 ? -1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : -1;
    for (int i = 1; i < len; i++) {
        if ((size_t)i >= n)
            return 0;
        if ((s[i] & 0xc0) != 0x80 || (i == 1 && ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
                                                (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))))
            return -1;
    }
    return len;
}

/* Bytes as a JSON text: what is no UTF-8 becomes U+FFFD. *left: bytes at the end that may go on in the next piece. */
static json_t *text_json(const char *text, size_t n, size_t *left)
{
    const unsigned char *s = (const unsigned char *)text;
    char *out = malloc(3 * n + 1);
    size_t at = 0, m = 0;
    while (out && at < n) {
        int len = utf8_length(s + at, n - at);
        if (!len && left)
            break;
        if (len <= 0) {
            memcpy(out + m, "\xef\xbf\xbd", 3);
            m += 3;
            at++;
            continue;
        }
        memcpy(out + m, s + at, (size_t)len);
        m += (size_t)len;
        at += (size_t)len;
    }
    if (left)
        *left = n - at;
    json_t *j = out ? json_stringn(out, m) : NULL;
    free(out);
    return j ? j : json_string("");
}

static void say_error(const char *name, const char *message, json_t *traceback)
{
    send_event(json_pack("{s:s, s:s, s:o, s:o}", "ev", "error", "ename", name, "evalue",
                         text_json(message, strlen(message), NULL), "traceback", traceback ? traceback : json_array()));
}

static void done(json_t *request, json_t *fields)
{
    json_t *id = json_object_get(request, "id");
    json_object_set_new(fields, "ev", json_string("done"));
    if (id)
        json_object_set(fields, "id", id);
    send_event(fields);
}

/* --- the second thread --- */

static void put_request(json_t *j)
{
    struct request *r = malloc(sizeof *r);
    if (!r) {
        json_decref(j);
        return;
    }
    *r = (struct request){ j, NULL };
    pthread_mutex_lock(&queue_lock);
    *last = r;
    last = &r->next;
    pthread_cond_signal(&arrived);
    pthread_mutex_unlock(&queue_lock);
}

static void take_line(const char *s, size_t n)
{
    json_error_t why;
    if (strspn(s, " \t\r") >= n)
        return;
    json_t *j = json_loadb(s, n, JSON_REJECT_DUPLICATES, &why);
    const char *op = json_string_value(json_object_get(j, "op"));
    if (!op) {
        char text[300];
        snprintf(text, sizeof text, "not a request: %s", j ? "it has no \"op\"" : why.text);
        say_error("tl:bad-request", text, NULL);
        json_decref(j);
    } else if (!strcmp(op, "interrupt")) {
        pthread_mutex_lock(&queue_lock);
        if (running)
            pthread_kill(main_thread, SIGINT);
        pthread_mutex_unlock(&queue_lock);
        done(j, json_object());
        json_decref(j);
    } else {
        put_request(j);
    }
}

static void no_more(void)
{
    pthread_mutex_lock(&queue_lock);
    ended = true;
    pthread_cond_signal(&arrived);
    pthread_mutex_unlock(&queue_lock);
}

/* All that is in a pipe now; false: it was empty. */
static bool pass_on(int k)
{
    static char piece[2][65536 + 8];
    static size_t kept[2];
    ssize_t n = read(stream[k], piece[k] + kept[k], 65536);
    if (n <= 0)
        return false;
    size_t have = kept[k] + (size_t)n;
    json_t *text = text_json(piece[k], have, &kept[k]);
    memmove(piece[k], piece[k] + have - kept[k], kept[k]);
    send_event(json_pack("{s:s, s:s, s:o}", "ev", "stream", "name", k ? "stderr" : "stdout", "text", text));
    return true;
}

static void *serve_pipes(void *unused)
{
    (void)unused;
    char *line = NULL;
    size_t n = 0, room = 0;
    bool open = true;
    for (;;) {
        fd_set ready;
        const int fds[] = { ask[0], stream[0], stream[1], real_in };
        int top = 0;
        FD_ZERO(&ready);
        for (int i = 0; i < 3 + open; i++) {
            FD_SET(fds[i], &ready);
            top = fds[i] > top ? fds[i] : top;
        }
        if (select(top + 1, &ready, NULL, NULL, NULL) < 0)
            continue;
        if ((FD_ISSET(stream[0], &ready) || FD_ISSET(stream[1], &ready)) && !FD_ISSET(ask[0], &ready)) {
            struct timeval wait = { 0, 3000 };                /* lines printed one after another make one event */
            fd_set only;
            FD_ZERO(&only);
            FD_SET(ask[0], &only);
            select(ask[0] + 1, &only, NULL, NULL, &wait);
        }
        for (int k = 0; k < 2; k++)
            if (FD_ISSET(stream[k], &ready))
                pass_on(k);
        if (FD_ISSET(ask[0], &ready)) {
            char c;
            while (pass_on(0) || pass_on(1))
                ;
            if (read(ask[0], &c, 1) <= 0)
                break;
            pthread_mutex_lock(&queue_lock);
            answered++;
            pthread_cond_signal(&drained);
            pthread_mutex_unlock(&queue_lock);
        }
        if (!open || !FD_ISSET(real_in, &ready))
            continue;
        if (room - n < 65536) {
            char *more = n > LINE_MOST ? NULL : realloc(line, room = 2 * room + 131072);
            if (!more) {
                say_error("tl:bad-request", "a request is too long", NULL);
                no_more();
                open = false;
                continue;
            }
            line = more;
        }
        ssize_t got = read(real_in, line + n, room - n);
        if (got <= 0) {
            if (got < 0 && (errno == EINTR || errno == EAGAIN))
                continue;
            no_more();
            open = false;
            continue;
        }
        n += (size_t)got;
        char *from = line, *eol;
        while ((eol = memchr(from, '\n', n - (size_t)(from - line)))) {
            *eol = 0;
            take_line(from, (size_t)(eol - from));
            from = eol + 1;
        }
        n -= (size_t)(from - line);
        memmove(line, from, n);
    }
    free(line);
    return NULL;
}

/* Back when all that was printed has been sent. */
static void drain(void)
{
    out_flush();
    fflush(stderr);
    pthread_mutex_lock(&queue_lock);
    asked++;
    if (write(ask[1], "?", 1) == 1)
        while (answered != asked)
            pthread_cond_wait(&drained, &queue_lock);
    pthread_mutex_unlock(&queue_lock);
}

/* NULL: the end. */
static json_t *next_request(void)
{
    pthread_mutex_lock(&queue_lock);
    while (!first && !ended)
        pthread_cond_wait(&arrived, &queue_lock);
    struct request *r = first;                                /* what was asked before the input ended is still done */
    json_t *j = r ? r->j : NULL;
    if (r && !(first = r->next))
        last = &first;
    pthread_mutex_unlock(&queue_lock);
    free(r);
    return j;
}

static void set_running(bool on)
{
    pthread_mutex_lock(&queue_lock);
    running = on;
    pthread_mutex_unlock(&queue_lock);
}

/* --- what is asked --- */

static const char *string_of(json_t *request, const char *field)
{
    const char *s = json_string_value(json_object_get(request, field));
    return s ? s : "";
}

/* `input` asks whoever sent the request; anything else that comes meanwhile waits. */
static char *ask_input(const char *prompt)
{
    drain();
    send_event(json_pack("{s:s, s:o}", "ev", "input", "prompt", text_json(prompt, strlen(prompt), NULL)));
    char *answer = NULL;
    while (!answer && !interrupt_flag) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 50000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        pthread_mutex_lock(&queue_lock);
        if (!first && !ended)
            pthread_cond_timedwait(&arrived, &queue_lock, &until);
        struct request **at = &first;
        while (*at && strcmp(string_of((*at)->j, "op"), "input"))
            at = &(*at)->next;
        struct request *r = *at;
        if (r) {
            *at = r->next;
            if (!*at)
                last = at;
        }
        bool over = ended;
        pthread_mutex_unlock(&queue_lock);
        if (r) {
            answer = strdup(string_of(r->j, "text"));
            json_decref(r->j);
            free(r);
        } else if (over)
            break;
    }
    return answer;
}

static void show_media(const char *mime, const void *data, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    json_t *text;
    drain();                                                  /* the picture stands behind what was printed before it */
    if (!strncmp(mime, "text/", 5) || !strcmp(mime, "image/svg+xml")) {
        text = text_json(data, n, NULL);
    } else {
        const unsigned char *s = data;
        char *out = malloc(4 * ((n + 2) / 3) + 1), *p = out;
        for (size_t i = 0; out && i < n; i += 3) {
            unsigned v = (unsigned)s[i] << 16 | (i + 1 < n ? s[i + 1] : 0u) << 8 | (i + 2 < n ? s[i + 2] : 0u);
            *p++ = digit[v >> 18];
            *p++ = digit[v >> 12 & 63];
            *p++ = i + 1 < n ? digit[v >> 6 & 63] : '=';
            *p++ = i + 2 < n ? digit[v & 63] : '=';
        }
        text = out ? json_stringn(out, (size_t)(p - out)) : json_string("");
        free(out);
    }
    send_event(json_pack("{s:s, s:{s:o}}", "ev", "display", "data", mime, text));
}

static void report_error(void)
{
    struct failure *f = failure();
    int mark = pool_mark();
    struct buf *b = buf_new();
    interp_report_text(b, false);
    json_t *lines = json_array();
    for (char *s = b->s, *eol; *s; s = *eol ? eol + 1 : eol) {
        eol = s + strcspn(s, "\n");
        json_array_append_new(lines, text_json(s, (size_t)(eol - s), NULL));
    }
    const char *message = f->message ? f->message : f->kind == FAIL_INTERRUPT ? "interrupted" : "out of memory";
    char *line = strndup(message, strcspn(message, "\n"));
    const char *id = f->kind == FAIL_INTERRUPT ? "interrupt" : f->id && *f->id ? f->id : "error";
    say_error(id, line ? line : "", lines);
    free(line);
    pool_release(mark);
}

/* `%%file name` as a cell's first line writes the rest of the cell. */
static int write_cell(const char *code)
{
    const char *name = code + strspn(code, " \t");
    size_t n = strcspn(name, "\r\n");
    const char *text = name[n] ? strchr(name, '\n') + 1 : "";
    while (n && isspace((unsigned char)name[n - 1]))
        n--;
    char *file = strndup(name, n);
    FILE *f = file && n ? fopen(file, "w") : NULL;
    bool good = f && fputs(text, f) >= 0;
    if (f && fclose(f))
        good = false;
    if (good) {
        printf("wrote %s\n", file);
    } else {
        char message[400];
        snprintf(message, sizeof message, "%%%%file: cannot write '%.300s': %s", file ? file : "",
                 n ? strerror(errno) : "a name is missing");
        say_error("tl:cannot-write", message, NULL);
    }
    free(file);
    return !good;
}

static void draw(void *unused)
{
    (void)unused;
    plot_changed();
}

/* false: exit() was called */
static bool execute(json_t *request, int *status)
{
    const char *code = string_of(request, "code");
    interrupt_flag = 0;
    set_running(true);
    bool file = !strncmp(code, "%%file", 6) && strchr(" \t\r\n", code[6]), go_on = true;
    char *copy = strdup(code);
    int failed = !copy ? 1 : file ? write_cell(code + 6) : prompt_run(copy, RUN_PROMPT);
    free(copy);
    struct failure *f = failure();
    if (!failed)
        failed = protect(draw, NULL);
    set_running(false);
    drain();
    if (failed && !file) {
        if (f->kind == FAIL_EXIT) {
            *status = f->status;
            go_on = false;
            failed = 0;
        } else
            report_error();
    }
    interrupt_flag = 0;
    done(request, json_pack("{s:b}", "ok", !failed));
    return go_on;
}

/* Characters to bytes and back. */
static size_t byte_at(const char *s, json_int_t chars)
{
    size_t i = 0;
    for (; s[i] && chars > 0; chars--)
        for (i++; (s[i] & 0xc0) == 0x80; i++)
            ;
    return i;
}

static json_int_t chars_to(const char *s, size_t bytes)
{
    json_int_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += (s[i] & 0xc0) != 0x80;
    return n;
}

static void offer(json_t *request)
{
    const char *code = string_of(request, "code");
    json_t *pos = json_object_get(request, "pos"), *matches = json_array();
    size_t at = json_is_integer(pos) ? byte_at(code, json_integer_value(pos)) : strlen(code), from = at;
    int files = 0;
    char **all = complete(code, at, &from, &files);
    for (int i = 0; all && all[i]; i++)
        json_array_append_new(matches, text_json(all[i], strlen(all[i]), NULL));
    complete_free(all);
    done(request, json_pack("{s:o, s:I}", "matches", matches, "start", chars_to(code, all ? from : at)));
}

struct asked_help { const char *name; json_t *text; };

static void look_up(void *arg)
{
    struct asked_help *a = arg;
    struct buf *b = buf_new();
    if (help_text(b, a->name))
        a->text = text_json(b->s, b->n, NULL);
}

/* Of the name that the position is in or behind, with its package: nn.Linear. */
static void explain(json_t *request)
{
    const char *code = string_of(request, "code");
    json_t *pos = json_object_get(request, "pos");
    size_t at = json_is_integer(pos) ? byte_at(code, json_integer_value(pos)) : strlen(code), begin = at, end = at;
    while (begin && (code[begin - 1] == '(' || code[begin - 1] == ' ') && !isalnum((unsigned char)code[at]))
        begin--, end--;
    while (begin && (isalnum((unsigned char)code[begin - 1]) || code[begin - 1] == '_' || code[begin - 1] == '.'))
        begin--;
    while (isalnum((unsigned char)code[end]) || code[end] == '_')
        end++;
    struct asked_help a = { strndup(code + begin, end - begin), NULL };
    if (a.name && *a.name)
        protect(look_up, &a);
    free((char *)a.name);
    done(request, json_pack("{s:o}", "text", a.text ? a.text : json_string("")));
}

static void tell_complete(json_t *request)
{
    const char *code = string_of(request, "code");
    struct parse_error e;
    struct parse_options o = { .flags = PARSE_MORE, .is_variable = interp_is_variable };
    struct ast *a = parse_text(code, strlen(code), &o, &e);
    const char *state = a || code[0] == '!' || code[0] == '?' || !strncmp(code, "%%", 2) ? "complete"
                        : e.incomplete                                                   ? "incomplete"
                                                                                         : "invalid";
    if (a)
        ast_free(a);
    else
        source_free(e.source);
    done(request, json_pack("{s:s, s:s}", "state", state, "indent", strcmp(state, "incomplete") ? "" : "  "));
}

static void add_variable(const char *name, void *list)
{
    char size[128];
    value v = interp_variable(name);
    json_array_append_new(
        list, json_pack("{s:s, s:s, s:s}", "name", name, "class", class_of(v), "size", value_shape(v, size)));
}

static void list_workspace(json_t *request)
{
    json_t *list = json_array();
    interp_each_variable(add_variable, list);
    done(request, json_pack("{s:o}", "variables", list));
}

static void (*find_op(const char *op))(json_t *request)
{
    static const struct { const char *op; void (*run)(json_t *request); } table[] = {
        { "complete", offer }, { "help", explain }, { "is_complete", tell_complete }, { "workspace", list_workspace },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(op, table[i].op))
            return table[i].run;
    return NULL;
}

static bool wants_code(const char *op) { return !strcmp(op, "execute") || (find_op(op) && strcmp(op, "workspace")); }

/* --- the whole --- */

static bool take_over(void)
{
    int out[2], err[2], nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    real_in = fcntl(0, F_DUPFD_CLOEXEC, 10);
    real_out = fcntl(1, F_DUPFD_CLOEXEC, 10);
    if (nothing < 0 || real_in < 0 || real_out < 0 || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) || pipe2(ask, O_CLOEXEC))
        return false;
    stream[0] = out[0];
    stream[1] = err[0];
    fcntl(stream[0], F_SETFL, O_NONBLOCK);
    fcntl(stream[1], F_SETFL, O_NONBLOCK);
    dup2(nothing, 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    close(nothing);
    close(out[1]);
    close(err[1]);
    setvbuf(stdout, NULL, _IOLBF, 1 << 16);
    return true;
}

int json_serve(void)
{
    pthread_t t;
    sigset_t block, before;
    int status = 0;
    main_thread = pthread_self();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigfillset(&block);
    pthread_sigmask(SIG_BLOCK, &block, &before);              /* signals are for the main thread */
    bool good = take_over() && !pthread_create(&t, NULL, serve_pipes, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!good) {
        fprintf(stderr, "tl: --json: %s\n", strerror(errno));
        return 1;
    }
    session_hooks.read = session_hooks.ask = ask_input;
    session_hooks.remote = true;
    hooks()->show = show_media;
    send_event(json_pack("{s:s, s:s, s:i}", "ev", "ready", "version", PACKAGE_VERSION, "protocol", 1));
    bool go_on = true;
    json_t *request;
    while (go_on && !program_ended && (request = next_request())) {
        const char *op = string_of(request, "op");
        void (*run)(json_t *) = find_op(op);
        if (wants_code(op) && !json_is_string(json_object_get(request, "code"))) {
            char text[200];
            snprintf(text, sizeof text, "%s wants \"code\", a text", op);
            say_error("tl:bad-request", text, NULL);
            done(request, json_pack("{s:b}", "ok", 0));
        } else if (!strcmp(op, "execute")) {
            go_on = execute(request, &status);
        } else if (!strcmp(op, "quit")) {
            go_on = false;
            done(request, json_object());
        } else if (run) {
            run(request);
        } else if (strcmp(op, "input")) {                     /* an answer to what nobody asks any more */
            char text[200];
            snprintf(text, sizeof text, "unknown op '%.100s'", op);
            say_error("tl:bad-request", text, NULL);
            done(request, json_pack("{s:b}", "ok", 0));
        }
        json_decref(request);
    }
    drain();
    close(ask[1]);
    pthread_join(t, NULL);
    hooks()->show = NULL;
    for (struct request *r = first, *next; r; r = next) {
        next = r->next;
        json_decref(r->j);
        free(r);
    }
    dup2(real_out, 1);                                        /* nothing reads the pipes any more */
    return status;
}
