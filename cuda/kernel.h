/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel.h: a kernel between the text that describes it and the driver that runs it.
 *
 * work_program and work_run turn a call of lab/device.h into launches, one after the other, and hand each to `launch`.  What
 * launches is free to compile for a GPU, to run the text on the CPU (shim.h), or to write down.  A text is made only when it
 * is asked for: a launch whose key is known costs no string.  Nothing here knows CUDA's or tl's headers.
 *
 * Every kernel takes one parameter, a struct of 8-byte members by value, so the words of `arg` are it on every machine:
 *     cuLaunchKernel(f, grid[0], grid[1], grid[2], block, 1, 1, 0, stream, (void *[]){ k->arg }, NULL) */
#ifndef TL_CUDA_KERNEL_H
#define TL_CUDA_KERNEL_H
#include "lab/device.h"

#define TRY(call) do { int e_ = (call); if (e_) return e_; } while (0)
enum { KERNEL_WORDS = 256 };
#define KERNEL_ENTRY "tl"                     /* the name of the kernel in every text */

struct kernel {
    uint64_t key[2];                          /* equal keys, equal texts */
    char *(*text)(const struct kernel *, size_t *len);      /* made by malloc, ends with a zero byte; NULL: no memory */
    const void *spec;                         /* for `text`; lives as long as the call of `launch` */
    const char *name;                         /* for traces: what it computes */
    unsigned grid[3], block;                  /* no dynamic shared memory */
    int words;                                /* of arg in use */
    uint64_t arg[KERNEL_WORDS];
};

/* What a device lends to the makers of launches. */
struct work {
    int units;                                /* multiprocessors */
    struct dev_status *status;                /* as the device addresses it */
    int (*launch)(struct work *, const struct kernel *);      /* in order; DEV_OK or an error, which ends the call */
    void *(*get)(struct work *,
                 size_t bytes); /* aligned to 256 bytes, until what this call queued has run; NULL: no memory */
    void *of;                                 /* the device's own */
};
/* DEV_OK, an error of `launch`, DEV_NO_MEMORY, or DEV_NOT_HERE: another library's task (lu, fft, large gemm …). */
int work_program(struct work *, const struct dev_prog *, struct dev_arg *out, const struct dev_arg *in,
                 const double *num, int tag);
int work_run(struct work *, enum dev_call, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag);
int work_can(enum dev_call, const struct dev_arg *out, const struct dev_arg *in, const double *num);
/* The kernels of a program with dense operands, as code(f, 'cuda') prints them; made by malloc. */
char *work_listing(const struct dev_prog *);

/* The status word: a kernel takes it by code -1, writes the other members, then the code.  So only code > 0 is news. */

/* ---- compile.c: from text to machine code: disk, prebuilt pack, NVRTC.  No driver is needed. */
struct code {
    void *data;
    size_t bytes;
    bool ptx, made;
}; /* cubin, or PTX where the GPU is newer than NVRTC, by malloc; made: by NVRTC just now */
/* 0, or DEV_NOT_HERE with a sentence in *why (NVRTC is missing, the text is refused), valid until the next call. */
int compile(const char *text, size_t len, int major, int minor, struct code *c, const char **why);
/* The same in a thread of its own: `start` returns at once; `ready` 1: *c is there, 0: not yet, < 0: minus an error,
 * with *why; DEV_NOT_HERE: nothing of that name is being made. */
int compile_start(const uint64_t key[2], const char *text, size_t len, int major, int minor);
int compile_ready(const uint64_t key[2], struct code *c, const char **why);
/* *c is there, from the pack or the disk; or DEV_LATER: the thread makes it, and compile_ready and compile_wait know it
 * by `id`; or another error. */
int compile_begin(const char *text, size_t len, int major, int minor, struct code *c, uint64_t id[2], const char **why);
/* For what the thread makes: DEV_STOPPED when *stop was set meanwhile (the thread goes on). */
int compile_wait(const uint64_t id[2], struct code *c, volatile sig_atomic_t *stop, const char **why);
void compile_stop(void);                      /* joins the thread; before exit or unloading */
int compile_version(
    const char **why); /* of NVRTC, 1000 major + 10 minor; 0: there is none, *why says what was looked for */
bool compile_cached(const char *text, size_t len, int major,
                    int minor); /* in the pack or on disk: compile() is quick */
#endif
