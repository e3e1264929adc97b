/* SPDX-License-Identifier: BSD-3-Clause */
/* validate.c: functions that look at their arguments: validateattributes, inputParser.
 *
 * An attribute is a row of a table: its name, how many values follow it, and a test of the shape or of each element.
 * inputParser is an object that is told of the parameters first and then takes the arguments apart. */
#include "call.h"
#include "print.h"
#include "nearest.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* ---- attributes */
enum test {
    T_NONEMPTY,
    T_SCALAR,
    T_VECTOR,
    T_ROW,
    T_COLUMN,
    T_SQUARE,
    T_2D,
    T_3D,
    T_REAL,
    T_NUMEL,
    T_NCOLS,
    T_NROWS,
    T_NDIMS,
    T_SIZE,
    T_SHAPES, /* of the shape */
    T_BINARY = T_SHAPES,
    T_EVEN,
    T_ODD,
    T_INTEGER,
    T_FINITE,
    T_NONNAN,
    T_NONNEG,
    T_NONZERO,
    T_POSITIVE,
    T_GT,
    T_GE,
    T_LT,
    T_LE,
    T_ELEMENTS, /* of every element */
    T_INC = T_ELEMENTS,
    T_DEC,
    T_NONDEC,
    T_NONINC,
    T_DIAG,
    TESTS /* of neighbours, of all */
};
static const struct { const char *name; bool value;
} tests[TESTS] = {
    { "nonempty", 0 },
    { "scalar", 0 },
    { "vector", 0 },
    { "row", 0 },
    { "column", 0 },
    { "square", 0 },
    { "2d", 0 },
    { "3d", 0 },
    { "real", 0 },
    { "numel", 1 },
    { "ncols", 1 },
    { "nrows", 1 },
    { "ndims", 1 },
    { "size", 1 },
    { "binary", 0 },
    { "even", 0 },
    { "odd", 0 },
    { "integer", 0 },
    { "finite", 0 },
    { "nonnan", 0 },
    { "nonnegative", 0 },
    { "nonzero", 0 },
    { "positive", 0 },
    { ">", 1 },
    { ">=", 1 },
    { "<", 1 },
    { "<=", 1 },
    { "increasing", 0 },
    { "decreasing", 0 },
    { "nondecreasing", 0 },
    { "nonincreasing", 0 },
    { "diag", 0 },
};

static bool shape_holds(enum test k, value v, double x)
{
    i64 d[MAX_DIMS];
    int nd = value_dims(v, d);
    switch (k) {
    case T_NONEMPTY: return value_numel(v) != 0;
    case T_SCALAR: return nd == 2 && d[0] == 1 && d[1] == 1;
    case T_VECTOR: return nd == 2 && (d[0] == 1 || d[1] == 1) && d[0] >= 1 && d[1] >= 1;
    case T_ROW: return nd == 2 && d[0] == 1;
    case T_COLUMN: return nd == 2 && d[1] == 1;
    case T_SQUARE: return nd == 2 && d[0] == d[1];
    case T_2D: return nd == 2;
    case T_3D: return nd <= 3;
    case T_REAL: return is_tensor_like(v) && !dtype_is(value_dtype(v), DT_C);
    case T_NUMEL: return value_numel(v) == x;
    case T_NCOLS: return d[1] == x;
    case T_NROWS: return d[0] == x;
    case T_NDIMS: return nd == x;
    default: return true;
    }
}

static bool element_holds(enum test k, double a, double x)
{
    switch (k) {
    case T_BINARY: return a == 0 || a == 1;
    case T_EVEN: return fmod(a, 2) == 0;
    case T_ODD: return fabs(fmod(a, 2)) == 1;
    case T_INTEGER: return isfinite(a) && a == floor(a);
    case T_FINITE: return isfinite(a);
    case T_NONNAN: return !isnan(a);
    case T_NONNEG: return a >= 0;
    case T_NONZERO: return a != 0;
    case T_POSITIVE: return a > 0;
    case T_GT: return a > x;
    case T_GE: return a >= x;
    case T_LT: return a < x;
    case T_LE: return a <= x;
    default: return true;
    }
}

static bool order_holds(enum test k, double a, double b)
{
    return k == T_INC ? b > a : k == T_DEC ? b < a : k == T_NONDEC ? b >= a : b <= a;
}

