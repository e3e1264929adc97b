/* SPDX-License-Identifier: BSD-3-Clause */
/* staging.c: copies between the host and the device, through a ring of four pinned slots of 8 MiB.
 *
 * The one idea: the driver copies from pinned memory by itself, so the host fills one part of a slot while an earlier one
 * travels; many small copies share a slot.  A slot is written again only when the event behind its last copy has passed.
 * The caller's memory is done with when a function returns.  Large uploads into memory that no queued work can be using
 * go by a stream of their own, beside the work. */
#include "gpu.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4, CHUNK = 2 << 20, BESIDE = 1 << 20 /* from here on an upload has its own stream */ };
static const size_t slot_bytes = 8 << 20;
struct staging {
    char *slot[SLOTS];
    cu_event e[SLOTS];
    bool travels[SLOTS];                      /* its event has been recorded and not been awaited */
    int at;
    size_t used;
    cu_stream by;                             /* what the present slot's copies were queued to */
};

static int staging_of(struct gpu *g, struct staging **s)
{
    if (!g->staging && !(g->staging = calloc(1, sizeof *g->staging)))
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    *s = g->staging;
    return DEV_OK;
}
static int leave(struct gpu *g, struct staging *s)    /* the present slot: its copies are marked, the next one is entered */
{
    if (s->used) {
        CU_TRY(g, EventRecord(s->e[s->at], s->by));
        s->travels[s->at] = true;
        s->at = (s->at + 1) % SLOTS;
        s->used = 0;
    }
    return DEV_OK;
}
static int enter(struct gpu *g, struct staging *s, cu_stream by)      /* a slot with room, for copies by this stream */
{
    if (s->used == slot_bytes || s->by != by)
        TRY(leave(g, s));
    s->by = by;
    int i = s->at;
    if (!s->slot[i]) {
        void *p = NULL;
        CU_TRY(g, MemHostAlloc(&p, slot_bytes, CU_MAPPED));
        s->slot[i] = p;
        CU_TRY(g, EventCreate(&s->e[i], CU_NO_TIMING));
    }
    if (!s->used && s->travels[i]) {
        TRY(gpu_poll(g, s->e[i]));
        s->travels[i] = false;
    }
    return DEV_OK;
}

int staging_up(struct gpu *g, void *to, const void *from, size_t bytes)
{
    struct staging *s = NULL;
    TRY(staging_of(g, &s));
    g->count[COUNT_UPLOADS]++;
    cu_stream by = bytes >= BESIDE ? g->up : g->work;
    if (by == g->up && !memory_idle(g, to)) { /* what is queued may be using it still */
        CU_TRY(g, EventRecord(g->order, g->work));
        CU_TRY(g, StreamWaitEvent(g->up, g->order, 0));
    }
    for (size_t done = 0; done < bytes; ) {
        TRY(enter(g, s, by));
        size_t n = slot_bytes - s->used;
        n = n < bytes - done ? n : bytes - done;
        n = n < CHUNK ? n : CHUNK;
        char *at = s->slot[s->at] + s->used;
        memcpy(at, (const char *)from + done, n);
        CU_TRY(g, MemcpyHtoDAsync((cu_ptr)(uintptr_t)to + done, at, n, by));
        done += n;
        n = s->used + ((n + 63) & ~(size_t)63);
        s->used = n < slot_bytes ? n : slot_bytes;
    }
    if (by == g->up) {
        TRY(leave(g, s));
        CU_TRY(g, EventRecord(g->order, g->up));
        CU_TRY(g, StreamWaitEvent(g->work, g->order, 0));
    }
    g->calls++;
    return DEV_OK;
}

/* Up to three chunks travel while one is copied out of its slot. */
int staging_down(struct gpu *g, void *to, const void *from, size_t bytes)
{
    struct staging *s = NULL;
    TRY(staging_of(g, &s));
    TRY(leave(g, s));
    size_t asked = 0, got = 0, n, size[SLOTS];
    int first = s->at, error = 0;
    while (got < bytes && !error) {
        while (asked < bytes && !error && (s->at != first || asked == got)) {
            if ((error = enter(g, s, g->work)))
                break;
            n = bytes - asked < slot_bytes ? bytes - asked : slot_bytes;
            size[s->at] = n;
            error = gpu_took(g, cuda.MemcpyDtoHAsync(s->slot[s->at], (cu_ptr)(uintptr_t)from + asked, n, g->work),
                             "copying from the GPU");
            s->used = n;
            asked += n;
            if (!error)
                error = leave(g, s);
        }
        if (error)
            break;
        if ((error = gpu_poll(g, s->e[first])))
            break;
        s->travels[first] = false;
        memcpy((char *)to + got, s->slot[first], size[first]);
        got += size[first];
        first = (first + 1) % SLOTS;
    }
    return error;
}

void staging_forget(struct gpu *g, bool lost)
{
    struct staging *s = g->staging;
    for (int i = 0; s && i < SLOTS && !lost; i++)
        if (s->slot[i]) {
            cuda.MemFreeHost(s->slot[i]);
            cuda.EventDestroy(s->e[i]);
        }
    free(s);
    g->staging = NULL;
}
