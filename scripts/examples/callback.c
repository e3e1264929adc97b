/* SPDX-License-Identifier: BSD-3-Clause */
/* A function in C, called from tl; two interpreters at work in two threads:  cc callback.c -ltl -lpthread -o callback && ./callback */
#include <tl.h>
#include <pthread.h>
#include <stdio.h>

struct counter { int calls; double sum; };

/* y = measure(x): may fail, and keeps count for the program around it */
static int measure(tl *t, void *user, int nargin, tl_value *const *arg, int nargout, tl_value **out)
{
    struct counter *k = user;
    double x = tl_to_number(arg[0]);
    (void)nargin, (void)nargout;
    if (x < 0)
        return tl_fail(t, "measure:negative", "nothing is shorter than nothing");
    k->calls++;
    k->sum += x;
    out[0] = tl_number(t, 2 * x);
    return 0;
}

static void *work(void *arg)
{
    struct counter *k = arg;
    tl *t = tl_new();
    if (tl_register(t, "measure", 1, 1, measure, k, "y = measure(x)\n\nTwice x, counted.") ||
        tl_eval(t, "y = sum(arrayfun(@(i) measure(i), 1:1000)); try, measure(-1), catch e, m = e.message; end; A = rand(60); B = A \\ A;"))
        fprintf(stderr, "%s\n", tl_error(t));
    tl_free(t);
    return NULL;
}

int main(void)
{
    struct counter k[2] = { 0 };
    pthread_t id[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&id[i], NULL, work, &k[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(id[i], NULL);
    printf("%d calls, sum %g; %d calls, sum %g\n", k[0].calls, k[0].sum, k[1].calls, k[1].sum);
    return 0;
}
