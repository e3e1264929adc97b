/* SPDX-License-Identifier: BSD-3-Clause */
/* print.h: how values look.
 *
 * All display goes to the sink (call.h) and is Octave's at 80 columns, but for what OCTAVE.md lists as decided for tl.
 * A class prints itself through class->print(v, name); name NULL means disp, and print_indent() says how many blanks
 * stand before each of its lines (it is printed inside a cell or struct when that is not 0). */
#ifndef TL_PRINT_H
#define TL_PRINT_H
#include "call.h"

void print_display(value v, const char *name);            /* automatic display: `name = …` */
void print_disp(value v);                                 /* disp(v) */
int print_indent(void);                                   /* blanks before a line, for class->print */
void print_blanks(int n);
void print_header(const char *name);                      /* `name =` at the indentation, and a blank line */
void print_after(void);                                   /* the blank line behind such a value; compact: at the left edge only */
enum { PRINT_WIDTH = 80 };
void print_width(int columns); /* of a line; PRINT_WIDTH but at the prompt, where it is the terminal's */
bool print_elides(i64 n);                                 /* would n elements be shortened now? */
void print_elide(bool on); /* at the prompt: print_display shortens what has more than 1000 elements */
struct buf *print_to_buf(value v);                        /* what disp(v) prints */
struct buf *buf_of_malloc(char *s, size_t n);              /* text that a memory stream collected; s is freed in any case */
void print_scalar(struct buf *b, value v);                /* a 1x1 number as after `x = `: "3.1416", "3 + 4i" */

/* ---- the printf family, for builtins that take a template (error, warning, printf …).
   The template's escapes are processed when it is no "double-quoted" literal (T_DQ), as in printf. */
void format_args(struct buf *b, const char *who, value tmpl, int nargin, const value *arg);

#endif
