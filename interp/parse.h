/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser's parts know each other here: parse.c holds the state and what is expected, parse_expr.c expressions and
   assignments, parse_stmt.c statements and definitions, parse_doc.c the comments that document. */
#ifndef INTERP_PARSE_H
#define INTERP_PARSE_H

#include "lex.h"

/* Names assigned so far in one function, for command syntax. Interned, so a set of pointers. */
struct vars {
    const char **v;
    int n, room;
    struct vars *outer;          /* of the function around a closure */
};

struct open { int keyword; uint32_t at; struct open *outer; };      /* keyword -1: begin */

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
    const char *suspect;         /* a keyword that a command's name looks like: the first one, at suspect_at */
    uint32_t suspect_at;
    bool ended;                  /* some function of this text was closed by `end` */
    uint32_t unended;            /* one behind the place where the last one begins that another followed without; 0: none */
};

#define tok (p->x.tok)

static inline bool at_keyword(const struct parser *p, int k) { return tok.type == T_KEYWORD && tok.op == k; }
static inline bool at_op(const struct parser *p, int op) { return tok.type == T_OP && tok.op == op; }
static inline bool at_equals(const struct parser *p) { return tok.type == T_ASSIGN && tok.op == OP_NONE; }

static inline bool at_block_keyword(const struct parser *p)       /* that ends the statements before it */
{
    return tok.type == T_KEYWORD && (keyword_info[tok.op].role == KEYWORD_INSIDE ||
                                     keyword_info[tok.op].role == KEYWORD_CLOSES);
}

static inline bool at_statement_end(const struct parser *p)
{
    return tok.type == T_NEWLINE || tok.type == T_SEMI || tok.type == T_COMMA || tok.type == T_EOF ||
           at_block_keyword(p) || (p->x.depth == 0 && at_keyword(p, KW_FUNCTION));
}

/* parse.c */
void parse_next(struct parser *p);
void *parse_alloc(struct parser *p, size_t n);
struct node *parse_node(struct parser *p, int kind, uint32_t begin);
struct node *parse_ends(struct parser *p, struct node *n);
struct node *parse_own(struct parser *p, struct node *n, struct node *child);
void parse_push(struct parser *p, struct node *n, struct list *l, struct node *child);
void parse_deeper(struct parser *p);
int parse_line(const struct parser *p, uint32_t at);
void parse_assigned(struct parser *p, const char *name);
bool parse_is_variable(struct parser *p, const char *name);
bool parse_bracket(const struct parser *p, char *sign, uint32_t *at);
_Noreturn void parse_unexpected(struct parser *p, const char *expected);
void parse_expect(struct parser *p, int type, const char *what);
void parse_open(struct parser *p, struct open *o, int keyword);
void parse_close(struct parser *p, int own_word);

/* parse_expr.c */
struct node *parse_name(struct parser *p);
struct function *parse_function_new(struct parser *p, uint32_t begin);
struct param *parse_grow(struct parser *p, struct param **v, int *n);
void parse_parameters(struct parser *p, struct function *f);
struct node *parse_chain(struct parser *p);
struct node *parse_expression(struct parser *p);
void parse_target(struct parser *p, struct node *n);
struct node *parse_assignment(struct parser *p, struct node *target);
struct node *parse_count(struct parser *p, struct node *target, uint32_t begin, int op, uint32_t at);

/* parse_stmt.c */
void parse_separators(struct parser *p);
struct node *parse_statements(struct parser *p, bool top);

/* parse_doc.c */
const char *parse_comment_from(struct parser *p, uint32_t at, uint32_t *next);
const char *parse_comment_above(struct parser *p, uint32_t at);
uint32_t parse_next_line(struct parser *p, uint32_t at);
const char *parse_first_comment(struct parser *p);

#endif
