/* SPDX-License-Identifier: BSD-3-Clause */
/* sparse_index.c: reading, writing, joining and reshaping sparse matrices.
 *
 * Reading goes column by column: all rows are one copy, rising rows a walk beside the column, others go through a table
 * of where each row is wanted.  Writing merges: a column's old entries that are not aimed at, and the new ones; where an
 * index stands twice the last value counts, as in full matrices. */
#include "sparse.h"
#include "aim.h"
#include <complex.h>
#include <math.h>
#include <stdlib.h>

/* ---- gathering entries of a matrix whose number is not known at the start */
struct gather { i64 n, room; i64 *row; char *x; size_t size; };
static void reserve(struct gather *g, i64 more)
{
    if (g->n + more <= g->room)
        return;
    i64 room = MAX(g->n + more, 2 * g->room + 64);
    i64 *row = scratch((size_t)room * sizeof *row);
    char *x = scratch((size_t)room * g->size);
    if (g->n) {
        memcpy(row, g->row, (size_t)g->n * sizeof *row);
        memcpy(x, g->x, (size_t)g->n * g->size);
    }
    g->row = row, g->x = x, g->room = room;
}
static inline void take(struct gather *g, i64 row, const void *x)
{
    reserve(g, 1);
    g->row[g->n] = row;
    memcpy(g->x + (size_t)g->n++ * g->size, x, g->size);
}
static struct sparse *gathered(const struct gather *g, int dtype, i64 m, i64 n, const i64 *col)
{
    struct sparse *s = sparse_new(dtype, m, n, g->n);
    memcpy(sparse_col(s), col, (size_t)(n + 1) * sizeof *col);
    if (g->n) {
        memcpy(sparse_row(s), g->row, (size_t)g->n * sizeof(i64));
        memcpy(sparse_x(s), g->x, (size_t)g->n * g->size);
    }
    return s;
}

struct pair { i64 row, from; };
static int by_row(const void *a, const void *b)
{
    const struct pair *p = a, *q = b;
    return p->row != q->row ? p->row < q->row ? -1 : 1 : p->from < q->from ? -1 : p->from > q->from;
}
static void sort_pairs(struct pair *p, i64 n)
{
    if (n > 24) {
        qsort(p, (size_t)n, sizeof *p, by_row);
        return;
    }
    for (i64 i = 1; i < n; i++) {
        struct pair x = p[i];
        i64 k = i;
        for (; k > 0 && by_row(&p[k - 1], &x) > 0; k--)
            p[k] = p[k - 1];
        p[k] = x;
    }
}

/* ---- reading */
value sparse_rows_cols(struct sparse *s, const i64 *rows, i64 nrows, const i64 *cols, i64 ncols)
{
    i64 m = rows ? nrows : s->m, n = cols ? ncols : s->n;
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    const char *x = sparse_x(s);
    size_t size = sparse_size(s);
    if (!rows) {
        i64 nz = 0;
        for (i64 j = 0; j < n; j++) {
            i64 c = cols ? cols[j] : j;
            nz += col[c + 1] - col[c];
        }
        struct sparse *r = sparse_new(s->dtype, m, n, nz);
        sparse_col(r)[0] = nz = 0;
        for (i64 j = 0; j < n; j++) {
            i64 c = cols ? cols[j] : j, k = col[c + 1] - col[c];
            poll_each(j);
            memcpy(sparse_row(r) + nz, row + col[c], (size_t)k * sizeof(i64));
            memcpy((char *)sparse_x(r) + (size_t)nz * size, x + (size_t)col[c] * size, (size_t)k * size);
            sparse_col(r)[j + 1] = nz += k;
        }
        return sparse_value(sparse_clean(r));
    }
    int mark = pool_mark();
    i64 *to = scratch((size_t)(n + 1) * sizeof *to);
    struct gather g = { .size = size };
    to[0] = 0;
    if (m <= 4) {                             /* a few rows: found by halving */
        for (i64 j = 0; j < n; j++) {
            poll_each(j);
            for (i64 i = 0; i < m; i++) {
                i64 k = sparse_find(s, rows[i], cols ? cols[j] : j);
                if (k >= 0)
                    take(&g, i, x + (size_t)k * size);
            }
            to[j + 1] = g.n;
        }
    } else {
        bool rising = true;
        i64 *first = scratch((size_t)(s->m + 1) * sizeof *first), *next = scratch((size_t)(m + 1) * sizeof *next);
        memset(first, 0xff, (size_t)s->m * sizeof *first);
        for (i64 i = m; i-- > 0;) {           /* chains of the places where a row is wanted, first ones first */
            rising = rising && (i == 0 || rows[i - 1] < rows[i]);
            next[i] = first[rows[i]];
            first[rows[i]] = i;
        }
        struct pair *p = NULL;
        i64 room = 0;
        for (i64 j = 0; j < n; j++) {
            i64 c = cols ? cols[j] : j;
            poll_each(j);
            if (rising) {
                for (i64 k = col[c]; k < col[c + 1]; k++)
                    if (first[row[k]] >= 0)
                        take(&g, first[row[k]], x + (size_t)k * size);
            } else {
                i64 count = 0;
                for (i64 k = col[c]; k < col[c + 1]; k++)
                    for (i64 i = first[row[k]]; i >= 0; i = next[i]) {
                        if (count == room) {
                            struct pair *q = scratch((size_t)(room = 2 * room + 64) * sizeof *q);
                            if (count)
                                memcpy(q, p, (size_t)count * sizeof *q);
                            p = q;
                        }
                        p[count++] = (struct pair){ i, k };
                    }
                sort_pairs(p, count);
                for (i64 i = 0; i < count; i++)
                    take(&g, p[i].row, x + (size_t)p[i].from * size);
            }
            to[j + 1] = g.n;
        }
    }
    value r = copy(sparse_value(sparse_clean(gathered(&g, s->dtype, m, n, to))));
    pool_release(mark);
    return keep(r);
}

