/* SPDX-License-Identifier: BSD-3-Clause */
/* mock.c: a device for tests: the CPU's table behind memory that nobody can read.
 *
 * TL_DEVICE=mock takes it in place of the plugin.  Its memory is one reserved piece that is without access but while the
 * queue runs, so whoever peeks from outside crashes; work is queued and runs late, in order, at the first wait; and options
 * (cuda.option) make it fail: 'fail_at' n: the n-th get from here finds no memory, 'lose' 1: the context is lost; 'poison' 1
 * fills new memory with NaN.  Two devices, so that mixing can be tested. */
#include "config.h"
#include "context.h"
#include "gpu.h"
#include <stdlib.h>
#include <sys/mman.h>

#define ROOM ((size_t)1 << 34)                /* address space of one device */

struct work {
    struct work *next;
    bool program;
    enum dev_call what;
    struct dev_prog prog;
    struct dev_arg out[1 + DEV_MORE], in[DEV_ARGS];
    double num[DEV_NUMS];
    int tag;
    void *to, *from;                          /* a copy of bytes: from is ours when it came from the CPU */
    size_t bytes;
    bool ours;
};
struct piece { struct piece *next; void *p; };
struct mock {
    struct device d;                          /* first */
    char *base, *top;
    size_t used, peak;
    struct piece *kept[64];                   /* by power of two */
    struct work *first, **last;
    uint64_t queued, run;
    double fail_at;
    bool lost, poison;
    const char *why;
    struct dev_status status;
};

static struct mock *me(struct device *d) { return (struct mock *)d; }

static struct work *queue(struct mock *m);

/* ---- memory */
static int class_of_size(size_t bytes)
{
    int k = 8;
    while (((size_t)1 << k) < bytes + SPARE)
        k++;
    return k;
}
static int get(struct device *d, size_t bytes, void **p)
{
    struct mock *m = me(d);
    if (m->lost)
        return DEV_LOST;
    int k = class_of_size(bytes);
    size_t size = (size_t)1 << k;
    if (m->fail_at && --m->fail_at <= 0) {
        m->fail_at = 1;                       /* and all that follow: trimming and waiting do not help */
        return DEV_NO_MEMORY;
    }
    if (m->kept[k]) {
        struct piece *q = m->kept[k];
        m->kept[k] = q->next;
        *p = q->p;
        free(q);
    } else {
        if (size > (size_t)(m->base + ROOM - m->top))
            return DEV_NO_MEMORY;
        *p = m->top;
        m->top += size;
    }
    m->used += size;
    m->peak = MAX(m->peak, m->used);
    struct work *w = m->poison ? queue(m) : NULL;
    if (w && (w->from = malloc(bytes))) {     /* in its turn: work before it may still read what was there */
        memset(w->from, 0xff, bytes);
        w->ours = true;
        w->to = *p;
        w->bytes = bytes;
    }
    return DEV_OK;
}
static void put(struct device *d, void *p, size_t bytes)
{
    struct mock *m = me(d);
    struct piece *q = malloc(sizeof *q);
    int k = class_of_size(bytes);
    m->used -= (size_t)1 << k;
    if (!q)
        return;
    *q = (struct piece){ m->kept[k], p };
    m->kept[k] = q;
}
static int trim(struct device *d)
{
    (void)d;
    return DEV_OK;
}
static int memory(struct device *d, struct dev_memory *to)
{
    struct mock *m = me(d);
    *to = (struct dev_memory){ .total = ROOM,
                               .free = ROOM - m->used,
                               .used = m->used,
                               .kept = (size_t)(m->top - m->base) - m->used,
                               .peak = m->peak,
                               .taken = (uint64_t)(m->top - m->base) };
    return DEV_OK;
}
static int facts(struct device *d, struct dev_facts *f)
{
    *f = (struct dev_facts){ .name = "mock", .major = 1, .units = 1, .version = 1, .memory = ROOM, .warp = 1 };
    snprintf(f->name, sizeof f->name, "mock device %d", d->index);
    return DEV_OK;
}

