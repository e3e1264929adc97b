/* SPDX-License-Identifier: BSD-3-Clause */
/* load.c: reading tl's own format (save.h says what it is), and finding out what a file is.
 *
 * Nothing in a file is believed: every count is held against what is left of the file before memory is asked for, so a
 * file of n bytes never takes more than some 100 n.  Values go into their places without copy(), which would part
 * them from their windows; that no place then holds what it must not (a viewed tensor has one holder) is looked at when
 * all is read, and so is the digest.  Everything lies in the pool until the caller takes it, so a failure leaves
 * nothing. */
#include "save.h"
#include "sparse.h"
#include "files.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- bytes */
struct entry { value v; int objects; bool ended; };        /* objects: how many were open when it began */
struct in {
    FILE *f;
    const char *who, *file;
    uint64_t left, total;                     /* bytes not yet read, without the trailer; bytes read */
    uint8_t buf[16384];
    size_t at, have;                          /* in buf */
    uint64_t unread;                          /* bytes of the file not yet in buf */
    struct digest digest;
    struct entry *e;
    i64 n, room;
    int depth, objects;
};

static NORETURN void damaged(struct in *r, const char *what)
{
    fail("Octave:load-error", "%s: '%s' is damaged or incomplete (%s)", r->who, r->file, what);
}

static void fill(struct in *r)
{
    size_t n = fread(r->buf, 1, (size_t)MIN(r->unread, sizeof r->buf), r->f);
    if (n == 0)
        damaged(r, "it ends early");
    r->unread -= n;
    r->at = 0;
    r->have = n;
}

static void get_raw(struct in *r, void *to, size_t n)
{
    char *p = to;
    while (n) {
        if (r->at == r->have) {
            if (n >= sizeof r->buf) {         /* large ones go where they belong */
                size_t k = fread(p, 1, MIN(n, (size_t)1 << 24), r->f);
                if (k == 0)
                    damaged(r, "it ends early");
                r->unread -= k;
                p += k;
                n -= k;
                poll();
                continue;
            }
            fill(r);
        }
        size_t k = MIN(n, r->have - r->at);
        memcpy(p, r->buf + r->at, k);
        r->at += k;
        p += k;
        n -= k;
    }
}

static void get(struct in *r, void *to, size_t n)
{
    if (n > r->left)
        damaged(r, "a size is larger than the file");
    get_raw(r, to, n);
    r->left -= n;
    r->total += n;
    digest_add(&r->digest, to, n);
}

static int get_byte(struct in *r)
{
    uint8_t b;
    get(r, &b, 1);
    return b;
}

static uint64_t get_count(struct in *r)
{
    uint64_t x = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint64_t b = (uint64_t)get_byte(r);
        if (shift == 63 && b > 1)
            break;
        x |= (b & 127) << shift;
        if (b < 128)
            return x;
    }
    damaged(r, "a count has too many bytes");
}

/* A count of things that take at least a byte each. */
static i64 get_number(struct in *r)
{
    uint64_t n = get_count(r);
    if (n > r->left)
        damaged(r, "a count is larger than the file");
    return (i64)n;
}

static char *get_text(struct in *r, size_t *n)             /* NUL-terminated, in the pool */
{
    *n = (size_t)get_number(r);
    char *s = scratch(*n + 1);
    get(r, s, *n);
    s[*n] = 0;
    return s;
}

static sym get_symbol(struct in *r)
{
    char small[64];
    size_t n = (size_t)get_number(r);
    char *s = n < sizeof small ? small : scratch(n + 1);
    get(r, s, n);
    s[n] = 0;
    if (memchr(s, 0, n) || n > 65535)
        damaged(r, "a name is not one");
    return symbol_n(s, n);
}

static double get_double(struct in *r)
{
    double x;
    get(r, &x, 8);
    little_endian(&x, D_DOUBLE, 1);
    return x;
}

