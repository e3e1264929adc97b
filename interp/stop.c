/* SPDX-License-Identifier: BSD-3-Clause */
/* stop.c: the debugger's words, and the prompt at which a stopped run is looked at.
 *
 * What is typed there runs with the variables of the frame that is looked at (vm_space.c: a guest of it), so it may change
 * them.  dbcont, dbstep and dbquit only leave a verdict; the prompt acts on it when the text has run.  Without a terminal
 * the words come from the standard input; when that ends, the run goes on and stops no more. */
#include "breaks.h"
#include "config.h"
#include "lex.h"
#include "session.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static struct report_place place_in(const struct frame *f)
{
    const struct code *c = f->code;
    const struct mark *m = frame_mark(f);
    return (struct report_place){ c->unit->source, m ? m->at : c->begin,
                                  c->name     ? c->name->text
                                  : c->script ? NULL
                                              : "@<anonymous>" };
}

/* ---- the prompt */
static const struct { const char *word, *meaning;
} words[] = {
    /* of gdb; where no variable has that name */
    { "n", "dbstep" },
    { "next", "dbstep" },
    { "s", "dbstep in" },
    { "step", "dbstep in" },
    { "finish", "dbstep out" },
    { "c", "dbcont" },
    { "continue", "dbcont" },
    { "return", "dbcont" },
    { "bt", "dbstack" },
    { "backtrace", "dbstack" },
    { "where", "dbstack" },
    { "up", "dbup" },
    { "down", "dbdown" },
    { "l", "dblist" },
    { "list", "dblist" },
    { "b", "dbstop" },
    { "break", "dbstop" },
    { "p", "" },
    { "print", "" },
    { "q", "dbquit" },
    { "h", "help debugging" },
};

/* gdb's word as ours, malloc'd, or NULL */
static char *translated(const char *text)
{
    const char *s = text + strspn(text, " \t"), *rest;
    size_t n = 0;
    while (isalpha((unsigned char)s[n]))
        n++;
    rest = s + n + strspn(s + n, " \t");
    bool ends = !*rest || (*rest == ';' && !rest[1]),
         more = rest > s + n && (isalnum((unsigned char)*rest) || strchr("_./@-'\"", *rest));
    for (int i = 0; i < COUNT(words); i++) {
        if (strlen(words[i].word) != n || strncmp(words[i].word, s, n))
            continue;
        if (!is_keyword(words[i].word) && interp_is_variable(NULL, words[i].word))
            return NULL;
        bool print = !*words[i].meaning;
        if (!(ends && !print) && !(more && !is_keyword(words[i].word)) && !(print && strchr("([{-!~", *rest) && *rest))
            return NULL;
        char *t = NULL;
        return asprintf(&t, "%s%s%s", words[i].meaning, print || ends ? "" : " ", ends ? "" : rest) < 0 ? NULL : t;
    }
    return NULL;
}

static char *ask(const char *prompt)
{
    if (session_hooks.ask)
        return session_hooks.ask(prompt);
    char *s = NULL;
    size_t room = 0;
    ssize_t n = getline(&s, &room, stdin);
    if (n < 0) {
        free(s);
        clearerr(stdin);
        return NULL;
    }
    return s;
}

struct command { const char *text; struct frame *f; };
static void run_command(void *arg)
{
    struct command *c = arg;
    run_text(c->text, strlen(c->text), "", frame_holder(c->f), 0, 1);
}

static void show_place(const char *why, struct frame *f)
{
    struct report_place p = place_in(f);
    struct buf *b = buf_new();
    debug_stopped(b, why, &p, debug_colour(1));
    out_text(b->s, b->n);
}

