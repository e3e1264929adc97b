/* SPDX-License-Identifier: BSD-3-Clause */
/* gnuplot.c: the process that draws.
 *
 * Started at the first picture, without a shell and with its own settings (-d), in a group of its own, so Ctrl-C at the
 * prompt is not for it.  A script reaches it as a file that it loads: what is sent down the line is one short fixed line, so
 * neither data nor a refused command can ever be read as commands.  Behind each load it says `TLACK n error message`; what
 * comes before is what it complained about.  The line is a socket: no SIGPIPE, and a read that gives up by itself. */
#define clone libc_clone                      /* sched.h has a clone() under GNU names, value.h another */
#include <spawn.h>
#include <time.h>
#undef clone
#include "gnuplot.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
enum { PATIENCE = 10 };                       /* seconds that it may neither answer nor compute */

static const char *program(void)
{
    const char *s = getenv("TL_GNUPLOT");
    return s && *s ? s : "gnuplot";
}

void gnuplot_stop(struct gnuplot *p, bool gently)
{
    if (!p->pid)
        return;
    close(p->fd);                             /* the end of its input */
    if (!gently)
        kill(p->pid, SIGKILL);
    else
        for (int i = 0; i < 100; i++) {       /* a second: then it hangs */
            if (waitpid(p->pid, NULL, WNOHANG) == p->pid) {
                p->pid = 0;
                p->answered = p->asked;
                return;
            }
            usleep(10000);
        }
    if (gently)
        kill(p->pid, SIGKILL);
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR) {}
    p->pid = 0;
    p->answered = p->asked;                   /* nobody waits any more */
}

void gnuplot_start(struct gnuplot *p, const char *who)
{
    if (p->pid)
        return;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        fail("Octave:error", "%s: no line to gnuplot: %s", who, strerror(errno));
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_adddup2(&files, pair[1], fd);
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setsigmask(&how, &none);
    const char *name = program();
    int e = posix_spawnp(&p->pid, name, &files, &how, (char *[]){ (char *)name, "-d", NULL }, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&how);
    close(pair[1]);
    if (e) {
        p->pid = 0;
        close(pair[0]);
        if (e == ENOENT || e == EACCES)
            fail("tl:no-gnuplot",
                 "%s needs the program gnuplot, which is not installed%s%s%s.\n"
                 "hint: Debian: sudo apt-get install gnuplot-qt (desktop) or gnuplot-nox (server). Set "
                 "TL_GNUPLOT=/path if it is elsewhere",
                 who, strcmp(name, "gnuplot") ? " as '" : "", strcmp(name, "gnuplot") ? name : "",
                 strcmp(name, "gnuplot") ? "'" : "");
        fail("Octave:error", "%s: gnuplot cannot be started: %s", who, strerror(e));
    }
    if (p->nice)
        setpriority(PRIO_PROCESS, (id_t)p->pid, p->nice);
    p->fd = pair[0];
    p->asked = p->answered = 0;
    p->nsaid = 0;
    struct timeval slice = { 0, 50000 };
    setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice);
    setsockopt(p->fd, SOL_SOCKET, SO_SNDTIMEO, &slice, sizeof slice);
}

/* Ticks of processor time it has used, and whether it waits for nobody. */
static long used(pid_t pid)
{
    char name[64], s[1024];
    snprintf(name, sizeof name, "/proc/%ld/stat", (long)pid);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, s, sizeof s - 1);
    close(fd);
    s[MAX(n, 0)] = 0;
    const char *p = strrchr(s, ')');
    unsigned long user = 0, system = 0;
    if (p)
        sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (long)(user + system);
}

/* Takes the answers out of what it said; the rest are complaints. */
static void answer(struct gnuplot *p)
{
    for (char *s = p->said, *e; (s = strstr(s, "TLACK ")) && (e = strchr(s, '\n'));) {
        unsigned n;
        int error;
        if (sscanf(s, "TLACK %u %d", &n, &error) == 2 && n == p->asked) {
            p->answered = n;
            p->error = error;
        }
        memmove(s, e + 1, p->nsaid - (size_t)(e + 1 - p->said) + 1);
        p->nsaid -= (size_t)(e + 1 - s);
    }
}

/* One look at the line, at most 50 ms long unless now.  1: something came, 0: nothing, -1: it has gone. */
static int hear(struct gnuplot *p, bool now)
{
    char s[1024];
    ssize_t n = recv(p->fd, s, sizeof s, now ? MSG_DONTWAIT : 0);
    if (n > 0) {
        size_t k = (size_t)n, room = sizeof p->said - 1;
        if (p->nsaid + k > room) {            /* a chatterbox: the end counts */
            size_t cut = MIN(p->nsaid, p->nsaid + k - room);
            memmove(p->said, p->said + cut, p->nsaid - cut);
            p->nsaid -= cut;
        }
        for (size_t i = 0; i < k; i++)
            p->said[p->nsaid++] = s[i] ? s[i] : ' ';
        p->said[p->nsaid] = 0;
        answer(p);
        return 1;
    }
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : -1;
}

bool gnuplot_busy(struct gnuplot *p)
{
    if (!p->pid)
        return false;
    int r = 1;
    while (p->answered != p->asked && (r = hear(p, true)) > 0) {}
    if (r < 0) {
        gnuplot_stop(p, false);
        p->asked++;                           /* which gnuplot_wait will complain of */
    }
    return p->pid && p->answered != p->asked;
}

/* What it complained of, in one line without the place in our script; the failure that tells it will be at the user's
 * line. */
