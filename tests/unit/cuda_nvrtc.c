/* SPDX-License-Identifier: BSD-3-Clause */
/* NVRTC on the kernel text of every row of ops.def, to PTX (TL_NVRTC=all: for every compute type and way of access); a sample to machine
 * code for three architectures; the cache of what was compiled, and files in it that mean harm.  Skipped aloud without
 * NVRTC (found as cuda/driver.c says: loader path, CUDA_HOME, TL_CUDA_PATH, VIRTUAL_ENV's nvidia packages). */
#include "lab/ew.h"
#include "cuda/compile.h"
#include "cuda/shim.h"
#include "cuda_lower.h"
#include "unit.h"
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- texts, gathered instead of launched */
struct one { char *text, *name; size_t len; uint64_t key[2]; };
static struct one *ones;
static int count, room;
static int note_text(struct work *w, const struct kernel *k)
{
    for (int i = 0; i < count; i++)
        if (ones[i].key[0] == k->key[0] && ones[i].key[1] == k->key[1])
            return DEV_OK;
    if (count == room)
        ones = realloc(ones, sizeof *ones * (size_t)(room = 2 * room + 64));
    ones[count].text = k->text(k, &ones[count].len);
    ck_assert(ones[count].text != NULL);
    ones[count].name = w->of;
    memcpy(ones[count].key, k->key, sizeof k->key);
    count++;
    return DEV_OK;
}
static void *no_memory(struct work *w, size_t n)
{
    (void)w, (void)n;
    static char some[256] __attribute__((aligned(256)));
    return some;
}
static struct dev_status status;
static struct work work = { .units = 132, .status = &status, .launch = note_text, .get = no_memory };

/* Ten in one program: each in a namespace, their kernels renamed. */
static char *joined(int from, int to, size_t *len)
{
    size_t n = 0;
    for (int i = from; i < to; i++)
        n += ones[i].len + 200;
    char *s = calloc(1, n + 1);
    for (int i = from; i < to; i++) {
        sprintf(s + strlen(s), "namespace k%d {\n#define tl tl_%d\n", i, i);
        strcat(s, ones[i].text);
        strcat(s, "}\n#undef tl\n");
    }
    *len = strlen(s);
    return s;
}

static char cache[40];
static const char *missing;
static void begin(void)
{
    strcpy(cache, "/tmp/tl-cache-XXXXXX");
    ck_assert(mkdtemp(cache) != NULL);
    setenv("XDG_CACHE_HOME", cache, 1);
    if (!compile_version(&missing))
        printf("skip: no NVRTC: %s\n", missing);
}
static void finish(void)
{
    char command[200];
    snprintf(command, sizeof command, "rm -rf %s", cache);
    ck_assert(!system(command));
    compile_stop();
}

static char memory[1 << 12] __attribute__((aligned(256)));
static struct dev_arg arg(int dt, int way, bool second)
{
    if (way == 0)
        return (struct dev_arg){ memory, dt, 1, { 64 }, { 1 } };
    if (way == 1)
        return (struct dev_arg){ memory, dt, 2, { 16, second ? 1 : 4 }, { 1, 20 } };
    if (way == 2)
        return (struct dev_arg){ memory, dt, 3, { 3, second ? 1 : 4, 5 }, { 20, 1, 4 } };
    return (struct dev_arg){ memory, dt, 2, { (i64)1 << 17, second ? 1 : (i64)1 << 16 }, { 3, 7 } };
}
static struct dev_arg out_arg(int dt, int way)
{
    if (way == 0)
        return (struct dev_arg){ memory, dt, 1, { 64 }, { 1 } };
    if (way == 1)
        return (struct dev_arg){ memory, dt, 2, { 16, 4 }, { 1, 16 } };
    if (way == 2)
        return (struct dev_arg){ memory, dt, 3, { 3, 4, 5 }, { 1, 3, 12 } };
    return (struct dev_arg){ memory, dt, 2, { (i64)1 << 17, (i64)1 << 16 }, { 1, (i64)1 << 17 } };
}

