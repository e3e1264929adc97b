/* SPDX-License-Identifier: BSD-3-Clause */
/* text_program.c: elementwise programs as kernels.
 *
 * A text has three parts: the words it needs, `f`, which is one element with a line per instruction, and a driver for the
 * way the operands lie:
 *     c   all dense (or one number): 16-byte accesses, two vectors in flight
 *     b   the inner dimension dense or one number for each operand; rows by their number; vectors where sizes allow
 *     g   any strides below 2^31 elements, indices by multiplication with magic numbers; G the same with 64-bit division
 * Numbers of the call are arguments, so a new value is no new text.  What may have trouble carries `bad`, which is written
 * to the status word once at the end. */
#include "text.h"

/* ---- layout */
static bool dim_of(const struct dev_arg *a, int d, int64_t n, int64_t *stride)
{
    int64_t m = d < a->nd ? a->dim[d] : 1;
    *stride = m == 1 ? 0 : a->stride[d];
    return m == n || m == 1;
}

/* All over the largest size of each dimension; those of size 1 go, the others stand by the result's strides, merged. */
bool layout_of(struct layout *l, const struct dev_arg *out, int n, const struct dev_arg *in)
{
    int nd = out->nd;
    l->n = n + 1;
    l->nd = 0;
    l->numel = 1;
    for (int k = 0; k < n; k++)
        nd = MAX(nd, in[k].nd);
    if (nd > DEV_DIMS)
        return false;
    for (int d = 0; d < nd; d++) {
        int64_t size = d < out->nd ? out->dim[d] : 1;
        for (int k = 0; k < n; k++)
            if (d < in[k].nd && in[k].dim[d] != 1)
                size = in[k].dim[d];
        l->numel *= size;
        if (size == 1)
            continue;
        int at = l->nd++;
        l->dim[at] = size;
        if (!dim_of(out, d, size, &l->stride[0][at]))
            return false;
        for (int k = 0; k < n; k++)
            if (!dim_of(&in[k], d, size, &l->stride[k + 1][at]))
                return false;
    }
    return true;
}

static void sort_dims(struct layout *l)       /* by the result's strides; the order of elements does not matter */
{
    for (int i = 1; i < l->nd; i++)
        for (int k = i; k > 0 && llabs(l->stride[0][k]) < llabs(l->stride[0][k - 1]); k--) {
            int64_t t = l->dim[k];
            l->dim[k] = l->dim[k - 1];
            l->dim[k - 1] = t;
            for (int o = 0; o < l->n; o++) {
                t = l->stride[o][k];
                l->stride[o][k] = l->stride[o][k - 1];
                l->stride[o][k - 1] = t;
            }
        }
}

void layout_merge(struct layout *l, int from,
                  int to) /* dimensions from … to - 1 as far as they go; those behind move up */
{
    int at = from, end = l->nd;
    for (int d = from + 1; d < end; d++) {
        bool join = d < to;
        for (int o = 0; join && o < l->n; o++)
            join = l->stride[o][d] == l->stride[o][at] * l->dim[at];
        if (join) {
            l->dim[at] *= l->dim[d];
            continue;
        }
        at++;
        l->dim[at] = l->dim[d];
        for (int o = 0; o < l->n; o++)
            l->stride[o][at] = l->stride[o][d];
    }
    if (end > from)
        l->nd = at + 1;
}

/* ---- keys */
static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}
void key_add(struct kernel *k, const void *p, size_t n)
{
    const unsigned char *s = p;
    for (; n; ) {
        uint64_t x = 0;
        size_t m = MIN(n, 8);
        memcpy(&x, s, m);
        k->key[0] = mix(k->key[0], x);
        k->key[1] = mix(k->key[1] + x, ~k->key[0]);
        s += m;
        n -= m;
    }
}
void key_start(struct kernel *k, const char *name)
{
    k->key[0] = 1;
    k->key[1] = 2;
    k->name = name;
    k->words = 0;
    k->grid[0] = k->grid[1] = k->grid[2] = 1;
    k->block = 256;
    key_add(k, name, strlen(name));
}
void key_program(struct kernel *k, const struct dev_prog *p)
{
    int head[4] = { p->n, p->nin, p->nnum, p->dtype | p->red << 8 };
    key_add(k, head, sizeof head);
    key_add(k, p->in_dtype, (size_t)MIN(p->nin, DEV_ARGS));
    for (int i = 0; i < p->n; i++) {
        const struct dev_ins *z = &p->ins[i];
        uint64_t x = z->what | (uint64_t)z->type << 8 | (uint64_t)z->dtype << 16 | (uint64_t)z->op << 24 |
                     (uint64_t)(uint16_t)z->a << 32 | (uint64_t)(uint16_t)z->b << 48;
        key_add(k, &x, 8);
    }
    for (int o = 0; o < p->more; o++)
        key_add(k, (int[]){ p->also[o].ins, p->also[o].dtype }, 2 * sizeof(int));
}

/* ---- one element */
static bool is_complex(int t) { return t == DEV_C || t == DEV_G; }

