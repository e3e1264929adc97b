/* SPDX-License-Identifier: BSD-3-Clause */
/* vm.h: the machine: one stack of values, one of frames, and what hangs on them.
 *
 * A call of a tl function pushes a frame whose registers begin where the caller put the arguments; nothing is
 * allocated and C does not recurse.  Memory above the running frame's registers holds nothing counted.
 * C recursion happens only where a builtin calls back (machine_call), and is counted.
 * On a failure the run that has a handler for it (or none: the outermost) unwinds the frames above. */
#ifndef INTERP_VM_H
#define INTERP_VM_H
#include "code.h"
#include "interp.h"
#include "lab/cat.h"
#include "lab/print.h"
#include "lab/index.h"
#include "lab/place.h"

struct function_value {                       /* K_FUNC */
    struct func h;                            /* h.name: of a handle; NULL: closure */
    struct code *code;                        /* closure, or what the name means while epoch holds */
    const struct builtin *builtin;
    struct unit *home;                        /* where the name is looked up, held; of a closure its own */
    uint32_t epoch;
    int ncapture, npersist;
    value v[];                                /* captures, persistent variables */
};

struct space {                                /* variables of a workspace, or of a frame in which eval runs */
    struct scope scope;
    value *v; int room;                       /* those that are not in registers now */
};

struct frame;
struct frame_more { /* of a frame that runs statements in somebody's workspace, or in which eval ran */
    struct space *space;
    bool own;                                 /* the space is this function frame's: freed with it */
    struct frame *host;                       /* whose variables are in our registers; NULL: the workspace's */
    bool guest;                               /* ours are someone's: they go home when we end */
    struct unit *unit;                        /* held */
};

struct frame {
    const struct ins *pc;
    value *base, *dest;
    struct code *code;
    struct function_value *self;              /* of a closure; owned */
    struct frame_more *more;
    uint32_t nargin, nargout;
    union {
        uint64_t bits;                        /* 0: a plain call */
        struct {
            bool entry;                       /* the run loop ends when it returns */
            bool multi;                       /* results go to consecutive places at dest */
            uint8_t nbound;
            uint16_t taken;                   /* 1 + register on loan from an outer place */
            uint16_t ignored;                 /* bit k: result k is ~ */
        };
    };
    int taken_from;                           /* its outer place */
    uint64_t let_go;                          /* bit d: global d was cleared here; until it is declared again its name is ours */
    uint16_t bound[4];                        /* variables that hold a function's result during a plan */
};

struct global { sym name; value v; bool set; struct global *next; };

struct machine {
    struct frame *frames, *frame, *frame_limit;
    value *stack, *sp, *stack_end;            /* sp: first free one while C code runs */
    int max_depth;
    int runs;                                 /* C recursion */
    int guarded;                              /* calls in progress whose failure a builtin catches */
    struct space base;                        /* the workspace */
    struct frame *base_host;                  /* frame that has its variables now, or NULL */
    struct global *globals;
    struct trace trace;                       /* of the last failure that was located */
    int prompt_flags;
    int argc;
    char **argv;
    char *last_error, *last_id, *last_warning, *last_warning_id;
    value last_stack;
    struct registry *registry;
    uint32_t shadows; /* rises when a name the compiler knows (sin, sum, pi) begins or ends to mean a user's function */
    struct warning_state { char *id; char mode; } *warning;    /* errors.c: by identifier: 'o'n, 'f' off, 'e'rror */
    int nwarning;
    char warning_all;
    struct unit *dead, *units;
    struct breaks *breaks;                    /* breaks.c; NULL: never used */
    struct frame *focus;                      /* stopped here: whose variables the prompt asks about */
    value *cleanup; int ncleanup;             /* functions of onCleanup that wait to run */
};
struct machine *machine(void);
extern __thread struct machine *vm;

/* ---- running */
void machine_call(value f, int nargin, const value *arg, int nargout,
                  value *out); /* pooled results; the hook behind call_function */
bool machine_try(value f, int nargin, const value *arg, int nargout, value *out);   /* behind try_function */
void machine_call_code(struct code *c, struct function_value *self, int nargin, const value *arg, int nargout, value *out);
void machine_run(struct unit *u, struct frame *host); /* its statements with host's variables (NULL: the workspace's) */
void run_text(const char *text, size_t len, const char *name, struct frame *host, int flags, int first_line);     /* eval */
void run_tree(struct ast *a, struct frame *host);              /* takes a over */
value expression_value(const char *text, struct frame *host);        /* of an expression; pooled */
void run_file(const char *file, struct frame *host);
struct unit *unit_load(const char *file, unsigned flags);
NORETURN void fail_parse(struct parse_error *e);

