/* SPDX-License-Identifier: BSD-3-Clause */
/* spool.c: files without a name, between tl and gnuplot.
 *
 * memory files where the system has them: gnuplot opens /proc/PID/fd/N, nothing is left behind whoever dies.  Else a file of
 * mode 0600 under TMPDIR, removed when it is closed. */
#include "draw.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void spool_open(struct spool *f)
{
    *f = (struct spool){ .fd = memfd_create("tl-plot", MFD_CLOEXEC) };
    snprintf(f->path, sizeof f->path, "/proc/%ld/fd/%d", (long)getpid(), f->fd);
    if (f->fd >= 0 && access(f->path, R_OK) == 0)
        return;
    spool_close(f);
    const char *dir = getenv("TMPDIR");
    snprintf(f->path, sizeof f->path, "%s/tl-plot-XXXXXX",
             dir && *dir == '/' && strlen(dir) < 64 && !strpbrk(dir, "'\"\\`\n") ? dir : "/tmp");
    f->fd = mkostemp(f->path, O_CLOEXEC);
    f->named = f->fd >= 0;
    if (f->fd < 0)
        fail("Octave:write-error", "plot: cannot make a temporary file %s: %s", f->path, strerror(errno));
}

void spool_write(struct spool *f, const void *p, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = write(f->fd, (const char *)p + done, MIN(n - done, (size_t)1 << 24));
        if (k < 0 && errno == EINTR)
            poll();
        else if (k <= 0)
            fail("Octave:write-error", "plot: cannot hand %zu bytes to gnuplot: %s", n, strerror(errno));
        else
            done += (size_t)k;
    }
    f->bytes += (i64)n;
}

void spool_close(struct spool *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->named)
        unlink(f->path);
    *f = (struct spool){ .fd = -1 };
}

char *spool_read(struct spool *f, size_t *n)
{
    struct stat st;
    if (fstat(f->fd, &st))
        st.st_size = 0;
    char *s = scratch((size_t)st.st_size + 1);
    *n = 0;
    while (*n < (size_t)st.st_size) {
        ssize_t k = pread(f->fd, s + *n, (size_t)st.st_size - *n, (off_t)*n);
        if (k <= 0 && errno != EINTR)
            break;
        *n += k > 0 ? (size_t)k : 0;
    }
    s[*n] = 0;
    return s;
}