/* s of type `from` as type `to` */
static void put_turned(struct text *t, const char *s, int from, int to)
{
    if (from == to)
        put(t, "%s", s);
    else if (to == DEV_L)
        put(t, "w_of_d((double)%s)", s);
    else if (from == DEV_L && to == DEV_B)
        put(t, "w_to_d(%s) != 0.0", s);
    else if (from == DEV_L)
        put(t, is_complex(to) ? "make_%c((%s)w_to_d(%s), 0)" : "%c(%s)w_to_d(%s)",
            to == DEV_C   ? 'd'
            : to == DEV_G ? 'f'
                          : ' ',
            to == DEV_F || to == DEV_G ? "float" : "double", s);
    else if (to == DEV_C)
        put(t, from == DEV_G ? "widen(%s)" : "make_d((double)%s, 0)", s);
    else if (to == DEV_G)
        put(t, from == DEV_C ? "narrow(%s)" : "make_f((float)%s, 0)", s);
    else if (is_complex(from) && to == DEV_B)
        put(t, "%s.x != 0 || %s.y != 0", s, s);
    else if (is_complex(from))
        put(t, "(%s)%s.x", type_name[to], s);
    else if (to == DEV_B)
        put(t, "%s != 0", s);
    else
        put(t, "(%s)%s", type_name[to], s);
}

/* the stored element s of class dt as type `to` */
static void put_loaded(struct text *t, const char *s, int dt, int to)
{
    int from = compute_of(dt);
    if (to == DEV_L && dt == D_INT64)
        put(t, "w_of_i64(%s)", s);
    else if (to == DEV_L && dt == D_UINT64)
        put(t, "w_of_u64(%s)", s);
    else if (is_wide(dt) || (from == DEV_D && dt != D_DOUBLE)) {         /* integers turn as C does */
        if (is_complex(to))
            put(t, "make_%c((%s)%s, 0)", to == DEV_C ? 'd' : 'f', to == DEV_C ? "double" : "float", s);
        else if (to == DEV_B)
            put(t, "%s != 0", s);
        else if (to == DEV_L)
            put(t, "w_of_i64(%s)", s);
        else
            put(t, "(%s)%s", type_name[to], s);
    } else
        put_turned(t, s, from, to);
}

/* s of type `from` stored as class dt; `done`: it is a value of that class already */
void put_stored(struct text *t, const char *s, int from, int dt, bool done)
{
    const struct text_class *c = &text_class[dt];
    if (dt == D_INT64 || dt == D_UINT64) {
        const char *name = dt == D_INT64 ? "i64" : "u64";
        if (from == DEV_L)
            put(t, "w_to_%s(%s)", name, s);
        else if (from == DEV_B)
            put(t, "(%s)%s", name, s);
        else
            put(t, is_complex(from) ? "to_%s((double)%s.x)" : "to_%s((double)%s)", name, s);
    } else if (dt == D_LOGICAL) {
        struct text x = { 0 };
        put_turned(&x, s, from, DEV_B);
        put(t, from == DEV_B ? "(u8)%s" : "(u8)(%s)", x.s ? x.s : "");
        t->failed |= x.failed;
        free(x.s);
    } else if (!c->floating) {
        if (from == DEV_B || (done && from <= DEV_F))
            put(t, "(%s)%s", c->name, s);
        else {
            struct text x = { 0 };
            put_turned(&x, s, from, DEV_D);
            put(t, "(%s)saturate(%s, %.1f, %.1f)", c->name, x.s ? x.s : "", c->low, c->high);
            t->failed |= x.failed;
            free(x.s);
        }
    } else
        put_turned(t, s, from, compute_of(dt));
}

/* Is instruction i never below zero?  Then a root needs no test. */
static bool not_negative(const struct dev_prog *p, int i)
{
    const struct dev_ins *z = &p->ins[i];
    if (z->what == DI_IN)
        return text_class[p->in_dtype[z->a]].low == 0 && !text_class[p->in_dtype[z->a]].floating;
    if (z->what == DI_TRUTH)
        return true;
    if (z->what == DI_TO)
        return not_negative(p, z->a);
    if (z->what != DI_OP)
        return false;
    static const char *const always[] = { "square", "exp",      "pow2", "abs",  "sigmoid", "hypot", "cosh",
                                          "sqrt",   "realsqrt", "acos", "erfc", "acosh",   NULL };
    static const char *const both[] = { "plus", "times", "rdivide", "max", "min", "power", "realpow", NULL };
    const char *name = text_row[z->op].name;
    if (text_row[z->op].class >= TEST)
        return true;
    for (int k = 0; always[k]; k++)
        if (!strcmp(name, always[k]))
            return true;
    for (int k = 0; both[k]; k++)
        if (!strcmp(name, both[k]))
            return not_negative(p, z->a) && not_negative(p, z->b);
    return false;
}

/* Rows that may leave the reals here: integers stay integers (their result has an integer class), complex numbers have no
   domain, and what is proved not to be negative needs no test. */
