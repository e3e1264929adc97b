/* SPDX-License-Identifier: BSD-3-Clause */
/* matio_check.c: walks a .mat file of version 4 or 5 and holds every size that it claims against the bytes that are there.
 *
 * libmatio believes sizes: 1.5.23 took 47 s and gigabytes for a file of 4 KB of which one byte was changed.  After this
 * walk what it asks for is bounded by the length of the file, inflated.  The format is that of "MAT-File Format" (The
 * MathWorks): elements of a type, a length and data padded to 8 bytes, or of 4 bytes packed beside the length; a matrix
 * is an element that holds flags, sizes, a name and, by its class, numbers or further matrices. */
#include "matio_check.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { MI_MATRIX = 14, MI_COMPRESSED = 15, MI_UTF8 = 16 };
enum { MX_CELL = 1, MX_STRUCT, MX_OBJECT, MX_CHAR, MX_SPARSE, MX_DOUBLE, MX_UINT64 = 15 };
enum { COMPLEX = 0x800 };

struct walk {
    FILE *f;
    bool swap, packed;
    uint64_t left;                            /* bytes of the file that belong to this element */
    z_stream z;
    const char *bad;
    uint8_t in[16384];
};

static bool fails(struct walk *w, const char *why)
{
    if (!w->bad)
        w->bad = why;
    return false;
}

/* The next n bytes, to `to` or nowhere. */
static bool take(struct walk *w, void *to, uint64_t n)
{
    uint8_t waste[4096], *p = to;
    while (n) {
        uint64_t k = p ? n : n < sizeof waste ? n : sizeof waste;
        if (!w->packed) {
            if (n > w->left)
                return fails(w, "a size is larger than what there is");
            if (!p ? fseeko(w->f, (off_t)n, SEEK_CUR) != 0 : fread(p, 1, n, w->f) != n)
                return fails(w, "it ends early");
            w->left -= n;
            return true;
        }
        w->z.next_out = p ? p : waste;
        w->z.avail_out = (uInt)(k > 1 << 20 ? 1 << 20 : k);
        uInt before = w->z.avail_out;
        if (!w->z.avail_in && w->left) {
            uint64_t more = w->left < sizeof w->in ? w->left : sizeof w->in;
            if (fread(w->in, 1, more, w->f) != more)
                return fails(w, "it ends early");
            w->left -= more;
            w->z.next_in = w->in;
            w->z.avail_in = (uInt)more;
        }
        int how = inflate(&w->z, Z_SYNC_FLUSH);
        uInt got = before - w->z.avail_out;
        n -= got;
        if (p)
            p += got;
        if (n && (how == Z_STREAM_END || (how != Z_OK && how != Z_BUF_ERROR) || (!got && !w->left && !w->z.avail_in)))
            return fails(w, how == Z_OK || how == Z_BUF_ERROR || how == Z_STREAM_END ? "a size is larger than what "
                                                                                       "there is"
                                                                                     : "compressed data are damaged");
    }
    return true;
}

static uint32_t number(const struct walk *w, const uint8_t *p)
{
    uint32_t x;
    memcpy(&x, p, 4);
    return w->swap ? __builtin_bswap32(x) : x;
}

struct tag { uint32_t type, n; uint64_t padded; uint8_t small[4]; bool is_small; };
static bool tag(struct walk *w, struct tag *t, uint64_t *room)        /* room: of the matrix that it stands in */
{
    uint8_t b[8];
    if (*room < 8)
        return fails(w, "a matrix is shorter than its parts");
    if (!take(w, b, 8))
        return false;
    t->type = number(w, b);
    t->n = number(w, b + 4);
    t->padded = ((uint64_t)t->n + 7) / 8 * 8;
    t->is_small = t->type >> 16;
    *room -= 8;
    if (t->is_small) {
        t->n = t->type >> 16;
        t->type &= 0xffff;
        t->padded = 0;
        memcpy(t->small, b + 4, 4);
        if (t->n > 4)
            return fails(w, "a packed element has more than 4 bytes");
    }
    return true;
}
/* What the element has, to `to` (at most `most` bytes) or nowhere. */
static bool data(struct walk *w, const struct tag *t, uint64_t *room, void *to, uint32_t most)
{
    if (to && t->n > most)
        return fails(w, "a part is longer than it may be");
    if (t->is_small) {
        if (to)
            memcpy(to, t->small, t->n);
        return true;
    }
    uint64_t n = t->padded <= *room ? t->padded : t->n;       /* the last one is not padded by everybody */
    if (n > *room)
        return fails(w, "a matrix is shorter than its parts");
    *room -= n;
    return to ? take(w, to, t->n) && take(w, NULL, n - t->n) : take(w, NULL, n);
}

