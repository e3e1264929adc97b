/* SPDX-License-Identifier: BSD-3-Clause */
/* program.c: reading whole files, for the program and for what the library does in its place (trust.c). */
#include "interp/program.h"
#include <errno.h>
#include <stdlib.h>

char *program_read(FILE *in, size_t *len)
{
    size_t room = 1 << 16, n = 0;
    char *s = malloc(room);
    while (s) {
        size_t got = fread(s + n, 1, room - n, in);
        n += got;
        if (n < room) {
            if (ferror(in)) {
                free(s);
                return NULL;
            }
            break;
        }
        char *t = realloc(s, room *= 2);
        if (!t)
            free(s);
        s = t;
    }
    *len = n;
    return s;
}

char *program_read_file(const char *file, size_t *len)
{
    FILE *in = fopen(file, "rb");
    if (!in)
        return NULL;
    char *s = program_read(in, len);
    int e = errno;
    fclose(in);
    errno = e;
    return s;
}
