/* SPDX-License-Identifier: BSD-3-Clause */
/* property.c: properties: finding a row of properties.def, checking what is to be set, and asking.
 *
 * prop_check turns what the user wrote into the one form in which a property is kept (a colour is three numbers, on is the
 * text 'on'), or fails; so what is stored needs no second look, and a builtin checks all it was given before it changes
 * anything. */
#include "plot.h"
#include "lab/nearest.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

enum {
    PT_FIXED,
    PT_ONOFF,
    PT_NUMBER,
    PT_TEXT,
    PT_CHOICE,
    PT_COLOUR,
    PT_LIMITS,
    PT_ROW,
    PT_TICKS,
    PT_DATA,
    PT_LABELS,
    PT_MAP,
    PT_MODE,
    PT_HANDLE,
    PT_ANY,
    PT_MARKER
};

#define K(kind) (1u << G_##kind)
#define ALL ~0u
#define CURVES (K(LINE) | K(RULE) | K(STAIRS) | K(STEM) | K(ERRORBAR) | K(SCATTER) | K(QUIVER))
#define FACES (K(PATCH) | K(BAR) | K(AREA) | K(SURFACE) | K(RECTANGLE))
#define WORDS K(TEXT)
#define DATA_KINDS (CURVES | K(CONTOUR) | K(PATCH) | K(BAR) | K(AREA) | K(SURFACE) | K(IMAGE))
#define DASHES "-|--|:|-.|none"
static const struct prop_row {
    const char *name;
    uint32_t kinds;
    int type;
    const char *arg, *start, *meaning;
} rows[PROPS] = {
#define P(name, kinds, type, arg, start, meaning) { #name, kinds, PT_##type, arg, start, meaning },
#include "properties.def"
#undef P
};

static const struct { char letter; const char *name; uint32_t rgb; } colours[] = {
#define C(letter, name, rgb) { letter, name, rgb },
#include "colours.def"
#undef C
};

const struct marker_row marker_rows[] = {
#define M(...) { __VA_ARGS__ },
#include "markers.def"
#undef M
    { 0 }
};

/* ---- names */
int prop_find(const char *name, int kind)
{
    for (int i = 0; i < PROPS; i++)
        if ((rows[i].kinds & 1u << kind) && !strcasecmp(rows[i].name, name))
            return i;
    return -1;
}

const char *const *kind_names(int kind)
{
    const char **s = scratch((PROPS + 1) * sizeof *s);
    int n = 0;
    for (int i = 0; i < PROPS; i++)
        if (rows[i].kinds & 1u << kind)
            s[n++] = rows[i].name;
    s[n] = NULL;
    return s;
}

/* ---- defaults: what a graphic says of those that will be made below it, as the property DefaultLineLineWidth.  Their
   numbers stand behind those of the rows, PROPS for each kind. */
static int default_of(int kind, int prop)
{
    return PROPS * (kind + 1) + prop;
}

static bool is_default(int prop)
{
    return prop >= PROPS;
}

const char *prop_name(int prop)
{
    if (!is_default(prop))
        return rows[prop].name;
    const char *type = series_rows[prop / PROPS - 1].type, *name = rows[prop % PROPS].name;
    size_t n = strlen(type) + strlen(name) + sizeof "Default";
    char *s = scratch(n);
    snprintf(s, n, "Default%c%s%s", toupper((unsigned char)*type), type + 1, name);
    return s;
}

/* The kind whose type `name` begins with, the longest; -1. */
static int kind_before(const char *name)
{
    int found = -1;
    size_t longest = 0;
    for (int k = 0; k < GRAPHICS; k++) {
        size_t n = strlen(series_rows[k].type);
        if (n > longest && k != G_ROOT && !strncasecmp(name, series_rows[k].type, n)) {
            found = k;
            longest = n;
        }
    }
    return found;
}

