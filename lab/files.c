/* SPDX-License-Identifier: BSD-3-Clause */
/* files.c: open files and reading and writing bytes and lines.
 *
 * A file is a small integer, as in Octave: a place in a table that hangs on the context and is closed with it.  Standard
 * output is no FILE here but the sink, so evalc and tests catch what goes there. */
#include "files.h"
#include "nearest.h"
#include "text.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { FIRST = 3, MOST = 1024 };
struct file { FILE *f; char *name; char mode[8]; int fid; bool big_endian, text; };
struct table { struct file std[FIRST]; struct file *open[MOST]; };

static void close_file(struct file *f)        /* one that nobody closed: what it lacks can only be said */
{
    bool bad = f->f && ferror(f->f) && f->mode[0] != 'r';
    if (f->f && (fclose(f->f) || bad))
        fprintf(stderr, "warning: '%s' could not be written: %s\n", f->name, strerror(errno));
    free(f->name);
    free(f);
}

static void close_all(void)
{
    struct table *t = *context_room(ROOM_FILES);
    for (int i = FIRST; i < MOST; i++)
        if (t->open[i])
            close_file(t->open[i]);
    free(t);
}

static struct table *table(void)
{
    void **room = context_room(ROOM_FILES);
    if (!*room) {
        struct table *t = calloc(1, sizeof *t);
        if (!t)
            fail_memory(sizeof *t);
        t->std[0] = (struct file){ stdin, "stdin", "r", 0, false, false };
        t->std[1] = (struct file){ NULL, "stdout", "w", 1, false, false };
        t->std[2] = (struct file){ stderr, "stderr", "w", 2, false, false };
        for (int i = 0; i < FIRST; i++)
            t->open[i] = &t->std[i];
        *room = t;
        context_at_exit(close_all);
    }
    return *room;
}

struct file *file_stdout(void)
{
    return table()->open[1];
}

struct file *file_arg(struct call *c, int i)
{
    struct table *t = table();
    if (arg_is_text(c, i) && value_numel(c->arg[i]) != 1) {
        const char *name = arg_text(c, i, NULL);
        for (int k = 0; k < MOST; k++)
            if (t->open[k] && !strcmp(t->open[k]->name, name))
                return t->open[k];
        fail("Octave:invalid-input-arg", "%s: no file '%s' is open", c->fn->name, name);
    }
    double x = arg_num(c, i);
    if (x != floor(x) || x < 0 || x >= MOST || !t->open[(int)x])
        fail("Octave:invalid-input-arg",
             "%s: invalid stream number = %g\nhint: fopen gives the number of an open file; -1 means that it could not open", c->fn->name,
             x);
    return t->open[(int)x];
}

void file_write(struct call *c, struct file *f, const char *s,
                size_t n) /* in pieces: a terminal may take seconds for what was made at once */
{
    if (f->fid == 2)
        out_flush();
    for (size_t k; n; s += k, n -= k) {
        k = MIN(n, 1 << 16);
        poll();
        if (f->fid == 1)
            out_text(s, k);
        else if (fwrite(s, 1, k, f->f) < k)
            fail("Octave:write-error", "%s: cannot write to '%s': %s", c->fn->name, f->name,
                 errno == EBADF ? "it is open for reading only" : strerror(errno));
    }
    if (f->fid == 2)
        fflush(stderr);
}

static FILE *readable(struct call *c, int i)
{
    struct file *f = file_arg(c, i);
    if (f->fid == 1 || f->fid == 2)
        fail("Octave:read-error", "%s: %s cannot be read", c->fn->name, f->name);
    return f->f;
}

struct buf_target { struct buf *b; FILE *f; const char *who, *name; };

static void slurp_body(void *p)
{
    struct buf_target *t = p;
    char chunk[65536];
    size_t k;
    while ((k = fread(chunk, 1, sizeof chunk, t->f)) > 0) {
        buf_add(t->b, chunk, k);
        poll();
    }
    if (ferror(t->f))
        fail("Octave:read-error", "%s: cannot read '%s': %s", t->who, t->name, strerror(errno));
}

