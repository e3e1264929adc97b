/* SPDX-License-Identifier: BSD-3-Clause */
/* gpu_torch.c: names of Torch's packages for GPUs (cutorch, cunn, cudnn) that mean something else here, or nothing.
 *
 * A row for each: its page, and the function of the language that it is, or a ! and the sentence that refuses it; ACCEPTED does
 * nothing, for work is in order by itself.  What differs by its package's name alone has no row: cutorch.setDevice is cuda.setDevice,
 * cudnn.Tanh is nn.Tanh (interp/registry.c). */
#include "config.h"
#include "gpu.h"
#include "tape.h"

static void written(struct call *c, const char *text)
{
    if (*text == '!')
        fail("tl:device", "%s: %s", c->fn->name, text + 1);
    int n = c->nargout;
    value *out = scratch(sizeof *out * (size_t)MAX(1, n));
    value f = hooks()->function_made(text, strlen(text), true, -1, NULL);
    if (is_nil(f))
        fail("tl:internal", "%s: its text cannot be read", c->fn->name);
    call_function(f, c->nargin, c->arg, c->fn->out ? MAX(1, n) : 0, out);
    for (int k = 0; c->fn->out && k < MAX(1, n); k++)
        result(c, k, out[k]);
}
static void accepted(struct call *c)
{
    if (c->nargout)
        result_num(c, 0, 1);
}
#define TORCH(...) TORCH_(__VA_ARGS__)        /* parts of a row may be macros */
#define TORCH_(name, min, max, out, says, means, example, see, text)                                                      \
    BUILTIN(name, min, max, out, grad_pass, says "\n\n" means "\n\nExample:\n  " example "\n\nSee also: " see)              \
    {                                                                                                                     \
        written(c, text);                                                                                                 \
    }
#define ACCEPTED(name)                                                                                                    \
    BUILTIN(cuda_##name, 0, ANY, 1, grad_zero,                                                                            \
        "cuda." #name "(…)\n\n"                                                                                           \
        "Accepted for programs written for Torch, where work is put in order by hand; here it is in order by itself.\n\n" \
        "Example:\n  cuda." #name "(1);\n\n"                                                                              \
        "See also: cuda.synchronize")                                                                                     \
    {                                                                                                                     \
        accepted(c);                                                                                                      \
    }
#define WITH_GPU(example) "if cuda.getDeviceCount() > 0\n    " example "\n  end"

/* ---- streams, events, handles, access from GPU to GPU */
ACCEPTED(reserveStreams)
ACCEPTED(getNumStreams)
ACCEPTED(setStream)
ACCEPTED(getStream)
ACCEPTED(streamWaitFor)
ACCEPTED(streamBarrier)
ACCEPTED(streamSynchronize)
ACCEPTED(streamWaitForMultiDevice)
ACCEPTED(streamBarrierMultiDevice)
ACCEPTED(setDefaultStream)
ACCEPTED(reserveBlasHandles)
ACCEPTED(getNumBlasHandles)
ACCEPTED(setBlasHandle)
ACCEPTED(getBlasHandle)
ACCEPTED(setKernelPeerToPeerAccess)
ACCEPTED(setPeerToPeerAccess)
TORCH(cuda_Event, 0, 0, 1, "e = cuda.Event()",
    "Torch's mark in a stream, with e.waitOn(); here work is in order by itself, so it waits for nothing.",
    "e = cuda.Event(); e.waitOn()", "cuda.synchronize", "@() struct('waitOn', @() cuda.setStream(1))")
TORCH(cuda_setHeapTracking, 0, ANY, 0, "cuda.setHeapTracking(on)",
    "Accepted, on or off: Torch's garbage collector has to be told of a GPU's memory; here values leave it at once.",
    "cuda.setHeapTracking(true)", "cuda.memory", "@(varargin) cuda.setStream(1)")
TORCH(cuda_getPeerToPeerAccess, 0, 2, 1, "t = cuda.getPeerToPeerAccess(from, to)",
    "False, from any GPU to another: values go through the CPU's memory.",
    "cuda.getPeerToPeerAccess(1, 2)\n  ans = 0", "cuda.setDevice, gpu", "@(varargin) false")
