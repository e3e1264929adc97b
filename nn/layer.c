/* SPDX-License-Identifier: BSD-3-Clause */
/* layer.c: what a context knows of nn: its state, and of each layer the fields that its block (nn.h) asks for.
 *
 * A block is constant and shared by all contexts; the names, kinds and defaults in its texts are read once a context, at the
 * first module of the kind, into a struct layer_info that every module points to. */
#include "nn.h"
#include <ctype.h>
#include <stdlib.h>

static void state_free(void)
{
    struct nn_state *st = *context_room(ROOM_NN);
    for (int i = 0; i < st->ninfo; i++) {
        struct layer_info *p = st->info[i];
        drop(p->closure);
        if (p->plan)
            plan_free(p->plan);
        if (p->back)
            plan_free(p->back);
        free(p);
    }
    free(st->info);
    free(st);
}

struct nn_state *nn_state(void)
{
    void **room = context_room(ROOM_NN);
    if (unlikely(!*room)) {
        if (!(*room = calloc(1, sizeof(struct nn_state))))
            fail_memory(sizeof(struct nn_state));
        context_at_exit(state_free);
    }
    return *room;
}

const char *nn_next_name(const char *s, char *name)         /* a word of letters, digits, _ and #; NULL at the end */
{
    int n = 0;
    while (s && *s == ' ')
        s++;
    if (!s || !*s)
        return NULL;
    while (isalnum((unsigned char)*s) || *s == '_' || *s == '#')
        name[n++] = *s++;
    name[n] = 0;
    return s;
}

static sym stacked_name(const char *name, int k)
{
    char text[80];
    const char *mark = strchr(name, '#');
    if (!mark)
        return symbol_of(name);
    snprintf(text, sizeof text, "%.*s%d%s", (int)(mark - name), name, k, mark + 1);
    return symbol_of(text);
}

static void info_fields(struct layer_info *p)
{
    const struct layer *l = p->layer;
    char name[64], grad[72];
    for (int k = 0; k < p->stack; k++)
        for (const char *s = l->params; (s = nn_next_name(s, name));)
            p->name[p->np++] = stacked_name(name, k);
    for (int i = 0; i < p->np; i++) {
        snprintf(grad, sizeof grad, "grad%s", p->name[i]->text);
        grad[4] = (char)toupper((unsigned char)grad[4]);
        p->name[p->np + i] = symbol_of(grad);
    }
    p->n = 2 * p->np;
    for (const char *s = l->options; (s = nn_next_name(s, name)); p->n++, p->no++) {
        int k = 0;
        p->name[p->n] = symbol_of(name);
        p->kind[p->n] = s[1];
        p->must[p->n] = s[2] != '=';
        s += 2;
        if (*s == '=')
            for (s++; *s && *s != ' '; s++)
                p->fallback[p->n][k++] = *s;
    }
    for (const char *s = l->state; (s = nn_next_name(s, name)); p->ns++)
        p->name[p->n++] = symbol_of(name);
    if (l->expr) {
        const char *s = strchr(l->expr, '(') + 1, *end = strchr(s, ')');
        for (int skip = l->criterion ? 2 : 1; s < end; s += strspn(s, ", ")) {
            s = nn_next_name(s, name);
            if (skip-- > 0)
                continue;
            for (int i = 0; i < p->n; i++)
                if (!strcmp(p->name[i]->text, name))
                    p->closure_field[p->nclosure++] = i;
        }
    }
}

static int words(const char *s)
{
    char name[64];
    int n = 0;
    while ((s = nn_next_name(s, name))) {
        n++;
        s += strcspn(s, " ");
    }
    return n;
}

const struct layer_info *nn_info_stack(const struct layer *l, int stack)
{
    struct nn_state *st = nn_state();
    for (int i = 0; i < st->ninfo; i++)
        if (st->info[i]->layer == l && st->info[i]->stack == stack)
            return st->info[i];
    size_t n = 2 * (size_t)words(l->params) * (size_t)stack + (size_t)words(l->options) + (size_t)words(l->state) + 1;
    size_t bytes = sizeof(struct layer_info) + n * (sizeof(sym) + sizeof(char[24]) + sizeof(char) + sizeof(bool));
    struct layer_info **all = realloc(st->info, sizeof *all * (size_t)(st->ninfo + 1)), *p = calloc(1, bytes);
    if (all)
        st->info = all;
    if (!all || !p) {
        free(p);
        fail_memory(bytes);
    }
    p->layer = l;
    p->stack = stack;
    p->closure = nil();
    p->name = (sym *)(p + 1);
    p->fallback = (char (*)[24])(p->name + n);
    p->kind = (char *)(p->fallback + n);
    p->must = (bool *)(p->kind + n);
    info_fields(p);
    return st->info[st->ninfo++] = p;
}
const struct layer_info *nn_info(const struct layer *l) { return nn_info_stack(l, 1); }

value nn_closure(const struct layer_info *info)
{
    if (is_nil(info->closure)) {
        value f = hooks()->function_made(info->layer->expr, strlen(info->layer->expr), true, -1, NULL);
        if (is_nil(f))
            fail("tl:internal", "%s: its expression cannot be read", info->layer->class.name);
        ((struct layer_info *)info)->closure = copy(f);
    }
    return info->closure;
}

const struct class *nn_class_named(const char *name)
{
    for (int i = 0; nn_layers[i]; i++)
        if (!strcmp(nn_layers[i]->class.name, name))
            return &nn_layers[i]->class;
    return NULL;
}
