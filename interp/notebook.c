/* SPDX-License-Identifier: BSD-3-Clause */
/* Notebooks: `tl kernel install` makes tl known to Jupyter, `tl notebook` turns scripts into notebooks and back.
 *
 * A script's cells begin at lines `%% title`. The comment lines right below one are the text (Markdown) of that cell,
 * the title its heading; what follows, up to the next `%%`, is its code. A blank line below `%%` says that a comment is
 * code. What stands before the first `%%` is a cell too, without its `#!` and licence lines. Read back, a notebook
 * gives the same script; outputs are not kept, so both are text that a version control shows well. */
#include "config.h"
#include "interp/program.h"

#define CHECK "**Check:** `"                  /* what a lesson's `%? condition` becomes; its hints, `%> text`, are quotations */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- files --- */

static int complain(const char *what, const char *file)
{
    fprintf(stderr, "tl: %s '%s': %s\n", what, file, strerror(errno));
    return 1;
}

/* Under another name first, so that nobody sees half a file. */
static int write_file(const char *file, const char *text, size_t n)
{
    char *tmp = NULL;
    if (asprintf(&tmp, "%s.new", file) < 0)
        return complain("cannot write", file);
    FILE *f = fopen(tmp, "w");
    bool good = f && fwrite(text, 1, n, f) == n;
    if (f && fclose(f))
        good = false;
    good = good && !rename(tmp, file);
    int why = errno;
    if (!good && f)
        unlink(tmp);
    free(tmp);
    errno = why;
    return good ? 0 : complain("cannot write", file);
}

static bool make_folder(const char *path)
{
    char *p = strdup(path);
    for (char *s = p ? p + 1 : NULL; s && (s = strchr(s, '/')); s++) {
        *s = 0;
        mkdir(p, 0777);
        *s = '/';
    }
    bool good = p && (!mkdir(p, 0777) || errno == EEXIST);
    free(p);
    return good;
}

/* --- tl kernel --- */

/* Where Jupyter looks: --prefix P, --sys-prefix (the virtual environment), else the user's own folder. malloc'd. */
static char *kernel_folder(int n, char **word)
{
    const char *prefix = NULL, *data = getenv("JUPYTER_DATA_DIR"), *share = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    for (int i = 1; i < n; i++) {
        if (!strcmp(word[i], "--prefix") && i + 1 < n)
            prefix = word[++i];
        else if (!strcmp(word[i], "--sys-prefix"))
            prefix = getenv("VIRTUAL_ENV")    ? getenv("VIRTUAL_ENV")
                     : getenv("CONDA_PREFIX") ? getenv("CONDA_PREFIX")
                                              : "/usr/local";
        else if (strcmp(word[i], "--user")) {
            fprintf(stderr, "tl: unknown option '%s' of kernel %s\n", word[i], word[0]);
            return NULL;
        }
    }
    char *s = NULL;
    int k = prefix ? asprintf(&s, "%s/share/jupyter/kernels/tl", prefix) :
            data && *data ? asprintf(&s, "%s/kernels/tl", data) :
            share && *share ? asprintf(&s, "%s/jupyter/kernels/tl", share) :
            home && *home ? asprintf(&s, "%s/.local/share/jupyter/kernels/tl", home) : -1;
    if (k < 0) {
        fprintf(stderr, "tl: neither HOME nor --prefix says where Jupyter's kernels are\n");
        return NULL;
    }
    return s;
}

static char *in_folder(const char *folder, const char *name)
{
    char *s = NULL;
    return asprintf(&s, "%s/%s", folder, name) < 0 ? NULL : s;
}

static int install(const char *folder)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    char *from = in_folder(path_data(), "jupyter/tl_kernel.py"), *to = in_folder(folder, "tl_kernel.py"),
         *spec = in_folder(folder, "kernel.json");
    size_t len;
    char *program = from ? program_read_file(from, &len) : NULL, *text = NULL;
    int status = 1;
    if (!program || !to || !spec) {
        complain("cannot read", from ? from : "tl_kernel.py");
    } else if (!make_folder(folder)) {
        complain("cannot make the folder", folder);
    } else if (!write_file(to, program, len)) {
        json_t *j = json_pack("{s:[s,s,s,s], s:s, s:s, s:s, s:{s:s}}", "argv", "python3", to, "-f", "{connection_file}",
                              "display_name", "tl", "language", "tl", "interrupt_mode", "signal", "env", "TL", n > 0 ? self : "tl");
        text = json_dumps(j, JSON_INDENT(1));
        json_decref(j);
        status = !text || write_file(spec, text, strlen(text));
    }
    if (!status) {
        printf("tl is a kernel of Jupyter now: %s\n", folder);
        fflush(stdout);
        if (system("command -v jupyter >/dev/null 2>&1"))
            puts("Jupyter itself is not on PATH; on Debian: sudo apt-get install jupyter-notebook python3-ipykernel");
    }
    free(text);
    free(program);
    free(from);
    free(to);
    free(spec);
    return status;
}

