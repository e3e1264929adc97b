/* SPDX-License-Identifier: BSD-3-Clause */
/* vm_error.c: where a failure happened, and what `catch err` sees of it.
 *
 * error_locate runs once for a failure, before frames are unwound: it writes the operands' source texts into the
 * message and remembers the place of every frame.  failure()->node says that it is done. */
#include "vm.h"
#include "lex.h"
#include "path.h"
#include "lab/nearest.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void trace_clear(struct trace *t)
{
    for (int i = 0; i < t->n; i++)
        source_free((struct source *)t->place[i].source);
    t->n = t->more = 0;
}
static void trace_add(struct trace *t, struct source *s, uint32_t at, const char *function)
{
    if (t->n == TRACE_MOST) {
        t->more++;
        return;
    }
    t->place[t->n++] = (struct report_place){ s ? source_hold(s) : NULL, at, function };
}

/* The next failure is in a text that could not be parsed. */
static __thread struct { struct source *source; uint32_t at; } pending;
void error_place_next(struct source *s, uint32_t at)
{
    if (pending.source)
        source_free(pending.source);
    pending.source = s;
    pending.at = at;
}

static const struct where *where_of(const struct frame *f, int node)
{
    static const struct where none;
    const struct code *c = f->code;
    int pc = (int)(f->pc - c->ins) - 1;
    if (pc < 0 || pc >= c->n)
        return &none;
    if (node >= 0 && c->tree_at[pc] >= 0 && node < c->tree[c->tree_at[pc]]->n)
        return &c->tree[c->tree_at[pc]]->where[node];
    return &c->where[pc];
}

static void operand(struct buf *b, const struct source *s, uint32_t from, uint32_t to, const char *otherwise)
{
    uint32_t n = to - from;
    bool good = s && to > from && n <= 40 && to <= s->len;
    for (uint32_t i = 0; good && i < n; i++)
        if (s->text[from + i] == '\n')
            good = false;
    if (good && (s->text[from] == '[' || s->text[from] == '{' || s->text[from] == '\'' || s->text[from] == '"'))
        good = n <= 20;
    if (good)
        buf_add(b, s->text + from, n);
    else
        buf_puts(b, otherwise);
}

/* \1 and \2 in text become the operands' texts. */
static void fill(struct buf *b, const char *text, const struct source *s, const struct where *w)
{
    bool place = w && w->b1 == w->b2 && w->e2 > w->b2;        /* an assignment: the variable, the whole place (lab/place.h) */
    for (const char *p = text; *p; p++)
        if (*p == 1)
            operand(b, s, w ? w->b1 : 0, w ? w->e1 : 0,
                    place             ? "the variable"
                    : strchr(text, 2) ? "the left operand"
                                      : "the value");
        else if (*p == 2)
            operand(b, s, w ? w->b2 : 0, w ? w->e2 : 0, place ? "the place" : "the right operand");
        else
            buf_putc(b, *p);
}
const char *receiver_text(void)
{
    const struct where *w = where_of(vm->frame, -1);
    const struct source *s = vm->frame->code->unit ? vm->frame->code->unit->source : NULL;
    if (!s || w->e1 <= w->b1 || w->e1 > s->len)
        return NULL;
    char *t = scratch(w->e1 - w->b1 + 1);
    memcpy(t, s->text + w->b1, w->e1 - w->b1);
    t[w->e1 - w->b1] = 0;
    return t;
}
const char *command_text(void)
{
    const struct where *w = where_of(vm->frame, -1);
    const struct source *s = vm->frame > vm->frames ? vm->frame->code->unit->source : NULL;
    if (!s || w->end <= w->begin || w->end > s->len)
        return NULL;
    const char *text = s->text + w->begin, *end = s->text + w->end;
    const char *p = text + strcspn(text, " \t(\n");
    if (p >= end || (*p != ' ' && *p != '\t') || *(p + strspn(p, " \t")) == '(')
        return NULL;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    char *t = scratch((size_t)(end - p) + 1);
    memcpy(t, p, (size_t)(end - p));
    t[end - p] = 0;
    return t;
}
const char *warning_text(const char *message)
{
    struct frame *f = vm->frame;
    if (!strpbrk(message, "\1\2"))
        return message;
    struct buf *b = buf_new();
    fill(b, message, f > vm->frames ? f->code->unit->source : NULL, f > vm->frames ? where_of(f, -1) : NULL);
    return b->s;
}

