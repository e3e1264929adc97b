/* SPDX-License-Identifier: BSD-3-Clause */
/* session.h: what functions of the session need from the program: its line editor and its history. */
#ifndef INTERP_SESSION_H
#define INTERP_SESSION_H
#include "lab/base.h"

struct session_hooks {
    char *(*ask)(const char *prompt);         /* a whole text, malloc'd; `?` and `!` are dealt with; NULL as below */
    char *(*read)(const char *prompt);        /* a line, malloc'd, without its newline; NULL: end of input or Ctrl-C */
    bool ended;                               /* we were asked to leave (SIGTERM) */
    int (*history_count)(void);
    const char *(*history_entry)(int i);      /* from 0, oldest first */
    bool remote;                              /* no terminal, and yet somebody answers */
};
extern struct session_hooks session_hooks;
void session_page(const char *s, size_t n);    /* shows a help page */
char *session_read(const char *prompt);       /* a line in scratch memory, NULL at the end of the input; fails on Ctrl-C */
void session_typed(const char *text);         /* the diary shows what was typed */

#endif
