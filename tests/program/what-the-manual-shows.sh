# SPDX-License-Identifier: BSD-3-Clause
# The sessions in the manual (a @verbatim block behind "@c test" in doc/*.texi) print what stands there: one session a chapter. Those
# behind "@c test plot" need gnuplot.
set -u
plot=1
command -v gnuplot >/dev/null 2>&1 || { plot=0; echo "# no gnuplot: sessions with plots are left out"; }
for f in "$SRCDIR"/doc/*.texi; do
    awk -v plot=$plot '
        /^@c test/ { on = $3 != "plot" || plot; next }
        /^@end verbatim/ { if (open && in_code) print "%!"; on = open = in_code = 0; next }
        on && /^@verbatim/ { open = 1; next }
        !open { next }
        /^>> / { if (in_code) print "%!"; print substr($0, 4); in_code = 1; next }
        /^\.\.( |$)/ { print substr($0, 4); next }
        { print "%! " $0; in_code = 0 }' "$f" >"$(basename "$f" .texi).tl"
    [ -s "$(basename "$f" .texi).tl" ] || rm "$(basename "$f" .texi).tl"
done
[ "$(cat ./*.tl | wc -l)" -ge 300 ] || { echo "Bail out! hardly a session was found"; exit 1; }
TL_TERM=svg exec "$TL" --test ./*.tl
