#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every example in the help of a function in scripts/ runs and prints what stands below it.
set -f
exec "$TL" --test-help $(find "$SRCDIR/scripts" -name examples -prune -o -name '*.tl' -print | sort)
