/* SPDX-License-Identifier: BSD-3-Clause */
/* aim.c: the indices of a write: what they select, whether that agrees with the right side, and how the thing grows.
 *
 * Sizes of one do not count when left and right are compared; a colon of something that is empty in all directions
 * takes its length from the right side. */
#include "aim.h"
#include <math.h>

NORETURN static void fail_resize(int nd, const i64 *dim)
{
    char shape[128];
    fail("Octave:invalid-resize",
         "\2 = …: \1 is %s, and this does not say in which direction it shall grow; write all of its indices",
         dims_text(nd, dim, shape));
}

NORETURN static void fail_counts(const struct target *g, int rnd, const i64 *rdim, i64 rnumel)
{
    if (g->n == 1)
        fail("Octave:nonconformant-args", "\2 = …: %lld element%s on the left, %lld on the right", (long long)g->numel,
             g->numel == 1 ? "" : "s", (long long)rnumel);
    i64 l[MAX_DIMS];
    char a[128], b[128];
    for (int k = 0; k < g->n; k++)
        l[k] = g->x[k].n;
    fail("Octave:nonconformant-args", "\2 = …: %s on the left, %s on the right", dims_text(dims_trim(g->n, l), l, a),
         dims_text(rnd, rdim, b));
}

/* Sizes without ones; a thing of zero elements keeps its zeros. */
static int long_dims(int nd, const i64 *dim, i64 *to)
{
    int n = 0;
    for (int i = 0; i < nd; i++)
        if (dim[i] != 1)
            to[n++] = dim[i];
    return n;
}

/* When all sizes of the left are zero a colon takes its length from the right: one by one when as many indices are no
   scalars as the right has dimensions, else from the right's sizes that are not one. */
static void inquire(struct target *g, int rnd, const i64 *rdim)
{
    i64 shorter[MAX_DIMS];
    int open = 0, colons = 0, m = rnd, j = 0;
    const i64 *from = rdim;
    for (int k = 0; k < g->n; k++) {
        open += g->x[k].colon || g->x[k].n != 1;
        colons += g->x[k].colon;
    }
    if (colons != g->n && open != rnd) {
        m = long_dims(rnd, rdim, shorter);
        from = shorter;
    }
    for (int k = 0; k < g->n; k++) {
        struct ix *x = &g->x[k];
        if (x->colon)
            x->n = x->extent = j < m ? from[j] : 1;
        if (x->colon || (x->n != 1 && open == rnd))
            j++;
    }
    if (colons == g->n)                       /* A(:,:) = B of more dimensions: the last takes the rest, which must be one */
        for (; j < m; j++)
            g->x[g->n - 1].n *= from[j], g->x[g->n - 1].extent = g->x[g->n - 1].n;
}

void aim(struct target *g, int nd, const i64 *dim, int n, const value *idx, int rnd, const i64 *rdim)
{
    if (n < 1)
        fail("Octave:index-out-of-bounds", "\2 = …: an index is needed between the brackets; : takes every element");
    if (n > MAX_DIMS)
        fail("Octave:index-out-of-bounds", "\1: %d indices, but a tensor has at most %d dimensions", n, MAX_DIMS);
    bool none = true;
    g->n = n;
    g->grows = false;
    fold_dims(nd, dim, n, g->len);
    for (int k = 0; k < n; k++)
        index_parse(&g->x[k], idx[k], g->len[k], k, n);
    for (int i = 0; i < nd; i++)
        none = none && dim[i] == 0;
    i64 rnumel = 1;
    for (int i = 0; i < rnd; i++)
        rnumel *= rdim[i];
    if (none && n > 1 && rnd)
        inquire(g, rnd, rdim);

    i64 l[MAX_DIMS], r[MAX_DIMS];
    bool fits = true;                         /* false: nothing goes into nothing of another shape, and nothing happens */
    for (int k = 0; k < n; k++)
        l[k] = g->x[k].n;
    g->numel = dims_numel(n, l);
    if (rnd && rnumel != 1) {
        if (n == 1) {
            if (g->numel != rnumel)
                fail_counts(g, rnd, rdim, rnumel);
        } else {
            int a = long_dims(n, l, l), b = long_dims(rnd, rdim, r);
            bool match = dims_equal(a, l, b, r);
            if (!match && (g->numel || rnumel))
                fail_counts(g, rnd, rdim, rnumel);
            fits = match;
        }
    }
    g->nd = nd;
    memcpy(g->dim, dim, sizeof(i64) * (size_t)nd);
    if (n == 1) {
        i64 most = g->x[0].extent;
        if (most > g->len[0] && g->x[0].n) {
            g->grows = true;
            if (nd != 2 || (dim[0] > 1 && dim[1] != 1))
                fail_resize(nd, dim);
            g->dim[0] = dim[0] > 1 ? most : 1;
            g->dim[1] = dim[0] > 1 ? 1 : most;
        }
        return;
    }
    for (int k = 0; k < n; k++)               /* also when nothing is selected: A = []; A(2,:) = zeros(1,0) is 2x0 */
        g->grows = g->grows || (fits && g->x[k].extent > g->len[k]);
    if (!g->grows)
        return;
    if (n < nd)
        fail_resize(nd, dim);
    for (int k = 0; k < n; k++)
        g->dim[k] = MAX(g->len[k], g->x[k].extent);
    g->nd = dims_trim(n, g->dim);
    dims_numel(g->nd, g->dim);
}

/* The nest of g over a dense thing of the new size. */
void dense_nest(const struct target *g, struct nest *w)
{
    i64 len[MAX_DIMS], stride[MAX_DIMS];
    fold_dims(g->nd, g->dim, g->n, len);
    dense_strides(g->n, len, stride);
    nest_of(w, g->n, g->x, stride);
}

/* The position that indices of one element select in a container of size dim; -1 and the new size in g when it is to grow. */
i64 aim_one(struct target *g, int nd, const i64 *dim, i64 numel, int n, const value *idx, const char *what)
{
    if (n == 1 && idx->tag == 0 && idx->num >= 1 && idx->num <= (double)numel && idx->num == trunc(idx->num))
        return (i64)idx->num - 1;
    i64 one[2] = {1, 1};
    struct nest w;
    aim(g, nd, dim, n, idx, 2, one);
    if (g->numel != 1)
        fail("Octave:nonconformant-args", "\2 = …: the index selects %lld %s, one is needed here", (long long)g->numel, what);
    dense_nest(g, &w);
    if (g->grows)
        return -1 - *nest_positions(&w);
    return *nest_positions(&w);
}
