/* SPDX-License-Identifier: BSD-3-Clause */
/* image_calls.c: matrices as pictures, and the colours of their numbers. */
#include "plot.h"
#include <math.h>
#include <strings.h>

/* Puts a picture into the axes as they are; x and y NULL: counted. */
static struct graphic *picture(struct graphic *ax, value cdata, struct tensor *x, struct tensor *y, bool scaled)
{
    struct graphic *g = series_new(G_IMAGE, ax);
    prop_put(g, P_CData, cdata);
    if (x)
        put_row(g, P_XData, x);
    if (y)
        put_row(g, P_YData, y);
    if (scaled)
        prop_set_text(g, P_CDataMapping, "scaled");
    return g;
}

static void check_picture(struct call *c, int i)
{
    if (!is_tensor_like(c->arg[i]) || dtype_is(value_dtype(c->arg[i]), DT_C | DT_T))
        fail_arg(c, i, "a real matrix, or m-by-n-by-3 for red, green and blue");
    struct tensor *t = arg_tensor(c, i);
    if (t->nd > 3 || (t->nd == 3 && t->dim[2] != 3))
        fail_arg(c, i, "a real matrix, or m-by-n-by-3 for red, green and blue");
}

static void image_call(struct call *c, bool scaled)
{
    int i = axes_given(c, 0) && c->nargin > 1, first = 0, n = 0;
    while (i + n < c->nargin && n < 4 && !arg_is_text(c, i + n))
        n++;
    struct tensor *x = NULL, *y = NULL, *lim = NULL;
    if (n == 0)
        fail("Octave:invalid-fun-call", "%s: a matrix is wanted", c->fn->name);
    int at = n >= 3 ? i + 2 : i;
    if (n >= 3) {
        x = arg_real(c, i);
        y = arg_real(c, i + 1);
    }
    if (n == 2 || n == 4) {
        lim = arg_real(c, at + 1);
        if (!scaled || lim->numel != 2 || !(((double *)lim->data)[0] < ((double *)lim->data)[1]))
            fail_arg(c, at + 1, scaled ? "limits for the colours, [low high]" : "the name of a property");
    }
    check_picture(c, at);
    prop_check_pairs(c, i + n, G_IMAGE);
    struct graphic *ax = plot_axes(c, &first), *g = picture(ax, c->arg[at], x, y, scaled);
    prop_set_text(ax, P_YDir, "reverse");
    prop_set_text(ax, P_Layer, "top");
    if (lim)
        prop_set_row(ax, P_CLim, 2, (double *)lim->data);
    prop_set_pairs(c, i + n, 1, &g);
    result_graphics(c, 1, &g);
}

BUILTIN(imagesc, 1, ANY, 1, grad_zero,
  "imagesc(A)\n"
  "imagesc(A, [low high])\n"
  "h = imagesc(x, y, A, [low high])\n\n"
  "A matrix as a picture, its numbers scaled to the colormap: the smallest, or low, has the first colour. Row 1 is on "
  "top. x and y are the places of the first and the last column and row. NaN is left blank.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = imagesc([1 2; 3 4]); colorbar;\n  get(h, 'CData')\n  ans =\n     1   "
  "2\n     3   4\n  close\n\n"
  "See also: image, imshow, colormap, colorbar, caxis, pcolor")
{
    image_call(c, true);
}

BUILTIN(image, 1, ANY, 1, grad_zero,
  "image(A)\n"
  "h = image(x, y, A)\n\n"
  "A matrix as a picture: its numbers are rows of the colormap (of integer classes counted from 0), or it is "
  "m-by-n-by-3, red, green and blue from 0 to 1, or to 255 in uint8. Row 1 is on top.\n\n"
  "Example:\n  figure('visible', 'off');\n  h = image(cat(3, [1 0], [0 1], [0 0]));\n  get(h, 'Type')\n  ans = image\n "
  " close\n\n"
  "See also: imagesc, imshow, colormap")
{
    image_call(c, false);
}

