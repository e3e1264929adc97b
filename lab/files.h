/* SPDX-License-Identifier: BSD-3-Clause */
/* files.h: open files by number, as the language has them: 0 standard input, 1 output (through the sink), 2 error. */
#ifndef TL_FILES_H
#define TL_FILES_H
#include "call.h"

struct file;
struct file *file_stdout(void);
struct file *file_arg(struct call *c, int i);              /* the open file whose number (or name) is argument i */
void file_write(struct call *c, struct file *f, const char *s, size_t n);
const char *file_rest(struct call *c, int i, size_t *n);   /* what is still to be read of the open file that is argument i */
void file_back(struct call *c, int i, size_t n);           /* and n bytes of it back */
NORETURN void file_fail_open(const char *who,
                             const char *name); /* says why by errno, and which name may have been meant */
const char *file_found(const char *name);     /* name, or where on the path a file of that name is when there is none here */
char *file_slurp(const char *who, const char *name, size_t *n);        /* the whole file, NUL-terminated, in the pool */
/* body writes the file: a temporary one beside it, which takes its name when all is well, so a full disk or Ctrl-C
   loses nothing. append, and what is no plain file (/dev/stdout): straight into it. */
void file_replace(const char *who, const char *name, bool append, void (*body)(FILE *f, void *arg), void *arg);
struct tensor *text_matrix(const char *who, const char *name, const char *s,
                           size_t n); /* dlm.c: the numbers of a text as load reads them */

#endif
