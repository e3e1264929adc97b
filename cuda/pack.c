/* SPDX-License-Identifier: BSD-3-Clause */
/* pack.c: the program behind `make cuda-pack`: compiles the kernels of single rows of ops.def, double and single, operands
 * dense or one of them a number, for the architectures that are named (80 90 …), into tl_cuda_ARCH.pack.  No GPU is needed.
 * Beside the plugin such a file saves the first compilations, and serves machines that have a driver but no NVRTC. */
#include "compile.h"
#include "text.h"
#include <time.h>

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
    p.ins[p.n++] = (struct dev_ins){ DI_OP, (uint8_t)(r->class >= TEST ? DEV_B : type), p.dtype, (uint8_t)op, (int16_t)v[0], (int16_t)v[1] };
    (void)work_program(w, &p, &out, in, num, 0);          /* rows that are not for the type make no text */
}

int main(int argc, char **argv)
{
    static struct dev_status status;
    struct work w = { .units = 132, .status = &status, .launch = note };
    const char *why = "";
    time_t start = time(NULL);
    if (!compile_version(&why)) {
        fprintf(stderr, "cuda-pack: %s\n", why);
        return 1;
    }
    for (int op = 0; op < text_rows; op++)
        for (int type = DEV_D; type <= DEV_B; type++)
            for (int number = -1; number < (text_row[op].args > 1 ? 2 : 0); number++)
                row(&w, op, (enum dev_type)type, number);
    for (int a = 1; a < argc; a++) {
        int arch = atoi(argv[a]);
        char name[64];
        snprintf(name, sizeof name, "tl_cuda_%d.pack", arch);
        for (int i = 0; i < all.n; i++) {
            if (i % 100 == 0)
                fprintf(stderr, "%s: %d of %d kernels, %.0f s\n", name, i, all.n, difftime(time(NULL), start));
            if (compile(all.text[i], all.len[i], arch / 10, arch % 10, &all.code[i], &why)) {
                fprintf(stderr, "cuda-pack: %s\n", why);
                return 1;
            }
        }
        if (!compile_pack_write(name, arch, all.n, all.text, all.len, all.code)) {
            fprintf(stderr, "cuda-pack: %s cannot be written\n", name);
            return 1;
        }
        printf("%s: %d kernels\n", name, all.n);
        for (int i = 0; i < all.n; i++)
            free(all.code[i].data);
    }
    return 0;
}
