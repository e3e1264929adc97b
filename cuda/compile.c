/* SPDX-License-Identifier: BSD-3-Clause */
/* compile.c: from kernel text to machine code: the pack beside the plugin, the user's cache on disk, NVRTC.
 *
 * Code is known by a hash of all that decides it: prelude and text, architecture, options, NVRTC's version.  A file is
 * believed only when it is the user's own, as long as its head says and right by its checksum; any other is passed over and
 * written anew.  Files appear by rename, so that two processes never see half of one; beyond 256 MB the ones unused for
 * longest go.  The pack has the same entries in one file, made by `make cuda-pack` on a machine that has NVRTC, for those
 * that have none. */
#define _GNU_SOURCE 1
#include "kernel.h"
#include "compile.h"
#include "driver.h"
#include "cuda/texts.inc"
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static __thread char said[2048];
uint64_t compile_cache_most = 256 << 20;

/* ---- names */
static const char *const options[] = { "--fmad=false", "--std=c++17", "-w" };
static uint64_t mixed(uint64_t h, const void *p, size_t n)
{
    for (const unsigned char *s = p; n--;)
        h = (h ^ *s++) * 0x100000001b3u;
    return h ^ h >> 31;
}
static void name_of(uint64_t id[2], const char *text, size_t len, int arch, int version)
{
    for (int k = 0; k < 2; k++) {
        uint64_t h = k ? 0x6c62272e07bb0142u : 0xcbf29ce484222325u;
        h = mixed(h, text_prelude, sizeof text_prelude);
        h = mixed(h, text, len);
        for (size_t i = 0; i < sizeof options / sizeof *options; i++)
            h = mixed(h, options[i], strlen(options[i]));
        h = mixed(h, &arch, sizeof arch);
        id[k] = mixed(h, &version, sizeof version) * (k ? 0x9E3779B97F4A7C15u : 1);
    }
}
static uint64_t checksum(const void *p, size_t n) { return mixed(0x2545F4914F6CDD1Du, p, n); }

/* ---- files: a head, then the code */
struct head { char magic[8]; uint64_t id[2], bytes, sum, ptx; };
static const char file_magic[8] = "tlcuda01";

static bool keep(struct code *c, const void *data, size_t bytes, bool ptx)
{
    *c = (struct code){ .data = malloc(bytes + 1), .bytes = bytes, .ptx = ptx };
    if (!c->data)
        return false;
    memcpy(c->data, data, bytes);
    ((char *)c->data)[bytes] = 0;
    return true;
}

static bool folder_name(char *s, size_t n, bool make)     /* of the cache; made with its parents */
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int len = base && *base == '/'   ? snprintf(s, n, "%s/tl/cuda", base)
              : home && *home == '/' ? snprintf(s, n, "%s/.cache/tl/cuda", home)
                                     : (int)n;
    if (len >= (int)n)
        return false;
    for (char *p = s + 1; make && *p; p++)
        if (*p == '/') {
            *p = 0;
            mkdir(s, 0700);
            *p = '/';
        }
    if (make)
        mkdir(s, 0700);
    struct stat st;
    return !stat(s, &st) && S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022);
}
static bool file_name(char *s, size_t n, const uint64_t id[2], bool make)
{
    char folder[1000];
    return folder_name(folder, sizeof folder, make) &&
           snprintf(s, n, "%s/%016llx%016llx", folder, (unsigned long long)id[0], (unsigned long long)id[1]) < (int)n;
}

static bool file_read(const uint64_t id[2], struct code *c)
{
    char name[1100];
    struct head h;
    struct stat st;
    bool ok = false;
    if (!file_name(name, sizeof name, id, false))
        return false;
    int f = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (f < 0)
        return false;
    if (!fstat(f, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 022) &&
        read(f, &h, sizeof h) == (ssize_t)sizeof h && !memcmp(h.magic, file_magic, 8) && h.id[0] == id[0] &&
        h.id[1] == id[1] && h.bytes > 0 && h.bytes == (uint64_t)st.st_size - sizeof h && h.ptx < 2) {
        char *data = malloc(h.bytes + 1);
        ok = data && read(f, data, h.bytes) == (ssize_t)h.bytes && checksum(data, h.bytes) == h.sum;
        if (ok) {
            data[h.bytes] = 0;
            *c = (struct code){ .data = data, .bytes = h.bytes, .ptx = h.ptx };
            futimens(f, NULL);                /* used now */
        } else {
            free(data);
        }
    }
    close(f);
    return ok;
}

