/* SPDX-License-Identifier: BSD-3-Clause */
/* text_run.c: the rows of device.def that are kernels of our own: which launches a call is. */
#include "text.h"

int work_run(struct work *w, enum dev_call what, struct dev_arg *out, const struct dev_arg *in, const double *num, int tag)
{
    (void)w, (void)what, (void)out, (void)in, (void)num, (void)tag;
    return DEV_NOT_HERE;
}

int work_can(enum dev_call what, const struct dev_arg *out, const struct dev_arg *in, const double *num)
{
    (void)what, (void)out, (void)in, (void)num;
    return DEV_NOT_HERE;
}