/* Files of that folder that are called alike, or the same but for the ending. */
void file_fail_open(const char *who, const char *name)
{
    int why = errno;
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name, *dot = strrchr(base, '.');
    size_t stem = dot ? (size_t)(dot - base) : strlen(base), len = slash ? (size_t)(slash - name) + 1 : 0;
    char *folder = scratch(len + 3), *other = NULL;
    memcpy(folder, name, len);
    strcpy(folder + len, len ? "" : "./");
    struct nearest near;
    nearest_begin(&near, base);
    DIR *d = why == ENOENT && *base ? opendir(folder) : NULL;
    for (struct dirent *e; d && (e = readdir(d)); ) {
        nearest_try(&near, e->d_name);
        if (!strncmp(e->d_name, base, stem) && e->d_name[stem] == '.' && e->d_name[stem + 1] && !other)
            other = strcpy(scratch(strlen(e->d_name) + 1), e->d_name);
    }
    if (d)
        closedir(d);
    else if (why == ENOENT && len > 1)
        fail("Octave:file-not-found", "%s: cannot open '%s': %s\nhint: there is no folder '%.*s'", who, name,
             strerror(why), (int)len - 1, name);
    const char *meant = nearest_found(&near) ? nearest_found(&near) : other;
    fail("Octave:file-not-found",
         meant ? "%s: cannot open '%s': %s\nhint: did you mean '%.*s%s'?" : "%s: cannot open '%s': %s", who, name,
         strerror(why), (int)len, name, meant);
}

const char *file_found(const char *name)
{
    const char *other = access(name, F_OK) && *name && *name != '/' && hooks()->data_file ? hooks()->data_file(name) : NULL;
    return other ? other : name;
}

char *file_slurp(const char *who, const char *name, size_t *n)
{
    struct buf_target t = { buf_new(), fopen(file_found(name), "rb"), who, name };
    struct stat st;
    if (!t.f)
        file_fail_open(who, name);
    if (fstat(fileno(t.f), &st) == 0 && S_ISDIR(st.st_mode)) {
        fclose(t.f);
        fail("Octave:file-not-found", "%s: '%s' is a folder", who, name);
    }
    int failed = protect(slurp_body, &t);
    fclose(t.f);
    if (failed)
        fail_again();
    *n = t.b->n;
    return t.b->s;
}

struct replacing { FILE *f; void (*body)(FILE *f, void *arg); void *arg; };
static void replace_body(void *p)
{
    struct replacing *r = p;
    r->body(r->f, r->arg);
}

void file_replace(const char *who, const char *name, bool append, void (*body)(FILE *f, void *arg), void *arg)
{
    struct replacing r = { NULL, body, arg };
    struct stat st;
    bool exists = stat(name, &st) == 0, plain = !exists || S_ISREG(st.st_mode);
    char tmp[PATH_MAX];
    char *real = exists && plain ? realpath(name, NULL) : NULL;         /* through a link: what it points to is replaced */
    tmp[0] = 0;
    if (append || !plain) {
        r.f = fopen(name, append ? "a" : "w");
    } else if (snprintf(tmp, sizeof tmp, "%s.XXXXXX", real ? real : name) < (int)sizeof tmp) {
        int fd = mkstemp(tmp);
        mode_t mask = umask(0);
        umask(mask);
        if (fd >= 0) {
            fchmod(fd, exists ? st.st_mode & 07777 : 0666 & ~mask);
            r.f = fdopen(fd, "w");
        }
    } else {
        errno = ENAMETOOLONG;
    }
    if (!r.f) {
        int e = errno;
        free(real);
        fail("Octave:file-not-found", "%s: cannot open '%s' for writing: %s", who, name, strerror(e));
    }
    errno = 0;
    int failed = protect(replace_body, &r), e = 0;
    if (!failed && (fflush(r.f) || ferror(r.f)))
        e = errno ? errno : EIO;
    if (fclose(r.f) && !failed && !e)
        e = errno;
    if (tmp[0] && (failed || e))
        unlink(tmp);
    else if (tmp[0] && rename(tmp, real ? real : name)) {
        e = errno;
        unlink(tmp);
    }
    free(real);
    if (failed)
        fail_again();
    if (e)
        fail("Octave:write-error", "%s: cannot write '%s': %s", who, name, strerror(e));
}

const char *file_rest(struct call *c, int i, size_t *n)
{
    struct buf_target t = { buf_new(), readable(c, i), c->fn->name, file_arg(c, i)->name };
    slurp_body(&t);
    *n = t.b->n;
    return t.b->s;
}

