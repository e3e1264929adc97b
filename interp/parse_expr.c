/* SPDX-License-Identifier: BSD-3-Clause */
/* Expressions and assignments. Levels 1 to 8 are one loop over operators.def (binary); tighter ones are functions:
   unary, power with transposes, chains of links, primaries. */
#include "parse.h"

#include <stdlib.h>
#include <string.h>

static struct node *unary(struct parser *p);
static struct node *binary(struct parser *p, struct node *a, int level);

/* --- expressions --- */

struct node *parse_name(struct parser *p)
{
    struct node *n = parse_node(p, NODE_NAME, tok.begin);
    n->name.name = tok.text;
    n->name.slot = -1;
    return n;
}

static bool same_sign(struct parser *p, struct node *n)    /* keep ~ against ! */
{
    if (tok.tilde)
        n->flags |= NODE_TILDE_NOT;
    return true;
}

/* The arguments up to the closing bracket, which is consumed. */
static void arguments(struct parser *p, struct node *link, int close, const char *what)
{
    struct node *outer = p->link;
    int outer_arg = p->arg;
    bool named = false;
    link->link.outer = outer;
    link->link.outer_arg = outer_arg;
    p->link = link;
    while (tok.type != close) {
        struct node *e;
        p->arg = link->link.args.n;
        if (at_op(p, OP_COLON)) {
            e = parse_node(p, NODE_COLON, tok.begin);
            parse_next(p);
            if (tok.type != T_COMMA && tok.type != close)
                parse_unexpected(p, what);
        } else {
            e = parse_expression(p);
            if (tok.type == T_ASSIGN) {
                if (e->kind != NODE_NAME || tok.op != OP_NONE)
                    lex_fail_hint(&p->x, tok.begin, "an assignment as an argument stands in parentheses of its own",
                                  "only a name can stand before '=' in an argument list");
                if (link->kind == NODE_BRACE)
                    lex_fail(&p->x, tok.begin, "a cell index takes no named arguments");
                struct node *v = parse_node(p, NODE_NAMED, e->begin);
                v->at = tok.begin;
                v->named.name = e->name.name;
                v->named.slot = -1;
                for (int i = 0; i < link->link.args.n; i++) {
                    struct node *other = link->link.args.v[i];
                    if (other->kind == NODE_NAMED && other->named.name == e->name.name)
                        lex_fail(&p->x, e->begin, "the argument '%s' is given twice", e->name.name);
                }
                parse_next(p);
                v->named.value = parse_own(p, v, parse_expression(p));
                e = parse_ends(p, v);
                named = true;
            }
        }
        if (named && e->kind != NODE_NAMED)
            lex_fail(&p->x, e->begin, "a positional argument cannot follow a named one");
        parse_push(p, link, &link->link.args, e);
        if (tok.type == T_COMMA) {
            parse_next(p);
            if (tok.type == close)
                parse_unexpected(p, "another argument");
        } else if (tok.type != close)
            parse_unexpected(p, what);
    }
    p->link = outer;
    p->arg = outer_arg;
    parse_next(p);
    parse_ends(p, link);
}

/* `(…)`, `{…}`, `.name`, `.(…)` behind a base. */
static struct node *chain(struct parser *p, struct node *base)
{
    struct node *n = NULL;
    while (tok.type == T_LPAREN || tok.type == T_LBRACE || tok.type == T_DOT) {
        if (!n) {
            n = parse_node(p, NODE_INDEX, base->begin);
            n->at = base->at;
            n->index.base = parse_own(p, n, base);
        }
        struct node *link = parse_node(p, NODE_PAREN, tok.begin);
        link->link.chain = n;
        link->link.place = n->index.links.n;
        if (tok.type == T_LPAREN) {
            parse_next(p);
            arguments(p, link, T_RPAREN, "',' or ')'");
        } else if (tok.type == T_LBRACE) {
            link->kind = NODE_BRACE;
            parse_next(p);
            arguments(p, link, T_RBRACE, "',' or '}'");
        } else {
            parse_next(p);
            if (tok.type == T_LPAREN) {
                struct node *outer = p->link;
                p->link = NULL;
                link->kind = NODE_DYNFIELD;
                parse_next(p);
                link->link.expr = parse_own(p, link, parse_expression(p));
                parse_expect(p, T_RPAREN, "')'");
                p->link = outer;
            } else if (tok.type == T_NAME) {
                link->kind = NODE_FIELD;
                link->at = tok.begin;
                link->link.name = tok.text;
                parse_next(p);
            } else
                parse_unexpected(p, "a field or method name after '.'");
        }
        parse_push(p, n, &n->index.links, parse_ends(p, link));
        parse_ends(p, n);
    }
    return n ? n : base;
}