/* All of them are 2000 kernels, two minutes of a core; a sixteenth of the rarer ones is left unless TL_NVRTC=all. */
static void gather_all(void)
{
    bool whole = getenv("TL_NVRTC") && !strcmp(getenv("TL_NVRTC"), "all");
    static const int types[] = { D_DOUBLE, D_SINGLE, D_INT64, D_CDOUBLE, D_CSINGLE, D_LOGICAL, D_INT8 };
    context_enter(context_new());
    for (int op = 0; op < EW_OPS; op++)
        for (int t = 0; t < COUNT(types); t++)
            for (int way = 0; way < 4; way++) {
                struct dev_prog p;
                if (!lower_row(&p, op, types[t], types[t]) || (way && t >= 3) || (!whole && (t > 1 || way) && (op + t + way) % 16))
                    continue;
                struct dev_arg o = out_arg(p.dtype, way), in[2] = { arg(types[t], way, false), arg(types[t], way, true) };
                work.of = (void *)(uintptr_t)ew_rows[op].name;
                ck_assert_msg(!work_program(&work, &p, &o, in, NULL, 0), "%s", ew_rows[op].name);
            }
    for (int dt = 0; dt < DTYPES; dt++)       /* every class to every other */
        for (int to = 0; to < DTYPES; to++) {
            if (!whole && (dt + to) % 3)
                continue;
            struct dev_prog p = { .nin = 1, .dtype = (uint8_t)to, .in_dtype = { (uint8_t)dt } };
            struct dev_arg o = out_arg(to, 0), in = arg(dt, 0, false);
            lower_add(&p, DI_IN, dt == D_LOGICAL ? DEV_B : lower_type(dt), dt, 0, 0, -1);
            work.of = "conversion";
            ck_assert(!work_program(&work, &p, &o, &in, NULL, 0));
        }
    for (int red = 0; red < RED_OPS; red++)
        for (int t = 0; t < COUNT(types); t++)
            for (int shape = 0; shape < 4; shape++) {
                struct dev_prog p = { .nin = 1, .red = (uint8_t)(red + 1), .in_dtype = { (uint8_t)types[t] } };
                struct dev_arg in = { memory, types[t], 2, { shape == 0 ? 100 : shape == 1 ? 100000 : 7, 300000 }, { 1, shape == 0 ? 100 : shape == 1 ? 100000 : 7 } }, o = in;
                o.dim[shape >= 2] = 1;
                o.stride[1] = shape < 2 ? 1 : 7;
                if (shape == 3)
                    in.stride[0] = 300000, in.stride[1] = 1;
                lower_add(&p, DI_IN, types[t] == D_LOGICAL ? DEV_B : lower_type(types[t]), types[t], 0, 0, -1);
                p.dtype = (uint8_t)(red == RED_any || red == RED_all ? D_LOGICAL : red == RED_max || red == RED_min ? types[t] : red == RED_sumsq ? (lower_type(types[t]) == DEV_F || lower_type(types[t]) == DEV_G ? D_SINGLE : D_DOUBLE)
                            : types[t] == D_CDOUBLE || types[t] == D_CSINGLE || types[t] == D_SINGLE ? types[t] : D_DOUBLE);
                work.of = (void *)(uintptr_t)reduce_rows[red].name;
                (void)work_program(&work, &p, &o, &in, NULL, 0);
            }
}

