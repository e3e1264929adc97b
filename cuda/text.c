/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c: a growing string, and the words that a text is given.
 *
 * words.cu, lab/special.cu and lab/normal.cu are lists of paragraphs, each of which defines a name.  A kernel's text is
 * written first, naming what it likes; then the paragraphs it names are put before it, those that these name before them,
 * and nothing else.  So a text holds what it uses, and reads from top to bottom.  Paragraphs in T are made for double (_d)
 * and float (_f) as asked. */
#include "text.h"
#include "cuda/texts.inc"
#include <ctype.h>

/* ---- a growing string */
void put_n(struct text *t, const char *s, size_t n)
{
    if (t->n + n + 1 > t->room) {
        size_t room = (t->n + n + 1) * 2 + 256;
        char *p = realloc(t->s, room);
        if (!p) {
            t->failed = true;
            return;
        }
        t->s = p;
        t->room = room;
    }
    memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = 0;
}

void put(struct text *t, const char *format, ...)
{
    char line[1024], *s = line;
    va_list a;
    va_start(a, format);
    int n = vsnprintf(line, sizeof line, format, a);
    va_end(a);
    if (n >= (int)sizeof line) {
        va_start(a, format);
        if (vasprintf(&s, format, a) < 0)
            s = NULL;
        va_end(a);
    }
    if (n < 0 || !s)
        t->failed = true;
    else
        put_n(t, s, (size_t)n);
    if (s != line)
        free(s);
}

/* ---- tokens: names, and all else as it stands; comments are passed over */
static bool name_char(char c) { return isalnum((unsigned char)c) || c == '_'; }
static const char *skip_comment(const char *s)
{
    const char *e = strstr(s + 2, "*/");
    return e ? e + 2 : s + strlen(s);
}
static const char *name_end(const char *s)
{
    while (name_char(*s))
        s++;
    return s;
}

/* ---- paragraphs */
struct word { const char *s, *name; size_t n; int len; };
enum { WORDS = 256 };
static struct word words[WORDS];
static int word_count;

static void word_name(struct word *w)
{
    const char *s = w->s, *end = w->s + w->n, *p;
    while (s < end && !strncmp(s, "/*", 2)) {
        s = skip_comment(s);
        while (s < end && isspace((unsigned char)*s))
            s++;
    }
    if (s >= end)
        return;
    if (!strncmp(s, "#define ", 8)) {
        w->name = s + 8;
    } else if (!strncmp(s, "typedef ", 8)) {
        for (p = s; *p != '}'; p++)
            ;
        w->name = p + 2;
    } else {
        for (p = s; *p != '('; p++)
            ;
        while (name_char(p[-1]))
            p--;
        w->name = p;
    }
    w->len = (int)(name_end(w->name) - w->name);
}

static void words_read(const char *s)
{
    while (*s && word_count < WORDS) {
        const char *e = strstr(s, "\n\n");
        struct word w = { .s = s, .n = e ? (size_t)(e - s) + 1 : strlen(s) };
        word_name(&w);
        if (w.name)
            words[word_count++] = w;
        s += w.n;
        while (*s == '\n')
            s++;
    }
}

/* The paragraph for a name; *type is 'd' or 'f' where it is one in T. */
static int word_find(const char *name, int len, char *type)
{
    *type = 0;
    for (int i = 0; i < word_count; i++)
        if (words[i].len == len && !memcmp(words[i].name, name, (size_t)len))
            return i;
    if (len > 2 && name[len - 2] == '_' && (name[len - 1] == 'd' || name[len - 1] == 'f'))
        for (int i = 0; i < word_count; i++)
            if (words[i].len == len && words[i].name[len - 1] == 'T' && !memcmp(words[i].name, name, (size_t)len - 1)) {
                *type = name[len - 1];
                return i;
            }
    return -1;
}

static bool number(const char *s, const char *e)
{
    if (*s == '-')
        s++;
    for (; s < e; s++)
        if (!isdigit((unsigned char)*s) && *s != '.')
            return false;
    return true;
}

/* K(c) as a constant of the type */
void put_constant(struct text *t, const char *s, int n, char type)
{
    const char *e = s + n;
    if (!number(s, e))
        put(t, "(%s)%.*s", type == 'f' ? "float" : "double", n, s);
    else if (type == 'f' && n > 8)
        put(t, "(float)%.*s", n, s);
    else
        put(t, "%.*s%s%s", n, s, memchr(s, '.', (size_t)n) ? "" : ".0", type == 'f' ? "f" : "");
}

