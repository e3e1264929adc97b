/* SPDX-License-Identifier: BSD-3-Clause */
/* confusion.c: optim.ConfusionMatrix: how often a class was taken for another.
 *
 * The object holds nothing but the counts, mat(target, prediction), and the classes' names; all rates are worked out when
 * they are asked for, so they are never stale and updateValids has nothing to do.  Terms are Torch's: valids are the
 * right part of each row, unionvalids the intersection over union of row and column (VOC). */
#include "optim.h"
#include "lab/print.h"
#include <math.h>
#include <string.h>

struct confusion {
    struct instance i;
    i64 n;
    double *count /* n x n, column-major: target down, prediction across */;
    value names /* cell or [] */;
};
enum { MOST_CLASSES = 20000 };

static struct confusion *confusion_new(i64 n, value names)
{
    struct confusion *m = (struct confusion *)instance_new(&confusion_class, sizeof *m).inst;
    m->names = nil();
    m->count = memory_get(n * n * (i64)sizeof(double));
    m->n = n;
    memset(m->count, 0, (size_t)(n * n) * sizeof(double));
    m->names = copy(names);
    return m;
}

static void confusion_free(struct object *o)
{
    struct confusion *m = (struct confusion *)o;
    memory_free(m->count, m->n * m->n * (i64)sizeof(double));
    memory_free(m, sizeof *m);
}

static void confusion_children(struct object *o, void (*visit)(value *child, void *arg), void *arg)
{
    visit(&((struct confusion *)o)->names, arg);
}

/* ---- rates */
struct rates { double right, row, col; };

static struct rates rates_of(const struct confusion *m, i64 k)
{
    struct rates r = { m->count[k + k * m->n], 0, 0 };
    for (i64 j = 0; j < m->n; j++) {
        r.row += m->count[k + j * m->n];
        r.col += m->count[j + k * m->n];
    }
    return r;
}

static double valid(struct rates r) { return r.row > 0 ? r.right / r.row : 0; }
static double union_valid(struct rates r) { return r.row + r.col > r.right ? r.right / (r.row + r.col - r.right) : 0; }

static double average(const struct confusion *m, double rate(struct rates r))        /* over the classes that occur */
{
    double sum = 0;
    i64 occur = 0;
    for (i64 k = 0; k < m->n; k++) {
        struct rates r = rates_of(m, k);
        sum += rate(r);
        occur += r.row > 0;
    }
    return occur ? sum / (double)occur : 0;
}

static double total_valid(const struct confusion *m)
{
    double right = 0, all = 0;
    for (i64 k = 0; k < m->n; k++) {
        right += m->count[k + k * m->n];
        all += rates_of(m, k).row;
    }
    return all > 0 ? right / all : 0;
}

static value row_of(const struct confusion *m, double rate(struct rates r))
{
    struct tensor *t = tensor_2d(D_DOUBLE, 1, m->n);
    for (i64 k = 0; k < m->n; k++)
        ((double *)t->data)[k] = rate(rates_of(m, k));
    return tensor_value(t);
}

static value counts(const struct confusion *m)
{
    struct tensor *t = tensor_2d(D_DOUBLE, m->n, m->n);
    memcpy(t->data, m->count, (size_t)(m->n * m->n) * sizeof(double));
    return tensor_value(t);
}

static value confusion_get(value self, sym field)
{
    const struct confusion *m = (struct confusion *)self.inst;
    const char *f = field->text;
    if (!strcmp(f, "mat"))
        return counts(m);
    if (!strcmp(f, "nclasses"))
        return num((double)m->n);
    if (!strcmp(f, "classes"))
        return is_nil(m->names) ? cell_value(cell_2d(0, 0)) : m->names;
    if (!strcmp(f, "valids"))
        return row_of(m, valid);
    if (!strcmp(f, "unionvalids"))
        return row_of(m, union_valid);
    if (!strcmp(f, "averageValid"))
        return num(average(m, valid));
    if (!strcmp(f, "averageUnionValid"))
        return num(average(m, union_valid));
    if (!strcmp(f, "totalValid"))
        return num(total_valid(m));
    return nil();
}

