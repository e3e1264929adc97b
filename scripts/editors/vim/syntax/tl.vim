" SPDX-License-Identifier: BSD-3-Clause
" Colours as interp/lex.c reads: tests/unit/editors.c compares the two, byte by byte. What an `end` or a quote is depends on
" the bracket around it, so brackets are regions.
if exists('b:current_syntax') | finish | endif
syntax case match
syntax sync minlines=200

syntax match tlName /\<[A-Za-z_]\w*\>/
syntax match tlConstant /\.\@1<!\<\%(pi\|e\|Inf\|inf\|NaN\|nan\|NA\|eps\|true\|false\|ans\)\>/
syntax match tlPackage /\.\@1<!\<\%(nn\|optim\|data\|image\|unsup\|gnuplot\|cuda\|plot\)\ze\./
syntax match tlKeyword /\.\@1<!\<\%(break\|case\|catch\|continue\|do\|else\|elseif\|end\|end_try_catch\|end_unwind_protect\|endfor\|endparfor\|endfunction\|endif\|endswitch\|endwhile\|for\|function\|global\|if\|otherwise\|parfor\|persistent\|return\|switch\|try\|until\|unwind_protect\|unwind_protect_cleanup\|while\)\>/
syntax match tlKeyword /\%()\s*\)\@8<=\<begin\>/
syntax match tlNumber /\<\d\%(_\=\d\)*\%(\.\%([*\/\\^']\|\.\.\)\@!\%(\d\%(_\=\d\)*\)\=\)\=\%([eEdD][-+]\=\d\%(_\=\d\)*\)\=[ijIJ]\=/
syntax match tlNumber /[A-Za-z0-9_)\]}']\@1<!\.\d\%(_\=\d\)*\%([eEdD][-+]\=\d\%(_\=\d\)*\)\=[ijIJ]\=/
syntax match tlNumber /\<0[xX]\x\%(_\=\x\)*\%([us]\%(8\|16\|32\|64\)\)\=\>\|\<0[bB][01]\%(_\=[01]\)*\%([us]\%(8\|16\|32\|64\)\)\=\>/

syntax cluster tlInside contains=tlName,tlConstant,tlPackage,tlNumber,tlString,tlTranspose,tlComment,tlContinued,tlBlockComment,tlParen,tlClosure,tlLast
syntax match tlLast /\.\@1<!\<end\>/ contained
syntax region tlParen matchgroup=tlBracket start=/(/ end=/)/ transparent contains=@tlInside
syntax region tlParen matchgroup=tlBracket start=/\[/ end=/\]/ transparent contains=@tlInside
syntax region tlParen matchgroup=tlBracket start=/{/ end=/}/ transparent contains=@tlInside
" Statements between begin and end inside brackets: their own blocks nest.
syntax region tlClosure matchgroup=tlKeyword start=/\%()\s*\)\@8<=\<begin\>/ end=/\.\@1<!\<end\>/ transparent contained contains=TOP,tlLast
syntax region tlBlock matchgroup=tlKeyword start=/\.\@1<!\<\%(do\|for\|function\|if\|parfor\|switch\|try\|unwind_protect\|while\)\>/ end=/\.\@1<!\<\%(end\|end_try_catch\|end_unwind_protect\|endfor\|endparfor\|endfunction\|endif\|endswitch\|endwhile\|until\)\>/ transparent contained containedin=tlClosure,tlBlock contains=TOP,tlLast

syntax region tlString start=/"/ skip=/\\\\\|\\"\|""\|\\\s*$/ end=/"/ end=/$/ contains=tlEscape,tlFormat
syntax region tlString start=/'/ skip=/''/ end=/'/ end=/$/ contains=tlFormat
syntax match tlTranspose /\%([A-Za-z0-9_)\]}'".]\)\@1<='/
syntax match tlString /\<\%(case\|if\|elseif\|while\|until\|switch\|return\)\@6<='[^']*'/
syntax match tlEscape /\\\%(\o\{1,3}\|x\x\{1,2}\|.\)/ contained
syntax match tlFormat /%[-+ 0#]*\%(\*\|\d\+\)\=\%(\.\%(\*\|\d\+\)\=\)\=[diouxXfeEgGcs%]/ contained

syntax match tlComment /[%#].*$/ contains=tlTodo,@Spell
syntax match tlContinued /\.\.\..*$/
syntax region tlBlockComment start=/^\s*[%#]{\s*$/ end=/^\s*[%#]}\s*$/ contains=tlBlockComment,tlTodo,@Spell
syntax keyword tlTodo TODO FIXME XXX contained

highlight default link tlKeyword Statement
highlight default link tlConstant Constant
highlight default link tlLast Constant
highlight default link tlPackage Include
highlight default link tlNumber Number
highlight default link tlString String
highlight default link tlEscape SpecialChar
highlight default link tlFormat SpecialChar
highlight default link tlComment Comment
highlight default link tlContinued Comment
highlight default link tlBlockComment Comment
highlight default link tlTodo Todo
let b:current_syntax = 'tl'