/* The row of that name, or an error that offers the nearest one. */
int prop_named(const char *who, int kind, const char *name)
{
    int p = prop_find(name, kind), of;
    if (p >= 0)
        return p;
    if ((kind == G_ROOT || kind == G_FIGURE || kind == G_AXES) && !strncasecmp(name, "default", 7)) {
        if ((of = kind_before(name + 7)) < 0)
            fail("Octave:undefined-property",
                 "%s: '%s' wants the kind behind Default, as in DefaultLineLineWidth or DefaultAxesFontSize", who,
                 name);
        return default_of(of, prop_named(who, of, name + 7 + strlen(series_rows[of].type)));
    }
    struct nearest n;
    nearest_begin(&n, name);
    for (int i = 0; i < PROPS; i++)
        if (rows[i].kinds & 1u << kind)
            nearest_try(&n, rows[i].name);
    const char *type = series_rows[kind].type, *near = nearest_found(&n);
    fail("Octave:undefined-property", "%s: %s %s has no property '%s'%s%s%s", who, strchr("aeiou", *type) ? "an" : "a",
         type, name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* ---- colours */
static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

bool colour_of(const char *s, size_t n, double rgb[3])
{
    if (n > 0 && *s == '#') {
        if (n != 4 && n != 7)
            return false;
        size_t w = (n - 1) / 3;
        for (size_t k = 0; k < 3; k++) {
            int a = hex(s[1 + k * w]), b = hex(s[1 + k * w + w - 1]);
            if (a < 0 || b < 0)
                return false;
            rgb[k] = (16 * a + b) / 255.0;
        }
        return true;
    }
    for (int i = 0; i < COUNT(colours); i++)
        if ((n == 1 && *s == colours[i].letter && *s != ' ') ||
            (n > 1 && strlen(colours[i].name) == n && !strncasecmp(s, colours[i].name, n))) {
            for (int k = 0; k < 3; k++)
                rgb[k] = (double)(colours[i].rgb >> (16 - 8 * k) & 255) / 255;
            return true;
        }
    return false;
}

/* ---- checking */
static bool in_choice(const char *choice, const char *s, const char **found, int *n)
{
    for (const char *p = choice; *p;) {
        int k = (int)strcspn(p, "|");
        if ((int)strlen(s) == k && !strncasecmp(p, s, (size_t)k)) {
            *found = p;
            *n = k;
            return true;
        }
        p += k + (p[k] == '|');
    }
    return false;
}

static bool is_text(value v)
{
    i64 dim[MAX_DIMS];
    return is_tensor_like(v) && value_dtype(v) == D_CHAR && value_dims(v, dim) == 2 && (dim[0] == 1 || dim[0] * dim[1] == 0);
}

static const char *text_of(value v)
{
    struct tensor *t = tensor_dense(tensor_of(v));
    char *s = scratch((size_t)t->numel + 1);
    memcpy(s, t->data, (size_t)t->numel);
    s[t->numel] = 0;
    return s;
}

static bool is_numeric(value v)               /* real numbers; logical too */
{
    return is_tensor_like(v) && !dtype_is(value_dtype(v), DT_C | DT_T);
}

static value row_value(int n, const double *x)
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, n);
    memcpy(t->data, x, (size_t)n * sizeof *x);
    return tensor_value(t);
}

NORETURN static void wrong(const char *who, int prop, value v, const char *want)
{
    char b[160];
    if (is_text(v))
        fail("Octave:invalid-input-arg", "%s: %s must be %s, not '%s'", who, rows[prop].name, want, text_of(v));
    if (is_numeric(v) && value_numel(v) == 1)
        fail("Octave:invalid-input-arg", "%s: %s must be %s, not %g", who, rows[prop].name, want,
             element_double(tensor_of(v), 0));
    fail("Octave:invalid-input-arg", "%s: %s must be %s, but is a %s", who, rows[prop].name, want, value_describe(v, b));
}

/* 'a', 'b' or 'c' */
static const char *listed(const char *choice, const char *more)
{
    struct buf *b = buf_new();
    buf_puts(b, "one of ");
    for (const char *p = choice; *p;) {
        int k = (int)strcspn(p, "|");
        buff(b, "%s'%.*s'", p == choice ? "" : p[k] ? ", " : " or ", k, p);
        p += k + (p[k] == '|');
    }
    buf_puts(b, more);
    return b->s;
}

static value check_number(const char *who, int prop, value v)
{
    const char *a = rows[prop].arg;
    if (!is_numeric(v) || value_numel(v) != 1)
        wrong(who, prop, v, "a number");
    double x = element_double(tensor_of(v), 0);
    if (!isfinite(x))
        wrong(who, prop, v, "a finite number");
    if (!strcmp(a, ">0") && !(x > 0))
        wrong(who, prop, v, "a number above 0");
    if (!strcmp(a, ">=0") && !(x >= 0))
        wrong(who, prop, v, "a number of at least 0");
    if (!strcmp(a, "0..1") && !(x >= 0 && x <= 1))
        wrong(who, prop, v, "a number from 0 to 1");
    return num(x);
}