/* ---- text, as Torch writes it */
static void put_text(struct buf *b, const struct confusion *m)
{
    double most = 0;
    for (i64 k = 0; k < m->n * m->n; k++)
        most = fmax(most, m->count[k]);
    int width = most > 0 ? (int)fmax(8, 1 + ceil(log10(most))) : 8;
    buf_puts(b, "ConfusionMatrix:\n[");
    for (i64 t = 0; t < m->n; t++) {
        buf_puts(b, t ? " [" : "[");
        for (i64 p = 0; p < m->n; p++)
            buff(b, "%*.0f", width, m->count[t + p * m->n]);
        buff(b, "%s%.3f%%", t == m->n - 1 ? "]]  " : "]   ", 100 * valid(rates_of(m, t)));
        if (!is_nil(m->names)) {
            struct tensor *s = tensor_dense(tensor_of(m->names.cell->v[t]));
            buff(b, " \t[class: %.*s]", (int)s->numel, (const char *)s->data);
        }
        buf_putc(b, '\n');
    }
    buff(b, " + average row correct: %.14g%% \n", 100 * average(m, valid));
    buff(b, " + average rowUcol correct (VOC measure): %.14g%% \n", 100 * average(m, union_valid));
    buff(b, " + global correct: %.14g%%", 100 * total_valid(m));
}

static void confusion_print(value v, const char *name)
{
    struct buf *b = buf_new();
    put_text(b, (struct confusion *)v.inst);
    if (name)
        print_header(name);
    int indent = print_indent();
    for (const char *s = b->s; *s;) {
        size_t n = strcspn(s, "\n");
        print_blanks(indent);
        out_text(s, n);
        out_puts("\n");
        s += n + (s[n] == '\n');
    }
    if (name)
        out_puts("\n");
}

/* ---- methods; argument 0 is the matrix itself */
static double class_at(const struct tensor *t, i64 row, i64 rows)
{
    if (t->numel == rows)                     /* class numbers */
        return element_double(t, row);
    i64 best = 0;                             /* one score a class: the greatest */
    for (i64 k = 1; k < t->numel / rows; k++)
        if (element_double(t, row + k * rows) > element_double(t, row + best * rows))
            best = k;
    return (double)best + 1;
}

static void tally(struct call *c, const char *method, bool batch)
{
    struct confusion *m = (struct confusion *)c->arg[0].inst;
    if (c->nargin != 3)
        fail("Octave:invalid-fun-call", "optim.ConfusionMatrix: m.%s(predictions, targets) takes two arguments, not %d",
             method, c->nargin - 1);
    struct tensor *t[2];
    i64 rows[2];
    char d[128], e[128];
    for (int k = 0; k < 2; k++) {
        t[k] = arg_dense(c, k + 1);
        bool vector = t[k]->nd == 2 && (t[k]->dim[0] == 1 || t[k]->dim[1] == 1);
        rows[k] = !batch                           ? 1
                  : vector && t[k]->numel != m->n  ? t[k]->numel
                  : vector && t[k]->dim[0] == m->n ? m->n
                                                   : t[k]->dim[0];
        i64 width = rows[k] ? t[k]->numel / rows[k] : 1;
        if (t[k]->nd > 2 || (width != 1 && width != m->n))
            fail("Octave:nonconformant-args",
                 "optim.ConfusionMatrix: m.%s: %s must be class numbers or %lld scores each, but are %s", method,
                 k ? "targets" : "predictions", (long long)m->n, value_shape(c->arg[k + 1], d));
    }
    if (batch && rows[0] != rows[1] && t[1]->numel == rows[0])      /* as many targets as classes: a row of class numbers */
        rows[1] = rows[0];
    if (batch && rows[0] != rows[1] && t[0]->numel == rows[1])
        rows[0] = rows[1];
    if (rows[0] != rows[1])
        fail("Octave:nonconformant-args", "optim.ConfusionMatrix: m.%s: predictions are %s but targets %s", method,
             value_shape(c->arg[1], d), value_shape(c->arg[2], e));
    for (int pass = 0; pass < 2; pass++)      /* looked at first, then counted: an error counts nothing */
        for (i64 i = 0; i < rows[0]; i++) {
            double p = class_at(t[0], i, rows[0]), y = class_at(t[1], i, rows[0]);
            if (y <= 0)                       /* unlabelled */
                continue;
            if (pass)
                m->count[(i64)y - 1 + ((i64)p - 1) * m->n]++;
            else if (y > (double)m->n || y != floor(y) || !(p >= 1 && p <= (double)m->n) || p != floor(p))
                fail("Octave:index-out-of-bounds",
                     "optim.ConfusionMatrix: m.%s: classes are 1..%lld, but sample %lld has prediction %g and target "
                     "%g",
                     method, (long long)m->n, (long long)i + 1, p, y);
        }
}

