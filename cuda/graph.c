/* SPDX-License-Identifier: BSD-3-Clause */
/* graph.c: everything that is queued in order passes here, and what a loop does again and again becomes a CUDA graph.
 *
 * The one idea: work between two cuts (an optimiser's step, the back edge of a loop, a wait, a copy to or from the
 * host) is a batch of records: kernel launches with their arguments, copies, library calls.  Batches seen lately are
 * known, and each knows which one followed it last.  When the one that is expected has been seen twice, records that
 * agree with it are held back; if all of it has come at the cut, it is one launch of a graph, captured from the records
 * the first time.  A record that differs turns the expectation to another known batch that began in the same way (the last
 * minibatch is smaller), or releases what was held as plain launches, so the order of the work is always
 * that of the calls.
 *
 * What may differ: all arguments of our own kernels and the addresses of copies, which are set in the graph's nodes;
 * addresses that a library call only reads, from which the graph first copies to a place of its own; and that of its
 * result, if it is dense and only written, to which the graph copies from a place of its own.  All else makes another batch. Assumes that memory repeats its addresses (memory.c), after some steps at least: where x = f(x)
 * makes them go round, the batches do too, each with its graph.  So the graphs' own memory comes from elsewhere. */
#include "gpu.h"

#include <stdlib.h>
#include <string.h>

enum { KNOWN = 16, MOST = 4096, LEAST = 3 /* records; fewer are launched sooner one by one */, TWICE = 2 };
enum kind { KERNEL, COPY, CALL };
struct record {
    enum kind kind;
    int words, ins;
    size_t at;                                /* of its words in the batch */
    struct record_kernel k;
    int (*run)(struct gpu *, const uint64_t *);
    struct { int at; bool result; size_t bytes; void *slot; cu_node node; } in[4];
    unsigned varies;                          /* bit i: in[i] is copied to slot first */
    cu_node node;
};
struct batch {
    struct record *r;
    int n, room, seen, next;                  /* next: the batch that followed it last, or -1 */
    uint64_t *word, age;
    size_t used, words;
    cu_graph graph;
    cu_exec exec;
    bool hopeless;                            /* the driver would not capture it */
};
struct graphs {
    struct batch now, known[KNOWN];
    int last, expect, held; /* expect: the known batch that this one has been so far, or -1; held: of its records */
    bool over;                                /* too much between two cuts */
    bool cutting;                             /* a cut that memory's needs bring about within a cut is none */
    uint64_t age;
};
struct copy3d {                               /* CUDA_MEMCPY3D */
    struct { size_t x, y, z, lod; int type; const void *host; cu_ptr device; void *array, *none; size_t pitch, height; } from;
    struct { size_t x, y, z, lod; int type; void *host; cu_ptr device; void *array, *none; size_t pitch, height; } to;
    size_t width, height, depth;
};
_Static_assert(sizeof(struct copy3d) == 200, "the layout of CUDA_MEMCPY3D");

/* ---- one record */
static int queue(struct gpu *g, const struct record *r, const uint64_t *word)
{
    switch (r->kind) {
    case KERNEL:
        CU_TRY(g, LaunchKernel(r->k.f, r->k.grid[0], r->k.grid[1], r->k.grid[2], r->k.block, 1, 1, 0, g->work, (void *[]){ (void *)(uintptr_t)word }, NULL));
        return DEV_OK;
    case COPY:
        CU_TRY(g, MemcpyDtoDAsync(word[0], word[1], word[2], g->work));
        return DEV_OK;
    default:
        return r->run(g, word);
    }
}
static int plainly(struct gpu *g, const struct record *r, const uint64_t *word)
{
    TRY(queue(g, r, word));
    return gpu_gate(g, 1);
}
/* Is this record number i of b?  AS_BUILT: b's graph could do it; AS_MEANT: one could be made that does; NOTED: that,
   and what varies is written down for it. */
enum how { AS_BUILT, AS_MEANT, NOTED };
static bool agrees(struct batch *b, int i, const struct record *x, const uint64_t *word, enum how how)
{
    struct record *r = &b->r[i];
    if (r->kind != x->kind || r->words != x->words)
        return false;
    if (r->kind == KERNEL)
        return r->k.f == x->k.f && r->k.block == x->k.block && !memcmp(r->k.grid, x->k.grid, sizeof r->k.grid);
    const uint64_t *had = b->word + r->at;
    if (r->kind == COPY)
        return word[2] == had[2];
    if (r->run != x->run || r->ins != x->ins)
        return false;
    for (int w = 0; w < r->words; w++) {
        if (word[w] == had[w])
            continue;
        int j = 0;
        while (j < r->ins && r->in[j].at != w)
            j++;
        if (j == r->ins || r->in[j].bytes != x->in[j].bytes || !had[w] || !word[w])
            return false;
        if (how == AS_BUILT && !(r->varies & 1u << j))
            return false;
        if (how == NOTED)
            r->varies |= 1u << j;
    }
    return true;
}

