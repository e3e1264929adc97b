/* SPDX-License-Identifier: BSD-3-Clause */
/* save.c: writing tl's own format (save.h says what it is).
 *
 * One pass over the values, depth first, straight into the file: tensors from where they lie.  What may be met again (it has
 * several holders, windows, or is a handle) is entered into a table from its address to its number.  What the classes
 * make for their objects stays in the pool until all is written, so no address is used twice. */
#include "save.h"
#include "gpu.h"
#include "sparse.h"
#include "files.h"
#include <errno.h>
#include <stdlib.h>

const char save_magic[8] = "\x89TL\r\n\x1a\n";

/* ---- what both directions need */
static const struct { uint8_t code, dtype;
} codes[] = {
    { 'd', D_DOUBLE }, { 's', D_SINGLE }, { 'z', D_CDOUBLE }, { 'c', D_CSINGLE }, { 'l', D_LOGICAL },
    { 't', D_CHAR },   { 'a', D_INT8 },   { 'b', D_INT16 },   { 'i', D_INT32 },   { 'j', D_INT64 },
    { 'A', D_UINT8 },  { 'B', D_UINT16 }, { 'I', D_UINT32 },  { 'J', D_UINT64 },
};

int save_code(int dtype)
{
    for (int i = 0; i < COUNT(codes); i++)
        if (codes[i].dtype == dtype)
            return codes[i].code;
    return 0;
}

