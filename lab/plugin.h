/* SPDX-License-Identifier: BSD-3-Clause */
/* plugin.h: plugins from the program's side; what a plugin itself sees is tl_plugin.h.
 *
 * A function of tl whose code is in a plugin has its row here, so that its help, arity and completion need no loading:
 *
 *     PLUGIN(fft, fft, 1, 3, 1,
 *       "y = fft(x)\n…")
 *
 * in column 1 as BUILTIN is, with the plugin's name behind the function's.  The first call loads tl_fft.so, in which
 * TL_SERVES(fft, fft_grad) { … } is the body. */
#ifndef LAB_PLUGIN_H
#define LAB_PLUGIN_H
#include "call.h"

struct plugin {
    const char *name, *file, *about;
    int n;
    const struct builtin *row;                /* as registry_add wants them; names are NAME.f */
    const struct builtin *const *serves;      /* bodies for rows of tl, ends with NULL */
    struct plugin *next;
};
/* The plugin, loaded now if it was not; fails.  A process holds it once, for all interpreters and until it ends. */
const struct plugin *plugin_load(const char *name, const char *file);
const struct plugin *plugin_loaded(const char *name);     /* NULL: not yet */
bool plugin_of_tree(const char *name);        /* has a row in plugins.def: its functions have rows in tl */
void plugin_versions(void (*say)(const char *name, const char *library, bool built));

struct plugin_row { const char *plugin, *name; const struct builtin *_Atomic body; };
void plugin_run(struct plugin_row *r, struct call *c);
void plugin_grad(struct plugin_row *r, struct call *c);

#define PLUGIN(name, plugin, min, max, out, help)                                                          \
    static struct plugin_row name##_row = { #plugin, #name, NULL };                                        \
    static void name##_run(struct call *c) { plugin_run(&name##_row, c); }                                 \
    static void name##_grad(struct call *c) { plugin_grad(&name##_row, c); }                               \
    extern const struct builtin builtin_##name;                                                            \
    const struct builtin builtin_##name = { #name, min, max, out, name##_run, name##_grad, help };

#endif
