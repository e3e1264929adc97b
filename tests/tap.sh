# SPDX-License-Identifier: BSD-3-Clause
# tap.sh: how the tests in sh answer, in TAP.  They begin with  . "$SRCDIR/tests/tap.sh"  and end with  plan.
: "${TL=tl}"
n=0
ok() {      # ok STATUS NAME DETAIL: passed when the status is 0, else DETAIL says why
    n=$((n + 1))
    if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; printf '%s\n' "$3" | sed 's/^/#   /'; fi
}
is() {      # is NAME WANTED GOT
    [ "$2" = "$3" ]; ok $? "$1" "wanted: $2
got: $3"
}
has() {     # has NAME PART GOT
    case $3 in *"$2"*) ok 0 "$1" ;; *) ok 1 "$1" "wanted: …$2…
got: $3" ;; esac
}
plan() { echo "1..$n"; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
own_home() {    # nothing of the user's is read or written
    HOME=$PWD; XDG_STATE_HOME=$PWD; XDG_CONFIG_HOME=$PWD; export HOME XDG_STATE_HOME XDG_CONFIG_HOME
}
