#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh [TABLE...]: tl and the peers that are here, one after another in one run; then a table of ratios against tests/bench/targets.
# Tables: A scalar code, B small tensors, C elementwise chains, D linear algebra, E sorting, choosing, random numbers, files, texts,
# F networks, G sparse matrices, H functions of every day, P pictures, S start.
# QUICK=1: smaller sizes, a minute or two.  TORCH_PYTHON=PATH: a Python that has PyTorch, where python3 has none.
# The rows (workload;peer;threads;seconds;...) stay in bench/rows of the build folder.  make bench BENCH='A C' runs two tables.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
LC_ALL=C; export LC_ALL
: "${TL:?}" "${QUICK=}" "${CC:=cc}" "${BLAS_LIBS=-lopenblas}" "${BLAS_CFLAGS=}"
export QUICK
[ $# -gt 0 ] || set -- A B C D E F G H P S
out=$PWD/bench
mkdir -p "$out"
rows=$out/rows
: >"$rows"
limit=${BENCH_SECONDS-600}
two=$(nproc); [ "$two" -gt 2 ] && two=2

# The interpreters that are here.
have() { command -v "$1" >/dev/null 2>&1; }
absent=''
lua=$(command -v lua5.4 || { lua -v 2>&1 | grep -q 'Lua 5\.4' && command -v lua; }) || { lua=''; absent="$absent lua5.4"; }
luajit=$(command -v luajit) || { luajit=''; absent="$absent luajit"; }
octave=$(command -v octave-cli) || { octave=''; absent="$absent octave"; }
python=$(command -v python3) || { python=''; absent="$absent python3"; }
numpy=''
for p in "$python" /usr/bin/python3; do
    [ -n "$p" ] && "$p" -c 'import numpy' 2>/dev/null && { numpy=$p; break; }
done
[ -n "$numpy" ] || absent="$absent numpy"
torch=''
for p in "${TORCH_PYTHON-}" "$python" /usr/bin/python3; do
    [ -n "$p" ] && "$p" -c 'import torch' 2>/dev/null && { torch=$p; break; }
done
[ -z "$absent" ] || echo "Not here, so their rows are left out:$absent  (apt-get install lua5.4 luajit octave python3-numpy)"

load=$(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null || echo 0)
awk -v l="$load" -v n="$(nproc)" 'BEGIN { exit !(l > n / 4) }' &&
    echo "The machine is busy (load $load on $(nproc) cores): trust ratios little, and those of two threads not at all."

# row NAME COMMAND...: its rows; when it cannot run at all, one line that says so.
row() {
    name=$1; shift
    printf '  %s' "$name" >&2
    begin=$(date +%s)
    timeout -k 5 "$limit" "$@" >"$out/one" 2>"$out/err" </dev/null
    status=$?
    printf ' %s s\n' "$(($(date +%s) - begin))" >&2
    grep -E '^[A-Z]\.[^;]*;[^;]*;[0-9]+;' "$out/one" >>"$rows"
    if [ $status != 0 ] && ! grep -q 'ignoring const execution_exception' "$out/err"; then
        what=$(head -n 1 "$out/err")
        [ $status = 124 ] && what="stopped after $limit s"
        echo "  $name: status $status: $what"
    fi
}
compile() {     # compile NAME FLAGS-AND-LIBRARIES...: bench/NAME
    name=$1; shift
    # shellcheck disable=SC2086  # lists of words
    $CC -std=gnu17 -O3 -march=native -o "$out/$name" "$here/$name.c" "$@" 2>"$out/err" || {
        sed 's/^/    /' "$out/err"; echo "  the C side of $name does not compile"; return 1; }
}
with() { # with PEER THREADS COMMAND...
    peer=$1 threads=$2; shift 2
    row "$peer, $threads thread$([ "$threads" = 1 ] || echo s)" \
        env PEER="$peer" THREADS="$threads" OMP_NUM_THREADS="$threads" OPENBLAS_NUM_THREADS="$threads" "$@"
}

for table; do
    case $table in
    A)  echo "A: scalar code" >&2
        with tl 1 "$TL" "$here/a.tl"
        [ -z "$lua" ] || with lua5.4 1 "$lua" "$here/a.lua" lua5.4
        [ -z "$luajit" ] || with luajit 1 "$luajit" "$here/a.lua" luajit
        [ -z "$python" ] || with python3 1 "$python" "$here/a.py"
        [ -z "$octave" ] || with octave 1 "$octave" -qf "$here/a.tl" ;;
    B)  echo "B: small tensors" >&2
        with tl 1 "$TL" "$here/b.tl"
        [ -z "$numpy" ] || with numpy 1 "$numpy" "$here/b.py"
        [ -z "$octave" ] || with octave 1 "$octave" -qf "$here/b.tl" ;;
    C)  echo "C: elementwise chains" >&2
        have_c=no
        compile c -ffast-math -mprefer-vector-width=512 -fopenmp -lm && have_c=yes
        for n in $(seq 1 "$two"); do
            with tl "$n" "$TL" "$here/c.tl"
            [ $have_c = no ] || with C "$n" env OMP_PROC_BIND=true "$out/c"
        done
        [ -z "$numpy" ] || with numpy 1 "$numpy" "$here/c.py"
        [ -z "$octave" ] || [ -n "$QUICK" ] || with octave 1 "$octave" -qf "$here/c.tl" ;;
    D)  echo "D: linear algebra" >&2
        have_c=no
        # shellcheck disable=SC2086
        compile d $BLAS_CFLAGS -fopenmp $BLAS_LIBS -lm && have_c=yes
        for n in $([ -n "$QUICK" ] || echo 1; [ "$two" = 1 ] && [ -z "$QUICK" ] || echo "$two"); do
            with tl "$n" "$TL" "$here/d.tl"
            [ $have_c = no ] || with C "$n" "$out/d"
            [ -z "$octave" ] || [ -n "$QUICK" ] || with octave "$n" "$octave" -qf "$here/d.tl"
        done ;;
    E)  echo "E: sorting, choosing, random numbers, files, texts" >&2
        CSV=$out/numbers.csv; export CSV
        [ -s "$CSV" ] || awk 'BEGIN { srand(1); for (i = 0; i < 100000; i++) for (j = 0; j < 10; j++)
            printf "%.16f%s", rand() + rand() / 2147483648, j < 9 ? "," : "\n" }' >"$CSV"
        have_c=no
        compile e -mprefer-vector-width=512 -fopenmp -lm && have_c=yes
        for n in $(seq 1 "$two"); do
            with tl "$n" "$TL" "$here/e.tl"
            [ $have_c = no ] || with C "$n" "$out/e"
            [ -z "$torch" ] || with torch "$n" "$torch" "$here/e.py"
        done
        [ -z "$numpy" ] || with numpy 1 "$numpy" "$here/e.py"
        [ -z "$octave" ] || with octave 1 "$octave" -qf "$here/e.tl" ;;
    F)  echo "F: networks" >&2
        for n in $(seq 1 "$two"); do
            with tl "$n" "$TL" "$here/f.tl"
            [ -z "$torch" ] || with torch "$n" "$torch" "$here/f.py"
            with tl "$n" "$TL" "$here/f_memory.tl"
            [ -z "$torch" ] || with torch "$n" "$torch" "$here/f_memory.py"
        done
        [ -z "$torch" ] || "$torch" -c 'import torch; print("F: PyTorch", torch.__version__)' ;;
    G)  echo "G: sparse matrices" >&2
        for n in $(seq 1 "$two"); do with tl "$n" "$TL" "$here/g.tl"; done
        [ -z "$numpy" ] || with numpy 1 "$numpy" "$here/g.py"
        [ -z "$octave" ] || with octave 1 "$octave" -qf "$here/g.tl" ;;
    H)  echo "H: functions of every day" >&2
        with tl 1 "$TL" "$here/h.tl"
        [ -z "$octave" ] || with octave 1 "$octave" -qf "$here/h.tl" ;;
    P)  echo "P: pictures" >&2
        have gnuplot || { echo "P: gnuplot is not here"; continue; }
        with tl 1 "$TL" "$here/p.tl"
        [ -z "$octave" ] || [ -n "$QUICK" ] || with octave 1 "$octave" -qf "$here/p.tl" ;;
    S)  echo "S: start" >&2
        compile start || continue
        row "tl" "$out/start" start tl "$TL"
        [ -z "$lua" ] || row lua5.4 "$out/start" start lua5.4 "$lua"
        [ -z "$python" ] || row python3 "$out/start" start python3 "$python" -c pass
        [ -z "$numpy" ] || row numpy "$out/start" start numpy "$numpy" -c 'import numpy'
        [ -z "$octave" ] || row octave "$out/start" start octave "$octave" -qf --eval 1 ;;
    *)  echo "run.sh: there is no table $table (A B C D E F G H P S)" >&2; exit 2 ;;
    esac
