/* SPDX-License-Identifier: BSD-3-Clause */
/* gallery.c: matrices with names: magic squares, Hilbert, Vandermonde, Toeplitz, Hankel, Pascal, Hadamard, Rosser, Wilkinson.
 *
 * What is constant along diagonals is one line of numbers read by an index. */
#include "index.h"
#include "call.h"
#include "plan.h"
#include <math.h>

static void magic_odd(double *m, i64 n, i64 ld, double plus)
{
    for (i64 c = 0; c < n; c++)
        for (i64 r = 0; r < n; r++) {
            i64 a = (r + c + 2 - (n + 3) / 2 + n) % n, b = (r + 2 * c + 1) % n;
            m[r + c * ld] = (double)(n * a + b + 1) + plus;
        }
}

static void swap_halves(double *m, i64 n, i64 row, i64 col)
{
    double *a = m + row + col * n, *b = a + n / 2, t = *a;
    *a = *b, *b = t;
}

BUILTIN(magic, 1, 1, 1, grad_zero,
    "A = magic(n)\n\n"
    "An n x n magic square: the integers 1 to n^2, all rows, columns and diagonals with the same sum (there is none "
    "for n = 2).\n\n"
    "Example:\n  magic(3)\n  ans =\n     8   1   6\n     3   5   7\n     4   9   2\n\n"
    "See also: hilb, pascal, rand")
{
    double x = arg_num(c, 0);
    i64 n = x >= 1 ? (i64)x : 0;
    if (x > 0x1p26)
        fail_memory((size_t)1 << 60);
    struct tensor *t = tensor_2d(D_DOUBLE, n, n);
    double *m = (double *)t->data;
    if (n == 2) {
        m[0] = 4, m[1] = 1, m[2] = 3, m[3] = 2;
    } else if (n % 2) {
        magic_odd(m, n, n, 0);
    } else if (n % 4 == 0) {
        for (i64 col = 0; col < n; col++)
            for (i64 r = 0; r < n; r++) {
                double v = (double)(r * n + col + 1);
                bool turn = (r % 4 == 0 || r % 4 == 3) == (col % 4 == 0 || col % 4 == 3);
                m[r + col * n] = turn ? (double)(n * n + 1) - v : v;
            }
    } else if (n) {
        i64 p = n / 2, k = (n - 2) / 4;
        double q = (double)(p * p);
        magic_odd(m, p, n, 0);
        magic_odd(m + p * n, p, n, 2 * q);
        magic_odd(m + p, p, n, 3 * q);
        magic_odd(m + p * n + p, p, n, q);
        for (i64 r = 0; r < p; r++) {
            for (i64 col = 0; col < k; col++)
                swap_halves(m, n, r, col);
            for (i64 col = n - k + 1; col < n; col++)
                swap_halves(m, n, r, col);
        }
        swap_halves(m, n, k, 0);
        swap_halves(m, n, k, k);
    }
    result_tensor(c, 0, t);
}

BUILTIN(hilb, 1, 1, 1, grad_zero,
    "A = hilb(n)\n\n"
    "The n x n Hilbert matrix, A(i,j) = 1/(i+j-1): a classic of bad condition.\n\n"
    "Example:\n  hilb(2)\n  ans =\n     1.0000   0.5000\n     0.5000   0.3333\n\n"
    "See also: invhilb, cond, magic")
{
    i64 n = arg_int(c, 0, 0, 1 << 26);
    struct tensor *t = tensor_2d(D_DOUBLE, n, n);
    for (i64 b = 0; b < n; b++)
        for (i64 a = 0; a < n; a++)
            ((double *)t->data)[a + b * n] = 1 / (double)(a + b + 1);
    result_tensor(c, 0, t);
}

BUILTIN(invhilb, 1, 1, 1, grad_zero,
    "A = invhilb(n)\n\n"
    "The inverse of the n x n Hilbert matrix, whose elements are integers (exact up to n = 14 or so).\n\n"
    "Example:\n  invhilb(2)\n  ans =\n      4   -6\n     -6   12\n\n"
    "See also: hilb, inv")
{
    i64 n = arg_int(c, 0, 0, 1 << 13);
    struct tensor *t = tensor_2d(D_DOUBLE, n, n);
    double *p = scratch((size_t)(n + 1) * sizeof *p), k = (double)n;
    for (i64 a = 0; a < n; a++) {             /* p(a) = (-1)^a (a+1) C(a+n, a) C(n, a+1), by its recurrence */
        p[a] = k;
        k = -k * (double)((n - a - 1) * (n + a + 1)) / (double)((a + 1) * (a + 1));
    }
    for (i64 b = 0; b < n; b++)
        for (i64 a = 0; a < n; a++)
            ((double *)t->data)[a + b * n] = p[a] * p[b] / (double)(a + b + 1);
    result_tensor(c, 0, t);
}

