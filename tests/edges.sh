#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# edges.sh TL FUNCTION...  for every function, or call of x (`mod(x,2)`), one row of tests/lab/edges-as-in-octave.tl: what it is
# for every x of the table there, by GNU Octave and by tl.  Where they agree the cell is the result; where not it is `?`, and both are told on
# stderr, to be read: mended, or left because tl decides otherwise.  What makes arrays as large as its argument says is not
# asked about 'hello', 1:12 and 1e10 (`-`): these would be gigabytes.
set -u
tl=$1; shift
here=$(cd "$(dirname "$0")" && pwd)
sized=' blanks cell eye false hadamard hankel hilb Inf invhilb linspace list_primes magic NaN ones pascal perms primes rand rande
  randg randi randn randp randperm rosser speye toeplitz true vander wilkinson zeros hamming hanning blackman '
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
sed -n '/^args = /,/^};/p; /^function s = seen/,/^end/p' "$here/lab/edges-as-in-octave.tl" >"$work/body"
{ echo '1;'; echo 'function print_usage(varargin), error("Octave:invalid-fun-call", "usage"); end'
  sed -n '/^function s = seen/,/^end/p' "$work/body"; sed -n '/^args = /,/^};/p' "$work/body"
  echo 'warning("off", "all");'
  for f; do
      q=$(printf '%s' "$f" | sed "s/'/''/g")
      case $sized in *" $f "*) left='any(k == [29 35 46])' ;; *) left=false ;; esac
      printf '%s\n' "printf(\"\\n##%s\", '$q'); for k = 1:numel(args), if $left, printf(' -'); continue; end, printf(' %s', seen('$q', args{k})); end; printf(\"\\n\");"
  done
} >"$work/edges_run.m"
cp "$work/edges_run.m" "$work/edges_run.tl"
(cd "$work" && octave-cli -qf edges_run.m </dev/null 2>/dev/null >octave; "$tl" edges_run.tl </dev/null >tl 2>err) || cat "$work/err" >&2
awk -v work="$work" 'BEGIN {
    while ((getline line < (work "/octave")) > 0) if (line ~ /^##/) { n = split(line, w, " "); o[w[1]] = line }
    while ((getline line < (work "/tl")) > 0) if (line ~ /^##/) {
        n = split(line, t, " "); split(o[t[1]], a, " "); name = substr(t[1], 3); row = "edge " (name ~ /\x27/ ? "\"" name "\"" : name)
        for (k = 2; k <= n; k++) {
            same = a[k] == t[k] || (a[k] ~ /^E/ && t[k] ~ /^E/)
            row = row " " (same ? a[k] ~ /^E/ ? "E" : t[k] : "?")
            if (!same) print substr(t[1], 3) " " k - 1 " octave " a[k] " tl " t[k] > "/dev/stderr"
            else if (t[k] == "E!") print substr(t[1], 3) " " k - 1 " the error does not name the function" > "/dev/stderr"
        }
        print row "   %!"
    }
}'
