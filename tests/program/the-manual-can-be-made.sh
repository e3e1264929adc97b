# SPDX-License-Identifier: BSD-3-Clause
# The manual becomes info and HTML without a warning, and every function has its place in both.
. "$SRCDIR/tests/tap.sh"
set -u
command -v makeinfo >/dev/null 2>&1 || skip_all "no makeinfo (Debian: texinfo)"
"$TL" --functions >names && echo '@set VERSION 1' >version.texi && "$TL" "$SRCDIR/doc/functions.tl" "$SRCDIR" . names || exit 1
says() { ok "$1" "$2" "$(head -n 20 log)"; }
make_it() { makeinfo "$@" -I . -I "$SRCDIR/doc" -I "$SRCDIR/scripts/examples" "$SRCDIR/doc/tl.texi" >log 2>&1 && [ ! -s log ]; }
make_it --no-split -o tl.info;  says $? "info, without a warning"
make_it --html --split=section -o html;  says $? "html, without a warning"
: >log
while read -r f; do
    [ -f "html/$(echo "$f" | sed 's/\./-/g; s/_/_005f/g')-function.html" ] || echo "$f has no page" >>log
done <names
[ ! -s log ]; says $? "every function has a page in html"
: >log
for f in svd plus nn.Linear optim.adam; do grep -q "^\* $f: " tl.info || echo "$f is not in the index" >>log; done
[ ! -s log ]; says $? "functions are in the index of info"
plan
