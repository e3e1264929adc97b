/* SPDX-License-Identifier: BSD-3-Clause */
/* fake.h: what the fake libraries want of the fake driver: a place in a stream for a call, and the range of device memory. */
#ifndef DEVICE_FAKE_H
#define DEVICE_FAKE_H
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define API __attribute__((visibility("default")))
static inline void *fake_driver(const char *name)
{
    void *h = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD), *f = h ? dlsym(h, name) : NULL;
    if (!f) {
        fprintf(stderr, "fake library: there is no fake driver\n");
        abort();
    }
    return f;
}
/* Queues call(a copy of data) to the stream. */
static inline void fake_queue(void *stream, void (*call)(void *), const void *data, size_t n)
{
    ((void (*)(void *, void (*)(void *), const void *, size_t))fake_driver("fake_call"))(stream, call, data, n);
}
static inline void fake_range(const void *p, size_t n, const char *what)
{
    ((void (*)(const void *, size_t, const char *))fake_driver("fake_device_range"))(p, n, what);
}
#endif
