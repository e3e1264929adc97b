/* SPDX-License-Identifier: BSD-3-Clause */
/* store.c: save and load: options and the caller's variables; what stands in the files is lab/save.h's. */
#include "lab/files.h"
#include "lab/save.h"
#include "lex.h"
#include "vm.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

/* ---- arguments */
struct request {
    enum save_format format;                  /* SAVE_NONE: none was asked for */
    bool append, fields;
    const char *file;
    int n;
    const char **name;                        /* patterns; of -struct: first the variable */
};

static const struct {
    const char *name;
    int format;
} options[] = {
    /* format -1: no format, -2: one that we do not have */
    { "text", SAVE_TEXT },
    { "binary", SAVE_BINARY },
    { "append", -1 },
    { "struct", -1 },
    { "force", -1 },
    { "ascii", -2 },
    { "v4", -2 },
    { "V4", -2 },
    { "4", -2 },
    { "mat4-binary", -2 },
    { "v6", SAVE_MAT6 },
    { "V6", SAVE_MAT6 },
    { "6", SAVE_MAT6 },
    { "mat", SAVE_MAT6 },
    { "mat-binary", SAVE_MAT6 },
    { "v7", SAVE_MAT7 },
    { "V7", SAVE_MAT7 },
    { "7", SAVE_MAT7 },
    { "mat7-binary", SAVE_MAT7 },
    { "v7.3", SAVE_MAT73 },
    { "V7.3", SAVE_MAT73 },
    { "7.3", SAVE_MAT73 },
    { "hdf5", -2 },
    { "float-binary", -2 },
    { "float-hdf5", -2 },
    { "zip", -2 },
    { "z", -2 },
};

static void option(struct call *c, struct request *r, const char *s)
{
    const char *who = c->fn->name;
    for (int i = 0; i < COUNT(options); i++) {
        if (strcmp(options[i].name, s + 1))
            continue;
        if (options[i].format == -2)
            fail("Octave:save-error",
                 "%s: %s is not supported; there are -binary (tl's own format, the default), -text (Octave's), -v6 and "
                 "-v7 (MATLAB's)",
                 who, s);
        if (options[i].format >= 0)
            r->format = (enum save_format)options[i].format;
        r->append = r->append || !strcmp(s, "-append");
        r->fields = r->fields || !strcmp(s, "-struct");
        return;
    }
    fail("Octave:invalid-fun-call", "%s: there is no option '%s'; there are -text, -binary, -v6, -v7, -append, -struct",
         who, s);
}

static struct request request(struct call *c)
{
    struct request r = { .name = scratch(sizeof *r.name * (size_t)(c->nargin + 1)) };
    for (int i = 0; i < c->nargin; i++) {
        size_t n;
        if (!arg_is_text(c, i))
            fail("Octave:invalid-fun-call",
                 "%s: argument %d is a value, where the name of a %s is wanted\nhint: %s('file', 'x') names the "
                 "variable x",
                 c->fn->name, i + 1, r.file ? "variable" : "file", c->fn->name);
        const char *s = arg_text(c, i, &n);
        if (strlen(s) != n)
            fail("Octave:invalid-fun-call", "%s: argument %d holds a zero character", c->fn->name, i + 1);
        if (s[0] == '-' && s[1])
            option(c, &r, s);
        else if (!r.file)
            r.file = s;
        else
            r.name[r.n++] = s;
    }
    if (!r.file || !*r.file)
        fail("Octave:invalid-fun-call", "%s: the name of a file is missing", c->fn->name);
    return r;
}

/* ---- save */
struct listing { struct named_list l; i64 room; };

static void add(sym name, value *v, unsigned flags, void *arg)
{
    struct listing *l = arg;
    (void)flags;
    if (!strncmp(name->text, "__eval", 6) || name->text[0] == '.')
        return;
    if (l->l.n == l->room) {
        i64 room = MAX(32, 2 * l->room);
        struct named *all = scratch(sizeof *all * (size_t)room);
        if (l->l.n)
            memcpy(all, l->l.v, sizeof *all * (size_t)l->l.n);
        l->l.v = all;
        l->room = room;
    }
    l->l.v[l->l.n++] = (struct named){ name, *v };
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->sym->text, ((const struct named *)b)->sym->text);
}

/* Those of l that match one of the patterns (all without any); a pattern that matches none is an error that says what
 * it is missing from. */
static struct named_list chosen(const char *who, struct named_list l, int n, const char **name, const char *none)
{
    struct named_list y = { 0, scratch(sizeof *y.v * (size_t)(l.n + 1)) };
    bool *met = scratch((size_t)n + 1);
    memset(met, 0, (size_t)n + 1);
    for (i64 i = 0; i < l.n; i++) {
        bool wanted = n == 0;
        for (int k = 0; k < n; k++)
            if (!fnmatch(name[k], l.v[i].sym->text, 0))
                wanted = met[k] = true;
        if (wanted)
            y.v[y.n++] = l.v[i];
    }
    for (int k = 0; k < n; k++)
        if (!met[k])
            fail("Octave:undefined-function", "%s: %s '%s'", who, none, name[k]);
    return y;
}

