/* SPDX-License-Identifier: BSD-3-Clause */
/* vm_call.c: calls and returns, the general way.
 *
 * Arguments lie in consecutive registers (base[0..n-1]) and belong to the callee, which is entered with them as its
 * first registers.  Comma lists, named arguments and ':' are dealt with before; then a new row of arguments stands at
 * the top of the caller's frame.  A builtin's results are written above everything else (vm->sp) until they are moved. */
#include "vm.h"
#include "lab/nearest.h"
#include <math.h>
#include <stdlib.h>

static inline value *top_now(void)
{
    value *t = frame_top(vm->frame);
    return vm->sp > t ? vm->sp : t;
}
static void need_stack(value *from, i64 n)
{
    if (from + n + 64 > vm->stack_end)
        fail("Octave:undefined-function", "out of stack space: %lld arguments do not fit", (long long)n);
}

/* nargout of a site in the running frame */
static int site_nargout(const struct site *s)
{
    if (s->nargout == ALL)
        return (int)vm->frame->nargout;
    if (s->nargout == ALL - 1)
        return (int)vm->frame->base[s->aux].num;
    return s->nargout;
}
static bool site_multi(const struct site *s) { return s->nargout > 1; }

/* ---- entering */
static struct frame *push(struct code *c, struct function_value *self, value *base, int nargin, int nargout,
                          value *dest, bool multi, uint64_t ignored)
{
    struct machine *m = vm;
    if (m->frame + 1 >= m->frame_limit)
        fail("Octave:undefined-function",
             "max_recursion_depth exceeded: %d calls are in progress; max_recursion_depth(n) allows more\n"
             "hint: a function that calls itself needs a case in which it does not",
             m->max_depth);
    need_stack(base, c->nreg);
    struct frame *f = m->frame + 1;
    *f = (struct frame){ .pc = c->ins,
                         .base = base,
                         .dest = dest,
                         .code = c,
                         .self = self,
                         .nargin = (uint32_t)nargin,
                         .nargout = (uint32_t)nargout };
    f->multi = multi;
    f->ignored = (uint16_t)ignored;
    if (self)
        self->h.h.owners++;
    m->frame = f;
    return f;
}

static const char *code_name(const struct code *c) { return c->name ? c->name->text : "@<anonymous>"; }

/* base[0..n-1] are the arguments, owned; they become the callee's registers. */
void enter_code(struct code *c, struct function_value *self, value *base, int n, int nargout, value *dest, bool multi,
                uint64_t ignored)
{
    int fixed = c->varargin ? c->nparam - 1 : c->nparam, given = n;
    if (n > c->nparam && !c->varargin && c->unit->library && c->doc && c->name)
        fail("Octave:invalid-fun-call", "Invalid call to %s: called with too many inputs (%d); usage: %.*s", c->name->text,
             n, (int)strcspn(c->doc, "\n"), c->doc);
    if (n > c->nparam && !c->varargin)
        fail("Octave:invalid-fun-call", "%s: function called with too many inputs\nhint: %d given, it takes %s%d",
             code_name(c), n, c->nparam ? "at most " : "", c->nparam);
    if (nargout > c->nout && !c->varargout && !c->closure_body && nargout > 1)
        fail("Octave:invalid-fun-call", "%s: function called with too many outputs\nhint: %d wanted, it gives %s%d",
             code_name(c), nargout, c->nout ? "at most " : "", c->nout);
    if (nargout == 1 && c->nout == 0 && !c->varargout && !c->closure_body && !c->returns)
        fail("Octave:invalid-fun-call",
             "value on the right hand side of the assignment not available: %s has no result\nhint: function y = %s(…) "
             "names one",
             code_name(c), code_name(c));
    need_stack(base, MAX(c->nreg, n));
    if (interrupt_flag)
        poll_slow();
    if (c->varargin) {
        int mark = pool_mark(), extra = MAX(0, n - fixed);
        struct cell *rest = cell_2d(extra ? 1 : 0, extra);
        for (int i = 0; i < extra; i++) {
            cell_set(rest, i, base[fixed + i]);
            release(&base[fixed + i]);
        }
        for (int i = n; i < fixed; i++)
            base[i] = nil();
        base[fixed] = copy(cell_value(rest));
        pool_release(mark);
        n = c->nparam;
    }
    for (value *r = base + n, *end = base + c->nlocal; r < end; r++)
        *r = nil();
    vm->sp = NULL;
    push(c, self, base, given, nargout, dest, multi, ignored);
    if (self)
        for (int i = 0; i < self->ncapture && i < c->ncapture; i++) {
            value v = copy(self->v[i]);
            replace(&base[c->capture[i].to], v);
        }
}

