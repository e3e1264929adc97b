# SPDX-License-Identifier: BSD-3-Clause
# lab/: tensors and the functions on them.  ew_simd.c is compiled once for each vector length.
lab_liblab_la_SOURCES = $(lab_sources)
lab_liblab_la_LIBADD =
ew_flags = $(AM_CFLAGS) -O3

noinst_LTLIBRARIES += lab/libew128.la
lab_liblab_la_LIBADD += lab/libew128.la
lab_libew128_la_SOURCES = %reldir%/ew_simd.c
lab_libew128_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=128
lab_libew128_la_CFLAGS = $(ew_flags)
if EW_256
noinst_LTLIBRARIES += lab/libew256.la
lab_liblab_la_LIBADD += lab/libew256.la
lab_libew256_la_SOURCES = %reldir%/ew_simd.c
lab_libew256_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=256
lab_libew256_la_CFLAGS = $(ew_flags) -march=x86-64-v3
endif
if EW_512
noinst_LTLIBRARIES += lab/libew512.la
lab_liblab_la_LIBADD += lab/libew512.la
lab_libew512_la_SOURCES = %reldir%/ew_simd.c
lab_libew512_la_CPPFLAGS = $(AM_CPPFLAGS) -DVARIANT=512
lab_libew512_la_CFLAGS = $(ew_flags) -march=x86-64-v4 -mprefer-vector-width=512
endif
