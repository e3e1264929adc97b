# SPDX-License-Identifier: BSD-3-Clause
# Every function, member of a package, keyword and operator has a page of help with signature, meaning, example and See also, whose names
# exist; no page is longer than its reader has patience for. Pages whose text
# does not speak of an argument by name are counted: most of those names say it all, as xlow, fid or format do.
set -u
{ "$TL" --functions; cd "$SRCDIR/scripts" && ls -d +*/*.tl | sed 's|^+||; s|/|.|; s|\.tl$||'; } | sort -u >"$OLDPWD/names" 2>/dev/null || exit 1
cd "$OLDPWD" || exit 1
sed -n 's/^OPERATOR([A-Z]*, *"\([^"]*\)".*/\1/p' "$SRCDIR/interp/operators.def" | sed 's/\\\\/\\/' >operators
cat >look.tl <<'TL'
names = strsplit(strtrim(fileread('names')), "\n");
% These end or stop the session, wait for somebody at a terminal, or clear it: an example could not be run.
no_example = {'beep', 'clc', 'dbcont', 'dbdown', 'dblist', 'dbquit', 'dbstep', 'dbup', 'dbwhere', 'edit', 'exit', 'input', 'keyboard', 'quit'};
bad = {};
unsaid = {};
usual = {'name', 'value', 'varargin', 'on', 'off', 'all', 'end', 'ax', 'arg'};
to_come = regexp(fileread(fullfile(getenv('SRCDIR'), 'tests', 'functions.txt')), '^(\w+)', 'match', 'lineanchors');
for k = 1:numel(names)
  n = names{k};
  t = regexprep(help(n), '^''[^\n]* is a [^\n]*\n+', '');
  t = regexprep(t, ["\n(And in the language:|'" n "' is a package[:,])[\\s\\S]*"], '');      % a word that is both
  t = regexprep(regexprep(t, '^  ', '', 'lineanchors'), '\s+$', '');
  parts = strsplit(t, "\n\n");
  if isempty(strfind(parts{1}, regexprep(n, '^.*\.', ''))), bad{end + 1} = [n ': its page does not begin with a signature']; end
  if numel(parts) < 2, bad{end + 1} = [n ': no meaning']; end
  if ! any(strcmp(n, no_example)) && isempty(regexp(t, '^\s*Examples?:', 'once', 'lineanchors')), bad{end + 1} = [n ': no example']; end
  body = regexprep(t(numel(parts{1}) + 1:end), '\n\s*Examples?:[\s\S]*', '');
  if numel(body) > 1600, bad{end + 1} = sprintf('%s: its text has %d characters', n, numel(body)); end
  args = regexp(regexprep(parts{1}, '''[^'']*''|"[^"]*"', ''), '\(([^)]*)\)', 'tokens');
  args = setdiff(regexp(strjoin([args{:} {''}], ' '), '[A-Za-z]\w+', 'match'), usual);        % a single letter explains itself beside the formula
  for a = args(cellfun(@(a) isempty(regexp(body, ['(?i)\<' a '(s|es|\d)?\>'], 'once')), args))
    unsaid{end + 1} = n;
  end
  see = regexp(t, 'See also:(.*)', 'tokens', 'once');
  if isempty(see), bad{end + 1} = [n ': no See also']; continue, end
  for s = strtrim(strsplit(see{1}, ','))
    page = help(s{1});
    if isempty(regexp(page, '^There is no function', 'once')), continue, end
    if any(strcmp(s{1}, to_come)), printf("# %s: See also names '%s', which is still to come\n", n, s{1});
    else, bad{end + 1} = [n ': See also names ''' s{1} ''', which is nothing']; end
  end
end
others = {'=', '+=', '-=', '*=', '/=', '^=', '|=', '&=', '++', '--', '~=', '~', '(', ')', '[', ']', '{', '}', '@', ':', '''', '"', '%', '#', '...', 'begin'};
for w = [iskeyword(), strsplit(strtrim(fileread('operators')), "\n"), others]
  t = help(w{1});
  if ! isempty(regexp(t, '^There is no', 'once')) || isempty(strfind(t, 'Example:')) || isempty(strfind(t, 'See also:'))
    bad{end + 1} = [w{1} ': no whole page'];
  end
end
if isempty(bad), printf('ok 1 - %d names\n', numel(names)); else, printf('not ok 1 - %d names\n', numel(names)); end
if ! isempty(bad), printf('#   %s\n', bad{:}); end
printf('# %d pages do not speak of one of their arguments\n', numel(unique(unsaid)));
disp('1..1')
TL
exec "$TL" look.tl