static int get_shape(struct in *r, i64 dim[MAX_DIMS])
{
    int nd = get_byte(r);
    if (nd < 2 || nd > MAX_DIMS)
        damaged(r, "a number of dimensions is wrong");
    for (int d = 0; d < nd; d++) {
        uint64_t n = get_count(r);
        if (n > INT64_MAX / 2)
            damaged(r, "a size is too large");
        dim[d] = (i64)n;
    }
    return nd;
}

/* The number of elements, which take at least `bytes` each. */
static i64 counted(struct in *r, int nd, const i64 *dim, uint64_t bytes)
{
    uint64_t n = 1;
    for (int d = 0; d < nd; d++)
        if (dim[d] == 0)
            return 0;
    for (int d = 0; d < nd; d++)
        if (__builtin_mul_overflow(n, (uint64_t)dim[d], &n) || n > INT64_MAX / 2)
            damaged(r, "a size is too large");
    if (bytes && n > r->left / bytes)
        damaged(r, "a size is larger than the file");
    return (i64)n;
}

/* ---- numbered values */
static i64 begin(struct in *r)
{
    if (r->n == r->room) {
        i64 room = MAX(64, 2 * r->room);
        struct entry *e = scratch((size_t)room * sizeof *e);
        if (r->n)
            memcpy(e, r->e, (size_t)r->n * sizeof *e);
        r->e = e;
        r->room = room;
    }
    r->e[r->n] = (struct entry){ nil(), r->objects, false };
    return r->n++;
}

static value get_value(struct in *r);

static void put_in(value *place, value v)     /* without copy(): see above */
{
    replace(place, load_take(v));
}

static value get_scalar(struct in *r)
{
    _Alignas(16) uint8_t data[16];
    int dt = save_dtype(get_byte(r));
    if (dt < 0 || dtype_is(dt, DT_C))
        damaged(r, "a class is unknown");
    get(r, data, dtypes[dt].size);
    little_endian(data, dt, 1);
    value v = num_of(dt, 0);
    if (dt == D_INT64 || dt == D_UINT64)
        memcpy(&v.u, data, 8);
    else
        convert_run(D_DOUBLE, &v.num, dt, data, 1);
    if (dt == D_LOGICAL)
        v.num = v.num != 0;
    return v;
}

static value get_tensor(struct in *r)
{
    i64 dim[MAX_DIMS];
    int dt = save_dtype(get_byte(r)), flags = get_byte(r), nd = get_shape(r, dim);
    if (dt < 0)
        damaged(r, "a class is unknown");
    i64 n = counted(r, nd, dim, dtypes[dt].size);
    struct tensor *t = tensor_new(dt, nd, dim);
    get(r, t->data, (size_t)n * dtypes[dt].size);
    little_endian(t->data, dt, n);
    if (dt == D_LOGICAL)
        for (i64 i = 0; i < n; i++)
            t->data[i] = t->data[i] != 0;
    if (flags & SAVE_DQ)
        t->flags |= T_DQ;
    return tensor_box(t);
}

static value get_range(struct in *r)
{
    double base = get_double(r), inc = get_double(r), limit = get_double(r);
    uint64_t n = get_count(r);
    value v = range_new(base, inc, limit);
    if ((uint64_t)v.range->n != n)
        damaged(r, "a range is wrong");
    return v;
}

static value get_window(struct in *r)
{
    i64 dim[MAX_DIMS], stride[MAX_DIMS];
    int nd = get_shape(r, dim);
    for (int d = 0; d < nd; d++) {
        uint64_t s = get_count(r);
        stride[d] = (i64)(s >> 1 ^ -(s & 1));
    }
    uint64_t offset = get_count(r);
    value base = get_value(r);
    if (base.kind != K_TENSOR || !(base.t->flags & T_DENSE))
        damaged(r, "a window is on no tensor");
    if (offset > (uint64_t)base.t->numel)
        damaged(r, "a window reaches beyond its memory");
    i64 n = counted(r, nd, dim, 0), low = (i64)offset, high = low, reach;
    for (int d = 0; d < nd && n > 0; d++)
        if (__builtin_mul_overflow(dim[d] - 1, stride[d], &reach) ||
            __builtin_add_overflow(reach < 0 ? low : high, reach, reach < 0 ? &low : &high))
            damaged(r, "a window is too large");
    if (n > 0 && (low < 0 || high >= base.t->numel))
        damaged(r, "a window reaches beyond its memory");
    return window_new(base.t, (i64)offset, nd, dim, stride);
}

