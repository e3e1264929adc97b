/* SPDX-License-Identifier: BSD-3-Clause */
/* Characters to tokens (LANGUAGE.md section 2). One token is made at a time, after the parser has said in which
   context it stands, so nothing is ever lexed twice. Two bits carry the hard rules: `operand` (the token before ends
   an operand: a quote is a transpose, a blank in [] may separate) and the innermost bracket on the stack. */
#include "lex.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const struct keyword_info keyword_info[KEYWORDS] = {
#define KEYWORD(name, text, role) [KW_##name] = { text, KEYWORD_##role },
#include "keywords.def"
};

enum { NEST_MOST = 1000 };

static int find_keyword(const char *s, size_t n)
{
    for (int i = 0; i < KEYWORDS; i++)
        if (keyword_info[i].text[0] == s[0] && strlen(keyword_info[i].text) == n && !memcmp(keyword_info[i].text, s, n))
            return i;
    return -1;
}

bool is_keyword(const char *name)
{
    return find_keyword(name, strlen(name)) >= 0;
}

/* --- errors --- */

static void vfail(struct lexer *x, uint32_t at, const char *hint, bool incomplete, const char *format, va_list ap)
{
    struct parse_error *e = x->err;
    vsnprintf(e->message, sizeof e->message, format, ap);
    snprintf(e->hint, sizeof e->hint, "%s", hint ? hint : "");
    e->at = at;
    e->incomplete = incomplete;
    e->line = source_line(x->ast->source, at, &e->column);
}

void lex_fail(struct lexer *x, uint32_t at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vfail(x, at, NULL, false, format, ap);
    va_end(ap);
    longjmp(x->fail, 1);
}

void lex_fail_hint(struct lexer *x, uint32_t at, const char *hint, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vfail(x, at, hint, false, format, ap);
    va_end(ap);
    longjmp(x->fail, 1);
}

void lex_incomplete(struct lexer *x, uint32_t at, const char *hint, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vfail(x, at, hint, true, format, ap);
    va_end(ap);
    longjmp(x->fail, 1);
}

void lex_no_memory(struct lexer *x)
{
    lex_fail(x, x->tok.begin, "out of memory while reading the text");
}

/* --- the stack of brackets --- */

void lex_push(struct lexer *x, int context, uint32_t at)
{
    if (x->depth >= NEST_MOST)
        lex_fail(x, at, "brackets and blocks are nested more than %d deep", NEST_MOST);
    if (x->depth == x->room) {
        int room = x->room ? 2 * x->room : 16;
        void *p = realloc(x->stack, (size_t)room * sizeof x->stack[0]);
        if (!p)
            lex_no_memory(x);
        x->stack = p;
        x->room = room;
    }
    x->stack[x->depth].type = context;
    x->stack[x->depth++].at = at;
}

void lex_pop(struct lexer *x)
{
    if (x->depth > 0)
        x->depth--;
}

static int context(const struct lexer *x)
{
    return x->depth ? x->stack[x->depth - 1].type : IN_TEXT;
}

static bool in_statements(const struct lexer *x)
{
    return context(x) == IN_TEXT || context(x) == IN_BLOCK;
}

static bool in_literal(const struct lexer *x)
{
    return context(x) == IN_BRACKET || context(x) == IN_BRACE;
}

/* --- characters --- */

static int peek(const struct lexer *x, uint32_t ahead)
{
    return x->pos + ahead < x->len ? (unsigned char)x->text[x->pos + ahead] : 0;
}

