/* SPDX-License-Identifier: BSD-3-Clause */
/* shim.c: kernel texts on the CPU.
 *
 * Texts become shared libraries by the system's C compiler, many in one, so names of one text are made its own by macros.
 * A block runs as fibers: a thread goes on until it waits; when all live threads of a warp (shuffle) or of the block
 * (barrier) have come, they go on.  Texts without either run as plain loops.  What a GPU would leave to chance is made
 * visible: the order of lanes can be turned, shared memory begins as NaN, a barrier that some never reach is reported. */
#define _GNU_SOURCE 1
#undef _FORTIFY_SOURCE                         /* its longjmp knows one stack */
#include "shim.h"
#include "cuda/texts.inc"
#include <ctype.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

bool shim_backwards, shim_spoil = true;
char *(*shim_edit)(char *text);
const char *shim_flags = "";

/* ---- texts that are known */
struct known {
    uint64_t key[2];
    char *text;                               /* until it is compiled */
    void (*run)(const void *);
    bool waits;
    struct library *in;
};
struct library { void *handle; char *shared, *shared_end; struct host **host; struct library *next; };
static struct known *known;
static int known_count, known_room, file_count;
static struct library *libraries;
static bool collecting;
static char folder[400];

static struct known *known_find(const uint64_t *key)
{
    for (int i = known_count; i-- > 0;)
        if (known[i].key[0] == key[0] && known[i].key[1] == key[1])
            return &known[i];
    return NULL;
}

static struct known *known_add(const struct kernel *k)
{
    size_t len;
    char *s = k->text(k, &len);
    if (!s)
        return NULL;
    if (shim_edit)
        s = shim_edit(s);
    if (known_count == known_room)
        known = realloc(known, sizeof *known * (size_t)(known_room = 2 * known_room + 64));
    struct known *n = &known[known_count++];
    *n = (struct known){ .key = { k->key[0], k->key[1] },
                         .text = s,
                         .waits = strstr(s, "SYNC()") || strstr(s, "SHFL") || strstr(s, "BALLOT") };
    return n;
}

/* ---- many texts in one file */
static void own_name(FILE *f, const char *s, int id, bool undo)
{
    int n = 0;
    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    if (undo)
        fprintf(f, "#undef %.*s\n", n, s);
    else
        fprintf(f, "#define %.*s %.*s_%d\n", n, s, n, s, id);
}
static void own_names(FILE *f, const char *text, int id,
                      bool undo) /* of functions, types and kernels; macros are forgotten */
{
    for (const char *s = text; s; s = strchr(s, '\n')) {
        s += *s == '\n';
        const char *p = s;
        if (!strncmp(s, "#define ", 8)) {
            if (undo)
                own_name(f, s + 8, id, true);
        } else if (!strncmp(s, "DEV ", 4) || !strncmp(s, "CALLED ", 7) || !strncmp(s, "KERNEL(", 7)) {
            for (p += 7; *p && *p != '('; p++)
                ;
            while (isalnum((unsigned char)p[-1]) || p[-1] == '_')
                p--;
            own_name(f, p, id, undo);
        } else if (!strncmp(s, "typedef ", 8) || *s == '}') {
            const char *e = strchr(s, '\n');
            for (p = e ? e : s + strlen(s); p > s && *p != '}'; p--)
                ;
            if (*p == '}' && p[1] == ' ' && isalpha((unsigned char)p[2]) && strchr(p, ';'))
                own_name(f, p + 2, id, undo);
        }
    }
}

static const char *compiler(void)
{
    const char *cc = getenv("CC");
    return cc && *cc ? cc : SHIM_CC;
}
/* Where the library of one text is kept for other processes: TL_SHIM_CACHE, a folder that is there; else "". */
static void kept_name(char *s, size_t n, const char *text)
{
    const char *at = getenv("TL_SHIM_CACHE"), *of[] = { text_shim, shim_flags, compiler(), text };
    uint64_t h[2] = { 0xcbf29ce484222325u, 0x6c62272e07bb0142u };
    for (int i = 0; i < 4; i++)
        for (const char *p = of[i]; *p; p++)
            for (int k = 0; k < 2; k++) {
                h[k] = (h[k] ^ (unsigned char)*p) * 0x100000001b3u;
                h[k] ^= h[k] >> 31;
            }
    if (!at || !*at ||
        snprintf(s, n, "%s/%016llx%016llx.so", at, (unsigned long long)h[0], (unsigned long long)h[1]) >= (int)n)
        *s = 0;
}
static bool use(const char *path, int from, int to, int first)
{
    struct library *l = calloc(1, sizeof *l);
    l->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!l->handle) {
        fprintf(stderr, "%s\n", dlerror());
        free(l);
        return false;
    }
    l->next = libraries;
    libraries = l;
    l->host = dlsym(l->handle, "host");
    l->shared = ((char *(*)(void))dlsym(l->handle, "shared_start"))();
    l->shared_end = ((char *(*)(void))dlsym(l->handle, "shared_stop"))();
    for (int i = from; i < to; i++) {
        char name[32];
        snprintf(name, sizeof name, "run_%d", i - from + first);
        *(void **)&known[i].run = dlsym(l->handle, name);
        known[i].in = l;
    }
    return true;
}

