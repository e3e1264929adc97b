/* SPDX-License-Identifier: BSD-3-Clause */
/* map.c: containers.Map, values by key.
 *
 * A map is a handle: who writes into it is seen by all who hold it.  Entries lie in an array in no order, found through
 * a table of their numbers (open addressing, at most half full); the sorted order that keys and values show is made when
 * it is asked for and kept until a key comes or goes.  So a million insertions cost a million steps, and so does a walk. */
#include "context.h"
#include "gpu.h"
#include "print.h"
#include "save.h"
#include <math.h>
#include <stdlib.h>
#include <strings.h>

struct entry { value key, v; uint32_t hash; };               /* key: a char row, or a number of the map's class */
struct map {
    struct instance i;
    int key_type, value_type;                 /* dtypes; ANY_VALUE */
    i64 n, cap, slots;                        /* slots: a power of two, or 0 */
    struct entry *e;
    int32_t *slot;                            /* number of the entry + 1; 0 free */
    int32_t *order;                           /* n numbers, or NULL: not sorted */
    i64 order_n;                              /* length of order when it was made */
};
enum { ANY_VALUE = -1 };

/* ---- keys */
static struct tensor *key_text(value v)
{
    return v.kind == K_TENSOR && (v.t->flags & T_DENSE) ? v.t : tensor_dense(tensor_of(v));
}

static double key_number(value v)
{
    return v.dtype == D_INT64 ? (double)v.i : v.dtype == D_UINT64 ? (double)v.u : v.num;
}

static uint32_t hash_bytes(const char *s, i64 n)             /* FNV-1a */
{
    uint32_t h = 2166136261u;
    for (i64 i = 0; i < n; i++)
        h = (h ^ (uint8_t)s[i]) * 16777619u;
    return h;
}

static uint32_t hash_number(double x)
{
    uint64_t u;
    x += 0.0;                                 /* -0 and 0 are one key */
    memcpy(&u, &x, 8);
    u ^= u >> 32;                             /* small whole numbers differ in their upper bits alone */
    u *= 0x9E3779B97F4A7C15u;
    return (uint32_t)(u >> 32);
}

/* The key as the map keeps it, but that one letter may be the scalar it is; false: not of the map's kind. */
static bool as_key(const struct map *m, value v, value *key, uint32_t *hash)
{
    if (m->key_type == D_DOUBLE && v.tag == 0) {
        *key = v;
        *hash = hash_number(v.num);
        return true;
    }
    if (m->key_type == D_CHAR) {
        i64 dim[MAX_DIMS];
        if (v.kind == K_TENSOR && v.t->dtype == D_CHAR && v.t->nd == 2 && v.t->dim[0] == 1 && v.t->flags & T_DENSE &&
            !v.t->device) {
            *key = v;
            *hash = hash_bytes(v.t->data, v.t->numel);
            return true;
        }
        if (v.kind == K_NUM && v.dtype == D_CHAR) {
            char letter = (char)(uint8_t)v.num;
            *key = v;
            *hash = hash_bytes(&letter, 1);
            return true;
        }
        if (!is_tensor_like(v) || value_dtype(v) != D_CHAR || value_dims(v, dim) != 2 ||
            (dim[0] != 1 && dim[0] * dim[1] != 0))
            return false;
        struct tensor *t = key_text(v);
        *key = v.kind == K_WINDOW ? tensor_box(tensor_text(t->data, t->numel)) : tensor_box(t);
        *hash = hash_bytes(t->data, t->numel);
        return true;
    }
    if (!is_tensor_like(v) || value_numel(v) != 1 || dtype_is(value_dtype(v), DT_C | DT_T))
        return false;
    struct tensor *t = tensor_cast(tensor_of(gpu_read_value(v, "a key")), m->key_type);
    *key = element_value(t, 0);
    *hash = hash_number(key_number(*key));
    return true;
}

static bool same_key(const struct map *m, value a, value b)
{
    if (m->key_type == D_CHAR && b.kind == K_NUM)
        return a.t->numel == 1 && (uint8_t)a.t->data[0] == (uint8_t)b.num;
    if (m->key_type == D_CHAR)
        return a.t->numel == b.t->numel && !memcmp(a.t->data, b.t->data, (size_t)a.t->numel);
    double x = key_number(a), y = key_number(b);
    return x == y || (isnan(x) && isnan(y));
}

