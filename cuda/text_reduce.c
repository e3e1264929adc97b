/* SPDX-License-Identifier: BSD-3-Clause */
/* text_reduce.c: programs with a reducer, by the CPU's own tree (lab/ew_run.c), so that both give the same bits.
 *
 * The elements of a call are outer x len x inner, len the dimensions that are joined.
 *     inner 1   up to 256 elements of sums and products one after the other, a thread a column (s); else a warp takes 1024
 *               elements into 64 accumulators, two a lane, and halves them (r); a block joins the partials of a column (t)
 *     inner > 1 runs of 64 rows, then pairwise by run number, a thread a column (q).  A power of two of runs is a subtree of
 *               that, so many threads may share a long column; a second kernel joins what they left (p)
 * The results are dense.  Sums of complex numbers are two sums, extremes of 64-bit integers are taken exactly. */
#include "text.h"

enum { SUM, PROD, MAX, MIN, SUMSQ, COUNT };    /* and the macros with brackets behind them */
enum { IDENTITY_, NONZERO_, UNEQUAL0_ };
enum { NONE_, ANY_, ALL_, MEAN_ };
static const struct { const char *name; uint8_t map, take, after; } reducers[] = {
#define IDENTITY IDENTITY_
#define NONZERO NONZERO_
#define UNEQUAL0 UNEQUAL0_
#define NONE NONE_
#define ANY ANY_
#define ALL ALL_
#define MEAN MEAN_
#define RED(name, map, take, after, da, help) { #name, map, take, after },
#include "lab/reduce.def"
};
const int text_reducers = (int)(sizeof reducers / sizeof *reducers);
enum { IN_ORDER = 256, TREE = 1024, RUN = 64 };

struct spec {
    const struct dev_prog *p;
    char class;                               /* s r t q p */
    uint8_t last;                             /* the result is written, not partials */
    uint8_t width;                            /* r: 2 when pairs of elements can be read at once */
    uint8_t rank[3];                          /* dimensions of inner, len, outer */
    uint8_t take;                             /* COUNT for sums of truth values */
};

/* ---- what is joined, and how */
static bool is_complex(int t) { return t == DEV_C || t == DEV_G; }
static int accumulator(const struct spec *s, int type)
{
    return s->take == COUNT || type == DEV_B ? DEV_D : type;
}

