/* SPDX-License-Identifier: BSD-3-Clause */
/* wait.h: what the program does before it waits for somebody: pictures are drawn.  NULL: nothing. */
#ifndef TL_WAIT_H
#define TL_WAIT_H

extern void (*before_wait)(void);

#endif
