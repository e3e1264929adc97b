/* SPDX-License-Identifier: BSD-3-Clause */
/* shape.c: sizes, and the same elements in other shapes or orders.
 *
 * What only changes sizes (reshape, squeeze, vec) keeps the block. What moves elements works for every kind of array:
 * most of it is reading by an index (`index_paren`) with a range or a list along one dimension. Only permute and repmat have
 * loops of their own, because they are used on large tensors. */
#include "gpu.h"
#include "index.h"
#include "call.h"
#include "cat.h"
#include "rules.h"
#include "tape.h"
#include <math.h>

/* ---- any kind of array */

static bool is_array(value v) { return is_tensor_like(v) || v.kind == K_CELL || v.kind == K_STRUCT; }

static int arg_shape(struct call *c, int i, i64 *dim)
{
    if (!is_array(c->arg[i]))
        fail_arg(c, i, "an array");
    return value_dims(c->arg[i], dim);
}

/* v with other sizes, as many elements. */
static value reshaped(value v, int nd, const i64 *dim)
{
    if (is_tensor_like(v))
        return tensor_value(tensor_reshape(tensor_of(v), nd, dim));
    if (v.kind == K_CELL) {
        struct cell *r = cell_new(nd, dim);
        for (i64 i = 0; i < r->numel; i++)
            cell_set(r, i, v.cell->v[i]);
        return cell_value(r);
    }
    struct record *s = v.rec, *r = record_new(nd, dim, s->f->n, s->f->name);
    for (i64 i = 0; i < r->numel; i++)
        for (int f = 0; f < s->f->n; f++)
            record_put(r, i, f, s->v[i * s->f->n + f]);
    return record_value(r);
}

/* v read by idx along dimension d (from 0), all of the others. */
static value along(value v, int d, value idx)
{
    i64 dim[MAX_DIMS];
    value all[MAX_DIMS];
    int nd = MAX(value_dims(v, dim), d + 1);
    if (d >= MAX_DIMS)
        return v;
    for (int k = 0; k < nd; k++)
        all[k] = colon();
    all[d] = idx;
    return index_paren(v, nd, all);
}

static value flipped(value v, int d)
{
    i64 dim[MAX_DIMS];
    if (d >= value_dims(v, dim) || dim[d] < 2)
        return v;
    return along(v, d, range_new((double)dim[d], -1, 1));
}

static int default_dim(value v)               /* from 0 */
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(v, dim);
    for (int d = 0; d < nd; d++)
        if (dim[d] > 1)
            return d;
    return 0;
}

/* ---- sizes */

BUILTIN(size, 1, ANY, ANY, grad_zero,
    "s = size(x)\n"
    "n = size(x, d)\n"
    "[r, c, …] = size(x)\n"
    "[n1, n2, …] = size(x, d1, d2, …)\n\n"
    "The sizes of x: all as a row, or those of the dimensions d (a number or a vector). With several results each is a size, "
    "and the last is the product of those left over.\n\n"
    "Example:\n  size(zeros(2, 3))\n  ans =\n     2   3\n  [r, c] = size(zeros(2, 3, 4))\n  r = 2\n  c = 12\n\n"
    "See also: numel, ndims, rows, columns, reshape")
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(c->arg[0], dim), want = MAX(1, c->nargout);
    if (c->arg[0].kind == K_OBJECT && c->arg[0].inst->class->numel)
        dim[0] = c->arg[0].inst->class->numel(c->arg[0]), dim[1] = 1, nd = 2;
    if (c->nargin > 1) {
        struct tensor *list = NULL;
        int n = 0;
        double *at = scratch(sizeof *at * 64);
        for (int i = 1; i < c->nargin; i++) {
            list = arg_double(c, i);
            for (i64 k = 0; k < list->numel; k++) {
                double d = ((double *)list->data)[k];
                if (!(d >= 1 && d == trunc(d)))
                    fail("Octave:invalid-input-arg", "size: a dimension must be an integer from 1 on, but is %g", d);
                if (n == 64)
                    fail("Octave:invalid-input-arg", "size: too many dimensions are asked for");
                at[n++] = d <= nd ? (double)dim[(int)d - 1] : 1;
            }
        }
        if (c->nargout > 1) {
            if (c->nargout > n)
                fail("Octave:invalid-fun-call", "size: %d results are wanted of %d dimensions", c->nargout, n);
            for (int k = 0; k < c->nargout; k++)
                result_num(c, k, at[k]);
            return;
        }
        struct tensor *r = tensor_2d(D_DOUBLE, 1, n);
        memcpy(r->data, at, sizeof *at * (size_t)n);
        result_tensor(c, 0, r);
        return;
    }
    if (want == 1) {
        result_tensor(c, 0, tensor_of_dims(nd, dim));
        return;
    }
    for (int k = 0; k < want; k++) {
        double n = k < nd ? (double)dim[k] : 1;
        for (int l = k + 1; k == want - 1 && l < nd; l++)
            n *= (double)dim[l];
        result_num(c, k, n);
    }
}

