/* SPDX-License-Identifier: BSD-3-Clause */
/* ew_text.c: the listing of a plan, as code(@(x) …) prints it: one line a node, in the order of computation. */
#include "config.h"
#include "lab/ew.h"

static const char *const matrix_names[MX_OPS] = { "mtimes", "mrdivide", "mldivide", "mpower", "ctranspose", "transpose" };

value plan_text(const struct plan *p)
{
    const struct plan_node *node;
    int n = plan_nodes(p, &node);
    struct buf *b = buf_new();
    char s[160];
    for (int i = 0; i < n; i++) {
        const struct plan_node *q = &node[i];
        buff(b, "v%d = ", i);
        switch (q->kind) {
        case PN_LEAF:
            buff(b, "leaf %d%s", q->a, q->dies ? ", at its last use" : "");
            break;
        case PN_NUM:
            if (q->num.kind == K_NUM && q->num.dtype != D_INT64 && q->num.dtype != D_UINT64)
                buff(b, "%.17g", q->num.num);
            else
                buff(b, "%s", value_describe(q->num, s));
            break;
        case PN_OP:
            if (q->b < 0)
                buff(b, "%s(v%d)", ew_rows[q->op].name, q->a);
            else
                buff(b, "%s(v%d, v%d)", ew_rows[q->op].name, q->a, q->b);
            break;
        case PN_MATRIX:
            if (q->b < 0)
                buff(b, "%s(v%d)", matrix_names[q->op], q->a);
            else
                buff(b, "%s(v%d, v%d), elementwise if one is a number", matrix_names[q->op], q->a, q->b);
            break;
        case PN_REDUCE:
            if (q->b < 0)
                buff(b, "%s(v%d)", reduce_rows[q->op].name, q->a);
            else
                buff(b, "%s(v%d, v%d)", reduce_rows[q->op].name, q->a, q->b);
            break;
        }
        buf_putc(b, '\n');
    }
    return buf_value(b);
}
