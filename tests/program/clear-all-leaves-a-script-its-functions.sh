#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# `clear all` at the head of a script, as half of all scripts begin, takes its variables, not the functions that stand below; those
# that were typed at the prompt go.
. "$SRCDIR/tests/tap.sh"
own_home
cat >script.tl <<'END'
clear all; close all; clc
x = f(3)
clear functions
x = f(4)
y = g();
exist('x')
clear f
try, f(1), catch, disp('f is gone'), end
function r = f(x), r = h(x) + 1; end
function r = h(x), r = 2 * x; end
function r = g(), clear -all, r = f(10); end
END
is "functions stay" "x = 7
x = 9
ans = 1
f is gone" "$("$TL" script.tl)"
cat >called.tl <<'END'
clear all
y = doubled(2)
function r = doubled(x)
  r = 2 * x;
end
END
is "also in a script that another runs" "y = 4
y = 4" "$("$TL" -e "source('called.tl'); run('called.tl')")"
plan
