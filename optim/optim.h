/* SPDX-License-Identifier: BSD-3-Clause */
/* optim.h: the classes of objects that optim has in C. */
#ifndef TL_OPTIM_H
#define TL_OPTIM_H
#include "lab/value.h"

extern const struct class confusion_class, logger_class;
#endif
