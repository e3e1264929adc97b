#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What fails inside a function of scripts/ is told at the line that called it; the library's own line stands behind, and only where the
# message does not say whose it is.
. "$SRCDIR/tests/tap.sh"
own_home
cat >script.tl <<'END'
function y = mine(x)
  y = fplot(x);
end
mine(3)
END
is "the caller's line, and who called it" "error: fplot: f must be a function, but is a double
  at script.tl:2, in mine
      2 |   y = fplot(x);
        |       ^
  called from script.tl:4" "$("$TL" script.tl 2>&1)"
is "at the prompt" "error: image.crop: x1, y1, x2 and y2 are wanted, or a place, width and height
        | image.crop(1, 2)
        | ^" "$(echo 'image.crop(1, 2)' | "$TL" -i 2>&1 | sed '/^$/d')"
is "what the user's own function does is the user's" "error: 'nothing_such' is undefined
  at line 1, in @<anonymous>" "$(echo 'fzero(@(x) nothing_such(x), [0 1])' | "$TL" -i 2>&1 | head -2)"
cp "$SRCDIR/scripts/lessons/01-vectors.tl" own.tl
echo 'undefined_here' >>own.tl
is "a lesson is a program" "  at own.tl:$(wc -l <own.tl)" "$("$TL" own.tl 2>&1 | grep '^  at')"
plan