static bool name_start(int c) { return isalpha(c) || c == '_'; }
static bool name_part(int c) { return isalnum(c) || c == '_'; }
static bool blank(int c) { return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v'; }
static bool comment_sign(int c) { return c == '%' || c == '#'; }

/* Is the line around pos nothing but a block sign such as %{ ? */
static bool line_is(const struct lexer *x, uint32_t pos, char brace)
{
    uint32_t b = pos, e = pos + 2;
    if (pos + 1 >= x->len || !comment_sign((unsigned char)x->text[pos]) || x->text[pos + 1] != brace)
        return false;
    while (b > 0 && blank((unsigned char)x->text[b - 1]))
        b--;
    while (e < x->len && blank((unsigned char)x->text[e]))
        e++;
    return (b == 0 || x->text[b - 1] == '\n') && (e >= x->len || x->text[e] == '\n');
}

static void skip_line(struct lexer *x)
{
    while (x->pos < x->len && x->text[x->pos] != '\n')
        x->pos++;
}

/* %{ … %}, nested; ends before the newline after its last line. */
static void skip_block_comment(struct lexer *x)
{
    uint32_t opened = x->pos;
    int depth = 0;
    while (x->pos < x->len) {
        while (blank(peek(x, 0)))
            x->pos++;
        if (line_is(x, x->pos, '{'))
            depth++;
        else if (line_is(x, x->pos, '}') && --depth == 0) {
            skip_line(x);
            return;
        }
        skip_line(x);
        if (x->pos < x->len)
            x->pos++;
    }
    lex_incomplete(x, opened, NULL, "the block comment opened at line %d is not closed",
                   source_line(x->ast->source, opened, NULL));
}

/* Nothing but blanks behind the sign of n bytes at pos, or a comment where one may stand. */
static bool ends_line(const struct lexer *x, uint32_t pos, uint32_t n, bool comment)
{
    uint32_t e = pos + n;
    while (e < x->len && blank((unsigned char)x->text[e]))
        e++;
    return e < x->len && (x->text[e] == '\n' || (comment && comment_sign((unsigned char)x->text[e])));
}

static bool dots_at(const struct lexer *x, uint32_t p) { return p + 3 <= x->len && !memcmp(x->text + p, "...", 3); }

/* Blanks, comments and continuations; newlines too where they mean nothing. */
static bool skip_blanks(struct lexer *x)
{
    uint32_t from = x->pos;
    for (;;) {
        int c = peek(x, 0);
        if (blank(c))
            x->pos++;
        else if (comment_sign(c)) {
            if (line_is(x, x->pos, '{'))
                skip_block_comment(x);
            else
                skip_line(x);
        } else if ((c == '.' && peek(x, 1) == '.' && peek(x, 2) == '.') || (c == '\\' && ends_line(x, x->pos, 1, true))) {
            uint32_t at = x->pos;              /* a backslash at the end of a line is Octave's old sign for the same */
            skip_line(x);
            if (x->pos + 1 >= x->len && x->more)
                lex_incomplete(x, at, NULL, "the line continued by '...' is missing");
            x->pos += x->pos < x->len;
        } else if (c == '\n' && context(x) == IN_PAREN)
            x->pos++;
        else
            break;
    }
    return x->pos > from;
}

/* --- numbers --- */

static _Noreturn void bad_number(struct lexer *x, uint32_t begin)
{
    uint32_t e = x->pos;
    while (e < x->len && name_part((unsigned char)x->text[e]))
        e++;
    char hint[80];
    snprintf(hint, sizeof hint, "write %.*s*%.*s to multiply", (int)(x->pos - begin > 30 ? 30 : x->pos - begin),
             x->text + begin, (int)(e - x->pos > 30 ? 30 : e - x->pos), x->text + x->pos);
    if (memchr(x->text + begin, '_', e - begin))
        snprintf(hint, sizeof hint, "an underscore stands between two digits: 1_000_000");
    else if (x->pos + 1 == e && (x->text[x->pos] | 32) == 'e')
        snprintf(hint, sizeof hint, "an exponent needs digits: 1e3");
    lex_fail_hint(x, begin, hint, "'%.*s' is neither a number nor a name", (int)(e - begin > 60 ? 60 : e - begin),
                  x->text + begin);
}

static void lex_radix(struct lexer *x, int shift)
{
    struct token *t = &x->tok;
    int digits = 0, bits, c, limit;
    uint64_t v = 0;
    x->pos += 2;
    for (;; x->pos++) {
        c = peek(x, 0);
        if (c == '_' && digits && isxdigit(peek(x, 1)))
            continue;
        int d = isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : 99;
        if (d >= 1 << shift)
            break;
        digits++;
        if (digits * shift > 64)
            lex_fail(x, t->begin, "a %s literal has at most 64 bits", shift == 4 ? "hexadecimal" : "binary");
        v = v << shift | (unsigned)d;
    }
    if (!digits)
        lex_fail(x, t->begin, "'0%c' needs digits", x->text[t->begin + 1]);
    bits = digits * shift;
    t->cls = bits <= 8 ? 8 : bits <= 16 ? 16 : bits <= 32 ? 32 : 64;
    if ((c = peek(x, 0)) == 'u' || c == 's') {
        int size = 0;
        uint32_t p = 1;
        for (; isdigit(peek(x, p)) && size < 100; p++)
            size = 10 * size + peek(x, p) - '0';
        if ((size == 8 || size == 16 || size == 32 || size == 64) && !name_part(peek(x, p))) {
            limit = size;
            if (limit < 64 && v >> limit)
                lex_fail(x, t->begin, "the literal does not fit %sint%d", c == 'u' ? "u" : "", size);
            t->cls = c == 'u' ? size : -size;
            x->pos += p;
        }
    }
    if (name_part(peek(x, 0)))
        bad_number(x, t->begin);
    t->bits = v;
    t->number = (double)v;
}

static void skip_digits(struct lexer *x)      /* underscores between them, as in 10_000, mean nothing */
{
    uint32_t from = x->pos;
    while (isdigit(peek(x, 0)) || (peek(x, 0) == '_' && x->pos > from && isdigit(peek(x, 1))))
        x->pos++;
}

static void lex_number(struct lexer *x)
{
    struct token *t = &x->tok;
    t->type = T_NUMBER;
    if (peek(x, 0) == '0' && (peek(x, 1) == 'x' || peek(x, 1) == 'X')) {
        lex_radix(x, 4);
        return;
    }
    if (peek(x, 0) == '0' && (peek(x, 1) == 'b' || peek(x, 1) == 'B')) {
        lex_radix(x, 1);
        return;
    }
    skip_digits(x);
    if (peek(x, 0) == '.') {
        int n = peek(x, 1);
        bool dotted = n && strchr("*/\\^'", n);             /* 1./x is 1 ./ x */
        bool dots = n == '.' && peek(x, 2) == '.';          /* 1... */
        if (!dotted && !dots) {
            x->pos++;
            skip_digits(x);
        }
    }
    int c = peek(x, 0);
    if (c && strchr("eEdD", c)) {
        uint32_t p = peek(x, 1) == '+' || peek(x, 1) == '-' ? 2 : 1;
        if (isdigit(peek(x, p))) {
            x->pos += p;
            skip_digits(x);
        }
    }
    uint32_t n = x->pos - t->begin;
    char small[64], *s = n < sizeof small ? small : malloc(n + 1);
    if (!s)
        lex_no_memory(x);
    uint32_t k = 0;
    for (uint32_t i = 0; i < n; i++) {
        char ch = x->text[t->begin + i];
        if (ch != '_')
            s[k++] = ch == 'd' || ch == 'D' ? 'e' : ch;
    }
    s[k] = 0;
    t->number = strtod(s, NULL);
    if (s != small)
        free(s);
    c = peek(x, 0);
    if (c && strchr("ijIJ", c) && !name_part(peek(x, 1))) {
        t->imag = true;
        x->pos++;
    }
    if (name_start(peek(x, 0))) {
        if (x->text[x->pos - 1] == '.') {
            uint32_t e = x->pos;
            while (e < x->len && name_part((unsigned char)x->text[e]))
                e++;
            char hint[100];
            int digits = (int)(x->pos - 1 - t->begin), word = (int)(e - x->pos);
            snprintf(hint, sizeof hint, "write (%.*s).%.*s()", digits > 40 ? 40 : digits, x->text + t->begin,
                     word > 40 ? 40 : word, x->text + x->pos);
            lex_fail_hint(x, t->begin, hint, "a number takes a method only in parentheses");
        }
        bad_number(x, t->begin);
    }
}

/* --- texts --- */

static _Noreturn void open_string(struct lexer *x, char quote)
{
    lex_fail(x, x->tok.begin, "the text opened with %c is not closed on this line", quote);
}

/* The character after a backslash, from p on; gives the byte and how many characters were read. */
static int escape(const char *p, const char *end, int *used)
{
    static const char from[] = "ntrabfv", to[] = "\n\t\r\a\b\f\v";
    const char *at;
    *used = 1;
    if (*p >= '0' && *p <= '7') {
        int v = 0, n = 0;
        while (n < 3 && p + n < end && p[n] >= '0' && p[n] <= '7')
            v = 8 * v + p[n++] - '0';
        *used = n;
        return v & 255;
    }
    if (*p == 'x' && p + 1 < end && isxdigit((unsigned char)p[1])) {
        int v = 0, n = 1;
        while (n < 3 && p + n < end && isxdigit((unsigned char)p[n])) {
            int c = tolower((unsigned char)p[n++]);
            v = 16 * v + (c <= '9' ? c - '0' : c - 'a' + 10);
        }
        *used = n;
        return v;
    }
    if (*p && (at = strchr(from, *p)))
        return (unsigned char)to[at - from];
    return (unsigned char)*p;
}

/* From the opening quote on; appends to out (room for the rest of the line), moves past the closing quote. */
static size_t lex_quoted(struct lexer *x, char *out)
{
    int quote = peek(x, 0);
    size_t n = 0;
    x->pos++;
    for (;;) {
        if (x->pos >= x->len || x->text[x->pos] == '\n')
            open_string(x, (char)quote);
        int c = peek(x, 0);
        if (c == quote) {
            if (peek(x, 1) != quote)
                break;
            x->pos += 2;
            out[n++] = (char)quote;
        } else if (c == '\\' && quote == '"') {
            x->pos++;
            if (x->pos >= x->len)
                open_string(x, (char)quote);
            uint32_t eol = x->pos;
            while (blank((unsigned char)x->text[eol]) && eol + 1 < x->len)
                eol++;
            if (x->text[eol] == '\n') {              /* a text continued on the next line */
                x->pos = eol + 1;
                continue;
            }
            int used;
            out[n++] = (char)escape(x->text + x->pos, x->text + x->len, &used);
            x->pos += (uint32_t)used;
        } else if (c == '.' && quote == '"' && dots_at(x, x->pos) && ends_line(x, x->pos, 3, false)) {
            skip_line(x);                     /* as Octave still does */
            x->pos++;
        } else {
            out[n++] = (char)c;
            x->pos++;
        }
    }
    x->pos++;
    return n;
}

/* Room for the text whose opening quote is at pos. */
static size_t quoted_room(const struct lexer *x)
{
    uint32_t e = x->pos + 1;
    char quote = x->text[x->pos];
    while (e < x->len && x->text[e] != '\n') {
        if (x->text[e] == quote && (e + 1 >= x->len || x->text[e + 1] != quote))
            break;
        if (x->text[e] == '\\' && quote == '"') {
            e++;
            while (e < x->len && blank((unsigned char)x->text[e]))
                e++;
        } else if (x->text[e] == quote) {
            e++;
        } else if (quote == '"' && dots_at(x, e) && ends_line(x, e, 3, false)) {
            while (x->text[e] != '\n')
                e++;
        }
        e++;
    }
    return e - x->pos + 1;
}

static void lex_string(struct lexer *x)
{
    struct token *t = &x->tok;
    char small[256];
    size_t room = quoted_room(x);
    char *s = room <= sizeof small ? small : ast_alloc(x->ast, room);
    if (!s)
        lex_no_memory(x);
    t->type = T_STRING;
    t->dq = peek(x, 0) == '"';
    t->len = lex_quoted(x, s);
    if (s == small) {
        char *keep = ast_alloc(x->ast, t->len + 1);
        if (!keep)
            lex_no_memory(x);
        memcpy(keep, s, t->len);
        s = keep;
    }
    t->text = s;
}

/* --- operators --- */

static const struct symbol { const char *text; int type, op; } symbols[] = {   /* longer ones first */
    { ".**=", T_ASSIGN, OP_POWER },
    { ".**", T_OP, OP_POWER }, { "...", T_EOF, 0 }, { "**=", T_ASSIGN, OP_MPOWER },
    { ".+=", T_ASSIGN, OP_PLUS }, { ".-=", T_ASSIGN, OP_MINUS }, { ".*=", T_ASSIGN, OP_TIMES },
    { "./=", T_ASSIGN, OP_RDIV }, { ".^=", T_ASSIGN, OP_POWER }, { ".+", T_OP, OP_PLUS }, { ".-", T_OP, OP_MINUS },
    { "==", T_OP, OP_EQ }, { "~=", T_OP, OP_NE }, { "!=", T_OP, OP_NE }, { "<=", T_OP, OP_LE }, { ">=", T_OP, OP_GE },
    { "&&", T_OP, OP_ANDAND }, { "||", T_OP, OP_OROR }, { ".*", T_OP, OP_TIMES }, { "./", T_OP, OP_RDIV },
    { ".\\", T_OP, OP_LDIV }, { ".^", T_OP, OP_POWER }, { "**", T_OP, OP_MPOWER }, { ".'", T_POSTFIX, OP_TRANS },
    { "+=", T_ASSIGN, OP_PLUS }, { "-=", T_ASSIGN, OP_MINUS }, { "*=", T_ASSIGN, OP_MTIMES },
    { "/=", T_ASSIGN, OP_MRDIV }, { "^=", T_ASSIGN, OP_MPOWER }, { "|=", T_ASSIGN, OP_OR }, { "&=", T_ASSIGN, OP_AND },
    { "++", T_INCDEC, OP_PLUS }, { "--", T_INCDEC, OP_MINUS },
    { "=", T_ASSIGN, OP_NONE }, { "<", T_OP, OP_LT }, { ">", T_OP, OP_GT }, { "&", T_OP, OP_AND }, { "|", T_OP, OP_OR },
    { "+", T_OP, OP_PLUS }, { "-", T_OP, OP_MINUS }, { "*", T_OP, OP_MTIMES }, { "/", T_OP, OP_MRDIV },
    { "\\", T_OP, OP_MLDIV }, { "^", T_OP, OP_MPOWER }, { "!", T_OP, OP_NOT }, { "~", T_OP, OP_NOT },
    { ":", T_OP, OP_COLON }, { ",", T_COMMA, 0 }, { ";", T_SEMI, 0 }, { "@", T_AT, 0 }, { ".", T_DOT, 0 },
    { "(", T_LPAREN, 0 }, { ")", T_RPAREN, 0 }, { "[", T_LBRACKET, 0 }, { "]", T_RBRACKET, 0 },
    { "{", T_LBRACE, 0 }, { "}", T_RBRACE, 0 },
};

static const struct symbol *find_symbol(const struct lexer *x, uint32_t pos)
{
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        size_t n = strlen(symbols[i].text);
        if (pos + n <= x->len && !memcmp(x->text + pos, symbols[i].text, n))
            return &symbols[i];
    }
    return NULL;
}

