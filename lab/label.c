/* SPDX-License-Identifier: BSD-3-Clause */
/* label.c: the connected pieces of a black and white picture.
 *
 * The one idea: one pass gives each element a provisional number and joins the numbers of neighbours that touch (union
 * and find, with paths halved); a second gives each set its own, in the order in which the pieces are met column by
 * column. */
#include "tape.h"
#include "tensor.h"

static int32_t root_of(int32_t *up, int32_t i)
{
    while (up[i] != i)
        i = up[i] = up[up[i]];
    return i;
}

BUILTIN(bwlabel, 1, 2, 2, grad_zero,
  "y = bwlabel(x)\n"
  "[y, n] = bwlabel(x, neighbours)\n\n"
  "The connected pieces of the non-zero elements of a matrix: y has 0 where x has, and the number of its piece, 1 "
  "to n, elsewhere, in the order in which pieces are met column by column. Elements touch along sides (neighbours "
  "4) or also at corners (8, the default).\n\n"
  "Example:\n  bwlabel([1 0 1; 1 0 0; 0 0 1])\n  ans =\n     1   0   2\n     1   0   0\n     0   0   3\n\n"
  "See also: imdilate, edge, im2bw")
{
    struct tensor *x = arg_dense(c, 0);
    i64 sides = has_arg(c, 1) ? arg_int(c, 1, 4, 8) : 8;
    if (x->nd != 2)
        fail_arg(c, 0, "a matrix");
    if (sides != 4 && sides != 8)
        fail("Octave:invalid-input-arg", "bwlabel: the neighbours are 4 or 8, but %lld is given", (long long)sides);
    i64 h = x->dim[0], w = x->dim[1];
    if (x->numel >= INT32_MAX)
        fail("Octave:invalid-input-arg", "bwlabel: a matrix has at most 2^31-2 elements here, but this one %lld",
             (long long)x->numel);
    struct tensor *y = tensor_zeros(D_DOUBLE, 2, x->dim);
    int32_t *at = scratch(sizeof *at * (size_t)(x->numel + 1)), *up = scratch(sizeof *up * (size_t)(x->numel + 1)), last = 0;
    for (i64 j = 0; j < w; j++) {
        poll();
        for (i64 i = 0; i < h; i++) {
            i64 k = i + j * h;
            at[k] = 0;
            if (element_double(x, k) == 0)
                continue;
            i64 near[4] = { i > 0 ? k - 1 : -1, j > 0 ? k - h : -1, j > 0 && i > 0 && sides == 8 ? k - h - 1 : -1,
                            j > 0 && i + 1 < h && sides == 8 ? k - h + 1 : -1 };
            for (int q = 0; q < 4; q++) {
                if (near[q] < 0 || !at[near[q]])
                    continue;
                int32_t r = root_of(up, at[near[q]]);
                if (!at[k]) {
                    at[k] = r;
                } else {
                    int32_t s = root_of(up, at[k]);
                    up[MAX(r, s)] = MIN(r, s);
                }
            }
            if (!at[k]) {
                at[k] = ++last;
                up[last] = last;
            }
        }
    }
    int32_t *name = scratch(sizeof *name * ((size_t)last + 1)), n = 0;
    memset(name, 0, sizeof *name * ((size_t)last + 1));
    for (i64 k = 0; k < x->numel; k++)
        if (at[k]) {
            int32_t r = root_of(up, at[k]);
            if (!name[r])
                name[r] = ++n;
            ((double *)y->data)[k] = name[r];
        }
    result_tensor(c, 0, y);
    if (wants(c, 1))
        result_num(c, 1, n);
}
