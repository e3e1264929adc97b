/* SPDX-License-Identifier: BSD-3-Clause */
/* interp.h: the interpreter as the program, the prompt and embedding code see it. One interpreter lives in the current
   context (lab/base.h). The machine implements the first part (vm.c, compile.c, function.c), path.c and help.c the rest. */
#ifndef INTERP_INTERP_H
#define INTERP_INTERP_H
#include "interp/ast.h"
#include "interp/debug.h"
#include "interp/path.h"
#include "lab/call.h"

void interp_start(void);                     /* once, in a fresh context: workspace, tables, hooks */

/* Parses, compiles and runs a text in the workspace. Returns 0, or 1 when it failed: then failure() says why (a syntax
   error has id "Octave:syntax-error") and interp_trace() where; interp_report prints both. Never jumps. */
enum { RUN_FILE = PARSE_FILE, RUN_PROMPT = 64 };      /* RUN_PROMPT: automatic display shortens what is large */
int interp_run(const char *name, const char *text, size_t len, int flags, int first_line);
int interp_run_tree(struct ast *a, int flags);        /* the same for a parsed text, which it takes over */
enum { TRACE_MOST = 64 };
struct trace { int n, more; struct report_place place[TRACE_MOST]; };     /* innermost first; sources are held */
struct trace *interp_trace(void);
extern void (*warning_say)(const char *message);      /* prints a warning; tests put theirs here */
void interp_locate(void);                    /* failed outside of interp_run: before a report */
void interp_report(int fd);                  /* error report of the last failure to fd; nothing for an exit */
void debug_on_error(void);                   /* dbstop if error */
bool interp_report_text(struct buf *out, bool colour);        /* the same into a buffer; false for an exit */
void interp_set_args(int argc, char **argv); /* argv() */

/* What the prompt asks about names. */
bool interp_is_variable(void *unused, const char *name);      /* parse_options.is_variable */
struct scope *interp_scope(void);            /* the workspace's names */
value interp_variable(const char *name);     /* borrowed; NIL when it has no value */
void interp_each_variable(void (*f)(const char *name, void *arg), void *arg);     /* those that have a value */
/* A function by name as the workspace would call it. Its kind and where it is from. */
struct function_info {
    enum { FN_NONE, FN_VARIABLE, FN_BUILTIN, FN_USER, FN_FILE } kind;
    const struct builtin *builtin;           /* FN_BUILTIN */
    const char *file;                        /* FN_FILE, or where a FN_USER stands; NULL: typed at the prompt */
    const char *doc;                         /* FN_USER, FN_FILE: its comment or NULL, and where its text is */
    const struct source *source;
    uint32_t begin, end;
};
struct function_info interp_function(const char *name);
void interp_each_function(void (*f)(const char *name, void *arg), void *arg);     /* typed or of the script, then builtins */

bool interp_is_package(const char *name);    /* of builtins, of files or a plugin */
const char *interp_package_about(
    const char *name); /* loads the plugin of that name: what it is, or why it cannot be; NULL: it is none */

/* registry.c: the builtins, from the tables of all rooms; sorted by name */
const struct builtin *registry_find(const char *name);
int registry_count(void);
const struct builtin *registry_at(int i);

/* check.c: lines about names that mean nothing; how many. Resolves the tree. */
int check_names(struct ast *a, struct buf *out);

bool atexit_next(char *name, size_t size);   /* atexit.c: takes the next call to be made at the end; false: there is none */

/* help.c */
bool help_text(struct buf *out, const char *name);    /* the page of a name; false: unknown, out has nearest names */
const char *help_word(int i, const char **names);     /* pages of what is no function; NULL behind the last one */
const char *help_word_page(const char *name);            /* of a keyword or operator, or NULL */
struct call;
void help_show(struct call *c, struct buf *page);        /* as the result where one is wanted, else through the pager */
void help_source(struct buf *out, const char *name);  /* what ?? and `type` show */

#endif
