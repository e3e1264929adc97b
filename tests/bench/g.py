# SPDX-License-Identifier: BSD-3-Clause
# Table G for SciPy.
import os, time
import numpy as np, scipy.sparse as sp, scipy.sparse.linalg as sl
def out(name, f, R):
    t = []
    for _ in range(R):
        a = time.perf_counter(); f(); t.append(time.perf_counter() - a)
    print(f"G.{name};{os.environ['PEER']};{os.environ['THREADS']};{min(t):.6g}", flush=True)
n, side = (10**5, 300) if os.environ.get('QUICK') else (10**6, 1000)
rng = np.random.default_rng(1)
i, j, v, x = rng.integers(0, n, 5*n), rng.integers(0, n, 5*n), rng.random(5*n), rng.random(n)
make = lambda: sp.csc_matrix((v, (i, j)), (n, n))
out(f'triplets{n:.0e}', make, 3)
S = make(); T = S.T.tocsc()
out(f'S*x {n:.0e}', lambda: S @ x, 7)
out(f"S'*x {n:.0e}", lambda: S.T @ x, 7)
out(f'transpose{n:.0e}', lambda: S.T.tocsc(), 3)
out(f'S+T {n:.0e}', lambda: S + T, 3)
out(f'sum{n:.0e}', lambda: S.sum(1), 5)
D = sp.diags([-1, 2, -1], [-1, 0, 1], (side, side))
A = (sp.kron(D, sp.eye(side)) + sp.kron(sp.eye(side), D)).tocsc(); b = rng.random(side**2)
out(f'A*x poisson{side}', lambda: A @ b, 7)
out(f'A*A poisson{side}', lambda: A @ A, 3)
out(f'A\\b poisson{side}', lambda: sl.spsolve(A, b), 1)