static bool build(int from, int to)
{
    char path[440], command[1600], kept[400] = "";
    if (from == to)
        return true;
    if (to == from + 1)
        kept_name(kept, sizeof kept, known[from].text);
    if (*kept && !access(kept, R_OK))
        return use(kept, from, to, 0);
    int first = *kept ? 0 : from;             /* what is kept does not know how many were before it */
    if (!*folder) {
        const char *at = *kept ? getenv("TL_SHIM_CACHE") : getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/tl-shim-XXXXXX", at && *at && strlen(at) < 300 ? at : "/tmp");
        if (!mkdtemp(folder)) {
            *folder = 0;
            return false;
        }
    }
    int id = file_count++;
    snprintf(path, sizeof path, "%s/k%d.c", folder, id);
    FILE *f = fopen(path, "w");
    if (!f)
        return false;
    fprintf(f, "%sstruct host *host;\n"
               "SHARED char tl_shared_any __attribute__((used));\nextern char __start_tl_shared[], __stop_tl_shared[];\n"
               "char *shared_start(void) { return __start_tl_shared; }\nchar *shared_stop(void) { return __stop_tl_shared; }\n", text_shim);
    for (int i = from; i < to; i++) {
        own_names(f, known[i].text, i - from + first, false);
        fprintf(f, "%s\nvoid run_%d(const void *p) { (void)tl_shared_any; tl(*(const args *)p); }\n", known[i].text,
                i - from + first);
        own_names(f, known[i].text, i - from + first, true);
    }
    bool ok = !ferror(f);
    ok &= !fclose(f);
    const char *cc = compiler();
    snprintf(command, sizeof command,
             "cd %s && %s -std=gnu17 -O0 -w -fPIC -ffp-contract=off %s -c k%d.c && %s %s -shared -o k%d.so k%d.o -lm "
             "&& rm k%d.o",
             folder, cc, shim_flags, id, cc, shim_flags, id, id, id);
    if (!ok || system(command))
        return false;
    snprintf(path, sizeof path, "%s/k%d.so", folder, id);
    if (*kept && rename(path, kept))
        *kept = 0;
    bool good = use(*kept ? kept : path, from, to, first);
    if (!*kept)
        unlink(path);
    if (!getenv("TL_KEEP_KERNELS")) {
        snprintf(path, sizeof path, "%s/k%d.c", folder, id);
        unlink(path);
    }
    return good;
}

bool shim_collect(bool on)
{
    collecting = on;
    bool ok = true;
    int from = 0;
    for (int i = 0; !on && i <= known_count; i++) {
        bool built = i == known_count || known[i].run;
        if (built || i - from == 100) {
            ok &= build(from, i);
            from = built ? i + 1 : i;
        }
    }
    return ok;
}

void shim_close(void)
{
    while (libraries) {
        struct library *l = libraries;
        libraries = l->next;
        dlclose(l->handle);
        free(l);
    }
    for (int i = 0; i < known_count; i++)
        free(known[i].text);
    free(known);
    known = NULL;
    known_count = known_room = 0;
    if (*folder)
        rmdir(folder);
    *folder = 0;
    shim_forget();
}

/* ---- a block as fibers */
struct host_index { unsigned x, y, z; };
struct host {
    struct host_index thread, block, size, grid;
    void (*sync)(int line);
    void (*shuffle)(const void *from, void *to, int bytes, int lane);
    unsigned (*ballot)(int);
};
enum { THREADS = 1024, STACK = 64 << 10 };
enum { RUNS, AT_BARRIER, AT_SHUFFLE, DONE };
static struct host state;
static ucontext_t
    *fibers; /* as they begin; then jumps, which ask nothing of the kernel (swapcontext: 80 % of the time) */
static jmp_buf home, *left_at;
static bool born[THREADS];
static char *stacks;
static int current, parity[THREADS], barrier[THREADS];
static uint8_t at[THREADS];
static uint64_t slot[2][THREADS][4];
static void (*entry)(const void *);
static const void *words;
static const char *trouble;

static void wait_at(int what)
{
    int me = current;
    at[me] = (uint8_t)what;
    if (!_setjmp(left_at[me]))
        _longjmp(home, 1);
}
static void fiber(void)                       /* block after block */
{
    for (;;) {
        entry(words);
        wait_at(DONE);
    }
}
static __attribute__((noinline)) void go_on(int t)
{
    current = t;
    state.thread.x = (unsigned)t;
    if (_setjmp(home))
        return;
    if (born[t])
        _longjmp(left_at[t], 1);
    born[t] = true;
    getcontext(&fibers[t]);
    fibers[t].uc_stack.ss_sp = stacks + (size_t)t * STACK;
    fibers[t].uc_stack.ss_size = STACK;
    fibers[t].uc_link = NULL;
    makecontext(&fibers[t], fiber, 0);
    setcontext(&fibers[t]);
}
static void sync_all(int line)
{
    barrier[current] = line;
    wait_at(AT_BARRIER);
}
static void shuffle(const void *from, void *to, int bytes, int lane)
{
    int me = current, p = parity[me] ^= 1;
    memcpy(slot[p][me], from, (size_t)bytes);
    wait_at(AT_SHUFFLE);
    memcpy(to, slot[p][(me & ~31) + lane], (size_t)bytes);
}
static unsigned ballot(int x)
{
    int me = current, p = parity[me] ^= 1;
    slot[p][me][0] = (uint64_t)x;
    wait_at(AT_SHUFFLE);
    unsigned r = 0;
    for (unsigned i = 0; i < 32; i++)
        r |= (unsigned)slot[p][(me & ~31) + (int)i][0] << i;
    return r;
}

