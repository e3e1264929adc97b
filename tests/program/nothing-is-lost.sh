#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A full disk, a limit on files, folders in the place of files, memory that ends: each is an error that names the file, what
# was there stays, the session goes on, and no temporary file is left. Answers in TAP.
. "$SRCDIR/tests/tap.sh"
own_home
run() { "$TL" -e "$1" 2>&1; }
# each CODE: fails with a message that names the place, and the next statement still runs
each() {    # each PLACE CODE
    has "$2" "yes: 1" "$(run "x = rand(300); try, $2; disp('no error'), catch e, printf('yes: %d\n', numel(strfind(e.message, '$1')) > 0), disp(e.message), end")"
}
mkdir folder
for code in "load('folder')" "save('folder', 'x')" "csvread('folder')" "dlmwrite('folder', x)" "csvwrite('folder', x)" "fileread('folder')" \
            "run('folder')" "source('folder')" "diary('folder')" "save('-text', 'folder', 'x')" "data.idx('folder')"; do
    each folder "$code"
done
for code in "load('nothing.tl')" "csvread('nothing.tl')" "fileread('nothing.tl')" "run('nothing.tl')" "movefile('nothing.tl', 'b')" \
            "copyfile('nothing.tl', 'b')" "rename('nothing.tl', 'b')" "save('nothing.tl/deep', 'x')" "csvwrite('nothing.tl/deep', x)"; do
    each nothing.tl "$code"
done
if [ -w /dev/full ]; then
    for code in "save('/dev/full', 'x')" "save('-text', '/dev/full', 'x')" "csvwrite('/dev/full', x)" "dlmwrite('/dev/full', x)" \
                "f = fopen('/dev/full', 'w'); fprintf(f, 'text'); fclose(f)" "f = fopen('/dev/full', 'w'); fwrite(f, x)" \
                "fdisp(fopen('/dev/full', 'w'), x)" "f = fopen('/dev/full', 'w'); fputs(f, 'text'); fflush(f)"; do
        each /dev/full "$code"
    done
fi
# a file that may not grow: the old one stays whole and no other is left beside it
run "x = 1:3; save('kept.tl', 'x'); csvwrite('kept.csv', x)" >/dev/null
for code in "save('kept.tl', 'y')" "save('-text', 'kept.tl', 'y')" "csvwrite('kept.csv', y)" "dlmwrite('kept.csv', y)"; do
    has "no room: $code" "kept." "$( (ulimit -f 20; run "y = rand(300); $code") )"
done
has "what was there is whole" "1 1 0" "$(run "load('kept.tl'); y = csvread('kept.csv'); printf('%d %d ', isequal(x, 1:3), isequal(y, 1:3)); disp(numel(glob('kept.*')) - 2)")"
# memory that ends
has "out of memory is an error" "out of memory" "$(run "x = 7; try, zeros(1e7), catch e, disp(e.message), end")"
has "and the session goes on"   "7" "$(run "x = 7; try, zeros(1e7), catch, end, disp(x)")"
has "with a limit of the shell, too" "7" "$( (ulimit -v 3000000; run "x = 7; try, y = zeros(3e4); z = y + 1;, catch e, disp(e.message), end, disp(x)") )"
# a file that cannot be read
if [ "$(id -u)" != 0 ]; then
    echo 1 >secret; chmod 0 secret
    each secret "load('secret')"; each secret "fileread('secret')"; each secret "csvread('secret')"
fi
plan
