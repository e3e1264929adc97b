/* SPDX-License-Identifier: BSD-3-Clause */
/* place_model.h: the naive model of values and windows for place.c, and the random programs.
 *
 * Every value owns its memory and is copied at once, to the last element.  A window is a reference to the memory of the
 * place it was taken of.  Numbers are doubles whatever the class; `rconv` is what a store of the class does.  Indexing is
 * done element by element, so nothing here resembles lab/'s code but the rules. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { R_NIL, R_TENSOR, R_WINDOW, R_CELL, R_STRUCT };
enum { NFRAME = 4, NVAR = 10, NLOCAL = 4, NKEY = 4, MAXPATH = 4, RDIMS = 6, BIG = 1 };
enum { O_NUM, O_NEW, O_RANGE, O_COPY, O_CELL, O_STRUCT, O_VIEW, O_VIEWTMP, O_SET, O_GET, O_DELETE, O_INPLACE, O_APPEND, O_CLONE, O_DROP, O_SWAP, O_LIST,
       O_FIELDS, O_CALL, O_RETURN, O_COUNT };
enum { V_SELECT, V_NARROW, V_T, V_VIEW, V_EXPAND, V_DIAGONAL, V_STORAGE, V_UNFOLD, V_TRANSPOSE, V_COUNT };
enum { X_ONE, X_COLON, X_TEXT, X_RANGE, X_LIST, X_MASK, X_INT };

struct rmem { int refs, dtype, wins; i64 n; double *d; void *twin; uint64_t stamp; };
struct rval { int kind, nd, nf; i64 dim[RDIMS], stride[RDIMS], off; struct rmem *m; int key[NKEY]; struct rval *v; };
struct rstep { int8_t kind, key, elem; };     /* elem >= 0: x(elem).key of a struct array */
struct path { int frame, var, n; struct rstep st[MAXPATH]; };
struct index { int kind, n, rows, list[12]; };               /* from 0; of a mask its elements */
struct op { int op, a, b, c, dt, n, nd, view; double x; i64 dim[4]; struct index ix[4]; struct path dst, src, src2; };

static struct rval rframes[NFRAME][NVAR];
static int rtop;

/* ---- values */

static i64 rnumel(const struct rval *v)
{
    i64 n = 1;
    for (int k = 0; k < v->nd; k++)
        n *= v->dim[k];
    return n;
}
static int rcount(const struct rval *v) { return (int)rnumel(v) * (v->kind == R_STRUCT ? v->nf : 1); }

static double *rat1(const struct rval *v, i64 i)
{
    i64 o = v->off;
    for (int k = 0; k < v->nd; k++) {
        o += i % v->dim[k] * v->stride[k];
        i /= v->dim[k];
    }
    return v->m->d + o;
}

static void rtrim(struct rval *v)
{
    while (v->nd > 2 && v->dim[v->nd - 1] == 1)
        v->nd--;
}

static void rdense(struct rval *v)
{
    i64 s = 1;
    for (int k = 0; k < v->nd; k++) {
        v->stride[k] = s;
        s *= v->dim[k];
    }
}

static void rdrop(struct rval *v)
{
    if (v->kind >= R_CELL) {
        for (int i = 0; i < rcount(v); i++)
            rdrop(&v->v[i]);
        free(v->v);
    }
    if (v->m && --v->m->refs == 0) {
        free(v->m->d);
        free(v->m);
    }
    *v = (struct rval){0};
}

static struct rval rnew(int dt, int nd, const i64 *dim)
{
    struct rval v = {.kind = R_TENSOR, .nd = nd};
    memcpy(v.dim, dim, sizeof(i64) * (size_t)nd);
    rtrim(&v);
    rdense(&v);
    v.m = calloc(1, sizeof *v.m);
    v.m->refs = 1, v.m->dtype = dt, v.m->n = rnumel(&v);
    v.m->d = calloc((size_t)v.m->n + 1, sizeof(double));
    return v;
}

static struct rval rempty(void)
{
    i64 none[2] = {0, 0};
    return rnew(D_DOUBLE, 2, none);
}

static struct rval rbox(int kind, int nd, const i64 *dim, int nf, const int *key)
{
    struct rval v = {.kind = kind, .nd = nd, .nf = nf};
    memcpy(v.dim, dim, sizeof(i64) * (size_t)nd);
    for (int f = 0; f < nf; f++)
        v.key[f] = key[f];
    rtrim(&v);
    v.v = calloc((size_t)rcount(&v) + 1, sizeof *v.v);
    for (int i = 0; i < rcount(&v); i++)
        v.v[i] = rempty();
    return v;
}

static struct rval rfresh(const struct rval *v)
{
    struct rval t = rnew(v->m->dtype, v->nd, v->dim);
    for (i64 i = 0; i < t.m->n; i++)
        t.m->d[i] = *rat1(v, i);
    return t;
}

static struct rval rcopy(const struct rval *v, bool clone)
{
    struct rval r = *v;
    if (v->kind == R_TENSOR || (v->kind == R_WINDOW && clone))
        return rfresh(v);
    if (v->kind == R_WINDOW)
        v->m->refs++;
    if (v->kind >= R_CELL) {
        r.v = calloc((size_t)rcount(v) + 1, sizeof *r.v);
        for (int i = 0; i < rcount(v); i++)
            r.v[i] = rcopy(&v->v[i], clone);
    }
    return r;
}

static double rconv(int dt, double x)
{
    static const struct { int dt; double lo, hi; } range[] = {{D_INT8, -128, 127}, {D_UINT8, 0, 255}, {D_CHAR, 0, 255}, {D_INT16, -32768, 32767}};
    if (dt == D_LOGICAL)
        return x != 0;
    if (dt == D_SINGLE)
        return (float)x;
    for (size_t k = 0; k < sizeof range / sizeof *range; k++)
        if (dt == range[k].dt)
            return fmin(fmax(round(x), range[k].lo), range[k].hi);
    return x;
}