static void get_cell(struct in *r, i64 id)
{
    i64 dim[MAX_DIMS];
    int nd = get_shape(r, dim);
    i64 n = counted(r, nd, dim, 1);
    struct cell *c = cell_new(nd, dim);
    r->e[id].v = cell_value(c);
    for (i64 i = 0; i < n; i++)
        put_in(&c->v[i], get_value(r));
}

static value get_sparse(struct in *r)
{
    value part[5], v;
    for (int k = 0; k < 5; k++)
        part[k] = get_value(r);
    v = sparse_from_parts(part[0], part[1], part[2], part[3], part[4]);
    if (is_nil(v))
        damaged(r, "a sparse matrix is not one");
    return v;
}

static int by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)*(const sym *)a, y = (uintptr_t)*(const sym *)b;
    return (x > y) - (x < y);
}

static sym *get_names(struct in *r, i64 n)    /* n different ones */
{
    sym *name = scratch((size_t)(2 * n + 1) * sizeof *name), *sorted = name + n;
    for (i64 i = 0; i < n; i++)
        sorted[i] = name[i] = get_symbol(r);
    qsort(sorted, (size_t)n, sizeof *sorted, by_address);
    for (i64 i = 1; i < n; i++)
        if (sorted[i] == sorted[i - 1])
            damaged(r, "a name stands twice");
    return name;
}

static void get_struct(struct in *r, i64 id)
{
    i64 dim[MAX_DIMS];
    int nd = get_shape(r, dim);
    i64 n = get_number(r);
    if (n > INT32_MAX / 16)
        damaged(r, "too many fields");
    sym *name = get_names(r, n);
    i64 numel = counted(r, nd, dim, (uint64_t)n);
    struct record *rec = record_new(nd, dim, (int)n, name);
    r->e[id].v = record_value(rec);
    for (i64 i = 0; i < numel * n; i++)
        put_in(&rec->v[i], get_value(r));
}

static void get_function(struct in *r, i64 id, bool closure)
{
    size_t len;
    char *text = get_text(r, &len);
    i64 n = closure ? get_number(r) : 0;
    if (n > INT32_MAX / 16)
        damaged(r, "too many names");
    sym *name = get_names(r, n);
    value f = nil();
    if (!memchr(text, 0, len) && hooks()->function_made)
        f = hooks()->function_made(text, len, closure, (int)n, name);
    if (f.kind != K_FUNC)
        fail("Octave:load-error", "%s: '%s' holds a text that is no function: %.60s", r->who, r->file, text);
    r->e[id].v = f;
    for (i64 i = 0; i < n; i++) {
        value v = get_value(r), *place = hooks()->function_slot(f, name[i]);
        if (place)
            put_in(place, v);
    }
}

static const struct class *const classes[] = { &map_class };

const struct class *load_class(const char *name, size_t n)
{
    for (int i = 0; i < COUNT(classes); i++)
        if (strlen(classes[i]->name) == n && !memcmp(classes[i]->name, name, n))
            return classes[i];
    return hooks()->class_named ? hooks()->class_named(name) : NULL;
}

