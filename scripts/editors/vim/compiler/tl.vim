" SPDX-License-Identifier: BSD-3-Clause
" :make runs the script; errors go to the quickfix list: the message comes first, its place in the next line.
if exists('g:current_compiler') | finish | endif
let g:current_compiler = 'tl'
CompilerSet makeprg=tl\ %:S
CompilerSet errorformat=%Eerror:\ %m,%Wwarning:\ %m,%C\ \ at\ %f:%l\\,%.%#,%C\ \ at\ %f:%l,%Z\ \ %.%#^,%C%.%#,%-G%.%#
