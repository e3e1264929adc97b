# SPDX-License-Identifier: BSD-3-Clause
# The commands in the manual (a @verbatim block behind "@c shell" in doc/*.texi, each behind "$ ") print what stands below them.
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
n=0
while [ -f command$((n + 1)) ]; do
    n=$((n + 1))
    sh command$n 2>&1 | sed 's/ *$//; /^$/d' >got
    sed 's/ *$//; /^$/d' wanted$n >wanted
    if cmp -s got wanted; then echo "ok $n - $(head -n 1 command$n | tr '#' ' ')"
    else echo "not ok $n - $(head -n 1 command$n | tr '#' ' ')"; diff wanted got | sed 's/^/#   /'; fi
done
[ $n -ge 8 ] || echo "not ok $((n += 1)) - only $n commands were found"
echo "1..$n"
