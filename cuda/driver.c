/* SPDX-License-Identifier: BSD-3-Clause */
/* driver.c: finds and opens the driver and CUDA's libraries, and fills the tables of their functions.
 *
 * The one idea: nothing of NVIDIA's is linked, so tl and this plugin build and start on any machine, and what is
 * missing is one sentence at the first use.  Libraries are looked for in the folders of TL_CUDA_PATH, where the loader
 * looks, in the lib64 of CUDA_HOME, CUDA_PATH and /usr/local/cuda*, and in the nvidia-… Python packages of VIRTUAL_ENV.
 * A library is taken in the version that belongs to the driver's or an older one, as NVIDIA promises only that such
 * pairs work.  A mutex guards the tables; once filled they do not change. */
#include "driver.h"
#include "blas.h"
#include "solver.h"
#include "dnn.h"
#include "fft.h"

#include <dlfcn.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cuda cuda;
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

/* ---- where */
static void *open_in(const char *folder, int len, const char *soname)
{
    char path[4096];
    if (!len || snprintf(path, sizeof path, "%.*s/%s", len, folder, soname) >= (int)sizeof path)
        return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}
static void *open_like(const char *pattern, const char *soname)     /* the last that fits: the newest */
{
    glob_t g;
    void *h = NULL;
    if (!glob(pattern, 0, NULL, &g))
        for (size_t i = g.gl_pathc; i-- && !h; )
            h = open_in(g.gl_pathv[i], (int)strlen(g.gl_pathv[i]), soname);
    globfree(&g);
    return h;
}
void *cuda_dlopen(const char *soname)
{
    const char *list = getenv("TL_CUDA_PATH");
    char pattern[4096];
    void *h = NULL;
    while (list && *list && !h) {
        size_t n = strcspn(list, ":");
        h = open_in(list, (int)n, soname);
        list += n + (list[n] == ':');
    }
    if (!h)
        h = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    static const char *const homes[] = { "CUDA_HOME", "CUDA_PATH" };
    for (int i = 0; i < 2 && !h; i++) {
        const char *home = getenv(homes[i]);
        if (home && snprintf(pattern, sizeof pattern, "%s/lib64", home) < (int)sizeof pattern)
            h = open_in(pattern, (int)strlen(pattern), soname);
    }
    if (!h)
        h = open_like("/usr/local/cuda*/lib64", soname);
    const char *env = getenv("VIRTUAL_ENV");
    if (!h && env &&
        snprintf(pattern, sizeof pattern, "%s/lib/python3*/site-packages/nvidia/*/lib", env) < (int)sizeof pattern)
        h = open_like(pattern, soname);
    return h;
}

/* ---- the driver */
static const char *const cu_symbol[] = {
#define CU(name, symbol, params) symbol,
#include "driver.def"
};
enum { OLDEST = 12000 };

static const char *start(void)
{
    static char why[600];
    static void *h;
    if (!h && !(h = cuda_dlopen("libcuda.so.1")))
        return "no NVIDIA driver here; everything works on the CPU";
    void *f[sizeof cu_symbol / sizeof *cu_symbol];
    const char *missing = NULL;
    for (size_t i = 0; i < sizeof cu_symbol / sizeof *cu_symbol; i++)
        if (!(f[i] = dlsym(h, cu_symbol[i])) && !missing)
            missing = cu_symbol[i];
    struct cuda t = { 0 };
    size_t i = 0;
#define CU(name, symbol, params) memcpy(&t.name, &f[i++], sizeof(void *));
#include "driver.def"
    if (!t.DriverGetVersion || !t.Init) {
        snprintf(why, sizeof why, "the driver's library libcuda.so.1 is no driver: it has no %s",
                 t.Init ? "cuDriverGetVersion" : "cuInit");
        return why;
    }
    int e = t.DriverGetVersion(&t.version);
    if (!e && t.version < OLDEST) {
        snprintf(why, sizeof why,
                 "the NVIDIA driver is too old: it knows CUDA %d.%d, and 12.0 is wanted (driver 525 or newer)",
                 t.version / 1000, t.version % 1000 / 10);
        return why;
    }
    if (missing) {
        snprintf(why, sizeof why, "the NVIDIA driver lacks %s; driver 525 or newer is wanted", missing);
        return why;
    }
    if (!e)
        e = t.Init(0);
    if (e) {
        const char *text = NULL, *name = NULL;
        t.GetErrorString(e, &text);
        t.GetErrorName(e, &name);
        if (e == CU_NO_DEVICE)
            snprintf(why, sizeof why,
                     "there is an NVIDIA driver, but no GPU that it shows to this program (CUDA_VISIBLE_DEVICES hides "
                     "what is not in it)");
        else
            snprintf(why, sizeof why, "the NVIDIA driver does not start: %s (%s)",
                     text ? text : "an error without a text", name ? name : "?");
        return why;
    }
    cuda = t;
    return NULL;
}
const char *cuda_start(void)
{
    pthread_mutex_lock(&opening);
    const char *why = cuda.version ? NULL : start();
    pthread_mutex_unlock(&opening);
    return why;
}

