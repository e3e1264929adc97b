/* SPDX-License-Identifier: BSD-3-Clause */
/* mouse_calls.c: places that the user points at in a window.
 *
 * gnuplot waits for a click or a key and prints where it was; what it prints has a mark before it, so that complaints are not
 * taken for an answer. */
#include "plot.h"
#include "terminal.h"
#include <stdlib.h>
#include <string.h>

BUILTIN(ginput, 0, 1, 3, grad_zero,
  "[x, y] = ginput(n)\n"
  "[x, y, button] = ginput(n)\n\n"
  "Waits until the user has clicked n times into the window of the current figure, or pressed a key there, and gives "
  "the places; Return ends it sooner, and without n it goes on until then. button is 1, 2 or 3, or the code of a key. "
  "With several axes the places are those of the last one drawn. Without a window it is an error.\n\n"
  "Example:\n  try, [x, y] = ginput(0); size(x), catch e, disp('no window'), end\n  ans =\n     0   1\n\n"
  "See also: gtext, figure, graphics")
{
    i64 n = has_arg(c, 0) ? arg_int(c, 0, 0, 1 << 20) : 1 << 20, k = 0;
    const struct terminal *t = n > 0 ? terminal_screen() : NULL;
    if (n > 0 && !root_graphic()->current)
        fail("Octave:invalid-fun-call", "ginput: there is no figure to click into");
    if (n > 0 && (t->kind != WINDOW || hooks()->show))
        fail("tl:no-window",
             "ginput: figures are shown as %.*s here, and nobody can click into them\nhint: a window needs a desktop "
             "and gnuplot-qt; graphics('qt') chooses it",
             (int)strcspn(t->name, " "), t->name);
    struct buf *to[3] = { buf_new(), buf_new(), buf_new() };
    while (k < n) {
        double at[3];
        if (!show_click("ginput", root_graphic()->current, at) || at[2] == 13)
            break;
        for (int a = 0; a < 3; a++)
            buf_add(to[a], (const char *)&at[a], sizeof at[a]);
        k++;
    }
    for (int a = 0; a < 3; a++) {
        struct tensor *r = tensor_2d(D_DOUBLE, k, 1);
        memcpy(r->data, to[a]->s, (size_t)k * sizeof(double));
        if (a == 0 || a < c->nargout)
            result_tensor(c, a, r);
    }
}