static bool put_joining(struct text *t, const struct spec *s, int type)
{
    int red = s->p->red - 1, acc = accumulator(s, type), after = reducers[red].after, map = reducers[red].map;
    const char *A = type_name[acc], *V = type_name[type], c = acc == DEV_F || acc == DEV_G ? 'f' : 'd';
    const char *one = acc == DEV_F ? "1.0f" : "1.0", *zero = acc == DEV_F ? "0.0f" : "0.0",
               *nan = acc == DEV_F ? "(float)NAN" : "(double)NAN";
    int take = s->take;
    /* the start */
    put(t, "DEV %s start(void) { return ", A);
    if (acc == DEV_L)
        put(t, "w_kind(3, 0)");
    else if (is_complex(acc))
        put(t, "make_%c(%s, 0)", c, take == PROD ? "1" : "0");
    else
        put(t, "%s", take == PROD ? one : take == MAX || take == MIN ? nan : zero);
    put(t, "; }\n\n");
    /* two partial results */
    const char *form = take == PROD  ? (is_complex(acc) ? "z_mul_#(a, b)" : "a * b")
                       : take == MAX ? (acc == DEV_L ? "w_le(b, a) || w_ne(b, b) ? a : b" : "a >= b || b != b ? a : b")
                       : take == MIN ? (acc == DEV_L ? "w_le(a, b) || w_ne(b, b) ? a : b" : "a <= b || b != b ? a : b")
                       : is_complex(acc) ? "z_add_#(a, b)"
                                         : "a + b";
    if ((acc == DEV_L || is_complex(acc)) && ((acc == DEV_L) != (take == MAX || take == MIN)))
        return false;
    struct text line = { 0 };
    for (const char *q = form; *q; q++)
        put_n(&line, *q == '#' ? &c : q, 1);
    put(t, "DEV %s fold(%s a, %s b) { return %s; }\n\n", A, A, A, line.s ? line.s : "");
    t->failed |= line.failed;
    free(line.s);
    /* an element */
    put(t, "DEV %s take(%s a, %s b) { return ", A, A, V);
    if (take == COUNT && map == NONZERO_ && is_complex(type))
        put(t, "(b.x != 0 || b.y != 0) && b.x == b.x && b.y == b.y ? a + 1.0 : a");
    else if (take == COUNT && is_complex(type))
        put(t, "b.x != 0 || b.y != 0 ? a + 1.0 : a");
    else if (take == COUNT && type == DEV_L)
        put(t, "w_ne(b, w_of_i64(0)) ? a + 1.0 : a");
    else if (take == COUNT && map == NONZERO_ && type != DEV_B)
        put(t, "fabs(b) > 0 ? a + 1.0 : a");
    else if (take == COUNT)
        put(t, "b != 0 ? a + 1.0 : a");
    else if (take == SUMSQ && is_complex(acc))
        put(t, "make_%c(a.x + b.x * b.x, a.y + b.y * b.y)", c);
    else if (take == SUMSQ)
        put(t, "a + b * b");
    else
        put(t, type == acc ? "fold(a, b)" : "fold(a, (%s)b)", A);
    put(t, "; }\n\n");
    /* of another lane */
    put(t, "DEV %s other(%s v, int h)\n{\n", A, A);
    if (acc == DEV_L)
        put(t, "    wide r;\n    r.m = SHFL_XOR(v.m, h);\n    r.e = SHFL_XOR(v.e, h);\n    r.s = SHFL_XOR(v.s, h);\n   "
               " r.kind = SHFL_XOR(v.kind, h);\n    return r;\n}\n\n");
    else if (is_complex(acc))
        put(t, "    %s x = SHFL_XOR(v.x, h), y = SHFL_XOR(v.y, h);\n    return make_%c(x, y);\n}\n\n",
            c == 'f' ? "float" : "double", c);
    else
        put(t, "    return SHFL_XOR(v, h);\n}\n\n");
    /* the result */
    if (s->last) {
        int from = acc;
        put(t, "DEV %s after(%s v, i64 n)\n{\n", text_class[s->p->dtype].name, A);
        if (after == MEAN_ && is_complex(acc))
            put(t, "    %s r = z_over_%c(v, (%s)n);\n", A, c, c == 'f' ? "float" : "double");
        else if (after == MEAN_)
            put(t, "    %s r = v / (%s)n;\n", A, A);
        else if (after == ANY_ || after == ALL_) {
            put(t, after == ANY_ ? "    int r = v > 0;\n" : "    int r = v == (double)n;\n");
            from = DEV_B;
        } else if (take == SUMSQ && is_complex(acc)) {
            put(t, "    %s r = v.x + v.y;\n", c == 'f' ? "float" : "double");
            from = c == 'f' ? DEV_F : DEV_D;
        } else
            put(t, "    %s r = v;\n", A);
        put(t, "    return ");
        put_stored(t, "r", from, s->p->dtype, take == MAX || take == MIN);
        put(t, ";\n}\n\n");
    }
    return true;
}

/* ---- where elements lie */
static void put_places(struct text *t, const struct spec *s)  /* members: sizes of the dimensions, strides */
{
    int n = s->rank[0] + s->rank[1] + s->rank[2];
    if (s->class == 't' || s->class == 'p')
        return;
    put(t, "    i64 d[%d];                               /* sizes of the dimensions */\n", MAX(n, 1));
    for (int k = 0; k < s->p->nin; k++)
        put(t, "    i64 s%d[%d];\n", k, MAX(n, 1));
}

/* the offset of operand k at index `name` of a group of dimensions */
static void put_offset(struct text *t, const struct spec *s, int group, const char *name, const char *indent)
{
    int from = 0, r = s->rank[group];
    for (int g = 0; g < group; g++)
        from += s->rank[g];
    if (r > 1) {
        put(t, "%si64 %s_rest = %s;\n", indent, name, name);
        for (int d = 0; d < r; d++)
            if (d + 1 < r)
                put(t, "%si64 %s%d = %s_rest %% A.d[%d]; %s_rest /= A.d[%d];\n", indent, name, d, name, from + d, name,
                    from + d);
            else
                put(t, "%si64 %s%d = %s_rest;\n", indent, name, d, name);
    }
    for (int k = 0; k < s->p->nin; k++) {
        put(t, "%si64 %s_at%d = ", indent, name, k);
        for (int d = 0; d < r; d++)
            if (r > 1)
                put(t, "%s%s%d * A.s%d[%d]", d ? " + " : "", name, d, k, from + d);
            else
                put(t, "%s * A.s%d[%d]", name, k, from);
        put(t, r ? ";\n" : "0;\n");
    }
}