static bool holds(enum test k, value v, value with)
{
    double x = 0;
    if (tests[k].value && k != T_SIZE)
        x = is_tensor_like(with) && value_numel(with) == 1 ? element_double(tensor_of(with), 0) : NAN;
    if (k == T_SIZE) {
        i64 d[MAX_DIMS];
        int nd = value_dims(v, d);
        if (!is_tensor_like(with) || value_numel(with) != nd)
            return false;
        struct tensor *t = tensor_of(with);
        for (int i = 0; i < nd; i++) {
            double want = element_double(t, i);
            if (!isnan(want) && want != d[i])
                return false;
        }
        return true;
    }
    if (k < T_SHAPES)
        return shape_holds(k, v, x);
    if (!is_tensor_like(v))
        return false;
    struct tensor *t = tensor_dense(tensor_of(v));
    if (k == T_DIAG) {
        i64 rows = t->dim[0];
        if (t->nd != 2)
            return false;
        for (i64 i = 0; i < t->numel; i++)
            if (i % rows != i / rows && element_double(t, i) != 0)
                return false;
        return true;
    }
    for (i64 i = 0; i < t->numel; i++) {
        double a = element_double(t, i);
        if (k < T_ELEMENTS ? !element_holds(k, a, x) : isnan(a) || (i && !order_holds(k, element_double(t, i - 1), a)))
            return false;
    }
    return true;
}

static const char *text_of(struct call *c, int i, value v)
{
    i64 d[MAX_DIMS];
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR || value_dims(v, d) != 2 || (d[0] != 1 && d[0] * d[1] != 0))
        fail_arg(c, i, "a cell that begins with texts");
    struct tensor *t = tensor_dense(tensor_of(v));
    return symbol_n(t->data, (size_t)t->numel)->text;
}

static bool is_of(value v, const char *class)
{
    bool t = is_tensor_like(v);
    int dt = t ? value_dtype(v) : D_DOUBLE;
    return !strcmp(class, class_of(v)) || (!strcmp(class, "numeric") && t && dtype_is(dt, DT_F | DT_I)) ||
           (!strcmp(class, "float") && t && dtype_is(dt, DT_F));
}

/* Names with a blank between them, in order, each once; the groups are what they stand for. */
static const char *class_list(struct call *c, const struct cell *classes)
{
    static const struct { const char *group, *member[11]; } groups[] = {
        { "float", { "double", "single" } },
        { "numeric", { "double", "int16", "int32", "int64", "int8", "single", "uint16", "uint32", "uint64", "uint8" } },
    };
    const char **name = scratch(sizeof *name * (size_t)(classes->numel * COUNT(groups[0].member)));
    i64 n = 0;
    for (i64 i = 0; i < classes->numel; i++) {
        const char *own = text_of(c, 1, classes->v[i]), *const alone[] = { own, NULL }, *const *member = alone;
        for (int g = 0; g < COUNT(groups); g++)
            if (!strcmp(own, groups[g].group))
                member = groups[g].member;
        for (; *member; member++) {
            i64 at = n;
            while (at > 0 && strcmp(name[at - 1], *member) > 0)
                at--;
            if (at > 0 && !strcmp(name[at - 1], *member))
                continue;
            memmove(name + at + 1, name + at, sizeof *name * (size_t)(n++ - at));
            name[at] = *member;
        }
    }
    struct buf *b = buf_new();
    for (i64 i = 0; i < n; i++)
        buff(b, "%s%s", i ? " " : "", name[i]);
    return b->s;
}

