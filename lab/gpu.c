/* SPDX-License-Identifier: BSD-3-Clause */
/* gpu.c: the functions of the language about devices: gpu, cpu, isgpu, cuda.*.
 *
 * Moving is by value: cells and structs of tensors move whole, each tensor once for each time it stands there; objects
 * (networks, criterions) are converted in place by their own `cuda` and `cpu`, which nn/ has. */
#include "config.h"
#include "context.h"
#include "gpu.h"
#include "index.h"
#include "rand.h"
#include "tape.h"
#include <math.h>

/* ---- moving */
static struct tensor *moved(struct tensor *t, int device)
{
    if (t->device == device)
        return t;
    if (t->device)
        t = gpu_read(t, "cpu");
    return device ? gpu_put(device, t) : tensor_narrow(t);
}

value gpu_moved(value v, int device)
{
    switch (v.kind) {
    case K_CELL: {
        descend("gpu");
        struct cell *c = cell_new(v.cell->nd, v.cell->dim);
        for (i64 i = 0; i < c->numel; i++)
            cell_set(c, i, gpu_moved(v.cell->v[i], device));
        return cell_value(c);
    }
    case K_STRUCT: {
        descend("gpu");
        struct record *r = record_new(v.rec->nd, v.rec->dim, v.rec->f->n, v.rec->f->name);
        for (i64 i = 0; i < r->numel; i++)
            for (int f = 0; f < r->f->n; f++)
                record_put(r, i, f, gpu_moved(v.rec->v[i * r->f->n + f], device));
        return record_value(r);
    }
    case K_OBJECT:
        if (v.inst->class->move)
            return v.inst->class->move(v, device);
        return v;
    case K_NUM:
    case K_RANGE:
    case K_TENSOR:
    case K_WINDOW: {
        if (value_dtype(v) == D_CHAR)
            return v;
        struct tensor *t = tensor_any(v);
        if (t->device == device && v.kind != K_WINDOW)
            return v;
        t = moved(t, device);
        return device ? tensor_box(t) : tensor_value(t);
    }
    default:
        return v;
    }
}

static void move_to(struct call *c, int device)
{
    value v = c->arg[0];
    if (device && (v.kind == K_FUNC || v.kind == K_SPARSE || (is_tensor_like(v) && value_dtype(v) == D_CHAR)))
        fail_arg(c, 0, "numbers, or a cell, struct, map or network that holds some");
    result(c, 0, gpu_moved(v, device));
}

static int device_given(struct call *c, int i)
{
    return has_arg(c, i) ? (int)arg_int(c, i, 1, MAX(1, gpu_count(NULL))) : gpu_current();
}

/* The derivative goes back where the argument was. */
extern const struct builtin builtin_gpu, builtin_cpu;
static void move_grad(struct call *c)
{
    value g = grad_of(c, 0);
    int device = value_device(c->arg[0]);
    result(c, 0, device ? g_call(&builtin_gpu, 2, g, num(device)) : g_call(&builtin_cpu, 1, g));
}

#define GPU_HELP(name)                                                                                                    \
    "G = " name "(x)\n"                                                                                                   \
    "G = " name "(x, device)\n\n"                                                                                         \
    "x on a GPU, of the same class: tensors, and cells, structs, maps and networks with all that they hold (of a map a new one is made). What is "     \
    "computed from it stays there, and calls return at once; display, cpu(G), conditions and indices wait for the "       \
    "result. A network or criterion is itself converted. Without a GPU it is an error that says why.\n\n"                \
    "Example:\n  if cuda.getDeviceCount() > 0\n    " name "([1 2 3])\n  end\n\n"                                          \
    "See also: cpu, isgpu, cuda.getDeviceCount"
BUILTIN(gpu, 1, 2, 1, move_grad, GPU_HELP("gpu"))
{
    move_to(c, device_given(c, 1));
}
BUILTIN(gpuArray, 1, 2, 1, move_grad, GPU_HELP("gpuArray"))
{
    move_to(c, device_given(c, 1));
}
BUILTIN(cuda, 1, 2, 1, move_grad, GPU_HELP("cuda"))
{
    move_to(c, device_given(c, 1));
}

BUILTIN(cpu, 1, 1, 1, move_grad,
    "x = cpu(G)\n\n"
    "G in the CPU's memory: tensors, and cells, structs, maps and networks with all that they hold. It waits for what "
    "is still computed. A complex result without imaginary parts becomes real here. What is on the CPU already stays "
    "as it is.\n\n"
    "Example:\n  cpu([1 2 3])\n  ans =\n     1   2   3\n\n"
    "See also: gpu, isgpu")
{
    move_to(c, 0);
}