static const char *complaint(struct gnuplot *p)
{
    char *s = p->said, *best = NULL;
    int at = 0;
    for (char *line = strtok_r(s, "\n", &s); line; line = strtok_r(NULL, "\n", &s)) {
        line += strspn(line, " \t^");
        char *number = *line == '"' ? strstr(line, "line ") : NULL, *colon = number ? strstr(number, ": ") : NULL;
        if (colon) {
            at = atoi(number + 5);
            line = colon + 2;
        }
        if (*line && strncmp(line, "warning", 7))
            best = line;
    }
    struct graphic *g = NULL;
    for (int k = 0; at > 0 && k < p->nnotes && p->note[k].line <= at; k++)
        g = graphic_of(num(p->note[k].handle));
    if (g && g->where)
        hooks()->place_fail(g->where);
    char *copy = scratch(sizeof p->said);
    snprintf(copy, sizeof p->said, "%s", best ? best : "it gave no reason");
    return copy;
}

NORETURN static void gone(struct gnuplot *p, const char *who)
{
    int status = 0;
    pid_t pid = p->pid;
    while (hear(p, true) > 0) {}
    close(p->fd);
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    p->pid = 0;
    p->answered = p->asked;
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        fail("tl:gnuplot", "%s: gnuplot crashed (%s); the next picture starts it again", who, strsignal(WTERMSIG(status)));
    fail("tl:gnuplot", "%s: gnuplot ended before the picture was done%s%s; the next picture starts it again", who,
         p->nsaid ? ": " : "", p->nsaid ? complaint(p) : "");
}

static void send_line(struct gnuplot *p, const char *who, const char *s)
{
    for (size_t n = strlen(s), done = 0; done < n;) {
        ssize_t k = send(p->fd, s + done, n - done, MSG_NOSIGNAL);
        if (k > 0)
            done += (size_t)k;
        else if (k < 0 && (errno == EINTR || errno == EAGAIN))
            poll();
        else
            gone(p, who);
    }
}

static void acknowledge(struct gnuplot *p, const char *who, const char *command)
{
    char line[512];
    p->nsaid = 0;
    p->said[0] = 0;
    snprintf(line, sizeof line, "%s\nprint sprintf(\"\\nTLACK %u %%d\", GPVAL_ERRNO)\nreset errors\n", command, ++p->asked);
    send_line(p, who, line);
}

void gnuplot_load(struct gnuplot *p, const char *who, const struct spool *script, const struct drawing *d)
{
    char line[256];
    free(p->note);
    p->nnotes = 0;
    if ((p->note = malloc(sizeof *p->note * (size_t)(d->nnotes + 1)))) {
        memcpy(p->note, d->note, sizeof *p->note * (size_t)d->nnotes);
        p->nnotes = d->nnotes;
    }
    if (p->pid && hear(p, true) < 0)          /* closed or killed since the last time */
        gnuplot_stop(p, false);
    gnuplot_start(p, who);
    snprintf(line, sizeof line, "unset multiplot\nreset errors\nload '%s'", script->path);
    acknowledge(p, who, line);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void gnuplot_wait(struct gnuplot *p, const char *who)
{
    long work = p->pid ? used(p->pid) : 0;
    double since = now();
    if (!p->pid && p->answered != p->asked) {
        p->answered = p->asked;
        fail("tl:gnuplot", "%s: gnuplot ended before the picture was done; the next picture starts it again", who);
    }
    while (p->pid && p->answered != p->asked) {
        if (interrupt_flag && p->patient)
            kill(p->pid, SIGINT);
        else if (interrupt_flag)
            gnuplot_stop(p, false);
        poll();
        int r = hear(p, false);
        if (r < 0)
            gone(p, who);
        if (r == 0 && !p->patient && now() - since > 1) {    /* waiting is fine as long as it computes */
            long w = used(p->pid);
            if (w != work) {
                work = w;
                since = now();
            } else if (now() - since > PATIENCE) {
                const char *last = p->nsaid ? complaint(p) : NULL;
                gnuplot_stop(p, false);
                fail("tl:gnuplot", "%s: gnuplot has not answered for %d seconds%s%s; the next picture starts it again",
                     who, PATIENCE, last ? "; it said last: " : "", last ? last : "");
            }
        }
    }
    if (p->error) {
        p->error = 0;
        fail("tl:gnuplot", "%s: gnuplot cannot draw this: %s", who, complaint(p));
    }
}

struct waiting { struct gnuplot *p; const char *who; };
static void wait_patiently(void *arg)
{
    struct waiting *w = arg;
    gnuplot_wait(w->p, w->who);
}

const char *gnuplot_mouse(struct gnuplot *p, const char *who)
{
    struct waiting w = { p, who };
    gnuplot_wait(p, who);
    acknowledge(p, who, "pause mouse button1,button2,button3,keypress\n"
                        "if (exists(\"MOUSE_X\")) print sprintf(\"TLAT %.17g %.17g %d\", MOUSE_X, MOUSE_Y, "
                        "MOUSE_BUTTON > 0 ? MOUSE_BUTTON : MOUSE_KEY)");
    p->patient = true;
    int failed = protect(wait_patiently, &w);
    p->patient = false;
    if (failed)
        fail_again();
    char *s = scratch(sizeof p->said);
    memcpy(s, p->said, p->nsaid + 1);
    return s;
}

const char *gnuplot_ask(struct gnuplot *p, const char *who, const char *expression)
{
    char line[256];
    gnuplot_start(p, who);
    snprintf(line, sizeof line, "print %s", expression);
    acknowledge(p, who, line);
    gnuplot_wait(p, who);
    char *s = scratch(sizeof p->said);
    memcpy(s, p->said, p->nsaid + 1);
    s[strcspn(s, "\n")] = 0;
    return s;
}

void gnuplot_tell(struct gnuplot *p, const char *line)
{
    struct buf *b = buf_new();
    buff(b, "%s\n", line);
    if (p->pid && send(p->fd, b->s, b->n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        gnuplot_stop(p, false);
}
