/* SPDX-License-Identifier: BSD-3-Clause */
/* device_fuse.c: elementwise programs that follow one another on a device become one.
 *
 * The one idea: a device that stands before the device.  Its `program` keeps a program back; one that follows over the
 * same index space is joined to it, reading what the first computes where it would have been stored, and every other
 * call sends off first what is kept.  So the step of an optimiser, written as a line for each running mean, is one
 * kernel with several results, and so is a chain of gates.  What a program computes is not changed by its neighbours,
 * so bits stay the same.
 *
 * Memory that is given back meanwhile stays taken until the kernel is queued; what nobody holds any more is not stored.
 * Two programs join when each operand that one of them writes is addressed by the other in just the same way: an
 * element then meets only itself.  Whatever else overlaps sends off first. */
#include "config.h"
#include "ew.h"
#include "gpu.h"

enum { RESULTS = 1 + DEV_MORE, PUTS = 64 };
struct result { struct dev_arg a; int ins; uint8_t dtype; bool dead; };
struct fuse {
    struct device d;                          /* what lab sees */
    struct device *real;
    struct dev_prog p;                        /* kept back: n 0, nothing is */
    int nd, results, tag;
    i64 dim[DEV_DIMS];
    struct dev_arg in[DEV_ARGS];
    struct result result[RESULTS];
    double num[DEV_NUMS];
    bool trouble;
    int owed;                                 /* an error that nobody could be told yet */
    int puts;
    struct { void *p; size_t bytes; } put[PUTS];
};
static struct fuse *me(struct device *d) { return (struct fuse *)d; }

static int end(struct fuse *f, int e)
{
    f->d.epoch = f->real->epoch;
    f->d.status = f->real->status;
    return e;
}

/* ---- index spaces.  Dimensions of both, cut until they are the same; the operands' strides with them. */
struct space { int nd; i64 dim[DEV_DIMS]; };
static bool refined(const struct space *a, const struct space *b, struct space *c)
{
    i64 left[2] = { 1, 1 };
    int at[2] = { 0, 0 };
    const struct space *s[2] = { a, b };
    c->nd = 0;
    for (;;) {
        for (int k = 0; k < 2; k++)
            while (left[k] == 1 && at[k] < s[k]->nd)
                left[k] = s[k]->dim[at[k]++];
        if (left[0] == 1 || left[1] == 1)
            break;
        i64 size = MIN(left[0], left[1]);
        if (left[0] % size || left[1] % size || c->nd == DEV_DIMS)
            return false;
        c->dim[c->nd++] = size;
        left[0] /= size;
        left[1] /= size;
    }
    return left[0] == left[1];
}
static void cut(struct dev_arg *x, const struct space *from, const struct space *to)
{
    i64 stride[DEV_DIMS], left = 1, step = 0;
    int at = 0;
    for (int d = 0; d < to->nd; d++) {
        while (left == 1 && at < from->nd) {
            left = from->dim[at];
            step = x->stride[at++];
        }
        stride[d] = step;
        step *= to->dim[d];
        left /= to->dim[d];
    }
    x->nd = to->nd;
    memcpy(x->dim, to->dim, sizeof x->dim);
    memcpy(x->stride, stride, sizeof stride);
}
static bool alike(const struct dev_arg *a, const struct dev_arg *b)    /* the same elements at the same places */
{
    bool same = a->p == b->p && a->dtype == b->dtype;
    for (int d = 0; d < a->nd && same; d++)
        same = a->dim[d] == 1 || a->stride[d] == b->stride[d];
    return same;
}
static void range(const struct dev_arg *a, const char **from, const char **to)
{
    i64 size = dtypes[a->dtype].size, low = 0, high = 0;
    for (int d = 0; d < a->nd; d++)
        *(a->stride[d] < 0 ? &low : &high) += (a->dim[d] - 1) * a->stride[d];
    *from = (const char *)a->p + low * size;
    *to = (const char *)a->p + (high + 1) * size;
}
static bool overlap(const struct dev_arg *a, const struct dev_arg *b)
{
    const char *a0, *a1, *b0, *b1;
    range(a, &a0, &a1);
    range(b, &b0, &b1);
    return a0 < b1 && b0 < a1;
}

