/* SPDX-License-Identifier: BSD-3-Clause */
/* hash.c: MD5 (RFC 1321), SHA-1 and SHA-2 (FIPS 180-4) of texts.
 *
 * The one idea: all are one loop over padded blocks of 64 (SHA-384 and SHA-512: 128) bytes; a row of the table says the
 * step, the state it begins with and how much of it is the result.  The constants of the SHA-2 family are the first 64
 * bits behind the point of the cube roots of the first 80 primes and of the square roots of the first 16; the smaller
 * members take halves. */
#include "call.h"

static const uint64_t cube_roots[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};
static const uint64_t square_roots[16] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1,
    0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179, 0xcbbb9d5dc1059ed8, 0x629a292a367cd507,
    0x9159015a3070dd17, 0x152fecd8f70e5939, 0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7,
    0x47b5481dbefa4fa4,
};

static uint32_t left(uint32_t x, int n) { return x << n | x >> (32 - n); }
static uint32_t right(uint32_t x, int n) { return x >> n | x << (32 - n); }
static uint64_t right64(uint64_t x, int n) { return x >> n | x << (64 - n); }
static uint32_t big32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void step_md5(uint64_t *h, const unsigned char *p)
{
    static const uint32_t sines[64] = {       /* |sin(i + 1)| 2^32 */
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391 };
    static const unsigned char turns[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };
    uint32_t s[4], w[16];
    for (int i = 0; i < 4; i++)
        s[i] = (uint32_t)h[i];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] | (uint32_t)p[4 * i + 1] << 8 | (uint32_t)p[4 * i + 2] << 16 | (uint32_t)p[4 * i + 3] << 24;
    for (int i = 0; i < 64; i++) {
        uint32_t b = s[1], c = s[2], d = s[3], f;
        int k;
        switch (i / 16) {
        case 0: f = (b & c) | (~b & d); k = i; break;
        case 1: f = (d & b) | (~d & c); k = 5 * i + 1; break;
        case 2: f = b ^ c ^ d; k = 3 * i + 5; break;
        default: f = c ^ (b | ~d); k = 7 * i;
        }
        f += s[0] + w[k % 16] + sines[i];
        s[0] = d, s[3] = c, s[2] = b, s[1] = b + left(f, turns[i / 16][i % 4]);
    }
    for (int i = 0; i < 4; i++)
        h[i] = (uint32_t)(h[i] + s[i]);
}

static void step_sha1(uint64_t *h, const unsigned char *p)
{
    static const uint32_t constant[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
    uint32_t s[5], w[80];
    for (int i = 0; i < 5; i++)
        s[i] = (uint32_t)h[i];
    for (int i = 0; i < 80; i++)
        w[i] = i < 16 ? big32(p + 4 * i) : left(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (int i = 0; i < 80; i++) {
        uint32_t b = s[1], c = s[2], d = s[3],
                 f = i < 20              ? (b & c) | (~b & d)
                     : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d)
                                         : b ^ c ^ d;
        uint32_t t = left(s[0], 5) + f + s[4] + constant[i / 20] + w[i];
        s[4] = d, s[3] = c, s[2] = left(b, 30), s[1] = s[0], s[0] = t;
    }
    for (int i = 0; i < 5; i++)
        h[i] = (uint32_t)(h[i] + s[i]);
}

#define SHA2(name, T, rounds, load, turn, a1, a2, a3, b1, b2, b3, c1, c2, c3, d1, d2, d3, k)                           \
    static void name(uint64_t *h, const unsigned char *p)                                                              \
    {                                                                                                                  \
        T s[8], w[rounds];                                                                                             \
        for (int i = 0; i < 8; i++)                                                                                    \
            s[i] = (T)h[i];                                                                                            \
        for (int i = 0; i < rounds; i++)                                                                               \
            w[i] = i < 16 ? load : (turn(w[i - 2], d1) ^ turn(w[i - 2], d2) ^ w[i - 2] >> d3) + w[i - 7] +             \
                   (turn(w[i - 15], c1) ^ turn(w[i - 15], c2) ^ w[i - 15] >> c3) + w[i - 16];                          \
        for (int i = 0; i < rounds; i++) {                                                                             \
            T a = s[0], e = s[4];                                                                                      \
            T t = s[7] + (turn(e, b1) ^ turn(e, b2) ^ turn(e, b3)) + ((e & s[5]) ^ (~e & s[6])) + (T)(k) + w[i];       \
            T u = (turn(a, a1) ^ turn(a, a2) ^ turn(a, a3)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));               \
            for (int j = 7; j > 0; j--)                                                                                \
                s[j] = s[j - 1];                                                                                       \
            s[4] += t;                                                                                                 \
            s[0] = t + u;                                                                                              \
        }                                                                                                              \
        for (int i = 0; i < 8; i++)                                                                                    \
            h[i] = (T)(h[i] + s[i]);                                                                                   \
    }