static void put_call(struct text *t, const struct spec *s, const struct function *f, const char *form)   /* % the operand */
{
    put(t, "f(");
    for (int k = 0; k < s->p->nin; k++) {
        put(t, "%s", k ? ", " : "");
        for (const char *c = form; *c; c++)
            if (*c == '%')
                put(t, "%d", k);
            else
                put_n(t, c, 1);
    }
    put(t, "%s)", f->params.s ? f->params.s : "");
}

/* ---- drivers */
static void put_s(struct text *t, const struct spec *s, const struct function *f)
{
    put(t, "    for (i64 o = (i64)blockIdx.x * 256 + threadIdx.x; o < A.outer; o += (i64)gridDim.x * 256) {\n");
    put_offset(t, s, 2, "o", "        ");
    put(t, "        %s v = start();\n        for (i64 k = 0; k < A.len; k++) {\n", type_name[accumulator(s, (int)f->type)]);
    put_offset(t, s, 1, "k", "            ");
    put(t, "            v = take(v, ");
    put_call(t, s, f, "A.x%[o_at% + k_at%]");
    put(t, ");\n        }\n        A.out[o] = after(v, A.len);\n    }\n");
}

static void put_r(struct text *t, const struct spec *s, const struct function *f)
{
    const char *A = type_name[accumulator(s, (int)f->type)];
    put(t, "    int lane = threadIdx.x %% 32;\n"
           "    for (i64 w = (i64)blockIdx.x * 8 + threadIdx.x / 32; w < A.blocks * A.outer; w += (i64)gridDim.x * 8) {\n"
           "        i64 o = w / A.blocks, first = w %% A.blocks * 1024 + 2 * lane;\n");
    put_offset(t, s, 2, "o", "        ");
    put(t, "        %s u = start(), v = start();          /* accumulators 2 * lane and 2 * lane + 1 of 64 */\n", A);
    if (s->width == 2) {
        put(t, "        if (w %% A.blocks * 1024 + 1024 <= A.len)\n            UNROLL for (int j = 0; j < 16; j++) {\n");
        for (int k = 0; k < s->p->nin; k++)
            put(t, "                %s_pair p%d = *(const %s_pair *)(A.x%d + o_at%d + first + 64 * j);\n",
                text_class[s->p->in_dtype[k]].name, k, text_class[s->p->in_dtype[k]].name, k, k);
        put(t, "                u = take(u, ");
        put_call(t, s, f, "p%.x[0]");
        put(t, ");\n                v = take(v, ");
        put_call(t, s, f, "p%.x[1]");
        put(t, ");\n            }\n        else\n");
    }
    const char *in = s->width == 2 ? "    " : "";
    put(t, "%s        for (int j = 0; j < 16; j++)\n%s            for (int e = 0; e < 2; e++) {\n"
           "%s                i64 k = first + 64 * j + e;\n%s                if (k < A.len) {\n", in, in, in, in);
    put_offset(t, s, 1, "k", s->width == 2 ? "                        " : "                    ");
    put(t, "%s                    %s x = ", in, type_name[f->type]);
    put_call(t, s, f, "A.x%[o_at% + k_at%]");
    put(t, ";\n%s                    if (e)\n%s                        v = take(v, x);\n%s                    else\n"
           "%s                        u = take(u, x);\n%s                }\n%s            }\n", in, in, in, in, in, in);
    put(t, "        for (int h = 16; h; h /= 2) {         /* 32 and 32, 16 and 16, … */\n"
           "            %s p = other(u, h), q = other(v, h);\n            u = fold(u, p);\n            v = fold(v, "
           "q);\n        }\n"
           "        if (lane == 0)\n            A.out[w] = %s;\n    }\n", A, s->last ? "after(fold(u, v), A.len)" : "fold(u, v)");
}