static void prompt_loop(struct prompt *p, const char *prompt)
{
    struct breaks *d = breaks();
    while (p->verdict == STAY) {
        out_flush();
        interrupt_flag = 0;
        vm->focus = p->at;
        char *text = ask(prompt);
        if (!text) {
            if (interrupt_flag && isatty(0) && !session_hooks.ended)
                continue;
            if (isatty(0)) {
                out_puts("\n");
                p->verdict = LEAVE;
                break;
            }
            out_puts("the input has ended: the run goes on, without stops\n");
            d->silent = true;
            p->verdict = GO_ON;
            break;
        }
        char *ours = translated(text);
        struct command c = { ours ? ours : text, p->at };
        int mark = pool_mark();
        functions_look();
        int failed = protect(run_command, &c);
        free(text);
        free(ours);
        out_flush();
        if (failed && failure()->kind == FAIL_EXIT)
            fail_again();
        if (failed) {
            if (failure()->kind == FAIL_INTERRUPT)
                out_puts("\n");
            error_locate();
            out_flush();
            interp_report(2);
        }
        pool_release(mark);
    }
}

struct looking { struct prompt *p; const char *prompt; };
static void look(void *arg)
{
    struct looking *l = arg;
    prompt_loop(l->p, l->prompt);
}

static void stop_with(struct frame *f, const char *why, const char *prompt)
{
    struct breaks *d = breaks();
    struct prompt p = { .top = vm->frame, .at = f, .up = d->prompt };
    struct frame *focus = vm->focus;
    struct sink *outer = evalc_outer, collecting = { 0 };
    int guarded = vm->guarded;
    if (outer) {                              /* who is asked must see the question */
        collecting = out_redirect(*outer);
        evalc_outer = NULL;
    }
    out_flush();
    if (why)
        show_place(why, f);
    d->prompt = &p;
    d->step = STEP_NONE;
    vm->guarded = 0;
    int failed = protect(look, &(struct looking){ &p, prompt });
    d->prompt = p.up;
    vm->focus = focus;
    vm->guarded = guarded;
    if (outer) {
        out_flush();
        out_redirect(collecting);
        evalc_outer = outer;
    }
    breaks_apply();
    if (failed)
        fail_again();
    if (p.verdict == LEAVE)
        fail_quit();
}

void stopped(const char *why, struct frame *f)
{
    if (!why)
        fputs("stopped: dbup and dbdown look around, dbcont lets the error go on, dbquit ends the run\n", stderr);
    stop_with(f, why, "debug> ");
}

BUILTIN(keyboard, 0, 1, 0, NO_GRAD,
  "keyboard\n"
  "keyboard(prompt)\n\n"
  "Stops where it stands: lines are read and run with the variables of the function that calls it, as at a breakpoint, until "
  "dbcont (or return) lets it go on, dbstep goes one statement further, or dbquit ends the run. Without a terminal the "
  "lines come from the standard input, and at its end the run goes on.\n\n"
  "See also: dbstop, debugging, input")
{
    struct frame *f = vm->frame;
    if (breaks()->silent)
        return;
    stop_with(f, code_typed(f->code) ? NULL : "keyboard", has_arg(c, 0) ? arg_text(c, 0, NULL) : "debug> ");
}

void debug_on_error(void) { breaks()->when[WHEN_ERROR] = true; }

static struct prompt *prompt_now(struct call *c)
{
    struct prompt *p = breaks()->prompt;
    if (!p)
        fail("tl:debug",
             "%s: nothing is stopped\nhint: dbstop sets a breakpoint, dbstop if error stops at an error; keyboard in a "
             "function stops there",
             c->fn->name);
    return p;
}

/* ---- going on */
static int number_arg(struct call *c, int i, int otherwise)
{
    if (!has_arg(c, i))
        return otherwise;
    double x = 0;
    char *end = "x";
    if (arg_is_text(c, i))
        x = strtod(arg_text(c, i, NULL), &end);
    else
        x = arg_num(c, i), end = "";
    if (*end || !(x >= 1) || x > 1e6 || x != (double)(int)x)
        fail("tl:debug", "%s: a number from 1 on is wanted", c->fn->name);
    return (int)x;
}

