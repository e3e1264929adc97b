/* SPDX-License-Identifier: BSD-3-Clause */
/* rows.h: tensors whose last dimension is the fastest, as the layers of nn keep images and sequences.
 *
 * Such a tensor is an ordinary one with other strides; only who walks over its memory needs to know.  The layouts below
 * count dimensions as Torch does: samples first, then channels, then time, height, width. */
#ifndef TL_NN_ROWS_H
#define TL_NN_ROWS_H
#include "lab/call.h"

struct tensor *rows_new(int dtype, int nd, const i64 *dim); /* pooled, not cleared; trailing singletons are dropped */
struct tensor *rows_zeros(int dtype, int nd, const i64 *dim);
struct tensor *rows_of(struct tensor *t); /* t itself when its last dimension is the fastest and there are no gaps;
                                             kernels may read SPARE bytes beyond */
struct tensor *rows_as(struct tensor *t, int nd,
                       const i64 *dim); /* the same elements in the same memory order; t is of rows_of */
struct tensor *rows_arg(struct call *c,
                        int i); /* rows_of an argument that is real; single stays, all else becomes double */
struct tensor *rows_like(struct call *c, int i, int dtype);          /* the same, converted to dtype */

bool rows_already(const struct tensor *t);    /* rows_of has nothing to do */
bool rows_alike(const struct tensor *a,
                const struct tensor *b); /* of one floating class and shape, in the main memory */
void rows_plus(struct tensor *y, struct tensor *a,
               struct tensor *b); /* y = a + b, all alike, y by rows; it may be one of them */
void rows_add_columns(int dtype, void *to, const void *from, i64 rows, i64 n,
                      double scale); /* to[i] += scale * from[r, i] for each row r */

/* Where samples, channels and places stand.  A sample has no dimension of samples: batch is false, n is 1. */
struct layout { bool batch; i64 n, channels, size[3]; int places; };
int nn_image_rank(void); /* of the input of the image layer at work, where a container knows it; else 0 */
/* t as n x channels x places, or one sample; singletons are appended as needed, and what fits both ways is one sample,
   but where the rank is known.
   channels is what must stand there, -1 anything.  False: it does not fit. */
bool layout_of(const struct tensor *t, int places, i64 channels, struct layout *l);
int layout_dims(const struct layout *l, i64 channels, const i64 *size, i64 dim[5]);      /* sizes of a result; their number */

/* ---- threads.  Calls f(arg, i, thread) for i below n, thread below `threads`; false when Ctrl-C came between: poll()
 * then. */
int rows_threads(double work);                /* threads for so many multiplications and additions */
void rows_each(i64 n, int threads, void (*f)(void *arg, i64 i, int thread), void *arg);  /* polls */

#endif
