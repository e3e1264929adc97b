/* SPDX-License-Identifier: BSD-3-Clause */
/* unsup.c: the modules of unsup as objects: a loss inside, so forward gives a number and backward needs no gradOutput.
 *
 * What one computes is a rule in the language, rule(m, what, x, t, ...), a function of the package and no closure: so a
 * module is cloned, saved and loaded as any other.  The object keeps its parts (modules by name, whose parameters are
 * its own), its settings (a struct: numbers, criterions) and in `kept` what forward leaves for backward. */
#include "nn.h"

enum { RULE, LABEL, PARTS, SETTINGS, KEPT, MODULES = 0 };

static void unsup_init(struct module *m)
{
    value parts = OPTION(m, PARTS);
    replace(&STATE(m, MODULES), copy(nn_cells(0)));
    if (parts.kind == K_CELL)                 /* of a file: names, the modules follow */
        return;
    if (OPTION(m, RULE).kind != K_FUNC)
        fail("Octave:invalid-input-arg", "nn.UnsupModule: the rule must be a function, but is a %s",
             class_of(OPTION(m, RULE)));
    if (parts.kind != K_STRUCT || parts.rec->numel != 1)
        fail("Octave:invalid-input-arg", "nn.UnsupModule: the parts must be a struct of modules, but are a %s",
             class_of(parts));
    int n = parts.rec->f ? parts.rec->f->n : 0;
    struct cell *names = nn_cells(n).cell, *modules = nn_cells(n).cell;
    for (int i = 0; i < n; i++) {
        sym s = parts.rec->f->name[i];
        value v = record_get(parts.rec, 0, s);
        if (!is_module(v) || layer_of(module_of(v))->criterion)
            fail("Octave:invalid-input-arg", "nn.UnsupModule: the part %s must be a module, but is a %s", s->text,
                 class_of(v));
        cell_set(names, i, tensor_box(tensor_text(s->text, strlen(s->text))));
        cell_set(modules, i, v);
    }
    replace(&STATE(m, MODULES), copy(cell_value(modules)));
    replace(&OPTION(m, PARTS), copy(cell_value(names)));
}

static value part_named(struct module *m, const char *name)
{
    value names = OPTION(m, PARTS), mods = STATE(m, MODULES);
    if (names.kind == K_CELL && mods.kind == K_CELL)
        for (i64 i = 0; i < names.cell->numel && i < mods.cell->numel; i++)
            if (nn_text_is(names.cell->v[i], name))
                return mods.cell->v[i];
    return nil();
}

static value unsup_get(struct module *m, sym field)
{
    value v = part_named(m, field->text), s = OPTION(m, SETTINGS);
    return !is_nil(v) || s.kind != K_STRUCT || s.rec->numel != 1 ? v : record_get(s.rec, 0, field);
}

static bool unsup_put(struct module *m, sym field, value v)  /* settings */
{
    value s = OPTION(m, SETTINGS);
    if (s.kind != K_STRUCT || s.rec->numel != 1 || is_nil(record_get(s.rec, 0, field)))
        return false;
    struct record *r = record_scalar();
    for (int i = 0; i < s.rec->f->n; i++)
        record_set(r, 0, s.rec->f->name[i], s.rec->f->name[i] == field ? v : record_get(s.rec, 0, s.rec->f->name[i]));
    replace(&OPTION(m, SETTINGS), copy(record_value(r)));
    return true;
}

