/* SPDX-License-Identifier: BSD-3-Clause */
/* shapes.c: the shapes that layers want, written as in their help, checked and told.
 *
 *     "N x inputSize or N x T x inputSize"     the name of an option stands for its number, another word for any
 * number, the same word for the same number
 *     "... x nOutput"                          any dimensions before
 *     "{N x inputSize1, N x inputSize2}"       a cell of at least so many elements; "{a, {b, c}}" likewise; one word
 * alone is any tensor
 *
 * Trailing singletons, which tensors drop, fit. */
#include "nn.h"
#include <ctype.h>

enum { MOST_WORDS = 16 };
struct words { int n; struct { char name[24]; i64 size; } word[MOST_WORDS]; };

static const char *word_of(const char *s, char *name)
{
    int n = 0;
    while (*s == ' ')
        s++;
    while ((isalnum((unsigned char)*s) || *s == '_' || *s == '.') && n < 23)
        name[n++] = *s++;
    name[n] = 0;
    return s;
}

/* A size by its word: of an option, of the same word before, or any. */
static bool size_fits(struct module *m, const char *name, i64 size, struct words *w)
{
    int k = module_field(m, name);
    if (k >= 0 && k >= 2 * m->info->np && m->f[k].kind == K_NUM)
        return (i64)m->f[k].num == size;
    for (int i = 0; i < w->n; i++)
        if (!strcmp(w->word[i].name, name))
            return w->word[i].size == size;
    if (w->n < MOST_WORDS) {
        snprintf(w->word[w->n].name, sizeof w->word[0].name, "%s", name);
        w->word[w->n++].size = size;
    }
    return true;
}

static bool fits(struct module *m, const char **s, value x, struct words *w);
static bool cell_fits(struct module *m, const char **s, value x, struct words *w)       /* behind the brace */
{
    i64 i = 0;
    bool good = x.kind == K_CELL;
    for (;; i++) {
        value none = nil();
        good &= fits(m, s, good && i < x.cell->numel ? x.cell->v[i] : none, w);
        while (**s == ' ' || **s == ',')
            if (*(*s)++ == ',')
                break;
        if (**s == '}' || !**s)
            break;
    }
    if (**s)
        ++*s;
    return good && i < x.cell->numel;
}

static bool fits(struct module *m, const char **s, value x, struct words *w)
{
    char name[MAX_DIMS][24];
    i64 dim[MAX_DIMS];
    int n = 0, first = 0;
    while (**s == ' ')
        ++*s;
    if (**s == '{') {
        ++*s;
        return cell_fits(m, s, x, w);
    }
    while (n < MAX_DIMS) {
        *s = word_of(*s, name[n++]);
        if (strncmp(*s, " x ", 3))
            break;
        *s += 3;
    }
    if (!is_tensor_like(x) || dtype_is(value_dtype(x), DT_C | DT_T))
        return false;
    if (n == 1)
        return true;
    int nd = value_dims(x, dim);
    if (!strcmp(name[0], "...")) {            /* only the last ones count */
        first = 1;
        if (nd < n - 1)
            return false;
        for (int d = first; d < n; d++)
            if (!size_fits(m, name[d], dim[nd - n + d], w))
                return false;
        return true;
    }
    if (nd > n)
        return false;
    for (int d = 0; d < n; d++)
        if (!size_fits(m, name[d], d < nd ? dim[d] : 1, w))
            return false;
    return true;
}

static void told(struct module *m, const char *s, struct buf *b)         /* with the numbers of options */
{
    char name[24];
    while (*s) {
        const char *end = word_of(s, name);
        if (end == s || !*name || *s == ' ') {
            buf_putc(b, *s++);
            continue;
        }
        int k = module_field(m, name);
        if (k >= 2 * m->info->np && m->f[k].kind == K_NUM)
            buff(b, "%.15g", m->f[k].num);
        else
            buf_puts(b, name);
        s = end;
    }
}

static bool any_fits(struct module *m, const char *s, value x)
{
    while (s) {
        struct words w = { 0 };
        if (fits(m, &s, x, &w))
            return true;
        s = strstr(s, " or ");
        s = s ? s + 4 : NULL;
    }
    return false;
}

void nn_check_input(struct module *m, value x)
{
    const char *wants = layer_of(m)->wants;
    if (any_fits(m, wants, x))
        return;
    struct buf *b = buf_new(), *got = buf_new();
    char d[160];
    told(m, wants, b);
    if (x.kind != K_CELL || x.cell->numel < 1 || x.cell->numel > 6)
        nn_fail_shape(m, b->s, x);
    for (i64 i = 0; i < x.cell->numel; i++) {
        buf_puts(got, i ? ", " : "{");
        if (is_tensor_like(x.cell->v[i]) && !dtype_is(value_dtype(x.cell->v[i]), DT_C | DT_T))
            buf_puts(got, value_shape(x.cell->v[i], d));
        else
            buff(got, "a %s", value_describe(x.cell->v[i], d));
    }
    nn_fail(m, "wants %s and got %s}", b->s, got->s);
}

void nn_check_target(struct module *m, value x, value t)
{
    i64 a[MAX_DIMS], b[MAX_DIMS];
    char s[160], d[160];
    if (!is_tensor_like(x) || dtype_is(value_dtype(x), DT_C | DT_T))
        nn_fail_shape(m, "a tensor", x);
    int n = value_dims(x, a);
    if (!is_tensor_like(t) || dtype_is(value_dtype(t), DT_C | DT_T))
        nn_fail(m, "the target must be a tensor like the input, %s, but is a %s", dims_text(n, a, s), value_describe(t, d));
    int k = value_dims(t, b);
    if (!dims_equal(n, a, k, b) && value_numel(t) != 1)
        nn_fail(m, "the target must be like the input, %s, but is %s", dims_text(n, a, s), dims_text(k, b, d));
}
