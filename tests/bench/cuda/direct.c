/* SPDX-License-Identifier: BSD-3-Clause */
/* direct.c: what the GPU and its libraries give to direct calls: rows of tests/bench/cuda.  It uses the plugin's tables of
 * functions (cuda/driver.c) and nothing else of it. */
#include "cuda/blas.h"
#include "cuda/fft.h"
#include "cuda/solver.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static cu_stream stream;
static bool tiny;
static void check(int e, const char *what)
{
    const char *s = "";
    if (!e)
        return;
    cuda.GetErrorString(e, &s);
    fprintf(stderr, "%s: error %d %s\n", what, e, s ? s : "");
    exit(1);
}
#define DO(call) check(call, #call)
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
static int up(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }
static void bench(const char *name, double bytes, void (*step)(void))
{
    double t[5], d;
    for (int i = 0; i < 3; i++)
        step();
    DO(cuda.StreamSynchronize(stream));
    d = now();
    step();
    DO(cuda.StreamSynchronize(stream));
    d = now() - d;
    int n = tiny ? 1 : d > 0.1 ? 1 : (int)(0.1 / (d > 1e-6 ? d : 1e-6));
    for (int r = 0; r < 5; r++) {
        t[r] = now();
        for (int i = 0; i < n; i++)
            step();
        DO(cuda.StreamSynchronize(stream));
        t[r] = (now() - t[r]) / n;
    }
    qsort(t, 5, sizeof *t, up);
    printf("K.%s;direct;%.6g;%g;\n", name, t[2], bytes);
    fflush(stdout);
}
static cu_ptr memory(size_t n)
{
    cu_ptr p;
    DO(cuda.MemAlloc(&p, n));
    DO(cuda.MemsetD8Async(p, 0, n, stream));
    return p;
}

static cu_ptr a, b, c, work;
static size_t bytes;
static void copy(void) { DO(cuda.MemcpyDtoDAsync(b, a, bytes, stream)); }

static cu_function empty;
static void launch(void)
{
    uint64_t word[8] = { 0 };
    DO(cuda.LaunchKernel(empty, 1, 1, 1, 32, 1, 1, 0, stream, (void *[]){ word }, NULL));
}
static void make_empty(void)
{
    const char *why, *text = "typedef struct { long n; } args;\nextern \"C\" __global__ void tl(const args A) { }\n";
    const char *fake = "typedef struct { long n; } args;\nKERNEL(32) tl(const args A) { }\n";
    const struct nvrtc *t = cuda_nvrtc(&why);
    nvrtc_program p;
    size_t n;
    cu_module m;
    char arch[32];
    int major, minor;
    if (!t) {
        printf("# direct: %s\n", why);
        return;
    }
    DO(cuda.DeviceGetAttribute(&major, CU_MAJOR, 0));
    DO(cuda.DeviceGetAttribute(&minor, CU_MINOR, 0));
    snprintf(arch, sizeof arch, "-arch=sm_%d%d", major, minor);
    const char *option = arch;
    check(t->CreateProgram(&p, tiny ? fake : text, "empty", 0, NULL, NULL), "nvrtcCreateProgram");
    check(t->CompileProgram(p, 1, &option), "nvrtcCompileProgram");
    check(t->GetCUBINSize(p, &n), "nvrtcGetCUBINSize");
    char *image = malloc(n);
    check(t->GetCUBIN(p, image), "nvrtcGetCUBIN");
    DO(cuda.ModuleLoadData(&m, image));
    DO(cuda.ModuleGetFunction(&empty, m, "tl"));
    bench("launch", 0, launch);
}