static i64 find(const struct map *m, value key, uint32_t hash)             /* number of the entry or -1 */
{
    if (!m->slots)
        return -1;
    for (i64 s = hash & (m->slots - 1); m->slot[s]; s = (s + 1) & (m->slots - 1)) {
        const struct entry *e = &m->e[m->slot[s] - 1];
        if (e->hash == hash && same_key(m, e->key, key))
            return m->slot[s] - 1;
    }
    return -1;
}

static void place_entry(struct map *m, i64 number)
{
    i64 s = m->e[number].hash & (m->slots - 1);
    while (m->slot[s])
        s = (s + 1) & (m->slots - 1);
    m->slot[s] = (int32_t)number + 1;
}

static void reserve(struct map *m, i64 n)     /* room for n entries; changes nothing when it fails */
{
    if (n > INT32_MAX / 4)
        fail("Octave:out-of-memory", "containers.Map: a map holds at most %d entries", INT32_MAX / 4);
    if (n > m->cap) {
        i64 cap = MAX(8, MAX(n, 2 * m->cap));
        m->e = memory_grow(m->e, m->cap * sizeof *m->e, cap * sizeof *m->e);
        m->cap = cap;
    }
    if (2 * n > m->slots) {
        i64 slots = MAX(16, m->slots);
        while (slots < 2 * n)
            slots *= 2;
        int32_t *slot = memory_get(slots * sizeof *slot);
        memset(slot, 0, slots * sizeof *slot);
        memory_free(m->slot, m->slots * sizeof *slot);
        m->slot = slot;
        m->slots = slots;
        for (i64 i = 0; i < m->n; i++)
            place_entry(m, i);
    }
}

static void unsort(struct map *m)
{
    if (m->order)
        memory_free(m->order, m->order_n * sizeof *m->order);
    m->order = NULL;
}

static value key_kept(const struct map *m, value key)         /* one letter as the text that the map keeps */
{
    char letter = (char)(uint8_t)key.num;
    return m->key_type == D_CHAR && key.kind == K_NUM ? tensor_box(tensor_text(&letter, 1)) : key;
}

static void put(struct map *m, value key, uint32_t hash, value v)
{
    i64 k = find(m, key, hash);
    if (k >= 0) {
        replace(&m->e[k].v, copy(v));
        return;
    }
    reserve(m, m->n + 1);
    unsort(m);
    value kept = copy(key_kept(m, key));
    m->e[m->n] = (struct entry){ kept, copy(v), hash };
    place_entry(m, m->n++);
}

static i64 slot_of(const struct map *m, i64 number)
{
    i64 s = m->e[number].hash & (m->slots - 1);
    while (m->slot[s] != number + 1)
        s = (s + 1) & (m->slots - 1);
    return s;
}

static void take_out(struct map *m, i64 k)
{
    unsort(m);
    value key = m->e[k].key, v = m->e[k].v;
    i64 hole = slot_of(m, k), mask = m->slots - 1;
    for (i64 s = (hole + 1) & mask; m->slot[s];
         s = (s + 1) & mask) { /* what came later by way of the hole moves into it */
        i64 home = m->e[m->slot[s] - 1].hash & mask;
        if (((s - home) & mask) >= ((s - hole) & mask)) {
            m->slot[hole] = m->slot[s];
            hole = s;
        }
    }
    m->slot[hole] = 0;
    if (k != m->n - 1) {                      /* the last entry fills the gap */
        m->slot[slot_of(m, m->n - 1)] = (int32_t)k + 1;
        m->e[k] = m->e[m->n - 1];
    }
    m->n--;
    drop(key);
    drop(v);
}

/* ---- order */
static int by_key(const void *a, const void *b, void *of)
{
    const struct map *sorting = of;
    value x = sorting->e[*(const int32_t *)a].key, y = sorting->e[*(const int32_t *)b].key;
    if (sorting->key_type == D_CHAR) {
        int r = memcmp(x.t->data, y.t->data, (size_t)MIN(x.t->numel, y.t->numel));
        return r ? r : (x.t->numel > y.t->numel) - (x.t->numel < y.t->numel);
    }
    double p = key_number(x), q = key_number(y);
    return isnan(p) - isnan(q) ? isnan(p) - isnan(q) : (p > q) - (p < q);
}