struct old { char name[40]; struct timespec when; uint64_t bytes; };
static int older(const void *a, const void *b)
{
    const struct old *x = a, *y = b;
    return x->when.tv_sec != y->when.tv_sec ? (x->when.tv_sec > y->when.tv_sec) - (x->when.tv_sec < y->when.tv_sec)
                                            : (x->when.tv_nsec > y->when.tv_nsec) - (x->when.tv_nsec < y->when.tv_nsec);
}
static void bound(const char *folder)         /* to three quarters of the limit when it is passed */
{
    DIR *d = opendir(folder);
    struct old *all = NULL;
    size_t n = 0, room = 0;
    uint64_t sum = 0;
    struct stat st;
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strlen(e->d_name) >= sizeof all->name || *e->d_name == '.' ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
            continue;
        if (n == room) {
            struct old *more = realloc(all, sizeof *all * (room = 2 * room + 64));
            if (!more)
                break;
            all = more;
        }
        strcpy(all[n].name, e->d_name);
        all[n].when = st.st_mtim;
        sum += all[n++].bytes = (uint64_t)st.st_size;
    }
    if (sum > compile_cache_most) {
        qsort(all, n, sizeof *all, older);
        for (size_t i = 0; i < n && sum > compile_cache_most / 4 * 3; i++)
            if (!unlinkat(dirfd(d), all[i].name, 0))
                sum -= all[i].bytes;
    }
    free(all);
    if (d)
        closedir(d);
}

static void file_write(const uint64_t id[2], const struct code *c)    /* what goes wrong costs a compilation, nothing else */
{
    char name[1100], part[1120];
    static int count;
    struct head h = { .id = { id[0], id[1] }, .bytes = c->bytes, .sum = checksum(c->data, c->bytes), .ptx = c->ptx };
    memcpy(h.magic, file_magic, 8);
    if (!file_name(name, sizeof name, id, true))
        return;
    snprintf(part, sizeof part, "%s.%d.%d", name, (int)getpid(), __sync_fetch_and_add(&count, 1));
    int f = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f < 0)
        return;
    bool ok = write(f, &h, sizeof h) == (ssize_t)sizeof h && write(f, c->data, c->bytes) == (ssize_t)c->bytes;
    ok &= !close(f);
    if (!ok || rename(part, name))
        unlink(part);
    *strrchr(name, '/') = 0;
    bound(name);
}

/* ---- the pack: a head, entries by id, code.  NVRTC's version is in its head: without one its entries are found all
 * the same. */
