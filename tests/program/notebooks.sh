#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# `tl --json` as a kernel or an editor speaks with it, scripts as notebooks, and a real Jupyter where there is one.
. "$SRCDIR/tests/tap.sh"
own_home
unset JUPYTER_DATA_DIR XDG_DATA_HOME VIRTUAL_ENV CONDA_PREFIX

# --- one request after another: said WHAT 'REQUEST…' 'PATTERN of the events, joined' ---
said() {
    what=$1 want=$2; shift 2
    got=$(printf '%s\n' "$@" | "$TL" --json | tr '\n' ' ')
    printf '%s\n' "$got" | grep -qE "$want"; ok $? "$what" "said: $got"
}
said "it is ready"             '^\{"ev":"ready","version":"[0-9.]+","protocol":1\} $' ''
said "what is printed is a stream, then done" '"name":"stdout","text":"x = 2\\n"\} \{"ok":true,"ev":"done","id":1\}' '{"id":1,"op":"execute","code":"x = 2"}'
said "variables stay"          '"text":"ans = 5\\n"' '{"id":1,"op":"execute","code":"x = 2;"}' '{"id":2,"op":"execute","code":"x + 3"}'
said "UTF-8"                   'h\\u00E9\\n' '{"id":1,"op":"execute","code":"disp(\"hé\")"}'
said "bytes that are no UTF-8" '"text":"a\\uFFFDb\\n"' '{"id":1,"op":"execute","code":"disp(char([97 255 98]))"}'
said "an error has name, text, place" '"ename":"Octave:undefined-function","evalue":"'"'y'"' is undefined","traceback":\["error: '"'y'"' is undefined".*\^.*"ok":false' '{"id":1,"op":"execute","code":"y"}'
said "a syntax error"          '"evalue":"[^"]*","traceback":.*"ok":false' '{"id":1,"op":"execute","code":"x = (1"}'
said "after an error it goes on" '"ok":false.*ans = 2' '{"id":1,"op":"execute","code":"y"}' '{"id":2,"op":"execute","code":"1+1"}'
said "started programs print too" '"name":"stdout","text":"out\\n".*"done"' '{"id":1,"op":"execute","code":"system(\"echo out\");"}'
said "… to stderr as well"     '"name":"stderr","text":"err\\n".*"done"' '{"id":1,"op":"execute","code":"!echo err >&2"}'
said "?name is help"           'e to the power x' '{"id":1,"op":"execute","code":"?exp"}'
said "exit(n) ends"            '"id":1\} $' '{"id":1,"op":"execute","code":"exit(3)"}' '{"id":2,"op":"execute","code":"disp(9)"}'
printf '{"op":"execute","code":"exit(3)"}\n' | "$TL" --json >/dev/null; [ $? = 3 ]; ok $? "… with its status" ""
said "quit ends"               '"id":1\} $' '{"id":1,"op":"quit"}' '{"id":2,"op":"execute","code":"disp(9)"}'
said "completion"              '"matches":\["zeros"\],"start":4' '{"id":1,"op":"complete","code":"x = zer","pos":7}'
said "… counts characters"     '"start":7,.*"start":7' '{"id":1,"op":"complete","code":"é = 1, zero","pos":11}' '{"id":1,"op":"complete","code":"\"é\" == zero","pos":11}'
said "… of variables"          'weights' '{"id":1,"op":"execute","code":"weights = 1;"}' '{"id":2,"op":"complete","code":"wei","pos":3}'
said "help of a name"          '"text":".*array of zeros' '{"id":1,"op":"help","code":"y = zeros(3)","pos":8}'
said "… of a package's"        '"text":".*nn\.Linear' '{"id":1,"op":"help","code":"nn.Linear(","pos":10}'
said "… of nothing"            '"text":""' '{"id":1,"op":"help","code":"  ","pos":1}'
said "is it whole?"            '"state":"complete".*"state":"incomplete","indent":"  ".*"state":"invalid"' \
    '{"id":1,"op":"is_complete","code":"x = 1"}' '{"id":2,"op":"is_complete","code":"for k = 1:3"}' '{"id":3,"op":"is_complete","code":"x = )"}'