static const struct symbol *one_sign(int c)
{
    size_t i = 0;
    while (symbols[i].text[0] != c || symbols[i].text[1])
        i++;
    return &symbols[i];
}

/* Does what follows ++ behind an operand leave no other reading than k++: the end of the expression, a comparison, & |
 * * / ^ : */
static bool ends_incdec(const struct lexer *x, uint32_t p)
{
    int c = p < x->len ? (unsigned char)x->text[p] : '\n', d = p + 1 < x->len ? (unsigned char)x->text[p + 1] : '\n';
    if (c == '\n' || c == ';' || comment_sign(c))
        return context(x) != IN_PAREN;
    if ((c == '+' || c == '-') && p > x->pos + 2)              /* k++ + 1 */
        return blank(d);
    if (c == '\'' && p == x->pos + 2 && !in_literal(x))
        return true;
    return (c && strchr(",)]}<>&|*/^:", c)) || ((c == '=' || c == '~' || c == '!') && d == '=');
}

/* Is ++ or -- at pos one sign: before a name, or behind an operand where nothing follows that it could belong to?  Else it is
   two signs: 5--3 is 8. */
static bool is_incdec(const struct lexer *x, bool start, bool space)
{
    uint32_t p = x->pos + 2;
    int next = p < x->len ? (unsigned char)x->text[p] : '\n';
    while (p < x->len && blank((unsigned char)x->text[p]))
        p++;
    int c = p < x->len ? (unsigned char)x->text[p] : '\n';
    if (start)
        return in_statements(x) && name_start(c);
    if (!x->operand)
        return name_start(in_literal(x) ? next : c);
    if (in_literal(x) && (space || blank(next)))             /* [x++ 3] */
        return !space;
    if (in_statements(x) && name_start(c)) {                 /* if k, n++ end */
        uint32_t e = p;
        while (e < x->len && name_part((unsigned char)x->text[e]))
            e++;
        int k = find_keyword(x->text + p, e - p);
        return k >= 0 && keyword_info[k].role != KEYWORD_OPENS;
    }
    return ends_incdec(x, p);
}