static value check_choice(const char *who, int prop, value v, const char *choice)
{
    const char *p;
    int n;
    if (!is_text(v))
        wrong(who, prop, v, listed(choice, ""));
    if (!in_choice(choice, text_of(v), &p, &n)) {
        struct nearest near;
        nearest_begin(&near, text_of(v));
        for (p = choice; *p; p += n + (p[n] == '|')) {
            char word[64];
            n = (int)strcspn(p, "|");
            snprintf(word, sizeof word, "%.*s", n, p);
            nearest_try(&near, word);
        }
        if (nearest_found(&near) && strlen(choice) > 60)         /* of a short list all are told */
            fail("Octave:invalid-input-arg", "%s: %s cannot be '%s'; did you mean '%s'?", who, rows[prop].name,
                 text_of(v), nearest_found(&near));
        if (nearest_found(&near))
            fail("Octave:invalid-input-arg", "%s: %s must be %s, not '%s'; did you mean '%s'?", who, rows[prop].name,
                 listed(choice, ""), text_of(v), nearest_found(&near));
        wrong(who, prop, v, listed(choice, ""));
    }
    return text_value(p, (size_t)n);
}

static value check_colour(const char *who, int prop, value v)
{
    double rgb[3];
    const char *p;
    int n;
    if (is_text(v)) {
        const char *s = text_of(v);
        if (colour_of(s, strlen(s), rgb))
            return row_value(3, rgb);
        if (in_choice(rows[prop].arg, s, &p, &n))
            return text_value(p, (size_t)n);
        struct nearest near;
        nearest_begin(&near, s);
        for (int i = 0; i < COUNT(colours); i++)
            nearest_try(&near, colours[i].name);
        if (nearest_found(&near))
            fail("Octave:invalid-input-arg", "%s: '%s' is no colour for %s; did you mean '%s'?", who, s,
                 rows[prop].name, nearest_found(&near));
        wrong(who, prop, v, "a colour: a name such as 'red', a letter of rgbcmykw, '#rrggbb' or [r g b]");
    }
    if (!is_numeric(v) || value_numel(v) != 3)
        wrong(who, prop, v, "a colour: a name such as 'red', a letter of rgbcmykw, '#rrggbb' or [r g b]");
    struct tensor *t = tensor_of(v);
    for (int k = 0; k < 3; k++) {
        rgb[k] = element_double(t, k) / (dtype_is(t->dtype, DT_I) ? 255 : 1);
        if (!(rgb[k] >= 0 && rgb[k] <= 1))
            fail("Octave:invalid-input-arg", "%s: %s must be [r g b] with numbers from 0 to 1, but has %g", who,
                 rows[prop].name, rgb[k]);
    }
    return row_value(3, rgb);
}

static value check_row(const char *who, int prop, value v, int lo, int hi)
{
    char want[64];
    snprintf(want, sizeof want, lo == hi ? "a row of %d finite numbers" : "a row of %d to %d finite numbers", lo, hi);
    if (!is_numeric(v) || value_numel(v) < lo || value_numel(v) > hi)
        wrong(who, prop, v, want);
    struct tensor *t = tensor_of(v);
    double x[8];
    for (i64 i = 0; i < t->numel; i++)
        if (!isfinite(x[i] = element_double(t, i)))
            wrong(who, prop, v, want);
    return row_value((int)t->numel, x);
}

/* NIL: automatic.  An infinite end stays: it means the data's. */
static value check_limits(const char *who, int prop, value v)
{
    if (is_text(v) && !strcasecmp(text_of(v), "auto"))
        return nil();
    if (!is_numeric(v) || value_numel(v) != 2)
        wrong(who, prop, v, "two rising numbers, [low high]");
    struct tensor *t = tensor_of(v);
    double a[2] = { element_double(t, 0), element_double(t, 1) };
    if (!(a[0] < a[1]))
        fail("Octave:invalid-input-arg", "%s: %s must be two rising numbers, not [%g %g]", who, rows[prop].name, a[0], a[1]);
    return row_value(2, a);
}

static value check_ticks(const char *who, int prop, value v)
{
    if (!is_numeric(v))
        wrong(who, prop, v, "rising numbers");
    struct tensor *t = tensor_reshape(tensor_cast(tensor_dense(tensor_of(v)), D_DOUBLE), 2, (i64[]){ 1, value_numel(v) });
    for (i64 i = 0; i < t->numel; i++)
        if (!isfinite(((double *)t->data)[i]) || (i > 0 && !(((double *)t->data)[i - 1] < ((double *)t->data)[i])))
            wrong(who, prop, v, "finite numbers that rise");
    return tensor_box(t);
}