struct entry { uint64_t id[2], at, bytes, sum, ptx; };
struct pack { char magic[8]; uint64_t version, n; struct entry entry[]; };
static const char pack_magic[8] = "tlpack01";
static struct { int arch; const struct pack *p; size_t bytes; } packs[4];
static int pack_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const char *compile_pack_folder;              /* NULL: TL_CUDA_PACK, or where the plugin lies */
static bool pack_name(char *s, size_t n, int arch)
{
    Dl_info info;
    const char *folder = compile_pack_folder ? compile_pack_folder : getenv("TL_CUDA_PACK");
    if (folder)
        return snprintf(s, n, "%s/tl_cuda_%d.pack", folder, arch) < (int)n;
    if (!dladdr(&pack_magic, &info) || !info.dli_fname)
        return false;
    const char *slash = strrchr(info.dli_fname, '/');
    return snprintf(s, n, "%.*s/tl_cuda_%d.pack", slash ? (int)(slash - info.dli_fname) : 1,
                    slash ? info.dli_fname : ".", arch) < (int)n;
}
static const struct pack *pack_open(int arch, size_t *bytes)
{
    char name[1100];
    struct stat st;
    for (int i = 0; i < pack_count; i++)
        if (packs[i].arch == arch) {
            *bytes = packs[i].bytes;
            return packs[i].p;
        }
    const struct pack *p = NULL;
    int f = pack_name(name, sizeof name, arch) ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (f >= 0) {
        if (!fstat(f, &st) && (size_t)st.st_size > sizeof *p) {
            void *m = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, f, 0);
            if (m != MAP_FAILED) {
                p = m;
                *bytes = (size_t)st.st_size;
                bool newer = cuda.version && p->version / 1000 > (uint64_t)cuda.version / 1000;   /* than the driver can load */
                if (newer || memcmp(p->magic, pack_magic, 8) || p->n > (*bytes - sizeof *p) / sizeof *p->entry) {
                    munmap(m, *bytes);
                    p = NULL;
                }
            }
        }
        close(f);
    }
    if (pack_count < (int)(sizeof packs / sizeof *packs)) {
        packs[pack_count].arch = arch;
        packs[pack_count].p = p;
        packs[pack_count++].bytes = p ? *bytes : 0;
    }
    return p;
}
static bool pack_read(const char *text, size_t len, int arch, struct code *c)
{
    size_t bytes = 0;
    uint64_t id[2];
    bool ok = false;
    pthread_mutex_lock(&lock);
    const struct pack *p = pack_open(arch, &bytes);
    if (p) {
        name_of(id, text, len, arch, (int)p->version);
        for (uint64_t a = 0, b = p->n; a < b;) {
            uint64_t m = a + (b - a) / 2;
            const struct entry *e = &p->entry[m];
            if (e->id[0] == id[0] && e->id[1] == id[1]) {
                ok = e->at <= bytes && e->bytes <= bytes - e->at && e->bytes > 0 &&
                     checksum((const char *)p + e->at, e->bytes) == e->sum &&
                     (!c || keep(c, (const char *)p + e->at, e->bytes, e->ptx != 0));
                break;
            }
            if (e->id[0] < id[0] || (e->id[0] == id[0] && e->id[1] < id[1]))
                a = m + 1;
            else
                b = m;
        }
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

static int entry_order(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int i = x->id[0] == y->id[0];
    return (x->id[i] > y->id[i]) - (x->id[i] < y->id[i]);
}
void compile_pack_fresh(const char *name)
{
    const char *why;
    struct pack h;
    FILE *f = fopen(name, "rb");
    if (!f)
        return;
    bool same = fread(&h, sizeof h, 1, f) == 1 && !memcmp(h.magic, pack_magic, 8) && (int)h.version == compile_version(&why);
    fclose(f);
    if (!same)
        unlink(name);
}
bool compile_pack_write(const char *name, int arch, int n, char *const *text, const size_t *len, const struct code *code)
{
    const char *why;
    struct pack h = { .version = (uint64_t)compile_version(&why), .n = (uint64_t)n };
    struct entry *e = calloc((size_t)n + 1, sizeof *e);
    char part[400];
    FILE *f = snprintf(part, sizeof part, "%s.new", name) < (int)sizeof part ? fopen(part, "wb") : NULL;
    memcpy(h.magic, pack_magic, 8);
    uint64_t at = sizeof h + (uint64_t)n * sizeof *e;
    for (int i = 0; e && i < n; i++) {
        name_of(e[i].id, text[i], len[i], arch, (int)h.version);
        e[i].at = at;
        e[i].bytes = code[i].bytes;
        e[i].sum = checksum(code[i].data, code[i].bytes);
        e[i].ptx = code[i].ptx;
        at += code[i].bytes;
    }
    if (e)
        qsort(e, (size_t)n, sizeof *e, entry_order);
    bool ok = f && e && fwrite(&h, sizeof h, 1, f) == 1 && fwrite(e, sizeof *e, (size_t)n, f) == (size_t)n;
    for (int i = 0; ok && i < n; i++)
        ok = fwrite(code[i].data, 1, code[i].bytes, f) == code[i].bytes;
    if (f)
        ok &= !fclose(f);
    ok = ok && !rename(part, name);           /* who has the old one open keeps it */
    if (f && !ok)
        unlink(part);
    free(e);
    return ok;
}

/* ---- NVRTC */
int compile_version(const char **why)
{
    const struct nvrtc *v = cuda_nvrtc(why);
    int major = 0, minor = 0;
    return v && !v->Version(&major, &minor) ? 1000 * major + 10 * minor : 0;
}

static int best_arch(const struct nvrtc *v, int arch, bool *ptx)       /* the newest that it knows, where the GPU is newer */
{
    int n = 0, known[64], best = 0;
    *ptx = false;
    if (v->GetNumSupportedArchs(&n) || n < 1 || n > 64 || v->GetSupportedArchs(known))
        return arch;
    for (int i = 0; i < n; i++) {
        if (known[i] == arch)
            return arch;
        if (known[i] < arch && known[i] > best)
            best = known[i];
    }
    *ptx = best != 0;
    return best ? best : arch;
}

static int by_nvrtc(const struct nvrtc *v, const char *text, size_t len, int arch, struct code *c, const char **why)
{
    char target[40], *whole = malloc(sizeof text_prelude + len);
    nvrtc_program p = NULL;
    bool ptx;
    int best = best_arch(v, arch, &ptx), e = whole ? 0 : -1;
    const char *list[1 + sizeof options / sizeof *options] = { target };
    snprintf(target, sizeof target, "--gpu-architecture=%s_%d", ptx ? "compute" : "sm", best);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        list[i + 1] = options[i];
    *c = (struct code){ .ptx = ptx, .made = true };
    if (!e) {
        memcpy(whole, text_prelude, sizeof text_prelude - 1);
        memcpy(whole + sizeof text_prelude - 1, text, len);
        whole[sizeof text_prelude - 1 + len] = 0;
        e = v->CreateProgram(&p, whole, "kernel.cu", 0, NULL, NULL);
    }
    if (!e)
        e = v->CompileProgram(p, (int)(sizeof list / sizeof *list), list);
    if (!e)
        e = ptx ? v->GetPTXSize(p, &c->bytes) : v->GetCUBINSize(p, &c->bytes);
    if (!e) {
        c->data = malloc(c->bytes + 1);
        e = !c->data ? -1 : ptx ? v->GetPTX(p, c->data) : v->GetCUBIN(p, c->data);
        if (c->data)
            ((char *)c->data)[c->bytes] = 0;
    }
    if (e) {
        int n = snprintf(said, sizeof said, "NVRTC refuses a kernel: %s", e < 0 ? "out of memory" : v->GetErrorString(e));
        size_t size = 0;
        char *log;
        if (p && !v->GetProgramLogSize(p, &size) && size > 1 && size < 1 << 20 && (log = malloc(size + 1))) {
            log[size] = 0;
            if (!v->GetProgramLog(p, log))
                snprintf(said + n, sizeof said - (size_t)n, "\n%s", log);
            free(log);
        }
        free(c->data);
        *c = (struct code){ 0 };
        *why = said;
    }
    if (p)
        v->DestroyProgram(&p);
    free(whole);
    return e ? DEV_REFUSED : DEV_OK;
}

bool compile_cached(const char *text, size_t len, int major, int minor)
{
    const char *why;
    uint64_t id[2];
    char name[1100];
    int arch = 10 * major + minor, version;
    if (pack_read(text, len, arch, NULL))
        return true;
    if (!(version = compile_version(&why)))
        return false;
    name_of(id, text, len, arch, version);
    return file_name(name, sizeof name, id, false) && !access(name, R_OK);
}

int compile(const char *text, size_t len, int major, int minor, struct code *c, const char **why)
{
    int arch = 10 * major + minor;
    uint64_t id[2];
    *c = (struct code){ 0 };
    if (pack_read(text, len, arch, c))
        return DEV_OK;
    const struct nvrtc *v = cuda_nvrtc(why);
    int version = v ? compile_version(why) : 0;
    if (!version)
        return DEV_NOT_HERE;
    name_of(id, text, len, arch, version);
    if (file_read(id, c))
        return DEV_OK;
    int e = by_nvrtc(v, text, len, arch, c, why);
    if (!e)
        file_write(id, c);
    return e;
}

/* ---- the thread */
struct order {
    uint64_t key[2];
    char *text;
    size_t len;
    int major, minor, state, error;
    char why[sizeof said];
    struct code code;
    struct order *next;
};
enum { WAITING, DONE, FAILED };
static struct order *orders;
static pthread_t thread;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER, made = PTHREAD_COND_INITIALIZER;
static bool running, stopping;

static void *compile_all(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    while (!stopping) {
        struct order *o = orders;
        while (o && o->state != WAITING)
            o = o->next;
        if (!o) {
            pthread_cond_wait(&more, &lock);
            continue;
        }
        const char *why = "";
        struct code c;
        pthread_mutex_unlock(&lock);
        int e = compile(o->text, o->len, o->major, o->minor, &c, &why);
        pthread_mutex_lock(&lock);
        o->code = c;
        o->error = e;
        if (e)
            snprintf(o->why, sizeof o->why, "%s", why);
        o->state = e ? FAILED : DONE;
        pthread_cond_broadcast(&made);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}
static bool thread_start(void)                /* signals are for the threads that were there before */
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    running = running || !pthread_create(&thread, NULL, compile_all, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return running;
}

static struct order *order_of(const uint64_t key[2])
{
    for (struct order *o = orders; o; o = o->next)
        if (o->key[0] == key[0] && o->key[1] == key[1])
            return o;
    return NULL;
}

int compile_start(const uint64_t key[2], const char *text, size_t len, int major, int minor)
{
    int e = DEV_OK;
    pthread_mutex_lock(&lock);
    if (!order_of(key)) {
        struct order *o = calloc(1, sizeof *o), **end = &orders;
        char *s = o ? malloc(len + 1) : NULL;
        if (!s || !thread_start()) {
            free(s);
            free(o);
            e = DEV_NO_MEMORY;
        } else {
            memcpy(s, text, len);
            s[len] = 0;
            *o = (struct order){ .key = { key[0], key[1] }, .text = s, .len = len, .major = major, .minor = minor };
            while (*end)
                end = &(*end)->next;
            *end = o;
            pthread_cond_signal(&more);
        }
    }
    pthread_mutex_unlock(&lock);
    return e;
}

static void order_free(struct order *o)
{
    free(o->text);
    free(o->code.data);
    free(o);
}
int compile_ready(const uint64_t key[2], struct code *c, const char **why)
{
    int r = -DEV_NOT_HERE;
    *why = "nothing of that name is being compiled";
    pthread_mutex_lock(&lock);
    for (struct order **p = &orders; *p; p = &(*p)->next) {
        struct order *o = *p;
        if (o->key[0] != key[0] || o->key[1] != key[1])
            continue;
        r = o->state == WAITING ? 0 : o->state == DONE ? 1 : -o->error;
        if (r) {                              /* it is the caller's now */
            if (r > 0)
                *c = o->code, o->code.data = NULL;
            else
                *why = strcpy(said, o->why);
            *p = o->next;
            order_free(o);
        }
        break;
    }
    pthread_mutex_unlock(&lock);
    return r;
}

int compile_begin(const char *text, size_t len, int major, int minor, struct code *c, uint64_t id[2], const char **why)
{
    int arch = 10 * major + minor;
    *c = (struct code){ 0 };
    if (pack_read(text, len, arch, c))
        return DEV_OK;
    int version = compile_version(why);
    if (!version)
        return DEV_NOT_HERE;
    name_of(id, text, len, arch, version);
    if (file_read(id, c))
        return DEV_OK;
    int e = compile_start(id, text, len, major, minor);
    *why = "out of memory on the CPU";
    return e ? e : DEV_LATER;
}

/* The thread goes on when Ctrl-C ends the wait, and who asks again finds what it made. */
int compile_wait(const uint64_t id[2], struct code *c, volatile sig_atomic_t *stop, const char **why)
{
    int r;
    while (!(r = compile_ready(id, c, why))) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 5000000;                 /* a signal wakes nobody here: looked for 200 times a second */
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        if (stop && *stop)
            return DEV_STOPPED;
        pthread_mutex_lock(&lock);
        struct order *o = order_of(id);
        if (o && o->state == WAITING)
            pthread_cond_timedwait(&made, &lock, &t);
        pthread_mutex_unlock(&lock);
    }
    return r > 0 ? DEV_OK : -r;
}

void compile_stop(void)
{
    pthread_mutex_lock(&lock);
    bool was = running;
    stopping = true;
    pthread_cond_signal(&more);
    pthread_mutex_unlock(&lock);
    if (was)
        pthread_join(thread, NULL);
    while (orders) {
        struct order *o = orders;
        orders = o->next;
        order_free(o);
    }
    running = stopping = false;
    for (int i = 0; i < pack_count; i++)
        if (packs[i].p)
            munmap((void *)(uintptr_t)packs[i].p, packs[i].bytes);
    pack_count = 0;
}
