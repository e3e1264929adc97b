/* SPDX-License-Identifier: BSD-3-Clause */
/* errors.c: error, warning and their kin.
 *
 * A warning is printed or not, or made an error, by its identifier; "all" is the rule for those that have none of
 * their own. */
#include "breaks.h"
#include "vm.h"
#include "lab/sparse.h"
#include <math.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the states of warnings */
#define states (vm->warning)
#define nstate (vm->nwarning)
#define all_mode (vm->warning_all)

void warnings_free(void)
{
    for (int i = 0; i < nstate; i++)
        free(states[i].id);
    free(states);
    states = NULL;
    nstate = 0;
    all_mode = 'o';
}
static char mode_of(const char *id)
{
    for (int i = 0; id && *id && i < nstate; i++)
        if (!strcmp(states[i].id, id))
            return states[i].mode;
    return all_mode;
}
static void set_mode(const char *id, char mode)
{
    if (!strcmp(id, "all")) {
        warnings_free();
        all_mode = mode;
        return;
    }
    for (int i = 0; i < nstate; i++)
        if (!strcmp(states[i].id, id)) {
            states[i].mode = mode;
            return;
        }
    struct warning_state *s = realloc(states, sizeof *s * (size_t)(nstate + 1));
    char *copy = strdup(id);
    if (s)
        states = s;
    if (!s || !copy)
        fail_memory(64);
    states[nstate++] = (struct warning_state){ copy, mode };
}
static const char *mode_text(char m) { return m == 'o' ? "on" : m == 'f' ? "off" : "error"; }

static void say(const char *message)
{
    out_flush();
    struct buf *b = buf_new();
    debug_warning(b, message, debug_colour(2));
    size_t at = 0;
    while (at < b->n) {
        ssize_t k = write(2, b->s + at, b->n - at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        at += (size_t)k;
    }
}
void (*warning_say)(const char *message) = say;

void warning_hook(const char *id, const char *message)
{
    char mode = mode_of(id);
    if (mode == 'f')
        return;
    if (mode == 'e')
        fail(id ? id : "", "%s", message);
    free(vm->last_warning);
    free(vm->last_warning_id);
    vm->last_warning = strdup(message);
    vm->last_warning_id = strdup(id ? id : "");
    int mark = pool_mark();
    if (evalc_outer) {                                     /* which collects it */
        struct buf *b = buf_new();
        debug_warning(b, warning_text(message), false);
        out_text(b->s, b->n);
    } else
        warning_say(warning_text(message));
    pool_release(mark);
    if (WATCHED)
        breaks_warned();
}

/* ---- templates: ("text"), (template, …), (id, template, …) */
static bool looks_like_id(const char *s)
{
    const char *colon = strchr(s, ':');
    if (!colon || colon == s || !colon[1])
        return false;
    for (; *s; s++)
        if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '%')
            return false;
    return s[-1] != ':';
}
static const char *format_message(struct call *c, int from, const char **id)
{
    *id = "";
    if (c->nargin - from > 1) {
        const char *first = arg_text(c, from, NULL);
        if (looks_like_id(first)) {
            *id = first;
            from++;
        }
    }
    struct buf *b = buf_new();
    if (from + 1 == c->nargin && !**id) {                   /* a text alone is no template */
        buf_puts(b, arg_text(c, from, NULL));
        return b->s;
    }
    arg_text(c, from, NULL);
    format_args(b, c->fn->name, c->arg[from], c->nargin - from - 1, c->arg + from + 1);
    return b->s;
}

BUILTIN(error, 1, ANY, 0, NO_GRAD,
  "error(template, arg, …)\n"
  "error(id, template, arg, …)\n"
  "error(err)\n\n"
  "Stops with an error. Its text is made as by sprintf; id has the form 'word:word' and is found in err.identifier of "
  "a catch. A struct with fields message and identifier, as catch gives it, is raised again.\n\n"
  "Example:\n  try, error('my:id', 'bad %d', 3), catch err, disp(err.message), end\n  bad 3\n\n"
  "See also: warning, rethrow, try, lasterr")
{
    const char *id, *s;
    if (c->nargin == 1 && (is_tensor_like(c->arg[0]) || c->arg[0].kind == K_STRUCT) && !value_numel(c->arg[0]))
        return;                               /* error(nargchk(…)) */
    if (c->nargin == 1 && c->arg[0].kind == K_STRUCT)
        error_raise(c->arg[0]);
    s = format_message(c, 0, &id);
    if (!*s)                                  /* no message, no error */
        return;
    if (c->nargin == 1 && looks_like_id(s))
        fail("", "error: '%s' is an identifier; a message must follow it", s);
    size_t n = strlen(s);
    char *text = scratch(n + 1);
    strcpy(text, s);
    if (n > 1 && text[n - 1] == '\n')
        text[n - 1] = 0;
    for (char *p = text; *p; p++)
        if (*p == 1 || *p == 2)
            *p = '?';
    fail(id, "%s", text);
}