void builtin_run_at(const struct builtin *b, value *arg, int nargin, int nargout, value *dest, bool multi)
{
    struct machine *m = vm;
    if (unlikely(nargin < b->min || (nargin > b->max && b->max != ANY) || (nargout > 1 && b->out != ANY && nargout > b->out)))
        call_refuse(b, nargin, nargout);
    int nout = MAX(1, nargout), mark = pool_mark();
    value *old = m->sp, *out = top_now();
    if (out < arg + nargin && arg >= m->stack && arg < m->stack_end)
        out = arg + nargin;
    need_stack(out, nout);
    for (int i = 0; i < nout; i++)
        out[i] = nil();
    m->sp = out + nout;
    struct call c = { b, nargin, nargout, arg, out };
    call_run(&c);
    if (multi) {
        for (int i = 0; i < nargin; i++)
            release(&arg[i]);
        for (int i = 0; i < nout; i++) {
            value v = out[i];
            out[i].tag = 0;
            dest[i] = v;
        }
    } else {
        value v = out[0];
        out[0].tag = 0;
        for (int i = 1; i < nout; i++)
            release(&out[i]);
        for (int i = 0; i < nargin; i++)
            release(&arg[i]);
        if (unlikely(v.kind == K_NIL && nargout > 0)) {
            m->sp = old;
            fail("Octave:undefined-function",
                 "value on the right hand side of the assignment not available: %s has no result", b->name);
        }
        replace(dest, v);
    }
    m->sp = old;
    pool_release(mark);
    if (unlikely(m->ncleanup))
        cleanup_run();
}

/* ---- arguments: lists laid out, names bound */
static bool is_list(value v) { return v.kind == K_CELL && v.a == LIST; }

/* Moves n arguments to the top of the frame with their comma lists laid out; returns them and their number. */
static value *spread_args(value *base, int n, int *count)
{
    value *to = top_now(), *p = to;
    if (to < base + n)
        to = p = base + n;
    i64 total = 0;
    for (int i = 0; i < n; i++)
        total += is_list(base[i]) ? base[i].cell->numel : 1;
    need_stack(to, total);
    for (int i = 0; i < n; i++) {
        value v = base[i];
        if (is_list(v)) {
            for (i64 k = 0; k < v.cell->numel; k++) {
                *p = copy(v.cell->v[k]);
                vm->sp = ++p;
            }
            release(&base[i]);
        } else {
            base[i].tag = 0;
            *p = v;
            vm->sp = ++p;
        }
    }
    *count = (int)total;
    return to;
}

static NORETURN void fail_parameter(const char *fn, sym name, int n, const sym *other)
{
    struct nearest k;
    nearest_begin(&k, name->text);
    for (int i = 0; i < n; i++)
        if (other[i])
            nearest_try(&k, other[i]->text);
    const char *near = nearest_found(&k);
    if (near)
        fail("Octave:invalid-fun-call", "%s: there is no parameter '%s'; did you mean '%s'?", fn, name->text, near);
    struct buf *b = buf_new();
    for (int i = 0; i < n; i++)
        if (other[i])
            buff(b, "%s%s", b->n ? ", " : "", other[i]->text);
    const char *habit = habit_hint(name->text);
    if (habit)
        fail("Octave:invalid-fun-call", "%s: there is no parameter '%s'; it has %s\nhint: %s", fn, name->text,
             b->n ? b->s : "none", habit);
    fail("Octave:invalid-fun-call",
         "%s: there is no parameter '%s'; it has %s\nhint: an assignment among arguments wants parentheses of its own: "
         "%s((%s = …))",
         fn, name->text, b->n ? b->s : "none", fn, name->text);
}

static value name_text(sym name)
{
    int mark = pool_mark();
    struct buf *text = buf_new();
    buf_puts(text, name->text);
    value v = copy(buf_value(text));
    pool_release(mark);
    return v;
}

/* For a callee without parameters of its own: what is named, the last nn of n arguments, as a name and a value each.  The new
   row at the top holds references of its own; the old one stays. */
static value *pair_names(const value *base, int n, int nn, const sym *names)
{
    value *to = top_now(), *p;
    if (to < base + n)
        to = (value *)base + n;
    need_stack(p = to, n + nn);
    for (int i = 0; i < n; i++) {
        if (i >= n - nn) {
            *p = name_text(names[i - (n - nn)]);
            vm->sp = ++p;
        }
        *p = copy(base[i]);
        vm->sp = ++p;
    }
    return to;
}