/* ---- the queue */
static int drain(struct mock *m)
{
    struct device *cpu = cpu_device();
    int error = DEV_OK;
    size_t bytes = (size_t)(m->top - m->base);
    if (!m->first)
        return DEV_OK;
    if (bytes)
        mprotect(m->base, bytes, PROT_READ | PROT_WRITE);
    while (m->first) {
        struct work *w = m->first;
        m->first = w->next;
        m->run++;
        if (!error) {
            *cpu->status = (struct dev_status){ 0 };
            if (w->bytes)
                memmove(w->to, w->from, w->bytes);
            else
                error = w->program ? cpu->program(cpu, &w->prog, w->out, w->in, w->num, w->tag)
                                   : cpu->run(cpu, w->what, w->out, w->in, w->num, w->tag);
            if (error)
                m->why = cpu->why(cpu, error);
            if (cpu->status->code && !m->status.code)
                memcpy(&m->status, cpu->status, sizeof m->status);
        }
        if (w->ours)
            free(w->from);
        free(w);
    }
    m->last = &m->first;
    if (bytes)
        mprotect(m->base, bytes, PROT_NONE);
    return error;
}
static struct work *queue(struct mock *m)
{
    struct work *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    *m->last = w;
    m->last = &w->next;
    m->queued++;
    return w;
}
static int wait_for(struct device *d, volatile sig_atomic_t *stop)
{
    struct mock *m = me(d);
    if (m->lost) {
        m->lost = false;
        d->epoch++;
        return DEV_LOST;
    }
    if (stop && *stop)
        return DEV_STOPPED;
    return drain(m);
}
static int copy_bytes(struct device *d, void *to, const void *from, size_t bytes, enum dev_way way)
{
    struct mock *m = me(d);
    if (m->lost)
        return DEV_LOST;
    if (way == DEV_FROM) {
        int e = drain(m);
        if (e)
            return e;
        size_t all = (size_t)(m->top - m->base);
        mprotect(m->base, all, PROT_READ);
        memcpy(to, from, bytes);
        mprotect(m->base, all, PROT_NONE);
        return DEV_OK;
    }
    struct work *w = queue(m);
    if (!w)
        return DEV_NO_MEMORY;
    w->to = to;
    w->bytes = bytes;
    w->from = (void *)from;
    if (way == DEV_TO) {
        w->ours = true;
        w->from = malloc(bytes);
        if (!w->from)
            return w->bytes = 0, w->ours = false, DEV_NO_MEMORY;
        memcpy(w->from, from, bytes);
    }
    return DEV_OK;
}
static int mark(struct device *d, uint64_t *ticket)
{
    *ticket = me(d)->queued;
    return DEV_OK;
}
static int done(struct device *d, uint64_t ticket) { return me(d)->run >= ticket; }
static int step(struct device *d)
{
    (void)d;
    return DEV_OK;
}
static const char *why(struct device *d, int error)
{
    return error == DEV_NOT_HERE ? NULL : me(d)->why ? me(d)->why : "it failed";
}

/* ---- work */
static int program(struct device *d, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in,
                   const double *num, int tag)
{
    struct work *w = me(d)->lost ? NULL : queue(me(d));
    if (!w)
        return me(d)->lost ? DEV_LOST : DEV_NO_MEMORY;
    w->program = true;
    w->prog = *p;
    memcpy(w->out, out, sizeof *out * (size_t)(1 + p->more));
    memcpy(w->in, in, sizeof *in * (size_t)p->nin);
    memcpy(w->num, num, sizeof *num * (size_t)p->nnum);
    w->tag = tag;
    return DEV_OK;
}
static const struct dev_row rows[DEV_CALLS] = {
#define DEV(name, outs, ins, nums, what) [DEV_##name] = { #name, outs, ins, nums, what },
#include "device.def"
};
static int can(struct device *d, enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    (void)d;
    return cpu_device()->can(cpu_device(), what, out, in, num);
}
static int run(struct device *d, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num,
               int tag)
{
    if (can(d, what, out, in, num))
        return DEV_NOT_HERE;
    struct work *w = me(d)->lost ? NULL : queue(me(d));
    if (!w)
        return me(d)->lost ? DEV_LOST : DEV_NO_MEMORY;
    w->what = what;
    for (int i = 0; i < rows[what].outs; i++)
        w->out[i] = out[i];
    for (int i = 0; i < rows[what].ins; i++)
        w->in[i] = in[i];
    for (int i = 0; i < rows[what].nums; i++)
        w->num[i] = num[i];
    w->tag = tag;
    return DEV_OK;
}
static int option(struct device *d, const char *name, double *x, bool set)
{
    struct mock *m = me(d);
    if (!strcmp(name, "fail_at") && set)
        m->fail_at = *x;
    else if (!strcmp(name, "lose") && set)
        m->lost = *x != 0;
    else if (!strcmp(name, "poison"))
        *(set ? &m->poison : &(bool){ 0 }) = *x != 0;
    else if (!strcmp(name, "launches") && !set)
        *x = (double)m->queued;
    else if (!strcmp(name, "queued") && !set)
        *x = (double)(m->queued - m->run);
    else
        return DEV_NOT_HERE;
    return DEV_OK;
}

static void close_(struct device *d)
{
    struct mock *m = me(d);
    for (struct work *w = m->first, *next; w; w = next) {
        next = w->next;
        if (w->ours)
            free(w->from);
        free(w);
    }
    for (int k = 0; k < COUNT(m->kept); k++)
        for (struct piece *q = m->kept[k], *next; q; q = next) {
            next = q->next;
            free(q);
        }
    munmap(m->base, ROOM);
    *m = (struct mock){ .d.epoch = d->epoch };
}

static int count(const char **why_not)
{
    *why_not = NULL;
    return 2;
}
static struct device *open_(int index, const char **why_not)
{
    static struct mock all[3];
    struct mock *m = &all[index];
    *why_not = "no address space";
    if (!m->base) {
        m->base = m->top = mmap(NULL, ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (m->base == MAP_FAILED) {
            m->base = NULL;
            return NULL;
        }
        m->last = &m->first;
        m->d = (struct device){ .kind = 2,
                                .index = index,
                                .epoch = m->d.epoch + 1,
                                .close = close_,
                                .status = &m->status,
                                .get = get,
                                .put = put,
                                .trim = trim,
                                .memory = memory,
                                .facts = facts,
                                .copy = copy_bytes,
                                .mark = mark,
                                .done = done,
                                .wait = wait_for,
                                .step = step,
                                .why = why,
                                .program = program,
                                .run = run,
                                .can = can,
                                .option = option };
    }
    return &m->d;
}
const struct tl_devices mock_devices = { TL_DEVICES_VERSION, sizeof(struct device), count, open_, NULL };
