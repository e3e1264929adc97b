#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every MUST and SHOULD of tests/functions.txt stands in a table of odd arguments, or in tests/edges-elsewhere with a reason;
# and a test that a reason names is there and has the name.
set -u
{ sed -n 's/^edge "*\([A-Za-z_0-9.]*\).*/\1/p' "$SRCDIR"/tests/lab/edges-as-in-octave.tl
  sed -n 's/ *%!.*//; s/^acts //p' "$SRCDIR"/tests/lab/what-acts-refuses-by-name.tl | tr ' ' '\n'; } | sort -u >have
awk '
    FILENAME == "have" { have[$1] = 1; next }
    /^#/ || NF < 2 { next }
    FILENAME ~ /edges-elsewhere$/ { if ($1 in have) twice = twice " " $1; have[$1] = 1; next }
    $2 != "LATER" { n++; if (!($1 in have) && !($1 in told)) { told[$1] = 1; missing = missing " " $1 } }
    END {
        if (missing != "") print "# in no table:" missing
        print (missing == "" ? "ok" : "not ok") " 1 - " n " names stand in a table of odd arguments or have a reason"
        if (twice != "") print "# in a table, so no reason is needed:" twice
        print (twice == "" ? "ok" : "not ok") " 2 - no reason is given twice"
    }' have "$SRCDIR"/tests/edges-elsewhere "$SRCDIR"/tests/functions.txt
lost=$(sed -n 's/^\([^# ][^ ]*\) .*: \(tests\/[^ ]*\)$/\1 \2/p; s/^\([^# ][^ ]*\) .*: \(scripts\/[^ ]*\)$/\1 \2/p' "$SRCDIR"/tests/edges-elsewhere |
    while read -r name file; do grep -qw "$name" "$SRCDIR/$file" 2>/dev/null || printf ' %s' "$name"; done)
[ -z "$lost" ] && echo 'ok 3 - the tests that are named have the functions' || { echo "# not there:$lost"; echo 'not ok 3 - the tests that are named have the functions'; }
echo 1..3