static struct node *literal(struct parser *p, int kind)
{
    int close = kind == NODE_MATRIX ? T_RBRACKET : T_RBRACE;
    const char *what = kind == NODE_MATRIX ? "',' ';' or ']'" : "',' ';' or '}'";
    struct node *n = parse_node(p, kind, tok.begin), *row = NULL, *tilde = NULL;
    parse_next(p);
    for (;;) {
        if (tok.type == close)
            break;
        if (tok.type == T_SEMI) {
            row = NULL;
            parse_next(p);
            continue;
        }
        if (tok.type == T_COMMA && !row) {
            parse_next(p);
            if (tok.type == T_COMMA)
                parse_unexpected(p, "an element");
            continue;
        }
        struct node *e;
        if (at_op(p, OP_NOT) && kind == NODE_MATRIX) {          /* [~, i] = … */
            struct node *not = parse_node(p, NODE_UNARY, tok.begin);
            not->op = OP_NOT;
            same_sign(p, not);
            parse_next(p);
            if (tok.type == T_COMMA || tok.type == close) {
                not->kind = NODE_TILDE;
                e = tilde = not;
            } else {
                parse_deeper(p);
                not->unary.a = parse_own(p, not, unary(p));
                p->depth--;
                e = binary(p, parse_ends(p, not), 1);
            }
        } else
            e = parse_expression(p);
        if (!row) {
            row = parse_node(p, NODE_ROW, e->begin);
            parse_push(p, n, &n->list, row);
        }
        parse_push(p, row, &row->list, e);
        parse_own(p, n, row);
        parse_ends(p, row);
        if (tok.type == T_COMMA) {
            parse_next(p);
            if (tok.type == T_COMMA)
                parse_unexpected(p, "an element");
        } else if (tok.type != T_SEMI && tok.type != close)
            parse_unexpected(p, what);
    }
    parse_next(p);
    if (tilde && !at_equals(p))
        lex_fail(&p->x, tilde->begin, "'~' stands for an ignored result, but this is not an assignment");
    return parse_ends(p, n);
}

/* --- functions and closures --- */

struct function *parse_function_new(struct parser *p, uint32_t begin)
{
    struct function *f = parse_alloc(p, sizeof *f);
    f->begin = begin;
    f->outer = p->fn;
    f->source = p->a->source;
    return f;
}

struct param *parse_grow(struct parser *p, struct param **v, int *n)
{
    if ((*n & (*n - 1)) == 0) {                      /* 0 or a power of two: full */
        struct param *w = parse_alloc(p, (size_t)(*n ? 2 * *n : 1) * sizeof *w);
        if (*n)
            memcpy(w, *v, (size_t)*n * sizeof *w);
        *v = w;
    }
    return &(*v)[(*n)++];
}

/* From '(' on; the closing one is left in hand. */
void parse_parameters(struct parser *p, struct function *f)
{
    parse_next(p);
    while (tok.type != T_RPAREN) {
        struct param *q = parse_grow(p, &f->param, &f->params);
        q->begin = tok.begin;
        q->slot = -1;
        if (f->varargin)
            lex_fail(&p->x, tok.begin, "'varargin' must be the last parameter");
        if (at_op(p, OP_NOT))
            parse_next(p);
        else if (tok.type == T_NAME) {
            q->name = tok.text;
            for (int i = 0; i + 1 < f->params; i++)
                if (f->param[i].name == q->name)
                    lex_fail(&p->x, tok.begin, "the parameter '%s' stands twice", q->name);
            f->varargin = !strcmp(q->name, "varargin");
            parse_assigned(p, q->name);
            parse_next(p);
            if (at_equals(p)) {
                if (f->varargin)
                    lex_fail(&p->x, tok.begin, "'varargin' takes no default value");
                parse_next(p);
                q->init = parse_expression(p);
            }
        } else
            parse_unexpected(p, "a parameter name");
        q->end = p->last_end;
        if (tok.type == T_COMMA) {
            parse_next(p);
            if (tok.type == T_RPAREN)
                parse_unexpected(p, "a parameter name");
        } else if (tok.type != T_RPAREN)
            parse_unexpected(p, "',' or ')' in the parameter list");
    }
}