/* ---- the libraries */
static const struct { const char *title, *file; int v12, v13; const char *package; } library[] = {
#define LIBRARY(name, title, file, v12, v13, package) { title, file, v12, v13, package },
#include "libraries.def"
};
#define FN(name, symbol, returns, params) symbol,
static const char *const nvrtc_symbols[] = {
#include "nvrtc.def"
    NULL };
#define FN(name, symbol, returns, params) symbol,
static const char *const blas_symbols[] = {
#include "blas.def"
    NULL };
#define FN(name, symbol, returns, params) symbol,
static const char *const blaslt_symbols[] = {
#include "blaslt.def"
    NULL };
#define FN(name, symbol, returns, params) symbol,
static const char *const solver_symbols[] = {
#include "solver.def"
    NULL };
#define FN(name, symbol, returns, params) symbol,
static const char *const fft_symbols[] = {
#include "fft.def"
    NULL };
#define FN(name, symbol, returns, params) symbol,
static const char *const dnn_symbols[] = {
#include "dnn.def"
    NULL };
static union {
    void *f[64];
    struct nvrtc nvrtc;
    struct blas blas;
    struct blaslt blaslt;
    struct solver solver;
    struct cufft fft;
    struct dnn dnn;
} table[LIBRARIES];
static const char *const *const symbols[] = { nvrtc_symbols,  blas_symbols, blaslt_symbols,
                                              solver_symbols, fft_symbols,  dnn_symbols };
_Static_assert(sizeof table[0] == sizeof table[0].f, "a table of at most 64 functions");
_Static_assert(sizeof symbols / sizeof *symbols == LIBRARIES, "each library has its list of symbols");
static enum { CLOSED, OPEN, MISSING } state[LIBRARIES];
static char said[LIBRARIES][400];

static void open_library(enum library w)
{
    char soname[64];
    void *h = NULL;
    int first = cuda.version >= 13000 ? library[w].v13 : library[w].v12;
    for (int v = first; v >= library[w].v12 && !h; v--) {
        snprintf(soname, sizeof soname, "%s.%d", library[w].file, v);
        h = cuda_dlopen(soname);
    }
    if (!h && !cuda.version) {                /* without a driver, to make a pack: any */
        snprintf(soname, sizeof soname, "%s.%d", library[w].file, library[w].v13);
        h = cuda_dlopen(soname);
    }
    state[w] = MISSING;
    if (!h) {
        snprintf(said[w], sizeof said[w],
                 "%s (%s.%d) was not found; it is part of the CUDA toolkit and of `pip install %s-cu%d`, "
                 "and TL_CUDA_PATH may name its folder",
                 library[w].title, library[w].file, first, library[w].package, cuda.version >= 13000 ? 13 : 12);
        return;
    }
    for (int i = 0; symbols[w][i]; i++)
        if (!(table[w].f[i] = dlsym(h, symbols[w][i]))) {
            snprintf(said[w], sizeof said[w], "%s (%s) is too old: it has no %s; CUDA 12.0 or newer is wanted",
                     library[w].title, soname, symbols[w][i]);
            return;
        }
    state[w] = OPEN;
}
const void *cuda_library(enum library w, const char **why)
{
    pthread_mutex_lock(&opening);
    if (state[w] == CLOSED)
        open_library(w);
    *why = state[w] == OPEN ? NULL : said[w];
    pthread_mutex_unlock(&opening);
    return state[w] == OPEN ? &table[w] : NULL;
}
const struct nvrtc *cuda_nvrtc(const char **why) { return cuda_library(LIB_nvrtc, why); }
