/* SPDX-License-Identifier: BSD-3-Clause */
/* shim.cu: what the common subset means to a C compiler; stands before texts that shim.c runs on the CPU.  A thread that
   waits for others (a barrier, a shuffle) hands over to shim.c; shared memory lies in a section of its own, so that it can
   be spoiled before each block. */
#include <tgmath.h>
#undef I
#undef complex
typedef signed char i8;
typedef short i16;
typedef int i32;
typedef long i64;
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned u32;
typedef unsigned long u64;
struct host_index { unsigned x, y, z; };
struct host {
    struct host_index thread, block, size, grid;
    void (*sync)(int line);
    void (*shuffle)(const void *from, void *to, int bytes, int lane);        /* the value of another lane of the warp */
    unsigned (*ballot)(int);
};
extern struct host *host;
#define threadIdx (host->thread)
#define blockIdx (host->block)
#define blockDim (host->size)
#define gridDim (host->grid)
#define DEV static inline
#define CALLED DEV
#define KERNEL(n) static void
#define ALIGN(n) __attribute__((aligned(n)))
#define UNROLL
#define SHARED static __attribute__((section("tl_shared")))
#define SYNC() host->sync(__LINE__)
#define LANE_ ((int)(host->thread.x % 32))
#define SHUFFLE_(v, lane) ({ __typeof__(v) v_ = (v), r_; host->shuffle(&v_, &r_, (int)sizeof v_, (lane)); r_; })
#define SHFL_XOR(v, d) SHUFFLE_(v, LANE_ ^ (d))
#define SHFL_UP(v, d) SHUFFLE_(v, LANE_ - (d) < 0 ? LANE_ : LANE_ - (d))
#define SHFL(v, lane) SHUFFLE_(v, (lane) & 31)
#define BALLOT(p) host->ballot((p) != 0)
#define POPC(x) __builtin_popcount(x)
#define CLZ(x) __builtin_clzl(x)
#define MULHI(a, b) ((u32)((u64)(a) * (b) >> 32))
#define MULHI64(a, b) ((u64)((unsigned __int128)(a) * (b) >> 64))
#define BITS(x) ((union { double d; u64 u; }){ .d = (x) }.u)
#define FBITS(x) ((union { float f; u32 u; }){ .f = (x) }.u)
#define FROM_BITS(x) ((union { u64 u; double d; }){ .u = (x) }.d)
#define ADD_INT(p, x) __sync_fetch_and_add(p, x)
#define MAX_LONG(p, x) ({ i64 *p_ = (p), x_ = (x); if (*p_ < x_) *p_ = x_; })
#define CLAIM(p) __sync_val_compare_and_swap(p, 0, -1)
#define FENCE() __sync_synchronize()
static inline double host_sinpi(double x) { return (double)sinl(3.14159265358979323846264338327950288L * x); }
static inline double host_cospi(double x) { return (double)cosl(3.14159265358979323846264338327950288L * x); }
#define sinpi(x) ((__typeof__(x))host_sinpi(x))
#define cospi(x) ((__typeof__(x))host_cospi(x))