static value check_text(const char *who, int prop, value v)
{
    if (is_text(v))
        return v;
    if (is_numeric(v) && value_numel(v) == 1) {
        char b[40];
        int n = snprintf(b, sizeof b, "%.5g", element_double(tensor_of(v), 0));
        return text_value(b, (size_t)n);
    }
    if (is_tensor_like(v) && value_dtype(v) == D_CHAR &&
        tensor_of(v)->nd == 2) { /* a char matrix: its rows are lines */
        struct tensor *t = tensor_dense(tensor_of(v));
        struct cell *r = cell_2d(t->dim[0], 1);
        for (i64 i = 0; i < t->dim[0]; i++) {
            char *s = scratch((size_t)t->dim[1] + 1);
            for (i64 j = 0; j < t->dim[1]; j++)
                s[j] = t->data[i + j * t->dim[0]];
            size_t n = (size_t)t->dim[1];
            while (n > 0 && s[n - 1] == ' ')
                n--;
            cell_set(r, i, text_value(s, n));
        }
        return cell_value(r);
    }
    if (v.kind != K_CELL)
        wrong(who, prop, v, "a text or a cell of texts");
    for (i64 i = 0; i < v.cell->numel; i++)
        if (!is_text(v.cell->v[i]))
            wrong(who, prop, v, "a text or a cell of texts");
    return v;
}

static value check_labels(const char *who, int prop, value v)
{
    if (is_numeric(v)) {
        struct tensor *t = tensor_of(v);
        struct cell *r = cell_2d(1, t->numel);
        for (i64 i = 0; i < t->numel; i++) {
            char b[40];
            int n = snprintf(b, sizeof b, "%.5g", element_double(t, i));
            cell_set(r, i, text_value(b, (size_t)n));
        }
        return cell_value(r);
    }
    if (is_text(v)) {                         /* 'a|b|c' */
        const char *s = text_of(v);
        i64 n = 1;
        for (const char *p = s; *p; p++)
            n += *p == '|';
        struct cell *r = cell_2d(1, *s ? n : 0);
        for (i64 i = 0; *s || i < n; i++) {
            if (i >= r->numel)
                break;
            size_t k = strcspn(s, "|");
            cell_set(r, i, text_value(s, k));
            s += k + (s[k] == '|');
        }
        return cell_value(r);
    }
    return check_text(who, prop, v);
}

static value check_map(const char *who, int prop, value v)
{
    if (is_text(v) && prop == P_Colormap) {
        struct tensor *t = colormap_named(text_of(v), 256);
        if (!t)
            colormap_unknown(who, text_of(v));
        return tensor_box(t);
    }
    if (!is_numeric(v) || tensor_of(v)->nd != 2 || tensor_of(v)->dim[1] != 3 || tensor_of(v)->dim[0] < 1)
        wrong(who, prop, v, "a matrix with a row [r g b] for each colour");
    struct tensor *t = tensor_cast(tensor_dense(tensor_of(v)), D_DOUBLE);
    for (i64 i = 0; i < t->numel; i++)
        if (!(((double *)t->data)[i] >= 0 && ((double *)t->data)[i] <= 1))
            fail("Octave:invalid-input-arg", "%s: %s must have numbers from 0 to 1, but has %g", who, rows[prop].name,
                 ((double *)t->data)[i]);
    return tensor_box(t);
}

static value check_marker(const char *who, int prop, value v)
{
    if (is_text(v)) {
        const char *s = text_of(v);
        if (!strcasecmp(s, "none"))
            return text_value("none", 4);
        for (const struct marker_row *m = marker_rows; m->name; m++)
            if (!strcasecmp(s, m->name) || !strcasecmp(s, m->words))
                return text_value(m->name, 1);
        struct nearest near;
        nearest_begin(&near, s);
        for (const struct marker_row *m = marker_rows; m->name; m++)
            nearest_try(&near, m->words);
        if (strlen(s) > 2 && nearest_found(&near))
            fail("Octave:invalid-input-arg", "%s: there is no marker '%s'; did you mean '%s'?", who, s, nearest_found(&near));
    }
    wrong(who, prop, v, "a marker: one of o + * . x s d ^ v < > p h | _ or 'none'");
}

static value check_onoff(const char *who, int prop, value v)
{
    if (is_tensor_like(v) && value_numel(v) == 1 && is_numeric(v))
        return element_double(tensor_of(v), 0) != 0 ? text_value("on", 2) : text_value("off", 3);
    return check_choice(who, prop, v, "on|off");
}