int save_dtype(int code)
{
    for (int i = 0; i < COUNT(codes); i++)
        if (codes[i].code == code)
            return codes[i].dtype;
    return -1;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
void little_endian(void *p, int dtype, i64 n)
{
    (void)p, (void)dtype, (void)n;
}
#else
void little_endian(void *p, int dtype, i64 n)
{
    size_t unit = dtypes[dtype].size;
    if (dtype_is(dtype, DT_C))
        unit /= 2, n *= 2;
    for (char *s = p; n-- > 0; s += unit)
        for (size_t k = 0; k < unit / 2; k++) {
            char t = s[k];
            s[k] = s[unit - 1 - k];
            s[unit - 1 - k] = t;
        }
}
#endif

/* Four lanes of 64 bits, each step a bijection of lane and word: a change within one word cannot go unseen, others do with a
   probability of 2^-64.  Against accidents, not against malice. */
static uint64_t digest_step(uint64_t h, uint64_t w)
{
    h = (h ^ w) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}

void digest_start(struct digest *d)
{
    *d = (struct digest){ .lane = { 1, 2, 3, 4 } };
}

static uint64_t word_at(const uint8_t *p)
{
    uint64_t w;
    memcpy(&w, p, 8);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

void digest_add(struct digest *d, const void *from, size_t n)
{
    const uint8_t *p = from;
    size_t have = d->n % 32;
    d->n += n;
    if (have) {
        size_t k = MIN(n, 32 - have);
        memcpy(d->part + have, p, k);
        p += k;
        n -= k;
        if (have + k < 32)
            return;
        for (int i = 0; i < 4; i++)
            d->lane[i] = digest_step(d->lane[i], word_at(d->part + 8 * i));
    }
    for (; n >= 32; p += 32, n -= 32)
        for (int i = 0; i < 4; i++)
            d->lane[i] = digest_step(d->lane[i], word_at(p + 8 * i));
    if (n)
        memcpy(d->part, p, n);
}

uint64_t digest_end(struct digest *d)
{
    size_t have = d->n % 32;
    memset(d->part + have, 0, 32 - have);
    uint64_t h = d->n;
    for (int i = 0; i < 4; i++)
        h = digest_step(h, digest_step(d->lane[i], word_at(d->part + 8 * i)));
    return h;
}

/* ---- bytes */
struct seen { const struct object *o; i64 number; };
struct out {
    FILE *f;
    const char *who, *file, *name;            /* the variable being written */
    uint8_t buf[16384];
    size_t n;
    uint64_t total;
    struct digest digest;
    i64 numbered;
    struct seen *seen;
    i64 nseen, room;                          /* room: a power of two */
    int depth;
};

static void write_out(struct out *w, const void *p, size_t n)
{
    digest_add(&w->digest, p, n);
    while (n) {
        size_t k = MIN(n, (size_t)1 << 24);
        if (fwrite(p, 1, k, w->f) < k)
            fail("Octave:write-error", "%s: cannot write '%s': %s", w->who, w->file, strerror(errno));
        p = (const char *)p + k;
        n -= k;
        poll();
    }
}

static void flush(struct out *w)
{
    size_t n = w->n;
    w->n = 0;
    write_out(w, w->buf, n);
}

static void put(struct out *w, const void *p, size_t n)
{
    w->total += n;
    if (n > sizeof w->buf - w->n)
        flush(w);
    if (n > sizeof w->buf) {
        write_out(w, p, n);
        return;
    }
    memcpy(w->buf + w->n, p, n);
    w->n += n;
}

static void put_byte(struct out *w, int b)
{
    put(w, &(uint8_t){ (uint8_t)b }, 1);
}

static void put_count(struct out *w, uint64_t x)
{
    uint8_t b[10];
    int n = 0;
    for (; x >= 128; x >>= 7)
        b[n++] = (uint8_t)(x | 128);
    b[n++] = (uint8_t)x;
    put(w, b, (size_t)n);
}

static void put_text(struct out *w, const char *s, size_t n)
{
    put_count(w, n);
    put(w, s, n);
}

static void put_double(struct out *w, double x)
{
    little_endian(&x, D_DOUBLE, 1);
    put(w, &x, 8);
}

static void put_u64(struct out *w, uint64_t x)
{
    little_endian(&x, D_UINT64, 1);
    put(w, &x, 8);
}

static void put_shape(struct out *w, int nd, const i64 *dim)
{
    put_byte(w, nd);
    for (int d = 0; d < nd; d++)
        put_count(w, (uint64_t)dim[d]);
}

/* ---- what was met before */
static struct seen *seen_at(struct out *w, const struct object *o)
{
    uint64_t h = ((uintptr_t)o >> 4) * 0x9E3779B97F4A7C15u >> 20;
    i64 i = (i64)(h & (uint64_t)(w->room - 1));
    while (w->seen[i].o && w->seen[i].o != o)
        i = (i + 1) & (w->room - 1);
    return &w->seen[i];
}

static void remember(struct out *w, const struct object *o)
{
    if (2 * w->nseen >= w->room) {
        struct seen *old = w->seen;
        i64 room = w->room;
        w->room = room ? 2 * room : 256;
        w->seen = scratch((size_t)w->room * sizeof *w->seen);
        memset(w->seen, 0, (size_t)w->room * sizeof *w->seen);
        for (i64 i = 0; i < room; i++)
            if (old[i].o)
                *seen_at(w, old[i].o) = old[i];
    }
    *seen_at(w, o) = (struct seen){ o, w->numbered };
    w->nseen++;
}

/* ---- values */
static void put_value(struct out *w, value v);

static void put_elements(struct out *w, struct tensor *t)
{
    size_t bytes = (size_t)t->numel * dtypes[t->dtype].size;
    t = gpu_read(tensor_dense(t), "save");    /* files know no device */
    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
        t = tensor_clone(t);
        little_endian(t->data, t->dtype, t->numel);
    }
    put(w, t->data, bytes);
}

static void put_number(struct out *w, value v)               /* an unboxed scalar */
{
    struct { uint8_t data[16]; } e = { { 0 } };
    if (v.dtype == D_INT64 || v.dtype == D_UINT64)
        memcpy(e.data, &v.u, 8);
    else
        convert_run(v.dtype, e.data, D_DOUBLE, &v.num, 1);
    little_endian(e.data, v.dtype, 1);
    put_byte(w, 'N');
    put_byte(w, save_code(v.dtype));
    put(w, e.data, dtypes[v.dtype].size);
}

static void put_tensor(struct out *w, struct tensor *t)
{
    put_byte(w, 'T');
    put_byte(w, save_code(t->dtype));
    put_byte(w, t->flags & T_DQ ? SAVE_DQ : 0);
    put_shape(w, t->nd, t->dim);
    put_elements(w, t);
}

static void put_window(struct out *w, const struct window *x)
{
    put_byte(w, 'W');
    put_shape(w, x->nd, x->dim);
    for (int d = 0; d < x->nd; d++)
        put_count(w, (uint64_t)x->stride[d] << 1 ^ (uint64_t)(x->stride[d] >> 63));
    put_count(w, (uint64_t)x->offset);
    put_value(w, tensor_box(x->base));
}

static void put_function(struct out *w, value v)
{
    struct function_parts p = { 0 };
    if (hooks()->function_parts)
        p = hooks()->function_parts(v);
    if (!p.text)
        fail("Octave:save-error", "%s: '%s' holds a function that has no text", w->who, w->name);
    put_byte(w, p.closure ? 'F' : 'H');
    put_text(w, p.text, strlen(p.text));
    if (!p.closure)
        return;
    put_count(w, (uint64_t)p.n);
    for (int i = 0; i < p.n; i++)
        put_text(w, p.name[i]->text, p.name[i]->len);
    for (int i = 0; i < p.n; i++)
        put_value(w, p.v[i]);
}

static void put_object(struct out *w, value v)
{
    const struct class *c = v.inst->class;
    if (!c->save)
        fail("Octave:save-error", "%s: '%s' holds an object of class %s, which cannot be saved", w->who, w->name, c->name);
    value r = c->save(v);
    put_byte(w, 'O');
    put_text(w, c->name, strlen(c->name));
    put_value(w, r);
}

static void put_counted(struct out *w, value v)
{
    if (w->room) {
        struct seen *s = seen_at(w, v.o);
        if (s->o) {
            put_byte(w, '@');
            put_count(w, (uint64_t)s->number);
            return;
        }
    }
    if (v.o->owners > 1 || v.o->pins || v.kind == K_OBJECT || v.kind == K_WINDOW)
        remember(w, v.o);
    w->numbered++;
    switch (v.kind) {
    case K_RANGE:
        put_byte(w, 'R');
        put_double(w, v.range->base);
        put_double(w, v.range->inc);
        put_double(w, v.range->limit);
        put_count(w, (uint64_t)v.range->n);
        break;
    case K_TENSOR: put_tensor(w, v.t); break;
    case K_WINDOW: put_window(w, v.w); break;
    case K_SPARSE: {
        const struct sparse *s = sparse_see(v);
        put_byte(w, 'P');
        put_number(w, num((double)s->m));
        put_number(w, num((double)s->n));
        for (int k = 0; k < 3; k++)
            put_value(w, s->part[k]);
        break;
    }
    case K_CELL:
        put_byte(w, 'C');
        put_shape(w, v.cell->nd, v.cell->dim);
        for (i64 i = 0; i < v.cell->numel; i++)
            put_value(w, v.cell->v[i]);
        break;
    case K_STRUCT:
        put_byte(w, 'S');
        put_shape(w, v.rec->nd, v.rec->dim);
        put_count(w, (uint64_t)v.rec->f->n);
        for (int f = 0; f < v.rec->f->n; f++)
            put_text(w, v.rec->f->name[f]->text, v.rec->f->name[f]->len);
        for (i64 i = 0; i < v.rec->numel * v.rec->f->n; i++)
            put_value(w, v.rec->v[i]);
        break;
    case K_FUNC: put_function(w, v); break;
    default: put_object(w, v); break;
    }
}

static void put_value(struct out *w, value v)
{
    if (v.kind == K_NUM) {
        put_number(w, v);
        return;
    }
    if (!is_counted(v))
        fail("Octave:save-error", "%s: '%s' holds something without a value", w->who, w->name);
    if (++w->depth > SAVE_DEPTH)
        fail("Octave:save-error", "%s: '%s' is nested more than %d levels deep", w->who, w->name, SAVE_DEPTH);
    put_counted(w, v);
    w->depth--;
}

struct job { const char *who, *file; enum save_format format; struct named_list v; const char *before; size_t nbefore; };

static void save_binary(FILE *f, struct job *j)
{
    struct out *w = scratch(sizeof *w);
    memset(w, 0, sizeof *w);
    w->f = f;
    w->who = j->who;
    w->file = j->file;
    digest_start(&w->digest);
    put(w, save_magic, sizeof save_magic);
    uint32_t version = SAVE_VERSION;
    little_endian(&version, D_UINT32, 1);
    put(w, &version, 4);
    put_count(w, (uint64_t)j->v.n);
    for (i64 i = 0; i < j->v.n; i++) {
        w->name = j->v.v[i].sym->text;
        put_text(w, w->name, j->v.v[i].sym->len);
        put_value(w, j->v.v[i].v);
    }
    put_u64(w, w->total);
    flush(w);
    put_u64(w, digest_end(&w->digest));
    flush(w);
}

static void save_body(FILE *f, void *arg)
{
    struct job *j = arg;
    if (j->format == SAVE_BINARY) {
        save_binary(f, j);
        return;
    }
    if (j->format >= SAVE_MAT6) {
        mat_save(f, j->format, j->v);
        return;
    }
    if (fwrite(j->before, 1, j->nbefore, f) < j->nbefore)
        fail("Octave:write-error", "%s: cannot write '%s': %s", j->who, j->file, strerror(errno));
    if (!j->nbefore && fputs("# Created by tl\n", f) < 0)
        fail("Octave:write-error", "%s: cannot write '%s': %s", j->who, j->file, strerror(errno));
    save_text(j->who, j->file, f, j->v);
}

/* Of the two lists, the second one's values under names that both have. */
static struct named_list merged(struct named_list a, struct named_list b)
{
    struct named_list all = { 0, scratch((size_t)(a.n + b.n + 1) * sizeof *all.v) };
    for (i64 i = 0; i < a.n; i++) {
        bool again = false;
        for (i64 k = 0; k < b.n && !again; k++)
            again = b.v[k].sym == a.v[i].sym;
        if (!again)
            all.v[all.n++] = a.v[i];
    }
    if (b.n)
        memcpy(all.v + all.n, b.v, (size_t)b.n * sizeof *b.v);
    all.n += b.n;
    return all;
}

void save_file(const char *who, const char *file, enum save_format format, bool append, struct named_list v)
{
    struct job j = { .who = who, .file = file, .format = format, .v = v, .before = "" };
    enum save_format had = append ? save_format_of(who, file) : SAVE_NONE;
    if (had == SAVE_MAT7 && format == SAVE_MAT6)
        had = SAVE_MAT6;
    if (had != SAVE_NONE && had != format)
        fail("Octave:save-error", "%s: -append: '%s' is %s", who, file,
             had == SAVE_BINARY  ? "in tl's binary format; leave out -text"
             : had == SAVE_TEXT  ? "in the text format; add -text"
             : had == SAVE_MAT7  ? "MATLAB's; add -v6 or -v7"
             : had == SAVE_MAT73 ? "MATLAB's; add -v7.3"
                                 : "no file that save wrote");
    if (had == SAVE_BINARY || had >= SAVE_MAT6) {
        enum save_format f;
        j.v = merged(load_file(who, file, &f), v);
    } else if (had == SAVE_TEXT) {
        j.before = file_slurp(who, file, &j.nbefore);
    }
    file_replace(who, file, false, save_body, &j);
}
