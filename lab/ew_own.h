/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_own.h: our own kernels, where SLEEF or the machine's instruction is slow: exp, tanh, erf of singles, pow,
 * half-integer powers, hypot, roots of singles.  Included once per compute type by ew_vec.h.  Where there is FMA (AVX2,
 * AVX-512) both vector lengths give the same bits: what is no correctly rounded result starts from integer arithmetic,
 * never from an instruction that only approximates.  Measured against __float128: exp  double 0.53 ulp, single 0.98
 * tanh  double 0.76, single 0.97    erf  single 0.61     x^2.5  0.501 (1.42 near the smallest normal)     pow  double
 * 0.67, single 0.503 A power whose exponent is special (2, 0.5, 2.5 …) is a lane choice here, so x.^2 and x.^y agree
 * bit for bit. */
#if VECTOR && VARIANT >= 256
#ifndef EW_OWN_ONCE
#define EW_OWN_ONCE
typedef double VD __attribute__((vector_size(VB)));
typedef int64_t VL __attribute__((vector_size(VB)));
typedef uint64_t VU __attribute__((vector_size(VB)));       /* exponents wrap in lanes that are thrown away */
typedef float VF __attribute__((vector_size(VB)));
typedef int32_t VJ __attribute__((vector_size(VB)));
typedef uint32_t VUJ __attribute__((vector_size(VB)));
typedef float VH __attribute__((vector_size(VB / 2)));
typedef int32_t VJH __attribute__((vector_size(VB / 2)));
#if VARIANT == 512
#define FMAD(a, b, c) ((VD)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define MIND(a, b) ((VD)_mm512_min_pd((__m512d)(a), (__m512d)(b)))
#define SQRTD(a) ((VD)_mm512_sqrt_pd((__m512d)(a)))
#define LOW(a) ((VH)_mm512_castps512_ps256((__m512)(a)))
#define HIGH(a) ((VH)_mm512_extractf32x8_ps((__m512)(a), 1))
#define JOIN(l, h) _mm512_insertf32x8(_mm512_castps256_ps512((__m256)(l)), (__m256)(h), 1)
#define FMAF_(a, b, c) ((VF)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define MINF_(a, b) ((VF)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define ANYBIT(m) _mm512_test_epi32_mask((__m512i)(m), (__m512i)(m))
#define MAXJ(a, b) ((VJ)_mm512_max_epi32((__m512i)(a), (__m512i)(b)))
#define CELL(t, r, k) ((VF)_mm512_permutex2var_ps(_mm512_load_ps(t[r]), (__m512i)(k), _mm512_load_ps(t[r] + 16)))
#define ALLD(m) (_mm512_movepi64_mask((__m512i)(m)) == 0xFF)
#define ALLF(m) (_mm512_movepi32_mask((__m512i)(m)) == 0xFFFF)
#else
#define FMAD(a, b, c) ((VD)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define MIND(a, b) ((VD)_mm256_min_pd((__m256d)(a), (__m256d)(b)))
#define SQRTD(a) ((VD)_mm256_sqrt_pd((__m256d)(a)))
#define LOW(a) ((VH)_mm256_castps256_ps128((__m256)(a)))
#define HIGH(a) ((VH)_mm256_extractf128_ps((__m256)(a), 1))
#define JOIN(l, h) _mm256_insertf128_ps(_mm256_castps128_ps256((__m128)(l)), (__m128)(h), 1)
#define FMAF_(a, b, c) ((VF)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define MINF_(a, b) ((VF)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define ANYBIT(m) _mm256_movemask_epi8((__m256i)(m))
#define MAXJ(a, b) ((VJ)_mm256_max_epi32((__m256i)(a), (__m256i)(b)))
#define CELL(t, r, k) ((VF)_mm256_i32gather_ps(t[r], (__m256i)((k) & 31), 4))
#define ALLD(m) (_mm256_movemask_epi8((__m256i)(m)) == -1)
#define ALLF ALLD
#endif
#define KD(c) ((c) - (VD){0})
#define KF(c) ((float)(c) - (VF){0})
#define WIDE(h) __builtin_convertvector(h, VD)
#define THIN(d) __builtin_convertvector(d, VH)

/* expm1(2|x|) = e as a pair, then e / (e + 2) with one division and one correction.  r in [-ln2/2, ln2/2]. */
static inline VD tanh_double(VD x)
{
    VL sign = (VL)x & (INT64_MIN + (VL){0});
    VD ax = MIND(KD(22.0), (VD)((VL)x ^ sign)), y = ax + ax;  /* in this order min(22, NaN) is NaN */
    const double magic = 6755399441055744.0;                  /* 1.5 * 2^52: its low bits hold the rounded integer */
    VD kf = FMAD(y, KD(1.4426950408889634074), KD(magic));
    VL ki = (VL)kf;
    kf -= KD(magic);
    VD r0 = FMAD(kf, KD(-0x1.62e42fefa0000p-1), y), r1 = kf * KD(-0x1.cf79abc9e3b3ap-40);
    VD r = r0 + r1, rl = (r0 - r) + r1, s = (VD)(((VU)ki + 1023) << 52), r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    VD c0 = FMAD(r, KD(1.0 / 24), KD(1.0 / 6)), c1 = FMAD(r, KD(1.0 / 720), KD(1.0 / 120));
    VD c2 = FMAD(r, KD(1.0 / 40320), KD(1.0 / 5040)), c3 = FMAD(r, KD(1.0 / 3628800), KD(1.0 / 362880));
    VD c4 = FMAD(r, KD(1.0 / 479001600), KD(1.0 / 39916800)), c5 = KD(1.0 / 6227020800.);
    VD q = FMAD(r8, FMAD(r2, c5, c4), FMAD(r4, FMAD(r2, c3, c2), FMAD(r2, c1, c0)));
    VD t = FMAD(r2, FMAD(r, q, KD(0.5)), FMAD(rl, r, rl));
    VD A = s - 1, b = s * r, hi = A + b, lo = (b - (hi - A)) + s * t;
    VD h = hi + lo, l = lo - (h - hi), D = h + 2, bb = D - h, dl = (h - (D - bb)) + (2 - bb) + l;
    VD rc = 1 / D, z = h * rc, rem = FMAD(-z, D, h) + FMAD(-z, dl, l);
    return (VD)((VL)FMAD(rem, rc, z) | sign);
}