/* ---- graphs */
static void drop(struct gpu *g, struct batch *b, bool lost)
{
    if (b->exec && !lost) {
        cuda.StreamSynchronize(g->work);
        cuda.GraphExecDestroy(b->exec);
    }
    if (b->graph && !lost)
        cuda.GraphDestroy(b->graph);
    for (int i = 0; i < b->n && !lost; i++)
        for (int j = 0; j < b->r[i].ins; j++)
            if (b->r[i].in[j].slot) {
                memory_release(g, b->r[i].in[j].slot);
                b->r[i].in[j].slot = NULL;
            }
    b->exec = NULL;
    b->graph = NULL;
}
static cu_node last_node(struct gpu *g)       /* the one that was captured last */
{
    const cu_node *last = NULL;
    size_t n = 0;
    int status;
    cu_graph graph;
    return cuda.StreamGetCaptureInfo(g->work, &status, NULL, &graph, &last, &n) || n != 1 ? NULL : last[0];
}
/* A graph's copy between operand j and the place that stands for it. */
static struct copy_words { cu_ptr to, from; } between(const struct record *r, int j, const uint64_t *word)
{
    cu_ptr slot = (cu_ptr)(uintptr_t)r->in[j].slot, there = word[r->in[j].at];
    return r->in[j].result ? (struct copy_words){ there, slot } : (struct copy_words){ slot, there };
}
static int capture_copies(struct gpu *g, struct record *r, const uint64_t *word, bool results)
{
    for (int j = 0; j < r->ins; j++)
        if (r->varies & 1u << j && r->in[j].result == results) {
            struct copy_words c = between(r, j, word);
            CU_TRY(g, MemcpyDtoDAsync(c.to, c.from, r->in[j].bytes, g->work));
            r->in[j].node = last_node(g);
        }
    return DEV_OK;
}
static int capture(struct gpu *g, struct batch *b)
{
    uint64_t word[KERNEL_WORDS];
    for (int i = 0; i < b->n; i++) {
        struct record *r = &b->r[i];
        const uint64_t *had = b->word + r->at;
        memcpy(word, had, (size_t)r->words * 8);
        TRY(capture_copies(g, r, had, false));
        for (int j = 0; j < r->ins; j++)
            if (r->varies & 1u << j)
                word[r->in[j].at] = (uint64_t)(uintptr_t)r->in[j].slot;
        TRY(queue(g, r, word));
        r->node = last_node(g);
        TRY(capture_copies(g, r, had, true));
    }
    return DEV_OK;
}
static int build(struct gpu *g, struct batch *b)
{
    for (int i = 0; i < b->n; i++)
        for (int j = 0; j < b->r[i].ins; j++)
            if (b->r[i].varies & 1u << j && !b->r[i].in[j].slot)
                TRY(memory_reserve(g, b->r[i].in[j].bytes, &b->r[i].in[j].slot));
    CU_TRY(g, StreamBeginCapture(g->work, CU_CAPTURE_OURS));
    int e = capture(g, b);
    cu_result r = cuda.StreamEndCapture(g->work, &b->graph);
    if (e || r || (r = cuda.GraphInstantiate(&b->exec, b->graph, 0))) {
        b->exec = NULL;
        b->hopeless = true;                   /* nothing has been queued: the records run one by one */
        return e == DEV_LOST ? e : r ? gpu_took(g, r, "making a graph") : e;
    }
    g->count[COUNT_GRAPHS]++;
    return DEV_OK;
}
static int set_copy(struct gpu *g, struct batch *b, cu_node node, cu_ptr to, cu_ptr from, size_t bytes)
{
    struct copy3d c = { .from = { .type = 2, .device = from, .pitch = bytes, .height = 1 },
                        .to = { .type = 2, .device = to, .pitch = bytes, .height = 1 },
                        .width = bytes,
                        .height = 1,
                        .depth = 1 };
    CU_TRY(g, GraphExecMemcpyNodeSetParams(b->exec, node, &c, g->context));
    return DEV_OK;
}
/* The graph's nodes get the arguments of `now`. */
static int adapt(struct gpu *g, struct batch *b, const struct batch *now)
{
    for (int i = 0; i < b->n; i++) {
        struct record *r = &b->r[i];
        uint64_t *had = b->word + r->at;
        const uint64_t *word = now->word + now->r[i].at;
        if (!memcmp(had, word, (size_t)r->words * 8))
            continue;
        memcpy(had, word, (size_t)r->words * 8);
        if (r->kind == KERNEL) {
            struct cu_kernel_node p = { .f = r->k.f,
                                        .gx = r->k.grid[0],
                                        .gy = r->k.grid[1],
                                        .gz = r->k.grid[2],
                                        .bx = r->k.block,
                                        .by = 1,
                                        .bz = 1,
                                        .args = (void *[]){ had } };
            CU_TRY(g, GraphExecKernelNodeSetParams(b->exec, r->node, &p));
        } else if (r->kind == COPY)
            TRY(set_copy(g, b, r->node, had[0], had[1], had[2]));
        for (int j = 0; j < r->ins; j++)
            if (r->varies & 1u << j) {
                struct copy_words c = between(r, j, had);
                TRY(set_copy(g, b, r->in[j].node, c.to, c.from, r->in[j].bytes));
            }
    }
    return DEV_OK;
}
static int release(struct gpu *g, struct graphs *s)
{
    int n = s->held;
    s->held = 0;
    s->expect = -1;
    for (int i = 0; i < n; i++)
        TRY(plainly(g, &s->now.r[i], s->now.word + s->now.r[i].at));
    g->count[COUNT_RELEASED] += (uint64_t)n;
    return DEV_OK;
}
static bool note(struct batch *b, const struct batch *now)     /* true: more varies than was known */
{
    unsigned before = 0, after = 0;
    for (int i = 0; i < b->n; i++) {
        before += b->r[i].varies;
        agrees(b, i, &now->r[i], now->word + now->r[i].at, NOTED);
        after += b->r[i].varies;
    }
    return before != after;
}
static int run(struct gpu *g, struct graphs *s, struct batch *b)
{
    int e = DEV_OK;
    if (!b->exec) {
        note(b, &s->now);
        for (int i = 0; i < b->n; i++)
            memcpy(b->word + b->r[i].at, s->now.word + s->now.r[i].at, (size_t)b->r[i].words * 8);
        e = build(g, b);
    } else if ((e = adapt(g, b, &s->now))) {
        drop(g, b, e == DEV_LOST);            /* a node that would not take its arguments */
        b->hopeless = true;
    }
    if (e)
        return e == DEV_LOST ? e : release(g, s);
    s->held = 0;
    s->expect = -1;
    CU_TRY(g, GraphLaunch(b->exec, g->work));
    g->count[COUNT_GRAPH_RUNS]++;
    return gpu_gate(g, b->n);
}

