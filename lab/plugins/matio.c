/* SPDX-License-Identifier: BSD-3-Clause */
/* matio.c: MATLAB's .mat files by libmatio (BSD-2-Clause): versions 4, 5 (-v6, -v7) and, over HDF5, 7.3.
 *
 * libmatio reads a variable into a tree of its own, which becomes values here, and back.  It believes what a file says
 * and says little of what is wrong, so matio_check.c goes through the file first, as many variables must come as that
 * found, each part must have the bytes that its sizes ask for, and whatever libmatio logs is an error.  Reading runs on
 * a thread of its own with a large stack (cells in cells are recursion), which Ctrl-C leaves behind.
 *
 * Text is UTF-16 in these files and UTF-8 in tl: a row is translated, other char arrays keep their elements as codes.
 */
#include "lab/tl_plugin.h"
#include "matio_check.h"
#include <limits.h>
#include <matio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STACK = 512 << 20 };

static atomic_flag busy = ATOMIC_FLAG_INIT;   /* libmatio's log and HDF5 are one for all */
static char complaint[200];                   /* the first thing it logged */
static void note(int level, char *text)
{
    if ((level & (MATIO_LOG_LEVEL_ERROR | MATIO_LOG_LEVEL_CRITICAL | MATIO_LOG_LEVEL_WARNING)) && !complaint[0])
        snprintf(complaint, sizeof complaint, "%s", text);
}
static const char *start(void)
{
    Mat_LogInitFunc("tl", note);
    return NULL;
}
TL_PLUGIN_START("MATLAB's .mat files", start)

/* ---- classes */
static const struct { enum matio_classes class; enum matio_types type; enum dtype dtype; int size;
} classes[] = {
    { MAT_C_DOUBLE, MAT_T_DOUBLE, D_DOUBLE, 8 }, { MAT_C_SINGLE, MAT_T_SINGLE, D_SINGLE, 4 },
    { MAT_C_INT8, MAT_T_INT8, D_INT8, 1 },       { MAT_C_INT16, MAT_T_INT16, D_INT16, 2 },
    { MAT_C_INT32, MAT_T_INT32, D_INT32, 4 },    { MAT_C_INT64, MAT_T_INT64, D_INT64, 8 },
    { MAT_C_UINT8, MAT_T_UINT8, D_UINT8, 1 },    { MAT_C_UINT16, MAT_T_UINT16, D_UINT16, 2 },
    { MAT_C_UINT32, MAT_T_UINT32, D_UINT32, 4 }, { MAT_C_UINT64, MAT_T_UINT64, D_UINT64, 8 },
};
enum { CLASSES = sizeof classes / sizeof *classes };

/* ---- reading, on its own thread */
struct reading {
    atomic_int holders;                       /* who is last frees */
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;
    char *file;
    matvar_t **var;
    int64_t n;
    char why[240];
};

static void drop(struct reading *r)
{
    if (atomic_fetch_sub(&r->holders, 1) > 1)
        return;
    for (int64_t i = 0; i < r->n; i++)
        Mat_VarFree(r->var[i]);
    free(r->var);
    free(r->file);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->over);
    free(r);
    atomic_flag_clear(&busy);
}

static int64_t count(const matvar_t *v, bool *good)
{
    int64_t n = 1;
    *good = v->rank >= 0 && v->rank <= MAX_DIMS && (v->rank == 0 || v->dims);
    for (int d = 0; *good && d < v->rank; d++)
        *good = v->dims[d] <= INT64_MAX && !__builtin_mul_overflow(n, (int64_t)v->dims[d], &n);
    return v->rank ? n : 0;
}
/* The variables below a cell or struct; -1: sizes and bytes do not go together. */
static int64_t below(const matvar_t *v)
{
    bool good;
    int64_t n = count(v, &good), fields = v->class_type == MAT_C_STRUCT ? Mat_VarGetNumberOfFields((matvar_t *)v) : 1;
    if (!good || __builtin_mul_overflow(n, fields, &n) || (uint64_t)n > v->nbytes / sizeof(matvar_t *) || (n && !v->data))
        return good && n == 0 ? 0 : -1;
    return n;
}
static bool nests(const matvar_t *v) { return v->class_type == MAT_C_CELL || v->class_type == MAT_C_STRUCT; }
static const char *depth(const matvar_t *v, int level)     /* of a tree that can be walked: NULL */
{
    if (!v || !nests(v))
        return NULL;
    int64_t n = below(v);
    if (n < 0)
        return "sizes and contents do not go together";
    if (level == DEEPEST)
        return "it is nested too deeply";
    for (int64_t i = 0; i < n; i++) {
        const char *bad = depth(((matvar_t **)v->data)[i], level + 1);
        if (bad)
            return bad;
    }
    return NULL;
}