static const int32_t *sorted(struct map *m)
{
    if (!m->order && m->n) {
        m->order = memory_get(m->n * sizeof *m->order);
        m->order_n = m->n;
        for (i64 i = 0; i < m->n; i++)
            m->order[i] = (int32_t)i;
        qsort_r(m->order, m->n, sizeof *m->order, by_key, m);
    }
    return m->order;
}

/* ---- the class */
static void map_free(struct object *o)
{
    struct map *m = (struct map *)o;
    unsort(m);
    memory_free(m->e, m->cap * sizeof *m->e);
    memory_free(m->slot, m->slots * sizeof *m->slot);
    memory_free(m, sizeof *m);
}

static void map_children(struct object *o, void (*visit)(value *child, void *arg), void *arg)
{
    struct map *m = (struct map *)o;
    for (i64 i = 0; i < m->n; i++) {
        visit(&m->e[i].key, arg);
        visit(&m->e[i].v, arg);
    }
}

static const char *value_type(const struct map *m)
{
    return m->value_type == ANY_VALUE ? "any" : dtypes[m->value_type].class;
}

static void map_print(value v, const char *name)
{
    struct map *m = (struct map *)v.inst;
    int in = print_indent();
    if (name)
        print_header(name);
    outf("%*s  containers.Map object with properties:\n\n"
         "%*s    Count     : %lld\n%*s    KeyType   : %s\n%*s    ValueType : %s\n\n", in, "", in, "", (long long)m->n, in, "",
         dtypes[m->key_type].class, in, "", value_type(m));
    if (name && !in)
        outf("\n");        /* as Octave ends the display of an object of a class */
}

static value text_value(const char *s)
{
    return tensor_value(tensor_text(s, strlen(s)));
}

extern const struct builtin builtin_keys, builtin_values;
static const struct builtin *listing(sym name)
{
    return !strcmp(name->text, "keys") ? &builtin_keys : !strcmp(name->text, "values") ? &builtin_values : NULL;
}

static value map_get(value self, sym field)
{
    struct map *m = (struct map *)self.inst;
    if (!strcmp(field->text, "Count"))
        return num(m->n);
    if (!strcmp(field->text, "KeyType"))
        return text_value(dtypes[m->key_type].class);
    if (!strcmp(field->text, "ValueType"))
        return text_value(value_type(m));
    if (!strcmp(field->text, "length"))
        return num(m->n);
    const struct builtin *b = listing(field);
    return b ? call1(b, 1, self) : nil();
}

/* m.keys() and m.values(some); without parentheses they are fields, as in Octave. */
static bool map_method(value self, sym name, struct call *c)
{
    (void)self;
    const struct builtin *b = listing(name);
    if (!b)
        return false;
    value v = nil();
    call_builtin(b, c->nargin, c->arg, 1, &v);
    result(c, 0, v);
    return true;
}

static i64 map_numel(value self)
{
    return ((struct map *)self.inst)->n;
}

static NORETURN void fail_key_type(const struct map *m, value key)
{
    char d[160];
    fail("", "containers.Map: specified key type does not match the type of this container\nhint: keys are %s, but the key is a %s",
         m->key_type == D_CHAR ? "texts" : "numbers", value_describe(key, d));
}

static NORETURN void fail_no_key(const struct map *m, value key)
{
    key = key_kept(m, key);
    if (m->key_type == D_CHAR)
        fail("", "containers.Map: specified key <%.*s> does not exist\nhint: isKey(m, key) asks, keys(m) lists them",
             (int)MIN(key.t->numel, 200), key.t->data);
    fail("", "containers.Map: specified key <%.15g> does not exist\nhint: isKey(m, key) asks, keys(m) lists them",
         key_number(key));
}

static value lookup(struct map *m, value v)   /* borrowed */
{
    value key;
    uint32_t hash;
    if (!as_key(m, v, &key, &hash))
        fail_key_type(m, v);
    i64 k = find(m, key, hash);
    if (k < 0)
        fail_no_key(m, key);
    return m->e[k].v;
}

static void map_paren(value self, struct call *c)
{
    if (c->nargin != 2)
        fail("Octave:index-out-of-bounds", "containers.Map: m(key) takes one key, not %d", c->nargin - 1);
    result(c, 0, lookup((struct map *)self.inst, c->arg[1]));
}