/* ---- notes of lines, for what fails long after it was asked for: a picture */
struct place { struct source *source; uint32_t at; };
static void place_drop(void *p)
{
    struct place *place = p;
    if (!place)
        return;
    source_free(place->source);
    free(place);
}

/* The innermost line that is not the library's. */
static void *place_now(void *old)
{
    struct frame *f = vm->frame;
    while (f > vm->frames && f->code->unit->library)
        f--;
    struct source *s = f > vm->frames ? f->code->unit->source : NULL;
    uint32_t at = s ? where_of(f, -1)->at : 0;
    struct place *place = old;
    if (place && place->source == s && place->at == at)
        return place;
    if (s && (place = malloc(sizeof *place)))
        *place = (struct place){ source_hold(s), at };
    else
        return old;
    place_drop(old);
    return place;
}

/* The library's function that somebody's own line called, while the library runs. */
static const char *library_now(void)
{
    struct frame *f = vm->frame;
    if (f <= vm->frames || !f->code->unit->library)
        return NULL;
    while (f - 1 > vm->frames && f[-1].code->unit->library)
        f--;
    return f->code->name ? f->code->name->text : "a function of the library";
}

static void place_fail(void *p)
{
    struct place *place = p;
    if (place)
        error_place_next(source_hold(place->source), place->at);
}

void place_hooks(void)
{
    hooks()->place = place_now;
    hooks()->library = library_now;
    hooks()->place_drop = place_drop;
    hooks()->place_fail = place_fail;
    hooks()->habit = habit_hint;
}

/* What only the source and the variables know: the text of a [ ] that does not join, the size of a variable whose index is
 * wrong, and whether that index was meant to be a call or a product. */
