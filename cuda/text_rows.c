/* SPDX-License-Identifier: BSD-3-Clause */
/* text_rows.c: the bodies of ops.def as expressions of one element, for every compute type.
 *
 * The bodies stay the only source: they are read as C expressions and written down again with what their words mean for
 * the type.  Real numbers keep their operators; 64-bit integers and complex numbers are structs, so a + b becomes
 * w_add(a, b) or z_add_d(a, b).  A csingle beside a double constant computes in double, as in C. */
#include "text.h"
#include <ctype.h>


#define OP1(name, class, body, cbody, domain, ...) { #name, #body, #cbody, #domain, 1, class },
#define OP2(name, class, body, cbody, domain, ...) { #name, #body, #cbody, #domain, 2, class },
#define TEST1(name, body, cbody, ...) { #name, #body, #cbody, "REALS", 1, TEST },
#define TEST2(name, body, cbody, ...) { #name, #body, #cbody, "REALS", 2, TEST },
#define BYTE1(name, body, ...) { #name, #body, "NOC", "REALS", 1, BYTE },
#define BYTE2(name, body, ...) { #name, #body, "NOC", "REALS", 2, BYTE },
#define ALIAS(...)
const struct text_row text_row[] = {
#include "lab/ops.def"
};
const int text_rows = COUNT(text_row);