static void read_all(struct reading *r)
{
    int64_t want, room = 0;
    const char *bad = mat_check(r->file, &want);
    mat_t *m = NULL;
    complaint[0] = 0;
    if (!bad && !(m = Mat_Open(r->file, MAT_ACC_RDONLY)))
        bad = "it cannot be opened as one";
    for (matvar_t *v; !bad && (v = Mat_VarReadNext(m)); ) {
        bad = depth(v, 0);
        if (!bad && r->n == room) {
            room = 2 * room + 16;
            matvar_t **all = realloc(r->var, (size_t)room * sizeof *all);
            if (all)
                r->var = all;
            else
                bad = "there is no memory for it";
        }
        if (bad)
            Mat_VarFree(v);                   /* here, where the stack is large */
        else
            r->var[r->n++] = v;
    }
    if (!bad && complaint[0])
        bad = complaint;
    if (!bad && want >= 0 && want != r->n)
        bad = "a variable cannot be read";
    if (m)
        Mat_Close(m);
    if (bad)
        snprintf(r->why, sizeof r->why, "%s", bad);
}
static void *reader(void *arg)
{
    struct reading *r = arg;
    read_all(r);
    pthread_mutex_lock(&r->lock);
    r->done = true;
    pthread_cond_signal(&r->over);
    pthread_mutex_unlock(&r->lock);
    drop(r);
    return NULL;
}

/* ---- from libmatio's tree */
static void damaged(struct call *c, const char *what)
{
    lab->fail("Octave:load-error", "%s: '%s' is damaged or incomplete (%s)", lab->name_of(c), lab->arg_text(c, 0, NULL),
              what);
}

static size_t utf8(char *to, uint32_t u)
{
    if (u < 0x80)
        return to[0] = (char)u, 1;
    if (u < 0x800)
        return to[0] = (char)(0xc0 | u >> 6), to[1] = (char)(0x80 | (u & 63)), 2;
    if (u < 0x10000)
        return to[0] = (char)(0xe0 | u >> 12), to[1] = (char)(0x80 | (u >> 6 & 63)), to[2] = (char)(0x80 | (u & 63)), 3;
    return to[0] = (char)(0xf0 | u >> 18), to[1] = (char)(0x80 | (u >> 12 & 63)), to[2] = (char)(0x80 | (u >> 6 & 63)),
           to[3] = (char)(0x80 | (u & 63)), 4;
}

static value text(struct call *c, const matvar_t *v, int nd, const int64_t *dim, int64_t n)
{
    int size = v->data_type == MAT_T_UINT16 || v->data_type == MAT_T_UTF16   ? 2
               : v->data_type == MAT_T_UTF32 || v->data_type == MAT_T_UINT32 ? 4
                                                                             : 1;
    if ((uint64_t)n > v->nbytes / (size_t)size && v->data_type != MAT_T_UTF8)
        damaged(c, "a text is shorter than its size");
    const unsigned char *b = v->data;
#define CODE(i) (size == 1 ? b[i] : size == 2 ? ((const uint16_t *)v->data)[i] : ((const uint32_t *)v->data)[i])
    if (v->data_type == MAT_T_UTF8) {         /* bytes as they are; n counts characters */
        size_t end = 0;
        for (int64_t i = 0; i < n && end < v->nbytes; i++) {
            i += b[end] >= 0xf0;              /* two in UTF-16 */
            for (end++; end < v->nbytes && (b[end] & 0xc0) == 0x80; )
                end++;
        }
        if (nd == 2 && dim[0] == 1)
            return lab->tensor_value(lab->tensor_text((const char *)b, end));
        if ((uint64_t)n > v->nbytes)
            damaged(c, "a text is shorter than its size");
    }
    if (nd == 2 && dim[0] == 1) {
        char *s = lab->scratch((size_t)n * 4 + 1);
        size_t at = 0;
        for (int64_t i = 0; i < n; i++) {
            uint32_t u = CODE(i);
            if (size == 2 && u >= 0xd800 && u < 0xdc00 && i + 1 < n && CODE(i + 1) >= 0xdc00 && CODE(i + 1) < 0xe000)
                u = 0x10000 + ((u - 0xd800) << 10) + (CODE(++i) - 0xdc00);
            at += utf8(s + at, u > 0x10ffff ? 0xfffd : u);
        }
        return lab->tensor_value(lab->tensor_text(s, at));
    }
    struct tensor *t = lab->tensor_new(D_CHAR, nd, dim);
    unsigned char *to = lab->array_of(t).data;
    for (int64_t i = 0; i < n; i++) {
        if (CODE(i) > 255)
            lab->fail("Octave:load-error",
                      "%s: '%s' is a char array of several rows with characters beyond a byte, which tl does not have",
                      lab->name_of(c), v->name ? v->name : "");
        to[i] = (unsigned char)CODE(i);
    }
    return lab->tensor_value(t);
}