BUILTIN(dbstep, 0, 1, 0, NO_GRAD,
  "dbstep\n"
  "dbstep n\n"
  "dbstep in\n"
  "dbstep out\n\n"
  "Where a run is stopped: one statement further, or n; `in` stops in a function that the statement calls, `out` when "
  "this function has returned. Functions of the library are stepped over. gdb's words are n, s and finish.\n\n"
  "See also: dbstop, dbcont, debugging")
{
    struct prompt *p = prompt_now(c);
    struct breaks *d = breaks();
    const char *how = has_arg(c, 0) && arg_is_text(c, 0) && !isdigit((unsigned char)*arg_text(c, 0, NULL))
                          ? arg_text(c, 0, NULL)
                          : "";
    if (*how && strcmp(how, "in") && strcmp(how, "out"))
        fail("tl:debug", "dbstep: a number, 'in' or 'out' is wanted, not '%s'", how);
    int count = *how ? 1 : number_arg(c, 0, 1);
    d->step = *how == 'i' ? STEP_INTO : *how == 'o' ? STEP_OUT : STEP_OVER;
    d->limit = d->step == STEP_INTO ? vm->frame_limit : d->step == STEP_OUT ? p->top - 1 : p->top;
    d->count = count;
    p->verdict = GO_ON;
}

BUILTIN(dbcont, 0, 0, 0, NO_GRAD,
  "dbcont\n\n"
  "Lets a stopped run go on, to the next breakpoint or its end. gdb's word is c.\n\n"
  "See also: dbstep, dbquit, debugging")
{
    prompt_now(c)->verdict = GO_ON;
    breaks()->step = STEP_NONE;
}

BUILTIN(dbquit, 0, 1, 0, NO_GRAD,
  "dbquit\n"
  "dbquit all\n\n"
  "Ends a stopped run; `all` ends those too within which it was called. Variables of the workspace stay. gdb's word is q.\n\n"
  "See also: dbcont, debugging")
{
    struct prompt *p = prompt_now(c);
    p->verdict = LEAVE;
    breaks()->step = STEP_NONE;
    static const char *const all[] = { "all", NULL };
    if (has_arg(c, 0) && arg_option(c, 0, all) == 0)
        for (; p; p = p->up)
            p->verdict = LEAVE;
}

/* ---- looking around */
static bool shown_frame(const struct frame *f) { return !code_typed(f->code) || (!f->more || !f->more->host); }

static struct frame *move(struct frame *from, int step, struct frame *top)
{
    struct frame *f = from + step;
    while (f > vm->frames && f <= top && !shown_frame(f))
        f += step;
    return f > vm->frames && f <= top ? f : NULL;
}

static void go(struct call *c, int step)
{
    struct prompt *p = prompt_now(c);
    int n = number_arg(c, 0, 1);
    if (c->nargin && n > 0)
        for (int i = 1; i < n; i++)
            if (move(p->at, step, p->top))
                p->at = move(p->at, step, p->top);
    struct frame *f = move(p->at, step, p->top);
    if (!f)
        fail("tl:debug", step < 0 ? "%s: this is the outermost call" : "%s: this is where the run has stopped", c->fn->name);
    p->at = f;
    if (code_typed(f->code))
        out_puts("the workspace\n");
    else
        show_place("", f);
}

BUILTIN(dbup, 0, 1, 0, NO_GRAD,
  "dbup\n"
  "dbup n\n\n"
  "Looks at the variables of the function that called this one, or of the workspace. The run stays where it is.\n\n"
  "See also: dbdown, dbstack, debugging")
{
    go(c, -1);
}

BUILTIN(dbdown, 0, 1, 0, NO_GRAD,
  "dbdown\n"
  "dbdown n\n\n"
  "Goes back, after dbup, towards the place where the run has stopped.\n\n"
  "See also: dbup, dbstack, debugging")
{
    go(c, 1);
}

static struct frame *top_frame(struct frame **at)
{
    struct prompt *p = breaks()->prompt;
    struct frame *top = vm->frame;
    if (p && code_typed(top->code))           /* typed at the debugger's prompt */
        top = p->top;
    else
        p = NULL;
    *at = p ? p->at : top;
    return top;
}

int stop_line(void)
{
    if (vm->frame <= vm->frames || code_typed(vm->frame->code))
        return 0;
    struct report_place p = place_in(vm->frame);
    return source_line(p.source, p.at, NULL);
}