TORCH(cuda_getKernelPeerToPeerAccess, 0, ANY, 1, "t = cuda.getKernelPeerToPeerAccess()",
    "False, as cuda.getPeerToPeerAccess.", "cuda.getKernelPeerToPeerAccess()\n  ans = 0", "cuda.getPeerToPeerAccess",
    "@(varargin) false")
TORCH(cuda_getState, 0, 0, 1, "cuda.getState()",
    "An error: there is no state to hand to code in C; a package in C is given tensors.",
    "try, cuda.getState(), catch e, disp(e.message), end\n"
    "  cuda.getState: there is no THCState here; a package in C is given tensors",
    "cuda.getDeviceProperties",
    "!there is no THCState here; a package in C is given tensors")

/* ---- devices, versions, memory, random numbers */
TORCH(cuda_synchronizeAll, 0, 0, 0, "cuda.synchronizeAll()", "Torch's name for cuda.synchronize, which waits for all GPUs.",
    "cuda.synchronizeAll()", "cuda.synchronize", "@() cuda.synchronize()")
TORCH(cuda_deviceReset, 0, 0, 0, "cuda.deviceReset()",
    "Torch's name for cuda.reset: gives back all memory that is kept for values to come. Values on a GPU stay what they are.",
    "cuda.deviceReset()", "cuda.reset", "@() cuda.reset()")
TORCH(cuda_getDriverVersion, 0, 0, 1, "v = cuda.getDriverVersion()",
    "The CUDA version that the NVIDIA driver knows, 1000 major + 10 minor; 0 without a GPU.",
    "cuda.getDriverVersion() >= 0\n  ans = 1", "cuda.getRuntimeVersion, cuda.getDeviceProperties",
    "@() sum(arrayfun(@(n) cuda.getDeviceProperties(n).driverVersion, 1:min(1, cuda.getDeviceCount())))")
TORCH(cuda_getRuntimeVersion, 0, 0, 1, "v = cuda.getRuntimeVersion()",
    "As cuda.getDriverVersion: tl works with the driver itself and has no CUDA runtime of its own.",
    "cuda.getRuntimeVersion() == cuda.getDriverVersion()\n  ans = 1", "cuda.getDriverVersion", "@() cuda.getDriverVersion()")
TORCH(cuda_isCachingAllocatorEnabled, 0, 0, 1, "t = cuda.isCachingAllocatorEnabled()",
    "True: memory that values leave is always kept for others; cuda.reset gives it back.",
    "cuda.isCachingAllocatorEnabled()\n  ans = 1", "cuda.memory, cuda.reset", "@() true")
#define HALF "tl has no class of 16-bit floating-point numbers. Products of singles become faster by cuda.tf32(true)."
TORCH(cuda_hasHalf, 0, 0, 1, "t = cuda.hasHalf()", "False: " HALF, "cuda.hasHalf()\n  ans = 0", "cuda.tf32", "@() false")
TORCH(cuda_hasHalfInstructions, 0, 0, 1, "t = cuda.hasHalfInstructions()", "False: " HALF,
    "cuda.hasHalfInstructions()\n  ans = 0", "cuda.tf32", "@() false")
TORCH(cuda_hasFastHalfInstructions, 0, 0, 1, "t = cuda.hasFastHalfInstructions()", "False: " HALF,
    "cuda.hasFastHalfInstructions()\n  ans = 0", "cuda.tf32", "@() false")
TORCH(cuda_seedAll, 0, 0, 1, "n = cuda.seedAll()", "As cuda.seed: all GPUs draw from one stream.",
    "n = cuda.seedAll();\n  n == cuda.initialSeed()\n  ans = 1", "cuda.seed", "@() cuda.seed()")
TORCH(cuda_manualSeedAll, 1, 1, 0, "cuda.manualSeedAll(n)", "As cuda.manualSeed(n): all GPUs draw from one stream.",
    "cuda.manualSeedAll(3)\n  cuda.initialSeed()\n  ans = 3", "cuda.manualSeed", "@(n) cuda.manualSeed(n)")

