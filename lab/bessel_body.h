/* SPDX-License-Identifier: BSD-3-Clause */
/* bessel_body.h: exp(-z) I(nu, z) and exp(z) K(nu, z), for bessel.c, which includes it for complex z and for real z.
 *
 * NUM is the type of z, FN(name) the name in that type; <tgmath.h> finds the functions of it.  SIZE(z) is about |z|, INVERSE(z)
 * 1 / z where nothing overflows, TURN(z, x) exp(i pi x) above the real axis and its conjugate below, of a real z the real part. */
struct FN(ik) { NUM i, k; };

/* K(mu, z) and K(mu + 1, z) for |mu| <= 1/2, |z| < 2 */
static void FN(temme_series)(double mu, NUM z, NUM *k0, NUM *k1)
{
    double even = 0, odd = 0, m2 = mu * mu;
    for (int j = 24; j >= 0; j -= 2)
        even = even * m2 + inverse_gamma[j];
    for (int j = 23; j >= 1; j -= 2)
        odd = odd * m2 + inverse_gamma[j];
    double plus = even + mu * odd, minus = even - mu * odd;  /* 1 / gamma(1 + mu), 1 / gamma(1 - mu) */
    double fact = mu == 0 ? 1 : M_PI * mu / sin(M_PI * mu);
    NUM d = -log(z / 2), e = mu * d, sinhc = SIZE(e) < 1e-8 ? 1 : sinh(e) / e;
    NUM f = fact * (-odd * cosh(e) + even * sinhc * d), sum = f, ee = exp(e);
    NUM p = ee / (2 * plus), q = 1 / (2 * ee * minus), c = 1, z2 = z * z / 4, sum1 = p;
    for (int i = 1; i < 500; i++) {
        f = (i * f + p + q) / (i * (double)i - m2);
        c *= z2 / i;
        p /= i - mu;
        q /= i + mu;
        sum += c * f;
        NUM step = c * (p - i * f);
        sum1 += step;
        if (SIZE(c * f) <= DBL_EPSILON / 4 * SIZE(sum) && SIZE(step) <= DBL_EPSILON / 4 * SIZE(sum1))
            break;
    }
    *k0 = sum;
    *k1 = sum1 * 2 / z;
}

/* exp(z) times the same for |z| >= 2 */
static void FN(temme_fraction)(double mu, NUM z, NUM *k0, NUM *k1)
{
    double a1 = 0.25 - mu * mu, a = -a1;
    NUM b = 2 * (1 + z), d = 1 / b, h = d, dh = d, q1 = 0, q2 = 1, c = a1, q = a1, s = 1 + q * dh;
    for (int i = 2; i < 10000; i++) {
        a -= 2 * (i - 1);
        c = -a * c / i;
        NUM qn = (q1 - b * q2) / a;
        q1 = q2;
        q2 = qn;
        q += c * qn;
        b += 2;
        d = INVERSE(b + a * d);
        dh *= b * d - 1;
        h += dh;
        NUM step = q * dh;
        s += step;
        if (SIZE(step) <= DBL_EPSILON / 4 * SIZE(s))
            break;
    }
    *k0 = sqrt(M_PI / (2 * z)) / s;
    *k1 = *k0 * (mu + z + 0.5 - a1 * h) / z;
}

/* nu >= 0, the real part of z not negative, z not 0 */
static struct FN(ik) FN(both)(double nu, NUM z, bool only_k)
{
    double size = ABS(z);
    if (size > 25 && size > nu * nu / 2) {
        NUM up = 1, down = 1, t = 1;         /* the sums of a(k) / z^k without and with (-1)^k */
        for (int k = 1; k < 200; k++) {
            t *= (4 * nu * nu - (2. * k - 1) * (2. * k - 1)) / (8 * k * z);
            up += t;
            down += k % 2 ? -t : t;
            if (SIZE(t) < DBL_EPSILON / 4)
                break;
        }
        NUM root = sqrt(2 * M_PI * z), other = REAL(z) > 40 ? 0 : exp(-2 * z) * up;
        other *= TURN(z, nu + 0.5);
        return (struct FN(ik)){ (down + other) / root, sqrt(M_PI / (2 * z)) * up };
    }
    double n = floor(nu + 0.5), mu = nu - n;
    NUM k0, k1;
    if (size < 2) {
        FN(temme_series)(mu, z, &k0, &k1);
        NUM e = exp(z);
        k0 *= e;
        k1 *= e;
    } else {
        FN(temme_fraction)(mu, z, &k0, &k1);
    }
    NUM two = 2 / z;
    for (double j = 1; j <= n; j++) {
        NUM next = k0 + (mu + j) * two * k1;
        k0 = k1;
        k1 = next;
        if (!(SIZE(k1) < 1e305))
            return (struct FN(ik)){ 0, INFINITY };
    }
    if (only_k)
        return (struct FN(ik)){ 0, k0 };
    NUM r = z / (2 * (nu + 1));              /* I(nu + 1) / I(nu), by W. J. Lentz's method */
    if (size > 1e-100) {
        NUM c = 0, d = r;
        for (int j = 2; j < 100000; j++) {
            NUM b = (nu + j) * two;
            d = b + d;
            c = j == 2 ? b : b + INVERSE(c);
            if (SIZE(d) < 1e-100)
                d = 1e-100;
            if (SIZE(c) < 1e-100)
                c = 1e-100;
            d = INVERSE(d);
            NUM step = c * d;
            r *= step;
            if (SIZE(step - 1) < DBL_EPSILON)
                break;
        }
    }
    return (struct FN(ik)){ 1 / (z * (k1 + r * k0)), k0 };
}