/* classFrrs(t): how much of class t was refused; classFars(t): how much of the others was taken for t. */
static void far_frr(struct call *c)
{
    const struct confusion *m = (struct confusion *)c->arg[0].inst;
    struct tensor *frr = tensor_2d(D_DOUBLE, 1, m->n), *far = tensor_2d(D_DOUBLE, 1, m->n);
    double all = 0, mean[2] = { 0, 0 };
    for (i64 k = 0; k < m->n; k++)
        all += rates_of(m, k).row;
    for (i64 k = 0; k < m->n; k++) {
        struct rates r = rates_of(m, k);
        double *x = (double *)frr->data + k, *y = (double *)far->data + k;
        *x = r.row > 0 ? 1 - r.right / r.row : 0;
        *y = all > r.row ? (r.col - r.right) / (all - r.row) : 0;
        mean[0] += *x / (double)m->n;
        mean[1] += *y / (double)m->n;
    }
    result_tensor(c, 0, frr);
    if (wants(c, 1))
        result_tensor(c, 1, far);
    if (wants(c, 2))
        result_num(c, 2, mean[0]);
    if (wants(c, 3))
        result_num(c, 3, mean[1]);
}

static void
render(struct call *c) /* 3 x H x W: each count a square, right ones green, wrong ones red, by their part of the row */
{
    const struct confusion *m = (struct confusion *)c->arg[0].inst;
    i64 block = c->nargin > 1 ? arg_int(c, 1, 1, 1000) : 25, side = block * m->n, dim[3] = { 3, side, side };
    struct tensor *t = tensor_zeros(D_DOUBLE, 3, dim);
    double *x = (double *)t->data;
    for (i64 row = 0; row < m->n; row++) {
        double all = rates_of(m, row).row;
        for (i64 col = 0; col < m->n; col++) {
            double part = all > 0 ? m->count[row + col * m->n] / all : 0;
            for (i64 i = 0; i < block - (block > 2); i++)
                for (i64 j = 0; j < block - (block > 2); j++)
                    x[(row == col) + 3 * (row * block + i + side * (col * block + j))] = part;
        }
        poll();
    }
    result_tensor(c, 0, t);
}

static bool confusion_method(value self, sym name, struct call *c)
{
    struct confusion *m = (struct confusion *)self.inst;
    const char *f = name->text;
    if (!strcmp(f, "add") || !strcmp(f, "batchAdd")) {
        tally(c, f, f[0] == 'b');
    } else if (!strcmp(f, "zero")) {
        memset(m->count, 0, (size_t)(m->n * m->n) * sizeof(double));
    } else if (!strcmp(f, "updateValids")) {
        ;                                     /* rates are always those of the counts */
    } else if (!strcmp(f, "farFrr")) {
        far_frr(c);
    } else if (!strcmp(f, "render")) {
        render(c);
    } else if (!strcmp(f, "tostring")) {
        struct buf *b = buf_new();
        put_text(b, m);
        result(c, 0, buf_value(b));
    } else {
        return false;
    }
    return true;
}

static value confusion_clone(value self)
{
    struct confusion *m = (struct confusion *)self.inst, *y = confusion_new(m->n, clone(m->names));
    memcpy(y->count, m->count, (size_t)(m->n * m->n) * sizeof(double));
    return object_value(K_OBJECT, y);
}

/* ---- into files and back */
static value confusion_save(value self)
{
    struct confusion *m = (struct confusion *)self.inst;
    struct record *r = record_scalar();
    record_set(r, 0, symbol_of("mat"), counts(m));
    record_set(r, 0, symbol_of("classes"), confusion_get(self, symbol_of("classes")));
    return record_value(r);
}

static value confusion_blank(const struct class *class)
{
    (void)class;
    return object_value(K_OBJECT, confusion_new(0, nil()));
}

static bool are_names(value v, i64 n)
{
    bool good = v.kind == K_CELL && v.cell->numel == n;
    for (i64 i = 0; good && i < n; i++)
        good = is_tensor_like(v.cell->v[i]) && value_dtype(v.cell->v[i]) == D_CHAR;
    return good;
}

