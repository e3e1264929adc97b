/* SPDX-License-Identifier: BSD-3-Clause */
/* fake_nvrtc.c: a libnvrtc.so.12 that hands texts through: its machine code is the word TLFAKE and the text, which
 * fake_driver.c runs on the CPU.  A word compile=S of TL_FAKE makes each compilation take S seconds, norc refuses all; nvrtcFakeCount
 * says how many there were. */
#define _GNU_SOURCE 1
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))
typedef struct program { char *text; size_t n; } *program;

API int nvrtcVersion(int *major, int *minor) { *major = 12; *minor = 99; return 0; }
API const char *nvrtcGetErrorString(int e) { return e ? "NVRTC_ERROR_COMPILATION" : "NVRTC_SUCCESS"; }
API int nvrtcCreateProgram(program *p, const char *text, const char *name, int n, const char *const *headers, const char *const *names)
{
    (void)name, (void)headers, (void)names;
    *p = malloc(sizeof **p);
    (*p)->n = strlen(text) + 7;
    (*p)->text = malloc((*p)->n);
    sprintf((*p)->text, "TLFAKE%s", text);
    return n ? 3 : 0;
}
API int nvrtcDestroyProgram(program *p) { free((*p)->text); free(*p); *p = NULL; return 0; }
static int compiled;
API int nvrtcFakeCount(void) { return compiled; }
API int nvrtcCompileProgram(program p, int n, const char *const *options)
{
    const char *wish = getenv("TL_FAKE"), *slow = wish ? strstr(wish, "compile=") : NULL;
    (void)p, (void)n, (void)options;
    if (slow)
        usleep((unsigned)(1e6 * atof(slow + 8)));
    __sync_fetch_and_add(&compiled, 1);
    return wish && strstr(wish, "norc") ? 6 : 0;
}
API int nvrtcGetProgramLogSize(program p, size_t *n) { (void)p; *n = 1; return 0; }
API int nvrtcGetProgramLog(program p, char *log) { (void)p; *log = 0; return 0; }
API int nvrtcGetCUBINSize(program p, size_t *n) { *n = p->n; return 0; }
API int nvrtcGetCUBIN(program p, char *to) { memcpy(to, p->text, p->n); return 0; }
API int nvrtcGetPTXSize(program p, size_t *n) { *n = p->n; return 0; }
API int nvrtcGetPTX(program p, char *to) { memcpy(to, p->text, p->n); return 0; }
API int nvrtcGetNumSupportedArchs(int *n) { *n = 3; return 0; }
API int nvrtcGetSupportedArchs(int *a) { a[0] = 80; a[1] = 90; a[2] = 120; return 0; }