/* tanh of singles: |x| in cells of a quarter octave from 1/16 to 10, in each a polynomial of degree 6 about a point whose
   tanh is nearly a single (within 2^-14 of an ulp, beyond 7 within a half); below 1/16 an odd one about 0.  Rows: the point,
   its tanh, the coefficients; columns: the cell, bits >> 21 & 31. Half the time of expm1 and a division. */
static const float tanh_cell[8][32] __attribute__((aligned(64))) = {
    { 0x1.1ff226p1f,  0x1.5ff05ep1f,  0x1.9feb98p1f,  0x1.e01726p1f,  0x1.2004d2p2f,  0x1.5fe8bep2f,
      0x1.9fef28p2f,  0x1.e0177p2f,   0x1.1fe89p3f,   0x1.4p3f,       0x1.4p3f,       0,
      0x1.200c32p-4f, 0x1.5ff334p-4f, 0x1.9ffde6p-4f, 0x1.e00434p-4f, 0x1.1ff20ep-3f, 0x1.6006ap-3f,
      0x1.a01724p-3f, 0x1.e01738p-3f, 0x1.1ff652p-2f, 0x1.600068p-2f, 0x1.9fefaap-2f, 0x1.e0167ep-2f,
      0x1.1ff3a2p-1f, 0x1.5ffc7cp-1f, 0x1.9fef8ap-1f, 0x1.dff95ap-1f, 0x1.20155cp0f,  0x1.5fef1ep0f,
      0x1.a01248p0f,  0x1.dfe98p0f },
    { 0x1.f4bd6ep-1f, 0x1.fbd406p-1f, 0x1.fe75fcp-1f, 0x1.ff6f4cp-1f, 0x1.ffdfacp-1f, 0x1.fffb9cp-1f,
      0x1.ffff68p-1f, 0x1.ffffecp-1f, 0x1.fffffep-1f, 0x1p0f,         0x1p0f,         0,
      0x1.1f92ep-4f,  0x1.5f161ep-4f, 0x1.9e9142p-4f, 0x1.ddd4b8p-4f, 0x1.1e1024p-3f, 0x1.5c9976p-3f,
      0x1.9a7552p-3f, 0x1.d77c5ap-3f, 0x1.189aa6p-2f, 0x1.52c322p-2f, 0x1.8a79f8p-2f, 0x1.bfc09cp-2f,
      0x1.04ff48p-1f, 0x1.31559cp-1f, 0x1.577ff2p-1f, 0x1.77d528p-1f, 0x1.9e6b72p-1f, 0x1.c27104p-1f,
      0x1.d9cc3cp-1f, 0x1.e87494p-1f },
    { 0x1.645bfp-5f,
      0x1.09e80ap-6f,
      0x1.896c66p-8f,
      0x1.213f1cp-9f,
      0x1.02983ep-11f,
      0x1.18ff4p-14f,
      0x1.300052p-17f,
      0x1.46bfb2p-20f,
      0x1.f4e4c6p-25f,
      0,
      0,
      0x1p0f,
      0x1.fd79eap-1f,
      0x1.fc3d04p-1f,
      0x1.fac14cp-1f,
      0x1.f9083cp-1f,
      0x1.f602cp-1f,
      0x1.f12a74p-1f,
      0x1.eb6f2p-1f,
      0x1.e4dd2ap-1f,
      0x1.d98daap-1f,
      0x1.c7f704p-1f,
      0x1.b4048ap-1f,
      0x1.9e1bbap-1f,
      0x1.7af43cp-1f,
      0x1.49e972p-1f,
      0x1.198bf2p-1f,
      0x1.d83dd4p-2f,
      0x1.61204ep-2f,
      0x1.cedcf8p-3f,
      0x1.26374ep-3f,
      0x1.700d5ap-4f },
    { -0x1.5c85a2p-5f,
      -0x1.07bd6p-6f,
      -0x1.883da6p-8f,
      -0x1.20ed5ep-9f,
      -0x1.028768p-11f,
      -0x1.18fc6ap-14f,
      -0x1.2fff9cp-17f,
      -0x1.2b2714p-19f,
      0x1.ee20fcp-22f,
      0,
      0,
      0,
      -0x1.1e27f4p-4f,
      -0x1.5c818ep-4f,
      -0x1.9a51d2p-4f,
      -0x1.d753c8p-4f,
      -0x1.187b64p-3f,
      -0x1.527fdep-3f,
      -0x1.89f89p-3f,
      -0x1.be7f3cp-3f,
      -0x1.038884p-2f,
      -0x1.2dafd6p-2f,
      -0x1.4fef5ep-2f,
      -0x1.6a24fep-2f,
      -0x1.8259eep-2f,
      -0x1.897d76p-2f,
      -0x1.79c73ap-2f,
      -0x1.5aa5e4p-2f,
      -0x1.1dd33ap-2f,
      -0x1.973662p-3f,
      -0x1.104374p-3f,
      -0x1.5f2088p-4f },
    { 0x1.bc253cp-6f,
      0x1.59e736p-7f,
      0x1.03e95ap-8f,
      0x1.805eccp-10f,
      0x1.584dcep-12f,
      0x1.765e24p-15f,
      0x1.950ce4p-18f,
      0x1.d5742ep-21f,
      0x1.e3850cp-25f,
      0,
      0,
      -0x1.55554ep-2f,
      -0x1.4ea0d6p-2f,
      -0x1.4b5b68p-2f,
      -0x1.477446p-2f,
      -0x1.42f134p-2f,
      -0x1.3b15ccp-2f,
      -0x1.2ea296p-2f,
      -0x1.2024a6p-2f,
      -0x1.0fd8c6p-2f,
      -0x1.e92a82p-3f,
      -0x1.9857f6p-3f,
      -0x1.42882cp-3f,
      -0x1.d6e2ep-4f,
      -0x1.bd84acp-5f,
      0x1.d70024p-7f,
      0x1.0702cap-4f,
      0x1.842b7p-4f,
      0x1.c691bep-4f,
      0x1.97eebcp-4f,
      0x1.33c164p-4f,
      0x1.a89804p-5f },
    { -0x1.940fb8p-7f,
      -0x1.4e8abcp-8f,
      -0x1.00c62ap-9f,
      -0x1.7eab8p-11f,
      -0x1.581cccp-13f,
      -0x1.7679a6p-16f,
      -0x1.95312p-19f,
      0x1.5b6bbcp-17f,
      -0x1.7ac0eep-20f,
      0,
      0,
      0,
      0x1.6c8a3ep-5f,
      0x1.7b6a22p-5f,
      0x1.c706aep-5f,
      0x1.0ff634p-4f,
      0x1.6daaa6p-4f,
      0x1.afb6fcp-4f,
      0x1.eb2f7ap-4f,
      0x1.130eb8p-3f,
      0x1.331c72p-3f,
      0x1.500418p-3f,
      0x1.5c45e4p-3f,
      0x1.587faep-3f,
      0x1.3a4f92p-3f,
      0x1.e99228p-4f,
      0x1.474e54p-4f,
      0x1.629ba6p-5f,
      0x1.a5627ep-9f,
      -0x1.5da1ep-6f,
      -0x1.9d246ep-6f,
      -0x1.55f4b6p-6f },
    { 0x1.04db68p-8f,
      0x1.f5ef74p-10f,
      0x1.93ed7cp-11f,
      0x1.3201cep-12f,
      0x1.1ca882p-14f,
      0x1.366b22p-17f,
      0x1.4fff72p-20f,
      -0x1.4dd0dp-24f,
      -0x1.bf155ap-28f,
      0,
      0,
      0x1.10a2b2p-3f,
      0x1.086aecp-3f,
      0x1.e066aap-4f,
      0x1.edec3ep-4f,
      0x1.eddd4ap-4f,
      0x1.cbbdb8p-4f,
      0x1.a25d64p-4f,
      0x1.765c4ap-4f,
      0x1.40f056p-4f,
      0x1.e3f4bap-5f,
      0x1.05c1dp-5f,
      0x1.8665a2p-8f,
      -0x1.1a0b8ap-6f,
      -0x1.6440d8p-5f,
      -0x1.f8901ap-5f,
      -0x1.00c56ap-4f,
      -0x1.b2c13cp-5f,
      -0x1.0614d6p-5f,
      -0x1.37b382p-7f,
      0x1.727b4p-10f,
      0x1.2dc086p-8f },
    { -0x1.7b3d14p-11f,
      -0x1.1d2812p-11f,
      -0x1.ff7328p-13f,
      -0x1.90a874p-14f,
      -0x1.76094p-16f,
      -0x1.990cdcp-19f,
      -0x1.bb892p-22f,
      -0x1.e2644cp-16f,
      0x1.f02754p-21f,
      0,
      0,
      0,
      0x1.2e1c28p4f,
      0x1.ab4d0cp6f,
      0x1.be0c54p6f,
      0x1.7e2834p6f,
      -0x1.ce1eaep0f,
      -0x1.baf9ap-5f,
      0x1.93b9b4p0f,
      -0x1.7a36d4p0f,
      -0x1.6214ep-4f,
      -0x1.7fc554p-8f,
      -0x1.6ad43cp-4f,
      -0x1.8a440cp-4f,
      -0x1.1a9f8cp-5f,
      -0x1.a2cc7ap-7f,
      0x1.43557p-8f,
      0x1.f3904p-7f,
      0x1.2f1186p-6f,
      0x1.673a8p-7f,
      0x1.0f0a4p-8f,
      0x1.449f8ap-11f },
};
static inline VF tanh_float(VF x)
{
    VJ sign = (VJ)x & (INT32_MIN + (VJ){0});
    VF ax = MINF_(KF(9.5), (VF)((VJ)x ^ sign));               /* in this order min(9.5, NaN) is NaN */
    VJ k = MAXJ((VJ)ax, (491 << 21) + (VJ){0}) >> 21;
    VF d = ax - CELL(tanh_cell, 0, k), p = FMAF_(d, CELL(tanh_cell, 7, k), CELL(tanh_cell, 6, k));
    p = FMAF_(d, FMAF_(d, FMAF_(d, p, CELL(tanh_cell, 5, k)), CELL(tanh_cell, 4, k)), CELL(tanh_cell, 3, k));
    return (VF)((VJ)FMAF_(d, FMAF_(d, p, CELL(tanh_cell, 2, k)), CELL(tanh_cell, 1, k)) | sign);
}

