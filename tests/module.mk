# SPDX-License-Identifier: BSD-3-Clause
# tests/: see tests/README.md.
check_PROGRAMS =
if HAVE_CHECK
check_PROGRAMS += $(unit_programs)
endif
check-local:
	@echo "0 passed, 0 failed"