/* ---- classes */
#define CLASS_OF_GPU(short, class)                                                                                        \
    "y = cuda" short "(x)", "Torch's name for gpu(" class "(x)): x on the GPU, as " class ".",                            \
    WITH_GPU("cuda" short "([1 2 3]);"), "gpu, cpu, " class, "@(x) gpu(" class "(x))"
#define NO_HALF(name)                                                                                                     \
    "An error: tl has no class of 16-bit floating-point numbers. gpu(single(x)) is the nearest, with cuda.tf32(true) for "  \
    "fast products.",                                                                                                     \
    "try, " name "(1), catch e, disp(e.message), end\n"                                                                   \
    "  " name ": there is no class of 16-bit numbers; use gpu(single(x)), and cuda.tf32(true) for fast products",         \
    "gpu, single, cuda.tf32",                                                                                             \
    "!there is no class of 16-bit numbers; use gpu(single(x)), and cuda.tf32(true) for fast products"
TORCH(cudaDouble, 1, 1, 1, CLASS_OF_GPU("Double", "double"))
TORCH(cudaByte, 1, 1, 1, CLASS_OF_GPU("Byte", "uint8"))
TORCH(cudaChar, 1, 1, 1, CLASS_OF_GPU("Char", "int8"))
TORCH(cudaShort, 1, 1, 1, CLASS_OF_GPU("Short", "int16"))
TORCH(cudaInt, 1, 1, 1, CLASS_OF_GPU("Int", "int32"))
TORCH(cudaLong, 1, 1, 1, CLASS_OF_GPU("Long", "int64"))
TORCH(cudaHalf, 1, 1, 1, "y = cudaHalf(x)", NO_HALF("cudaHalf"))

