/* SPDX-License-Identifier: BSD-3-Clause */
/* paths.c: names of files taken apart and put together, and folders and files made, moved and removed. */
#include "files.h"
#include "text.h"
#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

BUILTIN(fileparts, 1, 1, 3, NO_GRAD,
  "[folder, name, ext] = fileparts(file)\n\n"
  "The parts of a file's name: the folder, the name and the extension with its dot.\n\n"
  "Example:\n  [d, n, e] = fileparts('/a/b/c.txt')\n  d = /a/b\n  n = c\n  e = .txt\n\n"
  "See also: fullfile")
{
    size_t n;
    const char *s = arg_text(c, 0, &n), *slash = memrchr(s, '/', n), *name = slash ? slash + 1 : s;
    const char *dot = memrchr(name, '.', (size_t)(s + n - name)), *end = s + n;
    size_t dir = slash ? MAX((size_t)(slash - s), 1) : 0;
    if (!dot)
        dot = end;
    result(c, 0, text_value(s, dir));
    if (wants(c, 1))
        result(c, 1, text_value(name, (size_t)(dot - name)));
    if (wants(c, 2))
        result(c, 2, text_value(dot, (size_t)(end - dot)));
}

BUILTIN(fullfile, 0, ANY, 1, NO_GRAD,
  "file = fullfile(folder1, folder2, ..., name)\n\n"
  "The name of a file from its parts, with one slash between them. Cell arrays give a cell array of names.\n\n"
  "Example:\n  fullfile('a', 'b', 'c.m')\n  ans = a/b/c.m\n\n"
  "See also: fileparts")
{
    struct cell *shape = NULL;
    for (int i = 0; i < c->nargin; i++) {
        struct cell *x = c->arg[i].kind == K_CELL ? c->arg[i].cell : NULL;
        if (x && shape && x->numel != 1 && shape->numel != 1 && x->numel != shape->numel)
            fail("Octave:nonconformant-args",
                 "fullfile: the cell arrays must have as many texts, but one has %lld and one %lld",
                 (long long)shape->numel, (long long)x->numel);
        if (x && (!shape || shape->numel == 1))
            shape = x;
    }
    struct cell *r = shape ? cell_new(shape->nd, shape->dim) : NULL;
    for (i64 k = 0; k < (shape ? shape->numel : 1); k++) {
        struct buf *b = buf_new();
        for (int i = 0; i < c->nargin; i++) {
            struct texts x = arg_texts(c, i);
            size_t n;
            const char *s = texts_at(&x, x.n == 1 ? 0 : k, &n);
            if (n == 0)
                continue;
            if (b->n > 0 && b->s[b->n - 1] != '/')
                buf_putc(b, '/');
            if (b->n > 0 && *s == '/')
                s++, n--;
            buf_add(b, s, n);
        }
        if (r)
            cell_set(r, k, buf_value(b));
        else
            result(c, 0, buf_value(b));
    }
    if (r)
        result(c, 0, cell_value(r));
}

BUILTIN(tempdir, 0, 0, 1, NO_GRAD,
  "folder = tempdir()\n\n"
  "The folder for temporary files, with a slash at its end: what TMPDIR says in the environment, else P_tmpdir.\n\n"
  "Example:\n  d = tempdir();\n\n"
  "See also: tempname, P_tmpdir")
{
    const char *s = getenv("TMPDIR");
    struct buf *b = buf_new();
    buf_puts(b, s && *s ? s : "/tmp");
    if (b->s[b->n - 1] != '/')
        buf_putc(b, '/');
    result(c, 0, buf_value(b));
}

BUILTIN(P_tmpdir, 0, 0, 1, NO_GRAD,
  "folder = P_tmpdir()\n\n"
  "The system's folder for temporary files.\n\n"
  "Example:\n  P_tmpdir\n  ans = /tmp\n\n"
  "See also: tempdir, tempname")
{
    result_text(c, 0, "/tmp");
}

BUILTIN(is_absolute_filename, 1, 1, 1, NO_GRAD,
  "tf = is_absolute_filename(file)\n\n"
  "True for a text that is a file's name from the root on.\n\n"
  "Example:\n  is_absolute_filename('/a/b')\n  ans = 1\n\n"
  "See also: make_absolute_filename")
{
    result_bool(c, 0, arg_is_text(c, 0) && *arg_text(c, 0, NULL) == '/');
}

