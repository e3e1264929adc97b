/* SPDX-License-Identifier: BSD-3-Clause */
/* base.c: the context, memory, interned names, polling.
 *
 * Objects come from free lists in steps of 64 bytes: 3 ns for a pair of get and free, where malloc takes 13
 * (PERFORMANCE.md G3).  Data of blocks comes from a cache by size class, four classes an octave; pieces of 2 MiB
 * and more are aligned for huge pages, since 80 MB fresh from the system cost 30 ms of page faults and a kept
 * piece none.  Under a sanitizer and in the hostile build every piece is malloc's own, so that a use after free
 * is seen. */
#include "context.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined TL_HARD || defined __SANITIZE_ADDRESS__
enum { RECYCLE = 0 };
#else
enum { RECYCLE = 1 };
#endif

__thread struct context *cx __attribute__((tls_model("initial-exec")));
volatile sig_atomic_t interrupt_flag;
#ifdef TL_HARD
i64 poll_at;
#endif

static void kept_clear(void);

/* ---- the context */
struct context *context_new(void)
{
    struct context *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->collect_at = 1024;
    c->failure.node = -1;
    return c;
}

struct context *context_enter(struct context *c)
{
    struct context *before = cx;
    cx = c;
    if (c && before != c)
        c->stack_low = 0;
    return before;
}

void context_at_exit(void (*f)(void))
{
    cx->at_exit[cx->nexit++] = f;
}

void **context_room(enum room r)
{
    return &cx->room[r];
}

static void symbols_free(struct context *c)
{
    for (uint32_t i = 0; i < c->symbol_cap; i++)
        for (sym s = c->symbols[i], next; s; s = next) {
            next = s->next;
            free((void *)s);
        }
    free(c->symbols);
}

void context_free(struct context *c)
{
    struct context *before = context_enter(c);
    while (c->nexit)
        c->at_exit[--c->nexit]();
    pool_release(0);
    collect_cycles();
#ifdef TL_HARD
    if (c->live)
        fprintf(stderr, "tl: audit: %lld objects were not given back\n", (long long)c->live);
#endif
    kept_clear();
    for (void *s = c->slabs, *next; s; s = next) {
        next = *(void **)s;
        free(s);
    }
    symbols_free(c);
    free(c->pool);
    free(c->dead);
    free(c->handle);
    free(c->failure.id);
    free(c->failure.message);
    free(c);
    cx = before == c ? NULL : before;
}

/* ---- objects */
static void *slab_piece(size_t bytes)
{
    enum { SLAB = 256 << 10 };
    if ((size_t)(cx->slab_end - cx->slab) < bytes) {
        char *s = aligned_alloc(64, SLAB);
        if (!s)
            fail_memory(bytes);
        cx->taken++;
        memset(s, 0, SLAB);                   /* the spare bytes of small data are read by kernels */
        *(void **)s = cx->slabs;
        cx->slabs = s;
        cx->slab = s + 64;
        cx->slab_end = s + SLAB;
    }
    char *p = cx->slab;
    cx->slab += bytes;
    return p;
}

static void memory_count(size_t bytes)
{
#ifdef TL_HARD
    if (cx->fail_at && --cx->fail_at == 0)
        fail_memory(bytes);
#endif
    (void)bytes;
    cx->live++;
}

/* Of no bytes a step as well: a piece of its own, for on the free list it holds a pointer. */
static inline size_t steps(size_t bytes) { return (bytes + !bytes + OBJECT_STEP - 1) / OBJECT_STEP; }

void *memory_get(size_t bytes)
{
    size_t k = steps(bytes);
    memory_count(bytes);
    if (RECYCLE && k < OBJECT_CLASSES) {
        void *p = cx->list[k];
        if (likely(p)) {
            cx->list[k] = *(void **)p;
            return p;
        }
        return slab_piece(k * OBJECT_STEP);
    }
    void *p = aligned_alloc(64, k * OBJECT_STEP);
    cx->taken++;
    if (!p) {
        cx->live--;
        fail_memory(bytes);
    }
#ifdef TL_HARD
    memset(p, 0xA5, k * OBJECT_STEP);
#endif
    return p;
}