static void explain(struct frame *f)
{
    struct failure *e = failure();
    const struct source *s = f > vm->frames && f->code->unit ? f->code->unit->source : NULL;
    if (!s || !e->id || !e->message)
        return;
    const struct where *w = where_of(f, e->node);
    char name[64], size[128], *text = NULL;
    uint32_t n = w->end - w->begin;
    if (!strcmp(e->message, "assert (assert) failed")) {
        const char *open = s->text + w->e1 + strspn(s->text + w->e1, " "), *p = open;
        int depth = 0;
        do {
            if (*p == '"' || (*p == '\'' && strchr("(,= ", p[-1])))
                p += 1 + strcspn(p + 1, *p == '"' ? "\"\n" : "'\n");        /* a text; its brackets do not count */
            depth += (*p == '(') - (*p == ')');
        } while (depth && *p && *p != '\n' && p++);
        if (depth || *open != '(' || asprintf(&text, "assert %.*s failed", (int)(p - open) + 1, open) < 0)
            return;
        free(e->message);
        e->message = text;
        return;
    }
    if (!strncmp(e->message, "[\u2026", 4) && w->end > w->begin && w->end <= s->len && n <= 40 && s->text[w->begin] == '[' &&
        !memchr(s->text + w->begin, '\n', n)) {
        if (asprintf(&text, "%.*s%s", (int)n, s->text + w->begin, strchr(e->message, ']') + 1) < 0)
            return;
        free(e->message);
        e->message = text;
        return;
    }
    if (!strcmp(e->id, "Octave:invalid-fun-call") && !strncmp(e->message, "Invalid call to ", 16) &&
        strstr(e->message, ": called with too many inputs") && !strstr(e->message, "\nhint: ")) {
        const char *rest = command_text(), *name = e->message + 16;
        int len = (int)strcspn(name, ":");
        if (rest && !strncmp(s->text + w->begin, name, (size_t)len) &&
            asprintf(&text, "%s\nhint: behind `%.*s` and a blank stand texts, word by word; a call is written %.*s(%s)",
                     e->message, len, name, len, name,
                     strlen(rest) < 40 ? rest : "x") >= 0) {
            free(e->message);
            e->message = text;
        }
        return;
    }
    n = w->e1 - w->b1;
    if ((strcmp(e->id, "Octave:index-out-of-bounds") && strcmp(e->id, "Octave:invalid-index")) || w->e1 <= w->b1 ||
        w->e1 > s->len || n > 60)
        return;
    memcpy(name, s->text + w->b1, n);
    name[n] = 0;
    const char *hint = strstr(e->message, "\nhint: ");
    value *v = isalpha((unsigned char)*name) ? frame_variable(f, symbol_of(name), false) : NULL;
    snprintf(size, sizeof size, "(%s is ", name);
    if (v && v->kind != K_NIL && !strncmp(e->message, name, n) && e->message[n] == '(' && !strstr(e->message, size) &&
        !strstr(e->message, "(dimensions are ")) {
        int len = hint ? (int)(hint - e->message) : (int)strlen(e->message);
        bool octaves = strstr(e->message, ": subscripts must be") != NULL;          /* its words stay as they are */
        if ((octaves ? asprintf(&text, "%.*s\nhint: %s is %s%s%s", len, e->message, name, value_shape(*v, size),
                                hint ? "; " : "", hint ? hint + strlen("\nhint: ") : "")
                     : asprintf(&text, "%.*s (%s is %s)%s", len, e->message, name, value_shape(*v, size),
                                hint ? hint : "")) < 0)
            return;
        free(e->message);
        e->message = text;
        text = NULL;
        hint = strstr(e->message, "\nhint: ");
    }
    if (hint && v && v->kind != K_NIL && value_numel(*v) == 0 && strstr(e->message, "indices start at 1")) {
        if (asprintf(&text, "%.*s\nhint: %s is empty: there is no %s(1) and no %s(end); isempty(%s) asks for that",
                     (int)(hint - e->message), e->message, name, name, name, name) < 0)
            return;
        free(e->message);
        e->message = text;
        return;
    }
    if (hint && !(v && find_builtin(symbol_of(name))))
        return;
    if (hint)
        e->message[hint - e->message] = 0;
    if (isdigit((unsigned char)*name) && asprintf(&text, "%s\nhint: a product needs its sign: %s*(…)", e->message, name) < 0)
        return;
    if (find_builtin(symbol_of(name)) &&
        asprintf(&text, "%s\nhint: '%s' is a variable here and hides the function; clear %s brings the function back",
                 e->message, name, name) < 0)
        return;
    if (text) {
        free(e->message);
        e->message = text;
    }
}

static void locate(void *unused)
{
    (void)unused;
    struct failure *e = failure();
    struct machine *m = vm;
    if (!e->message || e->node == LOCATED)
        return;
    int mark = pool_mark();
    struct frame *top = m->frame;
    if (strpbrk(e->message, "\1\2")) {
        struct buf *b = buf_new();
        const struct where *w = top > m->frames ? where_of(top, e->node) : NULL;
        const struct source *s = w ? top->code->unit->source : NULL;
        struct where of_field;
        if (s && !strncmp(e->message, "\1(", 2) && w->at > w->e1 && w->at < s->len && s->text[w->e1] == '.' &&
            isalpha((unsigned char)s->text[w->at])) {
            of_field = *w;                                    /* s.f(9): the field is indexed, not s */
            for (of_field.e1 = w->at;
                 of_field.e1 < s->len && (isalnum((unsigned char)s->text[of_field.e1]) || s->text[of_field.e1] == '_');)
                of_field.e1++;
            w = &of_field;
        }
        fill(b, e->message, s, w);
        char *text = strdup(b->s);
        if (text) {
            free(e->message);
            e->message = text;
        }
    }
    explain(top);
    trace_clear(&m->trace);
    if (pending.source) {
        trace_add(&m->trace, pending.source, pending.at, NULL);
        error_place_next(NULL, 0);
    }
    struct frame *floor = breaks_floor();                      /* a stopped run is no caller of what is typed there */
    for (struct frame *f = top; f > floor; f--) {
        const struct where *w = where_of(f, f == top ? e->node : -1);
        const struct code *c = f->code;
        trace_add(&m->trace, c->unit->source, w->at, c->name ? c->name->text : c->script ? NULL : "@<anonymous>");
    }
    e->node = LOCATED;
    pool_release(mark);
    if (e->kind == FAIL_ERROR) {
        free(m->last_error);
        free(m->last_id);
        m->last_error = strdup(e->message);
        m->last_id = strdup(e->id ? e->id : "");
    }
}

