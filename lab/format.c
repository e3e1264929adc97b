/* SPDX-License-Identifier: BSD-3-Clause */
/* format.c: how numbers are displayed from now on. */
#include "numfmt.h"
#include <strings.h>

/* A word sets what is not negative in its row.  "e", "g", "eng" stand alone behind short and long. */
static const struct word { const char *name; int precision, form, compact; } words[] = {
    { "short", 5, FORM_FIXED, -1 }, { "long", 16, FORM_FIXED, -1 },
    { "shorte", 5, FORM_E, -1 }, { "longe", 16, FORM_E, -1 }, { "shortg", 5, FORM_G, -1 }, { "longg", 16, FORM_G, -1 },
    { "shorteng", 5, FORM_ENG, -1 }, { "longeng", 16, FORM_ENG, -1 },
    { "e", -1, FORM_E, -1 }, { "g", -1, FORM_G, -1 }, { "eng", -1, FORM_ENG, -1 },
    { "rat", -1, FORM_RAT, -1 }, { "bank", -1, FORM_BANK, -1 }, { "hex", -1, FORM_HEX, -1 }, { "bit", -1, FORM_BIT, -1 },
    { "+", -1, FORM_PLUS, -1 }, { "compact", -1, -1, 1 }, { "loose", -1, -1, 0 },
};

static const char *form_name(const struct print_state *s)
{
    for (int i = 0; i < COUNT(words); i++)
        if (words[i].form == (int)s->form &&
            (words[i].precision < 0 ? i > 10 : words[i].precision == (s->precision > 5 ? 16 : 5)))
            return words[i].name;
    return "short";
}

BUILTIN(format, 0, ANY, 2, NO_GRAD,
  "format\n"
  "format short | long\n"
  "format short | long e | g | eng\n"
  "format rat | bank | hex | bit | +\n"
  "format compact | loose\n"
  "[name, spacing] = format\n\n"
  "Choose how numbers are displayed: with 5 (short) or 16 (long; single: 8) significant digits, always with an "
  "exponent (e), without\n"
  "trailing zeros (g), with an exponent that is a multiple of 3 (eng), as fractions (rat), with two decimals (bank), "
  "as bits (hex,\n"
  "bit) or by their sign (+). compact leaves out the blank lines below names. Without a word all is as at the start.\n\n"
  "Example:\n  format long\n  x = pi\n  x = 3.141592653589793\n  format\n  x\n  x = 3.1416\n\n"
  "See also: output_precision, disp, num2str")
{
    struct print_state *s = print_state(), old = *s;
    if (c->nargout > 0) {
        result_text(c, 0, form_name(s));
        if (wants(c, 1))
            result_text(c, 1, s->compact ? "compact" : "loose");
        if (c->nargin == 0)
            return;
    }
    if (c->nargin == 0) {
        s->precision = 5;
        s->form = FORM_FIXED;
        s->compact = false;
    }
    for (int i = 0; i < c->nargin; i++) {
        const char *w = arg_text(c, i, NULL);
        int k = 0;
        while (k < COUNT(words) && strcasecmp(words[k].name, w))
            k++;
        if (k == COUNT(words)) {
            struct buf *b = buf_new();
            *s = old;
            for (k = 0; k < COUNT(words); k++)
                buff(b, " %s", words[k].name);
            fail("Octave:invalid-input-arg", "format: unknown format '%s'; there are%s", w, b->s);
        }
        if (words[k].precision >= 0)
            s->precision = words[k].precision;
        if (words[k].form >= 0)
            s->form = (enum form)words[k].form;
        if (words[k].compact >= 0)
            s->compact = words[k].compact;
    }
}

static void setting(struct call *c, int *place, int lo, int hi)
{
    int old = *place;
    if (c->nargin > 0)
        *place = (int)arg_int(c, 0, lo, hi);
    if (c->nargin == 0 || c->nargout > 0)
        result_num(c, 0, old);
}

BUILTIN(output_precision, 0, 1, 1, NO_GRAD,
  "n = output_precision()\n"
  "old = output_precision(n)\n\n"
  "How many significant digits are displayed, from 1 to 16.\n\n"
  "Example:\n  output_precision\n  ans = 5\n\n"
  "See also: format")
{
    setting(c, &print_state()->precision, 1, 16);
}

BUILTIN(struct_levels_to_print, 0, 1, 1, NO_GRAD,
  "n = struct_levels_to_print()\n"
  "old = struct_levels_to_print(n)\n\n"
  "How many levels of structs in structs are displayed with their contents.\n\n"
  "Example:\n  struct_levels_to_print\n  ans = 2\n\n"
  "See also: format, disp")
{
    setting(c, &print_state()->levels, 0, 100);
}