/* What is kept for v; NIL: the property is unset. */
value prop_check(const char *who, int kind, int prop, value v)
{
    if (is_default(prop))
        return is_text(v) && !strcasecmp(text_of(v), "remove") ? nil() : prop_check(who, prop / PROPS - 1, prop % PROPS, v);
    const struct prop_row *r = &rows[prop];
    switch (r->type) {
    case PT_ONOFF: return check_onoff(who, prop, v);
    case PT_NUMBER: return check_number(who, prop, v);
    case PT_TEXT: return check_text(who, prop, v);
    case PT_CHOICE: return check_choice(who, prop, v, r->arg);
    case PT_COLOUR: return check_colour(who, prop, v);
    case PT_LIMITS: return check_limits(who, prop, v);
    case PT_ROW: return check_row(who, prop, v, *r->arg - '0', r->arg[strlen(r->arg) - 1] - '0');
    case PT_TICKS: return check_ticks(who, prop, v);
    case PT_LABELS: return check_labels(who, prop, v);
    case PT_MAP: return check_map(who, prop, v);
    case PT_MARKER: return check_marker(who, prop, v);
    case PT_MODE: return check_choice(who, prop, v, "auto|manual");
    case PT_DATA:
        if (!is_tensor_like(v) || dtype_is(value_dtype(v), DT_C | DT_T))
            wrong(who, prop, v, "real numbers");
        return v;
    case PT_HANDLE:
        if (prop == P_Parent) {
            if (kind == G_LEGEND || kind == G_COLORBAR || !(series_rows[kind].flags & G_SERIES))
                break;
            if (!graphic_of(v) || (graphic_of(v)->kind != G_AXES && graphic_of(v)->kind != G_GROUP))
                wrong(who, prop, v, "a handle of axes or of a group (hggroup)");
            return v;
        }
        if (!graphic_of(v) || graphic_of(v)->kind != (prop == P_CurrentFigure ? G_FIGURE
                                                      : prop == P_CurrentAxes ? G_AXES
                                                                              : G_TEXT))
            wrong(who, prop, v, "a handle of that kind");
        return v;
    case PT_ANY: return v;
    }
    fail("Octave:invalid-input-arg", "%s: %s of %s cannot be set", who, r->name, series_rows[kind].type);
}

/* ---- storing */
/* Whose property it is: the axes on the right of two scales share all with those on the left but y and what tells them
 * apart. */
static struct graphic *home(const struct graphic *g, int prop)
{
    bool own = is_default(prop) || g->kind != G_AXES || g->up->kind != G_AXES ||
               (*rows[prop].name == 'Y' && prop != P_YGrid && prop != P_YMinorGrid) || prop == P_ColorOrder ||
               prop == P_ColorOrderIndex || prop == P_Tag || prop == P_UserData;
    return own ? (struct graphic *)g : g->up;
}

static int setting_of(const struct graphic *g, int prop)
{
    for (int i = 0; i < g->nset; i++)
        if (g->set[i].prop == prop)
            return i;
    return -1;
}

static void put(struct graphic *g, int prop, value v)
{
    int i = setting_of(g, prop);
    if (i < 0) {
        if (g->nset == g->cap) {
            int cap = MAX(6, 2 * g->cap);
            g->set = memory_grow(g->set, (size_t)g->cap * sizeof *g->set, (size_t)cap * sizeof *g->set);
            g->cap = cap;
        }
        value kept = copy(v);
        i = g->nset++;
        g->set[i] = (struct setting){ (uint16_t)prop, kept };
    } else
        replace(&g->set[i].v, copy(v));
    graphic_touch(g);
}

static void unset(struct graphic *g, int prop)
{
    int i = setting_of(g, prop);
    if (i < 0)
        return;
    value old = g->set[i].v;
    memmove(g->set + i, g->set + i + 1, (size_t)(--g->nset - i) * sizeof *g->set);
    drop(old);
    graphic_touch(g);
}

/* Axes that linkaxes has tied have the same limits. */
static void put_all(struct graphic *g, int prop, value v)
{
    double link = prop == P_XLim || prop == P_YLim ? axes_link(g, prop - P_XLim) : 0;
    for (struct graphic *f = link ? root_graphic()->first : NULL; f; f = f->next)
        for (struct graphic *ax = f->first; ax; ax = ax->next)
            if (ax != g && ax->kind == G_AXES && axes_link(ax, prop - P_XLim) == link) {
                if (is_nil(v))
                    unset(ax, prop);
                else
                    put(ax, prop, v);
            }
    if (is_nil(v))
        unset(g, prop);
    else
        put(g, prop, v);
    struct tensor *ties = prop == P_Ties || g->spreading || setting_of(g, P_Ties) < 0 ? NULL : prop_data(g, P_Ties);
    g->spreading = true;
    for (i64 i = 0; ties && i < ties->dim[0]; i++) {
        struct graphic *x = graphic_of(num(((double *)ties->data)[i]));
        if (((double *)ties->data)[i + ties->dim[0]] == prop && x && !x->spreading)
            put_all(x, prop, v);
    }
    g->spreading = false;
}

void prop_put(struct graphic *g, int prop, value v)
{
    put_all(home(g, prop), prop, v);
}

void prop_unset(struct graphic *g, int prop)
{
    put_all(home(g, prop), prop, nil());
}