static _Noreturn void bad_character(struct lexer *x)
{
    static const struct { const char *text, *hint; } likely[] = {
        { "\u2018", "use a plain quote '" }, { "\u2019", "use a plain quote '" }, { "\u201c", "use a plain quote \"" },
        { "\u201d", "use a plain quote \"" }, { "\u2212", "use a plain minus sign -" },
        { "\u2013", "use a plain minus sign -" }, { "\u00d7", "use * or .*" }, { "\u00b7", "use * or .*" },
        { "\u00f7", "use / or ./" }, { "\u2264", "use <=" }, { "\u2265", "use >=" }, { "\u2260", "use ~=" },
        { "\u00a0", "this is a non-breaking space; type a plain one" }, { "\u2026", "use three dots ..." },
        { "\u03c0", "use pi" }, { "\u00b0", "sind(x), cosd(x), tand(x) take degrees" }, { "\u00b2", "use ^2 or .^2" },
        { "\u00b3", "use ^3 or .^3" }, { "\u221a", "use sqrt(x)" }, { "\u221e", "use Inf" }, { "\u2044", "use / or ./" },
    };
    int c = peek(x, 0);
    if (x->pos == 0 && x->len > 1 && (!memcmp(x->text, "\xff\xfe", 2) || !memcmp(x->text, "\xfe\xff", 2)))
        lex_fail_hint(x, x->pos, "save it as UTF-8", "the text is in UTF-16");
    if (!c)
        lex_fail_hint(x, x->pos, "is this a text?", "the text contains a NUL byte");
    if (memchr(x->text, 0, x->len)) /* a program, a picture, an archive: what stands first says little */
        lex_fail_hint(x, x->pos, "scripts are texts; load, imread and fopen read other files", "this is no text: it contains NUL bytes");
    if (c == '?')
        lex_fail_hint(x, x->pos, "write if a, y = b; else, y = c; end, or merge(a, b, c)", "unexpected '?'");
    if (c == '`')
        lex_fail_hint(x, x->pos, "a text stands in plain quotes: 'text'", "unexpected '`'");
    if (c == '$')
        lex_fail_hint(x, x->pos, "names are made of letters a-z, digits and _", "unexpected '$'");
    if (c < 128)
        lex_fail(x, x->pos, isprint(c) ? "unexpected '%c'" : "unexpected character with code %d", c);
    for (size_t i = 0; i < sizeof likely / sizeof likely[0]; i++) {
        size_t n = strlen(likely[i].text);
        if (x->pos + n <= x->len && !memcmp(x->text + x->pos, likely[i].text, n))
            lex_fail_hint(x, x->pos, likely[i].hint, "unexpected '%s'", likely[i].text);
    }
    int n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
    for (int i = 1; i < n; i++)
        if ((peek(x, (uint32_t)i) & 0xc0) != 0x80)
            n = 0;
    if (n)
        lex_fail(x, x->pos, "unexpected '%.*s': names are made of letters a-z, digits and _", n, x->text + x->pos);
    lex_fail_hint(x, x->pos, "save the text as UTF-8; or is it none?", "byte 0x%02x is not valid UTF-8", c);
}