static bool needs_domain(const struct dev_prog *p, const struct dev_ins *z)
{
    const struct text_row *row = &text_row[z->op];
    if (!strcmp(row->domain, "REALS") || p->ins[z->a].type > DEV_F ||
        (row->class == ARITH && z->dtype < DTYPES && text_class[z->dtype].integer))
        return false;
    if (!strncmp(row->domain, "LT(a, K(0))", 11) && not_negative(p, z->a) && !strchr(row->domain + 11, '|'))
        return false;
    if (!strncmp(row->domain, "LT(a, K(-1))", 12) && not_negative(p, z->a))
        return false;
    return true;
}

bool program_troubles(const struct dev_prog *p)
{
    for (int i = 0; i < p->n; i++)
        if (p->ins[i].what == DI_TRUTH ? p->ins[p->ins[i].a].type != DEV_B && p->ins[p->ins[i].a].type != DEV_L
                                       : p->ins[i].what == DI_OP && needs_domain(p, &p->ins[i]))
            return true;
    return false;
}

static const char *const num_letter[DEV_TYPES] = { "", "f", "b", "w", "z", "c" };
static bool number_first(const struct dev_prog *p, int i)     /* the first instruction that wants this number in this type */
{
    for (int k = 0; k < i; k++)
        if (p->ins[k].what == DI_NUM && p->ins[k].a == p->ins[i].a && p->ins[k].type == p->ins[i].type)
            return false;
    return true;
}
static void number_name(char *s, const struct dev_ins *z) { sprintf(s, "n%d%s", z->a, num_letter[z->type]); }

void program_numbers(struct text *t, const struct dev_prog *p, const char *indent)
{
    for (int i = 0; i < p->n; i++) {
        const struct dev_ins *z = &p->ins[i];
        char s[24];
        if (z->what != DI_NUM || !number_first(p, i) || z->type == DEV_D)
            continue;
        number_name(s, z);
        put(t, "%sconst %s %s = ", indent, type_name[z->type], s);
        switch (z->type) {
        case DEV_F: put(t, "(float)A.n%d;\n", z->a); break;
        case DEV_B: put(t, "A.n%d != 0.0;\n", z->a); break;
        case DEV_L: put(t, "w_of_d(A.n%d);\n", z->a); break;
        default:
            put(t, "make_%c((%s)A.n%d, (%s)A.n%d);\n", z->type == DEV_C ? 'd' : 'f',
                z->type == DEV_C ? "double" : "float", z->a, z->type == DEV_C ? "double" : "float", z->a + 1);
        }
    }
}

void program_members(struct text *t, const struct dev_prog *p, bool trouble)
{
    for (int i = 0; i < p->nnum; i++)
        put(t, "%sn%d%s", i ? ", " : "    double ", i, i + 1 == p->nnum ? ";\n" : "");
    if (trouble)
        put(t, "    u64 status;\n    i64 tag;\n");
}

bool program_types(const struct dev_prog *p, enum dev_type *type)
{
    struct room m = { 0 };
    bool ok = true;
    for (int i = 0; ok && i < p->n; i++) {
        const struct dev_ins *z = &p->ins[i];
        type[i] = z->what == DI_TRUTH ? DEV_B : (enum dev_type)z->type;
        if (z->what == DI_OP)
            ok = z->op < text_rows && z->a >= 0 && z->a < i && z->b < i &&
                 row_expression(&m, z->op, type[z->a], "a", "b", &type[i]) != NULL;
    }
    room_free(&m);
    return ok;
}