/* ---- batches */
static struct graphs *graphs_of(struct gpu *g)
{
    if (!g->graphs && (g->graphs = calloc(1, sizeof *g->graphs))) {
        g->graphs->last = g->graphs->expect = -1;
        for (int i = 0; i < KNOWN; i++)
            g->graphs->known[i].next = -1;
    }
    return g->graphs;
}
static bool append(struct batch *b, struct record *r, const uint64_t *word)
{
    if (b->n == MOST)
        return false;
    if (b->n == b->room) {
        int room = b->room ? 2 * b->room : 64;
        struct record *more = realloc(b->r, (size_t)room * sizeof *more);
        if (!more)
            return false;
        b->r = more, b->room = room;
    }
    if (b->used + (size_t)r->words > b->words) {
        size_t words = 2 * b->words + (size_t)r->words + 512;
        uint64_t *more = realloc(b->word, words * sizeof *more);
        if (!more)
            return false;
        b->word = more, b->words = words;
    }
    memcpy(b->word + b->used, word, (size_t)r->words * 8);
    r->at = b->used;
    b->used += (size_t)r->words;
    b->r[b->n++] = *r;
    return true;
}
static bool ready(const struct batch *b) { return b->seen >= TWICE && b->n >= LEAST && !b->hopeless; }
/* Another known batch that begins as `now` does, or with `whole` is it; -1: none. */
static int alike(struct graphs *s, bool whole)
{
    for (int i = 0; i < KNOWN; i++) {
        struct batch *b = &s->known[i];
        bool same = i != s->expect && ready(b) && (whole ? b->n == s->now.n : b->n >= s->now.n);
        for (int j = 0; same && j < s->now.n; j++)
            same = agrees(b, j, &s->now.r[j], s->now.word + s->now.r[j].at, b->exec ? AS_BUILT : AS_MEANT);
        if (same)
            return i;
    }
    return -1;
}
static int pass(struct gpu *g, struct record *r, const uint64_t *word)
{
    struct graphs *s = g->option[OPT_GRAPH] ? graphs_of(g) : NULL;
    g->calls++;
    if (!s)
        return plainly(g, r, word);
    if (s->over || !append(&s->now, r, word)) {
        s->over = true;
        TRY(release(g, s));
        return plainly(g, r, word);
    }
    if (s->expect >= 0) {
        struct batch *b = &s->known[s->expect];
        int other = -1;
        if ((s->held < b->n && agrees(b, s->held, r, word, b->exec ? AS_BUILT : AS_MEANT)) || (other = alike(s, false)) >= 0) {
            s->expect = other >= 0 ? other : s->expect;
            s->held++;
            g->count[COUNT_HELD]++;
            return DEV_OK;
        }
        TRY(release(g, s));
    }
    return plainly(g, r, word);
}
/* The known batch that `now` is, with what varies noted, or the one that is given up for it. */
static int recognise(struct gpu *g, struct graphs *s)
{
    int worst = 0;
    for (int i = 0; i < KNOWN; i++) {
        struct batch *b = &s->known[i];
        bool same = b->n == s->now.n;
        for (int j = 0; same && j < b->n; j++)
            same = agrees(b, j, &s->now.r[j], s->now.word + s->now.r[j].at, AS_MEANT);
        if (same) {
            if (note(b, &s->now))
                drop(g, b, false);            /* its graph knows too few slots */
            return i;
        }
        if (b->age < s->known[worst].age)
            worst = i;
    }
    struct batch *b = &s->known[worst], old = *b;
    drop(g, b, false);
    *b = s->now;
    b->seen = 0;
    b->next = -1;
    s->now = (struct batch){ .r = old.r, .room = old.room, .word = old.word, .words = old.words };
    return worst;
}
int graph_cut(struct gpu *g)
{
    struct graphs *s = g->graphs;
    if (!s || s->cutting || (!s->now.n && !s->over))
        return DEV_OK;
    s->cutting = true;
    int e = DEV_OK, at = -1;
    if (s->expect >= 0) {
        int other = s->held == s->known[s->expect].n ? -1 : alike(s, true);
        s->expect = other >= 0 ? other : s->expect;
        struct batch *b = &s->known[s->expect];
        if (s->held == b->n) {
            at = s->expect;
            e = run(g, s, b);
        } else
            e = release(g, s);
    }
    if (!e && !s->over && at < 0)
        at = recognise(g, s);
    s->now.n = 0;
    s->now.used = 0;
    s->held = 0;
    s->expect = -1;
    s->over = false;
    if (at >= 0) {
        struct batch *b = &s->known[at];
        b->seen++;
        b->age = ++s->age;
        if (s->last >= 0)
            s->known[s->last].next = at;
        if (b->next >= 0 && g->option[OPT_GRAPH]) {
            if (ready(&s->known[b->next]))
                s->expect = b->next;
        }
    }
    s->last = at;
    s->cutting = false;
    return e;
}

int graph_kernel(struct gpu *g, const struct record_kernel *k)
{
    return pass(g, &(struct record){ .kind = KERNEL, .words = k->words, .k = *k }, k->arg);
}
int graph_copy(struct gpu *g, cu_ptr to, cu_ptr from, size_t bytes)
{
    return pass(g, &(struct record){ .kind = COPY, .words = 3 }, (uint64_t[]){ to, from, bytes });
}
int graph_call(struct gpu *g, const struct record_call *c)
{
    struct record r = { .kind = CALL, .words = c->words, .ins = c->ins, .run = c->run };
    for (int i = 0; i < c->ins; i++)
        r.in[i].at = c->in[i].at, r.in[i].bytes = c->in[i].bytes, r.in[i].result = c->in[i].result;
    return pass(g, &r, c->word);
}
void graph_forget(struct gpu *g, bool lost)
{
    struct graphs *s = g->graphs;
    if (!s)
        return;
    for (int i = 0; i < KNOWN; i++) {
        drop(g, &s->known[i], lost);
        free(s->known[i].r);
        free(s->known[i].word);
    }
    free(s->now.r);
    free(s->now.word);
    free(s);
    g->graphs = NULL;
}
