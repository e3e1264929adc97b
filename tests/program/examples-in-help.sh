# SPDX-License-Identifier: BSD-3-Clause
# Every example in a help text runs and prints what stands below it.
exec "$TL" --test-help
