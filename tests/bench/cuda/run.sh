#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# run.sh: tl on a GPU beside what the GPU and its libraries can do and beside PyTorch and CuPy, in one run of less than ten minutes
# (make bench-cuda).  First what the hardware gives, by direct calls (direct.c): the rate of a copy, a launch, products, an LU, a Fourier
# transform; then tl, then the peers that are here.  Then ratios against tests/bench/cuda/targets.
# TINY=1: sizes at which only the scripts are tried; so it runs over the fake driver too, and the figures mean nothing.
# TORCH_PYTHON=PATH: a Python that has PyTorch and CuPy.  Rows (workload;peer;seconds;bytes moved) stay in bench/cuda_rows.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(CDPATH='' cd -- "$here/../../.." && pwd)
LC_ALL=C; export LC_ALL
: "${TL:?}" "${CC:=cc}" "${TINY=}"
export TINY
out=$PWD/bench
mkdir -p "$out"
rows=$out/cuda_rows
: >"$rows"
start=$(date +%s)
[ -z "$TINY" ] || echo "TINY: the figures below mean nothing, only that the scripts run."

row() {     # row SECONDS NAME COMMAND...: its rows, or one line that says why there are none
    limit=$1 name=$2; shift 2
    begin=$(date +%s)
    timeout -k 5 "$limit" "$@" >"$out/cuda_one" 2>"$out/cuda_err" </dev/null
    status=$?
    grep -E '^K\.[^;]*;[^;]*;[0-9.e+-]+;' "$out/cuda_one" >>"$rows"
    grep -E '^#' "$out/cuda_one"
    echo "  $name: $(($(date +%s) - begin)) s, $(grep -cE '^K\.' "$out/cuda_one") rows"
    if [ $status != 0 ]; then
        what=$(grep -m 1 -i error "$out/cuda_err")
        [ $status = 124 ] && what="stopped after $limit s"
        echo "  $name: status $status: $what"
        return 1
    fi
}
if [ "$("$TL" --eval 'disp(cuda.getDeviceCount())')" = 0 ]; then
    "$TL" --eval 'gpu(1)' 2>&1 | head -n 1
    echo "skip: there is no GPU here, so nothing was measured (\`nvidia-smi\` shows whether the driver sees one; 525 or newer is wanted)"
    exit 77
fi
# shellcheck disable=SC2086
if $CC -std=gnu17 -O2 -D_GNU_SOURCE -I"$top" -o "$out/cuda_direct" "$here/direct.c" "$top/cuda/driver.c" -ldl -lpthread -lm 2>"$out/cuda_err"; then
    row 60 direct "$out/cuda_direct"
else
    head -n 5 "$out/cuda_err"
    echo "  direct: does not compile, so ratios to the copy rate and to the libraries are left out"
fi
row 200 tl "$TL" "$here/gpu.tl"
tl_status=$?
peers=$([ -n "$TINY" ] || for p in "${TORCH_PYTHON-}" python3 /usr/bin/python3; do command -v "$p"; done 2>/dev/null | sort -u)
has() { for p in $peers; do "$p" -c "import $1, sys; sys.exit(0 if $2 else 1)" 2>/dev/null && { echo "$p"; return; }; done; }
torch=$(has torch 'torch.cuda.is_available()')
if [ -n "$torch" ]; then
    for how in eager graphs compile; do row 90 "PyTorch, $how" "$torch" "$here/gpu_torch.py" $how; done
else
    echo "  PyTorch with CUDA is not here: its rows are left out (TORCH_PYTHON names a Python that has it)"
fi
cupy=$(has cupy 'cupy.cuda.runtime.getDeviceCount()')
if [ -n "$cupy" ]; then
    row 60 CuPy "$cupy" "$here/gpu_cupy.py"
else
    echo "  CuPy is not here: its rows are left out"
fi

# share NAME : bytes over seconds over the rate of a copy, at least LIMIT;  speed NAME PEER : its seconds over ours, at least;
# most NAME : seconds, at most.
awk -F' *; *' -v OFS=';' '
    FNR == NR { t[$1 ";" $2] = $3; b[$1 ";" $2] = $4; next }
    /^ *#/ || NF < 4 { next }
    {
        ours = t["K." $2 ";tl"]
        if (ours == "") { printf "  %-28s %-14s %10s\n", $2, $3, "no row of tl"; none++; next }
        peer = $1 == "share" ? "direct" : $3
        p = $1 == "share" ? t["K.copy;direct"] : t["K." $2 ";" peer]
        if ($1 != "most" && p == "") { if (!left[peer]++) order[++peers] = peer; next }
        if ($1 == "share") {
            x = b["K." $2 ";tl"] / ours / (b["K.copy;direct"] / p); what = "of the copy rate"; good = x >= $4
        } else if ($1 == "speed") {
            x = p / ours; what = "x " $3; good = x >= $4
        } else { x = ours; what = "seconds"; good = x <= $4 }
        n++; met += good
        printf "  %-28s %10.3g %-18s target %-8s %s\n", $2, x, what, $4, good ? "met" : "MISSED"
    }
    END {
        printf "%d of %d targets met\n", met, n
        for (i = 1; i <= peers; i++) printf "%d more want rows of %s, which are not here\n", left[order[i]], order[i]
        if (none) printf "%d want rows of tl that are not there: see the lines with # above\n", none
    }' "$rows" "$here/targets"
echo "$(($(date +%s) - start)) s in all"
exit $tl_status
