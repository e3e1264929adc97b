/* SPDX-License-Identifier: BSD-3-Clause */
/* logger.c: optim.Logger: columns of numbers, kept and written to a file line by line as they come.
 *
 * Torch's form: the first line has the names, then a line of `%11.4e` numbers for each add, each with a tab behind it.  A
 * line is appended and the file closed again at once, so what was logged is on the disk whatever happens to the session. */
#include "optim.h"
#include "lab/print.h"
#include <errno.h>
#include <string.h>
#include <time.h>

struct logger {
    struct instance i;
    value file /* its name or [] */, names /* cell */, rows /* cell: a row of numbers each add */, style;
    bool hidden, written, logscale;
};

static void logger_free(struct object *o)
{
    memory_free(o, sizeof(struct logger));
}

static void logger_children(struct object *o, void (*visit)(value *child, void *arg), void *arg)
{
    struct logger *m = (struct logger *)o;
    visit(&m->file, arg);
    visit(&m->names, arg);
    visit(&m->rows, arg);
    visit(&m->style, arg);
}

static struct logger *logger_new(void)
{
    struct logger *m = (struct logger *)instance_new(&logger_class, sizeof *m).inst;
    m->file = m->names = m->rows = m->style = nil();
    m->names = copy(cell_value(cell_2d(1, 0)));
    m->rows = copy(cell_value(cell_2d(1, 0)));
    m->style = copy(cell_value(cell_2d(1, 0)));
    return m;
}

static const char *text_of(value v, i64 *n)
{
    struct tensor *t = tensor_dense(tensor_of(v));
    *n = t->numel;
    return t->data;
}

static void write_line(struct logger *m, struct buf *line, const char *mode)
{
    if (is_nil(m->file))
        return;
    i64 n;
    const char *s = text_of(m->file, &n);
    char name[4096];
    snprintf(name, sizeof name, "%.*s", (int)n, s);
    FILE *f = fopen(name, mode);
    bool good = f && fwrite(line->s, 1, line->n, f) == line->n;
    int why = errno;
    if (f && fclose(f) && good)
        good = false, why = errno;
    if (!good)
        fail("Octave:write-error", "optim.Logger: '%s' could not be written: %s", name, strerror(why));
}

static void write_names(struct logger *m, const struct cell *names)
{
    struct buf *b = buf_new();
    for (i64 k = 0; k < names->numel; k++) {
        i64 n;
        const char *s = text_of(names->v[k], &n);
        buf_add(b, s, (size_t)n);
        buf_putc(b, '\t');
    }
    buf_putc(b, '\n');
    write_line(m, b, "w");
}

static struct cell *cell_with(i64 n, const value *v)
{
    struct cell *k = cell_2d(1, n);
    for (i64 i = 0; i < n; i++)
        cell_set(k, i, v[i]);
    return k;
}

static bool texts(i64 n, const value *v)
{
    for (i64 i = 0; i < n; i++)
        if (!is_tensor_like(v[i]) || value_dtype(v[i]) != D_CHAR)
            return false;
    return true;
}

/* The values behind the receiver: one cell, or as they stand; one row of numbers is taken apart. */
static i64 listed(struct call *c, const value **v)
{
    if (c->nargin == 2 && c->arg[1].kind == K_CELL) {
        *v = c->arg[1].cell->v;
        return c->arg[1].cell->numel;
    }
    if (c->nargin == 2 && is_tensor_like(c->arg[1]) && value_dtype(c->arg[1]) != D_CHAR) {
        struct tensor *t = arg_dense(c, 1);
        value *all = scratch(sizeof(value) * (size_t)MAX(1, t->numel));
        for (i64 i = 0; i < t->numel; i++)
            all[i] = element_value(t, i);
        *v = all;
        return t->numel;
    }
    *v = c->arg + 1;
    return c->nargin - 1;
}

