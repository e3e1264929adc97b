#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A picture is drawn long after its commands: what gnuplot refuses is told at the command that asked for it.
. "$SRCDIR/tests/tap.sh"
own_home
command -v "${TL_GNUPLOT:-gnuplot}" >/dev/null || skip_all "gnuplot is not here"
cat >late.tl <<'E'
plot(1:3);
gnuplot.raw('set bad 3');
xlabel('later');
E
"$TL" late.tl >said 2>&1
has "at the end of a script" "at late.tl:2" "$(cat said)"
has "… with the line" "gnuplot.raw('set bad 3');" "$(cat said)"
cat >inside.tl <<'E'
function draw()
  plot(1:3);
  gnuplot.raw('set worse');
end
draw();
print('x.png');
E
"$TL" inside.tl >said 2>&1
has "in a function" "at inside.tl:3" "$(cat said)"
has "… that print has called for" "called from inside.tl:6" "$(cat said)"
[ ! -e x.png ]; ok $? "no picture" "there is one"
printf 'plot(1:3)\n  gnuplot.raw("set bad")\n1+1\n' | TL_TERM=txt "$TL" -i >said 2>&1
has "at the prompt" '|   gnuplot.raw("set bad")' "$(cat said)"
has "… which goes on" "ans = 2" "$(cat said)"
printf 'plot(1:3);\ngnuplot.raw("set xrange [1:");\ntry, print("y.png"); catch e, printf("%%d\\n", e.stack(1).line), end\n' >caught.tl
has "caught, the place is in the stack" "2" "$("$TL" caught.tl 2>/dev/null)"
plan
