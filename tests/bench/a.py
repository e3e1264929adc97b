# SPDX-License-Identifier: BSD-3-Clause
# Table A for Python: lists and floats, no NumPy.  QUICK in the environment makes it small.
import os,time,statistics
def fib(n): return n if n<2 else fib(n-1)+fib(n-2)
def loopsum(n):
    s=0.0
    for i in range(1,n+1): s=s+float(i)*i
    return s
def sieve(n):
    p=[True]*(n+1); p[0]=p[1]=False
    i=2
    while i*i<=n:
        if p[i]:
            j=i*i
            while j<=n:
                p[j]=False
                j=j+i
        i=i+1
    c=0
    for k in range(1,n+1):
        if p[k]: c=c+1
    return c
def mandel(w,h,m):
    c=0
    for py in range(h):
        y0=py/h*2-1
        for px in range(w):
            x0=px/w*3-2
            x=0.0;y=0.0;k=0
            while x*x+y*y<=4 and k<m:
                t=x*x-y*y+x0
                y=2*x*y+y0
                x=t
                k=k+1
            c=c+k
    return c
def strb(n):
    s=''
    for i in range(1,n+1): s=s+chr(48+i%10)
    return len(s)
def strs(n):
    s=''
    for i in range(1,n+1): s=s+('%d,'%(i%10))
    return len(s)
def inc(x): return x+1
def calls(n):
    s=0.0
    for i in range(n): s=inc(s)
    return s
def matfill(n):
    A=[[0.0]*n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            A[i][j]=float(i+j+2)
    return sum(map(sum,A))
def lu3(n):
    A=[[1/(i+j+2) for j in range(n)] for i in range(n)]
    for i in range(n): A[i][i]=float(n)
    for k in range(n-1):
        for i in range(k+1,n):
            A[i][k]=A[i][k]/A[k][k]
            l=A[i][k]
            for j in range(k+1,n):
                A[i][j]=A[i][j]-l*A[k][j]
    d=1.0
    for i in range(n): d*=A[i][i]/n
    return d
# programs of every day, 1000 rounds each
def day_switch(n):
    w=['one','two','three','four','five'];r=0
    for i in range(1,n+1):
        k=w[i%5]
        if k=='one': r+=1
        elif k=='two': r+=2
        elif k in ('three','drei'): r+=3
        else: r+=4
    return r
def day_structgrow(n):
    a=[]
    for i in range(1,n+1): a.append({'v':i})
    return len(a)
def day_structarr(n):
    s=[{'x':i} for i in range(1,101)];r=0
    for i in range(1,n+1): k=i%100; s[k]['x']=s[k]['x']+1; r+=s[k]['x']
    return r
def day_queue(n):
    q=list(range(1,51));r=0
    for i in range(1,n+1): r+=q[0]; del q[0]; q.append(i)
    return r
def day_slice(n):
    s='hello world';r=0
    for i in range(1,n+1): t=s[1:5]; r+=len(t)
    return r
def day_vecslice(n):
    s=list(range(1,21));r=0
    for i in range(1,n+1): t=s[1:5]; r+=t[0]
    return r
def day_nestfield(n):
    s={'p':{'a':0,'b':1}}
    for i in range(1,n+1): s['p']['a']=s['p']['a']+s['p']['b']
    return s['p']['a']
def day_dynfield(n):
    s={'a':0,'b':0};f=['a','b']
    for i in range(1,n+1): k=f[i%2]; s[k]=s[k]+1
    return s['a']
def day_num2str(n):
    r=0
    for i in range(1,n+1): r+=len(str(i))
    return r
def day_ismembernum(n):
    v=[3,5,7,11,13];r=0
    for i in range(1,n+1):
        if i%17 in v: r+=1
    return r
def day_ismemberstr(n):
    w=['one','two','three','four','five'];r=0
    for i in range(1,n+1):
        if 'four' in w: r+=1
    return r
def day_bits(n):
    r=0
    for i in range(1,n+1): r=(i&255)^(i>>3)
    return r
def day_intidiv(n):
    s=0
    for i in range(1,n+1):
        s=s+1
        if s==255: s=0
    return s
def day_complex(n):
    z=0j;c=-0.4+0.6j
    for i in range(1,n+1):
        z=z*z+c
        if abs(z)>2: z=0*z
    return z.real
def day_mapnum(n):
    m={};r=0
    for i in range(1,n+1): m[i%1000]=i; r+=m[i%1000]
    return r
def day_stackpop(n):
    r=0;st=[]
    for i in range(1,n+1):
        st.append(i)
        if len(st)>20: r+=st.pop()
    return r
def day_cellfunname(n):
    c=['ab','c','def','g'];r=0
    for i in range(1,n+1): v=list(map(len,c)); r+=v[2]
    return r
def day_logicalmask(n):
    A=list(range(1,11));r=0
    for i in range(1,n+1): b=[x for x in A if x>5]; r+=b[0]
    return r
day_cellofstruct=day_structarr
day_cellqueue=day_queue
def go(name,peer,f,reps):
    t=[]
    for r in range(reps):
        a=time.perf_counter(); v=f(); t.append(time.perf_counter()-a)
    print(f'A.{name};{peer};1;{statistics.median(t):.6g};{v:.10g}',flush=True)
if not os.environ.get('QUICK'):
    go('fib27','python3',lambda:fib(27),3)
    go('loop1e7','python3',lambda:loopsum(10**7),3)
    go('sieve1e6','python3',lambda:sieve(10**6),3)
    go('mandel200','python3',lambda:mandel(200,200,100),3)
    go('call1e6','python3',lambda:calls(10**6),3)
    go('matfill1000','python3',lambda:matfill(1000),3)
    go('lu200','python3',lambda:lu3(200),3)
go('str1e5','python3',lambda:strb(10**5),5)
go('strfmt1e5','python3',lambda:strs(10**5),5)
for name in 'switch structgrow structarr cellofstruct queue cellqueue slice vecslice nestfield dynfield num2str ismembernum ismemberstr bits intidiv complex mapnum stackpop cellfunname logicalmask'.split():
    go('day-'+name,'python3',lambda:globals()['day_'+name](1000),21)