void file_back(struct call *c, int i, size_t n)            /* what cannot be seeked, such as a pipe, loses it */
{
    FILE *f = readable(c, i);
    if (n > 0)
        fseek(f, -(long)n, SEEK_CUR);
}

/* ---- opening and closing */
static const char *const modes[] = { "r", "w", "a", "r+", "w+", "a+", NULL };

/* Do the bytes lie the other way round? As argument i says, else as the file was opened. */
static bool big_endian(struct call *c, int i, bool otherwise)
{
    static const char *const order[] = { "native", "ieee-le", "l", "n", "ieee-be", "b", NULL };
    return has_arg(c, i) ? arg_option(c, i, order) >= 4 : otherwise;
}

static void file_info(struct call *c, struct file *f)
{
    result_text(c, 0, f->name);
    if (wants(c, 1)) {
        struct buf *b = buf_new();
        buff(b, f->text || f->fid < FIRST ? "%s" : "%sb", f->mode);
        result(c, 1, buf_value(b));
    }
    if (wants(c, 2))
        result_text(c, 2, f->big_endian ? "ieee-be" : "ieee-le");
    if (wants(c, 3))
        result_text(c, 3, "utf-8");
}

BUILTIN(fopen, 1, 4, 4, NO_GRAD,
  "fid = fopen(name, mode)\n"
  "[fid, message] = fopen(name, mode, arch)\n"
  "[name, mode, arch, encoding] = fopen(fid)\n\n"
  "Open a file; mode is 'r' to read (the default), 'w' to write anew, 'a' to append, with '+' for both. The number of "
  "the file is\n"
  "-1 if it cannot be opened, and the message says why. A file to read that is not there is looked for beside the script "
  "and in the folders of addpath. arch is the order of bytes that fread and fwrite take for it: "
  "'native',\n"
  "'ieee-le' or 'ieee-be'.\n\n"
  "Example:\n  fid = fopen('/nonexistent/file')\n  fid = -1\n\n"
  "See also: fclose, fgetl, fprintf, fread, fileread")
{
    struct table *t = table();
    if (!arg_is_text(c, 0)) {
        if (is_tensor_like(c->arg[0]) && tensor_of(c->arg[0])->numel == 1 && arg_num(c, 0) == -1)
            for (int i = 0; i < 4 && (i == 0 || wants(c, i)); i++)         /* what could not be opened has no name */
                result_text(c, i, "");
        else
            file_info(c, file_arg(c, 0));
        return;
    }
    const char *name = arg_text(c, 0, NULL), *mode = c->nargin > 1 ? arg_text(c, 1, NULL) : "r";
    char plain[8] = "";
    size_t k = 0;
    for (const char *m = mode; *m && k < sizeof plain - 2; m++)
        if (*m != 't' && *m != 'b')
            plain[k++] = strchr("RWA", *m) ? (char)(*m | 32) : *m;         /* capitals ask Octave for a compressed file */
    bool known = false;
    for (int i = 0; modes[i]; i++)
        known |= !strcmp(modes[i], plain);
    if (!known)
        fail("Octave:invalid-input-arg", "fopen: the mode must be r, w, a, r+, w+ or a+, but is '%s'", mode);
    bool big = big_endian(c, 2, false);
    int fid = FIRST;
    while (fid < MOST && t->open[fid])
        fid++;
    FILE *fp = NULL;
    const char *why = "";
    struct stat st;
    if (fid == MOST)
        why = "too many open files";
    else if (stat(name, &st) == 0 && S_ISDIR(st.st_mode))
        why = strerror(EISDIR);
    else if (!(fp = fopen(!strcmp(plain, "r") || !strcmp(plain, "rb") ? file_found(name) : name, plain)))
        why = strerror(errno);
    if (fp) {
        struct file *f = calloc(1, sizeof *f);
        char *copy_of_name = strdup(name);
        if (!f || !copy_of_name) {
            fclose(fp);
            free(f);
            fail_memory(sizeof *f);
        }
        *f = (struct file){ .f = fp, .name = copy_of_name, .fid = fid, .big_endian = big, .text = strchr(mode, 't') != NULL };
        memcpy(f->mode, plain, sizeof plain);
        t->open[fid] = f;
    }
    result_num(c, 0, fp ? fid : -1);
    if (wants(c, 1))
        result_text(c, 1, why);
}

