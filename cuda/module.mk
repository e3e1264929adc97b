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

noinst_LTLIBRARIES += cuda/libtext.la cuda/libshim.la
cuda_libtext_la_SOURCES = $(cuda_text_sources)
cuda_libshim_la_SOURCES = %reldir%/shim.c %reldir%/shim.h
cuda_libshim_la_CPPFLAGS = $(AM_CPPFLAGS) -DSHIM_CC='"$(CC)"'
$(cuda_libtext_la_OBJECTS) $(cuda_libshim_la_OBJECTS): cuda/texts.inc
