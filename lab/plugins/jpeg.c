/* SPDX-License-Identifier: BSD-3-Clause */
/* jpeg.c: pictures in JPEG, by libjpeg.
 *
 * The one idea: libjpeg runs only inside `guarded`, where nothing of tl is called, and fails by jumping there; so a file is
 * read twice, once as far as its sizes, then with the memory ready, as in png.c.  libjpeg goes on after damage and warns;
 * here a picture of which a part was made up is an error. */
#include "picture.h"
#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>

TL_PLUGIN("pictures in JPEG by libjpeg (IJG and BSD-3-Clause licences)")

/* In each block of 64 values of the finest component a file spends a bit at least, but for arithmetic coding, which may spend
   some eight times less. */
enum { POINTS_A_BYTE = 4096, SCANS = 500 };

struct work {
    struct bytes in;
    unsigned char **row;
    int w, h, n;                              /* n: colours as they are read: 1, 3 or 4 */
    bool inverted, progressive;
    int quality;
    unsigned char *out;
    unsigned long out_n;
    struct jpeg_error_mgr e;
    struct jpeg_progress_mgr watch;
    jmp_buf back;
    char why[JMSG_LENGTH_MAX];
    bool stopped;
};

static void failed(j_common_ptr j)
{
    struct work *k = j->client_data;
    j->err->format_message(j, k->why);
    longjmp(k->back, 1);
}
static void warned(j_common_ptr j, int level)
{
    if (level < 0 && j->err->msg_code != JWRN_JFIF_MAJOR && j->err->msg_code != JWRN_ADOBE_XFORM &&
        j->err->msg_code != JWRN_BOGUS_ICC && j->err->msg_code != JWRN_EXTRANEOUS_DATA)
        failed(j);
}
static void silent(j_common_ptr j) { (void)j; }
static void watch(j_common_ptr j)
{
    struct work *k = j->client_data;
    if (lab->interrupted()) {
        k->stopped = true;
        longjmp(k->back, 1);
    }
    if (j->is_decompressor && ((j_decompress_ptr)j)->input_scan_number > SCANS) {
        snprintf(k->why, sizeof k->why, "it has more than %d scans", SCANS);
        longjmp(k->back, 1);
    }
}

static struct jpeg_error_mgr *errors(struct work *k)
{
    jpeg_std_error(&k->e);
    k->e.error_exit = failed;
    k->e.emit_message = warned;
    k->e.output_message = silent;
    k->watch.progress_monitor = watch;
    return &k->e;
}

static void head(struct jpeg_decompress_struct *j, struct work *k)
{
    jpeg_mem_src(j, k->in.p, k->in.n);
    jpeg_read_header(j, TRUE);
    k->w = (int)j->image_width;
    k->h = (int)j->image_height;
    k->inverted = j->saw_Adobe_marker != 0;
    k->progressive = j->progressive_mode != 0;
    j->dct_method = JDCT_ISLOW;
    switch (j->num_components) {
    case 1: j->out_color_space = JCS_GRAYSCALE; break;
    case 3: j->out_color_space = JCS_RGB; break;
    case 4: j->out_color_space = JCS_CMYK; break;
    default:
        snprintf(k->why, sizeof k->why, "it has %d colours", j->num_components);
        longjmp(k->back, 1);
    }
    k->n = j->num_components;
}
static bool guarded(struct work *k, bool whole)
{
    struct jpeg_decompress_struct j = { .client_data = k };
    j.err = errors(k);
    if (setjmp(k->back)) {
        jpeg_destroy_decompress(&j);
        return false;
    }
    jpeg_create_decompress(&j);
    j.client_data = k;
    j.progress = &k->watch;
    head(&j, k);
    if (whole) {
        jpeg_start_decompress(&j);
        while (j.output_scanline < j.output_height)
            jpeg_read_scanlines(&j, k->row + j.output_scanline, j.output_height - j.output_scanline);
        jpeg_finish_decompress(&j);
    }
    jpeg_destroy_decompress(&j);
    return true;
}

static _Noreturn void damaged(struct work *k)
{
    if (k->stopped)
        lab->poll();
    lab->fail("tl:bad-picture", "%s: the JPEG file is damaged: %s", k->in.who, k->why);
}
static void look(struct call *c, struct work *k)
{
    k->in = arg_bytes(c);
    if (k->in.n < 3 || memcmp(k->in.p, "\xff\xd8\xff", 3))
        lab->fail("tl:bad-picture", "%s: this is no JPEG file", k->in.who);
    if (!guarded(k, false))
        damaged(k);
}