bool program_function(struct text *t, const struct dev_prog *p, int to, struct function *f)
{
    struct room m = { 0 };
    enum dev_type type[COUNT(p->ins)];
    char name[COUNT(p->ins)][24];
    bool done[COUNT(p->ins)], ok = p->n > 0 && p->n <= COUNT(p->ins);
    struct text lines = { 0 };
    *f = (struct function){ .trouble = program_troubles(p) };
    for (int i = 0; ok && i < p->n; i++) {
        const struct dev_ins *z = &p->ins[i];
        struct text x = { 0 };
        char loaded[24];
        done[i] = false;
        snprintf(name[i], sizeof name[i], "v%d", i);
        type[i] = z->type;
        ok = z->type < DEV_TYPES && (z->what <= DI_NUM || (z->a >= 0 && z->a < i)) && z->b < i;
        if (!ok)
            break;
        switch (z->what) {
        case DI_IN:
            ok = z->a >= 0 && z->a < p->nin;
            snprintf(loaded, sizeof loaded, "x%d", z->a);
            put_loaded(&x, loaded, p->in_dtype[z->a], z->type);
            if (!x.failed && !strcmp(x.s, loaded)) {
                memcpy(name[i], loaded, sizeof loaded);
                x.n = 0;
            }
            done[i] = text_class[p->in_dtype[z->a]].integer;
            break;
        case DI_NUM:
            number_name(name[i], z);
            break;
        case DI_OP: {
            enum dev_type in = type[z->a];
            char *s = z->op < text_rows && (text_row[z->op].args < 2 || (z->b >= 0 && type[z->b] == in))
                ? row_expression(&m, z->op, in, name[z->a], z->b >= 0 ? name[z->b] : NULL, &type[i]) : NULL;
            if (!s) {
                ok = false;
                break;
            }
            put(&x, "%s", s);
            if (needs_domain(p, z)) {
                char *d = row_domain(&m, z->op, in, name[z->a], z->b >= 0 ? name[z->b] : NULL);
                ok = d != NULL;
                put(&lines, "    if (%s)\n        *bad = %d;      /* %s leaves the reals */\n", d ? d : "",
                    DEV_DOMAIN << 8 | z->op, text_row[z->op].name);
            }
            break;
        }
        case DI_TO: {
            const struct text_class *c = z->dtype < DTYPES ? &text_class[z->dtype] : NULL;
            struct text from = { 0 };
            put_turned(&from, name[z->a], type[z->a], z->type);
            if (!c || !c->integer || z->type == DEV_B || is_complex(z->type))
                put(&x, "%s", from.s ? from.s : "");
            else if (is_wide(z->dtype) && z->type == DEV_L)
                put(&x, z->dtype == D_INT64 ? "w_of_i64(w_to_i64(%s))" : "w_of_u64(w_to_u64(%s))", from.s ? from.s : "");
            else if (is_wide(z->dtype))
                put(&x, "(%s)to_%s(%s)", type_name[z->type], c->name, from.s ? from.s : "");
            else if (z->type == DEV_L)
                put(&x, "w_of_d(saturate(w_to_d(%s), %.1f, %.1f))", from.s ? from.s : "", c->low, c->high);
            else
                put(&x, "%ssaturate(%s, %.1f, %.1f)", z->type == DEV_F ? "(float)" : "", from.s ? from.s : "", c->low,
                    c->high);
            done[i] = c && c->integer;
            x.failed |= from.failed;
            free(from.s);
            break;
        }
        case DI_TRUTH: {
            enum dev_type in = type[z->a];
            type[i] = DEV_B;
            if (in != DEV_B && in != DEV_L) {
                if (is_complex(in))
                    put(&lines, "    if (%s.x != %s.x || %s.y != %s.y)\n", name[z->a], name[z->a], name[z->a], name[z->a]);
                else
                    put(&lines, "    if (%s != %s)\n", name[z->a], name[z->a]);
                put(&lines, "        *bad = %d;      /* NaN is no truth value */\n", DEV_NAN << 8);
            }
            put_turned(&x, name[z->a], in, DEV_B);
            break;
        }
        default:
            ok = false;
        }
        if (ok && x.n)
            put(&lines, "    %s %s = %s;\n", type_name[type[i]], name[i], x.s);
        lines.failed |= x.failed;
        free(x.s);
    }
    if (ok) {
        int last = p->n - 1, comma = 0;
        f->type = type[last];
        put(t, "DEV %s f(", to >= 0 ? text_class[to].name : type_name[f->type]);
        for (int k = 0; k < p->nin; k++)
            put(t, "%s%s x%d", comma++ ? ", " : "", text_class[p->in_dtype[k]].name, k);
        for (int o = 0; ok && o < p->more; o++) {
            int i = p->also[o].ins;
            ok = i >= 0 && i < p->n && p->also[o].dtype < DTYPES;
            put(t, "%s%s *also%d", comma++ ? ", " : "", text_class[p->also[o].dtype].name, o);
            put(&lines, "    *also%d = ", o);
            put_stored(&lines, name[i], (int)type[i], p->also[o].dtype,
                       done[i] &&
                           (p->ins[i].what != DI_IN ? p->ins[i].dtype : p->in_dtype[p->ins[i].a]) == p->also[o].dtype);
            put(&lines, ";\n");
        }
        for (int i = 0; i < p->n; i++)
            if (p->ins[i].what == DI_NUM && number_first(p, i)) {
                put(t, "%s%s %s", comma++ ? ", " : "", type_name[p->ins[i].type], name[i]);
                put(&f->params, "%s%s%s", p->nin || p->more || f->params.n ? ", " : "",
                    p->ins[i].type == DEV_D ? "A." : "", name[i]);
            }
        if (f->trouble) {
            put(t, "%sint *bad", comma++ ? ", " : "");
            put(&f->params, "%s&bad", p->nin || p->more || f->params.n ? ", " : "");
        }
        put(t, "%s)\n{\n%s    return ", comma ? "" : "void", lines.s ? lines.s : "");
        if (to >= 0)
            put_stored(t, name[last], (int)f->type, to,
                       done[last] && p->ins[last].what != DI_IN ? p->ins[last].dtype == to
                                                                : done[last] && p->in_dtype[p->ins[last].a] == to);
        else
            put(t, "%s", name[last]);
        put(t, ";\n}\n\n");
    }
    t->failed |= lines.failed | m.failed;
    free(lines.s);
    room_free(&m);
    return ok && !t->failed;
}

