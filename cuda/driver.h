/* SPDX-License-Identifier: BSD-3-Clause */
/* driver.h: NVIDIA's driver as a table of pointers, and the other libraries in the same way.
 *
 * No header of NVIDIA's is needed to build: what is used of the interfaces is declared here and in the .def files, by the
 * binary interface that NVIDIA keeps.  Enumerations are int; handles are pointers. */
#ifndef CUDA_DRIVER_H
#define CUDA_DRIVER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int cu_result, cu_device;
typedef unsigned long long cu_ptr;
typedef struct CUctx_st *cu_context;
typedef struct CUstream_st *cu_stream;
typedef struct CUevent_st *cu_event;
typedef struct CUmod_st *cu_module;
typedef struct CUfunc_st *cu_function;
typedef struct CUgraph_st *cu_graph;
typedef struct CUgraphNode_st *cu_node;
typedef struct CUgraphExec_st *cu_exec;
typedef struct CUmemPoolHandle_st *cu_pool;
typedef struct _nvrtcProgram *nvrtc_program;

struct cu_kernel_node {
    cu_function f;
    unsigned gx, gy, gz, bx, by, bz, shared;
    void **args, **extra, *kernel;
    cu_context context;
};

enum { /* results */
       CU_SUCCESS = 0,
       CU_INVALID_VALUE = 1,
       CU_OUT_OF_MEMORY = 2,
       CU_NO_DEVICE = 100,
       CU_NOT_PERMITTED = 800,
       CU_NOT_READY = 600,
       CU_NOT_FOUND = 500
};
enum { /* attributes of a device */
       CU_WARP = 10,
       CU_CLOCK = 13,
       CU_UNITS = 16,
       CU_BUS_ID = 33,
       CU_MEMORY_CLOCK = 36,
       CU_BUS_WIDTH = 37,
       CU_MAJOR = 75,
       CU_MINOR = 76,
       CU_SHARED_MOST = 97,
       CU_POOLS = 115
};
enum { CU_NON_BLOCKING = 1, CU_NO_TIMING = 2, CU_MAPPED = 2 | 1 /* host memory: seen by the device, by every context */,
    CU_POOL_THRESHOLD = 4, CU_CAPTURE_OURS = 1 /* calls of this thread only are watched */, CU_DYNAMIC_SHARED = 8 };

struct cuda {
    int version;                              /* 12040: 12.4 */
#define CU(name, symbol, params) cu_result (*name) params;
#include "driver.def"
};
extern struct cuda cuda;
/* The driver, loaded at the first call; NULL, or in one sentence why not. */
const char *cuda_start(void);

/* ---- libraries beside the driver: libraries.def */
enum library {
#define LIBRARY(name, title, soname, v12, v13, package) LIB_##name,
#include "libraries.def"
    LIBRARIES
};
struct nvrtc {
#define FN(name, symbol, returns, params) returns (*name) params;
#include "nvrtc.def"
};
/* The table of the library's functions, loaded at the first call; NULL, with *why. */
const void *cuda_library(enum library which, const char **why);
const struct nvrtc *cuda_nvrtc(const char **why);
/* dlopen along the folders where CUDA's libraries may be; NULL: not there. */
void *cuda_dlopen(const char *soname);
#endif