/* In [] and {}: does white space before what stands at pos separate two elements? Called after an operand. */
static bool separates(const struct lexer *x)
{
    int c = peek(x, 0), d = peek(x, 1);
    if (name_part(c) || c == '"' || c == '\'' || c == '(' || c == '[' || c == '{' || c == '@')
        return true;
    if (c == '.' && isdigit(d))
        return true;
    if (c == '~' || c == '!')
        return d != '=';
    if (c == '+' || c == '-')
        return !blank(d) && d != '\n' && d != '=' && !(d == '.' && peek(x, 2) == '.' && peek(x, 3) == '.');
    return false;
}

static const char closing[] = { [IN_TEXT] = 0, [IN_BLOCK] = 0, [IN_PAREN] = ')', [IN_BRACKET] = ']', [IN_BRACE] = '}',
                                [IN_CLOSURE] = 0 };

static void close_bracket(struct lexer *x, char c)
{
    uint32_t at = x->tok.begin;
    if (in_statements(x)) {
        if (context(x) == IN_BLOCK) {
            int line = source_line(x->ast->source, x->stack[x->depth - 1].at, NULL);
            lex_fail(x, at, "unexpected '%c': the 'begin' at line %d is not closed", c, line);
        }
        lex_fail(x, at, "unexpected '%c': no bracket is open", c);
    }
    uint32_t opened = x->stack[x->depth - 1].at;
    char open = x->text[opened], want = open == '{' ? '}' : closing[context(x)];
    if (want != c) {
        int column, line = source_line(x->ast->source, opened, &column);
        lex_fail(x, at, "expected '%c' but found '%c': '%c' was opened at line %d, column %d", want, c, open, line, column);
    }
    lex_pop(x);
}