static double number_at(enum matio_types type, const void *p, int64_t i)
{
    switch (type) {
    case MAT_T_SINGLE: return ((const float *)p)[i];
    case MAT_T_INT8: return ((const int8_t *)p)[i];
    case MAT_T_UINT8: return ((const uint8_t *)p)[i];
    case MAT_T_INT16: return ((const int16_t *)p)[i];
    case MAT_T_UINT16: return ((const uint16_t *)p)[i];
    case MAT_T_INT32: return ((const int32_t *)p)[i];
    case MAT_T_UINT32: return ((const uint32_t *)p)[i];
    case MAT_T_INT64: return (double)((const int64_t *)p)[i];
    case MAT_T_UINT64: return (double)((const uint64_t *)p)[i];
    default: return ((const double *)p)[i];
    }
}

static value sparse(struct call *c, const matvar_t *v, const int64_t *dim)
{
    const mat_sparse_t *s = v->data;
    struct sparse_array a = { .m = dim[0],
                              .n = dim[1],
                              .dtype = v->isComplex   ? D_CDOUBLE
                                       : v->isLogical ? D_LOGICAL
                                                      : D_DOUBLE };
    if (!s || (int64_t)s->njc != a.n + 1 || !s->jc)
        damaged(c, "a sparse matrix without columns");
    a.nz = s->jc[a.n];
    if (a.nz > (int64_t)s->nir || a.nz > (int64_t)s->ndata || (a.nz && (!s->ir || !s->data)) || s->jc[0])
        damaged(c, "a sparse matrix with fewer entries than columns say");
    int64_t *col = lab->scratch((size_t)(a.n + 1) * 8), *row = lab->scratch((size_t)(a.nz + 1) * 8);
    double *x = lab->scratch((size_t)(a.nz + 1) * 16);
    for (int64_t j = 0; j <= a.n; j++) {
        col[j] = s->jc[j];
        if (col[j] > a.nz || (j && col[j] < col[j - 1]))
            damaged(c, "the columns of a sparse matrix are not in order");
    }
    for (int64_t k = 0; k < a.nz; k++) {
        row[k] = s->ir[k];
        if (row[k] >= a.m)
            damaged(c, "a sparse matrix has an entry outside");
        if (v->isComplex) {
            const mat_complex_split_t *z = s->data;
            x[2 * k] = number_at(v->data_type, z->Re, k), x[2 * k + 1] = number_at(v->data_type, z->Im, k);
        } else if (v->isLogical) {
            ((uint8_t *)x)[k] = number_at(v->data_type, s->data, k) != 0;
        } else {
            x[k] = number_at(v->data_type, s->data, k);
        }
    }
    for (int64_t j = 0; j < a.n; j++)
        for (int64_t k = col[j] + 1; k < col[j + 1]; k++)
            if (row[k] <= row[k - 1])
                damaged(c, "the rows of a sparse matrix are not in order");
    a.col = col, a.row = row, a.x = x;
    return lab->sparse_make(&a);
}

