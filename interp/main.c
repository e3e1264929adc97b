/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version"))
        printf("tl %s\n", PACKAGE_VERSION);
    return 0;
}