static unsigned size_of(uint32_t type)
{
    static const uint8_t size[] = { [1] = 1, 1, 2, 2, 4, 4, 4, [9] = 8, [12] = 8, 8, [MI_UTF8] = 1, 2, 4 };
    return type < sizeof size ? size[type] : 0;
}

static bool matrix(struct walk *w, uint64_t room, int depth);
static bool matrices(struct walk *w, uint64_t n, uint64_t *room, int depth)
{
    struct tag t;
    if (n > *room / 8)
        return fails(w, "there are fewer elements than sizes say");
    for (; n; n--) {
        if (!tag(w, &t, room))
            return false;
        if (t.type != MI_MATRIX || t.is_small || t.n > *room)
            return fails(w, "an element of a cell or struct is none");
        *room -= t.n;
        if (!matrix(w, t.n, depth + 1))
            return false;
    }
    return true;
}
static bool numbers(struct walk *w, uint64_t n, uint64_t *room)
{
    struct tag t;
    if (!tag(w, &t, room))
        return false;
    unsigned size = size_of(t.type);
    if (!size || (t.type != MI_UTF8 && n > t.n / size) || n > (uint64_t)t.n * 2 + 2)
        return fails(w, "there are fewer elements than sizes say");
    return data(w, &t, room, NULL, 0);
}

/* What follows the tag of a matrix, room bytes of it. */
static bool matrix(struct walk *w, uint64_t room, int depth)
{
    uint8_t b[256];
    struct tag t;
    uint64_t n = 1, fields = 1;
    if (!room)
        return true;                          /* [] in a cell */
    if (depth > DEEPEST)
        return fails(w, "it is nested too deeply");
    if (!tag(w, &t, &room) || t.n != 8 || !data(w, &t, &room, b, 8))
        return fails(w, "a matrix has no flags");
    uint32_t flags = number(w, b), class = flags & 0xff, most = number(w, b + 4);
    if (class > MX_UINT64)
        return take(w, NULL, room);           /* functions and objects: libmatio passes over them */
    if (!tag(w, &t, &room) || t.n < 8 || t.n > 128 || t.n % 4 || !data(w, &t, &room, b, 128))
        return fails(w, "a matrix has no sizes");
    uint32_t nd = t.n / 4, columns = number(w, b + 4);
    for (uint32_t d = 0; d < nd; d++) {
        uint32_t size = number(w, b + 4 * d);
        if (size > INT32_MAX || __builtin_mul_overflow(n, size, &n))
            return fails(w, "a matrix has sizes that no matrix has");
    }
    if (!tag(w, &t, &room) || !data(w, &t, &room, NULL, 0))            /* name */
        return fails(w, "a matrix has no name");
    if (class == MX_OBJECT && (!tag(w, &t, &room) || !data(w, &t, &room, NULL, 0)))      /* name of the class */
        return false;
    bool good;
    if (class == MX_STRUCT || class == MX_OBJECT) {
        uint32_t length = 0;
        if (!tag(w, &t, &room) || t.n != 4 || !data(w, &t, &room, b, 4) || (length = number(w, b)) == 0 ||
            length > 4096 || !tag(w, &t, &room))
            return fails(w, "a struct has no names of fields");
        fields = t.n / length;
        good = data(w, &t, &room, NULL, 0) && !__builtin_mul_overflow(n, fields, &n) && matrices(w, n, &room, depth);
    } else if (class == MX_CELL) {
        good = matrices(w, n, &room, depth);
    } else if (class == MX_SPARSE) {
        good = numbers(w, 0, &room) && numbers(w, (uint64_t)columns + 1, &room) && numbers(w, 0, &room) &&
               (!(flags & COMPLEX) || numbers(w, 0, &room));
        if (good && most > 0x7fffffff / 8)
            good = fails(w, "a sparse matrix with more entries than a file holds");
    } else {
        good = class == 0 || (numbers(w, n, &room) && (!(flags & COMPLEX) || numbers(w, n, &room)));
    }
    return good ? take(w, NULL, room) : fails(w, "a matrix is damaged");
}

