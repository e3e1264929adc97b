/* SPDX-License-Identifier: BSD-3-Clause */
/* text.h: what the functions on text share. */
#ifndef TL_TEXT_H
#define TL_TEXT_H
#include "call.h"

void text_unescape(struct buf *b, const char *s, size_t n);            /* \n \t \\ \x41 \101 … become what they mean */
/* The characters of a set a-z], which begins behind its [; what follows it, or NULL: there is no ]. */
const char *format_set(struct buf *b, const char *s, const char *end, bool *negated);
double text_number(const char *s, size_t n,
                   size_t *used);              /* a decimal number at the start of s, exactly rounded; *used 0: none */
#define MISSING_BITS 0x7FF840F440000000u       /* the NaN that is NA: Octave's; converted to single it is single's, and back */
bool is_na(double x);

/* One text or many: a char row, a char matrix (its rows) or a cell array of texts, read alike.  */
struct texts { i64 n; bool cell; struct tensor *t; struct cell *c; };
struct texts arg_texts(struct call *c, int i);             /* fails unless text or cellstr */
bool arg_is_texts(struct call *c, int i);
const char *texts_at(const struct texts *x, i64 k, size_t *len);
value text_value(const char *s, size_t n);                 /* char row, pooled */
typedef value text_map(struct call *c, const void *with, const char *s, size_t n);
void map_texts(
    struct call *c, text_map *f,
    const void *with); /* result 0: f of the text that is argument 0, or of each in a cell of the same shape */

#endif