static struct node *closure(struct parser *p, uint32_t begin)
{
    struct node *n = parse_node(p, NODE_CLOSURE, begin), *outer_link = p->link;
    struct function *f = n->function = parse_function_new(p, begin), *outer = p->fn;
    struct vars vars = { .outer = p->vars };
    int loops = p->loops, arg = p->arg;
    parse_deeper(p);
    f->closure = true;
    p->fn = f;
    p->vars = &vars;
    p->link = NULL;
    p->loops = 0;
    parse_parameters(p, f);
    for (int i = 0; i < f->params; i++)
        parse_own(p, n, f->param[i].init);
    f->header_end = tok.end;
    if (p->x.depth && (p->x.stack[p->x.depth - 1].type == IN_BRACKET || p->x.stack[p->x.depth - 1].type == IN_BRACE))
        lex_push(&p->x, IN_CLOSURE, begin);
    p->x.operand = false;
    parse_next(p);
    if (tok.type == T_NAME && !strcmp(tok.text, "begin")) {
        struct open o;
        parse_open(p, &o, -1);
        if (p->x.depth && p->x.stack[p->x.depth - 1].type == IN_CLOSURE)
            lex_pop(&p->x);
        lex_push(&p->x, IN_BLOCK, tok.begin);
        uint32_t at = tok.begin;
        p->x.start = true;
        p->x.operand = false;
        parse_next(p);
        f->block = true;
        f->body = parse_statements(p, false);
        f->body->begin = at;
        if (!at_keyword(p, KW_END)) {
            char what[80];
            snprintf(what, sizeof what, "'end' for the 'begin' at line %d", parse_line(p, at));
            parse_unexpected(p, what);
        }
        p->open = o.outer;
        lex_pop(&p->x);
        p->x.operand = true;
        parse_next(p);
        parse_ends(p, f->body);
    } else
        f->body = parse_expression(p);
    parse_own(p, n, f->body);
    f->end = p->last_end;
    p->fn = outer;
    p->vars = vars.outer;
    p->link = outer_link;
    p->arg = arg;
    p->loops = loops;
    p->depth--;
    return parse_ends(p, n);
}

static struct node *handle(struct parser *p)
{
    uint32_t begin = tok.begin;
    parse_next(p);
    if (tok.type == T_LPAREN)
        return closure(p, begin);
    if (tok.type != T_NAME)
        parse_unexpected(p, "a function name or '(' after '@'");
    struct node *n = parse_node(p, NODE_HANDLE, begin);
    uint32_t from = tok.begin, to = tok.end;
    parse_next(p);
    while (tok.type == T_DOT && !tok.space) {
        parse_next(p);
        if (tok.type != T_NAME)
            parse_unexpected(p, "a name after '.'");
        to = tok.end;
        parse_next(p);
    }
    if (tok.type == T_LPAREN && !tok.space)
        lex_fail_hint(&p->x, tok.begin, "leave out the '@' to call it", "a handle '@%.*s' cannot be called at once",
                      (int)(to - from > 60 ? 60 : to - from), p->a->source->text + from);
    n->name.name = ast_name(p->a, p->a->source->text + from, to - from);
    if (!n->name.name)
        lex_no_memory(&p->x);
    n->name.slot = -1;
    return parse_ends(p, n);
}


static struct node *primary(struct parser *p)
{
    struct node *n;
    switch (tok.type) {
    case T_NUMBER:
        n = parse_node(p, NODE_NUMBER, tok.begin);
        n->number.value = tok.number;
        n->number.bits = tok.bits;
        n->number.cls = tok.cls;
        n->number.text = p->a->source->text + tok.begin;
        n->flags = tok.imag ? NODE_IMAG : 0;
        parse_next(p);
        return n;
    case T_STRING:
        n = parse_node(p, NODE_STRING, tok.begin);
        n->string.text = tok.text;
        n->string.len = tok.len;
        n->flags = tok.dq ? NODE_DOUBLE : 0;
        parse_next(p);
        return n;
    case T_NAME:
        if (!strcmp(tok.text, "end")) {
            n = parse_node(p, NODE_END, tok.begin);
            if (!p->link) {
                char sign;
                uint32_t at;
                if (parse_bracket(p, &sign, &at)) {
                    int column, line = source_line(p->a->source, at, &column);
                    lex_fail(&p->x, tok.begin,
                             "'end' stands in no index; or is the '%c' opened at line %d, column %d not closed?", sign,
                             line, column);
                }
                lex_fail(&p->x, tok.begin, "'end' stands in no index");
            }
            n->endof.link = p->link;
            n->endof.arg = p->arg;
        } else
            n = parse_name(p);
        parse_next(p);
        return n;
    case T_LPAREN: {
        n = parse_node(p, NODE_PARENS, tok.begin);
        parse_next(p);
        struct node *e = parse_expression(p);
        if (tok.type == T_ASSIGN)
            e = parse_assignment(p, e);
        n->unary.a = parse_own(p, n, e);
        parse_expect(p, T_RPAREN, "')'");
        return parse_ends(p, n);
    }
    case T_LBRACKET:
        return literal(p, NODE_MATRIX);
    case T_LBRACE:
        return literal(p, NODE_CELL);
    case T_AT:
        return handle(p);
    default:
        parse_unexpected(p, "an expression");
    }
}