/* ---- sending off: what is not stored, and what only that needs, goes */
static int send(struct fuse *f)
{
    int e = f->owed, n = 0, of[COUNT(f->p.ins)], to[DEV_ARGS], number[DEV_NUMS];
    f->owed = DEV_OK;
    if (f->p.n) {
        bool used[COUNT(f->p.ins)] = { false };
        struct dev_prog p = { 0 };
        struct dev_arg out[RESULTS], in[DEV_ARGS];
        double num[DEV_NUMS];
        struct result *last = NULL;
        for (int i = 0; i < f->p.n; i++)      /* as that of what was written over */
            used[i] = f->trouble &&
                      (f->p.ins[i].what == DI_TRUTH || (f->p.ins[i].what == DI_OP && ew_rows[f->p.ins[i].op].domain));
        for (int r = 0; r < f->results; r++)
            if (!f->result[r].dead) {
                used[f->result[r].ins] = true;
                last = !last || f->result[r].ins > last->ins ? &f->result[r] : last;
            }
        for (int i = f->p.n; i-- > 0;)
            if (used[i] && f->p.ins[i].what != DI_IN && f->p.ins[i].what != DI_NUM) {
                used[f->p.ins[i].a] = true;
                if (f->p.ins[i].b >= 0)
                    used[f->p.ins[i].b] = true;
            }
        memset(to, -1, sizeof to);
        memset(number, -1, sizeof number);
        for (int i = 0; i < f->p.n; i++) {
            struct dev_ins z = f->p.ins[i];
            if (!used[i])
                continue;
            if (z.what == DI_IN) {
                if (to[z.a] < 0) {
                    to[z.a] = p.nin;
                    in[p.nin] = f->in[z.a];
                    p.in_dtype[p.nin++] = f->p.in_dtype[z.a];
                }
                z.a = (int16_t)to[z.a];
            } else if (z.what == DI_NUM) {
                int two = z.type >= DEV_C ? 2 : 1;
                if (number[z.a] < 0) {
                    number[z.a] = p.nnum;
                    memcpy(num + p.nnum, f->num + z.a, sizeof *num * (size_t)two);
                    p.nnum += two;
                }
                z.a = (int16_t)number[z.a];
            } else {
                z.a = (int16_t)of[z.a];
                z.b = z.b < 0 ? z.b : (int16_t)of[z.b];
            }
            of[i] = n;
            p.ins[n++] = z;
            if (last && i == last->ins)       /* nothing behind the last result is wanted */
                break;
        }
        if (last) {
            p.n = n;
            p.dtype = last->dtype;
            out[0] = last->a;
            for (int r = 0; r < f->results; r++)
                if (!f->result[r].dead && &f->result[r] != last) {
                    out[1 + p.more] = f->result[r].a;
                    p.also[p.more].ins = (int16_t)of[f->result[r].ins];
                    p.also[p.more++].dtype = f->result[r].dtype;
                }
            int now = f->real->program(f->real, &p, out, in, num, f->tag);
            e = e ? e : now;
            if (now ==
                DEV_STOPPED) /* Ctrl-C while its kernel was compiled: others hold what it computes, so it stays */
                return end(f, e);
        }
        f->p.n = f->results = 0;
    }
    unsigned epoch = f->d.epoch;
    for (int i = 0; i < f->puts; i++)
        if (epoch == f->real->epoch)
            f->real->put(f->real, f->put[i].p, f->put[i].bytes);
    f->puts = 0;
    return end(f, e);
}

/* ---- joining */
static bool troubles(const struct dev_prog *p)
{
    for (int i = 0; i < p->n; i++)
        if (p->ins[i].what == DI_TRUTH || (p->ins[i].what == DI_OP && ew_rows[p->ins[i].op].domain))
            return true;
    return false;
}

static void forget_dead(struct fuse *f)       /* their memory is kept from everybody, so nothing can read there */
{
    int n = 0;
    for (int r = 0; r < f->results; r++)
        if (!f->result[r].dead)
            f->result[n++] = f->result[r];
    f->results = n;
}

