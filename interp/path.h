/* SPDX-License-Identifier: BSD-3-Clause */
/* path.h: where functions that are files come from: beside the script, the current folder, addpath's folders, and the
   library's own folder. Listings of folders are remembered: a lookup asks no file system. */
#ifndef INTERP_PATH_H
#define INTERP_PATH_H
#include "lab/base.h"

/* File of function `name`, or of `pkg.name` in a folder +pkg; NULL: none. The string lives as long as the context.
   *stamp (may be NULL) differs when the file is not what it was. */
const char *path_find(const char *name, uint64_t *stamp);
/* The same in the folder private/ beside `file`, whose functions alone may call it. */
const char *path_private(const char *name, const char *file, uint64_t *stamp);
const char *path_data_file(const char *name); /* a file of data of that name beside the script or on the path; pooled, or NULL */
const char *path_library(const char *name, uint64_t *stamp);      /* in the library's folder alone */
bool path_owns(const char *file);             /* a function of tl's own, written in the language */
bool path_is_package(const char *name);      /* a folder +name is in sight, the library included */
const char *
path_plugin(const char *name); /* file tl_NAME.so: beside the script, here, on the path, then tl's own; NULL: none */
const char *path_plugin_own(const char *name);        /* of tl's own alone */
uint32_t path_epoch(void);                   /* rises whenever a name may mean another function than before */

/* Looks whether folders or files changed. Called before each line of the prompt, and once more before a name is said to be
   undefined: true if something changed, so that it is worth to look again. */
bool path_refresh(void);
void path_script(const char *file); /* the script that runs, NULL: none. Names are looked up beside it; its own is not,
                                       so lu.tl may call lu */
const char *path_running(void);              /* the script that runs, with its folder, or NULL */
const char *path_manual(void);               /* where the built manual is: html/, tl.info */
bool path_program(const char *word);          /* a program of the shell's */
const char *path_data(void);                 /* the installed or the source tree's folder `scripts` */
/* Names of functions and, with a dot behind, packages.  f looks no name up: that may list anew the folder that is walked. */
void path_each(const char *package, bool library, void (*f)(const char *name, void *arg), void *arg);

#endif
