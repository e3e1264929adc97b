/* SPDX-License-Identifier: BSD-3-Clause */
/* compile.h: the inside of compile.c, for its test and for what makes the pack. */
#ifndef TL_CUDA_COMPILE_H
#define TL_CUDA_COMPILE_H
#include "kernel.h"

extern uint64_t compile_cache_most;           /* bytes of the cache on disk */
extern const char *compile_pack_folder;       /* where packs lie; NULL: beside the plugin */
void compile_pack_fresh(const char *name);     /* away with a pack that another NVRTC made */
bool compile_pack_write(const char *name, int arch, int n, char *const *text, const size_t *len, const struct code *code);
#endif