/* erf of singles, in the same way from 1/16 to 4 (2.7 ns with SLEEF, 0.5 so); below 1/16 what is added to x. */
static const float erf_cell[8][32] __attribute__((aligned(64))) = {
    { 0x1.1ffc88p1f,
      0x1.6003dap1f,
      0x1.a00ca4p1f,
      0x1.dfe0cp1f,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0x1.1fee2cp-4f,
      0x1.5ff7d8p-4f,
      0x1.9ff16cp-4f,
      0x1.e000d4p-4f,
      0x1.200f1p-3f,
      0x1.5fe122p-3f,
      0x1.a00acep-3f,
      0x1.dff83ep-3f,
      0x1.2004e4p-2f,
      0x1.600e8ep-2f,
      0x1.9fe432p-2f,
      0x1.e01668p-2f,
      0x1.20016p-1f,
      0x1.60169p-1f,
      0x1.9fe836p-1f,
      0x1.dff86ep-1f,
      0x1.1fe95p0f,
      0x1.60092p0f,
      0x1.9ff79p0f,
      0x1.dfe9b8p0f },
    { 0x1.ff402ep-1f,
      0x1.fff2d2p-1f,
      0x1.ffff7p-1f,
      0x1.fffffcp-1f,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0x1.445c3ap-4f,
      0x1.8c2d9cp-4f,
      0x1.d3bbbp-4f,
      0x1.0d9406p-3f,
      0x1.42e8a6p-3f,
      0x1.892e4p-3f,
      0x1.cf132p-3f,
      0x1.09eab2p-2f,
      0x1.3c9fc2p-2f,
      0x1.7e242cp-2f,
      0x1.bcb552p-2f,
      0x1.f883f6p-2f,
      0x1.25b9cap-1f,
      0x1.56a222p-1f,
      0x1.7fabep-1f,
      0x1.a1518ep-1f,
      0x1.c6cc6p-1f,
      0x1.e579a8p-1f,
      0x1.f4f538p-1f,
      0x1.fbe4ap-1f },
    { 0x1.d44d0ap-8f,
      0x1.333038p-11f,
      0x1.e88eeep-16f,
      0x1.dc76c8p-21f,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0x1.06eba8p-3f,
      0x1.1f70fp0f,
      0x1.1ebd6ep0f,
      0x1.1de6ccp0f,
      0x1.1cecd8p0f,
      0x1.1b34dcp0f,
      0x1.187652p0f,
      0x1.152fdp0f,
      0x1.116d56p0f,
      0x1.0ae498p0f,
      0x1.00a94ep0f,
      0x1.e9e078p-1f,
      0x1.cfba9ap-1f,
      0x1.a50608p-1f,
      0x1.680a2p-1f,
      0x1.2aa45ap-1f,
      0x1.dfd774p-2f,
      0x1.462a9cp-2f,
      0x1.5cc364p-3f,
      0x1.49c098p-4f,
      0x1.13287p-5f },
    { -0x1.076804p-6f,
      -0x1.a6642cp-10f,
      -0x1.8cf7bap-14f,
      -0x1.140be6p-19f,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      -0x1.434b28p-4f,
      -0x1.8a3b4cp-4f,
      -0x1.d08708p-4f,
      -0x1.0b1e64p-3f,
      -0x1.3eac28p-3f,
      -0x1.8180e4p-3f,
      -0x1.c27962p-3f,
      -0x1.00524ep-2f,
      -0x1.2c4644p-2f,
      -0x1.60f762p-2f,
      -0x1.8debc4p-2f,
      -0x1.b2d34p-2f,
      -0x1.d9a90cp-2f,
      -0x1.ef2da8p-2f,
      -0x1.e52f5p-2f,
      -0x1.c1d2e4p-2f,
      -0x1.6ed308p-2f,
      -0x1.df9918p-3f,
      -0x1.0be70cp-3f,
      -0x1.01e9f2p-4f },
    { 0x1.641afap-6f,
      0x1.6952d6p-9f,
      0x1.988012p-13f,
      0x1.0e7c5ap-17f,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      -0x1.812746p-2f,
      -0x1.7882d6p-2f,
      -0x1.76e53ap-2f,
      -0x1.72262p-2f,
      -0x1.7183cp-2f,
      -0x1.6b64d2p-2f,
      -0x1.602634p-2f,
      -0x1.52d434p-2f,
      -0x1.452fa2p-2f,
      -0x1.2b881ap-2f,
      -0x1.0588a8p-2f,
      -0x1.b5e56p-3f,
      -0x1.5a4edcp-3f,
      -0x1.9c2a4p-4f,
      -0x1.a04f9p-7f,
      0x1.fd2a9ep-5f,
      0x1.e4b67ap-4f,
      0x1.4c9fd6p-3f,
      0x1.436be8p-3f,
      0x1.d67e86p-4f,
      0x1.147abep-4f },
    { -0x1.38d934p-6f,
      -0x1.aac60cp-9f,
      -0x1.2b53dep-12f,
      -0x1.1b5bc2p-14f,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0x1.51fa12p-5f,
      0x1.79ed42p-5f,
      0x1.039b1p-4f,
      0x1.cc5a62p-5f,
      0x1.3b9d58p-4f,
      0x1.7bd96p-4f,
      0x1.b56b22p-4f,
      0x1.d10d92p-4f,
      0x1.1c6c0ap-3f,
      0x1.451deap-3f,
      0x1.620cap-3f,
      0x1.7474d4p-3f,
      0x1.75bc64p-3f,
      0x1.53141p-3f,
      0x1.0fb9e8p-3f,
      0x1.748c4ep-4f,
      0x1.cc0eaap-6f,
      -0x1.f40dacp-6f,
      -0x1.974944p-5f,
      -0x1.5a58fcp-5f },
    { 0x1.5ad314p-7f,
      0x1.723a0cp-9f,
      0x1.5bfd84p-12f,
      0x1.357caap-16f,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0x1.ce2f22p-4f,
      -0x1.2d7186p5f,
      -0x1.6a0652p4f,
      -0x1.457f3cp5f,
      0x1.70bcbcp-1f,
      0x1.360b84p1f,
      0x1.f8de4cp-1f,
      -0x1.69d562p-1f,
      0x1.104bfp1f,
      0x1.c915a4p-5f,
      0x1.d7d938p-3f,
      0x1.ed18d8p-4f,
      -0x1.ea703ep-5f,
      -0x1.c61254p-7f,
      -0x1.5a5c5ep-5f,
      -0x1.ea1d48p-5f,
      -0x1.1f2ce2p-4f,
      -0x1.f59476p-5f,
      -0x1.f57dc6p-6f,
      -0x1.2a8574p-9f,
      0x1.7271ccp-7f },
    { -0x1.6ade24p-9f,
      -0x1.b553ep-10f,
      -0x1.1ff55ap-12f,
      0x1.1fd396p-11f,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0x1.81c6aep3f,
      0x1.8b43a2p4f,
      -0x1.3ccf4cp5f,
      0x1.5bd1fap6f,
      0x1.c0bf0ap-4f,
      -0x1.bf681ap0f,
      0x1.29aefp-3f,
      0x1.bbe66p4f,
      -0x1.50bb24p-5f,
      -0x1.57113p-7f,
      -0x1.661e3ap-5f,
      -0x1.78dc0ap-1f,
      -0x1.790dap-5f,
      -0x1.22cdcp-5f,
      -0x1.1af628p-6f,
      -0x1.7cc8c4p-10f,
      0x1.f8a9a2p-7f,
      0x1.68f98p-6f,
      0x1.d831cp-7f,
      0x1.0d8358p-8f },
};
static inline VF erf_float(VF x)
{
    VJ sign = (VJ)x & (INT32_MIN + (VJ){0});
    VF ax = MINF_(KF(3.96), (VF)((VJ)x ^ sign));              /* erf is 1 from there on */
    VJ k = MAXJ((VJ)ax, (491 << 21) + (VJ){0}) >> 21, small = k == 491;
    VF d = ax - CELL(erf_cell, 0, k), p = FMAF_(d, CELL(erf_cell, 7, k), CELL(erf_cell, 6, k));
    VF at = (VF)(((VJ)CELL(erf_cell, 1, k) & ~small) | ((VJ)ax & small));
    p = FMAF_(d, FMAF_(d, FMAF_(d, p, CELL(erf_cell, 5, k)), CELL(erf_cell, 4, k)), CELL(erf_cell, 3, k));
    return (VF)((VJ)FMAF_(d, FMAF_(d, p, CELL(erf_cell, 2, k)), at) | sign);
}

