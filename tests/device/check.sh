#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# check.sh (make check-cuda): everything that wants a GPU, in one command: rows, layers, training without growth, the example; then a part
# of them under compute-sanitizer, where it is.  Ends with status 77 and one sentence where there is no GPU.
set -u
: "${TL:?}" "${SRCDIR:?}"
if [ "$("$TL" --eval 'disp(cuda.getDeviceCount())')" = 0 ]; then
    "$TL" --eval 'gpu(1)' 2>&1 | head -n 1
    echo "skip: there is no GPU here, so nothing has been checked on one"
    exit 77
fi
"$TL" --eval 'f = cuda.getDeviceProperties(1); printf("%s, compute capability %d.%d, driver for CUDA %d.%d\n", f.name, f.major, f.minor, floor(f.driverVersion/1000), mod(f.driverVersion, 1000)/10)'
here=$SRCDIR/tests/device
TEST_SECONDS=${TEST_SECONDS-1500} TL_DEVICE=cuda; export TEST_SECONDS TL_DEVICE
sh "$SRCDIR/tests/run.sh" -j 1 -o test-logs "$here"/*on-the-gpu*.tl "$SRCDIR/scripts/examples/gpu.tl"
status=$?
for f in every-row-on-the-gpu every-layer-on-the-gpu training-on-the-gpu-does-not-grow; do
    grep '^# ' "test-logs/tests_device_$f.tl.log" 2>/dev/null
done
if sanitizer=$(command -v compute-sanitizer); then
    for tool in memcheck racecheck initcheck synccheck; do
        printf 'compute-sanitizer, %s: ' $tool
        CHECK_ROWS='plus tanh sum max cumsum' CHECK_CLASSES='double single int8 complex' CHECK_STEPS=20 \
            timeout 900 "$sanitizer" --tool $tool --error-exitcode 9 "$TL" --test "$here/every-row-on-the-gpu.tl" "$here/training-on-the-gpu-does-not-grow.tl" \
            >test-logs/sanitizer-$tool.log 2>&1
        if [ $? = 9 ]; then echo "errors, see test-logs/sanitizer-$tool.log"; status=1
        else grep -o 'ERROR SUMMARY.*' test-logs/sanitizer-$tool.log || echo "ran"; fi
    done
else
    echo "compute-sanitizer is not here (it is part of the CUDA toolkit), so memory was not watched"
fi
exit $status
