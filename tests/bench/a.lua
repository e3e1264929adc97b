-- SPDX-License-Identifier: BSD-3-Clause
-- Table A for Lua 5.4 and LuaJIT:  lua a.lua PEER; QUICK in the environment makes it small.
local peer=arg[1]
local function fib(n) if n<2 then return n else return fib(n-1)+fib(n-2) end end
local function loopsum(n) local s=0.0 for i=1,n do s=s+i*i end return s end
local function sieve(n)
  local p={} for i=1,n do p[i]=true end p[1]=false
  local i=2
  while i*i<=n do
    if p[i] then local j=i*i while j<=n do p[j]=false j=j+i end end
    i=i+1
  end
  local c=0 for k=1,n do if p[k] then c=c+1 end end
  return c
end
local function mandel(w,h,m)
  local c=0
  for py=0,h-1 do local y0=py/h*2-1
    for px=0,w-1 do local x0=px/w*3-2
      local x,y,k=0.0,0.0,0
      while x*x+y*y<=4 and k<m do
        local t=x*x-y*y+x0
        y=2*x*y+y0 x=t k=k+1
      end
      c=c+k
    end
  end
  return c
end
local function strb(n) local s='' for i=1,n do s=s..string.char(48+i%10) end return #s end
local function strs(n) local s='' for i=1,n do s=s..string.format('%d,',i%10) end return #s end
local function strc(n) local t={} for i=1,n do t[#t+1]=string.format('%d,',i%10) end return #table.concat(t) end
local function inc(x) return x+1 end
local function calls(n) local s=0.0 for i=1,n do s=inc(s) end return s end
local function matfill(n)
  local A={} for i=1,n do local r={} for j=1,n do r[j]=0.0 end A[i]=r end
  for i=1,n do for j=1,n do A[i][j]=i+j+0.0 end end
  return A[n][n]
end
local function lu3(n)
  local A={}
  for i=1,n do A[i]={} for j=1,n do A[i][j]=1/(i+j) end A[i][i]=n+0.0 end
  for k=1,n-1 do for i=k+1,n do
    A[i][k]=A[i][k]/A[k][k]
    local l=A[i][k]
    for j=k+1,n do A[i][j]=A[i][j]-l*A[k][j] end
  end end
  local d=1.0 for i=1,n do d=d*(A[i][i]/n) end
  return d
end
local function go(name,f,reps)
  local t={} local v
  for r=1,reps do local a=os.clock() v=f() t[r]=os.clock()-a end
  table.sort(t)
  print(string.format('A.%s;%s;1;%.6g;%.10g',name,peer,t[(reps+1)/2],v))
end
local q = os.getenv('QUICK')
if not q or q == '' then
  go('fib27', function() return fib(27) end, 5)
  go('loop1e7', function() return loopsum(1e7) end, 5)
  go('sieve1e6', function() return sieve(1000000) end, 5)
  go('mandel200', function() return mandel(200, 200, 100) end, 5)
  go('call1e6', function() return calls(1000000) end, 5)
  go('matfill1000', function() return matfill(1000) end, 5)
  go('lu200', function() return lu3(200) end, 5)
  go('str1e5', function() return strb(100000) end, 3)
  go('strfmt1e5', function() return strs(100000) end, 3)
  go('strconcat1e5', function() return strc(100000) end, 3)
else
  go('fib22', function() return fib(22) end, 5)
  go('loop1e6', function() return loopsum(1e6) end, 5)
  go('sieve1e5', function() return sieve(100000) end, 5)
  go('mandel60', function() return mandel(60, 60, 100) end, 5)
  go('call1e5', function() return calls(100000) end, 5)
  go('matfill300', function() return matfill(300) end, 5)
  go('lu60', function() return lu3(60) end, 5)
end