static value checked(const struct map *m, value v)           /* as the map keeps it */
{
    char d[160];
    if (m->value_type == ANY_VALUE)
        return v;
    if (m->value_type == D_CHAR) {
        i64 dim[MAX_DIMS];
        if (is_tensor_like(v) && value_dtype(v) == D_CHAR && value_dims(v, dim) == 2 && (dim[0] == 1 || dim[0] * dim[1] == 0))
            return v;
    } else if (is_tensor_like(v) && value_numel(v) == 1 && !dtype_is(value_dtype(v), DT_T) &&
               (dtype_is(m->value_type, DT_F) || !dtype_is(value_dtype(v), DT_C))) {
        int dt = dtype_is(value_dtype(v), DT_C) ? dtype_complex(m->value_type) : m->value_type;
        return tensor_value(tensor_cast(tensor_of(gpu_read_value(v, "a map of numbers")), dt));
    }
    fail("",
         "containers.Map: specified value type does not match the type of this container\nhint: values are %s, but the "
         "value is a %s",
         m->value_type == D_CHAR ? "texts" : "single numbers", value_describe(v, d));
}

static void map_set(struct map *m, value k, value v)
{
    value key;
    uint32_t hash;
    if (!as_key(m, k, &key, &hash))
        fail_key_type(m, k);
    put(m, key, hash, checked(m, v));
}

static void map_paren_set(value self, int n, const value *index, value v)
{
    if (n != 1)
        fail("Octave:index-out-of-bounds", "containers.Map: m(key) = value takes one key, not %d", n);
    map_set((struct map *)self.inst, index[0], v);
}

static void map_paren_unset(value self, int n, const value *index)
{
    struct map *m = (struct map *)self.inst;
    value key;
    uint32_t hash;
    i64 at = n == 1 && as_key(m, index[0], &key, &hash) ? find(m, key, hash) : -1;
    if (at >= 0)
        take_out(m, at);
}

static struct map *map_new(int key_type, int type)
{
    struct map *m = (struct map *)instance_new(&map_class, sizeof *m).inst;
    m->key_type = key_type;
    m->value_type = type;
    return m;
}

value map_clone(value self)
{
    struct map *from = (struct map *)self.inst, *m = map_new(from->key_type, from->value_type);
    for (i64 i = 0; i < from->n; i++)
        put(m, from->e[i].key, from->e[i].hash, from->e[i].v);
    return object_value(K_OBJECT, m);
}

/* A map of its own whose values are on the device (0: the CPU); numbers of a map of numbers stay. */
static value map_move(value self, int device)
{
    struct map *from = (struct map *)self.inst, *m = map_new(from->key_type, from->value_type);
    for (i64 i = 0; i < from->n; i++)
        put(m, from->e[i].key, from->e[i].hash,
            from->value_type == ANY_VALUE ? gpu_moved(from->e[i].v, device) : from->e[i].v);
    return object_value(K_OBJECT, m);
}

/* [a; b; …] of maps: one map with the entries of all, where keys occur twice the last; nil when not all are maps. */
value map_joined(int n, const value *v)
{
    for (int i = 0; i < n; i++)
        if (v[i].kind != K_OBJECT || v[i].inst->class != &map_class)
            return nil();
    struct map *first = (struct map *)v[0].inst;
    int type = first->value_type;
    for (int i = 1; i < n; i++) {
        struct map *m = (struct map *)v[i].inst;
        if ((m->key_type == D_CHAR) != (first->key_type == D_CHAR))
            fail("Octave:undefined-function", "[…; …]: maps with keys of text and of numbers cannot be joined");
        if (m->value_type != type)
            type = ANY_VALUE;
    }
    struct map *m = map_new(first->key_type, type);
    for (int i = 0; i < n; i++) {
        struct map *from = (struct map *)v[i].inst;
        for (i64 k = 0; k < from->n; k++)
            put(m, from->e[k].key, from->e[k].hash, from->e[k].v);
    }
    return object_value(K_OBJECT, m);
}

/* ---- into files and back */
static const char *const type_names[] = { "char",  "double", "single", "int8",   "uint8",   "int16", "uint16",
                                          "int32", "uint32", "int64",  "uint64", "logical", "any",   NULL };

static value map_save(value self)
{
    struct map *m = (struct map *)self.inst;
    const int32_t *order = sorted(m);
    struct record *r = record_scalar();
    struct cell *k = cell_2d(1, m->n), *v = cell_2d(1, m->n);
    for (i64 i = 0; i < m->n; i++) {
        cell_set(k, i, m->e[order[i]].key);
        cell_set(v, i, m->e[order[i]].v);
    }
    record_set(r, 0, symbol_of("KeyType"), map_get(self, symbol_of("KeyType")));
    record_set(r, 0, symbol_of("ValueType"), map_get(self, symbol_of("ValueType")));
    record_set(r, 0, symbol_of("keys"), cell_value(k));
    record_set(r, 0, symbol_of("values"), cell_value(v));
    return record_value(r);
}