BUILTIN(vander, 1, 2, 1, grad_form,
    "A = vander(v)\n"
    "A = vander(v, n)\n\n"
    "The Vandermonde matrix of the vector v: the columns are the powers v.^(n-1), …, v, 1; n is by default the length "
    "of v.\n\n"
    "Example:\n  vander([1 2 3])\n  ans =\n     1   1   1\n     4   2   1\n     9   3   1\n\n"
    "See also: polyfit, toeplitz, hankel")
{
    struct tensor *v = arg_float(c, 0);
    if (v->nd != 2 || (v->dim[0] != 1 && v->dim[1] != 1 && v->numel))
        fail_arg(c, 0, "a vector");
    i64 m = v->numel, n = has_arg(c, 1) ? arg_int(c, 1, 0, 1 << 26) : m;
    if (dtype_is(v->dtype, DT_C)) {           /* v(:) .^ (n-1:-1:0) */
        struct tensor *down = tensor_2d(D_DOUBLE, 1, n), *col = tensor_2d(v->dtype, m, 1);
        for (i64 b = 0; b < n; b++)
            ((double *)down->data)[b] = (double)(n - 1 - b);
        memcpy(col->data, tensor_dense(v)->data, (size_t)m * dtypes[v->dtype].size);
        result(c, 0, ew_apply(EW_power, 2, (value[]){ tensor_box(col), tensor_box(down) }));
        return;
    }
    v = tensor_dense(tensor_cast(v, D_DOUBLE));
    struct tensor *t = tensor_2d(D_DOUBLE, m, n);
    for (i64 b = 0; b < n; b++)
        for (i64 a = 0; a < m; a++)
            ((double *)t->data)[a + b * m] = pow(((double *)v->data)[a], (double)(n - 1 - b));
    int dt = value_dtype(c->arg[0]);          /* numbers keep their class, as powers of them do */
    result_tensor(c, 0, dt == D_SINGLE || dtype_is(dt, DT_I) ? tensor_cast(t, dt) : t);
}

/* A(i, j) = line(i - j) or line(i + j): gathered by index, so it is of any class. */
static void from_line(struct call *c, value line, i64 m, i64 n, i64 first, int down, int right)
{
    struct tensor *at = tensor_2d(D_DOUBLE, m, n);
    for (i64 b = 0; b < n; b++)
        for (i64 a = 0; a < m; a++)
            ((double *)at->data)[a + b * m] = (double)(first + a * down + b * right);
    value idx = tensor_box(at);
    result(c, 0, index_paren(line, 1, &idx));
}

static struct tensor *vector_arg(struct call *c, int i)
{
    struct tensor *v = arg_float(c, i);
    if (v->nd != 2 || (v->dim[0] != 1 && v->dim[1] != 1 && v->numel))
        fail_arg(c, i, "a vector");
    return v;
}

/* a(k..end) after b reversed or not, as one column in their common class. */
static value joined(struct tensor *a, struct tensor *b, i64 skip, bool reverse)
{
    int dt = promote(a->dtype, b->dtype);
    a = tensor_cast(a, dt), b = tensor_cast(b, dt);
    i64 nb = MAX(b->numel - skip, 0);
    struct tensor *t = tensor_2d(dt, a->numel + nb, 1);
    size_t size = dtypes[dt].size;
    for (i64 k = 0; k < nb; k++)
        memcpy(t->data + (size_t)(reverse ? nb - 1 - k : a->numel + k) * size, b->data + (size_t)(k + skip) * size, size);
    memcpy(t->data + (size_t)(reverse ? nb : 0) * size, a->data, (size_t)a->numel * size);
    return tensor_box(t);
}

static bool same_first(struct tensor *a, struct tensor *b, i64 ka)
{
    return !a->numel || !b->numel || element_double(a, ka) == element_double(b, 0);
}

