/* SPDX-License-Identifier: BSD-3-Clause */
/* layers.c: the list of all layers, which the build collects from their blocks. */
#include "nn.h"

#define L(name) extern const struct layer layer_##name;
#include "layers.inc"
#undef L
const struct layer *const nn_layers[] = {
#define L(name) &layer_##name,
#include "layers.inc"
#undef L
    NULL
};
