/* SPDX-License-Identifier: BSD-3-Clause */
/* set_calls.c: get and set. */
#include "plot.h"

BUILTIN(get, 1, 2, 1, grad_zero,
  "value = get(h, name)\n\n"
  "A property of what h stands for.\n\n"
  "Example:\n  h = figure('visible', 'off');\n  get(h, 'Visible')\n  ans = off\n  close(h)\n\n"
  "See also: set, gcf, gca")
{
    struct graphic *g = arg_graphic(c, 0);
    int p = prop_find(arg_text(c, 1, NULL), g->kind);
    if (p < 0)
        fail("Octave:undefined-property", "get: %s has no property '%s'", series_rows[g->kind].type, arg_text(c, 1, NULL));
    result(c, 0, prop_get(g, p));
}
