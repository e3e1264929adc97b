/* SPDX-License-Identifier: BSD-3-Clause */
/* The syntax tree. All nodes of one text lie in one arena that is freed at once (ast_free); names are interned in
   it, so that within one tree equal names are equal pointers. Every node knows its bytes in the source, which is
   counted and may outlive the tree: messages quote operands from it.

   Reading guide for the compiler
   - `f(a){2}.x.(e)` is one INDEX node: a base expression and a list of links PAREN, BRACE, FIELD, DYNFIELD.
     `x.f(a)` is FIELD followed by PAREN; `pkg.name` is a NAME with a FIELD. A PAREN may hold NAMED arguments
     (last) and COLON.
   - END knows the innermost link around it and its place there; links know the link around them (`outer`), since
     `v(min(end, 3))` belongs to v when min is a function. The chain stops at a closure.
   - ASSIGN with op OP_NONE is `=`, else `op=`. x++ is `x += 1` with NODE_INCDEC. Targets: NAME, INDEX, TILDE.
     NODE_MULTI: the targets stood in brackets. As a statement it is the expression of an EXPR node.
   - RETURN without NODE_VALUES is a bare return.
   - an EXPR statement carries NODE_PRINT when it ends without `;`. */
#ifndef INTERP_AST_H
#define INTERP_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum node_kind {
#define NODE(kind, member, words) NODE_##kind,
#include "nodes.def"
    NODE_KINDS
};

enum op {
    OP_NONE,
#define OPERATOR(name, symbol, level, function) OP_##name,
#include "operators.def"
    OPERATORS
};

extern const struct operator_info {
    const char *symbol, *function;
    int level;
} operator_info[OPERATORS];
extern const char *const node_words[NODE_KINDS];

enum node_flag {
    NODE_PRINT = 1,    /* statement: show the value */
    NODE_IMAG = 2,     /* NUMBER: imaginary */
    NODE_DOUBLE = 4,   /* STRING: in double quotes (escapes already done) */
    NODE_MULTI = 8,    /* ASSIGN: [a, b] = … */
    NODE_INCDEC = 16,  /* ASSIGN: x++ or x-- */
    NODE_VALUES = 32,  /* RETURN: with values */
    NODE_TILDE_NOT = 64, /* NOT, NE typed with ~ */
    NODE_PREFIX = 128, /* ASSIGN with NODE_INCDEC: ++x */
};

/* A text that was parsed. Positions are byte offsets into it. */
struct source {
    int refs;
    char *name;              /* file name as given, or "" for the prompt, "-e" and eval texts */
    char *text;
    uint32_t len;
    uint32_t *line;          /* offset of each line's first byte */
    int lines;
    int first_line;          /* number of the first line, 1 unless the caller said otherwise */
};
struct source *source_new(const char *name, const char *text, size_t len);
struct source *source_hold(struct source *s);
void source_free(struct source *s);
int source_line(const struct source *s, uint32_t at, int *column);      /* both from 1; column in characters */
const char *source_line_text(const struct source *s, int line, int *len);

enum { AST_HEIGHT = 10000 };

struct node;
struct list { struct node **v; int n, room; };

/* Variables of one function, closure or of a script's top level. */
enum var_flag {
    VAR_ASSIGNED = 1,    /* some statement can give it a value */
    VAR_PARAM = 2, VAR_OUT = 4, VAR_GLOBAL = 8, VAR_PERSISTENT = 16,
    VAR_CAPTURED = 32,   /* copied from the enclosing function when the closure is made, if it has a value then */
};
struct var { const char *name; unsigned flags; };
struct capture { int from, to; };    /* slot outside, slot inside */

struct scope {
    struct var *var;
    int n, room;
    struct capture *capture;         /* of a closure */
    int captures, capture_room;
    bool dynamic;                    /* calls eval, load, … : every name has a slot */
    int *index, index_room;          /* hash table of slots + 1, once there are many */
};

struct param {
    const char *name;                /* NULL for ~ */
    struct node *init;               /* default value or NULL */
    int slot;
    uint32_t begin, end;
};

struct function {
    const char *name;                /* NULL: closure, script */
    struct param *param;
    int params;
    struct param *out;
    int outs;
    bool varargin, varargout;        /* the last param / out has that name (it is counted in params / outs) */
    bool closure;                    /* @(…) */
    bool block;                      /* body is a BLOCK, else an expression */
    bool script;                     /* top level */
    struct node *body;
    struct function *outer;          /* function around a closure */
    const char *doc;                 /* comment text without its comment signs, or NULL */
    uint32_t begin, end;             /* in the source */
    uint32_t header_end;             /* end of the line `function …` */
    struct source *source;
    struct scope scope;              /* filled by scope_resolve */
    void *user;                      /* for the compiler */
};

