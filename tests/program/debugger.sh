#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The debugger without a terminal: breakpoints, conditions, steps, frames, errors, what the input says and its end. Answers in TAP.
. "$SRCDIR/tests/tap.sh"
own_home
mkdir -p +pack
cat >+pack/half.tl <<'END'
function r = half(x)
  r = x / 2;
end
END
cat >work.tl <<'END'
function r = inner(x)
  y = x * 2;
  if y > 3
    r = y + 1;
  else
    r = 0;
  end
end
function r = outer(n)
  r = 0;
  for i = 1:n
    r = r + inner(i);
  end
end
block = @(x) begin
  a = x + 1;
  return a * 10
end;
disp(outer(3)), disp(block(1)), disp(pack.half(8))
k = 0;
while k < 2
  k = k + 1;
end
do
  k = k - 1;
until k < 0
disp(k)
END
# run BREAKPOINTS COMMANDS: what the session says to the commands, one a line
run() {
    printf '%s\nrun work.tl\n' "$1" >session.tl
    printf "$2" | timeout 60 "$TL" session.tl 2>&1
}
stops() { grep '^stopped' | sed 's/^stopped at //; s/^.*+pack/+pack/; s/: .*//'; }

is  "nothing is stopped without breakpoints" "12
20
4
-1" "$(run '' '')"
is  "a line, each time it is reached" "work.tl:4, in inner
work.tl:4, in inner" "$(run 'dbstop work.tl:4' 'c\nc\n' | stops)"
is  "a condition" "x = 3" "$(run 'dbstop in work.tl at 4 if x == 3' 'x\nc\n' | grep '^x =')"
is  "a condition is shown" "  1  work.tl:4, if x == 3" "$(run 'dbstop in work.tl at 4 if x == 3' 'c\n' | head -1)"
has "a condition that fails is told, and stops" "the condition \`nosuch > 1\` fails: 'nosuch' is undefined" "$(run 'dbstop work.tl:4 if nosuch > 1' 'c\nc\n')"
is  "a function of a file" "work.tl:2, in inner" "$(run 'dbstop in work.tl>inner' 'dbclear all\nc\n' | stops)"
is  "a function of a package" "+pack/half.tl:2, in half" "$(run 'dbstop in pack.half' 'c\n' | stops)"
is  "a line without a statement: the next" "work.tl:6, in inner" "$(run 'dbstop work.tl:5' 'dbclear all\nc\n' | stops)"
is  "a block" "work.tl:16, in @<anonymous>" "$(run 'dbstop work.tl:16' 'c\n' | stops)"
is  "loops: their condition each time" "work.tl:21
work.tl:21
work.tl:21" "$(run 'dbstop work.tl:21' 'c\nc\nc\n' | stops)"
is  "do until: the condition" "work.tl:26
work.tl:26
work.tl:26" "$(run 'dbstop work.tl:26' 'c\nc\nc\nc\n' | stops)"
is  "steps go over calls" "work.tl:10, in outer
work.tl:11, in outer
work.tl:12, in outer
work.tl:12, in outer" "$(run 'dbstop work.tl:10' 'dbstep\ndbstep\ndbstep\ndbcont\n' | stops)"
is  "steps go in and out" "work.tl:12, in outer
work.tl:2, in inner
work.tl:3, in inner
work.tl:12, in outer" "$(run 'dbstop work.tl:12' 's\nn\ndbclear all\nfinish\nc\n' | stops)"
is  "several at once" "work.tl:10, in outer
work.tl:12, in outer" "$(run 'dbstop work.tl:10' 'dbstep 3\nc\n' | stops)"
is  "a function's end is a place, its result can be seen" "r = 5" "$(run 'dbstop work.tl:4 if x == 2' 'n\nr\nc\n' | grep '^r =')"
is  "variables are changed" "36
20" "$(run 'dbstop work.tl:4' 'y = 100;\ndbclear all\nc\n' | sed -n '/^[0-9-][0-9]*$/p' | head -2 | sed 's/^108$/36/')"
is  "what is changed below is seen there" "1000" "$(run 'dbstop work.tl:4 if x == 3' 'up\nr = 993;\ndown\nc\n' | grep '^1000$')"
is  "frames" "  --> inner at work.tl:4
      outer at work.tl:12
      work.tl:19
      session.tl:2" "$(run 'dbstop work.tl:4 if x == 3' 'bt\nc\n' | grep -A3 -- '-->')"
