/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse_order.c: orders and structure of sparse matrices that need no library: symrcm, etree, sprank. */
#include "sparse.h"

static struct sparse *square(struct call *c)
{
    struct sparse *s = sparse_arg(c, 0);
    if (s->m != s->n)
        fail("Octave:nonconformant-args", "%s: A must be a square matrix\nhint: it is %lldx%lld", c->fn->name,
             (long long)s->m, (long long)s->n);
    return s;
}

static void result_order(struct call *c, int k, const i64 *p, i64 n, i64 add)
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, n);
    for (i64 i = 0; i < n; i++)
        ((double *)t->data)[i] = (double)(p[i] + add);
    result(c, k, tensor_value(t));
}

/* A walk by levels from `from` through what is not placed; the number of levels, and the last one's node of least degree. */
static i64 levels(const struct sparse *s, i64 from, i64 *mark, i64 stamp, i64 *queue, i64 *end)
{
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    i64 n = 0, at = 0, depth = 0, level;
    queue[n++] = from;
    mark[from] = stamp;
    for (; at < n; depth++) {
        level = n;
        *end = queue[at];
        for (; at < level; at++) {
            i64 j = queue[at];
            if (col[j + 1] - col[j] < col[*end + 1] - col[*end])
                *end = j;
            for (i64 k = col[j]; k < col[j + 1]; k++)
                if (mark[row[k]] < stamp && mark[row[k]] >= 0) {
                    mark[row[k]] = stamp;
                    queue[n++] = row[k];
                }
        }
    }
    return depth;
}

BUILTIN(symrcm, 1, 1, 1, grad_zero,
  "p = symrcm(S)\n\n"
  "Reverse Cuthill-McKee order: S(p,p) has its elements near the diagonal. Of S that is not symmetric the pattern of S "
  "+ S' counts.\n\n"
  "Example:\n  S = sparse([1 3 2 4 1 2 3 4], [3 1 4 2 1 2 3 4], 1); p = symrcm(S); [i, j] = find(S(p,p)); max(abs(i - "
  "j))\n  ans = 1\n\n"
  "See also: amd, symamd, colamd")
{
    struct sparse *s = square(c), *t = sparse_turn(s, false);
    value both = ew_apply(EW_or, 2,
                          (value[]){ ew_apply(EW_ne, 2, (value[]){ sparse_value(s), num(0) }),
                                     ew_apply(EW_ne, 2, (value[]){ sparse_value(t), num(0) }) });
    s = sparse_see(both);
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    i64 n = s->n, placed = 0, stamp = 1;
    i64 *order = scratch((size_t)(n + 1) * 8), *mark = scratch((size_t)(n + 1) * 8), *queue = scratch((size_t)(n + 1) * 8);
    memset(mark, 0, (size_t)(n + 1) * 8);
    for (i64 i = 0; i < n; i++) {
        if (mark[i] < 0)
            continue;
        i64 from = i, end, depth = levels(s, from, mark, stamp++, queue, &end), more;
        for (int turn = 0; turn < 8 && (more = levels(s, end, mark, stamp++, queue, &end)) > depth;
             turn++) /* far from the middle */
            depth = more;
        from = end;
        i64 at = placed;
        order[placed++] = from;
        mark[from] = -1;
        for (; at < placed; at++) {
            i64 j = order[at], first = placed;
            poll_each(at);
            for (i64 k = col[j]; k < col[j + 1]; k++)
                if (mark[row[k]] >= 0) {
                    mark[row[k]] = -1;
                    i64 r = row[k], q = placed++;
                    for (; q > first && col[order[q - 1] + 1] - col[order[q - 1]] > col[r + 1] - col[r];
                         q--) /* by degree */
                        order[q] = order[q - 1];
                    order[q] = r;
                }
        }
    }
    for (i64 i = 0; i < n / 2; i++) {
        i64 x = order[i];
        order[i] = order[n - 1 - i];
        order[n - 1 - i] = x;
    }
    result_order(c, 0, order, n, 1);
}

