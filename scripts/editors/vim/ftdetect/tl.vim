" SPDX-License-Identifier: BSD-3-Clause
" Teal, a Lua with types, ends its files in .tl too, and Vim's own list gives them to it. What the file says decides: a
" modeline or first line that names tl, then what only one of the two languages writes, else this one, since its files are
" installed here. `let g:tl_filetype = 'teal'` turns the last rule round.
function! s:Which() abort
  let head = getline(1, 50)
  if head[0] =~# '^#!.*\<tl\>' || match(head, '\<\%(vim\|vi\):.*\<\%(ft\|filetype\)=tl\>') >= 0
    return 'tl'
  endif
  if match(head, '^\s*\%(local\|global\)\s\+\%(function\|record\|enum\|type\|\w\+\s*[:=]\)\|^\s*--\|\<require\s*[("'']') >= 0
    return 'teal'
  endif
  return get(g:, 'tl_filetype', 'tl')
endfunction
autocmd BufNewFile,BufRead *.tl let &filetype = s:Which()