BUILTIN(fclose, 1, 1, 1, NO_GRAD,
  "fclose(fid)\n"
  "fclose('all')\n"
  "status = fclose(fid)\n\n"
  "Close an open file, or all of them. The status is 0.\n\n"
  "Example:\n  fclose('all');\n\n"
  "See also: fopen")
{
    struct table *t = table();
    bool all = arg_is_text(c, 0) && !strcmp(arg_text(c, 0, NULL), "all");
    int from = FIRST, to = MOST, status = 0;
    if (!all) {
        from = file_arg(c, 0)->fid;
        if (from < FIRST)
            fail("Octave:invalid-input-arg", "fclose: invalid stream number = %d; input, output and errors stay open", from);
        to = from + 1;
    }
    for (int i = from; i < to; i++) {
        struct file *f = t->open[i];
        if (!f || i < FIRST)
            continue;
        t->open[i] = NULL;
        errno = 0;
        bool bad = ferror(f->f) && f->mode[0] != 'r';         /* an earlier write that was lost */
        if (fclose(f->f) || bad)
            status = -1;
        f->f = NULL;
        int e = errno;
        char name[200];
        snprintf(name, sizeof name, "%s", f->name);
        close_file(f);
        if (status && !all)
            fail("Octave:write-error", "fclose: '%s' could not be written: %s", name, strerror(e ? e : EIO));
    }
    result_num(c, 0, status);
}

#define STREAM(name, number)                                                                     \
    "fid = " #name "()\n\nThe number of the file that is " number ".\n\n"                        \
    "Example:\n  x = " #name ";\n\nSee also: fopen, fprintf"
BUILTIN(stdin, 0, 0, 1, NO_GRAD, STREAM(stdin, "standard input, 0")) { result_num(c, 0, 0); }
BUILTIN(stdout, 0, 0, 1, NO_GRAD, STREAM(stdout, "standard output, 1")) { result_num(c, 0, 1); }
BUILTIN(stderr, 0, 0, 1, NO_GRAD, STREAM(stderr, "standard error, 2")) { result_num(c, 0, 2); }

/* ---- lines */
static void read_line(struct call *c, bool keep)
{
    FILE *f = readable(c, 0);
    double limit = has_arg(c, 1) ? arg_num(c, 1) : INFINITY;
    struct buf *b = buf_new();
    char part[1024];                          /* of the line, on its way to b */
    size_t have = 0;
    i64 n = 0;
    int ch = 0;
    while (n < limit && (ch = getc_unlocked(f)) != EOF) {
        n++;
        if (ch != '\n' || keep)
            part[have++] = (char)ch;
        if (ch == '\n')
            break;
        if (have == sizeof part) {
            buf_add(b, part, have);
            have = 0;
            poll();
        }
    }
    buf_add(b, part, have);
    if (n == 0 && ch == EOF) {
        result_num(c, 0, -1);
    } else {
        int next = getc_unlocked(f);          /* so that feof is true behind the last line */
        if (next != EOF)
            ungetc(next, f);
        result(c, 0, buf_value(b));
    }
    if (wants(c, 1))
        result_num(c, 1, (double)n);
}

BUILTIN(fgetl, 1, 2, 2, NO_GRAD,
  "s = fgetl(fid)\n"
  "[s, n] = fgetl(fid, limit)\n\n"
  "The next line of an open file without its newline (at most limit characters); -1 at the end.\n\n"
  "Example:\n  f = fopen('/dev/null');\n  fgetl(f)\n  ans = -1\n  fclose(f);\n\n"
  "See also: fgets, fopen, feof")
{
    read_line(c, false);
}

BUILTIN(fgets, 1, 2, 2, NO_GRAD,
  "s = fgets(fid)\n"
  "[s, n] = fgets(fid, limit)\n\n"
  "The next line of an open file with its newline (at most limit characters); -1 at the end.\n\n"
  "Example:\n  f = fopen('/dev/null');\n  fgets(f)\n  ans = -1\n  fclose(f);\n\n"
  "See also: fgetl, fopen, feof")
{
    read_line(c, true);
}