said "the workspace"           '\{"name":"m","class":"single","size":"2x3"\}' '{"id":1,"op":"execute","code":"m = zeros(2, 3, \"single\");"}' '{"id":2,"op":"workspace"}'
said "input asks back"         '"ev":"input","prompt":"name\? ".*s = Bob' '{"id":1,"op":"execute","code":"s = input(\"name? \", \"s\")"}' '{"op":"input","text":"Bob"}'
said "nobody answers input"    '"ok":false' '{"id":1,"op":"execute","code":"s = input(\"?\")"}'
said "%%file writes"           'wrote made.txt' '{"id":1,"op":"execute","code":"%%file made.txt\none\ntwo"}'
[ "$(cat made.txt)" = "one
two" ]; ok $? "… the cell" "$(cat made.txt)"
said "%%file cannot"           'cannot write .*No such file.*"ok":false' '{"id":1,"op":"execute","code":"%%file no/such/made.txt\none"}'
said "code that is none"       'execute wants ..code.., a text.*"ok":false.*complete wants.*"ok":false.*ans = 2' '{"id":1,"op":"execute"}' '{"id":2,"op":"complete","code":5}' '{"id":3,"op":"execute","code":"1+1"}'
said "what is no request"      'not a request: .*not a request: .*no ..op.*unknown op .*ans = 2' 'nonsense' '{"id":1}' '{"id":2,"op":"fly"}' '{"id":3,"op":"execute","code":"1+1"}'
said "large output is whole"   '"ok":true' '{"id":1,"op":"execute","code":"for k = 1:20000, printf(\"%d line\\n\", k); end"}'
printf '%s\n' '{"id":1,"op":"execute","code":"for k = 1:20000, printf(\"%d line\\n\", k); end"}' | "$TL" --json | grep -o '[0-9]* line' | sort -un | wc -l >count
[ "$(cat count)" -eq 20000 ]; ok $? "… line by line" "$(cat count)"
if command -v gnuplot >/dev/null 2>&1; then
    said "a picture comes at the end of its cell" '"ev":"display","data":\{"image/svg.xml":"<.xml.*</svg>.*"ok":true' '{"id":1,"op":"execute","code":"plot([1 3 2])"}'
    said "one of many points as dots" '"ev":"display","data":\{"image/png":"iVBORw0KGgo' '{"id":1,"op":"execute","code":"plot(1:9000)"}'
    said "the picture stands behind the text before it" '"text":"before\\n".*"ev":"display".*"text":"behind\\n"' '{"id":1,"op":"execute","code":"disp before; plot(1:3); drawnow; pause(0); disp behind"}'
else
    echo "ok $((n = n + 1)) - # SKIP no gnuplot here"
fi

# --- while it computes ---
mkfifo in
"$TL" --json <in >out & pid=$!
exec 3>in
wait_for() { k=0; until grep -q "$1" out; do k=$((k + 1)); [ $k -lt 200 ] || return 1; sleep 0.05; done; }
echo '{"id":1,"op":"execute","code":"k = 1; disp(\"begun\"); while true, k = k + 1; end"}' >&3
wait_for begun; ok $? "a loop prints while it runs" "$(cat out)"
echo '{"id":2,"op":"interrupt"}' >&3
wait_for '"done","id":1'; ok $? "interrupt ends it" "$(cat out)"
grep -q '"ename":"interrupt"' out; ok $? "… and says so" "$(cat out)"
echo '{"id":3,"op":"execute","code":"disp(k > 1)"}' >&3
wait_for '"done","id":3' && grep -q '"text":"1\\n"' out; ok $? "the variables are kept" "$(cat out)"
echo '{"id":4,"op":"execute","code":"disp(\"again\"); pause(60)"}' >&3
wait_for again; kill -INT $pid; wait_for '"done","id":4'; ok $? "SIGINT does the same" "$(cat out)"
kill -INT $pid; echo '{"id":5,"op":"execute","code":"disp(77)"}' >&3
wait_for '"text":"77'; ok $? "a SIGINT between requests is nothing" "$(cat out)"
exec 3>&-
wait $pid; ok $? "the end of the input ends it" "status $?"

# --- scripts and notebooks ---
cat >s.tl <<'END'
#!/usr/bin/env tl
% SPDX-License-Identifier: BSD-3-Clause
% What this is *about*

%% Vectors
% A list of numbers:
%
% - one
x = [1 2 3]
% a comment in code

%%

% a comment that is code
y = x'

%% Only a heading
%% Last
z = x * y
END
"$TL" notebook s.tl >said; ok $? "a script becomes a notebook" "$(cat said)"
"$TL" -e "b = jsondecode(fileread('s.ipynb')); printf('%d %d |', b.nbformat, numel(b.cells)); for k = 1:numel(b.cells), c = b.cells{k}; printf('%s:%s|', c.cell_type, [c.source{:}]); end" >cells 2>&1
printf '%s' '4 7 |markdown:What this is *about*|markdown:## Vectors

A list of numbers:

- one|code:x = [1 2 3]
% a comment in code|code:% a comment that is code
y = x'"'"'|markdown:## Only a heading|markdown:## Last|code:z = x * y|' >wanted
cmp -s cells wanted; ok $? "its cells" "$(cat cells)"
"$TL" notebook s.ipynb back.tl >/dev/null && "$TL" notebook back.tl back.ipynb >/dev/null && cmp -s s.ipynb back.ipynb; ok $? "there and back" "$(cat back.tl)"
[ "$("$TL" s.tl)" = "$("$TL" back.tl)" ]; ok $? "… prints the same" "$("$TL" back.tl 2>&1)"
"$TL" notebook s.tl 2>said; [ $? = 1 ] && grep -q "'s.ipynb' exists" said; ok $? "a notebook is not overwritten unasked" "$(cat said)"
"$TL" notebook none.tl 2>said; [ $? = 1 ] && grep -q "cannot read 'none.tl'" said; ok $? "a file that is not there" "$(cat said)"
echo 'x' >bad.ipynb; "$TL" notebook bad.ipynb b.tl 2>said; [ $? = 1 ] && grep -q 'no notebook' said && [ ! -e b.tl ]; ok $? "what is no notebook" "$(cat said)"
echo '{"cells":[1,{"cell_type":"code"},{"cell_type":"code","source":5}]}' >odd.ipynb; "$TL" notebook odd.ipynb o.tl >/dev/null; ok $? "odd cells" ""
"$TL" notebook 2>said; [ $? = 2 ] && grep -q Usage said; ok $? "usage" "$(cat said)"

bad=
for f in "$SRCDIR"/scripts/lessons/*.tl; do
    "$TL" notebook "$f" l.ipynb >/dev/null && "$TL" notebook l.ipynb l.tl >/dev/null && "$TL" notebook l.tl l2.ipynb >/dev/null && cmp -s l.ipynb l2.ipynb || bad="$bad $f"
    grep -c . l.tl >/dev/null || bad="$bad $f"
done
[ -z "$bad" ]; ok $? "every lesson is a notebook" "$bad"

# --- Jupyter ---
"$TL" kernel install --prefix "$PWD/p" >said; ok $? "kernel install" "$(cat said)"
[ -f p/share/jupyter/kernels/tl/kernel.json ] && [ -f p/share/jupyter/kernels/tl/tl_kernel.py ]; ok $? "… writes the kernel" "$(find p)"
[ "$("$TL" kernel path)" = "$HOME/.local/share/jupyter/kernels/tl" ]; ok $? "the user's folder" "$("$TL" kernel path)"
[ "$(VIRTUAL_ENV=/v "$TL" kernel path --sys-prefix)" = /v/share/jupyter/kernels/tl ]; ok $? "the environment's folder" ""
"$TL" kernel fly 2>said; [ $? = 2 ] && grep -q Usage said; ok $? "kernel's usage" "$(cat said)"
if PATH=/usr/bin:$PATH jupyter nbconvert --version >/dev/null 2>&1 && PATH=/usr/bin:$PATH python3 -c 'import ipykernel' 2>/dev/null; then
    JUPYTER_PATH=$PWD/p/share/jupyter PATH=/usr/bin:$PATH jupyter nbconvert --to notebook --execute s.ipynb --output run.ipynb >said 2>&1
    ok $? "nbconvert runs the notebook" "$(cat said)"
    "$TL" -e "b = jsondecode(fileread('run.ipynb')); c = b.cells{end}; printf('%s', [c.outputs.text{:}])" >got 2>&1
    grep -q 'z = 14' got; ok $? "… its last cell's output" "$(cat got)"
else
    echo "ok $((n = n + 1)) - # SKIP no Jupyter here (jupyter-nbconvert, python3-ipykernel)"
fi
"$TL" kernel remove --prefix "$PWD/p" >said && [ ! -e p/share/jupyter/kernels/tl ]; ok $? "kernel remove" "$(cat said)"
plan
