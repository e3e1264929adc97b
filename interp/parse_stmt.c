/* SPDX-License-Identifier: BSD-3-Clause */
/* Statements, blocks and function definitions. Every block stands in the list p->open while it is read, so that a missing
   end can be told by the line that opened it. */
#include "parse.h"
#include "lab/nearest.h"

#include <stdlib.h>
#include <string.h>

/* --- statements --- */

static struct node *condition(struct parser *p)
{
    struct node *n = parse_expression(p);
    if (tok.type == T_ASSIGN)
        lex_fail_hint(&p->x, tok.begin, "compare with ==; an assignment here stands in parentheses",
                      "'%s' in a condition", tok.op ? operator_info[tok.op].symbol : "=");
    if (tok.type == T_NAME && (!strcmp(tok.text, "and") || !strcmp(tok.text, "or")) && lex_command_follows(&p->x))
        parse_unexpected(p, "an operator or the end of the condition");
    if ((tok.type == T_NAME && !strcmp(tok.text, "then")) ||
        (at_keyword(p, KW_DO) && p->open && p->open->keyword == KW_WHILE))
        parse_unexpected(p, "the statements");
    return n;
}

static struct node *clause(struct parser *p, struct node *cond, uint32_t begin)
{
    struct node *n = parse_node(p, NODE_CLAUSE, begin);
    n->clause.cond = parse_own(p, n, cond);
    n->clause.body = parse_own(p, n, parse_statements(p, false));
    return parse_ends(p, n);
}

static struct node *if_statement(struct parser *p)
{
    struct node *n = parse_node(p, NODE_IF, tok.begin);
    struct open o;
    bool other = false;
    parse_open(p, &o, KW_IF);
    do {
        uint32_t begin = tok.begin;
        if (other)
            lex_fail(&p->x, begin, "'%s' after the 'else' of the 'if' opened at line %d", keyword_info[tok.op].text,
                     parse_line(p, o.at));
        other = at_keyword(p, KW_ELSE);
        parse_next(p);
        parse_push(p, n, &n->list, clause(p, other ? NULL : condition(p), begin));
        parse_own(p, n, n->list.v[n->list.n - 1]);
    } while (at_keyword(p, KW_ELSEIF) || at_keyword(p, KW_ELSE));
    parse_close(p, KW_ENDIF);
    return n;
}

static struct node *loop_body(struct parser *p)
{
    p->loops++;
    struct node *n = parse_statements(p, false);
    p->loops--;
    return n;
}

static struct node *while_statement(struct parser *p)
{
    struct node *n = parse_node(p, NODE_WHILE, tok.begin);
    struct open o;
    parse_open(p, &o, KW_WHILE);
    parse_next(p);
    n->loop.cond = parse_own(p, n, condition(p));
    n->loop.body = parse_own(p, n, loop_body(p));
    parse_close(p, KW_ENDWHILE);
    return n;
}

static struct node *do_statement(struct parser *p)
{
    struct node *n = parse_node(p, NODE_UNTIL, tok.begin);
    struct open o;
    parse_open(p, &o, KW_DO);
    parse_next(p);
    n->loop.body = parse_own(p, n, loop_body(p));
    if (!at_keyword(p, KW_UNTIL)) {
        char what[80];
        snprintf(what, sizeof what, "'until' for the 'do' opened at line %d", parse_line(p, o.at));
        parse_unexpected(p, what);
    }
    p->open = o.outer;
    parse_next(p);
    n->loop.cond = parse_own(p, n, condition(p));
    return n;
}

/* --- for [value, key] = s: written as a loop over fieldnames ---
   .for = s; for key = fieldnames(.for)', key = key{1}; value = .for.(key); …, end. A name with a dot is nobody else's. */

static struct node *for_name(struct parser *p)
{
    if (tok.type != T_NAME)
        parse_unexpected(p, "a variable");
    struct node *n = parse_name(p);
    parse_next(p);
    return n;
}

static struct node *made(struct parser *p, int kind, const struct node *where)
{
    struct node *n = parse_node(p, kind, where->begin);
    n->end = where->end;
    n->at = where->at;
    return n;
}

