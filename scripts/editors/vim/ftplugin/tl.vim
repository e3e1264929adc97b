" SPDX-License-Identifier: BSD-3-Clause
if exists('b:did_ftplugin') | finish | endif
let b:did_ftplugin = 1
setlocal comments=:%,:# commentstring=%\ %s suffixesadd=.tl
setlocal shiftwidth=2 softtabstop=2 expandtab formatoptions-=t formatoptions+=croql
setlocal keywordprg=tl\ -e\ help
let b:match_ignorecase = 0
let b:match_words = '\%(\.\)\@1<!\<\%(if\|for\|parfor\|while\|switch\|try\|do\|function\|unwind_protect\|begin\)\>'
      \ . ':\<\%(else\|elseif\|case\|otherwise\|catch\|unwind_protect_cleanup\)\>:\%(\.\)\@1<!\<\%(end\w*\|until\)\>'
if !exists(':Tl')
  command -nargs=* -complete=file Tl execute '!tl' shellescape(expand('%')) <q-args>
endif
compiler tl
let b:undo_ftplugin = 'setlocal comments< commentstring< suffixesadd< shiftwidth< softtabstop< expandtab< formatoptions< keywordprg<'
      \ . ' | unlet! b:match_words b:match_ignorecase'
