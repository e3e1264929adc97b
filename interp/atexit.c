/* SPDX-License-Identifier: BSD-3-Clause */
/* atexit.c: functions that are called when the program ends.
 *
 * Their names are a stack: the last one registered runs first, each once.  main.c takes them off one by one, after the
 * script or the prompt and before figures are drawn, so that what they print and plot is seen. */
#include "interp/interp.h"
#include "lab/context.h"
#include <stdlib.h>

enum { MOST = 256 };
struct leaving { int n; char *name[MOST]; };

static void leaving_free(void)
{
    struct leaving **room = (struct leaving **)context_room(ROOM_ATEXIT);
    for (int k = 0; *room && k < (*room)->n; k++)
        free((*room)->name[k]);
    free(*room);
    *room = NULL;
}

static struct leaving *leaving(void)
{
    struct leaving **room = (struct leaving **)context_room(ROOM_ATEXIT);
    if (!*room) {
        if (!(*room = calloc(1, sizeof **room)))
            fail_memory(sizeof **room);
        context_at_exit(leaving_free);
    }
    return *room;
}

bool atexit_next(char *name, size_t size)
{
    struct leaving *l = *(struct leaving **)context_room(ROOM_ATEXIT);
    if (!l || l->n == 0)
        return false;
    char *s = l->name[--l->n];
    snprintf(name, size, "%s();", s);
    free(s);
    return true;
}

BUILTIN(atexit, 1, 2, 1, NO_GRAD,
  "atexit(name)\n"
  "atexit(name, true)\n"
  "found = atexit(name, false)\n\n"
  "Has the function of that name called, without arguments, when the program ends; the last one named runs first. With false "
  "the name is taken back; found tells whether it stood there.\n\n"
  "Example:\n  atexit('tic'); atexit('tic', false)\n  ans = 1\n\n"
  "See also: onCleanup, quit")
{
    size_t n;
    const char *name = arg_text(c, 0, &n);
    struct leaving *l = leaving();
    if (!has_arg(c, 1) || arg_bool(c, 1)) {
        if (n == 0 || n >= 200 || strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != n)
            fail("Octave:invalid-input-arg", "atexit: '%s' is no name of a function", name);
        if (l->n == MOST)
            fail("tl:limit", "atexit: at most %d functions can wait for the end", MOST);
        char *s = strdup(name);
        if (!s)
            fail_memory(n);
        l->name[l->n++] = s;
        return;
    }
    for (int k = l->n - 1; k >= 0; k--)
        if (!strcmp(l->name[k], name)) {
            free(l->name[k]);
            memmove(l->name + k, l->name + k + 1, (size_t)(--l->n - k) * sizeof *l->name);
            result_bool(c, 0, true);
            return;
        }
    result_bool(c, 0, false);
}