/* ---- places */

static int rfind(const struct rval *s, struct rstep st)      /* the child's number, or -1 */
{
    if (st.kind == R_CELL)
        return st.key < rnumel(s) ? st.key : -1;
    if (st.elem >= rnumel(s) || (st.elem < 0 && rnumel(s) != 1))
        return -1;
    for (int f = 0; f < s->nf; f++)
        if (s->key[f] == st.key)
            return MAX(st.elem, 0) * s->nf + f;
    return -1;
}

static struct rval *rpeek(const struct path *p)
{
    struct rval *s = &rframes[p->frame][p->var];
    for (int k = 0; k < p->n; k++) {
        if (s->kind != p->st[k].kind)
            return NULL;
        int i = rfind(s, p->st[k]);
        if (i < 0)
            return NULL;
        s = &s->v[i];
    }
    return s->kind == R_NIL ? NULL : s;
}

static bool rblank(const struct rval *s)
{
    return s->kind == R_NIL || ((s->kind == R_TENSOR || s->kind == R_CELL) && rnumel(s) == 0);
}

static bool grown1(const struct rval *s, i64 need, i64 *dim)  /* the size of s when it gets element need (1-based) */
{
    if (s->nd != 2 || (s->dim[0] > 1 && s->dim[1] != 1))
        return false;
    dim[0] = s->dim[0] > 1 ? need : 1;
    dim[1] = s->dim[0] > 1 ? 1 : need;
    return true;
}

static void rresize(struct rval *s, int nd, const i64 *dim)   /* cells and structs: children keep their places */
{
    struct rval r = rbox(s->kind, nd, dim, s->nf, s->key);
    i64 at[RDIMS] = {0};
    int unit = s->kind == R_STRUCT ? s->nf : 1;
    for (i64 e = 0; e < rnumel(s); e++) {
        i64 p = 0, step = 1;
        for (int k = 0; k < nd; k++)
            p += at[k] * step, step *= dim[k];
        for (int f = 0; f < unit; f++) {
            rdrop(&r.v[p * unit + f]);
            r.v[p * unit + f] = s->v[e * unit + f];
        }
        for (int k = 0; k < s->nd && ++at[k] == s->dim[k]; k++)
            at[k] = 0;
    }
    free(s->v);
    *s = r;
}

static void radd_field(struct rval *s, int key)
{
    for (int f = 0; f < s->nf; f++)
        if (s->key[f] == key)
            return;
    struct rval *v = calloc((size_t)(rnumel(s) * (s->nf + 1)) + 1, sizeof *v);
    for (i64 e = 0; e < rnumel(s); e++) {
        for (int f = 0; f < s->nf; f++)
            v[e * (s->nf + 1) + f] = s->v[e * s->nf + f];
        v[e * (s->nf + 1) + s->nf] = rempty();
    }
    free(s->v);
    s->v = v;
    s->key[s->nf++] = key;
}

/* Makes the path exist; NULL if it cannot.  First as a trial (nothing is changed), then really. */
static bool rmade;                            /* the last rreach made the place */
static struct rval *rreach(const struct path *p, bool trial)
{
    static struct rval blank;
    rmade = false;
    struct rval *s = &rframes[p->frame][p->var];
    for (int k = 0; k < p->n; k++) {
        struct rstep st = p->st[k];
        i64 dim[2], one[2] = {1, 1}, none[2] = {0, 0};
        if (s->kind != st.kind) {
            if (!rblank(s) || (s->kind == R_TENSOR && s->m->refs > 1))
                return NULL;
            if (trial) {
                if (s == &blank || s->kind != st.kind)
                    blank = (struct rval){0};
                s = &blank;
                continue;
            }
            rdrop(s);
            *s = rbox(st.kind, 2, st.kind == R_STRUCT && st.elem < 0 ? one : none, 0, NULL);
        }
        if (st.kind == R_STRUCT && st.elem < 0 && rnumel(s) > 1)
            return NULL;
        i64 need = st.kind == R_CELL ? st.key + 1 : MAX(st.elem, 0) + 1;
        if (need > rnumel(s)) {
            if (st.kind == R_STRUCT && st.elem < 0)
                dim[0] = dim[1] = 1;
            else if (!grown1(s, need, dim))
                return NULL;
            if (trial) {
                s = &blank;
                continue;
            }
            rresize(s, 2, dim);
            rmade = true;
        }
        if (st.kind == R_STRUCT) {
            if (trial && rfind(s, st) < 0) {
                s = &blank;
                continue;
            }
            rmade = rmade || rfind(s, st) < 0;
            radd_field(s, st.key);
        }
        s = &s->v[rfind(s, st)];
    }
    return s;
}

static int rstore(const struct path *p, struct rval v)        /* takes v; 1 if it cannot be */
{
    if (!rreach(p, true)) {
        rdrop(&v);
        return 1;
    }
    struct rval *s = rreach(p, false);
    rdrop(s);
    *s = v;
    return 0;
}

/* ---- indices */

struct picked { i64 n, list[4096]; int nd; i64 dim[RDIMS]; i64 most; bool colon; };

static void pick(struct picked *q, const struct index *x, i64 len)
{
    q->n = q->most = 0;
    q->colon = x->kind == X_COLON || x->kind == X_TEXT;
    q->nd = 2;
    if (q->colon) {
        for (i64 i = 0; i < len; i++)
            q->list[q->n++] = i;
        q->dim[0] = len, q->dim[1] = 1;
    } else if (x->kind == X_MASK) {
        for (int i = 0; i < x->n; i++)
            if (x->list[i])
                q->list[q->n++] = i;
        bool row = x->rows == 1, vector = (x->rows == 1) != (x->n == x->rows);
        q->dim[0] = row && vector ? 1 : q->n, q->dim[1] = row && vector ? q->n : 1;
        if (x->n == 1)
            q->dim[0] = q->dim[1] = row && x->n == 1 ? q->n : q->dim[1];
    } else {
        for (int i = 0; i < x->n; i++)
            q->list[q->n++] = x->list[i];
        q->dim[0] = x->rows, q->dim[1] = x->rows ? x->n / x->rows : 0;
    }
    for (i64 i = 0; i < q->n; i++)
        q->most = MAX(q->most, q->list[i] + 1);
}