BUILTIN(numel, 1, ANY, 1, grad_zero,
    "n = numel(x)\n"
    "n = numel(x, idx1, idx2, …)\n\n"
    "The number of elements of x, or of x(idx1, idx2, …).\n\n"
    "Example:\n  numel(zeros(2, 3))\n  ans = 6\n\n"
    "See also: size, length, isempty")
{
    value x = c->arg[0];
    if (c->nargin == 1) {
        result_num(c, 0,
                   x.kind == K_OBJECT && x.inst->class->numel ? (double)x.inst->class->numel(x)
                                                              : (double)value_numel(x));
        return;
    }
    i64 dim[MAX_DIMS], len[MAX_DIMS];
    int n = c->nargin - 1, nd = value_dims(x, dim);
    if (n > MAX_DIMS)
        fail("tl:too-many-dimensions", "numel: a tensor has at most %d dimensions", MAX_DIMS);
    fold_dims(nd, dim, n, len);
    double all = 1;
    for (int k = 0; k < n; k++) {
        struct ix ix;
        index_parse(&ix, c->arg[k + 1], len[k], k, n);
        all *= (double)ix.n;
    }
    result_num(c, 0, all);
}

BUILTIN(length, 1, 1, 1, grad_zero,
    "n = length(x)\n\n"
    "The largest size of x, or 0 when it is empty.\n\n"
    "Example:\n  length(zeros(2, 5))\n  ans = 5\n\n"
    "See also: numel, size")
{
    i64 dim[MAX_DIMS], most = 0;
    value x = c->arg[0];
    int nd = value_dims(x, dim);
    for (int k = 0; k < nd; k++)
        most = MAX(most, dim[k]);
    for (int k = 0; k < nd; k++)
        most = dim[k] == 0 ? 0 : most;
    if (x.kind == K_OBJECT && x.inst->class->numel)
        most = x.inst->class->numel(x);
    result_num(c, 0, (double)most);
}

BUILTIN(ndims, 1, 1, 1, grad_zero,
    "n = ndims(x)\n\n"
    "The number of dimensions of x, at least 2; trailing sizes of 1 do not count.\n\n"
    "Example:\n  ndims(zeros(2, 3, 4))\n  ans = 3\n\n"
    "See also: size, squeeze")
{
    i64 dim[MAX_DIMS];
    result_num(c, 0, value_dims(c->arg[0], dim));
}

BUILTIN(rows, 1, 1, 1, grad_zero,
    "n = rows(x)\n\n"
    "The number of rows of x, size(x, 1).\n\n"
    "Example:\n  rows(zeros(2, 3))\n  ans = 2\n\n"
    "See also: columns, size")
{
    i64 dim[MAX_DIMS];
    value_dims(c->arg[0], dim);
    result_num(c, 0, (double)dim[0]);
}

BUILTIN(columns, 1, 1, 1, grad_zero,
    "n = columns(x)\n\n"
    "The number of columns of x, size(x, 2).\n\n"
    "Example:\n  columns(zeros(2, 3))\n  ans = 3\n\n"
    "See also: rows, size")
{
    i64 dim[MAX_DIMS];
    value_dims(c->arg[0], dim);
    result_num(c, 0, (double)dim[1]);
}

BUILTIN(isempty, 1, 1, 1, grad_zero,
    "t = isempty(x)\n\n"
    "True when x has no elements.\n\n"
    "Example:\n  [isempty([]) isempty(zeros(0, 3)) isempty(' ')]\n  ans =\n    1  1  0\n\n"
    "See also: numel, size")
{
    value x = c->arg[0];
    result_bool(c, 0, (x.kind == K_OBJECT && x.inst->class->numel ? x.inst->class->numel(x) : value_numel(x)) == 0);
}

BUILTIN(isnull, 1, 1, 1, NO_GRAD,
    "t = isnull(x)\n\n"
    "True when x is an empty matrix of no rows and no columns, as [], '' and \"\" are.\n\n"
    "Example:\n  [isnull([]) isnull(zeros(0, 3))]\n  ans =\n    1  0\n\n"
    "See also: isempty")
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(c->arg[0], dim);
    result_bool(c, 0, is_tensor_like(c->arg[0]) && nd == 2 && dim[0] == 0 && dim[1] == 0);
}

BUILTIN(size_equal, 0, ANY, 1, grad_zero,
    "t = size_equal(a, b, …)\n\n"
    "True when all arguments have the same sizes.\n\n"
    "Example:\n  size_equal([1 2], [3 4], {5, 6})\n  ans = 1\n\n"
    "See also: size, isequal")
{
    i64 a[MAX_DIMS], b[MAX_DIMS];
    bool same = true;
    int n = c->nargin ? value_dims(c->arg[0], a) : 0;
    for (int i = 1; i < c->nargin; i++)
        same = same && dims_equal(n, a, value_dims(c->arg[i], b), b);
    result_bool(c, 0, same);
}

/* ---- other sizes, same elements */