/* Every section of kernels.cu, for a few classes. */
static void note_kernels(void)
{
    static const int types[] = { D_DOUBLE, D_SINGLE, D_UINT8, D_CDOUBLE, D_INT64 };
    for (int t = 0; t < COUNT(types); t++) {
        int dt = types[t];
        struct dev_arg x = { memory, dt, 2, { 5000, 3 }, { 1, 5000 } }, k = { memory, D_INT64, 2, { 5000, 3 }, { 1, 5000 } }, m = x, out[2] = { x, k }, list = { memory, D_INT64, 1, { 40 }, { 1 } };
        struct dev_arg in[9] = { x, list }, mask[2] = { x, x }, one[2] = { x, k }, tile = { memory, dt, 2, { 20, 20 }, { 1, 20 } }, abc[3] = { tile, tile, { 0 } };
        m.dtype = D_LOGICAL;
        mask[0] = m;
        one[0].dim[0] = one[1].dim[0] = 1;
        one[0].stride[1] = one[1].stride[1] = 1;
        struct dev_arg drawn = { memory, dt == D_UINT8 || dt == D_CDOUBLE ? D_DOUBLE : dt, 1, { 100 }, { 1 } }, perm = { memory, D_INT64, 1, { 100 }, { 1 } };
        work.of = "a section of kernels.cu";
        (void)work_run(&work, DEV_gather, out, in, (double[]){ 2 }, 0);
        for (int add = 0; add < 2; add++)
            (void)work_run(&work, DEV_scatter, out, in, (double[]){ 2, add }, 0);
        (void)work_run(&work, DEV_count, &k, &m, NULL, 0);
        (void)work_run(&work, DEV_find, &k, &m, NULL, 0);
        (void)work_run(&work, DEV_select, out, (struct dev_arg[]){ x, m }, NULL, 0);
        (void)work_run(&work, DEV_replace, out, mask, NULL, 0);
        for (int i = 0; i < 4; i++)
            (void)work_run(&work, DEV_scan, out, in, (double[]){ 0, i }, 0);
        for (int i = 0; i < 2; i++) {
            (void)work_run(&work, DEV_sort, out, in, (double[]){ 0, i }, 0);
            (void)work_run(&work, DEV_extreme, one, in, (double[]){ 0, i }, 0);
            one[0].dim[0] = one[1].dim[0] = 5000, one[0].dim[1] = one[1].dim[1] = 1;
            (void)work_run(&work, DEV_extreme, one, in, (double[]){ 1, i }, 0);
            one[0].dim[0] = one[1].dim[0] = 1, one[0].dim[1] = one[1].dim[1] = 3;
        }
        for (int i = 0; i < 4; i++)
            (void)work_run(&work, DEV_gemm, &tile, abc, (double[]){ 1, 0, i }, 0);
        (void)work_run(&work, DEV_uniform, &drawn, NULL, (double[]){ 1, 0, 0, 1 }, 0);
        (void)work_run(&work, DEV_normal, &drawn, NULL, (double[]){ 1, 0, 0, 1 }, 0);
        (void)work_run(&work, DEV_integers, &drawn, NULL, (double[]){ 1, 0, 0, 9 }, 0);
        (void)work_run(&work, DEV_permutation, &perm, NULL, (double[]){ 1, 0, 100 }, 0);
    }
}
/* Those of layers.cu: small and large tiles of convolutions, every activation; columns that lie together and such that do not. */
static void note_layers(void)
{
    for (int dt = D_DOUBLE; dt <= D_SINGLE; dt++) {
        work.of = "a section of layers.cu";
        for (int i = 0; i < 4; i++) {
            i64 c = i < 2 ? 3 : 64, o = i < 2 ? 6 : 64;
            struct dev_arg x = { memory, dt, 5, { 32, 32, 1, c, 8 }, { 1, 32, 1024, 1024, 1024 * c } }, w = { memory, dt, 5, { 5, 3, 1, c, o }, { 1, 5, 15, 15, 15 * c } };
            struct dev_arg y = { memory, dt, 5, { 14, 15, 1, o, 8 }, { 1, 14, 210, 210, 210 * o } }, b = { memory, dt, 1, { o }, { 1 } };
            double num[11] = { 1, 2, 2, 0, 0, 0, 1, 1, 1, 1, i };
            (void)work_run(&work, DEV_conv, &y, (struct dev_arg[]){ x, w, b }, num, 0);
            (void)work_run(&work, DEV_conv_input, &x, (struct dev_arg[]){ y, w, { 0 } }, num, 0);
            (void)work_run(&work, DEV_conv_weight, &w, (struct dev_arg[]){ x, y }, num, 0);
        }
        int type = dt == D_SINGLE ? DEV_F : DEV_D;        /* several results, dense and with strides */
        struct dev_prog p = { .n = 4, .nin = 1, .nnum = 1, .dtype = (uint8_t)dt, .in_dtype = { (uint8_t)dt }, .more = 2, .also = { { 2, (uint8_t)dt }, { 0, D_INT16 } },
                              .ins = { { DI_IN, (uint8_t)type, (uint8_t)dt, 0, 0, -1 }, { DI_NUM, (uint8_t)type, (uint8_t)dt, 0, 0, -1 },
                                       { DI_OP, (uint8_t)type, (uint8_t)dt, EW_times, 0, 1 }, { DI_OP, (uint8_t)type, (uint8_t)dt, EW_minus, 2, 0 } } };
        for (int way = 0; way < 2; way++) {
            struct dev_arg a = { memory, dt, 2, { 50, 3 }, { 1, way ? 60 : 50 } }, out[3] = { a, a, a };
            (void)work_program(&work, &p, out, &a, (double[]){ 2 }, 0);
        }
        struct dev_arg x = { memory, dt, 2, { 500, 300 }, { 1, 500 } }, line = { memory, dt, 1, { 300 }, { 1 } }, list = { memory, D_INT64, 1, { 40 }, { 1 } }, none = { 0 };
        struct dev_arg at = line;
        at.dtype = D_INT32;
        for (int d = 0; d < 2; d++) {
            (void)work_run(&work, DEV_softmax, &x, &x, (double[]){ d, d }, 0);
            (void)work_run(&work, DEV_softmax, &x, &x, (double[]){ d, !d }, 0);
            (void)work_run(&work, DEV_norm, &x, (struct dev_arg[]){ x, none, none, d ? x : none }, (double[]){ 0, 1e-5 }, 0);
        }
        struct dev_arg one = line, three = { memory, dt, 3, { 60, 300, 4 }, { 1200, 4, 1 } };
        one.dim[0] = 1;
        for (int kind = 0; kind < 4; kind++) {
            struct dev_arg t = { memory, kind % 2 ? D_DOUBLE : D_INT64, 1, { 500 }, { 1 } }, w = { memory, D_DOUBLE, 1, { 300 }, { 1 } }, in[3] = { x, t, kind % 2 ? w : none };
            (void)work_run(&work, DEV_loss, &one, in, (double[]){ kind / 2, -100, kind % 2, 0.1 }, 0);
            (void)work_run(&work, DEV_loss_back, &x, in, (double[]){ kind / 2, -100, kind % 2, 0.1 }, 0);
            const struct dev_arg *y = kind / 2 ? &three : &x;
            (void)work_run(&work, DEV_batchnorm, (struct dev_arg[]){ *y, line, line }, (struct dev_arg[]){ *y, line, line, line, line }, (double[]){ kind % 2, 0.1, 1e-5 }, 0);
            (void)work_run(&work, DEV_batchnorm_back, (struct dev_arg[]){ *y, line, line }, (struct dev_arg[]){ *y, *y, line, line, line }, (double[]){ kind % 2, 1e-5 }, 0);
        }
        (void)work_run(&work, DEV_pool, (struct dev_arg[]){ line, at }, (struct dev_arg[]){ line, list }, (double[]){ 1, 1, 1, 300, 1, 1, 300, 1, 1, 1 }, 0);
        (void)work_run(&work, DEV_taps, &line, (struct dev_arg[]){ line, list, x }, (double[]){ 1, 1, 1, 300, 1, 1, 300, -1, -1, -1 }, 0);
    }
}