static void folded(const struct rval *v, int n, i64 *len)
{
    for (int k = 0; k < n; k++)
        len[k] = k < v->nd ? v->dim[k] : 1;
    for (int k = n; k < v->nd; k++)
        len[n - 1] *= v->dim[k];
}

static bool rvector(int nd, const i64 *dim)
{
    int n = 0;
    for (int k = 0; k < nd; k++)
        n += dim[k] != 1;
    return n == 1;
}

static struct picked picks[4];

/* Positions (column-major among sizes len) of the elements that picks select, in order. */
static i64 positions_of(int n, const i64 *len, i64 *to)
{
    i64 total = 1, at[4] = {0};
    for (int k = 0; k < n; k++)
        total *= picks[k].n;
    for (i64 i = 0; i < total; i++) {
        i64 p = 0, step = 1;
        for (int k = 0; k < n; k++)
            p += picks[k].list[at[k]] * step, step *= len[k];
        to[i] = p;
        for (int k = 0; k < n && ++at[k] == picks[k].n; k++)
            at[k] = 0;
    }
    return total;
}

static i64 where[1 << 16];

static int rget(const struct op *o, const struct rval *s, struct rval *out)
{
    i64 len[4], dim[RDIMS];
    int nd = o->n;
    if (s->kind == R_NIL)
        return 1;
    folded(s, o->n, len);
    for (int k = 0; k < o->n; k++) {
        pick(&picks[k], &o->ix[k], len[k]);
        if (picks[k].most > len[k])
            return 1;
        dim[k] = picks[k].n;
    }
    if (o->n == 1) {
        struct picked *q = &picks[0];
        nd = q->nd;
        memcpy(dim, q->dim, sizeof dim);
        if (!q->colon && q->n != 1 && rnumel(s) != 1 && rvector(s->nd, s->dim) && rvector(q->nd, q->dim)) {
            nd = s->nd;
            for (int k = 0; k < nd; k++)
                dim[k] = s->dim[k] == 1 ? 1 : q->n;
        }
    }
    i64 n = positions_of(o->n, len, where);
    if (s->kind == R_CELL || s->kind == R_STRUCT) {
        int unit = s->kind == R_STRUCT ? s->nf : 1;
        *out = rbox(s->kind, nd, dim, s->nf, s->key);
        for (i64 i = 0; i < n; i++)
            for (int f = 0; f < unit; f++) {
                rdrop(&out->v[i * unit + f]);
                out->v[i * unit + f] = rcopy(&s->v[where[i] * unit + f], false);
            }
        return 0;
    }
    *out = rnew(s->m->dtype, nd, dim);
    for (i64 i = 0; i < n; i++)
        out->m->d[i] = *rat1(s, where[i]);
    return 0;
}

static int rclass(int a, int b)               /* of a after a(i) = b; -1: cannot be */
{
    if (a == D_LOGICAL)
        return b == D_CHAR ? -1 : b == D_SINGLE ? D_DOUBLE : a;
    if (a == D_CHAR)
        return b == D_CHAR || b == D_DOUBLE || b == D_LOGICAL ? a : D_DOUBLE;
    return a;
}

static int no_ones(int nd, const i64 *dim, i64 *to)
{
    int n = 0;
    for (int k = 0; k < nd; k++)
        if (dim[k] != 1)
            to[n++] = dim[k];
    return n;
}

