/* SPDX-License-Identifier: BSD-3-Clause */
/* numfmt.h: the shape in which the numbers of one matrix are printed; shared by print*.c and format.c alone. */
#ifndef TL_NUMFMT_H
#define TL_NUMFMT_H
#include "print.h"

enum form { FORM_FIXED, FORM_E, FORM_G, FORM_ENG, FORM_RAT, FORM_BANK, FORM_HEX, FORM_BIT, FORM_PLUS };
struct print_state {
    int precision;                            /* significant digits of a double: 5 or 16, or what output_precision set */
    enum form form;
    bool compact, elide;
    int width;                                /* columns of a line */
    int indent, levels;                       /* blanks before a line; struct_levels_to_print */
};
struct print_state *print_state(void);

/* How one matrix prints.  form 'd' integer, 'f' fixed, 'e', 'g', 'E' engineering, 'r' rational, 'b' bank, 'x' hex,
   '1' bits, '+' sign; w is the width of a (real) number, iw of an imaginary part, 0 as wide as it is; digits behind
   the point (significant digits for 'g'). */
struct numfmt { char form; bool single, complex, scalar; int w, iw, digits; };

struct extent { double max, min; bool nonfinite, ints, near; }; /* of |x| over the finite elements; 0 0 when there is none */
void extent_add(struct extent *e, const double *x, i64 n, int step);   /* e starts as EXTENT_0 */
/* near: what is whole as a single counts as whole, as in Octave's matrices, where A \\ b is mostly 1 2 3,
 * not 1.0000 2.0000 3.0000 */
#define EXTENT_0(near) ((struct extent){ -1, INFINITY, false, true, near })

enum { FMT_SCALAR = 1, FMT_RANGE = 2, FMT_SINGLE = 4 };
struct numfmt numfmt_real(struct extent e, int flags);
struct numfmt numfmt_complex(struct extent re, struct extent im, int flags);
void numfmt_put(struct buf *o, const struct numfmt *f, double x, int w);
void numfmt_put_complex(struct buf *o, const struct numfmt *f, double re, double im);
int numfmt_column(const struct numfmt *f);                /* width of a matrix column, the gap before it included */

void rational_text(double x, int len, char *s, size_t size); /* "355/113": the first fraction that is x to within an
                                                                ulp, or the best that len characters hold with a sign */
bool is_na(double x);

#endif