/* ---- drivers */
struct spec {
    const struct dev_prog *p;
    char class;                               /* c b g G */
    uint8_t width, nd;                        /* elements at once; dimensions besides the inner one of b */
    uint8_t mode[OPERANDS];                   /* inner stride: 1, or 0: one number */
};

static void put_args(struct text *t, const struct spec *s, bool trouble)
{
    const struct dev_prog *p = s->p;
    put(t, "typedef struct {\n    %s *out;\n", text_class[p->dtype].name);
    for (int k = 0; k < p->nin; k++)
        put(t, "    const %s *x%d;\n", text_class[p->in_dtype[k]].name, k);
    for (int o = 0; o < p->more; o++)
        put(t, "    %s *out%d;\n", text_class[p->also[o].dtype].name, o);
    program_members(t, p, trouble);
    put(t, "    i64 n;\n");
    if (s->class == 'b') {
        put(t, "    i64 rows, across;                     /* threads of a block along a row: a power of two */\n");
        for (int d = 1; d < s->nd; d++)
            put(t, "    i64 d%d;\n", d);
    } else if (s->class != 'c') {
        for (int d = 0; d + 1 < s->nd; d++)
            put(t,
                s->class == 'g' ? "    i64 d%d, m%d, h%d;                       /* size, and the magic numbers to "
                                  "divide by it */\n"
                                : "    i64 d%d;\n",
                d, d, d);
    }
    if (s->class != 'c')
        for (int k = 0; k <= p->nin + p->more; k++) {
            put(t, "    i64 s%d[%d];%s\n", k, MAX(s->nd, 1),
                k ? "" : "                             /* strides: of the result, then of the operands */");
        }
    put(t, "} args;\n\n");
}

static void put_form(struct text *t, const char *form, int k)          /* k for each % */
{
    for (const char *c = form; *c; c++)
        if (*c == '%')
            put(t, "%d", k);
        else
            put_n(t, c, 1);
}

/* forms: of an operand, "p%.x[k]", and of a further result, "y%.x[k]" */
static void put_call(struct text *t, const struct spec *s, const struct function *f, const char *form, const char *also)
{
    put(t, "f(");
    for (int k = 0; k < s->p->nin; k++) {
        put(t, "%s", k ? ", " : "");
        if (s->mode[k + 1])
            put_form(t, form, k);
        else
            put(t, "e%d", k);
    }
    for (int o = 0; o < s->p->more; o++) {
        put(t, "%s&", s->p->nin || o ? ", " : "");
        put_form(t, also, o);
    }
    put(t, "%s)", f->params.s ? f->params.s : "");
}

/* vectors of `width` elements for each class that is used */
static void put_vectors(struct text *t, const struct spec *s)
{
    bool have[DTYPES] = { false };
    for (int k = 0; k <= s->p->nin + s->p->more; k++) {
        int dt = !k ? s->p->dtype : k <= s->p->nin ? s->p->in_dtype[k - 1] : s->p->also[k - 1 - s->p->nin].dtype;
        if (have[dt] || !s->mode[k] || s->width < 2)
            continue;
        for (int i = 0; i < DTYPES; i++)      /* logical, char and uint8 share one */
            have[i] |= !strcmp(text_class[i].name, text_class[dt].name);
        put(t, "typedef struct ALIGN(%d) { %s x[%d]; } %s_vector;\n", MIN(16, s->width * text_class[dt].size),
            text_class[dt].name, s->width, text_class[dt].name);
    }
}

static void put_lasts(struct text *t,
                      const struct spec *s) /* further results of one element: all are made before one is stored */
{
    for (int o = 0; o < s->p->more; o++)
        put(t, "        %s y%d;\n", text_class[s->p->also[o].dtype].name, o);
}

