/* SPDX-License-Identifier: BSD-3-Clause */
/* path.c: folders and the functions in them. A folder is listed once and again only when its time stamp has moved, so
 * finding a name is a binary search in a few sorted lists. A folder that was changed within the clock's grain of being
 * listed is listed again next time. Nothing here opens a file. */
#include "folders.h"
#include "path.h"
#include "lab/call.h"

#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct entry { char *name; bool m, tl, package, plugin; };
struct folder {
    char *dir;
    struct timespec changed;
    ino_t ino;
    bool listed, unsettled;
    struct entry *v;
    int n;
    struct folder *next;                      /* of all that were ever looked at */
};
struct found { char *file; uint64_t stamp; struct found *next; };     /* files handed out */
struct paths {
    struct folder *all, *script, *here, *library, *plugins;
    struct folder **on;                       /* addpath's, first one first */
    int n, room;
    char *running;                            /* the script that runs: its own name means the library's function in it */
    struct found *found;
    uint32_t epoch;
};

/* --- state --- */

static void free_entries(struct folder *f)
{
    for (int i = 0; i < f->n; i++)
        free(f->v[i].name);
    free(f->v);
    f->v = NULL;
    f->n = 0;
}

static void paths_free(void)
{
    struct paths *p = *context_room(ROOM_PATH);
    for (struct folder *f = p->all, *next; f; f = next) {
        next = f->next;
        free_entries(f);
        free(f->dir);
        free(f);
    }
    for (struct found *f = p->found, *next; f; f = next) {
        next = f->next;
        free(f->file);
        free(f);
    }
    free(p->on);
    free(p->running);
    free(p);
    *context_room(ROOM_PATH) = NULL;
}

static void *must(void *p)
{
    if (!p)
        fail_memory(0);
    return p;
}

static struct folder *folder_of(struct paths *p, const char *dir)
{
    for (struct folder *f = p->all; f; f = f->next)
        if (!strcmp(f->dir, dir))
            return f;
    char *copy = must(strdup(dir));
    struct folder *f = calloc(1, sizeof *f);
    if (!f) {
        free(copy);
        fail_memory(sizeof *f);
    }
    f->dir = copy;
    f->next = p->all;
    p->all = f;
    return f;
}

static struct folder *current(struct paths *p)
{
    char buf[PATH_MAX];
    return getcwd(buf, sizeof buf) ? folder_of(p, buf) : NULL;
}

static void from_environment(struct paths *p);
static const char *path_plugins(void);
static struct paths *paths(void)
{
    void **room = context_room(ROOM_PATH);
    if (!*room) {
        struct paths *p = must(calloc(1, sizeof *p));
        *room = p;
        context_at_exit(paths_free);
        p->epoch = 1;
        p->here = current(p);
        p->library = folder_of(p, path_data());
        p->plugins = folder_of(p, path_plugins());
        from_environment(p);
    }
    return *room;
}

/* What still stands in its build folder, program or library, takes the sources' scripts and the plugins beside it, else the
   installed ones. */
static bool in_build(void)
{
    static char self[PATH_MAX];               /* threads write the same into it */
    Dl_info me;
    if (!self[0]) {                           /* of the program itself dladdr knows only what it was called as: tl, ./tl */
        bool library = dladdr((void *)path_data, &me) && me.dli_fname && me.dli_fname[0] == '/';
        if (!realpath(library ? me.dli_fname : "/proc/self/exe", self))
            return false;
    }
    size_t m = strlen(TL_BUILDDIR);
    return !strncmp(self, TL_BUILDDIR, m) && self[m] == '/' && !access(TL_SRCDIR "/scripts", R_OK);
}
static const char *given_or(const char *variable, const char *built, const char *installed)
{
    const char *given = getenv(variable);
    return given && *given ? given : in_build() ? built : installed;
}
const char *path_data(void) { return given_or("TL_SCRIPTS", TL_SRCDIR "/scripts", TL_DATADIR "/scripts"); }
const char *path_manual(void) { return given_or("TL_MANUAL", TL_BUILDDIR "/doc", TL_DOCDIR); }
static const char *path_plugins(void) { return given_or("TL_PLUGINS", TL_BUILDDIR, TL_LIBDIR); }

