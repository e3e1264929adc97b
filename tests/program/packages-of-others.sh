# SPDX-License-Identifier: BSD-3-Clause
# Packages that are not ours: one in C (scripts/examples/geo.c), one in the language (a folder +shapes), and libraries that are
# no plugin, of another version, cut off, or without what they need: each is one sentence.
. "$SRCDIR/tests/tap.sh"
cc=${CC:-cc}
command -v "${cc%% *}" >/dev/null 2>&1 || skip_all "no C compiler"
says() {    # says WHAT 'TEXT of tl' 'PATTERN, a regular expression'
    got=$("$TL" -e "$2" 2>&1); status=$?
    [ $status -lt 128 ] && printf '%s\n' "$got" | grep -qE "$3"; ok $? "$1" "status $status, said: $got"
}
plugin() { $cc -shared -fPIC -I"$SRCDIR/lab" -Wall -Wextra -o "tl_$1.so" "$2" "${3--lm}"; }

geo=$SRCDIR/scripts/examples/geo.c
plugin geo "$geo"; ok $? "the example compiles alone"
[ "$(wc -l <"$geo")" -le 50 ]; ok $? "… in at most 50 lines"
says "its function" "geo.area([1 2])" '3\.1416 +12\.566'
says "results of other kinds" "[s, a] = geo.polygon(4); printf('%d %s %g', s.corners, s.name, a)" '^4 polygon 2$'
says "its function as a value" "f = @geo.area; cellfun(f, {1, 2})" '3\.1416'
says "its gradient, and the gradient of that" "[y, d] = autograd(@(r) sum(geo.area(r)), [1 2]); [d2, e] = autograd(@(r) sum(nthargout(2, @autograd, @(s) sum(geo.area(s)), r)), [1 2]); disp([d e] / pi)" '^ +2 +4 +2 +2$'
says "its error has its name" "geo.area([1 -1])" 'geo\.area: a radius is not negative, but number 2 is -1'
says "its arity" "geo.area(1, 2)" 'Invalid call to geo\.area: called with too many inputs'
says "its arguments" "geo.area({1})" 'geo\.area: argument 1 must be .* but is a 1x1 cell'
says "help geo" "help geo" 'circles and polygons'
says "help geo.area" "help geo.area" 'Area of circles'
says "which it has not" "geo.nothing(1)" "'geo\.nothing' is undefined"
says "a variable hides it" "geo.area = 3; geo.area + 1" 'ans = 4'
mkdir elsewhere; mv tl_geo.so elsewhere
says "on the path, in the same text" "addpath('elsewhere'); geo.area(1), rmpath('elsewhere')" '3\.1416'
got=$(TL_PATH=/nowhere:$PWD/elsewhere "$TL" -e "geo.area(1)" 2>&1); [ "$got" = "ans = 3.1416" ]; ok $? "in a folder of TL_PATH" "$got"
says "nowhere" "geo.area(1)" "'geo' is undefined"

echo "int nothing;" >none.c; plugin none none.c
says "no plugin" "none.f(1)" 'tl_none\.so cannot be loaded: it is no plugin of tl'
sed 's/#include <math.h>/#undef TL_PLUGIN_VERSION\n#define TL_PLUGIN_VERSION 7u\n&/' "$geo" >old.c; plugin old old.c
says "another version" "old.area(1)" 'tl_old\.so cannot be loaded: it was made for version 7 of plugins, and this tl has version 1'
head -c 6000 elsewhere/tl_geo.so >tl_cut.so
says "cut off" "cut.area(1)" 'tl_cut\.so cannot be loaded: the file is cut off'
echo text >tl_text.so
says "text" "text.f(1)" 'tl_text\.so cannot be loaded'
mkdir tl_folder.so
says "a folder" "folder.f(1)" 'tl_folder\.so cannot be loaded'
echo "int extra(void) { return 1; }" >extra.c; $cc -shared -fPIC -o libextra.so extra.c
{ cat "$geo"; echo "int extra(void); int use(void); int use(void) { return extra(); }"; } >needs.c
plugin needs needs.c "$PWD/libextra.so"; rm libextra.so
says "what it needs is not there" "needs.area(1)" 'tl_needs\.so cannot be loaded: .*libextra\.so: cannot open'
sed 's/TL_PLUGIN(.*/static const char *ask(void) { return "no licence today"; }\nTL_PLUGIN_START("x", ask)/' "$geo" >asks.c; plugin asks asks.c
says "it says itself why not" "asks.area(1)" 'tl_asks\.so cannot be loaded: no licence today'
says "the session goes on" "try, asks.area(1), catch, end; disp(1 + 1)" '^2$'

p="addpath('$SRCDIR/tests/program/lib');"
says "a package in tl" "$p shapes.square(3)" 'ans = 9'
says "its function as a value" "$p cellfun(@shapes.square, {1, 2})" '1 +4'
says "help shapes" "$p help shapes" 'shapes\.square +Area of a square'
says "taken off the path" "$p rmpath('$SRCDIR/tests/program/lib'); shapes.square(3)" "'shapes' is undefined"
if [ -n "$(command -v "${CXX:-c++}")" ]; then
    ${CXX:-c++} -x c++ -shared -fPIC -I"$SRCDIR/lab" -Wall -Wextra -o tl_geoplus.so "$geo" 2>err.txt; ok $? "the header is C++ as well" "$(cat err.txt)"
    says "… and its plugin loads" "geoplus.area(1)" '3\.1416'
fi
plan
