/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens to tree: recursive descent with one token in hand and precedence climbing over operators.def. The first error
   leaves by longjmp to parse_text, the arena is freed, nothing else is held. Depth is bounded twice: nesting while we
   recurse (NEST_MOST), height of the finished tree (AST_HEIGHT), so that neither we nor a walker overflow the stack. */
#include "lex.h"

#include <stdlib.h>
#include <string.h>

enum { NEST_MOST = 1000 };

/* Names assigned so far in one function, for command syntax. Interned, so a set of pointers. */
struct vars {
    const char **v;
    int n, room;
    struct vars *outer;          /* of the function around a closure */
};

struct open { int keyword; uint32_t at; struct open *outer; };

struct parser {
    struct lexer x;
    struct ast *a;
    const struct parse_options *opt;
    struct function *fn;
    struct vars *vars;
    struct node *link;           /* innermost index around, for `end` */
    int arg;
    struct open *open;           /* blocks not yet closed */
    int depth, loops;
    uint32_t last_end;           /* end of the token before */
    bool ended;                  /* some function of this text was closed by `end` */
};

static struct node *expression(struct parser *p);
static struct node *unary(struct parser *p);
static struct node *binary(struct parser *p, struct node *a, int level);
static struct node *statements(struct parser *p, bool top);

/* --- small tools --- */

#define tok (p->x.tok)

static void advance(struct parser *p)
{
    p->last_end = tok.end;
    lex_next(&p->x);
}

static void *alloc(struct parser *p, size_t n)
{
    void *m = ast_alloc(p->a, n);
    if (!m)
        lex_no_memory(&p->x);
    return m;
}

static struct node *node(struct parser *p, int kind, uint32_t begin)
{
    struct node *n = alloc(p, sizeof *n);
    n->kind = (uint8_t)kind;
    n->begin = n->at = begin;
    n->end = tok.end;
    n->height = 1;
    return n;
}

static struct node *ends(struct parser *p, struct node *n)
{
    n->end = p->last_end;
    return n;
}

/* Every child passes here on its way into the tree. */
static struct node *own(struct parser *p, struct node *n, struct node *child)
{
    if (child && child->height >= n->height) {
        n->height = child->height + 1;
        if (n->height > AST_HEIGHT)
            lex_fail(&p->x, child->at, "an expression of more than %d nested operations: split it", AST_HEIGHT);
    }
    return child;
}

static void push(struct parser *p, struct node *n, struct list *l, struct node *child)
{
    int had = l->n;
    own(p, n, child);
    ast_push(p->a, l, child);
    if (l->n == had)
        lex_no_memory(&p->x);
}

static void deeper(struct parser *p)
{
    if (++p->depth > NEST_MOST)
        lex_fail(&p->x, tok.begin, "expressions and blocks are nested more than %d deep", NEST_MOST);
}

static bool at_keyword(const struct parser *p, int k) { return tok.type == T_KEYWORD && tok.op == k; }
static bool at_op(const struct parser *p, int op) { return tok.type == T_OP && tok.op == op; }
static bool at_equals(const struct parser *p) { return tok.type == T_ASSIGN && tok.op == OP_NONE; }

static bool at_block_keyword(const struct parser *p)       /* that ends the statements before it */
{
    return tok.type == T_KEYWORD && (keyword_info[tok.op].role == KEYWORD_INSIDE ||
                                     keyword_info[tok.op].role == KEYWORD_CLOSES);
}

static bool at_statement_end(const struct parser *p)
{
    return tok.type == T_NEWLINE || tok.type == T_SEMI || tok.type == T_COMMA || tok.type == T_EOF ||
           at_block_keyword(p) || (p->x.depth == 0 && at_keyword(p, KW_FUNCTION));
}

static int line_of(const struct parser *p, uint32_t at)
{
    return source_line(p->a->source, at, NULL);
}

/* --- variables, as far as known while reading --- */

static unsigned vars_hash(const char *name) { return (unsigned)((uintptr_t)name >> 4) * 2654435761u; }

static bool vars_has(const struct vars *v, const char *name)
{
    for (; v; v = v->outer)
        if (v->n) {
            unsigned k = vars_hash(name);
            for (; v->v[k &= (unsigned)v->room - 1]; k++)
                if (v->v[k] == name)
                    return true;
        }
    return false;
}

static void vars_add(struct parser *p, const char *name)
{
    struct vars *v = p->vars, alone = *v;
    alone.outer = NULL;
    if (!name || vars_has(&alone, name))
        return;
    if (2 * v->n >= v->room) {
        struct vars grown = { .room = v->room ? 2 * v->room : 16, .n = v->n };
        grown.v = alloc(p, (size_t)grown.room * sizeof *grown.v);
        for (int i = 0; i < v->room; i++)
            if (v->v[i]) {
                unsigned k = vars_hash(v->v[i]);
                while (grown.v[k &= (unsigned)grown.room - 1])
                    k++;
                grown.v[k] = v->v[i];
            }
        v->v = grown.v;
        v->room = grown.room;
    }
    unsigned k = vars_hash(name);
    while (v->v[k &= (unsigned)v->room - 1])
        k++;
    v->v[k] = name;
    v->n++;
}

static bool is_variable(struct parser *p, const char *name)
{
    static const char *const constants[] = { "ans", "pi", "e", "Inf", "inf", "NaN", "nan", "NA", "eps", "i", "j", "I",
                                             "J", "true", "false" };
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        if (!strcmp(name, constants[i]))
            return true;
    if (vars_has(p->vars, name))
        return true;
    return p->fn->script && p->opt->is_variable && p->opt->is_variable(p->opt->user, name);
}

/* --- what was expected --- */

static const char *describe(const struct parser *p, char *buf, size_t room)
{
    int n = (int)(tok.end - tok.begin);
    if (n > 40)
        n = 40;
    const char *text = p->a->source->text + tok.begin;
    switch (tok.type) {
    case T_EOF: return "the end of the text";
    case T_NEWLINE: return "the end of the line";
    case T_SEMI: return tok.implicit ? "a new row" : "';'";
    case T_COMMA: return tok.implicit ? "another element" : "','";
    case T_STRING: snprintf(buf, room, "the text %.*s", n, text); return buf;
    case T_NUMBER: snprintf(buf, room, "the number %.*s", n, text); return buf;
    case T_KEYWORD: snprintf(buf, room, "the keyword '%.*s'", n, text); return buf;
    default: snprintf(buf, room, "'%.*s'", n, text); return buf;
    }
}

