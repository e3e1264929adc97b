/* SPDX-License-Identifier: BSD-3-Clause */
/* Values, copies, windows, indexed writes and in-place methods, by random programs: every step is done by lab/ and by a naive
 * model in which each value owns all its memory and is copied at once (place_model.h); then every variable of every frame is
 * compared, and every count is compared with the references that there are.  In a hostile build (--enable-hard) allocations
 * fail at random: then nothing may have changed.
 *
 *     place [steps [seed]]      runs that many steps instead of the test's number */
#include "config.h"
#include "lab/cat.h"
#include "lab/context.h"
#include "lab/place.h"
#include "lab/plan.h"
#include "place_model.h"
#include "unit.h"
#undef fail                                   /* check.h has a macro of that name */
#include <stdlib.h>

static value frames[NFRAME][NVAR];
static int top;
static sym names[NKEY], method_sym[16];
static uint64_t stamp, step_no;
static struct op last;
static i64 idle;                              /* what lives when all variables are empty */

static void die(const char *why)
{
    fprintf(stderr, "step %lu: %s; op %d a %d b %d c %d x %g dt %d n %d dst f%d v%d n%d src f%d v%d n%d\n", (unsigned long)step_no, why, last.op, last.a,
            last.b, last.c, last.x, last.dt, last.n, last.dst.frame, last.dst.var, last.dst.n, last.src.frame, last.src.var, last.src.n);
    for (int k = 0; k < last.n; k++) {
        fprintf(stderr, "  index %d: kind %d, %d x %d:", k, last.ix[k].kind, last.ix[k].rows, last.ix[k].n / (last.ix[k].rows ? last.ix[k].rows : 1));
        for (int i = 0; i < last.ix[k].n; i++)
            fprintf(stderr, " %d", last.ix[k].list[i]);
        fprintf(stderr, "\n");
    }
    abort();
}

/* ---- the same step with lab/ */

static value index_value(const struct index *x)
{
    struct tensor *t;
    switch (x->kind) {
    case X_COLON: return colon();
    case X_TEXT: return num_of(D_CHAR, ':');
    case X_ONE: return num(x->list[0] + 1);
    case X_RANGE: return range_new(x->list[0] + 1, x->n > 1 ? x->list[1] - x->list[0] : 1, x->list[x->n - 1] + 1);
    case X_MASK:
        t = tensor_2d(D_LOGICAL, x->rows, x->n / x->rows);
        for (int i = 0; i < x->n; i++)
            ((uint8_t *)t->data)[i] = (uint8_t)x->list[i];
        return tensor_box(t);
    case X_INT:
        t = tensor_2d(D_INT8, x->rows, x->rows ? x->n / x->rows : 0);
        for (int i = 0; i < x->n; i++)
            ((int8_t *)t->data)[i] = (int8_t)(x->list[i] + 1);
        return tensor_box(t);
    default:
        t = tensor_2d(D_DOUBLE, x->rows, x->rows ? x->n / x->rows : 0);
        for (int i = 0; i < x->n; i++)
            ((double *)t->data)[i] = x->list[i] + 1;
        return tensor_box(t);
    }
}

static int steps_of(const struct path *p, struct step *s, value *idx)
{
    int n = 0;
    for (int k = 0; k < p->n; k++) {
        if (p->st[k].kind == R_CELL || p->st[k].elem >= 0) {
            idx[k] = num((p->st[k].kind == R_CELL ? p->st[k].key : p->st[k].elem) + 1);
            s[n++] = (struct step){.kind = p->st[k].kind == R_CELL ? STEP_BRACE : STEP_PAREN, .n = 1, .idx = &idx[k]};
        }
        if (p->st[k].kind == R_STRUCT)
            s[n++] = (struct step){.kind = STEP_FIELD, .name = names[p->st[k].key]};
    }
    return n;
}

static value *root(const struct path *p) { return &frames[p->frame][p->var]; }

static value read_place(const struct path *p)
{
    struct step s[2 * MAXPATH];
    value idx[MAXPATH];
    return place_get(root(p), steps_of(p, s, idx), s);
}

static void write_place(const struct path *p, value v)
{
    struct step s[2 * MAXPATH];
    value idx[MAXPATH];
    place_assign(root(p), steps_of(p, s, idx), s, v);
}

