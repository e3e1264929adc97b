/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens to tree: recursive descent with one token in hand and precedence climbing over operators.def. The first error
   leaves by longjmp to parse_text, the arena is freed, nothing else is held. Depth is bounded twice: nesting while we
   recurse (NEST_MOST), height of the finished tree (AST_HEIGHT), so that neither we nor a walker overflow the stack. */
#include "parse.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NEST_MOST = 1000 };

/* --- small tools --- */


void parse_next(struct parser *p)
{
    p->last_end = tok.end;
    lex_next(&p->x);
    if (p->opt->on_token)
        p->opt->on_token(p->opt->user, &tok);
}

void *parse_alloc(struct parser *p, size_t n)
{
    void *m = ast_alloc(p->a, n);
    if (!m)
        lex_no_memory(&p->x);
    return m;
}

struct node *parse_node(struct parser *p, int kind, uint32_t begin)
{
    struct node *n = parse_alloc(p, sizeof *n);
    n->kind = (uint8_t)kind;
    n->begin = n->at = begin;
    n->end = tok.end;
    n->height = 1;
    return n;
}

struct node *parse_ends(struct parser *p, struct node *n)
{
    n->end = p->last_end;
    return n;
}

/* Every child passes here on its way into the tree. */
struct node *parse_own(struct parser *p, struct node *n, struct node *child)
{
    if (child && child->height >= n->height) {
        n->height = child->height + 1;
        if (n->height > AST_HEIGHT)
            lex_fail(&p->x, child->at, "an expression of more than %d nested operations: split it", AST_HEIGHT);
    }
    return child;
}

void parse_push(struct parser *p, struct node *n, struct list *l, struct node *child)
{
    int had = l->n;
    parse_own(p, n, child);
    ast_push(p->a, l, child);
    if (l->n == had)
        lex_no_memory(&p->x);
}

void parse_deeper(struct parser *p)
{
    if (++p->depth > NEST_MOST)
        lex_fail(&p->x, tok.begin, "expressions and blocks are nested more than %d deep", NEST_MOST);
}


int parse_line(const struct parser *p, uint32_t at)
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