BUILTIN(dbstack, 0, 0, 2, NO_GRAD,
  "dbstack\n"
  "[s, i] = dbstack()\n\n"
  "The calls in progress, innermost first, --> at the one that is looked at; or a struct array with file, name, line and "
  "column, and the index of that one.\n\n"
  "Example:\n  function inner(), s = dbstack(); disp(s(1).name), end\n  inner()\n  inner\n\n"
  "See also: dbup, dbstop, debugging")
{
    struct frame *at, *top = top_frame(&at);
    static const char *const fields[] = { "file", "name", "line", "column" };
    int n = 0, here = 0;
    for (struct frame *f = top; f > vm->frames; f--)
        n += !code_typed(f->code);
    if (c->nargout > 0) {
        sym name[4];
        for (int i = 0; i < 4; i++)
            name[i] = symbol_of(fields[i]);
        struct record *r = record_new(2, (i64[]){ n, 1 }, 4, name);
        int k = 0;
        for (struct frame *f = top; f > vm->frames; f--) {
            if (code_typed(f->code))
                continue;
            struct report_place p = place_in(f);
            int column, line = source_line(p.source, p.at, &column);
            const char *fn = p.function ? p.function : "";
            record_put(r, k, 0, tensor_value(tensor_text(p.source->name, strlen(p.source->name))));
            record_put(r, k, 1, tensor_value(tensor_text(fn, strlen(fn))));
            record_put(r, k, 2, num(line));
            record_put(r, k, 3, num(column));
            k++;
            if (f == at)
                here = k;
        }
        result(c, 0, record_value(r));
        result_num(c, 1, here);
        return;
    }
    if (!n)
        return;
    for (struct frame *f = top; f > vm->frames; f--) {
        if (!shown_frame(f))
            continue;
        struct report_place p = place_in(f);
        const char *arrow = f == at ? "  --> " : "      ";
        int line = source_line(p.source, p.at, NULL);
        if (code_typed(f->code))
            outf("%sthe workspace\n", arrow);
        else if (!p.source->name[0])
            outf("%s%s, line %d\n", arrow, p.function ? p.function : "?", line);
        else
            outf("%s%s%s%s:%d\n", arrow, p.function ? p.function : "", p.function ? " at " : "", p.source->name, line);
    }
}

BUILTIN(dbwhere, 0, 0, 0, NO_GRAD,
  "dbwhere\n\n"
  "Shows the line that is looked at.\n\n"
  "See also: dbstack, dblist, debugging")
{
    show_place("", prompt_now(c)->at);
}

static void lines(const struct source *s, int from, int to, int here)
{
    for (int i = MAX(from, s->first_line); i <= to && i < s->first_line + s->lines; i++) {
        int len;
        const char *text = source_line_text(s, i, &len);
        if (i == s->first_line + s->lines - 1 && !len)
            break;
        outf("%s%5d  %.*s\n", i == here ? "-->" : "   ", i, len, text);
    }
}

BUILTIN(dblist, 0, 1, 0, NO_GRAD,
  "dblist\n"
  "dblist n\n\n"
  "Shows the lines around the one that is looked at, 10 or n of them. gdb's word is l.\n\n"
  "See also: dbtype, dbwhere, debugging")
{
    struct report_place p = place_in(prompt_now(c)->at);
    int n = number_arg(c, 0, 10), here = source_line(p.source, p.at, NULL);
    lines(p.source, here - n / 2, here - n / 2 + n - n % 2, here);
}

/* ---- breakpoints */
struct request { const char *name, *function, *condition; int line; };

static const char *next_word(const char **s)
{
    *s += strspn(*s, " \t");
    size_t n = strcspn(*s, " \t");
    if (!n)
        return NULL;
    char *t = scratch(n + 1);
    memcpy(t, *s, n);
    t[n] = 0;
    if (n > 1 && (*t == '\'' || *t == '"') && t[n - 1] == *t) {
        t[n - 1] = 0;
        t++;
    }
    *s += n;
    return t;
}

static bool whole_number(const char *s, int *n)
{
    if (!*s || s[strspn(s, "0123456789")] || strlen(s) > 8)
        return false;
    *n = atoi(s);
    return true;
}