BUILTIN(make_absolute_filename, 1, 1, 1, NO_GRAD,
  "name = make_absolute_filename(file)\n\n"
  "The file's name from the root on, without . and .. in it.\n\n"
  "Example:\n  make_absolute_filename('/a/../b/./c')\n  ans = /b/c\n\n"
  "See also: is_absolute_filename, fullfile")
{
    const char *s = arg_text(c, 0, NULL);
    char cwd[PATH_MAX] = "";
    struct buf *all = buf_new(), *b = buf_new();
    if (*s != '/' && getcwd(cwd, sizeof cwd))
        buff(all, "%s/", cwd);
    buf_puts(all, s);
    for (char *p = all->s; *p;) {
        char *e = p + strcspn(p, "/");
        size_t n = (size_t)(e - p);
        if (n == 2 && !memcmp(p, "..", 2)) {
            while (b->n > 0 && b->s[--b->n] != '/') {}
        } else if (n > 0 && !(n == 1 && *p == '.')) {
            buf_putc(b, '/');
            buf_add(b, p, n);
        }
        p = *e ? e + 1 : e;
    }
    if (b->n == 0)
        buf_putc(b, '/');
    result(c, 0, buf_value(b));
}

/* status true and an empty message, or false and why; without results a failure is an error */
static void answer(struct call *c, bool ok, const char *what, const char *name)
{
    int e = errno;
    if (!ok && c->nargout == 0)
        fail("Octave:file-error", "%s: cannot %s '%s': %s", c->fn->name, what, name, strerror(e));
    if (c->nargout > 0)
        result_bool(c, 0, ok);
    if (wants(c, 1))
        result_text(c, 1, ok ? "" : strerror(e));
    if (wants(c, 2))
        result_text(c, 2, ok ? "" : c->fn->name);
}

static const char *joined(struct call *c)                  /* folder or parent, folder */
{
    const char *s = arg_text(c, 0, NULL);
    if (c->nargin < 2)
        return s;
    struct buf *b = buf_new();
    buff(b, "%s/%s", s, arg_text(c, 1, NULL));
    return b->s;
}

BUILTIN(mkdir, 1, 2, 3, NO_GRAD,
  "mkdir(folder)\n"
  "[ok, message, id] = mkdir(parent, folder)\n\n"
  "Make a folder, and those above it that are missing; one that is there is no failure.\n\n"
  "Example:\n  d = tempname(); mkdir(d); isfolder(d)\n  ans = 1\n  rmdir(d);\n\n"
  "See also: rmdir, isfolder")
{
    const char *name = joined(c);
    struct buf *b = buf_new();
    struct stat st;
    bool ok = true;
    for (const char *p = name; ok && *p;) {
        size_t n = strspn(p, "/");
        n += strcspn(p + n, "/");
        buf_add(b, p, n);
        p += n;
        ok = stat(b->s, &st) == 0 ? S_ISDIR(st.st_mode) || !(errno = ENOTDIR) : mkdir(b->s, 0777) == 0;
    }
    answer(c, ok && *name, "make the folder", name);
}

static int remove_entry(const char *name, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)at;
    return kind == FTW_DP || kind == FTW_D ? rmdir(name) : unlink(name);
}

BUILTIN(rmdir, 1, 2, 3, NO_GRAD,
  "rmdir(folder)\n"
  "[ok, message, id] = rmdir(folder, 's')\n\n"
  "Remove an empty folder; with 's' one with all that is in it. What a link leads to stays.\n\n"
  "Example:\n  d = tempname(); mkdir(d); rmdir(d); isfolder(d)\n  ans = 0\n\n"
  "See also: mkdir, delete, confirm_recursive_rmdir")
{
    static const char *const how[] = { "s", NULL };
    const char *name = arg_text(c, 0, NULL);
    if (has_arg(c, 1))
        arg_option(c, 1, how);
    struct stat st;
    bool tree = has_arg(c, 1) && lstat(name, &st) == 0 && S_ISDIR(st.st_mode);
    answer(c, (tree ? nftw(name, remove_entry, 16, FTW_DEPTH | FTW_PHYS) : rmdir(name)) == 0, "remove the folder", name);
}

BUILTIN(rename, 2, 2, 2, NO_GRAD,
  "rename(old, new)\n"
  "[ok, message] = rename(old, new)\n\n"
  "Give a file or folder another name.\n\n"
  "Example:\n  a = tempname(); b = tempname(); fclose(fopen(a, 'w'));\n  rename(a, b); isfile(b)\n  ans = 1\n  delete(b)\n\n"
  "See also: movefile, copyfile, unlink")
{
    const char *name = arg_text(c, 0, NULL);
    answer(c, rename(name, arg_text(c, 1, NULL)) == 0, "rename", name);
}

