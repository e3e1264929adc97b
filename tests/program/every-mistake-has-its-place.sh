#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What tests/mistakes/ makes fail says file, line and a caret below the source line; nothing else ends with status 1.
set -u
n=0 bad=0
for f in "$SRCDIR"/tests/mistakes/*.tl; do
    name=$(basename "$f")
    sed 's/ *%!.*//' "$f" >"$name"
    "$TL" "$name" </dev/null >/dev/null 2>err
    status=$?
    n=$((n + 1))
    if grep -q '^error: ' err; then
        grep -q "^  at $name:[0-9]" err && grep -q '^        | *^' err && test $status = 1 && continue
    else
        test $status = 0 && continue
    fi
    echo "# $name: status $status"; sed 's/^/#   /' err
    bad=$((bad + 1))
done
test $bad = 0 && echo "ok 1 - $n mistakes" || echo "not ok 1 - $bad of $n mistakes"
echo 1..1