static int uninstall(const char *folder)
{
    static const char *const name[] = { "kernel.json", "tl_kernel.py" };
    int status = 0;
    for (int i = 0; i < 2; i++) {
        char *file = in_folder(folder, name[i]);
        if (!file || unlink(file))
            status = complain("cannot remove", file ? file : name[i]);
        free(file);
    }
    if (!status && !rmdir(folder))
        printf("removed %s\n", folder);
    return status;
}

int kernel_command(int n, char **word)
{
    static const struct {
        const char *name;
        int (*run)(const char *folder);
    } table[] = { { "install", install }, { "remove", uninstall } };
    bool path = n && !strcmp(word[0], "path");
    for (size_t i = 0; n && i <= sizeof table / sizeof *table; i++) {
        bool last = i == sizeof table / sizeof *table;
        if (last ? !path : strcmp(word[0], table[i].name))
            continue;
        char *folder = kernel_folder(n, word);
        if (!folder)
            return 2;
        int status = last ? puts(folder) < 0 : table[i].run(folder);
        free(folder);
        return status;
    }
    fprintf(stderr, "Usage: tl kernel install|remove|path [--user | --sys-prefix | --prefix FOLDER]\n");
    return 2;
}

/* --- a script's cells --- */

static bool is_cell_mark(const char *s)
{
    return s[0] == '%' && s[1] == '%' && (s[2] == ' ' || s[2] == '\n' || s[2] == '\r' || !s[2]);
}
static const char *line_end(const char *s) { const char *e = strchr(s, '\n'); return e ? e : s + strlen(s); }
static const char *next_line(const char *s) { const char *e = line_end(s); return *e ? e + 1 : e; }

/* Jupyter's way: a list of lines, each but the last with its newline; blank lines around are left. */
static json_t *lines_of(const char *s, const char *end)
{
    json_t *list = json_array();
    const char *first = s;
    while (first < end && (*first == '\n' || *first == '\r' || *first == ' ' || *first == '\t')) {
        if (*first == '\n')
            s = first + 1;
        first++;
    }
    while (end > s && strchr(" \t\r\n", end[-1]))
        end--;
    while (s < end) {
        const char *eol = memchr(s, '\n', (size_t)(end - s));
        const char *next = eol ? eol + 1 : end;
        json_t *line = json_stringn(s, (size_t)(next - s));
        json_array_append_new(list, line ? line : json_string("\n"));      /* no UTF-8 */
        s = next;
    }
    return list;
}

static void add_cell(json_t *cells, bool code, json_t *source)
{
    if (!json_array_size(source)) {
        json_decref(source);
        return;
    }
    json_array_append_new(cells,
                          code ? json_pack("{s:s, s:{}, s:o, s:[], s:n}", "cell_type", "code", "metadata", "source",
                                           source, "outputs", "execution_count")
                               : json_pack("{s:s, s:{}, s:o}", "cell_type", "markdown", "metadata", "source", source));
}

/* Heading and the comment lines at *at, as Markdown. */
static json_t *read_text_cell(const char *title, const char *title_end, const char **at)
{
    struct buf *b = buf_new();
    if (title < title_end)
        buff(b, "## %.*s\n\n", (int)(title_end - title), title);
    const char *s = *at;
    while (*s == '%' && !is_cell_mark(s)) {
        const char *e = line_end(s), *from = s + 1 + (s[1] == ' ');      /* a hint, %>, is a quotation as it stands */
        if (!strncmp(s, "%? ", 3))
            buff(b, CHECK "%.*s`  \n", (int)(e - s - 3), s + 3);
        else
            buff(b, "%.*s\n", (int)(e - from), from);
        s = next_line(s);
    }
    *at = s;
    return lines_of(b->s, b->s + b->n);
}

