/* SPDX-License-Identifier: BSD-3-Clause */
/* complete.h: what could stand at the end of a line: names for the tabulator key and for editors. Runs nothing. */
#ifndef INTERP_COMPLETE_H
#define INTERP_COMPLETE_H
#include <stddef.h>

/* Candidates for the word that ends at text[at]; *from is where it starts. NULL-terminated, malloc'd with its texts, sorted
   with variables first; NULL: none, or a file name is wanted (*files). */
char **complete(const char *text, size_t at, size_t *from, int *files);
void complete_free(char **v);

#endif