BUILTIN(validateattributes, 2, 6, 0, NO_GRAD,
  "validateattributes(x, classes, attributes)\nvalidateattributes(x, classes, attributes, function, name, position)\n\n"
  "Fails unless x is of one of the classes (a cell of names; \"numeric\" and \"float\" are groups; an empty cell "
  "admits all) and has all the attributes: nonempty scalar vector row column square 2d 3d real diag binary even odd "
  "integer finite nonnan nonnegative nonzero positive increasing decreasing nondecreasing nonincreasing, or one of "
  "these with the number that follows it: numel ncols nrows ndims size > >= < <=.  The texts behind them make the "
  "message better.\n\n"
  "Example:\n  validateattributes(5, {'numeric'}, {'positive', '<=', 10})\n  try, validateattributes(-5, {'numeric'}, "
  "{'positive'}), catch e, disp(e.message), end\n"
  "  input must be positive\n\n"
  "See also: inputParser, validatestring, isa")
{
    struct cell *classes = arg_cell(c, 1), *at = c->nargin > 2 ? arg_cell(c, 2) : cell_2d(0, 0);
    value v = c->arg[0];
    struct buf *who = buf_new();
    bool counted = c->nargin == 4 && !arg_is_text(c, 3);       /* the position alone */
    if (c->nargin > 3 && !counted && value_numel(c->arg[3]))
        buff(who, "%s: ", arg_text(c, 3, NULL));
    buff(who, "%s", c->nargin > 4 && value_numel(c->arg[4]) ? arg_text(c, 4, NULL) : "input");
    if (counted)
        buff(who, " %lld", (long long)arg_int(c, 3, 1, 1 << 20));
    if (c->nargin > 5)
        buff(who, " (argument #%lld)", (long long)arg_int(c, 5, 1, 1 << 20));
    bool fits = classes->numel == 0;
    for (i64 i = 0; i < classes->numel; i++)
        fits = fits || is_of(v, text_of(c, 1, classes->v[i]));
    if (!fits)
        fail("Octave:invalid-type", "%s must be of class:\n\n  %s\n\nbut was of class %s", who->s,
             class_list(c, classes), class_of(v));
    for (i64 i = 0; i < at->numel; i++) {
        const char *name = text_of(c, 2, at->v[i]);
        int k = 0;
        while (k < TESTS && strcasecmp(tests[k].name, name))
            k++;
        if (k == TESTS)
            fail("Octave:invalid-input-arg", "validateattributes: unknown ATTRIBUTE %s", name);
        value with = nil();
        if (tests[k].value) {
            if (++i == at->numel)
                fail("Octave:invalid-input-arg", "validateattributes: a number must follow the attribute '%s'", name);
            with = at->v[i];
        }
        if (holds(k, v, with))
            continue;
        char id[64], shape[128];
        static const char *const own[][2] = { { "numel", "incorrect-numel" },   { "ncols", "incorrect-numcols" },
                                              { "nrows", "incorrect-numrows" }, { "ndims", "incorrect-numdims" },
                                              { ">", "expected-greater" },      { ">=", "expected-greater-equal" },
                                              { "<", "expected-less" },         { "<=", "expected-less-equal" } };
        snprintf(id, sizeof id, "Octave:expected-%s", name);
        for (int o = 0; o < COUNT(own); o++)
            if (!strcmp(name, own[o][0]))
                snprintf(id, sizeof id, "Octave:%s", own[o][1]);
        if (k == T_SIZE && is_tensor_like(with)) {
            struct buf *want = buf_new();
            struct tensor *t = tensor_of(with);
            for (i64 d = 0; d < t->numel; d++) {
                double x = element_double(t, d);
                if (isnan(x))
                    buff(want, "%sN", d ? "x" : "");
                else
                    buff(want, "%s%g", d ? "x" : "", x);
            }
            fail("Octave:incorrect-size", "%s must be of size %s but was %s", who->s, want->s, value_shape(v, shape));
        }
        double number = tests[k].value && is_tensor_like(with) && value_numel(with) ? element_double(tensor_of(with), 0) : NAN;
        if (tests[k].value && k < T_SHAPES)
            fail(id, "%s must have %g %s", who->s, number,
                 k == T_NUMEL ? "elements" : k == T_NCOLS ? "columns" : k == T_NROWS ? "rows" : "dimensions");
        if (tests[k].value)
            fail(id, "%s must be %s than %s%f", who->s, k == T_GT || k == T_GE ? "greater" : "less",
                 k == T_GE || k == T_LE ? "or equal to " : "", number);
        fail(id, "%s must be %s", who->s, name);
    }
}

/* ---- inputParser */
enum par_kind { REQUIRED, OPTIONAL, PARAMETER, SWITCH };
struct par { int kind; sym name; value otherwise, check; };
struct parser {
    struct instance i;
    bool flag[4];                             /* CaseSensitive KeepUnmatched PartialMatching StructExpand */
    value function, results, unmatched, defaults;            /* texts, structs, cells; NIL at first */
    int n, cap;
    struct par *p;
};
static const char *const flag_names[] = { "CaseSensitive", "KeepUnmatched", "PartialMatching", "StructExpand", NULL };

static void parser_free(struct object *o)
{
    struct parser *p = (struct parser *)o;
    memory_free(p->p, p->cap * sizeof *p->p);
    memory_free(p, sizeof *p);
}

