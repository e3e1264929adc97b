# SPDX-License-Identifier: BSD-3-Clause
# Table E for NumPy and SciPy, or for PyTorch where PEER is torch.
import os, time, statistics
import numpy as np
def out(name, f, R):
    f()
    a = time.perf_counter(); f(); k = max(1, int(0.01 / max(time.perf_counter() - a, 1e-7)))
    t = []
    for _ in range(R):
        a = time.perf_counter()
        for _ in range(k): f()
        t.append((time.perf_counter() - a) / k)
    print(f"E.{name};{os.environ['PEER']};{os.environ['THREADS']};{statistics.median(t):.6g}", flush=True)
n, m, t = (10**6, 10**5, 1000) if os.environ.get('QUICK') else (10**7, 10**6, 4000)
rng = np.random.default_rng(1)
v = rng.random(n); u = np.floor(rng.random(m)*m/10); mask = v > .5; T = rng.random((t, t)); image = rng.random((512, 512)); kernel = rng.random((15, 15))
if os.environ['PEER'] == 'torch':
    import torch
    torch.set_num_threads(int(os.environ['THREADS'])); torch.set_grad_enabled(False)
    v, u, mask, T, image, kernel = map(torch.from_numpy, (v, u, mask, T, image, kernel))
    w = v[:m].clone()
    rows = ((f'sort{n:.0e}', lambda: torch.sort(v)[0]), (f'sort2 {m:.0e}', lambda: torch.sort(w)), (f'unique{m:.0e}', lambda: torch.unique(u)),
            (f'find{n:.0e}', lambda: torch.nonzero(mask)), (f'mask{n:.0e}', lambda: v[mask]), (f'cumsum{n:.0e}', lambda: torch.cumsum(v, 0)),
            (f'sum{n:.0e}', lambda: torch.sum(v)), (f'rand{n:.0e}', lambda: torch.rand(n, dtype=torch.float64)),
            (f'randn{n:.0e}', lambda: torch.randn(n, dtype=torch.float64)), (f'transpose{t}', lambda: T.t().contiguous()),
            ('conv2 512', lambda: torch.nn.functional.conv2d(image[None, None], kernel[None, None])))
else:
    w = v[:m].copy()
    x = np.linspace(0, 10, 1000); y = np.sin(x); z = rng.random(m)*10; at = rng.integers(0, 1000, m); q = rng.random(m)
    csv = os.environ['CSV']
    def argsorted():
        i = np.argsort(w, kind='stable'); return w[i], i
    rows = [(f'sort{n:.0e}', lambda: np.sort(v)), (f'sort2 {m:.0e}', argsorted), (f'unique{m:.0e}', lambda: np.unique(u)),
            (f'find{n:.0e}', lambda: np.flatnonzero(mask)), (f'mask{n:.0e}', lambda: v[mask]), (f'cumsum{n:.0e}', lambda: np.cumsum(v)),
            (f'sum{n:.0e}', lambda: np.sum(v)), (f'rand{n:.0e}', lambda: rng.random(n)), (f'randn{n:.0e}', lambda: rng.standard_normal(n)),
            (f'transpose{t}', lambda: T.T.copy()), ('csvread', lambda: np.loadtxt(csv, delimiter=',')),
            (f'accumarray{m:.0e}', lambda: np.bincount(at, q)), (f'interp1 linear {m:.0e}', lambda: np.interp(z, x, y))]
    try:
        import scipy.signal, scipy.interpolate, scipy.integrate
        rows += [('conv2 512', lambda: scipy.signal.fftconvolve(image, kernel, 'valid')),
                 (f'interp1 spline {m:.0e}', lambda: scipy.interpolate.CubicSpline(x, y)(z)),
                 ('ode45', lambda: scipy.integrate.solve_ivp(lambda t, y: [y[1], (1 - y[0]**2)*y[1] - y[0]], (0, 20), [2, 0], rtol=1e-3, atol=1e-6))]
    except ImportError: pass
for name, f in rows: out(name, f, 3 if name.startswith(('sort', 'csv')) else 5)
