/* SPDX-License-Identifier: BSD-3-Clause */
/* context.h: what hangs on the context, for the files that make up the ground (base, fail, value, tensor, call).
 * All others reach their own state through context_room(). */
#ifndef TL_CONTEXT_H
#define TL_CONTEXT_H
#include "call.h"

enum { OBJECT_STEP = 64, OBJECT_CLASSES = 17, DATA_CLASSES = 256, DATA_KEPT = 8 };

struct protect_frame { jmp_buf env; int mark; struct protect_frame *up; };

struct context {
    struct context_head head;                 /* first: base.h reads it */
    /* objects */
    void *list[OBJECT_CLASSES];               /* free lists, by size in steps of 64 bytes */
    char *slab, *slab_end;
    void *slabs;                              /* all slabs, linked by their first word */
    i64 live;                                 /* objects, blocks and scratch not given back: the audit wants 0 at the end */
    i64 fail_at;                              /* hostile build: the n-th allocation from here fails; 0 never */
    /* data of blocks: kept[class] is a stack of pieces of that size class */
    struct { void *piece[DATA_KEPT]; int n; } kept[DATA_CLASSES];
    size_t kept_bytes;
    i64 taken;                                /* pieces of memory asked of the system so far: constant where all is reused */
    unsigned colour;                          /* of the next piece for huge pages: where in its first one it begins */
    /* errors */
    struct protect_frame *top;
    struct failure failure;
    uintptr_t stack_low;                      /* where `descend` says no; 0: not yet asked, another thread entered */
    size_t stack_bytes;
    value *pool;
    int npool, pool_cap;
    /* values whose last owner has gone and whose turn to be freed has not come */
    value *dead;
    int ndead, dead_cap;
    bool burying;
    /* handles, for the cycle collector */
    struct instance **handle;
    i64 nhandle, handle_cap, collect_at;
    /* names */
    sym *symbols;
    uint32_t nsymbol, symbol_cap;             /* a power of two */
    /* rooms */
    void *room[ROOMS];
    void (*at_exit[2 * ROOMS])(void);
    int nexit;
    struct hooks hooks;
    struct sink sink;
};

void data_put(void *p, uint16_t class);
void *data_try(size_t bytes, uint16_t *class); /* NULL when memory is short; SPARE bytes behind, which hold anything */
enum { POOL_SCRATCH = 255 };                  /* kind of a pool entry that is a scratch buffer; .a is its data class */

/* between value.c, container.c, deep.c and collect.c */
struct cell *cell_make(int nd, const i64 *dim, i64 cap);  /* owned, not pooled; elements are 0 */
struct record *record_make(int nd, const i64 *dim, struct fields *f, int nfield,
                           const sym *name); /* the same; shares f, or makes fields */
static inline size_t fields_bytes(int cap) { return sizeof(struct fields) + (size_t)cap * sizeof(sym); }
void fields_drop(struct fields *f);
void value_cut(value *child, void *arg);                  /* drops a child and leaves 0; what dies waits for `destroy` */
value container_copy(value v);             /* of a cell or struct: one level deep, the children copied; owned */
value map_clone(
    value self); /* one level, the values shared: `clone` goes on below, since maps nest and hold themselves */
void value_buried(void);                                  /* … or for this */

#endif