/* ---- variables by name */
struct frame *frame_user(void);                                /* the frame that called the running builtin */
struct frame *frame_caller(struct frame *f);                   /* its caller, NULL: the workspace */
struct frame *frame_holder(struct frame *f); /* who has f's variables now: f, or a guest in it; NULL stays NULL */
value *frame_variable(struct frame *f, sym name, bool create); /* NULL f: the workspace; the place, or NULL */
void frame_each(struct frame *f, void (*visit)(sym name, value *v, unsigned flags, void *arg), void *arg);
void frame_forget(struct frame *f, sym name);                  /* clear */
void frame_take_back(struct frame *f, sym name);                /* a global that was let go is global again */

/* ---- functions: function.c, registry.c */
extern const struct class function_class;
value function_closure(struct code *c, const value *base);     /* pooled; captures from base */
value function_handle(sym name, struct unit *home);            /* pooled */
char *function_text(value f);                                  /* malloc'd: "sin", "@(x) x + 1" */
bool is_function(value v);
struct function_parts function_parts(value f);                 /* the hooks of lab/call.h */
const struct builtin *function_builtin(value f);
value function_made(const char *text, size_t len, bool closure, int n, const sym *name);
value *function_slot(value f, sym name);
struct callee { struct code *code; const struct builtin *builtin; };
extern __thread uint32_t function_epoch;                       /* rises when a name may mean another function */
struct callee resolve(sym name, const struct unit *from);      /* both NULL: there is none */
struct callee resolve_value(struct function_value *f);
void define_functions(struct unit *u);                         /* a script's functions become known */
void functions_free(void);
const struct builtin *find_builtin(sym name);
void registry_setup(void);
void registry_free(void);
void registry_add(const struct builtin *b);                    /* b lives as long as the context */
void registry_each(void (*visit)(const struct builtin *b, void *arg), void *arg);
void functions_each(void (*visit)(struct code *c, void *arg), void *arg);   /* typed or defined by scripts */
void function_remove(sym name);                                /* clear -f */
bool package_known(const char *name, const struct unit *from); /* `name.` begins a package's name */
bool package_renamed(const char *name);                       /* one of Torch's, whose functions are ours */
int builtin_params(const struct builtin *b, sym *name, int most,
                   int *fixed);                                /* names of the longest signature in its help */
bool is_constant(sym name, double *x);                         /* pi Inf NaN … and true, false through is_boolean */

/* ---- errors: vm_error.c */
void error_place_next(struct source *s, uint32_t at);          /* takes s: the next failure is there */
value stack_value(void);                                       /* err.stack; pooled */
enum { LOCATED = -2 };                                         /* failure()->node when that is done; fail() sets it to -1 */
struct error_kept { struct failure failure; struct trace trace; };
void error_put_by(struct error_kept *k);                       /* while somebody looks around: what failed, and where */
void error_take_back(struct error_kept *k, bool lose);         /* lose: another failure is on its way */
void place_hooks(void);
void error_locate(void);                                       /* failure() gets its operands' names and its place */
value error_value(void);                                       /* err of `catch err`; pooled */
NORETURN void error_raise(value err);
NORETURN void fail_undefined(sym name);
NORETURN void fail_undefined_output(sym name);
const char *habit_hint(const char *name);                       /* what it is called here, or NULL (habits.def) */
const char *did_you_mean(const char *name);                    /* or NULL; scratch */
void warning_hook(const char *id, const char *message);
const char *receiver_text(void); /* the first operand of the running instruction, as typed; scratch */
const char *command_text(void);  /* of `word text`: the text as it was typed, or NULL; scratch */
const char *warning_text(const char *message);                 /* with the operands' texts; pooled */
void warnings_free(void);

/* ---- machine internals shared by vm*.c.  They work on vm->frame, whose pc is saved; the loop reloads all afterwards. */
static inline value *frame_top(struct frame *f) { return f->base + f->code->nreg; }
void hint_op(const struct ins *i);
void release(value *v);                                        /* drop and leave empty */
void cleanup_later(value f);                                   /* takes f: an onCleanup whose last holder has gone */
void cleanup_run(void);                                        /* at a safe point */
void cleanup_after_failure(void);
void frame_settle(struct frame *f);
bool frame_catches(const struct frame *f);                     /* a try around where it is */
void frame_pop(struct frame *f);                               /* variables go home, registers are dropped */
void enter_code(struct code *c, struct function_value *self, value *base, int n, int nargout, value *dest, bool multi,
                uint64_t ignored);