static void parser_children(struct object *o, void (*visit)(value *child, void *arg), void *arg)
{
    struct parser *p = (struct parser *)o;
    visit(&p->function, arg);
    visit(&p->results, arg);
    visit(&p->unmatched, arg);
    visit(&p->defaults, arg);
    for (int i = 0; i < p->n; i++) {
        visit(&p->p[i].otherwise, arg);
        visit(&p->p[i].check, arg);
    }
}

static value text_value(const char *s) { return tensor_value(tensor_text(s, strlen(s))); }

static int flag_of(sym name)
{
    int k = 0;
    while (flag_names[k] && strcmp(flag_names[k], name->text))
        k++;
    return flag_names[k] ? k : -1;
}

static value parser_get(value self, sym field)
{
    struct parser *p = (struct parser *)self.inst;
    int k = flag_of(field);
    if (k >= 0)
        return boolean(p->flag[k]);
    if (!strcmp(field->text, "FunctionName"))
        return is_nil(p->function) ? text_value("") : p->function;
    if (!strcmp(field->text, "Results"))
        return is_nil(p->results) ? record_value(record_scalar()) : p->results;
    if (!strcmp(field->text, "Unmatched"))
        return is_nil(p->unmatched) ? record_value(record_scalar()) : p->unmatched;
    if (!strcmp(field->text, "UsingDefaults"))
        return is_nil(p->defaults) ? cell_value(cell_2d(0, 0)) : p->defaults;
    if (!strcmp(field->text, "Parameters")) {
        struct cell *y = cell_2d(1, p->n);
        for (int i = 0; i < p->n; i++)
            cell_set(y, i, text_value(p->p[i].name->text));
        return cell_value(y);
    }
    return nil();
}

static bool parser_set(value self, sym field, value v)
{
    struct parser *p = (struct parser *)self.inst;
    int k = flag_of(field);
    if (k >= 0) {
        if (!is_tensor_like(v) || value_numel(v) != 1)
            fail("Octave:invalid-input-arg", "inputParser: %s is true or false", field->text);
        p->flag[k] = value_true(v);
        return true;
    }
    if (strcmp(field->text, "FunctionName"))
        return false;
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR)
        fail("Octave:invalid-input-arg", "inputParser: FunctionName must be text");
    replace(&p->function, copy(v));
    return true;
}

static void parser_print(value v, const char *name)
{
    struct parser *p = (struct parser *)v.inst;
    int in = print_indent();
    if (name)
        print_header(name);
    struct tensor *t = is_nil(p->function) ? NULL : tensor_dense(tensor_of(p->function));
    outf("%*sinputParser object with properties:\n\n", in, "");
    for (int k = 0; flag_names[k]; k++) {
        outf("%*s   %-15s : %s\n", in, "", flag_names[k], p->flag[k] ? "true" : "false");
        if (k == 0)
            outf("%*s   %-15s : %.*s\n", in, "", "FunctionName", t ? (int)t->numel : 0, t ? t->data : "");
    }
    outf("\n%*sDefined parameters:\n\n%*s   {", in, "", in, "");
    for (int i = 0; i < p->n; i++)
        outf("%s%s", i ? ", " : "", p->p[i].name->text);
    outf("}\n");
}

static NORETURN void fail_parse(struct parser *p, const char *fmt, const char *name, const char *more)
{
    struct buf *b = buf_new();
    if (!is_nil(p->function) && value_numel(p->function)) {
        struct tensor *t = tensor_dense(tensor_of(p->function));
        buff(b, "%.*s: ", (int)t->numel, t->data);
    }
    buff(b, fmt, name, more);
    fail("", "%s", b->s);
}

static const char *upper(const char *s)
{
    char *t = scratch(strlen(s) + 1), *p = t;
    do
        *p++ = (char)toupper((unsigned char)*s);
    while (*s++);
    return t;
}

static const char *check_text(const struct par *q)
{
    const struct builtin *func2str = hooks()->builtin_named ? hooks()->builtin_named("func2str") : NULL;
    value text = nil();
    if (!func2str)
        return "a function";
    call_builtin(func2str, 1, &q->check, 1, &text);
    struct tensor *t = tensor_dense(tensor_of(text));
    struct buf *b = buf_new();
    buff(b, "%.*s", (int)t->numel, t->data);
    return b->s;
}