static bool unsup_method(struct module *m, const char *name, struct call *c)
{
    static const struct {
        const char *method, *what;
        int first;
    } does[] = { { "forward", "forward", 1 },     { "updateOutput", "forward", 1 }, { "backward", "backward", 1 },
                 { "normalize", "normalize", 0 }, { "diagHessian", "hessian", 1 },  { "search", "search", 1 } };
    for (int i = 0; i < COUNT(does); i++) {
        if (strcmp(name, does[i].method))
            continue;
        value arg[8] = { module_value(m), tensor_box(tensor_text(does[i].what, strlen(does[i].what))) },
              out[2] = { nil(), nil() };
        if (does[i].first && !has_arg(c, 1))
            fail("Octave:invalid-fun-call", "%s.%s: the input is needed", class_of(c->arg[0]), name);
        int n = 2;
        for (int k = 1; k < c->nargin && n < COUNT(arg); k++)
            arg[n++] = c->arg[k];
        if (n == 3)                           /* to be made like the input */
            arg[n++] = arg[2];
        if (c->nargin > COUNT(arg) - 1)
            fail("Octave:invalid-fun-call", "%s.%s: too many arguments", class_of(c->arg[0]), name);
        call_function(OPTION(m, RULE), n, arg, does[i].first ? MAX(1, MIN(c->nargout, 2)) : 0, out);
        for (int k = 0; k < 2 && !is_nil(out[k]); k++)
            result(c, k, out[k]);
        if (i < 3 && !is_nil(out[0]))
            replace(i < 2 ? &m->output : &m->grad_input, copy(out[0]));
        return true;
    }
    if (!strcmp(name, "updateGradInput") || !strcmp(name, "accGradParameters") || !strcmp(name, "backwardUpdate") ||
        !strcmp(name, "accUpdateGradParameters"))
        nn_fail(m, "its loss is inside: m.backward(x, t) gives the gradient of the input and adds to those of the "
                   "parameters");
    return false;
}

static value unsup_forward(struct module *m, value x)
{
    (void)x;
    nn_fail(m, "has its loss inside and is no layer of a net; its parts are, as m.encoder");
}
static void unsup_forget(struct module *m) { replace(&OPTION(m, KEPT), copy(tensor_box(tensor_2d(D_DOUBLE, 0, 0)))); }

static void unsup_show(struct module *m, struct buf *b)
{
    value label = OPTION(m, LABEL), names = OPTION(m, PARTS);
    struct tensor *t = tensor_dense(tensor_of(label));
    buff(b, "%.*s", (int)t->numel, t->data);
    for (i64 i = 0; names.kind == K_CELL && i < names.cell->numel; i++) {
        struct tensor *s = tensor_dense(tensor_of(names.cell->v[i]));
        if (nn_text_is(names.cell->v[i], "dictionary") || (nn_text_is(names.cell->v[i], "net") && names.cell->numel > 1))
            continue;                         /* what the others are put together in */
        buff(b, ", %.*s ", (int)s->numel, s->data);
        module_label(module_of(STATE(m, MODULES).cell->v[i]), b);
    }
}

LAYER(UnsupModule,
      "m = nn.UnsupModule(rule, label, parts, settings)\n\n"
      "What the modules of unsup are: an object with a loss inside. loss = m.forward(x, t) and gradInput = "
      "m.backward(x, "
      "t) call rule(m, 'forward', x, t) and rule(m, 'backward', x, t), where t is x unless it is given; m.normalize() "
      "and "
      "m.diagHessian(x, t) call it with 'normalize' and 'hessian'. parts is a struct of modules, fields of m whose "
      "parameters are those of m; settings is a struct of whatever else the rule reads, fields of m that can be set. "
      "What "
      "the rule stores in m.kept is there for backward. rule should be a function of a package or file, "
      "@unsup.rule_sparse "
      "say, so that m can be saved and loaded.\n\n"
      "Example:\n"
      "  m = unsup.AutoEncoder(nn.Linear(3, 2), nn.Linear(2, 3))\n"
      "  m = nn.UnsupModule(unsup.AutoEncoder, encoder nn.Linear(3 -> 2), decoder nn.Linear(2 -> 3))\n\n"
      "See also: unsup.UnsupModule, unsup.AutoEncoder, unsup.PSD, unsup.UnsupTrainer",
      .options = "rule:v label:s parts:v settings:v= kept:v=", .state = "modules", .init = unsup_init,
      .forward = unsup_forward, .method = unsup_method, .methods = "normalize diagHessian search",
      .changed = nn_children_changed, .get = unsup_get, .put = unsup_put, .forget = unsup_forget, .show = unsup_show)
