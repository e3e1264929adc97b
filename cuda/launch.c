/* SPDX-License-Identifier: BSD-3-Clause */
/* launch.c: kernels from the makers of launches (kernel.h) to the driver.
 *
 * The one idea: a kernel is known by the key of its text.  The first time, the text is made, compiled (compile.c: pack,
 * disk, NVRTC) and loaded; from then on a launch is a look into a table.  Scratch memory that a call asks for goes back when
 * the call is queued, since what is queued later runs later. */
#include "gpu.h"

#include <stdlib.h>
#include <string.h>

struct known { uint64_t key[2]; cu_module module; cu_function f; };
struct kernels { struct known *at; size_t n, room; };          /* a hash table, open addressing; room: a power of two */

static struct known *place(struct kernels *t, const uint64_t key[2])
{
    size_t i = key[0] & (t->room - 1);
    while (t->at[i].f && (t->at[i].key[0] != key[0] || t->at[i].key[1] != key[1]))
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
        if (t->at[i].f)
            *place(&u, t->at[i].key) = t->at[i], u.n++;
    free(t->at);
    *t = u;
    return DEV_OK;
}
static int make(struct gpu *g, const struct kernel *k, struct known *to)
{
    size_t len;
    struct code code = { 0 };
    const char *why = NULL;
    char *text = k->text(k, &len);
    if (!text)
        return gpu_refuse(g, DEV_NO_MEMORY, "out of memory on the CPU");
    int e = compile_soon(text, len, g->arch / 10, g->arch % 10, &code, g->d.stop, &why);
    free(text);
    g->count[COUNT_COMPILED] += code.made;
    if (e)
        return gpu_refuse(g, e, "%s", e == DEV_STOPPED ? "stopped" : why ? why : "a kernel could not be compiled");
    struct known x = { { k->key[0], k->key[1] }, NULL, NULL };
    e = gpu_took(g, cuda.ModuleLoadData(&x.module, code.data), "loading a kernel");
    free(code.data);
    if (!e)
        e = gpu_took(g, cuda.ModuleGetFunction(&x.f, x.module, KERNEL_ENTRY), "finding a kernel");
    if (!e) {
        *to = x;
        g->kernels->n++;
        g->count[COUNT_LOADED]++;
    }
    return e;
}

struct one_call { struct work w; struct gpu *g; struct { void *p; size_t bytes; } scratch[64]; int scratches; };

int launch_kernel(struct gpu *g, const struct kernel *k)
{
    TRY(grow(g));
    struct known *x = place(g->kernels, k->key);
    if (!x->f)
        TRY(make(g, k, x));
    return graph_kernel(g, &(struct record_kernel){ x->f, { k->grid[0], k->grid[1], k->grid[2] }, k->block,
        k->words, k->arg });
}
static int launch(struct work *w, const struct kernel *k) { return launch_kernel(((struct one_call *)w->of)->g, k); }
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
    c->scratches = 0;
}
static int end(struct one_call *c, int e)
{
    while (c->scratches--)
        memory_put(c->g, c->scratch[c->scratches].p, c->scratch[c->scratches].bytes);
    return e;
}
int launch_program(struct gpu *g, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in,
                   const double *num, int tag)
{
    struct one_call c;
    begin(&c, g);
    return end(&c, work_program(&c.w, p, out, in, num, tag));
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
        if (g->kernels->at[i].f)
            cuda.ModuleUnload(g->kernels->at[i].module);
    if (g->kernels)
        free(g->kernels->at);
    free(g->kernels);
    g->kernels = NULL;
}
