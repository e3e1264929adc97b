# SPDX-License-Identifier: BSD-3-Clause
# lab/plugins/: a library each, loaded when its first function is called (lab/plugins.def).  They link nothing of tl; in the build
# folder they stand beside the program, installed in pkglibdir.
plugindir = $(pkglibdir)
plugin_PROGRAMS =
plugin_cflags = $(AM_CFLAGS) -fPIC
plugin_link = $(CC) $(plugin_cflags) $(CFLAGS) $(LDFLAGS) -shared -o $@

if HAVE_FFTW
plugin_PROGRAMS += tl_fft.so
tl_fft_so_SOURCES = %reldir%/fft.c
tl_fft_so_CFLAGS = $(plugin_cflags) $(FFTW_CFLAGS)
tl_fft_so_LINK = $(plugin_link)
tl_fft_so_LDADD = $(FFTW_LIBS) -lm
endif

if HAVE_PNG
plugin_PROGRAMS += tl_png.so
tl_png_so_SOURCES = %reldir%/png.c %reldir%/picture.h
tl_png_so_CFLAGS = $(plugin_cflags) $(PNG_CFLAGS)
tl_png_so_LINK = $(plugin_link)
tl_png_so_LDADD = $(PNG_LIBS)
endif

if HAVE_JPEG
plugin_PROGRAMS += tl_jpeg.so
tl_jpeg_so_SOURCES = %reldir%/jpeg.c %reldir%/picture.h
tl_jpeg_so_CFLAGS = $(plugin_cflags) $(JPEG_CFLAGS)
tl_jpeg_so_LINK = $(plugin_link)
tl_jpeg_so_LDADD = $(JPEG_LIBS)
endif

if HAVE_SUITESPARSE
plugin_PROGRAMS += tl_suitesparse.so
tl_suitesparse_so_SOURCES = %reldir%/suitesparse.c
tl_suitesparse_so_CFLAGS = $(plugin_cflags) -I/usr/include/suitesparse
tl_suitesparse_so_LINK = $(plugin_link)
tl_suitesparse_so_LDADD = -lspqr -lumfpack -lcholmod -lcolamd -lccolamd -lcxsparse -lamd -lm -lpthread
endif

if HAVE_ARPACK
plugin_PROGRAMS += tl_arpack.so
tl_arpack_so_SOURCES = %reldir%/arpack.c
tl_arpack_so_CFLAGS = $(plugin_cflags) $(ARPACK_CFLAGS)
tl_arpack_so_LINK = $(plugin_link)
tl_arpack_so_LDADD = $(ARPACK_LIBS) -lm
endif

if HAVE_MATIO
plugin_PROGRAMS += tl_matio.so
tl_matio_so_SOURCES = %reldir%/matio.c %reldir%/matio_check.c %reldir%/matio_check.h
tl_matio_so_CFLAGS = $(plugin_cflags) $(MATIO_CFLAGS)
tl_matio_so_LINK = $(plugin_link)
tl_matio_so_LDADD = $(MATIO_LIBS) -lz -lpthread
endif
