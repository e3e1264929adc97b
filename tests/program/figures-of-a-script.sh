#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Where the figures of a script go when nobody looks on, and what happens when gnuplot hangs. Answers in TAP.
. "$SRCDIR/tests/tap.sh"
command -v gnuplot >/dev/null 2>&1 || skip_all "gnuplot is not installed"
unset DISPLAY WAYLAND_DISPLAY TL_TERM TL_GNUPLOT
mkdir -p sub out
magic() { dd if="$1" bs=1 skip=1 count=3 2>/dev/null; }

printf 'plot(1:3)\nfigure, bar([1 2])\nfigure("visible", "off"), plot(1)\n' >sub/s.tl
is "a script without a screen tells its files" "figure 1: sub/figure1.png|figure 2: sub/figure2.png" "$("$TL" sub/s.tl 2>&1 >/dev/null </dev/null | tr '\n' '|' | sed 's/|$//')"
is "beside it" "figure1.png figure2.png s.tl" "$(cd sub && echo *)"
is "they are pictures" "PNG" "$(magic sub/figure2.png)"
rm sub/*.png
printf 'plot(1:3)\nprint("out/mine.png")\n' >sub/s.tl
is "what was printed is not written twice" "s.tl mine.png" "$("$TL" sub/s.tl; echo $(cd sub && echo *) $(cd out && echo *))"
is "after an error figures are there too" "figure1.png" "$("$TL" -e 'plot(1:3)' -e 'error("x")' 2>/dev/null; ls figure*)"
rm -f figure*
is "TL_TERM chooses" "<?xml" "$(TL_TERM=svg "$TL" -e 'plot(1:3)' 2>/dev/null; head -c 5 figure1.svg)"
is "letters go to the output" "yes" "$(TL_TERM=txt "$TL" -e 'plot(1:3)' | grep -q '\*\*\*' && echo yes)"
is "a wrong TL_TERM" "error: TL_TERM: there is no format 'pgn'; did you mean 'png'? status 1" "$(TL_TERM=pgn "$TL" -e 'plot(1:3)' 2>err; s=$?; echo "$(cat err)" status $s)"
rm -f figure*
is "without gnuplot the script runs on and then says what is missing" "here status 1" "$(TL_GNUPLOT=/none "$TL" -e 'plot(1:3), printf("here ")' 2>err; echo status $?)"
grep -q 'plot needs\|drawnow needs' err && grep -q 'hint: Debian: sudo apt-get install gnuplot' err; ok $? "and how to get it" "$(cat err)"
is "a folder that cannot be written" "status 1" "$("$TL" -e 'plot(1:3), print("/proc/x.png")' 2>/dev/null; echo status $?)"

# Ctrl-C while gnuplot hangs: at once, and no process is left
printf '#!/bin/sh\necho $$ >pid\nexec sleep 100\n' >hang; chmod +x hang
TL_GNUPLOT=$PWD/hang "$TL" -e 'plot(1:3); print("out/h.png")' >/dev/null 2>&1 &
tl=$!
i=0
while [ ! -s pid ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
began=$(date +%s)
kill -TERM $tl; wait $tl
is "an order to end is heard while gnuplot hangs" "yes" "$([ $(($(date +%s) - began)) -le 3 ] && echo yes)"
is "and gnuplot goes with it" "gone" "$(kill -0 "$(cat pid)" 2>/dev/null && echo there || echo gone)"
is "no half picture" "mine.png" "$(cd out && echo *)"
plan
