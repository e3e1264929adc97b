#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Options, exit status, pipes, arguments (LANGUAGE.md section 8). Answers in TAP.
. "$SRCDIR/tests/tap.sh"
status() { "$@" >out 2>err </dev/null; echo $?; }
own_home

is  "-e evaluates"               "2" "$("$TL" -e 'disp(1+1)')"
is  "several -e share variables" "7" "$("$TL" -e 'x = 3;' -e 'disp(x + 4)')"
is  "--eval=TEXT"                "5" "$("$TL" --eval='disp(5)')"
is  "a pipe is a script"         "3" "$(echo 'disp(f(2)); function r = f(x), r = x + 1; end' | "$TL")"
is  "no prompt and no greeting in a pipe" "" "$(echo 'x = 1;' | "$TL")"
is  "- is the input"             "4" "$(echo 'disp(4)' | "$TL" - a b)"
printf '#!/usr/bin/env tl\nx = argv(); printf("%%s|", x{:}); printf("%%d\\n", numel(x));\n' >s.tl
is  "arguments"                  "a|-b|2" "$("$TL" s.tl a -b)"
printf 'helper(3)\n' >t.tl; mkdir -p sub; printf 'disp(helper(3))\n' >sub/u.tl; printf 'function r = helper(x)\nr = 2*x;\n' >sub/helper.tl
is  "functions beside the script" "6" "$("$TL" sub/u.tl)"
is  "status 0"                   0 "$(status "$TL" -e '1;')"
is  "status 1 after an error"    1 "$(status "$TL" -e 'error("bad")')"
has "the error is told"          "error: bad" "$(cat err)"
is  "atexit runs the last one first" "b a end" "$("$TL" -e 'function fa(), disp("end"), end' -e 'function fb(), printf("b a "), end' -e 'atexit("fa"); atexit("fb"); atexit("sin"); atexit("sin", false); exit(0)')"
is  "status 1 after an error at the end" 1 "$(status "$TL" -e 'function f(), error("late"), end' -e 'atexit("f")')"
is  "status 1 after a syntax error" 1 "$(status "$TL" -e 'x = (1')"
is  "status 1 for a missing file" 1 "$(status "$TL" nosuch.tl)"
has "which is named"             "nosuch.tl" "$(cat err)"
is  "status 2 for a wrong option" 2 "$(status "$TL" --nosuch)"
is  "status 2 without a text for -e" 2 "$(status "$TL" -e)"
is  "exit(n)"                    7 "$(status "$TL" -e 'exit(7)')"
is  "exit in a function, output flushed" "a 4" "$("$TL" -e 'function f(), printf("a "); exit(4); end' -e 'f(); disp(1)'; echo $?)"
is  "output before an error"     "a" "$("$TL" -e 'disp("a"), error("x"), disp("b")' 2>/dev/null)"
printf 'x = 1;\ny = x *;\n' >bad.tl
is  "--check finds a syntax error" 1 "$(status "$TL" --check bad.tl)"
has "with its place"             "bad.tl:2" "$(cat err)"
is  "--check is content"         0 "$(status "$TL" --check s.tl sub/helper.tl)"
printf 'function r = f(widht)\n  r = width + sin(widht);\nend\n' >n.tl
is  "--check tells unknown names" "n.tl:2:7: warning: 'width' is neither a variable nor a function here; did you mean 'widht'?" "$("$TL" --check n.tl 2>&1)"
mkdir -p tl; echo 'started = 5;' >tl/startup.tl
is  "startup.tl before the prompt" "5" "$(echo 'disp(started)' | "$TL" -i)"
is  "--no-startup"               "0" "$(echo 'disp(exist("started"))' | "$TL" -i --no-startup)"
printf 'function step(A)\n  h = A * A;\nend\nstep(ones(2, 3))\n' >e.tl
is  "status 1"                   1 "$(status "$TL" e.tl)"
is  "an error as LANGUAGE.md shows it" "error: A * A: inner dimensions differ, A is 2x3 and A is 2x3
  at e.tl:2, in step
      2 |   h = A * A;
        |         ^
  called from e.tl:4" "$(grep -v '^  hint: ' err)"
"$TL" -e 'while true, end' & p=$!
sleep 1; kill -INT $p; wait $p
is  "130 after Ctrl-C"           130 $?
is  "a reader that goes away is no error" "1" "$("$TL" -e 'for k = 1:100000, disp(k), end' 2>err | head -n 1)"
is  "and says nothing"           "" "$(cat err)"
has "--help"                     "Usage: tl" "$("$TL" --help)"
has "--version names the BLAS"   "BLAS" "$("$TL" --version)"
has "and the licence"            "licence" "$("$TL" --version)"
if [ -w /dev/full ]; then
    "$TL" -e 'disp(1)' >/dev/full 2>err; is "a full disk is an error" 1 $?
    has "that is told"           "cannot write" "$(cat err)"
fi
is  "-i runs, then asks"         "3
4" "$(echo 'disp(4)' | "$TL" -i -e 'disp(3)')"
echo 'disp(1)' >cumsum.tl
has "--functions, beside a file that hides a function" "cumsum
" "$("$TL" --functions)
"
rm -f cumsum.tl
plan
