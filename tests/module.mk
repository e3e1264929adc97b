# SPDX-License-Identifier: BSD-3-Clause
# tests/: see tests/README.md.  `make check T='tests/lab/cumsum.tl …'` runs only these; J=1 runs them one after another.
check_PROGRAMS =
if HAVE_CHECK
check_PROGRAMS += $(unit_programs)
endif

# tests/fuzz: a few thousand texts a target in `make check`; `make fuzz` lets libFuzzer lead (clang), FUZZ its options.
check_PROGRAMS += tests/fuzz/fuzz
tests_fuzz_fuzz_SOURCES = %reldir%/fuzz/fuzz.c
tests_fuzz_fuzz_LDADD = libcore.la $(core_libs)
FUZZ = -max_total_time=600 -max_len=400 -timeout=20
fuzz:
	+@ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1; export ASAN_OPTIONS; \
	$(MKDIR_P) libfuzzer && cd libfuzzer && { test -f Makefile || $(abs_top_srcdir)/configure -q CC=clang --with-cuda=no \
	    --enable-sanitizers=address,undefined,fuzzer-no-link CFLAGS='-g -O1'; } && $(MAKE) $(AM_MAKEFLAGS) builtins.inc folders.h layers.inc libcore.la && \
	clang -std=gnu17 -g -O1 -fopenmp -fsanitize=address,undefined,fuzzer -DLIBFUZZER -D_GNU_SOURCE -I$(abs_top_srcdir) -I. $(abs_srcdir)/tests/fuzz/fuzz.c \
	    .libs/libcore.a $(core_libs) -o fuzz && $(MKDIR_P) corpus && ./fuzz $(FUZZ) corpus

all_tests = $(check_PROGRAMS) $(sh_tests) $(tl_tests) $(function_tests) $(example_tests)
J = `nproc 2>/dev/null || echo 2`
test_run = TL=$(abs_builddir)/tl SRCDIR=$(abs_top_srcdir) $(SHELL) $(srcdir)/tests/run.sh -j $(J)
# The build's own programs stand in the build folder, all else in the sources.
test_paths = for t in $(1); do test -f "$$t" || t=$(abs_srcdir)/$$t; set -- "$$@" $$t; done


check-local:
	@set --; $(call test_paths,$(or $(foreach t,$(T:.c=),$(filter $(t:/=)/%,$(check_PROGRAMS)) $(t)),$(all_tests))); $(test_run) -o test-logs "$$@"

# Other builds of the same sources, each in its folder below this one.
sub_build = $(MKDIR_P) $(1) && cd $(1) && { test -f Makefile || \
    $(abs_top_srcdir)/configure -q CC='$(CC)' --with-cuda=no $(2); } && $(MAKE) $(AM_MAKEFLAGS) $(3)
check-asan:
	+@ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
	LSAN_OPTIONS=print_suppressions=0:suppressions=$(abs_top_srcdir)/tests/leaks.supp TEST_SECONDS=900; \
	export ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS TEST_SECONDS; \
	$(call sub_build,asan,--enable-sanitizers CFLAGS='-g -O1',check)
check-hard:
	+@TEST_SECONDS=900; export TEST_SECONDS; $(call sub_build,hard,--enable-hard,check check-suffer)

# In the hostile build: the n-th allocation of every statement fails, then the n-th poll is a Ctrl-C.
check-suffer: all
	+@bad=0; for what in memory interrupt; do echo "TL_TEST=$$what:"; \
	TL_TEST=$$what TEST_SECONDS=1800 $(MAKE) $(AM_MAKEFLAGS) check-local T='$(language_tests)' || bad=1; done; exit $$bad
language_tests = $(filter tests/language/% tests/lab/% tests/grad/% tests/regress/% tests/nn/% tests/optim/% tests/unsup/%,$(tl_tests))

# Valgrind knows no AVX-512 and is slow: the language tests only, one error makes a file fail. Spare lanes behind the last element
# hold anything; pdep, by which AVX2 makes bytes of masks, would spread that over the true ones in Valgrind's eyes.
check-valgrind: all
	+@TL_WRAP='valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite --suppressions=$(abs_srcdir)/tests/valgrind.supp' \
	TL_SIMD=128; export TL_SIMD; \
	TEST_SECONDS=1800; export TL_WRAP TEST_SECONDS; \
	$(MAKE) $(AM_MAKEFLAGS) check-local T='$(filter tests/language/%,$(tl_tests))'

# Sizes beyond 2^31; each test says aloud when there is too little memory.
check-big: all
	+@$(MAKE) $(AM_MAKEFLAGS) check-local J=1 T='$(or $(big_tests),none)'

# Ctrl-C into every kind of work, five times each, with the seconds to the prompt; TL_CTRL_C_ONLY=sort for some of them.
check-ctrl-c: all $(check_PROGRAMS)
	@TL_CTRL_C=1 TL=$(abs_builddir)/tl tests/unit/ctrl_c

# All that wants a GPU, in one command each; without one they say so and end with status 77.
check-cuda: all
	@TL=$(abs_builddir)/tl SRCDIR=$(abs_top_srcdir) $(SHELL) $(srcdir)/tests/device/check.sh
bench-cuda: all
	@TL=$(abs_builddir)/tl CC='$(CC)' TINY='$(TINY)' $(SHELL) $(srcdir)/tests/bench/cuda/run.sh

# tl and its peers in one run; make bench QUICK=1 takes less than a minute.
bench: all
	@TL=$(abs_builddir)/tl QUICK='$(QUICK)' CC='$(CC)' BLAS_LIBS='$(BLAS_LIBS)' SLEEF_LIBS='$(SLEEF_LIBS)' BLAS_CFLAGS='$(BLAS_CFLAGS)' \
	$(SHELL) $(srcdir)/tests/bench/run.sh $(BENCH)

# The debugger and the profiler when off: the scalar rows of a build without their hooks beside this one's.
bench-hooks: all
	+@$(call sub_build,nohooks,CPPFLAGS='$(CPPFLAGS) -DTL_NO_HOOKS' CFLAGS='$(CFLAGS)',all)
	@TL=$(abs_builddir)/tl $(SHELL) $(srcdir)/tests/bench/hooks.sh $(abs_builddir)/nohooks/tl

.PHONY: bench-hooks fuzz check-asan check-hard check-suffer check-valgrind check-big check-ctrl-c check-cuda bench bench-cuda
clean-local:
	rm -rf test-logs tests/device/kernels bench asan hard nohooks libfuzzer
