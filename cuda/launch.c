/* SPDX-License-Identifier: BSD-3-Clause */
/* launch.c: kernels from the makers of launches (kernel.h) to the driver.
 *
 * The one idea: a kernel is known by the key of its text.  The first time, the text is made, compiled (compile.c: pack,
 * disk, NVRTC) and loaded; from then on a launch is a look into a table.  A program whose kernel NVRTC has yet to make runs
 * row by row meanwhile (steps.c) where that can be; else it is waited for.  Scratch memory that a call asks for goes back
 * when the call is queued, since what is queued later runs later. */
#include "gpu.h"

#include <stdlib.h>
#include <string.h>

struct known {                                /* `there` says what of it is */
    uint64_t key[2], id[2];                   /* id: by which compile.c knows what is being made */
    enum { NOTHING, ABSENT, COMING, LOADED } there;         /* ABSENT: and nobody could make it */
    cu_module module;
    cu_function f;
};
struct kernels { struct known *at; size_t n, room; };          /* a hash table, open addressing; room: a power of two */

static struct known *place(struct kernels *t, const uint64_t key[2])
{
    size_t i = key[0] & (t->room - 1);
    while (t->at[i].there && (t->at[i].key[0] != key[0] || t->at[i].key[1] != key[1]))
        i = (i + 1) & (t->room - 1);
    return &t->at[i];
}
static int grow(struct gpu *g)
{
    struct kernels *t = g->kernels;
    if (!t && !(t = g->kernels = calloc(1, sizeof *t)))
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    if (t->n * 2 < t->room)
        return DEV_OK;
    struct kernels u = { .room = t->room ? 2 * t->room : 64 };
    u.at = calloc(u.room, sizeof *u.at);
    if (!u.at)
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    for (size_t i = 0; i < t->room; i++)
        if (t->at[i].there)
            *place(&u, t->at[i].key) = t->at[i], u.n++;
    free(t->at);
    *t = u;
    return DEV_OK;
}
static int load(struct gpu *g, struct known *x, struct code *code)
{
    g->count[COUNT_COMPILED] += code->made;
    int e = gpu_took(g, cuda.ModuleLoadData(&x->module, code->data), "loading a kernel");
    free(code->data);
    if (!e)
        e = gpu_took(g, cuda.ModuleGetFunction(&x->f, x->module, KERNEL_ENTRY), "finding a kernel");
    if (!e) {
        x->there = LOADED;
        g->count[COUNT_LOADED]++;
    }
    return e;
}
/* The kernel's place in the table, loaded; or DEV_LATER, where `wait` is false, while it is being made. */
static int find(struct gpu *g, const struct kernel *k, bool wait, struct known **to)
{
    TRY(grow(g));
    struct known *x = *to = place(g->kernels, k->key);
    struct code code = { 0 };
    const char *why = NULL;
    if (x->there == LOADED)
        return DEV_OK;
    int e = DEV_NOT_HERE;
    if (x->there == COMING) {
        int r = compile_ready(x->id, &code, &why);
        e = r > 0 ? DEV_OK : r ? -r : DEV_LATER;
    }
    if (e == DEV_NOT_HERE && (x->there != ABSENT || compile_version(&why))) {
        size_t len;
        char *text = k->text(k, &len);
        if (!text)
            return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
        e = compile_begin(text, len, g->arch / 10, g->arch % 10, &code, x->id, &why);
        free(text);
        if (!x->there) {
            memcpy(x->key, k->key, sizeof x->key);
            g->kernels->n++;
        }
        x->there = e == DEV_NOT_HERE ? ABSENT : COMING;
    }
    if (e == DEV_LATER) {
        if (!wait)
            return e;
        e = compile_wait(x->id, &code, g->d.stop, &why);
    }
    if (e)
        return gpu_refuse(g, e, "%s", e == DEV_STOPPED ? "stopped" : why ? why : "a kernel could not be compiled");
    return load(g, x, &code);
}