void lex_next(struct lexer *x)
{
    struct token *t = &x->tok;
    bool space = false, after_dot = x->after_dot, start = x->start;
    memset(t, 0, sizeof *t);
    x->start = x->after_dot = false;
again:
    space |= skip_blanks(x);
    t->begin = x->pos;
    t->space = space;
    int c = peek(x, 0);
    if (context(x) == IN_CLOSURE && (c == ',' || c == ';' || c == '\n' || c == ']' || c == '}')) {
        lex_pop(x);
        goto again;
    }
    if (x->pos >= x->len) {
        t->type = T_EOF;
        t->end = x->pos;
        return;
    }
    if (space && x->operand && in_literal(x) && separates(x)) {
        t->type = T_COMMA;
        t->implicit = true;
        t->end = t->begin;
        x->operand = false;
        return;
    }
    if (c == '\n') {
        x->pos++;
        t->end = x->pos;
        t->type = in_literal(x) ? T_SEMI : T_NEWLINE;
        t->implicit = true;
        x->operand = false;
        x->start = t->type == T_NEWLINE;
        return;
    }
    if (isdigit(c) || (c == '.' && isdigit(peek(x, 1)) && !(x->operand && !space))) {
        lex_number(x);
        x->operand = true;
    } else if (name_start(c)) {
        while (name_part(peek(x, 0)))
            x->pos++;
        size_t n = x->pos - t->begin;
        int k = after_dot ? -1 : find_keyword(x->text + t->begin, n);
        if (k == KW_END && !in_statements(x))
            k = -1;                                          /* the last index; the parser looks around it */
        t->text = ast_name(x->ast, x->text + t->begin, n);
        if (!t->text)
            lex_no_memory(x);
        t->len = n;
        t->type = k >= 0 ? T_KEYWORD : T_NAME;
        t->op = k;
        x->operand = k < 0;
        x->start = k == KW_ELSE || k == KW_DO || k == KW_TRY || k == KW_OTHERWISE || k == KW_UNWIND || k == KW_CLEANUP;
    } else if (c == '"' || (c == '\'' && !(x->operand && !(space && in_literal(x))))) {
        lex_string(x);
        x->operand = true;
    } else if (c == '\'') {
        x->pos++;
        t->type = T_POSTFIX;
        t->op = OP_CTRANS;
        x->operand = true;
    } else {
        const struct symbol *s = find_symbol(x, x->pos);
        if (!s)
            bad_character(x);
        if (s->type == T_INCDEC && !is_incdec(x, start, space))
            s = one_sign(c);
        else if (s->type == T_ASSIGN && s->op != OP_NONE && in_literal(x))
            s = one_sign(c);
        t->type = s->type;
        t->op = s->op;
        t->tilde = c == '~';
        x->pos += (uint32_t)strlen(s->text);
        bool index = x->operand && !(space && in_literal(x));
        switch (t->type) {
        case T_LPAREN:
            lex_push(x, IN_PAREN, t->begin);
            break;
        case T_LBRACKET:
            lex_push(x, IN_BRACKET, t->begin);
            break;
        case T_LBRACE:
            lex_push(x, index ? IN_PAREN : IN_BRACE, t->begin);
            break;
        case T_RPAREN: case T_RBRACKET: case T_RBRACE:
            close_bracket(x, (char)c);
            break;
        case T_DOT:
            x->after_dot = true;
            break;
        case T_SEMI: case T_COMMA:
            x->start = in_statements(x);
            break;
        }
        x->operand = t->type == T_RPAREN || t->type == T_RBRACKET || t->type == T_RBRACE || t->type == T_POSTFIX ||
                     (t->type == T_INCDEC && x->operand);
    }
    t->end = x->pos;
}