static struct named_list fields_of(struct request *r, struct named_list all)
{
    if (!r->n)
        fail("Octave:invalid-fun-call", "save: -struct wants the name of a struct");
    struct named_list one = chosen("save", all, 1, r->name, "there is no variable");
    value s = one.v[0].v;
    if (one.n != 1 || s.kind != K_STRUCT || s.rec->numel != 1)
        fail("Octave:invalid-fun-call", "save: -struct wants a struct, and '%s' is none with 1x1 elements", r->name[0]);
    struct named_list l = { 0, scratch(sizeof *l.v * (size_t)(s.rec->f->n + 1)) };
    for (int i = 0; i < s.rec->f->n; i++) {
        sym name = s.rec->f->name[i];
        if (!load_is_name(name->text, name->len))
            fail("Octave:save-error", "save: the field '%s' of '%s' cannot be the name of a variable", name->text,
                 r->name[0]);
        l.v[l.n++] = (struct named){ name, s.rec->v[i] };
    }
    return chosen("save", l, r->n - 1, r->name + 1, "the struct has no field");
}

struct shown { struct named_list l; FILE *f; };
static void show_body(void *arg)
{
    struct shown *s = arg;
    save_text("save", "-", s->f, s->l);
}

static void show(struct named_list l)         /* the file `-`: as text, where output goes */
{
    char *text = NULL;
    size_t n = 0;
    struct shown s = { l, open_memstream(&text, &n) };
    if (!s.f)
        fail_memory(4096);
    int failed = protect(show_body, &s);
    fclose(s.f);
    if (!failed)
        out_text(text, n);
    free(text);
    if (failed)
        fail_again();
}

BUILTIN(save, 1, ANY, 0, NO_GRAD,
  "save FILE\n"
  "save FILE name pattern …\n"
  "save -text FILE name …\n"
  "save -v7 FILE name …\n"
  "save -append FILE name …\n"
  "save -struct FILE s field …\n\n"
  "Writes variables into a file, all or those that match a pattern with * and ?, for load to read. The format is tl's "
  "own: every kind of value bit by bit, windows tied to their memory, handles the same thing wherever they stand. "
  "-text writes Octave's text format, -v7 MATLAB's .mat file (-v6 one that is not compressed, -v7.3 one in HDF5), "
  "-append keeps what the file has under other names, -struct writes the fields of s as variables. The file is "
  "replaced when all is written. The file - shows the text.\n\n"
  "Example:\n  f = tempname(); a = 1:3; b = 'x';\n  save(f, 'a', 'b')\n  a = 0; load(f), a\n  a =\n     1   2   3\n  "
  "delete(f)\n\n"
  "See also: load, who, dlmwrite")
{
    struct request r = request(c);
    struct listing all = { 0 };
    frame_each(vm->frame, add, &all);
    if (all.l.n)
        qsort(all.l.v, (size_t)all.l.n, sizeof *all.l.v, by_name);
    struct named_list l = r.fields ? fields_of(&r, all.l) : chosen("save", all.l, r.n, r.name, "there is no variable");
    if (!strcmp(r.file, "-")) {
        show(l);
        return;
    }
    enum save_format format = r.format;
    if (format == SAVE_NONE)
        format = r.append ? save_format_of("save", r.file) : SAVE_BINARY;
    if (format != SAVE_TEXT && format < SAVE_MAT6)
        format = SAVE_BINARY;
    save_file("save", r.file, format, r.append, l);
}

/* ---- load */
static const char *file_there(const char *file)              /* data stands for data.mat */
{
    const char *slash = strrchr(file, '/');
    if (!access(file, F_OK) || strchr(slash ? slash : file, '.'))
        return file_found(file);
    struct buf *b = buf_new();
    buff(b, "%s.mat", file);
    const char *data = file_found(file), *mat = access(b->s, F_OK) && data == file ? file_found(b->s) : b->s;
    return data != file || access(mat, F_OK) ? data : mat;
}

BUILTIN(load, 1, ANY, 1, NO_GRAD,
  "load FILE\n"
  "load FILE name pattern …\n"
  "S = load(FILE, name, …)\n\n"
  "Reads the variables of a file that save wrote, all or those that match a pattern with * and ?; with a result they "
  "are the fields of a struct. What the file is shows in its contents: tl's own format, Octave's text format, MATLAB's "
  ".mat files, or plain numbers with blanks, commas or semicolons between them and comments from % or # on; these "
  "become one matrix, which has the name of the file or is the result. A file that is not there is looked for beside "
  "the script and in the folders of addpath. Nothing in a file is run.\n\n"
  "Example:\n  f = tempname(); s.a = 1; s.b = {2, 'x'};\n  save('-struct', f, 's')\n  S = load(f, 'a')\n  S =\n    "
  "scalar structure containing the fields:\n      a = 1\n  delete(f)\n\n"
  "See also: save, dlmread, csvread, fileread")
{
    struct request r = request(c);
    enum save_format format;
    struct named_list l = load_file("load", file_there(r.file), &format);
    if (format == SAVE_NUMBERS && c->nargout > 0) {
        result(c, 0, l.v[0].v);
        return;
    }
    l = chosen("load", l, r.n, r.name, "the file has no variable");
    if (c->nargout > 0) {
        c->out[0] = load_take(load_record(l));               /* result() would part windows from their tensors */
        return;
    }
    for (i64 i = 0; i < l.n; i++)
        if (is_keyword(l.v[i].sym->text))
            fail("Octave:load-error",
                 "load: '%s' in the file '%s' cannot be the name of a variable; S = load(…) can have it",
                 l.v[i].sym->text, r.file);
    for (i64 i = 0; i < l.n; i++)
        replace(frame_variable(vm->frame, l.v[i].sym, true), load_take(l.v[i].v));
}