static void add(struct logger *m, struct call *c)
{
    const value *v;
    i64 n = listed(c, &v);
    struct cell *names = m->names.cell;       /* stored when the line is on the disk */
    if (n > 0 && n % 2 == 0 && texts(1, v)) { /* names and values: the names are set by the first, and looked up then */
        value *name = scratch(sizeof(value) * (size_t)n), *x = name + n / 2;
        for (i64 i = 0; i < n / 2; i++) {
            name[i] = v[2 * i];
            x[i] = v[2 * i + 1];
        }
        if (!texts(n / 2, name))
            fail("Octave:invalid-input-arg", "optim.Logger: add takes numbers, or names each with its number");
        if (names->numel == 0)
            names = cell_with(n / 2, name);
        value *in_order = scratch(sizeof(value) * (size_t)MAX(1, names->numel));
        i64 found = 0;
        for (i64 k = 0; k < names->numel; k++)
            for (i64 i = 0; i < n / 2; i++)
                if (value_equal(names->v[k], name[i])) {
                    in_order[k] = x[i];
                    found++;
                }
        if (found != n / 2 || found != names->numel)
            fail("Octave:invalid-input-arg", "optim.Logger: add was given other names than those of the %lld columns",
                 (long long)names->numel);
        v = in_order;
        n = found;
    }
    if (names->numel && n != names->numel)
        fail("Octave:nonconformant-args", "optim.Logger: there are %lld columns, but add was given %lld numbers",
             (long long)names->numel, (long long)n);
    struct tensor *row = tensor_2d(D_DOUBLE, 1, n);
    struct buf *b = buf_new();
    for (i64 i = 0; i < n; i++) {
        char d[160];
        if (!is_tensor_like(v[i]) || value_dtype(v[i]) == D_CHAR || value_numel(v[i]) != 1)
            fail("Octave:invalid-input-arg", "optim.Logger: add takes single numbers, but number %lld is a %s",
                 (long long)i + 1, value_describe(v[i], d));
        double x = ((double *)row->data)[i] = element_double(tensor_of(v[i]), 0);
        buff(b, "%11.4e\t", x);
    }
    buf_putc(b, '\n');
    if (!m->written)
        write_names(m, names);
    write_line(m, b, "a");
    m->written = true;
    value box = tensor_box(row);
    struct cell *rows = own_cell(&m->rows);
    i64 have = rows->numel;
    cell_resize(rows, 2, (i64[]){ 1, have + 1 });        /* nothing fails behind this */
    cell_set(rows, have, box);
    if (names != m->names.cell)
        replace(&m->names, copy(cell_value(names)));
}

static void run(const char *name, int n, const value *arg)   /* a function of the room of pictures, which is not linked to */
{
    value f = hooks()->function_named ? hooks()->function_named(name) : nil(), out = nil();
    if (is_nil(f))
        fail("Octave:undefined-function", "optim.Logger.plot: there is no function '%s' here", name);
    call_function(f, n, arg, 0, &out);
}

