/* SPDX-License-Identifier: BSD-3-Clause */
/* debug.h: how an error is told (LANGUAGE.md section 7). The machine fills a trace while it unwinds: where each frame
   stood, innermost first, and the operands of the node that failed; here it becomes text. */
#ifndef INTERP_DEBUG_H
#define INTERP_DEBUG_H
#include "interp/ast.h"
#include "lab/call.h"

struct trace_line {
    struct source *source;           /* held */
    uint32_t at;                     /* byte that the caret points to */
    char *function;                  /* malloc'd; NULL at top level; "@<anonymous>" for a closure */
};
struct trace {
    struct trace_line *line;
    int n, room;
    int more;                        /* lines left out after TRACE_MOST */
};
enum { TRACE_MOST = 64 };

void trace_clear(struct trace *t);
void trace_add(struct trace *t, struct source *source, uint32_t at, const char *function);
void trace_move(struct trace *to, struct trace *from);      /* to is cleared first, from is empty afterwards */

/* "\1" and "\2" in a message become the operands' texts (source text as typed, at most 40 bytes each; a literal or an
   expression too long to quote reads "operand 1"). malloc'd. The node that failed gives the operands: see debug_operands. */
char *debug_fill(const char *message, const char *a, const char *b);
/* The operands that \1 and \2 mean for a node: both sides of an operator; for an index the thing indexed. malloc'd. */
void debug_operands(const struct source *s, const struct node *n, char **a, char **b);

/* The whole report as text without a trailing newline lost: "error: …\n  at …\n". Colour when asked. */
void debug_report(struct buf *out, const char *kind, const char *message, const struct trace *t, bool colour);
void debug_parse_error(struct buf *out, const struct parse_error *e, bool colour);
bool debug_colour(int fd);           /* a terminal, and neither NO_COLOR nor TERM=dumb */

#endif