BUILTIN(reshape, 2, ANY, 1, reshape_grad,
    "y = reshape(x, m, n, …)\n"
    "y = reshape(x, [m n …])\n"
    "y = reshape(x, …, [], …)\n\n"
    "The elements of x, in column-major order, with other sizes; one size may be [] and is found from the rest. "
    "Nothing is copied.\n\n"
    "Example:\n  reshape(1:6, 2, 3)\n  ans =\n     1   3   5\n     2   4   6\n  size(reshape(1:6, [], 2))\n  ans =\n   "
    "  3   2\n\n"
    "See also: vec, squeeze, permute, resize")
{
    i64 old[MAX_DIMS], dim[MAX_DIMS];
    char a[128], b[128];
    int ond = arg_shape(c, 0, old), nd, open = -1;
    i64 n = dims_numel(ond, old);
    if (c->nargin == 2) {
        struct tensor *t = arg_double(c, 1);
        if (t->numel < 2)
            fail("Octave:invalid-input-arg", "reshape: at least two sizes are needed");
        if (t->numel > MAX_DIMS)
            fail("tl:too-many-dimensions", "reshape: a tensor has at most %d dimensions", MAX_DIMS);
        nd = (int)t->numel;
        for (int k = 0; k < nd; k++) {
            double x = ((double *)t->data)[k];
            if (!(x >= 0 && x == trunc(x) && x < 0x1p62))
                fail("Octave:invalid-input-arg", "reshape: a size must be an integer from 0 on, but is %g", x);
            dim[k] = (i64)x;
        }
    } else {
        nd = c->nargin - 1;
        if (nd > MAX_DIMS)
            fail("tl:too-many-dimensions", "reshape: a tensor has at most %d dimensions", MAX_DIMS);
        for (int k = 0; k < nd; k++) {
            if (is_tensor_like(c->arg[k + 1]) && value_numel(c->arg[k + 1]) == 0) {
                if (open >= 0)
                    fail("Octave:invalid-input-arg", "reshape: only one size can be left open by []");
                open = k;
                dim[k] = 1;
            } else {
                dim[k] = arg_int(c, k + 1, 0, (i64)1 << 62);
            }
        }
    }
    i64 known = dims_numel(nd, dim);
    if (open >= 0) {
        if (known == 0 ? n != 0 : n % known != 0)
            fail("Octave:nonconformant-args",
                 "reshape: SIZE is not divisible by the product of known dimensions (= %lld)\nhint: the %s array has %lld "
                 "elements",
                 (long long)known, dims_text(ond, old, a), (long long)n);
        dim[open] = known ? n / known : 0;
        known = n;
    }
    if (known != n)
        fail("Octave:nonconformant-args", "reshape: can't reshape %s array to %s array\nhint: %lld elements are there, %lld are wanted",
             dims_text(ond, old, a), dims_text(nd, dim, b), (long long)n, (long long)known);
    result(c, 0, reshaped(c->arg[0], dims_trim(nd, dim), dim));
}

BUILTIN(vec, 1, 2, 1, reshape_grad,
    "y = vec(x)\n"
    "y = vec(x, d)\n\n"
    "All elements of x as a column, x(:), or along dimension d.\n\n"
    "Example:\n  vec([1 2; 3 4])'\n  ans =\n     1   3   2   4\n\n"
    "See also: reshape")
{
    i64 dim[MAX_DIMS], old[MAX_DIMS];
    int d = has_arg(c, 1) ? (int)arg_int(c, 1, 1, MAX_DIMS) : 1, nd = arg_shape(c, 0, old);
    for (int k = 0; k < MAX_DIMS; k++)
        dim[k] = 1;
    dim[d - 1] = dims_numel(nd, old);
    result(c, 0, reshaped(c->arg[0], MAX(2, d), dim));
}

BUILTIN(squeeze, 1, 1, 1, reshape_grad,
    "y = squeeze(x)\n\n"
    "x without its dimensions of size 1, if it has more than two dimensions.\n\n"
    "Example:\n  size(squeeze(zeros(2, 1, 3)))\n  ans =\n     2   3\n\n"
    "See also: reshape, permute, shiftdim")
{
    i64 dim[MAX_DIMS], out[MAX_DIMS];
    int nd = arg_shape(c, 0, dim), n = 0;
    if (nd == 2) {
        result(c, 0, c->arg[0]);
        return;
    }
    for (int k = 0; k < nd; k++)
        if (dim[k] != 1)
            out[n++] = dim[k];
    while (n < 2)
        out[n++] = 1;
    result(c, 0, reshaped(c->arg[0], n, out));
}

/* ---- permute */

static value permuted(value v, int n, const int *perm)       /* perm from 0, n >= dimensions of v */
{
    i64 dim[MAX_DIMS], out[MAX_DIMS];
    int nd = value_dims(v, dim);
    for (int k = nd; k < n; k++)
        dim[k] = 1;
    for (int k = 0; k < n; k++)
        out[k] = dim[perm[k]];
    if (is_tensor_like(v)) {
        i64 stride[MAX_DIMS];
        struct tensor *t = tensor_of(v);
        for (int k = 0; k < n; k++)
            stride[k] = perm[k] < t->nd ? t->stride[perm[k]] : 0;
        t = tensor_alias(t, n, out, stride, 0);
        return tensor_value(n == 2 ? t : tensor_dense(t));   /* a matrix is only turned when somebody needs it so */
    }
    i64 numel = dims_numel(nd, dim), unit[MAX_DIMS], at[MAX_DIMS] = {0};
    struct tensor *list = tensor_new(D_DOUBLE, n, out);
    dense_strides(n, dim, unit);
    for (i64 i = 0; i < numel; i++) {
        i64 p = 0;
        for (int k = 0; k < n; k++)
            p += at[k] * unit[perm[k]];
        ((double *)list->data)[i] = (double)(p + 1);
        for (int k = 0; k < n && ++at[k] == out[k]; k++)
            at[k] = 0;
    }
    value idx = tensor_value(tensor_reshape(list, 2, (i64[]){numel, 1}));
    return reshaped(index_paren(v, 1, &idx), dims_trim(n, out), out);
}

