#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every MUST of tests/functions.txt that its third column promises by now is a function; what else is missing is told.
set -u
promised=4
"$TL" --functions | sort -u >have || exit 1
# containers.Map is made by the language, not listed as a function of the library.
printf '%s\n' containers.Map quit ans >>have
awk -v promised=$promised '
    FILENAME == "have" { have[$1] = 1; next }
    /^#/ || NF < 4 { next }
    { n++ }
    $1 in have || $1 in told { next }
    { told[$1] = 1; k = $2 " of " $3; missing[k] = missing[k] " " $1 }
    $2 == "MUST" && $3 <= promised { bad++ }
    END {
        for (k in missing) print "# missing, " k ":" missing[k]
        print (bad ? "not ok" : "ok") " 1 - " n " names, " bad + 0 " missing that are promised"
        print "1..1"
    }' have "$SRCDIR"/tests/functions.txt
