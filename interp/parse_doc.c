/* SPDX-License-Identifier: BSD-3-Clause */
/* The comments that document: read from the raw text around a definition, since the lexer forgets them. */
#include "parse.h"

#include <stdlib.h>
#include <string.h>

/* --- comments that document --- */

static const char *comment_text(struct parser *p, uint32_t begin, uint32_t end)
{
    const char *s = p->a->source->text;
    char *out = parse_alloc(p, end - begin + 2);
    size_t n = 0;
    bool in_block = false;
    for (uint32_t i = begin; i < end; ) {
        uint32_t e = i;
        while (e < end && s[e] != '\n')
            e++;
        uint32_t b = i, stop = e;
        while (stop > b && strchr(" \t\r", s[stop - 1]))
            stop--;
        if (!in_block) {
            while (b < stop && strchr(" \t", s[b]))
                b++;
        }
        bool sign = b < stop && (s[b] == '%' || s[b] == '#');
        if (sign && b + 2 == stop && (s[b + 1] == '{' || s[b + 1] == '}'))
            in_block = s[b + 1] == '{';
        else {
            if (!in_block) {
                while (b < stop && (s[b] == '%' || s[b] == '#'))
                    b++;
                if (b < stop && s[b] == ' ')
                    b++;
            }
            size_t len = stop - b;
            bool licence = memmem(s + b, len, "SPDX-", 5) || memmem(s + b, len, "Copyright", 9);
            if (!licence && !(sign && s[i] == '#' && i + 1 < e && s[i + 1] == '!')) {
                memcpy(out + n, s + b, len);
                n += len;
                out[n++] = '\n';
            }
        }
        i = e + 1;
    }
    size_t skip = 0;
    while (skip < n && out[skip] == '\n')
        skip++;
    while (n > skip && out[n - 1] == '\n')
        n--;
    if (n == skip)
        return NULL;
    out[n] = '\n';
    out[n + 1] = 0;
    return out + skip;
}

static bool comment_line(const char *s, uint32_t b, uint32_t len)
{
    while (b < len && (s[b] == ' ' || s[b] == '\t'))
        b++;
    return b < len && (s[b] == '%' || s[b] == '#');
}

/* The comment lines from `at` on, a line start; *next is where they end. */
const char *parse_comment_from(struct parser *p, uint32_t at, uint32_t *next)
{
    const char *s = p->a->source->text;
    uint32_t len = p->a->source->len, e = at;
    int depth = 0;
    while (e < len && (depth || comment_line(s, e, len))) {
        uint32_t b = e, eol = e;
        while (b < len && (s[b] == ' ' || s[b] == '\t'))
            b++;
        while (eol < len && s[eol] != '\n')
            eol++;
        if (b + 1 < len && (s[b] == '%' || s[b] == '#') && (s[b + 1] == '{' || s[b + 1] == '}')) {
            uint32_t r = b + 2;
            while (r < eol && strchr(" \t\r", s[r]))
                r++;
            if (r == eol)
                depth += s[b + 1] == '{' ? 1 : -1;
        }
        e = eol < len ? eol + 1 : len;
    }
    if (next)
        *next = e;
    return e > at ? comment_text(p, at, e) : NULL;
}

/* The comment right above the line of `at`, without a blank line between. */
const char *parse_comment_above(struct parser *p, uint32_t at)
{
    const char *s = p->a->source->text;
    uint32_t b = at;
    while (b > 0 && s[b - 1] != '\n') {
        if (s[b - 1] != ' ' && s[b - 1] != '\t')
            return NULL;
        b--;
    }
    uint32_t end = b;
    while (b > 0) {
        uint32_t line = b - 1;
        while (line > 0 && s[line - 1] != '\n')
            line--;
        if (!comment_line(s, line, b))
            break;
        b = line;
    }
    return b < end ? comment_text(p, b, end) : NULL;
}

uint32_t parse_next_line(struct parser *p, uint32_t at)
{
    const char *s = p->a->source->text;
    while (at < p->a->source->len && s[at] != '\n')
        at++;
    return at < p->a->source->len ? at + 1 : at;
}

/* The text's first comment that is more than a licence. */
const char *parse_first_comment(struct parser *p)
{
    const char *s = p->a->source->text, *doc = NULL;
    uint32_t at = p->a->source->len > 1 && !memcmp(s, "#!", 2) ? parse_next_line(p, 0) : 0, from;
    do {
        while (at < p->a->source->len && (s[at] == '\n' || s[at] == '\r'))
            at++;
        from = at;
        doc = parse_comment_from(p, at, &at);
    } while (!doc && at > from);
    return doc;
}