struct node *parse_chain(struct parser *p)
{
    struct node *n = primary(p);
    return n->kind == NODE_CLOSURE || n->kind == NODE_HANDLE ? n : chain(p, n);
}

static bool prefix(const struct parser *p)
{
    return at_op(p, OP_PLUS) || at_op(p, OP_MINUS) || at_op(p, OP_NOT);
}

static int prefix_op(int op)
{
    return op == OP_PLUS ? OP_UPLUS : op == OP_MINUS ? OP_UMINUS : OP_NOT;
}

static struct node *exponent(struct parser *p);

static struct node *counted_after(struct parser *p)       /* k, or k++ */
{
    struct node *n = parse_chain(p);
    if (tok.type != T_INCDEC)
        return n;
    int op = tok.op;
    uint32_t at = tok.begin;
    parse_next(p);
    return parse_ends(p, parse_count(p, n, n->begin, op, at));
}

/* ++k; before what is no variable it is two signs. */
static struct node *counted(struct parser *p)
{
    int op = tok.op;
    uint32_t begin = tok.begin;
    struct node *n;
    parse_next(p);
    if (tok.type == T_NAME && parse_is_variable(p, tok.text)) {
        n = parse_count(p, parse_chain(p), begin, op, begin);
        n->flags |= NODE_PREFIX;
    } else {
        n = parse_node(p, NODE_UNARY, begin);
        struct node *m = parse_node(p, NODE_UNARY, begin + 1);
        m->op = n->op = (uint8_t)prefix_op(op);
        m->unary.a = parse_own(p, m, exponent(p));
        n->unary.a = parse_own(p, n, parse_ends(p, m));
    }
    return parse_ends(p, n);
}

/* What stands right of ^: 2^-x, but no further ^, which is left associative. */
static struct node *exponent(struct parser *p)
{
    if (tok.type == T_INCDEC)
        return counted(p);
    if (!prefix(p))
        return counted_after(p);
    struct node *n = parse_node(p, NODE_UNARY, tok.begin);
    n->op = (uint8_t)prefix_op(tok.op);
    same_sign(p, n);
    parse_deeper(p);
    parse_next(p);
    n->unary.a = parse_own(p, n, exponent(p));
    p->depth--;
    return parse_ends(p, n);
}

static struct node *power(struct parser *p)
{
    struct node *a = counted_after(p);
    for (;;) {
        if (tok.type == T_POSTFIX) {
            struct node *n = parse_node(p, NODE_POSTFIX, a->begin);
            n->op = (uint8_t)tok.op;
            n->at = tok.begin;
            n->unary.a = parse_own(p, n, a);
            parse_next(p);
            a = chain(p, parse_ends(p, n));
        } else if (at_op(p, OP_MPOWER) || at_op(p, OP_POWER)) {
            struct node *n = parse_node(p, NODE_BINARY, a->begin);
            n->op = (uint8_t)tok.op;
            n->at = tok.begin;
            n->binary.a = parse_own(p, n, a);
            parse_next(p);
            n->binary.b = parse_own(p, n, exponent(p));
            a = parse_ends(p, n);
        } else
            return a;
    }
}

static struct node *unary(struct parser *p)
{
    if (tok.type == T_INCDEC)
        return counted(p);
    if (!prefix(p))
        return power(p);
    struct node *n = parse_node(p, NODE_UNARY, tok.begin);
    n->op = (uint8_t)prefix_op(tok.op);
    same_sign(p, n);
    parse_deeper(p);
    parse_next(p);
    n->unary.a = parse_own(p, n, unary(p));
    p->depth--;
    return parse_ends(p, n);
}

