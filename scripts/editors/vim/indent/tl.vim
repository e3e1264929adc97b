" SPDX-License-Identifier: BSD-3-Clause
" Two columns for each block that is open; rows of a matrix stand below the first one. What is in a text or a comment does not
" count.
if exists('b:did_indent') | finish | endif
let b:did_indent = 1
setlocal indentexpr=TlIndent() indentkeys=!^F,o,O,=end,=else,=elseif,=case,=otherwise,=catch,=until,=unwind_protect_cleanup
let b:undo_indent = 'setlocal indentexpr< indentkeys<'
if exists('*TlIndent') | finish | endif

let s:opens = 'if\|for\|parfor\|while\|switch\|try\|do\|function\|unwind_protect\|begin'
let s:closes = 'end\w*\|until'
let s:inside = 'else\|elseif\|case\|otherwise\|catch\|unwind_protect_cleanup'

function s:Blank(match) abort
  return repeat(' ', len(a:match))
endfunction

function s:Bare(lnum) abort                       " texts and comments blanked, columns kept
  let text = substitute(getline(a:lnum), '"\%(\\.\|[^"\\]\)*"', '\=s:Blank(submatch(0))', 'g')
  let text = substitute(text, '\%([A-Za-z0-9_)\]}.'']\)\@1<!''[^'']*''', '\=s:Blank(submatch(0))', 'g')
  return substitute(text, '[%#].*\|\.\.\..*', '', '')
endfunction

function s:Statements(lnum) abort                 " an `end` in brackets is the last index
  let text = s:Bare(a:lnum)
  while text =~# '([^()]*)'
    let text = substitute(text, '([^()]*)', '', 'g')
  endwhile
  return text
endfunction

function s:Count(text, words) abort
  return len(split(' ' . a:text, '\%(\.\)\@1<!\<\%(' . a:words . '\)\>', 1)) - 1
endfunction

" The bracket that is open at the start of a line, unless a block was begun in it: [line, column], or [0, 0].
function s:Bracket(lnum) abort
  let open = []
  for l in range(max([1, a:lnum - 100]), a:lnum - 1)
    let text = s:Bare(l)
    let at = match(text, '[][(){}]')
    while at >= 0
      if stridx('([{', text[at]) >= 0
        call add(open, [l, at + 1])
      elseif !empty(open)
        call remove(open, -1)
      endif
      let at = match(text, '[][(){}]', at + 1)
    endwhile
  endfor
  return empty(open) || s:Bare(open[-1][0]) =~# '\<begin\>' ? [0, 0] : open[-1]
endfunction

function TlIndent() abort
  let at = s:Bracket(v:lnum)
  if at[0] | return at[1] | endif
  let before = prevnonblank(v:lnum - 1)
  if !before | return 0 | endif
  let at = s:Bracket(before)
  while at[0]
    let before = at[0]
    let at = s:Bracket(before)
  endwhile
  let text = s:Statements(before)
  let depth = s:Count(text, s:opens) - s:Count(text, s:closes)
  if text =~# '^\s*\%(' . s:inside . '\|' . s:closes . '\)\>' | let depth += 1 | endif
  if s:Statements(v:lnum) =~# '^\s*\%(' . s:inside . '\|' . s:closes . '\)\>' | let depth -= 1 | endif
  return max([0, indent(before) + depth * shiftwidth()])
endfunction