value sparse_elements(struct sparse *s, const i64 *at, i64 p, i64 q)
{
    int mark = pool_mark();
    i64 *to = scratch((size_t)(q + 1) * sizeof *to);
    struct gather g = { .size = sparse_size(s) };
    to[0] = 0;
    for (i64 j = 0; j < q; j++) {
        for (i64 i = 0; i < p; i++) {
            i64 a = at[i + j * p], k = sparse_find(s, a % s->m, a / s->m);
            poll_each(i);
            if (k >= 0)
                take(&g, i, (char *)sparse_x(s) + (size_t)k * g.size);
        }
        to[j + 1] = g.n;
    }
    value r = copy(sparse_value(sparse_clean(gathered(&g, s->dtype, p, q, to))));
    pool_release(mark);
    return keep(r);
}

value sparse_reshape(struct sparse *s, i64 m, i64 n)
{
    struct sparse *r = sparse_new(s->dtype, m, n, s->nz);
    const i64 *col = sparse_col(s), *row = sparse_row(s);
    i64 *to = sparse_col(r);
    memset(to, 0, (size_t)(n + 1) * sizeof *to);
    for (i64 j = 0; j < s->n; j++) {
        poll_each(j);
        for (i64 k = col[j]; k < col[j + 1]; k++) {
            i64 at = row[k] + j * s->m;
            sparse_row(r)[k] = at % m;
            to[at / m + 1]++;
        }
    }
    for (i64 j = 0; j < n; j++)
        to[j + 1] += to[j];
    memcpy(sparse_x(r), sparse_x(s), (size_t)s->nz * sparse_size(s));
    return sparse_value(sparse_clean(r));
}

value sparse_mask_positions(value v)
{
    if (v.kind != K_SPARSE)
        return v;
    struct sparse *s = sparse_see(v);
    if (s->dtype != D_LOGICAL)
        return tensor_value(sparse_full(s));
    i64 dim[2] = { s->m == 1 ? 1 : s->nz, s->m == 1 ? s->nz : 1 };
    struct tensor *t = tensor_new(D_DOUBLE, 2, dim);
    for (i64 j = 0; j < s->n; j++)
        for (i64 k = sparse_col(s)[j]; k < sparse_col(s)[j + 1]; k++)
            ((double *)t->data)[k] = (double)(sparse_row(s)[k] + j * s->m + 1);
    return tensor_box(t);
}

static const i64 *listed(const struct ix *x)  /* NULL for a colon */
{
    if (x->colon || x->list)
        return x->list;
    i64 *to = scratch((size_t)(x->n + 1) * sizeof *to);
    for (i64 i = 0; i < x->n; i++)
        to[i] = ix_at(x, i);
    return to;
}

static int two_indices(int n, const value *idx)           /* further ones must say 1 */
{
    for (int k = 2; k < n; k++) {
        struct ix x;
        index_parse(&x, idx[k], 1, k, n);
        if (x.n != 1 || x.extent > 1)
            fail("Octave:index-out-of-bounds", "\1: a sparse matrix has two dimensions, and index %d is not 1", k + 1);
    }
    return MIN(n, 2);
}