/* s(index) = r, s the place's content (NIL: nothing yet), r a number, tensor, window, cell or struct.  Replaces or writes. */
static int rassign(const struct op *o, struct rval *s, const struct rval *r)
{
    bool boxes = r->kind >= R_CELL || s->kind >= R_CELL;
    i64 len[4], dim[RDIMS], one[2] = {1, 1};
    struct rval nothing = {.kind = R_NIL, .nd = 2}, *shape = s->kind == R_NIL ? &nothing : s;
    if (r->kind == R_NIL)
        return 1;
    if (s->kind == R_STRUCT && r->kind != R_STRUCT)
        return 1;
    if ((s->kind == R_TENSOR || s->kind == R_WINDOW) && r->kind >= R_CELL) {
        if (s->kind == R_WINDOW || rnumel(s) || s->m->refs > 1)
            return 1;
        shape = &nothing;
        if (r->kind == R_CELL || r->kind == R_STRUCT)
            shape = s;
    }
    if (r->kind == R_STRUCT && shape == s && s->kind == R_TENSOR)
        shape = &nothing;
    if (r->kind == R_CELL && s->kind == R_TENSOR)
        shape = &nothing;
    bool element = s->kind == R_CELL && r->kind != R_CELL;    /* c(i) = v stores v in each */
    int rnd = element ? 2 : r->nd;
    const i64 *rdim = element ? one : r->dim;
    i64 rn = 1;
    for (int k = 0; k < rnd; k++)
        rn *= rdim[k];
    folded(shape, o->n, len);
    bool none = true, lone = true;
    for (int k = 0; k < shape->nd; k++)
        none = none && shape->dim[k] == 0;
    for (int k = 0; k < o->n; k++) {
        pick(&picks[k], &o->ix[k], len[k]);
        lone = lone && picks[k].colon;
    }
    if (none && o->n > 1) {                   /* colons of nothing take their length from the right */
        i64 d[RDIMS];
        int open = 0, m = rnd, j = 0;
        for (int k = 0; k < o->n; k++)
            open += picks[k].colon || picks[k].n != 1;
        memcpy(d, rdim, sizeof(i64) * (size_t)rnd);
        if (!lone && open != rnd)
            m = no_ones(rnd, rdim, d);
        for (int k = 0; k < o->n; k++) {
            if (picks[k].colon) {
                i64 n = j < m ? d[j] : 1;
                if (lone && k == o->n - 1)
                    for (int l = j + 1; l < m; l++)
                        n *= d[l];
                pick(&picks[k], &o->ix[k], n);
            }
            if (picks[k].colon || (picks[k].n != 1 && open == rnd))
                j++;
        }
    }
    i64 n = 1, l[RDIMS], q[RDIMS];
    bool fits = true;
    for (int k = 0; k < o->n; k++)
        n *= l[k] = picks[k].n;
    if (rn != 1) {
        if (o->n == 1) {
            if (n != rn)
                return 1;
        } else {
            int a = no_ones(o->n, l, l), b = no_ones(rnd, rdim, q);
            fits = a == b && !memcmp(l, q, sizeof(i64) * (size_t)a);
            if (!fits && (n || rn))
                return 1;
        }
    }
    bool grows = false;
    int nd = shape->nd;
    memcpy(dim, shape->dim, sizeof dim);
    if (o->n == 1) {
        if (n && picks[0].most > len[0]) {
            if (!grown1(shape, picks[0].most, dim))
                return 1;
            grows = true;
        }
    } else {
        for (int k = 0; k < o->n; k++)
            grows = grows || (fits && picks[k].most > len[k]);
        if (grows && o->n < shape->nd)
            return 1;
        if (grows) {
            nd = o->n;
            for (int k = 0; k < nd; k++)
                dim[k] = MAX(len[k], picks[k].most);
        }
    }
    if (grows && s->kind == R_WINDOW)
        return 1;
    struct rval sized = {.kind = R_CELL, .nd = nd};
    memcpy(sized.dim, dim, sizeof dim);
    rtrim(&sized);
    folded(&sized, o->n, len);
    positions_of(o->n, len, where);
    if (boxes) {
        int unit = r->kind == R_STRUCT && !element ? r->nf : 1, to[NKEY] = {0};
        bool fresh = s->kind < R_CELL || (s->kind == R_CELL && r->kind == R_STRUCT && !element);
        if (s->kind == R_STRUCT) {
            fresh = rnumel(s) == 0 && s->nf == 0;
            if (!fresh && s->nf != r->nf)
                return 1;
            for (int f = 0; f < r->nf && !fresh; f++) {
                to[f] = -1;
                for (int g = 0; g < s->nf; g++)
                    to[f] = s->key[g] == r->key[f] ? g : to[f];
                if (to[f] < 0)
                    return 1;
            }
        }
        struct rval c = rcopy(r, false);
        if (fresh) {
            rdrop(s);
            *s = rbox(r->kind, nd, dim, r->kind == R_STRUCT ? r->nf : 0, r->key);
            for (int f = 0; f < NKEY; f++)
                to[f] = f;
        } else if (grows) {
            rresize(s, nd, dim);
        }
        for (i64 i = 0; i < n; i++)
            for (int f = 0; f < unit; f++) {
                struct rval *e = &s->v[where[i] * unit + (unit > 1 || s->kind == R_STRUCT ? to[f] : 0)];
                rdrop(e);
                *e = rcopy(element ? &c : &c.v[(rn == 1 ? 0 : i) * unit + f], false);
            }
        rdrop(&c);
        return 0;
    }
    int dt = s->kind == R_NIL ? r->m->dtype : s->kind == R_WINDOW ? s->m->dtype : rclass(s->m->dtype, r->m->dtype);
    if (dt < 0) {
        if (rnumel(s))
            return 1;
        dt = D_CHAR;
    }
    struct rval c = rfresh(r);
    if (s->kind != R_NIL && !grows && dt == s->m->dtype) {
        for (i64 i = 0; i < n; i++)
            *rat1(s, where[i]) = rconv(dt, c.m->d[rn == 1 ? 0 : i]);
    } else if (s->kind == R_NIL || grows || n) {
        struct rval t = rnew(dt, nd, dim);
        i64 at[RDIMS] = {0};
        for (i64 e = 0; s->kind != R_NIL && e < rnumel(s); e++) {
            i64 p = 0, step = 1;
            for (int k = 0; k < nd; k++)
                p += at[k] * step, step *= dim[k];
            t.m->d[p] = rconv(dt, *rat1(s, e));
            for (int k = 0; k < s->nd && ++at[k] == s->dim[k]; k++)
                at[k] = 0;
        }
        for (i64 i = 0; i < n; i++)
            t.m->d[where[i]] = rconv(dt, c.m->d[rn == 1 ? 0 : i]);
        rdrop(s);
        *s = t;
    }
    rdrop(&c);
    return 0;
}

