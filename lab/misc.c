/* SPDX-License-Identifier: BSD-3-Clause */
/* misc.c: the computer around us: environment, folders, the shell, what kind of machine it is.
 *
 * Everything here is a thin word for a call of the system; an error says what was asked for and what the system
 * answered. */
#include "call.h"
#include "config.h"
#include "context.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <fnmatch.h>
#include <omp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static value text_value(const char *s)
{
    return tensor_value(tensor_text(s, strlen(s)));
}

static const char *plain_arg(struct call *c, int i)          /* text without NUL bytes */
{
    size_t n;
    const char *s = arg_text(c, i, &n);
    if (strlen(s) != n)
        fail_arg(c, i, "text without NUL characters");
    return s;
}

static NORETURN void fail_system(struct call *c, const char *what)
{
    fail("Octave:error", "%s: %s: %s", c->fn->name, what, strerror(errno));
}

/* ---- memory */
static double status_bytes(const char *field) /* of this process, as the system counts; NaN where it does not say */
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[128];
    double kb = NAN;
    size_t n = strlen(field);
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, field, n) && line[n] == ':')
            kb = strtod(line + n + 1, NULL);
    if (f)
        fclose(f);
    return kb * 1024;
}

BUILTIN(memory, 0, 0, 1, NO_GRAD,
    "s = memory()\n\n"
    "Memory in bytes: resident is what the program occupies, peak the most so far, kept what it holds back to use "
    "again. taken counts how often memory was asked of the system: where it does not grow, as in a loop that trains a "
    "net, all memory is used again.\n\n"
    "Example:\n"
    "  s = memory(); s.peak >= s.resident\n"
    "  ans = 1\n\n"
    "See also: whos, clear")
{
    static const char *const names[] = { "resident", "peak", "kept", "taken" };
    const double v[] = { status_bytes("VmRSS"), status_bytes("VmHWM"), (double)cx->kept_bytes, (double)cx->taken };
    struct record *r = record_new(2, (i64[]){ 1, 1 }, 0, NULL);
    for (int i = 0; i < COUNT(names); i++)
        record_set(r, 0, symbol_of(names[i]), num(v[i]));
    result(c, 0, record_value(r));
}

/* ---- environment */
BUILTIN(getenv, 1, 1, 1, NO_GRAD,
  "s = getenv(name)\n\n"
  "The value of that variable of the environment, an empty text when there is none.\n\n"
  "Example:\n  setenv('TL_EXAMPLE', 'yes'); getenv('TL_EXAMPLE')\n  ans = yes\n\n"
  "See also: setenv, unsetenv")
{
    const char *s = getenv(plain_arg(c, 0));
    result_text(c, 0, s ? s : "");
}

static void set_variable(struct call *c)
{
    const char *name = plain_arg(c, 0);
    if (setenv(name, c->nargin > 1 ? plain_arg(c, 1) : "", 1))
        fail_system(c, name);
    tzset();
}

BUILTIN(setenv, 1, 2, 0, NO_GRAD,
  "setenv(name, text)\n\n"
  "Gives a variable of the environment a value, for this program and those it starts.\n\n"
  "Example:\n  setenv('TL_EXAMPLE', 'a b'); getenv('TL_EXAMPLE')\n  ans = a b\n\n"
  "See also: getenv, unsetenv")
{
    set_variable(c);
}

BUILTIN(putenv, 1, 2, 0, NO_GRAD,
  "putenv(name, text)\n\n"
  "The same as setenv.\n\n"
  "Example:\n  putenv('TL_EXAMPLE', '1'); getenv('TL_EXAMPLE')\n  ans = 1\n\n"
  "See also: setenv")
{
    set_variable(c);
}

BUILTIN(unsetenv, 1, 1, 1, NO_GRAD,
  "status = unsetenv(name)\n\n"
  "Takes a variable out of the environment; 0 when all is well.\n\n"
  "Example:\n  unsetenv('TL_EXAMPLE'); isempty(getenv('TL_EXAMPLE'))\n  ans = 1\n\n"
  "See also: setenv")
{
    int status = unsetenv(plain_arg(c, 0));
    if (c->nargout)
        result_num(c, 0, status);
}

