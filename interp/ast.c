/* SPDX-License-Identifier: BSD-3-Clause */
/* The arena of a syntax tree, its names, and its two printed forms: ast_print writes an expression as Octave shows
   anonymous functions, ast_dump writes S-expressions for tests. */
#include "ast.h"

#include <stdlib.h>
#include <string.h>

const struct operator_info operator_info[OPERATORS] = {
#define OPERATOR(name, symbol, level, function) [OP_##name] = { symbol, function, level },
#include "operators.def"
};

const char *const node_words[NODE_KINDS] = {
#define NODE(kind, member, words) words,
#include "nodes.def"
};

/* --- sources --- */

struct source *source_new(const char *name, const char *text, size_t len)
{
    struct source *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->refs = 1;
    s->first_line = 1;
    s->name = strdup(name ? name : "");
    s->text = malloc(len + 1);
    if (!s->name || !s->text || len >= UINT32_MAX) {
        source_free(s);
        return NULL;
    }
    memcpy(s->text, text, len);
    s->text[len] = 0;
    s->len = (uint32_t)len;
    size_t n = 1;
    for (const char *p = s->text; (p = memchr(p, '\n', (size_t)(s->text + len - p))); p++)
        n++;
    if (!(s->line = malloc(n * sizeof *s->line))) {
        source_free(s);
        return NULL;
    }
    s->line[s->lines++] = 0;
    for (const char *p = s->text; (p = memchr(p, '\n', (size_t)(s->text + len - p))); p++)
        s->line[s->lines++] = (uint32_t)(p + 1 - s->text);
    return s;
}

struct source *source_hold(struct source *s)
{
    if (s)
        s->refs++;
    return s;
}

void source_free(struct source *s)
{
    if (!s || --s->refs > 0)
        return;
    free(s->name);
    free(s->text);
    free(s->line);
    free(s);
}

int source_line(const struct source *s, uint32_t at, int *column)
{
    int lo = 0, hi = s->lines;
    if (at > s->len)
        at = s->len;
    while (hi - lo > 1) {
        int mid = lo + (hi - lo) / 2;
        *(s->line[mid] <= at ? &lo : &hi) = mid;
    }
    if (column) {
        *column = 1;
        for (uint32_t i = s->line[lo]; i < at; i++)
            *column += (s->text[i] & 0xc0) != 0x80;
    }
    return lo + s->first_line;
}

const char *source_line_text(const struct source *s, int line, int *len)
{
    line -= s->first_line;
    if (line < 0 || line >= s->lines) {
        *len = 0;
        return "";
    }
    uint32_t b = s->line[line], e = line + 1 < s->lines ? s->line[line + 1] - 1 : s->len;
    while (e > b && (s->text[e - 1] == '\n' || s->text[e - 1] == '\r'))
        e--;
    *len = (int)(e - b);
    return s->text + b;
}

/* --- arena --- */

struct chunk {
    struct chunk *next;
    size_t used, size;
    max_align_t data[];
};

struct ast *ast_new(struct source *source)
{
    struct ast *a = calloc(1, sizeof *a);
    if (a)
        a->source = source_hold(source);
    return a;
}

