# SPDX-License-Identifier: BSD-3-Clause
# nn/: layers and what they are made of.  kernels.c is compiled once for each vector length, as lab/ew_simd.c is.
libcore_la_SOURCES += $(nn_sources)
EXTRA_DIST += %reldir%/README.md
nn_kernel_flags = $(AM_CFLAGS) -O3 -ffp-contract=fast

noinst_LTLIBRARIES += nn/libkernels128.la
libcore_la_LIBADD += nn/libkernels128.la
nn_libkernels128_la_SOURCES = %reldir%/kernels.c
nn_libkernels128_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=128
nn_libkernels128_la_CFLAGS = $(nn_kernel_flags)
if EW_256
noinst_LTLIBRARIES += nn/libkernels256.la
libcore_la_LIBADD += nn/libkernels256.la
nn_libkernels256_la_SOURCES = %reldir%/kernels.c
nn_libkernels256_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=256
nn_libkernels256_la_CFLAGS = $(nn_kernel_flags) -march=x86-64-v3
endif
if EW_512
noinst_LTLIBRARIES += nn/libkernels512.la
libcore_la_LIBADD += nn/libkernels512.la
nn_libkernels512_la_SOURCES = %reldir%/kernels.c
nn_libkernels512_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=512
nn_libkernels512_la_CFLAGS = $(nn_kernel_flags) -march=x86-64-v4 -mprefer-vector-width=512
endif

# Every LAYER…(name, ...) of this folder, as L(name).
layers.inc: layers.stamp
layers.stamp: $(nn_sources) $(top_srcdir)/build-aux/sources.mk
	$(AM_V_GEN)cd $(srcdir) && cat $(nn_sources) /dev/null | \
	    sed -n 's/^LAYER[A-Z_]*(\([A-Za-z0-9_]*\),.*/L(\1)/p' | LC_ALL=C sort >$(abs_builddir)/$@
	@cmp -s $@ layers.inc || cp $@ layers.inc
BUILT_SOURCES += layers.inc
CLEANFILES += layers.inc layers.stamp
