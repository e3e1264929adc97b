/* SPDX-License-Identifier: BSD-3-Clause */
/* profile.c: where the time goes, by function and by line, and how much of it BLAS and LAPACK take.
 *
 * While it is on, every statement and every return is a BREAK (breaks.c) and comes by here.  The time since the last event
 * belongs to the statement that was running then; a row of calls, one entry a frame, gives each line and function the time
 * of what it called as well.  What looking costs is measured on the same clock and taken off: a statement of some
 * nanoseconds is still told too long, since its own time cannot be seen within that of the clock.
 * What was found outlives the code: sources are held, functions are known by their place in them. */
#include "breaks.h"
#include "lab/blas.h"
#include <stdlib.h>
#include <time.h>

struct line { uint32_t at; int active; double calls, self, total, blas; };     /* active: runs in progress */
struct routine {
    struct source *source;
    char *name;
    uint32_t begin;
    bool library;
    double calls, self, total, blas;
    int n, active;                            /* statements; calls in progress */
    struct line *line;
};
struct going { struct frame *frame; int routine, line; double entered, began; };
struct profile {
    struct routine *routine;
    int n, room;
    struct going *going;
    int depth, going_room;
    double tick;                              /* between two looks at the clock, at the least */
    double lost;                              /* seconds spent here: the clock below leaves them out */
    double last, blas, wall, since;           /* the last event; BLAS until then; seconds it was on before; on since */
    double operations;
};

static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void clear(struct profile *p)
{
    for (int i = 0; i < p->n; i++) {
        source_free(p->routine[i].source);
        free(p->routine[i].name);
        free(p->routine[i].line);
    }
    p->n = p->depth = 0;
    p->wall = p->operations = p->lost = 0;
    p->since = clock_now();
}
void profile_free(void)
{
    struct profile *p = breaks()->profile;
    if (!p)
        return;
    clear(p);
    free(p->routine);
    free(p->going);
    free(p);
    breaks()->profile = NULL;
    blas_clock.on = false;
}

static struct profile *profile_now(void)
{
    struct breaks *d = breaks();
    if (!d->profile && !(d->profile = calloc(1, sizeof *d->profile)))
        fail_memory(sizeof *d->profile);
    return d->profile;
}

/* its number among the routines; -1: no memory, it is not told */
static int routine_of(struct profile *p, struct code *c)
{
    struct routine *r = c->profile > 0 && c->profile <= p->n ? &p->routine[c->profile - 1] : NULL;
    const struct source *s = c->unit->source;
    if (r && r->source == s && r->begin == c->begin && r->n == c->nmark)
        return c->profile - 1;
    for (int i = 0; i < p->n; i++)            /* the same place, compiled again */
        if (p->routine[i].source->name[0] && !strcmp(p->routine[i].source->name, s->name) &&
            p->routine[i].begin == c->begin && p->routine[i].n == c->nmark && p->routine[i].source->len == s->len) {
            c->profile = i + 1;
            return i;
        }
    if (p->n == p->room) {
        struct routine *all = realloc(p->routine, sizeof *all * (size_t)(p->room + 32));
        if (!all)
            return -1;
        p->routine = all;
        p->room += 32;
    }
    struct line *line = calloc((size_t)c->nmark + 1, sizeof *line);
    const char *slash = strrchr(s->name, '/'), *name = c->name     ? c->name->text
                                                       : c->script ? slash ? slash + 1 : s->name
                                                                   : "@<anonymous>";
    char *copy = strdup(*name ? name : "what was typed");
    if (!line || !copy) {
        free(line);
        free(copy);
        return -1;
    }
    for (int i = 0; i < c->nmark; i++)
        line[i].at = c->mark[i].at;
    p->routine[p->n] = (struct routine){ .source = source_hold((struct source *)s),
                                         .name = copy,
                                         .begin = c->begin,
                                         .library = c->library,
                                         .n = c->nmark,
                                         .line = line };
    c->profile = ++p->n;
    return p->n - 1;
}