static struct node *made_name(struct parser *p, const char *text, const struct node *where)
{
    struct node *n = made(p, NODE_NAME, where);
    n->name.slot = -1;
    if (!(n->name.name = ast_name(p->a, text, strlen(text))))
        lex_no_memory(&p->x);
    return n;
}

static struct node *made_index(struct parser *p, struct node *base, int link, struct node *arg)
{
    struct node *n = made(p, NODE_INDEX, arg), *l = made(p, link, arg);
    n->index.base = parse_own(p, n, base);
    l->link.chain = n;
    if (link == NODE_DYNFIELD)
        l->link.expr = parse_own(p, l, arg);
    else
        parse_push(p, l, &l->link.args, arg);
    parse_push(p, n, &n->index.links, l);
    return n;
}

static struct node *made_assign(struct parser *p, struct node *target, struct node *value)
{
    struct node *n = made(p, NODE_ASSIGN, value), *s = made(p, NODE_EXPR, value);
    n->assign.value = parse_own(p, n, value);
    parse_push(p, n, &n->assign.targets, target);
    s->unary.a = parse_own(p, s, n);
    return s;
}

static struct node *for_fields(struct parser *p, struct node *n, struct node *value, struct node *key)
{
    struct node *block = made(p, NODE_BLOCK, n), *s = n->loop.cond;
    parse_push(p, block, &block->list, made_assign(p, made_name(p, ".for", s), s));
    struct node *names = made(p, NODE_POSTFIX, s), *one = made(p, NODE_NUMBER, key);
    names->op = OP_TRANS;
    names->unary.a = parse_own(p, names, made_index(p, made_name(p, "fieldnames", s), NODE_PAREN, made_name(p, ".for", s)));
    one->number.value = 1;
    one->number.text = "1";
    struct node *inner = made_index(p, made_name(p, key->name.name, key), NODE_BRACE, one);
    struct node *first = made_assign(p, made_name(p, key->name.name, key), inner);
    struct node *field = made_index(p, made_name(p, ".for", s), NODE_DYNFIELD, made_name(p, key->name.name, key));
    struct node *second = made_assign(p, value, field), *body = made(p, NODE_BLOCK, n->loop.body);
    parse_push(p, body, &body->list, first);
    parse_push(p, body, &body->list, second);
    parse_push(p, body, &body->list, n->loop.body);
    n->loop.target = parse_own(p, n, key);
    n->loop.cond = parse_own(p, n, names);
    n->loop.body = parse_own(p, n, body);
    parse_push(p, block, &block->list, n);
    return block;
}

/* `parfor` runs one after another, and its (i = values, workers) may say how many it could have. */
static struct node *for_statement(struct parser *p, int keyword)
{
    struct node *n = parse_node(p, NODE_FOR, tok.begin), *value = NULL, *key = NULL;
    struct open o;
    parse_open(p, &o, keyword);
    parse_next(p);
    bool parens = tok.type == T_LPAREN;
    if (parens)
        parse_next(p);
    if (tok.type == T_LBRACKET) {
        parse_next(p);
        value = for_name(p);
        if (tok.type == T_COMMA)
            parse_next(p);
        key = for_name(p);
        parse_expect(p, T_RBRACKET, "']' after the value and the key of 'for'");
        parse_target(p, value);
        parse_target(p, key);
    } else {
        if (tok.type != T_NAME)
            parse_unexpected(p, "a variable after 'for'");
        n->loop.target = parse_own(p, n, parse_chain(p));
        parse_target(p, n->loop.target);
    }
    if (!at_equals(p))
        parse_unexpected(p, "'=' after the variable of 'for'");
    n->at = tok.begin;
    parse_next(p);
    n->loop.cond = parse_own(p, n, parse_expression(p));
    if (parens) {
        if (keyword == KW_PARFOR && tok.type == T_COMMA) {
            parse_next(p);
            parse_expression(p);
        }
        if (tok.type == T_RPAREN) {
            p->x.operand = false;
            p->x.start = true;
        }
        parse_expect(p, T_RPAREN, "')'");
    }
    if (tok.type == T_NAME && !strcmp(tok.text, "to"))
        parse_unexpected(p, "the statements");
    n->loop.body = parse_own(p, n, loop_body(p));
    parse_close(p, keyword == KW_PARFOR ? KW_ENDPARFOR : KW_ENDFOR);
    return key ? for_fields(p, parse_ends(p, n), value, key) : n;
}

