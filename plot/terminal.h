/* SPDX-License-Identifier: BSD-3-Clause */
/* terminal.h: what a picture can become. */
#ifndef TL_TERMINAL_H
#define TL_TERMINAL_H
#include "draw.h"
#include "gnuplot.h"

enum terminal_kind { PIXELS, INCHES, CHARACTERS, WINDOW, INLINE };
struct terminal { const char *name, *extensions, *driver; int kind; const char *options, *magic; };
const struct terminal *terminal_for(const char *name, bool extension);                   /* NULL: none */
const struct terminal *terminal_named(const char *who, const char *name, bool extension);/* fails, with the nearest name */
const struct terminal *terminal_screen(void);   /* where figures are shown: chosen, TL_TERM, or what fits best */
void terminal_choose(const struct terminal *t); /* by graphics(); NULL: what fits best */
static inline bool makes_files(const struct terminal *t) { return t->kind == PIXELS || t->kind == INCHES; }

/* ---- show.c */
struct gnuplot *show_process(void);                                                      /* the one that makes files */
void show_choose(const struct terminal *t);
const struct terminal *show_chosen(void);

#endif