/* the time until now goes to the statement that is running */
static void account(struct profile *p, double now)
{
    double blas = blas_clock.seconds;
    if (p->depth) {
        struct going *g = &p->going[p->depth - 1];
        struct routine *r = &p->routine[g->routine];
        r->self += now - p->last;
        r->blas += blas - p->blas;
        r->line[g->line].self += now - p->last;
        r->line[g->line].blas += blas - p->blas;
    }
    p->blas = blas;
}
static void line_begins(struct profile *p, struct going *g, int line, double now)
{
    g->line = line;
    g->began = now;
    p->routine[g->routine].line[line].active++;
}
static void line_ends(struct profile *p, struct going *g, double now)
{
    struct line *l = &p->routine[g->routine].line[g->line];
    if (--l->active == 0)                     /* of a recursion the outermost call alone counts */
        l->total += now - g->began;
}
static void call_ends(struct profile *p, double now)
{
    struct going *g = &p->going[p->depth - 1];
    struct routine *r = &p->routine[g->routine];
    line_ends(p, g, now);
    if (--r->active == 0)                     /* the same */
        r->total += now - g->entered;
    p->depth--;
}

void profile_event(struct frame *f, const struct mark *m)
{
    struct profile *p = breaks()->profile;
    double now = MAX(clock_now() - p->lost, p->last);
    account(p, now);
    while (p->depth && p->going[p->depth - 1].frame > f)
        call_ends(p, now);
    int k = routine_of(p, f->code);
    if (k < 0)
        return;
    struct routine *r = &p->routine[k];
    int line = (int)(m - f->code->mark);
    struct going *g = p->depth ? &p->going[p->depth - 1] : NULL;
    if (g && g->frame == f && g->routine != k) {              /* that call failed, and another has its frame */
        call_ends(p, now);
        g = NULL;
    }
    if (g && g->frame == f) {
        if (m->flags & MARK_LINE) {
            line_ends(p, g, now);
            line_begins(p, g, line, now);
        }
    } else {
        if (p->depth == p->going_room) {
            struct going *all = realloc(p->going, sizeof *all * (size_t)(p->going_room + 64));
            if (!all)
                return;
            p->going = all;
            p->going_room += 64;
        }
        p->going[p->depth] = (struct going){ f, k, line, now, now };
        line_begins(p, &p->going[p->depth++], line, now);
        r->calls++;
        r->active++;
    }
    if (m->flags & MARK_LINE)
        r->line[line].calls++;
    if (m->flags & MARK_RETURN)
        call_ends(p, now);
    p->lost += clock_now() + p->tick - p->lost - now;
    p->last = now;
}

static void on(struct breaks *d)
{
    struct profile *p = profile_now();
    p->depth = 0;
    for (int i = 0; i < p->n; i++) {
        p->routine[i].active = 0;
        for (int k = 0; k < p->routine[i].n; k++)
            p->routine[i].line[k].active = 0;
    }
    p->tick = 1;
    for (int i = 0; i < 100; i++) {
        double t = clock_now();
        p->tick = MIN(p->tick, clock_now() - t);
    }
    p->since = p->last = clock_now() - p->lost;
    blas_clock = (struct blas_clock){ .on = true };
    p->blas = 0;
    d->profiling = true;
    breaks_apply();
}
static void off(struct breaks *d)
{
    struct profile *p = profile_now();
    double now = clock_now() - p->lost;
    account(p, now);
    while (p->depth)
        call_ends(p, now);
    p->wall += now - p->since;
    p->operations += blas_clock.operations;
    blas_clock.on = false;
    d->profiling = false;
    breaks_apply();
}