static void run(void *arg)
{
    const struct op *o = arg;
    struct step s[2 * MAXPATH + 1];
    value idx[MAXPATH], ix[4], v, w, a[4];
    int n = steps_of(&o->dst, s, idx);
    for (int k = 0; k < o->n; k++)
        ix[k] = index_value(&o->ix[k]);
    switch (o->op) {
    case O_NUM:
        write_place(&o->dst, num_of(o->dt, saturate(o->dt, o->x)));
        break;
    case O_NEW: {
        struct tensor *t = tensor_new(o->dt, o->nd, o->dim);
        for (i64 i = 0; i < t->numel; i++) {
            double x = o->x + (double)i;
            convert_run(o->dt, t->data + i * dtypes[o->dt].size, D_DOUBLE, &x, 1);
        }
        write_place(&o->dst, tensor_value(t));
        break;
    }
    case O_RANGE:
        write_place(&o->dst, range_new(o->x, o->a + 1, o->x + (o->a + 1) * o->b));
        break;
    case O_COPY:
        write_place(&o->dst, read_place(&o->src));
        break;
    case O_CELL: {
        struct cell *c = cell_2d(1, 2);
        cell_set(c, 0, read_place(&o->src));
        cell_set(c, 1, read_place(&o->src2));
        write_place(&o->dst, cell_value(c));
        break;
    }
    case O_STRUCT: {
        struct record *r = record_scalar();
        record_set(r, 0, names[0], read_place(&o->src));
        record_set(r, 0, names[1], read_place(&o->src2));
        write_place(&o->dst, record_value(r));
        break;
    }
    case O_VIEW: {
        int m = steps_of(&o->src, s, idx), na = 0;
        a[0] = num(o->a), a[1] = num(o->b), a[2] = num(o->c);
        switch (o->view) {
        case V_SELECT: na = 2; break;
        case V_NARROW: na = 3; break;
        case V_TRANSPOSE: na = 2; break;
        case V_VIEW: a[1] = num(-1), na = 2; break;
        case V_UNFOLD: na = 3; break;
        case V_EXPAND: {
            v = read_place(&o->src);
            i64 dim[MAX_DIMS];
            int nd = value_dims(v, dim);
            struct tensor *t = tensor_2d(D_DOUBLE, 1, nd);
            for (int k = 0; k < nd; k++)
                ((double *)t->data)[k] = k == o->a - 1 ? o->b : -1;
            a[0] = tensor_box(t), na = 1;
            break;
        }
        }
        write_place(&o->dst, place_view(root(&o->src), m, s, method_sym[o->view], na, a));
        break;
    }
    case O_VIEWTMP:
        v = read_place(&o->src);
        if (!is_tensor_like(v))
            fail("tl:test", "not a tensor");
        a[0] = num(-1);
        w = tensor_value(tensor_clone(tensor_of(v)));
        v = view_method(w, symbol_of("view"), 1, a);
        write_place(&o->dst, v);
        break;
    case O_SET:
        v = o->a ? read_place(&o->src) : num_of(o->dt, saturate(o->dt, o->x));
        s[n] = (struct step){.kind = STEP_PAREN, .n = o->n, .idx = ix};
        if (o->n == 1 && place_set1(root(&o->dst), ix[0], o->dst.n ? nil() : v))     /* as the machine does */
            break;
        if (o->n == 2 && place_set2(root(&o->dst), ix[0], ix[1], o->dst.n ? nil() : v))
            break;
        place_assign(root(&o->dst), n + 1, s, v);
        break;
    case O_GET:
        v = read_place(&o->src);
        if (o->n == 1 && index_get1(v, ix[0], &w))
            v = w;
        else if (o->n == 2 && element2(v, ix[0], ix[1]))
            v = num(*element2(v, ix[0], ix[1]));
        else
            v = index_paren(v, o->n, ix);
        write_place(&o->dst, v);
        break;
    case O_DELETE:
        s[n] = (struct step){.kind = STEP_PAREN, .n = o->n, .idx = ix};
        place_delete(root(&o->dst), n + 1, s);
        break;
    case O_INPLACE:
        a[0] = num(o->x);
        if (o->a == 3)
            a[0] = read_place(&o->src);
        if (o->a == 3 && !is_tensor_like(a[0]))
            fail("tl:test", "not a tensor");
        if (o->a == 1) {                      /* what elementwise programs keep for themselves is not ours */
            i64 fail_at = cx->fail_at, before = cx->live;
            int mark = pool_mark();
            cx->fail_at = 0;
            v = read_place(&o->dst);
            if (is_tensor_like(v))
                ew_apply(EW_plus, 2, (value[]){v, a[0]});
            pool_release(mark);
            idle += cx->live - before;
            cx->fail_at = fail_at;
        }
        place_inplace(root(&o->dst), n, s, symbol_of(o->a == 0 ? "fill_" : o->a == 1 ? "add_" : o->a == 2 ? "zero_" : "copy_"), o->a != 2, a);
        break;
    case O_APPEND: {
        value *slot = root(&o->dst);
        v = read_place(&o->src);
        if (!is_tensor_like(v) || !is_tensor_like(*slot) || v.kind == K_NIL)
            fail("tl:test", "not a tensor");
        if (!cat_append(slot, 1, 1, &v)) {
            a[0] = *slot, a[1] = v;
            write_place(&o->dst, cat_dim(NULL, 1, 2, a));
        }
        break;
    }
    case O_CLONE:
        write_place(&o->dst, clone(read_place(&o->src)));
        break;
    case O_DROP:
        v = *root(&o->dst);
        *root(&o->dst) = nil();
        drop(v);
        break;
    case O_SWAP:
        v = read_place(&o->src), w = read_place(&o->src2);
        v = keep(copy(v)), w = keep(copy(w));
        write_place(&o->src2, v);
        write_place(&o->src, w);
        break;
    case O_LIST: {
        value two[2] = {keep(copy(read_place(&o->src))), keep(copy(read_place(&o->src2)))};
        value range = range_new(o->a + 1, 1, o->a + 2);
        s[n] = (struct step){.kind = STEP_BRACE, .n = 1, .idx = &range};
        place_list_assign(root(&o->dst), n + 1, s, 2, two);
        break;
    }
    case O_FIELDS: {
        value two[2] = {keep(copy(read_place(&o->src))), keep(copy(read_place(&o->src2)))};
        value range = range_new(o->a + 1, 1, o->a + 2);
        s[n] = (struct step){.kind = STEP_PAREN, .n = 1, .idx = &range};
        s[n + 1] = (struct step){.kind = STEP_FIELD, .name = names[o->b]};
        place_list_assign(root(&o->dst), n + 2, s, 2, two);
        break;
    }
    case O_CALL:
        if (top + 1 >= NFRAME)
            fail("tl:test", "too deep");
        v = keep(copy(read_place(&o->src)));
        w = keep(copy(read_place(&o->src2)));
        top++;
        frames[top][0] = copy(v);
        frames[top][1] = copy(w);
        break;
    case O_RETURN: {
        if (!top)
            fail("tl:test", "no call");
        struct path p = {.frame = top, .var = o->a};
        v = keep(copy(read_place(&p)));
        write_place(&o->dst, v);
        for (int i = 0; i < NLOCAL; i++) {
            w = frames[top][i];
            frames[top][i] = nil();
            drop(w);
        }
        top--;
        break;
    }
    }
}

