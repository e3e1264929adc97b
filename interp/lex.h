/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens for the parser, one at a time. What white space, newlines and quotes mean depends on the innermost open
   bracket, so the lexer keeps the stack of brackets itself; the parser tells it only of closures (lex_push). */
#ifndef INTERP_LEX_H
#define INTERP_LEX_H

#include "ast.h"

#include <setjmp.h>

enum token_type {
    T_EOF, T_NEWLINE, T_SEMI, T_COMMA, T_NUMBER, T_STRING, T_NAME, T_KEYWORD,
    T_OP,          /* an operator of operators.def, in op; colon too; unary ones come as PLUS, MINUS, NOT */
    T_POSTFIX,     /* ' and .' */
    T_ASSIGN,      /* = (op NONE) or op= */
    T_INCDEC,      /* ++ or -- (op PLUS or MINUS) */
    T_LPAREN, T_RPAREN, T_LBRACKET, T_RBRACKET, T_LBRACE, T_RBRACE,
    T_AT, T_DOT,
};

enum keyword {
#define KEYWORD(name, text, role) KW_##name,
#include "keywords.def"
    KEYWORDS
};
enum keyword_role { KEYWORD_PLAIN, KEYWORD_OPENS, KEYWORD_INSIDE, KEYWORD_CLOSES };
extern const struct keyword_info { const char *text; int role; } keyword_info[KEYWORDS];
bool is_keyword(const char *name);

enum nesting {
    IN_TEXT,       /* statements; the bottom of the stack */
    IN_BLOCK,      /* statements between begin and end */
    IN_PAREN,      /* (…), and {…} as an index: blanks and newlines mean nothing */
    IN_BRACKET,    /* […] */
    IN_BRACE,      /* {…} as a literal */
    IN_CLOSURE,    /* the expression of a closure that stands in […] or {…}: blanks separate nothing */
};

struct token {
    int type, op;                 /* op: of T_OP …; keyword of T_KEYWORD */
    uint32_t begin, end;
    bool space;                   /* blanks stand before it */
    bool implicit;                /* T_COMMA, T_SEMI made from white space */
    const char *text;             /* T_NAME, T_KEYWORD: interned; T_STRING */
    size_t len;
    bool dq;                      /* T_STRING */
    bool tilde;                   /* NOT, NE with ~ */
    double number; uint64_t bits; int cls; bool imag;
};

struct lexer {
    struct ast *ast;
    const char *text;
    uint32_t pos, len;
    bool operand;                 /* the token before ends an operand */
    bool after_dot;               /* the token before is '.' */
    bool start;                   /* at the start of a statement */
    bool more;                    /* a text that ends in `...` is incomplete, else that is a blank */
    struct { int type; uint32_t at; } *stack;
    int depth, room;
    struct token tok;             /* the current one */
    struct parse_error *err;
    jmp_buf fail;
};

void lex_init(struct lexer *x, struct ast *a, struct parse_error *err);
void lex_free(struct lexer *x);
void lex_next(struct lexer *x);
void lex_push(struct lexer *x, int context, uint32_t at);
void lex_pop(struct lexer *x);
bool lex_command_follows(struct lexer *x);     /* the current token is the first name of a statement */
bool lex_command_word(struct lexer *x, struct node **word);   /* next argument; false at the end of the command */

/* leaves parse_text with an error */
_Noreturn void lex_fail(struct lexer *x, uint32_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void lex_fail_hint(struct lexer *x, uint32_t at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
_Noreturn void lex_incomplete(struct lexer *x, uint32_t at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
_Noreturn void lex_no_memory(struct lexer *x);

#endif
