/* SPDX-License-Identifier: BSD-3-Clause */
/* tl.h: an interpreter inside another program.
 *
 *     tl *t = tl_new();
 *     if (tl_eval(t, "A = magic(4); s = sum(A(:));"))
 *         fprintf(stderr, "%s\n", tl_error(t));
 *     tl_value *s = tl_get(t, "s");
 *     printf("%g\n", tl_to_number(s));
 *     tl_release(s);
 *     tl_free(t);
 *
 * Several interpreters may live in one process and share nothing; each is used by one thread at a time.  No function
 * jumps or exits: those that can fail return 0 for success and otherwise not 0 (or NULL), and tl_error says why.
 * A tl_value is held by whoever got it until tl_release, which must come before its interpreter's tl_free. */
#ifndef TL_H
#define TL_H
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif
#define TL_API __attribute__((visibility("default")))

typedef struct tl tl;
typedef struct tl_value tl_value;

TL_API tl *tl_new(void);                      /* NULL: no memory */
TL_API void tl_free(tl *t);

TL_API int tl_eval(tl *t, const char *text);  /* statements, in the workspace */
TL_API const char *tl_error(tl *t);           /* message of the last failure, until the next one */
TL_API const char *tl_error_id(tl *t);
TL_API void tl_output(tl *t, void (*write)(void *to, const char *s, size_t n),
                      void *to); /* what is printed; NULL: stdout */

/* variables of the workspace */
TL_API tl_value *tl_get(tl *t, const char *name);             /* NULL: it has no value */
TL_API int tl_set(tl *t, const char *name, const tl_value *v);

/* values */
TL_API tl_value *tl_number(tl *t, double x);
TL_API tl_value *tl_text(tl *t, const char *s, size_t n);
TL_API tl_value *tl_matrix(tl *t, size_t rows, size_t columns,
                           const double *data); /* column by column; data NULL: zeros */
TL_API void tl_release(tl_value *v);

TL_API const char *tl_class(const tl_value *v);               /* "double", "cell", … */
TL_API size_t tl_rows(const tl_value *v);
TL_API size_t tl_columns(const tl_value *v);                  /* all dimensions from the second on */
TL_API double tl_to_number(const tl_value *v);                /* the first element; NaN if there is none */
TL_API int tl_to_matrix(const tl_value *v, double *data);     /* all elements, as doubles */
TL_API size_t tl_to_text(const tl_value *v, char *s, size_t room);     /* length; s gets what fits, with a NUL */

/* functions; out: places for max(1, nargout) values, those that are not given become NULL */
TL_API int tl_call(tl *t, const char *function, int nargin, tl_value *const *arg, int nargout, tl_value **out);

/* A C function becomes a function of the language.  It stores its results in out (they become the interpreter's) and
   returns 0, or says tl_fail and returns its result.  The arguments stay the caller's. */
typedef int tl_function(tl *t, void *user, int nargin, tl_value *const *arg, int nargout, tl_value **out);
TL_API int tl_register(tl *t, const char *name, int least, int most, tl_function *f, void *user,
                       const char *help);                              /* most -1: any number */
TL_API int tl_fail(tl *t, const char *id, const char *message);        /* not 0 */

#ifdef __cplusplus
}
#endif
#endif
