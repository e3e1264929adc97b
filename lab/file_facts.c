/* SPDX-License-Identifier: BSD-3-Clause */
/* file_facts.c: what the system says of files and folders: stat, readdir, links, the one name of a file.
 *
 * Every function answers as Octave's do: a result, an error number (0 or -1) and a message, and no failure of its own. */
#include "print.h"
#include "text.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void verdict(struct call *c, int at, bool ok)
{
    const char *why = strerror(errno);
    if (wants(c, at))
        result_num(c, at, ok ? 0 : -1);
    if (wants(c, at + 1))
        result_text(c, at + 1, ok ? "" : why);
}

static value no_matrix(void) { return tensor_value(tensor_2d(D_DOUBLE, 0, 0)); }

static void facts(struct call *c, int (*look)(const char *, struct stat *))
{
    struct stat s;
    if (look(arg_text(c, 0, NULL), &s) != 0) {
        verdict(c, 1, false);
        result(c, 0, no_matrix());
        return;
    }
    static const char letters[] = "-rwx";
    char mode[11] = "----------";
    mode[0] = S_ISDIR(s.st_mode) ? 'd' : S_ISLNK(s.st_mode) ? 'l' : S_ISFIFO(s.st_mode) ? 'p' : S_ISSOCK(s.st_mode) ? 's' :
              S_ISCHR(s.st_mode) ? 'c' : S_ISBLK(s.st_mode) ? 'b' : '-';
    for (int i = 0; i < 9; i++)
        if (s.st_mode >> (8 - i) & 1)
            mode[i + 1] = letters[i % 3 + 1];
    struct record *r = record_scalar();
    const struct { const char *name; double x;
    } field[] = {
        { "ino", (double)s.st_ino },       { "mode", (double)s.st_mode },   { "modestr", -1 },
        { "nlink", (double)s.st_nlink },   { "uid", (double)s.st_uid },     { "gid", (double)s.st_gid },
        { "rdev", (double)s.st_rdev },     { "size", (double)s.st_size },   { "atime", (double)s.st_atime },
        { "mtime", (double)s.st_mtime },   { "ctime", (double)s.st_ctime }, { "blksize", (double)s.st_blksize },
        { "blocks", (double)s.st_blocks }, { "dev", (double)s.st_dev },
    };
    for (size_t i = 0; i < COUNT(field); i++)
        record_set(r, 0, symbol_of(field[i].name), field[i].x < 0 ? text_value(mode, 10) : num(field[i].x));
    result(c, 0, record_value(r));
    verdict(c, 1, true);
}

#define STAT_HELP(name, of_links)                                                                                              \
  "[info, err, message] = " name "(file)\n\n"                                                                                  \
  "What the system says of a file" of_links ", in a struct: ino, mode, modestr, nlink, uid, gid, size, times atime, mtime and " \
  "ctime in seconds since 1970, and more. info is [], err -1 and message says why where there is none.\n\n"

BUILTIN(stat, 1, 1, 3, NO_GRAD, STAT_HELP("stat", "") "Example:\n  stat('/').modestr(1)\n  ans = d\n\nSee also: lstat, isfolder, isfile, readdir") { facts(c, stat); }
BUILTIN(lstat, 1, 1, 3, NO_GRAD, STAT_HELP("lstat", ", or of the link itself") "Example:\n  lstat('/').modestr(1)\n  ans = d\n\nSee also: stat, readlink") { facts(c, lstat); }

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

BUILTIN(readdir, 1, 1, 3, NO_GRAD,
  "[names, err, message] = readdir(folder)\n\n"
  "The names in a folder, . and .. too, sorted, in a column of cells; {} with err -1 and a message where it cannot be "
  "read.\n\n"
  "Example:\n  readdir('/'){1}\n  ans = .\n\n"
  "See also: dir, ls, glob, stat")
{
    const char *name = arg_text(c, 0, NULL);
    DIR *d = opendir(name);
    if (!d) {
        verdict(c, 1, false);
        result(c, 0, cell_value(cell_new(2, (i64[]){ 0, 0 })));
        return;
    }
    char **list = NULL;
    size_t n = 0, room = 0;
    bool full = false;
    for (struct dirent *e; !full && (e = readdir(d));) {
        if (n == room) {
            char **more = realloc(list, (room = 2 * room + 64) * sizeof *list);
            full = !more;
            list = more ? more : list;
        }
        if (!full && !(list[n++] = strdup(e->d_name)))
            full = true, n--;
    }
    closedir(d);
    size_t bytes = 0;
    if (n)
        qsort(list, n, sizeof *list, by_name);
    for (size_t i = 0; i < n; i++)
        bytes += strlen(list[i]) + 1;
    char *all = full ? NULL : malloc(bytes + 1),
         *p = all; /* one block, so that nothing is lost should making the cell fail */
    for (size_t i = 0; i < n; i++) {
        if (all)
            p = stpcpy(p, list[i]) + 1;
        free(list[i]);
    }
    free(list);
    if (!all)
        fail_memory(bytes);
    struct buf *b = buf_of_malloc(all, bytes);
    struct cell *r = cell_new(2, (i64[]){ (i64)n, 1 });
    p = b->s;
    for (size_t i = 0; i < n; i++, p += strlen(p) + 1)
        cell_set(r, (i64)i, text_value(p, strlen(p)));
    result(c, 0, cell_value(r));
    verdict(c, 1, true);
}