BUILTIN(fileread, 1, 1, 1, NO_GRAD,
  "s = fileread(name)\n\n"
  "The whole file as text.\n\n"
  "Example:\n  numel(fileread('/dev/null'))\n  ans = 0\n\n"
  "See also: filewrite, fopen, fgetl, csvread")
{
    size_t n;
    const char *s = file_slurp("fileread", arg_text(c, 0, NULL), &n);
    result(c, 0, text_value(s, n));
}

static void write_bytes(FILE *f, void *arg)
{
    struct tensor *t = arg;
    if (fwrite(t->data, 1, (size_t)t->numel, f) != (size_t)t->numel)
        fail("Octave:write-error", "filewrite: cannot write: %s", strerror(errno));
}
BUILTIN(filewrite, 2, 2, 0, NO_GRAD,
  "filewrite(name, bytes)\n\n"
  "The bytes (text or uint8) as the whole file. They go to a temporary file beside it, which takes its name when all "
  "is written: after an error the file is as it was.\n\n"
  "Example:\n  f = tempname(); filewrite(f, 'abc'); fileread(f)\n  ans = abc\n  delete(f)\n\n"
  "See also: fileread, fopen, fwrite")
{
    const char *name = arg_text(c, 0, NULL);
    struct tensor *t = arg_dense(c, 1);
    if (dtypes[t->dtype].size != 1)
        fail_arg(c, 1, "text or bytes (uint8)");
    file_replace("filewrite", name, false, write_bytes, t);
}

/* ---- bytes */
struct precision { int from, to; i64 block; };           /* dtypes in the file and here; how many stand between two gaps */
static const struct { const char *name; int dtype;
} precisions[] = {
    { "uchar", D_UINT8 },         { "unsigned char", D_UINT8 },  { "schar", D_INT8 },
    { "signed char", D_INT8 },    { "integer*1", D_INT8 },       { "short", D_INT16 },
    { "integer*2", D_INT16 },     { "ushort", D_UINT16 },        { "unsigned short", D_UINT16 },
    { "unsigned int", D_UINT32 }, { "unsigned long", D_UINT64 }, { "int", D_INT32 },
    { "integer*4", D_INT32 },     { "uint", D_UINT32 },          { "long", D_INT64 },
    { "integer*8", D_INT64 },     { "ulong", D_UINT64 },         { "float32", D_SINGLE },
    { "float", D_SINGLE },        { "real*4", D_SINGLE },        { "float64", D_DOUBLE },
    { "real*8", D_DOUBLE },       { "char*1", D_CHAR },
};

static int precision_dtype(struct call *c, const char *s)
{
    int dt = dtype_named(s);
    for (int i = 0; i < COUNT(precisions) && dt < 0; i++)
        if (!strcmp(precisions[i].name, s))
            dt = precisions[i].dtype;
    if (dt < 0)
        fail("Octave:invalid-input-arg", "%s: '%s' is no precision: uint8, int16, single, double, char, …", c->fn->name, s);
    return dt;
}

static struct precision arg_precision(struct call *c, int i, const char *otherwise)
{
    const char *s = has_arg(c, i) ? arg_text(c, i, NULL) : otherwise;
    char a[64];
    struct precision p = { .block = 1 };
    size_t digits = strspn(s, "0123456789");
    if (digits && s[digits] == '*') {
        p.block = (i64)fmax(1, fmin(strtod(s, NULL), 1e9));
        s += digits + 1;
    }
    const char *arrow = strstr(s, "=>");
    if (*s == '*') {
        p.from = p.to = precision_dtype(c, s + 1);
    } else if (arrow) {
        snprintf(a, sizeof a, "%.*s", (int)MIN(arrow - s, 60), s);
        p.from = precision_dtype(c, a);
        p.to = precision_dtype(c, arrow + 2);
    } else {
        p.from = precision_dtype(c, s);
        p.to = D_DOUBLE;
    }
    return p;
}

static void swap_bytes(char *p, size_t size, i64 n)
{
    for (i64 i = 0; i < n; i++, p += size)
        for (size_t k = 0; k < size / 2; k++) {
            char t = p[k];
            p[k] = p[size - 1 - k];
            p[size - 1 - k] = t;
        }
}