static void get_object(struct in *r, i64 id)
{
    size_t len;
    char *name = get_text(r, &len);
    const struct class *c = load_class(name, len);
    if (!c || !c->blank || !c->load)
        fail("Octave:load-error", "%s: '%s' holds an object of class %.60s, which is not known here", r->who, r->file, name);
    value self = r->e[id].v = c->blank(c);
    value saved = get_value(r);
    if (saved.kind != K_STRUCT || saved.rec->numel != 1)
        damaged(r, "an object is not made of a struct");
    c->load(self, saved);
}

static value get_again(struct in *r)
{
    uint64_t id = get_count(r);
    if (id >= (uint64_t)r->n)
        damaged(r, "a reference leads nowhere");
    struct entry *e = &r->e[id];
    if (is_nil(e->v) || (!e->ended && e->v.kind != K_OBJECT && e->objects == r->objects))
        damaged(r, "a value holds itself");
    return e->v;
}

static value get_counted(struct in *r, int tag)
{
    i64 id = begin(r);
    value v = nil();
    switch (tag) {
    case 'T': v = get_tensor(r); break;
    case 'R': v = get_range(r); break;
    case 'W': v = get_window(r); break;
    case 'P': v = get_sparse(r); break;
    case 'C': get_cell(r, id); break;
    case 'S': get_struct(r, id); break;
    case 'H': get_function(r, id, false); break;
    case 'F': get_function(r, id, true); break;
    case 'O':
        r->objects++;
        get_object(r, id);
        r->objects--;
        break;
    default: damaged(r, "a kind of value is unknown");
    }
    if (!is_nil(v))
        r->e[id].v = v;
    r->e[id].ended = true;
    return r->e[id].v;
}

static value get_value(struct in *r)
{
    int tag = get_byte(r);
    if (tag == 'N')
        return get_scalar(r);
    if (tag == '@')
        return get_again(r);
    if (++r->depth > SAVE_DEPTH)
        damaged(r, "values are nested too deep");
    if ((r->n & 1023) == 0)
        poll();
    value v = get_counted(r, tag);
    r->depth--;
    return v;
}

/* ---- what is seen when all is there */
struct pinned { struct in *r; bool any; };
static void find_pinned(value *child, void *arg)
{
    struct pinned *p = arg;
    if ((child->kind == K_TENSOR || child->kind == K_CELL || child->kind == K_STRUCT) && child->o->pins)
        p->any = true;
}

/* Containers that hold viewed tensors get their pins, from within, and what is pinned must have one holder beside the
 * pool. */
static void settle(struct in *r)
{
    for (i64 i = r->n; i-- > 0;) {
        value v = r->e[i].v;
        if (v.kind == K_CELL || v.kind == K_STRUCT) {
            struct pinned p = { r, false };
            value_children(v, find_pinned, &p);
            v.o->pins = p.any;
        }
        if ((v.kind == K_TENSOR || v.kind == K_CELL || v.kind == K_STRUCT) && v.o->pins && v.o->owners > 2)
            damaged(r, "what has windows stands in several places");
    }
}

bool load_is_name(const char *s, size_t n)
{
    if (!n || isdigit((unsigned char)*s))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '_')
            return false;
    return true;
}

static void get_u64_raw(struct in *r, uint64_t *x)
{
    get_raw(r, x, 8);
    little_endian(x, D_UINT64, 1);
}