static void confusion_load(value self, value saved)
{
    struct confusion *m = (struct confusion *)self.inst;
    value mat = record_get(saved.rec, 0, symbol_of("mat")), names = record_get(saved.rec, 0, symbol_of("classes"));
    i64 dim[MAX_DIMS];
    if (!is_tensor_like(mat) || value_dtype(mat) != D_DOUBLE || value_dims(mat, dim) != 2 || dim[0] != dim[1] ||
        dim[0] > MOST_CLASSES || names.kind != K_CELL || (names.cell->numel && !are_names(names, dim[0])))
        fail("Octave:load-error", "optim.ConfusionMatrix: the file holds none here");
    struct tensor *t = tensor_dense(tensor_of(mat));
    double *count = memory_get(dim[0] * dim[0] * (i64)sizeof(double));
    memcpy(count, t->data, (size_t)t->numel * sizeof(double));
    memory_free(m->count, m->n * m->n * (i64)sizeof(double));
    m->count = count;
    m->n = dim[0];
    if (names.cell->numel)
        replace(&m->names, copy(names));
}

static const char *const confusion_names[] = {
    "add", "averageUnionValid", "averageValid", "batchAdd", "classes", "farFrr", "mat", "nclasses", "render", "tostring", "totalValid", "unionvalids",
    "updateValids", "valids", "zero", NULL
};
const struct class confusion_class = {
    .name = "optim.ConfusionMatrix",
    .free = confusion_free,
    .children = confusion_children,
    .print = confusion_print,
    .get = confusion_get,
    .method = confusion_method,
    .clone = confusion_clone,
    .save = confusion_save,
    .blank = confusion_blank,
    .load = confusion_load,
    .names = confusion_names,
};

BUILTIN(optim_ConfusionMatrix, 1, 2, 1, NO_GRAD,
  "m = optim.ConfusionMatrix(n)\n"
  "m = optim.ConfusionMatrix(names)\n"
  "m = optim.ConfusionMatrix(n, names)\n\n"
  "Counts how often a sample of one class was taken for another: m.mat(target, prediction), for n classes or those "
  "named in a cell\n"
  "(or in a vector of numbers: 0:9).\n"
  "m.add(p, t) counts a prediction, the class or a vector of scores, against a target, the class or one-hot; "
  "m.batchAdd(P, T) many at once,\n"
  "a row each. Targets of 0 or less are unlabelled and not counted. m.zero() starts anew. m.totalValid is the part "
  "that was right,\n"
  "m.valids that of each class, m.averageValid their mean, m.unionvalids and m.averageUnionValid the same with the "
  "union of row and\n"
  "column below (the VOC measure). [frr, far] = m.farFrr() are the rates of false refusal and false acceptance of each "
  "class, then their\n"
  "means; m.render(block) is a picture, 3 x H x W. It is a handle: a copy counts into the same matrix.\n\n"
  "Example:\n  m = optim.ConfusionMatrix({'cat', 'dog'});\n  m.batchAdd([1 2 2], [1 2 1])\n  m.totalValid\n  ans = 0.6667\n\n"
  "See also: optim.Logger, nn.ClassNLLCriterion")
{
    value first = c->arg[0], names = has_arg(c, 1) ? c->arg[1] : nil();
    i64 n;
    if (first.kind == K_CELL) {
        n = first.cell->numel;
        names = first;
    } else if (is_tensor_like(first) && value_dtype(first) != D_CHAR && value_numel(first) > 1 &&
               value_numel(first) <= MOST_CLASSES) {
        struct tensor *t = arg_double(c, 0);
        n = t->numel;
        names = cell_value(cell_2d(1, n));
        for (i64 i = 0; i < n; i++) {
            char text[32];
            snprintf(text, sizeof text, "%g", element_double(t, i));
            cell_set(names.cell, i, tensor_value(tensor_text(text, strlen(text))));
        }
    } else {
        n = arg_int(c, 0, 1, MOST_CLASSES);
    }
    if (n < 1 || n > MOST_CLASSES)
        fail_arg(c, 0, "a number of classes or a cell of their names");
    if (!is_nil(names) && !are_names(names, n))
        fail_arg(c, first.kind == K_CELL ? 0 : 1, "a cell with a name for each class");
    result(c, 0, object_value(K_OBJECT, confusion_new(n, names)));
}
