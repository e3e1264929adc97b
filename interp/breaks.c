/* SPDX-License-Identifier: BSD-3-Clause */
/* breaks.c: where the debugger stops.
 *
 * The compiler notes for each code which instructions begin a statement and which return (struct mark).  Where a stop is
 * wanted, the instruction there becomes BREAK, which asks here and then does what the instruction was; so a program without
 * breakpoints runs the very same instructions as one that never heard of them.  Steps, `if naninf` and the profiler put
 * BREAK at every mark.  A step ends in a frame, not at a line: `limit` is the highest frame that it may end in.
 *
 * An error is looked at before anything is unwound, and a warning at the next statement: there no function has hold of
 * what one may change at the prompt. */
#include "breaks.h"
#include "nn/nn.h"
#include <math.h>
#include <stdlib.h>

struct breaks *breaks(void)
{
    if (!vm->breaks && !(vm->breaks = calloc(1, sizeof *vm->breaks)))
        fail_memory(sizeof *vm->breaks);
    return vm->breaks;
}

void breaks_free(void)
{
    struct breaks *d = vm->breaks;
    if (!d)
        return;
    for (int i = 0; i < d->n; i++) {
        free(d->stop[i].file);
        free(d->stop[i].function);
        free(d->stop[i].condition);
    }
    for (int i = 0; i < d->nseen; i++)
        free(d->seen[i].bad);
    profile_free();
    free(d->seen);
    free(d->stop);
    free(d);
    vm->breaks = NULL;
}

bool code_typed(const struct code *c) { return c->script && !c->unit->source->name[0]; }

const struct mark *frame_mark(const struct frame *f)
{
    int pc = (int)(f->pc - f->code->ins) - 1;
    return f->code->nmark && pc >= 0 ? code_mark(f->code, pc) : NULL;
}

/* ---- where a breakpoint is in a unit */
static void each_code(struct code *c, void (*f)(struct code *, void *), void *arg)
{
    if (!c)
        return;
    f(c, arg);
    for (int i = 0; i < c->nclosure; i++)
        each_code(c->closure[i], f, arg);
}
static void unit_each(struct unit *u, void (*f)(struct code *, void *), void *arg)
{
    each_code(u->main, f, arg);
    for (int i = 0; i < u->functions; i++)
        each_code(u->function[i], f, arg);
}

static bool same_file(const char *a, const char *b)
{
    if (!strcmp(a, b))
        return true;
    const char *p = strrchr(a, '/'), *q = strrchr(b, '/');
    if (strcmp(p ? p + 1 : a, q ? q + 1 : b))
        return false;
    char *x = realpath(a, NULL), *y = realpath(b, NULL);
    bool same = x && y && !strcmp(x, y);
    free(x);
    free(y);
    return same;
}

struct search { const struct stop *stop; const struct source *source; const char *function; int line; uint32_t at; };

/* the first statement at the line asked for or behind it, of all codes of the unit */
static void look(struct code *c, void *arg)
{
    struct search *s = arg;
    if (s->function && !(c->name && !strcmp(c->name->text, s->function)))
        return;
    for (int i = 0; i < c->nmark; i++) {
        const struct mark *m = &c->mark[i];
        if (!(m->flags & MARK_LINE))
            continue;
        int line = source_line(s->source, m->at, NULL);
        if (line < s->stop->line || (s->line && (line > s->line || (line == s->line && m->at >= s->at))))
            continue;
        s->line = line;
        s->at = m->at;
        if (!s->stop->line)
            return;                           /* marks come in the order of the code: the first is the first */
    }
}

/* the byte where it stands in the unit; false: it does not belong there */
static bool place_of(const struct stop *stop, struct unit *u, struct search *s)
{
    *s = (struct search){ .stop = stop, .source = u->source };
    const char *name = u->source->name;
    if (stop->file ? !name[0] || !same_file(name, stop->file) : name[0] && strcmp(name, "-e") && strcmp(name, "stdin"))
        return false;
    if (stop->function && (!stop->line || !stop->file))
        s->function = stop->function;
    if (s->function || u->main || stop->line)
        unit_each(u, look, s);
    else if (u->functions)
        each_code(u->function[0], look, s);
    return s->line > 0;
}

int breaks_line(const struct stop *stop, struct unit *u)
{
    struct search s;
    return place_of(stop, u, &s) ? s.line : 0;
}

/* ---- patching */
static void count(struct code *c, void *arg)
{
    struct search *s = arg;
    if (s->function && !(c->name && !strcmp(c->name->text, s->function)) && !c->closure_body)
        return;
    for (int i = 0; i < c->nmark; i++)
        if ((c->mark[i].flags & MARK_LINE) && c->mark[i].at == s->at && c->mark[i].stops < 255)
            c->mark[i].stops++;
}
static void forget(struct code *c, void *unused)
{
    (void)unused;
    for (int i = 0; i < c->nmark; i++)
        c->mark[i].stops = 0;
}
static void set(struct code *c, void *arg)
{
    const struct breaks *d = arg;
    bool all = d->profiling || (!c->library && !code_typed(c) && (d->step || d->when[WHEN_NANINF] || d->echo > !c->script));
    for (int i = 0; i < c->nmark; i++) {
        struct mark *m = &c->mark[i];
        c->ins[m->pc].op = all || m->stops ? I_BREAK : m->op;
    }
}