/* the words behind dbstop or dbclear, as one text */
static const char *request_text(struct call *c)
{
    const char *typed = command_text();
    if (typed && c->nargin && arg_is_text(c, 0))
        return typed;
    struct buf *b = buf_new();
    for (int i = 0; i < c->nargin; i++) {
        if (arg_is_text(c, i))
            buff(b, "%s%s", i ? " " : "", arg_text(c, i, NULL));
        else
            buff(b, "%s%d", i ? " " : "", (int)arg_num(c, i));
    }
    return b->s;
}

static struct request request(struct call *c, const char *s)
{
    struct request r = { 0 };
    const char *who = c->fn->name;
    for (const char *w; (w = next_word(&s)); ) {
        if (!strcmp(w, "in")) {
            if (!(r.name = next_word(&s)))
                fail("tl:debug", "%s: the name of a function or file is missing behind 'in'", who);
        } else if (!strcmp(w, "at")) {
            w = next_word(&s);
            if (!w || !whole_number(w, &r.line))
                fail("tl:debug", "%s: the number of a line is missing behind 'at'", who);
        } else if (!strcmp(w, "if")) {
            r.condition = s + strspn(s, " \t");
            if (!*r.condition)
                fail("tl:debug", "%s: a condition is missing behind 'if'", who);
            break;
        } else if (whole_number(w, &r.line)) {
            continue;
        } else if (r.name) {
            fail("tl:debug",
                 "%s: '%s' is not understood\nhint: dbstop in NAME at LINE if CONDITION, or dbstop NAME:LINE", who, w);
        } else {
            r.name = w;
        }
    }
    const char *colon = r.name ? strrchr(r.name, ':') : NULL;
    if (colon && whole_number(colon + 1, &r.line)) {
        char *t = scratch((size_t)(colon - r.name) + 1);
        memcpy(t, r.name, (size_t)(colon - r.name));
        t[colon - r.name] = 0;
        r.name = t;
    }
    const char *inner = r.name ? strchr(r.name, '>') : NULL;
    if (inner && inner[1]) {
        char *t = scratch((size_t)(inner - r.name) + 1);
        memcpy(t, r.name, (size_t)(inner - r.name));
        t[inner - r.name] = 0;
        r.function = inner + 1;
        r.name = t;
    }
    return r;
}

static int when_of(const char *s)
{
    static const struct { const char *word; int when;
    } names[] = {
        { "error", WHEN_ERROR },   { "caught error", WHEN_CAUGHT }, { "naninf", WHEN_NANINF },
        { "infnan", WHEN_NANINF }, { "nan", WHEN_NANINF },          { "warning", WHEN_WARNING },
    };
    for (int i = 0; i < COUNT(names); i++)
        if (!strcmp(names[i].word, s))
            return names[i].when;
    return -1;
}
static const char *const when_word[WHENS] = { "error", "caught error", "naninf", "warning" };

static struct code *inner_code(struct unit *u, const char *name)
{
    for (int i = 0; i < u->functions; i++)
        if (u->function[i]->name && !strcmp(u->function[i]->name->text, name))
            return u->function[i];
    return NULL;
}

static const char *file_named(const char *name)
{
    static const char *const ends[] = { "", ".tl", ".m" };
    char *t = scratch(strlen(name) + 4);
    for (int i = 0; i < 3; i++) {
        sprintf(t, "%s%s", name, ends[i]);
        FILE *f = access(t, R_OK) ? NULL : fopen(t, "r");
        char one;
        bool text = f && (fread(&one, 1, 1, f) == 1 || !ferror(f));
        if (f)
            fclose(f);
        if (text)
            return t;
    }
    return path_find(name, NULL);
}

