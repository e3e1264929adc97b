# SPDX-License-Identifier: BSD-3-Clause
# PyTorch on a GPU: rows of tests/bench/cuda.  gpu_torch.py eager|graphs|compile
import statistics, sys, time
import torch, torch.nn as nn
how = sys.argv[1]
torch.manual_seed(1)
torch.backends.cuda.matmul.allow_tf32 = False; torch.backends.cudnn.allow_tf32 = False; torch.backends.cudnn.benchmark = True
print('# torch', torch.__version__, how)
wait = torch.cuda.synchronize
def bench(name, step):
    for k in range(5): step(k)
    wait(); a = time.perf_counter(); step(1); wait(); d = time.perf_counter() - a
    n = max(1, round(0.1/max(d, 1e-6))); t = []
    for r in range(5):
        a = time.perf_counter()
        for k in range(n): step(k)
        wait(); t.append((time.perf_counter() - a)/n)
    print(f'K.{name};{how};{statistics.median(t):.6g};0;', flush=True)
if how in ('eager', 'compile'):
    n8, n7 = 10**8, 10**7
    opt = torch.compile if how == 'compile' else (lambda f: f)
    x, y = torch.rand(n8, device='cuda'), torch.rand(n8, device='cuda')
    f = opt(lambda x, y: 2.5*x + y); bench('axpy1e8', lambda k: f(x, y))
    g = opt(lambda x, y: torch.tanh((x - y)*0.5 + 0.25)*x); bench('chain1e8', lambda k: g(x, y))
    h = opt(lambda x, y: ((x - y)**2).sum()); bench('sum1e8', lambda k: h(x, y))
    u, v = torch.rand(n7, device='cuda'), torch.rand(n7, device='cuda')
    bench('axpy1e7', lambda k: f(u, v))
    p, q = torch.rand(1000, device='cuda'), torch.rand(1000, device='cuda')
    bench('small', lambda k: f(p, q))
    if how == 'eager':
        bench('sort1e7', lambda k: torch.sort(u))
        for n, name, t in ((1024, 'gemm1024', torch.float32), (4096, 'gemm4096', torch.float32), (4096, 'gemm4096d', torch.float64)):
            A, B = torch.rand(n, n, device='cuda', dtype=t), torch.rand(n, n, device='cuda', dtype=t)
            bench(name, lambda k: A @ B)
        D = torch.rand(2048, 2048, device='cuda', dtype=torch.float64); bench('lu2048d', lambda k: torch.linalg.lu(D))
        z = torch.rand(2**20, device='cuda', dtype=torch.complex64); bench('fft1e6', lambda k: torch.fft.fft(z))
    del x, y
def go(name, net, shape, b=60):
    net = net.cuda(); crit = nn.NLLLoss(); opt = torch.optim.SGD(net.parameters(), lr=0.01)
    X = [torch.randn(b, *shape, device='cuda') for k in range(4)]; Y = [torch.randint(0, 10, (b,), device='cuda') for k in range(4)]
    run = torch.compile(net) if how == 'compile' else net
    def step(k):
        opt.zero_grad(set_to_none=how != 'graphs'); crit(run(X[k % 4]), Y[k % 4]).backward(); opt.step()
    if how != 'graphs': return bench(f'{name} b{b}', step)
    sx, sy = X[0].clone(), Y[0].clone()
    def once():
        opt.zero_grad(set_to_none=False); crit(net(sx), sy).backward(); opt.step()
    s = torch.cuda.Stream(); s.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(s):
        for k in range(3): once()
    torch.cuda.current_stream().wait_stream(s)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph): once()
    def replay(k):
        sx.copy_(X[k % 4]); sy.copy_(Y[k % 4]); graph.replay()
    bench(f'{name} b{b}', replay)
def mlp(*n):
    L = []
    for i in range(len(n) - 1):
        L.append(nn.Linear(n[i], n[i+1])); L.append(nn.Tanh() if i < len(n) - 2 else nn.LogSoftmax(1))
    return nn.Sequential(*L)
go('mlp784-10', mlp(784, 10), (784,)); go('mlp784-500-10', mlp(784, 500, 10), (784,)); go('mlp784-1000x3-10', mlp(784, 1000, 1000, 1000, 10), (784,))
for s, k, p, q, side in ((32, 5, 2, 2, 5), (96, 7, 3, 3, 8), (256, 7, 5, 4, 11)):
    flat = 16*side*side
    go(f'cnn{s}', nn.Sequential(nn.Conv2d(1, 6, k), nn.Tanh(), nn.MaxPool2d(p), nn.Conv2d(6, 16, k), nn.Tanh(), nn.MaxPool2d(q), nn.Flatten(),
       nn.Linear(flat, 120), nn.Tanh(), nn.Linear(120, 10), nn.LogSoftmax(1)), (1, s, s))