value sparse_index(value v, int n, const value *idx)
{
    struct sparse *s = sparse_see(v);
    i64 dim[2] = { s->m, s->n };
    struct ix x[2];
    if (n == 0)
        return v;
    n = two_indices(n, idx);
    if (n == 1) {
        i64 all = s->m * s->n, out[MAX_DIMS];
        index_parse(&x[0], idx[0], all, 0, 1);
        if (x[0].extent > all)
            fail_bound(0, 1, x[0].extent, all, 2, dim);
        if (x[0].colon)
            return all == 0 ? sparse_value(sparse_zeros(s->dtype, 0, 1)) : sparse_reshape(s, all, 1);
        int nd = ix_shape(&x[0], out);
        bool vector = (nd == 2 && (out[0] == 1 || out[1] == 1)) && out[0] * out[1] != 1 && (s->m == 1) != (s->n == 1);
        if (nd > 2)
            fail("Octave:index-out-of-bounds", "\1: a sparse matrix has two dimensions, but the index has %d", nd);
        if (vector) {                         /* a vector read by a vector keeps its direction */
            i64 k = x[0].n;
            out[0] = s->m == 1 ? 1 : k, out[1] = s->m == 1 ? k : 1;
        }
        return sparse_elements(s, listed(&x[0]), out[0], out[1]);
    }
    for (int k = 0; k < 2; k++) {
        index_parse(&x[k], idx[k], dim[k], k, 2);
        if (x[k].extent > dim[k])
            fail_bound(k, 2, x[k].extent, dim[k], 2, dim);
    }
    if (x[0].colon && x[1].colon)
        return v;
    return sparse_rows_cols(s, ix_is_all(&x[0], s->m) ? NULL : listed(&x[0]), x[0].n,
                            ix_is_all(&x[1], s->n) ? NULL : listed(&x[1]), x[1].n);
}

/* ---- writing */
struct put { i64 at, k; };                    /* linear position in the result, number of the value */
static int by_at(const void *a, const void *b)
{
    const struct put *p = a, *q = b;
    return p->at != q->at ? p->at < q->at ? -1 : 1 : p->k < q->k ? -1 : p->k > q->k;
}

static struct sparse *grown(struct sparse *s, i64 m, i64 n)          /* the same entries in a larger matrix */
{
    if (s->m == m && s->n == n)
        return s;
    struct sparse *r = sparse_new(s->dtype, m, n, s->nz);
    memcpy(sparse_col(r), sparse_col(s), (size_t)(s->n + 1) * sizeof(i64));
    for (i64 j = s->n; j < n; j++)
        sparse_col(r)[j + 1] = s->nz;
    memcpy(sparse_row(r), sparse_row(s), (size_t)s->nz * sizeof(i64));
    memcpy(sparse_x(r), sparse_x(s), (size_t)s->nz * sparse_size(s));
    return r;
}

/* One number where an entry stands already, in a matrix that nobody else has. */
static bool write_entry(value *slot, const struct target *g, value rhs)
{
    struct sparse *s = sparse_see(*slot);
    if (g->grows || g->numel != 1 || rhs.tag != 0 || rhs.num == 0 || s->dtype != D_DOUBLE || s->h.owners != 1)
        return false;
    struct tensor *t = s->part[2].t;
    i64 at = g->n == 1 ? ix_at(&g->x[0], 0) : ix_at(&g->x[0], 0) + ix_at(&g->x[1], 0) * s->m,
        k = sparse_find(s, at % s->m, at / s->m);
    if (k < 0 || t->h.owners != 1 || (t->block && t->block->owners != 1))
        return false;
    sparse_d(s)[k] = rhs.num;
    return true;
}

/* The entries of s but those aimed at, with the new ones merged in.  `aimed` and `fresh` are sorted by place; both may be
   one list.  fresh->k: number of the value in x. */
