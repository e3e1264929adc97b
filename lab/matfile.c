/* SPDX-License-Identifier: BSD-3-Clause */
/* matfile.c: MATLAB's .mat files, as save and load see them; the plugin matio reads and writes them. */
#include "plugin.h"
#include "save.h"
#include "text.h"

PLUGIN(mat_read, matio, 1, 1, 1,
  "s = mat_read(file)\n\n"
  "The variables of a MATLAB .mat file (versions 4, 5, 6, 7 and 7.3) as a struct. load does this for such files. "
  "Numbers of every class, complex ones, logicals, texts, cells, structs and sparse matrices are read; a function or "
  "object of MATLAB becomes [] with a warning. A damaged file is an error.\n\n"
  "Example:\n  f = tempname(); x = 1:3; save('-v7', f, 'x')\n  mat_read(f).x\n  ans =\n     1   2   3\n  delete(f)\n\n"
  "See also: mat_write, load")

PLUGIN(mat_write, matio, 3, 3, 0,
  "mat_write(file, s, version)\n\n"
  "Writes the fields of the struct s as variables into a MATLAB .mat file of version 6, 7 (compressed) or 8, which "
  "stands for 7.3. save does this with -v6, -v7 and -v7.3, and keeps the old file until the new one is whole. "
  "Functions and objects cannot be saved so.\n\n"
  "Example:\n  f = tempname(); mat_write(f, struct('x', 1:3), 7)\n  load(f), x\n  x =\n     1   2   3\n  delete(f)\n\n"
  "See also: mat_read, save")

extern const struct builtin builtin_mat_read, builtin_mat_write;

struct named_list mat_load(const char *file)
{
    value s = call1(&builtin_mat_read, 1, text_value(file, strlen(file)));
    struct named_list l = { s.rec->f->n, scratch(sizeof *l.v * (size_t)(s.rec->f->n + 1)) };
    for (i64 i = 0; i < l.n; i++) {
        l.v[i] = (struct named){ s.rec->f->name[i], s.rec->v[i] };
        if (!load_is_name(l.v[i].sym->text, l.v[i].sym->len))
            fail("Octave:load-error", "load: '%s' holds a variable '%s', which is no name", file, l.v[i].sym->text);
    }
    return l;
}

/* Into the open file f, which no one has written to: libmatio opens files by name, and this is a name of it. */
void mat_save(FILE *f, enum save_format format, struct named_list v)
{
    char name[64];
    sym *names = scratch(sizeof *names * (size_t)(v.n + 1));
    for (i64 i = 0; i < v.n; i++)
        names[i] = v.v[i].sym;
    struct record *s = record_new(2, (i64[]){ 1, 1 }, (int)v.n, names);
    for (i64 i = 0; i < v.n; i++)
        record_set(s, 0, names[i], v.v[i].v);
    snprintf(name, sizeof name, "/dev/fd/%d", fileno(f));
    value arg[3] = { text_value(name, strlen(name)), record_value(s),
                     num(format == SAVE_MAT6   ? 6
                         : format == SAVE_MAT7 ? 7
                                               : 8) },
          out;
    call_builtin(&builtin_mat_write, 3, arg, 0, &out);
}

/* Version 4 has no mark: a number whose digits say byte order and class, two sizes, whether it is complex, and the
 * length of a name. */
bool mat_is_4(const void *head, size_t n)
{
    uint32_t h[5];
    if (n < 21)
        return false;
    memcpy(h, head, sizeof h);
    bool swap = h[0] >= 5000 || h[0] == 0;    /* byte orders beside ours: thousands 1 */
    if (swap && h[0] != 0)
        for (int i = 0; i < 5; i++)
            h[i] = __builtin_bswap32(h[i]);
    return h[0] < 2000 && h[0] % 1000 < 60 && h[0] % 10 < 3 && h[0] / 100 % 10 == 0 && h[1] < 1u << 31 &&
           h[2] < 1u << 31 && h[3] < 2 && h[4] > 1 && h[4] < 65;
}