/* --- commands --- */

/* `help ++`, `doc +=`: a sign alone behind these words is asked about. */
static bool sign_is_asked(const struct lexer *x, uint32_t p)
{
    static const char *const words[] = { "help", "doc", NULL };
    uint32_t e = p;
    while (e < x->len && !strchr(" \t\r\n;,", x->text[e]))
        e++;
    while (e < x->len && blank((unsigned char)x->text[e]))
        e++;
    if (x->text[p] == '(' || (e < x->len && !strchr("\n;%#", x->text[e])))
        return false;
    for (const char *const *w = words; *w; w++) {
        uint32_t n = (uint32_t)strlen(*w);
        if (x->pos >= n && !memcmp(x->text + x->pos - n, *w, n) &&
            (x->pos == n || strchr(" \t\n;,", x->text[x->pos - n - 1])))
            return true;
    }
    return false;
}

bool lex_command_follows(struct lexer *x)
{
    uint32_t p = x->pos;
    if (!in_statements(x) || p >= x->len || !blank((unsigned char)x->text[p]))
        return false;
    while (p < x->len && blank((unsigned char)x->text[p]))
        p++;
    if (p >= x->len)
        return false;
    int c = (unsigned char)x->text[p];
    if (ispunct(c) && !comment_sign(c) && c != '\'' && c != '"' && sign_is_asked(x, p))
        return true;
    bool equal = c == '=' && p + 1 < x->len && x->text[p + 1] == '=' &&
                 (p + 2 == x->len || x->text[p + 2] == '\n'); /* help == */
    if (c == '\n' || c == ';' || c == ',' || c == '(' || (c == '=' && !equal) || comment_sign(c))
        return false;
    if (c == '.' && p + 2 < x->len && x->text[p + 1] == '.' && x->text[p + 2] == '.')
        return false;
    const struct symbol *s = find_symbol(x, p);
    if (s && (s->type == T_OP || s->type == T_ASSIGN || s->type == T_INCDEC || s->type == T_POSTFIX) &&
        !(s->op == OP_NOT && s->type == T_OP)) {
        uint32_t e = p + (uint32_t)strlen(s->text);
        int d = e < x->len ? (unsigned char)x->text[e] : '\n';
        if (d == ' ' || d == '\t')
            return false;
        if (s->type == T_ASSIGN || (s->type == T_INCDEC && (d == '\n' || d == ';' || d == ',')))
            return false;
    }
    return true;
}

