/* SPDX-License-Identifier: BSD-3-Clause */
/* png.c: pictures in PNG, by libpng.
 *
 * The one idea: libpng runs only between `begin` and `end`, in `guarded`, where nothing of tl is called; it fails by jumping
 * there.  Reading therefore goes through the file twice: once as far as the sizes, then, when arrays and rows have their
 * memory, to the end.  What a file claims about itself is held against its length first: deflate makes at most 1032
 * bytes of one, so a file of a kilobyte is no picture of a gigabyte. */
#include "picture.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>

TL_PLUGIN("pictures in PNG by libpng (libpng-2.0 licence)")

enum { INFLATES = 1032, CHUNK_MAX = 8 << 20 };
struct work {
    struct bytes in;
    size_t at;
    struct growing out;
    unsigned char **row;
    /* what the picture is */
    png_uint_32 w, h;
    int bits, colour, interlaced, channels,
        depth; /* bits as in the file, depth as it is read: 1 (in a byte), 8 or 16 */
    size_t rowbytes;
    unsigned char map[256][3], opaque[256];
    int colours, see_through;                             /* entries of map; of opaque */
    int level;
    double gamma;
    /* how it went */
    png_structp png;
    png_infop info;
    jmp_buf back;
    char why[200];
    bool stopped;
};

static void failed(png_structp png, png_const_charp why)
{
    struct work *k = png_get_error_ptr(png);
    snprintf(k->why, sizeof k->why, "%s", why);
    longjmp(k->back, 1);
}
static void warned(png_structp png, png_const_charp why) { (void)png, (void)why; }
static void pull(png_structp png, png_bytep to, size_t n)
{
    struct work *k = png_get_io_ptr(png);
    if (n > k->in.n - k->at)
        png_error(png, "the file ends too early");
    memcpy(to, k->in.p + k->at, n);
    k->at += n;
}
static void push(png_structp png, png_bytep from, size_t n)
{
    struct work *k = png_get_io_ptr(png);
    if (!grow(&k->out, from, n))
        png_error(png, "there is no memory for it");
}
static void flush(png_structp png) { (void)png; }
static void row_done(png_structp png, png_uint_32 row, int pass)
{
    struct work *k = png_get_error_ptr(png);
    (void)row, (void)pass;
    if (lab->interrupted()) {
        k->stopped = true;
        png_error(png, "stopped");
    }
}

/* False: it failed, k->why says why. */
static bool guarded(struct work *k, bool reading, void (*body)(struct work *))
{
    k->png = reading ? png_create_read_struct(PNG_LIBPNG_VER_STRING, k, failed, warned)
                     : png_create_write_struct(PNG_LIBPNG_VER_STRING, k, failed, warned);
    k->info = k->png ? png_create_info_struct(k->png) : NULL;
    bool good = false;
    if (!k->info)
        snprintf(k->why, sizeof k->why, "there is no memory for it");
    else if (!setjmp(k->back)) {
        body(k);
        good = true;
    }
    if (reading)
        png_destroy_read_struct(&k->png, &k->info, NULL);
    else
        png_destroy_write_struct(&k->png, &k->info);
    return good;
}