static value from(struct call *c, const matvar_t *v);
static value nested(struct call *c, const matvar_t *v, int nd, const int64_t *dim)
{
    matvar_t **all = v->data;
    if (v->class_type == MAT_C_CELL) {
        struct cell *x = lab->cell_new(nd, dim);
        int64_t n = below(v);
        for (int64_t i = 0; i < n; i++)
            lab->cell_set(x, i, from(c, all[i]));
        return lab->cell_value(x);
    }
    struct record *s = lab->struct_new(nd, dim);
    int64_t fields = Mat_VarGetNumberOfFields((matvar_t *)v), n = fields ? below(v) / fields : 0;
    char *const *names = Mat_VarGetStructFieldnames(v);
    for (int64_t f = 0; f < fields; f++)
        if (!names[f] || !names[f][0])
            damaged(c, "a field without a name");
    if (!n && fields && nd < MAX_DIMS) {      /* a struct array without elements has fields too */
        int64_t size[MAX_DIMS] = { fields };
        struct cell *name = lab->cell_new(2, (int64_t[]){ fields, 1 });
        memcpy(size + 1, dim, (size_t)nd * sizeof *dim);
        for (int64_t f = 0; f < fields; f++)
            lab->cell_set(name, f, lab->tensor_value(lab->tensor_text(names[f], strlen(names[f]))));
        return lab->call("cell2struct", 3, lab->cell_value(lab->cell_new(nd + 1, size)), lab->cell_value(name),
                         lab->number(1));
    }
    for (int64_t f = 0; f < fields; f++)
        for (int64_t i = 0; i < n; i++)
            lab->struct_set(s, i, names[f], from(c, all[f + fields * i]));
    return lab->struct_value(s);
}

static value from(struct call *c, const matvar_t *v)
{
    int64_t dim[MAX_DIMS] = { 0 };
    bool good = true;
    lab->poll();
    if (!v || v->class_type == MAT_C_EMPTY)
        return lab->tensor_value(lab->tensor_zeros(D_DOUBLE, 2, dim));
    int64_t n = count(v, &good);
    if (!good)
        damaged(c, "sizes that no array has");
    int nd = v->rank < 2 ? 2 : v->rank;
    for (int d = 0; d < v->rank; d++)
        dim[d] = (int64_t)v->dims[d];
    while (nd > 2 && dim[nd - 1] == 1)
        nd--;
    if (nests(v))
        return nested(c, v, nd, dim);
    if (v->class_type == MAT_C_SPARSE)
        return sparse(c, v, dim);
    if (n && !v->data)
        damaged(c, "an array without its elements");
    if (v->class_type == MAT_C_CHAR)
        return n ? text(c, v, nd, dim, n) : lab->tensor_value(lab->tensor_zeros(D_CHAR, nd, dim));
    for (int k = 0; k < CLASSES; k++)
        if (classes[k].class == v->class_type) {
            enum dtype dt = classes[k].dtype;
            size_t size = (size_t)classes[k].size;
            if (n && (v->data_size != classes[k].size || (uint64_t)n > v->nbytes / size))
                damaged(c, "an array is shorter than its size");
            if (!v->isComplex) {
                struct tensor *t = lab->tensor_new(dt, nd, dim);
                if (n)
                    memcpy(lab->array_of(t).data, v->data, (size_t)n * size);
                return lab->tensor_value(v->isLogical ? lab->tensor_cast(t, D_LOGICAL) : t);
            }
            const mat_complex_split_t *z = v->data;
            struct tensor *t = lab->tensor_new(dt == D_SINGLE ? D_CSINGLE : D_CDOUBLE, nd, dim);
            char *to = lab->array_of(t).data;
            if (n && (!z->Re || !z->Im))
                damaged(c, "a complex array without its parts");
            if (dt != D_SINGLE && dt != D_DOUBLE)
                lab->fail("Octave:load-error", "%s: the file has complex numbers of an integer class, which tl has not",
                          lab->name_of(c));
            for (int64_t i = 0; i < n; i++) {
                memcpy(to + (size_t)(2 * i) * size, (const char *)z->Re + (size_t)i * size, size);
                memcpy(to + (size_t)(2 * i + 1) * size, (const char *)z->Im + (size_t)i * size, size);
            }
            return lab->tensor_value(lab->tensor_narrow(t));
        }
    lab->warn("tl:mat-class", "%s: '%s' is %s, which tl does not read; it becomes []", lab->name_of(c),
              v->name ? v->name : "a part", v->class_type == MAT_C_FUNCTION ? "a function" : "an object of MATLAB");
    return lab->tensor_value(lab->tensor_zeros(D_DOUBLE, 2, (int64_t[]){ 0, 0 }));
}