static int arg_permutation(struct call *c, int *perm, bool inverse)
{
    i64 dim[MAX_DIMS];
    bool used[MAX_DIMS] = {false};
    int nd = arg_shape(c, 0, dim);
    struct tensor *p = arg_double(c, 1);
    if (p->numel > MAX_DIMS)
        fail("tl:too-many-dimensions", "%s: a tensor has at most %d dimensions", c->fn->name, MAX_DIMS);
    int n = (int)p->numel;
    for (int k = 0; k < n; k++) {
        double x = ((double *)p->data)[k];
        if (!(x >= 1 && x <= n && x == trunc(x)) || used[(int)x - 1])
            fail("Octave:invalid-input-arg", "%s: each of the dimensions 1 to %d must be named once, but %g is %s",
                 c->fn->name, n, x, x >= 1 && x <= n && x == trunc(x) ? "named twice" : "none of them");
        used[(int)x - 1] = true;
        perm[inverse ? (int)x - 1 : k] = inverse ? k : (int)x - 1;
    }
    if (n < nd)
        fail("Octave:invalid-input-arg", "%s: the array has %d dimensions, the permutation names %d", c->fn->name, nd, n);
    return n;
}

BUILTIN(permute, 2, 2, 1, permute_grad,
    "y = permute(x, perm)\n\n"
    "x with its dimensions in another order: dimension k of y is dimension perm(k) of x.\n\n"
    "Example:\n  size(permute(zeros(2, 3, 4), [3 1 2]))\n  ans =\n     4   2   3\n\n"
    "See also: ipermute, squeeze, circshift")
{
    int perm[MAX_DIMS], n = arg_permutation(c, perm, false);
    result(c, 0, permuted(c->arg[0], n, perm));
}

BUILTIN(ipermute, 2, 2, 1, ipermute_grad,
    "y = ipermute(x, perm)\n\n"
    "The inverse of permute: ipermute(permute(x, perm), perm) is x.\n\n"
    "Example:\n  size(ipermute(zeros(4, 2, 3), [3 1 2]))\n  ans =\n     2   3   4\n\n"
    "See also: permute")
{
    int perm[MAX_DIMS], n = arg_permutation(c, perm, true);
    result(c, 0, permuted(c->arg[0], n, perm));
}

BUILTIN(shiftdim, 1, 2, 2, reshape_grad,
    "y = shiftdim(x, n)\n"
    "[y, n] = shiftdim(x)\n\n"
    "x with its dimensions moved n places to the left around; a negative n puts -n dimensions of size 1 in front. "
    "Without n as many as leading dimensions of size 1.\n\n"
    "Example:\n  size(shiftdim(zeros(1, 1, 3)))\n  ans =\n     3   1\n\n"
    "See also: permute, squeeze")
{
    i64 dim[MAX_DIMS], out[MAX_DIMS];
    int nd = arg_shape(c, 0, dim), perm[MAX_DIMS];
    i64 n = 0;
    if (has_arg(c, 1))
        n = arg_int(c, 1, -MAX_DIMS, 1 << 30);
    else
        while (n < nd - 1 && dim[n] == 1)
            n++;
    result_num(c, 1, (double)n);
    if (n < 0) {
        if (nd - n > MAX_DIMS)
            fail("tl:too-many-dimensions", "shiftdim: a tensor has at most %d dimensions", MAX_DIMS);
        for (int k = 0; k < nd - n; k++)
            out[k] = k < -n ? 1 : dim[k + n];
        result(c, 0, reshaped(c->arg[0], (int)(nd - n), out));
        return;
    }
    for (int k = 0; k < nd; k++)
        perm[k] = (int)((k + n) % nd);
    result(c, 0, permuted(c->arg[0], nd, perm));
}

/* ---- turning and shifting */

BUILTIN(flip, 1, 2, 1, flip_grad,
    "y = flip(x)\n"
    "y = flip(x, d)\n\n"
    "x with the order of its elements along dimension d (by default the first longer than 1) reversed.\n\n"
    "Example:\n  flip([1 2 3])\n  ans =\n     3   2   1\n\n"
    "See also: fliplr, flipud, rot90, circshift")
{
    i64 dim[MAX_DIMS];
    arg_shape(c, 0, dim);
    result(c, 0, flipped(c->arg[0], arg_dim(c, 1, default_dim(c->arg[0]) + 1) - 1));
}

BUILTIN(fliplr, 1, 1, 1, fliplr_grad,
    "y = fliplr(x)\n\n"
    "x with its columns in reverse order.\n\n"
    "Example:\n  fliplr([1 2; 3 4])\n  ans =\n     2   1\n     4   3\n\n"
    "See also: flipud, flip, rot90")
{
    i64 dim[MAX_DIMS];
    arg_shape(c, 0, dim);
    result(c, 0, flipped(c->arg[0], 1));
}

