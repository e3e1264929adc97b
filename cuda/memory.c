/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.c: device memory, kept in lists by size.
 *
 * The one idea: a block that is put back is given out again without asking the driver, of its size always the one with
 * the lowest address.  Work runs in one order, so a block may be used again at once; and since the addresses follow
 * from which blocks are free, not from the order in which they became so, a loop that does the same again gets the same
 * addresses again, which graphs (graph.c) live on.  (The last one in first would turn them round every time.)  Small
 * blocks are cut from slabs of 2 MiB; larger ones are the driver's, from its stream-ordered pool where there is one.
 * Nothing goes back to the driver but by memory_trim.
 *
 * Sizes: multiples of 256 bytes in steps of a sixteenth of a power of two, so at most a sixteenth is lost. */
#include "gpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GRAIN = 256,
    STEPS = 16,
    CLASSES = STEPS * 40,
    BEHIND = 64 /* bytes behind a block that kernels may touch */,
    RECENT = 64
};
static const size_t slab_bytes = 2 << 20, small_most = 256 << 10;

struct piece {
    cu_ptr p;
    uint64_t at, got;
}; /* numbers of the call (gpu.calls) when it was put back, 0: never, and handed out */
struct list { struct piece *x; int n, room; };
struct slab { cu_ptr p; size_t bytes, cut; };
struct memory {
    struct list list[CLASSES];
    struct slab *slab;
    int slabs, slab_room;
    struct piece recent[RECENT];
    unsigned last;
    uint64_t used, kept, peak, taken;         /* kept: in the lists, and uncut ends of slabs */
};

/* The class of a size, and how many bytes a block of it has. */
static int class_of(size_t bytes, size_t *size)
{
    size_t n = (bytes + BEHIND + GRAIN - 1) / GRAIN;
    if (n <= STEPS) {
        *size = n * GRAIN;
        return (int)n - 1;
    }
    int top = 63 - __builtin_clzll(n - 1);    /* 2^top <= n - 1 */
    size_t step = ((size_t)1 << top) / STEPS, k = (n - 1) / step;      /* STEPS … 2 STEPS - 1 */
    *size = (k + 1) * step * GRAIN;
    return (top - 4) * STEPS + (int)k;
}
static size_t size_of(int c)
{
    return c < STEPS ? (size_t)(c + 1) * GRAIN : (size_t)(c % STEPS + STEPS + 1) * GRAIN << (c / STEPS - 1);
}
_Static_assert(STEPS == 1 << 4, "class_of takes off 4 bits");

/* ---- a list is a heap: the lowest address first */
static void sink(struct list *l, int i)
{
    struct piece x = l->x[i];
    for (int k; (k = 2 * i + 1) < l->n; i = k) {
        k += k + 1 < l->n && l->x[k + 1].p < l->x[k].p;
        if (x.p < l->x[k].p)
            break;
        l->x[i] = l->x[k];
    }
    l->x[i] = x;
}
static struct piece take(struct list *l)
{
    struct piece x = l->x[0];
    l->x[0] = l->x[--l->n];
    if (l->n)
        sink(l, 0);
    return x;
}
static void add(struct list *l, struct piece x)
{
    int i = l->n++;
    for (; i && x.p < l->x[(i - 1) / 2].p; i = (i - 1) / 2)
        l->x[i] = l->x[(i - 1) / 2];
    l->x[i] = x;
}