static void script_cells(void *arg)
{
    const char **io = arg;
    const char *s = io[0];
    json_t *cells = json_array();
    while (!strncmp(s, "#!", 2) || !strncmp(s, "% SPDX-", 7))
        s = next_line(s);
    for (bool head = true; *s; head = false) {
        const char *title = s, *title_end = s;
        if (!head) {
            title = s + 2 + (s[2] == ' ');
            title_end = line_end(s);
            while (title_end > title && strchr(" \t\r", title_end[-1]))
                title_end--;
            s = next_line(s);
        }
        if (!head || *s == '%')
            if (!(head && is_cell_mark(s)))
                add_cell(cells, false, read_text_cell(title, title_end, &s));
        const char *code = s;
        while (*s && !is_cell_mark(s))
            s = next_line(s);
        add_cell(cells, true, lines_of(code, s));
    }
    json_t *book = json_pack("{s:o, s:{s:{s:s, s:s, s:s}, s:{s:s}}, s:i, s:i}", "cells", cells, "metadata",
                             "kernelspec", "display_name", "tl", "language", "tl", "name", "tl", "language_info", "name", "tl",
                             "nbformat", 4, "nbformat_minor", 4);
    io[1] = json_dumps(book, JSON_INDENT(1));
    json_decref(book);
}

/* --- a notebook's script --- */

static void add_source(struct buf *b, json_t *source, const char *prefix)
{
    struct buf *all = buf_new();
    if (json_is_string(source))
        buf_puts(all, json_string_value(source));
    size_t i;
    json_t *line;
    json_array_foreach(source, i, line)
        if (json_is_string(line))
            buf_puts(all, json_string_value(line));
    for (const char *s = all->s; *s; s = next_line(s)) {
        const char *e = line_end(s);
        if (*prefix && (!strncmp(s, CHECK, strlen(CHECK)) || !strncmp(s, "> ", 2))) {
            bool check = *s == '*';
            const char *from = check ? s + strlen(CHECK) : s, *to = e;
            while (check && to > from && (to[-1] == ' ' || to[-1] == '`'))
                to--;
            buff(b, check ? "%%? %.*s\n" : "%%%.*s\n", (int)(to - from), from);
            continue;
        }
        buf_puts(b, e > s ? prefix : *prefix ? "%" : "");
        buf_add(b, s, (size_t)(e - s));
        buf_putc(b, '\n');
    }
}

static void notebook_script(void *arg)
{
    const char **io = arg;
    json_error_t why;
    json_t *book = json_loads(io[0], 0, &why), *cells = json_object_get(book, "cells"), *cell;
    if (!json_is_array(cells)) {
        fprintf(stderr, "tl: this is no notebook of format 4: %s\n", book ? "it has no list of cells" : why.text);
        json_decref(book);
        return;
    }
    struct buf *b = buf_new();
    bool text_before = false;
    size_t i;
    json_array_foreach(cells, i, cell) {
        const char *type = json_string_value(json_object_get(cell, "cell_type"));
        struct buf *body = buf_new();
        bool code = type && !strcmp(type, "code");
        add_source(body, json_object_get(cell, "source"), code ? "" : "% ");
        if (code) {
            if (!text_before)
                buf_puts(b, b->n ? "\n%%\n" : "%%\n");
            if (*body->s == '%')
                buf_putc(b, '\n');
            buf_puts(b, body->s);
        } else {
            const char *s = body->s;
            buf_puts(b, b->n ? "\n%%" : "%%");
            if (!strncmp(s, "% ## ", 5)) {
                buf_add(b, s + 4, (size_t)(line_end(s) - s - 4));
                s = next_line(s);
                if (!strncmp(s, "%\n", 2))
                    s += 2;
            }
            buff(b, "\n%s", s);
        }
        text_before = !code;
    }
    json_decref(book);
    io[1] = strdup(b->s);
}

int notebook_command(int n, char **word)
{
    const char *dot = n ? strrchr(word[0], '.') : NULL;
    bool book = dot && !strcmp(dot, ".ipynb");
    if (n < 1 || n > 2 || (!book && (!dot || strcmp(dot, ".tl")))) {
        fprintf(stderr, "Usage: tl notebook FILE.tl [OUT.ipynb]\n       tl notebook FILE.ipynb [OUT.tl]\n");
        return 2;
    }
    size_t len;
    char *text = program_read_file(word[0], &len), *whole = text ? realloc(text, len + 1) : NULL, *out = NULL;
    if (!whole) {
        free(text);
        return complain("cannot read", word[0]);
    }
    whole[len] = 0;
    const char *io[2] = { whole, NULL };
    int status = protect(book ? notebook_script : script_cells, io) || !io[1];
    if (n == 2)
        out = strdup(word[1]);
    else if (asprintf(&out, "%.*s%s", (int)(dot - word[0]), word[0], book ? ".tl" : ".ipynb") < 0)
        out = NULL;
    if (!status && n == 1 && !access(out, F_OK)) {
        fprintf(stderr, "tl: '%s' exists; name it to write over it: tl notebook %s %s\n", out, word[0], out);
        status = 1;
    } else if (!status) {
        status = write_file(out, io[1], strlen(io[1]));
    }
    if (!status)
        printf("%s\n", out);
    free(out);
    free((char *)io[1]);
    free(whole);
    return status;
}