/* x^2.5, x >= 0: x*x and sqrt(x) as pairs.  The correction of the root needs few digits of 1/s: a single division, a third
   of the time; beyond the range of singles the product stays uncorrected. */
static inline VD root_low(VD x, VD s) { return FMAD(-s, s, x) * WIDE(0.5f / THIN(s)); }
static inline VD p25_double(VD x)
{
    VD h = x * x, l = FMAD(x, x, -h), s = SQRTD(x), sl = root_low(x, s);
    VD P = h * s, p = P + (FMAD(h, s, -P) + FMAD(h, sl, l * s));
    VL ok = (VL)(p == p);
    return (VD)(((VL)p & ok) | ((VL)P & ~ok));
}
static inline VD p15_double(VD x)
{
    VD s = SQRTD(x), sl = root_low(x, s), P = x * s, p = P + (FMAD(x, s, -P) + x * sl);
    VL ok = (VL)(p == p);
    return (VD)(((VL)p & ok) | ((VL)P & ~ok));
}
static inline VD p3_double(VD x)
{
    VD h = x * x, l = FMAD(x, x, -h), P = h * x, p = P + (FMAD(h, x, -P) + l * x);
    VL ok = (VL)(p == p);
    return (VD)(((VL)p & ok) | ((VL)P & ~ok));
}
static inline VD p4_double(VD x)
{
    VD h = x * x, l = FMAD(x, x, -h), P = h * h, p = P + (FMAD(h, h, -P) + (h + h) * l);
    VL ok = (VL)(p == p);
    return (VD)(((VL)p & ok) | ((VL)P & ~ok));
}

