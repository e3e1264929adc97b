# SPDX-License-Identifier: BSD-3-Clause
# tl, the plugin and its libraries as a user meets them, over the fake driver; and that none of it is there when nobody asks.
. "$SRCDIR/tests/tap.sh"
set -u
build=$(dirname "$TL")
[ -f "$build/tl_cuda.so" ] || skip_all "this build has no CUDA plugin"
XDG_CACHE_HOME=$PWD/cache TL_SHIM_CACHE=$build/tests/device/kernels TL_CUDA_PACK=/nowhere
export XDG_CACHE_HOME TL_SHIM_CACHE TL_CUDA_PACK
LD_DEBUG=files "$TL" --eval 'x = rand(100); y = sum(x(:) * 2);' 2>&1 | grep -E 'tl_cuda|libcuda|libnvrtc' >log
[ ! -s log ]; ok $? "nothing of CUDA is opened before it is wanted" "$(head -n 3 log)"
TL_CUDA_PATH=/nowhere "$TL" --eval 'gpu(1)' >log 2>&1
if grep -q 'error' log; then
    grep -q 'gpu: no NVIDIA driver here; everything works on the CPU' log; ok $? "no driver is a sentence" "$(cat log)"
fi
TL_CUDA_PATH=$build/tests/device; export TL_CUDA_PATH
TL_FAKE=old "$TL" --eval 'gpu(1)' 2>&1 | grep -q 'gpu: the NVIDIA driver is too old: it knows CUDA 11.4, and 12.0 is wanted'; ok $? "an old driver is a sentence"
mkdir some && cp "$TL_CUDA_PATH/libcuda.so.1" "$TL_CUDA_PATH/libnvrtc.so.12" some
if ! ldconfig -p 2>/dev/null | grep -q libcusolver; then
    TL_CUDA_PATH=$PWD/some VIRTUAL_ENV='' "$TL" --eval 'chol(gpu(eye(30)))' >log 2>&1
    grep -q 'cuSOLVER (libcusolver.so.11) was not found; it is part of the CUDA toolkit and of `pip install nvidia-cusolver-cu12`' log
    ok $? "a missing library is a sentence" "$(cat log)"
fi
try() { # try WORDS NAME FILE: a test file on the fake GPU
    TL_FAKE=$1 "$TL" --test "$3" >log 2>&1 && ! grep -q '^not ok\|fake driver:' log
    ok $? "$2${1:+ ($1)}" "$(grep -A 4 '^not ok\|fake driver:' log | head -n 20)"
}
try late "the first steps" "$SRCDIR/tests/device/lib/first-steps.tl"
try '' "layers in few launches" "$SRCDIR/tests/device/layers-are-few-launches.tl"
try late "steps are one launch" "$SRCDIR/tests/device/lib/steps-are-one-launch.tl"
FAKE_GPU=1; export FAKE_GPU
try '' "convolutions by cuDNN" "$SRCDIR/tests/device/lib/convolutions-by-cudnn.tl"
if ! ldconfig -p 2>/dev/null | grep -q libcudnn; then
    TL_CUDA_PATH=$PWD/some VIRTUAL_ENV='' "$TL" --eval "cuda.option('cudnn', true)" >log 2>&1
    grep -q 'cuDNN (libcudnn.so.9) was not found; it is part of .*`pip install nvidia-cudnn-cu12`' log; ok $? "no cuDNN is a sentence" "$(cat log)"
fi
CHECK_ROWS='plus tanh'; CHECK_CLASSES='single'; export CHECK_ROWS CHECK_CLASSES
try late "rows on the GPU, a part" "$SRCDIR/tests/device/every-row-on-the-gpu.tl"
# a pack: said how far it is, stopped and gone on with, and then nothing is compiled
mkdir pack && cp "$build/tl_cuda.so" pack && cd pack || exit 1
unset TL_CUDA_PACK
cat >one.tl <<'END'
x = gpu(rand(100)); y = cpu(exp(x)); assert(max(max(abs(y - exp(cpu(x))))) < 1e-14); z = cpu(x(:) * 2); s = cpu(sum(x(:)));
printf('loaded %d compiled %d\n', cuda.option('loaded'), cuda.option('compiled'))
y = cpu(tanh(exp(x) .* x)); assert(max(max(abs(y - tanh(exp(cpu(x)) .* cpu(x))))) < 1e-14);
printf('stepped %d compiled %d\n', cuda.option('stepped'), cuda.option('compiled'))
cpu(cumsum(x))
END
XDG_CACHE_HOME=$PWD/cold1 TL_FAKE=compile=0.02 "$build/cuda/pack" -t 0.5 90 >log 2>&1
grep -q 'tl_cuda_90.pack: [0-9]* of [0-9]* kernels, .*; the same command makes the rest' log; ok $? "a pack that is stopped holds what there is" "$(cat log)"
XDG_CACHE_HOME=$PWD/cold2 "$build/cuda/pack" 90 >log 2>&1; ok $? "the next run makes the rest" "$(cat log)"
grep -q 'tl_cuda_90.pack: \([0-9]*\) of \1 kernels' log; ok $? "all of them" "$(cat log)"
XDG_CACHE_HOME=$PWD/cold3 TL_FAKE=norc TL_CUDA_PLUGIN=$PWD/tl_cuda.so "$TL" one.tl >log 2>&1
grep -q '^loaded [1-9][0-9]* compiled 0$' log && grep -q '^stepped [1-9][0-9]* compiled 0$' log && grep -q 'error: .*NVRTC refuses a kernel' log
ok $? "single rows and what is made of them come from the pack, others are a sentence without NVRTC" "$(cat log)"
"$build/cuda/pack" ninety >log 2>&1; grep -q "'ninety' is no architecture" log; ok $? "a wrong architecture is a sentence" "$(cat log)"
cd ..
TL_CUDA_PACK=/nowhere; export TL_CUDA_PACK
TL_FAKE='' TINY=1 TL=$TL sh "$SRCDIR/tests/bench/cuda/run.sh" >log 2>&1; ok $? "bench-cuda runs, with figures that mean nothing" "$(head -n 20 log)"
plan