/* The innermost open bracket, or NULL: top-level or closure contexts do not count. */
static bool open_bracket(const struct parser *p, char *sign, uint32_t *at)
{
    for (int i = p->x.depth - 1; i >= 0; i--) {
        int c = p->x.stack[i].type;
        if (c == IN_CLOSURE)
            continue;
        if (c == IN_BLOCK)
            return false;
        *at = p->x.stack[i].at;
        *sign = p->a->source->text[*at];
        return true;
    }
    return false;
}

static _Noreturn void unexpected(struct parser *p, const char *expected)
{
    char buf[80], sign;
    uint32_t at;
    const char *found = describe(p, buf, sizeof buf);
    bool bracket = open_bracket(p, &sign, &at);
    int column, line = bracket ? source_line(p->a->source, at, &column) : 0;
    if (tok.type == T_EOF) {
        if (bracket)
            lex_incomplete(&p->x, at, "'%c' opened at line %d, column %d is not closed", sign, line, column);
        if (p->open)
            lex_incomplete(&p->x, p->open->at, "'%s' opened at line %d is not closed",
                           p->open->keyword < 0 ? "begin" : keyword_info[p->open->keyword].text,
                           line_of(p, p->open->at));
    }
    if (bracket && tok.type == T_KEYWORD)
        lex_fail(&p->x, tok.begin, "%s is unexpected here: '%c' opened at line %d, column %d is not closed", found, sign, line,
                 column);
    if (at_equals(p))
        lex_fail_hint(&p->x, tok.begin, "compare with ==; an assignment inside an expression stands in parentheses",
                      "expected %s but found '='", expected);
    lex_fail(&p->x, tok.begin, "expected %s but found %s", expected, found);
}

static void expect(struct parser *p, int type, const char *what)
{
    if (tok.type != type)
        unexpected(p, what);
    advance(p);
}

static void begin_block(struct parser *p, struct open *o, int keyword)
{
    o->keyword = keyword;
    o->at = tok.begin;
    o->outer = p->open;
    p->open = o;
    deeper(p);
}

static void end_block(struct parser *p, int own_word)
{
    struct open *o = p->open;
    if (!at_keyword(p, KW_END) && !at_keyword(p, own_word)) {
        char what[160];
        if (tok.type == T_EOF)
            unexpected(p, "");
        snprintf(what, sizeof what, "'end' or '%s' for the '%s' opened at line %d", keyword_info[own_word].text,
                 keyword_info[o->keyword].text, line_of(p, o->at));
        unexpected(p, what);
    }
    p->open = o->outer;
    p->depth--;
    advance(p);
}

/* --- expressions --- */

static struct node *name_node(struct parser *p)
{
    struct node *n = node(p, NODE_NAME, tok.begin);
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
            e = node(p, NODE_COLON, tok.begin);
            advance(p);
            if (tok.type != T_COMMA && tok.type != close)
                unexpected(p, what);
        } else {
            e = expression(p);
            if (tok.type == T_ASSIGN) {
                if (e->kind != NODE_NAME || tok.op != OP_NONE)
                    lex_fail_hint(&p->x, tok.begin, "an assignment as an argument stands in parentheses of its own",
                                  "only a name can stand before '=' in an argument list");
                if (link->kind == NODE_BRACE)
                    lex_fail(&p->x, tok.begin, "a cell index takes no named arguments");
                struct node *v = node(p, NODE_NAMED, e->begin);
                v->at = tok.begin;
                v->named.name = e->name.name;
                v->named.slot = -1;
                for (int i = 0; i < link->link.args.n; i++) {
                    struct node *other = link->link.args.v[i];
                    if (other->kind == NODE_NAMED && other->named.name == e->name.name)
                        lex_fail(&p->x, e->begin, "the argument '%s' is given twice", e->name.name);
                }
                advance(p);
                v->named.value = own(p, v, expression(p));
                e = ends(p, v);
                named = true;
            }
        }
        if (named && e->kind != NODE_NAMED)
            lex_fail(&p->x, e->begin, "a positional argument cannot follow a named one");
        push(p, link, &link->link.args, e);
        if (tok.type == T_COMMA) {
            advance(p);
            if (tok.type == close)
                unexpected(p, "another argument");
        } else if (tok.type != close)
            unexpected(p, what);
    }
    p->link = outer;
    p->arg = outer_arg;
    advance(p);
    ends(p, link);
}

/* `(…)`, `{…}`, `.name`, `.(…)` behind a base. */
static struct node *chain(struct parser *p, struct node *base)
{
    struct node *n = NULL;
    while (tok.type == T_LPAREN || tok.type == T_LBRACE || tok.type == T_DOT) {
        if (!n) {
            n = node(p, NODE_INDEX, base->begin);
            n->at = base->at;
            n->index.base = own(p, n, base);
        }
        struct node *link = node(p, NODE_PAREN, tok.begin);
        link->link.chain = n;
        link->link.place = n->index.links.n;
        if (tok.type == T_LPAREN) {
            advance(p);
            arguments(p, link, T_RPAREN, "',' or ')'");
        } else if (tok.type == T_LBRACE) {
            link->kind = NODE_BRACE;
            advance(p);
            arguments(p, link, T_RBRACE, "',' or '}'");
        } else {
            advance(p);
            if (tok.type == T_LPAREN) {
                struct node *outer = p->link;
                p->link = NULL;
                link->kind = NODE_DYNFIELD;
                advance(p);
                link->link.expr = own(p, link, expression(p));
                expect(p, T_RPAREN, "')'");
                p->link = outer;
            } else if (tok.type == T_NAME) {
                link->kind = NODE_FIELD;
                link->at = tok.begin;
                link->link.name = tok.text;
                advance(p);
            } else
                unexpected(p, "a field or method name after '.'");
        }
        push(p, n, &n->index.links, ends(p, link));
        ends(p, n);
    }
    return n ? n : base;
}