void parse_separators(struct parser *p)
{
    while (tok.type == T_NEWLINE || tok.type == T_SEMI || tok.type == T_COMMA)
        parse_next(p);
}

static struct node *switch_statement(struct parser *p)
{
    struct node *n = parse_node(p, NODE_SWITCH, tok.begin);
    struct open o;
    parse_open(p, &o, KW_SWITCH);
    parse_next(p);
    n->select.value = parse_own(p, n, condition(p));
    parse_separators(p);
    bool other = false;
    while (at_keyword(p, KW_CASE) || at_keyword(p, KW_OTHERWISE)) {
        uint32_t begin = tok.begin;
        if (other)
            lex_fail(&p->x, begin, "'%s' after the 'otherwise' of the 'switch' opened at line %d",
                     keyword_info[tok.op].text, parse_line(p, o.at));
        other = at_keyword(p, KW_OTHERWISE);
        parse_next(p);
        struct node *c = clause(p, other ? NULL : condition(p), begin);
        parse_push(p, n, &n->select.cases, c);
    }
    if (!at_keyword(p, KW_END) && !at_keyword(p, KW_ENDSWITCH) && tok.type != T_EOF && !n->select.cases.n)
        parse_unexpected(p, "'case', 'otherwise' or 'end' in 'switch'");
    parse_close(p, KW_ENDSWITCH);
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
    struct node *n = parse_node(p, unwind ? NODE_UNWIND : NODE_TRY, tok.begin);
    struct open o;
    int middle = unwind ? KW_CLEANUP : KW_CATCH, close = unwind ? KW_ENDUNWIND : KW_ENDTRY;
    parse_open(p, &o, keyword);
    parse_next(p);
    n->try.body = parse_own(p, n, parse_statements(p, false));
    if (at_keyword(p, middle)) {
        parse_next(p);
        if (!unwind && tok.type == T_NAME && names_error(p)) {
            n->try.name = parse_own(p, n, parse_name(p));
            parse_assigned(p, tok.text);
            p->x.start = true;
            p->x.operand = false;
            parse_next(p);
        }
        n->try.handler = parse_own(p, n, parse_statements(p, false));
    } else if (unwind) {
        char what[80];
        snprintf(what, sizeof what, "'unwind_protect_cleanup' for the 'unwind_protect' opened at line %d",
                 parse_line(p, o.at));
        parse_unexpected(p, what);
    } else {
        n->try.handler = parse_node(p, NODE_BLOCK, tok.begin);     /* try … end: errors are ignored */
        n->try.handler->end = tok.begin;
    }
    parse_close(p, close);
    return n;
}

static struct node *return_statement(struct parser *p)
{
    struct node *n = parse_node(p, NODE_RETURN, tok.begin);
    parse_next(p);
    if (at_statement_end(p))
        return n;
    n->flags |= NODE_VALUES;
    do {
        if (n->list.n)
            parse_next(p);
        if (at_statement_end(p) || tok.type == T_KEYWORD)
            break;
        parse_push(p, n, &n->list, parse_expression(p));
    } while (tok.type == T_COMMA);
    return parse_ends(p, n);
}