/* The last nn of n arguments are named; returns the new row at the top. */
static value *bind_names(struct code *c, const struct builtin *b, value *base, int n, int nn, const sym *names, int *count)
{
    sym param[64];
    int np, fixed = 0, npos = n - nn;
    const char *fn = c ? code_name(c) : b->name;
    if (c) {
        np = MIN(64, c->varargin ? c->nparam - 1 : c->nparam);
        for (int i = 0; i < np; i++)
            param[i] = c->param[i].name;
    } else {
        np = builtin_params(b, param, 64, &fixed);
    }
    if (c)
        fixed = np;
    bool any = !c && np >= 2 && param[np - 1] && param[np - 2] && !strcmp(param[np - 1]->text, "value") &&
               !strcmp(param[np - 2]->text, "name"); /* f(x, …, name, value, …) */
    if (any)
        fixed = MIN(fixed, np - 2);
    value *to = top_now();
    if (to < base + n)
        to = base + n;
    int most = npos;
    need_stack(to, np + n + 2 * nn);
    for (int i = 0; i < MAX(np, npos); i++)
        to[i] = nil();
    for (int i = 0; i < npos; i++) {
        to[i] = base[i];
        base[i].tag = 0;
    }
    vm->sp = to + MAX(np, npos);
    value *rest = NULL;
    int nrest = 0;
    for (int k = 0; k < nn; k++) {
        int i = 0;
        while (i < np && param[i] != names[k])
            i++;
        if (i >= fixed) {
            if (i == np && !(c ? c->varargin : any))
                fail_parameter(fn, names[k], np, param);
            continue;
        }
        if (to[i].kind != K_NIL)
            fail("Octave:invalid-fun-call", "%s: the parameter '%s' is given twice", fn, names[k]->text);
        to[i] = base[npos + k];
        base[npos + k].tag = 0;
        most = MAX(most, i + 1);
    }
    for (int i = 0; !c && i < MIN(most, np); i++)              /* max(x, dim=2) is max(x, [], 2) */
        if (!param[i] && to[i].kind == K_NIL) {
            int mark = pool_mark();
            to[i] = copy(tensor_value(tensor_new(D_DOUBLE, 2, (i64[]){ 0, 0 })));
            pool_release(mark);
        }
    if (c ? c->varargin : fixed < np) {                        /* what it does not know: a name and a value each */
        for (int k = 0; k < nn; k++) {
            int i = 0;
            while (i < np && param[i] != names[k])
                i++;
            if (i < fixed)
                continue;
            if (!rest) {
                most = c ? MAX(most, np) : most;
                rest = to + most;
            }
            rest[nrest++] = name_text(names[k]);
            rest[nrest++] = base[npos + k];
            base[npos + k].tag = 0;
            vm->sp = rest + nrest;
        }
    }
    *count = most + nrest;
    return to;
}

/* What a site's arguments are before a function gets them. */
static value *site_args(struct site *s, struct code *c, const struct builtin *b, value *base, int n, int *count)
{
    *count = n;
    if (s->colons)
        for (int i = 0; i < n; i++)
            if (base[i].kind == K_COLON) {
                int mark = pool_mark();
                struct buf *text = buf_new();
                buf_puts(text, ":");
                base[i] = copy(buf_value(text));
                pool_release(mark);
            }
    if (s->lists) {
        int before = n;
        base = spread_args(base, n, count);
        n = *count;
        (void)before;
    }
    if (s->named)
        base = bind_names(c, b, base, n, s->nnamed, s->argname, count);
    return base;
}

/* ---- by name */
/* False: there is no such function, but a variable of that name has come into the workspace since the code was compiled. */
static bool site_fill(struct site *s)
{
    if (s->epoch == function_epoch && (s->code || s->builtin))
        return true;
    struct callee f = resolve(s->name, vm->frame->code->unit);
    if (!f.code && !f.builtin) {
        value *v = vm->frame->more ? frame_variable(vm->frame, s->name, false) : NULL;
        if (v && v->kind != K_NIL)
            return false;
        fail_undefined(s->name);
    }
    s->code = f.code;
    s->builtin = f.builtin;
    s->epoch = function_epoch;
    s->fast = f.code && f.code->simple && !s->lists && !s->named && !s->colons && s->nargs <= f.code->nparam && !s->ignored &&
              (s->nargout == 0 || (s->nargout == 1 && (f.code->nout >= 1 || f.code->returns)));
    return true;
}

static void call_value(value f, struct site *s, value *base, int n, value *dest);
extern const struct builtin builtin_feval;

