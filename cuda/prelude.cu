/* SPDX-License-Identifier: BSD-3-Clause */
/* prelude.cu: what the common subset means in CUDA C++; stands before every text that goes to NVRTC, which has no headers.
   shim.cu says the same for the C compiler. */
#define DEV static __device__ __forceinline__
#define CALLED static __device__ __noinline__
#define KERNEL(n) extern "C" __global__ void __launch_bounds__(n)
#define ALIGN(n) __align__(n)
#define UNROLL _Pragma("unroll")
#define SHARED __shared__
#define SYNC() __syncthreads()
#define SHFL_XOR(v, d) __shfl_xor_sync(0xffffffffu, v, d)
#define SHFL_UP(v, d) __shfl_up_sync(0xffffffffu, v, d)
#define SHFL(v, lane) __shfl_sync(0xffffffffu, v, lane)
#define BALLOT(p) __ballot_sync(0xffffffffu, p)
#define POPC(x) __popc(x)
#define CLZ(x) __clzll((long long)(x))
#define MULHI(a, b) __umulhi(a, b)
#define MULHI64(a, b) __umul64hi(a, b)
#define BITS(x) ((u64)__double_as_longlong(x))
#define FBITS(x) ((u32)__float_as_int(x))
#define FROM_BITS(x) __longlong_as_double((long long)(x))
#define ADD_INT(p, x) atomicAdd(p, x)
#define MAX_LONG(p, x) atomicMax((long long *)(p), (long long)(x))
#define CLAIM(p) atomicCAS(p, 0, -1)
#define FENCE() __threadfence_system()
#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fffffff)
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long i64;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned u32;
typedef unsigned long u64;

