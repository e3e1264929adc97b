/* SPDX-License-Identifier: BSD-3-Clause */
/* code.h: what the compiler makes and the machine runs.
 *
 * One function, closure body or script is one `struct code`: instructions of 16 bytes whose operands are registers of
 * the frame.  The first registers are the variables (slots of scope.c), those behind are temporaries.  A temporary is
 * written once and used once; a dead one holds nothing counted, so it needs no clearing on the fast paths.
 * All codes of one text form a unit, which is counted: functions in the table and function values hold it. */
#ifndef INTERP_CODE_H
#define INTERP_CODE_H
#include "ast.h"
#include "lab/call.h"
#include "lab/plan.h"

enum opcode {
#define OP(name, format, meaning) I_##name,
#include "opcodes.def"
    OPCODES
};

struct ins {
    uint16_t op, a, b, c;
    union {
        double k;
        struct site *s;
        struct { int32_t d, e; };
    };
};
_Static_assert(sizeof(struct ins) == 16, "an instruction is two words");

enum { ALL = 0xffff };                        /* nargout of a call that passes on what its frame is asked for */
enum { LIST = 1 }; /* tag.a of a cell that stands for a comma list; only between two instructions */
enum {
    LISTS_FIRST = 0,
    LISTS_WELCOME = 1,
    LISTS_NONE = 4
}; /* where c{:}, s.f stand: the first value, all, or only one may come */
enum { MAX_REGISTERS = 60000 };

struct where {
    uint32_t at, begin, end, b1, e1, b2, e2;
}; /* bytes in the source: the node, and its operands for \1 and \2 */

/* an expression tree of operators: when an instruction of it misses, the whole runs as a plan */
struct tree {
    struct plan *plan;
    int dest;                                 /* register, or -1: a jump */
    int resume;                               /* pc behind the tree */
    int target;                               /* of the jump */
    bool jump_if;
    const char *hint;                         /* the operator of x OP= …: a window that is rebound is worth a word */
    int n;                                    /* nodes */
    struct where *where;                      /* of each node */
    int nleaf, *leaf;                         /* registers read */
    int ntemp, *temp;                         /* those of them that are temporaries */
};

struct path_step { int kind, n, reg; sym name; bool lists; };  /* arguments or the dynamic field name from register reg */
struct path { int root, n; struct path_step *step; };
struct hold_target {
    int reg, outer, pc;
}; /* the place whose root this register or outer place (or -1) is; the instruction that writes it */
struct hold {                                 /* targets with an index */
    int n;
    bool same;                                /* two of them in one variable */
    struct hold_target *t;
    int list, count; /* values of a list target: from register `list` as many as `count` says; count 0: none */
};

struct site {                                 /* one place in the code that calls */
    sym name;
    uint32_t epoch;                           /* the cache below is right while this is the function table's */
    uint16_t nargs, nargout;
    int dest;                                 /* register of the first result */
    int slot;                                 /* register of the variable of that name or -1 */
    int aux;                                  /* IDX2: second index; PMETHOD: path */
    bool lists, named, colons, statement, chained;
    bool fast;                                /* code can be entered as it is */
    int nnamed;
    sym *argname;                             /* of the last nnamed arguments */
    uint64_t ignored;                         /* bit k: result k is ~ */
    struct code *code;
    const struct builtin *builtin;
};

struct outer {
    sym name;
    bool persistent;
    int index;
    struct global *global;
}; /* a variable that lives outside the frame */
struct handler {
    int from, to, target, level, depth;
    bool unwind;
}; /* pc range, where to go, first temporary to drop there */
struct param_info { sym name; int reg; bool has_default; };
struct shape { int rows, *cols; bool lists; };                 /* of a matrix or cell literal */

/* Where the debugger and the profiler can take hold: the first instruction of a statement, and those that return.  When
 * one is wanted there, its instruction is BREAK and `op` says what it was (interp/breaks.c). */
enum { MARK_LINE = 1, MARK_RETURN = 2, MARK_END = 4 /* the end of a function: it returns there if nothing did before */ };
struct mark {
    int32_t pc;
    uint32_t at;                              /* byte in the source */
    uint16_t op;
    uint8_t flags;
    uint8_t stops;                            /* breakpoints here */
};

struct code {
    struct unit *unit;
    sym name;                                 /* NULL: closure, script */
    struct ins *ins; int n, room;
    struct where *where;
    int32_t *tree_at;                         /* tree of each instruction or -1 */
    struct tree **tree; int ntree;
    struct site **site; int nsite;
    struct path *path; int npath;
    struct hold *hold; int nhold;
    struct shape *shape; int nshape;
    struct mark *mark; int nmark;             /* by pc */
    int profile;                              /* 1 + its number among what is profiled */
    value *k; int nk;
    struct code **closure; int nclosure;
    struct outer *outer; int nouter;
    struct handler *handler; int nhandler;
    struct param_info *param; int nparam, nout;
    int *out;                                 /* registers */
    int nslot, shift, nlocal;                 /* variables; register = slot + shift; registers that are no temporaries */
    int nreg, ndrop; /* registers in all; those that may hold something counted when the code returns */
    sym *slot_name;
    struct capture *capture; int ncapture;    /* registers outside, inside */
    value *persist; int npersist;             /* of a named function; closures have their own */
    bool varargin, varargout, simple, returns, dynamic, script, closure_body, block, library;
    char *text;                               /* a closure as Octave shows it */
    char *doc;
    uint32_t begin, end;
};

struct unit {
    int refs;
    struct source *source;
    struct code *main;                        /* statements outside functions */
    struct code **function; int functions;    /* in order */
    uint32_t shadows;                         /* vm->shadows when it was compiled */
    bool script, library, file;               /* file: name.tl whose first function is its name; the others are its own */
    char *doc;
    struct unit *next;                        /* waiting to be freed */
    struct unit *before, *after;              /* all units: vm->units */
};

struct unit *compile(struct ast *a, struct scope *top, unsigned flags);     /* fails with a located error; one reference */
enum { COMPILE_LIBRARY = 1, COMPILE_FILE = 2, COMPILE_FUNCTIONS = 4 /* not what stands outside */ };
struct unit *unit_hold(struct unit *u);
void unit_forget(struct unit *u);
void unit_drop(struct unit *u);
void code_list(const struct code *c);                          /* disassembly to the sink */
struct mark *code_mark(const struct code *c, int pc);          /* the last one up to pc */
sym code_sym(const char *name);

#endif
