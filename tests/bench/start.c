/* SPDX-License-Identifier: BSD-3-Clause */
/* start NAME PEER COMMAND...: runs the command 15 times with no input and no output; prints the median of its wall time and its
 * largest memory as two rows, S.NAME and S.NAME-memory (MiB). */
#include "bench.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    enum { N = 15 };
    double t[N];
    long kib = 0;
    if (argc < 4)
        return 2;
    for (int i = 0; i < N; i++) {
        double a = now();
        pid_t p = vfork();
        if (p == 0) {
            int null = open("/dev/null", O_RDWR);
            dup2(null, 0), dup2(null, 1), dup2(null, 2);
            execvp(argv[3], argv + 3);
            _exit(127);
        }
        int status;
        struct rusage u;
        if (p < 0 || wait4(p, &status, 0, &u) < 0 || status) {
            printf("S.%s;%s;1;fail;%s does not run\n", argv[1], argv[2], argv[3]);
            return 0;
        }
        t[i] = now() - a;
        kib = u.ru_maxrss > kib ? u.ru_maxrss : kib;
    }
    printf("S.%s;%s;1;%.6g\n", argv[1], argv[2], median(t, N));
    printf("S.%s-memory;%s;1;%.6g\n", argv[1], argv[2], kib / 1024.);
    return 0;
}