/* ---- the machine */
BUILTIN(ispc, 0, 0, 1, NO_GRAD,
  "tf = ispc()\n\n"
  "True under Windows: never so far.\n\n"
  "Example:\n  ispc()\n  ans = 0\n\n"
  "See also: isunix, ismac, computer")
{
    result_bool(c, 0, false);
}

BUILTIN(isunix, 0, 0, 1, NO_GRAD,
  "tf = isunix()\n\n"
  "True under Unix and its like.\n\n"
  "Example:\n  isunix()\n  ans = 1\n\n"
  "See also: ispc, ismac, computer")
{
    result_bool(c, 0, true);
}

BUILTIN(ismac, 0, 0, 1, NO_GRAD,
  "tf = ismac()\n\n"
  "True on a Macintosh.\n\n"
  "Example:\n  ismac() && !isunix()\n  ans = 0\n\n"
  "See also: ispc, isunix, computer")
{
#ifdef __APPLE__
    result_bool(c, 0, true);
#else
    result_bool(c, 0, false);
#endif
}

static struct utsname machine(struct call *c)
{
    struct utsname u;
    if (uname(&u))
        fail_system(c, "uname");
    return u;
}

BUILTIN(computer, 0, 1, 3, NO_GRAD,
  "computer\n[name, most, endian] = computer()\narch = computer(\"arch\")\n\n"
  "The kind of machine and system, the largest number of elements of an array, and \"L\" or \"B\" for the order of "
  "bytes.  Without results the kind is printed.\n\n"
  "Example:\n  [~, ~, e] = computer(); any(e == 'LB')\n  ans = 1\n\n"
  "See also: uname, version, nproc")
{
    static const char *const forms[] = { "arch", NULL };
    struct utsname u = machine(c);
    struct buf *b = buf_new();
    if (c->nargin)
        arg_option(c, 0, forms);
    for (char *s = u.sysname; *s; s++)
        *s |= *s >= 'A' && *s <= 'Z' ? 32 : 0;
    buff(b, "%s-%s", u.machine, u.sysname);
    if (c->nargout == 0 && c->nargin == 0) {
        outf("%s\n", b->s);
        return;
    }
    result(c, 0, buf_value(b));
    result_num(c, 1, 4611686018427387904.0);
    result_text(c, 2, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "L" : "B");
}

BUILTIN(uname, 0, 0, 3, NO_GRAD,
  "[u, err, message] = uname()\n\n"
  "A struct with the fields sysname, nodename, release, version and machine; err is 0 and message empty.\n\n"
  "Example:\n  isfield(uname(), 'sysname')\n  ans = 1\n\n"
  "See also: computer")
{
    struct utsname u = machine(c);
    struct record *r = record_scalar();
    record_set(r, 0, symbol_of("sysname"), text_value(u.sysname));
    record_set(r, 0, symbol_of("nodename"), text_value(u.nodename));
    record_set(r, 0, symbol_of("release"), text_value(u.release));
    record_set(r, 0, symbol_of("version"), text_value(u.version));
    record_set(r, 0, symbol_of("machine"), text_value(u.machine));
    result(c, 0, record_value(r));
    result_num(c, 1, 0);
    result_text(c, 2, "");
}

BUILTIN(version, 0, 0, 1, NO_GRAD,
  "s = version()\n\n"
  "The version of this program.\n\n"
  "Example:\n  ischar(version())\n  ans = 1\n\n"
  "See also: computer")
{
    result_text(c, 0, PACKAGE_VERSION);
}

BUILTIN(OCTAVE_VERSION, 0, 0, 1, NO_GRAD,
  "s = OCTAVE_VERSION()\n\n"
  "The version of Octave whose language tl follows, for scripts that ask.\n\n"
  "Example:\n  exist('OCTAVE_VERSION', 'builtin') ~= 0\n  ans = 1\n\n"
  "See also: version")
{
    result_text(c, 0, "7.3.0");
}