/* ---- comparing */

static void count_windows(struct rval *v)
{
    if (v->kind == R_WINDOW) {
        if (v->m->stamp != stamp)
            v->m->stamp = stamp, v->m->wins = 0, v->m->twin = NULL;
        v->m->wins++;
    }
    for (int i = 0; v->kind >= R_CELL && i < rcount(v); i++)
        count_windows(&v->v[i]);
}

static void pair(struct rmem *m, struct tensor *t)            /* one base, one memory */
{
    static struct { struct tensor *t; struct rmem *m; } seen[256];
    static int n;
    static uint64_t at;
    if (at != stamp)
        n = 0, at = stamp;
    for (int i = 0; i < n; i++)
        if (seen[i].t == t || seen[i].m == m) {
            if (seen[i].t != t || seen[i].m != m)
                die("windows are tied to another memory");
            return;
        }
    if (n < 256)
        seen[n].t = t, seen[n++].m = m;
}

static int nodes, deepest;
static void same(value v, struct rval *r, int depth)
{
    nodes++;
    deepest = MAX(deepest, depth);
    if (r->kind == R_NIL || v.kind == K_NIL) {
        if (r->kind != R_NIL || v.kind != K_NIL)
            die("there or not");
        return;
    }
    i64 dim[MAX_DIMS];
    int nd = value_dims(v, dim);
    if (!dims_equal(nd, dim, r->nd, r->dim))
        die("sizes");
    if (r->kind >= R_CELL) {
        if (v.kind != (r->kind == R_CELL ? K_CELL : K_STRUCT))
            die("kind");
        if (r->kind == R_STRUCT) {
            if (v.rec->f->n != r->nf)
                die("number of fields");
            for (int f = 0; f < r->nf; f++)
                if (v.rec->f->name[f] != names[r->key[f]])
                    die("field");
        }
        value *e = r->kind == R_CELL ? v.cell->v : v.rec->v;
        for (int i = 0; i < rcount(r); i++)
            same(e[i], &r->v[i], depth + 1);
        return;
    }
    if (!is_tensor_like(v) || (v.kind == K_WINDOW) != (r->kind == R_WINDOW))
        die("window or not");
    if (value_dtype(v) != r->m->dtype)
        die("class");
    bool wins = r->m->stamp == stamp && r->m->wins;
    if (r->kind == R_WINDOW)
        pair(r->m, v.w->base);
    else if (wins != (v.kind == K_TENSOR && v.t->h.pins > 0))
        die("isshared");
    else if (wins)
        pair(r->m, v.t);
    i64 n = rnumel(r);
    if (v.kind == K_NUM) {
        if (v.num != *rat1(r, 0))
            die("number");
        return;
    }
    if (v.kind == K_RANGE) {
        for (i64 i = 0; i < n; i++)
            if (range_at(v.range, i) != *rat1(r, i))
                die("range");
        return;
    }
    struct tensor view, *t = tensor_see(v, &view);
    if (t->flags & T_DENSE) {
        i64 st[MAX_DIMS];
        dense_strides(t->nd, t->dim, st);
        for (int k = 0; k < t->nd; k++)
            if (t->dim[k] != 1 && t->stride[k] != st[k] && t->numel)
                die("called dense but is not");
    }
    for (i64 i = 0; i < n; i++)
        if (element_double(t, i) != *rat1(r, i))
            die("element");
}

