# SPDX-License-Identifier: BSD-3-Clause
# cuda/: the plugin tl_cuda.so behind lab/device.h.  It needs nothing of NVIDIA's to be built, so it is built unless it was refused.
# libtext makes kernel text (no CUDA is needed for that either), libshim runs it on the CPU for tests.
EXTRA_DIST += %reldir%/README.md $(cuda_texts)
if CUDA
plugin_PROGRAMS += tl_cuda.so
tl_cuda_so_SOURCES = $(cuda_sources)
tl_cuda_so_CFLAGS = $(plugin_cflags)
tl_cuda_so_LINK = $(plugin_link)
tl_cuda_so_LDADD = -ldl -lpthread -lm
$(tl_cuda_so_OBJECTS): cuda/texts.inc
endif

# The .cu files as strings: text_NAME of NAME.cu.
cuda/texts.inc: $(cuda_texts)
	$(AM_V_GEN)$(MKDIR_P) cuda; for f in $^; do \
	    n=`basename $$f .cu`; echo "static const char text_$$n[] __attribute__((unused)) ="; \
	    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $$f; echo ";"; \
	done >$@.new && mv $@.new $@
BUILT_SOURCES += cuda/texts.inc
CLEANFILES += cuda/texts.inc

noinst_LTLIBRARIES += cuda/libtext.la cuda/libshim.la cuda/libcompile.la
cuda_libcompile_la_SOURCES = %reldir%/compile.c %reldir%/compile.h %reldir%/driver.c %reldir%/driver.h
cuda_libtext_la_SOURCES = $(cuda_text_sources)
cuda_libshim_la_SOURCES = %reldir%/shim.c %reldir%/shim.h
cuda_libshim_la_CPPFLAGS = $(AM_CPPFLAGS) -DSHIM_CC='"$(CC)"'
$(cuda_libtext_la_OBJECTS) $(cuda_libshim_la_OBJECTS) $(cuda_libcompile_la_OBJECTS): cuda/texts.inc

# Kernels compiled beforehand, for a machine without NVRTC: make cuda-pack [ARCHS="80 90"] [LIMIT=seconds]; they lie beside the plugin.
# What is not done within LIMIT, or before Ctrl-C, the next run makes.
EXTRA_PROGRAMS = cuda/pack
cuda_pack_SOURCES = %reldir%/pack.c
cuda_pack_LDADD = cuda/libtext.la cuda/libcompile.la -ldl -lpthread
ARCHS = 80 90
LIMIT = 1800
cuda-pack: cuda/pack
	cuda/pack -t $(LIMIT) $(ARCHS)
.PHONY: cuda-pack
CLEANFILES += tl_cuda_*.pack

# A driver and libraries that are none, for tests: tests/device.
fakes = tests/device/libcuda.so.1 tests/device/libnvrtc.so.12 tests/device/libcublas.so.12 tests/device/libcublasLt.so.12 \
    tests/device/libcusolver.so.11 tests/device/libcufft.so.11 tests/device/libcudnn.so.9
fake = $(AM_V_CCLD)$(MKDIR_P) tests/device/kernels && $(CC) $(DEFS) $(DEFAULT_INCLUDES) $(INCLUDES) $(AM_CPPFLAGS) $(CPPFLAGS) $(plugin_cflags) $(CFLAGS) \
    -DSHIM_CC='"$(CC)"' -shared -Wl,-soname,$(@F) -o $@ $(filter %.c,$^)
tests/device/libcuda.so.1: tests/device/fake_driver.c cuda/shim.c cuda/texts.inc cuda/driver.h cuda/driver.def
	$(fake)
tests/device/libnvrtc.so.12: tests/device/fake_nvrtc.c
	$(fake)
tests/device/libcublas.so.12 tests/device/libcublasLt.so.12: tests/device/fake_blas.c tests/device/fake.h
	$(fake) -lm
tests/device/libcusolver.so.11: tests/device/fake_solver.c tests/device/fake.h
	$(fake) $(BLAS_LIBS)
tests/device/libcudnn.so.9: tests/device/fake_dnn.c tests/device/fake.h
	$(fake)
tests/device/libcufft.so.11: tests/device/fake_fft.c tests/device/fake.h
	$(fake) -lm
if CUDA
check_DATA = $(fakes) cuda/pack
endif
CLEANFILES += $(fakes)