/* A product by cuBLASLt, with the algorithm that its heuristic proposes. */
static const struct blaslt *lt;
static lt_handle handle;
static lt_desc desc;
static lt_layout square;
static struct lt_choice choice;
static int type;
static void product(void)
{
    static const float one = 1, zero = 0;
    static const double done = 1, dzero = 0;
    bool s = type == CUDA_F;
    check(lt->Matmul(handle, desc, s ? (void *)&one : (void *)&done, (void *)a, square, (void *)b, square, s ? (void *)&zero : (void *)&dzero, (void *)c, square,
        (void *)c, square, &choice.algo, (void *)work, 32 << 20, stream), "cublasLtMatmul");
}
static void products(const char *name, int n, int t)
{
    const char *why;
    lt_pref pref;
    int got;
    uint64_t room = 32 << 20;
    if (!(lt = cuda_library(LIB_blaslt, &why))) {
        printf("# direct: %s\n", why);
        return;
    }
    type = t;
    if (!handle)
        check(lt->Create(&handle), "cublasLtCreate");
    check(lt->DescCreate(&desc, t == CUDA_F ? 68 : 70, t), "cublasLtMatmulDescCreate");
    check(lt->LayoutCreate(&square, t, (uint64_t)n, (uint64_t)n, n), "cublasLtMatrixLayoutCreate");
    check(lt->PrefCreate(&pref), "cublasLtMatmulPreferenceCreate");
    check(lt->PrefSet(pref, 1, &room, sizeof room), "cublasLtMatmulPreferenceSetAttribute");
    check(lt->Heuristic(handle, desc, square, square, square, square, pref, 1, &choice, &got), "cublasLtMatmulAlgoGetHeuristic");
    bench(name, 0, product);
}

static const struct solver *ls;
static solver_handle lh;
static solver_params lp;
static int rows;
static void *host;
static size_t nd, nh;
static cu_ptr pivot, info, room;
static void lu(void)
{
    DO(cuda.MemcpyDtoDAsync(b, a, (size_t)rows * (size_t)rows * 8, stream));
    check(ls->getrf(lh, lp, rows, rows, CUDA_D, (void *)b, rows, (int64_t *)pivot, CUDA_D, (void *)room, nd, host, nh, (int *)info), "cusolverDnXgetrf");
}
static void lus(void)
{
    const char *why;
    if (!(ls = cuda_library(LIB_solver, &why))) {
        printf("# direct: %s\n", why);
        return;
    }
    check(ls->Create(&lh), "cusolverDnCreate");
    check(ls->SetStream(lh, stream), "cusolverDnSetStream");
    check(ls->CreateParams(&lp), "cusolverDnCreateParams");
    check(ls->getrf_room(lh, lp, rows, rows, CUDA_D, (void *)b, rows, CUDA_D, &nd, &nh), "cusolverDnXgetrf_bufferSize");
    host = malloc(nh + 1);
    room = memory(nd + 1), pivot = memory((size_t)rows * 8), info = memory(8);
    bench("lu2048d", 0, lu);
}

static const struct cufft *ft;
static int plan;
static void transform(void) { check(ft->Exec(plan, (void *)a, (void *)a, -1), "cufftXtExec"); }
static void transforms(long long n)
{
    const char *why;
    size_t need;
    if (!(ft = cuda_library(LIB_fft, &why))) {
        printf("# direct: %s\n", why);
        return;
    }
    check(ft->Create(&plan), "cufftCreate");
    check(ft->SetAutoAllocation(plan, 0), "cufftSetAutoAllocation");
    check(ft->SetStream(plan, stream), "cufftSetStream");
    check(ft->MakePlan(plan, 1, &n, &n, 1, n, CUDA_G, &n, 1, n, CUDA_G, 1, &need, CUDA_G), "cufftXtMakePlanMany");
    check(ft->SetWorkArea(plan, (void *)memory(need + 1)), "cufftSetWorkArea");
    bench("fft1e6", 0, transform);
}

int main(void)
{
    const char *why = cuda_start();
    cu_context context;
    if (why) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    tiny = getenv("TINY") && *getenv("TINY");
    DO(cuda.DevicePrimaryCtxRetain(&context, 0));
    DO(cuda.CtxSetCurrent(context));
    DO(cuda.StreamCreate(&stream, CU_NON_BLOCKING));
    bytes = tiny ? 40000 : 400000000;
    a = memory(bytes), b = memory(bytes), c = memory(bytes), work = memory(32 << 20);
    bench("copy", 2.0 * (double)bytes, copy);
    make_empty();
    products("gemm1024", tiny ? 20 : 1024, CUDA_F);
    products("gemm4096", tiny ? 24 : 4096, CUDA_F);
    products("gemm4096d", tiny ? 24 : 4096, CUDA_D);
    rows = tiny ? 12 : 2048;
    lus();
    transforms(tiny ? 64 : 1 << 20);
    return 0;
}