/* Each column against its row number, with its style and name; into FILE.eps where the log has a file, or the file given. */
static value logger_get(value self, sym field);
static void plot(struct logger *m, struct call *c)
{
    value all = logger_get(object_value(K_OBJECT, m), symbol_of("values"));
    struct tensor *t = tensor_dense(tensor_of(all));
    i64 rows = t->dim[0], cols = t->dim[1], len = 0;
    if (!m->rows.cell->numel || !cols)
        fail("tl:optim", "optim.Logger.plot: nothing has been added yet");
    value *arg = scratch(sizeof *arg * (size_t)(3 * cols)), *names = scratch(sizeof *names * (size_t)cols);
    struct tensor *x = tensor_2d(D_DOUBLE, 1, rows);
    for (i64 i = 0; i < rows; i++)
        ((double *)x->data)[i] = (double)i + 1;
    for (i64 k = 0; k < cols; k++) {
        struct tensor *y = tensor_2d(D_DOUBLE, 1, rows);
        memcpy(y->data, (double *)t->data + k * rows, (size_t)rows * sizeof(double));
        arg[3 * k] = tensor_value(x);
        arg[3 * k + 1] = tensor_value(y);
        arg[3 * k + 2] = k < m->style.cell->numel ? m->style.cell->v[k] : tensor_value(tensor_text("-", 1));
        names[k] = k < m->names.cell->numel ? m->names.cell->v[k] : tensor_value(tensor_text("", 0));
    }
    if (m->hidden)
        run("figure", 2, (value[]){ tensor_value(tensor_text("visible", 7)), tensor_value(tensor_text("off", 3)) });
    run(m->logscale ? "semilogy" : "plot", (int)(3 * cols), arg);
    if (m->names.cell->numel)
        run("legend", (int)cols, names);
    struct buf *b = buf_new();
    if (has_arg(c, 1)) {
        buf_puts(b, arg_text(c, 1, NULL));
    } else if (!is_nil(m->file)) {
        const char *file = text_of(m->file, &len);
        buff(b, "%.*s.eps", (int)len, file);
    }
    if (b->n) {
        value name = buf_value(b);
        run("print", 1, &name);
    }
    if (m->hidden)
        run("close", 0, NULL);
}

static bool logger_method(value self, sym name, struct call *c)
{
    struct logger *m = (struct logger *)self.inst;
    const char *f = name->text;
    const value *v;
    if (!strcmp(f, "setNames") || !strcmp(f, "style")) {
        i64 n = listed(c, &v);
        if (!texts(n, v))
            fail("Octave:invalid-input-arg", "optim.Logger: %s takes texts, one for each column", f);
        struct cell *all = cell_with(n, v);
        if (f[1] == 'e' && !m->written) {
            write_names(m, all);
            m->written = true;
        }
        replace(f[1] == 'e' ? &m->names : &m->style, copy(cell_value(all)));
    } else if (!strcmp(f, "add")) {
        add(m, c);
    } else if (!strcmp(f, "setlogscale")) {
        m->logscale = c->nargin < 2 || arg_bool(c, 1);
    } else if (!strcmp(f, "display")) {
        m->hidden = c->nargin > 1 && !arg_bool(c, 1);
    } else if (!strcmp(f, "plot")) {
        plot(m, c);
    } else {
        return false;
    }
    return true;
}

static value logger_get(value self, sym field)
{
    struct logger *m = (struct logger *)self.inst;
    if (!strcmp(field->text, "names"))
        return m->names;
    if (!strcmp(field->text, "file"))
        return is_nil(m->file) ? tensor_value(tensor_text("", 0)) : m->file;
    if (strcmp(field->text, "values"))
        return nil();
    i64 n = m->rows.cell->numel, cols = n ? value_numel(m->rows.cell->v[0]) : m->names.cell->numel;
    struct tensor *t = tensor_zeros(D_DOUBLE, 2, (i64[]){ n, cols });
    for (i64 i = 0; i < n; i++)
        for (i64 j = 0; j < MIN(cols, value_numel(m->rows.cell->v[i])); j++)
            ((double *)t->data)[i + j * n] = element_double(tensor_of(m->rows.cell->v[i]), j);
    return tensor_value(t);
}

static void logger_print(value v, const char *name)
{
    struct logger *m = (struct logger *)v.inst;
    int in = print_indent();
    if (name)
        print_header(name);
    i64 n = 0;
    const char *file = is_nil(m->file) ? "" : text_of(m->file, &n);
    outf("%*s  optim.Logger: %lld columns, %lld rows%s%.*s\n", in, "", (long long)m->names.cell->numel,
         (long long)m->rows.cell->numel, n ? ", " : "", (int)n, file);
    if (name)
        out_puts("\n");
}

/* ---- into files and back: what was logged.  The name of its file stays behind: what is loaded is not trusted to write
 * anywhere. */