static void put_c(struct text *t, const struct spec *s, const struct function *f)
{
    const struct dev_prog *p = s->p;
    put(t, "KERNEL(256) tl(const args A)\n{\n");
    if (f->trouble)
        put(t, "    int bad = 0;\n");
    program_numbers(t, p, "    ");
    for (int k = 0; k < p->nin; k++)
        if (!s->mode[k + 1])
            put(t, "    const %s e%d = *A.x%d;\n", text_class[p->in_dtype[k]].name, k, k);
    put(t, "    i64 vectors = A.n / %d, step = (i64)gridDim.x * 512;\n"
           "    for (i64 i = (i64)blockIdx.x * 512 + threadIdx.x; i < vectors; i += step) {\n"
           "        i64 j = i + 256 < vectors ? i + 256 : i;              /* two vectors in flight */\n", s->width);
    const char *names = "pq", *at = "ij";
    for (int v = 0; v < 2; v++)
        for (int k = 0; k < p->nin; k++)
            if (s->mode[k + 1]) {
                const char *c = text_class[p->in_dtype[k]].name;
                if (s->width > 1)
                    put(t, "        %s_vector %c%d = ((const %s_vector *)A.x%d)[%c];\n", c, names[v], k, c, k, at[v]);
                else
                    put(t, "        %s %c%d = A.x%d[%c];\n", c, names[v], k, k, at[v]);
            }
    const char *c = text_class[p->dtype].name;
    const char *vector = s->width > 1 ? "_vector" : "";
    for (int o = 0; o < p->more; o++)
        put(t, "        %s%s y%d, z%d;\n", text_class[p->also[o].dtype].name, vector, o, o);
    if (s->width > 1) {
        put(t, "        %s_vector y, z;\n        UNROLL for (int k = 0; k < %d; k++) {\n            y.x[k] = ", c, s->width);
        put_call(t, s, f, "p%.x[k]", "y%.x[k]");
        put(t, ";\n            z.x[k] = ");
        put_call(t, s, f, "q%.x[k]", "z%.x[k]");
        put(t, ";\n        }\n        ((%s_vector *)A.out)[i] = y;\n        ((%s_vector *)A.out)[j] = z;\n", c, c);
        for (int o = 0; o < p->more; o++)
            for (int v = 0; v < 2; v++)
                put(t, "        ((%s_vector *)A.out%d)[%c] = %c%d;\n", text_class[p->also[o].dtype].name, o, at[v],
                    "yz"[v], o);
        put(t, "    }\n    i64 last = vectors * %d + threadIdx.x;\n    if (blockIdx.x == 0 && last < A.n) {\n", s->width);
        put_lasts(t, s);
        put(t, "        %s y = ", c);
        put_call(t, s, f, "A.x%[last]", "y%");
        put(t, ";\n        A.out[last] = y;\n");
        for (int o = 0; o < p->more; o++)
            put(t, "        A.out%d[last] = y%d;\n", o, o);
        put(t, "    }\n");
    } else {
        put(t, "        %s y = ", c);
        put_call(t, s, f, "p%", "y%");
        put(t, ", z = ");
        put_call(t, s, f, "q%", "z%");
        put(t, ";\n        A.out[i] = y;\n        A.out[j] = z;\n");
        for (int o = 0; o < p->more; o++)
            put(t, "        A.out%d[i] = y%d;\n        A.out%d[j] = z%d;\n", o, o, o, o);
        put(t, "    }\n");
    }
}

static void put_b(struct text *t, const struct spec *s, const struct function *f)
{
    const struct dev_prog *p = s->p;
    put(t, "KERNEL(256) tl(const args A)\n{\n");
    if (f->trouble)
        put(t, "    int bad = 0;\n");
    program_numbers(t, p, "    ");
    put(t, "    int first = threadIdx.x & (int)(A.across - 1), down = threadIdx.x / (int)A.across, rows = 256 / "
           "(int)A.across;\n"
           "    for (i64 row = (i64)blockIdx.y * rows + down; row < A.rows; row += (i64)gridDim.y * rows) {\n");
    if (s->nd > 1)
        put(t, "        i64 r = row;\n");
    for (int d = 1; d < s->nd; d++)
        if (d + 1 < s->nd)
            put(t, "        i64 i%d = r %% A.d%d; r /= A.d%d;\n", d, d, d);
        else
            put(t, "        i64 i%d = r;\n", d);
    for (int k = 0; k <= p->nin; k++) {
        put(t, k ? "        const %s *a%d = A.x%d" : "        %s *to = A.out",
            text_class[k ? p->in_dtype[k - 1] : p->dtype].name, k - 1, k - 1);
        for (int d = 1; d < s->nd; d++)
            put(t, " + i%d * A.s%d[%d]", d, k, d);
        put(t, ";\n");
    }
    for (int k = 0; k < p->nin; k++)
        if (!s->mode[k + 1])
            put(t, "        %s e%d = *a%d;\n", text_class[p->in_dtype[k]].name, k, k);
    put(t, "        for (i64 i = (i64)blockIdx.x * A.across + first; i < A.n; i += (i64)gridDim.x * A.across) {\n");
    const char *c = text_class[p->dtype].name;
    if (s->width > 1) {
        for (int k = 0; k < p->nin; k++)
            if (s->mode[k + 1])
                put(t, "            %s_vector p%d = ((const %s_vector *)a%d)[i];\n", text_class[p->in_dtype[k]].name, k,
                    text_class[p->in_dtype[k]].name, k);
        put(t,
            "            %s_vector y;\n            UNROLL for (int k = 0; k < %d; k++)\n                y.x[k] = ", c,
            s->width);
        put_call(t, s, f, "p%.x[k]", "");
        put(t, ";\n            ((%s_vector *)to)[i] = y;\n", c);
    } else {
        put(t, "            to[i] = ");
        put_call(t, s, f, "a%[i]", "");
        put(t, ";\n");
    }
    put(t, "        }\n    }\n");
}