START_TEST(every_section_compiles)
{
    if (missing)
        return;
    note_kernels();
    note_layers();
    int bad = 0;
    for (int i = 0; i < count; i++) {
        struct code c;
        const char *why;
        if (compile(ones[i].text, ones[i].len, 9, 99, &c, &why)) {
            printf("%s: %s\n%s\n", ones[i].name, why, ones[i].text);
            bad++;
        }
        free(c.data);
    }
    printf("%d kernels of sections to PTX\n", count);
    ck_assert_int_eq(bad, 0);
}
END_TEST

START_TEST(every_text_compiles)
{
    if (missing)
        return;
    gather_all();
    int vectors = 0, wide = 0, bad = 0;
    double start = now();
    for (int i = 0; i < count; i += 10) {
        size_t len;
        char *s = joined(i, MIN(i + 10, count), &len);
        struct code c;
        const char *why;
        if (compile(s, len, 9, 99, &c, &why)) {       /* an architecture nobody has: PTX */
            printf("%s … %s: %s\n", ones[i].name, ones[MIN(i + 9, count - 1)].name, why);
            bad++;
        } else {
            ck_assert(c.ptx);
            for (int k = i; k < MIN(i + 10, count); k++)
                vectors += strstr(ones[k].text, "_vector *)") != NULL;
            for (char *p = c.data; (p = strstr(p, "ld.global.")); p++)
                wide += !strncmp(p + 10, "v2.f64", 6) || !strncmp(p + 10, "v4.f32", 6) || !strncmp(p + 10, "v2.u64", 6) || !strncmp(p + 10, "v4.u32", 6) ||
                        !strncmp(p + 10, "v2.b64", 6) || !strncmp(p + 10, "v4.b32", 6) || !strncmp(p + 10, "nc.v", 4);
            free(c.data);
        }
        free(s);
    }
    printf("%d kernels to PTX in %.1f s, %d with vectors, %d 16-byte loads\n", count, (now() - start) / 1e3, vectors, wide);
    ck_assert_int_eq(bad, 0);
    ck_assert(wide > vectors);
}
END_TEST