SHA2(step_sha256, uint32_t, 64, big32(p + 4 * i), right, 2, 13, 22, 6, 11, 25, 7, 18, 3, 17, 19, 10, cube_roots[i] >> 32)
SHA2(step_sha512, uint64_t, 80, (uint64_t)big32(p + 8 * i) << 32 | big32(p + 8 * i + 4), right64, 28, 34, 39, 14, 18, 41, 1, 8, 7, 19, 61, 6, cube_roots[i])

static const struct hash_kind {
    const char *name;
    void (*step)(uint64_t *h, const unsigned char *p);
    int block, word, bytes;                   /* of a block, of a word of the state, of the result */
} kinds[] = {
    { "md5", step_md5, 64, 4, 16 },        { "sha1", step_sha1, 64, 4, 20 },      { "sha224", step_sha256, 64, 4, 28 },
    { "sha256", step_sha256, 64, 4, 32 },  { "sha384", step_sha512, 128, 8, 48 }, { "sha512", step_sha512, 128, 8, 64 },
};

static void hash_text(const struct hash_kind *k, const char *s, size_t n, char *hex)
{
    static const uint32_t first[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
    bool md5 = k->step == step_md5, early = md5 || k->step == step_sha1;
    uint64_t h[8];
    for (int i = 0; i < 8; i++)
        h[i] = early            ? i < 5 ? first[i] : 0
               : k->bytes == 28 ? square_roots[i + 8] & 0xffffffff
               : k->bytes == 32 ? square_roots[i] >> 32
                                : square_roots[k->bytes == 48 ? i + 8 : i];
    size_t whole = n / (size_t)k->block * (size_t)k->block;
    for (size_t i = 0; i < whole; i += (size_t)k->block) {
        if (i % (1 << 20) == 0)
            poll();
        k->step(h, (const unsigned char *)s + i);
    }
    unsigned char last[256] = { 0 };
    size_t rest = n - whole,
           end = rest + 1 + 2 * (size_t)k->word > (size_t)k->block ? 2 * (size_t)k->block : (size_t)k->block;
    memcpy(last, s + whole, rest);
    last[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        last[md5 ? end - 8 + (size_t)i : end - 1 - (size_t)i] = (unsigned char)((uint64_t)n * 8 >> (8 * i));
    for (size_t i = 0; i < end; i += (size_t)k->block)
        k->step(h, last + i);
    for (int i = 0; i < k->bytes; i++) {
        int at = i % k->word;
        sprintf(hex + 2 * i, "%02x", (unsigned)(h[i / k->word] >> 8 * (md5 ? at : k->word - 1 - at) & 0xff));
    }
}

BUILTIN(hash, 2, 2, 1, NO_GRAD,
    "h = hash(kind, text)\n\n"
    "The hash of a text in hexadecimal digits; kind is 'md5', 'sha1', 'sha224', 'sha256', 'sha384' or 'sha512'. MD5 "
    "and SHA-1 are for sums of files and old formats, not for what must withstand an attack.\n\n"
    "Example:\n"
    "  hash('md5', 'abc')\n"
    "  ans = 900150983cd24fb0d6963f7d28e17f72\n\n"
    "See also: fileread, base64_encode")
{
    static const char *const names[] = { "md5", "sha1", "sha224", "sha256", "sha384", "sha512", NULL };
    int k = arg_option(c, 0, names);
    size_t n;
    const char *s = arg_text(c, 1, &n);
    char hex[129];
    hash_text(&kinds[k], s, n, hex);
    result_text(c, 0, hex);
}
