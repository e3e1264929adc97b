/* SPDX-License-Identifier: BSD-3-Clause */
/* module_print.c: a net as Torch draws it: a chain as a list, branches as a tree, a graph as a list that says what each
 * module reads. */
#include "nn.h"
#include "lab/print.h"
#include <ctype.h>

static void indented(struct buf *to, const char *s, const char *in)      /* lines of s, all but the first behind `in` */
{
    for (; *s; s++) {
        buf_putc(to, *s);
        if (*s == '\n')
            buf_puts(to, in);
    }
}

static void tree_of(struct module *m, struct buf *b);

static void chain(struct module *m, struct cell *c, struct buf *b)
{
    (void)m;
    buf_puts(b, " {\n  [input");
    for (i64 i = 0; i < c->numel; i++)
        buff(b, " -> (%lld)", (long long)i + 1);
    buf_puts(b, " -> output]");
    for (i64 i = 0; i < c->numel; i++) {
        struct buf *child = buf_new();
        tree_of(module_of(c->v[i]), child);
        buff(b, "\n  (%lld): ", (long long)i + 1);
        indented(b, child->s, "  ");
    }
    buf_puts(b, "\n}");
}

static void branches(struct module *m, struct cell *c, struct buf *b)
{
    (void)m;
    buf_puts(b, " {\n  input");
    for (i64 i = 0; i < c->numel; i++) {
        struct buf *child = buf_new();
        bool last = i == c->numel - 1;
        tree_of(module_of(c->v[i]), child);
        buff(b, "\n  %s(%lld): ", last ? "  `-> " : "  |`-> ", (long long)i + 1);
        indented(b, child->s, last ? "         " : "    |    ");
    }
    buf_puts(b, "\n     ... -> output\n}");
}

static void graph(struct module *m, struct cell *c, struct buf *b)
{
    buf_puts(b, " {");
    for (i64 i = 0; i <= c->numel; i++) {
        struct buf *child = buf_new(), *reads = buf_new();
        if (i < c->numel)
            buff(b, "\n  (%lld): ", (long long)i + 1);
        nn_graph_text(m, i, i < c->numel ? b : child, reads);
        if (i < c->numel)
            tree_of(module_of(c->v[i]), child);
        else
            buf_puts(b, "\n  output: ");
        indented(b, child->s, "  ");
        buf_puts(b, reads->s);
    }
    buf_puts(b, "\n}");
}

static void tree_of(struct module *m, struct buf *b)
{
    const struct layer *l = layer_of(m);
    int at = module_field(m, "modules");
    poll();
    if (!l->tree || at < 0 || m->f[at].kind != K_CELL) {
        int inner = module_field(m, "module");
        module_label(m, b);
        if (inner >= 0 && is_module(m->f[inner])) {       /* a decorator: nn.NaN(2) @ nn.Linear(3 -> 4) */
            struct buf *child = buf_new();
            tree_of(module_of(m->f[inner]), child);
            buf_puts(b, " @ ");
            buf_puts(b, child->s);
        }
        return;
    }
    nn_enter(m, 0);                           /* counts the depth */
    module_label(m, b);
    if (!strcmp(l->tree, "chain"))
        chain(m, m->f[at].cell, b);
    else if (!strcmp(l->tree, "graph"))
        graph(m, m->f[at].cell, b);
    else
        branches(m, m->f[at].cell, b);
    nn_leave();
}

void module_print(value v, const char *name)
{
    struct module *m = module_of(v);
    struct buf *b = buf_new(), *out = buf_new();
    int in = print_indent();
    char blanks[64] = "";
    if (!nn_state()->running)
        nn_state()->depth = 0;
    tree_of(m, b);
    for (int i = 0; i < in && i < 60; i++)
        blanks[i] = ' ', blanks[i + 1] = 0;
    bool several = strchr(b->s, '\n') != NULL;
    if (name && several) {
        print_header(name);
        buf_puts(out, blanks);
    } else if (name) {
        buff(out, "%s%s = ", blanks, name);
    } else {
        buf_puts(out, blanks);
    }
    indented(out, b->s, blanks);
    buf_putc(out, '\n');
    if (name && several)
        buf_putc(out, '\n');
    out_text(out->s, out->n);
}

void nn_show_options(struct module *m, struct buf *b)
{
    for (int i = 0; i < m->info->no; i++)
        if (OPTION(m, i).kind == K_NUM && m->info->kind[2 * m->info->np + i] != 'b')
            buff(b, "%s%g", b->n ? ", " : "", option_num(m, i));
}

/* ---- what help says of defaults: from the table of options, under the names that the first signature gives them */
static const char *signature_name(const char *s, char *name, size_t size)
{
    size_t n = 0;
    s += strspn(s, "(, ");
    while (n < size - 1 && (isalnum((unsigned char)*s) || *s == '_'))
        name[n++] = *s++;
    name[n] = 0;
    return s;
}

void nn_defaults(const char *class, const char *help, struct buf *b)
{
    const struct class *c = nn_class_named(class);
    char name[64], called[64];
    const char *sig = strchr(help, '('), *end = sig ? strchr(sig, ')') : NULL;
    bool any = false;
    if (!c || !end)
        return;
    for (const char *s = ((const struct layer *)c)->options; (s = nn_next_name(s, name)); s += strcspn(s, " ")) {
        char kind = s[1];
        sig = sig < end ? signature_name(sig, called, sizeof called) : end;
        if (s[2] != '=' || s[3] == ' ' || !s[3] || sig >= end + 1)
            continue;
        int n = (int)strcspn(s + 3, " ");
        bool text = kind == 's' || kind == 'r' || kind == 'R';
        buff(b, "%s%s ", any ? ", " : "Defaults: ", *called ? called : name);
        if (kind == 'b')
            buf_puts(b, s[3] == '0' ? "false" : "true");
        else
            buff(b, text ? "\"%.*s\"" : "%.*s", n, s + 3);
        any = true;
    }
    if (any)
        buf_puts(b, ".\n\n");
}