bool path_program(const char *word)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        int n = (int)strcspn(path, ":");
        char file[1024];
        if (snprintf(file, sizeof file, "%.*s/%s", n, path, word) < (int)sizeof file && !access(file, X_OK))
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

/* --- listing --- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static bool is_name(const char *s, size_t n)
{
    if (!n || isdigit((unsigned char)s[0]))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '_')
            return false;
    return true;
}

static bool same_entries(const struct entry *a, int na, const struct entry *b, int nb)
{
    if (na != nb)
        return false;
    for (int i = 0; i < na; i++)
        if (strcmp(a[i].name, b[i].name) || a[i].m != b[i].m || a[i].tl != b[i].tl || a[i].package != b[i].package ||
            a[i].plugin != b[i].plugin)
            return false;
    return true;
}

/* Reads the folder; the old list stays where memory is out. True: other names than before. */
static bool list(struct folder *f)
{
    struct folder new = { 0 };
    int room = 0;
    DIR *d = opendir(f->dir);
    for (struct dirent *e; d && (e = readdir(d)); ) {
        const char *s = e->d_name, *dot = strrchr(s, '.');
        struct entry x = { 0 };
        size_t n = dot ? (size_t)(dot - s) : 0;
        if (s[0] == '+') {
            x.package = true;
            n = strlen(++s);
        } else if (dot && !strcmp(dot, ".tl"))
            x.tl = true;
        else if (dot && !strcmp(dot, ".m"))
            x.m = true;
        else if (dot && !strcmp(dot, ".so") && !strncmp(s, "tl_", 3)) {
            x.plugin = true;
            s += 3;
            n -= 3;
        } else
            continue;
        if (!is_name(s, n))
            continue;
        if (new.n == room) {
            struct entry *v = realloc(new.v, (size_t)(room = room ? 2 * room : 16) * sizeof *v);
            if (!v)
                break;
            new.v = v;
        }
        if (!(x.name = strndup(s, n)))
            break;
        new.v[new.n++] = x;
    }
    if (d)
        closedir(d);
    if (new.n)
        qsort(new.v, (size_t)new.n, sizeof *new.v, by_name);
    int n = 0;                                /* f.tl, f.m and +f are one entry */
    for (int i = 0; i < new.n; i++) {
        if (n && !strcmp(new.v[n - 1].name, new.v[i].name)) {
            new.v[n - 1].m |= new.v[i].m;
            new.v[n - 1].tl |= new.v[i].tl;
            new.v[n - 1].package |= new.v[i].package;
            new.v[n - 1].plugin |= new.v[i].plugin;
            free(new.v[i].name);
        } else
            new.v[n++] = new.v[i];
    }
    new.n = n;
    bool changed = !same_entries(f->v, f->n, new.v, new.n);
    free_entries(f);
    f->v = new.v;
    f->n = new.n;
    f->listed = true;
    return changed;
}

static bool newer(struct timespec a, struct timespec b)
{
    return a.tv_sec != b.tv_sec || a.tv_nsec != b.tv_nsec;
}

/* Lists the folder if it changed or never was. */
static bool look(struct folder *f)
{
    struct stat s;
    struct timespec now;
    if (stat(f->dir, &s)) {
        bool had = f->n > 0;
        free_entries(f);
        f->listed = true;
        f->changed = (struct timespec){ 0 };
        return had;
    }
    if (f->listed && !f->unsettled && !newer(s.st_mtim, f->changed) && s.st_ino == f->ino)
        return false;
    f->changed = s.st_mtim;
    f->ino = s.st_ino;
    clock_gettime(CLOCK_REALTIME, &now);
    f->unsettled = (now.tv_sec - s.st_mtim.tv_sec) * 1000 + (now.tv_nsec - s.st_mtim.tv_nsec) / 1000000 < 50;
    return list(f);
}