bool prop_given(const struct graphic *g, int prop)
{
    return setting_of(home(g, prop), prop) >= 0;
}

void prop_set_text(struct graphic *g, int prop, const char *s)
{
    prop_put(g, prop, text_value(s, strlen(s)));
}

void prop_set_row(struct graphic *g, int prop, int n, const double *x)
{
    prop_put(g, prop, row_value(n, x));
}

/* A checked value goes in; some properties are views of others. */
static void store(struct graphic *g, int prop, value v)
{
    const struct prop_row *r = is_default(prop) ? NULL : &rows[prop];
    if (r && r->type == PT_MODE) {
        int of = prop_find(r->arg, g->kind);
        if (!strcmp(text_of(v), "auto"))
            prop_unset(g, of);
        else
            prop_put(g, of, prop_get(g, of));
    } else if (r && r->type == PT_HANDLE) {
        struct graphic *x = graphic_of(v);
        if (prop == P_Parent) {
            for (struct graphic *in = x; in; in = in->group)
                if (in == g)
                    fail("Octave:invalid-input-arg", "set: a group cannot stand in itself");
            graphic_move(g, x);
            return;
        }
        if (x->up == g && (x->kind == G_FIGURE || x->kind == G_AXES))
            g->current = x;
    } else if (is_nil(v))
        prop_unset(g, prop);
    else
        prop_put(g, prop, v);
}

void prop_inherit(struct graphic *g)
{
    for (const struct graphic *up = g->up; up; up = up->up)
        for (int i = 0; i < up->nset; i++) {
            int p = up->set[i].prop;
            if (is_default(p) && p / PROPS - 1 == g->kind && setting_of(g, p % PROPS) < 0)
                put(g, p % PROPS, up->set[i].v);
        }
}

void prop_set(struct graphic *g, int prop, value v)
{
    store(g, prop, prop_check("set", g->kind, prop, v));
}

bool prop_is_pair(struct call *c, int i, int kind)
{
    return i + 1 < c->nargin && arg_is_text(c, i) && prop_find(arg_text(c, i, NULL), kind) >= 0;
}

/* Names and values from argument `from` on are right for that kind, or this fails. */
void prop_check_pairs(struct call *c, int from, int kind)
{
    for (int i = from; i < c->nargin; i += 2) {
        if (!arg_is_text(c, i))
            fail_arg(c, i, "the name of a property");
        int p = prop_named(c->fn->name, kind, arg_text(c, i, NULL));
        if (i + 1 == c->nargin)
            fail("Octave:invalid-fun-call", "%s: the property %s has no value", c->fn->name, rows[p].name);
        prop_check(c->fn->name, kind, p, c->arg[i + 1]);
    }
}

void prop_set_pairs(struct call *c, int from, int n, struct graphic *const *g)
{
    for (int k = 0; k < n; k++)
        for (int i = from; i + 1 < c->nargin; i += 2) {
            int p = prop_named(c->fn->name, g[k]->kind, arg_text(c, i, NULL));
            store(g[k], p, prop_check(c->fn->name, g[k]->kind, p, c->arg[i + 1]));
        }
}

void prop_set_named(struct call *c, struct graphic *g, const char *name, value v)
{
    int p = prop_named(c->fn->name, g->kind, name);
    store(g, p, prop_check(c->fn->name, g->kind, p, v));
}

/* ---- asking */
static value typed(const struct prop_row *r, const char *s, size_t n)    /* a default, as it stands in a table */
{
    if (*s == '[' && s[1] != ']') {
        double x[8];
        int k = 0;
        for (char *e, *p = (char *)s + 1; k < 8; p = e + 1) {
            x[k++] = strtod(p, &e);
            if (*e != ',')
                break;
        }
        return row_value(k, x);
    }
    if (*s == '[')
        return tensor_box(tensor_2d(D_DOUBLE, 0, 0));
    double rgb[3];
    if (r->type == PT_COLOUR && colour_of(s, n, rgb))
        return row_value(3, rgb);
    if (r->type == PT_NUMBER || r->type == PT_DATA)
        return num(strtod(s, NULL));
    if (r->type == PT_MAP)
        return tensor_box(n ? colormap_named("viridis", 256) : colour_order());
    return text_value(s, n);
}

static value handles_of(struct graphic *g)    /* children, the newest first */
{
    bool some = g->kind == G_AXES || g->kind == G_GROUP;
    struct graphic *in = g->kind == G_GROUP ? g->up : g, *of = g->kind == G_GROUP ? g : NULL;
    i64 n = 0, k = 0;
    for (struct graphic *x = in->first; x; x = x->next)
        n += !some || (is_series(x) && x->group == of);
    struct tensor *t = tensor_2d(D_DOUBLE, n, n ? 1 : 0);
    for (struct graphic *x = in->last; x; x = x->prev)
        if (!some || (is_series(x) && x->group == of))
            ((double *)t->data)[k++] = x->handle;
    return tensor_value(t);
}