static void compare(void)
{
    stamp++;
    nodes = deepest = 0;
    if (top != rtop)
        die("frame");
    for (int f = 0; f <= rtop; f++)
        for (int i = 0; i < NVAR; i++)
            count_windows(&rframes[f][i]);
    for (int f = 0; f <= top; f++)
        for (int i = 0; i < NVAR; i++)
            same(frames[f][i], &rframes[f][i], 0);
}

/* ---- every count is the number of references, and nothing lives that is not reached */

struct seen { void *p; uint32_t owners, pins; int kind; };
static struct seen *table;
static int ntable;
static i64 reached;
enum { TABLE = 1 << 14, A_BLOCK = 100, A_FIELDS };

static struct seen *note(void *p, int kind, bool *first)
{
    unsigned h = (unsigned)(((uintptr_t)p >> 6) * 2654435761u) & (TABLE - 1);
    while (table[h].p && table[h].p != p)
        h = (h + 1) & (TABLE - 1);
    *first = !table[h].p;
    if (*first) {
        table[h] = (struct seen){.p = p, .kind = kind};
        reached++;
        if (++ntable > TABLE / 2)
            die("table full");
    }
    return &table[h];
}

static void note_block(struct block *b)
{
    bool first;
    if (!b)
        return;
    note(b, A_BLOCK, &first)->owners++;
    reached += first;                         /* its data */
}

static bool visit(value v)                    /* true when something below is viewed */
{
    bool first, any = false, other;
    if (!is_counted(v))
        return false;
    struct seen *s = note(v.o, v.kind, &first);
    s->owners++;
    switch (v.kind) {
    case K_TENSOR:
        if (first) {
            note_block(v.t->block);
            reached += v.t->dim != v.t->inline_dim;
        }
        return v.t->h.pins > 0;
    case K_WINDOW:
        if (first) {
            struct tensor *t = v.w->base;
            reached += v.w->dim != v.w->inline_dim;
            struct seen *b = note(t, K_TENSOR, &other);
            b->pins++;
            if (other) {
                note_block(t->block);
                reached += t->dim != t->inline_dim;
            }
        }
        return false;
    case K_CELL:
        if (first) {
            reached += (v.cell->cap > 0) + (v.cell->dim != v.cell->inline_dim);
            for (i64 i = 0; i < v.cell->numel; i++)
                any |= visit(v.cell->v[i]);
        }
        break;
    case K_STRUCT:
        if (first) {
            reached += (v.rec->cap > 0) + (v.rec->dim != v.rec->inline_dim);
            note(v.rec->f, A_FIELDS, &other)->owners++;
            for (i64 i = 0; i < v.rec->numel * v.rec->f->n; i++)
                any |= visit(v.rec->v[i]);
        }
        break;
    default:
        return false;
    }
    if (first && any && !v.o->pins)
        die("an unpinned container above a viewed tensor");
    return any || v.o->pins;
}