static void call_feval(struct site *s, value *base, int n, value *dest)
{
    int mark = pool_mark();
    value f = base[0];
    base[0].tag = 0;
    if (is_counted(f))
        keep(f);
    if (f.kind != K_FUNC && f.kind != K_OBJECT) {
        if (!is_tensor_like(f) || value_dtype(f) != D_CHAR)
            fail("Octave:undefined-function", "feval: f must be a function or the name of one, but is a %s", class_of(f));
        struct tensor *t = tensor_dense(tensor_of(f));
        f = function_handle(symbol_n(t->data, (size_t)t->numel), vm->frame->code->unit);
    }
    call_value(f, s, base + 1, n - 1, dest);
    pool_release(mark);
}

static void call_function_site(struct site *s, value *base, int n, value *dest)
{
    value *before = vm->sp;
    if (!site_fill(s)) {
        call_value(*frame_variable(vm->frame, s->name, false), s, base, n, dest);
        return;
    }
    int nargout = site_nargout(s);
    bool multi = site_multi(s);
    if (s->builtin && n > 0 && s->builtin->run == builtin_feval.run && !s->lists) {      /* feval(f, …) is f(…) */
        call_feval(s, base, n, dest);
        return;
    }
    int given = n;
    base = site_args(s, s->code, s->builtin, base, n, &n);
    if (!s->named || (s->code && s->code->varargin))           /* what named arguments leave out is not given */
        given = n;
    if (s->code && s->code->script) {                          /* a file that is a script runs with our variables */
        if (n)
            fail("Octave:invalid-fun-call",
                 "%s is a script: it takes no arguments\nhint: it sees the variables of whoever runs it; "
                 "arguments are for a file that begins: function r = %s(x)",
                 s->name->text, s->name->text);
        run_file(s->code->unit->source->name, vm->frame);
        if (!multi)
            replace(dest, nil());
        vm->sp = before;
        return;
    }
    if (s->code) {
        enter_code(s->code, NULL, base, n, nargout, dest, multi, s->ignored);
        vm->frame->nargin = (uint32_t)given;
        return;
    }
    builtin_run_at(s->builtin, base, n, nargout, dest, multi);
    vm->sp = before;
    if (nargout == 0)
        functions_look();
}

static void release_all(value *v, int n)
{
    for (int i = 0; i < n; i++)
        release(&v[i]);
}

/* The results of a class's function go where they are wanted: all of them, or the first. */
static void give_results(value *out, int nout, value *dest, bool multi)
{
    for (int i = 0; i < nout; i++) {
        value v = out[i];
        out[i].tag = 0;
        if (multi)
            dest[i] = v;
        else if (i == 0)
            replace(dest, v);
        else
            drop(v);
    }
}

static value *site_dest(struct site *s, value *base) { return site_multi(s) ? base : &vm->frame->base[s->dest]; }

void call_site_run(struct site *s, value *base) { call_function_site(s, base, s->nargs, site_dest(s, base)); }

/* ---- values: function values are called, objects ask their class, all else is indexed.
   f is borrowed but must outlive the arguments' evaluation only; base[0..n-1] are owned arguments. */
static void call_value(value f, struct site *s, value *base, int n, value *dest)
{
    int nargout = site_nargout(s);
    bool multi = site_multi(s);
    if (f.kind == K_FUNC && f.func->class == &function_class) {
        struct function_value *v = (struct function_value *)f.func;
        struct callee to = { v->code, NULL };
        if (v->h.name)
            to = resolve_value(v);
        base = site_args(s, to.code, to.builtin, base, n, &n);
        if (to.code)
            enter_code(to.code, v->h.name ? NULL : v, base, n, nargout, dest, multi, s->ignored);
        else
            builtin_run_at(to.builtin, base, n, nargout, dest, multi);
        return;
    }
    if (s->named)
        fail("Octave:undefined-function", "a named argument is for calls; an index has none");
    if (s->lists)
        base = spread_args(base, n, &n);
    int mark = pool_mark();
    if ((f.kind == K_OBJECT && f.inst->class->paren) || (f.kind == K_FUNC && f.func->class->paren)) {
        const struct class *class = f.kind == K_OBJECT ? f.inst->class : f.func->class;
        value *out = top_now(), *old = vm->sp;
        int nout = MAX(1, nargout);
        if (out < base + n)
            out = base + n;
        need_stack(out, nout + n + 1);
        value *arg = scratch((size_t)(n + 1) * sizeof *arg);
        arg[0] = f;
        memcpy(arg + 1, base, (size_t)n * sizeof *arg);
        for (int i = 0; i < nout; i++)
            out[i] = nil();
        vm->sp = out + nout;
        static const struct builtin object_call = { "()", 0, ANY, ANY, NULL, NULL, "" };
        struct call c = { &object_call, n + 1, nargout, arg, out };
        class->paren(f, &c);
        release_all(base, n);
        give_results(out, nout, dest, multi);
        vm->sp = old;
        pool_release(mark);
        return;
    }
    if (f.kind == K_FUNC || f.kind == K_OBJECT)
        fail("Octave:undefined-function", "%s cannot be indexed with ()", class_of(f));
    if (n == 0) {
        if (is_list(f))
            f.a = 0;
        value v = copy(f);
        if (multi)
            dest[0] = v;
        else
            replace(dest, v);
    } else {
        value v = copy(index_paren(f, n, base));
        for (int i = 0; i < n; i++)
            release(&base[i]);
        if (multi)
            dest[0] = v;
        else
            replace(dest, v);
    }
    if (multi)
        for (int i = 1; i < nargout; i++)
            dest[i] = nil();
    if (nargout > 1) {
        if (multi)
            release(&dest[0]);
        fail("Octave:undefined-function",
             "some elements undefined in argument list: an indexed value is one, but %d are wanted", nargout);
    }
    pool_release(mark);
}

