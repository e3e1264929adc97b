/* SPDX-License-Identifier: BSD-3-Clause */
/* guide.c: what `example` and `demo` (scripts/) need: a text of code cut where one may stop to look. */
#include "vm.h"
#include <stdlib.h>

struct span { uint32_t begin, end; bool function; };

static int by_begin(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* from the start of the line of s->begin, with the comment lines right above, to the end of the line of s->end */
static void whole_lines(const char *text, uint32_t len, uint32_t least, struct span *s)
{
    while (s->begin > least && text[s->begin - 1] != '\n')
        s->begin--;
    while (s->begin > least) {
        uint32_t up = s->begin - 1;
        while (up > least && text[up - 1] != '\n')
            up--;
        const char *first = text + up + strspn(text + up, " \t");
        if (*first != '%' && *first != '#')
            break;
        s->begin = up;
    }
    while (s->end < len && text[s->end] != '\n')
        s->end++;
}

BUILTIN(paragraphs, 1, 1, 1, NO_GRAD,
  "c = paragraphs(text)\n\n"
  "A text of code as a cell of texts that run one after another: functions first, then statements up to a blank line "
  "each, with the comments above them. Fails with identifier 'tl:incomplete' where the text breaks off within a "
  "statement.\n\n"
  "Example:\n  c = paragraphs(sprintf(\"a = 1;\\nb = 2\\n\\nc = 3\\n\"));\n  size(c)\n  ans =\n     1   2\n  c{2}\n  "
  "ans = c = 3\n\n"
  "See also: example, demo, eval")
{
    size_t n;
    const char *s = arg_text(c, 0, &n);
    struct parse_error e = { 0 };
    struct parse_options o = { .name = "", .flags = PARSE_FILE };
    struct ast *a = parse_text(s, n, &o, &e);
    if (!a) {
        if (e.incomplete) {
            source_free(e.source);
            fail("tl:incomplete", "paragraphs: the text breaks off within a statement");
        }
        fail_parse(&e);
    }
    const struct node *body = a->main ? a->main->body : NULL;
    bool list = body && body->kind == NODE_BLOCK;
    int room = a->functions + (list ? body->list.n : body != NULL), k = 0, parts = 0;
    struct span *all = scratch(sizeof *all * (size_t)(room + 1));
    for (int i = 0; i < a->functions; i++)
        all[k++] = (struct span){ a->function[i]->begin, a->function[i]->end, true };
    for (int i = 0; body && i < (list ? body->list.n : 1); i++) {
        const struct node *x = list ? body->list.v[i] : body;
        if (x->kind != NODE_FUNCTION)
            all[k++] = (struct span){ x->begin, x->end, false };
    }
    ast_free(a);
    qsort(all, (size_t)k, sizeof *all, by_begin);
    uint32_t last = 0;
    for (int i = 0; i < k; i++) {
        whole_lines(s, (uint32_t)n, last, &all[i]);
        bool joined = parts && !all[i].function && !all[parts - 1].function;
        for (uint32_t p = last; joined && p + 1 < all[i].begin; p++)
            joined = !(s[p] == '\n' && s[p + 1 + strspn(s + p + 1, " \t\r")] == '\n');
        if (joined)
            all[parts - 1].end = MAX(all[parts - 1].end, all[i].end);
        else
            all[parts++] = all[i];
        last = MAX(last, all[i].end);
    }
    struct cell *r = cell_2d(1, parts);
    int to = 0;
    for (int functions = 1; functions >= 0; functions--)
        for (int i = 0; i < parts; i++)
            if (all[i].function == functions)
                cell_set(r, to++, tensor_value(tensor_text(s + all[i].begin, all[i].end - all[i].begin)));
    result(c, 0, cell_value(r));
}
