/* SPDX-License-Identifier: BSD-3-Clause */
/* base64.c: bytes as text in base 64 (RFC 4648) and back.
 *
 * Three bytes are four letters; a table says what each letter is worth, 255 for what is none. */
#include "call.h"
#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

BUILTIN(base64_encode, 1, 1, 1, NO_GRAD,
    "s = base64_encode(x)\n\n"
    "The bytes of a text or of real numbers, as they lie in memory, in base 64.\n\n"
    "Example:\n"
    "  base64_encode(uint8('abc'))\n"
    "  ans = YWJj\n\n"
    "See also: base64_decode, typecast")
{
    struct tensor *x = arg_dense(c, 0);
    if (dtype_is(x->dtype, DT_C))
        fail_arg(c, 0, "real");
    const unsigned char *p = (const unsigned char *)x->data;
    i64 n = x->numel * dtypes[x->dtype].size;
    struct buf *b = buf_new();
    size_t all = (size_t)(n + 2) / 3 * 4;
    char *s = buf_room(b, all);
    for (; n >= 3; n -= 3, p += 3) {
        uint32_t q = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        for (int k = 18; k >= 0; k -= 6)
            *s++ = letters[q >> k & 63];
    }
    if (n > 0) {
        uint32_t q = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0);
        *s++ = letters[q >> 18];
        *s++ = letters[q >> 12 & 63];
        *s++ = n > 1 ? letters[q >> 6 & 63] : '=';
        *s++ = '=';
    }
    *s = 0;
    b->n += all;
    result(c, 0, buf_value(b));
}

BUILTIN(base64_decode, 1, 2, 1, NO_GRAD,
    "x = base64_decode(s)\n"
    "x = base64_decode(s, dims)\n\n"
    "The doubles that base64_encode made into text s, in a row or in the sizes dims.\n\n"
    "Example:\n"
    "  base64_decode(base64_encode([1 2]))\n"
    "  ans =\n     1   2\n\n"
    "See also: base64_encode")
{
    size_t n;
    const char *s = arg_text(c, 0, &n);
    unsigned char worth[256];
    memset(worth, 255, sizeof worth);
    for (int k = 0; k < 64; k++)
        worth[(unsigned char)letters[k]] = (unsigned char)k;
    size_t pad = n && s[n - 1] == '=' ? n > 1 && s[n - 2] == '=' ? 2 : 1 : 0, body = n - pad, bytes = n / 4 * 3 - pad;
    bool good = n % 4 == 0;
    for (size_t k = 0; k < body && good; k++)
        good = worth[(unsigned char)s[k]] != 255;
    if (!good)
        fail("Octave:invalid-input-arg", "base64_decode: this is not base 64 text");
    if (bytes % 8)
        fail("Octave:invalid-input-arg", "base64_decode: the text holds %lld bytes, which are no doubles", (long long)bytes);
    struct tensor *x = tensor_2d(D_DOUBLE, 1, (i64)(bytes / 8));
    unsigned char *to = (unsigned char *)x->data, *end = to + bytes;
    for (size_t k = 0; k < body; k += 4) {
        uint32_t q = 0;
        for (size_t j = 0; j < 4; j++)
            q = q << 6 | (k + j < body ? worth[(unsigned char)s[k + j]] : 0);
        for (int j = 16; j >= 0 && to < end; j -= 8)
            *to++ = (unsigned char)(q >> j);
    }
    if (has_arg(c, 1)) {
        i64 dim[MAX_DIMS];
        int nd = arg_dims(c, 1, 2, dim);
        i64 all = 1;
        for (int k = 0; k < nd; k++)
            all *= dim[k];
        if (all != x->numel)
            fail("Octave:nonconformant-args", "base64_decode: the text holds %lld doubles, which do not fill the sizes asked for",
                 (long long)x->numel);
        x = tensor_reshape(x, nd, dim);
    }
    result_tensor(c, 0, x);
}
