/* SPDX-License-Identifier: BSD-3-Clause */
/* Maps against a naive table over random steps, the loops of cellfun with C functions in the place of the interpreter,
 * dates forth and back, and nothing kept at the end. */
#include "lab/context.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>

extern const struct builtin builtin_containers_Map, builtin_keys, builtin_values, builtin_isKey, builtin_remove, builtin_cellfun, builtin_arrayfun,
    builtin_datenum, builtin_datevec, builtin_struct, builtin_num2cell, builtin_cell2struct;


static value call(const struct builtin *b, int n, const value *arg)
{
    value out;
    call_builtin(b, n, arg, 1, &out);
    return out;
}
static value text(const char *s) { return tensor_value(tensor_text(s, strlen(s))); }

START_TEST(a_map_is_a_table)
{
    enum { N = 300, STEPS = 20000 };
    double has[N];
    memset(has, 0, sizeof has);
    value m = call(&builtin_containers_Map, 0, NULL);
    int count = 0, hold = pool_mark();
    srand(1);
    for (int s = 0; s < STEPS; s++) {
        int k = rand() % N;
        char name[16];
        snprintf(name, sizeof name, "k%d", k);
        value key = text(name), arg[2] = { m, key };
        ck_assert_int_eq(value_true(call(&builtin_isKey, 2, arg)), has[k] != 0);
        if (rand() % 3) {
            count += has[k] == 0;
            has[k] = s + 1;
            m.inst->class->paren_set(m, 1, &key, num(s + 1));
        } else if (has[k]) {
            call(&builtin_remove, 2, arg);
            has[k] = 0;
            count--;
        }
        ck_assert_int_eq(m.inst->class->numel(m), count);
        if (s % 1000 == 0) {
            value ks = call(&builtin_keys, 1, &m), vs = call(&builtin_values, 1, &m);
            ck_assert_int_eq(ks.cell->numel, count);
            for (i64 i = 0; i < count; i++) {
                struct tensor *t = tensor_of(ks.cell->v[i]);
                char n[16] = { 0 };
                memcpy(n, t->data, (size_t)t->numel);
                ck_assert(vs.cell->v[i].num == has[atoi(n + 1)]);
            }
        }
        pool_release(hold);
    }
}
END_TEST

/* ---- the interpreter's part, played in C: the number in the name says what the function does */
static int behaviour;
static void play(value f, int nargin, const value *arg, int nargout, value *out)
{
    (void)f;
    double x = nargin && arg[0].kind == K_NUM ? arg[0].num : -1;
    switch (behaviour) {
    case 0: out[0] = num(2 * x); break;
    case 1: fail("my:id", "no %g", x);
    case 2: out[0] = cell_value(cell_2d(1, 2)); break;
    case 3: out[0] = boolean(x > 2); break;
    case 4: break;
    case 5: out[0] = x > 2 ? tensor_box(tensor_cast(tensor_of(num(x)), D_CDOUBLE)) : num(x); break;
    case 6:
        out[0] = num(x);
        if (nargout > 1)
            out[1] = num(-x);
        break;
    }
}
static const struct class plain = { .name = "function_handle" };
static struct func f = { .h = { 1000, 0 }, .class = &plain };

static bool fails;
static value out[2];
struct job { const struct builtin *b; int n, nargout; const value *arg; };
static void run(void *p)
{
    struct job *j = p;
    call_builtin(j->b, j->n, j->arg, j->nargout, out);
}
static value cellfun(int how, struct cell *x, int nargout)
{
    hooks()->call = play;
    behaviour = how;
    value arg[2] = { object_value(K_FUNC, &f), cell_value(x) };
    struct job j = { &builtin_cellfun, 2, nargout, arg };
    out[0] = out[1] = nil();
    fails = protect(run, &j);
    return out[0];
}

START_TEST(cellfun_collects)
{
    struct cell *x = cell_2d(1, 4);
    for (int i = 0; i < 4; i++)
        cell_set(x, i, num(i + 1));
    value y = cellfun(0, x, 1);
    ck_assert(!fails && y.kind == K_TENSOR && y.t->numel == 4 && ((double *)y.t->data)[3] == 8);
    cellfun(1, x, 1);
    ck_assert(fails && !strcmp(failure()->id, "my:id"));
    cellfun(2, x, 1);
    ck_assert(fails && strstr(failure()->message, "1x2"));
    y = cellfun(3, x, 1);
    ck_assert(!fails && y.t->dtype == D_LOGICAL && y.t->data[2] == 1 && y.t->data[1] == 0);
    cellfun(4, x, 1);
    ck_assert(fails);
    cellfun(4, x, 0);
    ck_assert(!fails && is_nil(out[0]));
    y = cellfun(5, x, 1);                     /* a complex result late; all imaginary parts zero */
    ck_assert(!fails && y.t->dtype == D_DOUBLE && ((double *)y.t->data)[3] == 4);
    y = cellfun(6, x, 2);
    ck_assert(!fails && out[1].kind == K_TENSOR && ((double *)out[1].t->data)[3] == -4);
    y = cellfun(0, cell_2d(0, 3), 1);
    ck_assert(!fails && y.t->numel == 0 && y.t->dim[1] == 3);
}
END_TEST

START_TEST(dates_go_forth_and_back)
{
    int hold = pool_mark();
    for (double n = -800000; n < 4000000; n += 977.25) {
        value day = num(n), v = call(&builtin_datevec, 1, &day);
        ck_assert(v.t->numel == 6);
        double *x = (double *)v.t->data;
        ck_assert(x[1] >= 1 && x[1] <= 12 && x[2] >= 1 && x[2] <= 31 && x[3] < 24 && x[4] < 60 && x[5] < 60);
        ck_assert(fabs(call(&builtin_datenum, 1, &v).num - n) < 1e-9);
        pool_release(hold);
    }
}
END_TEST

START_TEST(structs_and_cells_turn_into_each_other)
{
    struct cell *v = cell_2d(1, 2);
    cell_set(v, 0, num(1));
    cell_set(v, 1, text("x"));
    value arg[4] = { text("a"), cell_value(v), text("b"), num(5) }, s = call(&builtin_struct, 4, arg);
    ck_assert(s.kind == K_STRUCT && s.rec->numel == 2 && record_get(s.rec, 1, symbol_of("b")).num == 5);
    value names = cell_value(cell_2d(1, 1));
    cell_set(names.cell, 0, text("q"));
    value back[3] = { cell_value(v), names, num(1) }, t = call(&builtin_cell2struct, 3, back);
    ck_assert(t.kind == K_STRUCT && t.rec->numel == 2);
    value one = num(7);
    ck_assert(call(&builtin_num2cell, 1, &one).cell->v[0].num == 7);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("cells");
    tcase_add_checked_fixture(t, unit_begin, unit_end);
    tcase_add_test(t, a_map_is_a_table);
    tcase_add_test(t, cellfun_collects);
    tcase_add_test(t, dates_go_forth_and_back);
    tcase_add_test(t, structs_and_cells_turn_into_each_other);
    return unit_run("cells", t, 60, CK_FORK_GETENV);
}