BUILTIN(rethrow, 1, 1, 0, NO_GRAD,
  "rethrow(err)\n\n"
  "Raises again the error that a catch gave.\n\n"
  "Example:\n  try, try, error('one'), catch err, rethrow(err), end, catch e2, disp(e2.message), end\n  one\n\n"
  "See also: error, try")
{
    error_raise(c->arg[0]);
}

BUILTIN(lasterr, 0, 2, 2, NO_GRAD,
  "[message, id] = lasterr()\n"
  "lasterr(message, id)\n\n"
  "Message and identifier of the last error; with arguments these are set.\n\n"
  "Example:\n  try, error('my:id', 'oh'), catch, end, [m, id] = lasterr()\n  m = oh\n  id = my:id\n\n"
  "See also: error, lasterror, lastwarn")
{
    struct machine *m = vm;
    if (c->nargout > 0 || !has_arg(c, 0))
        result_text(c, 0, m->last_error ? m->last_error : "");
    if (wants(c, 1))
        result_text(c, 1, m->last_id ? m->last_id : "");
    if (has_arg(c, 0)) {
        const char *s = arg_text(c, 0, NULL), *id = has_arg(c, 1) ? arg_text(c, 1, NULL) : "";
        free(m->last_error);
        free(m->last_id);
        m->last_error = strdup(s);
        m->last_id = strdup(id);
    }
}

static value text(const char *s)
{
    struct buf *b = buf_new();
    buf_puts(b, s ? s : "");
    return buf_value(b);
}

BUILTIN(lasterror, 0, 1, 1, NO_GRAD,
  "err = lasterror()\n\n"
  "The last error as the struct that catch gives.\n\n"
  "Example:\n  try, error('oh'), catch, end, lasterror().message\n  ans = oh\n\n"
  "See also: lasterr, error")
{
    struct record *r = record_scalar();
    record_set(r, 0, symbol_of("message"), text(vm->last_error));
    record_set(r, 0, symbol_of("identifier"), text(vm->last_id));
    record_set(r, 0, symbol_of("stack"), stack_value());
    result(c, 0, record_value(r));
}

BUILTIN(lastwarn, 0, 2, 2, NO_GRAD,
  "[message, id] = lastwarn()\n"
  "lastwarn(message, id)\n\n"
  "Message and identifier of the last warning; with arguments these are set.\n\n"
  "Example:\n  lastwarn('none yet'); lastwarn()\n  ans = none yet\n\n"
  "See also: warning, lasterr")
{
    struct machine *m = vm;
    if (c->nargout > 0 || !has_arg(c, 0))
        result_text(c, 0, m->last_warning ? m->last_warning : "");
    if (wants(c, 1))
        result_text(c, 1, m->last_warning_id ? m->last_warning_id : "");
    if (has_arg(c, 0)) {
        const char *s = arg_text(c, 0, NULL), *id = has_arg(c, 1) ? arg_text(c, 1, NULL) : "";
        free(m->last_warning);
        free(m->last_warning_id);
        m->last_warning = strdup(s);
        m->last_warning_id = strdup(id);
    }
}

static value states_value(const char *id)
{
    sym names[2] = { symbol_of("identifier"), symbol_of("state") };
    int n = id ? 1 : nstate + 1;
    i64 dim[2] = { n, 1 };
    struct record *r = record_new(2, dim, 2, names);
    for (int i = 0; i < n; i++) {
        const char *name = id ? id : i ? states[i - 1].id : "all";
        record_put(r, i, 0, text(name));
        record_put(r, i, 1, text(mode_text(!strcmp(name, "all") ? all_mode : mode_of(name))));
    }
    return record_value(r);
}

