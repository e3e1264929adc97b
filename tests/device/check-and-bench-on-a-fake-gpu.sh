# SPDX-License-Identifier: BSD-3-Clause
# What make check-cuda and make bench-cuda run on the day there is a GPU, tried over the fake driver: no name is missing, no path is wrong, and
# trouble is told with what to do.
. "$SRCDIR/tests/tap.sh"
set -u
build=$(dirname "$TL")
[ -f "$build/tl_cuda.so" ] || skip_all "this build has no CUDA plugin"
XDG_CACHE_HOME=$PWD/cache TL_SHIM_CACHE=$build/tests/device/kernels CHECK_SHORT=1; export XDG_CACHE_HOME TL_SHIM_CACHE CHECK_SHORT
unset TL_DEVICE
check() { sh "$SRCDIR/tests/device/check.sh" >log 2>&1; }
has() { grep -q "$1" log; ok $? "$2" "$(tail -n 30 log)"; }

# a stranger's machine: no driver, an old one, no NVRTC, a library that is not there
TL_CUDA_PATH=/nowhere "$TL" --eval 'disp(cuda.getDeviceCount())' >log 2>&1
if grep -qx 0 log; then
    TL_CUDA_PATH=/nowhere check; status=$?
    [ $status = 77 ]; ok $? "without a GPU check-cuda is skipped" "$(cat log)"
    has 'gpu: no NVIDIA driver here' "and says why"
    has 'nvidia-smi' "and how to find out"
    TL_CUDA_PATH=/nowhere sh "$SRCDIR/tests/bench/cuda/run.sh" >log 2>&1; [ $? = 77 ]; ok $? "so is bench-cuda" "$(cat log)"
    has 'nvidia-smi' "which says how to find out"
fi
TL_CUDA_PATH=$build/tests/device; export TL_CUDA_PATH
TL_FAKE=old check; [ $? = 77 ]; ok $? "an old driver is no GPU" "$(cat log)"
has 'the NVIDIA driver is too old: it knows CUDA 11.4, and 12.0 is wanted' "and says so"
TL_FAKE=norc check; [ $? = 1 ]; ok $? "without NVRTC nothing else is tried" "$(cat log)"
has 'pip install nvidia-cuda-nvrtc-cu12' "and what is missing is named"

# all of it, with a compute-sanitizer that only runs the program
mkdir bin
cat >bin/compute-sanitizer <<'END2'
#!/bin/sh
while [ $# -gt 0 ]; do case $1 in --tool|--error-exitcode) shift 2 ;; *) break ;; esac; done
"$@" && echo '========= ERROR SUMMARY: 0 errors'
END2
chmod +x bin/compute-sanitizer
PATH=$PWD/bin:$PATH check; ok $? "check-cuda passes on the fake GPU" "$(tail -n 40 log)"
has 'a fake GPU (0), compute capability' "it says which GPU"
has 'of [0-9]* graphs\|[0-9]* graphs, run [0-9]* times' "it says what it counted"
has 'compute-sanitizer, memcheck: ERROR SUMMARY: 0 errors' "the sanitizer's word is repeated"
! grep -q 'not found\|No such file\|undefined\|syntax error' log; ok $? "no name and no path is missing" "$(grep 'not found\|No such file\|undefined\|syntax error' log | head -n 5)"
cat >bin/compute-sanitizer <<'END2'
#!/bin/sh
exit 9
END2
PATH=$PWD/bin:$PATH check; [ $? = 1 ] && grep -q 'errors, see test-logs/sanitizer-memcheck.log' log; ok $? "errors of the sanitizer are a failure" "$(tail -n 5 log)"

TINY=1 TL=$TL sh "$SRCDIR/tests/bench/cuda/run.sh" >log 2>&1; ok $? "bench-cuda runs, with figures that mean nothing" "$(head -n 40 log)"
has ' of [0-9]* targets met' "it counts targets"
! grep -q 'no row of tl\|not found\|undefined\|does not compile' log; ok $? "each target has its row" "$(grep 'no row of tl\|not found\|undefined\|does not compile' log | head -n 9)"
has 'more want rows of eager, which are not here' "and says which peers are not here"
plan
