/* SPDX-License-Identifier: BSD-3-Clause */
/* tl inside a C program:  cc embed.c -ltl -o embed && ./embed */
#include <tl.h>
#include <stdio.h>

int main(void)
{
    tl *t = tl_new();
    if (!t)
        return 1;
    double data[4] = { 4, 2, 1, 3 };                          /* column by column: [4 1; 2 3] */
    tl_value *a = tl_matrix(t, 2, 2, data), *out[2];
    if (tl_set(t, "A", a) || tl_eval(t, "x = A \\ [1; 2];  s = sprintf('%g ', eig(A));"))
        return fprintf(stderr, "%s\n", tl_error(t)), 1;
    tl_value *x = tl_get(t, "x"), *s = tl_get(t, "s");
    char text[80];
    tl_to_matrix(x, data);
    tl_to_text(s, text, sizeof text);
    printf("x = %.2f %.2f, eigenvalues %s\n", data[0], data[1], text);
    if (tl_call(t, "max", 1, &x, 2, out))                     /* [m, i] = max(x) */
        return fprintf(stderr, "%s\n", tl_error(t)), 1;
    printf("the largest is %.2f, number %g\n", tl_to_number(out[0]), tl_to_number(out[1]));
    if (tl_eval(t, "A * [1 2 3]"))
        printf("refused: %s\n", tl_error(t));
    tl_value *all[] = { a, x, s, out[0], out[1] };
    for (int i = 0; i < 5; i++)
        tl_release(all[i]);
    tl_free(t);
    return 0;
}
