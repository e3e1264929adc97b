# SPDX-License-Identifier: BSD-3-Clause
libcore_la_SOURCES += $(optim_sources)
EXTRA_DIST += %reldir%/README.md
