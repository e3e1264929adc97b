# SPDX-License-Identifier: BSD-3-Clause
# ./start as root, with sudo and with neither, on stand-ins for apt-get, dpkg-query, sudo and id, and for the project: its
# bootstrap makes a configure that makes a Makefile that makes a script called tl.  No network, no root, no compiler.
set -u
top=${SRCDIR:?}
here=$(mktemp -d) || exit 1
trap 'rm -rf "$here"' EXIT
bin=$here/bin project=$here/a\ project/tl
n=0

mkdir -p "$bin" "$here/state"
STATE=$here/state; export STATE
cat >"$bin/dpkg-query" <<'X'
#!/bin/sh
# every package that is in $STATE/installed; the first three arguments are -W -f FORMAT
shift 3
status=0
for p; do
    if grep -qx "$p" "$STATE/installed"; then echo "ii $p"; else echo "dpkg-query: no packages found matching $p" >&2; status=1; fi
done
echo "rc leftover"
exit $status
X
cat >"$bin/apt-get" <<'X'
#!/bin/sh
echo "$(id -u) apt-get $*" >>"$STATE/apt"
[ -f "$STATE/apt-fails" ] && { echo "E: cannot fetch"; exit 100; }
case $1 in install)
    for a; do case $a in install | -*) ;; *) echo "$a" >>"$STATE/installed" ;; esac; done ;;