static int rdelete(const struct op *o, struct rval *s)
{
    i64 len[4], dim[RDIMS];
    int d = -1, nd = o->n;
    if (s->kind == R_WINDOW || s->kind == R_NIL)
        return 1;
    folded(s, o->n, len);
    for (int k = 0; k < o->n; k++)
        pick(&picks[k], &o->ix[k], len[k]);
    for (int k = 0; k < o->n; k++)
        if (!picks[k].colon && picks[k].n == 0)
            return 0;
    for (int k = 0; k < o->n; k++)
        if (picks[k].most > len[k])
            return 1;
    int first_open = -1, partial = 0;
    for (int k = 0; k < o->n; k++) {
        bool hit[4096] = {false};
        i64 m = 0;
        for (i64 i = 0; i < picks[k].n; i++)
            m += !hit[picks[k].list[i]], hit[picks[k].list[i]] = true;
        if (m < len[k])
            partial++, d = k;
        if (!picks[k].colon && first_open < 0)
            first_open = k;
    }
    if (partial > 1)
        return 1;
    if (!partial)
        d = first_open < 0 ? 0 : first_open;
    bool gone[4096] = {false};
    for (i64 i = 0; i < picks[d].n; i++)
        gone[picks[d].list[i]] = true;
    i64 m = 0;
    for (i64 i = 0; i < len[d]; i++)
        m += !gone[i];
    memcpy(dim, len, sizeof(i64) * (size_t)o->n);
    dim[d] = m;
    if (o->n == 1) {
        nd = 2;
        const struct index *x = &o->ix[0];    /* a matrix leaves a row where Octave sees that a run went, else a column */
        bool run = x->kind == X_RANGE ? x->n == 1 || x->list[1] - x->list[0] == 1
                   : x->kind == X_MASK ? picks[0].most == picks[0].n && picks[0].n > x->n / 16
                                       : x->n == 1;
        bool row = s->nd == 2 && s->dim[0] == 1;
        bool column = !row && ((s->nd == 2 && s->dim[1] == 1) || !run);
        dim[0] = column ? m : 1, dim[1] = column ? 1 : m;
        if (picks[0].colon)
            dim[0] = dim[1] = 0, m = 0;
    }
    i64 unit = 1, total = rnumel(s);
    for (int k = 0; k < d; k++)
        unit *= len[k];
    if (s->kind == R_TENSOR) {
        struct rval t = rnew(s->m->dtype, nd, dim);
        for (i64 e = 0, i = 0; e < total && m; e++)
            if (!gone[e / unit % len[d]])
                t.m->d[i++] = *rat1(s, e);
        rdrop(s);
        *s = t;
        return 0;
    }
    int fields = s->kind == R_STRUCT ? s->nf : 1;
    struct rval t = rbox(s->kind, nd, dim, s->nf, s->key);
    i64 i = 0;
    for (i64 e = 0; e < total; e++)
        for (int f = 0; f < fields; f++) {
            struct rval *from = &s->v[e * fields + f];
            if (m && !gone[e / unit % len[d]]) {
                rdrop(&t.v[i]);
                t.v[i++] = *from;
            } else {
                rdrop(from);
            }
        }
    free(s->v);
    *s = t;
    return 0;
}

/* ---- views */

static int rview(const struct op *o, const struct rval *s, struct rval *out)
{
    struct rval w = *s;
    int d = o->a - 1;
    i64 n = rnumel(s);
    if (s->kind != R_TENSOR && s->kind != R_WINDOW)
        return 1;
    w.kind = R_WINDOW;
    bool dim_used = o->view == V_SELECT || o->view == V_NARROW || o->view == V_UNFOLD || o->view == V_TRANSPOSE;
    if (dim_used && d >= s->nd)
        return 1;
    switch (o->view) {
    case V_SELECT:
        if (o->b < 1 || o->b > s->dim[d])
            return 1;
        w.off += (o->b - 1) * s->stride[d];
        w.dim[d] = 1;
        if (s->nd > 2) {
            for (int k = d; k < s->nd - 1; k++)
                w.dim[k] = s->dim[k + 1], w.stride[k] = s->stride[k + 1];
            w.nd--;
        }
        break;
    case V_NARROW:
        if (o->b < 1 || o->b > s->dim[d] + 1 || o->c < 0 || o->b + o->c - 1 > s->dim[d])
            return 1;
        w.off += o->c ? (o->b - 1) * s->stride[d] : 0;
        w.dim[d] = o->c;
        break;
    case V_T:
    case V_TRANSPOSE: {
        int a = o->view == V_T ? 0 : d, b = o->view == V_T ? 1 : o->b - 1;
        if (o->view == V_T ? s->nd != 2 : b < 0 || b >= s->nd)
            return 1;
        i64 t = w.dim[a];
        w.dim[a] = w.dim[b], w.dim[b] = t;
        t = w.stride[a], w.stride[a] = w.stride[b], w.stride[b] = t;
        break;
    }
    case V_VIEW: {                            /* a x rest: every element must be where strides put it */
        if (o->a ? n % o->a : n)
            return 1;
        w.nd = 2, w.dim[0] = o->a, w.dim[1] = o->a ? n / o->a : 0;
        w.stride[0] = n && w.dim[0] > 1 ? rat1(s, 1) - rat1(s, 0) : 1;
        w.stride[1] = n && w.dim[1] > 1 ? rat1(s, w.dim[0]) - rat1(s, 0) : w.dim[0];
        for (i64 i = 0; i < n; i++)
            if (rat1(&w, i) != rat1(s, i))
                return 1;
        break;
    }
    case V_EXPAND:
        if (d < s->nd && s->dim[d] != o->b && s->dim[d] != 1)
            return 1;
        if (d < s->nd && s->dim[d] != o->b)
            w.dim[d] = o->b, w.stride[d] = 0;
        break;
    case V_DIAGONAL:
        if (s->nd != 2)
            return 1;
        w.dim[0] = MIN(s->dim[0], s->dim[1]), w.dim[1] = 1;
        w.stride[0] = s->stride[0] + s->stride[1];
        break;
    case V_STORAGE:
        w.off = 0, w.nd = 2, w.dim[0] = 1, w.dim[1] = s->m->n, w.stride[0] = w.stride[1] = 1;
        break;
    case V_UNFOLD:
        if (o->b < 1 || o->b > s->dim[d] || o->c < 1)
            return 1;
        w.dim[s->nd] = o->b, w.stride[s->nd] = s->stride[d];
        w.dim[d] = (s->dim[d] - o->b) / o->c + 1;
        w.stride[d] = s->stride[d] * o->c;
        w.nd++;
        break;
    }
    rtrim(&w);
    w.m->refs++;
    *out = w;
    return 0;
}

static bool twice(const struct rval *w)       /* does the window show an element twice? */
{
    i64 n = rnumel(w);
    for (i64 i = 0; i < n; i++)
        for (i64 k = 0; k < i; k++)
            if (rat1(w, i) == rat1(w, k))
                return true;
    return false;
}

/* ---- one step; 0: done */