void call_site_run(struct site *s, value *base);               /* CALL */
void call_variable(struct site *s, value *base);               /* CALLV */
void call_top(struct site *s, value *base);                    /* CALLT: base[0] is called or indexed */
void call_method(struct site *s, value *base);
void call_place_method(struct site *s, value *base);
void index_call(struct site *s, value subject, int n, const value *idx, value *dest);      /* IDX1, IDX2, the general way */
void return_outputs(void);
void return_list(value *v, int n);
value named_value(sym name);                                   /* of a function called without arguments; pooled */
sym register_name(const struct code *c, int reg);
value *outer_place(struct frame *f, int d);
static inline bool outer_let_go(const struct frame *f, int d) { return d < 64 && (f->let_go >> d & 1); }
bool land(struct frame *entry, value *floor);                   /* floor: the stack below is not ours */
void builtin_run_at(const struct builtin *b, value *arg, int nargin, int nargout, value *dest, bool multi);
struct entering {                             /* a run from C */
    void (*prepare)(struct entering *e);      /* pushes the frame; may fail */
    struct frame *entry;
    struct code *code;
    struct function_value *self;
    int nargin, nargout;
    const value *arg;
    value *dest;
    struct unit *unit;
    struct frame *host;
};
void run_entry(struct entering *e);
void frame_home(struct frame *f);                              /* a guest's variables go back */
void space_free(struct space *s);
void call_refuse(const struct builtin *b, int nargin, int nargout);     /* lab/call.c: fails if the numbers do not fit */
void functions_look(void);                                     /* have files come or gone? */
value list_value(int n, const value *v);                       /* a comma list as one value: owned */

/* the debugger: breaks.c says where to stop, stop.c is what one sees then; profile.c.  -DTL_NO_HOOKS leaves out what
   the machine has for them, to measure what that costs (make bench-hooks). */
#ifdef TL_NO_HOOKS
#define WATCHED false
#else
#define WATCHED unlikely(vm->breaks != NULL)   /* somebody has set a stop, or profiles */
#endif
uint16_t breaks_hit(void);                                     /* BREAK: the instruction that was there */
int stop_line(void);                           /* that runs now; 0: of the prompt */
void breaks_unit(struct unit *u);                              /* freshly compiled */
void breaks_failing(void);                                     /* nothing is unwound yet: does somebody want to look? */
void breaks_unwound(struct frame *f);                          /* frames above f are gone */
struct frame *breaks_floor(void); /* the frames up to here have stopped, and something else runs above */
void breaks_warned(void);
void breaks_rest(void);                                        /* the machine is at rest: no more steps */
void breaks_free(void);

/* slow paths of single instructions: vm_slow.c */
const struct ins *arith_miss(const struct ins *i, value *R);   /* where to go on */
bool truth(value *v, int reg);
bool for_range(value *s);
bool for_start(value *s);
bool for_next(value *s, value *var);
void for_empty(value over, value *var);
void brace_op(const struct ins *i, value *R);
void field_op(const struct ins *i, value *R);
void cat_op(const struct ins *i, value *R);
void range_op(const struct ins *i, value *R);
void append_op(const struct ins *i, value *R);
void set_index(const struct ins *i, value *R);
void place_op(const struct ins *i, value *R);
void end_op(const struct ins *i, value *R);
void hold_op(const struct ins *i, value *R);                   /* vm_hold.c */
void undo_op(const struct ins *i, value *R);
void list_lose(value *from, int n);
bool case_matches(value v, value k);
void ans_op(const struct ins *i, value *R);
void spread_op(const struct ins *i, value *R);
void outer_op(const struct ins *i, value *R);
void bind_op(const struct ins *i, value *R);
int path_steps(const struct path *p, value *R, struct step *st);

/* their frequent cases: vm_quick.c.  False: nothing was done. */
bool quick_arith(const struct ins *i, value *R, value *out, bool *jump);
bool quick_complex(struct plan *p, const value *R, value *out);
bool quick_brace(const struct ins *i, value *R);
bool quick_field(const struct ins *i, value *R);
bool quick_element_field(const struct ins *i, const struct ins *next, value *R);     /* and the instruction after it */
bool quick_slice(const struct ins *i, const struct ins *next, value *R);             /* the same */
bool quick_element(value x, const struct site *s, const value *idx, value *dest);
bool quick_push(value *slot, value i, value x);
bool quick_child(value *root, const struct step *st, value x);
bool quick_get(const struct ins *i, value *R);
bool quick_set(const struct ins *i, value *R);
bool quick_delete(const struct ins *i, value *R);
bool quick_end(const struct ins *i, value *R);

#endif