START_TEST(samples_become_machine_code)
{
    if (missing)
        return;
    gather_all();
    static const int archs[] = { 75, 80, 90, 120 };
    for (int a = 0; a < COUNT(archs); a++) {
        double start = now();
        int n = 0;
        for (int i = 0; i < count; i += 97, n++) {
            struct code c;
            const char *why = "";
            ck_assert_msg(!compile(ones[i].text, ones[i].len, archs[a] / 10, archs[a] % 10, &c, &why), "%s: %s", ones[i].name, why);
            ck_assert(!c.ptx && c.bytes > 500 && !memcmp(c.data, "\177ELF", 4));
            free(c.data);
        }
        printf("sm_%d: %d kernels, %.1f ms each\n", archs[a], n, (now() - start) / n);
    }
}
END_TEST

/* ---- the cache */
static const char text[] = "typedef struct { double *x; } args;\nKERNEL(32) tl(const args A) { A.x[threadIdx.x] += 1; }\n";
static void the_file(char *name, size_t n)    /* the only one of the cache */
{
    char folder[300];
    snprintf(folder, sizeof folder, "%s/tl/cuda", cache);
    DIR *d = opendir(folder);
    *name = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        if (*e->d_name != '.')
            snprintf(name, n, "%s/%s", folder, e->d_name);
    if (d)
        closedir(d);
}
static double compiled(struct code *c)
{
    const char *why = "";
    double t = now();
    ck_assert_msg(!compile(text, sizeof text - 1, 9, 0, c, &why), "%s", why);
    return now() - t;
}

START_TEST(the_cache_on_disk_is_believed_only_when_it_is_right)
{
    if (missing)
        return;
    struct code first, c;
    char name[600];
    double slow = compiled(&first), fast = compiled(&c);
    the_file(name, sizeof name);
    ck_assert(*name);
    ck_assert(c.bytes == first.bytes && !memcmp(c.data, first.data, c.bytes));
    printf("compiled in %.1f ms, found on disk in %.2f\n", slow, fast);
    ck_assert(compile_cached(text, sizeof text - 1, 9, 0) && !compile_cached(text, sizeof text - 2, 9, 0));
    free(c.data);
    struct stat st;
    stat(name, &st);
    char *whole = malloc((size_t)st.st_size);
    FILE *f = fopen(name, "rb");
    ck_assert(fread(whole, 1, (size_t)st.st_size, f) == (size_t)st.st_size);
    fclose(f);
    for (int harm = 0; harm < 60; harm++) {   /* cut short, too long, a bit turned anywhere, empty, a folder, a link, others may write */
        size_t n = (size_t)st.st_size;
        char *s = malloc(n + 8);
        memcpy(s, whole, n);
        unlink(name);
        rmdir(name);
        if (harm < 10)
            n = n * (size_t)harm / 10;
        else if (harm == 10)
            memset(s + n, 0, 8), n += 8;
        else if (harm < 56)
            s[harm < 41 ? (size_t)harm * 2 % 56 : (size_t)harm * 7919 % n] ^= (char)(1 << harm % 8);
        if (harm == 58)
            ck_assert(!symlink("/etc/passwd", name));
        else if (harm == 57)
            mkdir(name, 0700);
        else {
            f = fopen(name, "wb");
            ck_assert(fwrite(s, 1, n, f) == n);
            fclose(f);
            chmod(name, harm == 59 ? 0666 : 0600);
        }
        compiled(&c);
        ck_assert_msg(c.bytes == first.bytes && !memcmp(c.data, first.data, c.bytes), "harm %d", harm);
        free(c.data);
        free(s);
    }
    free(whole);
    free(first.data);
}
END_TEST

START_TEST(the_cache_is_bounded)
{
    if (missing)
        return;
    char name[600], s[300];
    struct code c;
    compile_cache_most = 40000;
    for (int i = 0; i < 12; i++) {
        const char *why = "";
        int n = snprintf(s, sizeof s, "typedef struct { double *x; } args;\nKERNEL(32) tl(const args A) { A.x[threadIdx.x] += %d; }\n", i);
        ck_assert(!compile(s, (size_t)n, 9, 0, &c, &why));
        free(c.data);
    }
    snprintf(name, sizeof name, "du -sb %s/tl/cuda | cut -f1", cache);
    FILE *f = popen(name, "r");
    long bytes = 0;
    ck_assert(fscanf(f, "%ld", &bytes) == 1);
    pclose(f);
    ck_assert_msg(bytes > 5000 && bytes < 40000 + 8192, "%ld", bytes);
    compile_cache_most = 256 << 20;
}
END_TEST