/* Where that is: file and function of the breakpoint, pooled, and its unit to look for lines: to be dropped when *own. */
static struct unit *find(struct call *c, struct request *r, const char **file, bool *own)
{
    const char *who = c->fn->name;
    struct prompt *p = breaks()->prompt;
    const struct frame *f = p ? p->at : vm->frame;
    *own = false;
    *file = NULL;
    if (!r->name) {
        if (!p)
            fail("tl:debug", "%s: the name of a function or file is missing\nhint: %s in NAME at LINE", who, who);
        *file = f->code->unit->source->name;
        if (!**file)
            *file = NULL, r->function = f->code->name ? f->code->name->text : NULL;
        return f->code->unit;
    }
    struct callee k = strchr(r->name, '/') ? (struct callee){ 0 } : resolve(symbol_of(r->name), f->code->unit);
    if (k.code) {
        const char *name = k.code->unit->source->name;
        if (name[0] && strcmp(name, "-e") && strcmp(name, "stdin"))
            *file = name;
        if (!r->function && !k.code->script)
            r->function = k.code->name ? k.code->name->text : NULL;
        if (r->function && !inner_code(k.code->unit, r->function))
            fail("tl:debug", "%s: %s has no function '%s'", who, r->name, r->function);
        return k.code->unit;
    }
    *file = file_named(r->name);
    if (!*file && k.builtin)
        fail("tl:debug", "%s: '%s' is built in; only what is written in tl has lines to stop at", who, r->name);
    if (!*file) {
        const char *near = did_you_mean(r->name);
        fail("tl:debug",
             near ? "%s: there is no function or file '%s'; did you mean '%s'?"
                  : "%s: there is no function or file '%s'",
             who, r->name, near);
    }
    *own = true;
    struct unit *u = unit_load(*file, 0);
    if (r->function && !inner_code(u, r->function)) {
        unit_drop(u);
        fail("tl:debug", "%s: %s has no function '%s'", who, r->name, r->function);
    }
    return u;
}

static int last_line(struct code *k, const struct source *s)
{
    int last = 0;
    for (int i = 0; k && i < k->nmark; i++)
        if (k->mark[i].flags & MARK_LINE)
            last = MAX(last, source_line(s, k->mark[i].at, NULL));
    return last;
}

static void say_stop(int i)
{
    const struct stop *s = &breaks()->stop[i];
    outf("%3d  ", i + 1);
    if (s->file)
        outf("%s:%d", s->file, s->at ? s->at : s->line);
    else
        outf("%s, line %d", s->function, s->at ? s->at : s->line);
    if (s->file && s->function)
        outf(", in %s", s->function);
    if (s->condition)
        outf(", if %s", s->condition);
    out_puts("\n");
}

static bool same(const char *a, const char *b) { return a && b ? !strcmp(a, b) : a == b; }

static struct stop *stop_remove(struct breaks *d, int i)
{
    free(d->stop[i].file);
    free(d->stop[i].function);
    free(d->stop[i].condition);
    memmove(d->stop + i, d->stop + i + 1, sizeof *d->stop * (size_t)(--d->n - i));
    return d->stop;
}

static void check_condition(const char *text)
{
    struct parse_error e;
    struct parse_options o = { .name = "condition", .flags = PARSE_EXPRESSION };
    struct ast *a = parse_text(text, strlen(text), &o, &e);
    if (!a)
        fail_parse(&e);
    ast_free(a);
}