static void made_for(struct text *t, const struct word *w, char type)
{
    const char *s = w->s, *end = s + w->n;
    if (!type) {
        put_n(t, s, w->n);
        return;
    }
    while (s < end) {
        if (!strncmp(s, "/*", 2)) {
            const char *e = skip_comment(s);
            put_n(t, s, (size_t)(e - s));
            s = e;
        } else if (name_char(*s)) {
            const char *e = name_end(s);
            int len = (int)(e - s);
            if (len == 1 && *s == 'T')
                put(t, "%s", type == 'f' ? "float" : "double");
            else if (len == 1 && *s == 'K' && *e == '(') {
                const char *c = strchr(e, ')');
                put_constant(t, e + 1, (int)(c - e - 1), type);
                e = c + 1;
            } else if (len > 2 && s[len - 1] == 'T' && s[len - 2] == '_')
                put(t, "%.*s%c", len - 1, s, type);
            else
                put_n(t, s, (size_t)len);
            s = e;
        } else
            put_n(t, s++, 1);
    }
}

struct wanted { struct text out; bool have[WORDS][3]; };
static void want(struct wanted *w, const char *s)         /* the words that s names */
{
    while (*s) {
        if (!strncmp(s, "/*", 2)) {
            s = skip_comment(s);
            continue;
        }
        if (*s == '"') {
            for (s++; *s && *s != '"'; s++)
                ;
            s += *s != 0;
            continue;
        }
        if (!name_char(*s)) {
            s++;
            continue;
        }
        const char *e = name_end(s);
        char type;
        int i = isdigit((unsigned char)*s) ? -1 : word_find(s, (int)(e - s), &type);
        s = e;
        if (i < 0)
            continue;
        bool *have = &w->have[i][type == 'd' ? 1 : type == 'f' ? 2 : 0];
        if (*have)
            continue;
        *have = true;
        struct text t = { 0 };
        made_for(&t, &words[i], type);
        if (t.failed) {
            w->out.failed = true;
        } else {
            want(w, t.s);
            put(&w->out, "%s\n", t.s);
        }
        free(t.s);
    }
}

char *text_with_words(struct text *t, size_t *len)
{
    if (!word_count) {
        words_read(text_words);
        words_read(text_special);
        words_read(text_normal);
    }
    struct wanted *w = calloc(1, sizeof *w);
    if (!w || t->failed || !t->s) {
        free(w);
        free(t->s);
        return NULL;
    }
    want(w, t->s);
    put_n(&w->out, t->s, t->n);
    free(t->s);
    struct text out = w->out;
    free(w);
    if (out.failed) {
        free(out.s);
        return NULL;
    }
    *len = out.n;
    return out.s;
}

/* ---- element classes */
#define DT_I 1
#define DT_S 2
#define DT_F 4
#define DT_C 8
#define DT_L 16
#define DT_T 32
const struct text_class text_class[DTYPES] = {
#define LIMITS(bytes, flags) (flags) & DT_S ? -(double)(1ull << (8 * (bytes) - 1)) : 0, \
    (flags) & DT_S ? (double)(1ull << (8 * (bytes) - 1)) - 1 : 2.0 * (double)(1ull << (8 * (bytes) - 1)) - 1
#define C_(NAME, name, bytes, flags) [D_##NAME] = { name, bytes, ((flags) & DT_I) != 0, ((flags) & DT_F) != 0, ((flags) & DT_C) != 0, LIMITS(bytes, flags) }
    C_(DOUBLE, "double", 8, DT_F), C_(SINGLE, "float", 4, DT_F), C_(INT8, "i8", 1, DT_I | DT_S), C_(INT16, "i16", 2, DT_I | DT_S),
    C_(INT32, "i32", 4, DT_I | DT_S), C_(INT64, "i64", 8, DT_I | DT_S), C_(UINT8, "u8", 1, DT_I), C_(UINT16, "u16", 2, DT_I),
    C_(UINT32, "u32", 4, DT_I), C_(UINT64, "u64", 8, DT_I), C_(LOGICAL, "u8", 1, DT_L), C_(CHAR, "u8", 1, DT_T),
    [D_CDOUBLE] = { "complex_d", 16, false, true, true, 0, 0 }, [D_CSINGLE] = { "complex_f", 8, false, true, true, 0, 0 },
};
const char *const type_name[DEV_TYPES] = { "double", "float", "int", "wide", "complex_d", "complex_f" };

enum dev_type compute_of(int dt)
{
    return dt == D_SINGLE    ? DEV_F
           : dt == D_LOGICAL ? DEV_B
           : is_wide(dt)     ? DEV_L
           : dt == D_CDOUBLE ? DEV_C
           : dt == D_CSINGLE ? DEV_G
                             : DEV_D;
}
