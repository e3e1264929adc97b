# SPDX-License-Identifier: BSD-3-Clause
# Table F for PyTorch: nn modules, autograd and optim.SGD as its users write them; with and without oneDNN, the better one counts.
import os, statistics, sys, time
import torch, torch.nn as nn
threads = int(os.environ['THREADS']); quick = bool(os.environ.get('QUICK'))
torch.set_num_threads(threads); torch.manual_seed(1)
print('torch', torch.__version__, file=sys.stderr)
def bench(step):
    for k in range(3): step(k)
    a = time.perf_counter(); step(1); d = time.perf_counter() - a
    n = max(1, round((0.1 if quick else 0.4)/5/max(d, 1e-6))); t = []
    for r in range(5):
        a = time.perf_counter()
        for k in range(n): step(k)
        t.append((time.perf_counter() - a)/n)
    return statistics.median(t)
def go(name, net, shape):
    opt = torch.optim.SGD(net.parameters(), lr=0.01); crit = nn.NLLLoss()
    for b in (1, 60):
        X = [torch.randn(b, *shape) for k in range(4)]; Y = [torch.randint(0, 10, (b,)) for k in range(4)]
        def step(k):
            opt.zero_grad(); crit(net(X[k % 4]), Y[k % 4]).backward(); opt.step()
        best = 1e9
        for on in ((True, False) if len(shape) > 1 else (True,)):
            with torch.backends.mkldnn.flags(enabled=on): best = min(best, bench(step))
        print(f'F.{name} b{b};torch;{threads};{best:.6g};', flush=True)
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
class Recurrent(nn.Module):
    def __init__(self):
        super().__init__(); self.rnn = nn.LSTM(128, 128, batch_first=True); self.out = nn.Linear(128, 10)
    def forward(self, x):
        return torch.log_softmax(self.out(self.rnn(x)[0][:, -1]), 1)
class Transformer(nn.Module):
    def __init__(self):
        super().__init__(); self.out = nn.Linear(128, 10)
        self.layers = nn.Sequential(*[nn.TransformerEncoderLayer(128, 4, 512, 0.0, 'gelu', batch_first=True, norm_first=True) for k in range(4)])
    def forward(self, x):
        return torch.log_softmax(self.out(self.layers(x).mean(1)), 1)
for name, net in (('lstm128x64', Recurrent()), ('transformer128x4', Transformer())):
    opt = torch.optim.SGD(net.parameters(), lr=0.01); crit = nn.NLLLoss()
    X = [torch.randn(16, 64, 128) for k in range(4)]; Y = [torch.randint(0, 10, (16,)) for k in range(4)]
    def step(k):
        opt.zero_grad(); crit(net(X[k % 4]), Y[k % 4]).backward(); opt.step()
    print(f'F.{name} b16;torch;{threads};{bench(step):.6g};', flush=True)