esac
exit 0
X
cat >"$bin/sudo" <<'X'
#!/bin/sh
[ -f "$STATE/sudo-refuses" ] && exit 1
[ "$1" = -n ] && shift
UID_NOW=0 exec "$@"
X
cat >"$bin/id" <<'X'
#!/bin/sh
echo "${UID_NOW:-0}"
X
chmod +x "$bin"/*

fresh() {   # fresh USER-ID: a clone that nobody has built, a machine that has nothing
    UID_NOW=$1; export UID_NOW
    rm -rf "$project" "$here/state"; mkdir -p "$project/m4" "$here/state"
    : >"$here/state/installed"; : >"$here/state/apt"
    cp "$top/start" "$project/start"
    touch "$project/configure.ac" "$project/Makefile.am"
    cat >"$project/bootstrap" <<'X'
#!/bin/sh
cd "$(dirname "$0")" && mkdir -p build-aux && touch build-aux/sources.mk
cat >configure <<'Y'
#!/bin/sh
[ -f "$STATE/configure-fails" ] && { echo "configure: error: this is missing: BLAS"; exit 1; }
echo 'S["HAVE_CHECK_TRUE"]=""' >config.status
{
    echo "abs_builddir = $PWD"
    printf 'all:\n\t@echo made >>"$(STATE)/made"; printf "#!/bin/sh\\necho tl: \\"\\$$@\\"\\n" >tl; chmod +x tl\n'
    printf 'check: all\n\t@echo "ok tests/one"; echo "3 passed, $${FAILS-0} failed"\n'
} >Makefile
Y
X
}
run() {     # run ARGS...: its output in $out, $err, its end in $status
    (cd "$here" && PATH=$bin:$PATH STATE=$here/state sh "$project/start" "$@" >"$here/out" 2>"$here/err" </dev/null)
    status=$?
    out=$(cat "$here/out") err=$(cat "$here/err")
}
is() {      # is CLAIM COMMAND...
    claim=$1; shift; n=$((n + 1))
    if "$@"; then echo "ok $n - $claim"; else
        echo "not ok $n - $claim"
        printf 'status %s\nstdout:\n%s\nstderr:\n%s\napt:\n%s\n' "$status" "$out" "$err" "$(cat "$here/state/apt")" | sed 's/^/# /'
    fi
}
has() { case $1 in *"$2"*) return 0 ;; *) return 1 ;; esac; }
not() { ! "$@"; }
made() { wc -l 2>/dev/null <"$here/state/made" | tr -d ' '; }
apt() { cat "$here/state/apt"; }
root_needs='gcc libc6-dev make autoconf automake libtool pkg-config libopenblas-openmp-dev libsleef-dev libpcre2-dev libjansson-dev libreadline-dev libfftw3-dev libpng-dev libjpeg-dev libsuitesparse-dev libarpack2-dev libmatio-dev'

fresh 0
run build
is "root: it builds" test "$status" = 0
is "root: installs what is missing, in one go" has "$(apt)" "0 apt-get install -y -q --no-install-recommends $root_needs"
is "root: one line a step with its time" test "$(printf '%s\n' "$err" | grep -cE '^(package lists|install .*|bootstrap|configure|build) … [0-9]+ s$')" = 5
is "root: nothing on stdout" test -z "$out"
: >"$here/state/apt"
run build
is "a second time nothing is done" test "$status$err$(apt)$(made)" = 01
run build extra
is "build takes no argument" test "$status" = 2
touch "$project/Makefile.am"
run build
is "a newer source: make again" test "$(made)" = 2
is "… and no package asked for" test -z "$(apt)"
is "… nor configure run" not has "$err" configure

fresh 1000
run build
is "sudo: it builds" test "$status" = 0
is "sudo: apt-get runs as root" has "$(apt)" "0 apt-get install"
run check
is "check: passes" test "$status" = 0
is "check: installs what tests need" has "$(apt)" "--no-install-recommends check"
is "check: the sum is the last line" test "$(printf '%s\n' "$out" | tail -n 1)" = "3 passed, 0 failed"
FAILS=1; export FAILS
run check
is "check: a failure is a failure" test "$status" = 1
is "check: and says so last" test "$(printf '%s\n' "$out" | tail -n 1)" = "3 passed, 1 failed"
unset FAILS

fresh 1000
touch "$here/state/sudo-refuses"
run build
is "neither: ends with 1" test "$status" = 1
is "neither: prints the line to type" has "$err" "    apt-get install -y --no-install-recommends $root_needs"
is "neither: installs and builds nothing" test -z "$(apt)$(made)"
printf '%s\n' gcc libc6-dev make autoconf automake libtool pkgconf libopenblas-pthread-dev libsleef-dev libpcre2-dev libjansson-dev libfftw3-dev libpng-dev libjpeg62-turbo-dev libsuitesparse-dev libarpack2-dev libmatio-dev >"$here/state/installed"
run build
is "neither: only what is missing; another BLAS or pkgconf will do" has "$err" "    apt-get install -y --no-install-recommends libreadline-dev"
echo libreadline-dev >>"$here/state/installed"
run build
is "neither, but all is there: builds" test "$status$(made)" = 01
run check
is "check needs more, and says what" has "$err" "    apt-get install -y --no-install-recommends check"

fresh 0
touch "$here/state/apt-fails"
run build
is "apt-get fails: 1, its words, what to type" test "$status" = 1
is "apt-get fails: its own words" has "$err" "E: cannot fetch"
is "apt-get fails: what to type" has "$err" "apt-get install -y --no-install-recommends gcc"

fresh 0
touch "$here/state/configure-fails"
run build
is "configure fails: 1" test "$status" = 1
is "configure fails: says why" has "$err" "this is missing: BLAS"
rm "$here/state/configure-fails"
run build
is "… and once that is mended, goes on" test "$status$(made)" = 01

echo "x = 1" >"$here/a script.tl"
run "a script.tl" "b c" d
is "a script, from the folder where one is, with its arguments" test "$out" = "tl: a script.tl b c d"
run -e "1 + 1"
is "an option is tl's" test "$out" = "tl: -e 1 + 1"
run
is "nothing: the prompt" test "$out" = "tl:"
run nosuch.tl
is "a script that is not there" test "$status" = 2
run --help
is "help" has "$out" "usage: ./start"

cp -R "$here/a project" "$here/copy"
rm -rf "$here/a project"; project=$here/copy/tl
touch "$project/Makefile.am"
run build
is "a copied tree builds anew" has "$err" "making it anew"
is "… and well" test "$status" = 0

echo "1..$n"
