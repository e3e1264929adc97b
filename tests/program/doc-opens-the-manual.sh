# SPDX-License-Identifier: BSD-3-Clause
# `doc NAME`: the page in the browser where there is a display, else info, else the text of help. Programs that stand in for the browser
# and for info write down what they were asked.
. "$SRCDIR/tests/tap.sh"
set -u
script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip_all "no 'script' (util-linux) to make a terminal"
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
is "a function" "manual/html/svd-function.html|" "$(at_terminal xdg-open 'doc svd')"
is "a layer" "manual/html/nn-Linear-function.html|" "$(at_terminal xdg-open 'doc nn.Linear')"
is "a name with a bar" "manual/html/index_005fadd-function.html|" "$(at_terminal xdg-open 'doc index_add')"
is "an operator" "manual/html/Keywords-and-operators.html|" "$(at_terminal xdg-open 'doc +')"
is "a package" "manual/html/Package-nn.html|" "$(at_terminal xdg-open 'doc nn')"
is "all of it" "manual/html/index.html|" "$(at_terminal xdg-open doc)"
is "no such page: the text" 1 "$(at_terminal nothing 'doc eig'; grep -c '\[V, D\] = eig' shown)"
is "a name misspelt" "There is no function 'svdd'; did you mean 'svd'?" "$(at_terminal nothing 'doc svdd'; tr -d '\r' <shown)"
is "a browser of the user's" "manual/html/svd-function.html|" "$(cp bin/xdg-open bin/mine; BROWSER=mine; export BROWSER; rm bin/xdg-open; at_terminal xdg-open 'doc svd')"
unset DISPLAY
: >manual/tl.info
is "without a display: info" "-f|manual/tl.info|-n|nn Linear function|" "$(at_terminal info 'doc nn.Linear')"
is "in a pipe: the text" "  s = svd(A)" "$("$TL" -e 'doc svd' | sed -n 3p)"
is "as a value: the text" "ans = 1" "$("$TL" -e "strcmp(doc('svd'), help('svd'))")"
plan