BUILTIN(fread, 1, 5, 2, NO_GRAD,
  "x = fread(fid)\n"
  "[x, n] = fread(fid, size, precision, skip, arch)\n"
  "x = fread(fid, precision)\n\n"
  "Read numbers from an open file: as many as there are, or as size says (n, [m n], [m Inf]). precision is the class "
  "they have in\n"
  "the file ('uint8', 'int16', 'double', 'char', …); the result is double, or of class c with 'uint8=>c', or of the "
  "same with '*uint8'.\n"
  "skip bytes are left out behind each number, or behind each three with '3*uint8'. arch is 'ieee-le' or 'ieee-be'.\n\n"
  "Example:\n  f = fopen('/dev/zero');\n  fread(f, [1 3], 'int16')\n  ans =\n     0   0   0\n  fclose(f);\n\n"
  "See also: fwrite, fopen, fgetl")
{
    FILE *f = readable(c, 0);
    bool sized = has_arg(c, 1) && !arg_is_text(c, 1);      /* fread(fid, precision) is allowed */
    int k = has_arg(c, 1) && !sized;
    struct precision p = arg_precision(c, 2 - k, "uint8");
    i64 dim[2] = { INT64_MAX, 1 }, n = 0, skip = has_arg(c, 3 - k) ? arg_int(c, 3 - k, 0, 1 << 30) : 0;
    bool swap = big_endian(c, 4 - k, file_arg(c, 0)->big_endian);
    if (sized) {
        struct tensor *s = arg_double(c, 1);
        const double *d = (const double *)s->data;
        if (s->numel < 1 || s->numel > 2 || !(d[0] >= 0) || (s->numel == 2 && (!(d[1] >= 0) || isinf(d[0]))))
            fail("Octave:invalid-input-arg", "fread: the size must be n, Inf, [m n] or [m Inf]");
        for (int i = 0; i < s->numel; i++)
            dim[i] = isinf(d[i]) ? INT64_MAX : (i64)fmin(d[i], 1e15);
    }
    bool open = dim[0] == INT64_MAX || dim[1] == INT64_MAX;                      /* until the end */
    i64 limit = !dim[0] || !dim[1] ? 0 : open ? INT64_MAX : dims_numel(2, dim);
    size_t size = dtypes[p.from].size;
    struct buf *b = buf_new();
    char chunk[65536 / 16 * 16];
    while (n < limit) {
        i64 want = MIN(limit - n, MIN(skip ? p.block - n % p.block : INT64_MAX, (i64)(sizeof chunk / size)));
        i64 got = (i64)fread(chunk, size, (size_t)want, f);
        buf_add(b, chunk, (size_t)got * size);
        n += got;
        if (got < want)
            break;
        if (skip && n % p.block == 0 && fseek(f, skip, SEEK_CUR))
            break;
        poll();
    }
    if (swap)
        swap_bytes(b->s, size, n);
    if (!limit || (n == 0 && !open)) {
        dim[0] = dim[1] = 0;
    } else if (dim[0] == INT64_MAX || (n < dim[0] && !open)) {
        dim[0] = n;
        dim[1] = 1;
    } else {                                               /* whole columns, the last one filled with zeros */
        dim[1] = (n + dim[0] - 1) / dim[0];
    }
    struct tensor *t = tensor_zeros(p.to, 2, dim);
    for (i64 at = 0; at < n; at += 1 << 20) {
        poll();
        convert_run(p.to, t->data + at * dtypes[p.to].size, p.from, b->s + at * (i64)size, MIN(n - at, 1 << 20));
    }
    result_tensor(c, 0, t);
    if (wants(c, 1))
        result_num(c, 1, (double)n);
}

BUILTIN(fwrite, 2, 5, 1, NO_GRAD,
  "fwrite(fid, x)\n"
  "n = fwrite(fid, x, precision, skip, arch)\n\n"
  "Write the elements of x to an open file as numbers of the class precision ('uint8' if none is given). The result is "
  "how many.\n\n"
  "Example:\n  fwrite(stdout, [72 105 10]);\n  Hi\n\n"
  "See also: fread, fopen, fprintf")
{
    struct file *f = file_arg(c, 0);
    struct tensor *x = arg_dense(c, 1);
    int to = arg_precision(c, 2, "uint8").from;
    size_t size = dtypes[to].size;
    if (has_arg(c, 3) && arg_num(c, 3) != 0)
        fail("Octave:invalid-input-arg", "fwrite: skip must be 0");
    char *bytes = scratch((size_t)x->numel * size + 1);
    convert_run(to, bytes, x->dtype, x->data, x->numel);
    if (big_endian(c, 4, f->big_endian))
        swap_bytes(bytes, size, x->numel);
    file_write(c, f, bytes, (size_t)x->numel * size);
    result_num(c, 0, (double)x->numel);
}

