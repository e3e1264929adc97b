/* SPDX-License-Identifier: BSD-3-Clause */
/* picture.c: pictures as bytes: what is known of PNG and JPEG before their plugins are loaded, and the formats of Netpbm,
 * which need no library.
 *
 * The one idea: a codec knows bytes, not files.  NAME_decode gives an array of bytes (NAME_info a struct), NAME_encode
 * makes bytes; files, extensions, classes and options are the business of imread and imwrite in scripts/. */
#include "plugin.h"
#include "tensor.h"
#include <ctype.h>

PLUGIN(png_decode, png, 1, 2, 3,
  "[x, map, alpha] = png_decode(bytes)\n"
  "[x, map, alpha] = png_decode(bytes, who)\n\n"
  "The picture in the bytes (uint8 or char) of a PNG file: H x W or H x W x 3; uint8, uint16 at 16 bits, logical "
  "for one bit of grey. With a colour map, which is K x 3 from 0 to 1, x holds its rows counted from 0. alpha, if "
  "the file has any, is H x W of x's class. An error begins with who. imread reads files.\n\n"
  "Example:\n  png_decode(png_encode(uint8([1 2; 3 4])))\n  ans =\n    1  2\n    3  4\n\n"
  "See also: png_encode, png_info, imread")

PLUGIN(png_info, png, 1, 2, 1,
  "info = png_info(bytes)\n"
  "info = png_info(bytes, who)\n\n"
  "What the head of a PNG file says, as a struct: Format, Width, Height, BitDepth, ColorType, Alpha, Interlaced, Gamma.\n\n"
  "Example:\n  png_info(png_encode(uint8([1 2; 3 4]))).ColorType\n  ans = grayscale\n\n"
  "See also: png_decode, imfinfo")

PLUGIN(png_encode, png, 1, 4, 1,
  "bytes = png_encode(x)\n"
  "bytes = png_encode(x, map, alpha, level)\n\n"
  "The bytes of a PNG file of x: H x W or H x W x 3; of class uint8 (8 bits), uint16 (16 bits) or logical (1 "
  "bit). With a colour map K x 3, x holds its rows counted from 0, and is written with 1, 2, 4 or 8 bits. alpha "
  "is H x W of x's class. level 0 to 9: how hard to compress, 6 by default. [] leaves one out.\n\n"
  "Example:\n  b = png_encode(uint8([1 2; 3 4])); char(b(2:4))\n  ans = PNG\n\n"
  "See also: png_decode, imwrite")

PLUGIN(jpeg_decode, jpeg, 1, 2, 1,
  "x = jpeg_decode(bytes)\n"
  "x = jpeg_decode(bytes, who)\n\n"
  "The picture in the bytes (uint8 or char) of a JPEG file: uint8, H x W or H x W x 3; four inks become three "
  "colours. An error begins with who. A file that breaks off, or of which a part cannot be read, is an error. "
  "imread reads files.\n\n"
  "Example:\n  size(jpeg_decode(jpeg_encode(zeros(8, 4, 3, 'uint8'))))\n  ans =\n     8   4   3\n\n"
  "See also: jpeg_encode, jpeg_info, imread")

PLUGIN(jpeg_info, jpeg, 1, 2, 1,
  "info = jpeg_info(bytes)\n"
  "info = jpeg_info(bytes, who)\n\n"
  "What the head of a JPEG file says, as a struct: Format, Width, Height, BitDepth, ColorType, Progressive.\n\n"
  "Example:\n  jpeg_info(jpeg_encode(zeros(8, 4, 'uint8'))).ColorType\n  ans = grayscale\n\n"
  "See also: jpeg_decode, imfinfo")

PLUGIN(jpeg_encode, jpeg, 1, 2, 1,
  "bytes = jpeg_encode(x)\n"
  "bytes = jpeg_encode(x, quality)\n\n"
  "The bytes of a JPEG file of x, H x W or H x W x 3 of class uint8. quality 0 to 100, 75 by default.\n\n"
  "Example:\n  b = jpeg_encode(zeros(8, 4, 'uint8')); b(1:2)\n  ans =\n    255  216\n\n"
  "See also: jpeg_decode, imwrite")

/* ---- Netpbm: P1 P4 bits (1 is black), P2 P5 grey, P3 P6 colours; P1 to P3 as text.  Behind the letter: width, height, the
   greatest value unless bits, one blank, the rows. */
struct pnm { const unsigned char *p; size_t n, at; const char *who; int type, colours, most; i64 w, h; bool plain; };

static NORETURN void pnm_bad(struct pnm *k, const char *what)
{
    fail("tl:bad-picture", "%s: the PNM file is damaged: %s", k->who, what);
}