/* Where ticks stand by themselves: round numbers, or powers of ten. */
static value automatic_ticks(struct graphic *ax, int axis)
{
    double lim[2], x[64];
    int n = 0;
    axes_limits(ax, axis, lim);
    bool log = axes_log(ax, axis);
    double step = log ? fmax(1, ceil((log10(lim[1]) - log10(lim[0])) / 10)) : nice_step(lim[1] - lim[0], 5);
    double lo = log ? log10(lim[0]) : lim[0], hi = log ? log10(lim[1]) : lim[1];
    for (double k = ceil(lo / step - 1e-9); isfinite(step) && step > 0 && k * step <= hi + 1e-9 * step && n < COUNT(x); k++)
        x[n++] = log ? pow(10, k * step) : k * step;
    return row_value(n, x);
}

static value virtual(struct graphic *g, int prop)         /* what is not stored; NIL: nothing special */
{
    double lim[2];
    switch (prop) {
    case P_Type: return text_value(series_rows[g->kind].type, strlen(series_rows[g->kind].type));
    case P_Parent:
        return g->group ? num(g->group->handle) : g->up ? num(g->up->handle) : tensor_box(tensor_2d(D_DOUBLE, 0, 0));
    case P_Children: return handles_of(g);
    case P_CurrentFigure:
    case P_CurrentAxes:
        return g->current ? num(g->current->handle) : tensor_box(tensor_2d(D_DOUBLE, 0, 0));
    case P_Title:
    case P_XLabel:
    case P_YLabel:
    case P_ZLabel:
        return num(axes_text(g, prop == P_Title ? R_Title : R_XLabel + (prop - P_XLabel))->handle);
    case P_XLim: case P_YLim: case P_ZLim:
        axes_limits(g, prop - P_XLim, lim);
        return row_value(2, lim);
    case P_XTick: case P_YTick: case P_ZTick:
        if (!prop_given(g, prop))
            return automatic_ticks(g, prop - P_XTick);
        break;
    case P_CLim:
        axes_clim(g, lim);
        return row_value(2, lim);
    case P_Units:
        if (g->kind != G_TEXT && !prop_given(g, prop))
            return g->kind == G_FIGURE || g->kind == G_ROOT ? text_value("pixels", 6) : text_value("normalized", 10);
        break;
    case P_Colormap:
        if (g->kind == G_AXES && !prop_given(g, prop))
            return prop_get(graphic_up(g, G_FIGURE), P_Colormap);
    }
    if (rows[prop].type == PT_MODE)
        return prop_given(g, prop_find(rows[prop].arg, g->kind)) ? text_value("manual", 6) : text_value("auto", 4);
    return nil();
}

static value from_table(int kind, int prop)
{
    const struct prop_row *r = &rows[prop];
    size_t n = strlen(r->name);
    for (const char *p = series_rows[kind].defaults; *p; p += strspn(p, " ")) {
        size_t k = strcspn(p, " ");
        if (k > n && !strncmp(p, r->name, n) && p[n] == '=')
            return typed(r, p + n + 1, k - n - 1);
        p += k;
    }
    return typed(r, r->start, strlen(r->start));
}

value prop_get(struct graphic *g, int prop)
{
    value v = is_default(prop) ? nil() : virtual(g, prop);
    if (!is_nil(v))
        return v;
    bool passed_on = is_default(prop);
    int kind = passed_on ? prop / PROPS - 1 : g->kind;
    for (g = home(g, prop); g; g = passed_on ? g->up : NULL) {
        int i = setting_of(g, prop);
        if (i >= 0)
            return g->set[i].v;
    }
    return from_table(kind, prop % PROPS);
}

double prop_num(struct graphic *g, int prop)
{
    value v = prop_get(g, prop);
    return is_numeric(v) && value_numel(v) == 1 ? element_double(tensor_of(v), 0) : NAN;
}

const char *prop_text(struct graphic *g, int prop)
{
    value v = prop_get(g, prop);
    return is_text(v) ? text_of(v) : "";
}

bool prop_is(struct graphic *g, int prop, const char *word)
{
    return !strcasecmp(prop_text(g, prop), word);
}

bool prop_on(struct graphic *g, int prop)
{
    return prop_is(g, prop, "on");
}

