/* SPDX-License-Identifier: BSD-3-Clause */
/* lab/ knows nothing of the language: this program is linked with every object of lab/ and nothing of interp/, nn/, optim/,
 * plot/.  If lab/ wanted something from there, it would not link. */
#include "config.h"
#include <stdio.h>

int main(void)
{
    puts("1..1\nok 1 - lab/ links alone");
    return 0;
}