static void audit(void)
{
    memset(table, 0, sizeof *table * TABLE);
    ntable = 0;
    reached = 0;
    if (cx->npool)
        die("the pool is not empty");
    for (int f = 0; f <= top; f++)
        for (int i = 0; i < NVAR; i++)
            visit(frames[f][i]);
    for (int i = 0; i < TABLE; i++) {
        struct seen *s = &table[i];
        if (!s->p)
            continue;
        if (s->kind == A_BLOCK ? ((struct block *)s->p)->owners != s->owners : s->kind == A_FIELDS ? ((struct fields *)s->p)->owners != s->owners
                                                                                                   : ((struct object *)s->p)->owners != s->owners)
            die("owners");
        if (s->kind == K_TENSOR) {
            struct tensor *t = s->p;
            if (t->h.pins != s->pins)
                die("pins");
            if (t->h.pins && !(t->flags & T_DENSE))
                die("a viewed tensor is not column-major");
        }
        if (s->kind < A_BLOCK && ((struct object *)s->p)->pins && ((struct object *)s->p)->owners > 1)
            die("pinned and shared");
    }
    if (cx->live - idle != reached)
        die("leak");
}

/* ---- */

static void quiet(const char *id, const char *message) { (void)id, (void)message; }

static void play(long steps, uint64_t seed)
{
    struct context *c = context_new(), *before = context_enter(c);
    static const char *const key[NKEY] = {"x", "y", "z", "w"};
    static const char *const method[] = {"select", "narrow", "t", "view", "expand", "diagonal", "storage", "unfold", "transpose"};
    hooks()->warning = quiet;
    table = calloc(TABLE, sizeof *table);
    for (int i = 0; i < NKEY; i++)
        names[i] = symbol_of(key[i]);
    for (int i = 0; i < COUNT(method); i++)
        method_sym[i] = symbol_of(method[i]);
    for (int f = 0; f < NFRAME; f++)
        for (int i = 0; i < NVAR; i++)
            frames[f][i] = nil();
    symbol_of("fill_"), symbol_of("add_"), symbol_of("zero_"), symbol_of("copy_");
    rseed(seed);
    idle = cx->live;
    long good = 0, sum = 0;
    for (step_no = 0; step_no < (uint64_t)steps; step_no++) {
        struct op o;
        random_op(&o, nodes, deepest);
        last = o;
#ifdef TL_HARD
        bool hit = rnd(3) == 0;
        cx->fail_at = hit ? 1 + rnd(12) : 0;
        int failed = protect(run, &o);
        bool memory = hit && cx->fail_at == 0 && failed && !strcmp(failure()->id, "Octave:out-of-memory");
        cx->fail_at = 0;
        pool_release(0);
        if (memory) {
            compare();
            audit();
            continue;
        }
#else
        int failed = protect(run, &o);
        pool_release(0);
#endif
        int wrong = model(&o);
        if (!failed != !wrong) {
            fprintf(stderr, "lab: %s; model: %d\n", failed ? failure()->message : "fine", wrong);
            die("one fails, the other does not");
        }
        good += !failed;
        compare();
        sum += nodes;
        if (step_no % 64 == 0 || step_no < 2000)
            audit();
    }
    compare();
    audit();
    for (int f = 0; f <= top; f++)
        for (int i = 0; i < NVAR; i++) {
            drop(frames[f][i]);
            rdrop(&rframes[f][i]);
            frames[f][i] = nil();
        }
    top = rtop = 0;
    if (cx->live != idle)
        die("something lives on");
    if (getenv("VERBOSE"))
        printf("%ld steps, %ld done, %.1f values looked at in a step\n", steps, good, (double)sum / (double)steps);
    free(table);
    context_enter(before);
    context_free(c);
}

START_TEST(random_programs)
{
    play(250000, (uint64_t)_i + 1);
}
END_TEST

int main(int argc, char **argv)
{
    if (argc > 1) {
        play(atol(argv[1]), argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
        return 0;
    }
    TCase *t = tcase_create("place");
    tcase_add_loop_test(t, random_programs, 0, 4);
    return unit_run("place", t, 300, CK_FORK_GETENV);
}