static struct node *declaration(struct parser *p, int kind)
{
    struct node *n = parse_node(p, kind, tok.begin);
    const char *word = keyword_info[tok.op].text;
    if (kind == NODE_PERSISTENT && p->fn->script)
        lex_fail(&p->x, tok.begin, "'persistent' stands in a function only");
    parse_next(p);
    do {
        if (tok.type != T_NAME) {
            char what[60];
            snprintf(what, sizeof what, "a name after '%s'", word);
            parse_unexpected(p, what);
        }
        struct node *d = parse_node(p, NODE_DECL, tok.begin);
        d->named.name = tok.text;
        d->named.slot = -1;
        parse_assigned(p, tok.text);
        parse_next(p);
        if (at_equals(p)) {
            parse_next(p);
            d->named.value = parse_own(p, d, parse_expression(p));
        }
        parse_push(p, n, &n->list, parse_ends(p, d));
    } while (tok.type == T_NAME);
    return parse_ends(p, n);
}

/* --- function definitions --- */

static void outputs(struct parser *p, struct function *f)
{
    parse_next(p);
    while (tok.type != T_RBRACKET) {
        if (tok.type == T_COMMA && f->outs) {
            parse_next(p);
            continue;
        }
        if (tok.type != T_NAME)
            parse_unexpected(p, "the name of a result");
        struct param *q = parse_grow(p, &f->out, &f->outs);
        q->name = tok.text;
        q->begin = tok.begin;
        q->end = tok.end;
        q->slot = -1;
        parse_next(p);
    }
    parse_next(p);
}

static struct node *function_definition(struct parser *p)
{
    struct node *n = parse_node(p, NODE_FUNCTION, tok.begin);
    struct function *f = n->function = parse_function_new(p, tok.begin), *outer = p->fn;
    struct vars vars = { 0 }, *outer_vars = p->vars;
    struct open o;
    int loops = p->loops;
    parse_open(p, &o, KW_FUNCTION);
    f->doc = parse_comment_above(p, tok.begin);
    f->outer = NULL;
    f->block = true;
    p->fn = f;
    p->vars = &vars;
    p->loops = 0;
    parse_next(p);
    bool brackets = tok.type == T_LBRACKET;
    if (brackets) {
        outputs(p, f);
        if (!at_equals(p))
            parse_unexpected(p, "'=' after the results of the function");
        parse_next(p);
    } else if (tok.type == T_NAME && !brackets) {
        struct param first = { .name = tok.text, .slot = -1, .begin = tok.begin, .end = tok.end };
        uint32_t at = p->x.pos;
        const char *s = p->a->source->text;
        while (s[at] == ' ' || s[at] == '\t')
            at++;
        if (s[at] == '=' && s[at + 1] != '=') {
            parse_next(p);
            parse_next(p);
            *parse_grow(p, &f->out, &f->outs) = first;
        }
    }
    if (tok.type != T_NAME)
        parse_unexpected(p, "the name of the function");
    f->name = tok.text;
    n->at = tok.begin;
    f->header_end = tok.end;
    for (int i = 0; i < p->a->functions; i++)
        if (p->a->function[i]->name == f->name)
            lex_fail(&p->x, tok.begin, "the function '%s' was already defined at line %d", f->name,
                     parse_line(p, p->a->function[i]->begin));
    for (int i = 0; i < f->outs; i++) {
        for (int j = 0; j < i; j++)
            if (f->out[i].name == f->out[j].name)
                lex_fail(&p->x, f->out[i].begin, "the result '%s' stands twice", f->out[i].name);
        if (!strcmp(f->out[i].name, "varargout")) {
            if (i + 1 < f->outs)
                lex_fail(&p->x, f->out[i].begin, "'varargout' must be the last result");
            f->varargout = true;
        }
        parse_assigned(p, f->out[i].name);
    }
    p->x.operand = false;
    parse_next(p);
    if (tok.type == T_LPAREN) {
        parse_parameters(p, f);
        for (int i = 0; i < f->params; i++)
            parse_own(p, n, f->param[i].init);
        f->header_end = tok.end;
        p->x.operand = false;
        p->x.start = true;
        parse_next(p);
    } else if (!at_statement_end(p))
        parse_unexpected(p, "'(' or the end of the line after the name of the function");
    if (!f->doc)
        f->doc = parse_comment_from(p, parse_next_line(p, f->header_end), NULL);
    f->body = parse_own(p, n, parse_statements(p, false));
    bool file = p->opt->flags & PARSE_FILE;
    if (at_keyword(p, KW_END) || at_keyword(p, KW_ENDFUNCTION)) {
        p->ended = true;
        parse_close(p, KW_ENDFUNCTION);
    } else if ((tok.type == T_EOF || at_keyword(p, KW_FUNCTION)) && file && !p->ended) {
        p->open = o.outer;
        if (tok.type != T_EOF)
            p->unended = o.at + 1;
    } else if (at_keyword(p, KW_FUNCTION))
        lex_fail_hint(&p->x, tok.begin, "functions do not nest; close each with 'end'",
                      "the function '%s' opened at line %d is not closed before this one", f->name, parse_line(p, o.at));
    else
        parse_close(p, KW_ENDFUNCTION);
    f->end = p->last_end;
    p->fn = outer;
    p->vars = outer_vars;
    p->loops = loops;
    struct ast *a = p->a;
    if (a->functions == a->function_room) {
        int room = a->function_room ? 2 * a->function_room : 8;
        struct function **v = parse_alloc(p, (size_t)room * sizeof *v);
        if (a->functions)
            memcpy(v, a->function, (size_t)a->functions * sizeof *v);
        a->function = v;
        a->function_room = room;
    }
    a->function[a->functions++] = f;
    return parse_ends(p, n);
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
    case KW_FOR: case KW_PARFOR: return for_statement(p, k);
    case KW_SWITCH: return switch_statement(p);
    case KW_TRY: case KW_UNWIND: return try_statement(p, k);
    case KW_RETURN: return return_statement(p);
    case KW_GLOBAL: return declaration(p, NODE_GLOBAL);
    case KW_PERSISTENT: return declaration(p, NODE_PERSISTENT);
    case KW_BREAK: case KW_CONTINUE:
        if (!p->loops)
            lex_fail(&p->x, tok.begin, "'%s' stands in no loop", keyword_info[k].text);
        n = parse_node(p, k == KW_BREAK ? NODE_BREAK : NODE_CONTINUE, tok.begin);
        parse_next(p);
        return n;
    default:
        parse_unexpected(p, "a statement");
    }
}

