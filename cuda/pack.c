/* SPDX-License-Identifier: BSD-3-Clause */
/* pack.c: the program behind `make cuda-pack`: compiles the kernels of single rows of ops.def and reduce.def, double
 * and single, operands dense or one of them a number, and those of layers that know no sizes, for the architectures
 * that are named (80 90 …), into tl_cuda_ARCH.pack.  No GPU is needed.  Beside the plugin such a file saves the first
 * compilations, and serves machines that have a driver but no NVRTC.
 *
 * It says how far it is and how long it will take, and ends early, after `-t SECONDS` or by Ctrl-C, with a pack of what
 * there is; the next run takes what that holds and makes the rest. */
#include "compile.h"
#include "text.h"
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

static struct { char **text; size_t *len; struct code *code; int n; } all;
static int note(struct work *w, const struct kernel *k)
{
    (void)w;
    size_t len;
    char *s = k->text(k, &len);
    if (!s)
        return DEV_NOT_HERE;
    for (int i = 0; i < all.n; i++)
        if (all.len[i] == len && !memcmp(all.text[i], s, len)) {
            free(s);
            return DEV_OK;
        }
    if (all.n % 64 == 0) {
        all.text = realloc(all.text, sizeof *all.text * (size_t)(all.n + 64));
        all.len = realloc(all.len, sizeof *all.len * (size_t)(all.n + 64));
        all.code = realloc(all.code, sizeof *all.code * (size_t)(all.n + 64));
    }
    if (!all.text || !all.len || !all.code)
        return DEV_NO_MEMORY;
    all.text[all.n] = s;
    all.len[all.n++] = len;
    return DEV_OK;
}

static void row(struct work *w, int op, enum dev_type type, int number)        /* number: which operand is one, or -1 */
{
    static double some[8] __attribute__((aligned(256)));
    const struct text_row *r = &text_row[op];
    int dt = type == DEV_F ? D_SINGLE : type == DEV_B ? D_LOGICAL : D_DOUBLE, v[2] = { -1, -1 };
    struct dev_prog p = { .dtype = (uint8_t)(r->class >= TEST ? D_LOGICAL : dt) };
    struct dev_arg in[2], out = { some, p.dtype, 1, { 64 }, { 1 } };
    double num[1] = { 0 };
    for (int k = 0; k < r->args; k++) {
        if (k == number) {
            p.ins[p.n] = (struct dev_ins){ DI_NUM, (uint8_t)type, (uint8_t)dt, 0, (int16_t)p.nnum++, -1 };
        } else {
            in[p.nin] = (struct dev_arg){ some, dt, 1, { 64 }, { 1 } };
            p.in_dtype[p.nin] = (uint8_t)dt;
            p.ins[p.n] = (struct dev_ins){ DI_IN, (uint8_t)type, (uint8_t)dt, 0, (int16_t)p.nin++, -1 };
        }
        v[k] = p.n++;
    }
    p.ins[p.n++] =
        (struct dev_ins){ DI_OP,        (uint8_t)(r->class >= TEST ? DEV_B : type), p.dtype, (uint8_t)op, (int16_t)v[0],
                          (int16_t)v[1] };
    (void)work_program(w, &p, &out, in, num, 0);          /* rows that are not for the type make no text */
}

static void reduction(struct work *w, int red, enum dev_type type)
{
    static double some[8] __attribute__((aligned(256)));
    int dt = type == DEV_F ? D_SINGLE : type == DEV_B ? D_LOGICAL : D_DOUBLE;
    for (int shape = 0; shape < 3; shape++) { /* all of a short and a long one; across rows */
        struct dev_prog p = { .n = 1,
                              .nin = 1,
                              .red = (uint8_t)(red + 1),
                              .in_dtype = { (uint8_t)dt },
                              .ins = { { DI_IN, (uint8_t)type, (uint8_t)dt, 0, 0, -1 } } };
        int64_t m = shape ? 100000 : 100, n = shape == 2 ? 300 : 1;
        struct dev_arg in = { some, dt, 2, { m, n }, { 1, m } }, out = { some, dt, 2, { shape == 2 ? m : 1, 1 }, { 1, m } };
        p.dtype = (uint8_t)(dt == D_LOGICAL ? D_LOGICAL : dt);
        out.dtype = p.dtype;
        (void)work_program(w, &p, &out, &in, NULL, 0);
    }
}
static void layers(struct work *w, int dt)
{
    static double some[8] __attribute__((aligned(256)));
    struct dev_arg x = { some, dt, 2, { 60, 10 }, { 1, 60 } }, r = { some, dt, 2, { 60, 10 }, { 10, 1 } },
                   none = { .p = NULL }, one = { some, dt, 1, { 1 }, { 1 } }, c = { some, dt, 1, { 10 }, { 1 } };
    struct dev_arg t = { some, D_DOUBLE, 1, { 60 }, { 1 } };
    for (int rows = 0; rows < 2; rows++) {
        const struct dev_arg y = rows ? r : x;
        struct dev_arg to = y, g[3] = { y, c, c }, b[3] = { y, c, c };
        for (int log = 0; log < 2; log++)
            (void)work_run(w, DEV_softmax, &to, &y, (double[]){ 1, log }, 0);
        (void)work_run(w, DEV_norm, &to, (struct dev_arg[]){ y, none, none, none }, (double[]){ 1, 1e-5 }, 0);
        (void)work_run(w, DEV_norm, &to, (struct dev_arg[]){ y, none, none, y }, (double[]){ 1, 1e-5 }, 0);
        for (int train = 0; train < 2; train++) {
            (void)work_run(w, DEV_batchnorm, b, (struct dev_arg[]){ y, c, c, c, c }, (double[]){ train, 0.1, 1e-5 }, 0);
            (void)work_run(w, DEV_batchnorm_back, g, (struct dev_arg[]){ y, y, c, c, c }, (double[]){ train, 1e-5 }, 0);
        }
        for (int kind = 0; kind < 2; kind++)
            for (int class = 0; class < 2; class++) {
                t.dtype = class ? dt : D_DOUBLE;
                (void)work_run(w, DEV_loss, &one, (struct dev_arg[]){ y, t, none }, (double[]){ kind, -100, 0, 0 }, 0);
                (void)work_run(w, DEV_loss_back, &to, (struct dev_arg[]){ y, t, none }, (double[]){ kind, -100, 0, 0 }, 0);
            }
    }
}
static void *no_memory(struct work *w, size_t n)
{
    static double some[8] __attribute__((aligned(256)));
    (void)w, (void)n;
    return some;
}