/* CudaTensor(2, 3): zeros of these sizes; of one tensor or cell of numbers: those. */
static void made(struct call *c, const char *sized, const char *row, const char *of, const char *of_cell, const char *of_rows)
{
    value v = c->nargin ? c->arg[0] : nil();
    bool one = c->nargin == 1;
    if (one && v.kind == K_CELL)
        written(c, v.cell->numel && v.cell->v[0].kind == K_CELL ? of_rows : of_cell);
    else if (one && is_tensor_like(v) && value_numel(v) != 1)
        written(c, of);
    else
        written(c, one ? row : sized);
}
#define CUDA_TENSOR(name, class)                                                                                          \
    BUILTIN(name, 0, ANY, 1, grad_pass,                                                                                   \
        "G = " #name "(m, n, ...)\nG = " #name "(x)\n\n"                                                                  \
        "Torch's name for zeros(m, n, …, '" class "', 'gpu'), of one size n a row of n numbers; and, of a tensor x or a "   \
        "cell {1, 2, …} of numbers or {{…}, {…}} of rows, for gpu(" class "(x)).\n\n"                                     \
        "Example:\n  " WITH_GPU(#name "(2, 3);") "\n\nSee also: gpu, zeros, " class)                                      \
    {                                                                                                                     \
        made(c, "@(m=0, varargin) zeros(m, varargin{:}, '" class "', 'gpu')", "@(n) zeros(1, n, '" class "', 'gpu')",             \
             "@(x) gpu(" class "(x))", "@(x) gpu(" class "(cell2mat(x)))",                                                \
             "@(x) gpu(" class "(cell2mat(vertcat(x{:}))))");                                                             \
    }
CUDA_TENSOR(CudaTensor, "single")
CUDA_TENSOR(CudaDoubleTensor, "double")
CUDA_TENSOR(CudaByteTensor, "uint8")
CUDA_TENSOR(CudaCharTensor, "int8")
CUDA_TENSOR(CudaShortTensor, "int16")
CUDA_TENSOR(CudaIntTensor, "int32")
CUDA_TENSOR(CudaLongTensor, "int64")
TORCH(CudaHalfTensor, 0, ANY, 1, "G = CudaHalfTensor(m, n, ...)", NO_HALF("CudaHalfTensor"))

/* ---- memory that both see: there is none, and none is wanted, for copies go through pinned memory by themselves */
#define HOST(type, class)                                                                                                 \
    "x = cuda.createCudaHost" type "Tensor(m, n, ...)",                                                                   \
    "Torch's name for zeros(m, n, …, '" class "'), on the CPU. Copies go through pinned memory by themselves (cuda.pin), " \
    "so nothing has to be asked for.",                                                                                    \
    "class(cuda.createCudaHost" type "Tensor(1, 2))\n  ans = " class, "cuda.pin, gpu, zeros",                             \
    "@(varargin) zeros(varargin{:}, '" class "')"
TORCH(cuda_createCudaHostTensor, 0, ANY, 1, HOST("", "single"))
TORCH(cuda_createCudaHostFloatTensor, 0, ANY, 1, HOST("Float", "single"))
TORCH(cuda_createCudaHostDoubleTensor, 0, ANY, 1, HOST("Double", "double"))
TORCH(cuda_createCudaHostByteTensor, 0, ANY, 1, HOST("Byte", "uint8"))
TORCH(cuda_createCudaHostCharTensor, 0, ANY, 1, HOST("Char", "int8"))
TORCH(cuda_createCudaHostShortTensor, 0, ANY, 1, HOST("Short", "int16"))
TORCH(cuda_createCudaHostIntTensor, 0, ANY, 1, HOST("Int", "int32"))
TORCH(cuda_createCudaHostLongTensor, 0, ANY, 1, HOST("Long", "int64"))
TORCH(cuda_createCudaHostHalfTensor, 0, ANY, 1, "cuda.createCudaHostHalfTensor(m, n, ...)", NO_HALF("cuda.createCudaHostHalfTensor"))
TORCH(cuda_createFloatUVATensor, 0, ANY, 1, "x = cuda.createFloatUVATensor(m, n, ...)",
    "Torch's name for zeros(m, n, …, 'single'), on the CPU. Tensors here are on one side, and gpu(x) and cpu(x) bring them over.",
    "class(cuda.createFloatUVATensor(1, 2))\n  ans = single", "gpu, cpu, cuda.createCudaUVATensor",
    "@(varargin) zeros(varargin{:}, 'single')")
TORCH(cuda_createCudaUVATensor, 0, ANY, 1, "G = cuda.createCudaUVATensor(m, n, ...)",
    "Torch's name for zeros(m, n, …, 'single', 'gpu'). Tensors here are on one side, and gpu(x) and cpu(x) bring them over.",
    WITH_GPU("cuda.createCudaUVATensor(2, 3);"), "gpu, cpu, cuda.createFloatUVATensor",
    "@(varargin) zeros(varargin{:}, 'single', 'gpu')")
TORCH(cuda_toFloatUVATensor, 1, 1, 1, "x = cuda.toFloatUVATensor(G)", "Torch's name for cpu(single(G)).",
    "cuda.toFloatUVATensor([1 2])\n  ans =\n     1   2", "cpu, cuda.toCudaUVATensor", "@(x) cpu(single(x))")
TORCH(cuda_toCudaUVATensor, 1, 1, 1, "G = cuda.toCudaUVATensor(x)", "Torch's name for gpu(single(x)).",
    WITH_GPU("cuda.toCudaUVATensor([1 2]);"), "gpu, cuda.toFloatUVATensor", "@(x) gpu(single(x))")
#define MANAGED(name)                                                                                                     \
    "t = " name "(x)", "False for any x: no memory here is seen by both CPU and GPU (CUDA's managed memory).",            \
    name "([1 2])\n  ans = 0", "isgpu, getDevice", "@(x) false"
TORCH(cuda_isManaged, 1, 1, 1, MANAGED("cuda.isManaged"))
TORCH(isManaged, 1, 1, 1, MANAGED("isManaged"))

/* ---- cudnn: its layers are those of nn; what has other arguments there, and its switches */
TORCH(cudnn, 0, 0, 1, "cudnn", "Torch's package, as an argument: the text 'cudnn'.", "cudnn\n  ans = cudnn", "cudnn.convert",
    "@() 'cudnn'")
BUILTIN(cudnn_convert, 1, 3, 1, grad_pass,
    "net = cudnn.convert(net, to, keep)\n\n"
    "The network itself: its layers stay what they are, keep or not. Convolutions on the current GPU are done by NVIDIA's cuDNN from "
    "now on, and with to 'nn' by tl's own kernels again, as by cuda.option('cudnn', false). Where there is no cuDNN, a warning "
    "says so, and tl's own are used.\n\n"
    "Example:\n  net = nn.Tanh(); class(cudnn.convert(net, 'nn'))\n  ans = nn.Tanh\n\n"
    "See also: cuda.option, gpu, nn.SpatialConvolution")
{
    double on = !has_arg(c, 1) || strcmp(arg_text(c, 1, NULL), "nn");
    struct device *d = gpu_count(NULL) ? gpu_at(gpu_current()) : NULL;
    int e = d && d->option ? d->option(d, "cudnn", &on, true) : DEV_OK;
    const char *why = e == DEV_REFUSED && d->why ? d->why(d, e) : "there is no cuDNN on it";
    if (e && on != 0)
        warn("tl:device", "cudnn.convert: gpu %d: %s; tl's own kernels are used", d->index, why);
    result(c, 0, c->arg[0]);
}
#define CUDNN_SWITCH(name)                                                                                                \
    "cudnn." name "(on)",                                                                                                 \
    "Accepted, on or off, for programs written for Torch's cudnn; kernels are chosen by shape. cuda.option('cudnn', true) has "  \
    "convolutions done by cuDNN.",                                                                                        \
    "cudnn." name "(true)", "cuda.option, cudnn.convert", "@(varargin) cuda.setStream(1)"
TORCH(cudnn_benchmark, 0, 1, 0, CUDNN_SWITCH("benchmark"))
TORCH(cudnn_fastest, 0, 1, 0, CUDNN_SWITCH("fastest"))
TORCH(cudnn_verbose, 0, 1, 0, CUDNN_SWITCH("verbose"))
TORCH(cudnn_ClippedReLU, 1, 2, 1, "m = cudnn.ClippedReLU(ceiling, inplace)",
    "cudnn's name for nn.HardTanh(0, ceiling, inplace): x, cut to the range from 0 to ceiling.",
    "cudnn.ClippedReLU(6).forward(8)\n  ans = 6", "nn.HardTanh, nn.ReLU6",
    "@(ceiling, inplace=false) nn.HardTanh(0, ceiling, inplace)")
TORCH(cudnn_SpatialCrossEntropyCriterion, 0, 1, 1, "c = cudnn.SpatialCrossEntropyCriterion(weights)",
    "cudnn's name for nn.CrossEntropyCriterion(weights), which takes images too, N x C x H x W with a class for each place.",
    "cudnn.SpatialCrossEntropyCriterion().forward(zeros(1, 2, 1, 1), 1)\n  ans = 0.6931", "nn.CrossEntropyCriterion",
    "@(varargin) nn.CrossEntropyCriterion(varargin{:})")
#define RECURRENT(name, is, more)                                                                                         \
    "m = cudnn." name "(inputSize, hiddenSize, numLayers, batchFirst, dropout)",                                          \
    "cudnn's name, with its order of arguments, for nn." is "(inputSize, hiddenSize" more "): numLayers (1) layers, of "   \
    "whose inputs training drops the part dropout (0); sequences are T x N x inputSize, with batchFirst (false) N x T x inputSize.", \
    "size(cudnn." name "(3, 5).forward(randn(7, 2, 3)))(1:2)\n  ans =\n     7   2", "nn." is,                             \
    "@(inputSize, hiddenSize, numLayers=1, batchFirst=false, dropout=0) nn." is "(inputSize, hiddenSize, numLayers=numLayers, " \
    "batchFirst=batchFirst, dropout=dropout" more ")"
TORCH(cudnn_LSTM, 2, 5, 1, RECURRENT("LSTM", "LSTM", ""))
TORCH(cudnn_GRU, 2, 5, 1, RECURRENT("GRU", "GRU", ""))
TORCH(cudnn_BLSTM, 2, 5, 1, RECURRENT("BLSTM", "LSTM", ", bidirectional=true"))
TORCH(cudnn_BGRU, 2, 5, 1, RECURRENT("BGRU", "GRU", ", bidirectional=true"))
TORCH(cudnn_RNNTanh, 2, 5, 1, RECURRENT("RNNTanh", "RNN", ""))
TORCH(cudnn_RNNReLU, 2, 5, 1, RECURRENT("RNNReLU", "RNN", ", nonlinearity='relu'"))