BUILTIN(flipud, 1, 1, 1, flipud_grad,
    "y = flipud(x)\n\n"
    "x with its rows in reverse order.\n\n"
    "Example:\n  flipud([1 2; 3 4])\n  ans =\n     3   4\n     1   2\n\n"
    "See also: fliplr, flip, rot90")
{
    i64 dim[MAX_DIMS];
    arg_shape(c, 0, dim);
    result(c, 0, flipped(c->arg[0], 0));
}

BUILTIN(rot90, 1, 2, 1, rot90_grad,
    "y = rot90(x)\n"
    "y = rot90(x, k)\n\n"
    "The matrix x turned k times (by default once) by 90 degrees against the clock; of more dimensions each page.\n\n"
    "Example:\n  rot90([1 2; 3 4])\n  ans =\n     2   4\n     1   3\n\n"
    "See also: fliplr, flipud, permute")
{
    i64 dim[MAX_DIMS];
    int nd = arg_shape(c, 0, dim), turn[MAX_DIMS] = {1, 0};
    for (int d = 2; d < nd; d++)
        turn[d] = d;
    i64 k = has_arg(c, 1) ? arg_int(c, 1, -((i64)1 << 53), (i64)1 << 53) : 1;
    value v = c->arg[0];
    switch ((k % 4 + 4) % 4) {
    case 1: v = flipped(permuted(v, nd, turn), 0); break;
    case 2: v = flipped(flipped(v, 0), 1); break;
    case 3: v = permuted(flipped(v, 0), nd, turn); break;
    }
    result(c, 0, v);
}

BUILTIN(rotdim, 1, 3, 1, grad_form,
    "y = rotdim(x)\n"
    "y = rotdim(x, k, plane)\n\n"
    "x turned k times (by default once) by 90 degrees in the plane of the two dimensions named, by default the first "
    "two longer than 1.\n\n"
    "Example:\n  rotdim([1 2; 3 4])\n  ans =\n     2   4\n     1   3\n\n"
    "See also: rot90, flip, permute")
{
    i64 dim[MAX_DIMS];
    int nd = arg_shape(c, 0, dim), plane[2] = {0, 1}, n = 0, perm[MAX_DIMS];
    i64 k = has_arg(c, 1) && value_numel(c->arg[1]) ? arg_int(c, 1, -((i64)1 << 53), (i64)1 << 53) : 1;
    if (has_arg(c, 2)) {
        struct tensor *p = arg_double(c, 2);
        for (int q = 0; q < 2; q++) {
            double x = p->numel == 2 ? ((double *)p->data)[q] : 0;
            if (!(x >= 1 && x <= nd && x == trunc(x)) || (q && (int)x - 1 == plane[0]))
                fail("Octave:invalid-input-arg", "rotdim: the plane must be two different dimensions of the %dd array", nd);
            plane[q] = (int)x - 1;
        }
    } else {
        for (int d = 0; d < nd && n < 2; d++)
            if (dim[d] > 1)
                plane[n++] = d;
        if (n < 2)
            plane[0] = 0, plane[1] = 1;
    }
    for (int d = 0; d < nd; d++)
        perm[d] = d;
    perm[plane[0]] = plane[1], perm[plane[1]] = plane[0];
    value v = c->arg[0];
    switch ((k % 4 + 4) % 4) {
    case 1: v = flipped(permuted(v, nd, perm), MIN(plane[0], plane[1])); break;
    case 2: v = flipped(flipped(v, plane[0]), plane[1]); break;
    case 3: v = permuted(flipped(v, MIN(plane[0], plane[1])), nd, perm); break;
    }
    result(c, 0, v);
}

BUILTIN(vech, 1, 1, 1, grad_form,
    "v = vech(A)\n\n"
    "The lower triangle of the square matrix A, diagonal included, column by column as one column.\n\n"
    "Example:\n  vech([1 2; 2 3])'\n  ans =\n     1   2   3\n\n"
    "See also: vec, tril")
{
    struct tensor *t = arg_dense(c, 0);
    if (t->nd != 2 || t->dim[0] != t->dim[1])
        fail_arg(c, 0, "a square matrix");
    i64 n = t->dim[0];
    struct tensor *r = tensor_2d(t->dtype, n * (n + 1) / 2, 1);
    size_t size = dtypes[t->dtype].size;
    char *to = r->data;
    for (i64 b = 0; b < n; b++) {
        memcpy(to, t->data + (size_t)(b * (n + 1)) * size, (size_t)(n - b) * size);
        to += (size_t)(n - b) * size;
    }
    result_tensor(c, 0, r);
}

static value shifted(value v, int d, i64 by)
{
    i64 dim[MAX_DIMS];
    if (d >= value_dims(v, dim) || dim[d] < 2)
        return v;
    i64 n = dim[d];
    by = (by % n + n) % n;
    if (!by)
        return v;
    if (is_tensor_like(v) && !value_device(v) && !RECORDING) {                 /* two pieces of memory for each run */
        struct tensor *t = tensor_dense(tensor_of(v)), *y = tensor_new(t->dtype, t->nd, t->dim);
        size_t run = dtypes[t->dtype].size, all;
        for (int k = 0; k < d; k++)
            run *= (size_t)dim[k];
        all = run * (size_t)n;
        size_t first = run * (size_t)by, bytes = (size_t)t->numel * dtypes[t->dtype].size;
        for (size_t at = 0; at < bytes; at += all) {
            memcpy(y->data + at + first, t->data + at, all - first);
            memcpy(y->data + at, t->data + at + all - first, first);
        }
        y->flags |= t->flags & T_DQ;
        return tensor_value(y);
    }
    struct tensor *idx = tensor_2d(D_DOUBLE, 1, n);
    for (i64 k = 0; k < n; k++)
        ((double *)idx->data)[k] = (double)((k + n - by) % n + 1);
    return along(v, d, tensor_box(idx));
}