static struct entry *entry_of(struct folder *f, const char *name)
{
    if (!f->listed)
        look(f);
    int lo = 0, hi = f->n;
    while (lo < hi) {
        int mid = (lo + hi) / 2, c = strcmp(f->v[mid].name, name);
        if (!c)
            return &f->v[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* --- finding --- */

static uint64_t stamp_of(const char *file)
{
    struct stat s;
    if (stat(file, &s))
        return 0;
    uint64_t h = (uint64_t)s.st_mtim.tv_sec * 1000000007u + (uint64_t)s.st_mtim.tv_nsec;
    return (h * 31 + (uint64_t)s.st_size) * 31 + (uint64_t)s.st_ino + 1;
}

static const char *remember(struct paths *p, const char *file, uint64_t *stamp)
{
    struct found *f = p->found;
    while (f && strcmp(f->file, file))
        f = f->next;
    if (!f) {
        char *copy = must(strdup(file));
        if (!(f = calloc(1, sizeof *f))) {
            free(copy);
            fail_memory(sizeof *f);
        }
        f->file = copy;
        f->stamp = stamp_of(file);
        f->next = p->found;
        p->found = f;
    }
    if (stamp)
        *stamp = f->stamp;
    return f->file;
}

/* `a.b.c` in a folder: down the folders +a, +b, then the file c. */
static const char *find_in(struct paths *p, struct folder *f, const char *name, uint64_t *stamp)
{
    char buf[PATH_MAX], part[256];
    for (const char *dot; f && (dot = strchr(name, '.')); name = dot + 1) {
        size_t n = (size_t)(dot - name);
        if (n >= sizeof part)
            return NULL;
        memcpy(part, name, n);
        part[n] = 0;
        struct entry *e = entry_of(f, part);
        if (!e || !e->package || snprintf(buf, sizeof buf, "%s/+%s", f->dir, part) >= (int)sizeof buf)
            return NULL;
        f = folder_of(p, buf);
    }
    struct entry *e = f ? entry_of(f, name) : NULL;
    if (!e || !(e->tl || e->m))
        return NULL;
    if (snprintf(buf, sizeof buf, "%s%s%s%s", f->dir, f->dir[1] ? "/" : "", name, e->tl ? ".tl" : ".m") >= (int)sizeof buf)
        return NULL;
    if (p->running && !strcmp(buf, p->running))
        return NULL;
    return remember(p, buf, stamp);
}

const char *path_find(const char *name, uint64_t *stamp)
{
    struct paths *p = paths();
    const char *s = NULL;
    if (p->script)
        s = find_in(p, p->script, name, stamp);
    if (!s && p->here)
        s = find_in(p, p->here, name, stamp);
    for (int i = 0; i < p->n && !s; i++)
        s = find_in(p, p->on[i], name, stamp);
    return s;
}

const char *path_private(const char *name, const char *file, uint64_t *stamp)
{
    struct paths *p = paths();
    const char *slash = strrchr(file, '/');
    size_t n = slash ? (size_t)(slash - file) : 0;
    static const char private[] = "/private";
    char buf[PATH_MAX];
    if (!slash || n + sizeof private > sizeof buf)
        return NULL;
    memcpy(buf, file, n);
    buf[n] = 0;
    size_t m = sizeof private - 1;
    if (n < m || memcmp(buf + n - m, private, m))        /* functions of the folder see one another */
        memcpy(buf + n, private, sizeof private);
    return find_in(p, folder_of(p, buf), name, stamp);
}

const char *path_data_file(const char *name)
{
    struct paths *p = paths();
    for (int i = -1; i < p->n; i++) {
        const struct folder *f = i < 0 ? p->script : p->on[i];
        if (!f)
            continue;
        struct buf *b = buf_new();
        buff(b, "%s/%s", f->dir, name);
        if (!access(b->s, F_OK))
            return b->s;
    }
    return NULL;
}

/* In scripts/ itself or in a package there; lessons and examples are programs. */
bool path_owns(const char *file)
{
    const char *data = path_data();
    size_t n = strlen(data);
    if (strncmp(file, data, n) || file[n] != '/')
        return false;
    const char *rest = file + n + 1;
    return *rest == '+' || !strchr(rest, '/');
}

const char *path_library(const char *name, uint64_t *stamp)
{
    struct paths *p = paths();
    return find_in(p, p->library, name, stamp);
}

bool path_is_package(const char *name)
{
    struct paths *p = paths();
    struct folder *first[] = { p->script, p->here, p->library };
    struct entry *e;
    for (int i = 0; i < COUNT(first); i++)
        if (first[i] && (e = entry_of(first[i], name)) && e->package)
            return true;
    for (int i = 0; i < p->n; i++)
        if ((e = entry_of(p->on[i], name)) && e->package)
            return true;
    return false;
}

static const char *plugin_in(struct paths *p, struct folder *f, const char *name)
{
    char buf[PATH_MAX];
    struct entry *e = f ? entry_of(f, name) : NULL;
    if (!e || !e->plugin || snprintf(buf, sizeof buf, "%s/tl_%s.so", f->dir, name) >= (int)sizeof buf)
        return NULL;
    return remember(p, buf, NULL);
}

const char *path_plugin_own(const char *name)
{
    struct paths *p = paths();
    return plugin_in(p, p->plugins, name);
}

const char *path_plugin(const char *name)
{
    struct paths *p = paths();
    const char *s = plugin_in(p, p->script, name);
    if (!s)
        s = plugin_in(p, p->here, name);
    for (int i = 0; i < p->n && !s; i++)
        s = plugin_in(p, p->on[i], name);
    return s ? s : path_plugin_own(name);
}

static void each_in(struct paths *p, struct folder *f, const char *package, void (*visit)(const char *, void *), void *arg)
{
    char buf[PATH_MAX];
    if (package) {
        struct entry *e = entry_of(f, package);
        if (!e || !e->package || snprintf(buf, sizeof buf, "%s/+%s", f->dir, package) >= (int)sizeof buf)
            return;
        f = folder_of(p, buf);
        if (!f->listed)
            look(f);
    } else if (!f->listed)
        look(f);
    for (int i = 0; i < f->n; i++) {
        if (f->v[i].tl || f->v[i].m)
            visit(f->v[i].name, arg);
        if ((f->v[i].package || f->v[i].plugin) && snprintf(buf, sizeof buf, "%s.", f->v[i].name) < (int)sizeof buf)
            visit(buf, arg);
    }
}

void path_each(const char *package, bool library, void (*visit)(const char *, void *), void *arg)
{
    struct paths *p = paths();
    if (library) {
        each_in(p, p->library, package, visit, arg);
        return;
    }
    if (p->script)
        each_in(p, p->script, package, visit, arg);
    if (p->here)
        each_in(p, p->here, package, visit, arg);
    for (int i = 0; i < p->n; i++)
        each_in(p, p->on[i], package, visit, arg);
}

/* --- changes --- */

uint32_t path_epoch(void)
{
    return paths()->epoch;
}

bool path_refresh(void)
{
    struct paths *p = paths();
    struct folder *here = current(p);
    bool changed = here != p->here;
    p->here = here;
    for (struct folder *f = p->all; f; f = f->next)
        if (f->listed)
            changed |= look(f);
    for (struct found *f = p->found; f; f = f->next) {
        uint64_t stamp = stamp_of(f->file);
        changed |= stamp != f->stamp;
        f->stamp = stamp;
    }
    p->epoch += changed;
    return changed;
}

void path_script(const char *file)
{
    struct paths *p = paths();
    char buf[PATH_MAX];
    char *real = file && realpath(file, buf) ? strdup(buf) : NULL;
    char *slash = real ? strrchr(buf, '/') : NULL;
    if (slash)
        slash[slash == buf] = 0;
    p->script = slash ? folder_of(p, buf) : NULL;
    free(p->running);
    p->running = real;
    p->epoch++;
}

const char *path_running(void)
{
    return paths()->running;
}

static void remove_at(struct paths *p, int i)
{
    memmove(p->on + i, p->on + i + 1, (size_t)(p->n - i - 1) * sizeof *p->on);
    p->n--;
}

static void insert(struct paths *p, struct folder *f, int at)
{
    for (int i = 0; i < p->n; i++)
        if (p->on[i] == f) {
            remove_at(p, i);
            if (i < at)
                at--;
            break;
        }
    if (p->n == p->room) {
        int room = p->room ? 2 * p->room : 8;
        p->on = must(reallocarray(p->on, (size_t)room, sizeof *p->on));
        p->room = room;
    }
    memmove(p->on + at + 1, p->on + at, (size_t)(p->n - at) * sizeof *p->on);
    p->on[at] = f;
    p->n++;
    p->epoch++;
}

/* An existing folder's full name in buf; ~ is the home folder. */
static bool full_name(const char *dir, char buf[PATH_MAX])
{
    char with_home[PATH_MAX];
    struct stat s;
    const char *home = getenv("HOME");
    if (dir[0] == '~' && (!dir[1] || dir[1] == '/') && home) {
        if (snprintf(with_home, sizeof with_home, "%s%s", home, dir + 1) >= (int)sizeof with_home)
            return false;
        dir = with_home;
    }
    if (!realpath(dir, buf) || stat(buf, &s))
        return false;
    if (!S_ISDIR(s.st_mode)) {
        errno = ENOTDIR;
        return false;
    }
    return true;
}

static struct buf *joined(const struct paths *p)
{
    struct buf *b = buf_new();
    for (int i = 0; i < p->n; i++)
        buff(b, "%s%s", i ? ":" : "", p->on[i]->dir);
    return b;
}

/* Calls f for each folder named in arguments from..; several may stand in one text, with colons between. */
static void each_argument(struct call *c, int from, int to, void (*f)(struct call *c, const char *dir, void *arg), void *arg)
{
    for (int i = from; i < to; i++) {
        char *text = (char *)arg_text(c, i, NULL), *save = NULL;
        struct buf *b = buf_new();
        buf_puts(b, text);
        for (char *s = strtok_r(b->s, ":", &save); s; s = strtok_r(NULL, ":", &save))
            f(c, s, arg);
    }
}

static void add_one(struct call *c, const char *dir, void *arg)
{
    char buf[PATH_MAX];
    int *at = arg;
    struct paths *p = paths();
    if (!full_name(dir, buf)) {
        warn("Octave:addpath", "%s: %s: %s", c->fn->name, dir, strerror(errno));
        return;
    }
    struct folder *f = folder_of(p, buf);
    insert(p, f, MIN(*at, p->n));
    *at = 0;
    while (p->on[(*at)++] != f)
        ;
}

BUILTIN(addpath, 1, ANY, 1, NO_GRAD,
  "addpath(dir, …)\n"
  "addpath(dir, …, '-end')\n"
  "old = addpath(…)\n\n"
  "Adds folders in front of the list in which functions that are files are looked up, or behind it with '-end'. A text "
  "may hold several folders with ':' between them. The current folder, and the folder of a running script, are always "
  "searched first; functions in a folder private below are for the functions beside it alone.\n\n"
  "Example:\n"
  "  addpath('/tmp')\n"
  "  rmpath('/tmp')\n\n"
  "See also: rmpath, path, genpath, cd")
{
    struct paths *p = paths();
    struct buf *old = joined(p);
    int n = c->nargin, at = 0;
    if (n > 1 && arg_is_text(c, n - 1)) {
        const char *s = arg_text(c, n - 1, NULL);
        if (!strcmp(s, "-end"))
            at = p->n, n--;
        else if (!strcmp(s, "-begin"))
            n--;
    } else if (n > 1)
        at = arg_bool(c, --n) ? p->n : 0;
    each_argument(c, 0, n, add_one, &at);
    if (c->nargout > 0)
        result(c, 0, buf_value(old));
}

/* Folders in TL_PATH, as at the start of a session `addpath` would add them; those that are not there do not count. */
static void from_environment(struct paths *p)
{
    const char *s = getenv("TL_PATH");
    char dir[PATH_MAX], full[PATH_MAX];
    while (s && *s) {
        size_t n = strcspn(s, ":");
        if (n && snprintf(dir, sizeof dir, "%.*s", (int)n, s) < (int)sizeof dir && full_name(dir, full))
            insert(p, folder_of(p, full), p->n);
        s += n + (s[n] == ':');
    }
}

static void remove_one(struct call *c, const char *dir, void *arg)
{
    struct paths *p = paths();
    char buf[PATH_MAX];
    (void)arg;
    const char *name = full_name(dir, buf) ? buf : dir;
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->on[i]->dir, name)) {
            remove_at(p, i);
            p->epoch++;
            return;
        }
    warn("Octave:rmpath", "%s: %s is not on the path", c->fn->name, dir);
}

BUILTIN(rmpath, 1, ANY, 1, NO_GRAD,
  "rmpath(dir, …)\n"
  "old = rmpath(…)\n\n"
  "Takes folders off the list in which functions that are files are looked up.\n\n"
  "Example:\n"
  "  addpath('/tmp')\n"
  "  rmpath('/tmp')\n\n"
  "See also: addpath, path")
{
    struct buf *old = joined(paths());
    each_argument(c, 0, c->nargin, remove_one, NULL);
    if (c->nargout > 0)
        result(c, 0, buf_value(old));
}

BUILTIN(path, 0, ANY, 1, NO_GRAD,
  "path\n"
  "p = path()\n"
  "path(dirs, …)\n\n"
  "The list of folders in which functions that are files are looked up after the current one: shown, as a text with ':' "
  "between the folders, or set.\n\n"
  "Example:\n"
  "  old = path();\n"
  "  path(old)\n\n"
  "See also: addpath, rmpath, which")
{
    struct paths *p = paths();
    int at = 0;
    if (c->nargin) {
        p->n = 0;
        p->epoch++;
        each_argument(c, 0, c->nargin, add_one, &at);
    }
    if (c->nargout > 0)
        result(c, 0, buf_value(joined(p)));
    else if (!c->nargin) {
        out_puts("Functions are looked up in these folders:\n\n");
        if (p->script && p->script != p->here)
            outf("  %s\n", p->script->dir);
        out_puts("  .\n");
        for (int i = 0; i < p->n; i++)
            outf("  %s\n", p->on[i]->dir);
        out_puts("\n");
    }
}

/* A folder and all below it, in the order of the alphabet; packages, private and hidden ones left out. */
static void below(struct buf *b, const char *dir, int depth)
{
    struct dirent **v;
    int n = depth < 32 ? scandir(dir, &v, NULL, alphasort) : -1;
    if (n < 0)
        return;
    buff(b, "%s%s", b->n ? ":" : "", dir);
    for (int i = 0; i < n; i++) {
        char sub[PATH_MAX];
        struct stat s;
        const char *name = v[i]->d_name;
        if (name[0] != '.' && name[0] != '+' && name[0] != '@' && strcmp(name, "private") &&
            snprintf(sub, sizeof sub, "%s/%s", dir, name) < (int)sizeof sub && !lstat(sub, &s) && S_ISDIR(s.st_mode))
            below(b, sub, depth + 1);
        free(v[i]);
    }
    free(v);
}

BUILTIN(genpath, 1, 1, 1, NO_GRAD,
  "p = genpath(dir)\n\n"
  "The folder and all folders below it, as a text with ':' between them, for addpath.\n\n"
  "Example:\n"
  "  p = genpath('/nowhere')\n"
  "  p = \n\n"
  "See also: addpath")
{
    struct buf *b = buf_new();
    below(b, arg_text(c, 0, NULL), 0);
    result(c, 0, buf_value(b));
}

BUILTIN(rehash, 0, 0, 0, NO_GRAD,
  "rehash\n\n"
  "Looks for functions that have come, gone or changed in the current folder and on the path. The prompt does so before each "
  "line.\n\n"
  "Example:\n  rehash\n\n"
  "See also: path")
{
    (void)c;
    path_refresh();
}

BUILTIN(cd, 0, 1, 1, NO_GRAD,
  "cd dir\n"
  "cd\n"
  "d = cd()\n\n"
  "Changes the current folder; without a folder to the home folder. With a result it only tells the current folder.\n\n"
  "Example:\n"
  "  cd .\n\n"
  "See also: pwd, ls, addpath")
{
    char buf[PATH_MAX];
    if (!c->nargin && c->nargout > 0) {
        result_text(c, 0, getcwd(buf, sizeof buf) ? buf : "");
        return;
    }
    const char *dir = c->nargin ? arg_text(c, 0, NULL) : "~";
    if (!full_name(dir, buf) || chdir(buf))
        fail("Octave:cd", "cd: %s: %s", dir, strerror(errno));
    path_refresh();
    if (c->nargout > 0)
        result_text(c, 0, buf);
}

BUILTIN(pwd, 0, 0, 1, NO_GRAD,
  "d = pwd()\n\n"
  "The current folder.\n\n"
  "Example:\n"
  "  ischar(pwd())\n"
  "  ans = 1\n\n"
  "See also: cd, ls")
{
    char buf[PATH_MAX];
    if (!getcwd(buf, sizeof buf))
        fail("Octave:pwd", "pwd: %s", strerror(errno));
    result_text(c, 0, buf);
}
