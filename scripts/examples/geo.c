/* SPDX-License-Identifier: BSD-3-Clause */
/* A package in C:  cc -shared -fPIC geo.c -o tl_geo.so, and where tl finds that file (the current folder, or one on the path),
 * `geo.area(2)`, `help geo`, `geo.<Tab>` are there. */
#include <tl_plugin.h>
#include <math.h>

TL_PLUGIN("circles and polygons")

/* d area / d r = 2 pi r, said with tl's functions, so that it has a derivative too */
static void area_grad(struct call *c)
{
    value slope = lab->call("times", 2, lab->number(2 * 3.141592653589793), lab->arg(c, 0));
    lab->result(c, 0, lab->call("times", 2, lab->grad_of(c, 0), slope));
}
TL_FUNCTION(area, 1, 1, 1, area_grad,
  "a = geo.area(r)\n\n"
  "Area of circles with the radii r, an array of any size.\n\n"
  "Example:\n  geo.area(2)\n  ans = 12.566\n\n"
  "See also: geo.polygon")
{
    struct array r = lab->array_of(lab->arg_double(c, 0));
    struct tensor *t = lab->tensor_new(D_DOUBLE, r.nd, r.dim);
    double *y = (double *)lab->array_of(t).data;
    const double *x = (const double *)r.data;
    for (int64_t i = 0; i < r.numel; i++) {
        if (x[i] < 0)
            lab->fail("geo:radius", "%s: a radius is not negative, but number %lld is %g", lab->name_of(c), (long long)i + 1, x[i]);
        y[i] = 3.141592653589793 * x[i] * x[i];
    }
    lab->result_tensor(c, 0, t);
}

TL_FUNCTION(polygon, 1, 2, 2, NO_GRAD,
  "s = geo.polygon(n, name)\n"
  "[s, a] = geo.polygon(n, name)\n\n"
  "A struct about the regular polygon with n corners on the unit circle, and its area.")
{
    int64_t n = lab->arg_int(c, 0, 3, 1000000), one[2] = { 1, 1 };
    struct record *s = lab->struct_new(2, one);
    lab->struct_set(s, 0, "corners", lab->number((double)n));
    lab->struct_set(s, 0, "name", lab->has_arg(c, 1) ? lab->arg(c, 1) : lab->tensor_value(lab->tensor_text("polygon", 7)));
    lab->result(c, 0, lab->struct_value(s));
    lab->result_num(c, 1, n / 2.0 * sin(2 * 3.141592653589793 / (double)n));
}