BUILTIN(nproc, 0, 1, 1, NO_GRAD,
  "n = nproc()\nn = nproc(\"all\")\n\n"
  "The number of processors that this program may use, or of all that are switched on.\n\n"
  "Example:\n  nproc() >= 1\n  ans = 1\n\n"
  "See also: computer, maxNumCompThreads")
{
    static const char *const which[] = { "current", "all", "overridable", NULL };
    int n = c->nargin && arg_option(c, 0, which) == 1 ? (int)sysconf(_SC_NPROCESSORS_ONLN) : omp_get_num_procs();
    result_num(c, 0, MAX(n, 1));
}

BUILTIN(getpid, 0, 0, 1, NO_GRAD,
  "n = getpid()\n\n"
  "The number of this process.\n\n"
  "Example:\n  getpid() > 0\n  ans = 1\n\n"
  "See also: system")
{
    result_num(c, 0, getpid());
}

BUILTIN(gethostname, 0, 0, 1, NO_GRAD,
  "s = gethostname()\n\n"
  "The name of this computer.\n\n"
  "Example:\n  ischar(gethostname())\n  ans = 1\n\n"
  "See also: uname")
{
    struct utsname u = machine(c);
    result_text(c, 0, u.nodename);
}

/* ---- folders */
static const char *expand_home(const char *s)                /* ~ and ~/… */
{
    const char *home = getenv("HOME");
    if (s[0] != '~' || (s[1] && s[1] != '/') || !home)
        return s;
    char *t = scratch(strlen(home) + strlen(s) + 1);
    sprintf(t, "%s%s", home, s + 1);
    return t;
}

static const char *folder_arg(struct call *c)
{
    return c->nargin ? expand_home(plain_arg(c, 0)) : ".";
}

