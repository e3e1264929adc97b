# SPDX-License-Identifier: BSD-3-Clause
# interp/: the language, and the program.  Only the program is linked with the line editor.
libcore_la_SOURCES += $(interp_sources)
tl_SOURCES = $(program_sources)
tl_CFLAGS = $(AM_CFLAGS) $(EDITOR_CFLAGS)
tl_LDADD = libcore.la $(EDITOR_LIBS) $(core_libs)

# Every BUILTIN(name, ...), PLUGIN(name, ...), TORCH(name, ...), CUDA_TENSOR(name, ...), ACCEPTED(name) and LAYER…(name, ...) that starts in column 1, as B(name), B(cuda_name) and B(nn_name), sorted.
builtins.inc: builtins.stamp
builtins.stamp: $(builtin_sources) $(top_srcdir)/build-aux/sources.mk
	$(AM_V_GEN)cd $(srcdir) && cat $(builtin_sources) /dev/null | \
	    sed -n 's/^BUILTIN(\([A-Za-z0-9_]*\),.*/B(\1)/p; s/^PLUGIN(\([A-Za-z0-9_]*\),.*/B(\1)/p; s/^TORCH(\([A-Za-z0-9_]*\),.*/B(\1)/p; s/^CUDA_TENSOR(\([A-Za-z0-9_]*\),.*/B(\1)/p; s/^ACCEPTED(\([A-Za-z0-9_]*\).*/B(cuda_\1)/p; s/^LAYER[A-Z_]*(\([A-Za-z0-9_]*\),.*/B(nn_\1)/p' | LC_ALL=C sort >$(abs_builddir)/$@
	@cmp -s $@ builtins.inc || cp $@ builtins.inc
BUILT_SOURCES += builtins.inc
CLEANFILES += builtins.inc builtins.stamp