void parse_assigned(struct parser *p, const char *name)
{
    struct vars *v = p->vars, alone = *v;
    alone.outer = NULL;
    if (!name || vars_has(&alone, name))
        return;
    if (2 * v->n >= v->room) {
        struct vars grown = { .room = v->room ? 2 * v->room : 16, .n = v->n };
        grown.v = parse_alloc(p, (size_t)grown.room * sizeof *grown.v);
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

bool parse_is_variable(struct parser *p, const char *name)
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
    case T_EOF: return "the end of the line";
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
bool parse_bracket(const struct parser *p, char *sign, uint32_t *at)
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

static bool is_name_char(char c) { return isalnum((unsigned char)c) || c == '_'; }
static size_t strspn_back(const char *text, uint32_t end, const char *set)      /* how many of set stand before text[end] */
{
    size_t n = 0;
    while (n < end && strchr(set, text[end - 1 - n]))
        n++;
    return n < end ? n : end - 1;
}
/* the line in hand begins with that word */
static bool header_of(const struct parser *p, const char *word)
{
    const char *text = p->a->source->text;
    uint32_t at = tok.begin;
    while (at && text[at - 1] != '\n')
        at--;
    at += (uint32_t)strspn(text + at, " \t");
    return !strncmp(text + at, word, strlen(word)) && !is_name_char(text[at + strlen(word)]);
}
/* (int) stands before text[end] */
static bool type_in_parens(const char *text, uint32_t end)
{
    static const char *const types[] = { "(int)",  "(float)", "(double)",   "(char)",
                                         "(long)", "(bool)",  "(unsigned)", "(single)" };
    for (int i = 0; i < (int)(sizeof types / sizeof *types); i++) {
        size_t n = strlen(types[i]);
        if (end >= n && !memcmp(text + end - n, types[i], n))
            return true;
    }
    return false;
}
/* a keyword that begins a part of a block stands before text[end] */
static bool last_word(const char *text, uint32_t end)
{
    static const char *const parts[] = { "try", "else", "do", "catch", "otherwise" };
    for (int i = 0; i < (int)(sizeof parts / sizeof *parts); i++) {
        size_t n = strlen(parts[i]);
        if (end >= n && !memcmp(text + end - n, parts[i], n) && (end == n || !is_name_char(text[end - n - 1])))
            return true;
    }
    return false;
}

/* Why a bracket may have stayed open, or NULL. */
static const char *unclosed_bracket(const struct parser *p, uint32_t at)
{
    const char *s = p->a->source->text + at, *end = s + strcspn(s, "\n");
    const char *comment = memchr(s, '%', (size_t)(end - s));
    if (comment && !memchr(s, '\'', (size_t)(comment - s)) && !memchr(s, '"', (size_t)(comment - s)))
        return "% begins a comment; a text stands in quotes: '%d'";
    return NULL;
}

/* What people who come from another language mean by the token in hand, or NULL. */
static const char *likely(const struct parser *p)
{
    static const struct { const char *word, *hint;
    } words[] = {
        { "and", "elementwise `and` is &, between conditions it is &&" },
        { "or", "elementwise `or` is |, between conditions it is ||" },
        { "not", "`not` is ~" },
        { "then", "there is no `then`: leave it out" },
        { "mod", "the remainder is mod(a, b)" },
        { "div", "the quotient without fraction is floor(a / b)" },
        { "xor", "xor(a, b) is true when one of them is" },
        { "is", "isequal(a, b) compares, isempty(x) asks for []" },
        { "to", "a range is written 1:10" },
        { "do", "there is no `do` behind a condition: leave it out" },
        { "function", "a function as a value is written @(x) x + 1, or @(x) begin … end" },
    };
    const char *s = p->a->source->text + tok.begin, before = tok.begin ? s[-1] : ' ';
    size_t n = tok.end - tok.begin;
    const char *text = p->a->source->text;
    char last = p->last_end ? text[p->last_end - 1] : ' ', sign = 0;
    uint32_t open = 0;
    if (!parse_bracket(p, &sign, &open))
        sign = 0;
    if (tok.type == T_NAME || tok.type == T_KEYWORD) {
        if (n == 2 && !memcmp(s, "in", 2))
            return p->open && p->open->keyword == KW_FOR && header_of(p, "for") ? "write for x = values"
                                                                                : "any(v == x) or ismember(v, x) tells "
                                                                                  "whether v is in x";
        if (before == '\'' && tok.begin == p->last_end && tok.begin > 1 && s[-2] == 'f' &&
            (tok.begin == 2 || !is_name_char(s[-3])))
            return "a text with numbers in it: sprintf('value %g', x)";
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (strlen(words[i].word) == n && !memcmp(words[i].word, s, n))
                return words[i].hint;
        if (before == '\'' && tok.begin == p->last_end)
            return "a quote inside a text is written twice: 'it''s'";
    }
    if (tok.type == T_SEMI && p->open && p->open->keyword == KW_FOR && sign != '{')
        return "a counted loop is written: for i = 1:3";
    if ((tok.type == T_NEWLINE || tok.type == T_EOF) && p->last_end && text[p->last_end - 1] == ':')
        return "no ':' at the end: a block begins on the next line and closes with 'end'";
    if (sign == '{' && open > 1 && text[open - 1 - strspn_back(text, open, " ")] == ')')
        return "a block has no braces: it ends with 'end'";
    if (tok.type == T_SEMI && p->x.depth && text[p->x.stack[p->x.depth - 1].at] == '(')
        return "arguments are separated by commas";
    if ((tok.type == T_NEWLINE || tok.type == T_EOF) && p->last_end && strchr("+-*/\\<>=&|", text[p->last_end - 1]))
        return "a statement goes on in the next line behind ...";
    if (tok.type == T_OP && (tok.op == OP_LT || tok.op == OP_GT) && before == *s)
        return "bitshift(x, n) shifts bits to the left, with -n to the right";
    if (tok.type == T_OP && *s == '^' && before == '^')
        return "xor(a, b) is true when one of them is";
    if (tok.type == T_LBRACKET && !tok.space && p->last_end == tok.begin)
        return "an index stands in parentheses: A(1, 2)";
    if (tok.type == T_COMMA && sign == '(')
        return "a row of values is written [1, 2, 3]";
    if (tok.type == T_RPAREN && last == ':')
        return "to the last element: x(2:end)";
    if (tok.type == T_NUMBER && last == ':' && sign == '(')
        return "a range has two ends: x(1:2)";
    if (tok.type == T_NUMBER && last == ')' && type_in_parens(text, p->last_end))
        return "int32(x), double(x), logical(x), … convert";
    if (tok.type == T_NUMBER && last == '.')
        return "a field's name begins with a letter: s.x1; an element is s(1) or c{1}";
    if (tok.type == T_STRING && strchr("'\"", last))
        return "['one' 'two'] joins texts";
    if (tok.type == T_NUMBER && is_name_char(last) && tok.space)
        return "a call or an index stands in parentheses: f(3)";
    if (p->last_end > 3 && !memcmp(text + p->last_end - 3, "not", 3) && tok.space && !is_name_char(text[p->last_end - 4]))
        return "`not` is ~";
    if (tok.type == T_AT && !sign)
        return "A * B is the matrix product";
    if (tok.type == T_OP && tok.op == OP_COLON && last_word(text, p->last_end))
        return "no ':' at the end: a block begins on the next line and closes with 'end'";
    if (tok.type == T_OP && tok.op == OP_GT && before == '=')
        return "a function as a value is written @(x) x + 1; at least is >=";
    if (tok.type == T_OP && tok.op == OP_GT && before == '|')
        return "one function after the other: g(f(x)), or x.f().g()";
    if (tok.type == T_OP && tok.op == OP_GT && before == '-')
        return "a field is s.name";
    if (at_equals(p) && last == ')' && header_of(p, "function"))
        return "the result stands in front: function y = f(x), y = x + 1; end";
    if (at_equals(p) && before == ':')
        return "an assignment is written with = alone";
    if (at_equals(p) && before == '=')
        return "compare with ==";
    if (at_equals(p))
        return "compare with ==; an assignment inside an expression stands in parentheses";
    if (tok.type == T_OP && tok.op == OP_GT && before == '<')
        return "not equal is ~= or !=";
    if (tok.type == T_OP && (tok.op == OP_MRDIV || tok.op == OP_MTIMES) && (before == '/' || s[1] == '/' || s[1] == '*'))
        return "comments begin with % or #; floor(a / b) is the quotient without fraction";
    return NULL;
}

/* Why a block may have stayed open, or NULL. */
static const char *unclosed(const struct parser *p)
{
    const char *s = p->a->source->text + p->open->at;
    size_t n = p->a->source->len - p->open->at;
    if (p->open->keyword == KW_IF && memmem(s, n, "else if", 7))
        return "`else if` opens a second block that needs an 'end' of its own; elseif goes on with the first";
    if (p->open->keyword == KW_WHILE && p->open->outer && p->open->outer->keyword == KW_DO)
        return "a `do` block ends with: until condition";
    if (memmem(s, n, ") {", 3) || memmem(s, n, "){", 2))
        return "a block has no braces: it ends with 'end'";
    return "each if, for, while, switch, try and begin needs its 'end'";
}

_Noreturn void parse_unexpected(struct parser *p, const char *expected)
{
    char buf[80], sign;
    uint32_t at;
    const char *found = describe(p, buf, sizeof buf);
    bool bracket = parse_bracket(p, &sign, &at);
    int column, line = bracket ? source_line(p->a->source, at, &column) : 0;
    if (tok.type == T_EOF) {
        if (bracket)
            lex_incomplete(&p->x, at, unclosed_bracket(p, at), "'%c' opened at line %d, column %d is not closed", sign,
                           line, column);
        if (p->open)
            lex_incomplete(&p->x, p->open->at, unclosed(p), "'%s' opened at line %d is not closed",
                           p->open->keyword < 0 ? "begin" : keyword_info[p->open->keyword].text,
                           parse_line(p, p->open->at));
    }
    if (bracket && tok.type == T_KEYWORD && tok.op == KW_FOR && sign != '(')
        lex_fail_hint(&p->x, tok.begin, "for each element: arrayfun(@(i) i^2, 1:3), or with operators alone (1:3).^2",
                      "%s is unexpected here: '%c' opened at line %d, column %d is not closed", found, sign, line, column);
    if (bracket && tok.type == T_KEYWORD && sign == '{')
        lex_fail_hint(&p->x, tok.begin, "a block has no braces: it ends with 'end'",
                      "%s is unexpected here: '%c' opened at line %d, column %d is not closed", found, sign, line, column);
    if (bracket && tok.type == T_KEYWORD)
        lex_fail(&p->x, tok.begin, "%s is unexpected here: '%c' opened at line %d, column %d is not closed", found,
                 sign, line, column);
    if (bracket && line < parse_line(p, tok.begin))
        lex_fail(&p->x, tok.begin, "expected %s but found %s: '%c' opened at line %d, column %d is not closed",
                 expected, found, sign, line, column);
    const char *hint = likely(p);
    if (hint)
        lex_fail_hint(&p->x, tok.begin, hint, "expected %s but found %s", expected, found);
    lex_fail(&p->x, tok.begin, "expected %s but found %s", expected, found);
}

void parse_expect(struct parser *p, int type, const char *what)
{
    if (tok.type != type)
        parse_unexpected(p, what);
    parse_next(p);
}

void parse_open(struct parser *p, struct open *o, int keyword)
{
    o->keyword = keyword;
    o->at = tok.begin;
    o->outer = p->open;
    p->open = o;
}

void parse_close(struct parser *p, int own_word)
{
    struct open *o = p->open;
    if (!at_keyword(p, KW_END) && !at_keyword(p, own_word)) {
        char what[160];
        if (tok.type == T_EOF)
            parse_unexpected(p, "");
        snprintf(what, sizeof what, "'end' or '%s' for the '%s' opened at line %d", keyword_info[own_word].text,
                 keyword_info[o->keyword].text, parse_line(p, o->at));
        parse_unexpected(p, what);
    }
    p->open = o->outer;
    parse_next(p);
}

/* The whole text, once everything that could leave by an error is set up. */
static void parse_main(struct parser *p)
{
    struct ast *a = p->a;
    struct vars vars = { 0 };
    struct function *f = parse_function_new(p, 0);
    f->script = f->block = true;
    a->main = p->fn = f;
    p->vars = &vars;
    a->doc = parse_first_comment(p);
    parse_next(p);
    if (p->opt->flags & PARSE_EXPRESSION) {
        parse_separators(p);
        struct node *e = parse_expression(p);
        while (tok.type == T_NEWLINE)
            parse_next(p);
        if (tok.type != T_EOF)
            parse_unexpected(p, "the end of the expression");
        struct node *block = parse_node(p, NODE_BLOCK, e->begin), *n = parse_node(p, NODE_EXPR, e->begin);
        n->unary.a = parse_own(p, n, e);
        parse_push(p, block, &block->list, parse_ends(p, n));
        f->body = block;
    } else
        f->body = parse_statements(p, true);
    if (tok.type == T_KEYWORD && p->suspect) {
        char hint[120];
        snprintf(hint, sizeof hint, "line %d begins with a word that is no keyword; did you mean '%s'?",
                 parse_line(p, p->suspect_at), p->suspect);
        lex_fail_hint(&p->x, tok.begin, hint, "'%s' without a block that it %s", keyword_info[tok.op].text,
                      keyword_info[tok.op].role == KEYWORD_CLOSES ? "could close" : "belongs to");
    }
    if (tok.type == T_KEYWORD && p->unended && keyword_info[tok.op].role == KEYWORD_CLOSES) {
        char hint[120];
        snprintf(hint, sizeof hint, "functions do not nest: the one at line %d was taken to end before the next",
                 parse_line(p, p->unended - 1));
        lex_fail_hint(&p->x, tok.begin, hint, "'%s' without a block that it could close", keyword_info[tok.op].text);
    }
    if (tok.type == T_KEYWORD)
        lex_fail(&p->x, tok.begin, "'%s' without a block that it %s", keyword_info[tok.op].text,
                 keyword_info[tok.op].role == KEYWORD_CLOSES ? "could close" : "belongs to");
    if (tok.type != T_EOF)
        parse_unexpected(p, "a statement");
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
    p->x.more = p->opt->flags & PARSE_MORE;
    bool good = parse_guarded(p);
    if (!good) {
        err->source = source_hold(a->source);
        ast_free(a);
    }
    lex_free(&p->x);
    free(p);
    return good ? a : NULL;
}