BUILTIN(glob, 1, 1, 1, NO_GRAD,
  "names = glob(pattern)\n\n"
  "The files whose names match a pattern with * ? and [a-z], or one of several in a cell array: a sorted column of texts.\n\n"
  "Example:\n  glob('/dev/nul?')\n  ans =\n  {\n    [1,1] = /dev/null\n  }\n\n"
  "See also: dir, ls, regexp")
{
    struct texts x = arg_texts(c, 0);
    glob_t g = { 0 };
    int flags = 0;
    for (i64 k = 0; k < x.n; k++) {
        size_t n;
        struct buf *b = buf_new();
        const char *s = texts_at(&x, k, &n);
        buf_add(b, s, n);
        glob(b->s, flags, NULL, &g);
        flags = GLOB_APPEND;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < g.gl_pathc; i++)
        bytes += strlen(g.gl_pathv[i]) + 1;
    i64 count = (i64)g.gl_pathc;
    char *all = bytes < (1u << 30) ? malloc(bytes + 1) : NULL,
         *p = all; /* out of glob's memory before anything can fail */
    for (i64 i = 0; all && i < count; i++)
        p = stpcpy(p, g.gl_pathv[i]) + 1;
    globfree(&g);
    if (!all)
        fail_memory(bytes);
    char *mine = scratch(bytes + 1);
    memcpy(mine, all, bytes);
    free(all);
    struct cell *r = cell_2d(count, count > 0);
    for (i64 i = 0; i < count; i++, mine += strlen(mine) + 1)
        cell_set(r, i, text_value(mine, strlen(mine)));
    result(c, 0, cell_value(r));
}

struct copying { struct call *c; const char *from, *to, *tmp; FILE *in, *out; };

static void copy_body(void *p)
{
    struct copying *k = p;
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, k->in)) > 0) {
        if (fwrite(chunk, 1, n, k->out) < n)
            fail("Octave:write-error", "%s: cannot write '%s': %s", k->c->fn->name, k->to, strerror(errno));
        poll();
    }
    if (ferror(k->in) || fflush(k->out))
        fail("Octave:read-error", "%s: cannot copy '%s': %s", k->c->fn->name, k->from, strerror(errno));
}

static const char *target(struct call *c)                  /* into a folder: under its own name */
{
    const char *from = arg_text(c, 0, NULL), *to = arg_text(c, 1, NULL), *slash = strrchr(from, '/');
    struct stat st;
    if (stat(to, &st) || !S_ISDIR(st.st_mode))
        return to;
    struct buf *b = buf_new();
    buff(b, "%s/%s", to, slash ? slash + 1 : from);
    return b->s;
}

static bool copy_file(struct call *c, const char *from, const char *to)
{
    struct stat st;
    char tmp[PATH_MAX];
    struct copying k = { c, from, to, tmp, NULL, NULL };
    if (stat(from, &st))
        return false;
    if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (snprintf(tmp, sizeof tmp, "%s.XXXXXX", to) >= (int)sizeof tmp) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = mkstemp(tmp);
    if (fd < 0)
        return false;
    fchmod(fd, st.st_mode & 07777);
    k.in = fopen(from, "rb");
    k.out = fdopen(fd, "wb");
    int failed = !k.in || !k.out, e = errno;
    bool told = false;
    if (!failed)
        failed = told = protect(copy_body, &k) != 0;
    if (k.in)
        fclose(k.in);
    if (k.out && fclose(k.out) && !failed)
        failed = 1, e = errno;
    if (!failed && rename(tmp, to))
        failed = 1, e = errno;
    if (failed)
        unlink(tmp);
    if (told)
        fail_again();
    errno = e;
    return !failed;
}

BUILTIN(copyfile, 2, 3, 3, NO_GRAD,
  "copyfile(from, to)\n"
  "[ok, message, id] = copyfile(from, to)\n\n"
  "Copy a file to another name or into a folder. What was there is replaced when all is copied.\n\n"
  "Example:\n  a = tempname(); b = tempname(); csvwrite(a, [1 2]); copyfile(a, b); csvread(b)\n  ans =\n     1   2\n  "
  "delete(a, b)\n\n"
  "See also: movefile, rename")
{
    const char *from = arg_text(c, 0, NULL);
    answer(c, copy_file(c, from, target(c)), "copy", from);
}

BUILTIN(movefile, 2, 3, 3, NO_GRAD,
  "movefile(from, to)\n"
  "[ok, message, id] = movefile(from, to)\n\n"
  "Move a file to another name or into a folder, also to another disk.\n\n"
  "Example:\n  a = tempname(); b = tempname(); csvwrite(a, [1 2]); movefile(a, b); isfile(a), isfile(b)\n  ans = 0\n  "
  "ans = 1\n  delete(b)\n\n"
  "See also: copyfile, rename")
{
    const char *from = arg_text(c, 0, NULL), *to = target(c);
    bool ok = rename(from, to) == 0;
    if (!ok && errno == EXDEV)
        ok = copy_file(c, from, to) && unlink(from) == 0;
    answer(c, ok, "move", from);
}