static void put_g(struct text *t, const struct spec *s, const struct function *f)
{
    const struct dev_prog *p = s->p;
    bool small = s->class == 'g';
    put(t, "KERNEL(256) tl(const args A)\n{\n");
    if (f->trouble)
        put(t, "    int bad = 0;\n");
    program_numbers(t, p, "    ");
    const char *word = small ? "u32" : "i64";
    put(t, "    for (%s i = (%s)blockIdx.x * 256 + threadIdx.x; i < (%s)A.n; i += (%s)gridDim.x * 256) {\n", word, word,
        word, word);
    for (int d = 0; d < s->nd; d++) {
        char from[16] = "i";
        if (d)
            sprintf(from, "r%d", d - 1);
        if (d + 1 == s->nd)
            put(t, "        i64 i%d = %s;\n", d, from);
        else if (small)
            put(t, "        u32 r%d = (MULHI(%s, (u32)A.m%d) + %s) >> A.h%d, i%d = %s - r%d * (u32)A.d%d;\n", d, from,
                d, from, d, d, from, d, d);
        else
            put(t, "        i64 r%d = %s / A.d%d, i%d = %s - r%d * A.d%d;\n", d, from, d, d, from, d, d);
    }
    put_lasts(t, s);
    put(t, "        %s y = ", text_class[p->dtype].name);
    struct text form = { 0 };
    put(&form, "A.x%%[");
    for (int d = 0; d < s->nd; d++)
        put(&form, "%si%d * A.s#[%d]", d ? " + " : "", d, d);
    put(&form, s->nd ? "]" : "0]");
    put(t, "f(");
    for (int k = 0; k < p->nin; k++) {
        put(t, "%s", k ? ", " : "");
        for (const char *c = form.s; c && *c; c++)
            if (*c == '%')
                put(t, "%d", k);
            else if (*c == '#')
                put(t, "%d", k + 1);
            else
                put_n(t, c, 1);
    }
    t->failed |= form.failed;
    free(form.s);
    for (int o = 0; o < p->more; o++)
        put(t, "%s&y%d", p->nin || o ? ", " : "", o);
    put(t, "%s);\n", f->params.s ? f->params.s : "");
    for (int o = -1; o < p->more; o++) {
        char from[16] = "y", out[16] = "out";
        if (o >= 0)
            sprintf(from, "y%d", o), sprintf(out, "out%d", o);
        put(t, "        A.%s[", out);
        for (int d = 0; d < s->nd; d++)
            put(t, "%si%d * A.s%d[%d]", d ? " + " : "", d, o < 0 ? 0 : p->nin + 1 + o, d);
        put(t, s->nd ? "] = %s;\n" : "0] = %s;\n", from);
    }
    put(t, "    }\n");
}

static char *spec_text(const struct spec *s, size_t *len)
{
    struct text t = { 0 };
    struct function f;
    bool ok = program_function(&t, s->p, s->p->dtype, &f);
    if (ok) {
        struct text body = t;
        t = (struct text){ 0 };
        if (s->class == 'c' || s->class == 'b')
            put_vectors(&t, s);
        put_args(&t, s, f.trouble);
        put(&t, "%s", body.s);
        free(body.s);
        (s->class == 'c' ? put_c : s->class == 'b' ? put_b : put_g)(&t, s, &f);
        if (f.trouble)
            put(&t, "    if (bad)\n        trouble(A.status, bad >> 8, bad & 255, 0, 0, A.tag);\n");
        put(&t, "}\n");
    }
    t.failed |= f.params.failed;
    free(f.params.s);
    if (!ok || t.failed) {
        free(t.s);
        return NULL;
    }
    return text_with_words(&t, len);
}
static char *kernel_spec_text(const struct kernel *k, size_t *len) { return spec_text(k->spec, len); }

/* ---- which driver, and its launch */
static void magic(uint32_t d, struct kernel *k)           /* n / d is (mulhi(n, m) + n) >> h for n below 2^31 */
{
    int h = 0;
    while (((uint64_t)1 << h) < d)
        h++;
    uint64_t m = (((uint64_t)1 << 32) * (((uint64_t)1 << h) - d)) / d + 1;
    arg_word(k, d);
    arg_word(k, (int64_t)(uint32_t)m);
    arg_word(k, h);
}

static bool aligned(const void *p, int64_t bytes) { return (uintptr_t)p % (uintptr_t)bytes == 0; }