static void put_t(struct text *t, const char *A)
{
    put(t, "    int lane = threadIdx.x %% 32;\n"
           "    for (i64 o = blockIdx.x; o < A.outer; o += gridDim.x) {\n"
           "        %s *from = A.part + o * A.blocks, *to = A.more + o * ((A.blocks + 1023) / 1024);\n"
           "        for (i64 n = A.blocks; n > 1; n = (n + 1023) / 1024) {\n"
           "            for (i64 b = threadIdx.x / 32; b * 1024 < n; b += 32) {\n"
           "                %s u = start(), v = start();\n"
           "                for (i64 k = b * 1024 + 2 * lane; k < b * 1024 + 1024; k += 64) {\n"
           "                    if (k < n)\n                        u = fold(u, from[k]);\n"
           "                    if (k + 1 < n)\n                        v = fold(v, from[k + 1]);\n                }\n"
           "                for (int h = 16; h; h /= 2) {\n"
           "                    %s p = other(u, h), q = other(v, h);\n                    u = fold(u, p);\n            "
           "        v = fold(v, q);\n                }\n"
           "                if (lane == 0)\n                    to[b] = fold(u, v);\n            }\n"
           "            SYNC();\n"
           "            %s *was = from;\n            from = to;\n            to = was;\n        }\n"
           "        if (threadIdx.x == 0)\n            A.out[o] = after(from[0], A.len);\n        SYNC();\n    }\n", A, A, A, A);
}

/* A column's runs, or the partials of groups of runs, joined pairwise by their number. */
static void put_q(struct text *t, const struct spec *s, const struct function *f, const char *A)
{
    bool runs = s->class == 'q';
    put(t, "    int first = threadIdx.x & (int)(A.across - 1), down = threadIdx.x / (int)A.across, rows = 256 / "
           "(int)A.across;\n"
           "    for (i64 g = (i64)blockIdx.y * rows + down; g < A.groups * A.outer; g += (i64)gridDim.y * rows) {\n");
    if (runs) {
        put(t, "        i64 o = g / A.groups, from = g %% A.groups * A.group, to = from + A.group < A.len ? from + "
               "A.group : A.len;\n");
        put_offset(t, s, 2, "o", "        ");
    }
    put(t, "        for (i64 i = (i64)blockIdx.x * A.across + first; i < A.inner; i += (i64)gridDim.x * A.across) {\n");
    if (runs)
        put_offset(t, s, 0, "i", "            ");
    put(t, "            %s stack[48];\n            int top = 0;\n", A);
    if (runs) {
        put(t,
            "            for (i64 run = 0, k = from; k < to; run++) {\n                i64 end = k + 64 < to ? k + 64 "
            ": to;\n"
            "                %s v = start();\n                for (; k < end; k++) {\n",
            A);
        put_offset(t, s, 1, "k", "                    ");
        put(t, "                    v = take(v, ");
        put_call(t, s, f, "A.x%[i_at% + k_at% + o_at%]");
        put(t, ");\n                }\n                stack[top++] = v;\n");
    } else {
        put(t, "            for (i64 run = 0; run < A.parts; run++) {\n                stack[top++] = A.part[(g * "
               "A.parts + run) * A.inner + i];\n");
    }
    put(t,
        "                for (i64 b = run; b & 1; b >>= 1, top--)\n                    stack[top - 2] = fold(stack[top "
        "- 2], stack[top - 1]);\n            }\n"
        "            for (; top > 1; top--)\n                stack[top - 2] = fold(stack[top - 2], stack[top - 1]);\n"
        "            A.out[g * A.inner + i] = %s;\n        }\n    }\n",
        s->last ? "after(top ? stack[0] : start(), A.len)" : "top ? stack[0] : start()");
}

