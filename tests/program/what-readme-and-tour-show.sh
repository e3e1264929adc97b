# SPDX-License-Identifier: BSD-3-Clause
# The lines that README.md and the tour of ./start show run as they stand; those that need gnuplot, where it is.
set -u
cat >script.tl <<X
$(sed -n '/^```matlab/,/^```/{/^```/!p}' "$SRCDIR/README.md")
X
sed -n "/cat <<'TEXT'\$/,/^TEXT/{s/^  //p}" "$SRCDIR/start" | grep -v '^ \|^usage' >tour.tl
command -v gnuplot >/dev/null 2>&1 || { echo "# no gnuplot: lines with plot and print are left out"; sed -i '/plot(/d; /^print(/d' script.tl tour.tl; }
for f in script tour; do
    lines=$(grep -c . $f.tl)
    if [ "$lines" -lt 8 ]; then echo "$f: only $lines lines found"; exit 1; fi
    "$TL" $f.tl >out 2>&1 || { echo "$f:"; tail -n 20 out; exit 1; }
done