/* ---- positions */
BUILTIN(feof, 1, 1, 1, NO_GRAD,
  "tf = feof(fid)\n\n"
  "True when a read has met the end of the file.\n\n"
  "Example:\n  f = fopen('/dev/null');\n  fgetl(f);\n  feof(f)\n  ans = 1\n  fclose(f);\n\n"
  "See also: fopen, fgetl, fseek")
{
    FILE *f = readable(c, 0);
    result_bool(c, 0, feof(f) != 0);
}

BUILTIN(SEEK_SET, 0, 0, 1, NO_GRAD, "k = SEEK_SET()\n\nFor fseek: count from the start.\n\nExample:\n  SEEK_SET\n  ans = 0\n\nSee also: fseek, SEEK_CUR, SEEK_END") { result_num(c, 0, 0); }
BUILTIN(SEEK_CUR, 0, 0, 1, NO_GRAD, "k = SEEK_CUR()\n\nFor fseek: count from where the file stands.\n\nExample:\n  SEEK_CUR\n  ans = 1\n\nSee also: fseek, SEEK_SET, SEEK_END") { result_num(c, 0, 1); }
BUILTIN(SEEK_END, 0, 0, 1, NO_GRAD, "k = SEEK_END()\n\nFor fseek: count from the end.\n\nExample:\n  SEEK_END\n  ans = 2\n\nSee also: fseek, SEEK_SET, SEEK_CUR") { result_num(c, 0, 2); }

BUILTIN(fseek, 2, 3, 1, NO_GRAD,
  "status = fseek(fid, offset, origin)\n\n"
  "Move to a byte: offset from the start ('bof', 0, SEEK_SET; the default), from here ('cof', 1) or from the end "
  "('eof', 2). The\n"
  "status is 0, or -1 if there is no such place.\n\n"
  "Example:\n  f = fopen('/dev/null');\n  fseek(f, 0, 'bof')\n  ans = 0\n  fclose(f);\n\n"
  "See also: ftell, frewind")
{
    static const char *const origins[] = { "bof", "cof", "eof", NULL };
    struct file *f = file_arg(c, 0);
    i64 offset = arg_int(c, 1, INT64_MIN, INT64_MAX);
    int origin = !has_arg(c, 2)      ? 0
                 : arg_is_text(c, 2) ? arg_option(c, 2, origins)
                                     : (int)(arg_num(c, 2) == -1 ? 0 : arg_int(c, 2, 0, 2));
    int status = !f->f || fseek(f->f, offset, (int[]){ SEEK_SET, SEEK_CUR, SEEK_END }[origin]) ? -1 : 0;
    result_num(c, 0, status);
}

BUILTIN(ftell, 1, 1, 1, NO_GRAD,
  "n = ftell(fid)\n\n"
  "The number of bytes before the place where an open file stands; -1 if it has none.\n\n"
  "Example:\n  f = fopen('/dev/null');\n  ftell(f)\n  ans = 0\n  fclose(f);\n\n"
  "See also: fseek, frewind")
{
    struct file *f = file_arg(c, 0);
    result_num(c, 0, f->f ? (double)ftell(f->f) : -1);
}

BUILTIN(frewind, 1, 1, 1, NO_GRAD,
  "frewind(fid)\n\n"
  "Go back to the start of an open file.\n\n"
  "Example:\n  f = fopen('/dev/null');\n  frewind(f)\n  fclose(f);\n\n"
  "See also: fseek, ftell")
{
    struct file *f = file_arg(c, 0);
    if (f->f)
        rewind(f->f);
    if (c->nargout > 0)
        result_num(c, 0, 0);
}

