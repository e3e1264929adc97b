/* SPDX-License-Identifier: BSD-3-Clause */
/* save.h: values into files and back; knows nothing of the language.
 *
 * tl's own format (version 1).  Little-endian throughout; a count is a LEB128 number (7 bits a byte, low first), a text
 * its length as a count and its bytes.
 *
 *     file    = magic (8 bytes)  version (u32)  count  { name value }  length (u64)  digest (u64)
 *     value   = 'N' dtype element                                   a real scalar
 *             | 'T' dtype flags shape elements                      flags 1: "double-quoted" text
 *             | 'R' base inc limit n                                a range; doubles, n a count
 *             | 'W' shape strides offset value                      a window; strides zigzag; the value is its base, a
 * 'T' | 'P' m n col row x                                   a sparse matrix: two 'N', three 'T' (sparse.h) | 'C' shape
 * values | 'S' shape count { name } values  element by element, the fields of each in order | 'H' text a function
 * handle | 'F' text count { name value }                       a closure and what it holds | 'O' class value an object,
 * the value is the struct its class gave | '@' count                                           what was met before, by
 * its number shape   = number of dimensions (byte)  { count }
 *
 * All but 'N' and '@' are numbered from 0 in the order in which they begin.  What has several holders is written once:
 * the base of windows, handles, and values that share memory.  An '@' may mean something not yet ended only from within
 * an object that began later, so all cycles pass a handle.  length counts all bytes before it, digest is that of all
 * bytes before it. */
#ifndef TL_SAVE_H
#define TL_SAVE_H
#include "call.h"

struct named { sym sym; value v; };          /* v as it stands in its place, not copied: so windows find their base */
struct named_list { i64 n; struct named *v; };
/* SAVE_NUMBERS: a matrix in plain text, only read.  SAVE_MAT4 too; what is read as 5, 6 or 7 is SAVE_MAT7 */
enum save_format { SAVE_NONE, SAVE_BINARY, SAVE_TEXT, SAVE_NUMBERS, SAVE_MAT4, SAVE_MAT6, SAVE_MAT7, SAVE_MAT73 };

void save_file(const char *who, const char *file, enum save_format format, bool append, struct named_list v);
struct named_list load_file(const char *who, const char *file,
                            enum save_format *format); /* in the pool; a later one wins if names are equal */
enum save_format save_format_of(const char *who, const char *file);      /* SAVE_NONE: not there, or empty */

/* A second reference for the place that takes over from the pool.  copy() would part a tensor from its windows. */
static inline value load_take(value v)
{
    if (is_counted(v))
        v.o->owners++;
    return v;
}
value load_record(struct named_list l);       /* a struct of them, pooled; give it on with load_take */

/* ---- between the files: save.c, load.c, savetext.c, loadtext.c */
enum { SAVE_DEPTH = 4000, SAVE_VERSION = 1, SAVE_DQ = 1 };
extern const char save_magic[8];
int save_code(int dtype);                     /* the byte of a dtype in files */
int save_dtype(int code);                     /* and back; -1 */
void little_endian(void *p, int dtype, i64 n);             /* elements between memory and file */

struct digest { uint64_t lane[4], n; uint8_t part[32]; };
void digest_start(struct digest *d);
void digest_add(struct digest *d, const void *p, size_t n);
uint64_t digest_end(struct digest *d);

struct named_list mat_load(const char *file);                           /* matfile.c: by the plugin matio */
void mat_save(FILE *f, enum save_format format, struct named_list v);
bool mat_is_4(const void *head, size_t n);
struct named_list load_binary(const char *who, const char *name, FILE *f, uint64_t size);
void save_text(const char *who, const char *name, FILE *f, struct named_list v);
struct named_list load_text(const char *who, const char *name, const char *s, size_t n);
bool load_is_text(const char *s, size_t n);
bool load_is_name(const char *s, size_t n);   /* of a variable */
const struct class *load_class(const char *name, size_t n);              /* or NULL */

extern const struct class map_class;          /* map.c */

#endif