struct named_list load_binary(const char *who, const char *name, FILE *f, uint64_t size)
{
    struct in *r = scratch(sizeof *r);
    memset(r, 0, sizeof *r);
    r->f = f;
    r->who = who;
    r->file = name;
    r->unread = size;
    digest_start(&r->digest);
    char magic[sizeof save_magic];
    uint32_t version;
    if (size < sizeof magic + 4 + 1 + 16)
        damaged(r, "it ends early");
    r->left = size - 16;
    get(r, magic, sizeof magic);
    get(r, &version, 4);
    little_endian(&version, D_UINT32, 1);
    if (memcmp(magic, save_magic, sizeof magic))
        damaged(r, "it does not begin as it should");
    if (version != SAVE_VERSION)
        fail("Octave:load-error", "%s: '%s' is in version %u of the format; this program reads version %d", who, name,
             version, SAVE_VERSION);
    struct named_list l = { get_number(r), NULL };
    l.v = scratch((size_t)(l.n + 1) * sizeof *l.v);
    for (i64 i = 0; i < l.n; i++) {
        l.v[i].sym = get_symbol(r);
        if (!load_is_name(l.v[i].sym->text, l.v[i].sym->len))
            damaged(r, "a variable's name is not one");
        l.v[i].v = get_value(r);
    }
    uint64_t length, digest, total = r->total;
    if (r->left)
        damaged(r, "there is more than there should be");
    get_raw(r, &length, 8);
    digest_add(&r->digest, &length, 8);
    little_endian(&length, D_UINT64, 1);
    uint64_t seen = digest_end(&r->digest);
    get_u64_raw(r, &digest);
    if (length != total)
        damaged(r, "its length is not what was written");
    if (digest != seen)
        damaged(r, "its digest is not what was written");
    settle(r);
    return l;
}

/* ---- any file */
static const struct { const char *start; size_t n; const char *what;
} foreign[] = {
    { "\x89HDF\r\n\x1a\n", 8, "an HDF5 file (-hdf5)" },
    { "Octave-1-L", 10, "in Octave's binary format" },
    { "Octave-1-B", 10, "in Octave's binary format" },
    { "\x1f\x8b", 2, "compressed by gzip" },
};

struct opened {
    const char *who, *file;
    FILE *f;
    bool only_format;
    enum save_format format;
    struct named_list l;
    const char *text;
    size_t n;
};

static sym name_of_file(const char *file)     /* data/my file.txt: my_file */
{
    const char *slash = strrchr(file, '/'), *s = slash ? slash + 1 : file, *dot = strrchr(s, '.');
    size_t n = dot && dot > s ? (size_t)(dot - s) : strlen(s);
    struct buf *b = buf_new();
    if (!n || isdigit((unsigned char)*s))
        buf_putc(b, 'x');
    for (size_t i = 0; i < n; i++)
        buf_putc(b, isalnum((unsigned char)s[i]) ? s[i] : '_');
    return symbol_n(b->s, b->n);
}

static void load_body(void *arg)
{
    struct opened *o = arg;
    struct stat st;
    uint64_t size = 0;
    char head[32] = { 0 };
    if (fstat(fileno(o->f), &st) == 0 && S_ISDIR(st.st_mode))
        fail("Octave:file-not-found", "%s: '%s' is a folder", o->who, o->file);
    size_t n = fread(head, 1, sizeof head, o->f);
    o->format = n >= 10 && !memcmp(head, "MATLAB 5.0", 10)   ? SAVE_MAT7
                : n >= 10 && !memcmp(head, "MATLAB 7.3", 10) ? SAVE_MAT73
                : mat_is_4(head, n)                          ? SAVE_MAT4
                                                             : SAVE_NONE;
    if (o->format != SAVE_NONE) {
        if (!o->only_format)
            o->l = mat_load(o->file);
        return;
    }
    for (int i = 0; i < COUNT(foreign); i++)
        if (n >= foreign[i].n && !memcmp(head, foreign[i].start, foreign[i].n))
            fail("Octave:load-error",
                 "%s: '%s' is %s, which this program does not read; it reads its own format, -text and plain numbers",
                 o->who, o->file, foreign[i].what);
    bool binary = n >= sizeof save_magic && !memcmp(head, save_magic, sizeof save_magic);
    if (binary && S_ISREG(st.st_mode) && fseek(o->f, 0, SEEK_SET) == 0) {
        o->format = SAVE_BINARY;
        size = (uint64_t)st.st_size;
        if (!o->only_format)
            o->l = load_binary(o->who, o->file, o->f, size);
        return;
    }
    struct buf *b = buf_new();
    char chunk[16384];
    buf_add(b, head, n);
    while (n > 0 && (n = fread(chunk, 1, sizeof chunk, o->f)) > 0) {
        buf_add(b, chunk, n);
        poll();
    }
    if (ferror(o->f))
        fail("Octave:read-error", "%s: cannot read '%s': %s", o->who, o->file, strerror(errno));
    o->text = b->s;
    o->n = b->n;
    o->format = binary                        ? SAVE_BINARY
                : b->n == 0 && o->only_format ? SAVE_NONE
                : load_is_text(b->s, b->n)    ? SAVE_TEXT
                                              : SAVE_NUMBERS;
    if (o->only_format)
        return;
    if (o->format == SAVE_TEXT) {
        o->l = load_text(o->who, o->file, b->s, b->n);
    } else if (o->format == SAVE_NUMBERS) {
        o->l = (struct named_list){ 1, scratch(sizeof *o->l.v) };
        o->l.v[0] = (struct named){ name_of_file(o->file), tensor_value(text_matrix(o->who, o->file, b->s, b->n)) };
    }
}