BUILTIN(circshift, 2, 3, 1, circshift_grad,
    "y = circshift(x, n)\n"
    "y = circshift(x, n, d)\n\n"
    "x with its elements moved n places along dimension d (by default the first longer than 1); what leaves at the end "
    "comes in at the beginning. A vector n moves along dimension 1, 2, ….\n\n"
    "Example:\n  circshift([1 2 3 4], 1)\n  ans =\n     4   1   2   3\n\n"
    "See also: flip, permute, shiftdim")
{
    i64 dim[MAX_DIMS];
    arg_shape(c, 0, dim);
    struct tensor *n = arg_double(c, 1);
    value v = c->arg[0];
    for (i64 k = 0; k < n->numel; k++) {
        double x = ((double *)n->data)[k];
        if (x != trunc(x) || fabs(x) > 0x1p53)
            fail("Octave:invalid-input-arg", "circshift: the shift must be an integer, but is %g", x);
    }
    if (n->numel > 1 && has_arg(c, 2))
        fail("Octave:invalid-input-arg", "circshift: several shifts name their dimensions by their places; a dimension "
                                         "is one too many");
    if (n->numel == 1)
        v = shifted(v, arg_dim(c, 2, default_dim(v) + 1) - 1, (i64) * (double *)n->data);
    else
        for (i64 k = 0; k < n->numel && k < MAX_DIMS; k++)
            v = shifted(v, (int)k, (i64)((double *)n->data)[k]);
    result(c, 0, v);
}

/* ---- repeating */

/* The dense elements in `data` (sizes dim) become times[k] copies along each dimension, in place from the end. */
static void repeat(char *data, size_t size, int nd, const i64 *dim, const i64 *times)
{
    i64 chunk = 1, count = 1;
    for (int k = 0; k < nd; k++)
        count *= dim[k];
    for (int k = 0; k < nd; k++) {
        chunk *= dim[k], count /= dim[k];
        if (times[k] == 1)
            continue;
        size_t bytes = (size_t)chunk * size;
        for (i64 q = count; q-- > 0;) {
            char *from = data + (size_t)q * bytes, *to = data + (size_t)(q * times[k]) * bytes;
            memmove(to, from, bytes);
            for (i64 done = 1; done < times[k]; done *= 2)
                memcpy(to + (size_t)done * bytes, to, (size_t)MIN(done, times[k] - done) * bytes);
        }
        chunk *= times[k];
    }
}

static value repeated(value v, int n, const i64 *times)
{
    i64 dim[MAX_DIMS], out[MAX_DIMS];
    int nd = value_dims(v, dim);
    for (; nd < n; nd++)
        dim[nd] = 1;
    for (int k = 0; k < nd; k++)
        if (__builtin_mul_overflow(dim[k], k < n ? times[k] : 1, &out[k]))
            fail_memory((size_t)1 << 62);
    if (is_tensor_like(v)) {
        struct tensor view, *t = tensor_see(v, &view), *r = tensor_new(t->dtype, nd, out);
        i64 all[MAX_DIMS];
        for (int k = 0; k < nd; k++)
            all[k] = k < n ? times[k] : 1;
        if (r->numel) {
            gather(t, r->data);
            poll();
            repeat(r->data, dtypes[t->dtype].size, nd, dim, all);
        }
        r->flags |= t->flags & T_DQ;
        return tensor_value(r);
    }
    value idx[MAX_DIMS];
    dims_numel(nd, out);
    for (int k = 0; k < nd; k++) {
        struct tensor *x = tensor_2d(D_DOUBLE, 1, out[k]);
        for (i64 i = 0; i < out[k]; i++)
            ((double *)x->data)[i] = (double)(i % dim[k] + 1);
        idx[k] = tensor_box(x);
    }
    return index_paren(v, nd, idx);
}

static void repeat_args(struct call *c, bool square)
{
    i64 times[MAX_DIMS], dim[MAX_DIMS];
    arg_shape(c, 0, dim);
    int n = 0;
    for (int i = 1; i < c->nargin; i++) {
        struct tensor *t = arg_double(c, i);
        i64 m = t->dim[0] > 1 && t->dim[1] > 1 ? t->dim[0]
                                               : t->numel; /* of a matrix the first column counts, as in Octave */
        if (t->nd > 2)
            fail_arg(c, i, "a number or a vector of sizes");
        for (i64 k = 0; k < m; k++) {
            double x = ((double *)t->data)[k];
            if (n == MAX_DIMS)
                fail("tl:too-many-dimensions", "%s: a tensor has at most %d dimensions", c->fn->name, MAX_DIMS);
            if (x != trunc(x) || x > 0x1p53)
                fail("Octave:invalid-input-arg", "%s: how often must be an integer, but is %g", c->fn->name, x);
            times[n++] = x < 0 ? 0 : (i64)x;
        }
    }
    if (n == 0)
        times[0] = 1, n = 1;                      /* [] says nothing: once */
    if (n == 1) {
        times[1] = c->nargin > 2 ? 1 : times[0], n = 2;
        if (!square && c->nargin == 2)
            times[1] = times[0], times[0] = 1;
    }
    result(c, 0, repeated(c->arg[0], n, times));
}

