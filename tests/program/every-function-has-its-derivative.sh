#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every function is held against differences by tests/grad/every-smooth-function.tl or stands in tests/grad/no-derivative.txt, with why.
# Of the functions that neither knows those of the inventory (tests/functions.txt) that compute are a failure; the others are told.
set -u
"$TL" --functions | grep -v '\.' | sort -u >all || exit 1
table=$SRCDIR/tests/grad/every-smooth-function.tl
{ sed -n "s/.*one(\[*'\([A-Za-z0-9_]*\).*/\1/p" "$table"; sed -n "/^each(/,/])/s/^  '\([^']*\)'.*/\1/p" "$table" | tr ' ' '\n'; } | grep . | sort -u >smooth
grep -v '^#' "$SRCDIR/tests/grad/no-derivative.txt" | tr ' ' '\n' | grep . | sort -u >none
awk '!/^#/ && $4 !~ /^(plotting|image|interactive|files)$/ { print $1 }' "$SRCDIR/tests/functions.txt" | sort -u >inventory
sort -u smooth none | comm -23 all - >unknown
missing=$(comm -12 unknown inventory | tr '\n' ' ')
both=$(comm -12 smooth none | tr '\n' ' ')
old=$(comm -23 none all | tr '\n' ' ')
if [ -z "$missing" ]; then echo "ok 1 - $(grep -c . smooth) smooth functions, $(grep -c . none) without derivative"
else echo "not ok 1 - neither tested nor in no-derivative.txt: $missing"; fi
[ ! -s unknown ] || echo "# not sorted yet: $(comm -23 unknown inventory | tr '\n' ' ')"
if [ -z "$both$old" ]; then echo "ok 2 - the list is of functions, and of none that is tested"
else echo "not ok 2 - in no-derivative.txt, but tested: $both, or no function: $old"; fi
echo 1..2