void call_variable(struct site *s, value *base)
{
    value f = vm->frame->base[s->slot];
    value *dest = site_dest(s, base);
    if (f.kind == K_NIL)
        call_function_site(s, base, s->nargs, dest);
    else
        call_value(f, s, base, s->nargs, dest);
}

void call_top(struct site *s, value *base)
{
    value f = base[0];
    value *dest = site_dest(s, base);
    if (quick_element(f, s, base + 1, dest)) {
        if (dest != base)
            release(base);
        return;
    }
    base[0].tag = 0;
    if (f.kind == K_NIL)
        fail("Octave:undefined-function", "value on the right hand side of the assignment not available: the call has "
                                          "no result");
    if (is_counted(f))
        keep(f);
    int mark = pool_mark() - (is_counted(f) ? 1 : 0);
    call_value(f, s, base + 1, s->nargs, dest);
    pool_release(mark);
}

/* IDX1, IDX2, LOADNAME, STMT: idx are borrowed. */
void index_call(struct site *s, value subject, int n, const value *idx, value *dest)
{
    if (likely(subject.kind >= K_RANGE && subject.kind <= K_STRUCT) || subject.kind == K_NUM) {
        int mark = pool_mark();
        value v = copy(n ? index_paren(subject, n, idx) : subject);
        replace(dest, v);
        pool_release(mark);
        return;
    }
    value *base = top_now(), *old = vm->sp;
    need_stack(base, n);
    for (int i = 0; i < n; i++) {
        base[i] = copy(idx[i]);
        vm->sp = base + i + 1;
    }
    if (subject.kind == K_NIL)
        call_function_site(s, base, n, dest);
    else
        call_value(subject, s, base, n, dest);
    vm->sp = old;
}

/* ---- methods */
static void no_method(value v, sym name)
{
    char what[160];
    const char *near = near_field(v, name->text);
    if (!near && v.kind != K_STRUCT)
        near = did_you_mean(name->text);
    value_describe(v, what);
    const char *text = receiver_text();
    if (text && package_known(text, NULL))
        fail("Octave:undefined-function",
             "\1.%s: the variable '%s' hides the package of that name; clear %s brings it back", name->text, text,
             text);
    const char *habit = habit_hint(name->text);
    if (habit)
        fail("Octave:undefined-function", "\1.%s: this %s has no field '%s', and there is no function '%s'\nhint: %s",
             name->text, what, name->text, name->text, habit);
    if (near)
        fail("Octave:undefined-function",
             "\1.%s: this %s has no field '%s', and there is no function '%s'; did you mean '%s'?", name->text, what,
             name->text, name->text, near);
    fail("Octave:undefined-function", "\1.%s: this %s has no field '%s', and there is no function '%s'", name->text,
         what, name->text, name->text);
}