BUILTIN(isatty, 1, 1, 1, NO_GRAD,
  "yes = isatty(fid)\n\n"
  "Is the file a terminal? A program asks before it draws what only a reader can use, a progress bar say.\n\n"
  "Example:\n  class(isatty(stdout))\n  ans = logical\n\n"
  "See also: stdout, stderr, fopen")
{
    struct file *f = file_arg(c, 0);
    result_bool(c, 0, isatty(f->fid <= 2 ? f->fid : fileno(f->f)));
}

BUILTIN(fflush, 1, 1, 1, NO_GRAD,
  "fflush(fid)\n\n"
  "Hand over to the system what is still to be written.\n\n"
  "Example:\n  fflush(stdout);\n\n"
  "See also: fopen, fclose")
{
    struct file *f = file_arg(c, 0);
    if (f->fid == 1)
        out_flush();
    else if (f->fid != 0 && fflush(f->f))
        fail("Octave:write-error", "fflush: '%s' could not be written: %s", f->name, strerror(errno));
    result_num(c, 0, 0);
}

/* ---- names */
BUILTIN(tempname, 0, 2, 1, NO_GRAD,
  "name = tempname()\n"
  "name = tempname(folder, prefix)\n\n"
  "A name that no file has, in the folder for temporary files.\n\n"
  "Example:\n  name = tempname();\n\n"
  "See also: fopen, delete")
{
    const char *tmp = getenv("TMPDIR");
    size_t n = 0;
    const char *dir = has_arg(c, 0) ? arg_text(c, 0, &n) : "", *prefix = has_arg(c, 1) ? arg_text(c, 1, NULL) : "oct-";
    struct stat st;
    static __thread unsigned counter;
    if (n == 0)
        dir = tmp && *tmp ? tmp : "/tmp";
    for (;;) {
        struct buf *b = buf_new();
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        uint64_t x = ((uint64_t)now.tv_nsec << 20 ^ (uint64_t)now.tv_sec ^ (uint64_t)getpid() << 40) + ++counter;
        buff(b, "%s/%s", dir, prefix);
        for (int i = 0; i < 6; i++, x = x / 36 ^ (uint64_t)counter << 7)
            buf_putc(b, "0123456789abcdefghijklmnopqrstuvwxyz"[(x * 0x9E3779B97F4A7C15u >> 40) % 36]);
        if (lstat(b->s, &st)) {
            result(c, 0, buf_value(b));
            return;
        }
    }
}

BUILTIN(tmpfile, 0, 0, 2, NO_GRAD,
  "[fid, message] = tmpfile()\n\n"
  "Open a file without a name, to write and read; it is gone when it is closed. The number is -1 if that fails, and "
  "the message says why.\n\n"
  "Example:\n  f = tmpfile(); fputs(f, 'abc'); frewind(f); fgetl(f)\n  ans = abc\n  fclose(f);\n\n"
  "See also: tempname, fopen, frewind")
{
    struct table *t = table();
    int fid = FIRST;
    while (fid < MOST && t->open[fid])
        fid++;
    FILE *fp = fid < MOST ? tmpfile() : NULL;
    const char *why = fid == MOST ? "too many open files" : fp ? "" : strerror(errno);
    if (fp) {
        struct file *f = calloc(1, sizeof *f);
        char *name = strdup("");
        if (!f || !name) {
            fclose(fp);
            free(f);
            fail_memory(sizeof *f);
        }
        *f = (struct file){ .f = fp, .name = name, .fid = fid, .mode = "w+" };
        t->open[fid] = f;
    }
    result_num(c, 0, fp ? fid : -1);
    if (wants(c, 1))
        result_text(c, 1, why);
}

BUILTIN(unlink, 1, 1, 2, NO_GRAD,
  "[status, message] = unlink(name)\n\n"
  "Remove a file. The status is 0, or -1 and the message says why.\n\n"
  "Example:\n  f = tempname(); fclose(fopen(f, 'w'));\n  status = unlink(f)\n  status = 0\n\n"
  "See also: delete, rename")
{
    int status = unlink(arg_text(c, 0, NULL));
    int e = errno;
    if (status && c->nargout == 0)
        fail("Octave:file-not-found", "unlink: cannot remove '%s': %s", arg_text(c, 0, NULL), strerror(e));
    if (c->nargout > 0)
        result_num(c, 0, status);
    if (wants(c, 1))
        result_text(c, 1, status ? strerror(e) : "");
}