static bool release(int n)                    /* somebody may go on */
{
    bool any = false, all = true;
    for (int w = 0; w < n; w += 32) {
        int here = 0, live = 0;
        for (int t = w; t < w + 32 && t < n; t++) {
            here += at[t] == AT_SHUFFLE;
            live += at[t] != DONE;
        }
        if (here && here == (n - w < 32 ? n - w : 32)) {
            any = true;
            for (int t = w; t < w + 32 && t < n; t++)
                at[t] = RUNS;
        } else if (here && here == live) {
            trouble = "a shuffle that lanes of the warp never reach";
        }
    }
    if (any)
        return true;
    for (int t = 0; t < n; t++) {
        all &= at[t] == AT_BARRIER;
        if (at[t] == AT_BARRIER && at[0] == AT_BARRIER && barrier[t] != barrier[0])
            trouble = "threads that wait at different barriers";
    }
    if (trouble)
        return false;
    for (int t = 0; all && t < n; t++)
        if (at[t] == AT_BARRIER) {
            at[t] = RUNS;
            any = true;
        }
    return any;
}

static void run_block(int n)
{
    for (int t = 0; t < n; t++) {
        at[t] = RUNS;
        parity[t] = 0;
    }
    memset(slot, 0, sizeof slot);
    for (int left = n; left;) {
        for (int u = 0; u < n; u++) {
            int t = shim_backwards ? n - 1 - u : u;
            if (at[t] != RUNS)
                continue;
            go_on(t);
            left -= at[t] == DONE;
        }
        if (left && !release(n)) {
            trouble = trouble ? trouble : "a barrier that some threads never reach";
            memset(born, 0, sizeof born);     /* those that wait there are given up */
            return;
        }
    }
}

const char *shim_trouble(void) { return trouble; }

int shim_launch(struct work *w, const struct kernel *k)
{
    (void)w;
    struct known *n = known_find(k->key);
    if (!n && !(n = known_add(k)))
        return DEV_NOT_HERE;
    if (collecting)
        return DEV_OK;
    if (!n->run && !build((int)(n - known), (int)(n - known) + 1))
        return DEV_REFUSED;
    if (!stacks) {
        stacks = malloc((size_t)THREADS * STACK);
        fibers = malloc(THREADS * sizeof *fibers);
        left_at = malloc(THREADS * sizeof *left_at);
    }
    *n->in->host = &state;
    state = (struct host){ .size = { k->block, 1, 1 },
                           .grid = { k->grid[0], k->grid[1], k->grid[2] },
                           .sync = sync_all,
                           .shuffle = shuffle,
                           .ballot = ballot };
    entry = n->run;
    words = k->arg;
    trouble = NULL;
    for (unsigned z = 0; z < k->grid[2]; z++)
        for (unsigned y = 0; y < k->grid[1]; y++)
            for (unsigned x = 0; x < k->grid[0]; x++) {
                state.block = (struct host_index){ x, y, z };
                if (shim_spoil)
                    memset(n->in->shared, 0xff, (size_t)(n->in->shared_end - n->in->shared));
                if (n->waits)
                    run_block((int)k->block);
                else
                    for (unsigned t = 0; t < k->block; t++) {
                        state.thread.x = shim_backwards ? k->block - 1 - t : t;
                        n->run(k->arg);
                    }
                if (trouble)
                    return DEV_REFUSED;
            }
    return DEV_OK;
}

/* ---- scratch memory */
static void **pieces;
static int piece_count, piece_room;
static void *get(struct work *w, size_t bytes)
{
    (void)w;
    if (piece_count == piece_room)
        pieces = realloc(pieces, sizeof *pieces * (size_t)(piece_room = 2 * piece_room + 64));
    size_t room = (bytes + 255) / 256 * 256 + 256;
    char *p = aligned_alloc(256, room);
    if (p)
        memset(p, 0xff, room);
    return pieces[piece_count++] = p;
}
void shim_forget(void)
{
    for (int i = 0; i < piece_count; i++)
        free(pieces[i]);
    free(pieces);
    pieces = NULL;
    piece_count = piece_room = 0;
}
void shim_work(struct work *w, struct dev_status *s)
{
    *w = (struct work){ .units = 2, .status = s, .launch = shim_launch, .get = get };
}