/* a method that is a C function of an object's class; false: it has none of that name */
static bool object_method(value self, struct site *s, value *base, int n, int nargout, value *dest, bool multi)
{
    const struct class *class = self.inst->class;
    if (!class->method)
        return false;
    int nout = MAX(1, nargout), mark = pool_mark();
    value *old = vm->sp, *arg = base;
    int narg = n;
    if (s->named) {
        arg = pair_names(base, n, s->nnamed, s->argname);
        narg += s->nnamed;
    }
    value *out = top_now();
    if (out < arg + narg)
        out = arg + narg;
    need_stack(out, nout);
    for (int i = 0; i < nout; i++)
        out[i] = nil();
    vm->sp = out + nout;
    struct builtin b = { s->name->text, 0, ANY, ANY, NULL, NULL, "" };
    struct call c = { &b, narg, nargout, arg, out };
    bool known = class->method(self, s->name, &c);
    for (int i = 0; arg != base && i < narg; i++)
        release(&arg[i]);
    if (known) {
        release_all(base, n);
        give_results(out, nout, dest, multi);
        if (!multi && nargout > 0 && dest->kind == K_NIL) {
            vm->sp = old;
            fail("Octave:undefined-function",
                 "value on the right hand side of the assignment not available: %s has no result", s->name->text);
        }
    }
    vm->sp = old;
    pool_release(mark);
    return known;
}

/* base[0] is the receiver, owned; base[1..n] the arguments */
void call_method(struct site *s, value *base)
{
    int n = s->nargs + 1, nargout = site_nargout(s);
    bool multi = site_multi(s);
    value self = base[0], *dest = site_dest(s, base);
    if (self.kind == K_NIL)
        fail("Octave:undefined-function", "value on the right hand side of the assignment not available: the call has "
                                          "no result");
    value field = nil();
    if (self.kind == K_STRUCT && self.rec->numel == 1)
        field = record_get(self.rec, 0, s->name);
    if (field.kind == K_NIL && self.kind == K_OBJECT) {
        value *args = base, *before = vm->sp;
        int count = n;
        if (s->colons || s->lists)
            args = site_args(&(struct site){ .lists = s->lists, .colons = s->colons }, NULL, NULL, base, n, &count);
        if (object_method(self, s, args, count, nargout, dest, multi)) {
            vm->sp = before;
            return;
        }
        base = args;
        n = count;
        int mark = pool_mark();
        value v = self.inst->class->get ? self.inst->class->get(self, s->name) : nil();
        if (v.kind != K_NIL) {
            base[0] = copy(v);
            drop(self);
            pool_release(mark);
            value f = base[0];
            base[0].tag = 0;
            if (is_counted(f))
                keep(f);
            struct site plain = *s;
            plain.lists = plain.colons = false;
            call_value(f, &plain, base + 1, n - 1, dest);
            pool_release(mark);
            return;
        }
        pool_release(mark);
    }
    if (field.kind != K_NIL) {
        value f = copy(field);
        int mark = pool_mark();
        if (is_counted(f))
            keep(f);
        release(&base[0]);
        call_value(f, s, base + 1, n - 1, dest);
        pool_release(mark);
        return;
    }
    if (is_tensor_like(self) && (is_view_method(s->name) || is_inplace_method(s->name))) {
        int mark = pool_mark();
        value *args = base;
        if (s->lists)
            args = spread_args(base, n, &n);
        bool view = is_view_method(s->name);
        if (!view && self.kind != K_WINDOW)
            warn("tl:in-place-copy", "%s changes a copy here; it is meant for a variable, a field or a window",
                 s->name->text);
        value v = view ? view_method(args[0], s->name, n - 1, args + 1) : inplace_method(args[0], s->name, n - 1, args + 1);
        v = copy(v);
        for (int i = 0; i < n; i++)
            release(&args[i]);
        replace(dest, v);
        pool_release(mark);
        return;
    }
    struct callee f = resolve(s->name, vm->frame->code->unit);
    if (!f.code && !f.builtin) {
        no_method(self, s->name);
    }
    struct site all = *s;
    value *before = vm->sp;
    base = site_args(&all, f.code, f.builtin, base, n, &n);
    if (f.code) {
        enter_code(f.code, NULL, base, n, nargout, dest, multi, s->ignored);
        return;
    }
    builtin_run_at(f.builtin, base, n, nargout, dest, multi);
    vm->sp = before;
}