static int model(const struct op *o)
{
    struct rval *s = rpeek(&o->src), *s2 = rpeek(&o->src2), v, w;
    static const int xy[2] = {0, 1};
    switch (o->op) {
    case O_NUM:
    case O_NEW: {
        i64 one[2] = {1, 1};
        v = o->op == O_NUM ? rnew(o->dt, 2, one) : rnew(o->dt, o->nd, o->dim);
        for (i64 i = 0; i < v.m->n; i++)
            v.m->d[i] = rconv(o->dt, o->x + (double)i);
        return rstore(&o->dst, v);
    }
    case O_RANGE: {
        i64 dim[2] = {1, o->b + 1};
        v = rnew(D_DOUBLE, 2, dim);
        for (i64 i = 0; i < v.m->n; i++)
            v.m->d[i] = o->x + (double)i * (o->a + 1);
        return rstore(&o->dst, v);
    }
    case O_COPY:
    case O_CLONE:
        return s ? rstore(&o->dst, rcopy(s, o->op == O_CLONE)) : 1;
    case O_CELL:
    case O_STRUCT: {
        i64 dim[2] = {1, o->op == O_CELL ? 2 : 1};
        if (!s || !s2)
            return 1;
        v = rbox(o->op == O_CELL ? R_CELL : R_STRUCT, 2, dim, o->op == O_CELL ? 0 : 2, xy);
        rdrop(&v.v[0]), rdrop(&v.v[1]);
        v.v[0] = rcopy(s, false), v.v[1] = rcopy(s2, false);
        return rstore(&o->dst, v);
    }
    case O_VIEW:
        return !s || rview(o, s, &v) ? 1 : rstore(&o->dst, v);
    case O_VIEWTMP:
        if (!s || s->kind >= R_CELL)
            return 1;
        v = rfresh(s);
        v.kind = R_WINDOW;
        v.nd = 2, v.dim[0] = 1, v.dim[1] = v.m->n;
        rdense(&v);
        return rstore(&o->dst, v);
    case O_SET: {
        i64 one[2] = {1, 1};
        if (o->a && !s)
            return 1;
        if (o->a) {
            v = rcopy(s, false);
        } else {
            v = rnew(o->dt, 2, one);
            *v.m->d = rconv(o->dt, o->x);
        }
        struct rval *d = rreach(&o->dst, true);
        int e = 1;
        if (d) {
            struct rmem *viewed = NULL;
            bool plain = o->dst.n && d->kind == R_TENSOR && d->m->dtype == D_DOUBLE && d->nd == 2 && !d->dim[0] && !d->dim[1] && d->m->refs == 1;
            struct rval trial = d->kind == R_NIL || plain ? (struct rval){0} : rcopy(d, false);
            if (trial.kind == R_WINDOW || trial.kind == R_TENSOR) {   /* a trial must not write: on memory of its own */
                struct rval f = rfresh(&trial);
                f.kind = d->kind;
                rdrop(&trial);
                trial = f;
                if (d->kind == R_TENSOR && d->m->refs > 1)            /* viewed */
                    viewed = trial.m, viewed->refs++;
            }
            e = rassign(o, &trial, &v);
            rdrop(&trial);
            if (viewed) {
                struct rval last = {.kind = R_WINDOW, .m = viewed};
                rdrop(&last);
            }
            if (!e) {
                d = rreach(&o->dst, false);
                if (rmade || plain)           /* a field or element that is [] is as if it were not there */
                    rdrop(d);
                e = rassign(o, d, &v);
            }
        }
        rdrop(&v);
        return e;
    }
    case O_GET:
        return !s || rget(o, s, &v) ? 1 : rstore(&o->dst, v);
    case O_DELETE:
        s = rpeek(&o->dst);
        return s ? rdelete(o, s) : 1;
    case O_INPLACE: {
        struct rval *d = rpeek(&o->dst);
        if (!d || d->kind >= R_CELL || (d->kind == R_WINDOW && twice(d)))
            return 1;
        if (o->a == 3 && (!s || s->kind >= R_CELL))
            return 1;
        v = o->a == 3 ? rfresh(s) : (struct rval){0};
        i64 n = rnumel(d), at[RDIMS] = {0};
        for (int k = 0; o->a == 3 && rnumel(&v) != 1 && k < MAX(v.nd, d->nd); k++) {
            i64 a = k < v.nd ? v.dim[k] : 1, b = k < d->nd ? d->dim[k] : 1;
            if (a != b && (a != 1 || v.nd > d->nd)) {
                rdrop(&v);
                return 1;
            }
        }
        for (i64 i = 0; i < n; i++) {
            double *p = rat1(d, i), y = o->x;
            if (o->a == 3) {
                i64 q = 0, step = 1;
                for (int k = 0; k < v.nd; k++)
                    q += (v.dim[k] == 1 ? 0 : at[k]) * step, step *= v.dim[k];
                y = v.m->d[q];
                for (int k = 0; k < d->nd && ++at[k] == d->dim[k]; k++)
                    at[k] = 0;
            }
            *p = o->a == 2 ? 0 : rconv(d->m->dtype, o->a == 1 ? *p + y : y);
        }
        rdrop(&v);
        return 0;
    }
    case O_APPEND: {
        struct rval *d = rpeek(&o->dst);
        if (!s || !d || s->kind >= R_CELL || d->kind >= R_CELL)
            return 1;
        bool na = d->nd == 2 && !d->dim[0] && !d->dim[1], nb = s->nd == 2 && !s->dim[0] && !s->dim[1], fit = true;
        bool flat = d->nd == 2 && s->nd == 2, ea = flat && d->dim[0] + d->dim[1] == 1, eb = flat && s->dim[0] + s->dim[1] == 1;
        for (int k = 0; k < MAX(s->nd, d->nd); k++)
            fit = fit && (k == 1 || (k < s->nd ? s->dim[k] : 1) == (k < d->nd ? d->dim[k] : 1));
        int dt = promote_cat(d->m->dtype, s->m->dtype);
        i64 dim[RDIMS] = {0}, none[2] = {0, 0};
        v = rfresh(d), w = rfresh(s);
        struct rval r;
        if (na && nb) {
            r = rnew(dt, 2, none);
        } else if (!na && !nb && fit) {
            memcpy(dim, d->dim, sizeof dim);
            for (int k = d->nd; k < RDIMS; k++)
                dim[k] = 1;
            dim[1] = d->dim[1] + s->dim[1];
            r = rnew(dt, MAX(s->nd, d->nd), dim);
            i64 ra = d->dim[0] * d->dim[1], rb = s->dim[0] * s->dim[1], i = 0;
            for (i64 p = 0; r.m->n && i < r.m->n; p++) {
                for (i64 k = 0; k < ra; k++)
                    r.m->d[i++] = rconv(dt, v.m->d[p * ra + k]);
                for (i64 k = 0; k < rb; k++)
                    r.m->d[i++] = rconv(dt, w.m->d[p * rb + k]);
            }
        } else if (na || nb || ea || eb) {
            if (!na && !nb && ea && eb) {
                r = rnew(dt, 2, none);
            } else {
                struct rval *only = na || (ea && !nb) ? &w : &v;
                r = rnew(dt, only->nd, only->dim);
                for (i64 i = 0; i < r.m->n; i++)
                    r.m->d[i] = rconv(dt, only->m->d[i]);
            }
        } else {
            rdrop(&v), rdrop(&w);
            return 1;
        }
        rdrop(&v), rdrop(&w);
        return rstore(&o->dst, r);
    }
    case O_DROP:
        rdrop(&rframes[o->dst.frame][o->dst.var]);
        return 0;
    case O_SWAP:
        if (!s || !s2)
            return 1;
        v = rcopy(s, false), w = rcopy(s2, false);
        rstore(&o->src2, v);
        rstore(&o->src, w);
        return 0;
    case O_LIST:
    case O_FIELDS: {
        if (!s || !s2)
            return 1;
        v = rcopy(s, false), w = rcopy(s2, false);
        struct rval *d = rreach(&o->dst, true);
        i64 none[2] = {0, 0}, dim[2];
        int kind = o->op == O_LIST ? R_CELL : R_STRUCT;
        bool fine = d && (d->kind == kind || (rblank(d) && !(d->kind == R_TENSOR && d->m->refs > 1)));
        if (fine && d->kind == kind && o->a + 2 > rnumel(d))
            fine = grown1(d, o->a + 2, dim);
        if (!fine) {
            rdrop(&v), rdrop(&w);
            return 1;
        }
        d = rreach(&o->dst, false);
        if (d->kind != kind) {
            rdrop(d);
            *d = rbox(kind, 2, none, 0, NULL);
        }
        if (o->a + 2 > rnumel(d)) {
            grown1(d, o->a + 2, dim);
            rresize(d, 2, dim);
        }
        for (int i = 0; i < 2; i++) {
            struct rstep st = {.kind = (int8_t)kind, .key = (int8_t)(o->op == O_LIST ? o->a + i : o->b), .elem = (int8_t)(o->a + i)};
            if (kind == R_STRUCT)
                radd_field(d, o->b);
            int k = rfind(d, st);
            rdrop(&d->v[k]);
            d->v[k] = i ? w : v;
        }
        return 0;
    }
    case O_CALL:
        if (rtop + 1 >= NFRAME || !s || !s2)
            return 1;
        v = rcopy(s, false), w = rcopy(s2, false);
        rtop++;
        rframes[rtop][0] = v, rframes[rtop][1] = w;
        return 0;
    case O_RETURN: {
        struct path p = {.frame = rtop, .var = o->a};
        if (!rtop || !(s = rpeek(&p)))
            return 1;
        if (rstore(&o->dst, rcopy(s, false)))
            return 1;
        for (int i = 0; i < NLOCAL; i++)
            rdrop(&rframes[rtop][i]);
        rtop--;
        return 0;
    }
    }
    return 1;
}