void ast_free(struct ast *a)
{
    if (!a)
        return;
    for (struct chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(a->names);
    source_free(a->source);
    free(a);
}

void *ast_alloc(struct ast *a, size_t bytes)
{
    enum { CHUNK = 16 << 10 };
    struct chunk *c = a->chunks;
    bytes = (bytes + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    if (!c || c->size - c->used < bytes) {
        size_t size = bytes > CHUNK / 4 ? bytes : CHUNK;
        c = calloc(1, sizeof *c + size);
        if (!c)
            return NULL;
        c->size = size;
        if (size > CHUNK / 4 && a->chunks && bytes == size) {    /* a large piece: keep filling the chunk in use */
            c->next = a->chunks->next;
            a->chunks->next = c;
        } else {
            c->next = a->chunks;
            a->chunks = c;
        }
    }
    void *p = (char *)c->data + c->used;
    c->used += bytes;
    return p;
}

static unsigned hash(const char *s, size_t n)
{
    unsigned h = 2166136261u;
    while (n--)
        h = (h ^ (unsigned char)*s++) * 16777619u;
    return h;
}

const char *ast_name(struct ast *a, const char *text, size_t len)
{
    if (2 * a->names_n >= a->names_room) {
        int room = a->names_room ? 2 * a->names_room : 64;
        const char **v = calloc((size_t)room, sizeof *v);
        if (!v)
            return NULL;
        for (int i = 0; i < a->names_room; i++)
            if (a->names[i]) {
                unsigned k = hash(a->names[i], strlen(a->names[i]));
                while (v[k &= (unsigned)room - 1])
                    k++;
                v[k] = a->names[i];
            }
        free(a->names);
        a->names = v;
        a->names_room = room;
    }
    unsigned k = hash(text, len);
    for (const char *s; (s = a->names[k &= (unsigned)a->names_room - 1]); k++)
        if (!strncmp(s, text, len) && !s[len])
            return s;
    char *s = ast_alloc(a, len + 1);
    if (!s)
        return NULL;
    memcpy(s, text, len);
    a->names[k] = s;
    a->names_n++;
    return s;
}

void ast_push(struct ast *a, struct list *l, struct node *n)
{
    if (l->n == l->room) {
        int room = l->room ? 2 * l->room : 4;
        struct node **v = ast_alloc(a, (size_t)room * sizeof *v);
        if (!v)
            return;                              /* the parser looks at l->n */
        if (l->n)
            memcpy(v, l->v, (size_t)l->n * sizeof *v);
        l->v = v;
        l->room = room;
    }
    l->v[l->n++] = n;
}

void ast_each(struct node *n, void (*f)(struct node *child, void *arg), void *arg)
{
#define ONE(child) ((child) ? f(child, arg) : (void)0)
#define ALL(l) for (int i_ = 0; i_ < (l).n; i_++) f((l).v[i_], arg)
    switch (n->kind) {
    case NODE_PARENS: case NODE_UNARY: case NODE_POSTFIX: case NODE_EXPR:
        ONE(n->unary.a);
        break;
    case NODE_BINARY: case NODE_SHORT:
        ONE(n->binary.a);
        ONE(n->binary.b);
        break;
    case NODE_RANGE:
        ONE(n->range.a);
        ONE(n->range.step);
        ONE(n->range.b);
        break;
    case NODE_INDEX:
        ONE(n->index.base);
        ALL(n->index.links);
        break;
    case NODE_PAREN: case NODE_BRACE: case NODE_FIELD: case NODE_DYNFIELD:
        ALL(n->link.args);
        ONE(n->link.expr);
        break;
    case NODE_MATRIX: case NODE_CELL: case NODE_ROW: case NODE_BLOCK: case NODE_IF: case NODE_RETURN: case NODE_GLOBAL:
    case NODE_PERSISTENT:
        ALL(n->list);
        break;
    case NODE_NAMED: case NODE_DECL:
        ONE(n->named.value);
        break;
    case NODE_ASSIGN:
        ALL(n->assign.targets);
        ONE(n->assign.value);
        break;
    case NODE_COMMAND:
        ALL(n->command.args);
        break;
    case NODE_CLAUSE:
        ONE(n->clause.cond);
        ONE(n->clause.body);
        break;
    case NODE_WHILE: case NODE_UNTIL: case NODE_FOR:
        ONE(n->loop.target);
        ONE(n->loop.cond);
        ONE(n->loop.body);
        break;
    case NODE_SWITCH:
        ONE(n->select.value);
        ALL(n->select.cases);
        break;
    case NODE_TRY: case NODE_UNWIND:
        ONE(n->try.body);
        ONE(n->try.name);
        ONE(n->try.handler);
        break;
    }
#undef ONE
#undef ALL
}

/* --- as Octave prints --- */

static void print_expr(FILE *out, const struct node *n, bool tight);

static void print_string(FILE *out, const struct node *n)
{
    static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
    char quote = n->flags & NODE_DOUBLE ? '"' : '\'';
    putc(quote, out);
    for (size_t i = 0; i < n->string.len; i++) {
        char c = n->string.text[i];
        const char *at;
        if (quote == '\'') {
            if (c == '\'')
                putc(c, out);
            putc(c, out);
        } else if (c && (at = strchr(from, c)))
            fprintf(out, "\\%c", to[at - from]);
        else if (!c)
            fputs("\\0", out);
        else
            putc(c, out);
    }
    putc(quote, out);
}

/* tight: right inside [] or {}, where `x (1)` would be two elements */
static void print_list(FILE *out, const struct list *l, const char *between, bool tight)
{
    for (int i = 0; i < l->n; i++) {
        if (i)
            fputs(between, out);
        print_expr(out, l->v[i], tight);
    }
}

static void print_params(FILE *out, const struct function *f)
{
    putc('(', out);
    for (int i = 0; i < f->params; i++) {
        fprintf(out, "%s%s", i ? ", " : "", f->param[i].name ? f->param[i].name : "~");
        if (f->param[i].init) {
            fputs(" = ", out);
            print_expr(out, f->param[i].init, false);
        }
    }
    putc(')', out);
}

/* A closure inside a closure's text is written without a blank after its parameters, as Octave does; alone it has one. */
static void print_closure(FILE *out, const struct function *f, bool tight, bool alone)
{
    bool nested = !alone && f->outer && f->outer->closure && !f->outer->block;
    putc('@', out);
    print_params(out, f);
    if (f->block) {
        putc(' ', out);
        fwrite(f->source->text + f->body->begin, 1, f->body->end - f->body->begin, out);
    } else {
        if (!nested)
            putc(' ', out);
        print_expr(out, f->body, tight);
    }
}

static void print_link(FILE *out, const struct node *n, bool tight)
{
    switch (n->kind) {
    case NODE_PAREN:
    case NODE_BRACE:
        fputs((n->kind == NODE_PAREN ? " (" : " {") + tight, out);
        print_list(out, &n->link.args, ", ", false);
        putc(n->kind == NODE_PAREN ? ')' : '}', out);
        break;
    case NODE_FIELD:
        fprintf(out, ".%s", n->link.name);
        break;
    default:
        fputs(".(", out);
        print_expr(out, n->link.expr, false);
        putc(')', out);
    }
}

static void print_expr(FILE *out, const struct node *n, bool tight)
{
    const char *symbol = n->op < OPERATORS ? operator_info[n->op].symbol : "";
    switch (n->kind) {
    case NODE_NUMBER:
        fwrite(n->number.text, 1, n->end - n->begin, out);
        break;
    case NODE_STRING:
        print_string(out, n);
        break;
    case NODE_NAME:
        fputs(n->name.name, out);
        break;
    case NODE_HANDLE:
        fprintf(out, "@%s", n->name.name);
        break;
    case NODE_COLON:
        putc(':', out);
        break;
    case NODE_END:
        fputs("end", out);
        break;
    case NODE_TILDE:
        putc('~', out);
        break;
    case NODE_PARENS:
        putc('(', out);
        print_expr(out, n->unary.a, tight);
        putc(')', out);
        break;
    case NODE_RANGE:
        print_expr(out, n->range.a, tight);
        if (n->range.step) {
            putc(':', out);
            print_expr(out, n->range.step, tight);
        }
        putc(':', out);
        print_expr(out, n->range.b, tight);
        break;
    case NODE_UNARY:
        fputs(symbol, out);
        print_expr(out, n->unary.a, tight);
        break;
    case NODE_POSTFIX:
        print_expr(out, n->unary.a, tight);
        fputs(symbol, out);
        break;
    case NODE_BINARY:
    case NODE_SHORT:
        print_expr(out, n->binary.a, tight);
        fprintf(out, " %s ", symbol);
        print_expr(out, n->binary.b, tight);
        break;
    case NODE_INDEX:
        print_expr(out, n->index.base, tight);
        for (int i = 0; i < n->index.links.n; i++)
            print_link(out, n->index.links.v[i], tight);
        break;
    case NODE_MATRIX:
    case NODE_CELL:
        putc(n->kind == NODE_MATRIX ? '[' : '{', out);
        print_list(out, &n->list, "; ", true);
        putc(n->kind == NODE_MATRIX ? ']' : '}', out);
        break;
    case NODE_ROW:
        print_list(out, &n->list, ", ", true);
        break;
    case NODE_CLOSURE:
        print_closure(out, n->function, tight, false);
        break;
    case NODE_NAMED:
        fprintf(out, "%s = ", n->named.name);
        print_expr(out, n->named.value, tight);
        break;
    case NODE_ASSIGN:
        if (n->flags & NODE_MULTI)
            putc('[', out);
        print_list(out, &n->assign.targets, ", ", n->flags & NODE_MULTI);
        fprintf(out, "%s %s= ", n->flags & NODE_MULTI ? "]" : "", n->op ? symbol : "");
        print_expr(out, n->assign.value, tight);
        break;
    case NODE_COMMAND:
        fputs(n->command.name, out);
        for (int i = 0; i < n->command.args.n; i++) {
            putc(' ', out);
            fwrite(n->command.args.v[i]->string.text, 1, n->command.args.v[i]->string.len, out);
        }
        break;
    default:
        fprintf(out, "<%s>", node_words[n->kind]);
    }
}

void ast_print(FILE *out, const struct node *n)
{
    if (n->kind == NODE_CLOSURE)
        print_closure(out, n->function, false, true);
    else
        print_expr(out, n, false);
}

char *ast_text(const struct node *n)
{
    char *s = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&s, &len);
    if (!out)
        return NULL;
    ast_print(out, n);
    fclose(out);
    return s;
}

char *ast_source_text(const struct source *s, const struct node *n, int most)
{
    uint32_t len = n->end > n->begin && n->end <= s->len ? n->end - n->begin : 0;
    const char *from = s->text + n->begin, *eol = memchr(from, '\n', len);
    bool cut = eol;
    if (eol)
        len = (uint32_t)(eol - from);
    if (most > 3 && len > (uint32_t)most) {
        len = (uint32_t)most - 1;
        while (len && (from[len] & 0xc0) == 0x80)
            len--;
        cut = true;
    }
    char *t = malloc(len + sizeof "…");
    if (t) {
        memcpy(t, from, len);
        strcpy(t + len, cut ? "…" : "");
    }
    return t;
}

/* --- S-expressions --- */

static void dump_function(FILE *out, const struct function *f)
{
    fprintf(out, " (");
    for (int i = 0; i < f->params; i++) {
        fprintf(out, "%s%s", i ? " " : "", f->param[i].name ? f->param[i].name : "~");
        if (f->param[i].init) {
            putc('=', out);
            ast_dump_node(out, f->param[i].init);
        }
    }
    putc(')', out);
    if (f->outs) {
        fputs(" ->", out);
        for (int i = 0; i < f->outs; i++)
            fprintf(out, " %s", f->out[i].name);
    }
    putc(' ', out);
    ast_dump_node(out, f->body);
}

static void dump_list(FILE *out, const struct list *l)
{
    for (int i = 0; i < l->n; i++) {
        putc(' ', out);
        ast_dump_node(out, l->v[i]);
    }
}

static void dump_some(FILE *out, const struct node *n)
{
    putc(' ', out);
    if (n)
        ast_dump_node(out, n);
    else
        putc('-', out);
}

static void dump_link(FILE *out, const struct node *n)
{
    if (n->kind == NODE_FIELD)
        fprintf(out, " .%s", n->link.name);
    else if (n->kind == NODE_DYNFIELD) {
        fputs(" .(", out);
        ast_dump_node(out, n->link.expr);
        putc(')', out);
    } else {
        fputs(n->kind == NODE_PAREN ? " (" : " {", out);
        for (int i = 0; i < n->link.args.n; i++) {
            if (i)
                putc(' ', out);
            ast_dump_node(out, n->link.args.v[i]);
        }
        putc(n->kind == NODE_PAREN ? ')' : '}', out);
    }
}

static const char *const dump_names[NODE_KINDS] = {
    [NODE_MATRIX] = "matrix", [NODE_CELL] = "cell", [NODE_ROW] = "row", [NODE_IF] = "if", [NODE_WHILE] = "while",
    [NODE_UNTIL] = "do", [NODE_FOR] = "for", [NODE_SWITCH] = "switch", [NODE_TRY] = "try", [NODE_UNWIND] = "unwind",
    [NODE_BREAK] = "break", [NODE_CONTINUE] = "continue", [NODE_RETURN] = "return", [NODE_GLOBAL] = "global",
    [NODE_PERSISTENT] = "persistent", [NODE_BLOCK] = "block", [NODE_CLAUSE] = "clause", [NODE_FUNCTION] = "function",
    [NODE_CLOSURE] = "closure",
};

void ast_dump_node(FILE *out, const struct node *n)
{
    const char *name = dump_names[n->kind];
    switch (n->kind) {
    case NODE_NUMBER:
        if (n->number.cls)
            fprintf(out, "%sint%d:%llu", n->number.cls < 0 ? "" : "u", abs(n->number.cls),
                    (unsigned long long)n->number.bits);
        else
            fprintf(out, "%.17g%s", n->number.value, n->flags & NODE_IMAG ? "i" : "");
        break;
    case NODE_STRING: case NODE_NAME: case NODE_HANDLE: case NODE_COLON: case NODE_END: case NODE_TILDE:
        ast_print(out, n);
        break;
    case NODE_PARENS:
        fputs("(parens", out);
        dump_some(out, n->unary.a);
        putc(')', out);
        break;
    case NODE_RANGE:
        fputs("(range", out);
        dump_some(out, n->range.a);
        if (n->range.step)
            dump_some(out, n->range.step);
        dump_some(out, n->range.b);
        putc(')', out);
        break;
    case NODE_UNARY: case NODE_POSTFIX:
        fprintf(out, "(%s", operator_info[n->op].function);
        dump_some(out, n->unary.a);
        putc(')', out);
        break;
    case NODE_BINARY: case NODE_SHORT:
        fprintf(out, "(%s", operator_info[n->op].symbol);
        dump_some(out, n->binary.a);
        dump_some(out, n->binary.b);
        putc(')', out);
        break;
    case NODE_INDEX:
        fputs("(index", out);
        dump_some(out, n->index.base);
        for (int i = 0; i < n->index.links.n; i++)
            dump_link(out, n->index.links.v[i]);
        putc(')', out);
        break;
    case NODE_NAMED: case NODE_DECL:
        if (!n->named.value) {
            fputs(n->named.name, out);
            break;
        }
        fprintf(out, "(named %s", n->named.name);
        dump_some(out, n->named.value);
        putc(')', out);
        break;
    case NODE_ASSIGN:
        fprintf(out, "(%s%s=", n->flags & NODE_MULTI ? "multi" : n->flags & NODE_INCDEC ?
                n->flags & NODE_PREFIX ? "prefix" : "postfix" : "", n->op ? operator_info[n->op].symbol : "");
        dump_list(out, &n->assign.targets);
        dump_some(out, n->assign.value);
        putc(')', out);
        break;
    case NODE_COMMAND:
        fprintf(out, "(command %s", n->command.name);
        dump_list(out, &n->command.args);
        putc(')', out);
        break;
    case NODE_EXPR:
        ast_dump_node(out, n->unary.a);
        if (n->flags & NODE_PRINT)
            putc('!', out);
        break;
    case NODE_CLAUSE:
        fprintf(out, "(%s", name);
        dump_some(out, n->clause.cond);
        dump_some(out, n->clause.body);
        putc(')', out);
        break;
    case NODE_WHILE: case NODE_UNTIL: case NODE_FOR:
        fprintf(out, "(%s", name);
        if (n->kind == NODE_FOR)
            dump_some(out, n->loop.target);
        dump_some(out, n->loop.cond);
        dump_some(out, n->loop.body);
        putc(')', out);
        break;
    case NODE_SWITCH:
        fprintf(out, "(%s", name);
        dump_some(out, n->select.value);
        dump_list(out, &n->select.cases);
        putc(')', out);
        break;
    case NODE_TRY: case NODE_UNWIND:
        fprintf(out, "(%s", name);
        dump_some(out, n->try.body);
        if (n->try.name)
            dump_some(out, n->try.name);
        dump_some(out, n->try.handler);
        putc(')', out);
        break;
    case NODE_FUNCTION: case NODE_CLOSURE:
        fprintf(out, "(%s%s%s", name, n->function->name ? " " : "", n->function->name ? n->function->name : "");
        dump_function(out, n->function);
        putc(')', out);
        break;
    default:
        fprintf(out, "(%s", name ? name : "?");
        dump_list(out, &n->list);
        putc(')', out);
    }
}

void ast_dump(FILE *out, const struct ast *a)
{
    const struct list *l = &a->main->body->list;
    for (int i = 0; i < l->n; i++) {
        if (i)
            putc(' ', out);
        ast_dump_node(out, l->v[i]);
    }
}
