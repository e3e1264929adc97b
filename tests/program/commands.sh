#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# The commands of the program: tl example, tl demo, and tl trust, without which a folder's .tlrc never runs. Answers in TAP.
. "$SRCDIR/tests/tap.sh"
HOME=$PWD; XDG_STATE_HOME=$PWD/state; XDG_CONFIG_HOME=$PWD; export HOME XDG_STATE_HOME XDG_CONFIG_HOME

has "example lists the programs"   "life" "$("$TL" example)"
is  "and runs one"                 "ans = 1" "$("$TL" example life | tail -1)"
is  "or the example of a function" "ans = 6" "$("$TL" example numel | tail -1)"
has "an unknown one"               "there is no program and no function 'nosuch'" "$("$TL" example nosuch 2>&1)"
is  "fails"                        1 "$("$TL" example nosuch >out 2>&1; echo $?)"
is  "a name is no code"            2 "$("$TL" example "x');disp(1);('" >out 2>&1; echo $?)"
has "demo shows what it runs"      "p = find(isprime_);" "$("$TL" demo primes </dev/null)"
has "and what the program is"      "the sieve of Eratosthenes" "$("$TL" demo primes </dev/null)"
printf 'disp(77)\n' >demo
is  "a script of that name"        77 "$("$TL" ./demo)"
mkdir -p a/b; cd a || exit 1
start() { echo 'exist("mine")' | "$TL" -i 2>err; }
has "nothing to be trusted"        "has no .tlrc" "$("$TL" trust 2>&1)"
is  "nothing to be run"            "ans = 0" "$(start)"
echo 'mine = 5;' >.tlrc
is  "not trusted: not run"         "ans = 0" "$(start)"
has "which is said"                "\`tl trust\`" "$(cat err)"
has "trust shows what it trusts"   "mine = 5;" "$("$TL" trust)"
is  "trusted: run"                 "ans = 1" "$(start)"
is  "without a word"               "" "$(cat err)"
is  "not with --no-startup"        "ans = 0" "$(echo 'exist("mine")' | "$TL" -i --no-startup)"
is  "not for a script"             "ans = 0" "$("$TL" -e 'exist("mine")')"
echo 'mine = 6;' >.tlrc
is  "changed: not run"             "ans = 0" "$(start)"
"$TL" trust >/dev/null; (cd b && cp ../.tlrc . && echo 'exist("mine")' | "$TL" -i >../got 2>&1)
has "a copy elsewhere: not run"    "ans = 0" "$(cat got)"
is  "--list"                       "$(pwd -P)" "$("$TL" trust --list)"
"$TL" trust --remove
is  "--remove"                     "ans = 0" "$(start)"
is  "nothing more to remove"       1 "$("$TL" trust --remove 2>err; echo $?)"
rm .tlrc; mkdir .tlrc
has "a folder is no file"          "cannot read" "$("$TL" trust 2>&1)"
is  "and nothing runs"             "ans = 0" "$(start)"
has "no such folder"               "nosuch" "$("$TL" trust nosuch 2>&1)"
is  "wrong words"                  2 "$("$TL" trust a b 2>err; echo $?)"
plan