static void show_picture(struct call *c)
{
    int i = axes_given(c, 0) && c->nargin > 1, rest = i + 1, first = 0;
    check_picture(c, i);
    int dt = value_dtype(c->arg[i]);
    double lim[2] = { 0, dt == D_UINT8 ? 255 : dt == D_UINT16 ? 65535 : dt == D_INT16 ? 32767 : 1 };
    struct tensor *map = NULL;
    if (rest < c->nargin && !arg_is_text(c, rest)) {
        struct tensor *t = arg_real(c, rest);
        if (t->numel == 0) {
            struct reach e = { .lo = { INFINITY }, .hi = { -INFINITY }, .least = { INFINITY } };
            reach_data(&e, 0, tensor_cast(tensor_dense(arg_tensor(c, i)), D_DOUBLE));
            if (e.lo[0] < e.hi[0]) {
                lim[0] = e.lo[0];
                lim[1] = e.hi[0];
            }
        } else if (t->numel == 2 && ((double *)t->data)[0] < ((double *)t->data)[1])
            memcpy(lim, t->data, sizeof lim);
        else
            map = prop_check("imshow", G_AXES, P_Colormap, c->arg[rest]).t;
        rest++;
    }
    for (int k = rest; k + 1 < c->nargin; k += 2)
        if (arg_is_text(c, k) && !strcasecmp(arg_text(c, k, NULL), "DisplayRange")) {
            struct tensor *t = arg_real(c, k + 1);
            if (t->numel == 2)
                memcpy(lim, t->data, sizeof lim);
        }
    struct graphic *ax = plot_axes(c, &first), *g = picture(ax, c->arg[i], NULL, NULL, !map);
    prop_set_text(ax, P_YDir, "reverse");
    prop_set_text(ax, P_Visible, "off");
    prop_set_text(ax, P_Tight, "yes");
    prop_set_row(ax, P_DataAspectRatio, 3, (double[]){ 1, 1, 1 });
    prop_put(ax, P_Colormap, tensor_box(map ? map : colormap_named("gray", 256)));
    if (!map && lim[0] < lim[1])
        prop_set_row(ax, P_CLim, 2, lim);
    result_graphics(c, 1, &g);
}

BUILTIN(imshow, 1, ANY, 1, grad_zero,
  "imshow(A)\n"
  "imshow(A, [low high])\n"
  "imshow(A, map)\n"
  "imshow(file)\n"
  "h = imshow(rgb, name, value, ...)\n\n"
  "A picture as it is, with square pixels and without axes: grey from 0 to 1 (0 to 255 in uint8, all that there is "
  "with []), black and white when logical, red, green and blue when m-by-n-by-3, or numbers of rows of a colormap; or "
  "the picture in a file.\n\n"
  "Example:\n  figure('visible', 'off');\n  imshow([0 0.5; 0.5 1]);\n  caxis\n  ans =\n     0   1\n  close\n\n"
  "See also: image, imagesc, colormap")
{
    int i = axes_given(c, 0) && c->nargin > 1;
    if (!arg_is_text(c, i)) {
        show_picture(c);
        return;
    }
    value read[3] = { nil(), nil(), nil() }, *arg = scratch((size_t)(c->nargin + 1) * sizeof *arg);
    hooks()->call(hooks()->function_named("imread"), 1, &c->arg[i], 2, read);
    bool indexed = value_numel(read[1]) > 0;
    struct call inner = *c;
    inner.arg = arg;
    inner.nargin = c->nargin + indexed;
    for (int k = 0; k < c->nargin; k++)
        arg[k + (k > i && indexed)] = c->arg[k];
    arg[i] = read[0];
    if (indexed)
        arg[i + 1] = read[1];
    show_picture(&inner);
}