/* Singles: the same with the root as a pair from an integer guess (3.4 %) and three terms of its series, 2^-17, and the
   residual, 2^-35.  Under double roots x.^2.5 took 8 times as long.  x beyond 2^60 overflows as 2^60 does. */
static inline VF root_pair(VF x, VF *low)
{
    VF y = (VF)(0x5F375A86 - (VJ)((VUJ)x >> 1)), u = x * y, e = FMAF_(-u, y, KF(1.0));
    VF c = e * FMAF_(e, FMAF_(e, KF(0.3125), KF(0.375)), KF(0.5)), s = FMAF_(u, c, u);
    *low = FMAF_(-s, s, x) * (FMAF_(y, c, y) * KF(0.5));
    return s;
}
static inline VD p3_single(VD x) { return x * x * x; }
static inline VD p4_single(VD x) { return (x * x) * (x * x); }
static inline VF p25_float(VF x)
{
    x = MINF_(KF(0x1p60), x) + 0;             /* (-0)^2.5 is 0 */
    VF sl, s = root_pair(x, &sl), h = x * x, l = FMAF_(x, x, -h);
    return FMAF_(h, s, FMAF_(h, sl, l * s));
}
static inline VF p15_float(VF x)
{
    VF r = MINF_(KF(0x1p100), x) + 0, sl, s = root_pair(r, &sl);
    return FMAF_(x, s, r * sl);
}
static inline VD exp_poly(VD r, VD r2)        /* 1/3! … 1/13!, Estrin */
{
    VD r4 = r2 * r2, r8 = r4 * r4;
    VD c0 = FMAD(r, KD(1.0 / 24), KD(1.0 / 6)), c1 = FMAD(r, KD(1.0 / 720), KD(1.0 / 120));
    VD c2 = FMAD(r, KD(1.0 / 40320), KD(1.0 / 5040)), c3 = FMAD(r, KD(1.0 / 3628800), KD(1.0 / 362880));
    VD c4 = FMAD(r, KD(1.0 / 479001600), KD(1.0 / 39916800));
    return FMAD(r8, FMAD(r2, KD(1.0 / 6227020800.), c4), FMAD(r4, FMAD(r2, c3, c2), FMAD(r2, c1, c0)));
}