static i64 pnm_number(struct pnm *k, const char *what, i64 most)
{
    char m[100];
    for (;; k->at++) {
        while (k->at < k->n && k->p[k->at] == '#')
            while (k->at < k->n && k->p[k->at] != '\n' && k->p[k->at] != '\r')
                k->at++;
        if (k->at >= k->n || !isspace(k->p[k->at]))
            break;
    }
    i64 v = -1;
    for (; k->at < k->n && isdigit(k->p[k->at]) && v <= most; k->at++)
        v = 10 * MAX(v, 0) + (k->p[k->at] - '0');
    if (v < 0 || v > most) {
        snprintf(m, sizeof m, v >= 0 ? "%s is more than %lld" : k->at >= k->n ? "it ends before %s" : "%s is no number",
                 what, (long long)most);
        pnm_bad(k, m);
    }
    return v;
}

static struct pnm pnm_head(struct call *c)
{
    struct tensor *b = arg_dense(c, 0);
    struct pnm k = { .p = (unsigned char *)b->data, .n = (size_t)b->numel, .at = 2, .colours = 1, .most = 1,
                     .who = has_arg(c, 1) ? arg_text(c, 1, NULL) : c->fn->name };
    if (b->dtype != D_UINT8 && b->dtype != D_CHAR)
        fail_arg(c, 0, "the bytes of a file (uint8 or char)");
    if (k.n < 3 || k.p[0] != 'P' || k.p[1] < '1' || k.p[1] > '6' || !(isspace(k.p[2]) || k.p[2] == '#'))
        fail("tl:bad-picture", "%s: this is no PBM, PGM or PPM file", k.who);
    k.type = (k.p[1] - '1') % 3;
    k.plain = k.p[1] <= '3';
    k.colours = k.type == 2 ? 3 : 1;
    k.w = pnm_number(&k, "the width", (i64)1 << 31);
    k.h = pnm_number(&k, "the height", (i64)1 << 31);
    k.most = k.type ? (int)pnm_number(&k, "the greatest value", 65535) : 1;
    if (k.w == 0 || k.h == 0 || k.most == 0)
        pnm_bad(&k, "a size or the greatest value is 0");
    if (k.at >= k.n || !(isspace(k.p[k.at]) || (k.plain && k.p[k.at] == '#')))
        pnm_bad(&k, "its head is not ended");
    if (!k.plain)
        k.at++;
    double bytes = (double)k.w * (double)k.h * k.colours * (!k.plain && k.most > 255 ? 2 : 1);
    if (!k.plain && !k.type)
        bytes = (double)((k.w + 7) / 8) * (double)k.h;
    if (bytes > (double)(k.n - k.at)) {
        char m[160];
        snprintf(m, sizeof m, "%lld x %lld points do not fit into %zu bytes", (long long)k.h, (long long)k.w, k.n);
        pnm_bad(&k, m);
    }
    return k;
}

BUILTIN(pnm_decode, 1, 2, 1, NO_GRAD,
  "x = pnm_decode(bytes)\n"
  "x = pnm_decode(bytes, who)\n\n"
  "The picture in the bytes (uint8 or char) of a PBM, PGM or PPM file, binary or text: logical (true is white), "
  "or uint8, or uint16 where the greatest value is above 255; values are scaled so that the greatest becomes 255 "
  "or 65535. Of several pictures the first. An error begins with who.\n\n"
  "Example:\n  pnm_decode('P2 2 1 15 0 15')\n  ans =\n      0  255\n\n"
  "See also: pnm_encode, pnm_info, imread")
{
    struct pnm k = pnm_head(c);
    i64 area = k.w * k.h;
    bool wide = k.most > 255;
    int full = wide ? 65535 : k.type ? 255 : 1;
    struct tensor *x = tensor_new(!k.type ? D_LOGICAL
                                  : wide  ? D_UINT16
                                          : D_UINT8,
                                  k.colours == 3 ? 3 : 2, (i64[]){ k.h, k.w, 3 });
    uint8_t *x8 = (uint8_t *)x->data;
    uint16_t *x16 = (uint16_t *)(void *)x->data;
    for (i64 i = 0; i < k.h; i++) {
        poll();
        for (i64 j = 0; j < k.w; j++)
            for (int q = 0; q < k.colours; q++) {
                i64 v;
                if (k.plain && k.type) {
                    v = pnm_number(&k, "a value", k.most);
                } else if (k.plain) {                                      /* bits need no blank between them */
                    while (k.at < k.n && isspace(k.p[k.at]))
                        k.at++;
                    if (k.at >= k.n || (k.p[k.at] != '0' && k.p[k.at] != '1'))
                        pnm_bad(&k, k.at >= k.n ? "it ends before a value" : "a value is neither 0 nor 1");
                    v = k.p[k.at++] == '0';
                } else if (!k.type) {
                    v = !(k.p[k.at + (size_t)(i * ((k.w + 7) / 8) + j / 8)] >> (7 - j % 8) & 1);
                } else {
                    v = k.p[k.at++];
                    if (wide)
                        v = v << 8 | k.p[k.at++];
                    if (v > k.most)
                        pnm_bad(&k, "a value is above the greatest");
                }
                v = k.most == full ? v : (2 * v * full + k.most) / (2 * k.most);
                i64 to = i + j * k.h + q * area;
                if (wide)
                    x16[to] = (uint16_t)v;
                else
                    x8[to] = (uint8_t)v;
            }
    }
    result_tensor(c, 0, x);
}