static value map_blank(const struct class *class)
{
    (void)class;
    return object_value(K_OBJECT, map_new(D_CHAR, ANY_VALUE));
}

static int saved_type(value v)                /* a dtype or ANY_VALUE; DTYPES: neither */
{
    if (v.kind != K_TENSOR || v.t->dtype != D_CHAR)
        return DTYPES;
    struct tensor *t = key_text(v);
    for (int i = 0; type_names[i]; i++)
        if (strlen(type_names[i]) == (size_t)t->numel && !memcmp(type_names[i], t->data, (size_t)t->numel))
            return strcmp(type_names[i], "any") ? dtype_named(type_names[i]) : ANY_VALUE;
    return DTYPES;
}

static void map_load(value self, value saved)
{
    struct map *m = (struct map *)self.inst;
    struct record *r = saved.rec;
    int key_type = saved_type(record_get(r, 0, symbol_of("KeyType"))),
        type = saved_type(record_get(r, 0, symbol_of("ValueType")));
    value k = record_get(r, 0, symbol_of("keys")), v = record_get(r, 0, symbol_of("values"));
    if (key_type == DTYPES || key_type == ANY_VALUE || type == DTYPES || k.kind != K_CELL || v.kind != K_CELL ||
        k.cell->numel != v.cell->numel)
        fail("Octave:load-error", "containers.Map: the file holds no map here");
    m->key_type = key_type;
    m->value_type = type;
    for (i64 i = 0; i < k.cell->numel; i++)
        map_set(m, k.cell->v[i], v.cell->v[i]);
}

static const char *const map_names[] = { "Count",  "KeyType", "ValueType", "isKey",  "keys",
                                         "length", "numel",   "remove",    "values", NULL };
const struct class map_class = {
    .name = "containers.Map",
    .free = map_free,
    .children = map_children,
    .print = map_print,
    .get = map_get,
    .method = map_method,
    .paren = map_paren,
    .paren_set = map_paren_set,
    .paren_unset = map_paren_unset,
    .numel = map_numel,
    .clone = map_clone,
    .move = map_move,
    .save = map_save,
    .blank = map_blank,
    .load = map_load,
    .names = map_names,
};

/* ---- making one */
static int type_arg(struct call *c, int i, bool key)
{
    const char *s = type_names[arg_option(c, i, type_names)];
    if (!strcmp(s, "any")) {
        if (key)
            fail("Octave:invalid-input-arg", "containers.Map: keys are \"char\" or of a class of numbers, not \"any\"");
        return ANY_VALUE;
    }
    return dtype_named(s);
}

static int type_of_values(i64 n, const value *v)             /* the class that all have, as single texts or single numbers */
{
    int type = ANY_VALUE;
    for (i64 i = 0; i < n; i++) {
        i64 dim[MAX_DIMS];
        if (!is_tensor_like(v[i]) || dtype_is(value_dtype(v[i]), DT_C))
            return ANY_VALUE;
        int dt = value_dtype(v[i]), nd = value_dims(v[i], dim);
        if (dt == D_CHAR ? nd != 2 || (dim[0] != 1 && dim[0] * dim[1] != 0) : value_numel(v[i]) != 1)
            return ANY_VALUE;
        if (i && dt != type)
            return ANY_VALUE;
        type = dt;
    }
    return type;
}

static bool option_at(struct call *c, int i, const char *name)
{
    return i + 1 < c->nargin && arg_is_text(c, i) && !strcasecmp(arg_text(c, i, NULL), name);
}