BUILTIN(isgpu, 1, 1, 1, grad_zero,
    "t = isgpu(x)\n\n"
    "True when x is a tensor on a GPU.\n\n"
    "Example:\n  isgpu([1 2 3])\n  ans = 0\n\n"
    "See also: gpu, cpu, getDevice")
{
    result_bool(c, 0, value_device(c->arg[0]) != 0);
}

BUILTIN(getDevice, 1, 1, 1, grad_zero,
    "n = getDevice(x)\n\n"
    "The number of the GPU that x is on, 0 for the CPU.\n\n"
    "Example:\n  getDevice([1 2 3])\n  ans = 0\n\n"
    "See also: isgpu, gpu, cuda.getDevice")
{
    result_num(c, 0, value_device(c->arg[0]));
}

/* ---- arrays that are born there: a last 'gpu' (or MATLAB's 'gpuArray'), or 'like' with a tensor there */
int gpu_born(struct call *c, int *nargin)
{
    int n = *nargin;
    if (n >= 2 && value_device(c->arg[n - 1]) && arg_is_text(c, n - 2))
        return value_device(c->arg[n - 1]);
    i64 letters = n >= 1 && arg_is_text(c, n - 1) ? value_numel(c->arg[n - 1]) : 0;
    if ((letters == 3 && !strcmp(arg_text(c, n - 1, NULL), "gpu")) ||
        (letters == 8 && !strcmp(arg_text(c, n - 1, NULL), "gpuArray"))) {
        *nargin = n - 1;
        return gpu_current();
    }
    return 0;
}

bool gpu_born_call(struct call *c, struct call *in, int *device)
{
    int n = c->nargin;
    *device = n ? gpu_born(c, &n) : 0;
    if (!*device && !(context_head()->boards && gpu_among(n, c->arg)))
        return false;
    value *arg = scratch(sizeof *arg * (size_t)(n + 1));
    for (int i = 0; i < n; i++)               /* 'like', G: its class is all that is asked there */
        arg[i] = i == n - 1 && *device && value_device(c->arg[i]) ? tensor_box(tensor_2d(value_dtype(c->arg[i]), 0, 0))
                                                                  : gpu_read_value(c->arg[i], "a size");
    *in = *c;
    in->nargin = n;
    in->arg = arg;
    return true;
}

bool gpu_created(struct call *c)
{
    struct call in;
    int device;
    value y;
    if (!gpu_born_call(c, &in, &device))
        return false;
    call_builtin(c->fn, in.nargin, in.arg, 1, &y);
    result(c, 0, device ? gpu_moved(y, device) : y);
    return true;
}

void gpu_draw(struct tensor *t, enum dev_call what, double a, double b)
{
    uint64_t key, at;
    struct dev_arg out = gpu_vector(t);
    rand_there(t->numel, &key, &at);
    if (t->numel)
        gpu_do(t->device, what, &out, NULL, (double[]){ (double)key, (double)at, a, b });
}

/* ---- cuda.* */
BUILTIN(cuda_getDeviceCount, 0, 0, 1, grad_zero,
    "n = cuda.getDeviceCount()\n\n"
    "How many GPUs there are; 0 without a driver.\n\n"
    "Example:\n  cuda.getDeviceCount() >= 0\n  ans = 1\n\n"
    "See also: cuda.setDevice, gpu")
{
    result_num(c, 0, gpu_count(NULL));
}

BUILTIN(cuda_getDevice, 0, 0, 1, grad_zero,
    "n = cuda.getDevice()\n\n"
    "The GPU that gpu(x) uses, from 1.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.getDevice();\n  end\n\n"
    "See also: cuda.setDevice, getDevice")
{
    result_num(c, 0, gpu_current());
}

BUILTIN(cuda_setDevice, 1, 1, 0, grad_zero,
    "cuda.setDevice(n)\n\n"
    "gpu(x) and arrays made with 'gpu' go to GPU n from now on; what is elsewhere stays there.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.setDevice(1)\n  end\n\n"
    "See also: cuda.getDevice, cuda.withDevice")
{
    gpu_count(NULL);
    gpu_set((int)arg_int(c, 0, -(1 << 20), 1 << 20)); /* which there are, gpu_at says */
}

