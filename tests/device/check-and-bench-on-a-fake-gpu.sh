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

# memory that is full in the midst of a step
TL_FAKE='late memory=64' "$TL" --test "$SRCDIR/tests/device/lib/full-memory.tl" >log 2>&1 && ! grep -q '^not ok\|fake driver:' log
ok $? "full memory in a training step" "$(grep -A 6 '^not ok\|fake driver:' log | head -n 20)"

for f in every-name-of-the-gpu wrong-input-is-told-there-too; do
    TL_FAKE=late "$TL" --test "$SRCDIR/tests/device/$f.tl" >log 2>&1 && ! grep -q '^not ok\|fake driver:' log
    ok $? "$f" "$(grep -A 6 '^not ok\|fake driver:' log | head -n 20)"
done

# each library that is missing is a sentence at the call that wants it, and the session goes on
if ! ls /usr/local/cuda*/lib*/libcublas.so* >list 2>&1 && ! ldconfig -p 2>/dev/null | grep -q libcublas; then
cat >missing.tl <<'END2'
calls = {'gpu(rand(40)) * gpu(rand(40))', 'chol(gpu(eye(40)))', 'fft(gpu(rand(1, 8)))', 'gpu(eye(40)) \\ gpu(ones(40, 1))', 'svd(gpu(eye(40)))', 'cuda.option(''cudnn'', true)', 'cpu(gpu(1:3) + 1)'};
for k = 1:numel(calls)
  try, evalc(calls{k}); printf('%s: fine\n', calls{k}); catch e, printf('%s: %s\n', calls{k}, e.message); end
end
printf('used %d\n', cuda.memory().used);
END2
mkdir some && cp "$TL_CUDA_PATH/libcuda.so.1" "$TL_CUDA_PATH/libnvrtc.so.12" some
TL_CUDA_PATH=$PWD/some CUDA_HOME=/nowhere CUDA_PATH=/nowhere VIRTUAL_ENV='' "$TL" missing.tl >log 2>&1
has 'cpu(gpu(1:3) + 1): fine' "the session goes on without libraries"
for f in cublas cusolver cufft cudnn; do
    grep -q "lib$f.*was not found; it is part of .*pip install nvidia-$f-cu12\|: fine" log; ok $? "lib$f missing is a sentence" "$(cat log)"
done
fi

# all of it, with a compute-sanitizer that only runs the program, and finds errors in races
mkdir bin
cat >bin/compute-sanitizer <<'END2'
#!/bin/sh
[ "$2" = memcheck ] || exit 9
shift 4
"$@" && echo '========= ERROR SUMMARY: 0 errors'
END2
chmod +x bin/compute-sanitizer
PATH=$PWD/bin:$PATH check; status=$?
has '^[1-9][0-9]* passed, 0 failed' "what check-cuda runs passes on the fake GPU"
has 'a fake GPU (0), compute capability' "it says which GPU"
has '[0-9]* graphs, run [0-9]* times' "it says what it counted"
has 'compute-sanitizer, memcheck: ERROR SUMMARY: 0 errors' "the sanitizer's word is repeated"
[ $status = 1 ] && grep -q 'racecheck: errors, see test-logs/sanitizer-racecheck.log' log; ok $? "errors of the sanitizer are a failure" "$(tail -n 5 log)"
has 'what a test said is in test-logs' "which tells where to look"
! grep -q 'not found\|No such file\|undefined\|syntax error' log; ok $? "no name and no path is missing" "$(grep 'not found\|No such file\|undefined\|syntax error' log | head -n 5)"

TINY=1 TL=$TL sh "$SRCDIR/tests/bench/cuda/run.sh" >log 2>&1; ok $? "bench-cuda runs, with figures that mean nothing" "$(head -n 40 log)"
has ' of [0-9]* targets met' "it counts targets"
! grep -q 'no row of tl\|not found\|undefined\|does not compile' log; ok $? "each target has its row" "$(grep 'no row of tl\|not found\|undefined\|does not compile' log | head -n 9)"
has 'more want rows of eager, which are not here' "and says which peers are not here"
plan