/* One check: a function that says no, or fails, or says nothing. */
static bool passes(struct par *q, value v, const char **why)
{
    value out = nil();
    *why = "";
    if (is_nil(q->check))
        return true;
    bool ran = try_function(q->check, 1, &v, 0, &out);
    if (ran && (is_nil(out) || !is_tensor_like(out) || value_true(out)))
        return true;
    const char *message = ran ? "" : failure()->message, *hint = strstr(message, "\nhint: ");
    struct buf *b = buf_new();
    if (q->kind == OPTIONAL)
        buff(b, "\nValidation function: %s%s", *check_text(q) == '@' ? "" : "@", check_text(q));
    else if (ran)
        buff(b, ". Checked with \"%s\"", check_text(q));
    else
        buff(b, ". %.*s", (int)(hint ? hint - message : (long)strlen(message)), message);
    *why = b->s;
    return false;
}

static void store(struct parser *p, struct record *r, struct par *q, value v)
{
    const char *why;
    if (!passes(q, v, &why))
        fail_parse(p, "failed validation of %s%s", upper(q->name->text), why);
    record_set(r, 0, q->name, v);
}

static struct par *find_named(struct parser *p, const char *name)          /* a parameter or switch */
{
    struct par *found = NULL;
    size_t n = strlen(name);
    for (int i = 0; i < p->n; i++) {
        struct par *q = &p->p[i];
        if (q->kind < PARAMETER)
            continue;
        const char *s = q->name->text;
        if (p->flag[0] ? !strcmp(s, name) : !strcasecmp(s, name))
            return q;
        if (p->flag[2] && n && (p->flag[0] ? !strncmp(s, name, n) : !strncasecmp(s, name, n)))
            found = found ? NULL : q;
    }
    return found;
}

static bool is_text_value(value v)
{
    i64 d[MAX_DIMS];
    return is_tensor_like(v) && value_dtype(v) == D_CHAR && value_dims(v, d) == 2 && d[0] == 1;
}

static const char *plain_text(value v)
{
    struct tensor *t = tensor_dense(tensor_of(v));
    char *s = scratch(t->numel + 1);
    memcpy(s, t->data, t->numel);
    s[t->numel] = 0;
    return s;
}

static void set_named(struct parser *p, struct record *r, struct record *rest, const char *name, value v)
{
    struct par *q = find_named(p, name);
    if (q) {
        store(p, r, q, v);
    } else if (p->flag[1]) {
        record_set(rest, 0, symbol_of(name), v);
    } else {
        struct nearest near;
        nearest_begin(&near, name);
        for (int i = 0; i < p->n; i++)
            if (p->p[i].kind >= PARAMETER)
                nearest_try(&near, p->p[i].name->text);
        const char *s = nearest_found(&near);
        struct buf *b = buf_new();
        if (s)
            buff(b, "\nhint: did you mean '%s'?", s);
        fail_parse(p, "argument '%s' is not a valid parameter%s", upper(name), b->s);
    }
}