static void one_name(struct call *c, const char *s)
{
    bool ok = s;
    int e = errno;
    if (ok)
        result_text(c, 0, s);
    else
        result(c, 0, tensor_value(tensor_2d(D_CHAR, 0, 0)));
    errno = e;
    verdict(c, 1, ok);
}

BUILTIN(canonicalize_file_name, 1, 1, 3, NO_GRAD,
  "[name, err, message] = canonicalize_file_name(file)\n\n"
  "The one name of a file that is there: from the root on, without links, . and .. in it. '' with err -1 and a message "
  "where there is none.\n\n"
  "Example:\n  canonicalize_file_name('/./')\n  ans = /\n\n"
  "See also: make_absolute_filename, readlink")
{
    char s[PATH_MAX];
    one_name(c, realpath(arg_text(c, 0, NULL), s));
}

BUILTIN(readlink, 1, 1, 3, NO_GRAD,
  "[target, err, message] = readlink(link)\n\n"
  "What a symbolic link points to; '' with err -1 and a message where it is none.\n\n"
  "Example:\n  [s, err] = readlink('/')\n  s = \n  err = -1\n\n"
  "See also: symlink, canonicalize_file_name")
{
    char s[PATH_MAX];
    ssize_t n = readlink(arg_text(c, 0, NULL), s, sizeof s - 1);
    if (n >= 0)
        s[n] = 0;
    one_name(c, n >= 0 ? s : NULL);
}

static void linked(struct call *c, int (*make)(const char *, const char *))
{
    const char *a = arg_text(c, 0, NULL), *b = arg_text(c, 1, NULL);
    bool ok = make(a, b) == 0;
    if (!ok && c->nargout == 0)
        fail("Octave:file-error", "%s: cannot make '%s': %s", c->fn->name, b, strerror(errno));
    verdict(c, 0, ok);
}

BUILTIN(symlink, 2, 2, 2, NO_GRAD,
  "symlink(target, name)\n"
  "[err, message] = symlink(target, name)\n\n"
  "Makes a symbolic link of that name to target.\n\n"
  "Example:\n  s = tempname(); symlink('/', s); readlink(s)\n  ans = /\n  delete(s)\n\n"
  "See also: link, readlink") { linked(c, symlink); }
BUILTIN(link, 2, 2, 2, NO_GRAD,
  "link(file, name)\n"
  "[err, message] = link(file, name)\n\n"
  "Gives a file a second name.\n\n"
  "Example:\n  a = tempname(); b = tempname(); fclose(fopen(a, 'w'));\n  link(a, b); stat(b).nlink\n  ans = 2\n  "
  "delete(a); delete(b)\n\n"
  "See also: symlink, stat") { linked(c, link); }

static void mode_is(struct call *c, mode_t kind)
{
    result_bool(c, 0, ((mode_t)arg_int(c, 0, 0, 0xFFFFFFFF) & S_IFMT) == kind);
}
#define IS_HELP(name, what, is)                                                                                    \
    "tf = " name "(mode)\n\nWhether a mode, as stat gives it, is that of " what ".\n\n"                              \
    "Example:\n  " name "(stat('/').mode)\n  ans = " is "\n\nSee also: stat"
BUILTIN(S_ISDIR, 1, 1, 1, NO_GRAD, IS_HELP("S_ISDIR", "a folder", "1")) { mode_is(c, S_IFDIR); }
BUILTIN(S_ISREG, 1, 1, 1, NO_GRAD, IS_HELP("S_ISREG", "a plain file", "0")) { mode_is(c, S_IFREG); }
BUILTIN(S_ISLNK, 1, 1, 1, NO_GRAD, IS_HELP("S_ISLNK", "a symbolic link", "0")) { mode_is(c, S_IFLNK); }
