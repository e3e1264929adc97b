#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The tabulator key in quotes: names of properties, the values of the one before, colormaps; as `tl --json` tells them.
. "$SRCDIR/tests/tap.sh"
own_home

# offers WHAT CODE PATTERN of the answer; SETUP runs before
SETUP='1;'
offers() {
    at=${#2}
    got=$(printf '%s\n' "{\"id\":1,\"op\":\"execute\",\"code\":\"$SETUP\"}" "{\"id\":2,\"op\":\"complete\",\"code\":\"$2\",\"pos\":$at}" | "$TL" --json | grep '"id":2')
    printf '%s\n' "$got" | grep -qE "$3"; ok $? "$1" "said: $got"
}
offers "names of axes, whatever their case"  "set(gca, 'fontn"            '"matches":\["FontName"\],"start":10'
offers "all that begin so"                   "set(gca, 'XT"               '"XTick","XTickLabel","XTickLabelMode","XTickLabelRotation","XTickMode"'
offers "names of a line"                     "plot(x, sin(x), 'linew"     '"LineWidth"'
offers "not those of others"                 "plot(x, y, 'XTi"            '"matches":\[\]'
offers "values: a choice"                    "plot(x, y, 'LineStyle', '"  '"-","--","-.",":","none"'
offers "values: on and off"                  "figure('Visible', 'o"       '"off","on"'
offers "values: colours"                     "h = bar([1 2], 'FaceColor', 'ora"  '"matches":\["orange"\]'
offers "values: markers"                     "plot(x, 'Marker', 'sq"      '"square"'
offers "places of a legend"                  "legend('a', 'b', 'Location', 'northw"  '"northwest","northwestoutside"'
offers "colormaps"                           "colormap('vir"              '"viridis"'
offers "text behind a comma in brackets"     "text(1, 2, ['a', 'b'], 'rot" '"Rotation"'
offers "nothing in another call"             "printf('fo"                 '"matches":\[\]'
SETUP="figure('visible', 'off'); h = surf(peaks(5));"
offers "what a variable is the handle of"    "set(h, 'Mesh"               '"MeshStyle"'
offers "… and no more"                       "set(h, 'XTi"                '"matches":\[\]'
offers "… not behind parentheses that are closed"  "set(h); disp('Mesh"   '"matches":\[\]'
plan