void breaks_unit(struct unit *u)
{
    struct breaks *d = vm->breaks;
    struct search s;
    unit_each(u, forget, NULL);
    for (int i = 0; i < d->n; i++)
        if (place_of(&d->stop[i], u, &s)) {
            d->stop[i].at = s.line;
            unit_each(u, count, &s);
        }
    unit_each(u, set, d);
}

void breaks_apply(void)
{
    nn_note_nan(vm->breaks && vm->breaks->when[WHEN_NANINF]);
    for (struct unit *u = vm->units; u; u = u->after)
        breaks_unit(u);
}

/* ---- NaN and Inf: variables that had none at the statement before */
static bool infected(value v)
{
    if (v.kind == K_NUM)
        return v.num - v.num != 0 && (v.dtype == D_DOUBLE || v.dtype == D_SINGLE);
    if (v.kind != K_TENSOR || v.t->device)
        return false;
    if (!(v.t->flags & T_DENSE))              /* what layers make lies in Torch's order */
        v = tensor_box(rows_of(v.t));
    i64 n = v.t->numel;
    int type = v.t->dtype;
    if (type == D_CDOUBLE || type == D_CSINGLE)
        n *= 2;
    if (type == D_DOUBLE || type == D_CDOUBLE) {
        double sum = 0;
        for (i64 i = 0; i < n; i++)
            sum += ((const double *)v.t->data)[i] * 0;
        return sum != 0 || sum != sum;
    }
    if (type == D_SINGLE || type == D_CSINGLE) {
        float sum = 0;
        for (i64 i = 0; i < n; i++)
            sum += ((const float *)v.t->data)[i] * 0;
        return sum != sum;
    }
    return false;
}

/* what came in since the frame's last statement, or NULL; pooled */
static const char *infection(struct breaks *d, struct frame *f, const struct mark *m)
{
    int depth = (int)(f - vm->frames), n = f->code->nslot;
    if (depth >= d->nseen) {
        struct seen *all = realloc(d->seen, sizeof *all * (size_t)(depth + 8));
        if (!all)
            fail_memory(sizeof *all * (size_t)(depth + 8));
        memset(all + d->nseen, 0, sizeof *all * (size_t)(depth + 8 - d->nseen));
        d->seen = all;
        d->nseen = depth + 8;
    }
    struct seen *s = &d->seen[depth];
    bool known = s->code == f->code && s->n == n && m->pc != f->code->mark[0].pc;
    for (int i = depth + 1; i < d->nseen && d->seen[i].code; i++)
        d->seen[i].code = NULL;
    if (f->more && f->more->guest && f->more->host)            /* they see the same variables: told once */
        d->seen[f->more->host - vm->frames].code = NULL;
    if (!known) {
        bool *bad = realloc(s->bad, (size_t)n + 1);
        if (!bad)
            fail_memory((size_t)n + 1);
        *s = (struct seen){ .code = f->code, .at = m->at, .n = n, .bad = bad };
    }
    const char *found = NULL;
    for (int i = 0; i < n; i++) {
        bool bad = infected(f->base[i + f->code->shift]);
        if (known && bad && !s->bad[i] && !found) {
            struct buf *b = buf_new();
            const struct source *source = f->code->unit->source;
            buff(b, "%s has become NaN or Inf in line %d", f->code->slot_name[i]->text, source_line(source, s->at, NULL));
            found = b->s;
        }
        s->bad[i] = bad;
    }
    const char *made = nn_noted_nan();
    if (made && known) {
        struct buf *b = buf_new();
        if (found)
            buff(b, "%s\n  %s", found, made);
        else
            buff(b, "NaN or Inf came up in line %d\n  %s", source_line(f->code->unit->source, s->at, NULL), made);
        found = b->s;
    }
    s->at = m->at;
    return found;
}

/* ---- at a mark */
struct asking { struct frame *f; const char *text; bool yes; };
static void ask(void *arg)
{
    struct asking *a = arg;
    value v = expression_value(a->text, frame_holder(a->f));
    a->yes = value_true(v);
}

/* the breakpoint that holds here, -1: none; a condition that fails counts, and is told */
static int stop_here(struct breaks *d, struct frame *f, const struct mark *m, const char **why)
{
    struct search s;
    for (int i = 0; i < d->n; i++) {
        if (!place_of(&d->stop[i], f->code->unit, &s) || s.at != m->at)
            continue;
        if (!d->stop[i].condition)
            return i;
        struct asking a = { f, d->stop[i].condition, false };
        int mark = pool_mark();
        d->silent = true;
        int failed = protect(ask, &a);
        d->silent = false;
        if (failed && failure()->kind != FAIL_ERROR)
            fail_again();
        if (failed) {
            struct buf *b = buf_new();
            buff(b, "the condition `%s` fails: %s", d->stop[i].condition, failure()->message);
            *why = b->s;
            return i;
        }
        pool_release(mark);
        if (a.yes)
            return i;
    }
    return -1;
}