static char *spec_text(const struct kernel *k, size_t *len)
{
    const struct spec *s = k->spec;
    const struct dev_prog *p = s->p;
    struct text f_text = { 0 }, t = { 0 };
    struct function f;
    bool parts = s->class == 't' || s->class == 'p', ok = program_function(&f_text, p, -1, &f);
    if (!ok) {
        free(f_text.s);
        free(f.params.s);
        return NULL;
    }
    const char *A = type_name[accumulator(s, (int)f.type)];
    if (s->width == 2)
        for (int i = 0; i < p->nin; i++) {
            bool first = true;
            for (int j = 0; j < i; j++)
                first &= strcmp(text_class[p->in_dtype[j]].name, text_class[p->in_dtype[i]].name) != 0;
            if (first)
                put(&t, "typedef struct ALIGN(%d) { %s x[2]; } %s_pair;\n",
                    MIN(16, 2 * text_class[p->in_dtype[i]].size), text_class[p->in_dtype[i]].name,
                    text_class[p->in_dtype[i]].name);
        }
    put(&t, "typedef struct {\n    %s *out;%s\n", s->last ? text_class[p->dtype].name : A,
        s->last ? "" : "                            /* partial results */");
    if (parts) {
        put(&t, "    %s *part, *more;\n", A);
    } else {
        for (int i = 0; i < p->nin; i++)
            put(&t, "    const %s *x%d;\n", text_class[p->in_dtype[i]].name, i);
        program_members(&t, p, f.trouble);
    }
    put(&t, "    i64 inner, len, outer;\n    i64 blocks;                               /* of 1024 elements in a column */\n"
            "    i64 groups, group, parts, across;         /* parts of a column, elements of one; threads side by side */\n");
    put_places(&t, s);
    put(&t, "} args;\n\n");
    if (!parts)
        put(&t, "%s", f_text.s);
    ok = put_joining(&t, s, (int)f.type);
    put(&t, "KERNEL(%d) tl(const args A)\n{\n", s->class == 't' ? 1024 : 256);
    if (f.trouble && !parts)
        put(&t, "    int bad = 0;\n");
    if (!parts)
        program_numbers(&t, p, "    ");
    switch (s->class) {
    case 's': put_s(&t, s, &f); break;
    case 'r': put_r(&t, s, &f); break;
    case 't': put_t(&t, A); break;
    default: put_q(&t, s, &f, A);
    }
    if (f.trouble && !parts)
        put(&t, "    if (bad)\n        trouble(A.status, bad >> 8, bad & 255, 0, 0, A.tag);\n");
    put(&t, "}\n");
    t.failed |= f_text.failed | f.params.failed | !ok;
    free(f_text.s);
    free(f.params.s);
    if (t.failed) {
        free(t.s);
        return NULL;
    }
    return text_with_words(&t, len);
}

/* ---- launches */
struct shape { int64_t inner, len, outer, groups, group, across; };

static void start(struct kernel *k, const struct spec *s)
{
    key_start(k, "reduction");
    key_program(k, s->p);
    uint8_t key[] = { (uint8_t)s->class, s->last, s->width, s->rank[0], s->rank[1], s->rank[2], s->take };
    key_add(k, key, sizeof key);
    k->text = spec_text;
    k->spec = s;
}
static void finish(struct kernel *k, const struct shape *h, int64_t parts)
{
    int64_t words[] = { h->inner, h->len, h->outer, (h->len + TREE - 1) / TREE, h->groups, h->group, parts, h->across };
    for (int i = 0; i < COUNT(words); i++)
        arg_word(k, words[i]);
}
static unsigned at_most(int64_t need, int64_t most) { return (unsigned)MAX(1, MIN(need, most)); }

