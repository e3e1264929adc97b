#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# tl --check, and running, on what is no proper program: a clear word, the right status, no hang. Answers in TAP.
. "$SRCDIR/tests/tap.sh"
check() {   # check NAME STATUS PART: --check NAME.tl ends with STATUS and says PART
    timeout 60 "$TL" --check "$1.tl" >out 2>&1 </dev/null; status=$?
    [ $status = "$2" ] && if [ "${3-}" ]; then grep -qF -- "$3" out; else [ ! -s out ]; fi
    ok $? "--check of $1" "status $status: $(cut -c1-200 out)"
}
own_home

: >empty.tl;                                                    check empty 0
printf '\n\n  \t\n' >blank.tl;                                  check blank 0
printf '%% only\n# comments\n%%{\na block\n%%}\n' >comments.tl; check comments 0
printf 'x = 1' >no-newline.tl;                                  check no-newline 0
printf '\357\273\277x = 1;\ny = x;\n' >bom.tl;                  check bom 0
printf 'x = 1;\r\nif x\r\n  y = 2;\r\nend\r\n' >crlf.tl;        check crlf 0
printf 'x = 1;\ry = 2;\r' >mac.tl;                              check mac 0
awk 'BEGIN { printf "x = ["; for (i = 0; i < 400000; i++) printf "1, "; print "1];" }' >one-huge-line.tl; check one-huge-line 0
printf 'x = 1;\0y = 2;\n' >nul.tl;                              check nul 1 'nul.tl:1'
check nul 1 'NUL byte'
printf '\177ELF\002\001\001\000\220\377' >binary.tl;            check binary 1 'binary.tl:1'
check binary 1 'this is no text: it contains NUL bytes'
printf '\377\376x\000=\000' >utf16.tl;                          check utf16 1 'UTF-16'
printf 'x = 1;\nx = \344;\n' >latin.tl;                         check latin 1 'not valid UTF-8'
is  "bytes that are no text are not sent to the terminal" 0 "$("$TL" --check latin.tl 2>&1 | LC_ALL=C grep -c "$(printf '\344')")"
printf 'x = 1 \033[2J\n' >escape.tl
is  "nor escape sequences"                                0 "$("$TL" --check escape.tl 2>&1 | LC_ALL=C grep -c "$(printf '\033')")"
printf 'x = 1;\n%%{\nnever closed\n' >open-comment.tl;          check open-comment 1 'the block comment opened at line 2 is not closed'
printf 'for k = 1:3\n  disp(k)\n' >open-block.tl;               check open-block 1 "'for' opened at line 1 is not closed"
printf 'x = [1, 2\ny = 3;\n' >open-bracket.tl;                  check open-bracket 1 "'[' opened at line 1, column 5 is not closed"
printf "x = 'abc\ny = 3;\n" >open-text.tl;                      check open-text 1 'is not closed on this line'
printf 'fprintf(%%d\\n, 3)\n' >no-quotes.tl;                     check no-quotes 1 "hint: % begins a comment; a text stands in quotes: '%d'"
awk 'BEGIN { printf "x = "; for (i = 0; i < 100000; i++) printf "("; print "1" }' >deep.tl; check deep 1 'nested more than'
awk 'BEGIN { for (i = 0; i < 5000; i++) print "if true" }' >blocks.tl; check blocks 1 'nested more than'
mkdir folder.tl;                                                check folder 1 "cannot read 'folder.tl': Is a directory"
ln -s loop.tl loop.tl;                                          check loop 1 "cannot read 'loop.tl'"
check empti 1 "cannot open 'empti.tl': No such file or directory"
check empti 1 "hint: did you mean 'empty.tl'?"
printf 'value = 1;\ndisp(valeu)\n' >unknown.tl;                 check unknown 0 "unknown.tl:2:6: warning: 'valeu' is neither a variable nor a function here; did you mean 'value'?"
printf 'function r = f(x)\n  r = x;\n' >open-function.tl;       check open-function 0
if [ "$(id -u)" != 0 ]; then
    echo 'x = 1;' >secret.tl; chmod 0 secret.tl;                check secret 1 'Permission denied'
fi
is  "several files: one that fails is enough" 1 "$("$TL" --check empty.tl nul.tl crlf.tl >out 2>&1; echo $?)"
is  "and only that one is told"               1 "$(grep -c '^error' out)"
for f in empty comments bom crlf no-newline; do
    is "running $f" 0 "$("$TL" $f.tl >out 2>&1 </dev/null; echo $?)"
done
for f in nul binary utf16 folder loop open-block; do
    is "running $f" 1 "$("$TL" $f.tl >out 2>&1 </dev/null; echo $?)"
done
printf 'function r = f(x)\n  r = x;\n  if r > 1\n    r = 1;\nend\ny = f(3)\n' >swallowed.tl
is  "a file whose functions swallow the rest says so" "tl: swallowed.tl only defines functions (f): nothing has run
  hint: f, begun at line 1, goes on to the end of the file; an 'end' behind its last statement closes it" "$("$TL" swallowed.tl 2>&1)"
plan