void memory_free(void *p, size_t bytes)
{
    size_t k = steps(bytes);
    if (!p)
        return;
    cx->live--;
    if (RECYCLE && k < OBJECT_CLASSES) {
        *(void **)p = cx->list[k];
        cx->list[k] = p;
        return;
    }
#ifdef TL_HARD
    memset(p, 0x5A, k * OBJECT_STEP);
#endif
    free(p);
}

void *memory_grow(void *p, size_t old, size_t bytes)
{
    void *q = memory_get(bytes);
    if (p)
        memcpy(q, p, MIN(old, bytes));
    memory_free(p, old);
    return q;
}

/* ---- data of blocks */
static size_t available(void)                 /* bytes that the system and our control group can still give */
{
    size_t best = SIZE_MAX;
    char line[128];
    FILE *f = fopen("/proc/meminfo", "r");
    if (f) {
        unsigned long long kb;
        while (fgets(line, sizeof line, f))
            if (sscanf(line, "MemAvailable: %llu", &kb) == 1)
                best = kb << 10;
        fclose(f);
    }
    unsigned long long max, now;
    if ((f = fopen("/sys/fs/cgroup/memory.max", "r"))) {
        int ok = fscanf(f, "%llu", &max);
        fclose(f);
        if (ok == 1 && (f = fopen("/sys/fs/cgroup/memory.current", "r"))) {
            if (fscanf(f, "%llu", &now) == 1 && max > now && max - now < best)
                best = max - now;
            fclose(f);
        }
    }
    return best;
}

static size_t class_bytes(unsigned k)         /* 4 classes an octave: 4, 5, 6, 7 quarters */
{
    return (size_t)(4 + (k & 3)) << (k / 4);
}

/* Pieces for huge pages all begin at different distances from a huge page, or two streams through them would meet at
   equal low address bits, where a load waits for the other stream's stores: a fifth of the time of an SVD of 500 x 500.
 */
enum { HUGE_PAGE = 2 << 20, COLOURS = 16, COLOUR = 1024 + 64 };

static void piece_free(void *p, unsigned k)
{
    free(class_bytes(k) >= HUGE_PAGE ? (void *)((uintptr_t)p & -(uintptr_t)HUGE_PAGE) : p);
}

static void kept_clear(void)
{
    for (unsigned k = 0; k < DATA_CLASSES; k++)
        while (cx->kept[k].n)
            piece_free(cx->kept[k].piece[--cx->kept[k].n], k);
    cx->kept_bytes = 0;
}

static char *piece_huge(size_t cap)
{
    size_t whole = (cap + HUGE_PAGE - 1) & -(size_t)HUGE_PAGE,
           room = whole - cap < COLOURS * COLOUR ? whole + COLOURS * COLOUR : whole;
    void *p;
    if (posix_memalign(&p, HUGE_PAGE, room))  /* aligned_alloc wants a multiple of the page, or a sanitizer refuses */
        return NULL;
    madvise(p, whole, MADV_HUGEPAGE);
    return (char *)p + cx->colour++ % COLOURS * COLOUR;
}

void *data_try(size_t bytes, uint16_t *class)
{
    enum { CHECKED = 64 << 20 };
    size_t n = bytes + SPARE;
    if (n < bytes || n > (size_t)1 << 60)
        return NULL;
    if (n < 256)
        n = 256;
    unsigned e = 63 - __builtin_clzll(n), k = (e - 2) * 4;
    while (class_bytes(k) < n)
        k++;
    *class = (uint16_t)k;
    size_t cap = class_bytes(k);
    if (RECYCLE && cx->kept[k].n) {
        cx->kept_bytes -= cap;
        cx->live++;
        return cx->kept[k].piece[--cx->kept[k].n];
    }
#ifdef TL_HARD
    if (cx->fail_at && --cx->fail_at == 0)
        return NULL;
#endif
    cap = (cap + 63) & ~(size_t)63;
    if (cap >= CHECKED && cap > available()) {
        kept_clear();
        if (cap > available())
            return NULL;
    }
    bool huge = cap >= HUGE_PAGE;
    char *p = huge ? piece_huge(cap) : aligned_alloc(64, cap);
    if (!p && cx->kept_bytes) {
        kept_clear();
        p = huge ? piece_huge(cap) : aligned_alloc(64, cap);
    }
    if (!p)
        return NULL;
    cx->live++;
    cx->taken++;
#ifdef TL_HARD
    memset(p, 0xA5, cap);                     /* the spare bytes too: in daily life they hold what was there before */
#endif
    return p;
}