int work_reduce(struct work *w, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in,
                const double *num, int tag)
{
    struct layout l;
    struct kernel k;
    struct shape h = { 1, 1, 1, 1, 0, 1 };
    struct spec s = { .p = p, .last = 1, .width = 1 };
    int red = p->red - 1, type = p->ins[p->n - 1].type, group = 0, begin[4] = { 0, -1, -1, -1 };
    if (red >= COUNT(reducers) || !layout_of(&l, out, p->nin, in))
        return DEV_NOT_HERE;
    s.take = reducers[red].take;
    if (type == DEV_B && (s.take == SUM || s.take == SUMSQ))
        s.take = COUNT;
    if ((type == DEV_L && s.take != MAX && s.take != MIN && s.take != COUNT) ||
        (type >= DEV_C && (s.take == MAX || s.take == MIN)))
        return DEV_NOT_HERE;
    int64_t dense = 1, results = 1;
    for (int d = 0; d < l.nd; d++) {          /* inner, then those that are joined, then outer; the result is dense */
        bool joined = l.stride[0][d] == 0;
        int want = joined ? 1 : begin[1] < 0 ? 0 : 2;
        if (want < group || (want == 1 && begin[2] >= 0))
            return DEV_NOT_HERE;
        for (; group < want; group++)
            begin[group + 1] = d;
        if (!joined) {
            if (l.stride[0][d] != dense && l.dim[d] > 1)
                return DEV_NOT_HERE;
            dense *= l.dim[d];
            results *= l.dim[d];
        }
        *(want == 0 ? &h.inner : want == 1 ? &h.len : &h.outer) *= l.dim[d];
    }
    if (!results)
        return DEV_OK;
    for (int g = 1; g < 4; g++)
        if (begin[g] < 0)
            begin[g] = l.nd;
    for (int g = 2; g >= 0; g--) {
        int before = l.nd;
        layout_merge(&l, begin[g], begin[g + 1]);
        s.rank[g] = (uint8_t)(begin[g + 1] - begin[g] - (before - l.nd));
    }
    int64_t most = 8 * (int64_t)w->units, blocks = (h.len + TREE - 1) / TREE;
    int acc = text_class[D_DOUBLE].size;
    acc = type == DEV_F && s.take != COUNT   ? 4
          : type == DEV_L && s.take != COUNT ? 24
          : type == DEV_C && s.take != COUNT ? 16
                                             : acc;
    void *part = NULL, *more = NULL;
    bool pairs = false;
    if (h.inner == 1 && (h.len == 0 || (h.len <= IN_ORDER && s.take != COUNT && s.take != MAX && s.take != MIN))) {
        s.class = 's';
        k.grid[0] = at_most((h.outer + 255) / 256, most);
    } else if (h.inner == 1) {
        s.class = 'r';
        s.last = blocks <= 1;
        pairs = s.rank[1] == 1;
        for (int o = 1; o < l.n; o++) {
            int at = s.rank[0];
            pairs &= l.stride[o][at] == 1 &&
                     (uintptr_t)in[o - 1].p % (uintptr_t)MIN(16, 2 * text_class[p->in_dtype[o - 1]].size) == 0;
            for (int d = 0; d < l.nd; d++)
                pairs &= d == at || l.stride[o][d] % 2 == 0;
        }
        s.width = pairs ? 2 : 1;
    } else {
        s.class = 'q';
        while (h.across < 256 && h.across < h.inner)
            h.across *= 2;
        int64_t threads = h.inner * h.outer, want = 2048 * (int64_t)w->units;
        h.group = MAX(h.len, 1);
        if (threads < want && h.len > 2 * RUN) {          /* many threads share a column: whole powers of two of runs */
            int64_t each = RUN;
            while (each * 2 * want < h.len * threads)
                each *= 2;
            h.group = each;
        }
        h.groups = MAX(1, (h.len + h.group - 1) / h.group);
        s.last = h.groups == 1;
    }
    if (!s.last) {
        int64_t n = s.class == 'r' ? blocks * h.outer : h.groups * h.inner * h.outer;
        part = w->get(w, (size_t)(n * acc));
        if (s.class == 'r')
            more = w->get(w, (size_t)((blocks + TREE - 1) / TREE * h.outer * acc));
        if (!part || (s.class == 'r' && !more))
            return DEV_NO_MEMORY;
    }
    start(&k, &s);
    arg_pointer(&k, s.last ? out->p : part);
    for (int o = 0; o < p->nin; o++)
        arg_pointer(&k, in[o].p);
    for (int i = 0; i < p->nnum; i++)
        arg_double(&k, num[i]);
    if (program_troubles(p)) {
        arg_pointer(&k, w->status);
        arg_word(&k, tag);
    }
    finish(&k, &h, 0);
    for (int d = 0; d < MAX(l.nd, 1); d++)
        arg_word(&k, l.nd ? l.dim[d] : 1);
    for (int o = 1; o < l.n; o++)
        for (int d = 0; d < MAX(l.nd, 1); d++)
            arg_word(&k, l.nd ? l.stride[o][d] : 0);
    if (s.class == 's')
        k.grid[0] = at_most((h.outer + 255) / 256, most);
    else if (s.class == 'r')
        k.grid[0] = at_most((blocks * h.outer + 7) / 8, most);
    else {
        int64_t x = (h.inner + h.across - 1) / h.across, rows = 256 / h.across;
        k.grid[0] = at_most(x, most);
        k.grid[1] = at_most((h.groups * h.outer + rows - 1) / rows, 65535);
    }
    int e = w->launch(w, &k);
    if (e || s.last)
        return e;
    struct spec z = { .p = p, .class = s.class == 'r' ? 't' : 'p', .last = 1, .width = 1, .take = s.take };
    struct shape g = h;
    g.groups = 1;
    start(&k, &z);
    arg_pointer(&k, out->p);
    arg_pointer(&k, part);
    arg_pointer(&k, more);
    finish(&k, &g, h.groups);
    if (z.class == 't') {
        k.block = 1024;
        k.grid[0] = at_most(h.outer, most);
    } else {
        int64_t x = (h.inner + h.across - 1) / h.across, rows = 256 / h.across;
        k.grid[0] = at_most(x, most);
        k.grid[1] = at_most((h.outer + rows - 1) / rows, 65535);
    }
    return w->launch(w, &k);
}