struct job { struct call *c; struct reading *r; };
static void take(void *arg)
{
    struct job *j = arg;
    struct reading *r = j->r;
    for (;;) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += 10000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_mutex_lock(&r->lock);
        if (!r->done)
            pthread_cond_timedwait(&r->over, &r->lock, &t);
        bool done = r->done;
        pthread_mutex_unlock(&r->lock);
        if (done)
            break;
        lab->poll();
    }
    if (r->why[0])
        damaged(j->c, r->why);
    struct record *s = lab->struct_new(2, (int64_t[]){ 1, 1 });
    for (int64_t i = 0; i < r->n; i++)
        if (r->var[i]->name && r->var[i]->name[0])           /* without a name: what MATLAB keeps for its objects */
            lab->struct_set(s, 0, r->var[i]->name, from(j->c, r->var[i]));
    lab->result(j->c, 0, lab->struct_value(s));
}

static void begin(struct call *c)
{
    if (atomic_flag_test_and_set(&busy))
        lab->fail("tl:matio", "%s: another .mat file is still being read", lab->name_of(c));
}

TL_SERVES(mat_read, NO_GRAD)
{
    const char *file = lab->arg_text(c, 0, NULL);
    begin(c);
    struct reading *r = calloc(1, sizeof *r);
    char *name = strdup(file);
    pthread_t thread;
    pthread_attr_t attr;
    if (!r || !name) {
        free(r), free(name);
        atomic_flag_clear(&busy);
        lab->fail("Octave:out-of-memory", "%s: out of memory", lab->name_of(c));
    }
    r->file = name;
    atomic_init(&r->holders, 2);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->over, NULL);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    int bad = pthread_create(&thread, &attr, reader, r);
    pthread_attr_destroy(&attr);
    if (bad) {
        atomic_store(&r->holders, 1);
        drop(r);
        lab->fail("Octave:load-error", "%s: a thread to read with cannot be started", lab->name_of(c));
    }
    int failed = lab->protect(take, &(struct job){ c, r });
    pthread_mutex_lock(&r->lock);
    bool done = r->done;
    pthread_mutex_unlock(&r->lock);
    if (done)
        pthread_join(thread, NULL);
    else                                      /* Ctrl-C: it goes on, and cleans up after itself */
        pthread_detach(thread);
    drop(r);
    if (failed)
        lab->fail_again();
}

/* ---- to libmatio's tree.  What is made is hung up at once, so a failure further down leaves nothing */
struct hook { matvar_t *parent, **root; int64_t i, field; };
static void hang(const struct hook *h, matvar_t *v)
{
    if (!v)
        lab->fail("Octave:out-of-memory", "save: out of memory");
    if (!h->parent)
        *h->root = v;
    else if (h->parent->class_type == MAT_C_CELL)
        Mat_VarSetCell(h->parent, (int)h->i, v);
    else
        Mat_VarSetStructFieldByIndex(h->parent, (size_t)h->field, (size_t)h->i, v);
}

