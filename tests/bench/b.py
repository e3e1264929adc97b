# SPDX-License-Identifier: BSD-3-Clause
# Table B for NumPy.  QUICK in the environment makes it small.
import time,statistics,sys,os
peer='numpy'
import numpy as np
exp=np.exp; arr=lambda x: np.array(x,dtype=float); mean=lambda x: np.mean(np.abs(x)); solve=np.linalg.solve; eye=np.eye; ones=np.ones
def go(name,f,reps):
    t=[]
    for r in range(reps):
        a=time.perf_counter(); v=f(); t.append(time.perf_counter()-a)
    print(f'B.{name};{peer};1;{statistics.median(t):.6g};{float(v):.10g}',flush=True)
def sigmoid(x): return 1/(1+exp(-x))
def slope(x): return x*(1-x)
x0=[[-0.99977125],[-0.55912226],[-1.16572724],[-0.72507825]]
def sigfn(n):
    x=arr(x0)
    for i in range(n): y=sigmoid(x)
    return y[0,0]
def siginl(n):
    x=arr(x0)
    for i in range(n): y=1/(1+exp(-x))
    return y[0,0]
def addsc(n):
    x=arr(x0)
    for i in range(n): y=x+1
    return y[0,0]
def train(n):
    X=arr([[0,0,1],[0,1,1],[1,0,1],[1,1,1]]); y=arr([[0],[0],[1],[1]])
    s=arr([[-0.16595599],[0.44064899],[-0.99977125]])
    for i in range(n):
        l0=X
        l1=sigmoid(l0@s)
        e=y.T-l1
        sl=slope(l1)
        d=e*sl
        w=l0.T@d
        s=w+s
    return l1[0,0]
def xorl(n):
    X=arr([[0,0,1],[0,1,1],[1,0,1],[1,1,1]]); y=arr([[0],[1],[1],[0]])
    syn0=arr([[-0.16595599,0.44064899,-0.99977125,-0.39533485],[-0.70648822,-0.81532281,-0.62747958,-0.30887855],[-0.20646505,0.07763347,-0.16161097,0.370439]])
    syn1=arr([[-0.5910955],[0.75623487],[-0.94522481],[0.34093502]])
    for j in range(n):
        l1=sigmoid(X@syn0)
        l2=sigmoid(l1@syn1)
        l2e=y-l2
        if j%10000==0: m=mean(l2e)
        l2d=l2e*slope(l2)
        l1e=l2d@syn1.T
        l1d=l1e*slope(l1)
        syn1+=l1.T@l2d
        syn0+=X.T@l1d
    return mean(l2e)
def mm3(n):
    A=arr([[1,2,3],[4,5,6],[7,8,10]])/10; B=A.T
    for i in range(n): C=A@B
    return C[0,0]
def solve10(n):
    A=ones((10,10))+10*eye(10); b=arr([[float(i)] for i in range(1,11)])
    for i in range(n): x=solve(A,b)
    return x[0,0]
if not os.environ.get('QUICK'):
    go('sigfn1e6',lambda:sigfn(10**6),3)
    go('siginline1e6',lambda:siginl(10**6),3)
    go('addscalar1e6',lambda:addsc(10**6),3)
    go('train5000',lambda:train(5000),5)
    go('xor60000',lambda:xorl(60000),3)
    go('mm3x3_1e6',lambda:mm3(10**6),3)
    go('solve10_1e5',lambda:solve10(10**5),3)
else:
    go('sigfn1e5',lambda:sigfn(10**5),5)
    go('siginline1e5',lambda:siginl(10**5),5)
    go('addscalar1e5',lambda:addsc(10**5),5)
    go('train5000',lambda:train(5000),5)
    go('xor6000',lambda:xorl(6000),5)
    go('mm3x3_1e5',lambda:mm3(10**5),5)
    go('solve10_1e4',lambda:solve10(10**4),5)
