#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# check.sh (make check-cuda): everything that wants a GPU, in one command: rows, layers, functions, training without growth, the example;
# then a part of them under compute-sanitizer, where it is.  Ends with status 77 and one sentence where there is no GPU.
# CHECK_SHORT=1: little of each, to try this script over the fake driver (check-and-bench-on-a-fake-gpu.sh).
set -u
: "${TL:?}" "${SRCDIR:?}" "${CHECK_SHORT=}"
count=$("$TL" --eval 'disp(cuda.getDeviceCount())' 2>&1)
if [ "$count" = 0 ]; then
    "$TL" --eval 'gpu(1)' 2>&1 | head -n 1
    echo "skip: there is no GPU here, so nothing has been checked on one"
    echo "      (\`nvidia-smi\` shows whether the driver sees a GPU; 525 or newer is wanted, and NVRTC: doc/gpu.texi, \`doc gpu\`)"
    exit 77
fi
if [ "$count" -gt 0 ] 2>/dev/null; then :; else
    echo "check-cuda: $TL does not say how many GPUs there are: $count"
    exit 1
fi
"$TL" --eval 'f = cuda.getDeviceProperties(1); printf("%s, compute capability %d.%d, driver for CUDA %d.%d\n", f.name, f.major, f.minor, floor(f.driverVersion/1000), mod(f.driverVersion, 1000)/10)' || exit 1
# What every kernel wants, and what single functions want: said before hundreds of tests fail for it.
if ! why=$("$TL" --eval 'cpu(gpu(1:3) .* 2 + 1);' 2>&1); then
    echo "$why"
    echo "check-cuda: not one kernel runs, so nothing else was tried; without NVRTC: pip install nvidia-cuda-nvrtc-cu12 in the environment VIRTUAL_ENV names, or TL_CUDA_PATH=its folder"
    exit 1
fi
missing=0
for f in 'gpu(eye(40)) * gpu(eye(40))' 'chol(gpu(eye(40)))' 'fft(gpu(1:8))'; do
    why=$("$TL" --eval "cpu($f);" 2>&1) || { echo "$why" | head -n 1; missing=1; }
done
[ $missing = 0 ] || echo "check-cuda: tests that want these libraries will fail; they are part of the CUDA toolkit and of \`pip install nvidia-cublas-cu12 nvidia-cusolver-cu12 nvidia-cufft-cu12\`"
here=$SRCDIR/tests/device
TEST_SECONDS=${TEST_SECONDS-1500} TL_DEVICE=cuda; export TEST_SECONDS TL_DEVICE
if [ -n "$CHECK_SHORT" ]; then
    CHECK_ROWS='plus tanh sum' CHECK_CLASSES=single CHECK_LAYERS=Linear CHECK_STEPS=20; export CHECK_ROWS CHECK_CLASSES CHECK_LAYERS CHECK_STEPS
    set -- "$here"/every-row-on-the-gpu.tl "$here"/every-layer-on-the-gpu.tl "$here"/training-on-the-gpu-does-not-grow.tl "$here"/kernels-are-shown.tl
else
    set -- "$here"/*.tl
fi
sh "$SRCDIR/tests/run.sh" -j 1 -o test-logs "$@" "$SRCDIR/scripts/examples/gpu.tl"
status=$?
grep -h '^# ' test-logs/tests_device_*.tl.err 2>/dev/null     # what they counted
if sanitizer=$(command -v compute-sanitizer); then
    tools='memcheck racecheck initcheck synccheck'
    [ -z "$CHECK_SHORT" ] || tools='memcheck racecheck'
    for tool in $tools; do
        printf 'compute-sanitizer, %s: ' $tool
        CHECK_ROWS='plus tanh sum max cumsum' CHECK_CLASSES='double single int8 complex' CHECK_STEPS=20
        [ -z "$CHECK_SHORT" ] || { CHECK_ROWS=plus CHECK_CLASSES=single; }
        export CHECK_ROWS CHECK_CLASSES CHECK_STEPS
        timeout 900 "$sanitizer" --tool $tool --error-exitcode 9 "$TL" --test "$here/every-row-on-the-gpu.tl" "$here/training-on-the-gpu-does-not-grow.tl" \
            >test-logs/sanitizer-$tool.log 2>&1
        case $? in
            0) grep -o 'ERROR SUMMARY.*' test-logs/sanitizer-$tool.log || echo "ran" ;;
            9) echo "errors, see test-logs/sanitizer-$tool.log"; status=1 ;;
            124) echo "stopped after 900 s, see test-logs/sanitizer-$tool.log"; status=1 ;;
            *) echo "a test failed, see test-logs/sanitizer-$tool.log"; status=1 ;;
        esac
    done
else
    echo "compute-sanitizer is not here (it is part of the CUDA toolkit), so memory was not watched"
fi
[ $status = 0 ] || echo "what a test said is in test-logs/tests_device_NAME.tl.log; TL_DEVICE=cuda SRCDIR=$SRCDIR TL=$TL $TL --test $here/NAME.tl runs one again"
exit $status