/* ---- colormaps */
BUILTIN(colormap, 0, 2, 1, grad_zero,
  "colormap(name)\n"
  "colormap(map)\n"
  "map = colormap()\n\n"
  "The colours for numbers in the current figure, or in axes given first: an m-by-3 matrix of red, green and blue, or "
  "a name: viridis (at first), gray, jet, hot, hsv, cool, bone, copper, pink, spring, summer, autumn, winter, magma, "
  "inferno, plasma, cividis, turbo, parula, ocean, rainbow, cubehelix, rdbu.\n\n"
  "Example:\n  figure('visible', 'off'); colormap(gray(3))\n  colormap\n  ans =\n          0        0        0\n     "
  "0.5000   0.5000   0.5000\n     1.0000   1.0000   1.0000\n  close\n\n"
  "See also: colorbar, caxis, imagesc, viridis, gray, jet")
{
    bool given = axes_given(c, 0);
    struct graphic *g = given ? graphic_of(c->arg[0]) : current_figure();
    if (c->nargin > given) {
        if (arg_is_text(c, given) && !strcasecmp(arg_text(c, given, NULL), "default")) {
            prop_unset(g, P_Colormap);
            if (!given && g->current)
                prop_unset(g->current, P_Colormap);
        } else {
            value v = prop_check("colormap", g->kind, P_Colormap, c->arg[given]);
            prop_put(g, P_Colormap, v);
            if (!given && g->current && prop_given(g->current, P_Colormap))     /* imshow has set one of its own */
                prop_put(g->current, P_Colormap, v);
        }
    }
    if (c->nargin == given || c->nargout > 0)
        result(c, 0, prop_get(!given && g->current ? g->current : g, P_Colormap));
}

BUILTIN(colorbar, 0, ANY, 1, grad_zero,
  "colorbar\n"
  "h = colorbar('southoutside', name, value, ...)\n"
  "colorbar off\n\n"
  "A scale of the colours beside the axes: what numbers they stand for. Names and values set properties: Label, Ticks, "
  "TickLabels, FontSize.\n\n"
  "Example:\n  figure('visible', 'off'); imagesc(magic(4));\n  h = colorbar;\n  get(h, 'Location')\n  ans = "
  "eastoutside\n  close\n\n"
  "See also: colormap, caxis, imagesc")
{
    int i = axes_given(c, 0), first = 0;
    const char *place = NULL;
    if (i < c->nargin && arg_is_text(c, i) && !prop_is_pair(c, i, G_COLORBAR)) {
        place = arg_text(c, i, NULL);
        if (!strcasecmp(place, "off") || !strcasecmp(place, "delete") || !strcasecmp(place, "hide")) {
            struct graphic *bar = axes_owned(arg_axes(c, &first), G_COLORBAR);
            if (bar)
                graphic_delete(bar);
            return;
        }
        if (!strcasecmp(place, "peer") || !strcasecmp(place, "on"))
            place = NULL;
        else
            prop_check("colorbar", G_COLORBAR, P_Location, c->arg[i]);
        i++;
    }
    prop_check_pairs(c, i, G_COLORBAR);
    struct graphic *ax = arg_axes(c, &first), *bar = axes_owned(ax, G_COLORBAR);
    if (!bar)
        bar = graphic_new(G_COLORBAR, ax);
    if (place)
        prop_set_text(bar, P_Location, place);
    prop_set_pairs(c, i, 1, &bar);
    result_graphics(c, 1, &bar);
}

static void map_call(struct call *c)          /* a colormap function, by its own name */
{
    i64 n = has_arg(c, 0) && !(is_tensor_like(c->arg[0]) && value_numel(c->arg[0]) == 0) ? arg_int(c, 0, 0, 1 << 24) : 0;
    if (!has_arg(c, 0) || value_numel(c->arg[0]) == 0) {      /* as many as the current colormap */
        struct graphic *f = root_graphic()->current;
        n = f ? prop_data(f, P_Colormap)->dim[0] : 256;
    }
    result_tensor(c, 0, colormap_named(c->fn->name, n));
}