static void head(struct work *k)
{
    k->at = 0;
    png_set_read_fn(k->png, k, pull);
    png_set_crc_action(k->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_uint_32 most = k->in.n < 0x7fffffff / (8 * INFLATES) ? (png_uint_32)k->in.n * 8 * INFLATES : 0x7fffffff;
    png_set_user_limits(k->png, most, most);                         /* before libpng makes room for a row */
    png_set_chunk_malloc_max(k->png, CHUNK_MAX);
    png_read_info(k->png, k->info);
    png_get_IHDR(k->png, k->info, &k->w, &k->h, &k->bits, &k->colour, &k->interlaced, NULL, NULL);
    png_get_gAMA(k->png, k->info, &k->gamma);
    png_colorp c;
    if (png_get_PLTE(k->png, k->info, &c, &k->colours))
        for (int i = 0; i < k->colours && i < 256; i++)
            memcpy(k->map[i], (unsigned char[]){ c[i].red, c[i].green, c[i].blue }, 3);
    if (k->colour != PNG_COLOR_TYPE_PALETTE)
        k->colours = 0;
    png_bytep t;
    bool see = png_get_valid(k->png, k->info, PNG_INFO_tRNS) != 0;
    k->see_through = 0;
    memset(k->opaque, 255, sizeof k->opaque);
    if (see && k->colours && png_get_tRNS(k->png, k->info, &t, &k->see_through, NULL))
        memcpy(k->opaque, t, (size_t)(k->see_through < 256 ? k->see_through : 256));
    if (k->colours || (k->colour == PNG_COLOR_TYPE_GRAY && k->bits == 1 && !see))
        png_set_packing(k->png);
    else
        png_set_expand(k->png);
    k->depth = k->colours ? 8 : k->bits == 16 ? 16 : k->bits == 1 && !see ? 1 : 8;
    if (k->depth == 16)
        png_set_swap(k->png);
    png_set_interlace_handling(k->png);
    png_read_update_info(k->png, k->info);
    k->channels = png_get_channels(k->png, k->info);
    k->rowbytes = png_get_rowbytes(k->png, k->info);
}
static void whole(struct work *k)
{
    head(k);
    png_set_read_status_fn(k->png, row_done);
    png_read_image(k->png, k->row);
    png_read_end(k->png, NULL);
}

static _Noreturn void damaged(struct work *k)
{
    if (k->stopped)
        lab->poll();
    lab->fail("tl:bad-picture", "%s: the PNG file is damaged: %s", k->in.who, k->why);
}

static void look(struct call *c, struct work *k)
{
    k->in = arg_bytes(c);
    if (k->in.n < 8 || png_sig_cmp(k->in.p, 0, 8))
        lab->fail("tl:bad-picture", "%s: this is no PNG file", k->in.who);
    if (!guarded(k, true, head))
        damaged(k);
}

TL_SERVES(png_decode, NO_GRAD)
{
    struct work k = { 0 };
    look(c, &k);
    /* k.rowbytes and k.h are below 2^35 and 2^31: the product does not overflow */
    double packed = (double)k.w * (double)k.bits * (k.colour & PNG_COLOR_MASK_COLOR && !k.colours ? 3 : 1) / 8;
    if (packed * (double)k.h > (double)INFLATES * (double)k.in.n)
        lab->fail("tl:bad-picture", "%s: the PNG file is damaged: %lu x %lu points do not fit into %zu bytes", k.in.who,
                  (unsigned long)k.h, (unsigned long)k.w, k.in.n);
    int colours = k.channels >= 3 ? 3 : 1, nd = colours == 3 ? 3 : 2;
    bool alpha = k.channels == 2 || k.channels == 4;
    int64_t dim[3] = { k.h, k.w, colours }, area = dim[0] * dim[1];
    int dtype = k.depth == 16 ? D_UINT16 : k.depth == 1 ? D_LOGICAL : D_UINT8;
    struct tensor *x = lab->tensor_new(dtype, nd, dim), *a = NULL, *m = NULL;
    if (alpha || k.see_through)
        a = lab->tensor_new(k.depth == 16 ? D_UINT16 : D_UINT8, 2, dim);
    unsigned char *rows = lab->scratch(k.rowbytes * k.h);
    k.row = lab->scratch(sizeof *k.row * k.h);
    for (png_uint_32 i = 0; i < k.h; i++)
        k.row[i] = rows + i * k.rowbytes;
    if (!guarded(&k, true, whole))
        damaged(&k);
    u8 *x8 = lab->array_of(x).data;
    for (int j = 0; j < k.channels; j++) {
        void *page = alpha && j == k.channels - 1 ? lab->array_of(a).data : x8 + (size_t)(area * j) * (k.depth == 16 ? 2 : 1);
        if (k.depth == 16)
            page_of_rows_u16(page, rows, k.rowbytes, k.h, k.w, k.channels, j);
        else
            page_of_rows_u8(page, rows, k.rowbytes, k.h, k.w, k.channels, j);
    }
    if (k.colours) {
        for (int64_t i = 0; i < area; i++)
            if (x8[i] >= k.colours)
                lab->fail("tl:bad-picture", "%s: the PNG file is damaged: colour %d of %d", k.in.who, x8[i] + 1, k.colours);
        m = lab->tensor_new(D_DOUBLE, 2, (int64_t[]){ k.colours, 3 });
        for (int i = 0; i < k.colours; i++)
            for (int j = 0; j < 3; j++)
                ((double *)lab->array_of(m).data)[i + j * k.colours] = k.map[i][j] / 255.0;
        u8 *o = a ? lab->array_of(a).data : NULL;
        for (int64_t i = 0; o && i < area; i++)
            o[i] = k.opaque[x8[i]];
    }
    int64_t none[2] = { 0, 0 };
    lab->result_tensor(c, 0, x);
    lab->result_tensor(c, 1, m ? m : lab->tensor_new(D_DOUBLE, 2, none));
    lab->result_tensor(c, 2, a ? a : lab->tensor_new(D_DOUBLE, 2, none));
}

TL_SERVES(png_info, NO_GRAD)
{
    struct work k = { 0 };
    look(c, &k);
    struct record *s = lab->struct_new(2, (int64_t[]){ 1, 1 });
    const char *type = k.colours ? "indexed" : k.colour & PNG_COLOR_MASK_COLOR ? "truecolor" : "grayscale";
    lab->struct_set(s, 0, "Format", lab->tensor_value(lab->tensor_text("PNG", 3)));
    lab->struct_set(s, 0, "Width", lab->number(k.w));
    lab->struct_set(s, 0, "Height", lab->number(k.h));
    lab->struct_set(s, 0, "BitDepth", lab->number(k.bits));
    lab->struct_set(s, 0, "ColorType", lab->tensor_value(lab->tensor_text(type, strlen(type))));
    lab->struct_set(s, 0, "Alpha", lab->boolean_value(k.channels == 2 || k.channels == 4 || k.see_through));
    lab->struct_set(s, 0, "Interlaced", lab->boolean_value(k.interlaced != PNG_INTERLACE_NONE));
    lab->struct_set(s, 0, "Gamma", lab->number(k.gamma));
    lab->result(c, 0, lab->struct_value(s));
}

static void put(struct work *k)
{
    png_set_write_fn(k->png, k, push, flush);
    png_set_IHDR(k->png, k->info, k->w, k->h, k->bits, k->colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_color map[256];
    for (int i = 0; i < k->colours; i++)
        map[i] = (png_color){ k->map[i][0], k->map[i][1], k->map[i][2] };
    if (k->colours)
        png_set_PLTE(k->png, k->info, map, k->colours);
    png_set_compression_level(k->png, k->level);
    png_write_info(k->png, k->info);
    if (k->bits < 8)
        png_set_packing(k->png);
    if (k->bits == 16)
        png_set_swap(k->png);
    png_set_write_status_fn(k->png, row_done);
    png_write_image(k->png, k->row);
    png_write_end(k->png, NULL);
}

TL_SERVES(png_encode, NO_GRAD)                          /* png_encode(x, map, alpha, level) */
{
    struct picture p = arg_picture(c);
    struct work k = { .level = lab->has_arg(c, 3) ? (int)lab->arg_int(c, 3, 0, 9) : 6 };
    const void *alpha = NULL;
    k.in.who = lab->name_of(c);
    if (p.h > 0x7fffffff || p.w > 0x7fffffff)
        lab->fail("tl:bad-picture",
                  "%s: a PNG file has at most 2^31-1 rows and columns, but this picture is %lld x %lld", k.in.who,
                  (long long)p.h, (long long)p.w);
    k.h = (png_uint_32)p.h;
    k.w = (png_uint_32)p.w;
    k.bits = p.a.dtype == D_UINT16 ? 16 : p.a.dtype == D_LOGICAL && p.n == 1 ? 1 : 8;
    k.colour = p.n == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY;
    struct array m = { 0 };
    if (lab->has_arg(c, 1) && (m = lab->array_of(lab->arg_double(c, 1))).numel) {
        if (m.nd != 2 || m.dim[1] != 3 || m.dim[0] > 256)
            lab->fail_arg(c, 1, "a colour map of K x 3 with at most 256 rows");
        if (p.n != 1 || p.a.dtype == D_UINT16)
            lab->fail("tl:bad-picture", "%s: with a colour map the picture is H x W, of class uint8 or logical", k.in.who);
        k.colours = (int)m.dim[0];
        k.colour = PNG_COLOR_TYPE_PALETTE;
        k.bits = k.colours <= 2 ? 1 : k.colours <= 4 ? 2 : k.colours <= 16 ? 4 : 8;
        for (int i = 0; i < k.colours; i++)
            for (int j = 0; j < 3; j++) {
                double v = ((double *)m.data)[i + j * k.colours];
                k.map[i][j] = (unsigned char)(!(v > 0) ? 0 : v >= 1 ? 255 : v * 255 + 0.5);
            }
        const u8 *x = p.a.data;
        for (int64_t i = 0; i < p.a.numel; i++)
            if (x[i] >= k.colours)
                lab->fail("Octave:index-out-of-bounds", "%s: element %lld is colour %d, but the colour map has %d",
                          k.in.who, (long long)i + 1, x[i] + 1, k.colours);
    }
    struct array a;
    if (lab->has_arg(c, 2) && (a = lab->array_of(lab->arg_tensor(c, 2))).numel) {
        if (a.nd != 2 || a.dim[0] != p.h || a.dim[1] != p.w || a.dtype != (k.bits == 16 ? D_UINT16 : D_UINT8))
            lab->fail_arg(c, 2, "of the picture's height, width and class");
        if (k.colours || k.bits == 1)
            lab->fail("tl:bad-picture", "%s: a picture with a colour map, or of logicals, has no alpha here", k.in.who);
        k.colour |= PNG_COLOR_MASK_ALPHA;
        alpha = a.data;
    }
    int channels = p.n + (alpha != NULL), size = k.bits == 16 ? 2 : 1;
    size_t stride = (size_t)p.w * (size_t)channels * (size_t)size;
    unsigned char *rows = lab->scratch(stride * (size_t)p.h);
    k.row = lab->scratch(sizeof *k.row * (size_t)p.h);
    for (int64_t i = 0; i < p.h; i++)
        k.row[i] = rows + (size_t)i * stride;
    for (int j = 0; j < channels; j++) {
        const void *page = j == p.n ? alpha : (u8 *)p.a.data + p.h * p.w * j * size;
        if (size == 2)
            rows_of_page_u16(rows, page, stride, p.h, p.w, channels, j);
        else
            rows_of_page_u8(rows, page, stride, p.h, p.w, channels, j);
    }
    if (p.a.dtype == D_LOGICAL && k.bits == 8 && !k.colours)
        for (size_t i = 0; i < stride * (size_t)p.h; i++)
            rows[i] = rows[i] ? 255 : 0;
    if (!guarded(&k, false, put)) {
        free(k.out.p);
        if (k.stopped)
            lab->poll();
        lab->fail("tl:bad-picture", "%s: the PNG cannot be made: %s", k.in.who, k.why);
    }
    hand_over(c, k.out.p, k.out.n);
}
