# SPDX-License-Identifier: BSD-3-Clause
# Table C for NumPy, which runs it on one thread.
import os, time, statistics
import numpy as np
def bench(f, seconds):
    f()
    a = time.perf_counter(); f(); d = time.perf_counter() - a
    k = max(1, int(seconds / max(d, 1e-7)))
    t = []
    for _ in range(5):
        a = time.perf_counter()
        for _ in range(k): f()
        t.append((time.perf_counter() - a) / k)
    return statistics.median(t)
quick = os.environ.get('QUICK')
for n in (1000, 100000, 10**7):
    for dt in ('f64', 'f32'):
        if quick and n == 10**7 and dt == 'f32': continue
        D = np.float64 if dt == 'f64' else np.float32
        i = np.arange(n)
        x = ((i*7919 % 10007) / 10007.).astype(D); y = ((i*104729 % 10007) / 10007.).astype(D); c = (i % 3).astype(D)
        r = 100 if n == 1000 else 1000 if n == 100000 else 10000
        M = x.reshape(r, n//r)
        h = D(2.5)
        ops = {'fma': lambda: x*y + c, 'sigmoid': lambda: 1 / (1 + np.exp(-x)), 'hypot': lambda: np.sqrt(x**2 + y**2),
               'ssd': lambda: np.sum((x - y)**2), 'rownorm': lambda: (M - M.mean(1, keepdims=True)) / M.std(1, ddof=1, keepdims=True),
               'tanh': lambda: np.tanh(x), 'pow2.5': lambda: x**h, 'mask': lambda: np.sum((x > D(.3)) & (y < D(.7)))}
        for k, f in ops.items():
            print(f'C.{k} {dt} {n:.0e};numpy;1;{bench(f, 0.01 if n < 10**6 else 0.02):.6g}', flush=True)