static void parser_parse(struct parser *p, struct call *c)
{
    struct record *r = record_scalar(), *rest = record_scalar();
    int at = 1, k = 0;
    const char *why;
    for (; k < p->n && p->p[k].kind == REQUIRED; k++) {
        if (at >= c->nargin)
            fail_parse(p, "%snot enough input arguments\nhint: '%s' is missing",
                       is_nil(p->function) ? "inputParser.parse: " : "", p->p[k].name->text);
        store(p, r, &p->p[k], c->arg[at++]);
    }
    for (; k < p->n && at < c->nargin; k++) {
        struct par *q = &p->p[k];
        if (q->kind != OPTIONAL)
            continue;
        value v = c->arg[at];
        const struct par *named = is_text_value(v) ? find_named(p, plain_text(v)) : NULL;
        if (named && (named->kind == SWITCH || is_nil(q->check) || c->nargin - at > 1))
            break;
        if (is_text_value(v) && !passes(q, v, &why))
            break;
        store(p, r, q, v);
        at++;
    }
    while (at < c->nargin) {
        value v = c->arg[at++];
        if (v.kind == K_STRUCT && p->flag[3] && v.rec->numel == 1) {
            for (int f = 0; f < v.rec->f->n; f++)
                set_named(p, r, rest, v.rec->f->name[f]->text, v.rec->v[f]);
            continue;
        }
        if (!is_text_value(v))
            fail_parse(p, "non-string for Parameter name or Switch\nhint: a name is wanted, not a %s%s", class_of(v), "");
        const char *name = plain_text(v);
        struct par *q = find_named(p, name);
        if (q && q->kind == SWITCH) {
            record_set(r, 0, q->name, boolean(true));
            continue;
        }
        if (at >= c->nargin)
            fail_parse(
                p, q || p->flag[1] ? "no value follows the parameter '%s'%s" : "argument '%s' is not a valid parameter%s",
                q || p->flag[1] ? name : upper(name), "");
        set_named(p, r, rest, name, c->arg[at++]);
    }
    struct cell *defaults = cell_2d(1, p->n);
    int nd = 0;
    struct record *y = record_scalar(); /* as Octave 7: what has a place, what was named, then the other parameters and
                                           the switches by name */
    for (int i = 0; i < p->n; i++) {
        value v = record_get(r, 0, p->p[i].name);
        if (p->p[i].kind == OPTIONAL && is_nil(v)) {
            v = p->p[i].otherwise;
            cell_set(defaults, nd++, text_value(p->p[i].name->text));
        }
        if (p->p[i].kind <= OPTIONAL)
            record_set(y, 0, p->p[i].name, v);
    }
    for (int f = 0; f < r->f->n; f++)
        record_set(y, 0, r->f->name[f], r->v[f]);
    for (int kind = PARAMETER; kind <= SWITCH; kind++)
        for (const struct par *last = NULL, *q; ; last = q) {                /* by name */
            q = NULL;
            for (const struct par *i = p->p; i < p->p + p->n; i++)
                if (i->kind == kind && (!last || strcmp(i->name->text, last->name->text) > 0) &&
                    (!q || strcmp(i->name->text, q->name->text) < 0))
                    q = i;
            if (!q)
                break;
            if (is_nil(record_get(r, 0, q->name))) {
                record_set(y, 0, q->name, q->otherwise);
                cell_set(defaults, nd++, text_value(q->name->text));
            }
        }
    cell_resize(defaults, 2, (i64[]){ nd > 0, nd });
    replace(&p->results, copy(record_value(y)));
    replace(&p->unmatched, copy(record_value(rest)));
    replace(&p->defaults, copy(cell_value(defaults)));
}

static void add(struct parser *p, struct call *c, const char *method, int kind)
{
    static const int most[] = { 3, 4, 4, 2 }, least[] = { 2, 3, 3, 2 };    /* the object counted */
    if (c->nargin < least[kind] || c->nargin > most[kind])
        fail("Octave:invalid-fun-call", "inputParser: %s takes a name%s%s", method,
             kind == OPTIONAL || kind == PARAMETER ? " and a default value" : "",
             kind == SWITCH ? "" : ", and perhaps a function that checks");
    if (!is_text_value(c->arg[1]))
        fail("Octave:invalid-input-arg", "inputParser: %s: the name must be text", method);
    struct par q = { kind, symbol_of(plain_text(c->arg[1])), boolean(false), nil() };
    if (kind == OPTIONAL || kind == PARAMETER)
        q.otherwise = c->arg[2];
    int check = kind == REQUIRED ? 2 : 3;
    if (c->nargin > check) {
        q.check = c->arg[check];
        if (q.check.kind != K_FUNC)
            fail("Octave:invalid-input-arg", "inputParser: %s: the check must be a function", method);
    }
    for (int i = 0; i < p->n; i++) {
        if (p->p[i].name == q.name)
            fail("", "inputParser.%s: argname '%s' has already been specified", method, q.name->text);
        if (kind == REQUIRED && p->p[i].kind != REQUIRED)
            fail("", "inputParser.addRequired: can't have a Required argument after Optional, Parameter, or Switch");
        if (kind == OPTIONAL && p->p[i].kind >= PARAMETER)
            fail("", "inputParser.Optional: can't have Optional arguments after Parameter or Switch");
    }
    if (p->n == p->cap) {
        int cap = MAX(8, 2 * p->cap);
        p->p = memory_grow(p->p, p->cap * sizeof q, cap * sizeof q);
        p->cap = cap;
    }
    value otherwise = keep(copy(q.otherwise)), f = keep(copy(q.check));
    q.otherwise = copy(otherwise);
    q.check = copy(f);
    p->p[p->n++] = q;
}