/* ---- random programs */

static uint64_t rstate;
static void rseed(uint64_t seed) { rstate = 88172645463325252u ^ seed * 0x9E3779B97F4A7C15u; }
static int rnd(int n)
{
    rstate ^= rstate << 13, rstate ^= rstate >> 7, rstate ^= rstate << 17;
    return (int)((rstate >> 20) % (uint64_t)n);
}

static void random_path(struct path *p, bool writing)
{
    *p = (struct path){0};
    p->frame = rtop && rnd(100) < 65 ? rtop : 0;
    p->var = rnd(p->frame ? NLOCAL : NVAR);
    for (int tries = 0; !writing && rframes[p->frame][p->var].kind == R_NIL && tries < 6; tries++)
        p->var = rnd(p->frame ? NLOCAL : NVAR);
    struct rval *s = &rframes[p->frame][p->var];
    while (p->n < MAXPATH) {
        struct rstep *st = &p->st[p->n];
        st->elem = -1;
        if (s->kind >= R_CELL && rcount(s) && rnd(100) < 75) {
            int i = rnd(rcount(s));
            st->kind = (int8_t)s->kind;
            st->key = (int8_t)(s->kind == R_CELL ? i : s->key[i % s->nf]);
            if (s->kind == R_STRUCT && (rnumel(s) > 1 || rnd(4) == 0))
                st->elem = (int8_t)(i / s->nf);
            s = &s->v[i];
            p->n++;
        } else if (writing && s->kind >= R_CELL && rnd(100) < 40) {
            st->kind = (int8_t)s->kind;
            st->key = (int8_t)(s->kind == R_CELL ? rnumel(s) + rnd(2) : rnd(NKEY));
            if (s->kind == R_STRUCT && rnd(2))
                st->elem = (int8_t)(rnumel(s) + rnd(2));
            p->n++;
            break;
        } else if (writing && s->kind == R_NIL && rnd(100) < 25) {
            st->kind = rnd(2) ? R_CELL : R_STRUCT;
            st->key = (int8_t)rnd(2);
            if (st->kind == R_STRUCT && rnd(3) == 0)
                st->elem = (int8_t)rnd(3);
            p->n++;
            if (rnd(2))
                break;
        } else {
            break;
        }
    }
    if (rnd(100) < 3 && p->n < MAXPATH)
        p->st[p->n++] = (struct rstep){.kind = rnd(2) ? R_CELL : R_STRUCT, .key = (int8_t)rnd(3), .elem = -1};
}