void call_place_method(struct site *s, value *base)
{
    struct frame *f = vm->frame;
    struct path *p = &f->code->path[s->aux];
    if (s->slot >= 0 && base[0].kind != K_NIL) {               /* the method before gave a value */
        call_method(s, base);
        return;
    }
    int mark = pool_mark(), n = s->nargs;
    struct step st[p->n + 1];
    value *root = &f->base[p->root];
    if (root->kind == K_NIL)
        fail_undefined(register_name(f->code, p->root));
    int nstep = path_steps(p, f->base, st);
    value now = nstep ? place_get(root, nstep, st) : *root;
    if (!is_tensor_like(now)) {
        base[0] = copy(now);
        pool_release(mark);
        struct site *plain = s;
        call_method(plain, base);
        return;
    }
    if (s->named)
        fail("Octave:undefined-function", "%s takes no named arguments", s->name->text);
    value *args = base + 1;
    if (s->lists)
        args = spread_args(args, n, &n);
    if (is_view_method(s->name)) {
        value v = copy(place_view(root, nstep, st, s->name, n, args));
        replace(&base[0], v);
    } else {
        if (nstep && st[nstep - 1].kind == STEP_PAREN) {
            value v = copy(inplace_method(now, s->name, n, args));
            replace(&base[0], v);
            if (is_counted(v))
                now = v;
            warn("tl:in-place-copy", "\1.%s changes a copy; A.select(…).%s or A(…) = … changes A itself", s->name->text,
                 s->name->text);
        } else {
            place_inplace(root, nstep, st, s->name, n, args);
            if (s->chained || s->statement)
                base[0] = nil();
            else
                base[0] = copy(nstep ? place_get(root, nstep, st) : *root);
        }
    }
    for (int i = 0; i < n; i++)
        release(&args[i]);
    for (int i = 0; i < p->n && !s->chained; i++) {
        const struct path_step *t = &p->step[i];
        for (int k = 0; k < (t->kind == STEP_FIELD ? t->reg >= 0 : t->n); k++)
            release(&f->base[t->reg + k]);
    }
    pool_release(mark);
}

/* ---- returns */
/* v[0..n-1] are owned values somewhere in the frame's stack; moves them to the caller.  v[i] may be NIL. */
static void hand_over(value *v, int n)
{
    struct frame *f = vm->frame;
    struct code *c = f->code;
    int nargout = (int)f->nargout, want = MAX(1, nargout);
    if (n > want) {
        for (int i = want; i < n; i++)
            release(&v[i]);
        n = want;
    }
    if (nargout == 1 && (n == 0 || v[0].kind == K_NIL)) {
        if (c->nout && !c->varargout)
            fail_undefined_output(register_name(c, c->out[0]));
        fail("Octave:undefined-function",
             "value on the right hand side of the assignment not available: %s has no result\nhint: function y = %s(…) "
             "names one",
             code_name(c), code_name(c));
    }
    /* out of the frame, into the pool, so that its windows can go first and nothing is lost if a copy fails */
    int mark = pool_mark();
    value few[4], *out = want <= COUNT(few) ? few : scratch(sizeof(value) * (size_t)want);
    for (int i = 0; i < want; i++) {
        out[i] = i < n ? v[i] : nil();
        if (i < n)
            v[i].tag = 0;
        if (is_counted(out[i]))
            keep(out[i]);
    }
    value *dest = f->dest;
    bool multi = f->multi;
    frame_pop(f);
    for (int i = 0; i < want; i++) {
        if (!multi && i)
            break;
        value x = copy(out[i]);
        if (multi)
            dest[i] = x;
        else
            replace(dest, x);
    }
    pool_release(mark);
    if (unlikely(vm->ncleanup))
        cleanup_run();
}

void return_outputs(void)
{
    struct frame *f = vm->frame;
    struct code *c = f->code;
    int fixed = c->varargout ? c->nout - 1 : c->nout, want = MAX(1, (int)f->nargout), n = 0;
    int mark = pool_mark();
    value *v = scratch(sizeof(value) * (size_t)(want + 1));
    for (int i = 0; i < fixed && i < want; i++) {
        value *o = &f->base[c->out[i]];
        v[n] = *o;
        bool again = false;                                    /* [a, a] = f() */
        for (int k = 0; k < i; k++)
            again = again || c->out[k] == c->out[i];
        if (again)
            v[n] = copy(v[n]);
        else
            *o = nil();
        if (is_counted(v[n]))
            keep(v[n]);
        n++;
    }
    if (c->varargout && n < want) {
        value rest = f->base[c->out[fixed]];
        if (rest.kind == K_CELL)
            for (i64 i = 0; i < rest.cell->numel && n < want; i++) {
                v[n] = copy(rest.cell->v[i]);
                if (is_counted(v[n]))
                    keep(v[n]);
                n++;
            }
        else if (rest.kind != K_NIL)
            fail("Octave:undefined-function", "%s: varargout must be a cell, but is a %s", code_name(c), class_of(rest));
    }
    for (int i = 0; i < fixed && i < (int)f->nargout; i++)
        if (v[i].kind == K_NIL && !(i < 16 && f->ignored >> i & 1))
            fail_undefined_output(register_name(c, c->out[i]));
    for (int i = 0; i < n; i++)
        v[i] = copy(v[i]);
    hand_over(v, n);
    pool_release(mark);
}