static struct memory *memory_of(struct gpu *g)
{
    return g->memory ? g->memory : (g->memory = calloc(1, sizeof *g->memory));
}
static int from_driver(struct gpu *g, size_t bytes, cu_ptr *p)
{
    int e = g->pools ? cuda.MemAllocAsync(p, bytes, g->work) : cuda.MemAlloc(p, bytes);
    if (!e)
        g->memory->taken++;
    return e;
}
static void to_driver(struct gpu *g, cu_ptr p)
{
    int e = g->pools ? cuda.MemFreeAsync(p, g->work) : cuda.MemFree(p);
    if (e)
        gpu_took(g, e, "freeing memory");
}
static const char *size_text(char *s, double bytes)
{
    static const char unit[] = "kMGT";
    int u = -1;
    while (bytes >= 999.5 && u < 3)
        bytes /= 1000, u++;
    if (u < 0)
        sprintf(s, "%.0f bytes", bytes);
    else
        sprintf(s, bytes < 9.95 ? "%.1f %cB" : "%.0f %cB", bytes, unit[u]);
    return s;
}
/* The driver is asked; without luck what is kept is given back, all work awaited, and it is asked again. */
static int fresh(struct gpu *g, size_t bytes, size_t wanted, cu_ptr *p)
{
    int e = from_driver(g, bytes, p);
    if (e == CU_OUT_OF_MEMORY) {
        TRY(memory_trim(g));
        e = from_driver(g, bytes, p);
    }
    if (e == CU_OUT_OF_MEMORY) {
        size_t left = 0, total = 0;
        char a[32], b[32], c[32];
        cuda.MemGetInfo(&left, &total);
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory: wanted %s, %s free of %s",
                          size_text(a, (double)wanted), size_text(b, (double)left), size_text(c, (double)total));
    }
    return e ? gpu_took(g, e, "allocating memory") : DEV_OK;
}
static void hand_out(struct gpu *g, struct piece x, size_t size, void **p)
{
    struct memory *m = g->memory;
    x.got = g->calls;
    m->recent[m->last++ % RECENT] = x;
    m->used += size;
    m->peak = m->used > m->peak ? m->used : m->peak;
    *p = (void *)(uintptr_t)x.p;
}

int memory_get(struct gpu *g, size_t bytes, void **p)
{
    size_t size;
    if (bytes > (size_t)1 << 46)
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory: %.3g bytes are more than any GPU has",
                          (double)bytes);
    int c = class_of(bytes, &size);
    struct memory *m = memory_of(g);
    if (!m)
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    struct list *l = &m->list[c];
    if (l->n) {
        m->kept -= size;
        hand_out(g, take(l), size, p);
        return DEV_OK;
    }
    TRY(gpu_enter(g));
    cu_ptr at = 0;
    if (size > small_most) {
        TRY(fresh(g, size, bytes, &at));
        hand_out(g, (struct piece){ .p = at }, size, p);
        return DEV_OK;
    }
    struct slab *s = m->slabs ? &m->slab[m->slabs - 1] : NULL;
    if (!s || s->cut + size > s->bytes) {
        if (m->slabs == m->slab_room) {
            int room = m->slab_room ? 2 * m->slab_room : 16;
            struct slab *more = realloc(m->slab, (size_t)room * sizeof *more);
            if (!more)
                return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
            m->slab = more, m->slab_room = room;
        }
        TRY(fresh(g, slab_bytes, bytes, &at));
        s = &m->slab[m->slabs++];             /* what the one before had left stays uncut */
        *s = (struct slab){ at, slab_bytes, 0 };
        m->kept += slab_bytes;
    }
    at = s->p + s->cut;
    s->cut += size;
    m->kept -= size;
    hand_out(g, (struct piece){ .p = at }, size, p);
    return DEV_OK;
}

void memory_put(struct gpu *g, void *p, size_t bytes)
{
    size_t size;
    struct memory *m = g->memory;
    if (!p || !m)
        return;
    struct list *l = &m->list[class_of(bytes, &size)];
    m->used -= size;
    if (l->n == l->room) {
        int room = l->room ? 2 * l->room : 8;
        struct piece *more = realloc(l->x, (size_t)room * sizeof *more);
        if (!more) { /* so short that the list cannot grow: the block goes back, or stays with its slab */
            if (size > small_most)
                to_driver(g, (cu_ptr)(uintptr_t)p);
            return;
        }
        l->x = more, l->room = room;
    }
    m->kept += size;
    add(l, (struct piece){ .p = (cu_ptr)(uintptr_t)p, .at = g->calls + 1 });
}

int memory_reserve(struct gpu *g, size_t bytes, void **p)
{
    cu_ptr at = 0;
    if (!memory_of(g))
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    TRY(fresh(g, bytes, bytes, &at));
    *p = (void *)(uintptr_t)at;
    return DEV_OK;
}
void memory_release(struct gpu *g, void *p) { to_driver(g, (cu_ptr)(uintptr_t)p); }