/* Frames are still to be unwound when this runs: it must not fail.  Short of memory, the message stays as it is. */
void error_locate(void)
{
    if (failure()->message && failure()->node != LOCATED && protect(locate, NULL)) {
        trace_clear(&vm->trace);
        failure()->node = LOCATED;
    }
}

void error_put_by(struct error_kept *k)
{
    k->failure = *failure();
    k->trace = vm->trace;
    failure()->message = failure()->id = NULL;
    vm->trace.n = vm->trace.more = 0;
}
void error_take_back(struct error_kept *k, bool lose)
{
    struct failure *f = lose ? &k->failure : failure();
    struct trace *t = lose ? &k->trace : &vm->trace;
    free(f->message);
    free(f->id);
    trace_clear(t);
    if (!lose) {
        *failure() = k->failure;
        vm->trace = k->trace;
    }
}

struct trace *interp_trace(void) { return &vm->trace; }

/* ---- err */
static value text(const char *s)
{
    struct buf *b = buf_new();
    buf_puts(b, s);
    return buf_value(b);
}
value stack_value(void)
{
    static const char *const fields[] = { "file", "name", "line", "column" };
    struct trace *t = &vm->trace;
    sym name[4];
    for (int i = 0; i < 4; i++)
        name[i] = symbol_of(fields[i]);
    i64 dim[2] = { t->n, 1 };
    struct record *r = record_new(2, dim, 4, name);
    for (int i = 0; i < t->n; i++) {
        const struct report_place *p = &t->place[i];
        int column = -1, line = p->source ? source_line(p->source, p->at, &column) : -1;
        record_put(r, i, 0, text(p->source ? p->source->name : ""));
        record_put(r, i, 1, text(p->function ? p->function : ""));
        record_put(r, i, 2, num(line));
        record_put(r, i, 3, num(column));
    }
    return record_value(r);
}

value error_value(void)
{
    struct failure *e = failure();
    struct record *r = record_scalar();
    const char *message = e->message ? e->message : "out of memory", *hint = strstr(message, "\nhint: ");
    struct buf *b = buf_new();
    buf_add(b, message, hint ? (size_t)(hint - message) : strlen(message));
    record_set(r, 0, symbol_of("message"), buf_value(b));
    record_set(r, 0, symbol_of("identifier"), text(e->id ? e->id : ""));
    record_set(r, 0, symbol_of("stack"), stack_value());
    return record_value(r);
}

static const char *field_text(struct record *r, const char *name)
{
    value v = record_get(r, 0, symbol_of(name));
    if (!is_tensor_like(v) || value_dtype(v) != D_CHAR)
        return "";
    struct tensor *t = tensor_of(v);
    char *s = scratch((size_t)t->numel + 1);
    gather(t, s);
    s[t->numel] = 0;
    return s;
}
/* Fails as err says; the places stay those of err if it is the last error. */
void error_raise(value err)
{
    if (err.kind != K_STRUCT || err.rec->numel != 1)
        fail("Octave:undefined-function", "rethrow: err must be a struct with the fields message and identifier");
    const char *message = field_text(err.rec, "message"), *id = field_text(err.rec, "identifier");
    struct failure *e = failure();
    if (e->message && e->node == LOCATED && !strcmp(e->id, id) && !strncmp(e->message, message, strlen(message)) &&
        (!e->message[strlen(message)] || !strncmp(e->message + strlen(message), "\nhint: ", 7)) && e->kind == FAIL_ERROR)
        fail_again();
    fail(id, "%s", message);
}