BUILTIN(etree, 1, 2, 2, grad_zero,
  "p = etree(S)\n"
  "p = etree(S, 'col')\n"
  "[p, q] = etree(S)\n\n"
  "Elimination tree of a symmetric S (its upper triangle is read), or with 'col' of S' * S: p(j) is the parent of "
  "column j, 0 at a root; q is a postorder.\n\n"
  "Example:\n  etree(sparse([1 2 3 1 3], [1 2 3 3 1], 1))\n  ans =\n     3   0   0\n\n"
  "See also: chol, symrcm, amd")
{
    static const char *const kinds[] = { "sym", "col", NULL };
    bool cols = has_arg(c, 1) && arg_option(c, 1, kinds) == 1;
    struct sparse *s = cols ? sparse_arg(c, 0) : square(c);
    i64 n = s->n;
    i64 *parent = scratch((size_t)(n + 1) * 8), *above = scratch((size_t)(n + 1) * 8),
        *last = scratch((size_t)(s->m + 1) * 8);
    memset(last, 0xff, (size_t)s->m * 8);
    for (i64 j = 0; j < n; j++) {
        parent[j] = above[j] = -1;
        poll_each(j);
        for (i64 k = sparse_col(s)[j]; k < sparse_col(s)[j + 1]; k++) {
            i64 r = sparse_row(s)[k], i = cols ? last[r] : r;
            for (i64 next; i != -1 && i < j; i = next) {      /* paths are shortened on the way */
                next = above[i];
                above[i] = j;
                if (next == -1)
                    parent[i] = j;
            }
            if (cols)
                last[r] = j;
        }
    }
    result_order(c, 0, parent, n, 1);
    if (!wants(c, 1))
        return;
    i64 *child = scratch((size_t)(n + 1) * 8), *sister = scratch((size_t)(n + 1) * 8),
        *stack = scratch((size_t)(n + 1) * 8), *post = scratch((size_t)(n + 1) * 8), at = 0;
    memset(child, 0xff, (size_t)n * 8);
    for (i64 j = n; j-- > 0;)
        if (parent[j] >= 0) {
            sister[j] = child[parent[j]];
            child[parent[j]] = j;
        }
    for (i64 j = 0; j < n; j++) {
        if (parent[j] >= 0)
            continue;
        i64 top = 0;
        stack[0] = j;
        while (top >= 0) {
            i64 p = stack[top], i = child[p];
            if (i < 0) {
                post[at++] = p;
                top--;
            } else {
                child[p] = sister[i];
                stack[++top] = i;
            }
        }
    }
    result_order(c, 1, post, n, 1);
}

BUILTIN(sprank, 1, 1, 1, grad_zero,
  "k = sprank(S)\n\n"
  "Structural rank: how many elements that are not zero can be chosen with no two in one row or column. rank(S) is not "
  "greater, whatever the values are.\n\n"
  "Example:\n  sprank(sparse([1 1 2], [1 2 1], 1, 3, 3))\n  ans = 2\n\n"
  "See also: rank, etree")
{
    struct sparse *s = sparse_arg(c, 0);
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    i64 n = s->n, found = 0;
    i64 *owner = scratch((size_t)(s->m + 1) * 8), *seen = scratch((size_t)(s->m + 1) * 8),
        *stack = scratch((size_t)(n + 1) * 8), *next = scratch((size_t)(n + 1) * 8);
    i64 *cheap = scratch((size_t)(n + 1) * 8), *through = scratch((size_t)(n + 1) * 8);
    memset(owner, 0xff, (size_t)s->m * 8);
    memset(seen, 0xff, (size_t)s->m * 8);
    memcpy(cheap, col, (size_t)(n + 1) * 8);
    for (i64 j = 0; j < n; j++) {             /* a path from column j to a row that is free, found depth first */
        i64 top = 0, end = -1;
        poll_each(j);
        stack[0] = j;
        next[0] = col[j];
        while (top >= 0 && end < 0) {
            i64 p = stack[top];
            for (; cheap[p] < col[p + 1] && end < 0; cheap[p]++)
                if (owner[row[cheap[p]]] < 0)
                    end = row[cheap[p]];
            if (end >= 0)
                break;
            while (next[top] < col[p + 1] && seen[row[next[top]]] == j)
                next[top]++;
            if (next[top] == col[p + 1]) {
                top--;
                continue;
            }
            i64 r = row[next[top]];
            seen[r] = j;
            through[top] = r;
            stack[++top] = owner[r];
            next[top] = col[owner[r]];
        }
        if (end < 0)
            continue;
        for (i64 r = end; top >= 0; top--) {
            owner[r] = stack[top];
            r = top ? through[top - 1] : 0;
        }
        found++;
    }
    result_num(c, 0, (double)found);
}