static struct node *literal(struct parser *p, int kind)
{
    int close = kind == NODE_MATRIX ? T_RBRACKET : T_RBRACE;
    const char *what = kind == NODE_MATRIX ? "',' ';' or ']'" : "',' ';' or '}'";
    struct node *n = node(p, kind, tok.begin), *row = NULL, *tilde = NULL;
    advance(p);
    for (;;) {
        if (tok.type == close)
            break;
        if (tok.type == T_SEMI) {
            row = NULL;
            advance(p);
            continue;
        }
        if (tok.type == T_COMMA && !row) {
            advance(p);
            if (tok.type == T_COMMA)
                unexpected(p, "an element");
            continue;
        }
        struct node *e;
        if (at_op(p, OP_NOT) && kind == NODE_MATRIX) {          /* [~, i] = … */
            struct node *not = node(p, NODE_UNARY, tok.begin);
            not->op = OP_NOT;
            same_sign(p, not);
            advance(p);
            if (tok.type == T_COMMA || tok.type == close) {
                not->kind = NODE_TILDE;
                e = tilde = not;
            } else {
                deeper(p);
                not->unary.a = own(p, not, unary(p));
                p->depth--;
                e = binary(p, ends(p, not), 1);
            }
        } else
            e = expression(p);
        if (!row) {
            row = node(p, NODE_ROW, e->begin);
            push(p, n, &n->list, row);
        }
        push(p, row, &row->list, e);
        own(p, n, row);
        ends(p, row);
        if (tok.type == T_COMMA) {
            advance(p);
            if (tok.type == T_COMMA)
                unexpected(p, "an element");
        } else if (tok.type != T_SEMI && tok.type != close)
            unexpected(p, what);
    }
    advance(p);
    if (tilde && !at_equals(p))
        lex_fail(&p->x, tilde->begin, "'~' stands for an ignored result, but this is not an assignment");
    return ends(p, n);
}

/* --- functions and closures --- */

static struct function *function_new(struct parser *p, uint32_t begin)
{
    struct function *f = alloc(p, sizeof *f);
    f->begin = begin;
    f->outer = p->fn;
    f->source = p->a->source;
    return f;
}

static struct param *grow(struct parser *p, struct param **v, int *n)
{
    if ((*n & (*n - 1)) == 0) {                      /* 0 or a power of two: full */
        struct param *w = alloc(p, (size_t)(*n ? 2 * *n : 1) * sizeof *w);
        if (*n)
            memcpy(w, *v, (size_t)*n * sizeof *w);
        *v = w;
    }
    return &(*v)[(*n)++];
}

/* From '(' on; the closing one is left in hand. */
static void parameters(struct parser *p, struct function *f)
{
    advance(p);
    while (tok.type != T_RPAREN) {
        struct param *q = grow(p, &f->param, &f->params);
        q->begin = tok.begin;
        q->slot = -1;
        if (f->varargin)
            lex_fail(&p->x, tok.begin, "'varargin' must be the last parameter");
        if (at_op(p, OP_NOT))
            advance(p);
        else if (tok.type == T_NAME) {
            q->name = tok.text;
            for (int i = 0; i + 1 < f->params; i++)
                if (f->param[i].name == q->name)
                    lex_fail(&p->x, tok.begin, "the parameter '%s' stands twice", q->name);
            f->varargin = !strcmp(q->name, "varargin");
            vars_add(p, q->name);
            advance(p);
            if (at_equals(p)) {
                if (f->varargin)
                    lex_fail(&p->x, tok.begin, "'varargin' takes no default value");
                advance(p);
                q->init = expression(p);
            }
        } else
            unexpected(p, "a parameter name");
        q->end = p->last_end;
        if (tok.type == T_COMMA) {
            advance(p);
            if (tok.type == T_RPAREN)
                unexpected(p, "a parameter name");
        } else if (tok.type != T_RPAREN)
            unexpected(p, "',' or ')' in the parameter list");
    }
}

static struct node *closure(struct parser *p, uint32_t begin)
{
    struct node *n = node(p, NODE_CLOSURE, begin), *outer_link = p->link;
    struct function *f = n->function = function_new(p, begin), *outer = p->fn;
    struct vars vars = { .outer = p->vars };
    int loops = p->loops, arg = p->arg;
    deeper(p);
    f->closure = true;
    p->fn = f;
    p->vars = &vars;
    p->link = NULL;
    p->loops = 0;
    parameters(p, f);
    for (int i = 0; i < f->params; i++)
        own(p, n, f->param[i].init);
    f->header_end = tok.end;
    if (p->x.depth && (p->x.stack[p->x.depth - 1].type == IN_BRACKET || p->x.stack[p->x.depth - 1].type == IN_BRACE))
        lex_push(&p->x, IN_CLOSURE, begin);
    p->x.operand = false;
    advance(p);
    if (tok.type == T_NAME && !strcmp(tok.text, "begin")) {
        struct open o;
        begin_block(p, &o, -1);
        if (p->x.depth && p->x.stack[p->x.depth - 1].type == IN_CLOSURE)
            lex_pop(&p->x);
        lex_push(&p->x, IN_BLOCK, tok.begin);
        uint32_t at = tok.begin;
        p->x.start = true;
        p->x.operand = false;
        advance(p);
        f->block = true;
        f->body = statements(p, false);
        f->body->begin = at;
        if (!at_keyword(p, KW_END)) {
            char what[80];
            snprintf(what, sizeof what, "'end' for the 'begin' at line %d", line_of(p, at));
            unexpected(p, what);
        }
        p->open = o.outer;
        p->depth--;
        lex_pop(&p->x);
        p->x.operand = true;
        advance(p);
        ends(p, f->body);
    } else
        f->body = expression(p);
    own(p, n, f->body);
    f->end = p->last_end;
    p->fn = outer;
    p->vars = vars.outer;
    p->link = outer_link;
    p->arg = arg;
    p->loops = loops;
    p->depth--;
    return ends(p, n);
}

static struct node *handle(struct parser *p)
{
    uint32_t begin = tok.begin;
    advance(p);
    if (tok.type == T_LPAREN)
        return closure(p, begin);
    if (tok.type != T_NAME)
        unexpected(p, "a function name or '(' after '@'");
    struct node *n = node(p, NODE_HANDLE, begin);
    uint32_t from = tok.begin, to = tok.end;
    advance(p);
    while (tok.type == T_DOT && !tok.space) {
        advance(p);
        if (tok.type != T_NAME)
            unexpected(p, "a name after '.'");
        to = tok.end;
        advance(p);
    }
    if (tok.type == T_LPAREN && !tok.space)
        lex_fail_hint(&p->x, tok.begin, "leave out the '@' to call it", "a handle '@%.*s' cannot be called at once",
                      (int)(to - from > 60 ? 60 : to - from), p->a->source->text + from);
    n->name.name = ast_name(p->a, p->a->source->text + from, to - from);
    if (!n->name.name)
        lex_no_memory(&p->x);
    n->name.slot = -1;
    return ends(p, n);
}