/* exp for |x| < 707: 2^k exp(r), r in [-ln2/2, ln2/2] as a pair.  1 + r is split into its double and the rest, so that next
   to the last rounding nothing counts but that of r^2/2. */
static inline VD exp_double(VD x)
{
    const double magic = 6755399441055744.0;
    VD kf = FMAD(x, KD(1.4426950408889634074), KD(magic));
    VL ki = (VL)kf;
    kf -= KD(magic);
    VD r0 = FMAD(kf, KD(-0x1.62e42fefa3800p-1), x), r1 = kf * KD(-0x1.ef35793c76730p-45);
    VD r = r0 + r1, rl = (r0 - r) + r1, r2 = r * r, h = 1 + r;
    VD s = (VD)(((VU)ki + 1023) << 52), t = FMAD(r2, FMAD(r, exp_poly(r, r2), KD(0.5)), rl);
    return (h + ((r - (h - 1)) + t)) * s;
}
static inline VF exp_float(VF x)              /* |x| < 87 */
{
    VF kf = FMAF_(x, KF(1.44269504), KF(12582912));
    VJ ki = (VJ)kf;
    kf -= 12582912.f;
    VF r = FMAF_(kf, KF(-0x1.7f7d1cp-20), FMAF_(kf, KF(-0x1.62e4p-1), x)), r2 = r * r, r4 = r2 * r2;
    VF s = (VF)(((VUJ)ki + 127) << 23);
    VF q = FMAF_(r2, FMAF_(r, KF(0x1.1110ep-7), KF(0x1.5554e8p-5)),
                 FMAF_(r, KF(0x1.555556p-3), KF(.5))); /* minimax, 2^-30 */
    q = FMAF_(r4, FMAF_(r, KF(0x1.a12528p-13), KF(0x1.6d4362p-10)), q);
    return FMAF_(FMAF_(r2, q, r), s, s);
}

/* x^y for normal x > 0 and |y log x| < 700; *ok says in which lanes.  log as a pair from atanh((m-1)/(m+1)),
   relative error about 2^-65; then exp of the pair. */
static inline VD pow_core(VD x, VD y, int wide, VL *ok)
{
    const double magic = 6755399441055744.0;
    VL k = (VL)((VU)x - 0x3FE6A09E667F3BCD) >> 52;
    VD m = (VD)((VU)x - ((VU)k << 52)), kf = (VD)((VU)k + 0x4338000000000000) - magic;
    VD f = m - 1, s = m + 1, bb = s - m, sl = (m - (s - bb)) + (1 - bb), rc = 1 / s, zh = f * rc, w, Lh, Ll;
    if (wide) {
        VD zl = (FMAD(-zh, s, f) - zh * sl) * rc, wl;
        w = zh * zh;
        wl = FMAD(zh, zh, -w) + 2 * zh * zl;
        VD ch = zh * w, cl = FMAD(zh, w, -ch) + FMAD(zh, wl, zl * w);
        VD gh = ch * (2.0 / 3), gl = FMAD(ch, KD(2.0 / 3), -gh) + FMAD(ch, KD(0x1.5555555555555p-55), cl * (2.0 / 3));
        VD w2 = w * w, w4 = w2 * w2, w8 = w4 * w4;
        VD q0 = FMAD(w, KD(2.0 / 7), KD(2.0 / 5)), q1 = FMAD(w, KD(2.0 / 11), KD(2.0 / 9));
        VD q2 = FMAD(w, KD(2.0 / 15), KD(2.0 / 13)), q3 = FMAD(w, KD(2.0 / 19), KD(2.0 / 17));
        VD q4 = FMAD(w, KD(2.0 / 23), KD(2.0 / 21));
        VD Q = FMAD(w8, FMAD(w2, KD(2.0 / 25), q4), FMAD(w4, FMAD(w2, q3, q2), FMAD(w2, q1, q0)));
        VD A = kf * 0x1.62e42fefa3800p-1, B = 2 * zh, h = A + B, e = B - (h - A), t = h + gh;
        e += gh - (t - h);
        VD lo = e + (FMAD(kf, KD(0x1.ef35793c76730p-45), FMAD(ch, w * Q, gl + 2 * zl)));
        Lh = t + lo;
        Ll = lo - (Lh - t);
    } else {
        w = zh * zh;
        VD w2 = w * w, w4 = w2 * w2;
        VD q0 = FMAD(w, KD(2.0 / 5), KD(2.0 / 3)), q1 = FMAD(w, KD(2.0 / 9), KD(2.0 / 7));
        VD q2 = FMAD(w, KD(2.0 / 13), KD(2.0 / 11)), Q = FMAD(w4, FMAD(w2, KD(2.0 / 15), q2), FMAD(w2, q1, q0));
        Lh = FMAD(kf, KD(0x1.62e42fefa39efp-1), FMAD(zh * w, Q, 2 * zh));
        Ll = KD(0.0);
    }
    VD ph = y * Lh, pl = wide ? FMAD(y, Lh, -ph) + y * Ll : KD(0.0);
    VD n = FMAD(ph, KD(1.4426950408889634074), KD(magic));
    VU ni = (VU)n - 0x4338000000000000;
    n -= magic;
    VD a = FMAD(n, KD(-0x1.62e42fefa3800p-1), ph);
    VD b = wide ? FMAD(n, KD(-0x1.ef35793c76730p-45), pl) : n * -0x1.ef35793c76730p-45;
    *ok = (VL)(x >= 2.2250738585072014e-308) & (VL)(x < __builtin_inf()) & (VL)(ph < 700.0) & (VL)(ph > -700.0);
    VD sc = (VD)((ni + 1023) << 52), r = a + b, r2 = r * r;
    if (wide) {
        VD rl = (a - r) + b, t = FMAD(r2, FMAD(r, exp_poly(r, r2), KD(0.5)), FMAD(rl, r, rl)), h = 1 + r;
        return (h + ((r - (h - 1)) + t)) * sc;
    }
    VD r4 = r2 * r2, c0 = FMAD(r, KD(1.0 / 6), KD(0.5)), c1 = FMAD(r, KD(1.0 / 120), KD(1.0 / 24));
    VD c2 = FMAD(r, KD(1.0 / 5040), KD(1.0 / 720));
    return FMAD(FMAD(r2, FMAD(r4, FMAD(r2, KD(1.0 / 40320), c2), FMAD(r2, c1, c0)), r), sc, sc);
}
#endif

