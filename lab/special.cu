/* SPDX-License-Identifier: BSD-3-Clause */
/* special.cu: special functions of one number in the common subset of C and CUDA C++, one text for both: lab/ew_lanes.h
 * includes it for the CPU, and cuda/text.c hands out its paragraphs, each of which defines a name, to kernels.
 * DEV, CALLED, PI are the includer's. */

CALLED double psi_lane(double x)                 /* recurrence up to 10, then the asymptotic series (Abramowitz, Stegun 6.3.18) */
{
    double s = 0.0, low = 0.0;                /* their sum counts: near the zero at 1.46 all that is large cancels */
    if (!(x == x) || x == (double)INFINITY)
        return x;
    if (x <= 0.0) {
        if (x == floor(x))
            return -(double)INFINITY;
        s = -PI / tan(PI * (x - floor(x)));  /* reflection: psi(1 - x) - pi cot(pi x) */
        x = 1.0 - x;
    }
    double from = x;
    for (; x < 10.0; x = x + 1.0) {
        double q = 1.0 / x, t = s - q, z = t - s;
        low = low + ((s - (t - z)) - (q + z)) - fma(-q, x, 1.0) / x;
        s = t;
    }
    double r = 1.0 / (x * x);
    double p = r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132 - r * (691.0 / 32760 - r / 12))))));
    if (from >= 10.0)
        return s + log(x) - 0.5 / x - p;
    double ten = 2.302585092994046, t = s + ten, z = t - s;       /* log(x) = log(10), of which `rest` is the other half, and a little */
    double rest = (s - (t - z)) + (ten - z) - 2.1707562233822494e-16;
    return t + (low + rest + log1p((x - 10.0) / 10.0) - 0.5 / x - p);
}

/* The sum of (q + j)^-s over j = 0, 1, …, q > 0: the first ones by themselves, the rest by Euler and Maclaurin's formula. */
CALLED double hurwitz_lane(double s, double q)
{
    /* (2j)! / B(2j), j = 1 … 10 */
    const double c[10] = { 12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1307674368000.0 / 691, 74724249600.0,
                           -10670622842880000.0 / 3617, 5109094217170944000.0 / 43867, -802857662698291200000.0 / 174611 };
    double sum = 0.0, t = s, far = q;
    for (; far < 10.0 + s; far = far + 1.0)
        sum = sum + pow(far, -s);
    double p = pow(far, -s), r = p / far;
    sum = sum + (p * far / (s - 1.0) + p / 2);
    for (int j = 0; j < 10; j++) {
        sum = sum + t * r / c[j];
        t = t * ((s + 2 * j + 1) * (s + 2 * j + 2));
        r = r / (far * far);
    }
    return sum;
}

CALLED double polygamma_lane(double k, double x) /* (-1)^(k+1) k! times the sum of (x + j)^-(k+1) */
{
    if (!(k >= 0.0 && k <= 170.0 && k == floor(k)) || !(x == x))
        return (double)NAN;
    if (k == 0.0)
        return psi_lane(x);
    double sign = k / 2 == floor(k / 2) ? -1.0 : 1.0, s = k + 1.0, f = x - floor(x);
    if (x > 0.0)
        return x == (double)INFINITY ? 0.0 * sign : sign * tgamma(s) * hurwitz_lane(s, x);
    if (f == 0.0 || x == -(double)INFINITY)   /* a pole, of both signs where k is even */
        return sign > 0.0 && x != -(double)INFINITY ? (double)INFINITY : (double)NAN;
    /* below 0 the terms fall into those above and, with their signs, those below */
    return sign * tgamma(s) * (hurwitz_lane(s, f) + sign * (hurwitz_lane(s, 1.0 - f) - hurwitz_lane(s, 1.0 - x)));
}

CALLED double erfinv_lane(double y)              /* a start within 1e-6 (Giles 2010), then Halley's steps on erf or erfc */
{
    if (!(fabs(y) < 1.0))
        return fabs(y) == 1.0 ? copysign((double)INFINITY, y) : (double)NAN;
    if (y == 0.0)
        return y;
    double c = 1.0 - fabs(y), w = -log(c * (1.0 + fabs(y))), x;
    if (w < 5.0) {
        double v = w - 2.5;
        x = 2.81022636e-8;
        x = x * v + 3.43273939e-7;
        x = x * v - 3.5233877e-6;
        x = x * v - 4.39150654e-6;
        x = x * v + 0.00021858087;
        x = x * v - 0.00125372503;
        x = x * v - 0.00417768164;
        x = x * v + 0.246640727;
        x = x * v + 1.50140941;
    } else if (w < 16.0) {
        double v = sqrt(w) - 3.0;
        x = -0.000200214257;
        x = x * v + 0.000100950558;
        x = x * v + 0.00134934322;
        x = x * v - 0.00367342844;
        x = x * v + 0.00573950773;
        x = x * v - 0.0076224613;
        x = x * v + 0.00943887047;
        x = x * v + 1.00167406;
        x = x * v + 2.83297682;
    } else {                                  /* within 1e-3: S. Winitzki */
        double a = 0.147, t = 2.0 / (PI * a) - w / 2;
        x = sqrt(sqrt(t * t + w / a) - t);
    }
    x = x * y;
    int steps = w < 16.0 ? 1 : 3;
    for (int i = 0; i < steps; i++) {
        double e = fabs(y) < 0.5 ? erf(x) - y : (c - erfc(fabs(x))) * copysign(1.0, y);
        double u = e / (1.12837916709551257390 * exp(-x * x));
        x = x - u / (1.0 + x * u);
    }
    return x;
}