static void version_5(struct walk *w, int64_t size, int64_t *n)
{
    for (int64_t at = 128; at < size && !w->bad; ++*n) {
        uint8_t b[8];
        if (fseeko(w->f, at, SEEK_SET) || fread(b, 1, 8, w->f) != 8) {
            fails(w, "it ends early");
            return;
        }
        uint32_t type = number(w, b), bytes = number(w, b + 4);
        if (type != MI_MATRIX && type != MI_COMPRESSED)
            fails(w, "there is something that is no variable");
        else if (at + 8 + (int64_t)bytes > size)
            fails(w, "it ends early");
        if (w->bad)
            return;
        at += 8 +
              (type == MI_MATRIX ? ((int64_t)bytes + 7) / 8 * 8 : (int64_t)bytes); /* Octave leaves padding uncounted */
        w->left = bytes;
        w->packed = false;
        if (type == MI_MATRIX) {
            matrix(w, bytes, 0);
            continue;
        }
        memset(&w->z, 0, sizeof w->z);
        if (inflateInit(&w->z) != Z_OK) {
            fails(w, "there is no memory to inflate it");
            return;
        }
        w->packed = true;
        struct tag t;
        uint64_t room = 8;
        if (tag(w, &t, &room)) {
            if (t.type != MI_MATRIX || t.is_small)
                fails(w, "there is something that is no variable");
            else
                matrix(w, t.n, 0);
        }
        inflateEnd(&w->z);
    }
}

static void version_4(struct walk *w, int64_t size, int64_t *n)
{
    static const uint8_t sizes[] = { 8, 4, 4, 2, 2, 1 };
    for (int64_t at = 0; at < size && !w->bad; ++*n) {
        uint8_t b[20];
        if (fseeko(w->f, at, SEEK_SET) || fread(b, 1, 20, w->f) != 20) {
            fails(w, "it ends early");
            return;
        }
        w->swap = false;
        w->swap = number(w, b) > 9999;
        uint64_t type = number(w, b), rows = number(w, b + 4), columns = number(w, b + 8),
                 parts = 1 + number(w, b + 12), name = number(w, b + 16);
        if (type > 9999 || type / 10 % 10 > 5 || rows > INT32_MAX || columns > INT32_MAX || parts > 2 || !name ||
            name > 4096) {
            fails(w, "there is something that is no variable");
            return;
        }
        unsigned __int128 bytes = (unsigned __int128)rows * columns * parts * sizes[type / 10 % 10];
        if (bytes > (unsigned __int128)size || at + 20 + (int64_t)name + (int64_t)bytes > size)
            fails(w, "it ends early");
        at += 20 + (int64_t)name + (int64_t)bytes;
    }
}

const char *mat_check(const char *file, int64_t *n)
{
    uint8_t b[128] = { 0 };
    struct walk w = { .f = fopen(file, "rb") };
    *n = -1;
    if (!w.f)
        return "it cannot be opened";
    size_t got = fread(b, 1, 128, w.f);
    fseeko(w.f, 0, SEEK_END);
    int64_t size = ftello(w.f);
    if (got >= 10 && !memcmp(b, "MATLAB 5.0", 10)) {
        uint16_t order;
        memcpy(&order, b + 126, 2);
        w.swap = order != ('M' << 8 | 'I');
        *n = 0;
        if (got < 128)
            w.bad = "it ends early";
        else if (order != ('M' << 8 | 'I') && order != ('I' << 8 | 'M'))
            w.bad = "it does not say in which order bytes are";
        else
            version_5(&w, size, n);
    } else if (got < 10 || memcmp(b, "MATLAB 7.3", 10)) {
        *n = 0;
        version_4(&w, size, n);
    }
    fclose(w.f);
    return w.bad;
}
