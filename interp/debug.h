/* SPDX-License-Identifier: BSD-3-Clause */
/* debug.h: how an error is told (LANGUAGE.md section 7): message, place, source line with a caret, the frames that called,
   a hint. What is printed is decided here alone. */
#ifndef INTERP_DEBUG_H
#define INTERP_DEBUG_H
#include "interp/ast.h"
#include "lab/call.h"

struct report_place {
    const struct source *source;     /* NULL: unknown */
    uint32_t at;                     /* byte that the caret points to */
    const char *function;            /* NULL at top level */
};

/* The report as text, ending in a newline. A message's second line "hint: …" is printed last. Places: innermost first;
   `more` of them were left out. */
void debug_report(struct buf *out, const char *message, const struct report_place *place, int n, int more, bool colour);
void debug_stopped(struct buf *out, const char *why, const struct report_place *place,
                   bool colour); /* where the debugger stands */
void debug_parse_error(struct buf *out, const struct parse_error *e, bool colour);
char *debug_parse_message(const struct parse_error *e);       /* "syntax error: …", a hint in a second line; malloc'd */
void debug_warning(struct buf *out, const char *message, bool colour);
extern __thread void (*debug_warning_out)(
    const char *message); /* who prints warnings; NULL: to stderr, after what was shown */
void debug_print_warning(const char *message);
bool debug_colour(int fd);           /* a terminal, and neither NO_COLOR nor TERM=dumb */

#endif
