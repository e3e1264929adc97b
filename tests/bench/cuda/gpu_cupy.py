# SPDX-License-Identifier: BSD-3-Clause
# CuPy on a GPU: rows of tests/bench/cuda.
import statistics, time
import cupy as cp
print('# cupy', cp.__version__)
wait = cp.cuda.get_current_stream().synchronize
def bench(name, step):
    for k in range(5): step()
    wait(); a = time.perf_counter(); step(); wait(); d = time.perf_counter() - a
    n = max(1, round(0.1/max(d, 1e-6))); t = []
    for r in range(5):
        a = time.perf_counter()
        for k in range(n): step()
        wait(); t.append((time.perf_counter() - a)/n)
    print(f'K.{name};cupy;{statistics.median(t):.6g};0;', flush=True)
one = cp.float32
x, y = cp.random.rand(10**8, dtype=one), cp.random.rand(10**8, dtype=one)
bench('axpy1e8', lambda: one(2.5)*x + y)
bench('chain1e8', lambda: cp.tanh((x - y)*one(0.5) + one(0.25))*x)
bench('sum1e8', lambda: ((x - y)**2).sum())
u, v, p, q = x[:10**7].copy(), y[:10**7].copy(), x[:1000].copy(), y[:1000].copy()
bench('axpy1e7', lambda: one(2.5)*u + v)
bench('small', lambda: one(2.5)*p + q)
bench('sort1e7', lambda: cp.sort(u))
for n, name, t in ((1024, 'gemm1024', cp.float32), (4096, 'gemm4096', cp.float32), (4096, 'gemm4096d', cp.float64)):
    A, B = cp.random.rand(n, n).astype(t), cp.random.rand(n, n).astype(t)
    bench(name, lambda: A @ B)