struct with { struct call *c; };
static void with_body(void *p)
{
    struct with *w = p;
    value *out = scratch(sizeof *out * (size_t)MAX(1, w->c->nargout));
    call_function(arg_func(w->c, 1), 0, NULL, w->c->nargout, out);
    for (int k = 0; k < w->c->nargout; k++)
        result(w->c, k, out[k]);
}
BUILTIN(cuda_withDevice, 2, 2, ANY, grad_pass,
    "cuda.withDevice(n, f)\n"
    "y = cuda.withDevice(n, f)\n\n"
    "Calls f() with GPU n as the one that gpu(x) uses; then it is again the one before.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.withDevice(1, @() gpu(1))\n  end\n\n"
    "See also: cuda.setDevice")
{
    int before = gpu_current();
    gpu_set((int)arg_int(c, 0, -(1 << 20), 1 << 20)); /* which there are, gpu_at says */
    int failed = protect(with_body, &(struct with){ c });
    gpu_set(before);
    if (failed)
        fail_again();
}

BUILTIN(cuda_synchronize, 0, 0, 0, grad_zero,
    "cuda.synchronize()\n\n"
    "Waits until all GPUs have done what they were given; errors that were found there are told now.\n\n"
    "Example:\n  cuda.synchronize()\n\n"
    "See also: cuda.trace, cpu")
{
    (void)c;
    gpu_wait_all("cuda.synchronize");
}

BUILTIN(cuda_trace, 0, 1, 1, grad_zero,
    "cuda.trace(true)\n"
    "t = cuda.trace()\n\n"
    "While it is true each wait for a GPU prints what it was for and the line of the program.\n\n"
    "Example:\n  cuda.trace(false)\n\n"
    "See also: cuda.synchronize")
{
    if (has_arg(c, 0))
        gpu_traced = arg_bool(c, 0);
    if (c->nargout || !c->nargin)
        result_bool(c, 0, gpu_traced);
}

static void put_text(struct record *r, const char *name, const char *s)
{
    record_set(r, 0, symbol_of(name), tensor_box(tensor_text(s, strlen(s))));
}
static void put_num(struct record *r, const char *name, double x) { record_set(r, 0, symbol_of(name), num(x)); }

BUILTIN(cuda_getDeviceProperties, 0, 1, 1, grad_zero,
    "s = cuda.getDeviceProperties(n)\n\n"
    "A struct of what GPU n (by default the current one) is: name, major, minor, multiProcessorCount, totalGlobalMem, "
    "clockRate …\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.getDeviceProperties(1);\n  end\n\n"
    "See also: cuda.getDeviceCount, cuda.getMemoryUsage")
{
    struct device *d = gpu_at(device_given(c, 0));
    struct dev_facts f = { .major = 0 };
    int e = d->facts ? d->facts(d, &f) : DEV_NOT_HERE;
    if (e)
        gpu_fail(d, "cuda.getDeviceProperties", e);
    struct record *r = record_scalar();
    put_text(r, "name", f.name);
    put_num(r, "major", f.major);
    put_num(r, "minor", f.minor);
    put_num(r, "multiProcessorCount", f.units);
    put_num(r, "totalGlobalMem", (double)f.memory);
    put_num(r, "clockRate", f.clock);
    put_num(r, "memoryClockRate", f.memory_clock);
    put_num(r, "memoryBusWidth", f.bus);
    put_num(r, "warpSize", f.warp);
    put_num(r, "sharedMemPerBlock", f.shared);
    put_num(r, "driverVersion", f.version);
    result(c, 0, record_value(r));
}

BUILTIN(cuda_getMemoryUsage, 0, 1, 2, grad_zero,
    "[free, total] = cuda.getMemoryUsage(n)\n\n"
    "Bytes of memory that are free on GPU n (by default the current one), and those it has.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    [free, total] = cuda.getMemoryUsage();\n  end\n\n"
    "See also: cuda.cache, cuda.getDeviceProperties")
{
    struct device *d = gpu_at(device_given(c, 0));
    struct dev_memory m = { 0 };
    int e = d->memory(d, &m);
    if (e)
        gpu_fail(d, "cuda.getMemoryUsage", e);
    result_num(c, 0, (double)m.free);
    result_num(c, 1, (double)m.total);
}