BUILTIN(warning, 0, ANY, 1, NO_GRAD,
  "warning(template, arg, …)\n"
  "warning(id, template, arg, …)\n"
  "warning('on' | 'off' | 'error' | 'query', id)\n"
  "old = warning(…)\n\n"
  "Prints a warning on the error output; the run goes on. Warnings are switched by identifier; 'all' is all of them. "
  "'error' makes one an error. Returns the states before, a struct that warning(old) restores.\n\n"
  "Example:\n  warning('off', 'my:id'); warning('my:id', 'not seen')\n\n"
  "See also: error, lastwarn")
{
    static const char *const modes[] = { "on", "off", "error", "query" };
    if (c->nargin == 0) {
        result(c, 0, states_value(NULL));
        return;
    }
    if (c->arg[0].kind == K_STRUCT) {
        struct record *r = c->arg[0].rec;
        if (c->nargout > 0)
            result(c, 0, states_value(NULL));
        for (i64 i = 0; i < r->numel; i++) {
            value id = record_get(r, i, symbol_of("identifier")), state = record_get(r, i, symbol_of("state"));
            struct call t = { c->fn, 2, 0, (value[]){ id, state }, NULL };
            const char *name = arg_text(&t, 0, NULL), *s = arg_text(&t, 1, NULL);
            set_mode(name, *s == 'e' ? 'e' : !strcmp(s, "off") ? 'f' : 'o');
        }
        return;
    }
    const char *first = arg_text(c, 0, NULL);
    for (int i = 0; i < 4; i++)
        if (!strcmp(first, modes[i])) {
            const char *id = has_arg(c, 1) ? arg_text(c, 1, NULL) : "all";
            if (c->nargout > 0 || i == 3)
                result(c, 0, states_value(id));
            if (i < 3)
                set_mode(id, i == 0 ? 'o' : i == 1 ? 'f' : 'e');
            return;
        }
    const char *id, *s = format_message(c, 0, &id);
    if (c->nargout > 0)
        result(c, 0, states_value(NULL));
    warning_hook(id, s);
}

BUILTIN(print_usage, 0, 0, 0, NO_GRAD,
  "print_usage()\n\n"
  "In a function: fails with 'Invalid call to' and the function's name, and its first comment line.\n\n"
  "Example:\n  try, print_usage(), catch err, disp(err.message), end\n  Invalid call\n\n"
  "See also: error, narginchk")
{
    (void)c;
    struct code *k = vm->frame->code;
    if (!k->name)
        fail("Octave:invalid-fun-call", "Invalid call");
    size_t n = k->doc ? strcspn(k->doc, "\n") : 0;
    if (n)
        fail("Octave:invalid-fun-call", "Invalid call to %s.  Correct usage is: %.*s", k->name->text, (int)n, k->doc);
    fail("Octave:invalid-fun-call", "Invalid call to %s", k->name->text);
}

/* ---- assert */
static NORETURN void assert_fail(const char *what) { fail("", "%s", what); }

/* How far x is beyond the tolerance from y, whose size is y; relative to 0 is absolute, as in Octave. */
static double tolerance_gap(double d, double size, double tol)
{
    return tol < 0 ? d - -tol * (size == 0 ? 1 : size) : d - tol;
}

/* Octave's words for what a test may rely on when no tolerance is given. */
static void assert_kinds(value x, value y, const char *where)
{
    if (strcmp(class_of(x), class_of(y)))
        fail("", "assert: Class %s != %s%s", class_of(x), class_of(y), where);
    if ((x.kind == K_SPARSE) != (y.kind == K_SPARSE))
        fail("", "assert: %s%s", x.kind == K_SPARSE ? "sparse != non-sparse" : "non-sparse != sparse", where);
    x = sparse_full_value(x);
    y = sparse_full_value(y);
    bool c = is_tensor_like(x) && dtype_is(value_dtype(x), DT_C);
    if (is_tensor_like(y) && c != dtype_is(value_dtype(y), DT_C))
        fail("", "assert: %s%s", c ? "complex != real" : "real != complex", where);
}