/* ---- threads take one text after the other */
static volatile sig_atomic_t stop;
static void on_signal(int s) { (void)s; stop = 1; }
static int next, made, arch_now;
static char said[2048];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *compile_some(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        int i = stop || *said ? all.n : next++;
        pthread_mutex_unlock(&lock);
        if (i >= all.n)
            return NULL;
        const char *why = "";
        int e = compile(all.text[i], all.len[i], arch_now / 10, arch_now % 10, &all.code[i], &why);
        pthread_mutex_lock(&lock);
        if (e)
            snprintf(said, sizeof said, "%s", why);
        else
            made++;
        pthread_mutex_unlock(&lock);
    }
}
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* false: something is wrong, and was said */
static bool pack(int arch, double end)
{
    char name[64];
    pthread_t thread[16];
    int threads = 0, want = (int)sysconf(_SC_NPROCESSORS_ONLN);
    double start = seconds(), told = start;
    snprintf(name, sizeof name, "tl_cuda_%d.pack", arch);
    compile_pack_fresh(name);
    next = made = 0;
    arch_now = arch;
    memset(all.code, 0, sizeof *all.code * (size_t)all.n);
    while (threads < MIN(MAX(want, 1), COUNT(thread)) && !pthread_create(&thread[threads], NULL, compile_some, NULL))
        threads++;
    for (int done = 0; threads && !stop && !*said && done < all.n;) {
        nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
        pthread_mutex_lock(&lock);
        done = made;
        pthread_mutex_unlock(&lock);
        double now = seconds();
        if (now > end)
            stop = 1;
        if (now - told >= 2 && done) {
            fprintf(stderr, "%s: %d of %d kernels, %.0f s, about %.0f s left\n", name, done, all.n, now - start,
                    (now - start) / done * (all.n - done));
            told = now;
        }
    }
    for (int i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    int n = 0;
    size_t bytes = 0;
    for (int i = 0; i < all.n; i++)           /* those that are there, in front */
        if (all.code[i].data) {
            struct code c = all.code[i];
            char *t = all.text[i];
            size_t len = all.len[i];
            all.code[i] = all.code[n], all.text[i] = all.text[n], all.len[i] = all.len[n];
            all.code[n] = c, all.text[n] = t, all.len[n++] = len;
            bytes += c.bytes;
        }
    bool ok = n && compile_pack_write(name, arch, n, all.text, all.len, all.code);
    for (int i = 0; i < all.n; i++)
        free(all.code[i].data);
    if (!threads || *said || (n && !ok))
        fprintf(stderr, "cuda-pack: %s%s\n", *said ? said : name, *said ? "" : " cannot be written");
    if (ok)
        printf("%s: %d of %d kernels, %.1f MB, %.0f s%s\n", name, n, all.n, (double)bytes / 1e6, seconds() - start,
               n < all.n ? "; the same command makes the rest" : "");
    return ok && !*said;
}

int main(int argc, char **argv)
{
    static struct dev_status status;
    struct work w = { .units = 132, .status = &status, .launch = note, .get = no_memory };
    const char *why = "";
    double end = 1e30;
    int first = 1;
    if (argc > 2 && !strcmp(argv[1], "-t")) {
        end = seconds() + atof(argv[2]);
        first = 3;
    }
    if (first >= argc) {
        fprintf(stderr, "cuda-pack: for which architectures? 80 is compute capability 8.0; as in: make cuda-pack "
                        "ARCHS=\"80 90\"\n");
        return 1;
    }
    for (int a = first; a < argc; a++)
        if (atoi(argv[a]) < 50 || atoi(argv[a]) > 999) {
            fprintf(stderr, "cuda-pack: '%s' is no architecture; 80 is compute capability 8.0\n", argv[a]);
            return 1;
        }
    if (!compile_version(&why)) {
        fprintf(stderr, "cuda-pack: %s\n", why);
        return 1;
    }
    compile_pack_folder = ".";
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    for (int op = 0; op < text_rows; op++)
        for (int type = DEV_D; type <= DEV_B; type++)
            for (int number = -1; number < (text_row[op].args > 1 ? 2 : 0); number++)
                row(&w, op, (enum dev_type)type, number);
    for (int red = 0; red < text_reducers; red++)
        for (int type = DEV_D; type <= DEV_B; type++)
            reduction(&w, red, (enum dev_type)type);
    layers(&w, D_DOUBLE);
    layers(&w, D_SINGLE);
    int bad = 0;
    for (int a = first; a < argc && !stop; a++)
        bad |= !pack(atoi(argv[a]), end);
    return bad || stop;
}