static struct node *assignment(struct parser *p, struct node *target);

static struct node *primary(struct parser *p)
{
    struct node *n;
    switch (tok.type) {
    case T_NUMBER:
        n = node(p, NODE_NUMBER, tok.begin);
        n->number.value = tok.number;
        n->number.bits = tok.bits;
        n->number.cls = tok.cls;
        n->number.text = p->a->source->text + tok.begin;
        n->flags = tok.imag ? NODE_IMAG : 0;
        advance(p);
        return n;
    case T_STRING:
        n = node(p, NODE_STRING, tok.begin);
        n->string.text = tok.text;
        n->string.len = tok.len;
        n->flags = tok.dq ? NODE_DOUBLE : 0;
        advance(p);
        return n;
    case T_NAME:
        if (!strcmp(tok.text, "end")) {
            n = node(p, NODE_END, tok.begin);
            if (!p->link) {
                char sign;
                uint32_t at;
                if (open_bracket(p, &sign, &at)) {
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
            n = name_node(p);
        advance(p);
        return n;
    case T_LPAREN: {
        n = node(p, NODE_PARENS, tok.begin);
        advance(p);
        struct node *e = expression(p);
        if (tok.type == T_ASSIGN)
            e = assignment(p, e);
        n->unary.a = own(p, n, e);
        expect(p, T_RPAREN, "')'");
        return ends(p, n);
    }
    case T_LBRACKET:
        return literal(p, NODE_MATRIX);
    case T_LBRACE:
        return literal(p, NODE_CELL);
    case T_AT:
        return handle(p);
    default:
        unexpected(p, "an expression");
    }
}

static struct node *primary_chain(struct parser *p)
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

/* What stands right of ^: 2^-x, but no further ^, which is left associative. */
static struct node *exponent(struct parser *p)
{
    if (!prefix(p))
        return primary_chain(p);
    struct node *n = node(p, NODE_UNARY, tok.begin);
    n->op = (uint8_t)prefix_op(tok.op);
    same_sign(p, n);
    deeper(p);
    advance(p);
    n->unary.a = own(p, n, exponent(p));
    p->depth--;
    return ends(p, n);
}

static struct node *power(struct parser *p)
{
    struct node *a = primary_chain(p);
    for (;;) {
        if (tok.type == T_POSTFIX) {
            struct node *n = node(p, NODE_POSTFIX, a->begin);
            n->op = (uint8_t)tok.op;
            n->at = tok.begin;
            n->unary.a = own(p, n, a);
            advance(p);
            a = chain(p, ends(p, n));
        } else if (at_op(p, OP_MPOWER) || at_op(p, OP_POWER)) {
            struct node *n = node(p, NODE_BINARY, a->begin);
            n->op = (uint8_t)tok.op;
            n->at = tok.begin;
            n->binary.a = own(p, n, a);
            advance(p);
            n->binary.b = own(p, n, exponent(p));
            a = ends(p, n);
        } else
            return a;
    }
}

static struct node *unary(struct parser *p)
{
    if (!prefix(p))
        return power(p);
    struct node *n = node(p, NODE_UNARY, tok.begin);
    n->op = (uint8_t)prefix_op(tok.op);
    same_sign(p, n);
    deeper(p);
    advance(p);
    n->unary.a = own(p, n, unary(p));
    p->depth--;
    return ends(p, n);
}

/* Left operand in hand: takes the operators of `level` and tighter. Level 6 is the range. */
static struct node *binary(struct parser *p, struct node *a, int level)
{
    for (;;) {
        int op = tok.type == T_OP ? tok.op : OP_NONE, l = op == OP_NOT ? 0 : operator_info[op].level;
        if (!op || !l || l < level || l > 8)
            return a;
        if (op == OP_COLON) {
            struct node *n = node(p, NODE_RANGE, a->begin);
            n->op = OP_COLON;
            n->at = tok.begin;
            n->range.a = own(p, n, a);
            advance(p);
            n->range.b = own(p, n, binary(p, unary(p), l + 1));
            if (at_op(p, OP_COLON)) {
                advance(p);
                n->range.step = n->range.b;
                n->range.b = own(p, n, binary(p, unary(p), l + 1));
            }
            a = ends(p, n);
            continue;
        }
        struct node *n = node(p, op == OP_ANDAND || op == OP_OROR ? NODE_SHORT : NODE_BINARY, a->begin);
        n->op = (uint8_t)op;
        n->at = tok.begin;
        same_sign(p, n);
        n->binary.a = own(p, n, a);
        advance(p);
        n->binary.b = own(p, n, binary(p, unary(p), l + 1));
        a = ends(p, n);
    }
}

static struct node *expression(struct parser *p)
{
    deeper(p);
    struct node *n = binary(p, unary(p), 1);
    p->depth--;
    return n;
}

/* --- assignments --- */

static void check_target(struct parser *p, struct node *n)
{
    const struct node *base = n->kind == NODE_INDEX ? n->index.base : n;
    if (base->kind == NODE_NAME) {
        vars_add(p, base->name.name);
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
            struct node *t = node(p, NODE_TILDE, e->begin);
            t->end = e->begin + 1;
            push(p, n, &n->assign.targets, t);
            e = e->unary.a;
        }
        check_target(p, e);
        push(p, n, &n->assign.targets, e);
    }
}

/* `target = …` or `target op= …`, the sign in hand. */
static struct node *assignment(struct parser *p, struct node *target)
{
    struct node *n = node(p, NODE_ASSIGN, target->begin);
    n->op = (uint8_t)tok.op;
    n->at = tok.begin;
    deeper(p);
    if (target->kind == NODE_MATRIX) {
        if (n->op)
            lex_fail(&p->x, tok.begin, "'%s=' takes one target", operator_info[n->op].symbol);
        n->flags |= NODE_MULTI;
        own(p, n, target);
    } else if (target->kind != NODE_NAME && target->kind != NODE_INDEX) {
        if (target->kind == NODE_BINARY || target->kind == NODE_SHORT || target->kind == NODE_UNARY)
            lex_fail_hint(&p->x, tok.begin, "compare with ==", "%s cannot be assigned to", node_words[target->kind]);
        check_target(p, target);
    }
    advance(p);
    struct node *v = expression(p);
    if (tok.type == T_ASSIGN)
        v = assignment(p, v);
    n->assign.value = own(p, n, v);
    if (n->flags & NODE_MULTI)
        targets(p, n, target);
    else {
        check_target(p, target);
        push(p, n, &n->assign.targets, target);
    }
    p->depth--;
    return ends(p, n);
}

static struct node *incdec(struct parser *p, struct node *target, uint32_t begin, int op, uint32_t at)
{
    struct node *n = node(p, NODE_ASSIGN, begin), *one = node(p, NODE_NUMBER, at);
    if (target->kind != NODE_NAME && target->kind != NODE_INDEX)
        lex_fail(&p->x, at, "%s cannot be counted with '%s'", node_words[target->kind], op == OP_PLUS ? "++" : "--");
    one->number.value = 1;
    one->number.text = "1";
    one->end = at + 1;
    n->op = (uint8_t)op;
    n->at = at;
    n->flags = NODE_INCDEC;
    n->assign.value = own(p, n, one);
    check_target(p, target);
    push(p, n, &n->assign.targets, target);
    return n;
}

/* --- statements --- */

static struct node *condition(struct parser *p)
{
    struct node *n = expression(p);
    if (tok.type == T_ASSIGN)
        lex_fail_hint(&p->x, tok.begin, "compare with ==; an assignment here stands in parentheses",
                      "'%s' in a condition", tok.op ? operator_info[tok.op].symbol : "=");
    return n;
}

static struct node *clause(struct parser *p, struct node *cond, uint32_t begin)
{
    struct node *n = node(p, NODE_CLAUSE, begin);
    n->clause.cond = own(p, n, cond);
    n->clause.body = own(p, n, statements(p, false));
    return ends(p, n);
}

static struct node *if_statement(struct parser *p)
{
    struct node *n = node(p, NODE_IF, tok.begin);
    struct open o;
    bool other = false;
    begin_block(p, &o, KW_IF);
    do {
        uint32_t begin = tok.begin;
        if (other)
            lex_fail(&p->x, begin, "'%s' after the 'else' of the 'if' opened at line %d", keyword_info[tok.op].text,
                     line_of(p, o.at));
        other = at_keyword(p, KW_ELSE);
        advance(p);
        push(p, n, &n->list, clause(p, other ? NULL : condition(p), begin));
        own(p, n, n->list.v[n->list.n - 1]);
    } while (at_keyword(p, KW_ELSEIF) || at_keyword(p, KW_ELSE));
    end_block(p, KW_ENDIF);
    return n;
}

static struct node *loop_body(struct parser *p)
{
    p->loops++;
    struct node *n = statements(p, false);
    p->loops--;
    return n;
}

static struct node *while_statement(struct parser *p)
{
    struct node *n = node(p, NODE_WHILE, tok.begin);
    struct open o;
    begin_block(p, &o, KW_WHILE);
    advance(p);
    n->loop.cond = own(p, n, condition(p));
    n->loop.body = own(p, n, loop_body(p));
    end_block(p, KW_ENDWHILE);
    return n;
}

static struct node *do_statement(struct parser *p)
{
    struct node *n = node(p, NODE_UNTIL, tok.begin);
    struct open o;
    begin_block(p, &o, KW_DO);
    advance(p);
    n->loop.body = own(p, n, loop_body(p));
    if (!at_keyword(p, KW_UNTIL)) {
        char what[80];
        snprintf(what, sizeof what, "'until' for the 'do' opened at line %d", line_of(p, o.at));
        unexpected(p, what);
    }
    p->open = o.outer;
    p->depth--;
    advance(p);
    n->loop.cond = own(p, n, condition(p));
    return n;
}

static struct node *for_statement(struct parser *p)
{
    struct node *n = node(p, NODE_FOR, tok.begin);
    struct open o;
    begin_block(p, &o, KW_FOR);
    advance(p);
    bool parens = tok.type == T_LPAREN;
    if (parens)
        advance(p);
    if (tok.type != T_NAME)
        unexpected(p, "a variable after 'for'");
    n->loop.target = own(p, n, primary_chain(p));
    if (!at_equals(p))
        unexpected(p, "'=' after the variable of 'for'");
    check_target(p, n->loop.target);
    n->at = tok.begin;
    advance(p);
    n->loop.cond = own(p, n, expression(p));
    if (parens) {
        if (tok.type == T_RPAREN) {
            p->x.operand = false;
            p->x.start = true;
        }
        expect(p, T_RPAREN, "')'");
    }
    n->loop.body = own(p, n, loop_body(p));
    end_block(p, KW_ENDFOR);
    return n;
}

static void skip_separators(struct parser *p)
{
    while (tok.type == T_NEWLINE || tok.type == T_SEMI || tok.type == T_COMMA)
        advance(p);
}

static struct node *switch_statement(struct parser *p)
{
    struct node *n = node(p, NODE_SWITCH, tok.begin);
    struct open o;
    begin_block(p, &o, KW_SWITCH);
    advance(p);
    n->select.value = own(p, n, condition(p));
    skip_separators(p);
    bool other = false;
    while (at_keyword(p, KW_CASE) || at_keyword(p, KW_OTHERWISE)) {
        uint32_t begin = tok.begin;
        if (other)
            lex_fail(&p->x, begin, "'%s' after the 'otherwise' of the 'switch' opened at line %d",
                     keyword_info[tok.op].text, line_of(p, o.at));
        other = at_keyword(p, KW_OTHERWISE);
        advance(p);
        struct node *c = clause(p, other ? NULL : condition(p), begin);
        push(p, n, &n->select.cases, c);
    }
    if (!at_keyword(p, KW_END) && !at_keyword(p, KW_ENDSWITCH) && tok.type != T_EOF && !n->select.cases.n)
        unexpected(p, "'case', 'otherwise' or 'end' in 'switch'");
    end_block(p, KW_ENDSWITCH);
    return n;
}

/* `catch err`: is the name in hand the error's, or does a statement start with it? */
static bool names_error(const struct parser *p)
{
    uint32_t at = p->x.pos;
    const char *s = p->a->source->text;
    while (s[at] == ' ' || s[at] == '\t')
        at++;
    char c = s[at];
    return c != '(' && c != '{' && c != '.' && c != '=' && !(c && strchr("+-*/^&|<>~!'\"", c));
}

static struct node *try_statement(struct parser *p, int keyword)
{
    bool unwind = keyword == KW_UNWIND;
    struct node *n = node(p, unwind ? NODE_UNWIND : NODE_TRY, tok.begin);
    struct open o;
    int middle = unwind ? KW_CLEANUP : KW_CATCH, close = unwind ? KW_ENDUNWIND : KW_ENDTRY;
    begin_block(p, &o, keyword);
    advance(p);
    n->try.body = own(p, n, statements(p, false));
    if (at_keyword(p, middle)) {
        advance(p);
        if (!unwind && tok.type == T_NAME && names_error(p)) {
            n->try.name = own(p, n, name_node(p));
            vars_add(p, tok.text);
            p->x.start = true;
            p->x.operand = false;
            advance(p);
        }
        n->try.handler = own(p, n, statements(p, false));
    } else if (unwind) {
        char what[80];
        snprintf(what, sizeof what, "'unwind_protect_cleanup' for the 'unwind_protect' opened at line %d",
                 line_of(p, o.at));
        unexpected(p, what);
    } else {
        n->try.handler = node(p, NODE_BLOCK, tok.begin);     /* try … end: errors are ignored */
        n->try.handler->end = tok.begin;
    }
    end_block(p, close);
    return n;
}

static struct node *return_statement(struct parser *p)
{
    struct node *n = node(p, NODE_RETURN, tok.begin);
    advance(p);
    if (at_statement_end(p))
        return n;
    n->flags |= NODE_VALUES;
    do {
        if (n->list.n)
            advance(p);
        if (at_statement_end(p) || tok.type == T_KEYWORD)
            break;
        push(p, n, &n->list, expression(p));
    } while (tok.type == T_COMMA);
    return ends(p, n);
}

static struct node *declaration(struct parser *p, int kind)
{
    struct node *n = node(p, kind, tok.begin);
    const char *word = keyword_info[tok.op].text;
    if (kind == NODE_PERSISTENT && p->fn->script)
        lex_fail(&p->x, tok.begin, "'persistent' stands in a function only");
    advance(p);
    do {
        if (tok.type != T_NAME) {
            char what[60];
            snprintf(what, sizeof what, "a name after '%s'", word);
            unexpected(p, what);
        }
        struct node *d = node(p, NODE_DECL, tok.begin);
        d->named.name = tok.text;
        d->named.slot = -1;
        vars_add(p, tok.text);
        advance(p);
        if (at_equals(p)) {
            advance(p);
            d->named.value = own(p, d, expression(p));
        }
        push(p, n, &n->list, ends(p, d));
    } while (tok.type == T_NAME);
    return ends(p, n);
}

/* --- comments that document --- */

static const char *comment_text(struct parser *p, uint32_t begin, uint32_t end)
{
    const char *s = p->a->source->text;
    char *out = alloc(p, end - begin + 2);
    size_t n = 0;
    bool in_block = false;
    for (uint32_t i = begin; i < end; ) {
        uint32_t e = i;
        while (e < end && s[e] != '\n')
            e++;
        uint32_t b = i, stop = e;
        while (stop > b && strchr(" \t\r", s[stop - 1]))
            stop--;
        if (!in_block) {
            while (b < stop && strchr(" \t", s[b]))
                b++;
        }
        bool sign = b < stop && (s[b] == '%' || s[b] == '#');
        if (sign && b + 2 == stop && (s[b + 1] == '{' || s[b + 1] == '}'))
            in_block = s[b + 1] == '{';
        else {
            if (!in_block) {
                while (b < stop && (s[b] == '%' || s[b] == '#'))
                    b++;
                if (b < stop && s[b] == ' ')
                    b++;
            }
            size_t len = stop - b;
            bool licence = memmem(s + b, len, "SPDX-", 5) || memmem(s + b, len, "Copyright", 9);
            if (!licence && !(sign && s[i] == '#' && i + 1 < e && s[i + 1] == '!')) {
                memcpy(out + n, s + b, len);
                n += len;
                out[n++] = '\n';
            }
        }
        i = e + 1;
    }
    size_t skip = 0;
    while (skip < n && out[skip] == '\n')
        skip++;
    while (n > skip && out[n - 1] == '\n')
        n--;
    if (n == skip)
        return NULL;
    out[n] = '\n';
    out[n + 1] = 0;
    return out + skip;
}

static bool comment_line(const char *s, uint32_t b, uint32_t len)
{
    while (b < len && (s[b] == ' ' || s[b] == '\t'))
        b++;
    return b < len && (s[b] == '%' || s[b] == '#');
}

/* The comment lines from `at` on, a line start; *next is where they end. */
static const char *comment_from(struct parser *p, uint32_t at, uint32_t *next)
{
    const char *s = p->a->source->text;
    uint32_t len = p->a->source->len, e = at;
    int depth = 0;
    while (e < len && (depth || comment_line(s, e, len))) {
        uint32_t b = e, eol = e;
        while (b < len && (s[b] == ' ' || s[b] == '\t'))
            b++;
        while (eol < len && s[eol] != '\n')
            eol++;
        if (b + 1 < len && (s[b] == '%' || s[b] == '#') && (s[b + 1] == '{' || s[b + 1] == '}')) {
            uint32_t r = b + 2;
            while (r < eol && strchr(" \t\r", s[r]))
                r++;
            if (r == eol)
                depth += s[b + 1] == '{' ? 1 : -1;
        }
        e = eol < len ? eol + 1 : len;
    }
    if (next)
        *next = e;
    return e > at ? comment_text(p, at, e) : NULL;
}

/* The comment right above the line of `at`, without a blank line between. */
static const char *comment_above(struct parser *p, uint32_t at)
{
    const char *s = p->a->source->text;
    uint32_t b = at;
    while (b > 0 && s[b - 1] != '\n') {
        if (s[b - 1] != ' ' && s[b - 1] != '\t')
            return NULL;
        b--;
    }
    uint32_t end = b;
    while (b > 0) {
        uint32_t line = b - 1;
        while (line > 0 && s[line - 1] != '\n')
            line--;
        if (!comment_line(s, line, b))
            break;
        b = line;
    }
    return b < end ? comment_text(p, b, end) : NULL;
}

static uint32_t next_line(struct parser *p, uint32_t at)
{
    const char *s = p->a->source->text;
    while (at < p->a->source->len && s[at] != '\n')
        at++;
    return at < p->a->source->len ? at + 1 : at;
}

/* The text's first comment that is more than a licence. */
static const char *first_comment(struct parser *p)
{
    const char *s = p->a->source->text, *doc = NULL;
    uint32_t at = p->a->source->len > 1 && !memcmp(s, "#!", 2) ? next_line(p, 0) : 0, from;
    do {
        while (at < p->a->source->len && (s[at] == '\n' || s[at] == '\r'))
            at++;
        from = at;
        doc = comment_from(p, at, &at);
    } while (!doc && at > from);
    return doc;
}

/* --- function definitions --- */

static void outputs(struct parser *p, struct function *f)
{
    advance(p);
    while (tok.type != T_RBRACKET) {
        if (tok.type == T_COMMA && f->outs) {
            advance(p);
            continue;
        }
        if (tok.type != T_NAME)
            unexpected(p, "the name of a result");
        struct param *q = grow(p, &f->out, &f->outs);
        q->name = tok.text;
        q->begin = tok.begin;
        q->end = tok.end;
        q->slot = -1;
        advance(p);
    }
    advance(p);
}

static struct node *function_definition(struct parser *p)
{
    struct node *n = node(p, NODE_FUNCTION, tok.begin);
    struct function *f = n->function = function_new(p, tok.begin), *outer = p->fn;
    struct vars vars = { 0 }, *outer_vars = p->vars;
    struct open o;
    int loops = p->loops;
    begin_block(p, &o, KW_FUNCTION);
    f->doc = comment_above(p, tok.begin);
    f->outer = NULL;
    f->block = true;
    p->fn = f;
    p->vars = &vars;
    p->loops = 0;
    advance(p);
    bool brackets = tok.type == T_LBRACKET;
    if (brackets) {
        outputs(p, f);
        if (!at_equals(p))
            unexpected(p, "'=' after the results of the function");
        advance(p);
    } else if (tok.type == T_NAME && !brackets) {
        struct param first = { .name = tok.text, .slot = -1, .begin = tok.begin, .end = tok.end };
        uint32_t at = p->x.pos;
        const char *s = p->a->source->text;
        while (s[at] == ' ' || s[at] == '\t')
            at++;
        if (s[at] == '=' && s[at + 1] != '=') {
            advance(p);
            advance(p);
            *grow(p, &f->out, &f->outs) = first;
        }
    }
    if (tok.type != T_NAME)
        unexpected(p, "the name of the function");
    f->name = tok.text;
    n->at = tok.begin;
    f->header_end = tok.end;
    for (int i = 0; i < p->a->functions; i++)
        if (p->a->function[i]->name == f->name)
            lex_fail(&p->x, tok.begin, "the function '%s' was already defined at line %d", f->name,
                     line_of(p, p->a->function[i]->begin));
    for (int i = 0; i < f->outs; i++) {
        for (int j = 0; j < i; j++)
            if (f->out[i].name == f->out[j].name)
                lex_fail(&p->x, f->out[i].begin, "the result '%s' stands twice", f->out[i].name);
        if (!strcmp(f->out[i].name, "varargout")) {
            if (i + 1 < f->outs)
                lex_fail(&p->x, f->out[i].begin, "'varargout' must be the last result");
            f->varargout = true;
        }
        vars_add(p, f->out[i].name);
    }
    p->x.operand = false;
    advance(p);
    if (tok.type == T_LPAREN) {
        parameters(p, f);
        for (int i = 0; i < f->params; i++)
            own(p, n, f->param[i].init);
        f->header_end = tok.end;
        p->x.operand = false;
        p->x.start = true;
        advance(p);
    } else if (!at_statement_end(p))
        unexpected(p, "'(' or the end of the line after the name of the function");
    if (!f->doc)
        f->doc = comment_from(p, next_line(p, f->header_end), NULL);
    f->body = own(p, n, statements(p, false));
    bool file = p->opt->flags & PARSE_FILE;
    if (at_keyword(p, KW_END) || at_keyword(p, KW_ENDFUNCTION)) {
        p->ended = true;
        end_block(p, KW_ENDFUNCTION);
    } else if ((tok.type == T_EOF || at_keyword(p, KW_FUNCTION)) && file && !p->ended) {
        p->open = o.outer;
        p->depth--;
    } else if (at_keyword(p, KW_FUNCTION))
        lex_fail_hint(&p->x, tok.begin, "functions do not nest; close each with 'end'",
                      "the function '%s' opened at line %d is not closed before this one", f->name, line_of(p, o.at));
    else
        end_block(p, KW_ENDFUNCTION);
    f->end = p->last_end;
    p->fn = outer;
    p->vars = outer_vars;
    p->loops = loops;
    struct ast *a = p->a;
    if (a->functions == a->function_room) {
        int room = a->function_room ? 2 * a->function_room : 8;
        struct function **v = alloc(p, (size_t)room * sizeof *v);
        if (a->functions)
            memcpy(v, a->function, (size_t)a->functions * sizeof *v);
        a->function = v;
        a->function_room = room;
    }
    a->function[a->functions++] = f;
    return ends(p, n);
}

/* --- one statement --- */

static struct node *keyword_statement(struct parser *p)
{
    struct node *n;
    int k = tok.op;
    switch (k) {
    case KW_IF: return if_statement(p);
    case KW_WHILE: return while_statement(p);
    case KW_DO: return do_statement(p);
    case KW_FOR: return for_statement(p);
    case KW_SWITCH: return switch_statement(p);
    case KW_TRY: case KW_UNWIND: return try_statement(p, k);
    case KW_RETURN: return return_statement(p);
    case KW_GLOBAL: return declaration(p, NODE_GLOBAL);
    case KW_PERSISTENT: return declaration(p, NODE_PERSISTENT);
    case KW_BREAK: case KW_CONTINUE:
        if (!p->loops)
            lex_fail(&p->x, tok.begin, "'%s' stands in no loop", keyword_info[k].text);
        n = node(p, k == KW_BREAK ? NODE_BREAK : NODE_CONTINUE, tok.begin);
        advance(p);
        return n;
    default:
        unexpected(p, "a statement");
    }
}

static struct node *command(struct parser *p)
{
    struct node *n = node(p, NODE_COMMAND, tok.begin), *word;
    n->command.name = tok.text;
    n->command.slot = -1;
    p->last_end = tok.end;
    while (lex_command_word(&p->x, &word)) {
        word->height = 1;
        push(p, n, &n->command.args, word);
        tok.end = word->end;
    }
    advance(p);
    return ends(p, n);
}

static struct node *simple_statement(struct parser *p)
{
    struct node *n;
    uint32_t begin = tok.begin;
    if (tok.type == T_INCDEC) {
        int op = tok.op;
        advance(p);
        struct node *target = primary_chain(p);
        n = incdec(p, target, begin, op, begin);
        n->flags |= NODE_PREFIX;
        return ends(p, n);
    }
    if (tok.type == T_NAME && lex_command_follows(&p->x) && !is_variable(p, tok.text))
        return command(p);
    n = expression(p);
    if (tok.type == T_ASSIGN)
        n = assignment(p, n);
    else if (tok.type == T_INCDEC) {
        int op = tok.op;
        uint32_t at = tok.begin;
        advance(p);
        n = ends(p, incdec(p, n, begin, op, at));
    }
    return n;
}

static struct node *statement(struct parser *p)
{
    struct node *n;
    deeper(p);
    if (tok.type == T_KEYWORD)
        n = keyword_statement(p);
    else {
        uint32_t begin = tok.begin;
        struct node *e = simple_statement(p);
        n = node(p, NODE_EXPR, begin);
        n->at = e->at;
        n->unary.a = own(p, n, e);
    }
    ends(p, n);
    p->depth--;
    if (!at_statement_end(p)) {
        if (n->kind != NODE_EXPR && n->kind != NODE_RETURN && n->kind != NODE_GLOBAL && n->kind != NODE_PERSISTENT)
            return n;                                   /* if x, y, end disp(3) */
        char sign;
        uint32_t at;
        if (tok.type == T_NAME && n->kind == NODE_EXPR && n->unary.a->kind == NODE_NAME && !open_bracket(p, &sign, &at))
            lex_fail(&p->x, tok.begin, "'%s' is a variable, so '%s %s' is no command", n->unary.a->name.name,
                     n->unary.a->name.name, tok.text);
        unexpected(p, "an operator or the end of the statement");
    }
    if (tok.type != T_SEMI)
        n->flags |= NODE_PRINT;
    return n;
}

/* Up to a keyword that ends or continues a block, or the end of the text. */
static struct node *statements(struct parser *p, bool top)
{
    struct node *n = node(p, NODE_BLOCK, tok.begin);
    for (;;) {
        skip_separators(p);
        if (tok.type == T_EOF || at_block_keyword(p))
            break;
        if (at_keyword(p, KW_FUNCTION)) {
            if (!p->fn->script)
                break;
            if (!top)
                lex_fail(&p->x, tok.begin, "a function is defined at the top level, not inside '%s' opened at line %d",
                         p->open ? keyword_info[p->open->keyword].text : "begin", p->open ? line_of(p, p->open->at) : 0);
            push(p, n, &n->list, function_definition(p));
            continue;
        }
        p->a->script |= p->fn->script;
        push(p, n, &n->list, statement(p));
    }
    return ends(p, n);
}

/* The whole text, once everything that could leave by an error is set up. */
static void parse_main(struct parser *p)
{
    struct ast *a = p->a;
    struct vars vars = { 0 };
    struct function *f = function_new(p, 0);
    f->script = f->block = true;
    a->main = p->fn = f;
    p->vars = &vars;
    a->doc = first_comment(p);
    advance(p);
    if (p->opt->flags & PARSE_EXPRESSION) {
        skip_separators(p);
        struct node *e = expression(p);
        while (tok.type == T_NEWLINE)
            advance(p);
        if (tok.type != T_EOF)
            unexpected(p, "the end of the expression");
        struct node *block = node(p, NODE_BLOCK, e->begin), *n = node(p, NODE_EXPR, e->begin);
        n->unary.a = own(p, n, e);
        push(p, block, &block->list, ends(p, n));
        f->body = block;
    } else
        f->body = statements(p, true);
    if (tok.type == T_KEYWORD)
        lex_fail(&p->x, tok.begin, "'%s' without a block that it %s", keyword_info[tok.op].text,
                 keyword_info[tok.op].role == KEYWORD_CLOSES ? "could close" : "belongs to");
    if (tok.type != T_EOF)
        unexpected(p, "a statement");
    f->end = a->source->len;
}

/* Alone with setjmp, so that nothing it holds can be clobbered. */
static bool parse_guarded(struct parser *p)
{
    if (setjmp(p->x.fail))
        return false;
    parse_main(p);
    return true;
}

struct ast *parse_text(const char *text, size_t len, const struct parse_options *options, struct parse_error *err)
{
    static const struct parse_options none;
    memset(err, 0, sizeof *err);
    if (len >= UINT32_MAX / 2) {
        snprintf(err->message, sizeof err->message, "a text of %zu bytes is too long: at most 2 GiB", len);
        return NULL;
    }
    struct parser *p = calloc(1, sizeof *p);
    struct source *source = source_new(options ? options->name : NULL, text, len);
    struct ast *a = source ? ast_new(source) : NULL;
    if (!a || !p) {
        snprintf(err->message, sizeof err->message, "out of memory while reading the text");
        source_free(source);
        ast_free(a);
        free(p);
        return NULL;
    }
    source_free(source);                 /* the tree holds it */
    p->a = a;
    p->opt = options ? options : &none;
    if (p->opt->first_line > 0)
        source->first_line = p->opt->first_line;
    lex_init(&p->x, a, err);
    bool good = parse_guarded(p);
    if (!good) {
        err->source = source_hold(a->source);
        ast_free(a);
    }
    lex_free(&p->x);
    free(p);
    return good ? a : NULL;
}
