# SPDX-License-Identifier: BSD-3-Clause
# The commands in the manual (a @verbatim block behind "@c shell" in doc/*.texi, each behind "$ ") print what stands below them.
. "$SRCDIR/tests/tap.sh"
set -u
mkdir bin && ln -s "$TL" bin/tl
PATH=$PWD/bin:$PATH; export PATH
cat "$SRCDIR"/doc/*.texi | awk '
    /^@c shell/ { on = 1; next }
    /^@end verbatim/ { on = open = 0; next }
    on && /^@verbatim/ { open = 1; next }
    !open { next }
    /^\$ / { n++; print substr($0, 3) >("command" n); printf "" >("wanted" n); next }
    { print >("wanted" n) }'
while [ -f command$((n + 1)) ]; do
    i=$((n + 1))
    sh command$i 2>&1 | sed 's/ *$//; /^$/d' >got
    sed 's/ *$//; /^$/d' wanted$i >wanted
    cmp -s got wanted; ok $? "$(head -n 1 command$i | tr '#' ' ')" "$(diff wanted got)"
done
[ $n -ge 8 ]; ok $? "they were found" "only $n commands"
plan