/* A word runs to a blank, comma, semicolon or newline; quotes group, brackets do. A comment ends the command, and so does the
   `end` of a closure's block. */
bool lex_command_word(struct lexer *x, struct node **word)
{
    while (blank(peek(x, 0)) || (peek(x, 0) == '.' && peek(x, 1) == '.' && peek(x, 2) == '.')) {
        if (peek(x, 0) == '.') {
            skip_line(x);
            if (x->pos + 1 >= x->len && x->more)
                lex_incomplete(x, x->pos, NULL, "the line continued by '...' is missing");
        }
        x->pos += x->pos < x->len;
    }
    int c = peek(x, 0);
    bool closed = context(x) == IN_BLOCK && x->pos + 3 <= x->len && !memcmp(x->text + x->pos, "end", 3) &&
                  !name_part(peek(x, 3));                    /* @() begin disp hi end */
    if (x->pos >= x->len || c == '\n' || c == ';' || c == ',' || comment_sign(c) || closed) {
        x->operand = false;
        x->start = true;
        return false;
    }
    uint32_t begin = x->pos, stop = begin;
    size_t n = 0;
    while (stop < x->len && x->text[stop] != '\n')
        stop++;
    char *s = ast_alloc(x->ast, stop - begin + 1);
    if (!s)
        lex_no_memory(x);
    bool dq = c == '"';
    int nest = 0;
    struct token *t = &x->tok;
    while (x->pos < x->len) {
        c = peek(x, 0);
        if (c == '\n' || (!nest && (blank(c) || c == ';' || c == ',' || comment_sign(c))))
            break;
        if (c == '\'' || c == '"') {
            t->begin = x->pos;
            if (begin + n + quoted_room(x) > stop + 1)
                open_string(x, (char)c);                 /* a text that goes on in the next line */
            n += lex_quoted(x, s + n);
            continue;
        }
        if (c == '(' || c == '[' || c == '{')
            nest++;
        else if ((c == ')' || c == ']' || c == '}') && nest > 0)
            nest--;
        s[n++] = (char)c;
        x->pos++;
    }
    struct node *w = ast_alloc(x->ast, sizeof *w);
    if (!w)
        lex_no_memory(x);
    w->kind = NODE_STRING;
    w->flags = dq ? NODE_DOUBLE : 0;
    w->begin = w->at = begin;
    w->end = x->pos;
    w->string.text = s;
    w->string.len = n;
    *word = w;
    return true;
}

void lex_init(struct lexer *x, struct ast *a, struct parse_error *err)
{
    memset(x, 0, sizeof *x);
    x->ast = a;
    x->text = a->source->text;
    x->len = a->source->len;
    x->err = err;
    x->start = true;
    if (x->len >= 3 && !memcmp(x->text, "\xef\xbb\xbf", 3))
        x->pos = 3;
}

void lex_free(struct lexer *x)
{
    free(x->stack);
}
