/* SPDX-License-Identifier: BSD-3-Clause */
/* program.h: what the files that are the program, not the library, share. */
#ifndef INTERP_PROGRAM_H
#define INTERP_PROGRAM_H
#include "interp/interp.h"

char *program_read(FILE *in, size_t *len);                /* malloc'd; NULL: errno says why */
char *program_read_file(const char *file, size_t *len);
extern volatile sig_atomic_t program_ended;               /* the signal that asks us to leave: SIGHUP, SIGTERM; 0: none */
void repl_hooks(void);                                    /* once: who asks when a run is stopped */
bool prompt_incomplete(const char *text);                 /* more lines could make it a program */
int prompt_run(char *text, int flags);                    /* as typed: a program, !command, ?name; 0, or 1 with failure() */
int json_serve(void);                                     /* json.c: `tl --json`; exit status */
int kernel_command(int n, char **word);                   /* notebook.c: `tl kernel …`, `tl notebook …`; exit status */
int notebook_command(int n, char **word);
int repl(bool quiet);                                     /* the prompt; the exit status */
int trust_command(int argc, char **argv);                 /* tl trust …: the exit status */
char *trust_startup(size_t *len);                         /* the text of the folder's .tlrc if it may run, malloc'd */
int test_files(int n, char **file);                       /* test.c: exit status */
int test_help(int n, char **name);

int program_draw(void);                       /* pictures that have changed; 1 when that failed, which is told then */

#endif