void return_list(value *v, int n)
{
    struct frame *f = vm->frame;
    if (n < 0)
        n = MAX(1, (int)f->nargout);
    bool lists = false;
    for (int i = 0; i < n; i++)
        lists = lists || is_list(v[i]);
    if (lists) {
        int mark = pool_mark(), k = 0, total = 0;
        for (int i = 0; i < n; i++)
            total += is_list(v[i]) ? (int)v[i].cell->numel : 1;
        value *all = scratch(sizeof(value) * (size_t)(total + 1));
        for (int i = 0; i < n; i++) {
            value x = v[i];
            v[i].tag = 0;
            if (is_counted(x))
                keep(x);
            if (is_list(x))
                for (i64 j = 0; j < x.cell->numel; j++)
                    all[k++] = x.cell->v[j];
            else
                all[k++] = x;
        }
        for (int i = 0; i < k; i++)
            all[i] = copy(all[i]);
        hand_over(all, k);
        pool_release(mark);
        return;
    }
    hand_over(v, n);
}

/* ---- from C */
static void prepare_call(struct entering *e)
{
    struct machine *m = vm;
    value *dest = top_now();
    int want = MAX(1, e->nargout);
    need_stack(dest, want + e->nargin + e->code->nreg);
    for (int i = 0; i < want; i++)
        dest[i] = nil();
    value *base = dest + want;
    m->sp = base;
    for (int i = 0; i < e->nargin; i++) {
        base[i] = copy(e->arg[i]);
        m->sp = base + i + 1;
    }
    e->dest = dest;
    enter_code(e->code, e->self, base, e->nargin, e->nargout, dest, true, 0);
}

void machine_call_code(struct code *c, struct function_value *self, int nargin, const value *arg, int nargout, value *out)
{
    struct entering e = {
        .prepare = prepare_call, .code = c, .self = self, .nargin = nargin, .nargout = nargout, .arg = arg
    };
    run_entry(&e);
    for (int i = 0; i < MAX(1, nargout); i++) {
        value v = e.dest[i];
        e.dest[i].tag = 0;
        if (is_counted(v))
            keep(v);
        if (i < nargout || i == 0)
            out[i] = v;
    }
}

void machine_call(value f, int nargin, const value *arg, int nargout, value *out)
{
    if (f.kind == K_FUNC && f.func->class == &function_class) {
        struct function_value *v = (struct function_value *)f.func;
        struct callee to = { v->code, NULL };
        if (v->h.name)
            to = resolve_value(v);
        if (to.code) {
            machine_call_code(to.code, v->h.name ? NULL : v, nargin, arg, nargout, out);
            return;
        }
        call_builtin(to.builtin, nargin, arg, nargout, out);
        return;
    }
    fail("Octave:undefined-function", "a function was expected, but this is a %s", class_of(f));
}

struct attempt { value f; int nargin, nargout; const value *arg; value *out; };
static void attempt_body(void *p)
{
    struct attempt *a = p;
    machine_call(a->f, a->nargin, a->arg, a->nargout, a->out);
}
bool machine_try(value f, int nargin, const value *arg, int nargout, value *out)
{
    struct attempt a = { f, nargin, nargout, arg, out };
    vm->guarded++;
    int failed = protect(attempt_body, &a);
    vm->guarded--;
    if (!failed)
        return true;
    if (failure()->kind != FAIL_ERROR)
        fail_again();
    error_locate();
    return false;
}

sym register_name(const struct code *c, int reg)
{
    int slot = reg - c->shift;
    return slot >= 0 && slot < c->nslot ? c->slot_name[slot] : NULL;
}

/* What a name without a value means: the result of the function of that name. */
value named_value(sym name)
{
    value v[1] = { nil() };
    if (!name)
        fail("Octave:undefined-function", "value on the right hand side of the assignment not available: the call has "
                                          "no result");
    struct callee f = resolve(name, vm->frame->code->unit);
    if (f.code)
        machine_call_code(f.code, NULL, 0, NULL, 1, v);
    else if (f.builtin)
        call_builtin(f.builtin, 0, NULL, 1, v);
    else
        fail_undefined(name);
    if (v[0].kind == K_NIL)
        fail("Octave:undefined-function",
             "value on the right hand side of the assignment not available: %s has no result", name->text);
    return v[0];
}