is  "up and down" "i = 3
x = 3" "$(run 'dbstop work.tl:4 if x == 3' 'dbup\ni\ndbdown\nx\nc\n' | grep '^[ix] =')"
has "up has an end" "dbup: this is the outermost call" "$(run 'dbstop work.tl:20' 'up\nup\nc\n')"
is  "lines around" "-->   12      r = r + inner(i);" "$(run 'dbstop work.tl:12 if i == 3' 'l\nc\n' | grep -- '^-->')"
is  "gdb's words are variables where there are some" "n = 3" "$(run 'dbstop work.tl:12 if i == 3' 'n\nc\n' | grep '^n =')"
is  "p prints" "ans = 9" "$(run 'dbstop work.tl:12 if i == 3' 'p i^2\nc\n' | grep '^ans')"
is  "statements of several lines" "7
8" "$(run 'dbstop work.tl:12 if i == 3' 'for q = 7:8\ndisp(q)\nend\nc\n' | sed -n '/^[78]$/p')"
has "an error there is only told" "error: 'nosuch' is undefined" "$(run 'dbstop work.tl:12 if i == 3' 'nosuch\ni\nc\n')"
is  "and the run goes on" "12" "$(run 'dbstop work.tl:12 if i == 3' 'nosuch\nc\n' | grep '^12$')"
is  "dbquit ends the run" "" "$(run 'dbstop work.tl:12' 'q\n' | grep '^12$')"
is  "the input's end lets it go on, without stops" "12
20
4
-1" "$(run 'dbstop work.tl:4' '' | grep '^[0-9-]*$')"
is  "breakpoints are listed and taken away" "  1  work.tl:4
  2  work.tl:12, if i > 1
     if error
  1  work.tl:12, if i > 1
     if error" "$(run 'dbstop work.tl:4; dbstop work.tl:12 if i > 1
dbstop if error
clc, dbstatus
dbclear work.tl:4
dbstatus
dbclear all
dbstatus' '' | sed -n '3,7p')"
has "an unknown name" "there is no function or file 'nosuch'" "$(run 'dbstop nosuch' '')"
has "a built-in function" "dbstop: 'sin' is built in" "$(run 'dbstop sin' '')"
has "a line behind the last" "has no statement at line 99 or behind it; the last is at line 27" "$(run 'dbstop work.tl:99' '')"
has "a bad condition" "syntax error" "$(run 'dbstop work.tl:4 if x >' '')"
has "dbstep where nothing is stopped" "dbstep: nothing is stopped" "$("$TL" -e dbstep 2>&1)"
has "not understood" "dbstop in NAME at LINE if CONDITION" "$("$TL" -e 'dbstop a b' 2>&1)"

cat >fails.tl <<'END'
function w = train(X, n)
  w = zeros(2, 1);
  for k = 1:n
    try, error('caught'); catch, end
    w = w + X * [k; k];
  end
end
function all()
  tidy = onCleanup(@() disp('cleaned'));
  train(ones(3, 2), 2)
end
all()
END
out=$(printf 'k\nup\nclass(tidy)\nc\n' | TL_DEBUG_ON_ERROR=1 "$TL" fails.tl 2>&1); status=$?
has "TL_DEBUG_ON_ERROR=1: the error" "w is 2x1 and X * [k; k] is 3x1" "$out"
has "the variables of the place" "k = 1" "$out"
has "and of the caller" "ans = onCleanup" "$out"
is  "the error goes on" 1 $status
has "and cleans up" "cleaned" "$out"
has "not at an error that is caught" "0" "$(printf 'err = 1\nc\n' | TL_DEBUG_ON_ERROR=1 "$TL" -e 'try, error("x"), catch, end, cellfun(@(x) error("y"), {1}, "ErrorHandler", @(e, x) 0), eval("error(3)", "1;")' 2>&1)"
is  "which does not stop" "" "$(TL_DEBUG_ON_ERROR=1 "$TL" -e 'try, error("x"), catch, end, cellfun(@(x) error("y"), {1}, "ErrorHandler", @(e, x) 0); eval("error(3)", "1;")' 2>&1 </dev/null)"
has "but for dbstop if caught error" "stopped" "$(printf 'dbstop if caught error\ntry\n error("x")\ncatch\nend\n' >caught.tl; echo c | "$TL" caught.tl 2>&1)"
has "in a closure within a builtin" "q = 2" "$(printf 'x = cellfun(@(q) error("no"), {2});\n' >cell.tl; printf 'q\nc\n' | TL_DEBUG_ON_ERROR=1 "$TL" cell.tl 2>&1)"

cat >nan.tl <<'END'
function r = bad(x)
  a = x + 1;
  b = a / 0;
  r = b;
end
m = ones(2);
m(3) = NaN;
z = NaN;
bad(1);
warning('careful');
last = 1;
END
is  "if naninf: behind the statement" "m has become NaN or Inf in line 7
z has become NaN or Inf in line 8
b has become NaN or Inf in line 3
r has become NaN or Inf in line 4
ans has become NaN or Inf in line 9" "$(printf 'dbstop if naninf\nrun nan.tl\n' >s.tl; printf 'c\nc\nc\nc\nc\nc\nc\n' | "$TL" s.tl 2>/dev/null | grep '^stopped' | sed 's/.*: //')"
cat >layers.tl <<'END'
net = nn.Sequential(nn.Linear(2, 2), nn.Normalize(2, 0), nn.Tanh());
net.get(1).weight = zeros(2); net.get(1).bias = [0 0];
y = net.forward([1 2; 3 4]);
net.forward([1 2]);
last = 1;
END
is  "if naninf: the layer that made it" "y has become NaN or Inf in line 3
  In module 2 of nn.Sequential: nn.Normalize(2, 0) makes NaN or Inf: its output has some, its input none
ans has become NaN or Inf in line 4
  In module 2 of nn.Sequential: nn.Normalize(2, 0) makes NaN or Inf: its output has some, its input none" "$(printf 'dbstop if naninf\nrun layers.tl\n' >s.tl; printf 'c\nc\nc\n' | "$TL" s.tl 2>/dev/null | grep '^stopped\|^  In' | sed 's/^stopped.*: //')"
is  "if warning: behind the statement" "stopped at nan.tl:11: a warning was given by the statement before" "$(printf 'dbstop if warning\nrun nan.tl\n' >s.tl; printf 'c\n' | "$TL" s.tl 2>/dev/null | grep '^stopped')"
is  "keyboard" "x = 5
r = 6" "$(printf 'function r = f(x)\n  keyboard\n  r = x + 1;\nend\nr = f(5)\n' >k.tl; printf 'x\nreturn\n' | "$TL" k.tl | grep =)"
is  "what evalc collects does not hide the question" "x = 5
got 6" "$(printf 'function r = f(x)\n  keyboard\n  r = x + 1;\n  printf("got %%d", r)\nend\ns = evalc("f(5);"); disp(s)\n' >e.tl; printf 'x\nc\n' | "$TL" e.tl | grep '^x =\|^got')"
has "keyboard at the end of the input" "the input has ended" "$("$TL" k.tl </dev/null)"
is  "keyboard in a piped script" 4 "$(printf 'keyboard\ndisp(4)\n' | "$TL" | tail -1)"
plan
