/* SPDX-License-Identifier: BSD-3-Clause */
/* trust.c: a folder's own start file, .tlrc, which came with the folder and may be anybody's: it runs before the prompt only
 * after `tl trust`, and only as long as it is byte for byte what was trusted then.  A copy of what was trusted lies in
 * $XDG_STATE_HOME/tl/trusted, under the folder's name with % for what a file name cannot hold. */
#include "interp/program.h"
#include "lab/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RC_MOST = 1 << 20 };
static const char rc[] = ".tlrc";

static char *trusted_folder(void)             /* malloc'd, or NULL */
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *s = NULL;
    int n = state && *state ? asprintf(&s, "%s/tl/trusted", state)
            : home && *home ? asprintf(&s, "%s/.local/state/tl/trusted", home)
                            : -1;
    return n < 0 ? NULL : s;
}

/* the copy's file for a folder; malloc'd */
static char *copy_name(const char *folder)
{
    char *at = trusted_folder(), *s = at ? malloc(strlen(at) + 3 * strlen(folder) + 2) : NULL;
    if (s) {
        char *p = s + sprintf(s, "%s/", at);
        for (const char *f = folder; *f; f++)
            p += *f == '/' || *f == '%' || (unsigned char)*f < ' ' ? sprintf(p, "%%%02X", (unsigned char)*f) : (*p = *f, 1);
        *p = 0;
    }
    free(at);
    return s;
}

static char *real_text(const char *text)      /* of a copy's name: the folder; malloc'd */
{
    char *s = strdup(text), *to = s;
    for (const char *p = text; s && *p; p++) {
        unsigned int c;
        if (*p == '%' && sscanf(p + 1, "%2X", &c) == 1) {
            *to++ = (char)c;
            p += 2;
        } else
            *to++ = *p;
    }
    if (s)
        *to = 0;
    return s;
}

static char *rc_text(const char *folder, size_t *len)         /* malloc'd; NULL: errno */
{
    char *file = NULL, *text = NULL;
    struct stat st;
    if (asprintf(&file, "%s/%s", folder, rc) < 0)
        return NULL;
    if (!stat(file, &st)) {
        if (!S_ISREG(st.st_mode) || st.st_size > RC_MOST)
            errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
        else
            text = program_read_file(file, len);
    }
    free(file);
    return text;
}

static bool is_trusted(const char *folder, const char *text, size_t len)
{
    char *name = copy_name(folder);
    size_t n = 0;
    char *copy = name ? program_read_file(name, &n) : NULL;
    bool same = copy && n == len && !memcmp(copy, text, n);
    free(copy);
    free(name);
    return same;
}

struct writing { const char *name, *text; size_t len; };
static void write_copy(FILE *f, void *arg)
{
    struct writing *w = arg;
    fwrite(w->text, 1, w->len, f);
}
static void keep_copy(void *arg)
{
    struct writing *w = arg;
    file_replace("tl trust", w->name, false, write_copy, w);
}

static int trust(const char *folder)
{
    size_t len;
    char *text = rc_text(folder, &len), *name = copy_name(folder);
    int status = 1;
    if (!text)
        fprintf(stderr,
                errno == ENOENT ? "tl trust: %s has no %s to be trusted\n" : "tl trust: cannot read %s/%s: %s\n",
                folder, rc, strerror(errno));
    else if (!name)
        fprintf(stderr, "tl trust: neither XDG_STATE_HOME nor HOME is set: there is no place to remember it\n");
    else {
        for (char *s = name + 1; (s = strchr(s, '/')); s++) {
            *s = 0;
            mkdir(name, 0700);
            *s = '/';
        }
        struct writing w = { name, text, len };
        if (protect(keep_copy, &w)) {
            interp_report(2);
        } else {
            fwrite(text, 1, len, stdout);
            if (len && text[len - 1] != '\n')
                putchar('\n');
            printf("-- this runs from now on before the prompt in %s, until it changes\n", folder);
            status = 0;
        }
    }
    free(text);
    free(name);
    return status;
}

static int distrust(const char *folder)
{
    char *name = copy_name(folder);
    int failed = !name || unlink(name);
    if (failed)
        fprintf(stderr, "tl trust: %s was not trusted\n", folder);
    free(name);
    return failed;
}

static int list(void)
{
    char *at = trusted_folder();
    DIR *d = at ? opendir(at) : NULL;
    free(at);
    for (struct dirent *e; d && (e = readdir(d)); )
        if (e->d_name[0] == '%') {
            char *folder = real_text(e->d_name);
            puts(folder ? folder : e->d_name);
            free(folder);
        }
    if (d)
        closedir(d);
    return 0;
}

int trust_command(int argc, char **argv)
{
    bool remove = argc > 0 && !strcmp(argv[0], "--remove");
    if (argc == 1 && !strcmp(argv[0], "--list"))
        return list();
    argc -= remove;
    argv += remove;
    if (argc > 1 || (argc == 1 && argv[0][0] == '-')) {
        fprintf(stderr, "Usage: tl trust [--remove] [FOLDER], tl trust --list\n");
        return 2;
    }
    char *folder = realpath(argc ? argv[0] : ".", NULL);
    if (!folder) {
        fprintf(stderr, "tl trust: '%s': %s\n", argc ? argv[0] : ".", strerror(errno));
        return 1;
    }
    int status = remove ? distrust(folder) : trust(folder);
    free(folder);
    return status;
}

char *trust_startup(size_t *len)
{
    char *folder = realpath(".", NULL), *text = folder ? rc_text(folder, len) : NULL;
    if (text && !is_trusted(folder, text, *len)) {
        fprintf(stderr, "%s is here but not run; `tl trust` shows it and lets it run from then on\n", rc);
        free(text);
        text = NULL;
    }
    free(folder);
    return text;
}