BUILTIN(pnm_info, 1, 2, 1, NO_GRAD,
  "info = pnm_info(bytes)\n"
  "info = pnm_info(bytes, who)\n\n"
  "What the head of a PBM, PGM or PPM file says, as a struct: Format, Width, Height, BitDepth, ColorType, MaxValue, "
  "Encoding.\n\n"
  "Example:\n  pnm_info('P2 2 1 15 0 15').BitDepth\n  ans = 4\n\n"
  "See also: pnm_decode, imfinfo")
{
    static const char *const format[] = { "PBM", "PGM", "PPM" };
    struct pnm k = pnm_head(c);
    struct record *s = record_scalar();
    int bits = 1;
    while (k.most >> bits)
        bits++;
    const char *type = k.colours == 3 ? "truecolor" : "grayscale", *how = k.plain ? "ASCII" : "rawbits";
    record_set(s, 0, symbol_of("Format"), tensor_value(tensor_text(format[k.type], 3)));
    record_set(s, 0, symbol_of("Width"), num((double)k.w));
    record_set(s, 0, symbol_of("Height"), num((double)k.h));
    record_set(s, 0, symbol_of("BitDepth"), num(bits));
    record_set(s, 0, symbol_of("ColorType"), tensor_value(tensor_text(type, strlen(type))));
    record_set(s, 0, symbol_of("MaxValue"), num(k.most));
    record_set(s, 0, symbol_of("Encoding"), tensor_value(tensor_text(how, strlen(how))));
    result(c, 0, record_value(s));
}

BUILTIN(pnm_encode, 1, 2, 1, NO_GRAD,
  "bytes = pnm_encode(x)\n"
  "bytes = pnm_encode(x, plain)\n\n"
  "The bytes of a PBM file (x is H x W and logical), a PGM file (H x W, uint8 or uint16) or a PPM file (H x W x "
  "3) of x; as text when plain is true.\n\n"
  "Example:\n  char(pnm_encode(uint8([1 2; 3 4]), true))\n  ans = P2\n  2 2\n  255\n  1 2\n  3 4\n\n"
  "See also: pnm_decode, imwrite")
{
    struct tensor *x = arg_dense(c, 0);
    bool plain = has_arg(c, 1) && arg_bool(c, 1), bits = x->dtype == D_LOGICAL, wide = x->dtype == D_UINT16;
    int colours = x->nd == 3 ? 3 : 1;
    if ((x->dtype != D_UINT8 && !wide && !bits) || x->nd > 3 || (x->nd == 3 && (bits || x->dim[2] != 3)) || x->numel == 0)
        fail_arg(c, 0, "a picture: H x W (uint8, uint16 or logical) or H x W x 3 (uint8 or uint16)");
    i64 h = x->dim[0], w = x->dim[1];
    struct buf *b = buf_new();
    buff(b, "P%d\n%lld %lld\n", (bits ? 1 : colours == 1 ? 2 : 3) + (plain ? 0 : 3), (long long)w, (long long)h);
    if (!bits)
        buff(b, "%d\n", wide ? 65535 : 255);
    for (i64 i = 0; i < h; i++) {
        int byte = 0;
        poll();
        for (i64 j = 0; j < w; j++)
            for (int q = 0; q < colours; q++) {
                i64 at = i + j * h + q * w * h;
                int v = wide ? ((uint16_t *)(void *)x->data)[at] : ((uint8_t *)x->data)[at];
                if (bits)
                    v = !v;
                if (plain) {
                    buff(b, "%d%c", v, j == w - 1 && q == colours - 1 ? '\n' : (j * colours + q) % 10 == 9 ? '\n' : ' ');
                } else if (bits) {
                    byte |= v << (7 - j % 8);
                    if (j % 8 == 7 || j == w - 1) {
                        buf_putc(b, (char)byte);
                        byte = 0;
                    }
                } else {
                    if (wide)
                        buf_putc(b, (char)(v >> 8));
                    buf_putc(b, (char)v);
                }
            }
    }
    struct tensor *r = tensor_new(D_UINT8, 2, (i64[]){ 1, (i64)b->n });
    memcpy(r->data, b->s, b->n);
    result_tensor(c, 0, r);
}