done

# Every workload of a target that any peer has a row for, in the order of the targets.
awk -F ' *; *' '
    function time(s) { return s < 1e-6 ? sprintf("%.0f ns", s * 1e9) : s < 1e-3 ? sprintf("%.3g us", s * 1e6) : s < 1 ? sprintf("%.3g ms", s * 1e3) : sprintf("%.3g s", s) }
    function show(w, s) { return w ~ /memory/ ? sprintf("%.1f MiB", s) : time(s) }
    function best(w, peer,    q, m) { for (q = 1; q <= 64; q++) if ((w, peer, q) in sec && (!m || sec[w, peer, q] < m)) m = sec[w, peer, q]; return m }
    FNR == NR { if (!/^#/ && NF == 3) { n++; pattern[n] = "^" $1 "$"; base[n] = $2; most[n] = $3 } next }
    {
        if ($4 == "fail") why[$1, $2, $3] = $5; else sec[$1, $2, $3] = $4 + 0
        if (!(($1, $3) in seen)) { seen[$1, $3] = 1; m++; work[m] = $1; threads[m] = $3 }
    }
    END {
        for (i = 1; i <= n; i++) for (k = 1; k <= m; k++) {
            w = work[k]; t = threads[k]
            if (w !~ pattern[i]) continue
            if (base[i] == "torch*") {        # each at its best number of threads
                x = best(w, "tl"); b = best(w, "torch")
                if ((i, w) in seen || !x || !b) continue
                seen[i, w] = 1; ok = x / b <= most[i]; all++; good += ok
                printf "%-26s tl %-10s %-7s %-10s ratio %-6.3g target <= %-10s %s\n", w, show(w, x), "torch", show(w, b), x / b, most[i], ok ? "ok" : "MISSED"
                continue
            }
            same = base[i] == "C" || base[i] == "torch"        # peers that run with as many threads
            if (same && !((w, base[i], t) in sec)) continue
            if (base[i] == "numpy" && !((w, "numpy", 1) in sec)) continue
            if (!same && base[i] != "numpy" && base[i] != "-" && !((w, base[i], 1) in sec)) continue
            id = w " (" t "t)"
            if (!((w, "tl", t) in sec)) {
                if ((w, "tl", 1) in sec || t == 1 || same) {
                    printf "%-26s tl cannot%s\n", id, (w, "tl", t) in why ? ": " why[w, "tl", t] : ""; lacks++ }
                continue
            }
            x = sec[w, "tl", t]
            b = base[i] == "-" ? 1 : sec[w, base[i], same ? t : 1]
            ok = x / b <= most[i]; all++; good += ok
            if (base[i] == "-")
                printf "%-26s tl %-10s %-18s %-12s target <= %-10s %s\n", id, show(w, x), "", "", show(w, most[i]), ok ? "ok" : "MISSED"
            else
                printf "%-26s tl %-10s %-7s %-10s ratio %-6.3g target <= %-10s %s\n", id, time(x), base[i], time(b), x / b, most[i], ok ? "ok" : "MISSED"
        }
        printf "\n%d of %d targets met%s\n", good, all, lacks ? sprintf("; %d not measured: tl cannot run them", lacks) : ""
    }' "$here/targets" "$rows"
echo "All rows: $rows"