static struct sparse *merged(const struct sparse *s, int dtype, const struct put *aimed, i64 naimed,
                             const struct put *fresh, i64 nfresh, const void *x)
{
    struct sparse *r = sparse_new(dtype, s->m, s->n, s->nz + nfresh);
    size_t size = dtypes[dtype].size;
    i64 at = 0, a = 0, f = 0;
    sparse_col(r)[0] = 0;
    for (i64 j = 0; j < s->n; j++) {
        i64 k = sparse_col(s)[j], end = sparse_col(s)[j + 1], base = j * s->m;
        poll_each(j);
        if (a == naimed && f == nfresh) {     /* the rest stays as it is */
            memcpy(sparse_row(r) + at, sparse_row(s) + k, (size_t)(s->nz - k) * sizeof(i64));
            memcpy((char *)sparse_x(r) + (size_t)at * size, (char *)sparse_x(s) + (size_t)k * size,
                   (size_t)(s->nz - k) * size);
            for (; j < s->n; j++)
                sparse_col(r)[j + 1] = at + sparse_col(s)[j + 1] - k;
            at += s->nz - k;
            break;
        }
        for (;;) {
            i64 old = k < end ? base + sparse_row(s)[k] : INT64_MAX,
                new = f < nfresh &&fresh[f].at < base + s->m ? fresh[f].at : INT64_MAX;
            if (old == INT64_MAX && new == INT64_MAX)
                break;
            while (a < naimed && aimed[a].at < MIN(old, base + s->m))
                a++;
            if (old <= new && a < naimed && aimed[a].at == old) {
                k++;                          /* it gives way */
                continue;
            }
            if (new <= old) {
                sparse_row(r)[at] = new - base;
                memcpy((char *)sparse_x(r) + (size_t)at++ * size, (const char *)x + (size_t)fresh[f++].k * size, size);
            } else {
                sparse_row(r)[at] = old - base;
                memcpy((char *)sparse_x(r) + (size_t)at++ * size, (char *)sparse_x(s) + (size_t)k++ * size, size);
            }
        }
        sparse_col(r)[j + 1] = at;
    }
    struct tensor *keep_row = r->part[1].t, *keep_x = r->part[2].t;       /* fewer than there was room for */
    for (int k = 0; k < 2; k++) {
        struct tensor *t = k ? keep_x : keep_row;
        t->dim[0] = t->numel = at;
        dense_strides(2, t->dim, t->stride);
    }
    r->nz = at;
    return r;
}

void sparse_assign(value *slot, int n, const value *idx, value rhs)
{
    char what[160];
    struct sparse *s = slot->kind == K_NIL
                           ? sparse_zeros(rhs.kind == K_SPARSE ? sparse_see(rhs)->dtype : D_DOUBLE, 0, 0)
                           : sparse_see(*slot);
    i64 dim[2] = { s->m, s->n }, rdim[MAX_DIMS];
    if (rhs.kind != K_SPARSE && (!is_tensor_like(rhs) || dtype_is(value_dtype(rhs), DT_I)))
        fail("Octave:undefined-function", "\2 = …: a sparse matrix cannot take a %s\nhint: full(S) is the full matrix",
             value_describe(rhs, what));
    struct target g;
    n = two_indices(n, idx);
    aim(&g, 2, dim, n, idx, value_dims(rhs, rdim), rdim);
    if (slot->kind != K_NIL && write_entry(slot, &g, rhs))
        return;
    if (!g.grows && g.numel == 0)
        return;
    int rd = rhs.kind == K_SPARSE ? sparse_see(rhs)->dtype : value_dtype(rhs);
    int dt = dtype_is(rd, DT_C) ? D_CDOUBLE : s->dtype;
    s = grown(sparse_cast(s, dt), g.grows ? g.dim[0] : s->m, g.grows ? g.dim[1] : s->n);
    if (n == 2 && rhs.kind == K_SPARSE && g.numel != 1 && ix_is_all(&g.x[0], s->m) && ix_is_all(&g.x[1], s->n)) {
        struct sparse *r = sparse_cast(sparse_see(rhs), dt);
        if (r->m == s->m && r->n == s->n) {
            replace(slot, copy(sparse_value(r)));
            return;
        }
    }
    i64 p = g.n == 1 ? g.numel : g.x[0].n, q = g.n == 1 ? 1 : g.x[1].n;   /* the shape aimed at */
    bool one = value_numel(rhs) == 1;
    struct put *fresh;
    i64 nfresh = 0, naimed = g.numel;
    const void *x;
    struct put *aimed = scratch((size_t)(naimed + 1) * sizeof *aimed);
    for (i64 j = 0, k = 0; j < q; j++)
        for (i64 i = 0; i < p; i++, k++) {
            poll_each(k);
            aimed[k] = (struct put){ g.n == 1 ? ix_at(&g.x[0], i) : ix_at(&g.x[0], i) + ix_at(&g.x[1], j) * s->m, k };
        }
    bool sorted = true;
    for (i64 k = 1; k < naimed && sorted; k++)
        sorted = aimed[k - 1].at < aimed[k].at;
    if (!sorted) {
        qsort(aimed, (size_t)naimed, sizeof *aimed, by_at);
        i64 to = 0;
        for (i64 k = 0; k < naimed; k++)
            if (k + 1 == naimed || aimed[k + 1].at != aimed[k].at)        /* the last one counts */
                aimed[to++] = aimed[k];
        naimed = to;
    }
    if (one || rhs.kind != K_SPARSE) {
        struct tensor *t = tensor_dense(tensor_cast(tensor_of(sparse_full_value(rhs)), dt));
        x = t->data;
        fresh = aimed;
        nfresh = naimed;
        if (one) {
            fresh = scratch((size_t)(naimed + 1) * sizeof *fresh);
            for (i64 k = 0; k < naimed; k++)
                fresh[k] = (struct put){ aimed[k].at, 0 };
        }
    } else {
        struct sparse *r = sparse_cast(sparse_see(rhs), dt);
        i64 *entry = scratch((size_t)(g.numel + 1) * sizeof *entry);      /* of each value aimed at, or -1 */
        memset(entry, 0xff, (size_t)g.numel * sizeof *entry);
        for (i64 j = 0; j < r->n; j++)
            for (i64 k = sparse_col(r)[j]; k < sparse_col(r)[j + 1]; k++)
                entry[sparse_row(r)[k] + j * r->m] = k;
        fresh = scratch((size_t)(naimed + 1) * sizeof *fresh);
        for (i64 k = 0; k < naimed; k++)
            if (entry[aimed[k].k] >= 0)
                fresh[nfresh++] = (struct put){ aimed[k].at, entry[aimed[k].k] };
        x = sparse_x(r);
    }
    struct sparse *r = sparse_clean(sparse_tidy(merged(s, dt, aimed, naimed, fresh, nfresh, x)));
    replace(slot, copy(sparse_value(r)));
}

