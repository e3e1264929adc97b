# SPDX-License-Identifier: BSD-3-Clause
# The same for PyTorch.
import os, resource
import torch, torch.nn as nn
threads = int(os.environ['THREADS']); torch.set_num_threads(threads); torch.manual_seed(1)
net = nn.Sequential(nn.Conv2d(1, 6, 7), nn.Tanh(), nn.MaxPool2d(5), nn.Conv2d(6, 16, 7), nn.Tanh(), nn.MaxPool2d(4), nn.Flatten(),
    nn.Linear(1936, 120), nn.Tanh(), nn.Linear(120, 10), nn.LogSoftmax(1))
opt = torch.optim.SGD(net.parameters(), lr=0.01); crit = nn.NLLLoss()
X = torch.randn(60, 1, 256, 256); Y = torch.randint(0, 10, (60,))
with open('/proc/self/status') as f: before = [int(l.split()[1]) for l in f if l.startswith('VmRSS')][0]
for k in range(4):
    opt.zero_grad(); crit(net(X), Y).backward(); opt.step()
print(f'F.memory cnn256 b60;torch;{threads};{(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)/1024:.6g};')