BUILTIN(dbstop, 0, ANY, 1, NO_GRAD,
  "dbstop in NAME\n"
  "dbstop in NAME at LINE\n"
  "dbstop NAME:LINE\n"
  "dbstop in NAME at LINE if CONDITION\n"
  "dbstop if error | caught error | naninf | warning\n\n"
  "Sets a breakpoint: a run stops before the statement at that line of a function or file (without a line, its first one; "
  "where the line has none, the next that has), and the prompt `debug> ` looks at it, see `help debugging`. NAME may be a "
  "file, a function, one in a package, or FILE>FUNCTION. With a condition it stops where that is true. `if error` stops "
  "at an error that nothing catches, before anything is undone (so does TL_DEBUG_ON_ERROR=1 in the environment), "
  "`if naninf` behind the statement that gave a variable NaN or Inf, `if warning` behind one that warned.\n"
  "Shows the line it found. A run without breakpoints is as fast as ever.\n\n"
  "Example:\n  function r = twice(x)\n    r = 2 * x;\n  end\n  dbstop in twice\n    1  twice, line 2\n  dbclear all\n\n"
  "See also: debugging, dbclear, dbstatus, dbstep, keyboard")
{
    struct breaks *d = breaks();
    if (!c->nargin) {
        fail("tl:debug", "dbstop: where? dbstop in NAME at LINE, dbstop NAME:LINE, dbstop if error");
    }
    struct request r = request(c, request_text(c));
    const char *cond = r.condition;
    if (!r.name && !r.line && cond) {
        if (!strcmp(cond, "all error")) {
            d->when[WHEN_ERROR] = d->when[WHEN_CAUGHT] = true;
            return;
        }
        int when = when_of(cond);
        if (when < 0)
            fail("tl:debug",
                 "dbstop: 'if %s' is not understood; without a place there are if error, caught error, naninf, warning",
                 cond);
        d->when[when] = true;
        if (when == WHEN_CAUGHT)
            d->when[WHEN_ERROR] = true;
        breaks_apply();
        return;
    }
    if (cond)
        check_condition(cond);
    const char *file;
    bool own;
    struct unit *u = find(c, &r, &file, &own);
    int last = 0;
    if (r.line) {
        last = last_line(u->main, u->source);
        for (int i = 0; i < u->functions; i++)
            last = MAX(last, last_line(u->function[i], u->source));
    }
    int at = breaks_line(&(struct stop){ .file = (char *)file, .function = (char *)r.function, .line = r.line }, u);
    if (own)
        unit_drop(u);
    if (r.line > last)
        fail("tl:debug", "dbstop: %s has no statement at line %d or behind it; the last is at line %d",
             r.name ? r.name : "this", r.line, last);
    for (int i = d->n - 1; i >= 0; i--)       /* the same place again: a new condition */
        if (same(d->stop[i].file, file) && same(d->stop[i].function, r.function) && d->stop[i].line == r.line)
            stop_remove(d, i);
    if (d->n == 250)
        fail("tl:debug", "dbstop: there are 250 breakpoints; dbclear takes some away");
    struct stop *all = realloc(d->stop, sizeof *all * (size_t)(d->n + 1));
    if (!all)
        fail_memory(sizeof *all);
    d->stop = all;
    all[d->n++] = (struct stop){ .file = file ? strdup(file) : NULL,
                                 .function = r.function ? strdup(r.function) : NULL,
                                 .line = r.line,
                                 .at = at,
                                 .condition = cond ? strdup(cond) : NULL };
    breaks_apply();
    if (c->nargout > 0)
        result_num(c, 0, at);
    else
        say_stop(d->n - 1);
}

BUILTIN(dbclear, 0, ANY, 0, NO_GRAD,
  "dbclear all\n"
  "dbclear in NAME\n"
  "dbclear in NAME at LINE\n"
  "dbclear NAME:LINE\n"
  "dbclear n\n"
  "dbclear if error | caught error | naninf | warning\n\n"
  "Takes breakpoints away: all, those of a function or file, one of them, or number n of dbstatus.\n\n"
  "Example:\n  dbclear all\n\n"
  "See also: dbstop, dbstatus, debugging")
{
    struct breaks *d = breaks();
    const char *text = request_text(c);
    int n, before = d->n;
    if (!c->nargin || !strcmp(text, "all") || !strcmp(text, "-all")) {
        while (d->n)
            stop_remove(d, d->n - 1);
        memset(d->when, 0, sizeof d->when);
        breaks_apply();
        return;
    }
    struct request r = request(c, text);
    if (!r.name && !r.line && r.condition) {
        int when = when_of(r.condition);
        if (when < 0 && strcmp(r.condition, "all error"))
            fail("tl:debug", "dbclear: 'if %s' is not understood; there are if error, caught error, naninf, warning",
                 r.condition);
        d->when[when < 0 ? WHEN_ERROR : when] = false;
        if (when < 0)
            d->when[WHEN_CAUGHT] = false;
        breaks_apply();
        return;
    }
    if (!r.name && whole_number(text, &n)) {
        if (n < 1 || n > d->n)
            fail("tl:debug", "dbclear: there is no breakpoint %d; dbstatus lists them", n);
        stop_remove(d, n - 1);
        breaks_apply();
        return;
    }
    const char *file;
    bool own;
    struct unit *u = find(c, &r, &file, &own);
    if (own)
        unit_drop(u);
    for (int i = d->n - 1; i >= 0; i--) {
        const struct stop *s = &d->stop[i];
        if (!same(s->file, file) ||
            (r.line ? s->line != r.line && s->at != r.line : r.function && !same(s->function, r.function)))
            continue;
        stop_remove(d, i);
    }
    if (d->n == before)
        fail("tl:debug", "dbclear: there is no breakpoint there; dbstatus lists them");
    breaks_apply();
}