#define MAP_HELP(name, what, see) "map = " name "(n)\n\nA colormap of n colours, as many as the current one without n: " what ".\n\nExample:\n  size(" name "(8))\n  ans =\n     8   3\n\nSee also: colormap, " see
BUILTIN(viridis, 0, 1, 1, grad_zero, MAP_HELP("viridis", "dark blue over green to yellow, in steps that look equal", "magma, gray")) { map_call(c); }
BUILTIN(magma, 0, 1, 1, grad_zero, MAP_HELP("magma", "black over violet to light yellow, in steps that look equal", "viridis, inferno")) { map_call(c); }
BUILTIN(inferno, 0, 1, 1, grad_zero, MAP_HELP("inferno", "black over red to light yellow, in steps that look equal", "magma, plasma")) { map_call(c); }
BUILTIN(plasma, 0, 1, 1, grad_zero, MAP_HELP("plasma", "blue over red to yellow, in steps that look equal", "viridis, inferno")) { map_call(c); }
BUILTIN(cividis, 0, 1, 1, grad_zero, MAP_HELP("cividis", "blue to yellow, nearly the same for all eyes", "viridis")) { map_call(c); }
BUILTIN(turbo, 0, 1, 1, grad_zero, MAP_HELP("turbo", "a rainbow, smoother than jet", "jet, viridis")) { map_call(c); }
BUILTIN(parula, 0, 1, 1, grad_zero, MAP_HELP("parula", "blue over teal to yellow, much like MATLAB's default", "viridis, turbo")) { map_call(c); }
BUILTIN(ocean, 0, 1, 1, grad_zero, MAP_HELP("ocean", "black over blue to white", "winter, bone")) { map_call(c); }
BUILTIN(rainbow, 0, 1, 1, grad_zero, MAP_HELP("rainbow", "red over yellow, green and blue to violet", "turbo, hsv")) { map_call(c); }
BUILTIN(rdbu, 0, 1, 1, grad_zero, MAP_HELP("rdbu", "red over white to blue, for numbers around a middle", "gray, viridis")) { map_call(c); }
BUILTIN(gray, 0, 1, 1, grad_zero, MAP_HELP("gray", "black to white", "bone, viridis")) { map_call(c); }
BUILTIN(jet, 0, 1, 1, grad_zero, MAP_HELP("jet", "blue, cyan, yellow, red", "turbo, hsv")) { map_call(c); }
BUILTIN(hsv, 0, 1, 1, grad_zero, MAP_HELP("hsv", "all hues once around, from red to red", "jet")) { map_call(c); }
BUILTIN(hot, 0, 1, 1, grad_zero, MAP_HELP("hot", "black, red, yellow, white", "gray, inferno")) { map_call(c); }
BUILTIN(cool, 0, 1, 1, grad_zero, MAP_HELP("cool", "cyan to magenta", "winter")) { map_call(c); }
BUILTIN(bone, 0, 1, 1, grad_zero, MAP_HELP("bone", "grey with a tinge of blue", "gray")) { map_call(c); }
BUILTIN(copper, 0, 1, 1, grad_zero, MAP_HELP("copper", "black to copper", "hot")) { map_call(c); }
BUILTIN(pink, 0, 1, 1, grad_zero, MAP_HELP("pink", "shades of sepia", "copper, hot")) { map_call(c); }
BUILTIN(lines, 0, 1, 1, grad_zero, MAP_HELP("lines", "the colours that lines take, in turn", "prism, colororder")) { map_call(c); }
BUILTIN(prism, 0, 1, 1, grad_zero, MAP_HELP("prism", "red, orange, yellow, green, blue, violet, in turn", "flag, lines")) { map_call(c); }
BUILTIN(flag, 0, 1, 1, grad_zero, MAP_HELP("flag", "red, white, blue, black, in turn", "prism, lines")) { map_call(c); }
BUILTIN(white, 0, 1, 1, grad_zero, MAP_HELP("white", "white alone", "gray")) { map_call(c); }
BUILTIN(cubehelix, 0, 1, 1, grad_zero, MAP_HELP("cubehelix", "black to white around the hues, each step lighter", "viridis, gray")) { map_call(c); }
BUILTIN(spring, 0, 1, 1, grad_zero, MAP_HELP("spring", "magenta to yellow", "summer")) { map_call(c); }
BUILTIN(summer, 0, 1, 1, grad_zero, MAP_HELP("summer", "green to yellow", "spring")) { map_call(c); }
BUILTIN(autumn, 0, 1, 1, grad_zero, MAP_HELP("autumn", "red to yellow", "winter")) { map_call(c); }
BUILTIN(winter, 0, 1, 1, grad_zero, MAP_HELP("winter", "blue to green", "autumn")) { map_call(c); }
