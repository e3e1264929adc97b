/* SPDX-License-Identifier: BSD-3-Clause */
/* normal.cu: normal numbers of uniform ones in arithmetic alone, in the common subset of C and CUDA C++: lab/rand.c and
 * kernels (cuda/text.c) compile this one text, so both draw the same bits.  DEV, BITS, FROM_BITS, the integers and
 * struct pair { a, b } are the includer's. */

DEV double random_log(double x)               /* x positive and normal; within 1 ulp or so */
{
    u64 b = BITS(x), shifted = b - 0x3fe6a09e667f3bcdUL;      /* exponent so that the mantissa is in [sqrt(1/2), sqrt(2)) */
    int e = (int)(u32)(shifted >> 52);
    e = (int)((u32)e << 20) >> 20;
    double m = FROM_BITS(b - ((u64)(i64)e << 52)), s = (m - 1) / (m + 1), z = s * s, p = 1. / 21;
    p = p * z + 1. / 19;
    p = p * z + 1. / 17;
    p = p * z + 1. / 15;
    p = p * z + 1. / 13;
    p = p * z + 1. / 11;
    p = p * z + 1. / 9;
    p = p * z + 1. / 7;
    p = p * z + 1. / 5;
    p = p * z + 1. / 3;
    p = p * z;
    return (double)e * 0.693147180559890330187 + (2 * s + (2 * s * p + (double)e * 5.49792301870837115524e-14));
}

/* Two independent normal numbers (Box and Muller 1958): r cos(2 pi v), r sin(2 pi v), r = sqrt(-2 log(1 - u)) */
DEV pair normal_pair(pair u)
{
    double r = sqrt(-2 * random_log(1 - u.a)), v = 4 * u.b;
    int q = (int)(v + 0.5);
    double a = (v - (double)q) * 1.5707963267948966192, z = a * a, s = -1. / 1307674368000., c = 1. / 20922789888000.;
    s = s * z + 1. / 6227020800.;
    s = s * z - 1. / 39916800.;
    s = s * z + 1. / 362880.;
    s = s * z - 1. / 5040.;
    s = s * z + 1. / 120.;
    s = s * z - 1. / 6.;
    s = a + a * (z * s);
    c = c * z - 1. / 87178291200.;
    c = c * z + 1. / 479001600.;
    c = c * z - 1. / 3628800.;
    c = c * z + 1. / 40320.;
    c = c * z - 1. / 720.;
    c = c * z + 1. / 24.;
    c = c * z - 1. / 2.;
    c = 1 + c * z;
    double x = q & 1 ? s : c, y = q & 1 ? c : s;
    pair n;
    n.a = r * ((q + 1) & 2 ? -x : x);
    n.b = r * (q & 2 ? -y : y);
    return n;
}