BUILTIN(dbstatus, 0, 0, 1, NO_GRAD,
  "dbstatus\n"
  "s = dbstatus()\n\n"
  "The breakpoints with their numbers; as a struct array with file, name, line and cond if a result is wanted.\n\n"
  "Example:\n  dbclear all; dbstop if error; dbstatus, dbclear all\n       if error\n\n"
  "See also: dbstop, dbclear, debugging")
{
    struct breaks *d = breaks();
    if (c->nargout > 0) {
        static const char *const fields[] = { "file", "name", "line", "cond" };
        sym name[4];
        for (int i = 0; i < 4; i++)
            name[i] = symbol_of(fields[i]);
        struct record *r = record_new(2, (i64[]){ d->n, 1 }, 4, name);
        for (int i = 0; i < d->n; i++) {
            const struct stop *s = &d->stop[i];
            const char *text[] = { s->file ? s->file : "", s->function ? s->function : "", s->condition ? s->condition : "" };
            for (int k = 0; k < 3; k++)
                record_put(r, i, k == 2 ? 3 : k, tensor_value(tensor_text(text[k], strlen(text[k]))));
            record_put(r, i, 2, num(s->at ? s->at : s->line));
        }
        result(c, 0, record_value(r));
        return;
    }
    for (int i = 0; i < d->n; i++)
        say_stop(i);
    for (int i = 0; i < WHENS; i++)
        if (d->when[i])
            outf("     if %s\n", when_word[i]);
}

BUILTIN(dbtype, 1, 2, 0, NO_GRAD,
  "dbtype NAME\n"
  "dbtype NAME FROM:TO\n\n"
  "Shows a function or file with the numbers of its lines, as dbstop counts them.\n\n"
  "Example:\n  function r = half(x)\n    r = x / 2;\n  end\n  dbtype half 2\n  2      r = x / 2;\n\n"
  "See also: dbstop, dblist, type")
{
    struct request r = { .name = arg_text(c, 0, NULL) };
    int from = 0, to = 1 << 30;
    if (has_arg(c, 1)) {
        const char *s = arg_text(c, 1, NULL);
        char *end;
        from = to = (int)strtol(s, &end, 10);
        if (*end == ':')
            to = !strcmp(end + 1, "end") ? 1 << 30 : (int)strtol(end + 1, &end, 10);
        if (end == s || from < 1 || to < from)
            fail("tl:debug", "dbtype: lines are asked for as 3 or 3:8, not '%s'", s);
    }
    const char *file;
    bool own;
    struct unit *u = find(c, &r, &file, &own);
    struct code *k = r.function ? inner_code(u, r.function) : NULL;
    const struct source *s = u->source;
    if (k && !has_arg(c, 1)) {
        from = source_line(s, k->begin, NULL);
        to = source_line(s, k->end ? k->end - 1 : 0, NULL);
    }
    lines(s, from, to, 0);
    if (own)
        unit_drop(u);
}

BUILTIN(echo, 0, 2, 0, NO_GRAD,
  "echo on\n"
  "echo on all\n"
  "echo off\n"
  "echo\n\n"
  "Shows the lines of script files as they run, each behind a +; with all those of functions too. echo alone turns it "
  "on or off.\n\n"
  "Example:\n"
  "  echo off\n\n"
  "See also: dbstop, profile, source")
{
    struct breaks *d = breaks();
    int was = d->echo;
    if (!c->nargin) {
        d->echo = !was;
    } else {
        int on = arg_option(c, 0, (const char *const[]){ "off", "on", NULL });
        if (c->nargin > 1)
            arg_option(c, 1, (const char *const[]){ "all", NULL });
        d->echo = on * c->nargin;
    }
    if (was != d->echo)
        breaks_apply();
}
