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

BUILTIN(nn_layers, 0, 0, 1, NO_GRAD,
  "c = nn.layers()\n\n"
  "The names of all layers and criterions.\n\n"
  "Example:\n  any(strcmp(nn.layers(), 'nn.Linear'))\n  ans = 1\n\n"
  "See also: nn.Sequential")
{
    int n = 0;
    const char *name[512];
    for (; nn_layers[n] && n < COUNT(name); n++)
        name[n] = nn_layers[n]->class.name;
    result(c, 0, cell_of_texts(n, name));
}