BUILTIN(cuda_memory, 0, 1, 1, grad_zero,
    "s = cuda.memory(n)\n\n"
    "A struct of what memory of GPU n is used: total, free, used (by values), kept (for values to come), peak, and "
    "taken, how many pieces the driver was asked for so far. In a steady loop `taken` does not grow.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.memory();\n  end\n\n"
    "See also: cuda.getMemoryUsage, cuda.cache")
{
    struct device *d = gpu_at(device_given(c, 0));
    struct dev_memory m = { 0 };
    int e = d->memory(d, &m);
    if (e)
        gpu_fail(d, "cuda.memory", e);
    struct record *r = record_scalar();
    put_num(r, "total", (double)m.total);
    put_num(r, "free", (double)m.free);
    put_num(r, "used", (double)m.used);
    put_num(r, "kept", (double)m.kept);
    put_num(r, "peak", (double)m.peak);
    put_num(r, "taken", (double)m.taken);
    result(c, 0, record_value(r));
}

/* ---- switches of a device, by the name that `option` of its table knows */
static void switched(struct call *c, const char *name)
{
    struct device *d = gpu_at(gpu_current());
    double x = has_arg(c, 0) ? arg_num(c, 0) : 0;
    int e = d->option ? d->option(d, name, &x, has_arg(c, 0)) : DEV_NOT_HERE;
    if (e == DEV_NOT_HERE)
        fail("tl:device", "%s: gpu %d has no such switch", c->fn->name, d->index);
    if (e)
        gpu_fail(d, c->fn->name, e);
    if (c->nargout || !c->nargin)
        result_num(c, 0, x);
}
BUILTIN(cuda_tf32, 0, 1, 1, grad_zero,
    "cuda.tf32(true)\n"
    "t = cuda.tf32()\n\n"
    "Whether products of singles may round their factors to 11 bits (TF32), which is several times faster; by default "
    "they do not.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.tf32();\n  end\n\n"
    "See also: cuda.graph, gpu")
{
    switched(c, "tf32");
}
BUILTIN(cuda_graph, 0, 1, 1, grad_zero,
    "cuda.graph(true)\n"
    "t = cuda.graph()\n\n"
    "Whether steps of a loop that repeat are run as CUDA graphs; by default they are.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.graph();\n  end\n\n"
    "See also: cuda.tf32, cuda.trace")
{
    switched(c, "graph");
}
BUILTIN(cuda_cache, 0, 1, 1, grad_zero,
    "cuda.cache(n)\n"
    "n = cuda.cache()\n\n"
    "Bytes of compiled kernels that are kept on the disk; cuda.cache(0) keeps none.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.cache();\n  end\n\n"
    "See also: cuda.memory")
{
    switched(c, "cache");
}
BUILTIN(cuda_pin, 0, 1, 1, grad_zero,
    "cuda.pin(true)\n"
    "t = cuda.pin()\n\n"
    "Whether memory through which copies go is pinned; by default it is.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.pin();\n  end\n\n"
    "See also: cuda.memory")
{
    switched(c, "pin");
}
BUILTIN(cuda_option, 1, 2, 1, grad_zero,
    "cuda.option(name, x)\n"
    "x = cuda.option(name)\n\n"
    "A switch of the current GPU by its name, for those who measure and test: graph, tf32, cache, poison; cudnn "
    "(false): convolutions by NVIDIA's cuDNN, where it is installed, in place of tl's own kernels. Counters: launches, "
    "graphs, graph_runs, loaded and compiled (kernels, those that NVRTC had to make), uploads, waits, cudnn_runs.\n\n"
    "Example:\n  if cuda.getDeviceCount() > 0\n    cuda.option('graph');\n  end\n\n"
    "See also: cuda.tf32, cuda.graph, cuda.cache")
{
    const char *name = arg_text(c, 0, NULL);
    struct device *d = gpu_at(gpu_current());
    double x = has_arg(c, 1) ? arg_num(c, 1) : 0;
    int e = d->option ? d->option(d, name, &x, has_arg(c, 1)) : DEV_NOT_HERE;
    const char *why = e == DEV_REFUSED && d->why ? d->why(d, e) : NULL;
    if (why)
        fail("tl:device", "cuda.option: gpu %d: %s", d->index, why);
    if (e)
        fail("tl:device", "cuda.option: gpu %d has no switch '%s'", d->index, name);
    if (!has_arg(c, 1))
        result_num(c, 0, x);
}

BUILTIN(cuda_reset, 0, 0, 0, grad_zero,
    "cuda.reset()\n\n"
    "Gives back all memory that is kept for values to come.\n\n"
    "Example:\n  cuda.reset()\n\n"
    "See also: cuda.memory, cuda.synchronize")
{
    (void)c;
    for (int i = 1; i <= gpu_count(NULL); i++) {
        struct device *d = gpu_at(i);
        gpu_wait(d, "cuda.reset");
        d->trim(d);
    }
}