static void memory_body(void *arg)
{
    struct opened *o = arg;
    o->l = load_binary(o->who, o->file, o->f, o->n);
}

static struct opened open_and_load(const char *who, const char *file, bool only_format)
{
    struct opened o = { who, file, fopen(file, "rb"), only_format, SAVE_NONE, { 0, NULL }, NULL, 0 };
    if (!o.f && only_format && errno == ENOENT)
        return o;
    if (!o.f)
        file_fail_open(who, file);
    int failed = protect(load_body, &o);
    fclose(o.f);
    if (!failed && o.format == SAVE_BINARY && o.text && !only_format) {      /* it came through a pipe */
        o.f = fmemopen((char *)o.text, o.n, "rb");
        if (!o.f)
            fail_memory(o.n);
        failed = protect(memory_body, &o);
        fclose(o.f);
    }
    if (failed)
        fail_again();
    return o;
}

static int by_name_and_place(const void *a, const void *b)
{
    const struct named *x = *(const struct named *const *)a, *y = *(const struct named *const *)b;
    return x->sym != y->sym ? ((uintptr_t)x->sym > (uintptr_t)y->sym ? 1 : -1) : (x > y) - (x < y);
}

static struct named_list last_of_each(struct named_list l)
{
    const struct named **s = scratch((size_t)(l.n + 1) * sizeof *s);
    bool *keep = scratch((size_t)l.n + 1);
    for (i64 i = 0; i < l.n; i++)
        s[i] = &l.v[i];
    qsort(s, (size_t)l.n, sizeof *s, by_name_and_place);
    for (i64 i = 0; i < l.n; i++)
        keep[s[i] - l.v] = i + 1 == l.n || s[i + 1]->sym != s[i]->sym;
    i64 n = 0;
    for (i64 i = 0; i < l.n; i++)
        if (keep[i])
            l.v[n++] = l.v[i];
    return (struct named_list){ n, l.v };
}

struct named_list load_file(const char *who, const char *file, enum save_format *format)
{
    struct opened o = open_and_load(who, file, false);
    *format = o.format;
    return last_of_each(o.l);
}

enum save_format save_format_of(const char *who, const char *file)
{
    return open_and_load(who, file, true).format;
}

value load_record(struct named_list l)
{
    sym *name = scratch((size_t)(l.n + 1) * sizeof *name);
    bool pinned = false;
    for (i64 i = 0; i < l.n; i++)
        name[i] = l.v[i].sym;
    struct record *r = record_new(2, (i64[]){ 1, 1 }, (int)l.n, name);
    for (i64 i = 0; i < l.n; i++) {
        value v = l.v[i].v;
        put_in(&r->v[i], v);
        pinned |= (v.kind == K_TENSOR || v.kind == K_CELL || v.kind == K_STRUCT) && v.o->pins;
    }
    r->h.pins = pinned;
    return record_value(r);
}