START_TEST(the_thread_compiles_while_others_work)
{
    if (missing)
        return;
    struct code c = { 0 };
    const char *why = "";
    uint64_t key[2] = { 1, 2 }, other[2] = { 3, 4 };
    double t = now();
    ck_assert(!compile_start(key, text, sizeof text - 1, 8, 0) && !compile_start(other, "no C", 4, 8, 0) && !compile_start(key, text, sizeof text - 1, 8, 0));
    ck_assert(now() - t < 20);
    int r = 0;
    while (!(r = compile_ready(key, &c, &why)) && now() - t < 20000)
        usleep(1000);
    ck_assert_int_eq(r, 1);
    ck_assert(c.bytes > 500);
    free(c.data);
    while (!(r = compile_ready(other, &c, &why)) && now() - t < 20000)
        usleep(1000);
    ck_assert_int_eq(r, -DEV_REFUSED);
    ck_assert_msg(strstr(why, "NVRTC refuses a kernel"), "%s", why);
    ck_assert_int_eq(compile_ready(other, &c, &why), -DEV_NOT_HERE);
    compile_start(key, text, sizeof text - 1, 8, 9);
    compile_stop();
}
END_TEST

START_TEST(a_pack_is_found_and_checked)
{
    if (missing)
        return;
    struct code c[2], d;
    const char *why = "", *b = "typedef struct { float *x; } args;\nKERNEL(32) tl(const args A) { A.x[threadIdx.x] += 1; }\n";
    char *texts[2] = { (char *)(uintptr_t)text, (char *)(uintptr_t)b }, name[400];
    size_t lens[2] = { sizeof text - 1, strlen(b) };
    for (int i = 0; i < 2; i++)
        ck_assert(!compile(texts[i], lens[i], 9, 0, &c[i], &why));
    snprintf(name, sizeof name, "%s/tl_cuda_90.pack", cache);
    ck_assert(compile_pack_write(name, 90, 2, texts, lens, c));
    struct stat st;
    stat(name, &st);
    compile_pack_folder = cache;
    setenv("XDG_CACHE_HOME", "/dev/null/nowhere", 1);
    compile_stop();                           /* forgets the packs it looked for */
    for (int i = 0; i < 2; i++) {
        double t = now();
        ck_assert(compile_cached(texts[i], lens[i], 9, 0) && !compile(texts[i], lens[i], 9, 0, &d, &why));
        if (i)
            printf("from the pack in %.3f ms\n", now() - t);
        ck_assert(d.bytes == c[i].bytes && !memcmp(d.data, c[i].data, d.bytes));
        free(d.data);
    }
    for (int harm = 0; harm < 40; harm++) {
        compile_stop();
        FILE *f = fopen(name, "r+b");
        if (harm < 30) {
            fseek(f, harm < 15 ? harm * 7 : st.st_size - harm * 50, SEEK_SET);
            int x = getc(f);
            fseek(f, -1, SEEK_CUR);
            putc(x ^ (1 << harm % 8), f);
        }
        fclose(f);
        if (harm >= 30)
            ck_assert(!truncate(name, st.st_size * (39 - harm) / 10));
        for (int i = 0; i < 2; i++) {
            ck_assert(!compile(texts[i], lens[i], 9, 0, &d, &why));
            ck_assert_msg(d.bytes == c[i].bytes && !memcmp(d.data, c[i].data, d.bytes), "harm %d", harm);
            free(d.data);
        }
        if (harm < 30)
            ck_assert(compile_pack_write(name, 90, 2, texts, lens, c));
    }
    compile_pack_folder = NULL;
    free(c[0].data);
    free(c[1].data);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("cuda_nvrtc");
    tcase_add_checked_fixture(t, begin, finish);
    tcase_add_test(t, every_section_compiles);
    tcase_add_test(t, every_text_compiles);
    tcase_add_test(t, samples_become_machine_code);
    tcase_add_test(t, the_cache_on_disk_is_believed_only_when_it_is_right);
    tcase_add_test(t, the_cache_is_bounded);
    tcase_add_test(t, the_thread_compiles_while_others_work);
    tcase_add_test(t, a_pack_is_found_and_checked);
    return unit_run("cuda_nvrtc", t, 600, CK_FORK_GETENV);
}