int work_program(struct work *w, const struct dev_prog *p, struct dev_arg *out, const struct dev_arg *in,
                 const double *num, int tag)
{
    struct layout l;
    struct kernel k;
    struct spec s = { .p = p };
    if (p->nin + p->more > DEV_ARGS || p->more > DEV_MORE || p->nnum > DEV_NUMS || p->n < 1 || p->n > COUNT(p->ins) ||
        p->dtype >= DTYPES)
        return DEV_NOT_HERE;
    if (p->red)
        return work_reduce(w, p, out, in, num, tag);
    struct dev_arg all[DEV_ARGS];             /* operands, then further results */
    for (int o = 0; o < p->nin + p->more; o++)
        all[o] = o < p->nin ? in[o] : out[1 + o - p->nin];
    if (!layout_of(&l, out, p->nin + p->more, all))
        return DEV_NOT_HERE;
    if (!l.numel)
        return DEV_OK;
    sort_dims(&l);
    layout_merge(&l, 0, l.nd);
    const void *at[OPERANDS] = { out->p };
    int size[OPERANDS] = { text_class[p->dtype].size }, widest = size[0];
    bool inner = true, vectors = true;
    for (int o = 1; o < l.n; o++) {
        at[o] = all[o - 1].p;
        size[o] = text_class[o <= p->nin ? p->in_dtype[o - 1] : p->also[o - 1 - p->nin].dtype].size;
        widest = MAX(widest, size[o]);
    }
    int width = MAX(1, 16 / widest);
    int64_t row = l.nd ? l.dim[0] : 1;
    for (int o = 0; o < l.n; o++) {
        int64_t st = l.nd ? l.stride[o][0] : 0;
        inner &= st == 1 || (st == 0 && o && o <= p->nin);
        s.mode[o] = o == 0 || o > p->nin || st == 1;
        if (s.mode[o]) {
            vectors &= aligned(at[o], MIN(16, width * size[o]));
            for (int d = 1; d < l.nd; d++)
                vectors &= l.stride[o][d] % width == 0;
        }
    }
    s.class = l.nd <= 1 && inner && (vectors || width == 1) ? 'c'
              : inner && row >= 8 && !p->more               ? 'b'
              : l.numel < (int64_t)1 << 31                  ? 'g'
                                                            : 'G';
    if (!l.nd && s.class != 'c')
        s.class = 'g';
    s.nd = (uint8_t)l.nd;
    s.width = 1;
    if (s.class == 'c' || (s.class == 'b' && vectors && row % width == 0))
        s.width = (uint8_t)width;
    if (s.class == 'g' || s.class == 'G')
        memset(s.mode, 1, sizeof s.mode);
    if (s.class == 'c')
        s.nd = 1;

    key_start(&k, "program");
    key_program(&k, p);
    uint8_t key[3 + OPERANDS] = { (uint8_t)s.class, s.width, s.nd };
    memcpy(key + 3, s.mode, sizeof s.mode);
    key_add(&k, key, sizeof key);
    k.text = kernel_spec_text;
    k.spec = &s;
    for (int o = 0; o < l.n; o++)
        arg_pointer(&k, at[o]);
    for (int i = 0; i < p->nnum; i++)
        arg_double(&k, num[i]);
    if (program_troubles(p)) {
        arg_pointer(&k, w->status);
        arg_word(&k, tag);
    }
    int64_t most = 8 * (int64_t)w->units, need;
    if (s.class == 'c') {
        arg_word(&k, l.numel);
        need = (l.numel / s.width + 511) / 512;
    } else if (s.class == 'b') {
        int64_t n = row / s.width, across = 1, rows = l.numel / row;
        while (across < 256 && across < n)
            across *= 2;
        arg_word(&k, n);
        arg_word(&k, rows);
        arg_word(&k, across);
        for (int d = 1; d < l.nd; d++)
            arg_word(&k, l.dim[d]);
        need = (n + across - 1) / across;
        int64_t down = (rows + 256 / across - 1) / (256 / across);
        need = MIN(need, most);
        k.grid[1] = (unsigned)MAX(1, MIN(MIN(down, 65535), (2 * most + need - 1) / need));
    } else {
        arg_word(&k, l.numel);
        for (int d = 0; d + 1 < l.nd; d++)
            if (s.class == 'g')
                magic((uint32_t)l.dim[d], &k);
            else
                arg_word(&k, l.dim[d]);
        need = (l.numel + 255) / 256;
    }
    if (s.class != 'c')
        for (int o = 0; o < l.n; o++)
            for (int d = 0; d < MAX(l.nd, 1); d++)
                arg_word(&k, l.nd ? l.stride[o][d] : 0);
    k.grid[0] = (unsigned)MAX(1, MIN(need, most));
    return w->launch(w, &k);
}

/* ---- as text */
static int listed(struct work *w, const struct kernel *k)
{
    size_t len;
    char *s = k->text(k, &len);
    if (!s)
        return DEV_NO_MEMORY;
    put(w->of, "%s\n", s);
    free(s);
    return DEV_OK;
}
static void *somewhere(struct work *w, size_t bytes)
{
    (void)w, (void)bytes;
    return (void *)(uintptr_t)4096;
}
char *work_listing(const struct dev_prog *p)
{
    struct text t = { 0 };
    struct work w = { .units = 100, .launch = listed, .get = somewhere, .of = &t };
    struct dev_arg out = { (void *)(uintptr_t)4096, p->dtype, 1, { p->red ? 1 : 1 << 20 }, { p->red ? 0 : 1 } }, in[DEV_ARGS];
    double num[DEV_NUMS] = { 0 };
    for (int k = 0; k < p->nin; k++)
        in[k] = (struct dev_arg){ (void *)(uintptr_t)4096, p->in_dtype[k], 1, { 1 << 20 }, { 1 } };
    if (!work_program(&w, p, &out, in, num, 0) && !t.failed)
        return t.s;
    free(t.s);
    return NULL;
}