/* tols: one tolerance, or one for each element. */
static void assert_close(struct call *c, value x, value y, struct tensor *tols, const char *where)
{
    double tol = tols->numel == 1 ? ((double *)tols->data)[0] : 1;
    char a[128], b[128];
    if (x.kind == K_CELL && y.kind == K_CELL) {
        if (strcmp(value_shape(x, a), value_shape(y, b)))
            fail("", "assert: sizes differ%s: %s and %s", where, a, b);
        descend("assert");
        for (i64 i = 0; i < x.cell->numel; i++) {
            char here[64];
            snprintf(here, sizeof here, " in {%lld}", (long long)i + 1);
            assert_close(c, x.cell->v[i], y.cell->v[i], tols, here);
        }
        return;
    }
    if (x.kind == K_STRUCT && y.kind == K_STRUCT) {
        struct record *p = x.rec, *q = y.rec;
        if (value_equal(x, y))
            return;
        if (strcmp(value_shape(x, a), value_shape(y, b)) || p->f->n != q->f->n)
            fail("", "assert: the structs differ%s", where);
        descend("assert");
        for (i64 e = 0; e < p->numel; e++)
            for (int f = 0; f < p->f->n; f++) {
                int g = 0;
                while (g < q->f->n && q->f->name[g] != p->f->name[f])
                    g++;
                if (g == q->f->n)
                    fail("", "assert: the structs differ%s: a field '%s' is not expected", where, p->f->name[f]->text);
                char here[160];
                snprintf(here, sizeof here, " in .%s", p->f->name[f]->text);
                assert_close(c, p->v[e * p->f->n + f], q->v[e * q->f->n + g], tols, here);
            }
        return;
    }
    x = sparse_full_value(x);
    y = sparse_full_value(y);
    if (!is_tensor_like(x) || !is_tensor_like(y)) {
        if (!value_equal(x, y))
            fail("", "assert: the values differ%s: %s and %s", where, class_of(x), class_of(y));
        return;
    }
    struct tensor *p = tensor_of(x), *q = tensor_of(y);
    if (!dims_equal(p->nd, p->dim, q->nd, q->dim) && !(tol != 0 && q->numel == 1))
        fail("", "assert: sizes differ%s: %s and %s", where, tensor_shape(p, a), tensor_shape(q, b));
    if (tol == 0 && value_equal(x, y)) {
        if ((p->dtype == D_CHAR) != (q->dtype == D_CHAR) && p->numel)
            fail("", "assert: classes differ%s: %s and %s", where, class_of(x), class_of(y));
        return;
    }
    if (tol == 0 && p->numel != q->numel)
        fail("", "assert: the values differ%s", where);
    if (tols->numel != 1 && tols->numel != p->numel)
        fail("", "assert: the tolerance must be a number or one for each element of a %s, but is %s", tensor_shape(p, a),
             tensor_shape(tols, b));
    bool nan = false;                              /* NaN where NaN is wanted is right */
    for (i64 i = 0; i < p->numel; i++) {
        value u = element_value(p, i), v = element_value(q, q->numel == 1 ? 0 : i);
        double part[2][2];
        for (int k = 0; k < 2; k++) {
            struct tensor *t = tensor_of(k ? v : u);
            part[k][0] = element_double(t, 0);
            part[k][1] = t->dtype == D_CDOUBLE ? ((double *)t->data)[1] : t->dtype == D_CSINGLE ? ((float *)t->data)[1] : 0;
        }
        bool both = (part[0][0] != part[0][0] || part[0][1] != part[0][1]) &&
                    (part[1][0] != part[1][0] || part[1][1] != part[1][1]);
        nan |= both;                          /* a complex number with a NaN in either part is NaN */
        if (tols->numel != 1)
            tol = ((double *)tols->data)[i];
        double far = 0, size = 0;
        int worst = 0;
        for (int k = 0; k < 2 && !both; k++) {
            double s = part[0][k], w = part[1][k], d = s == w || (s != s && w != w) ? 0 : fabs(s - w);
            nan |= s != s;
            worst = d > far || d != d ? k : worst;
            far = k ? hypot(far, d) : d;
            size = w != w ? size : k ? hypot(size, w) : fabs(w);
        }
        double s = part[0][worst], w = part[1][worst];
        if (tol == 0 && far != 0)
            fail("", "assert: element %lld differs%s: %.17g, but %.17g is wanted", (long long)i + 1, where, s, w);
        if (tol != 0 && !(tolerance_gap(far, size, tol) <= 0))
            fail("", "assert: element %lld differs by more than %g%s: %.17g, but %.17g is wanted", (long long)i + 1,
                 tol < 0 ? -tol : tol, where, s, w);
    }
    if (tol == 0 && !nan)                          /* integers of 64 bits that are equal only as doubles */
        fail("", "assert: the values differ%s", where);
}

BUILTIN(assert, 1, ANY, 0, NO_GRAD,
  "assert(condition)\n"
  "assert(condition, template, arg, …)\n"
  "assert(observed, expected)\n"
  "assert(observed, expected, tol)\n\n"
  "Fails unless the condition holds, or unless observed is expected: same class, size and values or, where tol is given, same "
  "size and values within tol (absolute; relative when negative; one for all elements or one for each).\n\n"
  "Example:\n  assert(2 + 2 == 4)\n  assert(pi, 3.1416, 1e-4)\n\n"
  "See also: error, isequal")
{
    if (c->nargin == 1 ||
        (c->nargin > 1 && arg_is_text(c, 1) && is_tensor_like(c->arg[0]) && value_dtype(c->arg[0]) == D_LOGICAL)) {
        if (value_true(c->arg[0]))
            return;
        if (c->nargin == 1)
            assert_fail("assert (\1) failed");
        const char *id, *s = format_message(c, 1, &id);
        fail(id, "%s", s);
    }
    if (c->nargin > 3)
        fail("Octave:invalid-fun-call", "Invalid call to assert: called with too many inputs (%d); usage: "
             "assert(observed, expected, tol)", c->nargin);
    if (c->nargin == 2)
        assert_kinds(c->arg[0], c->arg[1], "");
    assert_close(c, c->arg[0], c->arg[1], has_arg(c, 2) ? arg_double(c, 2) : tensor_of(num(0)), "");
}