struct tensor *prop_data(struct graphic *g, int prop)
{
    value v = prop_get(g, prop);
    return is_numeric(v) ? tensor_cast(tensor_dense(tensor_of(v)), D_DOUBLE) : tensor_2d(D_DOUBLE, 0, 0);
}

bool prop_colour(struct graphic *g, int prop, double rgb[3])
{
    value v = prop_get(g, prop);
    if (!is_numeric(v) || value_numel(v) != 3)
        return false;
    for (int k = 0; k < 3; k++)
        rgb[k] = element_double(tensor_of(v), k);
    return true;
}

int axis_prop(int axis, int what)
{
    static const int first[AXIS_PROPS] = { P_XLim, P_XScale, P_XDir, P_XTick, P_XTickLabel, P_XGrid, P_XMinorGrid,
                                              P_XMinorTick, P_XTickLabelRotation };
    return first[what] + axis;
}

/* ---- for the tabulator key */
static const struct { const char *functions; uint32_t kinds;
} makers[] = {
    { " plot plot3 semilogx semilogy loglog line polar polarplot fplot fplot3 ezplot animatedline triplot ", K(LINE) },
    { " stairs ", K(STAIRS) },
    { " stem stem3 ", K(STEM) },
    { " errorbar ", K(ERRORBAR) },
    { " scatter scatter3 ", K(SCATTER) },
    { " bar barh hist histogram ", K(BAR) },
    { " area ", K(AREA) },
    { " patch fill fill3 trisurf trimesh ", K(PATCH) },
    { " surf surfc surface mesh meshc meshz waterfall fsurf fmesh ", K(SURFACE) },
    { " contour contourf contour3 fcontour fimplicit ", K(CONTOUR) },
    { " quiver quiver3 feather compass ", K(QUIVER) },
    { " image imagesc ", K(IMAGE) },
    { " rectangle ", K(RECTANGLE) },
    { " text title xlabel ylabel zlabel ", K(TEXT) },
    { " legend ", K(LEGEND) },
    { " colorbar ", K(COLORBAR) },
    { " xline yline ", K(RULE) },
    { " axes subplot gca ", K(AXES) },
    { " figure gcf clf ", K(FIGURE) },
    { " groot ", K(ROOT) },
};

static uint32_t kinds_for(const char *function, value first)
{
    char word[80];
    bool any = !strcmp(function, "set") || !strcmp(function, "get");
    if (is_tensor_like(first) && value_numel(first) > 0 && !dtype_is(value_dtype(first), DT_C | DT_T)) {
        struct graphic *g = graphic_of(num(element_double(tensor_of(first), 0)));
        if (g && any)
            return 1u << g->kind;
    }
    if (any && is_text(first))                /* set(gca, …: the name of a function that gives a handle */
        function = text_of(first);
    snprintf(word, sizeof word, " %s ", function);
    for (int i = 0; i < COUNT(makers); i++)
        if (strstr(makers[i].functions, word))
            return makers[i].kinds;
    return any || !strcmp(function, "findobj") ? ALL : 0;
}

static void offer_choice(const char *choice, void (*offer)(const char *name, void *arg), void *arg)
{
    char word[64];
    for (const char *p = choice; *p;) {
        int k = (int)strcspn(p, "|");
        snprintf(word, sizeof word, "%.*s", k, p);
        offer(word, arg);
        p += k + (p[k] == '|');
    }
}

bool prop_offer(const char *function, value first, const char *before, void (*offer)(const char *name, void *arg), void *arg)
{
    uint32_t kinds = kinds_for(function, first);
    if (!strcmp(function, "colormap")) {
        colormap_offer(offer, arg);
        return true;
    }
    for (int i = 0; kinds && i < PROPS; i++) {
        const struct prop_row *r = &rows[i];
        if (!(r->kinds & kinds) || strcasecmp(r->name, before))
            continue;
        switch (r->type) {
        case PT_ONOFF: offer_choice("on|off", offer, arg); break;
        case PT_CHOICE: offer_choice(r->arg, offer, arg); break;
        case PT_MODE: offer_choice("auto|manual", offer, arg); break;
        case PT_LIMITS: offer("auto", arg); break;
        case PT_MAP: colormap_offer(offer, arg); break;
        case PT_COLOUR:
            offer_choice(r->arg, offer, arg);
            for (int k = 0; k < COUNT(colours); k++)
                offer(colours[k].name, arg);
            break;
        case PT_MARKER:
            offer("none", arg);
            for (const struct marker_row *m = marker_rows; m->name; m++)
                offer(m->words, arg);
            break;
        }
        return true;
    }
    for (int i = 0; kinds && i < PROPS; i++)
        if ((rows[i].kinds & kinds) && rows[i].type != PT_FIXED)
            offer(rows[i].name, arg);
    return kinds != 0;
}