struct one_call {
    struct work w;
    struct gpu *g;
    bool may_wait;                            /* until its first launch; then it has to go on */
    struct { void *p; size_t bytes; } scratch[64];
    int scratches;
};

static int go(struct gpu *g, const struct kernel *k, bool wait)
{
    struct known *x;
    TRY(find(g, k, wait, &x));
    return graph_kernel(g, &(struct record_kernel){ x->f, { k->grid[0], k->grid[1], k->grid[2] }, k->block,
        k->words, k->arg });
}
int launch_kernel(struct gpu *g, const struct kernel *k) { return go(g, k, true); }
static int launch(struct work *w, const struct kernel *k)
{
    struct one_call *c = w->of;
    TRY(go(c->g, k, c->may_wait));
    c->may_wait = true;
    return DEV_OK;
}
static void *scratch(struct work *w, size_t bytes)
{
    struct one_call *c = w->of;
    void *p;
    if (c->scratches == sizeof c->scratch / sizeof *c->scratch || memory_get(c->g, bytes, &p))
        return NULL;
    c->scratch[c->scratches].p = p;
    c->scratch[c->scratches++].bytes = bytes;
    return p;
}
static void begin(struct one_call *c, struct gpu *g)
{
    c->w = (struct work){ .units = g->units,
                          .status = (struct dev_status *)(uintptr_t)g->seen_there,
                          .launch = launch,
                          .get = scratch,
                          .of = c };
    c->g = g;
    c->may_wait = true;
    c->scratches = 0;
}
static int end(struct one_call *c, int e)
{
    while (c->scratches--)
        memory_put(c->g, c->scratch[c->scratches].p, c->scratch[c->scratches].bytes);
    return e;
}
int launch_rows(struct gpu *g, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in,
                const double *num, int tag)
{
    struct one_call c;
    begin(&c, g);
    return end(&c, work_program(&c.w, p, out, in, num, tag));
}
/* Is each kernel of this program loaded, in the pack or on the disk?  Places in memory are none. */
static int look(struct work *w, const struct kernel *k)
{
    struct gpu *g = w->of;
    TRY(grow(g));
    size_t len;
    if (place(g->kernels, k->key)->there == LOADED)
        return DEV_OK;
    char *text = k->text(k, &len);
    bool there = text && compile_cached(text, len, g->arch / 10, g->arch % 10);
    free(text);
    return there ? DEV_OK : DEV_LATER;
}
static void *somewhere(struct work *w, size_t bytes)
{
    (void)w, (void)bytes;
    return (void *)(uintptr_t)4096;
}
bool launch_quick(struct gpu *g, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    struct work w = { .units = g->units, .status = (struct dev_status *)(uintptr_t)g->seen_there, .launch = look,
                      .get = somewhere, .of = g };
    return !work_program(&w, p, out, in, num, 0);
}
int launch_program(struct gpu *g, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in,
                   const double *num, int tag)
{
    struct one_call c;
    begin(&c, g);
    c.may_wait = !steps_may(p);
    int e = end(&c, work_program(&c.w, p, out, in, num, tag));
    if (e != DEV_LATER && e != DEV_NOT_HERE && e != DEV_REFUSED)
        return e;
    if (c.may_wait)                           /* something has been queued, or there are no steps */
        return e;
    int s = steps_run(g, p, out, in, num, tag);
    return s != DEV_NOT_HERE ? s : e == DEV_LATER ? launch_rows(g, p, out, in, num, tag) : e;
}
int launch_run(struct gpu *g, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag)
{
    struct one_call c;
    begin(&c, g);
    return end(&c, work_run(&c.w, what, out, in, num, tag));
}
/* Modules go with a context that is lost. */
void launch_forget(struct gpu *g, bool lost)
{
    for (size_t i = 0; g->kernels && i < g->kernels->room && !lost; i++)
        if (g->kernels->at[i].there == LOADED)
            cuda.ModuleUnload(g->kernels->at[i].module);
    if (g->kernels)
        free(g->kernels->at);
    free(g->kernels);
    g->kernels = NULL;
}