BUILTIN(toeplitz, 1, 2, 1, grad_form,
    "A = toeplitz(c)\n"
    "A = toeplitz(c, r)\n\n"
    "The matrix with constant diagonals whose first column is c and whose first row is r; without r it is symmetric. "
    "c(1) wins over r(1).\n\n"
    "Example:\n  toeplitz([1 2 3])\n  ans =\n     1   2   3\n     2   1   2\n     3   2   1\n\n"
    "See also: hankel, vander")
{
    struct tensor *col = vector_arg(c, 0), *row = has_arg(c, 1) ? vector_arg(c, 1) : col;
    if (c->nargin == 1 && dtype_is(col->dtype, DT_C)) {       /* Hermitian: the column is the conjugate of the row */
        col = tensor_clone(col);
        for (i64 k = 1; k < col->numel; k++) {
            if (col->dtype == D_CDOUBLE)
                ((double *)col->data)[2 * k + 1] *= -1;
            else
                ((float *)col->data)[2 * k + 1] *= -1;
        }
    }
    if (!same_first(col, row, 0))
        warn("tl:toeplitz-corner", "toeplitz: c(1) and r(1) differ; c(1) is taken");
    i64 m = col->numel, n = row->numel;
    if (!m || !n) {
        result_tensor(c, 0, tensor_2d(D_DOUBLE, m, n));
        return;
    }
    from_line(c, joined(col, row, 1, true), m, n, n, 1, -1);
}

BUILTIN(hankel, 1, 2, 1, grad_form,
    "A = hankel(c)\n"
    "A = hankel(c, r)\n\n"
    "The matrix with constant antidiagonals whose first column is c and whose last row is r (by default zeros). The "
    "end of c wins over r(1).\n\n"
    "Example:\n  hankel([1 2 3])\n  ans =\n     1   2   3\n     2   3   0\n     3   0   0\n\n"
    "See also: toeplitz, vander")
{
    struct tensor *col = vector_arg(c, 0),
                  *row = has_arg(c, 1) ? vector_arg(c, 1) : tensor_zeros(D_DOUBLE, 2, (i64[]){ col->numel, 1 });
    i64 m = col->numel, n = row->numel;
    if (!m || !n) {
        result_tensor(c, 0, tensor_2d(D_DOUBLE, m, n));
        return;
    }
    if (c->nargin > 1 && !same_first(col, row, m - 1))
        warn("tl:hankel-corner", "hankel: c(end) and r(1) differ; c(end) is taken");
    from_line(c, joined(col, row, 1, false), m, n, 1, 1, 1);
}

BUILTIN(pascal, 1, 2, 1, NO_GRAD,
    "A = pascal(n)\n"
    "A = pascal(n, t)\n\n"
    "Pascal's triangle as an n x n symmetric positive definite matrix; t = -1: its Cholesky factor, with the binomials "
    "in its rows; t = 1: that with alternating signs, which is its own inverse; t = 2: a matrix whose third power is "
    "the identity.\n\n"
    "Example:\n  pascal(3)\n  ans =\n     1   1   1\n     1   2   3\n     1   3   6\n\n"
    "See also: hilb, magic, chol")
{
    i64 n = arg_int(c, 0, 0, 1 << 13), t = has_arg(c, 1) ? arg_int(c, 1, -1, 2) : 0;
    struct tensor *y = tensor_zeros(D_DOUBLE, 2, (i64[]){n, n});
    double *p = (double *)y->data;
    if (t == 0) {
        for (i64 a = 0; a < n; a++)
            p[a] = p[a * n] = 1;
        for (i64 b = 1; b < n; b++)
            for (i64 a = 1; a < n; a++)
                p[a + b * n] = p[a - 1 + b * n] + p[a + (b - 1) * n];
        result_tensor(c, 0, y);
        return;
    }
    for (i64 a = 0; a < n; a++) {             /* lower triangle of binomials */
        p[a] = 1;
        for (i64 b = 1; b <= a; b++)
            p[a + b * n] = p[a - 1 + b * n] + p[a - 1 + (b - 1) * n];
    }
    if (t > 0)
        for (i64 b = 1; b < n; b += 2)
            for (i64 a = 0; a < n; a++)
                p[a + b * n] = -p[a + b * n];
    if (t == 2) { /* a cube root of the identity: turned by a quarter, and the sign that n asks for */
        struct tensor *z = tensor_2d(D_DOUBLE, n, n);
        for (i64 b = 0; b < n; b++)
            for (i64 a = 0; a < n; a++)
                ((double *)z->data)[a + b * n] = (n % 2 ? 1 : -1) * p[(n - 1 - b) + a * n];
        y = z;
    }
    result_tensor(c, 0, y);
}