BUILTIN(repmat, 2, ANY, 1, repmat_grad,
    "y = repmat(x, m, n, …)\n"
    "y = repmat(x, m)\n"
    "y = repmat(x, [m n …])\n\n"
    "x put beside itself m times downwards, n times to the right, and so on; m x m times for one number.\n\n"
    "Example:\n  repmat([1 2], 2, 2)\n  ans =\n     1   2   1   2\n     1   2   1   2\n\n"
    "See also: repeatTensor, kron, cat")
{
    repeat_args(c, true);
}

BUILTIN(repeatTensor, 2, ANY, 1, grad_form,
    "y = repeatTensor(x, m, n, …)\n\n"
    "As repmat, but one number n repeats to the right only (a size n means 1 x n, as in view methods).\n\n"
    "Example:\n  repeatTensor([1 2], 3)\n  ans =\n     1   2   1   2   1   2\n\n"
    "See also: repmat")
{
    repeat_args(c, false);
}

/* [f(a(:,1), b(:,1)), f(a(:,2), b(:,2)), …] as an array of size dim; where a or b has one column it stays that. */
static value column_by_column(value f, value a, value b, int nd, const i64 *dim)
{
    value of[2] = { a, b }, index[2][MAX_DIMS];
    i64 count = dims_numel(nd, dim) / dim[0], size[2][MAX_DIMS], at[MAX_DIMS] = { 0 };
    value *column = scratch((size_t)count * sizeof *column);
    int n[2];
    for (int s = 0; s < 2; s++) {
        n[s] = value_dims(of[s], size[s]);
        index[s][0] = colon();
    }
    for (i64 j = 0; j < count; j++) {
        int mark = pool_mark();
        value v[2];
        poll();
        for (int s = 0; s < 2; s++) {
            for (int k = 1; k < n[s]; k++)
                index[s][k] = num(size[s][k] == 1 ? 1 : (double)at[k] + 1);
            v[s] = index_paren(of[s], n[s], index[s]);
        }
        value y = call_function1(f, 2, v);
        i64 got[MAX_DIMS];
        if (!is_tensor_like(y) || value_dims(y, got) != 2 || got[0] != dim[0] || got[1] != 1) {
            char text[160];
            fail("Octave:invalid-fun-call", "bsxfun: the function must return a column of %lld, but returned a %s",
                 (long long)dim[0], value_describe(y, text));
        }
        column[j] = RECORDING ? y : copy(y);
        if (!RECORDING) {
            pool_release(mark);
            keep(column[j]);
        }
        for (int k = 1; k < nd && ++at[k] == dim[k]; k++)
            at[k] = 0;
    }
    return reshaped(cat_dim("bsxfun", 1, (int)count, column), nd, dim);
}

BUILTIN(bsxfun, 3, 3, 1, grad_form,
    "y = bsxfun(f, a, b)\n\n"
    "f(a, b) with dimensions of size 1 repeated so that a and b have one size. Operators and elementwise functions do "
    "that by themselves. A function of one's own is called for each column of the result with the columns of a and b, "
    "or with an element where a or b is a row, and returns that column.\n\n"
    "Example:\n  bsxfun(@plus, [1 2], [1; 2])\n  ans =\n     2   3\n     3   4\n\n"
    "See also: repmat, arrayfun")
{
    i64 a[MAX_DIMS], b[MAX_DIMS], ta[MAX_DIMS], tb[MAX_DIMS];
    char left[128], right[128];
    value f = arg_func(c, 0), v[2];
    int na = arg_shape(c, 1, a), nb = arg_shape(c, 2, b), nd = MAX(na, nb);
    for (int k = 0; k < nd; k++) {
        i64 x = k < na ? a[k] : 1, y = k < nb ? b[k] : 1;
        if (x != y && x != 1 && y != 1)
            fail("Octave:nonconformant-args", "bsxfun: %s and %s do not broadcast", dims_text(na, a, left),
                 dims_text(nb, b, right));
        ta[k] = x == 1 ? y : 1;
        tb[k] = y == 1 ? x : 1;
    }
    if (!hooks()->function_builtin(f)) {
        i64 dim[MAX_DIMS];
        for (int k = 0; k < nd; k++)
            dim[k] = MAX(k < na ? a[k] : 1, k < nb ? b[k] : 1) * (ta[k] && tb[k]);
        if (dims_numel(nd, dim) > 0) {
            result(c, 0, column_by_column(f, c->arg[1], c->arg[2], nd, dim));
            return;
        }
    }
    v[0] = repeated(c->arg[1], nd, ta), v[1] = repeated(c->arg[2], nd, tb);
    result(c, 0, call_function1(f, 2, v));
}

/* ---- other sizes, padded or cut */

