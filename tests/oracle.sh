#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# oracle.sh [--fill] FILE...  runs .tl tests in GNU Octave and compares what it prints with the expectations in the lines.
# Without files: all tests whose first line says `% conforms to Octave`.  What tl does otherwise on purpose stands below a
# comment line that begins with `% tl:`; it is run but not compared.  Of errors and warnings only that they happen is
# compared, the words are tl's own.  --fill writes what Octave prints in place of every expectation `?`, to be read before
# it is believed.  A statement without an expectation must be silent here.  Status 77 without Octave.
set -u
LC_ALL=C.UTF-8; export LC_ALL
octave=${OCTAVE-octave-cli}
command -v "$octave" >/dev/null 2>&1 || { echo "skip: no $octave"; exit 77; }
fill=0
[ "${1-}" = --fill ] && { fill=1; shift; }
[ $# = 0 ] && { cd "$(dirname "$0")" && set -- $(grep -rl --include='*.tl' '^% conforms to Octave' .); }
driver=$(mktemp -d) || exit 1
trap 'rm -rf "$driver"' EXIT
cat >"$driver/oracle.m" <<'END'
1;
function line = tidy(line)
  line = regexprep(line, '[ \t\r]+$', '');
end
% What the statements print, as lines; an error becomes its message.
function out = run(text)
  got = evalc(["try, evalin('base', text); catch oracle_e, fflush(stdout); " ...
               "printf('error: %s\\n', oracle_e.message); end"]);
  out = cellfun(@tidy, strsplit(got, "\n", 'CollapseDelimiters', false), 'UniformOutput', false);
  out(cellfun('isempty', out) | ismember(out, {'Diagonal Matrix', 'Permutation Matrix'})) = [];
end
function yes = fits(want, got)
  last = find(strncmp(got, 'error:', 6), 1);
  if ! isempty(last) && numel(want) == last, got = got(1:last); end
  yes = numel(want) == numel(got);
  for k = 1:numel(want) * yes
    w = want{k}; g = got{k};
    if strncmp(w, 'error:', 6) || strncmp(w, 'warning:', 8)
      yes = yes && strncmp(g, w, 6);
    else
      w = strrep(regexptranslate('escape', w), '…', '.*');
      yes = yes && ! isempty(regexp(g, ['^' w '$'], 'once'));
    end
  end
end
function bad = oracle(file, fill)
  line = strsplit(fileread(file), "\n", 'CollapseDelimiters', false);
  if isempty(line{end}), line(end) = []; end
  result = {}; text = ''; bad = 0; skip = false; k = 1;
  while k <= numel(line)
    at = regexp(line{k}, '(^|\s)%!', 'once');
    if isempty(at)
      if strncmp(line{k}, '% tl:', 5), skip = true; end
      text = [text line{k} "\n"];
      result{end+1} = line{k}; k++;
      continue
    end
    first = k; want = {};
    [code, rest] = deal(line{k}(1:at-1), regexprep(line{k}(at:end), '^\s*%! ?', ''));
    if ! isempty(tidy(rest)), want{end+1} = tidy(rest); end
    k++;
    while k <= numel(line) && strncmp(line{k}, '%!', 2)
      rest = tidy(regexprep(line{k}, '^%! ?', ''));
      if ! isempty(rest), want{end+1} = rest; end
      k++;
    end
    got = run([text code "\n"]);
    if fill && isequal(want, {'?'})
      if isempty(got), got = {''}; end
      result{end+1} = tidy([tidy(code) '   %! ' got{1}]);
      for g = got(2:end), result{end+1} = ['%! ' g{1}]; end
    else
      result = [result line(first:k-1)];
      if ! skip && ! fits(want, got)
        bad++;
        printf('%s:%d: %s\n', file, first, code);
        printf('   test:   %s\n', want{:}); printf('   Octave: %s\n', got{:});
      end
    end
    text = ''; skip = false;
  end
  if fill
    f = fopen(file, 'w'); fprintf(f, '%s\n', result{:}); fclose(f);
  end
end
page_screen_output(false); warning('off', 'Octave:num2str-deprecated');
oracle(argv(){2}, strcmp(argv(){1}, '1'));
END
status=0
for f; do
    [ $fill = 1 ] || echo "$f"
    timeout 60 "$octave" -qf "$driver/oracle.m" "$fill" "$f" >"$driver/log" 2>&1
    sed -i '/^error: ignoring const execution_exception/d' "$driver/log"
    cat "$driver/log"
    test -s "$driver/log" && status=1
done
exit $status
