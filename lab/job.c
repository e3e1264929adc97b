/* SPDX-License-Identifier: BSD-3-Clause */
/* job.c: LAPACK cannot be interrupted, so what takes long runs on a helper thread and the interpreter's thread waits,
 * polling.  After Ctrl-C the job is abandoned: it runs to its end on memory that it owns (an owner more on each tensor it
 * touches, so that nobody writes or frees them), and the interpreter goes on at once.  Counts are not atomic: the
 * interpreter's thread alone takes owners and gives them up, when it comes by later and finds the job done. */
#define clone libc_clone                      /* sched.h has a clone() under GNU names, value.h another */
#include <pthread.h>
#undef clone
#include "blas.h"
#include "job.h"
#include <stdlib.h>
#include <time.h>

enum { JOB_TENSORS = 8 };
struct job {
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;
    struct job *next;                         /* abandoned ones, in the room */
    int n;
    value held[JOB_TENSORS];
    void (*body)(void *);
    _Alignas(16) char state[];
};

static void *work(void *arg)
{
    struct job *j = arg;
    blas_threads_apply();
    j->body(j->state);
    pthread_mutex_lock(&j->lock);
    j->done = true;
    pthread_cond_signal(&j->over);
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

static void job_free(struct job *j)
{
    for (int i = 0; i < j->n; i++)
        drop(j->held[i]);
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->over);
    free(j);
}

static bool is_done(struct job *j)
{
    pthread_mutex_lock(&j->lock);
    bool done = j->done;
    pthread_mutex_unlock(&j->lock);
    return done;
}

static void reap(void)
{
    struct job **p = (struct job **)context_room(ROOM_BLAS);
    while (*p) {
        struct job *j = *p;
        if (is_done(j)) {
            *p = j->next;
            job_free(j);
        } else {
            p = &j->next;
        }
    }
}

int job_left(void)
{
    int n = 0;
    reap();
    for (struct job *j = *context_room(ROOM_BLAS); j; j = j->next)
        n++;
    return n;
}

static void wait_polling(void *arg)
{
    struct job *j = arg;
    for (;;) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 10 * 1000 * 1000;
        if (t.tv_nsec >= 1000 * 1000 * 1000) {
            t.tv_sec++;
            t.tv_nsec -= 1000 * 1000 * 1000;
        }
        pthread_mutex_lock(&j->lock);
        if (!j->done)
            pthread_cond_timedwait(&j->over, &j->lock, &t);
        bool done = j->done;
        pthread_mutex_unlock(&j->lock);
        if (done)
            return;
        poll();
    }
}

void job_run(void (*body)(void *), void *state, size_t size, int n, struct tensor *const *touched, double seconds)
{
    poll();
    if (seconds < 0.05) {
        body(state);
        return;
    }
    reap();
    struct job *j = malloc(sizeof *j + size);
    if (!j)
        fail_memory(sizeof *j + size);
    j->done = false;
    j->n = 0;
    j->body = body;
    memcpy(j->state, state, size);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->over, NULL);
    for (int i = 0; i < n; i++)
        if (touched[i]) {                     /* headers of the running call: no pins, so copy() allocates nothing */
            touched[i]->h.owners++;
            j->held[j->n++] = tensor_box(touched[i]);
        }
    pthread_t thread;
    pthread_attr_t attr;                      /* recursive divide and conquer wants more stack than some systems give */
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, (size_t)16 << 20);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    blas_threads_yield();
    int bad = pthread_create(&thread, &attr, work, j);
    pthread_attr_destroy(&attr);
    if (bad) {
        job_free(j);
        body(state);
        return;
    }
    if (protect(wait_polling, j)) {
        void **room = context_room(ROOM_BLAS);
        j->next = *room;
        *room = j;
        fail_again();
    }
    memcpy(state, j->state, size);
    job_free(j);
}
