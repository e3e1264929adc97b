/* SPDX-License-Identifier: BSD-3-Clause */
/* fft.c: what is known of the Fourier transforms before their plugin, plugins/fft.c, is loaded. */
#include "plugin.h"

PLUGIN(fft, fft, 1, 3, 1,
  "y = fft(x)\n"
  "y = fft(x, n)\n"
  "y = fft(x, n, dim)\n\n"
  "Discrete Fourier transform: y(k) is the sum over j of x(j) * exp(-2i*pi*(j-1)*(k-1)/n), along dim, by default the first "
  "dimension longer than one. With n, x is first cut to n points or continued with zeros; [] means as many as there are. A "
  "single gives a single.\n\n"
  "Example:\n  fft([1 2 3 4])\n  ans =\n    10 +  0i   -2 +  2i   -2 +  0i   -2 -  2i\n\n"
  "See also: ifft, fft2, fftn, fftshift")

PLUGIN(ifft, fft, 1, 3, 1,
  "x = ifft(y)\n"
  "x = ifft(y, n)\n"
  "x = ifft(y, n, dim)\n\n"
  "Inverse of fft: the same sum with the other sign, divided by n. A spectrum that is symmetric to the last bit, as "
  "that of a real signal is, gives a real result.\n\n"
  "Example:\n  ifft(fft([1 2 3]))\n  ans =\n     1   2   3\n\n"
  "See also: fft, ifft2, ifftn")

PLUGIN(fft2, fft, 1, 3, 1,
  "y = fft2(x)\n"
  "y = fft2(x, m, n)\n\n"
  "Discrete Fourier transform along rows and columns; with m and n, x is first cut or continued with zeros to m x n. "
  "Of an array with more dimensions each page is transformed.\n\n"
  "Example:\n  fft2([1 2; 3 4])\n  ans =\n     10   -2\n     -4    0\n\n"
  "See also: ifft2, fft, fftn")

PLUGIN(ifft2, fft, 1, 3, 1,
  "x = ifft2(y)\n"
  "x = ifft2(y, m, n)\n\n"
  "Inverse of fft2.\n\n"
  "Example:\n  ifft2(fft2([1 2; 3 4]))\n  ans =\n     1   2\n     3   4\n\n"
  "See also: fft2, ifft")

PLUGIN(fftn, fft, 1, 2, 1,
  "y = fftn(x)\n"
  "y = fftn(x, sizes)\n\n"
  "Discrete Fourier transform along all dimensions; with sizes, x is first cut or continued with zeros to them.\n\n"
  "Example:\n  y = fftn(ones(2, 2, 2)); y(1)\n  ans = 8\n\n"
  "See also: ifftn, fft, fft2")

PLUGIN(ifftn, fft, 1, 2, 1,
  "x = ifftn(y)\n"
  "x = ifftn(y, sizes)\n\n"
  "Inverse of fftn.\n\n"
  "Example:\n  x = ifftn(fftn([1 2; 3 4]))\n  x =\n     1   2\n     3   4\n\n"
  "See also: fftn, ifft")