struct node {
    uint8_t kind, op;
    uint16_t flags;
    uint32_t begin, end;             /* bytes in the source */
    uint32_t at;                     /* where a caret points: the operator, the opening bracket, the name */
    uint32_t height;                 /* of the tree below; at most AST_HEIGHT, so that walkers may recurse */
    union {
        struct { double value; uint64_t bits; int cls; const char *text; } number;
            /* cls: 0 double; 8 16 32 64: uintN literal, -8 …: intN, its value in bits; text: in the source, as typed */
        struct { const char *text; size_t len; } string;
        struct { const char *name; int slot; } name;    /* slot -1: no variable. HANDLE: name may be pkg.name */
        struct { struct node *link; int arg; } endof;
        struct { struct node *a; } unary;
        struct { struct node *a, *b; } binary;
        struct { struct node *a, *step, *b; } range;    /* step may be NULL */
        struct { struct node *base; struct list links; } index;
        struct {
            struct list args;                           /* PAREN, BRACE */
            const char *name;                           /* FIELD */
            struct node *expr;                          /* DYNFIELD */
            struct node *outer; int outer_arg;          /* link around this one, see END */
            struct node *chain;                         /* the INDEX it belongs to */
            int place;                                  /* its place there */
        } link;
        struct list list;                               /* MATRIX and CELL: of ROW */
        struct function *function;
        struct { const char *name; int slot; struct node *value; } named;   /* NAMED; DECL: value may be NULL */
        struct { struct list targets; struct node *value; } assign;
        struct { const char *name; int slot; struct list args; } command;   /* args: STRING */
        struct { struct node *cond; struct node *body; } clause;            /* cond NULL: else, otherwise */
        struct { struct node *target, *cond, *body; } loop;                 /* FOR: cond is what it runs over */
        struct { struct node *value; struct list cases; } select;           /* of CLAUSE */
        struct { struct node *body, *name, *handler; } try;                 /* TRY: name NULL or a NAME */
    };
};

struct ast {
    struct source *source;
    struct function *main;           /* the statements outside functions, as a function with .script */
    struct function **function;      /* functions defined in the text, in order */
    int functions, function_room;
    bool script;                     /* there are statements other than function definitions */
    const char *doc;                 /* the text's first comment */
    struct chunk *chunks;
    const char **names; int names_n, names_room;   /* intern table */
};

struct ast *ast_new(struct source *source);
void ast_free(struct ast *a);
void *ast_alloc(struct ast *a, size_t bytes);                 /* zeroed; NULL only when memory is out */
const char *ast_name(struct ast *a, const char *text, size_t len);   /* interned, NUL-terminated */
void ast_push(struct ast *a, struct list *l, struct node *n);

void ast_each(struct node *n, void (*f)(struct node *child, void *arg), void *arg);
    /* f for each child; not into the function of CLOSURE and FUNCTION */

/* Texts. ast_print writes an expression as Octave prints anonymous functions (normalised blanks). */
void ast_print(FILE *out, const struct node *n);
char *ast_text(const struct node *n);                         /* the same, malloc'd */
char *ast_source_text(const struct source *s, const struct node *n, int most);   /* as typed, malloc'd, cut to `most` */
void ast_dump(FILE *out, const struct ast *a);                /* S-expressions, for tests */
void ast_dump_node(FILE *out, const struct node *n);

/* parse.c */
enum parse_flag {
    PARSE_FILE = 1,       /* functions may end at the end of the text or at the next one */
    PARSE_EXPRESSION = 2, /* one expression only (str2func, inline) */
    PARSE_MORE = 4,       /* more lines can be had: a text that ends in `...` is incomplete */
};
struct token;
struct parse_options {
    const char *name;     /* file name or NULL */
    unsigned flags;
    int first_line;       /* 0 means 1 */
    bool (*is_variable)(void *user, const char *name);    /* for command syntax; may be NULL */
    void *user;
    void (*on_token)(void *user, const struct token *t);     /* sees every token as it is read; may be NULL */
};
struct parse_error {
    char message[400];
    char hint[200];                  /* may be empty */
    uint32_t at;
    int line, column;
    bool incomplete;                 /* more text could make it right: the prompt asks for another line */
    struct source *source;           /* held: source_free it */
};
struct ast *parse_text(const char *text, size_t len, const struct parse_options *options, struct parse_error *err);

/* scope.c: gives every name its slot. `top` is the scope of a workspace, or of a frame in which a text is evaluated: it
   grows from text to text (scope_add; its names are malloc'd) and a slot never changes its name. With top NULL the main
   function gets a scope of its own in the tree.
   - slot -1: no variable as far as the text tells: a function. When none is found at run time, the frame is asked by name
     once more (scope_find): a script or assignin may have made the variable meanwhile.
   - A name with a slot may have no value at run time: then it is a function.
   - In dynamic texts and functions (eval, load, …) every name has a slot.
   - A closure has a slot for each variable it names that has one outside, and captures it if it has a value. */
void scope_resolve(struct ast *a, struct scope *top);
int scope_find(const struct scope *s, const char *name);      /* slot or -1 */
int scope_add(struct scope *s, const char *name, unsigned flags);   /* to a malloc'd one: slot, added if new; -1: no memory */
struct scope *scope_copy(const struct scope *s);              /* malloc'd; NULL gives an empty one */
void scope_clear(struct scope *s);                            /* what a malloc'd one holds */
void scope_free(struct scope *s);                             /* and itself */

#endif
