#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh [-j JOBS] [-o FOLDER] [-t SECONDS] TEST...  runs tests, one line for each file, then what failed, and last one line
# with the sum, which CI reads.  Status 0 when nothing failed.
#   NAME.tl   is given to `$TL --test`, which answers in TAP (tests/README.md)
#   a folder stands for the NAME.tl and NAME.sh in it
#             (those of tests/device on the mock device, lab/mock.c, unless TL_DEVICE says otherwise)
#   NAME.sh   is run by sh, any other file by itself: TAP if it says so, else status 0 is one test passed, 77 one skipped
# A test runs in an empty folder of its own, with no input, and is stopped after SECONDS.  TL_WRAP goes before $TL
# (valgrind).  What a test says is kept under FOLDER.
set -u
LC_ALL=C.UTF-8; export LC_ALL

if [ "${1-}" = --one ]; then        # --one FOLDER SECONDS TEST: in the background, by xargs
    out=$2 limit=$3 test=$4
    name=$(echo "${test#./}" | sed 's|^.*/tests/|tests/|; s|^.*/scripts/|scripts/|')
    base=$out/$(echo "$name" | tr / _)
    case $test in /*) ;; *) test=$PWD/$test ;; esac
    work=$base.d
    rm -rf "$work"; mkdir -p "$work"; cd "$work" || exit 1
    TMPDIR=$work; export TMPDIR
    case $name in tests/device/*.tl) : "${TL_DEVICE=mock}"; export TL_DEVICE ;; esac
    tap=0               # 1: must speak TAP
    case $test in
        *.tl) set -- ${TL_WRAP-} "$TL" --test "$test"; tap=1 ;;
        *.sh) set -- sh "$test" ;;
        *) set -- ${TL_WRAP-} "$test" ;;
    esac
    start=$(date +%s%N)
    timeout -k 10 "$limit" "$@" >"$base.log" 2>"$base.err" </dev/null
    status=$?
    ms=$((($(date +%s%N) - start) / 1000000))
    cd "$out" && rm -rf "$work"
    # TAP: counts; a plan not fulfilled, or a bad end with nothing failed, is one more failure.
    # What the hostile build's audit has found is a failure too.
    audit=$(sed -n 's/^tl: audit: //p' "$base.err" | head -n 1)
    awk -v audit="$audit" -v tap=$tap -v status=$status -v name="$name" -v ms=$ms -v limit="$limit" -v res="$base.res" '
        /^1\.\.[0-9]+/ { plan = substr($0, 4) + 0; tap = 1; if (/# *[Ss][Kk][Ii][Pp]/) { skip++; why = $0; sub(/.*# *[Ss][Kk][Ii][Pp][^ ]* */, "", why) } }
        /^ok/ { if (/# *[Ss][Kk][Ii][Pp]/) { skip++; why = $0; sub(/.*# *[Ss][Kk][Ii][Pp][^ ]* */, "", why) } else pass++; n++ }
        /^not ok/ { fail++; n++ }
        END {
            end = status == 124 || status == 137 ? "stopped after " limit " s" : status > 128 ? "died by signal " status - 128 : "ended with status " status
            if (!tap && !n) {
                if (status == 0) pass = 1; else if (status == 77) { skip = 1 } else { fail = 1; note = end }
            } else {
                if (plan == "") { fail++; note = "no plan (1..N), " end }
                else if (n != plan && !(plan == 0 && skip)) { fail++; note = "ran " n + 0 " of " plan " tests" }
                if (status != 0 && !fail) { fail++; note = end }
            }
            if (audit != "") { fail++; note = audit }
            what = fail ? "FAIL" : pass ? "ok  " : "skip"
            count = fail ? fail " of " pass + fail : pass ? pass : ""
            if (note) count = count ", " note
            if (skip) count = count (count == "" ? "" : ", ") skip " skipped" (why == "" ? "" : ": " why)
            printf "%s  %-52s %6.2f s  %s\n", what, name, ms / 1000, count
            printf "%d %d %d %s\n", pass, fail, skip, name > res
        }' "$base.log"
    exit 0
fi

jobs=$(nproc 2>/dev/null || echo 2) out=test-logs limit=${TEST_SECONDS-300}
while getopts j:o:t: o; do
    case $o in j) jobs=$OPTARG ;; o) out=$OPTARG ;; t) limit=$OPTARG ;; *) exit 2 ;; esac
done
shift $((OPTIND - 1))
mkdir -p "$out"; out=$(cd "$out" && pwd)
rm -rf "${out:?}"/*.log "${out:?}"/*.err "${out:?}"/*.res "${out:?}"/*.d
CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent; export CK_TAP_LOG_FILE_NAME CK_VERBOSITY
: "${OMP_NUM_THREADS=2}" "${HISTFILE=/dev/null}" "${GOMP_SPINCOUNT=1000}"; export OMP_NUM_THREADS GOMP_SPINCOUNT

for t; do
    [ -e "$t" ] || { echo "run.sh: there is no test '$t'" >&2; exit 2; }
done
for t; do
    if [ -d "$t" ]; then find "$t" -name '*.tl' -o -name '*.sh' | sort; else echo "$t"; fi
done | xargs -P "$jobs" -I '{}' sh "$0" --one "$out" "$limit" '{}'

# What failed, in full up to 40 lines a file.
for res in "$out"/*.res; do
    [ -f "$res" ] || continue
    read -r _ failed _ name <"$res"
    [ "$failed" = 0 ] && continue
    base=${res%.res}
    echo; echo "--- $name"
    { awk '/^not ok/ { show = 1; print; next } /^ok|^1\.\./ { show = 0 } show || !/^(ok|not ok|1\.\.)/' "$base.log"
      sed 's/^/stderr: /' "$base.err"; } | head -n 40
done
set -- "$out"/*.res
[ -f "$1" ] || set -- /dev/null
awk -v files=$# '
    { pass += $1; fail += $2; skip += $3 }
    END { printf "\n%d passed, %d failed%s\n", pass, fail, skip ? ", " skip " skipped" : ""; exit fail != 0 || NR == 0 }' "$@"
