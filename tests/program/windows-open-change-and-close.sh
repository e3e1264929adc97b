#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Figure windows on a display of our own: one opens, shows what is plotted, is closed by hand and opens again, outlives Ctrl-C, is clicked into.
. "$SRCDIR/tests/tap.sh"
own_home
gnuplot=${TL_GNUPLOT:-gnuplot}
for p in Xvfb python3 "$gnuplot"; do command -v "$p" >/dev/null || skip_all "$p is not here"; done
python3 -c 'import ctypes; ctypes.CDLL("libX11.so.6"); ctypes.CDLL("libXtst.so.6")' 2>/dev/null || skip_all "libX11 and libXtst are not here"
all=" $("$gnuplot" -e 'set print "-"; print GPVAL_TERMINALS' 2>/dev/null) "
kinds=''
for t in qt wxt x11; do case $all in *" $t "*) kinds="$kinds $t" ;; esac; done
[ -n "$kinds" ] || skip_all "this gnuplot opens no windows (gnuplot-qt or gnuplot-x11 would)"

number=90
while [ $number -lt 190 ] && [ -e "/tmp/.X$number-lock" ]; do number=$((number + 1)); done
Xvfb ":$number" -screen 0 1100x800x24 >xvfb 2>&1 &
server=$!
trap 'kill $server 2>/dev/null' EXIT
i=0
while [ $i -lt 50 ] && [ ! -e "/tmp/.X11-unix/X$number" ]; do sleep 0.1; i=$((i + 1)); done
DISPLAY=:$number; export DISPLAY
unset WAYLAND_DISPLAY
hand() { python3 "$SRCDIR/tests/program/lib/window.py" "$@"; }
until_said() {      # waits until tl has printed that
    i=0
    while [ $i -lt 150 ] && ! grep -q "$1" said; do sleep 0.1; i=$((i + 1)); done
    grep -q "$1" said
}
for t in $kinds; do
    rm -f line; mkfifo line; : >said
    TL_TERM=$t "$TL" -i <line >said 2>&1 &
    tl=$!
    exec 7>line
    echo "plot(0:10, 0:10); disp('first')" >&7
    hand find 'Figure 1'; ok $? "$t: a window opens" "$(cat said)"
    echo "plot(0:10, 10:-1:0, 'r'); disp('second')" >&7
    until_said second; ok $? "$t: the next picture" "$(cat said)"
    echo "figure(2); plot(1:3); disp('both')" >&7
    hand find 'Figure 2'; ok $? "$t: a second window" "$(cat said)"
    echo "close(2); disp('closed')" >&7
    hand gone 'Figure 2'; ok $? "$t: close shuts it" "$(cat said)"
    hand close 'Figure 1'; hand gone 'Figure 1'; ok $? "$t: the other is closed by hand" "$(cat said)"
    echo "disp('still here')" >&7
    until_said 'still here'; ok $? "$t: tl goes on" "$(cat said)"
    echo "plot(0:10, 0:10, 'b'); disp('again')" >&7
    hand find 'Figure 1'; ok $? "$t: it opens again" "$(cat said)"
    echo "disp('run'), while true, end" >&7
    until_said run; sleep 0.3; kill -INT $tl; sleep 0.3
    echo "disp('stopped')" >&7
    until_said stopped && hand find 'Figure 1'; ok $? "$t: it outlives Ctrl-C" "$(cat said)"
    echo "axis([0 10 0 10]); [x, y, b] = ginput(1); disp(sprintf('at %d %d %d %d %d', x > 0, x < 10, y > 0, y < 10, b))" >&7
    sleep 1.5; hand click 'Figure 1' 0.6 0.5
    until_said 'at 1 1 1 1 1'; ok $? "$t: ginput tells the place of a click" "$(cat said)"
    echo "disp('wait'), [x, y] = ginput(1); disp('no')" >&7
    until_said wait; sleep 0.5; kill -INT $tl; sleep 0.5
    echo "plot(1:3); disp('after')" >&7
    until_said after && hand find 'Figure 1' && ! grep -q '^no' said; ok $? "$t: Ctrl-C ends ginput alone" "$(cat said)"
    echo "close all; disp('bye')" >&7
    hand gone 'Figure 1'; ok $? "$t: close all" "$(cat said)"
    exec 7>&-
    wait $tl; ok $? "$t: and ends well" "$(cat said)"
done
plan