/* v cut to, or padded up to, n elements along d; front: at the beginning. */
static value fitted_along(struct call *c, value v, int d, i64 n, value fill, bool front)
{
    i64 dim[MAX_DIMS];
    int nd = value_dims(v, dim);
    for (; nd <= d; nd++)
        dim[nd] = 1;
    i64 have = dim[d];
    if (n <= have)
        return n == have
                   ? v
                   : along(v, d,
                           front ? range_new((double)(have - n + 1), 1, (double)have) : range_new(1, 1, (double)n));
    if (v.kind == K_CELL || v.kind == K_STRUCT)
        fail("Octave:undefined-function", "%s: a cell or struct array cannot be padded with numbers", c->fn->name);
    dim[d] = n;
    struct tensor view, *t = tensor_see(v, &view), *f = tensor_cast(tensor_of(fill), t->dtype),
                        *r = tensor_new(t->dtype, nd, dim);
    size_t size = dtypes[t->dtype].size;
    struct nest all = {.nd = 1, .numel = r->numel, .n = {r->numel}, .stride = {1}}, part;
    nest_fill(&all, r->data, f->data, size);
    struct ix x[MAX_DIMS];
    i64 stride[MAX_DIMS];
    dense_strides(nd, dim, stride);
    dim[d] = have;
    for (int k = 0; k < nd; k++)
        x[k] = (struct ix){.n = dim[k], .step = 1, .first = k == d && front ? n - have : 0};
    nest_of(&part, nd, x, stride);
    nest_write(&part, r->data, tensor_dense(t)->data, size);
    return tensor_value(r);
}

static void pad(struct call *c, bool front)
{
    i64 dim[MAX_DIMS];
    arg_shape(c, 0, dim);
    i64 n = arg_int(c, 1, 0, (i64)1 << 53);
    value fill = has_arg(c, 2) && value_numel(c->arg[2]) ? c->arg[2] : num(0);
    if (!is_tensor_like(fill) || value_numel(fill) != 1)
        fail_arg(c, 2, "a number");
    int d = arg_dim(c, 3, default_dim(c->arg[0]) + 1) - 1;
    if (d >= MAX_DIMS)
        fail("tl:too-many-dimensions", "%s: a tensor has at most %d dimensions", c->fn->name, MAX_DIMS);
    value v = c->arg[0];
    if (is_tensor_like(v) && value_dtype(v) == D_LOGICAL && value_dtype(fill) != D_LOGICAL &&
        n > (d < value_dims(v, dim) ? dim[d] : 1))
        v = tensor_value(tensor_cast(arg_tensor(c, 0), D_DOUBLE));       /* beside a number truth is one */
    result(c, 0, fitted_along(c, v, d, n, fill, front));
}

BUILTIN(postpad, 2, 4, 1, grad_form,
    "y = postpad(x, n)\n"
    "y = postpad(x, n, fill, d)\n\n"
    "x with n elements along dimension d (by default the first longer than 1): padded with fill (by default 0) at the "
    "end, or cut there.\n\n"
    "Example:\n  postpad([1 2], 4)\n  ans =\n     1   2   0   0\n\n"
    "See also: prepad, resize")
{
    pad(c, false);
}

BUILTIN(prepad, 2, 4, 1, grad_form,
    "y = prepad(x, n)\n"
    "y = prepad(x, n, fill, d)\n\n"
    "x with n elements along dimension d (by default the first longer than 1): padded with fill (by default 0) at the "
    "beginning, or cut there.\n\n"
    "Example:\n  prepad([1 2], 4)\n  ans =\n     0   0   1   2\n\n"
    "See also: postpad, resize")
{
    pad(c, true);
}

static void resize_grad(struct call *c)      /* each element goes back to its place, what was lost gets zero */
{
    extern const struct builtin builtin_resize;
    i64 dim[MAX_DIMS];
    int nd = value_dims(c->arg[0], dim);
    result(c, 0, g_call(&builtin_resize, 2, grad_of(c, 0), tensor_box(tensor_of_dims(nd, dim))));
}
BUILTIN(resize, 2, ANY, 1, resize_grad,
    "y = resize(x, m, n, …)\n"
    "y = resize(x, m)\n"
    "y = resize(x, [m n …])\n\n"
    "x with these sizes (m x m for one number): each element stays at its place, new ones are zero (in a cell empty), "
    "others are lost.\n\n"
    "Example:\n  resize([1 2; 3 4], 3, 1)\n  ans =\n     1\n     3\n     0\n\n"
    "See also: reshape, postpad, repmat")
{
    i64 dim[MAX_DIMS], old[MAX_DIMS];
    int nd = arg_dims(c, 1, c->nargin, dim), ond = arg_shape(c, 0, old);
    value v = c->arg[0];
    if (v.kind == K_CELL) {
        struct cell *r = along(v, 0, colon()).cell;
        cell_resize(r, nd, dim);
        result(c, 0, cell_value(r));
        return;
    }
    if (v.kind == K_STRUCT) {
        struct record *r = along(v, 0, colon()).rec;
        record_resize(r, nd, dim);
        result(c, 0, record_value(r));
        return;
    }
    for (int k = 0; k < MAX(nd, ond); k++)
        v = fitted_along(c, v, k, k < nd ? dim[k] : 1, num(0), false);
    result(c, 0, v);
}
