# SPDX-License-Identifier: BSD-3-Clause
# cuda/: the plugin tl_cuda.so behind lab/device.h.  It needs nothing of NVIDIA's to be built, so it is built unless it was refused.
EXTRA_DIST += %reldir%/README.md
if CUDA
plugin_PROGRAMS += tl_cuda.so
tl_cuda_so_SOURCES = $(cuda_sources)
tl_cuda_so_CFLAGS = $(plugin_cflags)
tl_cuda_so_LINK = $(plugin_link)
tl_cuda_so_LDADD = -ldl -lpthread -lm
endif
