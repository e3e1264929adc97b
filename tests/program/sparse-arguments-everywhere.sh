#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Every function of the library is called with sparse arguments, in five forms: the result is that of the full matrices, or an error that is
# told; none crashes.  Left out: what draws random numbers, asks the user, ends the program, tells time, or speaks
# of form itself; of what draws figures only that it does not crash.
set -u
"$TL" --functions | grep -v '^nn\.\|^cunn\.\|^cudnn\.\|^optim\.\|^openmp\|^plot\|^image\|rnd$\|figure\|axes\|axis' | grep -vxE 'input|keyboard|exit|quit|pause|rand|rande|randg|randi|randn|randp|randperm|sprand|sprandn|sprandsym|clear|clearvars|clc|more|diary|source|run|system|shell_cmd|unix|dos|issparse|sparse|tic|toc|now|clock|cputime|time|nzmax|beep|getpid|path|doc|edit|save|whos|who|error|rethrow|history|ls|dir|isargout|nargin|nargout|timeit|code|random|multinomial|shell|deterministic|maxNumCompThreads|manualSeed|isshared|rehash|output_precision|date|tempname|puts|fputs|fdisp|disp|display|print_usage|clone|onCleanup|MException|autograd|containers.Map|str2double|full|memory|profile|datestr|close|print|waitbar|spfun|matrix_type|wathen|gallery|help|which|type|lookfor|apropos|exist|debug|dbstop|record|sound|ishghandle|is.*graphics|ishandle' >names
cat >run.tl <<'T'
S = sparse([4 1 0; 1 3 0; 0 0 2]); warning('off', 'all');
names = strsplit(fileread('names'), "\n");
function r = outcome(f, varargin)
  try, r = {f(varargin{:})}; catch e, r = e.message; end
end
function y = plain(x)
  if iscell(x), y = cellfun(@plain, x, 'UniformOutput', false); elseif issparse(x), y = full(x); else y = x; end
end
function yes = alike(r, q)
  yes = isequaln(plain(r), plain(q));
  try, yes = yes || max(max(abs(double(plain(r{1})) - double(q{1})))) < 1e-9; catch, end
end
for k = 1:numel(names)
  name = names{k};
  if isempty(name), continue, end
  try, f = str2func(name); catch, continue, end
  for form = {{S}, {S, S}, {S, 2}, {2, S}, {S, 'a'}}
    a = form{1}; b = cellfun(@plain, a, 'UniformOutput', false);
    at = sprintf('%s with %d', name, numel(a));
    fid = fopen('at', 'w'); fputs(fid, at); fclose(fid);
    r = outcome(f, a{:}); q = outcome(f, b{:});
    if !isempty(get(0, 'children')), close all, continue, end      % it draws
    if iscell(r) && iscell(q) && !alike(r, q)
      printf("\n#DIFFERS %s\n", at);
    elseif iscell(q) && !iscell(r) && isempty(strtrim(r))
      printf("\n#SILENT %s\n", at);
    end
  end
end
printf("\n#ALL %d\n", numel(names));
T
"$TL" run.tl </dev/null >out 2>&1
bad=$(grep -ac '^#DIFFERS\|^#SILENT' out)
if grep -aq '^#ALL' out; then echo "ok 1 - nothing crashes"; else echo "not ok 1 - it ended at $(cat at)"; fi
if [ "$bad" = 0 ]; then echo "ok 2 - results are those of full matrices"; else echo "not ok 2 - $bad results differ"; grep -a '^#DIFFERS\|^#SILENT' out; fi
echo 1..2