/* False: it does not join what is kept, which is as it was. */
static bool join(struct fuse *f, const struct dev_prog *p, const struct dev_arg *out, const struct dev_arg *in,
                 const double *num, int tag)
{
    struct space old = { .nd = f->nd }, own = { .nd = out->nd }, both;
    struct dev_arg result, operand[DEV_ARGS];
    bool bad = troubles(p);
    memcpy(old.dim, f->dim, sizeof old.dim);
    memcpy(own.dim, out->dim, sizeof own.dim);
    if (!f->p.n)
        both = own;
    else if (f->p.n + p->n > COUNT(f->p.ins) || (bad && f->trouble && tag != f->tag) || !refined(&old, &own, &both))
        return false;
    forget_dead(f);
    int nin = f->p.nin, nnum = f->p.n ? f->p.nnum : 0, from[DEV_ARGS], linked[DEV_ARGS], over = -1, live = 0;
    struct dev_arg args[DEV_ARGS];
    nin = f->p.n ? nin : 0;
    for (int k = 0; k < nin; k++) {
        args[k] = f->in[k];
        cut(&args[k], &old, &both);
    }
    struct dev_arg had[RESULTS];
    for (int r = 0; r < f->results; r++) {
        had[r] = f->result[r].a;
        cut(&had[r], &old, &both);
    }
    result = *out;
    cut(&result, &own, &both);
    for (int k = 0; k < p->nin; k++) {
        operand[k] = in[k];
        operand[k].dtype = p->in_dtype[k];
        cut(&operand[k], &own, &both);
        linked[k] = -1;
        for (int r = 0; r < f->results; r++) {          /* the latest that wrote there */
            if (alike(&operand[k], &had[r]))
                linked[k] = r;
            else if (overlap(&operand[k], &had[r]))
                return false;
        }
        from[k] = -1;
        for (int q = 0; q < nin && linked[k] < 0 && from[k] < 0; q++)
            if (alike(&operand[k], &args[q]))
                from[k] = q;
        if (linked[k] < 0 && from[k] < 0) {
            if (nin == DEV_ARGS)
                return false;
            from[k] = nin;
            args[nin++] = operand[k];
        }
    }
    for (int k = 0; k < nin; k++)             /* who reads where this one writes: the same element, or not at all */
        if (!alike(&args[k], &result) && overlap(&args[k], &result))
            return false;
    for (int r = 0; r < f->results; r++) {
        if (alike(&had[r], &result))
            over = r;
        else if (overlap(&had[r], &result))
            return false;
        live += !f->result[r].dead;
    }
    if ((over < 0 && f->results == RESULTS) || nin + live + (over < 0) - 1 > DEV_ARGS || nnum + p->nnum > DEV_NUMS)
        return false;
    for (int k = 0; k < p->nin; k++)
        if (linked[k] >= 0) {                 /* a value as it would be read back */
            const struct result *r = &f->result[linked[k]];
            for (int i = 0; i < p->n; i++)
                if (p->ins[i].what == DI_IN && p->ins[i].a == k && p->ins[i].type != f->p.ins[r->ins].type)
                    return false;
        }
    /* nothing fails from here on */
    if (!f->p.n) {
        f->p = (struct dev_prog){ 0 };
        f->trouble = false;
    }
    int of[COUNT(f->p.ins)];
    for (int i = 0; i < p->n; i++) {
        struct dev_ins z = p->ins[i];
        if (z.what == DI_IN && linked[z.a] >= 0) {
            of[i] = f->result[linked[z.a]].ins;
            continue;
        }
        if (z.what == DI_IN)
            z.a = (int16_t)from[z.a];
        else if (z.what == DI_NUM)
            z.a = (int16_t)(z.a + nnum);
        else {
            z.a = (int16_t)of[z.a];
            z.b = z.b < 0 ? z.b : (int16_t)of[z.b];
        }
        of[i] = f->p.n;
        f->p.ins[f->p.n++] = z;
    }
    memcpy(f->num + nnum, num, sizeof *num * (size_t)p->nnum);
    f->p.nnum = nnum + p->nnum;
    memcpy(f->in, args, sizeof *args * (size_t)nin);
    f->p.nin = nin;
    for (int k = 0; k < nin; k++)
        f->p.in_dtype[k] = (uint8_t)args[k].dtype;
    for (int r = 0; r < f->results; r++)
        f->result[r].a = had[r];
    f->result[over < 0 ? f->results++ : over] = (struct result){ result, of[p->n - 1], p->dtype, false };
    f->nd = both.nd;
    memcpy(f->dim, both.dim, sizeof f->dim);
    f->tag = bad || !f->trouble ? tag : f->tag;
    f->trouble |= bad;
    return true;
}

