/* SPDX-License-Identifier: BSD-3-Clause */
/* vm_frame.c: how frames end: popped, or unwound to a handler; and onCleanup, which waits for that. */
#include "vm.h"
#include <stdlib.h>

/* ---- frames */
void frame_pop(struct frame *f)
{
    value *end = frame_top(f);
    if (vm->sp > end && f == vm->frame)
        end = vm->sp;
    if (f->taken) {
        value *p = outer_place(f, f->taken_from), *r = &f->base[f->taken - 1];
        *p = *r;
        *r = nil();
        f->taken = 0;
    }
    struct frame_more *m = f->more;
    if (m && m->guest)
        frame_home(f);
    for (value *r = f->base; r < end; r++)
        if (is_counted(*r)) {
            value old = *r;
            r->tag = 0;
            drop(old);
        }
    if (f->self) {
        struct function_value *self = f->self;
        f->self = NULL;
        drop(object_value(K_FUNC, self));
    }
    if (m) {
        f->more = NULL;
        if (m->own)
            space_free(m->space);
        unit_drop(m->unit);
        free(m);
    }
    vm->frame = f - 1;
}

/* A failed instruction's loans go back: variables are what they were. */
void frame_settle(struct frame *f)
{
    if (f->taken) {
        value *p = outer_place(f, f->taken_from), *r = &f->base[f->taken - 1];
        *p = *r;
        *r = nil();
        f->taken = 0;
    }
    while (f->nbound) {
        value *r = &f->base[f->bound[--f->nbound]];
        value old = *r;
        *r = nil();
        drop(old);
    }
}

/* Drops what a failed instruction left behind in frame f above register `level`. */
static void frame_clear(struct frame *f, int level, value *end)
{
    frame_settle(f);
    for (value *r = f->base + level; r < end; r++)
        if (is_counted(*r)) {
            value old = *r;
            r->tag = 0;
            drop(old);
        } else {
            r->tag = 0;
        }
}

static const struct handler *handler_at(const struct frame *f, bool only_unwind)
{
    int pc = (int)(f->pc - f->code->ins) - 1;
    const struct handler *best = NULL;
    for (int i = 0; i < f->code->nhandler; i++) {
        const struct handler *h = &f->code->handler[i];
        if (pc >= h->from && pc < h->to && (!only_unwind || h->unwind) && (!best || h->depth > best->depth))
            best = h;
    }
    return best;
}

bool frame_catches(const struct frame *f)
{
    int pc = (int)(f->pc - f->code->ins) - 1;
    for (int i = 0; i < f->code->nhandler; i++) {
        const struct handler *h = &f->code->handler[i];
        if (pc >= h->from && pc < h->to && !h->unwind)
            return true;
    }
    return false;
}

/* After a failure: go on at the innermost handler above (or in) entry, or pop all and return false. */
bool land(struct frame *entry, value *floor)
{
    bool fresh = failure()->node != LOCATED;
    error_locate();
    if (WATCHED && fresh)
        breaks_failing();
    bool hard = failure()->kind != FAIL_ERROR;
    value *end = vm->sp;
    for (struct frame *f = vm->frame; f >= entry; f--) {
        const struct handler *h = handler_at(f, hard);
        value *top = frame_top(f);
        if (h) {
            frame_clear(f, h->level, end > top ? end : top);
            f->pc = f->code->ins + h->target;
            vm->frame = f;
            if (WATCHED)
                breaks_unwound(f);
            return true;
        }
        vm->frame = f;
        frame_clear(f, 0, f->base);
        if (end > top)
            frame_clear(f, f->code->nreg, end);
        end = f->base;
        vm->sp = NULL;
        frame_pop(f);
    }
    for (value *r = floor; r < end; r++)                       /* arguments and places for results of a call from C */
        if (is_counted(*r)) {
            value old = *r;
            r->tag = 0;
            drop(old);
        }
    vm->sp = NULL;
    if (WATCHED)
        breaks_unwound(entry - 1);
    return false;
}

/* ---- onCleanup */
void cleanup_later(value f)
{
    struct machine *m = vm;
    value *all = m ? realloc(m->cleanup, sizeof *all * (size_t)(m->ncleanup + 1)) : NULL;
    if (!all) {
        drop(f);
        return;
    }
    m->cleanup = all;
    all[m->ncleanup++] = f;
}
static void cleanup_body(void *arg)
{
    value out[1] = { nil() };
    machine_call(*(value *)arg, 0, NULL, 0, out);
}
/* An error in such a function is only reported; the failure in progress, if any, stays what it is. */
void cleanup_run(void)
{
    struct machine *m = vm;
    while (m->ncleanup) {
        value f = m->cleanup[--m->ncleanup];
        int mark = pool_mark();
        keep(f);
        if (protect(cleanup_body, &f))
            hooks()->warning("", failure()->message);
        pool_release(mark);
    }
}

/* The same while a failure is on its way. */
void cleanup_after_failure(void)
{
    struct failure *f = failure(), was = *f;
    f->message = f->id = NULL;
    cleanup_run();
    free(f->message);
    free(f->id);
    *f = was;
}