/* ---- telling */
static struct profile *sorting;
static int by_self(const void *a, const void *b)
{
    double x = sorting->routine[*(const int *)a].self, y = sorting->routine[*(const int *)b].self;
    return (x < y) - (x > y);
}
struct found { int routine, number; double calls, self, total, blas; };
static int by_line_self(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return x->self != y->self         ? (x->self < y->self) - (x->self > y->self)
           : x->routine != y->routine ? x->routine - y->routine
                                      : x->number - y->number;
}
/* statements of one line together; pooled */
static struct found *lines_of(struct profile *p, int routine, int *n)
{
    struct routine *r = &p->routine[routine];
    struct found *all = scratch(sizeof *all * (size_t)(r->n + 1));
    *n = 0;
    for (int i = 0; i < r->n; i++) {
        int number = source_line(r->source, r->line[i].at, NULL), k = 0;
        if (!r->line[i].calls)
            continue;
        while (k < *n && all[k].number != number)
            k++;
        if (k == *n)
            all[(*n)++] = (struct found){ routine, number, 0, 0, 0, 0 };
        all[k].calls = MAX(all[k].calls, r->line[i].calls);
        all[k].self += r->line[i].self;
        all[k].total += r->line[i].total;
        all[k].blas += r->line[i].blas;
    }
    return all;
}
static void place(struct buf *b, const struct routine *r, int line)
{
    const char *slash = strrchr(r->source->name, '/');
    if (r->source->name[0])
        buff(b, "%s:%d", slash ? slash + 1 : r->source->name, line);
    else
        buff(b, "line %d", line);
}

enum { FUNCTIONS_SHOWN = 50, LINES_SHOWN = 20 };

static void report(struct profile *p)
{
    int *order = scratch(sizeof *order * (size_t)(p->n + 1)), total = 0;
    double self = 0, blas = 0;
    struct buf *b = buf_new();
    for (int i = 0; i < p->n; i++) {
        order[i] = i;
        self += p->routine[i].self;
        blas += p->routine[i].blas;
    }
    if (!p->n) {
        out_puts("nothing was profiled: profile on, then what is to be measured, then profile report\n");
        return;
    }
    sorting = p;
    qsort(order, (size_t)p->n, sizeof *order, by_self);
    buff(b, "%.4f s in statements; %.4f s of them in BLAS and LAPACK", self, blas);
    if (blas > 0 && p->operations > 0)
        buff(b, " (%.3g GFLOP/s)", p->operations / blas / 1e9);
    buf_puts(b, "\n\n     calls   total s    self s  self %    BLAS s  function\n");
    struct found *all = NULL;
    for (int k = 0; k < p->n; k++) {
        const struct routine *r = &p->routine[order[k]];
        total += r->n;
        if (k >= FUNCTIONS_SHOWN)
            continue;
        buff(b, "%10.0f %9.4f %9.4f %7.1f %9.4f  %s", r->calls, r->total, r->self, self > 0 ? 100 * r->self / self : 0,
             r->blas, r->name);
        if (r->source->name[0]) {
            buf_puts(b, "  ");
            place(b, r, source_line(r->source, r->begin, NULL));
        }
        buf_putc(b, '\n');
    }
    if (p->n > FUNCTIONS_SHOWN)
        buff(b, "      … and %d more functions\n", p->n - FUNCTIONS_SHOWN);
    all = scratch(sizeof *all * (size_t)(total + 1));
    total = 0;
    for (int k = 0; k < p->n; k++) {
        int n;
        struct found *some = lines_of(p, k, &n);
        memcpy(all + total, some, sizeof *all * (size_t)n);
        total += n;
    }
    qsort(all, (size_t)total, sizeof *all, by_line_self);
    buf_puts(b, "\n     calls   total s    self s  self %    BLAS s  line\n");
    for (int k = 0; k < total && k < LINES_SHOWN; k++) {
        const struct routine *r = &p->routine[all[k].routine];
        int len;
        const char *text = source_line_text(r->source, all[k].number, &len);
        while (len && (*text == ' ' || *text == '\t'))
            text++, len--;
        buff(b, "%10.0f %9.4f %9.4f %7.1f %9.4f  ", all[k].calls, all[k].total, all[k].self,
             self > 0 ? 100 * all[k].self / self : 0, all[k].blas);
        place(b, r, all[k].number);
        buff(b, "  %.*s%s\n", MIN(len, 60), text, len > 60 ? "…" : "");
    }
    if (total > LINES_SHOWN)
        buff(b, "      … and %d more lines\n", total - LINES_SHOWN);
    out_text(b->s, b->n);
}

static value text_of(const char *s) { return tensor_value(tensor_text(s, strlen(s))); }