/* ---- undefined names */
static void offer_variable(sym name, value *v, unsigned flags, void *arg)
{
    (void)v;
    (void)flags;
    nearest_try(arg, name->text);
}
static void offer_builtin(const struct builtin *b, void *arg) { nearest_try(arg, b->name); }
static void offer_code(struct code *c, void *arg) { nearest_try(arg, c->name->text); }
struct offering { const char *package; int len; struct nearest *near; };
static void offer_file(const char *name, void *arg)
{
    struct offering *o = arg;
    char whole[128];
    snprintf(whole, sizeof whole, "%.*s.%s", o->len, o->package, name);
    nearest_try(o->near, strncmp(name, o->package, (size_t)o->len) || name[o->len] != '.' ? whole : name);
}
static void offer_package(const char *name, const char *dot, struct nearest *n)
{
    struct offering o = { name, (int)(dot - name), n };
    char package[64];
    snprintf(package, sizeof package, "%.*s", o.len, name);
    path_each(package, true, offer_file, &o);
    path_each(package, false, offer_file, &o);
}
const char *did_you_mean(const char *name)
{
    struct nearest n;
    nearest_begin(&n, name);
    frame_each(vm->frame, offer_variable, &n);
    functions_each(offer_code, &n);
    registry_each(offer_builtin, &n);
    const char *dot = strchr(name, '.');
    if (dot)
        offer_package(name, dot, &n);
    for (int i = 0; i < KEYWORDS && !dot && strlen(name) > 3; i++)
        nearest_try(&n, keyword_info[i].text);
    const char *s = nearest_found(&n);
    if (!s)
        return NULL;
    char *t = scratch(strlen(s) + 1);
    return strcpy(t, s);
}
/* What somebody who knows another language means by this name, or NULL. */
const char *habit_hint(const char *name)
{
    static const struct { const char *word, *hint; } habits[] = {
#define HABIT(word, hint) { word, hint },
#include "habits.def"
    };
    for (int i = 0; i < COUNT(habits); i++)
        if (!strcmp(habits[i].word, name))
            return habits[i].hint;
    return NULL;
}
static bool is_set(struct frame *f, sym name)
{
    value *v = frame_variable(f, name, false);
    return v && v->kind != K_NIL;
}
/* What the line means in which an unknown name stands, if it has a form that belongs to another language, or NULL. */
static const char *form_hint(const char *name)
{
    struct frame *f = vm->frame;
    const struct source *s = f > vm->frames && f->code->unit ? f->code->unit->source : NULL;
    const struct where *w = s ? where_of(f, -1) : NULL;
    if (!s || w->begin >= s->len)
        return NULL;
    size_t n = strlen(name);
    uint32_t at = w->begin;
    while (at && s->text[at - 1] != '\n' && s->text[at - 1] != ';')
        at--;
    const char *line = s->text + at + strspn(s->text + at, " \t"), *end = line + strcspn(line, "\n;%#");
    const char *sets = line;                                   /* the first '=' that sets something */
    while (sets < end && !(sets > line && *sets == '=' && sets[1] != '=' && !strchr("=<>~!+-*/^|&", sets[-1])))
        sets++;
    if (sets >= end || sets == line || sets[1] == '=')
        return NULL;
    const char *p = line;
    size_t word = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    const char *after = p + word + strspn(p + word, " \t");
    if (!word || memchr(line, '\'', (size_t)(sets - line)) || memchr(line, '"', (size_t)(sets - line)))
        return NULL;
    if (word == n && !memcmp(p, name, n) && *after == ',' && !memchr(line, '(', (size_t)(sets - line)))
        return "several are set by [a, b] = f(x), or by [a, b] = deal(1, 2)";
    if (word == n && !memcmp(p, name, n) && after > p + word && after < sets &&
        (isalpha((unsigned char)*after) || *after == '_'))
        return habit_hint(name) ? NULL : "a name has no blanks: my_name = 3";
    const char *last = sets;
    while (last > line && (last[-1] == ' ' || last[-1] == '\t'))
        last--;
    if (*after == '(' && after == p + word && last[-1] == ')' && memmem(after, (size_t)(last - after), name, n) &&
        !(word == n && !memcmp(p, name, n)) &&
        strspn(after + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_, ") ==
            (size_t)(last - 1 - (after + 1)) &&
        !is_set(f, symbol_n(p, word)))
        return "a function of x is written f = @(x) x + 1";
    return NULL;
}
void fail_undefined(sym name)
{
    if (!name)
        fail("Octave:undefined-function", "a value is missing here");
    const char *dot = strchr(name->text, '.');
    sym package = dot ? symbol_n(name->text, (size_t)(dot - name->text)) : NULL;
    if (package && !package_known(package->text, NULL))
        name = package;
    const struct frame *f = vm->frame;
    const struct code *c = f && f != vm->frames ? f->code : NULL;
    for (int i = 0; c && i < c->nparam; i++)
        if (register_name(c, i) == name && (int)f->nargin <= i) {
            const char *fn = c->name ? c->name->text : "@<anonymous>";
            struct buf *b = buf_new();
            if (c->unit->library && c->doc && c->name)
                fail("Octave:invalid-fun-call", "Invalid call to %s: called with too few inputs (%d); usage: %.*s", fn,
                     (int)f->nargin, (int)strcspn(c->doc, "\n"), c->doc);
            if (!f->nargin && c->name)
                buff(b, "\nhint: @%s is the function itself, %s alone calls it without arguments", fn, fn);
            fail("Octave:undefined-function", "'%s' is undefined: it is argument %d of %s, which was given %d%s",
                 name->text, i + 1, fn, (int)f->nargin, b->s);
        }
    const char *form = form_hint(name->text);
    if (form)
        fail("Octave:undefined-function", "'%s' is undefined\nhint: %s", name->text, form);
    struct nearest own;
    nearest_begin(&own, name->text);
    frame_each(vm->frame, offer_variable, &own);
    const char *habit = nearest_found(&own) ? NULL : habit_hint(name->text);
    if (habit)
        fail("Octave:undefined-function", "'%s' is undefined\nhint: %s", name->text, habit);
    if (is_view_method(name))
        fail("Octave:undefined-function", "'%s' is undefined\nhint: it is a method: A.%s(…)", name->text, name->text);
    if (c && !c->script && !c->name)
        fail("Octave:undefined-function",
             "'%s' is undefined\nhint: a closure @(…) keeps the variables that were there when it was made",
             name->text);
    if (c && !c->script && frame_variable(NULL, name, false))
        fail("Octave:undefined-function",
             "'%s' is undefined in this function\nhint: a function sees only its own variables; hand '%s' over as "
             "an argument, or declare it global on both sides",
             name->text, name->text);
    const char *near = did_you_mean(name->text);
    if (near)
        fail("Octave:undefined-function", "'%s' is undefined; did you mean '%s'?", name->text, near);
    fail("Octave:undefined-function", "'%s' is undefined", name->text);
}
void fail_undefined_output(sym name)
{
    struct code *c = vm->frame->code;
    fail("Octave:undefined-function",
         "'%s' is undefined: the output of %s was not set\nhint: every way through the function must give it a value",
         name ? name->text : "?", c->name ? c->name->text : "the function");
}

/* ---- reports, warnings */
bool interp_report_text(struct buf *b, bool colour)
{
    struct failure *e = failure();
    if (e->kind == FAIL_EXIT || e->kind == FAIL_QUIT)
        return false;
    struct trace *t = &vm->trace;
    bool mine = e->message && e->node == LOCATED;
    debug_report(b, e->message ? e->message : "out of memory", t->place, mine ? t->n : 0, mine ? t->more : 0, colour);
    return true;
}

void interp_locate(void)
{
    error_locate();
}

void interp_report(int fd)
{
    int mark = pool_mark();
    struct buf *b = buf_new();
    interp_report_text(b, debug_colour(fd));
    out_flush();
    size_t at = 0;
    while (at < b->n) {
        ssize_t k = write(fd, b->s + at, b->n - at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        at += (size_t)k;
    }
    pool_release(mark);
}