/* ---- the table */
static bool plain(const struct dev_prog *p, const struct dev_arg *out)
{
    bool good = !p->red && !p->more;
    for (int d = 0; d < out->nd; d++)
        good &= out->dim[d] <= 1 || out->stride[d] != 0;
    return good;
}
static int program(struct device *d, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in,
                   const double *num, int tag)
{
    struct fuse *f = me(d);
    if (plain(p, out)) {
        if (f->p.n && join(f, p, out, in, num, tag))
            return DEV_OK;
        int e = send(f);
        if (e)
            return e;
        if (join(f, p, out, in, num, tag))
            return DEV_OK;
    }
    int e = send(f);
    return e ? e : end(f, f->real->program(f->real, p, out, in, num, tag));
}
static int get(struct device *d, size_t bytes, void **p)
{
    struct fuse *f = me(d);
    int e = f->real->get(f->real, bytes, p);
    if (e == DEV_NO_MEMORY && (f->p.n || f->puts)) {
        e = send(f);
        e = e ? e : f->real->get(f->real, bytes, p);
    }
    return end(f, e);
}
static void put(struct device *d, void *p, size_t bytes)
{
    struct fuse *f = me(d);
    if (!f->p.n) {
        f->real->put(f->real, p, bytes);
        return;
    }
    for (int r = 0; r < f->results; r++) {
        const char *from, *to;
        range(&f->result[r].a, &from, &to);
        bool later =
            !f->trouble; /* trouble is told even if nobody wants the result: it must stand before one that is stored */
        for (int q = 0; q < f->results && !later; q++)
            later = !f->result[q].dead && f->result[q].ins > f->result[r].ins;
        f->result[r].dead |= later && from >= (const char *)p && to <= (const char *)p + bytes;
    }
    f->put[f->puts].p = p;
    f->put[f->puts++].bytes = bytes;
    if (f->puts == PUTS) {                    /* there is no room to stay, so this is not ended by Ctrl-C */
        volatile sig_atomic_t *stop = f->real->stop;
        f->real->stop = NULL;
        f->owed = send(f);
        f->real->stop = stop;
    }
}
#define SENT(call) struct fuse *f = me(d); int e = send(f); return e ? e : end(f, f->real->call)
static int trim(struct device *d) { SENT(trim(f->real)); }
static int memory(struct device *d, struct dev_memory *m) { SENT(memory(f->real, m)); }
static int facts(struct device *d, struct dev_facts *x) { SENT(facts(f->real, x)); }
static int copy_(struct device *d, void *to, const void *from, size_t bytes, enum dev_way way)
{
    SENT(copy(f->real, to, from, bytes, way));
}
static int mark(struct device *d, uint64_t *ticket) { SENT(mark(f->real, ticket)); }
static int wait_(struct device *d, volatile sig_atomic_t *stop) { SENT(wait(f->real, stop)); }
static int step(struct device *d) { SENT(step(f->real)); }
static int option(struct device *d, const char *name, double *x, bool set) { SENT(option(f->real, name, x, set)); }
static int run(struct device *d, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num,
               int tag)
{
    SENT(run(f->real, what, out, in, num, tag));
}
static int can(struct device *d, enum dev_call what, const struct dev_arg *out, const struct dev_arg *in,
               const double *num)
{
    return me(d)->real->can(me(d)->real, what, out, in, num);
}
static int done(struct device *d, uint64_t ticket) { return me(d)->real->done(me(d)->real, ticket); }
static const char *why(struct device *d, int error) { return me(d)->real->why(me(d)->real, error); }
static void close_(struct device *d)
{
    struct fuse *f = me(d);
    f->p.n = f->puts = f->results = 0;
    if (f->real->close)
        f->real->close(f->real);
    memory_free(f, sizeof *f);
}

struct device *device_fused(struct device *real)
{
    struct fuse *f = memory_get(sizeof *f);
    memset(f, 0, sizeof *f);
    f->real = real;
    f->d = *real;
    f->d.get = get;
    f->d.put = put;
    f->d.copy = copy_;
    f->d.wait = wait_;
    f->d.why = real->why ? why : NULL;
    f->d.trim = real->trim ? trim : NULL;
    f->d.memory = real->memory ? memory : NULL;
    f->d.facts = real->facts ? facts : NULL;
    f->d.mark = real->mark ? mark : NULL;
    f->d.done = real->done ? done : NULL;
    f->d.step = real->step ? step : NULL;
    f->d.program = real->program ? program : NULL;
    f->d.run = real->run ? run : NULL;
    f->d.can = real->can ? can : NULL;
    f->d.option = real->option ? option : NULL;
    f->d.close = close_;
    return &f->d;
}