static struct node *command(struct parser *p)
{
    struct node *n = parse_node(p, NODE_COMMAND, tok.begin), *word;
    n->command.name = tok.text;
    n->command.slot = -1;
    p->last_end = tok.end;
    while (lex_command_word(&p->x, &word)) {
        word->height = 1;
        parse_push(p, n, &n->command.args, word);
        tok.begin = word->begin;
        tok.end = word->end;
        tok.type = T_STRING;
        if (p->opt->on_token)
            p->opt->on_token(p->opt->user, &tok);
    }
    parse_next(p);
    return parse_ends(p, n);
}

/* `whlie x` reads as a command; what it was shows when its 'end' comes. */
static void suspect(struct parser *p)
{
    struct nearest n;
    nearest_begin(&n, tok.text);
    for (int k = 0; k < KEYWORDS; k++)
        if (keyword_info[k].role == KEYWORD_OPENS)
            nearest_try(&n, keyword_info[k].text);
    for (int k = 0; k < KEYWORDS && nearest_found(&n); k++)
        if (!strcmp(keyword_info[k].text, nearest_found(&n))) {
            p->suspect = keyword_info[k].text;
            p->suspect_at = tok.begin;
        }
}

static struct node *simple_statement(struct parser *p)
{
    struct node *n;
    uint32_t begin = tok.begin;
    if (tok.type == T_INCDEC) {
        int op = tok.op;
        parse_next(p);
        struct node *target = parse_chain(p);
        n = parse_count(p, target, begin, op, begin);
        n->flags |= NODE_PREFIX;
        return parse_ends(p, n);
    }
    if (tok.type == T_NAME && p->open && p->open->keyword == KW_SWITCH && !strcmp(tok.text, "default") &&
        !parse_is_variable(p, tok.text)) {
        const char *s = p->a->source->text + tok.end;
        if (strchr(",:;\n", s[strspn(s, " \t")]))
            lex_fail_hint(&p->x, tok.begin, "what fits no case is told behind otherwise", "there is no 'default'");
    }
    if (tok.type == T_NAME && lex_command_follows(&p->x) && !parse_is_variable(p, tok.text)) {
        if (p->open && p->open->keyword == KW_IF && (!strcmp(tok.text, "elif") || !strcmp(tok.text, "elsif")))
            lex_fail_hint(&p->x, tok.begin, "write elseif", "there is no '%s'", tok.text);
        if (!strcmp(tok.text, "def"))
            lex_fail_hint(&p->x, tok.begin, "a function is written: function y = f(x), …, end", "there is no 'def'");
        if (!strcmp(tok.text, "classdef"))
            lex_fail_hint(&p->x, tok.begin, "a struct with function handles, or a folder +name of functions, does instead",
                          "there are no classes ('classdef')");
        const char *s = p->a->source->text + tok.end;
        while (*s == ' ')
            s++;
        if (!strncmp(s, "<- ", 3) || !strncmp(s, ":=", 2))
            lex_fail_hint(&p->x, (uint32_t)(s - p->a->source->text), "an assignment is written with = alone",
                          "unexpected '%.2s'", s);
        if (!p->suspect)
            suspect(p);
        return command(p);
    }
    n = parse_expression(p);
    if (tok.type == T_ASSIGN)
        n = parse_assignment(p, n);
    return n;
}