/* ---- strings that live until room_free */
struct piece_of_room { struct piece_of_room *next; char s[]; };
static char none[] = "";
static char *say(struct room *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static char *say(struct room *m, const char *format, ...)
{
    va_list a;
    va_start(a, format);
    int n = vsnprintf(NULL, 0, format, a);
    va_end(a);
    struct piece_of_room *p = malloc(sizeof *p + (size_t)n + 1);
    if (!p) {
        m->failed = true;
        return none;
    }
    va_start(a, format);
    vsnprintf(p->s, (size_t)n + 1, format, a);
    va_end(a);
    p->next = m->first;
    m->first = p;
    return p->s;
}
void room_free(struct room *m)
{
    while (m->first) {
        struct piece_of_room *p = m->first;
        m->first = p->next;
        free(p);
    }
}

/* ---- expressions: a string and what it is */
enum {
    REAL_D = DEV_D,
    REAL_F = DEV_F,
    MASK = DEV_B,
    WIDE = DEV_L,
    CD = DEV_C,
    CF = DEV_G,
    LITERAL /* a whole number */,
    WRONG
};
struct exp { char *s; int type; bool open; };             /* open: wants brackets as an operand */
struct read { const char *s; struct room *m; int type; const char *a, *b; };

static bool complex(int t) { return t == CD || t == CF; }
static char letter(int t) { return t == CF || t == REAL_F ? 'f' : 'd'; }
static struct exp wrong(void) { return (struct exp){ none, WRONG, false }; }
static const char *in_brackets(struct read *r, struct exp x) { return x.open ? say(r->m, "(%s)", x.s) : x.s; }

void put_constant(struct text *t, const char *s, int n, char type);
static char *constant(struct read *r, const char *s, int n, char type)
{
    struct text t = { 0 };
    put_constant(&t, s, n, type);
    char *y = t.failed || !t.s ? none : say(r->m, "%s", t.s);
    r->m->failed |= t.failed;
    free(t.s);
    return y;
}

/* x as a complex number or real number of type `to` */
static struct exp turn(struct read *r, struct exp x, int to)
{
    if (x.type == to || x.type == WRONG)
        return x;
    if (to == CD && x.type == CF)
        return (struct exp){ say(r->m, "widen(%s)", x.s), CD, false };
    if (to == CF && x.type == CD)
        return (struct exp){ say(r->m, "narrow(%s)", x.s), CF, false };
    if (complex(to)) {
        struct exp y = turn(r, x, to == CD ? REAL_D : REAL_F);
        return (struct exp){ say(r->m, "make_%c(%s, 0)", letter(to), y.s), to, false };
    }
    if (x.type == LITERAL) {
        if (to == WIDE)
            return (struct exp){ say(r->m, "w_of_i64(%s)", x.s), WIDE, false };
        return (struct exp){ constant(r, x.s, (int)strlen(x.s), letter(to)), to, x.open };
    }
    if (to == WIDE)
        return (struct exp){ say(r->m, "w_of_d(%s)", x.s), WIDE, false };
    if (x.type == WIDE)
        return (struct exp){ to == REAL_F ? say(r->m, "(float)w_to_d(%s)", x.s) : say(r->m, "w_to_d(%s)", x.s), to, false };
    if (complex(x.type))
        return wrong();
    return (struct exp){ say(r->m, "(%s)%s", type_name[to], in_brackets(r, x)), to, false };
}

static int joined(int a, int b)
{
    if (a == WRONG || b == WRONG)
        return WRONG;
    if (a == b)
        return a;
    if (a == WIDE || b == WIDE)
        return WIDE;
    bool c = complex(a) || complex(b), d = a == CD || b == CD || a == REAL_D || b == REAL_D;
    if (c)
        return d ? CD : CF;
    if (a == LITERAL || a == MASK)
        return b;
    return b == LITERAL || b == MASK ? a : REAL_D;
}

static struct exp expression(struct read *r);
static void blanks(struct read *r)
{
    while (isspace((unsigned char)*r->s))
        r->s++;
}
static bool next_is(struct read *r, const char *op)
{
    blanks(r);
    size_t n = strlen(op);
    if (strncmp(r->s, op, n))
        return false;
    if (n == 1 && strchr("<>=!&|", *op) && (r->s[1] == '=' || (r->s[1] == *op && *op != '!')))
        return false;
    r->s += n;
    return true;
}

static struct exp operator(struct read *r, char op, struct exp a, struct exp b)
{
    int t = joined(a.type, b.type);
    static const char *const names[] = { "add", "sub", "mul", "div" };
    const char *name = names[op == '+' ? 0 : op == '-' ? 1 : op == '*' ? 2 : 3];
    if (t == WRONG || t == MASK)
        return wrong();
    if (t == WIDE)
        return (struct exp){ say(r->m, "w_%s(%s, %s)", name, turn(r, a, WIDE).s, turn(r, b, WIDE).s), WIDE, false };
    if (complex(t)) {
        int part = t == CD ? REAL_D : REAL_F;
        if (!complex(b.type) && (op == '*' || op == '/'))
            return (struct exp){ say(r->m, "z_%s_%c(%s, %s)", op == '*' ? "by" : "over", letter(t), turn(r, a, t).s,
                                     turn(r, b, part).s),
                                 t, false };
        if (!complex(a.type) && op == '*')
            return (struct exp){ say(r->m, "z_by_%c(%s, %s)", letter(t), turn(r, b, t).s, turn(r, a, part).s), t, false };
        if (!complex(a.type) && op == '+')
            return (struct exp){ say(r->m, "z_shift_%c(%s, %s)", letter(t), turn(r, a, part).s, turn(r, b, t).s), t, false };
        return (struct exp){ say(r->m, "z_%s_%c(%s, %s)", name, letter(t), turn(r, a, t).s, turn(r, b, t).s), t, false };
    }
    if (t != LITERAL) {
        a = turn(r, a, t);
        b = turn(r, b, t);
    }
    /* sums inside products get brackets, and what stands right of - and / */
    const char *x = op == '+' || op == '-' ? a.s : in_brackets(r, a), *y = op == '+' ? b.s : in_brackets(r, b);
    return (struct exp){ say(r->m, "%s %c %s", x, op, y), t, true };
}

static struct exp compare(struct read *r, const char *op, struct exp a, struct exp b)
{
    int t = joined(a.type, b.type);
    if (t == WRONG)
        return wrong();
    if (t == WIDE) {
        bool turned = op[0] == '>';
        const char *name = !strcmp(op, "==") ? "eq" : !strcmp(op, "!=") ? "ne" : op[1] ? "le" : "lt";
        a = turn(r, a, WIDE);
        b = turn(r, b, WIDE);
        return (struct exp){ say(r->m, "w_%s(%s, %s)", name, turned ? b.s : a.s, turned ? a.s : b.s), MASK, false };
    }
    if (complex(t)) {
        a = turn(r, a, t);
        b = turn(r, b, t);
        return (struct exp){ say(r->m, "%sz_eq_%c(%s, %s)", *op == '!' ? "!" : "", letter(t), a.s, b.s), MASK, false };
    }
    if (t <= REAL_F) {
        a = turn(r, a, t);
        b = turn(r, b, t);
    }
    return (struct exp){ say(r->m, "%s %s %s", in_brackets(r, a), op, in_brackets(r, b)), MASK, true };
}

/* ---- what names mean.  $1 … are arguments; _T ends in _d or _f. */
static const struct { const char *name, *real, *wide; } real_words[] = {
    { "POW", "power_T($1, $2)", "w_pow($1, $2)" },
    { "TANH", "tanh($1)", NULL },
    { "ERF", "erf($1)", NULL },
    { "ROUND", "round($1)", "$1" },
    { "MOD", "remainder_T($1, $2, 1)", "w_rem($1, $2, 1)" },
    { "REM", "remainder_T($1, $2, 0)", "w_rem($1, $2, 0)" },
    { "NTHROOT", "nthroot_T($1, $2)", NULL },
    { "GAMMA", "gamma_T($1)", NULL },
    { "SIND", "degrees_T($1, 0)", NULL },
    { "COSD", "degrees_T($1, 1)", NULL },
    { "lgamma", "lgamma_T($1)", NULL },
    { "fabs", "fabs($1)", "w_abs($1)" },
    { "trunc", "trunc($1)", "w_trunc($1)" },
    { "floor", "floor($1)", "$1" },           /* of whole numbers: of the classes that keep integers */
    { "ceil", "ceil($1)", "$1" },
    { "copysign", "copysign($1, $2)", "w_copysign($1, $2)" },
    { "sqrt", "sqrt($1)", "w_sqrt($1)" },
};
static const struct { const char *name, *wide;
} lane_words[] = {
    { "bitand_lane", "w_and" }, { "bitor_lane", "w_or" }, { "bitxor_lane", "w_xor" },
    { "gcd_lane", "w_gcd" },    { "lcm_lane", "w_lcm" },
};
/* of complex numbers: z in both precisions, D in double alone; the type of the result: Z complex, R real */
static const struct { const char *name, *say, kind, result;
} complex_words[] = {
    { "creal", "$1.x", 'z', 'R' },
    { "cimag", "$1.y", 'z', 'R' },
    { "cabs", "z_abs_T($1)", 'z', 'R' },
    { "carg", "z_arg_T($1)", 'z', 'R' },
    { "conj", "z_conj_T($1)", 'z', 'Z' },
    { "CSIGN", "z_sign_T($1)", 'z', 'Z' },
    { "CTIMES", "z_times_T($1, $2)", 'z', 'Z' },
    { "COVER", "z_quotient_T($1, $2)", 'z', 'Z' },
    { "SQABS", "z_sqabs_T($1)", 'z', 'R' },
    { "CMAX", "z_max_T($1, $2)", 'z', 'Z' },
    { "CMIN", "z_min_T($1, $2)", 'z', 'Z' },
    { "CORDER", "z_order_T($1, $2)", 'z', 'D' },
    { "CLE", "z_order_T($1, $2) <= 0.0", 'z', 'M' },
    { "CPOW", "z_pow_d($1, $2)", 'D', 'Z' },
    { "CASIN", "z_arcsin_d($1)", 'D', 'Z' },
    { "CACOS", "z_arccos_d($1)", 'D', 'Z' },
    { "CRECIP", "z_recip_T($1)", 'z', 'Z' },
    { "CSIND", "z_sind_d($1, 0)", 'D', 'Z' },
    { "CCOSD", "z_sind_d($1, 1)", 'D', 'Z' },
    { "CEXPM1", "z_expm1_d($1)", 'D', 'Z' },
    { "CLOG1P", "z_log1p_d($1)", 'D', 'Z' },
    { "CLGAMMA", "z_lgamma_d($1)", 'D', 'Z' },
    { "sqrt", "z_sqrt_d($1)", 'D', 'Z' },
    { "exp", "z_exp_d($1)", 'D', 'Z' },
    { "log", "z_log_d($1)", 'D', 'Z' },
    { "sin", "z_sin_d($1)", 'D', 'Z' },
    { "cos", "z_cos_d($1)", 'D', 'Z' },
    { "tan", "z_tan_d($1)", 'D', 'Z' },
    { "atan", "z_atan_d($1)", 'D', 'Z' },
    { "sinh", "z_sinh_d($1)", 'D', 'Z' },
    { "cosh", "z_cosh_d($1)", 'D', 'Z' },
    { "tanh", "z_tanh_d($1)", 'D', 'Z' },
    { "asinh", "z_asinh_d($1)", 'D', 'Z' },
    { "acosh", "z_acosh_d($1)", 'D', 'Z' },
    { "atanh", "z_atanh_d($1)", 'D', 'Z' },
};

static char *filled(struct read *r, const char *form, char type, const struct exp *x)
{
    struct text t = { 0 };
    for (const char *s = form; *s; s++) {
        if (*s == '$') {
            const struct exp *y = &x[*++s - '1'];
            bool alone = s == form + 1 ? !s[1] : s[-2] == '(' || s[-2] == ' ';         /* the whole, or an argument */
            put(&t, "%s", alone ? y->s : in_brackets(r, *y));
        } else if (*s == 'T' && s > form && s[-1] == '_')
            put_n(&t, &type, 1);
        else
            put_n(&t, s, 1);
    }
    r->m->failed |= t.failed;
    char *y = t.s ? say(r->m, "%s", t.s) : none;
    free(t.s);
    return y;
}

static bool is(const char *s, int n, const char *name) { return (int)strlen(name) == n && !memcmp(s, name, (size_t)n); }

static struct exp call(struct read *r, const char *name, int n)
{
    struct exp x[4] = { { none, WRONG, false } };
    const char *raw = NULL;
    int args = 0, raw_n = 0;
    if (is(name, n, "K")) {                   /* a constant of the type */
        blanks(r);
        const char *s = r->s, *e = strchr(s, ')');
        r->s = e + 1;
        int len = (int)(e - s);
        if (r->type == WIDE)
            return isdigit((unsigned char)e[-1]) && !memchr(s, '.', (size_t)len)
                       ? (struct exp){ say(r->m, "w_of_i64(%.*s)", len, s), WIDE, false }
                       : (struct exp){ say(r->m, "w_of_d((double)%.*s)", len, s), WIDE, false };
        int to = complex(r->type) ? REAL_D : r->type;
        return (struct exp){ constant(r, s, len, letter(to)), to, *s == '-' };
    }
    if (is(name, n, "LANES1") || is(name, n, "LANES2") || is(name, n, "CPARTS")) {
        blanks(r);
        for (raw = r->s; isalnum((unsigned char)*r->s) || *r->s == '_'; r->s++)
            ;
        raw_n = (int)(r->s - raw);
        next_is(r, ",");
    }
    while (args < 4) {
        x[args++] = expression(r);
        if (x[args - 1].type == WRONG)
            return wrong();
        if (next_is(r, ")"))
            break;
        if (!next_is(r, ","))
            return wrong();
    }
    int t = x[0].type;
    for (int i = 1; i < args; i++)
        t = joined(t, x[i].type);
    static const char *const signs[6][2] = { { "LT", "<" },  { "LE", "<=" }, { "GT", ">" },
                                             { "GE", ">=" }, { "EQ", "==" }, { "NE", "!=" } };
    for (int i = 0; i < 6; i++)
        if (is(name, n, signs[i][0]))
            return compare(r, signs[i][1], x[0], x[1]);
    if (is(name, n, "SEL")) {
        t = joined(x[1].type, x[2].type);
        return (struct exp){ say(r->m, "%s ? %s : %s", in_brackets(r, x[0]), in_brackets(r, turn(r, x[1], t)),
                                 in_brackets(r, turn(r, x[2], t))),
                             t, true };
    }
    if (is(name, n, "CPARTS")) {
        if (!complex(t))
            return wrong();
        return (struct exp){ say(r->m, "z_%.*s_%c(%s)", raw_n, raw, letter(t), x[0].s), t, false };
    }
    if (raw && t == WIDE) {
        for (int i = 0; i < COUNT(lane_words); i++)
            if (is(raw, raw_n, lane_words[i].name))
                return (struct exp){ say(r->m, "%s(%s, %s)", lane_words[i].wide, x[0].s, x[1].s), WIDE, false };
        return wrong();
    }
    if (raw) {
        const char *cast = t == REAL_F ? "(float)" : "", *in = t == REAL_F ? "(double)" : "";
        struct exp *a = x, *b = x + 1;
        const char *u = *in ? in_brackets(r, *a) : a->s, *v = args > 1 ? (*in ? in_brackets(r, *b) : b->s) : NULL;
        return (struct exp){ v ? say(r->m, "%s%.*s(%s%s, %s%s)", cast, raw_n, raw, in, u, in, v)
                               : say(r->m, "%s%.*s(%s%s)", cast, raw_n, raw, in, u),
                             t, false };
    }
    if (is(name, n, "CMPLX_")) {
        int to = r->type == CF ? REAL_F : REAL_D;
        return (struct exp){ say(r->m, "make_%c(%s, %s)", letter(to), turn(r, x[0], to).s, turn(r, x[1], to).s),
                             to == REAL_F ? CF : CD, false };
    }
    if (complex(t)) {
        for (int i = 0; i < COUNT(complex_words); i++)
            if (is(name, n, complex_words[i].name)) {
                int in = complex_words[i].kind == 'D' ? CD : t, part = in == CD ? REAL_D : REAL_F;
                struct exp y[2] = { turn(r, x[0], in), args > 1 ? turn(r, x[1], in) : x[0] };
                char *s = filled(r, complex_words[i].say, letter(in), y);
                switch (complex_words[i].result) {
                case 'R': return (struct exp){ s, part, false };
                case 'D': return (struct exp){ s, REAL_D, false };
                case 'M': return (struct exp){ s, MASK, true };
                }
                return turn(r, (struct exp){ s, in, false }, t);
            }
        return wrong();
    }
    int real = t == REAL_F ? REAL_F : t == WIDE ? WIDE : REAL_D;
    for (int i = 0; i < args; i++)
        x[i] = turn(r, x[i], real);
    if (is(name, n, "isinf"))
        return (struct exp){ say(r->m, "fabs(%s) == (%s)INFINITY", x[0].s, type_name[real]), MASK, true };
    if (is(name, n, "isfinite"))
        return (struct exp){ say(r->m, "fabs(%s) < (%s)INFINITY", x[0].s, type_name[real]), MASK, true };
    if (is(name, n, "signbit"))
        return (struct exp){ say(r->m, "copysign(%s, %s) < 0", real == REAL_F ? "1.0f" : "1.0", x[0].s), MASK, true };
    for (int i = 0; i < COUNT(real_words); i++)
        if (is(name, n, real_words[i].name)) {
            const char *form = real == WIDE ? real_words[i].wide : real_words[i].real;
            if (!form)
                return wrong();
            return (struct exp){ filled(r, form, letter(real), x), real, !strcmp(form, "$1") && x[0].open };
        }
    if (real == WIDE)
        return wrong();
    return (struct exp){ args > 1 ? say(r->m, "%.*s(%s, %s)", n, name, x[0].s, x[1].s)
                                  : say(r->m, "%.*s(%s)", n, name, x[0].s),
                         real, false };
}

static struct exp primary(struct read *r)
{
    blanks(r);
    const char *s = r->s;
    if (next_is(r, "(")) {
        struct exp x = expression(r);
        return next_is(r, ")") ? x : wrong();
    }
    if (isdigit((unsigned char)*s)) {
        bool whole = true;
        for (; isdigit((unsigned char)*r->s) || *r->s == '.'; r->s++)
            whole &= *r->s != '.';
        return (struct exp){ say(r->m, "%.*s", (int)(r->s - s), s), whole ? LITERAL : REAL_D, false };
    }
    while (isalnum((unsigned char)*r->s) || *r->s == '_')
        r->s++;
    int n = (int)(r->s - s);
    if (next_is(r, "("))
        return call(r, s, n);
    if (is(s, n, "a"))
        return (struct exp){ say(r->m, "%s", r->a), r->type, false };
    if (is(s, n, "b") && r->b)
        return (struct exp){ say(r->m, "%s", r->b), r->type, false };
    if (is(s, n, "LN2"))
        return (struct exp){ say(r->m, "0.69314718055994530942"), REAL_D, false };
    if (is(s, n, "LN10"))
        return (struct exp){ say(r->m, "2.30258509299404568402"), REAL_D, false };
    return wrong();
}

static struct exp unary(struct read *r)
{
    blanks(r);
    if (*r->s == '-') {
        r->s++;
        struct exp x = unary(r);
        if (x.type == WRONG)
            return x;
        if (x.type == WIDE)
            return (struct exp){ say(r->m, "w_neg(%s)", x.s), WIDE, false };
        if (complex(x.type))
            return (struct exp){ say(r->m, "z_neg_%c(%s)", letter(x.type), x.s), x.type, false };
        return (struct exp){ say(r->m, "-%s", in_brackets(r, x)), x.type, true };
    }
    return primary(r);
}

/* Levels from the loosest: || && | & == != < <= + - * / */
static struct exp level(struct read *r, int k)
{
    static const char *const ops[7][3] = { { "||" }, { "&&" }, { "|" }, { "^" }, { "&" }, { "==", "!=" }, { "<=", "<" } };
    if (k >= 9)
        return unary(r);
    struct exp x = level(r, k + 1);
    for (;;) {
        const char *op = NULL;
        if (x.type == WRONG)
            return x;
        if (k == 7)
            op = next_is(r, "+") ? "+" : next_is(r, "-") ? "-" : NULL;
        else if (k == 8)
            op = next_is(r, "*") ? "*" : next_is(r, "/") ? "/" : NULL;
        else
            for (int i = 0; i < 3 && ops[k][i] && !op; i++)
                op = next_is(r, ops[k][i]) ? ops[k][i] : NULL;
        if (!op)
            return x;
        struct exp y = level(r, k + 1);
        if (y.type == WRONG)
            return y;
        if (k >= 7)
            x = operator(r, *op, x, y);
        else if (k >= 5)
            x = compare(r, op, x, y);
        else
            x = (struct exp){ say(r->m, "%s %s %s", in_brackets(r, x), op, in_brackets(r, y)), MASK, true };
    }
}

static struct exp expression(struct read *r)
{
    return level(r, 0);
}

static int result_type(int class, int type)
{
    if (class == TEST || class == BYTE)
        return MASK;
    if (complex(type) && (class == PART || class == PARTF))
        return type == CD ? REAL_D : REAL_F;
    return type;
}

char *row_expression(struct room *m, int op, enum dev_type type, const char *a, const char *b, enum dev_type *result)
{
    const struct text_row *row = &text_row[op];
    bool z = complex((int)type);
    if ((z && !strcmp(row->cbody, "NOC")) || (row->class == BYTE) != (type == DEV_B) || (row->class == MAKEC && !z) ||
        (type == DEV_L && (row->class == FLOAT || row->class == PARTF)))
        return NULL;
    struct read r = { z ? row->cbody : row->body, m, (int)type, a, row->args > 1 ? b : NULL };
    int want = result_type(row->class, (int)type);
    struct exp x = expression(&r);
    blanks(&r);
    if (x.type == WRONG || *r.s)
        return NULL;
    *result = (enum dev_type)want;
    x = turn(&r, x, want);
    return x.type == WRONG ? NULL : x.s;
}

char *row_domain(struct room *m, int op, enum dev_type type, const char *a, const char *b)
{
    const struct text_row *row = &text_row[op];
    if (!strcmp(row->domain, "REALS") || type > DEV_F)
        return NULL;
    struct read r = { row->domain, m, (int)type, a, row->args > 1 ? b : NULL };
    struct exp x = expression(&r);
    return x.type == WRONG ? NULL : x.s;
}
