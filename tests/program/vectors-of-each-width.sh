#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# TL_SIMD=128, 256 and 512 give the same masks and counts for every length up to 200, and they are those of a loop.
set -u
cat >masks.tl <<'X'
for n = 1:200
  x = mod((1:n) * 37, 11) - 5;
  y = single(x);
  k = 0; m = [];
  for i = 1:n
    m(i) = x(i) > 1;
    k += m(i);
  end
  assert(nnz(x > 1) == k && sum(y > 1) == k && nnz(y >= 2 & ~(x < 2)) == k)
  assert(isequal(x > 1, m == 1) && isequal(y > 1, m == 1))
  assert(isreal(sqrt(abs(x))) && ~isreal(sqrt([x, -1])))
  assert(numel(find(isnan(0 ./ x) | isnan(0 ./ y))) == nnz(~x))
end
disp right
X
i=0
for bits in 128 256 512; do
    i=$((i + 1))
    said=$(TL_SIMD=$bits "$TL" masks.tl 2>&1 </dev/null)
    test "$said" = right && echo "ok $i - $bits bits" || { echo "not ok $i - $bits bits"; echo "$said" | sed 's/^/# /'; }
done
echo "1..$i"