static bool step_ends(struct breaks *d, struct frame *f, const struct mark *m)
{
    if (!d->step || f->code->library || code_typed(f->code) || f > d->limit || !(m->flags & MARK_LINE))
        return false;
    if ((m->flags & MARK_END) && d->step == STEP_OUT)
        return false;
    return --d->count <= 0;
}

struct stopping { const char *why; struct frame *f; };
static void stop_body(void *arg)
{
    struct stopping *s = arg;
    stopped(s->why, s->f);
}

/* The last error waits until the run goes on; false: the run is left, and why it is takes the error's place. */
static bool stop_there(const char *why, struct frame *f)
{
    struct error_kept kept;
    error_put_by(&kept);
    bool left = protect(stop_body, &(struct stopping){ why, f }) != 0;
    error_take_back(&kept, left);
    return !left;
}

/* `echo on`: the line whose first statement is about to run */
static void echo_line(const struct frame *f, const struct mark *m)
{
    const struct source *source = f->code->unit->source;
    int column, len, line = source_line(source, m->at, &column);
    const char *text = source_line_text(source, line, &len);
    int blank = (int)strspn(text, " \t");
    if (column == blank + 1)
        outf("+ %.*s\n", len, text);
}

uint16_t breaks_hit(void)
{
    struct breaks *d = vm->breaks;
    struct frame *f = vm->frame;
    const struct mark *m = code_mark(f->code, (int)(f->pc - f->code->ins) - 1);
    uint16_t op = m->op;
    int mark = pool_mark();
    if (d->profiling)
        profile_event(f, m);
    if (d->echo > !f->code->script && !f->code->library && !code_typed(f->code) && (m->flags & MARK_LINE) &&
        !(m->flags & MARK_END) && !d->silent)
        echo_line(f, m);
    if (d->silent)
        return op;
    const char *why = NULL;
    int k = m->stops ? stop_here(d, f, m, &why) : -1;
    if (!why && d->when[WHEN_NANINF] && !f->code->library && !code_typed(f->code))
        why = infection(d, f, m);
    if (!why && d->warned && !f->code->library && (m->flags & MARK_LINE))
        why = "a warning was given by the statement before";
    if (k >= 0 && !why) {
        struct buf *b = buf_new();
        buff(b, "breakpoint %d", k + 1);
        if (d->stop[k].condition)
            buff(b, ", %s", d->stop[k].condition);
        why = b->s;
    }
    if (!why && step_ends(d, f, m))
        why = "";
    if (why) {
        d->warned = false;
        if (!stop_there(why, f))
            fail_again();
    }
    if ((m->flags & MARK_RETURN) && d->step && d->limit >= f)
        if (d->step != STEP_INTO)
            d->limit = f - 1;
    pool_release(mark);
    return op;
}

struct frame *breaks_floor(void)
{
    return vm->breaks && vm->breaks->prompt ? vm->breaks->prompt->top : vm->frames;
}

/* ---- failures, warnings, the end */
void breaks_failing(void)
{
    struct breaks *d = vm->breaks;
    struct frame *f = vm->frame, *floor = breaks_floor();
    if (failure()->kind != FAIL_ERROR || d->silent || f <= vm->frames || !(d->when[WHEN_ERROR] || d->when[WHEN_CAUGHT]))
        return;
    bool caught = vm->guarded > 0;
    for (struct frame *g = f; g > floor && !caught; g--)
        caught = frame_catches(g);
    if (caught ? !d->when[WHEN_CAUGHT] : !d->when[WHEN_ERROR])
        return;
    while (f > floor && (f->code->library || code_typed(f->code)))      /* somebody's own line must be to blame */
        f--;
    if (f <= floor)
        return;
    frame_settle(vm->frame);
    interp_report(2);
    stop_there(NULL, f);
}

void breaks_unwound(struct frame *f)
{
    struct breaks *d = vm->breaks;
    if (d->limit > f)
        d->limit = f;
}

void breaks_warned(void)
{
    struct breaks *d = vm->breaks;
    if (!d->when[WHEN_WARNING] || d->silent || d->step)
        return;
    d->warned = true;
    d->step = STEP_INTO;
    d->limit = vm->frame_limit;
    d->count = 1 << 30;                       /* the step itself ends nowhere */
    breaks_apply();
}

void breaks_rest(void)
{
    struct breaks *d = vm->breaks;
    if (!d || !(d->step || d->warned))
        return;
    d->step = STEP_NONE;
    d->warned = false;
    breaks_apply();
}