static bool utf16(const unsigned char *s, int64_t n, uint16_t *to, int64_t *m)     /* false: s is not UTF-8 */
{
    *m = 0;
    for (int64_t i = 0; i < n; ) {
        unsigned u = s[i], more = u < 0x80                ? 0
                                  : u >= 0xc2 && u < 0xe0 ? 1
                                  : u >= 0xe0 && u < 0xf0 ? 2
                                  : u >= 0xf0 && u < 0xf5 ? 3
                                                          : 9;
        if (more == 9 || i + more >= n + (more ? 0 : 1))
            return false;
        uint32_t code = more == 0 ? u : u & (0x3fu >> more);
        for (unsigned k = 1; k <= more; k++) {
            if ((s[i + k] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (s[i + k] & 0x3f);
        }
        i += 1 + more;
        if (code > 0xffff) {
            to[(*m)++] = (uint16_t)(0xd800 + ((code - 0x10000) >> 10));
            to[(*m)++] = (uint16_t)(0xdc00 + ((code - 0x10000) & 0x3ff));
        } else {
            to[(*m)++] = (uint16_t)code;
        }
    }
    return true;
}


static void array(value v, const char *name, const struct hook *h, size_t *dims, int nd)
{
    struct array a = lab->array_of(lab->tensor_of(v));
    if (a.dtype == D_CHAR) {
        uint16_t *u = lab->scratch((size_t)a.numel * 2 + 2);
        int64_t m = a.numel;
        if (!(nd == 2 && dims[0] == 1 && utf16(a.data, a.numel, u, &m)))
            for (int64_t i = 0; i < (m = a.numel); i++)
                u[i] = ((const unsigned char *)a.data)[i];
        else
            dims[1] = (size_t)m;
        hang(h, Mat_VarCreate(name, MAT_C_CHAR, MAT_T_UTF16, nd, dims, u, 0));
        return;
    }
    bool complex = a.dtype == D_CDOUBLE || a.dtype == D_CSINGLE;
    enum dtype dt = a.dtype == D_CDOUBLE   ? D_DOUBLE
                    : a.dtype == D_CSINGLE ? D_SINGLE
                    : a.dtype == D_LOGICAL ? D_UINT8
                                           : a.dtype;
    for (int k = 0; k < CLASSES; k++)
        if (classes[k].dtype == dt) {
            mat_complex_split_t z = { NULL, NULL };
            size_t size = (size_t)classes[k].size;
            if (complex) {
                z.Re = lab->scratch((size_t)a.numel * size + 1), z.Im = lab->scratch((size_t)a.numel * size + 1);
                for (int64_t i = 0; i < a.numel; i++) {
                    memcpy((char *)z.Re + (size_t)i * size, (char *)a.data + (size_t)(2 * i) * size, size);
                    memcpy((char *)z.Im + (size_t)i * size, (char *)a.data + (size_t)(2 * i + 1) * size, size);
                }
            }
            hang(h, Mat_VarCreate(name, classes[k].class, classes[k].type, nd, dims, complex ? (void *)&z : a.data,
                                  (complex ? MAT_F_COMPLEX : 0) | (a.dtype == D_LOGICAL ? MAT_F_LOGICAL : 0)));
            return;
        }
}

static void sparse_to(struct call *c, const struct sparse_array *s, const char *name, const struct hook *h, size_t *dims)
{
    if (s->nz > INT32_MAX || s->m > INT32_MAX || s->n >= INT32_MAX)
        lab->fail("Octave:save-error", "%s: '%s' has too many rows, columns or entries for a .mat file",
                  lab->name_of(c), name);
    uint32_t *ir = lab->scratch((size_t)s->nz * 4 + 4), *jc = lab->scratch((size_t)(s->n + 1) * 4);
    double *re = lab->scratch((size_t)s->nz * 8 + 8), *im = lab->scratch((size_t)s->nz * 8 + 8);
    mat_complex_split_t z = { re, im };
    for (int64_t j = 0; j <= s->n; j++)
        jc[j] = (uint32_t)s->col[j];
    for (int64_t k = 0; k < s->nz; k++) {
        ir[k] = (uint32_t)s->row[k];
        if (s->dtype == D_LOGICAL)
            ((uint8_t *)re)[k] = 1;
        else if (s->dtype == D_CDOUBLE)
            re[k] = ((const double *)s->x)[2 * k], im[k] = ((const double *)s->x)[2 * k + 1];
        else
            re[k] = ((const double *)s->x)[k];
    }
    mat_sparse_t a = { .nzmax = (uint32_t)s->nz,
                       .ir = ir,
                       .nir = (uint32_t)s->nz,
                       .jc = jc,
                       .njc = (uint32_t)s->n + 1,
                       .ndata = (uint32_t)s->nz,
                       .data = s->dtype == D_CDOUBLE ? (void *)&z : re };
    hang(h, Mat_VarCreate(name, MAT_C_SPARSE, s->dtype == D_LOGICAL ? MAT_T_UINT8 : MAT_T_DOUBLE, 2, dims, &a,
                          (s->dtype == D_CDOUBLE ? MAT_F_COMPLEX : 0) | (s->dtype == D_LOGICAL ? MAT_F_LOGICAL : 0)));
}

static void to_tree(struct call *c, value v, const char *name, const struct hook *h, int level)
{
    int64_t dim[MAX_DIMS], n = 1;
    size_t dims[MAX_DIMS];
    int nd = lab->value_dims(v, dim);
    struct sparse_array s;
    lab->poll();
    for (int d = 0; d < nd; d++)
        dims[d] = (size_t)dim[d], n *= dim[d];
    if (level > DEEPEST)
        lab->fail("Octave:save-error", "%s: a value is nested more than %d deep", lab->name_of(c), DEEPEST);
    switch (lab->kind_of(v)) {
    case TL_ARRAY: array(v, name, h, dims, nd); return;
    case TL_SPARSE:
        lab->sparse_read(v, &s);
        sparse_to(c, &s, name, h, dims);
        return;
    case TL_CELL: case TL_STRUCT: {
        struct cell *x = lab->kind_of(v) == TL_CELL ? lab->value_cell(v) : NULL;
        struct record *r = x ? NULL : lab->value_struct(v);
        int fields = r ? lab->struct_fields(r) : 0;
        const char **names = lab->scratch((size_t)(fields + 1) * sizeof *names);
        for (int f = 0; f < fields; f++)
            names[f] = lab->struct_field(r, f);
        if (n > INT_MAX)
            lab->fail("Octave:save-error", "%s: '%s' has too many elements for a .mat file", lab->name_of(c), name);
        matvar_t *t = x ? Mat_VarCreate(name, MAT_C_CELL, MAT_T_CELL, nd, dims, NULL, 0)
                        : Mat_VarCreateStruct(name, nd, dims, names, (unsigned)fields);
        hang(h, t);
        for (int64_t i = 0; i < n; i++) {
            if (x)
                to_tree(c, lab->cell_get(x, i), NULL, &(struct hook){ t, NULL, i, 0 }, level + 1);
            for (int f = 0; f < fields; f++)
                to_tree(c, lab->struct_get(r, i, names[f], NULL), names[f], &(struct hook){ t, NULL, i, f }, level + 1);
        }
        return;
    }
    default:
        lab->fail("Octave:save-error",
                  "%s: %s%s%s is a %s, which .mat files do not hold; without -v6 or -v7 any value can be saved",
                  lab->name_of(c), name ? "'" : "an element", name ? name : "", name ? "'" : "", lab->class_of(v));
    }
}

struct writing { struct call *c; mat_t *m; matvar_t *v; const char *file; int version; };
static void write_all(void *arg)
{
    struct writing *w = arg;
    struct record *s = lab->value_struct(lab->arg(w->c, 1));
    int n = lab->struct_fields(s);
    static const enum mat_ft kinds[] = { [6] = MAT_FT_MAT5, [7] = MAT_FT_MAT5, [8] = MAT_FT_MAT73 };
    complaint[0] = 0;
    w->m = Mat_CreateVer(w->file, NULL, kinds[w->version]);
    if (!w->m)
        lab->fail("Octave:write-error", "%s: cannot write '%s'", lab->name_of(w->c), w->file);
    for (int f = 0; f < n; f++) {
        const char *name = lab->struct_field(s, f);
        int mark = lab->pool_mark();
        to_tree(w->c, lab->struct_get(s, 0, name, NULL), name, &(struct hook){ NULL, &w->v, 0, 0 }, 0);
        if (Mat_VarWrite(w->m, w->v, w->version == 6 ? MAT_COMPRESSION_NONE : MAT_COMPRESSION_ZLIB) || complaint[0])
            lab->fail("Octave:write-error", "%s: cannot write '%s' (%s)", lab->name_of(w->c), name,
                      complaint[0] ? complaint : "the disk may be full");
        Mat_VarFree(w->v);
        w->v = NULL;
        lab->pool_release(mark);
    }
    Mat_Close(w->m);
    w->m = NULL;
    int64_t there;
    const char *bad =
        w->version == 8 ? NULL : mat_check(w->file, &there); /* libmatio does not say when the disk is full */
    if (bad || (w->version != 8 && there != n))
        lab->fail("Octave:write-error", "%s: the file could not be written whole; the disk may be full", lab->name_of(w->c));
}

TL_SERVES(mat_write, NO_GRAD)
{
    struct writing w = { .c = c, .file = lab->arg_text(c, 0, NULL), .version = (int)lab->arg_int(c, 2, 6, 8) };
    lab->value_struct(lab->arg(c, 1));
    begin(c);
    int failed = lab->protect(write_all, &w);
    if (w.v)
        Mat_VarFree(w.v);
    if (w.m)
        Mat_Close(w.m);
    atomic_flag_clear(&busy);
    if (failed)
        lab->fail_again();
}