static bool parser_method(value self, sym name, struct call *c)
{
    static const struct { const char *name; int kind;
    } adders[] = {
        { "addRequired", REQUIRED },    { "addOptional", OPTIONAL }, { "addParameter", PARAMETER },
        { "addParamValue", PARAMETER }, { "addSwitch", SWITCH },
    };
    struct parser *p = (struct parser *)self.inst;
    if (!strcmp(name->text, "parse")) {
        parser_parse(p, c);
        return true;
    }
    for (int k = 0; k < COUNT(adders); k++)
        if (!strcmp(name->text, adders[k].name)) {
            add(p, c, adders[k].name, adders[k].kind);
            return true;
        }
    return false;
}

static const struct class parser_class;
/* p.addRequired(…) may also be written addRequired(p, …). */
static void parser_function(struct call *c)
{
    if (c->arg[0].kind != K_OBJECT || c->arg[0].inst->class != &parser_class)
        fail_arg(c, 0, "an inputParser");
    parser_method(c->arg[0], symbol_of(c->fn->name), c);
}

#define PARSER_HELP(name, args, what) \
    name "(p" args ")\n\n" what " The same as p." name "(" "…).\n\n" \
    "Example:\n  p = inputParser;\n  addOptional(p, 'size', 5);\n  parse(p, 7);\n  p.Results.size\n  ans = 7\n\nSee also: inputParser, validateattributes"
BUILTIN(addRequired, 2, 3, 0, NO_GRAD, PARSER_HELP("addRequired", ", name, check", "One more argument that must be given to the inputParser p.")) { parser_function(c); }
BUILTIN(addOptional, 3, 4, 0, NO_GRAD, PARSER_HELP("addOptional", ", name, default, check", "One more argument that may be given to the inputParser p.")) { parser_function(c); }
BUILTIN(addParameter, 3, 4, 0, NO_GRAD, PARSER_HELP("addParameter", ", name, default, check", "One more named argument of the inputParser p.")) { parser_function(c); }
BUILTIN(addParamValue, 3, 4, 0, NO_GRAD, PARSER_HELP("addParamValue", ", name, default, check", "One more named argument of the inputParser p.")) { parser_function(c); }
BUILTIN(addSwitch, 2, 2, 0, NO_GRAD, PARSER_HELP("addSwitch", ", name", "One more name for the inputParser p that is true when it is given.")) { parser_function(c); }
BUILTIN(parse, 1, ANY, 0, NO_GRAD, PARSER_HELP("parse", ", …", "Reads arguments by the inputParser p.")) { parser_function(c); }

static const char *const parser_names[] = { "CaseSensitive",   "FunctionName", "KeepUnmatched", "Parameters",
                                            "PartialMatching", "Results",      "StructExpand",  "Unmatched",
                                            "UsingDefaults",   "addOptional",  "addParamValue", "addParameter",
                                            "addRequired",     "addSwitch",    "parse",         NULL };
static const struct class parser_class = {
    .name = "inputParser",
    .free = parser_free,
    .children = parser_children,
    .print = parser_print,
    .get = parser_get,
    .set = parser_set,
    .method = parser_method,
    .names = parser_names,
};

BUILTIN(inputParser, 0, 0, 1, NO_GRAD,
  "p = inputParser()\n\n"
  "An object that takes the arguments of a function apart.  p.addRequired(name, check), p.addOptional(name, default, "
  "check), p.addParameter(name, default, check) and p.addSwitch(name) tell it what there is; p.parse(varargin{:}) "
  "fills p.Results with a field for each.  check is a function of the value that returns false or fails.  "
  "p.FunctionName stands in messages; with p.KeepUnmatched = true unknown names go to p.Unmatched; p.UsingDefaults "
  "lists what was not given.\n\n"
  "Example:\n  p = inputParser(); p.addRequired('n', @isnumeric); p.addParameter('tol', 1e-3);\n  p.parse(5, 'tol', "
  "0.5); p.Results\n  ans =\n\n"
  "    scalar structure containing the fields:\n\n      n = 5\n      tol = 0.5000\n\n\n"
  "See also: validateattributes, nargin")
{
    struct parser *p = (struct parser *)instance_new(&parser_class, sizeof *p).inst;
    p->function = p->results = p->unmatched = p->defaults = nil();
    p->flag[3] = true;
    result(c, 0, object_value(K_OBJECT, p));
}