/* Left operand in hand: takes the operators of `level` and tighter. Level 6 is the range. */
static struct node *binary(struct parser *p, struct node *a, int level)
{
    for (;;) {
        int op = tok.type == T_OP ? tok.op : OP_NONE, l = op == OP_NOT ? 0 : operator_info[op].level;
        if (!op || !l || l < level || l > 8)
            return a;
        if (op == OP_COLON) {
            struct node *n = parse_node(p, NODE_RANGE, a->begin);
            n->op = OP_COLON;
            n->at = tok.begin;
            n->range.a = parse_own(p, n, a);
            parse_next(p);
            n->range.b = parse_own(p, n, binary(p, unary(p), l + 1));
            if (at_op(p, OP_COLON)) {
                parse_next(p);
                n->range.step = n->range.b;
                n->range.b = parse_own(p, n, binary(p, unary(p), l + 1));
            }
            a = parse_ends(p, n);
            continue;
        }
        struct node *n = parse_node(p, op == OP_ANDAND || op == OP_OROR ? NODE_SHORT : NODE_BINARY, a->begin);
        n->op = (uint8_t)op;
        n->at = tok.begin;
        same_sign(p, n);
        n->binary.a = parse_own(p, n, a);
        parse_next(p);
        n->binary.b = parse_own(p, n, binary(p, unary(p), l + 1));
        a = parse_ends(p, n);
    }
}

struct node *parse_expression(struct parser *p)
{
    parse_deeper(p);
    struct node *n = binary(p, unary(p), 1);
    p->depth--;
    return n;
}

/* --- assignments --- */

void parse_target(struct parser *p, struct node *n)
{
    const struct node *base = n->kind == NODE_INDEX ? n->index.base : n;
    if (base->kind == NODE_NAME) {
        parse_assigned(p, base->name.name);
        return;
    }
    if (n->kind == NODE_TILDE)
        return;
    lex_fail(&p->x, n->begin, "%s cannot be assigned to", n->kind == NODE_INDEX ?
             "an index of what is no variable" : node_words[n->kind]);
}

/* [a, b(2), ~] that turned out to be targets. */
static void targets(struct parser *p, struct node *n, struct node *m)
{
    if (m->list.n != 1)
        lex_fail(&p->x, m->begin, m->list.n ? "the targets of an assignment stand in one row" :
                 "'[]' cannot be assigned to");
    struct list *row = &m->list.v[0]->list;
    for (int i = 0; i < row->n; i++) {
        struct node *e = row->v[i];
        if (e->kind == NODE_UNARY && e->op == OP_NOT && e->unary.a->begin > e->begin + 1) {    /* [~ i] */
            struct node *t = parse_node(p, NODE_TILDE, e->begin);
            t->end = e->begin + 1;
            parse_push(p, n, &n->assign.targets, t);
            e = e->unary.a;
        }
        parse_target(p, e);
        parse_push(p, n, &n->assign.targets, e);
    }
}

/* `target = …` or `target op= …`, the sign in hand. */
struct node *parse_assignment(struct parser *p, struct node *target)
{
    struct node *n = parse_node(p, NODE_ASSIGN, target->begin);
    n->op = (uint8_t)tok.op;
    n->at = tok.begin;
    parse_deeper(p);
    if (target->kind == NODE_MATRIX) {
        if (n->op)
            lex_fail(&p->x, tok.begin, "'%s=' takes one target", operator_info[n->op].symbol);
        n->flags |= NODE_MULTI;
        parse_own(p, n, target);
    } else if (target->kind != NODE_NAME && target->kind != NODE_INDEX) {
        if (target->kind == NODE_BINARY || target->kind == NODE_SHORT || target->kind == NODE_UNARY)
            lex_fail_hint(&p->x, tok.begin, target->kind == NODE_BINARY && target->op == OP_MINUS && !tok.op ?
                          "a name has letters, digits and _, no '-'; compare with ==" : "compare with ==", "%s cannot be assigned to",
                          node_words[target->kind]);
        parse_target(p, target);
    }
    parse_next(p);
    struct node *v = parse_expression(p);
    if (tok.type == T_ASSIGN)
        v = parse_assignment(p, v);
    n->assign.value = parse_own(p, n, v);
    if (n->flags & NODE_MULTI)
        targets(p, n, target);
    else {
        parse_target(p, target);
        parse_push(p, n, &n->assign.targets, target);
    }
    p->depth--;
    return parse_ends(p, n);
}

struct node *parse_count(struct parser *p, struct node *target, uint32_t begin, int op, uint32_t at)
{
    struct node *n = parse_node(p, NODE_ASSIGN, begin), *one = parse_node(p, NODE_NUMBER, at);
    if (target->kind != NODE_NAME && target->kind != NODE_INDEX)
        lex_fail(&p->x, at, "%s cannot be counted with '%s'", node_words[target->kind], op == OP_PLUS ? "++" : "--");
    one->number.value = 1;
    one->number.text = "1";
    one->end = at + 1;
    n->op = (uint8_t)op;
    n->at = at;
    n->flags = NODE_INCDEC;
    n->assign.value = parse_own(p, n, one);
    parse_target(p, target);
    parse_push(p, n, &n->assign.targets, target);
    return n;
}
