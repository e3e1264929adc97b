#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# hooks.sh TL-WITHOUT-HOOKS: what the debugger and the profiler cost while nobody uses them. The scalar rows (table A) run with the
# hooks of the machine compiled out (-DTL_NO_HOOKS) and in, one after the other, ROUNDS times; of each row the least time of either
# counts. A third run, of the second program again, tells how far two equal programs are apart here. The hooks stand where a program without
# stops never comes, so the instructions are the same but for a few at the start; what is left in the times is where the code lies. At most 3 %.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
LC_ALL=C; export LC_ALL
: "${TL:?}" "${ROUNDS:=15}"
without=$1
rows=$(mktemp) || exit 1
trap 'rm -f "$rows"' EXIT
round=0
while [ "$round" -lt "$ROUNDS" ]; do
    for peer in out in again; do
        case $peer in out) tl=$without ;; *) tl=$TL ;; esac
        QUICK=1 PEER=$peer OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$tl" "$here/a.tl" >>"$rows" </dev/null || exit 1
    done
    round=$((round + 1))
done
# Instructions, which no neighbour disturbs, where valgrind is (it knows no AVX-512).
if command -v valgrind >/dev/null 2>&1; then
    for peer in out in; do
        case $peer in out) tl=$without ;; *) tl=$TL ;; esac
        TL_SIMD=128 QUICK=1 PEER=$peer OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
            "$tl" "$here/a.tl" 2>&1 >/dev/null </dev/null | sed -n "s/.*Collected : \([0-9]*\).*/instructions;$peer;1;\1/p" >>"$rows"
    done
fi
awk -F ';' '
    $4 == "fail" { print $1 " " $2 ": " $5; bad = 1; next }
    !(($1, $2) in t) || $4 < t[$1, $2] { t[$1, $2] = $4 + 0 }
    !($1 in seen) { seen[$1] = 1; name[++n] = $1 }
    END {
        printf "%-14s %12s %12s %8s %8s\n", "", "without", "with", "ratio", "again"
        for (i = 1; i <= n; i++) {
            w = name[i]; a = t[w, "out"]; b = t[w, "in"]; c = t[w, "again"]
            if (!a || !b) continue
            printf "%-14s %12.6g %12.6g %8.3f", w, a, b, b / a
            if (w == "instructions") { printf "\n"; if (b / a > 1.03) bad = 1; continue }
            printf " %8.3f\n", c / b
            m = b < c ? b : c
            sum += log(m / a); k++
        }
        r = exp(sum / k)
        printf "%-14s %12s %12s %8.3f  target <= 1.03 %s\n", "geometric mean", "", "", r, r <= 1.03 ? "ok" : "MISSED"
        exit bad || r > 1.03
    }' "$rows"
