/* SPDX-License-Identifier: BSD-3-Clause */
/* quote.c: text on its way into a gnuplot script.
 *
 * A string of gnuplot's in double quotes runs commands between backticks and ends at a newline, what follows being the next
 * command.  So every byte that is not plainly harmless is written as \0ooo; a quoted text is then one word whatever it was.
 * With TeX's signs on, a text is first turned into gnuplot's enhanced text: commands become characters (symbols.def), ^ and _
 * stay, and every sign that enhanced text would take for its own is escaped. */
#include "draw.h"
#include <ctype.h>

void quote(struct buf *b, const char *s, size_t n)
{
    buf_putc(b, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c && (isalnum(c) || c >= 0x80 || strchr(" _.,:;=+-/()<>@#%&*!?", c)))
            buf_putc(b, (char)c);
        else
            buff(b, "\\0%03o", c);                  /* four digits: behind a leading 0 gnuplot reads so many */
    }
    buf_putc(b, '"');
}

/* Bytes that are no UTF-8 would be lost on the way: each becomes the character of that number in Latin-1. */
static size_t utf8_length(const char *s, size_t n)
{
    unsigned char c = (unsigned char)*s;
    size_t k = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    if (k == 0 || k > n)
        return 0;
    for (size_t i = 1; i < k; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
    return k;
}

static const struct { const char *name, *text; } symbols[] = {
#define Y(name, text) { name, text },
#include "symbols.def"
#undef Y
};

struct reader { const char *s, *end; bool plain; };       /* plain: letters only, no groups and no fonts */

static void literal(struct buf *b, const struct reader *r, char c)    /* one byte that means itself in enhanced text */
{
    if (!r->plain && strchr("\\{}^_@&~", c))
        buf_putc(b, '\\');
    buf_putc(b, c);
}

/* Up to the } of a group, or to the end; `one`: only one atom, as behind ^ without braces. */
static void translate(struct buf *b, struct reader *r, bool group, bool one)
{
    const char *style = NULL;                 /* \bf and \it last until the group ends */
    descend("text");
    while (r->s < r->end) {
        char c = *r->s;
        if (c == '}' && group)
            break;
        r->s++;
        if (c == '\\') {
            size_t n = 0;
            while (r->s + n < r->end && isalpha((unsigned char)r->s[n]))
                n++;
            if (n == 0) {                     /* \{ \_ \\ … the sign itself; \\ alone at a line's end too */
                if (r->s < r->end)
                    literal(b, r, *r->s++);
                else
                    literal(b, r, '\\');
            } else {
                static const char *const fonts[] = { "bf", ":Bold", "it", ":Italic", "sl", ":Italic", "rm", ":Normal" };
                const char *text = NULL;
                bool font = false;
                for (int i = 0; i < COUNT(symbols); i++)
                    if (strlen(symbols[i].name) == n && !memcmp(symbols[i].name, r->s, n))
                        text = symbols[i].text;
                for (int i = 0; i < COUNT(fonts) && !text; i += 2)
                    if (n == 2 && !memcmp(fonts[i], r->s, 2)) {
                        font = true;
                        if (r->plain)
                            continue;
                        if (style)
                            buf_putc(b, '}');
                        buff(b, "{/%s ", style = fonts[i + 1]);
                    }
                if (text || font) {
                    r->s += n;
                    if (text)
                        buf_puts(b, text);
                    if (r->s < r->end && *r->s == ' ' && font)
                        r->s++;
                } else                        /* an unknown command stays as it is written */
                    literal(b, r, '\\');
            }
        } else if ((c == '^' || c == '_') && r->s < r->end) {
            buff(b, r->plain ? "%c" : "%c{", c);
            if (*r->s == '{') {
                r->s++;
                translate(b, r, true, false);
                r->s += r->s < r->end;
            } else
                translate(b, r, false, true);
            if (!r->plain)
                buf_putc(b, '}');
        } else if (c == '{') {
            if (!r->plain)
                buf_putc(b, '{');
            translate(b, r, true, false);
            r->s += r->s < r->end;
            if (!r->plain)
                buf_putc(b, '}');
        } else {
            size_t k = utf8_length(r->s - 1, (size_t)(r->end - r->s) + 1);
            literal(b, r, c);
            for (size_t i = 1; i < k; i++)
                buf_putc(b, *r->s++);
        }
        if (one)
            break;
    }
    if (style)
        buf_putc(b, '}');
}

static void add_line(struct buf *b, const char *s, size_t n, bool tex, bool plain)
{
    struct buf *clean = buf_new();
    for (size_t i = 0; i < n;) {
        size_t k = utf8_length(s + i, n - i);
        unsigned char c = (unsigned char)s[i];
        if (k == 0)
            buff(clean, "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
        else if (k == 1 && (c < ' ' || c == 127))
            buf_putc(clean, c == '\n' ? '\n' : ' ');          /* a control byte is no sign that can be drawn */
        else
            buf_add(clean, s + i, k);
        i += k ? k : 1;
    }
    if (tex) {
        struct reader r = { clean->s, clean->s + clean->n, plain };
        while (r.s < r.end) {
            translate(b, &r, true, false);
            if (r.s < r.end) {                /* a } that nothing opened */
                literal(b, &r, '}');
                r.s++;
            }
        }
    } else
        buf_add(b, clean->s, clean->n);
}

void quote_words(const struct drawing *d, struct buf *b, value words, bool tex)
{
    struct buf *t = buf_new();
    i64 n = words.kind == K_CELL ? words.cell->numel : 1;
    for (i64 i = 0; i < n; i++) {
        struct tensor *x = tensor_dense(tensor_of(words.kind == K_CELL ? words.cell->v[i] : words));
        if (i > 0)
            buf_putc(t, '\n');
        add_line(t, x->data, (size_t)x->numel, tex, d->plain);
    }
    quote(b, t->s, t->n);
    if (!tex || d->plain)
        buf_puts(b, " noenhanced");
}
