/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.c: counts, pool, windows, containers, errors and the collector of lab/, without an interpreter. */
#include "unit.h"
#undef fail                                   /* an old name of libcheck */
#include "lab/call.h"
#include "lab/context.h"
#include <math.h>

static struct context *c;
static void setup(void)
{
    c = context_new();
    context_enter(c);
}
static void teardown(void)
{
    pool_release(0);
    collect_cycles();
    ck_assert_int_eq(c->live, 0);
    context_free(c);
}

static struct tensor *iota(int dtype, i64 rows, i64 cols)
{
    struct tensor *t = tensor_2d(dtype, rows, cols);
    for (i64 i = 0; i < t->numel; i++) {
        double x = (double)i + 1;
        convert_run(dtype, t->data + i * dtypes[dtype].size, D_DOUBLE, &x, 1);
    }
    return t;
}

START_TEST(values_share_until_written)
{
    value a = copy(tensor_box(iota(D_DOUBLE, 100, 2))), b = copy(a);
    pool_release(0);
    ck_assert_int_eq(a.t->h.owners, 2);
    struct tensor *t = own_tensor(&a);
    own_block(t);
    ((double *)t->data)[0] = 9;
    ck_assert_double_eq(((double *)b.t->data)[0], 1);
    ck_assert_ptr_ne(a.t->block, b.t->block);
    drop(a);
    drop(b);
}
END_TEST

START_TEST(windows_see_writes_and_copies_do_not)
{
    for (i64 n = 4; n <= 400; n += 396) {     /* small data and a block */
        value a = copy(tensor_box(iota(D_DOUBLE, n, 1)));
        pool_release(0);
        value w = copy(window_new(own_tensor(&a), 1, 2, (i64[]){ 2, 1 }, (i64[]){ 1, n }));
        pool_release(0);
        value b = copy(a);                    /* a has a window: a header of its own */
        ck_assert_ptr_ne(a.t, b.t);
        own_block(a.t);
        ((double *)a.t->data)[1] = -7;
        ck_assert_double_eq(((double *)window_data(w.w))[0], -7);
        ck_assert_double_eq(element_double(tensor_of(w), 0), -7);
        ck_assert_double_eq(element_double(tensor_of(b), 1), 2);
        ck_assert(isshared(a) && isshared(w) && !isshared(b));
        pool_release(0);
        drop(a);                              /* the window keeps the tensor */
        ck_assert_double_eq(((double *)window_data(w.w))[1], 3);
        drop(w);
        drop(b);
    }
}
END_TEST

START_TEST(copies_of_pinned_containers_are_of_their_own)
{
    struct cell *k = cell_2d(1, 2);
    cell_set(k, 0, tensor_box(iota(D_DOUBLE, 3, 3)));
    value a = copy(cell_value(k));
    pool_release(0);
    value w = copy(window_new(own_tensor(&own_cell(&a)->v[0]), 0, 2, (i64[]){ 3, 3 }, (i64[]){ 3, 1 }));
    pool_release(0);
    a.cell->h.pins = 1;
    value b = copy(a);
    ck_assert_ptr_ne(a.cell, b.cell);
    ((double *)window_data(w.w))[0] = 5;
    ck_assert_double_eq(element_double(b.cell->v[0].t, 0), 1);
    drop(w);
    value d = copy(a);                        /* the stale pin is found and cleared */
    ck_assert_ptr_eq(a.cell, d.cell);
    drop(a);
    drop(b);
    drop(d);
}
END_TEST

START_TEST(conversions_round_and_saturate)
{
    double x[] = { 2.5, -2.5, 300, -300, NAN, INFINITY, -INFINITY, 0.49999999999999994 };
    int8_t i8[8];
    uint8_t u8[8];
    int64_t i64s[8];
    convert_run(D_INT8, i8, D_DOUBLE, x, 8);
    ck_assert_mem_eq(i8, ((int8_t[]){ 3, -3, 127, -128, 0, 127, -128, 0 }), 8);
    convert_run(D_UINT8, u8, D_DOUBLE, x, 8);
    ck_assert_mem_eq(u8, ((uint8_t[]){ 3, 0, 255, 0, 0, 255, 0, 0 }), 8);
    convert_run(D_INT64, i64s, D_DOUBLE, x, 8);
    ck_assert(i64s[5] == INT64_MAX && i64s[6] == INT64_MIN && i64s[4] == 0);
    int64_t big = INT64_MAX;
    uint64_t u;
    convert_run(D_UINT64, &u, D_INT64, &big, 1);
    ck_assert(u == (uint64_t)INT64_MAX);
}
END_TEST

START_TEST(gather_follows_any_strides)
{
    for (int dt = 0; dt < DTYPES; dt++) {
        struct tensor *t = iota(dt, 37, 21), *u = tensor_dense(tensor_transpose(t));
        for (i64 i = 0; i < 37; i++)
            for (i64 j = 0; j < 21; j++)
                ck_assert_double_eq(element_double(u, j + 21 * i), element_double(t, i + 37 * j));
        struct tensor *v = tensor_alias(t, 3, (i64[]){ 2, 3, 5 }, (i64[]){ 37, 2, 40 }, 4), *w = tensor_dense(v);
        for (i64 i = 0; i < w->numel; i++)
            ck_assert_double_eq(element_double(w, i), element_double(v, i));
    }
}
END_TEST