static struct node *statement(struct parser *p)
{
    struct node *n;
    parse_deeper(p);
    if (tok.type == T_KEYWORD)
        n = keyword_statement(p);
    else {
        uint32_t begin = tok.begin;
        struct node *e = simple_statement(p);
        n = parse_node(p, NODE_EXPR, begin);
        n->at = e->at;
        n->unary.a = parse_own(p, n, e);
    }
    parse_ends(p, n);
    p->depth--;
    if (!at_statement_end(p)) {
        if (n->kind != NODE_EXPR && n->kind != NODE_RETURN && n->kind != NODE_GLOBAL && n->kind != NODE_PERSISTENT)
            return n;                                   /* if x, y, end disp(3) */
        char sign;
        uint32_t at;
        if (tok.type == T_NAME && n->kind == NODE_EXPR && n->unary.a->kind == NODE_NAME && !parse_bracket(p, &sign, &at) &&
            strcmp(tok.text, "and") && strcmp(tok.text, "or"))
            lex_fail(&p->x, tok.begin, "'%s' is a variable, so '%s %s' is no command", n->unary.a->name.name,
                     n->unary.a->name.name, tok.text);
        parse_unexpected(p, "an operator or the end of the statement");
    }
    if (tok.type != T_SEMI)
        n->flags |= NODE_PRINT;
    return n;
}

/* Up to a keyword that ends or continues a block, or the end of the text. */
struct node *parse_statements(struct parser *p, bool top)
{
    struct node *n = parse_node(p, NODE_BLOCK, tok.begin);
    for (;;) {
        parse_separators(p);
        if (tok.type == T_KEYWORD) {
            const char *s = p->a->source->text + tok.end;
            s += strspn(s, " \t");
            if (s[0] == '=' && s[1] != '=')
                lex_fail_hint(&p->x, tok.begin, "another name is needed, such as my_value = 3",
                              "'%s' is a word of the language and cannot be a variable", keyword_info[tok.op].text);
        }
        if (tok.type == T_EOF || at_block_keyword(p))
            break;
        if (at_keyword(p, KW_FUNCTION)) {
            if (!p->fn->script)
                break;
            if (!top)
                lex_fail(&p->x, tok.begin, "a function is defined at the top level, not inside '%s' opened at line %d",
                         p->open ? keyword_info[p->open->keyword].text : "begin", p->open ? parse_line(p, p->open->at) : 0);
            parse_push(p, n, &n->list, function_definition(p));
            continue;
        }
        p->a->script |= p->fn->script;
        parse_push(p, n, &n->list, statement(p));
    }
    return parse_ends(p, n);
}