BUILTIN(hadamard, 1, 1, 1, NO_GRAD,
    "H = hadamard(n)\n\n"
    "The n x n Hadamard matrix: elements 1 and -1, orthogonal columns, so H'*H is n times the identity. n is 1, 2, 4, "
    "8, … or 12 or 20 times such a number.\n\n"
    "Example:\n  hadamard(4)\n  ans =\n     1   1   1   1\n     1  -1   1  -1\n     1   1  -1  -1\n     1  -1  -1   1\n\n"
    "See also: hilb, magic")
{
    i64 n = arg_int(c, 0, 1, 1 << 14), core = n;
    while (core % 2 == 0 && core != 12 && core != 20)
        core /= 2;
    if (core != 1 && core != 12 && core != 20)
        fail("Octave:invalid-input-arg", "hadamard: n must be 2^k, 12 * 2^k or 20 * 2^k, but is %lld", (long long)n);
    struct tensor *t = tensor_2d(D_DOUBLE, n, n);
    double *h = (double *)t->data;
    i64 p = core - 1;                         /* Paley: prime 11 or 19; q holds the squares modulo p */
    bool q[20] = {false};
    for (i64 a = 1; a < p; a++)
        q[a * a % p] = true;
    for (i64 b = 0; b < core; b++)
        for (i64 a = 0; a < core; a++)
            h[a + b * n] = a == 0 || b == 0 || q[(core == 12 ? a - b + p : a + b) % p] ? 1 : -1;
    for (i64 m = core; m < n; m *= 2)         /* [H H; H -H] */
        for (i64 b = 0; b < m; b++)
            for (i64 a = 0; a < m; a++) {
                double x = h[a + b * n];
                h[a + m + b * n] = h[a + (b + m) * n] = x;
                h[a + m + (b + m) * n] = -x;
            }
    result_tensor(c, 0, t);
}

BUILTIN(rosser, 0, 0, 1, NO_GRAD,
    "A = rosser()\n\n"
    "Rosser's 8 x 8 symmetric matrix of integers, a hard test for eigenvalues: a double one, three nearly equal ones, "
    "a zero and a small one.\n\n"
    "Example:\n  rosser()(1, 1:3)\n  ans =\n     611   196  -192\n\n"
    "See also: wilkinson, eig")
{
    static const short lower[] = { 611, 196, -192, 407,  -8,  -52, -49, 29,  899, 113, -192, -71,
                                   -43, -8,  -44,  899,  196, 61,  49,  8,   52,  611, 8,    44,
                                   59,  -23, 411,  -599, 208, 208, 411, 208, 208, 99,  -911, 99 };
    struct tensor *t = tensor_2d(D_DOUBLE, 8, 8);
    const short *x = lower;
    for (int b = 0; b < 8; b++)
        for (int a = b; a < 8; a++)
            ((double *)t->data)[a + 8 * b] = ((double *)t->data)[b + 8 * a] = *x++;
    result_tensor(c, 0, t);
}

BUILTIN(wilkinson, 1, 1, 1, NO_GRAD,
    "A = wilkinson(n)\n\n"
    "Wilkinson's n x n tridiagonal matrix: |i - (n+1)/2| on the diagonal, ones beside it; its large eigenvalues come "
    "in close pairs.\n\n"
    "Example:\n  wilkinson(3)\n  ans =\n     1   1   0\n     1   0   1\n     0   1   1\n\n"
    "See also: rosser, eig")
{
    i64 n = arg_int(c, 0, 0, 1 << 14);
    struct tensor *t = tensor_zeros(D_DOUBLE, 2, (i64[]){n, n});
    for (i64 k = 0; k < n; k++) {
        ((double *)t->data)[k * (n + 1)] = fabs((double)k - (double)(n - 1) / 2);
        if (k + 1 < n)
            ((double *)t->data)[k * (n + 1) + 1] = ((double *)t->data)[k * (n + 1) + n] = 1;
    }
    result_tensor(c, 0, t);
}