/* Walks a folder: bytes that its names take; with `to` writes as many as fit.  Nothing is allocated while it is open. */
static size_t walk_folder(struct call *c, const char *folder, const char *pattern, char *to, size_t room)
{
    DIR *d = opendir(folder);
    size_t bytes = 0;
    if (!d)
        fail_system(c, folder);
    for (struct dirent *e; (e = readdir(d));) {
        size_t n = strlen(e->d_name) + 1;
        if (e->d_name[0] == '.' || (pattern && fnmatch(pattern, e->d_name, 0)) || (to && bytes + n > room))
            continue;
        if (to)
            memcpy(to + bytes, e->d_name, n);
        bytes += n;
    }
    closedir(d);
    return bytes;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a folder, those of a pattern such as data/x*.csv, or the file itself, as a column of texts; the folder
 * in *where. */
static struct cell *names_in(struct call *c, const char **where)
{
    const char *folder = folder_arg(c), *slash = strrchr(folder, '/'), *pattern = NULL;
    struct stat st;
    int bad = stat(folder, &st);
    if (bad && strpbrk(slash ? slash + 1 : folder, "*?[")) {
        pattern = slash ? slash + 1 : folder;
        char *part = memcpy(scratch(strlen(folder) + 2), folder, strlen(folder) + 1);
        part[slash ? MAX(slash - folder, 1) : 0] = 0;
        folder = *part ? part : ".";
        bad = stat(folder, &st);
    }
    *where = folder;
    if (bad)
        fail_system(c, folder);
    if (!S_ISDIR(st.st_mode)) {
        struct cell *one = cell_2d(1, 1);
        cell_set(one, 0, text_value(folder));
        return one;
    }
    size_t bytes = walk_folder(c, folder, pattern, NULL, 0);
    char *all = scratch(bytes + 1);
    bytes = walk_folder(c, folder, pattern, all, bytes);
    i64 n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += all[i] == 0;
    char **name = scratch(sizeof *name * (n + 1));
    for (i64 i = 0; i < n; i++) {
        name[i] = all;
        all += strlen(all) + 1;
    }
    qsort(name, n, sizeof *name, by_text);
    struct cell *y = cell_2d(n, 1);
    for (i64 i = 0; i < n; i++)
        cell_set(y, i, text_value(name[i]));
    return y;
}

BUILTIN(ls, 0, 1, 1, NO_GRAD,
  "ls\nls folder\nls pattern\ns = ls(folder)\n\n"
  "The names in a folder, or those that match a pattern such as data/x*.csv, side by side, or as the rows of a char "
  "matrix.\n\n"
  "Example:\n  ischar(ls('/'))\n  ans = 1\n\n"
  "See also: dir, pwd, cd")
{
    const char *folder;
    struct cell *names = names_in(c, &folder);
    i64 width = 0, n = names->numel;
    for (i64 i = 0; i < n; i++)
        width = MAX(width, value_numel(names->v[i]));
    if (c->nargout) {
        struct tensor *s = tensor_2d(D_CHAR, n, width);
        for (i64 i = 0; i < n; i++) {
            struct tensor *t = tensor_dense(tensor_of(names->v[i]));
            for (i64 k = 0; k < width; k++)
                s->data[i + k * n] = k < t->numel ? t->data[k] : ' ';
        }
        result_tensor(c, 0, s);
        return;
    }
    i64 columns = MAX(1, 80 / (width + 2)), rows = (n + columns - 1) / columns;
    for (i64 r = 0; r < rows; r++) {
        struct buf *b = buf_new();
        for (i64 k = r; k < n; k += rows) {
            struct tensor *t = tensor_dense(tensor_of(names->v[k]));
            buff(b, "%.*s", (int)t->numel, t->data);
            for (i64 pad = t->numel; k + rows < n && pad < width + 2; pad++)
                buf_putc(b, ' ');
        }
        outf("%s\n", b->s);
    }
}

BUILTIN(dir, 0, 1, 1, NO_GRAD,
  "dir\ndir folder\ndir pattern\ns = dir(folder)\n\n"
  "The names in a folder, or those that match a pattern such as data/x*.csv, one below the other, or a column of "
  "structs with the fields name, folder, date, bytes, isdir and datenum; of a file that file alone.\n\n"
  "Example:\n  isfield(dir('/'), 'bytes')\n  ans = 1\n\n"
  "See also: ls, pwd")
{
    const char *folder;
    struct cell *names = names_in(c, &folder);
    if (!c->nargout) {
        for (i64 i = 0; i < names->numel; i++) {
            struct tensor *t = tensor_dense(tensor_of(names->v[i]));
            outf("%.*s\n", (int)t->numel, t->data);
        }
        return;
    }
    static const char *const fields[] = { "name", "folder", "date", "bytes", "isdir", "datenum" };
    sym name[COUNT(fields)];
    for (int k = 0; k < COUNT(fields); k++)
        name[k] = symbol_of(fields[k]);
    const char *slash = strrchr(folder, '/');
    struct stat is;
    if (names->numel == 1 && !stat(folder, &is) && !S_ISDIR(is.st_mode)) {          /* one file: its own folder and name */
        cell_set(names, 0, text_value(slash ? slash + 1 : folder));
        char *part = memcpy(scratch(strlen(folder) + 2), folder, strlen(folder) + 1);
        part[slash ? MAX(slash - folder, 1) : 0] = 0;
        folder = *part ? part : ".";
    }
    char *full = realpath(folder, NULL);
    value where = text_value(full ? full : folder);
    free(full);
    struct record *r = record_new(2, (i64[]){ names->numel, 1 }, COUNT(fields), name);
    for (i64 i = 0; i < names->numel; i++) {
        struct tensor *t = tensor_dense(tensor_of(names->v[i]));
        struct stat st = { 0 };
        struct tm tm;
        char *path = scratch(strlen(folder) + t->numel + 2), date[64];
        sprintf(path, "%s/%.*s", folder, (int)t->numel, t->data);
        if (stat(path, &st))
            lstat(path, &st);
        localtime_r(&st.st_mtime, &tm);
        strftime(date, sizeof date, "%d-%b-%Y %H:%M:%S", &tm);
        record_put(r, i, 0, names->v[i]);
        record_put(r, i, 1, where);
        record_put(r, i, 2, text_value(date));
        record_put(r, i, 3, num((double)st.st_size));
        record_put(r, i, 4, boolean(S_ISDIR(st.st_mode)));
        record_put(r, i, 5, num(719529 + ((double)st.st_mtime + (double)tm.tm_gmtoff) / 86400));
    }
    result(c, 0, record_value(r));
}

static bool file_is(struct call *c, value v, mode_t kind)
{
    i64 dim[MAX_DIMS];
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR || value_dims(v, dim) != 2 || dim[0] != 1)
        return false;
    struct tensor *t = tensor_dense(tensor_of(v));
    char *s = scratch(t->numel + 1);
    struct stat st;
    memcpy(s, t->data, t->numel);
    s[t->numel] = 0;
    (void)c;
    return !stat(expand_home(s), &st) && (st.st_mode & S_IFMT) == kind;
}