/* The root of singles, correctly rounded as the instruction's is (all 2^32 compared):
   12 more bits by Goldschmidt, then the residual.  What is not normal, or whose residual would not be: the instruction. */
#if VARIANT == 512 && !IS_DOUBLE
static inline V FN(SQRT)(V a)
{
    VF x = (VF)a;
    if (__builtin_expect(
            _mm512_cmpge_epu32_mask((__m512i)((VUJ)x - 0x0D800000u), _mm512_set1_epi32(0x7F800000 - 0x0D800000)) != 0,
            0))
        return (V)_mm512_sqrt_ps((__m512)x);
    VF r = (VF)_mm512_rsqrt14_ps((__m512)x), s = x * r, h = r * 0.5f, e = FMAF_(-s, h, KF(0.5));
    s = FMAF_(s, e, s);
    h = FMAF_(h, e, h);
    return (V)FMAF_(FMAF_(-s, s, x), h, s);
}
#undef sqrt
#define sqrt(a) FN(SQRT)(a)
#endif

/* 1/a of doubles, correctly rounded as the division's is, in half of its time: 14 bits, twice as many, and again, and
   the last step rounds right (Markstein, as in ew_simd.c) but where the mantissa is all ones.  That, and what is far
   from 1: the instruction. */
#if VARIANT == 512 && IS_DOUBLE
static inline V FN(INVERSE)(V a)
{
    __m512d x = (__m512d)a, y = _mm512_rcp14_pd(x), one = _mm512_set1_pd(1);
    __m512i u = (__m512i)x, room = _mm512_sub_epi64(_mm512_and_si512(u, _mm512_set1_epi64(INT64_MAX)),
                                                    _mm512_set1_epi64(0x0170000000000000));
    __mmask8 good = _mm512_cmplt_epu64_mask(room, _mm512_set1_epi64(0x7D00000000000000));      /* 2^-1000 … 2^1000 */
    good = _mm512_mask_cmpneq_epi64_mask(good, _mm512_or_si512(u, _mm512_set1_epi64((long long)0xFFF0000000000000)),
                                         _mm512_set1_epi64(-1));
    if (__builtin_expect(good != 0xFF, 0))
        return (V)_mm512_div_pd(one, x);
    y = _mm512_fmadd_pd(_mm512_fnmadd_pd(x, y, one), y, y);
    y = _mm512_fmadd_pd(_mm512_fnmadd_pd(x, y, one), y, y);
    return (V)_mm512_fmadd_pd(_mm512_fnmadd_pd(x, y, one), y, y);
}
#endif