BUILTIN(containers_Map, 0, ANY, 1, grad_pass,
  "m = containers.Map()\n"
  "m = containers.Map(key, value)\n"
  "m = containers.Map(keys, values)\n"
  "m = containers.Map('KeyType', type, 'ValueType', type)\n\n"
  "An object that holds values by key: m(key) reads, m(key) = value writes, keys are texts or numbers.  keys and "
  "values are cells of the same length (values may be an array of numbers).  The types are \"char\" or a class of "
  "numbers, for values also \"any\"; without them they are those of what is given; 'UniformValues', false makes any "
  "values welcome.  A map is a handle: a copy of m is the same map, clone(m) another one.  m.Count is the number of "
  "keys.\n\n"
  "Example:\n  m = containers.Map(); m('b') = 2; m('a') = [1 2]; m.Count\n  ans = 2\n  m.keys()\n  ans =\n  {\n    "
  "[1,1] = a\n    [1,2] = b\n  }\n\n"
  "  m('b')\n  ans = 2\n\n"
  "See also: keys, values, isKey, remove, struct")
{
    if (option_at(c, 0, "KeyType") || option_at(c, 0, "ValueType") ||
        (option_at(c, 0, "UniformValues") && c->nargin == 2 && !arg_is_text(c, 1))) {
        int key = D_CHAR, type = ANY_VALUE;
        for (int i = 0; i < c->nargin; i += 2) {
            if (option_at(c, i, "KeyType"))
                key = type_arg(c, i + 1, true);
            else if (option_at(c, i, "ValueType"))
                type = type_arg(c, i + 1, false);
            else if (!option_at(c, i, "UniformValues"))
                fail_arg(c, i, "\"KeyType\", \"ValueType\" or \"UniformValues\" with its value");
        }
        result(c, 0, object_value(K_OBJECT, map_new(key, type)));
        return;
    }
    if (c->nargin == 0) {
        result(c, 0, object_value(K_OBJECT, map_new(D_CHAR, ANY_VALUE)));
        return;
    }
    bool uniform = true;
    if (c->nargin == 4 && option_at(c, 2, "UniformValues"))
        uniform = arg_bool(c, 3);
    else if (c->nargin != 2)
        fail("Octave:invalid-fun-call", "containers.Map: keys and values are wanted, or options; see help containers.Map");
    value k = c->arg[0], v = c->arg[1];
    bool one_text = is_tensor_like(k) && value_dtype(k) == D_CHAR;
    i64 n = k.kind == K_CELL ? k.cell->numel : one_text ? 1 : value_numel(k);
    struct cell *ks = cell_2d(1, n), *vs = cell_2d(1, n);
    if (k.kind != K_CELL && !is_tensor_like(k))
        fail_arg(c, 0, "a key or a cell of keys");
    struct tensor *kt = k.kind == K_CELL || one_text ? NULL : tensor_dense(tensor_of(gpu_read_value(k, "keys")));
    for (i64 i = 0; i < n; i++)
        cell_set(ks, i, k.kind == K_CELL ? k.cell->v[i] : one_text ? k : element_value(kt, i));
    if (k.kind != K_CELL && n == 1 && (v.kind != K_CELL || !kt || v.cell->numel != 1)) {
        cell_set(vs, 0, v);
    } else if (v.kind == K_CELL && v.cell->numel == n) {
        for (i64 i = 0; i < n; i++)
            cell_set(vs, i, v.cell->v[i]);
    } else if (n == 1) {
        cell_set(vs, 0, v);
    } else if (is_tensor_like(v) && value_dtype(v) != D_CHAR && value_numel(v) == n) {
        struct tensor *t = tensor_dense(tensor_of(gpu_read_value(v, "a map of numbers")));
        for (i64 i = 0; i < n; i++)
            cell_set(vs, i, element_value(t, i));
    } else {
        fail("", "containers.Map: the number of keys and values must match\nhint: there are %lld keys and %lld values",
             (long long)n, (long long)(v.kind == K_CELL || is_tensor_like(v) ? value_numel(v) : 1));
    }
    int key = type_of_values(n, ks->v);
    bool numbers = n > 0;
    for (i64 i = 0; i < n; i++)
        numbers = numbers && is_tensor_like(ks->v[i]) && value_numel(ks->v[i]) == 1 &&
                  !dtype_is(value_dtype(ks->v[i]), DT_C | DT_T);
    if (n == 0)
        key = kt ? D_DOUBLE : D_CHAR;
    else if (key == ANY_VALUE || key == D_LOGICAL)
        key = numbers ? D_DOUBLE : ANY_VALUE;
    if (key == ANY_VALUE)
        fail("Octave:invalid-input-arg", "containers.Map: keys must all be texts, or all be single numbers");
    struct map *m = map_new(key, uniform && !gpu_among((int)n, vs->v) ? type_of_values(n, vs->v) : ANY_VALUE);
    for (i64 i = 0; i < n; i++)
        map_set(m, ks->v[i], vs->v[i]);
    result(c, 0, object_value(K_OBJECT, m));
}