static value info(struct profile *p)
{
    static const char *const fields[] = { "FunctionName", "FileName", "Type",     "NumCalls",
                                          "TotalTime",    "SelfTime", "BlasTime", "ExecutedLines" };
    sym name[COUNT(fields)];
    int *order = scratch(sizeof *order * (size_t)(p->n + 1));
    double self = 0, blas = 0;
    for (int i = 0; i < COUNT(fields); i++)
        name[i] = symbol_of(fields[i]);
    for (int i = 0; i < p->n; i++) {
        order[i] = i;
        self += p->routine[i].self;
        blas += p->routine[i].blas;
    }
    sorting = p;
    qsort(order, (size_t)p->n, sizeof *order, by_self);
    struct record *t = record_new(2, (i64[]){ p->n, 1 }, COUNT(fields), name);
    for (int k = 0; k < p->n; k++) {
        const struct routine *r = &p->routine[order[k]];
        int n;
        struct found *some = lines_of(p, order[k], &n);
        struct tensor *m = tensor_2d(D_DOUBLE, n, 4);
        double *x = (double *)m->data;
        for (int i = 0; i < n; i++) {
            x[i] = some[i].number;
            x[i + n] = some[i].calls;
            x[i + 2 * n] = some[i].total;
            x[i + 3 * n] = some[i].self;
        }
        record_put(t, k, 0, text_of(r->name));
        record_put(t, k, 1, text_of(r->source->name));
        record_put(t, k, 2, text_of(r->library ? "library" : "user"));
        record_put(t, k, 3, num(r->calls));
        record_put(t, k, 4, num(r->total));
        record_put(t, k, 5, num(r->self));
        record_put(t, k, 6, num(r->blas));
        record_put(t, k, 7, tensor_value(m));
    }
    struct record *r = record_scalar();
    record_set(r, 0, symbol_of("FunctionTable"), record_value(t));
    record_set(r, 0, symbol_of("TotalTime"), num(self));
    record_set(r, 0, symbol_of("BlasTime"), num(blas));
    record_set(r, 0, symbol_of("WallTime"), num(p->wall));
    return record_value(r);
}

BUILTIN(profile, 0, 1, 1, NO_GRAD,
  "profile on\n"
  "profile off\n"
  "profile report\n"
  "profile clear\n"
  "s = profile('info')\n\n"
  "Measures where the time goes. `on` clears what was there and begins; `report` ends it and shows a table by function "
  "and one by line: calls, seconds with (total) and without (self) what was called, and of these the seconds in "
  "products and LAPACK. `off` ends it too, `resume` goes on without clearing. 'info' gives a struct with FunctionTable "
  "(FunctionName, FileName, Type, NumCalls, TotalTime, SelfTime, BlasTime, and ExecutedLines with a row of line, "
  "calls, total and self seconds each), TotalTime, BlasTime, WallTime; 'status' tells whether it is on.\n"
  "While it is on, each statement takes some 0.1 to 0.5 microseconds more, which the figures leave out.\n\n"
  "Example:\n  function r = work(n), r = 0; for i = 1:n, r += i; end, end\n  profile on, work(1000); profile off\n"
  "  s = profile('info'); f = s.FunctionTable(strcmp({s.FunctionTable.FunctionName}, 'work'));\n  f.NumCalls\n  ans = 1\n\n"
  "See also: tic, timeit, dbstop, debugging")
{
    static const char *const words[] = { "on", "off", "report", "clear", "info", "status", "resume", "viewer", NULL };
    struct breaks *d = breaks();
    int what = c->nargin ? arg_option(c, 0, words) : 2;
    struct profile *p = profile_now();
    if (what == 5) {
        result(c, 0, text_of(d->profiling ? "on" : "off"));
        return;
    }
    bool was = d->profiling;
    if (was && what != 4)
        off(d);
    else if (was)
        off(d), on(d);
    if (what == 0 || what == 3)
        clear(p);
    if (what == 0 || what == 6)
        on(d);
    else if (what == 3 && was)
        on(d);
    else if (what == 2 || what == 7)
        report(p);
    else if (what == 4)
        result(c, 0, info(p));
}