static void ask_files(struct call *c, mode_t kind)
{
    if (c->arg[0].kind != K_CELL) {
        result_bool(c, 0, file_is(c, c->arg[0], kind));
        return;
    }
    struct cell *x = c->arg[0].cell;
    struct tensor *y = tensor_new(D_LOGICAL, x->nd, x->dim);
    for (i64 i = 0; i < x->numel; i++)
        y->data[i] = file_is(c, x->v[i], kind);
    result_tensor(c, 0, y);
}

BUILTIN(isfile, 1, 1, 1, NO_GRAD,
  "tf = isfile(name)\n\n"
  "True when there is a file of that name; with a cell of names the result has its size.\n\n"
  "Example:\n  isfile('/')\n  ans = 0\n\n"
  "See also: isfolder, exist, dir")
{
    ask_files(c, S_IFREG);
}

BUILTIN(isfolder, 1, 1, 1, NO_GRAD,
  "tf = isfolder(name)\n\n"
  "True when there is a folder of that name; with a cell of names the result has its size.\n\n"
  "Example:\n  isfolder('/')\n  ans = 1\n\n"
  "See also: isfile, exist, dir")
{
    ask_files(c, S_IFDIR);
}

BUILTIN(isdir, 1, 1, 1, NO_GRAD,
  "tf = isdir(name)\n\n"
  "The same as isfolder.\n\n"
  "Example:\n  isdir('/')\n  ans = 1\n\n"
  "See also: isfolder")
{
    ask_files(c, S_IFDIR);
}

/* ---- the shell */
BUILTIN(system, 1, 2, 2, NO_GRAD,
  "system(command)\n[status, text] = system(command)\n\n"
  "Hands a command to the shell and waits for it.  What it prints appears at once, or is the second result; status is "
  "0 when it went well, else the number it ended with (128 and the signal's number when a signal ended it).\n\n"
  "Example:\n  [status, text] = system('echo hello'); strtrim(text)\n  ans = hello\n\n"
  "See also: getenv, shell_cmd")
{
    const char *command = plain_arg(c, 0);
    bool capture = c->nargout > 1 || (c->nargin > 1 && arg_bool(c, 1));
    int status;
    out_flush();
    if (capture) {
        struct buf *b = buf_new();
        FILE *p = popen(command, "r");
        char part[4096];
        if (!p)
            fail_system(c, command);
        for (size_t n; (n = fread(part, 1, sizeof part, p)) > 0;)
            buf_add(b, part, n);
        status = pclose(p);
        result(c, 1, buf_value(b));
    } else {
        status = system(command);
    }
    if (status == -1)
        fail_system(c, command);
    if (WIFSIGNALED(status) &&
        WTERMSIG(status) == SIGINT) /* while the command runs, Ctrl-C is for it alone: a loop around it ends too */
        interrupt_flag = 1;
    poll();
    status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    result_num(c, 0, status);
}

BUILTIN(shell_cmd, 1, 2, 2, NO_GRAD,
  "[status, text] = shell_cmd(command)\n\n"
  "The same as system.\n\n"
  "Example:\n  shell_cmd('true');\n\n"
  "See also: system")
{
    system_run(c);
}