#if IS_DOUBLE
static inline V FN(TANH)(V a) { return (V)tanh_double((VD)a); }
static inline V FN(ERF)(V a) { return ERF_LIB(a); }
static inline V FN(EXP)(V a)                  /* beyond 2^-1020 … 2^1020, and of NaN: the library, lane by lane */
{
    V r = (V)exp_double((VD)a);
    VL ok = (VL)(((VU)a & INT64_MAX) <= (VU)KD(707.0));
    if (__builtin_expect(ALLD(ok), 1))
        return r;
    V z = EXP_LIB(a);
    return (V)(((VI)r & (VI)ok) | ((VI)z & ~(VI)ok));
}
#define HALF_(f) static inline V FN(f)(V a) { return (V)f##_double((VD)a); }
#else
static inline V FN(TANH)(V a) { return (V)tanh_float((VF)a); }
static inline V FN(ERF)(V a) { return (V)erf_float((VF)a); }
static inline V FN(EXP)(V a)
{
    V r = (V)exp_float((VF)a);
    VJ ok = (VJ)(((VUJ)a & INT32_MAX) <= (VUJ)KF(87.0));
    if (__builtin_expect(ALLF(ok), 1))
        return r;
    V z = EXP_LIB(a);
    return (V)(((VI)r & (VI)ok) | ((VI)z & ~(VI)ok));
}
#define HALF_(f) static inline V FN(f)(V a) { return (V)f##_float((VF)a); }
#define WHOLE_(f) static inline V FN(f)(V a) { VH l = THIN(f##_single(WIDE(LOW(a)))), h = THIN(f##_single(WIDE(HIGH(a)))); return (V)JOIN(l, h); }
#endif
#ifndef WHOLE_
#define WHOLE_ HALF_
#endif
HALF_(p25) HALF_(p15) WHOLE_(p3) WHOLE_(p4)
#undef HALF_
#undef WHOLE_
static inline V FN(POW_ANY)(V a, V b)
{
#if IS_DOUBLE
    VL ok;
    V r = (V)pow_core((VD)a, (VD)b, 1, &ok);
    VL bad = ~ok;
#else
    VL o1, o2;
    VD l = pow_core(WIDE(LOW(a)), WIDE(LOW(b)), 0, &o1), h = pow_core(WIDE(HIGH(a)), WIDE(HIGH(b)), 0, &o2);
    V r = (V)JOIN(THIN(l), THIN(h));
    VJH b1 = ~__builtin_convertvector(o1, VJH), b2 = ~__builtin_convertvector(o2, VJH);
    VJ bad = (VJ)JOIN((VH)b1, (VH)b2);
#endif
    if (__builtin_expect(!ANYBIT(bad), 1))
        return r;
    V z = POW_LIB(a, b);
    return (V)(((VI)r & ~(VI)bad) | ((VI)z & (VI)bad));
}
#else
static inline V FN(TANH)(V a) { return TANH_LIB(a); }
static inline V FN(ERF)(V a) { return ERF_LIB(a); }
static inline V FN(EXP)(V a) { return EXP_LIB(a); }
static inline V FN(POW_ANY)(V a, V b) { return POW_LIB(a, b); }
static inline V FN(p25)(V a) { return POW_LIB(a, K(2.5)); }
static inline V FN(p15)(V a) { return POW_LIB(a, K(1.5)); }
static inline V FN(p3)(V a) { return POW_LIB(a, K(3)); }
static inline V FN(p4)(V a) { return POW_LIB(a, K(4)); }
#endif

#if !(VARIANT == 512 && IS_DOUBLE && VECTOR)
static inline V FN(INVERSE)(V a) { return K(1) / a; }
#endif

#if VECTOR
/* sqrt(x^2 + y^2) and one step of Newton's with what rounding lost, by fused products (C. F. Borges, An improved algorithm for
   hypot(a, b), 2019): a third of SLEEF's time, and as near.  Very large and very small ones, Inf and NaN are the library's. */
static inline V FN(HYPOT)(V a, V b)
{
#if VARIANT >= 256
#define FMA_(a, b, c) ((V)IN(fmadd)((X)(a), (X)(b), (X)(c)))
    const V low = K(IS_DOUBLE ? 0x1p-450 : 0x1p-40), high = K(IS_DOUBLE ? 0x1p500 : 0x1p60);
    V p = fabs(a), q = fabs(b), x = SEL(LT(p, q), q, p), y = SEL(LT(p, q), p, q), xx = x * x;
    V h = sqrt(FMA_(x, x, y * y)), hh = h * h;
    V past = FMA_(K(0) - y, y, hh - xx) + FMA_(h, h, K(0) - hh) - FMA_(x, x, K(0) - xx);
    M rare = NE(a, a) | NE(b, b) | GT(x, high) | (LT(x, low) & NE(x, K(0)));
    h = SEL(EQ(x, K(0)), x, h - past / (h + h));
    return ANYM(rare) ? SEL(rare, HYPOT_LIB(a, b), h) : h;
#undef FMA_
#else
    return HYPOT_LIB(a, b);
#endif
}
#endif

/* Exponents with a formula of their own: power_form(b) names it, POWER_FORM applies it.  sqrt(-0) + 0 is 0, as (-0)^0.5. */
#define POWER_SPECIAL(DO)      \
    DO(2, a * a)               \
    DO(-1, FN(INVERSE)(a))     \
    DO(0.5, sqrt(a) + K(0))    \
    DO(1, a)                   \
    DO(3, FN(p3)(a))           \
    DO(1.5, FN(p15)(a))        \
    DO(2.5, FN(p25)(a))        \
    DO(4, FN(p4)(a))
static inline V FN(POWER)(V a, V b)           /* lanes may each have a form of their own */
{
    V r = FN(POW_ANY)(a, b);
    M any = EQ(b + b, trunc(b + b)) & LE(fabs(b), K(4));
    if (ANYM(any)) {
#define LANE_(e, f) { M m_ = EQ(b, K(e)); if (ANYM(m_)) r = SEL(m_, f, r); }
        POWER_SPECIAL(LANE_)
#undef LANE_
    }
    M below = LT(b, K(0)) & EQ(b, trunc(b)) & EQ(a, trunc(a));
    if (ANYM(below)) {                        /* a whole power that is exact turned over, so 10^-5 is 1e-5 */
        V q = FN(POW_ANY)(a, K(0) - b);
        r = SEL(below & LE(fabs(q), K(1 / EPS_)) & NE(q, K(0)), K(1) / q, r);
    }
    return r;
}
