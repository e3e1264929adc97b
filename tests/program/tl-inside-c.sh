# SPDX-License-Identifier: BSD-3-Clause
# tl.h: the two examples in scripts/examples compile with the header and the library alone, are short, and say what they should.
. "$SRCDIR/tests/tap.sh"
cc=${CC:-cc}
lib=$(dirname "$TL")/.libs
command -v "${cc%% *}" >/dev/null 2>&1 && [ -f "$lib/libtl.so" ] || skip_all "no C compiler, or no shared library"
flags="-Wall -Wextra -I$SRCDIR/interp -L$lib -Wl,-rpath,$lib"
if nm -D "$lib/libtl.so" | grep -q __asan_; then flags="$flags -fsanitize=address,undefined"; fi
says() {    # says EXAMPLE EXPECTED
    $cc "$SRCDIR/scripts/examples/$1.c" $flags -ltl -lpthread -o "$1" 2>err.txt; ok $? "$1.c compiles" "$(cat err.txt)"
    [ "$(wc -l <"$SRCDIR/scripts/examples/$1.c")" -le 50 ]; ok $? "$1.c is at most 50 lines long"
    got=$("./$1" 2>&1); status=$?
    [ $status = 0 ] && [ "$got" = "$2" ]; ok $? "$1 says what it should" "status $status: $got"
}
says embed "x = 0.10 0.60, eigenvalues 5 2 
the largest is 0.60, number 2
refused: A * [1 2 3]: inner dimensions differ, A is 2x2 and [1 2 3] is 1x3"
says callback "1000 calls, sum 500500; 1000 calls, sum 500500"
plan
