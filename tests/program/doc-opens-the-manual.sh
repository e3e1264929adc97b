# SPDX-License-Identifier: BSD-3-Clause
# `doc NAME`: the page in the browser where there is a display, else info, else the text of help. Programs that stand in for the browser
# and for info write down what they were asked.
set -u
n=0
is() { n=$((n + 1)); if [ "$2" = "$3" ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; printf '%s\n' "wanted: $3" "got: $2" | sed 's/^/#   /'; fi; }
script -qec true /dev/null </dev/null >/dev/null 2>&1 || { echo "1..0 # skip no 'script' (util-linux) to make a terminal"; exit 0; }
here=$PWD
mkdir -p bin manual/html
for f in index svd-function nn-Linear-function index_005fadd-function Package-nn Keywords-and-operators; do : >manual/html/$f.html; done
for p in xdg-open info; do
    printf '#!/bin/sh\nfor a; do printf "%%s|" "$a"; done >"%s/asked.new"; mv "%s/asked.new" "%s/asked.%s"\n' "$here" "$here" "$here" $p >bin/$p
    chmod +x bin/$p
done
PATH=$here/bin:$PATH TL_MANUAL=$here/manual TERM=dumb; export PATH TL_MANUAL TERM
unset BROWSER WAYLAND_DISPLAY DISPLAY
at_terminal() {     # at_terminal PROGRAM STATEMENT: what PROGRAM was asked, or nothing
    rm -f asked.*
    script -qec "'$TL' -e '$2'" /dev/null </dev/null >shown 2>&1
    for wait in 1 2 3 4 5 6 7 8 9 10; do [ -f "asked.$1" ] && break; [ "$1" = nothing ] && break; sleep 0.1; done
    cat asked.* 2>/dev/null | sed "s|$here/||g"
}
DISPLAY=:77; export DISPLAY
is "a function" "$(at_terminal xdg-open 'doc svd')" "manual/html/svd-function.html|"
is "a layer" "$(at_terminal xdg-open 'doc nn.Linear')" "manual/html/nn-Linear-function.html|"
is "a name with a bar" "$(at_terminal xdg-open 'doc index_add')" "manual/html/index_005fadd-function.html|"
is "an operator" "$(at_terminal xdg-open 'doc +')" "manual/html/Keywords-and-operators.html|"
is "a package" "$(at_terminal xdg-open 'doc nn')" "manual/html/Package-nn.html|"
is "all of it" "$(at_terminal xdg-open doc)" "manual/html/index.html|"
is "no such page: the text" "$(at_terminal nothing 'doc eig'; grep -c '\[V, D\] = eig' shown)" "$(printf 1)"
is "a name misspelt" "$(at_terminal nothing 'doc svdd'; tr -d '\r' <shown)" "There is no function 'svdd'; did you mean 'svd'?"
is "a browser of the user's" "$(cp bin/xdg-open bin/mine; BROWSER=mine; export BROWSER; rm bin/xdg-open; at_terminal xdg-open 'doc svd')" "manual/html/svd-function.html|"
unset DISPLAY
: >manual/tl.info
is "without a display: info" "$(at_terminal info 'doc nn.Linear')" "-f|manual/tl.info|-n|nn Linear function|"
is "in a pipe: the text" "$("$TL" -e 'doc svd' | sed -n 3p)" "  s = svd(A)"
is "as a value: the text" "$("$TL" -e "strcmp(doc('svd'), help('svd'))")" "ans = 1"
echo "1..$n"
