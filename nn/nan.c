/* SPDX-License-Identifier: BSD-3-Clause */
/* nan.c: the first layer that makes NaN: nn.stopAtNaN fails there, dbstop if naninf notes it (and Inf).
 *
 * Told is who makes it, not who hands it on: the output has some, the input none. */
#include "nn.h"
#include "lab/gpu.h"
#include <math.h>

static bool has_bad(value v, bool inf)        /* NaN, or with inf Inf as well; through cells */
{
    if (v.kind == K_CELL) {
        for (i64 i = 0; i < v.cell->numel; i++)
            if (has_bad(v.cell->v[i], inf))
                return true;
        return false;
    }
    if (!is_tensor_like(v) || !dtype_is(value_dtype(v), DT_F))
        return false;
    if (value_device(v)) {
        struct tensor *t = tensor_any(v);
        value nan = ew_apply(EW_isnan, 1, (value[]){ tensor_box(tensor_reshape(t, 2, (i64[]){ t->numel, 1 })) });
        return t->numel && value_true(reduce_apply(RED_any, nan, 1));
    }
    struct tensor *t = rows_of(tensor_of(v));
    bool single = t->dtype == D_SINGLE;
    for (i64 i = 0; i < t->numel; i++) {
        double x = single ? (double)((float *)t->data)[i] : ((double *)t->data)[i];
        if (inf ? !isfinite(x) : isnan(x))
            return true;
    }
    return false;
}
bool nn_has_nan(value v) { return has_bad(v, false); }

void nn_note_nan(bool on)
{
    if (!on && !*context_room(ROOM_NN))
        return;
    nn_state()->note_nan = on;
    nn_state()->note[0] = 0;
}

const char *nn_noted_nan(void)
{
    struct nn_state *st = *context_room(ROOM_NN);
    if (!st || !st->note[0])
        return NULL;
    char *s = scratch(sizeof st->note);
    memcpy(s, st->note, sizeof st->note);
    st->note[0] = 0;
    return s;
}

static void made_bad(struct module *m, const char *what)
{
    struct nn_state *st = nn_state();
    struct buf *b = buf_new();
    module_label(m, b);
    if (st->stop_at_nan)
        fail("tl:nan", "%s makes NaN: %s", b->s, what);
    if (st->note[0])
        return;
    size_t n = nn_place_text(st, 0, st->note, 400);
    snprintf(st->note + n, sizeof st->note - n, "%s%.120s makes %s: %.120s", n ? ": " : "", b->s, "NaN or Inf", what);
}

/* After a layer or criterion has run: what came out is bad, what went in is not. */
void nn_look_for_bad(struct module *m, value in, value out, const char *what)
{
    struct nn_state *st = nn_state();
    bool inf = !st->stop_at_nan;
    if (layer_of(m)->tree || !has_bad(out, inf) || has_bad(in, inf))
        return;
    for (int i = 0; i < m->info->np; i++)
        if (has_param(m, i) && has_bad(PARAM(m, i), inf)) {
            struct buf *b = buf_new(), *said = buf_new();
            module_label(m, b);
            if (st->stop_at_nan)
                fail("tl:nan", "%s: its %s has NaN", b->s, m->info->name[i]->text);
            buff(said, "its %s has some", m->info->name[i]->text);
            made_bad(m, said->s);
            return;
        }
    made_bad(m, what);
}

BUILTIN(nn_stopAtNaN, 0, 1, 1, NO_GRAD,
    "was = nn.stopAtNaN(on)\n\n"
    "Switches a watch on (true, the default) or off: from then on the first layer or criterion whose output has a NaN "
    "though its input has none, or whose gradInput though gradOutput has none, fails, and the error names it and its "
    "place in the net; parameters with a NaN are told as such. It costs a look at every number. was: what it was "
    "before. With dbstop if error the debugger stops there.\n\n"
    "Example:\n"
    "  nn.stopAtNaN(true);\n"
    "  try, nn.Sequential(nn.Identity(), nn.Normalize(2, 0)).forward([0 0]); catch e, disp(e.message), end\n"
    "  In module 2 of nn.Sequential: nn.Normalize(2, 0) makes NaN: its output has some, its input none\n"
    "  nn.stopAtNaN(false)\n"
    "  ans = 1\n\n"
    "See also: nn.NaN, dbstop, isnan")
{
    struct nn_state *st = nn_state();
    bool was = st->stop_at_nan;
    st->stop_at_nan = !has_arg(c, 0) || arg_bool(c, 0);
    result_bool(c, 0, was);
}