/* ---- joining */
value sparse_cat(int dim, i64 m, i64 n, int count, const value *v, const bool *takes_part)
{
    int dt = D_LOGICAL;
    i64 nz = 0;
    char what[160];
    struct sparse **s = scratch((size_t)(count + 1) * sizeof *s);
    int parts = 0;
    for (int i = 0; i < count; i++) {
        bool sparse = v[i].kind == K_SPARSE;
        if (!sparse &&
            (!is_tensor_like(v[i]) || dtype_is(value_dtype(v[i]), DT_I) || dtype_real(value_dtype(v[i])) == D_SINGLE))
            fail("Octave:undefined-function",
                 "[…]: a sparse matrix and a %s cannot stand in one array\nhint: full(S) is the full matrix",
                 value_describe(v[i], what));
        int d = sparse ? sparse_see(v[i])->dtype : value_dtype(v[i]);
        if (!takes_part[i] && !sparse)
            continue;                         /* [] says nothing */
        dt = dtype_is(d, DT_C) || dt == D_CDOUBLE ? D_CDOUBLE : d == D_LOGICAL ? dt : D_DOUBLE;
        if (takes_part[i]) {
            s[parts] = sparse_of(v[i]);
            nz += s[parts++]->nz;
        }
    }
    for (int i = 0; i < parts; i++)
        s[i] = sparse_cast(s[i], dt);
    struct sparse *r = sparse_new(dt, m, n, nz);
    size_t size = sparse_size(r);
    i64 at = 0, *col = sparse_col(r), *row = sparse_row(r);
    col[0] = 0;
    if (dim == 1) {
        for (i64 p = 0, j = 0; p < parts; p++) {
            memcpy(row + at, sparse_row(s[p]), (size_t)s[p]->nz * sizeof(i64));
            memcpy((char *)sparse_x(r) + (size_t)at * size, sparse_x(s[p]), (size_t)s[p]->nz * size);
            for (i64 k = 0; k < s[p]->n; k++)
                col[++j] = at + sparse_col(s[p])[k + 1];
            at += s[p]->nz;
        }
        if (!parts)
            memset(col, 0, (size_t)(n + 1) * sizeof *col);
        return sparse_value(sparse_clean(r));
    }
    for (i64 j = 0; j < n; j++) {
        poll_each(j);
        for (i64 p = 0, below = 0; p < parts; below += s[p++]->m) {
            i64 from = sparse_col(s[p])[j], to = sparse_col(s[p])[j + 1];
            for (i64 k = from; k < to; k++)
                row[at + k - from] = sparse_row(s[p])[k] + below;
            memcpy((char *)sparse_x(r) + (size_t)at * size, (char *)sparse_x(s[p]) + (size_t)from * size,
                   (size_t)(to - from) * size);
            at += to - from;
        }
        col[j + 1] = at;
    }
    return sparse_value(sparse_clean(r));
}