/* ---- functions of maps; m.keys() is keys(m) */
static struct map *arg_map(struct call *c, int i)
{
    if (c->arg[i].kind != K_OBJECT || c->arg[i].inst->class != &map_class)
        fail_arg(c, i, "a containers.Map");
    return (struct map *)c->arg[i].inst;
}

static value shown(value key)
{
    return key.kind == K_TENSOR ? tensor_value(key.t) : key;
}

BUILTIN(keys, 1, 1, 1, NO_GRAD,
  "c = keys(m)\n\n"
  "A row of the keys of the map m in ascending order.\n\n"
  "Example:\n  keys(containers.Map({'b', 'a'}, [1 2]))\n  ans =\n  {\n    [1,1] = a\n    [1,2] = b\n  }\n\n\n"
  "See also: values, isKey, containers.Map")
{
    struct map *m = arg_map(c, 0);
    const int32_t *order = sorted(m);
    struct cell *y = cell_2d(1, m->n);
    for (i64 i = 0; i < m->n; i++)
        cell_set(y, i, shown(m->e[order[i]].key));
    result(c, 0, cell_value(y));
}

BUILTIN(values, 1, 2, 1, NO_GRAD,
  "c = values(m)\nc = values(m, keys)\n\n"
  "A row of the values of the map m in the order of its keys, or those of the given keys.\n\n"
  "Example:\n  values(containers.Map({'b', 'a'}, [1 2]))\n  ans =\n  {\n    [1,1] = 2\n    [1,2] = 1\n  }\n\n\n"
  "See also: keys, containers.Map")
{
    struct map *m = arg_map(c, 0);
    if (has_arg(c, 1)) {
        struct cell *k = arg_cell(c, 1), *y = cell_new(k->nd, k->dim);
        for (i64 i = 0; i < k->numel; i++)
            cell_set(y, i, lookup(m, k->v[i]));
        result(c, 0, cell_value(y));
        return;
    }
    const int32_t *order = sorted(m);
    struct cell *y = cell_2d(1, m->n);
    for (i64 i = 0; i < m->n; i++)
        cell_set(y, i, m->e[order[i]].v);
    result(c, 0, cell_value(y));
}

static bool is_key(struct map *m, value v)
{
    value key;
    uint32_t hash;
    return as_key(m, v, &key, &hash) && find(m, key, hash) >= 0;
}

BUILTIN(isKey, 2, 2, 1, NO_GRAD,
  "tf = isKey(m, key)\n\n"
  "True when the map m has that key; with a cell of keys the result has its size.\n\n"
  "Example:\n  isKey(containers.Map('a', 1), {'a', 'b'})\n  ans =\n\n    1  0\n\n\n"
  "See also: keys, remove, containers.Map")
{
    struct map *m = arg_map(c, 0);
    if (c->arg[1].kind != K_CELL) {
        result_bool(c, 0, is_key(m, c->arg[1]));
        return;
    }
    struct cell *k = c->arg[1].cell;
    struct tensor *y = tensor_new(D_LOGICAL, k->nd, k->dim);
    for (i64 i = 0; i < k->numel; i++)
        y->data[i] = is_key(m, k->v[i]);
    result_tensor(c, 0, y);
}

BUILTIN(remove, 2, 2, 1, NO_GRAD,
  "m = remove(m, key)\n\n"
  "Takes the key, or all keys in a cell, and their values out of the map m, which is also the result.  A key that is "
  "not there changes nothing.\n\n"
  "Example:\n  m = containers.Map({'a', 'b'}, [1 2]); remove(m, 'a'); m.Count\n  ans = 1\n\n"
  "See also: isKey, containers.Map")
{
    struct map *m = arg_map(c, 0);
    value k = c->arg[1];
    i64 n = k.kind == K_CELL ? k.cell->numel : 1;
    for (int run = 0; run < 2; run++)         /* first see that all could be keys */
        for (i64 i = 0; i < n; i++) {
            value key, v = k.kind == K_CELL ? k.cell->v[i] : k;
            uint32_t hash;
            if (!as_key(m, v, &key, &hash))
                fail_key_type(m, v);
            i64 at = run ? find(m, key, hash) : -1;
            if (at >= 0)
                take_out(m, at);
        }
    result(c, 0, c->arg[0]);
}