bool memory_idle(struct gpu *g, const void *p)
{
    struct memory *m = g->memory;
    for (int i = 0; m && i < RECENT; i++) {
        struct piece *r = &m->recent[(m->last - 1 - (unsigned)i) % RECENT];
        if (r->p == (cu_ptr)(uintptr_t)p)
            return r->got == g->calls &&
                   (r->at ? r->at <= g->finished + 1
                          : !g->pools); /* a pool's new block is there when the stream comes to it */
    }
    return false;
}

static int by_address(const void *a, const void *b)
{
    cu_ptr x = ((const struct slab *)a)->p, y = ((const struct slab *)b)->p;
    return (x > y) - (x < y);
}
static struct slab *slab_at(struct memory *m, cu_ptr p)
{
    int lo = 0, hi = m->slabs;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (m->slab[mid].p <= p) lo = mid;
        else hi = mid;
    }
    return &m->slab[lo];
}
/* Large blocks go back, and slabs of which every block is in a list. */
int memory_trim(struct gpu *g)
{
    struct memory *m = g->memory;
    if (!m)
        return DEV_OK;
    TRY(gpu_enter(g));
    TRY(gpu_settle(g));
    struct slab last = m->slabs ? m->slab[m->slabs - 1] : (struct slab){ 0 };
    if (m->slabs)
        qsort(m->slab, (size_t)m->slabs, sizeof *m->slab, by_address);
    size_t *idle = calloc((size_t)m->slabs + 1, sizeof *idle);
    for (int c = 0; c < CLASSES; c++) {
        size_t size = size_of(c);
        struct list *l = &m->list[c];
        if (size > small_most)
            while (l->n) {
                to_driver(g, l->x[--l->n].p);
                m->kept -= size;
            }
        else
            for (int i = 0; i < l->n && idle; i++)
                idle[slab_at(m, l->x[i].p) - m->slab] += size;
    }
    if (idle) {
        for (int c = 0; c < CLASSES; c++) {
            struct list *l = &m->list[c];
            int n = 0;
            for (int i = 0; i < l->n; i++) {
                struct slab *s = slab_at(m, l->x[i].p);
                if (idle[s - m->slab] != s->cut)
                    l->x[n++] = l->x[i];
            }
            l->n = n;
            for (int i = n / 2; i-- > 0; )
                sink(l, i);
        }
        int n = 0, open = -1;
        for (int i = 0; i < m->slabs; i++)
            if (idle[i] == m->slab[i].cut) {
                m->kept -= m->slab[i].bytes;
                to_driver(g, m->slab[i].p);
            } else {
                if (m->slab[i].p == last.p)
                    open = n;
                m->slab[n++] = m->slab[i];
            }
        m->slabs = n;
        if (open >= 0) {                      /* the one that is being cut stands last */
            struct slab s = m->slab[open];
            m->slab[open] = m->slab[n - 1], m->slab[n - 1] = s;
        }
    }
    free(idle);
    if (g->pools) {
        cu_pool pool;
        CU_TRY(g, StreamSynchronize(g->work));
        CU_TRY(g, DeviceGetDefaultMemPool(&pool, g->dev));
        CU_TRY(g, MemPoolTrimTo(pool, 0));
    }
    return DEV_OK;
}

int memory_facts(struct gpu *g, struct dev_memory *f)
{
    size_t left = 0, total = 0;
    TRY(gpu_enter(g));
    CU_TRY(g, MemGetInfo(&left, &total));
    struct memory *m = memory_of(g);
    *f = (struct dev_memory){ .total = total, .free = left };
    if (m)
        f->used = m->used, f->kept = m->kept, f->peak = m->peak, f->taken = m->taken;
    return DEV_OK;
}
void memory_forget(struct gpu *g)
{
    if (!g->memory)
        return;
    for (int c = 0; c < CLASSES; c++)
        free(g->memory->list[c].x);
    free(g->memory->slab);
    free(g->memory);
    g->memory = NULL;
}
/* Of what is not given back the primary context's end takes care. */
void memory_close(struct gpu *g)
{
    memory_trim(g);
    memory_forget(g);
}