void data_put(void *p, uint16_t k)
{
    enum { KEEP = 1 << 30 };                  /* what the cache may hold back in all */
    size_t cap = class_bytes(k);
    cx->live--;
    if (RECYCLE && cx->kept[k].n < DATA_KEPT && cx->kept_bytes + cap <= (size_t)KEEP) {
        cx->kept[k].piece[cx->kept[k].n++] = p;
        cx->kept_bytes += cap;
        return;
    }
    piece_free(p, k);
}

struct block *block_new(size_t bytes)
{
    uint16_t class = 0;
    struct block *b = memory_get(sizeof *b);
    char *data = data_try(bytes, &class);
    if (!data) {
        memory_free(b, sizeof *b);
        fail_memory(bytes);
    }
    *b = (struct block){ .owners = 1, .class = class, .bytes = bytes, .data = data };
    if (class_bytes(class) - SPARE > bytes)   /* the class is larger than what was asked for: growing vectors use it */
        b->bytes = class_bytes(class) - SPARE;
    return b;
}

void block_drop(struct block *b)
{
    if (--b->owners)
        return;
    if (b->dispose)
        b->dispose(b);
    else
        data_put(b->data, b->class);
    memory_free(b, sizeof *b);
}

void *scratch(size_t bytes)
{
    uint16_t class = 0;
    keep(nil());                              /* so that nothing fails once the memory is ours */
    cx->npool--;
    void *p = data_try(bytes, &class);
    if (!p)
        fail_memory(bytes);
    keep((value){ .kind = POOL_SCRATCH, .a = class, .o = p });
    return p;
}

/* ---- names */
static uint32_t hash_text(const char *s, size_t n)        /* FNV-1a */
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619u;
    return h;
}

sym symbol_find(const char *text, size_t len)
{
    if (!cx->symbol_cap)
        return NULL;
    uint32_t h = hash_text(text, len);
    for (sym s = cx->symbols[h & (cx->symbol_cap - 1)]; s; s = s->next)
        if (s->hash == h && s->len == len && !memcmp(s->text, text, len))
            return s;
    return NULL;
}

static void symbols_grow(void)
{
    uint32_t cap = cx->symbol_cap ? 2 * cx->symbol_cap : 1024;
    sym *table = calloc(cap, sizeof *table);
    if (!table)
        fail_memory(cap * sizeof *table);
    for (uint32_t i = 0; i < cx->symbol_cap; i++)
        for (struct symbol *s = (struct symbol *)cx->symbols[i], *next; s; s = next) {
            next = (struct symbol *)s->next;
            s->next = table[s->hash & (cap - 1)];
            table[s->hash & (cap - 1)] = s;
        }
    free(cx->symbols);
    cx->symbols = table;
    cx->symbol_cap = cap;
}

sym symbol_n(const char *text, size_t len)
{
    sym found = symbol_find(text, len);
    if (found)
        return found;
    if (cx->nsymbol >= cx->symbol_cap)
        symbols_grow();
    struct symbol *s = malloc(sizeof *s + len + 1);
    if (!s)
        fail_memory(sizeof *s + len + 1);
    s->hash = hash_text(text, len);
    s->len = (uint32_t)len;
    memcpy(s->text, text, len);
    s->text[len] = 0;
    s->next = cx->symbols[s->hash & (cx->symbol_cap - 1)];
    cx->symbols[s->hash & (cx->symbol_cap - 1)] = s;
    cx->nsymbol++;
    return s;
}

sym symbol_of(const char *text)
{
    return symbol_n(text, strlen(text));
}