TL_SERVES(jpeg_decode, NO_GRAD)
{
    struct work k = { 0 };
    look(c, &k);
    if ((double)k.w * (double)k.h > (double)POINTS_A_BYTE * (double)k.in.n)
        lab->fail("tl:bad-picture", "%s: the JPEG file is damaged: %d x %d points do not fit into %zu bytes", k.in.who,
                  k.h, k.w, k.in.n);
    int colours = k.n == 1 ? 1 : 3;
    int64_t dim[3] = { k.h, k.w, colours };
    size_t stride = (size_t)k.w * (size_t)k.n;
    struct tensor *x = lab->tensor_new(D_UINT8, colours == 1 ? 2 : 3, dim);
    unsigned char *rows = lab->scratch(stride * (size_t)k.h);
    k.row = lab->scratch(sizeof *k.row * (size_t)k.h);
    for (int i = 0; i < k.h; i++)
        k.row[i] = rows + (size_t)i * stride;
    if (!guarded(&k, true))
        damaged(&k);
    for (size_t i = 0; k.n == 4 && i < stride * (size_t)k.h; i += 4) {       /* inks; Adobe's programs write them inverted */
        int flip = k.inverted ? 0 : 255, black = rows[i + 3] ^ flip;
        for (size_t q = i; q < i + 3; q++)
            rows[q] = (unsigned char)(((rows[q] ^ flip) * black + 127) / 255);
    }
    for (int q = 0; q < colours; q++)
        page_of_rows_u8((u8 *)lab->array_of(x).data + (int64_t)q * k.h * k.w, rows, stride, k.h, k.w, k.n, q);
    lab->result_tensor(c, 0, x);
}

TL_SERVES(jpeg_info, NO_GRAD)
{
    struct work k = { 0 };
    look(c, &k);
    struct record *s = lab->struct_new(2, (int64_t[]){ 1, 1 });
    const char *type = k.n == 1 ? "grayscale" : k.n == 3 ? "truecolor" : "CMYK";
    lab->struct_set(s, 0, "Format", lab->tensor_value(lab->tensor_text("JPEG", 4)));
    lab->struct_set(s, 0, "Width", lab->number(k.w));
    lab->struct_set(s, 0, "Height", lab->number(k.h));
    lab->struct_set(s, 0, "BitDepth", lab->number(8));
    lab->struct_set(s, 0, "ColorType", lab->tensor_value(lab->tensor_text(type, strlen(type))));
    lab->struct_set(s, 0, "Progressive", lab->boolean_value(k.progressive));
    lab->result(c, 0, lab->struct_value(s));
}

static bool put(struct work *k)
{
    struct jpeg_compress_struct j = { .client_data = k };
    j.err = errors(k);
    if (setjmp(k->back)) {
        jpeg_destroy_compress(&j);
        return false;
    }
    jpeg_create_compress(&j);
    j.client_data = k;
    j.progress = &k->watch;
    jpeg_mem_dest(&j, &k->out, &k->out_n);
    j.image_width = (JDIMENSION)k->w;
    j.image_height = (JDIMENSION)k->h;
    j.input_components = k->n;
    j.in_color_space = k->n == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, k->quality, TRUE);
    jpeg_start_compress(&j, TRUE);
    while (j.next_scanline < j.image_height)
        jpeg_write_scanlines(&j, k->row + j.next_scanline, j.image_height - j.next_scanline);
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    return true;
}

TL_SERVES(jpeg_encode, NO_GRAD)                           /* jpeg_encode(x, quality) */
{
    struct picture p = arg_picture(c);
    struct work k = { .quality = lab->has_arg(c, 1) ? (int)lab->arg_int(c, 1, 0, 100) : 75, .n = p.n };
    const char *who = lab->name_of(c);
    if (p.a.dtype != D_UINT8)
        lab->fail_arg(c, 0, "a picture of class uint8");
    if (p.h > JPEG_MAX_DIMENSION || p.w > JPEG_MAX_DIMENSION)
        lab->fail("tl:bad-picture", "%s: a JPEG file has at most %ld rows and columns, but this picture is %lld x %lld",
                  who, JPEG_MAX_DIMENSION, (long long)p.h, (long long)p.w);
    k.h = (int)p.h;
    k.w = (int)p.w;
    size_t stride = (size_t)k.w * (size_t)k.n;
    unsigned char *rows = lab->scratch(stride * (size_t)k.h);
    k.row = lab->scratch(sizeof *k.row * (size_t)k.h);
    for (int i = 0; i < k.h; i++)
        k.row[i] = rows + (size_t)i * stride;
    for (int q = 0; q < k.n; q++)
        rows_of_page_u8(rows, (const u8 *)p.a.data + (int64_t)q * k.h * k.w, stride, k.h, k.w, k.n, q);
    if (!put(&k)) {
        free(k.out);
        if (k.stopped)
            lab->poll();
        lab->fail("tl:bad-picture", "%s: the JPEG cannot be made: %s", who, k.why);
    }
    hand_over(c, k.out, k.out_n);
}