static value logger_save(value self)
{
    struct logger *m = (struct logger *)self.inst;
    struct record *r = record_scalar();
    record_set(r, 0, symbol_of("names"), m->names);
    record_set(r, 0, symbol_of("rows"), m->rows);
    record_set(r, 0, symbol_of("style"), m->style);
    record_set(r, 0, symbol_of("logscale"), boolean(m->logscale));
    return record_value(r);
}

static value logger_blank(const struct class *class)
{
    (void)class;
    return object_value(K_OBJECT, logger_new());
}

static void logger_load(value self, value saved)
{
    struct logger *m = (struct logger *)self.inst;
    static const char *const name[] = { "names", "rows", "style" };
    value part[3], logscale = record_get(saved.rec, 0, symbol_of("logscale"));
    bool good = logscale.kind == K_NUM;
    for (int k = 0; k < 3; k++) {
        part[k] = record_get(saved.rec, 0, symbol_of(name[k]));
        good = good && part[k].kind == K_CELL && (k == 1 || texts(part[k].cell->numel, part[k].cell->v));
    }
    for (i64 i = 0; good && i < part[1].cell->numel; i++) {
        value v = part[1].cell->v[i];
        good = is_tensor_like(v) && value_dtype(v) == D_DOUBLE &&
               (!part[0].cell->numel || value_numel(v) == part[0].cell->numel);
    }
    if (!good)
        fail("Octave:load-error", "optim.Logger: the file holds none here");
    replace(&m->names, copy(part[0]));
    replace(&m->rows, copy(part[1]));
    replace(&m->style, copy(part[2]));
    m->logscale = logscale.num != 0;
}

static const char *const logger_names[] = { "add",      "display",     "file",  "names",  "plot",
                                            "setNames", "setlogscale", "style", "values", NULL };
const struct class logger_class = {
    .name = "optim.Logger", .free = logger_free, .children = logger_children, .print = logger_print, .get = logger_get,
    .method = logger_method, .save = logger_save, .blank = logger_blank, .load = logger_load, .names = logger_names,
};

BUILTIN(optim_Logger, 0, 2, 1, NO_GRAD,
  "log = optim.Logger(file, timestamp)\n\n"
  "Keeps columns of numbers, a training's losses say, and writes each line to the file (none: only kept) as it comes: "
  "first the\n"
  "names, then the numbers as %11.4e, tabs between. log.setNames({'train', 'test'}) names the columns; log.add({0.5, 0.6}),\n"
  "log.add(0.5, 0.6), log.add([0.5 0.6]) or log.add(train=0.5, test=0.6) adds a line. log.values is the matrix of all, "
  "log.names\n"
  "the names. log.plot() draws the columns, into FILE.eps where the log has a file, log.plot(file) into another; "
  "log.style({'-', '+'})\n"
  "says how, as plot does, log.setlogscale(true) makes the axis logarithmic, and after\n"
  "log.display(false) nothing is shown, only the file written. With timestamp true the date is appended to the file's name.\n"
  "A file of that name is written anew. It is a handle; one that was saved and loaded has its lines, but no file.\n\n"
  "Example:\n  log = optim.Logger();\n  log.setNames({'train', 'test'});\n  log.add({0.5, 0.75});\n  log.values\n  ans "
  "=\n     0.5000   0.7500\n\n"
  "See also: optim.ConfusionMatrix, optim.sgd")
{
    struct logger *m = logger_new();
    if (has_arg(c, 0)) {
        struct buf *b = buf_new();
        buf_puts(b, arg_text(c, 0, NULL));
        if (has_arg(c, 1) && arg_bool(c, 1)) {
            time_t now = time(NULL);
            struct tm tm;
            char stamp[32];
            strftime(stamp, sizeof stamp, "-%Y-%m-%d_%H-%M-%S", localtime_r(&now, &tm));
            buf_puts(b, stamp);
        }
        if (b->n == 0 || b->n >= 4096)
            fail_arg(c, 0, "the name of a file");
        m->file = copy(buf_value(b));
    }
    result(c, 0, object_value(K_OBJECT, m));
}