START_TEST(containers_grow_and_shrink)
{
    struct cell *k = cell_2d(2, 2);
    for (int i = 0; i < 4; i++)
        cell_set(k, i, num(i + 1));
    cell_resize(k, 2, (i64[]){ 3, 3 });
    ck_assert_double_eq(k->v[4].num, 4);
    ck_assert_int_eq(k->v[8].kind, K_TENSOR);
    cell_resize(k, 2, (i64[]){ 3, 5 });
    ck_assert_int_eq(k->numel, 15);
    cell_resize(k, 2, (i64[]){ 1, 1 });
    ck_assert_double_eq(k->v[0].num, 1);
    struct record *r = record_new(2, (i64[]){ 1, 3 }, 1, (sym[]){ symbol_of("a") });
    record_set(r, 1, symbol_of("b"), num(7));
    record_set(r, 2, symbol_of("a"), tensor_value(tensor_text("xy", 2)));
    record_resize(r, 2, (i64[]){ 1, 5 });
    ck_assert_double_eq(record_get(r, 1, symbol_of("b")).num, 7);
    record_remove(r, 0);
    ck_assert_int_eq(r->f->n, 1);
    ck_assert_double_eq(record_get(r, 1, symbol_of("b")).num, 7);
    ck_assert(is_nil(record_get(r, 1, symbol_of("a"))));
}
END_TEST

static void failing(void *arg)
{
    iota(D_DOUBLE, 1000, 1);
    scratch(1 << 20);
    fail("a:b", "no %d", *(int *)arg);
}

START_TEST(a_failure_leaves_nothing)
{
    int n = 3, mark = pool_mark();
    ck_assert_int_eq(protect(failing, &n), 1);
    ck_assert_int_eq(pool_mark(), mark);
    ck_assert_str_eq(failure()->message, "no 3");
    ck_assert_str_eq(failure()->id, "a:b");
}
END_TEST

static void too_large(void *arg)
{
    (void)arg;
    tensor_2d(D_DOUBLE, (i64)1 << 40, 1 << 10);
}

START_TEST(too_much_memory_is_an_error)
{
    ck_assert_int_eq(protect(too_large, NULL), 1);
    ck_assert_str_eq(failure()->id, "Octave:out-of-memory");
}
END_TEST

START_TEST(deep_nesting_is_freed_without_recursion)
{
    value v = num(1);
    for (int i = 0; i < 1000000; i++) {
        struct cell *k = cell_2d(1, 1);
        cell_set(k, 0, v);
        value outer = copy(cell_value(k));
        pool_release(0);
        drop(v);
        v = outer;
    }
    drop(v);
}
END_TEST

struct node { struct instance x; value next; };
static void node_free(struct object *o) { memory_free(o, sizeof(struct node)); }
static void node_children(struct object *o, void (*visit)(value *, void *), void *arg) { visit(&((struct node *)o)->next, arg); }
static const struct class node_class = { .name = "node", .free = node_free, .children = node_children };

START_TEST(cycles_are_collected_and_what_is_held_is_not)
{
    value a = copy(instance_new(&node_class, sizeof(struct node))), b = copy(instance_new(&node_class, sizeof(struct node)));
    value held = copy(instance_new(&node_class, sizeof(struct node)));
    pool_release(0);
    struct cell *k = cell_2d(1, 1);           /* a -> {b}, b -> a, and b -> held through nothing */
    cell_set(k, 0, b);
    ((struct node *)a.inst)->next = copy(cell_value(k));
    ((struct node *)b.inst)->next = copy(a);
    ((struct node *)held.inst)->next = copy(held);
    pool_release(0);
    drop(a);
    drop(b);
    ck_assert_int_eq(c->nhandle, 3);
    collect_cycles();
    ck_assert_int_eq(c->nhandle, 1);
    drop(held);
    collect_cycles();
    ck_assert_int_eq(c->nhandle, 0);
}
END_TEST

START_TEST(ranges_count_as_octave_does)
{
    static const struct { double base, inc, limit; i64 n; double last; } row[] = {
        { 0, 0.1, 1, 11, 1 }, { 1, 1, 0, 0, 0 }, { 1, 1, 3, 3, 3 }, { 0, 0.1, 0.3, 4, 0.3 }, { 5, -2, 0, 3, 1 },
        { 1, 0, 5, 0, 0 }, { 1, NAN, 5, 1, NAN }, { 0.1, 0.1, 0.5, 5, 0.5 }, { -1, 0.25, 1, 9, 1 }, { 1, 2, 1, 1, 1 },
    };
    for (int i = 0; i < COUNT(row); i++) {
        value v = range_new(row[i].base, row[i].inc, row[i].limit);
        ck_assert_int_eq(v.range->n, row[i].n);
        if (row[i].n && isnan(row[i].last))
            ck_assert_double_nan(range_at(v.range, row[i].n - 1));
        else if (row[i].n)
            ck_assert_double_eq(range_at(v.range, row[i].n - 1), row[i].last);
    }
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("memory");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, values_share_until_written);
    tcase_add_test(t, windows_see_writes_and_copies_do_not);
    tcase_add_test(t, copies_of_pinned_containers_are_of_their_own);
    tcase_add_test(t, conversions_round_and_saturate);
    tcase_add_test(t, gather_follows_any_strides);
    tcase_add_test(t, containers_grow_and_shrink);
    tcase_add_test(t, a_failure_leaves_nothing);
    tcase_add_test(t, too_much_memory_is_an_error);
    tcase_add_test(t, deep_nesting_is_freed_without_recursion);
    tcase_add_test(t, cycles_are_collected_and_what_is_held_is_not);
    tcase_add_test(t, ranges_count_as_octave_does);
    return unit_run("memory", t, 60, CK_FORK_GETENV);
}