static void random_index(struct index *x, i64 len)
{
    int most = (int)MIN(MAX(len, 1), 6), far = rnd(12) == 0 ? 2 : 0;
    static const uint8_t kinds[] = {X_ONE, X_ONE, X_ONE, X_ONE, X_COLON, X_COLON, X_TEXT, X_RANGE, X_RANGE, X_LIST, X_LIST, X_MASK, X_INT};
    *x = (struct index){.kind = kinds[rnd(sizeof kinds)], .rows = 1};
    switch (x->kind) {
    case X_ONE:
        x->n = 1;
        x->list[0] = len > 8 && rnd(3) == 0 ? rnd((int)MIN(len, 100)) : rnd(most + far);
        break;
    case X_RANGE: {
        int a = rnd(most + far), b = rnd(most + far), s = rnd(5) ? 1 : 2;
        for (int i = a; a <= b ? i <= b : i >= b; i += a <= b ? s : -s)
            x->list[x->n++] = i;
        break;
    }
    case X_MASK:
        x->n = most + (rnd(9) == 0);
        for (int i = 0; i < x->n; i++)
            x->list[i] = rnd(2);
        x->rows = rnd(3) ? 1 : rnd(2) && x->n % 2 == 0 ? 2 : x->n;
        break;
    case X_LIST:
    case X_INT:
        x->n = rnd(5);
        for (int i = 0; i < x->n; i++)
            x->list[i] = rnd(most + far);
        x->rows = x->n == 0 ? rnd(2) : x->n == 4 && rnd(2) ? 2 : rnd(3) ? 1 : x->n;
        break;
    }
}

static void random_indices(struct op *o, const struct path *p)
{
    struct rval *s = rpeek(p);
    i64 len[4];
    o->n = rnd(3) ? 1 + rnd(2) : 1 + rnd(4);
    if (s)
        folded(s, o->n, len);
    for (int k = 0; k < o->n; k++)
        random_index(&o->ix[k], s ? len[k] : 2);
}

static void random_op(struct op *o, int nodes, int deepest)
{
    static const uint8_t weight[O_COUNT] = {[O_NUM] = 4, [O_NEW] = 9, [O_RANGE] = 2, [O_COPY] = 15, [O_CELL] = 4, [O_STRUCT] = 4, [O_VIEW] = 17, [O_VIEWTMP] = 2,
        [O_SET] = 26, [O_GET] = 9, [O_DELETE] = 5, [O_INPLACE] = 12, [O_APPEND] = 4, [O_CLONE] = 2, [O_DROP] = 5, [O_SWAP] = 3, [O_LIST] = 3, [O_FIELDS] = 3,
        [O_CALL] = 4, [O_RETURN] = 6};
    static const uint8_t classes[] = {D_DOUBLE, D_DOUBLE, D_DOUBLE, D_DOUBLE, D_SINGLE, D_INT8, D_UINT8, D_INT16, D_LOGICAL, D_CHAR};
    int total = 0;
    *o = (struct op){0};
    for (int k = 0; k < O_COUNT; k++)
        total += weight[k];
    for (int k = rnd(total); k >= weight[o->op]; k -= weight[o->op++])
        ;
    random_path(&o->dst, true), random_path(&o->src, false), random_path(&o->src2, false);
    if (rnd(100) < 8)
        o->dst = o->src;                      /* A = A, A = A.select(…), s.x = s, … */
    o->x = rnd(40) - 10 + (rnd(8) ? 0 : 0.5);
    o->dt = classes[rnd(sizeof classes)];
    o->view = rnd(V_COUNT);
    o->a = rnd(4), o->b = rnd(4), o->c = rnd(4);
    if (nodes > 120 || deepest > 4) {
        o->op = rnd(2) ? O_DROP : O_NUM;
        o->dst.n = 0;
    }
    switch (o->op) {
    case O_NEW:
        o->nd = rnd(3) ? 2 : 2 + rnd(3);
        for (int k = 0; k < 4; k++)
            o->dim[k] = rnd(rnd(12) ? 5 : 13);
        for (int k = 2; k < 4; k++)
            o->dim[k] = MIN(o->dim[k], 4);
        if (rnd(3) == 0)
            o->dim[rnd(2)] = 1;
        break;
    case O_VIEW: {
        struct rval *s = rpeek(&o->src);
        for (int t = 0; t < 6 && (!s || s->kind >= R_CELL); t++)
            random_path(&o->src, false), s = rpeek(&o->src);
        o->a = 1 + rnd(3), o->b = 1 + rnd(4);
        if (o->view == V_VIEW)
            o->a = rnd(7);
        if (o->view == V_UNFOLD && s && s->nd > 4)
            o->view = V_STORAGE;
        break;
    }
    case O_SET:
        random_indices(o, &o->dst);
        o->a = rnd(3) == 0;
        break;
    case O_GET:
        random_indices(o, &o->src);
        break;
    case O_DELETE:
        random_indices(o, &o->dst);
        if (o->n > 1)
            for (int k = 0, keep_one = rnd(o->n); k < o->n; k++)
                if (k != keep_one && rnd(8))
                    o->ix[k] = (struct index){.kind = X_COLON};
        break;
    case O_SWAP:
        o->src.n = o->src2.n = 0;
        break;
    case O_APPEND:
        o->dst.n = 0;
        break;
    case O_DROP:
        o->dst.n = 0;
        break;
    case O_LIST:
    case O_FIELDS:
        if (o->dst.n == MAXPATH)
            o->dst.n--;
        break;
    }
}
